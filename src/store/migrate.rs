//! Brings a database to the newest form, step by step, each in a transaction of its own.

use crate::model::error::{Error, Result};
use crate::store::{copy, files, functions};
use rusqlite::{Connection, TransactionBehavior};
use std::fs::File;
use std::ops::Range;
use std::path::Path;

/// The steps, in order; a database's `user_version` counts those done.
const STEPS: &[&str] = &[
    include_str!("../../schema/0001_initial.sql"),
    include_str!("../../schema/0002_things.sql"),
    include_str!("../../schema/0003_callback_log.sql"),
    include_str!("../../schema/0004_grants.sql"),
    include_str!("../../schema/0005_email_keys.sql"),
    include_str!("../../schema/0006_clock.sql"),
    include_str!("../../schema/0007_removed_things.sql"),
    include_str!("../../schema/0008_operator.sql"),
    include_str!("../../schema/0009_signing_keys.sql"),
    include_str!("../../schema/0010_usage.sql"),
    include_str!("../../schema/0011_step_html.sql"),
    include_str!("../../schema/0012_unsettled_callbacks.sql"),
    include_str!("../../schema/0013_removals.sql"),
    include_str!("../../schema/0014_things_by_status.sql"),
    include_str!("../../schema/0015_things_by_capability.sql"),
    include_str!("../../schema/0016_next_keys.sql"),
];

/// The step that gives accounts the keys of their e-mails.
const EMAIL_KEYS: usize = 5;

/// What every form has: a file without them is somebody else's.
const TABLES: &str =
    "'accounts', 'apps', 'callbacks', 'installations', 'instances', 'publications', 'settings', 'things'";
const TABLES_COUNT: usize = 8;

/// How many steps a database has behind it; none for one without anything in it.
///
/// # Errors
/// [`Error::Conflict`] if it is no database of connhub, or of a newer one.
pub(super) fn form(connection: &Connection) -> Result<usize> {
    let done = connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
    let done = done.map_err(copy::unsound)?;
    let done = usize::try_from(done).unwrap_or(usize::MAX);
    if done > newest() {
        return Err(Error::Conflict(format!(
            "the database has form {done}, this connhub knows forms up to {}: use a newer connhub, or another --db",
            newest()
        )));
    }
    let sql =
        format!("SELECT count(*), count(*) FILTER (WHERE name IN ({TABLES})) FROM sqlite_schema WHERE type = 'table'");
    let counted = connection.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)));
    let (all, own): (usize, usize) = counted.map_err(copy::unsound)?;
    if own == TABLES_COUNT && done > 0 || all == 0 && done == 0 {
        return Ok(done);
    }
    Err(Error::Conflict("the file is a database of some other program: use another --db".to_owned()))
}

/// The form of this connhub's databases.
pub(super) fn newest() -> usize {
    STEPS.len()
}

/// Does the steps that are missing. Before the first, the database is copied beside itself: steps cannot
/// be taken back.
///
/// # Errors
/// If the database is from a newer connhub, or it or the copy cannot be written: then nothing is changed.
pub(super) fn migrate(connection: &mut Connection, database: &Path) -> Result<()> {
    let done = form(connection)?;
    if (1..newest()).contains(&done) {
        let kept = files::beside(database, &format!(".form-{done}-{}.bak", stamp()));
        let bytes = copy::write(connection, &kept, false).map_err(|error| match error {
            Error::Unavailable(why) | Error::Conflict(why) => Error::Unavailable(format!(
                "the database has form {done} and is to get form {}, but cannot be copied before: {why}; nothing was changed",
                newest()
            )),
            other => other,
        })?;
        let given = files::open_itself(&kept, File::options().read(true))
            .and_then(|file| files::give_to_owner_of(database, &file));
        if let Err(error) = given {
            tracing::debug!(%error, "the copy is not the database's owner's");
        }
        tracing::info!(from = done, to = newest(), bytes, copy = %kept.display(),
            "the database gets a newer form; this copy is for going back to the older connhub");
    }
    // An index of a large table is sorted on the disk. If there is no folder for temporary files, as in a container with
    // a read-only file system, in memory after all.
    connection.pragma_update(None, "temp_store", "FILE")?;
    let on_disk = do_steps(connection, done..newest());
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    if let Err(error) = on_disk {
        tracing::debug!(%error, "the newest form is tried again without temporary files");
        do_steps(connection, form(connection)?..newest())?;
    }
    if done < EMAIL_KEYS { tell_of_twins(connection) } else { Ok(()) }
}

