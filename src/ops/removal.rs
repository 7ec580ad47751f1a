//! Removing instances and installations: mark, tell the connector, delete (domain.md, "Removal").
//!
//! The instances of an installation go a few at a time: each settled removal begins the next, and
//! the last one begins the installation's own. All of it is rows, so a crash loses nothing.

use crate::model::callback::{CallbackKind, CallbackSubject, Line, PendingCallback};
use crate::model::error::{Error, Result};
use crate::model::id::{CallbackId, InstallationId, InstanceId};
use crate::model::installation::Installation;
use crate::model::instance::{ExternalSubject, Instance};
use crate::model::lifecycle::{Standing, State};
use crate::model::publication::Publication;
use crate::ops::caller::{Developer, Service};
use crate::ops::installation::{instance_subject, subject};
use crate::ops::live::{Event, Live};
use crate::ops::waiting::{Removal, RemovalFailure, WAIT_MAX};
use crate::ops::{Platform, now};
use crate::store;
use rusqlite::{Connection, Transaction};
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::oneshot;

/// How many instances of one installation are removed at the same time.
const REMOVALS_AT_ONCE: u32 = 16;

/// An instance that was removed, or whose removal goes on.
#[derive(Debug)]
pub struct RemovedInstance {
    /// As it was, in state REMOVAL_ONGOING.
    pub instance: Instance,
    /// What it was an instance of.
    pub installation: Installation,
    /// What that was an installation of.
    pub publication: Publication,
    /// What the connector did instead of confirming.
    pub failures: Vec<RemovalFailure>,
}

/// An installation that was removed, or whose removal goes on, or that was left alone.
#[derive(Debug)]
pub struct RemovedInstallation {
    /// As it was; in state REMOVAL_ONGOING unless it was left alone.
    pub installation: Installation,
    /// What it was an installation of.
    pub publication: Publication,
    /// Its instances, as they were.
    pub instances: Vec<Instance>,
    /// What the connector did instead of confirming.
    pub failures: Vec<RemovalFailure>,
}

/// Removes an instance of the app, of that subject where one is named, and tells its connector.
///
/// # Errors
/// [`Error::NotFound`] for an instance that is not the app's.
pub async fn remove_instance(
    platform: &Arc<Platform>,
    caller: &Service,
    subject: Option<&ExternalSubject>,
    id: InstanceId,
) -> Result<RemovedInstance> {
    let (service, subject) = (caller.clone(), subject.cloned());
    let own = move |connection: &Connection| {
        store::instance::get(connection, id)?
            .filter(|instance| instance.app == service.app)
            .filter(|instance| subject.as_ref().is_none_or(|subject| instance.subject == *subject))
            .ok_or_else(|| Error::not_found("instance", id))
    };
    let checked = own.clone();
    let publication = platform.read(move |view| {
        let instance = checked(view)?;
        Ok(belongings(view, instance.installation)?.1)
    });
    let publication = publication.await?;
    let place = platform.reserve(Line { publication: publication.id, owner: publication.owner })?;
    let end = platform.waiting.for_removal(Removal::Instance(id));
    let live = Arc::clone(&platform.live);
    let stored = platform.store.write_then(
        move |transaction| {
            let mut instance = own(transaction)?;
            let (installation, publication) = belongings(transaction, instance.installation)?;
            let begins = instance.standing.state != State::RemovalOngoing;
            let mut pending = None;
            if begins {
                store::instance::begin_removal(transaction, id)?;
                pending = begin_instance(transaction, &instance, line(&publication))?;
                instance.standing.state = State::RemovalOngoing;
            }
            Ok((RemovedInstance { instance, installation, publication, failures: Vec::new() }, begins, pending))
        },
        move |(removed, begins, pending)| {
            if *begins {
                live.publish(|| Arc::new(Event::Instance(removed.instance.clone())));
            }
            if let Some(pending) = pending {
                place.submit(*pending);
            }
        },
    );
    let stored = stored.await;
    let failures = await_end(platform, Removal::Instance(id), end, stored.is_ok()).await;
    let (removed, ..) = stored?;
    Ok(RemovedInstance { failures, ..removed })
}

/// Removes an installation of the developer's apps and tells its connector. With instances present
/// it does so only if they are to go too; else it changes nothing and tells which they are.
///
/// # Errors
/// [`Error::NotFound`] for an installation that is not the developer's.
pub async fn remove_installation(
    platform: &Arc<Platform>,
    caller: &Developer,
    id: InstallationId,
    remove_instances: bool,
) -> Result<RemovedInstallation> {
    let caller = caller.clone();
    let end = platform.waiting.for_removal(Removal::Installation(id));
    let begun = Arc::clone(platform);
    let stored = platform.store.write_then(
        move |transaction| begin_installation(transaction, &caller, id, remove_instances),
        move |begin| {
            begin.publish(&begun.live);
            begun.submit_all(&begin.pending);
        },
    );
    let stored = stored.await;
    let waits = stored.as_ref().is_ok_and(|begin| begin.removed.installation.standing.state == State::RemovalOngoing);
    let failures = await_end(platform, Removal::Installation(id), end, waits).await;
    Ok(RemovedInstallation { failures, ..stored?.removed })
}

