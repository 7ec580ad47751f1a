//! Callbacks through a proxy on real sockets.

use super::*;
use crate::callback::Settings;
use crate::callback::client::Client;
use crate::callback::message::Target;
use crate::callback::tests::{SOON, TestServer};
use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread;
use tempfile::TempDir;

/// A name that no name server knows.
const NAME: &str = "connector.example";
const OPEN: &str = "HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n";

/// Reads up to an empty line.
fn head(stream: &mut impl Read) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    String::from_utf8(head).expect("a head in UTF-8")
}

/// A proxy that says this to each CONNECT and then passes bytes on to an address, wherever it was asked to connect to.
fn proxy(says: &'static str, to: Option<SocketAddr>) -> (SocketAddr, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (seen, was_seen) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            // The test may be over.
            let _ = seen.send(head(&mut stream));
            let _ = stream.write_all(says.as_bytes());
            let Some(to) = to else { continue };
            let there = TcpStream::connect(to).expect("a connector");
            for (mut from, mut to) in
                [(stream.try_clone().expect("a socket"), there.try_clone().expect("a socket")), (there, stream)]
            {
                thread::spawn(move || std::io::copy(&mut from, &mut to));
            }
        }
    });
    (address, was_seen)
}

/// A connector that speaks TLS as `connector.example`, the certificate to trust, and the requests that came.
fn connector(folder: &TempDir) -> (SocketAddr, PathBuf, mpsc::Receiver<String>) {
    let key = KeyPair::generate().expect("a key");
    let parameters = CertificateParams::new(vec![NAME.to_owned(), "1.1.1.1".to_owned()]).expect("names");
    let certificate = parameters.self_signed(&key).expect("a certificate");
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, certificate.pem()).expect("a file");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).expect("a key"))
        .expect("a certificate");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (seen, was_seen) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let tls = ServerConnection::new(Arc::clone(&config)).expect("TLS");
            let mut stream = StreamOwned::new(tls, stream.expect("a connection"));
            let seen = seen.clone();
            thread::spawn(move || {
                let request = head(&mut stream);
                if !request.is_empty() {
                    // The test may be over.
                    let _ = seen.send(request);
                    let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
                }
            });
        }
    });
    (address, file, was_seen)
}

fn settings(proxy: &str) -> Settings {
    let proxy = Some(Proxy::parse(proxy).expect("a proxy"));
    Settings { proxy, allow_loopback: true, timeout: SOON, connect_timeout: SOON, ..Settings::default() }
}

fn call(settings: &Settings, scheme: &str, authority: &str) -> Result<u16, Problem> {
    let target = Target { scheme: scheme.to_owned(), authority: authority.to_owned(), path_and_query: "/p".to_owned() };
    let client = Client::new(settings).expect("a client");
    client.exchange("DELETE", &target, &[], "").answer.map(|received| received.status)
}

