//! One callback from its row to its settlement: compose → sign → send → interpret → settle
//! (design/architecture.md, "A callback is a row before it is a request").
//!
//! May use `model` and `ops`. Used by `pool`, on whose threads it blocks. Holds no lock, connection
//! of the database or transaction while it waits for the connector.

use crate::callback::Settings;
use crate::callback::advice::Asked;
use crate::callback::client::{Client, End, Exchange, USER_AGENT};
use crate::callback::interpret::{Verdict, interpret, our_fault};
use crate::callback::message::{self, Target};
use crate::callback::problem::{Code, Problem};
use crate::callback::queue::Ended;
use crate::callback::redact::Redactor;
use crate::callback::resolve;
use crate::callback::sign::{self, Signatures};
use crate::model::callback::{Attempt, Header, Outcome, Outgoing, Response};
use crate::model::error::Result;
use crate::model::id::CallbackId;
use crate::ops::callback::{Composed, compose, settle, skip, withhold};
use crate::ops::{Platform, now};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How long to wait before trying again what the database did not take. It may be full or busy for
/// a while; the last pause is repeated until it takes it again, since a row left unsettled would be
/// stuck. Where the server ends first, the next start knows what to make of the row.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
];

/// Sends and settles callbacks.
pub(super) struct Worker {
    platform: Arc<Platform>,
    sending: Sending,
    /// The longest that connecting and that a whole exchange may take.
    connect_timeout: Duration,
    timeout: Duration,
}

/// What it takes to send.
struct Sending {
    client: Client,
    signatures: Signatures,
    sign_actual_scheme: bool,
    /// Whether nothing is sent.
    disabled: bool,
}

impl Worker {
    /// Of this platform.
    pub fn new(platform: Arc<Platform>, client: Client, settings: &Settings) -> Self {
        let Settings { connect_timeout, timeout, sign_actual_scheme, disabled, .. } = *settings;
        let sending = Sending { client, signatures: Signatures::default(), sign_actual_scheme, disabled };
        Self { platform, sending, connect_timeout, timeout }
    }

    /// Sends a callback and settles it, or notes that it is not to be sent any more: how it ended. Blocks.
    pub fn run(&self, id: CallbackId) -> Ended {
        match persevere(id, "composed", &PAUSES, || compose(&self.platform, id)) {
            Composed::Obsolete => {
                persevere(id, "skipped", &PAUSES, || skip(&self.platform, id).wait());
                Ended::Soon
            }
            Composed::Withheld(why) => {
                persevere(id, "given up", &PAUSES, || withhold(&self.platform, id, why).wait());
                Ended::Soon
            }
            Composed::Outgoing(outgoing) => {
                let (attempt, outcome) = attempt(&self.sending, &outgoing);
                let kind = outgoing.message.kind().name();
                note_failure(&outgoing, &attempt);
                self.platform.metrics().callbacks.ended(kind, outcome.name(), attempt.duration);
                let settle = || settle(&self.platform, id, attempt.clone(), outcome.clone()).wait();
                persevere(id, "settled", &PAUSES, settle);
                self.ended(&attempt)
            }
        }
    }

    /// Late is what took a whole timeout without a response, or without the end of one.
    fn ended(&self, attempt: &Attempt) -> Ended {
        let has_no_response = attempt.response.is_none() && attempt.duration >= self.connect_timeout;
        if has_no_response || attempt.duration >= self.timeout { Ended::Late } else { Ended::Soon }
    }
}

/// Tries until it works, with these pauses between and the last one ever after.
fn persevere<T>(id: CallbackId, what: &str, pauses: &[Duration], mut work: impl FnMut() -> Result<T>) -> T {
    let last = pauses.last().copied().unwrap_or_default();
    let mut pauses = pauses.iter().copied().chain(std::iter::repeat(last));
    loop {
        let error = match work() {
            Ok(done) => return done,
            Err(error) => error,
        };
        let pause = pauses.next().unwrap_or(last);
        tracing::error!(callback = %id, ?error, ?pause, "a callback could not be {what}; trying again");
        std::thread::sleep(pause);
    }
}

/// Logs a callback that failed, in one line. The texts hold no secrets: they are those of the callback log.
fn note_failure(outgoing: &Outgoing, attempt: &Attempt) {
    let status = attempt.response.as_ref().map(|response| response.status);
    if attempt.error.is_none() && status.is_none_or(|status| status < 400) {
        return;
    }
    // The connector's words may be made to look like other lines of the log.
    let error = attempt.error.as_deref().map(in_one_line);
    tracing::warn!(
        callback = %outgoing.id,
        kind = outgoing.message.kind().name(),
        publication = %outgoing.publication,
        status,
        error = error.map(tracing::field::display),
        duration_ms = attempt.duration.as_micros() as f64 / 1_000.0,
        "a callback failed"
    );
}

