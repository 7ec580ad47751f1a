//! Whose turn is next. Work waits in lanes (see [`Lane`]), and a lane's work in one line for each account. Lanes take
//! turns, and within a lane its lines. A lane or account that has its share of the permits is passed over until it has
//! less.
//!
//! Pure, without threads or a clock. Used by [`super`], under its lock. Every operation takes a few steps, however much
//! waits: an account at its share is held back in all its lanes, and each permit that it gives back calls up one of them.

use crate::model::id::AccountId;
use crate::model::party::{Lane, Party};
use std::collections::btree_map::Entry as Ordered;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

/// Names one piece of work that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

/// The work that waits and how many permits each has. Numbers grow, so that the first of a map has waited longest.
pub(super) struct Queue<T> {
    free: usize,
    share: usize,
    number: u64,
    lanes: HashMap<Lane, LaneState<T>>,
    accounts: HashMap<AccountId, AccountState>,
    /// The lanes that wait for their turn.
    turns: BTreeMap<u64, Lane>,
}

struct LaneState<T> {
    running: usize,
    /// Its number among the turns.
    turn: Option<u64>,
    lines: HashMap<Option<AccountId>, Line<T>>,
    /// The lines that wait for their turn within the lane.
    turns: BTreeMap<u64, Option<AccountId>>,
}

impl<T> Default for LaneState<T> {
    fn default() -> Self {
        Self { running: 0, turn: None, lines: HashMap::new(), turns: BTreeMap::new() }
    }
}

impl<T> LaneState<T> {
    /// Takes the next work of a lane whose account has less than its share, and holds back what is before it. The line
    /// of the work gets the number `last`, after all others.
    fn next(
        &mut self,
        key: Lane,
        accounts: &mut HashMap<AccountId, AccountState>,
        share: usize,
        last: u64,
    ) -> Option<(Party, T)> {
        loop {
            let (turn, id) = self.turns.pop_first()?;
            let Entry::Occupied(mut entry) = self.lines.entry(id) else { continue };
            let line = entry.get_mut();
            if let Some(account) = id.and_then(|id| accounts.get_mut(&id)).filter(|account| account.running >= share) {
                line.turn = Turn::HeldBack(turn);
                account.held_back.insert(turn, key);
                continue;
            }
            let (_, work) = line.waiting.pop_first()?;
            let party = line.party;
            if line.waiting.is_empty() {
                entry.remove();
            } else {
                line.turn = Turn::InLane(last);
                self.turns.insert(last, id);
            }
            return Some((party, work));
        }
    }
}

/// The work of an account in a lane; never empty.
struct Line<T> {
    party: Party,
    turn: Turn,
    waiting: BTreeMap<Ticket, T>,
}

/// Where a line is, with its number there.
#[derive(Clone, Copy)]
enum Turn {
    /// Among its lane's turns.
    InLane(u64),
    /// Among those that its account's share holds back.
    HeldBack(u64),
}

#[derive(Default)]
struct AccountState {
    running: usize,
    /// The lanes whose turn came while the account had its share.
    held_back: BTreeMap<u64, Lane>,
}

impl<T> Queue<T> {
    pub fn new(permits: usize, share: usize) -> Self {
        let (lanes, accounts) = (HashMap::new(), HashMap::new());
        Self { free: permits, share, number: 0, lanes, accounts, turns: BTreeMap::new() }
    }

    /// Takes a permit, if there is one for this party.
    pub fn enter(&mut self, party: Party) -> bool {
        let lane = self.lanes.get(&party.lane()).map_or(0, |lane| lane.running);
        let account = party.account().and_then(|id| self.accounts.get(&id)).map_or(0, |account| account.running);
        let may = self.free > 0 && lane < self.share && account < self.share;
        if may {
            self.count(party);
        }
        may
    }

    /// Puts work into the queue.
    pub fn wait(&mut self, party: Party, work: T) -> Ticket {
        let (ticket, turn) = (Ticket(self.take_number()), self.take_number());
        let lane = self.lanes.entry(party.lane()).or_default();
        let line = lane.lines.entry(party.account()).or_insert_with(|| {
            lane.turns.insert(turn, party.account());
            Line { party, turn: Turn::InLane(turn), waiting: BTreeMap::new() }
        });
        line.waiting.insert(ticket, work);
        self.call(party.lane());
        ticket
    }

