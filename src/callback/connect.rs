//! Opens the connections that callbacks travel on: finds the host's addresses, keeps those that the
//! guard lets pass, connects to one of these and to nothing else, and speaks TLS on it (see `tls`).
//!
//! Uses nothing of ours outside this room. Used by `client`, whose agents call it for every
//! connection that they do not have; so a connection that is used again costs no look-up, and there
//! is no way to one that was not checked.

use crate::callback::Settings;
use crate::callback::guard::{self, Policy, Refusal};
use crate::callback::problem::{Code, Problem};
use crate::callback::proxy::{self, Proxy};
use crate::callback::resolve::{self, NoAddress, Resolver};
use crate::callback::socket::Socket;
use crate::callback::tls::{Plain, Tls};
use crate::callback::wire::{Distrust, Wire};
use crate::model::error::Result;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use ureq::config::Config;
use ureq::http::Uri;
use ureq::http::uri::Scheme;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver as UreqResolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport};

/// The most addresses of one host that are tried.
const ADDRESSES_MAX: usize = 16;
const HTTP_PORT: u16 = 80;
const HTTPS_PORT: u16 = 443;
/// Opens connections; cheap to clone.
#[derive(Clone)]
pub(super) struct Connect(Arc<Parts>);

struct Parts {
    policy: Policy,
    resolver: Resolver,
    /// What connections to the internet go through.
    proxy: Option<Proxy>,
    /// The connectors whose connections are not used again.
    distrust: Arc<Distrust>,
    tls: Tls,
}

impl Connect {
    /// As the settings have it.
    ///
    /// # Errors
    /// If the file of extra certificates cannot be read, or has anything but certificates.
    pub fn new(settings: &Settings) -> Result<Self> {
        Self::with(settings, Resolver::default())
    }

    fn with(settings: &Settings, resolver: Resolver) -> Result<Self> {
        let tls = Tls::new(settings.extra_ca.as_deref())?;
        Ok(Self(Arc::new(Parts {
            policy: Policy {
                allow_loopback: settings.allow_loopback,
                opened: settings.opened.clone(),
                services: settings.services.clone(),
            },
            resolver,
            proxy: settings.proxy.clone(),
            distrust: Arc::default(),
            tls,
        })))
    }
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
        let way = self.0.way(details.uri, deadline).map_err(ureq::Error::from)?;
        let socket = match way {
            Way::To(addresses) => {
                self.0.socket(details, &addresses, deadline).map_err(|error| unreachable(&error).into())
            }
            Way::Through(proxy) => self.0.tunnel(details, proxy, deadline),
        };
        self.0.open(details, socket?, deadline).map(Some)
    }
}

/// How a host is reached.
#[derive(Debug)]
enum Way<'a> {
    /// At these addresses.
    To(Vec<SocketAddr>),
    /// Through a proxy, which looks its name up.
    Through(&'a Proxy),
}

/// The port of a URL, and whether TLS is spoken there.
fn port(uri: &Uri) -> (u16, bool) {
    let tls = uri.scheme() == Some(&Scheme::HTTPS);
    (uri.port_u16().unwrap_or(if tls { HTTPS_PORT } else { HTTP_PORT }), tls)
}

impl Parts {
    /// The way to a URL's host, if it may be called. What is near has no proxy on the way.
    fn way(&self, uri: &Uri, deadline: Instant) -> Result<Way<'_>, Problem> {
        let Some(proxy) = &self.proxy else { return self.addresses(uri, deadline).map(Way::To) };
        let host = uri.host().unwrap_or_default();
        if resolve::needs_lookup(host) {
            guard::check_name(host, port(uri).1)?;
            return Ok(Way::Through(proxy));
        }
        let addresses = self.addresses(uri, deadline)?;
        let is_near = addresses.iter().all(|address| self.policy.is_near(*address));
        Ok(if is_near { Way::To(addresses) } else { Way::Through(proxy) })
    }

    /// The addresses of a URL's host that may be called.
    fn addresses(&self, uri: &Uri, deadline: Instant) -> Result<Vec<SocketAddr>, Problem> {
        let (port, tls) = port(uri);
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

    fn socket(&self, details: &ConnectionDetails, addresses: &[SocketAddr], deadline: Instant) -> io::Result<Socket> {
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Socket::connect(&addresses[..addresses.len().min(ADDRESSES_MAX)], left(deadline), buffers)
    }

    /// A connection through a proxy, which the operator has chosen and the guard does not judge.
    fn tunnel(&self, details: &ConnectionDetails, proxy: &Proxy, deadline: Instant) -> Result<Socket, ureq::Error> {
        let found = self.resolver.addresses(&proxy.host, proxy.port, left(deadline));
        let addresses = found.map_err(|_| proxy::broken(io::Error::other("its name has no address").into()))?;
        let socket = self.socket(details, &addresses, deadline).map_err(ureq::Error::from);
        let mut socket = socket.map_err(proxy::broken)?;
        let target = format!("{}:{}", details.uri.host().unwrap_or_default(), port(details.uri).0);
        proxy.tunnel(&mut socket, &target, deadline)?;
        Ok(socket)
    }

    fn open(
        &self,
        details: &ConnectionDetails,
        socket: Socket,
        deadline: Instant,
    ) -> Result<Box<dyn Transport>, ureq::Error> {
        let authority = details.uri.authority().map_or("", |authority| authority.as_str());
        let wire = |transport| Box::new(Wire::new(transport, authority, Arc::clone(&self.distrust)));
        if !details.needs_tls() {
            return Ok(wire(Box::new(Plain::new(socket))));
        }
        let details = ConnectionDetails {
            uri: details.uri,
            addrs: details.resolver.empty(),
            config: details.config,
            request_level: details.request_level,
            resolver: details.resolver,
            now: (details.current_time)(),
            timeout: NextTimeout { after: left(deadline).into(), ..details.timeout },
            current_time: Arc::clone(&details.current_time),
            run_connector: Arc::clone(&details.run_connector),
            register_shutdown: Arc::clone(&details.register_shutdown),
        };
        Ok(wire(Box::new(self.tls.connect(&details, socket)?)))
    }
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

fn unreachable(error: &io::Error) -> Problem {
    let why = match error.kind() {
        ErrorKind::TimedOut => "it took too long".to_owned(),
        // The system's words.
        _ => error.to_string(),
    };
    Problem::new(Code::Unreachable, format!("no connection to the connector could be made ({why})"))
}

impl From<NoAddress> for Problem {
    fn from(error: NoAddress) -> Self {
        let code = match error {
            NoAddress::NotFound(_) | NoAddress::TooSlow | NoAddress::TooManyOfOwner => Code::HostNotFound,
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
