//! How many values an answer may have, estimated from the document alone: the fields of a list count
//! once for each row that its page may have (`first`, else the page that is given without it), or,
//! where a list has no pages, for as many as there usually are. What does not depend on variables is
//! added up once, when the document is parsed.
//!
//! An estimate can be wrong where lists without pages are long: what is found counts too, see
//! [`crate::graphql::context::Context::take_rows`]. Rows of histories have a bound of their own there.

use crate::graphql::Schema;
use crate::graphql::limits::Limits;
use crate::graphql::scalars::Scalar;
use crate::model::page::{PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX};
use juniper::meta::{Field, MetaType};
use juniper::parser::parse_document_source;
use juniper::{Definition, InputValue, OperationType, SchemaType, Selection, Variables};
use std::collections::HashMap;

/// How many rows the lists without pages usually have, by type and field: about what the things of
/// real connectors have, and an account's belongings.
const USUAL_ROWS: [(&str, &str, u64); 25] = [
    ("Query", "connectorPublications", 50),
    ("Query", "connectorInstallations", 50),
    ("Query", "apps", 20),
    ("Query", "grants", 20),
    ("Query", "invites", 20),
    ("App", "installations", 10),
    ("ConnectorInstance", "things", 2),
    ("ConnectorInstance", "configuration", 3),
    ("ConnectorInstallation", "configuration", 3),
    ("ConnectorPublication", "configurationParameters", 3),
    ("ConnectorPublication", "customerConfigurationParameters", 3),
    ("Thing", "attributes", 4),
    ("Thing", "components", 3),
    ("ThingComponent", "properties", 4),
    ("ThingComponent", "actions", 2),
    ("ComponentAction", "parameters", 2),
    ("ActionRequest", "parameters", 2),
    ("Callback", "requestHeaders", 6),
    ("Callback", "responseHeaders", 6),
    // At most as many as a page has.
    ("Mutation", "requestThingAction", 100),
    ("Mutation", "deleteThings", 100),
    ("RemoveInstallationResult", "affectedInstances", 100),
    // Counted by themselves while they are read.
    ("PropertyHistory", "edges", 1),
    ("__Schema", "types", 100),
    ("__Type", "fields", 6),
];
/// What other lists of objects have: those of introspection.
const ROWS_ELSE: u64 = 3;
/// A history, or an aggregate of one, is a query of its own; other fields are values at hand.
const HISTORY_COST: u64 = 10;

/// The most values that a small answer is estimated to have: a list of 1,000 rows with a few fields has fewer.
const SMALL_VALUES_MAX: u64 = 5_000;

/// What an operation costs.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Cost {
    estimate: Estimate,
    root_fields: usize,
    width: usize,
    defaults: HashMap<String, i64>,
}

/// A number of values, of which some depend on variables.
#[derive(Debug, Default, PartialEq, Eq)]
struct Estimate {
    known: u64,
    open: Vec<(Rows, Estimate)>,
}

/// How many rows a list has.
#[derive(Debug, PartialEq, Eq)]
enum Rows {
    Known(u64),
    Variable(String),
}

type Fragments<'d, 'a> = HashMap<&'a str, (&'a str, &'d [Selection<'a, Scalar>])>;

struct Reader<'d, 'a> {
    schema: &'d Schema,
    fragments: Fragments<'d, 'a>,
    width: usize,
}

