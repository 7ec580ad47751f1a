//! The first steps of common GraphQL clients, and what they are told of that is not offered here: persisted
//! queries, batches, streams, other WebSockets.

use crate::harness::node;
use crate::http::{Request, escaped};
use crate::socket::Socket;
use crate::users::{GRAPHQL, World, lamp};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

const HASH: &str = r#"{"persistedQuery":{"version":1,"sha256Hash":"ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38"}}"#;

#[test]
fn apollo_client_and_urql_go_through_their_first_steps() {
    let world = World::new();
    let hub = world.instantiated().hub;
    let thing = hub.create_thing(&lamp());
    let server = Arc::clone(&world.server);
    let arguments = [server.url(), world.app.token.clone(), thing, hub.token];
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    node("clients.mjs", &arguments);
}

#[track_caller]
fn assert_not_persisted(error: &Value) {
    assert_eq!(error["message"], "PersistedQueryNotSupported", "{error}");
    assert_eq!(error["extensions"]["code"], "PERSISTED_QUERY_NOT_SUPPORTED", "{error}");
}

#[test]
fn a_hash_without_a_document_is_answered_so_that_the_document_is_sent() {
    let world = World::new();
    let extensions: Value = serde_json::from_str(HASH).expect("JSON");
    for body in [
        json!({ "extensions": extensions }),
        json!({ "query": null, "variables": {}, "operationName": "Things", "extensions": extensions }),
        json!({ "query": "", "extensions": extensions }),
    ] {
        for (accept, status) in [("application/json", 200), ("application/graphql-response+json", 400)] {
            let request = Request::post(GRAPHQL).header("Accept", accept).json(&body);
            let answer = world.server.send(&request).expect(status).json();
            assert_not_persisted(&answer["errors"][0]);
            assert_eq!(answer.get("data"), None);
        }
    }
    let get = Request::get(&format!("{GRAPHQL}?operationName=Things&extensions={}", escaped(HASH)));
    assert_not_persisted(&world.server.send(&get).expect(200).json()["errors"][0]);
    let mut socket = Socket::of(&world.server, &world.app.token);
    socket.send(&json!({ "id": "1", "type": "subscribe", "payload": { "extensions": extensions } }));
    assert_not_persisted(&socket.error("1"));
    // Nothing is kept of what comes with a hash, and the socket goes on.
    let both = json!({ "query": "{ __typename }", "operationName": "", "extensions": extensions });
    socket.send(&json!({ "id": "1", "type": "subscribe", "payload": both }));
    assert_eq!(socket.next("1"), "Query");
    let answer = world.server.send(&Request::post(GRAPHQL).json(&both)).expect(200).json();
    assert_eq!(answer, json!({ "data": { "__typename": "Query" } }));
    let get = format!("{GRAPHQL}?query={}&operationName=&extensions={}", escaped("{ __typename }"), escaped(HASH));
    assert_eq!(world.server.send(&Request::get(&get)).expect(200).json()["data"]["__typename"], "Query");
}

#[test]
fn what_is_not_offered_is_refused_with_what_is() {
    let world = World::new();
    let plain = json!({ "query": "{ __typename }" });
    let batch = Request::post(GRAPHQL).json(&json!([plain, plain]));
    let streams = |accept: &str| Request::post(GRAPHQL).header("Accept", accept).json(&plain);
    let get_with_body = Request::new("GET", GRAPHQL).json(&plain);
    for (request, status, part) in [
        (batch, 400, "BatchHttpLink"),
        (streams("text/event-stream"), 406, "graphql-transport-ws"),
        (streams("multipart/mixed;deferSpec=20220824"), 406, "graphql-transport-ws"),
        (get_with_body, 400, "body of a GET"),
        (Request::post(GRAPHQL).json(&json!({ "query": null, "extensions": {} })), 400, "query: must be given"),
        (
            Request::post(GRAPHQL).json(&json!({ "query": "subscription { callbackLogged { id } }" })),
            200,
            "graphql-transport-ws",
        ),
    ] {
        let answer = world.server.send(&request).expect(status).json();
        let message = answer["errors"][0]["message"].as_str().unwrap_or_default();
        assert!(message.contains(part), "{answer}");
    }
    // What Apollo Client and urql send beside what they take as well.
    for accept in [
        "multipart/mixed;deferSpec=20220824,application/graphql-response+json,application/json;q=0.9",
        "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed",
    ] {
        assert_eq!(world.server.send(&streams(accept)).expect(200).json()["data"]["__typename"], "Query");
    }
}

