//! What an operator does with accounts on the database's file, beside a server or without one. Whoever can write the
//! file may do all of it, so no caller is needed.
//!
//! A running server sees each change at once: it keeps no account in memory, and reads the account's generation and
//! each grant from the database whenever a token comes.

use crate::metrics::Metrics;
use crate::model::account::{Account, check_new};
use crate::model::error::{Error, Result, Violations};
use crate::ops::{account, password};
use crate::store::{self, Inserted, Store};
use std::fs::File;
use std::path::Path;

/// All accounts, oldest first. Blocks, as everything here.
///
/// # Errors
/// If there is no database, or it needs a migration first.
pub fn accounts(database: &Path) -> Result<Vec<Account>> {
    with(database, |store| store::account::all(&*store.snapshot()?))
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
    with(database, |store| known(store, email, database).map(|_| ()))
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
    with(database, |store| {
        let account = known(store, email, database)?;
        store.write(move |transaction| account::replace_password(transaction, account, &password_hash)).wait()
    })
}

fn known(store: &Store, email: &str, database: &Path) -> Result<Account> {
    let found = store::account::by_email(&*store.snapshot()?, email)?;
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
    let store = Store::beside(database, 1, &Metrics::new().map_err(Error::fault)?)?;
    let result = work(&store);
    store.close();
    result
}
