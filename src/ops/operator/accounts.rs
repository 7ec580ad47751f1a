//! What an operator does with accounts and publications, in a write: the same for the page and for the command line.
//!
//! Used by [`super`], which has the entry points for both.

use crate::model::account::{Account, AccountRecord, Belongings, Role, Suspension};
use crate::model::error::{Error, Result};
use crate::model::id::{AccountId, PublicationId};
use crate::model::publication::Publication;
use crate::ops::caller::Operator;
use crate::ops::{now, suspension};
use crate::store;
use rusqlite::{Connection, Transaction};

/// Checks in the write itself that an operator still is one: a mutation may run for half a minute, and its later fields
/// must not undo what another operator did meanwhile.
pub(super) fn still(connection: &Connection, by: &Operator) -> Result<()> {
    let Some(id) = by.account else { return Ok(()) };
    suspension::check_account(connection, id)?;
    match store::account::get(connection, id)? {
        Some(account) if account.role == Role::Operator => Ok(()),
        _ => Err(Error::Forbidden("this account is not an operator any more".to_owned())),
    }
}

/// Suspends an account: see [`crate::ops::suspension`].
pub(super) fn suspend(transaction: &Transaction<'_>, by: &Operator, id: AccountId) -> Result<AccountRecord> {
    let before = others(transaction, by, id, "suspend")?;
    if before.suspension.is_none() {
        store::suspension::set(transaction, id, Suspension::Suspended, now())?;
        suspension::note_change(transaction)?;
    }
    record(transaction, id)
}

/// Ends the suspension of an account.
pub(super) fn resume(transaction: &Transaction<'_>, by: &Operator, id: AccountId) -> Result<AccountRecord> {
    still(transaction, by)?;
    let before = record(transaction, id)?;
    if before.suspension.is_some_and(Suspension::is_removal) {
        let email = &before.account.email;
        return Err(Error::Conflict(format!("{email} is being removed, which cannot be undone")));
    }
    store::suspension::end(transaction, id)?;
    record(transaction, id)
}

/// Gives an account a role.
pub(super) fn set_role(
    transaction: &Transaction<'_>,
    by: &Operator,
    id: AccountId,
    role: Role,
) -> Result<AccountRecord> {
    still(transaction, by)?;
    let before = record(transaction, id)?;
    if role != Role::Operator {
        keep_an_operator(transaction, &before.account)?;
    }
    store::account::set_role(transaction, id, role)?;
    record(transaction, id)
}

/// Begins to remove an account with everything that it owns; the server does the rest, see [`super::removal`].
pub(super) fn begin_removal(
    transaction: &Transaction<'_>,
    by: &Operator,
    id: AccountId,
    had: &Belongings,
) -> Result<AccountRecord> {
    let before = others(transaction, by, id, "remove")?;
    let state = match before.suspension {
        None => Suspension::Removing,
        Some(Suspension::Suspended) => Suspension::RemovingQuietly,
        Some(going) => going,
    };
    store::suspension::set(transaction, id, state, now())?;
    store::account_removal::begin(transaction, &before.account, had, now())?;
    suspension::note_change(transaction)?;
    record(transaction, id)
}

/// Suspends a publication.
pub(super) fn suspend_publication(
    transaction: &Transaction<'_>,
    by: &Operator,
    id: PublicationId,
) -> Result<Publication> {
    change_publication(transaction, by, id, || {
        store::suspension::set(transaction, id, Suspension::Suspended, now())?;
        suspension::note_change(transaction)
    })
}

/// Ends the suspension of a publication.
pub(super) fn resume_publication(
    transaction: &Transaction<'_>,
    by: &Operator,
    id: PublicationId,
) -> Result<Publication> {
    change_publication(transaction, by, id, || store::suspension::end(transaction, id))
}

/// The publication as it is after the change.
fn change_publication(
    transaction: &Transaction<'_>,
    by: &Operator,
    id: PublicationId,
    change: impl FnOnce() -> Result<()>,
) -> Result<Publication> {
    still(transaction, by)?;
    published(transaction, id)?;
    change()?;
    published(transaction, id)
}

/// A publication that is there, on offer or still installed.
fn published(connection: &Connection, id: PublicationId) -> Result<Publication> {
    store::publication::get(connection, id)?.ok_or_else(|| Error::not_found("connector", id))
}

/// An account as an operator sees it.
pub(super) fn record(connection: &Connection, id: AccountId) -> Result<AccountRecord> {
    store::account::record(connection, id)?.ok_or_else(|| Error::not_found("account", id))
}

/// An account that an operator may do without: not their own, and not the only operator's.
fn others(connection: &Connection, by: &Operator, id: AccountId, what: &str) -> Result<AccountRecord> {
    still(connection, by)?;
    let found = record(connection, id)?;
    if by.account == Some(id) {
        return Err(Error::Conflict(format!("you cannot {what} the account that you are signed in with")));
    }
    keep_an_operator(connection, &found.account)?;
    Ok(found)
}

/// Refuses what would leave the server without an operator.
fn keep_an_operator(connection: &Connection, account: &Account) -> Result<()> {
    if account.role != Role::Operator || store::account::has_other_operator(connection, account.id)? {
        return Ok(());
    }
    Err(Error::Conflict(format!(
        "{} is the only operator: make another account one first (connhub account set-role EMAIL operator)",
        account.email
    )))
}
