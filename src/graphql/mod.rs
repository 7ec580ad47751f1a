//! The GraphQL transport: decode, call one operation, reply; subscriptions are in `live`.
//!
//! May use `model` and `ops`. Must not know `store` or warp. Used by `http`, which mounts it.

mod again;
mod asker;
mod batch;
mod context;
mod cursor;
mod document;
mod error;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod id;
mod input;
mod limits;
mod list;
mod live;
mod mutation;
mod parts;
mod query;
mod response;
mod scalars;
mod sdl;
mod straight;
mod subscription;
mod types;

use crate::model::error::{Error, Fault};
use crate::model::party::Party;
use crate::ops::Platform;
use crate::ops::turns::Turns;
use asker::Asker;
use context::Context;
use document::{Bad, Document, Documents};
use juniper::{InputValue, OperationType, RootNode, Variables};
use mutation::Mutation;
use query::Query;
use scalars::Scalar;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};
use subscription::Subscription;
use tracing::Instrument;

pub use limits::{COST_MAX, Limits, ROOT_FIELDS_MAX, TOKENS_MAX};
pub use live::{Next, Subscribed};
pub use sdl::sdl;

type Schema = RootNode<Query, Mutation, Subscription, Scalar>;

/// The most fields that an operation may select, fragments counted wherever they are spread: each
/// root field may cost a query.
const FIELDS_MAX: usize = 2_000;
/// How deep a document may nest; the introspection query of graphql-js needs 13.
const DEPTH_MAX: usize = 40;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    Schema::new_with_scalar_value(Query, Mutation, Subscription)
        .limit_fields(FIELDS_MAX)
        .limit_depth(DEPTH_MAX)
        // The engine counts them before, with a message that tells how to mend it.
        .limit_tokens(usize::MAX)
});

/// Executes GraphQL documents.
pub struct Engine {
    platform: Arc<Platform>,
    documents: Documents,
    /// As many permits as there are readers: queries wait for one here, where they hold no thread.
    turns: Turns,
    limits: Limits,
}

/// A GraphQL request, whatever transport it came by.
#[derive(Debug)]
pub struct Request {
    /// The document.
    pub query: String,
    /// Which of its operations.
    pub operation_name: Option<String>,
    /// The values of its variables.
    pub variables: serde_json::Map<String, serde_json::Value>,
    /// The bearer token, if one was sent.
    pub token: Option<String>,
    /// Where it comes from, if that is known.
    pub client: Option<IpAddr>,
    /// The header `X-External-Subject-ID`, if it was sent.
    pub subject: Option<String>,
    /// The request's ID, for errors.
    pub request_id: String,
    /// Whether only queries may be executed (HTTP GET).
    pub read_only: bool,
}

/// A request whose document is good.
pub struct Prepared {
    document: Arc<Document>,
    asker: Asker,
    /// Its document was taken out.
    request: Request,
}

impl Prepared {
    /// Whether it is one for [`Engine::subscribe`] rather than for [`Engine::run`].
    #[must_use]
    pub fn is_subscription(&self) -> bool {
        self.document.operation().operation_type() == OperationType::Subscription
    }
}

/// What came of a request.
#[derive(Debug)]
pub struct Answer {
    /// How far it came.
    pub outcome: Outcome,
    /// The GraphQL response as JSON.
    pub body: Vec<u8>,
}

/// How far a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The document does not parse or validate, or the variables do not fit.
    Rejected,
    /// It asks for a mutation where only queries are allowed.
    NotAllowed,
    /// It was executed; there may be errors all the same.
    Executed,
    /// The whole result is that there is no good token.
    Unauthenticated,
    /// The whole result is that the token may not do this.
    Forbidden,
    /// The whole result is that the database cannot be written now, or that the server ends.
    Unavailable,
    /// Nothing was executed, by our own fault or because too much is at work: the HTTP status for it.
    Failed(u16),
}

impl Engine {
    /// An engine for a platform.
    #[must_use]
    pub fn new(platform: Arc<Platform>, limits: Limits) -> Self {
        let readers = platform.readers();
        let turns = Turns::new(readers, readers.div_ceil(2));
        Self { platform, documents: Documents::default(), turns, limits }
    }

    /// Executes a request that is no subscription, as [`Self::run`] does.
    pub async fn execute(self: &Arc<Self>, request: Request) -> Answer {
        match self.prepare(request).await {
            Ok(prepared) => self.run(prepared).await,
            Err(answer) => answer,
        }
    }

