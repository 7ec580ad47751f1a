//! A client of graphql-transport-ws on a socket of its own, which shares no code with the server's
//! protocol and sends whatever a test says.

use crate::harness::Server;
use crate::users::GRAPHQL;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::TcpStream;
use std::time::{Duration, Instant};
use tungstenite::client::IntoClientRequest;
use tungstenite::http::{HeaderName, HeaderValue};
use tungstenite::{Message, WebSocket};

/// Longer than anything lasts: whoever runs into this has found a hang.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// What every client of the protocol asks for.
pub const PROTOCOL: (&str, &str) = ("Sec-WebSocket-Protocol", "graphql-transport-ws");

/// A socket that is open.
pub struct Socket {
    stream: WebSocket<TcpStream>,
    /// What came while something else was waited for.
    waiting: VecDeque<Value>,
    pings: u32,
}

impl Socket {
    /// One that asked for an upgrade with these headers; the protocol that was agreed on, if any.
    #[track_caller]
    pub fn upgrade(server: &Server, headers: &[(&str, &str)]) -> (Self, Option<String>) {
        Self::try_upgrade(server, headers).expect("an upgrade")
    }

    /// The same where the upgrade may be refused.
    pub fn try_upgrade(server: &Server, headers: &[(&str, &str)]) -> Option<(Self, Option<String>)> {
        Self::try_upgrade_as(server, &server.authority(), headers)
    }

    /// The same for a server that is asked for by this name.
    #[track_caller]
    pub fn upgrade_as(server: &Server, name: &str, headers: &[(&str, &str)]) -> (Self, Option<String>) {
        Self::try_upgrade_as(server, name, headers).expect("an upgrade")
    }

    fn try_upgrade_as(server: &Server, name: &str, headers: &[(&str, &str)]) -> Option<(Self, Option<String>)> {
        let stream = TcpStream::connect(server.authority()).expect("a connection");
        stream.set_read_timeout(Some(ANSWER_TIMEOUT)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        let mut request = format!("ws://{name}{GRAPHQL}").into_client_request().expect("a request of ours");
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            request.headers_mut().append(name, HeaderValue::from_str(value).expect("a value"));
        }
        let (stream, response) = tungstenite::client(request, stream).ok()?;
        let agreed = response.headers().get(PROTOCOL.0).map(|value| value.to_str().expect("ASCII").to_owned());
        Some((Self { stream, waiting: VecDeque::new(), pings: 0 }, agreed))
    }

    /// One that speaks the protocol and has said nothing yet.
    pub fn open(server: &Server) -> Self {
        let (socket, agreed) = Self::upgrade(server, &[PROTOCOL]);
        assert_eq!(agreed.as_deref(), Some(PROTOCOL.1));
        socket
    }

    /// One that is acknowledged with this payload of `connection_init`.
    #[track_caller]
    pub fn initialised(server: &Server, payload: &Value) -> Self {
        let mut socket = Self::open(server);
        socket.send(&json!({ "type": "connection_init", "payload": payload }));
        assert_eq!(socket.receive(), json!({ "type": "connection_ack" }));
        socket
    }

    /// One of whoever has the token.
    #[track_caller]
    pub fn of(server: &Server, token: &str) -> Self {
        Self::initialised(server, &json!({ "Authorization": format!("Bearer {token}") }))
    }

    /// The same, for an external subject.
    #[track_caller]
    pub fn of_subject(server: &Server, token: &str, subject: &str) -> Self {
        let authorization = format!("Bearer {token}");
        Self::initialised(server, &json!({ "Authorization": authorization, "X-External-Subject-ID": subject }))
    }

    pub fn send(&mut self, message: &Value) {
        self.send_message(Message::text(message.to_string()));
    }

    pub fn send_message(&mut self, message: Message) {
        self.stream.send(message).expect("an open socket");
    }

    /// Begins an operation, without waiting.
    pub fn begin(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.send(&json!({ "id": id, "type": "subscribe", "payload": payload }));
    }

    /// Subscribes, and waits until the subscription stands.
    #[track_caller]
    pub fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        self.begin(id, query, variables);
        self.until_taken();
    }

    /// Waits until everything sent so far has been taken; what comes meanwhile is kept.
    #[track_caller]
    pub fn until_taken(&mut self) {
        self.pings += 1;
        let pong = json!({ "type": "pong", "payload": { "n": self.pings } });
        self.send(&json!({ "type": "ping", "payload": pong["payload"] }));
        let mut kept = std::mem::take(&mut self.waiting);
        loop {
            let message = self.receive();
            if message == pong {
                break;
            }
            kept.push_back(message);
        }
        self.waiting = kept;
    }

    /// The next message.
    #[track_caller]
    pub fn receive(&mut self) -> Value {
        if let Some(kept) = self.waiting.pop_front() {
            return kept;
        }
        let since = Instant::now();
        loop {
            match self.stream.read().expect("a message in time") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Close(close) => panic!("the socket was closed: {close:?}"),
                // The server's pings come however long nothing else does.
                _ => assert!(since.elapsed() < ANSWER_TIMEOUT, "waited in vain for a message"),
            }
        }
    }

    /// The payload of the next message, which must be of this operation and type.
    #[track_caller]
    pub fn payload(&mut self, id: &str, kind: &str) -> Value {
        let mut message = self.receive();
        assert_eq!((message["id"].as_str(), message["type"].as_str()), (Some(id), Some(kind)), "{message}");
        message["payload"].take()
    }

    /// The one field of the data of the next response of an operation, which must have no errors.
    #[track_caller]
    pub fn next(&mut self, id: &str) -> Value {
        let mut payload = self.payload(id, "next");
        assert!(payload.get("errors").is_none(), "{payload}");
        let data = payload["data"].as_object_mut().expect("data");
        assert_eq!(data.len(), 1, "{data:?}");
        data.values_mut().next().expect("a field").take()
    }

    /// The only error with which an operation ends.
    #[track_caller]
    pub fn error(&mut self, id: &str) -> Value {
        let errors = self.payload(id, "error");
        let errors = errors.as_array().expect("a list of errors");
        assert_eq!(errors.len(), 1, "{errors:?}");
        errors[0].clone()
    }

    /// That nothing has been told that was not received.
    #[track_caller]
    pub fn assert_silent(&mut self) {
        self.until_taken();
        assert_eq!(self.waiting, Vec::<Value>::new());
    }

    /// Reads to the end: how many messages there were, and code and reason of the close.
    #[track_caller]
    pub fn until_closed(&mut self) -> (usize, u16, String) {
        let mut messages = self.waiting.len();
        let since = Instant::now();
        loop {
            match self.stream.read().expect("a close") {
                Message::Close(Some(close)) => return (messages, close.code.into(), close.reason.to_string()),
                Message::Close(None) => panic!("closed without a code"),
                Message::Ping(_) => assert!(since.elapsed() < ANSWER_TIMEOUT, "waited in vain for a close"),
                _ => messages += 1,
            }
        }
    }

    /// The code with which it is closed, and no message before.
    #[track_caller]
    pub fn close_code(&mut self) -> u16 {
        let (messages, code, reason) = self.until_closed();
        assert!(messages == 0 && !reason.is_empty(), "{messages} messages, {code} {reason}");
        code
    }
}
