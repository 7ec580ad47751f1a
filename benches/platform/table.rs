//! The table of figures, in Markdown.

use crate::turns::{Pair, Side};
use std::fmt;

/// The table.
#[derive(Debug, Default)]
pub struct Table(Vec<[String; 6]>);

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
        self.0.push([
            name.to_owned(),
            format!("{:.0}/s", product.rate()),
            format!("{:.0}/s", reference.rate()),
            format!("{:.3}", pair.ratio()),
            verdict,
            format!("{} : {}", micros(product), micros(reference)),
        ]);
    }

    /// A figure of its own.
    pub fn single(&mut self, name: &str, figure: f64, unit: &str, wanted: Wanted, remark: &str) {
        let digits = if figure < 100.0 { 1 } else { 0 };
        self.0.push([
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
        writeln!(f, "| figure | connhub | bare warp | ratio | wanted | CPU of the servers per request |")?;
        writeln!(f, "| --- | ---: | ---: | ---: | --- | ---: |")?;
        self.0.iter().try_for_each(|cells| writeln!(f, "| {} |", cells.join(" | ")))
    }
}
