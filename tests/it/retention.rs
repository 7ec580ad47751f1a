//! What goes of the past by itself: points older than the operator keeps them, and those of things
//! that are deleted. What is current stays.

use crate::users::{World, lamp};
use crate::wait::until;
use serde_json::json;

const DAY: i64 = 24 * 60 * 60 * 1_000_000;
/// More than go in a few steps.
const OLD_POINTS: i64 = 5_500;

fn points(world: &World) -> i64 {
    world.server.sql().query_row("SELECT count(*) FROM history", [], |row| row.get(0)).expect("a count")
}

/// A lamp whose level has a long past and whose colour, though old, is current. Answers its ID.
fn old_lamp(world: &World) -> String {
    let hub = world.instantiated().hub;
    let id = hub.create_thing(&lamp());
    hub.update(&id, "level", &json!({ "value": "1" })).expect(204);
    let sql = world.server.sql();
    let now = "(SELECT max(at) FROM history)";
    let insert = format!(
        "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {OLD_POINTS})
         INSERT INTO history (property, at, value)
         SELECT p.key, {now} - 3 * {DAY} - n.i, 0.5 FROM n, properties AS p WHERE p.id = 'level'"
    );
    sql.execute(&insert, []).expect("points");
    let age = format!(
        "UPDATE history SET at = at - 3 * {DAY} WHERE property = (SELECT key FROM properties WHERE id = 'colour')"
    );
    assert_eq!(sql.execute(&age, []).expect("an old colour"), 1);
    id
}

#[test]
fn points_older_than_the_operator_keeps_them_go_and_values_stay() {
    let world = World::new();
    old_lamp(&world);
    let (before, values) = (points(&world), "{ things { components { properties { value } } } }");
    let seen = world.app.graphql(values, json!({})).field().clone();
    world.server.restart_with(&[]);
    assert_eq!(points(&world), before, "everything is kept where nothing is said");
    world.server.restart_with(&["--history-retention", "2"]);
    until("the old points are gone", || points(&world) == before - OLD_POINTS - 1);
    assert_eq!(*world.app.graphql(values, json!({})).field(), seen);
}

#[test]
fn the_past_of_a_deleted_thing_goes_and_is_nobody_elses() {
    let world = World::new();
    let id = old_lamp(&world);
    let hub = world.instance_hub();
    hub.delete(&format!("/instances/things/{id}")).expect(204);
    hub.create_thing(&lamp());
    let document = "{ things { components { properties { history { aggregate { count } } } } } }";
    let things = world.app.graphql(document, json!({})).field().clone();
    let properties = things[0]["components"][0]["properties"].as_array().expect("properties").clone();
    let counts: Vec<_> = properties.iter().map(|property| property["history"]["aggregate"]["count"].clone()).collect();
    assert_eq!(counts, [1, 0, 1]);
    until("only the new thing's points are left", || points(&world) == 2);
    let ended: i64 =
        world.server.sql().query_row("SELECT count(*) FROM ended_histories", [], |row| row.get(0)).expect("a count");
    assert_eq!(ended, 0);
}

#[test]
fn it_ends_in_the_middle_of_a_long_past_and_lets_others_write_meanwhile() {
    let world = World::new();
    let id = old_lamp(&world);
    let hub = world.instance_hub();
    let more = "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 500000)
        INSERT INTO history (property, at, value) SELECT p.key, n.i, 0.5 FROM n, properties AS p WHERE p.id = 'level'";
    world.server.sql().execute(more, []).expect("points");
    let before = points(&world);
    world.server.restart_with(&["--history-retention", "2"]);
    until("the first old points are gone", || points(&world) < before);
    hub.update(&id, "level", &json!({ "value": "2" })).expect(204);
    assert!(points(&world) > OLD_POINTS, "the update waited until all was done");
    world.server.terminate();
    assert!(world.server.wait().success());
    assert!(points(&world) > OLD_POINTS, "it stopped when all was done");
    assert!(!world.server.output().contains("ERROR"), "{}", world.server.output());
    world.server.start_again();
    until("all old points are gone", || points(&world) <= 5);
}
