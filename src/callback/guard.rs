//! Where callbacks may go: a server that calls URLs strangers typed in must not become a way into
//! its own network (protocol.md, "Where callbacks may go").
//!
//! Pure: judges addresses, looks nothing up. Uses nothing of ours. Used by `connect`, which judges
//! every address right before it connects to it.
//!
//! IPv6 forms that carry an IPv4 address are judged by that one. Of the rest of IPv6 only global
//! unicast (2000::/3) passes, so that ranges nobody has thought of are refused.

use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What the operator allows.
#[derive(Debug, Clone, Default)]
pub(super) struct Policy {
    /// Whether loopback addresses may be called.
    pub allow_loopback: bool,
    /// Ranges opened by hand, for plain http too.
    pub opened: Vec<IpNet>,
    /// Single services opened, for plain http too.
    pub services: Vec<SocketAddr>,
}

/// Why an address is not called. Does not name the address: the text also reaches people who may
/// not know where a connector lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// The address belongs to no connector that strangers may name.
    #[error("the callback URL leads to {0}, where callbacks do not go")]
    Address(&'static str),
    /// A name of a network that is not the internet, which a proxy would look up.
    #[error("the callback URL's host is a name of a local network, where callbacks do not go")]
    LocalName,
    /// An address for which https is required.
    #[error("the callback URL is plain http, which is taken for loopback addresses only")]
    PlainHttp,
}

const LOOPBACK: &str = "a loopback address";
const PRIVATE: &str = "a private address";
const LINK_LOCAL: &str = "a link-local address";
const MULTICAST: &str = "a multicast address";
const RESERVED: &str = "a reserved address";
const UNSPECIFIED: &str = "an unspecified address";

/// Refused ranges of IPv4 (the IANA special-purpose registry, RFC 6890), the first that fits wins.
const REFUSED_V4: [(Ipv4Addr, u8, &str); 17] = [
    (Ipv4Addr::new(0, 0, 0, 0), 32, UNSPECIFIED),
    // Linux takes all of 0.0.0.0/8 for this host or this network.
    (Ipv4Addr::new(0, 0, 0, 0), 8, RESERVED),
    (Ipv4Addr::new(10, 0, 0, 0), 8, PRIVATE),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "an address of carrier-grade NAT"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, LOOPBACK),
    // Here lives the metadata service of clouds, 169.254.169.254.
    (Ipv4Addr::new(169, 254, 0, 0), 16, LINK_LOCAL),
    (Ipv4Addr::new(172, 16, 0, 0), 12, PRIVATE),
    (Ipv4Addr::new(192, 0, 0, 0), 24, RESERVED),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "an address for documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "an address of 6to4 relays"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, PRIVATE),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "an address for benchmarks"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "an address for documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "an address for documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, MULTICAST),
    (Ipv4Addr::new(255, 255, 255, 255), 32, "the broadcast address"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, RESERVED),
];

/// Refused ranges of IPv6, the first that fits wins; looked at after the forms that carry IPv4.
const REFUSED_V6: [(Ipv6Addr, u8, &str); 11] = [
    (Ipv6Addr::UNSPECIFIED, 128, UNSPECIFIED),
    (Ipv6Addr::LOCALHOST, 128, LOOPBACK),
    // NAT64 prefixes of the local network (RFC 8215), where the place of the IPv4 address is unknown.
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, "an address of local NAT64"),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, "a unique-local address"),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, LINK_LOCAL),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, "a site-local address"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, MULTICAST),
    (Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0), 48, "an address for benchmarks"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "an address for documentation"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "an address for documentation"),
    // Protocol assignments, among them ORCHID identifiers, which are no places at all.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, RESERVED),
];

/// Top-level names that are for local networks, or for nothing on the internet (RFC 2606, 6761, 6762 and 7686, ICANN's
/// .internal, and what routers and Windows networks use).
const LOCAL_NAMES: [&str; 14] = [
    "corp",
    "domain",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "mail",
    "onion",
    "private",
    "test",
];

/// What IPv6 addresses on the internet begin with: 2000::/3.
const GLOBAL_UNICAST_MASK: u16 = 0xe000;
const GLOBAL_UNICAST: u16 = 0x2000;

impl Policy {
    /// Whether a callback may go to this address, with TLS or without.
    ///
    /// # Errors
    /// Why it may not.
    pub fn check(&self, service: SocketAddr, tls: bool) -> Result<(), Refusal> {
        let address = service.ip();
        if self.services.contains(&service) || self.is_open(address) {
            return Ok(());
        }
        match refused_range(address) {
            None if tls => Ok(()),
            None => Err(Refusal::PlainHttp),
            Some(LOOPBACK) if self.allow_loopback => Ok(()),
            Some(range) => Err(Refusal::Address(range)),
        }
    }

