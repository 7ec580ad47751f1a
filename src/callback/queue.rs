//! Which callback is next: for each publication a queue of its own in order, the owners in turn and of each the
//! publications in turn, none beyond its share of the threads and its owner's (protocol.md, "Isolation").
//!
//! May use `model`. Used by `pool`, under its lock. Pure: knows neither threads nor what a callback
//! is. Every operation takes a few steps, however many callbacks, publications and owners wait.
//!
//! The owner with the fewest callbacks running is next, among equals the one that has waited longest. An owner whose
//! connectors do not respond has a lower share, down to one callback, until they do. The last quarter of the threads is
//! for owners that have none running and no lower share: so accounts with connectors that hang, however many there
//! are, do not delay others. That needs no addresses: which one an owner has is unknown when its connectors are called.

use crate::callback::Settings;
use crate::model::callback::Line;
use crate::model::id::{AccountId, PublicationId};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// The most owners whose lower share is remembered while nothing of theirs waits or runs.
const LOWERED_MAX: usize = 10_000;

/// How much of the pool one party may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The most callbacks of one publication running.
    pub per_publication: usize,
    /// The most callbacks of one owner's publications running.
    pub per_owner: usize,
    /// The most callbacks of one publication that wait or have room reserved for them.
    pub places: usize,
    /// The most callbacks running before only owners that have none, and no lower share, may begin one.
    pub common: usize,
}

impl Limits {
    /// As the settings have them.
    pub fn of(settings: &Settings) -> Self {
        Self {
            per_publication: settings.threads_per_publication,
            per_owner: settings.threads_per_owner,
            places: settings.queue_places,
            common: settings.threads - settings.threads / 4,
        }
    }
}

/// How a callback ended, as far as its owner's share depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// With a response, or soon.
    Soon,
    /// Without a response, after a time that others waited for.
    Late,
}

struct Publication<T> {
    owner: AccountId,
    waiting: VecDeque<T>,
    reserved: usize,
    running: usize,
    /// Whether it is among its owner's that have something waiting and a share left.
    is_ready: bool,
}

struct Owner {
    running: usize,
    /// The most that may run: `per_owner`, unless its connectors did not respond.
    share: usize,
    /// Its publications with something waiting and a share left, in turn.
    ready: VecDeque<PublicationId>,
    /// Where it is among the owners whose turn comes.
    turn: Option<Turn>,
}

/// How many callbacks an owner has running, one more if its share is lower, and since when it waits.
type Turn = (usize, u64);

/// The queues of all publications.
pub(super) struct Queue<T> {
    limits: Limits,
    publications: HashMap<PublicationId, Publication<T>>,
    owners: HashMap<AccountId, Owner>,
    /// The owners with something that may run, as far as their own shares go.
    turns: BTreeMap<Turn, AccountId>,
    /// Those of them that have nothing running and no lower share.
    idle_owners: usize,
    /// The number of turns that were given.
    turns_given: u64,
    /// The owners with a lower share.
    lowered: usize,
    waiting: usize,
    running: usize,
}

