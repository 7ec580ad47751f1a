//! Connector publications: what a developer says of a connector so that it can be installed.

use crate::model::error::{Result, Violations};
use crate::model::id::{AccountId, PublicationId};
use crate::model::parameter::{Parameter, check_parameters};
use crate::model::time::Timestamp;
use crate::model::url::{CallbackUrlPolicy, callback_url_problem, is_web_url};
use std::collections::HashSet;
use std::fmt;

/// The most tags of a publication (domain.md).
const TAGS_MAX: usize = 50;
/// The longest text that may stand in `requirements`, in characters.
const REQUIREMENTS_CHARACTERS_MAX: usize = 10_000;
/// The longest link, in characters.
const LINK_CHARACTERS_MAX: usize = 2_048;

/// Who sees a publication and may install it (domain.md, "Ownership and visibility").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Listed in the store for everybody.
    Public,
    /// Its owner alone; to others it does not exist.
    Private,
    /// Anyone who knows its ID; not listed.
    Unlisted,
}

/// Whether a publication is on offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicationState {
    /// On offer.
    Published,
    /// Out of the store; kept while installations of it exist.
    Removed,
}

/// The three URLs that callbacks go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackUrls {
    /// For installations.
    pub installation: String,
    /// For instances.
    pub instance: String,
    /// For action requests.
    pub action: String,
}

/// What a developer says of a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicationProfile {
    /// For people.
    pub name: String,
    /// An absolute http or https URL.
    pub logo_url: Option<String>,
    /// An absolute http or https URL.
    pub home_url: Option<String>,
    /// For people.
    pub description: String,
    /// What one needs to have, for people.
    pub requirements: Option<String>,
    /// Who sees it.
    pub mode: Mode,
    /// Whether new installations are taken.
    pub active: bool,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// What an installation needs.
    pub installation_parameters: Vec<Parameter>,
    /// What an instance needs.
    pub instance_parameters: Vec<Parameter>,
    /// Where callbacks go.
    pub callback_urls: CallbackUrls,
}

/// A connector publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// Its identifier.
    pub id: PublicationId,
    /// The account that it belongs to.
    pub owner: AccountId,
    /// What its developer says of it.
    pub profile: PublicationProfile,
    /// Whether it is on offer.
    pub state: PublicationState,
    /// Whether an operator has suspended it.
    pub suspended: bool,
    /// The 32 bytes of the Ed25519 key that verifies its callbacks.
    pub public_key: [u8; 32],
    /// The one that takes its place once the owner confirms it.
    pub next_public_key: Option<[u8; 32]>,
    /// When it was published.
    pub created_at: Timestamp,
}

/// The secret half of a publication's key pair, 32 bytes.
#[derive(Clone)]
pub struct SigningSeed(pub [u8; 32]);

impl fmt::Debug for SigningSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSeed(…)")
    }
}

impl Publication {
    /// Whether this account, or a stranger (`None`), may know that the publication exists.
    #[must_use]
    pub fn is_visible_to(&self, account: Option<AccountId>) -> bool {
        self.profile.mode != Mode::Private || account == Some(self.owner)
    }
}

impl PublicationProfile {
    /// Drops duplicate tags and checks everything, except for a callback URL that the publication has
    /// already: one published under older rules must not prevent a change of something else. `in_time` is asked before each
    /// expression of a parameter is compiled.
    ///
    /// # Errors
    /// All violations at once, with paths under `connector`; [`crate::model::error::Error::TooMany`] if the time is over.
    pub fn checked(
        mut self,
        policy: &CallbackUrlPolicy,
        before: Option<&CallbackUrls>,
        in_time: &dyn Fn() -> bool,
    ) -> Result<Self> {
        let mut seen = HashSet::new();
        self.tags.retain(|tag| seen.insert(tag.clone()));
        let mut violations = Violations::default();
        self.check_texts(&mut violations);
        let urls = &self.callback_urls;
        for (field, url, before) in [
            ("installationCallbackUrl", &urls.installation, before.map(|before| &before.installation)),
            ("instanceCallbackUrl", &urls.instance, before.map(|before| &before.instance)),
            ("actionCallbackUrl", &urls.action, before.map(|before| &before.action)),
        ] {
            let changed = before != Some(url);
            if let Some(problem) = changed.then(|| callback_url_problem(url, policy)).flatten() {
                violations.add(format!("connector.{field}"), problem);
            }
        }
        for (parameters, path) in [
            (&self.installation_parameters, "connector.configurationParameters"),
            (&self.instance_parameters, "connector.customerConfigurationParameters"),
        ] {
            check_parameters(parameters, path, in_time, &mut violations)?;
        }
        violations.into_result(self)
    }

