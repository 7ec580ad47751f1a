//! Under which names the server may be asked for, and which pages may act for a person: what keeps a
//! name that a stranger leads to this machine (DNS rebinding) and foreign pages' forms out.
//!
//! The API itself knows bearer tokens alone, which no browser sends by itself, so any page may call it
//! (see `cors`). What a person types a password into is for the server's own pages.
//!
//! Programs may ask by any name, such as that of a container. What tells them from a page under a name that a stranger
//! led here:
//!
//! - They send neither `Origin` nor `Sec-Fetch-Site`. Pages cannot leave those out, but over plain http browsers send no
//!   `Sec-Fetch-Site` at all, and no `Origin` with a GET or HEAD of the page's own origin. (`Sec-Fetch-Mode` alone
//!   proves nothing: Node's fetch sends it.)
//! - So with GET and HEAD they must show a token of this server, which the page does not have. One that has expired is
//!   enough: the endpoint then says that it has.
//! - With any other method, and when they open a WebSocket, browsers always send `Origin`. Without one it is enough that
//!   there are credentials; the endpoint says whether they are right.
//!
//! May use the http types, and `ops` to recognise a token. Used by the route table and by `app`, which says what the
//! operator decided.

use crate::http::reply::{Kind, Refusal};
use crate::http::request::{ContentType, Name, Request};
use crate::model::url::is_loopback_name;
use crate::ops::Platform;
use http::header::{AUTHORIZATION, ORIGIN};
use http::{HeaderName, Method};
use std::net::IpAddr;

/// What a browser tells of who asks; it is sent over https and to loopback alone.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// The platform's own domain: connectors with its URL compiled in are led here by a line in `hosts`.
const PLATFORM_DOMAIN: &str = "connctd.io";

/// The names under which the server may be asked for.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Its origin as people know it, such as `https://connhub.example`, if the operator said.
    pub public_origin: Option<String>,
    /// Further host names that the operator allows; an asterisk is any.
    pub allowed: Vec<String>,
}

impl Names {
    /// Whether the request's Host is a name of this server, or need not be because no page sent the request: see
    /// [`is_of_a_program`]. Addresses always are names of this server: nobody can lead those elsewhere. Wherever it listens,
    /// it has no other names than those that the operator gave it: a page under a stranger's name reaches a server in a
    /// private network as well as one on loopback.
    ///
    /// # Errors
    /// 421, with how to allow the name; 400 for what is no name. Browsers look up names that are none
    /// here, such as `{.evil.example`.
    pub(super) fn check(&self, request: &Request, is_of_a_program: impl FnOnce() -> bool) -> Result<(), Refusal> {
        let host = match request.name() {
            // HTTP/1.0, which no browser speaks.
            Name::Unsaid => return Ok(()),
            Name::Said(authority) => host(authority.as_str()),
            Name::Unclear => {
                return Err(Refusal::bad_request(
                    "the header Host must be there once, be a host name or address, with a port or not, and be the \
                     same as in the request's target where that has one"
                        .to_owned(),
                ));
            }
        };
        if self.knows(host) || is_of_a_program() {
            return Ok(());
        }
        let description = format!(
            "this server is not known as {}; if it should be, start it with --allow-host {0}, or with --public-url and the \
             URL that people open. Its address always works. Programs are answered under any name if they send a valid \
             token or client credentials, and no Origin",
            super::log::short(host)
        );
        Err(Refusal::new(Kind::MisdirectedRequest, description))
    }

    fn knows(&self, host: &str) -> bool {
        let bare = host.trim_end_matches('.').to_ascii_lowercase();
        let public = self.public_origin.as_deref().and_then(|origin| origin.split_once("://"));
        is_address(&bare)
            || is_loopback_name(&bare)
            || bare == PLATFORM_DOMAIN
            || bare.strip_suffix(PLATFORM_DOMAIN).is_some_and(|name| name.ends_with('.'))
            || public
                .is_some_and(|(_, authority)| self::host(authority).trim_end_matches('.').eq_ignore_ascii_case(&bare))
            || self.allowed.iter().any(|name| name == "*" || name.eq_ignore_ascii_case(&bare))
    }

