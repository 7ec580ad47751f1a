//! What queries ask of the operations, in this process: everything but HTTP, GraphQL and JSON.

use crate::{Outcome, fill};
use connhub::model::bucket::{Aggregate, TimeBucket};
use connhub::model::constraint::{
    ComponentConstraint, ComponentConstraints, PropertyConstraint, ThingConstraint, ThingConstraints,
};
use connhub::model::error::Violations;
use connhub::model::history::HistoryQuery;
use connhub::model::id::ThingId;
use connhub::model::page::Page;
use connhub::model::thing::{StoredProperty, Thing};
use connhub::model::time::Timestamp;
use connhub::model::token::Scope;
use connhub::model::url::CallbackUrlPolicy;
use connhub::ops::{Platform, Settings, View, auth, history, thing};
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The operations on a database, as an app calls them.
pub struct Operations {
    platform: Arc<Platform>,
    token: String,
    thing: ThingId,
    after: ThingId,
}

impl Operations {
    /// On this file, as whoever has the token; about this thing, and pages behind the other.
    pub fn open(database: &Path, token: &str, thing: &str, after: &str) -> Outcome<Self> {
        let hour = Duration::from_secs(3600);
        let platform = Platform::open(Settings {
            database: database.to_owned(),
            readers: 1,
            query_time: std::time::Duration::from_secs(60),
            sandbox: true,
            open_signup: false,
            accounts: None,
            key_file: None,
            account_idle: None,
            disk_low: 0,
            secret: None,
            metrics_token: None,
            callback_urls: CallbackUrlPolicy::default(),
            action_deadline: hour,
            developer_token_lifetime: hour,
            service_token_lifetime: hour,
            refresh_token_lifetime: hour,
            quotas: connhub::ops::Quotas::default(),
            history_age: None,
            callback_log_age: hour,
            callback_log_entries: 1,
            action_request_age: Duration::from_secs(600),
            action_requests_kept: 100,
        })?;
        let id = |text: &str| text.parse().map_err(|_| "no identifier");
        Ok(Self { platform, token: token.to_owned(), thing: id(thing)?, after: id(after)? })
    }

    /// A page of things by capability and property type.
    pub fn filtered(&self) -> Outcome<usize> {
        let able = ComponentConstraint::new(None, None, None, vec!["core.DIM".to_owned()]);
        let level = PropertyConstraint { property_type: Some("core.LEVEL".to_owned()), ..Default::default() };
        let component = ComponentConstraints { component: able, property: level.clone(), ..Default::default() };
        let page = Page { first: 100, after: Some(self.after) };
        let view = self.platform.view()?;
        let (things, properties) =
            self.select(&view, &ThingConstraints { component, ..Default::default() }, page, &level)?;
        Ok(black_box((things, properties)).0.len())
    }

    /// The newest points.
    pub fn newest_points(&self) -> Outcome<usize> {
        let (points, _) = self.history(HistoryQuery { last: Some(100), ..HistoryQuery::default() })?;
        Ok(points)
    }

    /// A day in buckets of five minutes.
    pub fn day_in_buckets(&self) -> Outcome<usize> {
        let bucket = TimeBucket::new("5minutes", None, Aggregate::Avg, &mut Violations::default());
        let (from, to) = (Some(Timestamp::from_micros(fill::DAY)), Some(Timestamp::from_micros(fill::TO)));
        let (points, _) = self.history(HistoryQuery { from, to, bucket, ..HistoryQuery::default() })?;
        Ok(points)
    }

    /// What a year amounts to.
    pub fn year(&self) -> Outcome<usize> {
        let (view, level) = self.level()?;
        let (from, to) = (Some(Timestamp::from_micros(fill::FROM)), Some(Timestamp::from_micros(fill::TO)));
        let kind = level.property.kind;
        let (selection, _) =
            HistoryQuery { from, to, ..HistoryQuery::default() }.checked(kind, Violations::default())?;
        black_box(history::summary(&view, level.key, kind, &selection)?);
        Ok(1)
    }

    fn history(&self, query: HistoryQuery) -> Outcome<(usize, bool)> {
        let (view, level) = self.level()?;
        let kind = level.property.kind;
        let (selection, page) = query.checked(kind, Violations::default())?;
        let (points, more) = history::page(&view, level.key, kind, &selection, &page)?;
        Ok((black_box(points).len(), more))
    }

    fn level(&self) -> Outcome<(View, StoredProperty)> {
        let view = self.platform.view()?;
        let thing = ThingConstraint { id: Some(self.thing), ..Default::default() };
        let level = PropertyConstraint { id: Some("level".to_owned()), ..Default::default() };
        let page = Page { first: 1, after: None };
        let constraints = ThingConstraints { thing, ..Default::default() };
        let (_, mut properties) = self.select(&view, &constraints, page, &level)?;
        let level = properties.pop().ok_or("the thing has no level")?;
        Ok((view, level))
    }

    fn select(
        &self,
        view: &View,
        constraints: &ThingConstraints,
        page: Page<ThingId>,
        properties: &PropertyConstraint,
    ) -> Outcome<(Vec<Thing>, Vec<StoredProperty>)> {
        let caller = auth::caller(view, &self.platform.verify(&self.token)?)?;
        let things = thing::of_app(view, caller.service(Scope::ThingsRead)?, None, constraints, page)?;
        let keys: Vec<_> = things.iter().map(|thing| thing.key).collect();
        let components = thing::components(view, &keys, &ComponentConstraints::default())?;
        let keys: Vec<_> = components.values().flatten().map(|component| component.key).collect();
        let properties = thing::properties(view, &keys, properties)?;
        Ok((things, properties.into_values().flatten().collect()))
    }
}
