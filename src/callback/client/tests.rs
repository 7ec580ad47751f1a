//! What the client does on real sockets.

use super::*;
use crate::callback::tests::{SOON, Seen, TestServer, Then};
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::TryRecvError;

const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\n\r\n";

fn settings() -> Settings {
    Settings { allow_loopback: true, ..Settings::default() }
}

fn client() -> Client {
    Client::new(&settings()).expect("a client")
}

fn target(server: &TestServer, path: &str) -> Target {
    Target { scheme: "http".to_owned(), authority: server.address.to_string(), path_and_query: path.to_owned() }
}

fn header(name: &str, value: &str) -> Header {
    Header { name: name.to_owned(), value: value.to_owned() }
}

fn headers(server: &TestServer, body: &str) -> Vec<Header> {
    let mut headers = vec![
        header("Host", &server.address.to_string()),
        header("Date", "Wed, 07 Oct 2020 10:00:00 GMT"),
        header("Signature", "c2ln"),
        header("User-Agent", USER_AGENT),
    ];
    if !body.is_empty() {
        headers.extend([header("Content-Type", "application/json"), header("Content-Length", &body.len().to_string())]);
    }
    headers
}

fn post(client: &Client, server: &TestServer) -> Exchange {
    client.exchange("POST", &target(server, "/p"), &headers(server, "{}"), "{}")
}

fn answered(exchange: Exchange) -> Received {
    exchange.answer.unwrap_or_else(|problem| panic!("no answer: {problem:?}"))
}

fn code(exchange: Exchange) -> Code {
    exchange.answer.expect_err("a problem").code
}

#[test]
fn a_post_is_these_bytes_and_no_others() {
    let server = TestServer::saying("HTTP/1.1 201 Created\r\nX-A: b\r\nContent-Length: 2\r\n\r\nok");
    let body = r#"{"a":"ü"}"#;
    let exchange = client().exchange("POST", &target(&server, "/p?x=%C3%BC&y"), &headers(&server, body), body);
    let received = answered(exchange);
    assert_eq!((received.status, received.body.as_slice()), (201, &b"ok"[..]));
    assert_eq!(received.headers, [header("x-a", "b"), header("content-length", "2")]);
    let Seen { head, body: came, .. } = server.next();
    let expected = format!(
        "POST /p?x=%C3%BC&y HTTP/1.1\r\nHost: {}\r\nDate: Wed, 07 Oct 2020 10:00:00 GMT\r\nSignature: c2ln\r\n\
         User-Agent: connhub/{}\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n",
        server.address,
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!((head, came.as_str()), (expected, body));
}

#[test]
fn a_delete_has_neither_body_nor_content_type() {
    let server = TestServer::saying(NO_CONTENT);
    let exchange = client().exchange("DELETE", &target(&server, "/p/1"), &headers(&server, ""), "");
    assert_eq!(answered(exchange).status, 204);
    let expected = format!(
        "DELETE /p/1 HTTP/1.1\r\nHost: {}\r\nDate: Wed, 07 Oct 2020 10:00:00 GMT\r\nSignature: c2ln\r\n\
         User-Agent: connhub/{}\r\n\r\n",
        server.address,
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(server.next().head, expected);
}

#[test]
fn connections_are_used_again() {
    let server = TestServer::saying(NO_CONTENT);
    let client = client();
    for _ in 0..3 {
        assert_eq!(answered(post(&client, &server)).status, 204);
        assert_eq!(server.next().connection, 0);
    }
}

#[test]
fn a_connection_that_was_closed_meanwhile_is_not_used_again() {
    let (closed, was_closed) = std::sync::mpsc::channel();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut request = [0; 1_024];
            let mut read = 0;
            while !request[..read].ends_with(b"{}") {
                read += stream.read(&mut request[read..]).expect("a request");
            }
            stream.write_all(NO_CONTENT.as_bytes()).expect("a client");
            drop(stream);
            closed.send(()).expect("a test");
        }
    });
    let client = client();
    let target = Target { scheme: "http".to_owned(), authority: address.to_string(), path_and_query: "/".to_owned() };
    let headers = [header("Host", &address.to_string()), header("Content-Length", "2")];
    for _ in 0..5 {
        let exchange = client.exchange("POST", &target, &headers, "{}");
        assert_eq!(answered(exchange).status, 204);
        was_closed.recv_timeout(SOON).expect("a closed connection");
    }
}

#[test]
fn a_request_is_never_sent_twice() {
    // The first answer keeps the connection; on it the second request meets a connector that goes away.
    let server = TestServer::start(|seen| match seen.body.as_str() {
        "{}" => (NO_CONTENT.as_bytes().to_vec(), Then::Stay),
        _ => (Vec::new(), Then::Close),
    });
    let client = client();
    assert_eq!(answered(post(&client, &server)).status, 204);
    let exchange = client.exchange("POST", &target(&server, "/p"), &headers(&server, "[]"), "[]");
    assert_eq!(code(exchange), Code::ConnectionLost);
    assert_eq!((server.next().body, server.next().body), ("{}".to_owned(), "[]".to_owned()));
    // A third request is the next that comes: the second came once.
    assert_eq!(answered(post(&client, &server)).status, 204);
    assert_eq!(server.next().body, "{}");
    assert_eq!(server.seen.try_recv().err(), Some(TryRecvError::Empty));
}