impl Cost {
    /// What an operation of a document costs that was found valid: its fragments are finite and few.
    pub fn of(schema: &Schema, document: &str, operation_name: Option<&str>) -> Self {
        let Ok(definitions) = parse_document_source(document, &schema.schema) else { return Self::default() };
        let mut fragments = HashMap::new();
        let mut operation = None;
        for definition in &definitions {
            match definition {
                Definition::Fragment(fragment) => {
                    let fragment = &fragment.item;
                    fragments.insert(fragment.name.item, (fragment.type_condition.item, &*fragment.selection_set));
                }
                Definition::Operation(candidate) => {
                    let name = candidate.item.name.as_ref().map(|name| name.item);
                    if operation_name.is_none() || name == operation_name {
                        operation = Some(&candidate.item);
                    }
                }
            }
        }
        let Some(operation) = operation else { return Self::default() };
        let root = match operation.operation_type {
            OperationType::Query => Some(schema.schema.concrete_query_type()),
            OperationType::Mutation => schema.schema.concrete_mutation_type(),
            OperationType::Subscription => schema.schema.concrete_subscription_type(),
        };
        let mut reader = Reader { schema, fragments, width: 0 };
        let mut estimate = Estimate::default();
        let root_fields = reader.selections(root, &operation.selection_set, &mut estimate);
        let variables = operation.variables_definition.iter().flat_map(|definitions| definitions.item.iter());
        let defaults = variables.filter_map(|(name, definition)| {
            let default = definition.default_value.as_ref()?;
            Some((name.item.to_owned(), number(&default.item)?))
        });
        Self { estimate, root_fields, width: reader.width, defaults: defaults.collect() }
    }

    /// The most fields that are selected of any object.
    pub fn width(&self) -> usize {
        self.width
    }

    /// That it has no more fields at its root than are allowed.
    ///
    /// # Errors
    /// How many it has, and how to mend it.
    pub fn check_root(&self, limits: &Limits) -> Result<(), String> {
        let (fields, max) = (self.root_fields, limits.root_fields);
        if fields <= max as usize {
            return Ok(());
        }
        Err(format!(
            "the operation has {fields} fields at its root, and {max} are allowed: ask in several requests; the \
             operator can allow more with --graphql-root-fields"
        ))
    }

    /// That the answer will not have more values than are allowed, as far as can be told before.
    ///
    /// # Errors
    /// How many it may have, and how to mend it.
    pub fn check(&self, variables: &Variables<Scalar>, limits: &Limits) -> Result<(), String> {
        let (values, max) = (self.values(variables), limits.cost);
        if values <= max.into() {
            return Ok(());
        }
        Err(format!(
            "the answer may have about {values} values, and {max} are allowed: ask for smaller pages with `first` \
             (without it a page has {PAGE_SIZE_DEFAULT} rows), for fewer lists within lists or for fewer fields; the \
             operator can allow more with --graphql-cost"
        ))
    }

    /// How many values the answer may have with these variables.
    fn values(&self, variables: &Variables<Scalar>) -> u64 {
        self.values_with(|name| variables.get(name).map(number))
    }

    /// Whether the answer will have few values with these variables, as far as can be told before.
    pub fn is_small(&self, variables: &serde_json::Map<String, serde_json::Value>) -> bool {
        self.values_with(|name| variables.get(name).map(serde_json::Value::as_i64)) <= SMALL_VALUES_MAX
    }

    /// How many values the answer may have, given the numbers of variables: the outer `None` is for one that was not
    /// sent, the inner one for one that is not a number.
    fn values_with(&self, given: impl Fn(&str) -> Option<Option<i64>>) -> u64 {
        self.estimate.with(&|name| rows(given(name).unwrap_or_else(|| self.defaults.get(name).copied())))
    }
}

impl Estimate {
    fn with(&self, rows_of: &impl Fn(&str) -> u64) -> u64 {
        self.open.iter().fold(self.known, |sum, (rows, each)| {
            let rows = match rows {
                Rows::Known(rows) => *rows,
                Rows::Variable(name) => rows_of(name),
            };
            sum.saturating_add(rows.saturating_mul(each.with(rows_of)))
        })
    }

    fn add(&mut self, rows: Rows, each: Self) {
        match rows {
            Rows::Known(rows) if each.open.is_empty() => {
                self.known = self.known.saturating_add(rows.saturating_mul(each.known));
            }
            rows => self.open.push((rows, each)),
        }
    }
}

