//! Registering: where it is open, what is checked, and how often it may be tried.

use crate::harness::{EMAIL, PASSWORD, Server};
use crate::http::{Request, Response};
use crate::users::{graphql, login};
use serde_json::{Value, json};

const PATH: &str = "/api/v1/auth/register";
const OPEN: [&str; 1] = ["--open-signup"];
/// How many tries one address has in ten minutes.
const TRIES: usize = 10;

fn register(server: &Server, body: &Value) -> Response {
    server.send(&Request::post(PATH).json(body))
}

/// The places of what is wrong.
#[track_caller]
fn violations(response: Response) -> Vec<String> {
    let answer = response.expect(400).json();
    let places = answer["violations"].as_array().expect("violations").iter();
    places.map(|violation| violation["path"].as_str().expect("a path").to_owned()).collect()
}

#[test]
fn whoever_registers_has_an_account_of_their_own_and_is_signed_in() {
    let server = Server::with(&OPEN);
    let given = json!({ "email": "Ada@example.com", "password": "analytical engine", "name": "Ada L." });
    let answer = register(&server, &given).expect(201);
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    let body = answer.json();
    let rest = (&body["token_type"], &body["scope"], &body["expires_in"]);
    assert_eq!(rest, (&json!("bearer"), &json!("connctd.core"), &json!(12 * 60 * 60)));
    let ask = |token: &Value, document: &str| graphql(&server, token.as_str(), None, document, json!({}));
    let profile = ask(&body["access_token"], "{ profile { email name } }");
    assert_eq!(*profile.field(), json!({ "email": "Ada@example.com", "name": "Ada L." }));
    ask(&body["access_token"], "mutation { createApp(name: \"Mine\") { clientId } }").data();
    let signed_in = server.send(&login("ada@EXAMPLE.com", "analytical engine")).expect(200).json();
    assert_eq!(*ask(&signed_in["access_token"], "{ apps { name } }").field(), json!([{ "name": "Mine" }]));
    // Everybody has their own.
    let first = server.send(&login(EMAIL, PASSWORD)).expect(200).json();
    assert_eq!(*ask(&first["access_token"], "{ apps { name } }").field(), json!([]));
    let unnamed = json!({ "email": "grace@example.com", "password": "nanoseconds!", "name": null });
    let token = register(&server, &unnamed).expect(201).json()["access_token"].clone();
    assert_eq!(ask(&token, "{ profile { name } }").field()["name"], "grace");
}

#[test]
fn where_it_is_closed_nobody_registers_and_is_told_how_it_is_opened() {
    let server = Server::start();
    let good = json!({ "email": "ada@example.com", "password": "analytical engine" });
    for body in [&good, &json!({ "email": "bad" })] {
        let answer = register(&server, body).expect(403).json();
        assert_eq!(answer["error"], "FORBIDDEN");
        assert!(answer["description"].as_str().is_some_and(|text| text.contains("--open-signup")), "{answer}");
    }
    server.send(&login("ada@example.com", "analytical engine")).expect(401);
    let environment = [("CONNHUB_EMAIL", EMAIL), ("CONNHUB_PASSWORD", PASSWORD), ("CONNHUB_OPEN_SIGNUP", "true")];
    register(&Server::with_environment(&[], &environment), &good).expect(201);
}

#[test]
fn everything_wrong_is_told_at_once_and_costs_no_try() {
    let server = Server::with(&OPEN);
    let long = "x".repeat(1_001);
    for _ in 0..TRIES {
        assert_eq!(violations(register(&server, &json!({}))), ["email", "password"]);
    }
    for (body, places) in [
        (json!({ "email": "nobody", "password": "short" }), vec!["email", "password"]),
        (json!({ "email": "a b@example.com", "password": "x".repeat(9) }), vec!["email", "password"]),
        (json!({ "email": 1, "password": [], "name": {} }), vec!["email", "password", "name"]),
        (json!({ "email": true, "password": "short" }), vec!["email", "password"]),
        (json!({ "email": "a@example.com", "password": long, "name": long }), vec!["password", "name"]),
        (json!({ "email": format!("{long}@example.com"), "password": "long enough" }), vec!["email"]),
    ] {
        assert_eq!(violations(register(&server, &body)), places, "{body}");
    }
    server.send(&Request::post(PATH).body("{")).expect(400);
    server.send(&Request::get(PATH)).expect(405);
    register(&server, &json!({ "email": "a@example.com", "password": "long enough" })).expect(201);
}

