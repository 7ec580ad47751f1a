//! What to do about a response that the protocol does not have: a pure function of what was observed,
//! with the likely causes in order. A tunnel or proxy in front of the connector is recognised by its
//! headers and pages, since it is behind most refusals that the connector's own code never saw.
//!
//! May use `model`. Used by `interpret`. Names software, never a host (see `problem`).

use crate::callback::client::Received;
use crate::model::callback::Header;

/// The most of a page's title that is shown, in characters.
const TITLE_CHARACTERS_MAX: usize = 100;
/// What servers say to plain http on a port that speaks TLS: nginx, Go, Apache, HAProxy and IIS.
const TLS_EXPECTED: [&str; 4] = [
    "plain http request was sent to https port",
    "client sent an http request to an https server",
    "speaking plain http to an ssl-enabled server port",
    "instead use the https scheme",
];

/// What was asked, as far as advice depends on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The scheme that the request travelled over.
    pub scheme: &'a str,
    /// Host and port.
    pub authority: &'a str,
    /// The scheme in the signed URL.
    pub signed_scheme: &'a str,
}

/// A tunnel, proxy or web server that callbacks pass on their way to a connector.
#[derive(Debug, PartialEq, Eq)]
struct Party {
    name: &'static str,
    /// Headers that it sets: a name, and what the value contains in lower case.
    headers: &'static [(&'static str, &'static str)],
    /// What its own pages contain, in lower case.
    page: &'static [&'static str],
    /// How the names of its public hosts end.
    hosts: &'static [&'static str],
}

/// Those that are told apart; the first that fits counts, so tunnels come before what is behind them.
const PARTIES: [Party; 10] = [
    Party {
        name: "ngrok",
        headers: &[("ngrok-error-code", ""), ("ngrok-trace-id", "")],
        page: &["ngrok"],
        hosts: &[".ngrok.io", ".ngrok.app", ".ngrok.dev", ".ngrok-free.app", ".ngrok-free.dev"],
    },
    Party {
        name: "localtunnel",
        headers: &[("x-localtunnel-status", "")],
        page: &["localtunnel", "loca.lt"],
        hosts: &[".loca.lt", ".localtunnel.me"],
    },
    Party {
        name: "Cloudflare",
        headers: &[("cf-ray", ""), ("server", "cloudflare")],
        page: &["cloudflare"],
        hosts: &[".trycloudflare.com"],
    },
    Party { name: "Caddy", headers: &[("server", "caddy"), ("via", "caddy")], page: &[], hosts: &[] },
    Party {
        name: "nginx",
        headers: &[("server", "nginx"), ("server", "openresty")],
        page: &["<center>nginx", "<center>openresty"],
        hosts: &[],
    },
    Party { name: "Apache", headers: &[("server", "apache")], page: &["<address>apache"], hosts: &[] },
    Party { name: "Envoy", headers: &[("server", "envoy")], page: &[], hosts: &[] },
    Party { name: "HAProxy", headers: &[], page: &["no server is available to handle this request"], hosts: &[] },
    Party { name: "an AWS load balancer", headers: &[("server", "awselb")], page: &[], hosts: &[] },
    Party { name: "a proxy", headers: &[("via", "")], page: &[], hosts: &[] },
];

/// What web frameworks say of themselves whose own error pages are the connector's, not a proxy's.
const FRAMEWORKS: [(&str, &str); 8] = [
    ("server", "werkzeug"),
    ("server", "wsgiserver"),
    ("server", "gunicorn"),
    ("server", "uvicorn"),
    ("server", "basehttp"),
    ("server", "kestrel"),
    ("server", "jetty"),
    ("x-powered-by", "express"),
];

/// What is to be seen of a response's origin.
#[derive(Debug)]
pub(super) struct Origin<'a> {
    received: &'a Received,
    shown: &'a str,
    asked: Asked<'a>,
    party: Option<&'static Party>,
    is_page: bool,
}

impl<'a> Origin<'a> {
    /// Of a response whose body is `shown` to people.
    pub fn of(received: &'a Received, shown: &'a str, asked: Asked<'a>) -> Self {
        let is_page = is_page(&received.headers, shown);
        let lower = if is_page { shown.to_ascii_lowercase() } else { String::new() };
        let party = PARTIES.iter().find(|party| party.fits(&received.headers, &lower, asked.authority));
        Self { received, shown, asked, party, is_page }
    }

    /// Whether the body is an HTML page, which no connector's own code writes for us.
    pub fn is_page(&self) -> bool {
        self.is_page
    }

    /// The page by its title, for a sentence about the response.
    pub fn page(&self) -> Option<String> {
        self.is_page.then(|| {
            title(self.shown).map_or("an HTML page".to_owned(), |title| format!("an HTML page titled \"{title}\""))
        })
    }

    /// Whether the response is about the signature.
    pub fn speaks_of_signature(&self) -> bool {
        !self.is_page && self.shown.to_ascii_lowercase().contains("signature")
    }

