//! Time zones of the IANA database, which is in the binary: how far their clocks are from UTC, and when they are set.
//!
//! Used by [`super::bucket`].

use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::sync::LazyLock;

/// How alike a name must be to be suggested, from 0 to 1: `Berlin` is no `Brunei`, and `UTC+2` no `Etc/GMT+2`, which is
/// two hours behind UTC.
const ALIKE_MIN: f64 = 0.75;
/// The most of an unknown name that is repeated, in characters.
const SHOWN_CHARACTERS_MAX: usize = 60;
const SECOND: i64 = 1_000_000;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// A stretch of time in which a zone's clocks are not set, in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// When they were set last; the least number if they never were.
    pub from: i64,
    /// When they are set next; the greatest number if they never are.
    pub until: i64,
    /// How far they are ahead of UTC, in microseconds.
    pub offset: i64,
}

impl Period {
    /// What the clocks show at a time.
    #[must_use]
    pub fn local(&self, at: i64) -> i64 {
        at.saturating_add(self.offset)
    }
}

impl Zone {
    /// The zone of this name, whatever its case.
    ///
    /// # Errors
    /// If there is none: what is allowed, and the nearest name if one is near.
    pub fn named(name: &str) -> Result<Self, String> {
        ZONES.get(name).map(Self).map_err(|_| {
            let shown: String = name.chars().take(SHOWN_CHARACTERS_MAX).collect();
            let advice = match nearest(&shown) {
                Some(near) => format!("did you mean {near}?"),
                None => {
                    "use a name such as Europe/Berlin, or UTC; for a fixed distance from UTC set `offset`".to_owned()
                }
            };
            format!("{shown:?} is not a time zone of the IANA database; {advice}")
        })
    }

    /// The period that a time is in.
    #[must_use]
    pub fn period(&self, at: i64) -> Period {
        let last = if at < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        let known = |at: i64| jiff::Timestamp::from_microsecond(at).unwrap_or(last);
        // Before a time means before all of its microsecond.
        let before = self.0.preceding(known(at.saturating_add(1))).next();
        let next = self.0.following(known(at)).next();
        Period {
            from: before.map_or(i64::MIN, |set| set.timestamp().as_microsecond()),
            until: next.map_or(i64::MAX, |set| set.timestamp().as_microsecond()),
            offset: i64::from(self.0.to_offset(known(at)).seconds()) * SECOND,
        }
    }
}

/// The name that is most like this one, as a whole or in its last part: people leave the continent out.
fn nearest(name: &str) -> Option<String> {
    let wanted = name.to_ascii_lowercase().replace(' ', "_");
    let likeness = |zone: &str| {
        let zone = zone.to_ascii_lowercase();
        let city = zone.rsplit('/').next().unwrap_or(&zone);
        strsim::normalized_damerau_levenshtein(&zone, &wanted)
            .max(strsim::normalized_damerau_levenshtein(city, &wanted))
    };
    let all = ZONES.available().map(|zone| (likeness(zone.as_str()), zone.as_str().to_owned()));
    // Of several that are as near, the first by name.
    let (alike, nearest) = all.max_by(|(a, one), (b, other)| a.total_cmp(b).then_with(|| other.cmp(one)))?;
    (alike >= ALIKE_MIN).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;

    #[test]
    fn an_unknown_name_is_refused_with_the_nearest_one() {
        for (name, near) in [
            ("Europe/Berlim", "Europe/Berlin"),
            ("berlin", "Europe/Berlin"),
            ("Europe/Kyjv", "Europe/Kyiv"),
            ("America/New York", "America/New_York"),
            ("Asia/Calcuta", "Asia/Calcutta"),
        ] {
            let problem = Zone::named(name).expect_err(name);
            assert!(problem.contains(&format!("did you mean {near}?")), "{problem}");
        }
        for name in ["", "+02:00", "UTC+2", "Middle-earth/Shire", "../../etc/passwd", "\u{202e}"] {
            let problem = Zone::named(name).expect_err(name);
            assert!(problem.contains("such as Europe/Berlin") && !problem.contains("did you mean"), "{problem}");
        }
        let long = Zone::named(&"x".repeat(100_000)).expect_err("no zone");
        assert!(long.len() < 300, "{long}");
    }

    #[test]
    fn names_are_known_whatever_their_case() {
        for name in
            ["Europe/Berlin", "europe/berlin", "UTC", "Etc/UTC", "Asia/Kathmandu", "CET", "America/Argentina/Ushuaia"]
        {
            assert!(Zone::named(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn every_time_is_in_its_period_whatever_the_zone() {
        let times = [
            i64::MIN,
            Timestamp::EARLIEST.micros(),
            -2_000_000_000 * SECOND,
            0,
            1_774_746_000 * SECOND - 1,
            1_774_746_000 * SECOND,
            Timestamp::LATEST.micros(),
            i64::MAX,
        ];
        for name in ZONES.available() {
            let zone = Zone::named(name.as_str()).expect("a zone");
            for at in times {
                let period = zone.period(at);
                assert!(period.from <= at && (at < period.until || at == i64::MAX), "{name:?} {at}: {period:?}");
                assert!(period.offset.abs() <= 26 * 3_600 * SECOND, "{name:?} {at}: {period:?}");
            }
        }
    }
}
