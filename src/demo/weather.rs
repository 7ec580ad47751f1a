//! The weather station's two values: a random walk that is drawn back to a mild day, so that a
//! chart of it looks like weather and not like noise. Pure but for the given randomness. May use
//! serde and rand. Used by `state`, `things` and `clockwork`.

use rand::Rng;
use serde::{Deserialize, Serialize};

const MILD_CELSIUS: f64 = 21.0;
const MILD_PER_CENT: f64 = 45.0;
/// The part of the way back to a mild day that each step goes.
const PULL: f64 = 0.02;
const CELSIUS_STEP_MAX: f64 = 0.25;
const PER_CENT_STEP_MAX: f64 = 0.8;

/// What the station measures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Weather {
    temperature: f64,
    humidity: f64,
}

impl Weather {
    /// A mild day, which is also what calibrating leads back to.
    pub fn mild() -> Self {
        Self { temperature: MILD_CELSIUS, humidity: MILD_PER_CENT }
    }

    /// Lets a moment pass.
    pub fn step(&mut self, random: &mut impl Rng) {
        let drift = |from: f64, to: f64| (to - from) * PULL;
        self.temperature +=
            drift(self.temperature, MILD_CELSIUS) + random.random_range(-CELSIUS_STEP_MAX..=CELSIUS_STEP_MAX);
        self.humidity +=
            drift(self.humidity, MILD_PER_CENT) + random.random_range(-PER_CENT_STEP_MAX..=PER_CENT_STEP_MAX);
        self.humidity = self.humidity.clamp(0.0, 100.0);
    }

    /// Degrees Celsius on the wire.
    pub fn temperature(&self) -> String {
        format!("{:.2}", self.temperature)
    }

    /// Per cent on the wire.
    pub fn humidity(&self) -> String {
        format!("{:.1}", self.humidity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    #[test]
    fn the_weather_moves_and_stays_plausible() {
        let mut random = StdRng::seed_from_u64(1);
        let mut weather = Weather::mild();
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..100_000 {
            weather.step(&mut random);
            assert!((5.0..40.0).contains(&weather.temperature), "{weather:?}");
            assert!((5.0..90.0).contains(&weather.humidity), "{weather:?}");
            seen.insert(weather.temperature());
        }
        assert!(seen.len() > 100);
    }

    #[test]
    fn readings_are_plain_decimals() {
        assert_eq!(Weather::mild().temperature(), "21.00");
        assert_eq!(Weather::mild().humidity(), "45.0");
    }
}
