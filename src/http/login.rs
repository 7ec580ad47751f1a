//! `POST /api/v1/auth/login`: e-mail and password for a developer token (auth.md, "Signing in").
//!
//! May use `ops` and [`crate::http::json`]. Used by the route table.

use crate::http::body::Body;
use crate::http::json::{self, Problems};
use crate::http::reply::{self, Refusal};
use crate::http::request::Request;
use crate::ops::account::IssuedToken;
use crate::ops::{Platform, account};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::net::{IpAddr, Ipv4Addr};
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

/// A token as OAuth 2.0 answers it (RFC 6749, section 5.1).
#[derive(Serialize)]
pub(super) struct TokenBody {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    scope: String,
}

impl TokenBody {
    /// The answer with this token.
    pub(super) fn answer(issued: IssuedToken) -> Response {
        let IssuedToken { token, expires_in, scope } = issued;
        reply::json(StatusCode::OK, &Self { access_token: token, token_type: "bearer", expires_in, scope })
    }
}

/// Signs a developer in.
pub(super) async fn sign_in(platform: &Arc<Platform>, request: &Request, body: &mut Body<'_>) -> Response {
    let signed_in = attempt(platform, request, body).await;
    reply::not_stored(signed_in.map_or_else(|refusal| refusal.answer(request), TokenBody::answer))
}

async fn attempt(platform: &Arc<Platform>, request: &Request, body: &mut Body<'_>) -> Result<IssuedToken, Refusal> {
    let body = request.json_body(body, BODY_BYTES_MAX).await?;
    let credentials: Credentials<'_> = json::parse(&body, r#"{"email": "you@example.com", "password": "secret"}"#)?;
    let mut problems = Problems::default();
    let email = json::required_text(credentials.email, "email", &mut problems);
    let password = json::required_text(credentials.password, "password", &mut problems);
    problems.into_result(())?;
    // Without an address all count as one, which refuses sooner rather than later.
    let address = request.peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    Ok(account::sign_in(platform, email, password, address).await?)
}
