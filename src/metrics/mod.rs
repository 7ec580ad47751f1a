//! How the server does, in numbers, for Prometheus (text format 0.0.4): counters and histograms that the
//! rooms move while they work, and gauges that are read when somebody asks.
//!
//! May use nothing of ours. Used by `store`, `ops`, `callback` and `http`, which count, and by `app`. Labels
//! are words of this program alone, never an ID or a name of a user's: their number is bounded, and whoever
//! may read the metrics learns nothing of anybody. To count takes a few atomic steps, and no lock.

mod watched;

use prometheus::core::Collector;
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, Result,
    TextEncoder,
};
use std::sync::OnceLock;
use std::time::Duration;
use watched::Watched;

/// The media type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Seconds: from a query of a small page to a mutation that waits for a connector (30 s at most).
const REQUEST_SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 10.0, 30.0];
/// Seconds: callbacks go over the internet and are given up after ten.
const CALLBACK_SECONDS: [f64; 9] = [0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Seconds: a transaction takes changes for 20 ms at the most, and a sync of the disk.
const WRITE_SECONDS: [f64; 10] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5];
/// How many changes a transaction may have.
const CHANGES: [f64; 8] = [1.0, 2.0, 5.0, 10.0, 50.0, 100.0, 500.0, 1000.0];

/// What a request was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// GraphQL, over HTTP and as the beginning of a WebSocket.
    Query,
    /// Connectors that report values of properties.
    Property,
    /// Connectors that report anything else.
    Hub,
    /// Sign-in, tokens and all else of OAuth.
    Auth,
    /// `/healthz`, `/readyz` and the metrics themselves.
    Probe,
    /// The Developer Center, the schema, and whatever is not there.
    Page,
}

impl Route {
    const ALL: [Self; 6] = [Self::Query, Self::Property, Self::Hub, Self::Auth, Self::Probe, Self::Page];

    fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Property => "property",
            Self::Hub => "hub",
            Self::Auth => "auth",
            Self::Probe => "probe",
            Self::Page => "page",
        }
    }
}

/// The methods that are told apart; the last stands for all others.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "other"];
/// The classes of status codes; the first is that of requests whose client went away before the answer.
const STATUSES: [&str; 6] = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"];

/// All of them.
pub struct Metrics {
    registry: Registry,
    /// About HTTP.
    pub requests: Requests,
    /// About callbacks to connectors.
    pub callbacks: Callbacks,
    /// About the database.
    pub database: Database,
}

impl Metrics {
    /// Everything at zero.
    ///
    /// # Errors
    /// If two of them have the same name.
    pub fn new() -> Result<Self> {
        let registry = Registry::new();
        let requests = Requests::new(&registry)?;
        let callbacks = Callbacks::new(&registry)?;
        let database = Database::new(&registry)?;
        #[cfg(target_os = "linux")]
        registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        let build = Opts::new("connhub_build_info", "Which connhub this is.").const_label("version", VERSION);
        registered(&registry, IntGauge::with_opts(build)?)?.set(1);
        Ok(Self { registry, requests, callbacks, database })
    }

    /// A gauge that `read` is asked for whenever somebody asks. It must not wait for anything. A second
    /// one of that name is none.
    pub fn watch(&self, name: &str, help: &str, read: impl Fn() -> f64 + Send + Sync + 'static) {
        let added = Watched::new(name, help, read).and_then(|gauge| self.registry.register(Box::new(gauge)));
        if let Err(error) = added {
            tracing::error!(%error, name, "a metric cannot be shown");
        }
    }

    /// What Prometheus reads.
    ///
    /// # Errors
    /// If they cannot be written as text.
    pub fn text(&self) -> Result<Vec<u8>> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn registered<T: Collector + Clone + 'static>(registry: &Registry, metric: T) -> Result<T> {
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn histogram(registry: &Registry, name: &str, help: &str, buckets: &[f64]) -> Result<Histogram> {
    registered(registry, Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))?)
}

