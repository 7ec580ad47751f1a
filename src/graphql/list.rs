//! Lists of objects. juniper's own leave it out of an error's path in which row it happened; here each row
//! is a step of the path.
//!
//! Used by the fields that are lists of objects which can fail, and by [`crate::graphql::straight`].

use crate::graphql::context::Context;
use crate::graphql::scalars::Scalar;
use crate::ops::meter::{self, Use};
use juniper::macros::reflect::{BaseSubTypes, BaseType, Type, Types, WrappedType, WrappedValue};
use juniper::marker::IsOutputType;
use juniper::meta::MetaType;
use juniper::{
    ArcStr, BoxFuture, ExecutionResult, Executor, GraphQLType, GraphQLValue, GraphQLValueAsync, Registry, Selection,
    Value,
};

/// What a short value with its name takes in a response, about.
pub const VALUE_BYTES: usize = 32;

/// What holds rows.
pub trait Rows {
    /// One of them.
    type Row;

    /// All of them.
    fn rows(&self) -> &[Self::Row];
}

impl<T> Rows for Vec<T> {
    type Row = T;

    fn rows(&self) -> &[T] {
        self
    }
}

impl<T> Rows for &[T] {
    type Row = T;

    fn rows(&self) -> &[T] {
        self
    }
}

/// A list of objects.
#[derive(Debug)]
pub struct List<L>(pub L);

/// What a row is resolved with: the list's executor, one step further. In juniper a step is a field, so one
/// with the row's number as its name is gone into and its type is replaced by the row's.
struct Step<'a> {
    type_name: &'a str,
    field_name: &'a str,
    stop_on_null: bool,
}

impl<'a> Step<'a> {
    /// `None` for rows that are not objects.
    fn of(executor: &Executor<'_, 'a, Context, Scalar>) -> Option<Self> {
        let of = executor.current_type();
        let MetaType::Object(object) = of.innermost_concrete() else { return None };
        let field_name = &object.fields.first()?.name;
        let stop_on_null = of.list_contents().is_some_and(|row| row.is_non_null());
        Some(Self { type_name: &object.name, field_name, stop_on_null })
    }
}

/// Charges a row to the response: its names and short values. The whole response gives way to an error if there is no
/// room for it.
fn fits(selection: Option<&[Selection<'_, Scalar>]>) -> bool {
    meter::take(Use::Written, selection.map_or(1, <[_]>::len) * VALUE_BYTES)
}

/// Resolves each row of a list.
///
/// # Errors
/// Those of juniper's lists.
pub fn resolve<T>(
    rows: &[T],
    selection: Option<&[Selection<'_, Scalar>]>,
    executor: &Executor<'_, '_, Context, Scalar>,
) -> ExecutionResult<Scalar>
where
    T: GraphQLValue<Scalar, Context = Context, TypeInfo = ()>,
{
    let Some(step) = Step::of(executor) else { return rows.resolve(&(), selection, executor) };
    let mut values = Vec::with_capacity(rows.len());
    for (number, row) in rows.iter().enumerate() {
        if !fits(selection) {
            break;
        }
        let number = number.to_string();
        let executor = executor.field_sub_executor(&number, step.field_name, *executor.location(), selection);
        let executor = executor.type_sub_executor(Some(step.type_name), selection);
        let value = executor.resolve_into_value(&(), row);
        if step.stop_on_null && value.is_null() {
            return Ok(value);
        }
        values.push(value);
    }
    Ok(Value::list(values))
}

/// Resolves each row of a list, one after another: what a mutation has to wait for is over by then.
pub fn resolve_async<'a, T>(
    rows: &'a [T],
    selection: Option<&'a [Selection<'_, Scalar>]>,
    executor: &'a Executor<'_, '_, Context, Scalar>,
) -> BoxFuture<'a, ExecutionResult<Scalar>>
where
    T: GraphQLValueAsync<Scalar, Context = Context, TypeInfo = ()> + Send + Sync,
{
    Box::pin(async move {
        let Some(step) = Step::of(executor) else { return rows.resolve_async(&(), selection, executor).await };
        let mut values = Vec::with_capacity(rows.len());
        for (number, row) in rows.iter().enumerate() {
            if !fits(selection) {
                break;
            }
            let number = number.to_string();
            let executor = executor.field_sub_executor(&number, step.field_name, *executor.location(), selection);
            let executor = executor.type_sub_executor(Some(step.type_name), selection);
            let value = executor.resolve_into_value_async(&(), row).await;
            if step.stop_on_null && value.is_null() {
                return Ok(value);
            }
            values.push(value);
        }
        Ok(Value::list(values))
    })
}

impl<L> GraphQLValue<Scalar> for List<L>
where
    L: Rows,
    L::Row: GraphQLValue<Scalar, Context = Context, TypeInfo = ()>,
{
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
        resolve(self.0.rows(), selection, executor)
    }
}

impl<L> GraphQLValueAsync<Scalar> for List<L>
where
    L: Rows + Sync,
    L::Row: GraphQLValueAsync<Scalar, Context = Context, TypeInfo = ()> + Send + Sync,
{
    fn resolve_async<'a>(
        &'a self,
        (): &'a (),
        selection: Option<&'a [Selection<'_, Scalar>]>,
        executor: &'a Executor<'_, '_, Context, Scalar>,
    ) -> BoxFuture<'a, ExecutionResult<Scalar>> {
        resolve_async(self.0.rows(), selection, executor)
    }
}

impl<L> GraphQLType<Scalar> for List<L>
where
    L: Rows,
    L::Row: GraphQLType<Scalar> + GraphQLValue<Scalar, Context = Context, TypeInfo = ()>,
{
    fn name((): &()) -> Option<ArcStr> {
        None
    }

    fn meta(info: &(), registry: &mut Registry<Scalar>) -> MetaType<Scalar> {
        <Vec<L::Row> as GraphQLType<Scalar>>::meta(info, registry)
    }
}

impl<L: Rows> IsOutputType<Scalar> for List<L> where
    L::Row: IsOutputType<Scalar> + GraphQLValue<Scalar, Context = Context, TypeInfo = ()>
{
}

impl<L: Rows> BaseType<Scalar> for List<L>
where
    L::Row: BaseType<Scalar>,
{
    const NAME: Type = <Vec<L::Row> as BaseType<Scalar>>::NAME;
}

impl<L: Rows> BaseSubTypes<Scalar> for List<L>
where
    L::Row: BaseSubTypes<Scalar>,
{
    const NAMES: Types = <Vec<L::Row> as BaseSubTypes<Scalar>>::NAMES;
}

impl<L: Rows> WrappedType<Scalar> for List<L>
where
    L::Row: WrappedType<Scalar>,
{
    const VALUE: WrappedValue = <Vec<L::Row> as WrappedType<Scalar>>::VALUE;
}
