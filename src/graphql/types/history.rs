//! Histories of properties: points or time buckets by the page, and what all of them amount to.
//!
//! Each property asks for itself: its points are a range of an index that no other's share, so one
//! statement for a whole page of things would save nothing.

use crate::graphql::context::Context;
use crate::graphql::cursor;
use crate::graphql::error::Answered;
use crate::graphql::scalars::{Scalar, Time, text_or_number};
use crate::graphql::straight::{Fields, Row, Selected, SelectedOnce, Straight, plain_fields};
use crate::model::bucket::Aggregate;
use crate::model::error::Violations;
use crate::model::filter::{self, Comparison};
use crate::model::history::{HistoricValue, HistoryPage, HistoryPoint, HistoryQuery, HistorySelection, HistorySummary};
use crate::model::thing::PropertyKey;
use crate::model::value::ValueType;
use crate::model::zone::Zone;
use crate::ops::history;
use juniper::{GraphQLEnum, GraphQLInputObject, GraphQLScalar, graphql_object};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::fmt;
use std::sync::OnceLock;

/// A historic value: a number for a NUMBER property, a boolean for BOOLEAN, else a string.
#[derive(Clone, Debug, PartialEq, GraphQLScalar)]
#[graphql(scalar = Scalar, parse_token_with = text_or_number)]
pub struct HistoricComponentPropertyValue(HistoricValue);

impl HistoricComponentPropertyValue {
    fn to_output(&self) -> Scalar {
        match &self.0 {
            HistoricValue::Number(number) => Scalar::Float(*number),
            HistoricValue::Boolean(truth) => Scalar::Boolean(*truth),
            HistoricValue::Text(text) => Scalar::String(text.clone()),
        }
    }

    fn from_input(scalar: &juniper::Scalar<Scalar>) -> Result<Self, String> {
        let finite = |number: f64, literal: &dyn fmt::Display| match number.is_finite() {
            true => Ok(HistoricValue::Number(number)),
            false => Err(format!("{literal} is beyond what a number of 64 bits can hold, which is about 1.8e308")),
        };
        Ok(Self(match &**scalar {
            Scalar::Int(number) => HistoricValue::Number((*number).into()),
            Scalar::Integer(digits) => finite(digits.to_float(), digits)?,
            Scalar::Float(number) => finite(*number, number)?,
            Scalar::Boolean(truth) => HistoricValue::Boolean(*truth),
            Scalar::String(text) => HistoricValue::Text(text.clone()),
            Scalar::Json(_) => return Err("must be a number, a text, true or false".to_owned()),
        }))
    }
}

/// Which points of a history are meant.
#[derive(GraphQLInputObject)]
#[graphql(scalar = Scalar)]
pub struct HistoryFilter {
    value: Option<ValueFilter>,
}

/// What a historic value must be like; all that is given must hold. Values must be of the
/// property's type: numbers are compared as numbers, texts by their code points, true comes after false.
#[derive(GraphQLInputObject)]
#[graphql(scalar = Scalar)]
pub struct ValueFilter {
    /// All of these hold.
    #[graphql(name = "_and")]
    and: Option<Vec<ValueFilter>>,
    /// One of these holds.
    #[graphql(name = "_or")]
    or: Option<Vec<ValueFilter>>,
    #[graphql(name = "_eq")]
    eq: Option<HistoricComponentPropertyValue>,
    #[graphql(name = "_neq")]
    neq: Option<HistoricComponentPropertyValue>,
    #[graphql(name = "_gt")]
    gt: Option<HistoricComponentPropertyValue>,
    #[graphql(name = "_gte")]
    gte: Option<HistoricComponentPropertyValue>,
    #[graphql(name = "_lt")]
    lt: Option<HistoricComponentPropertyValue>,
    #[graphql(name = "_lte")]
    lte: Option<HistoricComponentPropertyValue>,
    #[graphql(name = "_in")]
    one_of: Option<Vec<HistoricComponentPropertyValue>>,
    /// For BOOLEAN properties.
    #[graphql(name = "_is")]
    is: Option<bool>,
    /// For BOOLEAN properties.
    #[graphql(name = "_isNot")]
    is_not: Option<bool>,
    /// For STRING properties: SQL LIKE as PostgreSQL has it: case-sensitive, % and _, backslash escapes.
    #[graphql(name = "_like")]
    like: Option<String>,
}

