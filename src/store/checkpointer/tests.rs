//! The length of the write-ahead log while others read.

use super::*;
use crate::metrics::Metrics;
use crate::store::files;
use crate::store::writer::Writer;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;

const PAGE_BYTES: u64 = 4_096;
/// As many as the server has by default for queries.
const READERS: usize = 32;

/// Writes some 100 KiB over what is there.
const WRITE: &str = "INSERT OR REPLACE INTO blobs (id, content) VALUES (?1, randomblob(100000))";

/// An empty database, and its writer's connection.
fn database(folder: &TempDir) -> (PathBuf, Connection) {
    let path = folder.path().join("db");
    let connection = Connection::open(&path).expect("a database");
    super::super::set_up(&connection).expect("set up");
    connection.pragma_update(None, "synchronous", "OFF").expect("a disk that is fast");
    connection.execute_batch("CREATE TABLE blobs (id INTEGER PRIMARY KEY, content BLOB)").expect("a table");
    (path, connection)
}

/// How many pages of the log are in use.
fn log_pages(path: &std::path::Path) -> i64 {
    let connection = Connection::open(path).expect("a connection");
    connection.query_row("SELECT count(*) FROM blobs", [], |_| Ok(())).expect("read");
    connection.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get(1)).expect("pages")
}

/// Reads again and again, so that there is always somebody in the middle of a read.
fn read(path: &std::path::Path, end: &AtomicBool) {
    let connection = Connection::open(path).expect("a reader");
    super::super::prepare(&connection).expect("prepared");
    while !end.load(Ordering::Relaxed) {
        connection.execute_batch("BEGIN; SELECT count(*) FROM blobs;").expect("read");
        // What a query does between its statements.
        std::thread::sleep(Duration::from_millis(2));
        connection.execute_batch("COMMIT").expect("read");
    }
}

#[test]
fn the_log_stays_short_under_sustained_writes_with_overlapping_queries() {
    let bounds = Bounds { waiting_max: 500, log_max: 1_000, pause_min: Duration::from_millis(20) };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (path, connection) = database(&folder);
    let (checkpointer, progress) = Checkpointer::start(&path, bounds).expect("a checkpointer");
    let writer = Writer::start(connection, progress, &Metrics::new().expect("metrics")).expect("a writer");
    let end = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..READERS)
        .map(|_| {
            let (path, end) = (path.clone(), Arc::clone(&end));
            std::thread::spawn(move || read(&path, &end))
        })
        .collect();
    let written = 1_000;
    for number in 0..written {
        let work = move |transaction: &rusqlite::Transaction<'_>| Ok(transaction.execute(WRITE, [number % 20])?);
        writer.submit(work, |_| ()).wait().expect("written");
    }
    // The file does not become shorter while it is in use, so this is the longest that the log was.
    let longest = files::length(&files::beside(&path, files::LOG));
    end.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.join().expect("read");
    }
    writer.stop();
    checkpointer.join();
    let bound = bounds.log_max.cast_unsigned() * PAGE_BYTES;
    assert!(
        longest < 6 * bound,
        "{longest} bytes of log, {} were written, and the bound is {bound}",
        written * 100_000
    );
}

#[test]
fn what_another_program_still_reads_stays_in_the_log_and_holds_nobody_up_for_long() {
    let bounds = Bounds { waiting_max: 50, log_max: 200, pause_min: Duration::from_millis(1) };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (path, connection) = database(&folder);
    let (checkpointer, mut progress) = Checkpointer::start(&path, bounds).expect("a checkpointer");
    let write = |progress: &mut Progress| {
        connection.execute(WRITE, [0]).expect("written");
        progress.committed(&connection).expect("a log");
    };
    write(&mut progress);
    // As Litestream does: it reads for as long as it copies, and folds nothing by accident.
    let other = Connection::open(&path).expect("another program");
    other.execute_batch("PRAGMA wal_autocheckpoint = 0; BEGIN").expect("a transaction");
    let content = || {
        let sql = "SELECT hex(content) FROM blobs WHERE id = 0";
        other.query_row(sql, [], |row| row.get::<_, String>(0)).expect("read")
    };
    let before = content();
    while progress.pause() < bounds.pause_min * 8 {
        write(&mut progress);
    }
    assert!(log_pages(&path) > bounds.log_max, "the log was begun again");
    assert!(content() == before, "the other program reads something else now");
    other.execute_batch("ROLLBACK").expect("ended");
    while log_pages(&path) > bounds.log_max {
        write(&mut progress);
    }
    assert_eq!(progress.pause(), bounds.pause_min, "it was not blocked any more");
    drop(progress);
    checkpointer.join();
}
