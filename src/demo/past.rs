//! What the lamp and the weather station would have shown at any time of the past: warm afternoons,
//! dry air when it is warm, light in the evenings. The same time always gives the same value, so
//! whoever fills in a past twice fills in the same one. Pure. May use `things` and rand. Used by
//! whoever fills in the past.

use super::things;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::f64::consts::TAU;

const DAY: i64 = 24 * 60 * 60;
/// How far apart the points are between which chance goes straight, in seconds.
const KNOT: i64 = 20 * 60;
const MEAN_CELSIUS: f64 = 19.0;
const YEARLY_CELSIUS: f64 = 6.0;
const DAILY_CELSIUS: f64 = 3.5;
const CHANCE_CELSIUS: f64 = 1.2;
const MEAN_PER_CENT: f64 = 48.0;
const PER_CENT_PER_CELSIUS: f64 = -1.6;
const CHANCE_PER_CENT: f64 = 4.0;
/// When the lamp is switched on and off, and how much that differs from day to day, in seconds.
const EVENING: (i64, i64) = (63_000, 82_800);
const EVENING_CHANCE: f64 = 2_400.0;

/// The value on the wire of the property with this ID, so many seconds after 1970; none where the
/// demo connector has no such property.
pub fn value_at(property: &str, seconds: i64) -> Option<String> {
    Some(match property {
        things::TEMPERATURE => format!("{:.2}", temperature(seconds)),
        things::HUMIDITY => format!("{:.1}", humidity(seconds)),
        "on" => is_on(seconds).to_string(),
        "brightness" => brightness(seconds).to_string(),
        "colour" => if is_on(seconds) { "#ffb347" } else { "#ffffff" }.to_owned(),
        _ => return None,
    })
}

fn temperature(seconds: i64) -> f64 {
    // Coldest in the middle of January and at four in the morning.
    let year = -(TAU * (seconds as f64 / DAY as f64 - 15.0) / 365.25).cos();
    let day = -(TAU * (seconds - 4 * 60 * 60).rem_euclid(DAY) as f64 / DAY as f64).cos();
    MEAN_CELSIUS + YEARLY_CELSIUS * year + DAILY_CELSIUS * day + CHANCE_CELSIUS * drift(1, seconds)
}

fn humidity(seconds: i64) -> f64 {
    let warmth = temperature(seconds) - MEAN_CELSIUS;
    let value = MEAN_PER_CENT + PER_CENT_PER_CELSIUS * warmth + CHANCE_PER_CENT * drift(2, seconds);
    value.clamp(0.0, 100.0)
}

fn is_on(seconds: i64) -> bool {
    let (day, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let shift = |stream| (EVENING_CHANCE * chance(stream, day)) as i64;
    (EVENING.0 + shift(3)..EVENING.1 + shift(4)).contains(&second)
}

/// Full at first, less towards the night.
fn brightness(seconds: i64) -> i64 {
    let into = (seconds.rem_euclid(DAY) - EVENING.0).clamp(0, EVENING.1 - EVENING.0);
    if is_on(seconds) { 80 - 50 * into / (EVENING.1 - EVENING.0) } else { 80 }
}

/// Chance that changes slowly: between -1 and 1.
fn drift(stream: u64, seconds: i64) -> f64 {
    let (knot, into) = (seconds.div_euclid(KNOT), seconds.rem_euclid(KNOT) as f64 / KNOT as f64);
    chance(stream, knot) * (1.0 - into) + chance(stream, knot + 1) * into
}

/// A number between -1 and 1 that belongs to these two.
fn chance(stream: u64, number: i64) -> f64 {
    StdRng::seed_from_u64(stream << 56 ^ number as u64).random_range(-1.0..=1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-07-15T00:00:00Z.
    const JULY: i64 = 1_784_073_600;
    const HOUR: i64 = 60 * 60;

    #[test]
    fn afternoons_are_warm_and_dry_and_summers_warmer() {
        for day in 0..7 {
            let at = |hour| JULY + day * DAY + hour * HOUR;
            assert!(temperature(at(16)) > temperature(at(4)), "{day}");
            assert!(humidity(at(16)) < humidity(at(4)), "{day}");
            assert!(temperature(at(16)) > temperature(at(16) - 182 * DAY) + 5.0, "{day}");
        }
    }

    #[test]
    fn the_lamp_is_on_in_the_evening_and_darker_at_night() {
        let shown = |property, hour| value_at(property, JULY + hour * HOUR).unwrap();
        assert_eq!([shown("on", 12), shown("on", 20), shown("on", 2)], ["false", "true", "false"]);
        assert_eq!([shown("colour", 12), shown("colour", 20)], ["#ffffff", "#ffb347"]);
        assert!(brightness(JULY + 21 * HOUR) < brightness(JULY + 19 * HOUR));
    }

    #[test]
    fn readings_are_plausible_and_always_the_same() {
        for step in 0..20_000 {
            let seconds = JULY - step * 1_801;
            let celsius = temperature(seconds);
            assert!((5.0..35.0).contains(&celsius), "{celsius} at {seconds}");
            assert!((20.0..80.0).contains(&humidity(seconds)), "{seconds}");
            assert!((celsius - temperature(seconds + 60)).abs() < 0.5, "{seconds}");
        }
        assert_eq!(value_at("temperature", JULY), value_at("temperature", JULY));
        assert_eq!(value_at("wind", JULY), None);
    }
}