    /// Whether an address that passes is called directly although there is a proxy: it is not on the internet, or the
    /// operator opened it.
    pub fn is_near(&self, service: SocketAddr) -> bool {
        self.services.contains(&service) || self.is_open(service.ip()) || refused_range(service.ip()).is_some()
    }

    /// Whether the operator opened this address, or all the IPv4 addresses it carries.
    fn is_open(&self, address: IpAddr) -> bool {
        let open = |address: IpAddr| self.opened.iter().any(|net| net.contains(&address));
        let carried = match address {
            IpAddr::V4(_) => Vec::new(),
            IpAddr::V6(address) => carried_v4(address),
        };
        open(address) || (!carried.is_empty() && carried.into_iter().all(|v4| open(IpAddr::V4(v4))))
    }
}

/// Whether a callback may go to a name that a proxy looks up, so that its addresses are not known here. A name of the
/// internet may have an address of a local network all the same, which only the proxy can refuse.
///
/// # Errors
/// Why it may not.
pub(super) fn check_name(host: &str, tls: bool) -> Result<(), Refusal> {
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    match name.rsplit_once('.') {
        None => Err(Refusal::LocalName),
        Some((_, top)) if LOCAL_NAMES.contains(&top) || name.ends_with(".home.arpa") => Err(Refusal::LocalName),
        Some(_) if tls => Ok(()),
        Some(_) => Err(Refusal::PlainHttp),
    }
}

/// The special range that an address belongs to, if it is none that anybody on the internet may have.
fn refused_range(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => refused_v4(address),
        IpAddr::V6(address) => {
            let carried = carried_v4(address);
            if carried.is_empty() { refused_v6(address) } else { carried.into_iter().find_map(refused_v4) }
        }
    }
}

fn refused_v4(address: Ipv4Addr) -> Option<&'static str> {
    let bits = u32::from(address);
    let within = |start: Ipv4Addr, length: u8| (bits ^ u32::from(start)) >> (32 - length) == 0;
    REFUSED_V4.into_iter().find(|(start, length, _)| within(*start, *length)).map(|(_, _, name)| name)
}

fn refused_v6(address: Ipv6Addr) -> Option<&'static str> {
    let bits = u128::from(address);
    let within = |start: Ipv6Addr, length: u8| (bits ^ u128::from(start)) >> (128 - length) == 0;
    let special = REFUSED_V6.into_iter().find(|(start, length, _)| within(*start, *length)).map(|(_, _, name)| name);
    special.or((!is_global_unicast(address)).then_some(RESERVED))
}

fn is_global_unicast(address: Ipv6Addr) -> bool {
    address.segments()[0] & GLOBAL_UNICAST_MASK == GLOBAL_UNICAST
}

