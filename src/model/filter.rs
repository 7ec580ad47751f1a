//! The filter language of histories: conditions on values, typed by the property that they are on
//! (the platform's documentation of history, "Filter").

use crate::model::error::Violations;
use crate::model::history::HistoricValue;
use crate::model::value::ValueType;
use std::fmt::{self, Write};

/// The most conditions in one filter: each becomes a part of a statement.
const CONDITIONS_MAX: usize = 200;
/// How deep conditions may nest; SQLite has a bound of its own, far beyond.
const DEPTH_MAX: usize = 20;
/// The most values in one list.
const VALUES_MAX: usize = 1_000;
/// The longest pattern, in bytes: matching one takes time that grows with it.
const PATTERN_BYTES_MAX: usize = 1_000;
/// After how many steps of matching it is asked whether there is time for more: some microseconds.
const STEPS_PER_LOOK: u32 = 4_096;

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// It is equal.
    Eq,
    /// It is not.
    Neq,
    /// It is greater; texts by their code points, `true` after `false`.
    Gt,
    /// It is greater or equal.
    Gte,
    /// It is less.
    Lt,
    /// It is less or equal.
    Lte,
}

/// A filter as it was given: nothing is known yet of the property. All that is given must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ValueFilter {
    /// All of these hold; an empty list always does.
    pub and: Option<Vec<ValueFilter>>,
    /// One of these holds; an empty list never does.
    pub or: Option<Vec<ValueFilter>>,
    /// Comparisons with one value.
    pub comparisons: Vec<(Comparison, HistoricValue)>,
    /// The value is one of these.
    pub one_of: Option<Vec<HistoricValue>>,
    /// The value is this truth value.
    pub is: Option<bool>,
    /// The value is not this truth value.
    pub is_not: Option<bool>,
    /// The value is like this pattern, as PostgreSQL's LIKE has it.
    pub like: Option<String>,
}

/// What a value must meet; fits the type of the property.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// All of these.
    All(Vec<Condition>),
    /// One of these.
    Any(Vec<Condition>),
    /// It compares so with a value.
    Compare(Comparison, HistoricValue),
    /// It is one of these.
    OneOf(Vec<HistoricValue>),
    /// It is like this pattern.
    Like(LikePattern),
}

/// One piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LikePart {
    /// `%`: any text, an empty one too.
    AnyText,
    /// `_`: any one character.
    AnyCharacter,
    /// This character.
    Character(char),
}

/// A pattern of PostgreSQL's LIKE: case counts, `%` and `_` stand for others, a backslash takes
/// that meaning away from the character behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LikePattern(Vec<LikePart>);

impl LikePattern {
    /// Reads a pattern; none if it ends with an escape of nothing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            parts.push(match character {
                '%' => LikePart::AnyText,
                '_' => LikePart::AnyCharacter,
                '\\' => LikePart::Character(characters.next()?),
                other => LikePart::Character(other),
            });
        }
        Some(Self(parts))
    }

    /// Whether a text is like this, the whole of it; `None` if `is_over` says so, which is asked every 4,096 steps.
    /// There may be as many steps as the pattern's length times the text's.
    pub fn matches_unless(&self, text: &str, mut is_over: impl FnMut() -> bool) -> Option<bool> {
        let mut steps = 0_u32;
        let mut parts = self.0.as_slice();
        let mut rest = text.chars();
        // Behind the last `%`, and where what stands there was last tried: it is enough to go on
        // from there, for what an earlier one could take, this one can take as well.
        let mut again = None;
        loop {
            steps += 1;
            if steps.is_multiple_of(STEPS_PER_LOOK) && is_over() {
                return None;
            }
            while let Some((LikePart::AnyText, behind)) = parts.split_first() {
                parts = behind;
                again = Some((behind, rest.clone()));
            }
            let mut ahead = rest.clone();
            let fits = match (parts.first(), ahead.next()) {
                (None, None) => return Some(true),
                (Some(LikePart::AnyCharacter), Some(_)) => true,
                (Some(LikePart::Character(wanted)), Some(character)) => *wanted == character,
                _ => false,
            };
            if fits {
                (parts, rest) = (&parts[1..], ahead);
                continue;
            }
            let Some((behind, from)) = &mut again else { return Some(false) };
            if behind.is_empty() {
                // The last `%` takes all that is left.
                return Some(true);
            }
            if from.next().is_none() {
                return Some(false);
            }
            (parts, rest) = (behind, from.clone());
        }
    }
}

impl fmt::Display for LikePattern {
    /// A text that is read as this pattern.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            LikePart::AnyText => f.write_char('%'),
            LikePart::AnyCharacter => f.write_char('_'),
            LikePart::Character(special @ ('%' | '_' | '\\')) => write!(f, "\\{special}"),
            LikePart::Character(character) => f.write_char(*character),
        })
    }
}

