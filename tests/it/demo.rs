//! The demo connector: `serve --demo` with the commands it prints, and `demo-connector` on its own.

use crate::harness::{Companion, Server, connhub, run, run_briefly};
use crate::users::{App, Developer, graphql, id_of};
use crate::wait::{eventually, until};
use connhub::demo;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::process::Command;

/// The `curl` commands that were printed, as one shell script: they use each other's variables.
fn printed_commands(output: &str) -> String {
    let mut commands = Vec::new();
    let mut continues = false;
    for line in output.lines() {
        if continues || line.contains("curl ") {
            commands.push(line.to_owned());
            continues = line.ends_with('\\');
        }
    }
    commands.join("\n")
}

/// Runs `connhub seed-history` on a server's database; what it printed.
#[track_caller]
fn seed_history(server: &Server, arguments: &[&str]) -> String {
    let done = run(connhub().arg("seed-history").arg("--db").arg(server.database()).args(arguments));
    assert!(done.success, "{}", done.stderr);
    done.stdout
}

#[test]
fn the_demos_things_get_a_past_beside_the_server_that_runs() {
    let server = Server::with(&["--demo"]);
    let developer = Developer::sign_in(&server);
    let app = id_of(&developer.graphql("{ apps { id } }", json!({})).field()[0]);
    let token = developer.service_token(&app, &[]);
    let day = "timeBucket: { width: \"1 hour\", aggregate: COUNT }, where: {}";
    let document = format!(
        "query($from: Time!, $to: Time!) {{ things {{ components {{ properties {{ id type lastUpdate
        history(from: $from, to: $to) {{ aggregate {{ count min max }} edges {{ node {{ value }} }} }}
        hours: history(from: $from, to: $to, {day}) {{ edges {{ node {{ value }} }} }} }} }} }} }}"
    );
    let first = seed_history(&server, &["--days", "2", "--every", "600"]);
    assert!(first.starts_with("1440 points more: 5 properties of 2 things"), "{first}");
    let times: Vec<_> = first.split_whitespace().filter(|word| word.ends_with('Z')).collect();
    let variables = json!({ "from": times[0], "to": times[1] });
    let things = graphql(&server, Some(&token), None, &document, variables).field().clone();
    for thing in things.as_array().expect("things") {
        for property in thing["components"][0]["properties"].as_array().expect("properties") {
            let (history, hours) = (&property["history"], &property["hours"]["edges"]);
            let count = history["aggregate"]["count"].as_u64().expect("a count");
            assert!(count >= 288, "{property}");
            assert!(hours[1]["node"]["value"].as_f64() >= Some(6.0), "{hours}");
            let values: BTreeSet<_> =
                history["edges"].as_array().expect("edges").iter().map(Value::to_string).collect();
            assert!(values.len() > 1, "it changes: {property}");
            assert!(property["lastUpdate"].as_str() > Some(times[0]), "the current value stays: {property}");
        }
    }
    let again = seed_history(&server, &["--days", "2", "--every", "600"]);
    let more: u32 = again.split(' ').next().and_then(|count| count.parse().ok()).expect("a count");
    assert!(more <= 10, "the same past twice is one past, but for what went by meanwhile: {again}");
}

#[test]
fn a_past_is_filled_in_without_a_server_too_and_leaves_alone_what_is_there() {
    let server = Server::with(&["--demo"]);
    eventually("the demo is there", || Some(server.output()).filter(|text| text.contains("setOn")));
    server.terminate();
    assert!(server.wait().success());
    let one = |sql: &str| server.sql().query_row(sql, [], |row| row.get::<_, String>(0)).expect(sql);
    let present = "SELECT group_concat(id || ' ' || value || ' ' || last_update) FROM properties";
    // One of the points to come is there already.
    let taken = "INSERT INTO history (property, at, value)
        SELECT key, unixepoch() / 3600 * 3600000000 - 7200000000, -99.0 FROM properties WHERE id = 'temperature'";
    server.sql().execute(taken, []).expect("a point");
    let before = one(present);
    let printed = seed_history(&server, &["--days", "1", "--every", "3600"]);
    assert!(printed.starts_with("119 points more: 5 properties of 2 things"), "{printed}");
    assert_eq!(one(present), before);
    assert_eq!(one("SELECT count(*) || '' FROM history WHERE at % 3600000000 = 0"), "120");
    assert_eq!(one("SELECT count(*) || '' FROM history WHERE value = -99.0"), "1");
    server.start_again();
}

