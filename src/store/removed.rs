//! Things that their connector deleted, kept for a while beside the action requests for them, as they were.

use crate::model::error::Result;
use crate::model::id::ThingId;
use crate::model::thing::{
    Action, ActionParameter, Attribute, Component, ComponentKey, Property, PropertyKey, StoredProperty, Thing,
    ThingKey, ThingStatus, WholeComponent, WholeThing,
};
use crate::model::time::Timestamp;
use crate::model::value::ValueType;
use crate::store::meter;
use crate::store::row::array;
use rusqlite::{Connection, Row, Transaction, params};
use serde::{Deserialize, Serialize};

/// Whether there are action requests for a thing.
pub fn has_requests(connection: &Connection, thing: ThingId) -> Result<bool> {
    let mut statement = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM action_requests WHERE thing = ?1)")?;
    Ok(statement.query_row([thing], |row| row.get(0))?)
}

/// Keeps a thing of an instance that is about to be deleted, and so its requests.
pub fn keep(transaction: &Transaction<'_>, whole: &WholeThing, now: Timestamp) -> Result<()> {
    let thing = &whole.thing;
    let mut statement = transaction.prepare_cached(
        "INSERT INTO removed_things (id, app, subject, instance, whole, removed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let text = serde_json::to_string(&Kept::of(whole)).map_err(crate::model::error::Error::fault)?;
    statement.execute(params![thing.id, thing.app, thing.subject, thing.instance, text, now])?;
    Ok(())
}

/// Those of these things that were deleted and are kept, in no particular order.
pub fn get_many(connection: &Connection, ids: &[ThingId]) -> Result<Vec<WholeThing>> {
    let mut statement = connection
        .prepare_cached("SELECT id, app, subject, instance, whole FROM removed_things WHERE id IN rarray(?1)")?;
    Ok(statement.query_map([array(ids)], read)?.collect::<Result<_, _>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<WholeThing> {
    let kept: Kept = serde_json::from_str(meter::borrowed(row, 4)?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(4, rusqlite::types::Type::Text, error.into()))?;
    Ok(WholeThing {
        thing: Thing {
            key: ThingKey(kept.key),
            id: row.get(0)?,
            app: row.get(1)?,
            subject: row.get(2)?,
            instance: row.get(3)?,
            name: kept.name,
            manufacturer: kept.manufacturer,
            main_component_id: kept.main_component_id,
            display_type: kept.display_type,
            status: ThingStatus::from_name(&kept.status).unwrap_or(ThingStatus::Unknown),
            created_at: Timestamp::from_micros(kept.created_at),
        },
        attributes: kept.attributes.into_iter().map(|(name, value)| Attribute { name, value }).collect(),
        components: kept.components.into_iter().map(KeptComponent::into_whole).collect(),
    })
}

/// What is kept of a thing, as JSON. Databases hold it: a member more needs a default.
#[derive(Serialize, Deserialize)]
struct Kept {
    key: i64,
    name: String,
    manufacturer: String,
    main_component_id: String,
    display_type: String,
    status: String,
    created_at: i64,
    attributes: Vec<(String, String)>,
    components: Vec<KeptComponent>,
}

#[derive(Serialize, Deserialize)]
struct KeptComponent {
    key: i64,
    id: String,
    name: String,
    component_type: String,
    capabilities: Vec<String>,
    properties: Vec<KeptProperty>,
    actions: Vec<KeptAction>,
}

#[derive(Serialize, Deserialize)]
struct KeptProperty {
    key: i64,
    id: String,
    name: String,
    value: String,
    unit: String,
    kind: String,
    property_type: String,
    last_update: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct KeptAction {
    id: String,
    name: String,
    /// Names and types.
    parameters: Vec<(String, String)>,
}

/// What a type is called; one that is not known is a text.
fn kind(name: &str) -> ValueType {
    ValueType::from_name(name).unwrap_or(ValueType::String)
}

impl Kept {
    fn of(whole: &WholeThing) -> Self {
        let thing = &whole.thing;
        Self {
            key: thing.key.0,
            name: thing.name.clone(),
            manufacturer: thing.manufacturer.clone(),
            main_component_id: thing.main_component_id.clone(),
            display_type: thing.display_type.clone(),
            status: thing.status.name().to_owned(),
            created_at: thing.created_at.micros(),
            attributes: whole.attributes.iter().map(|one| (one.name.clone(), one.value.clone())).collect(),
            components: whole.components.iter().map(KeptComponent::of).collect(),
        }
    }
}

impl KeptComponent {
    fn of(whole: &WholeComponent) -> Self {
        let Component { key, id, name, component_type, capabilities } = whole.component.clone();
        let property = |StoredProperty { key, property }: &StoredProperty| {
            let Property { id, name, value, unit, kind, property_type, last_update } = property.clone();
            let (kind, last_update) = (kind.name().to_owned(), last_update.map(Timestamp::micros));
            KeptProperty { key: key.0, id, name, value, unit, kind, property_type, last_update }
        };
        let action = |action: &Action| {
            let Action { id, name, parameters } = action.clone();
            let parameters = parameters.into_iter().map(|one| (one.name, one.kind.name().to_owned())).collect();
            KeptAction { id, name, parameters }
        };
        let properties = whole.properties.iter().map(property).collect();
        let actions = whole.actions.iter().map(action).collect();
        Self { key: key.0, id, name, component_type, capabilities, properties, actions }
    }

    fn into_whole(self) -> WholeComponent {
        let Self { key, id, name, component_type, capabilities, properties, actions } = self;
        let property = |kept: KeptProperty| StoredProperty {
            key: PropertyKey(kept.key),
            property: Property {
                id: kept.id,
                name: kept.name,
                value: kept.value,
                unit: kept.unit,
                kind: kind(&kept.kind),
                property_type: kept.property_type,
                last_update: kept.last_update.map(Timestamp::from_micros),
            },
        };
        let action = |kept: KeptAction| Action {
            id: kept.id,
            name: kept.name,
            parameters: kept
                .parameters
                .into_iter()
                .map(|(name, type_name)| ActionParameter { name, kind: kind(&type_name) })
                .collect(),
        };
        WholeComponent {
            component: Component { key: ComponentKey(key), id, name, component_type, capabilities },
            properties: properties.into_iter().map(property).collect(),
            actions: actions.into_iter().map(action).collect(),
        }
    }
}
