//! `connhub check`: everything that may be wrong with a database is found, and nothing else.

use crate::connector::Kind;
use crate::harness::{Finished, connhub, run};
use crate::users::{World, lamp};
use serde_json::json;
use std::path::{Path, PathBuf};

fn check(database: &Path) -> Finished {
    run(connhub().args(["check", "--db"]).arg(database))
}

/// A world with one of everything, in a file that no server is at work on.
fn world() -> World {
    let world = World::new();
    let hub = world.instantiated().hub;
    let thing = hub.create_thing(&lamp());
    hub.update(&thing, "level", &json!({ "value": "21.5", "lastUpdate": "2024-01-01T00:00:00Z" })).expect(204);
    hub.update(&thing, "on", &json!({ "value": "true", "lastUpdate": "2024-01-01T00:00:00Z" })).expect(204);
    hub.update(&thing, "colour", &json!({ "value": "red", "lastUpdate": "2024-01-01T00:00:00Z" })).expect(204);
    world.app.act(&thing, "toggle", &[]).data();
    world
}

#[test]
fn a_sound_database_is_sound_while_a_server_runs_and_while_none_does() {
    let world = world();
    world.connector.answers(Kind::Action, &json!({ "hold": true }));
    let thing = world.app.graphql("{ things { id } }", json!({})).field()[0]["id"].as_str().expect("an ID").to_owned();
    let acting = world.acting(&thing, "toggle");
    world.connector.arrived(Kind::Action, 2);
    let sound = check(&world.server.database());
    assert!(sound.success, "{}{}", sound.stdout, sound.stderr);
    for told in ["a server is at work on it", "1 things", "3 properties", "5 points of the past", "2 action requests"] {
        assert!(sound.stdout.contains(told), "{told} in {}", sound.stdout);
    }
    world.server.kill();
    assert!(acting.join().is_err(), "the connection broke");
    let sound = check(&world.server.database());
    assert!(sound.success && sound.stdout.contains("no server is at work on it"), "{}{}", sound.stdout, sound.stderr);
}

/// What was done to a database, and what the check says of it.
const BREACHES: [(&str, &str); 31] = [
    ("DELETE FROM accounts", "refers to one of accounts that is not there"),
    ("UPDATE apps SET id = x'01'", "is an ID that is none"),
    ("UPDATE apps SET redirect_uris = 'https://h'", "has a text that is no JSON"),
    ("UPDATE publications SET signing_seed = x'01'", "is a publication whose key cannot sign"),
    (
        "UPDATE publications SET removed = 1; DELETE FROM installations; DELETE FROM instances",
        "is a publication that was removed",
    ),
    (
        "INSERT INTO grants (id, client, account, app, scope, code_hash, created_at, used_at, expires_at)
         SELECT id, id, x'01', id, '', x'00', 1, 1, 1 FROM apps",
        "is a grant for an app of another account",
    ),
    ("UPDATE installations SET owner = x'01'", "is an installation of another owner than its app"),
    ("UPDATE installations SET state = 1", "is an installation in INITIALIZED, and no callback"),
    (
        "DELETE FROM instances; UPDATE installations SET state = 7",
        "is an installation in REMOVAL_ONGOING without instances",
    ),
    ("UPDATE instances SET app = x'01'", "is an instance of another app or owner"),
    ("UPDATE instances SET state = 1", "is an instance in INITIALIZED, and no callback"),
    ("UPDATE instances SET state = 7, removal_begun = 1", "is an instance whose removal was begun"),
    ("UPDATE instances SET state = 7", "is an instance in REMOVAL_ONGOING that nothing removes"),
    ("UPDATE instances SET step_kind = 1", "has half of a further step"),
    (
        "UPDATE callbacks SET settled = 0, sent_at = NULL, instance = x'01' WHERE kind = 'INSTANCE'",
        "is a callback that is under way about what is not there",
    ),
    (
        "UPDATE callbacks SET url = NULL WHERE kind = 'ACTION'",
        "is a callback with an outcome and without what was sent",
    ),
    ("UPDATE callbacks SET settled = 0", "or the other way round"),
    ("UPDATE things SET subject = 'somebody'", "is a thing of another app or end customer"),
    ("UPDATE things SET main_component_id = 'none'", "is a thing without its main component"),
    ("DELETE FROM capabilities", "is a thing that is not found by what a component of it can do"),
    (
        "UPDATE properties SET value = '22' WHERE type = 'NUMBER'",
        "(lamp/level) is a thing with a property whose current value is not the point of its time",
    ),
    (
        "UPDATE history SET value = 'x' WHERE typeof(value) = 'real'",
        "is a thing with a property that has points of another type",
    ),
    ("INSERT INTO ended_histories SELECT key FROM properties", "is a property whose points will be deleted"),
    ("DELETE FROM properties; DELETE FROM ended_histories", "is a property that is gone, and its points"),
    (
        "DROP INDEX things_name; CREATE INDEX things_name ON things (app, key)",
        "the index things_name of things is not as connhub made it",
    ),
    ("DROP INDEX things_own", "the index things_own of things is missing"),
    ("CREATE TABLE diary (day TEXT)", "the table diary is not connhub's"),
    ("CREATE VIEW everything AS SELECT * FROM accounts", "the view everything is not connhub's"),
    (KEEPS_PASSWORDS, "the trigger keep of accounts is not connhub's"),
    // It would never end: what is no table of connhub's is not read.
    (
        "DROP TABLE capabilities; CREATE VIEW capabilities (component, capability) AS
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, i FROM n",
        "the table capabilities is missing",
    ),
    ("ANALYZE", "all is well"),
];

