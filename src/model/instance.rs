//! Connector instances, also instantiations: one end customer's use of an installation.

use crate::model::callback::Line;
use crate::model::error::{Result, Violations};
use crate::model::id::{AccountId, AppId, InstallationId, InstanceId};
use crate::model::lifecycle::{Standing, State};
use crate::model::time::Timestamp;
use std::fmt;

/// A connector instance. An external subject has at most one of an installation (tutorial).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its identifier.
    pub id: InstanceId,
    /// What it is an instance of.
    pub installation: InstallationId,
    /// The installation's app.
    pub app: AppId,
    /// The app's account.
    pub owner: AccountId,
    /// Whose it is.
    pub subject: ExternalSubject,
    /// Where it stands.
    pub standing: Standing,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// How the connector of an instance is reached, and whether it can be asked to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// The instance.
    pub instance: InstanceId,
    /// Its installation.
    pub installation: InstallationId,
    /// The account of the app.
    pub app_owner: AccountId,
    /// Whose share of the callback pool its callbacks take.
    pub line: Line,
    /// Where the instance stands.
    pub instance_state: State,
    /// Where the installation stands.
    pub installation_state: State,
}

impl Reach {
    /// Why no action can be requested now, if so (domain.md, "Actions").
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        let incomplete = |noun: &str, state: State| {
            (state != State::Complete)
                .then(|| format!("the thing's connector {noun} is in state {state}, not COMPLETE"))
        };
        incomplete("instance", self.instance_state).or_else(|| incomplete("installation", self.installation_state))
    }
}

/// One end customer of an app: any string the app chooses.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExternalSubject(String);

/// The longest external subject, in characters (auth.md).
const SUBJECT_CHARACTERS_MAX: usize = 255;

impl ExternalSubject {
    /// The subject that is meant where none is named.
    #[must_use]
    pub fn default_subject() -> Self {
        Self("default".to_owned())
    }

    /// A subject as the header `X-External-Subject-ID` names it.
    ///
    /// # Errors
    /// If it is not 1 to 255 visible characters.
    pub fn new(text: &str) -> Result<Self> {
        let mut violations = Violations::default();
        let visible = !text.chars().any(|c| c.is_control() || c.is_whitespace());
        violations.require(
            visible && (1..=SUBJECT_CHARACTERS_MAX).contains(&text.chars().count()),
            "X-External-Subject-ID",
            "must be 1 to 255 visible characters",
        );
        violations.into_result(Self(text.to_owned()))
    }

    /// From the store, which holds only what was checked.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ExternalSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
