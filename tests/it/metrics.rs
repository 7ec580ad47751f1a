//! `/metrics`: read by Prometheus' own parser, right after known requests, and by nobody who must not.

use crate::connector::Kind;
use crate::harness::Server;
use crate::http::{Request, Response};
use crate::users::{GRAPHQL, World, id_of, lamp};
use crate::wait::{eventually, until};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

/// Reads the text on its input as Prometheus does, and prints the samples as JSON.
const PARSER: &str = "
import json, sys
from prometheus_client.parser import text_string_to_metric_families
families = list(text_string_to_metric_families(sys.stdin.read()))
assert all(family.documentation and family.type != 'unknown' for family in families), families
print(json.dumps([[sample.name, sample.labels, sample.value] for family in families for sample in family.samples]))
";

/// The samples of a scrape.
struct Scrape(Vec<(String, Value, f64)>);

impl Scrape {
    #[track_caller]
    fn of(response: &Response) -> Self {
        assert_eq!(response.status, 200, "{response:?}");
        assert_eq!(response.header("Content-Type"), Some("text/plain; version=0.0.4; charset=utf-8"));
        let samples = ["python3", "/usr/bin/python3"].iter().find_map(|python| {
            let mut parser = Command::new(python);
            parser.args(["-c", PARSER]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
            let mut parser = parser.spawn().ok()?;
            // One that lacks the package does not read to the end.
            let _ = parser.stdin.take()?.write_all(&response.body);
            serde_json::from_slice(&parser.wait_with_output().ok()?.stdout).ok()
        });
        Self(samples.expect("Python with prometheus_client, which tests/run installs, that can read it"))
    }

    /// The sum of the samples of this name with these labels.
    fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let matches = |own: &Value| labels.iter().all(|(key, value)| own[key] == *value);
        self.0.iter().filter(|(own, labels, _)| own == name && matches(labels)).map(|(.., value)| value).sum()
    }

    /// Whether there is a sample of this name.
    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(own, ..)| own == name)
    }
}

#[track_caller]
fn scrape(server: &Server) -> Scrape {
    Scrape::of(&server.send(&Request::get("/metrics")))
}

#[test]
fn what_happened_is_counted() {
    let world = World::new();
    let hub = world.instantiated().hub;
    let thing = hub.create_thing(&lamp());
    let before = scrape(&world.server);
    for number in 0..5 {
        hub.update(&thing, "level", &json!({ "value": number.to_string() })).expect(204);
    }
    hub.update(&thing, "no-such", &json!({ "value": "1" })).expect(404);
    world.app.graphql("{ things { id } }", json!({})).data();
    world.server.send(&Request::new("DELETE", GRAPHQL)).expect(405);
    world.connector.answers(Kind::Action, &json!({ "status": 400 }));
    assert_eq!(world.app.act(&thing, "toggle", &[]).field()[0]["status"], "FAILED");
    let after = scrape(&world.server);
    let more = |name: &str, labels: &[(&str, &str)]| after.sum(name, labels) - before.sum(name, labels);
    let requests = "connhub_http_requests_total";
    assert_eq!(more(requests, &[("route", "property"), ("method", "PUT"), ("status", "2xx")]), 5.0);
    assert_eq!(more(requests, &[("route", "property"), ("method", "PUT"), ("status", "4xx")]), 1.0);
    assert_eq!(more(requests, &[("route", "query"), ("method", "POST"), ("status", "2xx")]), 2.0);
    assert_eq!(more(requests, &[("route", "query"), ("method", "DELETE"), ("status", "4xx")]), 1.0);
    assert_eq!(more(requests, &[("route", "probe")]), 1.0, "the scrape before");
    assert_eq!(more("connhub_http_request_seconds_count", &[("route", "property")]), 6.0);
    assert_eq!(more("connhub_http_request_seconds_bucket", &[("route", "property"), ("le", "+Inf")]), 6.0);
    assert_eq!(more("connhub_callbacks_total", &[("kind", "ACTION"), ("outcome", "FAILED")]), 1.0);
    assert_eq!(more("connhub_callback_seconds_count", &[("kind", "ACTION")]), 1.0);
    assert_eq!(after.sum("connhub_callbacks_total", &[("kind", "INSTANCE"), ("outcome", "COMPLETE")]), 1.0);
    // Five updates, the action request and its outcome, each on its own.
    assert!(more("connhub_database_write_changes_sum", &[]) >= 7.0);
    assert!(more("connhub_database_write_seconds_count", &[]) >= 7.0);
    assert!(more("connhub_database_reader_wait_seconds_count", &[]) >= 2.0);
}

