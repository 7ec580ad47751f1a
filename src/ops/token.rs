//! Tokens: JWTs signed with HS256 (auth.md, "Tokens"), and the keys in memory that sign and verify them, of which
//! [`super::keyring`] has the database's side. Whether the row behind a token is still there is for
//! [`crate::ops::auth`] to see.

use crate::model::error::{Error, Result};
use crate::model::id::{GrantId, TokenId};
use crate::model::time::Timestamp;
use crate::model::token::{KeyId, TokenKind};
use crate::ops::{now, secret};
use crate::store::signing_key::SigningKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Who issues the tokens.
const ISSUER: &str = "connhub";
/// The audience of refresh tokens, which is the name of no kind: none is ever taken for a bearer's.
const REFRESH_AUDIENCE: &str = "refresh";
/// The longest token taken, in bytes; ours have fewer than 500.
const TOKEN_BYTES_MAX: usize = 4_096;

/// What stands in a token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) aud: String,
    pub(super) sub: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) scope: String,
    pub(super) iat: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) exp: Option<i64>,
    jti: String,
    /// The grant that a service token comes of, where a developer consented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) grant: Option<String>,
    /// The generation of the account or app when the token was made: a newer one ends it. Of a refresh
    /// token, the round of its grant.
    #[serde(default, rename = "gen")]
    pub(super) generation: i64,
}

/// A token to be made.
pub(super) struct NewToken<'a> {
    pub(super) kind: TokenKind,
    pub(super) subject: String,
    pub(super) scope: &'a str,
    pub(super) generation: i64,
    /// How long it is good for; as long as its row, if none.
    pub(super) lifetime: Option<Duration>,
    /// The grant that it comes of, if any.
    pub(super) grant: Option<GrantId>,
}

/// A round of a grant: the tokens that one code or refresh token was exchanged for. They are a function of the
/// round and the server's key, so a request that is repeated gets the same ones although none is stored.
pub(super) struct Round {
    pub(super) grant: GrantId,
    /// Which of the grant's rounds it is.
    pub(super) number: i64,
    /// When the tokens were first issued.
    pub(super) issued_at: Timestamp,
}

impl Round {
    /// The claim `jti` of one of its tokens. `what` distinguishes them.
    fn token_id(&self, what: &str) -> TokenId {
        let hash = secret::hash(&format!("{}/{}/{what}", self.grant, self.number));
        TokenId::from_bytes(std::array::from_fn(|at| hash[at]))
    }
}

impl Claims {
    /// What names the token among all others.
    pub(super) fn id(&self) -> Option<TokenId> {
        self.jti.parse().ok()
    }
}

/// A key in memory.
struct Key {
    id: KeyId,
    header: Header,
    /// The header as its tokens begin with it.
    beginning: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
    /// `None` for the key that signs; of others, until when they verify more than tokens of connectors.
    accepted_until: Option<Timestamp>,
}

impl Key {
    fn new(key: &SigningKey) -> Self {
        let header = Header { kid: Some(key.id.to_string()), ..Header::new(Algorithm::HS256) };
        Self {
            id: key.id,
            beginning: serde_json::to_vec(&header).map(|json| URL_SAFE_NO_PAD.encode(json)).unwrap_or_default(),
            header,
            encoding: EncodingKey::from_secret(&key.key),
            decoding: DecodingKey::from_secret(&key.key),
            accepted_until: key.retired_at.and(Some(key.accepted_until.unwrap_or(Timestamp::MIN))),
        }
    }

    /// Whether it verifies tokens of this kind now.
    fn accepts(&self, audience: &str) -> bool {
        let connectors = || TokenKind::from_name(audience).is_some_and(TokenKind::is_connectors);
        self.accepted_until.is_none_or(|until| now() <= until || connectors())
    }
}

/// The key that signs, and those that did.
struct Ring {
    signing: Key,
    retired: Vec<Key>,
}

impl Ring {
    fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.signing).chain(&self.retired)
    }

    fn get(&self, id: KeyId) -> Option<&Key> {
        self.all().find(|key| key.id == id)
    }
}

/// The keys that sign and verify.
pub(super) struct Keys {
    ring: RwLock<Ring>,
    validation: Validation,
    /// The same for tokens that may have expired.
    of_any_age: Validation,
}

