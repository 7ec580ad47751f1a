//! A connection's stream, which tells what is read and written, and holds the connection's place.
//!
//! Used by [`super::connection`].

use crate::door::activity::Activity;
use crate::door::places::Place;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// How the preface of HTTP/2 begins, which no method does.
const HTTP2: &[u8] = b"PRI ";
/// What a client of HTTP/1 is told whose request comes too slowly.
const TOO_SLOW: &[u8] = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: text/plain\r\n\
Content-Length: 47\r\n\r\nthe head of the request did not arrive in time\n";

/// What is below a stream.
pub(super) trait Connected: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// The connection itself.
    fn tcp(&self) -> &TcpStream;
}

impl Connected for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Connected for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// The stream.
pub(super) struct Stream<S: Connected> {
    inner: S,
    activity: Arc<Activity>,
    /// Given back with the stream, also where it has become a WebSocket's.
    _place: Place,
    fresh: bool,
    stalled: bool,
}

impl<S: Connected> Stream<S> {
    pub(super) fn new(inner: S, activity: Arc<Activity>, place: Place) -> Self {
        Self { inner, activity, _place: place, fresh: true, stalled: false }
    }

    /// Notes how writing fares; nothing where it fares well, as it mostly does.
    fn note<T>(&mut self, poll: &Poll<io::Result<T>>, written: impl FnOnce(&T) -> Option<usize>) {
        match poll {
            Poll::Pending if !self.stalled => {
                self.stalled = true;
                self.activity.stalls();
            }
            Poll::Ready(Ok(done)) if self.stalled => match written(done) {
                Some(bytes) => self.activity.proceeds(bytes),
                None => {
                    self.stalled = false;
                    self.activity.flows();
                }
            },
            _ => {}
        }
    }
}

impl<S: Connected> Drop for Stream<S> {
    fn drop(&mut self) {
        if self.activity.is_abandoned() {
            // Else the system would keep what was not read, and offer it for minutes.
            let _ = self.inner.tcp().set_zero_linger();
        }
    }
}

impl<S: Connected> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.activity.is_late() {
            // Once, and as much as there is room for: whoever is so slow may miss it.
            let _ = Pin::new(&mut self.inner).poll_write(context, TOO_SLOW);
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        let received = &buffer.filled()[before..];
        if !received.is_empty() {
            if std::mem::take(&mut self.fresh) && received.starts_with(HTTP2) {
                self.activity.is_http2();
            }
            self.activity.received();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: Connected> AsyncWrite for Stream<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.note(&poll, |written| Some(*written));
        poll
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.note(&poll, |written| Some(*written));
        poll
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.inner).poll_flush(context);
        self.note(&poll, |()| None);
        poll
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.inner).poll_shutdown(context);
        self.note(&poll, |()| None);
        poll
    }
}
