//! Publications, installations and instances.

use crate::graphql::batch::{ArgumentBatch, Batch, group};
use crate::graphql::context::Context;
use crate::graphql::error::Answered;
use crate::graphql::id::ID;
use crate::graphql::list::List;
use crate::graphql::scalars::{Json, Scalar, Time};
use crate::graphql::types::lifecycle::{ConnectorInstallationState, ConnectorInstanceState, FurtherStep, details};
use crate::graphql::types::parameter::{ConfigurationParameter, ConfigurationParameterValue};
use crate::graphql::types::thing::Thing;
use crate::model::error::Error;
use crate::model::id::{InstallationId, InstanceId, PublicationId};
use crate::model::installation::Installation;
use crate::model::instance::Instance;
use crate::model::page::Page;
use crate::model::parameter::ShownValue;
use crate::model::publication::{Mode, Publication, PublicationState};
use crate::ops::{installation, instance, publication, thing};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use juniper::{GraphQLEnum, graphql_object};
use std::collections::HashMap;
use std::sync::Arc;

/// Who sees a publication and may install it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, GraphQLEnum)]
#[graphql(scalar = Scalar)]
pub enum ConnectorMode {
    /// Listed in the store for everybody.
    Public,
    /// Visible to its owner alone.
    Private,
    /// Not listed, but installable by anyone who knows its ID.
    Unlisted,
}

impl From<Mode> for ConnectorMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Public => Self::Public,
            Mode::Private => Self::Private,
            Mode::Unlisted => Self::Unlisted,
        }
    }
}

impl From<ConnectorMode> for Mode {
    fn from(mode: ConnectorMode) -> Self {
        match mode {
            ConnectorMode::Public => Self::Public,
            ConnectorMode::Private => Self::Private,
            ConnectorMode::Unlisted => Self::Unlisted,
        }
    }
}

/// Whether a publication is on offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, GraphQLEnum)]
#[graphql(scalar = Scalar)]
pub enum ConnectorState {
    /// On offer.
    Published,
    /// Off the offer; existing installations go on.
    Removed,
}

/// The entry of a connector: what it is, where it listens, and what is needed to use it.
pub struct ConnectorPublication(pub Publication);

#[graphql_object(context = Context, scalar = Scalar)]
impl ConnectorPublication {
    fn id(&self) -> ID {
        ID::new(self.0.id.to_string())
    }

    fn name(&self) -> &str {
        &self.0.profile.name
    }

    /// Account ID of the creator.
    fn owner(&self) -> ID {
        ID::new(self.0.owner.to_string())
    }

    fn logo_url(&self) -> Option<&str> {
        self.0.profile.logo_url.as_deref()
    }

    fn home_url(&self) -> Option<&str> {
        self.0.profile.home_url.as_deref()
    }

    fn description(&self) -> &str {
        &self.0.profile.description
    }

    fn requirements(&self) -> Option<&str> {
        self.0.profile.requirements.as_deref()
    }

    fn tags(&self) -> &[String] {
        &self.0.profile.tags
    }

    fn mode(&self) -> ConnectorMode {
        self.0.profile.mode.into()
    }

    fn state(&self) -> ConnectorState {
        match self.0.state {
            PublicationState::Published => ConnectorState::Published,
            PublicationState::Removed => ConnectorState::Removed,
        }
    }

    /// Whether an operator has suspended it: it is not called, its tokens are not accepted, and the store does not show it.
    fn suspended(&self) -> bool {
        self.0.suspended
    }

    /// Whether new installations are taken.
    fn active(&self) -> bool {
        self.0.profile.active
    }

    /// What is needed to install it.
    fn configuration_parameters(&self) -> Vec<ConfigurationParameter<'_>> {
        self.0.profile.installation_parameters.iter().map(ConfigurationParameter).collect()
    }

    /// What is needed to instantiate it.
    fn customer_configuration_parameters(&self) -> Vec<ConfigurationParameter<'_>> {
        self.0.profile.instance_parameters.iter().map(ConfigurationParameter).collect()
    }

    /// Null for anyone but the owner.
    fn installation_callback_url(&self, context: &Context) -> Option<&str> {
        self.for_owner(context).map(|publication| publication.profile.callback_urls.installation.as_str())
    }

    /// Null for anyone but the owner.
    fn instance_callback_url(&self, context: &Context) -> Option<&str> {
        self.for_owner(context).map(|publication| publication.profile.callback_urls.instance.as_str())
    }

    /// Null for anyone but the owner.
    fn action_callback_url(&self, context: &Context) -> Option<&str> {
        self.for_owner(context).map(|publication| publication.profile.callback_urls.action.as_str())
    }

    /// Base64 of the 32-byte Ed25519 key that verifies this connector's callbacks. Null for anyone
    /// but the owner.
    fn public_key(&self, context: &Context) -> Option<String> {
        self.for_owner(context).map(|publication| STANDARD.encode(publication.public_key))
    }

    /// Base64 of the key that takes the place of `publicKey` once it is confirmed, see `rotateConnectorKey`; null without
    /// one, and for anyone but the owner.
    fn next_public_key(&self, context: &Context) -> Option<String> {
        self.for_owner(context)?.next_public_key.map(|key| STANDARD.encode(key))
    }

    fn created_at(&self) -> Time {
        Time(self.0.created_at)
    }
}

