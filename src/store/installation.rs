//! Connector installations in the database.

use crate::model::error::Result;
use crate::model::id::{AppId, InstallationId, PublicationId};
use crate::model::installation::Installation;
use crate::model::instance::ExternalSubject;
use crate::model::lifecycle::{Details, Standing, State};
use crate::model::parameter::{ConfigurationValue, Parameter, ShownValue};
use crate::store::parameter::{self, StoredConfiguration};
use crate::store::row::{array, standing, standing_columns};
use crate::store::{Inserted, inserted};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use std::collections::HashMap;

const COLUMNS: &str = "id, app, owner, publication, state, details, step_kind, step_content, step_html, created_at, \
    token_key, removal_total, removal_done";

fn read(row: &Row<'_>) -> rusqlite::Result<Installation> {
    let mut standing = standing(row, 4)?;
    if let Some(total) = row.get::<_, Option<u64>>(11)?.filter(|total| *total > 0) {
        standing.details = Some(Details::of_removal(row.get(12)?, total));
    }
    Ok(Installation {
        id: row.get(0)?,
        app: row.get(1)?,
        owner: row.get(2)?,
        publication: row.get(3)?,
        standing,
        created_at: row.get(9)?,
        token_key: row.get(10)?,
    })
}

/// Adds an installation with its configuration, unless the app has one of that publication.
///
/// # Errors
/// Faults of the database.
pub fn insert(
    transaction: &Transaction<'_>,
    installation: &Installation,
    declared: &[Parameter],
    values: &[ConfigurationValue],
) -> Result<Inserted> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO installations (id, app, owner, publication, state, created_at, token_key, bytes) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    let Installation { id, app, owner, publication, standing, created_at, token_key } = installation;
    let bytes = parameter::bytes_of(values);
    let result = statement.execute(params![id, app, owner, publication, standing.state, created_at, token_key, bytes]);
    if inserted(result, "installations.app, installations.publication")? == Inserted::Exists {
        return Ok(Inserted::Exists);
    }
    let sql = "INSERT INTO installation_values (installation, position, parameter, value, password) \
               VALUES (?1, ?2, ?3, iif(?5, sealed(?4, 'installation_values', ?1, ?3), ?4), ?5)";
    parameter::insert_values(transaction, sql, id, declared, values)?;
    Ok(Inserted::New)
}

/// The installation with this identifier.
///
/// # Errors
/// Faults of the database.
pub fn get(connection: &Connection, id: InstallationId) -> Result<Option<Installation>> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM installations WHERE id = ?1"))?;
    Ok(statement.query_row([id], read).optional()?)
}

/// The installations with these identifiers, in no particular order.
///
/// # Errors
/// Faults of the database.
pub fn get_many(connection: &Connection, ids: &[InstallationId]) -> Result<Vec<Installation>> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM installations WHERE id IN rarray(?1)"))?;
    Ok(statement.query_map([array(ids)], read)?.collect::<Result<_, _>>()?)
}

/// The installations of these apps, each app's in the order of creation.
///
/// # Errors
/// Faults of the database.
pub fn of_apps(connection: &Connection, apps: &[AppId]) -> Result<Vec<Installation>> {
    let sql = format!("SELECT {COLUMNS} FROM installations WHERE app IN rarray(?1) ORDER BY app, id");
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_map([array(apps)], read)?.collect::<Result<_, _>>()?)
}

