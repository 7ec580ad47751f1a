//! Many requests at once, and who they are from: how many one token and one address may have, who is
//! believed about addresses, and that nobody waits for somebody else's queries.

use crate::connector::Kind;
use crate::harness::Server;
use crate::http::{Request, Response};
use crate::socket::{PROTOCOL, Socket};
use crate::users::{Developer, GRAPHQL, HUB, World, login};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const FORWARDED_FOR: &str = "X-Forwarded-For";
/// So that tests, which all come from this machine, can come from elsewhere.
const PROXY: [&str; 2] = ["--trusted-proxy", "127.0.0.1"];

fn asks(token: &str, from: &str, document: &str) -> Request {
    let request = Request::post(GRAPHQL).bearer(token).header(FORWARDED_FOR, from);
    request.json(&json!({ "query": document }))
}

/// Begins to instantiate from an address, which lasts as long as the connector does not answer.
fn instantiating(world: &World, installation: &str, from: &str) -> JoinHandle<Response> {
    let document = format!(
        "mutation {{ instantiateConnector(installationId: \"{installation}\", configuration: []) {{ state }} }}"
    );
    let request = asks(&world.app.token, from, &document).header("X-External-Subject-ID", from);
    let server = Arc::clone(&world.server);
    thread::spawn(move || server.send(&request))
}

/// A world whose connector does not answer, with as many instances of it under way as there are addresses.
fn with_under_way(limits: &[&str], addresses: &[&str]) -> (World, Vec<JoinHandle<Response>>) {
    let world = World::with(&[&PROXY, limits].concat());
    let installation = world.installed();
    world.connector.answers(Kind::Instance, &json!({ "hold": true }));
    let under_way = addresses.iter().map(|from| instantiating(&world, &installation, from)).collect();
    world.connector.arrived(Kind::Instance, addresses.len());
    (world, under_way)
}

#[track_caller]
fn refused(response: Response, option: &str) {
    let response = response.expect(429);
    assert_eq!(response.header("Retry-After"), Some("1"));
    let error = response.json()["errors"][0].clone();
    assert_eq!(error["extensions"]["code"], "TOO_MANY_REQUESTS");
    assert!(error["message"].as_str().is_some_and(|message| message.contains(option)), "{error}");
}

#[test]
fn an_account_with_its_apps_has_so_many_requests_at_once_and_others_do_not_notice() {
    let (world, under_way) = with_under_way(&["--requests-per-account", "2"], &["192.0.2.1", "192.0.2.2"]);
    let ask = |token: &str, from: &str| world.server.send(&asks(token, from, "{ __typename }"));
    refused(ask(&world.app.token, "192.0.2.3"), "--requests-per-account");
    refused(ask(&world.developer.token, "192.0.2.3"), "--requests-per-account");
    ask(&Developer::stranger(&world.server).token, "192.0.2.1").expect(200);
    // Over a WebSocket too.
    let mut socket = Socket::upgrade(&world.server, &[PROTOCOL, (FORWARDED_FOR, "192.0.2.4")]).0;
    let authorization = format!("Bearer {}", world.app.token);
    socket.send(&json!({ "type": "connection_init", "payload": { "Authorization": authorization } }));
    assert_eq!(socket.receive()["type"], "connection_ack");
    socket.begin("1", "{ __typename }", json!({}));
    let answer = socket.receive();
    assert_eq!((&answer["type"], &answer["payload"][0]["extensions"]["status"]), (&json!("error"), &json!(429)));
    // What comes from this machine is the operator's own.
    world
        .server
        .send(&Request::post(GRAPHQL).bearer(world.app.token.as_str()).json(&json!({ "query": "{ __typename }" })))
        .expect(200);
    world.connector.release(Kind::Instance);
    for answer in under_way {
        answer.join().expect("an answer").expect(200);
    }
    ask(&world.app.token, "192.0.2.3").expect(200);
}

#[test]
fn an_address_has_so_many_requests_at_once_whatever_their_tokens() {
    let (world, under_way) = with_under_way(&["--requests-per-address", "2"], &["2001:db8:1:2::1", "2001:db8:1:2::2"]);
    let ask = |from: &str| world.server.send(&asks(&world.developer.token, from, "{ __typename }"));
    refused(ask("2001:db8:1:2:3::4"), "--requests-per-address");
    ask("2001:db8:1:3::1").expect(200);
    let hub = Request::post(&format!("{HUB}/instances/state")).header(FORWARDED_FOR, "2001:db8:1:2::9");
    let answer = world.server.send(&hub.json(&json!({}))).expect(429);
    assert_eq!(answer.json()["error"], "TOO_MANY_REQUESTS");
    // Probes and the page go on.
    for path in ["/healthz", "/readyz", "/"] {
        world.server.send(&Request::get(path).header(FORWARDED_FOR, "2001:db8:1:2::9")).expect(200);
    }
    world.connector.release(Kind::Instance);
    for answer in under_way {
        answer.join().expect("an answer").expect(200);
    }
    ask("2001:db8:1:2:3::4").expect(200);
}

#[test]
fn all_together_have_so_many_requests_at_once() {
    let (world, under_way) = with_under_way(&["--requests", "2"], &["192.0.2.1", "192.0.2.2"]);
    refused(world.server.send(&asks(&world.developer.token, "192.0.2.3", "{ __typename }")), "--requests");
    world.connector.release(Kind::Instance);
    for answer in under_way {
        answer.join().expect("an answer").expect(200);
    }
}

