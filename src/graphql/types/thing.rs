//! Things, their components, properties and actions.

use crate::graphql::context::Context;
use crate::graphql::error::Answered;
use crate::graphql::id::ID;
use crate::graphql::input::constraint::{
    ComponentActionConstraint, ComponentPropertyConstraint, ThingAttributeConstraint, ThingComponentConstraint,
    component_constraints,
};
use crate::graphql::list::List;
use crate::graphql::parts::{Parts, each};
use crate::graphql::scalars::{Scalar, Time};
use crate::graphql::straight::{Row, Selected, SelectedOnce, Straight};
use crate::graphql::types::history::{Arguments, HistoryFilter, PropertyHistory, TimeBucket};
use crate::graphql::types::parameter::GraphQlValueType;
use crate::model::constraint::{ActionConstraint, AttributeConstraint, ComponentConstraints, PropertyConstraint};
use crate::model::id::InstanceId;
use crate::model::thing::{self as model, ComponentKey, ThingKey, WholeComponent, WholeThing};
use crate::ops::thing;
use juniper::{GraphQLEnum, graphql_object};
use serde::ser::SerializeMap;
use std::collections::HashMap;
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

/// Components with properties and actions, created by a connector instance or by an app.
#[derive(Clone)]
pub struct Thing {
    row: Arc<model::Thing>,
    siblings: Arc<ThingSiblings>,
}

struct ThingSiblings {
    attributes: Parts<ThingKey, AttributeConstraint, ThingAttribute>,
    components: Parts<ThingKey, ComponentConstraints, ThingComponent>,
}

impl ThingSiblings {
    fn stored(keys: Arc<[ThingKey]>) -> Self {
        Self { attributes: Parts::stored(Arc::clone(&keys)), components: Parts::stored(keys) }
    }
}

impl Thing {
    /// A page of them.
    pub fn page(rows: Vec<model::Thing>) -> Vec<Self> {
        let siblings = ThingSiblings::stored(rows.iter().map(|row| row.key).collect());
        Self::with_siblings(rows, siblings)
    }

    /// A single one.
    pub fn one(row: model::Thing) -> Self {
        let siblings = ThingSiblings::stored(Arc::new([row.key]));
        Self { row: Arc::new(row), siblings: Arc::new(siblings) }
    }

    /// Those that are gone from the database.
    pub fn page_of_deleted(things: Vec<WholeThing>) -> Vec<Self> {
        let (mut rows, mut attributes, mut components) = (Vec::new(), HashMap::new(), Vec::new());
        for WholeThing { thing, attributes: its_attributes, components: its_components } in things {
            attributes.insert(thing.key, its_attributes.into_iter().map(ThingAttribute::new).collect());
            components.push((thing.key, its_components));
            rows.push(thing);
        }
        let components = ThingComponent::deleted(components);
        let siblings = ThingSiblings { attributes: Parts::Deleted(attributes), components: Parts::Deleted(components) };
        Self::with_siblings(rows, siblings)
    }

    fn with_siblings(rows: Vec<model::Thing>, siblings: ThingSiblings) -> Vec<Self> {
        let siblings = Arc::new(siblings);
        rows.into_iter().map(|row| Self { row: Arc::new(row), siblings: Arc::clone(&siblings) }).collect()
    }

    /// The row.
    pub fn row(&self) -> &model::Thing {
        &self.row
    }

    /// The instance that created it.
    pub fn instance(&self) -> Option<InstanceId> {
        self.row.instance
    }

