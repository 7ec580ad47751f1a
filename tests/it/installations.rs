//! Installing a connector: every answer it can give, its own reports, and what is refused before it
//! is asked (domain.md, "States"; protocol.md, "Callbacks").

use crate::connector::{Connector, Kind};
use crate::users::{Answer, World, id_of, publication};
use serde_json::{Value, json};
use std::net::TcpListener;

/// What a refused or broken callback leaves in `stateDetails`: a code and a text for people.
#[track_caller]
fn assert_explained(installation: &Value) {
    for key in ["error", "description"] {
        let text = installation["stateDetails"][key].as_str();
        assert!(text.is_some_and(|text| !text.is_empty()), "{key} of {installation}");
    }
}

/// Installs with the connector answering so, and answers the installation.
#[track_caller]
fn install_answered(world: &World, behaviour: Value) -> Value {
    world.connector.answers(Kind::Installation, &behaviour);
    let installation = world.install().field().clone();
    let stored = world.developer.installation(&id_of(&installation));
    for field in ["state", "stateDetails", "furtherStep"] {
        assert_eq!(stored[field], installation[field], "what is stored is what was answered");
    }
    world.connector.answered(Kind::Installation, 1);
    installation
}

#[test]
fn answered_201_it_is_complete_whatever_the_body() {
    for body in ["", "{", "{\"furtherStep\":{\"type\":1,\"content\":\"ignored\"}}"] {
        let world = World::new();
        let installation = install_answered(&world, json!({ "status": 201, "body": body }));
        assert_eq!(installation["state"], "COMPLETE", "{body}");
        assert_eq!(installation["furtherStep"], Value::Null, "{body}");
    }
}

#[test]
fn answered_202_it_is_ongoing_with_the_further_step_and_details() {
    let redirect = "https://login.example.com/?state=1";
    for (number, kind, content, html) in [
        (1, "TEXT", "Press *the* button", Value::Null),
        (3, "REDIRECT", redirect, Value::Null),
        (2, "MARKDOWN", "Press **the** <u>button</u>", json!("<p>Press <strong>the</strong> button</p>\n")),
    ] {
        let world = World::new();
        let answer = json!({ "details": { "n": 42.50 }, "furtherStep": { "type": number, "content": content } });
        let installation = install_answered(&world, json!({ "status": 202, "json": answer }));
        assert_eq!(installation["state"], "ONGOING");
        assert_eq!(installation["stateDetails"], json!({ "n": 42.5 }));
        assert_eq!(installation["furtherStep"], json!({ "type": kind, "content": content, "contentHtml": html }));
    }
}

#[test]
fn answered_202_without_a_step_it_is_ongoing_without_one() {
    let empty_step = "{\"furtherStep\":{\"type\":0,\"content\":\"\"}}";
    for body in ["", "{}", empty_step, "{\"details\":null,\"furtherStep\":null}"] {
        let world = World::new();
        let installation = install_answered(&world, json!({ "status": 202, "body": body }));
        assert_eq!(installation["state"], "ONGOING", "{body}");
        assert_eq!(installation["furtherStep"], Value::Null, "{body}");
        assert_eq!(installation["stateDetails"], Value::Null, "{body}");
    }
}

#[test]
fn answered_401_or_403_it_has_failed_with_the_connectors_details() {
    for status in [401, 403] {
        let world = World::new();
        let body = "{\"details\":{\"error\":\"WRONG_KEY\",\"hint\":\"look again\"}}";
        // The SDK sends this JSON as plain text.
        let headers = json!({ "Content-Type": "text/plain; charset=utf-8" });
        let installation = install_answered(&world, json!({ "status": status, "body": body, "headers": headers }));
        assert_eq!(installation["state"], "FAILED");
        assert_eq!(installation["stateDetails"], json!({ "error": "WRONG_KEY", "hint": "look again" }));
    }
}

#[test]
fn any_other_answer_is_an_error_that_says_what_was_observed() {
    for status in [200, 204, 302, 400, 404, 500, 503] {
        let world = World::new();
        let body = if status == 204 { "" } else { "something broke" };
        let headers = json!({ "Location": world.connector.url("elsewhere") });
        let installation = install_answered(&world, json!({ "status": status, "body": body, "headers": headers }));
        assert_eq!(installation["state"], "ERROR", "{status}");
        assert_explained(&installation);
        let details = installation["stateDetails"].to_string();
        assert!(details.contains(&status.to_string()) && details.contains(body), "{details}");
        assert_eq!(world.connector.count_all(), 1, "a redirect was followed");
    }
}