impl ValueFilter {
    /// The condition on values of a property of this type. Notes everything that does not go with
    /// it, with paths under `path`.
    pub fn typed(&self, kind: ValueType, path: &str, violations: &mut Violations) -> Condition {
        let mut typing = Typing { kind, violations, conditions: 0 };
        let condition = typing.filter(self, path, 0);
        if typing.conditions > CONDITIONS_MAX {
            violations.add(path, format!("must hold at most {CONDITIONS_MAX} conditions"));
        }
        condition
    }
}

struct Typing<'a> {
    kind: ValueType,
    violations: &'a mut Violations,
    conditions: usize,
}

impl Typing<'_> {
    fn filter(&mut self, filter: &ValueFilter, path: &str, depth: usize) -> Condition {
        if depth > DEPTH_MAX {
            self.violations.add(path, format!("must not nest deeper than {DEPTH_MAX}"));
            return Condition::All(Vec::new());
        }
        if self.conditions > CONDITIONS_MAX {
            // Told once: as many complaints as there are conditions would be no help.
            return Condition::All(Vec::new());
        }
        let mut all = Vec::new();
        if let Some(filters) = &filter.and {
            all.extend(self.filters(filters, &format!("{path}._and"), depth));
        }
        if let Some(filters) = &filter.or {
            all.push(Condition::Any(self.filters(filters, &format!("{path}._or"), depth)));
        }
        for (comparison, value) in &filter.comparisons {
            self.value(value, &format!("{path}.{}", comparison.name()));
            all.push(Condition::Compare(*comparison, value.clone()));
        }
        if let Some(values) = &filter.one_of {
            let path = format!("{path}._in");
            self.violations.require(
                values.len() <= VALUES_MAX,
                &path,
                format!("must hold at most {VALUES_MAX} values"),
            );
            for (index, value) in values.iter().enumerate().take(VALUES_MAX) {
                self.value(value, &format!("{path}[{index}]"));
            }
            all.push(Condition::OneOf(values.clone()));
        }
        for (name, comparison, truth) in
            [("_is", Comparison::Eq, filter.is), ("_isNot", Comparison::Neq, filter.is_not)]
        {
            if let Some(truth) = truth {
                self.only(ValueType::Boolean, &format!("{path}.{name}"));
                all.push(Condition::Compare(comparison, HistoricValue::Boolean(truth)));
            }
        }
        if let Some(pattern) = &filter.like {
            all.extend(self.like(pattern, &format!("{path}._like")));
        }
        // An empty one is a part of the statement too.
        self.conditions += all.len().max(1);
        if all.len() == 1 { all.swap_remove(0) } else { Condition::All(all) }
    }

    fn filters(&mut self, filters: &[ValueFilter], path: &str, depth: usize) -> Vec<Condition> {
        let each = |(index, filter)| self.filter(filter, &format!("{path}[{index}]"), depth + 1);
        filters.iter().enumerate().map(each).collect()
    }

    fn like(&mut self, text: &str, path: &str) -> Option<Condition> {
        self.only(ValueType::String, path);
        if text.len() > PATTERN_BYTES_MAX {
            self.violations.add(path, format!("must be at most {PATTERN_BYTES_MAX} bytes long"));
            return None;
        }
        let pattern = LikePattern::parse(text);
        if pattern.is_none() {
            self.violations.add(path, "must not end with a single backslash, which escapes what follows it");
        }
        pattern.map(Condition::Like)
    }

    fn only(&mut self, kind: ValueType, path: &str) {
        let message = format!("is for {} properties; this one is a {}", kind.name(), self.kind.name());
        self.violations.require(self.kind == kind, path, message);
    }

    fn value(&mut self, value: &HistoricValue, path: &str) {
        let expected = match self.kind {
            ValueType::String => "a text",
            ValueType::Number => "a number",
            ValueType::Boolean => "true or false",
        };
        let message = format!("the property is a {}: must be {expected}", self.kind.name());
        self.violations.require(value.kind() == self.kind, path, message);
    }
}

impl Comparison {
    /// The name in the filter language.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Eq => "_eq",
            Self::Neq => "_neq",
            Self::Gt => "_gt",
            Self::Gte => "_gte",
            Self::Lt => "_lt",
            Self::Lte => "_lte",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::error::Error;

    fn compare(comparison: Comparison, value: HistoricValue) -> ValueFilter {
        ValueFilter { comparisons: vec![(comparison, value)], ..ValueFilter::default() }
    }

