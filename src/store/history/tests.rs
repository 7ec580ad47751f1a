//! Histories in SQL against what the documentation says in words, written down here once more and
//! without looking: generated points under generated filters, pages and buckets.

use super::*;
use crate::model::bucket::TimeBucket;
use crate::model::error::Violations;
use crate::model::filter::{Comparison, ValueFilter};
use crate::model::zone::Zone;
use crate::store::testing;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use std::collections::BTreeMap;

const PROPERTY: PropertyKey = PropertyKey(7);
const HOUR: i64 = 3_600_000_000;

type Points = BTreeMap<i64, HistoricValue>;

/// Times close enough together that they meet, on both sides of 1970.
fn time() -> impl Strategy<Value = i64> {
    prop_oneof![-20_i64..20, (-60_i64..60).prop_map(|tenths| tenths * HOUR / 10), -40 * 24 * HOUR..40 * 24 * HOUR]
}

/// Few values, so that filters are often met.
fn value(kind: ValueType) -> BoxedStrategy<HistoricValue> {
    match kind {
        ValueType::Boolean => any::<bool>().prop_map(HistoricValue::Boolean).boxed(),
        ValueType::Number => prop_oneof![
            prop::sample::select(vec![0.0, -0.0, 1.0, -1.5, 0.1, 1e300, -1e300, f64::MIN_POSITIVE, 99.0, 100.0]),
            (-50..50).prop_map(|number| f64::from(number) / 4.0),
        ]
        .prop_map(HistoricValue::Number)
        .boxed(),
        ValueType::String => text().prop_map(HistoricValue::Text).boxed(),
    }
}

/// Texts made of what means something to LIKE, to GLOB, to C, or to whoever counts bytes.
fn text() -> impl Strategy<Value = String> {
    let piece =
        vec!["a", "A", "b", "%", "_", "\\", "*", "?", "[", "]", "^", "\0", "ä", "Ä", "🦀", "a\u{308}", " ", "'"];
    vec(prop::sample::select(piece), 0..6).prop_map(|pieces| pieces.concat())
}

/// Patterns that do not end within an escape.
fn pattern() -> impl Strategy<Value = String> {
    let piece =
        vec!["a", "A", "b", "%", "%", "%", "_", "_", r"\%", r"\_", r"\\", r"\a", "*", "?", "[a]", "\0", "ä", "🦀"];
    vec(prop::sample::select(piece), 0..6).prop_map(|pieces| pieces.concat())
}

fn comparison() -> impl Strategy<Value = Comparison> {
    use Comparison::{Eq, Gt, Gte, Lt, Lte, Neq};
    prop::sample::select(vec![Eq, Neq, Gt, Gte, Lt, Lte])
}

fn sometimes<T: std::fmt::Debug + Clone + 'static>(
    goes: bool,
    of: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Option<T>> {
    if goes { option::weighted(0.4, of).boxed() } else { Just(None).boxed() }
}

/// Filters of everything that goes with the type, nested.
fn filter(kind: ValueType) -> impl Strategy<Value = ValueFilter> {
    let truth = || sometimes(kind == ValueType::Boolean, any::<bool>());
    let like = sometimes(kind == ValueType::String, pattern());
    let comparisons = vec((comparison(), value(kind)), 0..2);
    let one_of = option::weighted(0.2, vec(value(kind), 0..4));
    let leaf = (comparisons, one_of, truth(), truth(), like).prop_map(|(comparisons, one_of, is, is_not, like)| {
        ValueFilter { and: None, or: None, comparisons, one_of, is, is_not, like }
    });
    leaf.prop_recursive(3, 12, 3, |inner| {
        let filters = || option::weighted(0.6, vec(inner.clone(), 0..3));
        (filters(), filters(), inner.clone()).prop_map(|(and, or, rest)| ValueFilter { and, or, ..rest })
    })
}

fn points_of(kind: ValueType) -> impl Strategy<Value = Points> {
    btree_map(time(), value(kind), 0..25)
}

fn kind() -> impl Strategy<Value = ValueType> {
    prop::sample::select(vec![ValueType::Number, ValueType::Boolean, ValueType::String])
}

/// A history, and a filter that goes with it.
fn filtered() -> impl Strategy<Value = (ValueType, Points, ValueFilter)> {
    kind().prop_flat_map(|kind| (Just(kind), points_of(kind), filter(kind)))
}

/// PostgreSQL's LIKE as its documentation has it, by trying everything.
fn like(text: &[char], pattern: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|taken| like(&text[taken..], rest)),
        ['_', rest @ ..] => !text.is_empty() && like(&text[1..], rest),
        ['\\', wanted, rest @ ..] | [wanted, rest @ ..] => text.first() == Some(wanted) && like(&text[1..], rest),
    }
}