#[test]
fn a_callback_to_the_internet_goes_through_the_proxy_to_the_connector_that_proves_its_name() {
    let folder = TempDir::new().expect("a folder");
    let (connector, ca, requests) = connector(&folder);
    let (proxy, connects) = proxy(OPEN, Some(connector));
    for (url, authorization) in [
        (format!("http://{proxy}"), ""),
        (format!("http://me:p%40ss%3A%C3%BC@{proxy}/"), "Proxy-Authorization: Basic bWU6cEBzczrDvA==\r\n"),
        (format!("http://token@{proxy}"), "Proxy-Authorization: Basic dG9rZW46\r\n"),
    ] {
        let settings = Settings { extra_ca: Some(ca.clone()), ..settings(&url) };
        for (authority, target) in [
            (NAME, "connector.example:443"),
            ("connector.example:8443", "connector.example:8443"),
            ("1.1.1.1", "1.1.1.1:443"),
        ] {
            assert_eq!(call(&settings, "https", authority), Ok(204), "{authority}");
            let connect = connects.recv_timeout(SOON).expect("a CONNECT");
            assert_eq!(connect, format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{authorization}\r\n"));
            let request = requests.recv_timeout(SOON).expect("a request");
            assert!(request.starts_with("DELETE /p HTTP/1.1\r\n") && !request.contains("Proxy"), "{request}");
        }
        // What the proxy connects to must be who it says it is.
        let problem = call(&settings, "https", "other.example").expect_err("another name");
        assert_eq!(problem.code, Code::TlsFailed, "{problem}");
        connects.recv_timeout(SOON).expect("a CONNECT");
    }
}

#[test]
fn what_is_near_is_called_directly_or_not_at_all() {
    let near = TestServer::saying("HTTP/1.1 204 No Content\r\n\r\n");
    let (proxy, connects) = proxy("HTTP/1.1 403 Forbidden\r\n\r\n", None);
    let proxied = settings(&format!("http://{proxy}"));
    let localhost = format!("localhost:{}", near.address.port());
    for authority in [near.address.to_string(), localhost] {
        assert_eq!(call(&proxied, "http", &authority), Ok(204), "{authority}");
    }
    let opened =
        Settings { allow_loopback: false, opened: vec!["127.0.0.0/8".parse().expect("a range")], ..proxied.clone() };
    assert_eq!(call(&opened, "http", &near.address.to_string()), Ok(204));
    let strict = Settings { allow_loopback: false, ..proxied };
    for (scheme, authority) in [
        ("https", "127.0.0.1"),
        ("https", "localhost"),
        ("https", "10.0.0.1"),
        ("https", "169.254.169.254"),
        ("https", "[::ffff:10.0.0.1]"),
        ("https", "[fd00::1]:8443"),
        ("https", "intranet"),
        ("https", "printer.local"),
        ("https", "metadata.google.internal"),
        ("https", "router.home.arpa."),
        ("https", "nas.LAN"),
        // Plain http is for what is near.
        ("http", NAME),
        ("http", "1.1.1.1"),
    ] {
        let problem = call(&strict, scheme, authority).expect_err(authority);
        assert_eq!(problem.code, Code::AddressRefused, "{authority}: {problem}");
        assert!(!problem.observed.contains(authority), "{problem}");
    }
    assert!(connects.try_recv().is_err(), "nothing of it reached the proxy");
}

#[test]
fn a_proxy_that_fails_is_what_failed() {
    for (says, code, part) in [
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", Code::ProxyFailed, "user name and password"),
        ("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", Code::ProxyFailed, "refuses to connect"),
        ("HTTP/1.0 502 Bad Gateway\r\n\r\n", Code::Unreachable, "could not connect to the connector"),
        ("HTTP/1.1 504 Gateway Timeout\r\n\r\n", Code::Unreachable, "status 504"),
        ("HTTP/1.1 302 Found\r\n\r\n", Code::ProxyFailed, "status 302"),
        ("SSH-2.0-OpenSSH_9.6\r\n\r\n", Code::ProxyFailed, "does not speak HTTP"),
        ("HTTP/1.1 200", Code::ProxyFailed, "closed the connection"),
        ("", Code::ProxyFailed, "closed the connection"),
    ] {
        let (proxy, _connects) = proxy(says, None);
        let settings = settings(&format!("http://me:hunter2@{proxy}"));
        let problem = call(&settings, "https", NAME).expect_err(says);
        assert_eq!(problem.code, code, "{says}: {problem}");
        assert!(problem.observed.contains(part), "{says}: {problem}");
        for word in ["hunter2", "127.0.0.1", NAME] {
            assert!(!problem.logged().contains(word), "{problem}");
        }
    }
    let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
    let problem = call(&settings(&format!("http://{free}")), "https", NAME).expect_err("nobody listens");
    assert!(problem.code == Code::ProxyFailed && problem.observed.contains("the connection to it failed"), "{problem}");
    let silent = TestServer::start(|_| (Vec::new(), crate::callback::tests::Then::Hang));
    let settings =
        Settings { connect_timeout: Duration::from_millis(300), ..settings(&format!("http://{}", silent.address)) };
    let problem = call(&settings, "https", NAME).expect_err("no response");
    assert!(problem.code == Code::ProxyFailed && problem.observed.contains("in time"), "{problem}");
}

#[test]
fn urls_of_proxies() {
    for (url, host, port) in [
        ("http://proxy.example:3128", "proxy.example", 3128),
        ("http://proxy.example", "proxy.example", 80),
        ("http://[::1]:8080/", "[::1]", 8080),
        ("http://me:hunter2@10.0.0.1:8080", "10.0.0.1", 8080),
    ] {
        let proxy = Proxy::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        assert_eq!((proxy.host.as_str(), proxy.port), (host, port));
        assert!(!format!("{proxy:?}").contains("hunter2") && !format!("{proxy:?}").contains("bWU"), "{proxy:?}");
    }
    for url in [
        "",
        "proxy.example:3128",
        "https://me:hunter2@proxy.example",
        "socks5://me:hunter2@proxy.example",
        "http://me:hunter2@proxy.example/path",
        "http://me:hunter2@proxy.example?x",
        "http://me%3A:hunter2@proxy.example",
        "http://me:hunter2@",
    ] {
        let error = Proxy::parse(url).expect_err(url);
        assert!(!error.contains("hunter2"), "{error}");
    }
}
