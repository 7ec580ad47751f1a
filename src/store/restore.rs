//! Putting a backup in the place of a database. At every moment, a power cut included, what stands in
//! that place is all of the old one or all of the new one; the old one is kept.

use crate::model::error::{Error, Result};
use crate::store::copy::{self, Copy, Thoroughness};
use crate::store::files::{self, LOG, LOG_INDEX};
use crate::store::lock::Lock;
use crate::store::schema;
use crate::store::sealing::{self, Sealing, SealingKey};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// How long the database is now, in bytes.
    pub bytes: u64,
    /// Where the database that was there is now, if there was one.
    pub before: Option<PathBuf>,
    /// Whether it is encrypted.
    pub encrypted: Encrypted,
}

/// Whether a database is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encrypted {
    /// No.
    No,
    /// With the key that was given.
    WithThisKey,
    /// With some key; none was given.
    WithSomeKey,
}

/// Puts a copy of `backup` in the place of `database`; what was there gets the ending `kept_as`. Blocks.
///
/// # Errors
/// [`Error::Conflict`] if the backup is no sound database of connhub or of a newer one, if anybody is at
/// work on the database, and if that is no regular file; then nothing is changed.
pub fn restore(backup: &Path, database: &Path, kept_as: &str, key: Option<SealingKey>) -> Result<Restored> {
    let database = &files::database(database)?;
    files::regular(database)?;
    files::judge_mount(database)?;
    let copy = sound_copy(backup, database)?;
    let encrypted = judge_key(&copy, key)?;
    let mut lock = Lock::take(database)?;
    let old = files::regular(database)?;
    if old.is_some() {
        lock.take_file(database)?;
    }
    if let Some(old) = &old {
        fold(database)?;
        let kept = keep_owner(copy.file(), old);
        kept.map_err(|error| files::failed("give the same owner to what replaces", database, &error))?;
    }
    if old.is_none() {
        let given = files::give_to_owner_of(files::folder(database), copy.file());
        given.map_err(|error| files::failed("give to the owner of its folder", database, &error))?;
    }
    copy.is_itself()?;
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
    let bytes = copy.place(database, old.is_some())?;
    Ok(Restored { bytes, before: moved.then_some(before), encrypted })
}

/// The backup as it will stand there. It is looked at as a copy: the backup itself may lie where nothing
/// can be written, or have a write-ahead log of its own.
fn sound_copy(backup: &Path, database: &Path) -> Result<Copy> {
    let name = backup.display();
    let looked_at = copy::open(backup).and_then(|source| {
        let copy = Copy::of(&source, database)?;
        let differences = schema::differences(&copy.open(OpenFlags::SQLITE_OPEN_READ_ONLY)?)?;
        Ok((copy.flaws(Thoroughness::Full)?, differences, copy))
    });
    match looked_at {
        Ok((flaws, _, _)) if !flaws.is_empty() => Err(copy::damaged(&format!("{name} is damaged"), &flaws)),
        Ok((_, differences, copy)) => {
            let grave: Vec<_> = differences.into_iter().filter(|found| found.grave).map(|found| found.text).collect();
            let what = format!("{name} is not as connhub made it");
            if grave.is_empty() { Ok(copy) } else { Err(copy::damaged(&what, &grave)) }
        }
        Err(Error::Conflict(why)) => Err(Error::Conflict(format!("{name}: {why}"))),
        Err(other) => Err(other),
    }
}

/// Whether a sound copy is encrypted, if that is not with another key than this.
fn judge_key(copy: &Copy, key: Option<SealingKey>) -> Result<Encrypted> {
    let connection = copy.open(OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    Ok(match sealing::judge(&connection, key)? {
        Sealing::Plain => Encrypted::No,
        Sealing::With(_) => Encrypted::WithThisKey,
        Sealing::Locked => Encrypted::WithSomeKey,
    })
}

/// Folds the write-ahead log into what is there, which nobody else may have open. What is damaged, and
/// perhaps restored for that, is set aside as it is.
fn fold(database: &Path) -> Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let folded = Connection::open_with_flags(database, flags)
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
fn keep_owner(new: &File, old: &Metadata) -> io::Result<()> {
    let about = new.metadata()?;
    if (old.uid(), old.gid()) != (about.uid(), about.gid()) {
        fchown(new, Some(old.uid()), Some(old.gid()))?;
    }
    // Never for more people than the old one, and never for others: it holds keys.
    new.set_permissions(Permissions::from_mode(old.mode() & 0o660))
}

/// Gives a file a second name; whether there was one. It keeps the first until that is replaced.
fn set_aside(file: &Path, aside: &Path) -> Result<bool> {
    match fs::hard_link(file, aside) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        // A file system without links.
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            copy_aside(file, aside).map(|()| true).map_err(|error| files::failed("keep", file, &error))
        }
        Err(error) => Err(files::failed("make", aside, &error)),
    }
}

/// Copies a file with its owner and mode, and neither from nor to where a link leads.
fn copy_aside(file: &Path, aside: &Path) -> io::Result<()> {
    let mut old = files::open_itself(file, File::options().read(true))?;
    let about = old.metadata()?;
    if let Some(what) = files::irregular(about.file_type()) {
        return Err(io::Error::other(format!("it is {what}")));
    }
    let mut new = File::options().write(true).create_new(true).mode(0o600).open(aside)?;
    io::copy(&mut old, &mut new)?;
    keep_owner(&new, &about)?;
    new.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use tempfile::TempDir;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("a file").mode() & 0o777
    }

    #[test]
    fn the_owner_and_mode_are_kept_by_the_file_that_is_open_whatever_has_its_name() {
        let folder = TempDir::new().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for (name, mode) in [("old", 0o640), ("new", 0o600), ("secret", 0o604)] {
            fs::write(at(name), name).expect("a file");
            fs::set_permissions(at(name), Permissions::from_mode(mode)).expect("a mode");
        }
        let new = File::open(at("new")).expect("the file");
        fs::rename(at("new"), at("moved")).expect("moved");
        symlink(at("secret"), at("new")).expect("a link");
        keep_owner(&new, &fs::metadata(at("old")).expect("the file")).expect("kept");
        assert_eq!((mode(&at("moved")), mode(&at("secret"))), (0o640, 0o604));
    }

    #[test]
    fn a_copy_set_aside_follows_no_links() {
        let folder = TempDir::new().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("secret"), "secret").expect("a file");
        fs::write(at("file"), "file").expect("a file");
        fs::set_permissions(at("file"), Permissions::from_mode(0o640)).expect("a mode");
        symlink(at("secret"), at("link")).expect("a link");
        assert!(copy_aside(&at("link"), &at("aside")).is_err(), "read through a link");
        assert!(fs::symlink_metadata(at("aside")).is_err());
        assert!(copy_aside(&at("file"), &at("link")).is_err(), "written through a link");
        assert_eq!(fs::read(at("secret")).expect("the file"), b"secret");
        copy_aside(&at("file"), &at("aside")).expect("a copy");
        assert_eq!((fs::read(at("aside")).expect("the copy").as_slice(), mode(&at("aside"))), (&b"file"[..], 0o640));
    }
}
