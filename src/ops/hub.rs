//! What connectors report: states, things, values, the ends of action requests (protocol.md, "The hub").
//!
//! The token's row is looked up in the transaction that makes the change: one step, and a token
//! that is revoked meanwhile changes nothing.

use crate::model::action::{ActionRequest, ActionStatus, cut_error};
use crate::model::error::{Error, Result, Violation};
use crate::model::hiding::Hider;
use crate::model::history::{CLOCK_SKEW_MAX, PropertyUpdate};
use crate::model::id::{AccountId, ActionRequestId, ThingId};
use crate::model::lifecycle::{Details, Standing, State};
use crate::model::thing::{NewThing, ThingStatus};
use crate::ops::auth::{self, Bearer};
use crate::ops::caller::{InstallationCaller, InstanceCaller};
use crate::ops::hiding;
use crate::ops::live::{Event, PropertyChange};
use crate::ops::quota::{BytesLeft, Kind, Quotas};
use crate::ops::rate::Rates;
use crate::ops::{Platform, now};
use crate::store;
use rusqlite::{Connection, Transaction};
use std::sync::Arc;

/// What bounds the changes that connectors make.
#[derive(Clone)]
struct Bounds {
    rates: Arc<Rates>,
    bytes_left: Arc<BytesLeft>,
    quotas: Quotas,
}

impl Bounds {
    /// If a connector with this token was not refused just now.
    fn of(platform: &Platform, bearer: &Bearer) -> Result<Self> {
        platform.rates.check(bearer.subject())?;
        Ok(Self {
            rates: Arc::clone(&platform.rates),
            bytes_left: Arc::clone(&platform.bytes_left),
            quotas: platform.settings.quotas,
        })
    }

    /// The caller, if its account may make one more change.
    fn instance_caller(&self, connection: &Connection, bearer: &Bearer) -> Result<InstanceCaller> {
        let caller = auth::instance_caller(connection, bearer)?;
        self.count(caller.owner, bearer)?;
        Ok(caller)
    }

    /// The same for an installation.
    fn installation_caller(&self, connection: &Connection, bearer: &Bearer) -> Result<InstallationCaller> {
        let caller = auth::installation_caller(connection, bearer)?;
        self.count(caller.owner, bearer)?;
        Ok(caller)
    }

    /// Counts a change of an account's; one too many keeps this token waiting.
    fn count(&self, owner: AccountId, bearer: &Bearer) -> Result<()> {
        self.rates.take(owner).inspect_err(|_| self.rates.pause(bearer.subject()))
    }

    fn take(&self, connection: &Connection, caller: &InstanceCaller, kind: Kind, bytes: i64) -> Result<()> {
        self.bytes_left.take(connection, self.quotas, caller.owner, kind, bytes)
    }
}

/// A connector reports the state of its installation.
///
/// # Errors
/// [`Error::Conflict`] while the installation takes no reports.
pub async fn report_installation(
    platform: &Platform,
    bearer: Bearer,
    state: State,
    details: Option<Details>,
) -> Result<()> {
    check_reportable(state)?;
    let (live, bounds) = (Arc::clone(&platform.live), Bounds::of(platform, &bearer)?);
    let stored = platform.store.write_then(
        move |transaction| {
            let caller = bounds.installation_caller(transaction, &bearer)?;
            let id = caller.installation;
            let mut installation =
                store::installation::get(transaction, id)?.ok_or_else(|| Error::not_found("installation", id))?;
            let present = installation.standing.state;
            let details = shown(details, || store::installation::secrets(transaction, id))?;
            installation.standing = next_standing(installation.standing, state, details)?;
            store::installation::change_standing(transaction, id, &[present], &installation.standing)?;
            Ok(Arc::new(Event::Installation(installation)))
        },
        move |event| live.publish(|| Arc::clone(event)),
    );
    stored.await.map(drop)
}

