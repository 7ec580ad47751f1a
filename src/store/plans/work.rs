//! How much work each statement is on a full database, counted in steps of SQLite's machine: a plan may name an index
//! and still go through everything that an installation has.

use super::expected::full;
use super::{change, read, remove};
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use std::cell::{Cell, RefCell};

/// How many steps a statement may take at most. A row takes at least three, and there are thousands.
const STEPS_MAX: u64 = 6_000;

/// Statements that are more work on purpose, by what they begin with and contain; `$` is the end.
const WHOLE: &[(&str, &str)] = &[
    // Buckets and summaries are made of all points of their time.
    ("SELECT at, ", "FROM history"),
    ("SELECT count(*), ", "FROM history"),
    // Counted once, then counted down.
    ("SELECT count(*) FROM instances", "WHERE installation = ?1"),
    ("SELECT installation, count(*)", "FROM instances"),
    ("SELECT removal_done + (SELECT count(*) FROM instances", ""),
    // What an account has that is about to be removed.
    ("SELECT count(*) FROM", "FROM apps AS a"),
    // Returned as a whole.
    ("SELECT id, installation, app", "FROM instances WHERE installation = ?1 ORDER BY id"),
    // Once, when a server starts.
    ("SELECT id FROM revoked_tokens", ""),
    ("SELECT id, kind, publication", "FROM callbacks WHERE settled = 0$"),
    // Two conditions on one connector's log: the other one is sought among its entries, of which it keeps 10,000.
    ("SELECT id, kind, publication", "= :publication AND :installation IS NULL AND kind = :kind AND kind <> 'ACTION'"),
    ("SELECT id, kind, publication", "AND installation = :installation AND kind = :kind AND kind <> 'ACTION'"),
    // Things that are like something are sought among all of the app's, or of the end customer's.
    ("SELECT key, id, app", "FROM things WHERE TRUE AND things.app = ?2 AND EXISTS"),
    ("SELECT key, id, app", "FROM things WHERE TRUE AND things.app = ?2 AND things.subject = ?3 AND EXISTS"),
    ("SELECT key, id, app", "FROM things WHERE TRUE AND things.app = ?2 AND things.name IN"),
    ("SELECT key, id, app", "FROM things WHERE things.instance IS NULL AND things.app = ?2 AND EXISTS"),
    (
        "SELECT key, id, app",
        "FROM things WHERE things.instance IS NULL AND things.app = ?2 AND things.subject = ?3 AND EXISTS",
    ),
];

thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
    static RUN: RefCell<Vec<(String, u64)>> = const { RefCell::new(Vec::new()) };
}

fn note(event: TraceEvent<'_>) {
    if let TraceEvent::Stmt(statement, _) = event {
        RUN.with_borrow_mut(|run| {
            if let Some(last) = run.last_mut() {
                last.1 += STEPS.take();
            }
            run.push((statement.sql().into_owned(), 0));
        });
    }
}

#[test]
fn no_statement_goes_through_all_that_an_account_has() {
    for statistics in [false, true] {
        let (mut connection, nouns) = full(statistics);
        connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(note));
        let count = || {
            STEPS.set(STEPS.get() + 1);
            false
        };
        connection.progress_handler(1, Some(count)).expect("a handler");
        let transaction = connection.transaction().expect("a transaction");
        read(&transaction, &nouns).expect("read");
        change(&transaction, &nouns).expect("changed");
        remove(&transaction, &nouns).expect("removed");
        transaction.rollback().expect("rolled back");
        let mut run = RUN.take();
        let whole = |sql: &str| {
            let sql = format!("{sql}$");
            WHOLE.iter().any(|(begins, has)| sql.starts_with(begins) && sql.contains(has))
        };
        run.retain(|(sql, steps)| *steps > STEPS_MAX && !whole(sql));
        let text: String = run.iter().map(|(sql, steps)| format!("{steps} steps: {sql}\n")).collect();
        assert!(run.is_empty(), "statistics: {statistics}\n{text}");
    }
}
