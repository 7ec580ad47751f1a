//! The JSON bodies that connectors send to the hub (protocol.md, "The hub"), read into the nouns of
//! `model` with all that the platform's SDK leaves out, empty or null.
//!
//! May use `model` and [`crate::http::json`]. Used by [`crate::http::hub`].

use crate::http::json::{self, Object, Place, Problems};
use crate::model::error::{Result, Violations};
use crate::model::history::PropertyUpdate;
use crate::model::lifecycle::{Details, State};
use crate::model::thing::{Action, ActionParameter, Attribute, NewComponent, NewThing, Property, ThingStatus};
use crate::model::time::Timestamp;
use crate::model::value::ValueType;
use crate::ops::hub::ActionEnd;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

const VALUE_TYPES: &str = "STRING, NUMBER and BOOLEAN";
const THING_STATUSES: &str = "UNKNOWN, AVAILABLE and UNAVAILABLE";

/// What a connector reports of its installation or instance.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StateReport {
    /// Where it stands.
    pub(super) state: State,
    /// What explains it.
    pub(super) details: Option<Details>,
}

#[derive(Deserialize)]
struct StateBody<'a> {
    #[serde(borrow)]
    state: Option<&'a RawValue>,
    #[serde(borrow)]
    details: Option<&'a RawValue>,
}

/// Reads a state report.
pub(super) fn state_report(body: &[u8]) -> Result<StateReport> {
    let body: StateBody<'_> = json::parse(body, r#"{"state": 2, "details": {}}"#)?;
    let mut problems = Problems::default();
    let state =
        body.state.and_then(|raw| state(raw.get())).filter(|state| state.may_be_reported()).unwrap_or_else(|| {
            problems.add("state", "must be COMPLETE (2), ONGOING (3) or FAILED (4), as number or name");
            State::Complete
        });
    let details = body.details.and_then(|raw| details(raw.get(), &mut problems));
    problems.into_result(StateReport { state, details })
}

fn state(raw: &str) -> Option<State> {
    match serde_json::from_str(raw).ok()? {
        Value::Number(number) => State::from_number(number.as_i64()?),
        Value::String(name) => State::from_name(&name),
        _ => None,
    }
}

/// Keeps the object's own text. It is parsed all the same: whoever reads it later must be able to.
fn details(raw: &str, problems: &mut Problems) -> Option<Details> {
    if !raw.starts_with('{') {
        problems.add("details", format!("must be an object or null, not {}", json::kind(raw)));
        return None;
    }
    match serde_json::from_str::<Value>(raw) {
        Ok(_) => Some(Details::from_json_object(raw.to_owned())),
        Err(error) => {
            problems.add("details", format!("is not a valid object: {error}"));
            None
        }
    }
}

#[derive(Deserialize)]
struct PropertyBody<'a> {
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    #[serde(borrow, rename = "lastUpdate")]
    last_update: Option<&'a RawValue>,
}

/// Reads a property's new value.
pub(super) fn property_update(body: &[u8], now: Timestamp) -> Result<PropertyUpdate> {
    let body: PropertyBody<'_> = json::parse(body, r#"{"value": "21.5", "lastUpdate": "2026-01-02T03:04:05Z"}"#)?;
    let mut problems = Problems::default();
    let value = json::required_text(body.value, "value", &mut problems);
    let at = json::text(body.last_update, "lastUpdate", &mut problems);
    let at = at.and_then(|text| time(&text, &Place::Key("lastUpdate"), &mut problems));
    let update = problems.absorb(None, PropertyUpdate::new(value, at, now));
    // Where there is no update, problems were noted, and the placeholder goes nowhere.
    problems.into_result(update.unwrap_or(PropertyUpdate { value: String::new(), at: now }))
}

/// A time; none for the empty text and Go's zero time, which both mean now.
fn time(text: &str, place: &Place<'_>, problems: &mut Problems) -> Option<Timestamp> {
    if text.is_empty() {
        return None;
    }
    let read = Timestamp::parse(text).map_err(|error| problems.add(place, format!("{text:?} is {error}")));
    read.ok().filter(|at| *at != Timestamp::GO_ZERO)
}

#[derive(Deserialize)]
struct StatusBody<'a> {
    #[serde(borrow)]
    status: Option<&'a RawValue>,
}

/// Reads whether a thing can be reached. The empty text is the SDK's zero value.
pub(super) fn thing_status(body: &[u8]) -> Result<ThingStatus> {
    let body: StatusBody<'_> = json::parse(body, r#"{"status": "AVAILABLE"}"#)?;
    let mut problems = Problems::default();
    let name = json::required_text(body.status, "status", &mut problems);
    let status = if name.is_empty() { Some(ThingStatus::Unknown) } else { ThingStatus::from_name(&name) };
    if status.is_none() {
        problems.add("status", format!("must be one of {THING_STATUSES}, not {name:?}"));
    }
    problems.into_result(status.unwrap_or(ThingStatus::Unknown))
}

