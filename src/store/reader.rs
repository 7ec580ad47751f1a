//! The pool of read connections and the snapshots that they give.

use crate::model::error::{Error, Result};
use r2d2::{Pool, PooledConnection};
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, OpenFlags};
use std::ops::Deref;
use std::path::Path;
use std::time::Duration;

/// How long a request waits for a reader before it is refused.
const READER_WAIT: Duration = Duration::from_secs(10);

pub(super) struct Readers(Pool<SqliteConnectionManager>);

impl Readers {
    pub(super) fn open(path: &Path, size: u32) -> Result<Self> {
        let manager = SqliteConnectionManager::file(path)
            .with_flags(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .with_init(|connection| {
                super::prepare(connection)?;
                // No mmap: SQLite drops a reader's mapping at every change of the database, and
                // unmapping stops all threads for a moment.
                connection.pragma_update(None, "query_only", true)
            });
        let pool = Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            // A read connection cannot go bad; testing it would cost a statement each time.
            .test_on_check_out(false)
            .connection_timeout(READER_WAIT)
            .build(manager)
            .map_err(Error::fault)?;
        Ok(Self(pool))
    }

    pub(super) fn snapshot(&self) -> Result<Snapshot> {
        let connection = self.0.get().map_err(|_| Error::TooMany {
            message: "the server has too many queries at work".to_owned(),
            retry_after: 1,
        })?;
        connection.prepare_cached("BEGIN")?.execute([])?;
        Ok(Snapshot(connection))
    }
}

/// A read connection within one read transaction: everything read through it is of one moment.
pub struct Snapshot(PooledConnection<SqliteConnectionManager>);

impl Deref for Snapshot {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let ended = self.0.prepare_cached("ROLLBACK").and_then(|mut statement| statement.execute([]));
        if let Err(error) = ended {
            tracing::error!(%error, "a read transaction did not end");
        }
    }
}
