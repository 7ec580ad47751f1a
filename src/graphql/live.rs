//! Subscriptions at work: from a document to a listener, and from events to GraphQL responses.
//!
//! juniper would resolve all events of a subscription with the context that it began with, on a
//! thread of the async runtime. But each event must be read from a view of its own time, by a
//! caller whose rights stand, where blocking is allowed. So a field's stream ends after one event,
//! and the field is resolved again for the next: the same code checks the rights every time.
//! Events that wait together share the thread, the view and the caller.

use crate::graphql::again;
use crate::graphql::context::Context;
use crate::graphql::document::Document;
use crate::graphql::scalars::Scalar;
use crate::graphql::{Answer, Engine, Prepared, response};
use crate::model::error::{Error, Result};
use crate::model::party::Party;
use crate::ops::live::{Event, Interest, Listener};
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
    Told(Vec<Vec<u8>>),
    /// It is over: what was listened to is gone, or the right to it.
    Ended {
        /// What is still to be told.
        told: Vec<Vec<u8>>,
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
    token: Option<String>,
    party: Party,
    subject: Option<String>,
    request_id: String,
}

impl Engine {
    /// Whether a token is good.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] where it is not, or where there is none; faults of the database.
    pub async fn authenticate(self: &Arc<Self>, token: Option<&str>, client: Option<IpAddr>) -> Result<()> {
        let asker = self.asker(token, client).await;
        let known = move |engine: &Self| Context::for_query(Arc::clone(&engine.platform), asker.bearer, None)?.known();
        self.blocking(asker.party, known).await.map_err(Error::Fault)?
    }

    /// Begins a subscription. Once this has answered, everything that is committed will be told.
    ///
    /// # Errors
    /// What is wrong with it, as a response.
    pub async fn subscribe(self: &Arc<Self>, prepared: Prepared) -> std::result::Result<Subscribed, Answer> {
        let Prepared { document, asker, request } = prepared;
        let id = request.request_id;
        let variables = self.variables(&document, request.variables, &id)?;
        let (engine, token, subject) = (Arc::clone(self), request.token, request.subject);
        let party = asker.party;
        let operation = Operation { engine, document, variables, token, party, subject, request_id: id.clone() };
        let operation = Arc::new(operation);
        let checked = operation.clone().blocking(Operation::check).await;
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
        operation.blocking(move |operation| operation.tell(&events)).await.unwrap_or_else(|error| {
            let answer = response::failed(&error, &self.operation.request_id);
            Next::Ended { told: Vec::new(), answer }
        })
    }
}

impl Operation {
    /// Does something where queries are executed, and not more of it at once than there are readers.
    async fn blocking<T: Send + 'static>(self: Arc<Self>, work: impl FnOnce(&Self) -> T + Send + 'static) -> Result<T> {
        let engine = Arc::clone(&self.engine);
        engine.blocking(self.party, move |_| work(&self)).await.map_err(Error::Fault)
    }

    fn context(&self) -> Result<Context> {
        let platform = Arc::clone(&self.engine.platform);
        // A token may have ended meanwhile.
        let bearer = self.token.as_deref().map(|token| self.engine.platform.verify(token));
        let context = Context::for_query(platform, bearer, self.subject.clone())?;
        Ok(context.for_document(&self.document, &self.engine.limits))
    }

    /// What is to be listened to, if the caller may.
    fn check(&self) -> std::result::Result<Interest, Answer> {
        let context = self.context().map_err(|error| response::failed(&error, &self.request_id))?;
        self.resolve(&context)?;
        context.take_interest(self.document.again().is_some()).ok_or_else(|| response::not_one_field(&self.request_id))
    }

    fn tell(&self, events: &[Arc<Event>]) -> Next {
        let mut told = Vec::with_capacity(events.len());
        let context = match self.context() {
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
    fn resolve(&self, context: &Context) -> std::result::Result<Option<Vec<u8>>, Answer> {
        let id = &self.request_id;
        let unready = || response::failed(&Error::fault("a subscription's field waits for something"), id);
        let streams = self.document.operation().resolve_into_stream(&self.variables, context);
        let (value, errors) = match streams.now_or_never().ok_or_else(unready)? {
            Ok(resolved) => resolved,
            Err(errors) => return Err(response::rejected(&errors, id)),
        };
        if !errors.is_empty() {
            return Err(response::executed(Ok((Value::Null, errors)), id));
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
                    return Ok(Some(response::executed(Ok((Value::Null, errors)), id).body));
                }
            }
        }
        let Some((name, value)) = told else { return Ok(None) };
        let mut data = Object::with_capacity(1);
        data.add_field(name, value);
        let executed = (Value::Object(data), Vec::new());
        Ok(Some(response::executed(Ok(executed), id).body))
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
