//! How values stand in GraphQL: the scalars `Time` and `JSON`, and what all scalars are made of.

use crate::model::time::Timestamp;
use crate::ops::meter::{self, Use};
use juniper::{GraphQLScalar, ParseError, ParseScalarResult, ScalarToken, ScalarValue};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;
use std::fmt;

/// The longest text that is not charged one by one: what is short is charged by row, see [`crate::graphql::list`].
const SHORT_BYTES: usize = 64;

/// A scalar in a query or a response. Unlike juniper's own it can hold JSON of any shape, which
/// goes into the response as it stands: numbers keep their literals, objects their order.
#[derive(Clone, Debug, PartialEq, ScalarValue, Serialize)]
#[serde(untagged)]
pub enum Scalar {
    /// 32 bits, as GraphQL has it.
    #[value(to_float, to_int)]
    Int(i32),
    /// Beyond 32 bits, with all its digits: for IDs, and for numbers that are compared with values of
    /// histories. juniper knows none of these and would refuse the literal.
    Integer(Digits),
    /// 64 bits.
    #[value(to_float)]
    Float(f64),
    /// A text.
    #[value(as_str, to_string)]
    String(String),
    /// A truth value.
    #[value(to_bool)]
    Boolean(bool),
    /// JSON of any shape; in responses alone.
    Json(JsonText),
}

/// A text that is known to be JSON.
#[derive(Clone, Debug)]
pub struct JsonText(Box<RawValue>);

impl PartialEq for JsonText {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

impl Serialize for JsonText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// The literal of a number that no other scalar holds: digits with a sign before them, or with an exponent that is
/// too large.
#[derive(Clone, Debug, PartialEq)]
pub struct Digits(Box<str>);

impl Digits {
    /// Whether it is an integer.
    pub fn is_whole(&self) -> bool {
        self.0.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
    }

    /// The nearest number of 64 bits; infinity where there is none.
    pub fn to_float(&self) -> f64 {
        // Digits are always a number.
        self.0.parse().unwrap_or(f64::INFINITY)
    }
}

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Digits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = RawValue::from_string(self.0.to_string()).map_err(serde::ser::Error::custom)?;
        json.serialize(serializer)
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(number) => number.fmt(f),
            Self::Integer(digits) => digits.fmt(f),
            Self::Float(number) => number.fmt(f),
            Self::String(text) => text.fmt(f),
            Self::Boolean(truth) => truth.fmt(f),
            Self::Json(text) => text.0.get().fmt(f),
        }
    }
}

impl From<i32> for Scalar {
    fn from(number: i32) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for Scalar {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<String> for Scalar {
    /// Long texts are charged to the response that they are made for, see [`meter`]. One that is too much is left out:
    /// the whole response gives way to an error then.
    fn from(text: String) -> Self {
        let fits = text.len() <= SHORT_BYTES || meter::take(Use::Written, text.len());
        Self::String(if fits { text } else { String::new() })
    }
}

impl From<bool> for Scalar {
    fn from(truth: bool) -> Self {
        Self::Boolean(truth)
    }
}

impl TryFrom<Scalar> for String {
    type Error = Scalar;

    fn try_from(scalar: Scalar) -> Result<Self, Scalar> {
        match scalar {
            Scalar::String(text) => Ok(text),
            other => Err(other),
        }
    }
}

impl Scalar {
    fn long(number: impl ToString) -> Self {
        Self::Integer(Digits(number.to_string().into_boxed_str()))
    }
}

/// Reads a literal number of any size. juniper's own scalars would refuse one beyond 32 bits.
///
/// # Errors
/// If it is no number.
pub fn whole_or_fraction(token: ScalarToken<'_>) -> ParseScalarResult<Scalar> {
    match token {
        ScalarToken::Int(digits) => Ok(digits.parse().map_or_else(|_| Scalar::long(digits), Scalar::Int)),
        ScalarToken::Float(literal) => match literal.parse() {
            Ok(number) if f64::is_finite(number) => Ok(Scalar::Float(number)),
            // Kept as it is, so that the error can name it.
            Ok(_) => Ok(Scalar::long(literal)),
            Err(_) => Err(ParseError::UnexpectedToken(literal.into())),
        },
        ScalarToken::String(_) => Err(ParseError::UnexpectedToken(token.to_string().into())),
    }
}

/// Reads a literal that may be a text or a number.
///
/// # Errors
/// If the text has a wrong escape.
pub fn text_or_number(token: ScalarToken<'_>) -> ParseScalarResult<Scalar> {
    match token {
        ScalarToken::String(literal) => Ok(Scalar::String(literal.parse()?.into_owned())),
        number => whole_or_fraction(number),
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, a text, true or false")
            }

            fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Scalar, E> {
                Ok(Scalar::Boolean(truth))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Scalar, E> {
                Ok(i32::try_from(number).map_or_else(|_| Scalar::long(number), Scalar::Int))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Scalar, E> {
                Ok(i32::try_from(number).map_or_else(|_| Scalar::long(number), Scalar::Int))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Scalar, E> {
                Ok(Scalar::Float(number))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar::String(text.to_owned()))
            }

            fn visit_string<E: de::Error>(self, text: String) -> Result<Scalar, E> {
                Ok(Scalar::String(text))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// RFC 3339 in UTC with microseconds, as 2020-04-02T08:13:45.598302Z. Any offset is taken on input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, GraphQLScalar)]
#[graphql(scalar = Scalar, to_output_with = rfc3339, parse_token(String))]
pub struct Time(pub Timestamp);

fn rfc3339(time: &Time) -> String {
    time.0.to_string()
}

impl Time {
    fn from_input(text: &str) -> Result<Self, String> {
        Timestamp::parse(text).map(Self).map_err(|error| error.to_string())
    }
}

/// Any JSON value, given and returned as such (not as a string).
#[derive(Clone, Debug, PartialEq, GraphQLScalar)]
#[graphql(scalar = Scalar, name = "JSON", parse_token_with = text_or_number)]
pub struct Json(JsonText);

impl Json {
    /// From a text that should be JSON; `None` if it is not.
    pub fn new(text: &str) -> Option<Self> {
        RawValue::from_string(text.to_owned()).ok().map(|raw| Self(JsonText(raw)))
    }

    /// From what can be written as JSON; `None` if it cannot.
    pub fn of(value: &impl Serialize) -> Option<Self> {
        serde_json::value::to_raw_value(value).ok().map(|raw| Self(JsonText(raw)))
    }

    /// As it stands in a response.
    pub fn into_scalar(self) -> Scalar {
        Scalar::Json(self.0)
    }

    fn to_output(&self) -> Scalar {
        let fits = meter::take(Use::Written, self.0.0.get().len());
        Scalar::Json(if fits { self.0.clone() } else { JsonText(RawValue::NULL.to_owned()) })
    }

    fn from_input(scalar: &juniper::Scalar<Scalar>) -> Result<Self, String> {
        let text = serde_json::to_string(&**scalar).map_err(|error| error.to_string())?;
        Self::new(&text).ok_or_else(|| "not JSON".to_owned())
    }
}