impl Keys {
    /// From the key that signs and those that did.
    pub(super) fn new(signing: &SigningKey, retired: &[SigningKey]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["iss", "sub", "aud"]);
        // The audience is the kind, which the caller compares with what it needs.
        validation.validate_aud = false;
        validation.leeway = 0;
        let mut of_any_age = validation.clone();
        of_any_age.validate_exp = false;
        Self { ring: RwLock::new(ring(signing, retired)), validation, of_any_age }
    }

    /// Takes other keys.
    pub(super) fn replace(&self, signing: &SigningKey, retired: &[SigningKey]) {
        *self.ring.write() = ring(signing, retired);
    }

    /// The key that signs now.
    pub(super) fn signing(&self) -> KeyId {
        self.ring.read().signing.id
    }

    /// Whether there is this key.
    pub(super) fn has(&self, id: KeyId) -> bool {
        self.ring.read().get(id).is_some()
    }

    /// Makes a token.
    pub(super) fn mint(&self, new: NewToken<'_>) -> Result<String> {
        sign(&self.ring.read().signing, &claims(TokenId::generate(), now(), new))
    }

    /// Makes a token with this key; with the one that signs now if it is not there any more.
    pub(super) fn mint_with(&self, key: Option<KeyId>, new: NewToken<'_>) -> Result<String> {
        let ring = self.ring.read();
        let key = key.and_then(|id| ring.get(id)).unwrap_or(&ring.signing);
        sign(key, &claims(TokenId::generate(), now(), new))
    }

    /// Makes the token of a round that has this scope: the same each time.
    pub(super) fn mint_of(&self, round: &Round, new: NewToken<'_>) -> Result<String> {
        sign(&self.ring.read().signing, &claims(round.token_id(new.scope), round.issued_at, new))
    }

    /// Makes the refresh token of a grant's round: the same each time.
    pub(super) fn mint_refresh(&self, round: &Round, expires_at: Timestamp) -> Result<String> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: REFRESH_AUDIENCE.to_owned(),
            sub: round.grant.to_string(),
            scope: String::new(),
            iat: round.issued_at.seconds(),
            exp: Some(expires_at.seconds()),
            // No scope has this name.
            jti: round.token_id(REFRESH_AUDIENCE).to_string(),
            grant: None,
            generation: round.number,
        };
        sign(&self.ring.read().signing, &claims)
    }

    /// The kind and claims of a token that we made and that has not expired; `None` for any other text.
    pub(super) fn verify(&self, token: &str) -> Option<(TokenKind, Claims)> {
        let claims = self.claims(token)?;
        Some((TokenKind::from_name(&claims.aud)?, claims))
    }

    /// The grant of a refresh token that we made and that has not expired, and its claims.
    pub(super) fn verify_refresh(&self, token: &str) -> Option<(GrantId, Claims)> {
        let claims = self.claims(token).filter(|claims| claims.aud == REFRESH_AUDIENCE)?;
        Some((claims.sub.parse().ok()?, claims))
    }

    /// Whether we made a token, whatever its kind and even if it has expired.
    pub(super) fn made(&self, token: &str) -> bool {
        self.decode(token, &self.of_any_age, |_, _| true).is_some()
    }

    fn claims(&self, token: &str) -> Option<Claims> {
        self.decode(token, &self.validation, |key, claims| key.accepts(&claims.aud))
    }

    /// The claims of a token that one of the keys made and accepts. Tokens begin with the name of their key; those from
    /// before keys had names are tried with each. What else a header says changes nothing.
    fn decode(&self, token: &str, validation: &Validation, accepts: impl Fn(&Key, &Claims) -> bool) -> Option<Claims> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let (beginning, _) = token.split_once('.')?;
        let ring = self.ring.read();
        let named = ring.all().any(|key| key.beginning == beginning);
        let mut keys = ring.all().filter(|key| !named || key.beginning == beginning);
        keys.find_map(|key| {
            let claims = jsonwebtoken::decode::<Claims>(token, &key.decoding, validation).ok()?.claims;
            accepts(key, &claims).then_some(claims)
        })
    }
}

fn ring(signing: &SigningKey, retired: &[SigningKey]) -> Ring {
    Ring { signing: Key::new(signing), retired: retired.iter().map(Key::new).collect() }
}

