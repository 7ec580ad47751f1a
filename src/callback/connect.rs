//! Opens the connections that callbacks travel on: finds the host's addresses, keeps those that the
//! guard lets pass, connects to one of these and to nothing else, and speaks TLS on it.
//!
//! Uses nothing of ours outside this room. Used by `client`, whose agents call it for every
//! connection that they do not have; so a connection that is used again costs no look-up, and there
//! is no way to one that was not checked.

use crate::callback::Settings;
use crate::callback::guard::{Policy, Refusal};
use crate::callback::problem::{Code, Problem};
use crate::callback::resolve::{NoAddress, Resolver};
use crate::callback::socket::Socket;
use crate::callback::wire::{Distrust, Wire};
use crate::model::error::{Error, Result};
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use ureq::config::Config;
use ureq::http::Uri;
use ureq::http::uri::Scheme;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver as UreqResolver};
use ureq::unversioned::transport::{
    ConnectionDetails, Connector, LazyBuffers, NextTimeout, RustlsConnector, Transport,
};

/// The most addresses of one host that are tried.
const ADDRESSES_MAX: usize = 16;
const HTTP_PORT: u16 = 80;
const HTTPS_PORT: u16 = 443;
/// How rustls begins its words on a certificate whose issuer it does not know.
const UNKNOWN_ISSUER: &str = "invalid peer certificate: UnknownIssuer";
/// How rustls begins its words on a certificate for another host; it goes on to name both hosts.
const OTHER_HOST: &str = "invalid peer certificate: certificate not valid for name";

/// Opens connections; cheap to clone.
#[derive(Clone)]
pub(super) struct Connect(Arc<Parts>);

struct Parts {
    policy: Policy,
    resolver: Resolver,
    /// The connectors whose connections are not used again.
    distrust: Arc<Distrust>,
    /// Trusts the web's roots.
    web: RustlsConnector,
    /// Trusts the certificates of the operator's file. Apart from `web` because ureq takes either
    /// its own roots or ours.
    extra: Option<(RustlsConnector, Config)>,
}

impl Connect {
    /// As the settings have it.
    ///
    /// # Errors
    /// If the file of extra certificates cannot be read or holds none.
    pub fn new(settings: &Settings) -> Result<Self> {
        Self::with(settings, Resolver::default())
    }

    fn with(settings: &Settings, resolver: Resolver) -> Result<Self> {
        let extra = settings.extra_ca.as_deref().map(extra_roots).transpose()?;
        Ok(Self(Arc::new(Parts {
            policy: Policy {
                allow_loopback: settings.allow_loopback,
                opened: settings.opened.clone(),
                services: settings.services.clone(),
            },
            resolver,
            distrust: Arc::default(),
            web: RustlsConnector::default(),
            extra: extra.map(|config| (RustlsConnector::default(), config)),
        })))
    }
}

fn extra_roots(file: &Path) -> Result<Config> {
    let problem = |what: String| Error::Unavailable(format!("the certificates in {}: {what}", file.display()));
    let pem = std::fs::read(file).map_err(|error| problem(error.to_string()))?;
    let items = parse_pem(&pem).collect::<Result<Vec<_>, _>>().map_err(|error| problem(error.to_string()))?;
    let certificates: Vec<_> = items
        .into_iter()
        .filter_map(|item| if let PemItem::Certificate(certificate) = item { Some(certificate) } else { None })
        .collect();
    if certificates.is_empty() {
        return Err(problem("there is none in PEM form".to_owned()));
    }
    let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&certificates)).build();
    Ok(Config::builder().tls_config(tls).build())
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect").field("policy", &self.0.policy).finish_non_exhaustive()
    }
}

impl Connector<()> for Connect {
    type Out = Box<dyn Transport>;

    fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> Result<Option<Self::Out>, ureq::Error> {
        let deadline = Instant::now() + *details.timeout.after;
        let addresses = self.0.addresses(details.uri, deadline).map_err(other)?;
        let transport = self.0.open(details, &addresses, &self.0.web, details.config, deadline);
        match (transport, &self.0.extra) {
            // Nothing of the request was sent yet, so another connection may be made for it.
            (Err(problem), Some((extra, config))) if problem.observed.contains(UNKNOWN_ISSUER) => {
                self.0.open(details, &addresses, extra, config, deadline)
            }
            (transport, _) => transport,
        }
        .map(Some)
        .map_err(other)
    }
}

fn other(problem: Problem) -> ureq::Error {
    ureq::Error::Other(Box::new(problem))
}

