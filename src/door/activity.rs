//! What one connection is doing at this moment, and whether that lasts too long.
//!
//! The stream tells what is read and written, the service when requests begin and end, and the
//! connection's task looks in between whether to go on. Nothing sets a timer for each request: the
//! task looks again after the shortest time that any step may take.
//!
//! Used by this room alone.

use crate::door::limits::Limits;
use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use tokio::time::{Instant, Sleep, sleep_until};

/// What a connection does.
pub(super) struct Activity {
    limits: Arc<Limits>,
    state: Mutex<State>,
    /// The task that serves the connection.
    task: AtomicWaker,
    /// Whether it was asked to end once its requests have.
    ending: AtomicBool,
    /// Whether the head of a request came too slowly.
    late: AtomicBool,
    /// Whether the client does not read, so that nothing more is kept for it.
    abandoned: AtomicBool,
}

struct State {
    /// Requests that were not answered.
    requests: usize,
    /// Since when there are none, or since when the head of one is on its way.
    since: Instant,
    head: bool,
    /// Since when something waits to be written, and how much was since then.
    stalled: Option<(Instant, u64)>,
    /// Whether requests share the connection. Then bytes tell nothing of requests.
    http2: bool,
    /// Answers of HTTP/2 that are not written in full, and until when they must be: a client that
    /// lets an answer wait may read the others.
    answers: BTreeMap<u64, Instant>,
    next_answer: u64,
}

/// What is to be done with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It ends, once its requests have.
    End,
    /// The client is too slow at what is named, and is cut off.
    CutOff(TooSlow),
}

/// What a client is too slow at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum TooSlow {
    /// Sending the head of a request.
    #[error("the head of a request did not arrive in time")]
    Head,
    /// Reading answers.
    #[error("the client reads its answers too slowly, or not at all")]
    Reading,
    /// Closing.
    #[error("the client did not close in time")]
    Closing,
}

impl Activity {
    pub(super) fn new(limits: Arc<Limits>) -> Self {
        let state = State {
            requests: 0,
            since: Instant::now(),
            head: false,
            stalled: None,
            http2: false,
            answers: BTreeMap::new(),
            next_answer: 0,
        };
        Self {
            limits,
            state: Mutex::new(state),
            task: AtomicWaker::new(),
            ending: AtomicBool::new(false),
            late: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
        }
    }

    /// Bytes have come.
    pub(super) fn received(&self) {
        let mut state = self.state.lock();
        if state.requests == 0 && !state.head && !state.http2 {
            (state.head, state.since) = (true, Instant::now());
        }
    }

    /// The client speaks HTTP/2.
    pub(super) fn is_http2(&self) {
        let mut state = self.state.lock();
        (state.http2, state.head) = (true, false);
    }

    /// Something waits to be written.
    pub(super) fn stalls(&self) {
        self.state.lock().stalled.get_or_insert((Instant::now(), 0));
    }

    /// Some of it was written.
    pub(super) fn proceeds(&self, bytes: usize) {
        if let Some((_, written)) = &mut self.state.lock().stalled {
            *written += bytes as u64;
        }
    }

    /// All of it was written.
    pub(super) fn flows(&self) {
        let mut state = self.state.lock();
        state.stalled = None;
        if !state.head {
            state.since = Instant::now();
        }
    }

    /// A request has come; it is under way as long as what this answers lives.
    pub(super) fn request(self: &Arc<Self>) -> UnderWay {
        let mut state = self.state.lock();
        (state.requests, state.head) = (state.requests + 1, false);
        UnderWay { activity: Arc::clone(self), answer: None }
    }

    /// Since when it is open without a request, if it is.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let state = self.state.lock();
        (state.requests == 0 && !state.head && state.stalled.is_none()).then_some(state.since)
    }

    /// Asks it to end.
    pub(super) fn end(&self) {
        self.ending.store(true, Ordering::Release);
        self.task.wake();
    }

    /// Whether it was asked to end.
    #[cfg(test)]
    pub(super) fn is_asked_to_end(&self) -> bool {
        self.ending.load(Ordering::Acquire)
    }

    /// Whether the head of a request came too slowly.
    pub(super) fn is_late(&self) -> bool {
        self.late.load(Ordering::Acquire)
    }

    /// Whether the client does not read.
    pub(super) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Acquire)
    }

    /// Until when it may go on as it is, and what is to be done if that is over.
    fn judge(&self, ending: bool) -> (Instant, Verdict) {
        let state = self.state.lock();
        let slow = |since, time, what| (since + time, Verdict::CutOff(what));
        let steps = [
            state.stalled.map(|(since, written)| slow(since, self.limits.reading_time(written), TooSlow::Reading)),
            state.answers.values().min().map(|until| (*until, Verdict::CutOff(TooSlow::Reading))),
            (state.requests == 0).then(|| match (state.head, ending) {
                (true, _) => slow(state.since, self.limits.header_time, TooSlow::Head),
                (false, true) => slow(state.since, self.limits.answer_time, TooSlow::Closing),
                (false, false) => (state.since + self.limits.idle_time, Verdict::End),
            }),
        ];
        let later = Instant::now() + self.limits.shortest();
        // Where nothing can last too long, it does not matter what follows.
        steps.into_iter().flatten().min_by_key(|(until, _)| *until).unwrap_or((later, Verdict::End))
    }
}

/// A request that is under way.
pub(super) struct UnderWay {
    activity: Arc<Activity>,
    /// Its answer, where that has a time of its own.
    answer: Option<u64>,
}

