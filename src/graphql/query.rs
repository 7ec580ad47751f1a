//! The queries: each decodes its arguments and calls one operation.

use crate::graphql::context::Context;
use crate::graphql::error::Answered;
use crate::graphql::id::ID;
use crate::graphql::input::constraint::{
    ComponentActionConstraint, ComponentPropertyConstraint, ThingAttributeConstraint, ThingComponentConstraint,
    ThingConstraint, ThingConstraints,
};
use crate::graphql::list::List;
use crate::graphql::scalars::Scalar;
use crate::graphql::types::account::{About, App, Grant, Profile};
use crate::graphql::types::action::{ActionRequest, ActionRequestStatus};
use crate::graphql::types::callback::{Callback, CallbackKind};
use crate::graphql::types::connector::{ConnectorInstallation, ConnectorInstance, ConnectorPublication};
use crate::graphql::types::operator::{Account, Invite, OperatedConnector, Server};
use crate::graphql::types::thing::Thing;
use crate::graphql::types::{id, page};
use crate::model::action::ActionFilter;
use crate::model::callback::CallbackFilter;
use crate::model::id::{ActionRequestId, CallbackId, InstallationId, PublicationId, ThingId};
use crate::model::token::Scope;
use crate::ops::{account, action, app, callback, grant, installation, instance, operator, publication, thing};
use juniper::graphql_object;

/// The root of all queries.
pub struct Query;

/// What can be asked for.
#[graphql_object(context = Context, scalar = Scalar)]
impl Query {
    /// No token: what a sign-in page needs to know.
    fn about(context: &Context) -> Answered<About> {
        Ok(About(context.read(|view| account::about(context.platform(), view))?))
    }

    /// Developer token: publications created by this account.
    fn connector_publications(context: &Context) -> Answered<Vec<ConnectorPublication>> {
        let caller = context.developer()?;
        let rows = context.read(|view| publication::list_own(view, caller))?;
        Ok(rows.into_iter().map(ConnectorPublication).collect())
    }

    /// Developer token: installations of one of this account's apps.
    fn connector_installations(context: &Context, app_id: ID) -> Answered<List<Vec<ConnectorInstallation>>> {
        let caller = context.developer()?;
        let app = id("app", &app_id)?;
        Ok(List(ConnectorInstallation::page(context.read(|view| installation::of_app(view, caller, app))?)))
    }

    /// Service token (connctd.connector): instances of this app; of one external subject where the
    /// header X-External-Subject-ID is sent. At most 1,000, further ones with `after`.
    fn connector_instantiations(
        context: &Context,
        first: Option<i32>,
        after: Option<ID>,
    ) -> Answered<List<Vec<ConnectorInstance>>> {
        let caller = context.service(Scope::Connector)?;
        let (subject, page) = (context.subject()?, page(first, after.as_ref())?);
        let rows = context.read(|view| instance::of_app(view, caller, subject.as_ref(), page))?;
        Ok(List(ConnectorInstance::page(rows)))
    }

    /// Service token (connctd.things.read): things of this app; of one external subject where the
    /// header X-External-Subject-ID is sent. At most 1,000, further ones with `after`. The constraints
    /// on properties and actions must be met by one component that also meets the one on components.
    #[expect(clippy::too_many_arguments, reason = "they are those of the field")]
    fn things(
        context: &Context,
        thing_constraint: Option<ThingConstraint>,
        thing_attribute_constraint: Option<ThingAttributeConstraint>,
        thing_component_constraint: Option<ThingComponentConstraint>,
        component_property_constraint: Option<ComponentPropertyConstraint>,
        component_action_constraint: Option<ComponentActionConstraint>,
        first: Option<i32>,
        after: Option<ID>,
    ) -> Answered<List<Vec<Thing>>> {
        let caller = context.service(Scope::ThingsRead)?;
        let constraints = ThingConstraints {
            thing_constraint,
            thing_attribute_constraint,
            thing_component_constraint,
            component_property_constraint,
            component_action_constraint,
        }
        .into();
        let (subject, page) = (context.subject()?, page(first, after.as_ref())?);
        let rows = context.read(|view| thing::of_app(view, caller, subject.as_ref(), &constraints, page))?;
        Ok(List(Thing::page(rows)))
    }

    /// Developer token: who is signed in.
    fn profile(context: &Context) -> Answered<Profile> {
        let caller = context.developer()?;
        Ok(Profile(context.read(|view| account::profile(view, caller))?))
    }

    /// Any token: public publications, and the account's own; search matches name, description and tags,
    /// tag the whole of a tag, both without regard to case.
    fn connector_store(
        context: &Context,
        search: Option<String>,
        tag: Option<String>,
        first: Option<i32>,
        after: Option<ID>,
    ) -> Answered<Vec<ConnectorPublication>> {
        let caller = context.caller()?;
        let page = page::<PublicationId>(first, after.as_ref())?;
        let (search, tag) = (search.as_deref(), tag.as_deref());
        let rows = context.read(|view| publication::in_store(view, caller, search, tag, page))?;
        Ok(rows.into_iter().map(ConnectorPublication).collect())
    }

    /// Any token: one publication that the caller may see; the way to UNLISTED ones.
    fn connector(context: &Context, id: ID) -> Answered<Option<ConnectorPublication>> {
        let caller = context.caller()?;
        let Ok(id) = id.parse() else { return Ok(None) };
        Ok(context.read(|view| publication::find(view, caller, id))?.map(ConnectorPublication))
    }

