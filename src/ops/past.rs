//! Filling in the past of the demo's things: the operator's tool, on a database that a server may be
//! at work on.

use crate::metrics::Metrics;
use crate::model::constraint::{AttributeConstraint, ComponentConstraints, PropertyConstraint, ThingConstraints};
use crate::model::error::{Error, Result, Violations};
use crate::model::history::{HistoryPoint, PropertyUpdate};
use crate::model::id::AppId;
use crate::model::page::Page;
use crate::model::thing::{PropertyKey, StoredProperty};
use crate::model::time::Timestamp;
use crate::ops::now;
use crate::store::thing::Selection;
use crate::store::{self, Store};
use std::path::Path;
use std::time::{Duration, Instant};

/// The most points that one call may add: a few hundred MiB.
const POINTS_MAX: u64 = 10_000_000;
/// How many points go in one write: some milliseconds, in which no server can write.
const POINTS_AT_ONCE: usize = 2_000;
const DAY_SECONDS: u64 = 24 * 60 * 60;

/// Which past is to be filled in.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// How many days of it, up to now.
    pub days: u32,
    /// How many seconds lie between one value and the next.
    pub every: u32,
}

/// What was filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filled {
    /// How many things have a past now.
    pub things: usize,
    /// How many properties have.
    pub properties: usize,
    /// How many points there are more.
    pub points: usize,
    /// The first time that was filled in.
    pub from: Timestamp,
    /// The last.
    pub to: Timestamp,
}

/// Fills in the past of those things of an app that have this attribute, with what `value_at` says
/// that a property with an ID had at a time in seconds since 1970. `app_of` tells the app from the
/// text of a setting. Points that are there already, and current values, stay; none where there are
/// no such things. Blocks.
///
/// # Errors
/// A violation where there would be too many points; faults of the database.
pub fn fill(
    database: &Path,
    setting: &str,
    app_of: fn(&str) -> Option<AppId>,
    marked: AttributeConstraint,
    span: Span,
    value_at: fn(&str, i64) -> Option<String>,
) -> Result<Option<Filled>> {
    let store = Store::beside(database, 1, &Metrics::new().map_err(Error::fault)?)?;
    let kept = store::setting::get(&*store.snapshot()?, setting)?;
    let Some(app) = kept.and_then(|kept| app_of(&String::from_utf8(kept).ok()?)) else { return Ok(None) };
    let (things, properties) = properties(&store, app, marked)?;
    if things == 0 {
        return Ok(None);
    }
    let properties: Vec<_> =
        properties.into_iter().filter(|stored| value_at(&stored.property.id, 0).is_some()).collect();
    let step = i64::from(span.every.max(1));
    let steps = u64::from(span.days) * DAY_SECONDS / step.unsigned_abs();
    let mut violations = Violations::default();
    violations.require(
        steps.saturating_mul(properties.len() as u64) <= POINTS_MAX,
        "--every",
        format!(
            "makes more than {POINTS_MAX} points of {} properties: take more seconds, or fewer --days",
            properties.len()
        ),
    );
    violations.into_result(())?;
    let last = now().seconds() / step;
    let first = last - i64::try_from(steps).unwrap_or(i64::MAX) + 1;
    let mut points = 0;
    for stored in &properties {
        let mut point = |number: i64| {
            let at = Timestamp::from_micros(number * step * 1_000_000);
            let value = value_at(&stored.property.id, number * step)?;
            let value = PropertyUpdate { value, at }.historic(stored.property.kind)?;
            Some(HistoryPoint { at, value })
        };
        for from in (first..=last).step_by(POINTS_AT_ONCE) {
            let chunk: Vec<_> = (from..=last).take(POINTS_AT_ONCE).filter_map(&mut point).collect();
            points += insert(&store, stored.key, chunk)?;
        }
    }
    store.close();
    let at = |number: i64| Timestamp::from_micros(number * step * 1_000_000);
    Ok(Some(Filled { things, properties: properties.len(), points, from: at(first), to: at(last) }))
}

fn insert(store: &Store, property: PropertyKey, chunk: Vec<HistoryPoint>) -> Result<usize> {
    let since = Instant::now();
    let added = store.write(move |transaction| store::history::insert_missing(transaction, property, &chunk)).wait()?;
    // A server on the same file gets as much of the time.
    std::thread::sleep(since.elapsed().min(Duration::from_millis(100)));
    Ok(added)
}

/// How many things are marked, and all their properties.
fn properties(store: &Store, app: AppId, marked: AttributeConstraint) -> Result<(usize, Vec<StoredProperty>)> {
    let view = store.snapshot()?;
    let constraints = ThingConstraints { attribute: marked, ..ThingConstraints::default() };
    let selection = Selection { app, subject: None, own: false, constraints: &constraints };
    let (mut count, mut found, mut page) = (0, Vec::new(), Page::new(None, None)?);
    loop {
        let things = store::thing::of_app(&view, &selection, page)?;
        let Some(last) = things.last() else { break };
        page.after = Some(last.id);
        count += things.len();
        let keys: Vec<_> = things.iter().map(|thing| thing.key).collect();
        let components = store::thing::components(&view, &keys, &ComponentConstraints::default())?;
        let keys: Vec<_> = components.values().flatten().map(|component| component.key).collect();
        let properties = store::thing::properties(&view, &keys, &PropertyConstraint::default())?;
        found.extend(properties.into_values().flatten());
    }
    found.sort_by_key(|stored| stored.key);
    Ok((count, found))
}
