//! graphql-transport-ws to the letter: the handshake, every close code, operations of every type
//! over one socket, slow clients, and the end of the server.

use crate::harness::node;
use crate::http::Request;
use crate::socket::{PROTOCOL, Socket};
use crate::users::{Developer, GRAPHQL, World, lamp};
use crate::wait::eventually;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use tungstenite::Message;

const VALUES: &str = "subscription($thing: ID!) { thingPropertyChanged(thingId: $thing) { value } }";

fn world() -> (World, String) {
    let world = World::new();
    let id = world.app.id.clone();
    (world, id)
}

#[test]
fn the_subprotocol_has_to_be_asked_for() {
    let (world, _) = world();
    let (mut socket, agreed) = Socket::upgrade(&world.server, &[]);
    assert_eq!((socket.close_code(), agreed), (4406, None));
    // A client that asked for another one may refuse the answer by itself, so this one is made by hand.
    let head = format!(
        "GET {GRAPHQL} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: graphql-ws\r\n\r\n"
    );
    let mut stream = TcpStream::connect(world.server.authority()).expect("a connection");
    stream.write_all(head.as_bytes()).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an end");
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    // Agreed to, since a browser would not show why it is refused; first in the words of that protocol.
    assert!(head.starts_with("http/1.1 101") && head.contains("sec-websocket-protocol: graphql-ws"), "{head}");
    let length = u16::from_be_bytes([answer[end + 2], answer[end + 3]]);
    assert_eq!((answer[end], answer[end + 1]), (0x81, 126), "a text whose length has two bytes");
    let (said, close) = answer[end + 4..].split_at(length.into());
    let said: Value = serde_json::from_slice(said).expect("JSON");
    assert_eq!(said["type"], "connection_error");
    assert!(said["payload"]["message"].as_str().is_some_and(|why| why.contains("npm's graphql-ws")), "{said}");
    assert_eq!((close[0], &close[2..4]), (0x88, &4406_u16.to_be_bytes()[..]));
    let several = [("Sec-WebSocket-Protocol", "graphql-ws, graphql-transport-ws")];
    assert_eq!(Socket::upgrade(&world.server, &several).1.as_deref(), Some(PROTOCOL.1));
}

#[test]
fn a_plain_get_stays_what_it_is() {
    let (world, _) = world();
    let get = Request::get(&format!("{GRAPHQL}?query=%7B__typename%7D"));
    assert_eq!(world.server.send(&get).expect(200).json()["data"]["__typename"], "Query");
    // Not everything that an upgrade needs.
    let half = get.header("Upgrade", "websocket").header("Sec-WebSocket-Version", "13");
    assert_eq!(world.server.send(&half).expect(200).json()["data"]["__typename"], "Query");
    let subscription = Request::post(GRAPHQL).bearer(world.developer.token.as_str());
    let answer = world.server.send(&subscription.json(&json!({ "query": "subscription { callbackLogged { id } }" })));
    let error = &answer.expect(200).json()["errors"][0];
    assert!(error["message"].as_str().is_some_and(|message| message.contains("WebSocket")), "{error}");
}

#[test]
fn a_client_that_does_not_say_who_it_is_is_closed() {
    let (world, _) = world();
    let mut silent = Socket::open(&world.server);
    for payload in [
        Value::Null,
        json!({}),
        json!({ "Authorization": "Bearer nonsense" }),
        json!({ "Authorization": format!("Basic {}", world.developer.token) }),
        json!({ "Authorization": world.developer.token }),
    ] {
        let mut socket = Socket::open(&world.server);
        socket.send(&json!({ "type": "connection_init", "payload": payload }));
        assert_eq!(socket.close_code(), 4403, "{payload}");
    }
    let mut hasty = Socket::open(&world.server);
    hasty.begin("1", "{ __typename }", json!({}));
    assert_eq!(hasty.close_code(), 4401);
    assert_eq!(silent.close_code(), 4408);
}

