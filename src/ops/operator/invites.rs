//! Invitations: a one-time link with which somebody gets an account although sign-up is closed. No mail is sent: the
//! operator hands the link over. The token in it is shown once, and only its hash is kept.
//!
//! Used by [`super`].

use crate::model::account::{Invite, check_email, check_new};
use crate::model::error::{Error, Result};
use crate::model::id::InviteId;
use crate::ops::account::{self, IssuedToken};
use crate::ops::caller::Operator;
use crate::ops::operator::accounts::still;
use crate::ops::{Platform, View, now, secret};
use crate::store::{self, Inserted};
use rusqlite::Transaction;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// How long an invitation can be accepted.
pub const LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// An invitation with its token, which is shown once.
#[derive(Debug, Clone)]
pub struct IssuedInvite {
    /// The invitation.
    pub invite: Invite,
    /// What the link contains.
    pub token: String,
}

impl IssuedInvite {
    /// The link, below the server's URL. What is behind `#` is not sent to any server.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/invite#{}", self.token)
    }
}

/// Invites somebody. An older invitation of the same address ends.
///
/// # Errors
/// A violation of the rules for e-mails; [`Error::Conflict`] if the address has an account, or there are as many
/// accounts as may be.
pub async fn invite(platform: &Platform, caller: &Operator, email: String) -> Result<IssuedInvite> {
    check_email(&email)?;
    let (caller, accounts) = (caller.clone(), platform.settings.accounts);
    let stored = platform.store.write(move |transaction| {
        account::check_room(transaction, accounts)?;
        issue(transaction, &caller, email)
    });
    stored.await
}

/// Makes an invitation in a write.
pub(super) fn issue(transaction: &Transaction<'_>, by: &Operator, email: String) -> Result<IssuedInvite> {
    still(transaction, by)?;
    if let Some((account, _)) = store::account::by_email(transaction, &email)? {
        return Err(Error::Conflict(format!("{} has an account already", account.email)));
    }
    let (created_at, token) = (now(), secret::generate());
    let invite = Invite { id: InviteId::generate(), email, created_at, expires_at: created_at.plus(LIFETIME) };
    store::invite::insert(transaction, &invite, &secret::hash(&token))?;
    Ok(IssuedInvite { invite, token })
}

/// The invitations that can be accepted, oldest first.
///
/// # Errors
/// Faults of the database.
pub fn invites(view: &View, _: &Operator) -> Result<Vec<Invite>> {
    store::invite::all(view, now())
}

/// Ends an invitation.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn revoke_invite(platform: &Platform, caller: &Operator, id: InviteId) -> Result<InviteId> {
    let caller = caller.clone();
    let revoked = platform.store.write(move |transaction| {
        still(transaction, &caller)?;
        store::invite::delete(transaction, id)?.then_some(id).ok_or_else(|| Error::not_found("invitation", id))
    });
    revoked.await
}

/// The invitation with a token, for anyone who has it.
///
/// # Errors
/// Faults of the database.
pub fn invited(view: &View, token: &str) -> Result<Option<Invite>> {
    store::invite::by_token(view, secret::hash(token), now())
}

/// Makes the account of somebody who was invited and signs them in. The invitation ends.
///
/// # Errors
/// [`Error::NotFound`] if there is no such invitation any more; all violations of the rules; [`Error::Conflict`] if the
/// address has an account by now, or there are as many accounts as may be; [`Error::TooMany`] after so many tries from
/// one address.
pub async fn accept(
    platform: &Arc<Platform>,
    token: &str,
    password: String,
    name: Option<String>,
    address: IpAddr,
) -> Result<IssuedToken> {
    platform.registrations.take("", address)?;
    let hash = secret::hash(token);
    let invite = platform.read(move |view| store::invite::by_token(view, hash, now())).await?.ok_or_else(ended)?;
    check_new(&invite.email, &password, name.as_deref())?;
    platform.hashing_from.take("", address)?;
    let password_hash = platform.passwords.turn(None, Some(address)).await.hash(password).await?;
    let (account, accounts) = (account::new(invite.email, name), platform.settings.accounts);
    let stored = platform.store.write(move |transaction| {
        account::check_room(transaction, accounts)?;
        if !store::invite::delete(transaction, invite.id)? {
            return Err(ended());
        }
        match store::account::insert(transaction, &account, &password_hash)? {
            Inserted::New => Ok(account),
            Inserted::Exists => {
                Err(Error::Conflict(format!("{} has an account already: sign in with its password", account.email)))
            }
        }
    });
    account::developer_token(platform, &stored.await?)
}

fn ended() -> Error {
    Error::NotFound(
        "the invitation has expired, was used or was replaced by a newer one: ask the operator for another link"
            .to_owned(),
    )
}
