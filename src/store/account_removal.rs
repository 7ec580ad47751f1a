//! Removals of accounts, in the database: what an account has, and how far its removal is.

use crate::model::account::{Account, AccountRemoval, Belongings};
use crate::model::error::Result;
use crate::model::id::{AccountId, CallbackId, InstallationId};
use crate::model::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params, params};

const COLUMNS: &str = "account, email, begun_at, ended_at, unconfirmed, apps, publications, installations, \
    foreign_installations, instances, things";

/// The installations of an account's apps, and those of its publications by others.
const OF_APPS: &str = "SELECT i.id FROM apps AS a JOIN installations AS i ON i.app = a.id WHERE a.owner = ?1";
const OF_PUBLICATIONS: &str = "SELECT i.id FROM publications AS p JOIN installations AS i ON i.publication = p.id \
    WHERE p.owner = ?1 AND i.owner <> ?1";

fn read(row: &Row<'_>) -> rusqlite::Result<AccountRemoval> {
    Ok(AccountRemoval {
        account: row.get(0)?,
        email: row.get(1)?,
        begun_at: row.get(2)?,
        ended_at: row.get(3)?,
        unconfirmed: row.get(4)?,
        had: Belongings {
            apps: row.get(5)?,
            publications: row.get(6)?,
            installations: row.get(7)?,
            foreign_installations: row.get(8)?,
            instances: row.get(9)?,
            things: row.get(10)?,
        },
    })
}

/// Counts what an account has. Reads entries of indexes for all of it.
pub fn belongings(connection: &Connection, id: AccountId) -> Result<Belongings> {
    let count = |sql: &str| -> Result<u64> {
        let mut statement = connection.prepare_cached(sql)?;
        Ok(statement.query_row([id], |row| row.get(0))?)
    };
    let each =
        |counted: &str, installations: &str| count(&format!("SELECT count(*) FROM ({installations}) AS n {counted}"));
    let instances = "JOIN instances AS s ON s.installation = n.id";
    let things = "JOIN instances AS s ON s.installation = n.id JOIN things AS t ON t.instance = s.id";
    Ok(Belongings {
        apps: count("SELECT count(*) FROM apps WHERE owner = ?1")?,
        publications: count("SELECT count(*) FROM publications WHERE owner = ?1 AND removed = 0")?,
        installations: each("", OF_APPS)?,
        foreign_installations: each("", OF_PUBLICATIONS)?,
        instances: each(instances, OF_APPS)? + each(instances, OF_PUBLICATIONS)?,
        things: count("SELECT count(*) FROM apps AS a JOIN things AS t ON t.app = a.id WHERE a.owner = ?1")?
            + each(things, OF_PUBLICATIONS)?,
    })
}

/// Notes that the removal of an account begins, unless that has been noted.
pub fn begin(transaction: &Transaction<'_>, account: &Account, had: &Belongings, now: Timestamp) -> Result<()> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO account_removals (account, email, begun_at, apps, publications, installations, \
           foreign_installations, instances, things) \
         VALUES (:account, :email, :now, :apps, :publications, :installations, :foreign, :instances, :things) \
         ON CONFLICT (account) DO NOTHING",
    )?;
    statement.execute(named_params! {
        ":account": account.id,
        ":email": account.email,
        ":now": now,
        ":apps": had.apps,
        ":publications": had.publications,
        ":installations": had.installations,
        ":foreign": had.foreign_installations,
        ":instances": had.instances,
        ":things": had.things,
    })?;
    Ok(())
}

/// The removal of an account.
pub fn get(connection: &Connection, account: AccountId) -> Result<Option<AccountRemoval>> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM account_removals WHERE account = ?1"))?;
    Ok(statement.query_row([account], read).optional()?)
}

/// The removals that have not ended. The table has as many rows as accounts were removed within some days.
pub fn open(connection: &Connection) -> Result<Vec<AccountRemoval>> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM account_removals WHERE ended_at IS NULL"))?;
    Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
}

