//! Authentication: from a token to a caller. The only place where callers are made.

use crate::model::account::Role;
use crate::model::error::{Error, Result};
use crate::model::token::{Scope, Scopes, TokenKind};
use crate::ops::Platform;
use crate::ops::caller::{Caller, Developer, InstallationCaller, InstanceCaller, Operator, Service};
use crate::ops::suspension;
use crate::ops::token::Claims;
use crate::store;
use rusqlite::Connection;
use std::str::FromStr;
use std::sync::Arc;

/// A token that we made and that has not expired. Whether its row still stands is not known yet.
#[derive(Debug, Clone)]
pub struct Bearer {
    kind: TokenKind,
    claims: Claims,
}

impl Bearer {
    /// Whom the token is for: an account, an app, an installation or an instance.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.claims.sub
    }

    /// Which kind of token it is.
    #[must_use]
    pub fn kind(&self) -> TokenKind {
        self.kind
    }
}

impl Platform {
    /// Checks a token's signature and expiry, and that nobody ended it.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for anything but a good token of ours.
    pub fn verify(&self, token: &str) -> Result<Bearer> {
        let (kind, claims) = self.keys.verify(token).ok_or_else(invalid)?;
        if self.revoked.has(&claims) {
            return Err(invalid());
        }
        Ok(Bearer { kind, claims })
    }

    /// Whether this server made a token, even if it has expired or was revoked since: nobody else can make one.
    #[must_use]
    pub fn made_token(&self, token: &str) -> bool {
        self.keys.made(token)
    }

    /// Checks a token's signature and expiry, and that it is of the kind needed.
    ///
    /// # Errors
    /// As [`Self::verify`]; [`Error::Forbidden`] for a token of another kind.
    pub async fn verify_as(self: &Arc<Self>, needed: TokenKind, token: &str) -> Result<Bearer> {
        let bearer = self.verify(token)?;
        let given = bearer.kind;
        if given == needed {
            return Ok(bearer);
        }
        // A token that was revoked is of no kind any more.
        self.read(move |view| caller(view, &bearer)).await?;
        Err(wrong_kind(needed, given))
    }
}

/// Checks that the row behind a token still stands and has not ended the token.
///
/// # Errors
/// [`Error::Unauthenticated`] if the token was revoked; faults of the database.
pub fn caller(connection: &Connection, bearer: &Bearer) -> Result<Caller> {
    match bearer.kind {
        TokenKind::Developer => developer(connection, &bearer.claims).map(Caller::Developer),
        TokenKind::Service => service(connection, &bearer.claims).map(Caller::Service),
        TokenKind::Installation => installation(connection, &bearer.claims).map(Caller::Installation),
        TokenKind::Instance => instance(connection, &bearer.claims).map(Caller::Instance),
    }
}

/// The connector that speaks of an installation.
///
/// # Errors
/// [`Error::Forbidden`] for a token of another kind; as [`caller`].
pub(super) fn installation_caller(connection: &Connection, bearer: &Bearer) -> Result<InstallationCaller> {
    match caller(connection, bearer)? {
        Caller::Installation(caller) => Ok(caller),
        other => Err(wrong_kind(TokenKind::Installation, other.kind())),
    }
}

/// The connector that speaks of an instance.
///
/// # Errors
/// [`Error::Forbidden`] for a token of another kind; as [`caller`].
pub(super) fn instance_caller(connection: &Connection, bearer: &Bearer) -> Result<InstanceCaller> {
    match caller(connection, bearer)? {
        Caller::Instance(caller) => Ok(caller),
        other => Err(wrong_kind(TokenKind::Instance, other.kind())),
    }
}

impl Caller {
    /// The developer, where one asks.
    ///
    /// # Errors
    /// [`Error::Forbidden`] that names the kind needed.
    pub fn developer(&self) -> Result<&Developer> {
        match self {
            Self::Developer(developer) => Ok(developer),
            other => Err(wrong_kind(TokenKind::Developer, other.kind())),
        }
    }

