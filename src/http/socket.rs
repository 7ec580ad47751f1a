//! GraphQL over WebSockets, by the protocol graphql-transport-ws: the upgrade, and how many sockets
//! there may be. The protocol itself is in `session`, its messages in `message`, the reasons for
//! closing in `close`.
//!
//! May use the permits, request, reply and graphql files of this room, warp's handshake and tungstenite's
//! WebSockets. Does not know the engine: the route table gives it [`Operations`]. Used by the route table, and by `app`, which
//! waits for sockets to close.
//!
//! Pages of any origin may open one, as they may call the API: bearer tokens alone count, which no
//! browser sends by itself (see [`crate::http::cors`]).

mod close;
mod message;
mod session;
#[cfg(test)]
mod tests;

use crate::http::Upgrade;
use crate::http::graphql::Asked;
use crate::http::permits::{Permits, RequestsMax};
use crate::http::reply::{self, Refusal};
use crate::http::request::Request;
use crate::model::error::Error;
use crate::model::party::Party;
use crate::ops::suspension::AccessChanges;
use bytes::Bytes;
use http::HeaderValue;
use http::header::SEC_WEBSOCKET_PROTOCOL;
use hyper_util::rt::TokioIo;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use warp::reply::{Reply, Response};
use warp::ws::Ws;

pub(super) use close::Close;

/// The only subprotocol that is spoken.
const SUBPROTOCOL: &str = "graphql-transport-ws";
/// Its forerunner, which the npm package subscriptions-transport-ws speaks. It is accepted only so that the client gets to
/// read why it is refused: a browser shows nothing of a handshake that fails.
const OLD_SUBPROTOCOL: &str = "graphql-ws";
/// How many sockets there may be.
const SOCKETS_MAX: u32 = 2_000;
/// How many of them from one address. All of them are counted by [`Sockets`] itself.
const SHARES: RequestsMax = RequestsMax { account: u32::MAX, address: 500, total: u32::MAX };
/// After how many seconds a client that has its share may try again.
const RETRY_SECONDS: u32 = 5;
/// The longest message of a client, in bytes: far longer than documents that people write.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// What is read at once, in bytes: every socket has a buffer so long, however idle it is.
const READ_BYTES: usize = 4 * 1024;
/// What is written at once, in bytes; a longer message makes the buffer longer.
const WRITE_BYTES: usize = 16 * 1024;

/// All sockets, so that their number is bounded and their end can be waited for.
#[derive(Clone)]
pub struct Sockets {
    permits: Arc<Semaphore>,
    shares: Arc<Permits>,
    stopped: watch::Receiver<bool>,
    access: AccessChanges,
}

impl Sockets {
    /// Sockets that close once `stopped` is true, or their token has ended when `access` changes.
    #[must_use]
    pub fn new(stopped: watch::Receiver<bool>, access: AccessChanges) -> Self {
        let permits = Arc::new(Semaphore::new(SOCKETS_MAX as usize));
        Self { permits, shares: Permits::new(SHARES, true), stopped, access }
    }

    /// How many are open.
    #[must_use]
    pub fn open_now(&self) -> usize {
        (SOCKETS_MAX as usize).saturating_sub(self.permits.available_permits())
    }

    /// Resolves once none is open; to be awaited after `stopped`.
    pub async fn closed(&self) {
        // Nobody closes the semaphore.
        let _ = self.permits.acquire_many(SOCKETS_MAX).await;
    }

