//! Accounts in the database.

use crate::model::account::{Account, AccountRecord, IdleAccount, Role};
use crate::model::error::Result;
use crate::model::id::AccountId;
use crate::model::page::Page;
use crate::model::text::email_key;
use crate::model::time::Timestamp;
use crate::store::row::array;
use crate::store::{Inserted, inserted};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use std::collections::HashMap;

const COLUMNS: &str = "id, email, name, generation, created_at, role";

impl ToSql for Role {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.name().into())
    }
}

impl FromSql for Role {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::from_name(value.as_str()?).ok_or(FromSqlError::InvalidType)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: row.get(0)?,
        email: row.get(1)?,
        name: row.get(2)?,
        generation: row.get(3)?,
        created_at: row.get(4)?,
        role: row.get(5)?,
    })
}

/// Adds an account, unless its e-mail is taken. The first one of a database is an operator's.
///
/// # Errors
/// Faults of the database.
pub fn insert(transaction: &Transaction<'_>, account: &Account, password_hash: &str) -> Result<Inserted> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO accounts (id, email, email_key, name, password_hash, generation, created_at, used_at, role) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, \
           CASE WHEN EXISTS (SELECT 1 FROM accounts) THEN ?8 ELSE 'OPERATOR' END)",
    )?;
    let Account { id, email, name, generation, created_at, role } = account;
    let params = params![id, email, email_key(email), name, password_hash, generation, created_at, role];
    inserted(statement.execute(params), "accounts.email_key")
}

/// The account with this identifier.
///
/// # Errors
/// Faults of the database.
pub fn get(connection: &Connection, id: AccountId) -> Result<Option<Account>> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM accounts WHERE id = ?1"))?;
    Ok(statement.query_row([id], read).optional()?)
}

/// The account with this e-mail, however it is spelled, and its password's hash. If an old database has several
/// accounts for one address, the one of this very spelling, otherwise the oldest.
///
/// # Errors
/// Faults of the database.
pub fn by_email(connection: &Connection, email: &str) -> Result<Option<(Account, String)>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, password_hash FROM accounts WHERE email = ?1 COLLATE NOCASE OR email_key = ?2 \
         ORDER BY email = ?1 COLLATE NOCASE DESC LIMIT 1"
    ))?;
    Ok(statement.query_row([email, &email_key(email)], |row| Ok((read(row)?, row.get(6)?))).optional()?)
}

/// Replaces the hash of the same password, unless another password was set meanwhile.
///
/// # Errors
/// Faults of the database.
pub fn replace_hash(transaction: &Transaction<'_>, id: AccountId, old: &str, new: &str) -> Result<()> {
    let mut statement =
        transaction.prepare_cached("UPDATE accounts SET password_hash = ?3 WHERE id = ?1 AND password_hash = ?2")?;
    statement.execute(params![id, old, new])?;
    Ok(())
}

/// Gives an account another password and ends the tokens it has, if it is still of this generation; returns whether it
/// was.
///
/// # Errors
/// Faults of the database.
pub fn set_password(
    transaction: &Transaction<'_>,
    id: AccountId,
    generation: i64,
    password_hash: &str,
) -> Result<bool> {
    let mut statement = transaction.prepare_cached(
        "UPDATE accounts SET password_hash = ?3, generation = generation + 1 WHERE id = ?1 AND generation = ?2",
    )?;
    Ok(statement.execute(params![id, generation, password_hash])? == 1)
}

/// The operator whose account was made first, of those that are not suspended.
///
/// # Errors
/// Faults of the database.
pub fn first_operator(connection: &Connection) -> Result<Option<Account>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM accounts WHERE role = 'OPERATOR' \
         AND NOT EXISTS (SELECT 1 FROM suspensions WHERE subject = accounts.id) ORDER BY id LIMIT 1"
    );
    Ok(connection.prepare_cached(&sql)?.query_row([], read).optional()?)
}

/// Whether an account other than this one is an operator's and not suspended.
pub fn has_other_operator(connection: &Connection, id: AccountId) -> Result<bool> {
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM accounts WHERE role = 'OPERATOR' AND id <> ?1 \
         AND NOT EXISTS (SELECT 1 FROM suspensions WHERE subject = accounts.id))",
    )?;
    Ok(statement.query_row([id], |row| row.get(0))?)
}

