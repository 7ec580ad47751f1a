//! `connhub publication`: suspends publications on the database's file, alongside a running server or without one.
//!
//! Used by [`super`].

use super::{failed, harmless, output};
use crate::model::id::PublicationId;
use crate::ops::operator;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// The options of `connhub publication`.
#[derive(Debug, Args)]
pub(super) struct PublicationOptions {
    #[command(subcommand)]
    command: PublicationCommand,
}

#[derive(Debug, Subcommand)]
enum PublicationCommand {
    /// Suspend a publication: it is not called, its tokens are not accepted, and the store does not show it
    Suspend(Named),
    /// End the suspension of a publication
    Resume(Named),
}

#[derive(Debug, Args)]
struct Named {
    /// The publication's ID; `connhub usage` lists all
    #[arg(value_name = "ID", value_parser = id)]
    id: PublicationId,

    /// The database's file; a server may be running on it
    #[arg(long, env = "CONNHUB_DB", value_name = "FILE", default_value = "connhub.db")]
    db: PathBuf,
}

fn id(text: &str) -> Result<PublicationId, String> {
    text.parse().map_err(|_| "it is not an ID, such as 01890000-0000-7000-8000-000000000000".to_owned())
}

/// Runs the command.
pub(super) fn run(options: &PublicationOptions) -> ExitCode {
    let (named, suspend, done) = match &options.command {
        PublicationCommand::Suspend(named) => (named, true, "suspended"),
        PublicationCommand::Resume(named) => (named, false, "resumed"),
    };
    match operator::change_publication(&named.db, named.id, suspend) {
        Ok(publication) => {
            output::say(format!("{done} the connector {} ({})", harmless(publication.profile.name), publication.id));
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error),
    }
}
