//! Callbacks in the database: those that are to be sent, and the log of those that were.

use crate::model::callback::{
    Attempt, Callback, CallbackFilter, CallbackKind, CallbackSubject, Header, Line, PendingCallback, Response,
};
use crate::model::error::Result;
use crate::model::id::{AccountId, CallbackId, InstallationId, InstanceId, PublicationId};
use crate::model::page::Page;
use crate::model::time::Timestamp;
use crate::store::meter;
use crate::store::row::array;
use crate::store::usage::{self, Usage};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params, params};
use std::time::Duration;

const SUBJECT_COLUMNS: &str =
    "id, kind, publication, connector_owner, app_owner, installation, instance, action_request";
const ATTEMPT_COLUMNS: &str = "sent_at, duration, method, url, signed_url, request_headers, request_body, \
    response_status, response_headers, response_body, error";

fn read_subject(row: &Row<'_>) -> rusqlite::Result<(CallbackId, CallbackSubject)> {
    let subject = CallbackSubject {
        kind: row.get(1)?,
        publication: row.get(2)?,
        connector_owner: row.get(3)?,
        app_owner: row.get(4)?,
        installation: row.get(5)?,
        instance: row.get(6)?,
        action_request: row.get(7)?,
    };
    Ok((row.get(0)?, subject))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Callback> {
    let (id, subject) = read_subject(row)?;
    let response = match row.get::<_, Option<u16>>(15)? {
        Some(status) => Some(Response { status, headers: headers_from_column(row, 16)?, body: meter::text(row, 17)? }),
        None => None,
    };
    let attempt = Attempt {
        sent_at: row.get(8)?,
        duration: Duration::from_micros(row.get(9)?),
        method: row.get(10)?,
        url: row.get(11)?,
        signed_url: row.get(12)?,
        request_headers: headers_from_column(row, 13)?,
        request_body: meter::text(row, 14)?,
        response,
        error: meter::optional_text(row, 18)?,
    };
    Ok(Callback { id, subject, attempt })
}

fn headers_to_column(headers: &[Header]) -> String {
    let pairs: Vec<_> = headers.iter().map(|header| [header.name.as_str(), header.value.as_str()]).collect();
    serde_json::json!(pairs).to_string()
}

fn headers_from_column(row: &Row<'_>, at: usize) -> rusqlite::Result<Vec<Header>> {
    let pairs: Vec<[String; 2]> = serde_json::from_str(meter::borrowed(row, at)?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(at, rusqlite::types::Type::Text, error.into()))?;
    Ok(pairs.into_iter().map(|[name, value]| Header { name, value }).collect())
}

/// Writes down a callback that is to be sent.
///
/// # Errors
/// Faults of the database.
pub fn insert(transaction: &Transaction<'_>, id: CallbackId, subject: &CallbackSubject, now: Timestamp) -> Result<()> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO callbacks (id, kind, publication, connector_owner, app_owner, installation, instance, \
         action_request, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    statement.execute(params![
        id,
        subject.kind,
        subject.publication,
        subject.connector_owner,
        subject.app_owner,
        subject.installation,
        subject.instance,
        subject.action_request,
        now
    ])?;
    Ok(())
}

/// What a callback that is not settled is about.
///
/// # Errors
/// Faults of the database.
pub fn unsettled(connection: &Connection, id: CallbackId) -> Result<Option<CallbackSubject>> {
    let sql = format!("SELECT {SUBJECT_COLUMNS} FROM callbacks WHERE id = ?1 AND settled = 0");
    Ok(connection.prepare_cached(&sql)?.query_row([id], |row| Ok(read_subject(row)?.1)).optional()?)
}

/// The callbacks that are not settled of an installation itself (`instance` is none) or of one of
/// its instances, oldest first.
///
/// # Errors
/// Faults of the database.
pub fn unsettled_of(
    connection: &Connection,
    installation: InstallationId,
    instance: Option<InstanceId>,
) -> Result<Vec<(CallbackId, CallbackSubject)>> {
    let sql = format!(
        "SELECT {SUBJECT_COLUMNS} FROM callbacks WHERE settled = 0 AND installation = ?1 AND instance IS ?2 \
         AND action_request IS NULL ORDER BY id"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_map(params![installation, instance], read_subject)?.collect::<Result<_, _>>()?)
}

