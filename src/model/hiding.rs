//! Finds secrets in a text, in every encoding that is common, and puts `•••` in their place.
//!
//! A text is decoded layer by layer: escapes of JSON and of programming languages, percent-encoding, form
//! encoding and HTML entities all at once, and what comes of that again, since a JSON text may be within a URL
//! within a page. In each layer the secrets are searched for as they are, in base64 and in hexadecimal; what is
//! hidden is the part of the text that the match came from. So mixtures are found as well, and the time is
//! linear in the text's length.
//!
//! A secret of fewer than [`SEARCHED_BYTES_MIN`] bytes is in many texts by chance, and to hide it there would show
//! what it is rather than hide it, and leave nothing to read. It is hidden where it is a whole quoted text, a
//! whole value of a form or of markup, or the whole text.

mod decoding;
mod encoding;
mod search;

use crate::model::callback::REDACTED;
use decoding::Layer;
use search::Needles;
use std::ops::Range;

/// The shortest secret that is searched for within longer texts, in bytes.
pub const SEARCHED_BYTES_MIN: usize = 4;
/// The most layers that are decoded: more than anybody nests, and a bound for the time.
const LAYERS_MAX: usize = 5;
/// How many escapes a cut can leave incomplete: both of a pair of surrogates, or the bytes of a character.
const INCOMPLETE_MAX: usize = 4;

/// Knows secrets, and hides them in texts.
pub struct Hider {
    secrets: Vec<String>,
    needles: Needles,
}

impl Hider {
    /// Hides these; empty ones are none.
    pub fn new<'a>(secrets: impl Iterator<Item = &'a str>) -> Self {
        let mut secrets: Vec<String> = secrets.filter(|secret| !secret.is_empty()).map(str::to_owned).collect();
        secrets.sort_unstable();
        secrets.dedup();
        let needles = Needles::new(&secrets);
        Self { secrets, needles }
    }

    /// Whether there is nothing to hide, so that no text need be looked at.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.secrets.is_empty()
    }

    /// A text without secrets.
    #[must_use]
    pub fn text(&self, text: String) -> String {
        self.hidden(text, false)
    }

    /// A text that was cut off, without secrets and without the beginning of one at its end.
    #[must_use]
    pub fn cut_text(&self, text: String) -> String {
        self.hidden(text, true)
    }

    /// Whether a number, as JSON has them, is one of the secrets.
    #[must_use]
    pub fn is_secret_number(&self, number: f64) -> bool {
        let long = self.secrets.iter().filter(|secret| secret.len() >= SEARCHED_BYTES_MIN);
        #[expect(clippy::float_cmp, reason = "the same digits make the same number")]
        long.filter_map(|secret| secret.parse::<f64>().ok()).any(|secret| secret == number)
    }

    fn hidden(&self, text: String, is_cut: bool) -> String {
        if self.is_idle() || text.is_empty() {
            return text;
        }
        let mut hidden = Vec::new();
        let mut layer = Layer::of(text.as_bytes());
        for _ in 0..LAYERS_MAX {
            for found in self.needles.find(layer.bytes()) {
                hidden.push(layer.source(found));
            }
            if is_cut && let Some(begun) = self.begun_at_the_end(layer.bytes()) {
                hidden.push(layer.source(begun..layer.bytes().len()).start..text.len());
            }
            match layer.decoded() {
                Some(next) => layer = next,
                None => break,
            }
        }
        if hidden.is_empty() { text } else { replaced(&text, hidden) }
    }

    /// Where the beginning of a secret is at the end of a text that was cut, perhaps within an escape.
    fn begun_at_the_end(&self, bytes: &[u8]) -> Option<usize> {
        let mut end = bytes.len();
        let mut begun = self.needles.begun(bytes);
        for _ in 0..INCOMPLETE_MAX {
            let Some(whole) = decoding::incomplete_end(&bytes[..end]) else { break };
            end = whole;
            begun = begun.into_iter().chain(self.needles.begun(&bytes[..end])).min();
        }
        begun
    }
}

/// The text with the mark in place of each of these parts, which may overlap.
fn replaced(text: &str, mut hidden: Vec<Range<usize>>) -> String {
    hidden.sort_unstable_by_key(|range| (range.start, range.end));
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    let mut ranges = hidden.into_iter().peekable();
    while let Some(Range { start, mut end }) = ranges.next() {
        while let Some(next) = ranges.next_if(|next| next.start <= end) {
            end = end.max(next.end);
        }
        // A match in bytes may begin within a character.
        let (start, end) = (text.floor_char_boundary(start.max(at)), text.ceil_char_boundary(end));
        shown.push_str(&text[at..start]);
        shown.push_str(REDACTED);
        at = end;
    }
    shown.push_str(&text[at..]);
    shown
}

#[cfg(test)]
mod tests;
