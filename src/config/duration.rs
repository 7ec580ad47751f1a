//! Durations of options, each within bounds that make sense.
//!
//! Used by [`super`] and its parts.

use humantime::{Duration, format_duration};
use std::time::Duration as Time;

const SECOND: Time = Time::from_secs(1);
const HOUR: Time = Time::from_secs(60 * 60);
const DAY: Time = Time::from_secs(24 * 60 * 60);

/// The time that a step of a connection may take: each is looked after every 10 ms at most.
pub(super) fn step(text: &str) -> Result<Duration, String> {
    within(text, Time::from_millis(10), DAY)
}

/// The time that something may take which a client waits for: none of them waits for an hour.
pub(super) fn wait(text: &str) -> Result<Duration, String> {
    within(text, Time::from_millis(10), HOUR)
}

/// How long an action request may be pending. It counts towards its app's quota so long, and its deadline is shown.
pub(super) fn deadline(text: &str) -> Result<Duration, String> {
    within(text, Time::from_millis(10), 365 * DAY)
}

/// How long a token is valid, or log entries are kept. Tokens count in whole seconds.
///
/// # Errors
/// What is wrong with the text.
pub fn lifetime(text: &str) -> Result<Duration, String> {
    within(text, SECOND, 3_650 * DAY)
}

fn within(text: &str, min: Time, max: Time) -> Result<Duration, String> {
    let bounds = format!("from {} to {}", format_duration(min), days(max));
    let time: Duration = text
        .parse()
        .map_err(|_| format!("it must be a duration {bounds}, such as 500ms, 90s, 12h, 7days or \"1h 30m\""))?;
    if (min..=max).contains(&*time) { Ok(time) } else { Err(format!("it must be {bounds}")) }
}

/// Whole days where humantime would say years, whose length is not obvious.
fn days(time: Time) -> String {
    match time.as_secs() / DAY.as_secs() {
        0 => format_duration(time).to_string(),
        1 => "1day".to_owned(),
        days => format!("{days}days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_nothing_and_of_millennia_are_refused_with_what_is_possible() {
        type Parse = fn(&str) -> Result<Duration, String>;
        for (parse, good, bad) in [
            (step as Parse, ["10ms", "1day"], ["9ms", "25h"]),
            (wait, ["10ms", "1h"], ["1us", "61min"]),
            (deadline, ["300ms", "365days"], ["1ms", "8000years"]),
            (lifetime, ["1s", "3650days"], ["999ms", "11years"]),
        ] {
            for text in good {
                assert!(parse(text).is_ok(), "{text}");
            }
            for text in bad.iter().chain(&["0s", "0ms", "8000years", "584554049254years"]) {
                let refused = parse(text).expect_err(text);
                assert!(refused.contains("from ") && refused.contains(" to "), "{text}: {refused}");
            }
            for text in ["", "soon", "10", "-1s", "1 fortnight"] {
                assert!(parse(text).expect_err(text).contains("such as 500ms"), "{text}");
            }
        }
    }
}
