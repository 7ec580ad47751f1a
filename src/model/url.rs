//! Which URLs a publication may name: links for people, and callback URLs for us.

use ipnet::IpNet;
use std::borrow::Cow;
use std::fmt::Write;
use std::net::IpAddr;
use url::{Host, Position, Url};

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
/// the policy has it), with a host, without user info or fragment, at most 2,048 characters, and
/// spelled as every receiver spells it: the signature covers the spelling.
#[must_use]
pub fn callback_url_problem(text: &str, policy: &CallbackUrlPolicy) -> Option<Cow<'static, str>> {
    if let Some(problem) = stray_character(text) {
        return Some(problem.into());
    }
    match parse_clean(text) {
        None => Some("must be an absolute URL with a host, such as https://connector.example.com/installations".into()),
        Some(url) => unreachable_url(&url, policy).map(Cow::Borrowed).or_else(|| respelled(&url).map(Cow::Owned)),
    }
}

/// What no URL holds, whatever it means: nothing, too much, or what the url crate drops or turns into
/// something else without a word.
fn stray_character(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("must not be empty");
    }
    if text.chars().count() > CALLBACK_URL_CHARACTERS_MAX {
        return Some("must be at most 2048 characters long");
    }
    if text.chars().any(|c| c.is_control()) {
        return Some("must not contain line breaks, tabs or other control characters; remove them");
    }
    if text.chars().any(char::is_whitespace) {
        return Some(
            "must not contain spaces: remove those at the ends, and write %20 for one that belongs to the path",
        );
    }
    if text.contains('\\') {
        return Some("must not contain backslashes: write / between the parts of a path, or %5C for a real backslash");
    }
    None
}

/// What is wrong with where a URL leads.
fn unreachable_url(url: &Url, policy: &CallbackUrlPolicy) -> Option<&'static str> {
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
    if url.scheme() == "http" && !policy.takes_plain_http(url) {
        return Some(
            "must begin with https://; plain http is taken for loopback hosts only, such as http://localhost:8080",
        );
    }
    None
}

/// What to write instead of a URL whose path or query is not spelled as RFC 3986 has it. Receivers
/// differ on such a spelling: Go's net/url changes `|` in a path to `%7C` before the signature is
/// verified and refuses `%zz`, Node and nginx pass both on, Tomcat refuses either. `[` and `]` are
/// left alone: all but Tomcat keep them, and `?id[]=1` is common.
fn respelled(url: &Url) -> Option<String> {
    let (path, query) = (spelled(url.path()), url.query().map(spelled));
    if path == url.path() && query.as_deref() == url.query() {
        return None;
    }
    let query = query.map_or(String::new(), |query| format!("?{query}"));
    let start = &url[..Position::BeforePath];
    Some(format!(
        "must be written {start}{path}{query}: receivers spell some characters differently (| becomes %7C, a lone % is \
         refused), so the signature over the URL as given could not be verified"
    ))
}

/// A path or query with the escapes that it lacks.
fn spelled(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut spelled = String::with_capacity(bytes.len());
    for (index, &byte) in bytes.iter().enumerate() {
        let fine = match byte {
            b'%' => bytes.get(index + 1..index + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)),
            _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?[]".contains(&byte),
        };
        if fine {
            spelled.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(spelled, "%{byte:02X}");
        }
    }
    spelled
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
            " https://h/",
            "https://h/a b",
            "https://h/a\tb",
            "https://h/p\n",
        ] {
            assert!(callback_url_problem(bad, &sandbox).is_some(), "{bad}");
        }
    }

    /// What Go's net/url and Node make of these was seen on the wire.
    #[test]
    fn a_callback_url_that_receivers_spell_differently_is_refused_with_the_right_spelling() {
        let sandbox = CallbackUrlPolicy::default();
        for (given, right) in [
            ("https://h/a|b", "https://h/a%7Cb"),
            ("https://h/a^b", "https://h/a%5Eb"),
            ("https://h/%zz", "https://h/%25zz"),
            ("https://h/100%", "https://h/100%25"),
            ("https://h/a%2", "https://h/a%252"),
            ("https://h/%E0%A4%A", "https://h/%E0%A4%25A"),
            ("https://h/p?x=a|b", "https://h/p?x=a%7Cb"),
            ("https://h/p?x={id}", "https://h/p?x=%7Bid%7D"),
            ("https://h/p?x=a`b", "https://h/p?x=a%60b"),
            ("https://h/p?x=50%&y=%zz", "https://h/p?x=50%25&y=%25zz"),
            ("https://H.example:443/ü|?ü^", "https://h.example/%C3%BC%7C?%C3%BC%5E"),
        ] {
            let problem = callback_url_problem(given, &sandbox).unwrap_or_else(|| panic!("{given} is accepted"));
            assert!(problem.starts_with(&format!("must be written {right}: ")), "{given}: {problem}");
            assert_eq!(callback_url_problem(right, &sandbox), None, "{right}");
        }
    }

    #[test]
    fn a_callback_url_that_every_receiver_leaves_alone_is_accepted() {
        for good in [
            "https://h/a%7Cb%c3%bc/%2F;v=1,2:3@x",
            "https://h/a/../b/%2e%2e/c",
            "https://h//a//b/",
            "https://h?x=1",
            "https://h/p?",
            "https://h/p?id[]=1&q=a'b(c)*!~?/",
            "https://h/\"quotes\"<>{}`",
            "https://h/p?x=%E2%82%AC+1",
            "https://H.EXAMPLE:443/P",
            "https://bücher.example/ö?ö",
        ] {
            assert_eq!(callback_url_problem(good, &CallbackUrlPolicy::default()), None, "{good}");
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
