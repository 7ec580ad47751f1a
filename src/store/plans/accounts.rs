//! What is done with accounts and for operators.

use super::nouns::Nouns;
use crate::model::account::{Invite, Role, Suspension};
use crate::model::error::Result;
use crate::model::id::InviteId;
use crate::model::page::Page;
use crate::model::time::Timestamp;
use crate::model::usage::Traffic;
use crate::store::cascade::{self, Step};
use crate::store::testing::NOW;
use crate::store::{account, account_removal, invite, suspension, traffic};
use rusqlite::{Connection, Transaction};

pub(super) fn read(connection: &Connection, nouns: &Nouns) -> Result<()> {
    let id = nouns.account.id;
    assert_eq!(account::first_operator(connection)?.map(|account| account.id), Some(id));
    assert!(!account::has_other_operator(connection, id)?);
    assert_eq!(account::records(connection, Page { first: 2, after: None })?.len(), 1);
    assert!(account::record(connection, id)?.is_some_and(|record| record.suspension.is_none()));
    assert!(account::reaches(connection, 1)? && !account::reaches(connection, 2)?);
    assert_eq!(account::emails(connection, &[id])?.len(), 1);
    assert_eq!(account::count(connection)?, 1);
    assert!(account::idle(connection, Timestamp::MAX, Timestamp::MAX, 1)?.is_empty(), "an operator's");
    assert!(suspension::publications(connection)?.is_empty());
    assert!(invite::all(connection, NOW)?.is_empty() && invite::by_token(connection, [0; 32], NOW)?.is_none());
    assert!(traffic::since(connection, 0, 1)?.is_empty());
    assert!(!suspension::any(connection)?);
    assert_eq!(suspension::of(connection, id)?, None);
    let had = account_removal::belongings(connection, id)?;
    assert_eq!((had.apps, had.publications, had.installations, had.instances, had.things), (1, 1, 1, 1, 1));
    assert!(account_removal::any_installation(connection, id)?);
    assert_eq!(account_removal::installations_to_remove(connection, id, 2)?, [nouns.installation.id]);
    assert_eq!(account_removal::unconfirmed(connection, id, NOW)?, 0);
    assert!(account_removal::open(connection)?.is_empty() && account_removal::get(connection, id)?.is_none());
    Ok(())
}

pub(super) fn change(transaction: &Transaction<'_>, nouns: &Nouns) -> Result<()> {
    let (id, publication) = (nouns.account.id, nouns.publication.id);
    account::set_role(transaction, id, Role::Developer)?;
    account::note_idle(transaction, id, NOW)?;
    account::touch(transaction, id, NOW, NOW)?;
    change_invites(transaction)?;
    change_traffic(transaction, nouns)?;
    suspension::set(transaction, id, Suspension::Suspended, NOW)?;
    suspension::set(transaction, publication, Suspension::Suspended, NOW)?;
    let parties = suspension::of_installation(transaction, nouns.installation.id)?;
    assert!(parties.app_owner.is_some() && parties.connector_owner.is_some() && parties.publication.is_some());
    suspension::end(transaction, id)?;
    account_removal::begin(transaction, &nouns.account, &account_removal::belongings(transaction, id)?, NOW)?;
    account_removal::set_unconfirmed(transaction, id, 1)?;
    account_removal::remove_publications(transaction, id)?;
    assert_eq!(account_removal::open(transaction)?.len(), 1);
    Ok(())
}

/// The account itself goes last.
pub(super) fn end(transaction: &Transaction<'_>, nouns: &Nouns) -> Result<()> {
    let id = nouns.account.id;
    while !cascade::of_account(transaction, id, &Step::begin())? {}
    assert_eq!(account_removal::delete_log(transaction, id, 1)?, 0);
    account_removal::remove_publications(transaction, id)?;
    account_removal::end(transaction, id, NOW)?;
    assert!(account_removal::get(transaction, id)?.is_some_and(|removal| removal.ended_at.is_some()));
    assert!(!suspension::any(transaction)?, "it ends with its subject");
    account_removal::trim(transaction, Timestamp::MAX)
}

fn change_traffic(transaction: &Transaction<'_>, nouns: &Nouns) -> Result<()> {
    let (id, publication) = (nouns.account.id, nouns.publication.id);
    let traffic = Traffic { callbacks: 1, failures: 1, updates: 0 };
    traffic::add_callbacks(transaction, 2, publication, id, traffic)?;
    assert_eq!(traffic::add_updates(transaction, 2, nouns.installation.id, 3)?, Some([id; 2]));
    let counted = traffic::since(transaction, 1, 3)?;
    assert_eq!(counted[0].day, Traffic { updates: 3, ..traffic });
    assert_eq!(counted[0].today, Traffic::default());
    traffic::trim(transaction, 3)
}

fn change_invites(transaction: &Transaction<'_>) -> Result<()> {
    let invite =
        Invite { id: InviteId::generate(), email: "i@h".to_owned(), created_at: NOW, expires_at: Timestamp::MAX };
    invite::insert(transaction, &invite, &[1; 32])?;
    let second = Invite { id: InviteId::generate(), ..invite.clone() };
    invite::insert(transaction, &second, &[2; 32])?;
    assert_eq!(invite::all(transaction, NOW)?, std::slice::from_ref(&second), "an address has one");
    assert!(!invite::delete(transaction, invite.id)? && invite::delete(transaction, second.id)?);
    invite::trim(transaction, NOW)
}
