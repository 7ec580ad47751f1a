//! The messages of graphql-transport-ws (its PROTOCOL.md), both ways.
//!
//! Used by [`super::session`].

use crate::http::graphql::{self, Asked};
use crate::http::json;
use crate::http::reply::Refusal;
use crate::http::socket::Identity;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

/// What a message looks like, for errors.
const EXAMPLE: &str = r#"{"type": "ping"}"#;

/// What a client says.
#[derive(Debug)]
pub(super) enum FromClient {
    /// Who it is.
    Init(Identity),
    /// Whether anybody is there, and what is to be sent back.
    Ping(Option<Box<RawValue>>),
    /// That it is there.
    Pong,
    /// What it wants, and the name for it.
    Subscribe(String, Asked),
    /// What it wants no more.
    Complete(String),
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

impl FromClient {
    /// Reads a message.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let envelope: Envelope<'_> =
            json::parse(text.as_bytes(), EXAMPLE).map_err(|error| Refusal::from(error).description)?;
        let Envelope { kind, id, payload } = envelope;
        let id = || match id {
            Some(id) if !id.is_empty() => Ok(id.into_owned()),
            _ => Err(format!("{kind} needs an id, a text that is not empty")),
        };
        Ok(match &*kind {
            "connection_init" => Self::Init(Identity::read(payload)?),
            "ping" => Self::Ping(payload.map(ToOwned::to_owned)),
            "pong" => Self::Pong,
            "subscribe" => {
                let payload = payload.map_or("null", RawValue::get);
                let asked = graphql::from_body(payload.as_bytes());
                Self::Subscribe(id()?, asked.map_err(|refusal| format!("payload: {}", refusal.description))?)
            }
            "complete" => Self::Complete(id()?),
            other => return Err(format!("there is no message of the type {other:?}")),
        })
    }
}

impl Identity {
    /// From the payload of `connection_init`, whose keys are those of HTTP's headers.
    fn read(payload: Option<&RawValue>) -> Result<Self, String> {
        let mut identity = Self::default();
        let Some(payload) = payload else { return Ok(identity) };
        let payload: Option<serde_json::Map<String, serde_json::Value>> =
            serde_json::from_str(payload.get()).map_err(|_| "payload must be a JSON object".to_owned())?;
        for (key, value) in payload.unwrap_or_default() {
            let slot = if key.eq_ignore_ascii_case("Authorization") {
                &mut identity.authorization
            } else if key.eq_ignore_ascii_case(graphql::SUBJECT.as_str()) {
                &mut identity.subject
            } else {
                continue;
            };
            match value {
                serde_json::Value::Null => {}
                serde_json::Value::String(text) if slot.is_none() => *slot = Some(text),
                serde_json::Value::String(_) => return Err(format!("payload: {key} stands there twice")),
                _ => return Err(format!("payload: {key} must be a text")),
            }
        }
        Ok(identity)
    }
}