/// Whether the removal callback of an installation itself is to be sent.
pub fn is_removal_written_down(connection: &Connection, installation: InstallationId) -> Result<bool> {
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM callbacks WHERE settled = 0 AND installation = ?1 AND instance IS NULL \
         AND action_request IS NULL AND kind = 'INSTALLATION_REMOVAL')",
    )?;
    Ok(statement.query_row([installation], |row| row.get(0))?)
}

/// All callbacks that are not settled: at start, those that a crash interrupted.
///
/// # Errors
/// Faults of the database.
pub fn all_unsettled(connection: &Connection) -> Result<Vec<(CallbackId, CallbackSubject)>> {
    // Not ordered by SQLite, which would go through the whole log for the order's sake.
    let sql = format!("SELECT {SUBJECT_COLUMNS} FROM callbacks WHERE settled = 0");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut unsettled = statement.query_map([], read_subject)?.collect::<Result<Vec<_>, _>>()?;
    unsettled.sort_by_key(|(id, _)| *id);
    Ok(unsettled)
}

/// The bytes of an entry of the log.
fn bytes_of(attempt: &Attempt, headers: &str, response_headers: Option<&str>) -> i64 {
    const ROW: usize = 256;
    let Attempt { url, signed_url, request_body, response, error, .. } = attempt;
    let body = response.as_ref().map_or(0, |response| response.body.len());
    let error = error.as_ref().map_or(0, String::len);
    let bytes = ROW + url.len() + signed_url.len() + request_body.len() + headers.len() + body + error;
    i64::try_from(bytes + response_headers.map_or(0, str::len)).unwrap_or(i64::MAX)
}

/// Deletes up to `limit` entries of the log of an account's connectors, the oldest first, until they have `excess` bytes
/// less; returns how many.
///
/// # Errors
/// Faults of the database.
pub fn trim_by_bytes(transaction: &Transaction<'_>, owner: AccountId, excess: i64, limit: u32) -> Result<usize> {
    let mut statement = transaction.prepare_cached(
        "SELECT id, bytes FROM callbacks WHERE connector_owner = ?1 AND settled = 1 ORDER BY id LIMIT ?2",
    )?;
    let mut rows = statement.query(params![owner, limit])?;
    let (mut left, mut ids) = (excess, Vec::new());
    while let Some(row) = rows.next()?.filter(|_| left > 0) {
        left -= row.get::<_, i64>(1)?;
        ids.push(row.get::<_, CallbackId>(0)?);
    }
    let mut statement = transaction.prepare_cached("DELETE FROM callbacks WHERE id IN rarray(?1)")?;
    Ok(statement.execute([array(&ids)])?)
}

/// Notes what was sent and what came back, in the log of the account whose connector it is; whether the callback was
/// still unsettled.
///
/// # Errors
/// Faults of the database.
pub fn settle(transaction: &Transaction<'_>, id: CallbackId, owner: AccountId, attempt: &Attempt) -> Result<bool> {
    let mut statement = transaction.prepare_cached(
        "UPDATE callbacks SET settled = 1, failed = :failed, sent_at = :sent_at, duration = :duration, \
         method = :method, url = :url, signed_url = :signed_url, request_headers = :request_headers, \
         request_body = :request_body, response_status = :status, response_headers = :response_headers, \
         response_body = :response_body, error = :error, bytes = :bytes WHERE id = :id AND settled = 0",
    )?;
    let response = attempt.response.as_ref();
    let headers = headers_to_column(&attempt.request_headers);
    let response_headers = response.map(|response| headers_to_column(&response.headers));
    let bytes = bytes_of(attempt, &headers, response_headers.as_deref());
    let failed = attempt.has_failed();
    let changed = statement.execute(named_params! {
        ":id": id,
        ":failed": failed,
        ":sent_at": attempt.sent_at,
        ":duration": i64::try_from(attempt.duration.as_micros()).unwrap_or(i64::MAX),
        ":method": attempt.method,
        ":url": attempt.url,
        ":signed_url": attempt.signed_url,
        ":request_headers": headers,
        ":request_body": attempt.request_body,
        ":status": response.map(|response| response.status),
        ":response_headers": response_headers,
        ":response_body": response.map(|response| response.body.as_str()),
        ":error": attempt.error,
        ":bytes": bytes,
    })?;
    if changed == 1 {
        usage::note(owner, Usage { log: bytes, ..Usage::default() });
    }
    Ok(changed == 1)
}

