//! Action requests in the database.

use crate::model::action::{ActionFilter, ActionRequest, ActionStatus, ActionValue};
use crate::model::error::Result;
use crate::model::id::{ActionRequestId, AppId, InstanceId, ThingId};
use crate::model::page::Page;
use crate::model::time::Timestamp;
use crate::store::meter;
use crate::store::row::array;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

const COLUMNS: &str = "id, app, subject, instance, thing, component_id, action_id, parameters, status, error, \
    deadline, created_at";

fn read(row: &Row<'_>) -> rusqlite::Result<ActionRequest> {
    Ok(ActionRequest {
        id: row.get(0)?,
        app: row.get(1)?,
        subject: row.get(2)?,
        instance: row.get(3)?,
        thing: row.get(4)?,
        component_id: row.get(5)?,
        action_id: row.get(6)?,
        parameters: values_from_column(row, 7)?,
        status: row.get(8)?,
        error: meter::optional_text(row, 9)?,
        deadline: row.get(10)?,
        created_at: row.get(11)?,
    })
}

fn values_to_column(values: &[ActionValue]) -> String {
    let pairs: Vec<_> = values.iter().map(|value| [value.name.as_str(), value.value.as_str()]).collect();
    serde_json::json!(pairs).to_string()
}

fn values_from_column(row: &Row<'_>, at: usize) -> rusqlite::Result<Vec<ActionValue>> {
    let pairs: Vec<[String; 2]> = serde_json::from_str(meter::borrowed(row, at)?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(at, rusqlite::types::Type::Text, error.into()))?;
    Ok(pairs.into_iter().map(|[name, value]| ActionValue { name, value }).collect())
}

/// Adds a request for a thing that stands: with it or its copy in `removed_things` the request will go.
///
/// # Errors
/// Faults of the database.
pub fn insert(transaction: &Transaction<'_>, request: &ActionRequest) -> Result<()> {
    let mut statement = transaction.prepare_cached(&format!(
        "INSERT INTO action_requests ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
    ))?;
    statement.execute(params![
        request.id,
        request.app,
        request.subject,
        request.instance,
        request.thing,
        request.component_id,
        request.action_id,
        values_to_column(&request.parameters),
        request.status,
        request.error,
        request.deadline,
        request.created_at
    ])?;
    Ok(())
}

/// The requests with these identifiers, in no particular order.
///
/// # Errors
/// Faults of the database.
pub fn get_many(connection: &Connection, ids: &[ActionRequestId]) -> Result<Vec<ActionRequest>> {
    let sql = format!("SELECT {COLUMNS} FROM action_requests WHERE id IN rarray(?1)");
    Ok(connection.prepare_cached(&sql)?.query_map([array(ids)], read)?.collect::<Result<_, _>>()?)
}

/// The request with this identifier.
///
/// # Errors
/// Faults of the database.
pub fn get(connection: &Connection, id: ActionRequestId) -> Result<Option<ActionRequest>> {
    let sql = format!("SELECT {COLUMNS} FROM action_requests WHERE id = ?1");
    Ok(connection.prepare_cached(&sql)?.query_row([id], read).optional()?)
}

/// The request with this identifier, if it is for a thing of this instance.
///
/// # Errors
/// Faults of the database.
pub fn of_instance(
    connection: &Connection,
    instance: InstanceId,
    id: ActionRequestId,
) -> Result<Option<ActionRequest>> {
    let sql = format!("SELECT {COLUMNS} FROM action_requests WHERE id = ?1 AND instance = ?2");
    Ok(connection.prepare_cached(&sql)?.query_row(params![id, instance], read).optional()?)
}

