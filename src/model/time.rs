//! Points in time with microsecond precision, in UTC, and their RFC 3339 form.
//!
//! RFC 3339 has the years 0000 to 9999; other programs' calendars begin with year 1 (Go, Python, .NET). So what is read
//! and written lies within 0001 to 9999 in UTC, and whatever is written can be read again.
//!
//! Used by every room. The clock itself is read in `ops`.

use std::fmt;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// Where the seconds are in a time of RFC 3339.
const SECONDS: std::ops::Range<usize> = 17..19;

/// Microseconds since 1970-01-01T00:00:00Z; negative before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Why a text is not taken for a time; follows the text and "is".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotATime {
    /// It is something else.
    #[error("not a time as RFC 3339 has it, such as 2020-04-02T08:13:45.598302Z")]
    Malformed,
    /// In UTC it is outside of the years that can be written.
    #[error("outside of the years 0001 to 9999 in UTC")]
    OutOfRange,
    /// Seconds since 1970 have no number for it: it would take the place of the second before or after.
    #[error("a leap second, which cannot be told from its neighbours: send the second before or after it")]
    LeapSecond,
}

impl Timestamp {
    /// Stands before all others, as no clock shows it.
    pub const MIN: Self = Self(i64::MIN);
    /// Stands after all others, as no clock shows it.
    pub const MAX: Self = Self(i64::MAX);
    /// Go's zero time, 0001-01-01T00:00:00Z, which the platform's SDK sends for "none".
    pub const GO_ZERO: Self = Self(-62_135_596_800_000_000);

    /// The first that can be written.
    pub const EARLIEST: Self = Self::GO_ZERO;
    /// The last that can be written: 9999-12-31T23:59:59.999999Z.
    pub const LATEST: Self = Self(253_402_300_799_999_999);

    /// From microseconds since 1970.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From whole seconds since 1970, as JWT claims have them; the latest time there is, past the end.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since 1970.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, as JWT claims have them.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This much later; the latest time there is, where that is past the end.
    #[must_use]
    pub fn plus(self, duration: std::time::Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros))
    }

    /// This much earlier.
    #[must_use]
    pub fn minus(self, duration: std::time::Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(micros))
    }

    /// Reads RFC 3339 with any offset; digits past the microsecond are cut off.
    ///
    /// # Errors
    /// If the text is not of that form, a leap second, or outside of what can be written.
    pub fn parse(text: &str) -> Result<Self, NotATime> {
        let at = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| NotATime::Malformed)?;
        // The parser makes 23:59:59.999999999 of it. All of RFC 3339 before the seconds has a fixed length.
        if text.as_bytes().get(SECONDS) == Some(b"60") {
            return Err(NotATime::LeapSecond);
        }
        let micros = i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000)).map_err(|_| NotATime::OutOfRange)?;
        let at = Self(micros);
        if (Self::EARLIEST..=Self::LATEST).contains(&at) { Ok(at) } else { Err(NotATime::OutOfRange) }
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with six fraction digits: `2020-04-02T08:13:45.598302Z`. For what is further away, which an older
    /// connhub may have stored, the nearest time that can be written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = (*self).clamp(Self::EARLIEST, Self::LATEST).0;
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).map_err(|_| fmt::Error)?;
        let at = at.to_offset(UtcOffset::UTC);
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
            at.microsecond()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_offset_and_precision_is_read_and_utc_with_microseconds_written() {
        for (text, shown) in [
            ("2026-01-02T03:04:05.123456789+01:00", "2026-01-02T02:04:05.123456Z"),
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000Z"),
            ("1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999999Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
        ] {
            assert_eq!(Timestamp::parse(text).map(|t| t.to_string()), Ok(shown.to_owned()));
        }
    }

    #[test]
    fn gos_zero_time_is_recognised() {
        assert_eq!(Timestamp::parse("0001-01-01T00:00:00Z"), Ok(Timestamp::GO_ZERO));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "yesterday", "2026-01-02", "2026-01-02T03:04:05", "2026-13-02T03:04:05Z"] {
            assert_eq!(Timestamp::parse(text), Err(NotATime::Malformed), "{text}");
        }
    }

    #[test]
    fn times_outside_the_years_1_to_9999_in_utc_are_refused() {
        for text in [
            "0000-01-01T00:30:00+01:00",
            "0000-12-31T23:59:59.999999Z",
            "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "9999-12-31T23:59:59.999999-23:59",
        ] {
            assert_eq!(Timestamp::parse(text), Err(NotATime::OutOfRange), "{text}");
        }
        for (text, at) in [
            ("0000-12-31T23:30:00-00:30", Timestamp::EARLIEST),
            ("9999-12-31T23:59:59.999999Z", Timestamp::LATEST),
            ("9999-12-31T22:59:59.999999999-01:00", Timestamp::LATEST),
        ] {
            assert_eq!(Timestamp::parse(text), Ok(at), "{text}");
        }
    }

    #[test]
    fn a_leap_second_is_refused_because_it_would_replace_another_one() {
        for text in ["2016-12-31T23:59:60Z", "2016-12-31T23:59:60.5Z", "2017-01-01T00:59:60.123456+01:00"] {
            assert_eq!(Timestamp::parse(text), Err(NotATime::LeapSecond), "{text}");
        }
    }

    #[test]
    fn whatever_is_written_can_be_read_again() {
        let far = [i64::MIN, -62_198_755_200_000_000, Timestamp::EARLIEST.0 - 1, Timestamp::LATEST.0 + 1, i64::MAX];
        for at in far.into_iter().chain([Timestamp::EARLIEST.0, -1, 0, 1, Timestamp::LATEST.0]) {
            let near = Timestamp(at).clamp(Timestamp::EARLIEST, Timestamp::LATEST);
            assert_eq!(Timestamp::parse(&Timestamp(at).to_string()), Ok(near), "{at}");
        }
    }
}
