//! Who is next, and that nobody is left behind.

use super::*;
use proptest::prelude::*;
use std::collections::HashSet;

const LIMITS: Limits = Limits { per_publication: 2, per_owner: 3, places: 4, common: 99 };

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
    let mut queue = Queue::new(Limits { per_publication: 9, per_owner: 9, places: 9, common: 99 });
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
    queue.finish(a, Ended::Soon);
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
    assert_eq!(take_all(&mut queue), [10, 90, 20, 30]);
    queue.finish(a, Ended::Soon);
    assert_eq!(take_all(&mut queue), [11]);
    queue.finish(a, Ended::Soon);
    assert_eq!(take_all(&mut queue), [21]);
    queue.finish(b, Ended::Soon);
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
    assert!(!queue.reserve(self::lines(1, 1)[0], 99));
    while let Some((line, _)) = queue.take() {
        queue.finish(line, Ended::Soon);
    }
    assert!(queue.publications.is_empty() && queue.owners.is_empty() && queue.turns.is_empty());
}

#[test]
fn the_owner_with_the_fewest_running_is_next_and_waits_in_turn_among_equals() {
    let [a, b] = lines(2, 2)[..] else { panic!("two lines") };
    let [other] = lines(1, 1)[..] else { panic!("a line") };
    let mut queue = Queue::new(Limits { per_publication: 9, per_owner: 9, places: 9, common: 99 });
    for (line, item) in [(a, 10), (a, 11), (a, 12), (b, 20), (b, 21)] {
        queue.push(line, item, false);
    }
    assert_eq!((0..3).filter_map(|_| queue.take()).map(|(_, item)| item).collect::<Vec<_>>(), [10, 20, 11]);
    queue.push(other, 90, false);
    assert_eq!(take_all(&mut queue), [90, 21, 12]);
}

#[test]
fn the_last_threads_are_for_owners_that_have_none_running() {
    let hanging = lines(30, 10);
    let strangers = lines(2, 2);
    let mut queue = Queue::new(Limits { common: 12, ..LIMITS });
    for item in 0..300 {
        queue.push(hanging[item as usize % 30], item, false);
    }
    assert_eq!(take_all(&mut queue).len(), 12);
    assert_eq!(queue.coming(), 0);
    for line in &strangers {
        queue.push(*line, 900, false);
        queue.push(*line, 901, false);
    }
    assert_eq!(queue.coming(), 2);
    assert_eq!(take_all(&mut queue), [900, 900]);
    queue.finish(strangers[0], Ended::Soon);
    assert_eq!(take_all(&mut queue), [901]);
    // One whose connector did not respond has none of them.
    let [late, other] = lines(2, 2)[..] else { panic!("two lines") };
    queue.push(late, 910, false);
    assert_eq!(take_all(&mut queue), [910]);
    queue.finish(late, Ended::Late);
    queue.push(late, 911, false);
    queue.push(other, 920, false);
    assert_eq!(queue.coming(), 1);
    assert_eq!(take_all(&mut queue), [920]);
}

#[test]
fn an_owner_whose_connectors_do_not_respond_has_a_lower_share_until_they_do() {
    let [a, b] = lines(2, 1)[..] else { panic!("two lines") };
    let mut queue = Queue::new(Limits { per_publication: 8, per_owner: 8, places: 99, common: 99 });
    for item in 0..60 {
        queue.push(a, item, false);
    }
    for expected in [4, 2, 1, 1] {
        let running = queue.running() + take_all(&mut queue).len();
        assert!(running <= 8);
        queue.finish(a, Ended::Late);
        assert_eq!(queue.owners[&a.owner].share, expected);
    }
    while queue.running() > 0 {
        queue.finish(a, Ended::Late);
    }
    // It is remembered while nothing of the owner waits or runs, and counts for all its publications.
    let mut queue = lowered(queue, a);
    queue.push(b, 100, false);
    queue.push(b, 101, false);
    assert_eq!(take_all(&mut queue), [100]);
    for running in 2..=8 {
        queue.finish(b, Ended::Soon);
        for item in 0..9 {
            queue.push(b, item, false);
        }
        take_all(&mut queue);
        assert_eq!(queue.running(), running);
    }
}

/// The queue after all that waits was sent, one after the other, to a connector that does not respond.
fn lowered(mut queue: Queue<u32>, line: Line) -> Queue<u32> {
    while queue.take().is_some() {
        queue.finish(line, Ended::Late);
    }
    assert_eq!((queue.waiting(), queue.running(), queue.publications.len()), (0, 0, 0));
    queue
}

