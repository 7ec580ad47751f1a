//! Things: what connector instances create; components with properties and actions.

use crate::model::error::{Result, Violations};
use crate::model::id::{AppId, InstanceId, ThingId};
use crate::model::instance::ExternalSubject;
use crate::model::time::Timestamp;
use crate::model::value::ValueType;
use std::collections::HashSet;

/// The longest ID of a component, property or action, in characters (domain.md).
const PART_ID_CHARACTERS_MAX: usize = 200;
/// The most components of a thing. Gateways have dozens.
const COMPONENTS_MAX: usize = 100;
/// The most properties of a thing, those of all its components together; and so for its actions, and
/// its attributes. A page of a thousand things is read at once, whatever they have.
const PARTS_MAX: usize = 1_000;

/// Whether a thing can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ThingStatus {
    /// Not told.
    Unknown,
    /// It can.
    Available,
    /// It cannot.
    Unavailable,
}

impl ThingStatus {
    /// The name on the wire and in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Available => "AVAILABLE",
            Self::Unavailable => "UNAVAILABLE",
        }
    }

    /// The status with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Unknown, Self::Available, Self::Unavailable].into_iter().find(|s| s.name() == name)
    }
}

/// Names a thing within this database; not for clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ThingKey(pub i64);

/// Names a component within this database; not for clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ComponentKey(pub i64);

/// Names a property within this database; not for clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PropertyKey(pub i64);

impl PropertyKey {
    /// Stands before all others; names nothing.
    pub const MIN: Self = Self(i64::MIN);
}

/// A thing without its parts, which are loaded by the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thing {
    /// Its key in this database.
    pub key: ThingKey,
    /// Its identifier.
    pub id: ThingId,
    /// The app that sees it.
    pub app: AppId,
    /// The end customer that it belongs to.
    pub subject: ExternalSubject,
    /// The instance that created it; none for a thing that the app keeps itself.
    pub instance: Option<InstanceId>,
    /// For people.
    pub name: String,
    /// For people.
    pub manufacturer: String,
    /// The component that matters most.
    pub main_component_id: String,
    /// What it is shown as, such as `core.LAMP`.
    pub display_type: String,
    /// Whether it can be reached.
    pub status: ThingStatus,
    /// When it was created.
    pub created_at: Timestamp,
}

/// A fact about a thing that does not change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// What it is.
    pub name: String,
    /// What it says.
    pub value: String,
}

/// A part of a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Its key in this database.
    pub key: ComponentKey,
    /// Unique within its thing.
    pub id: String,
    /// For people.
    pub name: String,
    /// What it is, such as `core.Sensor`.
    pub component_type: String,
    /// What it can do, such as `core.RANDOMIZE`.
    pub capabilities: Vec<String>,
}

/// A property with its current value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Unique within its component, without regard to case.
    pub id: String,
    /// For people.
    pub name: String,
    /// The current value; empty until the first.
    pub value: String,
    /// The value's unit, such as `°C`.
    pub unit: String,
    /// What its values must be.
    pub kind: ValueType,
    /// What it is, such as `core.TEMPERATURE`.
    pub property_type: String,
    /// When the value was so; none until the first.
    pub last_update: Option<Timestamp>,
}

/// A property as it is found in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredProperty {
    /// Its key in this database.
    pub key: PropertyKey,
    /// What it is and its current value.
    pub property: Property,
}

/// An action that can be requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Unique within its component, without regard to case.
    pub id: String,
    /// For people.
    pub name: String,
    /// What must be given.
    pub parameters: Vec<ActionParameter>,
}

/// A parameter of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionParameter {
    /// Its name.
    pub name: String,
    /// What its values must be.
    pub kind: ValueType,
}

/// A thing with all its parts, which may be gone from the database.
#[derive(Debug)]
pub struct WholeThing {
    /// The thing.
    pub thing: Thing,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
    /// Its components.
    pub components: Vec<WholeComponent>,
}

/// A component with all its parts, which may be gone from the database.
#[derive(Debug)]
pub struct WholeComponent {
    /// The component.
    pub component: Component,
    /// Its properties.
    pub properties: Vec<StoredProperty>,
    /// Its actions.
    pub actions: Vec<Action>,
}

/// A thing as its creator describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewThing {
    /// For people.
    pub name: String,
    /// For people.
    pub manufacturer: String,
    /// Must name one of the components.
    pub main_component_id: String,
    /// What it is shown as.
    pub display_type: String,
    /// Whether it can be reached.
    pub status: ThingStatus,
    /// Facts about it.
    pub attributes: Vec<Attribute>,
    /// At least one.
    pub components: Vec<NewComponent>,
}