fn claims(id: TokenId, issued_at: Timestamp, new: NewToken<'_>) -> Claims {
    Claims {
        iss: ISSUER.to_owned(),
        aud: new.kind.name().to_owned(),
        sub: new.subject,
        scope: new.scope.to_owned(),
        iat: issued_at.seconds(),
        exp: new.lifetime.map(|lifetime| issued_at.plus(lifetime).seconds()),
        jti: id.to_string(),
        grant: new.grant.map(|grant| grant.to_string()),
        generation: new.generation,
    }
}

fn sign(key: &Key, claims: &Claims) -> Result<String> {
    jsonwebtoken::encode(&key.header, claims, &key.encoding).map_err(Error::fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys_of(key: &[u8]) -> Keys {
        Keys::new(&signing_key(key), &[])
    }

    fn signing_key(key: &[u8]) -> SigningKey {
        SigningKey {
            id: KeyId(i64::from(key[0])),
            key: key.to_owned(),
            chosen: false,
            created_at: now(),
            retired_at: None,
            accepted_until: None,
        }
    }

    fn new(kind: TokenKind, lifetime: Option<Duration>) -> NewToken<'static> {
        NewToken { kind, subject: "s".to_owned(), scope: "", generation: 3, lifetime, grant: None }
    }

    #[test]
    fn a_token_tells_its_kind_subject_and_generation() {
        let keys = keys_of(b"0123456789abcdef0123456789abcdef");
        let token = keys.mint(new(TokenKind::Instance, None)).expect("a token");
        let (kind, claims) = keys.verify(&token).expect("valid");
        assert_eq!((kind, claims.sub.as_str(), claims.generation), (TokenKind::Instance, "s", 3));
        assert!(token.bytes().all(|b| b.is_ascii_graphic()));
    }

    #[test]
    fn expired_foreign_and_altered_tokens_are_none() {
        let keys = keys_of(b"0123456789abcdef0123456789abcdef");
        let other = keys_of(b"another secret of thirty-two byt");
        let good = keys.mint(new(TokenKind::Service, Some(Duration::from_secs(60)))).expect("a token");
        assert!(keys.verify(&good).is_some());
        assert!(other.verify(&good).is_none());
        assert!(keys.verify(&good[..good.len() - 2]).is_none());
        assert!(keys.verify("").is_none());
        assert!(keys.verify(&"x".repeat(10_000)).is_none());
        let expired = keys.mint(new(TokenKind::Service, Some(Duration::ZERO))).expect("a token");
        // The claim is in whole seconds: a token of no lifetime is over once the second is.
        let (_, claims) =
            keys.verify(&expired).map_or((TokenKind::Service, None), |(kind, claims)| (kind, Some(claims)));
        assert!(claims.is_none_or(|claims| claims.exp.is_some_and(|exp| exp <= now().seconds())));
    }

    #[test]
    fn a_refresh_token_is_no_bearers_token_and_a_bearers_none_to_refresh_with() {
        let keys = keys_of(b"0123456789abcdef0123456789abcdef");
        let grant = GrantId::generate();
        let round = Round { grant, number: 7, issued_at: now() };
        let token = keys.mint_refresh(&round, now().plus(Duration::from_secs(60))).expect("a token");
        assert!(keys.verify(&token).is_none());
        let (of, claims) = keys.verify_refresh(&token).expect("valid");
        assert_eq!((of, claims.generation), (grant, 7));
        for kind in [TokenKind::Developer, TokenKind::Service, TokenKind::Installation, TokenKind::Instance] {
            let token = keys.mint(new(kind, None)).expect("a token");
            assert!(keys.verify_refresh(&token).is_none(), "{kind}");
        }
    }

    #[test]
    fn the_tokens_of_a_round_are_the_same_each_time_and_differ_from_all_others() {
        let keys = keys_of(b"0123456789abcdef0123456789abcdef");
        let (grant, issued_at) = (GrantId::generate(), now());
        let scoped = |scope| NewToken { scope, ..new(TokenKind::Service, Some(Duration::from_secs(60))) };
        let id_of = |token: &str| keys.claims(token).expect("valid").jti;
        let of_round = |number| {
            let round = Round { grant, number, issued_at };
            let refresh = keys.mint_refresh(&round, issued_at.plus(Duration::from_secs(60)));
            [refresh, keys.mint_of(&round, scoped("")), keys.mint_of(&round, scoped("connctd.things.read"))]
                .map(|token| token.expect("a token"))
        };
        assert_eq!(of_round(1), of_round(1));
        let ids: std::collections::HashSet<_> = (1..=3).flat_map(of_round).map(|token| id_of(&token)).collect();
        assert_eq!(ids.len(), 9, "{ids:?}");
    }

    #[test]
    fn a_token_that_has_expired_is_still_known_as_ours() {
        let keys = keys_of(b"0123456789abcdef0123456789abcdef");
        let round = Round { grant: GrantId::generate(), number: 1, issued_at: Timestamp::from_seconds(1) };
        let old = keys.mint_of(&round, new(TokenKind::Service, Some(Duration::from_secs(60)))).expect("a token");
        assert!(keys.verify(&old).is_none() && keys.made(&old));
        let other = keys_of(b"another secret of thirty-two byt");
        assert!(!other.made(&old) && !keys.made("nonsense") && !keys.made(&old[..old.len() - 2]));
    }

    #[test]
    fn a_retired_key_verifies_connectors_tokens_and_others_until_its_grace_is_over() {
        let (old, new_key) = (b"0123456789abcdef0123456789abcdef", b"another secret of thirty-two byt");
        let before = keys_of(old);
        let kinds = [TokenKind::Developer, TokenKind::Service, TokenKind::Installation, TokenKind::Instance];
        let tokens = kinds.map(|kind| before.mint(new(kind, None)).expect("a token"));
        let refresh = |keys: &Keys| {
            let round = Round { grant: GrantId::generate(), number: 1, issued_at: now() };
            keys.mint_refresh(&round, now().plus(Duration::from_secs(60))).expect("a token")
        };
        let refresh_token = refresh(&before);
        let after = |grace: Timestamp| {
            let retired = SigningKey { retired_at: Some(now()), accepted_until: Some(grace), ..signing_key(old) };
            Keys::new(&signing_key(new_key), &[retired])
        };
        let accepted = |keys: &Keys| tokens.each_ref().map(|token| keys.verify(token).is_some());
        let within = after(now().plus(Duration::from_secs(60)));
        assert_eq!(accepted(&within), [true; 4]);
        assert!(within.verify_refresh(&refresh_token).is_some());
        let over = after(now().minus(Duration::from_secs(1)));
        assert_eq!(accepted(&over), [false, false, true, true]);
        assert!(over.verify_refresh(&refresh_token).is_none());
        assert!(over.verify_refresh(&refresh(&over)).is_some(), "the new key signs");
        // What a token is checked with is not its own choice.
        let (header, rest) = tokens[2].split_once('.').expect("a token");
        let other = over.mint(new(TokenKind::Installation, None)).expect("a token");
        let foreign = other.split_once('.').expect("a token").0;
        assert!(over.verify(&format!("{foreign}.{rest}")).is_none());
        assert_ne!(header, foreign);
    }

    #[test]
    fn a_token_from_before_keys_had_names_is_verified_by_every_key() {
        let secret = b"0123456789abcdef0123456789abcdef";
        let claims = claims(TokenId::generate(), now(), new(TokenKind::Instance, None));
        let header = Header::new(Algorithm::HS256);
        let old = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(secret)).expect("a token");
        let retired = SigningKey { retired_at: Some(now()), ..signing_key(secret) };
        let keys = Keys::new(&signing_key(b"another secret of thirty-two byt"), &[retired]);
        assert!(keys.verify(&old).is_some() && keys.made(&old));
        let own = keys.mint(new(TokenKind::Instance, None)).expect("a token");
        assert!(own.starts_with(&keys.ring.read().signing.beginning), "{own}");
    }

    #[test]
    fn the_algorithm_none_is_refused() {
        let keys = keys_of(b"0123456789abcdef0123456789abcdef");
        let token = keys.mint(new(TokenKind::Developer, None)).expect("a token");
        let payload = token.split('.').nth(1).expect("three parts");
        // {"alg":"none","typ":"JWT"}
        assert!(keys.verify(&format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}.")).is_none());
    }
}