#[test]
fn the_upgrade_can_say_who_it_is_and_the_first_message_counts_more() {
    let (world, _) = world();
    let bearer = format!("Bearer {}", world.developer.token);
    let (mut socket, _) = Socket::upgrade(&world.server, &[PROTOCOL, ("Authorization", &bearer)]);
    socket.send(&json!({ "type": "connection_init" }));
    assert_eq!(socket.receive()["type"], "connection_ack");
    socket.begin("1", "{ profile { email } }", json!({}));
    assert!(socket.next("1")["email"].is_string());
    let (mut socket, _) = Socket::upgrade(&world.server, &[PROTOCOL, ("Authorization", &bearer)]);
    let payload = json!({ "authorization": format!("bearer {}", world.app.token) });
    socket.send(&json!({ "type": "connection_init", "payload": payload }));
    assert_eq!(socket.receive()["type"], "connection_ack");
    socket.begin("1", "{ things { id } }", json!({}));
    assert_eq!(socket.next("1"), json!([]));
}

#[test]
fn what_the_protocol_does_not_know_closes_with_its_code() {
    let (world, _) = world();
    let socket = || Socket::of(&world.server, &world.developer.token);
    for text in
        ["", "x", "[]", "{}", r#"{"type":"start"}"#, r#"{"type":"subscribe","id":"1"}"#, r#"{"type":"complete"}"#]
    {
        let mut socket = socket();
        socket.send_message(Message::text(text));
        assert_eq!(socket.close_code(), 4400, "{text}");
    }
    let mut binary = socket();
    binary.send_message(Message::binary(&b"{}"[..]));
    assert_eq!(binary.close_code(), 4400);
    let mut twice = socket();
    twice.send(&json!({ "type": "connection_init" }));
    assert_eq!(twice.close_code(), 4429);
    let mut same = socket();
    same.begin("é\"", "subscription { callbackLogged { id } }", json!({}));
    same.begin("é\"", "{ __typename }", json!({}));
    assert_eq!(same.close_code(), 4409);
    let mut long = socket();
    long.send_message(Message::text("x".repeat(256 * 1024 + 1)));
    assert_eq!(long.close_code(), 1009);
    let mut longest = socket();
    let query = "{ profile { email } }";
    let padding = " ".repeat(256 * 1024 - 1_000);
    longest.begin("1", &format!("{query}{padding}"), json!({}));
    assert!(longest.next("1")["email"].is_string());
}

#[test]
fn pings_are_answered_and_pongs_taken() {
    let (world, _) = world();
    let mut socket = Socket::open(&world.server);
    for (ping, pong) in [
        (json!({ "type": "ping" }), json!({ "type": "pong" })),
        (
            json!({ "type": "ping", "payload": { "a": [1, null] } }),
            json!({ "type": "pong", "payload": { "a": [1, null] } }),
        ),
    ] {
        socket.send(&ping);
        assert_eq!(socket.receive(), pong, "before connection_init too");
    }
    socket.send(&json!({ "type": "pong" }));
    socket.assert_silent();
}

#[test]
fn queries_and_mutations_are_answered_as_over_http() {
    let (world, app) = world();
    let mut socket = Socket::of(&world.server, &world.developer.token);
    let update = "mutation($app: ID!, $name: String) { updateApp(appId: $app, name: $name) { name } }";
    for (query, variables, kind) in [
        ("{ profile { email } }", json!({}), "next"),
        ("query A { apps { id name } } query B { profile { id } }", json!({}), "error"),
        (update, json!({ "app": app, "name": "Renamed" }), "next"),
        (update, json!({ "app": app, "name": "" }), "next"),
        (update, json!({ "app": "nonsense" }), "next"),
        (update, json!({}), "error"),
        ("{ things { id } }", json!({}), "next"),
        ("{ nothing }", json!({}), "error"),
        ("{", json!({}), "error"),
        ("{ profile { __typename } a: profile { email } }", json!({}), "next"),
    ] {
        let body = json!({ "query": query, "variables": variables });
        let request = Request::post(GRAPHQL).bearer(world.developer.token.as_str()).json(&body);
        let mut over_http = world.server.send(&request).json();
        socket.begin("1", query, variables);
        let payload = socket.payload("1", kind);
        let mut told = if kind == "next" { payload } else { json!({ "errors": payload }) };
        if kind == "next" {
            assert_eq!(socket.receive(), json!({ "id": "1", "type": "complete" }));
        }
        for errors in [&mut told, &mut over_http] {
            for error in errors.get_mut("errors").and_then(Value::as_array_mut).into_iter().flatten() {
                assert!(error["extensions"]["requestId"].take().is_string(), "{query}");
            }
        }
        assert_eq!(told, over_http, "{query}");
    }
}

#[test]
fn a_subscription_selects_one_field_and_no_more() {
    let (world, _) = world();
    let mut socket = Socket::of(&world.server, &world.developer.token);
    for query in [
        "subscription { a: callbackLogged { id } b: callbackLogged { id } }",
        "subscription { callbackLogged @skip(if: true) { id } }",
        "subscription { __typename }",
        "subscription { callbackLogged { nothing } }",
        "subscription { nothing }",
        "subscription A { callbackLogged { id } } subscription B { callbackLogged { id } }",
        "subscription($x: ID!) { callbackLogged(connectorId: $x) { id } }",
    ] {
        socket.begin("1", query, json!({}));
        let error = socket.error("1");
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{query}: {error}");
    }
    socket.assert_silent();
}

#[test]
fn an_operation_ends_when_its_client_says_so_and_its_id_is_free() {
    let world = World::new();
    let hub = world.instantiated().hub;
    let thing = hub.create_thing(&lamp());
    let mut socket = Socket::of(&world.server, &world.app.token);
    let variables = json!({ "thing": thing });
    for value in ["1", "2", "3"] {
        socket.subscribe("1", VALUES, variables.clone());
        hub.update(&thing, "level", &json!({ "value": value })).expect(204);
        assert_eq!(socket.next("1")["value"], value);
        socket.send(&json!({ "id": "1", "type": "complete" }));
        socket.send(&json!({ "id": "unknown", "type": "complete" }));
        socket.until_taken();
        hub.update(&thing, "level", &json!({ "value": "0" })).expect(204);
        socket.assert_silent();
    }
}

#[test]
fn a_socket_has_so_many_operations_at_once() {
    let (world, _) = world();
    let mut socket = Socket::of(&world.server, &world.developer.token);
    let query = "subscription { callbackLogged { id } }";
    for id in 0..100 {
        socket.begin(&id.to_string(), query, json!({}));
    }
    socket.assert_silent();
    socket.begin("more", query, json!({}));
    let error = socket.error("more");
    assert_eq!(error["extensions"]["code"], "TOO_MANY_REQUESTS", "{error}");
    assert!(error["extensions"]["requestId"].is_string(), "{error}");
    socket.send(&json!({ "id": "7", "type": "complete" }));
    socket.begin("more", query, json!({}));
    socket.assert_silent();
}

#[test]
fn there_are_so_many_sockets_and_a_place_is_free_again() {
    let (world, _) = world();
    let mut sockets: Vec<_> = (0..2_000).map(|_| Socket::of(&world.server, &world.app.token)).collect();
    let upgrade = Request::get(GRAPHQL)
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header(PROTOCOL.0, PROTOCOL.1);
    let refused = world.server.send(&upgrade).expect(503);
    assert!(refused.header("Retry-After").is_some(), "{refused:?}");
    assert!(refused.json()["errors"][0]["extensions"]["requestId"].is_string(), "{refused:?}");
    sockets[0].begin("1", "{ things { id } }", json!({}));
    assert_eq!(sockets[0].next("1"), json!([]), "the others go on");
    drop(sockets.pop());
    eventually("a place is free", || Socket::try_upgrade(&world.server, &[PROTOCOL]));
}

/// Behind a proxy, where all connections come from one machine, too.
#[test]
fn one_address_has_its_share_of_the_sockets() {
    let world = World::with(&["--trusted-proxy", "127.0.0.1"]);
    let from = |address: &str| {
        let (mut socket, _) = Socket::try_upgrade(&world.server, &[PROTOCOL, ("X-Forwarded-For", address)])?;
        let payload = json!({ "Authorization": format!("Bearer {}", world.app.token) });
        socket.send(&json!({ "type": "connection_init", "payload": payload }));
        Some(socket)
    };
    let sockets: Vec<_> = (0..500).map(|_| from("203.0.113.9").expect("a socket")).collect();
    assert!(from("203.0.113.9").is_none(), "more than its share");
    assert!(from("198.51.100.7").is_some(), "others have theirs");
    drop(sockets);
    eventually("there is room again", || from("203.0.113.9"));
}

#[test]
fn a_client_that_does_not_read_is_closed_and_delays_nobody() {
    let world = World::new();
    let hub = world.instantiated().hub;
    let thing = hub.create_thing(&lamp());
    let mut slow = Socket::of(&world.server, &world.app.token);
    let mut quick = Socket::of(&world.server, &world.app.token);
    for socket in [&mut slow, &mut quick] {
        socket.subscribe("1", VALUES, json!({ "thing": thing }));
    }
    // Long values fill the buffers of the network soon.
    let value = "x".repeat(60_000);
    let mut updates = 0;
    let log = "too slow";
    while !world.server.output().contains(log) {
        hub.update(&thing, "colour", &json!({ "value": value })).expect(204);
        quick.next("1");
        updates += 1;
        assert!(updates < 2_000, "the client still holds its place");
    }
    let (read, code, reason) = slow.until_closed();
    assert_eq!(code, 4413, "{reason}");
    assert!(read < updates, "{read} of {updates} updates");
    hub.update(&thing, "level", &json!({ "value": "1" })).expect(204);
    assert_eq!(quick.next("1")["value"], "1");
}

#[test]
fn the_server_says_that_it_goes() {
    let world = World::new();
    let mut sockets: Vec<_> = (0..10).map(|_| Socket::of(&world.server, &world.developer.token)).collect();
    sockets.push(Socket::open(&world.server));
    sockets[0].subscribe("1", "subscription { callbackLogged { id } }", json!({}));
    let since = std::time::Instant::now();
    world.server.terminate();
    for mut socket in sockets.split_off(1) {
        assert_eq!(socket.close_code(), 1001);
    }
    // One that does not answer keeps nobody from ending.
    assert!(world.server.wait().success());
    assert!(since.elapsed().as_secs() < 20, "{:?}", since.elapsed());
}

#[test]
fn fields_of_the_same_name_merge_and_others_are_refused() {
    let world = World::new();
    let hub = world.instantiated().hub;
    let thing = hub.create_thing(&lamp());
    let mut socket = Socket::of(&world.server, &world.app.token);
    let field =
        |alias: &str, selection: &str| format!("{alias}thingPropertyChanged(thingId: \"{thing}\") {{ {selection} }}");
    let spread = format!(
        "subscription {{ ...f ...f {} }} fragment f on Subscription {{ {} }}",
        field("", "value"),
        field("", "propertyId")
    );
    for (id, document, name) in [
        (
            "same",
            format!("subscription {{ {} {} }}", field("", "value"), field("", "value propertyId")),
            "thingPropertyChanged",
        ),
        (
            "alias",
            format!("subscription {{ {} ... {{ {} }} }}", field("x: ", "propertyId"), field("x : ", "value")),
            "x",
        ),
        ("spread", spread, "thingPropertyChanged"),
    ] {
        socket.subscribe(id, &document, json!({}));
        hub.update(&thing, "level", &json!({ "value": "5" })).expect(204);
        let told = socket.payload(id, "next");
        assert_eq!(told, json!({ "data": { name: { "propertyId": "level", "value": "5" } } }), "{document}");
        socket.send(&json!({ "id": id, "type": "complete" }));
    }
    socket.begin("two", &format!("subscription {{ {} {} }}", field("a: ", "value"), field("b: ", "value")), json!({}));
    assert!(socket.error("two")["message"].as_str().is_some_and(|why| why.contains("exactly one field")));
    socket.begin(
        "clash",
        &format!("subscription {{ {} a: callbackLogged {{ id }} }}", field("a: ", "value")),
        json!({}),
    );
    assert_eq!(socket.error("clash")["extensions"]["code"], "BAD_USER_INPUT");
}

#[test]
fn the_usual_client_understands_it() {
    let world = World::new();
    let hub = world.instantiated().hub;
    let thing = hub.create_thing(&lamp());
    let stranger = Developer::stranger(&world.server);
    let server = Arc::clone(&world.server);
    let arguments = [server.url(), world.app.token.clone(), thing, hub.token, stranger.token];
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    node("live.mjs", &arguments);
}
