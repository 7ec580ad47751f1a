//! Free space where the database is. A full disk stops every write, so it is logged and shown before.
//!
//! Used by [`crate::ops::maintenance`], which looks, and by `graphql`, which shows it to operators.

use crate::model::error::Result;
use crate::ops::Platform;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Free space, and below which it is little.
pub struct Disk {
    low_at: u64,
    free: Box<dyn Fn() -> Option<u64> + Send + Sync>,
    was_low: AtomicBool,
}

impl Disk {
    pub(super) fn new(low_at: u64, free: impl Fn() -> Option<u64> + Send + Sync + 'static) -> Self {
        Self { low_at, free: Box::new(free), was_low: AtomicBool::new(false) }
    }

    /// Free bytes, for this server's user; `None` if the system does not tell.
    #[must_use]
    pub fn free(&self) -> Option<u64> {
        (self.free)()
    }

    /// Below how many free bytes the disk counts as almost full.
    #[must_use]
    pub fn low_at(&self) -> u64 {
        self.low_at
    }

    /// Whether the disk is almost full.
    #[must_use]
    pub fn is_low(&self) -> bool {
        self.free().is_some_and(|free| free < self.low_at)
    }

    /// Logs when it becomes almost full, and when it is not any more.
    fn look(&self) {
        let Some(free) = self.free() else { return };
        let is_low = free < self.low_at;
        match (self.was_low.swap(is_low, Ordering::Relaxed), is_low) {
            (false, true) => tracing::warn!(
                free_bytes = free,
                low_bytes = self.low_at,
                "the disk of the database is almost full: free some space, or keep less (--history-retention, \
                 --callback-log-age); --disk-low sets from where this is logged"
            ),
            (true, false) => tracing::info!(free_bytes = free, "the disk of the database has space again"),
            _ => {}
        }
    }
}

impl Platform {
    /// Free space where the database is.
    #[must_use]
    pub fn disk(&self) -> &Disk {
        &self.disk
    }
}

/// Looks how much space is left.
///
/// # Errors
/// If the look cannot be waited for.
pub(super) async fn look(platform: &Arc<Platform>) -> Result<()> {
    let platform = Arc::clone(platform);
    tokio::task::spawn_blocking(move || platform.disk.look()).await.map_err(crate::model::error::Error::fault)
}

#[cfg(test)]
mod tests {
    use super::*;
    use parking_lot::Mutex;

    #[test]
    fn it_is_low_below_the_bound_and_nobody_knows_where_the_system_does_not_tell() {
        for (free, is_low) in [(Some(99), true), (Some(100), false), (None, false)] {
            assert_eq!(Disk::new(100, move || free).is_low(), is_low, "{free:?}");
        }
    }

    #[test]
    fn a_change_is_noticed_once() {
        let free = Arc::new(Mutex::new(Some(1_000)));
        let shown = Arc::clone(&free);
        let disk = Disk::new(100, move || *shown.lock());
        for (now, was_low) in
            [(Some(1_000), false), (Some(10), true), (None, true), (Some(10), true), (Some(500), false)]
        {
            *free.lock() = now;
            disk.look();
            assert_eq!(disk.was_low.load(Ordering::Relaxed), was_low, "{now:?}");
        }
    }
}
