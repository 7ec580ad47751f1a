//! A TCP connection that ureq sends and receives on, by non-blocking calls and `poll`.
//!
//! Uses nothing of ours. Used by `connect`. ureq's own transport writes until all is written, so a
//! response that comes before that is lost to a broken pipe or waits for a peer that does not read;
//! and it sets a timeout on the socket before each read and write, which this one does not need to.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use ureq::unversioned::transport::{Buffers, LazyBuffers, NextTimeout, Transport};
use ureq::{Error, Timeout};

/// How long a peer that has sent something may take nothing of the request before we stop sending and
/// read: it has answered already, and does not care for the rest.
const STALLED_MAX: Duration = Duration::from_secs(1);
/// The least time that one of several addresses is given.
const CONNECT_TIME_MIN: Duration = Duration::from_millis(10);

/// A connection.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    buffers: LazyBuffers,
    /// Why no more of the request can be sent. The response may have come all the same.
    cut: Option<ErrorKind>,
}

impl Socket {
    /// Connects to the first address that takes it, within a time that they share: half of what is
    /// left for each, and all of it for the last.
    ///
    /// # Errors
    /// The last address's.
    pub fn connect(addresses: &[SocketAddr], within: Duration, buffers: LazyBuffers) -> io::Result<Self> {
        let deadline = Instant::now() + within;
        let mut error = ErrorKind::TimedOut.into();
        for (index, address) in addresses.iter().enumerate() {
            let left = deadline.saturating_duration_since(Instant::now());
            let share = if index + 1 == addresses.len() { left } else { left / 2 };
            match TcpStream::connect_timeout(address, share.max(CONNECT_TIME_MIN)) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    stream.set_nonblocking(true)?;
                    return Ok(Self { stream, buffers, cut: None });
                }
                Err(failed) => error = failed,
            }
        }
        Err(error)
    }
}

/// Waits until a connection is ready for one of these, or the time is over.
fn wait(stream: &TcpStream, flags: PollFlags, within: Duration) -> io::Result<PollFlags> {
    let within = Timespec::try_from(within).ok();
    let mut descriptors = [PollFd::new(stream, flags)];
    match poll(&mut descriptors, within.as_ref()) {
        Ok(_) => Ok(descriptors[0].revents()),
        Err(Errno::INTR) => Ok(PollFlags::empty()),
        Err(error) => Err(error.into()),
    }
}

/// Sends all of it, unless the peer closes the connection, or has answered and stops reading.
fn send(mut stream: &TcpStream, mut bytes: &[u8], deadline: Instant) -> io::Result<()> {
    let mut answered_at: Option<Instant> = None;
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(sent) => {
                bytes = &bytes[sent..];
                answered_at = None;
                continue;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        let now = Instant::now();
        let until = answered_at.map_or(deadline, |at| deadline.min(at + STALLED_MAX));
        if now >= until {
            let kind = if now >= deadline { ErrorKind::TimedOut } else { ErrorKind::BrokenPipe };
            return Err(kind.into());
        }
        let flags = if answered_at.is_some() { PollFlags::OUT } else { PollFlags::OUT | PollFlags::IN };
        let ready = wait(stream, flags, until - now)?;
        if ready.contains(PollFlags::IN) && !ready.contains(PollFlags::OUT) {
            answered_at = Some(now);
        }
    }
    Ok(())
}

impl Transport for Socket {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if self.cut.is_some() {
            return Ok(());
        }
        let deadline = deadline(timeout);
        match send(&self.stream, &self.buffers.output()[..amount], deadline) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::TimedOut => Err(Error::Timeout(timeout.reason)),
            Err(error) => {
                self.cut = Some(error.kind());
                Ok(())
            }
        }
    }

    /// Reads once there is something. With no time at all it reads what is there already.
    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let deadline = deadline(timeout);
        loop {
            if !timeout.after.is_zero() {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Err(Error::Timeout(timeout.reason));
                }
                wait(&self.stream, PollFlags::IN, left)?;
            }
            match (&self.stream).read(self.buffers.input_append_buf()) {
                // The end or an error after a request that was cut short is about that.
                Ok(0) if self.cut.is_some() => return Err(cut(self.cut)),
                Ok(amount) => {
                    self.buffers.input_appended(amount);
                    return Ok(amount > 0);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if timeout.after.is_zero() {
                        return Err(Error::Timeout(timeout.reason));
                    }
                }
                Err(_) if self.cut.is_some() => return Err(cut(self.cut)),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether another request may be sent: the last one was sent whole, and neither bytes nor the
    /// end have come since.
    fn is_open(&mut self) -> bool {
        self.cut.is_none() && self.stream.peek(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }
}

/// When a time is over; one without end is far longer than any exchange.
fn deadline(timeout: NextTimeout) -> Instant {
    const FAR: Duration = Duration::from_secs(86_400);
    Instant::now() + (*timeout.after).min(FAR)
}

fn cut(kind: Option<ErrorKind>) -> Error {
    Error::Io(kind.unwrap_or(ErrorKind::BrokenPipe).into())
}

/// No time: for a transport that reads what is there already and does not wait.
pub(super) fn no_time() -> NextTimeout {
    NextTimeout { after: Duration::ZERO.into(), reason: Timeout::Global, ..NextTimeout::default() }
}
