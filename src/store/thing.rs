//! Things and their parts in the database.

mod constraint;
#[cfg(test)]
mod tests;

use crate::model::constraint::{
    ActionConstraint, AttributeConstraint, ComponentConstraints, PropertyConstraint, ThingConstraints,
};
use crate::model::error::{Error, Result};
use crate::model::id::{AccountId, AppId, InstanceId, ThingId};
use crate::model::instance::ExternalSubject;
use crate::model::page::Page;
use crate::model::thing::{
    Action, ActionParameter, Attribute, Component, ComponentKey, NewComponent, NewThing, Property, PropertyKey,
    StoredProperty, Thing, ThingKey, ThingStatus,
};
use crate::model::time::Timestamp;
use crate::store::history::length;
use crate::store::meter;
use crate::store::row::{array, texts_from_column, texts_to_column};
use crate::store::usage::{self, Usage};
use constraint::Conditions;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use std::collections::HashMap;

const COLUMNS: &str = "key, id, app, subject, instance, name, manufacturer, main_component_id, display_type, status, \
    created_at";

fn read(row: &Row<'_>) -> rusqlite::Result<Thing> {
    Ok(Thing {
        key: row.get(0)?,
        id: row.get(1)?,
        app: row.get(2)?,
        subject: row.get(3)?,
        instance: row.get(4)?,
        name: row.get(5)?,
        manufacturer: row.get(6)?,
        main_component_id: row.get(7)?,
        display_type: row.get(8)?,
        status: row.get(9)?,
        created_at: row.get(10)?,
    })
}

/// Whose a thing is.
#[derive(Debug)]
pub struct Belonging<'a> {
    /// The app that sees it.
    pub app: AppId,
    /// The app's account, which its bytes count for.
    pub owner: AccountId,
    /// The end customer that it belongs to.
    pub subject: &'a ExternalSubject,
    /// The instance that created it.
    pub instance: Option<InstanceId>,
}

/// Adds a thing with all its parts. Initial values that are not empty count as updates of `now`.
///
/// # Errors
/// Faults of the database.
pub fn insert(
    transaction: &Transaction<'_>,
    id: ThingId,
    belonging: &Belonging<'_>,
    thing: &NewThing,
    now: Timestamp,
) -> Result<()> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO things (id, app, subject, instance, name, manufacturer, main_component_id, display_type, status, \
         created_at, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    let key = ThingKey(statement.insert(params![
        id,
        belonging.app,
        belonging.subject,
        belonging.instance,
        thing.name,
        thing.manufacturer,
        thing.main_component_id,
        thing.display_type,
        thing.status,
        now,
        thing.bytes()
    ])?);
    usage::note(belonging.owner, Usage { things: thing.bytes(), ..Usage::default() });
    let mut statement =
        transaction.prepare_cached("INSERT INTO attributes (thing, position, name, value) VALUES (?1, ?2, ?3, ?4)")?;
    for (position, Attribute { name, value }) in thing.attributes.iter().enumerate() {
        statement.execute(params![key, position, name, value])?;
    }
    for component in &thing.components {
        insert_component(transaction, belonging.owner, key, component, now)?;
    }
    Ok(())
}

fn insert_component(
    transaction: &Transaction<'_>,
    owner: AccountId,
    thing: ThingKey,
    component: &NewComponent,
    now: Timestamp,
) -> Result<()> {
    let NewComponent { id, name, component_type, capabilities, properties, actions } = component;
    let mut statement = transaction.prepare_cached(
        "INSERT INTO components (thing, id, name, component_type, capabilities) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    let key = statement.insert(params![thing, id, name, component_type, texts_to_column(capabilities)])?;
    let mut insert_capability =
        transaction.prepare_cached("INSERT OR IGNORE INTO capabilities (component, capability) VALUES (?1, ?2)")?;
    for capability in capabilities {
        insert_capability.execute(params![key, capability])?;
    }
    for property in properties {
        insert_property(transaction, owner, key, property, now)?;
    }
    let mut insert_action =
        transaction.prepare_cached("INSERT INTO actions (component, id, name) VALUES (?1, ?2, ?3)")?;
    let mut insert_parameter = transaction
        .prepare_cached("INSERT INTO action_parameters (action, position, name, type) VALUES (?1, ?2, ?3, ?4)")?;
    for action in actions {
        let action_key = insert_action.insert(params![key, action.id, action.name])?;
        for (position, ActionParameter { name, kind }) in action.parameters.iter().enumerate() {
            insert_parameter.execute(params![action_key, position, name, kind])?;
        }
    }
    Ok(())
}

fn insert_property(
    transaction: &Transaction<'_>,
    owner: AccountId,
    component: i64,
    property: &Property,
    now: Timestamp,
) -> Result<()> {
    let Property { id, name, value, unit, kind, property_type, last_update } = property;
    let mut statement = transaction.prepare_cached(
        "INSERT INTO properties (component, id, name, value, unit, type, property_type, last_update, owner) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    let at = (!value.is_empty()).then(|| last_update.unwrap_or(now));
    let key =
        PropertyKey(statement.insert(params![component, id, name, value, unit, kind, property_type, at, owner])?);
    usage::note(owner, Usage { things: length(value), ..Usage::default() });
    if let Some(at) = at {
        let update = crate::model::history::PropertyUpdate { value: value.clone(), at };
        if let Some(historic) = update.historic(*kind) {
            super::history::insert_first(transaction, owner, key, at, &historic)?;
        }
    }
    Ok(())
}

/// The thing with this identifier.
///
/// # Errors
/// Faults of the database.
pub fn get(connection: &Connection, id: ThingId) -> Result<Option<Thing>> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM things WHERE id = ?1"))?;
    Ok(statement.query_row([id], read).optional()?)
}

/// The things with these identifiers, in no particular order.
///
/// # Errors
/// Faults of the database.
pub fn get_many(connection: &Connection, ids: &[ThingId]) -> Result<Vec<Thing>> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM things WHERE id IN rarray(?1)"))?;
    Ok(statement.query_map([array(ids)], read)?.collect::<Result<_, _>>()?)
}

