//! Accounts that nobody uses expire, if the operator wants that: first a line of the log says when, and if they are still
//! not used by then, they are removed like any other. Operators' accounts and suspended ones stay.
//!
//! Used by [`crate::ops::maintenance`].

use crate::model::account::IdleAccount;
use crate::model::error::{Error, Result};
use crate::ops::caller::Operator;
use crate::ops::operator::accounts;
use crate::ops::{Platform, View, now};
use crate::store;
use rusqlite::Transaction;
use std::sync::Arc;
use std::time::Duration;

/// How long an account that has been idle for the whole time is still kept.
pub const GRACE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How many accounts are looked at in one go.
const AT_ONCE: u32 = 100;

/// Notes which accounts are idle, and removes those that have been noted for long enough.
///
/// # Errors
/// Faults of the database.
pub(in crate::ops) async fn expire(platform: &Arc<Platform>) -> Result<()> {
    let Some(idle) = platform.settings.account_idle else { return Ok(()) };
    // Age is measured by a clock that catches up after a pause, faster than time goes by; the grace must not be shorter
    // for it.
    let (aged, now) = (platform.clock.now(), now());
    let (unused, noted) = (aged.minus(idle), aged.minus(GRACE));
    let idle = platform.read(move |view: &View| store::account::idle(view, unused, noted, AT_ONCE)).await?;
    for IdleAccount { id, email, used_at, since } in idle {
        if since.is_none() {
            let note = move |transaction: &Transaction<'_>| store::account::note_idle(transaction, id, now);
            platform.store.write(note).await?;
            tracing::warn!(
                email,
                %used_at,
                removed_at = %now.plus(GRACE),
                "an account is idle and will be removed, unless it is used before"
            );
            continue;
        }
        let had = platform.read(move |view| store::account_removal::belongings(view, id)).await?;
        let begin = move |transaction: &Transaction<'_>| {
            if !store::account::is_idle(transaction, id, unused, noted)? {
                return Err(Error::Conflict("it has been used by now".to_owned()));
            }
            accounts::begin_removal(transaction, &Operator { account: None }, id, &had)
        };
        match platform.store.write(begin).await {
            Ok(_) => tracing::warn!(email, %used_at, "an account is removed because it was idle"),
            Err(Error::Conflict(why)) => tracing::debug!(email, why, "an idle account stays"),
            Err(other) => return Err(other),
        }
    }
    Ok(())
}