/// A component as its creator describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewComponent {
    /// Unique within the thing.
    pub id: String,
    /// For people.
    pub name: String,
    /// What it is.
    pub component_type: String,
    /// What it can do.
    pub capabilities: Vec<String>,
    /// What can be read.
    pub properties: Vec<Property>,
    /// What can be requested.
    pub actions: Vec<Action>,
}

impl NewThing {
    /// The same with the values.
    #[must_use]
    pub fn bytes_with_values(&self) -> i64 {
        let values = self.components.iter().flat_map(|component| &component.properties).map(|one| one.value.len());
        self.bytes().saturating_add(i64::try_from(values.sum::<usize>()).unwrap_or(i64::MAX))
    }

    /// How many bytes it takes in the database, about, without the values of its properties: its texts, and something
    /// for each row.
    #[must_use]
    pub fn bytes(&self) -> i64 {
        const ROW: usize = 64;
        let row = |texts: &[&str]| ROW + texts.iter().map(|text| text.len()).sum::<usize>();
        let action = |action: &Action| {
            let parameters = action.parameters.iter().map(|parameter| row(&[&parameter.name]));
            row(&[&action.id, &action.name]) + parameters.sum::<usize>()
        };
        let component = |component: &NewComponent| {
            let NewComponent { id, name, component_type, capabilities, properties, actions } = component;
            let properties = properties.iter().map(|one| row(&[&one.id, &one.name, &one.unit, &one.property_type]));
            let capabilities = capabilities.iter().map(|capability| row(&[capability]));
            row(&[id, name, component_type])
                + capabilities.chain(properties).chain(actions.iter().map(action)).sum::<usize>()
        };
        let attributes = self.attributes.iter().map(|attribute| row(&[&attribute.name, &attribute.value]));
        let own = row(&[&self.name, &self.manufacturer, &self.main_component_id, &self.display_type]);
        let bytes = own + attributes.chain(self.components.iter().map(component)).sum::<usize>();
        i64::try_from(bytes).unwrap_or(i64::MAX)
    }

    /// Notes everything that is wrong, with paths under `thing`.
    pub fn check(&self, violations: &mut Violations) {
        violations.require(!self.display_type.is_empty(), "thing.displayType", "must not be empty");
        violations.require(!self.components.is_empty(), "thing.components", "must hold at least one component");
        violations.require(
            self.components.iter().any(|component| component.id == self.main_component_id),
            "thing.mainComponentId",
            "must be the ID of one of the components",
        );
        self.check_numbers(violations);
        let mut seen = HashSet::new();
        for (index, component) in self.components.iter().enumerate() {
            let path = format!("thing.components[{index}]");
            violations.require(
                seen.insert(component.id.as_str()),
                format!("{path}.id"),
                format!("{:?} is the ID of an earlier component", component.id),
            );
            component.check(&path, violations);
        }
    }

    fn check_numbers(&self, violations: &mut Violations) {
        let properties = self.components.iter().map(|component| component.properties.len()).sum();
        let actions = self.components.iter().map(|component| component.actions.len()).sum();
        let mut at_most = |path, what, number: usize, max: usize| {
            let message = format!("must have {max} {what} at the most, not {number}: make several things of it");
            violations.require(number <= max, path, message);
        };
        at_most("thing.attributes", "attributes", self.attributes.len(), PARTS_MAX);
        at_most("thing.components", "components", self.components.len(), COMPONENTS_MAX);
        at_most("thing.components", "properties in all components", properties, PARTS_MAX);
        at_most("thing.components", "actions in all components", actions, PARTS_MAX);
    }

    /// The thing, if nothing is wrong with it.
    ///
    /// # Errors
    /// All violations at once.
    pub fn checked(self) -> Result<Self> {
        let mut violations = Violations::default();
        self.check(&mut violations);
        violations.into_result(self)
    }
}

