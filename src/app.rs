//! Puts the parts together: opens the database, starts the callback pool, listens, shuts down.
//! WebSockets are told of the shutdown and waited for, within the time that requests have.
//!
//! May use every room. Used by `cli`.

mod demo;

use crate::config::ServeOptions;
use crate::demo::DemoConnector;
use crate::door::{self, Connections, Entrance, Tls};
use crate::graphql::Engine;
use crate::model::error::{Error, Result};
use crate::ops::Platform;
use crate::ops::account::FirstAccount;
use crate::{callback, http, ops};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use demo::{Demo, seed_history};

/// How long callbacks and requests in flight may take to end at shutdown.
const SHUTDOWN_TIME_MAX: Duration = Duration::from_secs(10);
/// Where the demo connector finds the hub while the server speaks TLS: a certificate need not be for
/// this machine's address, nor from an authority that the connector trusts, and nobody but this
/// machine gets there.
const DEMO_ENTRANCE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A server that runs.
pub struct Server {
    address: SocketAddr,
    encrypted: bool,
    first_account: Option<FirstAccount>,
    demo: Option<Demo>,
    platform: Arc<Platform>,
    pool: Arc<callback::Pool>,
    stop: watch::Sender<bool>,
    listening: JoinHandle<()>,
    maintenance: JoinHandle<()>,
}

impl Server {
    /// Starts everything, goes on with what a crash interrupted, and listens.
    ///
    /// # Errors
    /// If the database cannot be opened, the address not be listened on, or an option is no good.
    pub async fn start(options: &ServeOptions) -> Result<Self> {
        let settings = options.platform_settings();
        let opened = tokio::task::spawn_blocking(move || Platform::open(settings));
        let platform = opened.await.map_err(Error::fault)??;
        let first_account = ops::account::create_first(&platform, &options.email, options.password.as_deref()).await?;
        door::make_room_for(options.door.connections as usize, options.files_beside_connections());
        if options.is_overheard() {
            // RFC 6749, sections 3.1 and 3.2: only who runs the server can have it otherwise.
            tracing::warn!(
                "whoever is between people and this server can read their passwords and tokens: give it a certificate \
                 (--tls-cert, --tls-key), or a proxy that has one and its URL (--public-url https://…)"
            );
        }
        let tls = read_certificate(options).await?;
        let encrypted = tls.is_some();
        let listener = bind(options.listen).await?;
        let address = listener.local_addr().map_err(Error::fault)?;
        let mut entrances = vec![Entrance { listener, tls }];
        let mut hub = address;
        if options.demo && encrypted {
            let entrance = Entrance { listener: bind(DEMO_ENTRANCE).await?, tls: None };
            hub = entrance.listener.local_addr().map_err(Error::fault)?;
            entrances.push(entrance);
        }
        let mut settings = options.callback_settings();
        let connector = if options.demo { Some(demo::connector(hub, &options.db).await?) } else { None };
        settings.services.extend(connector.as_ref().map(DemoConnector::address));
        let pool = callback::start(Arc::clone(&platform), settings)?;
        platform.set_dispatcher(pool.clone());
        show_callbacks(&platform, &pool);
        ops::callback::recover(&platform).await?;

        let (stop, stopped) = watch::channel(false);
        let listening = tokio::spawn(listen(entrances, Arc::clone(&platform), options.clone(), stopped));
        let maintenance = tokio::spawn(ops::maintenance::run(Arc::clone(&platform)));
        let mut server =
            Self { address, encrypted, first_account, demo: None, platform, pool, stop, listening, maintenance };
        if let Some(connector) = connector {
            server.demo = Some(demo::set_up(&server.platform, connector).await?);
        }
        Ok(server)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL at which it is reached, if the address is a way to it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", if self.encrypted { "https" } else { "http" }, self.address)
    }

    /// The account that an empty database got.
    #[must_use]
    pub fn first_account(&self) -> Option<&FirstAccount> {
        self.first_account.as_ref()
    }

    /// What `--demo` made.
    #[must_use]
    pub fn demo(&self) -> Option<&Demo> {
        self.demo.as_ref()
    }

    /// Stops accepting, lets what is in flight end within bounds, and closes the database.
    pub async fn stop(self) {
        tracing::info!("stopping");
        // Whoever listens for it may be gone already.
        let _ = self.stop.send(true);
        let pool = Arc::clone(&self.pool);
        let callbacks = tokio::task::spawn_blocking(move || pool.shutdown(SHUTDOWN_TIME_MAX));
        let ended = tokio::join!(self.listening, callbacks);
        if let Err(error) = ended.0.and(ended.1) {
            tracing::error!(%error, "a part did not stop as it should");
        }
        if let Some(demo) = self.demo {
            demo.stop().await;
        }
        self.maintenance.abort();
        // It may be at work on another thread until then. That it was told to end is no error.
        let _ = self.maintenance.await;
        let platform = self.platform;
        if let Err(error) = tokio::task::spawn_blocking(move || platform.close()).await {
            tracing::error!(%error, "the database was not closed");
        }
        tracing::info!("stopped");
    }
}

/// How many callbacks wait and are under way, among the metrics.
fn show_callbacks(platform: &Platform, pool: &Arc<callback::Pool>) {
    // The pool's work holds the platform, which holds these.
    let (waiting, running) = (Arc::downgrade(pool), Arc::downgrade(pool));
    platform.metrics().watch("connhub_callbacks_waiting", "Callbacks that wait for their turn.", move || {
        waiting.upgrade().map_or(0, |pool| pool.waiting()) as f64
    });
    platform.metrics().watch("connhub_callbacks_running", "Callbacks that are under way.", move || {
        running.upgrade().map_or(0, |pool| pool.running()) as f64
    });
}

/// Serves until told to stop, then lets requests in flight end.
async fn listen(
    entrances: Vec<Entrance>,
    platform: Arc<Platform>,
    options: ServeOptions,
    stopped: watch::Receiver<bool>,
) {
    let engine = Arc::new(Engine::new(Arc::clone(&platform), options.limits.of_graphql()));
    let sockets = http::Sockets::new(stopped.clone());
    let open = sockets.clone();
    platform.metrics().watch("connhub_websockets", "WebSockets that are open.", move || open.open_now() as f64);
    let connections = Connections::new(options.door.limits(&options.limits.trusted_proxy));
    let counted = connections.clone();
    platform.metrics().watch("connhub_connections", "Connections that are open.", move || counted.count() as f64);
    let clients = options.limits.of_clients(options.door.body_timeout.into());
    let routes = http::routes(platform, engine, sockets.clone(), options.names(), clients);
    door::serve(entrances, routes, connections.clone(), stopped).await;
    let ended = async { tokio::join!(connections.end(), sockets.closed()) };
    if tokio::time::timeout(SHUTDOWN_TIME_MAX, ended).await.is_err() {
        tracing::warn!("some requests or WebSockets did not end in time");
    }
}

/// TLS as the options have it.
async fn read_certificate(options: &ServeOptions) -> Result<Option<Tls>> {
    let Some(files) = options.door.certificate_files() else { return Ok(None) };
    tokio::task::spawn_blocking(move || Tls::new(files)).await.map_err(Error::fault)?.map(Some)
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| Error::Unavailable(format!("cannot listen on {address}: {error}")))
}
