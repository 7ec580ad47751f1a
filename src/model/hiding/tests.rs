//! Secrets in every encoding, in mixtures of them, and cut in two.

use super::*;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;

const SECRET: &str = "pä\"ss/w+ö r<d>&€😀";

fn hidden(secret: &str, text: &str) -> String {
    Hider::new([secret].into_iter()).text(text.to_owned())
}

fn percent(text: &str, upper: bool) -> String {
    let one = |byte: u8| if upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") };
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { one(byte) })
        .collect()
}

fn units(text: &str, upper: bool) -> String {
    let one = |unit: u16| if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") };
    text.encode_utf16().map(one).collect()
}

fn entities(text: &str, hex: bool) -> String {
    text.chars().map(|c| if hex { format!("&#x{:X};", u32::from(c)) } else { format!("&#{};", u32::from(c)) }).collect()
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

fn json(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('/', "\\/").replace('\n', "\\n")
}

/// A secret in every encoding that has to be known.
fn spellings(secret: &str) -> Vec<String> {
    let form = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect::<String>();
    let hex = |upper| secret.bytes().map(|b| if upper { format!("{b:02X}") } else { format!("{b:02x}") }).collect();
    let mut all = vec![
        secret.to_owned(),
        json(secret),
        units(secret, false),
        units(secret, true),
        json(secret).replace('ä', "\\u00e4").replace('<', "\\u003C"),
        percent(secret, false),
        percent(secret, true),
        percent(secret, true).replace("%20", " "),
        form,
        html(secret),
        entities(secret, false),
        entities(secret, true),
        html(secret).replace('ä', "&#228;"),
        hex(false),
        hex(true),
        // Mixtures.
        json(&json(secret)),
        html(&json(secret)),
        percent(&json(secret), false),
        json(&percent(secret, true)),
        percent(&percent(secret, true), false),
        percent(&html(secret), true),
        json(&html(&percent(secret, true))),
        units(&units(secret, false), false),
    ];
    for before in ["", "a", "ab", "user:", "users:"] {
        for after in ["", "z", "zz"] {
            let whole = format!("{before}{secret}{after}");
            all.push(STANDARD.encode(&whole));
            all.push(URL_SAFE_NO_PAD.encode(&whole));
            all.push(json(&STANDARD.encode(&whole)));
            all.push(percent(&STANDARD.encode(&whole), true));
        }
    }
    all
}

/// Parts of a secret in its various encodings, at least one of which is in any of them.
fn traces(secret: &str, spelling: &str) -> bool {
    // What is left on both sides may be bits of a character of base64, and what was not the secret.
    let left: String = hidden(secret, spelling);
    left.contains(REDACTED) && left.len() - REDACTED.len() <= 20
}

#[test]
fn secrets_are_hidden_in_every_encoding() {
    for secret in [SECRET, "hunter2!", "1234", "ü/ü/", "100%41x\\n", "%%%%", "C:\\new\\table", "a&amp;b+c", "a=b==?>"]
    {
        for spelling in spellings(secret) {
            assert!(traces(secret, &spelling), "{secret}: {spelling}: {}", hidden(secret, &spelling));
            let text = format!("<{spelling}>");
            let shown = hidden(secret, &text);
            assert!(shown.starts_with('<') && shown.ends_with('>'), "{secret}: {text}: {shown}");
        }
    }
}

#[test]
fn latin1_is_hidden_where_it_was_read_as_utf8_and_the_other_way_round() {
    let secret = "geheimnüs";
    let latin1: Vec<u8> = secret.chars().map(|c| c as u8).collect();
    for text in [
        String::from_utf8_lossy(&latin1).into_owned(),
        "geheimnÃ¼s".to_owned(),
        "geheimn%FCs".to_owned(),
        "geheimn%fcs".to_owned(),
        STANDARD.encode(&latin1),
    ] {
        assert!(traces(secret, &text), "{text}: {}", hidden(secret, &text));
    }
}

#[test]
fn escapes_of_programming_languages_are_known() {
    let secret = "wörd\tα😀";
    for text in [
        // Python's of bytes, of a text, C's and JavaScript's.
        "w\\xc3\\xb6rd\\t\\xce\\xb1\\xf0\\x9f\\x98\\x80",
        "w\\U000000f6rd\\x09\\u03b1\\U0001f600",
        "w\\u{f6}rd\\x09\\u{3b1}\\u{1f600}",
        "w\\u00f6rd\\t\\u03B1\\uD83D\\uDE00",
    ] {
        assert_eq!(hidden(secret, &format!("<{text}>")), format!("<{REDACTED}>"), "{text}");
    }
}

#[test]
fn what_is_no_secret_stays() {
    for text in ["", "nothing", "hunter", "untouched \\u00fc %20 &amp; + \\", "{\"a\":\"b\\n\"}", "%", "\\u12", "&#;"] {
        assert_eq!(hidden("hunter2!", text), text);
    }
    assert!(Hider::new([""].into_iter()).is_idle());
}

#[test]
fn secrets_that_overlap_are_all_hidden() {
    let hider = Hider::new(["abcdef", "defghi", "def"].into_iter());
    assert_eq!(hider.text("x abcdefghi abcdef defghi y".to_owned()), "x ••• ••• ••• y");
    let long = "ab".repeat(200);
    assert_eq!(hidden(&long, &format!("<{long}a>")), "<•••a>");
    assert_eq!(hidden(&long, &format!("<{long}ab>")), "<•••>");
}

#[test]
fn short_secrets_are_hidden_where_they_are_whole_values_alone() {
    for (text, expected) in [
        (r#"{"pin":"7","n":7,"text":"77 of 7"}"#, r#"{"pin":"•••","n":7,"text":"77 of 7"}"#),
        (r#"{\"pin\":\"7\"}"#, r#"{\"pin\":\"•••\"}"#),
        ("pin=7&n=17", "pin=•••&n=17"),
        ("<b>7</b>", "<b>•••</b>"),
        ("7", "•••"),
        ("7 of 7", "7 of 7"),
        ("\"\\u0037\"", "\"•••\""),
    ] {
        assert_eq!(hidden("7", text), expected);
    }
}

#[test]
fn numbers_are_secrets_too() {
    let hider = Hider::new(["1234", "12.50", "7", "0041"].into_iter());
    for (number, expected) in [(1234.0, true), (12.5, true), (41.0, true), (7.0, false), (12.0, false)] {
        assert_eq!(hider.is_secret_number(number), expected, "{number}");
    }
}

#[test]
fn secrets_that_were_cut_in_two_are_hidden_in_every_encoding() {
    let hider = Hider::new([SECRET].into_iter());
    let whole = [json(SECRET), units(SECRET, false), percent(SECRET, true), entities(SECRET, true), html(SECRET)];
    for spelling in
        whole.into_iter().chain([STANDARD.encode(SECRET), json(&json(SECRET)), percent(&json(SECRET), false)])
    {
        // Where what is there is at least four bytes of it; the longest escape stands for less.
        for end in (40..spelling.len()).filter(|end| spelling.is_char_boundary(*end)) {
            let shown = hider.cut_text(format!("x {}", &spelling[..end]));
            assert_eq!(shown, "x •••", "{}", &spelling[..end]);
        }
    }
    for (text, expected) in [
        ("x pä\"s", "x •••"),
        ("x pä", "x pä"),
        ("pä\"s x", "pä\"s x"),
        ("x pä\"ss/w\u{fffd}", "x •••"),
        ("x \\u0070\\u00e4\\u0022\\u0073\\u0073\\u002", "x •••"),
    ] {
        assert_eq!(hider.cut_text(text.to_owned()), expected);
    }
}

/// With time that grew with the square of the text, or with what is found, this would take hours.
#[test]
fn hiding_takes_time_that_grows_with_the_text_alone() {
    let kilobytes = 64;
    let secrets: Vec<String> = (1..=20).map(|n| "a".repeat(n * 500)).collect();
    let hider = Hider::new(secrets.iter().map(String::as_str));
    for text in ["a", "\\\\", "%25", "&amp;", "%2525", "\\u0061", "%", "ab", "\u{fffd}"] {
        let text = text.repeat(kilobytes * 1024 / text.len());
        let _ = hider.cut_text(text);
    }
}

proptest! {
    #[test]
    fn no_text_is_a_problem_and_no_secret_stays(text in ".{0,60}", secret in ".{4,12}", rest in "[ \\\\%&+u0-9a-f;#x]{0,30}") {
        let hider = Hider::new([secret.as_str()].into_iter());
        let shown = hider.text(format!("{text}{secret}{rest}"));
        prop_assert!(shown.contains(REDACTED));
        let _ = hider.cut_text(format!("{rest}{text}"));
    }
}

#[test]
fn letters_that_html_has_names_for_are_known() {
    let hider = Hider::new(["grün/pass", "naïve ÿ word", "pass\u{a0}word"].into_iter());
    for (text, hidden) in [
        ("<b>gr&uuml;n/pass</b>", "<b>•••</b>"),
        ("na&iuml;ve &yuml; word.", "•••."),
        ("pass&nbsp;word", "•••"),
        ("gr&Uuml;n/pass &nosuch; &uuml", "gr&Uuml;n/pass &nosuch; &uuml"),
    ] {
        assert_eq!(hider.text(text.to_owned()), hidden);
    }
}
