//! Reading the histories of properties. Whoever sees a property sees its history.

use crate::model::error::Result;
use crate::model::history::{HistoryPage, HistoryPoint, HistorySelection, HistorySummary};
use crate::model::thing::PropertyKey;
use crate::model::value::ValueType;
use crate::ops::View;
use crate::store;

/// A page of a property's selected points, or of the buckets that they are gathered into, in the
/// order of time, and whether there is more: after it, or before it where the last ones were asked
/// for. Texts have buckets where they are counted only.
///
/// # Errors
/// Faults of the database.
pub fn page(
    view: &View,
    property: PropertyKey,
    kind: ValueType,
    selection: &HistorySelection,
    page: &HistoryPage,
) -> Result<(Vec<HistoryPoint>, bool)> {
    if page.bucket.as_ref().is_some_and(|bucket| !bucket.aggregate.is_of(kind)) {
        return Ok((Vec::new(), false));
    }
    let mut points = store::history::page(view, property, kind, selection, page)?;
    let more = points.len() > page.size as usize;
    match (more, page.last) {
        (true, true) => drop(points.remove(0)),
        (true, false) => points.truncate(page.size as usize),
        (false, _) => {}
    }
    Ok((points, more))
}

/// What all of a property's selected points amount to.
///
/// # Errors
/// Faults of the database.
pub fn summary(
    view: &View,
    property: PropertyKey,
    kind: ValueType,
    selection: &HistorySelection,
) -> Result<HistorySummary> {
    store::history::summary(view, property, kind, selection)
}