/// An app's installation of a publication.
///
/// # Errors
/// Faults of the database.
pub fn of_app_and_publication(
    connection: &Connection,
    app: AppId,
    publication: PublicationId,
) -> Result<Option<Installation>> {
    let sql = format!("SELECT {COLUMNS} FROM installations WHERE app = ?1 AND publication = ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row(params![app, publication], read).optional()?)
}

/// How many instances each of these installations has, of one subject where one is named; those
/// with none are left out.
///
/// # Errors
/// Faults of the database.
pub fn instance_counts(
    connection: &Connection,
    ids: &[InstallationId],
    subject: Option<&ExternalSubject>,
) -> Result<HashMap<InstallationId, i64>> {
    let by_subject = if subject.is_some() { "AND subject = ?2" } else { "AND ?2 IS NULL" };
    let sql = format!(
        "SELECT installation, count(*) FROM instances WHERE installation IN rarray(?1) {by_subject} GROUP BY installation"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement
        .query_map(params![array(ids), subject], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?)
}

/// What was given when it was installed.
///
/// # Errors
/// Faults of the database.
pub fn configuration(connection: &Connection, id: InstallationId) -> Result<StoredConfiguration> {
    let sql = "SELECT parameter, iif(password, unsealed(value, 'installation_values', installation, parameter), value), password \
               FROM installation_values WHERE installation = ?1 ORDER BY position";
    parameter::values(connection, sql, &id)
}

/// The values of PASSWORD parameters that were given when it was installed.
pub fn secrets(connection: &Connection, id: InstallationId) -> Result<Vec<String>> {
    let sql = "SELECT unsealed(value, 'installation_values', installation, parameter) FROM installation_values \
               WHERE installation = ?1 AND password = 1";
    parameter::secrets(connection, sql, &id)
}

/// What was given when each of these was installed, without what is secret: the values of parameters
/// that were of the type PASSWORD then, or are now.
///
/// # Errors
/// Faults of the database.
pub fn shown_configurations(
    connection: &Connection,
    ids: &[InstallationId],
) -> Result<HashMap<InstallationId, Vec<ShownValue>>> {
    let sql = "SELECT v.installation, v.parameter, \
                 CASE WHEN v.password = 1 OR EXISTS (SELECT 1 FROM parameters AS p \
                   WHERE p.publication = i.publication AND p.list = 0 AND p.id = v.parameter AND p.password = 1) \
                 THEN NULL ELSE v.value END \
               FROM installation_values AS v JOIN installations AS i ON i.id = v.installation \
               WHERE v.installation IN rarray(?1) ORDER BY v.installation, v.position";
    parameter::shown(connection, sql, ids)
}

/// Gives an installation a new standing if its state is one of `from`; whether it was.
///
/// # Errors
/// Faults of the database.
pub fn change_standing(
    transaction: &Transaction<'_>,
    id: InstallationId,
    from: &[State],
    to: &Standing,
) -> Result<bool> {
    let mut statement = transaction.prepare_cached(
        "UPDATE installations SET state = ?2, details = ?3, step_kind = ?4, step_content = ?5, step_html = ?6 \
         WHERE id = ?1 AND state IN rarray(?7)",
    )?;
    let (details, step_kind, step_content, step_html) = standing_columns(to);
    let from: Vec<i64> = from.iter().map(|state| state.number().into()).collect();
    Ok(statement.execute(params![id, to.state, details, step_kind, step_content, step_html, array(&from)])? == 1)
}

/// Marks an installation as being removed, and with it all its instances; whether it was not yet.
///
/// # Errors
/// Faults of the database.
pub fn begin_removal(transaction: &Transaction<'_>, id: InstallationId) -> Result<bool> {
    let mut statement =
        transaction.prepare_cached("UPDATE installations SET state = 7 WHERE id = ?1 AND state <> 7")?;
    Ok(statement.execute([id])? == 1)
}

/// How many instances an installation has and, since its removal began, had.
///
/// # Errors
/// Faults of the database.
pub fn instances_to_remove(connection: &Connection, id: InstallationId) -> Result<Option<u64>> {
    let mut statement = connection.prepare_cached(
        "SELECT removal_done + (SELECT count(*) FROM instances WHERE installation = ?1) FROM installations WHERE id = ?1",
    )?;
    Ok(statement.query_row([id], |row| row.get(0)).optional()?)
}

/// Notes how many instances are to be removed, unless that is known.
///
/// # Errors
/// Faults of the database.
pub fn set_removal_total(transaction: &Transaction<'_>, id: InstallationId, total: u64) -> Result<()> {
    let mut statement = transaction
        .prepare_cached("UPDATE installations SET removal_total = ?2 WHERE id = ?1 AND removal_total IS NULL")?;
    statement.execute(params![id, total])?;
    Ok(())
}

/// Notes that an instance is gone, if the installation is being removed.
///
/// # Errors
/// Faults of the database.
pub fn count_removed(transaction: &Transaction<'_>, id: InstallationId) -> Result<()> {
    let mut statement = transaction
        .prepare_cached("UPDATE installations SET removal_done = removal_done + 1 WHERE id = ?1 AND state = 7")?;
    statement.execute([id])?;
    Ok(())
}

/// The installations that are being removed while nothing is sent for them: a crash or a full disk came between.
///
/// # Errors
/// Faults of the database.
pub fn stalled(connection: &Connection) -> Result<Vec<InstallationId>> {
    let mut statement = connection.prepare_cached(
        "SELECT id FROM installations AS i WHERE state = 7 AND state IN (1, 7) \
         AND NOT EXISTS (SELECT 1 FROM callbacks WHERE settled = 0 AND installation = i.id) \
         AND NOT EXISTS (SELECT 1 FROM instances WHERE installation = i.id AND removal_begun = 1)",
    )?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Deletes an installation with its configuration; its instances must be gone.
///
/// # Errors
/// Faults of the database.
pub fn delete(transaction: &Transaction<'_>, id: InstallationId) -> Result<()> {
    transaction.prepare_cached("DELETE FROM installations WHERE id = ?1")?.execute([id])?;
    Ok(())
}
