//! What is said of connectors, installations and instances.

use crate::graphql::id::ID;
use crate::graphql::scalars::Scalar;
use crate::graphql::types::connector::ConnectorMode;
use crate::graphql::types::parameter::{GraphQlDisplayType, GraphQlValueType};
use crate::model::parameter::{ConfigurationValue, DisplayType, Parameter};
use crate::model::publication::{CallbackUrls, Mode, PublicationProfile};
use juniper::{GraphQLInputObject, Nullable};

/// What a developer says of a connector.
#[derive(GraphQLInputObject)]
#[graphql(scalar = Scalar)]
pub struct ConnectorPublicationInput {
    name: String,
    logo_url: Option<String>,
    home_url: Option<String>,
    description: String,
    requirements: Option<String>,
    #[graphql(default = Some(ConnectorMode::Private))]
    mode: Option<ConnectorMode>,
    #[graphql(default = Some(Vec::new()))]
    tags: Option<Vec<String>>,
    /// What is needed to install it.
    #[graphql(default = Some(Vec::new()))]
    configuration_parameters: Option<Vec<ConfigurationParameterInput>>,
    /// What is needed to instantiate it.
    #[graphql(default = Some(Vec::new()))]
    customer_configuration_parameters: Option<Vec<ConfigurationParameterInput>>,
    installation_callback_url: String,
    instance_callback_url: String,
    action_callback_url: String,
}

/// A parameter needed to install or to instantiate a connector.
#[derive(GraphQLInputObject)]
#[graphql(scalar = Scalar)]
pub struct ConfigurationParameterInput {
    id: ID,
    name: String,
    /// Whether a value must be given.
    #[graphql(default = Some(false))]
    required: Option<bool>,
    #[graphql(default = Some(String::new()))]
    description: Option<String>,
    value_type: GraphQlValueType,
    #[graphql(default = Some(GraphQlDisplayType::Plain))]
    display_type: Option<GraphQlDisplayType>,
    /// A regular expression that values must match somewhere; empty for none.
    #[graphql(default = Some(String::new()))]
    validation_expression: Option<String>,
}

/// A value for a parameter of a connector.
#[derive(GraphQLInputObject)]
#[graphql(scalar = Scalar)]
pub struct ConfigurationParameterValueInput {
    configuration_parameter_id: ID,
    value: String,
}

/// Changes of a publication; fields left out stay as they are.
#[derive(GraphQLInputObject)]
#[graphql(scalar = Scalar)]
pub struct ConnectorPublicationUpdate {
    name: Option<String>,
    /// Null takes it away.
    logo_url: Nullable<String>,
    /// Null takes it away.
    home_url: Nullable<String>,
    description: Option<String>,
    /// Null takes it away.
    requirements: Nullable<String>,
    mode: Option<ConnectorMode>,
    /// Whether new installations are taken.
    active: Option<bool>,
    tags: Option<Vec<String>>,
    configuration_parameters: Option<Vec<ConfigurationParameterInput>>,
    customer_configuration_parameters: Option<Vec<ConfigurationParameterInput>>,
    installation_callback_url: Option<String>,
    instance_callback_url: Option<String>,
    action_callback_url: Option<String>,
}

impl From<ConnectorPublicationInput> for PublicationProfile {
    fn from(input: ConnectorPublicationInput) -> Self {
        Self {
            name: input.name,
            logo_url: input.logo_url,
            home_url: input.home_url,
            description: input.description,
            requirements: input.requirements,
            mode: input.mode.map_or(Mode::Private, Mode::from),
            active: true,
            tags: input.tags.unwrap_or_default(),
            installation_parameters: parameters(input.configuration_parameters.unwrap_or_default()),
            instance_parameters: parameters(input.customer_configuration_parameters.unwrap_or_default()),
            callback_urls: CallbackUrls {
                installation: input.installation_callback_url,
                instance: input.instance_callback_url,
                action: input.action_callback_url,
            },
        }
    }
}

fn parameters(inputs: Vec<ConfigurationParameterInput>) -> Vec<Parameter> {
    inputs.into_iter().map(Parameter::from).collect()
}

impl From<ConfigurationParameterInput> for Parameter {
    fn from(input: ConfigurationParameterInput) -> Self {
        Self {
            id: input.id.to_string(),
            name: input.name,
            required: input.required.unwrap_or(false),
            description: input.description.unwrap_or_default(),
            value_type: input.value_type.into(),
            display_type: match input.display_type {
                Some(GraphQlDisplayType::Password) => DisplayType::Password,
                Some(GraphQlDisplayType::Plain) | None => DisplayType::Plain,
            },
            validation_expression: input.validation_expression.unwrap_or_default(),
        }
    }
}

impl ConnectorPublicationUpdate {
    /// The profile with the changes made.
    pub fn apply(self, profile: PublicationProfile) -> PublicationProfile {
        let urls = profile.callback_urls;
        PublicationProfile {
            name: self.name.unwrap_or(profile.name),
            logo_url: changed(self.logo_url, profile.logo_url),
            home_url: changed(self.home_url, profile.home_url),
            description: self.description.unwrap_or(profile.description),
            requirements: changed(self.requirements, profile.requirements),
            mode: self.mode.map_or(profile.mode, Mode::from),
            active: self.active.unwrap_or(profile.active),
            tags: self.tags.unwrap_or(profile.tags),
            installation_parameters: self.configuration_parameters.map_or(profile.installation_parameters, parameters),
            instance_parameters: self.customer_configuration_parameters.map_or(profile.instance_parameters, parameters),
            callback_urls: CallbackUrls {
                installation: self.installation_callback_url.unwrap_or(urls.installation),
                instance: self.instance_callback_url.unwrap_or(urls.instance),
                action: self.action_callback_url.unwrap_or(urls.action),
            },
        }
    }
}

fn changed(change: Nullable<String>, present: Option<String>) -> Option<String> {
    match change {
        Nullable::ImplicitNull => present,
        Nullable::ExplicitNull => None,
        Nullable::Some(new) => Some(new),
    }
}

impl From<ConfigurationParameterValueInput> for ConfigurationValue {
    fn from(input: ConfigurationParameterValueInput) -> Self {
        Self { parameter_id: input.configuration_parameter_id.to_string(), value: input.value }
    }
}