/// What the documentation says of a filter: everything that is given holds.
fn holds(filter: &ValueFilter, value: &HistoricValue) -> bool {
    let ValueFilter { and, or, comparisons, one_of, is, is_not, like: pattern } = filter;
    let truth = |wanted: bool| *value == HistoricValue::Boolean(wanted);
    let compares = |comparison: Comparison, other: &HistoricValue| {
        let order = match (value, other) {
            (HistoricValue::Number(a), HistoricValue::Number(b)) => a.partial_cmp(b).expect("no NaN"),
            (HistoricValue::Boolean(a), HistoricValue::Boolean(b)) => a.cmp(b),
            (HistoricValue::Text(a), HistoricValue::Text(b)) => a.chars().cmp(b.chars()),
            others => panic!("{others:?} are of one type"),
        };
        match comparison {
            Comparison::Eq => order.is_eq(),
            Comparison::Neq => order.is_ne(),
            Comparison::Gt => order.is_gt(),
            Comparison::Gte => order.is_ge(),
            Comparison::Lt => order.is_lt(),
            Comparison::Lte => order.is_le(),
        }
    };
    let is_like = |pattern: &String| match value {
        HistoricValue::Text(text) => like(&text.chars().collect::<Vec<_>>(), &pattern.chars().collect::<Vec<_>>()),
        other => panic!("{other:?} is no text"),
    };
    and.as_ref().is_none_or(|all| all.iter().all(|one| holds(one, value)))
        && or.as_ref().is_none_or(|any| any.iter().any(|one| holds(one, value)))
        && comparisons.iter().all(|(comparison, other)| compares(*comparison, other))
        && one_of.as_ref().is_none_or(|values| values.contains(value))
        && is.is_none_or(truth)
        && is_not.is_none_or(|wanted| !truth(wanted))
        && pattern.as_ref().is_none_or(is_like)
}

/// A database with these points of the property, and others' around them.
fn database(points: &Points) -> Connection {
    let mut connection = testing::connection();
    let transaction = connection.transaction().expect("a transaction");
    for (at, value) in points {
        for (key, value) in [
            (PropertyKey(PROPERTY.0 - 1), HistoricValue::Number(1.0)),
            (PROPERTY, value.clone()),
            (PropertyKey(PROPERTY.0 + 1), HistoricValue::Text("a".to_owned())),
        ] {
            insert(&transaction, key, Timestamp::from_micros(*at), &value).expect("a point");
        }
    }
    transaction.commit().expect("committed");
    connection
}

/// The selection of a filter that goes with the type.
fn selection(kind: ValueType, from: i64, to: i64, filter: Option<&ValueFilter>) -> HistorySelection {
    let mut violations = Violations::default();
    let condition = filter.map(|filter| filter.typed(kind, "", &mut violations));
    assert!(violations.is_empty(), "{violations:?}");
    HistorySelection { from: Timestamp::from_micros(from), to: Timestamp::from_micros(to), condition }
}

fn everything(kind: ValueType) -> HistorySelection {
    selection(kind, i64::MIN, i64::MAX, None)
}

/// The points of a selection as the reference has them.
fn selected(points: &Points, from: i64, to: i64, filter: Option<&ValueFilter>) -> Vec<HistoryPoint> {
    let within = points.iter().filter(|(at, _)| (from..=to).contains(at));
    let meant = within.filter(|(_, value)| filter.is_none_or(|filter| holds(filter, value)));
    meant.map(|(at, value)| HistoryPoint { at: Timestamp::from_micros(*at), value: value.clone() }).collect()
}

fn whole(bucket: Option<TimeBucket>) -> HistoryPage {
    HistoryPage { size: 10_000, last: false, after: None, bucket }
}

fn number(value: &HistoricValue) -> f64 {
    match value {
        HistoricValue::Number(number) => *number,
        HistoricValue::Boolean(truth) => f64::from(u8::from(*truth)),
        HistoricValue::Text(text) => panic!("{text:?} is no number"),
    }
}

/// Sums are not added up in the same order.
fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

fn bucket() -> impl Strategy<Value = TimeBucket> {
    use Aggregate::{Avg, Count, Max, Min, Sum};
    let widths = vec!["5minutes", "1 hour", "7 hours", "1 day", "1 week", "3 us", "2.5 days"];
    let offsets = vec![None, Some("2.5minutes"), Some("-2 hours"), Some("30 hours"), Some("1 us")];
    let aggregates = vec![Sum, Count, Avg, Max, Min];
    let zones = vec![None, Some("Europe/Berlin"), Some("Australia/Lord_Howe"), Some("Pacific/Apia")];
    let of = prop::sample::select::<Option<&'static str>>;
    let parts = (prop::sample::select(widths), of(offsets), prop::sample::select(aggregates), of(zones));
    parts.prop_map(|(width, offset, aggregate, zone)| {
        let zone = zone.map(|name| Zone::named(name).expect("a zone"));
        TimeBucket::new(width, offset, aggregate, &mut Violations::default()).expect("a good bucket").in_zone(zone)
    })
}

