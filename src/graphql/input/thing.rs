//! Things as an app describes them, and values for their actions.

use crate::graphql::id::ID;
use crate::graphql::scalars::Scalar;
use crate::graphql::types::parameter::GraphQlValueType;
use crate::graphql::types::thing::ThingStatus;
use crate::model::action::ActionValue;
use crate::model::thing as model;
use juniper::GraphQLInputObject;

/// A thing that an app keeps itself. The rules are those for the things of connectors.
#[derive(GraphQLInputObject)]
#[graphql(scalar = Scalar)]
pub struct NewThing {
    name: String,
    manufacturer: String,
    display_type: String,
    /// Must name one of the components.
    main_component_id: String,
    #[graphql(default = Some(ThingStatus::Unknown))]
    status: Option<ThingStatus>,
    #[graphql(default = Some(Vec::new()))]
    attributes: Option<Vec<NewThingAttribute>>,
    /// At least one.
    components: Vec<NewThingComponent>,
}

/// A fact about a thing that does not change.
#[derive(GraphQLInputObject)]
#[graphql(scalar = Scalar)]
pub struct NewThingAttribute {
    name: String,
    value: String,
}

/// A part of a thing, with at least one property or action.
#[derive(GraphQLInputObject)]
#[graphql(scalar = Scalar)]
pub struct NewThingComponent {
    id: ID,
    name: String,
    component_type: String,
    #[graphql(default = Some(Vec::new()))]
    capabilities: Option<Vec<String>>,
    #[graphql(default = Some(Vec::new()))]
    properties: Option<Vec<NewComponentProperty>>,
    #[graphql(default = Some(Vec::new()))]
    actions: Option<Vec<NewComponentAction>>,
}

/// A property with its value, which may be empty.
#[derive(GraphQLInputObject)]
#[graphql(scalar = Scalar)]
pub struct NewComponentProperty {
    id: ID,
    name: String,
    #[graphql(default = Some(String::new()))]
    value: Option<String>,
    #[graphql(default = Some(String::new()))]
    unit: Option<String>,
    #[graphql(name = "type")]
    kind: GraphQlValueType,
    #[graphql(default = Some(String::new()))]
    property_type: Option<String>,
}

/// An action that can be requested.
#[derive(GraphQLInputObject)]
#[graphql(scalar = Scalar)]
pub struct NewComponentAction {
    id: ID,
    name: String,
    #[graphql(default = Some(Vec::new()))]
    parameters: Option<Vec<NewActionParameter>>,
}

/// A parameter of an action.
#[derive(GraphQLInputObject)]
#[graphql(scalar = Scalar)]
pub struct NewActionParameter {
    name: String,
    #[graphql(name = "type")]
    kind: GraphQlValueType,
}

/// A value for a parameter of an action.
#[derive(GraphQLInputObject)]
#[graphql(scalar = Scalar)]
pub struct ActionParameterInput {
    name: String,
    value: String,
}

impl From<NewThing> for model::NewThing {
    fn from(input: NewThing) -> Self {
        let attributes = input.attributes.unwrap_or_default();
        Self {
            name: input.name,
            manufacturer: input.manufacturer,
            main_component_id: input.main_component_id,
            display_type: input.display_type,
            status: input.status.map_or(model::ThingStatus::Unknown, Into::into),
            attributes: attributes
                .into_iter()
                .map(|NewThingAttribute { name, value }| model::Attribute { name, value })
                .collect(),
            components: input.components.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<NewThingComponent> for model::NewComponent {
    fn from(input: NewThingComponent) -> Self {
        Self {
            id: input.id.to_string(),
            name: input.name,
            component_type: input.component_type,
            capabilities: input.capabilities.unwrap_or_default(),
            properties: input.properties.unwrap_or_default().into_iter().map(Into::into).collect(),
            actions: input.actions.unwrap_or_default().into_iter().map(Into::into).collect(),
        }
    }
}

impl From<NewComponentProperty> for model::Property {
    fn from(input: NewComponentProperty) -> Self {
        Self {
            id: input.id.to_string(),
            name: input.name,
            value: input.value.unwrap_or_default(),
            unit: input.unit.unwrap_or_default(),
            kind: input.kind.into(),
            property_type: input.property_type.unwrap_or_default(),
            last_update: None,
        }
    }
}

impl From<NewComponentAction> for model::Action {
    fn from(input: NewComponentAction) -> Self {
        let parameters = input.parameters.unwrap_or_default();
        Self {
            id: input.id.to_string(),
            name: input.name,
            parameters: parameters
                .into_iter()
                .map(|NewActionParameter { name, kind }| model::ActionParameter { name, kind: kind.into() })
                .collect(),
        }
    }
}

impl From<ActionParameterInput> for ActionValue {
    fn from(input: ActionParameterInput) -> Self {
        Self { name: input.name, value: input.value }
    }
}
