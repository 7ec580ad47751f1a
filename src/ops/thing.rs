//! Reading things and their parts, and the things that an app keeps itself. Whoever sees a thing
//! sees its parts.

use crate::model::constraint::{
    ActionConstraint, AttributeConstraint, ComponentConstraints, PropertyConstraint, ThingConstraints,
};
use crate::model::error::{Error, Result, Violation};
use crate::model::id::{AppId, InstanceId, ThingId};
use crate::model::instance::ExternalSubject;
use crate::model::page::{PAGE_SIZE_MAX, Page};
use crate::model::thing::{
    Action, Attribute, Component, ComponentKey, NewThing, StoredProperty, Thing, ThingKey, WholeComponent, WholeThing,
};
use crate::ops::caller::Service;
use crate::ops::live::Event;
use crate::ops::quota::Kind;
use crate::ops::{Platform, View, now};
use crate::store;
use crate::store::cascade::Step;
use crate::store::thing::Selection;
use rusqlite::Connection;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A page of the app's things that are like this, of one subject where one is named, in the order
/// of creation.
///
/// # Errors
/// [`Error::Conflict`] if the thing that the page is to follow is gone.
pub fn of_app(
    view: &View,
    caller: &Service,
    subject: Option<&ExternalSubject>,
    constraints: &ThingConstraints,
    page: Page<ThingId>,
) -> Result<Vec<Thing>> {
    store::thing::of_app(view, &Selection { app: caller.app, subject, own: false, constraints }, page)
}

/// All things that are meant, which must not be more than one call may act on; `path` names what
/// is to be narrowed down if they are.
pub(super) fn all(view: &View, selection: &Selection<'_>, path: &str) -> Result<Vec<Thing>> {
    // One more than may be meant tells that there are too many.
    let things = store::thing::of_app(view, selection, Page { first: PAGE_SIZE_MAX + 1, after: None })?;
    if things.len() > PAGE_SIZE_MAX as usize {
        return Err(too_many(path, "things", PAGE_SIZE_MAX as usize));
    }
    Ok(things)
}

/// That one call is to act on too many.
pub(super) fn too_many(path: &str, what: &str, limit: usize) -> Error {
    Error::Invalid(vec![Violation {
        path: path.to_owned(),
        message: format!("more {what} are meant than the {limit} that one call may act on: narrow them down"),
    }])
}

/// An app creates a thing that it keeps itself.
///
/// # Errors
/// All violations of the rules for things; [`Error::NotFound`] if the app was removed meanwhile.
pub async fn create(platform: &Platform, caller: &Service, subject: ExternalSubject, thing: NewThing) -> Result<Thing> {
    let thing = thing.checked()?;
    let (id, app) = (ThingId::generate(), caller.app);
    let (quotas, owner) = (platform.settings.quotas, caller.owner);
    let (rates, bytes_left) = (Arc::clone(&platform.rates), Arc::clone(&platform.bytes_left));
    let stored = platform.store.write(move |transaction| {
        rates.take(owner)?;
        store::app::get(transaction, app)?.ok_or_else(|| Error::not_found("app", app))?;
        quotas.own_thing(transaction, app)?;
        bytes_left.take(transaction, quotas, owner, Kind::Things, thing.bytes_with_values())?;
        let belonging = store::thing::Belonging { app, owner, subject: &subject, instance: None };
        store::thing::insert(transaction, id, &belonging, &thing, now())?;
        store::thing::get(transaction, id)?.ok_or_else(|| Error::not_found("thing", id))
    });
    stored.await
}

/// What [`delete`] would delete.
///
/// # Errors
/// A violation where more are meant than one call may act on.
pub async fn preview_deletion(
    platform: &Arc<Platform>,
    caller: &Service,
    subject: Option<ExternalSubject>,
    constraints: ThingConstraints,
) -> Result<Vec<Thing>> {
    let app = caller.app;
    platform.read(move |view| all_own(view, app, subject.as_ref(), &constraints)).await
}

