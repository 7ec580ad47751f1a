//! HTTP/1.1 as far as a client and a connector of our own need it: requests written at once,
//! messages with a Content-Length, connections that are kept.
//!
//! It is lean because it shares the machine's cores with the server that it measures.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a request may take: longer than the 30 s that an operation waits for a connector.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(40);
/// How much is read at once, in bytes.
const READ_BYTES: usize = 64 * 1024;
/// The longest head taken, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// A request to be sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// Such as `POST`.
    pub method: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// The bearer token.
    pub token: Option<&'a str>,
    /// The external subject.
    pub subject: Option<&'a str>,
    /// The client's address, as a proxy reports it.
    pub client: Option<&'a str>,
    /// The body, which is JSON.
    pub body: Option<&'a [u8]>,
}

impl Request<'_> {
    /// Adds the request's bytes to a buffer.
    pub fn write_to(&self, buffer: &mut Vec<u8>) {
        let line = |buffer: &mut Vec<u8>, parts: &[&str]| {
            parts.iter().for_each(|part| buffer.extend_from_slice(part.as_bytes()));
            buffer.extend_from_slice(b"\r\n");
        };
        line(buffer, &[self.method, " ", self.path, " HTTP/1.1"]);
        line(buffer, &["Host: localhost"]);
        if let Some(token) = self.token {
            line(buffer, &["Authorization: Bearer ", token]);
        }
        if let Some(subject) = self.subject {
            line(buffer, &["X-External-Subject-ID: ", subject]);
        }
        if let Some(client) = self.client {
            line(buffer, &["X-Forwarded-For: ", client]);
        }
        if let Some(body) = self.body {
            line(buffer, &["Content-Type: application/json"]);
            line(buffer, &["Content-Length: ", &body.len().to_string()]);
        }
        line(buffer, &[]);
        buffer.extend_from_slice(self.body.unwrap_or_default());
    }

    /// The request's bytes.
    pub fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write_to(&mut bytes);
        bytes
    }
}

/// Where the parts of a message lie in a buffer that begins with it.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// Where the body begins.
    pub body: usize,
    /// Where the message ends.
    pub end: usize,
}

/// Finds a message's parts; none if its head is not there yet. The body may still be missing.
pub fn frame(buffer: &[u8]) -> io::Result<Option<Frame>> {
    let Some(at) = find(buffer, b"\r\n\r\n") else {
        return if buffer.len() > HEAD_BYTES_MAX { Err(malformed("its head is too long")) } else { Ok(None) };
    };
    let head = &buffer[..at + 2];
    if header(head, b"transfer-encoding").is_some() {
        return Err(malformed("it has no Content-Length"));
    }
    let length = match header(head, b"content-length") {
        None => 0,
        Some(text) => number(text).ok_or_else(|| malformed("its Content-Length is no number"))?,
    };
    Ok(Some(Frame { body: at + 4, end: at + 4 + length }))
}

/// The status in an answer's first line.
pub fn status(answer: &[u8]) -> io::Result<u16> {
    let text = answer.get(9..12).filter(|_| answer.starts_with(b"HTTP/1.1 "));
    let status = text.and_then(number).and_then(|status| u16::try_from(status).ok());
    status.ok_or_else(|| malformed("it has no status"))
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// The value of a header, whose name is given in lower case.
fn header<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    head.split(|&byte| byte == b'\n').skip(1).find_map(|line| {
        let (given, value) = line.split_at_checked(name.len())?;
        let value = value.strip_prefix(b":")?;
        given.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
    })
}

fn number(text: &[u8]) -> Option<usize> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn malformed(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("a message cannot be read: {problem}"))
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
}

/// A connection that is kept from one request to the next.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_TIME_MAX))?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// Sends a request and reads its answer.
    pub fn send(&mut self, request: &Request<'_>) -> io::Result<Answer> {
        self.send_bytes(&request.to_bytes())
    }

    /// Sends the bytes of a request and reads its answer.
    pub fn send_bytes(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.stream.write_all(request)?;
        self.buffer.clear();
        let mut chunk = [0; READ_BYTES];
        loop {
            if let Some(frame) = frame(&self.buffer)?
                && self.buffer.len() >= frame.end
            {
                let body = self.buffer[frame.body..frame.end].to_vec();
                return Ok(Answer { status: status(&self.buffer)?, body });
            }
            let read = self.stream.read(&mut chunk)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.buffer.extend_from_slice(&chunk[..read]);
        }
    }
}
