//! What fuzzers feed to this room: documents, Markdown, cursors and the small languages of histories.
//!
//! Used by `fuzz`, in tests and fuzzers alone.

use crate::graphql::document::Documents;
use crate::graphql::limits::Limits;
use crate::graphql::{SCHEMA, cursor, markdown};
use crate::model::bucket::{Aggregate, TimeBucket};
use crate::model::error::Violations;
use crate::model::filter::LikePattern;
use crate::model::interval::Interval;
use crate::model::time::Timestamp;
use regex::Regex;
use std::sync::LazyLock;

/// A document: parsed, validated and counted, within its limits.
pub fn document(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // Whether it is good is not asked: whatever it is, it is told so and nothing breaks.
    drop(Documents::default().parse(&SCHEMA, text.to_owned(), None, &Limits::default()));
}

/// A Markdown text: nothing that runs is left of it.
pub fn markdown(data: &[u8]) {
    static RUNS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?i)<(script|style|iframe|object|embed|form|input|base|meta|link|svg)|<[^<>"]*("[^"]*"[^<>"]*)*\s(on\w+|style)\s*=|(href|src)="\s*(javascript|data|vbscript):"#)
            .unwrap_or_else(|error| panic!("the pattern is none: {error}"))
    });
    let Ok(text) = std::str::from_utf8(data) else { return };
    let html = markdown::to_html(text);
    assert!(!RUNS.is_match(&html), "{text:?} became {html:?}");
}

/// Cursors, intervals, buckets and patterns.
pub fn history(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(at) = cursor::read(text) {
        assert_eq!(cursor::read(&cursor::write(at)), Some(at), "{text:?}");
    }
    if let Ok(at) = Timestamp::parse(text) {
        assert_eq!(Timestamp::parse(&at.to_string()), Ok(at), "{text:?}");
    }
    let _ = Interval::parse(text);
    let (width, offset) = text.split_once('\n').unwrap_or((text, ""));
    if let Some(bucket) = TimeBucket::new(width, Some(offset), Aggregate::Avg, &mut Violations::default()) {
        let at = Timestamp::from_micros(1_600_000_000_000_000);
        let start = bucket.start_of(at);
        assert!(start <= at && at < bucket.after(start), "{text:?}: {start}");
    }
    if let Some(pattern) = LikePattern::parse(width) {
        let _ = pattern.matches(offset);
    }
}
