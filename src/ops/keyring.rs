//! The keys that sign tokens as the database keeps them: which one signs, how an operator changes it, and how a running
//! server follows. A new key ends tokens of developers and apps, which get new ones, at once or after a grace period.
//! Tokens of connectors stay valid as long as their key is kept, because nothing ever sends a connector a new one.
//!
//! Used by [`super::Platform`] and by the command `connhub secret`.

use crate::model::error::{Error, Result};
use crate::model::time::Timestamp;
use crate::model::token::KeyId;
use crate::ops::operator::with_key;
use crate::ops::token::Keys;
use crate::ops::{Platform, now};
use crate::store::Store;
use crate::store::signing_key::{self, KEYS_MAX, SigningKey};
use rusqlite::Transaction;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Reads the keys, with the operator's secret as the one that signs, or the newest of the database's own, which is made
/// if there is none.
pub(super) fn load(store: &Store, secret: Option<&str>) -> Result<Keys> {
    let chosen = secret.map(|secret| (id_of(secret), secret.as_bytes().to_owned()));
    let loaded = store.write(move |transaction| {
        let keys = signing_key::all(transaction)?;
        let now = now();
        let wanted = match chosen {
            Some((id, key)) => keys.iter().find(|key| key.id == id).cloned().unwrap_or_else(|| new(id, key, true)),
            None => keys.iter().find(|key| !key.chosen).cloned().unwrap_or_else(generate),
        };
        // A key that signs again is as good as it was: its tokens are too.
        let wanted = SigningKey { retired_at: None, accepted_until: None, ..wanted };
        let ended = sign_with(transaction, &keys, &wanted, now, now)?;
        signing_key::adopt_tokens(transaction, wanted.id)?;
        Ok((wanted, ended, signing_key::all(transaction)?))
    });
    let (wanted, ended, keys) = loaded.wait()?;
    if let Some(ended) = ended {
        tracing::warn!(
            former = %ended, now = %wanted.id,
            "another key signs tokens now: those of developers and apps have ended, those of connectors are valid until \
             `connhub secret remove {ended}`"
        );
    }
    let retired = others(&keys, wanted.id);
    Ok(Keys::new(&wanted, &retired))
}

/// Takes the keys as the database has them now: an operator may have changed them. If it has none, they stay.
pub(super) async fn follow(platform: &Arc<Platform>) -> Result<()> {
    let keys = platform.read(|view| signing_key::all(view)).await?;
    if let Some(signing) = keys.iter().find(|key| key.retired_at.is_none()) {
        platform.keys.replace(signing, &others(&keys, signing.id));
    }
    Ok(())
}

fn others(keys: &[SigningKey], signing: KeyId) -> Vec<SigningKey> {
    keys.iter().filter(|key| key.id != signing).cloned().collect()
}

/// The name of a secret: the same each time, so that a secret that is used again is known.
fn id_of(secret: &str) -> KeyId {
    let hash = Sha256::new_with_prefix("connhub signing key ").chain_update(secret).finalize();
    KeyId(i64::from_be_bytes(std::array::from_fn(|at| hash[at])))
}

fn new(id: KeyId, key: Vec<u8>, chosen: bool) -> SigningKey {
    SigningKey { id, key, chosen, created_at: now(), retired_at: None, accepted_until: None }
}

fn generate() -> SigningKey {
    new(KeyId(rand::random()), rand::random::<[u8; 32]>().to_vec(), false)
}

/// Makes `wanted` the key that signs, and accepts tokens of the former one until then. Returns the former one.
fn sign_with(
    transaction: &Transaction<'_>,
    keys: &[SigningKey],
    wanted: &SigningKey,
    now: Timestamp,
    accepted_until: Timestamp,
) -> Result<Option<KeyId>> {
    let mut former = None;
    for key in keys.iter().filter(|key| key.id != wanted.id && key.retired_at.is_none()) {
        let retired = SigningKey { retired_at: Some(now), accepted_until: Some(accepted_until), ..key.clone() };
        signing_key::put(transaction, &retired)?;
        former = Some(key.id);
    }
    if keys.len() >= KEYS_MAX && keys.iter().all(|key| key.id != wanted.id) {
        return Err(Error::Conflict(format!(
            "there are {KEYS_MAX} keys, and that is the most: `connhub secret list` shows which are in use, and `connhub \
             secret remove` removes one"
        )));
    }
    // A start that changes nothing writes nothing.
    if !keys.contains(wanted) {
        signing_key::put(transaction, wanted)?;
    }
    Ok(former)
}

