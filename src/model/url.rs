//! Which URLs a publication may name: links for people, and callback URLs for us.

use ipnet::IpNet;
use std::net::IpAddr;
use url::{Host, Url};

/// The longest callback URL, in characters (domain.md).
pub const CALLBACK_URL_CHARACTERS_MAX: usize = 2_048;

/// Where plain http callbacks are taken beside loopback: ranges that the operator opened by hand.
#[derive(Debug, Clone, Default)]
pub struct CallbackUrlPolicy {
    /// The opened ranges (`--allow-callback-net`).
    pub opened: Vec<IpNet>,
}

/// Whether a text is an absolute http or https URL with a host.
#[must_use]
pub fn is_web_url(text: &str) -> bool {
    parse_clean(text).is_some_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// What is wrong with a callback URL, if anything: it must be absolute, `https` (or `http` where
/// the policy has it), with a host, without user info or fragment, at most 2,048 characters.
#[must_use]
pub fn callback_url_problem(text: &str, policy: &CallbackUrlPolicy) -> Option<&'static str> {
    if text.is_empty() {
        return Some("must not be empty");
    }
    if text.chars().count() > CALLBACK_URL_CHARACTERS_MAX {
        return Some("must be at most 2048 characters long");
    }
    let Some(url) = parse_clean(text) else {
        return Some("must be an absolute URL with a host, such as https://connector.example.com/installations");
    };
    if !matches!(url.scheme(), "https" | "http") {
        return Some("must begin with https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("must not hold a user name or password");
    }
    // The url crate also takes what no name has and no request could be sent to, such as a backtick.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if url.domain().is_some_and(|name| !name.bytes().all(plain)) {
        return Some("must name a host of letters, digits, hyphens and dots");
    }
    if url.fragment().is_some() {
        return Some("must not have a fragment (#...)");
    }
    if url.port() == Some(0) {
        return Some("must not name port 0");
    }
    if url.scheme() == "http" && !policy.takes_plain_http(&url) {
        return Some(
            "must begin with https://; plain http is taken for loopback hosts only, such as http://localhost:8080",
        );
    }
    None
}

impl CallbackUrlPolicy {
    /// A named host passes where any range is open: what it resolves to is checked at connect time.
    fn takes_plain_http(&self, url: &Url) -> bool {
        let address = match url.host() {
            Some(Host::Domain(name)) => return is_loopback_name(name) || !self.opened.is_empty(),
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical(),
            None => return false,
        };
        address.is_loopback() || self.opened.iter().any(|net| net.contains(&address))
    }
}

/// Whether a name is loopback by RFC 6761.
#[must_use]
pub fn is_loopback_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
}

/// The url crate forgives blanks and backslashes as browsers do; an entry that needs it is a typo.
fn parse_clean(text: &str) -> Option<Url> {
    let forgiven = text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\');
    let has_authority = text.split_once("://").is_some_and(|(_, rest)| !rest.starts_with('/'));
    Url::parse(text).ok().filter(|url| url.has_host() && !forgiven && has_authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callback_urls() {
        let sandbox = CallbackUrlPolicy::default();
        for good in [
            "https://connector.example.com/installations",
            "https://connector.example.com",
            "https://h:8443/p?x=1",
            "http://localhost:8080/i",
            "http://127.0.0.1:8080",
            "http://[::1]:8080/",
            "https://grüße.example/ü",
        ] {
            assert_eq!(callback_url_problem(good, &sandbox), None, "{good}");
        }
        for bad in [
            "",
            "connector.example.com",
            "/installations",
            "ftp://h/p",
            "javascript:alert(1)",
            "https:///p",
            "https://",
            "https://u:p@h/",
            "https://u@h/",
            "https://h/#f",
            "https://h /",
            "https://h\\p",
            "https://h`h/",
            "https://h;x=1/",
            "https://$h/",
            "http://example.com/",
            "http://192.168.0.1/",
            "http://127.0.0.1:0/",
        ] {
            assert!(callback_url_problem(bad, &sandbox).is_some(), "{bad}");
        }
    }

    #[test]
    fn opened_ranges_take_plain_http() {
        let policy = CallbackUrlPolicy { opened: vec!["192.168.0.0/16".parse().expect("a literal range")] };
        assert_eq!(callback_url_problem("http://192.168.0.1/", &policy), None);
        assert_eq!(callback_url_problem("http://device.lan/", &policy), None);
        assert!(callback_url_problem("http://10.0.0.1/", &policy).is_some());
    }
}
