//! The HTTP proxy through which callbacks go where a network has no other way out (`--callback-proxy`): a tunnel
//! that CONNECT (RFC 9110, 9.3.6) opens, in which TLS is spoken with the connector as without a proxy.
//!
//! Uses `problem` and `socket`. Used by `connect`, which decides what goes through it, and by `config`, which reads it.
//!
//! Plain http has no way through a proxy: it goes to this machine and to opened ranges alone, and there directly.

use crate::callback::problem::{Code, Problem};
use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use std::fmt;
use std::time::{Duration, Instant};
use ureq::unversioned::transport::{NextTimeout, Transport};
use ureq::{Error, Timeout};
use url::Url;

/// The most of a proxy's response to CONNECT, in bytes.
const RESPONSE_BYTES_MAX: usize = 16 * 1_024;
const WHAT: &str = "it must be http:// with the proxy's host and port, and user name and password if it needs them, such \
                    as http://proxy.example:3128 or http://name:password@proxy.example:3128";

/// An HTTP proxy. Whoever prints it does not see its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// As in a URL.
    pub(super) host: String,
    pub(super) port: u16,
    authorization: Option<String>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Proxy {
    /// Reads its URL.
    ///
    /// # Errors
    /// What is wrong with it, without the URL, which may have a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|_| WHAT.to_owned())?;
        if matches!(url.scheme(), "https" | "socks" | "socks4" | "socks5" | "socks5h") {
            return Err(format!("connhub speaks plain http with the proxy, not {}: {WHAT}", url.scheme()));
        }
        let is_bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        let (Some(host), true, "http") = (url.host_str(), is_bare, url.scheme()) else { return Err(WHAT.to_owned()) };
        let port = url.port_or_known_default().ok_or_else(|| WHAT.to_owned())?;
        let decoded = |text| percent_decode_str(text).collect::<Vec<u8>>();
        let (name, password) = (decoded(url.username()), decoded(url.password().unwrap_or_default()));
        if name.contains(&b':') {
            return Err("the user name must not have a colon, which separates it from the password".to_owned());
        }
        let has_user = !name.is_empty() || url.password().is_some();
        let authorization =
            has_user.then(|| format!("Basic {}", STANDARD.encode([&name[..], b":", &password].concat())));
        Ok(Self { host: host.to_owned(), port, authorization })
    }

    /// Has the proxy connect to a host and port, on a connection to it. What is sent on it afterwards reaches those.
    ///
    /// # Errors
    /// Why it does not.
    pub(super) fn tunnel(&self, transport: &mut dyn Transport, target: &str, deadline: Instant) -> Result<(), Error> {
        let time = || NextTimeout {
            after: deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1)).into(),
            reason: Timeout::Connect,
            ..NextTimeout::default()
        };
        let authorization = self.authorization.iter().map(|value| format!("Proxy-Authorization: {value}\r\n"));
        let authorization: String = authorization.collect();
        let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{authorization}\r\n");
        for part in request.as_bytes().chunks(1_024) {
            transport.buffers().output()[..part.len()].copy_from_slice(part);
            transport.transmit_output(part.len(), time()).map_err(broken)?;
        }
        loop {
            let input = transport.buffers().input();
            if let Some(end) = input.windows(4).position(|window| window == b"\r\n\r\n") {
                let judged = judge(input);
                transport.buffers().input_consume(end + 4);
                return judged.map_err(Error::from);
            }
            if input.len() > RESPONSE_BYTES_MAX {
                return Err(failed("it sent no response to CONNECT, but something else").into());
            }
            if !transport.await_input(time()).map_err(broken)? {
                return Err(failed("it closed the connection before it responded").into());
            }
        }
    }
}

/// Whether a response to CONNECT says that the tunnel is open.
fn judge(response: &[u8]) -> Result<(), Problem> {
    let status = response.strip_prefix(b"HTTP/1.").and_then(|rest| rest.get(2..5));
    let status = status.and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<u16>().ok());
    match status {
        Some(200..=299) => Ok(()),
        Some(407) => {
            Err(failed("it demands a user name and password, or does not accept those in --callback-proxy (407)"))
        }
        Some(401 | 403 | 405) => Err(failed("it refuses to connect to the callback URL's host and port")),
        Some(status @ (500..=504)) => Err(Problem::new(
            Code::Unreachable,
            format!("this server's proxy could not connect to the connector (it responded with status {status})"),
        )),
        Some(status) => Err(failed(&format!("it responded with status {status} to CONNECT"))),
        None => Err(failed("it does not speak HTTP/1.1")),
    }
}

fn failed(what: &str) -> Problem {
    Problem::new(Code::ProxyFailed, format!("this server's proxy for callbacks did not let this one pass: {what}"))
}

/// No connection to the proxy, or one that broke.
pub(super) fn broken(error: Error) -> Error {
    let what = match error {
        Error::Timeout(_) => "it did not respond in time".to_owned(),
        Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => "it cannot be reached in time".to_owned(),
        // The system's words.
        Error::Io(error) => format!("the connection to it failed ({error})"),
        error => return error,
    };
    failed(&what).into()
}

#[cfg(test)]
mod tests;
