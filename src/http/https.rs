//! What belongs to https: the answer to plain http where https is spoken, and the header that keeps
//! browsers with it.
//!
//! May use the request and reply files of this room. Used by the door, through the route table.

use crate::http::reply::Refusal;
use crate::http::request::{self, Arrival, Request};
use http::header::{CONNECTION, HOST, STRICT_TRANSPORT_SECURITY};
use http::{HeaderName, HeaderValue, Uri};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use std::convert::Infallible;
use std::net::IpAddr;
use std::time::Duration;
use warp::reply::Response;

/// How long a browser stays with https, in seconds: thirty days, so that a server which gives TLS up
/// is not out of reach for years.
const STAY: HeaderValue = HeaderValue::from_static("max-age=2592000");
/// Ends of names that mean a machine nearby, where other servers on other ports have the same name
/// and often no TLS (RFC 6761, RFC 6762, RFC 8375; `internal` is ICANN's).
const NEARBY: [&str; 6] = [".localhost", ".local", ".test", ".internal", ".home.arpa", ".lan"];
/// How much of a request that should have been encrypted is read before it is refused, and for how long.
const READ_BYTES_MAX: usize = 64 * 1024;
const READ_TIME_MAX: Duration = Duration::from_secs(2);

/// Refuses a request of plain http at a port that speaks https, and says so.
pub async fn demand_https(request: hyper::Request<Incoming>) -> Result<Response, Infallible> {
    let host = host(&request).map(str::to_owned);
    let (parts, body) = request.into_parts();
    // Closing with bytes unread resets the connection, and the client would not see why.
    let _ = tokio::time::timeout(READ_TIME_MAX, Limited::new(body, READ_BYTES_MAX).collect()).await;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let url = host.map_or_else(|| "https://…".to_owned(), |host| format!("https://{host}{path}"));
    let description = format!("this port speaks https, and the request came over plain http: use {url}");
    let request = Request::new(parts.method, None, String::new(), parts.headers, Arrival::default());
    let mut response = Refusal::bad_request(description).answer(&request);
    response.headers_mut().insert(request::REQUEST_ID, request.id.value());
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    Ok(response)
}

/// The header that keeps a browser with https for this host (RFC 6797), unless the host is this
/// machine or one nearby, or has no name: the rule would hold for every port of it.
pub fn stay_with_https<Body>(request: &hyper::Request<Body>) -> Option<(HeaderName, HeaderValue)> {
    let host: Uri = host(request)?.parse().ok()?;
    is_public(host.host()?).then_some((STRICT_TRANSPORT_SECURITY, STAY))
}

fn is_public(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let is_address = host.starts_with('[') || host.parse::<IpAddr>().is_ok();
    host.contains('.') && !is_address && !NEARBY.iter().any(|end| host.ends_with(end))
}

/// What the client calls the server, with the port.
fn host<Body>(request: &hyper::Request<Body>) -> Option<&str> {
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    authority.or_else(|| request.headers().get(HOST)?.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stays(host: &str) -> bool {
        let request = hyper::Request::builder().header(HOST, host).body(()).expect("a request");
        stay_with_https(&request).is_some()
    }

    #[test]
    fn browsers_stay_with_https_for_names_of_the_internet_alone() {
        for host in ["connhub.example.com", "example.com:8443", "EXAMPLE.com."] {
            assert!(stays(host), "{host}");
        }
        for host in [
            "localhost",
            "localhost:7171",
            "127.0.0.1:7171",
            "[::1]:7171",
            "hub",
            "hub.local",
            "a.localhost.",
            "",
            "a b",
        ] {
            assert!(!stays(host), "{host}");
        }
    }
}
