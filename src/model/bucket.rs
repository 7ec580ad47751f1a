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

    /// When the bucket begins that holds a point: at the earliest when time does, so that it can be written.
    #[must_use]
    pub fn start_of(self, at: Timestamp) -> Timestamp {
        Timestamp::from_micros(self.whole_start_of(at)).max(Timestamp::EARLIEST)
    }

    fn whole_start_of(self, at: Timestamp) -> i64 {
        let into = at.micros().saturating_sub(self.shift).rem_euclid(self.width);
        at.micros().saturating_sub(into)
    }

    /// When the bucket after the one that begins then begins.
    #[must_use]
    pub fn after(self, start: Timestamp) -> Timestamp {
        Timestamp::from_micros(self.whole_start_of(start).saturating_add(self.width))
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
    }

    fn gathered(values: &[f64]) -> Gathered {
        let mut gathered = Gathered::of(values[0]);
        for value in &values[1..] {
            gathered.add(*value);
        }
        gathered
    }

    #[test]
    fn what_lies_between_numbers_is_one_however_great_the_sum_was_meanwhile() {
        let (great, most) = (1.7e308, f64::MAX);
        for (values, sum, avg) in [
            (&[great, great][..], f64::INFINITY, great),
            (&[great, great, -great, -great], 0.0, 0.0),
            (&[most, most, most, -most, -most], most, most / 5.0),
            (&[-great, -great, -great], f64::NEG_INFINITY, -great),
            (&[great, great, -great, 1.0, -great], 1.0, 0.2),
            (&[most, -most, 5e-324], 5e-324, 0.0),
            (&[0.1, 0.1, 0.1], 0.3, 0.1),
        ] {
            let made = gathered(values);
            let (got, mean) = (made.aggregated(Aggregate::Sum), made.aggregated(Aggregate::Avg));
            assert!(got == sum || (got - sum).abs() <= sum.abs() * 1e-15, "{values:?}: {got}");
            assert!(mean == avg || (mean - avg).abs() <= avg.abs() * 1e-15, "{values:?}: {mean}");
            // Not by the last digit either: three times 0.1 is more than 0.3, and a third of that more than 0.1.
            let among = made.aggregated(Aggregate::Min)..=made.aggregated(Aggregate::Max);
            assert!(among.contains(&mean), "{values:?}: {mean}");
        }
    }

    #[test]
    fn the_first_bucket_begins_when_time_does() {
        let bucket = TimeBucket::new("36525 days", None, Aggregate::Avg, &mut Violations::default()).expect("a bucket");
        let at = Timestamp::parse("0050-01-01T00:00:00Z").expect("a time");
        let start = bucket.start_of(at);
        assert_eq!(start, Timestamp::EARLIEST);
        assert_eq!(bucket.start_of(start), start);
        let next = bucket.after(start);
        assert!(next > at && bucket.start_of(next) == next && bucket.after(at) == next, "{next}");
        for at in [Timestamp::MIN, Timestamp::MAX] {
            assert!(bucket.start_of(at) <= at.max(Timestamp::EARLIEST));
        }
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
