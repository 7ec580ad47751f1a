//! A disk that is full, read-only or broken under the running server: writes answer 503, nothing is
//! corrupted, reads go on, and it recovers by itself.

use crate::connector::Kind;
use crate::disk::{Disk, State};
use crate::harness::{BINARY, Companion, EMAIL, PASSWORD, Server, connhub, run};
use crate::http::{Request, Response};
use crate::users::{GRAPHQL, Hub, Instance, World, id_of, lamp, login};
use crate::wait::{eventually, until};
use serde_json::json;
use std::collections::BTreeMap;
use std::process::Command;
use tempfile::TempDir;

/// More updates than a disk without room takes before it says so: what it has its place for goes on.
const UPDATES_MAX: u32 = 2_000;

/// A world on a disk that can be spoiled.
struct Spoilt {
    disk: Disk,
    world: World,
    _control: TempDir,
}

impl Spoilt {
    fn new() -> Self {
        let control = TempDir::new().expect("a temporary folder");
        let disk = Disk::new(control.path());
        let account = [("CONNHUB_EMAIL", EMAIL), ("CONNHUB_PASSWORD", PASSWORD)];
        let preloaded = disk.environment();
        let environment = preloaded.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let server = Server::with_environment(&[], &environment.chain(account).collect::<Vec<_>>());
        Self { disk, world: World::on(server, json!({})), _control: control }
    }
}

/// Reports the number as a value at that second.
fn update(hub: &Hub, thing: &str, number: u32) -> Response {
    let at = format!("2024-01-01T{:02}:{:02}:{:02}Z", number / 3_600, number / 60 % 60, number % 60);
    hub.update(thing, "level", &json!({ "value": number.to_string(), "lastUpdate": at }))
}

/// Holds that a refusal says that nothing was written and that trying again helps.
#[track_caller]
fn assert_unavailable(response: &Response, code: &str) {
    assert_eq!((response.status, response.header("Retry-After")), (503, Some("5")), "{response:?}");
    let body = response.json();
    let error =
        if body["errors"].is_array() { body["errors"][0]["extensions"]["code"].clone() } else { body["error"].clone() };
    assert_eq!(error, code, "{body}");
    assert!(body.to_string().contains("the server's disk"), "{body}");
}

/// The values that the thing has, by their seconds of 2024.
fn values(world: &World, thing: &str) -> BTreeMap<i64, i64> {
    let sql = "SELECT h.at / 1000000 - 1704067200, CAST(h.value AS INTEGER) FROM history AS h JOIN properties AS p
        ON p.key = h.property JOIN components AS c ON c.key = p.component JOIN things AS t ON t.key = c.thing
        WHERE p.id = 'level' AND lower(hex(t.id)) = replace(?1, '-', '')";
    let sql_connection = world.server.sql();
    let mut statement = sql_connection.prepare(sql).expect("a query");
    let rows = statement.query_map([thing], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    rows.collect::<Result<_, _>>().expect("values")
}

fn assert_whole(world: &World) {
    let sql = world.server.sql();
    let check = |pragma: &str| {
        let mut statement = sql.prepare(pragma).expect("a pragma");
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).expect("rows");
        rows.collect::<Result<Vec<_>, _>>().expect("texts")
    };
    assert_eq!(check("PRAGMA integrity_check"), ["ok"]);
    assert!(check("PRAGMA foreign_key_check").is_empty());
}

/// Updates until one is refused; the numbers that were acknowledged.
fn update_until_refused(hub: &Hub, thing: &str, numbers: std::ops::Range<u32>) -> Vec<u32> {
    let mut acknowledged = Vec::new();
    for number in numbers {
        let response = update(hub, thing, number);
        if response.status != 204 {
            assert_unavailable(&response, "SERVICE_UNAVAILABLE");
            return acknowledged;
        }
        acknowledged.push(number);
    }
    panic!("{} updates were taken without a disk to take them", acknowledged.len());
}

