//! For tests of the store: an empty database in memory, and what things need to stand in it.

use super::*;
use crate::model::account::{Account, Role};
use crate::model::app::App;
use crate::model::id::{AccountId, AppId};
use crate::model::time::Timestamp;

pub(super) const NOW: Timestamp = Timestamp::from_micros(1);

/// A connection to an empty database of the newest form.
pub(super) fn connection() -> Connection {
    let mut connection = Connection::open_in_memory().expect("memory");
    prepare(&connection).expect("prepared");
    migrate::do_steps(&mut connection, 0..migrate::newest()).expect("migrated");
    connection.execute_batch("PRAGMA foreign_keys = ON").expect("foreign keys");
    connection
}

/// An account, which is not there yet.
pub(super) fn new_account() -> Account {
    Account {
        id: AccountId::generate(),
        email: "e@h".to_owned(),
        name: "n".to_owned(),
        role: Role::Developer,
        generation: 0,
        created_at: NOW,
    }
}

/// An app, which is not there yet.
pub(super) fn new_app(owner: AccountId) -> App {
    App {
        id: AppId::generate(),
        owner,
        name: "n".to_owned(),
        redirect_uris: vec!["https://h".to_owned()],
        has_secret: true,
        generation: 0,
        created_at: NOW,
    }
}

/// Adds an account with an app.
pub(super) fn app(transaction: &Transaction<'_>) -> AppId {
    let account = new_account();
    assert_eq!(account::insert(transaction, &account, "h").expect("an account"), Inserted::New);
    let app = new_app(account.id);
    app::insert(transaction, &app, &[0; 32]).expect("an app");
    app.id
}
