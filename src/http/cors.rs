//! Cross-origin requests: pages of any origin may call the API, since it knows bearer tokens alone
//! and no cookies, so that a foreign page can do no more than its author could do without it.
//!
//! May use [`crate::http::reply`]. Used by the route table.

use crate::http::reply;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW,
};
use http::{HeaderMap, HeaderValue};
use warp::reply::Response;

/// The headers that a page may send. The asterisk means any other, but never covers Authorization.
const REQUEST_HEADERS: HeaderValue =
    HeaderValue::from_static("Authorization, Content-Type, Accept, X-External-Subject-ID, X-Request-Id, *");
/// The headers that a page may read beside the harmless ones.
const RESPONSE_HEADERS: HeaderValue = HeaderValue::from_static("X-Request-Id, Retry-After, WWW-Authenticate, Allow");
/// How long a browser need not ask again, in seconds: as long as any of them remembers (two hours).
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// The answer to OPTIONS, which is also a browser's question before the request proper.
pub(super) fn preflight(allow: &'static str) -> Response {
    let mut response = reply::no_content();
    let headers = response.headers_mut();
    headers.insert(ALLOW, HeaderValue::from_static(allow));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(allow));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
    headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    response
}

/// Lets any page read the answer.
pub(super) fn open(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, RESPONSE_HEADERS);
}
