//! Who a request is from: whoever opened the connection, or, where that is a proxy that the operator
//! trusts, whom the proxy names.
//!
//! May use the http types. Used where requests come in.

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// RFC 7239.
const FORWARDED: HeaderName = HeaderName::from_static("forwarded");

/// The proxies whose word counts.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Those of these networks.
    #[must_use]
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// The client's address. Each proxy adds at the end whom it heard the request from, so it is the
    /// last address that is not itself a proxy's: what stands before it, the client may have made up.
    /// Where the headers cannot be read, it is the peer's.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return peer;
        }
        let named = if headers.contains_key(X_FORWARDED_FOR) {
            self.last_stranger(headers, &X_FORWARDED_FOR, address)
        } else {
            self.last_stranger(headers, &FORWARDED, forwarded_for)
        };
        named.unwrap_or(peer)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The last of the addresses that no trusted proxy has, or the first, where all have.
    fn last_stranger(
        &self,
        headers: &HeaderMap,
        name: &HeaderName,
        read: impl Fn(&str) -> Option<IpAddr>,
    ) -> Option<IpAddr> {
        let mut last = None;
        for line in headers.get_all(name).iter().rev() {
            for element in line.to_str().ok()?.rsplit(',') {
                let address = read(element.trim())?;
                last = Some(address);
                if !self.trusts(address) {
                    return last;
                }
            }
        }
        last
    }
}

/// An address, with or without a port; one of IPv6 in brackets or plain.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let parsed = bare.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()));
    parsed.map(|address: IpAddr| address.to_canonical())
}

/// The address in `for=192.0.2.1;proto=https` or `for="[2001:db8::1]:4711"`; none for `unknown` and for
/// names that hide it.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let value = element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value.trim())
    })?;
    address(value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, lines: &[(&HeaderName, &str)]) -> String {
        let networks = ["10.0.0.0/8", "fd00::/8"].map(|text| text.parse().expect("a network"));
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().expect("a value"));
        }
        Proxies::new(networks.into()).client(peer.parse().expect("an address"), &headers).to_string()
    }

    #[test]
    fn it_is_the_last_address_that_no_trusted_proxy_has() {
        let x = &X_FORWARDED_FOR;
        for (values, expected) in [
            (&["192.0.2.1"][..], "192.0.2.1"),
            // What a client sends itself stands first.
            (&["8.8.8.8, 192.0.2.1"], "192.0.2.1"),
            (&["8.8.8.8", "192.0.2.1"], "192.0.2.1"),
            (&["8.8.8.8,192.0.2.1 , 10.1.2.3"], "192.0.2.1"),
            (&["2001:db8::1", "fd00::7"], "2001:db8::1"),
            (&["[2001:db8::1]:4711"], "2001:db8::1"),
            (&["192.0.2.1:4711"], "192.0.2.1"),
            (&["::ffff:192.0.2.1"], "192.0.2.1"),
            (&["rubbish, 192.0.2.1"], "192.0.2.1"),
            (&["10.1.1.1, 10.2.2.2"], "10.1.1.1"),
        ] {
            let lines: Vec<_> = values.iter().map(|value| (x, *value)).collect();
            assert_eq!(client("10.0.0.1", &lines), expected, "{values:?}");
            assert_eq!(client("::ffff:10.0.0.1", &lines), expected, "{values:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_leaves_the_peer() {
        for (name, value) in [
            (&X_FORWARDED_FOR, ""),
            (&X_FORWARDED_FOR, "192.0.2.1, rubbish"),
            (&X_FORWARDED_FOR, "192.0.2.1, unknown"),
            (&X_FORWARDED_FOR, "192.0.2.1,"),
            (&FORWARDED, "by=192.0.2.1"),
            (&FORWARDED, "for=unknown"),
            (&FORWARDED, "for=_hidden;proto=https"),
            (&FORWARDED, "for=\"192.0.2.1"),
        ] {
            assert_eq!(client("10.0.0.1", &[(name, value)]), "10.0.0.1", "{name}: {value}");
        }
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn the_standard_header_is_read_as_well() {
        for (value, expected) in [
            ("for=192.0.2.1", "192.0.2.1"),
            ("For=\"[2001:db8::1]:4711\";proto=https;by=10.0.0.1", "2001:db8::1"),
            ("for=8.8.8.8, for=192.0.2.1;host=x, for=10.3.3.3", "192.0.2.1"),
        ] {
            assert_eq!(client("10.0.0.1", &[(&FORWARDED, value)]), expected, "{value}");
        }
    }

    #[test]
    fn nobody_else_is_believed() {
        let lines = [(&X_FORWARDED_FOR, "192.0.2.1"), (&FORWARDED, "for=192.0.2.1")];
        assert_eq!(client("203.0.113.9", &lines), "203.0.113.9");
        assert_eq!(client("fe80::1", &lines), "fe80::1");
    }
}
