//! A name that a certificate is for: a host name, with or without a wildcard, or an address.
//!
//! Uses nothing of ours. Used by [`super`] and `cli`.

use ipnet::IpNet;
use rcgen::{CidrSubnet, GeneralSubtree, SanType};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use url::Host;

/// The name of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// In lower case and ASCII.
    Host {
        /// Whether it stands for every name directly below.
        wildcard: bool,
        /// The name, without `*.`.
        domain: String,
    },
    /// An address.
    Address(IpAddr),
}

/// Why a text is no such name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no host name and no IP address; give it without scheme, port and path")]
pub struct NoName(String);

impl FromStr for Name {
    type Err = NoName;

    fn from_str(text: &str) -> Result<Self, NoName> {
        let no_name = || NoName(text.to_owned());
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        let (wildcard, rest) = text.strip_prefix("*.").map_or((false, text), |rest| (true, rest));
        // Names of other languages become ASCII, and numbers in odd forms addresses.
        match Host::parse(rest.strip_suffix('.').unwrap_or(rest)).map_err(|_| no_name())? {
            Host::Domain(domain) if is_host(&domain) => Ok(Self::Host { wildcard, domain }),
            Host::Ipv4(address) if !wildcard => Ok(Self::Address(address.into())),
            Host::Ipv6(address) if !wildcard => Ok(Self::Address(address.into())),
            _ => Err(no_name()),
        }
    }
}

/// Letters, digits and hyphens between dots (RFC 1123).
fn is_host(domain: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    domain.len() <= 253 && domain.split('.').all(label)
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host { wildcard: false, domain } => f.write_str(domain),
            Self::Host { wildcard: true, domain } => write!(f, "*.{domain}"),
            Self::Address(address) => address.fmt(f),
        }
    }
}

impl Name {
    /// As a certificate says it. Host names are ASCII, which is the only thing that could be wrong.
    pub(super) fn to_subject(&self) -> Option<SanType> {
        match self {
            Self::Host { .. } => self.to_string().try_into().ok().map(SanType::DnsName),
            Self::Address(address) => Some(SanType::IpAddress(*address)),
        }
    }

    /// As an authority's certificate says that it may vouch for it, and for what is below it.
    pub(super) fn to_constraint(&self) -> GeneralSubtree {
        match self {
            Self::Host { domain, .. } => GeneralSubtree::DnsName(domain.clone()),
            Self::Address(address) => {
                GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(*address, IpNet::from(*address).prefix_len()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_people_write_them() {
        for (text, expected) in [
            ("localhost", "localhost"),
            ("Hub.Example.COM.", "hub.example.com"),
            ("*.hub.test", "*.hub.test"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("127.0.0.1", "127.0.0.1"),
            ("::1", "::1"),
            ("[::1]", "::1"),
            ("my_hub", "my_hub"),
        ] {
            assert_eq!(text.parse::<Name>().map(|name| name.to_string()), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let long = "a".repeat(64);
        for text in
            ["", "*", "*.", "a b", "https://hub", "hub:7171", "hub/x", "-a", "a..b", "*.127.0.0.1", "a.*.b", &long]
        {
            assert_eq!(text.parse::<Name>(), Err(NoName(text.to_owned())), "{text}");
        }
    }
}