    /// Takes work out of the queue, if it still waits. What it held up may run then: see [`Self::next`].
    pub fn withdraw(&mut self, party: Party, ticket: Ticket) -> Option<T> {
        let lane = self.lanes.get_mut(&party.lane())?;
        let Entry::Occupied(mut entry) = lane.lines.entry(party.account()) else { return None };
        let work = entry.get_mut().waiting.remove(&ticket)?;
        if entry.get().waiting.is_empty() {
            match entry.remove().turn {
                Turn::InLane(turn) => {
                    lane.turns.remove(&turn);
                    self.tidy_lane(party.lane());
                    // It may have been called up in the place of another line.
                    if let Some(account) = party.account() {
                        self.call_up(account);
                    }
                }
                Turn::HeldBack(turn) => {
                    if let Some(account) = party.account().and_then(|id| self.accounts.get_mut(&id)) {
                        account.held_back.remove(&turn);
                    }
                    self.tidy_lane(party.lane());
                }
            }
        }
        Some(work)
    }

    /// Gives a permit back. It is for the work that [`Self::next`] returns.
    pub fn leave(&mut self, party: Party) {
        self.free += 1;
        if let Some(lane) = self.lanes.get_mut(&party.lane()) {
            lane.running -= 1;
        }
        self.call(party.lane());
        self.tidy_lane(party.lane());
        if let Some(id) = party.account() {
            if let Some(account) = self.accounts.get_mut(&id) {
                account.running -= 1;
            }
            self.call_up(id);
        }
    }

    /// Takes the work whose turn it is out of the queue, and a permit for it. To be called until there is none.
    pub fn next(&mut self) -> Option<(Party, T)> {
        while self.free > 0 {
            let (_, key) = self.turns.pop_first()?;
            let last = self.take_number();
            let lane = self.lanes.get_mut(&key)?;
            lane.turn = None;
            let Some((party, work)) = lane.next(key, &mut self.accounts, self.share, last) else { continue };
            self.count(party);
            self.call(key);
            return Some((party, work));
        }
        None
    }

    fn take_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    fn count(&mut self, party: Party) {
        self.free -= 1;
        self.lanes.entry(party.lane()).or_default().running += 1;
        if let Some(id) = party.account() {
            self.accounts.entry(id).or_default().running += 1;
        }
    }

    /// Has a lane wait for its turn, if something in it waits and it has less than its share.
    fn call(&mut self, key: Lane) {
        let turn = self.take_number();
        let Some(lane) = self.lanes.get_mut(&key) else { return };
        if lane.turn.is_none() && lane.running < self.share && !lane.turns.is_empty() {
            lane.turn = Some(turn);
            self.turns.insert(turn, key);
        }
    }

    /// Has a line that an account's share held back wait for its turn again, now that the account has less: one, since
    /// there is one permit more, and further ones as long as their lanes have their own share.
    fn call_up(&mut self, id: AccountId) {
        loop {
            let turn = self.take_number();
            let Some(account) = self.accounts.get_mut(&id) else { return };
            if account.running >= self.share {
                return;
            }
            let Some((_, key)) = account.held_back.pop_first() else {
                if account.running == 0 {
                    self.accounts.remove(&id);
                }
                return;
            };
            let Some(lane) = self.lanes.get_mut(&key) else { continue };
            let Some(line) = lane.lines.get_mut(&Some(id)) else { continue };
            line.turn = Turn::InLane(turn);
            lane.turns.insert(turn, Some(id));
            let is_full = lane.running >= self.share;
            self.call(key);
            if !is_full {
                return;
            }
        }
    }

    /// Forgets a lane's turn if nothing in it waits for one, and the lane if nothing runs either.
    fn tidy_lane(&mut self, key: Lane) {
        let Entry::Occupied(mut lane) = self.lanes.entry(key) else { return };
        if lane.get().turns.is_empty()
            && let Some(turn) = lane.get_mut().turn.take()
            && let Ordered::Occupied(turn) = self.turns.entry(turn)
        {
            turn.remove();
        }
        if lane.get().running == 0 && lane.get().lines.is_empty() {
            lane.remove();
        }
    }
}

#[cfg(test)]
impl<T> Queue<T> {
    /// How much waits.
    pub fn waiting(&self) -> usize {
        let lines = self.lanes.values().flat_map(|lane| lane.lines.values());
        lines.map(|line| line.waiting.len()).sum()
    }

    /// Whether nothing runs or waits, and nothing is remembered.
    pub fn is_idle(&self, permits: usize) -> bool {
        self.free == permits && self.lanes.is_empty() && self.accounts.is_empty() && self.turns.is_empty()
    }
}

#[cfg(test)]
mod tests;
