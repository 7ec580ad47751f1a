//! Apps as OAuth 2.0 clients: who asks at the token endpoint, and tokens for an app's own account
//! (RFC 6749, sections 2.3 and 4.4).

use crate::model::app::App;
use crate::model::error::Error;
use crate::model::grant::Permission;
use crate::model::id::AppId;
use crate::model::text::loggable;
use crate::model::token::Scopes;
use crate::ops::account::IssuedToken;
use crate::ops::{Platform, app, secret, suspension};
use crate::store;
use std::net::IpAddr;
use std::sync::Arc;
use tracing::{Instrument, Span};

/// Why a client gets no token; the words of RFC 6749, section 5.2.
#[derive(Debug)]
pub enum TokenRefusal {
    /// No such app, or the wrong secret.
    InvalidClient,
    /// A code or refresh token that is wrong, expired, revoked or another client's.
    InvalidGrant(&'static str),
    /// The client may not do this at all.
    UnauthorizedClient(&'static str),
    /// A scope that no app can have, or that was not granted.
    InvalidScope(String),
    /// Too many tries, or our own fault.
    Failed(Error),
}

impl From<Error> for TokenRefusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What a client sends to show who it is.
#[derive(Debug, Clone)]
pub struct ClientCredentials {
    /// The app's ID.
    pub id: String,
    /// Its secret; none from an app that has none.
    pub secret: Option<String>,
    /// Where it asks from.
    pub address: IpAddr,
}

/// An app that has shown who it is, as well as it can.
#[derive(Debug, Clone)]
pub struct Client {
    pub(super) app: App,
}

/// Finds out who asks. An app with a secret has to show it; one without must not send any.
///
/// # Errors
/// [`TokenRefusal::InvalidClient`], the same for an unknown app and a wrong secret; [`Error::TooMany`]
/// after too many of those.
pub async fn authenticate(platform: &Arc<Platform>, credentials: ClientCredentials) -> Result<Client, TokenRefusal> {
    platform.client_tries.check(&credentials.id, credentials.address)?;
    // A task of its own: a client that disconnects meanwhile must not escape being counted.
    let platform = Arc::clone(platform);
    let judge = async move { judge(&platform, credentials).await };
    tokio::spawn(judge.instrument(Span::current())).await.map_err(Error::fault)?
}

async fn judge(platform: &Arc<Platform>, credentials: ClientCredentials) -> Result<Client, TokenRefusal> {
    let ClientCredentials { id, secret, address } = credentials;
    let shown = match id.parse::<AppId>() {
        Ok(id) => platform.read(move |view| store::app::with_secret(view, id)).await?,
        Err(_) => None,
    };
    let is_known = shown.is_some();
    let known = shown.filter(|(app, hash)| match &secret {
        Some(secret) => app.has_secret && secret::matches(secret, hash),
        None => !app.has_secret,
    });
    let Some((app, _)) = known else {
        platform.client_tries.count(&id, address);
        // Who makes IDs up guesses no secret, and could fill the log.
        if is_known {
            tracing::warn!(%address, client_id = loggable(&id), "failed authentication of a client");
        }
        return Err(TokenRefusal::InvalidClient);
    };
    let owner = app.owner;
    if platform.read(move |view| suspension::of_sign_in(view, owner)).await?.is_some() {
        return Err(TokenRefusal::UnauthorizedClient("the account of the app is suspended"));
    }
    Ok(Client { app })
}

/// A service token for an app that has shown its secret (RFC 6749, section 4.4); all scopes if none is named.
///
/// `offline` is accepted and grants nothing here: an app with a secret needs no refresh token (section 4.4.3). The
/// scope of the response, which leaves it out, says so (section 3.3).
///
/// # Errors
/// [`TokenRefusal::UnauthorizedClient`] for an app without a secret; a scope that is none.
pub fn client_credentials(platform: &Platform, client: &Client, scope: &str) -> Result<IssuedToken, TokenRefusal> {
    if !client.app.has_secret {
        return Err(TokenRefusal::UnauthorizedClient(
            "an app without a secret gets tokens by the authorization code flow alone",
        ));
    }
    let asked = Permission::asked(scope).map_err(|unknown| {
        TokenRefusal::InvalidScope(format!(
            "{unknown} is not a scope that an app can have; these are, separated by spaces: {}",
            Scopes::all()
        ))
    })?;
    Ok(app::issue(platform, &client.app, &asked.scopes, None)?)
}
