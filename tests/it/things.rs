//! Things: what connectors may create, what becomes of values reported, who sees them (domain.md).

use crate::users::{Hub, World, lamp};
use serde_json::{Value, json};

const WHOLE: &str = "{ things { id name manufacturer mainComponentId status displayType externalSubjectId
    attributes { name value }
    components { id name componentType capabilities
        properties { id name value unit type propertyType lastUpdate }
        actions { id name parameters { name type } } } } }";

/// A lamp with one thing about it changed.
fn lamp_with(pointer: &str, value: Value) -> Value {
    let mut thing = lamp();
    *thing.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
    thing
}

/// The paths that the hub says are wrong with a thing.
fn violations(hub: &Hub, thing: Value) -> Vec<String> {
    let answer = hub.call("POST", "/instances/things", &json!({ "thing": thing })).expect(400).json();
    assert_eq!(answer["error"], "BAD_REQUEST");
    let violations = answer["violations"].as_array().expect("violations").clone();
    let description = answer["description"].as_str().expect("a description");
    for violation in &violations {
        assert!(description.contains(violation["message"].as_str().expect("a message")), "{answer}");
    }
    violations.iter().map(|violation| violation["path"].as_str().expect("a path").to_owned()).collect()
}

/// A property as the app sees it.
fn property(world: &World, id: &str) -> Value {
    let things = world.app.graphql("{ things { components { properties { id value lastUpdate } } } }", json!({}));
    let properties = things.field()[0]["components"][0]["properties"].as_array().expect("properties").clone();
    properties.into_iter().find(|property| property["id"] == id).expect("the property")
}

#[test]
fn a_thing_is_seen_as_it_was_created() {
    let world = World::new();
    let hub = world.instantiated().hub;
    let id = hub.create_thing(&lamp());
    let things = world.app.graphql(WHOLE, json!({}));
    let thing = &things.field()[0];
    let property = |at: usize| &thing["components"][0]["properties"][at];
    assert!(property(0)["lastUpdate"].is_string() && property(1)["lastUpdate"].is_null(), "{thing}");
    let mut seen = thing.clone();
    for at in 0..3 {
        seen["components"][0]["properties"][at]["lastUpdate"].take();
    }
    assert_eq!(
        seen,
        json!({
            "id": id, "name": "Lamp", "manufacturer": "Test", "mainComponentId": "lamp", "status": "AVAILABLE",
            "displayType": "core.LAMP", "externalSubjectId": "default",
            "attributes": [{ "name": "serial", "value": "00130" }],
            "components": [{
                "id": "lamp", "name": "Lamp", "componentType": "core.Lamp", "capabilities": ["core.SWITCH"],
                "properties": [
                    { "id": "on", "name": "On", "value": "false", "unit": "", "type": "BOOLEAN",
                        "propertyType": "core.ON", "lastUpdate": null },
                    { "id": "level", "name": "Level", "value": "", "unit": "%", "type": "NUMBER",
                        "propertyType": "", "lastUpdate": null },
                    { "id": "colour", "name": "Colour", "value": "white", "unit": "", "type": "STRING",
                        "propertyType": "", "lastUpdate": null },
                ],
                "actions": [
                    { "id": "toggle", "name": "Toggle", "parameters": [] },
                    { "id": "dim", "name": "Dim", "parameters": [
                        { "name": "level", "type": "NUMBER" }, { "name": "slow", "type": "BOOLEAN" }] },
                ],
            }],
        })
    );
}

#[test]
fn what_the_sdk_leaves_out_empty_or_null_is_taken() {
    let world = World::new();
    let hub = world.instantiated().hub;
    let sdk = json!({
        "id": "", "name": "Giphy", "manufacturer": "IoT connctd GmbH", "displayType": "core.SENSOR",
        "mainComponentId": "random", "status": "",
        "components": [{ "id": "random", "name": "Random gif", "componentType": "core.Sensor", "capabilities": null,
            "properties": [{ "id": "value", "name": "URL", "value": "", "unit": "", "type": "NUMBER",
                "lastUpdate": "0001-01-01T00:00:00Z", "propertyType": "" }],
            "actions": null }],
        "attributes": null,
    });
    let id = hub.create_thing(&sdk);
    assert_eq!(id.len(), 36, "an ID of ours");
    let least = json!({ "displayType": "x", "mainComponentId": "c", "components": [
        { "id": "c", "componentType": "t", "actions": [{ "id": "a", "parameters": null }] }] });
    hub.create_thing(&least);
    let things = world.app.graphql(WHOLE, json!({}));
    let things = things.field();
    assert_eq!(things[0]["status"], "UNKNOWN");
    assert_eq!(things[0]["components"][0]["properties"][0]["lastUpdate"], Value::Null);
    assert_eq!((&things[0]["components"][0]["capabilities"], &things[0]["attributes"]), (&json!([]), &json!([])));
}

