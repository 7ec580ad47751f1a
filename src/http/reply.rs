//! Answers: refusals, with their status and code stated exactly once, and what else is sent often.
//!
//! May use `model`. Used by every handler of this room.

use crate::http::log;
use crate::http::request::Request;
use crate::model::error::{Error, Fault, UNAVAILABLE_RETRY_SECONDS, Violation};
use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER, SEC_WEBSOCKET_VERSION, UPGRADE, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use std::fmt::Write;
use warp::reply::Response;

/// The most violations that one answer lists. A body of 256 KiB can break a hundred thousand rules.
const VIOLATIONS_MAX: usize = 100;

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is malformed or breaks rules.
    BadRequest,
    /// It needs a good token.
    Unauthorized,
    /// Its token may not do this.
    Forbidden,
    /// There is no such thing for it.
    NotFound,
    /// There is, but not with this method.
    MethodNotAllowed,
    /// It takes answers only in forms that there are not.
    NotAcceptable,
    /// Its body did not arrive.
    RequestTimeout,
    /// It does not go with the present state.
    Conflict,
    /// Its body is too long.
    PayloadTooLarge,
    /// Its path and query are too long.
    UriTooLong,
    /// Its body is of a kind that is not taken here.
    UnsupportedMediaType,
    /// It would be answered over a WebSocket alone.
    UpgradeRequired,
    /// It asks for a name that is none of this server's.
    MisdirectedRequest,
    /// There were too many.
    TooManyRequests,
    /// Our own fault.
    InternalServerError,
    /// Not now.
    ServiceUnavailable,
}

impl Kind {
    /// The HTTP status.
    pub(super) fn status(self) -> StatusCode {
        self.parts().0
    }

    /// The word in the hub's errors.
    pub(super) fn code(self) -> &'static str {
        self.parts().1
    }

    /// The word in GraphQL errors (auth.md, "Tokens").
    pub(super) fn graphql_code(self) -> &'static str {
        self.parts().2
    }

    fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BadRequest => (StatusCode::BAD_REQUEST, "BAD_REQUEST", "BAD_USER_INPUT"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "UNAUTHENTICATED"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "FORBIDDEN", "FORBIDDEN"),
            Self::NotFound => (StatusCode::NOT_FOUND, "NOT_FOUND", "NOT_FOUND"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "BAD_USER_INPUT"),
            Self::NotAcceptable => (StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE", "BAD_USER_INPUT"),
            Self::RequestTimeout => (StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", "BAD_USER_INPUT"),
            Self::Conflict => (StatusCode::CONFLICT, "CONFLICT", "CONFLICT"),
            Self::PayloadTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", "BAD_USER_INPUT"),
            Self::UriTooLong => (StatusCode::URI_TOO_LONG, "URI_TOO_LONG", "BAD_USER_INPUT"),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", "BAD_USER_INPUT")
            }
            Self::UpgradeRequired => (StatusCode::UPGRADE_REQUIRED, "UPGRADE_REQUIRED", "BAD_USER_INPUT"),
            Self::MisdirectedRequest => (StatusCode::MISDIRECTED_REQUEST, "MISDIRECTED_REQUEST", "BAD_USER_INPUT"),
            Self::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS", "TOO_MANY_REQUESTS"),
            Self::InternalServerError => {
                (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_SERVER_ERROR", "INTERNAL_SERVER_ERROR")
            }
            Self::ServiceUnavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE", "INTERNAL_SERVER_ERROR")
            }
        }
    }
}

/// A request that is not done, and why.
#[derive(Debug)]
pub(super) struct Refusal {
    /// What kind of refusal it is.
    pub(super) kind: Kind,
    /// What is wrong, for a person.
    pub(super) description: String,
    /// The rules broken, if that is why.
    pub(super) violations: Vec<Violation>,
    retry_after: Option<u32>,
    allow: Option<&'static str>,
    fault: Option<Fault>,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let description = match &error {
            Error::Invalid(violations) => describe(violations),
            other => other.to_string(),
        };
        let refusal = |kind| Self::new(kind, description);
        match error {
            Error::Invalid(mut violations) => {
                violations.truncate(VIOLATIONS_MAX);
                Self { violations, ..refusal(Kind::BadRequest) }
            }
            Error::Unauthenticated(_) => refusal(Kind::Unauthorized),
            Error::Forbidden(_) => refusal(Kind::Forbidden),
            Error::NotFound(_) => refusal(Kind::NotFound),
            Error::Conflict(_) => refusal(Kind::Conflict),
            Error::TooMany { retry_after, .. } => {
                Self { retry_after: Some(retry_after), ..refusal(Kind::TooManyRequests) }
            }
            Error::Unavailable(_) => {
                Self { retry_after: Some(UNAVAILABLE_RETRY_SECONDS), ..refusal(Kind::ServiceUnavailable) }
            }
            Error::Fault(fault) => Self { fault: Some(fault), ..refusal(Kind::InternalServerError) },
        }
    }
}

