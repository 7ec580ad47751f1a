//! TLS: what is served with, its exchange for a newer one, and who comes to the wrong door.

use crate::harness::{EMAIL, PASSWORD, Server, connhub, run};
use crate::http::{Request, Response};
use crate::socket::PROTOCOL;
use crate::users::{GRAPHQL, login};
use crate::wait::{eventually, until};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tungstenite::client::IntoClientRequest;

/// What OpenSSL is told of the certificates that it makes.
const OPENSSL: &str = "[req]
distinguished_name = name
x509_extensions = server
[name]
[server]
basicConstraints = critical, CA:FALSE
subjectAltName = DNS:localhost, IP:127.0.0.1
";

pub type Stream = StreamOwned<ClientConnection, TcpStream>;

/// A certificate that vouches for itself, and its key.
pub struct Certificate {
    pub file: PathBuf,
    pub key: PathBuf,
}

impl Certificate {
    /// A new one for localhost, in a folder.
    pub fn new(folder: &Path, name: &str) -> Self {
        let [file, key] = ["crt", "key"].map(|end| folder.join(format!("{name}.{end}")));
        let config = folder.join("openssl.cnf");
        fs::write(&config, OPENSSL).expect("a file");
        let made = run(Command::new("openssl")
            .args(
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost".split(' '),
            )
            .arg("-config")
            .arg(&config)
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&file));
        assert!(made.success, "{}", made.stderr);
        Self { file, key }
    }

    fn flags(&self) -> [&str; 4] {
        let [file, key] = [&self.file, &self.key].map(|path| path.to_str().expect("UTF-8"));
        ["--tls-cert", file, "--tls-key", key]
    }

    /// Puts another certificate in this one's place, the key first and whole files at once.
    fn replace_by(&self, other: &Self) {
        fs::rename(&other.key, &self.key).expect("a new key");
        fs::rename(&other.file, &self.file).expect("a new certificate");
    }
}

pub fn start(certificate: &Certificate, more: &[&str]) -> Arc<Server> {
    let flags = [&certificate.flags()[..], more].concat();
    Server::with(&flags)
}

/// A connection that trusts this certificate alone; an error if the server has another.
fn connect(server: &Server, trusted: &Path, protocols: &[&str]) -> std::io::Result<Stream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(trusted).expect("a certificate")).expect("a root");
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let name = ServerName::try_from("localhost").expect("a name");
    let mut connection = ClientConnection::new(Arc::new(config), name).expect("a client");
    let mut socket = TcpStream::connect(server.authority())?;
    socket.set_read_timeout(Some(Duration::from_secs(60)))?;
    while connection.is_handshaking() {
        connection.complete_io(&mut socket)?;
    }
    Ok(StreamOwned::new(connection, socket))
}

#[track_caller]
pub fn connected(server: &Server, trusted: &Path) -> Stream {
    connect(server, trusted, &["http/1.1"]).expect("a handshake")
}

/// Sends a request on a connection of its own.
#[track_caller]
fn send(server: &Server, trusted: &Path, request: &Request) -> Response {
    let mut stream = connected(server, trusted);
    stream.write_all(&request.bytes("localhost")).expect("a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    Response::parse(&answer).expect("HTTP")
}

/// Asks whether the server lives; the connection stays.
#[track_caller]
fn ask(stream: &mut Stream) {
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("a request");
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\nok\n") {
        let mut chunk = [0; 1_024];
        let count = stream.read(&mut chunk).expect("an answer");
        assert!(count > 0, "cut off: {:?}", String::from_utf8_lossy(&read));
        read.extend_from_slice(&chunk[..count]);
    }
}

fn curl(arguments: &[&str]) -> crate::harness::Finished {
    run(Command::new("curl").args(["-sS", "--max-time", "30"]).args(arguments))
}

/// RFC 6749, section 1.6: TLS, in versions that are thought safe; RFC 7662, section 4, and RFC 8414, section 6.1:
/// 1.2 must be one of them.
#[test]
fn https_is_http_2_or_1_in_tls_1_3_or_1_2_and_nothing_older() {
    let folder = TempDir::new().expect("a folder");
    let certificate = Certificate::new(folder.path(), "a");
    let server = start(&certificate, &[]);
    let (url, ca) = (format!("{}/healthz", server.url()), certificate.file.to_str().expect("UTF-8").to_owned());
    assert!(url.starts_with("https://"), "{url}");
    let told = ["-o", "/dev/null", "-w", "%{http_version} %{response_code}", "--cacert", &ca, &url];
    for (flags, version) in
        [(&["--http2"][..], "2"), (&["--http1.1"], "1.1"), (&["--tlsv1.3"], "2"), (&["--tls-max", "1.2"], "2")]
    {
        let answer = curl(&[flags, &told[..]].concat());
        assert_eq!(answer.stdout, format!("{version} 200"), "{flags:?}: {}", answer.stderr);
    }
    // OpenSSL itself refuses these unless it is told to be careless.
    let careless = ["--tls-max", "1.1", "--tlsv1.0", "--ciphers", "DEFAULT@SECLEVEL=0"];
    assert!(!curl(&[&careless[..], &told[..]].concat()).success);
    assert!(!curl(&[&url]).success, "nobody need trust a certificate that vouches for itself");
}