#[test]
fn a_malformed_answer_is_an_error_that_shows_it() {
    for body in [
        "{",
        "[]",
        "\"text\"",
        "{\"details\":[]}",
        "{\"details\":\"text\"}",
        "{\"furtherStep\":{\"type\":4,\"content\":\"x\"}}",
        "{\"furtherStep\":{\"type\":3,\"content\":\"/relative\"}}",
        "{\"furtherStep\":{\"type\":3,\"content\":\"javascript:alert(1)\"}}",
    ] {
        let world = World::new();
        let installation = install_answered(&world, json!({ "status": 202, "body": body }));
        assert_eq!(installation["state"], "ERROR", "{body}");
        assert_explained(&installation);
    }
}

#[test]
fn an_answer_that_breaks_off_or_is_too_long_is_an_error() {
    for behaviour in [
        json!({ "drop": true }),
        json!({ "status": 202, "body": "{}", "truncate": true }),
        json!({ "status": 202, "bodyBytes": 64 * 1024 + 1 }),
    ] {
        let world = World::new();
        let installation = install_answered(&world, behaviour.clone());
        assert_eq!(installation["state"], "ERROR", "{behaviour}");
        assert_explained(&installation);
    }
}

#[test]
fn only_the_beginning_of_a_long_body_is_kept_in_the_details() {
    let world = World::new();
    let installation = install_answered(&world, json!({ "status": 500, "bodyBytes": 5_000 }));
    let details = installation["stateDetails"].to_string();
    let kept = details.matches('x').count();
    assert!((1_024..1_100).contains(&kept), "{kept} characters of the body are kept");
}

#[test]
fn a_connector_that_hangs_is_given_up() {
    for behaviour in [json!({ "hang": true }), json!({ "status": 202, "bodyBytes": 1_000, "dripMs": 50 })] {
        let world = World::with(&["--callback-timeout", "700ms"]);
        let installation = install_answered(&world, behaviour);
        assert_eq!(installation["state"], "ERROR");
        assert_explained(&installation);
        let callback = world.connector.answered(Kind::Installation, 1).remove(0);
        assert!(callback.closed_by_client_ms.is_some_and(|ms| (400.0..10_000.0).contains(&ms)), "{callback:?}");
    }
}

#[test]
fn a_connector_that_cannot_be_reached_is_an_error() {
    let world = World::new();
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let urls = json!({ "installationCallbackUrl": format!("http://{closed}/installations") });
    let unreachable = world.developer.publish(&world.connector, publication(&world.connector, urls));
    let installation = world.developer.install(&world.app.id, &unreachable, &[]).field().clone();
    assert_eq!(installation["state"], "ERROR");
    assert_explained(&installation);
}

#[test]
fn the_callback_is_what_the_protocol_says_to_the_byte() {
    let parameter = |id: &str, kind: &str| json!({ "id": id, "name": id, "valueType": kind });
    let parameters = json!([parameter("room", "STRING"), parameter("offset", "NUMBER")]);
    let world = World::publishing(&[], json!({ "configurationParameters": parameters }));
    let values = [("offset", "42.50"), ("room", "Küche \"1\" </b>")];
    let answer = world.developer.install(&world.app.id, &world.publication, &values);
    let id = id_of(answer.field());
    let callback = world.connector.only(Kind::Installation);
    let token = callback.token();
    assert_eq!(
        callback.body,
        format!(
            r#"{{"id":"{id}","token":"{token}","state":1,"configuration":[{}]}}"#,
            r#"{"id":"offset","value":"42.50"},{"id":"room","value":"Küche \"1\" </b>"}"#
        )
    );
    assert_eq!((callback.method.as_str(), callback.header("Content-Type")), ("POST", Some("application/json")));
    assert_eq!(callback.header("Host"), Some(world.connector.authority().as_str()));
    assert_eq!(callback.header("User-Agent"), Some(concat!("connhub/", env!("CARGO_PKG_VERSION"))));
    let date = callback.header("Date").expect("a date");
    assert_eq!(date.len(), "Wed, 07 Oct 2020 10:00:00 GMT".len(), "{date}");
    assert_eq!(
        callback.signed_payload,
        format!(
            "(method):POST\r\n(url):https://{}{}/installations\r\n(Date):{date}\r\n(body):{}",
            world.connector.authority(),
            world.connector.path(),
            callback.body
        )
    );
    assert!(token.bytes().all(|byte| byte.is_ascii_graphic()) && !id.contains('/') && id.len() <= 36);
}

