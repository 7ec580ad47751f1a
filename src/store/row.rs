//! How the domain's values stand in columns.

use crate::model::action::ActionStatus;
use crate::model::callback::CallbackKind;
use crate::model::history::HistoricValue;
use crate::model::id::{
    AccountId, ActionRequestId, AppId, CallbackId, GrantId, InstallationId, InstanceId, InviteId, PublicationId,
    ThingId, TokenId,
};
use crate::model::instance::ExternalSubject;
use crate::model::lifecycle::{Details, FurtherStep, FurtherStepKind, Standing, State};
use crate::model::thing::{ComponentKey, PropertyKey, ThingKey, ThingStatus};
use crate::model::time::Timestamp;
use crate::model::value::ValueType;
use crate::store::meter;
use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};
use std::rc::Rc;

macro_rules! ids {
    ($($name:ident),*) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.as_bytes())))
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                <[u8; 16]>::column_result(value).map(Self::from_bytes)
            }
        }

        impl From<$name> for Value {
            fn from(id: $name) -> Self {
                Value::Blob(id.as_bytes().to_vec())
            }
        }
    )*};
}
ids!(
    AccountId,
    AppId,
    PublicationId,
    InstallationId,
    InstanceId,
    InviteId,
    ThingId,
    ActionRequestId,
    CallbackId,
    GrantId,
    TokenId
);

macro_rules! keys {
    ($($name:ident),*) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                self.0.to_sql()
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                i64::column_result(value).map(Self)
            }
        }

        impl From<$name> for Value {
            fn from(key: $name) -> Self {
                Value::Integer(key.0)
            }
        }
    )*};
}
keys!(ThingKey, ComponentKey, PropertyKey);

/// Enums that stand in columns under their names.
macro_rules! names {
    ($($name:ident),*) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.name().as_bytes())))
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                $name::from_name(value.as_str()?).ok_or(FromSqlError::InvalidType)
            }
        }
    )*};
}
names!(ActionStatus, CallbackKind, ThingStatus, ValueType);

impl ToSql for Timestamp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.micros().into())
    }
}

impl FromSql for Timestamp {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(Self::from_micros)
    }
}

impl ToSql for State {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.number().into())
    }
}

impl FromSql for State {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::from_number(i64::column_result(value)?).ok_or(FromSqlError::InvalidType)
    }
}

impl ToSql for ExternalSubject {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.as_str().as_bytes())))
    }
}

impl FromSql for ExternalSubject {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        String::column_result(value).map(Self::from_stored)
    }
}

impl ToSql for HistoricValue {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Number(number) => ToSqlOutput::Borrowed(ValueRef::Real(*number)),
            Self::Boolean(truth) => ToSqlOutput::Borrowed(ValueRef::Integer((*truth).into())),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

/// A historic value of a property of this type.
pub(super) fn historic_value(row: &Row<'_>, at: usize, kind: ValueType) -> rusqlite::Result<HistoricValue> {
    Ok(match kind {
        ValueType::Number => HistoricValue::Number(finite(row.get(at)?)),
        ValueType::Boolean => HistoricValue::Boolean(row.get(at)?),
        ValueType::String => HistoricValue::Text(meter::text(row, at)?),
    })
}

/// The nearest number that JSON has a word for: a sum may be beyond all of them.
pub(super) fn finite(number: f64) -> f64 {
    number.clamp(f64::MIN, f64::MAX)
}

/// A standing from its five columns, `state, details, step_kind, step_content, step_html`, the first at `at`.
pub(super) fn standing(row: &Row<'_>, at: usize) -> rusqlite::Result<Standing> {
    let kind = row.get::<_, Option<i64>>(at + 2)?.and_then(FurtherStepKind::from_number);
    let content = meter::optional_text(row, at + 3)?;
    let html = meter::optional_text(row, at + 4)?;
    Ok(Standing {
        state: row.get(at)?,
        details: meter::optional_text(row, at + 1)?.map(Details::from_json_object),
        further_step: kind.zip(content).map(|(kind, content)| FurtherStep { kind, content, html }),
    })
}

/// The columns beside `state` of a standing: details, step_kind, step_content, step_html.
pub(super) fn standing_columns(standing: &Standing) -> (Option<&str>, Option<u8>, Option<&str>, Option<&str>) {
    let step = standing.further_step.as_ref();
    (
        standing.details.as_ref().map(Details::as_str),
        step.map(|step| step.kind.number()),
        step.map(|step| step.content.as_str()),
        step.and_then(|step| step.html.as_deref()),
    )
}

/// A list of texts as it stands in a column: JSON.
pub(super) fn texts_to_column(texts: &[String]) -> String {
    serde_json::Value::from(texts.to_vec()).to_string()
}

/// A list of texts from its column.
pub(super) fn texts_from_column(row: &Row<'_>, at: usize) -> rusqlite::Result<Vec<String>> {
    let text = meter::borrowed(row, at)?;
    if text == "[]" {
        return Ok(Vec::new());
    }
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(at, rusqlite::types::Type::Text, error.into()))
}

/// A list of identifiers, keys or texts as the argument of `rarray`.
pub(super) fn array<T: Clone + Into<Value>>(items: &[T]) -> Rc<Vec<Value>> {
    Rc::new(items.iter().map(|item| item.clone().into()).collect())
}
