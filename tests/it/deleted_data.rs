//! Deleted data is gone: neither in the database's file nor in backups of it, and what was deleted is not kept for longer
//! than it must be.

use crate::connector::Kind;
use crate::harness::{connhub, run};
use crate::users::{World, id_of, lamp};
use crate::wait::until;
use serde_json::json;
use std::fs;
use std::path::Path;

/// Begins every text that is to go.
const MARK: &str = "marked-for-deletion";

fn marked(what: &str) -> String {
    // Of the length of a page, so that some of it is in pages of its own.
    format!("{MARK}-{what}-{}", "x".repeat(5_000))
}

/// The texts that are in a file although they were deleted.
fn found(file: &Path) -> Vec<String> {
    let bytes = fs::read(file).expect("a file");
    let marks = bytes.windows(MARK.len()).enumerate().filter(|(_, part)| *part == MARK.as_bytes());
    marks.map(|(at, _)| String::from_utf8_lossy(&bytes[at..bytes.len().min(at + 40)]).into_owned()).collect()
}

fn rows(world: &World, table: &str) -> i64 {
    world.server.sql().query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).expect("a count")
}

fn parameter(id: &str) -> serde_json::Value {
    json!({ "id": id, "name": id, "required": false, "description": "d", "valueType": "STRING" })
}

#[test]
fn what_was_deleted_is_in_neither_the_file_nor_a_backup() {
    let fields =
        json!({ "configurationParameters": [parameter("i")], "customerConfigurationParameters": [parameter("j")] });
    let world = World::publishing(&["--callback-log-age", "1s", "--action-request-age", "1s"], fields);
    let (installed, instantiated) = (marked("installation"), marked("instance"));
    let installation = world.developer.install(&world.app.id, &world.publication, &[("i", &installed)]);
    let installation = id_of(installation.field());
    let instance = id_of(world.app.instantiate(&installation, None, &[("j", &instantiated)]).field());
    let hub = world.instance_hub();
    let thing = hub.create_thing(&lamp());
    for number in 0..30 {
        hub.update(&thing, "colour", &json!({ "value": marked(&format!("value{number}")) })).expect(204);
    }
    let mut own = lamp();
    own["name"] = marked("thing").chars().take(150).collect::<String>().into();
    hub.create_thing(&own);
    let error = json!({ "status": 400, "json": { "error": marked("error") } });
    world.connector.answers(Kind::Action, &error);
    world.app.act(&thing, "toggle", &[]).data();
    let app = "mutation($id: ID!, $name: String) { updateApp(appId: $id, name: $name) { id } }";
    world.developer.graphql(app, json!({ "id": world.app.id, "name": format!("{MARK}-app") })).data();

    world.app.remove_instance(&instance).data();
    world.developer.remove_installation(&installation, false).data();
    let remove = "mutation($id: ID!) { removeApp(appId: $id) { id } }";
    world.developer.graphql(remove, json!({ "id": world.app.id })).data();
    until("the past is gone", || rows(&world, "history") == 0);
    until("the callback log is trimmed", || rows(&world, "callbacks") == 0);

    let folder = tempfile::tempdir().expect("a temporary folder");
    let backup = folder.path().join("backup.db");
    let made = run(connhub().args(["backup", "--db"]).arg(world.server.database()).arg(&backup));
    assert!(made.success, "{}", made.stderr);
    assert_eq!(found(&backup), [""; 0], "in the backup");
    world.server.terminate();
    world.server.wait();
    assert_eq!(found(&world.server.database()), [""; 0], "in the file");
}

#[test]
fn action_requests_that_have_ended_are_kept_up_to_an_age_and_number() {
    let world = World::new();
    let instance = world.instantiated();
    let (staying, going) = (instance.hub.create_thing(&lamp()), instance.hub.create_thing(&lamp()));
    for _ in 0..12 {
        world.app.act(&staying, "toggle", &[]).data();
    }
    world.app.act(&going, "toggle", &[]).data();
    instance.hub.delete(&format!("/instances/things/{going}")).expect(204);
    assert_eq!(rows(&world, "removed_things"), 1);
    world.connector.answers(Kind::Action, &json!({ "status": 202 }));
    let pending = world.app.act(&staying, "toggle", &[]).field()[0]["id"].clone();
    world.connector.answers(Kind::Action, &json!({ "status": 204 }));
    for _ in 0..5 {
        world.app.act(&staying, "toggle", &[]).data();
    }
    assert_eq!(rows(&world, "action_requests"), 19);
    world.server.restart_with(&["--action-requests-kept", "3"]);
    let listed = || world.app.graphql("{ actionRequests { id status } }", json!({})).field().clone();
    until("the newest and the pending one are left", || listed().as_array().map(Vec::len) == Some(4));
    assert!(listed().as_array().expect("a list").contains(&json!({ "id": pending, "status": "PENDING" })));
    until("what was kept for its request alone is gone", || rows(&world, "removed_things") == 0);
    // Also what grows later, without a restart.
    for _ in 0..5 {
        world.app.act(&staying, "toggle", &[]).data();
    }
    until("the newest and the pending one are left", || rows(&world, "action_requests") == 4);
    world.server.restart_with(&["--action-request-age", "1s"]);
    until("the pending one is left", || listed() == json!([{ "id": pending, "status": "PENDING" }]));
}

#[test]
fn a_callback_log_that_was_too_long_before_a_restart_is_trimmed_after_it() {
    let world = World::new();
    let instance = world.instantiated();
    let thing = instance.hub.create_thing(&lamp());
    for _ in 0..10 {
        world.app.act(&thing, "toggle", &[]).data();
    }
    world.server.restart_with(&["--callback-log-entries", "4"]);
    until("the log is trimmed though nothing is called", || rows(&world, "callbacks") == 4);
}
