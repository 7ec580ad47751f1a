//! The hub: the seven requests that connectors make (protocol.md, "The hub").
//!
//! May use `model`, `ops` and the bodies of [`crate::http::wire`]. Used by the route table.
//!
//! Each checks the token first, so that nobody without one learns what a body should look like,
//! then type, size and content of the body. A change is durable when it is answered.

use crate::http::body::Body;
use crate::http::encoding::path_part;
use crate::http::reply::{self, Refusal};
use crate::http::request::Request;
use crate::http::wire;
use crate::model::error::Error;
use crate::model::id::ThingId;
use crate::model::token::TokenKind;
use crate::ops::auth::Bearer;
use crate::ops::hub::PropertyPath;
use crate::ops::{self, Platform};
use http::StatusCode;
use serde::Serialize;
use std::sync::Arc;
use warp::reply::Response;

/// The longest body, in bytes: a thing of a thousand properties has fewer (protocol.md).
const BODY_BYTES_MAX: usize = 256 * 1024;

/// `POST /installations/state`.
pub(super) async fn report_installation(
    platform: &Arc<Platform>,
    request: &Request,
    body: &mut Body<'_>,
) -> Result<Response, Refusal> {
    let bearer = bearer(platform, request, TokenKind::Installation).await?;
    let report = wire::state_report(&request.json_body(body, BODY_BYTES_MAX).await?)?;
    ops::hub::report_installation(platform, bearer, report.state, report.details).await?;
    Ok(reply::no_content())
}

/// `POST /instances/state`.
pub(super) async fn report_instance(
    platform: &Arc<Platform>,
    request: &Request,
    body: &mut Body<'_>,
) -> Result<Response, Refusal> {
    let bearer = bearer(platform, request, TokenKind::Instance).await?;
    let report = wire::state_report(&request.json_body(body, BODY_BYTES_MAX).await?)?;
    ops::hub::report_instance(platform, bearer, report.state, report.details).await?;
    Ok(reply::no_content())
}

#[derive(Serialize)]
struct Created {
    id: String,
}

/// `POST /instances/things`.
pub(super) async fn create_thing(
    platform: &Arc<Platform>,
    request: &Request,
    body: &mut Body<'_>,
) -> Result<Response, Refusal> {
    let bearer = bearer(platform, request, TokenKind::Instance).await?;
    let thing = wire::new_thing(&request.json_body(body, BODY_BYTES_MAX).await?, ops::now())?;
    let id = ops::hub::create_thing(platform, bearer, thing).await?;
    Ok(reply::json(StatusCode::CREATED, &Created { id: id.to_string() }))
}

/// `PUT` or `POST /instances/things/{thing}/components/{component}/properties/{property}`.
pub(super) async fn update_property(
    platform: &Arc<Platform>,
    request: &Request,
    body: &mut Body<'_>,
    [thing, component, property]: [&str; 3],
) -> Result<Response, Refusal> {
    let bearer = bearer(platform, request, TokenKind::Instance).await?;
    let path = PropertyPath {
        thing: thing_id(thing)?,
        component: path_part(component)?.into_owned(),
        property: path_part(property)?.into_owned(),
    };
    let update = wire::property_update(&request.json_body(body, BODY_BYTES_MAX).await?, ops::now())?;
    ops::hub::update_property(platform, bearer, path, update).await?;
    Ok(reply::no_content())
}

/// `PUT /instances/things/{thing}/status`.
pub(super) async fn set_thing_status(
    platform: &Arc<Platform>,
    request: &Request,
    body: &mut Body<'_>,
    thing: &str,
) -> Result<Response, Refusal> {
    let bearer = bearer(platform, request, TokenKind::Instance).await?;
    let thing = thing_id(thing)?;
    let status = wire::thing_status(&request.json_body(body, BODY_BYTES_MAX).await?)?;
    ops::hub::set_thing_status(platform, bearer, thing, status).await?;
    Ok(reply::no_content())
}

/// `DELETE /instances/things/{thing}`.
pub(super) async fn delete_thing(
    platform: &Arc<Platform>,
    request: &Request,
    thing: &str,
) -> Result<Response, Refusal> {
    let bearer = bearer(platform, request, TokenKind::Instance).await?;
    ops::hub::delete_thing(platform, bearer, thing_id(thing)?).await?;
    Ok(reply::no_content())
}

/// `PUT /instances/actions/requests/{action request}`.
pub(super) async fn end_action_request(
    platform: &Arc<Platform>,
    request: &Request,
    body: &mut Body<'_>,
    id: &str,
) -> Result<Response, Refusal> {
    let bearer = bearer(platform, request, TokenKind::Instance).await?;
    let text = path_part(id)?;
    let id = text.parse().map_err(|_| Error::not_found("action request", shown(&text)))?;
    let end = wire::action_end(&request.json_body(body, BODY_BYTES_MAX).await?)?;
    ops::hub::end_action_request(platform, bearer, id, end).await?;
    Ok(reply::no_content())
}

async fn bearer(platform: &Arc<Platform>, request: &Request, kind: TokenKind) -> Result<Bearer, Refusal> {
    let token = request.bearer().ok_or_else(|| {
        Error::Unauthenticated(
            "this needs the token of an installation or instance, as \"Authorization: Bearer <token>\"".to_owned(),
        )
    })?;
    Ok(platform.verify_as(kind, token).await?)
}

fn thing_id(part: &str) -> Result<ThingId, Refusal> {
    let text = path_part(part)?;
    Ok(text.parse().map_err(|_| Error::not_found("thing", shown(&text)))?)
}

/// An identifier that is none, so that an error can show it.
fn shown(text: &str) -> String {
    format!("{:?}", crate::http::log::short(text))
}
