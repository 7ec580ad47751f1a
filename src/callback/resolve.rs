//! Finds the addresses of a callback URL's host: literal addresses and loopback names without a
//! look-up, other names by the system's, within a time.
//!
//! May use `model`. Used by `connect`, which judges every address found.
//!
//! The system's look-up cannot be called off, so it has a thread of its own, which may outlive the callback; a
//! name that is being looked up already is looked up once. A name server that does not answer
//! thus costs a thread for each of its names, not for each callback. These threads are counted to the owner of the
//! connector for which they were started until they end, and each owner has a share of them. Nothing is kept: every
//! new connection is made to an address that was looked up for it.

use crate::model::id::AccountId;
use crate::model::url::is_loopback_name;
use parking_lot::Mutex;
use std::cell::Cell;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// Stack of a look-up's thread, in bytes: the system's resolver needs some tens of KiB.
const STACK_BYTES: usize = 256 * 1_024;

/// How many names are looked up at once: bounds the threads that silent name servers hold.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// For all owners together.
    all: usize,
    /// For one owner.
    per_owner: usize,
    /// For owners that have more than one.
    common: usize,
}

const LIMITS: Limits = Limits { all: 1_024, per_owner: 64, common: 768 };

thread_local! {
    /// The owner of the connector that this thread calls: ureq passes nothing of ours to its connector.
    static OWNER: Cell<Option<AccountId>> = const { Cell::new(None) };
}

/// Does something for an owner, to whom the look-ups that it starts are counted.
pub(super) fn on_behalf_of<T>(owner: AccountId, work: impl FnOnce() -> T) -> T {
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            OWNER.set(None);
        }
    }
    OWNER.set(Some(owner));
    let _reset = Reset;
    work()
}

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
    /// Too many look-ups hang that are one owner's.
    #[error(
        "the name in the callback URL was not resolved: too many names of this owner's connectors are being resolved \
         already, and their name servers do not answer"
    )]
    TooManyOfOwner,
}

type Found = Result<Vec<SocketAddr>, NoAddress>;
/// How a name is looked up: the system's way, or a test's.
type Lookup = dyn Fn(&str, u16) -> Found + Send + Sync;
/// A host and a port.
type Name = (String, u16);

/// The look-ups that have not ended.
#[derive(Default)]
struct Running {
    /// Those that wait for each.
    waiting: HashMap<Name, Vec<mpsc::SyncSender<Found>>>,
    /// How many each owner has.
    of_owner: HashMap<AccountId, usize>,
}

/// Finds addresses.
pub(super) struct Resolver {
    lookup: Arc<Lookup>,
    running: Arc<Mutex<Running>>,
    limits: Limits,
}

impl Default for Resolver {
    fn default() -> Self {
        Self::with(|host, port| match (host, port).to_socket_addrs() {
            Ok(addresses) => Ok(addresses.collect()),
            Err(error) => Err(NoAddress::NotFound(error.to_string())),
        })
    }
}

/// The address that a URL has for a host.
fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}

/// Whether a host as a URL has it is a name that must be looked up.
pub(super) fn needs_lookup(host: &str) -> bool {
    literal(host).is_none() && !is_loopback_name(host)
}

impl Resolver {
    /// Looks names up in another way than the system's, for tests.
    pub(super) fn with(lookup: impl Fn(&str, u16) -> Found + Send + Sync + 'static) -> Self {
        Self { lookup: Arc::new(lookup), running: Arc::default(), limits: LIMITS }
    }

    /// The addresses of a host as a URL has it (an IPv6 address in brackets), at least one.
    ///
    /// # Errors
    /// If there is none or the time is over.
    pub fn addresses(&self, host: &str, port: u16, timeout: Duration) -> Found {
        if let Some(address) = literal(host) {
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
        let (name, owner) = ((host.to_owned(), port), OWNER.get());
        if !self.running.lock().begin(&name, owner, sender, self.limits)? {
            return Ok(receiver);
        }
        let (lookup, running) = (Arc::clone(&self.lookup), Arc::clone(&self.running));
        let asked = name.clone();
        let thread = std::thread::Builder::new().name("callback-name".to_owned()).stack_size(STACK_BYTES);
        let started = thread.spawn(move || {
            let found = lookup(&asked.0, asked.1);
            for sender in running.lock().end(&asked, owner) {
                // The callback that asked may be over.
                let _ = sender.try_send(found.clone());
            }
        });
        if started.is_err() {
            self.running.lock().end(&name, owner);
            return Err(NoAddress::TooMany);
        }
        Ok(receiver)
    }
}

impl Running {
    /// Whether a look-up is to be started, and not one to be joined.
    fn begin(
        &mut self,
        name: &Name,
        owner: Option<AccountId>,
        sender: mpsc::SyncSender<Found>,
        limits: Limits,
    ) -> Result<bool, NoAddress> {
        if let Some(waiting) = self.waiting.get_mut(name) {
            waiting.push(sender);
            return Ok(false);
        }
        let all = self.waiting.len();
        let own = owner.and_then(|owner| self.of_owner.get(&owner)).copied().unwrap_or_default();
        if own >= limits.per_owner || (own > 0 && all >= limits.common) {
            return Err(NoAddress::TooManyOfOwner);
        }
        if all >= limits.all {
            return Err(NoAddress::TooMany);
        }
        self.waiting.insert(name.clone(), vec![sender]);
        if let Some(owner) = owner {
            *self.of_owner.entry(owner).or_default() += 1;
        }
        Ok(true)
    }