/// The client is known; operations may begin.
pub(super) fn ack() -> Message {
    Message::text(r#"{"type":"connection_ack"}"#)
}

/// The answer to a ping, with what came in it.
pub(super) fn pong(payload: Option<&RawValue>) -> Message {
    match payload {
        Some(payload) => Message::text(format!(r#"{{"type":"pong","payload":{}}}"#, payload.get())),
        None => Message::text(r#"{"type":"pong"}"#),
    }
}

/// A GraphQL response, which is kept until the message is sent: until then it counts among all that are in memory.
pub(super) fn next(id: &str, response: Bytes) -> Message {
    struct Owned {
        text: String,
        _response: Bytes,
    }
    impl AsRef<[u8]> for Owned {
        fn as_ref(&self) -> &[u8] {
            self.text.as_bytes()
        }
    }
    let text = with_payload(id, "next", &response);
    let message = Bytes::from_owner(Owned { text, _response: response });
    // It was a text before.
    Message::Text(Utf8Bytes::try_from(message).unwrap_or_default())
}

/// Why an operation does not go on: the errors of a GraphQL response.
pub(super) fn error(id: &str, response: &[u8]) -> Message {
    #[derive(Deserialize)]
    struct Response<'a> {
        #[serde(borrow)]
        errors: &'a RawValue,
    }
    let errors = serde_json::from_slice::<Response<'_>>(response).map_or("[]", |response| response.errors.get());
    Message::text(with_payload(id, "error", errors.as_bytes()))
}

/// An operation is over.
pub(super) fn complete(id: &str) -> Message {
    Message::text(format!(r#"{{"id":{},"type":"complete"}}"#, quoted(id)))
}

fn with_payload(id: &str, kind: &str, payload: &[u8]) -> String {
    // JSON that we wrote is UTF-8.
    let payload = String::from_utf8_lossy(payload);
    format!(r#"{{"id":{},"type":"{kind}","payload":{payload}}}"#, quoted(id))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        FromClient::read(text).map_or_else(|why| why, |message| format!("{message:?} was read"))
    }

    #[test]
    fn what_is_no_message_is_refused_with_what_is_wrong() {
        for (text, part) in [
            ("", "empty"),
            ("{", "line 1"),
            ("[]", "list"),
            ("{}", "type"),
            (r#"{"type": 1}"#, "string"),
            (r#"{"type": "start", "id": "1"}"#, "start"),
            (r#"{"type": "subscribe", "payload": {"query": "{ a }"}}"#, "id"),
            (r#"{"type": "subscribe", "id": "", "payload": {"query": "{ a }"}}"#, "id"),
            (r#"{"type": "subscribe", "id": 1, "payload": {"query": "{ a }"}}"#, "string"),
            (r#"{"type": "subscribe", "id": "1"}"#, "payload"),
            (r#"{"type": "subscribe", "id": "1", "payload": {}}"#, "query: must be given"),
            (r#"{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "variables": []}}"#, "variables"),
            (r#"{"type": "complete"}"#, "id"),
            (r#"{"type": "connection_init", "payload": []}"#, "object"),
            (r#"{"type": "connection_init", "payload": {"authorization": 1}}"#, "text"),
            (r#"{"type": "connection_init", "payload": {"authorization": "a", "Authorization": "b"}}"#, "twice"),
        ] {
            let told = refused(text);
            assert!(told.contains(part) && !told.ends_with("was read"), "{text}: {told}");
        }
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        let deep = "[".repeat(200_000);
        for text in [deep.clone(), format!(r#"{{"type": "ping", "payload": {deep}}}"#)] {
            assert!(!refused(&text).is_empty());
        }
    }

    #[test]
    fn keys_of_the_identity_are_headers_without_regard_to_case() {
        let text = r#"{"type": "connection_init", "payload":
            {"AUTHORIZATION": "Bearer x", "x-external-SUBJECT-id": "s", "other": 1}}"#;
        let Ok(FromClient::Init(identity)) = FromClient::read(text) else { panic!("it is one") };
        assert_eq!((identity.authorization.as_deref(), identity.subject.as_deref()), (Some("Bearer x"), Some("s")));
        for empty in [r#"{"type": "connection_init"}"#, r#"{"type": "connection_init", "payload": null}"#] {
            assert!(
                matches!(FromClient::read(empty), Ok(FromClient::Init(it)) if it == Identity::default()),
                "{empty}"
            );
        }
    }

    #[test]
    fn answers_are_json_whatever_the_id_is() {
        let id = "a\"\\\n\u{1}ä";
        let body = br#"{"errors":[{"message":"no"}],"data":null}"#;
        for (message, payload) in
            [(next(id, Bytes::from_static(body)), "/payload/errors/0/message"), (error(id, body), "/payload/0/message")]
        {
            let text = message.to_text().expect("a text");
            let json: serde_json::Value = serde_json::from_str(text).expect("JSON");
            assert_eq!((json["id"].as_str(), json.pointer(payload).and_then(|it| it.as_str())), (Some(id), Some("no")));
        }
        assert_eq!(complete("1"), Message::text(r#"{"id":"1","type":"complete"}"#));
        let payload = serde_json::value::to_raw_value(&serde_json::json!({ "x": 1 })).expect("JSON");
        assert_eq!(pong(Some(&payload)), Message::text(r#"{"type":"pong","payload":{"x":1}}"#));
    }
}
