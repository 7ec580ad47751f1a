//! Things, their components, properties and actions.

use crate::graphql::batch::Batch;
use crate::graphql::context::Context;
use crate::graphql::error::Answered;
use crate::graphql::scalars::{Scalar, Time};
use crate::graphql::types::history::{Arguments, HistoryFilter, PropertyHistory, TimeBucket};
use crate::graphql::types::parameter::GraphQlValueType;
use crate::model::id::InstanceId;
use crate::model::thing::{self as model, ComponentKey, ThingKey};
use crate::ops::thing;
use juniper::{GraphQLEnum, ID, graphql_object};
use std::sync::Arc;

/// Whether a thing can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, GraphQLEnum)]
#[graphql(scalar = Scalar)]
pub enum ThingStatus {
    /// Not told.
    Unknown,
    /// It can.
    Available,
    /// It cannot.
    Unavailable,
}

impl From<model::ThingStatus> for ThingStatus {
    fn from(status: model::ThingStatus) -> Self {
        match status {
            model::ThingStatus::Unknown => Self::Unknown,
            model::ThingStatus::Available => Self::Available,
            model::ThingStatus::Unavailable => Self::Unavailable,
        }
    }
}

impl From<ThingStatus> for model::ThingStatus {
    fn from(status: ThingStatus) -> Self {
        match status {
            ThingStatus::Unknown => Self::Unknown,
            ThingStatus::Available => Self::Available,
            ThingStatus::Unavailable => Self::Unavailable,
        }
    }
}

/// What a connector instance created: components with properties and actions.
#[derive(Clone)]
pub struct Thing {
    row: model::Thing,
    siblings: Arc<ThingSiblings>,
}

struct ThingSiblings {
    attributes: Batch<ThingKey, Vec<model::Attribute>>,
    components: Batch<ThingKey, Vec<ThingComponent>>,
}

impl Thing {
    /// A page of them.
    pub fn page(rows: Vec<model::Thing>) -> Vec<Self> {
        let keys: Arc<[ThingKey]> = rows.iter().map(|row| row.key).collect();
        let siblings =
            Arc::new(ThingSiblings { attributes: Batch::new(Arc::clone(&keys)), components: Batch::new(keys) });
        rows.into_iter().map(|row| Self { row, siblings: Arc::clone(&siblings) }).collect()
    }

    /// The row.
    pub fn row(&self) -> &model::Thing {
        &self.row
    }

    /// The instance that created it.
    pub fn instance(&self) -> Option<InstanceId> {
        self.row.instance
    }

    /// Its components.
    pub fn all_components(&self, context: &Context) -> Answered<&[ThingComponent]> {
        let found = self.siblings.components.get(context, &self.row.key, |view, keys| {
            let rows = thing::components(view, keys)?;
            Ok(ThingComponent::page(rows))
        })?;
        Ok(found.map_or(&[], Vec::as_slice))
    }
}

#[graphql_object(context = Context, scalar = Scalar)]
impl Thing {
    fn id(&self) -> ID {
        ID::new(self.row.id.to_string())
    }

    fn name(&self) -> &str {
        &self.row.name
    }

    fn manufacturer(&self) -> &str {
        &self.row.manufacturer
    }

    /// With a service token: needs the scope connctd.things.read.
    fn attributes(&self, context: &Context) -> Answered<Vec<ThingAttribute<'_>>> {
        context.may_read_things()?;
        let found = self.siblings.attributes.get(context, &self.row.key, thing::attributes)?;
        Ok(found.map_or(&[][..], Vec::as_slice).iter().map(ThingAttribute).collect())
    }

    fn main_component_id(&self) -> &str {
        &self.row.main_component_id
    }

    fn status(&self) -> ThingStatus {
        self.row.status.into()
    }

    fn display_type(&self) -> &str {
        &self.row.display_type
    }

    fn components(&self, context: &Context) -> Answered<&[ThingComponent]> {
        self.all_components(context)
    }

    /// Whose it is.
    fn external_subject_id(&self) -> &str {
        self.row.subject.as_str()
    }
}

/// A fact about a thing that does not change.
pub struct ThingAttribute<'a>(&'a model::Attribute);

#[graphql_object(context = Context, scalar = Scalar, name = "ThingAttribute")]
impl ThingAttribute<'_> {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn value(&self) -> &str {
        &self.0.value
    }
}

/// A part of a thing.
#[derive(Clone)]
pub struct ThingComponent {
    row: model::Component,
    siblings: Arc<ComponentSiblings>,
}

struct ComponentSiblings {
    properties: Batch<ComponentKey, Vec<model::StoredProperty>>,
    actions: Batch<ComponentKey, Vec<model::Action>>,
}

