//! The mutations: each decodes its arguments and calls one operation.

use crate::graphql::context::Context;
use crate::graphql::error::{Answered, callback_failed};
use crate::graphql::id::ID;
use crate::graphql::input::connector::{
    ConfigurationParameterValueInput, ConnectorPublicationInput, ConnectorPublicationUpdate,
};
use crate::graphql::input::constraint::{
    ComponentActionConstraint, ComponentPropertyConstraint, ThingAttributeConstraint, ThingComponentConstraint,
    ThingConstraint, ThingConstraints,
};
use crate::graphql::input::given;
use crate::graphql::input::thing::{ActionParameterInput, NewThing};
use crate::graphql::list::List;
use crate::graphql::scalars::Scalar;
use crate::graphql::types::account::{App, AppCredentials, DeveloperToken, ServiceToken};
use crate::graphql::types::action::ActionRequest;
use crate::graphql::types::connector::{ConnectorInstallation, ConnectorInstance, ConnectorPublication};
use crate::graphql::types::id;
use crate::graphql::types::operator::{Account, AccountRemoval, AccountRole, IssuedInvite};
use crate::graphql::types::thing::Thing;
use crate::model::action::ActionValue;
use crate::model::app::AppProfile;
use crate::model::error::Error;
use crate::model::id::AccountId;
use crate::model::instance::ExternalSubject;
use crate::model::parameter::ConfigurationValue;
use crate::model::token::Scope;
use crate::ops::action::{self, ActionOrder};
use crate::ops::caller::Operator;
use crate::ops::{account, app, grant, installation, instance, operator, publication, thing};
use juniper::{Executor, graphql_object};

/// The root of all mutations.
pub struct Mutation;

/// What removing an installation came to.
pub struct RemoveInstallationResult {
    installation: ConnectorInstallation,
    instances: Vec<ConnectorInstance>,
}

#[graphql_object(context = Context, scalar = Scalar)]
impl RemoveInstallationResult {
    /// In state REMOVAL_ONGOING, unless nothing was removed because of its instances.
    fn affected_installation(&self) -> &ConnectorInstallation {
        &self.installation
    }

    fn affected_instances(&self) -> List<&[ConnectorInstance]> {
        List(&self.instances)
    }
}

/// What can be changed.
#[graphql_object(context = Context, scalar = Scalar)]
impl Mutation {
    /// Developer token.
    async fn publish_connector(
        context: &Context,
        connector: ConnectorPublicationInput,
    ) -> Answered<ConnectorPublication> {
        let row = publication::publish(context.platform(), context.developer()?, connector.into()).await?;
        Ok(ConnectorPublication(row))
    }

    /// Developer token. Waits for the connector's answer; the state tells what it was.
    async fn install_connector(
        context: &Context,
        app_id: ID,
        connector_id: ID,
        configuration: Vec<ConfigurationParameterValueInput>,
    ) -> Answered<ConnectorInstallation> {
        let caller = context.developer()?;
        let (app, connector) = (id("app", &app_id)?, id("connector", &connector_id)?);
        let row = installation::install(context.platform(), caller, app, connector, values(configuration)).await?;
        Ok(ConnectorInstallation::one(row))
    }

    /// Service token (connctd.connector), for the external subject of the header
    /// X-External-Subject-ID, `default` where it is absent. Waits for the connector's answer; the
    /// state tells what it was.
    async fn instantiate_connector(
        context: &Context,
        installation_id: ID,
        configuration: Vec<ConfigurationParameterValueInput>,
    ) -> Answered<ConnectorInstance> {
        let caller = context.service(Scope::Connector)?;
        let subject = context.subject()?.unwrap_or_else(ExternalSubject::default_subject);
        let installation = id("installation", &installation_id)?;
        let values = values(configuration);
        let row = instance::instantiate(context.platform(), caller, subject, installation, values).await?;
        Ok(ConnectorInstance::one(row))
    }

    /// Developer token. Existing installations go on.
    async fn remove_connector(context: &Context, connector_id: ID) -> Answered<ConnectorPublication> {
        let caller = context.developer()?;
        let row = publication::remove(context.platform(), caller, id("connector", &connector_id)?).await?;
        Ok(ConnectorPublication(row))
    }

