//! Histories against a plain reference that works on lists in memory, with generated data.

use super::*;
use crate::model::bucket::TimeBucket;
use crate::model::error::Violations;
use crate::model::filter::{Comparison, ValueFilter};
use crate::model::history::HistoryQuery;
use crate::store::testing;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use std::cmp::Ordering;
use std::collections::BTreeMap;

type Points = BTreeMap<i64, HistoricValue>;

fn number() -> impl Strategy<Value = HistoricValue> {
    // Whole and halved, so that sums are exact in any order; 9 < 10 only as numbers.
    prop_oneof![(-12..=12).prop_map(|n| f64::from(n) / 2.0), prop::sample::select(vec![9.0, 10.0, 100.0])]
        .prop_map(HistoricValue::Number)
}

fn boolean() -> impl Strategy<Value = HistoricValue> {
    any::<bool>().prop_map(HistoricValue::Boolean)
}

/// Texts with everything in them that means something to LIKE, to GLOB, to C, or to nobody.
fn text() -> impl Strategy<Value = String> {
    vec(prop::sample::select(vec!["a", "A", "b", "%", "_", "\\", "*", "?", "[", "]", "^", "ä", "𝄞", "10", "\0"]), 0..5)
        .prop_map(|parts| parts.concat())
}

fn value(kind: ValueType) -> BoxedStrategy<HistoricValue> {
    match kind {
        ValueType::Number => number().boxed(),
        ValueType::Boolean => boolean().boxed(),
        ValueType::String => text().prop_map(HistoricValue::Text).boxed(),
    }
}

/// Times around the origin of buckets and around 1970, in steps that often meet a bucket's border.
fn time() -> impl Strategy<Value = i64> {
    (prop::sample::select(vec![946_857_600_000_000, 0]), -40..40_i64, -1..=1_i64)
        .prop_map(|(around, steps, off)| around + steps * 30_000_000 + off)
}

fn filter(kind: ValueType) -> impl Strategy<Value = ValueFilter> {
    let how = prop::sample::select(vec![
        Comparison::Eq,
        Comparison::Neq,
        Comparison::Gt,
        Comparison::Gte,
        Comparison::Lt,
        Comparison::Lte,
    ]);
    // A pattern must not end with an escape of nothing.
    let ends = |text: &str| text.chars().rev().take_while(|character| *character == '\\').count() % 2 == 0;
    let like = text().prop_map(move |text| if ends(&text) { text } else { text + "\\" });
    let is = |of: bool| if of { option::weighted(0.2, any::<bool>()).boxed() } else { Just(None).boxed() };
    let like = if kind == ValueType::String { option::weighted(0.4, like).boxed() } else { Just(None).boxed() };
    let truth = kind == ValueType::Boolean;
    let leaf =
        (vec((how, value(kind)), 0..2), option::weighted(0.2, vec(value(kind), 0..4)), is(truth), is(truth), like)
            .prop_map(|(comparisons, one_of, is, is_not, like)| ValueFilter {
                comparisons,
                one_of,
                is,
                is_not,
                like,
                ..ValueFilter::default()
            });
    leaf.prop_recursive(3, 16, 3, |inner| {
        let some = || option::weighted(0.6, vec(inner.clone(), 0..3));
        (some(), some(), inner.clone()).prop_map(|(and, or, leaf)| ValueFilter { and, or, ..leaf })
    })
}

/// LIKE as PostgreSQL's documentation tells it.
fn is_like(text: &[char], pattern: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|skipped| is_like(&text[skipped..], rest)),
        ['_', rest @ ..] => !text.is_empty() && is_like(&text[1..], rest),
        ['\\', escaped, rest @ ..] => text.first() == Some(escaped) && is_like(&text[1..], rest),
        [plain, rest @ ..] => text.first() == Some(plain) && is_like(&text[1..], rest),
    }
}

