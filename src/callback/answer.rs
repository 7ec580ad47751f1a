//! The bodies that connectors answer with, read by what they are, whatever their Content-Type
//! (protocol.md, "Callbacks: platform → connector", "Answers").
//!
//! May use `model`. Used by `interpret`. Knows the quirks of the SDK: it writes a further step of
//! type 0 without content for "none", and empty texts for absent ones.

use crate::model::callback::Header;
use crate::model::lifecycle::{Details, FurtherStep, FurtherStepKind};
use crate::model::url::is_web_url;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The answer to an installation or instance callback.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct LifecycleAnswer {
    /// Any JSON object.
    pub details: Option<Details>,
    /// What the user has to do.
    pub further_step: Option<FurtherStep>,
}

/// The answer to an action callback.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ActionAnswer {
    /// PENDING, FAILED or COMPLETED; empty if it was not given.
    pub status: String,
    /// Why the action failed; empty if that was not given.
    pub error: String,
}

/// What is wrong with a body, a clause for a person.
type Malformed = String;

#[derive(Deserialize)]
struct LifecycleBody<'a> {
    #[serde(borrow, default)]
    details: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "furtherStep")]
    further_step: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct FurtherStepBody {
    #[serde(default, rename = "type")]
    kind: Option<i64>,
    #[serde(default)]
    content: Option<String>,
}

/// What a text in UTF-8 may begin with, and JSON may not.
const BYTE_ORDER_MARK: char = '\u{feff}';
/// The most of a header's value that is shown, in characters.
const CODING_CHARACTERS_MAX: usize = 40;

/// Whether there is nothing in a body: Go writes `null` for an answer that is nil.
pub(super) fn is_empty(body: &[u8]) -> bool {
    matches!(body.trim_ascii(), b"" | b"null")
}

/// Why a body that could not be read is not what the protocol has: it is compressed, or not in plain UTF-8. A
/// clause for a person.
pub(super) fn encoded(headers: &[Header], body: &[u8]) -> Option<String> {
    let codings = headers.iter().filter(|header| header.name.eq_ignore_ascii_case("content-encoding"));
    let is_coding = |value: &&str| !value.is_empty() && !value.eq_ignore_ascii_case("identity");
    let coding = codings.map(|header| header.value.trim()).find(is_coding);
    let said = match (coding, body) {
        (_, []) => return None,
        (Some(coding), _) => {
            let coding: String = coding.chars().filter(|c| !c.is_control()).take(CODING_CHARACTERS_MAX).collect();
            format!(
                "its body is compressed (Content-Encoding: {coding}), which callbacks do not ask for; send it as it is"
            )
        }
        (None, [0x1f, 0x8b, ..]) => {
            "its body is compressed with gzip, which callbacks do not ask for; send it as it is".to_owned()
        }
        (None, [0xef, 0xbb, 0xbf, ..]) => {
            "its body begins with a byte order mark (EF BB BF), which JSON must not have (RFC 8259); write UTF-8 \
             without one"
                .to_owned()
        }
        (None, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) => "its body is in UTF-16, and JSON is in UTF-8".to_owned(),
        _ => return None,
    };
    Some(said)
}

/// Reads the answer to an installation or instance callback; an empty one says nothing more.
///
/// # Errors
/// What is wrong with it.
pub(super) fn lifecycle(body: &[u8]) -> Result<LifecycleAnswer, Malformed> {
    if is_empty(body) {
        return Ok(LifecycleAnswer::default());
    }
    let body: LifecycleBody = parse_object(body)?;
    let details = body.details.map(|raw| object(raw.get())).transpose()?;
    let further_step = body.further_step.map(|raw| further_step(raw.get())).transpose()?.flatten();
    Ok(LifecycleAnswer { details, further_step })
}

/// The details of an answer that may be anything, if it has any.
pub(super) fn details_if_any(body: &[u8]) -> Option<Details> {
    let body: LifecycleBody = parse_object(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)).ok()?;
    object(body.details?.get()).ok()
}

/// Reads the answer to an action callback; an empty one says nothing more.
///
/// # Errors
/// What is wrong with it.
pub(super) fn action(body: &[u8]) -> Result<ActionAnswer, Malformed> {
    if is_empty(body) {
        return Ok(ActionAnswer::default());
    }
    let body: Map<String, Value> = parse_object(body)?;
    let status = match field(&body, "status") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(status)) => status.clone(),
        Some(_) => return Err("its status is no text".to_owned()),
    };
    let error = match ["error", "errors"].into_iter().find_map(|name| field(&body, name)) {
        None | Some(Value::Bool(false)) => String::new(),
        Some(Value::String(error)) => error.clone(),
        Some(error) if is_hollow(error) => String::new(),
        Some(error) => said(error, NESTING_MAX).filter(|text| !text.is_empty()).unwrap_or_else(|| error.to_string()),
    };
    Ok(ActionAnswer { status, error })
}

