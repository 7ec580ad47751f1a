//! What may go wrong with a callback: codes that programs read and words that people read.
//!
//! May use `model`. Used by `connect` and `client`, which find problems of the way there, by
//! `interpret`, which finds those of the answer, and by `worker`.
//!
//! No text names a host or an address: it also reaches the owner of the app, whom it does not
//! concern where a connector lives (domain.md, "Ownership and visibility"). What does is for the log alone, see
//! [`Problem::for_owner`].

use crate::model::callback::FOR_OWNER;
use std::fmt;

/// The kind of a problem, as `stateDetails.error` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    /// The callback URL cannot be called at all.
    BadCallbackUrl,
    /// The host's name has no address.
    HostNotFound,
    /// The host's addresses are not to be called.
    AddressRefused,
    /// No connection.
    Unreachable,
    /// No connection with TLS.
    TlsFailed,
    /// The time was over before the answer.
    Timeout,
    /// The connection ended before the answer.
    ConnectionLost,
    /// The answer is longer than we read.
    AnswerTooLarge,
    /// The answer is not what the protocol has.
    MalformedAnswer,
    /// The status is none that the protocol has.
    UnexpectedStatus,
    /// The connector refused and gave no details of its own.
    Refused,
    /// The proxy that callbacks go through did not do its part.
    ProxyFailed,
    /// The operator has callbacks switched off.
    Disabled,
    /// Our own fault.
    Internal,
}

impl Code {
    /// The name, for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::BadCallbackUrl => "BAD_CALLBACK_URL",
            Self::HostNotFound => "HOST_NOT_FOUND",
            Self::AddressRefused => "ADDRESS_REFUSED",
            Self::Unreachable => "UNREACHABLE",
            Self::TlsFailed => "TLS_FAILED",
            Self::Timeout => "TIMEOUT",
            Self::ConnectionLost => "CONNECTION_LOST",
            Self::AnswerTooLarge => "ANSWER_TOO_LARGE",
            Self::MalformedAnswer => "MALFORMED_ANSWER",
            Self::UnexpectedStatus => "UNEXPECTED_STATUS",
            Self::Refused => "REFUSED",
            Self::ProxyFailed => "PROXY_FAILED",
            Self::Disabled => "CALLBACKS_DISABLED",
            Self::Internal => "INTERNAL_ERROR",
        }
    }

    /// How to mend it.
    pub fn advice(self) -> &'static str {
        match self {
            Self::BadCallbackUrl => "correct the callback URL in the publication",
            Self::HostNotFound => "check the host's name in the callback URL and that its DNS entry exists",
            Self::AddressRefused => {
                "use a public https address in the callback URL, or have the operator of this server open the range \
                 with --allow-callback-net"
            }
            Self::Unreachable => "check that the connector runs and that the callback URL's host and port are right",
            Self::TlsFailed => "correct that at the connector, or in its callback URL",
            Self::Timeout => "the connector must answer faster; for longer work it answers 202 and reports later",
            Self::ConnectionLost => {
                "look into the connector's own log for why it closed the connection, and check that its port speaks \
                 what the callback URL begins with, http or https"
            }
            Self::AnswerTooLarge => "have the connector send less",
            Self::MalformedAnswer => "the connector's answer must be as the connector protocol has it",
            Self::UnexpectedStatus => "look into the connector's own log, and check the callback URL's path",
            Self::Refused => "the connector's own log should say why",
            Self::ProxyFailed => "have the operator of this server look at the proxy (--callback-proxy)",
            Self::Disabled => "have the operator of this server start it without --no-callbacks",
            Self::Internal => "look into this server's log",
        }
    }
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// Its kind.
    pub code: Code,
    /// What was observed, a clause for a person.
    pub observed: String,
    /// What only the owner of the publication may see, in the callback log: names of hosts.
    pub for_owner: Option<String>,
}

impl Problem {
    /// A problem of that kind.
    pub fn new(code: Code, observed: impl Into<String>) -> Self {
        Self { code, observed: observed.into(), for_owner: None }
    }

    /// What the callback log has.
    pub fn logged(&self) -> String {
        self.for_owner
            .as_ref()
            .map_or_else(|| self.observed.clone(), |more| format!("{}{FOR_OWNER}{more}", self.observed))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.observed)
    }
}

impl std::error::Error for Problem {}

/// ureq hands it through; `client` takes it out again.
impl From<Problem> for ureq::Error {
    fn from(problem: Problem) -> Self {
        Self::Other(Box::new(problem))
    }
}
