//! Random secrets and their hashes. A secret of 256 random bits needs no slow hash.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A new secret of 256 random bits, in 43 characters that need no escaping anywhere.
pub(super) fn generate() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// What is kept of a secret.
pub(super) fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Whether a text is the secret that was hashed, in the same time whatever the answer.
pub(super) fn matches(candidate: &str, expected: &[u8; 32]) -> bool {
    hash(candidate).ct_eq(expected).into()
}
