//! Suspensions: what nobody can do while an operator has suspended an account or a publication. Data stays as it is.
//!
//! - Nobody signs in to a suspended account, its tokens and those of its apps are not accepted, and neither are those of
//!   connectors for its apps' installations. What apps of others may do for it ends, and what its apps may do for others.
//! - The connectors of a suspended account, and suspended publications, are not called, their tokens are not accepted, and
//!   the store does not show them to others.
//! - An account that is being removed is suspended for good. Its removal calls connectors, so DELETE callbacks are sent.
//!
//! Used by [`crate::ops::auth`], which every token goes through, and by the operations that need no token.

use crate::model::account::Suspension;
use crate::model::callback::CallbackSubject;
use crate::model::error::{Error, Result};
use crate::model::id::{AccountId, AppId, InstallationId};
use crate::model::publication::Publication;
use crate::ops::Platform;
use crate::store::{self, suspension};
use rusqlite::{Connection, Transaction};
use tokio::sync::watch;

/// The setting that changes whenever tokens may have ended: a running server notices what is done at the file.
const CHANGE_SETTING: &str = "access-change";

/// Refuses the token of a suspended account, or of one of its apps.
pub(super) fn check_account(connection: &Connection, account: AccountId) -> Result<()> {
    if !suspension::any(connection)? {
        return Ok(());
    }
    match suspension::of(connection, account)? {
        None => Ok(()),
        Some(suspension) => Err(Error::Unauthenticated(of_account(suspension).to_owned())),
    }
}

/// Refuses a token that an app of a suspended account was given for another account's app.
pub(super) fn check_client(connection: &Connection, client: AppId) -> Result<()> {
    match store::app::get(connection, client)? {
        Some(client) => check_account(connection, client.owner),
        None => Ok(()),
    }
}

/// Refuses the token of a connector for an installation that something suspended is a part of.
pub(super) fn check_installation(connection: &Connection, id: InstallationId) -> Result<()> {
    let parties = suspension::of_installation(connection, id)?;
    let refusal = match (parties.publication, parties.connector_owner, parties.app_owner) {
        (Some(_), ..) => "the operator of this server has suspended the connector",
        (_, Some(_), _) => "the operator of this server has suspended the account of the connector",
        (.., Some(_)) => "the operator of this server has suspended the account of the app",
        (None, None, None) => return Ok(()),
    };
    Err(Error::Forbidden(format!("{refusal}; its data is kept, and the token may be accepted again later")))
}

/// Whether an account is suspended, in a sentence for those who sign in to it.
pub(super) fn of_sign_in(connection: &Connection, account: AccountId) -> Result<Option<&'static str>> {
    Ok(suspension::of(connection, account)?.map(of_account))
}

fn of_account(suspension: Suspension) -> &'static str {
    if suspension.is_removal() {
        "this account is being removed"
    } else {
        "the operator of this server has suspended this account; its data is kept"
    }
}

/// Whether the store hides a publication from others than its owner.
pub(super) fn hides(connection: &Connection, publication: &Publication) -> Result<bool> {
    Ok(suspension::any(connection)?
        && (suspension::of(connection, publication.id)?.is_some()
            || suspension::of(connection, publication.owner)?.is_some()))
}

/// Why a callback is not to be sent, if it is not.
pub(super) fn withholds(connection: &Connection, about: &CallbackSubject) -> Result<Option<&'static str>> {
    if !suspension::any(connection)? {
        return Ok(None);
    }
    let publication = suspension::of(connection, about.publication)?;
    let connector_owner = suspension::of(connection, about.connector_owner)?;
    let app_owner = suspension::of(connection, about.app_owner)?;
    // Connectors must learn of what ends: a DELETE is kept from those alone that are not to be called at all.
    let is_removal = about.kind.method() == "DELETE";
    let counts =
        |suspension: Option<Suspension>| suspension.is_some_and(|one| !is_removal || one != Suspension::Removing);
    Ok(if counts(publication) {
        Some("the operator of this server has suspended the connector; the callback was not sent")
    } else if counts(connector_owner) {
        Some("the operator of this server has suspended the connector's account; the callback was not sent")
    } else if app_owner.is_some() && !is_removal {
        Some("the operator of this server has suspended the app's account; the callback was not sent")
    } else {
        None
    })
}

/// Notes in a write that tokens may end with it.
pub(super) fn note_change(transaction: &Transaction<'_>) -> Result<()> {
    store::setting::set(transaction, CHANGE_SETTING, &rand::random::<[u8; 16]>())
}

/// Tells everything that stays open, such as WebSockets, when tokens may have ended.
pub(super) struct Changes {
    last: watch::Sender<Option<Vec<u8>>>,
}

impl Changes {
    /// As the database has it.
    pub(super) fn load(connection: &Connection) -> Result<Self> {
        Ok(Self { last: watch::Sender::new(store::setting::get(connection, CHANGE_SETTING)?) })
    }

    /// Looks whether there was a change since the last time.
    pub(super) fn look(&self, connection: &Connection) -> Result<()> {
        let now = store::setting::get(connection, CHANGE_SETTING)?;
        self.last.send_if_modified(|last| {
            let changed = *last != now;
            *last = now;
            changed
        });
        Ok(())
    }
}

/// What changes whenever tokens may have ended.
pub type AccessChanges = watch::Receiver<Option<Vec<u8>>>;

impl Platform {
    /// Changes whenever tokens may have ended: what was authenticated before has to be again.
    #[must_use]
    pub fn access_changes(&self) -> AccessChanges {
        self.changes.last.subscribe()
    }
}
