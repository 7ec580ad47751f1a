//! `GET /.well-known/oauth-authorization-server`: where the endpoints are and what they can do (RFC 8414).
//!
//! May use `model`. Used by the route table.

use super::token::GRANT_TYPES;
use crate::http::reply;
use crate::model::grant::Permission;
use http::StatusCode;
use serde::Serialize;
use warp::reply::Response;

/// How a client with a secret may show it.
const WITH_SECRET: [&str; 2] = ["client_secret_basic", "client_secret_post"];
/// How any client may show who it is.
const ANY: [&str; 3] = ["client_secret_basic", "client_secret_post", "none"];

#[derive(Serialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    introspection_endpoint: String,
    revocation_endpoint: String,
    scopes_supported: Vec<&'static str>,
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: [&'static str; 3],
    code_challenge_methods_supported: [&'static str; 1],
    token_endpoint_auth_methods_supported: [&'static str; 3],
    introspection_endpoint_auth_methods_supported: [&'static str; 2],
    revocation_endpoint_auth_methods_supported: [&'static str; 3],
    /// RFC 9207: a client that knows several servers sees which one answers.
    authorization_response_iss_parameter_supported: bool,
}

/// Tells what there is at the server that clients know by this URL.
pub(in crate::http) fn metadata(issuer: String) -> Response {
    let at = |path: &str| format!("{issuer}{path}");
    let metadata = Metadata {
        authorization_endpoint: at("/oauth2/auth"),
        token_endpoint: at("/oauth2/token"),
        introspection_endpoint: at("/oauth2/introspect"),
        revocation_endpoint: at("/oauth2/revoke"),
        scopes_supported: Permission::names().collect(),
        response_types_supported: ["code"],
        response_modes_supported: ["query"],
        grant_types_supported: GRANT_TYPES,
        code_challenge_methods_supported: ["S256"],
        token_endpoint_auth_methods_supported: ANY,
        introspection_endpoint_auth_methods_supported: WITH_SECRET,
        revocation_endpoint_auth_methods_supported: ANY,
        authorization_response_iss_parameter_supported: true,
        issuer,
    };
    reply::not_stored(reply::json(StatusCode::OK, &metadata))
}
