//! Brings a database to the newest form, step by step, each in a transaction of its own.

use crate::model::error::{Error, Result};
use rusqlite::{Connection, TransactionBehavior};

/// The steps, in order; a database's `user_version` counts those done.
const STEPS: &[&str] = &[
    include_str!("../../schema/0001_initial.sql"),
    include_str!("../../schema/0002_things.sql"),
    include_str!("../../schema/0003_callback_log.sql"),
    include_str!("../../schema/0004_grants.sql"),
];

/// Does the steps that are missing.
///
/// # Errors
/// If the database is from a newer connhub, or cannot be written.
pub(super) fn migrate(connection: &mut Connection) -> Result<()> {
    let done: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let done = usize::try_from(done).unwrap_or(usize::MAX);
    if done > STEPS.len() {
        return Err(Error::Conflict(format!(
            "the database has form {done}, this connhub knows forms up to {}: use a newer connhub, or another --db",
            STEPS.len()
        )));
    }
    for (index, step) in STEPS.iter().enumerate().skip(done) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", index + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thing with all its parts and a past, in the first form.
    const FIRST: &str = "
        INSERT INTO accounts (id, email, name, password_hash, created_at) VALUES (x'01', 'e@h', 'n', 'h', 1);
        INSERT INTO apps (id, owner, name, redirect_uris, secret_hash, created_at)
          VALUES (x'02', x'01', 'n', '[]', x'00', 1);
        INSERT INTO things (key, id, app, subject, name, manufacturer, main_component_id, display_type, status, created_at)
          VALUES (7, x'03', x'02', 'default', 'n', 'm', 'c', 'd', 'UNKNOWN', 1);
        INSERT INTO components (key, thing, id, name, component_type, capabilities)
          VALUES (8, 7, 'c', 'n', 't', '[\"b\",\"a\",\"b\"]');
        INSERT INTO properties (key, component, id, name, value, unit, type, property_type, last_update)
          VALUES (9, 8, 'p', 'n', '1', '', 'NUMBER', '', 1);
        INSERT INTO history (property, at, value) VALUES (9, 1, 1.0), (9, 2, 2.0);";

    #[test]
    fn what_stands_in_a_database_of_the_first_form_stays() {
        let mut connection = Connection::open_in_memory().expect("memory");
        connection.execute_batch("PRAGMA foreign_keys = ON").expect("foreign keys");
        connection.execute_batch(STEPS[0]).expect("the first form");
        connection.pragma_update(None, "user_version", 1).expect("its number");
        connection.execute_batch(FIRST).expect("rows");
        migrate(&mut connection).expect("migrated");
        let text = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0)).expect(sql);
        assert_eq!(text("SELECT group_concat(capability) FROM capabilities WHERE component = 8"), "a,b");
        assert_eq!(text("SELECT capabilities FROM components"), "[\"b\",\"a\",\"b\"]");
        assert_eq!(text("SELECT group_concat(at || '=' || value) FROM history WHERE property = 9"), "1=1.0,2=2.0");
        assert_eq!(text("SELECT id || value FROM properties WHERE key = 9 AND component = 8"), "p1");
        connection.execute("DELETE FROM things", []).expect("deleted");
        assert_eq!(text("SELECT group_concat(property) FROM ended_histories"), "9");
        assert_eq!(text("SELECT count(*) || '' FROM properties"), "0");
    }
}
