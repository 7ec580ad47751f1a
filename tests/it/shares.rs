//! What one party can take from all others: readers and permits, with as many apps, accounts and addresses as it likes,
//! and by disconnecting from what it began.

use crate::connector::Kind;
use crate::http::{Request, Response};
use crate::socket::{PROTOCOL, Socket};
use crate::users::{Developer, GRAPHQL, World};
use crate::wait::{eventually, until};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const FORWARDED_FOR: &str = "X-Forwarded-For";
/// So that tests, which all come from this machine, can come from elsewhere.
const PROXY: [&str; 2] = ["--trusted-proxy", "127.0.0.1"];
/// A query that is estimated to have too many values to be small.
const LARGE: &str = "{ things { id components { id properties { id name value } } } }";
const SMALL: &str = "{ profile { id } }";

fn asks(token: &str, from: &str, document: &str, variables: Value) -> Request {
    let request = Request::post(GRAPHQL).bearer(token).header(FORWARDED_FOR, from);
    request.json(&json!({ "query": document, "variables": variables }))
}

/// A world with a past that takes many seconds to filter by [`slow`].
fn with_long_values(flags: &[&str]) -> World {
    let world = World::with(flags);
    let hub = world.instantiated().hub;
    let mut lamp = crate::users::lamp();
    lamp["components"][0]["properties"][2]["value"] = json!("a");
    let thing = hub.create_thing(&lamp);
    let value = "a".repeat(60_000);
    for minute in 0..59 {
        let at = format!("2024-01-01T00:{minute:02}:00Z");
        hub.update(&thing, "colour", &json!({ "value": value, "lastUpdate": at })).expect(204);
    }
    world
}

/// A query that takes many seconds, and its variables.
fn slow() -> (&'static str, Value) {
    let document = "query($like: String!) { things { components {
        properties(propertyConstraint: { id: \"colour\" }) {
            history(where: { value: { _like: $like } }) { edges { node { value } } } } } } }";
    (document, json!({ "like": format!("%{}b", "a".repeat(990)) }))
}

/// How long a query takes that is answered without an error.
#[track_caller]
fn taking(world: &World, request: &Request) -> Duration {
    let started = Instant::now();
    let answer = world.server.send(request).expect(200).json();
    let took = started.elapsed();
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    took
}

/// The longest that a query may take while others are attacked, given how long it takes alone: the processor is shared
/// with what the attacker may run. Waiting for slow queries takes far longer.
fn patience(alone: Duration) -> Duration {
    alone * 30 + Duration::from_secs(2)
}

/// Begins a query on a connection that can be closed.
fn begun(world: &World, request: &Request) -> TcpStream {
    let mut stream = TcpStream::connect(world.server.authority()).expect("a connection");
    stream.write_all(&request.bytes(&world.server.authority())).expect("a request");
    stream
}

fn readers_used(world: &World) -> usize {
    let text = String::from_utf8(world.server.send(&Request::get("/metrics")).body).expect("UTF-8");
    let line = text.lines().find(|line| line.starts_with("connhub_database_readers_used ")).expect("the figure");
    line.rsplit(' ').next().and_then(|figure| figure.parse().ok()).expect("a number")
}

#[test]
fn three_hundred_abandoned_queries_leave_the_readers_to_others() {
    let world = with_long_values(&["--readers", "2"]);
    let stranger = Developer::stranger(&world.server);
    let token = stranger.create_app().token;
    let here = |document: &str| Request::post(GRAPHQL).bearer(token.as_str()).json(&json!({ "query": document }));
    let profile = Request::post(GRAPHQL).bearer(stranger.token.as_str()).json(&json!({ "query": SMALL }));
    let alone = [taking(&world, &here(LARGE)), taking(&world, &profile)];
    let (document, variables) = slow();
    let slow = Request::post(GRAPHQL).bearer(world.app.token.as_str());
    let slow = slow.json(&json!({ "query": document, "variables": variables }));
    let abandoned: Vec<_> = (0..300).map(|_| begun(&world, &slow)).collect();
    until("a slow query runs", || readers_used(&world) >= 1);
    abandoned.iter().for_each(|stream| stream.shutdown(Shutdown::Both).expect("closed"));
    let disturbed = [taking(&world, &here(LARGE)), taking(&world, &profile)];
    until("the abandoned queries end", || readers_used(&world) == 0);
    let owner = Request::post(GRAPHQL).bearer(world.app.token.as_str()).json(&json!({ "query": LARGE }));
    let own = taking(&world, &owner);
    println!("alone {alone:?}, disturbed {disturbed:?}, the attacker's own next {own:?}");
    assert!(disturbed[0] < patience(alone[0]) && disturbed[1] < patience(alone[1]));
    assert!(own < patience(alone[0]));
}

#[test]
fn queries_abandoned_over_a_web_socket_end_too() {
    let world = with_long_values(&["--readers", "2"]);
    let (document, variables) = slow();
    for close in [false, true] {
        let mut socket = Socket::of(&world.server, &world.app.token);
        for id in 0..20 {
            socket.begin(&id.to_string(), document, variables.clone());
        }
        until("a slow query runs", || readers_used(&world) >= 1);
        if close {
            drop(socket);
        } else {
            for id in 0..20 {
                socket.send(&json!({ "type": "complete", "id": id.to_string() }));
            }
        }
        let since = Instant::now();
        until("the abandoned queries end", || readers_used(&world) == 0);
        println!("ended after {:?}", since.elapsed());
    }
}

