//! The rows of a history: a list of `PropertyHistoryEdge`, which may be ten thousand. juniper makes
//! an object of an object of values of each row; where a query selects plainly, which nearly all do,
//! the rows are written straight into the response instead, at a fifth of the cost.
//!
//! juniper merges what is selected twice under one name, value by value, which cannot be done with
//! what is written already: [`Context::selects_edges_once`] tells that it need not be.

use super::PropertyHistoryEdge;
use crate::graphql::context::Context;
use crate::graphql::cursor;
use crate::graphql::scalars::{Json, Scalar};
use crate::model::history::{HistoricValue, HistoryPoint};
use juniper::macros::reflect::{BaseSubTypes, BaseType, Type, Types, WrappedType, WrappedValue};
use juniper::marker::IsOutputType;
use juniper::meta::MetaType;
use juniper::{
    ArcStr, BoxFuture, ExecutionResult, Executor, GraphQLType, GraphQLValue, GraphQLValueAsync, Registry, Selection,
    Value,
};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use std::collections::HashSet;

/// The rows of a page.
pub struct Edges<'a>(pub &'a [HistoryPoint]);

/// The list that this is, as juniper makes it.
type Plain<'a> = [PropertyHistoryEdge<'a>];

impl Edges<'_> {
    fn straight(&self, selection: &[Selection<'_, Scalar>], context: &Context) -> Option<Value<Scalar>> {
        let fields = context.selects_edges_once().then(|| plain_fields(selection, edge_field))??;
        let json = Json::of(&Rows { points: self.0, fields: &fields })?;
        Some(Value::Scalar(json.into_scalar()))
    }
}

impl GraphQLValue<Scalar> for Edges<'_> {
    type Context = Context;
    type TypeInfo = ();

    fn type_name(&self, (): &()) -> Option<ArcStr> {
        None
    }

    fn resolve(
        &self,
        info: &(),
        selection: Option<&[Selection<'_, Scalar>]>,
        executor: &Executor<'_, '_, Context, Scalar>,
    ) -> ExecutionResult<Scalar> {
        if let Some(value) = selection.and_then(|selection| self.straight(selection, executor.context())) {
            return Ok(value);
        }
        let edges: Vec<_> = self.0.iter().map(PropertyHistoryEdge).collect();
        <Plain<'_> as GraphQLValue<Scalar>>::resolve(&edges, info, selection, executor)
    }
}

impl GraphQLValueAsync<Scalar> for Edges<'_> {
    fn resolve_async<'a>(
        &'a self,
        info: &'a (),
        selection: Option<&'a [Selection<'_, Scalar>]>,
        executor: &'a Executor<'_, '_, Context, Scalar>,
    ) -> BoxFuture<'a, ExecutionResult<Scalar>> {
        // Nothing in a row waits for anything.
        Box::pin(std::future::ready(self.resolve(info, selection, executor)))
    }
}

impl GraphQLType<Scalar> for Edges<'_> {
    fn name((): &()) -> Option<ArcStr> {
        None
    }

    fn meta(info: &(), registry: &mut Registry<Scalar>) -> MetaType<Scalar> {
        <Plain<'_> as GraphQLType<Scalar>>::meta(info, registry)
    }
}

impl IsOutputType<Scalar> for Edges<'_> {}

impl BaseType<Scalar> for Edges<'_> {
    const NAME: Type = <Plain<'_> as BaseType<Scalar>>::NAME;
}

impl BaseSubTypes<Scalar> for Edges<'_> {
    const NAMES: Types = <Plain<'_> as BaseSubTypes<Scalar>>::NAMES;
}

impl WrappedType<Scalar> for Edges<'_> {
    const VALUE: WrappedValue = <Plain<'_> as WrappedType<Scalar>>::VALUE;
}

/// A field of a row under the name that the response has for it.
enum EdgeField {
    TypeName,
    Cursor,
    Node(Vec<(String, NodeField)>),
}

/// A field of a row's node.
enum NodeField {
    TypeName,
    Timestamp,
    Value,
}

/// What is selected of a field; none of one that has no fields itself.
type Selected<'a> = Option<&'a [Selection<'a, Scalar>]>;

/// The fields of a selection; none where it has fragments, directives or a name twice.
fn plain_fields<Field>(
    selection: &[Selection<'_, Scalar>],
    field: fn(&str, Selected<'_>) -> Option<Field>,
) -> Option<Vec<(String, Field)>> {
    let mut names = HashSet::new();
    let read = |selected: &Selection<'_, Scalar>| {
        let Selection::Field(selected) = selected else { return None };
        let selected = &selected.item;
        let name = selected.alias.as_ref().unwrap_or(&selected.name).item;
        let known = field(selected.name.item, selected.selection_set.as_deref())?;
        (selected.directives.is_none() && names.insert(name.to_owned())).then(|| (name.to_owned(), known))
    };
    selection.iter().map(read).collect()
}

fn edge_field(name: &str, selection: Selected<'_>) -> Option<EdgeField> {
    match name {
        "__typename" => Some(EdgeField::TypeName),
        "cursor" => Some(EdgeField::Cursor),
        "node" => plain_fields(selection?, node_field).map(EdgeField::Node),
        _ => None,
    }
}

fn node_field(name: &str, _: Selected<'_>) -> Option<NodeField> {
    match name {
        "__typename" => Some(NodeField::TypeName),
        "timestamp" => Some(NodeField::Timestamp),
        "value" => Some(NodeField::Value),
        _ => None,
    }
}

struct Rows<'a> {
    points: &'a [HistoryPoint],
    fields: &'a [(String, EdgeField)],
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.points.len()))?;
        for point in self.points {
            rows.serialize_element(&Row { point, fields: self.fields })?;
        }
        rows.end()
    }
}

struct Row<'a> {
    point: &'a HistoryPoint,
    fields: &'a [(String, EdgeField)],
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_map(Some(self.fields.len()))?;
        for (name, field) in self.fields {
            match field {
                EdgeField::TypeName => row.serialize_entry(name, "PropertyHistoryEdge")?,
                EdgeField::Cursor => row.serialize_entry(name, &cursor::write(self.point.at))?,
                EdgeField::Node(fields) => row.serialize_entry(name, &Node { point: self.point, fields })?,
            }
        }
        row.end()
    }
}

struct Node<'a> {
    point: &'a HistoryPoint,
    fields: &'a [(String, NodeField)],
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut node = serializer.serialize_map(Some(self.fields.len()))?;
        for (name, field) in self.fields {
            match (field, &self.point.value) {
                (NodeField::TypeName, _) => node.serialize_entry(name, "PropertyHistoryNode")?,
                (NodeField::Timestamp, _) => node.serialize_entry(name, &format_args!("{}", self.point.at))?,
                (NodeField::Value, HistoricValue::Number(number)) => node.serialize_entry(name, number)?,
                (NodeField::Value, HistoricValue::Boolean(truth)) => node.serialize_entry(name, truth)?,
                (NodeField::Value, HistoricValue::Text(text)) => node.serialize_entry(name, text)?,
            }
        }
        node.end()
    }
}
