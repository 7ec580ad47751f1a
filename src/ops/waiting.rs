//! Whoever asked for something that a connector has to answer waits here, holding no thread.

use crate::model::action::{ActionRequest, ActionStatus};
use crate::model::id::{AppId, CallbackId, InstallationId, InstanceId, PublicationId};
use crate::model::installation::Installation;
use crate::model::instance::Instance;
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::Hash;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long an operation waits for a connector before it answers with the state reached so far
/// (domain.md, "Removal"; the same bound for all callbacks).
pub(super) const WAIT_MAX: Duration = Duration::from_secs(30);

/// What a settled callback was about, as it stands after the settlement; none if it is gone.
#[derive(Debug, Clone)]
pub(super) enum Settled {
    Installation(Option<Installation>),
    Instance(Option<Instance>),
    ActionRequest(Option<ActionRequest>),
    /// The request is gone with its thing; how it ended, if its connector said so.
    RequestGone(Option<(ActionStatus, Option<String>)>),
}

/// A removal whose end is awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Removal {
    Installation(InstallationId),
    Instance(InstanceId),
}

/// What a connector did instead of confirming a removal, which took place all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovalFailure {
    /// What was removed, as `instance 0191…`.
    pub subject: String,
    /// What the connector did.
    pub problem: String,
}

impl fmt::Display for RemovalFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} was removed, but its connector did not confirm: {}", self.subject, self.problem)
    }
}

/// The most failures of one removal that are told; more would only drown the reader.
const FAILURES_MAX: usize = 20;

#[derive(Default)]
struct Progress {
    failures: Vec<RemovalFailure>,
    waiting: Vec<oneshot::Sender<Vec<RemovalFailure>>>,
}

/// What has grown since it was last trimmed. A start begins with all there is, since what was noted ended with the
/// process before.
pub(super) struct Grown<Id>(Mutex<Noted<Id>>);

/// What was noted.
pub(super) struct Noted<Id> {
    /// Whether it is all there is.
    pub(super) all: bool,
    /// These.
    pub(super) some: HashSet<Id>,
}

impl<Id> Default for Grown<Id> {
    fn default() -> Self {
        Self(Mutex::new(Noted { all: true, some: HashSet::new() }))
    }
}

impl<Id: Eq + Hash> Grown<Id> {
    /// Notes that one has grown.
    pub(super) fn note(&self, id: Id) {
        self.0.lock().some.insert(id);
    }

    /// What has grown since this was last asked.
    pub(super) fn take(&self) -> Noted<Id> {
        std::mem::replace(&mut *self.0.lock(), Noted { all: false, some: HashSet::new() })
    }

    /// Notes what could not be trimmed again.
    pub(super) fn put_back(&self, rest: Noted<Id>) {
        let mut noted = self.0.lock();
        noted.all |= rest.all;
        noted.some.extend(rest.some);
    }
}

#[derive(Default)]
pub(super) struct Waiting {
    /// The publications whose callback log has grown.
    pub(super) called: Grown<PublicationId>,
    /// The apps whose action requests have become more.
    pub(super) acted: Grown<AppId>,
    callbacks: Mutex<HashMap<CallbackId, oneshot::Sender<Settled>>>,
    removals: Mutex<HashMap<Removal, Progress>>,
}

impl Waiting {
    /// Prepares to wait for a callback's settlement; to be called before it is submitted.
    pub(super) fn for_callback(&self, id: CallbackId) -> oneshot::Receiver<Settled> {
        let (sender, receiver) = oneshot::channel();
        self.callbacks.lock().insert(id, sender);
        receiver
    }

    /// Stops waiting for a callback.
    pub(super) fn give_up(&self, id: CallbackId) {
        self.callbacks.lock().remove(&id);
    }

    /// Wakes whoever waits for a callback.
    pub(super) fn settled(&self, id: CallbackId, settled: Settled) {
        if let Some(sender) = self.callbacks.lock().remove(&id) {
            // Whoever waited may have gone away.
            let _ = sender.send(settled);
        }
    }

    /// Prepares to wait for the end of a removal; to be called before its callback is submitted.
    pub(super) fn for_removal(&self, removal: Removal) -> oneshot::Receiver<Vec<RemovalFailure>> {
        let (sender, receiver) = oneshot::channel();
        self.removals.lock().entry(removal).or_default().waiting.push(sender);
        receiver
    }

    /// Notes, for whoever waits, that a part of a removal was not confirmed.
    pub(super) fn removal_failed(&self, removal: Removal, failure: RemovalFailure) {
        if let Some(progress) = self.removals.lock().get_mut(&removal)
            && progress.failures.len() < FAILURES_MAX
        {
            progress.failures.push(failure);
        }
    }

    /// Wakes whoever waits for a removal.
    pub(super) fn removed(&self, removal: Removal) {
        let Some(progress) = self.removals.lock().remove(&removal) else { return };
        for sender in progress.waiting {
            // Whoever waited may have gone away.
            let _ = sender.send(progress.failures.clone());
        }
    }

    /// Forgets waiters of a removal that gave up, and the removal if none is left.
    pub(super) fn give_up_removal(&self, removal: Removal) {
        let mut removals = self.removals.lock();
        if let Some(progress) = removals.get_mut(&removal) {
            progress.waiting.retain(|sender| !sender.is_closed());
            if progress.waiting.is_empty() {
                removals.remove(&removal);
            }
        }
    }
}
