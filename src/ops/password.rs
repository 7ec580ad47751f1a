//! Hashing and checking passwords, which is slow and takes memory on purpose. A password is hashed as RFC 8265 prepares
//! it ([`text::password`]); connhub did not do that at first, so that old hashes may be of what was typed.

use crate::model::error::{Error, Result};
use crate::model::id::AccountId;
use crate::model::party::Party;
use crate::model::text;
use crate::ops::turns::{Permit, Turns};
use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use std::net::IpAddr;

/// How many passwords are hashed at once: each takes 19 MiB and a core.
const HASHING_MAX: usize = 2;

/// How many of them one address or account may have at once: there is always one for another.
const HASHING_MAX_OF_ONE: usize = 1;

/// The hash of a password that nobody has, with the costs of all others: checked where there is no
/// account, so that this takes the same time.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

pub(super) struct Passwords(Turns);

impl Default for Passwords {
    fn default() -> Self {
        Self(Turns::new(HASHING_MAX, HASHING_MAX_OF_ONE))
    }
}

/// How a password matches a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    /// Not at all.
    No,
    /// The hash is of the password as it is prepared now.
    Prepared,
    /// The hash is an old one, of the very bytes that were entered.
    Raw,
}

/// The permit to hash or check one password after the other. It goes with the work onto the thread that does it, so
/// that it is not free before the work is done, although the request may have been dropped: its client went away.
pub(super) struct Turn(#[expect(dead_code, reason = "held, not read")] Permit);

impl Passwords {
    /// Waits until a password may be hashed or checked for someone: at an address, or with an account that is known.
    pub(super) async fn turn(&self, account: Option<AccountId>, address: Option<IpAddr>) -> Turn {
        Turn(self.0.take(Party::new(account, address)).await)
    }
}

impl Turn {
    /// The Argon2id hash of a password, in the PHC format with its salt and costs.
    pub(super) async fn hash(self, password: String) -> Result<String> {
        let (_, hash) = self.work(move || hash(&password)).await?;
        Ok(hash)
    }

    /// Whether the password is the one hashed; without a hash it is not, after the same time. Returns the permit too.
    pub(super) async fn verify(self, password: String, stored: Option<String>) -> Result<(Self, Match)> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| NOBODY.to_owned());
        let (turn, found) = self.work(move || verify(&password, &stored)).await?;
        Ok((turn, if known { found } else { Match::No }))
    }

    /// Runs to its end whether or not anybody waits for it.
    async fn work<T: Send + 'static>(self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<(Self, T)> {
        let task = tokio::task::spawn_blocking(move || {
            let result = work();
            (self, result)
        });
        let (turn, result) = task.await.map_err(Error::fault)?;
        Ok((turn, result?))
    }
}

fn verify(password: &str, stored: &str) -> Result<Match> {
    let stored = PasswordHash::new(stored).map_err(|error| Error::fault(error.to_string()))?;
    let is = |password: &str| Argon2::default().verify_password(password.as_bytes(), &stored).is_ok();
    let prepared = text::password(password);
    Ok(match () {
        () if is(&prepared) => Match::Prepared,
        () if *prepared != *password && is(password) => Match::Raw,
        () => Match::No,
    })
}

/// The same, without waiting for a turn: for an operator's command, which hashes one. Blocks.
pub(super) fn hash(password: &str) -> Result<String> {
    let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>()).map_err(|error| Error::fault(error.to_string()))?;
    let hash = Argon2::default()
        .hash_password(text::password(password).as_bytes(), &salt)
        .map_err(|error| Error::fault(error.to_string()))?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_costs_as_much_as_anybody() {
        let anybody = hash("correct horse battery").expect("a hash");
        let costs = |text: &str| {
            let hash = PasswordHash::new(text).expect("a PHC string");
            let lengths = (hash.salt.map(|salt| salt.len()), hash.hash.map(|output| output.len()));
            (hash.algorithm.to_string(), hash.version, hash.params.to_string(), lengths)
        };
        assert_eq!(costs(NOBODY), costs(&anybody));
    }

    #[test]
    fn a_password_matches_however_it_was_typed() {
        let stored = hash("Grüße aus\u{a0}Zürich").expect("a hash");
        for typed in ["Grüße aus Zürich", "Gru\u{308}ße aus Zu\u{308}rich", "Grüße\u{2003}aus Zürich"] {
            assert_eq!(verify(typed, &stored).expect("checked"), Match::Prepared, "{typed:?}");
        }
        for other in ["grüße aus Zürich", "Gruße aus Zürich", "Grüsse aus Zürich"] {
            assert_eq!(verify(other, &stored).expect("checked"), Match::No, "{other:?}");
        }
    }
}
