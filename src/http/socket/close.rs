//! Why a socket is closed: the codes of graphql-transport-ws, those of WebSockets, and one of our own.
//!
//! Used by [`super`]. The README lists the codes for users.

use std::borrow::Cow;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// The longest reason that a close frame can hold, in bytes (RFC 6455, section 5.5).
const REASON_BYTES_MAX: usize = 123;

/// The server shuts down.
const GOING_AWAY: u16 = 1001;
/// Bytes that are no WebSocket.
const PROTOCOL_ERROR: u16 = 1002;
/// A text that is no UTF-8.
const NOT_UTF8: u16 = 1007;
/// A message that is too long.
const TOO_LONG: u16 = 1009;
/// Our own fault.
const INTERNAL: u16 = 1011;
/// A message that the protocol does not know.
const BAD_MESSAGE: u16 = 4400;
/// An operation before `connection_init` was acknowledged.
const NOT_INITIALISED: u16 = 4401;
/// No good token, or one that was ended.
const FORBIDDEN: u16 = 4403;
/// The subprotocol was not asked for.
const SUBPROTOCOL: u16 = 4406;
/// No `connection_init` in time.
const INIT_TIMEOUT: u16 = 4408;
/// An operation with the ID of another one.
const DUPLICATE: u16 = 4409;
/// More happened than the client takes. Our own: the protocol has none, and clients try again after it.
const TOO_SLOW: u16 = 4413;
/// `connection_init` twice.
const INIT_TWICE: u16 = 4429;

const OLD_SUBPROTOCOL: &str =
    "Subprotocol of subscriptions-transport-ws, no longer supported: use npm's graphql-ws (graphql-transport-ws)";

/// How a socket is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) struct Close {
    /// The code.
    pub(super) code: u16,
    /// For people.
    pub(super) reason: String,
}

impl Close {
    fn new(code: u16, reason: impl Into<Cow<'static, str>>) -> Self {
        let mut reason = reason.into().into_owned();
        reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
        Self { code, reason }
    }

    pub(super) fn going_away() -> Self {
        Self::new(GOING_AWAY, "the server is shutting down; connect again in a moment")
    }

    pub(super) fn bad_message(what: &str) -> Self {
        Self::new(BAD_MESSAGE, format!("bad message: {what}"))
    }

    pub(super) fn not_initialised() -> Self {
        Self::new(NOT_INITIALISED, "Unauthorized: wait for connection_ack before subscribing")
    }

    /// The token is no good, or not any more.
    pub(in crate::http) fn forbidden(why: &str) -> Self {
        Self::new(FORBIDDEN, format!("Forbidden: {why}"))
    }

    /// Something of ours failed.
    pub(in crate::http) fn internal(why: &str) -> Self {
        Self::new(INTERNAL, why.to_owned())
    }

    pub(super) fn subprotocol() -> Self {
        Self::new(SUBPROTOCOL, "Subprotocol not acceptable: ask for graphql-transport-ws")
    }

    /// The client speaks what came before graphql-transport-ws, under a name that is misleading today.
    pub(super) fn old_subprotocol() -> Self {
        Self::new(SUBPROTOCOL, OLD_SUBPROTOCOL)
    }

    /// What is said before the close: clients of the old subprotocol show the reason of no close, but this.
    pub(super) fn said_before(&self) -> Option<Message> {
        let error = serde_json::json!({ "type": "connection_error", "payload": { "message": self.reason } });
        (self.reason == OLD_SUBPROTOCOL).then(|| Message::text(error.to_string()))
    }

    pub(super) fn init_timeout() -> Self {
        Self::new(INIT_TIMEOUT, "Connection initialisation timeout")
    }

    pub(super) fn duplicate(id: &str) -> Self {
        Self::new(DUPLICATE, format!("Subscriber for {id} already exists"))
    }

    /// More happened than the client took.
    pub(in crate::http) fn too_slow() -> Self {
        Self::new(TOO_SLOW, "too slow: more happened than was read; connect again, and subscribe to less")
    }

    pub(super) fn init_twice() -> Self {
        Self::new(INIT_TWICE, "Too many initialisation requests")
    }

    /// The frame that says so.
    pub(super) fn message(self) -> Message {
        Message::Close(Some(CloseFrame { code: self.code.into(), reason: self.reason.into() }))
    }

    /// The answer to a socket that cannot be read, if it is to have one.
    pub(super) fn after(error: &Error) -> Option<Self> {
        match error {
            Error::Capacity(CapacityError::MessageTooLong { max_size, .. }) => {
                Some(Self::new(TOO_LONG, format!("a message must not be longer than {max_size} bytes")))
            }
            Error::Utf8(_) => Some(Self::new(NOT_UTF8, "a message is not valid UTF-8")),
            // It is gone.
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
            Error::Protocol(_) => Some(Self::new(PROTOCOL_ERROR, error.to_string())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_fits_a_close_frame() {
        let close = Close::duplicate(&"ä".repeat(200));
        assert!(close.reason.len() <= REASON_BYTES_MAX && close.reason.starts_with("Subscriber for ä"));
    }
}
