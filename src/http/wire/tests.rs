//! The bodies of connectors: what the platform's SDK sends, and everything that may be wrong.

use super::*;
use crate::model::error::Error;
use serde_json::json;

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

/// The example of domain.md, "Things": what the platform's SDK sends.
fn sdk_thing() -> Value {
    json!({"thing": {
        "id": "", "name": "Giphy", "manufacturer": "IoT connctd GmbH", "displayType": "core.SENSOR",
        "mainComponentId": "random", "status": "AVAILABLE",
        "components": [{
            "id": "random", "name": "Random gif", "componentType": "core.Sensor", "capabilities": ["core.RANDOMIZE"],
            "properties": [{"id": "value", "name": "URL", "value": "", "unit": "", "type": "STRING",
                "lastUpdate": "0001-01-01T00:00:00Z", "propertyType": "giphy.IMAGE_URL"}],
            "actions": [{"id": "search", "name": "Search", "parameters": [{"name": "keyword", "type": "STRING"}]}]
        }],
        "attributes": [{"name": "serial", "value": "00130"}]
    }})
}

fn read(thing: &Value) -> Result<NewThing> {
    new_thing(thing.to_string().as_bytes(), NOW)
}

fn violations<T>(result: Result<T>) -> Vec<String> {
    match result {
        Ok(_) => Vec::new(),
        Err(Error::Invalid(violations)) => violations.iter().map(ToString::to_string).collect(),
        Err(other) => vec![format!("not a violation: {other}")],
    }
}

#[track_caller]
fn assert_told<T>(result: Result<T>, expected: &[&str]) {
    let told = violations(result);
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told:?} does not begin with {expected:?}");
    }
}

#[test]
fn the_sdks_thing_is_read_whole() {
    let thing = read(&sdk_thing()).expect("the documented example");
    assert_eq!((thing.name.as_str(), thing.status), ("Giphy", ThingStatus::Available));
    assert_eq!(thing.attributes, [Attribute { name: "serial".to_owned(), value: "00130".to_owned() }]);
    let component = &thing.components[0];
    assert_eq!(component.capabilities, ["core.RANDOMIZE"]);
    assert_eq!((component.properties[0].kind, component.properties[0].last_update), (ValueType::String, None));
    assert_eq!(component.properties[0].property_type, "giphy.IMAGE_URL");
    let parameter = ActionParameter { name: "keyword".to_owned(), kind: ValueType::String };
    assert_eq!(component.actions[0].parameters, [parameter]);
}

#[test]
fn absent_empty_and_null_parts_are_normal() {
    for absent in [None, Some(Value::Null)] {
        let mut body = sdk_thing();
        let thing = body["thing"].as_object_mut().expect("an object");
        let set = |members: &mut serde_json::Map<String, Value>, keys: &[&str]| {
            for key in keys {
                match &absent {
                    None => members.remove(*key),
                    Some(null) => members.insert((*key).to_owned(), null.clone()),
                };
            }
        };
        set(thing, &["id", "name", "manufacturer", "status", "attributes"]);
        let component = thing["components"][0].as_object_mut().expect("an object");
        set(component, &["name", "capabilities", "actions"]);
        let property = component["properties"][0].as_object_mut().expect("an object");
        set(property, &["name", "value", "unit", "lastUpdate", "propertyType"]);
        let read = read(&body).expect("only what may be left out is left out");
        assert_eq!((read.status, read.attributes.len()), (ThingStatus::Unknown, 0));
        assert!(read.components[0].capabilities.is_empty() && read.components[0].actions.is_empty());
    }
    let mut body = sdk_thing();
    body["thing"]["status"] = "".into();
    body["thing"]["components"][0]["properties"][0]["lastUpdate"] = "".into();
    body["thing"]["components"][0]["properties"][0]["type"] = "NUMBER".into();
    body["thing"]["unknown"] = json!({"more": [1]});
    assert_eq!(read(&body).map(|thing| thing.status).ok(), Some(ThingStatus::Unknown));
}

