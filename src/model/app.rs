//! Apps, also called services: what developers build for their end customers.

use crate::model::error::{Result, Violations};
use crate::model::id::{AccountId, AppId};
use crate::model::redirect;
use crate::model::time::Timestamp;

/// The longest name of an app, in characters.
const NAME_CHARACTERS_MAX: usize = 200;
/// The most redirect URIs an app may have.
const REDIRECT_URIS_MAX: usize = 20;

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
    /// Whether it has a secret, as one that runs on a server; one that runs in a browser or on a
    /// phone cannot keep any (RFC 6749, section 2.1, calls it a public client).
    pub has_secret: bool,
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
        violations.label(&self.name, NAME_CHARACTERS_MAX, "name");
        violations.require(
            self.redirect_uris.len() <= REDIRECT_URIS_MAX,
            "redirectUris",
            format!("at most {REDIRECT_URIS_MAX} are possible"),
        );
        for (index, uri) in self.redirect_uris.iter().enumerate() {
            if let Some(problem) = redirect::problem(uri) {
                violations.add(format!("redirectUris[{index}]"), problem);
            }
        }
        violations.into_result(self)
    }
}
