//! Who listens to what: topics with their listeners, each of which has a bounded queue. Publishing
//! never waits: a listener whose queue is full is cut off instead.
//!
//! Used by [`super`] alone.

use crate::model::error::{Error, Result};
use crate::ops::Platform;
use crate::ops::live::{Event, Filter, Interest, Topic};
use parking_lot::RwLock;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use tokio::sync::{Notify, mpsc};

/// How many events may wait for one listener. The writer publishes a whole transaction's at once,
/// which may be 1,000: one that keeps up must survive a few of those.
pub(super) const QUEUE_EVENTS_MAX: usize = 4_096;
/// How much the events that wait for one listener may weigh together, in bytes: a value may have
/// 64 KiB.
pub(super) const QUEUE_BYTES_MAX: usize = 8 << 20;
/// How many events a listener takes at once: they share one view of the database.
const TAKEN_AT_ONCE: usize = 64;
/// After how many seconds a client that finds a topic full may try again.
const RETRY_SECONDS: u32 = 5;

/// How much the events that wait for anybody may weigh together, in bytes; an event that waits for many counts once.
/// Past it, listeners with more than a little waiting are cut off.
const ALL_QUEUES_BYTES_MAX: usize = 64 << 20;
/// How much may wait for one listener past that, in bytes: a value of the greatest length, and what comes with it.
const QUEUE_BYTES_WHEN_FULL: usize = 128 << 10;
/// How many may listen to one topic: publishing an event takes the writer a fraction of a microsecond for each.
const LISTENERS_PER_TOPIC_MAX: usize = 1_000;

/// All listeners.
pub(in crate::ops) struct Live {
    per_topic_max: usize,
    listening: AtomicUsize,
    /// The number of the next subscriber.
    next: AtomicU64,
    /// How much waits in all queues, in bytes.
    bytes: Arc<AtomicUsize>,
    topics: RwLock<HashMap<Topic, BTreeMap<u64, Arc<Subscriber>>>>,
    #[cfg(test)]
    pub(super) visits: AtomicUsize,
}

impl Default for Live {
    fn default() -> Self {
        Self::new(LISTENERS_PER_TOPIC_MAX)
    }
}

struct Subscriber {
    filter: Filter,
    queue: mpsc::Sender<Arc<Waiting>>,
    shared: Arc<Shared>,
}

/// What a subscriber and its listener share.
#[derive(Default)]
struct Shared {
    bytes: AtomicUsize,
    cut_off: AtomicBool,
    woken: Notify,
}

/// An event in queues, which counts among all that waits until the last listener has taken it.
struct Waiting {
    event: Arc<Event>,
    bytes: usize,
    all: Arc<AtomicUsize>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Shared {
    /// Resolves once the listener is cut off.
    async fn cut_off(&self) {
        let mut woken = pin!(self.woken.notified());
        // Before looking, so that nothing is missed between looking and waiting.
        woken.as_mut().enable();
        if !self.cut_off.load(Ordering::Acquire) {
            woken.await;
        }
    }
}

impl Subscriber {
    /// Puts an event into the queue. A listener whose queue is full is cut off and passed over from then on; dropping
    /// it removes it. Publishing changes nothing else, so it needs no more than to read the list of listeners.
    fn offer(&self, waiting: &Arc<Waiting>) {
        if self.shared.cut_off.load(Ordering::Relaxed) {
            return;
        }
        let is_full = waiting.all.load(Ordering::Relaxed) > ALL_QUEUES_BYTES_MAX;
        let max = if is_full { QUEUE_BYTES_WHEN_FULL } else { QUEUE_BYTES_MAX };
        let before = self.shared.bytes.fetch_add(waiting.bytes, Ordering::Relaxed);
        if before + waiting.bytes > max || self.queue.try_send(Arc::clone(waiting)).is_err() {
            self.shared.cut_off.store(true, Ordering::Release);
            self.shared.woken.notify_waiters();
        }
    }
}

impl Live {
    /// No listeners yet; at most so many of one topic.
    pub(super) fn new(per_topic_max: usize) -> Self {
        Self {
            per_topic_max,
            listening: AtomicUsize::new(0),
            next: AtomicU64::new(0),
            bytes: Arc::default(),
            topics: RwLock::default(),
            #[cfg(test)]
            visits: AtomicUsize::new(0),
        }
    }

    /// Publishes an event to its listeners; it is not even made if there are none. To be called once it is committed.
    /// Does not wait.
    pub(in crate::ops) fn publish(&self, event: impl FnOnce() -> Arc<Event>) {
        if self.listening.load(Ordering::Relaxed) > 0 {
            self.offer(event());
        }
    }