/// Up to so many installations whose removal an account's removal needs, and that has not begun.
pub fn installations_to_remove(connection: &Connection, account: AccountId, limit: u32) -> Result<Vec<InstallationId>> {
    let mut ids = Vec::new();
    for all in [OF_APPS, OF_PUBLICATIONS] {
        let mut statement = connection.prepare_cached(&format!("{all} AND i.state <> 7 LIMIT ?2"))?;
        ids.extend(
            statement
                .query_map(params![account, limit], |row| row.get(0))?
                .collect::<Result<Vec<InstallationId>, _>>()?,
        );
    }
    ids.truncate(limit as usize);
    Ok(ids)
}

/// Whether there are installations that an account's removal needs to be gone.
pub fn any_installation(connection: &Connection, account: AccountId) -> Result<bool> {
    for all in [OF_APPS, OF_PUBLICATIONS] {
        if connection.prepare_cached(&format!("{all} LIMIT 1"))?.exists([account])? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How many removal callbacks of an account's apps or connectors have failed since a time.
pub fn unconfirmed(connection: &Connection, account: AccountId, since: Timestamp) -> Result<u64> {
    let mut total = 0;
    for (owner, other) in [("connector_owner", "1"), ("app_owner", "connector_owner <> ?1")] {
        let mut statement = connection.prepare_cached(&format!(
            "SELECT count(*) FROM callbacks WHERE {owner} = ?1 AND failed = 1 AND id >= ?2 \
             AND kind IN ('INSTALLATION_REMOVAL', 'INSTANCE_REMOVAL') AND {other}"
        ))?;
        let found: u64 = statement.query_row(params![account, CallbackId::first_of(since)], |row| row.get(0))?;
        total += found;
    }
    Ok(total)
}

/// Notes how many removals were not confirmed, unless that is known.
pub fn set_unconfirmed(transaction: &Transaction<'_>, account: AccountId, number: u64) -> Result<()> {
    let sql = "UPDATE account_removals SET unconfirmed = ?2 WHERE account = ?1 AND unconfirmed IS NULL";
    transaction.prepare_cached(sql)?.execute(params![account, number])?;
    Ok(())
}

/// Takes an account's publications off the offer, and deletes those that nothing uses.
pub fn remove_publications(transaction: &Transaction<'_>, account: AccountId) -> Result<()> {
    transaction
        .prepare_cached("UPDATE publications SET removed = 1 WHERE owner = ?1 AND removed = 0")?
        .execute([account])?;
    let mut unused = transaction.prepare_cached(
        "DELETE FROM publications WHERE owner = ?1 AND removed = 1 \
         AND NOT EXISTS (SELECT 1 FROM installations WHERE publication = publications.id)",
    )?;
    unused.execute([account])?;
    Ok(())
}

/// Deletes up to so many entries of the log of an account's publications; how many there were. What is logged of its
/// apps' installations of others' connectors is also the others', and is trimmed with the rest of their log.
pub fn delete_log(transaction: &Transaction<'_>, account: AccountId, limit: u32) -> Result<usize> {
    let mut statement = transaction.prepare_cached(
        "DELETE FROM callbacks WHERE id IN (SELECT id FROM callbacks WHERE connector_owner = ?1 LIMIT ?2)",
    )?;
    Ok(statement.execute(params![account, limit])?)
}

/// Deletes an account and its apps, which must have neither installations nor things, and notes that its removal has
/// ended.
pub fn end(transaction: &Transaction<'_>, account: AccountId, now: Timestamp) -> Result<()> {
    transaction.prepare_cached("DELETE FROM grants WHERE account = ?1")?.execute([account])?;
    transaction.prepare_cached("DELETE FROM apps WHERE owner = ?1")?.execute([account])?;
    transaction.prepare_cached("DELETE FROM accounts WHERE id = ?1")?.execute([account])?;
    let sql = "UPDATE account_removals SET ended_at = ?2 WHERE account = ?1";
    transaction.prepare_cached(sql)?.execute(params![account, now])?;
    Ok(())
}

/// Forgets removals that ended before a time.
pub fn trim(transaction: &Transaction<'_>, before: Timestamp) -> Result<()> {
    transaction.prepare_cached("DELETE FROM account_removals WHERE ended_at < ?1")?.execute([before])?;
    Ok(())
}