/// A page of an app's requests, newest first.
///
/// # Errors
/// Faults of the database.
pub fn of_app(
    connection: &Connection,
    app: AppId,
    filter: &ActionFilter,
    page: Page<ActionRequestId>,
) -> Result<Vec<ActionRequest>> {
    // Bare comparisons, so that the index that fits best is used.
    let by_id = if filter.id.is_some() { "AND id = ?2" } else { "AND ?2 IS NULL" };
    let by_subject = if filter.subject.is_some() { "AND subject = ?7" } else { "AND ?7 IS NULL" };
    let by_thing = if filter.thing.is_some() { "AND thing = ?3" } else { "AND ?3 IS NULL" };
    let by_status = if filter.status.is_some() { "AND status = ?4" } else { "AND ?4 IS NULL" };
    let sql = format!(
        "SELECT {COLUMNS} FROM action_requests \
         WHERE app = ?1 {by_id} {by_thing} {by_status} {by_subject} AND id < ?5 ORDER BY id DESC LIMIT ?6"
    );
    let before = page.after.unwrap_or(ActionRequestId::MAX);
    let mut statement = connection.prepare_cached(&sql)?;
    let ActionFilter { id, thing, status, subject } = filter;
    let rows = statement.query_map(params![app, id, thing, status, before, page.first, subject], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Ends a request that is still pending at `now`; whether it was.
///
/// # Errors
/// Faults of the database.
pub fn end(
    transaction: &Transaction<'_>,
    id: ActionRequestId,
    status: ActionStatus,
    error: Option<&str>,
    now: Timestamp,
) -> Result<bool> {
    let mut statement = transaction.prepare_cached(
        "UPDATE action_requests SET status = ?2, error = ?3 WHERE id = ?1 AND status = 'PENDING' AND deadline > ?4",
    )?;
    Ok(statement.execute(params![id, status, error, now])? == 1)
}

/// Fails the first few pending requests whose deadline has passed; which there were.
///
/// # Errors
/// Faults of the database.
pub fn fail_overdue(
    transaction: &Transaction<'_>,
    now: Timestamp,
    error: &str,
    limit: u32,
) -> Result<Vec<ActionRequestId>> {
    let mut statement = transaction.prepare_cached(
        "UPDATE action_requests SET status = 'FAILED', error = ?2 WHERE id IN (SELECT id FROM action_requests \
         WHERE status = 'PENDING' AND deadline <= ?1 ORDER BY deadline LIMIT ?3) RETURNING id",
    )?;
    Ok(statement.query_map(params![now, error, limit], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// The apps that have requests.
pub fn apps(connection: &Connection) -> Result<Vec<AppId>> {
    // From one to the next, past all of each one's requests.
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE found (app) AS (SELECT min(app) FROM action_requests UNION ALL \
           SELECT (SELECT min(app) FROM action_requests WHERE app > found.app) FROM found WHERE found.app IS NOT NULL) \
         SELECT app FROM found WHERE app IS NOT NULL",
    )?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// The oldest of an app's newest `keep` requests, if it has more.
pub fn first_kept(connection: &Connection, app: AppId, keep: u32) -> Result<Option<ActionRequestId>> {
    let sql = "SELECT id FROM action_requests WHERE app = ?1 ORDER BY id DESC LIMIT 2 OFFSET ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params![app, keep.saturating_sub(1)], |row| row.get(0))?;
    let rows: Vec<ActionRequestId> = rows.collect::<Result<_, _>>()?;
    // Of none at all, everything goes.
    let first = if keep == 0 { rows.first().map(|_| ActionRequestId::MAX) } else { rows.first().copied() };
    Ok(first.filter(|_| keep == 0 || rows.len() == 2))
}

/// Deletes up to `limit` requests that have ended from before this one, of an app if one is named, and the things that
/// were kept for them alone; how many requests there were.
pub fn trim(transaction: &Transaction<'_>, app: Option<AppId>, first: ActionRequestId, limit: u32) -> Result<usize> {
    let of_app = if app.is_some() { "app = ?3" } else { "?3 IS NULL" };
    let sql = format!(
        "DELETE FROM action_requests WHERE id IN (SELECT id FROM action_requests \
         WHERE {of_app} AND id < ?1 AND status <> 'PENDING' ORDER BY id LIMIT ?2) RETURNING thing"
    );
    let mut statement = transaction.prepare_cached(&sql)?;
    let things = statement.query_map(params![first, limit, app], |row| row.get(0))?;
    let things: Vec<ThingId> = things.collect::<Result<_, _>>()?;
    let mut statement = transaction.prepare_cached(
        "DELETE FROM removed_things WHERE id IN rarray(?1) \
         AND NOT EXISTS (SELECT 1 FROM action_requests WHERE thing = removed_things.id)",
    )?;
    statement.execute([array(&things)])?;
    Ok(things.len())
}

/// Whether any pending request's deadline has passed.
///
/// # Errors
/// Faults of the database.
pub fn any_overdue(connection: &Connection, now: Timestamp) -> Result<bool> {
    let mut statement = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM action_requests WHERE status = 'PENDING' AND deadline <= ?1)")?;
    Ok(statement.query_row([now], |row| row.get(0))?)
}