    /// Developer token. With `removeInstances: false` and instances present nothing is removed. An
    /// error beside the result tells of connectors that did not confirm; the removal took place.
    async fn remove_installation(
        context: &Context,
        executor: &Executor<'_, '_, Context, Scalar>,
        installation_id: ID,
        remove_instances: bool,
    ) -> Answered<RemoveInstallationResult> {
        let caller = context.developer()?;
        let installation = id("installation", &installation_id)?;
        let removed = installation::remove(context.platform(), caller, installation, remove_instances).await?;
        for failure in removed.failures {
            executor.push_error(callback_failed(failure.to_string()));
        }
        let node = ConnectorInstallation::with_publication(removed.installation, removed.publication);
        let instances = ConnectorInstance::with_installation(removed.instances, installation, node.clone());
        Ok(RemoveInstallationResult { installation: node, instances })
    }

    /// Service token (connctd.connector). An error beside the result tells that the connector did
    /// not confirm; the removal took place.
    async fn remove_instance(
        context: &Context,
        executor: &Executor<'_, '_, Context, Scalar>,
        instance_id: ID,
    ) -> Answered<ConnectorInstance> {
        let caller = context.service(Scope::Connector)?;
        let subject = context.subject()?;
        let instance = id("instance", &instance_id)?;
        let removed = instance::remove(context.platform(), caller, subject.as_ref(), instance).await?;
        for failure in removed.failures {
            executor.push_error(callback_failed(failure.to_string()));
        }
        let installation = removed.installation.id;
        let parent = ConnectorInstallation::with_publication(removed.installation, removed.publication);
        Ok(ConnectorInstance::one_with_installation(removed.instance, installation, parent))
    }

    /// Service token (connctd.things.action). Every action selected is requested on its own; waits
    /// for the connectors' answers. `thingConstraints: {}` means every thing of the app. A constraint that is
    /// given and null, or empty, is an error: it would select more than was meant.
    async fn request_thing_action(
        context: &Context,
        executor: &Executor<'_, '_, Context, Scalar>,
        thing_constraints: ThingConstraints,
        component_selector: Option<ThingComponentConstraint>,
        action_selector: Option<ComponentActionConstraint>,
        action_parameters: Option<Vec<ActionParameterInput>>,
        #[graphql(default = Some(false))] dry_run: Option<bool>,
    ) -> Answered<List<Vec<ActionRequest>>> {
        let caller = context.service(Scope::ThingsAction)?;
        given::check_constraints(executor)?;
        let dry_run = given::dry_run(dry_run)?;
        let values: Vec<ActionValue> =
            action_parameters.unwrap_or_default().into_iter().map(ActionValue::from).collect();
        let order = ActionOrder {
            subject: context.subject()?,
            things: thing_constraints.into(),
            component: component_selector.map(Into::into).unwrap_or_default(),
            action: action_selector.map(Into::into).unwrap_or_default(),
            values: values.clone(),
        };
        let targets = if dry_run {
            action::preview(context.platform(), caller, order).await?
        } else {
            action::request(context.platform(), caller, order).await?
        };
        Ok(List(ActionRequest::targets(targets, &values)))
    }

    /// Service token (connctd.connector): a thing that the app keeps itself, for the external subject
    /// of the header X-External-Subject-ID, `default` where it is absent. It has no connector, so
    /// actions on it fail.
    async fn create_thing(context: &Context, thing: NewThing) -> Answered<Thing> {
        let caller = context.service(Scope::Connector)?;
        let subject = context.subject()?.unwrap_or_else(ExternalSubject::default_subject);
        Ok(Thing::one(thing::create(context.platform(), caller, subject, thing.into()).await?))
    }

    /// Service token (connctd.connector): deletes things that the app keeps itself, at most 1,000 at
    /// once; of one external subject where the header X-External-Subject-ID is sent. Connectors'
    /// things are theirs and stay. Answers what was deleted, or in a dry run would be. Without any
    /// constraint all of them are meant; one that is given and null, or empty, is an error.
    #[expect(clippy::too_many_arguments, reason = "they are those of the field")]
    async fn delete_things(
        context: &Context,
        executor: &Executor<'_, '_, Context, Scalar>,
        thing_constraint: Option<ThingConstraint>,
        thing_attribute_constraint: Option<ThingAttributeConstraint>,
        thing_component_constraint: Option<ThingComponentConstraint>,
        component_property_constraint: Option<ComponentPropertyConstraint>,
        component_action_constraint: Option<ComponentActionConstraint>,
        #[graphql(default = Some(false))] dry_run: Option<bool>,
    ) -> Answered<List<Vec<Thing>>> {
        let caller = context.service(Scope::Connector)?;
        given::check_constraints(executor)?;
        let dry_run = given::dry_run(dry_run)?;
        let constraints = ThingConstraints {
            thing_constraint,
            thing_attribute_constraint,
            thing_component_constraint,
            component_property_constraint,
            component_action_constraint,
        }
        .into();
        let (platform, subject) = (context.platform(), context.subject()?);
        if dry_run {
            return Ok(List(Thing::page(thing::preview_deletion(platform, caller, subject, constraints).await?)));
        }
        Ok(List(Thing::page_of_deleted(thing::delete(platform, caller, subject, constraints).await?)))
    }

