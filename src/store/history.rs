//! Values of properties in the database: the current one and the points of the past.

mod condition;
#[cfg(test)]
mod tests;

use crate::model::bucket::{Aggregate, Bucket, Gathered, TimeBucket};
use crate::model::error::Result;
use crate::model::history::{
    HistoricValue, HistoryPage, HistoryPoint, HistorySelection, HistorySummary, PropertyUpdate,
};
use crate::model::id::{AccountId, InstanceId, ThingId};
use crate::model::thing::PropertyKey;
use crate::model::time::Timestamp;
use crate::model::value::ValueType;
use crate::store::row::{array, finite, historic_value};
use crate::store::usage::{self, Usage};
use condition::Where;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

/// A property as an update needs to know it.
#[derive(Debug, Clone)]
pub struct PropertyAddress {
    key: PropertyKey,
    /// The component's ID as the thing spells it.
    pub component: String,
    /// The property's ID as the thing spells it.
    pub property: String,
    /// What its values must be.
    pub kind: ValueType,
    last_update: Option<Timestamp>,
    /// The account that its bytes count for.
    owner: Option<AccountId>,
    /// How long the current value is.
    value_bytes: i64,
}

/// What a point costs beside its value: its key and time, and its share of a page.
const POINT_BYTES: i64 = 24;

/// The bytes of a point.
#[must_use]
pub fn bytes_of(value: &HistoricValue) -> i64 {
    POINT_BYTES
        + match value {
            HistoricValue::Text(text) => length(text),
            HistoricValue::Number(_) | HistoricValue::Boolean(_) => 8,
        }
}

/// The length of a text in bytes, as the database counts.
pub(super) fn length(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap_or(i64::MAX)
}

/// Finds a property of a thing of an instance.
///
/// # Errors
/// Faults of the database.
pub fn find_property(
    connection: &Connection,
    instance: InstanceId,
    thing: ThingId,
    component: &str,
    property: &str,
) -> Result<Option<PropertyAddress>> {
    let mut statement = connection.prepare_cached(
        "SELECT p.key, p.type, p.last_update, c.id, p.id, p.owner, octet_length(p.value) FROM things AS t JOIN components AS c ON c.thing = t.key \
         JOIN properties AS p ON p.component = c.key \
         WHERE t.id = ?1 AND t.instance = ?2 AND c.id = ?3 AND p.id = ?4",
    )?;
    let address = statement
        .query_row(params![thing, instance, component, property], |row| {
            Ok(PropertyAddress {
                key: row.get(0)?,
                kind: row.get(1)?,
                last_update: row.get(2)?,
                component: row.get(3)?,
                property: row.get(4)?,
                owner: row.get(5)?,
                value_bytes: row.get(6)?,
            })
        })
        .optional()?;
    Ok(address)
}

/// Adds the update to the property's history, and makes it the current value unless that is newer; whether it did. A
/// current value later than `latest` is of a time when a clock was wrong, and newer than nothing.
///
/// # Errors
/// Faults of the database.
pub fn update(
    transaction: &Transaction<'_>,
    address: &PropertyAddress,
    update: &PropertyUpdate,
    historic: &HistoricValue,
    latest: Timestamp,
) -> Result<bool> {
    // Only one that is not the newest can replace another.
    let replaces = address.last_update.is_some_and(|last| update.at <= last);
    let replaced = if replaces { bytes_at(transaction, address.key, update.at)? } else { 0 };
    insert(transaction, address.key, update.at, historic)?;
    let current = address.last_update.is_none_or(|last| update.at >= last || last > latest);
    if let Some(owner) = address.owner {
        let things = if current { length(&update.value) - address.value_bytes } else { 0 };
        usage::note(owner, Usage { history: bytes_of(historic) - replaced, things, ..Usage::default() });
    }
    if current {
        let mut statement =
            transaction.prepare_cached("UPDATE properties SET value = ?2, last_update = ?3 WHERE key = ?1")?;
        statement.execute(params![address.key, update.value, update.at])?;
    }
    Ok(current)
}

/// The bytes of the point of a time; 0 if there is none.
fn bytes_at(connection: &Connection, property: PropertyKey, at: Timestamp) -> Result<i64> {
    let mut statement = connection.prepare_cached(
        "SELECT iif(typeof(value) = 'text', octet_length(value), 8) FROM history WHERE property = ?1 AND at = ?2",
    )?;
    let bytes = statement.query_row(params![property, at], |row| row.get::<_, i64>(0)).optional()?;
    Ok(bytes.map_or(0, |bytes| POINT_BYTES + bytes))
}

/// Adds the first point of a property that is made.
pub(super) fn insert_first(
    transaction: &Transaction<'_>,
    owner: AccountId,
    property: PropertyKey,
    at: Timestamp,
    value: &HistoricValue,
) -> Result<()> {
    usage::note(owner, Usage { history: bytes_of(value), ..Usage::default() });
    insert(transaction, property, at, value)
}