/// Fails to sign in with one e-mail, each time as if from another address; the last status.
fn failing(server: &Server, header: &str, value: impl Fn(u8) -> String) -> u16 {
    let attempt = |n| login("nobody@example.com", "wrong password").header(header, value(n));
    (1..=6).map(|n| server.send(&attempt(n)).status).last().expect("six")
}

#[test]
fn headers_about_addresses_are_believed_from_trusted_proxies_alone() {
    let x = |n: u8| format!("198.51.100.{n}");
    let by_all = Server::start();
    assert_eq!(failing(&by_all, FORWARDED_FOR, x), 429, "whoever sends the header has as many addresses as they want");
    let behind = Server::with(&PROXY);
    assert_eq!(failing(&behind, FORWARDED_FOR, x), 401);
    assert_eq!(failing(&behind, "Forwarded", |n| format!("for=203.0.113.{n};proto=https")), 401);
    // What a client adds itself stands before what the proxy says.
    assert_eq!(failing(&behind, FORWARDED_FOR, |n| format!("203.0.113.{n}, 192.0.2.7")), 429);
    assert_eq!(failing(&behind, FORWARDED_FOR, |n| format!("2001:db8:7:7::{n}")), 429);
    let elsewhere = Server::with(&["--trusted-proxy", "10.0.0.0/8,192.168.1.1"]);
    assert_eq!(failing(&elsewhere, FORWARDED_FOR, x), 429);
}

#[test]
fn one_password_tried_with_many_e_mails_is_stopped_at_its_address() {
    let server = Server::with(&PROXY);
    let attempt = |n: usize, from: &str| {
        let request = login(&format!("person-{n}@example.com"), "Summer2026!").header(FORWARDED_FOR, from);
        server.send(&request)
    };
    for n in 0..30 {
        attempt(n, "192.0.2.1").expect(401);
    }
    let answer = attempt(30, "192.0.2.1").expect(429);
    let seconds = answer.header("Retry-After").and_then(|seconds| seconds.parse::<u32>().ok());
    assert!(seconds.is_some_and(|seconds| (1..=600).contains(&seconds)), "{answer:?}");
    attempt(31, "192.0.2.2").expect(401);
}

#[test]
fn a_caller_with_a_hundred_slow_queries_keeps_nobody_waiting() {
    const SLOW: usize = 100;
    const QUICK: u32 = 20;
    let world = World::with(&["--readers", "4"]);
    let quick = || {
        let request = Request::post(GRAPHQL).bearer(world.developer.token.as_str());
        let started = Instant::now();
        world.server.send(&request.json(&json!({ "query": "{ profile { id } }" }))).expect(200);
        started.elapsed()
    };
    let undisturbed = (0..QUICK).map(|_| quick()).sum::<Duration>() / QUICK;
    let body = "types { fields { type { fields { type { name } args { name } } } } }";
    let slow = format!("{{ {} }}", (0..8).map(|n| format!("a{n}: __schema {{ {body} }} ")).collect::<String>());
    let answered = Arc::new(AtomicUsize::new(0));
    let hog: Vec<_> = (0..SLOW)
        .map(|_| {
            let request = Request::post(GRAPHQL).bearer(world.app.token.as_str()).json(&json!({ "query": slow }));
            let (server, answered) = (Arc::clone(&world.server), Arc::clone(&answered));
            thread::spawn(move || {
                server.send(&request).expect(200);
                answered.fetch_add(1, Ordering::SeqCst);
            })
        })
        .collect();
    crate::wait::until("the first slow query is answered", || answered.load(Ordering::SeqCst) > 0);
    let disturbed = (0..QUICK).map(|_| quick()).sum::<Duration>() / QUICK;
    let left = SLOW - answered.load(Ordering::SeqCst);
    println!("undisturbed {undisturbed:?}, disturbed {disturbed:?}, {left} of {SLOW} slow ones left");
    // In one queue each of the quick ones would have waited for all the slow ones before it.
    assert!(left > SLOW / 2, "{left} of {SLOW} slow queries are left");
    for request in hog {
        request.join().expect("an answer");
    }
}

#[test]
fn a_compressed_body_is_refused_wherever_it_is_sent() {
    let server = Server::start();
    let bomb: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03";
    let property = format!("{HUB}/instances/things/x/components/x/properties/x");
    for (method, path) in [
        ("POST", GRAPHQL),
        ("POST", "/api/v1/auth/login"),
        ("POST", "/api/v1/auth/register"),
        ("POST", "/oauth2/token"),
        ("POST", "/oauth2/introspect"),
        ("PUT", &property),
        ("POST", "/nowhere"),
    ] {
        for coding in ["gzip", "br", "deflate", "zstd", "GZIP, identity", "x-unheard-of", ""] {
            let request = Request::new(method, path).header("Content-Encoding", coding);
            let answer = server.send(&request.header("Content-Type", "application/json").body(bomb)).expect(415);
            assert!(answer.text().contains("must not be compressed"), "{path} {coding}: {}", answer.text());
        }
    }
    let query = Request::post(GRAPHQL).json(&json!({ "query": "{ __typename }" }));
    let answer: Value = server.send(&query.header("Content-Encoding", "Identity")).expect(200).json();
    assert_eq!(answer["data"]["__typename"], "Query");
}
