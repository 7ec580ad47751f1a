//! One response on a connection, from its bytes to bytes that ureq reads: RFC 9112 as servers in the
//! field practise it, where ureq is stricter or looser.
//!
//! Uses `problem` alone and does no I/O. Used by `wire`. What ureq gets has no interim responses, no
//! folded header lines, chunks without extensions and trailers, and ends where the response ends:
//! whatever comes after that is surplus, which no other request's response may begin with.

mod head;

use crate::callback::problem::{Code, Problem};
use head::{Head, Length};
use std::io::Write;

pub(super) use head::HEADER_BYTES_MAX;

/// The longest line of a chunk's size with its extensions, and all trailers together, in bytes.
const CHUNK_LINE_BYTES_MAX: usize = 4 * 1_024;
/// The most interim responses (1xx) before the response itself.
const INTERIM_MAX: usize = 100;
/// The most bytes that are skipped as the late rest of the response before.
const SURPLUS_BYTES_MAX: usize = 64 * 1_024;
/// The most bytes that a chunk of ours has around its data: 16 digits and two line ends.
const CHUNK_OVERHEAD: usize = 20;
/// What ends the body in chunks that ureq gets.
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// How far a response has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Its status line and headers are not complete.
    Head,
    /// So many bytes of its body are to come.
    Sized(u64),
    /// A line with the size of a chunk is to come.
    ChunkSize,
    /// So many bytes of a chunk are to come.
    Chunk(u64),
    /// The line end behind a chunk is to come.
    ChunkEnd,
    /// Trailers are to come, and so many bytes of them came.
    Trailers(usize),
    /// The body continues until the connection is closed.
    UntilClose,
    /// It is complete.
    Ended,
}

/// Reads one response.
#[derive(Debug)]
pub(super) struct Framing {
    state: State,
    /// Whether another response came on this connection before, whose rest may come late.
    follows: bool,
    /// Whether everything so far was in step, so that the connection may carry another request.
    in_step: bool,
    status: u16,
    /// Whether the connection stays open although only its end would end the body.
    stays_open: bool,
    /// Whether its headers name a media type.
    has_type: bool,
    /// What is wrong with it, from the byte on that is next.
    failed: Option<Problem>,
    interim: usize,
    skipped: usize,
    /// The beginning of what was skipped, as people may see it.
    surplus: String,
}

impl Framing {
    /// A response that is the first on its connection, or follows another.
    pub fn new(follows: bool) -> Self {
        Self {
            state: State::Head,
            follows,
            in_step: true,
            status: 0,
            stays_open: false,
            has_type: false,
            failed: None,
            interim: 0,
            skipped: 0,
            surplus: String::new(),
        }
    }

    /// The status, once it is known.
    pub fn status(&self) -> Option<u16> {
        (self.state != State::Head).then_some(self.status)
    }

    /// Whether the body has no end: only that of the connection would be one, and it is kept open.
    pub fn stays_open(&self) -> bool {
        self.state == State::UntilClose && self.stays_open
    }

    /// Whether its headers say of what type the body is.
    pub fn has_type(&self) -> bool {
        self.has_type
    }

    /// Whether all of it came.
    pub fn is_ended(&self) -> bool {
        self.state == State::Ended
    }

    /// Whether it came as its headers said, as far as can be told.
    pub fn is_in_step(&self) -> bool {
        self.in_step
    }

    /// Takes what it can from `raw` and writes what ureq reads to `out`: the bytes taken and written. What
    /// precedes a mistake is written first, so that the mistake costs nothing of it, however the bytes come.
    ///
    /// # Errors
    /// What in it is not HTTP/1.1, by the line concerned.
    pub fn step(&mut self, raw: &[u8], out: &mut [u8]) -> Result<(usize, usize), Problem> {
        if let Some(problem) = self.failed.take() {
            return Err(problem);
        }
        let (mut taken, mut written) = (0, 0);
        loop {
            let (more_taken, more_written) = match self.advance(&raw[taken..], &mut out[written..]) {
                Ok(more) => more,
                Err(problem) if written > 0 => {
                    self.failed = Some(problem);
                    return Ok((taken, written));
                }
                Err(problem) => return Err(problem),
            };
            (taken, written) = (taken + more_taken, written + more_written);
            if more_taken == 0 && more_written == 0 {
                return Ok((taken, written));
            }
        }
    }

