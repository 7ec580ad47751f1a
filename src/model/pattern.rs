//! Validation expressions: the regular expressions that configuration values must match.
//!
//! The crate regex never backtracks, but it takes time in proportion to the length of the value times the number of the
//! expression's parts: `(?:[ab]{0,1000}){8}` has 16,000 of them, and takes seconds for 10,000 characters. So the parts of an
//! expression are counted when it is published, and the product of both is bounded when a value is checked.
//!
//! Used by [`super::parameter`].

use regex::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind};

/// The longest expression, in characters: compiling one costs memory.
const CHARACTERS_MAX: usize = 1_000;
/// The most memory that a compiled expression may take, in bytes. A class of Unicode such as `\w` takes 36 KiB.
const COMPILED_BYTES_MAX: usize = 4 << 20;
/// The most memory that matching keeps, in bytes.
const MATCHING_BYTES_MAX: usize = 1 << 20;
/// The most parts, each counted as often as it is repeated. `.{1,1000}` has 2,001.
const PARTS_MAX: u64 = 5_000;
/// The most that checking one value may cost: its bytes times the parts of its expression. At 9 ns, the slowest that was
/// measured, that is 0.1 s.
const COST_MAX: u64 = 10_000_000;

/// A compiled expression.
#[derive(Debug)]
pub struct Pattern {
    regex: Regex,
    parts: u64,
    /// The longest value that can match as a whole, in bytes, if the expression says so: matching ends there.
    longest: Option<usize>,
}

/// What becomes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// It matches.
    Matches,
    /// It does not.
    Differs,
    /// It is longer than so many bytes, and is not checked.
    TooLong(u64),
}

impl Pattern {
    /// Compiles an expression.
    ///
    /// # Errors
    /// What is wrong with it, for its author.
    pub fn compile(expression: &str) -> Result<Self, String> {
        if expression.chars().count() > CHARACTERS_MAX {
            return Err(format!("must be at most {CHARACTERS_MAX} characters long"));
        }
        let hir = ParserBuilder::new().build().parse(expression).map_err(|error| unusable(&error.to_string()))?;
        let parts = parts(&hir);
        if parts > PARTS_MAX {
            return Err(format!(
                "would take too long to check: with its repetitions written out it has {parts} parts, and {PARTS_MAX} are \
                 possible; use smaller counts, or * and + instead of counts"
            ));
        }
        let regex =
            RegexBuilder::new(expression).size_limit(COMPILED_BYTES_MAX).dfa_size_limit(MATCHING_BYTES_MAX).build();
        let regex = regex.map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => {
                "is too large: repeat classes of Unicode such as \\w and \\pL less often, or use \
                                                [0-9A-Za-z_] and the like instead"
                    .to_owned()
            }
            other => unusable(&other.to_string()),
        })?;
        let properties = hir.properties();
        let is_anchored = properties.look_set_prefix().contains(regex_syntax::hir::Look::Start);
        Ok(Self { regex, parts, longest: properties.maximum_len().filter(|_| is_anchored) })
    }

    /// Looks for the expression in a value, unanchored like `RegExp.test`.
    #[must_use]
    pub fn check(&self, value: &str) -> Checked {
        let bytes_max = COST_MAX / self.parts.max(1);
        let read = self.longest.map_or(value.len(), |longest| longest.min(value.len()));
        if read as u64 > bytes_max {
            Checked::TooLong(bytes_max)
        } else if self.regex.is_match(value) {
            Checked::Matches
        } else {
            Checked::Differs
        }
    }
}

/// The last line of the parser's message: the others repeat the expression.
fn unusable(error: &str) -> String {
    let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
    format!("is no regular expression that can be used here (no look-around or back-references): {reason}")
}

