//! The pool with made-up jobs: what runs when, on how many threads, and what it survives.

use super::*;
use crate::callback::tests::SOON;
use crate::model::id::{AccountId, PublicationId};
use std::collections::{HashMap, HashSet};
use std::sync::mpsc;

const LIMITS: Limits = Limits { per_publication: 2, per_owner: 3, places: 4, common: 99 };

/// A pool whose jobs tell when they begin and wait until they may end.
struct Staged {
    pool: Pool,
    begun: mpsc::Receiver<CallbackId>,
    gates: Arc<Mutex<HashMap<CallbackId, mpsc::Sender<()>>>>,
}

impl Staged {
    fn new(limits: Limits, threads: usize) -> Self {
        let (sender, begun) = mpsc::channel();
        let gates: Arc<Mutex<HashMap<_, mpsc::Sender<()>>>> = Arc::default();
        let doors = Arc::clone(&gates);
        let pool = Pool::start(limits, threads, move |id| {
            let (gate, opened) = mpsc::channel();
            doors.lock().insert(id, gate);
            sender.send(id).expect("the test listens");
            // Ends too when the test is over.
            let _ = opened.recv();
            Ended::Soon
        });
        Self { pool: pool.expect("a pool"), begun, gates }
    }

    fn submit(&self, line: Line) -> CallbackId {
        let id = CallbackId::generate();
        self.pool.submit(PendingCallback { id, line }, false);
        id
    }

    fn next(&self) -> CallbackId {
        self.begun.recv_timeout(SOON).expect("something begins")
    }

    fn next_ones(&self, number: usize) -> HashSet<CallbackId> {
        (0..number).map(|_| self.next()).collect()
    }

    fn end(&self, id: CallbackId) {
        self.gates.lock().remove(&id).expect("it runs").send(()).expect("it waits");
    }
}

fn line() -> Line {
    Line { publication: PublicationId::generate(), owner: AccountId::generate() }
}

#[test]
fn a_connector_that_hangs_delays_nobody_else() {
    let staged = Staged::new(LIMITS, 8);
    let (hanging, fine) = (line(), line());
    let stuck: Vec<_> = (0..100).map(|_| staged.submit(hanging)).collect();
    assert_eq!(staged.next_ones(2), HashSet::from([stuck[0], stuck[1]]));
    for _ in 0..3 {
        let other = staged.submit(fine);
        assert_eq!(staged.next(), other);
        staged.end(other);
    }
    assert_eq!(staged.pool.waiting(), 98);
    staged.end(stuck[1]);
    assert_eq!(staged.next(), stuck[2], "in order");
}

#[test]
fn all_threads_are_used_and_no_more() {
    let staged = Staged::new(LIMITS, 5);
    let lines: Vec<_> = (0..8).map(|_| line()).collect();
    let submitted: Vec<_> = lines.iter().map(|line| staged.submit(*line)).collect();
    let begun = staged.next_ones(5);
    assert!(begun.iter().all(|id| submitted.contains(id)));
    assert_eq!((staged.pool.running(), staged.pool.waiting()), (5, 3));
    assert_eq!(staged.pool.0.state.lock().threads, 5);
    for id in begun {
        staged.end(id);
    }
    assert_eq!(staged.next_ones(3).len(), 3);
}

#[test]
fn an_owner_has_its_share_of_threads() {
    let staged = Staged::new(LIMITS, 8);
    let owner = AccountId::generate();
    let lines: Vec<_> = (0..3).map(|_| Line { owner, ..line() }).collect();
    for line in &lines {
        staged.submit(*line);
        staged.submit(*line);
    }
    let begun = staged.next_ones(3);
    let other = staged.submit(line());
    assert_eq!(staged.next(), other);
    assert_eq!(staged.pool.running(), 4);
    staged.end(*begun.iter().next().expect("three"));
    staged.next();
    assert_eq!((staged.pool.running(), staged.pool.waiting()), (4, 2));
}

