//! Tokens: JWTs signed with HS256 (auth.md, "Tokens"). Whether the row behind one still stands is
//! for [`crate::ops::auth`] to see.

use crate::model::error::{Error, Result};
use crate::model::id::{GrantId, TokenId};
use crate::model::time::Timestamp;
use crate::model::token::TokenKind;
use crate::ops::now;
use crate::store::{Store, setting};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Who issues the tokens.
const ISSUER: &str = "connhub";
/// Under which name the database keeps its key.
const SECRET_SETTING: &str = "token_secret";
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

impl Claims {
    /// What names the token among all others.
    pub(super) fn id(&self) -> Option<TokenId> {
        self.jti.parse().ok()
    }
}

/// The keys that sign and verify.
pub(super) struct Keys {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl Keys {
    /// From the operator's secret, or the database's own, which is made where there is none.
    pub(super) fn load(store: &Store, secret: Option<&str>) -> Result<Self> {
        if let Some(secret) = secret {
            return Ok(Self::from_secret(secret.as_bytes()));
        }
        let kept = store.write(|transaction| {
            if let Some(kept) = setting::get(transaction, SECRET_SETTING)? {
                return Ok(kept);
            }
            let made = rand::random::<[u8; 32]>().to_vec();
            setting::set(transaction, SECRET_SETTING, &made)?;
            Ok(made)
        });
        Ok(Self::from_secret(&kept.wait()?))
    }

    fn from_secret(secret: &[u8]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["iss", "sub", "aud"]);
        // The audience is the kind, which the caller compares with what it needs.
        validation.validate_aud = false;
        validation.leeway = 0;
        Self { encoding: EncodingKey::from_secret(secret), decoding: DecodingKey::from_secret(secret), validation }
    }

    /// Makes a token.
    pub(super) fn mint(&self, new: NewToken<'_>) -> Result<String> {
        let now: Timestamp = now();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: new.kind.name().to_owned(),
            sub: new.subject,
            scope: new.scope.to_owned(),
            iat: now.seconds(),
            exp: new.lifetime.map(|lifetime| now.plus(lifetime).seconds()),
            jti: TokenId::generate().to_string(),
            grant: new.grant.map(|grant| grant.to_string()),
            generation: new.generation,
        };
        self.sign(&claims)
    }

    /// Makes the refresh token of a grant's round.
    pub(super) fn mint_refresh(&self, grant: GrantId, round: i64, expires_at: Timestamp) -> Result<String> {
        self.sign(&Claims {
            iss: ISSUER.to_owned(),
            aud: REFRESH_AUDIENCE.to_owned(),
            sub: grant.to_string(),
            scope: String::new(),
            iat: now().seconds(),
            exp: Some(expires_at.seconds()),
            jti: TokenId::generate().to_string(),
            grant: None,
            generation: round,
        })
    }

    fn sign(&self, claims: &Claims) -> Result<String> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.encoding).map_err(Error::fault)
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

    fn claims(&self, token: &str) -> Option<Claims> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        Some(jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation).ok()?.claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(kind: TokenKind, lifetime: Option<Duration>) -> NewToken<'static> {
        NewToken { kind, subject: "s".to_owned(), scope: "", generation: 3, lifetime, grant: None }
    }

    #[test]
    fn a_token_tells_its_kind_subject_and_generation() {
        let keys = Keys::from_secret(b"0123456789abcdef0123456789abcdef");
        let token = keys.mint(new(TokenKind::Instance, None)).expect("a token");
        let (kind, claims) = keys.verify(&token).expect("valid");
        assert_eq!((kind, claims.sub.as_str(), claims.generation), (TokenKind::Instance, "s", 3));
        assert!(token.bytes().all(|b| b.is_ascii_graphic()));
    }

    #[test]
    fn expired_foreign_and_altered_tokens_are_none() {
        let keys = Keys::from_secret(b"0123456789abcdef0123456789abcdef");
        let other = Keys::from_secret(b"another secret of thirty-two byt");
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
        let keys = Keys::from_secret(b"0123456789abcdef0123456789abcdef");
        let grant = GrantId::generate();
        let token = keys.mint_refresh(grant, 7, now().plus(Duration::from_secs(60))).expect("a token");
        assert!(keys.verify(&token).is_none());
        let (of, claims) = keys.verify_refresh(&token).expect("valid");
        assert_eq!((of, claims.generation), (grant, 7));
        for kind in [TokenKind::Developer, TokenKind::Service, TokenKind::Installation, TokenKind::Instance] {
            let token = keys.mint(new(kind, None)).expect("a token");
            assert!(keys.verify_refresh(&token).is_none(), "{kind}");
        }
    }

    #[test]
    fn the_algorithm_none_is_refused() {
        let keys = Keys::from_secret(b"0123456789abcdef0123456789abcdef");
        let token = keys.mint(new(TokenKind::Developer, None)).expect("a token");
        let payload = token.split('.').nth(1).expect("three parts");
        // {"alg":"none","typ":"JWT"}
        assert!(keys.verify(&format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}.")).is_none());
    }
}