/// A field by its name or, if there is none, by its name in other case: as Go reads it.
fn field<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// The connector's own words in a body that is no page: what its JSON says of an error, under any of
/// the usual names, or else the beginning of the body. `None` if it says nothing.
pub(super) fn words(shown: &str) -> Option<String> {
    let shown = shown.trim_start_matches(BYTE_ORDER_MARK);
    let raw = || shown.trim().chars().take(WORDS_CHARACTERS_MAX).collect::<String>();
    let text = match serde_json::from_str::<Value>(shown) {
        Ok(Value::Null) => String::new(),
        Ok(value) if is_hollow(&value) => String::new(),
        Ok(value) => said(&value, NESTING_MAX).filter(|text| !text.is_empty()).unwrap_or_else(raw),
        Err(_) => raw(),
    };
    let text: String = text.trim().chars().take(WORDS_CHARACTERS_MAX).collect();
    (!text.is_empty()).then_some(text)
}

/// The most of a connector's words that is kept, in characters.
const WORDS_CHARACTERS_MAX: usize = 1_000;
/// How deep words are looked for: `{"errors": [{"error": {"message": …}}]}`.
const NESTING_MAX: usize = 5;
/// Where words are found, in the order in which they are read, whatever their case: plain JSON as many
/// frameworks write it, OAuth, problem details (RFC 9457), GraphQL, the SDK's own errors.
const WORDS_KEYS: [&str; 14] = [
    "error",
    "err",
    "title",
    "error_description",
    "errordescription",
    "description",
    "detail",
    "details",
    "message",
    "errormessage",
    "msg",
    "reason",
    "errors",
    "fault",
];