    /// Developer token, or service token (connctd.connector) of its app.
    fn connector_installation(context: &Context, id: ID) -> Answered<Option<ConnectorInstallation>> {
        let caller = context.developer_or(Scope::Connector)?;
        let Ok(id) = id.parse() else { return Ok(None) };
        Ok(context.read(|view| installation::find(view, caller, id))?.map(ConnectorInstallation::one))
    }

    /// Developer token, or service token (connctd.connector) of its app.
    fn connector_instance(context: &Context, id: ID) -> Answered<Option<ConnectorInstance>> {
        let caller = context.developer_or(Scope::Connector)?;
        let subject = context.subject()?;
        let Ok(id) = id.parse() else { return Ok(None) };
        let found = context.read(|view| instance::find(view, caller, subject.as_ref(), id))?;
        Ok(found.map(ConnectorInstance::one))
    }

    /// Developer token: this account's apps.
    fn apps(context: &Context) -> Answered<List<Vec<App>>> {
        let caller = context.developer()?;
        Ok(List(App::page(context.read(|view| app::list(view, caller))?)))
    }

    /// Developer token: one of this account's apps.
    fn app(context: &Context, id: ID) -> Answered<Option<App>> {
        let caller = context.developer()?;
        let Ok(id) = id.parse() else { return Ok(None) };
        Ok(context.read(|view| app::find(view, caller, id))?.map(App::one))
    }

    /// Developer token: what this account lets other apps do for its own.
    fn grants(context: &Context) -> Answered<Vec<Grant>> {
        let caller = context.developer()?;
        Ok(context.read(|view| grant::list(view, caller))?.into_iter().map(Grant).collect())
    }

    /// Service token (connctd.things.action): what this app requested, newest first; of one external
    /// subject where the header X-External-Subject-ID is sent.
    fn action_requests(
        context: &Context,
        id: Option<ID>,
        thing_id: Option<ID>,
        status: Option<ActionRequestStatus>,
        first: Option<i32>,
        after: Option<ID>,
    ) -> Answered<List<Vec<ActionRequest>>> {
        let caller = context.service(Scope::ThingsAction)?;
        let page = page(first, after.as_ref())?;
        let filter = ActionFilter {
            subject: context.subject()?,
            // What is no identifier names nothing.
            id: id.map(|id| id.parse().unwrap_or(ActionRequestId::MIN)),
            thing: thing_id.map(|id| id.parse().unwrap_or(ThingId::MIN)),
            status: status.map(Into::into),
        };
        Ok(List(ActionRequest::page(context.read(|view| action::list(view, caller, &filter, page))?)))
    }

    /// Developer token: callbacks of own publications and own apps' installations, newest first.
    fn callbacks(
        context: &Context,
        connector_id: Option<ID>,
        installation_id: Option<ID>,
        kind: Option<CallbackKind>,
        failed_only: Option<bool>,
        first: Option<i32>,
        after: Option<ID>,
    ) -> Answered<List<Vec<Callback>>> {
        let caller = context.developer()?;
        let page = page::<CallbackId>(first, after.as_ref())?;
        let filter = CallbackFilter {
            // What is no identifier names nothing.
            publication: connector_id.map(|id| id.parse().unwrap_or(PublicationId::MIN)),
            installation: installation_id.map(|id| id.parse().unwrap_or(InstallationId::MIN)),
            kind: kind.map(Into::into),
            failed_only: failed_only.unwrap_or(false),
        };
        Ok(List(Callback::page(context.read(|view| callback::list(view, caller, &filter, page))?)))
    }

    /// Developer token: one entry of the log of callbacks.
    fn callback(context: &Context, id: ID) -> Answered<Option<Callback>> {
        let caller = context.developer()?;
        let Ok(id) = id.parse() else { return Ok(None) };
        Ok(context.read(|view| callback::find(view, caller, id))?.map(Callback::one))
    }

    /// Operator: how the server is.
    fn server(context: &Context) -> Answered<Server> {
        let caller = context.operator()?;
        Ok(Server(context.read(|view| operator::server(context.platform(), view, caller))?))
    }

    /// Operator: all accounts with what they use, oldest first. At most 1,000, further ones with `after`.
    fn accounts(context: &Context, first: Option<i32>, after: Option<ID>) -> Answered<List<Vec<Account>>> {
        let (caller, page) = (context.operator()?, page(first, after.as_ref())?);
        let rows = context.read(|view| operator::accounts_usage(context.platform(), view, caller, page))?;
        Ok(List(rows.into_iter().map(Account).collect()))
    }

    /// Operator: the connectors that had traffic within 24 hours, the busiest first, and those that are suspended.
    fn busiest_connectors(context: &Context, first: Option<i32>) -> Answered<List<Vec<OperatedConnector>>> {
        let caller = context.operator()?;
        let first = page::<PublicationId>(first, None)?.first as usize;
        let rows = context.read(|view| operator::connectors(context.platform(), view, caller, first))?;
        Ok(List(rows.into_iter().map(OperatedConnector).collect()))
    }

    /// Operator: the invitations that can still be accepted, oldest first.
    fn invites(context: &Context) -> Answered<List<Vec<Invite>>> {
        let caller = context.operator()?;
        Ok(List(context.read(|view| operator::invites(view, caller))?.into_iter().map(Invite).collect()))
    }

    /// No token: the invitation in a link; null if it has expired or was used.
    fn invite(context: &Context, token: String) -> Answered<Option<Invite>> {
        Ok(context.read(|view| operator::invited(view, &token))?.map(Invite))
    }
}
