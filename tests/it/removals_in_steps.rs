//! Removals of much: they go in steps, so that others can write meanwhile, and a crash in the middle loses nothing.

use crate::connector::Kind;
use crate::users::{Instance, World, id_of, lamp};
use crate::wait::until;
use serde_json::{Value, json};

/// So many things of so many properties take SQLite far longer to delete than a write takes.
const THINGS: i64 = 150;
const PROPERTIES: i64 = 1_000;

fn rows(world: &World, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    world.server.sql().query_row(&sql, [], |row| row.get(0)).expect("a count")
}

fn literal(id: &str) -> String {
    format!("x'{}'", id.replace('-', ""))
}

/// Gives many things to an instance, or to the app itself, past the server.
fn fill(world: &World, instance: Option<&str>) {
    let (app, instance) = (literal(&world.app.id), instance.map_or("NULL".to_owned(), literal));
    let numbers =
        |most: i64| format!("WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {most})");
    let before = rows(world, "things");
    let insert = format!(
        "{} INSERT INTO things (id, app, subject, instance, name, manufacturer, main_component_id, display_type, status,
             created_at)
           SELECT randomblob(16), {app}, 'default', {instance}, 'n', 'm', 'c', 'd', 'AVAILABLE', 1 FROM n;
         INSERT INTO components (key, thing, id, name, component_type, capabilities)
           SELECT 1000000 + key, key, 'c', 'n', 't', '[]' FROM things WHERE manufacturer = 'm';
         {} INSERT INTO properties (component, id, name, value, unit, type, property_type)
           SELECT c.key, 'p' || i, 'n', '', '', 'STRING', '' FROM n, components AS c WHERE c.key > 1000000;",
        numbers(THINGS),
        numbers(PROPERTIES)
    );
    world.server.sql().execute_batch(&insert).expect("things");
    assert_eq!(rows(world, "things") - before, THINGS);
}

/// A world with an instance that goes and one that stays, with a lamp.
fn two() -> (World, Instance, Instance, String) {
    let world = World::new();
    let going = world.instantiated();
    let staying = id_of(world.app.instantiate(&going.installation, Some("staying"), &[]).field());
    let token = world.connector.answered(Kind::Instance, 2)[1].token().to_owned();
    let staying = Instance { id: staying, installation: going.installation.clone(), hub: world.hub(&token) };
    let lamp = staying.hub.create_thing(&lamp());
    (world, going, staying, lamp)
}

/// Writes until the properties are fewer, and once more: it must not have waited for all of them to go.
#[track_caller]
fn assert_others_write_meanwhile(world: &World, staying: &Instance, lamp: &str) {
    let all = THINGS * PROPERTIES;
    until("the first properties are gone", || rows(world, "properties") < all);
    staying.hub.update(lamp, "level", &json!({ "value": "2" })).expect(204);
    assert!(rows(world, "properties") > 3, "the update waited until all was gone");
}

#[test]
fn an_instance_with_many_things_goes_in_steps() {
    let (world, going, staying, lamp) = two();
    fill(&world, Some(&going.id));
    let (app, id) = (world.app.clone(), going.id.clone());
    let removing = std::thread::spawn(move || app.remove_instance(&id));
    assert_others_write_meanwhile(&world, &staying, &lamp);
    let seen = world.app.instance(&going.id);
    assert!(seen.is_null() || seen["state"] == "REMOVAL_ONGOING", "{seen}");
    removing.join().expect("an answer").data();
    assert_eq!(world.app.instance(&going.id), Value::Null);
    assert_eq!((rows(&world, "instances"), rows(&world, "things")), (1, 1), "the answer came before the end");
    world.connector.answered(Kind::InstanceRemoval, 1);
}

#[test]
fn a_crash_in_the_middle_of_an_instance_loses_nothing() {
    let (world, going, staying, lamp) = two();
    fill(&world, Some(&going.id));
    let (app, id) = (world.app.clone(), going.id.clone());
    let removing = std::thread::spawn(move || app.remove_instance(&id));
    assert_others_write_meanwhile(&world, &staying, &lamp);
    world.server.kill();
    let _ = removing.join();
    assert!(rows(&world, "properties") > 3, "it was over before the crash");
    world.server.start_again();
    until("the instance is gone", || rows(&world, "instances") == 1);
    assert_eq!((rows(&world, "things"), rows(&world, "properties")), (1, 3));
    world.connector.answered(Kind::InstanceRemoval, 1);
    staying.hub.update(&lamp, "level", &json!({ "value": "3" })).expect(204);
}