/// An app deletes those of its own things that are like this, of one subject where one is named;
/// what they were.
///
/// # Errors
/// A violation where more are meant than one call may act on: nothing is deleted then. If the database fails on the
/// way, some may be gone.
pub async fn delete(
    platform: &Arc<Platform>,
    caller: &Service,
    subject: Option<ExternalSubject>,
    constraints: ThingConstraints,
) -> Result<Vec<WholeThing>> {
    let app = caller.app;
    let selected = platform.read(move |view| whole(view, all_own(view, app, subject.as_ref(), &constraints)?)).await?;
    // Nobody but another deletion changes an app's own things.
    let mut keys: Vec<_> = selected.iter().map(|whole| whole.thing.key).collect();
    let mut deleted = HashSet::new();
    // In steps: a thousand things of a thousand parts would hold up everybody's writes for seconds.
    while !keys.is_empty() {
        let live = Arc::clone(&platform.live);
        let step = platform.store.write_then(
            move |transaction| {
                let (gone, done) = store::cascade::own_things(transaction, app, &keys, &Step::begin())?;
                Ok((gone, keys.split_off(done)))
            },
            move |(gone, _)| {
                for id in gone {
                    live.publish(|| Arc::new(Event::ThingGone(*id)));
                }
            },
        );
        let (gone, rest) = step.await?;
        deleted.extend(gone);
        keys = rest;
    }
    Ok(selected.into_iter().filter(|whole| deleted.contains(&whole.thing.id)).collect())
}

fn all_own(
    view: &View,
    app: AppId,
    subject: Option<&ExternalSubject>,
    constraints: &ThingConstraints,
) -> Result<Vec<Thing>> {
    all(view, &Selection { app, subject, own: true, constraints }, "thingConstraint")
}

/// These things with all their parts.
pub(super) fn whole(view: &Connection, things: Vec<Thing>) -> Result<Vec<WholeThing>> {
    let keys: Vec<_> = things.iter().map(|thing| thing.key).collect();
    let mut attributes = store::thing::attributes(view, &keys, &AttributeConstraint::default())?;
    let mut components = store::thing::components(view, &keys, &ComponentConstraints::default())?;
    let keys: Vec<_> = components.values().flatten().map(|component| component.key).collect();
    let mut properties = store::thing::properties(view, &keys, &PropertyConstraint::default())?;
    let mut actions = store::thing::actions(view, &keys, &ActionConstraint::default())?;
    let mut whole_component = |component: Component| WholeComponent {
        properties: properties.remove(&component.key).unwrap_or_default(),
        actions: actions.remove(&component.key).unwrap_or_default(),
        component,
    };
    let mut whole_thing = |thing: Thing| {
        let components = components.remove(&thing.key).unwrap_or_default();
        WholeThing {
            attributes: attributes.remove(&thing.key).unwrap_or_default(),
            components: components.into_iter().map(&mut whole_component).collect(),
            thing,
        }
    };
    Ok(things.into_iter().map(&mut whole_thing).collect())
}

/// The things of instances that the caller is known to see.
///
/// # Errors
/// Faults of the database.
pub fn of_instances(view: &View, instances: &[InstanceId]) -> Result<Vec<Thing>> {
    store::thing::of_instances(view, instances)
}

/// Things that the caller is known to see.
///
/// # Errors
/// Faults of the database.
pub fn of_requests(view: &View, ids: &[ThingId]) -> Result<Vec<Thing>> {
    store::thing::get_many(view, ids)
}

/// Those of these things that their connectors deleted and whose action requests are kept, as they were. The caller is
/// known to see them.
///
/// # Errors
/// Faults of the database.
pub fn removed(view: &View, ids: &[ThingId]) -> Result<Vec<WholeThing>> {
    store::removed::get_many(view, ids)
}

/// Those attributes that are like this of things that the caller is known to see.
///
/// # Errors
/// Faults of the database.
pub fn attributes(
    view: &View,
    things: &[ThingKey],
    constraint: &AttributeConstraint,
) -> Result<HashMap<ThingKey, Vec<Attribute>>> {
    store::thing::attributes(view, things, constraint)
}

/// Those components that are like this of things that the caller is known to see.
///
/// # Errors
/// Faults of the database.
pub fn components(
    view: &View,
    things: &[ThingKey],
    constraints: &ComponentConstraints,
) -> Result<HashMap<ThingKey, Vec<Component>>> {
    store::thing::components(view, things, constraints)
}

/// Those properties that are like this of components that the caller is known to see.
///
/// # Errors
/// Faults of the database.
pub fn properties(
    view: &View,
    components: &[ComponentKey],
    constraint: &PropertyConstraint,
) -> Result<HashMap<ComponentKey, Vec<StoredProperty>>> {
    store::thing::properties(view, components, constraint)
}

/// Those actions that are like this of components that the caller is known to see.
///
/// # Errors
/// Faults of the database.
pub fn actions(
    view: &View,
    components: &[ComponentKey],
    constraint: &ActionConstraint,
) -> Result<HashMap<ComponentKey, Vec<Action>>> {
    store::thing::actions(view, components, constraint)
}