impl NewComponent {
    fn check(&self, path: &str, violations: &mut Violations) {
        check_part_id(&self.id, path, violations);
        violations.require(!self.component_type.is_empty(), format!("{path}.componentType"), "must not be empty");
        violations.require(
            !(self.properties.is_empty() && self.actions.is_empty()),
            path,
            "must have at least one property or action",
        );
        check_part_ids(self.properties.iter().map(|p| p.id.as_str()), &format!("{path}.properties"), violations);
        check_part_ids(self.actions.iter().map(|a| a.id.as_str()), &format!("{path}.actions"), violations);
        for (index, property) in self.properties.iter().enumerate() {
            violations.require(
                property.value.is_empty() || property.kind.fits(&property.value),
                format!("{path}.properties[{index}].value"),
                format!("{} or empty", property.kind.expectation()),
            );
        }
        for (index, action) in self.actions.iter().enumerate() {
            let mut seen = HashSet::new();
            for (at, parameter) in action.parameters.iter().enumerate() {
                violations.require(
                    !parameter.name.is_empty() && seen.insert(parameter.name.as_str()),
                    format!("{path}.actions[{index}].parameters[{at}].name"),
                    "must not be empty or stand twice",
                );
            }
        }
    }
}

fn check_part_ids<'a>(ids: impl Iterator<Item = &'a str>, path: &str, violations: &mut Violations) {
    let mut seen = HashSet::new();
    for (index, id) in ids.enumerate() {
        let path = format!("{path}[{index}]");
        check_part_id(id, &path, violations);
        violations.require(
            seen.insert(id.to_ascii_lowercase()),
            format!("{path}.id"),
            format!("{id:?} stands earlier in the list (case does not count)"),
        );
    }
}

fn check_part_id(id: &str, path: &str, violations: &mut Violations) {
    let fits = (1..=PART_ID_CHARACTERS_MAX).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    violations.require(fits, format!("{path}.id"), "must be 1 to 200 letters, digits, underscores or hyphens");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::error::Error;

    fn property(id: &str, kind: ValueType, value: &str) -> Property {
        Property {
            id: id.to_owned(),
            name: String::new(),
            value: value.to_owned(),
            unit: String::new(),
            kind,
            property_type: String::new(),
            last_update: None,
        }
    }

    fn thing() -> NewThing {
        NewThing {
            name: String::new(),
            manufacturer: String::new(),
            main_component_id: "c".to_owned(),
            display_type: "core.SENSOR".to_owned(),
            status: ThingStatus::Unknown,
            attributes: Vec::new(),
            components: vec![NewComponent {
                id: "c".to_owned(),
                name: String::new(),
                component_type: "core.Sensor".to_owned(),
                capabilities: Vec::new(),
                properties: vec![property("value", ValueType::Number, "")],
                actions: Vec::new(),
            }],
        }
    }

    fn paths(thing: NewThing) -> Vec<String> {
        match thing.checked() {
            Err(Error::Invalid(violations)) => violations.into_iter().map(|v| v.path).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn an_empty_initial_value_fits_every_type() {
        assert_eq!(paths(thing()), Vec::<String>::new());
    }

    #[test]
    fn all_violations_are_told_at_once() {
        let mut bad = thing();
        bad.display_type.clear();
        bad.main_component_id.clear();
        bad.components.push(bad.components[0].clone());
        bad.components[0].properties.push(property("VALUE", ValueType::Boolean, "maybe"));
        bad.components[1].id = "a b".to_owned();
        bad.components[1].component_type.clear();
        bad.components[1].properties.clear();
        assert_eq!(
            paths(bad),
            [
                "thing.displayType",
                "thing.mainComponentId",
                "thing.components[0].properties[1].id",
                "thing.components[0].properties[1].value",
                "thing.components[1].id",
                "thing.components[1].componentType",
                "thing.components[1]",
            ]
        );
    }

    #[test]
    fn a_thing_of_more_parts_than_can_be_read_at_once_is_refused() {
        let mut bad = thing();
        let component = bad.components[0].clone();
        bad.components[0].properties =
            (0..=PARTS_MAX).map(|n| property(&format!("p{n}"), ValueType::Number, "")).collect();
        assert_eq!(paths(bad.clone()), ["thing.components"]);
        bad.components[0].properties.pop();
        assert_eq!(paths(bad), Vec::<String>::new());
        let mut bad = thing();
        let more = (0..COMPONENTS_MAX).map(|n| NewComponent { id: format!("c{n}"), ..component.clone() });
        bad.components.extend(more);
        assert_eq!(paths(bad), ["thing.components"]);
    }

    #[test]
    fn a_thing_without_components_is_refused() {
        let mut bad = thing();
        bad.components.clear();
        assert_eq!(paths(bad), ["thing.components", "thing.mainComponentId"]);
    }
}
