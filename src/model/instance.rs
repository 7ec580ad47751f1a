//! Connector instances, also instantiations: one end customer's use of an installation.

use crate::model::callback::Line;
use crate::model::error::{Result, Violations};
use crate::model::id::{AccountId, AppId, InstallationId, InstanceId};
use crate::model::lifecycle::{Standing, State};
use crate::model::time::Timestamp;
use crate::model::token::KeyId;
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
    /// The key that signed its connector's token; `None` for one from before keys had names.
    pub token_key: Option<KeyId>,
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

/// Where a request names its external subject.
const SUBJECT_HEADER: &str = "X-External-Subject-ID";
/// The longest external subject, in characters (auth.md).
const SUBJECT_CHARACTERS_MAX: usize = 255;

impl ExternalSubject {
    /// The subject that is meant where none is named.
    #[must_use]
    pub fn default_subject() -> Self {
        Self("default".to_owned())
    }

    /// A subject as the header `X-External-Subject-ID` names it: any text, taken as it is. Only spaces and tabs around
    /// it go, since HTTP takes them from a header's value: a subject must not be another one over a WebSocket.
    ///
    /// # Errors
    /// If it is not 1 to 255 characters, or one of them is a control character.
    pub fn new(text: &str) -> Result<Self> {
        let text = text.trim_matches([' ', '\t']);
        let mut violations = Violations::default();
        let count = text.chars().count();
        if let Some(control) = text.chars().find(|c| c.is_control()) {
            let message = format!("must not hold control characters, and {text:?} holds U+{:04X}", u32::from(control));
            violations.add(SUBJECT_HEADER, message);
        }
        violations.require(
            (1..=SUBJECT_CHARACTERS_MAX).contains(&count),
            SUBJECT_HEADER,
            format!("must have 1 to {SUBJECT_CHARACTERS_MAX} characters, not {count}"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_any_text_without_control_characters() {
        let longest = "ü".repeat(SUBJECT_CHARACTERS_MAX);
        for (given, taken) in [
            ("max mustermann", "max mustermann"),
            (" \tmax  mustermann\t ", "max  mustermann"),
            ("用户 42", "用户 42"),
            ("Zoë 👩‍🚀", "Zoë 👩‍🚀"),
            ("100%20a+b", "100%20a+b"),
            ("a,b;c=\"d\"", "a,b;c=\"d\""),
            (&longest, &longest),
        ] {
            assert_eq!(ExternalSubject::new(given).map(|subject| subject.0).ok().as_deref(), Some(taken), "{given:?}");
        }
        let too_long = "u".repeat(SUBJECT_CHARACTERS_MAX + 1);
        for bad in ["", " \t ", "a\tb", "a\nb", "\0", "a\u{7f}", "a\u{85}b", &too_long] {
            assert!(ExternalSubject::new(bad).is_err(), "{bad:?}");
        }
    }
}
