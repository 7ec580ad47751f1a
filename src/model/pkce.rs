//! Proof Key for Code Exchange (RFC 7636): whoever redeems an authorization code shows that they are
//! the one who asked for it. Of its two methods S256 alone is known here: `plain` shows its secret in
//! a URL (RFC 9700, section 2.1.1).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// How long the hash of a verifier is in base64url without padding, in characters.
const CHALLENGE_CHARACTERS: usize = 43;
/// How long a verifier is, in characters (RFC 7636, section 4.1).
const VERIFIER_CHARACTERS: std::ops::RangeInclusive<usize> = 43..=128;

/// The hash of a verifier, `code_challenge`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge(String);

impl Challenge {
    /// A challenge of the method S256; none if the text is no hash.
    #[must_use]
    pub fn s256(text: &str) -> Option<Self> {
        let hash = URL_SAFE_NO_PAD.decode(text).ok()?;
        (text.len() == CHALLENGE_CHARACTERS && hash.len() == Sha256::output_size()).then(|| Self(text.to_owned()))
    }

    /// The challenge as it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the verifier that was hashed. A challenge is no secret, so the time that the
    /// comparison takes tells nothing.
    #[must_use]
    pub fn is_met_by(&self, verifier: &str) -> bool {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        VERIFIER_CHARACTERS.contains(&verifier.len())
            && verifier.bytes().all(unreserved)
            && URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_the_rfc() {
        let challenge = Challenge::s256(CHALLENGE).expect("a hash");
        assert!(challenge.is_met_by(VERIFIER));
        assert!(!challenge.is_met_by(CHALLENGE));
        assert!(!challenge.is_met_by(&VERIFIER[1..]));
        assert!(!challenge.is_met_by(""));
    }

    #[test]
    fn verifiers_have_43_to_128_unreserved_characters() {
        for (verifier, good) in
            [("a".repeat(42), false), ("a".repeat(43), true), ("~".repeat(128), true), ("a".repeat(129), false)]
        {
            let challenge = Challenge::s256(&URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier))).expect("a hash");
            assert_eq!(challenge.is_met_by(&verifier), good, "{}", verifier.len());
        }
        let odd = format!("{}+", "a".repeat(43));
        assert!(!Challenge::s256(&URL_SAFE_NO_PAD.encode(Sha256::digest(&odd))).expect("a hash").is_met_by(&odd));
    }

    #[test]
    fn what_is_no_hash_is_no_challenge() {
        for text in ["", "abc", &format!("{CHALLENGE}="), &"a".repeat(44), &CHALLENGE.replace('-', "+")] {
            assert_eq!(Challenge::s256(text), None, "{text}");
        }
    }
}