/// A page of the accounts as an operator sees them, oldest first.
pub fn records(connection: &Connection, page: Page<AccountId>) -> Result<Vec<AccountRecord>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, used_at, (SELECT state FROM suspensions WHERE subject = accounts.id) FROM accounts \
         WHERE id > ?1 ORDER BY id LIMIT ?2"
    ))?;
    let rows = statement.query_map(params![page.after.unwrap_or(AccountId::MIN), page.first], read_record)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// An account as an operator sees it.
pub fn record(connection: &Connection, id: AccountId) -> Result<Option<AccountRecord>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, used_at, (SELECT state FROM suspensions WHERE subject = accounts.id) FROM accounts \
         WHERE id = ?1"
    ))?;
    Ok(statement.query_row([id], read_record).optional()?)
}

fn read_record(row: &Row<'_>) -> rusqlite::Result<AccountRecord> {
    Ok(AccountRecord { account: read(row)?, used_at: row.get(6)?, suspension: row.get(7)? })
}

/// The e-mails of these accounts.
pub fn emails(connection: &Connection, ids: &[AccountId]) -> Result<HashMap<AccountId, String>> {
    let mut statement = connection.prepare_cached("SELECT id, email FROM accounts WHERE id IN rarray(?1)")?;
    Ok(statement.query_map([array(ids)], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
}

/// How many accounts there are.
pub fn count(connection: &Connection) -> Result<u64> {
    Ok(connection.prepare_cached("SELECT count(*) FROM accounts")?.query_row([], |row| row.get(0))?)
}

/// Accounts of developers, not suspended, that were last used before a time, and are not noted as idle or were before
/// another.
pub fn idle(connection: &Connection, unused: Timestamp, noted: Timestamp, limit: u32) -> Result<Vec<IdleAccount>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, email, used_at, idle_since FROM accounts WHERE role = 'DEVELOPER' AND used_at < ?1 \
         AND (idle_since IS NULL OR idle_since < ?2) \
         AND NOT EXISTS (SELECT 1 FROM suspensions WHERE subject = accounts.id) ORDER BY used_at LIMIT ?3",
    )?;
    let read = |row: &Row<'_>| {
        Ok(IdleAccount { id: row.get(0)?, email: row.get(1)?, used_at: row.get(2)?, since: row.get(3)? })
    };
    Ok(statement.query_map(params![unused, noted, limit], read)?.collect::<Result<_, _>>()?)
}

/// Whether an account is still among those of [`idle`], and noted as such long enough ago.
pub fn is_idle(connection: &Connection, id: AccountId, unused: Timestamp, noted: Timestamp) -> Result<bool> {
    let mut statement =
        connection.prepare_cached("SELECT 1 FROM accounts WHERE id = ?1 AND used_at < ?2 AND idle_since < ?3")?;
    Ok(statement.exists(params![id, unused, noted])?)
}

/// Notes that an account is idle.
pub fn note_idle(transaction: &Transaction<'_>, id: AccountId, now: Timestamp) -> Result<()> {
    transaction.prepare_cached("UPDATE accounts SET idle_since = ?2 WHERE id = ?1")?.execute(params![id, now])?;
    Ok(())
}

/// Gives an account a role.
pub fn set_role(transaction: &Transaction<'_>, id: AccountId, role: Role) -> Result<()> {
    transaction.prepare_cached("UPDATE accounts SET role = ?2 WHERE id = ?1")?.execute(params![id, role])?;
    Ok(())
}

/// Notes that an account is used, unless that was noted after `unless`.
pub fn touch(transaction: &Transaction<'_>, id: AccountId, now: Timestamp, unless: Timestamp) -> Result<()> {
    let mut statement = transaction.prepare_cached(
        "UPDATE accounts SET used_at = ?2, idle_since = NULL WHERE id = ?1 AND (used_at < ?3 OR idle_since IS NOT NULL)",
    )?;
    statement.execute(params![id, now, unless])?;
    Ok(())
}

/// Whether there are as many accounts.
pub fn reaches(connection: &Connection, number: u32) -> Result<bool> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM accounts LIMIT 1 OFFSET ?1")?;
    Ok(number == 0 || statement.exists([number - 1])?)
}

/// Whether there is any account.
///
/// # Errors
/// Faults of the database.
pub fn any(connection: &Connection) -> Result<bool> {
    Ok(connection.query_row("SELECT EXISTS (SELECT 1 FROM accounts)", [], |row| row.get(0))?)
}
