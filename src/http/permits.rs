//! How many requests may run at once: of one account, from one address, and together. A client that has too many is
//! refused; the others do not notice. A permit is moved into the work of its request: a client that disconnects does not
//! get it back before the work is over.
//!
//! If nobody but this machine can reach the server, clients here are bound by the total alone: a developer's load test
//! is not stopped by what protects strangers from each other. Otherwise a client with an address of this machine comes
//! through a proxy that is not named in `--trusted-proxy`, and then the accounts alone count.
//!
//! May use `model`. Used where requests come in, and by `socket`.

use crate::model::error::Error;
use crate::model::id::AccountId;
use crate::model::party::Party;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many maps share the counts, so that few requests meet at one lock.
const SHARDS: usize = 16;
/// After how many seconds a client that is refused may come back: the others' requests are over then.
const RETRY_SECONDS: u32 = 1;

/// How many requests may run at once.
#[derive(Debug, Clone, Copy)]
pub struct RequestsMax {
    /// Of one account.
    pub account: u32,
    /// From one address.
    pub address: u32,
    /// Together.
    pub total: u32,
}

/// The permits of all requests that run.
pub(super) struct Permits {
    max: RequestsMax,
    /// Whether nobody but this machine can reach the server.
    sandbox: bool,
    total: AtomicUsize,
    hasher: RandomState,
    /// How many run of each account and address; one without any has no entry.
    shards: [Mutex<HashMap<Key, u32>>; SHARDS],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Account(AccountId),
    Address(IpAddr),
}

/// Which bound is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    Total,
    Address,
    Account,
}

/// The right to run a request, until it is dropped.
pub(super) struct Permit {
    permits: Arc<Permits>,
    keys: [Option<Key>; 2],
}

impl Permits {
    pub(super) fn new(max: RequestsMax, sandbox: bool) -> Arc<Self> {
        let shards = std::array::from_fn(|_| Mutex::default());
        Arc::new(Self { max, sandbox, total: AtomicUsize::new(0), hasher: RandomState::new(), shards })
    }

    /// A permit for a request of this party.
    ///
    /// # Errors
    /// [`Error::TooMany`] if as many run as may.
    pub(super) fn take(self: &Arc<Self>, party: Party) -> Result<Permit, Error> {
        let RequestsMax { account, address, total } = self.max;
        self.find(party).map_err(|full| match full {
            Full::Total => refusal(format!("the server runs {total} requests"), "--requests"),
            Full::Address => refusal(format!("your address has {address} requests running"), "--requests-per-address"),
            Full::Account => refusal(format!("your account has {account} requests running"), "--requests-per-account"),
        })
    }

    /// A permit for whatever is counted here.
    ///
    /// # Errors
    /// Which bound is reached.
    pub(super) fn find(self: &Arc<Self>, party: Party) -> Result<Permit, Full> {
        let mut permit = Permit { permits: Arc::clone(self), keys: [None; 2] };
        if self.total.fetch_add(1, Ordering::Relaxed) >= self.max.total as usize {
            return Err(Full::Total);
        }
        if let Some(address) = party.address() {
            let address = Key::Address(address);
            if !self.count(address, self.max.address) {
                return Err(Full::Address);
            }
            permit.keys[0] = Some(address);
        } else if self.sandbox {
            return Ok(permit);
        }
        if let Some(account) = party.account() {
            let account = Key::Account(account);
            if !self.count(account, self.max.account) {
                return Err(Full::Account);
            }
            permit.keys[1] = Some(account);
        }
        Ok(permit)
    }

    /// Whether requests of clients without an address of their own are bound by the total alone.
    pub(super) fn is_sandbox(&self) -> bool {
        self.sandbox
    }

    fn shard(&self, key: Key) -> &Mutex<HashMap<Key, u32>> {
        let hash = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        &self.shards[hash]
    }

    fn count(&self, key: Key, max: u32) -> bool {
        let mut counts = self.shard(key).lock();
        let count = counts.entry(key).or_default();
        // One that is refused has others running, so its entry does not stay for nothing.
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

impl Drop for Permit {
    fn drop(&mut self) {
        self.permits.total.fetch_sub(1, Ordering::Relaxed);
        for key in self.keys.into_iter().flatten() {
            if let Entry::Occupied(mut count) = self.permits.shard(key).lock().entry(key) {
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

    fn permits(sandbox: bool) -> Arc<Permits> {
        Permits::new(RequestsMax { account: 2, address: 3, total: 5 }, sandbox)
    }

    fn at(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    fn said(taken: Result<Permit, Error>) -> String {
        taken.map_or_else(|refusal| refusal.to_string(), |_| String::new())
    }

    #[test]
    fn each_bound_is_named_and_others_are_served() {
        let permits = permits(true);
        let [a, b, c, d] = [(); 4].map(|()| Some(AccountId::generate()));
        let take = |account, address| permits.take(Party::new(account, address));
        let first = [take(a, at(1)), take(a, at(2))];
        assert!(first.iter().all(Result::is_ok));
        assert!(said(take(a, at(3))).contains("--requests-per-account"));
        let more = [take(b, at(1)), take(None, at(1))];
        assert!(more.iter().all(Result::is_ok));
        assert!(said(take(c, at(1))).contains("--requests-per-address"));
        let last = take(b, at(4));
        assert!(last.is_ok());
        assert!(said(take(d, at(5))).contains("--requests"));
        drop((first, more, last));
        assert_eq!(permits.total.load(Ordering::Relaxed), 0);
        assert!(permits.shards.iter().all(|shard| shard.lock().is_empty()), "something stays behind");
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let permits = permits(false);
        let of_network = |last| Party::new(None, Some(IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last])));
        let taken: Vec<_> = (0..3).map(|last| permits.take(of_network(last))).collect();
        assert!(taken.iter().all(Result::is_ok));
        assert!(permits.take(of_network(9)).is_err());
    }

    #[test]
    fn clients_on_this_machine_are_bound_by_the_total_alone_unless_a_proxy_may_stand_before_them() {
        let here = Party::new(Some(AccountId::generate()), Some(IpAddr::from([127, 0, 0, 1])));
        let alone = permits(true);
        let taken: Vec<_> = (0..5).map(|_| alone.take(here)).collect();
        assert!(taken.iter().all(Result::is_ok));
        assert!(said(alone.take(here)).contains("--requests"));
        let proxied = permits(false);
        let taken: Vec<_> = (0..2).map(|_| proxied.take(here)).collect();
        assert!(taken.iter().all(Result::is_ok));
        assert!(said(proxied.take(here)).contains("--requests-per-account"));
        assert!(proxied.take(Party::new(None, None)).is_ok());
    }
}
