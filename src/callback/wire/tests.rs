//! Every response belongs to its own request, whatever a connector sends and when.

use super::*;
use crate::callback::Settings;
use crate::callback::client::{Client, End, Exchange};
use crate::callback::message::Target;
use crate::callback::tests::{SOON, TestServer, Then};
use crate::model::callback::Header;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;

const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\n\r\n";

fn client() -> Client {
    Client::new(&Settings { allow_loopback: true, ..Settings::default() }).expect("a client")
}

fn post(client: &Client, address: SocketAddr, body: &str) -> Exchange {
    let authority = address.to_string();
    let header = |name: &str, value: &str| Header { name: name.to_owned(), value: value.to_owned() };
    let headers = [header("Host", &authority), header("Content-Length", &body.len().to_string())];
    let target = Target { scheme: "http".to_owned(), authority, path_and_query: "/".to_owned() };
    client.exchange("POST", &target, &headers, body)
}

fn status(exchange: Exchange) -> u16 {
    exchange.answer.unwrap_or_else(|problem| panic!("no response: {problem:?}")).status
}

/// A connector that does this with its connections, each on a thread of its own with its number.
fn connector(serve: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let serve = Arc::clone(&serve);
            thread::spawn(move || serve(number, stream.expect("a connection")));
        }
    });
    address
}

/// Reads a request with the body `{}`; false once the client has closed the connection.
fn reads(stream: &mut TcpStream) -> bool {
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !request.ends_with(b"\r\n\r\n{}") {
        match stream.read(&mut byte) {
            Ok(1) => request.push(byte[0]),
            _ => return false,
        }
    }
    true
}

fn say(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).expect("a client");
}

#[test]
fn connections_of_connectors_that_keep_in_step_are_used_again() {
    for response in [
        NO_CONTENT,
        "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n0002;a=b\r\nok\r\n0\r\nX: y\r\n\r\n",
        "HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    ] {
        let server = TestServer::saying(response);
        let client = client();
        for _ in 0..3 {
            assert!(status(post(&client, server.address, "{}")) < 300);
            assert_eq!(server.next().connection, 0, "{response}");
        }
    }
}

#[test]
fn a_connection_whose_response_was_out_of_step_is_not_used_again() {
    for response in [
        // The body comes late or not at all.
        "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        // It is there, and more of it.
        "HTTP/1.1 204 No Content\r\n\r\nhello",
        "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok, then",
        "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\r\n",
        "HTTP/1.0 202 Accepted\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let server = TestServer::saying(response);
        let client = client();
        let expected = response.rsplit("HTTP/1.1 ").find(|part| !part.starts_with("400")).map(|part| &part[..3]);
        for connection in 0..3 {
            let found = status(post(&client, server.address, "{}")).to_string();
            if response.starts_with("HTTP/1.1") {
                assert_eq!(Some(found.as_str()), expected, "{response}");
            }
            assert_eq!(server.next().connection, connection, "{response}");
        }
    }
}

#[test]
fn what_comes_on_an_idle_connection_is_not_the_next_response() {
    for late in ["hello", "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "\r\n"] {
        let (go, may_go) = mpsc::channel::<()>();
        let (done, is_done) = mpsc::channel();
        let may_go = Mutex::new(may_go);
        let address = connector(move |number, mut stream| {
            while reads(&mut stream) {
                say(&mut stream, NO_CONTENT);
                if number == 0 {
                    may_go.lock().recv_timeout(SOON).expect("a word");
                    say(&mut stream, late);
                }
                done.send(number).expect("a test");
            }
        });
        let client = client();
        assert_eq!(status(post(&client, address, "{}")), 204);
        go.send(()).expect("a connector");
        assert_eq!(is_done.recv_timeout(SOON), Ok(0));
        // Once caught, this connector gets a connection for each request.
        for connection in 1..4 {
            assert_eq!(status(post(&client, address, "{}")), 204, "{late}");
            assert_eq!(is_done.recv_timeout(SOON), Ok(connection), "{late}");
        }
    }
}