/// What a bucket's values come to.
fn aggregated(aggregate: Aggregate, values: &[f64]) -> f64 {
    let count = values.len() as f64;
    match aggregate {
        Aggregate::Sum => values.iter().sum(),
        Aggregate::Count => count,
        Aggregate::Avg => values.iter().sum::<f64>() / count,
        Aggregate::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Aggregate::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
    }
}

proptest! {
    #[test]
    fn a_filter_selects_what_it_says((kind, points, filter) in filtered(), from in time(), to in time()) {
        let connection = database(&points);
        let found = page(&connection, PROPERTY, kind, &selection(kind, from, to, Some(&filter)), &whole(None));
        prop_assert_eq!(found.expect("a page"), selected(&points, from, to, Some(&filter)));
    }

    #[test]
    fn a_summary_is_of_all_that_is_selected((kind, points, filter) in filtered(), from in time(), to in time()) {
        let connection = database(&points);
        let found = summary(&connection, PROPERTY, kind, &selection(kind, from, to, Some(&filter))).expect("a summary");
        let meant = selected(&points, from, to, Some(&filter));
        prop_assert_eq!(found.count, meant.len() as i64);
        let HistorySummary { count: _, sum, avg, max, min } = found;
        if kind == ValueType::String || meant.is_empty() {
            prop_assert_eq!((sum, avg, max, min), (None, None, None, None));
        } else {
            let values: Vec<f64> = meant.iter().map(|point| number(&point.value)).collect();
            for (found, aggregate) in
                [(sum, Aggregate::Sum), (avg, Aggregate::Avg), (max, Aggregate::Max), (min, Aggregate::Min)]
            {
                let expected = aggregated(aggregate, &values);
                // Values of 1e300 swallow small ones in one order of adding and not in another.
                let swallows = values.iter().any(|value| value.abs() > 1e200);
                prop_assert!(found.is_some_and(|found| swallows || close(found, expected)), "{aggregate:?}: {found:?}, not {expected}");
            }
        }
    }

    #[test]
    fn a_bucket_has_what_lies_in_it(
        points in btree_map(time(), (-50..50).prop_map(|number| HistoricValue::Number(f64::from(number) / 4.0)), 0..25),
        bucket in bucket(), from in time(), to in time(),
    ) {
        let connection = database(&points);
        let kind = ValueType::Number;
        let mut meant: BTreeMap<Timestamp, Vec<f64>> = BTreeMap::new();
        for point in selected(&points, from, to, None) {
            meant.entry(bucket.at(point.at).start()).or_default().push(number(&point.value));
        }
        let found = page(&connection, PROPERTY, kind, &selection(kind, from, to, None), &whole(Some(bucket.clone()))).expect("a page");
        let starts: Vec<_> = found.iter().map(|row| row.at).collect();
        prop_assert_eq!(starts, meant.keys().copied().collect::<Vec<_>>());
        for (row, values) in found.iter().zip(meant.values()) {
            let expected = aggregated(bucket.aggregate, values);
            prop_assert!(close(number(&row.value), expected), "{row:?}, not {expected}");
        }
    }

    #[test]
    fn page_by_page_one_sees_everything_once(
        (kind, points, filter) in filtered(),
        bucket in option::of(bucket()),
        size in 1_u32..5,
    ) {
        let connection = database(&points);
        // Of texts there are buckets that are counted only.
        let bucket = bucket.filter(|bucket| bucket.aggregate.is_of(kind));
        let selection = selection(kind, i64::MIN, i64::MAX, Some(&filter));
        let all = page(&connection, PROPERTY, kind, &selection, &whole(bucket.clone())).expect("everything");
        let mut seen = Vec::new();
        loop {
            let after = seen.last().map(|row: &HistoryPoint| row.at);
            let next = HistoryPage { size, last: false, after, bucket: bucket.clone() };
            let mut rows = page(&connection, PROPERTY, kind, &selection, &next).expect("a page");
            prop_assert!(rows.len() <= size as usize + 1);
            let more = rows.len() > size as usize;
            rows.truncate(size as usize);
            seen.extend(rows);
            if !more {
                break;
            }
        }
        prop_assert_eq!(&seen, &all);
        let last = HistoryPage { size, last: true, after: None, bucket };
        let rows = page(&connection, PROPERTY, kind, &selection, &last).expect("the last ones");
        prop_assert_eq!(rows.as_slice(), &all[all.len().saturating_sub(size as usize + 1)..]);
    }

    #[test]
    fn trimming_takes_the_oldest_ones_and_no_others(points in points_of(ValueType::Number), before in time(), limit in 1_u32..8) {
        let mut connection = database(&points);
        let kind = ValueType::Number;
        let transaction = connection.transaction().expect("a transaction");
        let before_trimming = page(&transaction, PROPERTY, kind, &everything(kind), &whole(None)).expect("all");
        let old = points.range(..before).count();
        let mut steps = 0;
        while trim(&transaction, &[PROPERTY], Timestamp::from_micros(before), limit).expect("a step") == 0 {
            steps += 1;
            let left = page(&transaction, PROPERTY, kind, &everything(kind), &whole(None)).expect("the rest");
            prop_assert_eq!(left.as_slice(), &before_trimming[steps * limit as usize..]);
        }
        prop_assert_eq!(steps, old / limit as usize);
        let left = page(&transaction, PROPERTY, kind, &everything(kind), &whole(None)).expect("the rest");
        prop_assert_eq!(left.as_slice(), &before_trimming[old..]);
        let others: i64 = transaction.query_row("SELECT count(*) FROM history WHERE property <> 7", [], |row| row.get(0)).expect("a count");
        prop_assert_eq!(others, 2 * points.len() as i64);
    }
}

