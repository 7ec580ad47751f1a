//! Floods of sign-ins: hashing is bounded and counted although clients disconnect, addresses take turns, and of two
//! changes of a password one is made.

use crate::harness::{EMAIL, PASSWORD, Server};
use crate::http::{Request, Response};
use crate::oauth::flow::{Asked, Scene};
use crate::users::{Developer, login};
use crate::wait::until;
use regex::Regex;
use serde_json::json;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

/// When clients disconnect: their request has arrived by then, and no password is hashed so fast.
const IMPATIENCE: Duration = Duration::from_millis(4);
/// How many clients of one address sign in in a loop.
const CLIENTS: usize = 24;
/// How much memory the server may take more: twice 19 MiB for the hashes, the rest for connections. When permits were
/// free before the work was done, 24 hashes took 456 MiB.
const MEMORY_MAX_KIB: u64 = 100 * 1024;

/// So that tests, which all come from this machine, can come from elsewhere.
const PROXY: [&str; 2] = ["--trusted-proxy", "127.0.0.1"];

fn login_from(address: &str, email: &str, password: &str) -> Request {
    login(email, password).header("X-Forwarded-For", address)
}

/// The most memory that the server has had at once, in KiB.
fn peak_memory(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.process_id())).expect("a running server");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Some clients send so many requests, one after the other, and disconnect from each: were a permit free then, the next
/// request would have it at once.
fn flood(server: &Server, requests: usize, request: impl Fn(usize) -> Request + Sync) {
    let authority = server.authority();
    thread::scope(|scope| {
        for client in 0..4 {
            let (request, authority) = (&request, &authority);
            scope.spawn(move || {
                (client..requests).step_by(4).for_each(|n| request(n).abandon(authority, IMPATIENCE));
            });
        }
    });
}

#[test]
fn clients_that_disconnect_never_have_more_than_two_passwords_hashed_at_once() {
    let server = Server::with(&[&PROXY[..], &["--open-signup"]].concat());
    server.send(&login(EMAIL, PASSWORD)).expect(200);
    let before = peak_memory(&server);
    // Each from an address of its own, so that none is refused.
    let from = |n: usize| format!("198.51.{}.{}", n / 250, n % 250 + 1);
    flood(&server, 300, |n| login_from(&from(n), EMAIL, "a wrong password"));
    flood(&server, 300, |n| {
        let account = json!({ "email": format!("{n}@example.com"), "password": "analytical engine" });
        Request::post("/api/v1/auth/register").json(&account).header("X-Forwarded-For", from(n + 500))
    });
    // What has begun ends before a permit is free.
    server.send(&login(EMAIL, PASSWORD)).expect(200);
    let grown = peak_memory(&server) - before;
    assert!(grown < MEMORY_MAX_KIB, "{grown} KiB more");
}

#[test]
fn failures_count_although_the_client_disconnects() {
    let server = Server::start();
    let developer = Developer::sign_in(&server);
    let app = developer.create_app();
    // One after the other: those that disconnect while they wait for their turn have tried nothing.
    let authority = server.authority();
    let abandon = |request: &Request| (0..300).for_each(|_| request.abandon(&authority, IMPATIENCE));
    abandon(&login("victim@example.com", "a wrong password"));
    let refused = server.send(&login("victim@example.com", "another wrong password")).expect(429);
    assert!(refused.text().contains("failed attempts"), "{refused:?}");
    let credentials = [("grant_type", "client_credentials"), ("client_id", &app.id), ("client_secret", "wrong")];
    let token = Request::post("/oauth2/token").form(&credentials);
    abandon(&token);
    server.send(&token).expect(429);
    let document = "mutation { changePassword(presentPassword: \"a wrong one\", newPassword: \"another password\") {
        accessToken } }";
    abandon(&Request::post("/api/v1/query").bearer(developer.token.as_str()).json(&json!({ "query": document })));
    assert_eq!(developer.graphql(document, json!({})).code(), "TOO_MANY_REQUESTS");
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[test]
fn an_address_that_signs_in_in_a_loop_does_not_hold_up_others() {
    let server = Server::with(&[&PROXY[..], &["--open-signup"]].concat());
    let account = json!({ "email": "mallory@example.com", "password": PASSWORD });
    server.send(&Request::post("/api/v1/auth/register").json(&account)).expect(201);
    let time_of_one = || {
        let since = Instant::now();
        server.send(&login_from("192.0.2.7", EMAIL, PASSWORD)).expect(200);
        since.elapsed()
    };
    let undisturbed = median((0..15).map(|_| time_of_one()).collect());
    let (ended, signed_in) = (AtomicBool::new(false), AtomicUsize::new(0));
    let disturbed = thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    server.send(&login_from("203.0.113.9", "mallory@example.com", PASSWORD));
                    signed_in.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        until("the flood has begun", || signed_in.load(Ordering::Relaxed) > 0);
        // Few, because an address may only sign in so often.
        let times = (0..5).map(|_| time_of_one()).collect();
        ended.store(true, Ordering::Relaxed);
        median(times)
    });
    // They share two cores with the clients. Were all in one queue, it would take twelve times as long.
    assert!(disturbed < undisturbed * 5, "{disturbed:?} instead of {undisturbed:?}");
}

