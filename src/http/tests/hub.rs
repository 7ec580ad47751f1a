//! The seven requests of connectors, good and bad.

use super::{Answer, Server};
use http::StatusCode;
use serde_json::json;

const BASE: &str = "/api/v1/connectorhub/callback";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

fn lamp() -> String {
    json!({"thing": {"displayType": "core.LAMP", "mainComponentId": "lamp", "components": [{
        "id": "lamp", "componentType": "core.Lamp", "capabilities": null,
        "properties": [{"id": "on", "value": "", "type": "BOOLEAN"}]
    }]}})
    .to_string()
}

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, code: &str, about: &str) {
    let json = answer.json();
    assert_eq!(answer.status.as_u16(), status, "{json}");
    assert_eq!((&json["error"], &json["status"]), (&json!(code), &json!(status)));
    assert!(json["description"].as_str().is_some_and(|text| text.contains(about)), "{json}");
    assert_eq!(json["requestId"], answer.header("x-request-id"));
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_does_all_that_it_can() {
    let server = Server::start().await;
    let instance = server.instance.as_str();
    let state = r#"{"state": 3, "details": {"a": 1.50}}"#;
    for (line, token, body) in [
        (format!("POST {BASE}/installations/state"), server.installation.as_str(), state),
        (format!("POST {BASE}/instances/state"), instance, r#"{"state": "COMPLETE"}"#),
    ] {
        let answer = server.json(&line, token, body).await;
        assert_eq!((answer.status, answer.body.len()), (StatusCode::NO_CONTENT, 0), "{line} {answer:?}");
    }
    let created = server.json(&format!("POST {BASE}/instances/things"), instance, &lamp()).await;
    assert_eq!(created.status, StatusCode::CREATED);
    let thing = format!("{BASE}/instances/things/{}", created.json()["id"].as_str().unwrap_or_default());
    let property = format!("{thing}/components/l%61mp/properties/on");
    for (line, body) in [
        (format!("PUT {property}"), r#"{"value": "true", "lastUpdate": "2020-01-02T03:04:05.123456789+01:00"}"#),
        (format!("POST {property}"), r#"{"value": "false", "lastUpdate": ""}"#),
        (format!("PUT {thing}/status"), r#"{"status": "AVAILABLE"}"#),
        (format!("DELETE {thing}"), ""),
    ] {
        let answer = server.json(&line, instance, body).await;
        assert_eq!((answer.status, answer.body.len()), (StatusCode::NO_CONTENT, 0), "{line} {answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
    }
    assert_refused(&server.json(&format!("DELETE {thing}"), instance, "").await, 404, "NOT_FOUND", "thing");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_rules_is_refused_with_all_of_them() {
    let server = Server::start().await;
    let created = server.json(&format!("POST {BASE}/instances/things"), &server.instance, &lamp()).await;
    let thing = format!("{BASE}/instances/things/{}", created.json()["id"].as_str().unwrap_or_default());
    let property = format!("PUT {thing}/components/lamp/properties/on");
    let send = async |line: &str, body: &str| server.json(line, &server.instance, body).await;
    for (line, body, about) in [
        (property.as_str(), r#"{"value": "maybe"}"#, "the property is a BOOLEAN"),
        (&property, r#"{"value": "true", "lastUpdate": "soon"}"#, "lastUpdate: \"soon\""),
        (&property, "{", "line 1 column 1"),
        (&property, "", "it is empty"),
        (&format!("PUT {thing}/status"), r#"{"status": "BROKEN"}"#, "UNKNOWN, AVAILABLE and UNAVAILABLE"),
        (&format!("POST {BASE}/instances/state"), r#"{"state": 5}"#, "COMPLETE (2)"),
        (&format!("POST {BASE}/instances/things"), r#"{"thing": {}}"#, "thing.displayType"),
        (&format!("PUT {BASE}/instances/things/%ff/status"), "{}", "percent-encoded"),
    ] {
        assert_refused(&send(line, body).await, 400, "BAD_REQUEST", about);
    }
    let told = send(&format!("POST {BASE}/instances/things"), r#"{"thing": {"name": 1}}"#).await.json();
    assert_eq!(told["violations"].as_array().map(Vec::len), Some(4), "{told}");
    assert_eq!(told["violations"][0], json!({"path": "thing.name", "message": "must be a string, not a number"}));
    let many = json!({"thing": {"components": vec![json!({}); 10_000]}}).to_string();
    let told = send(&format!("POST {BASE}/instances/things"), &many).await;
    assert!(told.json()["violations"].as_array().is_some_and(|list| list.len() == 100) && told.body.len() < 32_768);
    for (line, body) in [
        (format!("PUT {BASE}/instances/things/{NOBODY}/components/lamp/properties/on"), r#"{"value": "true"}"#),
        (format!("PUT {thing}/components/lamp/properties/off"), r#"{"value": "true"}"#),
        (format!("PUT {BASE}/instances/things/1/status"), "{}"),
        (format!("DELETE {BASE}/instances/things/1"), ""),
        (format!("PUT {BASE}/instances/actions/requests/{NOBODY}"), r#"{"status": "COMPLETED"}"#),
        (format!("PUT {BASE}/instances/actions/requests/1"), "{}"),
        (format!("GET {BASE}/instances"), ""),
    ] {
        assert_refused(&send(&line, body).await, 404, "NOT_FOUND", "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_the_right_kind_is_needed_before_anything_else() {
    let server = Server::start().await;
    let routes = [
        ("POST", "installations/state".to_owned(), r#"{"state": 2}"#.to_owned()),
        ("POST", "instances/state".to_owned(), r#"{"state": 2}"#.to_owned()),
        ("POST", "instances/things".to_owned(), lamp()),
        ("PUT", format!("instances/things/{NOBODY}/components/c/properties/p"), r#"{"value": ""}"#.to_owned()),
        ("PUT", format!("instances/things/{NOBODY}/status"), r#"{"status": ""}"#.to_owned()),
        ("DELETE", format!("instances/things/{NOBODY}"), String::new()),
        ("PUT", format!("instances/actions/requests/{NOBODY}"), r#"{"status": "FAILED"}"#.to_owned()),
    ];
    for (method, path, body) in &routes {
        let line = format!("{method} {BASE}/{path}");
        let answer = server.send(&line, &[("content-type", "text/plain")], "nonsense").await;
        assert_refused(&answer, 401, "UNAUTHORIZED", "Authorization: Bearer");
        assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="connhub""#);
        for bad in ["", "x", "a.b.c"] {
            let answer = server.json(&line, bad, "nonsense").await;
            assert_refused(&answer, 401, "UNAUTHORIZED", "token");
            assert_eq!(answer.header("www-authenticate"), r#"Bearer error="invalid_token""#);
        }
        let installations = path.starts_with("installations");
        let wrong = if installations { &server.instance } else { &server.installation };
        for token in [wrong, &server.developer, &server.service] {
            assert_refused(&server.json(&line, token, body).await, 403, "FORBIDDEN", "this needs a token of the kind");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_types_and_sizes() {
    let server = Server::start().await;
    let authorization = format!("Bearer {}", server.instance);
    for (line, allow) in [
        (format!("DELETE {BASE}/instances/things"), "POST, OPTIONS"),
        (format!("DELETE {BASE}/instances/things/"), "POST, OPTIONS"),
        (format!("PATCH {BASE}/instances/things/{NOBODY}"), "DELETE, OPTIONS"),
        (format!("POST {BASE}/instances/things/{NOBODY}/status"), "PUT, OPTIONS"),
        (format!("GET {BASE}/instances/things/{NOBODY}/components/c/properties/p"), "PUT, POST, OPTIONS"),
        (format!("HEAD {BASE}/installations/state"), "POST, OPTIONS"),
    ] {
        let answer = server.json(&line, &server.instance, "").await;
        assert_refused(&answer, 405, "METHOD_NOT_ALLOWED", allow);
        assert_eq!(answer.header("allow"), allow);
    }
    let line = format!("POST {BASE}/instances/things");
    for (kind, status) in [
        (None, 201),
        (Some("application/json"), 201),
        (Some("application/json;charset=UTF-8"), 201),
        (Some("text/plain"), 415),
        (Some("application/json; charset=latin1"), 415),
    ] {
        let mut headers = vec![("authorization", authorization.as_str())];
        headers.extend(kind.map(|kind| ("content-type", kind)));
        assert_eq!(server.send(&line, &headers, lamp()).await.status.as_u16(), status, "{kind:?}");
    }
    let largest = lamp() + &" ".repeat(256 * 1024 - lamp().len());
    assert_eq!(server.json(&line, &server.instance, &largest).await.status, StatusCode::CREATED);
    let longer = server.json(&line, &server.instance, &(largest + " ")).await;
    assert_refused(&longer, 413, "PAYLOAD_TOO_LARGE", "262144 bytes");
    let announced = [("authorization", authorization.as_str()), ("content-length", "262145")];
    assert_refused(&server.send(&line, &announced, "{}").await, 413, "PAYLOAD_TOO_LARGE", "262144 bytes");
}
