//! What a document and its variables may cost: told before anything is parsed ([`text`]), before
//! anything is read ([`cost`]), and while it is read ([`crate::graphql::context`] counts the rows).
//!
//! May use juniper's lexer and parser. Used by `document`, which keeps what is known of a document,
//! and by the engine.

pub mod cost;
pub mod names;
pub mod text;
pub mod variables;

use crate::ops::responses::ResponseLimits;

/// The most tokens in a document, and values in its variables, where the operator does not say.
/// The documents of codegen tools have a few hundred; graphql-java and juniper allow 15,000.
pub const TOKENS_MAX: u32 = 10_000;
/// The most fields at an operation's root, where the operator does not say: each costs a query, or a
/// callback. The Developer Center asks for four.
pub const ROOT_FIELDS_MAX: u32 = 100;
/// The most values that an answer may be estimated to have, and may have, where the operator does not
/// say: about 150 MB of JSON and two seconds of one core. A page of 1,000 instances with all that is
/// documented of their things is estimated at a fifth of it.
pub const COST_MAX: u32 = 2_000_000;

/// The most bytes that a response may have where the operator does not say, and that may be read for it. A page of 1,000
/// instances with all that is documented of their things has a fifth of it.
pub const RESPONSE_BYTES_MAX: usize = 64 << 20;
/// The most bytes that all responses in memory may take together where the operator does not say.
pub const RESPONSES_BYTES_MAX: usize = 384 << 20;

/// What the operator allows.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Tokens in a document, and values in its variables.
    pub tokens: u32,
    /// Fields at the root of an operation.
    pub root_fields: u32,
    /// Values in an answer, as estimated and as found.
    pub cost: u32,
    /// Bytes of responses.
    pub responses: ResponseLimits,
}

impl Default for Limits {
    fn default() -> Self {
        let responses = ResponseLimits { one: RESPONSE_BYTES_MAX, all: RESPONSES_BYTES_MAX };
        Self { tokens: TOKENS_MAX, root_fields: ROOT_FIELDS_MAX, cost: COST_MAX, responses }
    }
}
