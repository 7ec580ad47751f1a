//! The plans: which index SQLite uses for each statement. It has no statistics: [`Store::open`](crate::store::Store)
//! drops what an operator's ANALYZE has left, so a plan is the same whatever is in the database.

use super::nouns::{Nouns, fill};
use super::{accounts, change, crowd, read, read_everything, remove, remove_last};
use crate::store::{check, testing, traffic};
use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/plans/expected.txt");

/// Statements that look at a whole index on purpose: the store's search, and what is done once at start.
const WHOLE: &[&str] = &[
    "SCAN accounts",
    // One row for each account.
    "SCAN usage",
    // A few keys.
    "SCAN signing_keys",
    // Of these there are few: what operators decided.
    "SCAN account_removals",
    "SCAN suspensions",
    "SCAN invites",
    // Which tables there are.
    "SCAN sqlite_schema",
    "SCAN publications USING INDEX publications_public",
    "SCAN callbacks USING INDEX callbacks_unsettled",
    "SCAN revoked_tokens",
    // Which hold nothing but what is being removed.
    "SCAN apps USING INDEX apps_removed",
    "SCAN apps USING COVERING INDEX apps_removed",
    "SCAN instances USING INDEX instances_ended",
    // The row before, from which the next one is found.
    "SCAN found",
];

thread_local! {
    static STATEMENTS: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
}

fn note(event: TraceEvent<'_>) {
    if let TraceEvent::Stmt(statement, _) = event {
        STATEMENTS.with_borrow_mut(|statements| statements.insert(statement.sql().into_owned()));
    }
}

/// The statements of the whole store.
fn statements() -> BTreeSet<String> {
    let mut connection = testing::connection();
    connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(note));
    let transaction = connection.transaction().expect("a transaction");
    let nouns = Nouns::new();
    fill(&transaction, &nouns).expect("filled");
    read(&transaction, &nouns).expect("read");
    accounts::read(&transaction, &nouns).expect("read");
    read_everything(&transaction).expect("read");
    change(&transaction, &nouns).expect("changed");
    remove(&transaction, &nouns).expect("removed");
    remove_last(&transaction, &nouns).expect("removed");
    transaction.commit().expect("committed");
    connection.trace_v2(TraceEventCodes::empty(), None);
    let mut statements = STATEMENTS.take();
    statements.retain(|sql| ["SELECT", "UPDATE", "DELETE", "INSERT"].iter().any(|verb| sql.starts_with(verb)));
    assert!(statements.len() > 70, "only {} statements were seen", statements.len());
    statements
}

fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect(sql);
    let mut rows = explain.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().expect("a plan") {
        steps.push(row.get(3).expect("a detail"));
    }
    steps
}

/// A database as it is after some time, with statistics if they are wanted.
pub(super) fn full(statistics: bool) -> (Connection, Nouns) {
    let mut connection = testing::connection();
    let transaction = connection.transaction().expect("a transaction");
    let nouns = Nouns::new();
    fill(&transaction, &nouns).expect("filled");
    crowd::add(&transaction, &nouns).expect("filled");
    transaction.commit().expect("committed");
    if statistics {
        connection.execute_batch("ANALYZE").expect("statistics");
    }
    (connection, nouns)
}

/// `CONNHUB_WRITE_PLANS=1 cargo test --lib plans` writes the file again. Read what changed in it: each line names the
/// index by which a statement finds its rows, and that must be the one made for the question.
#[test]
fn every_statement_uses_the_index_that_is_expected() {
    let connection = full(false).0;
    let mut listed = BTreeMap::new();
    for sql in statements().iter().filter(|sql| !reads_everything(sql)) {
        listed.insert(sql.split_whitespace().collect::<Vec<_>>().join(" "), plan(&connection, sql));
    }
    let text: String = listed.iter().map(|(sql, plan)| format!("{sql}\n    {}\n", plan.join("\n    "))).collect();
    if std::env::var_os("CONNHUB_WRITE_PLANS").is_some() {
        std::fs::write(FILE, &text).expect("a writable file");
    }
    let expected = std::fs::read_to_string(FILE).unwrap_or_default();
    let (old, new): (BTreeSet<_>, BTreeSet<_>) = (entries(&expected), entries(&text));
    let changed: Vec<_> = old.symmetric_difference(&new).collect();
    assert!(changed.is_empty(), "not as in {FILE}: {changed:#?}");
}

/// Each statement with its plan.
fn entries(text: &str) -> BTreeSet<String> {
    text.replace("\n    ", "\t").lines().map(|line| line.replace('\t', "\n    ")).collect()
}

#[test]
fn no_statement_reads_a_growing_table_as_a_whole() {
    let connection = testing::connection();
    let mut bad = Vec::new();
    for sql in statements().iter().filter(|sql| !reads_everything(sql)) {
        for step in plan(&connection, sql) {
            let scan = step.starts_with("SCAN")
                && !step.contains("VIRTUAL TABLE")
                && !step.starts_with("SCAN CONSTANT")
                && !step.starts_with("SCAN (")
                && !WHOLE.iter().any(|whole| step.starts_with(whole));
            // A history is a range of the table: anything else reads what is others'.
            let history = ["SEARCH history ", "SEARCH h "].iter().any(|table| step.starts_with(table));
            // What few callbacks have is not looked for among all of the account's.
            let few = sql.contains("failed = 1") || sql.contains("kind <> 'ACTION'");
            let all = ["callbacks_connector_owner ", "callbacks_app_owner "].iter().any(|index| step.contains(index));
            // An index that is made for one question reads the table as a whole too.
            if scan || few && all || step.contains("AUTOMATIC") || history && !step.contains("PRIMARY KEY (property=?")
            {
                bad.push(format!("{step}\n    in {sql}"));
            }
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

/// Whether it is one of those by which `connhub check` looks at everything.
fn reads_everything(sql: &str) -> bool {
    sql.starts_with("SELECT count(*) FROM ")
        || check::RULES.iter().any(|rule| rule.sql == sql)
        || traffic::PARTS.iter().any(|part| part.sql == sql)
}

/// The check may read a table once, but not once for each row of another.
#[test]
fn no_rule_of_the_check_reads_a_table_again_and_again() {
    let connection = testing::connection();
    let mut bad = Vec::new();
    for rule in &check::RULES {
        let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", rule.sql)).expect(rule.sql);
        let mut rows = explain.raw_query();
        let mut steps: Vec<(i64, i64, String)> = Vec::new();
        while let Some(row) = rows.next().expect("a plan") {
            steps.push((row.get(0).expect("an ID"), row.get(1).expect("a parent"), row.get(3).expect("a detail")));
        }
        let scans = |parent: i64| {
            let below = steps.iter().filter(move |(_, above, _)| *above == parent);
            below.filter(|(_, _, what)| what.starts_with("SCAN") && !what.contains("VIRTUAL TABLE")).count()
        };
        let correlated = steps.iter().filter(|(_, _, what)| what.starts_with("CORRELATED"));
        let again = correlated.map(|(id, ..)| scans(*id)).sum::<usize>() > 0;
        let nested = steps.iter().any(|(_, parent, _)| scans(*parent) > 1);
        if again || nested || steps.iter().any(|(_, _, what)| what.contains("AUTOMATIC")) {
            bad.push(format!("{steps:?}\n    in {}", rule.sql));
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}