#[test]
fn an_initial_value_keeps_its_time_or_gets_the_present_one() {
    let mut body = sdk_thing();
    body["thing"]["components"][0]["properties"][0]["value"] = "x".into();
    let at = |body: &Value| read(body).map(|thing| thing.components[0].properties[0].last_update).ok().flatten();
    assert_eq!(at(&body), Some(NOW));
    body["thing"]["components"][0]["properties"][0]["lastUpdate"] = "2020-01-02T03:04:05.5+01:00".into();
    assert_eq!(at(&body), Timestamp::parse("2020-01-02T02:04:05.5Z").ok());
    body["thing"]["components"][0]["properties"][0]["lastUpdate"] = "2999-01-01T00:00:00Z".into();
    assert_told(read(&body), &["thing.components[0].properties[0].lastUpdate: lies more than 5 minutes"]);
}

#[test]
fn all_that_is_wrong_with_a_thing_is_told_at_once() {
    let mut body = sdk_thing();
    body["thing"]["name"] = 5.into();
    body["thing"]["status"] = "BROKEN".into();
    body["thing"]["displayType"] = "".into();
    body["thing"]["attributes"] = json!({"serial": "1"});
    let component = &mut body["thing"]["components"][0];
    component["capabilities"] = json!(["a", 1]);
    component["properties"][0]["type"] = "TEXT".into();
    component["properties"][0]["lastUpdate"] = "yesterday".into();
    component["actions"][0]["parameters"] = json!([null, {"name": "n"}]);
    assert_told(
        read(&body),
        &[
            "thing.name: must be a string, not a number",
            "thing.status: must be one of UNKNOWN",
            "thing.attributes: must be a list, not an object",
            "thing.components[0].capabilities[1]: must be a string",
            "thing.components[0].properties[0].lastUpdate: \"yesterday\" is not a time",
            "thing.components[0].properties[0].type: must be one of STRING",
            "thing.components[0].actions[0].parameters[0]: must be an object, not null",
            "thing.components[0].actions[0].parameters[1].type: must be one of STRING",
            "thing.displayType: must not be empty",
        ],
    );
}

