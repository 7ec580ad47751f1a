//! Slows down whoever guesses passwords: after five failures for an e-mail and address within a
//! minute, further tries are refused until that minute is over (auth.md, "Signing in"). And whoever
//! makes accounts by the dozen, or tries which e-mails have one, or one password with many e-mails.

use crate::model::address::one_client;
use crate::model::error::{Error, Result};
use crate::ops::secret;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

const SIGN_IN_FAILURES_MAX: usize = 5;
/// A service that starts anew with an old secret tries as often as this, and is told why.
const CLIENT_FAILURES_MAX: usize = 20;
const SIGN_IN_WINDOW: Duration = Duration::from_secs(60);
/// Whoever tries one password with many e-mails is stopped at its address; people in an office who
/// mistype theirs are fewer.
const ADDRESS_FAILURES_MAX: usize = 30;
const ADDRESS_WINDOW: Duration = Duration::from_secs(10 * 60);
/// A class of students behind one address gets through within an hour.
const REGISTRATIONS_MAX: usize = 10;
const REGISTRATION_WINDOW: Duration = Duration::from_secs(10 * 60);
/// Hashing takes a core for some 25 ms: an address may keep one busy for a twentieth of the time.
const HASHINGS_MAX: usize = 120;
/// An account signs in from several addresses.
const ACCOUNT_HASHINGS_MAX: usize = 240;
const HASHING_WINDOW: Duration = Duration::from_secs(60);
/// Each is remembered until the token would have ended by itself.
const REVOCATIONS_MAX: usize = 600;
const REVOCATION_WINDOW: Duration = Duration::from_secs(60);
/// The address of those who are counted wherever they are.
pub(super) const ANYWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
/// The most pairs remembered. Past it the oldest window is forgotten, so that nobody can fill memory.
const REMEMBERED_MAX: usize = 10_000;

pub(super) struct Throttle {
    tries_max: usize,
    window: Duration,
    /// Why a try is refused.
    refusal: &'static str,
    tries: Mutex<HashMap<Key, Tries>>,
}

/// Who is tried, by its hash: a name is as long as whoever tries likes.
type Key = ([u8; 32], IpAddr);

struct Tries {
    since: Instant,
    count: usize,
}

impl Throttle {
    fn new(tries_max: usize, window: Duration, refusal: &'static str) -> Self {
        Self { tries_max, window, refusal, tries: Mutex::default() }
    }

    /// For signing in: counts what failed.
    pub(super) fn of_sign_ins() -> Self {
        Self::new(SIGN_IN_FAILURES_MAX, SIGN_IN_WINDOW, "too many failed attempts to sign in; wait a minute")
    }

    /// For changing a password, which takes the present one: counts what failed with a token.
    pub(super) fn of_password_changes() -> Self {
        Self::new(SIGN_IN_FAILURES_MAX, SIGN_IN_WINDOW, "too many wrong passwords; wait a minute")
    }

    /// For clients that show a secret: counts what failed. A secret cannot be guessed; who tries it costs
    /// no more than others.
    pub(super) fn of_clients() -> Self {
        Self::new(CLIENT_FAILURES_MAX, SIGN_IN_WINDOW, "too many failed attempts with this client ID; wait a minute")
    }

    /// For signing in from one address, whatever the e-mail: counts what failed.
    pub(super) fn of_addresses() -> Self {
        Self::new(
            ADDRESS_FAILURES_MAX,
            ADDRESS_WINDOW,
            "too many failed attempts to sign in from this address; wait some minutes",
        )
    }

    /// For registering: counts every try.
    pub(super) fn of_registrations() -> Self {
        Self::new(
            REGISTRATIONS_MAX,
            REGISTRATION_WINDOW,
            "too many attempts to register from this address; wait some minutes",
        )
    }

    /// For whatever hashes a password, from one address: counts everything, right passwords too.
    pub(super) fn of_hashing_from_addresses() -> Self {
        Self::new(
            HASHINGS_MAX,
            HASHING_WINDOW,
            "too many sign-ins and registrations from this address; keep the token of one, and wait a minute",
        )
    }

