//! The wall clock, in the two forms the demo connector needs. May use time. Used by `callbacks`,
//! `actions`, `clockwork` and `page`.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Now, as the hub reads times.
pub fn timestamp() -> String {
    // Only years beyond 9999 cannot be written so, and the hub takes an empty time for now.
    OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default()
}

/// Now, as the state file keeps times.
pub fn unix_millis() -> i64 {
    let now = OffsetDateTime::now_utc();
    now.unix_timestamp() * 1_000 + i64::from(now.millisecond())
}
