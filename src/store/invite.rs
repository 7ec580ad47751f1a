//! Invitations in the database.

use crate::model::account::Invite;
use crate::model::error::Result;
use crate::model::id::InviteId;
use crate::model::text::email_key;
use crate::model::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

fn read(row: &Row<'_>) -> rusqlite::Result<Invite> {
    Ok(Invite { id: row.get(0)?, email: row.get(1)?, created_at: row.get(2)?, expires_at: row.get(3)? })
}

/// Adds an invitation, in the place of an older one for the same address.
pub fn insert(transaction: &Transaction<'_>, invite: &Invite, token_hash: &[u8; 32]) -> Result<()> {
    let mut statement = transaction.prepare_cached(
        "INSERT OR REPLACE INTO invites (id, token_hash, email, email_key, created_at, expires_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let Invite { id, email, created_at, expires_at } = invite;
    statement.execute(params![id, token_hash, email, email_key(email), created_at, expires_at])?;
    Ok(())
}

/// The invitation with a token, if it has not expired.
pub fn by_token(connection: &Connection, token_hash: [u8; 32], now: Timestamp) -> Result<Option<Invite>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, email, created_at, expires_at FROM invites WHERE token_hash = ?1 AND expires_at > ?2",
    )?;
    Ok(statement.query_row(params![token_hash, now], read).optional()?)
}

/// All invitations that have not expired, oldest first. There are as many as operators have made within some days.
pub fn all(connection: &Connection, now: Timestamp) -> Result<Vec<Invite>> {
    let mut statement = connection
        .prepare_cached("SELECT id, email, created_at, expires_at FROM invites WHERE expires_at > ?1 ORDER BY id")?;
    Ok(statement.query_map([now], read)?.collect::<Result<_, _>>()?)
}

/// Deletes an invitation; whether it was there.
pub fn delete(transaction: &Transaction<'_>, id: InviteId) -> Result<bool> {
    Ok(transaction.prepare_cached("DELETE FROM invites WHERE id = ?1")?.execute([id])? == 1)
}

/// Deletes invitations that expired before a time.
pub fn trim(transaction: &Transaction<'_>, before: Timestamp) -> Result<()> {
    transaction.prepare_cached("DELETE FROM invites WHERE expires_at < ?1")?.execute([before])?;
    Ok(())
}
