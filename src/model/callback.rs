//! Callbacks: what the platform tells connectors, what came of it, and the log of it.

use crate::model::action::{ActionOutcome, ActionValue};
use crate::model::id::{AccountId, ActionRequestId, CallbackId, InstallationId, InstanceId, PublicationId, ThingId};
use crate::model::lifecycle::Standing;
use crate::model::parameter::ConfigurationValue;
use crate::model::publication::SigningSeed;
use crate::model::time::Timestamp;
use std::time::Duration;

/// What takes the place of a secret in the log.
pub const REDACTED: &str = "•••";

/// What precedes the part of an error that only the owner of the publication may see: whatever tells where a connector
/// is.
pub const FOR_OWNER: &str = "; for the connector's owner only: ";

/// What a callback tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallbackKind {
    /// A connector was installed.
    Installation,
    /// An installation is being removed.
    InstallationRemoval,
    /// An installation was instantiated.
    Instance,
    /// An instance is being removed.
    InstanceRemoval,
    /// An action was requested.
    Action,
}

impl CallbackKind {
    /// The name in GraphQL and in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Installation => "INSTALLATION",
            Self::InstallationRemoval => "INSTALLATION_REMOVAL",
            Self::Instance => "INSTANCE",
            Self::InstanceRemoval => "INSTANCE_REMOVAL",
            Self::Action => "ACTION",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Installation, Self::InstallationRemoval, Self::Instance, Self::InstanceRemoval, Self::Action]
            .into_iter()
            .find(|kind| kind.name() == name)
    }

    /// The HTTP method; a POST is delivered at most once, a DELETE again after a crash.
    #[must_use]
    pub fn method(self) -> &'static str {
        match self {
            Self::Installation | Self::Instance | Self::Action => "POST",
            Self::InstallationRemoval | Self::InstanceRemoval => "DELETE",
        }
    }
}

/// Whose share of the pool a callback takes (protocol.md, "Isolation").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Line {
    /// The publication called.
    pub publication: PublicationId,
    /// The publication's owner.
    pub owner: AccountId,
}

/// A callback that is written down and waits to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingCallback {
    /// Its identifier.
    pub id: CallbackId,
    /// Whose share of the pool it takes.
    pub line: Line,
}

/// What a callback is about, as the log keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallbackSubject {
    /// What it tells.
    pub kind: CallbackKind,
    /// The publication called.
    pub publication: PublicationId,
    /// The publication's owner.
    pub connector_owner: AccountId,
    /// The owner of the app concerned.
    pub app_owner: AccountId,
    /// The installation concerned.
    pub installation: InstallationId,
    /// The instance concerned, if one is.
    pub instance: Option<InstanceId>,
    /// The action request concerned, if one is.
    pub action_request: Option<ActionRequestId>,
}

/// The content of a callback.
#[derive(Debug, Clone)]
pub enum Message {
    /// Tells of a new installation.
    Installation {
        /// The installation.
        id: InstallationId,
        /// The token with which the connector reports on it.
        token: String,
        /// The values of the installation parameters.
        configuration: Vec<ConfigurationValue>,
    },
    /// Tells that an installation goes.
    InstallationRemoval {
        /// The installation.
        id: InstallationId,
    },
    /// Tells of a new instance.
    Instance {
        /// The instance.
        id: InstanceId,
        /// Its installation.
        installation: InstallationId,
        /// The token with which the connector reports on it and manages its things.
        token: String,
        /// The values of the customer parameters.
        configuration: Vec<ConfigurationValue>,
    },
    /// Tells that an instance goes.
    InstanceRemoval {
        /// The instance.
        id: InstanceId,
    },
    /// Asks to perform an action.
    Action {
        /// The action request.
        id: ActionRequestId,
        /// The thing.
        thing: ThingId,
        /// The component of the thing.
        component: String,
        /// The action of the component.
        action: String,
        /// The values given.
        parameters: Vec<ActionValue>,
    },
}

