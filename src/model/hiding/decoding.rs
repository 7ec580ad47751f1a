//! Decodes what escapes stand for, and remembers where each byte came from.
//!
//! Used by [`super`].

use std::borrow::Cow;
use std::ops::Range;

/// The longest escape that is known, in bytes: a pair of surrogates. Entities may have leading zeros up to there.
const ESCAPE_BYTES_MAX: usize = 12;
/// What stands for characters that a decoder could not read, as at the end of a text that was cut.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

/// A text, as it is or decoded.
pub(super) struct Layer<'a> {
    bytes: Cow<'a, [u8]>,
    /// Where each byte came from, and where the text ends; none if it is as it was.
    origins: Option<Vec<usize>>,
}

impl<'a> Layer<'a> {
    /// The text as it is.
    pub(super) fn of(text: &'a [u8]) -> Self {
        Self { bytes: Cow::Borrowed(text), origins: None }
    }

    /// What is in it.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn origin(&self, at: usize) -> usize {
        self.origins.as_ref().map_or(at, |origins| origins[at])
    }

    /// The part of the first text that a part of this one, which is not empty, came from.
    pub(super) fn source(&self, part: Range<usize>) -> Range<usize> {
        let last = self.origin(part.end - 1);
        let mut end = part.end;
        // All bytes of one escape came from the same place.
        while end < self.bytes.len() && self.origin(end) == last {
            end += 1;
        }
        self.origin(part.start)..self.origin(end)
    }

    /// The text with its escapes decoded; nothing if it has none.
    pub(super) fn decoded(&self) -> Option<Layer<'static>> {
        if !self.bytes.iter().any(|byte| matches!(byte, b'\\' | b'%' | b'&' | b'+')) {
            return None;
        }
        let mut bytes = Vec::with_capacity(self.bytes.len());
        let mut origins = Vec::with_capacity(self.bytes.len() + 1);
        let mut at = 0;
        let mut changed = false;
        while at < self.bytes.len() {
            let length = match unit(&self.bytes[at..]) {
                Some((length, decoded)) => {
                    decoded.push_to(&mut bytes);
                    changed = true;
                    length
                }
                None => {
                    bytes.push(self.bytes[at]);
                    1
                }
            };
            origins.resize(bytes.len(), self.origin(at));
            at += length;
        }
        origins.push(self.origin(at));
        changed.then_some(Layer { bytes: Cow::Owned(bytes), origins: Some(origins) })
    }
}

/// What an escape stands for.
#[derive(Clone, Copy)]
enum Decoded {
    Byte(u8),
    Char(char),
}

impl Decoded {
    fn push_to(self, bytes: &mut Vec<u8>) {
        match self {
            Self::Byte(byte) => bytes.push(byte),
            Self::Char(c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// The escape that a text begins with, if it does: its length, and what it stands for.
fn unit(text: &[u8]) -> Option<(usize, Decoded)> {
    match text.first()? {
        b'\\' => backslash(text),
        b'%' => Some((3, Decoded::Byte(u8::try_from(hex(text.get(1..3)?)?).ok()?))),
        // Form encoding; in other texts a secret with a plus sign becomes one with a blank, as the text does.
        b'+' => Some((1, Decoded::Byte(b' '))),
        b'&' => entity(text),
        _ => None,
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    let is_hex = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    is_hex.then(|| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()).flatten()
}

/// JSON, and what JavaScript, Python, Go and Rust have beside it.
fn backslash(text: &[u8]) -> Option<(usize, Decoded)> {
    let simple = |byte| Some((2, Decoded::Byte(byte)));
    match text.get(1)? {
        b'n' => simple(b'\n'),
        b'r' => simple(b'\r'),
        b't' => simple(b'\t'),
        b'b' => simple(8),
        b'f' => simple(12),
        b'v' => simple(11),
        b'0' => simple(0),
        byte @ (b'"' | b'\'' | b'\\' | b'/' | b'`' | b'&' | b'<' | b'>' | b'=' | b'$' | b'%') => simple(*byte),
        b'x' => Some((4, Decoded::Byte(u8::try_from(hex(text.get(2..4)?)?).ok()?))),
        b'U' => Some((10, Decoded::Char(char::from_u32(hex(text.get(2..10)?)?)?))),
        b'u' if text.get(2) == Some(&b'{') => {
            let end = text.iter().take(ESCAPE_BYTES_MAX).position(|byte| *byte == b'}')?;
            Some((end + 1, Decoded::Char(char::from_u32(hex(&text[3..end])?)?)))
        }
        b'u' => surrogates(text),
        _ => None,
    }
}

fn surrogates(text: &[u8]) -> Option<(usize, Decoded)> {
    let first = hex(text.get(2..6)?)?;
    if let Some(c) = char::from_u32(first) {
        return Some((6, Decoded::Char(c)));
    }
    let second = text.get(6..12).filter(|rest| rest.starts_with(b"\\u")).and_then(|rest| hex(&rest[2..]))?;
    let pair = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    let c = char::decode_utf16(pair).next()?.ok()?;
    Some((12, Decoded::Char(c)))
}

/// The first character of [`LATIN1_ENTITIES`].
const LATIN1_FIRST: u8 = 0xa0;
/// The names of the characters from U+00A0 to U+00FF (HTML 4.01, section 24.2.1), which PHP's `htmlentities` writes.
const LATIN1_ENTITIES: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo", "not", "shy",
    "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para", "middot", "cedil", "sup1", "ordm",
    "raquo", "frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig",
    "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve",
    "Oacute", "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute", "THORN",
    "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil", "egrave", "eacute", "ecirc",
    "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml",
    "divide", "oslash", "ugrave", "uacute", "ucirc", "uuml", "yacute", "thorn", "yuml",
];

fn entity(text: &[u8]) -> Option<(usize, Decoded)> {
    let end = text.iter().take(ESCAPE_BYTES_MAX).position(|byte| *byte == b';')?;
    let c = match &text[1..end] {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(hex(digits)?)?,
        [b'#', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => {
            char::from_u32(std::str::from_utf8(digits).ok()?.parse().ok()?)?
        }
        name => {
            let number = LATIN1_ENTITIES.iter().position(|known| known.as_bytes() == name)?;
            char::from(u8::try_from(number).ok()?.checked_add(LATIN1_FIRST)?)
        }
    };
    Some((end + 1, Decoded::Char(c)))
}

/// Where an escape begins that the end of a text cut off.
pub(super) fn incomplete_end(text: &[u8]) -> Option<usize> {
    if let Some(rest) = text.strip_suffix(REPLACEMENT) {
        return Some(rest.len());
    }
    let nearby = text.len().saturating_sub(ESCAPE_BYTES_MAX);
    let at = nearby + text[nearby..].iter().rposition(|byte| matches!(byte, b'\\' | b'%' | b'&'))?;
    let rest = &text[at..];
    let could_go_on = rest[1..].iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'#' | b'{'));
    (unit(rest).is_none() && could_go_on).then_some(at)
}
