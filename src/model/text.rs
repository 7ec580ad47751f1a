//! Texts that people take for the same although their bytes differ: `ü` as one character or as two, capitals,
//! full-width letters. Passwords and e-mails are compared as RFC 8265 has it, other texts as Unicode's caseless
//! matching does.
//!
//! Used by `store` and `ops`; `connectorStore` and the filters for things go by it too.

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizer, DecomposingNormalizer};
use std::borrow::Cow;

/// The text in Unicode's normalization form C, in which Windows and most web pages send it.
fn nfc(text: &str) -> Cow<'_, str> {
    ComposingNormalizer::new_nfc().normalize(text)
}

/// A password as it is hashed and compared: RFC 8265, section 4.2 (OpaqueString). Other spaces become U+0020, then
/// form C. Neither width nor case is mapped: both may be what makes the password hard to guess.
///
/// Characters that the RFC disallows stay: which ones these are changes with each version of Unicode, and a password
/// that was accepted once must not become invalid.
#[must_use]
pub fn password(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    // Unicode's category Zs without U+0020.
    let other =
        |c: char| matches!(c, '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}');
    Cow::Owned(nfc(&text.replace(other, " ")).into_owned())
}

/// What two e-mails have in common that are one address: the domain as DNS has it (IDNA), before it the local part
/// with half- and full-width characters mapped, case folded, in form C (RFC 8265, section 3.3.1, with folding instead
/// of lower case, so that `ß` and `SS` are the same). Never shown: people see the e-mail as it was entered.
#[must_use]
pub fn email_key(email: &str) -> String {
    let email = with_one_width(email.trim());
    match email.rsplit_once('@') {
        Some((local, domain)) => format!("{}@{}", caseless(local), domain_key(domain)),
        None => caseless(&email),
    }
}

fn domain_key(domain: &str) -> String {
    // What is no domain is compared like other texts.
    let ascii = idna::domain_to_ascii(domain).unwrap_or_else(|_| caseless(domain));
    ascii.trim_end_matches('.').to_owned()
}

/// Half- and full-width characters as the plain ones that they stand for (RFC 8265, section 3.3.1, rule 1).
fn with_one_width(text: &str) -> Cow<'_, str> {
    let has_width = |c: char| matches!(c, '\u{ff01}'..='\u{ffee}');
    if !text.contains(has_width) {
        return Cow::Borrowed(text);
    }
    let compatible = ComposingNormalizer::new_nfkc();
    let mut mapped = String::with_capacity(text.len());
    for c in text.chars() {
        if has_width(c) {
            mapped.push_str(&compatible.normalize(c.encode_utf8(&mut [0; 4])));
        } else {
            mapped.push(c);
        }
    }
    Cow::Owned(mapped)
}

/// Canonical caseless matching (Unicode, section 3.13, D145).
fn caseless(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let decomposed = DecomposingNormalizer::new_nfd();
    let folded = CaseMapper::new().fold_string(&decomposed.normalize(text)).into_owned();
    nfc(&folded).into_owned()
}

/// A text as it is searched: without regard to case, normal form and width (Unicode, section 3.13, D146).
#[must_use]
pub fn searchable(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let compatible = ComposingNormalizer::new_nfkc();
    let case = CaseMapper::new();
    let decomposed = DecomposingNormalizer::new_nfd();
    let once = case.fold_string(&decomposed.normalize(text)).into_owned();
    let twice = case.fold_string(&compatible.normalize(&once)).into_owned();
    compatible.normalize(&twice).into_owned()
}

/// The spellings under which a text may be stored that somebody looks for: as given, and in the forms C and D. Of an
/// ASCII text there is one.
#[must_use]
pub fn spellings(text: &str) -> Vec<String> {
    let mut spellings = vec![text.to_owned()];
    if !text.is_ascii() {
        let forms = [nfc(text), DecomposingNormalizer::new_nfd().normalize(text)];
        for form in forms {
            if !spellings.iter().any(|known| *known == form) {
                spellings.push(form.into_owned());
            }
        }
    }
    spellings
}

/// Whether a stored text is one of the spellings of the one that somebody looks for.
#[must_use]
pub fn is_spelling(wanted: &str, stored: &str) -> bool {
    wanted == stored || !wanted.is_ascii() && !stored.is_ascii() && spellings(wanted).iter().any(|one| one == stored)
}

/// The most characters of a text that are logged: as many as an e-mail address has at most (RFC 5321).
const LOGGED_CHARACTERS_MAX: usize = 254;

