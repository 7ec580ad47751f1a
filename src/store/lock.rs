//! One server at a time: two on the same file would take each other's callbacks for what a crash left
//! behind. There are two locks, both the system's, which end with the process, however that ends. One is on a file of
//! its own beside the database, which tells people whose it is, and holds while the database is made or replaced. That
//! file stays: whoever removes it might remove another's. The other is on the database itself, whatever it is called:
//! a hard link or a mount gives it another name. It is no lock of SQLite's, which are of another kind.

use crate::model::error::{Error, Result};
use crate::store::files;
use rustix::fs::fstatfs;
use std::fs::{self, File, Metadata, Permissions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;
use std::time::{Duration, Instant};

/// The ending of the lock's file.
pub(super) const ENDING: &str = ".lock";
/// How long the text of a lock is at most: a process ID and the end of a line.
const LENGTH_MAX: usize = 16;
/// How long to wait for a lock: a server that is being replaced needs a moment to be gone, and whoever
/// only looks whether there is one holds it for an instant.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// How long a process that ends may keep one lock when the other is gone already.
const ENDING_MAX: Duration = Duration::from_millis(200);
/// How long to wait before trying again.
const PAUSE: Duration = Duration::from_millis(20);

/// File systems of other machines, by the number that `statfs` has for them: some make of this lock one of all bytes,
/// SQLite's too.
const OF_OTHER_MACHINES: [u32; 4] = [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42];

/// That this process, and no other, is at work on a database. Ends when dropped, which must be after all connections to
/// the database are closed: closing a file ends SQLite's own locks on it.
#[expect(dead_code, reason = "the locks live as long as the files are open")]
pub(super) struct Lock {
    named: File,
    itself: Option<File>,
}

impl Lock {
    /// Takes the lock of a database, which need not be there yet. Blocks for a moment.
    ///
    /// # Errors
    /// [`Error::Conflict`] if a server is at work on it, or something else has the lock's name.
    pub(super) fn take(database: &Path) -> Result<Self> {
        let path = files::beside(&files::real(database)?, ENDING);
        let file = open(&path, database)?;
        if !wait_for(&file).map_err(|error| files::failed("lock", &path, &error))? {
            return Err(taken(database, &file));
        }
        // For people; nothing depends on it.
        let own = format!("{}\n", std::process::id());
        let named = file.set_len(0).and_then(|()| file.write_all_at(own.as_bytes(), 0));
        if let Err(error) = named {
            tracing::debug!(%error, "the lock does not say whose it is");
        }
        Ok(Self { named: file, itself: None })
    }

    /// Takes the lock of the file itself, which must be there. Blocks for a moment.
    ///
    /// # Errors
    /// [`Error::Conflict`] if a server is at work on it under another name.
    pub(super) fn take_file(&mut self, database: &Path) -> Result<()> {
        let file = files::open_itself(database, File::options().read(true));
        let file = file.map_err(|error| files::failed("open", database, &error))?;
        if is_local(&file) {
            if !wait_for(&file).map_err(|error| files::failed("lock", database, &error))? {
                return Err(elsewhere(database));
            }
            self.itself = Some(file);
        }
        Ok(())
    }

    /// Refuses a database that a server has under another name: what it has written last is beside that one, and would
    /// not be seen. Not to be called while this process has it open: see [`Lock`].
    ///
    /// # Errors
    /// [`Error::Conflict`] if it has.
    pub(super) fn judge_name(database: &Path) -> Result<()> {
        let until = Instant::now() + ENDING_MAX;
        while !is_locked(&files::beside(database, ENDING)) && is_itself_locked(database) {
            if Instant::now() >= until {
                return Err(elsewhere(database));
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Whether a server is at work on a database.
    pub(super) fn is_taken(database: &Path) -> bool {
        let Ok(real) = files::real(database) else { return false };
        is_locked(&files::beside(&real, ENDING))
    }
}

fn elsewhere(database: &Path) -> Error {
    Error::Conflict(format!(
        "a connhub server is at work on {} under another name (a link or a mount): use that name, or end it first",
        database.display()
    ))
}

fn is_locked(path: &Path) -> bool {
    let file = files::open_itself(path, File::options().read(true));
    matches!(file, Ok(file) if matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

fn is_itself_locked(database: &Path) -> bool {
    files::open_itself(database, File::options().read(true)).is_ok_and(|file| is_local(&file)) && is_locked(database)
}

/// Whether the lock is this process's now, or the file system has no locks; false if another keeps it.
fn wait_for(file: &File) -> io::Result<bool> {
    let until = Instant::now() + WAIT_MAX;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {
                tracing::warn!("the database's file system has no locks: make sure that only one server runs");
                return Ok(true);
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Whether a file is on this machine, as far as is known.
fn is_local(file: &File) -> bool {
    !fstatfs(file).is_ok_and(|about| OF_OTHER_MACHINES.contains(&(about.f_type as u32)))
}

/// Opens the lock's file, and makes it if there is none.
fn open(path: &Path, database: &Path) -> Result<File> {
    let ours = || files::open_itself(path, File::options().read(true).write(true));
    let opened = match ours() {
        Err(error) if error.kind() == ErrorKind::NotFound => match make(path, database) {
            // Another was faster.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => ours(),
            made => made,
        },
        // Another user's, or on a disk that is read-only: it can be locked all the same.
        Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => {
            files::open_itself(path, File::options().read(true))
        }
        other => other,
    };
    let file = match opened {
        Ok(file) => file,
        Err(error) => {
            let other = fs::symlink_metadata(path).ok().and_then(|about| files::irregular(about.file_type()));
            return Err(other.map_or_else(|| files::failed("open", path, &error), |what| no_lock(path, what)));
        }
    };
    let about = file.metadata().map_err(|error| files::failed("open", path, &error))?;
    if let Some(what) = files::irregular(about.file_type()) {
        return Err(no_lock(path, what));
    }
    // What is written into it would be written into another's file, or over what somebody keeps there.
    if about.nlink() > 1 {
        return Err(no_lock(path, "a file that has another name too"));
    }
    let text = text(&file).map_err(|error| files::failed("read", path, &error))?;
    if about.len() > LENGTH_MAX as u64 || !text.trim().is_empty() && process(&text).is_none() {
        return Err(no_lock(path, "a file of something else"));
    }
    if let Err(error) = close_to_others(&file, &about, database) {
        tracing::debug!(%error, "others may be able to take the lock");
    }
    Ok(file)
}

/// Makes the lock's file, for whoever the database is for: root may do so before the server's user.
fn make(path: &Path, database: &Path) -> io::Result<File> {
    let file = File::options().read(true).write(true).create_new(true).mode(0o600).open(path)?;
    if !matches!(files::regular(database), Ok(Some(_))) {
        if let Err(error) = files::give_to_owner_of(files::folder(path), &file) {
            tracing::debug!(%error, "the lock is not the folder's owner's");
        }
    } else if let Ok(Some(owner)) = files::regular(database) {
        let group = Some(owner.gid());
        if let Err(error) = fchown(&file, Some(owner.uid()), group).or_else(|_| fchown(&file, None, group)) {
            tracing::debug!(%error, "the lock is not the database's owner's");
        }
    }
    Ok(file)
}

/// Whoever can open the lock can take it, and so keep the server from starting: nobody is to who may not
/// write the database.
fn close_to_others(file: &File, about: &Metadata, database: &Path) -> io::Result<()> {
    let shared = |database: Metadata| database.mode() & 0o020 != 0 && database.gid() == about.gid();
    let mode = if fs::metadata(database).is_ok_and(shared) { 0o660 } else { 0o600 };
    if about.mode() & 0o777 == mode { Ok(()) } else { file.set_permissions(Permissions::from_mode(mode)) }
}

/// That what has the lock's name is none.
fn no_lock(path: &Path, what: &str) -> Error {
    Error::Conflict(format!("{} is {what}, and no lock of connhub: move it away, or use another --db", path.display()))
}

/// What stands in the lock's file, as much of it as a lock has.
fn text(file: &File) -> io::Result<String> {
    let mut bytes = [0; LENGTH_MAX];
    let length = file.read_at(&mut bytes, 0)?;
    Ok(String::from_utf8_lossy(&bytes[..length]).into_owned())
}

/// The process that a lock's text names.
fn process(text: &str) -> Option<u32> {
    text.trim().parse().ok()
}

fn taken(database: &Path, file: &File) -> Error {
    // Without it the message says less.
    let process = text(file).ok().and_then(|text| process(&text));
    let process = process.map_or_else(String::new, |id| format!(" (process {id})"));
    Error::Conflict(format!("a connhub server is at work on {}{process}: end it first", database.display()))
}
