//! Subscriptions at work: from a document to a listener, and from events to GraphQL responses.
//!
//! juniper would resolve all events of a subscription with the context that it began with, on a
//! thread of the async runtime. But each event must be read from a view of its own time, by a
//! caller whose rights stand, where blocking is allowed. So a field's stream ends after one event,
//! and the field is resolved again for the next: the same code checks the rights every time.
//! Events that wait together share the thread, the view and the caller.

use crate::graphql::again;
use crate::graphql::asker::Asker;
use crate::graphql::context::Context;
use crate::graphql::document::Document;
use crate::graphql::scalars::Scalar;
use crate::graphql::slots::Client;
use crate::graphql::{Answer, Engine, Prepared, metered, response};
use crate::model::error::{Error, Result};
use crate::ops::Allowance;
use crate::ops::live::{Event, Interest, Listener};
use crate::ops::responses::ResponseBytes;
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use juniper::{ExecutionError, Object, Value, Variables};
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How soon after something was told more is told: the first event of a quiet subscription is told
/// at once, and those of a busy one share what each round costs. Nobody sees so short a delay.
const PACE: Duration = Duration::from_millis(50);

/// A subscription that somebody listens to, until it is dropped.
pub struct Subscribed {
    operation: Arc<Operation>,
    listener: Listener,
    /// When more may be told.
    not_before: Instant,
}

/// What came next of a subscription.
#[derive(Debug)]
pub enum Next {
    /// GraphQL responses as JSON, in the order of the events, and maybe none.
    Told(Vec<Bytes>),
    /// It is over: what was listened to is gone, or the right to it.
    Ended {
        /// What is still to be told.
        told: Vec<Bytes>,
        /// Why it is over.
        answer: Answer,
    },
    /// It is over: more happened than was taken.
    TooSlow,
}

struct Operation {
    engine: Arc<Engine>,
    document: Arc<Document>,
    variables: Variables<Scalar>,
    is_small: bool,
    token: Option<String>,
    client: Client,
    subject: Option<String>,
    request_id: String,
}

impl Engine {
    /// Whether a token is good.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] where it is not, or where there is none; faults of the database.
    pub async fn authenticate(self: &Arc<Self>, token: Option<&str>, client: Option<IpAddr>) -> Result<()> {
        let Asker { bearer, client } = self.asker(token, client, None).await;
        let known = move |engine: &Self, allowance: &_| {
            Context::for_query(&engine.platform, bearer.as_ref(), None, allowance)?.known()
        };
        self.short(client, known).await.map_err(Error::Fault)?
    }

    /// Begins a subscription. Once this has answered, everything that is committed will be told.
    ///
    /// # Errors
    /// What is wrong with it, as a response.
    pub async fn subscribe(self: &Arc<Self>, prepared: Prepared) -> std::result::Result<Subscribed, Answer> {
        let Prepared { document, asker, request } = prepared;
        let id = request.request_id;
        let variables = self.variables(&document, &request.variables, &id)?;
        let is_small = document.cost().is_small(&request.variables);
        let (engine, token, subject) = (Arc::clone(self), request.token, request.subject);
        // The permit is for beginning alone: a subscription may stay for days.
        let Client { party, held } = asker.client;
        let client = Client { party, held: None };
        let operation =
            Operation { engine, document, variables, is_small, token, client, subject, request_id: id.clone() };
        let operation = Arc::new(operation);
        let checked = operation.clone().read(move |operation, allowance| {
            let _held = &held;
            operation.check(allowance)
        });
        let checked = checked.await;
        let interest = checked.unwrap_or_else(|error| Err(response::failed(&error, &id)))?;
        let listener = self.platform.listen(interest).map_err(|error| response::failed(&error, &id))?;
        Ok(Subscribed { operation, listener, not_before: Instant::now() })
    }
}

impl Subscribed {
    /// Resolves once too much waits, also while nobody asks for more: the subscription is over then.
    pub fn cut_off(&self) -> impl Future<Output = ()> + Send + use<> {
        self.listener.cut_off()
    }

    /// Waits for what comes next.
    pub async fn next(&mut self) -> Next {
        tokio::time::sleep_until(self.not_before).await;
        let Ok(events) = self.listener.next().await else { return Next::TooSlow };
        if !self.listener.is_behind() {
            self.not_before = Instant::now() + PACE;
        }
        let operation = Arc::clone(&self.operation);
        let tell = move |operation: &Operation, allowance: &_| operation.tell(&events, allowance);
        operation.read(tell).await.unwrap_or_else(|error| {
            let answer = response::failed(&error, &self.operation.request_id);
            Next::Ended { told: Vec::new(), answer }
        })
    }
}

