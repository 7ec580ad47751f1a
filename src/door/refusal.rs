//! What those get for whom there is no place: a short answer, so that they know why, as long as few
//! are refused at once; beyond that the connection is closed.
//!
//! Used by [`super::connection`].

use crate::door::places::Full;
use rand::random;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// How many may be refused with an answer at once.
pub(super) const REFUSALS_MAX: usize = 128;
/// How long a refusal may take, TLS included.
pub(super) const REFUSAL_TIME_MAX: Duration = Duration::from_secs(3);
/// How much of the request is read, so that the answer is not lost in a reset, in bytes.
const READ_BYTES_MAX: u64 = 64 * 1024;

/// Answers and closes.
pub(super) async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, full: Full) -> std::io::Result<()> {
    // Clients that have not sent their request take no answer to it.
    let mut first = [0; 1_024];
    let _ = stream.read(&mut first).await?;
    stream.write_all(text(full).as_bytes()).await?;
    stream.shutdown().await?;
    tokio::io::copy(&mut stream.take(READ_BYTES_MAX), &mut tokio::io::sink()).await?;
    Ok(())
}

/// The answer, in the form of all errors (protocol.md, "The hub").
fn text(full: Full) -> String {
    let (line, code, status, retry_after, why) = match full {
        Full::Server => (
            "503 Service Unavailable",
            "SERVICE_UNAVAILABLE",
            503,
            2,
            "the server has as many connections as it takes; try again in a moment",
        ),
        Full::Address => (
            "429 Too Many Requests",
            "TOO_MANY_REQUESTS",
            429,
            5,
            "there are as many connections from your address as the server takes; close some, or use them again",
        ),
    };
    let id = format!("{:016x}", random::<u64>());
    let body = format!(r#"{{"error":"{code}","status":{status},"description":"{why}","requestId":"{id}"}}"#);
    format!(
        "HTTP/1.1 {line}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nRetry-After: {retry_after}\r\n\
         Connection: close\r\nX-Request-Id: {id}\r\n\r\n{body}",
        body.len()
    )
}
