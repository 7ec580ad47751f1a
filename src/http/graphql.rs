//! GraphQL over HTTP, as its specification (draft of September 2025) has it: from a request to a
//! document with its variables, and from an outcome to a status.
//!
//! May use [`crate::http::request`], [`crate::http::json`] and [`crate::http::reply`]. Used by the
//! route table, which knows the engine; this file does not.

use crate::http::body::Body;
use crate::http::encoding::form_pairs;
use crate::http::json::{self, Problems};
use crate::http::negotiation::weighted;
use crate::http::reply::{self, Kind, Refusal, ViolationBody};
use crate::http::request::{ContentType, Request};
use crate::model::error::UNAVAILABLE_RETRY_SECONDS;
use bytes::Bytes;
use http::header::{ALLOW, CONNECTION, RETRY_AFTER, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE, VARY};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;
use warp::reply::Response;

/// The longest body, in bytes: the longest documents that people write, and their variables.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Where an app names its end customer.
pub(super) const SUBJECT: HeaderName = HeaderName::from_static("x-external-subject-id");
/// What a body looks like, for errors.
const EXAMPLE: &str = r#"{"query": "{ __typename }", "variables": {}}"#;

/// What to do where the headers of one connection did not come through.
const PROXY: &str = "this looks like the handshake of a WebSocket whose headers Upgrade and Connection a proxy has taken away: have \
    it pass them on, for nginx with `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header \
    Connection \"upgrade\";` in the location";
/// Media types of answers in several parts.
const STREAMS: [&str; 2] = ["text/event-stream", "multipart/mixed"];
const NO_STREAMS: &str = "an answer is one JSON document, neither server-sent events (text/event-stream) nor parts of \
    multipart/mixed: accept application/json for queries and mutations, and for subscriptions use a WebSocket at this \
    path with the subprotocol graphql-transport-ws, as the npm package graphql-ws does";
/// The error that clients of persisted queries look for, by message and by code.
const NOT_PERSISTED: (&str, &str) = ("PersistedQueryNotSupported", "PERSISTED_QUERY_NOT_SUPPORTED");

/// What a client wants its answer to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/json`, where the status says little.
    Json,
    /// `application/graphql-response+json`, where it says more.
    GraphqlResponse,
}

impl Media {
    /// What suits the client best; JSON where nothing does, which the specification allows and old
    /// clients live by.
    pub(super) fn of(request: &Request) -> Self {
        negotiate(request.accepts())
    }

    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        })
    }

    /// The status where a document was not executed.
    pub(super) fn rejected(self) -> StatusCode {
        match self {
            Self::Json => StatusCode::OK,
            Self::GraphqlResponse => StatusCode::BAD_REQUEST,
        }
    }
}

/// Whether a client takes a single answer in JSON. Unless it names streams and nothing else, it is presumed to.
fn takes_json<'a>(lines: impl Iterator<Item = &'a str>) -> bool {
    let mut only_streams = false;
    for (media, _) in weighted(lines).filter(|(_, weight)| *weight > 0.0) {
        if !STREAMS.iter().any(|stream| media.eq_ignore_ascii_case(stream)) {
            return true;
        }
        only_streams = true;
    }
    !only_streams
}

fn negotiate<'a>(lines: impl Iterator<Item = &'a str>) -> Media {
    let (mut graphql, mut json) = (0.0, 0.0);
    for (media, weight) in weighted(lines) {
        if media.eq_ignore_ascii_case("application/graphql-response+json") {
            graphql = weight;
        } else if media.eq_ignore_ascii_case("application/json") {
            json = weight;
        }
    }
    // Of two that a client likes as well, the one that says more. Wildcards mean the default.
    if graphql > 0.0 && graphql >= json { Media::GraphqlResponse } else { Media::Json }
}

/// What is asked.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// The document.
    pub(super) query: String,
    /// Which of its operations.
    pub(super) operation_name: Option<String>,
    /// The values of its variables.
    pub(super) variables: Map<String, Value>,
    /// Whether a hash stands in for the document: a persisted query, of which none are kept.
    pub(super) by_hash: bool,
}

#[derive(Deserialize)]
struct Parameters<'a> {
    #[serde(borrow)]
    query: Option<&'a RawValue>,
    #[serde(borrow, rename = "operationName")]
    operation_name: Option<&'a RawValue>,
    #[serde(borrow)]
    variables: Option<&'a RawValue>,
    #[serde(borrow)]
    extensions: Option<&'a RawValue>,
}

