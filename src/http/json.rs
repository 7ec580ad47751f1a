//! Reads JSON bodies so that everything that is wrong with one is told at once, each with its place.
//!
//! May use `model::error` and serde_json, whose limit of 128 nested levels stays on. Used by
//! [`crate::http::wire`], [`crate::http::login`] and [`crate::http::graphql`].

use crate::model::error::{Error, Result, Violation};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::fmt;

/// Everything that is wrong with a body.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Violation>);

impl Problems {
    /// Notes one.
    pub(super) fn add(&mut self, path: impl fmt::Display, message: impl Into<String>) {
        self.0.push(Violation { path: path.to_string(), message: message.into() });
    }

    /// Notes what a rule of `model` says, its paths put under a place, but not where something else
    /// is known to be wrong: that would only tell of what stands in for the missing value.
    pub(super) fn absorb<T>(&mut self, under: Option<&Place<'_>>, checked: Result<T>) -> Option<T> {
        let violations = match checked {
            Ok(value) => return Some(value),
            Err(Error::Invalid(violations)) => violations,
            Err(other) => vec![Violation { path: String::new(), message: other.to_string() }],
        };
        let known = self.0.len();
        for Violation { path, message } in violations {
            let path = under.map_or_else(|| path.clone(), |place| place.then(&path).to_string());
            if !self.0[..known].iter().any(|earlier| covers(&earlier.path, &path)) {
                self.0.push(Violation { path, message });
            }
        }
        None
    }

    /// The value, if nothing is wrong.
    pub(super) fn into_result<T>(self, value: T) -> Result<T> {
        if self.0.is_empty() { Ok(value) } else { Err(Error::Invalid(self.0)) }
    }
}

fn covers(outer: &str, path: &str) -> bool {
    path.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// A place in a body; written only where something is wrong there.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    /// A key of the body itself.
    Key(&'a str),
    /// A key of an object.
    Under(&'a Place<'a>, &'a str),
    /// An element of a list.
    At(&'a Place<'a>, usize),
}

impl<'a> Place<'a> {
    /// A key of the object that is here.
    pub(super) fn then(&'a self, key: &'a str) -> Self {
        Self::Under(self, key)
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => f.write_str(key),
            Self::Under(place, key) => write!(f, "{place}.{key}"),
            Self::At(place, index) => write!(f, "{place}[{index}]"),
        }
    }
}

/// The members of a body that must be an object such as `example`.
///
/// # Errors
/// One violation that says where the text ends to be such JSON, by line and column.
pub(super) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8], example: &str) -> Result<T> {
    let wrong = |message: String| Err(Error::Invalid(vec![Violation { path: String::new(), message }]));
    let Ok(text) = std::str::from_utf8(body) else {
        return wrong("the body is not UTF-8".to_owned());
    };
    // A derived structure would also take a list, its members by their order.
    let found = match text.trim_start_matches([' ', '\t', '\r', '\n']).chars().next() {
        Some('{') => {
            return serde_json::from_str(text)
                .or_else(|error| wrong(format!("the body must be JSON such as {example}: {error}")));
        }
        None => "it is empty",
        Some('[') => "it is a list",
        Some(_) => "it does not begin with {",
    };
    wrong(format!("the body must be a JSON object such as {example}: {found}"))
}

/// What kind of JSON a value is, for an error.
pub(super) fn kind(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A text, if the member is given and one.
pub(super) fn text(member: Option<&RawValue>, key: &str, problems: &mut Problems) -> Option<String> {
    let json = member?.get();
    if !json.starts_with('"') {
        problems.add(key, format!("must be a string, not {}", kind(json)));
        return None;
    }
    serde_json::from_str(json).map_err(|error| problems.add(key, format!("is not a valid string: {error}"))).ok()
}

/// A text that must be given; empty where something is noted instead.
pub(super) fn required_text(member: Option<&RawValue>, key: &str, problems: &mut Problems) -> String {
    if member.is_none() {
        problems.add(key, "must be given, as a string");
    }
    text(member, key, problems).unwrap_or_default()
}

/// An object within a body, and where it stands. Absent and null members are empty ones.
#[derive(Clone, Copy)]
pub(super) struct Object<'a> {
    members: Option<&'a Map<String, Value>>,
    /// Where it stands.
    pub(super) place: Place<'a>,
}

impl<'a> Object<'a> {
    /// The object that a value must be; one without members where something is noted instead.
    pub(super) fn of(value: Option<&'a Value>, place: Place<'a>, problems: &mut Problems) -> Self {
        let members = match value {
            Some(Value::Object(members)) => Some(members),
            other => {
                let found = other.map_or("absent", kind_of);
                problems.add(place, format!("must be an object, not {found}"));
                None
            }
        };
        Self { members, place }
    }

    fn given(&self, key: &str) -> Option<&'a Value> {
        self.members?.get(key).filter(|value| !value.is_null())
    }

    /// Whether a member is absent, null or the empty text.
    pub(super) fn is_empty(&self, key: &str) -> bool {
        self.given(key).is_none_or(|value| value.as_str() == Some(""))
    }

    /// A text; empty where absent.
    pub(super) fn text(&self, key: &str, problems: &mut Problems) -> String {
        match self.given(key) {
            None => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => {
                problems.add(self.place.then(key), format!("must be a string, not {}", kind_of(other)));
                String::new()
            }
        }
    }

    /// A text that names one of a few; none where absent, empty or something else, which is noted.
    pub(super) fn name<T>(
        &self,
        key: &str,
        from_name: impl Fn(&str) -> Option<T>,
        names: &str,
        problems: &mut Problems,
    ) -> Option<T> {
        let known = problems.0.len();
        let text = self.text(key, problems);
        if text.is_empty() || problems.0.len() > known {
            return None;
        }
        let named = from_name(&text);
        if named.is_none() {
            problems.add(self.place.then(key), format!("must be one of {names}, not {text:?}"));
        }
        named
    }

    fn list(&self, key: &str, problems: &mut Problems) -> &'a [Value] {
        match self.given(key) {
            None => &[],
            Some(Value::Array(list)) => list,
            Some(other) => {
                problems.add(self.place.then(key), format!("must be a list, not {}", kind_of(other)));
                &[]
            }
        }
    }

    /// A list of texts; empty where absent.
    pub(super) fn texts(&self, key: &str, problems: &mut Problems) -> Vec<String> {
        let place = self.place.then(key);
        let mut texts = Vec::new();
        for (index, value) in self.list(key, problems).iter().enumerate() {
            match value {
                Value::String(text) => texts.push(text.clone()),
                other => problems.add(Place::At(&place, index), format!("must be a string, not {}", kind_of(other))),
            }
        }
        texts
    }

    /// A list of objects; empty where absent. What is none of them is noted and read as an empty
    /// one, so that the others keep their numbers.
    pub(super) fn objects<T>(
        &self,
        key: &str,
        problems: &mut Problems,
        read: impl Fn(Object<'_>, &mut Problems) -> T,
    ) -> Vec<T> {
        let place = self.place.then(key);
        let mut objects = Vec::new();
        for (index, value) in self.list(key, problems).iter().enumerate() {
            let object = Object::of(Some(value), Place::At(&place, index), problems);
            objects.push(match object.members {
                Some(_) => read(object, problems),
                None => read(object, &mut Problems::default()),
            });
        }
        objects
    }
}
