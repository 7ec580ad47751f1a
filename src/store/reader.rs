//! The pool of read connections and the snapshots that they give.

use crate::metrics::Metrics;
use crate::model::error::{Error, Result};
use crate::store::sealing::Sealing;
use prometheus::Histogram;
use r2d2::{Pool, PooledConnection};
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, OpenFlags};
use std::ops::Deref;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a request waits for a reader before it is refused.
const READER_WAIT: Duration = Duration::from_secs(10);

/// After how many steps of SQLite's machine a statement looks at the clock: some microseconds.
const STEPS_PER_LOOK: i32 = 250;

pub(super) struct Readers {
    pool: Pool<SqliteConnectionManager>,
    wait: Histogram,
}

impl Readers {
    pub(super) fn open(path: &Path, size: u32, metrics: &Metrics, sealing: Sealing) -> Result<Self> {
        let manager = SqliteConnectionManager::file(path)
            .with_flags(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .with_init(move |connection| {
                super::prepare(connection)?;
                sealing.add(connection)?;
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
        let (all, used) = (pool.clone(), pool.clone());
        metrics.watch("connhub_database_readers", "Readers that there are.", move || all.state().connections.into());
        metrics.watch("connhub_database_readers_used", "Readers that are at work.", move || {
            let state = used.state();
            state.connections.saturating_sub(state.idle_connections).into()
        });
        Ok(Self { pool, wait: metrics.database.reader_wait.clone() })
    }

    pub(super) fn snapshot(&self) -> Result<Snapshot> {
        let begun = Instant::now();
        let connection = self.pool.get();
        self.wait.observe(begun.elapsed().as_secs_f64());
        let connection = connection.map_err(|_| Error::TooMany {
            message: "the server has too many queries at work".to_owned(),
            retry_after: 1,
        })?;
        connection.prepare_cached("BEGIN")?.execute([])?;
        Ok(Snapshot { connection, limited: false })
    }
}

/// A read connection within one read transaction: everything read through it is of one moment.
pub struct Snapshot {
    connection: PooledConnection<SqliteConnectionManager>,
    limited: bool,
}

impl Snapshot {
    /// From this moment on its statements are interrupted, whatever they are at.
    ///
    /// # Errors
    /// Faults of the database.
    pub fn end_by(&mut self, deadline: Instant) -> Result<()> {
        self.limited = true;
        Ok(self.connection.progress_handler(STEPS_PER_LOOK, Some(move || Instant::now() > deadline))?)
    }
}

impl Deref for Snapshot {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        if self.limited
            && let Err(error) = self.connection.progress_handler(0, None::<fn() -> bool>)
        {
            tracing::error!(%error, "a read connection stays limited in time");
        }
        let ended = self.connection.prepare_cached("ROLLBACK").and_then(|mut statement| statement.execute([]));
        if let Err(error) = ended {
            tracing::error!(%error, "a read transaction did not end");
        }
    }
}
