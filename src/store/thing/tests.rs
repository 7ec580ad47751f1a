//! Constraints as SQL against what the model says that they mean.

use super::*;
use crate::model::constraint::{ComponentConstraint, ThingConstraint};
use crate::model::value::ValueType;
use crate::store::testing::{self, NOW};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Few texts, so that constraints are often met.
fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "A", "b", "", "%"]).prop_map(str::to_owned)
}

/// IDs of parts, which differ by more than case within a component.
fn id() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["on", "level", "Mode"]).prop_map(str::to_owned)
}

fn id_in_any_case() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["on", "ON", "level", "mode", "gone"]).prop_map(str::to_owned)
}

fn kind() -> impl Strategy<Value = ValueType> {
    prop::sample::select(vec![ValueType::String, ValueType::Number, ValueType::Boolean])
}

fn property() -> impl Strategy<Value = Property> {
    (id(), word(), word(), word(), word()).prop_map(|(id, name, value, unit, property_type)| Property {
        id,
        name,
        value,
        unit,
        kind: ValueType::String,
        property_type,
        last_update: None,
    })
}

fn action() -> impl Strategy<Value = Action> {
    let parameters = vec((word(), kind()), 0..3);
    (id(), word(), parameters).prop_map(|(id, name, parameters)| Action {
        id,
        name,
        parameters: parameters.into_iter().map(|(name, kind)| ActionParameter { name, kind }).collect(),
    })
}

fn component() -> impl Strategy<Value = NewComponent> {
    let parts = (vec(property(), 0..3), vec(action(), 0..3));
    (id(), word(), word(), vec(word(), 0..4), parts).prop_map(
        |(id, name, component_type, capabilities, (mut properties, mut actions))| {
            properties.sort_by(|a, b| a.id.cmp(&b.id));
            properties.dedup_by(|a, b| a.id == b.id);
            actions.sort_by(|a, b| a.id.cmp(&b.id));
            actions.dedup_by(|a, b| a.id == b.id);
            NewComponent { id, name, component_type, capabilities, properties, actions }
        },
    )
}

fn status() -> impl Strategy<Value = ThingStatus> {
    prop::sample::select(vec![ThingStatus::Unknown, ThingStatus::Available, ThingStatus::Unavailable])
}

fn thing() -> impl Strategy<Value = NewThing> {
    let texts = (word(), word(), id(), word());
    (texts, status(), vec((word(), word()), 0..3), vec(component(), 1..4)).prop_map(
        |((name, manufacturer, main_component_id, display_type), status, attributes, mut components)| {
            components.sort_by(|a, b| a.id.cmp(&b.id));
            components.dedup_by(|a, b| a.id == b.id);
            let attributes = attributes.into_iter().map(|(name, value)| Attribute { name, value }).collect();
            NewThing { name, manufacturer, main_component_id, display_type, status, attributes, components }
        },
    )
}

fn maybe<T: std::fmt::Debug>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    option::weighted(0.25, of)
}

fn component_constraints() -> impl Strategy<Value = ComponentConstraints> {
    let component = (maybe(id()), maybe(word()), maybe(word()), vec(word(), 0..3));
    let property = (maybe(id_in_any_case()), maybe(word()), maybe(word()), maybe(word()), maybe(kind()), maybe(word()));
    let action = (maybe(id_in_any_case()), maybe(word()), maybe(word()), maybe(kind()));
    (component, property, action).prop_map(|(component, property, action)| ComponentConstraints {
        component: ComponentConstraint::new(component.0, component.1, component.2, component.3),
        property: PropertyConstraint {
            id: property.0,
            name: property.1,
            value: property.2,
            unit: property.3,
            kind: property.4,
            property_type: property.5,
        },
        action: ActionConstraint { id: action.0, name: action.1, parameter_name: action.2, parameter_type: action.3 },
    })
}

fn constraints() -> impl Strategy<Value = ThingConstraints> {
    let thing = (maybe(word()), maybe(word()), maybe(word()), maybe(id()), maybe(status()));
    (thing, (maybe(word()), maybe(word())), component_constraints()).prop_map(|(thing, attribute, component)| {
        ThingConstraints {
            thing: ThingConstraint {
                id: None,
                name: thing.0,
                manufacturer: thing.1,
                display_type: thing.2,
                main_component_id: thing.3,
                status: thing.4,
            },
            attribute: AttributeConstraint { name: attribute.0, value: attribute.1 },
            component,
        }
    })
}

