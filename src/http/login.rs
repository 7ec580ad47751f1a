//! `POST /api/v1/auth/login`, `register` and `accept-invite`: e-mail and password, of an account or for a new one, for
//! a developer token (auth.md, "Signing in").
//!
//! May use `ops` and [`crate::http::json`]. Used by the route table.

use crate::http::body::Body;
use crate::http::json::{self, Problems};
use crate::http::reply::{self, Refusal};
use crate::http::request::Request;
use crate::model::account::check_new;
use crate::ops::account::{IssuedToken, Registration};
use crate::ops::{Platform, account, operator};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;
use warp::reply::Response;

/// The longest body, in bytes: an e-mail and a password of a thousand characters, however escaped.
const BODY_BYTES_MAX: usize = 16 * 1024;

#[derive(Deserialize)]
struct Credentials<'a> {
    #[serde(borrow)]
    email: Option<&'a RawValue>,
    #[serde(borrow)]
    password: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Accepted<'a> {
    #[serde(borrow)]
    token: Option<&'a RawValue>,
    #[serde(borrow)]
    password: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct NewAccount<'a> {
    #[serde(borrow)]
    email: Option<&'a RawValue>,
    #[serde(borrow)]
    password: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
}

/// A token as OAuth 2.0 answers it (RFC 6749, section 5.1).
#[derive(Serialize)]
pub(super) struct TokenBody {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    scope: String,
}

impl TokenBody {
    /// The answer with this token, and what gives the next one.
    pub(super) fn answer(status: StatusCode, issued: IssuedToken, refresh_token: Option<String>) -> Response {
        let IssuedToken { token, expires_in, scope } = issued;
        reply::json(status, &Self { access_token: token, token_type: "bearer", expires_in, refresh_token, scope })
    }
}

/// Signs a developer in.
pub(super) async fn sign_in(platform: &Arc<Platform>, request: &Request, body: &mut Body<'_>) -> Response {
    answer(request, StatusCode::OK, attempt(platform, request, body).await)
}

/// Makes an account for whoever asks, where the server is open to that, and signs them in.
pub(super) async fn register(platform: &Arc<Platform>, request: &Request, body: &mut Body<'_>) -> Response {
    answer(request, StatusCode::CREATED, registration(platform, request, body).await)
}

/// Makes the account of somebody who was invited, and signs them in.
pub(super) async fn accept_invite(platform: &Arc<Platform>, request: &Request, body: &mut Body<'_>) -> Response {
    answer(request, StatusCode::CREATED, acceptance(platform, request, body).await)
}

fn answer(request: &Request, status: StatusCode, issued: Result<IssuedToken, Refusal>) -> Response {
    let answered = issued.map(|issued| TokenBody::answer(status, issued, None));
    reply::not_stored(answered.unwrap_or_else(|refusal| refusal.answer(request)))
}

async fn attempt(platform: &Arc<Platform>, request: &Request, body: &mut Body<'_>) -> Result<IssuedToken, Refusal> {
    let body = request.json_body(body, BODY_BYTES_MAX).await?;
    let credentials: Credentials<'_> = json::parse(&body, r#"{"email": "you@example.com", "password": "secret"}"#)?;
    let mut problems = Problems::default();
    let email = json::required_text(credentials.email, "email", &mut problems);
    let password = json::required_text(credentials.password, "password", &mut problems);
    problems.into_result(())?;
    Ok(account::sign_in(platform, email, password, request.address()).await?)
}

async fn registration(
    platform: &Arc<Platform>,
    request: &Request,
    body: &mut Body<'_>,
) -> Result<IssuedToken, Refusal> {
    // Before anything is said of what is wrong with the rest.
    let permission = account::open_signup(platform)?;
    let body = request.json_body(body, BODY_BYTES_MAX).await?;
    let example = r#"{"email": "you@example.com", "password": "ten characters or more", "name": "You"}"#;
    let given: NewAccount<'_> = json::parse(&body, example)?;
    let mut problems = Problems::default();
    let registration = Registration {
        email: json::required_text(given.email, "email", &mut problems),
        password: json::required_text(given.password, "password", &mut problems),
        name: json::text(given.name, "name", &mut problems).filter(|name| !name.is_empty()),
    };
    let Registration { email, password, name } = &registration;
    problems.absorb(None, check_new(email, password, name.as_deref()));
    let registration = problems.into_result(registration)?;
    Ok(account::register(platform, permission, registration, request.address()).await?)
}

async fn acceptance(platform: &Arc<Platform>, request: &Request, body: &mut Body<'_>) -> Result<IssuedToken, Refusal> {
    let body = request.json_body(body, BODY_BYTES_MAX).await?;
    let example = r#"{"token": "what is behind # in the link", "password": "ten characters or more", "name": "You"}"#;
    let given: Accepted<'_> = json::parse(&body, example)?;
    let mut problems = Problems::default();
    let token = json::required_text(given.token, "token", &mut problems);
    let password = json::required_text(given.password, "password", &mut problems);
    let name = json::text(given.name, "name", &mut problems).filter(|name| !name.is_empty());
    problems.into_result(())?;
    Ok(operator::accept(platform, &token, password, name, request.address()).await?)
}