    /// How many listen.
    pub(in crate::ops) fn listening(&self) -> usize {
        self.listening.load(Ordering::Relaxed)
    }

    fn offer(&self, event: Arc<Event>) {
        let waiting = self.waiting(event);
        let topics = self.topics.read();
        for topic in waiting.event.topics().into_iter().flatten() {
            for subscriber in topics.get(&topic).into_iter().flat_map(BTreeMap::values) {
                #[cfg(test)]
                self.visits.fetch_add(1, Ordering::Relaxed);
                if subscriber.filter.takes(&waiting.event) {
                    subscriber.offer(&waiting);
                }
            }
        }
    }

    fn waiting(&self, event: Arc<Event>) -> Arc<Waiting> {
        let bytes = event.bytes();
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        Arc::new(Waiting { event, bytes, all: Arc::clone(&self.bytes) })
    }

    /// Begins to listen.
    ///
    /// # Errors
    /// [`Error::TooMany`] if one of the topics has as many listeners as it may have.
    pub(super) fn listen(self: &Arc<Self>, interest: Interest) -> Result<Listener> {
        let (queue, events) = mpsc::channel(QUEUE_EVENTS_MAX);
        let shared = Arc::<Shared>::default();
        let subscriber = Arc::new(Subscriber { filter: interest.filter, queue, shared: Arc::clone(&shared) });
        subscriber.offer(&self.waiting(Arc::new(Event::CheckAgain)));
        let mut topics = self.topics.write();
        let has_room = |topic| topics.get(topic).is_none_or(|all: &BTreeMap<_, _>| all.len() < self.per_topic_max);
        if !interest.topics.iter().all(has_room) {
            let message = format!("{} subscriptions listen to this, which is the most: end some", self.per_topic_max);
            return Err(Error::TooMany { message, retry_after: RETRY_SECONDS });
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        for topic in &interest.topics {
            topics.entry(*topic).or_default().insert(number, Arc::clone(&subscriber));
        }
        self.listening.fetch_add(1, Ordering::Relaxed);
        drop(topics);
        Ok(Listener { live: Arc::clone(self), number, topics: interest.topics, events, shared })
    }

    #[cfg(test)]
    pub(super) fn bytes_waiting(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.topics.read().is_empty()
            && self.listening.load(Ordering::Relaxed) == 0
            && self.bytes.load(Ordering::Relaxed) == 0
    }

    fn end(&self, topics: &[Topic], number: u64) {
        self.listening.fetch_sub(1, Ordering::Relaxed);
        let mut all = self.topics.write();
        for topic in topics {
            if let Entry::Occupied(mut subscribers) = all.entry(*topic) {
                subscribers.get_mut().remove(&number);
                if subscribers.get().is_empty() {
                    subscribers.remove();
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
    number: u64,
    topics: Vec<Topic>,
    events: mpsc::Receiver<Arc<Waiting>>,
    shared: Arc<Shared>,
}

impl Listener {
    /// Waits for events and takes those that are there, in the order of their commits.
    ///
    /// # Errors
    /// [`TooSlow`] once what was waiting has been taken.
    pub async fn next(&mut self) -> Result<Vec<Arc<Event>>, TooSlow> {
        let mut taken = Vec::new();
        tokio::select! {
            biased;
            _ = self.events.recv_many(&mut taken, TAKEN_AT_ONCE) => {}
            () = self.shared.cut_off() => {}
        }
        let bytes: usize = taken.iter().map(|waiting| waiting.bytes).sum();
        self.shared.bytes.fetch_sub(bytes, Ordering::Relaxed);
        if taken.is_empty() {
            return Err(TooSlow);
        }
        Ok(taken.iter().map(|waiting| Arc::clone(&waiting.event)).collect())
    }

    /// Whether so much waits that it should be taken without delay.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.events.len() >= TAKEN_AT_ONCE
    }

    /// Resolves once the listener was cut off, also while nobody takes events.
    pub fn cut_off(&self) -> impl Future<Output = ()> + Send + use<> {
        let shared = Arc::clone(&self.shared);
        async move { shared.cut_off().await }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.live.end(&self.topics, self.number);
    }
}

impl Platform {
    /// Begins to listen.
    ///
    /// # Errors
    /// [`Error::TooMany`] if as many listen to the same already as may.
    pub fn listen(&self, interest: Interest) -> Result<Listener> {
        self.live.listen(interest)
    }
}
