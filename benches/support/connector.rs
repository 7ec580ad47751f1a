//! A connector on a thread of its own, which answers callbacks as it is told.

use super::http;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How much room a connection's buffer has at first, in bytes: a callback is below 2 KiB.
const BUFFER_BYTES: usize = 4 * 1024;

/// A callback.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// `POST` or `DELETE`.
    pub method: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// The body.
    pub body: &'a [u8],
}

/// How a callback is answered.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// With this status,
    pub status: u16,
    /// this body,
    pub body: &'static str,
    /// and after this time.
    pub delay: Duration,
}

/// What a connector does with a callback. Must not block.
pub trait Behaviour: Send + Sync + 'static {
    /// Decides on the answer.
    fn answer(&self, received: Received<'_>) -> Reply;
}

impl<F: Fn(Received<'_>) -> Reply + Send + Sync + 'static> Behaviour for F {
    fn answer(&self, received: Received<'_>) -> Reply {
        self(received)
    }
}

/// Starts a connector, which lives as long as this process, and answers where it listens.
///
/// All connections are served by one thread: that costs less than a thread for each.
pub fn start(behaviour: Arc<dyn Behaviour>) -> io::Result<SocketAddr> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (sender, receiver) = mpsc::channel();
    std::thread::Builder::new().name("connector".to_owned()).spawn(move || {
        runtime.block_on(async {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await;
            let address = listener.as_ref().map_err(|error| io::Error::from(error.kind())).and_then(|l| l.local_addr());
            // Whoever started this waits for it.
            let _ = sender.send(address);
            if let Ok(listener) = listener {
                accept(listener, behaviour).await;
            }
        });
    })?;
    receiver.recv().map_err(io::Error::other)?
}

async fn accept(listener: TcpListener, behaviour: Arc<dyn Behaviour>) {
    while let Ok((stream, _)) = listener.accept().await {
        let behaviour = Arc::clone(&behaviour);
        tokio::spawn(async move {
            // A connection that ends early is the server's to tell: it was killed.
            let _ = serve(stream, &*behaviour).await;
        });
    }
}

async fn serve(mut stream: TcpStream, behaviour: &dyn Behaviour) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(BUFFER_BYTES);
    loop {
        let whole = http::frame(&buffer)?.filter(|frame| buffer.len() >= frame.end);
        let Some(frame) = whole else {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
            continue;
        };
        let reply = behaviour.answer(received(&buffer, frame)?);
        buffer.drain(..frame.end);
        if !reply.delay.is_zero() {
            tokio::time::sleep(reply.delay).await;
        }
        stream.write_all(&to_bytes(&reply)).await?;
    }
}

fn received(buffer: &[u8], frame: http::Frame) -> io::Result<Received<'_>> {
    let head = std::str::from_utf8(&buffer[..frame.body]).map_err(io::Error::other)?;
    let mut line = head.lines().next().unwrap_or_default().split(' ');
    let (method, path) = (line.next().unwrap_or_default(), line.next().unwrap_or_default());
    Ok(Received { method, path, body: &buffer[frame.body..frame.end] })
}

fn to_bytes(reply: &Reply) -> Vec<u8> {
    let Reply { status, body, .. } = reply;
    // The phrase means nothing, and 204 must have no length (RFC 9110).
    let length = if *status == 204 { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    format!("HTTP/1.1 {status} Answer\r\nContent-Type: application/json\r\n{length}\r\n{body}").into_bytes()
}
