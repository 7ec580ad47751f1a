//! The keys that sign tokens, in the database.

use crate::model::error::Result;
use crate::model::id::{InstallationId, InstanceId};
use crate::model::time::Timestamp;
use crate::model::token::KeyId;
use crate::store::setting;
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use std::fmt;

/// Set by the migration if there are tokens of which the database does not know the key.
const UNKNOWN_SETTING: &str = "tokens_of_unknown_key";

/// A key that signs tokens or did.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// What its tokens name it by.
    pub id: KeyId,
    /// The key itself.
    pub key: Vec<u8>,
    /// Whether the operator gave it by `--secret`.
    pub chosen: bool,
    /// When it was first used.
    pub created_at: Timestamp,
    /// Since when another key signs; `None` for the key that signs.
    pub retired_at: Option<Timestamp>,
    /// Until when its tokens of developers and apps are accepted; those of connectors are as long as the key is here.
    pub accepted_until: Option<Timestamp>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl ToSql for KeyId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.into())
    }
}

impl FromSql for KeyId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Self)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<SigningKey> {
    Ok(SigningKey {
        id: row.get(0)?,
        key: row.get(1)?,
        chosen: row.get(2)?,
        created_at: row.get(3)?,
        retired_at: row.get(4)?,
        accepted_until: row.get(5)?,
    })
}

/// All keys, the newest first.
pub fn all(connection: &Connection) -> Result<Vec<SigningKey>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT id, unsealed(key, 'signing_keys', id, ''), chosen, created_at, retired_at, accepted_until \
         FROM signing_keys ORDER BY created_at DESC, id LIMIT {KEYS_MAX}"
    ))?;
    Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
}

/// The most keys that there may be: a token without the name of its key is tried with each.
pub const KEYS_MAX: usize = 32;

/// Adds a key or replaces it.
pub fn put(transaction: &Transaction<'_>, key: &SigningKey) -> Result<()> {
    let mut statement = transaction.prepare_cached(
        "INSERT OR REPLACE INTO signing_keys (id, key, chosen, created_at, retired_at, accepted_until) \
         VALUES (?1, sealed(?2, 'signing_keys', ?1, ''), ?3, ?4, ?5, ?6)",
    )?;
    let SigningKey { id, key, chosen, created_at, retired_at, accepted_until } = key;
    statement.execute(params![id, key, chosen, created_at, retired_at, accepted_until])?;
    Ok(())
}

/// Removes a key; returns whether it was there.
pub fn delete(transaction: &Transaction<'_>, id: KeyId) -> Result<bool> {
    Ok(transaction.prepare_cached("DELETE FROM signing_keys WHERE id = ?1")?.execute([id])? == 1)
}

/// How many installations and instances have a token of this key. Reads all of them.
pub fn tokens(connection: &Connection, id: KeyId) -> Result<(u64, u64)> {
    let count = |sql| connection.query_row(sql, [id], |row| row.get(0));
    Ok((
        count("SELECT count(*) FROM installations WHERE token_key = ?1")?,
        count("SELECT count(*) FROM instances WHERE token_key = ?1")?,
    ))
}

/// Notes that the tokens of which the database does not know the key are of this one. Once after a migration; at other
/// times it does nothing.
pub fn adopt_tokens(transaction: &Transaction<'_>, id: KeyId) -> Result<()> {
    if setting::get(transaction, UNKNOWN_SETTING)?.is_none() {
        return Ok(());
    }
    transaction.execute("UPDATE installations SET token_key = ?1 WHERE token_key IS NULL", [id])?;
    transaction.execute("UPDATE instances SET token_key = ?1 WHERE token_key IS NULL", [id])?;
    setting::forget(transaction, UNKNOWN_SETTING, b"")
}

/// The key that is to sign an installation's token.
pub fn of_installation(connection: &Connection, id: InstallationId) -> Result<Option<KeyId>> {
    let mut statement = connection.prepare_cached("SELECT token_key FROM installations WHERE id = ?1")?;
    Ok(statement.query_row([id], |row| row.get(0)).optional()?.flatten())
}

/// The key that is to sign an instance's token.
pub fn of_instance(connection: &Connection, id: InstanceId) -> Result<Option<KeyId>> {
    let mut statement = connection.prepare_cached("SELECT token_key FROM instances WHERE id = ?1")?;
    Ok(statement.query_row([id], |row| row.get(0)).optional()?.flatten())
}
