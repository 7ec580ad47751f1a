//! Values of properties in the database: the current one and the points of the past.

use crate::model::error::Result;
use crate::model::history::{HistoricValue, PropertyUpdate};
use crate::model::id::{InstanceId, ThingId};
use crate::model::time::Timestamp;
use crate::model::value::ValueType;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

/// A property as an update needs to know it.
#[derive(Debug, Clone, Copy)]
pub struct PropertyAddress {
    key: i64,
    /// What its values must be.
    pub kind: ValueType,
    last_update: Option<Timestamp>,
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
        "SELECT p.key, p.type, p.last_update FROM things AS t JOIN components AS c ON c.thing = t.key \
         JOIN properties AS p ON p.component = c.key \
         WHERE t.id = ?1 AND t.instance = ?2 AND c.id = ?3 AND p.id = ?4",
    )?;
    let address = statement
        .query_row(params![thing, instance, component, property], |row| {
            Ok(PropertyAddress { key: row.get(0)?, kind: row.get(1)?, last_update: row.get(2)? })
        })
        .optional()?;
    Ok(address)
}

/// Adds the update to the property's history, and makes it the current value unless that is newer.
///
/// # Errors
/// Faults of the database.
pub fn update(
    transaction: &Transaction<'_>,
    address: PropertyAddress,
    update: &PropertyUpdate,
    historic: &HistoricValue,
) -> Result<()> {
    insert(transaction, address.key, update.at, historic)?;
    if address.last_update.is_none_or(|last| update.at >= last) {
        let mut statement =
            transaction.prepare_cached("UPDATE properties SET value = ?2, last_update = ?3 WHERE key = ?1")?;
        statement.execute(params![address.key, update.value, update.at])?;
    }
    Ok(())
}

/// Adds a point; one of the same time is replaced.
pub(super) fn insert(transaction: &Transaction<'_>, property: i64, at: Timestamp, value: &HistoricValue) -> Result<()> {
    let mut statement =
        transaction.prepare_cached("INSERT OR REPLACE INTO history (property, at, value) VALUES (?1, ?2, ?3)")?;
    statement.execute(params![property, at, value])?;
    Ok(())
}
