//! Apps in the database.

use crate::model::app::{App, AppProfile};
use crate::model::error::Result;
use crate::model::id::{AccountId, AppId};
use crate::store::row::{texts_from_column, texts_to_column};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

const COLUMNS: &str = "id, owner, name, redirect_uris, has_secret, generation, created_at";

fn read(row: &Row<'_>) -> rusqlite::Result<App> {
    Ok(App {
        id: row.get(0)?,
        owner: row.get(1)?,
        name: row.get(2)?,
        redirect_uris: texts_from_column(row, 3)?,
        has_secret: row.get(4)?,
        generation: row.get(5)?,
        created_at: row.get(6)?,
    })
}

/// Adds an app.
///
/// # Errors
/// Faults of the database.
pub fn insert(transaction: &Transaction<'_>, app: &App, secret_hash: &[u8; 32]) -> Result<()> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO apps (id, owner, name, redirect_uris, has_secret, secret_hash, generation, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    let redirect_uris = texts_to_column(&app.redirect_uris);
    statement.execute(params![
        app.id,
        app.owner,
        app.name,
        redirect_uris,
        app.has_secret,
        secret_hash,
        app.generation,
        app.created_at
    ])?;
    Ok(())
}

/// The app with this identifier.
///
/// # Errors
/// Faults of the database.
pub fn get(connection: &Connection, id: AppId) -> Result<Option<App>> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM apps WHERE id = ?1 AND removed = 0"))?;
    Ok(statement.query_row([id], read).optional()?)
}

/// The app with this identifier and the hash of its secret; of one that nobody knows, where it has none.
///
/// # Errors
/// Faults of the database.
pub fn with_secret(connection: &Connection, id: AppId) -> Result<Option<(App, [u8; 32])>> {
    let sql = format!("SELECT {COLUMNS}, secret_hash FROM apps WHERE id = ?1 AND removed = 0");
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row([id], |row| Ok((read(row)?, row.get(7)?))).optional()?)
}

/// All apps of an account, in the order of creation.
///
/// # Errors
/// Faults of the database.
pub fn of_owner(connection: &Connection, owner: AccountId) -> Result<Vec<App>> {
    let sql = format!("SELECT {COLUMNS} FROM apps WHERE owner = ?1 AND removed = 0 ORDER BY id");
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_map([owner], read)?.collect::<Result<_, _>>()?)
}

/// Changes what its developer says of an app.
///
/// # Errors
/// Faults of the database.
pub fn update(transaction: &Transaction<'_>, id: AppId, profile: &AppProfile) -> Result<()> {
    let mut statement = transaction.prepare_cached("UPDATE apps SET name = ?2, redirect_uris = ?3 WHERE id = ?1")?;
    statement.execute(params![id, profile.name, texts_to_column(&profile.redirect_uris)])?;
    Ok(())
}

/// Gives an app a new secret and ends the tokens it has.
///
/// # Errors
/// Faults of the database.
pub fn set_secret(transaction: &Transaction<'_>, id: AppId, secret_hash: &[u8; 32]) -> Result<()> {
    let mut statement =
        transaction.prepare_cached("UPDATE apps SET secret_hash = ?2, generation = generation + 1 WHERE id = ?1")?;
    statement.execute(params![id, secret_hash])?;
    Ok(())
}

/// Marks an app as removed: it is gone for everybody, and what it has goes in steps.
///
/// # Errors
/// Faults of the database.
pub fn end(transaction: &Transaction<'_>, id: AppId) -> Result<()> {
    transaction.prepare_cached("UPDATE apps SET removed = 1 WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// The first few apps that are marked so.
///
/// # Errors
/// Faults of the database.
pub fn ended(connection: &Connection, limit: u32) -> Result<Vec<AppId>> {
    let mut statement = connection.prepare_cached("SELECT id FROM apps WHERE removed = 1 ORDER BY id LIMIT ?1")?;
    Ok(statement.query_map([limit], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Deletes an app; its installations and things must be gone.
///
/// # Errors
/// Faults of the database.
pub fn delete(transaction: &Transaction<'_>, id: AppId) -> Result<()> {
    transaction.prepare_cached("DELETE FROM apps WHERE id = ?1")?.execute([id])?;
    Ok(())
}
