//! `connhub account`: the operator's way to the accounts, on the database's file. A server that runs on it takes every
//! change at once.
//!
//! Used by [`super`].

mod removal;

use super::prompt::{self, Refused};
use super::{fail, failed, harmless, output};
use crate::model::account::{AccountRecord, Role, Suspension};
use crate::ops::operator::{self, Change};
use clap::{Args, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The exit code after Ctrl-C, as shells report it.
const INTERRUPTED: u8 = 130;
/// The widest column of e-mails: with name, date and state, a line has 80 characters at most. Longer ones push the rest.
const EMAIL_COLUMN_MAX: usize = 36;
const NAME_COLUMN_MAX: usize = 19;

/// The options of `connhub account`.
#[derive(Debug, Args)]
pub(super) struct AccountOptions {
    #[command(subcommand)]
    command: AccountCommand,
}

#[derive(Debug, Subcommand)]
enum AccountCommand {
    /// List all accounts, oldest first
    List(Database),
    /// Add an account; its password is asked for, or read as one line from standard input, unless it is an invitation
    Add(Added),
    /// Set the password of an account, which ends its tokens and what it let other apps do; the password is asked for,
    /// or read as one line from standard input
    SetPassword(Named),
    /// Suspend an account: nobody signs in, none of its tokens is accepted, nothing is sent to its connectors; its data
    /// is kept
    Suspend(Known),
    /// End the suspension of an account
    Resume(Known),
    /// Remove an account with everything that it owns, which its connectors are called for unless it was suspended
    Remove(Removed),
    /// Give an account a role: operators see all accounts in the Developer Center and decide about them
    SetRole(WithRole),
}

#[derive(Debug, Args)]
struct Added {
    #[command(flatten)]
    named: Named,

    /// Print a one-time link with which somebody sets the password and gets the account, within 7 days
    #[arg(long)]
    invite: bool,

    /// The URL that people know the server by, for the link
    #[arg(long, env = "CONNHUB_PUBLIC_URL", value_name = "URL", value_parser = crate::config::origin)]
    public_url: Option<String>,
}

#[derive(Debug, Args)]
struct Known {
    /// The account's e-mail address
    #[arg(value_name = "EMAIL")]
    email: String,

    #[command(flatten)]
    database: Database,
}

#[derive(Debug, Args)]
struct Removed {
    #[command(flatten)]
    known: Known,

    /// Do not ask
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
struct WithRole {
    #[command(flatten)]
    known: Known,

    /// The role
    #[arg(value_name = "ROLE")]
    role: RoleName,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleName {
    /// Has its own apps and connectors
    Developer,
    /// Also sees all accounts and decides about them
    Operator,
}

#[derive(Debug, Args)]
struct Database {
    /// The database's file; a server may be running on it
    #[arg(long, env = "CONNHUB_DB", value_name = "FILE", default_value = "connhub.db")]
    db: PathBuf,
}

#[derive(Debug, Args)]
struct Named {
    /// The account's e-mail address
    #[arg(value_name = "EMAIL")]
    email: String,

    /// What else is on the command line, such as a password, which must not be there
    #[arg(hide = true, value_name = "NOTHING")]
    rest: Vec<OsString>,

    #[command(flatten)]
    database: Database,
}

/// Runs the command.
pub(super) fn run(options: &AccountOptions) -> ExitCode {
    match &options.command {
        AccountCommand::List(database) => list(&database.db),
        AccountCommand::Add(Added { named, invite: true, public_url }) => invite(named, public_url.as_deref()),
        AccountCommand::Add(Added { named, .. }) => change(named, operator::check_free, |database, email, password| {
            operator::add_account(database, email, password)
                .map(|account| format!("added the account {}", harmless(account.email)))
        }),
        AccountCommand::SetPassword(named) => change(named, operator::check_known, |database, email, password| {
            operator::set_password(database, email, password).map(|account| {
                let email = harmless(account.email);
                format!("set the password of {email}; its tokens and what it let other apps do have ended")
            })
        }),
        AccountCommand::Suspend(known) => alter(known, Change::Suspend, |email| {
            format!("suspended {email}; `connhub account resume {email}` ends that")
        }),
        AccountCommand::Resume(known) => alter(known, Change::Resume, |email| format!("resumed {email}")),
        AccountCommand::Remove(Removed { known, yes }) => removal::remove(&known.email, &known.database.db, *yes),
        AccountCommand::SetRole(WithRole { known, role }) => match role {
            RoleName::Developer => {
                alter(known, Change::Role(Role::Developer), |email| format!("{email} is a developer"))
            }
            RoleName::Operator => alter(known, Change::Role(Role::Operator), |email| format!("{email} is an operator")),
        },
    }
}

/// Prints the link of an invitation.
fn invite(named: &Named, public_url: Option<&str>) -> ExitCode {
    match operator::invite_at(&named.database.db, &named.email) {
        Ok(issued) => {
            let (email, path) = (harmless(&issued.invite.email), issued.path());
            let day = issued.invite.expires_at.to_string();
            let day = day.split('T').next().unwrap_or_default();
            output::print_all(match public_url {
                Some(url) => format!("{email} can accept the invitation until {day}, once, at\n{url}{path}\n"),
                None => {
                    format!("{email} can accept the invitation until {day}, once, at your server's URL and\n{path}\n")
                }
            })
        }
        Err(error) => failed(&error),
    }
}

/// Changes an account for which no password is needed.
fn alter(known: &Known, change: Change, done: impl Fn(String) -> String) -> ExitCode {
    match operator::change(&known.database.db, &known.email, change) {
        Ok(record) => {
            output::say(done(harmless(record.account.email)));
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error),
    }
}

fn list(database: &Path) -> ExitCode {
    let accounts = match operator::accounts(database) {
        Ok(accounts) => accounts,
        Err(error) => return failed(&error),
    };
    if accounts.is_empty() {
        return output::print_all("there are no accounts\n");
    }
    output::print_all(table(&accounts))
}

fn table(accounts: &[AccountRecord]) -> String {
    let rows: Vec<[String; 4]> = std::iter::once(["E-MAIL", "NAME", "SINCE", "STATE"].map(str::to_owned))
        .chain(accounts.iter().map(|AccountRecord { account, suspension, .. }| {
            let since = account.created_at.to_string();
            let day = since.split('T').next().unwrap_or_default().to_owned();
            let state = match (suspension, account.role) {
                (Some(Suspension::Suspended), _) => "suspended",
                (Some(Suspension::Removing | Suspension::RemovingQuietly), _) => "removing",
                (None, Role::Operator) => "operator",
                (None, Role::Developer) => "",
            };
            [harmless(&account.email), harmless(&account.name), day, state.to_owned()]
        }))
        .collect();
    let width = |column: usize, max: usize| {
        rows.iter().map(|row| row[column].chars().count()).filter(|width| *width <= max).max().unwrap_or_default()
    };
    let (email, name) = (width(0, EMAIL_COLUMN_MAX), width(1, NAME_COLUMN_MAX));
    let line = |row: &[String; 4]| format!("{:email$}  {:name$}  {:10}  {}", row[0], row[1], row[2], row[3]);
    rows.iter().map(|row| format!("{}\n", line(row).trim_end())).collect()
}

/// Makes a change for which a password is needed, once it is known that it can be made.
fn change(
    named: &Named,
    check: fn(&Path, &str) -> crate::model::error::Result<()>,
    change: fn(&Path, &str, &str) -> crate::model::error::Result<String>,
) -> ExitCode {
    let Named { email, rest, database: Database { db } } = named;
    if !rest.is_empty() {
        return fail(
            "a password is not given on the command line, where other users and the shell's history can see it: leave it \
             out to be asked for it, or send it as one line of standard input",
        );
    }
    if let Err(error) = check(db, email) {
        return failed(&error);
    }
    let password = match prompt::new_password(&harmless(email)) {
        Ok(password) => password,
        Err(Refused::Interrupted) => return ExitCode::from(INTERRUPTED),
        Err(Refused::Unusable(why)) => return fail(why),
    };
    match change(db, email, &password) {
        Ok(done) => {
            output::say(done);
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::account::Account;
    use crate::model::id::AccountId;
    use crate::model::time::Timestamp;

    #[test]
    fn a_table_of_accounts_fits_in_80_columns_and_cannot_change_the_screen() {
        let account = |email: &str, name: &str, suspension| AccountRecord {
            account: Account {
                id: AccountId::generate(),
                email: email.to_owned(),
                name: name.to_owned(),
                role: Role::Developer,
                generation: 0,
                created_at: Timestamp::from_micros(0),
            },
            used_at: Timestamp::from_micros(0),
            suspension,
        };
        let long = format!("{}@example.com", "a".repeat(60));
        let table = table(&[
            account("dev@example.com", "dev", None),
            account(&format!("{}@example.com", "b".repeat(24)), &"n".repeat(19), Some(Suspension::Suspended)),
            account(&long, "\u{1b}[2J", None),
        ]);
        let lines: Vec<_> = table.lines().collect();
        assert_eq!(lines.len(), 4, "{table}");
        assert!(lines[0].starts_with("E-MAIL ") && lines[1].ends_with("  1970-01-01"), "{table}");
        assert!(lines[2].ends_with("  1970-01-01  suspended"), "{table}");
        assert!(lines[..3].iter().all(|line| line.chars().count() <= 80), "{table}");
        assert!(lines[3].starts_with(&long) && lines[3].contains("\\u{1b}[2J"), "{table}");
        assert!(!table.contains('\u{1b}'));
    }
}