/// All that is promised of a disk in that state.
fn writes_are_refused_and_reads_go_on(state: State) {
    let Spoilt { disk, world, _control } = Spoilt::new();
    let Instance { id, hub, .. } = world.instantiated();
    let thing = hub.create_thing(&lamp());
    update(&hub, &thing, 0).expect(204);

    disk.is(state);
    let mut acknowledged = update_until_refused(&hub, &thing, 1..UPDATES_MAX);
    let unready = world.server.send(&Request::get("/readyz"));
    assert_unavailable(&unready, "SERVICE_UNAVAILABLE");
    world.server.send(&Request::get("/healthz")).expect(200);
    let refused = world.server.send(&Request::post(GRAPHQL).bearer(world.developer.token.as_str()).json(&json!({
        "query": "mutation { createApp(name: \"No room\") { clientId } }" })));
    assert_unavailable(&refused, "INTERNAL_SERVER_ERROR");
    let extensions = refused.json()["errors"][0]["extensions"].clone();
    assert_eq!((&extensions["status"], &extensions["retryAfter"]), (&json!(503), &json!(5)), "{extensions}");
    assert_unavailable(&hub.call("POST", "/instances/things", &json!({ "thing": lamp() })), "SERVICE_UNAVAILABLE");
    // More at once than the readers that there are so far: new ones open the files.
    let reads: Vec<_> = (0..8)
        .map(|_| {
            let (app, id) = (world.app.clone(), id.clone());
            std::thread::spawn(move || app.instance(&id)["state"].clone())
        })
        .collect();
    for read in reads {
        assert_eq!(read.join().expect("a read"), "COMPLETE");
    }
    // Whoever signs in only reads.
    world.server.send(&login(EMAIL, PASSWORD)).expect(200);

    disk.is(State::Fine);
    until("it is ready again by itself", || world.server.send(&Request::get("/readyz")).status == 200);
    update(&hub, &thing, UPDATES_MAX).expect(204);
    acknowledged.extend([0, UPDATES_MAX]);
    let expected: BTreeMap<i64, i64> = acknowledged.iter().map(|number| ((*number).into(), (*number).into())).collect();
    assert_eq!(values(&world, &thing), expected, "what was acknowledged is there, and nothing that was refused");
    assert_whole(&world);
    let log = world.server.output();
    let told = |text: &str| log.lines().filter(|line| line.contains(text)).count();
    assert!((1..10).contains(&told("changes cannot be written")) && told("it works again") >= 1, "{log}");
    world.server.crash_and_restart();
    assert_eq!(values(&world, &thing), expected, "the same after a crash");
    assert_whole(&world);
}

/// SQLite notices that its index of the log cannot grow when all of the change is in the log.
#[test]
fn what_a_full_disk_refused_is_not_there_after_a_crash_even_if_it_was_in_the_log() {
    let Spoilt { disk, world, _control } = Spoilt::new();
    let hub = world.instantiated().hub;
    let thing = hub.create_thing(&lamp());
    let length = |ending: &str| {
        let file = format!("{}{ending}", world.server.database().display());
        std::fs::metadata(file).expect("a file").len()
    };
    // A log with room for more pages than one page of the index is for, of which few are in use: somebody
    // reads so long, and what was written is folded then.
    let reader = world.server.sql();
    reader.execute_batch("BEGIN; SELECT count(*) FROM accounts").expect("a read");
    let mut number = 0;
    while length("-wal") < 20_000_000 {
        update(&hub, &thing, number).expect(204);
        number += 1;
    }
    reader.execute_batch("COMMIT; PRAGMA wal_checkpoint(RESTART)").expect("folded");
    drop(reader);
    update(&hub, &thing, number).expect(204);
    world.server.crash_and_restart();
    assert_eq!(length("-shm"), 32_768, "one page of the index");

    disk.is(State::Full);
    let more = update_until_refused(&hub, &thing, number + 1..number + UPDATES_MAX);
    assert_eq!(length("-shm"), 32_768, "it had to grow");
    world.server.kill();
    disk.is(State::Fine);
    world.server.start_again();
    let last = i64::from(*more.last().expect("some had room"));
    let there = values(&world, &thing);
    assert_eq!(there.keys().max(), Some(&last), "nothing that was refused");
    assert!(there.into_keys().eq(0..=last), "something that was acknowledged is missing");
    assert_whole(&world);
}