impl ConnectorPublication {
    fn for_owner(&self, context: &Context) -> Option<&Publication> {
        let asks = context.caller().is_ok_and(|caller| caller.is_account(self.0.owner));
        asks.then_some(&self.0)
    }
}

/// One app's use of a connector.
#[derive(Clone)]
pub struct ConnectorInstallation {
    row: Installation,
    siblings: Arc<InstallationSiblings>,
}

struct InstallationSiblings {
    publications: Batch<PublicationId, ConnectorPublication>,
    configurations: Batch<InstallationId, Vec<ShownValue>>,
    instance_counts: Batch<InstallationId, i64>,
    instances: ArgumentBatch<InstallationId, Page<InstanceId>, ConnectorInstance>,
}

impl ConnectorInstallation {
    /// A page of them.
    pub fn page(rows: Vec<Installation>) -> Vec<Self> {
        let publications = Batch::new(rows.iter().map(|row| row.publication).collect());
        Self::page_of(rows, publications)
    }

    /// A single one.
    pub fn one(row: Installation) -> Self {
        let publications = Batch::new(Arc::new([row.publication]));
        Self::one_of(row, publications)
    }

    /// One whose publication may be gone by the time that it is asked for.
    pub fn with_publication(row: Installation, publication: Publication) -> Self {
        let known = HashMap::from([(publication.id, ConnectorPublication(publication))]);
        Self::one_of(row, Batch::loaded(known))
    }

    fn one_of(row: Installation, publications: Batch<PublicationId, ConnectorPublication>) -> Self {
        let siblings = InstallationSiblings::new(Arc::new([row.id]), publications);
        Self { row, siblings: Arc::new(siblings) }
    }

    fn page_of(rows: Vec<Installation>, publications: Batch<PublicationId, ConnectorPublication>) -> Vec<Self> {
        let ids = rows.iter().map(|row| row.id).collect();
        let siblings = Arc::new(InstallationSiblings::new(ids, publications));
        rows.into_iter().map(|row| Self { row, siblings: Arc::clone(&siblings) }).collect()
    }
}

impl InstallationSiblings {
    fn new(ids: Arc<[InstallationId]>, publications: Batch<PublicationId, ConnectorPublication>) -> Self {
        Self {
            publications,
            configurations: Batch::new(Arc::clone(&ids)),
            instance_counts: Batch::new(Arc::clone(&ids)),
            instances: ArgumentBatch::new(ids),
        }
    }
}

#[graphql_object(context = Context, scalar = Scalar)]
impl ConnectorInstallation {
    fn id(&self) -> ID {
        ID::new(self.row.id.to_string())
    }

    fn app_id(&self) -> ID {
        ID::new(self.row.app.to_string())
    }

    fn connector(&self, context: &Context) -> Answered<&ConnectorPublication> {
        let id = self.row.publication;
        let found = self.siblings.publications.get(context, &id, |view, ids| {
            let rows = publication::of_installations(view, ids)?;
            Ok(rows.into_iter().map(|row| (row.id, ConnectorPublication(row))).collect())
        })?;
        Ok(found.ok_or_else(|| Error::not_found("connector", id))?)
    }

    fn state(&self) -> ConnectorInstallationState {
        self.row.standing.state.into()
    }

    /// What the connector, or the platform, says about the state.
    fn state_details(&self) -> Option<Json> {
        details(&self.row.standing)
    }

    fn further_step(&self) -> Option<FurtherStep<'_>> {
        self.row.standing.further_step.as_ref().map(FurtherStep)
    }

    fn created_at(&self) -> Time {
        Time(self.row.created_at)
    }

    /// Whether the connector has lost its token, with the key that signed it: remove this and install it again.
    fn token_lost(&self, context: &Context) -> bool {
        context.platform().is_token_lost(self.row.token_key)
    }

    /// What was given when it was installed; empty once it is gone.
    fn configuration(&self, context: &Context) -> Answered<Vec<ConfigurationParameterValue<'_>>> {
        let found = self.siblings.configurations.get(context, &self.row.id, installation::configurations)?;
        Ok(found.into_iter().flatten().map(ConfigurationParameterValue).collect())
    }

    /// In the order of creation; at most 1,000, further ones with `after`.
    fn instances(
        &self,
        context: &Context,
        first: Option<i32>,
        after: Option<ID>,
    ) -> Answered<List<Vec<ConnectorInstance>>> {
        let page = super::page(first, after.as_ref())?;
        let subject = context.subject()?;
        let instances = self.siblings.instances.get(context, &self.row.id, page, |view, ids, page| {
            let rows = instance::of_installations(view, ids, subject.as_ref(), *page)?;
            Ok(group(ConnectorInstance::page(rows), |instance| instance.row.installation))
        })?;
        Ok(List(instances))
    }

    fn instance_count(&self, context: &Context) -> Answered<i32> {
        let subject = context.subject()?;
        let counts = &self.siblings.instance_counts;
        let count = counts
            .get(context, &self.row.id, |view, ids| installation::instance_counts(view, ids, subject.as_ref()))?;
        Ok(count.map_or(0, |count| i32::try_from(*count).unwrap_or(i32::MAX)))
    }
}

