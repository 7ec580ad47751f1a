//! How much a query may use: time, work and bytes. SQLite's machine looks at it between its steps, our own functions
//! look at it within theirs, and rows with long texts are charged as they are read.
//!
//! Used by the readers, and by `ops`, which hands it on to `graphql`: a query whose client went away is stopped.

use crate::model::error::{Error, Violation};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The bounds of one query.
#[derive(Debug)]
pub struct Allowance {
    time: Duration,
    looks_left: AtomicU64,
    is_bounded: bool,
    is_stopped: AtomicBool,
    is_spent: AtomicBool,
}

impl Allowance {
    /// An amount of time, from when the query begins.
    #[must_use]
    pub fn of(time: Duration) -> Arc<Self> {
        Self::new(time, None)
    }

    /// An amount of time, and of work: so many looks at the allowance, each after some microseconds of work.
    #[must_use]
    pub fn with_work(time: Duration, looks: u64) -> Arc<Self> {
        Self::new(time, Some(looks))
    }

    fn new(time: Duration, looks: Option<u64>) -> Arc<Self> {
        Arc::new(Self {
            time,
            looks_left: AtomicU64::new(looks.unwrap_or(0)),
            is_bounded: looks.is_some(),
            is_stopped: AtomicBool::new(false),
            is_spent: AtomicBool::new(false),
        })
    }

    /// Has the query end as soon as it looks: nobody waits for it any more.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    /// Whether it was stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }

    /// Whether the query was interrupted because it took more work than it may.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.is_spent.load(Ordering::Relaxed)
    }

    /// Counts a piece of work; whether the query has to end.
    fn look(&self, deadline: Instant) -> bool {
        if self.is_stopped() || self.is_spent() {
            return true;
        }
        if self.is_bounded {
            // A query reads on one thread at a time.
            let left = self.looks_left.load(Ordering::Relaxed);
            self.looks_left.store(left.saturating_sub(1), Ordering::Relaxed);
            if left == 0 {
                self.is_spent.store(true, Ordering::Relaxed);
                return true;
            }
        }
        Instant::now() > deadline
    }
}

/// The allowance of the query that a connection serves now, if it serves one.
#[derive(Clone, Default)]
pub(super) struct Current(Arc<Mutex<Option<Begun>>>);

struct Begun {
    allowance: Arc<Allowance>,
    deadline: Instant,
}

impl Current {
    /// The connection serves a query from now on.
    pub(super) fn begin(&self, allowance: Arc<Allowance>) {
        let deadline = Instant::now() + allowance.time;
        *self.0.lock() = Some(Begun { allowance, deadline });
    }

    /// The query is over.
    pub(super) fn end(&self) {
        *self.0.lock() = None;
    }

    /// Counts a piece of work; whether the query has to end.
    pub(super) fn look(&self) -> bool {
        self.0.lock().as_ref().is_some_and(|begun| begun.allowance.look(begun.deadline))
    }
}

/// How a function says that the statement has to end, as SQLite itself does.
pub(super) fn interrupted() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_INTERRUPT), None)
}

/// That a read was interrupted: nothing else is, and it only if it takes longer than it may.
pub(super) fn took_too_long() -> Error {
    let message = "takes longer than a query may: ask for a shorter time, for simpler filters, for fewer histories or \
                   for smaller pages; the operator can allow more with --query-time";
    Error::Invalid(vec![Violation { path: "query".to_owned(), message: message.to_owned() }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_ends_when_its_time_or_work_is_used_up_or_it_is_stopped() {
        let hour = Duration::from_secs(3_600);
        let current = Current::default();
        assert!(!current.look(), "what serves no query is not bounded");
        current.begin(Allowance::of(Duration::ZERO));
        assert!(current.look());
        let worker = Allowance::with_work(hour, 2);
        current.begin(Arc::clone(&worker));
        assert!(!current.look() && !current.look() && !worker.is_spent());
        assert!(current.look() && worker.is_spent() && current.look());
        let stopped = Allowance::of(hour);
        current.begin(Arc::clone(&stopped));
        assert!(!current.look());
        stopped.stop();
        assert!(current.look() && !stopped.is_spent());
        current.end();
        assert!(!current.look());
    }
}
