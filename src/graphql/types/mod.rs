//! The types of the schema, by noun. Fields are getters; children come from a [`super::batch`].

pub mod account;
pub mod action;
pub mod callback;
pub mod connector;
pub mod history;
pub mod lifecycle;
pub mod live;
pub mod operator;
pub mod parameter;
pub mod thing;

use crate::graphql::error::Answered;
use crate::graphql::id::ID;
use crate::model::error::{Error, Violation};
use crate::model::page::Page;

use std::str::FromStr;

/// A page from the arguments of a list.
pub fn page<Id: FromStr>(first: Option<i32>, after: Option<&ID>) -> Answered<Page<Id>> {
    let after = after.map(|after| {
        after.parse::<Id>().map_err(|_| {
            Error::Invalid(vec![Violation {
                path: "after".to_owned(),
                message: "must be the id of the last row of the page before".to_owned(),
            }])
        })
    });
    Ok(Page::new(first, after.transpose()?)?)
}

/// An identifier from an argument; what is none names nothing.
pub fn id<Id: FromStr>(noun: &str, argument: &ID) -> Answered<Id> {
    Ok(argument.parse().map_err(|_| Error::not_found(noun, &**argument))?)
}
