//! Things with a past, inserted as plain SQL: through the API it would take hours.

use crate::Outcome;
use rusqlite::{Connection, Transaction, params};
use std::path::Path;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

/// When the past begins, in microseconds since 1970: 2025-01-01T00:00:00Z.
pub const FROM: i64 = 1_735_689_600_000_000;
/// When its last day begins.
pub const DAY: i64 = TO - 86_400_000_000;
/// When it ends: a year later.
pub const TO: i64 = FROM + 365 * 86_400_000_000;

/// One thing in so many has a property with very many points.
const DENSE_ONE_IN: usize = 100;
/// How far apart those are in the last day, in microseconds: 8,640 points.
const DENSE_DAY_STEP: i64 = 10_000_000;
/// How far apart those are in the rest of the year, in microseconds: 43,680 points.
const DENSE_YEAR_STEP: i64 = 720_000_000;
/// How many points every other property has.
const SPARSE_POINTS: i64 = 95;

/// The properties of every thing: ID, type, what they are.
const PROPERTIES: [(&str, &str, &str); 5] = [
    ("level", "NUMBER", "core.LEVEL"),
    ("on", "BOOLEAN", "core.ON"),
    ("temperature", "NUMBER", "core.TEMPERATURE"),
    ("humidity", "NUMBER", "core.HUMIDITY"),
    ("mode", "STRING", "core.MODE"),
];

/// What there is now.
pub struct Filled {
    /// The things in their order; the first has very many points.
    pub things: Vec<Uuid>,
    /// How many points there are in all.
    pub points: usize,
}

/// Gives an instance so many things with five properties each, and about 1,000 points a thing.
pub fn fill(database: &Path, instance: Uuid, things: usize) -> Outcome<Filled> {
    let mut connection = Connection::open(database)?;
    let transaction = connection.transaction()?;
    let mut ids: Vec<Uuid> = (0..things).map(|_| Uuid::now_v7()).collect();
    ids.sort();
    let mut points = 0;
    for (number, id) in ids.iter().enumerate() {
        points += insert_thing(&transaction, instance, number, *id)?;
    }
    transaction.commit()?;
    Ok(Filled { things: ids, points })
}

fn insert_thing(transaction: &Transaction<'_>, instance: Uuid, number: usize, id: Uuid) -> Outcome<usize> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO things (id, app, subject, instance, name, manufacturer, main_component_id, display_type, status, \
         created_at) SELECT ?1, app, subject, id, ?2, 'IoT', 'main', 'core.LAMP', 'AVAILABLE', created_at \
         FROM instances WHERE id = ?3",
    )?;
    let thing = statement.insert(params![id.as_bytes(), format!("Thing {number}"), instance.as_bytes()])?;
    // Every second thing can be dimmed.
    let capabilities =
        if number.is_multiple_of(2) { ["core.DIM", "core.SWITCH"] } else { ["core.MEASURE", "core.SWITCH"] };
    let mut statement = transaction.prepare_cached(
        "INSERT INTO components (thing, id, name, component_type, capabilities) VALUES (?1, 'main', 'Main', 'core.Lamp', ?2)",
    )?;
    let component = statement.insert(params![thing, serde_json::to_string(&capabilities)?])?;
    let mut statement =
        transaction.prepare_cached("INSERT INTO capabilities (component, capability) VALUES (?1, ?2)")?;
    for capability in capabilities {
        statement.execute(params![component, capability])?;
    }
    let mut points = 0;
    for (at, (id, kind, property_type)) in PROPERTIES.iter().enumerate() {
        let mut statement = transaction.prepare_cached(
            "INSERT INTO properties (component, id, name, value, unit, type, property_type, last_update) \
             VALUES (?1, ?2, ?2, '1', '', ?3, ?4, ?5)",
        )?;
        let property = statement.insert(params![component, id, kind, property_type, TO])?;
        points += match at {
            0 if number.is_multiple_of(DENSE_ONE_IN) => {
                insert_points(transaction, property, kind, FROM, DAY, DENSE_YEAR_STEP)?
                    + insert_points(transaction, property, kind, DAY, TO, DENSE_DAY_STEP)?
            }
            _ => insert_points(transaction, property, kind, FROM, TO, (TO - FROM) / SPARSE_POINTS + 1)?,
        };
    }
    Ok(points)
}

fn insert_points(
    transaction: &Transaction<'_>,
    property: i64,
    kind: &str,
    from: i64,
    to: i64,
    step: i64,
) -> Outcome<usize> {
    let value = match kind {
        "NUMBER" => "(at / 1000000 * 7919 % 1000) / 10.0",
        "BOOLEAN" => "at / 1000000 % 2",
        _ => "'mode ' || (at / 1000000 % 5)",
    };
    let mut statement = transaction.prepare_cached(&format!(
        "WITH RECURSIVE points (at) AS (VALUES (?2) UNION ALL SELECT at + ?4 FROM points WHERE at + ?4 < ?3) \
         INSERT INTO history (property, at, value) SELECT ?1, at, {value} FROM points"
    ))?;
    Ok(statement.execute(params![property, from, to, step])?)
}

/// A time as it is written, from microseconds since 1970.
pub fn written(micros: i64) -> Outcome<String> {
    Ok(OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000)?.format(&Rfc3339)?)
}