    fn check_texts(&self, violations: &mut Violations) {
        violations.label(&self.name, 200, "connector.name");
        violations.length(&self.description, 1, 10_000, "connector.description");
        let requirements = self.requirements.as_deref().unwrap_or_default();
        violations.length(requirements, 0, REQUIREMENTS_CHARACTERS_MAX, "connector.requirements");
        for (field, link) in [("logoUrl", &self.logo_url), ("homeUrl", &self.home_url)] {
            let fits = |link: &String| is_web_url(link) && link.len() <= LINK_CHARACTERS_MAX;
            violations.require(
                link.as_ref().filter(|link| !link.is_empty()).is_none_or(fits),
                format!("connector.{field}"),
                "must be an absolute http or https URL",
            );
        }
        violations.require(self.tags.len() <= TAGS_MAX, "connector.tags", format!("at most {TAGS_MAX} are possible"));
        for (index, tag) in self.tags.iter().enumerate().take(TAGS_MAX) {
            violations.label(tag, 50, format!("connector.tags[{index}]"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::error::Error;

    fn profile() -> PublicationProfile {
        PublicationProfile {
            name: "n".to_owned(),
            logo_url: None,
            home_url: None,
            description: "d".to_owned(),
            requirements: None,
            mode: Mode::Private,
            active: true,
            tags: vec!["a".to_owned(), "b".to_owned(), "a".to_owned()],
            installation_parameters: Vec::new(),
            instance_parameters: Vec::new(),
            callback_urls: CallbackUrls {
                installation: "https://h/i".to_owned(),
                instance: "https://h/n".to_owned(),
                action: "https://h/a".to_owned(),
            },
        }
    }

    #[test]
    fn duplicate_tags_are_dropped() {
        let checked = profile().checked(&CallbackUrlPolicy::default(), None, &|| true).map(|p| p.tags);
        assert_eq!(checked.ok(), Some(vec!["a".to_owned(), "b".to_owned()]));
    }

    #[test]
    fn a_callback_url_of_older_rules_does_not_prevent_other_changes() {
        let mut published = profile();
        published.callback_urls.action = "https://h/a|b".to_owned();
        let before = published.callback_urls.clone();
        let policy = CallbackUrlPolicy::default();
        assert!(published.clone().checked(&policy, None, &|| true).is_err());
        assert!(published.clone().checked(&policy, Some(&before), &|| true).is_ok());
        published.callback_urls.instance = "https://h/a^b".to_owned();
        assert!(published.checked(&policy, Some(&before), &|| true).is_err());
    }

    #[test]
    fn all_violations_are_told_at_once() {
        let mut bad = profile();
        bad.name = "x".repeat(201);
        bad.description.clear();
        bad.logo_url = Some("javascript:alert(1)".to_owned());
        bad.tags = vec![String::new()];
        bad.callback_urls.action = "http://example.com".to_owned();
        let Err(Error::Invalid(violations)) = bad.checked(&CallbackUrlPolicy::default(), None, &|| true) else {
            panic!("accepted");
        };
        let paths: Vec<_> = violations.iter().map(|v| v.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "connector.name",
                "connector.description",
                "connector.logoUrl",
                "connector.tags[0]",
                "connector.actionCallbackUrl"
            ]
        );
    }
}
