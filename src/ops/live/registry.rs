//! Who listens to what: topics with their listeners, each of which has a bounded queue. Publishing
//! never waits: a listener whose queue is full is cut off instead.
//!
//! Used by [`super`] alone.

use crate::ops::Platform;
use crate::ops::live::{Event, Filter, Interest, Topic};
use parking_lot::RwLock;
use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{Notify, mpsc};

/// How many events may wait for one listener. The writer publishes a whole transaction's at once,
/// which may be 1,000: one that keeps up must survive a few of those.
pub(super) const QUEUE_EVENTS_MAX: usize = 4_096;
/// How much the events that wait for one listener may weigh together, in bytes: a value may have
/// 64 KiB.
pub(super) const QUEUE_BYTES_MAX: usize = 8 << 20;
/// How many events a listener takes at once: they share one view of the database.
const TAKEN_AT_ONCE: usize = 64;

/// All listeners.
#[derive(Default)]
pub(in crate::ops) struct Live {
    listening: AtomicUsize,
    topics: RwLock<HashMap<Topic, Vec<Arc<Subscriber>>>>,
}

struct Subscriber {
    filter: Filter,
    queue: mpsc::Sender<Arc<Event>>,
    shared: Arc<Shared>,
}

/// What a subscriber and its listener share. The queue's sender is not among it, so that the
/// queue ends with the subscriber.
#[derive(Default)]
struct Shared {
    bytes: AtomicUsize,
    cut_off: Notify,
}

impl Subscriber {
    /// Whether there was room.
    fn offer(&self, event: &Arc<Event>) -> bool {
        let bytes = event.bytes();
        let waiting = self.shared.bytes.fetch_add(bytes, Ordering::Relaxed);
        waiting + bytes <= QUEUE_BYTES_MAX && self.queue.try_send(Arc::clone(event)).is_ok()
    }
}

impl Live {
    /// Tells an event to whoever listens; where nobody does, it is not even made. To be called once
    /// it is committed. Does not wait.
    pub(in crate::ops) fn publish(&self, event: impl FnOnce() -> Arc<Event>) {
        if self.listening.load(Ordering::Relaxed) > 0 {
            self.tell(&event());
        }
    }

    /// How many listen.
    pub(in crate::ops) fn listening(&self) -> usize {
        self.listening.load(Ordering::Relaxed)
    }

    fn tell(&self, event: &Arc<Event>) {
        for topic in event.topics().into_iter().flatten() {
            let mut full = Vec::new();
            if let Some(subscribers) = self.topics.read().get(&topic) {
                let wanting = subscribers.iter().filter(|subscriber| subscriber.filter.takes(event));
                full.extend(wanting.filter(|subscriber| !subscriber.offer(event)).map(|s| Arc::clone(&s.shared)));
            }
            for shared in full {
                self.topics.write().values_mut().for_each(|all| all.retain(|s| !Arc::ptr_eq(&s.shared, &shared)));
                shared.cut_off.notify_one();
            }
        }
    }

    /// Begins to listen.
    pub(super) fn listen(self: &Arc<Self>, interest: Interest) -> Listener {
        let (queue, events) = mpsc::channel(QUEUE_EVENTS_MAX);
        let shared = Arc::<Shared>::default();
        let subscriber = Arc::new(Subscriber { filter: interest.filter, queue, shared: Arc::clone(&shared) });
        subscriber.offer(&Arc::new(Event::CheckAgain));
        self.listening.fetch_add(1, Ordering::Relaxed);
        let mut topics = self.topics.write();
        for topic in &interest.topics {
            topics.entry(*topic).or_default().push(Arc::clone(&subscriber));
        }
        drop(topics);
        Listener { live: Arc::clone(self), topics: interest.topics, events, shared }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.topics.read().is_empty() && self.listening.load(Ordering::Relaxed) == 0
    }

    fn end(&self, topics: &[Topic], shared: &Arc<Shared>) {
        self.listening.fetch_sub(1, Ordering::Relaxed);
        let mut all = self.topics.write();
        for topic in topics {
            if let Some(subscribers) = all.get_mut(topic) {
                subscribers.retain(|subscriber| !Arc::ptr_eq(&subscriber.shared, shared));
                if subscribers.is_empty() {
                    all.remove(topic);
                }
            }
        }
    }
}

/// The listener was cut off, because more was waiting for it than may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more happened than was taken: too slow")]
pub struct TooSlow;

/// The events that somebody listens to, until it is dropped.
pub struct Listener {
    live: Arc<Live>,
    topics: Vec<Topic>,
    events: mpsc::Receiver<Arc<Event>>,
    shared: Arc<Shared>,
}

impl Listener {
    /// Waits for events and takes those that are there, in the order of their commits.
    ///
    /// # Errors
    /// [`TooSlow`] once what was waiting has been taken.
    pub async fn next(&mut self) -> Result<Vec<Arc<Event>>, TooSlow> {
        let mut taken = Vec::new();
        self.events.recv_many(&mut taken, TAKEN_AT_ONCE).await;
        let bytes: usize = taken.iter().map(|event| event.bytes()).sum();
        self.shared.bytes.fetch_sub(bytes, Ordering::Relaxed);
        if taken.is_empty() { Err(TooSlow) } else { Ok(taken) }
    }

    /// Whether so much waits that it should be taken without delay.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.events.len() >= TAKEN_AT_ONCE
    }

    /// Resolves once the listener was cut off, also while nobody takes events.
    pub fn cut_off(&self) -> impl Future<Output = ()> + Send + use<> {
        let shared = Arc::clone(&self.shared);
        async move { shared.cut_off.notified().await }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.live.end(&self.topics, &self.shared);
    }
}

impl Platform {
    /// Begins to listen.
    #[must_use]
    pub fn listen(&self, interest: Interest) -> Listener {
        self.live.listen(interest)
    }
}