/// Adds a point; one of the same time is replaced.
fn insert(transaction: &Transaction<'_>, property: PropertyKey, at: Timestamp, value: &HistoricValue) -> Result<()> {
    let mut statement =
        transaction.prepare_cached("INSERT OR REPLACE INTO history (property, at, value) VALUES (?1, ?2, ?3)")?;
    statement.execute(params![property, at, value])?;
    Ok(())
}

/// A page of the selected points, or of the buckets that they are gathered into, in the order of
/// time; one row more than the page's size tells that there are more.
///
/// # Errors
/// Faults of the database.
pub fn page(
    connection: &Connection,
    property: PropertyKey,
    kind: ValueType,
    selection: &HistorySelection,
    page: &HistoryPage,
) -> Result<Vec<HistoryPoint>> {
    let after = page.after.map(|after| match &page.bucket {
        Some(bucket) => bucket.at(after).end(),
        None => Timestamp::from_micros(after.micros().saturating_add(1)),
    });
    let from = after.map_or(selection.from, |after| after.max(selection.from));
    let filter = Where::new(property, from, selection.to, selection.condition.as_ref());
    let limit = page.size as usize + 1;
    let mut points = match &page.bucket {
        Some(bucket) => buckets(connection, &filter, bucket, page.last, limit)?,
        None => rows(connection, filter, kind, page.last, limit)?,
    };
    if page.last {
        points.reverse();
    }
    Ok(points)
}

fn order(last: bool) -> &'static str {
    if last { "DESC" } else { "ASC" }
}

fn rows(
    connection: &Connection,
    mut filter: Where,
    kind: ValueType,
    last: bool,
    limit: usize,
) -> Result<Vec<HistoryPoint>> {
    let limit = filter.bind(limit);
    let (conditions, order) = (filter.sql(), order(last));
    let sql = format!("SELECT at, value FROM history WHERE {conditions} ORDER BY at {order} LIMIT {limit}");
    let read = |row: &Row<'_>| Ok(HistoryPoint { at: row.get(0)?, value: historic_value(row, 1, kind)? });
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_map(&*filter.params(), read)?.collect::<Result<_, _>>()?)
}

/// Gathers the points as they come, which is in the order of buckets, and reads no further than the
/// buckets that are wanted: GROUP BY would sort all of them first.
fn buckets(
    connection: &Connection,
    filter: &Where,
    bucket: &TimeBucket,
    last: bool,
    limit: usize,
) -> Result<Vec<HistoryPoint>> {
    let counts = bucket.aggregate == Aggregate::Count;
    let (value, conditions, order) = (if counts { "1.0" } else { "value" }, filter.sql(), order(last));
    let sql = format!("SELECT at, {value} FROM history WHERE {conditions} ORDER BY at {order}");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(&*filter.params())?;
    let mut points = Vec::new();
    let mut gathered: Option<(Bucket, Gathered)> = None;
    while let Some(row) = rows.next()? {
        let (at, value) = (row.get(0)?, row.get(1)?);
        match &mut gathered {
            Some((same, gathered)) if same.holds(at) => gathered.add(value),
            other => {
                let next = (bucket.at(at), Gathered::of(value));
                points.extend(other.replace(next).map(|done| point(done, bucket.aggregate)));
                if points.len() == limit {
                    return Ok(points);
                }
            }
        }
    }
    points.extend(gathered.map(|done| point(done, bucket.aggregate)));
    Ok(points)
}

fn point((bucket, gathered): (Bucket, Gathered), aggregate: Aggregate) -> HistoryPoint {
    HistoryPoint { at: bucket.start(), value: HistoricValue::Number(finite(gathered.aggregated(aggregate))) }
}

/// What all selected points amount to.
///
/// # Errors
/// Faults of the database.
pub fn summary(
    connection: &Connection,
    property: PropertyKey,
    kind: ValueType,
    selection: &HistorySelection,
) -> Result<HistorySummary> {
    let filter = Where::new(property, selection.from, selection.to, selection.condition.as_ref());
    // A text is no number, though SQLite would make one of it.
    let numbers = match kind {
        ValueType::String => "NULL, NULL, NULL",
        ValueType::Number | ValueType::Boolean => "sum(value), max(value), min(value)",
    };
    let sql = format!("SELECT count(*), {numbers} FROM history WHERE {}", filter.sql());
    let summary = connection.prepare_cached(&sql)?.query_row(&*filter.params(), |row| {
        let (count, sum) = (row.get(0)?, row.get::<_, Option<f64>>(1)?);
        let (max, min) = (row.get::<_, Option<f64>>(2)?, row.get::<_, Option<f64>>(3)?);
        // Rounding takes the mean no further than any of the values.
        let avg = sum.zip(min.zip(max)).map(|(sum, (min, max))| (sum / count as f64).clamp(min, max));
        Ok(HistorySummary { count, sum, avg, max, min })
    })?;
    // Once SQLite's sum was beyond all numbers, it is infinite or none, whatever is added to it.
    if summary.max.is_some() && !summary.sum.is_some_and(f64::is_finite) {
        return great_summary(connection, &filter, summary);
    }
    Ok(summary)
}

