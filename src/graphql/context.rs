//! What every field can get at: who asks, and the database as it is for this request.

use crate::graphql::error::{Answered, Refusal};
use crate::model::error::{Error, Result, Violation};
use crate::model::instance::ExternalSubject;
use crate::model::token::Scope;
use crate::ops::caller::{Caller, Developer, Service};
use crate::ops::{Platform, View, auth};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The most rows that the histories of one answer may have together: about 10 MB of JSON.
const HISTORY_ROWS_MAX: usize = 100_000;

/// The context of one request.
pub struct Context {
    platform: Arc<Platform>,
    /// Whoever asks, or why they are nobody.
    caller: Result<Caller, String>,
    subject: Option<String>,
    /// One moment's view for a query; none for a mutation, which must see what it changed.
    view: Option<Mutex<View>>,
    history_rows: AtomicUsize,
}

impl juniper::Context for Context {}

impl Context {
    /// For a query: everything it reads is of this moment. Blocks.
    pub fn for_query(platform: Arc<Platform>, token: Option<&str>, subject: Option<String>) -> Result<Self> {
        let view = platform.view()?;
        let caller = authenticate(&platform, &view, token)?;
        Ok(Self { platform, caller, subject, view: Some(Mutex::new(view)), history_rows: AtomicUsize::new(0) })
    }

    /// For a mutation: each read is of its own moment. Blocks.
    pub fn for_mutation(platform: Arc<Platform>, token: Option<&str>, subject: Option<String>) -> Result<Self> {
        let caller = authenticate(&platform, &platform.view()?, token)?;
        Ok(Self { platform, caller, subject, view: None, history_rows: AtomicUsize::new(0) })
    }

    /// What operations work on.
    pub fn platform(&self) -> &Arc<Platform> {
        &self.platform
    }

    /// Reads from the database.
    pub fn read<T>(&self, read: impl FnOnce(&View) -> Result<T>) -> Answered<T> {
        if let Some(view) = &self.view {
            return Ok(read(&view.lock())?);
        }
        // Children of a mutation's result are read on a thread of the async runtime.
        tokio::task::block_in_place(|| Ok(read(&self.platform.view()?)?))
    }

    /// Counts rows of histories into the answer.
    pub fn take_history_rows(&self, rows: usize) -> Answered<()> {
        if self.history_rows.fetch_add(rows, Ordering::Relaxed) + rows <= HISTORY_ROWS_MAX {
            return Ok(());
        }
        Err(Refusal::from(Error::Invalid(vec![Violation {
            path: "first".to_owned(),
            message: format!(
                "the histories of one answer may have {HISTORY_ROWS_MAX} rows together, and there would be more: \
                 ask for fewer things, a shorter time, a smaller page or wider time buckets"
            ),
        }])))
    }

    /// Whoever asks, with any kind of token.
    pub fn caller(&self) -> Answered<&Caller> {
        self.caller.as_ref().map_err(|reason| Refusal::from(Error::Unauthenticated(reason.clone())))
    }

    /// The developer who asks.
    pub fn developer(&self) -> Answered<&Developer> {
        Ok(self.caller()?.developer()?)
    }

    /// The app that asks and has the scope.
    pub fn service(&self, scope: Scope) -> Answered<&Service> {
        Ok(self.caller()?.service(scope)?)
    }

    /// A developer, or an app that has the scope.
    pub fn developer_or(&self, scope: Scope) -> Answered<&Caller> {
        let caller = self.caller()?;
        if !matches!(caller, Caller::Developer(_)) {
            caller.service(scope)?;
        }
        Ok(caller)
    }

    /// That the caller may read what things say: an app needs the scope, whatever led it to the thing.
    pub fn may_read_things(&self) -> Answered<()> {
        if matches!(self.caller()?, Caller::Service(_)) {
            self.service(Scope::ThingsRead)?;
        }
        Ok(())
    }

    /// The external subject that the request names.
    pub fn subject(&self) -> Answered<Option<ExternalSubject>> {
        Ok(self.subject.as_deref().map(ExternalSubject::new).transpose()?)
    }
}

/// Tells "nobody, and why" from a failure to find out.
fn authenticate(platform: &Platform, view: &View, token: Option<&str>) -> Result<Result<Caller, String>> {
    let Some(token) = token else {
        return Ok(Err("this needs a token: send it as `Authorization: Bearer <token>`".to_owned()));
    };
    match platform.verify(token).and_then(|bearer| auth::caller(view, &bearer)) {
        Ok(caller) => Ok(Ok(caller)),
        Err(Error::Unauthenticated(reason)) => Ok(Err(reason)),
        Err(other) => Err(other),
    }
}
