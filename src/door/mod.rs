//! The door: accepts connections, speaks TLS on them where it should, and serves HTTP on them.
//!
//! May use `model` for its errors, and of `http` what a request's extensions are and the answers to
//! those who have come to the wrong door. Knows no routes: `app` gives it what to serve.

mod certificate;
mod connection;
mod tls;

use crate::http;
use futures_util::future::join_all;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use warp::{Filter, Reply};

pub use certificate::{CertificateFiles, Unusable};
pub use tls::Tls;

/// How long a client may take to send a request's headers, the first or a further one.
const HEADER_TIME_MAX: Duration = Duration::from_secs(60);
/// How long to wait before listening on where the system has no room for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A place where connections come in.
pub struct Entrance {
    /// What is listened on.
    pub listener: TcpListener,
    /// How connections are encrypted, if they are.
    pub tls: Option<Tls>,
}

/// Everything that connections share.
struct Door<Routes> {
    routes: Routes,
    builder: auto::Builder<TokioExecutor>,
}

/// The connections that are left when no more are accepted.
#[must_use]
pub struct Remaining(GracefulShutdown);

impl Remaining {
    /// Lets requests in flight end, and all connections with them.
    pub async fn end(self) {
        self.0.shutdown().await;
    }
}

/// Accepts connections at all entrances until told to stop.
pub async fn serve<Routes>(entrances: Vec<Entrance>, routes: Routes, stopped: watch::Receiver<bool>) -> Remaining
where
    Routes: Filter<Error = Infallible> + Clone + Send + Sync + 'static,
    Routes::Extract: Reply,
{
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIME_MAX);
    builder.http2().timer(TokioTimer::new());
    let door = Arc::new(Door { routes, builder });
    let connections = GracefulShutdown::new();
    for tls in entrances.iter().filter_map(|entrance| entrance.tls.clone()) {
        match signal(SignalKind::hangup()) {
            Ok(hangups) => drop(tokio::spawn(tls.keep_up_to_date(hangups, stopped.clone()))),
            Err(error) => tracing::error!(%error, "SIGHUP cannot be listened for; the certificate stays as it is"),
        }
    }
    let accepting = entrances.into_iter().map(|entrance| accept(&door, &connections, entrance, stopped.clone()));
    join_all(accepting).await;
    Remaining(connections)
}

async fn accept<Routes>(
    door: &Arc<Door<Routes>>,
    connections: &GracefulShutdown,
    entrance: Entrance,
    mut stopped: watch::Receiver<bool>,
) where
    Routes: Filter<Error = Infallible> + Clone + Send + Sync + 'static,
    Routes::Extract: Reply,
{
    let Entrance { listener, tls } = entrance;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                connection::begin(door, tls.clone(), stream, http::PeerAddress(peer), connections.watcher());
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