#[test]
fn every_rule_about_things_is_held() {
    let world = World::new();
    let hub = world.instantiated().hub;
    let component = |path: &str, value: Value| lamp_with(&format!("/components/0{path}"), value);
    let duplicate = lamp()["components"][0].clone();
    for (thing, expected) in [
        (lamp_with("/displayType", json!("")), "thing.displayType"),
        (lamp_with("/mainComponentId", json!("")), "thing.mainComponentId"),
        (lamp_with("/mainComponentId", json!("other")), "thing.mainComponentId"),
        (lamp_with("/status", json!("BROKEN")), "thing.status"),
        (lamp_with("/components", json!([duplicate, duplicate])), "thing.components[1].id"),
        (component("/componentType", json!("")), "thing.components[0].componentType"),
        (component("/properties/0/id", json!("a b")), "thing.components[0].properties[0].id"),
        (component("/properties/1/id", json!("ON")), "thing.components[0].properties[1].id"),
        (component("/properties/1/type", json!("INTEGER")), "thing.components[0].properties[1].type"),
        (component("/properties/1/value", json!("dark")), "thing.components[0].properties[1].value"),
        (component("/actions/0/id", json!("ä")), "thing.components[0].actions[0].id"),
        (component("/actions/1/id", json!("Toggle")), "thing.components[0].actions[1].id"),
        (component("/name", json!(7)), "thing.components[0].name"),
    ] {
        assert_eq!(violations(&hub, thing), [expected]);
    }
    let bare = json!({ "id": "lamp", "name": "", "componentType": "x", "properties": [], "actions": null });
    assert_eq!(violations(&hub, lamp_with("/components", json!([bare]))), ["thing.components[0]"]);
    let long = "x".repeat(201);
    let mut thing = component("/id", json!(long));
    thing["mainComponentId"] = json!(long);
    assert_eq!(violations(&hub, thing), ["thing.components[0].id"]);
    assert_eq!(*world.app.graphql("{ things { id } }", json!({})).field(), json!([]));
}

#[test]
fn everything_wrong_with_a_thing_is_told_at_once() {
    let world = World::new();
    let hub = world.instantiated().hub;
    let mut paths = violations(
        &hub,
        json!({
            "name": [], "displayType": "", "mainComponentId": "none", "status": 5,
            "components": [{ "id": "", "componentType": "",
                "properties": [{ "id": "p", "type": "TEXT", "value": 1 }] }],
            "attributes": {},
        }),
    );
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "thing.attributes",
            "thing.components[0].componentType",
            "thing.components[0].id",
            "thing.components[0].properties[0].type",
            "thing.components[0].properties[0].value",
            "thing.displayType",
            "thing.mainComponentId",
            "thing.name",
            "thing.status",
        ]
    );
}

#[test]
fn a_value_is_taken_if_it_fits_and_is_not_older_than_the_present_one() {
    let world = World::new();
    let hub = world.instantiated().hub;
    let thing = hub.create_thing(&lamp());
    let set = |value: &str, at: &str| hub.update(&thing, "level", &json!({ "value": value, "lastUpdate": at }));
    set("21.50", "2024-05-06T08:00:00.123456789+02:00").expect(204);
    let current = json!({ "id": "level", "value": "21.50", "lastUpdate": "2024-05-06T06:00:00.123456Z" });
    assert_eq!(property(&world, "level"), current);
    set("1", "2024-05-06T06:00:00.123455Z").expect(204);
    assert_eq!(property(&world, "level"), current, "an older value became the present one");
    set("22", "2024-05-06T06:00:00.123456Z").expect(204);
    assert_eq!(property(&world, "level")["value"], "22", "the same time replaces");
    let points: i64 =
        world.server.sql().query_row("SELECT count(*) FROM history", [], |row| row.get(0)).expect("a count");
    // Two of this property; and the initial values of the two properties that had one.
    assert_eq!(points, 4);
}

