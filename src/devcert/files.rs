//! The folder that certificates are kept in: files that are there whole or not at all, keys for
//! nobody else's eyes.
//!
//! Uses nothing of ours. Used by [`super`].

use crate::devcert::Refused;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Who may read a key.
pub(super) const PRIVATE: u32 = 0o600;
/// Who may read a certificate.
pub(super) const PUBLIC: u32 = 0o644;

/// Makes the folder if it is not there; answers its absolute path, which people can use anywhere.
pub(super) fn open_folder(folder: &Path) -> Result<PathBuf, Refused> {
    let refused = |error| Refused::File(folder.to_owned(), error);
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(refused)?;
    folder.canonicalize().map_err(refused)
}

/// A file's text; none where there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<String>, Refused> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Refused::File(path.to_owned(), error)),
    }
}

/// Puts a file there at once, in place of the one before.
pub(super) fn write(path: &Path, text: &str, mode: u32) -> Result<(), Refused> {
    let unfinished = path.with_added_extension("new");
    let write = || {
        // One that a crash left behind.
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    };
    write().map_err(|error| {
        // Half a key is of no use to anybody. If it cannot be removed, the next call does so.
        let _ = fs::remove_file(&unfinished);
        Refused::File(path.to_owned(), error)
    })
}
