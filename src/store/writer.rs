//! The one writer: a thread that takes work from a bounded channel, runs what waits together in
//! one transaction, commits, and only then answers. That is group commit: everybody's work is
//! durable at the price of one sync.

use crate::model::error::{Error, Result};
use crate::store::checkpointer::Progress;
use parking_lot::Mutex;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// How much work may wait; further submitters are told that the server is too busy.
const WORK_WAITING_MAX: usize = 20_000;
/// The most pieces of work in one transaction: bounds how long the first waits for the last.
const WORK_PER_TRANSACTION_MAX: usize = 1_000;
/// How long a transaction goes on taking work.
const TRANSACTION_TIME_MAX: Duration = Duration::from_millis(20);

/// A piece of work with its result and whoever waits for it.
trait Work: Send {
    /// Does it; false if it failed and is to be undone.
    fn run(&mut self, transaction: &Transaction<'_>) -> bool;
    /// Hands the result over, or the failure of the commit.
    fn finish(self: Box<Self>, commit: &Result<(), String>);
}

struct Typed<T, F, A> {
    work: Option<F>,
    then: Option<A>,
    result: Option<Result<T>>,
    reply: Option<oneshot::Sender<Result<T>>>,
}

impl<T, F, A> Work for Typed<T, F, A>
where
    T: Send,
    F: FnOnce(&Transaction<'_>) -> Result<T> + Send,
    A: FnOnce(&T) + Send,
{
    fn run(&mut self, transaction: &Transaction<'_>) -> bool {
        let Some(work) = self.work.take() else { return false };
        let result = catch_unwind(AssertUnwindSafe(|| work(transaction)))
            .unwrap_or_else(|_| Err(Error::fault("a write panicked; the log has its message")));
        let done = result.is_ok();
        self.result = Some(result);
        done
    }

    fn finish(mut self: Box<Self>, commit: &Result<(), String>) {
        let result = match (self.result.take(), commit) {
            (Some(Ok(value)), Ok(())) => {
                if let Some(then) = self.then.take() {
                    then(&value);
                }
                Ok(value)
            }
            (Some(Err(refusal)), _) => Err(refusal),
            (_, Err(reason)) => Err(Error::Unavailable(reason.clone())),
            (None, Ok(())) => Err(Error::fault("a write was not run")),
        };
        if let Some(reply) = self.reply.take() {
            // Whoever asked may have gone away; the work is done all the same.
            let _ = reply.send(result);
        }
    }
}

/// The result of a write, to come.
pub struct Reply<T>(oneshot::Receiver<Result<T>>);

impl<T> Reply<T> {
    /// Waits on this thread, which must not be one of the async runtime's.
    ///
    /// # Errors
    /// What the work answered, or that the server is shutting down.
    pub fn wait(self) -> Result<T> {
        self.0.blocking_recv().unwrap_or_else(|_| Err(closed()))
    }
}

impl<T> Future for Reply<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|received| received.unwrap_or_else(|_| Err(closed())))
    }
}

fn closed() -> Error {
    Error::Unavailable("the server is shutting down".to_owned())
}

pub(super) struct Writer {
    sender: Mutex<Option<mpsc::Sender<Box<dyn Work>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(connection: Connection, progress: Progress) -> Result<Self> {
        let (sender, receiver) = mpsc::channel(WORK_WAITING_MAX);
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || write_all(connection, receiver, progress))
            .map_err(Error::fault)?;
        Ok(Self { sender: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)) })
    }

    pub(super) fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
        then: impl FnOnce(&T) + Send + 'static,
    ) -> Reply<T> {
        let (reply, receiver) = oneshot::channel();
        let work = Box::new(Typed { work: Some(work), then: Some(then), result: None, reply: Some(reply) });
        let sent = match &*self.sender.lock() {
            Some(sender) => sender.try_send(work),
            None => return Reply(receiver),
        };
        if let Err(mpsc::error::TrySendError::Full(work)) = sent {
            work.finish(&Err("the server has too many changes waiting; try again later".to_owned()));
        }
        Reply(receiver)
    }

    pub(super) fn stop(&self) {
        self.sender.lock().take();
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the writer's thread panicked");
        }
    }
}

fn write_all(mut connection: Connection, mut receiver: mpsc::Receiver<Box<dyn Work>>, progress: Progress) {
    let mut batch = Vec::with_capacity(WORK_PER_TRANSACTION_MAX);
    while let Some(first) = receiver.blocking_recv() {
        let commit = write_batch(&mut connection, first, &mut receiver, &mut batch).map_err(|error| {
            tracing::error!(%error, "a transaction could not be committed");
            format!("the change could not be written: {}", public_reason(&error))
        });
        for work in batch.drain(..) {
            work.finish(&commit);
        }
        if let Err(error) = progress.committed(&connection) {
            tracing::warn!(%error, "the length of the write-ahead log cannot be told");
        }
    }
    // A server that is at work on the same file must not wait until its readers let go of the log.
    if let Err(error) = connection.execute_batch("PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)") {
        tracing::warn!(%error, "the write-ahead log stays beside the database");
    }
}

fn write_batch(
    connection: &mut Connection,
    first: Box<dyn Work>,
    receiver: &mut mpsc::Receiver<Box<dyn Work>>,
    batch: &mut Vec<Box<dyn Work>>,
) -> rusqlite::Result<()> {
    let begun = Instant::now();
    let transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(error) => {
            batch.push(first);
            return Err(error);
        }
    };
    let mut next = Some(first);
    while let Some(mut work) = next {
        let ran = run_in_savepoint(&transaction, &mut *work);
        batch.push(work);
        ran?;
        let full = batch.len() >= WORK_PER_TRANSACTION_MAX || begun.elapsed() > TRANSACTION_TIME_MAX;
        next = if full { None } else { receiver.try_recv().ok() };
    }
    transaction.commit()
}

fn run_in_savepoint(transaction: &Transaction<'_>, work: &mut dyn Work) -> rusqlite::Result<()> {
    transaction.prepare_cached("SAVEPOINT work")?.execute([])?;
    if !work.run(transaction) {
        transaction.prepare_cached("ROLLBACK TO work")?.execute([])?;
    }
    transaction.prepare_cached("RELEASE work")?.execute([])?;
    Ok(())
}

/// What a client may know of a failed commit.
fn public_reason(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => "the server's disk is full",
        Some(rusqlite::ErrorCode::ReadOnly) => "the server's disk is read-only",
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => "the database is locked",
        _ => "the database does not take it",
    }
}