#[test]
fn the_memory_of_lower_shares_is_bounded() {
    let mut queue = Queue::new(LIMITS);
    for line in lines(LOWERED_MAX + 100, LOWERED_MAX + 100) {
        queue.push(line, 0, false);
        assert!(queue.take().is_some());
        queue.finish(line, Ended::Late);
    }
    assert_eq!((queue.owners.len(), queue.lowered), (LOWERED_MAX, LOWERED_MAX));
}

/// What a queue is to be after all that happened to it.
#[derive(Default)]
struct Model {
    waiting: Vec<(Line, u32)>,
    running: Vec<Line>,
    shares: HashMap<AccountId, usize>,
}

impl Model {
    fn of(&self, owner: AccountId) -> usize {
        self.running.iter().filter(|line| line.owner == owner).count()
    }

    fn share(&self, owner: AccountId) -> usize {
        self.shares.get(&owner).copied().unwrap_or(LIMITS.per_owner)
    }

    fn rank(&self, owner: AccountId) -> usize {
        self.of(owner) + usize::from(self.share(owner) < LIMITS.per_owner)
    }

    /// Whether this may run now.
    fn may_run(&self, line: Line, common: usize) -> bool {
        let (of_owner, of_publication) =
            (self.of(line.owner), self.running.iter().filter(|other| **other == line).count());
        let has_thread = self.rank(line.owner) == 0 || self.running.len() < common;
        has_thread && of_owner < self.share(line.owner) && of_publication < LIMITS.per_publication
    }

    fn finish(&mut self, at: usize, ended: Ended) -> Line {
        let line = self.running.swap_remove(at);
        let share = self.share(line.owner);
        let share = if ended == Ended::Late { share / 2 } else { share + 1 };
        self.shares.insert(line.owner, share.clamp(1, LIMITS.per_owner));
        line
    }
}

proptest! {
    /// Whatever happens in whatever order: no share is exceeded, each line keeps its order, the owner with the
    /// lowest rank is next, and nothing is left behind although it could run.
    #[test]
    fn shares_hold_and_nothing_is_left_behind(
        steps in prop::collection::vec((0_usize..7, 0_u8..5), 1..400),
        common in 1_usize..12,
    ) {
        let lines = lines(7, 4);
        let mut queue = Queue::new(Limits { common, ..LIMITS });
        let (mut model, mut pushed) = (Model::default(), 0_u32);
        let take = |queue: &mut Queue<u32>, model: &mut Model| {
            let can_run: Vec<Line> =
                model.waiting.iter().map(|(line, _)| *line).filter(|line| model.may_run(*line, common)).collect();
            let owners: HashSet<_> = can_run.iter().map(|line| line.owner).collect();
            prop_assert!(queue.coming() <= owners.len() && (queue.coming() > 0) != owners.is_empty());
            let Some((line, item)) = queue.take() else {
                prop_assert!(can_run.is_empty(), "left behind although it could run: {:?}", can_run);
                return Ok(false);
            };
            prop_assert!(can_run.contains(&line), "runs beyond a share: {:?}", line);
            prop_assert!(can_run.iter().all(|other| model.rank(line.owner) <= model.rank(other.owner)));
            let first = model.waiting.iter().position(|(other, _)| *other == line).expect("it waits");
            prop_assert_eq!(model.waiting.remove(first).1, item);
            model.running.push(line);
            Ok(true)
        };
        for (number, step) in steps {
            match step {
                0 | 1 => {
                    pushed += 1;
                    queue.push(lines[number], pushed, false);
                    model.waiting.push((lines[number], pushed));
                }
                2 if !model.running.is_empty() => {
                    let ended = if number % 3 == 0 { Ended::Late } else { Ended::Soon };
                    let line = model.finish(number % model.running.len(), ended);
                    queue.finish(line, ended);
                }
                _ => {
                    take(&mut queue, &mut model)?;
                }
            }
            prop_assert_eq!((queue.running(), queue.waiting()), (model.running.len(), model.waiting.len()));
        }
        while queue.waiting() > 0 {
            if !take(&mut queue, &mut model)? {
                let line = model.finish(0, Ended::Soon);
                queue.finish(line, Ended::Soon);
            }
        }
    }
}