impl Message {
    /// What kind of callback carries it.
    #[must_use]
    pub fn kind(&self) -> CallbackKind {
        match self {
            Self::Installation { .. } => CallbackKind::Installation,
            Self::InstallationRemoval { .. } => CallbackKind::InstallationRemoval,
            Self::Instance { .. } => CallbackKind::Instance,
            Self::InstanceRemoval { .. } => CallbackKind::InstanceRemoval,
            Self::Action { .. } => CallbackKind::Action,
        }
    }
}

/// Everything needed to send one callback.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// The callback.
    pub id: CallbackId,
    /// The publication whose connector it goes to.
    pub publication: PublicationId,
    /// The publication's owner.
    pub owner: AccountId,
    /// What it says.
    pub message: Message,
    /// The publication's callback URL for this kind, without the ID that a removal appends.
    pub callback_url: String,
    /// The key that signs it.
    pub seed: SigningSeed,
    /// Values of PASSWORD parameters, which the log must not hold.
    pub secrets: Vec<String>,
}

/// An HTTP header as it went over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// What was sent and what came back, secrets redacted: the log's entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When the request was begun.
    pub sent_at: Timestamp,
    /// From then to the end of the answer, or to the error.
    pub duration: Duration,
    /// The HTTP method.
    pub method: String,
    /// The URL requested.
    pub url: String,
    /// The URL that was signed; differs from `url` in the scheme for plain http.
    pub signed_url: String,
    /// The request's headers.
    pub request_headers: Vec<Header>,
    /// The request's body, secrets redacted.
    pub request_body: String,
    /// The answer, if one came.
    pub response: Option<Response>,
    /// Why there was no answer, or what was wrong with it.
    pub error: Option<String>,
}

impl Attempt {
    /// Whether it did not come to a response that says that all is well.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.error.is_some() || self.response.as_ref().is_none_or(|response| !(200..300).contains(&response.status))
    }
}

/// What a connector answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<Header>,
    /// The body, what is no UTF-8 replaced.
    pub body: String,
}

/// What a callback came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Of an installation or instance: its new standing, if it is still INITIALIZED.
    Standing(Standing),
    /// Of a removal: the connector confirmed, or what it did instead.
    Removal(Result<(), String>),
    /// Of an action: how the request goes on, if it is still PENDING.
    Action(ActionOutcome),
}

impl Outcome {
    /// What it is called where callbacks are counted.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Standing(standing) => standing.state.name(),
            Self::Removal(Ok(())) => "CONFIRMED",
            Self::Removal(Err(_)) => "UNCONFIRMED",
            Self::Action(ActionOutcome::StillPending) => "PENDING",
            Self::Action(ActionOutcome::Completed) => "COMPLETED",
            Self::Action(ActionOutcome::Failed(_)) => "FAILED",
        }
    }
}

/// An entry of the callback log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// Its identifier.
    pub id: CallbackId,
    /// What it is about.
    pub subject: CallbackSubject,
    /// What was sent and what came back.
    pub attempt: Attempt,
}

impl Attempt {
    /// The exact bytes that were signed (secrets redacted), as protocol.md has them.
    #[must_use]
    pub fn signed_payload(&self) -> String {
        let date = self.request_headers.iter().find(|h| h.name.eq_ignore_ascii_case("date"));
        let date = date.map_or("", |header| header.value.as_str());
        signed_payload(&self.method, &self.signed_url, date, &self.request_body)
    }
}

/// The text that a signature covers (protocol.md, "Signature").
#[must_use]
pub fn signed_payload(method: &str, signed_url: &str, date: &str, body: &str) -> String {
    format!("(method):{method}\r\n(url):{signed_url}\r\n(Date):{date}\r\n(body):{body}")
}

/// Which entries of the log are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallbackFilter {
    /// Of this publication.
    pub publication: Option<PublicationId>,
    /// Of this installation.
    pub installation: Option<InstallationId>,
    /// Of this kind.
    pub kind: Option<CallbackKind>,
    /// Only those without a 2xx answer, or with one that was no good.
    pub failed_only: bool,
}
