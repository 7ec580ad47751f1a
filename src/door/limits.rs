//! What a connection may take: how many there may be, and how long each step may last.
//!
//! Uses nothing of ours. Used by `config`, which fills it in, and by this room.

use ipnet::IpNet;
use std::time::Duration;

/// How slowly a client may read an answer in the long run, in bytes a second: half of what the oldest
/// mobile lines have.
pub(super) const READ_RATE_MIN: u64 = 8 * 1024;
/// The longest head of an HTTP/1 request, in bytes.
pub(super) const HEAD_BYTES_MAX: usize = 64 * 1024;
/// The longest list of headers of HTTP/2, in bytes as HTTP/2 counts them.
pub(super) const HEADER_LIST_BYTES_MAX: u32 = 64 * 1024;
/// How many requests may be under way on a connection of HTTP/2.
pub(super) const STREAMS_MAX: u32 = 100;
/// How much of a body of HTTP/2 may be under way before it is asked for more, in bytes; a body of the
/// hub is not longer.
pub(super) const STREAM_WINDOW_BYTES: u32 = 256 * 1024;
/// The same of all bodies of a connection together.
pub(super) const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;
/// How many requests of HTTP/2 may be reset before they were looked at, or be at fault, until the
/// connection is closed (CVE-2023-44487, "rapid reset").
pub(super) const RESETS_MAX: usize = 20;
/// How often a client of HTTP/2 is asked whether it is there, and how long it may take to answer.
pub(super) const PING_EVERY: Duration = Duration::from_secs(20);

/// The limits that an operator sets.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How many connections may be open at once.
    pub connections: usize,
    /// How many of them from one address, loopback and proxies aside.
    pub connections_per_address: usize,
    /// Where proxies are, which bring many clients from one address.
    pub proxies: Vec<IpNet>,
    /// How long the TLS handshake may take.
    pub handshake_time: Duration,
    /// How long the head of a request may take from its first byte.
    pub header_time: Duration,
    /// How long a connection may be open without a request.
    pub idle_time: Duration,
    /// How long a client may read nothing of an answer.
    pub answer_time: Duration,
}

impl Limits {
    /// How long it takes at most until a step that begins now is known to last too long.
    pub(super) fn shortest(&self) -> Duration {
        self.header_time.min(self.idle_time).min(self.answer_time)
    }

    /// How long a client may take to read so many bytes.
    pub(super) fn reading_time(&self, bytes: u64) -> Duration {
        self.answer_time + Duration::from_secs(bytes / READ_RATE_MIN)
    }
}
