//! What the log says of requests: one line each, and the whole chain of each fault.
//!
//! May use tracing. Used by the route table, by `socket` and by [`crate::http::reply`]. Never logs a header, a
//! query string or a body: those hold secrets.
//!
//! Requests that anyone can send (refused, or without a token) must not fill the disk: their lines are short, and beyond
//! some a second they are counted and not written. See [`Sampling`].

use crate::http::request::Request;
use http::StatusCode;
use http::header::AUTHORIZATION;
use parking_lot::Mutex;
use std::error::Error;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// The most of a path that is shown, in bytes; ours have fewer than half of it.
const PATH_BYTES_MAX: usize = 1_024;
/// The most of a path and of a method of a request that anyone can send: enough to recognise both.
const STRANGERS_PATH_BYTES_MAX: usize = 120;
const METHOD_BYTES_MAX: usize = 16;
/// The most causes of a fault that are shown, for one that causes itself.
const CAUSES_MAX: usize = 16;
/// How many lines a second are written about requests that anyone can send.
const STRANGERS_LINES_MAX: u32 = 20;
const SECOND: Duration = Duration::from_secs(1);

/// The lines about what anyone can send. There is one log in a process, and so one of these.
pub(super) static STRANGERS: Sampling = Sampling(Mutex::new(Window { since: None, written: 0, left_out: 0 }));

/// Lines of which so many are written a second; the others are counted, and their number is logged.
pub(super) struct Sampling(Mutex<Window>);

struct Window {
    since: Option<Instant>,
    written: u32,
    /// More than none only while their number is about to be logged.
    left_out: u64,
}

impl Sampling {
    /// Whether another line is written now.
    pub(super) fn admits(&'static self) -> bool {
        let mut window = self.0.lock();
        let now = Instant::now();
        if window.since.is_none_or(|since| now.duration_since(since) >= SECOND) {
            (window.since, window.written) = (Some(now), 0);
        }
        if window.written < STRANGERS_LINES_MAX {
            window.written += 1;
            return true;
        }
        window.left_out += 1;
        // Without a runtime the server is at its end.
        if window.left_out == 1
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(self.report());
        }
        false
    }

    async fn report(&self) {
        tokio::time::sleep(SECOND).await;
        let left_out = std::mem::take(&mut self.0.lock().left_out);
        tracing::warn!(
            left_out,
            "more than {STRANGERS_LINES_MAX} requests a second were refused or had no token; these are not in the log one by one"
        );
    }
}

/// Notes the end of one request, also where its client went away before it.
pub(super) struct Access<'a> {
    request: &'a Request,
    since: Instant,
    status: Option<StatusCode>,
}

impl<'a> Access<'a> {
    /// Begins to count the time.
    pub(super) fn begin(request: &'a Request) -> Self {
        Self { request, since: Instant::now(), status: None }
    }

    /// Notes the answer.
    pub(super) fn end(mut self, status: StatusCode) {
        self.status = Some(status);
    }
}

impl Drop for Access<'_> {
    fn drop(&mut self) {
        let by_anyone = self.may_be_anyones();
        let path_bytes = if by_anyone { STRANGERS_PATH_BYTES_MAX } else { PATH_BYTES_MAX };
        // Written out twice because tracing wants the level when it is compiled.
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    method = beginning(self.request.method.as_str(), METHOD_BYTES_MAX),
                    path = beginning(self.request.path(), path_bytes),
                    status = self.status.map(|status| status.as_u16()),
                    duration_ms = self.since.elapsed().as_micros() as f64 / 1_000.0,
                    client = %self.request.address(),
                    request_id = self.request.id.as_str(),
                    "{}",
                    if self.status.is_some() { "answered" } else { "the client went away" }
                )
            };
        }
        if !self.request.is_api() || self.is_routine() {
            line!(debug);
        } else if !by_anyone || STRANGERS.admits() {
            line!(info);
        }
    }
}

impl Access<'_> {
    /// Whether anyone can make the server log this, with no token of ours.
    fn may_be_anyones(&self) -> bool {
        match self.status {
            Some(status) if status.is_server_error() => false,
            Some(status) if status.is_client_error() => true,
            _ => !self.request.has(&AUTHORIZATION),
        }
    }

    /// Whether this is a property update that went well: connectors send so many that nobody would
    /// find anything else.
    fn is_routine(&self) -> bool {
        self.status == Some(StatusCode::NO_CONTENT) && self.request.path().contains("/properties/")
    }
}

/// Notes our own fault with all its causes.
pub(super) fn fault(fault: &(dyn Error + 'static), request: &Request) {
    let mut causes = fault.to_string();
    let rest = std::iter::successors(fault.source(), |&cause| cause.source());
    for cause in rest.take(CAUSES_MAX) {
        // Writing to a String cannot fail.
        let _ = write!(causes, ": {cause}");
    }
    tracing::error!(
        method = beginning(request.method.as_str(), METHOD_BYTES_MAX),
        path = short(request.path()),
        client = %request.address(),
        request_id = request.id.as_str(),
        "internal error: {causes}"
    );
}

/// The beginning of a text that a client made as long as it liked.
pub(super) fn short(text: &str) -> &str {
    beginning(text, PATH_BYTES_MAX)
}

fn beginning(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}
