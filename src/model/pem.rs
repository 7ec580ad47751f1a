//! PEM: finds the blocks of a file and decodes them, however editors, mails and environment files have
//! mangled their lines. An error names the block by its number and label and never repeats its contents,
//! which may be a private key.
//!
//! RFC 7468 is what is written; what is read is more: any white space, literal `\n` for line ends, all
//! blocks on one line, a byte order mark, UTF-16. What a block may be is for the caller to decide.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use std::borrow::Cow;
use std::fmt;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
/// The longest label, in bytes; the longest one that is used has 26.
const LABEL_BYTES_MAX: usize = 64;
/// Padding may be missing, and the last bits may be anything, as OpenSSL has it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A block, named by its number in the file, from 1, and its label.
#[derive(Clone, PartialEq, Eq)]
pub struct Block {
    /// Its number and label, for errors.
    pub name: Name,
    /// What is in it. Empty if it is encrypted.
    pub der: Vec<u8>,
    /// Whether it has headers that say that it is encrypted (RFC 1421).
    pub encrypted: bool,
}

/// The number and label of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// From 1.
    pub number: usize,
    /// Such as `CERTIFICATE`.
    pub label: String,
}

/// What is wrong with a block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} {what}")]
pub struct Problem {
    /// The block.
    pub name: Name,
    /// A predicate, such as "has no end".
    pub what: String,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, label } = self;
        if label.is_empty() { write!(f, "block {number}") } else { write!(f, "block {number} ({label})") }
    }
}

impl Name {
    /// A problem with this block.
    #[must_use]
    pub fn problem(&self, what: impl Into<String>) -> Problem {
        Problem { name: self.clone(), what: what.into() }
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The contents may be a private key.
        f.debug_struct("Block").field("name", &self.name).field("bytes", &self.der.len()).finish_non_exhaustive()
    }
}

impl Block {
    /// Whether it is a certificate, by any of the labels that RFC 7468 knows.
    #[must_use]
    pub fn is_certificate(&self) -> bool {
        matches!(self.name.label.as_str(), "CERTIFICATE" | "X509 CERTIFICATE" | "X.509 CERTIFICATE")
    }

    /// Whether it is a private key of any kind.
    #[must_use]
    pub fn is_private_key(&self) -> bool {
        self.name.label.ends_with("PRIVATE KEY")
    }

    /// Whether it is the parameters that OpenSSL writes before a key, which holds them too.
    #[must_use]
    pub fn is_parameters(&self) -> bool {
        self.name.label.ends_with(" PARAMETERS")
    }

    /// That this, which is no certificate, was found where one is wanted.
    #[must_use]
    pub fn not_a_certificate(&self) -> Problem {
        let what = match self.name.label.as_str() {
            "TRUSTED CERTIFICATE" => {
                "has settings of OpenSSL's around its certificate, which would be ignored; write it without them: \
                 openssl x509 -in FILE -out plain.pem"
            }
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => {
                "is a request for a certificate; use the certificate that the authority made of it"
            }
            "PKCS7" | "CMS" => {
                "is a PKCS #7 container; take it apart: openssl pkcs7 -print_certs -in FILE -out plain.pem"
            }
            "X509 CRL" => "is a list of revoked certificates, which has no place in this file: remove it",
            "PUBLIC KEY" | "RSA PUBLIC KEY" => "is a public key, and not a certificate",
            _ if self.is_private_key() => {
                "is a private key, which has no place in this file: remove it, and replace the key if others could \
                 read the file"
            }
            _ => "is not a certificate",
        };
        self.name.problem(what)
    }

    /// That the contents are not what the label says.
    #[must_use]
    pub fn damaged(&self) -> Problem {
        self.name.problem("is damaged: its contents are not what its label says; copy it again")
    }

    /// Whether the contents are one whole structure of DER, by its own length.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        const SEQUENCE: u8 = 0x30;
        let (header, length) = match self.der.as_slice() {
            [SEQUENCE, length @ 0..=0x7f, ..] => (2, usize::from(*length)),
            [SEQUENCE, 0x81, length, ..] => (3, usize::from(*length)),
            [SEQUENCE, 0x82, high, low, ..] => (4, usize::from(u16::from_be_bytes([*high, *low]))),
            [SEQUENCE, 0x83, rest @ ..] if rest.len() > 2 => {
                (5, rest[..3].iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
            }
            _ => return false,
        };
        self.der.len() == header + length
    }
}

/// All blocks of a file, in order; none if it has none.
///
/// # Errors
/// The first block that cannot be read, with the reason.
pub fn blocks(file: &[u8]) -> Result<Vec<Block>, Problem> {
    let text = text(file);
    let mut blocks = Vec::new();
    let mut rest = &*text;
    loop {
        let number = blocks.len() + 1;
        let begin = rest.find(BEGIN);
        check_between(&rest[..begin.unwrap_or(rest.len())], number)?;
        let Some(begin) = begin else { return Ok(blocks) };
        let (block, after) = block(&rest[begin + BEGIN.len()..], number)?;
        blocks.push(block);
        rest = after;
    }
}