    /// The connection was closed: how many bytes ureq still gets. Whether the response is complete is
    /// for ureq to say, except for a last chunk without the empty line behind it: it is.
    ///
    /// # Errors
    /// If bytes came that are no response, and no response.
    pub fn close(&mut self, out: &mut [u8]) -> Result<usize, Problem> {
        self.in_step = false;
        if let Some(problem) = self.nothing_but_surplus() {
            return Err(problem);
        }
        match self.state {
            State::Trailers(_) if out.len() >= LAST_CHUNK.len() => {
                out[..LAST_CHUNK.len()].copy_from_slice(LAST_CHUNK);
                self.state = State::Ended;
                Ok(LAST_CHUNK.len())
            }
            State::UntilClose => {
                self.state = State::Ended;
                Ok(0)
            }
            _ => Ok(0),
        }
    }

    /// What is wrong if the bytes that were skipped are all that came.
    pub fn nothing_but_surplus(&self) -> Option<Problem> {
        let so = self.state == State::Head && self.skipped > 0;
        so.then(|| {
            malformed(format!("it sent {} where its response should begin, and no response after that", self.surplus))
        })
    }

    fn advance(&mut self, raw: &[u8], out: &mut [u8]) -> Result<(usize, usize), Problem> {
        match self.state {
            State::Head => self.head(raw, out),
            State::Sized(0) => {
                self.state = State::Ended;
                Ok((0, 0))
            }
            State::Sized(left) => {
                let amount = copy(raw, out, left);
                self.state = State::Sized(left - amount as u64);
                Ok((amount, amount))
            }
            State::UntilClose => {
                let amount = copy(raw, out, u64::MAX);
                Ok((amount, amount))
            }
            State::ChunkSize => self.chunk_size(raw),
            State::Chunk(left) => Ok(self.chunk(raw, out, left)),
            State::ChunkEnd => self.chunk_end(raw),
            State::Trailers(seen) => self.trailer(raw, out, seen),
            State::Ended => Ok((0, 0)),
        }
    }

    fn head(&mut self, raw: &[u8], out: &mut [u8]) -> Result<(usize, usize), Problem> {
        if let Some(surplus) = self.surplus(raw)? {
            return Ok((surplus, 0));
        }
        let Some((block, taken)) = head::block(raw)? else { return Ok((0, 0)) };
        let head = Head::parse(block)?;
        let length = head.length()?;
        if head.is_interim() {
            // It has no body; one that says otherwise may be followed by one all the same.
            self.in_step &= head.says_nothing_of_a_body();
            self.interim += 1;
            return if self.interim > INTERIM_MAX {
                Err(too_large(format!("it follows more than {INTERIM_MAX} interim responses (1xx)")))
            } else {
                Ok((taken, 0))
            };
        }
        let written = head.write(out, length);
        self.status = head.status;
        self.stays_open = head.keeps_open();
        self.has_type = head.has_type();
        self.in_step &= head.is_in_step(length);
        self.state = match length {
            Length::None => State::Ended,
            Length::Sized(length) => State::Sized(length),
            Length::Chunked => State::ChunkSize,
            Length::UntilClose => State::UntilClose,
        };
        Ok((taken, written))
    }

    /// The bytes before the response that belong to the one before: a body that its headers did not
    /// announce, say. They are skipped, for the request was answered all the same, and the
    /// connection is not used again.
    fn surplus(&mut self, raw: &[u8]) -> Result<Option<usize>, Problem> {
        const START: &[u8] = b"HTTP/";
        let blank = raw.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let rest = &raw[blank..];
        let begins = START.iter().zip(rest).all(|(expected, byte)| expected == byte);
        if begins {
            return Ok((blank > 0).then_some(blank));
        }
        if !self.follows || self.skipped > SURPLUS_BYTES_MAX {
            return Err(head::not_a_status_line(rest));
        }
        self.in_step = false;
        if self.skipped == 0 {
            self.surplus = shown(rest.split(|byte| *byte == b'\n').next().unwrap_or_default());
        }
        let found = rest.windows(START.len()).position(|window| window == START);
        // What may be the beginning of a status line stays.
        let amount = blank + found.unwrap_or_else(|| rest.len().saturating_sub(START.len() - 1)).max(1);
        self.skipped += amount;
        Ok(Some(amount))
    }

