//! What is told at the end.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// How often each kind of thing happened.
pub type Counts = BTreeMap<String, usize>;

/// All figures of a run.
#[derive(Debug, Default)]
pub struct Figures {
    /// How often the server was killed while clients were at work.
    pub rounds: usize,
    /// How often it was killed once more while it was starting.
    pub killed_while_starting: usize,
    /// How often the disk was spoilt while clients were at work, by what was wrong.
    pub spoilt: Counts,
    /// How often it was mended before the kill, and how long the server then took to be ready again.
    pub recoveries: Vec<Duration>,
    /// What was refused because it could not be written.
    pub refused: Counts,
    /// What was acknowledged.
    pub acknowledged: Counts,
    /// What was asked for and not acknowledged when the server was killed.
    pub in_flight: Counts,
    /// The callbacks without an outcome that the kills left behind.
    pub interrupted: Counts,
    /// How many values, action requests and so on were compared after the restarts.
    pub compared: Counts,
    /// From exec to the line that says that the server listens.
    pub restarts: Vec<Duration>,
    /// All of it.
    pub duration: Duration,
}

/// Adds to a count.
pub fn count(counts: &mut Counts, kind: &str, more: usize) {
    match counts.get_mut(kind) {
        Some(count) => *count += more,
        None => drop(counts.insert(kind.to_owned(), more)),
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut restarts = self.restarts.clone();
        restarts.sort();
        let median = restarts.get(restarts.len() / 2).copied().unwrap_or_default();
        let longest = restarts.last().copied().unwrap_or_default();
        let line =
            |f: &mut fmt::Formatter<'_>, what: &str, figure: &dyn fmt::Display| writeln!(f, "| {what} | {figure} |");
        let group = |f: &mut fmt::Formatter<'_>, what: &str, counts: &Counts| {
            counts.iter().try_for_each(|(kind, count)| line(f, &format!("{what}: {kind}"), count))
        };
        writeln!(f, "| figure | |\n| --- | ---: |")?;
        line(f, "kills under load", &self.rounds)?;
        line(f, "kills while starting", &self.killed_while_starting)?;
        group(f, "the disk was made", &self.spoilt)?;
        line(f, "refused because of that, and not there", &self.refused.values().sum::<usize>())?;
        group(f, "refused", &self.refused)?;
        line(f, "the disk was mended before the kill", &self.recoveries.len())?;
        let slowest = self.recoveries.iter().max().copied().unwrap_or_default();
        line(f, "ready again by itself, longest", &format!("{:.1} ms", slowest.as_secs_f64() * 1e3))?;
        line(f, "acknowledged operations", &self.acknowledged.values().sum::<usize>())?;
        group(f, "acknowledged", &self.acknowledged)?;
        line(f, "in flight at the kill, unacknowledged", &self.in_flight.values().sum::<usize>())?;
        group(f, "in flight", &self.in_flight)?;
        group(f, "callback interrupted and recovered", &self.interrupted)?;
        group(f, "compared after restarts", &self.compared)?;
        line(f, "restart until it listens, median", &format!("{:.1} ms", median.as_secs_f64() * 1e3))?;
        line(f, "restart until it listens, longest", &format!("{:.1} ms", longest.as_secs_f64() * 1e3))?;
        line(f, "duration", &format!("{:.1} s", self.duration.as_secs_f64()))
    }
}