/// The IPv4 addresses that an IPv6 address carries and so may lead to.
fn carried_v4(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let segments = address.segments();
    let at = |index: usize| Ipv4Addr::from((u32::from(segments[index]) << 16) | u32::from(segments[index + 1]));
    match segments {
        // Loopback and unspecified look like IPv4-compatible addresses, but are not meant so.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => Vec::new(),
        // IPv4-compatible (RFC 4291), IPv4-mapped, IPv4-translated (RFC 2765) and NAT64 (RFC 6052).
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => vec![at(6)],
        // 6to4 (RFC 3056), which may carry ISATAP too.
        [0x2002, _, _, _, 0 | 0x200, 0x5efe, ..] => vec![at(1), at(6)],
        [0x2002, ..] => vec![at(1)],
        // Teredo (RFC 4380): the server's address, and the client's with all bits turned over.
        [0x2001, 0, ..] => vec![at(2), Ipv4Addr::from(!u32::from(at(6)))],
        // ISATAP (RFC 5214): a tunnel within a site, behind any prefix.
        [_, _, _, _, 0 | 0x200, 0x5efe, ..] if is_global_unicast(address) => vec![at(6)],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        service(text.parse().unwrap_or_else(|_| panic!("no address: {text}")))
    }

    fn service(address: IpAddr) -> SocketAddr {
        SocketAddr::new(address, 443)
    }

    fn open(nets: &[&str]) -> Policy {
        let opened = nets.iter().map(|net| net.parse().expect("a range")).collect();
        Policy { opened, ..Policy::default() }
    }

    /// The last is Teredo with the server 8.8.8.8 and the client 1.1.1.1 (turned over: fefe:fefe).
    const PUBLIC: &str = "
        1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
        169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.3.0
        192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 2606:4700:4700::1111
        2a00:1450:4001::1 2001:200::1 2001:4860:4860::8888 3ffe::1 ::ffff:8.8.8.8 64:ff9b::8.8.8.8
        2002:808:808::1 ::8.8.8.8 ::ffff:0:8.8.8.8 2001:0:808:808:0:0:fefe:fefe
        2a00:1450:4001::5efe:808:808
    ";

    /// Among them Teredo with the server 10.0.0.1, and with the client 10.0.0.1 (turned over: f5ff:fffe).
    const REFUSED: &str = "
        0.0.0.0 0.1.2.3 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.1 127.255.255.255
        169.254.0.0 169.254.169.254 172.16.0.0 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1
        192.168.0.0 192.168.255.255 198.18.0.0 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1
        239.255.255.255 240.0.0.1 255.255.255.254 255.255.255.255 :: ::1 ::2 ::ffff:127.0.0.1
        ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::127.0.0.1 ::10.0.0.1 ::ffff:0:10.0.0.1 64:ff9b::10.0.0.1
        64:ff9b::127.0.0.1 64:ff9b:1::8.8.8.8 64:ff9b:2::1 2002:a00:1::1 2002:7f00:1:: 2002:c0a8:101::1
        2002:a9fe:a9fe:: 2001:0:a00:1::fefe:fefe 2001:0:808:808::f5ff:fffe 2001:2::1 2001:10::1 2001:20::1
        2001:1::1 2001:1ff::1 2001:db8::1 3fff::1 100::1 100:0:0:1::1 5f00::1 fc00::1 fd00:ec2::254 fdff::1
        fe80::1 febf::1 fec0::1 feff::1 ff02::1 ff0e::1 4000::1 e000::1 fe80::5efe:808:808
        2a00:1450:4001::5efe:a00:1 2a00:1450:4001:0:200:5efe:c0a8:1 2002:808:808::5efe:a9fe:a9fe
    ";

    #[test]
    fn public_addresses_are_called_with_tls_alone() {
        for text in PUBLIC.split_whitespace() {
            assert_eq!(open(&[]).check(at(text), true), Ok(()), "{text}");
            assert_eq!(open(&[]).check(at(text), false), Err(Refusal::PlainHttp), "{text}");
        }
    }

    #[test]
    fn special_addresses_are_refused_with_tls_and_without() {
        for text in REFUSED.split_whitespace() {
            for tls in [true, false] {
                let refused = open(&[]).check(at(text), tls);
                assert!(matches!(refused, Err(Refusal::Address(_))), "{text} {refused:?}");
            }
        }
    }

    #[test]
    fn a_sandbox_calls_loopback_and_nothing_else() {
        let sandbox = Policy { allow_loopback: true, ..Policy::default() };
        for text in REFUSED.split_whitespace() {
            let loopback = ["127.", "::ffff:127.", "::127.", "64:ff9b::127.", "2002:7f00:"];
            let expected = text == "::1" || loopback.iter().any(|start| text.starts_with(start));
            for tls in [true, false] {
                assert_eq!(sandbox.check(at(text), tls).is_ok(), expected, "{text}");
            }
        }
    }

    #[test]
    fn opened_ranges_pass_in_every_form_and_by_plain_http() {
        let policy = open(&["10.0.0.0/8", "127.0.0.0/8", "fd00::/8", "8.8.8.8/32"]);
        for text in ["10.1.2.3", "127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "fd00::1", "8.8.8.8"] {
            for tls in [true, false] {
                assert_eq!(policy.check(at(text), tls), Ok(()), "{text}");
            }
        }
        for text in ["192.168.0.1", "::1", "::ffff:192.168.0.1", "fc00::1", "2001:0:808:808::3f57:fefe"] {
            assert!(policy.check(at(text), true).is_err(), "{text}");
        }
        assert!(policy.check(at("8.8.4.4"), false).is_err());
    }

    #[test]
    fn a_single_service_passes_and_its_neighbours_do_not() {
        let policy = Policy { services: vec![at("127.0.0.1")], ..Policy::default() };
        assert_eq!(policy.check(at("127.0.0.1"), false), Ok(()));
        assert!(policy.check(SocketAddr::new(at("127.0.0.1").ip(), 80), false).is_err());
        assert!(policy.check(at("127.0.0.2"), false).is_err());
    }

    proptest::proptest! {
        #[test]
        fn an_ipv4_address_is_judged_alike_in_every_form(bits: u32) {
            let v4 = Ipv4Addr::from(bits);
            let plain = open(&[]).check(service(IpAddr::V4(v4)), true);
            let mapped = IpAddr::V6(v4.to_ipv6_mapped());
            let [a, b, c, d] = v4.octets().map(u16::from);
            let (high, low) = ((a << 8) | b, (c << 8) | d);
            let nat64 = IpAddr::V6(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low));
            let six_to_four = IpAddr::V6(Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1));
            for form in [mapped, nat64, six_to_four] {
                proptest::prop_assert_eq!(open(&[]).check(service(form), true), plain, "{}", form);
            }
        }
    }
}
