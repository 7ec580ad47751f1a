//! The threads that callbacks run on: started on demand, ended when idle, shared out by `queue`.
//!
//! May use `model` and `ops`, whose [`Dispatcher`] it is. Used by `app`. The lock is held for a few
//! steps of bookkeeping only, never across network, database or the start of a thread.

use crate::callback::queue::{Ended, Limits, Queue};
use crate::model::callback::{Line, PendingCallback};
use crate::model::error::{Error, Result};
use crate::model::id::CallbackId;
use crate::ops::dispatch::{Dispatcher, QueueFull};
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// Stack of a thread, in bytes. A TLS handshake in an unoptimised build is what takes most.
pub(super) const STACK_BYTES: usize = 256 * 1_024;
/// How long a thread waits for something to do before it ends: long enough that a steady trickle of
/// callbacks starts no threads, short enough that a burst leaves none behind.
const IDLE_TIME_MAX: Duration = Duration::from_secs(10);

/// What sends and settles one callback.
type Job = dyn Fn(CallbackId) -> Ended + Send + Sync;

/// Sends callbacks, each publication's in order of submission, within the limits of all parties.
pub struct Pool(Arc<Shared>);

/// What the threads share.
struct Shared {
    state: Mutex<State>,
    /// Tells idle threads that there is something to do.
    wake: Condvar,
    /// Tells [`Pool::shutdown`] that a callback has ended.
    ended: Condvar,
    threads_max: usize,
    idle_time_max: Duration,
}

struct State {
    queue: Queue<CallbackId>,
    /// None once the pool is shut down: the job holds what it works on.
    job: Option<Arc<Job>>,
    /// All threads.
    threads: usize,
    /// Those of them that were started and have not looked into the queue yet.
    starting: usize,
    /// Those of them that sleep and were not woken.
    idle: usize,
    /// Those of them that were woken and have not looked into the queue yet.
    woken: usize,
}

impl Pool {
    /// Starts the pool with its first thread, which never ends for being idle: where the system
    /// refuses further ones, callbacks still go out.
    pub(super) fn start(
        limits: Limits,
        threads_max: usize,
        job: impl Fn(CallbackId) -> Ended + Send + Sync + 'static,
    ) -> Result<Self> {
        Self::with_idle_time(limits, threads_max, IDLE_TIME_MAX, job)
    }

    fn with_idle_time(
        limits: Limits,
        threads_max: usize,
        idle_time_max: Duration,
        job: impl Fn(CallbackId) -> Ended + Send + Sync + 'static,
    ) -> Result<Self> {
        let job: Arc<Job> = Arc::new(job);
        let queue = Queue::new(limits);
        let state = State { queue, job: Some(Arc::clone(&job)), threads: 1, starting: 1, idle: 0, woken: 0 };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            wake: Condvar::new(),
            ended: Condvar::new(),
            threads_max,
            idle_time_max,
        });
        shared.start_thread(job).map_err(Error::fault)?;
        Ok(Self(shared))
    }

    /// How many callbacks are under way.
    #[must_use]
    pub fn running(&self) -> usize {
        self.0.state.lock().queue.running()
    }

    /// How many callbacks wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.state.lock().queue.waiting()
    }

    /// Begins no further callback and waits for those under way, `within` at most. Blocks. What was
    /// not begun or not ended stays a row, whose meaning is known at the next start.
    pub fn shutdown(&self, within: Duration) {
        let deadline = Instant::now() + within;
        let mut state = self.0.state.lock();
        state.job = None;
        self.0.wake.notify_all();
        while state.queue.running() > 0 && !self.0.ended.wait_until(&mut state, deadline).timed_out() {}
        let (running, waiting) = (state.queue.running(), state.queue.waiting());
        if running + waiting > 0 {
            tracing::warn!(running, waiting, "callbacks were left over at shutdown");
        }
    }
}

impl Shared {
    /// Sees to it that there is a thread for everything whose turn has come; answers how many are to
    /// be started, which is not done under the lock.
    fn staff(&self, state: &mut State) -> usize {
        let mut to_start = 0;
        while state.starting + state.woken < state.queue.coming() {
            if state.idle > 0 {
                state.idle -= 1;
                state.woken += 1;
                self.wake.notify_one();
            } else if state.threads < self.threads_max {
                state.threads += 1;
                state.starting += 1;
                to_start += 1;
            } else {
                break;
            }
        }
        to_start
    }

    fn start_threads(self: &Arc<Self>, number: usize, job: &Arc<Job>) {
        for _ in 0..number {
            if let Err(error) = self.start_thread(Arc::clone(job)) {
                tracing::error!(%error, "a thread for callbacks could not be started");
                let mut state = self.state.lock();
                state.threads -= 1;
                state.starting -= 1;
            }
        }
    }

    fn start_thread(self: &Arc<Self>, job: Arc<Job>) -> std::io::Result<()> {
        let shared = Arc::clone(self);
        let thread = thread::Builder::new().name("callback".to_owned()).stack_size(STACK_BYTES);
        thread.spawn(move || shared.work(&job)).map(drop)
    }

    /// A thread's life.
    fn work(self: &Arc<Self>, job: &Arc<Job>) {
        let mut state = self.state.lock();
        state.starting -= 1;
        while state.job.is_some() {
            if let Some((line, id)) = state.queue.take() {
                let to_start = self.staff(&mut state);
                let ended = MutexGuard::unlocked(&mut state, || {
                    self.start_threads(to_start, job);
                    catch_unwind(AssertUnwindSafe(|| job(id))).unwrap_or_else(|_| {
                        tracing::error!(callback = %id, "a callback panicked and was not settled");
                        Ended::Soon
                    })
                });
                state.queue.finish(line, ended);
                self.ended.notify_all();
            } else if !self.sleep(&mut state) {
                break;
            }
        }
        state.threads -= 1;
    }

    /// Waits until there may be something to do; false if the thread has been idle for too long.
    fn sleep(&self, state: &mut MutexGuard<'_, State>) -> bool {
        state.idle += 1;
        loop {
            let timed_out = self.wake.wait_for(state, self.idle_time_max).timed_out();
            if state.woken > 0 {
                state.woken -= 1;
                return true;
            }
            if state.job.is_none() || (timed_out && state.threads > 1) {
                state.idle -= 1;
                return false;
            }
        }
    }
}

impl Dispatcher for Pool {
    fn reserve(&self, line: Line, places: usize) -> Result<(), QueueFull> {
        let mut state = self.0.state.lock();
        // After shutdown nothing would be sent any more.
        if state.job.is_some() && state.queue.reserve(line, places) { Ok(()) } else { Err(QueueFull) }
    }

    fn release(&self, line: Line, places: usize) {
        self.0.state.lock().queue.release(line, places);
    }

    fn submit(&self, callback: PendingCallback, reserved: bool) {
        let mut state = self.0.state.lock();
        state.queue.push(callback.line, callback.id, reserved);
        let Some(job) = state.job.clone() else { return };
        let to_start = self.0.staff(&mut state);
        drop(state);
        self.0.start_threads(to_start, &job);
    }
}

#[cfg(test)]
mod tests;
