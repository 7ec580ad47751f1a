//! Constraints of mutations that come to nothing: a variable without a value must not make the mutation
//! change everything.

use crate::users::{Answer, World, id_of, lamp};
use serde_json::{Value, json};

const CREATE: &str = "mutation($thing: NewThing!) { createThing(thing: $thing) { id } }";

/// A world whose app keeps two things itself.
fn world() -> World {
    let world = World::new();
    for _ in 0..2 {
        id_of(world.app.graphql(CREATE, json!({ "thing": lamp() })).field());
    }
    world
}

fn count(world: &World) -> usize {
    world.app.graphql("{ things { id } }", json!({})).field().as_array().expect("things").len()
}

#[test]
fn a_null_in_a_constraint_deletes_nothing() {
    let world = world();
    let by_id = "mutation($id: ID) { deleteThings(thingConstraint: { id: $id }) { id } }";
    let whole = "mutation($c: ThingConstraint) { deleteThings(thingConstraint: $c) { id } }";
    let two = "mutation($c: ThingComponentConstraint, $id: ID) {
        deleteThings(thingConstraint: { name: \"Lamp\", id: $id }, thingComponentConstraint: $c) { id } }";
    let in_fragment = "mutation($id: ID) { ...f } fragment f on Mutation {
        ... on Mutation { gone: deleteThings(thingConstraint: { id: $id }) { id } } }";
    let with_default = "mutation($id: ID = null) { deleteThings(thingConstraint: { id: $id }) { id } }";
    let list = "mutation($c: [String!]) { deleteThings(thingComponentConstraint: { capabilities: $c }) { id } }";
    for (document, variables, paths) in [
        (by_id, json!({}), &["thingConstraint.id"][..]),
        (by_id, json!({ "id": null }), &["thingConstraint.id"]),
        (with_default, json!({}), &["thingConstraint.id"]),
        (in_fragment, json!({}), &["thingConstraint.id"]),
        (whole, json!({}), &["thingConstraint"]),
        (whole, json!({ "c": null }), &["thingConstraint"]),
        (whole, json!({ "c": {} }), &["thingConstraint"]),
        (whole, json!({ "c": { "name": "Lamp", "status": null } }), &["thingConstraint.status"]),
        (two, json!({}), &["thingConstraint.id", "thingComponentConstraint"]),
        (list, json!({}), &["thingComponentConstraint.capabilities"]),
        (list, json!({ "c": [] }), &["thingComponentConstraint.capabilities"]),
        ("mutation { deleteThings(thingConstraint: null) { id } }", json!({}), &["thingConstraint"]),
        ("mutation { deleteThings(thingConstraint: { id: null }) { id } }", json!({}), &["thingConstraint.id"]),
        ("mutation { deleteThings(componentActionConstraint: {}) { id } }", json!({}), &["componentActionConstraint"]),
        ("mutation { deleteThings(dryRun: null) { id } }", json!({}), &["dryRun"]),
    ] {
        let refused = world.app.graphql(document, variables.clone());
        assert_eq!(refused.violations(), paths, "{document} {variables}");
        assert!(refused.message().contains("leave it out"), "{refused:?}");
    }
    assert_eq!(count(&world), 2);
}

#[test]
fn without_a_constraint_all_are_meant_and_with_a_value_those_like_it() {
    let world = world();
    let thing = world.app.graphql("{ things(first: 1) { id } }", json!({})).field()[0]["id"].clone();
    let by_id =
        "mutation($id: ID, $dryRun: Boolean) { deleteThings(thingConstraint: { id: $id }, dryRun: $dryRun) { id } }";
    assert_eq!(*world.app.graphql(by_id, json!({ "id": thing })).field(), json!([{ "id": thing }]));
    let skipped = "mutation($id: ID, $no: Boolean!) { about: __typename
        deleteThings(thingConstraint: { id: $id }) @skip(if: $no) { id } }";
    world.app.graphql(skipped, json!({ "no": true })).data();
    assert_eq!(count(&world), 1);
    assert_eq!(
        world.app.graphql("mutation { deleteThings { id } }", json!({})).field().as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(count(&world), 0);
}

#[test]
fn a_null_in_a_constraint_requests_no_action() {
    let world = World::new();
    let hub = world.instantiated().hub;
    for _ in 0..2 {
        hub.create_thing(&lamp());
    }
    let request = |arguments: &str, variables: Value| -> Answer {
        // A variable that is declared must be used.
        let used: Vec<_> = [("$id", "ID"), ("$c", "ThingConstraint"), ("$action", "String"), ("$dry", "Boolean")]
            .into_iter()
            .filter(|(name, _)| arguments.contains(name))
            .map(|(name, kind)| format!("{name}: {kind}"))
            .collect();
        let declared = if used.is_empty() { String::new() } else { format!("({})", used.join(", ")) };
        world.app.graphql(&format!("mutation{declared} {{ requestThingAction({arguments}) {{ id }} }}"), variables)
    };
    for (arguments, variables, path) in [
        (
            "thingConstraints: {thingConstraint: {id: $id}}, actionSelector: {id: \"toggle\"}",
            json!({}),
            "thingConstraints.thingConstraint.id",
        ),
        (
            "thingConstraints: {thingConstraint: $c}, actionSelector: {id: \"toggle\"}",
            json!({ "c": null }),
            "thingConstraints.thingConstraint",
        ),
        (
            "thingConstraints: {thingConstraint: {}}, actionSelector: {id: \"toggle\"}",
            json!({}),
            "thingConstraints.thingConstraint",
        ),
        ("thingConstraints: {}, actionSelector: {id: $action}", json!({}), "actionSelector.id"),
        ("thingConstraints: {}, actionSelector: null", json!({}), "actionSelector"),
        (
            "thingConstraints: {}, actionSelector: {id: \"toggle\"}, componentSelector: {}",
            json!({}),
            "componentSelector",
        ),
        ("thingConstraints: {}, actionSelector: {id: \"toggle\"}, dryRun: $dry", json!({ "dry": null }), "dryRun"),
    ] {
        assert_eq!(request(arguments, variables).violations(), [path], "{arguments}");
    }
    assert_eq!(world.connector.count_all(), 2, "the installation and the instance");
    let all = request("thingConstraints: {}, actionSelector: {id: \"toggle\"}", json!({}));
    assert_eq!(all.field().as_array().map(Vec::len), Some(2));
}
