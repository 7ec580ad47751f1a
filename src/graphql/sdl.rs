//! The schema as text.
//!
//! Used by the command line, the route table and the test that holds `schema/schema.graphql`.

use crate::graphql::SCHEMA;

/// The schema as text, sorted.
#[must_use]
pub fn sdl() -> String {
    SCHEMA.as_sdl()
}
