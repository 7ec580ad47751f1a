//! Sends callbacks to connectors: compose → sign → send → interpret → settle, on a pool of threads.
//!
//! May use `model` and `ops`. Must not know `store`, warp or juniper. Used by `app`, which calls
//! [`prepare`] and hands the [`Pool`] to the platform as its dispatcher.
//!
//! A callback's way through the files: `pool` (a thread takes it from `queue`, which keeps everybody
//! to its share) → `worker` → `message` (body and URL) → `sign` → `client` (→ `connect` → `resolve`,
//! `guard`: where it may go, `proxy`: how out, `tls`: whom it trusts; → `wire` → `framing`, `socket`: HTTP as it is in the field) →
//! `interpret` (→ `answer`: what the bodies mean; `advice`: what to do) → `redact` (the log).

mod advice;
mod answer;
mod client;
mod connect;
mod framing;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod guard;
mod interpret;
mod message;
mod pool;
mod problem;
mod proxy;
mod queue;
mod redact;
mod resolve;
mod sign;
mod socket;
#[cfg(test)]
mod tests;
mod tls;
mod wire;
mod worker;

use crate::model::error::Result;
use crate::ops::Platform;
use ipnet::IpNet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use pool::Pool;
pub use proxy::Proxy;

/// What the operator decides about callbacks (protocol.md, "Isolation" and "Limits").
#[derive(Debug, Clone)]
pub struct Settings {
    /// The most callbacks under way at once, each of which holds a thread.
    pub threads: usize,
    /// The most of them to one publication's connector.
    pub threads_per_publication: usize,
    /// The most of them to the connectors of one account.
    pub threads_per_owner: usize,
    /// The most callbacks that wait for one publication's connector.
    pub queue_places: usize,
    /// The longest that a whole exchange may take, from the look-up of the name to the answer's end.
    pub timeout: Duration,
    /// The longest that look-up, connecting and the TLS handshake may take together.
    pub connect_timeout: Duration,
    /// A PEM file with certificates to trust beside the web's roots.
    pub extra_ca: Option<PathBuf>,
    /// Whether the signed URL carries the real scheme rather than always `https`.
    pub sign_actual_scheme: bool,
    /// Whether callbacks may go to loopback addresses.
    pub allow_loopback: bool,
    /// Ranges that callbacks may go to whatever else is said of them, by plain http too.
    pub opened: Vec<IpNet>,
    /// What callbacks to the internet go through.
    pub proxy: Option<Proxy>,
    /// Whether no callback is sent, and each fails at once.
    pub disabled: bool,
    /// Single services that callbacks may go to whatever else is said of them: the demo connector.
    pub services: Vec<SocketAddr>,
}

impl Default for Settings {
    /// The limits of protocol.md; loopback is refused, as on a server that strangers can reach.
    fn default() -> Self {
        Self {
            threads: 256,
            threads_per_publication: 16,
            threads_per_owner: 32,
            queue_places: 10_000,
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
            extra_ca: None,
            sign_actual_scheme: false,
            allow_loopback: false,
            opened: Vec::new(),
            proxy: None,
            disabled: false,
            services: Vec::new(),
        }
    }
}

/// All that sending callbacks needs but the platform: its files are read, and nothing is started yet.
pub struct Prepared {
    client: client::Client,
    settings: Settings,
}

/// Reads the file of extra certificates.
///
/// # Errors
/// If it cannot be used.
pub fn prepare(settings: Settings) -> Result<Prepared> {
    Ok(Prepared { client: client::Client::new(&settings)?, settings })
}

impl Prepared {
    /// Starts the pool that sends the platform's callbacks.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start(self, platform: Arc<Platform>) -> Result<Arc<Pool>> {
        let Self { client, settings } = self;
        if settings.disabled {
            tracing::warn!("callbacks are not sent (--no-callbacks): installing, instantiating and actions fail");
        }
        let worker = worker::Worker::new(platform, client, &settings);
        Pool::start(queue::Limits::of(&settings), settings.threads, move |id| worker.run(id)).map(Arc::new)
    }
}
