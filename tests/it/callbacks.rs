//! The callback log, the scheme that is signed, and where callbacks may go (protocol.md).

use crate::connector::{Connector, Kind};
use crate::harness::Server;
use crate::users::{Developer, World, id_of, lamp, publication};
use crate::wait::{eventually, until};
use serde_json::{Value, json};

const ALL_FIELDS: &str = "id kind connector { id } installationId instanceId actionRequestId
    sentAt durationMs method url requestHeaders { name value } requestBody signedPayload
    responseStatus responseHeaders { name value } responseBody error";

/// The log as a developer sees it, newest first.
#[track_caller]
fn log(developer: &Developer, arguments: &str) -> Vec<Value> {
    let answer = developer.graphql(&format!("{{ callbacks{arguments} {{ {ALL_FIELDS} }} }}"), json!({}));
    answer.field().as_array().expect("a list").clone()
}

fn kinds(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["kind"].as_str().expect("a kind")).collect()
}

/// A world in which everything has been called once.
fn lived_in() -> (World, String) {
    let world = World::new();
    let instance = world.instantiated();
    let thing = instance.hub.create_thing(&lamp());
    world.app.act(&thing, "toggle", &[]).data();
    world.app.remove_instance(&instance.id).data();
    world.developer.remove_installation(&instance.installation, false).data();
    (world, instance.installation)
}