/// What the server answers to a handshake with these headers.
fn handshake(world: &World, headers: &str) -> String {
    let mut stream = TcpStream::connect(world.server.authority()).expect("a connection");
    write!(stream, "GET {GRAPHQL} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn a_handshake_that_fails_is_answered_with_why() {
    let world = World::new();
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let upgrade = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n";
    for version in ["8", "12", "14", "x"] {
        let answer =
            handshake(&world, &format!("{upgrade}{key}Sec-WebSocket-Version: {version}\r\nConnection: close\r\n"));
        let lower = answer.to_lowercase();
        assert!(lower.starts_with("http/1.1 426 ") && lower.contains("\r\nsec-websocket-version: 13\r\n"), "{answer}");
        assert!(lower.contains("\r\nupgrade: websocket\r\n") && answer.contains("RFC 6455"), "{answer}");
    }
    for stripped in
        ["Connection: close\r\n", "Connection: close\r\nUpgrade: websocket\r\n", "Connection: close, Upgrade\r\n"]
    {
        let answer = handshake(&world, &format!("{stripped}{key}Sec-WebSocket-Version: 13\r\n"));
        assert!(
            answer.starts_with("HTTP/1.1 426 ") && answer.contains("proxy_set_header Upgrade $http_upgrade;"),
            "{answer}"
        );
    }
    let answer = handshake(&world, &format!("{upgrade}Sec-WebSocket-Version: 13\r\nConnection: close\r\n"));
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("Sec-WebSocket-Key"), "{answer}");
}

#[test]
fn an_error_in_a_list_says_in_which_row_it_is() {
    let world = World::new();
    let hub = world.instantiated().hub;
    for _ in 0..2 {
        hub.create_thing(&lamp());
    }
    let document = "{ things { components { properties { id history(where: { value: { _is: true } }) {
        edges { cursor } } } } } }";
    let answer = world.app.graphql(document, json!({}));
    // The level of the first lamp takes no truth value; the second is not looked at any more.
    assert_eq!(answer.error()["path"], json!(["things", 0, "components", 0, "properties", 1, "history"]), "{answer:?}");
    let by_alias = "{ some: things(first: 1) { name parts: components { all: properties { past: history(first: 10001) {
        edges { cursor } } } } } }";
    let answer = world.app.graphql(by_alias, json!({}));
    assert_eq!(answer.error()["path"], json!(["some", 0, "parts", 0, "all", 0, "past"]));
    let reader = world.developer.service_token(&world.app.id, &["connctd.connector"]);
    let nested = "{ connectorInstantiations { id things { id } } }";
    let answer = crate::users::graphql(&world.server, Some(&reader), None, nested, json!({}));
    assert_eq!(
        (answer.code(), &answer.error()["path"]),
        ("FORBIDDEN", &json!(["connectorInstantiations", 0, "things"]))
    );
    let in_mutation = "mutation { requestThingAction(thingConstraints: {}, actionSelector: { id: \"toggle\" }, dryRun: true) {
        targetThing { components { properties { history(where: { value: { _is: true } }) { edges { cursor } } } } } } }";
    let answer = world.app.graphql(in_mutation, json!({}));
    let path = json!(["requestThingAction", 0, "targetThing", "components", 0, "properties", 1, "history"]);
    assert_eq!(answer.error()["path"], path, "{answer:?}");
}
