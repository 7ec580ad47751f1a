//! Connector instances in the database.

use crate::model::callback::Line;
use crate::model::error::Result;
use crate::model::id::{AppId, InstallationId, InstanceId};
use crate::model::instance::{ExternalSubject, Instance, Reach};
use crate::model::lifecycle::{Standing, State};
use crate::model::page::Page;
use crate::model::parameter::{ConfigurationValue, Parameter, ShownValue};
use crate::store::parameter::{self, StoredConfiguration};
use crate::store::row::{array, standing, standing_columns};
use crate::store::{Inserted, inserted};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use std::collections::HashMap;

/// An instance is being removed if its installation is.
const COLUMNS: &str = "id, installation, app, owner, subject, \
    iif((SELECT i.state FROM installations AS i WHERE i.id = instances.installation) = 7, 7, state), \
    details, step_kind, step_content, step_html, created_at, token_key";
const COLUMN_COUNT: usize = 12;

fn read(row: &Row<'_>) -> rusqlite::Result<Instance> {
    Ok(Instance {
        id: row.get(0)?,
        installation: row.get(1)?,
        app: row.get(2)?,
        owner: row.get(3)?,
        subject: row.get(4)?,
        standing: standing(row, 5)?,
        created_at: row.get(10)?,
        token_key: row.get(11)?,
    })
}

/// Adds an instance with its configuration, unless the subject has one of that installation.
///
/// # Errors
/// Faults of the database.
pub fn insert(
    transaction: &Transaction<'_>,
    instance: &Instance,
    declared: &[Parameter],
    values: &[ConfigurationValue],
) -> Result<Inserted> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO instances (id, installation, app, owner, subject, state, created_at, token_key, bytes) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    let Instance { id, installation, app, owner, subject, standing, created_at, token_key } = instance;
    let result = statement.execute(params![
        id,
        installation,
        app,
        owner,
        subject,
        standing.state,
        created_at,
        token_key,
        parameter::bytes_of(values)
    ]);
    if inserted(result, "instances.installation, instances.subject")? == Inserted::Exists {
        return Ok(Inserted::Exists);
    }
    let sql = "INSERT INTO instance_values (instance, position, parameter, value, password) \
               VALUES (?1, ?2, ?3, iif(?5, sealed(?4, 'instance_values', ?1, ?3), ?4), ?5)";
    parameter::insert_values(transaction, sql, id, declared, values)?;
    Ok(Inserted::New)
}

/// The instance with this identifier.
///
/// # Errors
/// Faults of the database.
pub fn get(connection: &Connection, id: InstanceId) -> Result<Option<Instance>> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM instances WHERE id = ?1"))?;
    Ok(statement.query_row([id], read).optional()?)
}