impl UnderWay {
    /// The request is answered, but is under way until this many bytes are written, for which there is
    /// a time from now on.
    pub(super) fn answered(mut self, bytes: u64) -> Self {
        {
            let mut state = self.activity.state.lock();
            let number = state.next_answer;
            state.next_answer += 1;
            state.answers.insert(number, Instant::now() + self.activity.limits.reading_time(bytes));
            self.answer = Some(number);
        }
        self
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.activity.state.lock();
        state.requests -= 1;
        if let Some(number) = self.answer {
            state.answers.remove(&number);
        }
        if state.requests == 0 {
            state.since = Instant::now();
        }
    }
}

/// Looks after a connection from within its task.
pub(super) struct Watch<'a> {
    activity: &'a Activity,
    look: Pin<Box<Sleep>>,
    told_to_end: bool,
}

impl<'a> Watch<'a> {
    pub(super) fn new(activity: &'a Activity) -> Self {
        let look = Box::pin(sleep_until(Instant::now() + activity.limits.shortest()));
        Self { activity, look, told_to_end: false }
    }

    /// Waits until something is to be done.
    pub(super) async fn verdict(&mut self) -> Verdict {
        poll_fn(|context| {
            if !self.told_to_end {
                self.activity.task.register(context.waker());
                if self.activity.ending.load(Ordering::Acquire) {
                    return Poll::Ready(self.tell(Verdict::End));
                }
            }
            while self.look.as_mut().poll(context).is_ready() {
                let (until, verdict) = self.activity.judge(self.told_to_end);
                let now = Instant::now();
                if until <= now {
                    return Poll::Ready(self.tell(verdict));
                }
                self.look.as_mut().reset(until.min(now + self.activity.limits.shortest()));
            }
            Poll::Pending
        })
        .await
    }

    fn tell(&mut self, verdict: Verdict) -> Verdict {
        match verdict {
            Verdict::End => self.told_to_end = true,
            Verdict::CutOff(TooSlow::Head) => self.activity.late.store(true, Ordering::Release),
            Verdict::CutOff(_) => self.activity.abandoned.store(true, Ordering::Release),
        }
        self.look.as_mut().reset(Instant::now() + self.activity.limits.shortest());
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::{advance, timeout};

    const HEADER: Duration = Duration::from_secs(10);
    const IDLE: Duration = Duration::from_secs(100);
    const ANSWER: Duration = Duration::from_secs(30);

    fn activity() -> Arc<Activity> {
        Arc::new(Activity::new(Arc::new(Limits {
            connections: 1,
            connections_per_address: 1,
            proxies: Vec::new(),
            handshake_time: HEADER,
            header_time: HEADER,
            idle_time: IDLE,
            answer_time: ANSWER,
        })))
    }

    /// What is found within a time, and when.
    async fn verdict(activity: &Activity, within: Duration) -> Option<(Verdict, Duration)> {
        let since = Instant::now();
        let verdict = timeout(within, Watch::new(activity).verdict()).await.ok()?;
        Some((verdict, since.elapsed()))
    }

    /// A clock that goes in milliseconds may be one late.
    #[track_caller]
    fn assert_at(found: Option<(Verdict, Duration)>, verdict: Verdict, at: Duration) {
        let (found, after) = found.expect("a verdict");
        assert_eq!(found, verdict);
        assert!(after >= at && after <= at + Duration::from_millis(2), "{after:?} instead of {at:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_a_request_ends_and_one_with_it_does_not() {
        let activity = activity();
        assert_at(verdict(&activity, IDLE * 2).await, Verdict::End, IDLE);
        activity.received();
        let request = activity.request();
        assert_eq!(verdict(&activity, IDLE * 10).await, None);
        drop(request);
        assert_at(verdict(&activity, IDLE * 2).await, Verdict::End, IDLE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_counts_from_its_first_byte_and_more_bytes_gain_nothing() {
        let activity = activity();
        advance(IDLE / 2).await;
        activity.received();
        let trickle = async {
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                activity.received();
            }
        };
        let found = tokio::select! { found = verdict(&activity, IDLE) => found, () = trickle => None };
        assert_at(found, Verdict::CutOff(TooSlow::Head), HEADER);
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_nothing_is_cut_off_and_who_reads_slowly_once_it_is_too_slow() {
        let stalled = activity();
        let _request = stalled.request();
        stalled.stalls();
        assert_at(verdict(&stalled, IDLE).await, Verdict::CutOff(TooSlow::Reading), ANSWER);
        let slow = activity();
        let _request = slow.request();
        slow.stalls();
        slow.proceeds(80 * 1024);
        assert_at(verdict(&slow, IDLE).await, Verdict::CutOff(TooSlow::Reading), ANSWER + Duration::from_secs(10));
        let recovered = activity();
        let _request = recovered.request();
        recovered.stalls();
        recovered.flows();
        assert_eq!(verdict(&recovered, IDLE).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_of_http_2_has_its_own_time() {
        let activity = activity();
        activity.is_http2();
        let waiting = activity.request().answered(80 * 1024);
        let others = async {
            loop {
                drop(activity.request().answered(1));
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        let found = tokio::select! { found = verdict(&activity, IDLE) => found, () = others => None };
        assert_at(found, Verdict::CutOff(TooSlow::Reading), ANSWER + Duration::from_secs(10));
        drop(waiting);
        assert_at(verdict(&activity, IDLE * 2).await, Verdict::End, IDLE);
    }

    #[tokio::test(start_paused = true)]
    async fn asked_to_end_it_is_told_at_once_and_cut_off_if_the_client_does_not_close() {
        let activity = activity();
        let mut watch = Watch::new(&activity);
        activity.end();
        assert_eq!(watch.verdict().await, Verdict::End);
        let since = Instant::now();
        assert_eq!(watch.verdict().await, Verdict::CutOff(TooSlow::Closing));
        assert!(since.elapsed() <= ANSWER + Duration::from_millis(2), "{:?}", since.elapsed());
    }
}