    /// Developer token: fields left out stay as they are.
    async fn update_connector(
        context: &Context,
        connector_id: ID,
        connector: ConnectorPublicationUpdate,
    ) -> Answered<ConnectorPublication> {
        let caller = context.developer()?;
        let id = id("connector", &connector_id)?;
        let row = publication::update(context.platform(), caller, id, |profile| connector.apply(profile)).await?;
        Ok(ConnectorPublication(row))
    }

    /// Developer token: makes a new key pair for a connector, whose public half is `nextPublicKey`. Callbacks are signed
    /// with the current one until `confirmConnectorKey`, so have the connector accept signatures of both keys first.
    async fn rotate_connector_key(context: &Context, connector_id: ID) -> Answered<ConnectorPublication> {
        let caller = context.developer()?;
        let row = publication::rotate_key(context.platform(), caller, id("connector", &connector_id)?).await?;
        Ok(ConnectorPublication(row))
    }

    /// Developer token: callbacks are signed with the new key from now on. `publicKey` is what the connector accepts, and
    /// must be its `nextPublicKey`. Callbacks already on their way may still have a signature of the old key.
    async fn confirm_connector_key(
        context: &Context,
        connector_id: ID,
        public_key: String,
    ) -> Answered<ConnectorPublication> {
        let caller = context.developer()?;
        let id = id("connector", &connector_id)?;
        let row = publication::confirm_key(context.platform(), caller, id, public_key).await?;
        Ok(ConnectorPublication(row))
    }

    /// Developer token: forgets a connector's `nextPublicKey`. Nothing was ever signed with it.
    async fn abandon_connector_key(context: &Context, connector_id: ID) -> Answered<ConnectorPublication> {
        let caller = context.developer()?;
        let row = publication::abandon_key(context.platform(), caller, id("connector", &connector_id)?).await?;
        Ok(ConnectorPublication(row))
    }

    /// Service token (connctd.things.action): calls a PENDING request off.
    async fn cancel_action_request(context: &Context, id: ID) -> Answered<ActionRequest> {
        let caller = context.service(Scope::ThingsAction)?;
        let request = self::id("action request", &id)?;
        let subject = context.subject()?;
        Ok(ActionRequest::one(action::cancel(context.platform(), caller, subject, request).await?))
    }

    /// Developer token. One that runs in a browser or on a phone has no secret, for it cannot keep any.
    async fn create_app(
        context: &Context,
        name: String,
        #[graphql(default = Some(Vec::new()))] redirect_uris: Option<Vec<String>>,
        #[graphql(default = Some(true))] has_secret: Option<bool>,
    ) -> Answered<AppCredentials> {
        let caller = context.developer()?;
        let profile = AppProfile { name, redirect_uris: redirect_uris.unwrap_or_default() };
        Ok(AppCredentials(app::create(context.platform(), caller, profile, has_secret.unwrap_or(true)).await?))
    }

    /// Developer token: arguments left out stay as they are.
    async fn update_app(
        context: &Context,
        app_id: ID,
        name: Option<String>,
        redirect_uris: Option<Vec<String>>,
    ) -> Answered<App> {
        let caller = context.developer()?;
        let row = app::update(context.platform(), caller, id("app", &app_id)?, name, redirect_uris).await?;
        Ok(App::one(row))
    }

    /// Developer token: the old secret, all tokens got with it and all grants to the app and for it end.
    async fn reset_app_secret(context: &Context, app_id: ID) -> Answered<AppCredentials> {
        let caller = context.developer()?;
        Ok(AppCredentials(app::reset_secret(context.platform(), caller, id("app", &app_id)?).await?))
    }

    /// Developer token. Refused while the app has installations.
    async fn remove_app(context: &Context, app_id: ID) -> Answered<App> {
        let caller = context.developer()?;
        Ok(App::one(app::remove(context.platform(), caller, id("app", &app_id)?).await?))
    }

