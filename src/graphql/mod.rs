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
mod slots;
mod straight;
mod subscription;
mod types;

use crate::model::error::{Error, Fault};
use crate::ops::meter::{self, Meter};
use crate::ops::responses::{ResponseBytes, Responses};
use crate::ops::{Allowance, Platform};
use asker::Asker;
use bytes::Bytes;
use context::Context;
use document::{Bad, Document, Documents};
use juniper::{InputValue, OperationType, RootNode, Variables};
use mutation::Mutation;
use query::Query;
use scalars::Scalar;
use serde::Deserialize;
use slots::{Client, Slots};
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, LazyLock};
use subscription::Subscription;
use tracing::Instrument;

pub use limits::{COST_MAX, Limits, RESPONSE_BYTES_MAX, RESPONSES_BYTES_MAX, ROOT_FIELDS_MAX, TOKENS_MAX};
pub use live::{Next, Subscribed};
pub use sdl::sdl;
pub use slots::Held;

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
    slots: Slots,
    responses: Arc<Responses>,
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
    /// What the transport holds for the request until its work is over, even if its client goes away.
    pub held: Option<Held>,
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
    pub body: Bytes,
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
        let slots = Slots::new(&platform);
        let responses = Responses::new(limits.responses);
        Self { platform, documents: Documents::default(), slots, responses, limits }
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
        let asker = self.asker(request.token.as_deref(), request.client, request.held.take()).await;
        let document = match self.documents.find(&query, operation_name.as_deref()) {
            Some(document) => document,
            None => match self.parse(query, operation_name, asker.client.clone()).await {
                Ok(Ok(document)) => document,
                Ok(Err(Bad::Invalid(errors))) => return Err(response::rejected(&errors, &request.request_id)),
                Ok(Err(Bad::TooMuch(why))) => return Err(response::too_much(&why, &request.request_id)),
                Err(fault) => return Err(response::failed(&Error::Fault(fault), &request.request_id)),
            },
        };
        Ok(Prepared { document, asker, request })
    }

    /// Executes a request: queries on a thread that may block, where they are interrupted if the future is dropped;
    /// mutations on a task of their own, so that one whose client goes away is carried out all the same.
    pub async fn run(self: &Arc<Self>, prepared: Prepared) -> Answer {
        let Prepared { document, asker, request } = prepared;
        let request_id = request.request_id.clone();
        let engine = Arc::clone(self);
        let answer = match document.operation().operation_type() {
            OperationType::Query => {
                let is_small = document.cost().is_small(&request.variables);
                let client = asker.client.clone();
                let query = move |engine: &Self, allowance: &_| engine.query(&document, &asker, &request, allowance);
                self.read(is_small, client, query).await
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

    /// Parsing and validating takes time that grows with the document, and a turn like a query.
    async fn parse(
        self: &Arc<Self>,
        query: String,
        operation_name: Option<String>,
        client: Client,
    ) -> Result<Result<Arc<Document>, Bad>, Fault> {
        let parse = |engine: &Self, _: &_| engine.documents.parse(&SCHEMA, query, operation_name, &engine.limits);
        self.short(client, parse).await
    }

    fn query(&self, document: &Document, asker: &Asker, request: &Request, allowance: &Arc<Allowance>) -> Answer {
        let request_id = &request.request_id;
        let variables = match self.variables(document, &request.variables, request_id) {
            Ok(variables) => variables,
            Err(answer) => return answer,
        };
        let (platform, bearer, subject) = (&self.platform, asker.bearer.as_ref(), request.subject.clone());
        let bytes = self.responses.begin(asker.client.party);
        let executed = metered(&bytes, || {
            let context = Context::for_query(platform, bearer, subject, allowance)?;
            let context = context.for_document(document, &self.limits);
            Ok::<_, Error>(document.operation().execute_sync(&variables, &context))
        });
        match executed {
            Ok(executed) => response::executed(executed, &bytes, request_id),
            Err(error) => response::failed(&error, request_id),
        }
    }

    async fn mutate(self: &Arc<Self>, document: &Document, asker: Asker, request: Request) -> Answer {
        let request_id = request.request_id;
        let variables = match self.variables(document, &request.variables, &request_id) {
            Ok(variables) => variables,
            Err(answer) => return answer,
        };
        let Asker { bearer, client } = asker;
        let (engine, party, subject) = (Arc::clone(self), client.party, request.subject);
        let address = request.client;
        let begin = move |_: &Self, _: &_| Context::for_mutation(engine, party, bearer.as_ref(), address, subject);
        let context = self.short(client.clone(), begin).await.unwrap_or_else(|fault| Err(Error::Fault(fault)));
        let answer = match context {
            Ok(context) => {
                let context = context.for_document(document, &self.limits);
                let bytes = self.responses.begin(party);
                let mut execution = pin!(document.operation().execute(&variables, &context));
                // It may continue on another thread.
                let execution = poll_fn(|task| metered(&bytes, || execution.as_mut().poll(task)));
                response::executed(execution.await, &bytes, &request_id)
            }
            Err(error) => response::failed(&error, &request_id),
        };
        // The transport's permit is held until here.
        drop(client);
        answer
    }

    /// The values of a document's variables, if they and what the document asks with them are not too much.
    fn variables(
        &self,
        document: &Document,
        given: &serde_json::Map<String, serde_json::Value>,
        request_id: &str,
    ) -> Result<Variables<Scalar>, Answer> {
        limits::variables::check(given, self.limits.tokens).map_err(|why| response::too_much(&why, request_id))?;
        let read = |(name, value): (&String, _)| InputValue::deserialize(value).map(|value| (name.clone(), value));
        let read: Result<Variables<Scalar>, _> = given.iter().map(read).collect();
        let variables = read.map_err(|error| response::bad_variables(&error, request_id))?;
        document.cost().check(&variables, &self.limits).map_err(|why| response::too_much(&why, request_id))?;
        Ok(variables)
    }
}

/// Executes something whose rows and texts are charged to a response.
fn metered<T>(bytes: &Arc<ResponseBytes>, work: impl FnOnce() -> T) -> T {
    let meter: Arc<dyn Meter> = Arc::<ResponseBytes>::clone(bytes);
    meter::metered(&meter, work)
}