#[test]
fn an_app_is_gone_at_once_and_its_things_go_in_steps_after_a_crash_too() {
    let (world, _, staying, lamp) = two();
    let other = world.developer.create_app();
    let removed = World { app: other, ..world };
    fill(&removed, None);
    let remove = "mutation($id: ID!) { removeApp(appId: $id) { id } }";
    removed.developer.graphql(remove, json!({ "id": removed.app.id })).data();
    let find = "query($id: ID!) { app(id: $id) { id } }";
    assert_eq!(*removed.developer.graphql(find, json!({ "id": removed.app.id })).field(), Value::Null);
    assert_eq!(removed.app.graphql("{ things { id } }", json!({})).status, 401);
    assert_eq!(removed.developer.graphql(remove, json!({ "id": removed.app.id })).code(), "NOT_FOUND");
    assert_others_write_meanwhile(&removed, &staying, &lamp);
    removed.server.kill();
    assert!(rows(&removed, "properties") > 3, "it was over before the crash");
    removed.server.start_again();
    until("the app is gone", || rows(&removed, "apps") == 1);
    assert_eq!((rows(&removed, "things"), rows(&removed, "properties")), (1, 3));
}

#[test]
fn an_apps_own_things_are_deleted_in_steps() {
    let (world, _, staying, lamp) = two();
    fill(&world, None);
    let app = world.app.clone();
    let delete = "mutation { deleteThings(thingConstraint: { manufacturer: \"m\" }) { id } }";
    let deleting = std::thread::spawn(move || app.graphql(delete, json!({})));
    assert_others_write_meanwhile(&world, &staying, &lamp);
    let deleted = deleting.join().expect("an answer").field().clone();
    assert_eq!(deleted.as_array().map(Vec::len), usize::try_from(THINGS).ok());
    assert_eq!(rows(&world, "things"), 1);
}

/// More than are removed at once, past the server.
fn many_instances(world: &World, installation: &str, count: u32) {
    let insert = format!(
        "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         INSERT INTO instances (id, installation, app, owner, subject, state, created_at)
         SELECT randomblob(16), id, app, owner, 's' || i, 2, 1 FROM n, installations WHERE id = {}",
        literal(installation)
    );
    world.server.sql().execute_batch(&insert).expect("instances");
}

#[test]
fn the_removal_of_many_instances_says_how_far_it_is() {
    let world = World::new();
    let installation = world.installed();
    many_instances(&world, &installation, 1_200);
    // The first few; all others are held.
    let behaviours: Vec<_> = (0..100).map(|_| json!({})).chain([json!({ "hold": true })]).collect();
    world.connector.answers(Kind::InstanceRemoval, &json!(behaviours));
    let (developer, id) = (world.developer.clone(), installation.clone());
    let removing = std::thread::spawn(move || developer.remove_installation(&id, true));
    let details = || {
        let details = world.developer.installation(&installation)["stateDetails"].clone();
        match details {
            Value::String(text) => serde_json::from_str(&text).expect("JSON"),
            other => other,
        }
    };
    until("a hundred are gone", || details()["removed"] == 100);
    let told = details();
    assert_eq!(told["description"], "100 of 1,200 instances are removed");
    assert_eq!(
        (&told["instances"], world.developer.installation(&installation)["instanceCount"].clone()),
        (&json!(1_200), json!(1_100))
    );
    // One whose turn has not come is being removed like the others.
    let page = "{ connectorInstantiations(first: 1000) { state } }";
    let states = world.app.graphql(page, json!({})).field().clone();
    assert!(states.as_array().expect("instances").iter().all(|one| one["state"] == "REMOVAL_ONGOING"), "{states}");
    world.connector.answers(Kind::InstanceRemoval, &json!({}));
    world.connector.release(Kind::InstanceRemoval);
    let removed = removing.join().expect("an answer");
    assert_eq!(removed.field()["affectedInstances"].as_array().map(Vec::len), Some(1_200));
    assert_eq!((rows(&world, "instances"), rows(&world, "installations")), (0, 0));
    let last = world.connector.only(Kind::InstallationRemoval);
    assert!(world.connector.answered(Kind::InstanceRemoval, 1_200).iter().all(|removal| removal.n < last.n));
}

#[test]
fn a_removal_that_was_marked_and_not_begun_is_taken_up_by_the_next_start() {
    let world = World::new();
    let installation = world.installed();
    many_instances(&world, &installation, 40);
    world.server.kill();
    let marked = format!("UPDATE installations SET state = 7 WHERE id = {}", literal(&installation));
    assert_eq!(world.server.sql().execute(&marked, []).expect("marked"), 1);
    world.server.start_again();
    until("all of it is gone", || rows(&world, "installations") == 0);
    world.connector.answered(Kind::InstanceRemoval, 40);
    world.connector.answered(Kind::InstallationRemoval, 1);
}