    /// Parses and validates a request's document, unless it is known.
    ///
    /// # Errors
    /// What is wrong with it, as a response.
    pub async fn prepare(self: &Arc<Self>, mut request: Request) -> Result<Prepared, Answer> {
        let (operation_name, query) = (request.operation_name.take(), std::mem::take(&mut request.query));
        let asker = self.asker(request.token.as_deref(), request.client).await;
        let document = match self.documents.find(&query, operation_name.as_deref()) {
            Some(document) => document,
            None => match self.parse(query, operation_name, asker.party).await {
                Ok(Ok(document)) => document,
                Ok(Err(Bad::Invalid(errors))) => return Err(response::rejected(&errors, &request.request_id)),
                Ok(Err(Bad::TooMuch(why))) => return Err(response::too_much(&why, &request.request_id)),
                Err(fault) => return Err(response::failed(&Error::Fault(fault), &request.request_id)),
            },
        };
        Ok(Prepared { document, asker, request })
    }

    /// Executes a request: queries on a thread that may block, mutations on a task of their own, so
    /// that one whose client goes away is carried out all the same.
    pub async fn run(self: &Arc<Self>, prepared: Prepared) -> Answer {
        let Prepared { document, asker, request } = prepared;
        let request_id = request.request_id.clone();
        let engine = Arc::clone(self);
        let answer = match document.operation().operation_type() {
            OperationType::Query => {
                self.blocking(asker.party, move |engine| engine.query(&document, asker, request)).await
            }
            OperationType::Subscription => return response::needs_socket(&request_id),
            _ if request.read_only => return response::not_allowed(&request_id),
            _ => {
                let mutation = async move { engine.mutate(&document, asker, request).await };
                tokio::spawn(mutation.in_current_span()).await.map_err(Fault::from)
            }
        };
        answer.unwrap_or_else(|fault| response::failed(&Error::Fault(fault), &request_id))
    }

    /// Runs something on a thread that may block, in the party's turn. It holds its permit to its end, even if its
    /// client goes away.
    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        party: Party,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let permit = self.turns.take(party).await;
        let (engine, span) = (Arc::clone(self), tracing::Span::current());
        let work = move || {
            let result = span.in_scope(|| work(&engine));
            drop(permit);
            result
        };
        tokio::task::spawn_blocking(work).await.map_err(Fault::from)
    }

    /// Parsing and validating takes time that grows with the document, and a turn like a query.
    async fn parse(
        self: &Arc<Self>,
        query: String,
        operation_name: Option<String>,
        party: Party,
    ) -> Result<Result<Arc<Document>, Bad>, Fault> {
        self.blocking(party, |engine| engine.documents.parse(&SCHEMA, query, operation_name, &engine.limits)).await
    }

    fn query(&self, document: &Document, asker: Asker, request: Request) -> Answer {
        let request_id = request.request_id;
        let variables = match self.variables(document, request.variables, &request_id) {
            Ok(variables) => variables,
            Err(answer) => return answer,
        };
        match Context::for_query(Arc::clone(&self.platform), asker.bearer, request.subject) {
            Ok(context) => {
                let context = context.for_document(document, &self.limits);
                response::executed(document.operation().execute_sync(&variables, &context), &request_id)
            }
            Err(error) => response::failed(&error, &request_id),
        }
    }

    async fn mutate(&self, document: &Document, asker: Asker, request: Request) -> Answer {
        let request_id = request.request_id;
        let variables = match self.variables(document, request.variables, &request_id) {
            Ok(variables) => variables,
            Err(answer) => return answer,
        };
        let platform = Arc::clone(&self.platform);
        let authenticated = tokio::task::spawn_blocking(move || {
            Context::for_mutation(platform, asker.bearer, request.client, request.subject)
        });
        let context = authenticated.await.unwrap_or_else(|fault| Err(Error::fault(fault)));
        match context {
            Ok(context) => {
                let context = context.for_document(document, &self.limits);
                response::executed(document.operation().execute(&variables, &context).await, &request_id)
            }
            Err(error) => response::failed(&error, &request_id),
        }
    }

    /// The values of a document's variables, if they and what the document asks with them are not too much.
    fn variables(
        &self,
        document: &Document,
        given: serde_json::Map<String, serde_json::Value>,
        request_id: &str,
    ) -> Result<Variables<Scalar>, Answer> {
        limits::variables::check(&given, self.limits.tokens).map_err(|why| response::too_much(&why, request_id))?;
        let read = |(name, value)| serde_json::from_value::<InputValue<Scalar>>(value).map(|value| (name, value));
        let read: Result<Variables<Scalar>, _> = given.into_iter().map(read).collect();
        let variables = read.map_err(|error| response::bad_variables(&error, request_id))?;
        document.cost().check(&variables, &self.limits).map_err(|why| response::too_much(&why, request_id))?;
        Ok(variables)
    }
}
