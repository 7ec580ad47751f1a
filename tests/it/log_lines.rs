//! How much of the log anyone can fill.

use crate::harness::Server;
use crate::http::Request;
use crate::socket::Socket;
use crate::users::{Developer, GRAPHQL, HUB, login};
use crate::wait::eventually;
use serde_json::json;

/// The numbers of requests of which the log says that it left them out.
fn left_out(log: &str) -> u64 {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    lines.filter_map(|line| line["fields"]["left_out"].as_u64().or_else(|| line["left_out"].as_u64())).sum()
}

/// Requests that need no token of ours, each refused in another way.
fn refused() -> Vec<Request> {
    let long = format!("/api/{}", "x".repeat(4_000));
    vec![
        Request::get(&long),
        Request::new("PROPFINDPROPFINDPROPFINDPROPFINDPROPFIND", &long),
        Request::post(&format!("{HUB}/installations/state")).bearer("nonsense").json(&json!({ "state": 2 })),
        Request::post(GRAPHQL).json(&json!({ "query": "{ profile { id } }" })).bearer("nonsense"),
        Request::post(GRAPHQL).json(&json!({ "query": "{ profile { id } }" })),
        Request::post(GRAPHQL).json(&json!("{")),
        Request::get("/oauth2/nothing"),
        Request::post("/oauth2/token").form(&[("grant_type", "nonsense")]),
        login("", ""),
        Request::new("DELETE", GRAPHQL),
        Request::get("/api/v1/query").header("Host", "evil.example"),
    ]
}

#[test]
fn what_anyone_can_send_has_short_lines_and_few_of_them() {
    let server = Server::with(&["--log-format", "json"]);
    let before = server.output().len();
    let mut sent = 0;
    for _ in 0..40 {
        for request in refused() {
            sent += 1;
            server.send(&request);
        }
    }
    for _ in 0..40 {
        sent += 2;
        drop(Socket::open(&server));
    }
    let written =
        |log: &str| log.lines().filter(|line| line.contains("answered") || line.contains("a WebSocket")).count() as u64;
    let log = eventually("the log says how many it left out", || {
        let log = server.output()[before..].to_owned();
        (left_out(&log) + written(&log) >= sent - 40).then_some(log)
    });
    // Twenty a second, and this takes some seconds at most.
    assert!(left_out(&log) > sent / 2, "{} of {sent} were left out", left_out(&log));
    for line in log.lines().filter(|line| line.contains("answered")) {
        assert!(line.len() < 400, "{} bytes: {line}", line.len());
    }
}

#[test]
fn what_an_account_does_is_in_the_log_whatever_strangers_send() {
    let server = Server::with(&["--log-format", "json"]);
    let developer = Developer::sign_in(&server);
    for _ in 0..60 {
        server.send(&Request::get("/api/nothing"));
    }
    let own = Request::post(GRAPHQL).bearer(developer.token.as_str()).header("X-Request-ID", "its-own-request");
    server.send(&own.json(&json!({ "query": "{ profile { id } }" }))).expect(200);
    eventually("the account's request is in the log", || server.output().contains("its-own-request").then_some(()));
}