/// Adds values again that are too great for SQLite's sum.
fn great_summary(connection: &Connection, filter: &Where, summary: HistorySummary) -> Result<HistorySummary> {
    let sql = format!("SELECT value FROM history WHERE {}", filter.sql());
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(&*filter.params())?;
    let mut gathered: Option<Gathered> = None;
    while let Some(row) = rows.next()? {
        let value = row.get(0)?;
        match &mut gathered {
            Some(gathered) => gathered.add(value),
            none => *none = Some(Gathered::of(value)),
        }
    }
    let made = |aggregate| gathered.map(|gathered| finite(gathered.aggregated(aggregate)));
    Ok(HistorySummary { sum: made(Aggregate::Sum), avg: made(Aggregate::Avg), ..summary })
}

/// Adds points of the past where there are none yet; how many there were. The current value stays.
///
/// # Errors
/// Faults of the database.
pub fn insert_missing(transaction: &Transaction<'_>, property: PropertyKey, points: &[HistoryPoint]) -> Result<usize> {
    let mut of = transaction.prepare_cached("SELECT owner FROM properties WHERE key = ?1")?;
    let Some(owner) = of.query_row([property], |row| row.get::<_, Option<AccountId>>(0)).optional()? else {
        return Ok(0);
    };
    let mut statement =
        transaction.prepare_cached("INSERT OR IGNORE INTO history (property, at, value) VALUES (?1, ?2, ?3)")?;
    let mut added = 0;
    for point in points {
        let new = statement.execute(params![property, point.at, point.value])?;
        if let (1, Some(owner)) = (new, owner) {
            usage::note(owner, Usage { history: bytes_of(&point.value), ..Usage::default() });
        }
        added += new;
    }
    Ok(added)
}

/// Of the next properties after this one, those that have points from before `oldest`, and the last
/// property that was looked at; none where there is no further one.
///
/// # Errors
/// Faults of the database.
pub fn with_points_before(
    connection: &Connection,
    after: PropertyKey,
    oldest: Timestamp,
    limit: u32,
) -> Result<Option<(Vec<PropertyKey>, PropertyKey)>> {
    let mut statement = connection.prepare_cached(
        "SELECT p.key, EXISTS (SELECT 1 FROM history AS h WHERE h.property = p.key AND h.at < ?2) \
         FROM properties AS p WHERE p.key > ?1 ORDER BY p.key LIMIT ?3",
    )?;
    let rows = statement.query_map(params![after, oldest, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<(PropertyKey, bool)> = rows.collect::<Result<_, _>>()?;
    let last = rows.last().map(|(key, _)| *key);
    Ok(last.map(|last| (rows.into_iter().filter(|(_, old)| *old).map(|(key, _)| key).collect(), last)))
}

/// Properties that are deleted and whose points are not yet.
///
/// # Errors
/// Faults of the database.
pub fn ended(connection: &Connection, limit: u32) -> Result<Vec<PropertyKey>> {
    let mut statement = connection
        .prepare_cached("SELECT property FROM ended_histories WHERE property > ?1 ORDER BY property LIMIT ?2")?;
    let rows = statement.query_map(params![PropertyKey::MIN, limit], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Deletes up to `limit` points of these properties from before that time, property by property,
/// the oldest first; how many of the properties have none left.
///
/// # Errors
/// Faults of the database.
pub fn trim(transaction: &Transaction<'_>, properties: &[PropertyKey], before: Timestamp, limit: u32) -> Result<usize> {
    let mut statement = transaction.prepare_cached(
        "DELETE FROM history WHERE property = ?1 AND at IN \
         (SELECT at FROM history WHERE property = ?1 AND at < ?2 ORDER BY at LIMIT ?3)",
    )?;
    let mut left = limit as usize;
    for (done, property) in properties.iter().enumerate() {
        let deleted = statement.execute(params![property, before, left])?;
        if deleted == left {
            return Ok(done);
        }
        left -= deleted;
    }
    Ok(properties.len())
}

/// Notes that deleted properties have no points left.
///
/// # Errors
/// Faults of the database.
pub fn forget_ended(transaction: &Transaction<'_>, properties: &[PropertyKey]) -> Result<()> {
    let mut statement = transaction.prepare_cached("DELETE FROM ended_histories WHERE property IN rarray(?1)")?;
    statement.execute([array(properties)])?;
    Ok(())
}
