//! Lengths of time as PostgreSQL writes intervals, `1 day 12 hours`, without months and years:
//! those have no fixed length (the platform's documentation of history, "Time buckets").

use std::fmt;

/// The longest interval: a hundred years of 365.25 days.
const INTERVAL_MICROS_MAX: i64 = 36_525 * DAY;
const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

/// A length of time in whole microseconds; may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval(i64);

/// Why a text is no interval.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnInterval {
    /// There is nothing.
    #[error("must not be empty: write a number and a unit, such as 5 minutes")]
    Empty,
    /// Something else stands where a number belongs.
    #[error("{0:?} is no number: write a number and a unit, such as 5 minutes or 1 day 12 hours")]
    NotANumber(String),
    /// A number has no unit, or one that is not known.
    #[error("{0:?} is no unit: use seconds, minutes, hours, days or weeks")]
    UnknownUnit(String),
    /// It is longer than anything can be kept.
    #[error("must be at most 36525 days long")]
    TooLong,
}

impl Interval {
    /// Microseconds.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Reads numbers with their units, which may stand close together and in any number and order:
    /// `5minutes`, `2.5 minutes`, `1 day 12 hours`, `-30 s`. Digits past the microsecond are rounded.
    ///
    /// # Errors
    /// What is wrong, for a person.
    pub fn parse(text: &str) -> Result<Self, NotAnInterval> {
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(NotAnInterval::Empty);
        }
        let mut sum = 0_i64;
        while !rest.is_empty() {
            let (number, after) = split(rest, |c| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
            let (unit, after) = split(after.trim_start(), char::is_alphabetic);
            let part = micros(number, rest)? * unit_micros(unit, after)? as f64;
            if part.abs() > INTERVAL_MICROS_MAX as f64 {
                return Err(NotAnInterval::TooLong);
            }
            sum += part.round() as i64;
            if sum.abs() > INTERVAL_MICROS_MAX {
                return Err(NotAnInterval::TooLong);
            }
            rest = after.trim_start();
        }
        Ok(Self(sum))
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} seconds", self.0 as f64 / SECOND as f64)
    }
}

/// The longest beginning made of such characters, and the rest.
fn split(text: &str, takes: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !takes(c)).unwrap_or(text.len()))
}

fn micros(number: &str, rest: &str) -> Result<f64, NotAnInterval> {
    let word = || rest.split_whitespace().next().unwrap_or_default().chars().take(40).collect();
    super::value::parse_number(number).ok_or_else(|| NotAnInterval::NotANumber(word()))
}

/// How long a unit is; names and abbreviations as PostgreSQL takes them.
fn unit_micros(unit: &str, after: &str) -> Result<i64, NotAnInterval> {
    Ok(match unit.to_ascii_lowercase().as_str() {
        "us" | "usec" | "usecs" | "microsecond" | "microseconds" => 1,
        "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" => 1_000,
        "s" | "sec" | "secs" | "second" | "seconds" => SECOND,
        "m" | "min" | "mins" | "minute" | "minutes" => MINUTE,
        "h" | "hr" | "hrs" | "hour" | "hours" => HOUR,
        "d" | "day" | "days" => DAY,
        "w" | "week" | "weeks" => WEEK,
        _ => {
            let shown = if unit.is_empty() { after } else { unit };
            return Err(NotAnInterval::UnknownUnit(shown.chars().take(40).collect()));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_units_add_up() {
        for (text, micros) in [
            ("5minutes", 5 * MINUTE),
            ("2.5minutes", 150 * SECOND),
            ("2.5 minutes", 150 * SECOND),
            ("1 day 12 hours", 36 * HOUR),
            ("1day12hours", 36 * HOUR),
            ("  1 week  ", WEEK),
            ("1 WEEK", WEEK),
            ("90 sec", 90 * SECOND),
            ("-30 s", -30 * SECOND),
            ("1 hour -15 minutes", 45 * MINUTE),
            ("+.5h", 30 * MINUTE),
            ("0.0000001 s", 0),
            ("0.0000006 s", 1),
            ("250ms", 250_000),
        ] {
            assert_eq!(Interval::parse(text), Ok(Interval(micros)), "{text}");
        }
    }

    #[test]
    fn what_is_no_interval_is_told() {
        let unknown = |unit: &str| NotAnInterval::UnknownUnit(unit.to_owned());
        let no_number = |word: &str| NotAnInterval::NotANumber(word.to_owned());
        for (text, problem) in [
            ("", NotAnInterval::Empty),
            (" ", NotAnInterval::Empty),
            ("minutes", no_number("minutes")),
            ("one day", no_number("one")),
            ("1.2.3 days", no_number("1.2.3")),
            ("1 month", unknown("month")),
            ("2 years", unknown("years")),
            ("5", unknown("")),
            ("5 %", unknown("%")),
            ("1e3 s", unknown("e")),
            ("36526 days", NotAnInterval::TooLong),
            ("99999999999999999999 weeks", NotAnInterval::TooLong),
            ("36525 days 1 s", NotAnInterval::TooLong),
        ] {
            assert_eq!(Interval::parse(text), Err(problem), "{text}");
        }
    }
}
