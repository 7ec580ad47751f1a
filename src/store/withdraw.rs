//! What a COMMIT that failed may leave in the write-ahead log. SQLite writes a transaction into the log, and then into
//! its index of the log; where that has to grow and the disk is full, the COMMIT fails with all of the
//! transaction in the log, and whoever opens the database after a crash takes it for committed.

use crate::model::error::Result;
use crate::store::files::{self, LOG};
use rusqlite::{Connection, TransactionBehavior};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// How long the log's header and that of each page in it are, in bytes, and where in both stands what tells
/// the pages of this round from those of rounds before (SQLite's "WAL File Format").
const LOG_HEADER_BYTES: usize = 32;
const PAGE_HEADER_BYTES: usize = 24;
const LOG_SALT: std::ops::Range<usize> = 16..24;
const PAGE_SALT: std::ops::Range<usize> = 8..16;

/// Makes void what stands in the log after what is committed. Only to be called where a COMMIT failed.
///
/// # Errors
/// Faults of the database and its disk: then it may be there after a crash, or not.
pub(super) fn withdraw(connection: &mut Connection) -> Result<()> {
    let Some(database) = connection.path().map(ToOwned::to_owned) else { return Ok(()) };
    let database = Path::new(&database);
    // So that nobody writes into the log meanwhile.
    let _turn = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (pages, page_bytes) = committed(database)?;
    let log = files::beside(database, LOG);
    void(&log, pages, page_bytes).map_err(|error| files::failed("take back what is in", &log, &error))
}

/// How many pages of the log are committed, and how long each is, in bytes. Who is in a transaction is not told.
fn committed(database: &Path) -> rusqlite::Result<(u64, u64)> {
    let beside = Connection::open(database)?;
    // The log is opened by the first who reads.
    beside.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let pages: i64 = beside.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get(1))?;
    let page_bytes: i64 = beside.pragma_query_value(None, "page_size", |row| row.get(0))?;
    Ok((pages.max(0).cast_unsigned(), page_bytes.cast_unsigned()))
}

fn void(log: &Path, pages: u64, page_bytes: u64) -> io::Result<()> {
    let (mut header, mut page) = ([0; LOG_HEADER_BYTES], [0; PAGE_HEADER_BYTES]);
    let at = LOG_HEADER_BYTES as u64 + pages * (PAGE_HEADER_BYTES as u64 + page_bytes);
    let reading = File::open(log)?;
    match reading.read_exact_at(&mut header, 0).and_then(|()| reading.read_exact_at(&mut page, at)) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
        other => other?,
    }
    if header[LOG_SALT] != page[PAGE_SALT] {
        return Ok(());
    }
    let log = File::options().write(true).open(log)?;
    log.write_all_at(&[0; PAGE_HEADER_BYTES], at)?;
    log.sync_data()
}