/// RFC 6749, sections 3.1, 3.2 and 10.8: no password, secret or token must go without TLS: where there is a
/// certificate nothing is done without it.
#[test]
fn plain_http_at_a_port_of_https_is_told_so() {
    let folder = TempDir::new().expect("a folder");
    let server = start(&Certificate::new(folder.path(), "a"), &[]);
    let answer = server.send(&Request::get("/api/schema?x=1").header("Host", "hub.example.com:7171")).expect(400);
    assert_eq!(answer.json()["error"], "BAD_REQUEST");
    let description = answer.json()["description"].as_str().expect("a text").to_owned();
    assert!(description.contains("https://hub.example.com:7171/api/schema?x=1"), "{description}");
    // A client sees it too if it sends much before it reads.
    let body = "x".repeat(50_000);
    server.send(&Request::post("/api/v1/query").body(body)).expect(400);
    // What is neither is let go, and disturbs nobody.
    let mut stream = TcpStream::connect(server.authority()).expect("a connection");
    stream.write_all(&[0x16, 3, 1, 0xff, 0xff, 0, 1, 2, 3]).expect("nonsense");
    stream.write_all(&[0; 70_000]).ok();
    let mut rest = Vec::new();
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time-out");
    // An alert, then the end.
    let _ = stream.read_to_end(&mut rest);
    assert!(rest.len() < 100, "{rest:?}");
    server.send(&Request::get("/")).expect(400);
}

#[test]
fn browsers_are_told_to_stay_with_https_under_a_name_of_the_internet() {
    let folder = TempDir::new().expect("a folder");
    let certificate = Certificate::new(folder.path(), "a");
    let server = start(&certificate, &[]);
    let told = |host: &str| {
        let answer = send(&server, &certificate.file, &Request::get("/healthz").header("Host", host)).expect(200);
        answer.header("Strict-Transport-Security").map(str::to_owned)
    };
    assert_eq!(told("hub.example.com").as_deref(), Some("max-age=2592000"));
    assert_eq!((told("localhost:7171"), told("127.0.0.1")), (None, None));
    let plain = Server::start();
    let answer = plain.send(&Request::get("/healthz").header("Host", "hub.example.com")).expect(200);
    assert_eq!(answer.header("Strict-Transport-Security"), None);
}

#[test]
fn a_new_certificate_is_taken_when_the_files_change_and_open_connections_go_on() {
    let folder = TempDir::new().expect("a folder");
    let (old, new) = (Certificate::new(folder.path(), "old"), Certificate::new(folder.path(), "new"));
    let trusted = folder.path().join("new-trusted.crt");
    fs::copy(&new.file, &trusted).expect("a copy");
    let server = start(&old, &[]);
    let mut open = connected(&server, &old.file);
    ask(&mut open);
    old.replace_by(&new);
    until("the new certificate is served", || connect(&server, &trusted, &[]).is_ok());
    ask(&mut open);
}

#[test]
fn links_that_lead_elsewhere_are_a_change_as_certbot_makes_it() {
    let folder = TempDir::new().expect("a folder");
    let versions = [Certificate::new(folder.path(), "1"), Certificate::new(folder.path(), "2")];
    let live = Certificate { file: folder.path().join("live.crt"), key: folder.path().join("live.key") };
    let lead_to = |version: &Certificate| {
        for (target, link) in [(&version.key, &live.key), (&version.file, &live.file)] {
            let _ = fs::remove_file(link);
            symlink(target, link).expect("a link");
        }
    };
    lead_to(&versions[0]);
    let server = start(&live, &[]);
    connected(&server, &versions[0].file);
    lead_to(&versions[1]);
    until("the new certificate is served", || connect(&server, &versions[1].file, &[]).is_ok());
}

