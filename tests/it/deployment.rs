//! The README's "Deployment": every configuration shown there is copied from it and used, with other paths, names
//! and ports.

use crate::harness::{BINARY, EMAIL, Finished, PASSWORD, Server, connhub, run};
use crate::proxy::{Program, Proxy};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;

const README: &str = include_str!("../../README.md");
const NAME: &str = "connhub.example";
const CERTIFICATES: &str = "/etc/letsencrypt/live/connhub.example/";
/// Where the README has connhub listen.
const UPSTREAM: &str = "127.0.0.1:7171";

/// The blocks after such comments, each with the rest of its comment.
fn blocks(kind: &str) -> Vec<(&'static str, &'static str)> {
    let parts = README.split("<!-- ").filter_map(|part| part.split_once(" -->\n```"));
    let found = parts.filter_map(|(comment, rest)| {
        let name = comment.strip_prefix(kind)?.trim_start_matches([':', ' ']);
        let (_, body) = rest.split_once('\n')?;
        Some((name, body.split("```").next()?))
    });
    found.collect()
}

fn block(kind: &str) -> &'static str {
    let [(_, block)] = blocks(kind)[..] else { panic!("one block after <!-- {kind} -->") };
    block
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from} is not in:\n{text}");
    text.replace(from, to)
}

/// connhub behind a proxy with the README's configuration.
struct Site {
    certificates: TempDir,
    proxy: Proxy,
    _server: Arc<Server>,
}

impl Site {
    fn behind(program: Program) -> Self {
        let certificates = TempDir::new().expect("a temporary folder");
        let folder = certificates.path();
        let made = run(connhub().args(["dev-cert", NAME, "--out"]).arg(folder.join("made")));
        assert!(made.success, "{}", made.stderr);
        fs::copy(folder.join("made/server.pem"), folder.join("fullchain.pem")).expect("a certificate");
        fs::copy(folder.join("made/server.key"), folder.join("privkey.pem")).expect("a key");
        let url = format!("https://{NAME}");
        let server = Server::with(&["--public-url", &url, "--trusted-proxy", "127.0.0.1"]);
        let proxy = program.start_site(|authority| {
            let shown = folder.display();
            match program {
                Program::Nginx => {
                    let site = replaced(block("nginx"), "listen 443 ssl", &format!("listen {authority} ssl"));
                    let site = replaced(&site, CERTIFICATES, &format!("{shown}/"));
                    replaced(&site, UPSTREAM, &server.authority())
                }
                Program::Caddy => {
                    let (address, port) = authority.rsplit_once(':').expect("a port");
                    let head =
                        format!("{NAME}:{port} {{\nbind {address}\ntls {shown}/fullchain.pem {shown}/privkey.pem");
                    let site = replaced(block("caddy"), &format!("{NAME} {{"), &head);
                    replaced(&site, UPSTREAM, &server.authority())
                }
            }
        });
        Self { certificates, proxy, _server: server }
    }

    /// Sends a request as somebody who knows the site by its name. Standard output has the body and, on a last line,
    /// the status and the media type.
    fn curl(&self, path: &str, arguments: &[&str]) -> Finished {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--max-time", "60", "--write-out", "\n%{http_code} %{content_type}"]);
        curl.arg("--cacert").arg(self.certificates.path().join("made/ca.pem"));
        curl.args(["--connect-to", &format!("{NAME}:443:{}", self.proxy.authority())]).args(arguments);
        run(curl.arg(format!("https://{NAME}{path}")))
    }

    #[track_caller]
    fn answers(&self, path: &str, arguments: &[&str], expected: &str) -> String {
        let finished = self.curl(path, arguments);
        let (body, head) = finished.stdout.rsplit_once('\n').expect("a last line");
        let is_expected = head.starts_with(expected);
        assert!(is_expected, "{path}: {head}\n{body}\n{}\n{}", finished.stderr, self.proxy.output());
        body.to_owned()
    }
}

