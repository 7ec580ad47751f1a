//! One connection: its place, TLS if the entrance has it, then HTTP until it ends or lasts too long.
//!
//! May use `http` for what a request's extensions are. Used by [`super`].

use crate::door::activity::{Activity, TooSlow, UnderWay, Verdict, Watch};
use crate::door::places::{Full, Place};
use crate::door::refusal::{self, REFUSAL_TIME_MAX};
use crate::door::stream::{Connected, Stream};
use crate::door::{Door, Tls};
use crate::http;
use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::{BodyExt, Either};
use hyper::body::{Body, Incoming};
use hyper::service::{Service, service_fn};
use hyper::{Request, Response, Version};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use warp::{Filter, Reply};

/// How long a connection waits for the slot of one that is asked to end.
const PLACE_WAIT_MAX: Duration = Duration::from_secs(1);

type Failure = Box<dyn Error + Send + Sync>;

/// Who is at the other end, and what is kept about the connection.
struct Visitor {
    peer: http::PeerAddress,
    activity: Arc<Activity>,
    place: Place,
}

/// Serves a connection on a task of its own, or refuses it.
pub(super) fn begin<Routes>(door: &Arc<Door<Routes>>, tls: Option<Tls>, stream: TcpStream, peer: http::PeerAddress)
where
    Routes: Filter<Error = Infallible> + Clone + Send + Sync + 'static,
    Routes::Extract: Reply,
{
    // Small answers go out at once.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection has no TCP_NODELAY");
    }
    let activity = Arc::new(Activity::new(Arc::clone(door.connections.limits())));
    let door = Arc::clone(door);
    match door.connections.take(peer.0.ip(), &activity) {
        Ok(place) => {
            let visitor = Visitor { peer, activity, place };
            tokio::spawn(async move { door.serve(tls, stream, visitor).await });
        }
        Err(full) => {
            // Beyond that the connection is closed, which costs nothing.
            let Ok(permit) = Arc::clone(&door.refusals).try_acquire_owned() else { return };
            tokio::spawn(async move {
                let mut full = full;
                if full == Full::Server && door.connections.make_room() {
                    match timeout(PLACE_WAIT_MAX, door.connections.wait(peer.0.ip(), &activity)).await {
                        Ok(Ok(place)) => {
                            drop(permit);
                            return door.serve(tls, stream, Visitor { peer, activity, place }).await;
                        }
                        Ok(Err(still)) => full = still,
                        Err(_) => {}
                    }
                }
                tracing::debug!(peer = %peer.0, ?full, "a connection is refused");
                // Whoever is too slow for that does not learn why.
                let _ = timeout(REFUSAL_TIME_MAX, refuse(tls, stream, full)).await;
            });
        }
    }
}

async fn refuse(tls: Option<Tls>, stream: TcpStream, full: Full) -> std::io::Result<()> {
    match tls {
        Some(tls) if !is_plain(&stream).await? => refusal::answer(tls.accept_to_refuse(stream).await?, full).await,
        _ => refusal::answer(stream, full).await,
    }
}

/// Whether the client speaks without TLS: a record of TLS begins with no letter, a request does.
async fn is_plain(stream: &TcpStream) -> std::io::Result<bool> {
    let mut first = [0];
    Ok(stream.peek(&mut first).await? == 1 && first[0].is_ascii_alphabetic())
}

impl<Routes> Door<Routes>
where
    Routes: Filter<Error = Infallible> + Clone + Send + Sync + 'static,
    Routes::Extract: Reply,
{
    async fn serve(&self, tls: Option<Tls>, stream: TcpStream, visitor: Visitor) {
        let peer = visitor.peer.0;
        let ended = match tls {
            None => self.serve_routes(stream, visitor, false).await,
            // Apart, so that connections without TLS do not keep room for one.
            Some(tls) => Box::pin(self.serve_tls(&tls, stream, visitor)).await,
        };
        if let Err(error) = ended {
            tracing::debug!(error = &*error, %peer, "a connection ended early");
        }
    }

    async fn serve_tls(&self, tls: &Tls, stream: TcpStream, visitor: Visitor) -> Result<(), Failure> {
        let handshake = async {
            if is_plain(&stream).await? {
                return Ok(Err(stream));
            }
            tls.accept(stream).await.map(Ok)
        };
        let activity = Arc::clone(&visitor.activity);
        let mut watch = Watch::new(&activity);
        let shaken = tokio::select! {
            shaken = timeout(self.connections.limits().handshake_time, handshake) => shaken??,
            _ = watch.verdict() => return Ok(()),
        };
        // Waiting for the first request begins now.
        activity.flows();
        match shaken {
            // Whether it is HTTP/2 is told by what is spoken, not by what was agreed on.
            Ok(stream) => self.serve_routes(stream, visitor, true).await,
            Err(stream) => self.serve_http(stream, visitor, service_fn(http::demand_https)).await,
        }
    }

    async fn serve_routes(&self, stream: impl Connected, visitor: Visitor, encrypted: bool) -> Result<(), Failure> {
        let routes = TowerToHyperService::new(warp::service(self.routes.clone()));
        let peer = visitor.peer;
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            if encrypted {
                request.extensions_mut().insert(http::Secure);
            }
            if request.version() == Version::HTTP_11 && !request.headers().contains_key(hyper::header::HOST) {
                request.extensions_mut().insert(http::Nameless);
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
        self.serve_http(stream, visitor, service).await
    }

    async fn serve_http<S, B>(&self, stream: impl Connected, visitor: Visitor, service: S) -> Result<(), Failure>
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send + 'static>,
        B: Body<Data = Bytes, Error: Into<Failure>> + Send + 'static,
    {
        let Visitor { activity, place, .. } = visitor;
        let stream = Stream::new(stream, Arc::clone(&activity), place);
        let counting = Arc::clone(&activity);
        let service = service_fn(move |request: Request<Incoming>| {
            let under_way = counting.request();
            let http2 = request.version() == Version::HTTP_2;
            // hyper keeps room for it as long as the connection lives, and it is thousands of bytes.
            let answering = Box::pin(service.call(request));
            async move {
                let response = answering.await?;
                Ok::<_, Infallible>(if http2 {
                    response.map(|body| Either::Left(until_written(body, under_way)))
                } else {
                    // What is written follows, and is looked after as such.
                    response.map(Either::Right)
                })
            }
        });
        let mut connection = pin!(self.builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
        let mut watch = Watch::new(&activity);
        loop {
            let verdict = tokio::select! {
                biased;
                ended = connection.as_mut() => return ended,
                verdict = watch.verdict() => verdict,
            };
            match verdict {
                Verdict::End => connection.as_mut().graceful_shutdown(),
                Verdict::CutOff(why) => {
                    if why == TooSlow::Head {
                        // It reads once more, and the stream says why there is nothing.
                        let _ = connection.as_mut().now_or_never();
                    }
                    return Err(why.into());
                }
            }
        }
    }
}

/// A body whose request is under way until all of it is written. HTTP/2 takes it at once, and keeps it
/// until the client has room for it.
fn until_written<B>(body: B, under_way: UnderWay) -> impl Body<Data = Bytes, Error = B::Error>
where
    B: Body<Data = Bytes>,
{
    let length = body.size_hint().lower();
    let under_way = Arc::new(under_way.answered(length));
    body.map_frame(move |frame| {
        frame.map_data(|bytes| Bytes::from_owner(Kept { bytes, _under_way: Arc::clone(&under_way) }))
    })
}

/// Bytes that are to be written.
struct Kept {
    bytes: Bytes,
    _under_way: Arc<UnderWay>,
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