fn compare(left: &HistoricValue, right: &HistoricValue) -> Ordering {
    match (left, right) {
        (HistoricValue::Number(left), HistoricValue::Number(right)) => left.partial_cmp(right).expect("no NaN"),
        (HistoricValue::Boolean(left), HistoricValue::Boolean(right)) => left.cmp(right),
        (HistoricValue::Text(left), HistoricValue::Text(right)) => left.chars().cmp(right.chars()),
        _ => panic!("{left:?} and {right:?} are of one property"),
    }
}

fn meets(value: &HistoricValue, filter: &ValueFilter) -> bool {
    let compares = |(how, with): &(Comparison, HistoricValue)| {
        let order = compare(value, with);
        match how {
            Comparison::Eq => order.is_eq(),
            Comparison::Neq => order.is_ne(),
            Comparison::Gt => order.is_gt(),
            Comparison::Gte => order.is_ge(),
            Comparison::Lt => order.is_lt(),
            Comparison::Lte => order.is_le(),
        }
    };
    let like = |pattern: &String| match value {
        HistoricValue::Text(text) => {
            let characters = |text: &str| text.chars().collect::<Vec<_>>();
            is_like(&characters(text), &characters(pattern))
        }
        _ => panic!("{value:?} is a text"),
    };
    filter.and.as_ref().is_none_or(|all| all.iter().all(|one| meets(value, one)))
        && filter.or.as_ref().is_none_or(|any| any.iter().any(|one| meets(value, one)))
        && filter.comparisons.iter().all(compares)
        && filter.one_of.as_ref().is_none_or(|list| list.iter().any(|one| compare(value, one).is_eq()))
        && filter.is.is_none_or(|truth| *value == HistoricValue::Boolean(truth))
        && filter.is_not.is_none_or(|truth| *value != HistoricValue::Boolean(truth))
        && filter.like.as_ref().is_none_or(like)
}

fn as_number(value: &HistoricValue) -> f64 {
    match value {
        HistoricValue::Number(number) => *number,
        HistoricValue::Boolean(truth) => f64::from(u8::from(*truth)),
        HistoricValue::Text(text) => panic!("{text:?} is no number"),
    }
}

fn aggregated(values: &[f64], aggregate: Aggregate) -> f64 {
    let (count, sum) = (values.len() as f64, values.iter().sum::<f64>());
    match aggregate {
        Aggregate::Sum => sum,
        Aggregate::Count => count,
        Aggregate::Avg => sum / count,
        Aggregate::Max => values.iter().copied().fold(f64::MIN, f64::max),
        Aggregate::Min => values.iter().copied().fold(f64::MAX, f64::min),
    }
}

/// What is asked, but for the page.
#[derive(Debug, Clone)]
struct Asked {
    kind: ValueType,
    points: Points,
    from: Option<i64>,
    to: Option<i64>,
    filter: Option<ValueFilter>,
    bucket: Option<TimeBucket>,
}

fn bucket() -> impl Strategy<Value = TimeBucket> {
    let widths =
        prop::sample::select(vec!["1 minute", "5minutes", "2.5 minutes", "90 s", "7 seconds", "1 day", "1 week"]);
    let offsets = option::of(prop::sample::select(vec!["2.5minutes", "-1 minute", "30 s", "-9 days", "1 microsecond"]));
    let aggregates =
        prop::sample::select(vec![Aggregate::Sum, Aggregate::Count, Aggregate::Avg, Aggregate::Max, Aggregate::Min]);
    (widths, offsets, aggregates).prop_map(|(width, offset, aggregate)| {
        TimeBucket::new(width, offset, aggregate, &mut Violations::default()).expect("a good bucket")
    })
}

fn asked() -> impl Strategy<Value = Asked> {
    prop::sample::select(vec![ValueType::Number, ValueType::Boolean, ValueType::String]).prop_flat_map(|kind| {
        let points = btree_map(time(), value(kind), 0..40);
        let (from, to) = (option::weighted(0.3, time()), option::weighted(0.3, time()));
        let filter = option::weighted(0.7, filter(kind));
        // Texts can be counted, no more.
        let bucket = option::weighted(0.5, bucket())
            .prop_map(move |bucket| bucket.filter(|bucket| bucket.aggregate.is_of(kind)));
        (points, from, to, filter, bucket).prop_map(move |(points, from, to, filter, bucket)| {
            let (from, to) = if from > to && to.is_some() { (to, from) } else { (from, to) };
            Asked { kind, points, from, to, filter, bucket }
        })
    })
}