#[test]
fn what_comes_late_while_the_next_response_is_awaited_is_skipped() {
    let address = connector(move |number, mut stream| {
        assert!(reads(&mut stream));
        say(&mut stream, NO_CONTENT);
        if reads(&mut stream) {
            // The rest of the first response, then the second.
            assert_eq!(number, 0);
            say(&mut stream, "hello");
            say(&mut stream, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let client = client();
    assert_eq!(status(post(&client, address, "{}")), 204);
    assert_eq!(status(post(&client, address, "{}")), 403);
    assert_eq!(status(post(&client, address, "{}")), 204);
}

#[test]
fn a_response_that_comes_before_the_whole_request_was_sent_counts() {
    let large = "x".repeat(20 * 1_024 * 1_024);
    for closes in [true, false] {
        let address = connector(move |_, mut stream| {
            stream.read_exact(&mut [0; 64]).expect("the beginning of a request");
            say(&mut stream, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
            if !closes {
                thread::park_timeout(SOON);
            }
        });
        let exchange = post(&client(), address, &large);
        assert!(exchange.duration < Duration::from_secs(8), "{:?}", exchange.duration);
        assert_eq!(status(exchange), 201, "closes: {closes}");
    }
}

#[test]
fn a_large_request_arrives_whole() {
    let (seen, was_seen) = mpsc::channel();
    let address = connector(move |_, mut stream| {
        let (mut request, mut part) = (Vec::new(), [0; 4_096]);
        while !request.ends_with(b"!") {
            let amount = stream.read(&mut part).expect("a request");
            request.extend_from_slice(&part[..amount]);
        }
        say(&mut stream, NO_CONTENT);
        seen.send(request.len()).expect("a test");
    });
    let body = "x".repeat(5_000_000) + "!";
    assert_eq!(status(post(&client(), address, &body)), 204);
    let head = format!("POST / HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n", body.len());
    assert_eq!(was_seen.recv_timeout(SOON), Ok(head.len() + body.len()));
}

#[test]
fn a_body_that_decides_nothing_is_not_waited_for() {
    let endless = |status: &str| format!("HTTP/1.1 {status}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n");
    for (response, expected) in [
        (endless("201 Created"), 201),
        ("HTTP/1.1 201 Created\r\n\r\n".to_owned(), 201),
        ("HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\nok".to_owned(), 201),
        ("HTTP/1.1 500 Oops\r\n\r\nok".to_owned(), 500),
        ("HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: identity\r\n\r\n".to_owned(), 401),
        ("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok".to_owned(), 204),
    ] {
        let server = TestServer::start(move |_| (response.clone().into_bytes(), Then::Hang));
        let exchange = post(&client(), server.address, "{}");
        assert!(exchange.duration < Duration::from_secs(5), "{:?}", exchange.duration);
        assert_eq!(status(exchange), expected);
    }
}

#[test]
fn a_201_is_received_whatever_becomes_of_its_body() {
    let server = TestServer::start(|_| (b"HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\nok".to_vec(), Then::Hang));
    // The machine may be busy with other tests now and then.
    let fastest = (0..5).map(|_| post(&client(), server.address, "{}").duration).min();
    assert!(fastest.is_some_and(|duration| duration < WORDS_TIME_MAX), "{fastest:?}");
}

#[test]
fn a_202_without_length_on_an_open_connection_is_received() {
    for (response, body, timeout) in [
        ("HTTP/1.1 202 Accepted\r\n\r\n", "", 10 * SILENCE_MAX),
        ("HTTP/1.1 202 Accepted\r\nTransfer-Encoding: identity\r\n\r\n", "", 10 * SILENCE_MAX),
        // A body that has begun may go on until the timeout, and so may the silence before one that has a type.
        ("HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n\r\n{}", "{}", 2 * SILENCE_MAX),
        ("HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n\r\n", "", 2 * SILENCE_MAX),
    ] {
        let server = TestServer::start(move |_| (response.as_bytes().to_vec(), Then::Hang));
        let settings = Settings { allow_loopback: true, timeout, ..Settings::default() };
        let exchange = post(&Client::new(&settings).expect("a client"), server.address, "{}");
        assert!(!body.is_empty() || exchange.duration < 5 * SILENCE_MAX, "{:?}", exchange.duration);
        let received = exchange.answer.unwrap_or_else(|problem| panic!("no response: {problem:?}"));
        assert_eq!((received.status, received.body.as_slice()), (202, body.as_bytes()));
        assert!(matches!(received.end, End::Open), "{:?}", received.end);
    }
}

#[test]
fn late_bodies_that_have_an_end_are_received() {
    let cases = [
        ("401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n", "2\r\n{}\r\n0\r\n\r\n"),
        ("500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n", "2\r\n{}\r\n0\r\n\r\n"),
        ("403 Forbidden\r\nContent-Length: 2\r\n\r\n", "{}"),
        ("403 Forbidden\r\nConnection: close\r\n\r\n", "{}"),
        ("202 Accepted\r\nConnection: close\r\n\r\n", "{}"),
        // Only the connection's end ends it, but it has a type.
        ("202 Accepted\r\nContent-Type: application/json\r\n\r\n", "{}"),
        ("200 OK\r\nContent-Type: text/plain\r\n\r\n", "{}"),
    ];
    thread::scope(|scope| {
        for (head, body) in cases {
            scope.spawn(move || {
                let address = connector(move |_, mut stream| {
                    assert!(reads(&mut stream));
                    say(&mut stream, &format!("HTTP/1.1 {head}"));
                    thread::sleep(WORDS_TIME_MAX.max(SILENCE_MAX) + Duration::from_millis(500));
                    // A client that gave up does not read it.
                    let _ = stream.write_all(body.as_bytes());
                });
                let settings = Settings { allow_loopback: true, timeout: SOON, ..Settings::default() };
                let exchange = post(&Client::new(&settings).expect("a client"), address, "{}");
                let received = exchange.answer.unwrap_or_else(|problem| panic!("no response: {problem:?}"));
                assert_eq!(received.body, b"{}", "{head}");
                assert!(matches!(received.end, End::Whole), "{head}: {:?}", received.end);
            });
        }
    });
}

#[test]
fn a_mistake_costs_nothing_of_what_precedes_it_however_the_bytes_come() {
    let chunked = "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (status, rest, body, code) in [
        (201, "zz\r\nok\r\n", "", Code::MalformedAnswer),
        (202, "zz\r\nok\r\n", "", Code::MalformedAnswer),
        (202, "2\r\nok2\r\n", "ok", Code::MalformedAnswer),
        (403, &format!("2\r\nok\r\n2;{}", "x".repeat(5_000)), "ok", Code::AnswerTooLarge),
        (202, &format!("2\r\nok\r\n0\r\n{}", "X: y\r\n".repeat(1_000)), "ok", Code::AnswerTooLarge),
    ] {
        for together in [true, false] {
            let (received, was_received) = mpsc::channel::<()>();
            let (rest, was_received) = (rest.to_owned(), Mutex::new(was_received));
            let address = connector(move |_, mut stream| {
                assert!(reads(&mut stream));
                let head = format!("HTTP/1.1 {status} Status\r\n{chunked}");
                if together {
                    say(&mut stream, &(head + &rest));
                } else {
                    say(&mut stream, &head);
                    thread::sleep(CREATED_BODY_TIME_MAX / 3);
                    // A client that gave up does not read it.
                    let _ = stream.write_all(rest.as_bytes());
                }
                // The connection stays open until the test is over.
                let _ = was_received.lock().recv_timeout(SOON);
            });
            let exchange = post(&client(), address, "{}");
            let found = exchange.answer.unwrap_or_else(|problem| panic!("{status}: no response: {problem:?}"));
            drop(received);
            assert_eq!((found.status, found.body.as_slice()), (status, body.as_bytes()), "together: {together}");
            assert!(found.headers.iter().any(|header| header.name == "content-type"), "{:?}", found.headers);
            let End::Broken(problem) = &found.end else { panic!("{status}: {:?}", found.end) };
            // The body of a 201 is hardly waited for.
            let gave_up = status == 201 && problem.code == Code::Timeout;
            assert!(gave_up || problem.code == code, "{status}, together: {together}: {problem}");
        }
    }
}

#[test]
fn a_body_with_the_coding_identity_is_as_long_as_content_length_says() {
    for coding in ["identity", "Identity", "identity, identity", ""] {
        let response = format!("HTTP/1.1 202 Accepted\r\nTransfer-Encoding: {coding}\r\nContent-Length: 2\r\n\r\n{{}}");
        let server = TestServer::start(move |_| (response.clone().into_bytes(), Then::Hang));
        let exchange = post(&client(), server.address, "{}");
        let received = exchange.answer.unwrap_or_else(|problem| panic!("no response: {problem:?}"));
        assert_eq!((received.status, received.body.as_slice()), (202, &b"{}"[..]));
        assert!(matches!(received.end, End::Whole), "{coding}: {:?}", received.end);
    }
}

#[test]
fn a_port_that_speaks_first_or_speaks_tls_is_no_connector() {
    let banner = connector(|_, mut stream| {
        say(&mut stream, "220 mail.example ESMTP\r\n");
        reads(&mut stream);
    });
    let tls = connector(|_, mut stream| {
        reads(&mut stream);
        stream.write_all(b"\x15\x03\x01\x00\x02\x02\x46").expect("a client");
    });
    for (address, code) in [(banner, Code::MalformedAnswer), (tls, Code::TlsFailed)] {
        let problem = post(&client(), address, "{}").answer.expect_err("no response");
        assert_eq!(problem.code, code, "{problem}");
    }
}

#[test]
fn a_request_goes_out_in_one_piece() {
    let (seen, was_seen) = mpsc::channel();
    let address = connector(move |_, mut stream| {
        let mut buffer = [0; 4_096];
        let amount = stream.read(&mut buffer).expect("a request");
        seen.send(buffer[..amount].ends_with(b"\r\n\r\n{}")).expect("a test");
        say(&mut stream, NO_CONTENT);
    });
    assert_eq!(status(post(&client(), address, "{}")), 204);
    assert_eq!(was_seen.recv_timeout(SOON), Ok(true));
}