/// A text that a client chose, such as an e-mail, as it can be logged: short, and without characters that begin a new
/// line, turn the direction of what follows or cannot be seen. The log's writer escapes quotation marks.
#[must_use]
pub fn loggable(text: &str) -> String {
    let invisible = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    let shown = text.chars().map(|c| if invisible(c) { char::REPLACEMENT_CHARACTER } else { c });
    shown.take(LOGGED_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_same_in_every_normal_form_and_with_every_space() {
        for (one, other) in [
            ("Zürich Hauptbahnhof", "Zu\u{308}rich Hauptbahnhof"),
            ("correct\u{a0}horse", "correct horse"),
            ("correct\u{3000}horse\u{2009}battery", "correct horse battery"),
            ("\u{212b}ngström unit", "Ångstro\u{308}m unit"),
            ("\u{1112}\u{1161}\u{11ab}글 비밀번호", "한글 비밀번호"),
        ] {
            assert_eq!(password(one), password(other), "{one:?}");
        }
        for (one, other) in [("Correct horse", "correct horse"), ("ｐａｓｓ", "pass"), (" pass", "pass"), ("ſ", "s")]
        {
            assert_ne!(password(one), password(other), "{one:?}");
        }
    }

    #[test]
    fn e_mails_of_one_address_have_one_key() {
        for (one, other) in [
            ("Ada@Example.com", "ada@example.COM"),
            ("ü@example.com", "u\u{308}@example.com"),
            ("Ü@example.com", "ü@example.com"),
            ("ａｄａ@ｅｘａｍｐｌｅ.com", "ada@example.com"),
            ("ada＠example．com", "ada@example.com"),
            ("ada@MÜNCHEN.de", "ada@xn--mnchen-3ya.de"),
            ("ada@mu\u{308}nchen.de", "ada@münchen.de"),
            ("straße@h", "STRASSE@h"),
            ("ΑΣ@h", "ας@h"),
            (" ada@localhost\u{a0}", "ada@localhost"),
            ("ada@example.com.", "ada@example.com"),
            ("\u{1e9e}@h", "ss@h"),
        ] {
            assert_eq!(email_key(one), email_key(other), "{one:?}");
        }
        for (one, other) in [("ı@h", "i@h"), ("a.b@h", "ab@h"), ("u@h", "ü@h"), ("а@h", "a@h"), ("ada+x@h", "ada@h")]
        {
            assert_ne!(email_key(one), email_key(other), "{one:?}");
        }
    }

    #[test]
    fn a_key_is_its_own_key() {
        for email in [
            "Ü@MÜNCHEN.de",
            "ΑΣ@h",
            "ﬁ@x\u{345}\u{301}",
            "İ@h",
            "no address",
            "a@@b",
            "@",
            "a@\u{fffd}",
            "x@[127.0.0.1]",
        ] {
            let key = email_key(email);
            assert_eq!(email_key(&key), key, "{email:?}");
        }
    }

    #[test]
    fn a_search_finds_every_case_form_and_width() {
        for (text, sought) in [
            ("Überwachung", "über"),
            ("U\u{308}berwachung", "ÜBER"),
            ("Überwachung", "u\u{308}ber"),
            ("STRASSE", "straße"),
            ("Ｌａｍｐ", "lamp"),
            ("ΟΔΟΣ", "οδος"),
            ("ﬁlter", "FILTER"),
            ("ЛАМПА", "лампа"),
        ] {
            assert!(searchable(text).contains(&searchable(sought)), "{text:?} {sought:?}");
        }
        assert!(!searchable("Uber").contains(&searchable("über")));
    }

    #[test]
    fn a_name_is_found_in_either_normal_form_and_no_other_case() {
        assert!(is_spelling("Küche", "Ku\u{308}che") && is_spelling("Ku\u{308}che", "Küche"));
        assert!(!is_spelling("küche", "Küche") && !is_spelling("Kuche", "Küche"));
        assert_eq!(spellings("Kitchen"), ["Kitchen"]);
        assert_eq!(spellings("Küche"), ["Küche", "Ku\u{308}che"]);
    }

    #[test]
    fn a_text_to_be_logged_is_short_and_stays_on_its_line() {
        for bad in ["\n", "\r", "\u{85}", "\u{2028}", "\u{202e}", "\u{1b}", "\u{200b}", "\0"] {
            assert_eq!(loggable(&format!("a{bad}b")), "a\u{fffd}b", "{bad:?}");
        }
        assert_eq!(loggable("ü@example.com"), "ü@example.com");
        assert_eq!(loggable(&"é".repeat(10_000)).chars().count(), LOGGED_CHARACTERS_MAX);
    }
}
