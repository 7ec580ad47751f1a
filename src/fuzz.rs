//! Everything that fuzzers feed with bytes of their own making (tests/fuzz), in one table. What they
//! found worth keeping lies in tests/fuzz/corpus and is replayed here by an ordinary test.
//!
//! Uses the rooms' own `fuzz` files. Used by the fuzzers, and compiled for them and for tests alone.

use crate::{callback, graphql, http};

/// What takes bytes, and panics where they break what always holds.
pub type Target = fn(&[u8]);

/// The targets by the name of their fuzzer and corpus.
pub const TARGETS: [(&str, Target); 8] = [
    ("callback_answer", callback::fuzz::answer),
    ("callback_response", callback::fuzz::response),
    ("callback_url", callback::fuzz::url),
    ("graphql_document", graphql::fuzz::document),
    ("history_texts", graphql::fuzz::history),
    ("hub_body", http::fuzz::hub_body),
    ("markdown", graphql::fuzz::markdown),
    ("oauth_parameters", http::fuzz::oauth),
];

#[cfg(test)]
mod tests {
    use super::TARGETS;
    use std::fs;
    use std::path::Path;

    #[test]
    fn what_fuzzers_found_is_taken_without_a_panic() {
        for (name, target) in TARGETS {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(name);
            let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
            let files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
            assert!(files.len() >= 10, "{name} has a corpus of {}", files.len());
            for file in files {
                target(&fs::read(&file).expect("a readable file"));
            }
        }
    }

    #[test]
    fn every_target_has_its_fuzzer() {
        let targets = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/fuzz_targets");
        for (name, _) in TARGETS {
            assert!(targets.join(format!("{name}.rs")).is_file(), "{name}");
        }
    }
}