#[test]
fn a_value_without_a_time_is_of_now() {
    let world = World::new();
    let hub = world.instantiated().hub;
    let thing = hub.create_thing(&lamp());
    for (value, body) in [
        ("1", json!({ "value": "1" })),
        ("2", json!({ "value": "2", "lastUpdate": "" })),
        ("3", json!({ "value": "3", "lastUpdate": null })),
        ("4", json!({ "value": "4", "lastUpdate": "0001-01-01T00:00:00Z" })),
    ] {
        hub.update(&thing, "level", &body).expect(204);
        assert_eq!(property(&world, "level")["value"], value);
    }
    hub.call("POST", &format!("/instances/things/{thing}/components/lamp/properties/level"), &json!({ "value": "5" }))
        .expect(204);
    assert_eq!(property(&world, "level")["value"], "5");
}

#[test]
fn values_that_do_not_fit_or_are_of_the_future_are_refused() {
    let world = World::new();
    let hub = world.instantiated().hub;
    let thing = hub.create_thing(&lamp());
    for (name, body) in [
        ("level", json!({ "value": "warm" })),
        ("level", json!({ "value": "NaN" })),
        ("level", json!({ "value": "" })),
        ("level", json!({ "value": 21.5 })),
        ("on", json!({ "value": "1" })),
        ("on", json!({ "value": "TRUE" })),
        ("level", json!({})),
        ("level", json!({ "value": "1", "lastUpdate": "yesterday" })),
        ("level", json!({ "value": "1", "lastUpdate": "2024-13-01T00:00:00Z" })),
        ("level", json!({ "value": "1", "lastUpdate": "2999-01-01T00:00:00Z" })),
        ("level", json!({ "value": "1", "lastUpdate": 5 })),
    ] {
        let answer = hub.update(&thing, name, &body).expect(400).json();
        assert_eq!(answer["error"], "BAD_REQUEST", "{body}");
    }
    assert_eq!(property(&world, "level")["lastUpdate"], Value::Null);
    assert_eq!(property(&world, "on")["value"], "false");
    let both = hub.update(&thing, "level", &json!({ "value": [], "lastUpdate": "x" })).expect(400).json();
    assert_eq!(both["violations"].as_array().map(Vec::len), Some(2), "{both}");
}

#[test]
fn a_status_is_set_and_a_thing_deleted() {
    let world = World::new();
    let hub = world.instantiated().hub;
    let thing = hub.create_thing(&lamp());
    let status = |body: Value| hub.call("PUT", &format!("/instances/things/{thing}/status"), &body);
    status(json!({ "status": "UNAVAILABLE" })).expect(204);
    assert_eq!(world.app.graphql("{ things { status } }", json!({})).field()[0]["status"], "UNAVAILABLE");
    for bad in [json!({ "status": "GONE" }), json!({ "status": 1 }), json!([]), json!(null)] {
        status(bad).expect(400);
    }
    hub.delete(&format!("/instances/things/{thing}")).expect(204);
    assert_eq!(*world.app.graphql("{ things { id } }", json!({})).field(), json!([]));
    hub.delete(&format!("/instances/things/{thing}")).expect(404);
    status(json!({ "status": "AVAILABLE" })).expect(404);
    hub.update(&thing, "level", &json!({ "value": "1" })).expect(404);
}

#[test]
fn an_empty_thing_id_deletes_nothing() {
    let world = World::new();
    let hub = world.instantiated().hub;
    hub.create_thing(&lamp());
    for path in ["/instances/things", "/instances/things/"] {
        let answer = hub.delete(path);
        assert!([404, 405].contains(&answer.status), "{path}: {answer:?}");
    }
    assert_eq!(hub.delete("/instances/things").status, 405);
    assert_eq!(world.app.graphql("{ things { id } }", json!({})).field().as_array().map(Vec::len), Some(1));
}

#[test]
fn another_instances_things_are_not_there() {
    let world = World::new();
    let first = world.instantiated();
    let thing = first.hub.create_thing(&lamp());
    world.app.instantiate(&first.installation, Some("other"), &[]).data();
    let other = world.hub(world.connector.arrived(crate::connector::Kind::Instance, 2)[1].token());
    other.update(&thing, "level", &json!({ "value": "1" })).expect(404);
    other.call("PUT", &format!("/instances/things/{thing}/status"), &json!({ "status": "AVAILABLE" })).expect(404);
    other.delete(&format!("/instances/things/{thing}")).expect(404);
    let missing = "/instances/things/00000000-0000-0000-0000-000000000000/status";
    other.call("PUT", missing, &json!({ "status": "AVAILABLE" })).expect(404);
    first.hub.update(&thing, "nope", &json!({ "value": "1" })).expect(404);
    assert_eq!(property(&world, "level")["value"], "");
}

