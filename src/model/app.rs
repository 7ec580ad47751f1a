//! Apps, also called services: what developers build for their end customers.

use crate::model::error::{Result, Violations};
use crate::model::id::{AccountId, AppId};
use crate::model::time::Timestamp;

/// The longest name of an app, in characters.
const NAME_CHARACTERS_MAX: usize = 200;
/// The most redirect URIs an app may have.
const REDIRECT_URIS_MAX: usize = 20;
/// The longest redirect URI, in characters.
const REDIRECT_URI_CHARACTERS_MAX: usize = 2_048;

/// An app; its identifier is its OAuth2 client ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Its identifier.
    pub id: AppId,
    /// The account that it belongs to.
    pub owner: AccountId,
    /// What its developer calls it.
    pub name: String,
    /// Where the authorization code flow may lead back to, matched exactly.
    pub redirect_uris: Vec<String>,
    /// Counts up when all tokens given so far are to end.
    pub generation: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a developer says of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppProfile {
    /// What its developer calls it.
    pub name: String,
    /// Where the authorization code flow may lead back to.
    pub redirect_uris: Vec<String>,
}

impl AppProfile {
    /// Checks name and redirect URIs.
    ///
    /// # Errors
    /// All violations at once.
    pub fn checked(self) -> Result<Self> {
        let mut violations = Violations::default();
        violations.length(&self.name, 1, NAME_CHARACTERS_MAX, "name");
        violations.require(
            self.redirect_uris.len() <= REDIRECT_URIS_MAX,
            "redirectUris",
            format!("at most {REDIRECT_URIS_MAX} are possible"),
        );
        for (index, uri) in self.redirect_uris.iter().enumerate() {
            let absolute = url::Url::parse(uri).is_ok_and(|url| url.fragment().is_none());
            violations.require(
                absolute && uri.len() <= REDIRECT_URI_CHARACTERS_MAX,
                format!("redirectUris[{index}]"),
                "must be an absolute URI without a fragment (RFC 6749, section 3.1.2)",
            );
        }
        violations.into_result(self)
    }
}
