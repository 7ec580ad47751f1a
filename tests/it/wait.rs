//! The one place where tests wait for something to become so.

use std::time::{Duration, Instant};

/// Far longer than anything takes: a test that gets here fails.
const PATIENCE: Duration = Duration::from_secs(40);
const INTERVAL: Duration = Duration::from_millis(10);

/// Asks again and again until there is an answer; fails the test where there is none for too long.
#[track_caller]
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(since.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(INTERVAL);
    }
}

/// Waits until something holds.
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    eventually(what, || holds().then_some(()));
}
