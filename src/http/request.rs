//! What a request says: method, path, headers and its ID, read with care.
//!
//! May use the http types. Used by every handler of this room.

use crate::http::body::Body;
use crate::http::negotiation;
use crate::http::reply::{Kind, Refusal};
use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST,
    SEC_WEBSOCKET_PROTOCOL,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};
use warp::host::Authority;
use warp::path::FullPath;

/// The most segments of a path that any route has, and one more to see that there are too many.
const SEGMENTS_MAX: usize = 12;
/// The longest path and query together, in bytes: a query of GraphQL may be there.
const TARGET_BYTES_MAX: usize = 16 * 1024;
/// The longest request ID of a client that is kept, in bytes.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// The header that names a request.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Everything of a request but its body.
pub(super) struct Request {
    /// The method as it was sent.
    pub(super) method: Method,
    /// The raw query string, empty where there is none.
    pub(super) query: String,
    /// Whether it came over TLS.
    pub(super) secure: bool,
    /// Names the request in the answer and in the log.
    pub(super) id: RequestId,
    peer: Option<IpAddr>,
    name: Name,
    path: Option<FullPath>,
    headers: HeaderMap,
}

/// Where a request came from and by which name it asked.
#[derive(Default)]
pub(super) struct Arrival {
    /// Who sends it, where the server told.
    pub(super) peer: Option<IpAddr>,
    /// Whether it came over TLS.
    pub(super) secure: bool,
    /// By which name it asks.
    pub(super) name: Name,
}

/// By which name and port a request asks for the server: the header Host, or what stands in the
/// request's target, as HTTP/2 and clients of proxies have it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Name {
    /// By none, as HTTP/1.0 may.
    #[default]
    Unsaid,
    /// By this one.
    Said(Authority),
    /// By something that is no name, by more than one, or by none where one is due.
    Unclear,
}

/// The segments of a path, not yet decoded.
pub(super) struct Segments<'a>([&'a str; SEGMENTS_MAX], usize);

/// What a body is said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContentType {
    /// Not said.
    Absent,
    /// `application/json` in UTF-8.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// Anything else.
    Other,
}

impl Request {
    /// Puts together what the filter extracted.
    pub(super) fn new(
        method: Method,
        path: Option<FullPath>,
        query: String,
        headers: HeaderMap,
        arrival: Arrival,
    ) -> Self {
        let id = RequestId::of(headers.get(REQUEST_ID));
        let Arrival { peer, secure, name } = arrival;
        let name = match name {
            // A second header would be read by nobody here, but perhaps by a proxy before; and a user
            // has no place in the header (RFC 9110, section 7.2).
            Name::Said(said) if headers.get_all(HOST).iter().count() > 1 || said.as_str().contains('@') => {
                Name::Unclear
            }
            name => name,
        };
        Self { method, query, secure, id, peer, name, path, headers }
    }

    /// Where it comes from, if that is known.
    pub(super) fn client(&self) -> Option<IpAddr> {
        self.peer
    }

    /// Who asks. Without an address all count as one, which refuses sooner rather than later.
    pub(super) fn address(&self) -> IpAddr {
        self.peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }

    /// Whether it comes from this machine by all that is known.
    pub(super) fn is_from_loopback(&self) -> bool {
        self.peer.is_some_and(|peer| peer.to_canonical().is_loopback())
    }

    /// Whether a header was sent.
    pub(super) fn has(&self, name: &HeaderName) -> bool {
        self.headers.contains_key(name)
    }

    /// By which name the client asked.
    pub(super) fn name(&self) -> &Name {
        &self.name
    }

    /// The name and port that the client asked for, if it said.
    pub(super) fn authority(&self) -> Option<&str> {
        match &self.name {
            Name::Said(authority) => Some(authority.as_str()),
            Name::Unsaid | Name::Unclear => None,
        }
    }

    /// The path as it was sent.
    pub(super) fn path(&self) -> &str {
        self.path.as_ref().map_or("/", FullPath::as_str)
    }

    /// Whether it is one of GraphQL.
    pub(super) fn is_graphql(&self) -> bool {
        self.path() == "/api/v1/query"
    }

    /// Whether it is for the API rather than for a browser or a probe.
    pub(super) fn is_api(&self) -> bool {
        ["/api/", "/oauth2/", "/.well-known/"].iter().any(|start| self.path().starts_with(start))
    }

    /// Whether pages of any origin may call it: everything of the API but what passwords are typed for.
    pub(super) fn is_open(&self) -> bool {
        self.is_api() && !["/api/v1/auth/", "/oauth2/auth"].iter().any(|start| self.path().starts_with(start))
    }

