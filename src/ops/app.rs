//! Apps: making, changing and removing them; service tokens for their developers.

use crate::model::app::{App, AppProfile};
use crate::model::error::{Error, Result, Violation};
use crate::model::grant::OFFLINE_SCOPE;
use crate::model::id::AppId;
use crate::model::token::{Scopes, TokenKind};
use crate::ops::account::IssuedToken;
use crate::ops::caller::Developer;
use crate::ops::token::{NewToken, Round};
use crate::ops::{Platform, View, now, remains, secret};
use crate::store;
use rusqlite::Connection;

/// An app with its secret, which is shown once: only its hash is kept.
#[derive(Debug, Clone)]
pub struct AppCredentials {
    /// The app.
    pub app: App,
    /// Its secret; none for an app that cannot keep one.
    pub secret: Option<String>,
}

/// The developer's apps, in the order of creation.
///
/// # Errors
/// Faults of the database.
pub fn list(view: &View, caller: &Developer) -> Result<Vec<App>> {
    store::app::of_owner(view, caller.account)
}

/// One of the developer's apps.
///
/// # Errors
/// Faults of the database.
pub fn find(view: &View, caller: &Developer, id: AppId) -> Result<Option<App>> {
    Ok(store::app::get(view, id)?.filter(|app| app.owner == caller.account))
}

/// An app of the developer, for operations that work on one.
pub(super) fn own(connection: &Connection, caller: &Developer, id: AppId) -> Result<App> {
    store::app::get(connection, id)?
        .filter(|app| app.owner == caller.account)
        .ok_or_else(|| Error::not_found("app", id))
}

/// Makes an app, with a secret unless it is one that cannot keep any.
///
/// # Errors
/// Violations of the rules for name and redirect URIs.
pub async fn create(
    platform: &Platform,
    caller: &Developer,
    profile: AppProfile,
    has_secret: bool,
) -> Result<AppCredentials> {
    let profile = profile.checked()?;
    let secret = secret::generate();
    let hash = secret::hash(&secret);
    let app = App {
        id: AppId::generate(),
        owner: caller.account,
        name: profile.name,
        redirect_uris: profile.redirect_uris,
        has_secret,
        generation: 0,
        created_at: now(),
    };
    let quotas = platform.settings.quotas;
    let stored = platform.store.write(move |transaction| {
        quotas.app(transaction, app.owner)?;
        store::app::insert(transaction, &app, &hash)?;
        Ok(app)
    });
    Ok(AppCredentials { app: stored.await?, secret: has_secret.then_some(secret) })
}

/// Changes an app's name or redirect URIs; what is not given stays.
///
/// # Errors
/// [`Error::NotFound`]; violations of the rules.
pub async fn update(
    platform: &Platform,
    caller: &Developer,
    id: AppId,
    name: Option<String>,
    redirect_uris: Option<Vec<String>>,
) -> Result<App> {
    let caller = caller.clone();
    let stored = platform.store.write(move |transaction| {
        let app = own(transaction, &caller, id)?;
        let profile =
            AppProfile { name: name.unwrap_or(app.name), redirect_uris: redirect_uris.unwrap_or(app.redirect_uris) };
        let profile = profile.checked()?;
        store::app::update(transaction, id, &profile)?;
        own(transaction, &caller, id)
    });
    stored.await
}

/// Gives an app a new secret. The old one ends, and so do all its tokens and all grants to it and for it.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] for an app without a secret.
pub async fn reset_secret(platform: &Platform, caller: &Developer, id: AppId) -> Result<AppCredentials> {
    let secret = secret::generate();
    let hash = secret::hash(&secret);
    let caller = caller.clone();
    let stored = platform.store.write(move |transaction| {
        if !own(transaction, &caller, id)?.has_secret {
            return Err(Error::Conflict(
                "the app has no secret, because it runs where none can be kept; make another app for what can keep one"
                    .to_owned(),
            ));
        }
        store::app::set_secret(transaction, id, &hash)?;
        store::grant::delete_of_app(transaction, id)?;
        own(transaction, &caller, id)
    });
    Ok(AppCredentials { app: stored.await?, secret: Some(secret) })
}

/// Removes an app without installations.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] while it has installations.
pub async fn remove(platform: &Platform, caller: &Developer, id: AppId) -> Result<App> {
    let caller = caller.clone();
    let stored = platform.store.write(move |transaction| {
        let app = own(transaction, &caller, id)?;
        let installations = store::installation::of_apps(transaction, &[id])?;
        if !installations.is_empty() {
            return Err(Error::Conflict(format!(
                "the app has {} connector installation(s); remove them first",
                installations.len()
            )));
        }
        store::grant::delete_of_app(transaction, id)?;
        store::app::end(transaction, id)?;
        // One with few things goes at once.
        Ok((app, remains::of_app(transaction, id)?))
    });
    let (app, done) = stored.await?;
    if !done {
        platform.remains.wake();
    }
    Ok(app)
}

/// A service token for an own app, without its secret; all scopes where none is named.
///
/// # Errors
/// [`Error::NotFound`]; a violation for an unknown scope.
pub fn service_token(
    platform: &Platform,
    view: &View,
    caller: &Developer,
    id: AppId,
    scopes: &[String],
) -> Result<IssuedToken> {
    let app = own(view, caller, id)?;
    let scopes = Scopes::from_names(scopes.iter().map(String::as_str)).map_err(|unknown| {
        Error::Invalid(vec![Violation {
            path: "scopes".to_owned(),
            message: match unknown.as_str() {
                OFFLINE_SCOPE => {
                    format!("{unknown:?} asks for a refresh token, which only the authorization code flow gives; leave it out")
                }
                _ => format!("{unknown:?} is not a scope that an app can have; these are: {}", Scopes::all()),
            },
        }])
    })?;
    issue(platform, &app, &scopes, None)
}

/// A service token for an app; of a round of a grant if a developer consented to it.
pub(super) fn issue(platform: &Platform, app: &App, scopes: &Scopes, round: Option<&Round>) -> Result<IssuedToken> {
    let lifetime = platform.settings.service_token_lifetime;
    let scope = scopes.to_string();
    let new = NewToken {
        kind: TokenKind::Service,
        subject: app.id.to_string(),
        scope: &scope,
        generation: app.generation,
        lifetime: Some(lifetime),
        grant: round.map(|round| round.grant),
    };
    let token = match round {
        Some(round) => platform.keys.mint_of(round, new)?,
        None => platform.keys.mint(new)?,
    };
    Ok(IssuedToken { token, expires_in: lifetime.as_secs(), scope })
}
