//! What ureq speaks through: hands each request to the connection in one piece, and ureq its response,
//! read by `framing`. Says when a connection may be used again, so that every response belongs to its
//! own request.
//!
//! Uses nothing of ours outside this room. Used by `connect`, which puts it upon TCP or TLS.
//!
//! A request may go out on a connection that was used before if the response before was complete and
//! in step with its headers, nothing came since, and the connector was never caught out of step. What
//! remains is a connector that sends more than it announced while the next request is on its way: bytes
//! that are no response are skipped, and a second response to the request before cannot be told from
//! the one to this. Whoever is caught once gets a connection for each request from then on.

use crate::callback::framing::{Framing, HEADER_BYTES_MAX};
use crate::callback::problem::{Code, Problem};
use crate::callback::socket::no_time;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use ureq::Error;
use ureq::unversioned::transport::{Buffers, LazyBuffers, NextTimeout, Transport};

/// Room for what ureq reads: all headers and some body.
pub(super) const INPUT_BYTES: usize = HEADER_BYTES_MAX + 4 * 1_024;
/// Room for what ureq writes at once. Most requests fit whole.
pub(super) const OUTPUT_BYTES: usize = 16 * 1_024;
/// How long to wait for the body of a 201, which means the same whatever it is.
const CREATED_BODY_TIME_MAX: Duration = Duration::from_millis(250);
/// How long to wait for the body of a response whose status says it all, if its headers announce no end of it: it
/// holds at most the connector's words.
const WORDS_TIME_MAX: Duration = Duration::from_secs(2);
/// How long a body that has no end but that of the connection may take to begin, if no header says that there is
/// one. A server that keeps the connection open and says nothing more has sent a response without a body and
/// forgotten to say so.
const SILENCE_MAX: Duration = Duration::from_secs(2);
/// For how long a connector that was out of step gets a connection for each request.
const DISTRUST_TIME: Duration = Duration::from_secs(600);
/// The most connectors that are remembered for that.
const DISTRUSTED_MAX: usize = 1_024;

/// The connectors that sent something out of step, by the URL's authority.
#[derive(Debug, Default)]
pub(super) struct Distrust(Mutex<HashMap<String, Instant>>);

impl Distrust {
    fn note(&self, authority: &str) {
        let mut since = self.0.lock();
        since.retain(|_, at| at.elapsed() < DISTRUST_TIME);
        if since.len() >= DISTRUSTED_MAX && !since.contains_key(authority) {
            let oldest = since.iter().min_by_key(|(_, at)| **at).map(|(authority, _)| authority.clone());
            oldest.and_then(|oldest| since.remove(&oldest));
        }
        since.insert(authority.to_owned(), Instant::now());
    }

    fn is_noted(&self, authority: &str) -> bool {
        let since = self.0.lock();
        !since.is_empty() && since.get(authority).is_some_and(|at| at.elapsed() < DISTRUST_TIME)
    }
}

/// A request on its way out.
#[derive(Debug, Default)]
struct Outgoing {
    /// What ureq wrote and we have not sent yet.
    bytes: Vec<u8>,
    /// Whether its headers are complete.
    has_head: bool,
    /// The bytes of its body that are to come.
    body_left: u64,
}

/// A connection.
#[derive(Debug)]
pub(super) struct Wire {
    inner: Box<dyn Transport>,
    buffers: LazyBuffers,
    outgoing: Outgoing,
    response: Framing,
    /// Whether a request has been sent for which `response` is meant.
    asked: bool,
    requests: usize,
    /// When to stop waiting for the body.
    body_until: Option<Instant>,
    authority: String,
    distrust: Arc<Distrust>,
}

impl Wire {
    /// Upon a connection to this authority.
    pub fn new(inner: Box<dyn Transport>, authority: &str, distrust: Arc<Distrust>) -> Self {
        Self {
            inner,
            buffers: LazyBuffers::new(INPUT_BYTES, OUTPUT_BYTES),
            outgoing: Outgoing::default(),
            response: Framing::new(false),
            asked: false,
            requests: 0,
            body_until: None,
            authority: authority.to_owned(),
            distrust,
        }
    }

    /// Before the first byte of a request. A connection that is used again was looked at just now.
    fn begin(&mut self) -> Result<(), Error> {
        if self.requests == 0 {
            match self.inner.await_input(no_time()) {
                Err(Error::Timeout(_)) => {}
                Err(error) => return Err(error),
                Ok(false) => {
                    return Err(Error::from(Problem::new(
                        Code::ConnectionLost,
                        "the connector closed the connection before the request was sent",
                    )));
                }
                Ok(true) => {
                    return Err(Error::from(Problem::new(
                        Code::MalformedAnswer,
                        "the connector sent something before the request, which was therefore not sent: its port does \
                     not speak HTTP",
                    )));
                }
            }
        }
        self.response = Framing::new(self.requests > 0);
        self.body_until = None;
        self.requests += 1;
        self.asked = true;
        Ok(())
    }

