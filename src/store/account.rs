//! Accounts in the database.

use crate::model::account::Account;
use crate::model::error::Result;
use crate::model::id::AccountId;
use crate::model::text::email_key;
use crate::store::{Inserted, inserted};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

const COLUMNS: &str = "id, email, name, generation, created_at";

fn read(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: row.get(0)?,
        email: row.get(1)?,
        name: row.get(2)?,
        generation: row.get(3)?,
        created_at: row.get(4)?,
    })
}

/// Adds an account, unless its e-mail is taken.
///
/// # Errors
/// Faults of the database.
pub fn insert(transaction: &Transaction<'_>, account: &Account, password_hash: &str) -> Result<Inserted> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO accounts (id, email, email_key, name, password_hash, generation, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let Account { id, email, name, generation, created_at } = account;
    let params = params![id, email, email_key(email), name, password_hash, generation, created_at];
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
    Ok(statement.query_row([email, &email_key(email)], |row| Ok((read(row)?, row.get(5)?))).optional()?)
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

/// Gives an account another password and ends the tokens it has.
///
/// # Errors
/// Faults of the database.
pub fn set_password(transaction: &Transaction<'_>, id: AccountId, password_hash: &str) -> Result<()> {
    let mut statement = transaction
        .prepare_cached("UPDATE accounts SET password_hash = ?2, generation = generation + 1 WHERE id = ?1")?;
    statement.execute(params![id, password_hash])?;
    Ok(())
}

/// The account that was made first.
///
/// # Errors
/// Faults of the database.
pub fn oldest(connection: &Connection) -> Result<Option<Account>> {
    let sql = format!("SELECT {COLUMNS} FROM accounts ORDER BY id LIMIT 1");
    Ok(connection.prepare_cached(&sql)?.query_row([], read).optional()?)
}

/// All accounts, oldest first.
///
/// # Errors
/// Faults of the database.
pub fn all(connection: &Connection) -> Result<Vec<Account>> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM accounts ORDER BY id"))?;
    Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
}

/// Whether there is any account.
///
/// # Errors
/// Faults of the database.
pub fn any(connection: &Connection) -> Result<bool> {
    Ok(connection.query_row("SELECT EXISTS (SELECT 1 FROM accounts)", [], |row| row.get(0))?)
}