/// The instance of an installation that a subject has.
///
/// # Errors
/// Faults of the database.
pub fn of_subject(
    connection: &Connection,
    installation: InstallationId,
    subject: &ExternalSubject,
) -> Result<Option<Instance>> {
    let sql = format!("SELECT {COLUMNS} FROM instances WHERE installation = ?1 AND subject = ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row(params![installation, subject], read).optional()?)
}

/// A page of an app's instances, of one subject where one is named, in the order of creation.
///
/// # Errors
/// Faults of the database.
pub fn of_app(
    connection: &Connection,
    app: AppId,
    subject: Option<&ExternalSubject>,
    page: Page<InstanceId>,
) -> Result<Vec<Instance>> {
    let after = page.after.unwrap_or(InstanceId::MIN);
    let rows = if let Some(subject) = subject {
        let sql =
            format!("SELECT {COLUMNS} FROM instances WHERE app = ?1 AND subject = ?2 AND id > ?3 ORDER BY id LIMIT ?4");
        let mut statement = connection.prepare_cached(&sql)?;
        statement.query_map(params![app, subject, after, page.first], read)?.collect::<Result<_, _>>()?
    } else {
        let sql = format!("SELECT {COLUMNS} FROM instances WHERE app = ?1 AND id > ?2 ORDER BY id LIMIT ?3");
        let mut statement = connection.prepare_cached(&sql)?;
        statement.query_map(params![app, after, page.first], read)?.collect::<Result<_, _>>()?
    };
    Ok(rows)
}

/// The same page of each of these installations, of one subject where one is named, in the order of creation.
///
/// # Errors
/// Faults of the database.
pub fn of_installations(
    connection: &Connection,
    installations: &[InstallationId],
    subject: Option<&ExternalSubject>,
    page: Page<InstanceId>,
) -> Result<Vec<Instance>> {
    let by_subject = if subject.is_some() { "AND subject = ?4" } else { "AND ?4 IS NULL" };
    let sql = format!(
        "SELECT {COLUMNS} FROM instances WHERE id IN (\
           SELECT id FROM rarray(?1) AS one CROSS JOIN instances AS some ON some.id IN (\
             SELECT id FROM instances WHERE installation = one.value {by_subject} AND id > ?2 \
             ORDER BY id LIMIT ?3)) \
         ORDER BY id"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let after = page.after.unwrap_or(InstanceId::MIN);
    let rows = statement.query_map(params![array(installations), after, page.first, subject], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// All instances of an installation, each with whether its own removal has begun.
///
/// # Errors
/// Faults of the database.
pub fn all_of_installation(connection: &Connection, installation: InstallationId) -> Result<Vec<(Instance, bool)>> {
    let sql = format!("SELECT {COLUMNS}, removal_begun FROM instances WHERE installation = ?1 ORDER BY id");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([installation], |row| Ok((read(row)?, row.get(COLUMN_COUNT)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether an installation has any instance.
///
/// # Errors
/// Faults of the database.
pub fn any_of_installation(connection: &Connection, installation: InstallationId) -> Result<bool> {
    let mut statement = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM instances WHERE installation = ?1)")?;
    Ok(statement.query_row([installation], |row| row.get(0))?)
}

/// How the connectors of these instances are reached.
///
/// # Errors
/// Faults of the database.
pub fn reaches(connection: &Connection, ids: &[InstanceId]) -> Result<HashMap<InstanceId, Reach>> {
    let mut statement = connection.prepare_cached(
        "SELECT n.id, n.installation, n.owner, p.id, p.owner, n.state, i.state FROM instances AS n \
         JOIN installations AS i ON i.id = n.installation JOIN publications AS p ON p.id = i.publication \
         WHERE n.id IN rarray(?1)",
    )?;
    let read = |row: &Row<'_>| {
        let reach = Reach {
            instance: row.get(0)?,
            installation: row.get(1)?,
            app_owner: row.get(2)?,
            line: Line { publication: row.get(3)?, owner: row.get(4)? },
            instance_state: row.get(5)?,
            installation_state: row.get(6)?,
        };
        Ok((reach.instance, reach))
    };
    Ok(statement.query_map([array(ids)], read)?.collect::<Result<_, _>>()?)
}

/// What was given when it was instantiated.
///
/// # Errors
/// Faults of the database.
pub fn configuration(connection: &Connection, id: InstanceId) -> Result<StoredConfiguration> {
    let sql = "SELECT parameter, iif(password, unsealed(value, 'instance_values', instance, parameter), value), password \
               FROM instance_values WHERE instance = ?1 ORDER BY position";
    parameter::values(connection, sql, &id)
}

/// The values of PASSWORD parameters that were given when it was instantiated, and when its installation was installed:
/// its connector knows both.
pub fn secrets(connection: &Connection, id: InstanceId) -> Result<Vec<String>> {
    let sql = "SELECT unsealed(value, 'instance_values', instance, parameter) FROM instance_values \
                 WHERE instance = ?1 AND password = 1 UNION ALL \
               SELECT unsealed(value, 'installation_values', installation, parameter) FROM installation_values \
                 WHERE installation = (SELECT installation FROM instances WHERE id = ?1) AND password = 1";
    parameter::secrets(connection, sql, &id)
}

/// What was given when each of these was instantiated, without what is secret: the values of
/// parameters that were of the type PASSWORD then, or are now.
///
/// # Errors
/// Faults of the database.
pub fn shown_configurations(
    connection: &Connection,
    ids: &[InstanceId],
) -> Result<HashMap<InstanceId, Vec<ShownValue>>> {
    let sql = "SELECT v.instance, v.parameter, \
                 CASE WHEN v.password = 1 OR EXISTS (SELECT 1 FROM parameters AS p \
                   WHERE p.publication = i.publication AND p.list = 1 AND p.id = v.parameter AND p.password = 1) \
                 THEN NULL ELSE v.value END \
               FROM instance_values AS v JOIN instances AS n ON n.id = v.instance \
               JOIN installations AS i ON i.id = n.installation \
               WHERE v.instance IN rarray(?1) ORDER BY v.instance, v.position";
    parameter::shown(connection, sql, ids)
}

/// Gives an instance a new standing if its state is one of `from`; whether it was.
///
/// # Errors
/// Faults of the database.
pub fn change_standing(transaction: &Transaction<'_>, id: InstanceId, from: &[State], to: &Standing) -> Result<bool> {
    let mut statement = transaction.prepare_cached(
        "UPDATE instances SET state = ?2, details = ?3, step_kind = ?4, step_content = ?5, step_html = ?6 \
         WHERE id = ?1 AND state IN rarray(?7)",
    )?;
    let (details, step_kind, step_content, step_html) = standing_columns(to);
    let from: Vec<i64> = from.iter().map(|state| state.number().into()).collect();
    Ok(statement.execute(params![id, to.state, details, step_kind, step_content, step_html, array(&from)])? == 1)
}

/// Begins the removal of instances of an installation that is being removed, until it has begun for `at_once` of those
/// that are there; which begin now, in the order of creation.
///
/// # Errors
/// Faults of the database.
pub fn take_to_remove(
    transaction: &Transaction<'_>,
    installation: InstallationId,
    at_once: u32,
) -> Result<Vec<InstanceId>> {
    let mut statement = transaction.prepare_cached(
        "UPDATE instances SET state = 7, removal_begun = 1 WHERE id IN (SELECT id FROM instances \
           WHERE installation = ?1 AND removal_begun = 0 ORDER BY id LIMIT max(0, ?2 - \
             (SELECT count(*) FROM instances WHERE installation = ?1 AND removal_begun = 1))) RETURNING id",
    )?;
    let mut ids: Vec<InstanceId> =
        statement.query_map(params![installation, at_once], |row| row.get(0))?.collect::<Result<_, _>>()?;
    ids.sort_unstable();
    Ok(ids)
}

/// Marks the removal of one instance as asked for and begun.
///
/// # Errors
/// Faults of the database.
pub fn begin_removal(transaction: &Transaction<'_>, id: InstanceId) -> Result<()> {
    let mut statement =
        transaction.prepare_cached("UPDATE instances SET state = ?2, removal_begun = 1 WHERE id = ?1")?;
    statement.execute(params![id, State::RemovalOngoing])?;
    Ok(())
}

/// Marks an instance that has had its removal callback and still has things, which go in steps.
///
/// # Errors
/// Faults of the database.
pub fn end(transaction: &Transaction<'_>, id: InstanceId) -> Result<()> {
    transaction.prepare_cached("UPDATE instances SET ended = 1 WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// The first few instances that are marked so, each with its installation.
///
/// # Errors
/// Faults of the database.
pub fn ended(connection: &Connection, limit: u32) -> Result<Vec<(InstanceId, InstallationId)>> {
    let mut statement =
        connection.prepare_cached("SELECT id, installation FROM instances WHERE ended = 1 ORDER BY id LIMIT ?1")?;
    Ok(statement.query_map([limit], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
}

/// Deletes an instance with its configuration, and with what `cascade` has left of its things.
///
/// # Errors
/// Faults of the database.
pub fn delete(transaction: &Transaction<'_>, id: InstanceId) -> Result<()> {
    transaction.prepare_cached("DELETE FROM instances WHERE id = ?1")?.execute([id])?;
    Ok(())
}