    fn told(filter: &ValueFilter, kind: ValueType) -> Vec<String> {
        let mut violations = Violations::default();
        filter.typed(kind, "where.value", &mut violations);
        match violations.into_result(()) {
            Err(Error::Invalid(violations)) => violations.into_iter().map(|violation| violation.path).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn everything_that_does_not_go_with_the_type_is_told_at_once() {
        let filter = ValueFilter {
            or: Some(vec![
                compare(Comparison::Gt, HistoricValue::Text("1".to_owned())),
                compare(Comparison::Eq, HistoricValue::Number(1.0)),
            ]),
            one_of: Some(vec![HistoricValue::Number(1.0), HistoricValue::Boolean(true)]),
            is: Some(true),
            like: Some("x\\".to_owned()),
            ..ValueFilter::default()
        };
        let expected = [
            "where.value._or[0]._gt",
            "where.value._in[1]",
            "where.value._is",
            "where.value._like",
            "where.value._like",
        ];
        assert_eq!(told(&filter, ValueType::Number), expected);
        assert!(told(&filter, ValueType::String).contains(&"where.value._or[1]._eq".to_owned()));
    }

    #[test]
    fn too_much_of_a_filter_is_refused() {
        let equal = || compare(Comparison::Eq, HistoricValue::Number(1.0));
        let many = ValueFilter { or: Some(vec![equal(); CONDITIONS_MAX + 1]), ..ValueFilter::default() };
        assert_eq!(told(&many, ValueType::Number), ["where.value"]);
        let empty = ValueFilter { or: Some(vec![ValueFilter::default(); 2_000]), ..ValueFilter::default() };
        assert_eq!(told(&empty, ValueType::Number), ["where.value"]);
        let wrong = || compare(Comparison::Eq, HistoricValue::Boolean(true));
        let many = ValueFilter { and: Some(vec![wrong(); 2_000]), ..ValueFilter::default() };
        assert_eq!(told(&many, ValueType::Number).len(), CONDITIONS_MAX + 2);
        let values = vec![HistoricValue::Boolean(true); 2 * VALUES_MAX];
        let many = ValueFilter { one_of: Some(values), ..ValueFilter::default() };
        assert_eq!(told(&many, ValueType::Number).len(), VALUES_MAX + 1);
        let mut deep = equal();
        for _ in 0..1_000 {
            deep = ValueFilter { and: Some(vec![deep]), ..ValueFilter::default() };
        }
        assert_eq!(told(&deep, ValueType::Number).len(), 1);
        let long = ValueFilter { like: Some("x".repeat(PATTERN_BYTES_MAX + 1)), ..ValueFilter::default() };
        assert_eq!(told(&long, ValueType::String), ["where.value._like"]);
    }

    #[test]
    fn a_backslash_takes_a_patterns_meaning_away() {
        use LikePart::{AnyCharacter, AnyText, Character};
        let parts = |text| LikePattern::parse(text).map(|pattern| pattern.0);
        assert_eq!(
            parts(r"a%\%_\\"),
            Some(vec![Character('a'), AnyText, Character('%'), AnyCharacter, Character('\\')])
        );
        assert_eq!(parts(r"a\"), None);
    }

    /// Whatever took more than time in proportion to both would not end while anybody waits.
    #[test]
    fn no_pattern_makes_matching_hang() {
        let text = "a".repeat(10_000);
        let many = format!("{}b", "%a".repeat(PATTERN_BYTES_MAX / 2 - 1));
        for pattern in [many, format!("%_{}b", "a".repeat(PATTERN_BYTES_MAX - 3)), "%".repeat(PATTERN_BYTES_MAX) + "b"]
        {
            let pattern = LikePattern::parse(&pattern).expect("a pattern");
            assert_eq!(pattern.matches_unless(&text, || false), Some(false));
        }
    }

    #[test]
    fn matching_ends_when_there_is_no_time_for_more() {
        let text = "a".repeat(64 * 1024);
        let slow = LikePattern::parse(&format!("%{}b", "a".repeat(PATTERN_BYTES_MAX - 2))).expect("a pattern");
        let mut looks = 0;
        let is_over = || {
            looks += 1;
            looks == 10
        };
        assert_eq!(slow.matches_unless(&text, is_over), None);
        assert_eq!(looks, 10);
    }

    #[test]
    fn a_pattern_is_matched_as_a_whole() {
        let like = |text: &str, pattern: &str| {
            LikePattern::parse(pattern).expect("a pattern").matches_unless(text, || false).expect("an answer")
        };
        for (text, pattern) in [
            ("", ""),
            ("", "%"),
            ("", "%%"),
            ("abc", "abc"),
            ("abc", "a%"),
            ("abc", "%c"),
            ("abc", "%b%"),
            ("abc", "_b_"),
            ("abcabd", "%ab_"),
            ("aXbXc", "a%X%c"),
            ("äö", "__"),
            ("a\0b", "a\0%"),
            ("50%", r"50\%"),
        ] {
            assert!(like(text, pattern), "{text:?} {pattern:?}");
        }
        for (text, pattern) in [
            ("a", ""),
            ("", "_"),
            ("abc", "ABC"),
            ("abc", "ab"),
            ("abc", "%b"),
            ("abc", "____%"),
            ("a\0b", "a"),
            ("500", r"50\%"),
            ("aXbX", "a%X%c"),
        ] {
            assert!(!like(text, pattern), "{text:?} {pattern:?}");
        }
        // What a careless way of trying takes for ever for.
        assert!(!like(&"a".repeat(20_000), &format!("{}b", "a%".repeat(20))));
    }

    #[test]
    fn a_pattern_is_written_as_it_is_read() {
        for text in [r"a%\%_\_\\[*]?", "%%", ""] {
            assert_eq!(LikePattern::parse(text).expect("a pattern").to_string(), text);
        }
    }
}
