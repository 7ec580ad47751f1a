//! The life of installations and instances, which is the same: states, reports, further steps.

use crate::model::markdown;
use std::fmt;

/// Where an installation or an instance stands. The numbers are the ones on the wire to
/// connectors (platform documentation).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Stored, and the connector's answer is awaited.
    Initialized = 1,
    /// Ready for use.
    Complete = 2,
    /// The connector has more to do, or the user has.
    Ongoing = 3,
    /// The connector refused.
    Failed = 4,
    /// The connector did not answer as it must.
    Error = 5,
    /// The platform's own fault.
    InternalError = 6,
    /// Being removed.
    RemovalOngoing = 7,
}

impl State {
    /// All states, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::Initialized,
        Self::Complete,
        Self::Ongoing,
        Self::Failed,
        Self::Error,
        Self::InternalError,
        Self::RemovalOngoing,
    ];

    /// The number on the wire and in the database.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The state with this number.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| i64::from(state.number()) == number)
    }

    /// The name in GraphQL and in the platform's documentation.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Initialized => "INITIALIZED",
            Self::Complete => "COMPLETE",
            Self::Ongoing => "ONGOING",
            Self::Failed => "FAILED",
            Self::Error => "ERROR",
            Self::InternalError => "INTERNAL_ERROR",
            Self::RemovalOngoing => "REMOVAL_ONGOING",
        }
    }

    /// The state with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether a connector may report this state.
    #[must_use]
    pub fn may_be_reported(self) -> bool {
        matches!(self, Self::Complete | Self::Ongoing | Self::Failed)
    }

    /// Whether a connector may report while this is the present state.
    #[must_use]
    pub fn takes_reports(self) -> bool {
        matches!(self, Self::Initialized | Self::Complete | Self::Ongoing | Self::Failed)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text of a JSON object, as a connector gave it or the platform made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details(String);

impl Details {
    /// From a text that is known to be a JSON object.
    #[must_use]
    pub fn from_json_object(text: String) -> Self {
        debug_assert!(text.starts_with('{'), "{text}");
        Self(text)
    }

    /// How far the removal of an installation is.
    #[must_use]
    pub fn of_removal(removed: u64, instances: u64) -> Self {
        let description = format!("{} of {} instances are removed", grouped(removed), grouped(instances));
        Self(format!(r#"{{"description":"{description}","removed":{removed},"instances":{instances}}}"#))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A number with commas between its thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// What kind of content a further step has. The numbers are the ones on the wire (SDK).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FurtherStepKind {
    /// Plain text to show.
    Text = 1,
    /// Markdown to show.
    Markdown = 2,
    /// A URL to lead the user to.
    Redirect = 3,
}

impl FurtherStepKind {
    /// The number on the wire and in the database.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The kind with this number.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        [Self::Text, Self::Markdown, Self::Redirect].into_iter().find(|kind| i64::from(kind.number()) == number)
    }
}

/// What a user has to do before an installation or instance becomes complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FurtherStep {
    /// How to show it.
    pub kind: FurtherStepKind,
    /// The text, the Markdown or the URL.
    pub content: String,
    /// The Markdown as HTML that a page may show.
    pub html: Option<String>,
}

impl FurtherStep {
    /// A step with this content, which is rendered if it is Markdown.
    #[must_use]
    pub fn new(kind: FurtherStepKind, content: String) -> Self {
        let html = (kind == FurtherStepKind::Markdown).then(|| markdown::to_html(&content));
        Self { kind, content, html }
    }
}

/// A state together with what explains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Where it stands.
    pub state: State,
    /// Why, or what goes with it.
    pub details: Option<Details>,
    /// What the user has to do.
    pub further_step: Option<FurtherStep>,
}

impl Standing {
    /// What everything begins with.
    pub const INITIALIZED: Self = Self { state: State::Initialized, details: None, further_step: None };
}
