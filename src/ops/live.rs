//! Live: what changes, who may hear of it, and what is told once it is committed.
//!
//! An operation that changes something publishes an [`Event`] from the writer's hook, which runs
//! after the commit; so whoever is told of a change can query it. Who listens has an [`Interest`],
//! which only the checks in this file make, and a [`Listener`], whose queue is bounded. Rights may
//! end: whoever executes an event for a listener makes the same check again.
//!
//! Used by the operations, which publish, and by `graphql`, which subscribes.

mod registry;
#[cfg(test)]
mod tests;

use crate::model::action::{ActionFilter, ActionRequest};
use crate::model::constraint::{ActionConstraint, ComponentConstraint, ComponentConstraints, PropertyConstraint};
use crate::model::error::{Error, Result};
use crate::model::id::{
    AccountId, ActionRequestId, AppId, CallbackId, InstallationId, InstanceId, PublicationId, ThingId,
};
use crate::model::installation::Installation;
use crate::model::instance::{ExternalSubject, Instance};
use crate::model::page::Page;
use crate::model::thing::Thing;
use crate::model::time::Timestamp;
use crate::ops::caller::{Developer, Service};
use crate::ops::{View, app};
use crate::store;

pub(super) use registry::Live;
pub use registry::{Listener, TooSlow};

/// A value that a connector reported for a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyChange {
    /// The thing.
    pub thing: ThingId,
    /// The component of the thing, as the thing spells it.
    pub component: String,
    /// The property of the component, as the thing spells it.
    pub property: String,
    /// The value's text.
    pub value: String,
    /// When it was so.
    pub at: Timestamp,
    /// Whether it became the current value; else it is of the past, and a newer one was known.
    pub current: bool,
}

/// Something that happened and is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A connector reported a value.
    Property(PropertyChange),
    /// An installation stands so now.
    Installation(Installation),
    /// An installation is gone.
    InstallationGone {
        /// The installation.
        id: InstallationId,
        /// The app that it was for.
        app: AppId,
    },
    /// An instance stands so now.
    Instance(Instance),
    /// An action request stands so now.
    ActionRequest(ActionRequest),
    /// A callback is in the log.
    Callback {
        /// The entry.
        id: CallbackId,
        /// The publication called.
        publication: PublicationId,
        /// The publication's owner.
        connector_owner: AccountId,
        /// The owner of the app concerned.
        app_owner: AccountId,
    },
    /// A thing is gone.
    ThingGone(ThingId),
    /// An instance is gone, and all its things.
    InstanceGone {
        /// The instance.
        id: InstanceId,
        /// What it was an instance of.
        installation: InstallationId,
        /// The app that it was for.
        app: AppId,
    },
    /// Nothing happened, but rights are to be checked: the first event of every listener, for what
    /// was gone between the check and the beginning of listening.
    CheckAgain,
}

/// Where an event is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Topic {
    Thing(ThingId),
    Instance(InstanceId),
    Installations(AppId),
    Instances(AppId),
    ActionRequests(AppId),
    Callbacks(AccountId),
}

/// What an event weighs in a queue beside its texts, in bytes, about.
const EVENT_BYTES: usize = 256;

impl Event {
    /// Each topic once, so that no listener hears of it twice.
    fn topics(&self) -> [Option<Topic>; 2] {
        match self {
            Self::Property(change) => [Some(Topic::Thing(change.thing)), None],
            Self::ThingGone(thing) => [Some(Topic::Thing(*thing)), None],
            Self::Instance(instance) => [Some(Topic::Instances(instance.app)), None],
            Self::InstanceGone { id, app, .. } => [Some(Topic::Instance(*id)), Some(Topic::Instances(*app))],
            Self::Installation(Installation { app, .. }) | Self::InstallationGone { app, .. } => {
                [Some(Topic::Installations(*app)), None]
            }
            Self::ActionRequest(request) => [Some(Topic::ActionRequests(request.app)), None],
            Self::Callback { connector_owner, app_owner, .. } => {
                let second = (connector_owner != app_owner).then_some(Topic::Callbacks(*app_owner));
                [Some(Topic::Callbacks(*connector_owner)), second]
            }
            Self::CheckAgain => [None, None],
        }
    }

    /// What it takes in memory, about.
    fn bytes(&self) -> usize {
        let texts = match self {
            Self::Property(change) => change.component.len() + change.property.len() + change.value.len(),
            Self::Installation(Installation { standing, .. }) | Self::Instance(Instance { standing, .. }) => {
                standing.details.as_ref().map_or(0, |details| details.as_str().len())
                    + standing
                        .further_step
                        .as_ref()
                        .map_or(0, |step| step.content.len() + step.html.as_ref().map_or(0, String::len))
            }
            Self::ActionRequest(request) => {
                let values = request.parameters.iter().map(|value| value.name.len() + value.value.len());
                values.sum::<usize>() + request.error.as_ref().map_or(0, String::len)
            }
            _ => 0,
        };
        EVENT_BYTES + texts
    }
}

/// What somebody wants to hear of and may.
#[derive(Debug)]
pub struct Interest {
    topics: Vec<Topic>,
    filter: Filter,
}

/// Which of the events of its topics.
#[derive(Debug, Default)]
struct Filter {
    component: Option<String>,
    property: Option<String>,
    request: Option<ActionRequestId>,
    thing: Option<ThingId>,
    publication: Option<PublicationId>,
    installation: Option<InstallationId>,
}

