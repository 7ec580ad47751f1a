//! Grants: codes and refresh tokens become tokens; developers see what they granted, and end it.
//!
//! # Requests that are repeated
//!
//! A client whose response was lost sends its request again, and two tabs may send the same one. Within
//! `REPEAT_GRACE` that is not taken for theft:
//!
//! - **A refresh token** that was just used gets the response that it got before: the same refresh token and, for the
//!   same scope, the same access token. Nothing new is issued, and nothing is stored for it: the tokens of a round are
//!   a function of the grant's row and the server's key, so this also holds after a restart. It needs the same client
//!   with the same authentication, and the token right before the newest one: as soon as the successor has been used,
//!   the predecessor ends the grant. So RFC 9700 (section 4.14.2) still holds. A thief and the owner who both come
//!   within the grace hold the same successor, and whoever uses it second is noticed.
//! - **A code** gives tokens once whatever happens (RFC 6749, section 4.1.2, and RFC 9700, section 4.2.4, are MUSTs),
//!   but a repeat does not end what it gave if it has the right `code_verifier`: only the browser that began the flow
//!   has that. Without PKCE a stolen code that is put into the client's own callback looks like a repeat, so there a
//!   second use always ends the grant.

use crate::model::app::App;
use crate::model::error::{Error, Result};
use crate::model::grant::{Grant, NamedGrant, Permission};
use crate::model::id::GrantId;
use crate::model::token::Scopes;
use crate::ops::account::IssuedToken;
use crate::ops::caller::Developer;
use crate::ops::client::{Client, TokenRefusal};
use crate::ops::token::Round;
use crate::ops::{Platform, View, app, now, secret, suspension};
use crate::store;
use rusqlite::Transaction;
use std::sync::Arc;
use std::time::Duration;

/// How soon a request must be repeated to count as one whose response was lost. Clients repeat at once or after a
/// timeout of a few seconds; a longer grace would only help a thief.
pub(super) const REPEAT_GRACE: Duration = Duration::from_secs(10);

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
    /// For how long the tokens have existed already, if the request is a repeat.
    age: Duration,
}

/// Either what was written, or why nothing is given; both are committed.
type Outcome<T> = Result<Result<T, TokenRefusal>>;

/// Tokens for an authorization code (RFC 6749, section 4.1.3; RFC 7636, section 4.6).
///
/// # Errors
/// [`TokenRefusal::InvalidGrant`]. A code that was redeemed before ends its grant, unless it is repeated by whoever
/// began the flow: see the module.
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
        if grant.rounds > 0 {
            let of_the_same_session = code.challenge.is_some() && fits && same_uri;
            if of_the_same_session && grant.rounds == 1 && age(&grant).is_some_and(|age| age < REPEAT_GRACE) {
                tracing::info!(grant = %grant.id, client = %grant.client, "a code was sent again by the client that had just redeemed it");
                return refuse(
                    "the code was redeemed a moment ago, and gives tokens only once; those it gave stay valid. If they \
                     did not arrive, start the flow again",
                );
            }
            return stolen(transaction, &grant, "the code was redeemed before; whatever it gave has ended");
        }
        if !same_uri {
            return refuse("the redirect_uri is not the one of the authorization request");
        }
        if !fits {
            return refuse("the code_verifier does not fit the authorization request");
        }
        advance(&by, transaction, grant)
    });
    let advanced = redeemed.await??;
    tokens(platform, &advanced, &advanced.grant.permission.scopes)
}

/// New tokens for a refresh token, which ends (RFC 6749, section 6; RFC 9700, section 4.14.2).
///
/// # Errors
/// [`TokenRefusal::InvalidGrant`]. A refresh token that was used before ends its grant, unless it is a repeat: see
/// the module. [`TokenRefusal::InvalidScope`] for more than was granted.
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
        if suspension::of_sign_in(transaction, grant.account)?.is_some() {
            return refuse("the account that gave the access is suspended");
        }
        // The first round is that of the code, which has no refresh token before it.
        let is_last_but_one = round > 0 && round.checked_add(1) == Some(grant.rounds);
        let repeated = age(&grant).filter(|age| is_last_but_one && *age < REPEAT_GRACE);
        if round < grant.rounds && repeated.is_none() {
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
        let Some(age) = repeated else {
            return Ok(advance(&by, transaction, grant)?.map(|advanced| (advanced, scopes)));
        };
        tracing::info!(grant = %grant.id, client = %grant.client, "a refresh token was sent again; the response is the same");
        let app = app_of(transaction, &grant)?;
        Ok(Ok((Advanced { grant, app, age }, scopes)))
    });
    let (advanced, scopes) = refreshed.await??;
    tokens(platform, &advanced, &scopes)
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
    if suspension::of_sign_in(transaction, grant.account)?.is_some() {
        return refuse("the account that gave the access is suspended");
    }
    let settings = &platform.settings;
    let lifetime =
        if grant.permission.offline { settings.refresh_token_lifetime } else { settings.service_token_lifetime };
    let expires_at = now.plus(lifetime.max(settings.service_token_lifetime));
    store::grant::advance(transaction, grant.id, now, expires_at)?;
    let app = app_of(transaction, &grant)?;
    let grant = Grant { rounds: grant.rounds + 1, used_at: now, expires_at, ..grant };
    Ok(Ok(Advanced { grant, app, age: Duration::ZERO }))
}

fn app_of(transaction: &Transaction<'_>, grant: &Grant) -> Result<App> {
    store::app::get(transaction, grant.app)?.ok_or_else(|| Error::fault("a grant for an app that is gone"))
}

/// How long ago tokens were last given; `None` if the clock has gone back since.
fn age(grant: &Grant) -> Option<Duration> {
    let micros = now().micros().checked_sub(grant.used_at.micros())?;
    u64::try_from(micros).ok().map(Duration::from_micros)
}

fn tokens(platform: &Platform, advanced: &Advanced, scopes: &Scopes) -> Result<Tokens, TokenRefusal> {
    let Advanced { grant, app, age } = advanced;
    let round = Round { grant: grant.id, number: grant.rounds, issued_at: grant.used_at };
    let mut access = app::issue(platform, app, scopes, Some(&round))?;
    access.expires_in = access.expires_in.saturating_sub(age.as_secs());
    if !grant.permission.offline {
        return Ok(Tokens { access, refresh: None });
    }
    // What is granted is told, though the access token itself does not carry it.
    access.scope = Permission { scopes: scopes.clone(), offline: true }.to_string();
    Ok(Tokens { access, refresh: Some(platform.keys.mint_refresh(&round, grant.expires_at)?) })
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
