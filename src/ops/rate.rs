//! How many changes an account may make in a second, on average: property updates, things, states, action requests. A
//! bucket for each account holds ten seconds' worth, so that bursts pass. What is refused costs next to nothing: a
//! connector that was refused is refused again for a moment without asking the writer.

use crate::model::error::{Error, Result};
use crate::model::id::AccountId;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// For how many seconds a bucket holds changes.
const BURST_SECONDS: f64 = 10.0;
/// For how long a token that was refused is refused without looking whose it is.
const PAUSE: Duration = Duration::from_millis(200);
/// Of how many accounts and tokens it is remembered.
const REMEMBERED_MAX: usize = 10_000;

pub(super) struct Rates {
    per_second: Option<u32>,
    buckets: Mutex<HashMap<AccountId, Bucket>>,
    /// The subjects of tokens that were refused, and when.
    pauses: Mutex<HashMap<String, Instant>>,
}

struct Bucket {
    changes: f64,
    at: Instant,
}

impl Rates {
    pub(super) fn new(per_second: Option<u32>) -> Self {
        Self { per_second, buckets: Mutex::default(), pauses: Mutex::default() }
    }

    /// That an account may make one more change now.
    pub(super) fn take(&self, account: AccountId) -> Result<()> {
        let Some(per_second) = self.per_second else { return Ok(()) };
        let (rate, now) = (f64::from(per_second), Instant::now());
        let most = rate * BURST_SECONDS;
        let mut buckets = self.buckets.lock();
        if buckets.len() >= REMEMBERED_MAX {
            // Those that are full again are as good as new.
            buckets.retain(|_, bucket| bucket.changes + (now - bucket.at).as_secs_f64() * rate < most);
        }
        let bucket = buckets.entry(account).or_insert(Bucket { changes: most, at: now });
        bucket.changes = (bucket.changes + (now - bucket.at).as_secs_f64() * rate).min(most);
        bucket.at = now;
        if bucket.changes < 1.0 {
            return Err(refusal(per_second));
        }
        bucket.changes -= 1.0;
        Ok(())
    }

    /// That a token was not refused just now.
    pub(super) fn check(&self, subject: &str) -> Result<()> {
        match self.per_second {
            Some(per_second) if self.pauses.lock().get(subject).is_some_and(|since| since.elapsed() < PAUSE) => {
                Err(refusal(per_second))
            }
            _ => Ok(()),
        }
    }

    /// Notes that a token was refused, because its account has made too many changes.
    pub(super) fn pause(&self, subject: &str) {
        let mut pauses = self.pauses.lock();
        if pauses.len() >= REMEMBERED_MAX {
            pauses.retain(|_, since| since.elapsed() < PAUSE);
        }
        if pauses.len() < REMEMBERED_MAX {
            pauses.insert(subject.to_owned(), Instant::now());
        }
    }
}

fn refusal(per_second: u32) -> Error {
    Error::TooMany {
        message: format!(
            "this account makes more than {per_second} changes in a second; send fewer, or only values that changed. The \
             operator can allow more with --changes-per-second"
        ),
        retry_after: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_a_burst_and_others_do_not_notice_that_it_is_over() {
        let rates = Rates::new(Some(10));
        let (one, other) = (AccountId::generate(), AccountId::generate());
        let passed = (0..1_000).filter(|_| rates.take(one).is_ok()).count();
        assert!((100..120).contains(&passed), "{passed}");
        assert!(matches!(rates.take(one), Err(Error::TooMany { retry_after: 1, .. })));
        assert!(rates.take(other).is_ok());
        rates.pause("token");
        assert!(rates.check("token").is_err() && rates.check("another").is_ok());
    }

    #[test]
    fn without_a_bound_nothing_is_refused() {
        let rates = Rates::new(None);
        let account = AccountId::generate();
        assert!((0..100_000).all(|_| rates.take(account).is_ok()));
        rates.pause("token");
        assert!(rates.check("token").is_ok());
    }
}
