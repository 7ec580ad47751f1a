//! Action requests.

use crate::graphql::batch::Batch;
use crate::graphql::context::Context;
use crate::graphql::error::Answered;
use crate::graphql::scalars::{Scalar, Time};
use crate::graphql::types::thing::{ComponentAction, Thing, ThingComponent};
use crate::model::action::{ActionRequest as Row, ActionStatus, ActionValue};
use crate::model::constraint::{ActionConstraint, ComponentConstraints};
use crate::model::error::Error;
use crate::model::id::ThingId;
use crate::ops::action::ActionTarget;
use crate::ops::thing;
use juniper::{GraphQLEnum, ID, graphql_object};
use std::sync::Arc;

/// Where an action request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, GraphQLEnum)]
#[graphql(scalar = Scalar)]
pub enum ActionRequestStatus {
    /// Asked for and not ended.
    Pending,
    /// Done.
    Completed,
    /// Not done, and will not be: see `error`.
    Failed,
    /// Called off by the app.
    Canceled,
}

impl From<ActionStatus> for ActionRequestStatus {
    fn from(status: ActionStatus) -> Self {
        match status {
            ActionStatus::Pending => Self::Pending,
            ActionStatus::Completed => Self::Completed,
            ActionStatus::Failed => Self::Failed,
            ActionStatus::Canceled => Self::Canceled,
        }
    }
}

impl From<ActionRequestStatus> for ActionStatus {
    fn from(status: ActionRequestStatus) -> Self {
        match status {
            ActionRequestStatus::Pending => Self::Pending,
            ActionRequestStatus::Completed => Self::Completed,
            ActionRequestStatus::Failed => Self::Failed,
            ActionRequestStatus::Canceled => Self::Canceled,
        }
    }
}

/// A request to perform an action, or what would be requested in a dry run.
pub struct ActionRequest {
    request: Option<Row>,
    error: Option<String>,
    parameters: Vec<ActionValue>,
    thing: ThingId,
    component_id: String,
    action_id: String,
    things: Arc<Batch<ThingId, Thing>>,
}

impl ActionRequest {
    /// A page of requests.
    pub fn page(rows: Vec<Row>) -> Vec<Self> {
        let mut ids: Vec<_> = rows.iter().map(|row| row.thing).collect();
        ids.sort_unstable();
        ids.dedup();
        let things = Arc::new(Batch::new(ids.into()));
        rows.into_iter().map(|row| Self::new(row, Arc::clone(&things))).collect()
    }

    /// A single request.
    pub fn one(row: Row) -> Self {
        let things = Arc::new(Batch::new(Arc::new([row.thing])));
        Self::new(row, things)
    }

    /// What an order selected; `parameters` are those of a dry run, which has no requests.
    pub fn targets(targets: Vec<ActionTarget>, parameters: &[ActionValue]) -> Vec<Self> {
        let mut rows: Vec<_> = targets.iter().map(|target| target.thing.clone()).collect();
        rows.dedup_by_key(|thing| thing.id);
        let known = Thing::page(rows).into_iter().map(|thing| (thing.row().id, thing)).collect();
        let things = Arc::new(Batch::loaded(known));
        let node = |target: ActionTarget| match target.request {
            Some(row) => Self::new(row, Arc::clone(&things)),
            None => Self {
                request: None,
                error: target.refusal,
                parameters: parameters.to_vec(),
                thing: target.thing.id,
                component_id: target.component.id,
                action_id: target.action.id,
                things: Arc::clone(&things),
            },
        };
        targets.into_iter().map(node).collect()
    }

    fn new(mut row: Row, things: Arc<Batch<ThingId, Thing>>) -> Self {
        Self {
            error: row.error.take(),
            parameters: std::mem::take(&mut row.parameters),
            thing: row.thing,
            component_id: row.component_id.clone(),
            action_id: row.action_id.clone(),
            request: Some(row),
            things,
        }
    }

    fn thing(&self, context: &Context) -> Answered<&Thing> {
        let found = self.things.get(context, &self.thing, |view, ids| {
            let nodes = Thing::page(thing::of_requests(view, ids)?);
            Ok(nodes.into_iter().map(|node| (node.row().id, node)).collect())
        })?;
        Ok(found.ok_or_else(|| Error::not_found("thing", self.thing))?)
    }

    fn component(&self, context: &Context) -> Answered<ThingComponent> {
        let components = self.thing(context)?.components_like(context, ComponentConstraints::default())?;
        let found = components.into_iter().find(|component| component.row().id == self.component_id);
        Ok(found.ok_or_else(|| Error::not_found("component", &self.component_id))?)
    }
}

#[graphql_object(context = Context, scalar = Scalar)]
impl ActionRequest {
    /// Null in a dry run.
    fn id(&self) -> Option<ID> {
        self.request.as_ref().map(|row| ID::new(row.id.to_string()))
    }

    /// Null in a dry run.
    fn status(&self) -> Option<ActionRequestStatus> {
        self.request.as_ref().map(|row| row.status.into())
    }

    /// When it fails by itself if it is still pending. Null in a dry run.
    fn deadline(&self) -> Option<Time> {
        self.request.as_ref().map(|row| Time(row.deadline))
    }

    /// Null in a dry run.
    fn created_at(&self) -> Option<Time> {
        self.request.as_ref().map(|row| Time(row.created_at))
    }

    /// Why it failed, or would fail.
    fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    fn parameters(&self) -> Vec<ActionRequestParameter<'_>> {
        self.parameters.iter().map(ActionRequestParameter).collect()
    }

    fn target_thing(&self, context: &Context) -> Answered<&Thing> {
        self.thing(context)
    }

    fn target_component(&self, context: &Context) -> Answered<ThingComponent> {
        self.component(context)
    }

    fn target_action(&self, context: &Context) -> Answered<ComponentAction> {
        let actions = self.component(context)?.actions_like(context, ActionConstraint::default())?;
        let found = actions.into_iter().find(|action| action.row().id == self.action_id);
        Ok(found.ok_or_else(|| Error::not_found("action", &self.action_id))?)
    }
}

/// A value given for a parameter of an action.
pub struct ActionRequestParameter<'a>(&'a ActionValue);

#[graphql_object(context = Context, scalar = Scalar, name = "ActionRequestParameter")]
impl ActionRequestParameter<'_> {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn value(&self) -> &str {
        &self.0.value
    }
}