    /// Those of its components that are like this.
    pub fn components_like(
        &self,
        context: &Context,
        constraints: ComponentConstraints,
    ) -> Answered<Vec<ThingComponent>> {
        self.siblings.components.get(
            context,
            &self.row.key,
            constraints,
            |view, keys, constraints| Ok(ThingComponent::page(thing::components(view, keys, constraints)?)),
            |constraints, component| component.is_like(constraints),
        )
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
    fn attributes(
        &self,
        context: &Context,
        attribute_constraint: Option<ThingAttributeConstraint>,
    ) -> Answered<Vec<ThingAttribute>> {
        context.may_read_things()?;
        self.siblings.attributes.get(
            context,
            &self.row.key,
            attribute_constraint.map(Into::into).unwrap_or_default(),
            |view, keys, constraint| Ok(each(thing::attributes(view, keys, constraint)?, ThingAttribute::new)),
            |constraint, attribute| constraint.matches(&attribute.0),
        )
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

    /// Those that meet all the constraints given.
    fn components(
        &self,
        context: &Context,
        component_constraint: Option<ThingComponentConstraint>,
        component_property_constraint: Option<ComponentPropertyConstraint>,
        component_action_constraint: Option<ComponentActionConstraint>,
    ) -> Answered<List<Vec<ThingComponent>>> {
        let (property, action) = (component_property_constraint, component_action_constraint);
        self.components_like(context, component_constraints(component_constraint, property, action)).map(List)
    }

    /// Whose it is.
    fn external_subject_id(&self) -> &str {
        self.row.subject.as_str()
    }
}

/// A fact about a thing that does not change.
#[derive(Clone)]
pub struct ThingAttribute(Arc<model::Attribute>);

impl ThingAttribute {
    fn new(row: model::Attribute) -> Self {
        Self(Arc::new(row))
    }
}

#[graphql_object(context = Context, scalar = Scalar)]
impl ThingAttribute {
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
    row: Arc<model::Component>,
    siblings: Arc<ComponentSiblings>,
}

struct ComponentSiblings {
    properties: Parts<ComponentKey, PropertyConstraint, ComponentProperty>,
    actions: Parts<ComponentKey, ActionConstraint, ComponentAction>,
}

impl ThingComponent {
    fn page(rows: HashMap<ThingKey, Vec<model::Component>>) -> HashMap<ThingKey, Vec<Self>> {
        let keys: Arc<[ComponentKey]> = rows.values().flatten().map(|row| row.key).collect();
        let siblings = ComponentSiblings { properties: Parts::stored(Arc::clone(&keys)), actions: Parts::stored(keys) };
        let siblings = Arc::new(siblings);
        each(rows, |row| Self { row: Arc::new(row), siblings: Arc::clone(&siblings) })
    }

    fn deleted(of_things: Vec<(ThingKey, Vec<WholeComponent>)>) -> HashMap<ThingKey, Vec<Self>> {
        let (mut properties, mut actions, mut rows) = (HashMap::new(), HashMap::new(), HashMap::new());
        for (thing, components) in of_things {
            let its_rows: &mut Vec<_> = rows.entry(thing).or_default();
            for WholeComponent { component, properties: its_properties, actions: its_actions } in components {
                let key = component.key;
                properties.insert(key, its_properties.into_iter().map(ComponentProperty::deleted).collect());
                actions.insert(key, its_actions.into_iter().map(ComponentAction::new).collect());
                its_rows.push(component);
            }
        }
        let siblings = ComponentSiblings { properties: Parts::Deleted(properties), actions: Parts::Deleted(actions) };
        let siblings = Arc::new(siblings);
        each(rows, |row| Self { row: Arc::new(row), siblings: Arc::clone(&siblings) })
    }

    /// Of a deleted thing.
    fn is_like(&self, constraints: &ComponentConstraints) -> bool {
        let properties = self.siblings.properties.deleted(&self.row.key).iter().map(|node| &node.row.property);
        let actions = self.siblings.actions.deleted(&self.row.key).iter().map(|node| &*node.0);
        constraints.matches(&self.row, properties, actions)
    }

    /// The row.
    pub fn row(&self) -> &model::Component {
        &self.row
    }

    /// Those of its actions that are like this.
    pub fn actions_like(&self, context: &Context, constraint: ActionConstraint) -> Answered<Vec<ComponentAction>> {
        self.siblings.actions.get(
            context,
            &self.row.key,
            constraint,
            |view, keys, constraint| Ok(each(thing::actions(view, keys, constraint)?, ComponentAction::new)),
            |constraint, action| constraint.matches(&action.0),
        )
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
    fn properties(
        &self,
        context: &Context,
        property_constraint: Option<ComponentPropertyConstraint>,
    ) -> Answered<Straight<ComponentProperty>> {
        context.may_read_things()?;
        let properties = self.siblings.properties.get(
            context,
            &self.row.key,
            property_constraint.map(Into::into).unwrap_or_default(),
            |view, keys, constraint| Ok(each(thing::properties(view, keys, constraint)?, ComponentProperty::stored)),
            |constraint, property| constraint.matches(&property.row.property),
        )?;
        Ok(Straight(properties))
    }

    fn actions(
        &self,
        context: &Context,
        action_constraint: Option<ComponentActionConstraint>,
    ) -> Answered<Vec<ComponentAction>> {
        self.actions_like(context, action_constraint.map(Into::into).unwrap_or_default())
    }
}

/// A property with its current value.
#[derive(Clone)]
pub struct ComponentProperty {
    row: Arc<model::StoredProperty>,
    deleted: bool,
}

impl ComponentProperty {
    fn stored(row: model::StoredProperty) -> Self {
        Self { row: Arc::new(row), deleted: false }
    }

    fn deleted(row: model::StoredProperty) -> Self {
        Self { row: Arc::new(row), deleted: true }
    }
}

#[graphql_object(context = Context, scalar = Scalar)]
impl ComponentProperty {
    fn id(&self) -> ID {
        ID::new(self.row.property.id.clone())
    }

    fn name(&self) -> &str {
        &self.row.property.name
    }

    /// Always a string, as the connector wrote it.
    fn value(&self) -> &str {
        &self.row.property.value
    }

    fn unit(&self) -> &str {
        &self.row.property.unit
    }

    #[graphql(name = "type")]
    fn kind(&self) -> GraphQlValueType {
        self.row.property.kind.into()
    }

    fn property_type(&self) -> &str {
        &self.row.property.property_type
    }

    /// Null until the first value.
    fn last_update(&self) -> Option<Time> {
        self.row.property.last_update.map(Time)
    }

    /// The values of the past, oldest first: from `from` to `to`, both included. A page has at most
    /// 10,000 rows, which is also what it has where nothing is said; all histories of an answer
    /// together at most 100,000. Empty for what was just deleted.
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
        let key = (!self.deleted).then_some(self.row.key);
        PropertyHistory::new(key, self.row.property.kind, arguments)
    }
}

/// A field of a property that is written straight: all but its history.
pub enum PropertyField {
    TypeName,
    Id,
    Name,
    Value,
    Unit,
    Kind,
    PropertyType,
    LastUpdate,
}

impl Row for ComponentProperty {
    type Field<'a> = PropertyField;

    fn is_selected_once(once: SelectedOnce) -> bool {
        once.properties
    }

    fn field(name: &str, _: Selected<'_>) -> Option<PropertyField> {
        Some(match name {
            "__typename" => PropertyField::TypeName,
            "id" => PropertyField::Id,
            "name" => PropertyField::Name,
            "value" => PropertyField::Value,
            "unit" => PropertyField::Unit,
            "type" => PropertyField::Kind,
            "propertyType" => PropertyField::PropertyType,
            "lastUpdate" => PropertyField::LastUpdate,
            _ => return None,
        })
    }

    fn long_bytes(&self, field: &PropertyField) -> usize {
        if matches!(field, PropertyField::Value) { self.row.property.value.len() } else { 0 }
    }

    fn write<M: SerializeMap>(&self, object: &mut M, name: &str, field: &PropertyField) -> Result<(), M::Error> {
        let property = &self.row.property;
        match field {
            PropertyField::TypeName => object.serialize_entry(name, "ComponentProperty"),
            PropertyField::Id => object.serialize_entry(name, &property.id),
            PropertyField::Name => object.serialize_entry(name, &property.name),
            PropertyField::Value => object.serialize_entry(name, &property.value),
            PropertyField::Unit => object.serialize_entry(name, &property.unit),
            PropertyField::Kind => object.serialize_entry(name, property.kind.name()),
            PropertyField::PropertyType => object.serialize_entry(name, &property.property_type),
            PropertyField::LastUpdate => match property.last_update {
                Some(at) => object.serialize_entry(name, &format_args!("{at}")),
                None => object.serialize_entry(name, &()),
            },
        }
    }
}

/// An action that can be requested.
#[derive(Clone)]
pub struct ComponentAction(Arc<model::Action>);

impl ComponentAction {
    fn new(row: model::Action) -> Self {
        Self(Arc::new(row))
    }

    /// The row.
    pub fn row(&self) -> &model::Action {
        &self.0
    }
}

#[graphql_object(context = Context, scalar = Scalar)]
impl ComponentAction {
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
