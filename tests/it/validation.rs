//! Expressions and values that are made to take long, and whom they keep waiting.

use crate::harness::Server;
use crate::users::{Developer, World, id_of};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

fn parameters(expression: &str) -> Value {
    let parameter = |n: usize| json!({ "id": format!("p{n}"), "name": "n", "valueType": "STRING", "validationExpression": expression });
    (0..10).map(parameter).collect()
}

/// A connector with parameters of the costliest expression that can be published, and values for it.
fn costly() -> (Value, Vec<(String, String)>) {
    // Its automaton has thousands of states, and is in all of them at once.
    let fields = json!({ "mode": "PUBLIC", "configurationParameters": parameters("(?:[ab]{0,300}){8}[c-z]"),
        "customerConfigurationParameters": parameters("(?:[ab]{0,300}){8}[c-z]") });
    (fields, (0..10).map(|n| (format!("p{n}"), "ab".repeat(1_000))).collect())
}

fn borrowed(values: &[(String, String)]) -> Vec<(&str, &str)> {
    values.iter().map(|(id, value)| (id.as_str(), value.as_str())).collect()
}

#[test]
fn values_that_take_long_to_check_keep_nobody_else_waiting() {
    let (fields, values) = costly();
    let world = World::publishing(&[], fields);
    let other = World::on(
        Arc::clone(&world.server),
        json!({ "mode": "PUBLIC",
        "configurationParameters": [{ "id": "key", "name": "n", "valueType": "STRING", "validationExpression": "^[a-z]+$" }] }),
    );
    let over = Arc::new(AtomicBool::new(false));
    let attackers: Vec<_> = (0..8)
        .map(|_| {
            let (developer, app) = (world.developer.clone(), world.app.id.clone());
            let (publication, values, over) = (world.publication.clone(), values.clone(), Arc::clone(&over));
            thread::spawn(move || {
                let mut codes = Vec::new();
                while !over.load(Ordering::SeqCst) {
                    codes.push(developer.install(&app, &publication, &borrowed(&values)).code().to_owned());
                }
                codes
            })
        })
        .collect();
    // Another account, which has turns of its own.
    let stranger = Developer::stranger(&world.server);
    let mut slowest = Duration::ZERO;
    for _ in 0..5 {
        let since = Instant::now();
        stranger.graphql("{ profile { id } }", json!({})).data();
        let app = stranger.create_app();
        let installed = stranger.install(&app.id, &other.publication, &[("key", "good")]);
        assert_eq!(installed.field()["state"], "COMPLETE", "{installed:?}");
        slowest = slowest.max(since.elapsed());
    }
    over.store(true, Ordering::SeqCst);
    let codes: Vec<String> = attackers.into_iter().flat_map(|one| one.join().expect("an attacker")).collect();
    assert!(
        !codes.is_empty() && codes.iter().all(|code| code == "TOO_MANY_REQUESTS" || code == "BAD_USER_INPUT"),
        "{codes:?}"
    );
    assert!(slowest < Duration::from_secs(3), "an install took {slowest:?}");
}

#[test]
fn instances_are_checked_within_a_time_too() {
    let (fields, values) = costly();
    let world = World::publishing(&[], fields);
    let installation = id_of(world.developer.install(&world.app.id, &world.publication, &[]).field());
    let since = Instant::now();
    let answer = world.app.instantiate(&installation, None, &borrowed(&values));
    assert!(matches!(answer.code(), "TOO_MANY_REQUESTS" | "BAD_USER_INPUT"), "{answer:?}");
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
}

#[test]
fn an_expression_that_would_take_long_cannot_be_published() {
    let server = Server::start();
    let developer = Developer::sign_in(&server);
    let connector = crate::connector::Connector::new();
    for expression in
        ["(?:[ab]{0,1000}){8}[c-zA-Z0-9]", "(a{1000}){1000}", "(((x?){50}){50}){50}", r"(?:\w{0,100}){50}"]
    {
        let fields = json!({ "configurationParameters": parameters(expression) });
        let document =
            "mutation($connector: ConnectorPublicationInput!) { publishConnector(connector: $connector) { id } }";
        let variables = json!({ "connector": crate::users::publication(&connector, fields) });
        let since = Instant::now();
        let refused = developer.graphql(document, variables);
        assert_eq!(refused.code(), "BAD_USER_INPUT", "{expression}: {refused:?}");
        assert!(refused.violations()[0].ends_with("[0].validationExpression"), "{refused:?}");
        assert!(since.elapsed() < Duration::from_secs(5), "{expression}: {:?}", since.elapsed());
    }
}