fn file(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, content).expect("a file");
    path
}

#[test]
fn the_readmes_configurations_of_proxies_work() {
    for program in Program::ALL {
        let site = Site::behind(program);
        site.answers("/", &[], "200 text/html");
        site.answers("/readyz", &[], "200");
        site.answers("/metrics", &[], "404");
        let origin = format!("Origin: https://{NAME}");
        let of_browser = ["--header", &origin, "--header", "Sec-Fetch-Site: same-origin", "--json"];
        let login = json!({ "email": EMAIL, "password": PASSWORD }).to_string();
        let body = site.answers("/api/v1/auth/login", &[&of_browser[..], &[&login]].concat(), "200");
        assert!(body.contains("access_token"), "{program:?}: {body}");
        let handshake = [
            "--http1.1",
            "--header",
            "Connection: Upgrade",
            "--header",
            "Upgrade: websocket",
            "--header",
            "Sec-WebSocket-Version: 13",
            "--header",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "--header",
            "Sec-WebSocket-Protocol: graphql-transport-ws",
            "--header",
            &origin,
            // Nothing follows, and connhub would wait for a first message.
            "--max-time",
            "1",
            "--output",
            "/dev/null",
        ];
        site.answers("/api/v1/query", &handshake, "101");
    }
}

/// What is too large is reported as JSON and not as a proxy's page, by connhub if it is not far too large. Caddy sends on
/// what is far too large, and resets the connection once connhub has refused it.
#[test]
fn a_body_that_is_too_large_gets_a_response_in_json_through_a_proxy() {
    for program in Program::ALL {
        let site = Site::behind(program);
        let far = (20 << 10, "/description");
        let sizes = [Some((1_025, "/errors/0/message")), (program == Program::Nginx).then_some(far)];
        for (kib, pointer) in sizes.into_iter().flatten() {
            let document = json!({ "query": " ".repeat(kib << 10) }).to_string();
            let data = format!("@{}", file(site.certificates.path(), "body.json", document).display());
            for version in ["--http1.1", "--http2"] {
                let body = site.answers("/api/v1/query", &[version, "--json", &data], "413 application/json");
                let parsed: Value = serde_json::from_str(&body).unwrap_or_default();
                assert!(parsed.pointer(pointer).is_some_and(Value::is_string), "{program:?} {kib} KiB: {body}");
            }
        }
    }
}

#[test]
fn the_readmes_units_are_what_systemd_understands() {
    let folder = TempDir::new().expect("a temporary folder");
    let units = blocks("unit");
    let mut names: Vec<_> = units.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    let expected = ["connhub-backup.service", "connhub-backup.timer", "connhub.service", "connhub.service.d/tls.conf"];
    assert_eq!(names, expected);
    let help = run(connhub().args(["serve", "--help"])).stdout;
    for (name, unit) in units {
        for assignment in unit.lines().filter_map(|line| line.strip_prefix("Environment=")) {
            let variable = assignment.split('=').next().expect("a name");
            assert!(help.contains(&format!("[env: {variable}=")), "{name} sets {variable}, which no option has");
        }
        fs::create_dir_all(folder.path().join("connhub.service.d")).expect("a folder");
        file(folder.path(), name, unit.replace("/usr/local/bin/connhub", BINARY));
    }
    for name in ["connhub.service", "connhub-backup.service", "connhub-backup.timer"] {
        // With the folder as the only one that has units of this name, so that the drop-in counts too.
        let mut verify = Command::new("systemd-analyze");
        verify.env("SYSTEMD_UNIT_PATH", format!("{}:", folder.path().display()));
        let verified = run(verify.args(["verify", "--man=no"]).arg(folder.path().join(name)));
        let said = format!("{}{}", verified.stdout, verified.stderr);
        let about_it: Vec<_> = said.lines().filter(|line| line.contains("connhub")).collect();
        assert!(verified.success && about_it.is_empty(), "{name}: {said}");
    }
}