    /// For sign-ins with the right password and changes of it, of one account: a stranger cannot count here.
    pub(super) fn of_hashing_for_accounts() -> Self {
        Self::new(
            ACCOUNT_HASHINGS_MAX,
            HASHING_WINDOW,
            "too many sign-ins and changes of the password of this account; keep the token of one, and wait a minute",
        )
    }

    /// For clients that end tokens: counts every one.
    pub(super) fn of_revocations() -> Self {
        Self::new(REVOCATIONS_MAX, REVOCATION_WINDOW, "too many tokens ended by this client; wait a minute")
    }

    /// Whether a try may be made now.
    pub(super) fn check(&self, email: &str, address: IpAddr) -> Result<()> {
        self.check_key(&self.tries.lock(), &key(email, address))
    }

    /// Counts a try that was made: one that failed, where failures are counted.
    pub(super) fn count(&self, email: &str, address: IpAddr) {
        self.add(&mut self.tries.lock(), key(email, address));
    }

    /// Forgets the failures of whoever signed in.
    pub(super) fn succeeded(&self, email: &str, address: IpAddr) {
        self.tries.lock().remove(&key(email, address));
    }

    /// Counts a try that may be made now: of those made at the same time no more than may.
    pub(super) fn take(&self, email: &str, address: IpAddr) -> Result<()> {
        let mut tries = self.tries.lock();
        let key = key(email, address);
        self.check_key(&tries, &key)?;
        self.add(&mut tries, key);
        Ok(())
    }

    fn check_key(&self, tries: &HashMap<Key, Tries>, key: &Key) -> Result<()> {
        match tries.get(key) {
            Some(Tries { since, count }) if *count >= self.tries_max && since.elapsed() < self.window => {
                let left = self.window.saturating_sub(since.elapsed()).as_secs() + 1;
                Err(Error::TooMany {
                    message: self.refusal.to_owned(),
                    retry_after: u32::try_from(left).unwrap_or(u32::MAX),
                })
            }
            _ => Ok(()),
        }
    }

    fn add(&self, tries: &mut HashMap<Key, Tries>, key: Key) {
        if tries.len() >= REMEMBERED_MAX {
            tries.retain(|_, tries| tries.since.elapsed() < self.window);
        }
        if tries.len() >= REMEMBERED_MAX
            && let Some(oldest) = tries.iter().min_by_key(|(_, tries)| tries.since).map(|(key, _)| *key)
        {
            tries.remove(&oldest);
        }
        let entry = tries.entry(key).or_insert(Tries { since: Instant::now(), count: 0 });
        if entry.since.elapsed() >= self.window {
            *entry = Tries { since: Instant::now(), count: 0 };
        }
        entry.count += 1;
    }
}

fn key(email: &str, address: IpAddr) -> Key {
    (secret::hash(&email.to_lowercase()), one_client(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_try_is_refused_for_this_email_and_address_alone() {
        let throttle = Throttle::of_sign_ins();
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        for _ in 0..SIGN_IN_FAILURES_MAX {
            assert!(throttle.check("a@b", here).is_ok());
            throttle.count("A@b", here);
        }
        assert!(matches!(throttle.check("a@b", here), Err(Error::TooMany { retry_after: 1..=61, .. })));
        assert!(throttle.check("c@b", here).is_ok());
        assert!(throttle.check("a@b", IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1))).is_ok());
        throttle.succeeded("a@b", here);
        assert!(throttle.check("a@b", here).is_ok());
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let throttle = Throttle::of_addresses();
        let at = |last| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]);
        for last in 0..30 {
            assert!(throttle.check("", at(last)).is_ok());
            throttle.count("", at(last));
        }
        assert!(throttle.check("", at(99)).is_err());
        assert!(throttle.check("", IpAddr::from([0x2001, 0xdb8, 0, 2, 0, 0, 0, 1])).is_ok());
    }

    #[test]
    fn every_try_to_register_counts_for_its_address_whatever_the_e_mail() {
        let throttle = Throttle::of_registrations();
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        for _ in 0..REGISTRATIONS_MAX {
            assert!(throttle.take("", here).is_ok());
        }
        assert!(matches!(throttle.take("", here), Err(Error::TooMany { retry_after: 1..=601, .. })));
        assert!(throttle.take("", IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1))).is_ok());
    }
}
