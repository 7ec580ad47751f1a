//! The rules of turns, tried against a plain reading of them.

use super::*;
use proptest::prelude::*;
use std::collections::VecDeque;
use std::net::IpAddr;

const PERMITS: usize = 5;
const SHARE: usize = 2;

/// What happens: someone comes, a permit is given back, or something that waits goes away.
#[derive(Debug, Clone)]
enum Step {
    Comes { account: usize, address: u8 },
    Leaves(prop::sample::Index),
    GoesAway(prop::sample::Index),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..5_usize, 0..5_u8).prop_map(|(account, address)| Step::Comes { account, address }),
        3 => any::<prop::sample::Index>().prop_map(Step::Leaves),
        1 => any::<prop::sample::Index>().prop_map(Step::GoesAway),
    ];
    prop::collection::vec(step, 0..300)
}

/// The queue with what a plain reading of the rules knows of it.
struct Model {
    queue: Queue<u32>,
    accounts: Vec<AccountId>,
    running: Vec<Party>,
    waiting: Vec<(Party, Ticket, u32)>,
    next: u32,
}

impl Model {
    fn new() -> Self {
        let accounts = (0..4).map(|_| AccountId::generate()).collect();
        Self { queue: Queue::new(PERMITS, SHARE), accounts, running: Vec::new(), waiting: Vec::new(), next: 0 }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Comes { account, address } => {
                let address = (*address > 0).then(|| IpAddr::from([192, 0, 2, *address]));
                let party = Party::new(self.accounts.get(*account).copied(), address);
                if self.queue.enter(party) {
                    self.running.push(party);
                } else {
                    self.next += 1;
                    let ticket = self.queue.wait(party, self.next);
                    self.waiting.push((party, ticket, self.next));
                }
            }
            Step::Leaves(which) if !self.running.is_empty() => self.leave(which.index(self.running.len())),
            Step::GoesAway(which) if !self.waiting.is_empty() => {
                let (party, ticket, work) = self.waiting.remove(which.index(self.waiting.len()));
                assert_eq!(self.queue.withdraw(party, ticket), Some(work));
                assert_eq!(self.queue.withdraw(party, ticket), None);
            }
            _ => {}
        }
        self.hand_out();
    }

    fn leave(&mut self, at: usize) {
        let party = self.running.swap_remove(at);
        self.queue.leave(party);
        self.hand_out();
    }

    fn hand_out(&mut self) {
        while let Some((party, work)) = self.queue.next() {
            let at = self.waiting.iter().position(|(of, _, waiting)| *of == party && *waiting == work);
            let at = at.expect("what is handed out waits");
            let earlier = self.waiting[..at].iter().any(|(of, ..)| *of == party);
            assert!(!earlier, "{party:?} is served out of order");
            self.waiting.remove(at);
            self.running.push(party);
        }
    }

    fn of_lane(&self, lane: Lane) -> usize {
        self.running.iter().filter(|party| party.lane() == lane).count()
    }

    fn of_account(&self, account: Option<AccountId>) -> usize {
        self.running.iter().filter(|party| account.is_some() && party.account() == account).count()
    }

    fn check(&self) {
        assert!(self.running.len() <= PERMITS);
        assert_eq!(self.queue.free, PERMITS - self.running.len());
        assert_eq!(self.queue.waiting(), self.waiting.len());
        for party in &self.running {
            assert!(self.of_lane(party.lane()) <= SHARE && self.of_account(party.account()) <= SHARE, "{party:?}");
        }
        if self.running.len() == PERMITS {
            return;
        }
        for (party, ..) in &self.waiting {
            let is_full = self.of_lane(party.lane()) >= SHARE || self.of_account(party.account()) >= SHARE;
            // The permit that its account has left may be promised to its work in a lane that is full now.
            let is_promised = self.waiting.iter().any(|(other, ..)| {
                other.account() == party.account() && other != party && self.of_lane(other.lane()) >= SHARE
            });
            assert!(is_full || party.account().is_some() && is_promised, "{party:?} waits although it could run");
        }
    }
}

proptest! {
    #[test]
    fn shares_hold_nothing_waits_that_could_run_and_nothing_is_left_behind(steps in steps()) {
        let mut model = Model::new();
        for step in &steps {
            model.step(step);
            model.check();
        }
        while !model.running.is_empty() {
            model.leave(0);
            model.check();
        }
        prop_assert!(model.waiting.is_empty(), "something waits for ever: {:?}", model.waiting);
        prop_assert!(model.queue.is_idle(PERMITS));
    }
}

fn at(address: u8, account: AccountId) -> Party {
    Party::new(Some(account), Some(IpAddr::from([192, 0, 2, address])))
}

/// The order in which everything that waits is served, with one permit.
fn served(queue: &mut Queue<&'static str>, running: Party) -> Vec<&'static str> {
    let (mut running, mut order) = (VecDeque::from([running]), Vec::new());
    while let Some(party) = running.pop_front() {
        queue.leave(party);
        while let Some((party, work)) = queue.next() {
            running.push_back(party);
            order.push(work);
        }
    }
    order
}

#[test]
fn addresses_take_turns_and_so_do_the_accounts_of_an_address() {
    let [a, b, c, d] = [(); 4].map(|()| AccountId::generate());
    let mut queue = Queue::new(1, 1);
    let first = at(9, d);
    assert!(queue.enter(first));
    for (party, name) in [
        (at(1, a), "a1"),
        (at(1, a), "a2"),
        (at(1, a), "a3"),
        (at(1, b), "b1"),
        (at(1, b), "b2"),
        (at(2, c), "c1"),
        (at(2, c), "c2"),
        (at(2, c), "c3"),
        (at(3, d), "d1"),
    ] {
        queue.wait(party, name);
    }
    let order = served(&mut queue, first);
    assert_eq!(order, ["a1", "c1", "d1", "b1", "c2", "a2", "c3", "b2", "a3"]);
    assert!(queue.is_idle(1));
}

#[test]
fn an_account_that_waits_in_a_thousand_networks_does_not_hold_others_up() {
    let greedy = AccountId::generate();
    let network = |number: u16| Some(IpAddr::from([0x2001, 0xdb8, 0, number, 0, 0, 0, 1]));
    let mut queue = Queue::new(4, 2);
    let running = [0, 1].map(|number| Party::new(Some(greedy), network(number)));
    assert!(running.iter().all(|party| queue.enter(*party)));
    for number in 2..1_002 {
        queue.wait(Party::new(Some(greedy), network(number)), "greedy");
    }
    assert!(queue.next().is_none());
    let other = at(1, AccountId::generate());
    assert!(queue.enter(other), "the other half is for others");
    // Each permit given back calls up one of the thousand, and looks at no other.
    let before = queue.number;
    queue.leave(running[0]);
    assert!(queue.next().is_some_and(|(party, _)| party.account() == Some(greedy)) && queue.next().is_none());
    assert!(queue.number - before < 10, "{} steps", queue.number - before);
}