/// A key as an operator sees it.
#[derive(Debug)]
pub struct ListedKey {
    /// What its tokens name it by.
    pub id: KeyId,
    /// Whether it comes from `--secret`.
    pub chosen: bool,
    /// When it was first used.
    pub created_at: Timestamp,
    /// Whether it signs now.
    pub signs: bool,
    /// Until when it is accepted for all tokens, if that is to come.
    pub accepted_until: Option<Timestamp>,
    /// How many installations have a token of it.
    pub installations: u64,
    /// How many instances have a token of it.
    pub instances: u64,
}

/// All keys, the newest first. Blocks, as everything that follows.
///
/// # Errors
/// If there is no database.
pub fn list(database: &Path, key_file: Option<&Path>) -> Result<Vec<ListedKey>> {
    with_key(database, key_file, |store| {
        let view = store.snapshot()?;
        let now = now();
        let listed = signing_key::all(&view)?.into_iter().map(|key| {
            let (installations, instances) = signing_key::tokens(&view, key.id)?;
            Ok(ListedKey {
                id: key.id,
                chosen: key.chosen,
                created_at: key.created_at,
                signs: key.retired_at.is_none(),
                accepted_until: key.accepted_until.filter(|until| *until > now),
                installations,
                instances,
            })
        });
        listed.collect()
    })
}

/// Has a new key sign. A running server follows within [`FOLLOW_INTERVAL`].
///
/// # Errors
/// [`Error::Conflict`] if the key that signs is the operator's own, or there are too many.
pub fn rotate(database: &Path, key_file: Option<&Path>, grace: Duration) -> Result<KeyId> {
    with_key(database, key_file, |store| {
        let rotated = store.write(move |transaction| {
            let keys = signing_key::all(transaction)?;
            if keys.iter().any(|key| key.chosen && key.retired_at.is_none()) {
                return Err(Error::Conflict(
                    "the key that signs was given by --secret (or CONNHUB_SECRET): start the server with another one, \
                     and it signs from then on; connectors' tokens stay valid"
                        .to_owned(),
                ));
            }
            let (made, now) = (generate(), now());
            sign_with(transaction, &keys, &made, now, now.plus(grace))?;
            Ok(made.id)
        });
        rotated.wait()
    })
}

/// How often a running server looks for other keys.
pub const FOLLOW_INTERVAL: Duration = Duration::from_secs(1);

/// Removes a key that does not sign any more: all its tokens end. Returns how many installations and instances have lost
/// theirs.
///
/// # Errors
/// [`Error::NotFound`] if there is no such key; [`Error::Conflict`] for the one that signs.
pub fn remove(database: &Path, key_file: Option<&Path>, id: KeyId) -> Result<(u64, u64)> {
    let file = database.display().to_string();
    with_key(database, key_file, |store| {
        let removed = store.write(move |transaction| {
            match signing_key::all(transaction)?.iter().find(|key| key.id == id) {
                None => {
                    return Err(Error::NotFound(format!(
                        "{file} has no key {id}; `connhub secret list --db {file}` shows all"
                    )));
                }
                Some(key) if key.retired_at.is_none() => {
                    return Err(Error::Conflict(format!(
                        "{id} is the key that signs: have another one sign first, by `connhub secret rotate` or another \
                         --secret"
                    )));
                }
                Some(_) => {}
            }
            let lost = signing_key::tokens(transaction, id)?;
            signing_key::delete(transaction, id)?;
            Ok(lost)
        });
        removed.wait()
    })
}
