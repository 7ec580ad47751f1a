//! What a client may know of a token of its own, and ending it before its time (RFC 7662, RFC 7009).

use crate::model::error::{Error, Result};
use crate::model::id::{AppId, GrantId, TokenId};
use crate::model::time::Timestamp;
use crate::model::token::TokenKind;
use crate::ops::client::{Client, TokenRefusal};
use crate::ops::throttle::ANYWHERE;
use crate::ops::token::Claims;
use crate::ops::{Platform, auth, now, suspension};
use crate::store::{self, Store};
use parking_lot::RwLock;
use rusqlite::Transaction;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Access tokens that ended before their time: the database's list, in memory because every request
/// asks it.
pub(super) struct Revoked {
    any: AtomicBool,
    ids: RwLock<HashSet<TokenId>>,
}

impl Revoked {
    /// As the database has them.
    pub(super) fn load(store: &Store) -> Result<Self> {
        let ids: HashSet<_> = store::revoked::all(&*store.snapshot()?)?.into_iter().collect();
        Ok(Self { any: AtomicBool::new(!ids.is_empty()), ids: RwLock::new(ids) })
    }

    /// Whether a token has ended.
    pub(super) fn has(&self, claims: &Claims) -> bool {
        self.any.load(Ordering::Acquire) && claims.id().is_some_and(|id| self.ids.read().contains(&id))
    }

    fn add(&self, id: TokenId) {
        self.ids.write().insert(id);
        self.any.store(true, Ordering::Release);
    }

    /// Forgets what has ended anyway.
    pub(super) fn forget(&self, ended: &[TokenId]) {
        let mut ids = self.ids.write();
        for id in ended {
            ids.remove(id);
        }
        self.any.store(!ids.is_empty(), Ordering::Release);
    }
}

/// A token that is good now.
#[derive(Debug)]
pub struct Active {
    /// What it may do.
    pub scope: String,
    /// The client that it was given to.
    pub client: AppId,
    /// Whether it is a service token rather than a refresh token.
    pub is_access: bool,
    /// The app that it is for.
    pub subject: AppId,
    /// When it was made, in seconds since 1970.
    pub issued_at: i64,
    /// When it ends, in seconds since 1970.
    pub expires_at: Option<i64>,
    /// Who made it; the claim `iss`.
    pub issuer: String,
    /// Whom it is for; the claim `aud`.
    pub audience: String,
    /// What names it; the claim `jti`.
    pub id: Option<TokenId>,
}

/// A token of OAuth 2.0 that we made, and whom it was given to.
enum Known {
    Access(Claims, AppId, Option<GrantId>),
    Refresh(Claims, GrantId),
}

fn known(platform: &Platform, token: &str) -> Option<Known> {
    if let Some((grant, claims)) = platform.keys.verify_refresh(token) {
        return Some(Known::Refresh(claims, grant));
    }
    let (kind, claims) = platform.keys.verify(token)?;
    let grant = claims.grant.as_deref().map(str::parse).transpose().ok()?;
    let app = claims.sub.parse().ok()?;
    (kind == TokenKind::Service).then_some(Known::Access(claims, app, grant))
}

/// What a token says and may do, if it is a good one that the client was given or that is for it
/// (RFC 7662, section 2.2). Nothing of any other: what is another's is as good as none.
///
/// # Errors
/// [`TokenRefusal::UnauthorizedClient`] for an app without a secret: anybody could say to be it.
pub async fn introspect(
    platform: &Arc<Platform>,
    client: &Client,
    token: &str,
) -> Result<Option<Active>, TokenRefusal> {
    if !client.app.has_secret {
        return Err(TokenRefusal::UnauthorizedClient("an app without a secret cannot ask about tokens"));
    }
    let Some(known) = known(platform, token) else { return Ok(None) };
    let asking = client.app.id;
    let by = Arc::clone(platform);
    let active = platform.read(move |view| {
        let (claims, grant, is_access) = match known {
            Known::Access(claims, app, grant) => {
                if by.revoked.has(&claims) || !auth::service_stands(view, &claims)? {
                    return Ok(None);
                }
                let Some(grant) = grant else {
                    return Ok((app == asking).then(|| active(claims, app, app, true)));
                };
                (claims, grant, true)
            }
            Known::Refresh(claims, grant) => (claims, grant, false),
        };
        let Some(grant) = store::grant::get(view, grant)? else { return Ok(None) };
        if suspension::of_sign_in(view, grant.account)?.is_some() {
            return Ok(None);
        }
        let good = is_access || claims.generation == grant.rounds && grant.expires_at > now();
        let concerns = grant.client == asking || grant.app == asking && is_access;
        let mut active = active(claims, grant.client, grant.app, is_access);
        if !is_access {
            active.scope = grant.permission.to_string();
        }
        Ok((good && concerns).then_some(active))
    });
    Ok(active.await?)
}

fn active(claims: Claims, client: AppId, subject: AppId, is_access: bool) -> Active {
    Active {
        client,
        is_access,
        subject,
        issued_at: claims.iat,
        expires_at: claims.exp,
        id: claims.id(),
        scope: claims.scope,
        issuer: claims.iss,
        audience: claims.aud,
    }
}

/// Ends a token: of a refresh token all that was granted with it, of a service token itself alone.
/// What is no token, or none any more, is as the client wants it (RFC 7009, section 2.2).
///
/// # Errors
/// [`TokenRefusal::UnauthorizedClient`] for a token that another client was given; [`Error::TooMany`] for
/// a client that ends too many.
pub async fn revoke(platform: &Arc<Platform>, client: &Client, token: &str) -> Result<(), TokenRefusal> {
    let Some(known) = known(platform, token) else { return Ok(()) };
    let (asking, by) = (client.app.id, Arc::clone(platform));
    platform.revocations.take(&asking.to_string(), ANYWHERE)?;
    let work = move |transaction: &Transaction<'_>| {
        let client_of = |grant| Ok::<_, Error>(store::grant::get(transaction, grant)?.map(|grant| grant.client));
        let (given, end) = match known {
            Known::Access(claims, app, None) => (Some(app), End::token(&claims)),
            Known::Access(claims, _, Some(grant)) => (client_of(grant)?, End::token(&claims)),
            Known::Refresh(_, grant) => (client_of(grant)?, End::Grant(grant)),
        };
        match (given, end) {
            (Some(given), _) if given != asking => {
                return Ok(Err(TokenRefusal::UnauthorizedClient("the token was given to another client")));
            }
            (Some(_), End::Grant(grant)) => store::grant::delete(transaction, grant)?,
            (Some(_), End::Token(id, expires_at)) => {
                store::revoked::insert(transaction, id, expires_at)?;
                return Ok(Ok(Some(id)));
            }
            (None, _) | (_, End::Nothing) => {}
        }
        Ok(Ok(None))
    };
    // Whether or not the client waits for the answer: what is in the database is in memory too.
    let remember = move |ended: &Result<Option<TokenId>, TokenRefusal>| {
        if let Ok(Some(id)) = ended {
            by.revoked.add(*id);
        }
    };
    platform.store.write_then(work, remember).await?.map(|_| ())
}

/// What has to be done for a token to end.
enum End {
    Grant(GrantId),
    Token(TokenId, Timestamp),
    Nothing,
}

impl End {
    fn token(claims: &Claims) -> Self {
        let expires_at = claims.exp.map_or(Timestamp::MAX, Timestamp::from_seconds);
        claims.id().map_or(Self::Nothing, |id| Self::Token(id, expires_at))
    }
}
