//! Updates of a property, each of which becomes a point of its history.

use crate::model::error::{Result, Violations};
use crate::model::time::Timestamp;
use crate::model::value::{ValueType, parse_number};
use std::time::Duration;

/// How far in the future an update may lie: clocks of devices are never quite right (domain.md).
pub const CLOCK_SKEW_MAX: Duration = Duration::from_secs(300);
/// The longest value of a property, in bytes.
pub const PROPERTY_VALUE_BYTES_MAX: usize = 64 * 1024;

/// A value that a connector reports for a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyUpdate {
    /// The value's text, its literal kept.
    pub value: String,
    /// When it was so; now, where the connector gave none or Go's zero time.
    pub at: Timestamp,
}

/// A historic value as the store keeps it: comparable as what it is.
#[derive(Debug, Clone, PartialEq)]
pub enum HistoricValue {
    /// Of a NUMBER property.
    Number(f64),
    /// Of a BOOLEAN property.
    Boolean(bool),
    /// Of a STRING property.
    Text(String),
}

impl PropertyUpdate {
    /// Checks when the update is said to have happened and makes "none" now.
    ///
    /// # Errors
    /// If it lies too far in the future or the value is too long.
    pub fn new(value: String, at: Option<Timestamp>, now: Timestamp) -> Result<Self> {
        let mut violations = Violations::default();
        let at = at.filter(|at| *at != Timestamp::GO_ZERO).unwrap_or(now);
        violations.require(
            at <= now.plus(CLOCK_SKEW_MAX),
            "lastUpdate",
            format!("lies more than 5 minutes in the future (it is {now} here)"),
        );
        violations.require(
            value.len() <= PROPERTY_VALUE_BYTES_MAX,
            "value",
            format!("must be at most {PROPERTY_VALUE_BYTES_MAX} bytes long"),
        );
        violations.into_result(Self { value, at })
    }

    /// The value as its property's type has it; `None` if it does not fit.
    #[must_use]
    pub fn historic(&self, kind: ValueType) -> Option<HistoricValue> {
        match kind {
            ValueType::String => Some(HistoricValue::Text(self.value.clone())),
            ValueType::Number => parse_number(&self.value).map(HistoricValue::Number),
            ValueType::Boolean => kind.fits(&self.value).then(|| HistoricValue::Boolean(self.value == "true")),
        }
    }
}
