//! Copies of the database for the operator: made while a server runs, put back while none does.

use crate::model::error::{Error, Result};
use crate::ops::now;
use crate::store::{SealingKey, copy, sealing};
use std::path::Path;

pub use crate::store::restore::{Encrypted, Restored};

/// Copies what is committed now into a file of its own, which appears under its name once it is whole,
/// checked and on the disk; how long it is, in bytes, and whether it is encrypted. Blocks.
///
/// # Errors
/// [`Error::NotFound`] if there is no database; [`Error::Conflict`] if there is such a file that is not to be
/// replaced, or if the file is the database, one that stands beside it, or no regular file.
pub fn backup(database: &Path, file: &Path, replace: bool) -> Result<(u64, bool)> {
    let source = copy::open(database)?;
    copy::judge_target(database, file, replace)?;
    Ok((copy::write(&source, file, replace)?, sealing::is_sealed(&source)?))
}

/// Puts a backup in the place of the database, once it was looked at; what was there is kept. Blocks.
///
/// # Errors
/// [`Error::Conflict`] if the backup is not sound or has more in it than connhub puts there, or a server is at
/// work on the database.
pub fn restore(backup: &Path, database: &Path, key_file: Option<&Path>) -> Result<Restored> {
    if copy::is_same(database, backup) {
        return Err(Error::Conflict(format!("{} is the database itself", backup.display())));
    }
    // As RFC 3339 has it, without what some file systems do not take.
    let moment: String = now().to_string().chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let key = key_file.map(SealingKey::read).transpose()?;
    crate::store::restore::restore(backup, database, &format!(".before-restore-{moment}"), key)
}

/// Changes the key of a database that no server runs on: encrypts it, encrypts it with another key, or decrypts it.
/// Blocks.
///
/// # Errors
/// [`Error::Conflict`] if a server runs on it or the key is not its own.
pub fn change_key(database: &Path, key_file: Option<&Path>, new_key_file: Option<&Path>) -> Result<()> {
    let read = |file: Option<&Path>| file.map(SealingKey::read).transpose();
    sealing::change_key(database, read(key_file)?, read(new_key_file)?)
}
