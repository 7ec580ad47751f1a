//! A connector for the tests of this room: reads requests byte by byte and answers as told.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

/// How long a test waits for what must come.
pub(super) const SOON: Duration = Duration::from_secs(20);

/// A request as it came over the wire.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// The number of its connection, from 0.
    pub connection: usize,
    /// Request line and headers, with the empty line.
    pub head: String,
    /// The body.
    pub body: String,
}

/// What becomes of the connection after an answer.
pub(super) enum Then {
    /// It stays open for another request.
    Stay,
    /// It is closed.
    Close,
    /// It stays open, and nothing more is sent until the client closes it.
    Hang,
}

/// A listening connector.
pub(super) struct TestServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// The requests that came.
    pub seen: mpsc::Receiver<Seen>,
}

impl TestServer {
    /// Listens and answers each request with these bytes.
    pub fn start(answer: impl Fn(&Seen) -> (Vec<u8>, Then) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (sender, seen) = mpsc::channel();
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let (answer, sender) = (Arc::clone(&answer), sender.clone());
                thread::spawn(move || serve(number, stream.expect("a connection"), &*answer, &sender));
            }
        });
        Self { address, seen }
    }

    /// Listens and answers each request with this text, keeping connections.
    pub fn saying(answer: impl Into<String>) -> Self {
        let answer = answer.into();
        Self::start(move |_| (answer.clone().into_bytes(), Then::Stay))
    }

    /// The next request that came.
    pub fn next(&self) -> Seen {
        self.seen.recv_timeout(SOON).expect("a request")
    }
}

fn serve(
    connection: usize,
    mut stream: TcpStream,
    answer: &dyn Fn(&Seen) -> (Vec<u8>, Then),
    sender: &mpsc::Sender<Seen>,
) {
    while let Some(seen) = read_request(connection, &mut stream) {
        let (bytes, then) = answer(&seen);
        // The test may be over.
        let _ = sender.send(seen);
        if stream.write_all(&bytes).is_err() {
            return;
        }
        match then {
            Then::Stay => {}
            Then::Close => return,
            Then::Hang => {
                let _ = stream.read_to_end(&mut Vec::new());
                return;
            }
        }
    }
}

fn read_request(connection: usize, stream: &mut TcpStream) -> Option<Seen> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).expect("headers in UTF-8");
    let length = head.to_ascii_lowercase();
    let length = length.split_once("content-length: ").and_then(|(_, rest)| rest.lines().next());
    let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a length"))];
    stream.read_exact(&mut body).ok()?;
    Some(Seen { connection, head, body: String::from_utf8(body).expect("a body in UTF-8") })
}
