//! Responses that would not fit into memory: refused with a code, whatever they are made of, while the server stays
//! small.

use crate::http::Request;
use crate::socket::Socket;
use crate::users::{GRAPHQL, World};
use serde_json::{Value, json};
use std::fs;
use std::thread;

/// What the server may take while it refuses a response, in MiB: it runs under a bound of 1 GiB, beside other clients.
const PEAK_MIB_MAX: u64 = 640;
/// How many bytes a long text has here: about as many as a value may have.
const LONG: usize = 60_000;

/// The most memory that the server ever took, in MiB.
fn peak_mib(world: &World) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", world.server.process_id())).expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("the figure");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number") / 1_024
}

/// A world with 13 MB of values, long bodies in the callback log, and long details of what is installed.
fn full() -> World {
    let world = World::with(&[]);
    let hub = world.instantiated().hub;
    let mut thing = crate::users::lamp();
    let property = |n: usize| json!({ "id": format!("p{n}"), "name": "P", "value": "", "type": "STRING" });
    thing["components"][0]["properties"] = (0..220).map(property).collect();
    let thing = hub.create_thing(&thing);
    for second in 10..40 {
        let at = format!("2024-01-01T00:00:{second}Z");
        hub.update(&thing, "p0", &json!({ "value": "x".repeat(LONG), "lastUpdate": at })).expect(204);
    }
    let long = "x".repeat(LONG);
    let details = json!({ "said": long }).to_string();
    let sql = world.server.sql();
    sql.execute("UPDATE properties SET value = ?1", [&long]).expect("values");
    sql.execute("UPDATE attributes SET value = ?1", [&long]).expect("attributes");
    sql.execute("UPDATE callbacks SET request_body = ?1, response_body = ?1", [&long]).expect("bodies");
    sql.execute("UPDATE installations SET details = ?1", [&details]).expect("details");
    world
}

fn aliases(count: usize, field: &str) -> String {
    (0..count).map(|n| format!("a{n}: {field} ")).collect()
}

fn asked(world: &World, token: &str, document: &str) -> Value {
    let request = Request::post(GRAPHQL).bearer(token).json(&json!({ "query": document }));
    world.server.send(&request).expect(200).json()
}

#[track_caller]
fn assert_refused(name: &str, answer: &Value) {
    let code = answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default();
    let beginning: String = answer.to_string().chars().take(300).collect();
    assert!(["RESPONSE_TOO_LARGE", "TOO_MANY_REQUESTS"].contains(&code), "{name}: {beginning}");
    assert!(answer["errors"].as_array().is_some_and(|errors| errors.len() == 1) && answer["data"].is_null(), "{name}");
    let message = answer["errors"][0]["message"].as_str().unwrap_or_default();
    assert!(message.contains("--response"), "{name}: {message}");
}

#[test]
fn responses_that_are_too_large_are_refused_whatever_they_are_made_of() {
    let world = full();
    let values = |inner: &str| format!("things(first: 1) {{ components {{ properties {{ id {inner} }} }} }}");
    let (app, developer) = (world.app.token.clone(), world.developer.token.clone());
    let installations = format!("connectorInstallations(appId: \"{}\")", world.app.id);
    let attack = [
        ("a value under 50 aliases", &app, format!("{{ {} }}", values(&aliases(50, "value")))),
        ("a value under 300 aliases", &app, format!("{{ {} }}", values(&aliases(300, "value")))),
        ("a list under 50 aliases", &app, format!("{{ {} }}", aliases(50, &values("value")))),
        (
            "a value under aliases in a fragment",
            &app,
            format!("{{ {} }} fragment f on ComponentProperty {{ {} }}", values("...f"), aliases(50, "value")),
        ),
        (
            "bodies of callbacks",
            &developer,
            format!("{{ {} }}", aliases(80, &format!("callbacks {{ {} }}", aliases(20, "requestBody")))),
        ),
        (
            "details of installations",
            &developer,
            format!("{{ {} }}", aliases(60, &format!("{installations} {{ {} }}", aliases(30, "stateDetails")))),
        ),
        (
            "a history",
            &app,
            format!(
                "{{ things {{ components {{ properties(propertyConstraint: {{ id: \"p0\" }}) {{ history {{ edges {{ node {{ {} \
                 }} }} }} }} }} }} }}",
                aliases(60, "value")
            ),
        ),
        (
            "attributes",
            &app,
            format!(
                "{{ {} }}",
                aliases(60, &format!("things(first: 1) {{ attributes {{ {} }} }}", aliases(30, "value")))
            ),
        ),
    ];
    for (name, token, document) in &attack {
        assert_refused(name, &asked(&world, token, document));
        println!("{name}: peak {} MiB", peak_mib(&world));
    }
    let (world, attack) = (&world, &attack);
    thread::scope(|scope| {
        for (name, token, document) in attack.iter().cycle().take(20) {
            scope.spawn(move || assert_refused(name, &asked(world, token, document)));
        }
    });
    let mut socket = Socket::of(&world.server, &app);
    socket.begin("1", &attack[0].2, json!({}));
    assert_refused("over a WebSocket", &socket.payload("1", "next"));
    let peak = peak_mib(world);
    println!("peak {peak} MiB");
    assert!(peak < PEAK_MIB_MAX, "the server took {peak} MiB");
    // What fits is served, before and after.
    let answer = asked(world, &app, &format!("{{ {} }}", values(&aliases(2, "value"))));
    let properties = answer["data"]["things"][0]["components"][0]["properties"].as_array().expect("properties");
    assert_eq!((properties.len(), properties[219]["a1"].as_str().map(str::len)), (220, Some(LONG)));
}

#[test]
fn the_bound_of_a_response_is_an_option() {
    let world = World::with(&["--response-bytes", "1048576"]);
    world.installed();
    world.server.sql().execute("UPDATE callbacks SET request_body = ?1", ["x".repeat(LONG)]).expect("a body");
    let callbacks = |count| format!("{{ callbacks {{ {} }} }}", aliases(count, "requestBody"));
    assert_eq!(asked(&world, &world.developer.token, &callbacks(10))["errors"], Value::Null);
    let refused = asked(&world, &world.developer.token, &callbacks(20));
    assert_refused("20 bodies", &refused);
    assert!(refused["errors"][0]["message"].as_str().is_some_and(|message| message.contains("1048576")));
}
