//! Searches a text for many needles at once, in time that is linear in its length.
//!
//! Used by [`super`].

use super::decoding::Layer;
use super::encoding::encodings;
use super::{LAYERS_MAX, SEARCHED_BYTES_MIN};
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use std::ops::Range;
use std::sync::OnceLock;

/// How much of a needle the automaton knows, in bytes: most are shorter, and a few long ones would make it slow to build.
const PREFIX_BYTES_MAX: usize = 32;

/// What is searched for.
pub(super) struct Needles {
    /// In order, so that those with one beginning are beside each other.
    needles: Vec<Needle>,
    /// The beginnings, and which needles have each.
    prefixes: Vec<Range<usize>>,
    /// Made when the first text is searched: most callbacks have an answer without a body.
    automaton: OnceLock<AhoCorasick>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Needle {
    bytes: Vec<u8>,
    /// Whether it counts only where it is a whole value.
    whole: bool,
}

impl Needles {
    /// For these secrets, which are not empty.
    pub(super) fn new(secrets: &[String]) -> Self {
        let mut needles = Vec::new();
        for secret in secrets {
            let whole = secret.len() < SEARCHED_BYTES_MIN;
            needles.push(Needle { bytes: secret.clone().into_bytes(), whole });
            if whole {
                continue;
            }
            // A secret that looks like an escape is decoded in the text, too.
            let mut layer = Layer::of(secret.as_bytes());
            for _ in 0..LAYERS_MAX {
                let Some(next) = layer.decoded() else { break };
                needles.push(Needle { bytes: next.bytes().to_vec(), whole: false });
                layer = next;
            }
            needles.extend(encodings(secret).into_iter().map(|bytes| Needle { bytes, whole: false }));
        }
        needles.retain(|needle| needle.whole || needle.bytes.len() >= SEARCHED_BYTES_MIN);
        needles.sort_unstable();
        needles.dedup();
        let mut prefixes: Vec<Range<usize>> = Vec::new();
        for index in 0..needles.len() {
            match prefixes.last_mut() {
                Some(last) if prefix(&needles[last.start].bytes) == prefix(&needles[index].bytes) => last.end += 1,
                _ => prefixes.push(index..index + 1),
            }
        }
        Self { needles, prefixes, automaton: OnceLock::new() }
    }

    fn automaton(&self) -> &AhoCorasick {
        self.automaton.get_or_init(|| {
            let prefixes = self.prefixes.iter().map(|needles| prefix(&self.needles[needles.start].bytes));
            // Of the kinds, the one that is built fastest.
            let built = AhoCorasick::builder().kind(Some(AhoCorasickKind::NoncontiguousNFA)).build(prefixes);
            // Fails for billions of bytes alone.
            built.expect("an automaton for a few short needles")
        })
    }

    /// Where needles are, in no order; they may overlap.
    pub(super) fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut begun = vec![false; self.prefixes.len()];
        for prefix in self.automaton().find_overlapping_iter(text) {
            let index = prefix.pattern().as_usize();
            begun[index] = true;
            // The first of those with one beginning is the shortest: it may be all of it.
            let Needle { bytes, whole } = &self.needles[self.prefixes[index].start];
            if bytes.len() <= PREFIX_BYTES_MAX && (!whole || is_whole(text, prefix.range())) {
                add(&mut found, prefix.range());
            }
        }
        let begun = self.prefixes.iter().zip(begun).filter(|(_, begun)| *begun);
        let needles = begun.flat_map(|(range, _)| &self.needles[range.clone()]);
        for needle in needles.filter(|needle| needle.bytes.len() > PREFIX_BYTES_MAX) {
            found.extend(Matcher::new(&needle.bytes).run(text).0);
        }
        found
    }

    /// Where the longest beginning of a needle is with which a text ends.
    pub(super) fn begun(&self, text: &[u8]) -> Option<usize> {
        let lengths = self.needles.iter().filter(|needle| !needle.whole).map(|needle| {
            let end = &text[text.len().saturating_sub(needle.bytes.len())..];
            Matcher::new(&needle.bytes).run(end).1
        });
        lengths.max().filter(|length| *length >= SEARCHED_BYTES_MIN).map(|length| text.len() - length)
    }
}

/// Adds a part that does not end before the last one: as more of that, if they touch.
fn add(found: &mut Vec<Range<usize>>, part: Range<usize>) {
    match found.last_mut() {
        Some(last) if part.start <= last.end => *last = last.start.min(part.start)..part.end,
        _ => found.push(part),
    }
}

fn prefix(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(PREFIX_BYTES_MAX)]
}

/// Whether a part of a text is all of a value.
fn is_whole(text: &[u8], part: Range<usize>) -> bool {
    let begins = text[..part.start].last().is_none_or(|before| matches!(before, b'"' | b'\'' | b'=' | b'>'));
    let ends = text.get(part.end).is_none_or(|after| matches!(after, b'"' | b'\'' | b'&' | b'<'));
    begins && ends
}

/// Searches for one needle (Knuth, Morris and Pratt).
struct Matcher<'a> {
    needle: &'a [u8],
    /// Of each beginning, by its length less one, the length of the longest shorter one that it ends with.
    borders: Vec<usize>,
}

impl<'a> Matcher<'a> {
    /// For a needle that is not empty.
    fn new(needle: &'a [u8]) -> Self {
        let mut matcher = Self { needle, borders: vec![0; needle.len()] };
        let mut matched = 0;
        for (at, byte) in needle.iter().enumerate().skip(1) {
            matched = matcher.step(matched, *byte);
            matcher.borders[at] = matched;
        }
        matcher
    }

    /// How much is matched after one more byte.
    fn step(&self, mut matched: usize, byte: u8) -> usize {
        if matched == self.needle.len() {
            matched = self.borders[matched - 1];
        }
        while matched > 0 && self.needle[matched] != byte {
            matched = self.borders[matched - 1];
        }
        matched + usize::from(self.needle[matched] == byte)
    }

    /// Where it is in a text, and how much of it the text ends with.
    fn run(&self, text: &[u8]) -> (Vec<Range<usize>>, usize) {
        let (mut found, mut matched) = (Vec::new(), 0);
        for (at, byte) in text.iter().enumerate() {
            matched = self.step(matched, *byte);
            if matched == self.needle.len() {
                add(&mut found, at + 1 - matched..at + 1);
            }
        }
        (found, matched)
    }
}
