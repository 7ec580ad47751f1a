//! What operators see: accounts, connectors, what they use, and invitations.

use crate::graphql::context::Context;
use crate::graphql::id::ID;
use crate::graphql::scalars::{Scalar, Time};
use crate::model::account as model;
use crate::model::usage as usage_model;
use crate::ops::operator as ops;
use juniper::{GraphQLEnum, graphql_object};

/// What an account may do beside its own affairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, GraphQLEnum)]
#[graphql(scalar = Scalar)]
pub enum AccountRole {
    /// Has its own apps and connectors.
    Developer,
    /// Also sees all accounts and decides about them.
    Operator,
}

impl From<model::Role> for AccountRole {
    fn from(role: model::Role) -> Self {
        match role {
            model::Role::Developer => Self::Developer,
            model::Role::Operator => Self::Operator,
        }
    }
}

impl From<AccountRole> for model::Role {
    fn from(role: AccountRole) -> Self {
        match role {
            AccountRole::Developer => Self::Developer,
            AccountRole::Operator => Self::Operator,
        }
    }
}

/// Whether an account can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, GraphQLEnum)]
#[graphql(scalar = Scalar)]
pub enum AccountState {
    /// It can.
    Active,
    /// Nobody can sign in, none of its tokens is accepted, nothing is sent; its data is kept.
    Suspended,
    /// It is being removed with everything that it owns.
    Removing,
}

/// An account, as operators see it.
pub struct Account(pub ops::AccountUsage);

#[graphql_object(context = Context, scalar = Scalar)]
impl Account {
    fn id(&self) -> ID {
        ID::new(self.0.record.account.id.to_string())
    }

    fn email(&self) -> &str {
        &self.0.record.account.email
    }

    fn name(&self) -> &str {
        &self.0.record.account.name
    }

    fn role(&self) -> AccountRole {
        self.0.record.account.role.into()
    }

    fn state(&self) -> AccountState {
        match self.0.record.suspension {
            None => AccountState::Active,
            Some(suspension) if suspension.is_removal() => AccountState::Removing,
            Some(_) => AccountState::Suspended,
        }
    }

    fn created_at(&self) -> Time {
        Time(self.0.record.account.created_at)
    }

    /// When it was last used, to the hour: signed in to, or something went between its apps and connectors.
    fn used_at(&self) -> Time {
        Time(self.0.record.used_at)
    }

    /// What its apps and its connectors use.
    fn usage(&self) -> Usage {
        Usage(self.0.usage)
    }
}

/// What an account had when its removal began.
pub struct AccountRemoval {
    /// The account.
    pub account: ops::AccountUsage,
    /// What it had.
    pub had: model::Belongings,
}

#[graphql_object(context = Context, scalar = Scalar)]
impl AccountRemoval {
    /// In the state REMOVING; it is gone once its connectors have responded.
    fn account(&self) -> Account {
        Account(self.account.clone())
    }

    fn apps(&self) -> i32 {
        count(self.had.apps)
    }

    fn connectors(&self) -> i32 {
        count(self.had.publications)
    }

    /// Of connectors for its apps.
    fn installations(&self) -> i32 {
        count(self.had.installations)
    }

    /// Of its connectors by other accounts. They go too.
    fn foreign_installations(&self) -> i32 {
        count(self.had.foreign_installations)
    }

    /// Of all these installations.
    fn instances(&self) -> i32 {
        count(self.had.instances)
    }

    fn things(&self) -> i32 {
        count(self.had.things)
    }
}

