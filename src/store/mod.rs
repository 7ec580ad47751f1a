//! SQL, and nothing else: many readers, one writer, and one file per noun.
//!
//! May use `model`. Must not know permissions, HTTP or callbacks. Used by `ops` alone.
//! Reads take a `&Connection`, writes take a `&Transaction`, and nobody here commits but the writer.

pub mod account;
pub mod account_removal;
pub mod action;
mod allowance;
pub mod app;
pub mod callback;
pub mod cascade;
pub mod check;
mod checkpointer;
pub mod copy;
mod files;
mod functions;
pub mod grant;
pub mod history;
pub mod installation;
pub mod instance;
pub mod invite;
mod lock;
pub mod meter;
mod migrate;
pub mod parameter;
mod params;
#[cfg(test)]
mod plans;
pub mod publication;
pub mod quota;
mod reader;
pub mod removed;
pub mod restore;
pub mod revoked;
mod row;
pub mod schema;
pub mod sealing;
pub mod setting;
pub mod signing_key;
pub mod space;
pub mod suspension;
#[cfg(test)]
mod testing;
pub mod thing;
pub mod traffic;
mod trouble;
pub mod usage;
mod writer;

pub use allowance::Allowance;
pub use reader::Snapshot;
pub use sealing::{Sealing, SealingKey};
pub use writer::Reply;

use crate::metrics::Metrics;
use crate::model::error::{Error, Result};
use rusqlite::{Connection, OpenFlags, Transaction};
use std::path::Path;
use std::time::Duration;

/// Statements kept prepared on each connection; more than there are.
const STATEMENTS_CACHED: usize = 128;
/// What remains of the log once it was folded, in bytes: a backup lets it grow by all that is written
/// meanwhile, which is not to take its place on the disk for good.
const LOG_BYTES_KEPT_MAX: i64 = 64 * 1_024 * 1_024;
/// How long SQLite waits for a lock that another process holds (a backup, a shell).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The database: a file, its pool of readers and its writer.
pub struct Store {
    readers: reader::Readers,
    writer: writer::Writer,
    checkpointer: checkpointer::Checkpointer,
    _lock: Option<lock::Lock>,
}

impl Store {
    /// Opens the file for a server, makes it if there is none, and brings it to the newest form.
    ///
    /// # Errors
    /// If another server is at work on it, if it cannot be opened or written, is no database of connhub,
    /// is from a newer one, or has a trigger or view that is not connhub's; if it is encrypted and this is not its key.
    pub fn open(path: &Path, readers: u32, metrics: &Metrics, key_file: Option<&Path>) -> Result<Self> {
        let key = key_file.map(SealingKey::read).transpose()?;
        let path = &files::database(path)?;
        files::judge_beginning(path)?;
        files::judge_mount(path)?;
        let mut lock = lock::Lock::take(path)?;
        files::make_private(path)?;
        lock.take_file(path)?;
        files::tell_of_names(path);
        let mut connection = Connection::open(path)?;
        prepare(&connection)?;
        let is_new = migrate::form(&connection)? == 0;
        schema::judge_hidden(&connection)?;
        if is_new {
            space::choose(&connection)?;
        } else if key.is_none() {
            sealing::must_open(sealing::judge(&connection, None)?, path)?;
        }
        set_up(&connection)?;
        let (sealing, key) = match key {
            Some(key) if !is_new && sealing::is_sealed(&connection)? => (sealing::judge(&connection, Some(key))?, None),
            key => (Sealing::Plain, key),
        };
        migrate::migrate(&mut connection, path)?;
        drop_statistics(&connection)?;
        space::rewrite_if_short(&connection)?;
        let sealing = sealing::begin(&mut connection, path, sealing, key)?;
        Self::start(path, readers, connection, Some(lock), metrics, sealing)
    }

    /// Opens a file that is there and of the newest form, whether or not a server is at work on it.
    ///
    /// # Errors
    /// If it is not, or cannot be opened.
    pub fn beside(path: &Path, readers: u32, metrics: &Metrics) -> Result<Self> {
        Self::open_beside(path, readers, metrics, |_, connection| sealing::judge(connection, None))
    }

    /// The same for what reads or writes encrypted values.
    ///
    /// # Errors
    /// As [`Self::beside`]; if it is encrypted and this is not its key.
    pub fn beside_with_key(path: &Path, readers: u32, metrics: &Metrics, key_file: Option<&Path>) -> Result<Self> {
        let key = key_file.map(SealingKey::read).transpose()?;
        Self::open_beside(path, readers, metrics, |path, connection| {
            sealing::must_open(sealing::judge(connection, key)?, path)
        })
    }

    fn open_beside(
        path: &Path,
        readers: u32,
        metrics: &Metrics,
        judge: impl FnOnce(&Path, &Connection) -> Result<Sealing>,
    ) -> Result<Self> {
        let path = &copy::must_exist(path)?;
        lock::Lock::judge_name(path)?;
        files::judge_mount(path)?;
        let connection = open_newest(path)?;
        let sealing = judge(path, &connection)?;
        sealing.add(&connection)?;
        Self::start(path, readers, connection, None, metrics, sealing)
    }

