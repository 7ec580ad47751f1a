//! What a connection may take: how many there are, and how long a client may be slow at each step.

use crate::harness::{Server, connhub};
use crate::http::{Request, Response};
use crate::http2;
use crate::users::GRAPHQL;
use crate::wait::until;
use serde_json::json;
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a client of these tests rests between two pieces of what it sends.
const REST: Duration = Duration::from_millis(40);
const HEAD: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n";

/// A connection on which reading waits only as long as a client rests.
fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.authority()).expect("a connection");
    stream.set_read_timeout(Some(REST)).expect("a time-out");
    stream.set_nodelay(true).expect("no delay");
    stream
}

/// What has come while the client rested; `None` once the server has closed.
fn rest(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = [0; 4_096];
    match stream.read(&mut bytes) {
        Ok(0) => None,
        Ok(count) => Some(bytes[..count].to_vec()),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Some(Vec::new()),
        Err(_) => None,
    }
}

/// Sends piece after piece until the server says something or closes; what it said, and how long that took.
fn send_slowly(stream: &mut TcpStream, pieces: impl Iterator<Item = Vec<u8>>) -> (Vec<u8>, Duration) {
    let (since, mut said) = (Instant::now(), Vec::new());
    for piece in pieces {
        if stream.write_all(&piece).is_err() {
            break;
        }
        match rest(stream) {
            Some(bytes) if bytes.is_empty() => {}
            Some(bytes) => {
                said = bytes;
                break;
            }
            None => break,
        }
    }
    let took = since.elapsed();
    until("the server closes", || !collect(stream, &mut said));
    (said, took)
}

/// Adds what has come; whether the server has not closed yet.
fn collect(stream: &mut TcpStream, read: &mut Vec<u8>) -> bool {
    rest(stream).map(|bytes| read.extend(bytes)).is_some()
}

/// Whether the server has closed.
fn closed(stream: &mut TcpStream) -> bool {
    rest(stream).is_none()
}

/// A request and its answer on a connection that stays.
#[track_caller]
fn ask(stream: &mut TcpStream) {
    write!(stream, "{HEAD}\r\n").expect("a request");
    let mut read = Vec::new();
    until("it is answered", || {
        assert!(collect(stream, &mut read), "it is cut off");
        read.ends_with(b"ok\n")
    });
}

#[test]
fn a_head_that_comes_a_byte_at_a_time_is_cut_off() {
    let server = Server::with(&["--header-timeout", "700ms"]);
    let mut stream = connect(&server);
    let bytes = format!("{HEAD}X-Long: {}", "x".repeat(100_000));
    let (said, took) = send_slowly(&mut stream, bytes.bytes().map(|byte| vec![byte]));
    assert!(took >= Duration::from_millis(700) && took < Duration::from_secs(10), "{took:?}");
    let said = Response::parse(&said).expect("an answer").expect(408);
    assert!(said.text().contains("head"), "{said:?}");
    // So is a further one on a connection that was good.
    let mut stream = connect(&server);
    ask(&mut stream);
    let (said, took) = send_slowly(&mut stream, bytes.bytes().map(|byte| vec![byte]));
    assert!(took >= Duration::from_millis(700) && took < Duration::from_secs(10), "{took:?}");
    Response::parse(&said).expect("an answer").expect(408);
}

#[test]
fn a_connection_without_a_request_is_closed_after_a_while_and_one_with_a_request_is_not() {
    let server = Server::with(&["--idle-timeout", "500ms"]);
    let (mut silent, mut idle, mut busy) = (connect(&server), connect(&server), connect(&server));
    let body = r#"{"query": "{ __typename }"}"#;
    let length = body.len();
    write!(busy, "POST {GRAPHQL} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n")
        .expect("a head");
    ask(&mut idle);
    let since = Instant::now();
    until("the silent one is closed", || closed(&mut silent));
    until("the idle one is closed", || closed(&mut idle));
    assert!(since.elapsed() < Duration::from_secs(10));
    assert_eq!(rest(&mut busy), Some(Vec::new()), "a request is under way");
    busy.write_all(body.as_bytes()).expect("a body");
    let mut answer = Vec::new();
    until("it is answered", || !collect(&mut busy, &mut answer) || !answer.is_empty());
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
}

