//! What an operator decides, in the page or at the database's file, alongside a server or without one. A person who can
//! write the file may do all of it, so there the functions make their own [`Operator`].
//!
//! A running server sees each change at the file at once: it keeps no account in memory, and reads the account, its
//! generation, suspensions and each grant from the database with every token. What stays open is looked after by
//! `removal::continue_all`.
//!
//! Used by `graphql` and `cli`.

mod accounts;
pub(in crate::ops) mod idle;
mod invites;
pub(in crate::ops) mod removal;
pub(in crate::ops) mod usage;

pub use invites::{IssuedInvite, accept, invite, invited, invites, revoke_invite};
pub use usage::{AccountUsage, ConnectorUsage, account as account_usage, accounts as accounts_usage, connectors};

use crate::metrics::Metrics;
use crate::model::account::{Account, AccountRecord, AccountRemoval, Belongings, Role, check_email, check_new};
use crate::model::error::{Error, Result, Violations};
use crate::model::id::{AccountId, PublicationId};
use crate::model::page::Page;
use crate::model::publication::Publication;
use crate::ops::caller::Operator;
use crate::ops::{Platform, View, account, password, suspension};
use crate::store::{self, Inserted, Store};
use rusqlite::{Connection, Transaction};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// The operator at the file.
const AT_FILE: Operator = Operator { account: None };
/// How many accounts are read at once.
const ACCOUNTS_AT_ONCE: u32 = 1_000;

/// Suspends an account: nobody signs in, none of its tokens is accepted, nothing is sent; its data is kept.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] for the operator's own account.
pub async fn suspend(platform: &Platform, caller: &Operator, id: AccountId) -> Result<AccountRecord> {
    let caller = caller.clone();
    platform.store.write(move |transaction| accounts::suspend(transaction, &caller, id)).await
}

/// Ends the suspension of an account.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] for an account that is being removed.
pub async fn resume(platform: &Platform, caller: &Operator, id: AccountId) -> Result<AccountRecord> {
    let caller = caller.clone();
    platform.store.write(move |transaction| accounts::resume(transaction, &caller, id)).await
}

/// Gives an account a role.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] if there would be no operator.
pub async fn set_role(platform: &Platform, caller: &Operator, id: AccountId, role: Role) -> Result<AccountRecord> {
    let caller = caller.clone();
    platform.store.write(move |transaction| accounts::set_role(transaction, &caller, id, role)).await
}

/// Begins to remove an account with everything that it owns, which the server does from then on. Returns what it has.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] for the operator's own account.
pub async fn remove(platform: &Arc<Platform>, caller: &Operator, id: AccountId) -> Result<(AccountRecord, Belongings)> {
    let caller = caller.clone();
    let had = platform.read(move |view| store::account_removal::belongings(view, id)).await?;
    let begun = platform.store.write(move |transaction| accounts::begin_removal(transaction, &caller, id, &had));
    Ok((begun.await?, had))
}

/// Suspends a publication: it is not called, its tokens are not accepted, and the store does not show it.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn suspend_publication(platform: &Platform, caller: &Operator, id: PublicationId) -> Result<Publication> {
    let caller = caller.clone();
    platform.store.write(move |transaction| accounts::suspend_publication(transaction, &caller, id)).await
}

/// Ends the suspension of a publication.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn resume_publication(platform: &Platform, caller: &Operator, id: PublicationId) -> Result<Publication> {
    let caller = caller.clone();
    platform.store.write(move |transaction| accounts::resume_publication(transaction, &caller, id)).await
}

/// All accounts, oldest first. Blocks, as everything here that is given a database.
///
/// # Errors
/// If there is no database, or it needs a migration first.
pub fn accounts(database: &Path) -> Result<Vec<AccountRecord>> {
    with(database, all)
}

