//! What every field can get at: who asks, and the database as it is for this request.

use crate::graphql::Engine;
use crate::graphql::document::Document;
use crate::graphql::error::{Answered, Refusal};
use crate::graphql::limits::Limits;
use crate::graphql::straight::SelectedOnce;
use crate::model::error::{Error, Result, Violation};
use crate::model::instance::ExternalSubject;
use crate::model::party::Party;
use crate::model::token::Scope;
use crate::ops::auth::Bearer;
use crate::ops::caller::{Caller, Developer, Operator, Service};
use crate::ops::live::{Event, Interest};
use crate::ops::meter::{self, Use};
use crate::ops::{Allowance, Platform, View, auth};
use parking_lot::Mutex;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The most rows that the histories of one answer may have together: about 10 MB of JSON.
const HISTORY_ROWS_MAX: usize = 100_000;

/// The context of one request.
pub struct Context {
    platform: Arc<Platform>,
    /// The caller, or why there is none.
    caller: Result<Caller, String>,
    subject: Option<String>,
    reads: Reads,
    history_rows: AtomicUsize,
    /// How many values of rows may still be found.
    values_left: AtomicUsize,
    /// As many as there may be.
    values_max: usize,
    /// The most fields that the document selects of any row.
    width: usize,
    selected_once: SelectedOnce,
    /// What a subscription is resolved for.
    moment: Mutex<Moment>,
}

/// What fields read from.
enum Reads {
    /// One moment's view, for a query.
    View(Box<Mutex<View>>),
    /// Each time a view of that moment, for a mutation, which must see what it changed.
    InPlace(Arc<Engine>, Party),
}

#[derive(Default)]
struct Moment {
    /// None while somebody subscribes.
    event: Option<Arc<Event>>,
    /// What they want to hear of, of each field.
    interests: Vec<Interest>,
}

impl juniper::Context for Context {}

impl Context {
    /// For a query: everything it reads is of this moment, within the allowance. Blocks.
    pub fn for_query(
        platform: &Arc<Platform>,
        bearer: Option<&Result<Bearer>>,
        subject: Option<String>,
        allowance: &Arc<Allowance>,
    ) -> Result<Self> {
        let view = platform.view_within(Arc::clone(allowance))?;
        let caller = authenticate(&view, bearer)?;
        Ok(Self::new(Arc::clone(platform), caller, subject, Reads::View(Box::new(Mutex::new(view)))))
    }

    /// For a mutation from a client's address: each read is of its own moment. Blocks.
    pub fn for_mutation(
        engine: Arc<Engine>,
        party: Party,
        bearer: Option<&Result<Bearer>>,
        client: Option<IpAddr>,
        subject: Option<String>,
    ) -> Result<Self> {
        let platform = Arc::clone(&engine.platform);
        let caller = authenticate(&platform.view()?, bearer)?.map(|caller| caller.at(client));
        Ok(Self::new(platform, caller, subject, Reads::InPlace(engine, party)))
    }

    fn new(platform: Arc<Platform>, caller: Result<Caller, String>, subject: Option<String>, reads: Reads) -> Self {
        Self {
            platform,
            caller,
            subject,
            reads,
            history_rows: AtomicUsize::new(0),
            values_left: AtomicUsize::new(usize::MAX),
            values_max: usize::MAX,
            width: 0,
            selected_once: SelectedOnce::default(),
            moment: Mutex::default(),
        }
    }

    /// Says which event of a subscription is resolved from now on; each has an answer of its own.
    pub fn turn_to(&self, event: Arc<Event>) {
        self.history_rows.store(0, Ordering::Relaxed);
        self.values_left.store(self.values_max, Ordering::Relaxed);
        self.moment.lock().event = Some(event);
    }

    /// The event that a subscription is resolved for; none while somebody subscribes.
    pub fn event(&self) -> Option<Arc<Event>> {
        self.moment.lock().event.clone()
    }

    /// Notes what a field's subscriber wants to hear of.
    pub fn subscribe(&self, interest: Interest) {
        self.moment.lock().interests.push(interest);
    }

    /// What the subscriber of the only field wants to hear of; the field may be written several times.
    pub fn take_interest(&self, again: bool) -> Option<Interest> {
        let mut interests = std::mem::take(&mut self.moment.lock().interests);
        interests.pop().filter(|_| again || interests.is_empty())
    }

    /// That somebody asks who is known.
    pub fn known(&self) -> Result<()> {
        self.caller.as_ref().map(|_| ()).map_err(|reason| Error::Unauthenticated(reason.clone()))
    }

    /// What operations work on.
    pub fn platform(&self) -> &Arc<Platform> {
        &self.platform
    }

    /// Reads from the database. The children of a mutation's result may be read twice, see [`crate::graphql::slots`].
    pub fn read<T>(&self, read: impl Fn(&View) -> Result<T>) -> Answered<T> {
        if !meter::take(Use::Read, 0) {
            // The whole response gives way to an error that says more.
            return Err(Refusal::from(Error::Conflict("the response is too large".to_owned())));
        }
        match &self.reads {
            Reads::View(view) => {
                let view = view.lock();
                view.check()?;
                Ok(read(&view)?)
            }
            Reads::InPlace(engine, party) => Ok(engine.read_in_place(*party, read)?),
        }
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

    /// Counts rows of a list that has no pages into the answer, each as all the fields that it may have.
    pub fn take_rows(&self, rows: usize) -> Answered<()> {
        let values = rows.saturating_mul(self.width);
        let left = self.values_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(values));
        if left.is_ok() {
            return Ok(());
        }
        let max = self.values_max;
        Err(Refusal::from(Error::Invalid(vec![Violation {
            path: "first".to_owned(),
            message: format!(
                "the answer would have more than {max} values, which is the most that is allowed: ask for smaller \
                 pages, fewer lists within lists or fewer fields; the operator can allow more with --graphql-cost"
            ),
        }])))
    }

    /// For a document, within these limits.
    pub fn for_document(self, document: &Document, limits: &Limits) -> Self {
        let values_max = limits.cost as usize;
        let (width, selected_once) = (document.cost().width(), document.selected_once());
        Self { selected_once, width, values_max, values_left: AtomicUsize::new(values_max), ..self }
    }

    /// What the document selects once.
    pub fn selected_once(&self) -> SelectedOnce {
        self.selected_once
    }

    /// Whoever asks, with any kind of token.
    pub fn caller(&self) -> Answered<&Caller> {
        self.caller.as_ref().map_err(|reason| Refusal::from(Error::Unauthenticated(reason.clone())))
    }

    /// The developer who asks.
    pub fn developer(&self) -> Answered<&Developer> {
        Ok(self.caller()?.developer()?)
    }

    /// The operator who asks.
    pub fn operator(&self) -> Answered<&Operator> {
        Ok(self.caller()?.operator()?)
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
fn authenticate(view: &View, bearer: Option<&Result<Bearer>>) -> Result<Result<Caller, String>> {
    let Some(bearer) = bearer else {
        return Ok(Err("this needs a token: send it as `Authorization: Bearer <token>`".to_owned()));
    };
    let bearer = match bearer {
        Ok(bearer) => bearer,
        Err(invalid) => return Ok(Err(invalid.to_string())),
    };
    match auth::caller(view, bearer) {
        Ok(caller) => Ok(Ok(caller)),
        Err(Error::Unauthenticated(reason)) => Ok(Err(reason)),
        Err(other) => Err(other),
    }
}
