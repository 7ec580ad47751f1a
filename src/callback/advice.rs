//! What to do about a response that the protocol does not have: a pure function of what was observed,
//! with the likely causes in order. A tunnel or proxy in front of the connector is recognised by its
//! headers and pages, since it is behind most refusals that the connector's own code never saw.
//!
//! May use `model`. Used by `interpret`. Names software, never a host (see `problem`).

use crate::callback::answer;
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

/// What servers say to a client without a certificate if they demand one: nginx, nginx on a bad one, IIS, and others.
const CERTIFICATE_DEMANDED: [&str; 7] = [
    "no required ssl certificate was sent",
    "the ssl certificate error",
    "ssl) client certificate",
    "client certificate required",
    "client certificate is required",
    "requires a client certificate",
    "no client certificate",
];
/// What is said of a signature that is refused: words, and beginnings of words.
const VERDICTS: [&str; 5] = ["bad", "no", "not", "unknown", "wrong"];
const VERDICT_STEMS: [&str; 10] =
    ["denied", "error", "expect", "fail", "incorrect", "invalid", "match", "mis", "refus", "verif"];
/// How far from the word "signature" that is, in words.
const VERDICT_WORDS_MAX: usize = 4;

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
    /// Headers that only its own responses have, not those that it passes on.
    own: &'static [(&'static str, &'static str)],
    /// What its own pages contain, in lower case.
    page: &'static [&'static str],
    /// What its own plain texts contain, in lower case.
    text: &'static [&'static str],
    /// How the names of its public hosts end.
    hosts: &'static [&'static str],
}

const NOBODY: Party = Party { name: "", headers: &[], own: &[], page: &[], text: &[], hosts: &[] };

/// Those that are told apart; the first that fits counts, so tunnels come before what is behind them.
const PARTIES: [Party; 10] = [
    Party {
        name: "ngrok",
        headers: &[("ngrok-error-code", ""), ("ngrok-trace-id", "")],
        own: &[("ngrok-error-code", "")],
        page: &["ngrok"],
        text: &["err_ngrok_", ".ngrok.io not found"],
        hosts: &[".ngrok.io", ".ngrok.app", ".ngrok.dev", ".ngrok-free.app", ".ngrok-free.dev"],
    },
    Party {
        name: "localtunnel",
        headers: &[("x-localtunnel-status", "")],
        own: &[("x-localtunnel-status", "tunnel unavailable")],
        page: &["localtunnel", "loca.lt"],
        text: &["503 - tunnel unavailable"],
        hosts: &[".loca.lt", ".localtunnel.me"],
    },
    Party {
        name: "Cloudflare",
        headers: &[("cf-ray", ""), ("server", "cloudflare")],
        page: &["cloudflare"],
        hosts: &[".trycloudflare.com"],
        ..NOBODY
    },
    Party { name: "Caddy", headers: &[("server", "caddy"), ("via", "caddy")], ..NOBODY },
    Party {
        name: "nginx",
        headers: &[("server", "nginx"), ("server", "openresty")],
        page: &["<center>nginx", "<center>openresty"],
        ..NOBODY
    },
    Party { name: "Apache", headers: &[("server", "apache")], page: &["<address>apache"], ..NOBODY },
    Party {
        name: "Envoy",
        headers: &[("server", "envoy")],
        text: &["upstream connect error or disconnect/reset", "no healthy upstream"],
        ..NOBODY
    },
    Party { name: "HAProxy", page: &["no server is available to handle this request"], ..NOBODY },
    Party { name: "an AWS load balancer", headers: &[("server", "awselb")], ..NOBODY },
    Party { name: "a proxy", headers: &[("via", "")], ..NOBODY },
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
    /// Whether a tunnel or proxy says this itself.
    by_party: bool,
}

impl<'a> Origin<'a> {
    /// Of a response whose body is `shown` to people.
    pub fn of(received: &'a Received, shown: &'a str, asked: Asked<'a>) -> Self {
        let is_page = is_page(&received.headers, shown);
        let lower = shown.to_ascii_lowercase();
        let (page, text) = if is_page { (lower.as_str(), "") } else { ("", lower.as_str()) };
        let party = PARTIES.iter().find(|party| party.fits(&received.headers, page, text, asked.authority));
        let by_party = party.is_some_and(|party| party.wrote(&received.headers, text));
        Self { received, shown, asked, party, is_page, by_party }
    }

