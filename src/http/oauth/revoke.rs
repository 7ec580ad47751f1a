//! `POST /oauth2/revoke`: a client ends a token of its own (RFC 7009).
//!
//! May use `ops`. Used by the route table.

use super::{Form, OauthError, client, finish};
use crate::http::body::Body;
use crate::http::request::Request;
use crate::ops::{Platform, revocation};
use std::sync::Arc;
use warp::reply::Response;

/// Ends a token.
pub(in crate::http) async fn revoke(platform: &Arc<Platform>, request: &Request, body: &mut Body<'_>) -> Response {
    finish(request, end(platform, request, body).await)
}

async fn end(platform: &Arc<Platform>, request: &Request, body: &mut Body<'_>) -> Result<Response, OauthError> {
    let form = Form::read(request, body).await?;
    let client = client::authenticate(platform, request, &form).await?;
    revocation::revoke(platform, &client, form.required("token")?).await?;
    Ok(Response::default())
}
