//! The files beside the database, and what keeps a change of them through a power cut.

use crate::model::error::{Error, Result};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The endings of what SQLite keeps beside a database: its write-ahead log and the index of that.
pub(super) const LOG: &str = "-wal";
pub(super) const LOG_INDEX: &str = "-shm";

/// The file with this ending beside another: `connhub.db` and `-wal` are `connhub.db-wal`.
pub(super) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// The file's own path, whatever links lead to it: SQLite keeps its files beside that one.
///
/// # Errors
/// If the folder is not there.
pub(super) fn real(file: &Path) -> Result<PathBuf> {
    let found = fs::canonicalize(file).or_else(|error| match (error.kind(), file.file_name()) {
        (ErrorKind::NotFound, Some(name)) => Ok(fs::canonicalize(folder(file))?.join(name)),
        _ => Err(error),
    });
    found.map_err(|error| failed("find", file, &error))
}

/// The folder of a file, which for a bare name is the present one.
pub(super) fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Puts the folder's entries on the disk: a new name is not there before.
pub(super) fn sync_folder(file: &Path) -> Result<()> {
    let synced = File::open(folder(file)).and_then(|folder| folder.sync_all());
    synced.map_err(|error| failed("write the folder of", file, &error))
}

/// Something that could not be done to a file, with the system's reason.
pub(super) fn failed(what: &str, file: &Path, error: &io::Error) -> Error {
    Error::Unavailable(format!("cannot {what} {}: {error}", file.display()))
}

/// The length of a file in bytes; none where there is no such file.
pub(super) fn length(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |about| about.len())
}
