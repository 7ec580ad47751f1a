//! Action requests: asking connectors to act, seeing what became of it, calling it off.

use crate::model::action::{ActionFilter, ActionRequest, ActionStatus, ActionValue, check_action_values};
use crate::model::callback::{CallbackKind, CallbackSubject, PendingCallback};
use crate::model::constraint::{ActionConstraint, ComponentConstraint, ComponentConstraints, ThingConstraints};
use crate::model::error::{Error, Result, Violation, Violations};
use crate::model::id::{ActionRequestId, CallbackId, InstanceId, ThingId};
use crate::model::instance::{ExternalSubject, Reach};
use crate::model::page::Page;
use crate::model::thing::{Action, Component, Thing};
use crate::ops::caller::Service;
use crate::ops::dispatch::Place;
use crate::ops::live::{Event, Live};
use crate::ops::quota::Kind;
use crate::ops::waiting::{Settled, WAIT_MAX};
use crate::ops::{Platform, View, now, thing};
use crate::store;
use crate::store::thing::Selection;
use rusqlite::Transaction;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tokio::sync::oneshot;

/// The most actions that one call may request.
const TARGETS_MAX: usize = 1_000;

/// Which actions are to be performed, and with what.
#[derive(Debug, Clone, Default)]
pub struct ActionOrder {
    /// Of things of this subject, where one is named.
    pub subject: Option<ExternalSubject>,
    /// Of things like this.
    pub things: ThingConstraints,
    /// Of their components like this.
    pub component: ComponentConstraint,
    /// Those actions that are like this.
    pub action: ActionConstraint,
    /// The values for the action's parameters.
    pub values: Vec<ActionValue>,
}

/// An action that an order selected.
#[derive(Debug, Clone)]
pub struct ActionTarget {
    /// The thing.
    pub thing: Thing,
    /// The component of the thing.
    pub component: Component,
    /// The action of the component.
    pub action: Action,
    /// What was asked; none in a dry run.
    pub request: Option<ActionRequest>,
    /// Why the action cannot be performed now.
    pub refusal: Option<String>,
}

/// What an order would request, without doing it.
///
/// # Errors
/// All violations of the actions' declarations.
pub async fn preview(platform: &Arc<Platform>, caller: &Service, order: ActionOrder) -> Result<Vec<ActionTarget>> {
    let caller = caller.clone();
    let targets = platform.read(move |view| select(view, &caller, &order)).await?;
    Ok(targets.into_iter().map(|(target, _)| target).collect())
}

/// Requests every action that an order selects, and waits for the connectors' answers.
///
/// # Errors
/// All violations of the actions' declarations, in which case nothing is requested;
/// [`Error::TooMany`] where too much waits for the connectors of all of them already, or too many of
/// the app's requests are pending.
pub async fn request(platform: &Arc<Platform>, caller: &Service, order: ActionOrder) -> Result<Vec<ActionTarget>> {
    let (service, values) = (caller.clone(), order.values.clone());
    let selected = platform.read(move |view| select(view, &service, &order)).await?;
    let planned = platform.plan_all(caller, selected, &values)?;
    let mut answers: HashMap<_, _> = planned.iter().filter_map(|plan| plan.answer(platform)).collect();
    let (quotas, app, owner) = (platform.settings.quotas, caller.app, caller.owner);
    let (rates, bytes_left) = (Arc::clone(&platform.rates), Arc::clone(&platform.bytes_left));
    let noting = Arc::clone(platform);
    let written = move |written: &Written| {
        tell(&noting.live, &written.0);
        send(written);
        noting.waiting.acted.note(app);
    };
    let write = move |transaction: &Transaction<'_>| {
        quotas.actions(transaction, app)?;
        for plan in &planned {
            rates.take(owner)?;
            bytes_left.take(transaction, quotas, owner, Kind::Things, plan.bytes())?;
        }
        write_down(transaction, planned)
    };
    let stored = platform.store.write_then(write, written);
    let mut targets = match stored.await {
        Ok((targets, _)) => targets,
        Err(refusal) => {
            answers.values().for_each(|(callback, _)| platform.waiting.give_up(*callback));
            return Err(refusal);
        }
    };
    let until = tokio::time::Instant::now() + WAIT_MAX;
    for request in targets.iter_mut().filter_map(|target| target.request.as_mut()) {
        let Some((callback, answer)) = answers.remove(&request.id) else { continue };
        if request.status != ActionStatus::Pending {
            platform.waiting.give_up(callback);
        } else {
            platform.end(request, callback, answer, until).await;
        }
    }
    Ok(targets)
}

