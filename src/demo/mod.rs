//! The built-in demo connector: a connector like any other, which knows the platform by its
//! protocol alone. It gives people something to install, and every answer a connector can give.
//! May use nothing of connhub's other rooms. Used by `app` and `cli`, which start it, and by
//! whoever publishes it.

mod actions;
mod answer;
mod bell;
mod call;
mod callbacks;
mod clock;
mod clockwork;
mod description;
mod ending;
mod hub;
mod keep;
mod lamp;
mod memory;
mod message;
mod page;
mod past;
mod reply;
mod routes;
mod settings;
mod signature;
mod state;
#[cfg(test)]
mod tests;
mod things;
mod weather;
mod workers;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

pub use description::{CallbackUrls, Description, DisplayType, Parameter, ValueType, callback_urls, description};
pub use hub::{InvalidHub, check_hub};
pub use keep::{Keep, StateFile};
pub use past::value_at;
pub use things::ORIGIN;

/// How long stopping waits for answers under way, and then again for the threads.
const STOP_PATIENCE: Duration = Duration::from_secs(3);

/// What the demo connector needs to know.
#[derive(Clone)]
pub struct Config {
    /// The platform's base URL, such as `http://127.0.0.1:7171`.
    pub hub: String,
    /// The key that callbacks must be signed with, if it is known yet. Until then all are refused.
    pub public_key: Option<[u8; 32]>,
    /// Where to keep tokens and things for the next start; without it they are forgotten.
    pub state: Option<Arc<dyn Keep>>,
}

/// Why the demo connector cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is nothing to accept connections from.
    #[error("the demo connector does not know where it listens: {0}")]
    Listen(#[source] io::Error),
    /// The hub's address is of no use.
    #[error(transparent)]
    Hub(#[from] InvalidHub),
    /// There is a state, but it cannot be read or understood.
    #[error("the demo connector's state in {name} cannot be read: {source}")]
    State {
        /// Where it is kept.
        name: String,
        /// What is wrong with it.
        source: io::Error,
    },
    /// The system does not give it its threads.
    #[error("the demo connector cannot start its threads: {0}")]
    Threads(#[source] io::Error),
}

/// What all parts of a running demo connector share.
struct Shared {
    memory: memory::Memory,
    hub: hub::Hub,
    workers: workers::Workers,
    bell: bell::Bell,
    public_key: RwLock<Option<[u8; 32]>>,
    stopping: watch::Receiver<bool>,
}

/// A running demo connector. Dropping it stops it as well, without waiting.
pub struct DemoConnector {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    /// Never receives anything: it is closed when all threads have ended.
    threads: mpsc::Receiver<Infallible>,
}

impl DemoConnector {
    /// Serves those who connect to these listeners, on the current tokio runtime. They are bound by the caller, who
    /// may have to know the address before anything is read or written. The first one's is shown.
    pub fn start(listeners: Vec<TcpListener>, config: Config) -> Result<Self, StartError> {
        let first = listeners.first().ok_or_else(|| StartError::Listen(io::ErrorKind::NotFound.into()))?;
        let address = first.local_addr().map_err(StartError::Listen)?;
        let (stop, stopping) = watch::channel(false);
        let (alive, threads) = mpsc::channel(1);

        let shared = Arc::new(Shared {
            memory: open(config.state)?,
            hub: hub::Hub::new(&config.hub, workers::THREADS + 1)?,
            workers: workers::Workers::start(&alive).map_err(StartError::Threads)?,
            bell: bell::Bell::default(),
            public_key: RwLock::new(config.public_key),
            stopping,
        });
        start_clockwork(Arc::clone(&shared), alive).map_err(StartError::Threads)?;
        let server = serve(listeners, &shared);
        tracing::info!(%address, hub = config.hub, "the demo connector listens");
        Ok(Self { address, shared, stop, server, threads })
    }

    /// Where it listens, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on, callbacks must be signed with this key.
    pub fn set_public_key(&self, key: [u8; 32]) {
        *self.shared.public_key.write() = Some(key);
    }

    /// Lets answers under way finish, saves, and ends the background work.
    pub async fn stop(mut self) {
        self.begin_stop();
        let served = tokio::time::timeout(STOP_PATIENCE, &mut self.server).await;
        if served.is_err() {
            self.server.abort();
        }
        self.shared.workers.close();
        self.shared.hub.shutdown();
        if tokio::time::timeout(STOP_PATIENCE, self.threads.recv()).await.is_err() {
            tracing::warn!("the demo connector's threads are left behind");
        }
    }

    fn begin_stop(&self) {
        self.stop.send_replace(true);
        self.shared.bell.stop();
    }
}

impl Drop for DemoConnector {
    fn drop(&mut self) {
        self.begin_stop();
        self.shared.workers.close();
    }
}

/// Checks that a text is a state of a demo connector.
///
/// # Errors
/// Says where it is not, without any of its contents.
pub fn check_state(name: &str, text: &[u8]) -> io::Result<()> {
    memory::parse(name, text).map(drop)
}

fn open(state: Option<Arc<dyn Keep>>) -> Result<memory::Memory, StartError> {
    // Blocks, but for one small text and before anything is served.
    let name = state.as_ref().map(|state| state.name()).unwrap_or_default();
    memory::Memory::open(state).map_err(|source| StartError::State { name, source })
}

fn start_clockwork(shared: Arc<Shared>, alive: mpsc::Sender<Infallible>) -> io::Result<()> {
    let thread = std::thread::Builder::new().name("demo-clockwork".to_owned());
    thread.spawn(move || {
        clockwork::run(&shared);
        drop(alive);
    })?;
    Ok(())
}

fn serve(listeners: Vec<TcpListener>, shared: &Arc<Shared>) -> JoinHandle<()> {
    let servers = listeners.into_iter().map(|listener| {
        let (shared, mut stopping) = (Arc::clone(shared), shared.stopping.clone());
        let server = warp::serve(routes::all(shared)).incoming(listener).graceful(async move {
            // An error means that the handle is gone, which is as good a reason.
            let _ = stopping.wait_for(|stop| *stop).await;
        });
        server.run()
    });
    let all = futures_util::future::join_all(servers.collect::<Vec<_>>());
    tokio::spawn(async move { drop(all.await) })
}
