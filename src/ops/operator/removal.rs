//! Removing an account with everything that it owns. A row notes that it begins (an operator in the page or at the
//! database's file writes it), and a running server does the rest in small steps, all of which are rows: a crash loses
//! nothing, and the next start continues.
//!
//! First the installations of the account's apps and of its publications are removed as their owners would do it, with
//! callbacks to their connectors. Once none is left, its own things and its log go a few at a time, and then itself.
//!
//! Used by [`crate::ops::maintenance`].

use crate::model::account::AccountRemoval;
use crate::model::error::{Error, Result};
use crate::model::id::{AccountId, InstallationId};
use crate::ops::{Platform, now, removal, suspension};
use crate::store;
use crate::store::cascade::Step;
use rusqlite::Transaction;
use std::sync::Arc;
use std::time::Duration;

/// How many installations begin to be removed in one step.
const INSTALLATIONS_AT_ONCE: u32 = 16;
/// How many entries of the log are deleted in one write.
const ENTRIES_AT_ONCE: u32 = 50;
/// For how long it is kept what an account had that was removed.
pub(in crate::ops) const REPORT_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Does the next step of each removal. One that fails keeps no other from going on.
///
/// # Errors
/// Faults of the database.
pub(in crate::ops) async fn continue_all(platform: &Arc<Platform>) -> Result<()> {
    let mut result = Ok(());
    for removal in platform.read(|view| store::account_removal::open(view)).await? {
        let done = step(platform, &removal).await;
        if result.is_ok() {
            result = done;
        }
    }
    result
}

/// Looks for what was done at the database's file.
///
/// # Errors
/// Faults of the database.
pub(in crate::ops) async fn look(platform: &Arc<Platform>) -> Result<()> {
    let looking = Arc::clone(platform);
    platform.read(move |view| looking.changes.look(view)).await
}

/// The next step of one removal.
async fn step(platform: &Arc<Platform>, removal: &AccountRemoval) -> Result<()> {
    let account = removal.account;
    for installation in platform.store.write(move |transaction| next(transaction, account)).await? {
        match removal::begin_with_instances(platform, installation).await {
            // It went by itself.
            Err(Error::NotFound(_)) => {}
            begun => begun?,
        }
    }
    let is_waiting = platform.read(move |view| store::account_removal::any_installation(view, account)).await?;
    if is_waiting { Ok(()) } else { finish(platform, removal).await }
}

/// Takes the account's publications off the offer; some installations whose removal is to begin.
fn next(transaction: &Transaction<'_>, account: AccountId) -> Result<Vec<InstallationId>> {
    store::grant::delete_of_account(transaction, account)?;
    store::account_removal::remove_publications(transaction, account)?;
    store::account_removal::installations_to_remove(transaction, account, INSTALLATIONS_AT_ONCE)
}

/// Deletes the rest, once no installation is left.
async fn finish(platform: &Arc<Platform>, removal: &AccountRemoval) -> Result<()> {
    let AccountRemoval { account, begun_at, .. } = *removal;
    let unconfirmed = platform.read(move |view| store::account_removal::unconfirmed(view, account, begun_at)).await?;
    let note =
        move |transaction: &Transaction<'_>| store::account_removal::set_unconfirmed(transaction, account, unconfirmed);
    platform.store.write(note).await?;
    let delete_things =
        move |transaction: &Transaction<'_>| store::cascade::of_account(transaction, account, &Step::begin());
    while !platform.store.write(delete_things).await? {}
    let delete_log =
        move |transaction: &Transaction<'_>| store::account_removal::delete_log(transaction, account, ENTRIES_AT_ONCE);
    while platform.store.write(delete_log).await? > 0 {}
    let end = move |transaction: &Transaction<'_>| {
        // What was asked for before the account was suspended may have come in between.
        if store::account_removal::any_installation(transaction, account)?
            || !store::cascade::of_account(transaction, account, &Step::begin())?
        {
            return Ok(false);
        }
        store::account_removal::remove_publications(transaction, account)?;
        store::account_removal::end(transaction, account, now())?;
        suspension::note_change(transaction)?;
        Ok(true)
    };
    if platform.store.write(end).await? {
        tracing::info!(%account, unconfirmed, "an account was removed with everything that it owned");
    }
    Ok(())
}