impl Parts {
    /// The addresses of a URL's host that may be called.
    fn addresses(&self, uri: &Uri, deadline: Instant) -> Result<Vec<SocketAddr>, Problem> {
        let tls = uri.scheme() == Some(&Scheme::HTTPS);
        let port = uri.port_u16().unwrap_or(if tls { HTTPS_PORT } else { HTTP_PORT });
        let found = self.resolver.addresses(uri.host().unwrap_or_default(), port, left(deadline))?;
        let (mut allowed, mut refusal) = (Vec::new(), None);
        for address in found {
            match self.policy.check(address, tls) {
                Ok(()) => allowed.push(address),
                Err(refused) => refusal = refusal.or(Some(refused)),
            }
        }
        match refusal {
            Some(refused) if allowed.is_empty() => Err(refused.into()),
            _ => Ok(allowed),
        }
    }

    fn open(
        &self,
        details: &ConnectionDetails,
        addresses: &[SocketAddr],
        tls: &RustlsConnector,
        config: &Config,
        deadline: Instant,
    ) -> Result<Box<dyn Transport>, Problem> {
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        let addresses = &addresses[..addresses.len().min(ADDRESSES_MAX)];
        let socket = Socket::connect(addresses, left(deadline), buffers).map_err(unreachable)?;
        let details = ConnectionDetails {
            uri: details.uri,
            addrs: details.resolver.empty(),
            config,
            request_level: details.request_level,
            resolver: details.resolver,
            now: (details.current_time)(),
            timeout: NextTimeout { after: left(deadline).into(), ..details.timeout },
            current_time: Arc::clone(&details.current_time),
            run_connector: Arc::clone(&details.run_connector),
            register_shutdown: Arc::clone(&details.register_shutdown),
        };
        let connected = Connector::connect(tls, &details, Some(socket)).map_err(tls_failed)?;
        let transport = connected.ok_or_else(|| Problem::new(Code::Internal, "no connection was made"))?;
        let authority = details.uri.authority().map_or("", |authority| authority.as_str());
        Ok(Box::new(Wire::new(Box::new(transport), authority, Arc::clone(&self.distrust))))
    }
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

fn unreachable(error: io::Error) -> Problem {
    let why = match error.kind() {
        ErrorKind::TimedOut => "it took too long".to_owned(),
        _ => error.to_string(),
    };
    Problem::new(Code::Unreachable, format!("no connection to the connector could be made ({why})"))
}

fn tls_failed(error: ureq::Error) -> Problem {
    let why = match error {
        ureq::Error::Timeout(_) => "it took too long".to_owned(),
        ureq::Error::Io(error) => error.to_string(),
        error => error.to_string(),
    };
    let why = if why.starts_with(OTHER_HOST) { "the certificate is for another host" } else { &why };
    Problem::new(Code::TlsFailed, format!("the TLS handshake with the connector failed ({why})"))
}

impl From<NoAddress> for Problem {
    fn from(error: NoAddress) -> Self {
        let code = match error {
            NoAddress::NotFound(_) | NoAddress::TooSlow => Code::HostNotFound,
            NoAddress::TooMany => Code::Internal,
        };
        Self::new(code, error.to_string())
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::new(Code::AddressRefused, refusal.to_string())
    }
}

/// Finds nothing: [`Connect`] does, once it is known that a new connection is needed.
#[derive(Debug)]
pub(super) struct NoLookup;

impl UreqResolver for NoLookup {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::atomic::{AtomicUsize, Ordering};

    const PUBLIC: Ipv4Addr = Ipv4Addr::new(1, 1, 1, 1);
    const INSIDE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

    /// Connections for a stranger's name, which resolves to these, one list after the other.
    fn connect(answers: &'static [&'static [Ipv4Addr]]) -> Connect {
        let asked = AtomicUsize::new(0);
        let resolver = Resolver::with(move |_, port| {
            let answer = answers[asked.fetch_add(1, Ordering::SeqCst)];
            Ok(answer.iter().map(|address| SocketAddr::new(IpAddr::V4(*address), port)).collect())
        });
        Connect::with(&Settings::default(), resolver).expect("connections")
    }

    fn addresses(connect: &Connect) -> Result<Vec<IpAddr>, Code> {
        let uri = Uri::from_static("https://connector.example/");
        let found = connect.0.addresses(&uri, Instant::now() + Duration::from_secs(5));
        found.map(|found| found.iter().map(SocketAddr::ip).collect()).map_err(|problem| problem.code)
    }

    #[test]
    fn a_name_that_changes_its_address_is_judged_at_each_connection() {
        let connect = connect(&[&[PUBLIC], &[INSIDE], &[PUBLIC]]);
        assert_eq!(addresses(&connect), Ok(vec![IpAddr::V4(PUBLIC)]));
        assert_eq!(addresses(&connect), Err(Code::AddressRefused));
        assert_eq!(addresses(&connect), Ok(vec![IpAddr::V4(PUBLIC)]));
    }

    #[test]
    fn of_several_addresses_those_inside_are_never_tried() {
        assert_eq!(addresses(&connect(&[&[INSIDE, PUBLIC]])), Ok(vec![IpAddr::V4(PUBLIC)]));
        assert_eq!(addresses(&connect(&[&[INSIDE, Ipv4Addr::LOCALHOST]])), Err(Code::AddressRefused));
    }
}