fn describe(violations: &[Violation]) -> String {
    let mut text = String::new();
    for (index, violation) in violations.iter().take(VIOLATIONS_MAX).enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{}{violation}", if index > 0 { "; " } else { "" });
    }
    if violations.len() > VIOLATIONS_MAX {
        let _ = write!(text, "; and {} more", violations.len() - VIOLATIONS_MAX);
    }
    text
}

impl Refusal {
    /// A refusal of this kind.
    pub(super) fn new(kind: Kind, description: String) -> Self {
        Self { kind, description, violations: Vec::new(), retry_after: None, allow: None, fault: None }
    }

    /// The same, told as another kind.
    pub(super) fn with_kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// The request is malformed.
    pub(super) fn bad_request(description: String) -> Self {
        Self::new(Kind::BadRequest, description)
    }

    /// Nothing has this path.
    pub(super) fn no_such_path(request: &Request) -> Self {
        Self::new(Kind::NotFound, format!("there is nothing at {}", log::short(request.path())))
    }

    /// The path takes other methods.
    pub(super) fn wrong_method(request: &Request, allow: &'static str) -> Self {
        let description = format!("{} is not possible here; {allow} are", log::short(request.method.as_str()));
        Self { allow: Some(allow), ..Self::new(Kind::MethodNotAllowed, description) }
    }

    /// The body is not of the kind needed.
    pub(super) fn wrong_media_type(needed: &str) -> Self {
        let description = format!("the body must be {needed} in UTF-8, and Content-Type must say so");
        Self::new(Kind::UnsupportedMediaType, description)
    }

    /// The body is compressed.
    pub(super) fn compressed() -> Self {
        let description = "the body must not be compressed: send it as it is, without Content-Encoding";
        Self::new(Kind::UnsupportedMediaType, description.to_owned())
    }

    /// The body is too long.
    pub(super) fn too_large(bytes_max: usize) -> Self {
        Self::new(Kind::PayloadTooLarge, format!("the body must not be longer than {bytes_max} bytes"))
    }

    /// The answer in the hub's form (protocol.md, "The hub").
    pub(super) fn answer(self, request: &Request) -> Response {
        let body = json_body(&ErrorBody {
            error: self.kind.code(),
            status: self.kind.status().as_u16(),
            description: &self.description,
            request_id: request.id.as_str(),
            violations: ViolationBody::list(&self.violations),
        });
        self.with_body(request, body, JSON)
    }

    /// The answer with a body that tells the same in another form. A fault is logged here.
    pub(super) fn with_body(self, request: &Request, body: Vec<u8>, content_type: HeaderValue) -> Response {
        if let Some(fault) = &self.fault {
            log::fault(&**fault, request);
        }
        let mut response = with_type(self.kind.status(), body, content_type);
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        if self.kind == Kind::UpgradeRequired {
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        challenge(headers, self.kind.status(), request);
        response
    }
}

/// Says how to do better than with no token, or with this one, where that is why (RFC 6750, section 3).
/// Without a token there is no error to be named (section 3.1).
pub(super) fn challenge(headers: &mut HeaderMap, status: StatusCode, request: &Request) {
    let challenge = match (status, request.bearer()) {
        (StatusCode::UNAUTHORIZED, None) => r#"Bearer realm="connhub""#,
        (StatusCode::UNAUTHORIZED, Some(_)) => r#"Bearer error="invalid_token""#,
        (StatusCode::FORBIDDEN, Some(_)) => r#"Bearer error="insufficient_scope""#,
        _ => return,
    };
    headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
}

/// The media type of JSON bodies.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: &'static str,
    status: u16,
    description: &'a str,
    #[serde(rename = "requestId")]
    request_id: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<ViolationBody<'a>>,
}

/// A broken rule as clients see it.
#[derive(Serialize)]
pub(super) struct ViolationBody<'a> {
    path: &'a str,
    message: &'a str,
}

impl<'a> ViolationBody<'a> {
    /// All of them.
    pub(super) fn list(violations: &'a [Violation]) -> Vec<Self> {
        violations.iter().map(|Violation { path, message }| Self { path, message }).collect()
    }
}

/// A JSON text. Our own bodies are plain structures, which always have one.
pub(super) fn json_body(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).unwrap_or_default()
}

/// An answer with a JSON body.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    with_type(status, json_body(body), JSON)
}

/// An answer with a body.
pub(super) fn with_type(status: StatusCode, body: impl Into<Bytes>, content_type: HeaderValue) -> Response {
    let mut response = Response::new(body.into().into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// 204: done, and nothing to tell.
pub(super) fn no_content() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// The answer, not to be kept by anyone: it holds a token or is true for a moment only. In both of the
/// ways that RFC 6749 wants (section 5.1).
pub(super) fn not_stored(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// The answer with one more header.
pub(super) fn with_header(mut response: Response, name: HeaderName, value: HeaderValue) -> Response {
    response.headers_mut().insert(name, value);
    response
}
