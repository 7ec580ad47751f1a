//! `POST /oauth2/introspect`: what a token of the asking client says and whether it is good (RFC 7662).
//!
//! May use `ops`. Used by the route table.

use super::{Form, OauthError, client, finish};
use crate::http::body::Body;
use crate::http::reply;
use crate::http::request::Request;
use crate::ops::Platform;
use crate::ops::revocation::{self, Active};
use http::StatusCode;
use serde::Serialize;
use std::sync::Arc;
use warp::reply::Response;

/// RFC 7662, section 2.2. Of a token that is not good nothing else is said.
#[derive(Serialize, Default)]
#[serde(default)]
struct TokenState {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
}

impl TokenState {
    fn of(active: Active) -> Self {
        Self {
            active: true,
            scope: Some(active.scope),
            client_id: Some(active.client.to_string()),
            token_type: active.is_access.then_some("bearer"),
            exp: active.expires_at,
            iat: Some(active.issued_at),
            sub: Some(active.subject.to_string()),
            aud: Some(active.audience),
            iss: Some(active.issuer),
            jti: active.id.map(|id| id.to_string()),
        }
    }
}

/// Tells of a token.
pub(in crate::http) async fn introspect(platform: &Arc<Platform>, request: &Request, body: &mut Body<'_>) -> Response {
    finish(request, tell(platform, request, body).await)
}

async fn tell(platform: &Arc<Platform>, request: &Request, body: &mut Body<'_>) -> Result<Response, OauthError> {
    let form = Form::read(request, body).await?;
    let client = client::authenticate(platform, request, &form).await?;
    // token_type_hint would only make looking faster, and there is nothing to look through.
    let active = revocation::introspect(platform, &client, form.required("token")?).await?;
    Ok(reply::json(StatusCode::OK, &active.map_or_else(TokenState::default, TokenState::of)))
}