#[derive(Deserialize)]
struct ActionBody<'a> {
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// Reads how an action request ended.
pub(super) fn action_end(body: &[u8]) -> Result<ActionEnd> {
    let body: ActionBody<'_> = json::parse(body, r#"{"status": "COMPLETED", "error": ""}"#)?;
    let mut problems = Problems::default();
    let error = json::text(body.error, "error", &mut problems).filter(|text| !text.is_empty());
    let given = body.status.is_some();
    let end = match json::text(body.status, "status", &mut problems).as_deref() {
        Some("COMPLETED") => {
            if error.is_some() {
                problems.add("error", "must be empty or absent where the status is COMPLETED");
            }
            ActionEnd::Completed
        }
        Some("FAILED") => ActionEnd::Failed(error),
        // What is no string is noted already.
        None if given => ActionEnd::Completed,
        other => {
            let found = other.map_or_else(|| "absent".to_owned(), |name| format!("{name:?}"));
            problems.add("status", format!("must be COMPLETED or FAILED, not {found}"));
            ActionEnd::Completed
        }
    };
    problems.into_result(end)
}

#[derive(Deserialize)]
struct ThingBody {
    thing: Option<Value>,
}

/// Reads a new thing and holds it against all rules.
pub(super) fn new_thing(body: &[u8], now: Timestamp) -> Result<NewThing> {
    let body: ThingBody = json::parse(body, r#"{"thing": {"displayType": "core.SENSOR", "components": []}}"#)?;
    let mut problems = Problems::default();
    let thing = Object::of(body.thing.as_ref(), Place::Key("thing"), &mut problems);
    let thing = NewThing {
        name: thing.text("name", &mut problems),
        manufacturer: thing.text("manufacturer", &mut problems),
        main_component_id: thing.text("mainComponentId", &mut problems),
        display_type: thing.text("displayType", &mut problems),
        status: thing
            .name("status", ThingStatus::from_name, THING_STATUSES, &mut problems)
            .unwrap_or(ThingStatus::Unknown),
        attributes: thing.objects("attributes", &mut problems, |attribute, problems| Attribute {
            name: attribute.text("name", problems),
            value: attribute.text("value", problems),
        }),
        components: thing.objects("components", &mut problems, |part, problems| component(part, now, problems)),
    };
    let mut violations = Violations::default();
    thing.check(&mut violations);
    problems.absorb(None, violations.into_result(()));
    problems.into_result(thing)
}

fn component(component: Object<'_>, now: Timestamp, problems: &mut Problems) -> NewComponent {
    NewComponent {
        id: component.text("id", problems),
        name: component.text("name", problems),
        component_type: component.text("componentType", problems),
        capabilities: component.texts("capabilities", problems),
        properties: component.objects("properties", problems, |part, problems| property(part, now, problems)),
        actions: component.objects("actions", problems, |action, problems| Action {
            id: action.text("id", problems),
            name: action.text("name", problems),
            parameters: action.objects("parameters", problems, |parameter, problems| ActionParameter {
                name: parameter.text("name", problems),
                kind: value_type(parameter, problems),
            }),
        }),
    }
}

fn property(property: Object<'_>, now: Timestamp, problems: &mut Problems) -> Property {
    let value = property.text("value", problems);
    let at = time(&property.text("lastUpdate", problems), &property.place.then("lastUpdate"), problems);
    // An initial value is an update like any other: a time far ahead would keep later ones out.
    let first = (!value.is_empty()).then(|| PropertyUpdate::new(value.clone(), at, now));
    let last_update = first.and_then(|first| problems.absorb(Some(&property.place), first)).map(|first| first.at);
    Property {
        id: property.text("id", problems),
        name: property.text("name", problems),
        value,
        unit: property.text("unit", problems),
        kind: value_type(property, problems),
        property_type: property.text("propertyType", problems),
        last_update,
    }
}

/// The type, which must be given; any text fits the one that stands in for it.
fn value_type(object: Object<'_>, problems: &mut Problems) -> ValueType {
    let absent = object.is_empty("type");
    let kind = object.name("type", ValueType::from_name, VALUE_TYPES, problems);
    if absent {
        problems.add(object.place.then("type"), format!("must be one of {VALUE_TYPES}"));
    }
    kind.unwrap_or(ValueType::String)
}

#[cfg(test)]
mod tests;
