//! nginx and Caddy in front of a connector that verifies as the platform's official Go SDK does, each with
//! its default configuration: what works, and what the advice says if it cannot.

use crate::proxy::Program;
use crate::users::{World, id_of};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A connector whose signature check is the SDK's: the scheme is X-Forwarded-Proto's or https, the host
/// that of the Host header. It responds with 400 to what it cannot verify.
struct SdkConnector {
    authority: String,
    key: Arc<Mutex<Option<VerifyingKey>>>,
}

impl SdkConnector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let authority = listener.local_addr().expect("an address").to_string();
        let key: Arc<Mutex<Option<VerifyingKey>>> = Arc::default();
        let shared = Arc::clone(&key);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let key = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &key));
            }
        });
        Self { authority, key }
    }

    /// Publishes it under this authority, and installs it.
    fn installed(&self, world: &World, authority: &str) -> Value {
        let document = "mutation($connector: ConnectorPublicationInput!) {
            publishConnector(connector: $connector) { id publicKey } }";
        let url = |noun: &str| format!("http://{authority}/{noun}");
        let input = json!({
            "name": "SDK", "description": "d", "mode": "PUBLIC", "installationCallbackUrl": url("installations"),
            "instanceCallbackUrl": url("instances"), "actionCallbackUrl": url("actions"),
        });
        let published = world.developer.graphql(document, json!({ "connector": input })).field().clone();
        let key = STANDARD.decode(published["publicKey"].as_str().expect("a key")).expect("base64");
        let key = VerifyingKey::from_bytes(&key.try_into().expect("32 bytes")).expect("a key");
        *self.key.lock().expect("no panic") = Some(key);
        let app = world.developer.create_app();
        world.developer.install(&app.id, &id_of(&published), &[]).field().clone()
    }
}

fn serve(mut stream: TcpStream, key: &Mutex<Option<VerifyingKey>>) {
    while let Some((head, body)) = request(&mut stream) {
        let key = key.lock().expect("no panic").expect("a published connector");
        let response = if is_verified(&key, &head, &body) {
            "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n".to_owned()
        } else {
            "HTTP/1.1 400 Bad Request\r\nContent-Length: 13\r\n\r\nBad signature".to_owned()
        };
        if stream.write_all(response.as_bytes()).is_err() {
            return;
        }
    }
}

fn request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).expect("UTF-8");
    let mut body = vec![0; header(&head, "content-length").map_or(0, |length| length.parse().expect("a length"))];
    stream.read_exact(&mut body).ok()?;
    Some((head, body))
}

fn header<'a>(head: &'a str, wanted: &str) -> Option<&'a str> {
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    fields.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
}

fn is_verified(key: &VerifyingKey, head: &str, body: &[u8]) -> bool {
    let mut line = head.split(' ');
    let (method, target) = (line.next().expect("a method"), line.next().expect("a target"));
    let scheme = header(head, "x-forwarded-proto").unwrap_or("https");
    let (host, date) = (header(head, "host").expect("a host"), header(head, "date").expect("a date"));
    let payload = format!("(method):{method}\r\n(url):{scheme}://{host}{target}\r\n(Date):{date}\r\n(body):");
    let signature = STANDARD.decode(header(head, "signature").expect("a signature")).expect("base64");
    let signature = Signature::from_slice(&signature).expect("64 bytes");
    key.verify_strict(&[payload.as_bytes(), body].concat(), &signature).is_ok()
}

fn described(installation: &Value) -> &str {
    installation["stateDetails"]["description"].as_str().unwrap_or_else(|| panic!("no description: {installation}"))
}

#[test]
fn a_connector_behind_a_proxy_works_once_the_advice_is_followed() {
    let (world, actual) = (World::new(), World::with(&["--sign-actual-scheme"]));
    let connector = SdkConnector::start();
    assert_eq!(connector.installed(&world, &connector.authority)["state"], "COMPLETE");
    for (program, first_cause, directives) in [
        (
            Program::Nginx,
            "1. a proxy changed the Host header, which the signature covers (nginx does by default",
            "proxy_set_header Host $http_host;",
        ),
        (
            Program::Caddy,
            "1. Caddy may have told the connector (X-Forwarded-Proto) another scheme than https",
            "header_up X-Forwarded-Proto https",
        ),
    ] {
        let proxy = program.start(&connector.authority);
        let refused = connector.installed(&world, proxy.authority());
        assert_eq!(refused["state"], "ERROR", "{program:?}");
        assert!(described(&refused).contains(first_cause), "{program:?}: {refused}");
        let proxy = program.start_with(&connector.authority, directives);
        assert_eq!(connector.installed(&world, proxy.authority())["state"], "COMPLETE", "{program:?}");
    }
    let caddy = Program::Caddy.start(&connector.authority);
    assert_eq!(connector.installed(&actual, caddy.authority())["state"], "COMPLETE");
}

#[test]
fn a_proxy_that_cannot_reach_the_connector_is_named_and_its_page_not_quoted() {
    let world = World::new();
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let connector = SdkConnector::start();
    for (program, told) in [
        (
            Program::Nginx,
            "status 502 (Bad Gateway) and an HTML page titled \"502 Bad Gateway\": nginx, in front, could",
        ),
        (Program::Caddy, "status 502 (Bad Gateway): Caddy, in front, could not reach the connector"),
    ] {
        let proxy = program.start(&closed.to_string());
        let installation = connector.installed(&world, proxy.authority());
        assert!(described(&installation).contains(told), "{program:?}: {installation}");
        assert!(!described(&installation).contains('<'), "{installation}");
    }
}
