//! The lamp's values and what its actions may set them to. Pure. May use serde. Used by `state`,
//! `things`, `callbacks` and `actions`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What the lamp shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lamp {
    /// Whether it is switched on.
    pub on: bool,
    /// Per cent.
    pub brightness: f64,
    /// `#rrggbb`.
    pub colour: String,
}

/// What an action changes: one property, with the caller's own spelling of its new value, so that
/// `42.50` stays `42.50`.
#[derive(Debug, PartialEq)]
pub struct Change {
    /// The property's ID.
    pub property: &'static str,
    /// Its value on the wire.
    pub value: String,
    effect: Effect,
}

#[derive(Debug, PartialEq)]
enum Effect {
    On(bool),
    Brightness(f64),
    Colour(String),
}

type Reader = fn(&str) -> Result<Effect, String>;

impl Lamp {
    /// A new lamp.
    pub fn new(on: bool) -> Self {
        Self { on, brightness: 80.0, colour: "#ffb347".to_owned() }
    }

    /// Makes a change.
    pub fn apply(&mut self, change: &Change) {
        match &change.effect {
            Effect::On(on) => self.on = *on,
            Effect::Brightness(brightness) => self.brightness = *brightness,
            Effect::Colour(colour) => self.colour.clone_from(colour),
        }
    }
}

impl Change {
    /// What an action with these parameters changes. An error is for people.
    pub fn from_action(action: &str, parameters: &BTreeMap<String, String>) -> Result<Self, String> {
        let (property, read): (_, Reader) = match action {
            "setOn" => ("on", on),
            "setBrightness" => ("brightness", brightness),
            "setColour" => ("colour", colour),
            _ => return Err(format!("a lamp has no action {action}")),
        };
        let value = parameters.get(property).ok_or_else(|| format!("the parameter {property} is missing"))?;
        Ok(Self { property, value: value.clone(), effect: read(value)? })
    }
}

fn on(value: &str) -> Result<Effect, String> {
    value.parse().map(Effect::On).map_err(|_| "on must be true or false".to_owned())
}

fn brightness(value: &str) -> Result<Effect, String> {
    value
        .parse()
        .ok()
        .filter(|per_cent| (0.0..=100.0).contains(per_cent))
        .map(Effect::Brightness)
        .ok_or_else(|| "brightness must be a number from 0 to 100".to_owned())
}

fn colour(value: &str) -> Result<Effect, String> {
    value
        .strip_prefix('#')
        .filter(|digits| digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .map(|_| Effect::Colour(value.to_owned()))
        .ok_or_else(|| "colour must be # and six hexadecimal digits, such as #ffb347".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act(action: &str, property: &str, value: &str) -> (Lamp, Result<Change, String>) {
        let mut lamp = Lamp::new(false);
        let parameters = BTreeMap::from([(property.to_owned(), value.to_owned())]);
        let change = Change::from_action(action, &parameters);
        if let Ok(change) = &change {
            lamp.apply(change);
        }
        (lamp, change)
    }

    #[test]
    fn actions_set_their_property_and_keep_the_spelling() {
        let (lamp, change) = act("setOn", "on", "true");
        assert!(lamp.on);
        assert_eq!(change.unwrap().property, "on");

        for edge in ["0", "100", "42.50"] {
            let (lamp, change) = act("setBrightness", "brightness", edge);
            assert_eq!(lamp.brightness, edge.parse::<f64>().unwrap());
            assert_eq!(change.unwrap().value, edge);
        }

        let (lamp, change) = act("setColour", "colour", "#00fFaA");
        assert_eq!(lamp.colour, "#00fFaA");
        assert_eq!(change.unwrap().property, "colour");
    }

    #[test]
    fn bad_values_are_refused() {
        let bad = [
            ("setOn", "on", "1"),
            ("setOn", "brightness", "true"),
            ("setBrightness", "brightness", "-0.1"),
            ("setBrightness", "brightness", "100.1"),
            ("setBrightness", "brightness", "NaN"),
            ("setBrightness", "brightness", "bright"),
            ("setColour", "colour", "red"),
            ("setColour", "colour", "#fff"),
            ("setColour", "colour", "#gggggg"),
            ("setColour", "colour", "#ffb34\u{e9}"),
            ("explode", "on", "true"),
        ];
        for (action, property, value) in bad {
            let (_, change) = act(action, property, value);
            assert!(change.is_err(), "{action} {property} {value}");
        }
    }
}
