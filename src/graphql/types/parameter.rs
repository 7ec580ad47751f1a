//! Parameters of publications, and what their values must be.

use crate::graphql::context::Context;
use crate::graphql::id::ID;
use crate::graphql::scalars::Scalar;
use crate::model::parameter::{DisplayType, Parameter, ShownValue};
use crate::model::value::ValueType;
use juniper::{GraphQLEnum, graphql_object};

/// What a value must be; the value itself is always a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, GraphQLEnum)]
#[graphql(scalar = Scalar, name = "ValueType")]
pub enum GraphQlValueType {
    /// Any text.
    String,
    /// A decimal number.
    Number,
    /// `true` or `false`.
    Boolean,
}

impl From<ValueType> for GraphQlValueType {
    fn from(kind: ValueType) -> Self {
        match kind {
            ValueType::String => Self::String,
            ValueType::Number => Self::Number,
            ValueType::Boolean => Self::Boolean,
        }
    }
}

impl From<GraphQlValueType> for ValueType {
    fn from(kind: GraphQlValueType) -> Self {
        match kind {
            GraphQlValueType::String => Self::String,
            GraphQlValueType::Number => Self::Number,
            GraphQlValueType::Boolean => Self::Boolean,
        }
    }
}

/// How a page shows the input of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, GraphQLEnum)]
#[graphql(scalar = Scalar, name = "DisplayType")]
pub enum GraphQlDisplayType {
    /// Readable.
    Plain,
    /// Hidden; such values never appear in logs or query results.
    Password,
}

/// A parameter needed to install or to instantiate a connector.
pub struct ConfigurationParameter<'a>(pub &'a Parameter);

#[graphql_object(context = Context, scalar = Scalar, name = "ConfigurationParameter")]
impl ConfigurationParameter<'_> {
    fn id(&self) -> ID {
        ID::new(self.0.id.clone())
    }

    fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether a value must be given.
    fn required(&self) -> bool {
        self.0.required
    }

    fn description(&self) -> &str {
        &self.0.description
    }

    fn value_type(&self) -> GraphQlValueType {
        self.0.value_type.into()
    }

    fn display_type(&self) -> GraphQlDisplayType {
        match self.0.display_type {
            DisplayType::Plain => GraphQlDisplayType::Plain,
            DisplayType::Password => GraphQlDisplayType::Password,
        }
    }

    /// A regular expression that values must match somewhere; empty for none.
    fn validation_expression(&self) -> &str {
        &self.0.validation_expression
    }
}

/// What was given for a parameter.
pub struct ConfigurationParameterValue<'a>(pub &'a ShownValue);

#[graphql_object(context = Context, scalar = Scalar, name = "ConfigurationParameterValue")]
impl ConfigurationParameterValue<'_> {
    fn configuration_parameter_id(&self) -> ID {
        ID::new(self.0.parameter_id.clone())
    }

    /// Null where it is hidden: PASSWORD values are never shown.
    fn value(&self) -> Option<&str> {
        self.0.value.as_deref()
    }
}
