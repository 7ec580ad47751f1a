//! OAuth 2.0 (auth.md, "OAuth 2.0 for apps"): one file for each endpoint, and here what they share: how
//! a client shows who it is, and how an error is told.
//!
//! May use `ops` and [`crate::http::encoding`]. Used by the route table.

mod authorize;
mod client;
mod introspect;
mod metadata;
mod page;
mod revoke;
mod token;

#[cfg(any(test, fuzzing))]
pub(super) use authorize::fuzz;
pub(super) use authorize::{ask, decide, sign_in};
pub(super) use introspect::introspect;
pub(super) use metadata::metadata;
pub(super) use revoke::revoke;
pub(super) use token::token;

use crate::http::body::Body;
use crate::http::encoding::form_pairs;
use crate::http::reply::{self, Kind, Refusal};
use crate::http::request::{ContentType, Request};
use crate::ops::client::TokenRefusal;
use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;
use serde::Serialize;
use std::borrow::Cow;
use warp::reply::Response;

/// The longest form, in bytes; a token and all that goes with it has fewer than 4,000.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// The words of RFC 6749, section 5.2, and what is sent where the server is at fault or asked too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Code {
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    UnauthorizedClient,
    UnsupportedGrantType,
    InvalidScope,
    ServerError,
    TemporarilyUnavailable,
}

impl Code {
    fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }
}

#[derive(Debug)]
struct OauthError {
    code: Code,
    refusal: Refusal,
}

impl OauthError {
    fn new(code: Code, description: impl Into<String>) -> Self {
        let kind = if code == Code::InvalidClient { Kind::Unauthorized } else { Kind::BadRequest };
        Self { code, refusal: Refusal::new(kind, description.into()) }
    }

    fn answer(self, request: &Request) -> Response {
        #[derive(Serialize)]
        struct ErrorBody<'a> {
            error: &'static str,
            error_description: Cow<'a, str>,
        }
        let description = printable(&self.refusal.description);
        let body = reply::json_body(&ErrorBody { error: self.code.name(), error_description: description });
        let mut response = self.refusal.with_body(request, body, reply::JSON);
        if self.code == Code::InvalidClient {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"connhub\""));
        }
        response
    }
}

impl From<Refusal> for OauthError {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal.kind {
            Kind::TooManyRequests | Kind::ServiceUnavailable => Code::TemporarilyUnavailable,
            kind if kind.status().is_server_error() => Code::ServerError,
            _ => Code::InvalidRequest,
        };
        Self { code, refusal }
    }
}

impl From<TokenRefusal> for OauthError {
    fn from(refusal: TokenRefusal) -> Self {
        match refusal {
            TokenRefusal::InvalidClient => {
                Self::new(Code::InvalidClient, "there is no such client, or its secret is another")
            }
            TokenRefusal::InvalidGrant(why) => Self::new(Code::InvalidGrant, why),
            TokenRefusal::UnauthorizedClient(why) => Self::new(Code::UnauthorizedClient, why),
            TokenRefusal::InvalidScope(why) => Self::new(Code::InvalidScope, why),
            TokenRefusal::Failed(error) => Refusal::from(error).into(),
        }
    }
}

/// RFC 6749 allows visible ASCII and blanks in a description, without quotes and backslashes.
fn printable(text: &str) -> Cow<'_, str> {
    let allowed = |c: char| matches!(c, ' '..='~') && c != '"' && c != '\\';
    if text.chars().all(allowed) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if allowed(c) { c } else { '\'' }).collect())
}

/// The answer, or the error's, that nobody keeps (RFC 6749, section 5.1).
fn finish(request: &Request, answered: Result<Response, OauthError>) -> Response {
    reply::not_stored(answered.unwrap_or_else(|error| error.answer(request)))
}

/// The parameters of a form, each of which stands once; empty ones count as absent.
struct Form(Vec<(String, String)>);

impl Form {
    async fn read(request: &Request, body: &mut Body<'_>) -> Result<Self, OauthError> {
        if request.content_type() != ContentType::Form {
            return Err(OauthError::new(
                Code::InvalidRequest,
                "the body must be a form, and Content-Type must say application/x-www-form-urlencoded",
            ));
        }
        let bytes = body.read(request, BODY_BYTES_MAX).await?;
        let text =
            std::str::from_utf8(&bytes).map_err(|_| OauthError::new(Code::InvalidRequest, "the body is not UTF-8"))?;
        let pairs = form_pairs(text)?;
        Ok(Self(pairs.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    fn owned(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    fn required(&self, name: &str) -> Result<&str, OauthError> {
        let missing = || OauthError::new(Code::InvalidRequest, format!("the parameter {name} is missing"));
        self.get(name).ok_or_else(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_keep_to_the_characters_allowed() {
        assert_eq!(printable("plain text"), "plain text");
        assert_eq!(printable("a \"b\" \\ ü\n"), "a 'b' ' ''");
    }
}
