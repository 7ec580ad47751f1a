//! Traffic by the hour in the database, and how much is stored, by connector too; the bytes of accounts are in
//! [`super::usage`].

use crate::model::error::Result;
use crate::model::id::{AccountId, InstallationId, PublicationId};
use crate::model::usage::{Stored, Traffic};
use rusqlite::{Connection, Row, Transaction, params};
use std::collections::HashMap;

/// What is counted between a publication and the apps of an account.
#[derive(Debug, Clone, Copy)]
pub struct TrafficRow {
    /// The publication.
    pub publication: PublicationId,
    /// The owner of the apps.
    pub account: AccountId,
    /// Since the later of the two hours asked for.
    pub today: Traffic,
    /// Since the earlier one.
    pub day: Traffic,
}

const ADDED: &str = "ON CONFLICT (hour, publication, account) DO UPDATE SET callbacks = callbacks + excluded.callbacks, \
    failures = failures + excluded.failures, updates = updates + excluded.updates";

/// Adds callbacks to an hour.
pub fn add_callbacks(
    transaction: &Transaction<'_>,
    hour: i64,
    publication: PublicationId,
    account: AccountId,
    traffic: Traffic,
) -> Result<()> {
    let mut statement = transaction.prepare_cached(&format!(
        "INSERT INTO traffic (hour, publication, account, callbacks, failures, updates) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
         {ADDED}"
    ))?;
    let Traffic { callbacks, failures, updates } = traffic;
    statement.execute(params![hour, publication, account, callbacks, failures, updates])?;
    Ok(())
}

/// Adds updates of an installation's instances to an hour. Returns whose they are, if it is still there.
pub fn add_updates(
    transaction: &Transaction<'_>,
    hour: i64,
    installation: InstallationId,
    updates: u64,
) -> Result<Option<[AccountId; 2]>> {
    let mut parties = transaction.prepare_cached(
        "SELECT i.publication, i.owner, p.owner FROM installations AS i JOIN publications AS p ON p.id = i.publication \
         WHERE i.id = ?1",
    )?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let mut found = parties.query_map([installation], read)?;
    let Some((publication, owner, connector_owner)) = found.next().transpose()? else { return Ok(None) };
    add_callbacks(transaction, hour, publication, owner, Traffic { updates, ..Traffic::default() })?;
    Ok(Some([owner, connector_owner]))
}

/// The traffic since an hour, and of that the traffic since a later one.
pub fn since(connection: &Connection, day: i64, today: i64) -> Result<Vec<TrafficRow>> {
    let mut statement = connection.prepare_cached(
        "SELECT publication, account, sum(callbacks), sum(failures), sum(updates), \
           coalesce(sum(callbacks) FILTER (WHERE hour >= ?2), 0), coalesce(sum(failures) FILTER (WHERE hour >= ?2), 0), \
           coalesce(sum(updates) FILTER (WHERE hour >= ?2), 0) \
         FROM traffic WHERE hour >= ?1 GROUP BY publication, account",
    )?;
    let read = |row: &Row<'_>| {
        let traffic = |at: usize| -> rusqlite::Result<Traffic> {
            Ok(Traffic { callbacks: row.get(at)?, failures: row.get(at + 1)?, updates: row.get(at + 2)? })
        };
        Ok(TrafficRow { publication: row.get(0)?, account: row.get(1)?, day: traffic(2)?, today: traffic(5)? })
    };
    Ok(statement.query_map(params![day, today], read)?.collect::<Result<_, _>>()?)
}

/// Forgets the traffic before an hour.
pub fn trim(transaction: &Transaction<'_>, before: i64) -> Result<()> {
    transaction.prepare_cached("DELETE FROM traffic WHERE hour < ?1")?.execute([before])?;
    Ok(())
}

/// What is stored, by what it belongs to.
#[derive(Debug, Default)]
pub struct Measured {
    /// Of accounts.
    pub accounts: HashMap<AccountId, Stored>,
    /// Of publications: their log, and what their instances have.
    pub publications: HashMap<PublicationId, Stored>,
}

/// A part of what is stored. Each reads a table as a whole, so they are read one after the other, each in a view of its
/// own that is soon given back.
pub struct Part {
    pub(super) sql: &'static str,
}

/// Bytes are counted as for the limits. Owners and connectors of apps and of installations come with each row: what belongs to an instance counts for the
/// account of its app and for the publication.
pub const PARTS: [Part; 6] = [
    Part {
        sql: "SELECT i.owner, i.publication, count(*), sum(s.bytes) \
              FROM instances AS s JOIN installations AS i ON i.id = s.installation GROUP BY s.installation",
    },
    Part {
        sql: "SELECT a.owner, i.publication, count(*), \
                sum(t.bytes) \
              FROM things AS t JOIN apps AS a ON a.id = t.app LEFT JOIN instances AS s ON s.id = t.instance \
              LEFT JOIN installations AS i ON i.id = s.installation GROUP BY t.app, s.installation",
    },
    Part {
        sql: "SELECT a.owner, i.publication, count(*), \
                sum(octet_length(p.value)) \
              FROM properties AS p JOIN components AS c ON c.key = p.component JOIN things AS t ON t.key = c.thing \
              JOIN apps AS a ON a.id = t.app LEFT JOIN instances AS s ON s.id = t.instance \
              LEFT JOIN installations AS i ON i.id = s.installation GROUP BY t.app, s.installation",
    },
    Part {
        sql: "SELECT a.owner, i.publication, sum(h.points), sum(h.bytes) \
              FROM (SELECT property, count(*) AS points, \
                      sum(24 + iif(typeof(value) = 'text', octet_length(value), 8)) AS bytes \
                    FROM history GROUP BY property) AS h \
              JOIN properties AS p ON p.key = h.property JOIN components AS c ON c.key = p.component \
              JOIN things AS t ON t.key = c.thing JOIN apps AS a ON a.id = t.app \
              LEFT JOIN instances AS s ON s.id = t.instance LEFT JOIN installations AS i ON i.id = s.installation \
              GROUP BY t.app, s.installation",
    },
    Part {
        sql: "SELECT a.owner, NULL, count(*), sum(96 + octet_length(r.parameters) + coalesce(octet_length(r.error), 0)) \
              FROM action_requests AS r JOIN apps AS a ON a.id = r.app GROUP BY r.app",
    },
    Part { sql: "SELECT connector_owner, publication, count(*), sum(bytes) FROM callbacks GROUP BY publication" },
];

impl Part {
    /// Measures this part, and adds it.
    pub fn measure(&self, connection: &Connection, measured: &mut Measured) -> Result<()> {
        let mut statement = connection.prepare(self.sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let account: AccountId = row.get(0)?;
            let publication: Option<PublicationId> = row.get(1)?;
            let stored = Stored { rows: row.get(2)?, bytes: row.get(3)? };
            measured.accounts.entry(account).or_default().add(stored);
            if let Some(publication) = publication {
                measured.publications.entry(publication).or_default().add(stored);
            }
        }
        Ok(())
    }
}
