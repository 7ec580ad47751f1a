//! What operators have suspended, in the database: accounts and publications.
//!
//! There are few if any, and every request asks for them, so each question begins with whether there is one at all.

use crate::model::account::Suspension;
use crate::model::error::Result;
use crate::model::id::{AccountId, InstallationId, PublicationId};
use crate::model::time::Timestamp;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

impl ToSql for Suspension {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.name().into())
    }
}

impl FromSql for Suspension {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::from_name(value.as_str()?).ok_or(FromSqlError::InvalidType)
    }
}

/// An ID of what can be suspended.
pub trait Subject: ToSql + Copy {}

impl Subject for AccountId {}
impl Subject for PublicationId {}

/// Whether anything is suspended.
pub fn any(connection: &Connection) -> Result<bool> {
    let mut statement = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM suspensions)")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// What was done to an account or a publication.
pub fn of(connection: &Connection, subject: impl Subject) -> Result<Option<Suspension>> {
    let mut statement = connection.prepare_cached("SELECT state FROM suspensions WHERE subject = ?1")?;
    Ok(statement.query_row([subject], |row| row.get(0)).optional()?)
}

/// The publications that are suspended by themselves.
pub fn publications(connection: &Connection) -> Result<Vec<PublicationId>> {
    let sql = "SELECT id FROM publications WHERE id IN (SELECT subject FROM suspensions)";
    Ok(connection.prepare_cached(sql)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Which of a publication, its owner and the owner of an installation's app are suspended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Parties {
    /// The publication.
    pub publication: Option<Suspension>,
    /// Its owner.
    pub connector_owner: Option<Suspension>,
    /// The owner of the app.
    pub app_owner: Option<Suspension>,
}

/// Those of an installation; none are suspended of one that is not there.
pub fn of_installation(connection: &Connection, id: InstallationId) -> Result<Parties> {
    if !any(connection)? {
        return Ok(Parties::default());
    }
    let mut statement = connection.prepare_cached(
        "SELECT (SELECT state FROM suspensions WHERE subject = p.id), \
           (SELECT state FROM suspensions WHERE subject = p.owner), \
           (SELECT state FROM suspensions WHERE subject = i.owner) \
         FROM installations AS i JOIN publications AS p ON p.id = i.publication WHERE i.id = ?1",
    )?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Parties { publication: row.get(0)?, connector_owner: row.get(1)?, app_owner: row.get(2)? })
    };
    Ok(statement.query_row([id], read).optional()?.unwrap_or_default())
}

/// Suspends an account or a publication, or changes how it is suspended.
pub fn set(transaction: &Transaction<'_>, subject: impl Subject, state: Suspension, now: Timestamp) -> Result<()> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO suspensions (subject, state, since) VALUES (?1, ?2, ?3) \
         ON CONFLICT (subject) DO UPDATE SET state = excluded.state",
    )?;
    statement.execute(params![subject, state, now])?;
    Ok(())
}

/// Ends a suspension, if there is one.
pub fn end(transaction: &Transaction<'_>, subject: impl Subject) -> Result<()> {
    transaction.prepare_cached("DELETE FROM suspensions WHERE subject = ?1")?.execute([subject])?;
    Ok(())
}