/// Requests, and how long they took.
pub struct Requests {
    counters: IntCounterVec,
    seconds: [Histogram; Route::ALL.len()],
    /// Found once, so that counting does not look for them by their words.
    found: [[[OnceLock<IntCounter>; STATUSES.len()]; METHODS.len()]; Route::ALL.len()],
}

impl Requests {
    fn new(registry: &Registry) -> Result<Self> {
        let opts = Opts::new("connhub_http_requests_total", "Requests that have ended.");
        let counters = registered(registry, IntCounterVec::new(opts, &["route", "method", "status"])?)?;
        let opts =
            HistogramOpts::new("connhub_http_request_seconds", "How long requests took until their answer began.");
        let seconds = HistogramVec::new(opts.buckets(REQUEST_SECONDS.to_vec()), &["route"])?;
        let seconds = registered(registry, seconds)?;
        let seconds = Route::ALL.map(|route| seconds.with_label_values(&[route.name()]));
        Ok(Self { counters, seconds, found: Default::default() })
    }

    /// A request ended, with this status if its client waited for the answer.
    pub fn ended(&self, route: Route, method: &str, status: Option<u16>, took: Duration) {
        let method = METHODS.iter().position(|known| *known == method).unwrap_or(METHODS.len() - 1);
        let status = status.map_or(0, |status| usize::from(status / 100).min(STATUSES.len() - 1));
        let counter = &self.found[route as usize][method][status];
        let words = [route.name(), METHODS[method], STATUSES[status]];
        counter.get_or_init(|| self.counters.with_label_values(&words)).inc();
        self.seconds[route as usize].observe(took.as_secs_f64());
    }
}

/// Callbacks, and how long connectors took.
pub struct Callbacks {
    ended: IntCounterVec,
    seconds: HistogramVec,
}

impl Callbacks {
    fn new(registry: &Registry) -> Result<Self> {
        let opts = Opts::new("connhub_callbacks_total", "Callbacks that have ended, by what they came to.");
        let ended = registered(registry, IntCounterVec::new(opts, &["kind", "outcome"])?)?;
        let opts = HistogramOpts::new("connhub_callback_seconds", "How long connectors took to answer, or to fail.");
        let seconds = HistogramVec::new(opts.buckets(CALLBACK_SECONDS.to_vec()), &["kind"])?;
        Ok(Self { ended, seconds: registered(registry, seconds)? })
    }

    /// A callback was sent and came to something.
    pub fn ended(&self, kind: &'static str, outcome: &'static str, took: Duration) {
        self.ended.with_label_values(&[kind, outcome]).inc();
        self.seconds.with_label_values(&[kind]).observe(took.as_secs_f64());
    }
}

/// The writer's transactions and the readers. What it is made of is shared by its clones.
#[derive(Clone)]
pub struct Database {
    write_seconds: Histogram,
    write_changes: Histogram,
    writes_failed: IntCounter,
    /// How long queries wait for a reader, in seconds.
    pub reader_wait: Histogram,
}

impl Database {
    fn new(registry: &Registry) -> Result<Self> {
        let failed = IntCounter::new(
            "connhub_database_write_failures_total",
            "Transactions that could not be written, with all changes in them.",
        )?;
        Ok(Self {
            write_seconds: histogram(
                registry,
                "connhub_database_write_seconds",
                "How long transactions took, from their beginning until they were on the disk.",
                &WRITE_SECONDS,
            )?,
            write_changes: histogram(
                registry,
                "connhub_database_write_changes",
                "How many changes were written in one transaction.",
                &CHANGES,
            )?,
            writes_failed: registered(registry, failed)?,
            reader_wait: histogram(
                registry,
                "connhub_database_reader_wait_seconds",
                "How long queries waited for one of the readers.",
                &WRITE_SECONDS,
            )?,
        })
    }

    /// A transaction with so many changes ended.
    pub fn written(&self, changes: usize, took: Duration, well: bool) {
        self.write_seconds.observe(took.as_secs_f64());
        // Fewer than a million.
        self.write_changes.observe(changes as f64);
        if !well {
            self.writes_failed.inc();
        }
    }
}

#[cfg(test)]
mod tests;