impl Filter {
    fn takes(&self, event: &Event) -> bool {
        let component = |id: &str| self.component.as_ref().is_none_or(|wanted| wanted == id);
        // Case does not count in properties' IDs (domain.md).
        let property = |id: &str| self.property.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(id));
        let installation = |id: InstallationId| self.installation.is_none_or(|wanted| wanted == id);
        match event {
            Event::Property(change) => component(&change.component) && property(&change.property),
            Event::ActionRequest(request) => {
                self.request.is_none_or(|id| id == request.id) && self.thing.is_none_or(|id| id == request.thing)
            }
            // Who listens to the instances of an installation wants to hear of its end alone.
            Event::Installation(_) => self.installation.is_none(),
            Event::InstallationGone { id, .. } => installation(*id),
            Event::Instance(Instance { installation: id, .. }) => installation(*id),
            Event::InstanceGone { installation: id, .. } => installation(*id),
            Event::Callback { publication, .. } => self.publication.is_none_or(|id| id == *publication),
            Event::ThingGone(_) | Event::CheckAgain => true,
        }
    }
}

/// A thing of the app, of that subject where one is named.
///
/// # Errors
/// [`Error::NotFound`] also for another's.
pub fn thing(view: &View, caller: &Service, subject: Option<&ExternalSubject>, id: ThingId) -> Result<Thing> {
    store::thing::get(view, id)?
        .filter(|thing| thing.app == caller.app)
        .filter(|thing| subject.is_none_or(|subject| thing.subject == *subject))
        .ok_or_else(|| Error::not_found("thing", id))
}

/// The values of a thing that the caller may see: of all properties, or of those named so.
///
/// # Errors
/// [`Error::NotFound`] where the thing has no such property.
pub fn properties(view: &View, thing: &Thing, component: Option<String>, property: Option<String>) -> Result<Interest> {
    let constraints = ComponentConstraints {
        component: ComponentConstraint::new(component.clone(), None, None, Vec::new()),
        property: PropertyConstraint { id: property.clone(), ..PropertyConstraint::default() },
        action: ActionConstraint::default(),
    };
    if store::thing::components(view, &[thing.key], &constraints)?.is_empty() {
        let named = [("component", &component), ("property", &property)];
        let named = named.into_iter().filter_map(|(noun, id)| Some(format!("{noun} {:?}", id.as_ref()?)));
        return Err(Error::not_found(&format!("thing {} with", thing.id), named.collect::<Vec<_>>().join(" and ")));
    }
    let filter = Filter { component, property, ..Filter::default() };
    Ok(Interest { topics: of_thing(thing), filter })
}

/// A thing goes by itself, or with its instance.
fn of_thing(thing: &Thing) -> Vec<Topic> {
    std::iter::once(Topic::Thing(thing.id)).chain(thing.instance.map(Topic::Instance)).collect()
}

/// The installations of one of the developer's apps.
///
/// # Errors
/// [`Error::NotFound`] also for another account's app.
pub fn installations(view: &View, caller: &Developer, id: AppId) -> Result<Interest> {
    let app = app::own(view, caller, id)?;
    Ok(Interest { topics: vec![Topic::Installations(app.id)], filter: Filter::default() })
}

/// The instances of one of the developer's apps, or of one of its installations, which may go too.
///
/// # Errors
/// [`Error::NotFound`] also for another account's app, and for an installation that the app does not
/// have.
pub fn instances(view: &View, caller: &Developer, id: AppId, of: Option<InstallationId>) -> Result<Interest> {
    let app = app::own(view, caller, id)?;
    let mut topics = vec![Topic::Instances(app.id)];
    if let Some(id) = of {
        let found = store::installation::get(view, id)?.filter(|installation| installation.app == app.id);
        found.ok_or_else(|| Error::not_found("installation", id))?;
        topics.push(Topic::Installations(app.id));
    }
    Ok(Interest { topics, filter: Filter { installation: of, ..Filter::default() } })
}

/// The action requests of the app: all, one, or those of one thing, and of that subject where one
/// is named. Whoever names no thing and no request, but a subject, has to check each event's subject. A thing that its
/// connector deleted counts as long as its requests are kept.
///
/// # Errors
/// [`Error::NotFound`] for a request or a thing that the app, or the subject, does not have.
pub fn action_requests(
    view: &View,
    caller: &Service,
    subject: Option<&ExternalSubject>,
    request: Option<ActionRequestId>,
    of: Option<ThingId>,
) -> Result<Interest> {
    let mut topics = vec![Topic::ActionRequests(caller.app)];
    let mut on = of;
    if let Some(id) = request {
        let filter = ActionFilter { id: Some(id), thing: of, subject: subject.cloned(), status: None };
        let found = store::action::of_app(view, caller.app, &filter, Page { first: 1, after: None })?.pop();
        on = Some(found.ok_or_else(|| Error::not_found("action request", id))?.thing);
    }
    if let Some(id) = on {
        let about = match thing(view, caller, subject, id) {
            Err(refusal @ Error::NotFound(_)) => kept(view, caller, subject, id)?.ok_or(refusal)?,
            found => found?,
        };
        topics.extend(of_thing(&about));
    }
    Ok(Interest { topics, filter: Filter { request, thing: of, ..Filter::default() } })
}

/// A thing of the app, or of the subject, that was deleted and whose requests are kept.
fn kept(view: &View, caller: &Service, subject: Option<&ExternalSubject>, id: ThingId) -> Result<Option<Thing>> {
    let mut things = store::removed::get_many(view, &[id])?.into_iter().map(|whole| whole.thing);
    let is_own = |thing: &Thing| thing.app == caller.app && subject.is_none_or(|subject| thing.subject == *subject);
    Ok(things.find(is_own))
}

/// What is logged of the developer's publications and of its apps' installations; of one
/// publication where one is named.
#[must_use]
pub fn callbacks(caller: &Developer, publication: Option<PublicationId>) -> Interest {
    let filter = Filter { publication, ..Filter::default() };
    Interest { topics: vec![Topic::Callbacks(caller.account)], filter }
}
