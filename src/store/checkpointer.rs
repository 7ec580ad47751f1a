//! Folds the write-ahead log into the file on a thread of its own: the writer would otherwise have to
//! once the log is long, while everybody's writes wait for a quarter of a second.

use crate::model::error::{Error, Result};
use crate::store::trouble::Trouble;
use parking_lot::Mutex;
use rusqlite::Connection;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// How many pages of 4 KiB may wait in the log before they are folded: a quarter of what the writer
/// waits for.
const PAGES_WAITING_MAX: i64 = 2_000;

pub(super) struct Checkpointer(Mutex<Option<JoinHandle<()>>>);

/// What the writer tells that it has committed.
pub(super) struct Progress(SyncSender<()>);

impl Checkpointer {
    /// With what wakes it; it ends when that is dropped.
    pub(super) fn start(path: &Path) -> Result<(Self, Progress)> {
        let connection = Connection::open(path)?;
        super::prepare(&connection)?;
        let (wake, woken) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("checkpointer".to_owned())
            .spawn(move || fold(&connection, &woken))
            .map_err(Error::fault)?;
        Ok((Self(Mutex::new(Some(thread))), Progress(wake)))
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
    pub(super) fn committed(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached("PRAGMA wal_checkpoint(NOOP)")?;
        let (log, folded): (i64, i64) = statement.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))?;
        if log - folded >= PAGES_WAITING_MAX {
            // One that is at work will be woken again soon enough.
            let _ = self.0.try_send(());
        }
        Ok(())
    }
}

fn fold(connection: &Connection, woken: &Receiver<()>) {
    let mut trouble = Trouble::with("the write-ahead log cannot be folded into the database's file and grows");
    while woken.recv().is_ok() {
        // As far as nobody needs the log; waits for nobody, and nobody waits for it.
        trouble.note(connection.execute_batch("PRAGMA wal_checkpoint(PASSIVE)"));
    }
}
