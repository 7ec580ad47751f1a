//! Whether something has as many of something as it may have: entries of an index are stepped over, so
//! that what is asked at each insert costs microseconds for bounds of thousands.

use crate::model::error::Result;
use crate::model::id::{AccountId, AppId, InstallationId, InstanceId};
use rusqlite::{Connection, ToSql, params};

/// Whether an account has so many publications on offer.
pub fn publications(connection: &Connection, owner: AccountId, max: u32) -> Result<bool> {
    reached(connection, "SELECT 1 FROM publications WHERE owner = ?1 AND removed = 0 LIMIT 1 OFFSET ?2", &owner, max)
}

/// Whether an account has so many apps.
pub fn apps(connection: &Connection, owner: AccountId, max: u32) -> Result<bool> {
    reached(connection, "SELECT 1 FROM apps WHERE owner = ?1 AND removed = 0 LIMIT 1 OFFSET ?2", &owner, max)
}

/// Whether an app has so many installations.
pub fn installations(connection: &Connection, app: AppId, max: u32) -> Result<bool> {
    reached(connection, "SELECT 1 FROM installations WHERE app = ?1 LIMIT 1 OFFSET ?2", &app, max)
}

/// Whether an instance has so many things.
pub fn things(connection: &Connection, instance: InstanceId, max: u32) -> Result<bool> {
    reached(connection, "SELECT 1 FROM things WHERE instance = ?1 LIMIT 1 OFFSET ?2", &instance, max)
}

/// Whether an app keeps so many things itself.
pub fn own_things(connection: &Connection, app: AppId, max: u32) -> Result<bool> {
    reached(connection, "SELECT 1 FROM things WHERE app = ?1 AND instance IS NULL LIMIT 1 OFFSET ?2", &app, max)
}

/// Whether so many of an app's action requests are pending.
pub fn pending_actions(connection: &Connection, app: AppId, max: u32) -> Result<bool> {
    let sql = "SELECT 1 FROM action_requests WHERE app = ?1 AND status = 'PENDING' LIMIT 1 OFFSET ?2";
    reached(connection, sql, &app, max)
}

/// How many instances an installation has. Takes milliseconds where they are a hundred thousand.
pub fn instances(connection: &Connection, installation: InstallationId) -> Result<u64> {
    let mut statement = connection.prepare_cached("SELECT count(*) FROM instances WHERE installation = ?1")?;
    Ok(statement.query_row([installation], |row| row.get(0))?)
}

fn reached(connection: &Connection, sql: &'static str, of: &dyn ToSql, max: u32) -> Result<bool> {
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.exists(params![of, max.saturating_sub(1)])?)
}
