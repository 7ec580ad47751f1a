//! `connhub secret`: the keys that sign tokens, on the database's file. A running server follows within a second.
//!
//! Used by [`super`].

use super::{failed, output};
use crate::config::{KeyFile, lifetime};
use crate::model::error::Error;
use crate::model::token::KeyId;
use crate::ops::keyring::{self, ListedKey};
use clap::{Args, Subcommand};
use humantime::Duration;
use std::path::PathBuf;
use std::process::ExitCode;

/// The options of `connhub secret`.
#[derive(Debug, Args)]
pub(super) struct SecretOptions {
    #[command(subcommand)]
    command: SecretCommand,
}

#[derive(Debug, Subcommand)]
enum SecretCommand {
    /// List the keys that sign tokens or did, and how many connectors have a token of each
    List(Database),
    /// Have a new key sign tokens; tokens of developers and apps are accepted for a grace period, those of connectors
    /// until the former key is removed
    Rotate(Rotation),
    /// Remove a key that does not sign any more, such as one that was stolen; all its tokens end, connectors' too
    Remove(Removal),
}

#[derive(Debug, Args)]
struct Database {
    /// The database's file; a server may be running on it
    #[arg(long, env = "CONNHUB_DB", value_name = "FILE", default_value = "connhub.db")]
    db: PathBuf,

    #[command(flatten)]
    key: KeyFile,
}

#[derive(Debug, Args)]
struct Rotation {
    /// How long tokens of developers and apps are accepted that the former key signed
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = lifetime)]
    grace: Duration,

    #[command(flatten)]
    database: Database,
}

#[derive(Debug, Args)]
struct Removal {
    /// The key's ID, as `connhub secret list` shows it
    #[arg(value_name = "ID", value_parser = key_id)]
    id: KeyId,

    #[command(flatten)]
    database: Database,
}

fn key_id(text: &str) -> Result<KeyId, String> {
    text.parse().map_err(|_| "it must be the 16 hexadecimal digits that `connhub secret list` shows".to_owned())
}

/// Does what the command says.
pub(super) fn run(options: &SecretOptions) -> ExitCode {
    match &options.command {
        SecretCommand::List(database) => match keyring::list(&database.db, database.key.find().as_deref()) {
            Ok(keys) => output::print_all(keys.iter().map(line).collect::<String>()),
            Err(error) => failed(&error),
        },
        SecretCommand::Rotate(Rotation { grace, database }) => match rotate(database, *grace) {
            Ok(id) => done(format!(
                "the key {id} signs tokens; a running server uses it within 2 s. Tokens of developers and apps that the \
                 former key signed are accepted for {grace}, those of connectors until it is removed"
            )),
            Err(error) => failed(&error),
        },
        SecretCommand::Remove(Removal { id, database }) => match remove(database, *id) {
            Ok((0, 0)) => done(format!("removed the key {id}; no connector had a token of it")),
            Ok((installations, instances)) => done(format!(
                "removed the key {id}; the connectors of {installations} installations and {instances} instances have \
                 lost their tokens. The Developer Center shows which: remove and install those again"
            )),
            Err(error) => failed(&error),
        },
    }
}

fn rotate(database: &Database, grace: Duration) -> Result<KeyId, Error> {
    keyring::rotate(&database.db, database.key.find().as_deref(), *grace)
}

fn remove(database: &Database, id: KeyId) -> Result<(u64, u64), Error> {
    keyring::remove(&database.db, database.key.find().as_deref(), id)
}

fn done(text: String) -> ExitCode {
    output::say(text);
    ExitCode::SUCCESS
}

fn line(key: &ListedKey) -> String {
    let state = match (key.signs, key.accepted_until) {
        (true, _) => "signs".to_owned(),
        (false, Some(until)) => format!("accepted until {until}, for connectors until removed"),
        (false, None) => "accepted for connectors".to_owned(),
    };
    let source = if key.chosen { "--secret" } else { "made by connhub" };
    let ListedKey { id, created_at, installations, instances, .. } = key;
    format!(
        "{id}  since {created_at}  {source}  {state}; tokens of {installations} installations, {instances} instances\n"
    )
}
