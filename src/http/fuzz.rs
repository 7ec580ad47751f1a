//! What fuzzers feed to this room: the bodies of the hub and of GraphQL, forms and the parameters of
//! OAuth 2.0.
//!
//! Used by `fuzz`, in tests and fuzzers alone.

use crate::http::{encoding, graphql, oauth, wire};
use crate::model::time::Timestamp;

const NOW: Timestamp = Timestamp::from_micros(1_600_000_000_000_000);

/// A body that a connector sends, to each of the requests that take one; and one of GraphQL.
pub fn hub_body(data: &[u8]) {
    drop(wire::state_report(data));
    drop(wire::property_update(data, NOW));
    drop(wire::thing_status(data));
    drop(wire::action_end(data));
    drop(graphql::from_body(data));
    if let Ok(thing) = wire::new_thing(data, NOW) {
        assert!(thing.components.iter().any(|component| component.id == thing.main_component_id), "{thing:?}");
    }
}

/// A form or query string, and what OAuth 2.0 reads in it.
pub fn oauth(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    drop(encoding::form_pairs(text));
    oauth::fuzz(text);
}
