//! Signs callbacks: what exactly the connector verifies (protocol.md, "Signature").
//!
//! May use `model` and the key type. Used by `worker`. Checked against the vectors that the
//! platform's official SDK accepts (tests/vectors/signature.json).

use crate::callback::message::Target;
use crate::model::callback::signed_payload;
use crate::model::publication::SigningSeed;
use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer, SigningKey};
use quick_cache::sync::Cache;
use std::time::SystemTime;

/// The `Date` header's value: the HTTP format, `Wed, 07 Oct 2020 10:00:00 GMT`.
pub(super) fn date_header(at: SystemTime) -> String {
    httpdate::fmt_http_date(at)
}

/// The URL that is signed. Its scheme is `https` even where the callback travels over plain http:
/// the SDK's handlers assume https unless a proxy's header says otherwise. `actual_scheme` is for
/// connectors that compare it with what they see.
pub(super) fn signed_url(target: &Target, actual_scheme: bool) -> String {
    let scheme = if actual_scheme { target.scheme.as_str() } else { "https" };
    format!("{scheme}://{}{}", target.authority, target.path_and_query)
}

/// How many keys are kept ready for signing: the connectors that are called all the time.
const KEYS_READY_MAX: usize = 256;

/// Signs, and keeps the keys in use ready: making one from its seed takes as long as a signature.
pub(super) struct Signatures(Cache<[u8; 32], SigningKey>);

impl Default for Signatures {
    fn default() -> Self {
        Self(Cache::new(KEYS_READY_MAX))
    }
}

impl Signatures {
    /// The `Signature` header's value: standard base64, padded, of 64 bytes of Ed25519.
    pub fn sign(&self, seed: &SigningSeed, method: &str, signed_url: &str, date: &str, body: &str) -> String {
        let payload = signed_payload(method, signed_url, date, body);
        let key = self.0.get(&seed.0).unwrap_or_else(|| {
            let key = SigningKey::from_bytes(&seed.0);
            self.0.insert(seed.0, key.clone());
            key
        });
        STANDARD.encode(key.sign(payload.as_bytes()).to_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::time::{Duration, UNIX_EPOCH};

    #[derive(Deserialize)]
    struct Vectors {
        seed_hex: String,
        vectors: Vec<Vector>,
    }

    #[derive(Deserialize)]
    struct Vector {
        method: String,
        host: String,
        request_uri: String,
        date: String,
        body: String,
        signed_payload: String,
        signature: String,
    }

    fn seed(hex: &str) -> SigningSeed {
        let byte = |at: usize| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("two hex digits");
        SigningSeed(std::array::from_fn(byte))
    }

    #[test]
    fn the_vectors_of_the_official_sdk() {
        let vectors: Vectors =
            serde_json::from_str(include_str!("../../tests/vectors/signature.json")).expect("the vectors");
        let seed = seed(&vectors.seed_hex);
        assert!(!vectors.vectors.is_empty());
        for vector in vectors.vectors {
            let target =
                Target { scheme: "http".to_owned(), authority: vector.host, path_and_query: vector.request_uri };
            let url = signed_url(&target, false);
            let payload = signed_payload(&vector.method, &url, &vector.date, &vector.body);
            assert_eq!(payload, vector.signed_payload);
            assert_eq!(
                Signatures::default().sign(&seed, &vector.method, &url, &vector.date, &vector.body),
                vector.signature
            );
        }
    }

    #[test]
    fn the_scheme_is_the_real_one_on_demand_alone() {
        let target = Target {
            scheme: "http".to_owned(),
            authority: "localhost:8080".to_owned(),
            path_and_query: "/p?x=1".to_owned(),
        };
        assert_eq!(signed_url(&target, false), "https://localhost:8080/p?x=1");
        assert_eq!(signed_url(&target, true), "http://localhost:8080/p?x=1");
    }

    #[test]
    fn the_date_is_as_http_has_it() {
        assert_eq!(date_header(UNIX_EPOCH + Duration::from_secs(1_602_064_800)), "Wed, 07 Oct 2020 10:00:00 GMT");
    }
}