    /// Those that wait for a look-up that has ended.
    fn end(&mut self, name: &Name, owner: Option<AccountId>) -> Vec<mpsc::SyncSender<Found>> {
        if let Some(owner) = owner
            && let Some(count) = self.of_owner.get_mut(&owner)
        {
            *count -= 1;
            if *count == 0 {
                self.of_owner.remove(&owner);
            }
        }
        self.waiting.remove(name).unwrap_or_default()
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
        assert!(resolver.running.lock().waiting.is_empty(), "a later connection looks it up again");
    }

    #[test]
    fn no_address_is_an_error() {
        let empty = Resolver::with(|_, _| Ok(Vec::new()));
        assert!(matches!(empty.addresses("h.example", 1, SOON), Err(NoAddress::NotFound(_))));
        let gone = Resolver::with(|_, _| Err(NoAddress::NotFound("unknown".to_owned())));
        assert_eq!(gone.addresses("h.example", 1, SOON), Err(NoAddress::NotFound("unknown".to_owned())));
    }

    /// Look-ups that end when the sender is dropped, with these limits.
    fn silent(limits: Limits) -> (Resolver, mpsc::Sender<()>) {
        let (end, ended) = mpsc::channel::<()>();
        let ended = Arc::new(Mutex::new(ended));
        let resolver = Resolver::with(move |_, _| {
            // One after the other: all of them end once the sender is gone.
            let _ = ended.lock().recv();
            Ok(Vec::new())
        });
        (Resolver { limits, ..resolver }, end)
    }

    /// What comes of a look-up that nobody waits for.
    fn begin(resolver: &Resolver, owner: Option<AccountId>, host: &str) -> Result<(), NoAddress> {
        let ask = || resolver.ask(host, 443).map(drop);
        owner.map_or_else(ask, |owner| on_behalf_of(owner, ask))
    }

    #[test]
    fn the_number_of_look_ups_is_bounded() {
        let (resolver, _end) = silent(Limits { all: 3, per_owner: 9, common: 9 });
        for host in ["a.example", "b.example", "c.example"] {
            assert_eq!(begin(&resolver, None, host), Ok(()));
        }
        assert_eq!(begin(&resolver, None, "d.example"), Err(NoAddress::TooMany));
        assert_eq!(begin(&resolver, None, "a.example"), Ok(()), "it is being looked up");
    }

    #[test]
    fn an_owner_has_its_share_of_look_ups_until_their_threads_end() {
        let (resolver, end) = silent(Limits { all: 9, per_owner: 2, common: 9 });
        let [owner, other] = [AccountId::generate(), AccountId::generate()].map(Some);
        let callback = |host| on_behalf_of(owner.expect("one"), || resolver.addresses(host, 443, Duration::ZERO));
        assert_eq!(callback("a.evil.example"), Err(NoAddress::TooSlow));
        assert_eq!(callback("b.evil.example"), Err(NoAddress::TooSlow));
        // The callbacks are over, and their threads are not.
        assert_eq!(callback("c.evil.example"), Err(NoAddress::TooManyOfOwner));
        assert_eq!(callback("a.evil.example"), Err(NoAddress::TooSlow), "it costs no further thread");
        assert_eq!(begin(&resolver, other, "c.example"), Ok(()));
        assert_eq!(begin(&resolver, None, "d.example"), Ok(()));
        drop(end);
        let deadline = std::time::Instant::now() + SOON;
        while !resolver.running.lock().waiting.is_empty() {
            assert!(std::time::Instant::now() < deadline, "the look-ups do not end");
            thread::yield_now();
        }
        assert!(resolver.running.lock().of_owner.is_empty());
        assert_eq!(begin(&resolver, owner, "c.evil.example"), Ok(()));
        assert_eq!(OWNER.get(), None);
    }

    #[test]
    fn the_last_look_ups_are_for_owners_that_have_none() {
        let (resolver, _end) = silent(Limits { all: 6, per_owner: 9, common: 4 });
        let owners: Vec<_> = (0..5).map(|_| Some(AccountId::generate())).collect();
        for (number, owner) in owners[..2].iter().cycle().take(4).enumerate() {
            assert_eq!(begin(&resolver, *owner, &format!("{number}.example")), Ok(()));
        }
        assert_eq!(begin(&resolver, owners[0], "a.example"), Err(NoAddress::TooManyOfOwner));
        assert_eq!(begin(&resolver, owners[2], "b.example"), Ok(()));
        assert_eq!(begin(&resolver, owners[3], "c.example"), Ok(()));
        assert_eq!(begin(&resolver, owners[4], "d.example"), Err(NoAddress::TooMany));
    }

    #[test]
    fn a_panic_leaves_no_owner_behind() {
        let work = || on_behalf_of(AccountId::generate(), || panic!("a panic that this test wants"));
        assert!(std::panic::catch_unwind(work).is_err());
        assert_eq!(OWNER.get(), None);
    }
}
