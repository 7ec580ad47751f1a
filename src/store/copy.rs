//! Copies of a database: of one moment, whole, checked, and on the disk before they get their name.
//!
//! SQLite's backup begins anew whenever another process writes, and under load would never end. Here it
//! reads within one read transaction, in which the source does not change: writers go on, and the copy
//! ends. Until then the write-ahead log cannot begin from its start again, so it grows by what is written
//! meanwhile; `VACUUM INTO` has the same view for several times as long.

use crate::model::error::{Error, Result};
use crate::store::lock::{self, Lock};
use crate::store::{files, migrate};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
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
    let path = must_exist(database)?;
    Lock::judge_name(&path)?;
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    super::prepare(&connection)?;
    connection.pragma_update(None, "query_only", true).map_err(unsound)?;
    if migrate::form(&connection)? == 0 {
        return Err(Error::Conflict(format!("{} is empty: no database of connhub", database.display())));
    }
    Ok(connection)
}

/// The path of a database for SQLite. Whoever only looks at one makes none.
///
/// # Errors
/// [`Error::NotFound`] if there is none, [`Error::Conflict`] if it is no file.
pub(super) fn must_exist(database: &Path) -> Result<PathBuf> {
    let none = || Error::NotFound(format!("there is no database {}", database.display()));
    if !database.as_os_str().is_empty() && !database.exists() {
        return Err(none());
    }
    let path = files::database(database)?;
    files::regular(&path)?.map(|_| path).ok_or_else(none)
}

/// A copy that has no name yet, and goes if it gets none. Nobody else may read it: it holds keys.
pub(super) struct Copy(NamedTempFile);

impl Copy {
    /// Copies what is committed now, onto the disk that `beside` is on. Blocks.
    ///
    /// # Errors
    /// Faults of either database; a full disk.
    pub(super) fn of(source: &Connection, beside: &Path) -> Result<Self> {
        // SQLite follows no link to it, so there must be none on the way.
        let folder = fs::canonicalize(files::folder(beside));
        let file = folder.and_then(|folder| Builder::new().prefix(".connhub-").suffix(".part").tempfile_in(folder));
        let copy = Self(file.map_err(|error| files::failed("make a file beside", beside, &error))?);
        let mut target = copy.open(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
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
        let target = copy.open(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        target.execute_batch("PRAGMA journal_mode = DELETE").map_err(unsound)?;
        drop(target);
        copy.file().sync_all().map_err(|error| files::failed("write a copy beside", beside, &error))?;
        Ok(copy)
    }

    /// A connection to it.
    ///
    /// # Errors
    /// If something else has its name.
    pub(super) fn open(&self, flags: OpenFlags) -> Result<Connection> {
        self.is_itself()?;
        let connection = Connection::open_with_flags(self.0.path(), flags | OpenFlags::SQLITE_OPEN_NOFOLLOW)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        Ok(connection)
    }

    /// Whoever has the folder can give the copy's name to something else while root makes the copy.
    ///
    /// # Errors
    /// [`Error::Conflict`] if somebody did.
    pub(super) fn is_itself(&self) -> Result<()> {
        let path = self.0.path();
        if files::is_at(self.file(), path) {
            return Ok(());
        }
        let why = "was put there by another program: see who else can write the folder";
        Err(Error::Conflict(format!("{} is not what was copied, and {why}", path.display())))
    }

    /// What is wrong with it.
    ///
    /// # Errors
    /// Faults of the database.
    pub(super) fn flaws(&self, how: Thoroughness) -> Result<Vec<String>> {
        flaws(&self.open(OpenFlags::SQLITE_OPEN_READ_ONLY)?, how)
    }

    /// The file itself, whatever has its name.
    pub(super) fn file(&self) -> &File {
        self.0.as_file()
    }

    /// Gives it its name; how long it is, in bytes.
    ///
    /// # Errors
    /// If there is a file of that name that is not to be replaced, or something else has the copy's name.
    pub(super) fn place(self, target: &Path, replace: bool) -> Result<u64> {
        self.is_itself()?;
        let placed = if replace { self.0.persist(target) } else { self.0.persist_noclobber(target) };
        let placed = placed.map_err(|error| match error.error.kind() {
            std::io::ErrorKind::AlreadyExists => Error::Conflict(format!("{} is there already", target.display())),
            _ => files::failed("write", target, &error.error),
        })?;
        files::sync_folder(target)?;
        placed.metadata().map(|about| about.len()).map_err(|error| files::failed("write", target, &error))
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
        || matches!((fs::metadata(one), fs::metadata(other)), (Ok(one), Ok(other)) if files::is_one(&one, &other))
}

/// Refuses a name for a copy that is that of the database or of what stands beside it, or of what is no file. A
/// link is none: whether it or what it leads to is to be replaced cannot be known.
///
/// # Errors
/// [`Error::Conflict`] if it is such a name, or one of a file that is not to be replaced.
pub fn judge_target(database: &Path, target: &Path, replace: bool) -> Result<()> {
    let name = target.display();
    if is_same(database, target) {
        return Err(Error::Conflict(format!("{name} is the database itself: name another file")));
    }
    let real = files::real(database)?;
    for ending in [files::LOG, files::LOG_INDEX, files::JOURNAL, lock::ENDING] {
        if is_same(&files::beside(&real, ending), target) {
            let why = "is a file of the database's own: name another";
            return Err(Error::Conflict(format!("{name} {why}")));
        }
    }
    if files::regular(target)?.is_some() && !replace {
        return Err(Error::Conflict(format!("{name} is there already: --force replaces it")));
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use tempfile::TempDir;

    #[test]
    fn what_was_put_in_the_place_of_the_copy_is_neither_opened_nor_placed() {
        let folder = TempDir::new().expect("a folder");
        let (target, secret) = (folder.path().join("connhub.db"), folder.path().join("secret"));
        fs::write(&secret, "").expect("a file");
        type Swap = fn(&Path, &Path);
        let to_a_link: Swap = |secret, part| symlink(secret, part).expect("a link");
        let to_a_file: Swap = |_, part| fs::write(part, "other").expect("a file");
        for swap in [to_a_link, to_a_file] {
            let copy = Copy::of(&testing::connection(), &target).expect("a copy");
            let part = copy.0.path().to_owned();
            fs::remove_file(&part).expect("removed");
            swap(&secret, &part);
            assert!(matches!(copy.open(OpenFlags::SQLITE_OPEN_READ_WRITE), Err(Error::Conflict(_))));
            assert!(matches!(copy.flaws(Thoroughness::Quick), Err(Error::Conflict(_))));
            let refused = copy.place(&target, true).expect_err("another file");
            assert!(refused.to_string().contains("not what was copied"), "{refused}");
            assert!(fs::symlink_metadata(&target).is_err(), "it was placed");
            assert_eq!(fs::metadata(&secret).expect("the file").len(), 0, "it was written");
        }
    }

    #[test]
    fn a_copy_is_for_its_owner_alone_and_in_its_place_under_its_name() {
        let folder = TempDir::new().expect("a folder");
        let target = folder.path().join("a.backup");
        let copy = Copy::of(&testing::connection(), &target).expect("a copy");
        let inode = copy.file().metadata().expect("the copy").ino();
        let bytes = copy.place(&target, false).expect("placed");
        let about = fs::symlink_metadata(&target).expect("the copy");
        assert_eq!((about.ino(), about.len(), about.permissions().mode() & 0o777), (inode, bytes, 0o600));
    }
}
