//! One socket: the protocol graphql-transport-ws from the upgrade to the close.
//!
//! One task reads, one writes, and each operation has its own; what they want to say waits in one
//! short queue, so a client that does not read holds back its operations, whose events then wait in
//! bounded queues of their own. Messages are taken in order, and the next one only once a
//! subscription stands: a `pong` tells that what was subscribed to before the `ping` will be told.
//!
//! Used by [`super`].

use crate::http::graphql;
use crate::http::log::STRANGERS;
use crate::http::reply::Refusal;
use crate::http::socket::message::{self, FromClient};
use crate::http::socket::{Begun, Close, End, Events, Happened, Identity, Operations};
use crate::model::error::Error;
use crate::ops::suspension::AccessChanges;
use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::{Error as Broken, Message};

/// How long a client may take to send `connection_init`.
pub(super) const INIT_TIME_MAX: Duration = Duration::from_secs(5);
/// How long nothing may be heard of a client before it is asked whether it is there, and then until
/// it has answered.
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(25);
/// How long writing a message may take before the client counts as gone.
pub(super) const WRITE_TIME_MAX: Duration = Duration::from_secs(30);
/// How long a client may take to read what was sent before the close, and to close too.
pub(super) const CLOSE_TIME_MAX: Duration = Duration::from_secs(5);
/// How many operations a socket may have at once.
pub(super) const OPERATIONS_MAX: usize = 100;
/// How many messages may wait to be written.
const MESSAGES_WAITING_MAX: usize = 32;

/// What a session begins with.
pub(super) struct Start<O> {
    /// What executes operations.
    pub(super) operations: O,
    /// What the upgrade said.
    pub(super) identity: Identity,
    /// The ID of the upgrade's request; those of the operations begin with it.
    pub(super) id: String,
    /// True once the server stops.
    pub(super) stopped: watch::Receiver<bool>,
    /// Changes when tokens may have ended.
    pub(super) access: AccessChanges,
}

/// Serves a socket to its end; only closes it where there is a `refusal`.
pub(super) async fn serve<S, O>(socket: S, refusal: Option<Close>, start: Start<O>)
where
    S: Stream<Item = Result<Message, Broken>> + Sink<Message, Error = Broken> + Send + 'static,
    O: Operations,
{
    let (mut sink, mut stream) = socket.split();
    let id = start.id.clone();
    let begun = Instant::now();
    let end = match refusal {
        Some(close) => {
            if let Some(said) = close.said_before() {
                // It may be gone by now, and then it needs no close either.
                let _ = sink.send(said).await;
            }
            Some(close)
        }
        None => converse(&mut sink, &mut stream, start).await,
    };
    // Anyone can open one and have it closed.
    if STRANGERS.admits() {
        tracing::info!(
            request_id = id,
            code = end.as_ref().map(|close| close.code),
            reason = end.as_ref().map(|close| close.reason.as_str()),
            seconds = begun.elapsed().as_secs(),
            "a WebSocket ends"
        );
    }
    let closing = async {
        if let Some(close) = end {
            sink.send(close.message()).await?;
        }
        // What else the client says is of no interest, but it has to see the close before the end.
        while stream.next().await.transpose()?.is_some() {}
        Ok::<_, Broken>(())
    };
    // A client that is gone does not answer.
    let _ = timeout(CLOSE_TIME_MAX, closing).await;
}

/// Does everything between upgrade and close; how to close, unless the client did or is gone.
async fn converse<O: Operations>(
    sink: &mut (impl Sink<Message, Error = Broken> + Unpin),
    stream: &mut (impl Stream<Item = Result<Message, Broken>> + Unpin),
    start: Start<O>,
) -> Option<Close> {
    let (out, waiting) = mpsc::channel(MESSAGES_WAITING_MAX);
    let (close, mut closed) = mpsc::channel(1);
    let mut stopped = start.stopped.clone();
    let mut session = Session {
        operations: start.operations,
        identity: start.identity,
        initialised: false,
        id: start.id,
        begun: 0,
        running: Arc::new(Running { out, close, operations: Mutex::default() }),
    };
    tokio::select! {
        end = session.listen(stream, start.access) => end,
        () = write(sink, waiting) => None,
        close = closed.recv() => close,
        // An error means that nobody is left who could stop the server.
        _ = stopped.wait_for(|stopped| *stopped) => Some(Close::going_away()),
    }
}