impl<T> Queue<T> {
    /// Empty.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            publications: HashMap::new(),
            owners: HashMap::new(),
            turns: BTreeMap::new(),
            idle_owners: 0,
            turns_given: 0,
            lowered: 0,
            waiting: 0,
            running: 0,
        }
    }

    /// Reserves room; false if there is not that much left.
    pub fn reserve(&mut self, line: Line, places: usize) -> bool {
        let most = self.limits.places;
        let publication = self.publication(line);
        let taken = publication.waiting.len() + publication.reserved;
        let fits = taken.checked_add(places).is_some_and(|taken| taken <= most);
        if fits {
            publication.reserved += places;
        }
        self.forget_if_idle(line);
        fits
    }

    /// Gives reserved room back.
    pub fn release(&mut self, line: Line, places: usize) {
        if let Some(publication) = self.publications.get_mut(&line.publication) {
            publication.reserved = publication.reserved.saturating_sub(places);
        }
        self.forget_if_idle(line);
    }

    /// Puts something at its publication's end; what uses no reserved room goes in however full it is.
    pub fn push(&mut self, line: Line, item: T, reserved: bool) {
        let publication = self.publication(line);
        if reserved {
            publication.reserved = publication.reserved.saturating_sub(1);
        }
        publication.waiting.push_back(item);
        self.waiting += 1;
        self.give_turn(line);
    }

    /// Takes what is next, which then runs until [`Self::finish`]; `None` if nothing may run now.
    pub fn take(&mut self) -> Option<(Line, T)> {
        let (turn, id) = self.turns.first_key_value().map(|(turn, id)| (*turn, *id))?;
        if turn.0 > 0 && self.running >= self.limits.common {
            return None;
        }
        // Cannot fail: an owner in turn has a publication that is ready, and that one something waiting.
        let owner = self.owners.get_mut(&id)?;
        let line = Line { publication: owner.ready.pop_front()?, owner: id };
        owner.running += 1;
        let publication = self.publications.get_mut(&line.publication)?;
        publication.is_ready = false;
        publication.running += 1;
        let item = publication.waiting.pop_front()?;
        self.waiting -= 1;
        self.running += 1;
        self.give_turn(line);
        Some((line, item))
    }

    /// Notes that something taken has ended, and how.
    pub fn finish(&mut self, line: Line, ended: Ended) {
        let Some(publication) = self.publications.get_mut(&line.publication) else { return };
        publication.running = publication.running.saturating_sub(1);
        self.running = self.running.saturating_sub(1);
        let most = self.limits.per_owner;
        if let Some(owner) = self.owners.get_mut(&line.owner) {
            owner.running = owner.running.saturating_sub(1);
            let was_lowered = owner.share < most;
            owner.share = match ended {
                Ended::Soon => (owner.share + 1).min(most),
                Ended::Late => (owner.share / 2).max(1),
            };
            self.lowered = self.lowered + usize::from(owner.share < most) - usize::from(was_lowered);
        }
        self.give_turn(line);
        self.forget_if_idle(line);
    }

    /// How many owners have something that may run now: so many threads have something to do at least.
    pub fn coming(&self) -> usize {
        let common = self.limits.common.saturating_sub(self.running);
        self.idle_owners + common.min(self.turns.len() - self.idle_owners)
    }

    /// How many items wait.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many items run.
    pub fn running(&self) -> usize {
        self.running
    }

    fn publication(&mut self, line: Line) -> &mut Publication<T> {
        self.publications.entry(line.publication).or_insert_with(|| Publication {
            owner: line.owner,
            waiting: VecDeque::new(),
            reserved: 0,
            running: 0,
            is_ready: false,
        })
    }

    /// Puts a publication among its owner's that are ready, if it is, and its owner among those whose turn comes.
    fn give_turn(&mut self, line: Line) {
        let Some(publication) = self.publications.get_mut(&line.publication) else { return };
        let most = self.limits.per_owner;
        let new = || Owner { running: 0, share: most, ready: VecDeque::new(), turn: None };
        let owner = self.owners.entry(publication.owner).or_insert_with(new);
        if !publication.is_ready && !publication.waiting.is_empty() && publication.running < self.limits.per_publication
        {
            publication.is_ready = true;
            owner.ready.push_back(line.publication);
        }
        let before = owner.turn.take();
        if let Some(turn) = before {
            self.turns.remove(&turn);
            self.idle_owners -= usize::from(turn.0 == 0);
        }
        if !owner.ready.is_empty() && owner.running < owner.share {
            let rank = owner.running + usize::from(owner.share < most);
            // With the same rank as before it has waited since then.
            let since = before.filter(|before| before.0 == rank).map(|(_, since)| since);
            let turn = (rank, since.unwrap_or(self.turns_given));
            self.turns_given += 1;
            owner.turn = Some(turn);
            self.turns.insert(turn, publication.owner);
            self.idle_owners += usize::from(turn.0 == 0);
        }
    }

    /// Publications and owners come and go; what is kept of them is bounded by what they have here, and by how many
    /// shares are lower.
    fn forget_if_idle(&mut self, line: Line) {
        let idle = |publication: &Publication<T>| {
            publication.waiting.is_empty() && publication.reserved == 0 && publication.running == 0
        };
        if self.publications.get(&line.publication).is_some_and(idle) {
            self.publications.remove(&line.publication);
        }
        let Some(owner) = self.owners.get(&line.owner) else { return };
        let is_lowered = owner.share < self.limits.per_owner;
        if owner.running == 0 && owner.ready.is_empty() && (!is_lowered || self.lowered > LOWERED_MAX) {
            self.lowered -= usize::from(is_lowered);
            self.owners.remove(&line.owner);
        }
    }
}

#[cfg(test)]
mod tests;
