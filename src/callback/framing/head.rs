//! Status line and headers of a response: read as RFC 9112 has them, written as ureq reads them.
//!
//! Uses `problem` alone. Used by `framing`.

use super::{malformed, shown, too_large};
use crate::callback::problem::Problem;
use std::borrow::Cow;
use std::io::Write;

/// The most of a response's status line and headers, in bytes: what common servers take, too.
pub(in crate::callback) const HEADER_BYTES_MAX: usize = 16 * 1_024;
/// The most header lines, which is what ureq reads.
const HEADER_LINES_MAX: usize = 128;

/// How long a response's body is (RFC 9112, 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    /// There is none, whatever the headers say.
    None,
    /// As Content-Length says.
    Sized(u64),
    /// As its chunks say.
    Chunked,
    /// Until the connection is closed.
    UntilClose,
}

/// Status line and headers.
#[derive(Debug)]
pub(super) struct Head<'a> {
    pub status: u16,
    minor: u8,
    reason: &'a [u8],
    fields: Vec<(&'a [u8], Cow<'a, [u8]>)>,
}

/// The bytes of status line and headers without the empty line, and how many to take for them.
pub(super) fn block(raw: &[u8]) -> Result<Option<(&[u8], usize)>, Problem> {
    let mut start = 0;
    while let Some(length) = raw[start..].iter().position(|byte| *byte == b'\n') {
        let line = &raw[start..start + length];
        let taken = start + length + 1;
        if line.strip_suffix(b"\r").unwrap_or(line).is_empty() {
            return if taken > HEADER_BYTES_MAX { Err(too_long()) } else { Ok(Some((&raw[..start], taken))) };
        }
        start = taken;
    }
    if raw.len() > HEADER_BYTES_MAX { Err(too_long()) } else { Ok(None) }
}

fn too_long() -> Problem {
    too_large(format!("its headers are longer than {} KiB", HEADER_BYTES_MAX / 1_024))
}

/// What came does not begin as a response does.
pub(super) fn not_a_status_line(raw: &[u8]) -> Problem {
    let line = raw.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    malformed(format!("it begins with {} and not with a status line such as \"HTTP/1.1 204 No Content\"", shown(line)))
}

