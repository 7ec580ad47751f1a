//! The command line: what can be typed, and what is printed on the terminal.
//!
//! May use every room. Used by `main`.

mod account;
mod arguments;
mod database;
mod demo_connector;
mod dev_cert;
mod output;
mod prompt;
mod publication;
mod secret;
mod serve;
mod signals;
mod usage;

use crate::app;
use crate::config::ServeOptions;
use crate::model::error::Error;
use crate::ops::past::{Filled, Span};
use account::AccountOptions;
use clap::{Args, Parser, Subcommand};
use database::{BackupOptions, CheckOptions, KeyOptions, RestoreOptions};
use demo_connector::DemoOptions;
use dev_cert::DevCertOptions;
use publication::PublicationOptions;
use secret::SecretOptions;
use signals::Signals;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use usage::UsageOptions;

/// A place to develop, demo and self-host IoT connectors: the connctd platform in one binary.
///
/// `connhub serve --demo` starts a sandbox with everything in it; open the address that it prints.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    serve: ServeOptions,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the platform (this is what happens without a command too)
    Serve(Box<ServeOptions>),
    /// Run the demo connector on its own: a lamp and a weather station
    DemoConnector(DemoOptions),
    /// Give the demo's things a past, so that charts and queries have something to show
    SeedHistory(SeedOptions),
    /// Make a certificate authority of your own and a certificate to develop with TLS
    DevCert(DevCertOptions),
    /// List, add, suspend and remove accounts, set their passwords and roles, also while a server runs
    Account(AccountOptions),
    /// Suspend a publication, or end that, also while a server runs
    Publication(PublicationOptions),
    /// List, replace or remove the keys that sign tokens, also while a server runs
    Secret(SecretOptions),
    /// Print what accounts and connectors use, the busiest connectors first, also while a server runs
    Usage(UsageOptions),
    /// Print alert rules for Prometheus
    Alerts,
    /// Copy the database into a file, also while a server runs
    Backup(BackupOptions),
    /// Put a backup in the place of the database, while no server runs
    Restore(RestoreOptions),
    /// Look whether all of the database is sound, also while a server runs
    Check(CheckOptions),
    /// Change or remove the key that encrypts secrets in the database, while no server runs
    Key(KeyOptions),
    /// Print the GraphQL schema
    Schema,
}

/// What `connhub alerts` prints.
const ALERTS: &str = include_str!("../monitoring/alerts.yml");

/// The options of `connhub seed-history`.
#[derive(Debug, Args)]
struct SeedOptions {
    /// The database's file; a server may be at work on it
    #[arg(long, env = "CONNHUB_DB", value_name = "FILE", default_value = "connhub.db")]
    db: PathBuf,

    /// How many days of the past, up to now
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=3_660))]
    days: u32,

    /// How many seconds lie between one value and the next
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    every: u32,
}

/// Reads the command line and does what it says.
#[must_use]
pub fn run() -> ExitCode {
    let signals = match Signals::catch() {
        Ok(signals) => signals,
        Err(error) => return fail(format!("signals cannot be caught: {error}")),
    };
    let given = match arguments::read() {
        Ok(given) => given,
        Err(code) => return code,
    };
    match &given.cli.command {
        None => serve::serve(&given.cli.serve, &given, &signals),
        Some(Command::Serve(options)) => serve::serve(options, &given, &signals),
        Some(Command::DemoConnector(options)) => demo_connector::run(options, &given, &signals),
        Some(tool) => {
            given.warnings.iter().for_each(|warning| output::complain(format!("connhub: {warning}")));
            if signals.end_at_once() { ExitCode::FAILURE } else { run_tool(tool) }
        }
    }
}

/// Runs a command that ends by itself.
fn run_tool(command: &Command) -> ExitCode {
    match command {
        Command::SeedHistory(options) => seed_history(options),
        Command::DevCert(options) => dev_cert::run(options),
        Command::Account(options) => account::run(options),
        Command::Publication(options) => publication::run(options),
        Command::Secret(options) => secret::run(options),
        Command::Usage(options) => usage::run(options),
        Command::Alerts => output::print_all(ALERTS),
        Command::Backup(options) => database::backup(options),
        Command::Restore(options) => database::restore(options),
        Command::Check(options) => database::check(options),
        Command::Key(options) => database::key(options),
        Command::Schema => output::print_all(crate::graphql::sdl()),
        Command::Serve(_) | Command::DemoConnector(_) => fail("this command does not end by itself"),
    }
}

fn seed_history(options: &SeedOptions) -> ExitCode {
    let SeedOptions { db, days, every } = options;
    match app::seed_history(db, Span { days: *days, every: *every }) {
        Ok(Filled { things, properties, points, from, to }) => {
            output::say(format!(
                "{points} points more: {properties} properties of {things} things from {from} to {to}"
            ));
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error),
    }
}

fn fail(problem: impl Display) -> ExitCode {
    output::complain(format!("connhub: {}", harmless(problem)));
    ExitCode::FAILURE
}

/// A text as a terminal can be given it: what stands in a database or in the name of a file may be made to
/// rewrite what is on the screen, or to show it in another order.
fn harmless(text: impl Display) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut shown = String::new();
    for c in text.to_string().chars() {
        if c.is_control() || turns(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let path = harmless(path.display());
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@".contains(c);
    if path.chars().all(plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

/// An error of an operation. A fault's own words are for clients, who are not to know more.
fn failed(error: &Error) -> ExitCode {
    match error {
        Error::Fault(fault) => fail(chain(&**fault)),
        other => fail(other),
    }
}

/// An error with all its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn what_would_change_the_screen_is_shown_and_not_done() {
        for (text, shown) in [
            ("things_é (日本)", "things_é (日本)"),
            ("\u{1b}[2J\u{1b}]0;t\u{7}", "\\u{1b}[2J\\u{1b}]0;t\\u{7}"),
            ("wrong\r\nall is well", "wrong\\r\\nall is well"),
            ("\u{9b}31m\u{202e}", "\\u{9b}31m\\u{202e}"),
        ] {
            assert_eq!(harmless(text), shown);
        }
    }
}