/// Which of an app's things are meant.
#[derive(Debug)]
pub struct Selection<'a> {
    /// The app that sees them.
    pub app: AppId,
    /// Those of one end customer, where one is named.
    pub subject: Option<&'a ExternalSubject>,
    /// Those that the app keeps itself, no connector.
    pub own: bool,
    /// Those like this.
    pub constraints: &'a ThingConstraints,
}

/// In how many components a capability may be, of all apps, to count as rare.
const RARE_MAX: u32 = 1_000;

/// A rare capability that the things must have, if nothing says more about them.
fn rare_capability<'a>(connection: &Connection, selection: &Selection<'a>) -> Result<Option<&'a String>> {
    let Selection { subject, constraints, .. } = selection;
    if subject.is_some() || constraints.thing.id.is_some() || constraints.thing.name.is_some() {
        return Ok(None);
    }
    let sql = "SELECT 1 FROM capabilities WHERE capability = ?1 LIMIT 1 OFFSET ?2";
    let mut statement = connection.prepare_cached(sql)?;
    for capability in constraints.component.component.capabilities() {
        if !statement.exists(params![capability, RARE_MAX])? {
            return Ok(Some(capability));
        }
    }
    Ok(None)
}

/// A page of the things that are meant, in the order of creation.
///
/// # Errors
/// [`Error::Conflict`] if the thing that the page is to follow is gone; faults of the database.
pub fn of_app(connection: &Connection, selection: &Selection<'_>, page: Page<ThingId>) -> Result<Vec<Thing>> {
    let Selection { app, subject, own, constraints } = selection;
    let mut conditions = Conditions::default();
    let first = conditions.params.bind(page.first);
    let rare = rare_capability(connection, selection)?;
    // With a plus SQLite uses no index for it: the things that have the capability are looked at one by one.
    let plus = if rare.is_some() { "+" } else { "" };
    conditions.equal(&format!("{plus}things.app"), Some(app));
    conditions.equal("things.subject", *subject);
    conditions.things(constraints, subject.is_some());
    if let Some(rare) = rare {
        conditions.able(rare);
    }
    let own = if *own { "things.instance IS NULL" } else { "TRUE" };
    let after = match page.after {
        Some(after) => {
            let before = get(connection, after)?.filter(|thing| thing.app == *app);
            let gone = || Error::Conflict("the thing named by `after` is gone; begin the list anew".to_owned());
            before.ok_or_else(gone)?.key
        }
        None => ThingKey(i64::MIN),
    };
    let after = conditions.params.bind(after);
    let conditions_sql = conditions.sql();
    let sql = format!(
        "SELECT {COLUMNS} FROM things WHERE {own}{conditions_sql} AND {plus}things.key > {after} ORDER BY things.key LIMIT {first}"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_map(&*conditions.params.values(), read)?.collect::<Result<_, _>>()?)
}

/// The things of these instances, each instance's in the order of creation.
///
/// # Errors
/// Faults of the database.
pub fn of_instances(connection: &Connection, instances: &[InstanceId]) -> Result<Vec<Thing>> {
    let sql = format!("SELECT {COLUMNS} FROM things WHERE instance IN rarray(?1) ORDER BY instance, key");
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_map([array(instances)], read)?.collect::<Result<_, _>>()?)
}

/// The attributes of these things that are like this, in the order in which they were given.
///
/// # Errors
/// Faults of the database.
pub fn attributes(
    connection: &Connection,
    things: &[ThingKey],
    constraint: &AttributeConstraint,
) -> Result<HashMap<ThingKey, Vec<Attribute>>> {
    let mut conditions = Conditions::default();
    let things = conditions.params.bind(array(things));
    conditions.attribute(constraint);
    let mut statement = connection.prepare_cached(&format!(
        "SELECT thing, name, value FROM attributes WHERE thing IN rarray({things}){} ORDER BY thing, position",
        conditions.sql()
    ))?;
    let mut rows = statement.query(&*conditions.params.values())?;
    let mut found: HashMap<_, Vec<_>> = HashMap::new();
    while let Some(row) = rows.next()? {
        found.entry(row.get(0)?).or_default().push(Attribute { name: row.get(1)?, value: meter::text(row, 2)? });
    }
    Ok(found)
}