/// Forgets a callback that was never sent.
///
/// # Errors
/// Faults of the database.
pub fn drop_unsent(transaction: &Transaction<'_>, id: CallbackId) -> Result<()> {
    transaction.prepare_cached("DELETE FROM callbacks WHERE id = ?1 AND settled = 0")?.execute([id])?;
    Ok(())
}

/// The entry of the log with this identifier.
///
/// # Errors
/// Faults of the database.
pub fn get(connection: &Connection, id: CallbackId) -> Result<Option<Callback>> {
    let sql = format!("SELECT {SUBJECT_COLUMNS}, {ATTEMPT_COLUMNS} FROM callbacks WHERE id = ?1 AND settled = 1");
    Ok(connection.prepare_cached(&sql)?.query_row([id], read).optional()?)
}

/// A page of the log of an account's publications and of its apps' installations, newest first.
///
/// # Errors
/// Faults of the database.
pub fn of_account(
    connection: &Connection,
    account: AccountId,
    filter: &CallbackFilter,
    page: Page<CallbackId>,
) -> Result<Vec<Callback>> {
    // Bare comparisons, so that the index that fits best is used: those of the failed and of the rare
    // kinds hold nothing else, and the statement must say that it asks for nothing else.
    let mut matching = "settled = 1 AND id < :before".to_owned();
    for condition in [
        if filter.publication.is_some() { "publication = :publication" } else { ":publication IS NULL" },
        if filter.installation.is_some() { "installation = :installation" } else { ":installation IS NULL" },
        match filter.kind {
            None => ":kind IS NULL",
            Some(CallbackKind::Action) => "kind = :kind",
            Some(_) => "kind = :kind AND kind <> 'ACTION'",
        },
        if filter.failed_only { "failed = 1" } else { "true" },
    ] {
        matching = format!("{matching} AND {condition}");
    }
    let half = |owner: &str| {
        format!(
            "SELECT id FROM (SELECT id FROM callbacks WHERE {owner} = :account AND {matching} ORDER BY id DESC LIMIT :first)"
        )
    };
    let sql = format!(
        "SELECT {SUBJECT_COLUMNS}, {ATTEMPT_COLUMNS} FROM callbacks WHERE id IN ({} UNION {}) ORDER BY id DESC LIMIT :first",
        half("connector_owner"),
        half("app_owner"),
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(
        named_params! {
            ":account": account,
            ":publication": filter.publication,
            ":installation": filter.installation,
            ":kind": filter.kind,
            ":before": page.after.unwrap_or(CallbackId::MAX),
            ":first": page.first,
        },
        read,
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Deletes up to `limit` settled entries from before `oldest`; how many there were.
///
/// # Errors
/// Faults of the database.
pub fn trim_by_age(transaction: &Transaction<'_>, oldest: CallbackId, limit: u32) -> Result<usize> {
    let mut statement = transaction.prepare_cached(
        "DELETE FROM callbacks WHERE id IN (SELECT id FROM callbacks WHERE id < ?1 AND settled = 1 ORDER BY id LIMIT ?2)",
    )?;
    Ok(statement.execute(params![oldest, limit])?)
}

/// Deletes up to `limit` of a publication's settled entries beyond the newest `keep`; how many there were.
///
/// # Errors
/// Faults of the database.
pub fn trim_by_count(
    transaction: &Transaction<'_>,
    publication: PublicationId,
    keep: u32,
    limit: u32,
) -> Result<usize> {
    let mut statement = transaction.prepare_cached(
        "DELETE FROM callbacks WHERE id IN (SELECT id FROM callbacks WHERE publication = ?1 AND settled = 1 \
         AND id <= (SELECT id FROM callbacks WHERE publication = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2) \
         ORDER BY id LIMIT ?3)",
    )?;
    Ok(statement.execute(params![publication, keep, limit])?)
}

/// The publications that have entries in the log, whether or not they are still there.
pub fn publications(connection: &Connection) -> Result<Vec<PublicationId>> {
    // From one to the next, past all of each one's entries.
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE found (publication) AS (SELECT min(publication) FROM callbacks UNION ALL \
           SELECT (SELECT min(publication) FROM callbacks WHERE publication > found.publication) FROM found \
           WHERE found.publication IS NOT NULL) \
         SELECT publication FROM found WHERE publication IS NOT NULL",
    )?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// A pending callback from its subject.
#[must_use]
pub fn pending(id: CallbackId, subject: &CallbackSubject) -> PendingCallback {
    PendingCallback { id, line: Line { publication: subject.publication, owner: subject.connector_owner } }
}
