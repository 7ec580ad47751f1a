//! What the log says of requests: one line each, and the whole chain of each fault.
//!
//! May use tracing. Used by the route table and by [`crate::http::reply`]. Never logs a header, a
//! query string or a body: those hold secrets.

use crate::http::request::Request;
use http::StatusCode;
use std::error::Error;
use std::fmt::Write;
use std::time::Instant;

/// The most of a path that is shown, in bytes; ours have fewer than half of it.
const PATH_BYTES_MAX: usize = 1_024;
/// The most causes of a fault that are shown, for one that causes itself.
const CAUSES_MAX: usize = 16;

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
        // Written out twice because tracing wants the level when it is compiled.
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    method = short(self.request.method.as_str()),
                    path = short(self.request.path()),
                    status = self.status.map(|status| status.as_u16()),
                    duration_ms = self.since.elapsed().as_micros() as f64 / 1_000.0,
                    client = %self.request.address(),
                    request_id = self.request.id.as_str(),
                    "{}",
                    if self.status.is_some() { "answered" } else { "the client went away" }
                )
            };
        }
        if self.request.is_api() && !self.is_routine() { line!(info) } else { line!(debug) }
    }
}

impl Access<'_> {
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
        method = short(request.method.as_str()),
        path = short(request.path()),
        client = %request.address(),
        request_id = request.id.as_str(),
        "internal error: {causes}"
    );
}

/// The beginning of a text that a client made as long as it liked.
pub(super) fn short(text: &str) -> &str {
    &text[..text.floor_char_boundary(PATH_BYTES_MAX)]
}