struct Plan {
    target: ActionTarget,
    request: ActionRequest,
    sending: Option<(CallbackId, Reach, Place)>,
}

impl Plan {
    /// How many bytes its request takes, about.
    fn bytes(&self) -> i64 {
        const ROW: usize = 256;
        let values = self.request.parameters.iter().map(|value| value.name.len() + value.value.len());
        i64::try_from(ROW + values.sum::<usize>()).unwrap_or(i64::MAX)
    }

    /// The answer to come, under the request that it is to.
    fn answer(&self, platform: &Platform) -> Option<(ActionRequestId, (CallbackId, oneshot::Receiver<Settled>))> {
        let (callback, ..) = self.sending.as_ref()?;
        Some((self.request.id, (*callback, platform.waiting.for_callback(*callback))))
    }
}

impl Platform {
    /// Prepares the requests. One connector that is too slow does not keep the others from acting:
    /// what is meant for it fails, and only where that is everything is the order refused.
    fn plan_all(
        &self,
        caller: &Service,
        selected: Vec<(ActionTarget, Option<Reach>)>,
        values: &[ActionValue],
    ) -> Result<Vec<Plan>> {
        let mut planned = Vec::with_capacity(selected.len());
        let mut full = None;
        let mut all_full = true;
        for (mut target, reach) in selected {
            let reach = reach.filter(|_| target.refusal.is_none());
            let place = match reach.map(|reach| self.reserve(reach.line)).transpose() {
                Err(too_many @ Error::TooMany { .. }) => {
                    target.refusal =
                        Some("too many callbacks wait for the connector: it answers too slowly".to_owned());
                    full = Some(too_many);
                    None
                }
                place => {
                    all_full = false;
                    place?
                }
            };
            planned.push(self.plan(caller, target, reach.zip(place), values));
        }
        match full.filter(|_| all_full) {
            Some(too_many) => Err(too_many),
            None => Ok(planned),
        }
    }

    /// Prepares one request, which is sent if a place is kept for it.
    fn plan(
        &self,
        caller: &Service,
        target: ActionTarget,
        sending: Option<(Reach, Place)>,
        values: &[ActionValue],
    ) -> Plan {
        let created_at = now();
        let refused = target.refusal.is_some();
        let request = ActionRequest {
            id: ActionRequestId::generate(),
            app: caller.app,
            subject: target.thing.subject.clone(),
            instance: target.thing.instance,
            thing: target.thing.id,
            component_id: target.component.id.clone(),
            action_id: target.action.id.clone(),
            parameters: values.to_vec(),
            status: if refused { ActionStatus::Failed } else { ActionStatus::Pending },
            error: target.refusal.clone(),
            deadline: created_at.plus(self.settings.action_deadline),
            created_at,
        };
        let sending = sending.map(|(reach, place)| (CallbackId::generate(), reach, place));
        Plan { target, request, sending }
    }

    /// Brings the request to where it stands once its connector has answered, if that does not take too long.
    async fn end(
        &self,
        request: &mut ActionRequest,
        callback: CallbackId,
        answer: oneshot::Receiver<Settled>,
        until: tokio::time::Instant,
    ) {
        match tokio::time::timeout_at(until, answer).await {
            Ok(Ok(Settled::ActionRequest(Some(stands)))) => *request = stands,
            Ok(Ok(Settled::RequestGone(Some((status, error))))) => (request.status, request.error) = (status, error),
            Ok(Ok(Settled::RequestGone(None) | Settled::ActionRequest(None))) => {
                request.status = ActionStatus::Failed;
                request.error =
                    Some("the thing was removed with its connector instance before the action ended".to_owned());
            }
            Ok(_) => {}
            Err(_) => self.waiting.give_up(callback),
        }
    }
}