#[test]
fn a_past_that_cannot_be_is_refused_with_a_way_out() {
    let server = Server::start();
    let database = server.database();
    let refused = |file: &std::path::Path, arguments: &[&str]| {
        let done = run(connhub().arg("seed-history").arg("--db").arg(file).args(arguments));
        assert!(!done.success, "{}", done.stdout);
        done.stderr
    };
    let few = ["--days", "1", "--every", "3600"];
    assert!(refused(&database, &few).contains("serve --demo --db"));
    let nowhere = database.with_file_name("nowhere.db");
    assert!(refused(&nowhere, &few).contains("there is no database"));
    assert!(!nowhere.exists(), "it makes none");
    assert!(refused(&database, &["--days", "0", "--every", "60"]).contains("--days"));
    assert!(refused(&database, &["--days", "1"]).contains("--every"));
    server.restart_with(&["--demo"]);
    eventually("the demo is there", || Some(server.output()).filter(|text| text.contains("setOn")));
    let many = refused(&database, &["--days", "3660", "--every", "1"]);
    assert!(many.contains("10000000 points") && many.contains("--every"), "{many}");
}

/// Waits until the demo is there, and answers how its app asks.
fn demo_app(server: &std::sync::Arc<Server>) -> App {
    let ready = || Some(server.output()).filter(|text| text.contains("The demo connector"));
    eventually("the demo is there", ready);
    let developer = Developer::sign_in(server);
    let id = id_of(&developer.graphql("{ apps { id } }", json!({})).field()[0]);
    let token = developer.service_token(&id, &[]);
    App { server: std::sync::Arc::clone(server), id, secret: String::new(), token }
}

