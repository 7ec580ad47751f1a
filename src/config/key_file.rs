//! The option that names the file with the key of an encrypted database, of all commands that need it.
//!
//! Used by the list of all options and by `cli`.

use clap::Args;
use std::env;
use std::path::PathBuf;

/// The name of the credential under systemd.
const CREDENTIAL: &str = "connhub.key";

/// The option with the key file.
#[derive(Debug, Clone, Args)]
pub struct KeyFile {
    /// File with the key that encrypts passwords of connectors, signing keys and seeds in the database: 32 random bytes
    /// as `openssl rand -hex 32` prints them. Under systemd the credential connhub.key is used if it is not given
    #[arg(long, env = "CONNHUB_KEY_FILE", value_name = "FILE", help_heading = "Database")]
    pub key_file: Option<PathBuf>,
}

impl KeyFile {
    /// The file that was given, or systemd's credential.
    #[must_use]
    pub fn find(&self) -> Option<PathBuf> {
        let credential = || Some(PathBuf::from(env::var_os("CREDENTIALS_DIRECTORY")?).join(CREDENTIAL));
        self.key_file.clone().or_else(|| credential().filter(|file| file.exists()))
    }
}