impl<'a> Reader<'_, 'a> {
    /// Adds what a selection costs for one row, and answers how many fields it has.
    fn selections(
        &mut self,
        of: Option<&MetaType<Scalar>>,
        selections: &[Selection<'a, Scalar>],
        sum: &mut Estimate,
    ) -> usize {
        let mut fields = 0;
        for selection in selections {
            match selection {
                Selection::Field(field) => {
                    fields += 1;
                    let field = &field.item;
                    let given = field.arguments.as_ref().and_then(|given| given.item.get("first"));
                    self.field(
                        of,
                        field.name.item,
                        given.map(|first| &first.item),
                        field.selection_set.as_deref(),
                        sum,
                    );
                }
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.item.type_condition.as_ref();
                    let of = condition.map_or(of, |name| self.schema.schema.concrete_type_by_name(name.item));
                    fields += self.selections(of, &fragment.item.selection_set, sum);
                }
                Selection::FragmentSpread(spread) => {
                    if let Some((name, selections)) = self.fragments.get(spread.item.name.item).copied() {
                        let of = self.schema.schema.concrete_type_by_name(name);
                        fields += self.selections(of, selections, sum);
                    }
                }
            }
        }
        self.width = self.width.max(fields);
        fields
    }

    /// Adds a field with all that is below it.
    fn field(
        &mut self,
        of: Option<&MetaType<Scalar>>,
        name: &'a str,
        first: Option<&InputValue<Scalar>>,
        selections: Option<&[Selection<'a, Scalar>]>,
        sum: &mut Estimate,
    ) {
        sum.known = sum.known.saturating_add(1);
        let Some(selections) = selections else { return };
        let schema = &self.schema.schema;
        let meta = of.and_then(|of| of.field_by_name(name));
        let inner = match (name, meta) {
            // Every query has these; they stand in no type.
            ("__schema" | "__type", _) => {
                schema.concrete_type_by_name(if name == "__type" { "__Type" } else { "__Schema" })
            }
            (_, Some(meta)) => schema.concrete_type_by_name(meta.field_type.innermost_name()),
            (_, None) => None,
        };
        let mut each = Estimate::default();
        self.selections(inner, selections, &mut each);
        if matches!(name, "history" | "aggregate") {
            each.known = each.known.saturating_add(HISTORY_COST);
        }
        let Some(meta) = meta.filter(|meta| is_list(schema, meta)) else { return sum.add(Rows::Known(1), each) };
        let is_paged = meta.arguments.iter().flatten().any(|argument| argument.name == "first");
        sum.add(if is_paged { page(first) } else { usual_rows(of, name) }, each);
    }
}

/// `is_list` of the type itself does not look behind the exclamation mark.
fn is_list(schema: &SchemaType<Scalar>, field: &Field<Scalar>) -> bool {
    schema.make_type(&field.field_type).list_contents().is_some()
}

/// How many rows a page has.
fn page(first: Option<&InputValue<Scalar>>) -> Rows {
    match first {
        Some(InputValue::Variable(name)) => Rows::Variable(name.to_string()),
        given => Rows::Known(rows(given.and_then(number))),
    }
}

/// What is out of range is refused where the page is read.
fn rows(first: Option<i64>) -> u64 {
    let first = first.unwrap_or_else(|| PAGE_SIZE_DEFAULT.into());
    first.clamp(0, PAGE_SIZE_MAX.into()).unsigned_abs()
}

fn usual_rows(of: Option<&MetaType<Scalar>>, field: &str) -> Rows {
    let of = of.and_then(MetaType::name).map_or("", |name| name.as_str());
    let known = USUAL_ROWS.iter().find(|(known, name, _)| *known == of && *name == field);
    Rows::Known(known.map_or(ROWS_ELSE, |(_, _, rows)| *rows))
}

fn number(value: &InputValue<Scalar>) -> Option<i64> {
    match value {
        InputValue::Scalar(Scalar::Int(number)) => Some((*number).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
