//! Keeps the write-ahead log short. A thread of its own folds the log into the file, so that the writer need not. The
//! writer begins the log from its start again once that is due: it alone can see to it that nothing is added meanwhile.
//!
//! Under sustained writes with overlapping reads the first alone is not enough: some reader always needs a part of the
//! log that is not folded yet, so it grows for as long as they overlap.

use crate::model::error::{Error, Result};
use crate::store::trouble::Trouble;
use parking_lot::Mutex;
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// When the log is folded and begun again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// How many pages of 4 KiB may wait in the log before they are folded.
    pub(super) waiting_max: i64,
    /// How many pages the log may have before the writer waits for its readers. It is longer only while one of them
    /// does not end: a query that takes long, a backup, Litestream.
    pub(super) log_max: i64,
    /// How long after a try the writer tries again, at least.
    pub(super) pause_min: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        // 8 MiB and 64 MiB: the longer, the more often a page was changed meanwhile and needs folding only once.
        Self { waiting_max: 2_000, log_max: 16_000, pause_min: Duration::from_secs(1) }
    }
}

/// How long the writer waits for readers to let go of the log. New ones do not need it once it is folded, and most
/// queries take milliseconds.
const READERS_WAIT: Duration = Duration::from_millis(300);
/// How many tries in a row may fail before the pauses become longer: some reader does not end.
const FAILURES_MAX: u32 = 3;
/// How long after a try the writer tries again at most.
const PAUSE_MAX: Duration = Duration::from_secs(10);

pub(super) struct Checkpointer(Mutex<Option<JoinHandle<()>>>);

/// The writer's part.
pub(super) struct Progress {
    wake: SyncSender<()>,
    /// Held by the one that folds: SQLite refuses a second one at once, however long it may wait.
    folding: Arc<Mutex<()>>,
    bounds: Bounds,
    failures: u32,
    next_try: Instant,
}

impl Checkpointer {
    /// With the writer's part; it ends when that is dropped.
    pub(super) fn start(path: &Path, bounds: Bounds) -> Result<(Self, Progress)> {
        let connection = Connection::open(path)?;
        super::prepare(&connection)?;
        let (wake, woken) = sync_channel(1);
        let folding = Arc::default();
        let taken = Arc::clone(&folding);
        let thread = std::thread::Builder::new()
            .name("checkpointer".to_owned())
            .spawn(move || fold(&connection, &woken, &taken))
            .map_err(Error::fault)?;
        let progress = Progress { wake, folding, bounds, failures: 0, next_try: Instant::now() };
        Ok((Self(Mutex::new(Some(thread))), progress))
    }

    /// Waits for its end, which comes with that of the writer.
    pub(super) fn join(&self) {
        if let Some(thread) = self.0.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the checkpointer's thread panicked");
        }
    }
}

impl Progress {
    /// The writer has committed on this connection.
    ///
    /// # Errors
    /// Faults of the database.
    pub(super) fn committed(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached("PRAGMA wal_checkpoint(NOOP)")?;
        let (log, folded): (i64, i64) = statement.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))?;
        if log - folded >= self.bounds.waiting_max {
            // One that is running will be woken again soon enough.
            let _ = self.wake.try_send(());
        }
        if log >= self.bounds.log_max && Instant::now() >= self.next_try { self.restart(connection) } else { Ok(()) }
    }

    /// Folds the rest of the log and begins it from its start, unless a reader that needs it does not end in time.
    fn restart(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let Some(folding) = self.folding.try_lock_for(READERS_WAIT) else {
            // A slow fold must not make every commit wait.
            self.next_try = Instant::now() + self.pause();
            return Ok(());
        };
        connection.busy_timeout(READERS_WAIT)?;
        let blocked = connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |row| row.get::<_, bool>(0));
        drop(folding);
        self.failures = if matches!(blocked, Ok(false)) { 0 } else { self.failures.saturating_add(1) };
        self.next_try = Instant::now() + self.pause();
        connection.busy_timeout(super::BUSY_TIMEOUT)?;
        blocked.map(drop)
    }

    /// How long until the next try.
    fn pause(&self) -> Duration {
        let doublings = self.failures.saturating_sub(FAILURES_MAX).min(16);
        (self.bounds.pause_min * (1 << doublings)).min(PAUSE_MAX)
    }
}

fn fold(connection: &Connection, woken: &Receiver<()>, folding: &Mutex<()>) {
    let mut trouble = Trouble::with("the write-ahead log cannot be folded into the database's file and grows");
    while woken.recv().is_ok() {
        let _folding = folding.lock();
        // As far as nobody needs the log; waits for nobody, and nobody waits for it.
        trouble.note(connection.execute_batch("PRAGMA wal_checkpoint(PASSIVE)"));
    }
}

#[cfg(test)]
mod tests;
