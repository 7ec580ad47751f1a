//! `--secrets-file`: where generated secrets go that are not to be printed.
//!
//! Used by [`super`].

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// The file, open for appending.
pub(super) struct SecretsFile(File);

impl SecretsFile {
    /// Opens the file, and makes it if there is none, before there is a secret to write.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let failed = |error: io::Error| format!("the file for secrets, {}, cannot be written: {error}", path.display());
        let file = File::options().append(true).create(true).mode(0o600).open(path).map_err(failed)?;
        let about = file.metadata().map_err(failed)?;
        if about.is_file() && about.permissions().mode() & 0o077 != 0 {
            return Err(format!("others can read the file for secrets, {0}: run chmod 600 {0}", path.display()));
        }
        Ok(Self(file))
    }

    /// Appends a text, which is on the disk once this returns.
    pub(super) fn append(&self, text: &str) -> io::Result<()> {
        (&self.0).write_all(format!("{text}\n").as_bytes())?;
        self.0.sync_all()
    }
}
