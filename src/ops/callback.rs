//! Callbacks: what is to be sent, what its outcome changes, what a crash interrupted, and the log.
//!
//! Used by `callback`, which sends them: [`compose`], then [`settle`], [`skip`] or [`withhold`].

use crate::model::action::{ActionOutcome, ActionStatus};
use crate::model::callback::{
    Attempt, Callback, CallbackFilter, CallbackKind, CallbackSubject, FOR_OWNER, Header, Message, Outcome, Outgoing,
    PendingCallback, REDACTED,
};
use crate::model::error::{Error, Result};
use crate::model::id::{AccountId, CallbackId, PublicationId};
use crate::model::lifecycle::{Details, Standing, State};
use crate::model::page::Page;
use crate::model::token::{KeyId, TokenKind};
use crate::ops::caller::Developer;
use crate::ops::live::Event;
use crate::ops::removal;
use crate::ops::token::NewToken;
use crate::ops::waiting::{Removal, RemovalFailure, Settled, WAIT_MAX};
use crate::ops::{Platform, View, now, suspension};
use crate::store::{self, Reply};
use rusqlite::Transaction;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// What is to be done about a callback.
pub enum Composed {
    /// It is to be sent.
    Outgoing(Box<Outgoing>),
    /// Its outcome is not awaited any more: [`skip`] notes that.
    Obsolete,
    /// An operator has suspended what it would go to or come from: [`withhold`] gives it up.
    Withheld(&'static str),
}

/// Everything needed to send a callback, if it is to be sent. Blocks.
///
/// # Errors
/// Faults of the database.
pub fn compose(platform: &Platform, id: CallbackId) -> Result<Composed> {
    let view = platform.view()?;
    let Some(about) = store::callback::unsettled(&view, id)? else { return Ok(Composed::Obsolete) };
    if let Some(why) = suspension::withholds(&view, &about)? {
        return Ok(Composed::Withheld(why));
    }
    let Some((urls, seed)) = store::publication::calling(&view, about.publication)? else {
        return Ok(Composed::Obsolete);
    };
    let callback_url = match about.kind {
        CallbackKind::Installation | CallbackKind::InstallationRemoval => urls.installation,
        CallbackKind::Instance | CallbackKind::InstanceRemoval => urls.instance,
        CallbackKind::Action => urls.action,
    };
    let Some((message, secrets)) = message(platform, &view, &about)? else { return Ok(Composed::Obsolete) };
    let (publication, owner) = (about.publication, about.connector_owner);
    let outgoing = Outgoing { id, publication, owner, message, callback_url, seed, secrets };
    Ok(Composed::Outgoing(Box::new(outgoing)))
}

fn message(platform: &Platform, view: &View, about: &CallbackSubject) -> Result<Option<(Message, Vec<String>)>> {
    let installation = about.installation;
    let missing = || Error::fault(format!("a callback of the kind {} lacks its noun", about.kind.name()));
    Ok(match about.kind {
        CallbackKind::Installation => {
            let awaited = store::installation::get(view, installation)?
                .is_some_and(|row| row.standing.state == State::Initialized);
            let stored = store::installation::configuration(view, installation)?;
            let key = store::signing_key::of_installation(view, installation)?;
            let token = platform.mint_for(TokenKind::Installation, installation.to_string(), key)?;
            let message = Message::Installation { id: installation, token, configuration: stored.values };
            awaited.then_some((message, stored.secrets))
        }
        CallbackKind::Instance => {
            let id = about.instance.ok_or_else(missing)?;
            let awaited = store::instance::get(view, id)?.is_some_and(|row| row.standing.state == State::Initialized);
            let stored = store::instance::configuration(view, id)?;
            let key = store::signing_key::of_instance(view, id)?;
            let token = platform.mint_for(TokenKind::Instance, id.to_string(), key)?;
            let message = Message::Instance { id, installation, token, configuration: stored.values };
            awaited.then_some((message, store::instance::secrets(view, id)?))
        }
        // Removals and actions carry no secrets, but responses to them may repeat what the connector was once sent.
        CallbackKind::InstallationRemoval => {
            let secrets = store::installation::secrets(view, installation)?;
            Some((Message::InstallationRemoval { id: installation }, secrets))
        }
        CallbackKind::InstanceRemoval => {
            let id = about.instance.ok_or_else(missing)?;
            Some((Message::InstanceRemoval { id }, store::instance::secrets(view, id)?))
        }
        CallbackKind::Action => {
            let id = about.action_request.ok_or_else(missing)?;
            let request = store::action::get(view, id)?;
            let awaited = request.filter(|request| request.status == ActionStatus::Pending && request.deadline > now());
            let secrets = match about.instance {
                Some(instance) => store::instance::secrets(view, instance)?,
                None => store::installation::secrets(view, installation)?,
            };
            awaited.map(|request| {
                let message = Message::Action {
                    id,
                    thing: request.thing,
                    component: request.component_id,
                    action: request.action_id,
                    parameters: request.parameters,
                };
                (message, secrets)
            })
        }
    })
}

impl Platform {
    /// A token for a connector, which lives as long as its row. It is made when it is sent, so that
    /// none ever lies in the database. `key` is the key that its row names.
    fn mint_for(&self, kind: TokenKind, subject: String, key: Option<KeyId>) -> Result<String> {
        self.keys.mint_with(key, NewToken { kind, subject, scope: "", generation: 0, lifetime: None, grant: None })
    }