    /// Whether it is for an endpoint where OAuth clients show who they are.
    pub(super) fn is_of_clients(&self) -> bool {
        matches!(self.path(), "/oauth2/token" | "/oauth2/introspect" | "/oauth2/revoke")
    }

    /// Whether it is answered whatever name it asks for: probes, and the hub, which connectors call by
    /// the platform's name or by any that leads here (protocol.md, "The hub").
    pub(super) fn is_for_any_name(&self) -> bool {
        matches!(self.path(), "/healthz" | "/readyz") || self.path().starts_with("/api/v1/connectorhub/")
    }

    /// That path and query are not too long.
    pub(super) fn check_length(&self) -> Result<(), Refusal> {
        if self.path().len() + self.query.len() <= TARGET_BYTES_MAX {
            return Ok(());
        }
        let description =
            format!("path and query must not be longer than {TARGET_BYTES_MAX} bytes; send a body by POST");
        Err(Refusal::new(Kind::UriTooLong, description))
    }

    /// The parts of the path between its slashes.
    pub(super) fn segments(&self) -> Segments<'_> {
        let path = self.path();
        let mut segments = Segments([""; SEGMENTS_MAX], 0);
        for (slot, segment) in segments.0.iter_mut().zip(path.strip_prefix('/').unwrap_or(path).split('/')) {
            *slot = segment;
            segments.1 += 1;
        }
        segments
    }

    /// A header that may be sent once; nothing where it was not sent.
    pub(super) fn header(&self, name: &HeaderName) -> Result<Option<&str>, Refusal> {
        let mut values = self.headers.get_all(name).iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(Refusal::bad_request(format!("the header {name} is sent more than once")));
        }
        std::str::from_utf8(value.as_bytes())
            .map(Some)
            .map_err(|_| Refusal::bad_request(format!("the header {name} is not valid UTF-8")))
    }

    /// A header that holds a text and may be sent once. It is read as UTF-8, or as Latin-1 if it is not that: a page's
    /// `fetch` can send no other (WHATWG Fetch, "ByteString").
    pub(super) fn text_header(&self, name: &HeaderName) -> Result<Option<Cow<'_, str>>, Refusal> {
        let mut values = self.headers.get_all(name).iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(Refusal::bad_request(format!("the header {name} is sent more than once")));
        }
        let bytes = value.as_bytes();
        let latin1 = || bytes.iter().copied().map(char::from).collect();
        Ok(Some(std::str::from_utf8(bytes).map_or_else(|_| Cow::Owned(latin1()), Cow::Borrowed)))
    }

    /// What `Accept` says, the lines of it one by one.
    pub(super) fn accepts(&self) -> impl Iterator<Item = &str> {
        self.lines(ACCEPT)
    }

    /// Whether the answer may be compressed with gzip.
    pub(super) fn takes_gzip(&self) -> bool {
        negotiation::wants_gzip(self.lines(ACCEPT_ENCODING))
    }

    /// The lines of a header that may be sent more than once.
    fn lines(&self, name: HeaderName) -> impl Iterator<Item = &str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
    }

    /// Whether `Sec-WebSocket-Protocol` names this one among those that the client speaks.
    pub(super) fn names_protocol(&self, wanted: &str) -> bool {
        self.lines(SEC_WEBSOCKET_PROTOCOL).flat_map(|line| line.split(',')).any(|protocol| protocol.trim() == wanted)
    }

    /// Whether a header that is a list has this member, whatever its case.
    pub(super) fn lists(&self, name: HeaderName, wanted: &str) -> bool {
        self.lines(name).flat_map(|line| line.split(',')).any(|member| member.trim().eq_ignore_ascii_case(wanted))
    }

    /// Whether `If-None-Match` names this version.
    pub(super) fn has_version(&self, tag: &str) -> bool {
        let known = self.headers.get(http::header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        known.is_some_and(|known| {
            known.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
        })
    }

    /// What follows the name of a scheme in `Authorization`. A header that cannot be read or stands
    /// twice is the empty text, which is no good token and no good password.
    pub(super) fn authorization(&self, scheme: &str) -> Option<&str> {
        let mut values = self.headers.get_all(AUTHORIZATION).iter();
        let value = values.next()?;
        let Ok(text) = value.to_str() else { return Some("") };
        let (given, rest) = text.split_once(' ').unwrap_or((text, ""));
        if !given.eq_ignore_ascii_case(scheme) {
            return None;
        }
        Some(if values.next().is_some() { "" } else { rest.trim_matches(' ') })
    }

    /// The bearer token, if one was sent.
    pub(super) fn bearer(&self) -> Option<&str> {
        self.authorization("Bearer")
    }

    /// What the body is said to be.
    pub(super) fn content_type(&self) -> ContentType {
        let mut values = self.headers.get_all(CONTENT_TYPE).iter();
        let Some(value) = values.next() else { return ContentType::Absent };
        // What Go clients and browsers send, without taking it apart.
        match value.as_bytes() {
            _ if values.next().is_some() => ContentType::Other,
            b"application/json" => ContentType::Json,
            b"" => ContentType::Absent,
            _ => value.to_str().map_or(ContentType::Other, content_type),
        }
    }

    /// Whether the body is said to be compressed, or coded in any way but as it is.
    pub(super) fn is_compressed(&self) -> bool {
        let mut values = self.headers.get_all(CONTENT_ENCODING).iter();
        let plain = |coding: &[u8]| coding.trim_ascii().eq_ignore_ascii_case(b"identity");
        values.any(|value| value.as_bytes().split(|byte| *byte == b',').any(|coding| !plain(coding)))
    }

    /// How long the body is said to be, in bytes.
    pub(super) fn announced_bytes(&self) -> Option<u64> {
        self.headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }

    /// Whether the client sends its body only once it is asked to.
    pub(super) fn waits_to_send(&self) -> bool {
        self.headers.contains_key(EXPECT)
    }

    /// The body of a request that must be JSON where its type is told.
    pub(super) async fn json_body(&self, body: &mut Body<'_>, bytes_max: usize) -> Result<Bytes, Refusal> {
        match self.content_type() {
            ContentType::Absent | ContentType::Json => body.read(self, bytes_max).await,
            ContentType::Form | ContentType::Other => Err(Refusal::wrong_media_type("application/json")),
        }
    }
}

