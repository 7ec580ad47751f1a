//! A client of HTTP/2 without manners: each function does one thing that servers were brought down by.

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use std::future::Future;
use std::time::Duration;
use tokio::net::TcpStream;

/// Longer than anything lasts: whoever runs into this has found a hang.
const PATIENCE: Duration = Duration::from_secs(30);

/// Does something with a connection whose streams have this window, in bytes; why the connection ended.
pub fn connection_after<Doing>(
    authority: &str,
    window: u32,
    misbehave: impl FnOnce(SendRequest<Bytes>) -> Doing,
) -> Result<(), h2::Error>
where
    Doing: Future<Output = SendRequest<Bytes>> + Send + 'static,
{
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let stream = TcpStream::connect(authority).await.expect("a connection");
        let (client, connection) = Builder::new().initial_window_size(window).handshake(stream).await.expect("HTTP/2");
        let doing = tokio::spawn(misbehave(client));
        let ended = tokio::time::timeout(PATIENCE, connection).await.expect("an end in time");
        doing.abort();
        ended
    })
}

/// A request for a path.
pub fn get(authority: &str, path: &str) -> http::Request<()> {
    http::Request::get(format!("http://{authority}{path}")).body(()).expect("a request")
}
