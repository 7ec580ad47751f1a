//! One server at a time: two on the same file would take each other's callbacks for what a crash left
//! behind. The lock is the system's, on a file of its own beside the database; it ends with the process,
//! however that ends. The file stays: whoever removes it might remove another's.

use crate::model::error::{Error, Result};
use crate::store::files;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// The ending of the lock's file.
const ENDING: &str = ".lock";
/// How long to wait for a lock: a server that is being replaced needs a moment to be gone, and whoever
/// only looks whether there is one holds it for an instant.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// How long to wait before trying again.
const PAUSE: Duration = Duration::from_millis(20);

/// That this process, and no other, is at work on a database. Ends when dropped.
pub(super) struct Lock(#[expect(dead_code, reason = "the lock lives as long as the file is open")] File);

impl Lock {
    /// Takes the lock of a database, which need not be there yet. Blocks for a moment.
    ///
    /// # Errors
    /// [`Error::Conflict`] if a server is at work on it.
    pub(super) fn take(database: &Path) -> Result<Self> {
        let path = files::beside(&files::real(database)?, ENDING);
        let mut options = OpenOptions::new();
        let opened = options.read(true).write(true).create(true).truncate(false).open(&path);
        let opened = opened.or_else(|error| match error.kind() {
            // Another user's, or on a disk that is read-only: it can be locked all the same.
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => File::open(&path),
            _ => Err(error),
        });
        let mut file = opened.map_err(|error| files::failed("open", &path, &error))?;
        let until = Instant::now() + WAIT_MAX;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => return Err(taken(database, &file)),
                Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {
                    tracing::warn!(path = %path.display(), "this file system has no locks: see to it that one server runs");
                    break;
                }
                Err(TryLockError::Error(error)) => return Err(files::failed("lock", &path, &error)),
            }
        }
        // For people; nothing depends on it.
        let named = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        if let Err(error) = named {
            tracing::debug!(%error, "the lock does not say whose it is");
        }
        Ok(Self(file))
    }

    /// Whether a server is at work on a database.
    pub(super) fn is_taken(database: &Path) -> bool {
        let file = files::real(database).map(|real| File::open(files::beside(&real, ENDING)));
        matches!(file, Ok(Ok(file)) if matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}

fn taken(database: &Path, mut file: &File) -> Error {
    let mut text = String::new();
    // Without it the message says less.
    let _ = file.read_to_string(&mut text);
    let process = text.trim().parse::<u32>().map_or_else(|_| String::new(), |id| format!(" (process {id})"));
    Error::Conflict(format!("a connhub server is at work on {}{process}: end it first", database.display()))
}