#[test]
fn redirects_are_answers_like_others() {
    let elsewhere = TestServer::saying(NO_CONTENT);
    let client = client();
    for status in [301, 302, 303, 307, 308] {
        let location = format!("http://{}/", elsewhere.address);
        let server =
            TestServer::saying(format!("HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"));
        let received = answered(post(&client, &server));
        assert_eq!(received.status, status);
        assert!(received.headers.contains(&header("location", &location)));
    }
    assert_eq!(elsewhere.seen.try_recv().err(), Some(TryRecvError::Empty));
}

#[test]
fn a_body_is_read_up_to_its_bound() {
    for (length, too_large) in [(BODY_BYTES_MAX, false), (BODY_BYTES_MAX + 1, true), (10 * BODY_BYTES_MAX, true)] {
        let server = TestServer::saying(format!(
            "HTTP/1.1 202 Accepted\r\nContent-Length: {length}\r\n\r\n{}",
            "x".repeat(length)
        ));
        let received = answered(post(&client(), &server));
        assert_eq!((received.status, received.body.len()), (202, BODY_BYTES_MAX));
        assert_eq!(matches!(received.end, End::TooLarge), too_large, "{length}");
    }
}

#[test]
fn an_endless_body_and_endless_headers_are_cut_off() {
    let server = TestServer::start(|seen| {
        let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
        let endless = match seen.body.as_str() {
            "{}" => format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}", chunk.repeat(100)),
            _ => format!("HTTP/1.1 200 OK\r\nX-A: {}", "x".repeat(100_000)),
        };
        (endless.into_bytes(), Then::Hang)
    });
    assert!(matches!(answered(post(&client(), &server)).end, End::TooLarge));
    let exchange = client().exchange("POST", &target(&server, "/"), &headers(&server, "[]"), "[]");
    assert_eq!(code(exchange), Code::AnswerTooLarge);
}

#[test]
fn compressed_bodies_are_neither_asked_for_nor_unpacked() {
    let server = TestServer::saying("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc");
    assert_eq!(answered(post(&client(), &server)).body, b"abc");
}

#[test]
fn who_hangs_is_not_waited_for() {
    let silent = TestServer::start(|_| (Vec::new(), Then::Hang));
    let stuck = TestServer::start(|_| (b"HTTP/1.1 202 Accepted\r\nContent-Length: 10\r\n\r\nabc".to_vec(), Then::Hang));
    let client = Client::new(&Settings { timeout: Duration::from_millis(300), ..settings() }).expect("a client");
    let exchange = post(&client, &silent);
    assert!(exchange.duration >= Duration::from_millis(300) && exchange.duration < SOON, "{:?}", exchange.duration);
    assert_eq!(code(exchange), Code::Timeout);
    let received = answered(post(&client, &stuck));
    assert_eq!((received.status, received.body.as_slice()), (202, &b"abc"[..]));
    assert!(matches!(&received.end, End::Broken(problem) if problem.code == Code::Timeout), "{:?}", received.end);
}

#[test]
fn truncated_and_garbled_answers() {
    for (answer, expected) in [
        ("", Code::ConnectionLost),
        ("HTTP/1.1 20", Code::ConnectionLost),
        ("HTTP/1.1 200 OK\r\nX-A: b\r\n", Code::ConnectionLost),
        ("SSH-2.0-OpenSSH_9.6\r\n\r\n", Code::MalformedAnswer),
        ("HTTP/1.1 999999 OK\r\n\r\n", Code::MalformedAnswer),
    ] {
        let server = TestServer::start(move |_| (answer.as_bytes().to_vec(), Then::Close));
        assert_eq!(code(post(&client(), &server)), expected, "{answer:?}");
    }
    let short = "HTTP/1.1 202 Accepted\r\nContent-Length: 10\r\n\r\nabc";
    let server = TestServer::start(move |_| (short.as_bytes().to_vec(), Then::Close));
    let received = answered(post(&client(), &server));
    assert!(matches!(&received.end, End::Broken(problem) if problem.code == Code::ConnectionLost));
}

#[test]
fn hints_that_come_before_the_answer_are_not_the_answer() {
    let server = TestServer::saying(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    );
    assert_eq!(answered(post(&client(), &server)).status, 204);
}

#[test]
fn addresses_are_judged_before_anything_is_sent() {
    let server = TestServer::saying(NO_CONTENT);
    let refusing = Client::new(&Settings::default()).expect("a client");
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
        let authority = format!("{host}:{}", server.address.port());
        for scheme in ["http", "https"] {
            let target =
                Target { scheme: scheme.to_owned(), authority: authority.clone(), path_and_query: "/".to_owned() };
            assert_eq!(code(refusing.exchange("DELETE", &target, &[], "")), Code::AddressRefused, "{host}");
        }
    }
    let plain = Target { scheme: "http".to_owned(), authority: "1.1.1.1".to_owned(), path_and_query: "/".to_owned() };
    assert_eq!(code(client().exchange("DELETE", &plain, &[], "")), Code::AddressRefused);
    assert_eq!(server.seen.try_recv().err(), Some(TryRecvError::Empty));
    let by_name = Target {
        scheme: "http".to_owned(),
        authority: format!("localhost:{}", server.address.port()),
        path_and_query: "/".to_owned(),
    };
    assert_eq!(answered(client().exchange("DELETE", &by_name, &[], "")).status, 204);
}

