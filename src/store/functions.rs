//! What SQLite cannot do itself, as functions of its statements. None is part of the schema: other programs can write
//! the database too.

use crate::model::filter::LikePattern;
use crate::model::markdown;
use crate::model::text::{email_key, searchable};
use crate::store::allowance::{Current, interrupted};
use crate::store::sealing::Sealing;
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Gives a connection these functions:
/// - `is_like(value, pattern)`: SQLite's own LIKE does not tell `a` from `A`, and neither that nor its GLOB sees what
///   stands behind a NUL;
/// - `holds(text, sought)` and `is_same(text, sought)`: whether a text contains, or is, what somebody searches for;
///   `sought` is [`searchable`] already, while SQLite's `lower` knows the letters of ASCII alone;
/// - `email_key_of(email)`: what e-mails of one address have in common;
/// - `sealed` and `unsealed`, see [`crate::store::sealing`], of a database that is not encrypted;
/// - `markdown_html(text)`: Markdown as HTML that a page may show.
pub(super) fn add(connection: &Connection) -> rusqlite::Result<()> {
    Sealing::Plain.add(connection)?;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    add_is_like(connection, Current::default())?;
    connection.create_scalar_function("holds", 2, flags, |context| {
        Ok(searchable(context.get_raw(0).as_str()?).contains(context.get_raw(1).as_str()?))
    })?;
    connection.create_scalar_function("is_same", 2, flags, |context| {
        Ok(searchable(context.get_raw(0).as_str()?) == context.get_raw(1).as_str()?)
    })?;
    connection
        .create_scalar_function("email_key_of", 1, flags, |context| Ok(email_key(context.get_raw(0).as_str()?)))?;
    connection.create_scalar_function("markdown_html", 1, flags, |context| {
        Ok(markdown::to_html(context.get_raw(0).as_str()?))
    })
}

/// Gives a connection `is_like` within the allowance of the query that it serves: one call may match a pattern of 1 KB
/// against a value of 64 KiB, which takes longer than thousands of SQLite's own steps.
pub(super) fn add_is_like(connection: &Connection, current: Current) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("is_like", 2, flags, move |context| is_like(context, &current))
}

fn is_like(context: &Context<'_>, current: &Current) -> rusqlite::Result<bool> {
    // Read once for all the rows of a statement.
    let pattern = context.get_or_create_aux(1, |pattern| {
        LikePattern::parse(pattern.as_str()?).ok_or_else(|| Error::from("no pattern"))
    })?;
    // Anything but a text is like no pattern.
    let Ok(text) = context.get_raw(0).as_str() else { return Ok(false) };
    pattern.matches_unless(text, || current.look()).ok_or_else(interrupted)
}
