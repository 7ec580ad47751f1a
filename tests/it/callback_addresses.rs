//! Where callbacks may go (protocol.md, "Where callbacks may go"): every spelling of an address that a
//! stranger may write into a callback URL, on a sandbox and on a server that others can reach.

use crate::harness::Server;
use crate::users::{Developer, id_of};
use serde_json::{Value, json};
use std::net::TcpListener;

/// Addresses of other machines that no stranger may reach, as hosts of a URL.
const PRIVATE: &[&str] = &[
    // In the usual spelling.
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "224.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
    "240.0.0.1",
    // As one number, in octal and hexadecimal, with parts left out, with a dot at the end.
    "167772161",
    "0xa000001",
    "0x0A.0x0.0x0.0x1",
    "012.0.0.1",
    "0251.0376.0251.0376",
    "10.1",
    "192.168.257",
    "10.0.0.1.",
    "0xa9fea9fe",
    // Nobody's.
    "0",
    "0.0.0.0",
    "0x0",
    "0.1.2.3",
    "[::]",
    // In other characters that mean digits and dots, and percent-encoded.
    "１０.０.０.１",
    "10。0。0。1",
    "①⑥⑨.②⑤④.①⑥⑨.②⑤④",
    "%31%30.0.0.1",
    "10%2e0%2e0%2e1",
    // IPv6: link-local, unique-local, site-local, multicast, reserved.
    "[fe80::1]",
    "[fd00::1]",
    "[fd00:ec2::254]",
    "[fec0::1]",
    "[ff02::1]",
    "[2001:db8::1]",
    "[100::1]",
    // IPv6 that carries IPv4: mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP.
    "[::ffff:10.0.0.1]",
    "[0:0:0:0:0:FFFF:a9fe:a9fe]",
    "[::10.0.0.1]",
    "[::ffff:0:10.0.0.1]",
    "[64:ff9b::a00:1]",
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b:1::808:808]",
    "[2002:a00:1::1]",
    "[2002:a9fe:a9fe::]",
    "[2001:0:a00:1::fefe:fefe]",
    "[2001:0:808:808::f5ff:fffe]",
    "[2a00:1450:4001::5efe:a00:1]",
];

/// This machine.
const LOOPBACK: &[&str] = &[
    "127.0.0.1",
    "127.1",
    "127.255.255.254",
    "127.0.0.1.",
    "2130706433",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "１２７.０.０.１",
    "%6cocalhost",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "metadata.localhost",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
];

/// What is no host at all: a publication is refused that names it.
const NONE: &[&str] = &[
    "[fe80::1%25eth0]",
    "[fe80::1%eth0]",
    "fe80::1",
    "1.2.3.4.5",
    "256.0.0.1",
    "0x100000000",
    "10.0.0.1%00.example.com",
    "127.0.0.1%0d%0a",
    "a b",
    "a\\@10.0.0.1",
    "user@10.0.0.1",
    "user:pass@connector.example.com",
    "xn--",
    "",
];

fn publish(developer: &Developer, url: &str) -> Result<String, Value> {
    let connector = json!({ "name": "n", "description": "d", "installationCallbackUrl": url,
        "instanceCallbackUrl": url, "actionCallbackUrl": url });
    let document =
        "mutation($connector: ConnectorPublicationInput!) { publishConnector(connector: $connector) { id } }";
    let answer = developer.graphql(document, json!({ "connector": connector }));
    if answer.errors.is_empty() { Ok(id_of(answer.field())) } else { Err(answer.error().clone()) }
}

/// Installs a connector at this host and answers what the callback log says of it.
#[track_caller]
fn called(developer: &Developer, app: &str, authority: &str) -> Value {
    let id = publish(developer, &format!("https://{authority}/callback"))
        .unwrap_or_else(|error| panic!("{authority} cannot be published: {error}"));
    let installed = developer.install(app, &id, &[]);
    assert_eq!(installed.field()["state"], "ERROR", "{authority}");
    let log = "{ callbacks(first: 1) { error durationMs responseStatus } }";
    developer.graphql(log, json!({})).field()[0].clone()
}

/// Asserts that nobody tried to connect there.
#[track_caller]
fn assert_not_called(developer: &Developer, app: &str, authority: &str) {
    let entry = called(developer, app, authority);
    let error = entry["error"].as_str().expect("an error");
    assert!(error.contains("callbacks do not go"), "{authority}: {error}");
}

#[test]
fn callbacks_do_not_go_into_private_networks_in_any_spelling() {
    for flags in [&[][..], &["--listen", "0.0.0.0:0"]] {
        let server = Server::with(flags);
        let developer = Developer::sign_in(&server);
        let app = developer.create_app().id;
        for host in PRIVATE {
            assert_not_called(&developer, &app, host);
        }
    }
}

#[test]
fn a_server_that_others_can_reach_does_not_call_itself_in_any_spelling() {
    // Whoever is called nonetheless is seen.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("not to wait");
    let port = listener.local_addr().expect("an address").port();
    let server = Server::with(&["--listen", "0.0.0.0:0"]);
    let developer = Developer::sign_in(&server);
    let app = developer.create_app().id;
    for host in LOOPBACK {
        assert_not_called(&developer, &app, &format!("{host}:{port}"));
    }
    assert!(listener.accept().is_err(), "somebody connected");
}

#[test]
fn a_sandbox_calls_loopback_in_every_spelling_that_means_it() {
    let server = Server::start();
    let developer = Developer::sign_in(&server);
    let app = developer.create_app().id;
    // A port of nobody: to be refused there means to have been let go there.
    let port = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address").port();
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "localhost.", "１２７.０.０.１", "[::ffff:127.0.0.1]"] {
        let entry = called(&developer, &app, &format!("{host}:{port}"));
        let error = entry["error"].as_str().expect("an error");
        assert!(error.contains("no connection to the connector could be made"), "{host}: {error}");
    }
}

#[test]
fn what_is_no_host_cannot_be_published() {
    let server = Server::start();
    let developer = Developer::sign_in(&server);
    for host in NONE {
        let error = publish(&developer, &format!("https://{host}/callback")).expect_err(host);
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{host}: {error}");
    }
}