#[test]
fn a_sum_beyond_all_numbers_is_the_greatest_one() {
    let points = Points::from([(1, HistoricValue::Number(f64::MAX)), (2, HistoricValue::Number(f64::MAX))]);
    let (connection, kind) = (database(&points), ValueType::Number);
    let found = summary(&connection, PROPERTY, kind, &everything(kind)).expect("a summary");
    assert_eq!((found.sum, found.max), (Some(f64::MAX), Some(f64::MAX)));
    let bucket = TimeBucket::new("1 day", None, Aggregate::Sum, &mut Violations::default());
    let rows = page(&connection, PROPERTY, kind, &everything(kind), &whole(bucket)).expect("a bucket");
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].value, HistoricValue::Number(f64::MAX));
}

#[test]
fn only_properties_with_old_points_are_walked_to_the_end() {
    let mut connection = testing::connection();
    connection.execute_batch("PRAGMA foreign_keys = OFF").expect("no keys");
    let transaction = connection.transaction().expect("a transaction");
    for key in 1..=5 {
        let sql = "INSERT INTO properties (key, component, id, name, value, unit, type, property_type)
            VALUES (?1, 1, ?1 || '', '', '', '', 'NUMBER', '')";
        transaction.execute(sql, [key]).expect("a property");
        // The even ones have an old point, all have a new one.
        for at in if key % 2 == 0 { vec![1, 10] } else { vec![10] } {
            insert(&transaction, PropertyKey(key), Timestamp::from_micros(at), &HistoricValue::Number(1.0))
                .expect("a point");
        }
    }
    let (mut after, mut old) = (PropertyKey::MIN, Vec::new());
    while let Some((found, last)) =
        with_points_before(&transaction, after, Timestamp::from_micros(10), 2).expect("a step")
    {
        assert!(last > after);
        after = last;
        old.extend(found);
    }
    assert_eq!(old, [PropertyKey(2), PropertyKey(4)]);
}

#[test]
fn a_past_is_filled_in_where_there_is_none() {
    let points = Points::from([(2, HistoricValue::Number(2.0))]);
    let mut connection = database(&points);
    let transaction = connection.transaction().expect("a transaction");
    let new: Vec<_> =
        (1..=3).map(|at| HistoryPoint { at: Timestamp::from_micros(at), value: HistoricValue::Number(9.0) }).collect();
    assert_eq!(insert_missing(&transaction, PROPERTY, &new).expect("nothing"), 0, "there is no such property");
    transaction.execute_batch("PRAGMA defer_foreign_keys = ON").expect("later");
    let sql = "INSERT INTO properties (key, component, id, name, value, unit, type, property_type, last_update)
        VALUES (7, 1, 'p', '', '2', '', 'NUMBER', '', 2)";
    transaction.execute(sql, []).expect("a property");
    assert_eq!(insert_missing(&transaction, PROPERTY, &new).expect("two"), 2);
    let kind = ValueType::Number;
    let rows = page(&transaction, PROPERTY, kind, &everything(kind), &whole(None)).expect("all");
    assert_eq!(rows.iter().map(|row| number(&row.value)).collect::<Vec<_>>(), [9.0, 2.0, 9.0]);
    let current = transaction
        .query_row("SELECT value || last_update FROM properties", [], |row| row.get::<_, String>(0))
        .expect("the property");
    assert_eq!(current, "22");
}
