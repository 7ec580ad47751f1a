//! Space in the file that nothing needs any more. What is deleted is overwritten with zeros at once (`secure_delete`);
//! pages that are left empty are given back to the file system a few at a time, so that nobody's write waits for long.

use crate::model::error::Result;
use rusqlite::{Connection, Transaction};

/// How many empty pages of 4 KiB stay in the file for what is written next, beside a part of the file.
const KEPT_MIN: u32 = 1_000;
/// Which part of the file may be empty: one in so many pages.
const KEPT_PART: u32 = 20;
/// How many pages are given back in one write: some milliseconds.
const PAGES_AT_ONCE: u32 = 100;
/// How long a file may be that gets this ability when a server starts: it is rewritten, and takes as much memory meanwhile.
const REWRITTEN_BYTES_MAX: u64 = 64 * 1_024 * 1_024;

/// SQLite's number for `auto_vacuum = INCREMENTAL`.
const INCREMENTAL: u32 = 2;

fn number(connection: &Connection, pragma: &str) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}

/// Lets a file give pages back. Of one that has tables already it must be rewritten.
///
/// # Errors
/// Faults of the database.
pub(super) fn choose(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")
}

/// Whether a copy of the database may be made in memory.
pub(super) fn fits_in_memory(connection: &Connection) -> rusqlite::Result<bool> {
    let [pages, page_bytes] = [number(connection, "page_count")?, number(connection, "page_size")?].map(u64::from);
    Ok(pages * page_bytes <= REWRITTEN_BYTES_MAX)
}

/// Rewrites a short file that cannot give pages back yet. That also overwrites what was deleted before connhub did.
pub(super) fn rewrite_if_short(connection: &Connection) -> Result<()> {
    if number(connection, "auto_vacuum")? == INCREMENTAL {
        return Ok(());
    }
    if !fits_in_memory(connection)? {
        tracing::info!(
            "the file keeps its length when data is deleted, and may hold data that an older connhub deleted; while no \
             server runs, `sqlite3 FILE 'PRAGMA auto_vacuum = INCREMENTAL; VACUUM'` changes both"
        );
        return Ok(());
    }
    choose(connection)?;
    if let Err(error) = connection.execute_batch("VACUUM") {
        tracing::warn!(%error, "the database could not be rewritten, so it keeps its length when data is deleted");
    }
    Ok(())
}

/// How many empty pages there are more than are kept; none if the file cannot give any back.
///
/// # Errors
/// Faults of the database.
pub fn to_give_back(connection: &Connection) -> Result<u32> {
    if number(connection, "auto_vacuum")? != INCREMENTAL {
        return Ok(0);
    }
    let (empty, all) = (number(connection, "freelist_count")?, number(connection, "page_count")?);
    Ok(empty.saturating_sub(KEPT_MIN.max(all / KEPT_PART)))
}

/// Gives some of them back; whether there are more.
///
/// # Errors
/// Faults of the database.
pub fn give_back(transaction: &Transaction<'_>) -> Result<bool> {
    let pages = to_give_back(transaction)?.min(PAGES_AT_ONCE);
    if pages > 0 {
        let mut statement = transaction.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
        let mut given_back = statement.query([])?;
        // One page for each row.
        while given_back.next()?.is_some() {}
    }
    Ok(pages == PAGES_AT_ONCE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::files;

    #[test]
    fn empty_pages_are_given_back_a_few_at_a_time_and_some_are_kept() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("db");
        let mut connection = Connection::open(&path).expect("a database");
        choose(&connection).expect("chosen");
        let fill = "CREATE TABLE blobs (content BLOB);
            WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
            INSERT INTO blobs SELECT randomblob(4000) FROM n; DELETE FROM blobs;";
        connection.execute_batch(fill).expect("filled");
        let before = files::length(&path);
        let mut steps = 0;
        loop {
            let transaction = connection.transaction().expect("a transaction");
            let more = give_back(&transaction).expect("given back");
            transaction.commit().expect("committed");
            steps += 1;
            if !more {
                break;
            }
        }
        assert!(steps > 5, "{steps} steps");
        assert!(files::length(&path) < before * 3 / 5, "{} of {before} bytes", files::length(&path));
        assert_eq!(to_give_back(&connection).expect("a number"), 0);
        assert!(number(&connection, "freelist_count").expect("a number") >= KEPT_MIN - PAGES_AT_ONCE);
    }

    #[test]
    fn a_short_file_of_an_older_connhub_is_rewritten_and_stays_whole() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("db");
        let connection = Connection::open(&path).expect("a database");
        let fill = "PRAGMA journal_mode = WAL; CREATE TABLE texts (text TEXT);
            INSERT INTO texts VALUES ('stays'), ('deleted long ago'); DELETE FROM texts WHERE text LIKE 'd%';";
        connection.execute_batch(fill).expect("filled");
        rewrite_if_short(&connection).expect("rewritten");
        assert_eq!(number(&connection, "auto_vacuum").expect("a number"), INCREMENTAL);
        let left: String =
            connection.query_row("SELECT group_concat(text) FROM texts", [], |row| row.get(0)).expect("rows");
        assert_eq!(left, "stays");
        drop(connection);
        let bytes = std::fs::read(&path).expect("the file");
        assert!(!bytes.windows(12).any(|part| part == b"deleted long"), "it is still in the file");
    }
}