#[test]
fn how_it_stands_is_shown_while_it_stands_so() {
    let world = World::new();
    let thing = world.instantiated().hub.create_thing(&lamp());
    world.connector.answers(Kind::Action, &json!({ "hold": true }));
    let acting = world.acting(&thing, "toggle");
    world.connector.arrived(Kind::Action, 1);
    let during = scrape(&world.server);
    assert_eq!(
        (during.sum("connhub_callbacks_running", &[]), during.sum("connhub_callbacks_waiting", &[])),
        (1.0, 0.0)
    );
    world.connector.release(Kind::Action);
    let id = id_of(&acting.join().expect("an answer").field()[0]);
    world.until_action_is(&id, "COMPLETED");
    until("it is no longer under way", || scrape(&world.server).sum("connhub_callbacks_running", &[]) == 0.0);
    let database = std::fs::metadata(world.server.database()).expect("the database").len();
    assert_eq!(during.sum("connhub_database_bytes", &[]), database as f64);
    assert!(during.sum("connhub_database_log_bytes", &[]) > 0.0);
    assert!(during.sum("connhub_database_readers", &[]) >= 1.0);
    assert_eq!(during.sum("connhub_build_info", &[("version", env!("CARGO_PKG_VERSION"))]), 1.0);
    assert!(
        during.sum("process_resident_memory_bytes", &[]) > 1e6 && during.sum("process_start_time_seconds", &[]) > 1e9
    );
    for name in [
        "connhub_database_readers_used",
        "connhub_database_changes_waiting",
        "connhub_websockets",
        "connhub_connections",
    ] {
        assert!(during.has(name), "{name}");
    }
    assert!(during.has("connhub_live_subscriptions") && during.has("connhub_database_write_failures_total"));
}

#[test]
fn nothing_of_anybody_stands_in_them() {
    let world = World::new();
    let instance = world.instantiated();
    let thing = instance.hub.create_thing(&lamp());
    world.app.act(&thing, "toggle", &[]).data();
    for path in ["/no/such/path/secret-path", "/api/v1/secret-path"] {
        world.server.send(&Request::new("SECRET-METHOD", path));
    }
    let text = String::from_utf8(world.server.send(&Request::get("/metrics")).body).expect("UTF-8");
    for secret in
        [&thing, &instance.id, &world.app.id, &world.publication, "secret-path", "SECRET", "Lamp", "127.0.0.1"]
    {
        assert!(!text.contains(secret), "{secret} in\n{text}");
    }
}

/// What the README tells an operator to write into Prometheus' configuration.
#[test]
fn prometheus_reads_them_as_the_readme_configures_it() {
    let readme = include_str!("../../README.md");
    let example = readme.split_once("scrape_configs:").expect("the example").1.split_once("```").expect("its end").0;
    let between = |from: &str, to: &str| {
        let rest = example.split_once(from).unwrap_or_else(|| panic!("no {from} in {example}")).1;
        rest.split_once(to).unwrap_or_else(|| panic!("no {to} in {example}")).0.to_owned()
    };
    let (token, target) = (between("credentials: ", " }"), between("targets: [\"", "\"]"));
    // As Prometheus sends it.
    let scrape = |server: &Server, token: Option<&str>, target: &str| {
        let request = Request::get("/metrics").header("Host", target).bearer(token);
        let request =
            request.header("User-Agent", "Prometheus/2.53.0").header("X-Prometheus-Scrape-Timeout-Seconds", "10");
        server.send(
            &request.header("Accept", "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"),
        )
    };
    let long_enough = format!("{token}, in at least sixteen characters");
    for flags in [&["--public-url", "https://connhub.example"][..], &[]] {
        let server = Server::with(&[flags, &["--metrics-token", &long_enough]].concat());
        for name in [target.as_str(), "connhub:7171", "connhub_1:7171"] {
            Scrape::of(&scrape(&server, Some(&long_enough), name));
            for wrong in [None, Some("another token for it"), Some("")] {
                scrape(&server, wrong, name).expect(421);
            }
        }
        let by_page = Request::get("/metrics").header("Host", &target).bearer(long_enough.as_str());
        server.send(&by_page.clone().header("Origin", "https://evil.example")).expect(421);
        server.send(&by_page.header("Sec-Fetch-Site", "same-origin")).expect(421);
    }
}

#[test]
fn strangers_do_not_read_them() {
    let token = "a token for Prometheus";
    let sandbox = Server::start();
    sandbox.send(&Request::get("/metrics")).expect(200);
    for (name, value) in [("X-Forwarded-For", "203.0.113.7"), ("Forwarded", "for=203.0.113.7"), ("Via", "1.1 proxy")] {
        let refused = sandbox.send(&Request::get("/metrics").header(name, value)).expect(401);
        assert!(
            refused.json()["description"].as_str().is_some_and(|why| why.contains("--metrics-token")),
            "{refused:?}"
        );
    }
    sandbox.send(&Request::get("/metrics").bearer(token)).expect(200);
    sandbox.send(&Request::new("POST", "/metrics")).expect(405);

    // One that strangers can reach through a proxy that says nothing, asked from this machine.
    let proxied = Server::with(&["--public-url", "https://connhub.example"]);
    proxied.send(&Request::get("/metrics")).expect(401);
    Server::with(&["--public-url", "http://localhost:8080"]).send(&Request::get("/metrics")).expect(200);

    // One that they can reach directly.
    let public = Server::with(&["--listen", "0.0.0.0:0"]);
    let port = public.authority().rsplit(':').next().expect("a port").to_owned();
    let ask = |request: Request| request.send(&format!("127.0.0.1:{port}"));
    ask(Request::get("/metrics")).expect(401);
    ask(Request::get("/metrics").bearer(token)).expect(401);

    let public = Server::with(&["--listen", "0.0.0.0:0", "--metrics-token", token]);
    let port = public.authority().rsplit(':').next().expect("a port").to_owned();
    let ask = |request: Request| request.send(&format!("127.0.0.1:{port}"));
    ask(Request::get("/metrics")).expect(401);
    ask(Request::get("/metrics").bearer("another token for it")).expect(401);
    Scrape::of(&ask(Request::get("/metrics").bearer(token)));
    assert!(!eventually("a log", || Some(public.output())).contains(token));
}