    /// The server's URL as the client knows it, without a slash at the end: the issuer of RFC 8414.
    pub(super) fn origin(&self, request: &Request) -> String {
        self.public_origin.clone().unwrap_or_else(|| {
            let scheme = if request.secure { "https" } else { "http" };
            format!("{scheme}://{}", request.authority().unwrap_or("localhost"))
        })
    }

    /// Whether a request comes from this server's own pages, or from no page at all.
    ///
    /// # Errors
    /// 403 for what another site's page sends.
    pub(super) fn check_page(&self, request: &Request) -> Result<(), Refusal> {
        let own = match request.header(&SEC_FETCH_SITE)? {
            Some(site) => matches!(site, "same-origin" | "none"),
            None => match request.header(&ORIGIN)? {
                Some(origin) => {
                    let of_request = ["http", "https"]
                        .map(|scheme| format!("{scheme}://{}", request.authority().unwrap_or_default()));
                    self.public_origin.as_deref() == Some(origin) || of_request.iter().any(|own| own == origin)
                }
                None => true,
            },
        };
        if own {
            return Ok(());
        }
        let description = "a page of another site must not do this for you; open connhub itself. If this is connhub's \
                           own page, a proxy hides the name that it was opened by: start connhub with that URL as \
                           --public-url, or have the proxy pass the name on (nginx: proxy_set_header Host $http_host;)"
            .to_owned();
        Err(Refusal::new(Kind::Forbidden, description))
    }
}

/// Whether a request has credentials and comes from a program rather than from a page in a browser: see the module.
pub(super) fn is_of_a_program(platform: &Platform, request: &Request, opens_socket: bool) -> bool {
    if request.has(&ORIGIN) || request.has(&SEC_FETCH_SITE) {
        return false;
    }
    let token = request.bearer();
    if request.path() == "/metrics" {
        return platform.may_read_metrics(token, false);
    }
    if !request.is_open() {
        return false;
    }
    if opens_socket {
        // The token may be in the first message; until then the socket does nothing.
        return true;
    }
    if matches!(request.method, Method::GET | Method::HEAD) {
        return token.is_some_and(|token| platform.made_token(token));
    }
    // Client credentials may be in the form.
    request.has(&AUTHORIZATION) || request.is_of_clients() && request.content_type() == ContentType::Form
}

/// The host of an authority, without its port.
fn host(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// Whether a request asks for this machine by a name that nobody else can give it.
pub(super) fn is_own_machine(request: &Request) -> bool {
    let host = request.authority().map(host).unwrap_or_default();
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    is_loopback_name(bare) || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn is_address(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_goes_by_addresses_loopback_names_and_the_platforms() {
        for known in ["127.0.0.1", "[::1]", "192.168.0.7", "localhost", "LOCALHOST.", "app.localhost", "api.connctd.io"]
        {
            assert!(Names::default().knows(known), "{known}");
        }
        for other in ["evil.example", "localhost.evil.example", "notconnctd.io", "127.0.0.1.nip.io", "", "2130706433"] {
            assert!(!Names::default().knows(other), "{other}");
        }
    }

    #[test]
    fn what_the_operator_says_is_known() {
        let names = Names {
            public_origin: Some("https://hub.example:8443".to_owned()),
            allowed: vec!["tunnel.example".to_owned()],
        };
        for (host, known) in
            [("hub.example", true), ("HUB.example.", true), ("tunnel.example", true), ("evil.example", false)]
        {
            assert_eq!(names.knows(host), known, "{host}");
        }
        assert!(Names { allowed: vec!["*".to_owned()], ..Names::default() }.knows("anything.example"));
    }

    #[test]
    fn a_port_is_no_part_of_a_host() {
        for (authority, expected) in
            [("h", "h"), ("h:1", "h"), ("[::1]:7171", "[::1]"), ("[::1]", "[::1]"), ("h:", "h"), ("h:x", "h:x")]
        {
            assert_eq!(host(authority), expected);
        }
    }
}