/// The file as text: in UTF-8 or, as PowerShell writes it, UTF-16. What is neither is replaced: PEM is ASCII.
fn text(file: &[u8]) -> Cow<'_, str> {
    let units = |from: fn([u8; 2]) -> u16| {
        let units = file[2..].chunks_exact(2).map(|pair| from([pair[0], pair[1]]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match file {
        [0xff, 0xfe, ..] => Cow::Owned(units(u16::from_le_bytes)),
        [0xfe, 0xff, ..] => Cow::Owned(units(u16::from_be_bytes)),
        _ => String::from_utf8_lossy(file),
    }
}

/// Text between blocks is for people, unless it was meant as a block's first or last line.
fn check_between(text: &str, number: usize) -> Result<(), Problem> {
    let name = Name { number, label: String::new() };
    if text.contains(END) {
        return Err(name.problem("has an end (-----END …-----) without a beginning; copy it again, whole"));
    }
    let meant = ["BEGIN ", "END "].iter().any(|word| {
        text.match_indices(word).any(|(at, _)| {
            let before = text[..at].trim_end().chars().next_back();
            before.is_some_and(|c| matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}'))
        })
    });
    if meant {
        return Err(name.problem(
            "has a first or last line that is not written -----BEGIN …----- or -----END …-----, with five hyphens on \
             both sides; a word processor may have changed them",
        ));
    }
    Ok(())
}

/// The block whose label begins here, and what follows it.
fn block(from: &str, number: usize) -> Result<(Block, &str), Problem> {
    let unnamed = Name { number, label: String::new() };
    let label = label(from);
    let Some(label) = label else {
        return Err(unnamed.problem("has no readable label in its first line (-----BEGIN …-----); copy it again"));
    };
    let name = Name { number, label: label.to_owned() };
    let inside = &from[label.len() + DASHES.len()..];
    let cut = "has no end (-----END …-----): the file may be cut off; copy it again, whole";
    let end = inside.find(DASHES).ok_or_else(|| name.problem(cut))?;
    let (contents, end) = inside.split_at(end);
    let Some(end) = end.strip_prefix(END) else { return Err(name.problem(cut)) };
    let after = end.strip_prefix(label).and_then(|rest| rest.strip_prefix(DASHES));
    let after = after.ok_or_else(|| name.problem("ends with another label than it begins with; copy it again"))?;
    let contents = plain(contents);
    if contents.contains("ENCRYPTED") && contents.contains("Proc-Type:") {
        return Ok((Block { name, der: Vec::new(), encrypted: true }, after));
    }
    let der = decoded(&contents).map_err(|what| name.problem(what))?;
    Ok((Block { name, der, encrypted: false }, after))
}

/// A label, up to the hyphens after it.
fn label(from: &str) -> Option<&str> {
    let end = from.as_bytes().iter().take(LABEL_BYTES_MAX + 1).position(|byte| *byte == b'-')?;
    let (label, rest) = from.split_at(end);
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b' ' | b'.' | b'#');
    (!label.is_empty() && label.bytes().all(plain) && rest.starts_with(DASHES)).then_some(label)
}

/// With line ends for the `\n` and `\r` of files that were an environment variable or JSON.
fn plain(contents: &str) -> Cow<'_, str> {
    if !contents.contains('\\') {
        return Cow::Borrowed(contents);
    }
    Cow::Owned(contents.replace("\\n", "\n").replace("\\r", "\n").replace("\\t", "\n"))
}

