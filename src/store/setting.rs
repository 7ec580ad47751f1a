//! Values that belong to the database as a whole.

use crate::model::error::Result;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

/// The value under a name.
///
/// # Errors
/// Faults of the database.
pub fn get(connection: &Connection, name: &str) -> Result<Option<Vec<u8>>> {
    let mut statement = connection.prepare_cached("SELECT value FROM settings WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

/// Sets the value under a name.
///
/// # Errors
/// Faults of the database.
pub fn set(transaction: &Transaction<'_>, name: &str, value: &[u8]) -> Result<()> {
    let mut statement = transaction.prepare_cached("INSERT OR REPLACE INTO settings (name, value) VALUES (?1, ?2)")?;
    statement.execute(params![name, value])?;
    Ok(())
}

/// The value under a name that is encrypted if the database is.
///
/// # Errors
/// Faults of the database.
pub fn get_secret(connection: &Connection, name: &str) -> Result<Option<Vec<u8>>> {
    let sql = "SELECT unsealed(value, 'settings', name, '') FROM settings WHERE name = ?1";
    Ok(connection.prepare_cached(sql)?.query_row([name], |row| row.get(0)).optional()?)
}

/// Sets the value under a name that is encrypted if the database is: one that `sealing` knows.
///
/// # Errors
/// Faults of the database.
pub fn set_secret(transaction: &Transaction<'_>, name: &str, value: &[u8]) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO settings (name, value) VALUES (?1, sealed(?2, 'settings', ?1, ''))";
    transaction.prepare_cached(sql)?.execute(params![name, value])?;
    Ok(())
}

/// Forgets the value under a name, if it is this one.
///
/// # Errors
/// Faults of the database.
pub fn forget(transaction: &Transaction<'_>, name: &str, value: &[u8]) -> Result<()> {
    let mut statement = transaction.prepare_cached("DELETE FROM settings WHERE name = ?1 AND value = ?2")?;
    statement.execute(params![name, value])?;
    Ok(())
}

/// Writes something random: whether it can be committed tells whether the database can be written.
///
/// # Errors
/// Faults of the database.
pub fn probe(transaction: &Transaction<'_>) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO settings (name, value) VALUES ('probe', randomblob(16))";
    transaction.prepare_cached(sql)?.execute([])?;
    Ok(())
}
