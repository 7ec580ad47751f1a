//! The callback log.

use crate::graphql::batch::Batch;
use crate::graphql::context::Context;
use crate::graphql::error::Answered;
use crate::graphql::id::ID;
use crate::graphql::scalars::{Scalar, Time};
use crate::graphql::types::connector::ConnectorPublication;
use crate::model::callback as model;
use crate::model::id::PublicationId;
use crate::ops::publication;
use juniper::{GraphQLEnum, graphql_object};
use std::sync::Arc;

/// What a callback tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, GraphQLEnum)]
#[graphql(scalar = Scalar)]
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

impl From<model::CallbackKind> for CallbackKind {
    fn from(kind: model::CallbackKind) -> Self {
        match kind {
            model::CallbackKind::Installation => Self::Installation,
            model::CallbackKind::InstallationRemoval => Self::InstallationRemoval,
            model::CallbackKind::Instance => Self::Instance,
            model::CallbackKind::InstanceRemoval => Self::InstanceRemoval,
            model::CallbackKind::Action => Self::Action,
        }
    }
}

impl From<CallbackKind> for model::CallbackKind {
    fn from(kind: CallbackKind) -> Self {
        match kind {
            CallbackKind::Installation => Self::Installation,
            CallbackKind::InstallationRemoval => Self::InstallationRemoval,
            CallbackKind::Instance => Self::Instance,
            CallbackKind::InstanceRemoval => Self::InstanceRemoval,
            CallbackKind::Action => Self::Action,
        }
    }
}

/// One attempt to call a connector, secrets redacted.
pub struct Callback {
    row: model::Callback,
    publications: Arc<Batch<PublicationId, ConnectorPublication>>,
}

impl Callback {
    /// A page of them.
    pub fn page(rows: Vec<model::Callback>) -> Vec<Self> {
        let mut ids: Vec<_> = rows.iter().map(|row| row.subject.publication).collect();
        ids.sort_unstable();
        ids.dedup();
        let publications = Arc::new(Batch::new(ids.into()));
        rows.into_iter().map(|row| Self { row, publications: Arc::clone(&publications) }).collect()
    }

    /// A single one.
    pub fn one(row: model::Callback) -> Self {
        let publications = Arc::new(Batch::new(Arc::new([row.subject.publication])));
        Self { row, publications }
    }
}

#[graphql_object(context = Context, scalar = Scalar)]
impl Callback {
    fn id(&self) -> ID {
        ID::new(self.row.id.to_string())
    }

    fn kind(&self) -> CallbackKind {
        self.row.subject.kind.into()
    }

    /// Null once the publication is gone.
    fn connector(&self, context: &Context) -> Answered<Option<&ConnectorPublication>> {
        self.publications.get(context, &self.row.subject.publication, |view, ids| {
            let rows = publication::of_installations(view, ids)?;
            Ok(rows.into_iter().map(|row| (row.id, ConnectorPublication(row))).collect())
        })
    }

    fn installation_id(&self) -> Option<ID> {
        Some(ID::new(self.row.subject.installation.to_string()))
    }

    fn instance_id(&self) -> Option<ID> {
        self.row.subject.instance.map(|id| ID::new(id.to_string()))
    }

    fn action_request_id(&self) -> Option<ID> {
        self.row.subject.action_request.map(|id| ID::new(id.to_string()))
    }

    fn sent_at(&self) -> Time {
        Time(self.row.attempt.sent_at)
    }

    fn duration_ms(&self) -> f64 {
        self.row.attempt.duration.as_secs_f64() * 1_000.0
    }

    fn method(&self) -> &str {
        &self.row.attempt.method
    }

    /// Hidden from anyone but the connector's owner.
    fn url(&self) -> &str {
        &self.row.attempt.url
    }

    fn request_headers(&self) -> Vec<Header<'_>> {
        self.row.attempt.request_headers.iter().map(Header).collect()
    }

    fn request_body(&self) -> &str {
        &self.row.attempt.request_body
    }

    /// The exact bytes that were signed.
    fn signed_payload(&self) -> String {
        self.row.attempt.signed_payload()
    }

    /// Null if no answer came.
    fn response_status(&self) -> Option<i32> {
        self.row.attempt.response.as_ref().map(|response| response.status.into())
    }

    fn response_headers(&self) -> Vec<Header<'_>> {
        self.row.attempt.response.iter().flat_map(|response| response.headers.iter().map(Header)).collect()
    }

    /// Null if no answer came.
    fn response_body(&self) -> Option<&str> {
        self.row.attempt.response.as_ref().map(|response| response.body.as_str())
    }

    /// Why there was no answer, or what was wrong with it.
    fn error(&self) -> Option<&str> {
        self.row.attempt.error.as_deref()
    }
}

/// An HTTP header.
pub struct Header<'a>(&'a model::Header);

#[graphql_object(context = Context, scalar = Scalar, name = "Header")]
impl Header<'_> {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn value(&self) -> &str {
        &self.0.value
    }
}