/// Reads what is asked, from the query string (GET) or the body (POST).
pub(super) async fn read(request: &Request, body: &mut Body<'_>) -> Result<Asked, Refusal> {
    if !takes_json(request.accepts()) {
        return Err(Refusal::new(Kind::NotAcceptable, NO_STREAMS.to_owned()));
    }
    if request.method != Method::POST {
        return from_query(&request.query);
    }
    if request.content_type() != ContentType::Json {
        return Err(Refusal::wrong_media_type("application/json"));
    }
    from_body(&body.read(request, BODY_BYTES_MAX).await?)
}

/// Reads what is asked from the JSON of a body, or of a message.
pub(super) fn from_body(body: &[u8]) -> Result<Asked, Refusal> {
    if body.trim_ascii_start().starts_with(b"[") {
        let description = "the body must be a JSON object, and it is a list: batches are not supported. Send each operation \
            in a request of its own (Apollo Client: HttpLink in place of BatchHttpLink)";
        return Err(Refusal::bad_request(description.to_owned()));
    }
    let parameters: Parameters<'_> = json::parse(body, EXAMPLE)?;
    let mut problems = Problems::default();
    let extensions = object(parameters.extensions.map(RawValue::get), "extensions", &mut problems);
    let query = json::text(parameters.query, "query", &mut problems);
    let by_hash = is_by_hash(query.as_deref(), &extensions);
    if parameters.query.is_none() && !by_hash {
        problems.add("query", "must be given, as a string");
    }
    let asked = Asked {
        query: query.unwrap_or_default(),
        operation_name: operation_name(json::text(parameters.operation_name, "operationName", &mut problems)),
        variables: object(parameters.variables.map(RawValue::get), "variables", &mut problems),
        by_hash,
    };
    Ok(problems.into_result(asked)?)
}

/// Whether a request is one for a persisted query, as Apollo Client and urql send it before the document: they send
/// that once they are told that there are none.
fn is_by_hash(query: Option<&str>, extensions: &Map<String, Value>) -> bool {
    query.is_none_or(str::is_empty) && extensions.get("persistedQuery").is_some_and(Value::is_object)
}

/// Some clients send an empty name for no name.
fn operation_name(given: Option<String>) -> Option<String> {
    given.filter(|name| !name.is_empty())
}

fn from_query(query: &str) -> Result<Asked, Refusal> {
    let mut pairs = form_pairs(query)?;
    let mut take = |name: &str| {
        let at = pairs.iter().position(|(given, _)| given == name)?;
        Some(pairs.swap_remove(at).1)
    };
    let mut problems = Problems::default();
    let extensions = object(take("extensions").as_deref(), "extensions", &mut problems);
    let variables = object(take("variables").as_deref(), "variables", &mut problems);
    let operation_name = operation_name(take("operationName").map(Cow::into_owned));
    let document = take("query").map(Cow::into_owned);
    let by_hash = is_by_hash(document.as_deref(), &extensions);
    if document.is_none() && !by_hash {
        problems.add("query", "must be given, as a parameter of the URL; the body of a GET is not read");
    }
    Ok(problems.into_result(Asked { query: document.unwrap_or_default(), operation_name, variables, by_hash })?)
}

/// An object, if there is one; none and null are the empty one.
fn object(text: Option<&str>, key: &str, problems: &mut Problems) -> Map<String, Value> {
    let Some(text) = text else { return Map::new() };
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => return object,
        Ok(Value::Null) => {}
        Ok(_) => problems.add(key, format!("must be a JSON object, not {}", json::kind(text.trim_start()))),
        Err(error) => problems.add(key, format!("must be a JSON object: {error}")),
    }
    Map::new()
}

/// The end customer that the request is about, if it names one.
pub(super) fn subject(request: &Request) -> Result<Option<String>, Refusal> {
    Ok(request.text_header(&SUBJECT)?.map(Cow::into_owned))
}

