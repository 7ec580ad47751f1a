//! The table of figures, in Markdown.

use crate::turns::{Pair, Side, median};
use std::fmt;

/// The table.
#[derive(Debug, Default)]
pub struct Table {
    /// Held against a bare route.
    rates: Vec<[String; 6]>,
    /// Held against plain rusqlite.
    times: Vec<[String; 7]>,
}

/// How long a query took in one turn, in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// Of the server, over HTTP.
    pub product: f64,
    /// The same rows read by plain rusqlite, in this process.
    pub plain: f64,
    /// The same bytes answered by a bare route.
    pub bare: f64,
    /// Of the operations behind the query, in this process.
    pub operations: f64,
}

/// What is wanted of a figure.
#[derive(Debug, Clone, Copy)]
pub enum Wanted {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
}

impl Wanted {
    /// What was wanted, and whether it was reached.
    fn verdict(self, figure: f64, unit: &str) -> String {
        let (sign, limit, reached) = match self {
            Self::AtLeast(limit) => ("≥", limit, figure >= limit),
            Self::AtMost(limit) => ("≤", limit, figure <= limit),
        };
        format!("{sign} {limit}{unit} {}", if reached { "✓" } else { "✗" })
    }
}

impl Table {
    /// A ratio.
    pub fn ratio(&mut self, name: &str, pair: &Pair, wanted: f64) {
        let ratio = pair.ratio();
        self.pair(name, pair, Wanted::AtLeast(wanted).verdict(ratio, ""));
    }

    /// A rate, with a ratio of which nothing is wanted.
    pub fn rate(&mut self, name: &str, pair: &Pair) {
        self.pair(name, pair, String::new());
    }

    fn pair(&mut self, name: &str, pair: &Pair, verdict: String) {
        let Pair { product, reference } = pair;
        self.rates.push([
            name.to_owned(),
            format!("{:.0}/s", product.rate()),
            format!("{:.0}/s", reference.rate()),
            format!("{:.3}", pair.ratio()),
            verdict,
            format!("{} : {}", micros(product), micros(reference)),
        ]);
    }

    /// The times of turns, with the ratio that is wanted at most.
    pub fn times(&mut self, name: &str, turns: &[Times], wanted: f64) {
        let of = |time: fn(&Times) -> f64| median(turns.iter().map(time).collect());
        let millis = |time: fn(&Times) -> f64| format!("{:.3} ms", of(time) * 1e3);
        let verdict = |ratio: f64| format!("{ratio:.2} ({})", Wanted::AtMost(wanted).verdict(ratio, ""));
        self.times.push([
            name.to_owned(),
            millis(|turn| turn.product),
            millis(|turn| turn.plain),
            millis(|turn| turn.bare),
            verdict(of(|turn| turn.operations / turn.plain)),
            verdict(of(|turn| turn.product / turn.plain)),
            verdict(of(|turn| turn.product / (turn.plain + turn.bare))),
        ]);
    }

    /// A figure of its own.
    pub fn single(&mut self, name: &str, figure: f64, unit: &str, wanted: Wanted, remark: &str) {
        let digits = if figure < 100.0 { 1 } else { 0 };
        self.rates.push([
            name.to_owned(),
            format!("{figure:.digits$}{unit}"),
            String::new(),
            String::new(),
            wanted.verdict(figure, unit),
            remark.to_owned(),
        ]);
    }
}

fn micros(side: &Side) -> String {
    format!("{:.0} µs", side.cpu_per_request().as_secs_f64() * 1e6)
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.rates.is_empty() {
            writeln!(f, "| figure | connhub | bare warp | ratio | wanted | CPU of the servers per request |")?;
            writeln!(f, "| --- | ---: | ---: | ---: | --- | ---: |")?;
            self.rates.iter().try_for_each(|cells| writeln!(f, "| {} |", cells.join(" | ")))?;
        }
        if !self.times.is_empty() {
            writeln!(
                f,
                "\n| query | connhub, over HTTP | plain rusqlite | bare route | operations to rusqlite | \
                 HTTP to rusqlite | HTTP to rusqlite and bare route |"
            )?;
            writeln!(f, "| --- | ---: | ---: | ---: | ---: | ---: | ---: |")?;
            self.times.iter().try_for_each(|cells| writeln!(f, "| {} |", cells.join(" | ")))?;
        }
        Ok(())
    }
}
