//! Whether a callback really comes from the platform: the Ed25519 signature over method, URL, date
//! and body. Knows the protocol's text alone, shares no code with the side that signs, and so is a
//! second opinion on it. May use ed25519-dalek and base64. Used by `call`.

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, VerifyingKey};

/// The schemes a signed URL may carry. The platform writes `https` whatever the transport, unless
/// it was told to write the real one, which for this connector is `http`.
const SCHEMES: [&str; 2] = ["https", "http"];

/// What of a request is covered by its signature.
pub struct Signed<'a> {
    /// The request's method in capitals.
    pub method: &'a str,
    /// The `Host` header as it came.
    pub host: &'a str,
    /// Path and query exactly as on the request line.
    pub target: &'a str,
    /// The `Date` header as it came.
    pub date: &'a str,
    /// The body, which is empty for a removal.
    pub body: &'a [u8],
}

/// Why a callback is not believed. Each says how to mend it, since the reader is a developer
/// looking at the callback log.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Disbelief {
    /// Nobody has told the connector its publication's key.
    #[error("this connector has not been given its publication's public key yet, so it can verify nothing")]
    NoKey,
    /// The 32 bytes it was given are no point of the curve.
    #[error("the public key that this connector was given is not an Ed25519 public key")]
    BadKey,
    /// A header that the signature needs is absent or not text.
    #[error("the request has no readable {0} header")]
    Missing(&'static str),
    /// The header is not 64 bytes of base64.
    #[error("the Signature header is not the standard base64 of a 64-byte Ed25519 signature")]
    BadSignature,
    /// A well-formed signature of something else, or by someone else.
    #[error(
        "the signature does not fit (method):{method} (url):https://{host}{target} (Date):{date} and the body of {length} bytes: it was made with another key, or something on the way changed one of them"
    )]
    Mismatch {
        /// The request's method.
        method: String,
        /// The `Host` header.
        host: String,
        /// Path and query.
        target: String,
        /// The `Date` header.
        date: String,
        /// How long the body was; its text may hold a token, which an explanation must not repeat.
        length: usize,
    },
}

impl Signed<'_> {
    /// Checks the base64 `signature` with the raw `key`.
    pub fn verify(&self, key: Option<[u8; 32]>, signature: &str) -> Result<(), Disbelief> {
        let key = VerifyingKey::from_bytes(&key.ok_or(Disbelief::NoKey)?).map_err(|_| Disbelief::BadKey)?;
        let bytes = STANDARD.decode(signature).map_err(|_| Disbelief::BadSignature)?;
        let signature = Signature::from_slice(&bytes).map_err(|_| Disbelief::BadSignature)?;
        let fits = SCHEMES.iter().any(|scheme| key.verify_strict(&self.payload(scheme), &signature).is_ok());
        if fits { Ok(()) } else { Err(self.mismatch()) }
    }

    fn payload(&self, scheme: &str) -> Vec<u8> {
        let Self { method, host, target, date, body } = self;
        let mut payload =
            format!("(method):{method}\r\n(url):{scheme}://{host}{target}\r\n(Date):{date}\r\n(body):").into_bytes();
        payload.extend_from_slice(body);
        payload
    }

    fn mismatch(&self) -> Disbelief {
        Disbelief::Mismatch {
            method: self.method.to_owned(),
            host: self.host.to_owned(),
            target: self.target.to_owned(),
            date: self.date.to_owned(),
            length: self.body.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};

    const KEY: &str = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";

    fn key() -> [u8; 32] {
        STANDARD.decode(KEY).unwrap().try_into().unwrap()
    }

    fn removal() -> Signed<'static> {
        Signed {
            method: "DELETE",
            host: "localhost:8080",
            target: "/instances/6f1c1a52-5a7e-4b5e-9a53-2f7a6f0f5f10",
            date: "Mon, 23 Nov 2026 09:00:00 GMT",
            body: b"",
        }
    }

    const REMOVAL: &str = "bLp2PrVJWunnbAp3M2B3RGrOhhe2bqe4DuxelhRlDDImhXHLTBdYwKHDW1M10F1Cba8jY0WYsjuENSabDdhyAg==";

    #[test]
    fn believes_what_the_official_sdk_believes() {
        let body = r#"{"id":"6f1c1a52-5a7e-4b5e-9a53-2f7a6f0f5f10","token":"t","state":1,"configuration":[{"id":"giphy_api_key","value":"grüße \u0000 \"q\""}]}"#;
        let vectors = [
            (removal(), REMOVAL),
            (
                Signed {
                    method: "POST",
                    host: "connector.example.com",
                    target: "/installations",
                    date: "Mon, 23 Nov 2026 09:00:00 GMT",
                    body: body.as_bytes(),
                },
                "fUIdmG753FrxmR5FZ+pe7cwoZDjtSWTv87Oijmsd4BsCaXjGlK4UNtPaGZVN6ZEm16MRpDE3qUgVM3dW9v40Ag==",
            ),
            (
                Signed {
                    method: "DELETE",
                    host: "connector.example.com",
                    target: "/a%20b/6f1c?x=1&y=%C3%BC",
                    date: "Mon, 23 Nov 2026 09:00:00 GMT",
                    body: b"",
                },
                "ucVpKjuLSXwv+74r61qcujDJpdI5LMXsJF+mJTgCq40jYX7BuRTu31aDzRrSa/RCrBD+0B70X67RCgewlQZFCA==",
            ),
        ];
        for (signed, signature) in vectors {
            assert_eq!(signed.verify(Some(key()), signature), Ok(()));
        }
    }

    #[test]
    fn believes_the_real_scheme_too() {
        let signing = SigningKey::from_bytes(&[7; 32]);
        for scheme in ["https", "http"] {
            let signature = STANDARD.encode(signing.sign(&removal().payload(scheme)).to_bytes());
            let verified = removal().verify(Some(signing.verifying_key().to_bytes()), &signature);
            assert_eq!(verified, Ok(()), "{scheme}");
        }
        let other = STANDARD.encode(signing.sign(&removal().payload("ftp")).to_bytes());
        let verified = removal().verify(Some(signing.verifying_key().to_bytes()), &other);
        assert!(matches!(verified, Err(Disbelief::Mismatch { .. })));
    }

    #[test]
    fn disbelieves_whatever_was_changed() {
        type Change = fn(&mut Signed<'static>);
        let changes: [Change; 5] = [
            |signed| signed.method = "POST",
            |signed| signed.host = "localhost:8081",
            |signed| signed.target = "/instances/other",
            |signed| signed.date = "Mon, 23 Nov 2026 09:00:01 GMT",
            |signed| signed.body = b" ",
        ];
        for change in changes {
            let mut signed = removal();
            change(&mut signed);
            let verified = signed.verify(Some(key()), REMOVAL);
            assert!(matches!(verified, Err(Disbelief::Mismatch { .. })));
        }
    }

    #[test]
    fn says_what_is_wrong_with_key_and_signature() {
        let signed = removal();
        assert_eq!(signed.verify(None, REMOVAL), Err(Disbelief::NoKey));
        let mut no_point = [0; 32];
        no_point[0] = 2;
        assert_eq!(signed.verify(Some(no_point), REMOVAL), Err(Disbelief::BadKey));
        for malformed in ["", "%%%", "AAAA"] {
            assert_eq!(signed.verify(Some(key()), malformed), Err(Disbelief::BadSignature));
        }
    }
}