#[test]
fn an_empty_configuration_is_an_empty_list() {
    let world = World::new();
    world.install().data();
    let callback = world.connector.only(Kind::Installation);
    assert_eq!(callback.json["configuration"], json!([]));
}

#[test]
fn a_state_reported_before_the_answer_wins() {
    for (state, name) in [(2, "COMPLETE"), (3, "ONGOING"), (4, "FAILED")] {
        let world = World::new();
        let report = json!({ "method": "POST", "path": "/installations/state", "token": "installation",
            "body": { "state": state, "details": { "by": "report" } } });
        let late = json!({ "details": { "by": "answer" } });
        let installation = install_answered(&world, json!({ "status": 403, "json": late, "hubCalls": [report] }));
        assert_eq!(installation["state"], name);
        assert_eq!(installation["stateDetails"], json!({ "by": "report" }));
        assert_eq!(world.connector.only(Kind::Installation).hub_results[0].status, Some(204));
    }
}

#[test]
fn a_state_reported_after_the_answer_is_taken() {
    let world = World::new();
    let report = json!({ "method": "POST", "path": "/installations/state", "token": "installation",
        "body": { "state": "COMPLETE", "details": { "by": "report" } } });
    world.connector.answers(Kind::Installation, &json!({ "status": 202, "hubCallsAfter": [report] }));
    let id = id_of(world.install().field());
    let installation = world.until_installation_is(&id, "COMPLETE");
    assert_eq!(installation["stateDetails"], json!({ "by": "report" }));
    let hub = world.installation_hub();
    hub.report("installations", 4).expect(204);
    assert_eq!(world.developer.installation(&id)["state"], "FAILED");
    hub.report("installations", 2).expect(204);
    assert_eq!(world.developer.installation(&id)["state"], "COMPLETE");
}

#[test]
fn while_the_connector_thinks_the_installation_is_initialized_and_can_be_seen() {
    let world = World::new();
    world.connector.answers(Kind::Installation, &json!({ "hold": true }));
    let waiting = world.installing();
    let id = world.connector.only(Kind::Installation).id().to_owned();
    assert_eq!(world.developer.installation(&id)["state"], "INITIALIZED");
    assert_eq!(world.app.instantiate(&id, None, &[]).code(), "CONFLICT");
    world.connector.release(Kind::Installation);
    let answer: Answer = waiting.join().expect("an answer");
    assert_eq!(answer.field()["state"], "COMPLETE");
}

#[test]
fn an_app_installs_a_connector_once() {
    let world = World::new();
    let id = world.installed();
    let again = world.install();
    assert_eq!(again.code(), "CONFLICT");
    assert!(again.message().contains(&id), "{}", again.message());
    assert_eq!(world.connector.count_all(), 1, "a refused installation was told");
    let other = world.developer.create_app();
    assert_eq!(world.developer.install(&other.id, &world.publication, &[]).field()["state"], "COMPLETE");
}

#[test]
fn of_two_installations_at_once_one_is_made() {
    let world = World::new();
    world.connector.answers(Kind::Installation, &json!({ "delayMs": 50 }));
    let both = [world.installing(), world.installing()];
    let answers = both.map(|thread| thread.join().expect("an answer"));
    let made = answers.iter().filter(|answer| answer.errors.is_empty()).count();
    assert_eq!(made, 1, "{answers:#?}");
    world.connector.answered(Kind::Installation, 1);
}

#[test]
fn a_failed_installation_must_be_removed_before_the_next() {
    for (status, state) in [(403, "FAILED"), (500, "ERROR")] {
        let world = World::new();
        world.connector.answers(Kind::Installation, &json!([{ "status": status }, { "status": 201 }]));
        let failed = world.install();
        assert_eq!(failed.field()["state"], state);
        let id = id_of(failed.field());
        assert_eq!(world.app.instantiate(&id, None, &[]).code(), "CONFLICT");
        let refused = world.install();
        assert_eq!(refused.code(), "CONFLICT");
        let message = refused.message();
        assert!(message.contains(&id) && message.contains("remove"), "{message}");
        world.developer.remove_installation(&id, false).data();
        assert_eq!(world.install().field()["state"], "COMPLETE");
    }
}

