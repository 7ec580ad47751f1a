//! Grants: what a developer lets another app do for one of their own (RFC 6749, section 4.1).

use crate::model::id::{AccountId, AppId, GrantId};
use crate::model::pkce::Challenge;
use crate::model::time::Timestamp;
use crate::model::token::{Scope, Scopes, scope_names};
use std::fmt;

/// The scope that asks for a refresh token; service tokens never carry it (auth.md, "OAuth 2.0 for apps").
pub const OFFLINE_SCOPE: &str = "offline";

/// What a client may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// What its service tokens may do.
    pub scopes: Scopes,
    /// Whether it gets refresh tokens, and so may go on when nobody is there.
    pub offline: bool,
}

impl Permission {
    /// What the parameter `scope` asks for: everything where it names nothing that a token may do.
    /// `Err` holds the first name that is no scope.
    ///
    /// # Errors
    /// If a name is unknown.
    pub fn asked(scope: &str) -> Result<Self, String> {
        let names = scope_names(scope)?;
        let scopes = Scopes::from_names(names.iter().copied().filter(|name| *name != OFFLINE_SCOPE))?;
        Ok(Self { scopes, offline: names.contains(&OFFLINE_SCOPE) })
    }

    /// What the parameter `scope` asks for of what was granted already: all of that where it names nothing
    /// that a token may do, which is `None`. `Err` holds the first name that is no scope.
    ///
    /// # Errors
    /// If a name is unknown.
    pub fn asked_again(scope: &str) -> Result<Option<Self>, String> {
        let nothing = scope_names(scope)?.iter().all(|name| *name == OFFLINE_SCOPE);
        if nothing { Ok(None) } else { Self::asked(scope).map(Some) }
    }

    /// Whether everything of the other is part of this.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        (self.offline || !other.offline) && self.scopes.covers(&other.scopes)
    }

    /// What a client may do with it, in words for the developer who consents; each goes on after “It can”.
    #[must_use]
    pub fn words(&self) -> Vec<&'static str> {
        let offline = self.offline.then_some("keep this access while you are away, until you end it");
        let granted = Scope::ALL.into_iter().filter(|scope| self.scopes.has(*scope));
        granted.map(Scope::words).chain(offline).collect()
    }

    /// The names of all scopes that a client may ask a developer for.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Scope::ALL.into_iter().map(Scope::name).chain([OFFLINE_SCOPE])
    }
}

impl fmt::Display for Permission {
    /// As the parameter `scope` has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.scopes.fmt(f)?;
        if self.offline { write!(f, " {OFFLINE_SCOPE}") } else { Ok(()) }
    }
}

/// One consent of a developer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its identifier.
    pub id: GrantId,
    /// The app that acts.
    pub client: AppId,
    /// Who consented.
    pub account: AccountId,
    /// The app that it acts for, which is the account's.
    pub app: AppId,
    /// What it may do.
    pub permission: Permission,
    /// How often tokens were given for it. A refresh token names the round that it is of, so that an
    /// older one is known for what it is (RFC 9700, section 4.14.2).
    pub rounds: i64,
    /// When the developer consented.
    pub created_at: Timestamp,
    /// When tokens were given last; when it was made, before that.
    pub used_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// What a grant begins with: the code, and what has to come with it when it is redeemed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The hash of the authorization code.
    pub hash: [u8; 32],
    /// The redirect URI, where the request named one: then the client has to repeat it.
    pub redirect_uri: Option<String>,
    /// What the client's verifier has to fit, where it sent a challenge.
    pub challenge: Option<Challenge>,
}

/// A grant as its developer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedGrant {
    /// The grant.
    pub grant: Grant,
    /// What the acting app is called.
    pub client_name: String,
    /// What the developer's app is called.
    pub app_name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_asked_for() {
        let all = "connctd.connector connctd.things.read connctd.things.action connctd.subjects.read \
                   connctd.units.read connctd.units.admin";
        for (asked, meant) in [
            ("", all.to_owned()),
            ("connctd.things.read", "connctd.things.read".to_owned()),
            ("connctd.things.read connctd.things.read ", "connctd.things.read".to_owned()),
            (
                "offline  connctd.units.admin connctd.things.read",
                "connctd.units.admin connctd.things.read offline".to_owned(),
            ),
            ("offline", format!("{all} offline")),
        ] {
            assert_eq!(Permission::asked(asked).map(|permission| permission.to_string()), Ok(meant));
        }
        for unknown in ["connctd.core", "Offline", "connctd.things.read\tconnctd.things.action"] {
            assert_eq!(Permission::asked(unknown), Err(unknown.to_owned()));
        }
        assert_eq!(Permission::asked("  "), Err("a blank".to_owned()));
    }

    #[test]
    fn every_scope_has_words_of_its_own_in_an_order_that_does_not_depend_on_the_request() {
        let all = Permission::asked("offline").expect("all").words();
        assert_eq!(all.len(), Permission::names().count());
        assert!(all.iter().enumerate().all(|(at, words)| !words.is_empty() && !all[..at].contains(words)), "{all:?}");
        let words = |asked| Permission::asked(asked).expect("scopes").words();
        assert_eq!(words("connctd.units.read connctd.connector"), words("connctd.connector connctd.units.read"));
    }

    #[test]
    fn scopes_asked_for_again() {
        for (asked, meant) in [
            ("", None),
            ("offline", None),
            ("connctd.things.read", Some("connctd.things.read")),
            ("connctd.things.read offline", Some("connctd.things.read offline")),
        ] {
            let permission = Permission::asked_again(asked).expect("scopes");
            assert_eq!(permission.map(|permission| permission.to_string()).as_deref(), meant, "{asked}");
        }
        assert_eq!(Permission::asked_again("offline x"), Err("x".to_owned()));
    }
}
