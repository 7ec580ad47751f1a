//! Exchanges one signed request for one answer over HTTP/1.1 (protocol.md, "Limits").
//!
//! May use `model`. Used by `worker`. Sends each request at most once: no redirect is followed and
//! nothing is tried again.

use crate::callback::Settings;
use crate::callback::connect::{Connect, NoLookup};
use crate::callback::message::Target;
use crate::callback::problem::{Code, Problem};
use crate::callback::wire::{INPUT_BYTES, OUTPUT_BYTES};
use crate::model::callback::Header;
use crate::model::error::Result;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};
use ureq::Agent;
use ureq::config::Config;
use ureq::http::Response;

/// The `User-Agent` header's value.
pub(super) const USER_AGENT: &str = concat!("connhub/", env!("CARGO_PKG_VERSION"));
/// The most of an answer's body that is read and kept, in bytes (protocol.md).
pub(super) const BODY_BYTES_MAX: usize = 64 * 1_024;
/// How long an idle connection may be used again. Every connector keeps idle connections for longer
/// than that, so it does not close one just when a POST goes out on it: such a POST would fail, since
/// nobody can tell whether it arrived, and one that may have arrived is never sent again. Longer
/// would gain little: it is under load that connections are worth keeping.
const IDLE_TIME_MAX: Duration = Duration::from_secs(1);
/// Agents, each with its own connections under its own lock. ureq walks over all idle connections of
/// an agent at every request, so few agents with many connections each would be slow.
const AGENTS: usize = 16;
/// The most idle connections of one agent, to one host or many: twice the threads that one
/// publication has by default.
const IDLE_PER_AGENT: usize = 32;

/// What a connector answered.
#[derive(Debug)]
pub(super) struct Received {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<Header>,
    /// The body, its first 64 KiB.
    pub body: Vec<u8>,
    /// How the body ended.
    pub end: End,
}

/// How a body ended.
#[derive(Debug)]
pub(super) enum End {
    /// With its end.
    Whole,
    /// There was more of it than we read.
    TooLarge,
    /// Not at all: its end would have been that of the connection, which the connector kept open.
    Open,
    /// Too early.
    Broken(Problem),
}

/// What came of a request, and how long it took.
#[derive(Debug)]
pub(super) struct Exchange {
    /// The answer, or why there is none.
    pub answer: Result<Received, Problem>,
    /// From the first look-up to the answer's end.
    pub duration: Duration,
}

/// Sends requests.
pub(super) struct Client {
    agents: Vec<Agent>,
    timeout: Duration,
}

impl Client {
    /// As the settings have it.
    ///
    /// # Errors
    /// If the file of extra certificates is no good.
    pub fn new(settings: &Settings) -> Result<Self> {
        let connect = Connect::new(settings)?;
        let config = config(settings);
        let agent = |_| Agent::with_parts(config.clone(), connect.clone(), NoLookup);
        Ok(Self { agents: (0..AGENTS).map(agent).collect(), timeout: settings.timeout })
    }

    /// Sends a request with these headers and no others, in this order, and reads its answer.
    pub fn exchange(&self, method: &str, target: &Target, headers: &[Header], body: &str) -> Exchange {
        let begun = Instant::now();
        let answer = self.send(method, target, headers, body).map(read).map_err(|error| self.problem(error));
        let answer = answer.map(|(received, broken)| match broken {
            None => received,
            Some(error) => Received { end: End::Broken(self.problem(error)), ..received },
        });
        Exchange { answer, duration: begun.elapsed() }
    }

    fn send(
        &self,
        method: &str,
        target: &Target,
        headers: &[Header],
        body: &str,
    ) -> Result<Response<ureq::Body>, ureq::Error> {
        let agent = self.agent(target);
        let url = target.to_string();
        if method == "POST" {
            let request = headers
                .iter()
                .fold(agent.post(url), |request, header| request.header_raw(&header.name, header.value.as_bytes()));
            request.send(body)
        } else {
            let request = headers
                .iter()
                .fold(agent.delete(url), |request, header| request.header_raw(&header.name, header.value.as_bytes()));
            request.call()
        }
    }