#[test]
fn heads_that_are_too_long_or_too_many_are_told_so() {
    let server = Server::start();
    let with = |count: usize| {
        (0..count).fold(Request::get("/healthz"), |request, number| request.header(&format!("X-{number}"), "x"))
    };
    // Host and Connection are there too.
    server.send(&with(98)).expect(200);
    server.send(&with(99)).expect(431);
    server.send(&Request::get("/healthz").header("X-Long", "x".repeat(60_000))).expect(200);
    server.send(&Request::get("/healthz").header("X-Long", "x".repeat(70_000))).expect(431);
    server.send(&Request::get(&format!("/healthz?{}", "x".repeat(16_000)))).expect(200);
    let long = server.send(&Request::get(&format!("/healthz?{}", "x".repeat(17_000)))).expect(414);
    assert_eq!(long.json()["error"], "URI_TOO_LONG");
    server.send(&Request::get("/healthz")).expect(200);
}

#[test]
fn a_body_that_comes_too_slowly_is_cut_off_and_one_that_is_only_long_is_not() {
    let server = Server::with(&["--body-timeout", "700ms"]);
    let head = |length: usize| {
        format!(
            "POST {GRAPHQL} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        )
    };
    let mut stream = connect(&server);
    stream.write_all(head(100_000).as_bytes()).expect("a head");
    let (said, took) = send_slowly(&mut stream, std::iter::repeat_n(b" ".to_vec(), 100_000));
    assert!(took >= Duration::from_millis(700) && took < Duration::from_secs(10), "{took:?}");
    let said = Response::parse(&said).expect("an answer").expect(408);
    assert_eq!(said.json()["errors"][0]["extensions"]["status"], 408, "{said:?}");
    // This one takes longer than that too, but comes all the time.
    let mut stream = connect(&server);
    let body = json!({ "query": "{ __typename }", "variables": { "x": "x".repeat(600_000) } }).to_string();
    stream.write_all(head(body.len()).as_bytes()).expect("a head");
    let since = Instant::now();
    for piece in body.as_bytes().chunks(25_000) {
        stream.write_all(piece).expect("an open connection");
        assert!(piece.len() < 25_000 || rest(&mut stream).is_some());
    }
    assert!(since.elapsed() > Duration::from_millis(700));
    let mut answer = Vec::new();
    until("it is answered", || {
        assert!(collect(&mut stream, &mut answer), "it is cut off");
        !answer.is_empty()
    });
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
}

#[test]
fn a_client_that_does_not_read_is_cut_off_and_others_are_served() {
    let server = Server::with(&["--answer-timeout", "500ms"]);
    let schema = Request::get("/api/schema").bytes("localhost");
    let schema = String::from_utf8(schema).expect("UTF-8").replace("Connection: close\r\n", "");
    let mut stream = connect(&server);
    stream.set_write_timeout(Some(REST)).expect("a time-out");
    // Far more answers than the system keeps for a client.
    let ask = (0..2_000).try_for_each(|_| stream.write_all(schema.as_bytes()));
    let asked_in_full = ask.is_ok();
    let since = Instant::now();
    until("it is cut off", || {
        stream.take_error().expect("a socket").is_some()
            || stream
                .write(b"\r\n")
                .is_err_and(|error| !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
    });
    assert!(since.elapsed() < Duration::from_secs(20), "{asked_in_full}");
    server.send(&Request::get("/healthz")).expect(200);
}

#[test]
fn at_the_limit_more_connections_are_told_so_until_there_is_room() {
    let server = Server::with(&["--connections", "3"]);
    let mut busy: Vec<_> = (0..3).map(|_| connect(&server)).collect();
    // Requests that are under way, so that none of them is idle.
    let half = format!(
        "POST {GRAPHQL} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
    );
    for stream in &mut busy {
        stream.write_all(half.as_bytes()).expect("half a request");
    }
    let ask = || Request::get("/healthz").try_send(&server.authority());
    until("it is full", || ask().is_ok_and(|answer| answer.status == 503));
    let full = ask().expect("an answer").expect(503);
    assert_eq!(full.json()["error"], "SERVICE_UNAVAILABLE");
    assert!(full.header("Retry-After").is_some() && full.header("X-Request-Id").is_some(), "{full:?}");
    drop(busy.pop());
    until("there is room", || ask().is_ok_and(|answer| answer.status == 200));
}

#[test]
fn at_the_limit_those_that_wait_for_nothing_make_room() {
    let server = Server::with(&["--connections", "3"]);
    let mut idle: Vec<_> = (0..3).map(|_| connect(&server)).collect();
    for stream in &mut idle {
        ask(stream);
    }
    for _ in 0..2 {
        Request::get("/healthz").send(&server.authority()).expect(200);
    }
    until("the oldest is closed", || closed(&mut idle[0]));
    ask(&mut idle[2]);
}

#[test]
fn sockets_count_as_connections_and_end_in_their_own_ways() {
    let server = Server::with(&["--connections", "2", "--idle-timeout", "300ms", "--answer-timeout", "300ms"]);
    let socket = crate::socket::Socket::open(&server);
    let other = crate::socket::Socket::open(&server);
    let full = Request::get("/healthz").try_send(&server.authority()).expect("an answer");
    assert_eq!(full.status, 503, "a WebSocket is not idle");
    drop(other);
    until("there is room", || {
        Request::get("/healthz").try_send(&server.authority()).is_ok_and(|answer| answer.status == 200)
    });
    drop(socket);
}

#[test]
fn the_system_is_asked_for_as_many_files_as_connections_need() {
    let start = |limit: &str| {
        let world = tempfile::TempDir::new().expect("a folder");
        let server = connhub();
        let command = format!("ulimit {limit} 1000; exec \"$0\" serve --listen 127.0.0.1:0 --db \"$1\"");
        let mut shell = Command::new("sh");
        shell.args(["-c", &command]).arg(server.get_program()).arg(world.path().join("x.db"));
        let companion = crate::harness::Companion::spawn(shell);
        companion.line_with("connhub listens on");
        companion.output()
    };
    assert!(!start("-Sn").contains("open files"), "it raises the limit as far as it may");
    let told = start("-n");
    assert!(told.contains("LimitNOFILE=") && told.contains("--connections"), "{told}");
}

#[test]
fn a_client_of_http_2_that_lets_an_answer_wait_is_cut_off() {
    let server = Server::with(&["--answer-timeout", "500ms"]);
    let authority = server.authority();
    let since = Instant::now();
    // Of each answer it takes a byte, and goes on to ask for what is short.
    let ended = http2::connection_after(&server.authority(), 1, |mut client| async move {
        let (_, _stream) = client.send_request(http2::get(&authority, "/api/schema"), true).expect("a request");
        loop {
            let Ok((answer, _)) = client.send_request(http2::get(&authority, "/nothing"), true) else { return client };
            let _ = answer.await;
            tokio::task::yield_now().await;
        }
    });
    assert!(ended.is_err() && since.elapsed() < Duration::from_secs(20), "{ended:?} {:?}", since.elapsed());
    server.send(&Request::get("/healthz")).expect(200);
}

#[test]
fn requests_of_http_2_that_are_reset_at_once_end_the_connection() {
    let server = Server::start();
    let authority = server.authority();
    let ended = http2::connection_after(&server.authority(), 65_535, |mut client| async move {
        for _ in 0..5_000 {
            let Ok(asked) = client.send_request(http2::get(&authority, "/api/schema"), true) else { break };
            let (_, mut stream) = asked;
            stream.send_reset(h2::Reason::CANCEL);
            tokio::task::yield_now().await;
        }
        client
    });
    assert!(ended.is_err(), "the server ends it: {ended:?}");
    server.send(&Request::get("/healthz")).expect(200);
}

#[test]
fn a_connection_of_http_2_ends_when_nothing_was_asked_for_long() {
    let server = Server::with(&["--idle-timeout", "500ms"]);
    let since = Instant::now();
    let ended = http2::connection_after(&server.authority(), 65_535, |client| async move { client });
    assert!(ended.is_ok() && since.elapsed() >= Duration::from_millis(500), "{ended:?}");
}

/// Connections that wait for a slot must not take the news of ended connections from the shutdown.
#[test]
fn a_full_server_shuts_down_as_soon_as_an_idle_one() {
    let server = Server::with(&["--connections", "4"]);
    let mut idle: Vec<_> = (0..4).map(|_| connect(&server)).collect();
    idle.iter_mut().for_each(ask);
    // Clients that come and go while the server is full, from before its end until it is there.
    let authority = server.authority();
    let over = Arc::new(AtomicBool::new(false));
    let crowd: Vec<_> = (0..8)
        .map(|_| {
            let (authority, over) = (authority.clone(), Arc::clone(&over));
            thread::spawn(move || {
                let mut held = VecDeque::new();
                while !over.load(Ordering::SeqCst) {
                    held.extend(TcpStream::connect(&authority));
                    if held.len() > 20 {
                        held.pop_front();
                    }
                    thread::yield_now();
                }
            })
        })
        .collect();
    until("idle connections make room", || closed(&mut idle[0]));
    let since = Instant::now();
    server.terminate();
    assert!(server.wait().success());
    let took = since.elapsed();
    over.store(true, Ordering::SeqCst);
    crowd.into_iter().for_each(|one| one.join().expect("a client"));
    assert!(took < Duration::from_secs(5), "it took {took:?}");
}