impl From<ValueFilter> for filter::ValueFilter {
    fn from(input: ValueFilter) -> Self {
        let comparisons = [
            (Comparison::Eq, input.eq),
            (Comparison::Neq, input.neq),
            (Comparison::Gt, input.gt),
            (Comparison::Gte, input.gte),
            (Comparison::Lt, input.lt),
            (Comparison::Lte, input.lte),
        ];
        let filters = |filters: Vec<ValueFilter>| filters.into_iter().map(Self::from).collect();
        Self {
            and: input.and.map(filters),
            or: input.or.map(filters),
            comparisons: comparisons.into_iter().filter_map(|(how, value)| Some((how, value?.0))).collect(),
            one_of: input.one_of.map(|values| values.into_iter().map(|value| value.0).collect()),
            is: input.is,
            is_not: input.is_not,
            like: input.like,
        }
    }
}

/// What is made of the values of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, GraphQLEnum)]
#[graphql(scalar = Scalar)]
pub enum HistoryAggregate {
    /// Their sum.
    Sum,
    /// How many there are.
    Count,
    /// Their mean.
    Avg,
    /// The greatest.
    Max,
    /// The least.
    Min,
}

/// Equal stretches of time that points are gathered into. They begin at multiples of the width from
/// Monday, 2000-01-03T00:00:00Z, moved by the offset, as TimescaleDB's `time_bucket` has it. Width and
/// offset are numbers with units (seconds, minutes, hours, days, weeks): 5minutes, 2.5 minutes, 1 day 12 hours.
#[derive(GraphQLInputObject)]
#[graphql(scalar = Scalar)]
pub struct TimeBucket {
    width: String,
    offset: Option<String>,
    /// A time zone of the IANA database, such as Europe/Berlin: buckets then begin by its clocks, days at its midnight. The
    /// day on which clocks are set has 23 or 25 hours. Of the hour that clocks show twice, buckets of an hour or less are
    /// there twice; longer ones are longer. UTC if not given.
    time_zone: Option<String>,
    /// Of a STRING property, only COUNT gives buckets; true counts as 1 and false as 0.
    #[graphql(default = Some(HistoryAggregate::Avg))]
    aggregate: Option<HistoryAggregate>,
}

impl TimeBucket {
    fn read(self, violations: &mut Violations) -> Option<crate::model::bucket::TimeBucket> {
        let aggregate = match self.aggregate.unwrap_or(HistoryAggregate::Avg) {
            HistoryAggregate::Sum => Aggregate::Sum,
            HistoryAggregate::Count => Aggregate::Count,
            HistoryAggregate::Avg => Aggregate::Avg,
            HistoryAggregate::Max => Aggregate::Max,
            HistoryAggregate::Min => Aggregate::Min,
        };
        let zone = self.time_zone.as_deref().map(Zone::named).transpose();
        let zone = zone.map_err(|problem| violations.add("timeBucket.timeZone", problem));
        let bucket = crate::model::bucket::TimeBucket::new(&self.width, self.offset.as_deref(), aggregate, violations);
        Some(bucket?.in_zone(zone.ok()?))
    }
}

/// The arguments of a history.
pub struct Arguments {
    pub from: Option<Time>,
    pub to: Option<Time>,
    pub first: Option<i32>,
    pub last: Option<i32>,
    pub after: Option<String>,
    pub filter: Option<HistoryFilter>,
    pub time_bucket: Option<TimeBucket>,
}

