//! Finds the addresses of a callback URL's host: literal addresses and loopback names without a
//! look-up, other names by the system's, within a time.
//!
//! May use `model`. Used by `connect`, which judges every address found.
//!
//! The system's look-up cannot be called off, so it has a thread of its own; whoever asks for a name
//! that is being looked up already waits for the same answer. A name server that does not answer
//! thus costs a thread for each of its names, not for each callback. Nothing is kept: every new
//! connection is made to an address that was looked up for it.

use crate::model::url::is_loopback_name;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// The most names that are looked up at once: bounds the threads that silent name servers hold.
const LOOKUPS_MAX: usize = 1_024;
/// Stack of a look-up's thread, in bytes: the system's resolver needs some tens of KiB.
const STACK_BYTES: usize = 256 * 1_024;

/// Why a name has no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoAddress {
    /// The look-up answered that there is none.
    #[error("the name in the callback URL could not be resolved ({0})")]
    NotFound(String),
    /// The look-up took too long.
    #[error("the name in the callback URL was not resolved in time")]
    TooSlow,
    /// Too many look-ups hang.
    #[error("too many names are being resolved at once")]
    TooMany,
}

type Found = Result<Vec<SocketAddr>, NoAddress>;
/// How a name is looked up: the system's way, or a test's.
type Lookup = dyn Fn(&str, u16) -> Found + Send + Sync;
type UnderWay = Mutex<HashMap<(String, u16), Vec<mpsc::SyncSender<Found>>>>;

/// Finds addresses.
pub(super) struct Resolver {
    lookup: Arc<Lookup>,
    under_way: Arc<UnderWay>,
}

impl Default for Resolver {
    fn default() -> Self {
        Self::with(|host, port| match (host, port).to_socket_addrs() {
            Ok(addresses) => Ok(addresses.collect()),
            Err(error) => Err(NoAddress::NotFound(error.to_string())),
        })
    }
}

impl Resolver {
    /// Looks names up in another way than the system's, for tests.
    pub(super) fn with(lookup: impl Fn(&str, u16) -> Found + Send + Sync + 'static) -> Self {
        Self { lookup: Arc::new(lookup), under_way: Arc::default() }
    }

    /// The addresses of a host as a URL has it (an IPv6 address in brackets), at least one.
    ///
    /// # Errors
    /// If there is none or the time is over.
    pub fn addresses(&self, host: &str, port: u16, timeout: Duration) -> Found {
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        if is_loopback_name(host) {
            // IPv4 last: where nobody listens, its refusal is the plainer one to tell, for some
            // machines have no IPv6 at all.
            let both = [IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)];
            return Ok(both.into_iter().map(|address| SocketAddr::new(address, port)).collect());
        }
        let found = self.ask(host, port)?.recv_timeout(timeout).unwrap_or(Err(NoAddress::TooSlow))?;
        if found.is_empty() { Err(NoAddress::NotFound("it has no addresses".to_owned())) } else { Ok(found) }
    }

    /// Joins the look-up of a name, or begins it.
    fn ask(&self, host: &str, port: u16) -> Result<mpsc::Receiver<Found>, NoAddress> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let key = (host.to_owned(), port);
        {
            let mut under_way = self.under_way.lock();
            if let Some(waiting) = under_way.get_mut(&key) {
                waiting.push(sender);
                return Ok(receiver);
            }
            if under_way.len() >= LOOKUPS_MAX {
                return Err(NoAddress::TooMany);
            }
            under_way.insert(key.clone(), vec![sender]);
        }
        let (lookup, under_way) = (Arc::clone(&self.lookup), Arc::clone(&self.under_way));
        let asked = key.clone();
        let thread = std::thread::Builder::new().name("callback-name".to_owned()).stack_size(STACK_BYTES);
        let started = thread.spawn(move || {
            let found = lookup(&asked.0, asked.1);
            for sender in under_way.lock().remove(&asked).unwrap_or_default() {
                // Whoever asked may have given up.
                let _ = sender.try_send(found.clone());
            }
        });
        if started.is_err() {
            self.under_way.lock().remove(&key);
            return Err(NoAddress::TooMany);
        }
        Ok(receiver)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    const SOON: Duration = Duration::from_secs(5);

    fn never() -> Resolver {
        Resolver::with(|host, _| panic!("{host} was looked up"))
    }

    #[test]
    fn literals_and_loopback_names_are_not_looked_up() {
        for (host, expected) in [
            ("127.0.0.1", vec!["127.0.0.1:80"]),
            ("10.0.0.1", vec!["10.0.0.1:80"]),
            ("[::1]", vec!["[::1]:80"]),
            ("localhost", vec!["[::1]:80", "127.0.0.1:80"]),
            ("a.localhost", vec!["[::1]:80", "127.0.0.1:80"]),
        ] {
            let found = never().addresses(host, 80, SOON).expect("addresses");
            assert_eq!(found.iter().map(SocketAddr::to_string).collect::<Vec<_>>(), expected, "{host}");
        }
    }

    #[test]
    fn those_who_ask_for_the_same_name_share_a_look_up() {
        let (begun, seen) = mpsc::channel();
        let (answer, answers) = mpsc::channel();
        let answers = Mutex::new(answers);
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        let resolver = Resolver::with(move |_, port| {
            counter.fetch_add(1, Ordering::SeqCst);
            begun.send(()).expect("the test listens");
            answers.lock().recv().expect("the test answers");
            Ok(vec![SocketAddr::new(IpAddr::V4(Ipv4Addr::new(1, 1, 1, 1)), port)])
        });
        thread::scope(|scope| {
            let first = scope.spawn(|| resolver.addresses("h.example", 443, SOON));
            seen.recv().expect("a look-up");
            let waiting = resolver.ask("h.example", 443).expect("a place");
            assert_eq!(resolver.addresses("h.example", 443, Duration::ZERO), Err(NoAddress::TooSlow));
            answer.send(()).expect("the look-up waits");
            assert_eq!(first.join().expect("no panic"), waiting.recv().expect("an answer"));
        });
        assert_eq!(count.load(Ordering::SeqCst), 1);
        assert!(resolver.under_way.lock().is_empty(), "a later connection looks up anew");
    }

    #[test]
    fn no_address_is_an_error() {
        let empty = Resolver::with(|_, _| Ok(Vec::new()));
        assert!(matches!(empty.addresses("h.example", 1, SOON), Err(NoAddress::NotFound(_))));
        let gone = Resolver::with(|_, _| Err(NoAddress::NotFound("unknown".to_owned())));
        assert_eq!(gone.addresses("h.example", 1, SOON), Err(NoAddress::NotFound("unknown".to_owned())));
    }

    #[test]
    fn the_number_of_look_ups_is_bounded() {
        let resolver = never();
        let mut under_way = resolver.under_way.lock();
        under_way.extend((0..LOOKUPS_MAX).map(|number| ((number.to_string(), 1), Vec::new())));
        drop(under_way);
        assert_eq!(resolver.addresses("h.example", 1, SOON), Err(NoAddress::TooMany));
    }
}
