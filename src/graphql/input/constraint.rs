//! Which things, and which of their parts, are meant.

use crate::graphql::id::ID;
use crate::graphql::scalars::Scalar;
use crate::graphql::types::parameter::GraphQlValueType;
use crate::graphql::types::thing::ThingStatus;
use crate::model::constraint as model;
use crate::model::id::ThingId;
use juniper::GraphQLInputObject;

/// What a thing must be like; every field given must match.
#[derive(GraphQLInputObject, Default)]
#[graphql(scalar = Scalar)]
pub struct ThingConstraint {
    id: Option<ID>,
    name: Option<String>,
    manufacturer: Option<String>,
    display_type: Option<String>,
    main_component_id: Option<String>,
    status: Option<ThingStatus>,
}

/// What an attribute must be like; every field given must match.
#[derive(GraphQLInputObject, Default)]
#[graphql(scalar = Scalar)]
pub struct ThingAttributeConstraint {
    name: Option<String>,
    value: Option<String>,
}

/// What a component must be like; every field given must match.
#[derive(GraphQLInputObject, Default)]
#[graphql(scalar = Scalar)]
pub struct ThingComponentConstraint {
    id: Option<String>,
    name: Option<String>,
    component_type: Option<String>,
    /// The component has all of them.
    capabilities: Option<Vec<String>>,
}

/// What a property must be like; every field given must match.
#[derive(GraphQLInputObject, Default)]
#[graphql(scalar = Scalar)]
pub struct ComponentPropertyConstraint {
    /// Case does not count.
    id: Option<String>,
    name: Option<String>,
    /// The current value, as the connector wrote it.
    value: Option<String>,
    unit: Option<String>,
    #[graphql(name = "type")]
    kind: Option<GraphQlValueType>,
    property_type: Option<String>,
}

/// What an action must be like; every field given must match. `parameterName` and `parameterType`
/// are to be those of one parameter.
#[derive(GraphQLInputObject, Default)]
#[graphql(scalar = Scalar)]
pub struct ComponentActionConstraint {
    /// Case does not count.
    id: Option<String>,
    name: Option<String>,
    parameter_name: Option<String>,
    parameter_type: Option<GraphQlValueType>,
}

/// Which things are meant; every constraint given must be met. Those on properties and actions
/// must be met by one component that also meets the one on components.
#[derive(GraphQLInputObject)]
#[graphql(scalar = Scalar)]
pub struct ThingConstraints {
    pub thing_constraint: Option<ThingConstraint>,
    pub thing_attribute_constraint: Option<ThingAttributeConstraint>,
    pub thing_component_constraint: Option<ThingComponentConstraint>,
    pub component_property_constraint: Option<ComponentPropertyConstraint>,
    pub component_action_constraint: Option<ComponentActionConstraint>,
}

impl From<ThingConstraint> for model::ThingConstraint {
    fn from(input: ThingConstraint) -> Self {
        Self {
            // What is no identifier names no thing.
            id: input.id.map(|id| id.parse().unwrap_or(ThingId::MIN)),
            name: input.name,
            manufacturer: input.manufacturer,
            display_type: input.display_type,
            main_component_id: input.main_component_id,
            status: input.status.map(Into::into),
        }
    }
}

impl From<ThingAttributeConstraint> for model::AttributeConstraint {
    fn from(input: ThingAttributeConstraint) -> Self {
        Self { name: input.name, value: input.value }
    }
}

impl From<ThingComponentConstraint> for model::ComponentConstraint {
    fn from(input: ThingComponentConstraint) -> Self {
        let ThingComponentConstraint { id, name, component_type, capabilities } = input;
        Self::new(id, name, component_type, capabilities.unwrap_or_default())
    }
}

impl From<ComponentPropertyConstraint> for model::PropertyConstraint {
    fn from(input: ComponentPropertyConstraint) -> Self {
        let ComponentPropertyConstraint { id, name, value, unit, kind, property_type } = input;
        Self { id, name, value, unit, kind: kind.map(Into::into), property_type }
    }
}

impl From<ComponentActionConstraint> for model::ActionConstraint {
    fn from(input: ComponentActionConstraint) -> Self {
        let ComponentActionConstraint { id, name, parameter_name, parameter_type } = input;
        Self { id, name, parameter_name, parameter_type: parameter_type.map(Into::into) }
    }
}

impl From<ThingConstraints> for model::ThingConstraints {
    fn from(input: ThingConstraints) -> Self {
        Self {
            thing: input.thing_constraint.map(Into::into).unwrap_or_default(),
            attribute: input.thing_attribute_constraint.map(Into::into).unwrap_or_default(),
            component: component_constraints(
                input.thing_component_constraint,
                input.component_property_constraint,
                input.component_action_constraint,
            ),
        }
    }
}

/// What one component and its parts must be like.
pub fn component_constraints(
    component: Option<ThingComponentConstraint>,
    property: Option<ComponentPropertyConstraint>,
    action: Option<ComponentActionConstraint>,
) -> model::ComponentConstraints {
    model::ComponentConstraints {
        component: component.map(Into::into).unwrap_or_default(),
        property: property.map(Into::into).unwrap_or_default(),
        action: action.map(Into::into).unwrap_or_default(),
    }
}