fn all(store: &Store) -> Result<Vec<AccountRecord>> {
    let view = store.snapshot()?;
    let mut all = Vec::new();
    loop {
        let after = all.last().map(|record: &AccountRecord| record.account.id);
        let page = store::account::records(&view, Page { first: ACCOUNTS_AT_ONCE, after })?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// Invites somebody at the file.
///
/// # Errors
/// As [`invite`].
pub fn invite_at(database: &Path, email: &str) -> Result<IssuedInvite> {
    check_email(email)?;
    let email = email.to_owned();
    with(database, |store| store.write(move |transaction| invites::issue(transaction, &AT_FILE, email)).wait())
}

/// What all accounts and connectors use, the busiest connectors first. Reads everything.
///
/// # Errors
/// If there is no database, or it needs a migration first.
pub fn usage_at(database: &Path) -> Result<(Vec<AccountUsage>, Vec<ConnectorUsage>)> {
    with(database, |store| usage::of_all(store, all(store)?))
}

/// How the server is.
#[derive(Debug, Clone, Copy)]
pub struct ServerState {
    /// How many accounts there are.
    pub accounts: u64,
    /// How many there may be, if that is limited.
    pub accounts_max: Option<u32>,
}

/// How the server is.
///
/// # Errors
/// Faults of the database.
pub fn server(platform: &Platform, view: &View, _: &Operator) -> Result<ServerState> {
    Ok(ServerState { accounts: store::account::count(view)?, accounts_max: platform.settings.accounts })
}

/// What is done to one account at the file.
#[derive(Debug, Clone, Copy)]
pub enum Change {
    /// [`suspend`].
    Suspend,
    /// [`resume`].
    Resume,
    /// [`set_role`].
    Role(Role),
}

/// Changes an account at the file.
///
/// # Errors
/// As [`suspend`], [`resume`] and [`set_role`].
pub fn change(database: &Path, email: &str, change: Change) -> Result<AccountRecord> {
    with(database, |store| {
        let id = known(&*store.snapshot()?, email, database)?.id;
        let write = move |transaction: &Transaction<'_>| match change {
            Change::Suspend => accounts::suspend(transaction, &AT_FILE, id),
            Change::Resume => accounts::resume(transaction, &AT_FILE, id),
            Change::Role(role) => accounts::set_role(transaction, &AT_FILE, id, role),
        };
        store.write(write).wait()
    })
}

/// Changes a publication at the file: suspends it, or ends that.
///
/// # Errors
/// [`Error::NotFound`].
pub fn change_publication(database: &Path, id: PublicationId, suspend: bool) -> Result<Publication> {
    with(database, |store| {
        let write = move |transaction: &Transaction<'_>| {
            if suspend {
                accounts::suspend_publication(transaction, &AT_FILE, id)
            } else {
                accounts::resume_publication(transaction, &AT_FILE, id)
            }
        };
        store.write(write).wait()
    })
}

/// What an account has.
///
/// # Errors
/// [`Error::NotFound`] if there is no such account.
pub fn belongings(database: &Path, email: &str) -> Result<(Account, Belongings)> {
    with(database, |store| {
        let account = known(&*store.snapshot()?, email, database)?;
        let had = store::account_removal::belongings(&*store.snapshot()?, account.id)?;
        Ok((account, had))
    })
}

/// Begins to remove an account at the file. Returns whether a server runs that does the rest.
///
/// # Errors
/// As [`remove`].
pub fn begin_removal(database: &Path, account: AccountId, had: Belongings) -> Result<bool> {
    with(database, |store| {
        store.write(move |transaction| accounts::begin_removal(transaction, &AT_FILE, account, &had)).wait()
    })?;
    Ok(Store::is_served(database))
}

/// How far the removal of an account is, and how many of the instances are left that are a part of it.
///
/// # Errors
/// [`Error::NotFound`] if none has begun.
pub fn progress(database: &Path, account: AccountId) -> Result<(AccountRemoval, Belongings)> {
    with(database, |store| {
        let view = store.snapshot()?;
        let removal = store::account_removal::get(&view, account)?;
        let removal = removal.ok_or_else(|| Error::not_found("removal of the account", account))?;
        Ok((removal, store::account_removal::belongings(&view, account)?))
    })
}

