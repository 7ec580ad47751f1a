//! Brings a database to the newest form, step by step, each in a transaction of its own.

use crate::model::error::{Error, Result};
use rusqlite::{Connection, TransactionBehavior};

/// The steps, in order; a database's `user_version` counts those done.
const STEPS: &[&str] = &[include_str!("../../schema/0001_initial.sql"), include_str!("../../schema/0002_things.sql")];

/// Does the steps that are missing.
///
/// # Errors
/// If the database is from a newer connhub, or cannot be written.
pub(super) fn migrate(connection: &mut Connection) -> Result<()> {
    let done: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let done = usize::try_from(done).unwrap_or(usize::MAX);
    if done > STEPS.len() {
        return Err(Error::Conflict(format!(
            "the database has form {done}, this connhub knows forms up to {}: use a newer connhub, or another --db",
            STEPS.len()
        )));
    }
    for (index, step) in STEPS.iter().enumerate().skip(done) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", index + 1)?;
        transaction.commit()?;
    }
    Ok(())
}