/// What was written down: the targets, and the callbacks to send with their places.
type Written = (Vec<ActionTarget>, parking_lot::Mutex<Vec<(Place, PendingCallback)>>);

fn write_down(transaction: &Transaction<'_>, planned: Vec<Plan>) -> Result<Written> {
    let (things, instances) = still_there(transaction, &planned)?;
    let mut targets = Vec::with_capacity(planned.len());
    let mut callbacks = Vec::with_capacity(planned.len());
    for Plan { mut target, mut request, sending, .. } in planned {
        if !things.contains(&target.thing.id) {
            return Err(Error::Conflict(format!("the thing {} was deleted meanwhile", target.thing.id)));
        }
        let refusal =
            sending.as_ref().and_then(|(_, reach, _)| instances.get(&reach.instance).and_then(Reach::refusal));
        if let Some(refusal) = refusal {
            request.status = ActionStatus::Failed;
            request.error = Some(refusal);
        }
        store::action::insert(transaction, &request)?;
        if let Some((callback, reach, place)) = sending.filter(|_| request.status == ActionStatus::Pending) {
            let about = subject(reach, request.id);
            store::callback::insert(transaction, callback, &about, request.created_at)?;
            callbacks.push((place, store::callback::pending(callback, &about)));
        }
        target.request = Some(request);
        targets.push(target);
    }
    Ok((targets, parking_lot::Mutex::new(callbacks)))
}

/// Which of the things still stand, and how their instances stand now.
fn still_there(
    transaction: &Transaction<'_>,
    planned: &[Plan],
) -> Result<(HashSet<ThingId>, HashMap<InstanceId, Reach>)> {
    let things: Vec<_> = planned.iter().map(|plan| plan.target.thing.id).collect();
    let things = store::thing::get_many(transaction, &things)?;
    let instances = instances(&things);
    Ok((things.iter().map(|thing| thing.id).collect(), store::instance::reaches(transaction, &instances)?))
}

/// The instances that created these things.
fn instances(things: &[Thing]) -> Vec<InstanceId> {
    things.iter().filter_map(|thing| thing.instance).collect::<HashSet<_>>().into_iter().collect()
}

/// Before anything is sent, since the connectors' answers are news of later.
fn tell(live: &Live, targets: &[ActionTarget]) {
    for request in targets.iter().filter_map(|target| target.request.as_ref()) {
        live.publish(|| Arc::new(Event::ActionRequest(request.clone())));
    }
}

fn send(written: &Written) {
    for (place, pending) in written.1.lock().drain(..) {
        place.submit(pending);
    }
}

fn subject(reach: Reach, request: ActionRequestId) -> CallbackSubject {
    CallbackSubject {
        kind: CallbackKind::Action,
        publication: reach.line.publication,
        connector_owner: reach.line.owner,
        app_owner: reach.app_owner,
        installation: reach.installation,
        instance: Some(reach.instance),
        action_request: Some(request),
    }
}

