//! Cursors of histories. Clients may not look into them; they are made as the platform makes them,
//! so that one kept by a client of the platform works here too (its documentation of history).

use crate::model::time::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

#[derive(Deserialize)]
struct Place<'a> {
    time: &'a str,
}

/// The cursor of a row.
pub fn write(at: Timestamp) -> String {
    STANDARD.encode(format!(r#"{{"time":"{at}"}}"#))
}

/// The row's time; none if it is no cursor of ours.
pub fn read(cursor: &str) -> Option<Timestamp> {
    let json = STANDARD.decode(cursor).ok()?;
    let place: Place<'_> = serde_json::from_slice(&json).ok()?;
    Timestamp::parse(place.time).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platforms_own_cursor_is_read_and_made() {
        let documented = "eyJ0aW1lIjoiMjAyMC0wNC0wMlQwODoxMzo1NS41MTI1MDRaIn0=";
        let at = Timestamp::parse("2020-04-02T08:13:55.512504Z").expect("a time");
        assert_eq!((write(at).as_str(), read(documented)), (documented, Some(at)));
    }

    #[test]
    fn other_texts_are_no_cursors() {
        for text in ["", "DRaIn0==", "e30=", "eyJ0aW1lIjoxfQ==", "eyJ0aW1lIjoibm93In0=", "2020-04-02T08:13:55Z"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