/// The answer with what the engine said.
pub(super) fn answer(request: &Request, media: Media, status: StatusCode, body: impl Into<Bytes>) -> Response {
    // It may hold a secret or a token, and is another tomorrow.
    let mut response = reply::not_stored(reply::with_type(status, body, media.content_type()));
    let headers = response.headers_mut();
    reply::challenge(headers, status, request);
    match status {
        StatusCode::METHOD_NOT_ALLOWED => {
            headers.insert(ALLOW, HeaderValue::from_static("POST"));
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            headers.insert(RETRY_AFTER, HeaderValue::from(UNAVAILABLE_RETRY_SECONDS));
        }
        _ => {}
    }
    if request.method != Method::POST {
        headers.insert(VARY, HeaderValue::from_static("Accept, Authorization, X-External-Subject-ID"));
    }
    response
}

#[derive(Serialize)]
struct ErrorResponse<'a> {
    errors: [ErrorEntry<'a>; 1],
}

#[derive(Serialize)]
struct ErrorEntry<'a> {
    message: &'a str,
    extensions: Extensions<'a>,
}

#[derive(Serialize)]
struct Extensions<'a> {
    code: &'static str,
    status: u16,
    #[serde(rename = "requestId")]
    request_id: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<ViolationBody<'a>>,
}

/// The answer where nothing reached the engine: a GraphQL response too, and a status that says so
/// in either media type, since the request was not one of GraphQL.
pub(super) fn refuse(refusal: Refusal, request: &Request, media: Media) -> Response {
    let body = refusal_body(&refusal, request.id.as_str());
    refusal.with_body(request, body, media.content_type())
}

/// A GraphQL response that tells why nothing reached the engine.
pub(super) fn refusal_body(refusal: &Refusal, request_id: &str) -> Vec<u8> {
    let (code, status) = (refusal.kind.graphql_code(), refusal.kind.status().as_u16());
    let extensions = Extensions { code, status, request_id, violations: ViolationBody::list(&refusal.violations) };
    reply::json_body(&ErrorResponse { errors: [ErrorEntry { message: &refusal.description, extensions }] })
}

/// A GraphQL response that has a client send the document after the hash.
pub(super) fn not_persisted(request_id: &str) -> Vec<u8> {
    let (message, code) = NOT_PERSISTED;
    let status = StatusCode::BAD_REQUEST.as_u16();
    let extensions = Extensions { code, status, request_id, violations: Vec::new() };
    reply::json_body(&ErrorResponse { errors: [ErrorEntry { message, extensions }] })
}