    /// Whether the body is not from the connector's own code: an HTML page, which it does not write for us, or what
    /// a tunnel says itself.
    pub fn is_foreign(&self) -> bool {
        self.is_page || self.by_party
    }

    /// Whether the response is about the way to the connector, the signature included, and not about what was asked
    /// of it.
    pub fn is_about_the_way(&self) -> bool {
        self.is_foreign() || self.speaks_of_signature() || self.says_tls_is_expected() || self.demands_certificate()
    }

    /// The page by its title, for a sentence about the response.
    pub fn page(&self) -> Option<String> {
        self.is_page.then(|| {
            title(self.shown).map_or("an HTML page".to_owned(), |title| format!("an HTML page titled \"{title}\""))
        })
    }

    /// Whether the response is about the signature.
    fn speaks_of_signature(&self) -> bool {
        let is_refusal = (400..600).contains(&self.received.status) && !self.is_foreign();
        is_refusal && answer::words(self.shown).is_some_and(|words| judges_signature(&words))
    }

    /// What to do about a status that the protocol does not have, or that refuses.
    pub fn advice(&self) -> String {
        if self.says_tls_is_expected() {
            return "the port speaks TLS, so begin the callback URL in the publication with https://".to_owned();
        }
        if self.demands_certificate() {
            return self.of_certificate();
        }
        if self.speaks_of_signature() {
            return self.of_signature();
        }
        let status = self.received.status;
        match status {
            200 if self.is_foreign() => {
                format!("{}; a connector responds with 201 when all is done and 202 otherwise", self.answered())
            }
            200 => "a connector answers 201 when all is done and 202 when there is more to do".to_owned(),
            300..=399 => "redirects are not followed, so name the URL it redirects to in the publication".to_owned(),
            400 => self.of_signature(),
            401 | 403 if self.is_foreign() => {
                format!("{}; let requests to the callback URL pass without a login or a warning page", self.answered())
            }
            401 | 403 => "the connector's own log should say why".to_owned(),
            404 | 405 | 410 if self.by_party => {
                format!("{}; check that the tunnel runs, and that the callback URL names it", self.answered())
            }
            404 | 405 | 410 if self.is_page => {
                format!("check the callback URL's path in the publication; otherwise {}", self.answered())
            }
            404 | 405 | 410 => "check the callback URL's path in the publication".to_owned(),
            402..=499 if !self.is_foreign() => "the connector's own log should say why".to_owned(),
            502..=504 | 520..=530 if self.is_foreign() || self.party.is_some() => format!(
                "{} could not reach the connector: check that the connector runs, and that requests are forwarded to \
                 its port",
                self.named().map_or("a tunnel or proxy in front".to_owned(), |name| format!("{name}, in front,"))
            ),
            _ if self.is_foreign() => self.answered(),
            _ => "look into the connector's own log, and check the callback URL's path".to_owned(),
        }
    }

    /// The likely causes of a signature that the connector cannot verify, which the official SDK answers with 400.
    fn of_signature(&self) -> String {
        let mut causes = Vec::new();
        if self.is_foreign() {
            causes.push(self.answered());
        }
        // Caddy passes Host on and names the scheme; nginx does neither.
        let (host, scheme) = (self.host_cause(), self.scheme_cause());
        if self.named() == Some("Caddy") {
            causes.extend([scheme, host])
        } else {
            causes.extend([host, scheme])
        }
        causes.push(self.path_cause());
        causes.push("the connector verifies with a public key other than this publication's".to_owned());
        let causes: Vec<_> = causes.iter().enumerate().map(|(at, cause)| format!("{}. {cause}", at + 1)).collect();
        let is_signature = self.is_foreign() || self.speaks_of_signature() || self.shown.trim().is_empty();
        let lead = match (is_signature, self.received.status) {
            (true, 400) => "the official SDK responds with 400 if it cannot verify the signature; the likely causes",
            (true, _) => "the connector could not verify the signature; the likely causes",
            (false, _) => {
                "correct what the connector says is wrong; if it is that the signature cannot be verified, the likely \
                 causes"
            }
        };
        format!("{lead}, most likely first: {}", causes.join("; "))
    }

