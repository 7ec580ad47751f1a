//! `POST /oauth2/token`: an app's ID and secret for a service token (RFC 6749, sections 2.3.1, 4.4, 5).
//!
//! May use `ops` and [`crate::http::encoding`]. Used by the route table.

use crate::http::body::Body;
use crate::http::encoding::{form_decode, form_pairs};
use crate::http::login::TokenBody;
use crate::http::reply::{self, Kind, Refusal};
use crate::http::request::{ContentType, Request};
use crate::model::token::Scopes;
use crate::ops::Platform;
use crate::ops::app::{self, GrantRefusal};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{PRAGMA, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use std::borrow::Cow;
use std::sync::Arc;
use warp::reply::Response;

/// The longest form, in bytes; a client's ID, its secret and all scopes have fewer than 1,000.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// The words of RFC 6749, section 5.2, and what is sent where the server is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Code {
    InvalidRequest,
    InvalidClient,
    UnsupportedGrantType,
    InvalidScope,
    ServerError,
}

impl Code {
    fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::ServerError => "server_error",
        }
    }
}

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
        let ours = refusal.kind.status().is_server_error();
        Self { code: if ours { Code::ServerError } else { Code::InvalidRequest }, refusal }
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

/// Gives a token, or says why not.
pub(super) async fn token(platform: &Arc<Platform>, request: &Request, body: &mut Body<'_>) -> Response {
    let granted = grant(platform, request, body).await;
    let response = reply::not_stored(granted.unwrap_or_else(|error| error.answer(request)));
    reply::with_header(response, PRAGMA, HeaderValue::from_static("no-cache"))
}

async fn grant(platform: &Arc<Platform>, request: &Request, body: &mut Body<'_>) -> Result<Response, OauthError> {
    if request.content_type() != ContentType::Form {
        return Err(OauthError::new(
            Code::InvalidRequest,
            "the body must be a form, and Content-Type must say application/x-www-form-urlencoded",
        ));
    }
    let form = body.read(request, BODY_BYTES_MAX).await?;
    let form =
        std::str::from_utf8(&form).map_err(|_| OauthError::new(Code::InvalidRequest, "the body is not UTF-8"))?;
    let pairs = form_pairs(form)?;
    let parameter = |name: &str| pairs.iter().find(|(given, _)| given == name).map(|(_, value)| &**value);
    let Some(grant_type) = parameter("grant_type") else {
        return Err(OauthError::new(Code::InvalidRequest, "the parameter grant_type is missing"));
    };
    if grant_type != "client_credentials" {
        return Err(OauthError::new(Code::UnsupportedGrantType, "the grant type possible is client_credentials"));
    }
    let client = client(request.authorization("Basic"), parameter("client_id"), parameter("client_secret"))?;
    let scope = parameter("scope").unwrap_or_default();
    match app::client_credentials(platform, &client.id, client.secret.into_owned(), scope).await {
        Ok(issued) => Ok(TokenBody::answer(StatusCode::OK, issued)),
        Err(GrantRefusal::InvalidClient) => Err(bad_client()),
        Err(GrantRefusal::InvalidScope(unknown)) => Err(OauthError::new(
            Code::InvalidScope,
            format!("{unknown} is no scope that an app can have; there are {}", Scopes::all()),
        )),
        Err(GrantRefusal::Failed(error)) => Err(Refusal::from(error).into()),
    }
}

fn bad_client() -> OauthError {
    OauthError::new(Code::InvalidClient, "there is no such client, or its secret is another")
}

struct Client<'a> {
    id: Cow<'a, str>,
    secret: Cow<'a, str>,
}

/// Who asks, by HTTP Basic or by the form, but not both.
fn client<'a>(
    basic: Option<&str>,
    form_id: Option<&'a str>,
    form_secret: Option<&'a str>,
) -> Result<Client<'a>, OauthError> {
    let Some(basic) = basic else {
        let (Some(id), Some(secret)) = (form_id, form_secret) else {
            return Err(OauthError::new(
                Code::InvalidClient,
                "the client's ID and secret are missing; send them by HTTP Basic or as client_id and client_secret",
            ));
        };
        return Ok(Client { id: id.into(), secret: secret.into() });
    };
    if form_secret.is_some() {
        return Err(OauthError::new(Code::InvalidRequest, "the client's secret is sent by HTTP Basic and in the form"));
    }
    let (id, secret) = basic_credentials(basic).ok_or_else(bad_client)?;
    if form_id.is_some_and(|form_id| form_id != id) {
        return Err(OauthError::new(Code::InvalidRequest, "HTTP Basic and the form name different clients"));
    }
    Ok(Client { id: id.into(), secret: secret.into() })
}

/// ID and secret, each encoded like a form's value before they were joined (RFC 6749, section 2.3.1).
fn basic_credentials(encoded: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((form_decode(id)?.into_owned(), form_decode(secret)?.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_of_basic_are_form_encoded() {
        let decoded = |text: &str| basic_credentials(&STANDARD.encode(text));
        let pair = |id: &str, secret: &str| Some((id.to_owned(), secret.to_owned()));
        assert_eq!(decoded("id:secret"), pair("id", "secret"));
        assert_eq!(decoded("a%3Ab:c:d+e%2B"), pair("a:b", "c:d e+"));
        assert_eq!(decoded("id:"), pair("id", ""));
        assert_eq!(decoded("no colon"), None);
        assert_eq!(decoded("id:%"), None);
        assert_eq!(basic_credentials("***"), None);
        assert_eq!(basic_credentials(""), None);
        assert_eq!(basic_credentials(&STANDARD.encode(b"\xff:x")), None);
    }

    #[test]
    fn a_client_names_itself_in_one_way() {
        let basic = STANDARD.encode("id:secret");
        let code = |basic: Option<&str>, id, secret| client(basic, id, secret).map_err(|error| error.code).err();
        assert_eq!(code(Some(&basic), None, None), None);
        assert_eq!(code(Some(&basic), Some("id"), None), None);
        assert_eq!(code(None, Some("id"), Some("secret")), None);
        assert_eq!(code(Some(&basic), Some("other"), None), Some(Code::InvalidRequest));
        assert_eq!(code(Some(&basic), None, Some("secret")), Some(Code::InvalidRequest));
        assert_eq!(code(None, Some("id"), None), Some(Code::InvalidClient));
        assert_eq!(code(Some(""), None, None), Some(Code::InvalidClient));
    }

    #[test]
    fn descriptions_keep_to_the_characters_allowed() {
        assert_eq!(printable("plain text"), "plain text");
        assert_eq!(printable("a \"b\" \\ ü\n"), "a 'b' ' ''");
    }
}
