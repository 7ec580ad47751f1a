//! A few threads for the blocking part of answering a callback: hub calls and saving. They are the
//! connector's own, because the runtime's blocking threads may be the very ones that the platform
//! in the same process needs to answer those hub calls. May use tokio's channels. Used by
//! `callbacks`, through which all others come.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

/// Enough that one slow hub call does not delay the next callback.
pub const THREADS: usize = 3;
/// The platform has far fewer callbacks to one connector under way at a time.
const WAITING_JOBS_MAX: usize = 256;

type Job = Box<dyn FnOnce() + Send>;

/// The threads.
pub struct Workers {
    jobs: Mutex<Option<SyncSender<Job>>>,
}

/// Too many jobs wait already, or the connector is stopping.
#[derive(Debug, thiserror::Error)]
#[error("the demo connector is too busy or stopping")]
pub struct Unavailable;

impl Workers {
    /// Starts them. `alive` is dropped by each when it ends.
    pub fn start(alive: &mpsc::Sender<Infallible>) -> io::Result<Self> {
        let (jobs, waiting) = sync_channel::<Job>(WAITING_JOBS_MAX);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..THREADS {
            let waiting = Arc::clone(&waiting);
            let alive = alive.clone();
            thread::Builder::new().name("demo-worker".to_owned()).spawn(move || {
                work(&waiting);
                drop(alive);
            })?;
        }
        Ok(Self { jobs: Mutex::new(Some(jobs)) })
    }

    /// Runs a job on one of them.
    pub async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, Unavailable> {
        let (sender, outcome) = oneshot::channel();
        let job: Job = Box::new(move || {
            // Nobody waits any more if the platform hung up meanwhile; the work was still due.
            let _ = sender.send(job());
        });
        match &*self.jobs.lock() {
            Some(jobs) => jobs.try_send(job).map_err(|_| Unavailable)?,
            None => return Err(Unavailable),
        }
        outcome.await.map_err(|_| Unavailable)
    }

    /// Lets them finish what was given to them, and end.
    pub fn close(&self) {
        self.jobs.lock().take();
    }
}

fn work(waiting: &Mutex<Receiver<Job>>) {
    loop {
        // A statement of its own, so that the lock is released before the job runs.
        let job = waiting.lock().recv();
        match job {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn jobs_run_and_closing_ends_the_threads() {
        let (alive, mut ended) = mpsc::channel(1);
        let workers = Workers::start(&alive).unwrap();
        drop(alive);
        assert_eq!(workers.run(|| 6 * 7).await.unwrap(), 42);
        workers.close();
        assert!(workers.run(|| ()).await.is_err());
        assert!(ended.recv().await.is_none());
    }
}