impl ThingComponent {
    fn page<K: Eq + std::hash::Hash>(
        rows: std::collections::HashMap<K, Vec<model::Component>>,
    ) -> std::collections::HashMap<K, Vec<Self>> {
        let keys: Arc<[ComponentKey]> = rows.values().flatten().map(|row| row.key).collect();
        let siblings =
            Arc::new(ComponentSiblings { properties: Batch::new(Arc::clone(&keys)), actions: Batch::new(keys) });
        let with_siblings = |row| Self { row, siblings: Arc::clone(&siblings) };
        rows.into_iter().map(|(key, rows)| (key, rows.into_iter().map(with_siblings).collect())).collect()
    }

    /// The row.
    pub fn row(&self) -> &model::Component {
        &self.row
    }

    /// Its actions.
    pub fn all_actions(&self, context: &Context) -> Answered<&[model::Action]> {
        let found = self.siblings.actions.get(context, &self.row.key, thing::actions)?;
        Ok(found.map_or(&[], Vec::as_slice))
    }
}

#[graphql_object(context = Context, scalar = Scalar)]
impl ThingComponent {
    fn id(&self) -> ID {
        ID::new(self.row.id.clone())
    }

    fn name(&self) -> &str {
        &self.row.name
    }

    fn component_type(&self) -> &str {
        &self.row.component_type
    }

    fn capabilities(&self) -> &[String] {
        &self.row.capabilities
    }

    /// With a service token: needs the scope connctd.things.read.
    fn properties(&self, context: &Context) -> Answered<Vec<ComponentProperty<'_>>> {
        context.may_read_things()?;
        let found = self.siblings.properties.get(context, &self.row.key, thing::properties)?;
        Ok(found.map_or(&[][..], Vec::as_slice).iter().map(ComponentProperty).collect())
    }

    fn actions(&self, context: &Context) -> Answered<Vec<ComponentAction<'_>>> {
        Ok(self.all_actions(context)?.iter().map(ComponentAction).collect())
    }
}

/// A property with its current value.
pub struct ComponentProperty<'a>(&'a model::StoredProperty);

#[graphql_object(context = Context, scalar = Scalar, name = "ComponentProperty")]
impl ComponentProperty<'_> {
    fn id(&self) -> ID {
        ID::new(self.0.property.id.clone())
    }

    fn name(&self) -> &str {
        &self.0.property.name
    }

    /// Always a string, as the connector wrote it.
    fn value(&self) -> &str {
        &self.0.property.value
    }

    fn unit(&self) -> &str {
        &self.0.property.unit
    }

    #[graphql(name = "type")]
    fn kind(&self) -> GraphQlValueType {
        self.0.property.kind.into()
    }

    fn property_type(&self) -> &str {
        &self.0.property.property_type
    }

    /// Null until the first value.
    fn last_update(&self) -> Option<Time> {
        self.0.property.last_update.map(Time)
    }

    /// The values of the past, oldest first: from `from` to `to`, both included. A page has at most
    /// 10,000 rows, which is also what it has where nothing is said; all histories of an answer
    /// together at most 100,000.
    #[expect(clippy::too_many_arguments, reason = "they are those of the field")]
    fn history(
        &self,
        from: Option<Time>,
        to: Option<Time>,
        first: Option<i32>,
        #[graphql(description = "The last so many rows, still oldest first; not together with first or after.")]
        last: Option<i32>,
        after: Option<String>,
        #[graphql(name = "where")] filter: Option<HistoryFilter>,
        time_bucket: Option<TimeBucket>,
    ) -> Answered<PropertyHistory> {
        let arguments = Arguments { from, to, first, last, after, filter, time_bucket };
        PropertyHistory::new(self.0.key, self.0.property.kind, arguments)
    }
}

/// An action that can be requested.
pub struct ComponentAction<'a>(pub &'a model::Action);

#[graphql_object(context = Context, scalar = Scalar, name = "ComponentAction")]
impl ComponentAction<'_> {
    fn id(&self) -> ID {
        ID::new(self.0.id.clone())
    }

    fn name(&self) -> &str {
        &self.0.name
    }

    fn parameters(&self) -> Vec<ActionParameter<'_>> {
        self.0.parameters.iter().map(ActionParameter).collect()
    }
}

/// A parameter of an action.
pub struct ActionParameter<'a>(&'a model::ActionParameter);

#[graphql_object(context = Context, scalar = Scalar, name = "ActionParameter")]
impl ActionParameter<'_> {
    fn name(&self) -> &str {
        &self.0.name
    }

    #[graphql(name = "type")]
    fn kind(&self) -> GraphQlValueType {
        self.0.kind.into()
    }
}