/// The beginning of an installation's removal.
pub(super) struct Begin {
    removed: RemovedInstallation,
    /// Whether it begins now.
    now: bool,
    /// The instances whose own removal went on already.
    going: HashSet<InstanceId>,
    /// What can be sent.
    pub(super) pending: Vec<PendingCallback>,
}

impl Begin {
    pub(super) fn publish(&self, live: &Live) {
        if !self.now {
            return;
        }
        live.publish(|| Arc::new(Event::Installation(self.removed.installation.clone())));
        for instance in self.removed.instances.iter().filter(|instance| !self.going.contains(&instance.id)) {
            live.publish(|| Arc::new(Event::Instance(instance.clone())));
        }
    }
}

fn begin_installation(
    transaction: &Transaction<'_>,
    caller: &Developer,
    id: InstallationId,
    remove_instances: bool,
) -> Result<Begin> {
    let (installation, publication) = belongings(transaction, id)?;
    if installation.owner != caller.account {
        return Err(Error::not_found("installation", id));
    }
    begin(transaction, installation, publication, remove_instances)
}

/// Begins the removal of an installation with its instances, for an account that is being removed.
pub(super) fn begin_with_instances(transaction: &Transaction<'_>, id: InstallationId) -> Result<Begin> {
    let (installation, publication) = belongings(transaction, id)?;
    begin(transaction, installation, publication, true)
}

fn begin(
    transaction: &Transaction<'_>,
    mut installation: Installation,
    publication: Publication,
    remove_instances: bool,
) -> Result<Begin> {
    let id = installation.id;
    let mut instances = store::instance::all_of_installation(transaction, id)?;
    let mut going = HashSet::new();
    let now = installation.standing.state != State::RemovalOngoing && (remove_instances || instances.is_empty());
    let mut pending = Vec::new();
    if now {
        let removing = Standing { state: State::RemovalOngoing, ..installation.standing.clone() };
        store::installation::change_standing(transaction, id, &State::ALL, &removing)?;
        installation.standing = removing;
        store::instance::begin_removal_of_all(transaction, id)?;
        for instance in &mut instances {
            if std::mem::replace(&mut instance.standing.state, State::RemovalOngoing) == State::RemovalOngoing {
                going.insert(instance.id);
            }
        }
        pending = go_on(transaction, &installation, &publication, REMOVALS_AT_ONCE)?;
    }
    let removed = RemovedInstallation { installation, publication, instances, failures: Vec::new() };
    Ok(Begin { removed, now, going, pending })
}

/// Goes on with the removal of an installation: begins the removal of up to `limit` of its
/// instances or, where none is left, its own. Answers what can be sent now.
pub(super) fn go_on(
    transaction: &Transaction<'_>,
    installation: &Installation,
    publication: &Publication,
    limit: u32,
) -> Result<Vec<PendingCallback>> {
    let mut pending = Vec::new();
    for id in store::instance::take_to_remove(transaction, installation.id, limit)? {
        let instance = store::instance::get(transaction, id)?.ok_or_else(|| Error::not_found("instance", id))?;
        pending.extend(begin_instance(transaction, &instance, line(publication))?);
    }
    if pending.is_empty() && !store::instance::any_of_installation(transaction, installation.id)? {
        let about = subject(CallbackKind::InstallationRemoval, installation, publication);
        pending.extend(write_down(transaction, &about)?);
    }
    Ok(pending)
}

/// Writes down the removal callback of an instance.
fn begin_instance(transaction: &Transaction<'_>, instance: &Instance, line: Line) -> Result<Option<PendingCallback>> {
    write_down(transaction, &instance_subject(CallbackKind::InstanceRemoval, instance, line))
}

/// Writes down a removal callback; answers it if it can be sent now. While the connector has not
/// answered the POST about the same noun it must wait, or the connector would hear of the end
/// before the beginning: the POST's settlement sends it.
fn write_down(transaction: &Transaction<'_>, about: &CallbackSubject) -> Result<Option<PendingCallback>> {
    let must_wait = !store::callback::unsettled_of(transaction, about.installation, about.instance)?.is_empty();
    let id = CallbackId::generate();
    store::callback::insert(transaction, id, about, now())?;
    Ok((!must_wait).then(|| store::callback::pending(id, about)))
}

/// An installation with its publication.
pub(super) fn belongings(connection: &Connection, id: InstallationId) -> Result<(Installation, Publication)> {
    let installation = store::installation::get(connection, id)?.ok_or_else(|| Error::not_found("installation", id))?;
    let publication = store::publication::get(connection, installation.publication)?
        .ok_or_else(|| Error::fault(format!("installation {id} has no publication")))?;
    Ok((installation, publication))
}

fn line(publication: &Publication) -> Line {
    Line { publication: publication.id, owner: publication.owner }
}

async fn await_end(
    platform: &Platform,
    removal: Removal,
    end: oneshot::Receiver<Vec<RemovalFailure>>,
    waits: bool,
) -> Vec<RemovalFailure> {
    let failures = if waits {
        tokio::time::timeout(WAIT_MAX, end).await.ok().and_then(Result::ok)
    } else {
        drop(end);
        None
    };
    if failures.is_none() {
        platform.waiting.give_up_removal(removal);
    }
    failures.unwrap_or_default()
}
