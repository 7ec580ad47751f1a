//! Percent-encoding and forms, undone strictly: what is broken is told, never guessed.
//!
//! May use [`crate::http::reply`] to refuse. Used by the handlers of this room.

use crate::http::reply::Refusal;
use std::borrow::Cow;

/// The most parameters of a query string or form; ours have six, and each is compared with all.
const FORM_PARAMETERS_MAX: usize = 64;

/// Undoes percent-encoding; none if it is broken or does not give UTF-8.
pub(super) fn percent_decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex_digit(bytes.next()?)? << 4 | hex_digit(bytes.next()?)?,
            plain => plain,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

/// Undoes `application/x-www-form-urlencoded` for one name or value.
pub(super) fn form_decode(text: &str) -> Option<Cow<'_, str>> {
    if text.contains('+') {
        return percent_decode(&text.replace('+', " ")).map(|decoded| Cow::Owned(decoded.into_owned()));
    }
    percent_decode(text)
}

fn hex_digit(byte: u8) -> Option<u8> {
    // A digit of base 16 fits.
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// A name and its value.
pub(super) type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The names and values of a query string or a form, each of which may stand once. A name without
/// a value counts as absent, as RFC 6749 (3.2) has it.
pub(super) fn form_pairs(text: &str) -> Result<Vec<Pair<'_>>, Refusal> {
    let (pairs, repeated) = pairs_and_repeated(text)?;
    match repeated.first() {
        Some(name) => Err(Refusal::bad_request(format!("the parameter {name:?} is given more than once"))),
        None => Ok(pairs),
    }
}

/// The same where it is for the caller what becomes of names that stand more than once.
pub(super) fn pairs_and_repeated(text: &str) -> Result<(Vec<Pair<'_>>, Vec<String>), Refusal> {
    let mut pairs: Vec<Pair<'_>> = Vec::new();
    let mut repeated = Vec::new();
    for (count, pair) in text.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        if count == FORM_PARAMETERS_MAX {
            return Err(Refusal::bad_request(format!("there are more than {FORM_PARAMETERS_MAX} parameters")));
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let broken = || Refusal::bad_request("a parameter is not percent-encoded UTF-8".to_owned());
        let (name, value) = (form_decode(name).ok_or_else(broken)?, form_decode(value).ok_or_else(broken)?);
        if pairs.iter().any(|(earlier, _)| *earlier == name) {
            repeated.push(name.into_owned());
        } else {
            pairs.push((name, value));
        }
    }
    pairs.retain(|(_, value)| !value.is_empty());
    Ok((pairs, repeated))
}

/// The part of a path that names something, decoded.
pub(super) fn path_part(part: &str) -> Result<Cow<'_, str>, Refusal> {
    percent_decode(part)
        .ok_or_else(|| Refusal::bad_request(format!("the path's part {part:?} is not percent-encoded UTF-8")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_encoding_is_undone_or_refused() {
        for (given, decoded) in [
            ("plain", Some("plain")),
            ("a%20b%2Fc", Some("a b/c")),
            ("gr%C3%BC%c3%9fe", Some("grüße")),
            ("a+b", Some("a+b")),
        ] {
            assert_eq!(percent_decode(given).as_deref(), decoded, "{given}");
        }
        for broken in ["%", "%2", "%zz", "%+1", "%ff", "%C3"] {
            assert_eq!(percent_decode(broken), None, "{broken}");
        }
    }

    #[test]
    fn forms_may_name_each_parameter_once() {
        let pairs = form_pairs("grant_type=client+credentials&scope=a%20b&&empty=&flag").ok().unwrap_or_default();
        assert_eq!(pairs, [("grant_type".into(), "client credentials".into()), ("scope".into(), "a b".into())]);
        assert!(form_pairs("a=1&%61=2").is_err());
        assert!(form_pairs("a=%f").is_err());
        assert!(form_pairs(&"x=&".repeat(2)).is_err());
    }
}