/// The actions that an order selects, in a stable order, each with how its connector is reached.
fn select(view: &View, caller: &Service, order: &ActionOrder) -> Result<Vec<(ActionTarget, Option<Reach>)>> {
    let subject = order.subject.as_ref();
    let selection = Selection { app: caller.app, subject, own: false, constraints: &order.things };
    let things = thing::all(view, &selection, "thingConstraints")?;
    let keys: Vec<_> = things.iter().map(|thing| thing.key).collect();
    let components = ComponentConstraints { component: order.component.clone(), ..ComponentConstraints::default() };
    let mut components = store::thing::components(view, &keys, &components)?;
    let component_keys: Vec<_> = components.values().flatten().map(|component| component.key).collect();
    let mut actions = store::thing::actions(view, &component_keys, &order.action)?;
    let reaches = store::instance::reaches(view, &instances(&things))?;
    let mut targets = Vec::new();
    for thing in things {
        let reach = thing.instance.and_then(|instance| reaches.get(&instance)).copied();
        let refusal = match reach {
            Some(reach) => reach.refusal(),
            None => Some("the thing belongs to the app itself: no connector can perform its actions".to_owned()),
        };
        for component in components.remove(&thing.key).unwrap_or_default() {
            for action in actions.remove(&component.key).unwrap_or_default() {
                let (thing, component, refusal) = (thing.clone(), component.clone(), refusal.clone());
                targets.push((ActionTarget { thing, component, action, request: None, refusal }, reach));
            }
        }
    }
    if targets.len() > TARGETS_MAX {
        return Err(thing::too_many("thingConstraints", "actions", TARGETS_MAX));
    }
    check_values(targets.iter().map(|(target, _)| target), &order.values)?;
    Ok(targets)
}

/// Checks the values against the declaration of every target. What is wrong for many is told once,
/// with the first of them.
fn check_values<'a>(targets: impl Iterator<Item = &'a ActionTarget>, values: &[ActionValue]) -> Result<()> {
    let mut wrong: Vec<(Violation, &ActionTarget, usize)> = Vec::new();
    let mut places: HashMap<(String, String), usize> = HashMap::new();
    let mut count = 0;
    for target in targets {
        count += 1;
        let mut violations = Violations::default();
        check_action_values(&target.action.parameters, values, &mut violations);
        for violation in violations.into_vec() {
            let next = wrong.len();
            match *places.entry((violation.path.clone(), violation.message.clone())).or_insert(next) {
                place if place < next => wrong[place].2 += 1,
                _ => wrong.push((violation, target, 0)),
            }
        }
    }
    let mut told = Violations::default();
    for (Violation { path, message }, target, more) in wrong {
        let ActionTarget { thing, component, action, .. } = target;
        let whose = format!("action {:?} of component {:?} of the thing {}", action.id, component.id, thing.id);
        let message = match (count, more) {
            (1, _) => message,
            (_, 0) => format!("{message} ({whose})"),
            (_, more) => format!("{message} ({whose}, and {more} more)"),
        };
        told.add(path, message);
    }
    told.into_result(())
}

/// A page of the app's requests, newest first.
///
/// # Errors
/// Faults of the database.
pub fn list(
    view: &View,
    caller: &Service,
    filter: &ActionFilter,
    page: Page<ActionRequestId>,
) -> Result<Vec<ActionRequest>> {
    store::action::of_app(view, caller.app, filter, page)
}

/// Calls a pending request off.
///
/// # Errors
/// [`Error::NotFound`] also for another app's, or another subject's where one is named;
/// [`Error::Conflict`] where it is not PENDING any more.
pub async fn cancel(
    platform: &Platform,
    caller: &Service,
    subject: Option<ExternalSubject>,
    id: ActionRequestId,
) -> Result<ActionRequest> {
    let app = caller.app;
    let filter = ActionFilter { id: Some(id), subject, ..ActionFilter::default() };
    let live = Arc::clone(&platform.live);
    let cancel = move |transaction: &Transaction<'_>| {
        let request = store::action::of_app(transaction, app, &filter, Page { first: 1, after: None })?
            .pop()
            .ok_or_else(|| Error::not_found("action request", id))?;
        if !store::action::end(transaction, id, ActionStatus::Canceled, None, now())? {
            let ended = match request.status {
                ActionStatus::Pending => "past its deadline",
                ended => ended.name(),
            };
            return Err(Error::Conflict(format!(
                "only a PENDING action request can be called off; this one is {ended}"
            )));
        }
        Ok(ActionRequest { status: ActionStatus::Canceled, ..request })
    };
    let tell = move |request: &ActionRequest| live.publish(|| Arc::new(Event::ActionRequest(request.clone())));
    platform.store.write_then(cancel, tell).await
}