impl Operation {
    /// Runs a read in the slots of queries.
    async fn read<T: Send + 'static>(
        self: Arc<Self>,
        work: impl Fn(&Self, &Arc<Allowance>) -> T + Send + Sync + 'static,
    ) -> Result<T> {
        let (engine, is_small, client) = (Arc::clone(&self.engine), self.is_small, self.client.clone());
        engine.read(is_small, client, move |_, allowance| work(&self, allowance)).await.map_err(Error::Fault)
    }

    fn context(&self, allowance: &Arc<Allowance>) -> Result<Context> {
        // A token may have ended meanwhile.
        let bearer = self.token.as_deref().map(|token| self.engine.platform.verify(token));
        let platform = &self.engine.platform;
        let context = Context::for_query(platform, bearer.as_ref(), self.subject.clone(), allowance)?;
        Ok(context.for_document(&self.document, &self.engine.limits))
    }

    /// What is to be listened to, if the caller may.
    fn check(&self, allowance: &Arc<Allowance>) -> std::result::Result<Interest, Answer> {
        let context = self.context(allowance).map_err(|error| response::failed(&error, &self.request_id))?;
        self.resolve(&context)?;
        context.take_interest(self.document.again().is_some()).ok_or_else(|| response::not_one_field(&self.request_id))
    }

    fn tell(&self, events: &[Arc<Event>], allowance: &Arc<Allowance>) -> Next {
        let mut told = Vec::with_capacity(events.len());
        let context = match self.context(allowance) {
            Ok(context) => context,
            Err(error) => return Next::Ended { told, answer: response::failed(&error, &self.request_id) },
        };
        for event in events {
            context.turn_to(Arc::clone(event));
            match self.resolve(&context) {
                Ok(response) => told.extend(response),
                Err(answer) => return Next::Ended { told, answer },
            }
        }
        Next::Told(told)
    }

    /// Resolves the field: the response, if there is one; an error where the field itself refuses.
    fn resolve(&self, context: &Context) -> std::result::Result<Option<Bytes>, Answer> {
        let bytes = self.engine.responses.begin(self.client.party);
        metered(&bytes, || self.resolve_within(context, &bytes))
    }

    fn resolve_within(
        &self,
        context: &Context,
        bytes: &Arc<ResponseBytes>,
    ) -> std::result::Result<Option<Bytes>, Answer> {
        let id = &self.request_id;
        let unready = || response::failed(&Error::fault("a subscription's field waits for something"), id);
        let streams = self.document.operation().resolve_into_stream(&self.variables, context);
        let (value, errors) = match streams.now_or_never().ok_or_else(unready)? {
            Ok(resolved) => resolved,
            Err(errors) => return Err(response::rejected(&errors, id)),
        };
        if !errors.is_empty() {
            return Err(response::executed(Ok((Value::Null, errors)), bytes, id));
        }
        let Value::Object(fields) = value else { return Ok(None) };
        let mut told: Option<(String, Value<Scalar>)> = None;
        for (name, stream) in fields {
            let Value::Scalar(mut stream) = stream else { return Ok(None) };
            let name = self.document.again().map_or_else(|| name.to_string(), str::to_owned);
            match (stream.next().now_or_never().ok_or_else(unready)?, &mut told) {
                (None, _) => return Ok(None),
                (Some(Ok(value)), Some((_, known))) => again::merge(known, value),
                (Some(Ok(value)), told) => *told = Some((name, value)),
                (Some(Err(errors)), _) => {
                    let errors = errors.iter().map(|error| under_name(error, &name)).collect();
                    return Ok(Some(response::executed(Ok((Value::Null, errors)), bytes, id).body));
                }
            }
        }
        let Some((name, value)) = told else { return Ok(None) };
        let mut data = Object::with_capacity(1);
        data.add_field(name, value);
        let executed = (Value::Object(data), Vec::new());
        Ok(Some(response::executed(Ok(executed), bytes, id).body))
    }
}

/// An error with the path that the document says.
fn under_name(error: &ExecutionError<Scalar>, name: &str) -> ExecutionError<Scalar> {
    let mut path: Vec<_> = error.path().iter().map(String::as_str).collect();
    if let Some(first) = path.first_mut() {
        *first = name;
    }
    ExecutionError::new(*error.location(), &path, error.error().clone())
}
