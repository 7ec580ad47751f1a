//! One connection: TLS if the entrance has it, then HTTP until it ends.
//!
//! May use `http` for what a request's extensions are. Used by [`super`].

use crate::door::{Door, Tls};
use crate::http;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::Watcher;
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use warp::{Filter, Reply};

/// How long a client may take from connecting to the end of the TLS handshake.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);

type Failure = Box<dyn Error + Send + Sync>;

/// Serves a connection on a task of its own.
pub(super) fn begin<Routes>(
    door: &Arc<Door<Routes>>,
    tls: Option<Tls>,
    stream: TcpStream,
    peer: http::PeerAddress,
    watcher: Watcher,
) where
    Routes: Filter<Error = Infallible> + Clone + Send + Sync + 'static,
    Routes::Extract: Reply,
{
    // Small answers go out at once.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection has no TCP_NODELAY");
    }
    let door = Arc::clone(door);
    tokio::spawn(async move {
        let ended = match tls {
            None => door.serve_http(stream, peer, false, watcher).await,
            Some(tls) => door.serve_tls(&tls, stream, peer, watcher).await,
        };
        if let Err(error) = ended {
            tracing::debug!(error = &*error, peer = %peer.0, "a connection ended early");
        }
    });
}

impl<Routes> Door<Routes>
where
    Routes: Filter<Error = Infallible> + Clone + Send + Sync + 'static,
    Routes::Extract: Reply,
{
    async fn serve_tls(
        &self,
        tls: &Tls,
        stream: TcpStream,
        peer: http::PeerAddress,
        watcher: Watcher,
    ) -> Result<(), Failure> {
        let handshake = async {
            // A TLS record begins with no letter; a request of plain http does.
            let mut first = [0];
            if stream.peek(&mut first).await? == 1 && first[0].is_ascii_alphabetic() {
                return Ok(Err(stream));
            }
            tls.accept(stream).await.map(Ok)
        };
        match tokio::time::timeout(HANDSHAKE_TIME_MAX, handshake).await?? {
            Ok(stream) => self.serve_http(stream, peer, true, watcher).await,
            Err(stream) => self.serve(stream, service_fn(http::demand_https), watcher).await,
        }
    }

    async fn serve_http<S>(
        &self,
        stream: S,
        peer: http::PeerAddress,
        encrypted: bool,
        watcher: Watcher,
    ) -> Result<(), Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let routes = TowerToHyperService::new(warp::service(self.routes.clone()));
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            if encrypted {
                request.extensions_mut().insert(http::Secure);
            }
            if request.headers().contains_key(hyper::header::UPGRADE) {
                let upgrade = http::Upgrade(hyper::upgrade::on(&mut request));
                request.extensions_mut().insert(upgrade);
            }
            let stay = encrypted.then(|| http::stay_with_https(&request)).flatten();
            let answering = routes.call(request);
            async {
                let mut response = answering.await?;
                response.headers_mut().extend(stay);
                Ok::<_, Infallible>(response)
            }
        });
        self.serve(stream, service, watcher).await
    }

    async fn serve<S, Answering, Body>(&self, stream: S, service: Answering, watcher: Watcher) -> Result<(), Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        Answering: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send + 'static>,
        Body: hyper::body::Body<Data: Send, Error: Into<Failure>> + Send + 'static,
    {
        let connection = self.builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        watcher.watch(connection.into_owned()).await
    }
}
