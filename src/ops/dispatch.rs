//! How operations hand callbacks to whoever sends them, without knowing how they are sent.

use crate::model::callback::{Line, PendingCallback};
use crate::model::error::{Error, Result};
use crate::ops::Platform;
use std::sync::Arc;

/// The line's queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueFull;

/// Sends callbacks, each line in order, and settles them with [`crate::ops::callback::settle`].
pub trait Dispatcher: Send + Sync {
    /// Keeps places in a line's queue, so that what is written down can also be sent.
    ///
    /// # Errors
    /// If there are not that many left.
    fn reserve(&self, line: Line, places: usize) -> Result<(), QueueFull>;

    /// Gives back places that were kept and not used.
    fn release(&self, line: Line, places: usize);

    /// Takes a callback that is durable; `reserved` if it uses a place that was kept. Does not block.
    fn submit(&self, callback: PendingCallback, reserved: bool);
}

/// A place in a line's queue, given back when dropped unused.
pub(super) struct Place {
    dispatcher: Arc<dyn Dispatcher>,
    line: Line,
    used: bool,
}

impl Place {
    /// Sends a callback that is durable.
    pub(super) fn submit(mut self, callback: PendingCallback) {
        self.used = true;
        self.dispatcher.submit(callback, true);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.used {
            self.dispatcher.release(self.line, 1);
        }
    }
}

impl Platform {
    /// Keeps a place in a line's queue for a callback that is about to be written down.
    pub(super) fn reserve(&self, line: Line) -> Result<Place> {
        let dispatcher = self
            .dispatcher
            .get()
            .ok_or_else(|| Error::Unavailable("callbacks cannot be sent while the server starts".to_owned()))?;
        dispatcher.reserve(line, 1).map_err(|QueueFull| Error::TooMany {
            message: format!(
                "too many callbacks wait for the connector {}: it answers too slowly; nothing was changed",
                line.publication
            ),
            retry_after: 10,
        })?;
        Ok(Place { dispatcher: Arc::clone(dispatcher), line, used: false })
    }

    /// Sends callbacks that are durable and must go out however full the queue is: those that
    /// follow from ones already sent, and those that a crash interrupted.
    pub(super) fn submit_all(&self, callbacks: &[PendingCallback]) {
        if let Some(dispatcher) = self.dispatcher.get() {
            for callback in callbacks {
                dispatcher.submit(*callback, false);
            }
        }
    }
}