    fn chunk_size(&mut self, raw: &[u8]) -> Result<(usize, usize), Problem> {
        let Some((line, taken)) = line(raw, CHUNK_LINE_BYTES_MAX, "line with the size of a chunk")? else {
            return Ok((0, 0));
        };
        let size = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let digits = std::str::from_utf8(size).ok().filter(|size| size.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        self.state = match number {
            Some(0) => State::Trailers(0),
            Some(size) => State::Chunk(size),
            None => {
                return Err(malformed(format!(
                    "the line {} is not the size of a chunk, which is a hexadecimal number",
                    shown(line)
                )));
            }
        };
        Ok((taken, 0))
    }

    /// Passes on what there is of a chunk as a chunk of its own.
    fn chunk(&mut self, raw: &[u8], out: &mut [u8], left: u64) -> (usize, usize) {
        let room = out.len().saturating_sub(CHUNK_OVERHEAD);
        let amount = raw.len().min(room).min(usize::try_from(left).unwrap_or(usize::MAX));
        if amount == 0 {
            return (0, 0);
        }
        let length = out.len();
        let mut rest = &mut *out;
        // Cannot fail: there is room.
        let _ = write!(rest, "{amount:x}\r\n");
        let _ = rest.write_all(&raw[..amount]);
        let _ = rest.write_all(b"\r\n");
        let written = length - rest.len();
        let left = left - amount as u64;
        self.state = if left == 0 { State::ChunkEnd } else { State::Chunk(left) };
        (amount, written)
    }

    fn chunk_end(&mut self, raw: &[u8]) -> Result<(usize, usize), Problem> {
        match raw {
            [] | [b'\r'] => return Ok((0, 0)),
            [b'\r', b'\n', ..] => {
                self.state = State::ChunkSize;
                return Ok((2, 0));
            }
            [b'\n', ..] => {
                self.state = State::ChunkSize;
                return Ok((1, 0));
            }
            _ => {}
        }
        Err(malformed("a chunk is longer than the line with its size says".to_owned()))
    }

    fn trailer(&mut self, raw: &[u8], out: &mut [u8], seen: usize) -> Result<(usize, usize), Problem> {
        let Some((line, taken)) = line(raw, CHUNK_LINE_BYTES_MAX, "trailer line")? else { return Ok((0, 0)) };
        if !line.is_empty() {
            let seen = seen + taken;
            self.state = State::Trailers(seen);
            return if seen > CHUNK_LINE_BYTES_MAX {
                Err(too_large(format!("its trailers are longer than {CHUNK_LINE_BYTES_MAX} bytes together")))
            } else {
                Ok((taken, 0))
            };
        }
        if out.len() < LAST_CHUNK.len() {
            return Ok((0, 0));
        }
        out[..LAST_CHUNK.len()].copy_from_slice(LAST_CHUNK);
        self.state = State::Ended;
        Ok((taken, LAST_CHUNK.len()))
    }
}

fn copy(raw: &[u8], out: &mut [u8], at_most: u64) -> usize {
    let amount = raw.len().min(out.len()).min(usize::try_from(at_most).unwrap_or(usize::MAX));
    out[..amount].copy_from_slice(&raw[..amount]);
    amount
}

/// A line without its end, and its length with it, once all of it is there.
fn line<'a>(raw: &'a [u8], at_most: usize, what: &str) -> Result<Option<(&'a [u8], usize)>, Problem> {
    let end = raw.iter().take(at_most).position(|byte| *byte == b'\n');
    match end {
        Some(end) => Ok(Some((raw[..end].strip_suffix(b"\r").unwrap_or(&raw[..end]), end + 1))),
        None if raw.len() >= at_most => {
            Err(too_large(format!("a {what} is longer than {at_most} bytes: it begins with {}", shown(raw))))
        }
        None => Ok(None),
    }
}

/// A line as people may see it, in quotes; of a long one, which may end within a secret, hardly anything.
fn shown(line: &[u8]) -> String {
    const WHOLE_BYTES_MAX: usize = 80;
    const BEGINNING_BYTES: usize = 12;
    let (part, more) = if line.len() > WHOLE_BYTES_MAX { (&line[..BEGINNING_BYTES], "…") } else { (line, "") };
    let plain = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let text: String = String::from_utf8_lossy(part).chars().map(plain).collect();
    format!("\"{text}{more}\"")
}

fn malformed(what: String) -> Problem {
    Problem::new(Code::MalformedAnswer, format!("the connector's response is not HTTP/1.1: {what}"))
}

/// More of something than is read.
fn too_large(what: String) -> Problem {
    Problem::new(Code::AnswerTooLarge, format!("too much in the connector's response: {what}"))
}

#[cfg(test)]
mod tests;
