//! How many requests may be at work at once: of one token, from one address, and together. Whoever has
//! too many is told to come back; the others do not notice.
//!
//! Clients at this machine are bound by the total alone: a developer's load test is not to be stopped
//! by what keeps strangers from each other.
//!
//! May use `model`. Used where requests come in, and by `socket`.

use crate::model::address::one_client;
use crate::model::error::Error;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many maps share the counts, so that few requests meet at one lock.
const SHARDS: usize = 16;
/// After how many seconds whoever is refused may come back: the others' requests are over then.
const RETRY_SECONDS: u32 = 1;

/// How many requests may be at work at once.
#[derive(Debug, Clone, Copy)]
pub struct PlacesMax {
    /// With one token.
    pub token: u32,
    /// From one address.
    pub address: u32,
    /// Together.
    pub total: u32,
}

/// All requests at work.
pub(super) struct Places {
    max: PlacesMax,
    total: AtomicUsize,
    hasher: RandomState,
    /// Of each token and address that has requests at work, how many: nobody stays who has none.
    shards: [Mutex<HashMap<Key, u32>>; SHARDS],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    /// A token by its hash: whoever has none of it cannot use up its places.
    Token(u64),
    Address(IpAddr),
}

/// Who has as many as may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    Total,
    Address,
    Token,
}

/// A request's place, until it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    keys: [Option<Key>; 2],
}

impl Places {
    /// Places for so many.
    pub(super) fn new(max: PlacesMax) -> Arc<Self> {
        let shards = std::array::from_fn(|_| Mutex::default());
        Arc::new(Self { max, total: AtomicUsize::new(0), hasher: RandomState::new(), shards })
    }

    /// A place for a request with this token from this address.
    ///
    /// # Errors
    /// [`Error::TooMany`] where there are as many at work as may be.
    pub(super) fn take(self: &Arc<Self>, token: Option<&str>, client: Option<IpAddr>) -> Result<Place, Error> {
        let PlacesMax { token: token_max, address: address_max, total: total_max } = self.max;
        self.find(token, client).map_err(|full| match full {
            Full::Total => refusal(format!("the server has {total_max} requests at work"), "--requests"),
            Full::Address => {
                refusal(format!("your address has {address_max} requests at work"), "--requests-per-address")
            }
            Full::Token => refusal(format!("this token has {token_max} requests at work"), "--requests-per-token"),
        })
    }

    /// A place for whatever is counted here, for someone with this token at this address.
    ///
    /// # Errors
    /// What there is no more room for.
    pub(super) fn find(self: &Arc<Self>, token: Option<&str>, client: Option<IpAddr>) -> Result<Place, Full> {
        let PlacesMax { token: token_max, address: address_max, total: total_max } = self.max;
        let mut place = Place { places: Arc::clone(self), keys: [None; 2] };
        if self.total.fetch_add(1, Ordering::Relaxed) >= total_max as usize {
            return Err(Full::Total);
        }
        let Some(client) = client.filter(|client| !client.is_loopback()) else { return Ok(place) };
        let address = Key::Address(one_client(client));
        if !self.count(address, address_max) {
            return Err(Full::Address);
        }
        place.keys[0] = Some(address);
        if let Some(token) = token {
            let token = Key::Token(self.hasher.hash_one(token));
            if !self.count(token, token_max) {
                return Err(Full::Token);
            }
            place.keys[1] = Some(token);
        }
        Ok(place)
    }

    fn shard(&self, key: Key) -> &Mutex<HashMap<Key, u32>> {
        let hash = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        &self.shards[hash]
    }

    fn count(&self, key: Key, max: u32) -> bool {
        let mut counts = self.shard(key).lock();
        let count = counts.entry(key).or_default();
        // One that is refused has others at work, so its entry does not stay for nothing.
        let fits = *count < max;
        *count += u32::from(fits);
        fits
    }
}

fn refusal(why: String, option: &str) -> Error {
    let message =
        format!("{why}, and that is the most: wait for some to end; the operator can allow more with {option}");
    Error::TooMany { message, retry_after: RETRY_SECONDS }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.total.fetch_sub(1, Ordering::Relaxed);
        for key in self.keys.into_iter().flatten() {
            if let Entry::Occupied(mut count) = self.places.shard(key).lock().entry(key) {
                *count.get_mut() -= 1;
                if *count.get() == 0 {
                    count.remove();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Arc<Places> {
        Places::new(PlacesMax { token: 2, address: 3, total: 5 })
    }

    fn at(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    fn said(taken: Result<Place, Error>) -> String {
        taken.map_or_else(|refusal| refusal.to_string(), |_| String::new())
    }

    #[test]
    fn each_bound_is_told_and_others_go_on() {
        let places = places();
        let first = [places.take(Some("a"), at(1)), places.take(Some("a"), at(2))];
        assert!(first.iter().all(Result::is_ok));
        assert!(said(places.take(Some("a"), at(3))).contains("--requests-per-token"));
        let more = [places.take(Some("b"), at(1)), places.take(None, at(1))];
        assert!(more.iter().all(Result::is_ok));
        assert!(said(places.take(Some("c"), at(1))).contains("--requests-per-address"));
        let last = places.take(Some("b"), at(4));
        assert!(last.is_ok());
        assert!(said(places.take(Some("d"), at(5))).contains("--requests"));
        drop((first, more, last));
        assert_eq!(places.total.load(Ordering::Relaxed), 0);
        assert!(places.shards.iter().all(|shard| shard.lock().is_empty()), "something stays behind");
    }

    #[test]
    fn a_network_of_ipv6_is_one_client_and_this_machine_has_only_the_total() {
        let places = places();
        let of_network = |last| Some(IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]));
        let taken: Vec<_> = (0..3).map(|last| places.take(None, of_network(last))).collect();
        assert!(taken.iter().all(Result::is_ok));
        assert!(places.take(None, of_network(9)).is_err());
        drop(taken);
        let here = Some(IpAddr::from([127, 0, 0, 1]));
        let taken: Vec<_> = (0..5).map(|_| places.take(Some("a"), here)).collect();
        assert!(taken.iter().all(Result::is_ok));
        assert!(places.take(Some("b"), here).is_err());
    }
}
