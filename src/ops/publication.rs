//! Connector publications: publishing, changing, removing and finding them.

use crate::model::error::{Error, Result, Violation};
use crate::model::id::{AccountId, PublicationId};
use crate::model::page::Page;
use crate::model::parameter::have_expressions;
use crate::model::party::Party;
use crate::model::publication::{CallbackUrls, Publication, PublicationProfile, PublicationState, SigningSeed};
use crate::ops::caller::{Caller, Developer};
use crate::ops::{Platform, View, now, suspension};
use crate::store;
use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use rusqlite::Connection;
use std::sync::Arc;

impl Caller {
    /// The account on whose behalf this caller sees publications; none for connectors.
    fn viewer(&self) -> Option<AccountId> {
        match self {
            Self::Developer(developer) => Some(developer.account),
            Self::Service(service) => Some(service.owner),
            Self::Instance(_) | Self::Installation(_) => None,
        }
    }

    /// Whether this caller is the account itself, which alone sees callback URLs and keys.
    #[must_use]
    pub fn is_account(&self, account: AccountId) -> bool {
        matches!(self, Self::Developer(developer) if developer.account == account)
    }
}

/// The developer's publications, in the order of publishing.
///
/// # Errors
/// Faults of the database.
pub fn list_own(view: &View, caller: &Developer) -> Result<Vec<Publication>> {
    store::publication::of_owner(view, caller.account)
}

/// A page of what the store shows: PUBLIC publications and the account's own.
///
/// # Errors
/// Faults of the database.
pub fn in_store(
    view: &View,
    caller: &Caller,
    search: Option<&str>,
    tag: Option<&str>,
    page: Page<PublicationId>,
) -> Result<Vec<Publication>> {
    // Nobody's account: such a caller sees the PUBLIC ones alone.
    let viewer = caller.viewer().unwrap_or(AccountId::MIN);
    store::publication::in_store(view, viewer, search.filter(|text| !text.is_empty()), tag, page)
}

/// One publication on offer that the caller may see; the way to UNLISTED ones.
///
/// # Errors
/// Faults of the database.
pub fn find(view: &View, caller: &Caller, id: PublicationId) -> Result<Option<Publication>> {
    let viewer = caller.viewer();
    let on_offer = |publication: &Publication| {
        publication.state == PublicationState::Published && publication.is_visible_to(viewer)
    };
    match store::publication::get(view, id)?.filter(on_offer) {
        Some(publication) if viewer != Some(publication.owner) && suspension::hides(view, &publication)? => Ok(None),
        found => Ok(found),
    }
}

/// The publications of installations that the caller may see, whatever their mode.
///
/// # Errors
/// Faults of the database.
pub fn of_installations(view: &View, ids: &[PublicationId]) -> Result<Vec<Publication>> {
    store::publication::get_many(view, ids)
}

/// Publishes a connector, with a new key pair.
///
/// # Errors
/// All violations of the rules for publications; [`Error::Conflict`] where the account has as many as it may.
pub async fn publish(platform: &Platform, caller: &Developer, profile: PublicationProfile) -> Result<Publication> {
    let profile = checked(platform, caller.party(), profile, None).await?;
    let (public_key, seed) = new_key();
    let publication = Publication {
        id: PublicationId::generate(),
        owner: caller.account,
        profile,
        state: PublicationState::Published,
        suspended: false,
        public_key,
        next_public_key: None,
        created_at: now(),
    };
    let quotas = platform.settings.quotas;
    let stored = platform.store.write(move |transaction| {
        quotas.publication(transaction, publication.owner)?;
        store::publication::insert(transaction, &publication, &seed)?;
        Ok(publication)
    });
    stored.await
}

/// A key pair.
fn new_key() -> ([u8; 32], SigningSeed) {
    let seed = SigningSeed(rand::random());
    (SigningKey::from_bytes(&seed.0).verifying_key().to_bytes(), seed)
}

/// Makes a new key pair for a publication. Its callbacks are signed with the current one until the new one is confirmed.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] while there is a new one already.
pub async fn rotate_key(platform: &Platform, caller: &Developer, id: PublicationId) -> Result<Publication> {
    let caller = caller.clone();
    let stored = platform.store.write(move |transaction| {
        let publication = own(transaction, &caller, id)?;
        if publication.next_public_key.is_some() {
            return Err(Error::Conflict(
                "the connector has a new key already, which is not confirmed: use that one, or abandon it and make another"
                    .to_owned(),
            ));
        }
        let (public_key, seed) = new_key();
        store::publication::set_next_key(transaction, id, &public_key, &seed)?;
        Ok(Publication { next_public_key: Some(public_key), ..publication })
    });
    stored.await
}

