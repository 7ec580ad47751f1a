//! What fuzzers feed to this room: documents, Markdown, cursors and the small languages of histories.
//!
//! Used by `fuzz`, in tests and fuzzers alone.

use crate::graphql::document::Documents;
use crate::graphql::limits::Limits;
use crate::graphql::{SCHEMA, cursor};
use crate::model::bucket::{Aggregate, TimeBucket};
use crate::model::error::Violations;
use crate::model::filter::LikePattern;
use crate::model::interval::Interval;
use crate::model::markdown;
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
    let Ok(text) = std::str::from_utf8(data) else { return };
    let html = markdown::to_html(text);
    let mut rest = html.as_str();
    // Outside of tags it is written as &lt;.
    while let Some(at) = rest.find('<') {
        let tag = TAG.captures(&rest[at..]).unwrap_or_else(|| panic!("{text:?} became {html:?}"));
        assert!(!RUNS.is_match(&tag[1]), "{text:?} became {html:?}");
        for attribute in ATTRIBUTE.captures_iter(&tag[2]) {
            let safe = match &attribute[1] {
                "href" => ["http:", "https:", "mailto:"].iter().any(|scheme| begins_with(&attribute[2], scheme)),
                "src" => begins_with(&attribute[2], "https:"),
                name => !name.starts_with("on") && !["style", "srcset", "ping", "action", "id", "name"].contains(&name),
            };
            assert!(safe, "{text:?} became {html:?}");
        }
        rest = &rest[at + tag[0].len()..];
    }
}

fn begins_with(url: &str, scheme: &str) -> bool {
    url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

/// A tag as sanitised HTML has it: its name and its attributes.
static TAG: LazyLock<Regex> = LazyLock::new(|| pattern(r#"^</?([a-z][a-z0-9]*)((?: [^\s"'<>/=]+="[^"]*")*)>"#));
static ATTRIBUTE: LazyLock<Regex> = LazyLock::new(|| pattern(r#" ([^\s"'<>/=]+)="([^"]*)""#));
/// Elements that do something.
static RUNS: LazyLock<Regex> = LazyLock::new(|| {
    pattern("^(script|style|iframe|frame|object|embed|form|input|button|textarea|select|base|meta|link|svg|template)$")
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap_or_else(|error| panic!("the pattern is none: {error}"))
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
        let start = bucket.at(at).start();
        assert!(start <= at && at < bucket.at(start).end(), "{text:?}: {start}");
    }
    if let Some(pattern) = LikePattern::parse(width) {
        let _ = pattern.matches_unless(offset, || false);
    }
}