/// Writes what waits, until the client is gone or takes too long.
async fn write(sink: &mut (impl Sink<Message, Error = Broken> + Unpin), mut waiting: mpsc::Receiver<Message>) {
    while let Some(first) = waiting.recv().await {
        let writing = async {
            sink.feed(first).await?;
            while let Ok(next) = waiting.try_recv() {
                sink.feed(next).await?;
            }
            sink.flush().await
        };
        if !matches!(timeout(WRITE_TIME_MAX, writing).await, Ok(Ok(()))) {
            return;
        }
    }
}

struct Session<O> {
    operations: O,
    identity: Identity,
    initialised: bool,
    id: String,
    /// How many operations there have been.
    begun: u64,
    running: Arc<Running>,
}

impl<O> Drop for Session<O> {
    fn drop(&mut self) {
        self.running.abort_all();
    }
}

/// The operations of a socket, and their ways out.
struct Running {
    out: mpsc::Sender<Message>,
    close: mpsc::Sender<Close>,
    operations: Mutex<HashMap<String, (u64, AbortHandle)>>,
}

impl<O: Operations> Session<O> {
    /// Takes messages until the socket is to be closed; none where the client closes it or is gone.
    async fn listen(
        &mut self,
        stream: &mut (impl Stream<Item = Result<Message, Broken>> + Unpin),
        mut access: AccessChanges,
    ) -> Option<Close> {
        let init_until = Instant::now() + INIT_TIME_MAX;
        let mut asked = false;
        let mut checked = Instant::now();
        loop {
            // Events are told to good tokens alone; where nothing happens, nobody would notice the end of one.
            let may_have_ended = access.has_changed().unwrap_or_default() || checked.elapsed() >= SILENCE_MAX;
            if self.initialised && may_have_ended {
                access.mark_unchanged();
                checked = Instant::now();
                if let Err(close) = self.operations.authenticate(&self.identity).await {
                    return Some(close);
                }
            }
            let until = if self.initialised { Instant::now() + SILENCE_MAX } else { init_until };
            let next = tokio::select! {
                next = timeout_at(until, stream.next()) => next,
                Ok(()) = access.changed(), if self.initialised => {
                    access.mark_changed();
                    continue;
                }
            };
            let message = match next {
                Ok(Some(Ok(message))) if message.is_close() => return None,
                Ok(Some(Ok(message))) => message,
                Ok(Some(Err(error))) => return Close::after(&error),
                Ok(None) => return None,
                Err(_) if !self.initialised => return Some(Close::init_timeout()),
                Err(_) if asked => return None,
                Err(_) => {
                    asked = true;
                    self.say(Message::Ping(Bytes::new())).await;
                    continue;
                }
            };
            asked = false;
            // Pings are answered by the WebSocket itself.
            if message.is_ping() || message.is_pong() {
                continue;
            }
            let Message::Text(text) = message else { return Some(Close::bad_message("it must be a text")) };
            if let Err(close) = self.take(&text).await {
                return Some(close);
            }
        }
    }

    async fn take(&mut self, text: &str) -> Result<(), Close> {
        match FromClient::read(text).map_err(|why| Close::bad_message(&why))? {
            FromClient::Init(identity) => self.init(identity).await?,
            FromClient::Ping(payload) => self.say(message::pong(payload.as_deref())).await,
            FromClient::Pong => {}
            FromClient::Subscribe(..) if !self.initialised => return Err(Close::not_initialised()),
            FromClient::Subscribe(id, asked) => self.subscribe(id, asked).await?,
            FromClient::Complete(id) => self.running.abort(&id),
        }
        Ok(())
    }