    /// Waits for a callback's settlement, within bounds; none if it took too long.
    pub(super) async fn settlement(&self, id: CallbackId, answer: oneshot::Receiver<Settled>) -> Option<Settled> {
        let settled = tokio::time::timeout(WAIT_MAX, answer).await.ok().and_then(Result::ok);
        if settled.is_none() {
            self.waiting.give_up(id);
        }
        settled
    }
}

/// A publication was called, about an app of an account.
struct Called {
    publication: PublicationId,
    app_owner: AccountId,
    failed: bool,
}

impl Called {
    fn of(about: &CallbackSubject, failed: bool) -> Self {
        Self { publication: about.publication, app_owner: about.app_owner, failed }
    }
}

/// What a settlement leads to once it is durable.
#[derive(Default)]
pub(super) struct Consequences {
    called: Option<Called>,
    settled: Option<Settled>,
    failed: Vec<(Removal, RemovalFailure)>,
    pub(super) events: Vec<Event>,
    pub(super) removed: Vec<Removal>,
    pub(super) follow: Vec<PendingCallback>,
    /// Whether something is to be deleted in steps.
    pub(super) remains: bool,
}

/// Notes what was sent and what came back, and applies the outcome unless something newer was
/// reported meanwhile. Whoever waits is woken once that is durable.
pub fn settle(platform: &Arc<Platform>, id: CallbackId, attempt: Attempt, outcome: Outcome) -> Reply<()> {
    let waking = Arc::clone(platform);
    let (work, consequences) = with_consequences(move |transaction| {
        let Some(about) = store::callback::unsettled(transaction, id)? else {
            return Ok(Consequences::default());
        };
        store::callback::settle(transaction, id, about.connector_owner, &attempt)?;
        let mut consequences = apply(transaction, &about, outcome)?;
        consequences.events.push(logged(id, &about));
        Ok(Consequences { called: Some(Called::of(&about, attempt.has_failed())), ..consequences })
    });
    platform.store.write_then(work, move |()| waking.wake(Some(id), consequences()))
}

/// Notes that a callback is not to be sent any more: what it is about was removed, called off or is overdue.
pub fn skip(platform: &Arc<Platform>, id: CallbackId) -> Reply<()> {
    let waking = Arc::clone(platform);
    let (work, consequences) = with_consequences(move |transaction| {
        let Some(about) = store::callback::unsettled(transaction, id)? else {
            return Ok(Consequences::default());
        };
        store::callback::drop_unsent(transaction, id)?;
        after_post(transaction, &about)
    });
    platform.store.write_then(work, move |()| waking.wake(Some(id), consequences()))
}

/// Notes that a callback is not sent, for a reason that people are told, and applies that as its outcome.
pub fn withhold(platform: &Arc<Platform>, id: CallbackId, why: &'static str) -> Reply<()> {
    let waking = Arc::clone(platform);
    let (work, consequences) = with_consequences(move |transaction| {
        let Some(about) = store::callback::unsettled(transaction, id)? else {
            return Ok(Consequences::default());
        };
        let mut consequences = give_up(transaction, id, &about, &SUSPENDED, why)?;
        consequences.events.push(logged(id, &about));
        Ok(Consequences { called: Some(Called::of(&about, true)), ..consequences })
    });
    platform.store.write_then(work, move |()| waking.wake(Some(id), consequences()))
}

/// Splits work that has consequences into the work and a way to take them when it is done.
pub(super) fn with_consequences(
    work: impl FnOnce(&Transaction<'_>) -> Result<Consequences> + Send + 'static,
) -> (impl FnOnce(&Transaction<'_>) -> Result<()> + Send + 'static, impl FnOnce() -> Consequences + Send + 'static) {
    let (sender, receiver) = std::sync::mpsc::channel();
    let work = move |transaction: &Transaction<'_>| {
        // The receiver lives until the work was committed or refused.
        let _ = sender.send(work(transaction)?);
        Ok(())
    };
    (work, move || receiver.try_recv().unwrap_or_default())
}

impl Consequences {
    /// With the news of what was settled, if it changed something.
    fn telling(mut self, changed: bool) -> Self {
        let news = match &self.settled {
            Some(Settled::Installation(Some(installation))) => Some(Event::Installation(installation.clone())),
            Some(Settled::Instance(Some(instance))) => Some(Event::Instance(instance.clone())),
            Some(Settled::ActionRequest(Some(request))) => Some(Event::ActionRequest(request.clone())),
            _ => None,
        };
        self.events.extend(news.filter(|_| changed));
        self
    }
}

fn logged(id: CallbackId, about: &CallbackSubject) -> Event {
    let CallbackSubject { publication, connector_owner, app_owner, .. } = *about;
    Event::Callback { id, publication, connector_owner, app_owner }
}

impl Platform {
    pub(super) fn wake(&self, id: Option<CallbackId>, consequences: Consequences) {
        let Consequences { called, events, settled, removed, failed, follow, remains } = consequences;
        for event in events {
            self.live.publish(|| Arc::new(event));
        }
        self.submit_all(&follow);
        if let Some(Called { publication, app_owner, failed }) = called {
            self.waiting.called.note(publication);
            self.counters.called(publication, app_owner, failed);
        }
        if let Some((id, settled)) = id.zip(settled) {
            self.waiting.settled(id, settled);
        }
        if remains {
            self.remains.wake();
        }
        for (removal, failure) in failed {
            self.waiting.removal_failed(removal, failure);
        }
        for removal in removed {
            self.waiting.removed(removal);
        }
    }
}

fn apply(transaction: &Transaction<'_>, about: &CallbackSubject, outcome: Outcome) -> Result<Consequences> {
    match outcome {
        Outcome::Standing(standing) => {
            let from = [State::Initialized];
            let changed = match about.instance {
                None => store::installation::change_standing(transaction, about.installation, &from, &standing)?,
                Some(instance) => store::instance::change_standing(transaction, instance, &from, &standing)?,
            };
            Ok(after_post(transaction, about)?.telling(changed))
        }
        Outcome::Action(outcome) => {
            let ended = match outcome {
                ActionOutcome::StillPending => None,
                ActionOutcome::Completed => Some((ActionStatus::Completed, None)),
                ActionOutcome::Failed(error) => Some((ActionStatus::Failed, Some(error))),
            };
            let changed = match (&ended, about.action_request) {
                (Some((status, error)), Some(request)) => {
                    store::action::end(transaction, request, *status, error.as_deref(), now())?
                }
                _ => false,
            };
            let mut consequences = after_post(transaction, about)?.telling(changed);
            if matches!(consequences.settled, Some(Settled::ActionRequest(None))) {
                consequences.settled = Some(Settled::RequestGone(ended));
            }
            Ok(consequences)
        }
        Outcome::Removal(confirmed) => after_removal(transaction, about, confirmed.err()),
    }
}

/// A POST is over: its noun as it stands now, and the removal that waited for it.
fn after_post(transaction: &Transaction<'_>, about: &CallbackSubject) -> Result<Consequences> {
    if let Some(request) = about.action_request {
        let settled = Settled::ActionRequest(store::action::get(transaction, request)?);
        return Ok(Consequences { settled: Some(settled), ..Consequences::default() });
    }
    let settled = match about.instance {
        None => Settled::Installation(store::installation::get(transaction, about.installation)?),
        Some(instance) => Settled::Instance(store::instance::get(transaction, instance)?),
    };
    let waiting = store::callback::unsettled_of(transaction, about.installation, about.instance)?;
    let follow = waiting.iter().map(|(id, about)| store::callback::pending(*id, about)).collect();
    Ok(Consequences { settled: Some(settled), follow, ..Consequences::default() })
}

/// A DELETE is over: its noun goes, whatever the connector answered.
fn after_removal(
    transaction: &Transaction<'_>,
    about: &CallbackSubject,
    problem: Option<String>,
) -> Result<Consequences> {
    let whole = Removal::Installation(about.installation);
    let mut consequences = Consequences::default();
    let Some(instance) = about.instance else {
        let installation = store::installation::get(transaction, about.installation)?;
        store::installation::delete(transaction, about.installation)?;
        consequences.events.extend(installation.map(|row| Event::InstallationGone { id: row.id, app: row.app }));
        store::publication::purge_if_unused(transaction, about.publication)?;
        let subject = format!("installation {}", about.installation);
        consequences.failed.extend(problem.map(|problem| (whole, RemovalFailure { subject, problem })));
        consequences.removed.push(whole);
        return Ok(consequences);
    };
    let own = Removal::Instance(instance);
    if let Some(problem) = problem {
        let failure = RemovalFailure { subject: format!("instance {instance}"), problem };
        consequences.failed = vec![(own, failure.clone()), (whole, failure)];
    }
    removal::end_instance(transaction, instance, about.installation, &mut consequences)?;
    Ok(consequences)
}

/// What a crash interrupted: a POST is never sent twice, so its noun becomes INTERNAL_ERROR or its
/// action request FAILED; a DELETE is sent again. To be called once, before anything else is asked:
/// nobody listens yet, so nothing of it is published.
///
/// # Errors
/// Faults of the database.
pub async fn recover(platform: &Arc<Platform>) -> Result<()> {
    let resuming = Arc::clone(platform);
    let recovered = platform.store.write_then(
        |transaction| {
            let (removals, posts): (Vec<_>, Vec<_>) = store::callback::all_unsettled(transaction)?
                .into_iter()
                .partition(|(_, about)| about.kind.method() == "DELETE");
            for (id, about) in &posts {
                give_up(transaction, *id, about, &INTERRUPTED, WHY_INTERRUPTED)?;
            }
            Ok(removals.iter().map(|(id, about)| store::callback::pending(*id, about)).collect::<Vec<_>>())
        },
        move |removals| resuming.submit_all(removals),
    );
    let resumed = recovered.await?;
    if !resumed.is_empty() {
        tracing::info!(removals = resumed.len(), "going on with removals that were interrupted");
    }
    Ok(())
}

/// The error of a standing whose callback was not sent, and what its developer can do.
struct GivenUp {
    code: &'static str,
    advice: &'static str,
}

const INTERRUPTED: GivenUp = GivenUp { code: "INTERRUPTED", advice: "remove this and try again" };
const SUSPENDED: GivenUp = GivenUp { code: "SUSPENDED", advice: "ask the operator" };
/// Why a callback that a crash interrupted came to nothing.
const WHY_INTERRUPTED: &str =
    "the server stopped before the connector's answer arrived; the callback is not sent again";

/// Settles a callback that is not sent, or not again.
fn give_up(
    transaction: &Transaction<'_>,
    id: CallbackId,
    about: &CallbackSubject,
    GivenUp { code, advice }: &GivenUp,
    why: &str,
) -> Result<Consequences> {
    let url = store::publication::calling(transaction, about.publication)?.map(|(urls, _)| match about.kind {
        CallbackKind::Instance | CallbackKind::InstanceRemoval => urls.instance,
        CallbackKind::Action => urls.action,
        CallbackKind::Installation | CallbackKind::InstallationRemoval => urls.installation,
    });
    let url = url.unwrap_or_default();
    let attempt = Attempt {
        sent_at: now(),
        duration: Duration::ZERO,
        method: about.kind.method().to_owned(),
        signed_url: url.clone(),
        url,
        request_headers: Vec::new(),
        request_body: String::new(),
        response: None,
        error: Some(why.to_owned()),
    };
    store::callback::settle(transaction, id, about.connector_owner, &attempt)?;
    let outcome = match about.kind {
        CallbackKind::Action => Outcome::Action(ActionOutcome::Failed(why.to_owned())),
        CallbackKind::InstallationRemoval | CallbackKind::InstanceRemoval => Outcome::Removal(Err(why.to_owned())),
        CallbackKind::Installation | CallbackKind::Instance => Outcome::Standing(Standing {
            state: State::InternalError,
            details: Some(Details::from_json_object(format!(
                r#"{{"error":"{code}","description":"{why}; {advice}"}}"#
            ))),
            further_step: None,
        }),
    };
    apply(transaction, about, outcome)
}

/// A page of the log of the developer's publications and of its apps' installations, newest first.
///
/// # Errors
/// Faults of the database.
pub fn list(view: &View, caller: &Developer, filter: &CallbackFilter, page: Page<CallbackId>) -> Result<Vec<Callback>> {
    let mut callbacks = store::callback::of_account(view, caller.account, filter, page)?;
    for callback in &mut callbacks {
        if callback.subject.connector_owner != caller.account {
            hide_whereabouts(&mut callback.attempt);
        }
    }
    Ok(callbacks)
}

/// One entry of the log, if the developer may see it.
///
/// # Errors
/// Faults of the database.
pub fn find(view: &View, caller: &Developer, id: CallbackId) -> Result<Option<Callback>> {
    let found = store::callback::get(view, id)?;
    let seen = found.filter(|Callback { subject, .. }| {
        subject.connector_owner == caller.account || subject.app_owner == caller.account
    });
    Ok(seen.map(|mut callback| {
        if callback.subject.connector_owner != caller.account {
            hide_whereabouts(&mut callback.attempt);
        }
        callback
    }))
}

/// Where a connector listens is its owner's to know (domain.md, "Ownership and visibility").
fn hide_whereabouts(attempt: &mut Attempt) {
    REDACTED.clone_into(&mut attempt.url);
    REDACTED.clone_into(&mut attempt.signed_url);
    if let Some(error) = &mut attempt.error
        && let Some(end) = error.find(FOR_OWNER)
    {
        error.truncate(end);
    }
    let hidden =
        |header: &Header| header.name.eq_ignore_ascii_case("host") || header.name.eq_ignore_ascii_case("location");
    let headers = attempt.request_headers.iter_mut();
    for header in headers.chain(attempt.response.iter_mut().flat_map(|response| response.headers.iter_mut())) {
        if hidden(header) {
            REDACTED.clone_into(&mut header.value);
        }
    }
}
