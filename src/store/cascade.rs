//! Deletes what belongs to a noun before the noun itself, in steps that are short: a noun may have a thousand things of
//! a thousand parts, and everybody else's writes wait for each step.

use crate::model::error::Result;
use crate::model::id::{AccountId, AppId, InstanceId, ThingId};
use crate::model::thing::ThingKey;
use crate::model::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, Row, Transaction, params};
use std::time::{Duration, Instant};

/// How long a step takes, give or take one thing with all its parts.
const STEP_TIME: Duration = Duration::from_millis(5);
/// How many action requests are deleted before the step looks at the clock.
const REQUESTS_AT_ONCE: usize = 200;

/// One step: it deletes something in any case, and ends some milliseconds after it began.
#[derive(Debug)]
pub struct Step {
    end: Instant,
}

impl Step {
    /// Begins one.
    #[must_use]
    pub fn begin() -> Self {
        Self { end: Instant::now() + STEP_TIME }
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.end
    }
}

/// Deletes things of an instance, and what was kept of those that its connector deleted, with their action requests;
/// whether none is left.
pub fn of_instance(transaction: &Transaction<'_>, id: InstanceId, step: &Step) -> Result<bool> {
    let next = "SELECT key, id FROM things WHERE instance = ?1 ORDER BY key LIMIT 1";
    if !things(transaction, next, id, step)? {
        return Ok(false);
    }
    let next = "SELECT id FROM removed_things WHERE instance = ?1 LIMIT 1";
    removed_things(transaction, next, [id], step)
}

/// Deletes things that an app keeps itself; whether none is left.
pub fn of_app(transaction: &Transaction<'_>, id: AppId, step: &Step) -> Result<bool> {
    let next = "SELECT key, id FROM things WHERE app = ?1 AND instance IS NULL ORDER BY key LIMIT 1";
    things(transaction, next, id, step)
}

/// Deletes things of an account's apps, whose installations are gone; whether none is left.
pub fn of_account(transaction: &Transaction<'_>, id: AccountId, step: &Step) -> Result<bool> {
    let next = "SELECT t.key, t.id FROM apps AS a CROSS JOIN things AS t ON t.app = a.id WHERE a.owner = ?1 LIMIT 1";
    things(transaction, next, id, step)
}

/// Deletes those of these things that the app keeps itself, from the first on: which of them there were, and how many
/// of these things the step came to.
pub fn own_things(
    transaction: &Transaction<'_>,
    app: AppId,
    keys: &[ThingKey],
    step: &Step,
) -> Result<(Vec<ThingId>, usize)> {
    let mut find =
        transaction.prepare_cached("SELECT id FROM things WHERE key = ?1 AND app = ?2 AND instance IS NULL")?;
    let mut deleted = Vec::new();
    for (done, key) in keys.iter().enumerate() {
        if done > 0 && step.is_over() {
            return Ok((deleted, done));
        }
        if let Some(id) = find.query_row(params![key, app], |row| row.get(0)).optional()? {
            if !thing(transaction, *key, id, step)? {
                return Ok((deleted, done));
            }
            deleted.push(id);
        }
    }
    Ok((deleted, keys.len()))
}

/// Deletes what was kept of things that were deleted before a time, with their action requests; whether none is left.
pub fn removed_before(transaction: &Transaction<'_>, before: Timestamp, step: &Step) -> Result<bool> {
    let next = "SELECT id FROM removed_things WHERE removed_at < ?1 ORDER BY removed_at LIMIT 1";
    removed_things(transaction, next, [before], step)
}

/// Deletes the things that `next` finds one by one; whether none is left.
fn things(transaction: &Transaction<'_>, next: &str, of: impl rusqlite::ToSql, step: &Step) -> Result<bool> {
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    while let Some((key, id)) = first(transaction, next, params![of], read)? {
        if !thing(transaction, key, id, step)? || step.is_over() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn removed_things(transaction: &Transaction<'_>, next: &str, of: impl Params + Copy, step: &Step) -> Result<bool> {
    while let Some(id) = first(transaction, next, of, |row| row.get::<_, ThingId>(0))? {
        if !requests(transaction, id, step)? {
            return Ok(false);
        }
        transaction.prepare_cached("DELETE FROM removed_things WHERE id = ?1")?.execute([id])?;
        if step.is_over() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn first<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>> {
    Ok(connection.prepare_cached(sql)?.query_row(params, read).optional()?)
}

/// Deletes a thing with its parts, after its requests; whether it is gone.
fn thing(transaction: &Transaction<'_>, key: ThingKey, id: ThingId, step: &Step) -> Result<bool> {
    if !requests(transaction, id, step)? {
        return Ok(false);
    }
    transaction.prepare_cached("DELETE FROM things WHERE key = ?1")?.execute([key])?;
    Ok(true)
}

/// Deletes action requests for a thing; whether none is left.
fn requests(transaction: &Transaction<'_>, thing: ThingId, step: &Step) -> Result<bool> {
    let mut statement = transaction.prepare_cached(
        "DELETE FROM action_requests WHERE id IN (SELECT id FROM action_requests WHERE thing = ?1 ORDER BY id LIMIT ?2)",
    )?;
    while statement.execute(params![thing, REQUESTS_AT_ONCE])? == REQUESTS_AT_ONCE {
        if step.is_over() {
            return Ok(false);
        }
    }
    Ok(true)
}