/// What a value says: a text, or what is found under the usual names in it.
fn said(value: &Value, depth: usize) -> Option<String> {
    let left = depth.checked_sub(1)?;
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().filter_map(|item| said(item, left)).filter(|it| !it.is_empty()).collect();
            (!items.is_empty()).then(|| items.join("; "))
        }
        Value::Object(object) => {
            let mut found: Vec<String> = Vec::new();
            for key in WORDS_KEYS {
                let fields = object.iter().filter(|(name, _)| name.eq_ignore_ascii_case(key));
                for text in fields.filter_map(|(name, value)| fields_said(name, value, left)) {
                    if !text.is_empty() && !found.contains(&text) {
                        found.push(text);
                    }
                }
            }
            (!found.is_empty()).then(|| found.join(": "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// What a field says. `errors` may be an object of fields and what is wrong with each.
fn fields_said(name: &str, value: &Value, depth: usize) -> Option<String> {
    match value {
        Value::Object(object) if name.eq_ignore_ascii_case("errors") => said(value, depth).or_else(|| {
            let each = |(name, value): (&String, &Value)| Some(format!("{name}: {}", said(value, depth)?));
            let found: Vec<_> = object.iter().filter_map(each).collect();
            (!found.is_empty()).then(|| found.join("; "))
        }),
        _ => said(value, depth),
    }
}

/// Whether there is nothing in a value: no field, or empty ones only.
fn is_hollow(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.iter().all(is_hollow),
        Value::Object(object) => object.values().all(is_hollow),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn parse_object<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Malformed> {
    // serde would also take a list for a struct, its elements for the fields in their order.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err("its body is no JSON object".to_owned());
    }
    serde_json::from_slice(body).map_err(|error| format!("its body is not the JSON expected ({})", place(&error)))
}

fn object(raw: &str) -> Result<Details, Malformed> {
    if !raw.starts_with('{') {
        return Err("its details are no JSON object".to_owned());
    }
    // A raw value was not looked into: nesting without end or half a surrogate pair would make
    // trouble for whoever reads it later.
    match serde_json::from_str::<serde_json::Value>(raw) {
        Ok(_) => Ok(Details::from_json_object(raw.to_owned())),
        Err(error) => Err(format!("its details are not good JSON ({})", place(&error))),
    }
}

/// Where JSON goes wrong. serde's own words would repeat what is there, which may be a secret.
fn place(error: &serde_json::Error) -> String {
    let what = if error.is_data() { "a value of another type" } else { "a mistake" };
    format!("{what} at line {}, column {}", error.line(), error.column())
}

fn further_step(raw: &str) -> Result<Option<FurtherStep>, Malformed> {
    let FurtherStepBody { kind, content } = parse_object(raw.as_bytes())
        .map_err(|_| "its furtherStep is no object with a type and a content".to_owned())?;
    let content = content.unwrap_or_default();
    let kind = match kind.unwrap_or_default() {
        0 if content.is_empty() => return Ok(None),
        number => FurtherStepKind::from_number(number).ok_or_else(|| {
            format!("its furtherStep has the type {number}, not 1 (text), 2 (Markdown) or 3 (redirect)")
        })?,
    };
    if kind == FurtherStepKind::Redirect && !is_web_url(&content) {
        return Err("its furtherStep redirects to something that is no absolute http or https URL".to_owned());
    }
    Ok(Some(FurtherStep::new(kind, content)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(details: Option<&str>, step: Option<(FurtherStepKind, &str)>) -> LifecycleAnswer {
        LifecycleAnswer {
            details: details.map(|text| Details::from_json_object(text.to_owned())),
            further_step: step.map(|(kind, content)| FurtherStep::new(kind, content.to_owned())),
        }
    }

    #[test]
    fn lifecycle_answers() {
        use FurtherStepKind::{Markdown, Redirect, Text};
        for (body, expected) in [
            ("", answer(None, None)),
            (" \r\n", answer(None, None)),
            ("null", answer(None, None)),
            ("{}", answer(None, None)),
            (r#"{"details":null,"furtherStep":null}"#, answer(None, None)),
            (r#"{"details":{},"furtherStep":{"type":0,"content":""}}"#, answer(Some("{}"), None)),
            (r#"{"furtherStep":{}}"#, answer(None, None)),
            (r#"{"details": {"b":1.50,"a":[1e2]} }"#, answer(Some(r#"{"b":1.50,"a":[1e2]}"#), None)),
            (r#"{"furtherStep":{"type":1,"content":"t"}}"#, answer(None, Some((Text, "t")))),
            (r#"{"furtherStep":{"type":1,"content":""}}"#, answer(None, Some((Text, "")))),
            (r##"{"furtherStep":{"type":2,"content":"# ü"}}"##, answer(None, Some((Markdown, "# ü")))),
            (
                r#"{"more":1,"furtherStep":{"type":3,"content":"https://h/p?x=1"}}"#,
                answer(None, Some((Redirect, "https://h/p?x=1"))),
            ),
        ] {
            assert_eq!(lifecycle(body.as_bytes()), Ok(expected), "{body}");
        }
    }

    #[test]
    fn malformed_lifecycle_answers() {
        let deep = format!(r#"{{"details":{{"a":{}{}}}}}"#, "[".repeat(10_000), "]".repeat(10_000));
        for body in [
            "OK",
            "[]",
            r#"["a","b"]"#,
            "\"text\"",
            "42",
            "{",
            "{}x",
            r#"{"details":"text"}"#,
            r#"{"details":[]}"#,
            r#"{"details":{"a":"\ud800"}}"#,
            r#"{"furtherStep":"text"}"#,
            r#"{"furtherStep":[1,"t"]}"#,
            r#"{"furtherStep":{"type":"1","content":"t"}}"#,
            r#"{"furtherStep":{"type":1.5,"content":"t"}}"#,
            r#"{"furtherStep":{"type":4,"content":"t"}}"#,
            r#"{"furtherStep":{"type":-1,"content":""}}"#,
            r#"{"furtherStep":{"type":0,"content":"t"}}"#,
            r#"{"furtherStep":{"type":1,"content":7}}"#,
            r#"{"furtherStep":{"type":3,"content":""}}"#,
            r#"{"furtherStep":{"type":3,"content":"/relative"}}"#,
            r#"{"furtherStep":{"type":3,"content":"javascript:alert(1)"}}"#,
            r#"{"furtherStep":{"type":3,"content":"ftp://h/"}}"#,
            &deep,
        ] {
            assert!(lifecycle(body.as_bytes()).is_err(), "{body:.100}");
        }
        assert!(lifecycle(b"{\"details\":{\"a\":\"\xff\"}}").is_err());
    }

    #[test]
    fn details_are_found_where_there_are_any() {
        let found = |body: &str| details_if_any(body.as_bytes()).map(|details| details.as_str().to_owned());
        assert_eq!(found(r#"{"details":{"a":1},"furtherStep":7}"#).as_deref(), Some(r#"{"a":1}"#));
        assert_eq!(found("\u{feff}{\"details\":{}}").as_deref(), Some("{}"));
        for body in ["", "null", "no", "{}", r#"{"details":null}"#, r#"{"details":"no"}"#] {
            assert_eq!(found(body), None, "{body}");
        }
    }

    #[test]
    fn action_answers() {
        for (body, status, error) in [
            ("", "", ""),
            ("{}", "", ""),
            (r#"{"id":"1","status":"PENDING","error":""}"#, "PENDING", ""),
            (r#"{"status":"FAILED","error":"no"}"#, "FAILED", "no"),
            (r#"{"status":null,"error":null}"#, "", ""),
            (r#"{"Status":"FAILED","Error":"no"}"#, "FAILED", "no"),
            (r#"{"status":"PENDING","Status":"FAILED"}"#, "PENDING", ""),
            (r#"{"error":"no"}"#, "", "no"),
            (r#"{"error":{"code":7,"message":"no"}}"#, "", "no"),
            (r#"{"errors":[{"message":"no"},"never"]}"#, "", "no; never"),
            (r#"{"error":{"code":7}}"#, "", r#"{"code":7}"#),
            (r#"{"error":true}"#, "", "true"),
            (r#"{"error":false,"errors":[]}"#, "", ""),
            (r#"{"errors":[{}]}"#, "", ""),
        ] {
            let expected = ActionAnswer { status: status.to_owned(), error: error.to_owned() };
            assert_eq!(action(body.as_bytes()), Ok(expected), "{body}");
        }
        for body in ["OK", "[]", r#"["FAILED","no"]"#, r#"{"status":1}"#] {
            assert!(action(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn bodies_that_are_encoded_are_recognised() {
        let header = |name: &str, value: &str| vec![Header { name: name.to_owned(), value: value.to_owned() }];
        for (headers, body, told) in [
            (header("Content-Encoding", "gzip"), &b"\x1f\x8b\x08"[..], Some("(Content-Encoding: gzip)")),
            (header("content-encoding", "br"), b"\x8b\x02", Some("(Content-Encoding: br)")),
            (header("content-encoding", "deflate, gzip"), b"\x78", Some("(Content-Encoding: deflate, gzip)")),
            (header("content-encoding", "gzip"), b"", None),
            (header("content-encoding", "identity"), b"{", None),
            (header("content-type", "application/json"), b"\x1f\x8b\x08", Some("compressed with gzip")),
            (Vec::new(), b"\xef\xbb\xbf{}", Some("byte order mark")),
            (Vec::new(), b"\xff\xfe{\0}\0", Some("UTF-16")),
            (Vec::new(), b"\xfe\xff\0{\0}", Some("UTF-16")),
            (Vec::new(), b"{}", None),
        ] {
            let said = encoded(&headers, body);
            assert_eq!(said.is_some(), told.is_some(), "{said:?}");
            assert!(told.is_none_or(|told| said.is_some_and(|said| said.contains(told))), "{told:?}");
        }
    }

    #[test]
    fn words_of_the_connector() {
        for (body, expected) in [
            ("", None),
            (" \n", None),
            ("\u{feff}{\"error\":\"no\"}", Some("no")),
            ("\u{feff}", None),
            ("null", None),
            ("{}", None),
            (r#"{"error":""}"#, None),
            ("no such keyword\n", Some("no such keyword")),
            ("\"quoted\"", Some("quoted")),
            (r#"{"status":"FAILED","error":"no"}"#, Some("no")),
            (r#"{"error":"BAD_REQUEST","description":"what"}"#, Some("BAD_REQUEST: what")),
            (r#"{"message":"m"}"#, Some("m")),
            (r#"{"Message":"no lamp"}"#, Some("no lamp")),
            (r#"{"Code":400,"Message":"no lamp"}"#, Some("no lamp")),
            (r#"{"Error":"no lamp"}"#, Some("no lamp")),
            (r#"{"ERR":"no lamp"}"#, Some("no lamp")),
            (r#"{"errors":["no lamp","no power"]}"#, Some("no lamp; no power")),
            (r#"{"detail":"no lamp"}"#, Some("no lamp")),
            (r#"{"title":"no lamp"}"#, Some("no lamp")),
            (r#"{"error":{"code":7,"message":"no lamp"}}"#, Some("no lamp")),
            (r#"{"error":"invalid_request","error_description":"no lamp"}"#, Some("invalid_request: no lamp")),
            (
                r#"{"type":"about:blank","title":"Bad Request","status":400,"detail":"no lamp"}"#,
                Some("Bad Request: no lamp"),
            ),
            (r#"{"errors":[{"message":"no lamp","path":["a"]}],"data":null}"#, Some("no lamp")),
            (r#"{"detail":[{"loc":["body","x"],"msg":"field required","type":"missing"}]}"#, Some("field required")),
            (
                r#"{"title":"Invalid","errors":{"keyword":["is missing","is short"]}}"#,
                Some("Invalid: keyword: is missing; is short"),
            ),
            (r#"{"error":true,"reason":"no lamp"}"#, Some("no lamp")),
            (r#"["no lamp"]"#, Some("no lamp")),
            (r#"{"lamp":"none"}"#, Some(r#"{"lamp":"none"}"#)),
            (r#"{"error":42}"#, Some(r#"{"error":42}"#)),
            ("42", Some("42")),
            ("{broken", Some("{broken")),
        ] {
            assert_eq!(words(body).as_deref(), expected, "{body}");
        }
    }
}
