//! Grants in the database, each with the hash of its authorization code.

use crate::model::error::Result;
use crate::model::grant::{Code, Grant, NamedGrant, Permission};
use crate::model::id::{AccountId, AppId, GrantId};
use crate::model::pkce::Challenge;
use crate::model::time::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

const COLUMNS: &str = "grants.id, client, account, app, scope, rounds, grants.created_at, used_at, expires_at";
/// How many of them there are.
const COLUMN_COUNT: usize = 9;

fn read(row: &Row<'_>) -> rusqlite::Result<Grant> {
    Ok(Grant {
        id: row.get(0)?,
        client: row.get(1)?,
        account: row.get(2)?,
        app: row.get(3)?,
        permission: permission(row, 4)?,
        rounds: row.get(5)?,
        created_at: row.get(6)?,
        used_at: row.get(7)?,
        expires_at: row.get(8)?,
    })
}

fn permission(row: &Row<'_>, column: usize) -> rusqlite::Result<Permission> {
    let scope: String = row.get(column)?;
    let unknown = |name: String| {
        let what = format!("the scope {name:?}, which this connhub does not know");
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, what.into())
    };
    Permission::asked(&scope).map_err(unknown)
}

/// Adds a grant with its code.
///
/// # Errors
/// Faults of the database.
pub fn insert(transaction: &Transaction<'_>, grant: &Grant, code: &Code) -> Result<()> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO grants (id, client, account, app, scope, rounds, created_at, used_at, expires_at, \
         code_hash, redirect_uri, code_challenge) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    let Grant { id, client, account, app, permission, rounds, created_at, used_at, expires_at } = grant;
    let challenge = code.challenge.as_ref().map(Challenge::as_str);
    statement.execute(params![
        id,
        client,
        account,
        app,
        permission.to_string(),
        rounds,
        created_at,
        used_at,
        expires_at,
        code.hash,
        code.redirect_uri,
        challenge
    ])?;
    Ok(())
}

/// The grant with this identifier.
///
/// # Errors
/// Faults of the database.
pub fn get(connection: &Connection, id: GrantId) -> Result<Option<Grant>> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM grants WHERE id = ?1"))?;
    Ok(statement.query_row([id], read).optional()?)
}

/// The grant that began with a code of this hash, and what has to come with the code.
///
/// # Errors
/// Faults of the database.
pub fn by_code(connection: &Connection, hash: [u8; 32]) -> Result<Option<(Grant, Code)>> {
    let mut statement = connection
        .prepare_cached(&format!("SELECT {COLUMNS}, redirect_uri, code_challenge FROM grants WHERE code_hash = ?1"))?;
    let read_both = |row: &Row<'_>| {
        let redirect_uri = row.get(COLUMN_COUNT)?;
        let challenge: Option<String> = row.get(COLUMN_COUNT + 1)?;
        let challenge = challenge.as_deref().and_then(Challenge::s256);
        Ok((read(row)?, Code { hash, redirect_uri, challenge }))
    };
    Ok(statement.query_row([hash], read_both).optional()?)
}

/// The grants of an account that have given tokens and have not ended, in the order of consent.
///
/// # Errors
/// Faults of the database.
pub fn of_account(connection: &Connection, account: AccountId, now: Timestamp) -> Result<Vec<NamedGrant>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, clients.name, apps.name FROM grants \
         JOIN apps AS clients ON clients.id = client JOIN apps ON apps.id = app \
         WHERE account = ?1 AND rounds > 0 AND expires_at > ?2 ORDER BY grants.id"
    ))?;
    let named = |row: &Row<'_>| {
        Ok(NamedGrant { grant: read(row)?, client_name: row.get(COLUMN_COUNT)?, app_name: row.get(COLUMN_COUNT + 1)? })
    };
    Ok(statement.query_map(params![account, now], named)?.collect::<Result<_, _>>()?)
}

/// Notes that tokens were given once more.
///
/// # Errors
/// Faults of the database.
pub fn advance(transaction: &Transaction<'_>, id: GrantId, now: Timestamp, expires_at: Timestamp) -> Result<()> {
    let mut statement = transaction
        .prepare_cached("UPDATE grants SET rounds = rounds + 1, used_at = ?2, expires_at = ?3 WHERE id = ?1")?;
    statement.execute(params![id, now, expires_at])?;
    Ok(())
}

/// Ends a grant, and with it all its tokens.
///
/// # Errors
/// Faults of the database.
pub fn delete(transaction: &Transaction<'_>, id: GrantId) -> Result<()> {
    transaction.prepare_cached("DELETE FROM grants WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// Ends all grants that an account gave.
///
/// # Errors
/// Faults of the database.
pub fn delete_of_account(transaction: &Transaction<'_>, account: AccountId) -> Result<()> {
    transaction.prepare_cached("DELETE FROM grants WHERE account = ?1")?.execute([account])?;
    Ok(())
}

/// Ends all grants to an app and for it.
///
/// # Errors
/// Faults of the database.
pub fn delete_of_app(transaction: &Transaction<'_>, app: AppId) -> Result<()> {
    transaction.prepare_cached("DELETE FROM grants WHERE client = ?1")?.execute([app])?;
    transaction.prepare_cached("DELETE FROM grants WHERE app = ?1")?.execute([app])?;
    Ok(())
}

/// Removes up to so many grants that ended before a time; how many there were.
///
/// # Errors
/// Faults of the database.
pub fn trim(transaction: &Transaction<'_>, before: Timestamp, entries_max: u32) -> Result<usize> {
    let mut statement = transaction.prepare_cached(
        "DELETE FROM grants WHERE id IN (SELECT id FROM grants WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)",
    )?;
    Ok(statement.execute(params![before, entries_max])?)
}
