//! The hub as connectors meet it: requests in every spelling that the SDK and the documentation
//! have, and refusals in one form with the right status (protocol.md, "The hub").

use crate::connector::Kind;
use crate::http::{Request, Response};
use crate::users::{HUB, World, id_of, lamp};
use serde_json::{Value, json};

/// Asserts the hub's form of a refusal.
#[track_caller]
pub fn assert_refusal(response: &Response, status: u16, code: &str) {
    assert_eq!(response.status, status, "{response:?}: {}", String::from_utf8_lossy(&response.body));
    assert_eq!(response.header("Content-Type"), Some("application/json"));
    let body = response.json();
    assert_eq!((&body["error"], &body["status"]), (&json!(code), &json!(status)), "{body}");
    assert!(body["description"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
    assert_eq!(body["requestId"].as_str(), response.header("X-Request-Id"), "{response:?}");
}

#[test]
fn a_state_is_a_number_or_a_name_and_details_an_object_or_nothing() {
    let world = World::new();
    let id = world.installed();
    let hub = world.installation_hub();
    for (body, state, details) in [
        (json!({ "state": 3 }), "ONGOING", Value::Null),
        (json!({ "state": "ONGOING", "details": null }), "ONGOING", Value::Null),
        (json!({ "state": 4, "details": {} }), "FAILED", json!({})),
        (
            json!({ "state": "FAILED", "details": { "a": [1, { "b": null }] } }),
            "FAILED",
            json!({ "a": [1, { "b": null }] }),
        ),
        (
            json!({ "state": 2, "details": { "n": 1.5, "z": "ü" }, "unknown": 1 }),
            "COMPLETE",
            json!({ "n": 1.5, "z": "ü" }),
        ),
    ] {
        let answer = hub.call("POST", "/installations/state", &body).expect(204);
        assert!(answer.body.is_empty());
        let installation = world.developer.installation(&id);
        assert_eq!((&installation["state"], &installation["stateDetails"]), (&json!(state), &details), "{body}");
    }
}

#[test]
fn states_that_connectors_may_not_report_are_refused() {
    let world = World::new();
    let id = world.installed();
    let hub = world.installation_hub();
    for state in [
        json!(0),
        json!(1),
        json!(5),
        json!(6),
        json!(7),
        json!(8),
        json!(2.5),
        json!(-2),
        json!("ERROR"),
        json!("complete"),
        json!("2"),
        json!(null),
        json!([2]),
        json!(true),
    ] {
        assert_refusal(&hub.report("installations", state), 400, "BAD_REQUEST");
    }
    assert_refusal(&hub.call("POST", "/installations/state", &json!({})), 400, "BAD_REQUEST");
    let both = hub.call("POST", "/installations/state", &json!({ "state": 9, "details": [] }));
    assert_refusal(&both, 400, "BAD_REQUEST");
    assert_eq!(both.json()["violations"].as_array().map(Vec::len), Some(2), "{}", both.text());
    assert_eq!(world.developer.installation(&id)["state"], "COMPLETE");
}

#[test]
fn a_state_that_the_platform_has_set_stays() {
    let world = World::new();
    world.connector.answers(Kind::Installation, &json!({ "status": 500 }));
    let id = id_of(world.install().field());
    assert_refusal(&world.installation_hub().report("installations", 2), 409, "CONFLICT");
    assert_eq!(world.developer.installation(&id)["state"], "ERROR");
}

#[test]
fn tokens_of_the_wrong_kind_and_no_tokens_are_told_apart() {
    let world = World::new();
    let instance = world.instantiated();
    let installation = world.installation_hub();
    assert_refusal(&instance.hub.report("installations", 2), 403, "FORBIDDEN");
    assert_refusal(&installation.report("instances", 2), 403, "FORBIDDEN");
    assert_refusal(&world.hub(&world.developer.token).report("instances", 2), 403, "FORBIDDEN");
    assert_refusal(&world.hub("nonsense").report("instances", 2), 401, "UNAUTHORIZED");
    let request = Request::post(&format!("{HUB}/instances/state")).json(&json!({ "state": 2 }));
    let none = world.server.send(&request);
    assert_refusal(&none, 401, "UNAUTHORIZED");
    assert_eq!(none.header("WWW-Authenticate"), Some(r#"Bearer realm="connhub""#));
    for authorization in ["Basic abc", "Bearer", "bearer  ", &instance.hub.token] {
        let answer = world.server.send(&request.clone().header("Authorization", authorization));
        assert_refusal(&answer, 401, "UNAUTHORIZED");
    }
    let lower = format!("bearer {}", instance.hub.token);
    world.server.send(&request.header("Authorization", lower)).expect(204);
}

#[test]
fn tokens_end_with_what_they_are_for() {
    let world = World::new();
    let instance = world.instantiated();
    let installation = world.installation_hub();
    world.app.remove_instance(&instance.id).data();
    assert_refusal(&instance.hub.report("instances", 2), 401, "UNAUTHORIZED");
    installation.report("installations", 2).expect(204);
    world.developer.remove_installation(&instance.installation, false).data();
    assert_refusal(&installation.report("installations", 2), 401, "UNAUTHORIZED");
}

#[test]
fn paths_and_methods_that_are_not_there_are_told_in_json() {
    let world = World::new();
    let hub = world.instantiated().hub;
    for (method, path) in [
        ("GET", ""),
        ("GET", "/instances"),
        ("POST", "/instances/states"),
        ("PUT", "/instances/things/a/b"),
        ("POST", "/instances/things/a/components/b/properties"),
        ("POST", "/installations/state/more"),
    ] {
        assert_refusal(&hub.call(method, path, &json!({})), 404, "NOT_FOUND");
    }
    for (method, path) in [
        ("GET", "/instances/state"),
        ("PUT", "/instances/state"),
        ("DELETE", "/instances/things"),
        ("GET", "/instances/things"),
        ("PATCH", "/instances/things/a/status"),
        ("GET", "/instances/actions/requests/a"),
    ] {
        let answer = hub.call(method, path, &json!({}));
        assert_refusal(&answer, 405, "METHOD_NOT_ALLOWED");
        assert!(answer.header("Allow").is_some_and(|allow| !allow.is_empty()), "{answer:?}");
    }
}

#[test]
fn bodies_that_are_no_json_or_too_long_are_refused() {
    let world = World::new();
    let hub = world.instantiated().hub;
    let send = |body: Vec<u8>, content_type: &str| {
        let request = Request::post(&format!("{HUB}/instances/state")).bearer(hub.token.as_str()).body(body);
        world.server.send(&request.header("Content-Type", content_type))
    };
    let json = "application/json";
    for body in
        ["", "{", "[]", "2", "\"COMPLETE\"", "null", "{\"state\":2,}", "{\"state\":2}{}", "\u{feff}{\"state\":2}"]
    {
        assert_refusal(&send(body.into(), json), 400, "BAD_REQUEST");
    }
    assert_refusal(&send(b"{\"state\":\"\xff\"}".to_vec(), json), 400, "BAD_REQUEST");
    assert_refusal(&send(format!("{}2{}", "[".repeat(10_000), "]".repeat(10_000)).into(), json), 400, "BAD_REQUEST");
    for other in ["text/plain", "application/xml", "application/json; charset=latin1"] {
        assert_refusal(&send(b"{\"state\":2}".to_vec(), other), 415, "UNSUPPORTED_MEDIA_TYPE");
    }
    send(b"{\"state\":2}".to_vec(), "application/json; charset=utf-8").expect(204);
    let padded = |length: usize| format!("{}{{\"state\":2}}", " ".repeat(length - 11)).into_bytes();
    send(padded(256 * 1024), json).expect(204);
    assert_refusal(&send(padded(256 * 1024 + 1), json), 413, "PAYLOAD_TOO_LARGE");
}

#[test]
fn a_long_body_in_chunks_is_refused_too() {
    let world = World::new();
    let hub = world.instantiated().hub;
    let mut body = Vec::new();
    for _ in 0..5 {
        body.extend_from_slice(b"10000\r\n");
        body.extend_from_slice(&[b' '; 0x1_0000]);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"0\r\n\r\n");
    let request = Request::post(&format!("{HUB}/instances/state")).bearer(hub.token.as_str()).body(body);
    let request = request.header("Transfer-Encoding", "chunked").header("Content-Type", "application/json");
    assert_refusal(&world.server.send(&request), 413, "PAYLOAD_TOO_LARGE");
}

#[test]
fn any_host_header_is_taken_and_every_answer_has_an_id() {
    let world = World::new();
    let hub = world.instantiated().hub;
    let request =
        Request::post(&format!("{HUB}/instances/state")).bearer(hub.token.as_str()).json(&json!({ "state": 2 }));
    let answer = world.server.send(&request.clone().header("Host", "connectors.connctd.io")).expect(204);
    assert!(answer.header("X-Request-Id").is_some_and(|id| !id.is_empty()));
    let answer = world.server.send(&request.header("X-Request-Id", "my-request.1")).expect(204);
    assert_eq!(answer.header("X-Request-Id"), Some("my-request.1"));
    let refused = world.server.send(&Request::get(&format!("{HUB}/nowhere")).header("X-Request-Id", "\u{1}bad id"));
    assert!(refused.header("X-Request-Id").is_some_and(|id| !id.contains(' ')) || refused.status == 400, "{refused:?}");
}

#[test]
fn an_instance_that_is_still_ongoing_creates_things() {
    let world = World::new();
    let installation = world.installed();
    world.connector.answers(Kind::Instance, &json!({ "status": 202 }));
    world.app.instantiate(&installation, None, &[]).data();
    world.instance_hub().create_thing(&lamp());
}