fn decoded(contents: &str) -> Result<Vec<u8>, String> {
    let packed: String = contents.chars().filter(|c| !c.is_whitespace() && *c != '\u{feff}').collect();
    if packed.is_empty() {
        return Err("is empty".to_owned());
    }
    BASE64.decode(packed).map_err(|error| {
        // The error of the library shows what it read.
        let what = match error {
            base64::DecodeError::InvalidByte(at, _) => format!("character {} of its contents is not base64", at + 1),
            base64::DecodeError::InvalidLength(_)
            | base64::DecodeError::InvalidLastSymbol(..)
            | base64::DecodeError::InvalidPadding => "its contents are cut off".to_owned(),
        };
        format!("is damaged: {what}; copy it again")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `0x30 0x03` and three bytes.
    const ONE: &str = "MAMBAgM=";

    fn pem(label: &str, contents: &str) -> String {
        format!("-----BEGIN {label}-----\n{contents}\n-----END {label}-----\n")
    }

    fn read(file: &str) -> Vec<(String, Vec<u8>)> {
        let blocks = blocks(file.as_bytes()).unwrap_or_else(|problem| panic!("{file:?}: {problem}"));
        blocks.into_iter().map(|block| (block.name.label, block.der)).collect()
    }

    #[test]
    fn blocks_are_found_however_their_lines_are_mangled() {
        let (a, b) = (pem("CERTIFICATE", ONE), pem("PRIVATE KEY", "MAMBAgQ="));
        let plain = format!("{a}{b}");
        let expected = read(&plain);
        assert_eq!(expected[0], ("CERTIFICATE".to_owned(), vec![0x30, 3, 1, 2, 3]));
        assert_eq!(expected[1], ("PRIVATE KEY".to_owned(), vec![0x30, 3, 1, 2, 4]));
        let indented = plain.lines().map(|line| format!("\t  {line}\n")).collect::<String>();
        for mangled in [
            format!("\u{feff}{plain}"),
            plain.replace('\n', "\r\n"),
            plain.replace('\n', "\r"),
            plain.replace('\n', " "),
            plain.replace('\n', "\\n"),
            plain.replace('\n', "\\r\\n"),
            plain.replace('\n', ""),
            plain.replace("-----\n-----BEGIN", "----------BEGIN"),
            plain.replace(ONE, "MAM\n\nBA gM"),
            format!("subject=CN = x\n{a}issuer: me - BEGIN\n{b}the end\n"),
            indented,
        ] {
            assert_eq!(read(&mangled), expected, "{mangled:?}");
        }
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
            let utf16: Vec<u8> = format!("\u{feff}{plain}").encode_utf16().flat_map(order).collect();
            assert_eq!(blocks(&utf16).map(|blocks| blocks.len()), Ok(2));
        }
    }

    #[test]
    fn a_block_that_cannot_be_read_is_named_with_the_reason() {
        let good = pem("CERTIFICATE", ONE);
        for (second, name, what) in [
            (pem("PRIVATE KEY", "SECRET*SECRET"), "block 2 (PRIVATE KEY)", "character 7"),
            (pem("PRIVATE KEY", "SECRETX"), "block 2 (PRIVATE KEY)", "not what"),
            (pem("PRIVATE KEY", "SECRE"), "block 2 (PRIVATE KEY)", "cut off"),
            (pem("PRIVATE KEY", ""), "block 2 (PRIVATE KEY)", "empty"),
            ("-----BEGIN PRIVATE KEY-----\nSECRET".to_owned(), "block 2 (PRIVATE KEY)", "no end"),
            (format!("-----BEGIN PRIVATE KEY-----\nSECRET\n{good}"), "block 2 (PRIVATE KEY)", "no end"),
            (good.replace("END CERTIFICATE", "END SECRET"), "block 2 (CERTIFICATE)", "another label"),
            ("-----BEGIN \nSECRET\n-----END \n".to_owned(), "block 2", "no readable label"),
            ("SECRET\n-----END PRIVATE KEY-----".to_owned(), "block 2", "without a beginning"),
            ("----BEGIN PRIVATE KEY----\nSECRET\n----END PRIVATE KEY----".to_owned(), "block 2", "five hyphens"),
            ("—–BEGIN PRIVATE KEY—–\nSECRET".to_owned(), "block 2", "five hyphens"),
        ] {
            let read = blocks(format!("{good}{second}").as_bytes());
            let problem = match read {
                Err(problem) => problem,
                Ok(blocks) => blocks.iter().find(|block| !block.is_whole()).expect("a problem").damaged(),
            };
            let shown = problem.to_string();
            assert!(shown.starts_with(&format!("{name} ")) && shown.contains(what), "{second:?}: {shown}");
            assert!(!shown.contains("SECRE"), "{shown}");
        }
    }

    #[test]
    fn files_without_blocks_have_none() {
        for file in [&b""[..], b"\n", b"text", b"\x30\x03\x01\x02\x03", b"-----", b"\xff\xfe"] {
            assert_eq!(blocks(file), Ok(Vec::new()), "{file:?}");
        }
    }

    #[test]
    fn lengths_of_der_are_checked() {
        let whole =
            |der: Vec<u8>| Block { name: Name { number: 1, label: String::new() }, der, encrypted: false }.is_whole();
        let long = |header: &[u8], length| [header, &vec![0; length][..]].concat();
        assert!(whole(vec![0x30, 1, 0]) && whole(long(&[0x30, 0x81, 200], 200)));
        assert!(whole(long(&[0x30, 0x82, 1, 0], 256)) && whole(long(&[0x30, 0x83, 1, 0, 0], 65_536)));
        for der in [vec![], vec![0x30], vec![0x30, 2, 0], vec![0x30, 1, 0, 0], vec![0x31, 1, 0], vec![0x30, 0x82, 1]] {
            assert!(!whole(der.clone()), "{der:?}");
        }
    }
}
