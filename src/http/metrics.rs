//! `/metrics`, and the counting of requests.
//!
//! May use `metrics` and `ops`. Used by the route table.

use crate::http::origin;
use crate::http::reply::{self, Kind, Refusal};
use crate::http::request::Request;
use crate::metrics::{CONTENT_TYPE, Metrics, Route};
use crate::model::error::Error;
use crate::ops::Platform;
use http::header::{FORWARDED, VIA};
use http::{HeaderName, HeaderValue, StatusCode};
use std::time::Instant;
use warp::reply::Response;

/// What proxies add to what they pass on: such a request is not of this machine, whoever sends it.
const PASSED_ON: [HeaderName; 4] =
    [FORWARDED, VIA, HeaderName::from_static("x-forwarded-for"), HeaderName::from_static("x-real-ip")];

/// Counts one request at its end, also where its client went away before it.
pub(super) struct Count<'a> {
    metrics: &'a Metrics,
    request: &'a Request,
    since: Instant,
    status: Option<StatusCode>,
}

impl<'a> Count<'a> {
    /// Begins to count the time.
    pub(super) fn begin(metrics: &'a Metrics, request: &'a Request) -> Self {
        Self { metrics, request, since: Instant::now(), status: None }
    }

    /// Notes the answer.
    pub(super) fn end(mut self, status: StatusCode) {
        self.status = Some(status);
    }
}

impl Drop for Count<'_> {
    fn drop(&mut self) {
        let status = self.status.map(|status| status.as_u16());
        self.metrics.requests.ended(
            route(self.request.path()),
            self.request.method.as_str(),
            status,
            self.since.elapsed(),
        );
    }
}

/// What a path is for, as far as metrics tell.
fn route(path: &str) -> Route {
    if let Some(rest) = path.strip_prefix("/api/v1/") {
        return match rest.split('/').next() {
            Some("query") => Route::Query,
            Some("connectorhub") if rest.contains("/properties/") => Route::Property,
            Some("connectorhub") => Route::Hub,
            Some("auth") => Route::Auth,
            _ => Route::Page,
        };
    }
    match path {
        "/healthz" | "/readyz" | "/metrics" => Route::Probe,
        _ if path.starts_with("/oauth2/") => Route::Auth,
        _ => Route::Page,
    }
}

/// The metrics, for whoever may read them: with the operator's token or, on a server that none but this
/// machine can reach, from this machine.
pub(super) fn answer(platform: &Platform, request: &Request) -> Result<Response, Refusal> {
    let passed_on = PASSED_ON.iter().any(|name| request.has(name));
    let local = request.is_from_loopback() && !passed_on && origin::is_own_machine(request);
    if !platform.may_read_metrics(request.bearer(), local) {
        let description = "metrics are for this machine, and for whoever has the token of --metrics-token";
        return Err(Refusal::new(Kind::Unauthorized, description.to_owned()));
    }
    let text = platform.metrics().text().map_err(|error| Refusal::from(Error::fault(error)))?;
    Ok(reply::not_stored(reply::with_type(StatusCode::OK, text, HeaderValue::from_static(CONTENT_TYPE))))
}