impl<'a> Segments<'a> {
    /// The segments, for matching.
    pub(super) fn as_slice(&self) -> &[&'a str] {
        &self.0[..self.1]
    }
}

fn content_type(text: &str) -> ContentType {
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some((name, charset)) if name.trim().eq_ignore_ascii_case("charset") => {
            let charset = charset.trim().trim_matches('"');
            charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
        }
        _ => true,
    });
    if essence.eq_ignore_ascii_case("application/json") && utf8 {
        ContentType::Json
    } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        // The type has no parameter charset, and Java's clients say ISO-8859-1 of a body that is ASCII.
        ContentType::Form
    } else {
        ContentType::Other
    }
}

/// What names a request: the client's own word for it if that is short and plain, else a random one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestId(HeaderValue);

impl RequestId {
    fn of(given: Option<&HeaderValue>) -> Self {
        let plain = |value: &&HeaderValue| {
            let bytes = value.as_bytes();
            (1..=REQUEST_ID_BYTES_MAX).contains(&bytes.len())
                && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        };
        given.filter(plain).map_or_else(Self::random, |given| Self(given.clone()))
    }

    fn random() -> Self {
        let text = format!("{:016x}", rand::random::<u64>());
        // Hexadecimal digits are always a header's value.
        Self(HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("none")))
    }

    /// For a header.
    pub(super) fn value(&self) -> HeaderValue {
        self.0.clone()
    }

    /// For people and JSON.
    pub(super) fn as_str(&self) -> &str {
        // Both constructors let ASCII through alone.
        self.0.to_str().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(given: &str) -> String {
        let given = HeaderValue::from_str(given).expect("a header's value");
        RequestId::of(Some(&given)).as_str().to_owned()
    }

    #[test]
    fn a_plain_request_id_is_kept_and_any_other_replaced() {
        let longest = "x".repeat(REQUEST_ID_BYTES_MAX);
        for kept in ["a", "My-Request_1.2", &longest] {
            assert_eq!(id(kept), kept);
        }
        for replaced in ["", "a b", "a\"b", "ä", &"x".repeat(REQUEST_ID_BYTES_MAX + 1)] {
            let made = id(replaced);
            assert!(made.len() == 16 && made.bytes().all(|b| b.is_ascii_hexdigit()), "{replaced}: {made}");
        }
        assert_ne!(RequestId::of(None), RequestId::of(None));
    }

    #[test]
    fn content_types() {
        for (text, expected) in [
            ("application/json; charset=utf-8", ContentType::Json),
            ("Application/JSON;charset=\"UTF-8\"", ContentType::Json),
            ("application/json; profile=x", ContentType::Json),
            ("application/json; charset=latin1", ContentType::Other),
            ("application/x-www-form-urlencoded;charset=UTF-8", ContentType::Form),
            ("application/x-www-form-urlencoded; charset=ISO-8859-1", ContentType::Form),
            ("text/plain", ContentType::Other),
            ("application/jsonp", ContentType::Other),
        ] {
            assert_eq!(content_type(text), expected, "{text}");
        }
    }
}
