//! Which callback is next: for each publication a queue of its own in order, the publications in
//! turn, none beyond its share of the threads and its owner's (protocol.md, "Isolation").
//!
//! May use `model`. Used by `pool`, under its lock. Pure: knows neither threads nor what a callback
//! is. Every operation takes a few steps, however many callbacks and publications wait.

use crate::callback::Settings;
use crate::model::callback::Line;
use crate::model::id::{AccountId, PublicationId};
use std::collections::{HashMap, VecDeque};

/// How much of the pool one party may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The most callbacks of one publication under way.
    pub per_publication: usize,
    /// The most callbacks of one owner's publications under way.
    pub per_owner: usize,
    /// The most callbacks of one publication that wait or have a place kept for them.
    pub places: usize,
}

impl Limits {
    /// As the settings have them.
    pub fn of(settings: &Settings) -> Self {
        Self {
            per_publication: settings.threads_per_publication,
            per_owner: settings.threads_per_owner,
            places: settings.queue_places,
        }
    }
}

/// Where a publication is with respect to the turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Nowhere: nothing waits, or its share is used up.
    None,
    /// Among those whose turn comes.
    Coming,
    /// Among those that wait for their owner's share.
    Owner,
}

struct Publication<T> {
    owner: AccountId,
    waiting: VecDeque<T>,
    reserved: usize,
    running: usize,
    turn: Turn,
}

#[derive(Default)]
struct Owner {
    running: usize,
    /// Publications that could go on if the owner's share were not used up.
    held_back: VecDeque<PublicationId>,
}