fn count(number: u64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A connector, as operators see it.
pub struct OperatedConnector(pub ops::ConnectorUsage);

#[graphql_object(context = Context, scalar = Scalar)]
impl OperatedConnector {
    fn id(&self) -> ID {
        ID::new(self.0.id.to_string())
    }

    fn name(&self) -> &str {
        &self.0.name
    }

    /// Account ID of the creator.
    fn owner(&self) -> ID {
        ID::new(self.0.owner.to_string())
    }

    fn owner_email(&self) -> &str {
        &self.0.owner_email
    }

    /// Whether an operator has suspended it: it is not called, its tokens are not accepted, and the store does not show
    /// it.
    fn suspended(&self) -> bool {
        self.0.is_suspended
    }

    /// Whether its owner has removed it; it is still installed.
    fn removed(&self) -> bool {
        self.0.is_removed
    }

    /// What its installations and its log use.
    fn usage(&self) -> Usage {
        Usage(self.0.usage)
    }
}

/// How much something uses. Numbers are whole; they are floats because they may exceed 32 bits.
pub struct Usage(usage_model::Usage);

#[graphql_object(context = Context, scalar = Scalar)]
impl Usage {
    /// Rows of the database. Null until it is measured, which begins when an operator asks; measured again after ten
    /// minutes.
    fn rows(&self) -> Option<f64> {
        self.0.stored.map(|stored| stored.rows as f64)
    }

    /// Their bytes, without indexes.
    fn bytes(&self) -> Option<f64> {
        self.0.stored.map(|stored| stored.bytes as f64)
    }

    /// Since midnight, UTC.
    fn today(&self) -> Traffic {
        Traffic(self.0.today)
    }

    /// Within 24 hours, to the hour.
    fn day(&self) -> Traffic {
        Traffic(self.0.day)
    }
}

/// What went between connectors and apps. Some seconds old.
pub struct Traffic(usage_model::Traffic);

#[graphql_object(context = Context, scalar = Scalar)]
impl Traffic {
    fn callbacks(&self) -> f64 {
        self.0.callbacks as f64
    }

    /// Callbacks that failed.
    fn failures(&self) -> f64 {
        self.0.failures as f64
    }

    /// Values that connectors reported.
    fn updates(&self) -> f64 {
        self.0.updates as f64
    }
}

/// The server, as operators see it.
pub struct Server(pub ops::ServerState);

#[graphql_object(context = Context, scalar = Scalar)]
impl Server {
    /// connhub's own.
    fn version(&self) -> &str {
        env!("CARGO_PKG_VERSION")
    }

    /// How many accounts there are.
    fn accounts(&self) -> i32 {
        count(self.0.accounts)
    }

    /// How many there may be; null if that is not limited.
    fn accounts_max(&self) -> Option<i32> {
        self.0.accounts_max.map(|max| count(max.into()))
    }

    /// Free bytes where the database is; null if the system does not tell.
    fn disk_free(&self, context: &Context) -> Option<f64> {
        context.platform().disk().free().map(|bytes| bytes as f64)
    }

    /// Below how many free bytes the disk counts as almost full.
    fn disk_low_at(&self, context: &Context) -> f64 {
        context.platform().disk().low_at() as f64
    }

    /// Whether it is almost full.
    fn is_disk_low(&self, context: &Context) -> bool {
        context.platform().disk().is_low()
    }
}

/// An invitation to have an account.
pub struct Invite(pub model::Invite);

#[graphql_object(context = Context, scalar = Scalar)]
impl Invite {
    fn id(&self) -> ID {
        ID::new(self.0.id.to_string())
    }

    /// The e-mail that the account will have.
    fn email(&self) -> &str {
        &self.0.email
    }

    fn created_at(&self) -> Time {
        Time(self.0.created_at)
    }

    fn expires_at(&self) -> Time {
        Time(self.0.expires_at)
    }
}

/// A new invitation. The link is shown once.
pub struct IssuedInvite(pub ops::IssuedInvite);

#[graphql_object(context = Context, scalar = Scalar)]
impl IssuedInvite {
    fn invite(&self) -> Invite {
        Invite(self.0.invite.clone())
    }

    /// The link, below the server's URL.
    fn path(&self) -> String {
        self.0.path()
    }
}
