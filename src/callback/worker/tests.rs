//! One callback over a real socket, down to the log's entry.

use super::*;
use crate::callback::Settings;
use crate::callback::tests::{Seen, TestServer, Then};
use crate::model::action::{ActionOutcome, ActionValue};
use crate::model::callback::Message;
use crate::model::error::Error;
use crate::model::id::{AccountId, PublicationId};
use crate::model::lifecycle::State;
use crate::model::parameter::ConfigurationValue;
use crate::model::publication::SigningSeed;
use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, SigningKey};

const ID: &str = "6f1c1a52-5a7e-4b5e-9a53-2f7a6f0f5f10";
const SEED: [u8; 32] = [7; 32];

fn sending(sign_actual_scheme: bool) -> Sending {
    let client = Client::new(&Settings { allow_loopback: true, ..Settings::default() }).expect("a client");
    Sending { client, signatures: Signatures::default(), sign_actual_scheme, disabled: false }
}

fn outgoing(callback_url: String, message: Message) -> Outgoing {
    let secrets = vec!["hunter2".to_owned()];
    let (id, publication) = (CallbackId::generate(), PublicationId::generate());
    Outgoing { id, publication, owner: AccountId::generate(), message, callback_url, seed: SigningSeed(SEED), secrets }
}

fn installation() -> Message {
    let value = ConfigurationValue { parameter_id: "password".to_owned(), value: "hunter2".to_owned() };
    Message::Installation { id: ID.parse().expect("an ID"), token: "ey.TOKEN".to_owned(), configuration: vec![value] }
}

/// What a connector checks: the signature over what came over the wire.
fn is_signed(seen: &Seen, scheme: &str) -> bool {
    let header = |name: &str| {
        let line = seen.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_else(|| panic!("no {name} in {}", seen.head))
    };
    let mut line = seen.head.split(' ');
    let (method, path) = (line.next().expect("a method"), line.next().expect("a path"));
    let url = format!("{scheme}://{}{path}", header("Host"));
    let payload = format!("(method):{method}\r\n(url):{url}\r\n(Date):{}\r\n(body):{}", header("Date"), seen.body);
    let signature = STANDARD.decode(header("Signature")).expect("base64");
    let signature = Signature::from_slice(&signature).expect("64 bytes");
    SigningKey::from_bytes(&SEED).verifying_key().verify_strict(payload.as_bytes(), &signature).is_ok()
}

/// The headers that the log has are the ones that came.
fn assert_logged(attempt: &Attempt, seen: &Seen) {
    let logged: String = attempt.request_headers.iter().map(|h| format!("{}: {}\r\n", h.name, h.value)).collect();
    let (line, headers) = seen.head.split_once("\r\n").expect("a request line");
    assert_eq!(headers, format!("{logged}\r\n"));
    assert!(line.starts_with(&format!("{} ", attempt.method)), "{line}");
}

