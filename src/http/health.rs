//! `/healthz` (alive) and `/readyz` (able to work), for whatever watches the server.
//!
//! May use `ops`. Used by the route table.

use crate::http::reply::{self, Kind, Refusal};
use crate::http::request::Request;
use crate::ops::Platform;
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use std::time::Duration;
use warp::reply::Response;

/// How long the check may take: probes commonly give up after that.
const READY_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Serialize)]
struct Ready {
    status: &'static str,
}

/// The process answers.
pub(super) fn alive() -> Response {
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    reply::not_stored(reply::with_type(StatusCode::OK, b"ok\n".to_vec(), text))
}

/// The database can be written and callbacks can be sent.
pub(super) async fn ready(platform: &Platform, request: &Request) -> Response {
    let checked = tokio::time::timeout(READY_TIMEOUT, platform.check_ready()).await;
    reply::not_stored(match checked {
        Ok(Ok(())) => reply::json(StatusCode::OK, &Ready { status: "ready" }),
        // Whatever is wrong, here it means the same: send no requests.
        Ok(Err(error)) => Refusal::from(error).with_kind(Kind::ServiceUnavailable).answer(request),
        Err(_) => {
            let description = "the database does not answer in time".to_owned();
            Refusal::new(Kind::ServiceUnavailable, description).answer(request)
        }
    })
}