/// How many states the automaton can be in at once: one for each part, as often as it is repeated.
fn parts(hir: &Hir) -> u64 {
    match hir.kind() {
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len() as u64,
        HirKind::Capture(capture) => parts(&capture.sub).saturating_add(1),
        HirKind::Repetition(repetition) => {
            let copies = repetition.max.unwrap_or_else(|| repetition.min.max(1));
            parts(&repetition.sub).saturating_add(1).saturating_mul(copies.into())
        }
        HirKind::Concat(all) | HirKind::Alternation(all) => {
            all.iter().map(parts).fold(1, |sum, parts| sum.saturating_add(parts))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_that_would_grow_is_refused() {
        for bomb in [
            "(?:[ab]{0,1000}){8}[c-zA-Z0-9]",
            "(a{1000}){1000}",
            "(((a{100}){100}){100}){100}",
            r"(\pL{1000}){100}",
            "[a-z]{999999999}",
            "(?:a?){2000}",
            "((((((((a{0,9}){0,9}){0,9}){0,9}){0,9}){0,9}){0,9}){0,9}){0,9}",
            "(?i)[kx]{3000}",
            &"a".repeat(1_001),
        ] {
            assert!(Pattern::compile(bomb).is_err(), "{bomb}");
        }
        let told = Pattern::compile("(?:[ab]{0,1000}){8}[c-zA-Z0-9]").expect_err("a bomb");
        assert!(told.contains("16010 parts"), "{told}");
        assert!(Pattern::compile("(?=a)b").expect_err("look-around").contains("look-around"));
    }

    /// Expressions that people publish.
    #[test]
    fn ordinary_expressions_are_taken() {
        for (expression, good, bad) in [
            (
                r"^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$",
                "ada@example.com",
                "ada",
            ),
            (r"^\w{3,32}$", "Ada_1", "a!"),
            (r"^[\p{L}\p{N} ._-]{1,64}$", "Küche 1", "#"),
            (
                "^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
                "01890000-0000-4000-8000-000000000000",
                "x",
            ),
            (r"^https?://[a-z0-9.-]{1,253}(:\d{1,5})?(/.*)?$", "https://h.example:1/p", "ftp://h"),
            ("^.{1,1000}$", "x", ""),
            (r"^((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)$", "192.168.0.7", "256.1.1.1"),
            ("^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$", "aGk=", "a"),
        ] {
            let pattern = Pattern::compile(expression).expect(expression);
            assert_eq!([pattern.check(good), pattern.check(bad)], [Checked::Matches, Checked::Differs], "{expression}");
        }
    }

    /// The costliest expressions that are taken, on the longest values. An engine that backtracks would never end, and
    /// one that takes its time for each part would take minutes.
    #[test]
    fn no_value_takes_long_whatever_the_expression() {
        let texts = ["a".repeat(10_000) + "!", "ab".repeat(5_000), "ü".repeat(10_000), "\u{1f600}".repeat(10_000)];
        for evil in [
            "^(a+)+$",
            "^(a|a)*$",
            "^(a|aa)+$",
            "(.*)(.*)(.*)(.*)[^a-zü😀!]$",
            "(?:[ab]{0,240}){2}[c-z]",
            "(?:a?){300}c",
            "(?:.{0,30}){10}x",
            "[ab]{490}c",
            "(x+x+)+y",
            "(?:a|b|ab){90}z",
            "[ab]*a[ab]{400}c",
        ] {
            let pattern = Pattern::compile(evil).expect(evil);
            for text in &texts {
                assert_ne!(pattern.check(text), Checked::Matches, "{evil}");
            }
        }
    }

    #[test]
    fn a_value_too_long_for_its_expression_is_not_checked() {
        let pattern = Pattern::compile("[ab]{450}c").expect("an expression");
        let Checked::TooLong(bytes) = pattern.check(&"ü".repeat(10_000)) else { panic!("it was checked") };
        assert!((10_000..20_000).contains(&bytes), "{bytes}");
        assert_eq!(pattern.check(&"a".repeat(bytes as usize)), Checked::Differs);
        // An expression with an end is not read further than that.
        assert_eq!(Pattern::compile("^[ab]{450}$").expect("one").check(&"ü".repeat(10_000)), Checked::Differs);
    }
}
