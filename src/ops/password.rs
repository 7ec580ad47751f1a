//! Hashing and checking passwords, which is slow and takes memory on purpose.

use crate::model::error::{Error, Result};
use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use tokio::sync::{Semaphore, SemaphorePermit};

/// How many passwords are hashed at once: each takes 19 MiB and a core.
const HASHING_MAX: usize = 2;

/// The hash of a password that nobody has, with the costs of all others: checked where there is no
/// account, so that this takes the same time.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

pub(super) struct Passwords {
    at_work: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { at_work: Semaphore::new(HASHING_MAX) }
    }
}

/// The right to hash or check one password.
pub(super) struct Turn<'a>(#[expect(dead_code, reason = "held, not read")] SemaphorePermit<'a>);

impl Passwords {
    /// The Argon2id hash of a password, in the PHC format with its salt and costs.
    pub(super) async fn hash(&self, password: String) -> Result<String> {
        let _turn = self.turn().await?;
        tokio::task::spawn_blocking(move || hash(&password)).await.map_err(Error::fault)?
    }

    /// Waits until a password may be hashed or checked.
    pub(super) async fn turn(&self) -> Result<Turn<'_>> {
        self.at_work.acquire().await.map(Turn).map_err(Error::fault)
    }

    /// Whether the password is the one hashed. Without a hash it is none, after the same time.
    pub(super) async fn verify(&self, _turn: &Turn<'_>, password: String, stored: Option<String>) -> Result<bool> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| NOBODY.to_owned());
        let verified = tokio::task::spawn_blocking(move || {
            let stored = PasswordHash::new(&stored).map_err(|error| Error::fault(error.to_string()))?;
            Ok::<_, Error>(Argon2::default().verify_password(password.as_bytes(), &stored).is_ok())
        });
        Ok(verified.await.map_err(Error::fault)?? && known)
    }
}

/// The same, without waiting for a turn: for an operator's command, which hashes one. Blocks.
pub(super) fn hash(password: &str) -> Result<String> {
    let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>()).map_err(|error| Error::fault(error.to_string()))?;
    let hash =
        Argon2::default().hash_password(password.as_bytes(), &salt).map_err(|error| Error::fault(error.to_string()))?;
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
}