    /// Answers an upgrade, and serves the socket that the connection becomes.
    pub(super) fn open(
        &self,
        (handshake, Upgrade(upgrade)): (Ws, Upgrade),
        request: &Request,
        operations: impl Operations,
    ) -> Result<Response, Refusal> {
        let share = self.shares.find(Party::new(None, request.client())).map_err(|_| {
            let message = format!("your address has {} WebSockets, and that is the most: close some", SHARES.address);
            Error::TooMany { message, retry_after: RETRY_SECONDS }
        })?;
        let permit = Arc::clone(&self.permits).try_acquire_owned().map_err(|_| {
            Error::Unavailable(format!("there are {SOCKETS_MAX} WebSockets, and no more are taken; try again later"))
        })?;
        let (subprotocol, refusal) = if request.names_protocol(SUBPROTOCOL) {
            (Some(SUBPROTOCOL), None)
        } else if request.names_protocol(OLD_SUBPROTOCOL) {
            (Some(OLD_SUBPROTOCOL), Some(Close::old_subprotocol()))
        } else {
            (None, Some(Close::subprotocol()))
        };
        let authorization = request.bearer().map(|token| format!("Bearer {token}"));
        let identity = Identity { authorization, subject: crate::http::graphql::subject(request)? };
        let id = request.id.as_str().to_owned();
        let (stopped, access) = (self.stopped.clone(), self.access.clone());
        tokio::spawn(async move {
            match upgrade.await {
                Ok(upgraded) => {
                    let connection = TokioIo::new(upgraded);
                    let socket = WebSocketStream::from_raw_socket(connection, Role::Server, Some(config())).await;
                    session::serve(socket, refusal, session::Start { operations, identity, id, stopped, access }).await;
                }
                Err(error) => tracing::debug!(%error, "a connection did not become a WebSocket"),
            }
            drop((permit, share));
        });
        // What warp would do with the socket: its part is the handshake.
        let response = handshake.on_upgrade(|_| std::future::ready(())).into_response();
        Ok(match subprotocol {
            Some(name) => reply::with_header(response, SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(name)),
            None => response,
        })
    }
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(WRITE_BYTES)
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX))
}

/// Who a client says it is: the values of HTTP's headers, from the upgrade or from `connection_init`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Identity {
    authorization: Option<String>,
    subject: Option<String>,
}

impl Identity {
    /// What was said later counts.
    fn or(self, earlier: Self) -> Self {
        let authorization = self.authorization.or(earlier.authorization);
        Self { authorization, subject: self.subject.or(earlier.subject) }
    }

    /// The bearer token.
    pub(super) fn token(&self) -> Option<&str> {
        let (scheme, token) = self.authorization.as_deref()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("Bearer").then_some(token.trim_matches(' '))
    }

    /// The end customer that everything on the socket is about, if it names one.
    pub(super) fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }
}

/// How an operation goes on.
pub(super) struct Happened {
    /// GraphQL responses as JSON.
    pub(super) responses: Vec<Bytes>,
    /// Why nothing more comes, if so.
    pub(super) end: Option<End>,
}

/// Why an operation is over.
#[derive(Debug)]
pub(super) enum End {
    /// It is done.
    Complete,
    /// It does not go on: a GraphQL response with the errors.
    Errors(Bytes),
    /// The socket is to be closed.
    Close(Close),
}

/// An operation that was begun.
pub(super) enum Begun<Live> {
    /// It has one result, to come.
    Once(Pin<Box<dyn Future<Output = Happened> + Send>>),
    /// It goes on.
    Live(Live),
    /// It is over already.
    Over(End),
}

/// A subscription, until it is dropped.
pub(super) trait Events: Send + 'static {
    /// Resolves once too much waits, also while nobody asks for more.
    fn cut_off(&self) -> impl Future<Output = ()> + Send + 'static;

    /// Waits for what comes next; after an end, nothing does.
    fn next(&mut self) -> impl Future<Output = Happened> + Send;
}

/// Executes operations.
pub(super) trait Operations: Send + Sync + 'static {
    /// A subscription.
    type Live: Events;

    /// That the identity is good, or how the socket is to be closed.
    fn authenticate(&self, identity: &Identity) -> impl Future<Output = Result<(), Close>> + Send;

    /// Begins an operation. A subscription stands once this has answered.
    fn begin(
        &self,
        asked: Asked,
        identity: &Identity,
        request_id: String,
    ) -> impl Future<Output = Begun<Self::Live>> + Send;
}
