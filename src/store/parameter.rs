//! Parameters of publications and configuration values in the database.

use crate::model::error::Result;
use crate::model::id::PublicationId;
use crate::model::parameter::{ConfigurationValue, DisplayType, Parameter, ShownValue};
use crate::store::meter;
use crate::store::row::array;
use rusqlite::types::{FromSql, ToSql, Value};
use rusqlite::{Connection, Transaction, params};
use std::collections::HashMap;
use std::hash::Hash;

/// The two lists of a publication: for installing and for instantiating.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub(super) installation: Vec<Parameter>,
    pub(super) instance: Vec<Parameter>,
}

const INSTALLATION_LIST: i64 = 0;
const INSTANCE_LIST: i64 = 1;

/// The parameters of several publications at once.
pub(super) fn of_publications(
    connection: &Connection,
    publications: &[PublicationId],
) -> Result<HashMap<PublicationId, Lists>> {
    let mut statement = connection.prepare_cached(
        "SELECT publication, list, id, name, required, description, value_type, password, validation_expression \
         FROM parameters WHERE publication IN rarray(?1) ORDER BY publication, list, position",
    )?;
    let mut rows = statement.query([array(publications)])?;
    let mut found: HashMap<PublicationId, Lists> = HashMap::with_capacity(publications.len());
    while let Some(row) = rows.next()? {
        let lists = found.entry(row.get(0)?).or_default();
        let list =
            if row.get::<_, i64>(1)? == INSTALLATION_LIST { &mut lists.installation } else { &mut lists.instance };
        list.push(Parameter {
            id: row.get(2)?,
            name: row.get(3)?,
            required: row.get(4)?,
            description: meter::text(row, 5)?,
            value_type: row.get(6)?,
            display_type: if row.get(7)? { DisplayType::Password } else { DisplayType::Plain },
            validation_expression: row.get(8)?,
        });
    }
    Ok(found)
}

/// Replaces both lists of a publication.
pub(super) fn replace(
    transaction: &Transaction<'_>,
    publication: PublicationId,
    installation: &[Parameter],
    instance: &[Parameter],
) -> Result<()> {
    transaction.prepare_cached("DELETE FROM parameters WHERE publication = ?1")?.execute([publication])?;
    let mut statement = transaction.prepare_cached(
        "INSERT INTO parameters (publication, list, position, id, name, required, description, value_type, password, \
         validation_expression) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    for (list, parameters) in [(INSTALLATION_LIST, installation), (INSTANCE_LIST, instance)] {
        for (position, parameter) in parameters.iter().enumerate() {
            statement.execute(params![
                publication,
                list,
                position,
                parameter.id,
                parameter.name,
                parameter.required,
                parameter.description,
                parameter.value_type,
                parameter.display_type == DisplayType::Password,
                parameter.validation_expression
            ])?;
        }
    }
    Ok(())
}

/// A stored configuration: the values, and which of them are secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredConfiguration {
    /// In the order in which they were given.
    pub values: Vec<ConfigurationValue>,
    /// The values of PASSWORD parameters.
    pub secrets: Vec<String>,
}

/// How many bytes an installation or instance with these values takes, about.
#[must_use]
pub fn bytes_of(values: &[ConfigurationValue]) -> i64 {
    const ROW: usize = 64;
    const NOUN: usize = 256;
    let values = values.iter().map(|value| ROW + value.parameter_id.len() + value.value.len());
    i64::try_from(NOUN + values.sum::<usize>()).unwrap_or(i64::MAX)
}

/// Adds the values given to an installation or instance; `sql` inserts
/// `(noun, position, parameter, value, password)`.
pub(super) fn insert_values(
    transaction: &Transaction<'_>,
    sql: &str,
    noun: &dyn ToSql,
    declared: &[Parameter],
    values: &[ConfigurationValue],
) -> Result<()> {
    let mut statement = transaction.prepare_cached(sql)?;
    for (position, value) in values.iter().enumerate() {
        let parameter = declared.iter().find(|parameter| parameter.id == value.parameter_id);
        let password = parameter.is_some_and(|parameter| parameter.display_type == DisplayType::Password);
        statement.execute(params![noun, position, value.parameter_id, value.value, password])?;
    }
    Ok(())
}

/// The values of an installation or instance; `sql` selects `parameter, value, password` in order.
pub(super) fn values(connection: &Connection, sql: &str, noun: &dyn ToSql) -> Result<StoredConfiguration> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![noun])?;
    let mut stored = StoredConfiguration { values: Vec::new(), secrets: Vec::new() };
    while let Some(row) = rows.next()? {
        let value = ConfigurationValue { parameter_id: row.get(0)?, value: row.get(1)? };
        if row.get(2)? && !value.value.is_empty() {
            stored.secrets.push(value.value.clone());
        }
        stored.values.push(value);
    }
    Ok(stored)
}

/// The secrets that an installation or instance was given; `sql` selects them. Empty ones are none.
pub(super) fn secrets(connection: &Connection, sql: &str, noun: &dyn ToSql) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut secrets: Vec<String> = statement.query_map([noun], |row| row.get(0))?.collect::<Result<_, _>>()?;
    secrets.retain(|secret| !secret.is_empty());
    Ok(secrets)
}

/// The values of several installations or instances as they may be shown, each in the order in
/// which they were given; `sql` selects `noun, parameter, value` in order, and no value that is hidden.
pub(super) fn shown<Id>(connection: &Connection, sql: &str, ids: &[Id]) -> Result<HashMap<Id, Vec<ShownValue>>>
where
    Id: FromSql + Eq + Hash + Clone + Into<Value>,
{
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([array(ids)])?;
    let mut found: HashMap<Id, Vec<ShownValue>> = HashMap::with_capacity(ids.len());
    while let Some(row) = rows.next()? {
        let value = ShownValue { parameter_id: row.get(1)?, value: meter::optional_text(row, 2)? };
        found.entry(row.get(0)?).or_default().push(value);
    }
    Ok(found)
}