/// A text with its control characters escaped.
fn in_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line
}

/// Sends a callback: what is to be logged, and what it came to. A panic on the way is our own fault
/// and settles it like any other end.
fn attempt(sending: &Sending, outgoing: &Outgoing) -> (Attempt, Outcome) {
    catch_unwind(AssertUnwindSafe(|| send(sending, outgoing))).unwrap_or_else(|_| {
        tracing::error!(callback = %outgoing.id, "a callback panicked");
        unsent(outgoing, our_fault(outgoing.message.kind()))
    })
}

fn send(sending: &Sending, outgoing: &Outgoing) -> (Attempt, Outcome) {
    let kind = outgoing.message.kind();
    let refuse = |problem: &Problem| {
        let asked = Asked { scheme: "", authority: "", signed_scheme: "" };
        unsent(outgoing, interpret(kind, asked, Err(problem), Duration::ZERO))
    };
    if sending.disabled {
        return refuse(&Problem::new(Code::Disabled, "this server sends no callbacks (--no-callbacks)"));
    }
    let target = match message::target(&outgoing.message, &outgoing.callback_url) {
        Ok(target) => target,
        Err(error) => return refuse(&Problem::new(Code::BadCallbackUrl, error.to_string())),
    };
    let body = message::body(&outgoing.message, |text| text);
    let signed_url = sign::signed_url(&target, sending.sign_actual_scheme);
    let request_headers = request_headers(&sending.signatures, outgoing, &target, &signed_url, &body);
    let sent_at = now();
    let exchange = || sending.client.exchange(kind.method(), &target, &request_headers, &body);
    let Exchange { answer, duration } = resolve::on_behalf_of(outgoing.owner, exchange);

    let asked = Asked {
        scheme: &target.scheme,
        authority: &target.authority,
        signed_scheme: signed_url.split_once(':').map_or("https", |(scheme, _)| scheme),
    };
    let redactor = Redactor::new(outgoing);
    let (verdict, response) = match answer {
        Err(problem) => (interpret(kind, asked, Err(&problem), duration), None),
        Ok(received) => {
            let text = String::from_utf8_lossy(&received.body).into_owned();
            let cut = !matches!(received.end, End::Whole);
            let shown = if cut { redactor.cut_text(text) } else { redactor.text(text) };
            let verdict = interpret(kind, asked, Ok((&received, &shown)), duration);
            if let Some(oddity) = verdict.oddity {
                tracing::warn!(callback = %outgoing.id, publication = %outgoing.publication, "{oddity}");
            }
            let headers = redactor.headers(received.headers);
            (verdict, Some(Response { status: received.status, headers, body: shown }))
        }
    };
    let attempt = Attempt {
        sent_at,
        duration,
        method: kind.method().to_owned(),
        url: target.to_string(),
        signed_url,
        request_headers,
        request_body: redactor.request_body(),
        response,
        error: verdict.error.map(|error| redactor.text(error)),
    };
    (attempt, redactor.outcome(verdict.outcome))
}

/// The request's headers, all of them, in their order on the wire.
fn request_headers(
    signatures: &Signatures,
    outgoing: &Outgoing,
    target: &Target,
    signed_url: &str,
    body: &str,
) -> Vec<Header> {
    let method = outgoing.message.kind().method();
    let date = sign::date_header(SystemTime::now());
    let signature = signatures.sign(&outgoing.seed, method, signed_url, &date, body);
    let header = |name: &str, value: String| Header { name: name.to_owned(), value };
    let mut headers = vec![
        header("Host", target.authority.clone()),
        header("Date", date),
        header("Signature", signature),
        header("User-Agent", USER_AGENT.to_owned()),
    ];
    if method == "POST" {
        // The SDK compares the whole string.
        headers.push(header("Content-Type", "application/json".to_owned()));
        headers.push(header("Content-Length", body.len().to_string()));
    }
    headers
}

/// The log's entry of a callback that was not sent.
fn unsent(outgoing: &Outgoing, verdict: Verdict) -> (Attempt, Outcome) {
    let attempt = Attempt {
        sent_at: now(),
        duration: Duration::ZERO,
        method: outgoing.message.kind().method().to_owned(),
        url: outgoing.callback_url.clone(),
        signed_url: outgoing.callback_url.clone(),
        request_headers: Vec::new(),
        request_body: Redactor::new(outgoing).request_body(),
        response: None,
        error: verdict.error,
    };
    (attempt, verdict.outcome)
}

#[cfg(test)]
mod tests;
