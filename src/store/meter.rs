//! Bytes that the current thread reads and writes for a response. Whoever works for one sets its meter for the while
//! ([`metered`]); rows with long texts and the texts of a response charge it ([`take`]), wherever they are made.
//!
//! A thread's own state, because neither a row of SQLite nor a scalar of GraphQL can carry it. Used by the store's rows,
//! and by `graphql`, through `ops`.

use crate::store::allowance::interrupted;
use rusqlite::Row;
use std::cell::RefCell;
use std::sync::Arc;

/// What bytes are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Rows of the database in memory.
    Read,
    /// What the response is made of.
    Written,
    /// The response as it is sent.
    Sent,
}

/// Counts the bytes of one response.
pub trait Meter: Send + Sync {
    /// Whether there may be so many more. Once there may not, there may never be any.
    fn take(&self, used: Use, bytes: usize) -> bool;
}

thread_local! {
    static METER: RefCell<Option<Arc<dyn Meter>>> = const { RefCell::new(None) };
}

/// Puts the meter back that was there before.
struct Before(Option<Arc<dyn Meter>>);

impl Drop for Before {
    fn drop(&mut self) {
        METER.set(self.0.take());
    }
}

/// Works with a meter.
pub fn metered<T>(meter: &Arc<dyn Meter>, work: impl FnOnce() -> T) -> T {
    let _before = Before(METER.replace(Some(Arc::clone(meter))));
    work()
}

/// Charges the current meter, if there is one; whether there may be so many more.
pub fn take(used: Use, bytes: usize) -> bool {
    METER.with_borrow(|meter| meter.as_ref().is_none_or(|meter| meter.take(used, bytes)))
}

/// A text that may be long, charged to the current meter.
pub(super) fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    charged(row.get(column)?)
}

/// A text that may be long and may be absent.
pub(super) fn optional_text(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<String>> {
    row.get::<_, Option<String>>(column)?.map(charged).transpose()
}

/// A text that may be long, as it is in the row, charged like one that is copied.
pub(super) fn borrowed<'row>(row: &'row Row<'_>, column: usize) -> rusqlite::Result<&'row str> {
    let text = row.get_ref(column)?.as_str()?;
    if take(Use::Read, text.len()) { Ok(text) } else { Err(interrupted()) }
}

fn charged(text: String) -> rusqlite::Result<String> {
    if take(Use::Read, text.len()) { Ok(text) } else { Err(interrupted()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parking_lot::Mutex;

    struct Sum(Mutex<usize>, usize);

    impl Meter for Sum {
        fn take(&self, _: Use, bytes: usize) -> bool {
            *self.0.lock() += bytes;
            *self.0.lock() <= self.1
        }
    }

    #[test]
    fn a_meter_counts_while_it_is_set_and_refuses_rows() {
        let sum = Arc::new(Sum(Mutex::default(), 10));
        let meter: Arc<dyn Meter> = Arc::<Sum>::clone(&sum);
        let connection = rusqlite::Connection::open_in_memory().expect("memory");
        let read = |sql: &str| connection.query_row(sql, [], |row| text(row, 0));
        assert!(read("SELECT 'not counted'").is_ok());
        metered(&meter, || {
            assert!(read("SELECT 'eight by'").is_ok());
            assert!(connection.query_row("SELECT NULL", [], |row| optional_text(row, 0)).is_ok());
            assert!(read("SELECT 'abc'").is_err());
        });
        assert_eq!(*sum.0.lock(), 11);
        assert!(take(Use::Read, 100), "nothing is counted without a meter");
    }
}
