//! What the configuration values of an installation or an instance mean to the demo connector.
//! Pure. May use `answer` and `message`. Used by `callbacks`; the parameters themselves are
//! declared in `description`.

use std::time::Duration;

use super::answer::Answer;
use super::message::ConfigurationValue;

/// The IDs of the parameters, shared with `description` so that both mean the same ones.
pub mod ids {
    /// How the callback is answered.
    pub const ANSWER: &str = "answer";
    /// How long something ongoing stays so.
    pub const COMPLETE_SECONDS: &str = "completeSeconds";
    /// A PASSWORD value that nothing uses.
    pub const API_KEY: &str = "apiKey";
    /// The weather station's pace.
    pub const UPDATE_SECONDS: &str = "updateSeconds";
    /// Whether the lamp starts switched on.
    pub const LAMP_ON: &str = "lampOn";
}

/// The fastest pace: a demo should not be a load test.
const UPDATE_SECONDS_MIN: f64 = 0.2;
/// The slowest pace, a day, so that the sum of a time and a pace never overflows.
const UPDATE_SECONDS_MAX: f64 = 86_400.0;
/// The longest something may stay ongoing, a day for the same reason.
const COMPLETE_SECONDS_MAX: f64 = 86_400.0;

/// Settings with their defaults filled in. An installation uses the first two alone.
#[derive(Debug, PartialEq)]
pub struct Settings {
    /// How to answer.
    pub answer: Answer,
    /// How long after a 202 the outcome is reported.
    pub complete_after: Duration,
    /// How often the weather changes.
    pub update_every: Duration,
    /// Whether the lamp starts switched on.
    pub lamp_on: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            answer: Answer::AtOnce,
            complete_after: Duration::from_secs(5),
            update_every: Duration::from_secs(1),
            lamp_on: false,
        }
    }
}

impl Settings {
    /// Reads the values. IDs it does not know are ignored, as are empty values: an optional
    /// parameter that was left out may come as either. An error names the parameter.
    pub fn read(configuration: &[ConfigurationValue]) -> Result<Self, String> {
        let mut settings = Self::default();
        for ConfigurationValue { id, value } in configuration {
            if value.is_empty() {
                continue;
            }
            match id.as_str() {
                ids::ANSWER => {
                    settings.answer = Answer::from_word(value)
                        .ok_or_else(|| format!("{id} must be one of {}", Answer::words(", ")))?;
                }
                ids::COMPLETE_SECONDS => {
                    settings.complete_after = seconds(id, value, 0.0, COMPLETE_SECONDS_MAX)?;
                }
                ids::UPDATE_SECONDS => {
                    settings.update_every = seconds(id, value, UPDATE_SECONDS_MIN, UPDATE_SECONDS_MAX)?;
                }
                ids::LAMP_ON => {
                    settings.lamp_on = value.parse().map_err(|_| format!("{id} must be true or false"))?;
                }
                _ => {}
            }
        }
        Ok(settings)
    }
}

fn seconds(id: &str, value: &str, min: f64, max: f64) -> Result<Duration, String> {
    value
        .parse::<f64>()
        .ok()
        .filter(|seconds| (min..=max).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("{id} must be a number from {min} to {max}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[(&str, &str)]) -> Result<Settings, String> {
        let values: Vec<_> = values
            .iter()
            .map(|(id, value)| ConfigurationValue { id: (*id).to_owned(), value: (*value).to_owned() })
            .collect();
        Settings::read(&values)
    }

    #[test]
    fn nothing_given_means_the_defaults() {
        assert_eq!(read(&[]), Ok(Settings::default()));
        let ignored = [("apiKey", "s3cret"), ("answer", ""), ("lampOn", "")];
        assert_eq!(read(&ignored), Ok(Settings::default()));
    }

    #[test]
    fn all_values_are_read() {
        let settings =
            read(&[("answer", "markdown"), ("completeSeconds", "0.5"), ("updateSeconds", "0.2"), ("lampOn", "true")]);
        let expected = Settings {
            answer: Answer::Markdown,
            complete_after: Duration::from_millis(500),
            update_every: Duration::from_millis(200),
            lamp_on: true,
        };
        assert_eq!(settings, Ok(expected));
    }

    #[test]
    fn bad_values_are_named() {
        let bad = [
            ("answer", "maybe"),
            ("completeSeconds", "-1"),
            ("updateSeconds", "0.19"),
            ("updateSeconds", "inf"),
            ("updateSeconds", "NaN"),
            ("updateSeconds", "soon"),
            ("lampOn", "yes"),
        ];
        for (id, value) in bad {
            let error = read(&[(id, value)]).unwrap_err();
            assert!(error.starts_with(id), "{id}={value}: {error}");
        }
    }
}