/// One end customer's use of an installation.
#[derive(Clone)]
pub struct ConnectorInstance {
    row: Instance,
    siblings: Arc<InstanceSiblings>,
}

struct InstanceSiblings {
    installations: Batch<InstallationId, ConnectorInstallation>,
    configurations: Batch<InstanceId, Vec<ShownValue>>,
    things: Batch<InstanceId, Vec<Thing>>,
}

impl ConnectorInstance {
    /// A page of them.
    pub fn page(rows: Vec<Instance>) -> Vec<Self> {
        // Most often a page is of one installation or a few.
        let mut parents: Vec<_> = rows.iter().map(|row| row.installation).collect();
        parents.sort_unstable();
        parents.dedup();
        Self::page_of(rows, Batch::new(parents.into()))
    }

    /// A single one.
    pub fn one(row: Instance) -> Self {
        let installations = Batch::new(Arc::new([row.installation]));
        Self::one_of(row, installations)
    }

    /// A single one, of an installation that may be gone by the time that it is asked for.
    pub fn one_with_installation(row: Instance, id: InstallationId, installation: ConnectorInstallation) -> Self {
        Self::one_of(row, Batch::loaded(HashMap::from([(id, installation)])))
    }

    /// Those of an installation that may be gone by the time that it is asked for.
    pub fn with_installation(
        rows: Vec<Instance>,
        id: InstallationId,
        installation: ConnectorInstallation,
    ) -> Vec<Self> {
        Self::page_of(rows, Batch::loaded(HashMap::from([(id, installation)])))
    }

    fn one_of(row: Instance, installations: Batch<InstallationId, ConnectorInstallation>) -> Self {
        let siblings = InstanceSiblings::new(Arc::new([row.id]), installations);
        Self { row, siblings: Arc::new(siblings) }
    }

    fn page_of(rows: Vec<Instance>, installations: Batch<InstallationId, ConnectorInstallation>) -> Vec<Self> {
        let ids = rows.iter().map(|row| row.id).collect();
        let siblings = Arc::new(InstanceSiblings::new(ids, installations));
        rows.into_iter().map(|row| Self { row, siblings: Arc::clone(&siblings) }).collect()
    }
}

impl InstanceSiblings {
    fn new(ids: Arc<[InstanceId]>, installations: Batch<InstallationId, ConnectorInstallation>) -> Self {
        Self { installations, configurations: Batch::new(Arc::clone(&ids)), things: Batch::new(ids) }
    }
}

#[graphql_object(context = Context, scalar = Scalar)]
impl ConnectorInstance {
    fn id(&self) -> ID {
        ID::new(self.row.id.to_string())
    }

    fn installation(&self, context: &Context) -> Answered<&ConnectorInstallation> {
        let id = self.row.installation;
        let found = self.siblings.installations.get(context, &id, |view, ids| {
            let nodes = ConnectorInstallation::page(installation::of_instances(view, ids)?);
            Ok(nodes.into_iter().map(|node| (node.row.id, node)).collect())
        })?;
        Ok(found.ok_or_else(|| Error::not_found("installation", id))?)
    }

    fn state(&self) -> ConnectorInstanceState {
        self.row.standing.state.into()
    }

    /// What the connector, or the platform, says about the state.
    fn state_details(&self) -> Option<Json> {
        details(&self.row.standing)
    }

    fn further_step(&self) -> Option<FurtherStep<'_>> {
        self.row.standing.further_step.as_ref().map(FurtherStep)
    }

    /// Whose it is.
    fn external_subject_id(&self) -> &str {
        self.row.subject.as_str()
    }

    fn created_at(&self) -> Time {
        Time(self.row.created_at)
    }

    /// Whether the connector has lost its token, with the key that signed it: remove this and instantiate it again.
    fn token_lost(&self, context: &Context) -> bool {
        context.platform().is_token_lost(self.row.token_key)
    }

    /// What was given when it was instantiated; empty once it is gone.
    fn configuration(&self, context: &Context) -> Answered<Vec<ConfigurationParameterValue<'_>>> {
        let found = self.siblings.configurations.get(context, &self.row.id, instance::configurations)?;
        Ok(found.into_iter().flatten().map(ConfigurationParameterValue).collect())
    }

    /// With a service token: needs the scope connctd.things.read.
    fn things(&self, context: &Context) -> Answered<List<&[Thing]>> {
        context.may_read_things()?;
        let found = self.siblings.things.get(context, &self.row.id, |view, ids| {
            let nodes = Thing::page(thing::of_instances(view, ids)?);
            Ok(group(nodes, Thing::instance).into_iter().filter_map(|(id, nodes)| Some((id?, nodes))).collect())
        })?;
        let list = found.map_or_else(Default::default, Vec::as_slice);
        context.take_rows(list.len())?;
        Ok(List(list))
    }
}