/// The queues of all publications.
pub(super) struct Queue<T> {
    limits: Limits,
    publications: HashMap<PublicationId, Publication<T>>,
    owners: HashMap<AccountId, Owner>,
    /// Publications with something waiting and a share left, in turn.
    coming: VecDeque<PublicationId>,
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
            coming: VecDeque::new(),
            waiting: 0,
            running: 0,
        }
    }

    /// Keeps places; false if there are not that many left.
    pub fn reserve(&mut self, line: Line, places: usize) -> bool {
        let most = self.limits.places;
        let publication = self.publication(line);
        let taken = publication.waiting.len() + publication.reserved;
        let fits = taken.checked_add(places).is_some_and(|taken| taken <= most);
        if fits {
            publication.reserved += places;
        }
        self.forget_if_idle(line.publication);
        fits
    }

    /// Gives kept places back.
    pub fn release(&mut self, line: Line, places: usize) {
        if let Some(publication) = self.publications.get_mut(&line.publication) {
            publication.reserved = publication.reserved.saturating_sub(places);
        }
        self.forget_if_idle(line.publication);
    }

    /// Puts something at its publication's end; what uses no kept place goes in however full it is.
    pub fn push(&mut self, line: Line, item: T, reserved: bool) {
        let publication = self.publication(line);
        if reserved {
            publication.reserved = publication.reserved.saturating_sub(1);
        }
        publication.waiting.push_back(item);
        self.waiting += 1;
        self.give_turn(line.publication);
    }

    /// Takes what is next, which then runs until [`Self::finish`]; none if nothing may run now.
    pub fn take(&mut self) -> Option<(Line, T)> {
        while let Some(id) = self.coming.pop_front() {
            let Some(publication) = self.publications.get_mut(&id) else { continue };
            let owner = self.owners.entry(publication.owner).or_default();
            if owner.running >= self.limits.per_owner {
                publication.turn = Turn::Owner;
                owner.held_back.push_back(id);
                continue;
            }
            publication.turn = Turn::None;
            let Some(item) = publication.waiting.pop_front() else { continue };
            publication.running += 1;
            owner.running += 1;
            self.waiting -= 1;
            self.running += 1;
            let line = Line { publication: id, owner: publication.owner };
            self.give_turn(id);
            return Some((line, item));
        }
        None
    }

    /// Notes that something taken has ended. Those that waited for the owner's share come first.
    pub fn finish(&mut self, line: Line) {
        let Some(publication) = self.publications.get_mut(&line.publication) else { return };
        publication.running = publication.running.saturating_sub(1);
        self.running = self.running.saturating_sub(1);
        if let Some(owner) = self.owners.get_mut(&publication.owner) {
            owner.running = owner.running.saturating_sub(1);
            let next = owner.held_back.pop_front();
            if owner.running == 0 && owner.held_back.is_empty() {
                self.owners.remove(&publication.owner);
            }
            if let Some(next) = next {
                if let Some(publication) = self.publications.get_mut(&next) {
                    publication.turn = Turn::None;
                }
                self.give_turn(next);
            }
        }
        self.give_turn(line.publication);
        self.forget_if_idle(line.publication);
    }

    /// How many publications have their turn coming: so many threads have something to do at least.
    pub fn coming(&self) -> usize {
        self.coming.len()
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
            turn: Turn::None,
        })
    }

    /// Puts a publication among those whose turn comes, if it is to be there and is not yet.
    fn give_turn(&mut self, id: PublicationId) {
        let Some(publication) = self.publications.get_mut(&id) else { return };
        let may_run = !publication.waiting.is_empty() && publication.running < self.limits.per_publication;
        if may_run && publication.turn == Turn::None {
            publication.turn = Turn::Coming;
            self.coming.push_back(id);
        }
    }

    /// Publications come and go; what is kept of them is bounded by what they have here.
    fn forget_if_idle(&mut self, id: PublicationId) {
        let idle = |publication: &Publication<T>| {
            publication.waiting.is_empty() && publication.reserved == 0 && publication.running == 0
        };
        if self.publications.get(&id).is_some_and(idle) {
            self.publications.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits { per_publication: 2, per_owner: 3, places: 4 };

    fn lines(publications: usize, owners: usize) -> Vec<Line> {
        let owners: Vec<_> = (0..owners).map(|_| AccountId::generate()).collect();
        (0..publications)
            .map(|number| Line { publication: PublicationId::generate(), owner: owners[number % owners.len()] })
            .collect()
    }

    fn take_all(queue: &mut Queue<u32>) -> Vec<u32> {
        std::iter::from_fn(|| queue.take().map(|(_, item)| item)).collect()
    }

    #[test]
    fn publications_take_turns_and_each_keeps_its_order() {
        let [a, b] = lines(2, 2)[..] else { panic!("two lines") };
        let mut queue = Queue::new(Limits { per_publication: 9, per_owner: 9, places: 9 });
        for item in [10, 11, 12, 13] {
            queue.push(a, item, false);
        }
        for item in [20, 21] {
            queue.push(b, item, false);
        }
        assert_eq!(take_all(&mut queue), [10, 20, 11, 21, 12, 13]);
    }

    #[test]
    fn a_publication_has_its_share_and_no_more() {
        let [a, b] = lines(2, 2)[..] else { panic!("two lines") };
        let mut queue = Queue::new(LIMITS);
        for item in 0..5 {
            queue.push(a, item, false);
        }
        assert_eq!(take_all(&mut queue), [0, 1]);
        queue.push(b, 9, false);
        assert_eq!(take_all(&mut queue), [9]);
        queue.finish(a);
        assert_eq!(take_all(&mut queue), [2]);
        assert_eq!((queue.waiting(), queue.running(), queue.coming()), (2, 3, 0));
    }

    #[test]
    fn an_owner_has_its_share_and_its_publications_take_turns_in_it() {
        let [a, b, c] = lines(3, 1)[..] else { panic!("three lines") };
        let [other] = lines(1, 1)[..] else { panic!("a line") };
        let mut queue = Queue::new(LIMITS);
        for (line, item) in [(a, 10), (a, 11), (a, 12), (b, 20), (b, 21), (c, 30), (c, 31), (other, 90)] {
            queue.push(line, item, false);
        }
        assert_eq!(take_all(&mut queue), [10, 20, 30, 90]);
        queue.finish(a);
        assert_eq!(take_all(&mut queue), [11]);
        queue.finish(a);
        assert_eq!(take_all(&mut queue), [21]);
        queue.finish(b);
        assert_eq!(take_all(&mut queue), [31]);
    }

    #[test]
    fn places_are_kept_given_back_and_used() {
        let [a, b] = lines(2, 1)[..] else { panic!("two lines") };
        let mut queue = Queue::new(LIMITS);
        assert!(queue.reserve(a, 3) && !queue.reserve(a, 2) && queue.reserve(a, 1) && queue.reserve(b, 4));
        assert!(!queue.reserve(a, usize::MAX));
        queue.push(a, 1, true);
        assert!(!queue.reserve(a, 1), "what waits has its place");
        queue.release(a, 2);
        assert!(queue.reserve(a, 2) && !queue.reserve(a, 1));
        queue.push(a, 2, false);
        assert_eq!(take_all(&mut queue), [1, 2], "what needs no place goes in all the same");
        assert!(queue.reserve(a, 1), "what runs has none");
    }

    #[test]
    fn nothing_is_kept_of_idle_publications() {
        let lines = lines(50, 10);
        let mut queue = Queue::new(LIMITS);
        for line in &lines {
            assert!(queue.reserve(*line, 1));
            queue.push(*line, 0, true);
            assert!(queue.reserve(*line, 1));
            queue.release(*line, 1);
        }
        assert!(!queue.reserve(super::tests::lines(1, 1)[0], 99));
        while let Some((line, _)) = queue.take() {
            queue.finish(line);
        }
        assert!(queue.publications.is_empty() && queue.owners.is_empty() && queue.coming.is_empty());
    }

    proptest! {
        /// Whatever happens in whatever order: no share is exceeded, each line keeps its order, and
        /// nothing is left behind although it could run.
        #[test]
        fn shares_hold_and_nothing_starves(steps in prop::collection::vec((0_usize..7, 0_u8..3), 1..400)) {
            let lines = lines(7, 3);
            let mut queue = Queue::new(LIMITS);
            let (mut running, mut last, mut pushed) = (Vec::<Line>::new(), [None; 7], 0_u32);
            for (number, step) in steps {
                match step {
                    0 => {
                        pushed += 1;
                        queue.push(lines[number], pushed, false);
                    }
                    1 if !running.is_empty() => {
                        let line = running.swap_remove(number % running.len());
                        queue.finish(line);
                    }
                    _ => if let Some((line, item)) = queue.take() {
                        let at = lines.iter().position(|l| *l == line).expect("a line");
                        prop_assert!(last[at] < Some(item));
                        last[at] = Some(item);
                        running.push(line);
                    },
                }
                for line in &lines {
                    prop_assert!(running.iter().filter(|l| *l == line).count() <= LIMITS.per_publication);
                    prop_assert!(running.iter().filter(|l| l.owner == line.owner).count() <= LIMITS.per_owner);
                }
                prop_assert_eq!(queue.running(), running.len());
            }
            while queue.waiting() > 0 {
                match queue.take() {
                    Some((line, _)) => running.push(line),
                    None => queue.finish(running.pop().expect("what waits has someone to wait for")),
                }
            }
        }
    }
}