    /// The agent that has the connections to this target.
    fn agent(&self, target: &Target) -> &Agent {
        let mut hasher = DefaultHasher::new();
        target.authority.hash(&mut hasher);
        // The remainder is below the number of agents, so it fits.
        &self.agents[(hasher.finish() % self.agents.len() as u64) as usize]
    }

    fn problem(&self, error: ureq::Error) -> Problem {
        match error {
            ureq::Error::Other(error) => match error.downcast::<Problem>() {
                Ok(problem) => *problem,
                Err(error) => Problem::new(Code::Internal, format!("the request could not be made ({error})")),
            },
            ureq::Error::Timeout(_) => Problem::new(
                Code::Timeout,
                format!("the connector did not answer within {} ms", self.timeout.as_millis()),
            ),
            ureq::Error::Io(error) if error.kind() == ErrorKind::UnexpectedEof => {
                Problem::new(Code::ConnectionLost, "the connector closed the connection before its answer was complete")
            }
            ureq::Error::Io(error) => {
                Problem::new(Code::ConnectionLost, format!("the connection to the connector was lost ({error})"))
            }
            ureq::Error::Protocol(error) => {
                Problem::new(Code::MalformedAnswer, format!("the connector's answer is not HTTP ({error})"))
            }
            ureq::Error::Http(_) | ureq::Error::BadUri(_) => {
                Problem::new(Code::BadCallbackUrl, "the callback URL cannot be requested over HTTP")
            }
            error => Problem::new(Code::Internal, format!("the request could not be made ({error})")),
        }
    }
}

fn config(settings: &Settings) -> Config {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        // A proxy named by an environment variable would go where the guard does not look.
        .proxy(None)
        .user_agent("")
        .accept("")
        .accept_encoding("")
        .timeout_global(Some(settings.timeout))
        .timeout_connect(Some(settings.connect_timeout))
        // `framing` has the limit; what it writes is hardly longer than what came.
        .max_response_header_size(INPUT_BYTES)
        .input_buffer_size(INPUT_BYTES)
        .output_buffer_size(OUTPUT_BYTES)
        .max_idle_connections(IDLE_PER_AGENT)
        .max_idle_connections_per_host(IDLE_PER_AGENT)
        .max_idle_age(IDLE_TIME_MAX)
        .build()
}

/// Reads the answer's body within its bounds; where that breaks off, what came is kept.
fn read(mut response: Response<ureq::Body>) -> (Received, Option<ureq::Error>) {
    let status = response.status().as_u16();
    let header = |(name, value): (&ureq::http::HeaderName, &ureq::http::HeaderValue)| Header {
        name: name.as_str().to_owned(),
        value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
    };
    let headers = response.headers().iter().map(header).collect();
    let mut body = Vec::new();
    // One byte more than is kept tells whether there is more.
    let reading = response.body_mut().as_reader().take(BODY_BYTES_MAX as u64 + 1).read_to_end(&mut body);
    let mut error = reading.err().map(ureq::Error::from);
    let end = if body.len() > BODY_BYTES_MAX {
        End::TooLarge
    } else if has_no_length(&response) && matches!(error, Some(ureq::Error::Timeout(_))) {
        error = None;
        End::Open
    } else {
        End::Whole
    };
    body.truncate(BODY_BYTES_MAX);
    (Received { status, headers, body, end }, error)
}

/// Whether only the end of the connection ends a response's body.
fn has_no_length(response: &Response<ureq::Body>) -> bool {
    let headers = response.headers();
    let chunked = |value: &ureq::http::HeaderValue| value.as_bytes().to_ascii_lowercase().ends_with(b"chunked");
    !headers.contains_key("content-length") && !headers.get_all("transfer-encoding").iter().any(chunked)
}

#[cfg(test)]
mod tests;