/// What the model says: the names under which the parts that meet the constraints were given.
fn is_meant(thing: &NewThing, constraints: &ThingConstraints) -> bool {
    let ThingConstraint { id: _, name, manufacturer, display_type, main_component_id, status } = &constraints.thing;
    let is = |wanted: &Option<String>, given: &String| wanted.as_ref().is_none_or(|wanted| wanted == given);
    is(name, &thing.name)
        && is(manufacturer, &thing.manufacturer)
        && is(display_type, &thing.display_type)
        && is(main_component_id, &thing.main_component_id)
        && status.is_none_or(|status| status == thing.status)
        && (constraints.attribute == AttributeConstraint::default()
            || thing.attributes.iter().any(|attribute| constraints.attribute.matches(attribute)))
        && (constraints.component == ComponentConstraints::default()
            || thing.components.iter().any(|component| component_is_meant(component, &constraints.component)))
}

fn component_is_meant(component: &NewComponent, constraints: &ComponentConstraints) -> bool {
    let row = Component {
        key: ComponentKey(0),
        id: component.id.clone(),
        name: component.name.clone(),
        component_type: component.component_type.clone(),
        capabilities: component.capabilities.clone(),
    };
    constraints.matches(&row, component.properties.iter(), component.actions.iter())
}

proptest! {
    #[test]
    fn sql_means_what_the_model_means(things in vec(thing(), 1..6), constraints in constraints()) {
        let mut connection = testing::connection();
        let transaction = connection.transaction().expect("a transaction");
        let app = testing::app(&transaction);
        let subject = ExternalSubject::default_subject();
        let belonging = Belonging { app, owner: AccountId::generate(), subject: &subject, instance: None };
        let mut meant = Vec::new();
        for thing in &things {
            let id = ThingId::generate();
            insert(&transaction, id, &belonging, thing, NOW).expect("inserted");
            if is_meant(thing, &constraints) {
                meant.push(id);
            }
        }
        // They are found by other indexes if no end customer is named.
        for subject in [Some(&subject), None] {
            let selection = Selection { app, subject, own: true, constraints: &constraints };
            let mut found = Vec::new();
            // Two at a time: every page but the last is full, and none begins with what another ended with.
            loop {
                let page = of_app(&transaction, &selection, Page { first: 2, after: found.last().copied() }).expect("a page");
                let full = page.len() == 2;
                found.extend(page.into_iter().map(|thing| thing.id));
                if !full {
                    break;
                }
            }
            prop_assert_eq!(&found, &meant);
        }
    }

    #[test]
    fn parts_are_those_that_the_model_means(thing in thing(), constraints in constraints()) {
        let mut connection = testing::connection();
        let transaction = connection.transaction().expect("a transaction");
        let subject = ExternalSubject::default_subject();
        let belonging = Belonging {
            app: testing::app(&transaction),
            owner: AccountId::generate(),
            subject: &subject,
            instance: None,
        };
        let id = ThingId::generate();
        insert(&transaction, id, &belonging, &thing, NOW).expect("inserted");
        let key = get(&transaction, id).expect("read").expect("the thing").key;

        let found = attributes(&transaction, &[key], &constraints.attribute).expect("attributes").remove(&key);
        let meant: Vec<_> = thing.attributes.iter().filter(|one| constraints.attribute.matches(one)).cloned().collect();
        prop_assert_eq!(found.unwrap_or_default(), meant);

        let found = components(&transaction, &[key], &constraints.component).expect("components").remove(&key);
        let found: Vec<_> = found.unwrap_or_default().into_iter().map(|one| (one.id, one.capabilities)).collect();
        let meant = thing.components.iter().filter(|one| component_is_meant(one, &constraints.component));
        let meant: Vec<_> = meant.map(|one| (one.id.clone(), one.capabilities.clone())).collect();
        prop_assert_eq!(found, meant);

        for row in components(&transaction, &[key], &ComponentConstraints::default()).expect("components").remove(&key).expect("some") {
            let given = thing.components.iter().find(|one| one.id == row.id).expect("the component");
            let constraint = &constraints.component.property;
            let found = properties(&transaction, &[row.key], constraint).expect("properties").remove(&row.key);
            let found: Vec<_> = found.unwrap_or_default().into_iter().map(|one| one.property.id).collect();
            let meant: Vec<_> = given.properties.iter().filter(|one| constraint.matches(one)).map(|one| one.id.clone()).collect();
            prop_assert_eq!(found, meant);
            let constraint = &constraints.component.action;
            let found = actions(&transaction, &[row.key], constraint).expect("actions").remove(&row.key);
            let meant: Vec<_> = given.actions.iter().filter(|one| constraint.matches(one)).cloned().collect();
            prop_assert_eq!(found.unwrap_or_default(), meant);
        }
    }
}