impl Asked {
    /// A selection and a page of it.
    fn query(
        &self,
        first: Option<i32>,
        last: Option<i32>,
        after: Option<Timestamp>,
    ) -> (HistorySelection, HistoryPage) {
        let query = HistoryQuery {
            from: self.from.map(Timestamp::from_micros),
            to: self.to.map(Timestamp::from_micros),
            filter: self.filter.clone(),
            first,
            last,
            after,
            bucket: self.bucket,
        };
        query.checked(self.kind, Violations::default()).expect("a good question")
    }

    fn selected(&self) -> Vec<(i64, &HistoricValue)> {
        let meant = |at: i64, value: &HistoricValue| {
            self.from.is_none_or(|from| from <= at)
                && self.to.is_none_or(|to| at <= to)
                && self.filter.as_ref().is_none_or(|filter| meets(value, filter))
        };
        self.points.iter().map(|(at, value)| (*at, value)).filter(|(at, value)| meant(*at, value)).collect()
    }

    /// All rows by the plain reference.
    fn rows(&self) -> Vec<HistoryPoint> {
        let Some(bucket) = self.bucket else {
            let point = |(at, value): (i64, &HistoricValue)| HistoryPoint {
                at: Timestamp::from_micros(at),
                value: value.clone(),
            };
            return self.selected().into_iter().map(point).collect();
        };
        let mut buckets: BTreeMap<Timestamp, Vec<f64>> = BTreeMap::new();
        for (at, value) in self.selected() {
            let number = if self.kind == ValueType::String { 0.0 } else { as_number(value) };
            buckets.entry(bucket.start_of(Timestamp::from_micros(at))).or_default().push(number);
        }
        let row = |(at, values): (Timestamp, Vec<f64>)| HistoryPoint {
            at,
            value: HistoricValue::Number(aggregated(&values, bucket.aggregate)),
        };
        buckets.into_iter().map(row).collect()
    }
}

/// A property with these points, and one beside it with others.
fn filled(transaction: &Transaction<'_>, points: &Points) -> PropertyKey {
    for (key, at) in [(PropertyKey(6), 0), (PropertyKey(8), 946_857_600_000_000)] {
        insert(transaction, key, Timestamp::from_micros(at), &HistoricValue::Number(1e9)).expect("another's");
    }
    for (at, value) in points {
        insert(transaction, PropertyKey(7), Timestamp::from_micros(*at), value).expect("a point");
    }
    PropertyKey(7)
}

