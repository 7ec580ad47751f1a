//! `connhub backup`, `restore` and `check`: what an operator does with the database's file.

use super::{fail, failed, harmless, output};
use crate::config::KeyFile;
use crate::ops;
use crate::ops::backup::Encrypted;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// The options of `connhub backup`.
#[derive(Debug, Args)]
pub(super) struct BackupOptions {
    /// The file to write; the folder must be there
    file: PathBuf,

    /// The database's file; a server may be at work on it
    #[arg(long, env = "CONNHUB_DB", value_name = "FILE", default_value = "connhub.db")]
    db: PathBuf,

    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
}

/// The options of `connhub restore`.
#[derive(Debug, Args)]
pub(super) struct RestoreOptions {
    /// The backup
    file: PathBuf,

    /// The database's file, which no server may be at work on; what is there is kept under another name
    #[arg(long, env = "CONNHUB_DB", value_name = "FILE", default_value = "connhub.db")]
    db: PathBuf,

    #[command(flatten)]
    key: KeyFile,
}

/// The options of `connhub check`.
#[derive(Debug, Args)]
pub(super) struct CheckOptions {
    /// The database's file; a server may be at work on it
    #[arg(long, env = "CONNHUB_DB", value_name = "FILE", default_value = "connhub.db")]
    db: PathBuf,

    #[command(flatten)]
    key: KeyFile,
}

/// The options of `connhub key`.
#[derive(Debug, Args)]
pub(super) struct KeyOptions {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Encrypt the secrets of a database, or encrypt them with another key, while no server runs
    Change(KeyChange),
    /// Decrypt the secrets of a database, while no server runs
    Remove(KeyRemoval),
}

#[derive(Debug, Args)]
struct KeyChange {
    /// The file with the new key: 32 random bytes as `openssl rand -hex 32` prints them
    #[arg(value_name = "NEW_FILE")]
    new: PathBuf,

    #[command(flatten)]
    of: KeyRemoval,
}

#[derive(Debug, Args)]
struct KeyRemoval {
    /// The database's file, which no server may be running on
    #[arg(long, env = "CONNHUB_DB", value_name = "FILE", default_value = "connhub.db")]
    db: PathBuf,

    #[command(flatten)]
    key: KeyFile,
}

pub(super) fn key(options: &KeyOptions) -> ExitCode {
    let (KeyRemoval { db, key }, new) = match &options.command {
        KeyCommand::Change(KeyChange { new, of }) => (of, Some(new)),
        KeyCommand::Remove(of) => (of, None),
    };
    match ops::backup::change_key(db, key.find().as_deref(), new.map(PathBuf::as_path)) {
        Ok(()) => {
            let database = harmless(db.display());
            output::say(match new {
                Some(new) => format!(
                    "{database} is encrypted with the key in {}; backups made before are as they were",
                    harmless(new.display())
                ),
                None => format!("{database} is not encrypted any more"),
            });
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error),
    }
}

pub(super) fn backup(options: &BackupOptions) -> ExitCode {
    let BackupOptions { file, db, force } = options;
    let begun = Instant::now();
    match ops::backup::backup(db, file, *force) {
        Ok((bytes, encrypted)) => {
            let (copy, original) = (harmless(file.display()), harmless(db.display()));
            output::say(format!("{copy} is a copy of {original}: {bytes} bytes in {:.1?}", begun.elapsed()));
            if encrypted {
                output::say("its secrets are encrypted: keep the key file too, apart from it");
            }
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error),
    }
}

pub(super) fn restore(options: &RestoreOptions) -> ExitCode {
    let RestoreOptions { file, db, key } = options;
    match ops::backup::restore(file, db, key.find().as_deref()) {
        Ok(restored) => {
            let (new, backup) = (harmless(db.display()), harmless(file.display()));
            output::say(format!("{new} is what {backup} was: {} bytes", restored.bytes));
            if let Some(before) = restored.before {
                output::say(format!("what was there before is {}", harmless(before.display())));
            }
            match restored.encrypted {
                Encrypted::WithSomeKey => output::say("it is encrypted: start the server with its key (--key-file)"),
                Encrypted::No if key.find().is_some() => {
                    output::say("it was not encrypted; the next start with this key file encrypts it");
                }
                Encrypted::No | Encrypted::WithThisKey => {}
            }
            output::say("accounts, passwords, secrets and revocations are again as they were when the backup was made");
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error),
    }
}

pub(super) fn check(options: &CheckOptions) -> ExitCode {
    let report = match ops::check::check(&options.db, options.key.find().as_deref()) {
        Ok(report) => report,
        Err(error) => return failed(&error),
    };
    let served = if report.served { "a server is at work on it" } else { "no server is at work on it" };
    output::say(format!("{}: {served}", harmless(options.db.display())));
    output::say(match report.rules {
        0 if report.counts.is_empty() => {
            "looked at every page and reference; it has other tables than connhub's, which are not looked at".to_owned()
        }
        0 => "looked at every page and reference; it has an older form, whose states are not looked at:".to_owned(),
        rules => format!("looked at every page and reference, and held these against {rules} rules:"),
    });
    if report.locked {
        output::say("it is encrypted; its encrypted values were not looked at: give its key with --key-file");
    }
    for (noun, count) in report.counts {
        output::say(format!("  {count:>12} {noun}"));
    }
    if report.problems.is_empty() {
        output::say("all is well");
        return ExitCode::SUCCESS;
    }
    for problem in &report.problems {
        output::say(format!("wrong: {}", harmless(problem)));
    }
    fail("the database is not sound")
}
