//! `POST /oauth2/token`: an app's secret, a code or a refresh token for a service token (RFC 6749,
//! sections 3.2, 4.1.3, 4.4, 5 and 6).
//!
//! May use `ops`. Used by the route table.

use super::{Code, Form, OauthError, client, finish};
use crate::http::body::Body;
use crate::http::login::TokenBody;
use crate::http::request::Request;
use crate::ops::client::client_credentials;
use crate::ops::grant::Tokens;
use crate::ops::{Platform, grant};
use http::StatusCode;
use std::sync::Arc;
use warp::reply::Response;

/// The grant types possible.
pub(super) const GRANT_TYPES: [&str; 3] = ["authorization_code", "client_credentials", "refresh_token"];

/// Gives a token, or says why not.
pub(in crate::http) async fn token(platform: &Arc<Platform>, request: &Request, body: &mut Body<'_>) -> Response {
    finish(request, give(platform, request, body).await)
}

async fn give(platform: &Arc<Platform>, request: &Request, body: &mut Body<'_>) -> Result<Response, OauthError> {
    let form = Form::read(request, body).await?;
    let grant_type = form.required("grant_type")?;
    if !GRANT_TYPES.contains(&grant_type) {
        let possible = format!("the grant types possible are {}", GRANT_TYPES.join(", "));
        return Err(OauthError::new(Code::UnsupportedGrantType, possible));
    }
    let client = client::authenticate(platform, request, &form).await?;
    let tokens = match grant_type {
        "authorization_code" => {
            let (code, redirect_uri) = (form.required("code")?, form.owned("redirect_uri"));
            grant::redeem(platform, &client, code, redirect_uri, form.owned("code_verifier")).await?
        }
        "refresh_token" => {
            grant::refresh(platform, &client, form.required("refresh_token")?, form.get("scope")).await?
        }
        _ => {
            let access = client_credentials(platform, &client, form.get("scope").unwrap_or_default())?;
            Tokens { access, refresh: None }
        }
    };
    Ok(TokenBody::answer(StatusCode::OK, tokens.access, tokens.refresh))
}
