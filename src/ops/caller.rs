//! The callers: four kinds that have tokens, and the operator. Their fields are private to `ops`, so that only
//! [`crate::ops::auth`] and, for the operator at the database's file, [`crate::ops::operator`] can make one: to hold a
//! caller is to have the permission.

use crate::model::id::{AccountId, AppId, InstallationId, InstanceId, TokenId};
use crate::model::instance::ExternalSubject;
use crate::model::party::Party;
use crate::model::token::{Scopes, TokenKind};
use std::net::IpAddr;

/// A signed-in developer.
#[derive(Debug, Clone)]
pub struct Developer {
    pub(super) account: AccountId,
    /// What names the token.
    pub(super) token: Option<TokenId>,
    /// Also an operator, if the account has the role.
    pub(super) operator: Option<Operator>,
    /// Where the request comes from, if that is known.
    pub(super) client: Option<IpAddr>,
}

/// The person who runs the server: signed in with an account that has the role, or at the database's file.
#[derive(Debug, Clone)]
pub struct Operator {
    /// The account that has the role; `None` at the file.
    pub(super) account: Option<AccountId>,
}

/// An app.
#[derive(Debug, Clone)]
pub struct Service {
    pub(super) app: AppId,
    pub(super) owner: AccountId,
    pub(super) scopes: Scopes,
    /// Where the request comes from, if that is known.
    pub(super) client: Option<IpAddr>,
}

/// A connector, speaking of one installation.
#[derive(Debug, Clone)]
pub struct InstallationCaller {
    pub(super) installation: InstallationId,
    pub(super) owner: AccountId,
}

/// A connector, speaking of one instance.
#[derive(Debug, Clone)]
pub struct InstanceCaller {
    pub(super) instance: InstanceId,
    pub(super) installation: InstallationId,
    pub(super) app: AppId,
    /// The app's account.
    pub(super) owner: AccountId,
    pub(super) subject: ExternalSubject,
}

/// Whoever holds a valid token.
#[derive(Debug, Clone)]
pub enum Caller {
    /// With a developer token.
    Developer(Developer),
    /// With a service token.
    Service(Service),
    /// With an installation token.
    Installation(InstallationCaller),
    /// With an instance token.
    Instance(InstanceCaller),
}

impl Developer {
    /// The account that is signed in.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// Whose turn it is when this caller's work is done.
    pub(super) fn party(&self) -> Party {
        Party::new(Some(self.account), self.client)
    }
}

impl Service {
    /// The app's account.
    #[must_use]
    pub fn owner(&self) -> AccountId {
        self.owner
    }

    /// Whose turn it is when this caller's work is done.
    pub(super) fn party(&self) -> Party {
        Party::new(Some(self.owner), self.client)
    }
}

impl Caller {
    /// The same caller, whose request comes from this address.
    #[must_use]
    pub fn at(mut self, client: Option<IpAddr>) -> Self {
        match &mut self {
            Self::Developer(developer) => developer.client = client,
            Self::Service(service) => service.client = client,
            // They do nothing that is done in turns by address.
            Self::Installation(_) | Self::Instance(_) => {}
        }
        self
    }

    /// What kind of token it came with.
    #[must_use]
    pub fn kind(&self) -> TokenKind {
        match self {
            Self::Developer(_) => TokenKind::Developer,
            Self::Service(_) => TokenKind::Service,
            Self::Installation(_) => TokenKind::Installation,
            Self::Instance(_) => TokenKind::Instance,
        }
    }
}
