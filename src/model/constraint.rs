//! What things and their parts must be like to be meant. Every field given must match; a constraint
//! that gives nothing is met by everything.

use crate::model::id::ThingId;
use crate::model::text::is_spelling;
use crate::model::thing::{Action, ActionParameter, Attribute, Component, Property, ThingStatus};
use crate::model::value::ValueType;

/// What a thing and its parts must be like, all together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ThingConstraints {
    /// The thing itself.
    pub thing: ThingConstraint,
    /// It has an attribute like this.
    pub attribute: AttributeConstraint,
    /// It has one component like this.
    pub component: ComponentConstraints,
}

/// What a component and its parts must be like, all together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ComponentConstraints {
    /// The component itself.
    pub component: ComponentConstraint,
    /// It has a property like this.
    pub property: PropertyConstraint,
    /// It has an action like this.
    pub action: ActionConstraint,
}

/// What a thing itself must be like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ThingConstraint {
    /// Its identifier.
    pub id: Option<ThingId>,
    /// Its name.
    pub name: Option<String>,
    /// Its manufacturer.
    pub manufacturer: Option<String>,
    /// What it is shown as.
    pub display_type: Option<String>,
    /// The component that matters most.
    pub main_component_id: Option<String>,
    /// Whether it can be reached.
    pub status: Option<ThingStatus>,
}

/// What an attribute must be like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct AttributeConstraint {
    /// What it is.
    pub name: Option<String>,
    /// What it says.
    pub value: Option<String>,
}

/// What a component itself must be like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ComponentConstraint {
    /// Its ID.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// What it is.
    pub component_type: Option<String>,
    /// It has all of these; sorted, none twice.
    capabilities: Vec<String>,
}

/// What a property must be like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PropertyConstraint {
    /// Its ID, without regard to case.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its current value, as the connector wrote it.
    pub value: Option<String>,
    /// Its unit.
    pub unit: Option<String>,
    /// What its values must be.
    pub kind: Option<ValueType>,
    /// What it is.
    pub property_type: Option<String>,
}

/// What an action must be like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ActionConstraint {
    /// Its ID, without regard to case.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// It has a parameter of this name.
    pub parameter_name: Option<String>,
    /// It has a parameter of this type; the one of that name, where one is given.
    pub parameter_type: Option<ValueType>,
}

impl AttributeConstraint {
    /// Whether an attribute is like this.
    #[must_use]
    pub fn matches(&self, attribute: &Attribute) -> bool {
        is(self.name.as_ref(), &attribute.name) && is(self.value.as_ref(), &attribute.value)
    }
}

impl ComponentConstraint {
    /// A component with this ID, name and type where they are given, and all of these capabilities.
    #[must_use]
    pub fn new(
        id: Option<String>,
        name: Option<String>,
        component_type: Option<String>,
        mut capabilities: Vec<String>,
    ) -> Self {
        capabilities.sort_unstable();
        capabilities.dedup();
        Self { id, name, component_type, capabilities }
    }

    /// What a component must be able to do: sorted, none twice.
    #[must_use]
    pub fn capabilities(&self) -> &[String] {
        &self.capabilities
    }

    /// Whether a component is like this.
    #[must_use]
    pub fn matches(&self, component: &Component) -> bool {
        is(self.id.as_ref(), &component.id)
            && is(self.name.as_ref(), &component.name)
            && is(self.component_type.as_ref(), &component.component_type)
            && self.capabilities.iter().all(|one| component.capabilities.contains(one))
    }
}

impl PropertyConstraint {
    /// Whether a property is like this.
    #[must_use]
    pub fn matches(&self, property: &Property) -> bool {
        is_ignoring_case(self.id.as_ref(), &property.id)
            && is(self.name.as_ref(), &property.name)
            && is(self.value.as_ref(), &property.value)
            && is(self.unit.as_ref(), &property.unit)
            && self.kind.is_none_or(|kind| kind == property.kind)
            && is(self.property_type.as_ref(), &property.property_type)
    }
}

impl ActionConstraint {
    /// Whether an action is like this.
    #[must_use]
    pub fn matches(&self, action: &Action) -> bool {
        let fits = |parameter: &ActionParameter| {
            is(self.parameter_name.as_ref(), &parameter.name)
                && self.parameter_type.is_none_or(|kind| kind == parameter.kind)
        };
        let by_parameter = self.parameter_name.is_some() || self.parameter_type.is_some();
        is_ignoring_case(self.id.as_ref(), &action.id)
            && is(self.name.as_ref(), &action.name)
            && (!by_parameter || action.parameters.iter().any(fits))
    }
}

impl ComponentConstraints {
    /// Whether a component with these properties and actions is like this.
    #[must_use]
    pub fn matches<'a>(
        &self,
        component: &Component,
        mut properties: impl Iterator<Item = &'a Property>,
        mut actions: impl Iterator<Item = &'a Action>,
    ) -> bool {
        self.component.matches(component)
            && (self.property == PropertyConstraint::default() || properties.any(|one| self.property.matches(one)))
            && (self.action == ActionConstraint::default() || actions.any(|one| self.action.matches(one)))
    }
}

/// Texts of either normal form are the same: which one is used depends on who typed them.
fn is(wanted: Option<&String>, given: &str) -> bool {
    wanted.is_none_or(|wanted| is_spelling(wanted, given))
}

fn is_ignoring_case(wanted: Option<&String>, given: &str) -> bool {
    wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(given))
}