/// Has callbacks signed with the new key pair from now on: the connector verifies with this public key, in base64.
/// Confirming it again changes nothing.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`] for another key than the new one; [`Error::Conflict`] without a new one.
pub async fn confirm_key(
    platform: &Platform,
    caller: &Developer,
    id: PublicationId,
    public_key: String,
) -> Result<Publication> {
    let caller = caller.clone();
    let stored = platform.store.write(move |transaction| {
        let publication = own(transaction, &caller, id)?;
        let is_meant = |key: [u8; 32]| STANDARD.encode(key) == public_key;
        match publication.next_public_key {
            Some(next) if is_meant(next) => {
                store::publication::confirm_next_key(transaction, id)?;
                Ok(Publication { public_key: next, next_public_key: None, ..publication })
            }
            // The response to the first time may have been lost.
            None if is_meant(publication.public_key) => Ok(publication),
            None => Err(Error::Conflict("the connector has no new key; make one with rotateConnectorKey".to_owned())),
            Some(next) => {
                let message = format!("is not the connector's new key, which is {}", STANDARD.encode(next));
                Err(Error::Invalid(vec![Violation { path: "publicKey".to_owned(), message }]))
            }
        }
    });
    stored.await
}

/// Forgets the new key pair, if there is one. Nothing was ever signed with it.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn abandon_key(platform: &Platform, caller: &Developer, id: PublicationId) -> Result<Publication> {
    let caller = caller.clone();
    let stored = platform.store.write(move |transaction| {
        let publication = own(transaction, &caller, id)?;
        store::publication::forget_next_key(transaction, id)?;
        Ok(Publication { next_public_key: None, ..publication })
    });
    stored.await
}

/// Changes a publication: `change` gets what it says now and returns what it shall say.
///
/// # Errors
/// [`Error::NotFound`]; all violations of the rules for publications; [`Error::Conflict`] where
/// somebody else changes it at the same time.
pub async fn update(
    platform: &Arc<Platform>,
    caller: &Developer,
    id: PublicationId,
    change: impl FnOnce(PublicationProfile) -> PublicationProfile,
) -> Result<Publication> {
    let (developer, caller) = (caller.clone(), caller.clone());
    let party = caller.party();
    let before = platform.read(move |view| own(view, &developer, id)).await?.profile;
    let profile = checked(platform, party, change(before.clone()), Some(before.callback_urls.clone())).await?;
    let stored = platform.store.write(move |transaction| {
        let publication = own(transaction, &caller, id)?;
        if publication.profile != before {
            return Err(Error::Conflict("the connector was changed by somebody else meanwhile; try again".to_owned()));
        }
        store::publication::update(transaction, id, &profile)?;
        Ok(Publication { profile, ..publication })
    });
    stored.await
}

/// Checks a profile, in turns if its expressions have to be compiled.
async fn checked(
    platform: &Platform,
    party: Party,
    profile: PublicationProfile,
    before: Option<CallbackUrls>,
) -> Result<PublicationProfile> {
    let policy = platform.settings.callback_urls.clone();
    if !have_expressions(&profile.installation_parameters) && !have_expressions(&profile.instance_parameters) {
        return profile.checked(&policy, before.as_ref(), &|| true);
    }
    platform.check(party, move |in_time| profile.checked(&policy, before.as_ref(), in_time)).await
}

/// Takes a publication off the offer. Its installations go on; with the last of them it is gone.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn remove(platform: &Platform, caller: &Developer, id: PublicationId) -> Result<Publication> {
    let caller = caller.clone();
    let stored = platform.store.write(move |transaction| {
        let publication = own(transaction, &caller, id)?;
        store::publication::remove(transaction, id)?;
        store::publication::purge_if_unused(transaction, id)?;
        Ok(Publication { state: PublicationState::Removed, ..publication })
    });
    stored.await
}

/// A publication on offer of the developer.
fn own(connection: &Connection, caller: &Developer, id: PublicationId) -> Result<Publication> {
    store::publication::get(connection, id)?
        .filter(|publication| publication.owner == caller.account && publication.state == PublicationState::Published)
        .ok_or_else(|| Error::not_found("connector", id))
}
