//! How many bytes accounts have in the database. What is written often (points of the past, values, the callback log) is
//! noted in a ledger while a transaction runs and added to the rows of accounts once, before it is committed: a row for
//! each update would cost as much as the update. What is deleted, and what is written seldom, is counted by triggers in
//! the same transaction, so the counts are right after a crash too.
//!
//! Used by the nouns, which note what they write, and by the writer.

use crate::model::error::Result;
use crate::model::id::AccountId;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use std::cell::RefCell;
use std::collections::HashMap;

/// The bytes of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Points of the past, of its apps' things.
    pub history: i64,
    /// Entries of the callback log, of its connectors.
    pub log: i64,
    /// Its apps' things, with everything that belongs to them.
    pub things: i64,
}

impl Usage {
    fn add(&mut self, other: Self) {
        self.history += other.history;
        self.log += other.log;
        self.things += other.things;
    }

    fn read(row: &Row<'_>, at: usize) -> rusqlite::Result<Self> {
        Ok(Self { history: row.get(at)?, log: row.get(at + 1)?, things: row.get(at + 2)? })
    }
}

thread_local! {
    /// What this thread's transaction has written so far. There is one writer, on a thread of its own.
    static LEDGER: RefCell<Vec<(AccountId, Usage)>> = const { RefCell::new(Vec::new()) };
}

/// Notes that bytes of an account are written in this transaction.
pub(super) fn note(account: AccountId, bytes: Usage) {
    LEDGER.with_borrow_mut(|ledger| ledger.push((account, bytes)));
}

/// How much has been noted.
pub(super) fn mark() -> usize {
    LEDGER.with_borrow(Vec::len)
}

/// Forgets what was noted since a mark, because it was undone.
pub(super) fn withdraw(mark: usize) {
    LEDGER.with_borrow_mut(|ledger| ledger.truncate(mark));
}

/// Adds what was noted to the rows of the accounts. An account that is gone has none.
pub(super) fn settle(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let noted = LEDGER.take();
    if noted.is_empty() {
        return Ok(());
    }
    let mut sums: HashMap<AccountId, Usage> = HashMap::new();
    for (account, bytes) in &noted {
        sums.entry(*account).or_default().add(*bytes);
    }
    let mut statement = transaction.prepare_cached(
        "INSERT INTO usage (account, history, log, things) SELECT ?1, ?2, ?3, ?4 FROM accounts WHERE id = ?1 \
         ON CONFLICT (account) DO UPDATE SET history = history + excluded.history, log = log + excluded.log, \
         things = things + excluded.things",
    )?;
    for (account, Usage { history, log, things }) in sums {
        statement.execute(params![account, history, log, things])?;
    }
    Ok(())
}

/// The bytes of an account, with what this thread's transaction has written so far.
///
/// # Errors
/// Faults of the database.
pub fn of(connection: &Connection, account: AccountId) -> Result<Usage> {
    let mut statement = connection.prepare_cached("SELECT history, log, things FROM usage WHERE account = ?1")?;
    let mut usage = statement.query_row([account], |row| Usage::read(row, 0)).optional()?.unwrap_or_default();
    LEDGER.with_borrow(|ledger| {
        ledger.iter().filter(|(of, _)| *of == account).for_each(|(_, bytes)| usage.add(*bytes));
    });
    Ok(usage)
}

/// The bytes of all accounts that have any.
///
/// # Errors
/// Faults of the database.
pub fn all(connection: &Connection) -> Result<Vec<(AccountId, Usage)>> {
    let mut statement = connection.prepare_cached("SELECT account, history, log, things FROM usage")?;
    Ok(statement.query_map([], |row| Ok((row.get(0)?, Usage::read(row, 1)?)))?.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;
    use crate::model::error::Error;
    use crate::store::{Store, account, testing};
    use tempfile::TempDir;

    #[test]
    fn what_was_undone_is_not_counted_and_accounts_that_are_gone_have_no_bytes() {
        let folder = TempDir::new().expect("a folder");
        let metrics = Metrics::new().expect("metrics");
        let store = Store::open(&folder.path().join("connhub.db"), 1, &metrics, None).expect("a store");
        let here = testing::new_account();
        let (id, gone) = (here.id, AccountId::generate());
        let history = |bytes| Usage { history: bytes, ..Usage::default() };
        let added = store.write(move |transaction| {
            note(id, history(1));
            note(gone, history(1));
            let _ = account::insert(transaction, &here, "h")?;
            Ok(())
        });
        added.wait().expect("added");
        let refused = store.write(move |_| {
            note(id, history(100));
            Err::<(), _>(Error::Conflict("no".to_owned()))
        });
        refused.wait().expect_err("refused");
        let more = store.write(move |transaction| {
            note(id, Usage { log: 5, things: -2, ..history(10) });
            of(transaction, id)
        });
        let expected = Usage { history: 11, log: 5, things: -2 };
        assert_eq!(more.wait().expect("noted"), expected, "what is noted counts at once");
        assert_eq!(all(&store.snapshot().expect("a view")).expect("read"), [(id, expected)]);
        store.close();
    }
}