#[test]
fn a_wrong_configuration_is_told_whole_and_sends_nothing() {
    let parameter = |id: &str, kind: &str, required: bool, expression: &str| json!({ "id": id, "name": id, "valueType": kind, "required": required, "validationExpression": expression });
    let parameters = json!([
        parameter("key", "STRING", true, "^[a-z]+$"),
        parameter("port", "NUMBER", true, ""),
        parameter("tls", "BOOLEAN", false, ""),
        parameter("host", "STRING", true, ""),
    ]);
    let world = World::publishing(&[], json!({ "configurationParameters": parameters }));
    let install = |values: &[(&str, &str)]| world.developer.install(&world.app.id, &world.publication, values);
    let wrong = install(&[("key", "ABC"), ("port", "eighty"), ("tls", "yes"), ("nope", "x"), ("key", "abc")]);
    let mut paths = wrong.violations();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "configuration",
            "configuration[0].value",
            "configuration[1].value",
            "configuration[2].value",
            "configuration[3].configurationParameterId",
            "configuration[4].configurationParameterId",
        ]
    );
    assert_eq!(install(&[("key", "abc"), ("port", "80"), ("host", "")]).violations(), ["configuration[2].value"]);
    for not_finite in ["NaN", "inf", "1e999", "0x10", " 1", ""] {
        let answer = install(&[("key", "abc"), ("port", not_finite), ("host", "h")]);
        assert_eq!(answer.violations(), ["configuration[1].value"], "{not_finite:?}");
    }
    assert_eq!(world.connector.count_all(), 0);
    let document = "query($app: ID!) { connectorInstallations(appId: $app) { id } }";
    assert_eq!(*world.developer.graphql(document, json!({ "app": world.app.id })).field(), json!([]));
    assert_eq!(install(&[("key", "abc"), ("port", "-8e1"), ("host", "h")]).field()["state"], "COMPLETE");
}

#[test]
fn a_validation_expression_is_searched_not_anchored_and_empty_optional_values_pass() {
    let parameters = json!([
        { "id": "a", "name": "a", "valueType": "STRING", "validationExpression": "b" },
        { "id": "n", "name": "n", "valueType": "STRING", "validationExpression": "^9" },
    ]);
    let world = World::publishing(&[], json!({ "configurationParameters": parameters }));
    let answer = world.developer.install(&world.app.id, &world.publication, &[("a", "abc"), ("n", "")]);
    assert_eq!(answer.field()["state"], "COMPLETE");
}

#[test]
fn passwords_reach_the_connector_and_nobody_else() {
    const SECRET: &str = "hunter2-\"quoted\"-ünïcode";
    let parameters = json!([{ "id": "pw", "name": "Password", "valueType": "STRING", "displayType": "PASSWORD" }]);
    let world = World::publishing(&["--log", "trace"], json!({ "configurationParameters": parameters }));
    // A careless connector repeats the secret, as it is and as JSON has it.
    let echo = format!("no such user: {SECRET} {}", Value::from(SECRET));
    world.connector.answers(Kind::Installation, &json!({ "status": 500, "body": echo }));
    let installation = world.developer.install(&world.app.id, &world.publication, &[("pw", SECRET)]);
    let callback = world.connector.only(Kind::Installation);
    assert_eq!(callback.json["configuration"], json!([{ "id": "pw", "value": SECRET }]));
    let log = world.developer.graphql("{ callbacks { requestBody signedPayload responseBody error } }", json!({}));
    let seen = [installation.data().to_string(), log.data().to_string(), world.server.output()];
    for text in seen {
        assert!(!text.contains("hunter2"), "the password is in {text}");
        assert!(!text.contains(callback.token()), "the token is in {text}");
    }
    assert!(log.field()[0]["requestBody"].as_str().is_some_and(|body| body.contains("•••")), "{log:?}");
}

#[test]
fn the_url_of_a_callback_is_the_one_published() {
    let connector = Connector::new();
    let world = World::new();
    let url = format!("{}/deep/installations/?a=1&b=%20x", connector.url("x").trim_end_matches("/x"));
    let id = world.developer.publish(&connector, publication(&connector, json!({ "installationCallbackUrl": url })));
    let installation = world.developer.install(&world.app.id, &id, &[]);
    let installation = id_of(installation.field());
    world.developer.remove_installation(&installation, false).data();
    let path = connector.path();
    assert_eq!(connector.only(Kind::Installation).target, format!("{path}/deep/installations/?a=1&b=%20x"));
    let removal = connector.only(Kind::InstallationRemoval);
    assert_eq!(removal.target, format!("{path}/deep/installations/{installation}?a=1&b=%20x"));
}
