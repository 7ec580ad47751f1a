//! Puts the parts together: opens the database, starts the callback pool, listens, shuts down.
//! WebSockets are told of the shutdown and waited for, within the time that requests have.
//!
//! May use every room. Used by `cli`.

mod demo;

use crate::config::ServeOptions;
use crate::demo::DemoConnector;
use crate::graphql::Engine;
use crate::model::error::{Error, Result};
use crate::ops::Platform;
use crate::ops::account::FirstAccount;
use crate::{callback, http, ops};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use demo::{Demo, seed_history};

/// How long callbacks and requests in flight may take to end at shutdown.
const SHUTDOWN_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a client may take to send a request's headers, the first or a further one.
const HEADER_TIME_MAX: Duration = Duration::from_secs(60);
/// How long to wait before listening on where the system has no room for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A server that runs.
pub struct Server {
    address: SocketAddr,
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
        let listener = TcpListener::bind(options.listen)
            .await
            .map_err(|error| Error::Unavailable(format!("cannot listen on {}: {error}", options.listen)))?;
        let address = listener.local_addr().map_err(Error::fault)?;
        let mut settings = options.callback_settings();
        let connector = if options.demo { Some(demo::connector(address, &options.db).await?) } else { None };
        settings.services.extend(connector.as_ref().map(DemoConnector::address));
        let pool = callback::start(Arc::clone(&platform), settings)?;
        platform.set_dispatcher(pool.clone());
        ops::callback::recover(&platform).await?;

        let (stop, stopped) = watch::channel(false);
        let listening = tokio::spawn(listen(listener, Arc::clone(&platform), stopped));
        let maintenance = tokio::spawn(ops::maintenance::run(Arc::clone(&platform)));
        let mut server = Self { address, first_account, demo: None, platform, pool, stop, listening, maintenance };
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

/// Accepts connections until told to stop, then lets requests in flight end.
async fn listen(listener: TcpListener, platform: Arc<Platform>, mut stopped: watch::Receiver<bool>) {
    let engine = Arc::new(Engine::new(Arc::clone(&platform)));
    let sockets = http::Sockets::new(stopped.clone());
    let routes = http::routes(platform, engine, sockets.clone());
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIME_MAX);
    builder.http2().timer(TokioTimer::new());
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        serve(&builder, &connections, stream, peer, routes.clone());
    }
    drop(listener);
    // A connection that became a WebSocket is none of hyper's any more.
    let ended = async { tokio::join!(connections.shutdown(), sockets.closed()) };
    if tokio::time::timeout(SHUTDOWN_TIME_MAX, ended).await.is_err() {
        tracing::warn!("some requests or WebSockets did not end in time");
    }
}

fn serve<Routes>(
    builder: &auto::Builder<TokioExecutor>,
    connections: &GracefulShutdown,
    stream: TcpStream,
    peer: SocketAddr,
    routes: Routes,
) where
    Routes: warp::Filter<Error = std::convert::Infallible> + Clone + Send + Sync + 'static,
    Routes::Extract: warp::Reply,
{
    // Small answers go out at once.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection has no TCP_NODELAY");
    }
    let routes = hyper_util::service::TowerToHyperService::new(warp::service(routes));
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(http::PeerAddress(peer));
        if request.headers().contains_key(hyper::header::UPGRADE) {
            let upgrade = http::Upgrade(hyper::upgrade::on(&mut request));
            request.extensions_mut().insert(upgrade);
        }
        hyper::service::Service::call(&routes, request)
    });
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error = &*error, %peer, "a connection ended early");
        }
    });
}