#[test]
fn nobody_at_home() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let authority = listener.local_addr().expect("an address").to_string();
    drop(listener);
    for scheme in ["http", "https"] {
        let target = Target { scheme: scheme.to_owned(), authority: authority.clone(), path_and_query: "/".to_owned() };
        let problem = client().exchange("DELETE", &target, &[], "").answer.expect_err("a problem");
        assert_eq!(problem.code, Code::Unreachable);
        assert!(problem.observed.contains("refused") && !problem.observed.contains("127"), "{problem}");
    }
}

#[test]
fn a_port_without_tls_is_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let plain = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        // The client may be gone.
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let target = Target { scheme: "https".to_owned(), authority: plain.to_string(), path_and_query: "/".to_owned() };
    assert_eq!(code(client().exchange("DELETE", &target, &[], "")), Code::TlsFailed);
}

#[test]
fn a_file_without_certificates_is_told() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    for path in [file.path().to_owned(), "/no/such/file".into()] {
        let settings = Settings { extra_ca: Some(path), ..settings() };
        let error = Client::new(&settings).err().expect("an error").to_string();
        assert!(error.contains("certificates in"), "{error}");
    }
}

/// Runs openssl; what it says is of no interest unless it fails.
fn openssl(folder: &Path, arguments: &str) {
    let done = Command::new("openssl").current_dir(folder).args(arguments.split(' ')).output().expect("openssl");
    assert!(done.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&done.stderr));
}

/// A TLS connector on loopback that says this to whoever sends it `{}`; its certificate is for this name.
fn tls_connector(folder: &Path, name: &str, answer: &'static str) -> (Child, Target) {
    openssl(folder, "req -newkey rsa:2048 -nodes -keyout key.pem -subj /CN=connector -out request.pem");
    std::fs::write(folder.join("names"), format!("subjectAltName={name}")).expect("a file");
    openssl(folder, "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -days 2 -extfile names -out certificate.pem");
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let authority = free.local_addr().expect("an address").to_string();
    drop(free);
    let mut server = Command::new("openssl")
        .current_dir(folder)
        .args(["s_server", "-quiet", "-cert", "certificate.pem", "-key", "key.pem", "-accept", &authority])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl");
    let (mut heard, mut said) = server.stdout.take().zip(server.stdin.take()).expect("two pipes");
    std::thread::spawn(move || {
        let (mut request, mut byte) = (Vec::new(), [0]);
        while heard.read_exact(&mut byte).is_ok() {
            request.push(byte[0]);
            if request.ends_with(b"{}") {
                said.write_all(answer.as_bytes()).expect("openssl reads");
            }
        }
    });
    let target = Target { scheme: "https".to_owned(), authority, path_and_query: "/".to_owned() };
    (server, target)
}

/// Tries until the connector listens, on a thread with as little stack as those of the pool.
fn over_tls(extra_ca: Option<PathBuf>, target: &Target) -> Result<Received, Problem> {
    let (settings, target) = (Settings { extra_ca, ..settings() }, target.clone());
    let work = move || {
        let client = Client::new(&settings).expect("a client");
        let deadline = Instant::now() + SOON;
        loop {
            match client.exchange("POST", &target, &[header("Content-Length", "2")], "{}").answer {
                Err(problem) if problem.code == Code::Unreachable && Instant::now() < deadline => {
                    std::thread::yield_now();
                }
                answer => return answer,
            }
        }
    };
    let thread = std::thread::Builder::new().stack_size(crate::callback::pool::STACK_BYTES);
    thread.spawn(work).expect("a thread").join().expect("no panic")
}

#[test]
fn certificates_are_verified_and_extra_ones_trusted() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    openssl(folder, "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -subj /CN=ca -days 2 -out ca.pem");
    let ca = folder.join("ca.pem");
    for (name, extra, expected) in [
        ("IP:127.0.0.1", Some(&ca), Ok(204)),
        ("IP:127.0.0.1", None, Err("is not trusted here")),
        ("DNS:secret.example", Some(&ca), Err("certificate is for another host")),
    ] {
        let (mut server, target) = tls_connector(folder, name, NO_CONTENT);
        let answer = over_tls(extra.cloned(), &target);
        server.kill().and_then(|()| server.wait()).expect("it runs");
        match (answer, expected) {
            (Ok(received), Ok(status)) => assert_eq!(received.status, status),
            (Err(problem), Err(told)) => {
                assert_eq!(problem.code, Code::TlsFailed);
                assert!(problem.observed.contains(told) && !problem.observed.contains("secret"), "{problem}");
            }
            (answer, expected) => panic!("{answer:?} instead of {expected:?}"),
        }
    }
}