proptest! {
    #[test]
    fn pages_are_those_of_the_reference(asked in asked(), size in 1..8_i32) {
        let mut connection = testing::connection();
        let transaction = connection.transaction().expect("a transaction");
        let key = filled(&transaction, &asked.points);
        let read = |first, last, after| {
            let (selection, shown) = asked.query(first, last, after);
            page(&transaction, key, asked.kind, &selection, &shown).expect("a page")
        };
        let expected = asked.rows();
        prop_assert_eq!(&read(None, None, None), &expected);
        let mut paged: Vec<HistoryPoint> = Vec::new();
        loop {
            // One row more than was asked for tells that there are more.
            let mut rows = read(Some(size), None, paged.last().map(|row| row.at));
            let more = rows.len() > size as usize;
            rows.truncate(size as usize);
            paged.append(&mut rows);
            if !more {
                break;
            }
        }
        prop_assert_eq!(&paged, &expected);
        let last = read(None, Some(size), None);
        let shown = expected.len().min(size as usize + 1);
        prop_assert_eq!(&last[..], &expected[expected.len() - shown..]);
    }

    #[test]
    fn summaries_are_those_of_the_reference(asked in asked()) {
        let mut connection = testing::connection();
        let transaction = connection.transaction().expect("a transaction");
        let key = filled(&transaction, &asked.points);
        let (selection, _) = asked.query(Some(1), None, None);
        let found = summary(&transaction, key, asked.kind, &selection).expect("a summary");
        let selected = asked.selected();
        let of = |aggregate| {
            let numbers: Vec<_> = selected.iter().map(|(_, value)| as_number(value)).collect();
            aggregated(&numbers, aggregate)
        };
        let has_numbers = asked.kind != ValueType::String && !selected.is_empty();
        let expected = HistorySummary {
            count: selected.len() as i64,
            sum: has_numbers.then(|| of(Aggregate::Sum)),
            avg: has_numbers.then(|| of(Aggregate::Avg)),
            max: has_numbers.then(|| of(Aggregate::Max)),
            min: has_numbers.then(|| of(Aggregate::Min)),
        };
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn trimming_takes_the_oldest_points_step_by_step(points in btree_map(time(), number(), 0..30), before in time(), limit in 1..9_u32) {
        let mut connection = testing::connection();
        let transaction = connection.transaction().expect("a transaction");
        let key = filled(&transaction, &points);
        let (properties, before) = ([key, PropertyKey(9)], Timestamp::from_micros(before));
        let count = || transaction.query_row("SELECT count(*) FROM history", [], |row| row.get::<_, i64>(0)).expect("a count");
        let mut rest = &properties[..];
        while !rest.is_empty() {
            let had = count();
            rest = &rest[trim(&transaction, rest, before, limit).expect("trimmed")..];
            prop_assert!(had - count() <= i64::from(limit));
        }
        let left = points.keys().filter(|at| **at >= before.micros()).count();
        prop_assert_eq!(count(), left as i64 + 2, "the others' stay");
    }
}

#[test]
fn a_sum_beyond_all_numbers_is_the_greatest_one() {
    let mut connection = testing::connection();
    let transaction = connection.transaction().expect("a transaction");
    let greatest = HistoricValue::Number(f64::MAX);
    let key = filled(&transaction, &Points::from([(1, greatest.clone()), (2, greatest.clone())]));
    let kind = ValueType::Number;
    let asked = Asked { kind, points: Points::new(), from: None, to: None, filter: None, bucket: None };
    let (selection, _) = asked.query(None, None, None);
    let found = summary(&transaction, key, kind, &selection).expect("a summary");
    assert_eq!((found.sum, found.max), (Some(f64::MAX), Some(f64::MAX)));
    let bucket = TimeBucket::new("1 day", None, Aggregate::Sum, &mut Violations::default());
    let (selection, shown) = Asked { bucket, ..asked }.query(None, None, None);
    let rows = page(&transaction, key, kind, &selection, &shown).expect("a bucket");
    assert_eq!(rows.into_iter().map(|row| row.value).collect::<Vec<_>>(), [greatest]);
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
    let mut connection = testing::connection();
    let transaction = connection.transaction().expect("a transaction");
    let key = filled(&transaction, &Points::from([(2, HistoricValue::Number(2.0))]));
    let new: Vec<_> =
        (1..=3).map(|at| HistoryPoint { at: Timestamp::from_micros(at), value: HistoricValue::Number(9.0) }).collect();
    assert_eq!(insert_missing(&transaction, key, &new).expect("nothing"), 0, "there is no such property");
    transaction.execute_batch("PRAGMA defer_foreign_keys = ON").expect("later");
    let sql = "INSERT INTO properties (key, component, id, name, value, unit, type, property_type, last_update)
        VALUES (7, 1, 'p', '', '2', '', 'NUMBER', '', 2)";
    transaction.execute(sql, []).expect("a property");
    assert_eq!(insert_missing(&transaction, key, &new).expect("two"), 2);
    let points = "SELECT group_concat(at || '=' || value, ' ') FROM history WHERE property = 7";
    let points = transaction.query_row(points, [], |row| row.get::<_, String>(0)).expect("points");
    assert_eq!(points, "1=9.0 2=2.0 3=9.0");
    let current = transaction
        .query_row("SELECT value || last_update FROM properties", [], |row| row.get::<_, String>(0))
        .expect("the property");
    assert_eq!(current, "22");
}