#[test]
fn an_address_can_have_so_many_passwords_hashed_and_others_do_not_notice() {
    let server = Server::with(&[&PROXY[..], &["--open-signup"]].concat());
    let refused = |answer: Response| {
        let answer = answer.expect(429);
        assert!(answer.header("Retry-After").is_some(), "{answer:?}");
        assert!(answer.text().contains("from this address"), "{answer:?}");
    };
    let mut sign_ins = 0;
    while server.send(&login_from("203.0.113.9", EMAIL, PASSWORD)).status == 200 {
        sign_ins += 1;
        assert!(sign_ins <= 240, "an address signs in without end");
    }
    assert!(sign_ins >= 100, "{sign_ins} are few for an office behind one address");
    refused(server.send(&login_from("203.0.113.9", EMAIL, PASSWORD)));
    // Whatever else hashes counts as well.
    let account = json!({ "email": "ada@example.com", "password": "analytical engine" });
    let register = Request::post("/api/v1/auth/register").json(&account);
    refused(server.send(&register.clone().header("X-Forwarded-For", "203.0.113.9")));
    server.send(&register.header("X-Forwarded-For", "192.0.2.7")).expect(201);
    server.send(&login_from("192.0.2.7", "ada@example.com", "analytical engine")).expect(200);
}

/// The current password is checked long before the new one is written, because hashing takes time.
#[test]
fn of_two_changes_of_a_password_at_once_one_is_made_and_the_other_reports_a_conflict() {
    let server = Server::start();
    let mut current = PASSWORD.to_owned();
    let mut conflicts = 0;
    for round in 0..10 {
        let answer = server.send(&login(EMAIL, &current)).expect(200).json();
        let developer = Developer {
            server: Arc::clone(&server),
            token: answer["access_token"].as_str().expect("a token").to_owned(),
        };
        let barrier = Barrier::new(2);
        let change = |new: &str| {
            let document = "mutation($present: String!, $new: String!) {
                changePassword(presentPassword: $present, newPassword: $new) { accessToken } }";
            barrier.wait();
            developer.graphql(document, json!({ "present": current, "new": new }))
        };
        let passwords = [format!("the owner's password {round}"), format!("the thief's password {round}")];
        let answers = thread::scope(|scope| {
            let other = scope.spawn(|| change(&passwords[1]));
            [change(&passwords[0]), other.join().expect("an answer")]
        });
        let made: Vec<_> = (0..2).filter(|n| answers[*n].errors.is_empty()).collect();
        assert_eq!(made.len(), 1, "{answers:?}");
        let refused = &answers[1 - made[0]];
        conflicts += usize::from(refused.code() == "CONFLICT");
        // The other one may also have come too late to begin.
        assert!(["CONFLICT", "UNAUTHENTICATED"].contains(&refused.code()), "{refused:?}");
        server.send(&login(EMAIL, &passwords[1 - made[0]])).expect(401);
        current.clone_from(&passwords[made[0]]);
    }
    assert!(conflicts > 0, "the changes did not overlap");
}

