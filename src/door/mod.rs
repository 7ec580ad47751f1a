//! The door: accepts connections, speaks TLS on them where it should, and serves HTTP on them.
//!
//! May use `model` for its errors, and of `http` what a request's extensions are and the answers to
//! those who have come to the wrong door. Knows no routes: `app` gives it what to serve.

mod activity;
mod certificate;
mod connection;
mod files;
mod limits;
mod places;
mod refusal;
mod stream;
mod tls;

use crate::http;
use futures_util::future::join_all;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use warp::{Filter, Reply};

pub use certificate::{CertificateFiles, Unusable};
pub use files::make_room_for;
pub use limits::Limits;
pub use places::Connections;
pub use tls::Tls;

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
    connections: Connections,
    refusals: Arc<Semaphore>,
}

/// Accepts connections at all entrances until told to stop; those that are open then go on.
pub async fn serve<Routes>(
    entrances: Vec<Entrance>,
    routes: Routes,
    connections: Connections,
    stopped: watch::Receiver<bool>,
) where
    Routes: Filter<Error = Infallible> + Clone + Send + Sync + 'static,
    Routes::Extract: Reply,
{
    let refusals = Arc::new(Semaphore::new(refusal::REFUSALS_MAX));
    let door = Arc::new(Door { routes, builder: builder(), connections, refusals });
    // All entrances that speak TLS share one certificate.
    if let Some(tls) = entrances.iter().find_map(|entrance| entrance.tls.clone()) {
        match signal(SignalKind::hangup()) {
            Ok(hangups) => drop(tokio::spawn(tls.keep_up_to_date(hangups, stopped.clone()))),
            Err(error) => tracing::error!(%error, "SIGHUP cannot be listened for; the certificate stays as it is"),
        }
    }
    join_all(entrances.into_iter().map(|entrance| accept(&door, entrance, stopped.clone()))).await;
}

/// What speaks HTTP. How long anything of HTTP/1 may take is looked after by [`activity`]: hyper has
/// one time-out for the head of a request and for waiting for it, and sets a timer for each.
fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // More than a hundred headers are refused by hyper itself.
    builder.http1().header_read_timeout(None).max_buf_size(limits::HEAD_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(limits::HEADER_LIST_BYTES_MAX)
        .max_concurrent_streams(limits::STREAMS_MAX)
        .initial_stream_window_size(limits::STREAM_WINDOW_BYTES)
        .initial_connection_window_size(limits::CONNECTION_WINDOW_BYTES)
        .max_pending_accept_reset_streams(limits::RESETS_MAX)
        .max_local_error_reset_streams(limits::RESETS_MAX)
        .keep_alive_interval(limits::PING_EVERY)
        .keep_alive_timeout(limits::PING_EVERY);
    builder
}

async fn accept<Routes>(door: &Arc<Door<Routes>>, entrance: Entrance, mut stopped: watch::Receiver<bool>)
where
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
            Ok((stream, peer)) => connection::begin(door, tls.clone(), stream, http::PeerAddress(peer)),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
