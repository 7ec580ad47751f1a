//! A plain HTTP/1.1 client on a raw socket: it sends what a test says, byte for byte, malformed
//! headers and odd methods too, and takes apart what comes back. One connection per request.

use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longer than the server lets anything last: whoever runs into this has found a hang.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// A request to be sent.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// A request without a body.
    pub fn new(method: &str, target: &str) -> Self {
        Self { method: method.to_owned(), target: target.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    pub fn post(target: &str) -> Self {
        Self::new("POST", target)
    }

    /// With one more header; its value may be any bytes.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// With `Authorization: Bearer`, where there is a token.
    pub fn bearer<'a>(self, token: impl Into<Option<&'a str>>) -> Self {
        match token.into() {
            Some(token) => self.header("Authorization", format!("Bearer {token}")),
            None => self,
        }
    }

    /// With a JSON body that says so.
    pub fn json(self, body: &Value) -> Self {
        self.header("Content-Type", "application/json").body(body.to_string())
    }

    /// With a form as its body.
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let pairs: Vec<_> = fields.iter().map(|(key, value)| format!("{}={}", escaped(key), escaped(value))).collect();
        self.header("Content-Type", "application/x-www-form-urlencoded").body(pairs.join("&"))
    }

    /// With a body that nothing is said of.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The bytes as they go out.
    pub fn bytes(&self, authority: &str) -> Vec<u8> {
        let has = |wanted: &str| self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        let mut line = |name: &str, value: &[u8]| {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        };
        if !has("Host") {
            line("Host", authority.as_bytes());
        }
        line("Connection", b"close");
        if !has("Content-Length") && !has("Transfer-Encoding") && (!self.body.is_empty() || self.method != "GET") {
            line("Content-Length", self.body.len().to_string().as_bytes());
        }
        for (name, value) in &self.headers {
            line(name, value);
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Sends it and waits for the answer's end.
    pub fn send(&self, authority: &str) -> Response {
        self.try_send(authority).unwrap_or_else(|error| panic!("{} {}: {error}", self.method, self.target))
    }

    /// Sends it and disconnects after a time, whether or not anything came back.
    pub fn abandon(&self, authority: &str, after: Duration) {
        let mut stream = TcpStream::connect(authority).expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        stream.write_all(&self.bytes(authority)).expect("sent");
        stream.set_read_timeout(Some(after)).expect("a timeout");
        // What came back, and that nothing did, is not looked at.
        let _ = stream.read(&mut [0]);
    }

    /// The same where the server may be gone.
    pub fn try_send(&self, authority: &str) -> std::io::Result<Response> {
        let mut stream = TcpStream::connect(authority)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        // A server that refuses a body may answer before it has read it all.
        let sent = stream.write_all(&self.bytes(authority));
        let mut received = Vec::new();
        let read = stream.read_to_end(&mut received);
        if received.is_empty() {
            sent?;
            read?;
        }
        Response::parse(&received)
            .ok_or_else(|| std::io::Error::other(format!("no HTTP: {:?}", String::from_utf8_lossy(&received))))
    }
}

impl Response {
    /// Takes apart what a server sent until it closed.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..end]).ok()?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let pair = |line: &str| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
        let headers = lines.map(pair).collect::<Option<_>>()?;
        let response = Self { status, headers, body: bytes[end + 4..].to_owned() };
        match response.header("Transfer-Encoding") {
            Some("chunked") => Some(Self { body: dechunked(&response.body)?, ..response }),
            _ => Some(response),
        }
    }

    /// The one value of a header, if it is there.
    pub fn header(&self, wanted: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "the header {wanted} stands twice: {:?}", self.headers);
        value
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body in UTF-8")
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The same response, if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:?}: {}", self.headers, String::from_utf8_lossy(&self.body));
        self
    }
}

fn dechunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(end + 2..end + 2 + size)?);
        rest = rest.get(end + 4 + size..)?;
    }
}

/// A text as forms and queries carry it.
pub fn escaped(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
