//! Slows down whoever guesses passwords: after five failures for an e-mail and address within a
//! minute, further tries are refused until that minute is over (auth.md, "Signing in").

use crate::model::error::{Error, Result};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

const FAILURES_MAX: usize = 5;
const WINDOW: Duration = Duration::from_secs(60);
/// The most pairs remembered. Past it the oldest window is forgotten, so that nobody can fill memory.
const REMEMBERED_MAX: usize = 10_000;

#[derive(Default)]
pub(super) struct Throttle(Mutex<HashMap<(String, IpAddr), Failures>>);

struct Failures {
    since: Instant,
    count: usize,
}

impl Throttle {
    /// Whether a try may be made now.
    pub(super) fn check(&self, email: &str, address: IpAddr) -> Result<()> {
        let failures = self.0.lock();
        match failures.get(&key(email, address)) {
            Some(Failures { since, count }) if *count >= FAILURES_MAX && since.elapsed() < WINDOW => {
                let left = WINDOW.saturating_sub(since.elapsed()).as_secs() + 1;
                Err(Error::TooMany {
                    message: "too many failed attempts to sign in; wait a minute".to_owned(),
                    retry_after: u32::try_from(left).unwrap_or(u32::MAX),
                })
            }
            _ => Ok(()),
        }
    }

    /// Notes a try that failed.
    pub(super) fn failed(&self, email: &str, address: IpAddr) {
        let mut failures = self.0.lock();
        if failures.len() >= REMEMBERED_MAX {
            failures.retain(|_, failures| failures.since.elapsed() < WINDOW);
        }
        if failures.len() >= REMEMBERED_MAX
            && let Some(oldest) = failures.iter().min_by_key(|(_, failures)| failures.since).map(|(key, _)| key.clone())
        {
            failures.remove(&oldest);
        }
        let entry = failures.entry(key(email, address)).or_insert(Failures { since: Instant::now(), count: 0 });
        if entry.since.elapsed() >= WINDOW {
            *entry = Failures { since: Instant::now(), count: 0 };
        }
        entry.count += 1;
    }

    /// Forgets the failures of whoever signed in.
    pub(super) fn succeeded(&self, email: &str, address: IpAddr) {
        self.0.lock().remove(&key(email, address));
    }
}

fn key(email: &str, address: IpAddr) -> (String, IpAddr) {
    (email.to_lowercase(), address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn the_sixth_try_is_refused_for_this_email_and_address_alone() {
        let throttle = Throttle::default();
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        for _ in 0..FAILURES_MAX {
            assert!(throttle.check("a@b", here).is_ok());
            throttle.failed("A@b", here);
        }
        assert!(matches!(throttle.check("a@b", here), Err(Error::TooMany { retry_after: 1..=61, .. })));
        assert!(throttle.check("c@b", here).is_ok());
        assert!(throttle.check("a@b", IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1))).is_ok());
        throttle.succeeded("a@b", here);
        assert!(throttle.check("a@b", here).is_ok());
    }
}