#[test]
fn a_change_that_makes_no_sense_is_told_and_the_certificate_before_stays() {
    let folder = TempDir::new().expect("a folder");
    let (old, new) = (Certificate::new(folder.path(), "old"), Certificate::new(folder.path(), "new"));
    let [trusted_old, trusted_new] = ["old-trusted.crt", "new-trusted.crt"].map(|name| folder.path().join(name));
    fs::copy(&old.file, &trusted_old).expect("a copy");
    fs::copy(&new.file, &trusted_new).expect("a copy");
    let server = start(&old, &[]);
    // Half of it: the key of one with the certificate of the other.
    fs::copy(&new.key, &old.key).expect("a copy");
    until("it is told", || server.output().contains("is not that of the first certificate in"));
    connected(&server, &trusted_old);
    fs::write(&old.file, "").expect("a file");
    server.signal("-HUP");
    until("it is told", || server.output().contains("is empty"));
    connected(&server, &trusted_old);
    fs::remove_file(&old.file).expect("a file");
    server.signal("-HUP");
    until("it is told", || server.output().contains("cannot be read"));
    connected(&server, &trusted_old);
    fs::copy(&new.file, &old.file).expect("a copy");
    until("it is mended", || connect(&server, &trusted_new, &[]).is_ok());
}

#[test]
fn sighup_reads_the_files_anew_though_they_seem_unchanged() {
    let folder = TempDir::new().expect("a folder");
    let certificate = Certificate::new(folder.path(), "a");
    let server = start(&certificate, &[]);
    // It listens for signals by the time that it serves.
    connected(&server, &certificate.file);
    server.signal("-HUP");
    until("they are read", || server.output().contains("the certificate was read anew"));
    connected(&server, &certificate.file);
}

#[test]
fn files_that_are_of_no_use_are_refused_with_their_name_and_how_to_mend_it() {
    let folder = TempDir::new().expect("a folder");
    let (a, b) = (Certificate::new(folder.path(), "a"), Certificate::new(folder.path(), "b"));
    let openssl = |arguments: &[&str], output: &str| {
        let path = folder.path().join(output);
        let done = run(Command::new("openssl").args(arguments).arg("-out").arg(&path));
        assert!(done.success, "{}", done.stderr);
        path
    };
    let (a_key, a_file) = (a.key.to_str().expect("UTF-8"), a.file.to_str().expect("UTF-8"));
    let pkcs8 = openssl(&["pkey", "-in", a_key, "-aes256", "-passout", "pass:secret"], "pkcs8.key");
    let older = openssl(&["ec", "-in", a_key, "-aes256", "-passout", "pass:secret"], "older.key");
    let der = openssl(&["x509", "-in", a_file, "-outform", "der"], "a.der");
    let empty = folder.path().join("empty");
    fs::write(&empty, "\n").expect("a file");
    let damaged = folder.path().join("damaged");
    fs::write(&damaged, "-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n").expect("a file");
    let nowhere = folder.path().join("nowhere");
    for (certificate, key, culprit, mend) in [
        (&a.file, &b.key, &b.key, "openssl x509 -noout -pubkey"),
        (&a.file, &pkcs8, &pkcs8, "without one: openssl pkey"),
        (&a.file, &older, &older, "without one: openssl pkey"),
        (&a.key, &a.file, &a.key, "wrong way round"),
        (&der, &a.key, &der, "openssl x509 -inform der"),
        (&empty, &a.key, &empty, "is empty"),
        (&a.file, &empty, &empty, "is empty"),
        (&damaged, &a.key, &damaged, "is damaged"),
        (&nowhere, &a.key, &nowhere, "cannot be read"),
    ] {
        let mut command = connhub();
        command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(folder.path().join("none.db"));
        let refused = run(command.arg("--tls-cert").arg(certificate).arg("--tls-key").arg(key));
        let culprit = culprit.to_str().expect("UTF-8");
        assert!(!refused.success && refused.stderr.contains(culprit), "{culprit}: {}", refused.stderr);
        assert!(refused.stderr.contains(mend), "{mend}: {}", refused.stderr);
    }
    let half = run(connhub().args(["serve", "--tls-cert"]).arg(&a.file));
    assert!(!half.success && half.stderr.contains("--tls-key"), "{}", half.stderr);
}

#[test]
fn websockets_work_in_tls() {
    let folder = TempDir::new().expect("a folder");
    let certificate = Certificate::new(folder.path(), "a");
    let server = start(&certificate, &[]);
    let mut request = format!("wss://localhost{GRAPHQL}").into_client_request().expect("a request");
    request.headers_mut().append(PROTOCOL.0, PROTOCOL.1.parse().expect("a value"));
    let stream = connected(&server, &certificate.file);
    let (mut socket, _) = tungstenite::client(request, stream).expect("an upgrade");
    let signed_in = send(&server, &certificate.file, &login(EMAIL, PASSWORD)).expect(200).json();
    let bearer = format!("Bearer {}", signed_in["access_token"].as_str().expect("a token"));
    let init = serde_json::json!({ "type": "connection_init", "payload": { "Authorization": bearer } });
    socket.send(tungstenite::Message::text(init.to_string())).expect("an open socket");
    assert!(socket.read().expect("an answer").to_string().contains("connection_ack"));
}