    /// Developer token: a service token for an own app, without its secret; all scopes where none
    /// is named.
    async fn create_service_token(
        context: &Context,
        app_id: ID,
        scopes: Option<Vec<String>>,
    ) -> Answered<ServiceToken> {
        let caller = context.developer()?;
        let (app, scopes) = (id("app", &app_id)?, scopes.unwrap_or_default());
        Ok(ServiceToken(context.read(|view| app::service_token(context.platform(), view, caller, app, &scopes))?))
    }

    /// Developer token: ends what another app may do, and with it all its tokens. The ID comes back.
    async fn revoke_grant(context: &Context, grant_id: ID) -> Answered<ID> {
        let caller = context.developer()?;
        let revoked = grant::revoke(context.platform(), caller, id("grant", &grant_id)?).await?;
        Ok(ID::new(revoked.to_string()))
    }

    /// Developer token: all tokens of this account so far, this one too, and all its grants end. Go on
    /// with the token that comes back.
    async fn change_password(
        context: &Context,
        present_password: String,
        new_password: String,
    ) -> Answered<DeveloperToken> {
        let caller = context.developer()?;
        let changed = account::change_password(context.platform(), caller, present_password, new_password);
        Ok(DeveloperToken(changed.await?))
    }

    /// Operator: nobody can sign in to the account, none of its tokens is accepted, nothing is sent to its connectors. Its
    /// data is kept.
    async fn suspend_account(context: &Context, account_id: ID) -> Answered<Account> {
        let caller = context.operator()?;
        let account = operator::suspend(context.platform(), caller, id("account", &account_id)?).await?;
        seen(context, caller, account.account.id)
    }

    /// Operator: ends a suspension.
    async fn resume_account(context: &Context, account_id: ID) -> Answered<Account> {
        let caller = context.operator()?;
        let account = operator::resume(context.platform(), caller, id("account", &account_id)?).await?;
        seen(context, caller, account.account.id)
    }

    /// Operator: begins to remove an account with everything that it owns. Connectors are called for that, unless the
    /// account that owns them is suspended.
    async fn remove_account(context: &Context, account_id: ID) -> Answered<AccountRemoval> {
        let caller = context.operator()?;
        let (account, had) = operator::remove(context.platform(), caller, id("account", &account_id)?).await?;
        let Account(account) = seen(context, caller, account.account.id)?;
        Ok(AccountRemoval { account, had })
    }

    /// Operator.
    async fn set_account_role(context: &Context, account_id: ID, role: AccountRole) -> Answered<Account> {
        let caller = context.operator()?;
        let account = id("account", &account_id)?;
        let account = operator::set_role(context.platform(), caller, account, role.into()).await?;
        seen(context, caller, account.account.id)
    }

    /// Operator: the connector is not called, its tokens are not accepted, and the store does not show it. Its data is
    /// kept.
    async fn suspend_connector(context: &Context, connector_id: ID) -> Answered<ConnectorPublication> {
        let caller = context.operator()?;
        let connector = id("connector", &connector_id)?;
        Ok(ConnectorPublication(operator::suspend_publication(context.platform(), caller, connector).await?))
    }

    /// Operator: ends a suspension.
    async fn resume_connector(context: &Context, connector_id: ID) -> Answered<ConnectorPublication> {
        let caller = context.operator()?;
        let connector = id("connector", &connector_id)?;
        Ok(ConnectorPublication(operator::resume_publication(context.platform(), caller, connector).await?))
    }

    /// Operator: a one-time link with which somebody gets an account with this e-mail, also if sign-up is closed. An
    /// older invitation of the same address ends. No mail is sent.
    async fn create_invite(context: &Context, email: String) -> Answered<IssuedInvite> {
        let caller = context.operator()?;
        Ok(IssuedInvite(operator::invite(context.platform(), caller, email).await?))
    }

    /// Operator: the link of an invitation ends. The ID comes back.
    async fn revoke_invite(context: &Context, invite_id: ID) -> Answered<ID> {
        let caller = context.operator()?;
        let revoked = operator::revoke_invite(context.platform(), caller, id("invitation", &invite_id)?).await?;
        Ok(ID::new(revoked.to_string()))
    }
}

fn values(configuration: Vec<ConfigurationParameterValueInput>) -> Vec<ConfigurationValue> {
    configuration.into_iter().map(ConfigurationValue::from).collect()
}

/// An account as an operator sees it after a change.
fn seen(context: &Context, caller: &Operator, id: AccountId) -> Answered<Account> {
    let found = context.read(|view| operator::account_usage(context.platform(), view, caller, id))?;
    Ok(Account(found.ok_or_else(|| Error::not_found("account", id))?))
}
