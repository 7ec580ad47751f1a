//! Connector instances: instantiating, finding and removing them.

use crate::model::callback::{CallbackKind, Line};
use crate::model::error::{Error, Result};
use crate::model::id::{CallbackId, InstallationId, InstanceId};
use crate::model::installation::Installation;
use crate::model::instance::{ExternalSubject, Instance};
use crate::model::lifecycle::{Standing, State};
use crate::model::page::Page;
use crate::model::parameter::{ConfigurationValue, ShownValue};
use crate::model::publication::Publication;
use crate::ops::caller::{Caller, Service};
use crate::ops::installation::{check_unchanged, check_values, instance_subject};
use crate::ops::live::Event;
use crate::ops::quota::Kind;
use crate::ops::waiting::Settled;
use crate::ops::{Platform, View, now};
use crate::store::{self, Inserted};
use rusqlite::Connection;
use std::collections::HashMap;
use std::sync::Arc;

pub use crate::ops::removal::{RemovedInstance, remove_instance as remove};

/// A page of the app's instances, of one subject where one is named, in the order of creation.
///
/// # Errors
/// Faults of the database.
pub fn of_app(
    view: &View,
    caller: &Service,
    subject: Option<&ExternalSubject>,
    page: Page<InstanceId>,
) -> Result<Vec<Instance>> {
    store::instance::of_app(view, caller.app, subject, page)
}

/// The same page of the instances of several installations that the caller is known to see, of one
/// subject where one is named.
///
/// # Errors
/// Faults of the database.
pub fn of_installations(
    view: &View,
    ids: &[InstallationId],
    subject: Option<&ExternalSubject>,
    page: Page<InstanceId>,
) -> Result<Vec<Instance>> {
    store::instance::of_installations(view, ids, subject, page)
}

/// One instance of the developer's apps, or of the app that asks.
///
/// # Errors
/// Faults of the database.
pub fn find(
    view: &View,
    caller: &Caller,
    subject: Option<&ExternalSubject>,
    id: InstanceId,
) -> Result<Option<Instance>> {
    let found = store::instance::get(view, id)?.filter(|instance| match caller {
        Caller::Developer(developer) => instance.owner == developer.account,
        Caller::Service(service) => instance.app == service.app,
        Caller::Instance(caller) => instance.id == caller.instance,
        Caller::Installation(_) => false,
    });
    Ok(found.filter(|instance| subject.is_none_or(|subject| instance.subject == *subject)))
}

/// What was given when each of these instances was made that the caller is known to see.
///
/// # Errors
/// Faults of the database.
pub fn configurations(view: &View, ids: &[InstanceId]) -> Result<HashMap<InstanceId, Vec<ShownValue>>> {
    store::instance::shown_configurations(view, ids)
}

/// Instantiates an installation for an external subject, tells the connector, and waits for its answer.
///
/// # Errors
/// [`Error::NotFound`] for an installation that is not the app's; all violations of the
/// configuration; [`Error::Conflict`] where the installation is not COMPLETE or the subject has an
/// instance already.
pub async fn instantiate(
    platform: &Arc<Platform>,
    caller: &Service,
    subject: ExternalSubject,
    installation: InstallationId,
    configuration: Vec<ConfigurationValue>,
) -> Result<Instance> {
    let service = caller.clone();
    let publication = platform.read(move |view| Ok(instantiable(view, &service, installation)?.1));
    let publication = publication.await?;
    check_values(platform, caller.party(), &publication.profile.instance_parameters, &configuration).await?;
    let line = Line { publication: publication.id, owner: publication.owner };
    let place = platform.reserve(line)?;
    let instance = Instance {
        id: InstanceId::generate(),
        installation,
        app: caller.app,
        owner: caller.owner,
        subject,
        standing: Standing::INITIALIZED,
        created_at: now(),
        token_key: Some(platform.keys.signing()),
    };
    let (id, callback, caller) = (instance.id, CallbackId::generate(), caller.clone());
    let answer = platform.waiting.for_callback(callback);
    let live = Arc::clone(&platform.live);
    let (rooms, quotas) = (Arc::clone(&platform.rooms), platform.settings.quotas);
    let bytes_left = Arc::clone(&platform.bytes_left);
    let stored = platform.store.write_then(
        move |transaction| {
            let (_, current) = instantiable(transaction, &caller, installation)?;
            let declared = &current.profile.instance_parameters;
            check_unchanged(&publication.profile.instance_parameters, declared)?;
            rooms.take(transaction, quotas, installation)?;
            let bytes = store::parameter::bytes_of(&configuration);
            bytes_left.take(transaction, quotas, caller.owner, Kind::Things, bytes)?;
            match store::instance::insert(transaction, &instance, declared, &configuration)? {
                Inserted::New => {}
                Inserted::Exists => return Err(exists(transaction, &instance)?),
            }
            let subject = instance_subject(CallbackKind::Instance, &instance, line);
            store::callback::insert(transaction, callback, &subject, instance.created_at)?;
            Ok((store::callback::pending(callback, &subject), Arc::new(Event::Instance(instance))))
        },
        move |(pending, event)| {
            // First, since the connector's answer is news of later.
            live.publish(|| Arc::clone(event));
            place.submit(*pending);
        },
    );
    if let Err(refusal) = stored.await {
        platform.waiting.give_up(callback);
        return Err(refusal);
    }
    match platform.settlement(callback, answer).await {
        Some(Settled::Instance(Some(instance))) => Ok(instance),
        _ => platform.read(move |view| store::instance::get(view, id)).await?.ok_or_else(|| gone(id)),
    }
}

/// An installation of the app that can be instantiated now, with its publication.
fn instantiable(connection: &Connection, caller: &Service, id: InstallationId) -> Result<(Installation, Publication)> {
    let installation = store::installation::get(connection, id)?
        .filter(|installation| installation.app == caller.app)
        .ok_or_else(|| Error::not_found("installation", id))?;
    if installation.standing.state != State::Complete {
        return Err(Error::Conflict(format!(
            "the installation {id} is in state {}; it can be instantiated in state COMPLETE only",
            installation.standing.state
        )));
    }
    let publication = store::publication::get(connection, installation.publication)?
        .ok_or_else(|| Error::fault(format!("installation {id} has no publication")))?;
    Ok((installation, publication))
}

fn exists(connection: &Connection, wanted: &Instance) -> Result<Error> {
    let Some(instance) = store::instance::of_subject(connection, wanted.installation, &wanted.subject)? else {
        return Ok(Error::fault("an instance exists and does not"));
    };
    Ok(Error::Conflict(format!(
        "the external subject {:?} has an instance of this installation already: {} in state {}; \
         remove that one before instantiating again",
        wanted.subject.as_str(),
        instance.id,
        instance.standing.state
    )))
}

fn gone(id: InstanceId) -> Error {
    Error::Conflict(format!("the instance {id} was removed while its connector was asked"))
}
