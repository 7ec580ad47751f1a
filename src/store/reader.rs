//! The pool of read connections and the snapshots that they give.

use crate::metrics::Metrics;
use crate::model::error::{Error, Result};
use crate::store::allowance::{Allowance, Current, took_too_long};
use crate::store::functions;
use crate::store::sealing::Sealing;
use prometheus::Histogram;
use r2d2::{ManageConnection, Pool, PooledConnection};
use rusqlite::{Connection, OpenFlags};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a request waits for a reader before it is refused.
const READER_WAIT: Duration = Duration::from_secs(10);

/// After how many steps of SQLite's machine a statement looks at the clock: some microseconds.
const STEPS_PER_LOOK: i32 = 250;

pub(super) struct Readers {
    pool: Pool<Manager>,
    wait: Histogram,
}

/// Opens read connections.
struct Manager {
    path: PathBuf,
    sealing: Sealing,
}

/// A read connection, and the allowance of the query that it serves.
struct Reader {
    connection: Connection,
    current: Current,
}

impl ManageConnection for Manager {
    type Connection = Reader;
    type Error = rusqlite::Error;

    fn connect(&self) -> rusqlite::Result<Reader> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        super::prepare(&connection)?;
        self.sealing.add(&connection)?;
        // No mmap: SQLite drops a reader's mapping at every change of the database, and
        // unmapping stops all threads for a moment.
        connection.pragma_update(None, "query_only", true)?;
        let current = Current::default();
        functions::add_is_like(&connection, current.clone())?;
        let looking = current.clone();
        connection.progress_handler(STEPS_PER_LOOK, Some(move || looking.look()))?;
        Ok(Reader { connection, current })
    }

    /// A read connection cannot go bad; testing it would cost a statement each time.
    fn is_valid(&self, _: &mut Reader) -> rusqlite::Result<()> {
        Ok(())
    }

    fn has_broken(&self, _: &mut Reader) -> bool {
        false
    }
}

impl Readers {
    pub(super) fn open(path: &Path, size: u32, metrics: &Metrics, sealing: Sealing) -> Result<Self> {
        let pool = Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            .test_on_check_out(false)
            .connection_timeout(READER_WAIT)
            .build(Manager { path: path.to_owned(), sealing })
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
        let reader = self.pool.get();
        self.wait.observe(begun.elapsed().as_secs_f64());
        let reader = reader.map_err(|_| Error::TooMany {
            message: "the server has too many queries at work".to_owned(),
            retry_after: 1,
        })?;
        reader.connection.prepare_cached("BEGIN")?.execute([])?;
        Ok(Snapshot { reader })
    }
}

/// A read connection within one read transaction: everything read through it is of one moment.
pub struct Snapshot {
    reader: PooledConnection<Manager>,
}

impl Snapshot {
    /// From this moment on its statements are interrupted when the allowance is used up, whatever they are at.
    pub fn bound(&mut self, allowance: Arc<Allowance>) {
        self.reader.current.begin(allowance);
    }

    /// That there is time for a read: a short one may end without a look at the allowance.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the allowance is used up.
    pub fn check(&self) -> Result<()> {
        if self.reader.current.look() { Err(took_too_long()) } else { Ok(()) }
    }
}

impl Deref for Snapshot {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.reader.connection
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        self.reader.current.end();
        let connection = &self.reader.connection;
        let ended = connection.prepare_cached("ROLLBACK").and_then(|mut statement| statement.execute([]));
        if let Err(error) = ended {
            tracing::error!(%error, "a read transaction did not end");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn readers() -> (tempfile::TempDir, Readers) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("test.db");
        drop(Connection::open(&path).expect("a database"));
        let readers = Readers::open(&path, 1, &Metrics::new().expect("metrics"), Sealing::Plain).expect("readers");
        (folder, readers)
    }

    /// Whether a statement ends with an answer.
    fn answers(view: &Snapshot, sql: &str, params: impl rusqlite::Params) -> bool {
        let answer: Result<i64> = view.query_row(sql, params, |row| row.get(0)).map_err(Error::from);
        match answer {
            Ok(_) => true,
            Err(Error::Invalid(_)) => false,
            Err(other) => panic!("{other}"),
        }
    }

    const COUNT: &str =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000) SELECT max(i) FROM n";
    const LIKE: &str = "SELECT is_like(?1, ?2)";

    #[test]
    fn an_allowance_ends_statements_and_what_they_call_and_is_over_with_the_view() {
        let (_folder, readers) = readers();
        let hour = Duration::from_secs(3_600);
        let (text, pattern) = ("a".repeat(64 * 1024), format!("%{}b", "a".repeat(998)));
        for spent in [false, true] {
            let mut view = readers.snapshot().expect("a view");
            let allowance = if spent { Allowance::with_work(hour, 20) } else { Allowance::of(Duration::ZERO) };
            view.bound(Arc::clone(&allowance));
            assert!(!answers(&view, COUNT, []), "many steps");
            assert!(!answers(&view, LIKE, (&text, &pattern)), "one long step");
            assert!(view.check().is_err());
            assert_eq!(allowance.is_spent(), spent);
        }
        let view = readers.snapshot().expect("a view");
        assert!(answers(&view, COUNT, []) && answers(&view, LIKE, ("abc", "a%")) && view.check().is_ok());
    }

    #[test]
    fn a_query_is_stopped_from_elsewhere() {
        let (_folder, readers) = readers();
        let mut view = readers.snapshot().expect("a view");
        let allowance = Allowance::of(Duration::from_secs(3_600));
        view.bound(Arc::clone(&allowance));
        let stopping = std::thread::spawn(move || allowance.stop());
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
        assert!(!answers(&view, endless, []));
        stopping.join().expect("it stops");
    }
}
