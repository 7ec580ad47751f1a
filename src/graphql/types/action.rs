//! Action requests.

use crate::graphql::batch::Batch;
use crate::graphql::context::Context;
use crate::graphql::error::Answered;
use crate::graphql::id::ID;
use crate::graphql::scalars::{Scalar, Time};
use crate::graphql::types::thing::{ComponentAction, Thing, ThingComponent};
use crate::model::action::{ActionRequest as Row, ActionStatus, ActionValue};
use crate::model::constraint::{ActionConstraint, ComponentConstraints};
use crate::model::error::Error;
use crate::model::id::ThingId;
use crate::model::thing::{WholeComponent, WholeThing};
use crate::ops::action::ActionTarget;
use crate::ops::thing;
use juniper::{GraphQLEnum, graphql_object};
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
    /// The thing with what was selected of it, for a request that was made just now.
    selected: Option<Thing>,
}

impl ActionRequest {
    /// A page of requests.
    pub fn page(rows: Vec<Row>) -> Vec<Self> {
        let mut ids: Vec<_> = rows.iter().map(|row| row.thing).collect();
        ids.sort_unstable();
        ids.dedup();
        let things = Arc::new(Batch::new(ids.into()));
        rows.into_iter().map(|row| Self::new(row, Arc::clone(&things), None)).collect()
    }

    /// A single request.
    pub fn one(row: Row) -> Self {
        let things = Arc::new(Batch::new(Arc::new([row.thing])));
        Self::new(row, things, None)
    }

    /// What an order selected; `parameters` are those of a dry run, which has no requests.
    pub fn targets(targets: Vec<ActionTarget>, parameters: &[ActionValue]) -> Vec<Self> {
        let mut ids: Vec<_> = targets.iter().map(|target| target.thing.id).collect();
        ids.dedup();
        let things = Arc::new(Batch::new(ids.into()));
        let node = |target: ActionTarget| {
            let ActionTarget { thing, component, action, request, refusal } = target;
            let (id, component_id, action_id) = (thing.id, component.id.clone(), action.id.clone());
            let selected = WholeComponent { component, properties: Vec::new(), actions: vec![action] };
            let selected = WholeThing { thing, attributes: Vec::new(), components: vec![selected] };
            let selected = Thing::page_of_deleted(vec![selected]).pop();
            let things = Arc::clone(&things);
            match request {
                Some(row) => Self::new(row, things, selected),
                None => Self {
                    request: None,
                    error: refusal,
                    parameters: parameters.to_vec(),
                    thing: id,
                    component_id,
                    action_id,
                    things,
                    selected,
                },
            }
        };
        targets.into_iter().map(node).collect()
    }

    fn new(mut row: Row, things: Arc<Batch<ThingId, Thing>>, selected: Option<Thing>) -> Self {
        Self {
            error: row.error.take(),
            parameters: std::mem::take(&mut row.parameters),
            thing: row.thing,
            component_id: row.component_id.clone(),
            action_id: row.action_id.clone(),
            request: Some(row),
            things,
            selected,
        }
    }

    /// The thing, or what it was: its connector may have deleted it, and its instance may be gone.
    fn thing(&self, context: &Context) -> Answered<&Thing> {
        let found = self.things.get(context, &self.thing, |view, ids| {
            let mut nodes = Thing::page(thing::of_requests(view, ids)?);
            if nodes.len() < ids.len() {
                nodes.extend(Thing::page_of_deleted(thing::removed(view, ids)?));
            }
            Ok(nodes.into_iter().map(|node| (node.row().id, node)).collect())
        })?;
        Ok(found.or(self.selected.as_ref()).ok_or_else(|| Error::not_found("thing", self.thing))?)
    }

    /// A part of the thing.
    fn part<Part>(
        &self,
        context: &Context,
        noun: &str,
        id: &str,
        find: impl Fn(&Thing) -> Answered<Option<Part>>,
    ) -> Answered<Part> {
        if let Some(part) = find(self.thing(context)?)? {
            return Ok(part);
        }
        // It went while its parts were read, which in a mutation is done one by one.
        let removed = Thing::page_of_deleted(context.read(|view| thing::removed(view, &[self.thing]))?);
        for thing in removed.iter().chain(&self.selected) {
            if let Some(part) = find(thing)? {
                return Ok(part);
            }
        }
        Err(Error::not_found(noun, id).into())
    }

    fn component_of(&self, context: &Context, thing: &Thing) -> Answered<Option<ThingComponent>> {
        let components = thing.components_like(context, ComponentConstraints::default())?;
        Ok(components.into_iter().find(|component| component.row().id == self.component_id))
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

    /// As it was, if its connector deleted it since.
    fn target_thing(&self, context: &Context) -> Answered<&Thing> {
        self.thing(context)
    }

    fn target_component(&self, context: &Context) -> Answered<ThingComponent> {
        self.part(context, "component", &self.component_id, |thing| self.component_of(context, thing))
    }

    fn target_action(&self, context: &Context) -> Answered<ComponentAction> {
        self.part(context, "action", &self.action_id, |thing| {
            let Some(component) = self.component_of(context, thing)? else { return Ok(None) };
            let actions = component.actions_like(context, ActionConstraint::default())?;
            Ok(actions.into_iter().find(|action| action.row().id == self.action_id))
        })
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
