//! The accounts behind tokens, so that everything an account does counts for one [`Party`], however many apps and
//! connectors it has: an app's owner for service tokens, and the connector's publisher for the tokens of installations
//! and instances, which connectors hold. They never change, so each is looked up once and remembered.
//!
//! Used by `graphql` and `http` where requests come in.

use crate::model::error::Result;
use crate::model::id::{AccountId, AppId, InstallationId, InstanceId};
use crate::model::party::Party;
use crate::model::token::TokenKind;
use crate::ops::auth::Bearer;
use crate::ops::{Platform, View};
use crate::store;
use quick_cache::sync::Cache;
use std::net::IpAddr;

/// How many are remembered, at about 60 bytes each. Connectors report for each of 100,000 instances, but read little.
const REMEMBERED_MAX: usize = 50_000;

pub(super) struct Owners(Cache<Holder, AccountId>);

impl Default for Owners {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED_MAX))
    }
}

/// Whom a token is for, unless that is an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Holder {
    App(AppId),
    Installation(InstallationId),
    Instance(InstanceId),
}

impl Holder {
    fn of(bearer: &Bearer) -> Option<Self> {
        let subject = bearer.subject();
        match bearer.kind() {
            TokenKind::Developer => None,
            TokenKind::Service => subject.parse().ok().map(Self::App),
            TokenKind::Installation => subject.parse().ok().map(Self::Installation),
            TokenKind::Instance => subject.parse().ok().map(Self::Instance),
        }
    }

    fn owner(self, view: &View) -> Result<Option<AccountId>> {
        Ok(match self {
            Self::App(id) => store::app::get(view, id)?.map(|app| app.owner),
            Self::Installation(id) => match store::installation::get(view, id)? {
                Some(installation) => {
                    store::publication::get(view, installation.publication)?.map(|publication| publication.owner)
                }
                None => None,
            },
            Self::Instance(id) => store::instance::reaches(view, &[id])?.remove(&id).map(|reach| reach.line.owner),
        })
    }
}

impl Platform {
    /// The party of a request with this token, `None` if the token's account has to be looked up first, see
    /// [`Self::find_party`].
    #[must_use]
    pub fn known_party(&self, bearer: Option<&Bearer>, client: Option<IpAddr>) -> Option<Party> {
        let Some(bearer) = bearer else { return Some(Party::new(None, client)) };
        match Holder::of(bearer) {
            Some(holder) => self.owners.0.get(&holder).map(|owner| Party::new(Some(owner), client)),
            None => Some(Party::new(bearer.subject().parse().ok(), client)),
        }
    }

    /// The party of a request with this token, whose account is looked up if need be. Blocks. The account of a token
    /// whose app or connector is gone is unknown.
    ///
    /// # Errors
    /// If no reader becomes free in time.
    pub fn find_party(&self, bearer: &Bearer, client: Option<IpAddr>) -> Result<Party> {
        if let Some(known) = self.known_party(Some(bearer), client) {
            return Ok(known);
        }
        let Some(holder) = Holder::of(bearer) else { return Ok(Party::new(None, client)) };
        let owner = holder.owner(&self.view()?)?;
        owner.inspect(|owner| self.owners.0.insert(holder, *owner));
        Ok(Party::new(owner, client))
    }
}