/// Asserts that the demo's weather changes and its lamp can be switched.
#[track_caller]
fn is_alive(server: &std::sync::Arc<Server>) {
    let app = demo_app(server);
    let weather = || {
        let document = "{ things(thingConstraint: { name: \"Demo weather station\" }) { components { properties {
            value lastUpdate } } } }";
        app.graphql(document, json!({})).field().to_string()
    };
    let before = weather();
    until("the weather changes", || weather() != before);
    let document = "mutation { requestThingAction(thingConstraints: {}, actionSelector: { id: \"setOn\" },
        actionParameters: [{ name: \"on\", value: \"true\" }]) { status error } }";
    assert_eq!(*app.graphql(document, json!({})).field(), json!([{ "status": "COMPLETED", "error": null }]));
}

#[test]
fn a_demo_works_after_a_restore_elsewhere_and_after_a_crash() {
    let server = Server::with(&["--demo"]);
    is_alive(&server);
    let backup = server.database().with_file_name("demo.backup");
    let copied = run(connhub().arg("backup").arg(&backup).arg("--db").arg(server.database()));
    assert!(copied.success, "{}", copied.stderr);
    let elsewhere = Server::start();
    elsewhere.terminate();
    elsewhere.wait();
    let restored = run(connhub().arg("restore").arg(&backup).arg("--db").arg(elsewhere.database()));
    assert!(restored.success, "{}", restored.stderr);
    elsewhere.restart_with(&["--demo"]);
    is_alive(&elsewhere);
    elsewhere.crash_and_restart();
    is_alive(&elsewhere);
    // With another secret too.
    elsewhere.restart_with(&["--demo", "--secret", "another secret of more than 32 characters"]);
    is_alive(&elsewhere);
}

/// An older connhub kept it in a file beside the database.
#[test]
fn what_an_older_demo_kept_in_a_file_is_taken_over() {
    let server = Server::with(&["--demo"]);
    is_alive(&server);
    server.terminate();
    server.wait();
    let file = server.database().with_file_name("connhub.db.demo-connector.json");
    let state: Vec<u8> = {
        let sql = server.sql();
        let state = sql.query_row("SELECT value FROM settings WHERE name = 'demo_state'", [], |row| row.get(0));
        sql.execute("DELETE FROM settings WHERE name = 'demo_state'", []).expect("deleted");
        state.expect("a state")
    };
    std::fs::write(&file, "{\"installations\": \"a token\"").expect("a file");
    let mut command = connhub();
    command.args(["serve", "--demo", "--listen", "127.0.0.1:0", "--db"]).arg(server.database());
    let (listened, output) = run_briefly(command);
    assert!(!listened && output.contains("connhub.db.demo-connector.json") && !output.contains("a token"), "{output}");
    std::fs::write(&file, state).expect("a file");
    server.start_again();
    is_alive(&server);
    assert!(!file.exists(), "it holds tokens");
}

#[test]
fn serve_demo_prints_commands_that_work() {
    let server = Server::with(&["--demo"]);
    let output = eventually("everything is printed", || Some(server.output()).filter(|text| text.contains("setOn")));
    let script = printed_commands(&output);
    assert!(script.matches("curl ").count() >= 3, "{output}");
    // The answers are one line of JSON each.
    let finished = run(Command::new("bash").args(["-euo", "pipefail", "-c", &script.replace("\n\n", "\necho\n")]));
    assert!(finished.success, "{script}\n{}", finished.stderr);
    let answers: Vec<Value> = serde_json::Deserializer::from_str(&finished.stdout)
        .into_iter::<Value>()
        .collect::<Result<_, _>>()
        .unwrap_or_else(|error| panic!("{error}: {}", finished.stdout));
    assert_eq!(answers.len(), 2, "{answers:?}");
    assert!(answers.iter().all(|answer| answer["errors"].is_null()), "{answers:?}");
    assert_eq!(answers[0]["data"]["things"].as_array().map(Vec::len), Some(2), "{answers:?}");
    assert_eq!(answers[1]["data"]["requestThingAction"], json!([{ "status": "COMPLETED", "error": null }]));
}

#[test]
fn the_demo_is_made_once_and_lives_on_after_a_restart() {
    let server = Server::with(&["--demo"]);
    let developer = Developer::sign_in(&server);
    let apps = "{ apps { id installations { id state connector { id mode } instances { id state } } } }";
    let before = developer.graphql(apps, json!({})).field().clone();
    assert_eq!(before.as_array().map(Vec::len), Some(1));
    let installation = &before[0]["installations"][0];
    assert_eq!((&installation["state"], &installation["connector"]["mode"]), (&json!("COMPLETE"), &json!("PUBLIC")));
    assert_eq!(installation["instances"][0]["state"], "COMPLETE");
    server.terminate();
    assert!(server.wait().success());
    server.start_again();
    assert_eq!(*developer.graphql(apps, json!({})).field(), before);
    let token = developer.service_token(before[0]["id"].as_str().expect("an ID"), &[]);
    let ask = |document: &str| crate::users::graphql(&server, Some(&token), None, document, json!({}));
    let weather = || {
        let answer = ask("{ things(thingConstraint: { displayType: \"core.SENSOR\" }) {
                components { properties { lastUpdate } } } }");
        answer.field()[0]["components"][0]["properties"][0]["lastUpdate"].clone()
    };
    let first = weather();
    assert!(first.is_string());
    until("the weather changes", || weather() != first);
    let lamp = "mutation { requestThingAction(thingConstraints: {}, actionSelector: { id: \"setOn\" },
        actionParameters: [{ name: \"on\", value: \"true\" }]) { status error } }";
    assert_eq!(*ask(lamp).field(), json!([{ "status": "COMPLETED", "error": null }]));
    until("the lamp is on", || {
        let things =
            ask("{ things(thingConstraint: { displayType: \"core.LAMP\" }) { components { properties { value } } } }");
        things.field()[0]["components"][0]["properties"][0]["value"] == "true"
    });
}

fn parameters(declared: &[demo::Parameter]) -> Value {
    let parameter = |parameter: &demo::Parameter| {
        json!({
            "id": parameter.id, "name": parameter.name, "description": parameter.description,
            "required": parameter.required,
            "valueType": format!("{:?}", parameter.value_type).to_uppercase(),
            "displayType": format!("{:?}", parameter.display_type).to_uppercase(),
            "validationExpression": parameter.validation_expression,
        })
    };
    declared.iter().map(parameter).collect()
}

/// A server, a developer, and the demo connector as a process of its own, published.
struct Stage {
    developer: Developer,
    publication: String,
    _connector: Companion,
}

fn stage() -> Stage {
    let server = Server::with(&["--callback-timeout", "1s"]);
    let developer = Developer::sign_in(&server);
    let free =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let (description, urls) = (demo::description(), demo::callback_urls(free));
    let publish =
        "mutation($connector: ConnectorPublicationInput!) { publishConnector(connector: $connector) { id publicKey } }";
    let published = developer.graphql(
        publish,
        json!({ "connector": {
        "name": description.name, "description": description.description, "tags": description.tags,
        "configurationParameters": parameters(&description.installation_parameters),
        "customerConfigurationParameters": parameters(&description.instance_parameters),
        "installationCallbackUrl": urls.installation, "instanceCallbackUrl": urls.instance,
        "actionCallbackUrl": urls.action,
    } }),
    );
    let published = published.field();
    let mut command = connhub();
    let key = published["publicKey"].as_str().expect("a key");
    command.args(["demo-connector", "--listen", &free.to_string(), "--hub", &server.url(), "--public-key", key]);
    let connector = Companion::spawn(command);
    connector.line_with("the demo connector listens on");
    Stage { publication: id_of(published), developer, _connector: connector }
}

#[test]
fn on_its_own_it_answers_in_every_way_there_is() {
    let stage = stage();
    for (answer, at_first, step, at_last) in [
        ("at-once", "COMPLETE", None, "COMPLETE"),
        ("text", "ONGOING", Some("TEXT"), "COMPLETE"),
        ("markdown", "ONGOING", Some("MARKDOWN"), "COMPLETE"),
        ("redirect", "ONGOING", Some("REDIRECT"), "COMPLETE"),
        ("unauthorized", "FAILED", None, "FAILED"),
        ("forbidden", "FAILED", None, "FAILED"),
        ("server-error", "ERROR", None, "ERROR"),
        ("malformed", "ERROR", None, "ERROR"),
        ("too-slow", "ERROR", None, "ERROR"),
        ("failing-later", "ONGOING", None, "FAILED"),
    ] {
        let app = stage.developer.create_app();
        let values = [("answer", answer), ("completeSeconds", "0.5")];
        let installed = stage.developer.install(&app.id, &stage.publication, &values);
        assert_eq!(installed.field()["state"], at_first, "{answer}: {installed:?}");
        assert_eq!(installed.field()["furtherStep"]["type"].as_str(), step, "{answer}");
        let id = id_of(installed.field());
        until(&format!("{answer} has become {at_last}"), || stage.developer.installation(&id)["state"] == at_last);
    }
}

#[test]
fn on_its_own_it_gives_each_instance_a_lamp_and_the_weather() {
    let stage = stage();
    let app = stage.developer.create_app();
    let installed = stage.developer.install(&app.id, &stage.publication, &[]);
    let instance =
        app.instantiate(&id_of(installed.field()), Some("alice"), &[("lampOn", "true"), ("updateSeconds", "0.2")]);
    assert_eq!(instance.field()["state"], "COMPLETE");
    let things = app.graphql_for(
        "alice",
        "{ things { displayType components { properties { id type value } actions { id } } } }",
        json!({}),
    );
    let things = things.field().as_array().expect("a list").clone();
    let lamp = things.iter().find(|thing| thing["displayType"] == "core.LAMP").expect("a lamp");
    let kinds: Vec<_> =
        lamp["components"][0]["properties"].as_array().expect("properties").iter().map(|p| &p["type"]).collect();
    assert_eq!(kinds, ["BOOLEAN", "NUMBER", "STRING"]);
    assert_eq!(lamp["components"][0]["actions"].as_array().map(Vec::len), Some(3));
    assert_eq!(lamp["components"][0]["properties"][0]["value"], "true");
    let calibrate =
        "mutation { requestThingAction(thingConstraints: {}, actionSelector: { id: \"calibrate\" }) { id status } }";
    let requested = app.graphql(calibrate, json!({}));
    assert_eq!(requested.field()[0]["status"], "PENDING");
    let id = id_of(&requested.field()[0]);
    until("the calibration has ended", || app.action_request(&id)["status"] == "COMPLETED");
    app.remove_instance(&id_of(instance.field())).data();
    stage.developer.remove_installation(&id_of(installed.field()), false).data();
}