impl<'a> Head<'a> {
    pub fn parse(block: &'a [u8]) -> Result<Self, Problem> {
        let mut lines = block.split_inclusive(|byte| *byte == b'\n').map(without_end);
        let first = lines.next().unwrap_or_default();
        let (minor, status, reason) = status_line(first).ok_or_else(|| not_a_status_line(first))?;
        let mut fields: Vec<(&[u8], Cow<'_, [u8]>)> = Vec::new();
        for line in lines {
            if matches!(line, [b' ' | b'\t', ..]) {
                // Obsolete line folding: to be read as a space (RFC 9112, 5.2).
                let (_, value) = fields.last_mut().ok_or_else(|| {
                    malformed(format!("its first header line {} begins with a space, so it has no name", shown(line)))
                })?;
                let value = value.to_mut();
                value.push(b' ');
                value.extend_from_slice(&clean(line.trim_ascii()));
                continue;
            }
            let colon = line.iter().position(|byte| *byte == b':');
            let (name, value) = colon.map_or((&[][..], line), |colon| (&line[..colon], &line[colon + 1..]));
            let name = name.trim_ascii_end();
            if name.is_empty() || !name.iter().all(|byte| is_token(*byte)) {
                return Err(malformed(format!("the header line {} has no valid name before a colon", shown(line))));
            }
            fields.push((name, clean(value.trim_ascii())));
            if fields.len() > HEADER_LINES_MAX {
                return Err(too_large(format!("it has more than {HEADER_LINES_MAX} header lines")));
            }
        }
        Ok(Self { status, minor, reason, fields })
    }

    /// Whether another response follows. 101 is none of these: it ends what HTTP says.
    pub fn is_interim(&self) -> bool {
        (100..200).contains(&self.status) && self.status != 101
    }

    /// How long the body is.
    pub fn length(&self) -> Result<Length, Problem> {
        let content_length = self.content_length()?;
        let codings = self.values("transfer-encoding").flat_map(|value| value.split(|byte| *byte == b','));
        // `identity` is no coding at all (RFC 2616, 3.6).
        let is_coding = |coding: &&[u8]| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity");
        let codings: Vec<_> = codings.map(<[u8]>::trim_ascii).filter(is_coding).collect();
        if matches!(self.status, 100..200 | 204 | 304) {
            return Ok(Length::None);
        }
        let chunked = |coding: &&[u8]| coding.eq_ignore_ascii_case(b"chunked");
        if codings.last().is_some_and(chunked) {
            return Ok(Length::Chunked);
        }
        if codings.iter().any(chunked) {
            return Err(malformed(format!(
                "the header line {} names another coding after chunked",
                shown(&[b"Transfer-Encoding: ", codings.join(&b", "[..]).as_slice()].concat())
            )));
        }
        match content_length {
            _ if !codings.is_empty() => Ok(Length::UntilClose),
            Some(length) => Ok(Length::Sized(length)),
            None => Ok(Length::UntilClose),
        }
    }

    /// The one length that all of Content-Length names.
    fn content_length(&self) -> Result<Option<u64>, Problem> {
        let mut length = None;
        for value in self.values("content-length").flat_map(|value| value.split(|byte| *byte == b',')) {
            let digits = std::str::from_utf8(value.trim_ascii()).ok();
            let digits = digits.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
            let number = digits.and_then(|text| text.parse::<u64>().ok());
            if number.is_none() || length.is_some_and(|length| Some(length) != number) {
                let values: Vec<_> = self.values("content-length").collect();
                return Err(malformed(format!(
                    "the header line {} does not name one length",
                    shown(&[b"Content-Length: ", values.join(&b", "[..]).as_slice()].concat())
                )));
            }
            length = number;
        }
        Ok(length)
    }

    /// Whether no header says that a body follows. A length of zero says that none does.
    pub fn says_nothing_of_a_body(&self) -> bool {
        self.values("transfer-encoding").next().is_none() && matches!(self.content_length(), Ok(None | Some(0)))
    }

    /// Whether the connection may be used again once a response of this length has come. A body that
    /// headers announce and the status rules out may come all the same, and late.
    pub fn is_in_step(&self, length: Length) -> bool {
        match length {
            Length::None => self.status != 101 && self.says_nothing_of_a_body(),
            // What else it may mean by a Transfer-Encoding without a coding is unknown.
            Length::Sized(_) => self.values("transfer-encoding").next().is_none(),
            // Either header may be what the server meant; and HTTP/1.0 has no chunks (RFC 9112, 6.1).
            Length::Chunked => self.minor > 0 && self.values("content-length").next().is_none(),
            Length::UntilClose => false,
        }
    }

    /// Whether the server keeps the connection open, as far as it says.
    pub fn keeps_open(&self) -> bool {
        let options = self.values("connection").flat_map(|value| value.split(|byte| *byte == b','));
        self.minor > 0 && !options.map(<[u8]>::trim_ascii).any(|option| option.eq_ignore_ascii_case(b"close"))
    }

    /// Whether the server names the body's type.
    pub fn has_type(&self) -> bool {
        self.values("content-type").any(|value| !value.is_empty())
    }

    /// Writes it as ureq reads it, and so that ureq finds the same length in it.
    pub fn write(&self, mut out: &mut [u8], length: Length) -> usize {
        let room = out.len();
        let minor = if length == Length::Chunked { 1 } else { self.minor };
        // Cannot fail: a head is written into an empty buffer with room for the longest.
        let _ = write!(out, "HTTP/1.{minor} {} ", self.status);
        let _ = out.write_all(&clean(self.reason));
        let _ = out.write_all(b"\r\n");
        for (name, value) in &self.fields {
            if length == Length::UntilClose && name.eq_ignore_ascii_case(b"content-length") {
                continue;
            }
            let _ = out.write_all(name);
            let _ = out.write_all(b": ");
            let _ = out.write_all(value);
            let _ = out.write_all(b"\r\n");
        }
        let _ = out.write_all(b"\r\n");
        room - out.len()
    }

    fn values(&self, name: &'static str) -> impl Iterator<Item = &[u8]> {
        let named = move |field: &&(&[u8], Cow<'_, [u8]>)| field.0.eq_ignore_ascii_case(name.as_bytes());
        self.fields.iter().filter(named).map(|(_, value)| value.as_ref())
    }
}

/// Control characters as spaces (RFC 9110, 5.5), before anything is read from it.
fn clean(text: &[u8]) -> Cow<'_, [u8]> {
    if text.iter().all(|byte| is_clean(*byte)) {
        return Cow::Borrowed(text);
    }
    let text: Vec<u8> = text.iter().map(|byte| if is_clean(*byte) { *byte } else { b' ' }).collect();
    Cow::Owned(text.trim_ascii().to_vec())
}

fn is_clean(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The minor version, the status and its reason.
fn status_line(line: &[u8]) -> Option<(u8, u16, &[u8])> {
    let rest = line.strip_prefix(b"HTTP/1.")?;
    let (minor, rest) = rest.split_first().filter(|(minor, _)| minor.is_ascii_digit())?;
    let rest = rest.strip_prefix(b" ")?.trim_ascii_start();
    let (digits, reason) = rest.split_at_checked(3)?;
    if !matches!(reason, [] | [b' ' | b'\t', ..]) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let status = digits.iter().fold(0, |status, digit| 10 * status + u16::from(digit - b'0'));
    (status >= 100).then_some(((minor - b'0').min(1), status, reason.trim_ascii()))
}