/// Points of a property's past, or the time buckets that they are gathered into, oldest first.
pub struct PropertyHistory {
    /// None where the property was deleted.
    property: Option<PropertyKey>,
    kind: ValueType,
    selection: HistorySelection,
    page: HistoryPage,
    rows: OnceLock<(Vec<HistoryPoint>, bool)>,
}

impl PropertyHistory {
    /// The history of a property as it is asked for. Reads nothing yet.
    pub fn new(property: Option<PropertyKey>, kind: ValueType, arguments: Arguments) -> Answered<Self> {
        let mut violations = Violations::default();
        let after = arguments.after.and_then(|text| {
            let at = cursor::read(&text);
            violations.require(at.is_some(), "after", "must be a cursor of an edge or the endCursor of a page");
            at
        });
        let query = HistoryQuery {
            from: arguments.from.map(|time| time.0),
            to: arguments.to.map(|time| time.0),
            filter: arguments.filter.and_then(|filter| filter.value).map(Into::into),
            first: arguments.first,
            last: arguments.last,
            after,
            bucket: arguments.time_bucket.and_then(|bucket| bucket.read(&mut violations)),
        };
        let (selection, page) = query.checked(kind, violations)?;
        Ok(Self { property, kind, selection, page, rows: OnceLock::new() })
    }

    fn rows(&self, context: &Context) -> Answered<&(Vec<HistoryPoint>, bool)> {
        if let Some(rows) = self.rows.get() {
            return Ok(rows);
        }
        let rows = match self.property {
            None => (Vec::new(), false),
            Some(key) => context.read(|view| history::page(view, key, self.kind, &self.selection, &self.page))?,
        };
        context.take_history_rows(rows.0.len())?;
        Ok(self.rows.get_or_init(|| rows))
    }
}

#[graphql_object(context = Context, scalar = Scalar)]
impl PropertyHistory {
    fn edges(&self, context: &Context) -> Answered<Straight<PropertyHistoryEdge<'_>>> {
        Ok(Straight(self.rows(context)?.0.iter().map(PropertyHistoryEdge).collect()))
    }

    fn page_info(&self, context: &Context) -> Answered<PageInfo> {
        let (points, more) = self.rows(context)?;
        Ok(PageInfo {
            has_next_page: *more && !self.page.last,
            has_previous_page: *more && self.page.last,
            end_cursor: points.last().map(|point| cursor::write(point.at)),
        })
    }

    /// Over all points selected by `from`, `to` and `where`, not only the page; buckets have no part in it.
    fn aggregate(&self, context: &Context) -> Answered<PropertyHistoryAggregate> {
        let summary = match self.property {
            None => HistorySummary::default(),
            Some(key) => context.read(|view| history::summary(view, key, self.kind, &self.selection))?,
        };
        Ok(PropertyHistoryAggregate(summary))
    }
}

/// A row of a history with its place.
pub struct PropertyHistoryEdge<'a>(&'a HistoryPoint);

#[graphql_object(context = Context, scalar = Scalar, name = "PropertyHistoryEdge")]
impl PropertyHistoryEdge<'_> {
    /// For `after`.
    fn cursor(&self) -> String {
        cursor::write(self.0.at)
    }

    fn node(&self) -> PropertyHistoryNode<'_> {
        PropertyHistoryNode(self.0)
    }
}

/// A point, or a time bucket.
pub struct PropertyHistoryNode<'a>(&'a HistoryPoint);

#[graphql_object(context = Context, scalar = Scalar, name = "PropertyHistoryNode")]
impl PropertyHistoryNode<'_> {
    /// When the value was so, or when the bucket begins.
    fn timestamp(&self) -> Time {
        Time(self.0.at)
    }

    /// The value, or what was made of the bucket's values: a number.
    fn value(&self) -> HistoricComponentPropertyValue {
        HistoricComponentPropertyValue(self.0.value.clone())
    }
}

/// A field of an edge.
pub enum EdgeField<'a> {
    TypeName,
    Cursor,
    Node(Fields<'a, NodeField>),
}