#[test]
fn the_demo_lives_behind_tls_too() {
    let folder = TempDir::new().expect("a folder");
    let certificate = Certificate::new(folder.path(), "a");
    let server = start(&certificate, &["--demo"]);
    let output = eventually("everything is printed", || Some(server.output()).filter(|text| text.contains("setOn")));
    let printed = |name: &str| {
        let line = output.lines().find(|line| line.trim_start().starts_with(name)).expect(name);
        line.trim_start().trim_start_matches(name).split_whitespace().next().expect(name).to_owned()
    };
    let (ca, client) =
        (certificate.file.to_str().expect("UTF-8"), format!("{}:{}", printed("client ID"), printed("client secret")));
    let url = |path: &str| format!("{}{path}", server.url());
    let token = curl(&["--cacert", ca, "-u", &client, "-d", "grant_type=client_credentials", &url("/oauth2/token")]);
    let token: serde_json::Value = serde_json::from_str(&token.stdout).expect("JSON");
    let bearer = format!("Authorization: Bearer {}", token["access_token"].as_str().expect("a token"));
    let weather = || {
        let query = r#"{"query": "{ things(thingConstraint: {displayType: \"core.SENSOR\"}) { components { properties { lastUpdate } } } }"}"#;
        curl(&["--cacert", ca, "-H", &bearer, "-H", "Content-Type: application/json", "-d", query, &url(GRAPHQL)])
            .stdout
    };
    let first = weather();
    assert!(first.contains("lastUpdate"), "{first}");
    until("the weather changes", || weather() != first);
}

#[test]
fn a_handshake_that_does_not_come_on_is_cut_off() {
    let folder = TempDir::new().expect("a folder");
    let server = start(&Certificate::new(folder.path(), "a"), &["--handshake-timeout", "500ms"]);
    // One says nothing, the other that a long record follows.
    for begun in [&[][..], &[0x16, 3, 1, 0x10, 0]] {
        let mut stream = TcpStream::connect(server.authority()).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time-out");
        stream.write_all(begun).expect("a beginning");
        let mut rest = Vec::new();
        assert!(stream.read_to_end(&mut rest).is_ok() && rest.is_empty(), "{rest:?}");
    }
}

/// Which protocol it is shows by what is spoken: who only agrees on HTTP/2 has no more time for it.
#[test]
fn a_head_that_does_not_come_on_is_cut_off_whatever_was_agreed_on() {
    let folder = TempDir::new().expect("a folder");
    let certificate = Certificate::new(folder.path(), "a");
    let server = start(&certificate, &["--header-timeout", "500ms", "--idle-timeout", "50s"]);
    for protocol in ["http/1.1", "h2"] {
        let mut stream = connect(&server, &certificate.file, &[protocol]).expect("a handshake");
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n").expect("half a head");
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).expect("an answer");
        assert_eq!(&answer, b"HTTP/1.1 408", "{protocol}");
    }
}

#[test]
fn whoever_finds_no_place_is_told_so_in_tls_too() {
    let folder = TempDir::new().expect("a folder");
    let certificate = Certificate::new(folder.path(), "a");
    let server = start(&certificate, &["--connections", "1"]);
    let mut busy = connected(&server, &certificate.file);
    busy.write_all(b"GET /healthz HTTP/1.1\r\n").expect("half a head");
    let ca = certificate.file.to_str().expect("UTF-8");
    let status = || {
        curl(&["-o", "/dev/null", "-w", "%{response_code}", "--cacert", ca, &format!("{}/healthz", server.url())])
            .stdout
    };
    until("it is full", || status() == "503");
    drop(busy);
    until("there is room", || status() == "200");
}

#[test]
fn a_client_that_does_not_read_is_cut_off_in_tls_too() {
    let folder = TempDir::new().expect("a folder");
    let certificate = Certificate::new(folder.path(), "a");
    let server = start(&certificate, &["--answer-timeout", "500ms"]);
    let mut stream = connected(&server, &certificate.file);
    stream.sock.set_write_timeout(Some(Duration::from_millis(40))).expect("a time-out");
    let request = b"GET /api/schema HTTP/1.1\r\nHost: localhost\r\n\r\n";
    // Far more answers than the system keeps for a client; the rest does not fit.
    let _ = stream.write_all(&request.repeat(2_000));
    until("it is cut off", || {
        let _ = stream.write_all(request);
        stream.sock.take_error().expect("a socket").is_some()
            || stream.sock.write(&[0]).is_err_and(|e| e.kind() != std::io::ErrorKind::WouldBlock)
    });
    connected(&server, &certificate.file);
}
