//! Bodies of requests: read once, within a size and a time.
//!
//! May use the http types. Used by the handlers of this room.

use crate::http::reply::{Kind, Refusal};
use crate::http::request::Request;
use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use std::pin::Pin;
use std::time::Duration;
use tokio::time::Instant;

/// How slowly a body may arrive in the long run, in bytes a second: a slow mobile line is faster.
const BODY_RATE_MIN: u64 = 16 * 1024;
/// How much of a body that nobody wants is read all the same, in bytes. Closing the connection
/// with bytes unread resets it, and the client would never see why it was refused.
const DRAIN_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How long that may take.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// A request's body, still on its way.
pub(super) struct Body<'a> {
    chunks: Pin<&'a mut (dyn Stream<Item = Result<Bytes, warp::Error>> + Send)>,
    time: Duration,
    ended: bool,
}

impl<'a> Body<'a> {
    /// A body that arrives as these chunks, within this time and a second more for each 16 KiB of it.
    pub(super) fn new(
        chunks: Pin<&'a mut (dyn Stream<Item = Result<Bytes, warp::Error>> + Send)>,
        time: Duration,
    ) -> Self {
        Self { chunks, time, ended: false }
    }

    /// All of it, if it is not too long and arrives in time.
    pub(super) async fn read(&mut self, request: &Request, bytes_max: usize) -> Result<Bytes, Refusal> {
        let announced = request.announced_bytes();
        if announced.is_some_and(|bytes| bytes > bytes_max as u64) {
            return Err(Refusal::too_large(bytes_max));
        }
        let begun = Instant::now();
        // Mostly all of it is there at once, and nothing has to be waited for.
        let Some(first) = self.next_until(begun + self.time).await? else { return Ok(Bytes::new()) };
        if first.len() > bytes_max {
            return Err(Refusal::too_large(bytes_max));
        }
        let until = |arrived: usize, time| begun + time + Duration::from_secs(arrived as u64 / BODY_RATE_MIN);
        let Some(second) = self.next_until(until(first.len(), self.time)).await? else { return Ok(first) };
        let mut all = BytesMut::from(first);
        let mut next = Some(second);
        while let Some(chunk) = next {
            if all.len() + chunk.len() > bytes_max {
                return Err(Refusal::too_large(bytes_max));
            }
            all.extend_from_slice(&chunk);
            next = self.next_until(until(all.len(), self.time)).await?;
        }
        Ok(all.freeze())
    }

    async fn next_until(&mut self, until: Instant) -> Result<Option<Bytes>, Refusal> {
        tokio::time::timeout_at(until, self.next()).await.unwrap_or_else(|_| {
            let description = "the request's body did not arrive in time, or came too slowly".to_owned();
            Err(Refusal::new(Kind::RequestTimeout, description))
        })
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        let next = if self.ended { None } else { self.chunks.next().await };
        self.ended = !matches!(next, Some(Ok(_)));
        next.transpose().map_err(|_| Refusal::bad_request("the request's body was cut off".to_owned()))
    }

    /// Reads what nobody asked for, within bounds, so that the client gets to see its answer.
    pub(super) async fn drain(&mut self, request: &Request) {
        // Whoever waits for "100 Continue" has not begun to send, and reading would ask for it.
        if self.ended || request.waits_to_send() {
            return;
        }
        let mut left = DRAIN_BYTES_MAX;
        let reading = async {
            while let Ok(Some(chunk)) = self.next().await {
                left = left.saturating_sub(chunk.len());
                if left == 0 {
                    break;
                }
            }
        };
        // Too slow is too bad: the connection is closed then.
        let _ = tokio::time::timeout(DRAIN_TIMEOUT, reading).await;
    }
}

/// One chunk of a body as plain bytes.
pub(super) fn chunk(chunk: Result<impl Buf, warp::Error>) -> Result<Bytes, warp::Error> {
    chunk.map(|mut chunk| chunk.copy_to_bytes(chunk.remaining()))
}
