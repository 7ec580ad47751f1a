//! Access tokens that ended before their time, in the database.

use crate::model::error::Result;
use crate::model::id::TokenId;
use crate::model::time::Timestamp;
use rusqlite::{Connection, Transaction, params};

/// Notes that a token has ended, which would have ended by itself at a time.
///
/// # Errors
/// Faults of the database.
pub fn insert(transaction: &Transaction<'_>, id: TokenId, expires_at: Timestamp) -> Result<()> {
    let mut statement =
        transaction.prepare_cached("INSERT OR IGNORE INTO revoked_tokens (id, expires_at) VALUES (?1, ?2)")?;
    statement.execute(params![id, expires_at])?;
    Ok(())
}

/// All that are noted.
///
/// # Errors
/// Faults of the database.
pub fn all(connection: &Connection) -> Result<Vec<TokenId>> {
    let mut statement = connection.prepare_cached("SELECT id FROM revoked_tokens")?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Forgets up to so many of those that would have ended by themselves before a time; which ones.
///
/// # Errors
/// Faults of the database.
pub fn trim(transaction: &Transaction<'_>, before: Timestamp, entries_max: u32) -> Result<Vec<TokenId>> {
    let mut statement = transaction.prepare_cached(
        "DELETE FROM revoked_tokens WHERE id IN \
         (SELECT id FROM revoked_tokens WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2) RETURNING id",
    )?;
    Ok(statement.query_map(params![before, entries_max], |row| row.get(0))?.collect::<Result<_, _>>()?)
}