/// Logs which accounts are not the only ones of their address. They stay as they are: nobody but their owners knows
/// which one is meant.
fn tell_of_twins(connection: &Connection) -> Result<()> {
    let mut statement = connection.prepare("SELECT email FROM accounts WHERE instr(email_key, ' ') ORDER BY id")?;
    let emails = statement.query_map([], |row| row.get::<_, String>(0))?;
    for email in emails {
        tracing::warn!(
            email = email?,
            "an older account has the same address, spelled differently: this one signs in with exactly this spelling, \
             and every other spelling is the older account's"
        );
    }
    Ok(())
}

/// The present moment, for the name of a file.
fn stamp() -> String {
    let now = time::OffsetDateTime::now_utc();
    let (date, clock) = (now.date(), now.time());
    let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", clock.hour(), clock.minute(), clock.second())
}

/// An empty database that has done as many steps, in memory.
///
/// # Errors
/// Faults of the database.
pub(super) fn empty(done: usize) -> Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    do_steps(&mut connection, 0..done)?;
    Ok(connection)
}

/// Whether a statement of the schema is one of a step's, as it stands there.
pub(super) fn has_statement(statement: &str) -> bool {
    !statement.is_empty() && STEPS.iter().any(|step| step.contains(statement))
}

/// These steps, of which the ones before are done.
pub(super) fn do_steps(connection: &mut Connection, steps: Range<usize>) -> Result<()> {
    functions::add(connection)?;
    for (index, step) in STEPS.iter().enumerate().take(steps.end).skip(steps.start) {
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
    use sha2::{Digest, Sha256};

    /// A thing with all its parts and a past, in the first form.
    const FIRST: &str = "
        INSERT INTO accounts (id, email, name, password_hash, created_at) VALUES (x'01', 'e@h', 'n', 'h', 1);
        INSERT INTO apps (id, owner, name, redirect_uris, secret_hash, created_at)
          VALUES (x'02', x'01', 'n', '[]', x'00', 1);
        INSERT INTO publications (id, owner, name, description, tags, mode, active, installation_callback_url,
            instance_callback_url, action_callback_url, public_key, signing_seed, created_at)
          VALUES (x'04', x'01', 'n', 'd', '[]', 'PRIVATE', 1, 'u', 'u', 'u', x'00', x'00', 1);
        INSERT INTO installations (id, app, owner, publication, state, step_kind, step_content, created_at)
          VALUES (x'05', x'02', x'01', x'04', 3, 2, '**press** <b>it</b>', 1);
        INSERT INTO instances (id, installation, app, owner, subject, state, step_kind, step_content, created_at)
          VALUES (x'06', x'05', x'02', x'01', 's', 3, 1, '**text**', 1);
        INSERT INTO things (key, id, app, subject, name, manufacturer, main_component_id, display_type, status, created_at)
          VALUES (7, x'03', x'02', 'default', 'n', 'm', 'c', 'd', 'UNKNOWN', 1);
        INSERT INTO components (key, thing, id, name, component_type, capabilities)
          VALUES (8, 7, 'c', 'n', 't', '[\"b\",\"a\",\"b\"]');
        INSERT INTO properties (key, component, id, name, value, unit, type, property_type, last_update)
          VALUES (9, 8, 'p', 'n', '1', '', 'NUMBER', '', 1);
        INSERT INTO history (property, at, value) VALUES (9, 1, 1.0), (9, 2, 2.0);";

    /// `check` and `restore` hold a database against the steps by each letter, comments too.
    #[test]
    fn a_step_that_databases_have_behind_them_stays_as_it_is() {
        let hashes = [
            "f76400ebdcf731adb992fcb2ca1f8222c7025d317811035e2dffa4d7cd8ce71d",
            "fdc2511c34fb94d43c5788819ac272fe5c5004a04776659571784353df7ba245",
            "79ac3563b5ff6cf35ec753aadc10bcc6e5720913715a64459a8cdce3818a8354",
            "5c01d2beb9c0ea5d9fc74b8aa0f1f959a8b2a38b727f8012638c20cfa9db5145",
            "ec3421c1db3814b30e4e627ccb53f36ba4d39dfe85abff50e9b1ff5604b18fe0",
            "a205c4d582cf03dd0b6ed8a8bdaa0e7ae0e466a1cb59dc427b426d75c52458f5",
            "2a341db7b3f9f5262f7148b69ec5255f89fcf4b2843c1428c3ed473e9971e6e5",
            "689a57bd288d879911c1a86ea17601ef2581073bf67bc7f7efb8015f8891c7f8",
            "b0871a658a40dd80d79de6cd0b8f9351febc5554144ff9631a14ef35f2db836c",
            "e7f1bd115e822d4f6f541c3d0fe1e717fd7647506ce1270f5cc9e9854069405e",
            "ceb17cfcf7c47a9a606715d5ba5117cb00f7fb860eb697e5a71631b1d040f7aa",
            "8222f1c7f9fd161642de9cd4fda1b83a9030f22f8aef41b495581403fd7d78e3",
            "6ec73589f8df6d555d429ba9f342b959e376a988cf01aaa24303611eef1a869d",
            "13a363c0d17ab9e786ba6dac602647419d6cdfa3713ae298d5688d9e6049f4f8",
            "9c5466cc6a680df2d7bc5029f244a7df56ab2214301bf5279bc92b14fa4f0aab",
            "712be1a7549e078c6da08c473eeb5011715cebee64f608f79b76119d74c9b507",
        ];
        for (number, step) in STEPS.iter().enumerate() {
            let hash: String = Sha256::digest(step).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hashes.get(number), Some(&hash.as_str()), "step {number}: add a step instead of changing one");
        }
    }

    #[test]
    fn what_stands_in_a_database_of_the_first_form_stays() {
        let mut connection = Connection::open_in_memory().expect("memory");
        connection.execute_batch("PRAGMA foreign_keys = ON").expect("foreign keys");
        connection.execute_batch(STEPS[0]).expect("the first form");
        connection.pragma_update(None, "user_version", 1).expect("its number");
        connection.execute_batch(FIRST).expect("rows");
        do_steps(&mut connection, 1..newest()).expect("migrated");
        let text = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0)).expect(sql);
        assert_eq!(text("SELECT group_concat(capability) FROM capabilities WHERE component = 8"), "a,b");
        assert_eq!(text("SELECT capabilities FROM components"), "[\"b\",\"a\",\"b\"]");
        assert_eq!(text("SELECT group_concat(at || '=' || value) FROM history WHERE property = 9"), "1=1.0,2=2.0");
        assert_eq!(text("SELECT id || value FROM properties WHERE key = 9 AND component = 8"), "p1");
        assert_eq!(text("SELECT email_key || ' ' || role || ' ' || used_at FROM accounts"), "e@h OPERATOR 1");
        assert_eq!(text("SELECT step_html FROM installations"), "<p><strong>press</strong> it</p>\n");
        assert_eq!(text("SELECT step_content || (step_html IS NULL) FROM instances"), "**text**1");
        assert_eq!(text("SELECT CAST(value AS TEXT) FROM settings WHERE name = 'clock'"), "1");
        connection.execute("DELETE FROM things", []).expect("deleted");
        assert_eq!(text("SELECT group_concat(property) FROM ended_histories"), "9");
        assert_eq!(text("SELECT count(*) || '' FROM properties"), "0");
    }
}
