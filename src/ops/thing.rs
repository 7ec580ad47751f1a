//! Reading things and their parts. Whoever sees a thing sees its parts.

use crate::model::error::Result;
use crate::model::id::{InstanceId, ThingId};
use crate::model::instance::ExternalSubject;
use crate::model::page::Page;
use crate::model::thing::{Action, Attribute, Component, ComponentKey, StoredProperty, Thing, ThingFilter, ThingKey};
use crate::ops::View;
use crate::ops::caller::Service;
use crate::store;
use std::collections::HashMap;

/// A page of the app's things that match, of one subject where one is named, in the order of creation.
///
/// # Errors
/// Faults of the database.
pub fn of_app(
    view: &View,
    caller: &Service,
    subject: Option<&ExternalSubject>,
    filter: &ThingFilter,
    page: Page<ThingId>,
) -> Result<Vec<Thing>> {
    store::thing::of_app(view, caller.app, subject, filter, page)
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

/// The attributes of things that the caller is known to see.
///
/// # Errors
/// Faults of the database.
pub fn attributes(view: &View, things: &[ThingKey]) -> Result<HashMap<ThingKey, Vec<Attribute>>> {
    store::thing::attributes(view, things)
}

/// The components of things that the caller is known to see.
///
/// # Errors
/// Faults of the database.
pub fn components(view: &View, things: &[ThingKey]) -> Result<HashMap<ThingKey, Vec<Component>>> {
    store::thing::components(view, things)
}

/// The properties of components that the caller is known to see.
///
/// # Errors
/// Faults of the database.
pub fn properties(view: &View, components: &[ComponentKey]) -> Result<HashMap<ComponentKey, Vec<StoredProperty>>> {
    store::thing::properties(view, components)
}

/// The actions of components that the caller is known to see.
///
/// # Errors
/// Faults of the database.
pub fn actions(view: &View, components: &[ComponentKey]) -> Result<HashMap<ComponentKey, Vec<Action>>> {
    store::thing::actions(view, components)
}
