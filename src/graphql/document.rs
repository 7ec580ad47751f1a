//! Parsed and validated documents, kept so that the same text is not parsed again at every request.

use crate::graphql::Schema;
use crate::graphql::again::Again;
use crate::graphql::limits::cost::Cost;
use crate::graphql::limits::{self, Limits};
use crate::graphql::mutation::Mutation;
use crate::graphql::query::Query;
use crate::graphql::scalars::Scalar;
use crate::graphql::straight::SelectedOnce;
use crate::graphql::subscription::Subscription;
use juniper::parser::{ParseError, Spanning};
use juniper::validation::RuleError;
use juniper::{GraphQLError, ValidatedOperation};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use self_cell::self_cell;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

/// How much the kept documents may weigh together, in bytes (estimated).
const KEPT_BYTES_MAX: u64 = 8 << 20;
/// How many documents are expected to be kept.
const KEPT_EXPECTED: usize = 256;
/// The longest document that is kept, in bytes: longer ones are machines' and rarely come twice.
const DOCUMENT_BYTES_MAX: usize = 32 << 10;
/// How many bytes a parsed document takes for each byte of its text, about.
const BYTES_PER_BYTE: u64 = 24;

type Parsed<'a> = ValidatedOperation<'a, Query, Mutation, Subscription, Scalar>;

self_cell! {
    /// An operation with the text that it borrows.
    struct Borrowing {
        owner: Text,

        #[covariant]
        dependent: Parsed,
    }
}

/// A document that is good, with what is known of it.
pub struct Document {
    parsed: Borrowing,
    cost: Cost,
    again: Option<String>,
}

/// What was asked for.
#[derive(PartialEq, Eq)]
pub struct Text {
    query: String,
    operation_name: Option<String>,
    selected_once: SelectedOnce,
    again: Option<Again>,
}

/// Why a document is not taken.
pub enum Bad {
    /// It does not parse or validate.
    Invalid(GraphQLError),
    /// It is more than is allowed; the text says what.
    TooMuch(String),
}

impl From<GraphQLError> for Bad {
    fn from(error: GraphQLError) -> Self {
        Self::Invalid(error)
    }
}

impl Document {
    /// What it selects once.
    pub fn selected_once(&self) -> SelectedOnce {
        self.parsed.borrow_owner().selected_once
    }

    /// The operation, ready to be executed.
    pub fn operation(&self) -> &Parsed<'_> {
        self.parsed.borrow_dependent()
    }

    /// The name of a subscription's field that is written several times.
    pub fn again(&self) -> Option<&str> {
        self.again.as_deref()
    }

    /// What it costs.
    pub fn cost(&self) -> &Cost {
        &self.cost
    }
}

#[derive(Clone)]
struct ByLength;

impl Weighter<u64, Arc<Document>> for ByLength {
    fn weight(&self, _: &u64, document: &Arc<Document>) -> u64 {
        document.parsed.borrow_owner().query.len() as u64 * BYTES_PER_BYTE
    }
}

/// An error with better words for a whole number that is no value where it stands: juniper calls it unexpected.
fn explained(error: GraphQLError) -> GraphQLError {
    match error {
        GraphQLError::ParseError(Spanning { item: ParseError::UnexpectedToken(token), span }) if is_whole(&token) => {
            let message = format!(
                "{token} is not valid here: an Int is between {} and {}, and a text needs quotes",
                i32::MIN,
                i32::MAX
            );
            GraphQLError::ValidationError(vec![RuleError::new(&message, &[span.start])])
        }
        other => other,
    }
}

fn is_whole(token: &str) -> bool {
    let digits = token.strip_prefix('-').unwrap_or(token);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The documents kept.
pub struct Documents {
    hasher: RandomState,
    kept: Cache<u64, Arc<Document>, ByLength>,
}

impl Default for Documents {
    fn default() -> Self {
        Self { hasher: RandomState::new(), kept: Cache::with_weighter(KEPT_EXPECTED, KEPT_BYTES_MAX, ByLength) }
    }
}

impl Documents {
    /// A document that was parsed before.
    pub fn find(&self, query: &str, operation_name: Option<&str>) -> Option<Arc<Document>> {
        let document = self.kept.get(&self.key(query, operation_name))?;
        let text = document.parsed.borrow_owner();
        (text.query == query && text.operation_name.as_deref() == operation_name).then_some(document)
    }

    /// Parses and validates a document, and keeps it if it is good.
    ///
    /// # Errors
    /// What is wrong with it, or too much.
    pub fn parse(
        &self,
        schema: &'static Schema,
        query: String,
        operation_name: Option<String>,
        limits: &Limits,
    ) -> Result<Arc<Document>, Bad> {
        limits::text::check(&query, limits.tokens).map_err(Bad::TooMuch)?;
        limits::names::check(schema, &query)?;
        let key = self.key(&query, operation_name.as_deref());
        let keep = query.len() <= DOCUMENT_BYTES_MAX;
        let selected_once = SelectedOnce::in_document(&query);
        let mut text = Text { query, operation_name, selected_once, again: None };
        let validate = |text: &Text| {
            ValidatedOperation::new(&text.query, text.operation_name.as_deref(), schema).map(drop).map_err(explained)
        };
        if text.query.contains("subscription") {
            validate(&text)?;
            text.again = Again::find(schema, &text.query, text.operation_name.as_deref());
        }
        let parsed = Borrowing::try_new(text, |text| {
            let query = text.again.as_ref().map_or(&text.query, |again| &again.document);
            ValidatedOperation::new(query, text.operation_name.as_deref(), schema).map_err(explained)
        })?;
        let Text { query, operation_name, again, .. } = parsed.borrow_owner();
        let again = again.as_ref().map(|again| again.name.clone());
        // juniper keeps what it parsed to itself. Parsing again takes microseconds, once a document.
        let cost = Cost::of(schema, query, operation_name.as_deref());
        cost.check_root(limits).map_err(Bad::TooMuch)?;
        let document = Arc::new(Document { parsed, cost, again });
        if keep {
            self.kept.insert(key, Arc::clone(&document));
        }
        Ok(document)
    }

    fn key(&self, query: &str, operation_name: Option<&str>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(query.as_bytes());
        hasher.write_u8(u8::from(operation_name.is_some()));
        hasher.write(operation_name.unwrap_or_default().as_bytes());
        hasher.finish()
    }
}
