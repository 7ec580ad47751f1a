//! Time buckets: equal stretches of time that the points of a history are gathered into, aligned as
//! TimescaleDB's `time_bucket` aligns them.
//!
//! In a time zone they are equal by the zone's clocks. Where these are set, the bucket that contains the change is longer
//! or shorter by as much: days have 23 or 25 hours. Where the clocks are set back by a multiple of the width, as for
//! buckets of an hour, each pass through the hour that they show twice has buckets of its own.

#[cfg(test)]
mod tests;

use crate::model::error::Violations;
use crate::model::interval::Interval;
use crate::model::time::Timestamp;
use crate::model::value::ValueType;
use crate::model::zone::{Period, Zone};

/// Where buckets are counted from without an offset: Monday, 2000-01-03T00:00:00Z (TimescaleDB).
const ORIGIN: i64 = 946_857_600_000_000;

/// What is made of the values of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// Their sum.
    Sum,
    /// How many there are.
    Count,
    /// Their mean.
    Avg,
    /// The greatest.
    Max,
    /// The least.
    Min,
}

impl Aggregate {
    /// Whether it can be made of values of this type: texts can be counted, no more.
    #[must_use]
    pub fn is_of(self, kind: ValueType) -> bool {
        self == Self::Count || kind != ValueType::String
    }
}

/// By how much sums are made smaller that are beyond all numbers: so much that no count of values brings them there
/// again. Of great numbers such a division loses nothing.
const SMALLER: f64 = 1.0 / (1_u128 << 64) as f64;

/// What is known of some values.
#[derive(Debug, Clone, Copy)]
pub struct Gathered {
    count: u64,
    sum: f64,
    /// What was too small to change the sum (Neumaier's summation).
    lost: f64,
    /// What the values are multiplied with before they are added: 1 until the sum would be beyond all numbers.
    scale: f64,
    max: f64,
    min: f64,
}

impl Gathered {
    /// One value.
    #[must_use]
    pub fn of(value: f64) -> Self {
        Self { count: 1, sum: value, lost: 0.0, scale: 1.0, max: value, min: value }
    }

    /// One value more.
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        self.max = self.max.max(value);
        self.min = self.min.min(value);
        if !self.add_to_sum(value * self.scale) {
            self.sum *= SMALLER;
            self.lost *= SMALLER;
            self.scale = SMALLER;
            // Now it is possible.
            self.add_to_sum(value * SMALLER);
        }
    }

    /// Whether it was possible: otherwise nothing was added.
    fn add_to_sum(&mut self, value: f64) -> bool {
        let sum = self.sum + value;
        if sum.is_finite() {
            let (great, small) = if self.sum.abs() >= value.abs() { (self.sum, value) } else { (value, self.sum) };
            self.lost += (great - sum) + small;
            self.sum = sum;
        }
        sum.is_finite()
    }

    /// What is made of them; infinite if it is beyond all numbers.
    #[must_use]
    pub fn aggregated(&self, aggregate: Aggregate) -> f64 {
        let sum = self.sum + self.lost;
        match aggregate {
            Aggregate::Sum => sum / self.scale,
            Aggregate::Count => self.count as f64,
            // Rounding takes it no further than any of the values.
            Aggregate::Avg => (sum / self.count as f64 / self.scale).clamp(self.min, self.max),
            Aggregate::Max => self.max,
            Aggregate::Min => self.min,
        }
    }
}

/// How points are gathered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeBucket {
    width: i64,
    shift: i64,
    /// By whose clocks; UTC if not said.
    zone: Option<Zone>,
    /// What is made of each bucket's values.
    pub aggregate: Aggregate,
}

/// One stretch of time, in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    from: i64,
    /// When the next one begins.
    until: i64,
}

impl Bucket {
    /// Whether a point lies in it.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        (self.from..self.until).contains(&at.micros())
    }

    /// When it begins: at the earliest when time does, so that it can be written.
    #[must_use]
    pub fn start(&self) -> Timestamp {
        Timestamp::from_micros(self.from).max(Timestamp::EARLIEST)
    }

    /// When the next one begins.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        Timestamp::from_micros(self.until)
    }
}

impl TimeBucket {
    /// Reads width and offset; notes what is wrong with them.
    pub fn new(width: &str, offset: Option<&str>, aggregate: Aggregate, violations: &mut Violations) -> Option<Self> {
        let mut read = |text: &str, path: &str| {
            Interval::parse(text).map_err(|problem| violations.add(path, problem.to_string())).ok()
        };
        let width = read(width, "timeBucket.width");
        let offset = offset.map_or(Some(0), |offset| read(offset, "timeBucket.offset").map(Interval::micros));
        let width = width?.micros();
        if width <= 0 {
            violations.add("timeBucket.width", "must be longer than nothing");
            return None;
        }
        Some(Self { width, shift: (ORIGIN % width + offset? % width).rem_euclid(width), zone: None, aggregate })
    }

    /// The same by the clocks of a time zone.
    #[must_use]
    pub fn in_zone(self, zone: Option<Zone>) -> Self {
        Self { zone, ..self }
    }

    /// The bucket that holds a point.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> Bucket {
        let at = at.micros();
        let Some(zone) = &self.zone else {
            let from = self.floor(at);
            return Bucket { from, until: from.saturating_add(self.width) };
        };
        let period = zone.period(at);
        let floor = self.floor(period.local(at));
        Bucket { from: self.beginning(zone, period, floor), until: self.end(zone, period, floor) }
    }

    /// What the clocks show at the beginning of the bucket in which they show this.
    fn floor(&self, local: i64) -> i64 {
        local.saturating_sub(local.saturating_sub(self.shift).rem_euclid(self.width))
    }

    /// When the bucket begins that the clocks call `floor`, and that has a part in this period.
    fn beginning(&self, zone: &Zone, mut period: Period, floor: i64) -> i64 {
        loop {
            let from = floor.saturating_sub(period.offset);
            if from > period.from || period.from == i64::MIN {
                return from;
            }
            let before = zone.period(period.from - 1);
            if !self.goes_on(before, period, floor) {
                return period.from;
            }
            period = before;
        }
    }

    /// When it ends.
    fn end(&self, zone: &Zone, mut period: Period, floor: i64) -> i64 {
        loop {
            let until = floor.saturating_add(self.width).saturating_sub(period.offset);
            if until < period.until || period.until == i64::MAX {
                return until;
            }
            let next = zone.period(period.until);
            if !self.goes_on(period, next, floor) {
                return period.until;
            }
            period = next;
        }
    }

    /// Whether the bucket lasts although the clocks are set within it, or at one of its ends: it does if it is the same
    /// one for them before and after, unless it was complete before and begins again.
    fn goes_on(&self, before: Period, next: Period, floor: i64) -> bool {
        let (end, begin) = (before.local(next.from), next.local(next.from));
        let same = self.floor(end.saturating_sub(1)) == floor && self.floor(begin) == floor;
        same && (begin != floor || end != floor.saturating_add(self.width))
    }
}
