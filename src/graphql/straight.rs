//! Lists that may be long, written straight into the response. juniper makes an object of values of
//! each row, which costs five times what writing it does. That is spared where a query selects
//! plainly, which nearly all do: fields and names, no fragments or directives, and nothing that has
//! to be asked for.
//!
//! juniper merges what is selected twice under one name, value by value, which cannot be done with
//! what is written already: [`SelectedOnce`] tells that it need not be.

use crate::graphql::context::Context;
use crate::graphql::list;
use crate::graphql::scalars::{Json, Scalar};
use crate::ops::meter::{self, Use};
use juniper::macros::reflect::{BaseSubTypes, BaseType, Type, Types, WrappedType, WrappedValue};
use juniper::marker::IsOutputType;
use juniper::meta::MetaType;
use juniper::{
    ArcStr, BoxFuture, ExecutionResult, Executor, GraphQLType, GraphQLValue, GraphQLValueAsync, Registry, Selection,
    Value,
};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

/// What is selected of a field; none of one that has no fields itself.
pub type Selected<'a> = Option<&'a [Selection<'a, Scalar>]>;

/// Fields under the names that the response has for them.
pub type Fields<'a, Field> = Vec<(&'a str, Field)>;

/// Which fields a document selects once, as far as is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SelectedOnce {
    /// Of histories.
    pub edges: bool,
    /// Of components.
    pub properties: bool,
}

impl SelectedOnce {
    /// Those whose word stands in the text once. A fragment with it may be spread twice, but is the
    /// same then.
    pub fn in_document(text: &str) -> Self {
        let once = |field| text.matches(field).count() == 1;
        Self { edges: once("edges"), properties: once("properties") }
    }
}

/// An object that has all its fields at hand.
pub trait Row:
    GraphQLValueAsync<Scalar, Context = Context, TypeInfo = ()>
    + GraphQLType<Scalar>
    + BaseType<Scalar>
    + BaseSubTypes<Scalar>
    + WrappedType<Scalar>
    + Send
    + Sync
{
    /// What can be written.
    type Field<'a>: Sync;

    /// Whether lists of it are under a field that is selected once.
    fn is_selected_once(once: SelectedOnce) -> bool;

    /// The field of this name; none where it cannot be written straight.
    fn field<'a>(name: &'a str, selection: Selected<'a>) -> Option<Self::Field<'a>>;

    /// How many bytes of a long text a field has.
    fn long_bytes(&self, field: &Self::Field<'_>) -> usize;

    /// Writes a field under a name.
    fn write<M: SerializeMap>(&self, object: &mut M, name: &str, field: &Self::Field<'_>) -> Result<(), M::Error>;
}

/// A list of rows.
pub struct Straight<T>(pub Vec<T>);

impl<T: Row> Straight<T> {
    fn written(&self, selection: Selected<'_>, context: &Context) -> Option<Value<Scalar>> {
        if !T::is_selected_once(context.selected_once()) {
            return None;
        }
        let fields = plain_fields(selection, T::field)?;
        let of_row = |row: &T| fields.iter().map(|(_, field)| list::VALUE_BYTES + row.long_bytes(field)).sum::<usize>();
        if !self.0.iter().all(|row| meter::take(Use::Written, of_row(row))) {
            // The whole response gives way to an error.
            return Some(Value::null());
        }
        Json::of(&Rows { rows: &self.0, fields: &fields }).map(|json| Value::Scalar(json.into_scalar()))
    }
}

/// The fields of a selection; none where it has fragments, directives or a name twice.
pub fn plain_fields<'a, Field>(
    selection: Selected<'a>,
    field: fn(&'a str, Selected<'a>) -> Option<Field>,
) -> Option<Fields<'a, Field>> {
    let mut fields = Fields::new();
    for selected in selection? {
        let Selection::Field(selected) = selected else { return None };
        let selected = &selected.item;
        let name = selected.alias.as_ref().unwrap_or(&selected.name).item;
        if selected.directives.is_some() || fields.iter().any(|(known, _)| *known == name) {
            return None;
        }
        fields.push((name, field(selected.name.item, selected.selection_set.as_deref())?));
    }
    Some(fields)
}

struct Rows<'r, 'f, T: Row> {
    rows: &'r [T],
    fields: &'r Fields<'f, T::Field<'f>>,
}

impl<T: Row> Serialize for Rows<'_, '_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.rows.len()))?;
        for row in self.rows {
            list.serialize_element(&Object { row, fields: self.fields })?;
        }
        list.end()
    }
}

struct Object<'r, 'f, T: Row> {
    row: &'r T,
    fields: &'r Fields<'f, T::Field<'f>>,
}

impl<T: Row> Serialize for Object<'_, '_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(self.fields.len()))?;
        for (name, field) in self.fields {
            self.row.write(&mut object, name, field)?;
        }
        object.end()
    }
}

impl<T: Row> GraphQLValue<Scalar> for Straight<T> {
    type Context = Context;
    type TypeInfo = ();

    fn type_name(&self, (): &()) -> Option<ArcStr> {
        None
    }

    fn resolve(
        &self,
        (): &(),
        selection: Option<&[Selection<'_, Scalar>]>,
        executor: &Executor<'_, '_, Context, Scalar>,
    ) -> ExecutionResult<Scalar> {
        match self.written(selection, executor.context()) {
            Some(value) => Ok(value),
            None => list::resolve(&self.0, selection, executor),
        }
    }
}

impl<T: Row> GraphQLValueAsync<Scalar> for Straight<T> {
    fn resolve_async<'a>(
        &'a self,
        (): &'a (),
        selection: Option<&'a [Selection<'_, Scalar>]>,
        executor: &'a Executor<'_, '_, Context, Scalar>,
    ) -> BoxFuture<'a, ExecutionResult<Scalar>> {
        match self.written(selection, executor.context()) {
            Some(value) => Box::pin(std::future::ready(Ok(value))),
            None => list::resolve_async(&self.0, selection, executor),
        }
    }
}

impl<T: Row> GraphQLType<Scalar> for Straight<T> {
    fn name((): &()) -> Option<ArcStr> {
        None
    }

    fn meta(info: &(), registry: &mut Registry<Scalar>) -> MetaType<Scalar> {
        <Vec<T> as GraphQLType<Scalar>>::meta(info, registry)
    }
}

impl<T: Row> IsOutputType<Scalar> for Straight<T> {}

impl<T: Row> BaseType<Scalar> for Straight<T> {
    const NAME: Type = <Vec<T> as BaseType<Scalar>>::NAME;
}

impl<T: Row> BaseSubTypes<Scalar> for Straight<T> {
    const NAMES: Types = <Vec<T> as BaseSubTypes<Scalar>>::NAMES;
}

impl<T: Row> WrappedType<Scalar> for Straight<T> {
    const VALUE: WrappedValue = <Vec<T> as WrappedType<Scalar>>::VALUE;
}
