//! How many connections there may be, in all and from one address, and which are open.
//!
//! Used by this room, and by `app`, which waits for their end and counts them.

use crate::door::activity::Activity;
use crate::door::limits::Limits;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How often room is made at most. It means looking at all connections.
const MAKE_ROOM_EVERY: Duration = Duration::from_millis(100);
/// Which part of the connections ends then at the most.
const MAKE_ROOM_PART: usize = 100;

/// The connections that are open. Clones are of the same ones.
#[derive(Clone)]
pub struct Connections(Arc<Places>);

struct Places {
    limits: Arc<Limits>,
    open: Mutex<Open>,
    /// For connections that wait for a slot: one of them per connection that ends, all of them at the shutdown.
    freed: Notify,
    /// For the shutdown: the last connection has ended.
    emptied: Notify,
}

struct Open {
    all: HashMap<u64, Arc<Activity>>,
    addresses: HashMap<IpAddr, usize>,
    next: u64,
    made_room: Option<Instant>,
    /// Whether no more are taken.
    ending: bool,
}

/// A connection's place, free again once this is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    number: u64,
    address: Option<IpAddr>,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// There are as many connections as there may be.
    Server,
    /// There are as many from this address.
    Address,
}

impl Connections {
    /// None yet, and at most so many.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let open = Open { all: HashMap::new(), addresses: HashMap::new(), next: 0, made_room: None, ending: false };
        Self(Arc::new(Places {
            limits: Arc::new(limits),
            open: Mutex::new(open),
            freed: Notify::new(),
            emptied: Notify::new(),
        }))
    }

    /// How many are open, WebSockets included.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.open.lock().all.len()
    }

    /// The limits.
    pub(super) fn limits(&self) -> &Arc<Limits> {
        &self.0.limits
    }

    /// A place for a connection from an address.
    pub(super) fn take(&self, address: IpAddr, activity: &Arc<Activity>) -> Result<Place, Full> {
        let address = self.0.limits.counted(address);
        let mut open = self.0.open.lock();
        if open.ending || open.all.len() >= self.0.limits.connections {
            return Err(Full::Server);
        }
        if let Some(address) = address {
            let count = open.addresses.entry(address).or_default();
            if *count >= self.0.limits.connections_per_address {
                return Err(Full::Address);
            }
            *count += 1;
        }
        let number = open.next;
        open.next += 1;
        open.all.insert(number, Arc::clone(activity));
        Ok(Place { places: Arc::clone(&self.0), number, address })
    }

    /// Asks those connections to end that wait for a request for longest; whether there are any.
    pub(super) fn make_room(&self) -> bool {
        let mut idle: Vec<_> = {
            let mut open = self.0.open.lock();
            let now = Instant::now();
            if open.made_room.is_some_and(|at| now < at + MAKE_ROOM_EVERY) {
                // Those that were asked just now are about to end.
                return true;
            }
            open.made_room = Some(now);
            open.all.values().filter_map(|one| one.idle_since().map(|since| (since, Arc::clone(one)))).collect()
        };
        idle.sort_unstable_by_key(|(since, _)| *since);
        let count = (self.0.limits.connections / MAKE_ROOM_PART).max(1);
        idle.iter().take(count).for_each(|(_, connection)| connection.end());
        !idle.is_empty()
    }

    /// Takes a slot as soon as one is free.
    ///
    /// # Errors
    /// [`Full::Address`] if the address has its share by then, [`Full::Server`] if the server shuts down.
    pub(super) async fn wait(&self, address: IpAddr, activity: &Arc<Activity>) -> Result<Place, Full> {
        loop {
            let freed = self.0.freed.notified();
            match self.take(address, activity) {
                Err(Full::Server) if !self.0.open.lock().ending => freed.await,
                taken => {
                    if matches!(taken, Err(Full::Address)) {
                        // The slot that woke this connection is still free for another one.
                        self.0.freed.notify_one();
                    }
                    return taken;
                }
            }
        }
    }

    /// Asks all connections to end once their requests have, takes no more, and waits until none is left.
    pub async fn end(&self) {
        {
            let mut open = self.0.open.lock();
            open.ending = true;
            open.all.values().for_each(|connection| connection.end());
        }
        self.0.freed.notify_waiters();
        while self.count() > 0 {
            self.0.emptied.notified().await;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.places.open.lock();
        open.all.remove(&self.number);
        if let Some(address) = self.address
            && let Some(count) = open.addresses.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                open.addresses.remove(&address);
            }
        }
        let is_last = open.all.is_empty();
        drop(open);
        self.places.freed.notify_one();
        if is_last {
            self.places.emptied.notify_one();
        }
    }
}

