//! Connector installations: installing, finding and removing them.

use crate::model::callback::{CallbackKind, CallbackSubject, Line};
use crate::model::error::{Error, Result};
use crate::model::id::{AppId, CallbackId, InstallationId, PublicationId};
use crate::model::installation::Installation;
use crate::model::instance::{ExternalSubject, Instance};
use crate::model::lifecycle::{Standing, State};
use crate::model::parameter::{ConfigurationValue, Parameter, ShownValue, check_configuration, have_expressions};
use crate::model::party::Party;
use crate::model::publication::{Publication, PublicationState};
use crate::ops::caller::{Caller, Developer};
use crate::ops::live::Event;
use crate::ops::quota::Kind;
use crate::ops::waiting::Settled;
use crate::ops::{Platform, View, app, now, suspension};
use crate::store::{self, Inserted};
use rusqlite::Connection;
use std::collections::HashMap;
use std::sync::Arc;

pub use crate::ops::removal::{RemovedInstallation, remove_installation as remove};

/// The installations of one of the developer's apps, in the order of creation.
///
/// # Errors
/// [`Error::NotFound`] also for another account's app.
pub fn of_app(view: &View, caller: &Developer, id: AppId) -> Result<Vec<Installation>> {
    let app = app::own(view, caller, id)?;
    store::installation::of_apps(view, &[app.id])
}

/// The installations of several apps that the caller is known to own.
///
/// # Errors
/// Faults of the database.
pub fn of_apps(view: &View, apps: &[AppId]) -> Result<Vec<Installation>> {
    store::installation::of_apps(view, apps)
}

/// The installations of instances that the caller is known to see.
///
/// # Errors
/// Faults of the database.
pub fn of_instances(view: &View, ids: &[InstallationId]) -> Result<Vec<Installation>> {
    store::installation::get_many(view, ids)
}

/// One installation of the developer's apps, or of the app that asks.
///
/// # Errors
/// Faults of the database.
pub fn find(view: &View, caller: &Caller, id: InstallationId) -> Result<Option<Installation>> {
    let found = store::installation::get(view, id)?;
    Ok(found.filter(|installation| match caller {
        Caller::Developer(developer) => installation.owner == developer.account,
        Caller::Service(service) => installation.app == service.app,
        Caller::Installation(caller) => installation.id == caller.installation,
        Caller::Instance(_) => false,
    }))
}

/// How many instances each of these installations has, of one subject where one is named; those
/// with none are left out.
///
/// # Errors
/// Faults of the database.
pub fn instance_counts(
    view: &View,
    ids: &[InstallationId],
    subject: Option<&ExternalSubject>,
) -> Result<HashMap<InstallationId, i64>> {
    store::installation::instance_counts(view, ids, subject)
}

/// What was given when each of these installations was made that the caller is known to see.
///
/// # Errors
/// Faults of the database.
pub fn configurations(view: &View, ids: &[InstallationId]) -> Result<HashMap<InstallationId, Vec<ShownValue>>> {
    store::installation::shown_configurations(view, ids)
}