/// Checks that an account may be added, before somebody is asked for its password.
///
/// # Errors
/// [`Error::Conflict`] if the e-mail has an account already.
pub fn check_free(database: &Path, email: &str) -> Result<()> {
    with(database, |store| match store::account::by_email(&*store.snapshot()?, email)? {
        None => Ok(()),
        Some((account, _)) => Err(taken(&account.email, database)),
    })
}

/// Checks that there is an account, before somebody is asked for its new password.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub fn check_known(database: &Path, email: &str) -> Result<()> {
    with(database, |store| known(&*store.snapshot()?, email, database).map(|_| ()))
}

/// Adds an account.
///
/// # Errors
/// Violations of the rules for e-mail and password; [`Error::Conflict`] if the e-mail has an account already.
pub fn add_account(database: &Path, email: &str, password: &str) -> Result<Account> {
    check_new(email, password, None)?;
    let password_hash = password::hash(password)?;
    let account = account::new(email.to_owned(), None);
    let file = database.to_owned();
    with(database, move |store| {
        let added =
            store.write(move |transaction| match store::account::insert(transaction, &account, &password_hash)? {
                Inserted::New => Ok(account),
                Inserted::Exists => Err(taken(&account.email, &file)),
            });
        added.wait()
    })
}

/// Sets the password of an account. Its developer tokens and what it let other apps do end, as if its owner had changed
/// the password.
///
/// # Errors
/// A violation of the rules for passwords; [`Error::NotFound`] if there is no such account.
pub fn set_password(database: &Path, email: &str, password: &str) -> Result<Account> {
    let mut violations = Violations::default();
    violations.password(password, "password");
    violations.into_result(())?;
    let password_hash = password::hash(password)?;
    let (email, file) = (email.to_owned(), database.to_owned());
    with(database, |store| {
        let set = store.write(move |transaction| {
            // Read in the same transaction: the operator's word counts, whatever the owner does meanwhile.
            let account = known(transaction, &email, &file)?;
            suspension::note_change(transaction)?;
            account::replace_password(transaction, account, &password_hash)
        });
        set.wait()
    })
}

fn known(connection: &Connection, email: &str, database: &Path) -> Result<Account> {
    let found = store::account::by_email(connection, email)?;
    found.map(|(account, _)| account).ok_or_else(|| {
        let file = database.display();
        Error::NotFound(format!("{file} has no account {email}; `connhub account list --db {file}` shows all"))
    })
}

fn taken(email: &str, database: &Path) -> Error {
    let file = database.display();
    Error::Conflict(format!(
        "{email} has an account already; `connhub account set-password {email} --db {file}` sets its password"
    ))
}

fn with<T>(database: &Path, work: impl FnOnce(&Store) -> Result<T>) -> Result<T> {
    must_be_writable(database)?;
    finish(Store::beside(database, 1, &Metrics::new().map_err(Error::fault)?)?, work)
}

/// Works on a database that is there, and on its encrypted values. Blocks.
pub(super) fn with_key<T>(
    database: &Path,
    key_file: Option<&Path>,
    work: impl FnOnce(&Store) -> Result<T>,
) -> Result<T> {
    must_be_writable(database)?;
    finish(Store::beside_with_key(database, 1, &Metrics::new().map_err(Error::fault)?, key_file)?, work)
}

fn must_be_writable(database: &Path) -> Result<()> {
    if !database.is_file() {
        let file = database.display();
        return Err(Error::NotFound(format!("there is no database {file}: `connhub serve --db {file}` makes one")));
    }
    // SQLite would not say why.
    if let Err(error) = File::options().read(true).write(true).open(database) {
        let file = database.display();
        return Err(Error::Unavailable(format!(
            "cannot open {file}: {error}; run this as the user that the file is for"
        )));
    }
    Ok(())
}

fn finish<T>(store: Store, work: impl FnOnce(&Store) -> Result<T>) -> Result<T> {
    let result = work(&store);
    store.close();
    result
}
