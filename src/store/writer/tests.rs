//! The writer on a database that can be full: what was undone with others' work is acknowledged to nobody.

use super::*;
use crate::store::checkpointer::{Bounds, Checkpointer};
use std::sync::mpsc::sync_channel;
use tempfile::TempDir;

/// A writer on a database that may have this many pages.
fn writer(pages_max: u32) -> (TempDir, Connection, Writer) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("db");
    let connection = Connection::open(&path).expect("a database");
    let table = "PRAGMA journal_mode = WAL; CREATE TABLE texts (id INTEGER PRIMARY KEY, text TEXT UNIQUE) STRICT;
        CREATE TABLE settings (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;";
    connection.execute_batch(table).expect("a table");
    connection.pragma_update(None, "max_page_count", pages_max).expect("a limit");
    let (_, progress) = Checkpointer::start(&path, Bounds::default()).expect("a checkpointer");
    let reader = Connection::open(&path).expect("a reader");
    (folder, reader, Writer::start(connection, progress, &Metrics::new().expect("metrics")).expect("a writer"))
}

fn insert(writer: &Writer, id: i64, text: &str) -> Reply<()> {
    let text = text.to_owned();
    let work = move |transaction: &Transaction<'_>| {
        let inserted = transaction.execute("INSERT INTO texts (id, text) VALUES (?1, ?2)", (id, &text));
        if matches!(&inserted, Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation))
        {
            return Err(Error::Conflict("there is one".to_owned()));
        }
        inserted?;
        Ok(())
    };
    writer.submit(work, |()| ())
}

/// Keeps the writer from beginning until the answer is dropped, so that what is submitted meanwhile
/// goes into one transaction.
fn hold(writer: &Writer) -> std::sync::mpsc::SyncSender<()> {
    let (sender, receiver) = sync_channel::<()>(0);
    drop(writer.submit(move |_| Ok(receiver.recv().is_ok()), |_| ()));
    sender
}

fn ids(reader: &Connection) -> Vec<i64> {
    let mut statement = reader.prepare("SELECT id FROM texts ORDER BY id").expect("a query");
    statement.query_map([], |row| row.get(0)).expect("rows").map(|id| id.expect("an ID")).collect()
}

#[test]
fn what_goes_down_with_one_that_fills_the_disk_is_acknowledged_to_nobody() {
    let (_folder, reader, writer) = writer(8);
    insert(&writer, 1, "before").wait().expect("there is room");
    let held = hold(&writer);
    let small = insert(&writer, 2, "small");
    let same = insert(&writer, 3, "small");
    let large = insert(&writer, 4, &"x".repeat(100_000));
    let after = insert(&writer, 5, "after");
    drop(held);
    let answers: Vec<_> = [small, same, large, after].into_iter().map(Reply::wait).collect();
    let present = ids(&reader);
    for (id, answer) in (2..).zip(&answers) {
        match answer {
            Ok(()) => assert!(present.contains(&id), "{id} was acknowledged and is gone: {present:?}"),
            Err(Error::Unavailable(reason)) => {
                assert!(!present.contains(&id), "{id} was refused and is there: {present:?}");
                assert!(reason.contains("disk is full"), "{reason}");
            }
            // Only where the one that it goes by is there.
            Err(Error::Conflict(_)) => assert!(id == 3 && present.contains(&2), "{present:?}"),
            Err(other) => panic!("{id}: {other:?}"),
        }
    }
    assert!(matches!(answers[2], Err(Error::Unavailable(_))), "{answers:?}");
}

#[test]
fn a_transaction_that_the_database_undoes_by_itself_fails_as_a_whole() {
    let (_folder, reader, writer) = writer(1_000);
    let held = hold(&writer);
    let first = insert(&writer, 1, "first");
    let refused = insert(&writer, 2, "first");
    // What SQLite does where it has no way back to the beginning of the statement alone.
    let undone = writer.submit(
        |transaction| {
            transaction.execute_batch("ROLLBACK")?;
            Ok(())
        },
        |()| panic!("it is told of a change that is not there"),
    );
    drop(held);
    for answer in [first.wait(), refused.wait(), undone.wait()] {
        assert!(matches!(answer, Err(Error::Unavailable(_))), "{answer:?}");
    }
    assert!(ids(&reader).is_empty());
    insert(&writer, 2, "again").wait().expect("the next transaction is like any other");
    assert_eq!(ids(&reader), [2]);
}

#[test]
fn it_works_again_once_there_is_room() {
    let (_folder, reader, writer) = writer(8);
    let large = "x".repeat(100_000);
    assert!(matches!(insert(&writer, 1, &large).wait(), Err(Error::Unavailable(_))));
    let more = |transaction: &Transaction<'_>| Ok(transaction.pragma_update(None, "max_page_count", 1_000)?);
    writer.submit(more, |()| ()).wait().expect("more room");
    insert(&writer, 1, &large).wait().expect("there is room");
    assert_eq!(ids(&reader), [1]);
}