    fn of_certificate(&self) -> String {
        let (party, how) = match self.named() {
            Some("nginx") => ("nginx in front of the connector", " (`ssl_verify_client off;`)"),
            Some(name) => (name, ""),
            None => ("the connector, or a proxy in front of it,", ""),
        };
        format!(
            "{party} demands a client certificate, and connhub has none: turn that off for the callback URLs{how}; the \
             Signature header proves who calls"
        )
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
                "{party} may have told the connector (X-Forwarded-Proto) another scheme than https, which the signature \
                 covers: `http`, as the callback came, or a list such as `https,http` (let it send exactly `https`; if \
                 it can only send `http`, start connhub with --sign-actual-scheme)"
            ),
            (_, "http") => {
                "the connector takes the scheme for https, while the signature covers http: the official SDK \
                            does so unless X-Forwarded-Proto is exactly `http` (start connhub without \
                            --sign-actual-scheme, and let every proxy in between send exactly `https`, not `http` or \
                            `https,http`)"
                    .to_owned()
            }
            _ => format!(
                "{party} sent an X-Forwarded-Proto that is not exactly `https`, such as `http` or `https,http` (let \
                 it send `https`)"
            ),
        }
    }

    fn path_cause(&self) -> String {
        let how = match self.named() {
            Some("nginx") => "nginx does if `proxy_pass` has a path after the host, or with `rewrite`",
            Some("Caddy") => "Caddy does with `handle_path` or `uri strip_prefix`; use `handle`",
            Some("Apache") => "let `ProxyPass` have the same path on both sides",
            _ => "let it pass path and query on unchanged, without stripping a prefix",
        };
        format!("a proxy changed the path, which the signature covers ({how})")
    }

    fn named(&self) -> Option<&'static str> {
        self.party.map(|party| party.name)
    }

    fn says_tls_is_expected(&self) -> bool {
        let lower = self.shown.to_ascii_lowercase();
        self.asked.scheme == "http" && TLS_EXPECTED.iter().any(|words| lower.contains(words))
    }

    fn demands_certificate(&self) -> bool {
        let lower = self.shown.to_ascii_lowercase();
        let is_refusal = (400..500).contains(&self.received.status) && self.asked.scheme == "https";
        is_refusal && CERTIFICATE_DEMANDED.iter().any(|words| lower.contains(words))
    }
}

impl Party {
    /// `page` is the body in lower case if it is a page, `text` if it is not.
    fn fits(&self, headers: &[Header], page: &str, text: &str, authority: &str) -> bool {
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        self.headers.iter().any(|header| contains(headers, header))
            || self.page.iter().any(|words| page.contains(words))
            || self.wrote(headers, text)
            || self.hosts.iter().any(|end| host.ends_with(end))
    }

    /// Whether it wrote the response itself, by its headers and a body that is not a page, in lower case.
    fn wrote(&self, headers: &[Header], text: &str) -> bool {
        self.own.iter().any(|header| contains(headers, header)) || self.text.iter().any(|words| text.contains(words))
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

/// Whether words are about a signature that is refused: "bad signature", "SignatureDoesNotMatch", `INVALID_SIGNATURE`,
/// and not "signature_style is too long" or "the signature dish is sold out".
fn judges_signature(words: &str) -> bool {
    let words: Vec<Vec<String>> = words
        .split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-')
        .map(parts)
        .filter(|w| !w.is_empty())
        .collect();
    let is_verdict =
        |part: &String| VERDICTS.contains(&part.as_str()) || VERDICT_STEMS.iter().any(|stem| part.starts_with(stem));
    words.iter().enumerate().any(|(at, word)| {
        if !word.iter().any(|part| part == "signature" || part == "signatures") {
            return false;
        }
        if word.len() > 1 {
            return word.iter().any(is_verdict);
        }
        let near = &words[at.saturating_sub(VERDICT_WORDS_MAX)..words.len().min(at + 1 + VERDICT_WORDS_MAX)];
        words.len() == 1 || near.iter().flatten().any(is_verdict)
    })
}

/// The parts of a word in lower case: `bad_signature` and `BadSignature` have two.
fn parts(word: &str) -> Vec<String> {
    let (mut spaced, mut after_small) = (String::new(), false);
    for c in word.chars() {
        if c == '_' || c == '-' || (c.is_uppercase() && after_small) {
            spaced.push(' ');
        }
        if c != '_' && c != '-' {
            spaced.extend(c.to_lowercase());
        }
        after_small = c.is_lowercase();
    }
    spaced.split_whitespace().map(str::to_owned).collect()
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