#[test]
fn an_e_mail_has_one_account_in_whatever_case() {
    let server = Server::with(&OPEN);
    for email in [EMAIL.to_owned(), EMAIL.to_uppercase()] {
        let answer = register(&server, &json!({ "email": email, "password": "another password" })).expect(409).json();
        assert_eq!(answer["error"], "CONFLICT");
        server.send(&login(&email, "another password")).expect(401);
    }
    server.send(&login(EMAIL, PASSWORD)).expect(200);
}

#[test]
fn an_address_has_so_many_tries() {
    let server = Server::with(&OPEN);
    for at in 0..TRIES {
        // It counts whether it succeeds or not: which e-mails are taken is nothing to be tried out.
        let email = if at % 2 == 0 { EMAIL.to_owned() } else { format!("a{at}@example.com") };
        let answer = register(&server, &json!({ "email": email, "password": "long enough" }));
        assert_eq!(answer.status, if at % 2 == 0 { 409 } else { 201 }, "{answer:?}");
    }
    for email in [EMAIL, "new@example.com"] {
        let refused = register(&server, &json!({ "email": email, "password": "long enough" })).expect(429);
        assert_eq!(refused.json()["error"], "TOO_MANY_REQUESTS");
        let seconds: u32 = refused.header("Retry-After").expect("Retry-After").parse().expect("seconds");
        assert!((1..=601).contains(&seconds), "{seconds}");
    }
    // Who has an account signs in all the same.
    server.send(&login(EMAIL, PASSWORD)).expect(200);
}

#[test]
fn beyond_the_number_of_accounts_registering_is_refused_with_why() {
    let server = Server::with(&["--open-signup", "--accounts", "2"]);
    let body = |name: &str| json!({ "email": format!("{name}@example.com"), "password": "analytical engine" });
    register(&server, &body("ada")).expect(201);
    let refused = register(&server, &body("grace")).expect(409).json();
    assert!(refused["description"].to_string().contains("2 accounts, which is the limit"), "{refused}");
    server.send(&login("grace@example.com", "analytical engine")).expect(401);
    // Those that are there are not affected, nor is somebody who has one already told less than before.
    server.send(&login("ada@example.com", "analytical engine")).expect(200);
    server.restart_with(&["--open-signup", "--accounts", "3"]);
    register(&server, &body("grace")).expect(201);
}

const CREATE_APP: &str = "mutation { createApp(name: \"Mine\") { clientId } }";

#[test]
fn a_public_demo_is_open_and_bounded_by_one_option_and_each_of_its_defaults_can_be_changed() {
    let ada = json!({ "email": "ada@example.com", "password": "analytical engine" });
    let apps_until_full = |server: &Server| {
        let token = register(server, &ada).expect(201).json()["access_token"].clone();
        let create = |_: &usize| graphql(server, token.as_str(), None, CREATE_APP, json!({})).errors.is_empty();
        (0..10).take_while(create).count()
    };
    let demo = Server::with(&["--profile", "demo"]);
    assert_eq!(apps_until_full(&demo), 5);
    assert!(!demo.output().contains("--profile demo"), "{}", demo.output());
    assert_eq!(apps_until_full(&Server::with(&["--profile", "demo", "--apps-per-account", "7"])), 7);
    let closed = Server::with(&["--profile", "demo", "--open-signup=false"]);
    register(&closed, &ada).expect(403);
    let variables = [("CONNHUB_EMAIL", EMAIL), ("CONNHUB_PASSWORD", PASSWORD), ("CONNHUB_OPEN_SIGNUP", "false")];
    register(&Server::with_environment(&["--profile", "demo"], &variables), &ada).expect(403);
}

#[test]
fn a_server_that_is_open_with_the_limits_for_friends_logs_how_to_bound_strangers() {
    let open = Server::with(&OPEN);
    assert!(open.output().contains("set --profile demo"), "{}", open.output());
    assert!(!Server::start().output().contains("--profile demo"));
}