/// The components of these things that are like this, in the order in which they were given.
///
/// # Errors
/// Faults of the database.
pub fn components(
    connection: &Connection,
    things: &[ThingKey],
    constraints: &ComponentConstraints,
) -> Result<HashMap<ThingKey, Vec<Component>>> {
    let mut conditions = Conditions::default();
    let things = conditions.params.bind(array(things));
    conditions.components(constraints);
    let mut statement = connection.prepare_cached(&format!(
        "SELECT thing, key, id, name, component_type, capabilities FROM components \
         WHERE thing IN rarray({things}){} ORDER BY thing, key",
        conditions.sql()
    ))?;
    let mut rows = statement.query(&*conditions.params.values())?;
    let mut found: HashMap<_, Vec<_>> = HashMap::new();
    while let Some(row) = rows.next()? {
        found.entry(row.get(0)?).or_default().push(Component {
            key: row.get(1)?,
            id: row.get(2)?,
            name: row.get(3)?,
            component_type: row.get(4)?,
            capabilities: texts_from_column(row, 5)?,
        });
    }
    Ok(found)
}

/// The properties of these components that are like this, in the order in which they were given.
///
/// # Errors
/// Faults of the database.
pub fn properties(
    connection: &Connection,
    components: &[ComponentKey],
    constraint: &PropertyConstraint,
) -> Result<HashMap<ComponentKey, Vec<StoredProperty>>> {
    let mut conditions = Conditions::default();
    let components = conditions.params.bind(array(components));
    conditions.property(constraint);
    let mut statement = connection.prepare_cached(&format!(
        "SELECT component, key, id, name, value, unit, type, property_type, last_update FROM properties \
         WHERE component IN rarray({components}){} ORDER BY component, key",
        conditions.sql()
    ))?;
    let mut rows = statement.query(&*conditions.params.values())?;
    let mut found: HashMap<_, Vec<_>> = HashMap::new();
    while let Some(row) = rows.next()? {
        found.entry(row.get(0)?).or_default().push(StoredProperty {
            key: row.get(1)?,
            property: Property {
                id: row.get(2)?,
                name: row.get(3)?,
                value: meter::text(row, 4)?,
                unit: row.get(5)?,
                kind: row.get(6)?,
                property_type: row.get(7)?,
                last_update: row.get(8)?,
            },
        });
    }
    Ok(found)
}

/// The actions of these components that are like this, with all their parameters, in the order in
/// which they were given.
///
/// # Errors
/// Faults of the database.
pub fn actions(
    connection: &Connection,
    components: &[ComponentKey],
    constraint: &ActionConstraint,
) -> Result<HashMap<ComponentKey, Vec<Action>>> {
    let mut conditions = Conditions::default();
    let components = conditions.params.bind(array(components));
    conditions.action(constraint);
    let mut statement = connection.prepare_cached(&format!(
        "SELECT actions.component, actions.key, actions.id, actions.name, p.name, p.type FROM actions \
         LEFT JOIN action_parameters AS p ON p.action = actions.key \
         WHERE actions.component IN rarray({components}){} ORDER BY actions.component, actions.key, p.position",
        conditions.sql()
    ))?;
    let mut rows = statement.query(&*conditions.params.values())?;
    let mut found: HashMap<_, Vec<Action>> = HashMap::new();
    let mut last = None;
    while let Some(row) = rows.next()? {
        let actions = found.entry(row.get(0)?).or_default();
        let key: i64 = row.get(1)?;
        if last != Some(key) {
            actions.push(Action { id: row.get(2)?, name: row.get(3)?, parameters: Vec::new() });
            last = Some(key);
        }
        if let (Some(name), Some(action)) = (row.get::<_, Option<String>>(4)?, actions.last_mut()) {
            action.parameters.push(ActionParameter { name, kind: row.get(5)? });
        }
    }
    Ok(found)
}

/// Changes whether a thing of an instance can be reached; whether there is such a thing.
///
/// # Errors
/// Faults of the database.
pub fn set_status(
    transaction: &Transaction<'_>,
    instance: InstanceId,
    id: ThingId,
    status: ThingStatus,
) -> Result<bool> {
    let mut statement = transaction.prepare_cached("UPDATE things SET status = ?3 WHERE id = ?1 AND instance = ?2")?;
    Ok(statement.execute(params![id, instance, status])? == 1)
}

/// Deletes a thing of an instance with its parts; whether there was such a thing.
///
/// # Errors
/// Faults of the database.
pub fn delete(transaction: &Transaction<'_>, instance: InstanceId, id: ThingId) -> Result<bool> {
    let mut statement = transaction.prepare_cached("DELETE FROM things WHERE id = ?1 AND instance = ?2")?;
    Ok(statement.execute(params![id, instance])? == 1)
}