    /// What to do about a status that the protocol does not have, or that refuses.
    pub fn advice(&self) -> String {
        if self.asked.scheme == "http" && self.says_tls_is_expected() {
            return "the port speaks TLS, so begin the callback URL in the publication with https://".to_owned();
        }
        let status = self.received.status;
        match status {
            200 if self.is_page => {
                format!("{}; a connector responds with 201 when all is done and 202 otherwise", self.answered())
            }
            200 => "a connector answers 201 when all is done and 202 when there is more to do".to_owned(),
            300..=399 => "redirects are not followed, so name the URL it redirects to in the publication".to_owned(),
            400 => self.of_bad_request(),
            401 | 403 if self.is_page => {
                format!("{}; let requests to the callback URL pass without a login or a warning page", self.answered())
            }
            401 | 403 => "the connector's own log should say why".to_owned(),
            404 | 405 | 410 if self.is_page => {
                format!("check the callback URL's path in the publication; otherwise {}", self.answered())
            }
            404 | 405 | 410 => "check the callback URL's path in the publication".to_owned(),
            402..=499 if !self.is_page => "the connector's own log should say why".to_owned(),
            502..=504 | 520..=530 if self.is_page || self.party.is_some() => format!(
                "{} could not reach the connector: check that the connector runs, and that requests are forwarded to \
                 its port",
                self.named().map_or("a tunnel or proxy in front".to_owned(), |name| format!("{name}, in front,"))
            ),
            _ if self.is_page => self.answered(),
            _ => "look into the connector's own log, and check the callback URL's path".to_owned(),
        }
    }

    fn of_bad_request(&self) -> String {
        let mut causes = Vec::new();
        if self.is_page {
            causes.push(self.answered());
        }
        // Caddy passes Host on and names the scheme; nginx does neither.
        let (host, scheme) = (self.host_cause(), self.scheme_cause());
        if self.named() == Some("Caddy") {
            causes.extend([scheme, host])
        } else {
            causes.extend([host, scheme])
        }
        causes.push("the connector verifies with a public key other than this publication's".to_owned());
        let causes: Vec<_> = causes.iter().enumerate().map(|(at, cause)| format!("{}. {cause}", at + 1)).collect();
        let lead = if self.is_page || self.speaks_of_signature() || self.shown.trim().is_empty() {
            "the official SDK responds with 400 if it cannot verify the signature; the likely causes"
        } else {
            "correct what the connector says is wrong; if it is that the signature cannot be verified, the likely causes"
        };
        format!("{lead}, most likely first: {}", causes.join("; "))
    }

    fn answered(&self) -> String {
        match self.named() {
            Some(name) => format!("{name} in front of the connector probably answered, and not the connector itself"),
            None if FRAMEWORKS.iter().any(|framework| contains(&self.received.headers, framework)) => {
                "the connector's web framework answered with an error page of its own; the connector's own log should \
                 say why"
                    .into()
            }
            None => {
                "a tunnel or proxy in front of the connector probably answered, and not the connector itself".into()
            }
        }
    }

    fn host_cause(&self) -> String {
        let how = match self.named() {
            Some("nginx") => "nginx does by default; add `proxy_set_header Host $http_host;`",
            _ => "let it pass the header on unchanged",
        };
        format!("a proxy changed the Host header, which the signature covers ({how})")
    }

    fn scheme_cause(&self) -> String {
        let party = self.named().unwrap_or("a proxy");
        match (self.asked.scheme, self.asked.signed_scheme) {
            ("http", "https") => format!(
                "{party} may have told the connector that the scheme is http (X-Forwarded-Proto), which is how the \
                 callback travelled, while the signature covers https (start connhub with --sign-actual-scheme, or let the \
                 proxy send `X-Forwarded-Proto: https`)"
            ),
            (_, "http") => "the connector takes the scheme for https, as the official SDK does unless a proxy says \
                            otherwise, while the signature covers http (start connhub without --sign-actual-scheme)"
                .to_owned(),
            _ => format!(
                "{party} sent an X-Forwarded-Proto that is not exactly `https`, such as `http` or `https,http` (let \
                 it send `https`)"
            ),
        }
    }

    fn named(&self) -> Option<&'static str> {
        self.party.map(|party| party.name)
    }

    fn says_tls_is_expected(&self) -> bool {
        let lower = self.shown.to_ascii_lowercase();
        TLS_EXPECTED.iter().any(|words| lower.contains(words))
    }
}

impl Party {
    /// `page` is the body in lower case if it is a page.
    fn fits(&self, headers: &[Header], page: &str, authority: &str) -> bool {
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        self.headers.iter().any(|header| contains(headers, header))
            || self.page.iter().any(|words| page.contains(words))
            || self.hosts.iter().any(|end| host.ends_with(end))
    }
}

/// Whether there is a header of this name whose value contains this text, which is in lower case.
fn contains(headers: &[Header], (name, part): &(&str, &str)) -> bool {
    let fits =
        |header: &Header| header.name.eq_ignore_ascii_case(name) && header.value.to_ascii_lowercase().contains(part);
    headers.iter().any(fits)
}

fn is_page(headers: &[Header], shown: &str) -> bool {
    let start: String = shown.trim_start().chars().take(14).collect::<String>().to_ascii_lowercase();
    let is_html = |header: &Header| {
        header.name.eq_ignore_ascii_case("content-type") && header.value.to_ascii_lowercase().contains("html")
    };
    // Some frameworks call every body HTML.
    let looks_so = shown.trim_start().starts_with('<');
    start.starts_with("<!doctype html") || start.starts_with("<html") || (looks_so && headers.iter().any(is_html))
}

/// The title of a page, or its first heading.
fn title(page: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let within = |name: &str| {
        let start = lower.find(&format!("<{name}"))?;
        let start = start + lower[start..].find('>')? + 1;
        let end = start + lower[start..].find(&format!("</{name}"))?;
        // Lower case in ASCII moves no byte.
        let text = page.get(start..end)?.split_whitespace().collect::<Vec<_>>().join(" ");
        let text: String = text.chars().filter(|c| !c.is_control()).take(TITLE_CHARACTERS_MAX).collect();
        (!text.is_empty() && !text.contains('<')).then_some(text)
    };
    within("title").or_else(|| within("h1"))
}

#[cfg(test)]
mod tests;
