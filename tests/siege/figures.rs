//! What is measured, and the bounds that hold during the siege.

use std::fmt;
use std::time::Duration;

/// How long a read may take. Undisturbed it is some milliseconds, and before there were turns and budgets it was 30 s. The
/// attackers' hundred threads share the server's cores, which are two where these tests usually run.
const READ_MAX: Duration = Duration::from_secs(1);
/// How much longer an installation may take than undisturbed.
const INSTALL_MORE_MAX: Duration = Duration::from_secs(5);
/// The memory that a public demo's machine has, in bytes.
const MEMORY_MAX: u64 = 1 << 30;
/// The write-ahead log's bound, with room for what one transaction adds, in bytes.
const LOG_MAX: u64 = 256 << 20;

/// How long reads and installations took.
#[derive(Debug, Default, Clone)]
pub struct Samples {
    reads: Vec<Duration>,
    installs: Vec<Duration>,
}

/// Those before the siege.
pub type Calm = Samples;

impl Samples {
    /// Notes one of each.
    pub fn note(&mut self, read: Duration, install: Duration) {
        self.reads.push(read);
        self.installs.push(install);
    }
}

/// The value that so many of a hundred do not exceed.
fn percentile(samples: &[Duration], percent: usize) -> Duration {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [read, slow_read] = [50, 95].map(|percent| percentile(&self.reads, percent));
        let [install, slow_install] = [50, 95].map(|percent| percentile(&self.installs, percent));
        write!(f, "read p50 {read:.1?}, p95 {slow_read:.1?}; install p50 {install:.1?}, p95 {slow_install:.1?}")?;
        write!(f, " ({} of each)", self.reads.len())
    }
}

/// How long things may take during the siege.
pub struct Bounds {
    install: Duration,
}

impl Bounds {
    /// As far as they depend on how long things take undisturbed.
    pub fn of(calm: &Calm) -> Self {
        Self { install: percentile(&calm.installs, 50) + INSTALL_MORE_MAX }
    }

    /// Which of them do not hold.
    pub fn broken_by(&self, samples: &Samples) -> Vec<String> {
        let checks = [("reads", &samples.reads, READ_MAX), ("installations", &samples.installs, self.install)];
        let broken = checks.into_iter().filter_map(|(what, samples, max)| {
            let median = percentile(samples, 50);
            (median > max).then(|| format!("{what} take {median:.1?}, more than {max:.1?}"))
        });
        broken.collect()
    }
}

/// What the server uses, in bytes.
pub struct Resources {
    /// The most memory that it has used so far.
    pub memory_peak: u64,
    /// The database.
    pub database: u64,
    /// Its write-ahead log.
    pub log: u64,
}

impl Resources {
    /// Which bounds do not hold.
    pub fn broken(&self) -> Vec<String> {
        let checks = [("memory", self.memory_peak, MEMORY_MAX), ("the write-ahead log", self.log, LOG_MAX)];
        let broken = checks.into_iter().filter(|(_, used, max)| used > max);
        broken.map(|(what, used, max)| format!("{what}: {} MiB, more than {} MiB", used >> 20, max >> 20)).collect()
    }
}

impl fmt::Display for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [memory, database, log] = [self.memory_peak, self.database, self.log].map(|bytes| bytes >> 20);
        write!(f, "memory peak {memory} MiB, database {database} MiB, write-ahead log {log} MiB")
    }
}
