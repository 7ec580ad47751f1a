//! Signals: which end the program and how, and which must not.
//!
//! Handlers are installed before anything else. The kernel does not deliver a signal without a handler to the first
//! process of a container, so a TERM that comes too early would be lost, and the container killed ten seconds later.
//!
//! Used by [`super`].

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The exit code of a program that a signal ended, less the signal's number: as shells report it.
const ENDED_BY: i32 = 128;

/// The signals since the program's start.
pub(super) struct Signals {
    /// Set by INT and TERM.
    asked: Arc<AtomicBool>,
    /// Whether INT ends the program at once.
    interrupt_ends: Arc<AtomicBool>,
    /// Whether TERM does.
    terminate_ends: Arc<AtomicBool>,
}

impl Signals {
    /// Installs the handlers.
    pub(super) fn catch() -> io::Result<Self> {
        let [asked, interrupt_ends, terminate_ends, oversize] = [(); 4].map(|()| Arc::<AtomicBool>::default());
        for (number, ends) in [(SIGINT, &interrupt_ends), (SIGTERM, &terminate_ends)] {
            flag::register_conditional_shutdown(number, ENDED_BY + number, Arc::clone(ends))?;
            flag::register(number, Arc::clone(&asked))?;
        }
        // A write beyond the limit on the length of files then fails, as on a full disk, instead of killing us.
        flag::register(SIGXFSZ, oversize)?;
        Ok(Self { asked, interrupt_ends, terminate_ends })
    }

    /// From now on INT and TERM end the program at once, as they end any other: for tools, which leave nothing behind
    /// that a crash would not. Returns whether one has come already.
    pub(super) fn end_at_once(&self) -> bool {
        self.interrupt_ends.store(true, Ordering::SeqCst);
        self.terminate_ends.store(true, Ordering::SeqCst);
        self.asked.load(Ordering::SeqCst)
    }

    /// Listens for what ends a server. Must run within the async runtime.
    pub(super) fn listen(&self) -> io::Result<Ends<'_>> {
        let [terminate, interrupt] = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
        Ok(Ends { signals: self, terminate: terminate?, interrupt: interrupt? })
    }
}

/// The signals that end a server.
pub(super) struct Ends<'a> {
    signals: &'a Signals,
    terminate: Signal,
    interrupt: Signal,
}

impl Ends<'_> {
    /// Waits for INT or TERM. Whoever presses Ctrl-C a second time does not want to wait for the orderly end.
    pub(super) async fn wait(&mut self) {
        if !self.signals.asked.load(Ordering::SeqCst) {
            tokio::select! {
                _ = self.terminate.recv() => {}
                _ = self.interrupt.recv() => {}
            }
        }
        self.signals.interrupt_ends.store(true, Ordering::SeqCst);
    }
}

/// Keeps HUP, which a closed terminal and `systemctl reload` send, from ending the server. With a certificate, the
/// server's listener reads it again at a HUP; without one there is nothing to do, and the log says so.
pub(super) fn survive_hangups(has_certificate: bool) {
    let mut hangups = match signal(SignalKind::hangup()) {
        Ok(hangups) => hangups,
        Err(error) => return tracing::error!(%error, "SIGHUP cannot be caught and would end the server"),
    };
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            if !has_certificate {
                tracing::info!(
                    "SIGHUP: there is no certificate to read again; the notice and the imprint are, and options are read when the \
                     server starts"
                );
            }
        }
    });
}
