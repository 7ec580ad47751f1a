//! Action requests: one request to perform an action of a thing's component.

use crate::model::error::Violations;
use crate::model::id::{ActionRequestId, AppId, InstanceId, ThingId};
use crate::model::instance::ExternalSubject;
use crate::model::thing::ActionParameter;
use crate::model::time::Timestamp;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// The longest error text of an action request, in characters; more is cut off.
pub const ERROR_CHARACTERS_MAX: usize = 4_096;
/// The longest value of an action's parameter, in characters.
const VALUE_CHARACTERS_MAX: usize = 10_000;

/// How long the requests for a thing that its connector deletes are kept, with the thing as it was: as long as the log
/// of callbacks is by default, in which the request's callback is found.
pub const REMOVED_KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Where an action request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActionStatus {
    /// Asked for and not ended.
    Pending,
    /// Done.
    Completed,
    /// Not done, and will not be.
    Failed,
    /// Called off by the app.
    Canceled,
}

impl ActionStatus {
    /// The name on the wire and in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Canceled => "CANCELED",
        }
    }

    /// The status with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Pending, Self::Completed, Self::Failed, Self::Canceled].into_iter().find(|s| s.name() == name)
    }
}

/// One value for a parameter of an action; values are always texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionValue {
    /// The parameter's name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A request to perform an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionRequest {
    /// Its identifier.
    pub id: ActionRequestId,
    /// The app that asked.
    pub app: AppId,
    /// Whose the thing is.
    pub subject: ExternalSubject,
    /// The instance that the thing is of; `None` for one that the app keeps itself.
    pub instance: Option<InstanceId>,
    /// The thing whose action it is.
    pub thing: ThingId,
    /// The component of the thing.
    pub component_id: String,
    /// The action of the component.
    pub action_id: String,
    /// The values given.
    pub parameters: Vec<ActionValue>,
    /// Where it stands.
    pub status: ActionStatus,
    /// Why it failed.
    pub error: Option<String>,
    /// When it fails by itself if it is still pending.
    pub deadline: Timestamp,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// How a request ends or goes on after the connector spoke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionOutcome {
    /// The connector goes on with it.
    StillPending,
    /// Done.
    Completed,
    /// Not done, and why.
    Failed(String),
}

/// Checks values against an action's declaration: all declared ones present, none unknown or
/// twice, each of its type (domain.md, "Actions").
pub fn check_action_values(declared: &[ActionParameter], values: &[ActionValue], violations: &mut Violations) {
    let by_name: HashMap<&str, &ActionParameter> = declared.iter().map(|p| (p.name.as_str(), p)).collect();
    let mut given = HashSet::new();
    for (index, value) in values.iter().enumerate() {
        let at = |field: &str| format!("actionParameters[{index}].{field}");
        let Some(parameter) = by_name.get(value.name.as_str()) else {
            violations.add(at("name"), format!("the action has no parameter {:?}", value.name));
            continue;
        };
        violations.require(given.insert(value.name.as_str()), at("name"), "is given more than once");
        violations.require(
            parameter.kind.fits(&value.value),
            at("value"),
            format!("the parameter {:?} {}", parameter.name, parameter.kind.expectation()),
        );
        violations.length(&value.value, 0, VALUE_CHARACTERS_MAX, at("value"));
    }
    for parameter in declared.iter().filter(|p| !given.contains(p.name.as_str())) {
        violations.add("actionParameters", format!("the parameter {:?} is missing", parameter.name));
    }
}

/// An error text of a connector, cut to what is kept.
#[must_use]
pub fn cut_error(text: &str) -> String {
    text.chars().take(ERROR_CHARACTERS_MAX).collect()
}

/// Which requests of an app are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActionFilter {
    /// For things of this subject.
    pub subject: Option<ExternalSubject>,
    /// The request.
    pub id: Option<ActionRequestId>,
    /// The thing whose actions they are.
    pub thing: Option<ThingId>,
    /// Where they stand.
    pub status: Option<ActionStatus>,
}
