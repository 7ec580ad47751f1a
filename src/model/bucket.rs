//! Time buckets: equal stretches of time that the points of a history are gathered into, aligned as
//! TimescaleDB's `time_bucket` aligns them.

use crate::model::error::Violations;
use crate::model::interval::Interval;
use crate::model::time::Timestamp;
use crate::model::value::ValueType;

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

/// What is known of the values of one bucket.
#[derive(Debug, Clone, Copy)]
pub struct Gathered {
    count: u64,
    sum: f64,
    /// What was too small to change the sum (Neumaier's summation).
    lost: f64,
    max: f64,
    min: f64,
}

impl Gathered {
    /// One value.
    #[must_use]
    pub fn of(value: f64) -> Self {
        Self { count: 1, sum: value, lost: 0.0, max: value, min: value }
    }

    /// One value more.
    pub fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        let (great, small) = if self.sum.abs() >= value.abs() { (self.sum, value) } else { (value, self.sum) };
        self.lost += (great - sum) + small;
        self.sum = sum;
        self.count += 1;
        self.max = self.max.max(value);
        self.min = self.min.min(value);
    }

    /// What is made of them; infinite where it is beyond all numbers.
    #[must_use]
    pub fn aggregated(&self, aggregate: Aggregate) -> f64 {
        // Beyond all numbers nothing was lost that would matter.
        let sum = if self.sum.is_finite() { self.sum + self.lost } else { self.sum };
        match aggregate {
            Aggregate::Sum => sum,
            Aggregate::Count => self.count as f64,
            Aggregate::Avg => sum / self.count as f64,
            Aggregate::Max => self.max,
            Aggregate::Min => self.min,
        }
    }
}