#[test]
fn on_a_full_disk_writes_are_refused_reads_go_on_and_it_recovers_by_itself() {
    writes_are_refused_and_reads_go_on(State::Full);
}

#[test]
fn on_a_read_only_disk_writes_are_refused_reads_go_on_and_it_recovers_by_itself() {
    writes_are_refused_and_reads_go_on(State::ReadOnly);
}

#[test]
fn on_a_broken_disk_writes_are_refused_reads_go_on_and_it_recovers_by_itself() {
    writes_are_refused_and_reads_go_on(State::Broken);
}

#[test]
fn what_a_connector_answered_while_the_disk_was_full_is_written_once_there_is_room() {
    let Spoilt { disk, world, _control } = Spoilt::new();
    let hub = world.instantiated().hub;
    let thing = hub.create_thing(&lamp());
    world.connector.answers(Kind::Action, &json!({ "hold": true }));
    let acting = world.acting(&thing, "toggle");
    let id = world.connector.only(Kind::Action).id().to_owned();
    disk.is(State::Full);
    update_until_refused(&hub, &thing, 0..UPDATES_MAX);
    world.connector.release(Kind::Action);
    until("the outcome cannot be written", || world.server.output().contains("a callback could not be settled"));
    assert_eq!(world.app.action_request(&id)["status"], "PENDING");
    disk.is(State::Fine);
    assert_eq!(acting.join().expect("an answer").field()[0]["status"], "COMPLETED");
    assert_eq!(world.app.action_request(&id)["status"], "COMPLETED");
    assert_eq!(world.connector.count(Kind::Action), 1, "it is sent once");
}

#[test]
fn a_log_on_the_full_disk_ends_nothing() {
    let folder = TempDir::new().expect("a temporary folder");
    let disk = Disk::new(folder.path());
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" serve --listen 127.0.0.1:0 --log debug --db \"$1\" 2> \"$2\"", BINARY]);
    command.arg(folder.path().join("connhub.db")).arg(folder.path().join("log"));
    command.env("CONNHUB_EMAIL", EMAIL).env("CONNHUB_PASSWORD", PASSWORD).envs(disk.environment());
    let companion = Companion::spawn(command);
    let line = companion.line_with("connhub listens on http://");
    let authority = line.rsplit('/').next().expect("an address");
    let token = login(EMAIL, PASSWORD).send(authority).expect(200).json()["access_token"].clone();
    let token = token.as_str().expect("a token");
    let create = || {
        let body = json!({ "query": "mutation { createApp(name: \"An app\") { clientId } }" });
        Request::post(GRAPHQL).bearer(token).json(&body).send(authority)
    };
    disk.is(State::Full);
    let refused = eventually("writes are refused", || Some(create()).filter(|response| response.status != 200));
    assert_unavailable(&refused, "INTERNAL_SERVER_ERROR");
    disk.is(State::Fine);
    let created = eventually("it is written again", || Some(create()).filter(|response| response.status == 200));
    assert!(created.json()["data"]["createApp"]["clientId"].is_string());
}

#[test]
fn a_start_on_such_a_disk_is_refused_with_why_and_changes_nothing() {
    let Spoilt { disk, world, _control } = Spoilt::new();
    let installation = world.installed();
    world.server.terminate();
    assert!(world.server.wait().success());
    let before = std::fs::read(world.server.database()).expect("the database");
    for state in [State::Full, State::ReadOnly, State::Broken] {
        disk.is(state);
        let mut command = connhub();
        command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(world.server.database());
        let refused = run(command.envs(disk.environment()));
        assert!(!refused.success, "{state:?}");
        let told =
            ["the server's disk", "cannot open the database's files"].iter().any(|why| refused.stderr.contains(why));
        assert!(told, "{state:?}: {}", refused.stderr);
        assert!(std::fs::read(world.server.database()).expect("the database") == before, "{state:?} changed it");
    }
    disk.is(State::Fine);
    world.server.start_again();
    assert_eq!(world.developer.installation(&installation)["state"], "COMPLETE");
    assert_eq!(id_of(&world.developer.installation(&installation)), installation);
}