#[test]
fn every_callback_is_kept_as_it_was_sent_and_answered() {
    let (world, installation) = lived_in();
    let entries = log(&world.developer, "");
    assert_eq!(kinds(&entries), ["INSTALLATION_REMOVAL", "INSTANCE_REMOVAL", "ACTION", "INSTANCE", "INSTALLATION"]);
    let wire = [Kind::InstallationRemoval, Kind::InstanceRemoval, Kind::Action, Kind::Instance, Kind::Installation];
    for (entry, kind) in entries.iter().zip(wire) {
        let callback = world.connector.only(kind);
        let url = format!("http://{}{}", world.connector.authority(), callback.target);
        assert_eq!((&entry["method"], &entry["url"]), (&json!(callback.method), &json!(url)));
        let token = callback.token.as_deref().filter(|_| matches!(kind, Kind::Installation | Kind::Instance));
        let redacted = |text: &str| token.map_or(text.to_owned(), |token| text.replace(token, "•••"));
        assert_eq!(entry["requestBody"], redacted(&callback.body));
        assert_eq!(entry["signedPayload"], redacted(&callback.signed_payload));
        for name in ["Host", "Date", "Signature", "User-Agent", "Content-Type"] {
            let headers = entry["requestHeaders"].as_array().expect("headers");
            let kept =
                headers.iter().find(|header| header["name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(name)));
            assert_eq!(kept.and_then(|header| header["value"].as_str()), callback.header(name), "{name}: {entry}");
        }
        assert_eq!(entry["installationId"], installation);
        assert_eq!(entry["connector"]["id"], world.publication);
        assert_eq!(entry["error"], Value::Null);
        assert!(entry["durationMs"].as_f64().is_some_and(|ms| ms > 0.0), "{entry}");
        assert!(entry["responseHeaders"].as_array().is_some_and(|headers| !headers.is_empty()), "{entry}");
    }
    let statuses: Vec<_> = entries.iter().map(|entry| entry["responseStatus"].as_u64().expect("a status")).collect();
    assert_eq!(statuses, [204, 204, 204, 201, 201]);
    let nouns = |at: usize| (entries[at]["instanceId"].is_string(), entries[at]["actionRequestId"].is_string());
    assert_eq!([nouns(0), nouns(1), nouns(2), nouns(4)], [(false, false), (true, false), (true, true), (false, false)]);
}

#[test]
fn the_log_is_filtered_and_paged() {
    let (world, installation) = lived_in();
    let other = Connector::new();
    let silent = json!({ "installationCallbackUrl": "http://127.0.0.1:1/installations" });
    let second = world.developer.publish(&other, publication(&other, silent));
    let app = world.developer.create_app();
    assert_eq!(world.developer.install(&app.id, &second, &[]).field()["state"], "ERROR");
    let developer = &world.developer;
    assert_eq!(log(developer, "").len(), 6);
    assert_eq!(kinds(&log(developer, "(kind: ACTION)")), ["ACTION"]);
    assert_eq!(log(developer, &format!("(installationId: \"{installation}\")")).len(), 5);
    assert_eq!(log(developer, &format!("(connectorId: \"{}\")", world.publication)).len(), 5);
    let failed = log(developer, "(failedOnly: true)");
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["connector"]["id"], second);
    assert_eq!((&failed[0]["responseStatus"], &failed[0]["responseBody"]), (&Value::Null, &Value::Null));
    assert!(failed[0]["error"].as_str().is_some_and(|error| !error.is_empty()), "{failed:?}");
    let first = log(developer, "(first: 2)");
    let rest = log(developer, &format!("(first: 10, after: \"{}\")", id_of(&first[1])));
    assert_eq!(kinds(&rest), ["INSTANCE_REMOVAL", "ACTION", "INSTANCE", "INSTALLATION"]);
    assert_eq!(log(developer, "(installationId: \"nonsense\")"), Vec::<Value>::new());
}

/// One entry of the log as a developer sees it; null where there is none for them.
#[track_caller]
fn entry(developer: &Developer, id: &str) -> Value {
    let document = format!("query($id: ID!) {{ callback(id: $id) {{ {ALL_FIELDS} }} }}");
    developer.graphql(&document, json!({ "id": id })).field().clone()
}

#[test]
fn one_entry_is_found_by_its_id_with_all_that_the_log_tells() {
    let (world, _) = lived_in();
    for expected in log(&world.developer, "") {
        assert_eq!(entry(&world.developer, &id_of(&expected)), expected);
    }
    for id in ["nonsense", "", &world.publication, &id_of(&log(&world.developer, "")[0]).replace('0', "1")] {
        assert_eq!(entry(&world.developer, id), Value::Null, "{id}");
    }
}

#[test]
fn an_entry_is_not_there_before_its_callback_has_ended() {
    let world = World::new();
    world.connector.answers(Kind::Installation, &json!({ "hold": true }));
    let installing = world.installing();
    world.connector.arrived(Kind::Installation, 1);
    let stored = world.server.sql().query_row("SELECT id FROM callbacks", [], |row| row.get::<_, [u8; 16]>(0));
    let id = uuid::Uuid::from_bytes(stored.expect("the callback's row")).to_string();
    assert_eq!(entry(&world.developer, &id), Value::Null);
    world.connector.release(Kind::Installation);
    installing.join().expect("an answer").data();
    assert_eq!(entry(&world.developer, &id)["kind"], "INSTALLATION");
}

#[test]
fn a_malformed_answer_counts_as_failed_and_says_why() {
    let world = World::new();
    world.connector.answers(Kind::Installation, &json!({ "status": 202, "body": "{\"details\":" }));
    world.install().data();
    let failed = log(&world.developer, "(failedOnly: true)");
    assert_eq!((failed.len(), &failed[0]["responseBody"]), (1, &json!("{\"details\":")));
    assert!(failed[0]["error"].as_str().is_some_and(|error| !error.is_empty()), "{failed:?}");
}

#[test]
fn no_more_of_an_answer_is_kept_than_is_read() {
    let world = World::new();
    world.connector.answers(Kind::Installation, &json!({ "status": 500, "bodyBytes": 200_000 }));
    world.install().data();
    let entry = log(&world.developer, "").remove(0);
    let kept = entry["responseBody"].as_str().map_or(0, str::len);
    assert!(kept <= 64 * 1024, "{kept} bytes");
}

#[test]
fn the_log_belongs_to_the_connectors_owner_and_the_apps_owner() {
    let world = World::new();
    let stranger = Developer::stranger(&world.server);
    world.installed();
    assert_eq!(log(&stranger, ""), Vec::<Value>::new());
    let app = stranger.create_app();
    stranger.install(&app.id, &world.publication, &[]).data();
    assert_eq!(log(&world.developer, "").len(), 2, "the owner of the connector sees both");
    let seen = log(&stranger, "");
    assert_eq!(seen.len(), 1, "the owner of the app sees its own");
    // Where a connector listens is its owner's to know.
    assert!(!seen[0].to_string().contains(&world.connector.authority()), "{}", seen[0]);
    assert_eq!(entry(&stranger, &id_of(&seen[0])), seen[0]);
    let others = log(&world.developer, "").into_iter().find(|other| other["id"] != seen[0]["id"]);
    assert_eq!(entry(&stranger, &id_of(&others.expect("two entries"))), Value::Null);
}

#[test]
fn entries_older_than_the_operator_says_go() {
    let world = World::with(&["--callback-log-age", "1s"]);
    world.installed();
    assert_eq!(log(&world.developer, "").len(), 1);
    // The log is trimmed at the start and then every minute.
    until("the entry is gone", || {
        world.server.crash_and_restart();
        let rest = || world.server.sql().query_row("SELECT count(*) FROM callbacks", [], |row| row.get::<_, i64>(0));
        eventually("the log can be read", || rest().ok()) == 0
    });
}

#[test]
fn the_real_scheme_is_signed_where_the_operator_says_so() {
    let world = World::with(&["--sign-actual-scheme"]);
    world.connector.configure(&json!({ "scheme": "http" }));
    world.installed();
    let callback = world.connector.only(Kind::Installation);
    assert!(callback.signed_payload.contains("(url):http://127.0.0.1"), "{}", callback.signed_payload);
    assert_eq!(
        log(&world.developer, "")[0]["signedPayload"].as_str().map(|text| text.contains("(url):http://")),
        Some(true)
    );
}

#[test]
fn a_server_for_others_does_not_call_its_own_machine_unless_opened() {
    for (flags, state) in [
        (&["--listen", "0.0.0.0:0"][..], "ERROR"),
        (&["--listen", "0.0.0.0:0", "--allow-callback-net", "127.0.0.0/8"], "COMPLETE"),
    ] {
        let server = Server::with(flags);
        let developer = Developer::sign_in(&server);
        let connector = Connector::new();
        let id = developer.publish(&connector, publication(&connector, json!({})));
        let app = developer.create_app();
        assert_eq!(developer.install(&app.id, &id, &[]).field()["state"], state, "{flags:?}");
        assert_eq!(connector.count_all(), u64::from(state == "COMPLETE"), "{flags:?}");
    }
}

#[test]
fn names_that_resolve_to_loopback_are_loopback() {
    let world = World::new();
    let port = world.connector.authority().rsplit(':').next().expect("a port").to_owned();
    let authority = format!("localhost:{port}");
    let url = format!("http://{authority}{}/installations", world.connector.path());
    let connector = Connector::new();
    let id = world.developer.publish(&connector, publication(&connector, json!({ "installationCallbackUrl": url })));
    let key = world.developer.graphql("query($id: ID!) { connector(id: $id) { publicKey } }", json!({ "id": id }));
    world.connector.configure(&json!({ "publicKey": key.field()["publicKey"], "authority": authority }));
    assert_eq!(world.developer.install(&world.app.id, &id, &[]).field()["state"], "COMPLETE");
    assert_eq!(world.connector.only(Kind::Installation).header("Host"), Some(authority.as_str()));
}

#[test]
fn a_callback_that_fails_leaves_one_warning_in_the_log() {
    let parameter = json!({ "id": "password", "name": "p", "valueType": "STRING", "displayType": "PASSWORD" });
    let fields = json!({ "configurationParameters": [parameter] });
    let world = World::publishing(&["--callback-timeout", "1s"], fields);
    let hangs = json!({ "hang": true });
    let refuses = json!({ "status": 403, "body": "hunter2-hunter2" });
    for (behaviour, told) in [(json!({ "status": 500 }), "status=500"), (refuses, "status=403"), (hangs, "error=")] {
        world.connector.answers(Kind::Installation, &behaviour);
        let app = world.developer.create_app();
        world.developer.install(&app.id, &world.publication, &[("password", "hunter2-hunter2")]).data();
        let output = world.server.output();
        let line =
            output.lines().rfind(|line| line.contains("a callback failed")).unwrap_or_else(|| panic!("{output}"));
        for part in
            ["WARN", "kind=\"INSTALLATION\"", &format!("publication={}", world.publication), told, "duration_ms="]
        {
            assert!(line.contains(part), "{part} in {line}");
        }
    }
    let output = world.server.output();
    assert_eq!(output.matches("a callback failed").count(), 3, "{output}");
    assert!(!output.contains("hunter2"), "{output}");
    // One that succeeds leaves none.
    world.connector.answers(Kind::Installation, &json!({}));
    let app = world.developer.create_app();
    world.developer.install(&app.id, &world.publication, &[("password", "x")]).data();
    assert_eq!(world.server.output().matches("a callback failed").count(), 3);
}