/// How points are gathered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeBucket {
    width: i64,
    shift: i64,
    /// What is made of each bucket's values.
    pub aggregate: Aggregate,
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
        Some(Self { width, shift: (ORIGIN % width + offset? % width).rem_euclid(width), aggregate })
    }

    /// When the bucket begins in which a point lies.
    #[must_use]
    pub fn start_of(self, at: Timestamp) -> Timestamp {
        let into = (at.micros() - self.shift).rem_euclid(self.width);
        Timestamp::from_micros(at.micros() - into)
    }

    /// When the bucket after the one that begins then begins.
    #[must_use]
    pub fn after(self, start: Timestamp) -> Timestamp {
        Timestamp::from_micros(self.start_of(start).micros().saturating_add(self.width))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::error::Error;

    /// Computed by hand on a calendar, or what PostgreSQL with TimescaleDB documents.
    const STARTS: &[(&str, Option<&str>, &str, &str)] = &[
        // TimescaleDB's own examples: five minutes, and the same offset by two and a half.
        ("5minutes", None, "2020-04-02T08:13:45.598302Z", "2020-04-02T08:10:00.000000Z"),
        ("5minutes", Some("2.5minutes"), "2020-04-02T08:13:45.598302Z", "2020-04-02T08:12:30.000000Z"),
        ("5minutes", Some("2.5minutes"), "2020-04-02T08:12:29.999999Z", "2020-04-02T08:07:30.000000Z"),
        // A bucket begins with its start.
        ("5minutes", None, "2020-04-02T08:10:00Z", "2020-04-02T08:10:00.000000Z"),
        ("5minutes", None, "2020-04-02T08:09:59.999999Z", "2020-04-02T08:05:00.000000Z"),
        // Days begin at midnight UTC, also where a clock somewhere is changed on that day.
        ("1 day", None, "2020-03-29T01:00:00+01:00", "2020-03-29T00:00:00.000000Z"),
        ("1 day", None, "2020-03-29T03:30:00+02:00", "2020-03-29T00:00:00.000000Z"),
        ("1 day", None, "2020-10-25T23:59:59.999999+01:00", "2020-10-25T00:00:00.000000Z"),
        ("1 day", Some("-2 hours"), "2020-10-25T22:30:00Z", "2020-10-25T22:00:00.000000Z"),
        ("1 day", Some("-2 hours"), "2020-10-25T21:59:59Z", "2020-10-24T22:00:00.000000Z"),
        // Weeks begin on Mondays.
        ("1 week", None, "2020-04-05T23:59:59.999999Z", "2020-03-30T00:00:00.000000Z"),
        ("1 week", None, "2020-04-06T00:00:00Z", "2020-04-06T00:00:00.000000Z"),
        ("7 days", None, "2000-01-03T00:00:00Z", "2000-01-03T00:00:00.000000Z"),
        ("2 weeks", None, "2000-01-16T23:59:59Z", "2000-01-03T00:00:00.000000Z"),
        ("2 weeks", None, "2000-01-02T23:59:59Z", "1999-12-20T00:00:00.000000Z"),
        ("1 week", Some("-1 day"), "2020-04-05T12:00:00Z", "2020-04-05T00:00:00.000000Z"),
        ("1 week", Some("8 days"), "2020-04-07T12:00:00Z", "2020-04-07T00:00:00.000000Z"),
        // What does not divide a day is counted from the origin.
        ("7 hours", None, "2000-01-03T13:59:59Z", "2000-01-03T07:00:00.000000Z"),
        ("7 hours", None, "2000-01-02T23:00:00Z", "2000-01-02T17:00:00.000000Z"),
        ("3 days", None, "2000-01-02T12:00:00Z", "1999-12-31T00:00:00.000000Z"),
        // Before 1970.
        ("1 day", None, "1969-12-31T23:59:59.999999Z", "1969-12-31T00:00:00.000000Z"),
        ("1 hour", None, "1969-12-31T23:59:59.999999Z", "1969-12-31T23:00:00.000000Z"),
        ("1 week", None, "1969-12-31T12:00:00Z", "1969-12-29T00:00:00.000000Z"),
        ("1 day", Some("30 hours"), "1900-01-01T05:00:00Z", "1899-12-31T06:00:00.000000Z"),
        ("1 day", None, "0001-01-01T00:00:01Z", "0001-01-01T00:00:00.000000Z"),
    ];

    #[test]
    fn a_point_lies_in_the_bucket_that_timescale_puts_it_in() {
        for (width, offset, at, start) in STARTS {
            let mut violations = Violations::default();
            let bucket = TimeBucket::new(width, *offset, Aggregate::Avg, &mut violations).expect("a good bucket");
            let at = Timestamp::parse(at).expect("a time");
            assert_eq!(bucket.start_of(at).to_string(), *start, "{width} {offset:?} {at}");
        }
    }

    #[test]
    fn small_values_are_not_lost_beside_great_ones() {
        let mut gathered = Gathered::of(1e16);
        for value in [1.0, 1.0, -1e16] {
            gathered.add(value);
        }
        let made = [Aggregate::Sum, Aggregate::Count, Aggregate::Avg, Aggregate::Max, Aggregate::Min];
        assert_eq!(made.map(|aggregate| gathered.aggregated(aggregate)), [2.0, 4.0, 0.5, 1e16, -1e16]);
        let mut beyond = Gathered::of(f64::MAX);
        beyond.add(f64::MAX);
        assert_eq!(beyond.aggregated(Aggregate::Sum), f64::INFINITY);
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let told = |width, offset| {
            let mut violations = Violations::default();
            assert_eq!(TimeBucket::new(width, offset, Aggregate::Avg, &mut violations), None);
            match violations.into_result(()) {
                Err(Error::Invalid(violations)) => violations.into_iter().map(|v| v.path).collect(),
                _ => Vec::new(),
            }
        };
        assert_eq!(told("1 month", Some("soon")), ["timeBucket.width", "timeBucket.offset"]);
        assert_eq!(told("0 s", None), ["timeBucket.width"]);
        assert_eq!(told("-1 day", Some("1 day")), ["timeBucket.width"]);
    }
}