impl Limits {
    /// What counts as one address: of IPv6 a network, which one customer has as a whole. Loopback does
    /// not count, nor a proxy: either may bring everybody.
    fn counted(&self, address: IpAddr) -> Option<IpAddr> {
        match address.to_canonical() {
            address if address.is_loopback() || self.proxies.iter().any(|net| net.contains(&address)) => None,
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Some(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into())
            }
            address => Some(address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    fn connections(all: usize, per_address: usize) -> Connections {
        let time = Duration::from_secs(1);
        Connections::new(Limits {
            connections: all,
            connections_per_address: per_address,
            proxies: vec!["192.0.2.128/25".parse().expect("a range")],
            handshake_time: time,
            header_time: time,
            idle_time: time,
            answer_time: time,
        })
    }

    fn take(connections: &Connections, address: &str) -> Result<Place, Full> {
        let activity = Arc::new(Activity::new(Arc::clone(connections.limits())));
        connections.take(address.parse().expect("an address"), &activity)
    }

    async fn wait(connections: &Connections, address: &str) -> Result<Place, Full> {
        let activity = Arc::new(Activity::new(Arc::clone(connections.limits())));
        connections.wait(address.parse().expect("an address"), &activity).await
    }

    #[test]
    fn one_address_takes_no_more_than_its_share_and_loopback_and_proxies_all() {
        let connections = connections(10, 2);
        let mut places: Vec<_> = (0..2).map(|_| take(&connections, "192.0.2.1").expect("a place")).collect();
        for same in ["192.0.2.1", "::ffff:192.0.2.1"] {
            assert_eq!(take(&connections, same).err(), Some(Full::Address), "{same}");
        }
        places.push(take(&connections, "192.0.2.2").expect("a place"));
        places.remove(0);
        places.push(take(&connections, "192.0.2.1").expect("the place that one gave back"));
        places.extend((0..4).map(|_| take(&connections, "127.0.0.1").expect("a place")));
        places.extend((0..3).map(|_| take(&connections, "192.0.2.200").expect("a place")));
        assert_eq!((connections.count(), take(&connections, "::1").err()), (10, Some(Full::Server)));
        drop(places);
        assert_eq!(connections.count(), 0);
        assert!(connections.0.open.lock().addresses.is_empty(), "nothing is left of those who are gone");
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let connections = connections(10, 1);
        let _place = take(&connections, "2001:db8:1:2::1").expect("a place");
        assert_eq!(take(&connections, "2001:db8:1:2:ffff::9").err(), Some(Full::Address));
        assert!(take(&connections, "2001:db8:1:3::1").is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn those_make_room_that_wait_longest_and_nobody_who_is_served() {
        let connections = connections(2, 2);
        let activities: Vec<_> = (0..2).map(|_| Arc::new(Activity::new(Arc::clone(connections.limits())))).collect();
        let address = IpAddr::from([127, 0, 0, 1]);
        let _places: Vec<_> = activities.iter().map(|one| connections.take(address, one).ok()).collect();
        let _served = activities[0].request();
        tokio::time::advance(Duration::from_secs(60)).await;
        let _other = activities[1].request();
        assert!(!connections.make_room());
        drop(_other);
        tokio::time::advance(MAKE_ROOM_EVERY).await;
        assert!(connections.make_room());
        assert_eq!(activities.iter().map(|one| one.is_asked_to_end()).collect::<Vec<_>>(), [false, true]);
    }

    #[tokio::test]
    async fn the_end_waits_for_all_and_takes_nobody_new() {
        let connections = connections(2, 2);
        let place = take(&connections, "127.0.0.1").expect("a place");
        let mut end = Box::pin(connections.end());
        assert!((&mut end).now_or_never().is_none());
        assert_eq!(take(&connections, "127.0.0.1").err(), Some(Full::Server));
        drop(place);
        end.await;
    }

    #[tokio::test]
    async fn the_end_of_a_full_server_is_noticed_although_connections_wait_for_a_slot() {
        let connections = connections(2, 2);
        let places: Vec<_> = (0..2).map(|_| take(&connections, "127.0.0.1").expect("a slot")).collect();
        let mut waiting: Vec<_> = (0..5).map(|_| Box::pin(wait(&connections, "127.0.0.1"))).collect();
        assert!(waiting.iter_mut().all(|one| one.now_or_never().is_none()));
        let mut end = Box::pin(connections.end());
        assert!((&mut end).now_or_never().is_none());
        for one in waiting {
            assert_eq!(one.now_or_never().map(|waited| waited.err()), Some(Some(Full::Server)));
        }
        drop(places);
        assert!(end.now_or_never().is_some(), "the end of the last connection was noticed by nobody");
    }

    #[tokio::test]
    async fn each_slot_that_becomes_free_is_taken_though_the_first_who_waits_cannot_have_it_or_gives_up() {
        let connections = connections(3, 2);
        let mut places: Vec<_> =
            ["192.0.2.1", "127.0.0.1", "127.0.0.1"].map(|one| take(&connections, one).expect("a slot")).into();
        let mut waiting: Vec<_> =
            ["192.0.2.1", "192.0.2.1", "192.0.2.9"].map(|one| Box::pin(wait(&connections, one))).into();
        let mut gives_up = Box::pin(wait(&connections, "192.0.2.7"));
        assert!((&mut gives_up).now_or_never().is_none() && waiting.iter_mut().all(|one| one.now_or_never().is_none()));
        drop(gives_up);
        places.truncate(1);
        let mut waited = waiting.into_iter().map(|one| one.now_or_never().expect("woken"));
        let first = waited.next().expect("one");
        assert!(first.is_ok());
        assert_eq!(waited.next().expect("one").err(), Some(Full::Address));
        assert!(waited.next().expect("one").is_ok(), "a free slot is left although somebody waits for it");
    }
}
