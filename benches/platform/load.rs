//! Load: connections that each send the next request as soon as the last one is answered.
//!
//! One thread does it all, so that as much as can be is left to the server.

use crate::support::http;
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::{JoinSet, LocalSet};

/// How much room an answer's buffer has at first, in bytes.
const BUFFER_BYTES: usize = 64 * 1024;

/// What is asked, and what a good answer is.
pub trait Job {
    /// Writes the next request of a connection into an empty buffer.
    fn next(&mut self, connection: usize, request: &mut Vec<u8>);
    /// Whether the answer, given by status and body, is right.
    fn accepts(&self, status: u16, body: &[u8]) -> bool;
}

/// The same request again and again, answered by the same bytes.
pub struct Same {
    /// The request.
    pub request: Vec<u8>,
    /// The body of its answer.
    pub body: Vec<u8>,
}

impl Job for Same {
    fn next(&mut self, _: usize, request: &mut Vec<u8>) {
        request.extend_from_slice(&self.request);
    }

    fn accepts(&self, status: u16, body: &[u8]) -> bool {
        status == 200 && body.len() == self.body.len()
    }
}

/// How much was done.
#[derive(Debug, Clone, Copy, Default)]
pub struct Done {
    /// How many requests were answered.
    pub answers: u64,
    /// In which time.
    pub elapsed: Duration,
}

impl Done {
    /// Answers per second.
    pub fn rate(self) -> f64 {
        self.answers as f64 / self.elapsed.as_secs_f64()
    }
}

/// Asks for this long, and waits for the last answers. Stops at the first wrong one.
pub fn run<J: Job + 'static>(
    address: SocketAddr,
    connections: usize,
    duration: Duration,
    job: &Rc<RefCell<J>>,
) -> io::Result<Done> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let begun = Instant::now();
    let answers = LocalSet::new().block_on(&runtime, async {
        let mut workers = JoinSet::new();
        for connection in 0..connections {
            workers.spawn_local(work(address, connection, begun + duration, Rc::clone(job)));
        }
        let mut answers = 0;
        while let Some(worked) = workers.join_next().await {
            answers += worked.map_err(io::Error::other)??;
        }
        Ok::<_, io::Error>(answers)
    })?;
    Ok(Done { answers, elapsed: begun.elapsed() })
}

async fn work<J: Job>(address: SocketAddr, connection: usize, until: Instant, job: Rc<RefCell<J>>) -> io::Result<u64> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut request, mut answer) = (Vec::new(), Vec::with_capacity(BUFFER_BYTES));
    let mut answers = 0;
    while Instant::now() < until {
        request.clear();
        job.borrow_mut().next(connection, &mut request);
        stream.write_all(&request).await?;
        answer.clear();
        let frame = loop {
            if stream.read_buf(&mut answer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(frame) = http::frame(&answer)?.filter(|frame| answer.len() >= frame.end) {
                break frame;
            }
        };
        let (status, body) = (http::status(&answer)?, &answer[frame.body..frame.end]);
        if !job.borrow().accepts(status, body) {
            let body = String::from_utf8_lossy(&body[..body.len().min(500)]).into_owned();
            return Err(io::Error::other(format!("a wrong answer: {status} {body}")));
        }
        answers += 1;
    }
    Ok(answers)
}