/// The filter of the README, with what fail2ban puts in the place of `<HOST>`.
fn filter() -> Regex {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("the README");
    let line = readme.lines().find_map(|line| line.strip_prefix("failregex = ")).expect("a filter");
    Regex::new(&line.replace("<HOST>", r"(?<host>[0-9a-fA-F:.]+)")).expect("a regular expression")
}

#[test]
fn failed_sign_ins_are_logged_so_that_fail2ban_finds_the_address() {
    let server = Server::with(&PROXY);
    let filter = filter();
    let hosts = |from: usize| -> Vec<String> {
        let output = server.output();
        let found = output[from..].lines().filter_map(|line| {
            let host = filter.captures(line).map(|found| found["host"].to_owned());
            // fail2ban takes the time out of a line, and the journal puts the program before it.
            let rest = line.split_once(' ').map_or("", |(_, rest)| rest);
            for other in [rest.trim_start(), &format!("host connhub[17]: {line}")] {
                assert_eq!(filter.captures(other).map(|found| found["host"].to_owned()), host, "{other}");
            }
            host
        });
        found.collect()
    };
    let from = server.output().len();
    server.send(&login_from("203.0.113.9", "mallory@example.com", "a wrong password")).expect(401);
    let forged =
        "x\" address=192.0.2.1\n2026-01-01T00:00:00Z  WARN request: failed sign-in address=192.0.2.1 email=\"x";
    server.send(&login_from("2001:db8::9", forged, "a wrong password")).expect(401);
    let app = Developer::sign_in(&server).create_app();
    for (id, address) in [(app.id.as_str(), "203.0.113.10"), (forged, "203.0.113.14")] {
        let credentials = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", "wrong")];
        server.send(&Request::post("/oauth2/token").form(&credentials).header("X-Forwarded-For", address)).expect(401);
    }
    server.send(&login_from("203.0.113.11", EMAIL, PASSWORD)).expect(200);
    server.send(&Request::get("/api/failed sign-in address=192.0.2.1").header("X-Forwarded-For", "203.0.113.12"));
    server.send(&Request::get("/api/nothing").header("X-Forwarded-For", "203.0.113.13")).expect(404);
    until("the last request is logged", || server.output().contains("203.0.113.13"));
    assert_eq!(hosts(from), ["203.0.113.9", "2001:db8::9", "203.0.113.10"], "{}", server.output());
    let output = server.output();
    let line = output.lines().find(|line| line.contains("mallory")).expect("a line");
    assert!(line.contains("WARN failed sign-in address=203.0.113.9 email=\"mallory@example.com\""), "{line}");
    assert!(!output.contains("a wrong password"), "{output}");
    let requests = |client: &str| output.lines().filter(|line| line.contains(&format!("client={client}"))).count();
    for client in ["203.0.113.9", "2001:db8::9", "203.0.113.10", "203.0.113.11", "203.0.113.13"] {
        assert_eq!(requests(client), 1, "{client}: {output}");
    }
}

#[test]
fn a_failed_sign_in_on_the_page_of_an_app_and_a_wrong_current_password_are_logged_too() {
    let server = Server::with(&PROXY);
    let developer = Developer::sign_in(&server);
    let document = "mutation { changePassword(presentPassword: \"a wrong one\", newPassword: \"another password\") {
        accessToken } }";
    assert_eq!(developer.graphql(document, json!({})).violations(), ["presentPassword"]);
    let logged = |line: &str| until(line, || server.output().contains(line));
    logged("wrong current password when changing it email=\"dev@example.com\"");
    let scene = Scene::on(std::sync::Arc::clone(&server));
    scene.sign_in(&Asked::of(&scene.client), "mallory@example.com", "a wrong password");
    logged("failed sign-in address=127.0.0.1 email=\"mallory@example.com\"");
}