    async fn init(&mut self, identity: Identity) -> Result<(), Close> {
        if self.initialised {
            return Err(Close::init_twice());
        }
        self.identity = identity.or(std::mem::take(&mut self.identity));
        self.operations.authenticate(&self.identity).await?;
        self.initialised = true;
        self.say(message::ack()).await;
        Ok(())
    }

    async fn subscribe(&mut self, id: String, asked: graphql::Asked) -> Result<(), Close> {
        let running = self.running.operations.lock().len();
        if self.running.operations.lock().contains_key(&id) {
            return Err(Close::duplicate(&id));
        }
        self.begun += 1;
        let request_id = format!("{}.{}", self.id, self.begun);
        if asked.by_hash {
            self.say(message::error(&id, &graphql::not_persisted(&request_id))).await;
            return Ok(());
        }
        if running >= OPERATIONS_MAX {
            let message =
                format!("a WebSocket can have {OPERATIONS_MAX} operations at once; complete some, or open another");
            let refusal = Refusal::from(Error::TooMany { message, retry_after: 1 });
            self.say(message::error(&id, &graphql::refusal_body(&refusal, &request_id))).await;
            return Ok(());
        }
        let operation = Operation { id, number: self.begun, running: Arc::clone(&self.running) };
        match self.operations.begin(asked, &self.identity, request_id).await {
            Begun::Over(End::Close(close)) => return Err(close),
            Begun::Over(end) => operation.end(end).await,
            Begun::Once(result) => operation.spawn(|operation| async move {
                let happened = result.await;
                operation.tell(happened).await;
            }),
            Begun::Live(events) => operation.spawn(|operation| operation.follow(events)),
        }
        Ok(())
    }

    /// Says something once there is room; where there will be none, the socket ends elsewhere.
    async fn say(&self, message: Message) {
        let _ = self.running.out.send(message).await;
    }
}

impl Running {
    fn abort(&self, id: &str) {
        if let Some((_, task)) = self.operations.lock().remove(id) {
            task.abort();
        }
    }

    fn abort_all(&self) {
        self.operations.lock().drain().for_each(|(_, (_, task))| task.abort());
    }
}

/// An operation as its own task knows it.
struct Operation {
    id: String,
    /// Another one may have the same ID later.
    number: u64,
    running: Arc<Running>,
}

impl Operation {
    fn spawn<W: Future<Output = ()> + Send + 'static>(self, work: impl FnOnce(Self) -> W) {
        let (id, number, running) = (self.id.clone(), self.number, Arc::clone(&self.running));
        // Locked until it is noted, so that it cannot end before.
        let mut operations = running.operations.lock();
        let task = tokio::spawn(work(self));
        operations.insert(id, (number, task.abort_handle()));
    }

    /// Tells events until they end, or too many wait.
    async fn follow(self, mut events: impl Events) {
        let cut_off = events.cut_off();
        let following = async {
            loop {
                let happened = events.next().await;
                if !self.tell(happened).await {
                    return;
                }
            }
        };
        tokio::select! {
            biased;
            () = cut_off => self.end(End::Close(Close::too_slow())).await,
            () = following => {}
        }
    }

    /// Says what happened; whether the operation goes on.
    async fn tell(&self, Happened { responses, end }: Happened) -> bool {
        for response in responses {
            if self.running.out.send(message::next(&self.id, response)).await.is_err() {
                return false;
            }
        }
        let Some(end) = end else { return true };
        self.end(end).await;
        false
    }

    async fn end(&self, end: End) {
        // Before the client can know and use the ID again.
        {
            let mut operations = self.running.operations.lock();
            if operations.get(&self.id).is_some_and(|(number, _)| *number == self.number) {
                operations.remove(&self.id);
            }
        }
        let last = match end {
            End::Complete => message::complete(&self.id),
            End::Errors(response) => message::error(&self.id, &response),
            End::Close(close) => {
                // The first reason counts.
                let _ = self.running.close.try_send(close);
                return;
            }
        };
        let _ = self.running.out.send(last).await;
    }
}
