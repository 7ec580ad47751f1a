//! Holding texts against regular expressions, which takes as long as those who wrote both like: in turns by address and account, on
//! two threads that hold no reader of the database, and within a second for all texts of a request.
//!
//! May use `model` and [`crate::ops::turns`]. Used by the operations that install, instantiate and publish.

use crate::model::error::{Error, Result};
use crate::model::party::Party;
use crate::ops::Platform;
use crate::ops::turns::Turns;
use std::time::{Duration, Instant};

/// How many checks run at once.
const AT_ONCE_MAX: usize = 2;
/// How many of them for one address or account.
const AT_ONCE_OF_ONE: usize = 1;
/// How long the check of one request may take. Within it no step takes longer than 0.1 s.
const TIME_MAX: Duration = Duration::from_secs(1);

/// The permits for checks.
pub(super) struct Validation(Turns);

impl Default for Validation {
    fn default() -> Self {
        Self(Turns::new(AT_ONCE_MAX, AT_ONCE_OF_ONE))
    }
}

impl Platform {
    /// Runs a check once it is the party's turn. The check is given a function that says whether there is time left.
    pub(super) async fn check<T: Send + 'static>(
        &self,
        party: Party,
        check: impl FnOnce(&dyn Fn() -> bool) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = self.validation.0.take(party).await;
        let task = tokio::task::spawn_blocking(move || {
            let until = Instant::now() + TIME_MAX;
            let checked = check(&|| Instant::now() < until);
            drop(permit);
            checked
        });
        task.await.map_err(Error::fault)?
    }
}
