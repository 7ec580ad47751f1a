//! Redirect URIs: where the authorization code flow may lead a browser back to (RFC 6749, section
//! 3.1.2; RFC 9700, sections 2.1 and 2.6).

use std::net::Ipv4Addr;
use url::{Host, Url};

/// The longest redirect URI, in bytes.
const BYTES_MAX: usize = 2_048;

/// What is wrong with a redirect URI that is to be registered, if anything.
#[must_use]
pub fn problem(uri: &str) -> Option<&'static str> {
    // RFC 3986 has visible ASCII alone; anything else would stand otherwise in the Location header.
    let plain = uri.bytes().all(|byte| byte.is_ascii_graphic()) && uri.len() <= BYTES_MAX;
    let Some(url) = Url::parse(uri).ok().filter(|url| plain && url.fragment().is_none() && !uri.contains('#')) else {
        return Some(
            "must be an absolute URI of at most 2048 ASCII characters without a fragment (RFC 6749, section 3.1.2)",
        );
    };
    let is_web = matches!(url.scheme(), "http" | "https");
    // Schemes that a browser or its system carries out itself, as javascript and intent, have no dot.
    if !is_web && !url.scheme().contains('.') {
        return Some(
            "must begin with https://, or with a scheme of the app's own that is a domain name backwards, such as \
             com.example.app:/callback (RFC 8252, section 7.1)",
        );
    }
    if is_web && (!url.username().is_empty() || url.password().is_some()) {
        return Some("must not hold a user name or password");
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Some("must begin with https://; plain http is taken for loopback hosts only (RFC 9700, section 2.6)");
    }
    None
}

/// Whether the URI asked for is the registered one: by each character, but for the port of a
/// loopback address, which a native app gets from its system (RFC 8252, section 7.3).
#[must_use]
pub fn matches(registered: &str, asked: &str) -> bool {
    registered == asked
        || without_loopback_port(registered).is_some_and(|one| Some(one) == without_loopback_port(asked))
}

/// The parts before and after the port of `http://127.0.0.1` (or another address of this machine's own),
/// `http://[::1]` or `http://localhost`.
fn without_loopback_port(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let length = if rest.starts_with("[::1]") { 5 } else { rest.find([':', '/', '?']).unwrap_or(rest.len()) };
    let (host, rest) = rest.split_at(length);
    let is_loopback = || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    if !matches!(host, "[::1]" | "localhost") && !is_loopback() {
        return None;
    }
    let digits = rest.strip_prefix(':').map_or(0, |port| 1 + port.bytes().take_while(u8::is_ascii_digit).count());
    let path = &rest[digits..];
    // Anything else would be more of the host's name.
    (path.is_empty() || path.starts_with(['/', '?'])).then_some((host, path))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => crate::model::url::is_loopback_name(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_back_to_an_app_may_be_registered() {
        for good in [
            "https://app.example/callback",
            "https://app.example/callback?tenant=1",
            "http://127.0.0.1:8080/cb",
            "http://[::1]/cb",
            "http://localhost:3000/cb",
            "com.example.app:/oauth2redirect",
        ] {
            assert_eq!(problem(good), None, "{good}");
        }
        for bad in [
            "",
            "/callback",
            "https://app.example/#",
            "https://app.example/#x",
            "https://app.example/ü",
            "https://app.example/a b",
            "https://app.example/a\r\nSet-Cookie: x",
            "http://app.example/callback",
            "http://192.168.0.2/callback",
            "http://localhost.evil.example/",
            "https://user:secret@app.example/",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "intent://scan/#Intent;end",
            "ms-word:ofe|u|https://evil.example/x",
            "wss://app.example/",
            "myapp:/cb",
        ] {
            assert!(problem(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn uris_match_by_each_character_but_for_a_loopback_port() {
        for (registered, asked) in [
            ("https://a.example/cb", "https://a.example/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb"),
            ("http://127.0.0.1:1/cb?x=1", "http://127.0.0.1:2/cb?x=1"),
            ("http://127.0.0.2/cb", "http://127.0.0.2:49152/cb"),
            ("http://[::1]:1/cb", "http://[::1]/cb"),
            ("http://localhost/cb", "http://localhost:3000/cb"),
        ] {
            assert!(matches(registered, asked), "{registered} {asked}");
        }
        for (registered, asked) in [
            ("https://a.example/cb", "https://a.example/cb/"),
            ("https://a.example/cb", "https://a.example/CB"),
            ("https://a.example/cb", "https://a.example/cb?x"),
            ("https://a.example/cb", "https://A.example/cb"),
            ("https://a.example/cb", "https://a.example:443/cb"),
            ("https://a.example/cb", "https://a.example/x/../cb"),
            ("https://a.example/cb", "https://a.example/cb#f"),
            ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:80@evil.example/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:1/other"),
            ("http://127.0.0.1/cb", "http://127.0.0.2:1/cb"),
            ("http://127.0.0.1/cb", "http://localhost:1/cb"),
            ("http://app.localhost/cb", "http://app.localhost:1/cb"),
            ("https://localhost/cb", "https://localhost:1/cb"),
        ] {
            assert!(!matches(registered, asked), "{registered} {asked}");
        }
    }
}