#[test]
fn a_body_without_a_thing_says_what_is_missing() {
    assert_told(read(&json!({})), &["thing: must be an object, not absent"]);
    assert_told(read(&json!({"thing": [sdk_thing()]})), &["thing: must be an object, not a list"]);
    assert_told(new_thing(b"", NOW), &["the body must be a JSON object such as"]);
    assert_told(new_thing(b"[1]", NOW), &["the body must be a JSON object such as"]);
    assert_told(new_thing(b"\xff", NOW), &["the body is not UTF-8"]);
    assert!(violations(new_thing(b"{\n \"thing\": }", NOW))[0].contains("line 2 column 11"));
    let deep = format!(r#"{{"thing": {}"#, r#"{"a": ["#.repeat(30_000));
    assert!(violations(new_thing(deep.as_bytes(), NOW))[0].contains("recursion limit"));
}

#[test]
fn states_come_as_numbers_and_names_and_keep_the_text_of_their_details() {
    let report = |body: &str| state_report(body.as_bytes());
    let read = report(r#"{"state": 2, "details": {"b": 1.50, "a" : "\u00fc"}}"#).expect("good");
    assert_eq!(read.details.as_ref().map(Details::as_str), Some(r#"{"b": 1.50, "a" : "\u00fc"}"#));
    for (body, state) in [
        (r#"{"state": 3}"#, State::Ongoing),
        (r#"{"state": "FAILED", "details": null}"#, State::Failed),
        (r#"{"details": {}, "state": "COMPLETE", "more": [1]}"#, State::Complete),
    ] {
        assert_eq!(report(body).map(|report| report.state).ok(), Some(state), "{body}");
    }
    for state in ["1", "7", "0", "2.5", "-2", "1e300", r#""2""#, r#""complete""#, "null", "true", "{}", "[2]"] {
        assert_told(report(&format!(r#"{{"state": {state}}}"#)), &["state: must be COMPLETE (2)"]);
    }
    for details in ["5", r#""text""#, "[]", "true", r#"{"a": "\ud800"}"#, r#"{"a": 1e999}"#] {
        assert_told(report(&format!(r#"{{"details": {details}}}"#)), &["state: must be", "details: "]);
    }
    let deep = format!(r#"{{"state": 2, "details": {}1{}}}"#, r#"{"a": "#.repeat(200), "}".repeat(200));
    assert_told(report(&deep), &["details: is not a valid object: recursion limit"]);
}

#[test]
fn property_updates() {
    let update = |body: &str| property_update(body.as_bytes(), NOW);
    let read = update(r#"{"value": "21.5", "lastUpdate": "2020-01-02T03:04:05.123456789+01:00"}"#).expect("good");
    assert_eq!((read.value.as_str(), read.at.to_string().as_str()), ("21.5", "2020-01-02T02:04:05.123456Z"));
    for now in ["", r#", "lastUpdate": """#, r#", "lastUpdate": null"#, r#", "lastUpdate": "0001-01-01T00:00:00Z""#] {
        let body = format!(r#"{{"value": ""{now}}}"#);
        assert_eq!(update(&body).ok(), Some(PropertyUpdate { value: String::new(), at: NOW }), "{body}");
    }
    assert_told(update(r#"{"value": 21.5}"#), &["value: must be a string, not a number"]);
    assert_told(update(r#"{"value": "\ud800"}"#), &["value: is not a valid string"]);
    assert_told(update("{}"), &["value: must be given"]);
    assert_told(update(r#"{"value": null, "lastUpdate": "soon"}"#), &["value: must be given", "lastUpdate: \"soon\""]);
    assert_told(update(r#"{"lastUpdate": "2999-01-01T00:00:00Z"}"#), &["value: must", "lastUpdate: lies more"]);
    assert_told(update(r#"["21.5", ""]"#), &["the body must be a JSON object"]);
}

#[test]
fn thing_statuses() {
    let status = |body: &str| thing_status(body.as_bytes());
    assert_eq!(status(r#"{"status": "UNAVAILABLE"}"#).ok(), Some(ThingStatus::Unavailable));
    assert_eq!(status(r#"{"status": ""}"#).ok(), Some(ThingStatus::Unknown));
    assert_told(status("{}"), &["status: must be given"]);
    assert_told(status(r#"{"status": 1}"#), &["status: must be a string"]);
    assert_told(status(r#"{"status": "available"}"#), &["status: must be one of UNKNOWN"]);
}

#[test]
fn action_ends() {
    let end = |body: &str| action_end(body.as_bytes());
    let why = |text: &str| ActionEnd::Failed(Some(text.to_owned()));
    for (body, expected) in [
        (r#"{"status": "COMPLETED", "error": ""}"#, ActionEnd::Completed),
        (r#"{"status": "COMPLETED", "error": null}"#, ActionEnd::Completed),
        (r#"{"status": "COMPLETED"}"#, ActionEnd::Completed),
        (r#"{"status": "FAILED"}"#, ActionEnd::Failed(None)),
        (r#"{"status": "FAILED", "error": "why"}"#, why("why")),
    ] {
        assert_eq!(end(body).ok(), Some(expected), "{body}");
    }
    assert_told(end(r#"{"status": "COMPLETED", "error": "x"}"#), &["error: must be empty"]);
    assert_told(end(r#"{"status": "PENDING", "error": 1}"#), &["error: must be a string", "status: must be COMPLETED"]);
    assert_told(end(r#"{"status": 2}"#), &["status: must be a string"]);
    assert_told(end("{}"), &["status: must be COMPLETED or FAILED, not absent"]);
}