/// A field of a node.
pub enum NodeField {
    TypeName,
    Timestamp,
    Value,
}

impl Row for PropertyHistoryEdge<'_> {
    type Field<'a> = EdgeField<'a>;

    fn is_selected_once(once: SelectedOnce) -> bool {
        once.edges
    }

    fn field<'a>(name: &'a str, selection: Selected<'a>) -> Option<EdgeField<'a>> {
        let node = |name, _: Selected<'a>| match name {
            "__typename" => Some(NodeField::TypeName),
            "timestamp" => Some(NodeField::Timestamp),
            "value" => Some(NodeField::Value),
            _ => None,
        };
        match name {
            "__typename" => Some(EdgeField::TypeName),
            "cursor" => Some(EdgeField::Cursor),
            "node" => plain_fields(selection, node).map(EdgeField::Node),
            _ => None,
        }
    }

    fn long_bytes(&self, field: &EdgeField<'_>) -> usize {
        match (field, &self.0.value) {
            (EdgeField::Node(fields), HistoricValue::Text(text)) => {
                let values = fields.iter().filter(|(_, field)| matches!(field, NodeField::Value)).count();
                values * text.len()
            }
            _ => 0,
        }
    }

    fn write<M: SerializeMap>(&self, object: &mut M, name: &str, field: &EdgeField<'_>) -> Result<(), M::Error> {
        match field {
            EdgeField::TypeName => object.serialize_entry(name, "PropertyHistoryEdge"),
            EdgeField::Cursor => object.serialize_entry(name, &cursor::write(self.0.at)),
            EdgeField::Node(fields) => object.serialize_entry(name, &WrittenNode { point: self.0, fields }),
        }
    }
}

struct WrittenNode<'a> {
    point: &'a HistoryPoint,
    fields: &'a Fields<'a, NodeField>,
}

impl Serialize for WrittenNode<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut node = serializer.serialize_map(Some(self.fields.len()))?;
        for (name, field) in self.fields {
            match (field, &self.point.value) {
                (NodeField::TypeName, _) => node.serialize_entry(name, "PropertyHistoryNode")?,
                (NodeField::Timestamp, _) => node.serialize_entry(name, &format_args!("{}", self.point.at))?,
                (NodeField::Value, HistoricValue::Number(number)) => node.serialize_entry(name, number)?,
                (NodeField::Value, HistoricValue::Boolean(truth)) => node.serialize_entry(name, truth)?,
                (NodeField::Value, HistoricValue::Text(text)) => node.serialize_entry(name, text)?,
            }
        }
        node.end()
    }
}

/// What a whole selection amounts to. sum, avg, max and min are null for STRING properties and empty
/// selections; of a BOOLEAN, true counts as 1 and false as 0.
pub struct PropertyHistoryAggregate(HistorySummary);

#[graphql_object(context = Context, scalar = Scalar)]
impl PropertyHistoryAggregate {
    fn sum(&self) -> Option<f64> {
        self.0.sum
    }

    fn count(&self) -> i32 {
        i32::try_from(self.0.count).unwrap_or(i32::MAX)
    }

    fn avg(&self) -> Option<f64> {
        self.0.avg
    }

    fn max(&self) -> Option<f64> {
        self.0.max
    }

    fn min(&self) -> Option<f64> {
        self.0.min
    }
}

/// Where a page stands in its list.
pub struct PageInfo {
    has_next_page: bool,
    has_previous_page: bool,
    end_cursor: Option<String>,
}

#[graphql_object(context = Context, scalar = Scalar)]
impl PageInfo {
    /// Whether there is more behind the page.
    fn has_next_page(&self) -> bool {
        self.has_next_page
    }

    /// Whether there is more before a page of the `last` rows.
    fn has_previous_page(&self) -> bool {
        self.has_previous_page
    }

    /// The last row's cursor, for `after`; null for an empty page.
    fn end_cursor(&self) -> Option<&str> {
        self.end_cursor.as_deref()
    }
}