/// What an attacker who once had the file leaves in it: the password that he knows stays good.
pub const KEEPS_PASSWORDS: &str = "CREATE TRIGGER keep AFTER UPDATE OF password_hash ON accounts
    BEGIN UPDATE accounts SET password_hash = old.password_hash WHERE id = old.id; END";

#[test]
fn each_breach_of_what_must_hold_is_found_and_told_with_an_id() {
    let world = world();
    world.server.terminate();
    assert!(world.server.wait().success());
    let whole = world.server.database();
    let broken: PathBuf = whole.with_file_name("broken.db");
    for (breach, told) in BREACHES {
        std::fs::copy(&whole, &broken).expect("a copy");
        let sql = rusqlite::Connection::open(&broken).expect("the copy");
        sql.execute_batch(&format!("PRAGMA foreign_keys = OFF; {breach}")).expect(breach);
        drop(sql);
        let report = check(&broken);
        assert_eq!(report.success, told == "all is well", "{breach}: {}{}", report.stdout, report.stderr);
        assert!(report.stdout.contains(told), "{breach}: {told} in {}", report.stdout);
    }
}

#[test]
fn damaged_pages_are_found() {
    let world = world();
    world.server.terminate();
    assert!(world.server.wait().success());
    let mut bytes = std::fs::read(world.server.database()).expect("the database");
    let middle = bytes.len() / 2 / 4_096 * 4_096;
    bytes[middle..middle + 8 * 4_096].fill(0xA5);
    std::fs::write(world.server.database(), bytes).expect("damage");
    let report = check(&world.server.database());
    assert!(!report.success, "{}", report.stdout);
}

#[test]
fn a_request_that_nobody_fails_past_its_deadline_is_a_breach_only_while_a_server_runs() {
    let world = world();
    let late = "UPDATE action_requests SET status = 'PENDING', deadline = 1";
    let told = "is an action request that is PENDING past its deadline";
    world.server.kill();
    world.server.sql().execute_batch(late).expect(late);
    assert!(check(&world.server.database()).success);
    // A server that does not see to it: only its lock is there.
    let lock = std::fs::File::open(world.server.database().with_file_name("connhub.db.lock")).expect("the lock");
    lock.lock().expect("nobody has it");
    let report = check(&world.server.database());
    assert!(!report.success && report.stdout.contains(told), "{}{}", report.stdout, report.stderr);
}

#[test]
fn what_a_hostile_file_would_do_to_the_terminal_is_shown_instead() {
    let world = World::new();
    world.server.kill();
    let database = world.server.database();
    let hostile = "CREATE VIEW \"\u{1b}[2J\u{1b}[Hall is well\r\n\u{9b}8m\" AS SELECT 1";
    world.server.sql().execute_batch(hostile).expect(hostile);
    let restored = database.with_file_name("restored.db");
    let restore = run(connhub().arg("restore").arg(&database).arg("--db").arg(&restored));
    let path = database.with_file_name("\u{1b}[31m.db");
    for finished in [check(&database), restore, check(&path)] {
        let told = format!("{}{}", finished.stdout, finished.stderr);
        assert!(!finished.success && told.contains("\\u{1b}["), "{told:?}");
        assert!(!told.chars().any(|c| c.is_control() && c != '\n'), "{told:?}");
        assert!(!told.lines().any(|line| line.starts_with("all is well")), "{told:?}");
    }
    assert!(!restored.exists());
}