    /// Whether a server runs on a database.
    #[must_use]
    pub fn is_served(path: &Path) -> bool {
        lock::Lock::is_taken(path)
    }

    fn start(
        path: &Path,
        readers: u32,
        connection: Connection,
        lock: Option<lock::Lock>,
        metrics: &Metrics,
        sealing: Sealing,
    ) -> Result<Self> {
        let (checkpointer, progress) = checkpointer::Checkpointer::start(path, checkpointer::Bounds::default())?;
        let writer = writer::Writer::start(connection, progress, metrics)?;
        let file = path.to_owned();
        metrics.watch("connhub_database_bytes", "The database's file.", move || files::length(&file) as f64);
        let log = files::beside(path, files::LOG);
        metrics.watch("connhub_database_log_bytes", "Its write-ahead log.", move || files::length(&log) as f64);
        Ok(Self { readers: reader::Readers::open(path, readers, metrics, sealing)?, writer, checkpointer, _lock: lock })
    }

    /// A reader with a consistent view of what is committed now. Blocks while all readers are taken.
    ///
    /// # Errors
    /// If no reader becomes free in time.
    pub fn snapshot(&self) -> Result<Snapshot> {
        self.readers.snapshot()
    }

    /// Runs `work` on the writer, in a transaction with whatever waits beside it, and gives its
    /// result once that is durable. If `work` fails, what it did is undone.
    ///
    /// The reply can be awaited, or waited for on a thread of one's own.
    pub fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    ) -> Reply<T> {
        self.writer.submit(work, |_| ())
    }

    /// As [`Self::write`], and calls `then` once the result is durable, whether or not anybody
    /// still waits for the reply. `then` runs on the writer's thread and must not block.
    pub fn write_then<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
        then: impl FnOnce(&T) + Send + 'static,
    ) -> Reply<T> {
        self.writer.submit(work, then)
    }

    /// Ends the writer after what was submitted, and folds the write-ahead log into the file.
    pub fn close(&self) {
        self.writer.stop();
        self.checkpointer.join();
    }
}

/// Opens a file that is there and has the newest schema, to write to it.
fn open_newest(path: &Path) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    prepare(&connection)?;
    if migrate::form(&connection)? != migrate::newest() {
        let file = path.display();
        return Err(Error::Conflict(format!("{file} has an older form: run `connhub serve --db {file}` first")));
    }
    schema::judge_hidden(&connection)?;
    set_up(&connection)?;
    Ok(connection)
}

/// Free bytes where a database is; `None` if the system does not tell.
#[must_use]
pub fn free_bytes(database: &Path) -> Option<u64> {
    files::free(database)
}

/// What the connection that writes needs.
fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")?;
    // The checkpointer sees to it.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES_KEPT_MAX)?;
    // What is deleted or replaced is not in the file any more, nor in backups. Measured with SQLite 3.40: no more log for
    // small values, 3 to 4 % more for large ones, 15 % for callbacks of 16 kB.
    connection.pragma_update(None, "secure_delete", true)
}

/// Drops what an operator's ANALYZE has left. The indexes are made for the statements, and SQLite uses them as long as
/// it knows nothing: of a database with one large app it learns that going through all rows is as good, which it is not
/// for the other apps.
fn drop_statistics(connection: &Connection) -> rusqlite::Result<()> {
    for table in ["sqlite_stat1", "sqlite_stat4"] {
        if connection.table_exists(None, table)? {
            connection.execute_batch(&format!("DROP TABLE {table}"))?;
            tracing::info!(table, "dropped the statistics of the database: connhub's plans do not need them");
        }
    }
    Ok(())
}

/// What every connection needs.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    // Plans must not depend on bound values: SQLite would plan `LIMIT ?` anew at each execution.
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // What does not fit into memory would go to /tmp, which containers with a read-only file system do not have: the
    // undo log of a write that changes more than 64 KiB, what is sorted. Each is bounded by what one request may do.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    functions::add(connection)?;
    rusqlite::vtab::array::load_module(connection)
}

/// How an insert went that a uniqueness constraint may refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Inserted {
    /// The row stands.
    New,
    /// There is one already.
    Exists,
}

/// Tells a broken uniqueness constraint on these columns (`table.column, table.column`) from faults.
fn inserted(result: rusqlite::Result<usize>, columns: &str) -> Result<Inserted> {
    match result {
        Ok(_) => Ok(Inserted::New),
        Err(rusqlite::Error::SqliteFailure(failure, Some(message)))
            if failure.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE && message.ends_with(columns) =>
        {
            Ok(Inserted::Exists)
        }
        Err(other) => Err(Error::from(other)),
    }
}