    /// Sends what was held back.
    fn flush(&mut self, timeout: NextTimeout) -> Result<(), Error> {
        let bytes = std::mem::take(&mut self.outgoing.bytes);
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let output = self.inner.buffers().output();
            let amount = rest.len().min(output.len());
            output[..amount].copy_from_slice(&rest[..amount]);
            self.inner.transmit_output(amount, timeout)?;
            rest = &rest[amount..];
        }
        // Kept for its room.
        self.outgoing.bytes = bytes;
        self.outgoing.bytes.clear();
        Ok(())
    }

    /// The time to wait for more of the response, which a body that decides nothing shortens.
    fn time(&self, timeout: NextTimeout) -> Result<NextTimeout, Error> {
        let Some(until) = self.body_until else { return Ok(timeout) };
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Error::Timeout(timeout.reason));
        }
        Ok(NextTimeout { after: (*timeout.after).min(left).into(), ..timeout })
    }

    /// Sets the time for the body, once status and headers are there.
    fn note_status(&mut self, before: Option<u16>) {
        let limit = match (before, self.response.status()) {
            (None, Some(201)) => CREATED_BODY_TIME_MAX,
            (_, None) => return,
            // It has an end, so it is worth waiting for.
            (None, Some(_)) if !self.response.stays_open() => return,
            // A type is the type of something: the body decides, so it is worth waiting for, too.
            (None, Some(200 | 202)) if self.response.has_type() => return,
            (None, Some(200 | 202)) => SILENCE_MAX,
            (None, Some(_)) => WORDS_TIME_MAX,
            // The body has begun.
            (Some(200 | 202), Some(_)) => {
                self.body_until = None;
                return;
            }
            (Some(_), Some(_)) => return,
        };
        self.body_until = Some(Instant::now() + limit);
    }

    /// Whether nothing has come since the response, and the connection is open.
    fn is_quiet(&mut self) -> bool {
        if !self.inner.buffers().input().is_empty() {
            return self.caught();
        }
        // Also reads what TLS has taken from the socket already.
        match self.inner.await_input(no_time()) {
            Err(Error::Timeout(_)) => self.inner.is_open(),
            Ok(true) => self.caught(),
            Ok(false) | Err(_) => false,
        }
    }

    fn caught(&self) -> bool {
        self.distrust.note(&self.authority);
        false
    }
}

impl Outgoing {
    /// Takes what ureq wrote; whether it is time to send.
    fn take(&mut self, output: &[u8]) -> bool {
        self.bytes.extend_from_slice(output);
        if self.has_head {
            self.body_left = self.body_left.saturating_sub(output.len() as u64);
        } else if let Some(end) = self.bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            self.has_head = true;
            let body = (self.bytes.len() - end - 4) as u64;
            self.body_left = content_length(&self.bytes[..end]).saturating_sub(body);
        }
        let complete = self.has_head && self.body_left == 0;
        if complete {
            self.has_head = false;
        }
        complete || self.bytes.len() >= OUTPUT_BYTES
    }
}

/// What a request of ours says of its body.
fn content_length(head: &[u8]) -> u64 {
    let value = |line: &[u8]| {
        let (name, value) = line.split_at_checked("content-length:".len())?;
        name.eq_ignore_ascii_case(b"content-length:").then_some(())?;
        std::str::from_utf8(value.trim_ascii()).ok()?.parse().ok()
    };
    head.split(|byte| *byte == b'\n').find_map(value).unwrap_or(0)
}

impl Transport for Wire {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if amount == 0 {
            return Ok(());
        }
        if self.outgoing.bytes.is_empty() && !self.outgoing.has_head {
            self.begin()?;
        }
        if self.outgoing.take(&self.buffers.output()[..amount]) { self.flush(timeout) } else { Ok(()) }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.flush(timeout)?;
        loop {
            let raw = self.inner.buffers().input();
            let before = self.response.status();
            let (taken, written) = self.response.step(raw, self.buffers.input_append_buf()).map_err(|problem| {
                self.distrust.note(&self.authority);
                Error::from(problem)
            })?;
            self.inner.buffers().input_consume(taken);
            self.buffers.input_appended(written);
            if written > 0 {
                self.note_status(before);
                return Ok(true);
            }
            if self.response.is_ended() {
                return Ok(false);
            }
            let came = self.inner.await_input(self.time(timeout)?);
            let came = came.map_err(|error| self.response.nothing_but_surplus().map_or(error, Error::from))?;
            if !came {
                let written = self.response.close(self.buffers.input_append_buf()).map_err(Error::from)?;
                self.buffers.input_appended(written);
                return Ok(written > 0);
            }
        }
    }

    fn is_open(&mut self) -> bool {
        if self.asked && self.response.is_ended() && !self.response.is_in_step() {
            return self.caught();
        }
        let finished = !self.asked || self.response.is_ended();
        finished && !self.distrust.is_noted(&self.authority) && self.is_quiet()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

#[cfg(test)]
mod tests;