#[test]
fn an_installation_is_sent_signed_and_logged_without_secrets() {
    let server = TestServer::start(|seen| {
        let echo = format!("denied: {}", seen.body);
        let head = format!("HTTP/1.1 500 Oops\r\nX-Echo: hunter2\r\nContent-Length: {}\r\n\r\n", echo.len());
        (format!("{head}{echo}").into_bytes(), Then::Stay)
    });
    let url = format!("http://{}/i?x=1", server.address);
    let outgoing = outgoing(url.clone(), installation());
    let (attempt, outcome) = attempt(&sending(false), &outgoing);
    let seen = server.next();
    assert!(is_signed(&seen, "https"));
    assert_logged(&attempt, &seen);
    assert!(seen.body.contains("hunter2") && seen.body.contains("ey.TOKEN"));
    assert_eq!((attempt.url.as_str(), attempt.signed_url.as_str()), (&*url, &*url.replace("http", "https")));
    let redacted =
        format!(r#"{{"id":"{ID}","token":"•••","state":1,"configuration":[{{"id":"password","value":"•••"}}]}}"#);
    assert_eq!(attempt.request_body, redacted);
    let response = attempt.response.clone().expect("a response");
    assert_eq!((response.status, response.body), (500, format!("denied: {redacted}")));
    assert_eq!(response.headers[0].value, "•••");
    assert!(attempt.signed_payload().ends_with(&redacted));
    let told = format!("{attempt:?} {outcome:?}");
    assert!(!told.contains("hunter2") && !told.contains("TOKEN"), "{told}");
    let Outcome::Standing(standing) = outcome else { panic!("{outcome:?}") };
    assert_eq!(standing.state, State::Error);
}

#[test]
fn a_removal_has_its_own_url_and_no_body() {
    let server = TestServer::saying("HTTP/1.1 204 No Content\r\n\r\n");
    let message = Message::InstanceRemoval { id: ID.parse().expect("an ID") };
    let outgoing = outgoing(format!("http://{}/i/?x=1", server.address), message);
    let (attempt, outcome) = attempt(&sending(true), &outgoing);
    let seen = server.next();
    assert!(seen.head.starts_with(&format!("DELETE /i/{ID}?x=1 HTTP/1.1\r\n")));
    assert!(is_signed(&seen, "http"), "the actual scheme, as told");
    assert_logged(&attempt, &seen);
    let lower = seen.head.to_ascii_lowercase();
    assert!(!lower.contains("content-") && !lower.contains("transfer-") && !lower.contains("accept"), "{lower}");
    assert_eq!((outcome, attempt.error), (Outcome::Removal(Ok(())), None));
}

#[test]
fn an_action_is_sent() {
    let server = TestServer::saying("HTTP/1.1 202 Accepted\r\nContent-Length: 20\r\n\r\n{\"status\":\"PENDING\"}");
    let message = Message::Action {
        id: ID.parse().expect("an ID"),
        thing: ID.parse().expect("an ID"),
        component: "lamp".to_owned(),
        action: "set".to_owned(),
        parameters: vec![ActionValue { name: "level".to_owned(), value: "42.50".to_owned() }],
    };
    let (attempt, outcome) = attempt(&sending(false), &outgoing(format!("http://{}", server.address), message));
    let seen = server.next();
    assert!(is_signed(&seen, "https"));
    assert_eq!(attempt.request_body, seen.body);
    assert!(seen.body.ends_with(r#""parameters":{"level":"42.50"}}"#));
    assert_eq!(outcome, Outcome::Action(ActionOutcome::StillPending));
}

#[test]
fn what_cannot_be_sent_is_settled_too() {
    let (attempt, outcome) = attempt(&sending(false), &outgoing("no URL".to_owned(), installation()));
    assert!(attempt.error.is_some() && attempt.response.is_none() && !attempt.request_body.contains("hunter2"));
    let Outcome::Standing(standing) = outcome else { panic!("{outcome:?}") };
    assert!(standing.details.expect("details").as_str().contains("BAD_CALLBACK_URL"));
}

#[test]
fn nothing_is_sent_where_callbacks_are_switched_off() {
    let server = TestServer::saying("HTTP/1.1 204 No Content\r\n\r\n");
    let url = format!("http://{}", server.address);
    let sending = Sending { disabled: true, ..sending(false) };
    let (entry, outcome) = attempt(&sending, &outgoing(url.clone(), installation()));
    let said = "this server sends no callbacks (--no-callbacks)";
    assert_eq!((entry.error.as_deref(), entry.response.is_none(), entry.url), (Some(said), true, url.clone()));
    let Outcome::Standing(standing) = outcome else { panic!("{outcome:?}") };
    assert_eq!(standing.state, State::Error);
    let details = standing.details.expect("details");
    assert!(details.as_str().contains("CALLBACKS_DISABLED") && details.as_str().contains(said), "{details:?}");
    let removal = Message::InstanceRemoval { id: ID.parse().expect("an ID") };
    let (_, outcome) = attempt(&sending, &outgoing(url, removal));
    assert_eq!(outcome, Outcome::Removal(Err(said.to_owned())));
    assert!(server.seen.try_recv().is_err());
}

#[test]
fn the_database_is_asked_until_it_takes_the_outcome() {
    let id = CallbackId::generate();
    let busy = || Error::Unavailable("busy".to_owned());
    let mut tries = 0;
    let mut work = |succeeds_at: u32| {
        tries += 1;
        if tries == succeeds_at { Ok(tries) } else { Err(busy()) }
    };
    assert_eq!(persevere(id, "settled", &[Duration::ZERO; 3], || work(3)), 3);
    assert_eq!(persevere(id, "settled", &[Duration::ZERO; 3], || work(20)), 20);
}

#[test]
fn what_a_connector_says_is_one_line_of_the_log() {
    let forged = "x\n2026-01-01T00:00:00Z ERROR all is lost\u{1b}[31m\r\u{9b}";
    assert_eq!(in_one_line(forged), "x\\n2026-01-01T00:00:00Z ERROR all is lost\\u{1b}[31m\\r\\u{9b}");
    assert_eq!(in_one_line("größe \\n"), "größe \\n");
}
