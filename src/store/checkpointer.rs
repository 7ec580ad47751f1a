//! Folds the write-ahead log into the file on a thread of its own: the writer would otherwise have to
//! once the log is long, while everybody's writes wait for a quarter of a second.

use crate::model::error::{Error, Result};
use parking_lot::Mutex;
use rusqlite::Connection;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// After how many changed rows the log is folded: some thousand pages, before the writer would.
const ROWS_PER_CHECKPOINT: u64 = 8_000;

pub(super) struct Checkpointer(Mutex<Option<JoinHandle<()>>>);

/// What the writer tells of its work.
pub(super) struct Progress {
    wake: SyncSender<()>,
    /// How many rows had been changed when the log was last folded.
    folded: u64,
}

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
        Ok((Self(Mutex::new(Some(thread))), Progress { wake, folded: 0 }))
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
    /// So many rows have been changed since the writer began.
    pub(super) fn changed(&mut self, rows: u64) {
        if rows.saturating_sub(self.folded) >= ROWS_PER_CHECKPOINT {
            self.folded = rows;
            // One that is at work will be woken again soon enough.
            let _ = self.wake.try_send(());
        }
    }
}

fn fold(connection: &Connection, woken: &Receiver<()>) {
    while woken.recv().is_ok() {
        // As far as nobody needs the log; waits for nobody, and nobody waits for it.
        if let Err(error) = connection.execute_batch("PRAGMA wal_checkpoint(PASSIVE)") {
            tracing::warn!(%error, "the write-ahead log could not be folded into the database's file");
        }
    }
}
