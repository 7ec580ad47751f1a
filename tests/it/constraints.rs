//! Constraints on things and on their parts: the documents of the platform's own page about things,
//! copied verbatim into seed/, and what each constraint leads to.

use crate::users::{App, Hub, World, lamp};
use serde_json::{Value, json};

/// A light as the platform's page describes it.
fn light(name: &str) -> Value {
    json!({
        "name": name, "manufacturer": "LIFX", "displayType": "LAMP", "mainComponentId": "lamp", "status": "AVAILABLE",
        "attributes": [{ "name": "serial", "value": "1" }, { "name": "colour", "value": "black" }],
        "components": [
            {
                "id": "lamp", "name": "Lamp", "componentType": "LAMP", "capabilities": ["SWITCHABLE", "DIMMABLE"],
                "properties": [
                    { "id": "on", "name": "On", "value": "true", "unit": "", "type": "BOOLEAN", "propertyType": "ONOFF" },
                    { "id": "level", "name": "Level", "value": "7", "unit": "%", "type": "NUMBER", "propertyType": "DIM" },
                ],
                "actions": [
                    { "id": "setOn", "name": "Set", "parameters": [{ "name": "on", "type": "BOOLEAN" }] },
                    { "id": "dim", "name": "Dim", "parameters": [
                        { "name": "level", "type": "NUMBER" }, { "name": "slow", "type": "BOOLEAN" }] },
                ],
            },
            {
                "id": "meter", "name": "Meter", "componentType": "METER", "capabilities": ["SWITCHABLE"],
                "properties": [
                    { "id": "power", "name": "Power", "value": "9", "unit": "W", "type": "NUMBER", "propertyType": "POWER" },
                ],
                "actions": [],
            },
        ],
    })
}

/// A world with LightOne, which cannot be dimmed, LightTwo, and a sensor.
fn lit() -> (World, Hub) {
    let world = World::new();
    let hub = world.instantiated().hub;
    let mut one = light("LightOne");
    one["components"][0]["capabilities"] = json!(["SWITCHABLE"]);
    one["components"][0]["properties"].as_array_mut().expect("properties").pop();
    hub.create_thing(&one);
    hub.create_thing(&light("LightTwo"));
    hub.create_thing(&json!({
        "name": "Sensor", "manufacturer": "Test", "displayType": "core.SENSOR", "mainComponentId": "s",
        "components": [{ "id": "s", "name": "S", "componentType": "SENSOR", "capabilities": [],
            "properties": [{ "id": "on", "name": "Open", "value": "", "type": "BOOLEAN", "propertyType": "OPEN" }] }],
    }));
    (world, hub)
}

/// The names of the things that meet the constraints.
#[track_caller]
fn names(app: &App, constraints: &str) -> Vec<String> {
    let things = app.graphql(&format!("{{ things({constraints}) {{ name }} }}"), json!({})).field().clone();
    let name = |thing: &Value| thing["name"].as_str().expect("a name").to_owned();
    things.as_array().expect("things").iter().map(name).collect()
}

#[test]
fn the_documents_about_reading_things_answer_in_the_documented_shape() {
    let (world, _) = lit();
    let all = world.app.graphql(include_str!("seed/things.graphql"), json!({}));
    assert_eq!(all.field().as_array().map(Vec::len), Some(3));
    let light = &all.field()[1];
    assert_eq!(light["components"][0]["actions"][0]["parameters"], json!([{ "name": "on", "type": "BOOLEAN" }]));
    assert!(light["components"][0]["properties"][0]["lastUpdate"].is_string(), "{light}");
    let switchable = world.app.graphql(include_str!("seed/things-switchable.graphql"), json!({}));
    assert_eq!(*switchable.field(), json!([{ "name": "LightOne" }, { "name": "LightTwo" }]));
    // The page's example has one `query {` too many, which is no GraphQL.
    let verbatim = include_str!("seed/things-onoff.graphql");
    let document = verbatim.trim().strip_prefix("query {").and_then(|rest| rest.strip_suffix('}')).expect("both");
    let on = world.app.graphql(document, json!({}));
    let components = json!([{ "properties": [{ "value": "true" }] }, { "properties": [] }]);
    assert_eq!(*on.field(), json!([{ "name": "LightTwo", "components": components }]));
}

