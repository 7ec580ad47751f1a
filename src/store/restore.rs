//! Putting a backup in the place of a database. At every moment, a power cut included, what stands in
//! that place is all of the old one or all of the new one; the old one is kept.

use crate::model::error::{Error, Result};
use crate::store::copy::{self, Copy, Thoroughness};
use crate::store::files::{self, LOG, LOG_INDEX};
use crate::store::lock::Lock;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// How long the database is now, in bytes.
    pub bytes: u64,
    /// Where the database that was there is now, if there was one.
    pub before: Option<PathBuf>,
}

/// Puts a copy of `backup` in the place of `database`; what was there gets the ending `kept_as`. Blocks.
///
/// # Errors
/// [`Error::Conflict`] if the backup is no sound database of connhub or of a newer one, and if anybody is at
/// work on the database; then nothing is changed.
pub fn restore(backup: &Path, database: &Path, kept_as: &str) -> Result<Restored> {
    let database = &files::real(database)?;
    let copy = sound_copy(backup, database)?;
    let _lock = Lock::take(database)?;
    let there = database.exists();
    if there {
        fold(database)?;
        keep_owner(&copy, database)?;
    }
    let before = files::beside(database, kept_as);
    let mut moved = set_aside(database, &before)?;
    // A log of another database would be taken for this one's and spoil it.
    moved |= set_aside(&files::beside(database, LOG), &files::beside(&before, LOG))?;
    files::sync_folder(database)?;
    for ending in [LOG, LOG_INDEX] {
        let stale = files::beside(database, ending);
        match fs::remove_file(&stale) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(files::failed("remove", &stale, &error)),
            _ => {}
        }
    }
    let bytes = copy.place(database, there)?;
    Ok(Restored { bytes, before: moved.then_some(before) })
}

/// The backup as it will stand there. It is looked at as a copy: the backup itself may lie where nothing
/// can be written, or have a write-ahead log of its own.
fn sound_copy(backup: &Path, database: &Path) -> Result<Copy> {
    let name = backup.display();
    let looked_at = copy::open(backup).and_then(|source| {
        let copy = Copy::of(&source, database)?;
        Ok((copy.flaws(Thoroughness::Full)?, copy))
    });
    match looked_at {
        Ok((flaws, copy)) if flaws.is_empty() => Ok(copy),
        Ok((flaws, _)) => Err(copy::damaged(&format!("{name} is damaged"), &flaws)),
        Err(Error::Conflict(why)) => Err(Error::Conflict(format!("{name}: {why}"))),
        Err(other) => Err(other),
    }
}

/// Folds the write-ahead log into what is there, which nobody else may have open. What is damaged, and
/// perhaps restored for that, is set aside as it is.
fn fold(database: &Path) -> Result<()> {
    let folded = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .and_then(|connection| connection.execute_batch("PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE"));
    match folded {
        Ok(()) => Ok(()),
        Err(error)
            if matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)) =>
        {
            Err(Error::Conflict(format!("another program has {} open: end it first", database.display())))
        }
        Err(error) => {
            tracing::warn!(%error, "what is there cannot be read; it is set aside as it is");
            Ok(())
        }
    }
}

/// The new file is for whoever the old one was for, be it restored by root.
fn keep_owner(copy: &Copy, database: &Path) -> Result<()> {
    let kept = fs::metadata(database).and_then(|old| {
        let new = fs::metadata(copy.path())?;
        if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
            chown(copy.path(), Some(old.uid()), Some(old.gid()))?;
        }
        // Never for more people than the old one, and never for others: it holds keys.
        fs::set_permissions(copy.path(), fs::Permissions::from_mode(old.mode() & 0o660))
    });
    kept.map_err(|error| files::failed("give the same owner to what replaces", database, &error))
}

/// Gives a file a second name; whether there was one. It keeps the first until that is replaced.
fn set_aside(file: &Path, aside: &Path) -> Result<bool> {
    match fs::hard_link(file, aside) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        // A file system without links.
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            let copied = fs::copy(file, aside).and_then(|_| fs::File::open(aside)?.sync_all());
            copied.map(|()| true).map_err(|error| files::failed("keep", file, &error))
        }
        Err(error) => Err(files::failed("make", aside, &error)),
    }
}