/// Installs a connector for an app, tells the connector, and waits for its answer.
///
/// # Errors
/// [`Error::NotFound`] for an app or a publication that the developer may not see; all violations of
/// the configuration; [`Error::Conflict`] where the app has an installation of it already.
pub async fn install(
    platform: &Arc<Platform>,
    caller: &Developer,
    app: AppId,
    publication: PublicationId,
    configuration: Vec<ConfigurationValue>,
) -> Result<Installation> {
    let developer = caller.clone();
    let publication = platform.read(move |view| {
        app::own(view, &developer, app)?;
        installable(view, &developer, publication)
    });
    let publication = publication.await?;
    let declared = &publication.profile.installation_parameters;
    check_values(platform, caller.party(), declared, &configuration).await?;
    let line = Line { publication: publication.id, owner: publication.owner };
    let place = platform.reserve(line)?;
    let installation = Installation {
        id: InstallationId::generate(),
        app,
        owner: caller.account,
        publication: publication.id,
        standing: Standing::INITIALIZED,
        created_at: now(),
        token_key: Some(platform.keys.signing()),
    };
    let (id, callback, caller) = (installation.id, CallbackId::generate(), caller.clone());
    let answer = platform.waiting.for_callback(callback);
    let live = Arc::clone(&platform.live);
    let (quotas, bytes_left) = (platform.settings.quotas, Arc::clone(&platform.bytes_left));
    let stored = platform.store.write_then(
        move |transaction| {
            app::own(transaction, &caller, app)?;
            let current = installable(transaction, &caller, publication.id)?;
            let declared = &current.profile.installation_parameters;
            check_unchanged(&publication.profile.installation_parameters, declared)?;
            quotas.installation(transaction, app)?;
            let bytes = store::parameter::bytes_of(&configuration);
            bytes_left.take(transaction, quotas, caller.account, Kind::Things, bytes)?;
            match store::installation::insert(transaction, &installation, declared, &configuration)? {
                Inserted::New => {}
                Inserted::Exists => return Err(exists(transaction, app, &publication)?),
            }
            let subject = subject(CallbackKind::Installation, &installation, &publication);
            store::callback::insert(transaction, callback, &subject, installation.created_at)?;
            Ok((store::callback::pending(callback, &subject), Arc::new(Event::Installation(installation))))
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
        Some(Settled::Installation(Some(installation))) => Ok(installation),
        _ => platform.read(move |view| store::installation::get(view, id)).await?.ok_or_else(|| gone(id)),
    }
}

/// Checks values for the declared parameters, in turns if expressions are among these.
pub(super) async fn check_values(
    platform: &Platform,
    party: Party,
    declared: &[Parameter],
    values: &[ConfigurationValue],
) -> Result<()> {
    if !have_expressions(declared) {
        return check_configuration(declared, values, &|| true);
    }
    let (declared, values) = (declared.to_vec(), values.to_vec());
    platform.check(party, move |in_time| check_configuration(&declared, &values, in_time)).await
}

/// That values were checked against the parameters that are declared when they are stored: whether a value is hidden
/// goes by those.
///
/// # Errors
/// [`Error::Conflict`] if the parameters were changed in between.
pub(super) fn check_unchanged(checked: &[Parameter], declared: &[Parameter]) -> Result<()> {
    if checked == declared {
        return Ok(());
    }
    Err(Error::Conflict(
        "the connector's parameters were changed while the values were being checked; look at the new parameters, then try \
         again"
            .to_owned(),
    ))
}

/// What a callback about an installation is about.
pub(super) fn subject(kind: CallbackKind, installation: &Installation, publication: &Publication) -> CallbackSubject {
    CallbackSubject {
        kind,
        publication: publication.id,
        connector_owner: publication.owner,
        app_owner: installation.owner,
        installation: installation.id,
        instance: None,
        action_request: None,
    }
}

/// What a callback about an instance is about.
pub(super) fn instance_subject(kind: CallbackKind, instance: &Instance, line: Line) -> CallbackSubject {
    CallbackSubject {
        kind,
        publication: line.publication,
        connector_owner: line.owner,
        app_owner: instance.owner,
        installation: instance.installation,
        instance: Some(instance.id),
        action_request: None,
    }
}

/// A publication that this developer may install now.
fn installable(connection: &Connection, caller: &Developer, id: PublicationId) -> Result<Publication> {
    let publication = store::publication::get(connection, id)?
        .filter(|publication| publication.is_visible_to(Some(caller.account)))
        .filter(|publication| publication.state == PublicationState::Published)
        .ok_or_else(|| Error::not_found("connector", id))?;
    if suspension::hides(connection, &publication)? {
        return Err(Error::Conflict(format!(
            "the connector {:?} takes no new installations: the operator of this server has suspended it",
            publication.profile.name
        )));
    }
    if !publication.profile.active {
        return Err(Error::Conflict(format!(
            "the connector {:?} takes no new installations: its owner has deactivated it",
            publication.profile.name
        )));
    }
    Ok(publication)
}

fn exists(connection: &Connection, app: AppId, publication: &Publication) -> Result<Error> {
    let Some(installation) = store::installation::of_app_and_publication(connection, app, publication.id)? else {
        return Ok(Error::fault("an installation exists and does not"));
    };
    let advice = match installation.standing.state {
        State::Failed | State::Error | State::InternalError => "; remove that one before installing again",
        State::RemovalOngoing => ", whose removal is under way; try again in a moment",
        State::Initialized | State::Complete | State::Ongoing => "",
    };
    Ok(Error::Conflict(format!(
        "the app has an installation of this connector already: {} in state {}{advice}",
        installation.id, installation.standing.state
    )))
}

fn gone(id: InstallationId) -> Error {
    Error::Conflict(format!("the installation {id} was removed while its connector was asked"))
}
