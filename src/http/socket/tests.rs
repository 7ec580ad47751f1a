//! What takes time or goes on out of sight: limits in time with the clock turned by hand, and what
//! becomes of operations whose socket ends. All else is tested over real sockets.

use super::session::{self, CLOSE_TIME_MAX, INIT_TIME_MAX, SILENCE_MAX, Start, WRITE_TIME_MAX};
use super::*;
use futures_util::{FutureExt, Sink, Stream};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::{Error as Broken, Message};

/// The server's end of a connection in memory.
struct Wire {
    received: UnboundedReceiver<Message>,
    sent: UnboundedSender<Message>,
    /// Whether what is written never gets through.
    stuck: bool,
}

impl Stream for Wire {
    type Item = Result<Message, Broken>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.received.poll_recv(context).map(|message| message.map(Ok))
    }
}

impl Sink<Message> for Wire {
    type Error = Broken;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Broken> {
        // The test may have gone.
        let _ = self.sent.send(message);
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        if self.stuck { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        Poll::Ready(Ok(()))
    }
}

/// Begins operations that never do anything, and tells when they are dropped. Everybody's token is good
/// until a moment.
struct Idle(Arc<Semaphore>, Instant);

/// Gives a permit when it is dropped.
struct Forever(Arc<Semaphore>);

impl Drop for Forever {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

impl Events for Forever {
    fn cut_off(&self) -> impl Future<Output = ()> + Send + 'static {
        std::future::pending()
    }

    async fn next(&mut self) -> Happened {
        std::future::pending().await
    }
}

impl Operations for Idle {
    type Live = Forever;

    async fn authenticate(&self, _: &Identity) -> Result<(), Close> {
        if Instant::now() < self.1 { Ok(()) } else { Err(Close::forbidden("the token has ended")) }
    }

    async fn begin(&self, _: Asked, _: &Identity, _: String) -> Begun<Forever> {
        Begun::Live(Forever(Arc::clone(&self.0)))
    }
}

/// The client's end of a socket that is served.
struct Client {
    send: UnboundedSender<Message>,
    receive: UnboundedReceiver<Message>,
    dropped: Arc<Semaphore>,
    serving: JoinHandle<()>,
    begun: Instant,
    _running: watch::Sender<bool>,
}

impl Client {
    fn connect(stuck: bool) -> Self {
        Self::connect_with_token(stuck, Duration::from_secs(3600))
    }

    fn connect_with_token(stuck: bool, lifetime: Duration) -> Self {
        let ((send, received), (sent, receive)) = (unbounded_channel(), unbounded_channel());
        let (running, stopped) = watch::channel(false);
        let dropped = Arc::new(Semaphore::new(0));
        let operations = Idle(Arc::clone(&dropped), Instant::now() + lifetime);
        let (identity, id) = (Identity::default(), "test".to_owned());
        let start = Start { operations, identity, id, stopped, access: watch::channel(None).1 };
        let serving = tokio::spawn(session::serve(Wire { received, sent, stuck }, None, start));
        Self { send, receive, dropped, serving, begun: Instant::now(), _running: running }
    }

    fn say(&self, text: &str) {
        self.send.send(Message::text(text)).expect("a socket that is served");
    }

    async fn initialised() -> Self {
        Self::initialised_with_token(Duration::from_secs(3600)).await
    }

    async fn initialised_with_token(lifetime: Duration) -> Self {
        let mut client = Self::connect_with_token(false, lifetime);
        client.say(r#"{"type":"connection_init"}"#);
        assert_eq!(client.receive.recv().await, Some(Message::text(r#"{"type":"connection_ack"}"#)));
        client
    }

    /// Waits until the server lets go of the socket; how long it has been served.
    async fn served(&mut self) -> Duration {
        (&mut self.serving).await.expect("a session that does not panic");
        self.begun.elapsed()
    }
}

/// Timers have a resolution of a millisecond.
fn about(a: Duration, b: Duration) -> bool {
    a.abs_diff(b) < Duration::from_millis(20)
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_is_closed_and_then_let_go() {
    let mut client = Client::connect(false);
    let close = client.receive.recv().await.expect("a close");
    assert!(matches!(close, Message::Close(Some(frame)) if u16::from(frame.code) == 4408));
    assert!(about(client.begun.elapsed(), INIT_TIME_MAX), "{:?}", client.begun.elapsed());
    // It does not close on its side.
    let served = client.served().await;
    assert!(about(served, INIT_TIME_MAX + CLOSE_TIME_MAX), "{served:?}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_no_ping_is_gone() {
    let mut client = Client::initialised().await;
    for silences in 1..=3 {
        assert!(client.receive.recv().await.expect("a ping").is_ping());
        assert!(about(client.begun.elapsed(), SILENCE_MAX * silences), "{:?}", client.begun.elapsed());
        if silences < 3 {
            client.send.send(Message::Pong(bytes::Bytes::new())).expect("a socket that is served");
        }
    }
    let served = client.served().await;
    assert!(about(served, SILENCE_MAX * 4 + CLOSE_TIME_MAX), "{served:?}");
    assert!(client.receive.recv().await.is_none(), "nobody is there to be told");
}

/// Also where nothing happens that it would not be told.
#[tokio::test(start_paused = true)]
async fn a_socket_whose_token_has_ended_is_closed() {
    let mut client = Client::initialised_with_token(SILENCE_MAX / 2).await;
    client.say(r#"{"type":"subscribe","id":"1","payload":{"query":"{ a }"}}"#);
    let close = loop {
        match client.receive.recv().await.expect("a close") {
            Message::Ping(_) => client.send.send(Message::Pong(bytes::Bytes::new())).expect("a socket that is served"),
            other => break other,
        }
    };
    assert!(matches!(close, Message::Close(Some(frame)) if u16::from(frame.code) == 4403));
    assert!(client.begun.elapsed() <= SILENCE_MAX * 2, "{:?}", client.begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_is_gone() {
    let mut client = Client::connect(true);
    // It goes on talking, and is never heard by itself.
    for _ in 0..100 {
        client.say(r#"{"type":"ping"}"#);
    }
    client.say(r#"{"type":"connection_init"}"#);
    let served = client.served().await;
    assert!(about(served, WRITE_TIME_MAX + CLOSE_TIME_MAX), "{served:?}");
}

#[tokio::test(start_paused = true)]
async fn operations_end_with_their_socket() {
    let subscribe = |id| format!(r#"{{"type":"subscribe","id":"{id}","payload":{{"query":"{{ a }}"}}}}"#);
    let client = Client::initialised().await;
    client.say(&subscribe(1));
    client.say(&subscribe(2));
    client.say(&subscribe(3));
    client.say(r#"{"type":"complete","id":"2"}"#);
    client.dropped.acquire().await.expect("the second ends").forget();
    assert_eq!(client.dropped.available_permits(), 0);
    client.send.send(Message::Close(None)).expect("a socket that is served");
    client.dropped.acquire_many(2).await.expect("all end").forget();
}

#[tokio::test]
async fn all_sockets_can_be_waited_for() {
    let sockets = Sockets::new(watch::channel(false).1, watch::channel(None).1);
    let permit = Arc::clone(&sockets.permits).try_acquire_owned().expect("a permit");
    let mut closed = std::pin::pin!(sockets.closed());
    assert!(closed.as_mut().now_or_never().is_none());
    drop(permit);
    closed.await;
}
