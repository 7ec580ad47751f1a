//! Removing instances and installations: mark, tell the connector, delete (domain.md, "Removal").
//!
//! The instances of an installation go a few at a time: each settled removal begins the next, and
//! the last one begins the installation's own. All of it is rows, so a crash loses nothing. What would hold up other
//! writes for long is deleted in steps (src/ops/remains.rs).

use crate::model::callback::{CallbackKind, CallbackSubject, Line, PendingCallback};
use crate::model::error::{Error, Result};
use crate::model::id::{CallbackId, InstallationId, InstanceId};
use crate::model::installation::Installation;
use crate::model::instance::{ExternalSubject, Instance};
use crate::model::lifecycle::State;
use crate::model::publication::Publication;
use crate::ops::callback::Consequences;
use crate::ops::caller::{Developer, Service};
use crate::ops::installation::{instance_subject, subject};
use crate::ops::live::Event;
use crate::ops::waiting::{Removal, RemovalFailure, WAIT_MAX};
use crate::ops::{Platform, now};
use crate::store;
use crate::store::cascade::Step;
use rusqlite::{Connection, Transaction};
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
    let owner = caller.account;
    let end = platform.waiting.for_removal(Removal::Installation(id));
    let begun = begin(platform, id, move |transaction, installation| {
        if installation.owner != owner {
            return Err(Error::not_found("installation", id));
        }
        Ok(remove_instances || !store::instance::any_of_installation(transaction, id)?)
    });
    let begun = begun.await;
    let waits = begun.as_ref().is_ok_and(|begun| begun.installation.standing.state == State::RemovalOngoing);
    let failures = await_end(platform, Removal::Installation(id), end, waits).await;
    let mut removed = begun?;
    if waits && let Some(present) = platform.read(move |view| store::installation::get(view, id)).await? {
        // It takes longer than a request waits: its details say how far it is.
        removed.installation = present;
    }
    Ok(RemovedInstallation { failures, ..removed })
}

/// Removes an installation with its instances for an account that is being removed, without waiting for the end.
///
/// # Errors
/// [`Error::NotFound`] if it is gone.
pub(super) async fn begin_with_instances(platform: &Arc<Platform>, id: InstallationId) -> Result<()> {
    begin(platform, id, |_, _| Ok(true)).await.map(drop)
}

/// Begins the removal of an installation with all its instances, if `allowed` says so. One write marks it, and with it
/// however many instances there are; they are listed, and published, beside the writer.
async fn begin(
    platform: &Arc<Platform>,
    id: InstallationId,
    allowed: impl FnOnce(&Transaction<'_>, &Installation) -> Result<bool> + Send + 'static,
) -> Result<RemovedInstallation> {
    let (live, sending) = (Arc::clone(&platform.live), Arc::clone(platform));
    let marked = platform.store.write_then(
        move |transaction| {
            let (mut installation, publication) = belongings(transaction, id)?;
            let now = allowed(transaction, &installation)? && store::installation::begin_removal(transaction, id)?;
            let mut pending = Vec::new();
            if now {
                installation.standing.state = State::RemovalOngoing;
                if !store::instance::any_of_installation(transaction, id)? {
                    pending = go_on(transaction, &installation, &publication)?;
                }
            }
            Ok((installation, publication, now, pending))
        },
        move |(installation, _, now, pending)| {
            if *now {
                live.publish(|| Arc::new(Event::Installation(installation.clone())));
            }
            sending.submit_all(pending);
        },
    );
    let (installation, publication, now, _) = marked.await?;
    let live = Arc::clone(&platform.live);
    let listed = platform.read(move |view| {
        let instances = store::instance::all_of_installation(view, id)?;
        // Before any of their callbacks is sent, since the connector's answers are news of later.
        for (instance, _) in instances.iter().filter(|(_, begun)| now && !begun) {
            live.publish(|| Arc::new(Event::Instance(instance.clone())));
        }
        Ok((instances, store::installation::instances_to_remove(view, id)?))
    });
    let (instances, total) = listed.await?;
    if now
        && !instances.is_empty()
        && let Some(total) = total
    {
        resume(platform, id, total).await?;
    }
    let instances = instances.into_iter().map(|(instance, _)| instance).collect();
    Ok(RemovedInstallation { installation, publication, instances, failures: Vec::new() })
}

/// Sends the first callbacks of the removal of an installation that is marked, which has had so many instances.
pub(super) async fn resume(platform: &Arc<Platform>, id: InstallationId, total: u64) -> Result<()> {
    let sending = Arc::clone(platform);
    let work = move |transaction: &Transaction<'_>| {
        // It may be gone already: its last instances may have been on their way out when it was marked.
        let Some(installation) = store::installation::get(transaction, id)? else { return Ok(Vec::new()) };
        store::installation::set_removal_total(transaction, id, total)?;
        let (_, publication) = belongings(transaction, id)?;
        go_on(transaction, &installation, &publication)
    };
    platform.store.write_then(work, move |pending| sending.submit_all(pending)).await.map(drop)
}

/// Goes on with the removal of an installation: begins the removal of as many of its instances as may be removed at
/// once or, if none is left, its own. Returns what can be sent now.
fn go_on(
    transaction: &Transaction<'_>,
    installation: &Installation,
    publication: &Publication,
) -> Result<Vec<PendingCallback>> {
    let mut pending = Vec::new();
    for id in store::instance::take_to_remove(transaction, installation.id, REMOVALS_AT_ONCE)? {
        let instance = store::instance::get(transaction, id)?.ok_or_else(|| Error::not_found("instance", id))?;
        pending.extend(begin_instance(transaction, &instance, line(publication))?);
    }
    let own = pending.is_empty() && !store::instance::any_of_installation(transaction, installation.id)?;
    // Its own callback may be written down already.
    if own && !store::callback::is_removal_written_down(transaction, installation.id)? {
        let about = subject(CallbackKind::InstallationRemoval, installation, publication);
        pending.extend(write_down(transaction, &about)?);
    }
    Ok(pending)
}

/// An instance's connector has been told: it goes, at once if it has little, else in steps.
pub(super) fn end_instance(
    transaction: &Transaction<'_>,
    id: InstanceId,
    installation: InstallationId,
    consequences: &mut Consequences,
) -> Result<()> {
    if store::cascade::of_instance(transaction, id, &Step::begin())? {
        return delete_instance(transaction, id, installation, consequences);
    }
    store::instance::end(transaction, id)?;
    consequences.remains = true;
    Ok(())
}

/// Deletes an instance that has no things left, and goes on with the removal of its installation.
pub(super) fn delete_instance(
    transaction: &Transaction<'_>,
    id: InstanceId,
    installation: InstallationId,
    consequences: &mut Consequences,
) -> Result<()> {
    store::instance::delete(transaction, id)?;
    store::installation::count_removed(transaction, installation)?;
    let (installation, publication) = belongings(transaction, installation)?;
    consequences.removed.push(Removal::Instance(id));
    let gone = Event::InstanceGone { id, installation: installation.id, app: installation.app };
    consequences.events.push(gone);
    if installation.standing.state == State::RemovalOngoing {
        consequences.follow.extend(go_on(transaction, &installation, &publication)?);
    }
    Ok(())
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
fn belongings(connection: &Connection, id: InstallationId) -> Result<(Installation, Publication)> {
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
