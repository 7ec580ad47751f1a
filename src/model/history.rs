//! Updates of a property, each of which becomes a point of its history, and what is asked of it.

use crate::model::bucket::TimeBucket;
use crate::model::error::{Result, Violations};
use crate::model::filter::{Condition, ValueFilter};
use crate::model::time::Timestamp;
use crate::model::value::{ValueType, parse_number};
use std::time::Duration;

/// How far in the future an update may lie: clocks of devices are never quite right (domain.md).
pub const CLOCK_SKEW_MAX: Duration = Duration::from_secs(300);
/// The longest value of a property, in bytes.
pub const PROPERTY_VALUE_BYTES_MAX: usize = 64 * 1024;
/// The largest page of a history, and the one given where none was asked for: clients written for
/// the platform expect everything of a month, and a point is small.
pub const HISTORY_ROWS_MAX: u32 = 10_000;

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

impl HistoricValue {
    /// Of which type of property it is.
    #[must_use]
    pub fn kind(&self) -> ValueType {
        match self {
            Self::Number(_) => ValueType::Number,
            Self::Boolean(_) => ValueType::Boolean,
            Self::Text(_) => ValueType::String,
        }
    }
}

/// A point of a history, or what became of a bucket of them.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryPoint {
    /// When the value was so, or when the bucket begins.
    pub at: Timestamp,
    /// The value, or what was made of the bucket's values.
    pub value: HistoricValue,
}

/// What is asked of a history, as it was given.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HistoryQuery {
    /// Not before this time.
    pub from: Option<Timestamp>,
    /// Not after this time.
    pub to: Option<Timestamp>,
    /// What values must be like.
    pub filter: Option<ValueFilter>,
    /// How many rows of the page at the most.
    pub first: Option<i32>,
    /// The last so many rows.
    pub last: Option<i32>,
    /// The row that stands right before the page.
    pub after: Option<Timestamp>,
    /// How points are gathered.
    pub bucket: Option<TimeBucket>,
}

/// The points of a history that are meant: what is aggregated.
#[derive(Debug, Clone, PartialEq)]
pub struct HistorySelection {
    /// The first time, included.
    pub from: Timestamp,
    /// The last time, included.
    pub to: Timestamp,
    /// What values must be like.
    pub condition: Option<Condition>,
}

/// Which of a selection's rows are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryPage {
    /// How many rows at the most.
    pub size: u32,
    /// Whether they are the last ones of the selection, not the first.
    pub last: bool,
    /// The row that stands right before the page.
    pub after: Option<Timestamp>,
    /// How points are gathered into rows; not at all where none.
    pub bucket: Option<TimeBucket>,
}

/// What a whole selection amounts to. A sum and what is like it is none where there is no number.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct HistorySummary {
    /// How many points there are.
    pub count: i64,
    /// The sum of the values.
    pub sum: Option<f64>,
    /// Their mean.
    pub avg: Option<f64>,
    /// The greatest.
    pub max: Option<f64>,
    /// The least.
    pub min: Option<f64>,
}

impl HistoryQuery {
    /// The selection and the page, for a property of this type.
    ///
    /// # Errors
    /// Everything that is wrong, and what was noted before in `violations`.
    pub fn checked(self, kind: ValueType, mut violations: Violations) -> Result<(HistorySelection, HistoryPage)> {
        let from = self.from.unwrap_or(Timestamp::MIN);
        let to = self.to.unwrap_or(Timestamp::MAX);
        violations.require(from <= to, "from", format!("must not be after `to`: {from} is after {to}"));
        let condition = self.filter.map(|filter| filter.typed(kind, "where.value", &mut violations));
        let in_range = |rows: i32| u32::try_from(rows).ok().filter(|rows| (1..=HISTORY_ROWS_MAX).contains(rows));
        let mut size = HISTORY_ROWS_MAX;
        for (path, rows) in [("first", self.first), ("last", self.last)] {
            match rows.map(in_range) {
                Some(Some(rows)) => size = rows,
                Some(None) => violations.add(path, format!("must be from 1 to {HISTORY_ROWS_MAX}")),
                None => {}
            }
        }
        let last = self.last.is_some();
        violations.require(
            !(last && (self.first.is_some() || self.after.is_some())),
            "last",
            "does not go with `first` or `after`: it means the last rows of the whole selection",
        );
        let page = HistoryPage { size, last, after: self.after, bucket: self.bucket };
        violations.into_result((HistorySelection { from, to, condition }, page))
    }
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
            // Added to it, a zero loses its sign, which a history has no use for.
            ValueType::Number => parse_number(&self.value).map(|number| HistoricValue::Number(number + 0.0)),
            ValueType::Boolean => kind.fits(&self.value).then(|| HistoricValue::Boolean(self.value == "true")),
        }
    }
}
