//! The subscriptions: each decodes its arguments, lets one operation check the rights, and turns
//! events into what is told.
//!
//! A field is resolved once when somebody subscribes and then once for each event, so that whoever
//! loses the right to see something hears no more of it; see [`crate::graphql::live`].

use crate::graphql::context::Context;
use crate::graphql::error::Answered;
use crate::graphql::id::ID;
use crate::graphql::scalars::Scalar;
use crate::graphql::types::action::ActionRequest;
use crate::graphql::types::callback::Callback;
use crate::graphql::types::connector::{ConnectorInstallation, ConnectorInstance};
use crate::graphql::types::id;
use crate::graphql::types::live::{ConnectorInstallationChange, ConnectorInstanceChange, ThingPropertyChange};
use crate::model::token::Scope;
use crate::ops::live::{self, Event, Interest};
use crate::ops::{View, callback};
use futures_util::stream;
use juniper::graphql_subscription;

/// What an event comes to: one thing to tell, or none.
type Told<T> = stream::Iter<std::option::IntoIter<T>>;

/// The root of all subscriptions.
pub struct Subscription;

/// What can be listened to, over a WebSocket of the protocol graphql-transport-ws. Nothing is told
/// before it is committed: whoever is told of a change can query it. A `pong` to a `ping` sent after
/// `subscribe` means that everything from then on will be told.
#[graphql_subscription(context = Context, scalar = Scalar)]
impl Subscription {
    /// Service token (connctd.things.read): the values that a connector reports for a thing of this
    /// app, each with its own timestamp; of one component or property where they are named. Ends
    /// with an error when the thing is gone.
    async fn thing_property_changed(
        context: &Context,
        thing_id: ID,
        component_id: Option<ID>,
        property_id: Option<ID>,
    ) -> Answered<Told<ThingPropertyChange>> {
        let caller = context.service(Scope::ThingsRead)?;
        let (thing, subject) = (id("thing", &thing_id)?, context.subject()?);
        let thing = context.read(|view| live::thing(view, caller, subject.as_ref(), thing))?;
        let text = |id: Option<ID>| id.map(|id| id.to_string());
        let (component, property) = (text(component_id), text(property_id));
        let read = |view: &View| live::properties(view, &thing, component.clone(), property.clone());
        let interest = || context.read(read);
        tell(context, interest, |event| match event {
            Event::Property(change) => Ok(Some(ThingPropertyChange(change.clone()))),
            _ => Ok(None),
        })
    }

    /// Developer token: the installations of one of this account's apps, when one is made, changes
    /// its state or goes.
    async fn connector_installation_changed(
        context: &Context,
        app_id: ID,
    ) -> Answered<Told<ConnectorInstallationChange>> {
        let (caller, app) = (context.developer()?, id("app", &app_id)?);
        let interest = context.read(|view| live::installations(view, caller, app))?;
        tell(
            context,
            || Ok(interest),
            |event| match event {
                Event::Installation(row) => {
                    let installation = Some(ConnectorInstallation::one(row.clone()));
                    Ok(Some(ConnectorInstallationChange { id: row.id, installation }))
                }
                Event::InstallationGone { id, .. } => {
                    Ok(Some(ConnectorInstallationChange { id: *id, installation: None }))
                }
                _ => Ok(None),
            },
        )
    }

    /// Developer token: the instances of one of this account's apps, of one installation where it is
    /// named, when one is made, changes its state or goes. Ends with an error when the installation
    /// named is gone.
    async fn connector_instance_changed(
        context: &Context,
        app_id: ID,
        installation_id: Option<ID>,
    ) -> Answered<Told<ConnectorInstanceChange>> {
        let (caller, app) = (context.developer()?, id("app", &app_id)?);
        let installation = installation_id.map(|id| self::id("installation", &id)).transpose()?;
        // The end of its last instances is told also where the installation is gone by then.
        let of_instance = matches!(context.event().as_deref(), Some(Event::Instance(_) | Event::InstanceGone { .. }));
        let named = installation.filter(|_| !of_instance);
        let interest = context.read(|view| live::instances(view, caller, app, named))?;
        tell(
            context,
            || Ok(interest),
            |event| match event {
                Event::Instance(row) => {
                    let instance = Some(ConnectorInstance::one(row.clone()));
                    Ok(Some(ConnectorInstanceChange { installation: row.installation, id: row.id, instance }))
                }
                Event::InstanceGone { id, installation, .. } => {
                    Ok(Some(ConnectorInstanceChange { installation: *installation, id: *id, instance: None }))
                }
                _ => Ok(None),
            },
        )
    }

    /// Service token (connctd.things.action): what this app requested, when it is requested and when
    /// it ends; one request, or those of one thing, where they are named, and of one external
    /// subject where the header X-External-Subject-ID is sent. Ends with an error when the request
    /// or the thing is gone; one that its connector deletes counts as present while its requests are kept
    /// (7 days).
    async fn action_request_changed(
        context: &Context,
        id: Option<ID>,
        thing_id: Option<ID>,
    ) -> Answered<Told<ActionRequest>> {
        let (caller, subject) = (context.service(Scope::ThingsAction)?, context.subject()?);
        let request = id.map(|id| self::id("action request", &id)).transpose()?;
        let thing = thing_id.map(|id| self::id("thing", &id)).transpose()?;
        let interest = context.read(|view| live::action_requests(view, caller, subject.as_ref(), request, thing))?;
        tell(
            context,
            || Ok(interest),
            |event| {
                let Event::ActionRequest(row) = event else { return Ok(None) };
                let seen = subject.as_ref().is_none_or(|subject| row.subject == *subject);
                Ok(seen.then(|| ActionRequest::one(row.clone())))
            },
        )
    }

    /// Developer token: callbacks of own publications and own apps' installations, of one publication
    /// where it is named, once they have come to an end and stand in the log.
    async fn callback_logged(context: &Context, connector_id: Option<ID>) -> Answered<Told<Callback>> {
        let caller = context.developer()?;
        let publication = connector_id.map(|connector| id("connector", &connector)).transpose()?;
        tell(
            context,
            || Ok(live::callbacks(caller, publication)),
            |event| {
                let Event::Callback { id, .. } = event else { return Ok(None) };
                // None where it was trimmed meanwhile.
                let row = context.read(|view| callback::find(view, caller, *id))?;
                Ok(row.map(Callback::one))
            },
        )
    }
}

/// Begins to listen, or tells what the event is for this field.
fn tell<T>(
    context: &Context,
    interest: impl FnOnce() -> Answered<Interest>,
    told: impl FnOnce(&Event) -> Answered<Option<T>>,
) -> Answered<Told<T>> {
    let node = match context.event() {
        Some(event) => told(&event)?,
        None => {
            context.subscribe(interest()?);
            None
        }
    };
    Ok(stream::iter(node))
}