/// Sends slow queries until told to stop; how many are running.
fn attacking(world: &World, requests: Vec<Request>) -> Vec<JoinHandle<()>> {
    let sent = Arc::new(AtomicUsize::new(0));
    let attack = requests.into_iter().map(|request| {
        let (server, sent) = (Arc::clone(&world.server), Arc::clone(&sent));
        thread::spawn(move || {
            sent.fetch_add(1, Ordering::SeqCst);
            let _: Response = server.send(&request);
        })
    });
    attack.collect()
}

/// Holds that a stranger's large and small queries are served soon while all of these run.
fn assert_others_are_served(world: &World, attack: Vec<Request>) {
    let stranger = Developer::stranger(&world.server);
    let token = stranger.create_app().token;
    let from = "198.51.100.7";
    let queries = [asks(&token, from, LARGE, json!({})), asks(&stranger.token, from, SMALL, json!({}))];
    let alone = queries.each_ref().map(|query| taking(world, query));
    let attack = attacking(world, attack);
    until("the attack runs", || readers_used(world) >= 2);
    for round in 0..5 {
        let disturbed = queries.each_ref().map(|query| taking(world, query));
        println!("round {round}: alone {alone:?}, disturbed {disturbed:?}");
        assert!(disturbed[0] < patience(alone[0]) && disturbed[1] < patience(alone[1]));
    }
    world.server.kill();
    drop(attack);
}

#[test]
fn ten_apps_of_one_account_with_slow_queries_keep_nobody_waiting() {
    let world = with_long_values(&[&PROXY[..], &["--readers", "4"]].concat());
    let (document, variables) = slow();
    let apps: Vec<_> = (0..9).map(|_| world.developer.create_app().token).chain([world.app.token.clone()]).collect();
    // Those of the other apps find nothing; what they do takes long all the same.
    let introspection = introspection();
    let attack = apps.iter().enumerate().flat_map(|(n, token)| {
        let from = format!("192.0.2.{n}");
        let slow = asks(token, &from, document, variables.clone());
        [slow, asks(token, &from, &introspection, json!({}))]
    });
    let attack =
        attack.chain((0..10).map(|n| asks(&world.app.token, &format!("192.0.2.{n}"), document, variables.clone())));
    assert_others_are_served(&world, attack.collect());
}

#[test]
fn many_accounts_at_one_address_with_slow_queries_keep_nobody_waiting() {
    let world = with_long_values(&[&PROXY[..], &["--readers", "4"]].concat());
    let (document, variables) = slow();
    // Invalid tokens are of as many unknown accounts.
    let introspection = introspection();
    let attack = (0..30).flat_map(|n| {
        let unknown = asks(&format!("token-{n}"), "192.0.2.1", &introspection, json!({}));
        [unknown, asks(&world.app.token, "192.0.2.1", document, variables.clone())]
    });
    assert_others_are_served(&world, attack.collect());
}

fn introspection() -> String {
    let body = "types { fields { type { fields { type { name } args { name } } } } }";
    format!("{{ {} }}", (0..8).map(|n| format!("a{n}: __schema {{ {body} }} ")).collect::<String>())
}

#[test]
fn mutations_whose_clients_disconnect_hold_their_permits_until_they_end() {
    let world = World::with(&[&PROXY[..], &["--requests-per-account", "2"]].concat());
    let installation = world.installed();
    world.connector.answers(Kind::Instance, &json!({ "hold": true }));
    let document = format!(
        "mutation {{ instantiateConnector(installationId: \"{installation}\", configuration: []) {{ state }} }}"
    );
    let by = |from: &str| asks(&world.app.token, from, &document, json!({})).header("X-External-Subject-ID", from);
    // One over HTTP, one completed over a WebSocket; their clients are gone.
    let stream = begun(&world, &by("192.0.2.1"));
    world.connector.arrived(Kind::Instance, 1);
    drop(stream);
    let mut socket = Socket::upgrade(&world.server, &[PROTOCOL, (FORWARDED_FOR, "192.0.2.2")]).0;
    let authorization = format!("Bearer {}", world.app.token);
    let payload = json!({ "Authorization": authorization, "X-External-Subject-ID": "second" });
    socket.send(&json!({ "type": "connection_init", "payload": payload }));
    assert_eq!(socket.receive()["type"], "connection_ack");
    socket.begin("1", &document, json!({}));
    world.connector.arrived(Kind::Instance, 2);
    socket.send(&json!({ "type": "complete", "id": "1" }));
    drop(socket);
    for attempt in 0..20 {
        let refusal = world.server.send(&by(&format!("192.0.2.{}", attempt + 3))).expect(429).json();
        let message = refusal["errors"][0]["message"].as_str().expect("a message");
        assert!(message.contains("--requests-per-account"), "{message}");
    }
    assert_eq!(world.connector.count(Kind::Instance), 2, "more ran than are allowed");
    world.connector.release(Kind::Instance);
    eventually("the permits are free again", || {
        (world.server.send(&asks(&world.app.token, "192.0.2.9", SMALL, json!({}))).status != 429).then_some(())
    });
}

/// Each reads what it changed, on a thread that others of them need too.
#[test]
fn a_hundred_mutations_of_one_account_at_once_are_all_answered_and_others_are_served() {
    let world = World::new();
    let document = format!("mutation {{ createServiceToken(appId: \"{}\") {{ accessToken }} }}", world.app.id);
    let requests: Vec<_> = (0..100).map(|_| asks(&world.developer.token, "192.0.2.1", &document, json!({}))).collect();
    let mut streams: Vec<_> = requests.iter().map(|request| begun(&world, request)).collect();
    let other = Developer::stranger(&world.server);
    world.server.send(&asks(&other.token, "192.0.2.2", SMALL, json!({}))).expect(200);
    for stream in &mut streams {
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        let mut status = [0; 12];
        stream.read_exact(&mut status).expect("an answer");
        assert_eq!(&status, b"HTTP/1.1 200");
    }
}