    /// The operator, where one asks.
    ///
    /// # Errors
    /// [`Error::Forbidden`] that names the role needed.
    pub fn operator(&self) -> Result<&Operator> {
        match self {
            Self::Developer(Developer { operator: Some(operator), .. }) => Ok(operator),
            Self::Developer(_) => Err(Error::Forbidden(
                "this needs a developer token of an operator, and this account is not one; an operator can give it the \
                 role: connhub account set-role EMAIL operator"
                    .to_owned(),
            )),
            other => Err(wrong_kind(TokenKind::Developer, other.kind())),
        }
    }

    /// The app, where one asks that has the scope.
    ///
    /// # Errors
    /// [`Error::Forbidden`] that names the kind and scope needed.
    pub fn service(&self, scope: Scope) -> Result<&Service> {
        match self {
            Self::Service(service) if service.scopes.has(scope) => Ok(service),
            Self::Service(_) => Err(Error::Forbidden(format!(
                "this needs a service token with the scope {}; this token does not have it",
                scope.name()
            ))),
            other => Err(Error::Forbidden(format!(
                "this needs a service token with the scope {}, not a token of the kind {}",
                scope.name(),
                other.kind()
            ))),
        }
    }
}

fn invalid() -> Error {
    Error::Unauthenticated("the token is malformed, expired or revoked; get a new one".to_owned())
}

fn wrong_kind(needed: TokenKind, given: TokenKind) -> Error {
    let scope = if needed == TokenKind::Developer { " (scope connctd.core)" } else { "" };
    Error::Forbidden(format!("this needs a token of the kind {needed}{scope}, not one of the kind {given}"))
}

fn subject<Id: FromStr>(claims: &Claims) -> Result<Id> {
    claims.sub.parse().map_err(|_| invalid())
}

fn developer(connection: &Connection, claims: &Claims) -> Result<Developer> {
    let account = store::account::get(connection, subject(claims)?)?.ok_or_else(invalid)?;
    if account.generation != claims.generation {
        return Err(invalid());
    }
    suspension::check_account(connection, account.id)?;
    let operator = (account.role == Role::Operator).then_some(Operator { account: Some(account.id) });
    Ok(Developer { account: account.id, token: claims.id(), operator, client: None })
}

fn service(connection: &Connection, claims: &Claims) -> Result<Service> {
    let app = store::app::get(connection, subject(claims)?)?.ok_or_else(invalid)?;
    if app.generation != claims.generation {
        return Err(invalid());
    }
    suspension::check_account(connection, app.owner)?;
    if let Some(grant) = &claims.grant {
        let id = grant.parse().map_err(|_| invalid())?;
        let grant = store::grant::get(connection, id)?.filter(|grant| grant.app == app.id).ok_or_else(invalid)?;
        suspension::check_client(connection, grant.client)?;
    }
    // A token of ours without any scope would mean "all" to `from_names`.
    let scopes = Scopes::from_names(claims.scope.split_whitespace()).map_err(|_| invalid())?;
    Ok(Service { app: app.id, owner: app.owner, scopes, client: None })
}

/// Whether what is behind a service token's claims stands.
pub(super) fn service_stands(connection: &Connection, claims: &Claims) -> Result<bool> {
    match service(connection, claims) {
        Ok(_) => Ok(true),
        Err(Error::Unauthenticated(_)) => Ok(false),
        Err(other) => Err(other),
    }
}

fn installation(connection: &Connection, claims: &Claims) -> Result<InstallationCaller> {
    let installation = store::installation::get(connection, subject(claims)?)?.ok_or_else(invalid)?;
    suspension::check_installation(connection, installation.id)?;
    Ok(InstallationCaller { installation: installation.id, owner: installation.owner })
}

fn instance(connection: &Connection, claims: &Claims) -> Result<InstanceCaller> {
    let instance = store::instance::get(connection, subject(claims)?)?.ok_or_else(invalid)?;
    suspension::check_installation(connection, instance.installation)?;
    let (id, installation) = (instance.id, instance.installation);
    let (app, owner, subject) = (instance.app, instance.owner, instance.subject);
    Ok(InstanceCaller { instance: id, installation, app, owner, subject })
}
