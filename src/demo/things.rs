//! What the demo connector's two things look like to the platform. Pure. May use serde_json, `lamp`
//! and `weather`. Used by `callbacks` (to create them), `actions` and `clockwork` (for the IDs).

use serde_json::{Value, json};

use super::lamp::Lamp;
use super::weather::Weather;

/// The only component of a lamp.
pub const LAMP: &str = "lamp";
/// The only component of a weather station.
pub const STATION: &str = "station";
/// The weather station's thermometer.
pub const TEMPERATURE: &str = "temperature";
/// The weather station's hygrometer.
pub const HUMIDITY: &str = "humidity";
/// An attribute that all things of the demo connector have: its name and value.
pub const ORIGIN: (&str, &str) = ("origin", "demo connector");
/// The weather station's only action.
pub const CALIBRATE: &str = "calibrate";

/// A lamp with its first values.
pub fn lamp(lamp: &Lamp, now: &str) -> Value {
    let property = |id, name, value: String, unit, kind, meaning| {
        json!({
            "id": id, "name": name, "value": value, "unit": unit, "type": kind,
            "lastUpdate": now, "propertyType": meaning,
        })
    };
    let setter = |id, name, parameter, kind| {
        let parameters = json!([{ "name": parameter, "type": kind }]);
        json!({ "id": id, "name": name, "parameters": parameters })
    };
    let component = json!({
        "id": LAMP, "name": "Lamp", "componentType": "core.Lamp",
        "capabilities": ["core.SWITCHABLE", "core.DIMMABLE", "core.COLORABLE"],
        "properties": [
            property("on", "On", lamp.on.to_string(), "", "BOOLEAN", "core.SWITCH_STATE"),
            property("brightness", "Brightness", lamp.brightness.to_string(), "%", "NUMBER", "core.BRIGHTNESS"),
            property("colour", "Colour", lamp.colour.clone(), "", "STRING", "core.COLOR"),
        ],
        "actions": [
            setter("setOn", "Switch on or off", "on", "BOOLEAN"),
            setter("setBrightness", "Set brightness", "brightness", "NUMBER"),
            setter("setColour", "Set colour", "colour", "STRING"),
        ],
    });
    thing("Demo lamp", "core.LAMP", LAMP, component)
}

/// A weather station with its first values.
pub fn station(weather: &Weather, now: &str) -> Value {
    let property = |id, name, value: String, unit, meaning| {
        json!({
            "id": id, "name": name, "value": value, "unit": unit, "type": "NUMBER",
            "lastUpdate": now, "propertyType": meaning,
        })
    };
    let component = json!({
        "id": STATION, "name": "Weather station", "componentType": "core.Sensor",
        "capabilities": ["core.MEASURE_TEMPERATURE", "core.MEASURE_HUMIDITY"],
        "properties": [
            property(TEMPERATURE, "Temperature", weather.temperature(), "°C", "core.TEMPERATURE"),
            property(HUMIDITY, "Humidity", weather.humidity(), "%", "core.HUMIDITY"),
        ],
        "actions": [{ "id": CALIBRATE, "name": "Calibrate (takes a few seconds)", "parameters": [] }],
    });
    thing("Demo weather station", "core.SENSOR", STATION, component)
}

fn thing(name: &str, display_type: &str, main_component: &str, component: Value) -> Value {
    json!({
        "id": "", "name": name, "manufacturer": "connhub", "displayType": display_type,
        "mainComponentId": main_component, "status": "AVAILABLE", "components": [component],
        "attributes": [{ "name": ORIGIN.0, "value": ORIGIN.1 }],
    })
}

#[cfg(test)]
mod tests {
    use super::super::lamp::Change;
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_lamp_can_do_whatever_it_declares() {
        let thing = lamp(&Lamp::new(true), "2026-01-01T00:00:00Z");
        let component = &thing["components"][0];
        assert_eq!(thing["mainComponentId"], component["id"]);
        for (index, action) in component["actions"].as_array().unwrap().iter().enumerate() {
            let property = &component["properties"][index];
            let parameter = action["parameters"][0]["name"].as_str().unwrap();
            assert_eq!(property["id"], parameter);
            let value = property["value"].as_str().unwrap().to_owned();
            let parameters = BTreeMap::from([(parameter.to_owned(), value)]);
            let change = Change::from_action(action["id"].as_str().unwrap(), &parameters);
            assert_eq!(change.unwrap().property, parameter);
        }
    }

    #[test]
    fn a_station_starts_with_values() {
        let thing = station(&Weather::mild(), "2026-01-01T00:00:00Z");
        assert_eq!(thing["components"][0]["properties"][0]["value"], "21.00");
        assert_eq!(thing["mainComponentId"], thing["components"][0]["id"]);
    }
}