/// A connector reports the state of its instance.
///
/// # Errors
/// [`Error::Conflict`] while the instance takes no reports.
pub async fn report_instance(
    platform: &Platform,
    bearer: Bearer,
    state: State,
    details: Option<Details>,
) -> Result<()> {
    check_reportable(state)?;
    let (live, bounds) = (Arc::clone(&platform.live), Bounds::of(platform, &bearer)?);
    let stored = platform.store.write_then(
        move |transaction| {
            let caller = bounds.instance_caller(transaction, &bearer)?;
            let id = caller.instance;
            let mut instance =
                store::instance::get(transaction, id)?.ok_or_else(|| Error::not_found("instance", id))?;
            let present = instance.standing.state;
            let details = shown(details, || store::instance::secrets(transaction, id))?;
            instance.standing = next_standing(instance.standing, state, details)?;
            store::instance::change_standing(transaction, id, &[present], &instance.standing)?;
            Ok(Arc::new(Event::Instance(instance)))
        },
        move |event| live.publish(|| Arc::clone(event)),
    );
    stored.await.map(drop)
}

/// Details without the values of PASSWORD parameters: queries return them (domain.md, "Configuration values").
fn shown(details: Option<Details>, secrets: impl FnOnce() -> Result<Vec<String>>) -> Result<Option<Details>> {
    let Some(details) = details else { return Ok(None) };
    let hider = Hider::new(secrets()?.iter().map(String::as_str));
    Ok(Some(hiding::details(&hider, details)))
}

fn check_reportable(state: State) -> Result<()> {
    if state.may_be_reported() {
        return Ok(());
    }
    Err(Error::Invalid(vec![Violation {
        path: "state".to_owned(),
        message: format!("a connector may report COMPLETE (2), ONGOING (3) or FAILED (4), not {state}"),
    }]))
}

/// A further step stays to be shown while the connector says that more is to be done.
fn next_standing(present: Standing, state: State, details: Option<Details>) -> Result<Standing> {
    if !present.state.takes_reports() {
        return Err(Error::Conflict(format!("no state can be reported in state {}", present.state)));
    }
    let further_step = if state == State::Ongoing { present.further_step } else { None };
    Ok(Standing { state, details, further_step })
}

/// A connector creates a thing for its instance.
///
/// # Errors
/// All violations of the rules for things; [`Error::Conflict`] while the instance is being removed, and where it has
/// as many as it may.
pub async fn create_thing(platform: &Platform, bearer: Bearer, thing: NewThing) -> Result<ThingId> {
    let thing = thing.checked()?;
    let id = ThingId::generate();
    let bounds = Bounds::of(platform, &bearer)?;
    let stored = platform.store.write(move |transaction| {
        let caller = bounds.instance_caller(transaction, &bearer)?;
        let instance = store::instance::get(transaction, caller.instance)?;
        if instance.is_none_or(|instance| instance.standing.state == State::RemovalOngoing) {
            return Err(Error::Conflict("the instance is being removed; it takes no more things".to_owned()));
        }
        bounds.quotas.thing(transaction, caller.instance)?;
        bounds.take(transaction, &caller, Kind::Things, thing.bytes_with_values())?;
        let belonging = store::thing::Belonging {
            app: caller.app,
            owner: caller.owner,
            subject: &caller.subject,
            instance: Some(caller.instance),
        };
        store::thing::insert(transaction, id, &belonging, &thing, now())?;
        Ok(id)
    });
    stored.await
}

/// Names a property of a thing, as it stands in a URL.
#[derive(Debug, Clone)]
pub struct PropertyPath {
    /// The thing.
    pub thing: ThingId,
    /// The component of the thing.
    pub component: String,
    /// The property of the component.
    pub property: String,
}

/// A connector reports a property's value.
///
/// # Errors
/// [`Error::NotFound`] also for another instance's thing; a violation for a value of the wrong type.
pub async fn update_property(
    platform: &Arc<Platform>,
    bearer: Bearer,
    path: PropertyPath,
    update: PropertyUpdate,
) -> Result<()> {
    let (telling, bounds) = (Arc::clone(platform), Bounds::of(platform, &bearer)?);
    let stored = platform.store.write_then(
        move |transaction| {
            let caller = bounds.instance_caller(transaction, &bearer)?;
            Ok((take_update(transaction, &bounds, &caller, &path, update)?, caller.installation))
        },
        move |(event, installation)| {
            telling.counters.updated(*installation);
            telling.live.publish(|| Arc::clone(event));
        },
    );
    stored.await.map(drop)
}