/// Why a request is no handshake of a WebSocket, if it looks as if it were meant to be one.
pub(super) fn failed_handshake(request: &Request) -> Option<Refusal> {
    let is_meant = request.has(&SEC_WEBSOCKET_KEY) || request.has(&SEC_WEBSOCKET_VERSION);
    let asks = request.query.split('&').any(|pair| pair.starts_with("query="));
    if request.method != Method::GET || !is_meant || asks {
        return None;
    }
    let upgrades = request.lists(UPGRADE, "websocket") && request.lists(CONNECTION, "upgrade");
    let refusal = |description: &str| Refusal::new(Kind::UpgradeRequired, description.to_owned());
    Some(if upgrades && !request.lists(SEC_WEBSOCKET_VERSION, "13") {
        refusal("only version 13 of the WebSocket protocol is spoken (RFC 6455): send Sec-WebSocket-Version: 13")
    } else if upgrades {
        Refusal::bad_request("the WebSocket's handshake needs one Sec-WebSocket-Key of 16 bytes in Base64".to_owned())
    } else {
        refusal(PROXY)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_media_type_is_what_the_client_likes_best() {
        use Media::{GraphqlResponse, Json};
        let graphql = "application/graphql-response+json";
        for (accept, media) in [
            (String::new(), Json),
            ("*/*".to_owned(), Json),
            ("application/*".to_owned(), Json),
            ("text/html".to_owned(), Json),
            ("application/json, text/plain, */*".to_owned(), Json),
            (graphql.to_owned(), GraphqlResponse),
            (graphql.to_uppercase(), GraphqlResponse),
            (format!("{graphql}; charset=utf-8, application/json"), GraphqlResponse),
            (format!("{graphql};q=0.5, application/json"), Json),
            (format!("{graphql};q=0.5, application/json;q=0.4"), GraphqlResponse),
            (format!("{graphql};q=0"), Json),
            (format!("{graphql};q=x"), Json),
        ] {
            assert_eq!(negotiate(std::iter::once(accept.as_str())), media, "{accept}");
        }
        assert_eq!(negotiate(["application/json;q=0.1", graphql].into_iter()), GraphqlResponse);
        assert_eq!(negotiate(std::iter::empty()), Json);
    }

    fn refused(body: &str) -> String {
        from_body(body.as_bytes()).map_or_else(|refusal| refusal.description, |_| String::new())
    }

    #[test]
    fn null_members_are_absent_ones() {
        let body = r#"{"query": "{ a }", "variables": null, "operationName": null, "extensions": null, "more": 1}"#;
        let asked = from_body(body.as_bytes()).ok().unwrap_or_default();
        assert_eq!((asked.query.as_str(), asked.operation_name, asked.variables.len()), ("{ a }", None, 0));
    }

    #[test]
    fn a_hash_may_stand_in_for_the_document() {
        let hash = r#""persistedQuery": {"version": 1, "sha256Hash": "ab"}"#;
        for (body, by_hash) in [
            (format!(r#"{{"extensions": {{{hash}}}}}"#), true),
            (format!(r#"{{"query": null, "operationName": "", "extensions": {{{hash}}}}}"#), true),
            (format!(r#"{{"query": "", "extensions": {{{hash}, "more": 1}}}}"#), true),
            (format!(r#"{{"query": "{{ a }}", "extensions": {{{hash}}}}}"#), false),
            (r#"{"query": "{ a }", "operationName": ""}"#.to_owned(), false),
        ] {
            let asked = from_body(body.as_bytes()).ok().unwrap_or_default();
            assert_eq!((asked.by_hash, asked.operation_name), (by_hash, None), "{body}");
        }
        assert!(from_query("extensions={\"persistedQuery\":{}}").is_ok_and(|asked| asked.by_hash));
        for no_hash in [r#"{"query": null, "extensions": {}}"#, r#"{"extensions": {"persistedQuery": null}}"#] {
            assert!(refused(no_hash).contains("query: must be given"), "{no_hash}");
        }
    }

    #[test]
    fn a_client_that_takes_streams_alone_is_told_that_there_are_none() {
        let takes = |accept| takes_json(std::iter::once(accept));
        for accept in ["text/event-stream", "multipart/mixed; deferSpec=20220824", "Text/Event-Stream, multipart/mixed"]
        {
            assert!(!takes(accept), "{accept}");
        }
        for accept in ["", "*/*", "text/html", "multipart/mixed, application/json", "application/*, text/event-stream"]
        {
            assert!(takes(accept), "{accept}");
        }
        assert!(takes_json(std::iter::empty()) && !takes("text/event-stream, application/json;q=0"));
    }

    #[test]
    fn wrong_members_are_told_together() {
        let told = refused(r#"{"query": 1, "variables": [], "operationName": {}, "extensions": "x"}"#);
        for part in [
            "query: must be a string, not a number",
            "variables: must be a JSON object, not a list",
            "operationName: must be a string, not an object",
            "extensions: must be a JSON object, not a string",
        ] {
            assert!(told.contains(part), "{told}");
        }
        assert!(refused("{}").contains("query: must be given"));
        assert!(refused(r#"[{"query": "{ a }"}]"#).contains("it is a list"));
        assert!(refused(r#"{ "query"#).contains("line 1 column"));
        assert!(refused("").contains("it is empty"));
    }

    #[test]
    fn nesting_does_not_overflow_the_stack() {
        let deep = format!(r#"{{"query": "{{ a }}", "variables": {{"x": {}}}}}"#, "[".repeat(500_000));
        assert!(!refused(&deep).is_empty());
    }

    #[test]
    fn a_url_holds_the_same_members() {
        let asked = from_query("query=%7B+a+%7D&variables=%7B%22x%22%3A1%7D&operationName=&extensions={}");
        let asked = asked.ok().unwrap_or_default();
        assert_eq!((asked.query.as_str(), asked.operation_name, &asked.variables["x"]), ("{ a }", None, &1.into()));
        for bad in [
            "",
            "query=",
            "variables={}",
            "extensions={\"a\":1}",
            "query=a&variables=[]",
            "query=a&variables={",
            "query=a&query=b",
            "query=%",
        ] {
            assert!(from_query(bad).is_err(), "{bad}");
        }
    }
}
