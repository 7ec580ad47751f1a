//! The one writer: a thread that takes work from a bounded channel, runs what waits together in
//! one transaction, commits, and only then answers. That is group commit: everybody's work is
//! durable at the price of one sync. Where the disk does not take it, everybody in the transaction is
//! told so, and the next transaction is tried like any other: it works again as soon as there is room.

use crate::metrics::{Database, Metrics};
use crate::model::error::{Error, Result};
use crate::store::checkpointer::Progress;
use crate::store::setting;
use crate::store::trouble::{self, Trouble};
use crate::store::usage;
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
    /// Does it.
    fn run(&mut self, transaction: &Transaction<'_>) -> Ran;
    /// Hands the result over, or why nothing of the transaction was written.
    fn finish(self: Box<Self>, commit: &Result<(), Lost>);
}

/// How a piece of work went.
enum Ran {
    /// Well.
    Done,
    /// It is to be undone.
    Refused,
    /// It is to be undone, and this is what was wrong with the database.
    Failed(String),
}

/// Why nothing of a transaction was written.
struct Lost {
    /// For whoever asked.
    reason: String,
    /// For the log.
    cause: String,
}

impl From<rusqlite::Error> for Lost {
    fn from(error: rusqlite::Error) -> Self {
        let reason = trouble::passing(&error).unwrap_or("the database does not take it");
        Self { reason: format!("{reason}; nothing was changed"), cause: error.to_string() }
    }
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
    fn run(&mut self, transaction: &Transaction<'_>) -> Ran {
        let Some(work) = self.work.take() else { return Ran::Refused };
        let result = catch_unwind(AssertUnwindSafe(|| work(transaction)))
            .unwrap_or_else(|_| Err(Error::fault("a write panicked; the log has its message")));
        let ran = match &result {
            Ok(_) => Ran::Done,
            Err(Error::Unavailable(reason)) => Ran::Failed(reason.clone()),
            Err(_) => Ran::Refused,
        };
        self.result = Some(result);
        ran
    }

    fn finish(mut self: Box<Self>, commit: &Result<(), Lost>) {
        let result = match (self.result.take(), commit) {
            (Some(Ok(value)), Ok(())) => {
                if let Some(then) = self.then.take() {
                    then(&value);
                }
                Ok(value)
            }
            // A fault is ours, whatever became of the others.
            (Some(Err(refusal)), Ok(())) | (Some(Err(refusal @ Error::Fault(_))), Err(_)) => Err(refusal),
            // A refusal too: it may come from what others in the same transaction did, which is undone.
            (_, Err(lost)) => Err(Error::Unavailable(lost.reason.clone())),
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
    pub(super) fn start(connection: Connection, progress: Progress, metrics: &Metrics) -> Result<Self> {
        let (sender, receiver) = mpsc::channel(WORK_WAITING_MAX);
        // What is shown must not keep the writer from ending.
        let (queue, database) = (sender.downgrade(), metrics.database.clone());
        metrics.watch("connhub_database_changes_waiting", "Changes that wait for the writer.", move || {
            queue.upgrade().map_or(0, |queue| queue.max_capacity() - queue.capacity()) as f64
        });
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || write_all(connection, receiver, progress, &database))
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
            let reason = "the server has too many changes waiting; try again later".to_owned();
            work.finish(&Err(Lost { cause: reason.clone(), reason }));
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

fn write_all(
    mut connection: Connection,
    mut receiver: mpsc::Receiver<Box<dyn Work>>,
    mut progress: Progress,
    metrics: &Database,
) {
    let mut batch = Vec::with_capacity(WORK_PER_TRANSACTION_MAX);
    let mut trouble = Trouble::with("changes cannot be written; they are refused until they can");
    while let Some(first) = receiver.blocking_recv() {
        let begun = Instant::now();
        let commit = write_batch(&mut connection, first, begun, &mut receiver, &mut batch);
        metrics.written(batch.len(), begun.elapsed(), commit.is_ok());
        trouble.note(commit.as_ref().map_err(|lost| &lost.cause));
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
    begun: Instant,
    receiver: &mut mpsc::Receiver<Box<dyn Work>>,
    batch: &mut Vec<Box<dyn Work>>,
) -> Result<(), Lost> {
    usage::withdraw(0);
    let transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(error) => {
            batch.push(first);
            return Err(error.into());
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
    usage::settle(&transaction)?;
    transaction.commit().map_err(|error| {
        if let Err(remains) = overwrite_refused(connection) {
            tracing::warn!(error = %remains, "what is refused now may be there after a crash");
        }
        error.into()
    })
}

/// A COMMIT that fails may leave all of its pages in the write-ahead log: SQLite writes them before its index of the log,
/// which cannot grow on a full disk, and the first to open the database after a crash would take them for committed. The
/// next write goes over the first of them and, since it is random, breaks the chain of checksums of the others, even if
/// it cannot be committed itself.
fn overwrite_refused(connection: &mut Connection) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    setting::probe(&transaction)?;
    Ok(transaction.commit()?)
}

fn run_in_savepoint(transaction: &Transaction<'_>, work: &mut dyn Work) -> Result<(), Lost> {
    transaction.prepare_cached("SAVEPOINT work")?.execute([])?;
    let noted = usage::mark();
    let ran = work.run(transaction);
    if transaction.is_autocommit() {
        // Where the disk is full or fails, SQLite may undo the whole transaction by itself: what others
        // did before in it too, and there is no savepoint to go back to.
        return Err(match ran {
            Ran::Failed(reason) => Lost { cause: reason.clone(), reason },
            Ran::Done | Ran::Refused => {
                let reason = "the database has undone the change".to_owned();
                Lost { cause: reason.clone(), reason }
            }
        });
    }
    if !matches!(ran, Ran::Done) {
        transaction.prepare_cached("ROLLBACK TO work")?.execute([])?;
        usage::withdraw(noted);
    }
    transaction.prepare_cached("RELEASE work")?.execute([])?;
    Ok(())
}

#[cfg(test)]
mod tests;