fn take_update(
    transaction: &Transaction<'_>,
    bounds: &Bounds,
    caller: &InstanceCaller,
    path: &PropertyPath,
    update: PropertyUpdate,
) -> Result<Arc<Event>> {
    let PropertyPath { thing, component, property } = path;
    let address = store::history::find_property(transaction, caller.instance, *thing, component, property)?
        .ok_or_else(|| Error::not_found("property", format!("{property} of component {component} of thing {thing}")))?;
    let historic = update.historic(address.kind).ok_or_else(|| {
        Error::Invalid(vec![Violation {
            path: "value".to_owned(),
            message: format!("the property is a {}: {}", address.kind.name(), address.kind.expectation()),
        }])
    })?;
    bounds.take(transaction, caller, Kind::History, store::history::bytes_of(&historic))?;
    let latest = now().plus(CLOCK_SKEW_MAX);
    let current = store::history::update(transaction, &address, &update, &historic, latest)?;
    Ok(Arc::new(Event::Property(PropertyChange {
        thing: *thing,
        component: address.component,
        property: address.property,
        value: update.value,
        at: update.at,
        current,
    })))
}

/// A connector reports whether a thing can be reached.
///
/// # Errors
/// [`Error::NotFound`] also for another instance's thing.
pub async fn set_thing_status(platform: &Platform, bearer: Bearer, thing: ThingId, status: ThingStatus) -> Result<()> {
    let bounds = Bounds::of(platform, &bearer)?;
    let stored = platform.store.write(move |transaction| {
        let caller = bounds.instance_caller(transaction, &bearer)?;
        let found = store::thing::set_status(transaction, caller.instance, thing, status)?;
        found.then_some(()).ok_or_else(|| Error::not_found("thing", thing))
    });
    stored.await
}

/// A connector deletes a thing.
///
/// # Errors
/// [`Error::NotFound`] also for another instance's thing.
pub async fn delete_thing(platform: &Platform, bearer: Bearer, thing: ThingId) -> Result<()> {
    let (live, bounds) = (Arc::clone(&platform.live), Bounds::of(platform, &bearer)?);
    let stored = platform.store.write_then(
        move |transaction| {
            let caller = bounds.instance_caller(transaction, &bearer)?;
            let found = store::thing::get(transaction, thing)?.filter(|row| row.instance == Some(caller.instance));
            let row = found.ok_or_else(|| Error::not_found("thing", thing))?;
            // Often a request is why it goes, and whoever asked is still to learn how that ends.
            if store::removed::has_requests(transaction, thing)? {
                for whole in crate::ops::thing::whole(transaction, vec![row])? {
                    store::removed::keep(transaction, &whole, now())?;
                }
            }
            store::thing::delete(transaction, caller.instance, thing)?;
            Ok(())
        },
        move |()| live.publish(|| Arc::new(Event::ThingGone(thing))),
    );
    stored.await
}

/// How a connector ends an action request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionEnd {
    /// Done.
    Completed,
    /// Not done, and why if it says so.
    Failed(Option<String>),
}

/// A connector ends an action request.
///
/// # Errors
/// [`Error::NotFound`] also for another instance's; [`Error::Conflict`] where it is not PENDING any more.
pub async fn end_action_request(
    platform: &Platform,
    bearer: Bearer,
    id: ActionRequestId,
    end: ActionEnd,
) -> Result<()> {
    let (status, error) = match end {
        ActionEnd::Completed => (ActionStatus::Completed, None),
        ActionEnd::Failed(error) => (ActionStatus::Failed, error),
    };
    let (live, bounds) = (Arc::clone(&platform.live), Bounds::of(platform, &bearer)?);
    let stored = platform.store.write_then(
        move |transaction| {
            let caller = bounds.instance_caller(transaction, &bearer)?;
            let request = store::action::of_instance(transaction, caller.instance, id)?
                .ok_or_else(|| Error::not_found("action request", id))?;
            let error = match error {
                Some(error) => {
                    let secrets = store::instance::secrets(transaction, caller.instance)?;
                    let hider = Hider::new(secrets.iter().map(String::as_str));
                    Some(cut_error(&hider.text(error)))
                }
                None => None,
            };
            if store::action::end(transaction, id, status, error.as_deref(), now())? {
                return Ok(Arc::new(Event::ActionRequest(ActionRequest { status, error, ..request })));
            }
            Err(Error::Conflict(match request.status {
                ActionStatus::Pending => "the action request's deadline has passed".to_owned(),
                ended => format!("the action request has ended already: it is {}", ended.name()),
            }))
        },
        move |event| live.publish(|| Arc::clone(event)),
    );
    stored.await.map(drop)
}
