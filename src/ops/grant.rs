//! Grants: codes and refresh tokens become tokens; developers see what they granted, and end it.

use crate::model::app::App;
use crate::model::error::{Error, Result};
use crate::model::grant::{Grant, NamedGrant, Permission};
use crate::model::id::GrantId;
use crate::model::token::Scopes;
use crate::ops::account::IssuedToken;
use crate::ops::caller::Developer;
use crate::ops::client::{Client, TokenRefusal};
use crate::ops::{Platform, View, app, now, secret};
use crate::store;
use rusqlite::Transaction;
use std::sync::Arc;

/// What a client gets for a grant.
#[derive(Debug)]
pub struct Tokens {
    /// The service token, for the developer's app.
    pub access: IssuedToken,
    /// What gives the next ones, where it was asked for.
    pub refresh: Option<String>,
}

/// A grant as it is after tokens were given, and the app that they are for.
struct Advanced {
    grant: Grant,
    app: App,
}

/// Either what was written, or why nothing is given; both are committed.
type Outcome<T> = Result<Result<T, TokenRefusal>>;

/// Tokens for an authorization code (RFC 6749, section 4.1.3; RFC 7636, section 4.6).
///
/// # Errors
/// [`TokenRefusal::InvalidGrant`]. A code that was redeemed before ends its grant: one of the two has
/// stolen it.
pub async fn redeem(
    platform: &Arc<Platform>,
    client: &Client,
    code: &str,
    redirect_uri: Option<String>,
    verifier: Option<String>,
) -> Result<Tokens, TokenRefusal> {
    let (hash, client, by) = (secret::hash(code), client.app.clone(), Arc::clone(platform));
    let redeemed = platform.store.write(move |transaction| {
        let Some((grant, code)) =
            store::grant::by_code(transaction, hash)?.filter(|(grant, _)| grant.client == client.id)
        else {
            return refuse("there is no such code for this client, or it is too old");
        };
        if grant.rounds > 0 {
            return stolen(transaction, &grant, "the code was redeemed before; whatever it gave has ended");
        }
        let fits = match (&code.challenge, &verifier) {
            (Some(challenge), Some(verifier)) => challenge.is_met_by(verifier),
            (None, None) => true,
            // A verifier without a challenge: somebody took the challenge out (RFC 9700, section 4.8.2).
            (Some(_), None) | (None, Some(_)) => false,
        };
        let same_uri = match (&code.redirect_uri, &redirect_uri) {
            (None, None) => true,
            (Some(asked), Some(sent)) => asked == sent,
            (Some(_), None) => false,
            // Where none was asked for it was the only one (RFC 6749, section 10.6).
            (None, Some(sent)) => matches!(client.redirect_uris.as_slice(), [only] if only == sent),
        };
        if !same_uri {
            return refuse("the redirect_uri is not the one of the authorization request");
        }
        if !fits {
            return refuse("the code_verifier does not fit the authorization request");
        }
        advance(&by, transaction, grant)
    });
    let Advanced { grant, app } = redeemed.await??;
    tokens(platform, &grant, &app, &grant.permission.scopes)
}

/// New tokens for a refresh token, which ends (RFC 6749, section 6; RFC 9700, section 4.14.2).
///
/// # Errors
/// [`TokenRefusal::InvalidGrant`]. A refresh token that was used before ends its grant: one of the two
/// has stolen it. [`TokenRefusal::InvalidScope`] for more than was granted.
pub async fn refresh(
    platform: &Arc<Platform>,
    client: &Client,
    token: &str,
    scope: Option<&str>,
) -> Result<Tokens, TokenRefusal> {
    let Some((id, claims)) = platform.keys.verify_refresh(token) else {
        return Err(TokenRefusal::InvalidGrant("the refresh token is malformed, expired or revoked"));
    };
    let asked = scope
        .map_or(Ok(None), Permission::asked_again)
        .map_err(|unknown| TokenRefusal::InvalidScope(format!("{unknown} is no scope")))?;
    let (client, by, round) = (client.app.clone(), Arc::clone(platform), claims.generation);
    let refreshed = platform.store.write(move |transaction| {
        let Some(grant) = store::grant::get(transaction, id)?.filter(|grant| grant.client == client.id) else {
            return refuse("the refresh token is revoked, or another client's");
        };
        if round < grant.rounds {
            return stolen(transaction, &grant, "the refresh token was used before; whatever it gave has ended");
        }
        if round > grant.rounds {
            return refuse("the refresh token is of a later state than the server's database");
        }
        let scopes = match asked {
            None => grant.permission.scopes.clone(),
            Some(asked) if grant.permission.covers(&asked) => asked.scopes,
            Some(_) => {
                let granted = format!("not all of that was granted, which is {}", grant.permission);
                return Ok(Err(TokenRefusal::InvalidScope(granted)));
            }
        };
        Ok(advance(&by, transaction, grant)?.map(|advanced| (advanced, scopes)))
    });
    let (Advanced { grant, app }, scopes) = refreshed.await??;
    tokens(platform, &grant, &app, &scopes)
}

fn refuse<T>(why: &'static str) -> Outcome<T> {
    Ok(Err(TokenRefusal::InvalidGrant(why)))
}

/// Ends a grant of which somebody used what was used before.
fn stolen<T>(transaction: &Transaction<'_>, grant: &Grant, why: &'static str) -> Outcome<T> {
    store::grant::delete(transaction, grant.id)?;
    tracing::warn!(grant = %grant.id, client = %grant.client, "a code or refresh token was used twice; its grant has ended");
    refuse(why)
}

fn advance(platform: &Platform, transaction: &Transaction<'_>, grant: Grant) -> Outcome<Advanced> {
    let now = now();
    if grant.expires_at <= now {
        return refuse("it is too old");
    }
    let settings = &platform.settings;
    let lifetime =
        if grant.permission.offline { settings.refresh_token_lifetime } else { settings.service_token_lifetime };
    let expires_at = now.plus(lifetime.max(settings.service_token_lifetime));
    store::grant::advance(transaction, grant.id, now, expires_at)?;
    let app =
        store::app::get(transaction, grant.app)?.ok_or_else(|| Error::fault("a grant for an app that is gone"))?;
    Ok(Ok(Advanced { grant: Grant { rounds: grant.rounds + 1, used_at: now, expires_at, ..grant }, app }))
}

fn tokens(platform: &Platform, grant: &Grant, app: &App, scopes: &Scopes) -> Result<Tokens, TokenRefusal> {
    let mut access = app::issue(platform, app, scopes, Some(grant.id))?;
    if !grant.permission.offline {
        return Ok(Tokens { access, refresh: None });
    }
    // What is granted is told, though the access token itself does not carry it.
    access.scope = Permission { scopes: scopes.clone(), offline: true }.to_string();
    Ok(Tokens { access, refresh: Some(platform.keys.mint_refresh(grant.id, grant.rounds, grant.expires_at)?) })
}

/// What the developer granted and has not ended, in the order of consent.
///
/// # Errors
/// Faults of the database.
pub fn list(view: &View, caller: &Developer) -> Result<Vec<NamedGrant>> {
    store::grant::of_account(view, caller.account, now())
}

/// Ends a grant of the developer's, and with it all its tokens.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn revoke(platform: &Platform, caller: &Developer, id: GrantId) -> Result<GrantId> {
    let account = caller.account;
    let ended = platform.store.write(move |transaction| {
        let own = store::grant::get(transaction, id)?.is_some_and(|grant| grant.account == account);
        if !own {
            return Err(Error::not_found("grant", id));
        }
        store::grant::delete(transaction, id)?;
        Ok(id)
    });
    ended.await
}
