//! Copies of a database: of one moment, whole, checked, and on the disk before they get their name.
//!
//! SQLite's backup begins anew whenever another process writes, and under load would never end. Here it
//! reads within one read transaction, in which the source does not change: writers go on, and the copy
//! ends. Until then the write-ahead log cannot begin from its start again, so it grows by what is written
//! meanwhile; `VACUUM INTO` has the same view for several times as long.

use crate::model::error::{Error, Result};
use crate::store::lock::Lock;
use crate::store::{files, migrate};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::path::Path;
use tempfile::{Builder, NamedTempFile};

/// How many pages of 4 KiB are copied in one step.
const PAGES_AT_ONCE: i32 = 4_096;
/// How many flaws of a file are told.
const FLAWS_MAX: usize = 20;

/// Opens a database to read it while others, a server too, may be at work on it. Makes none.
///
/// # Errors
/// [`Error::NotFound`] if there is none, [`Error::Conflict`] if it is none of connhub or of a newer one.
pub fn open(database: &Path) -> Result<Connection> {
    must_exist(database)?;
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    super::prepare(&connection)?;
    connection.pragma_update(None, "query_only", true).map_err(unsound)?;
    if migrate::form(&connection)? == 0 {
        return Err(Error::Conflict(format!("{} is empty: no database of connhub", database.display())));
    }
    Ok(connection)
}

/// Whoever looks at a database makes none.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub(super) fn must_exist(database: &Path) -> Result<()> {
    let none = || Error::NotFound(format!("there is no database {}", database.display()));
    database.is_file().then_some(()).ok_or_else(none)
}

/// A copy that has no name yet, and goes if it gets none. Nobody else may read it: it holds keys.
pub(super) struct Copy(NamedTempFile);

impl Copy {
    /// Copies what is committed now, onto the disk that `beside` is on. Blocks.
    ///
    /// # Errors
    /// Faults of either database; a full disk.
    pub(super) fn of(source: &Connection, beside: &Path) -> Result<Self> {
        let file = Builder::new().prefix(".connhub-").suffix(".part").tempfile_in(files::folder(beside));
        let file = file.map_err(|error| files::failed("make a file beside", beside, &error))?;
        let mut target = Connection::open_with_flags(file.path(), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // It is synced once, at the end, and is nothing before.
        target.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")?;
        let view = source.unchecked_transaction()?;
        view.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(unsound)?;
        let backup = Backup::new(source, &mut target)?;
        loop {
            match backup.step(PAGES_AT_ONCE).map_err(unsound)? {
                StepResult::Done => break,
                StepResult::More => {}
                _ => return Err(Error::Unavailable("another program holds the database".to_owned())),
            }
        }
        drop(backup);
        drop(view);
        drop(target);
        // One file, without a write-ahead log, that can be read wherever it lies.
        let target = Connection::open(file.path())?;
        target.execute_batch("PRAGMA journal_mode = DELETE").map_err(unsound)?;
        drop(target);
        file.as_file().sync_all().map_err(|error| files::failed("write a copy beside", beside, &error))?;
        Ok(Self(file))
    }

    /// What is wrong with it.
    ///
    /// # Errors
    /// Faults of the database.
    pub(super) fn flaws(&self, how: Thoroughness) -> Result<Vec<String>> {
        let connection = Connection::open_with_flags(self.0.path(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        flaws(&connection, how)
    }

    /// The file while it has no name of its own.
    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Gives it its name; how long it is, in bytes.
    ///
    /// # Errors
    /// If there is a file of that name that is not to be replaced.
    pub(super) fn place(self, target: &Path, replace: bool) -> Result<u64> {
        let placed = if replace { self.0.persist(target) } else { self.0.persist_noclobber(target) };
        placed.map_err(|error| match error.error.kind() {
            std::io::ErrorKind::AlreadyExists => Error::Conflict(format!("{} is there already", target.display())),
            _ => files::failed("write", target, &error.error),
        })?;
        files::sync_folder(target)?;
        Ok(files::length(target))
    }
}

/// How closely a file is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thoroughness {
    /// Every page, but not whether indexes hold what their tables do.
    Quick,
    /// Everything that SQLite can see, references too.
    Full,
}

/// What SQLite finds wrong with a database, the first few of it. Blocks: it reads all of it.
///
/// # Errors
/// Faults of the database.
pub fn flaws(connection: &Connection, how: Thoroughness) -> Result<Vec<String>> {
    let check = match how {
        Thoroughness::Quick => format!("PRAGMA quick_check({FLAWS_MAX})"),
        Thoroughness::Full => format!("PRAGMA integrity_check({FLAWS_MAX})"),
    };
    let lines = connection.prepare(&check).and_then(|mut statement| {
        let lines = statement.query_map([], |row| row.get(0))?;
        lines.collect::<Result<Vec<String>, _>>()
    });
    let mut found = lines.map_err(unsound)?;
    found.retain(|line| line != "ok");
    if how == Thoroughness::Full {
        let broken = connection.prepare("PRAGMA foreign_key_check").and_then(|mut statement| {
            let broken = statement.query_map([], |row| {
                let (table, parent) = (row.get::<_, String>(0)?, row.get::<_, String>(2)?);
                Ok(format!("a row of the table {table} refers to one of {parent} that is not there"))
            })?;
            broken.take(FLAWS_MAX).collect::<Result<Vec<_>, _>>()
        });
        found.extend(broken.map_err(unsound)?);
    }
    Ok(found)
}

/// Where a file is too damaged to be looked at, that is what is wrong with it and no fault of ours.
pub(super) fn unsound(error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            Error::Conflict(format!("the file is damaged, or no database: {error}"))
        }
        _ => error.into(),
    }
}

/// Whether a server is at work on a database.
#[must_use]
pub fn is_served(database: &Path) -> bool {
    Lock::is_taken(database)
}

/// Whether two paths lead to the same file.
#[must_use]
pub fn is_same(one: &Path, other: &Path) -> bool {
    matches!((files::real(one), files::real(other)), (Ok(one), Ok(other)) if one == other)
}

/// Copies a database under another name, once the copy was looked at; how long it is, in bytes. Blocks.
///
/// # Errors
/// [`Error::Conflict`] if there is a file of that name that is not to be replaced, or the copy has flaws.
pub fn write(source: &Connection, target: &Path, replace: bool) -> Result<u64> {
    let copy = Copy::of(source, target)?;
    let flaws = copy.flaws(Thoroughness::Quick)?;
    if flaws.is_empty() { copy.place(target, replace) } else { Err(damaged("the copy is damaged", &flaws)) }
}

/// A file that is not to be relied on, and why.
pub(super) fn damaged(what: &str, flaws: &[String]) -> Error {
    Error::Conflict(format!("{what}: {}", flaws.join("; ")))
}