#[test]
fn a_full_queue_refuses_and_a_released_place_is_free() {
    let staged = Staged::new(LIMITS, 1);
    let line = line();
    assert_eq!(staged.pool.reserve(line, 4), Ok(()));
    assert_eq!(staged.pool.reserve(line, 1), Err(QueueFull));
    staged.pool.release(line, 1);
    assert_eq!(staged.pool.reserve(line, 1), Ok(()));
    staged.pool.submit(PendingCallback { id: CallbackId::generate(), line }, true);
    staged.next();
    assert_eq!(staged.pool.reserve(line, 1), Ok(()), "what is under way needs no place");
    assert_eq!(staged.pool.reserve(line, 1), Err(QueueFull));
}

#[test]
fn a_panic_costs_nothing_but_itself() {
    let (sender, begun) = mpsc::channel();
    let bad = CallbackId::generate();
    let pool = Pool::start(LIMITS, 1, move |id| {
        sender.send(id).expect("the test listens");
        assert_ne!(id, bad, "a panic that this test wants");
        Ended::Soon
    });
    let pool = pool.expect("a pool");
    let line = line();
    for id in [bad, bad, CallbackId::generate()] {
        pool.submit(PendingCallback { id, line }, false);
        assert_eq!(begun.recv_timeout(SOON), Ok(id));
    }
    pool.shutdown(SOON);
    assert_eq!(pool.running(), 0);
}

#[test]
fn shutdown_waits_for_what_runs_and_begins_nothing() {
    let staged = Staged::new(LIMITS, 1);
    let line = line();
    let (first, _second) = (staged.submit(line), staged.submit(line));
    assert_eq!(staged.next(), first);
    staged.pool.shutdown(Duration::ZERO);
    assert_eq!((staged.pool.running(), staged.pool.waiting()), (1, 1));
    assert_eq!(staged.pool.reserve(line, 1), Err(QueueFull));
    thread::scope(|scope| {
        let down = scope.spawn(|| staged.pool.shutdown(SOON));
        staged.end(first);
        down.join().expect("no panic");
    });
    assert_eq!((staged.pool.running(), staged.pool.waiting()), (0, 1));
    staged.submit(line);
    // The threads are gone, and with them all that could begin something.
    assert_eq!(staged.begun.recv_timeout(SOON), Err(mpsc::RecvTimeoutError::Disconnected));
}

#[test]
fn idle_threads_end_but_for_one() {
    let (sender, begun) = mpsc::channel();
    let barrier = std::sync::Barrier::new(4);
    let pool = Pool::with_idle_time(LIMITS, 4, Duration::from_millis(1), move |id| {
        barrier.wait();
        sender.send(id).expect("the test listens");
        Ended::Soon
    });
    let pool = pool.expect("a pool");
    for _ in 0..2 {
        for _ in 0..4 {
            pool.submit(PendingCallback { id: CallbackId::generate(), line: line() }, false);
        }
        for _ in 0..4 {
            begun.recv_timeout(SOON).expect("four run at once");
        }
        let deadline = Instant::now() + SOON;
        while pool.0.state.lock().threads > 1 {
            assert!(Instant::now() < deadline, "idle threads do not end");
            thread::yield_now();
        }
    }
}

#[test]
fn many_threads_submitting_lose_nothing() {
    const SUBMITTERS: usize = 4;
    const EACH: usize = 2_000;
    let (sender, ran) = mpsc::channel();
    let limits = Limits { per_publication: 3, per_owner: 5, places: EACH, common: 99 };
    let pool = Pool::with_idle_time(limits, 6, Duration::from_millis(1), move |id| {
        sender.send(id).expect("the test listens");
        Ended::Soon
    });
    let pool = pool.expect("a pool");
    let owner = AccountId::generate();
    thread::scope(|scope| {
        for _ in 0..SUBMITTERS {
            let (pool, line) = (&pool, Line { owner, ..line() });
            scope.spawn(move || {
                for _ in 0..EACH {
                    pool.submit(PendingCallback { id: CallbackId::generate(), line }, false);
                }
            });
        }
    });
    let all: HashSet<_> = (0..SUBMITTERS * EACH).map(|_| ran.recv_timeout(SOON).expect("another")).collect();
    assert_eq!(all.len(), SUBMITTERS * EACH);
    assert_eq!(pool.waiting(), 0);
}