#[test]
fn each_constraint_selects_by_each_of_its_fields() {
    let (world, _) = lit();
    let (both, two, sensor) = (vec!["LightOne", "LightTwo"], vec!["LightTwo"], vec!["Sensor"]);
    let none = Vec::new();
    for (constraints, expected) in [
        ("thingConstraint: { name: \"LightTwo\" }", &two),
        ("thingConstraint: { manufacturer: \"LIFX\", displayType: \"LAMP\", mainComponentId: \"lamp\" }", &both),
        ("thingConstraint: { status: UNKNOWN }", &sensor),
        ("thingConstraint: { id: \"nonsense\" }", &none),
        ("thingConstraint: { name: \"lighttwo\" }", &none),
        ("thingAttributeConstraint: { name: \"serial\" }", &both),
        ("thingAttributeConstraint: { name: \"serial\", value: \"1\" }", &both),
        // Each of these is met, but not by one attribute.
        ("thingAttributeConstraint: { name: \"serial\", value: \"black\" }", &none),
        ("thingComponentConstraint: { id: \"s\" }", &sensor),
        ("thingComponentConstraint: { name: \"Meter\", componentType: \"METER\" }", &both),
        ("thingComponentConstraint: { capabilities: [\"DIMMABLE\", \"SWITCHABLE\", \"DIMMABLE\"] }", &two),
        ("thingComponentConstraint: { capabilities: [\"DIMMABLE\", \"FLYING\"] }", &none),
        ("thingComponentConstraint: { capabilities: [] }, thingConstraint: { name: \"Sensor\" }", &sensor),
        ("componentPropertyConstraint: { propertyType: \"ONOFF\" }", &both),
        ("componentPropertyConstraint: { id: \"ON\", name: \"Open\", type: BOOLEAN, value: \"\" }", &sensor),
        ("componentPropertyConstraint: { unit: \"%\", type: NUMBER, value: \"7\" }", &two),
        ("componentActionConstraint: { id: \"setOn\", name: \"Set\" }", &both),
        ("componentActionConstraint: { parameterName: \"slow\", parameterType: BOOLEAN }", &both),
        // Of one parameter.
        ("componentActionConstraint: { parameterName: \"level\", parameterType: BOOLEAN }", &none),
        // Nothing given, and null, is nothing asked for.
        ("thingConstraint: { name: null, status: UNKNOWN }, componentActionConstraint: {}", &sensor),
    ] {
        assert_eq!(names(&world.app, constraints), *expected, "{constraints}");
    }
}

#[test]
fn constraints_on_parts_are_met_by_one_component() {
    let (world, _) = lit();
    let power = "componentPropertyConstraint: { propertyType: \"POWER\" }";
    assert_eq!(names(&world.app, power).len(), 2);
    let both_on_one = format!("{power}, thingComponentConstraint: {{ componentType: \"METER\" }}");
    assert_eq!(names(&world.app, &both_on_one).len(), 2);
    let on_two = format!("{power}, thingComponentConstraint: {{ componentType: \"LAMP\" }}");
    assert_eq!(names(&world.app, &on_two).len(), 0);
    let on_two = format!("{power}, componentActionConstraint: {{ id: \"dim\" }}");
    assert_eq!(names(&world.app, &on_two).len(), 0);
}

#[test]
fn constraints_on_sub_fields_leave_the_rest_out() {
    let (world, _) = lit();
    let document = "query($type: ValueType) { things(thingConstraint: { name: \"LightTwo\" }) {
        attributes(attributeConstraint: { value: \"black\" }) { name }
        all: attributes { name }
        components(componentConstraint: { componentType: \"LAMP\" }) {
            properties(propertyConstraint: { type: $type }) { id }
            actions(actionConstraint: { parameterName: \"slow\" }) { id parameters { name } } }
        powered: components(componentPropertyConstraint: { id: \"power\" }) { id properties { id } }
        acting: components(componentActionConstraint: { parameterType: NUMBER }) { id } } }";
    let answer = world.app.graphql(document, json!({ "type": "NUMBER" }));
    assert_eq!(
        answer.field()[0],
        json!({
            "attributes": [{ "name": "colour" }],
            "all": [{ "name": "serial" }, { "name": "colour" }],
            "components": [{ "properties": [{ "id": "level" }],
                "actions": [{ "id": "dim", "parameters": [{ "name": "level" }, { "name": "slow" }] }] }],
            "powered": [{ "id": "meter", "properties": [{ "id": "power" }] }],
            "acting": [{ "id": "lamp" }],
        })
    );
}

#[test]
fn pages_of_what_is_selected_follow_one_another() {
    let (world, hub) = lit();
    for _ in 0..4 {
        hub.create_thing(&light("Light"));
        hub.create_thing(&lamp());
    }
    let document = "query($after: ID) { things(first: 2, after: $after,
        thingComponentConstraint: { capabilities: [\"SWITCHABLE\"] }) { id name } }";
    let mut after = Value::Null;
    let mut seen = Vec::new();
    loop {
        let page = world.app.graphql(document, json!({ "after": after })).field().clone();
        let page = page.as_array().expect("a page");
        seen.extend(page.iter().map(|thing| thing["name"].as_str().expect("a name").to_owned()));
        let Some(last) = page.last().filter(|_| page.len() == 2) else { break };
        after = last["id"].clone();
    }
    assert_eq!(seen, ["LightOne", "LightTwo", "Light", "Light", "Light", "Light"]);
}
