//! Where to listen, in the ways that people write it.
//!
//! Used by [`super`] and `cli`.

use rustix::io::Errno;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use tokio::net::TcpListener;

/// Where to listen: all the addresses that a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    addresses: Vec<SocketAddr>,
}

impl Listen {
    /// Reads `127.0.0.1:7171`, `[::1]:7171`, `localhost:7171` (each address that the name has), `:7171` (every address
    /// of this machine) or `7171` (this machine alone). Looks names up, so it may block.
    ///
    /// # Errors
    /// A sentence that says what is possible.
    pub fn parse(text: &str) -> Result<Self, String> {
        let one = |address| Ok(Self { addresses: vec![address] });
        if let Ok(address) = text.parse() {
            return one(address);
        }
        if let Ok(port) = text.parse() {
            return one(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        }
        let how =
            "write it as 127.0.0.1:7171, [::1]:7171, localhost:7171, :7171 (all addresses) or 7171 (this machine)";
        if text.contains("://") {
            return Err(format!("this is a URL; {how}"));
        }
        if text.parse::<IpAddr>().is_ok() {
            return Err(format!("the port is missing; {how}"));
        }
        let Some((host, port)) = text.rsplit_once(':') else { return Err(format!("the port is missing; {how}")) };
        let Ok(port) = port.parse::<u16>() else { return Err(format!("the port must be 0 to 65535; {how}")) };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if matches!(host, "" | "*") {
            let every = [IpAddr::V6(Ipv6Addr::UNSPECIFIED), IpAddr::V4(Ipv4Addr::UNSPECIFIED)];
            return Ok(Self { addresses: every.map(|ip| SocketAddr::new(ip, port)).to_vec() });
        }
        let found = (host, port).to_socket_addrs();
        let mut addresses: Vec<_> =
            found.map_err(|error| format!("no address is known for {host:?} ({error}); {how}"))?.collect();
        // The first is shown: of localhost's two, the one that every program knows.
        addresses.sort_by_key(SocketAddr::is_ipv6);
        addresses.dedup();
        if addresses.is_empty() {
            return Err(format!("no address is known for {host:?}; {how}"));
        }
        Ok(Self { addresses })
    }

    /// All of them; never none.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Listens on all of them; with port 0, on the same free port everywhere.
    ///
    /// # Errors
    /// A sentence that says which address cannot be listened on, and why.
    pub async fn bind(&self) -> Result<Vec<TcpListener>, String> {
        let (mut bound, mut absent) = (Vec::<TcpListener>::new(), None);
        for address in &self.addresses {
            let first = bound.first().and_then(|first| first.local_addr().ok());
            let port = if address.port() == 0 { first.map_or(0, |first| first.port()) } else { address.port() };
            let address = SocketAddr::new(address.ip(), port);
            match TcpListener::bind(address).await {
                Ok(listener) => bound.push(listener),
                // The listener on [::] takes IPv4's connections too, unless the system is set up otherwise.
                Err(error)
                    if error.kind() == ErrorKind::AddrInUse && first.is_some() && address.ip().is_unspecified() => {}
                // A name may have an address of IPv6 on a machine that has no IPv6.
                Err(error) if self.addresses.len() > 1 && is_absent(&error) => absent = Some(refused(address, &error)),
                Err(error) => return Err(refused(address, &error)),
            }
        }
        match absent {
            Some(refused) if bound.is_empty() => Err(refused),
            _ => Ok(bound),
        }
    }

    /// Whether only this machine can connect.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.addresses.iter().all(|address| address.ip().is_loopback())
    }
}

/// Whether the machine does not have an address.
fn is_absent(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT))
}

fn refused(address: SocketAddr, error: &io::Error) -> String {
    let advice = match error.kind() {
        ErrorKind::AddrInUse => "; another program listens there: end it, or choose another address with --listen",
        ErrorKind::AddrNotAvailable => "; this machine does not have that address",
        ErrorKind::PermissionDenied => "; ports below 1024 need root or the capability CAP_NET_BIND_SERVICE",
        _ => "",
    };
    format!("cannot listen on {address}: {error}{advice}")
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<_> = self.addresses.iter().map(SocketAddr::to_string).collect();
        f.write_str(&texts.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (text, shown) in [
            ("127.0.0.1:7171", "127.0.0.1:7171"),
            ("[::1]:7171", "[::1]:7171"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("7171", "127.0.0.1:7171"),
            ("0", "127.0.0.1:0"),
            (":7171", "[::]:7171 and 0.0.0.0:7171"),
            ("*:7171", "[::]:7171 and 0.0.0.0:7171"),
        ] {
            assert_eq!(Listen::parse(text).map(|listen| listen.to_string()), Ok(shown.to_owned()), "{text}");
        }
        let local = Listen::parse("localhost:7171").expect("a name that every machine knows");
        assert!(local.is_loopback() && local.addresses().iter().all(|address| address.port() == 7171), "{local}");
        assert!(!Listen::parse(":7171").expect("all addresses").is_loopback());
    }

    #[test]
    fn what_is_no_address_is_refused_with_what_is() {
        for (text, why) in [
            ("localhost", "the port is missing"),
            ("::1", "the port is missing"),
            ("10.0.0.1", "the port is missing"),
            ("", "the port is missing"),
            ("http://localhost:7171", "this is a URL"),
            ("localhost:http", "the port must be"),
            ("localhost:70000", "the port must be"),
            ("65536", "the port is missing"),
            ("no such host:7171", "no address is known"),
        ] {
            let refused = Listen::parse(text).expect_err(text);
            assert!(refused.contains(why) && refused.contains("localhost:7171"), "{text}: {refused}");
        }
    }
}
