//! A client of HTTP/2 with few manners: it asks as no library would, or does what servers were brought
//! down by.

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use std::future::Future;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

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
    runtime().block_on(async {
        let stream = TcpStream::connect(authority).await.expect("a connection");
        let (client, connection) = Builder::new().initial_window_size(window).handshake(stream).await.expect("HTTP/2");
        let doing = tokio::spawn(misbehave(client));
        let ended = tokio::time::timeout(PATIENCE, connection).await.expect("an end in time");
        doing.abort();
        ended
    })
}

/// The status of the answer to a request that is sent as it is.
pub fn status(authority: &str, request: http::Request<()>) -> u16 {
    runtime().block_on(async {
        let stream = TcpStream::connect(authority).await.expect("a connection");
        let (mut client, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
        let connected = tokio::spawn(connection);
        let (answer, _) = client.send_request(request, true).expect("a request");
        let answer = tokio::time::timeout(PATIENCE, answer).await.expect("an answer in time").expect("an answer");
        connected.abort();
        answer.status().as_u16()
    })
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

/// A request for a path.
pub fn get(authority: &str, path: &str) -> http::Request<()> {
    http::Request::get(format!("http://{authority}{path}")).body(()).expect("a request")
}