#[test]
fn things_are_found_by_what_they_are_and_by_subject() {
    let world = World::new();
    let instance = world.instantiated();
    let thing = instance.hub.create_thing(&lamp());
    instance.hub.create_thing(&lamp_with("/name", json!("Second lamp")));
    let find = |constraint: Value| {
        let document = "query($constraint: ThingConstraint) { things(thingConstraint: $constraint) { name } }";
        let found = world.app.graphql(document, json!({ "constraint": constraint })).field().clone();
        let names =
            found.as_array().expect("a list").iter().map(|row| row["name"].as_str().expect("a name").to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(find(json!({})), ["Lamp", "Second lamp"]);
    assert_eq!(find(json!({ "id": thing })), ["Lamp"]);
    assert_eq!(find(json!({ "id": "nonsense" })), Vec::<String>::new());
    assert_eq!(find(json!({ "name": "Second lamp", "manufacturer": "Test" })), ["Second lamp"]);
    assert_eq!(find(json!({ "name": "Second lamp", "manufacturer": "Nobody" })), Vec::<String>::new());
    assert_eq!(find(json!({ "status": "AVAILABLE", "displayType": "core.LAMP", "mainComponentId": "lamp" })).len(), 2);
    assert_eq!(find(json!({ "status": "UNKNOWN" })), Vec::<String>::new());
    let nobody = world.app.graphql_for("nobody", "{ things { id } }", json!({}));
    assert_eq!(*nobody.field(), json!([]));
    let page = world.app.graphql("{ things(first: 1) { id name } }", json!({}));
    let after = "query($after: ID) { things(first: 1, after: $after) { name } }";
    let rest = world.app.graphql(after, json!({ "after": page.field()[0]["id"] }));
    let names = [&page.field()[0]["name"], &rest.field()[0]["name"]];
    assert!(names.contains(&&json!("Lamp")) && names.contains(&&json!("Second lamp")), "{names:?}");
}

#[test]
fn instances_show_their_things() {
    let world = World::new();
    let instance = world.instantiated();
    let thing = instance.hub.create_thing(&lamp());
    let document = "{ connectorInstantiations { things { id } } }";
    assert_eq!(world.app.graphql(document, json!({})).field()[0]["things"], json!([{ "id": thing }]));
}

#[test]
fn properties_are_the_same_however_they_are_selected() {
    let world = World::new();
    let hub = world.instantiated().hub;
    let thing = hub.create_thing(&lamp_with("/components/0/properties/2/value", json!("a \"quoted\" \u{1f980}")));
    hub.update(&thing, "level", &json!({ "value": "1.50", "lastUpdate": "2020-01-01T00:00:00.5Z" })).expect(204);
    let components = |selection: &str| {
        let document = format!("{{ things {{ components {{ {selection} }} }} }}");
        world.app.graphql(&document, json!({})).field()[0]["components"][0].clone()
    };
    let fields = "i: id name value unit type propertyType lastUpdate __typename";
    let straight = components(&format!("properties {{ {fields} }}"));
    assert_eq!(
        straight["properties"][1],
        json!({ "i": "level", "name": "Level", "value": "1.50", "unit": "%", "type": "NUMBER", "propertyType": "",
            "lastUpdate": "2020-01-01T00:00:00.500000Z", "__typename": "ComponentProperty" })
    );
    assert_eq!(straight["properties"][2]["value"], "a \"quoted\" \u{1f980}");
    for selection in [
        format!("properties {{ {fields} }} # properties\n"),
        format!("properties {{ ... {{ {fields} }} }}"),
        format!("properties {{ i: id {fields} }}"),
        "properties { i: id name value unit } properties { type propertyType lastUpdate __typename }".to_owned(),
        format!("properties {{ {fields} }} properties {{ i: id @skip(if: true) name }}"),
    ] {
        assert_eq!(components(&selection), straight, "{selection}");
    }
    let with_past = components("properties { i: id history { aggregate { count } } }");
    assert_eq!(with_past["properties"][1], json!({ "i": "level", "history": { "aggregate": { "count": 1 } } }));
}
