//! Things that an app keeps itself: created and deleted over GraphQL, no connector's.

use crate::users::{Developer, World, id_of, lamp};
use serde_json::{Value, json};

const CREATE: &str = "mutation($thing: NewThing!) { createThing(thing: $thing) {
    id name status externalSubjectId components { capabilities properties { id value lastUpdate } } } }";

fn own(name: &str) -> Value {
    let mut thing = lamp();
    thing["name"] = name.into();
    thing
}

fn names(world: &World) -> Vec<Value> {
    let things = world.app.graphql("{ things { name } }", json!({})).field().clone();
    things.as_array().expect("things").iter().map(|thing| thing["name"].clone()).collect()
}

#[test]
fn the_documents_about_changing_things_answer_in_the_documented_shape() {
    let world = World::new();
    let created = world.app.graphql(include_str!("seed/create-thing.graphql"), json!({}));
    let id = id_of(created.field());
    assert_eq!(*created.field(), json!({ "id": id, "name": "Dummy Light" }));
    let requested = world.app.graphql(include_str!("seed/request-thing-action.graphql"), json!({}));
    let request = &requested.field()[0];
    assert_eq!(
        request["targetThing"],
        json!({ "id": id, "name": "Dummy Light", "manufacturer": "Dummy manufacturer" })
    );
    assert_eq!(request["targetComponent"], json!({ "id": "lamp", "name": "Lamp" }));
    assert_eq!(request["targetAction"], json!({ "id": "setOn" }));
    assert!(request["id"].is_null() && request["error"].is_string(), "a dry run of what cannot be done: {request}");
    world.app.graphql(CREATE, json!({ "thing": own("Virtual Light") })).data();
    let dry_run = world.app.graphql(include_str!("seed/delete-things.graphql"), json!({}));
    assert_eq!(*dry_run.field(), json!([{ "name": "Virtual Light" }]));
    assert_eq!(names(&world), ["Dummy Light", "Virtual Light"], "a dry run deletes nothing");
    let wet = include_str!("seed/delete-things.graphql").replace("dryRun: true", "dryRun: false");
    assert_eq!(*world.app.graphql(&wet, json!({})).field(), json!([{ "name": "Virtual Light" }]));
    assert_eq!(names(&world), ["Dummy Light"]);
}

#[test]
fn what_is_left_out_has_its_default_and_the_subject_is_the_headers() {
    let world = World::new();
    let thing = json!({ "name": "n", "manufacturer": "m", "displayType": "d", "mainComponentId": "c", "components": [
        { "id": "c", "name": "c", "componentType": "t", "properties": [{ "id": "p", "name": "p", "type": "NUMBER" }] }] });
    let created = world.app.graphql_for("someone", CREATE, json!({ "thing": thing })).field().clone();
    assert_eq!((&created["status"], &created["externalSubjectId"]), (&json!("UNKNOWN"), &json!("someone")));
    let component = &created["components"][0];
    assert_eq!(
        *component,
        json!({ "capabilities": [], "properties": [{ "id": "p", "value": "", "lastUpdate": null }] })
    );
    let default = world.app.graphql(CREATE, json!({ "thing": thing })).field().clone();
    assert_eq!(default["externalSubjectId"], "default");
    let seen = world.app.graphql_for("someone", "{ things { id } }", json!({}));
    assert_eq!(*seen.field(), json!([{ "id": created["id"] }]));
}

#[test]
fn the_rules_are_those_for_connectors_things() {
    let world = World::new();
    let mut thing = lamp();
    thing["displayType"] = "".into();
    thing["mainComponentId"] = "nope".into();
    thing["components"][0]["properties"][0]["value"] = "maybe".into();
    let refused = world.app.graphql(CREATE, json!({ "thing": thing }));
    let expected = ["thing.displayType", "thing.mainComponentId", "thing.components[0].properties[0].value"];
    assert_eq!(refused.violations(), expected);
    assert!(names(&world).is_empty());
}

#[test]
fn actions_on_an_own_thing_fail_and_say_why() {
    let world = World::new();
    let id = id_of(world.app.graphql(CREATE, json!({ "thing": lamp() })).field());
    let answer = world.app.act(&id, "toggle", &[]);
    let request = &answer.field()[0];
    assert_eq!(request["status"], "FAILED");
    assert!(request["error"].as_str().is_some_and(|error| error.contains("no connector")), "{request}");
}

#[test]
fn deleting_spares_what_is_not_meant_and_what_is_not_ones_own() {
    let world = World::new();
    let hub = world.instantiated().hub;
    hub.create_thing(&own("Connector's"));
    for name in ["A", "B", "C"] {
        world.app.graphql(CREATE, json!({ "thing": own(name) })).data();
    }
    let stranger = Developer::stranger(&world.server).create_app();
    stranger.graphql(CREATE, json!({ "thing": own("Stranger's") })).data();
    let delete = |arguments: &str| {
        let document = format!("mutation {{ deleteThings{arguments} {{ name }} }}");
        world.app.graphql(&document, json!({})).field().clone()
    };
    assert_eq!(delete("(thingConstraint: { name: \"Connector's\" })"), json!([]));
    assert_eq!(delete("(thingConstraint: { name: \"Stranger's\" })"), json!([]));
    assert_eq!(
        delete("(thingConstraint: { name: \"B\" }, componentActionConstraint: { id: \"dim\" })")[0]["name"],
        "B"
    );
    let nobodys = world.app.graphql_for("nobody", "mutation { deleteThings { name } }", json!({}));
    assert_eq!(*nobodys.field(), json!([]));
    assert_eq!(names(&world), ["Connector's", "A", "C"]);
    assert_eq!(delete(""), json!([{ "name": "A" }, { "name": "C" }]));
    assert_eq!(names(&world), ["Connector's"]);
    assert_eq!(stranger.graphql("{ things { name } }", json!({})).field()[0]["name"], "Stranger's");
}

#[test]
fn what_was_deleted_is_answered_with_its_parts() {
    let world = World::new();
    let id = id_of(world.app.graphql(CREATE, json!({ "thing": lamp() })).field());
    let document = "mutation { deleteThings { id
        attributes(attributeConstraint: { name: \"serial\" }) { value }
        none: attributes(attributeConstraint: { name: \"x\" }) { value }
        components(componentConstraint: { capabilities: [\"core.SWITCH\"] }) {
            properties(propertyConstraint: { type: BOOLEAN }) { id value history { edges { cursor } aggregate { count } } }
            actions(actionConstraint: { parameterName: \"slow\" }) { id } }
        others: components(componentPropertyConstraint: { id: \"x\" }) { id } } }";
    let deleted = world.app.graphql(document, json!({})).field().clone();
    let history = json!({ "edges": [], "aggregate": { "count": 0 } });
    assert_eq!(
        deleted,
        json!([{ "id": id, "attributes": [{ "value": "00130" }], "none": [],
            "components": [{ "properties": [{ "id": "on", "value": "false", "history": history }],
                "actions": [{ "id": "dim" }] }],
            "others": [] }])
    );
}
