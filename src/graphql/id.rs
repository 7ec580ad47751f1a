//! The scalar `ID`. juniper has one as well, but that takes integers of 32 bits alone, while clients that
//! number their things have IDs of any length.
//!
//! Used wherever the schema has an ID.

use crate::graphql::scalars::{Scalar, text_or_number};
use juniper::GraphQLScalar;
use std::fmt;
use std::ops::Deref;

/// An identifier, always a string in results. An integer of any length is taken for the string of its digits.
#[derive(Clone, Debug, PartialEq, Eq, GraphQLScalar)]
#[graphql(scalar = Scalar, parse_token_with = text_or_number)]
pub struct ID(String);

impl ID {
    /// From a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    fn to_output(&self) -> Scalar {
        Scalar::String(self.0.clone())
    }

    fn from_input(scalar: &juniper::Scalar<Scalar>) -> Result<Self, String> {
        match &**scalar {
            Scalar::String(text) => Ok(Self(text.clone())),
            Scalar::Int(number) => Ok(Self(number.to_string())),
            Scalar::Integer(digits) if digits.is_whole() => Ok(Self(digits.to_string())),
            // Variables beyond 64 bits have lost digits by now, and with them whom they name.
            other => Err(format!("an ID is a string or an integer of up to 64 bits, not {other}: put it in quotes")),
        }
    }
}

impl Deref for ID {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ID {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
