//! `connhub usage`: what accounts and connectors use, from the database's file, alongside a running server or without
//! one.
//!
//! Used by [`super`].

use super::{failed, harmless, output};
use crate::model::account::Suspension;
use crate::model::usage::{Stored, Traffic, Usage};
use crate::ops::operator::{self, AccountUsage, ConnectorUsage};
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// The widest first column: with the numbers, a line has 80 characters at most.
const NAME_COLUMN_MAX: usize = 30;
/// What the numbers are of.
const PERIOD: &str = "Callbacks, failures and updates are of the last 24 hours; --json adds today's.\n";
/// How an ID is shown under its connector.
const INDENT: &str = "  ";

/// The options of `connhub usage`.
#[derive(Debug, Args)]
pub(super) struct UsageOptions {
    /// The database's file; a server may be running on it
    #[arg(long, env = "CONNHUB_DB", value_name = "FILE", default_value = "connhub.db")]
    db: PathBuf,

    /// Print JSON, with all figures
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn run(options: &UsageOptions) -> ExitCode {
    let (accounts, connectors) = match operator::usage_at(&options.db) {
        Ok(usage) => usage,
        Err(error) => return failed(&error),
    };
    if options.json {
        return output::print_all(format!("{}\n", as_json(&accounts, &connectors)));
    }
    output::print_all(as_text(&accounts, &connectors))
}

fn as_text(accounts: &[AccountUsage], connectors: &[ConnectorUsage]) -> String {
    let mut rows = vec![heading("ACCOUNT")];
    rows.extend(accounts.iter().map(|account| {
        let mark = match account.record.suspension {
            None => "",
            Some(Suspension::Suspended) => " (suspended)",
            Some(_) => " (removing)",
        };
        row(format!("{}{mark}", harmless(&account.record.account.email)), &account.usage)
    }));
    let mut text = table(&rows);
    text.push('\n');
    if connectors.is_empty() {
        return text + PERIOD;
    }
    let mut rows = vec![heading("CONNECTOR")];
    for connector in connectors {
        let mark = if connector.is_suspended { " (suspended)" } else { "" };
        rows.push(row(format!("{}{mark}", harmless(&connector.name)), &connector.usage));
        rows.push([format!("{INDENT}{} {}", connector.id, harmless(&connector.owner_email))].into());
    }
    text + &table(&rows) + "\n" + PERIOD
}

/// The cells of a line; one that has a single cell is a note below the line before.
type Line = Vec<String>;

fn heading(first: &str) -> Line {
    [first, "ROWS", "BYTES", "CALLBACKS", "FAILED", "UPDATES"].map(str::to_owned).into()
}

/// The figures of 24 hours, and of today if they differ much is for JSON.
fn row(name: String, usage: &Usage) -> Line {
    let Stored { rows, bytes } = usage.stored.unwrap_or_default();
    let Traffic { callbacks, failures, updates } = usage.day;
    vec![name, short(rows), size(bytes), short(callbacks), short(failures), short(updates)]
}

fn table(lines: &[Line]) -> String {
    let cells = lines.iter().filter(|line| line.len() > 1);
    let width = |column: usize, max: usize| {
        cells.clone().map(|line| line[column].chars().count()).filter(|width| *width <= max).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..6).map(|column| width(column, NAME_COLUMN_MAX)).collect();
    let mut text = String::new();
    for line in lines {
        match line.as_slice() {
            [name, numbers @ ..] if !numbers.is_empty() => {
                text.push_str(&format!("{name:first$}", first = widths[0]));
                for (number, width) in numbers.iter().zip(&widths[1..]) {
                    text.push_str(&format!("  {number:>width$}"));
                }
            }
            notes => notes.iter().for_each(|note| text.push_str(note)),
        }
        text.push('\n');
    }
    text
}

/// A number in at most six characters.
fn short(number: u64) -> String {
    scaled(number, 1_000, &["", "k", "M", "G", "T"])
}

/// A number of bytes in at most seven characters.
fn size(bytes: u64) -> String {
    scaled(bytes, 1_024, &["B", "KiB", "MiB", "GiB", "TiB"])
}

fn scaled(number: u64, step: u64, units: &[&str]) -> String {
    let mut unit = 0;
    let mut divisor = 1_u64;
    while number / divisor >= step && unit + 1 < units.len() {
        divisor = divisor.saturating_mul(step);
        unit += 1;
    }
    let name = units.get(unit).copied().unwrap_or_default();
    let whole = number / divisor;
    if unit > 0 && whole < 10 {
        format!("{whole}.{}{name}", number % divisor * 10 / divisor)
    } else {
        format!("{whole}{name}")
    }
}

fn as_json(accounts: &[AccountUsage], connectors: &[ConnectorUsage]) -> Value {
    let traffic = |of: Traffic| json!({ "callbacks": of.callbacks, "failures": of.failures, "updates": of.updates });
    let usage = |of: &Usage| {
        let stored = of.stored.unwrap_or_default();
        json!({ "rows": stored.rows, "bytes": stored.bytes, "today": traffic(of.today), "day": traffic(of.day) })
    };
    let accounts: Vec<Value> = accounts
        .iter()
        .map(|AccountUsage { record, usage: used }| {
            json!({
                "id": record.account.id.to_string(),
                "email": record.account.email,
                "name": record.account.name,
                "role": record.account.role.name(),
                "state": record.suspension.map_or("ACTIVE", Suspension::name),
                "createdAt": record.account.created_at.to_string(),
                "usedAt": record.used_at.to_string(),
                "usage": usage(used),
            })
        })
        .collect();
    let connectors: Vec<Value> = connectors
        .iter()
        .map(|one| {
            json!({
                "id": one.id.to_string(),
                "name": one.name,
                "owner": one.owner.to_string(),
                "ownerEmail": one.owner_email,
                "suspended": one.is_suspended,
                "removed": one.is_removed,
                "usage": usage(&one.usage),
            })
        })
        .collect();
    json!({ "accounts": accounts, "connectors": connectors })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1_000, "1.0k"), (12_345, "12k"), (9_999_999, "9.9M"), (u64::MAX, "18446744T")]
        {
            assert_eq!(short(number), text);
        }
        for (bytes, text) in [(0, "0B"), (1_023, "1023B"), (1_536, "1.5KiB"), (10 << 20, "10MiB"), (3 << 40, "3.0TiB")]
        {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn a_table_fits_in_80_columns_and_cannot_change_the_screen() {
        let busy = Traffic { callbacks: 123_456_789, failures: 9_999, updates: 999_999_999 };
        let usage = Usage { stored: Some(Stored { rows: 987_654_321, bytes: 1_023 << 30 }), today: busy, day: busy };
        let text = table(&[heading("ACCOUNT"), row("a".repeat(NAME_COLUMN_MAX), &usage), vec!["  a note".to_owned()]]);
        let lines: Vec<_> = text.lines().collect();
        assert!(lines.len() == 3 && lines.iter().all(|line| line.chars().count() <= 80), "{text}");
        assert!(lines[1].ends_with("987M  1023GiB       123M    9.9k     999M"), "{text}");
    }
}
