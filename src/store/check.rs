//! What must hold of every row whenever a transaction is over, beyond what SQLite holds by itself: the
//! domain's states. Read by `connhub check`, all of it, on purpose; no request comes here.

use crate::model::error::Result;
use crate::model::time::Timestamp;
use crate::store::migrate;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, named_params};
use uuid::Uuid;

/// How many rows that break one rule are told.
const SHOWN_MAX: usize = 10;

/// A table and what its rows are, for people.
const NOUNS: [(&str, &str); 10] = [
    ("accounts", "accounts"),
    ("apps", "apps"),
    ("publications", "publications"),
    ("installations", "installations"),
    ("instances", "instances"),
    ("things", "things"),
    ("properties", "properties"),
    ("history", "points of the past"),
    ("action_requests", "action requests"),
    ("callbacks", "callbacks"),
];

/// A rule, and the query that finds what breaks it: an ID, and a word more where that helps.
pub(super) struct Rule {
    /// What is true of a row that breaks it, after the ID.
    broken: &'static str,
    pub(super) sql: &'static str,
    /// Whether it holds only while a server sees to it. `:overdue` is the present, less some patience.
    served: bool,
}

/// A rule that always holds.
const fn always(broken: &'static str, sql: &'static str) -> Rule {
    Rule { broken, sql, served: false }
}

pub(super) const RULES: [Rule; 24] = [
    always(
        "is an ID that is none",
        "SELECT id, 'of an account' FROM accounts WHERE length(id) <> 16 \
         UNION ALL SELECT id, 'of an app' FROM apps WHERE length(id) <> 16 \
         UNION ALL SELECT id, 'of a publication' FROM publications WHERE length(id) <> 16 \
         UNION ALL SELECT id, 'of an installation' FROM installations WHERE length(id) <> 16 \
         UNION ALL SELECT id, 'of an instance' FROM instances WHERE length(id) <> 16 \
         UNION ALL SELECT id, 'of a thing' FROM things WHERE length(id) <> 16 \
         UNION ALL SELECT id, 'of an action request' FROM action_requests WHERE length(id) <> 16 \
         UNION ALL SELECT id, 'of a callback' FROM callbacks WHERE length(id) <> 16",
    ),
    always(
        "has a text that is no JSON",
        "SELECT id, 'redirect URIs of an app' FROM apps WHERE NOT json_valid(redirect_uris) \
         UNION ALL SELECT id, 'tags of a publication' FROM publications WHERE NOT json_valid(tags) \
         UNION ALL SELECT id, 'details of an installation' FROM installations WHERE NOT json_valid(details) \
         UNION ALL SELECT id, 'details of an instance' FROM instances WHERE NOT json_valid(details) \
         UNION ALL SELECT key, 'capabilities of a component' FROM components WHERE NOT json_valid(capabilities) \
         UNION ALL SELECT id, 'parameters of an action request' FROM action_requests WHERE NOT json_valid(parameters) \
         UNION ALL SELECT id, 'a removed thing' FROM removed_things WHERE NOT json_valid(whole) \
         UNION ALL SELECT id, 'headers of a callback' FROM callbacks \
           WHERE NOT json_valid(request_headers) OR NOT json_valid(response_headers)",
    ),
    always(
        "is an action request for a thing that is not there",
        "SELECT id, NULL FROM action_requests AS r WHERE NOT EXISTS (SELECT 1 FROM things WHERE id = r.thing) \
         AND NOT EXISTS (SELECT 1 FROM removed_things WHERE id = r.thing)",
    ),
    always(
        "is a publication whose key cannot sign",
        "SELECT id, NULL FROM publications WHERE length(public_key) <> 32 \
         OR length(signing_seed) <> iif(EXISTS (SELECT 1 FROM settings WHERE name = 'encryption'), 61, 32) \
         OR length(next_public_key) <> 32 OR (next_public_key IS NULL) <> (next_signing_seed IS NULL)",
    ),
    always(
        "is a publication that was removed, has no installation any more and is still there",
        "SELECT id, NULL FROM publications AS p WHERE removed = 1 \
         AND NOT EXISTS (SELECT 1 FROM installations WHERE publication = p.id)",
    ),
    always(
        "is a grant for an app of another account",
        "SELECT g.id, NULL FROM grants AS g CROSS JOIN apps AS a ON a.id = g.app WHERE a.owner <> g.account",
    ),
    always(
        "is an installation of another owner than its app",
        "SELECT i.id, NULL FROM installations AS i CROSS JOIN apps AS a ON a.id = i.app WHERE a.owner <> i.owner",
    ),
    always(
        "is an installation in INITIALIZED, and no callback about it is under way",
        "SELECT i.id, NULL FROM installations AS i WHERE state = 1 AND NOT EXISTS (SELECT 1 FROM callbacks \
         WHERE settled = 0 AND installation = i.id AND instance IS NULL AND kind = 'INSTALLATION')",
    ),
    always(
        "is an installation in REMOVAL_ONGOING without instances, and its callback is not under way",
        "SELECT i.id, NULL FROM installations AS i WHERE state = 7 AND NOT EXISTS (SELECT 1 FROM callbacks \
         WHERE settled = 0 AND installation = i.id AND instance IS NULL AND kind = 'INSTALLATION_REMOVAL') \
         AND NOT EXISTS (SELECT 1 FROM instances WHERE installation = i.id)",
    ),
    always(
        "is an instance of another app or owner than its installation",
        "SELECT s.id, NULL FROM instances AS s CROSS JOIN installations AS i ON i.id = s.installation \
         WHERE s.app <> i.app OR s.owner <> i.owner",
    ),
    always(
        "is an instance in INITIALIZED, and no callback about it is under way",
        "SELECT s.id, NULL FROM instances AS s CROSS JOIN installations AS i ON i.id = s.installation \
         WHERE s.state = 1 AND i.state <> 7 AND NOT EXISTS (SELECT 1 FROM callbacks \
         WHERE settled = 0 AND installation = s.installation AND instance = s.id AND kind = 'INSTANCE')",
    ),
    always(
        "is an instance whose removal was begun, and no callback about it is under way",
        "SELECT s.id, NULL FROM instances AS s WHERE removal_begun = 1 AND (state <> 7 OR ended = 0 AND NOT EXISTS (\
         SELECT 1 FROM callbacks WHERE settled = 0 AND installation = s.installation AND instance = s.id \
         AND kind = 'INSTANCE_REMOVAL')) OR removal_begun = 0 AND ended = 1",
    ),
    always(
        "is an instance in REMOVAL_ONGOING that nothing removes: its installation stays",
        "SELECT s.id, NULL FROM instances AS s CROSS JOIN installations AS i ON i.id = s.installation \
         WHERE s.state = 7 AND s.removal_begun = 0 AND i.state <> 7",
    ),
    always(
        "has half of a further step",
        "SELECT id, 'installation' FROM installations WHERE (step_kind IS NULL) <> (step_content IS NULL) \
         UNION ALL SELECT id, 'instance' FROM instances WHERE (step_kind IS NULL) <> (step_content IS NULL)",
    ),
    always(
        "is a callback that is under way about what is not there",
        "SELECT c.id, c.kind FROM callbacks AS c WHERE settled = 0 AND (\
         kind IN ('INSTALLATION', 'INSTALLATION_REMOVAL') \
           AND NOT EXISTS (SELECT 1 FROM installations WHERE id = c.installation) \
         OR kind IN ('INSTANCE', 'INSTANCE_REMOVAL') AND NOT EXISTS (SELECT 1 FROM instances WHERE id = c.instance))",
    ),
    always(
        "is a callback with an outcome and without what was sent, or the other way round",
        "SELECT id, kind FROM callbacks WHERE CASE settled WHEN 0 THEN sent_at IS NOT NULL ELSE sent_at IS NULL \
         OR duration IS NULL OR method IS NULL OR url IS NULL OR signed_url IS NULL OR request_headers IS NULL \
         OR request_body IS NULL OR (response_status IS NULL) <> (response_body IS NULL) END",
    ),
    always(
        "is a thing of another app or end customer than its instance",
        "SELECT t.id, NULL FROM things AS t CROSS JOIN instances AS s ON s.id = t.instance \
         WHERE t.app <> s.app OR t.subject <> s.subject",
    ),
    always(
        "is a thing without its main component",
        "SELECT t.id, t.main_component_id FROM things AS t WHERE NOT EXISTS (\
         SELECT 1 FROM components WHERE thing = t.key AND id = t.main_component_id)",
    ),
    always(
        "is a thing that is not found by what a component of it can do",
        "SELECT t.id, c.id FROM components AS c CROSS JOIN things AS t ON t.key = c.thing \
         WHERE json_valid(c.capabilities) AND (SELECT count(*) FROM capabilities WHERE component = c.key) \
           <> (SELECT count(DISTINCT value) FROM json_each(c.capabilities)) \
         OR EXISTS (SELECT 1 FROM capabilities AS k WHERE k.component = c.key \
           AND k.capability NOT IN (SELECT value FROM json_each(c.capabilities)))",
    ),
    always(
        "is a thing with a property whose current value is not the point of its time",
        "SELECT t.id, c.id || '/' || p.id FROM properties AS p \
         CROSS JOIN history AS h ON h.property = p.key AND h.at = p.last_update \
         CROSS JOIN components AS c ON c.key = p.component CROSS JOIN things AS t ON t.key = c.thing \
         WHERE CASE p.type WHEN 'NUMBER' THEN abs(h.value - CAST(p.value AS REAL)) > 1e-9 * abs(h.value) \
           WHEN 'BOOLEAN' THEN h.value <> (p.value = 'true') ELSE h.value <> p.value END",
    ),
    always(
        "is a thing with a property that has points of another type",
        "SELECT t.id, c.id || '/' || p.id FROM properties AS p \
         CROSS JOIN components AS c ON c.key = p.component CROSS JOIN things AS t ON t.key = c.thing \
         WHERE EXISTS (SELECT 1 FROM history AS h WHERE h.property = p.key AND typeof(h.value) <> \
           CASE p.type WHEN 'NUMBER' THEN 'real' WHEN 'BOOLEAN' THEN 'integer' ELSE 'text' END)",
    ),
    always(
        "is a property whose points will be deleted although it is there",
        "SELECT e.property, NULL FROM ended_histories AS e CROSS JOIN properties AS p ON p.key = e.property",
    ),
    always(
        "is a property that is gone, and its points will never be deleted",
        "WITH RECURSIVE found (property) AS (SELECT min(property) FROM history UNION ALL \
           SELECT (SELECT min(property) FROM history WHERE property > found.property) FROM found \
           WHERE found.property IS NOT NULL) \
         SELECT property, NULL FROM found WHERE property IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM properties WHERE key = found.property) \
         AND NOT EXISTS (SELECT 1 FROM ended_histories AS e WHERE e.property = found.property)",
    ),
    Rule {
        broken: "is an action request that is PENDING past its deadline although a server runs",
        sql: "SELECT id, NULL FROM action_requests WHERE status = 'PENDING' AND deadline < :overdue",
        served: true,
    },
];

/// How many rows there are of each noun.
///
/// # Errors
/// Faults of the database.
pub fn counts(connection: &Connection) -> Result<Vec<(&'static str, u64)>> {
    let count = |(table, noun): &(&str, &'static str)| {
        let counted = connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
        Ok((*noun, counted))
    };
    NOUNS.iter().map(count).collect()
}

/// How many rules there are, and what breaks one, in sentences with IDs. `overdue` is before when a
/// deadline must have had its effect, if a server is at work. No rules for a database of an older form.
/// Blocks: it reads everything.
///
/// # Errors
/// Faults of the database.
pub fn broken(connection: &Connection, overdue: Option<Timestamp>) -> Result<(usize, Vec<String>)> {
    let (mut looked_at, mut problems) = (0, Vec::new());
    if migrate::form(connection)? < migrate::newest() {
        return Ok((looked_at, problems));
    }
    for rule in RULES.iter().filter(|rule| !rule.served || overdue.is_some()) {
        looked_at += 1;
        let mut statement = connection.prepare(rule.sql)?;
        let read = |row: &Row<'_>| Ok(format!("{} {}", name(row)?, rule.broken));
        let found: Vec<String> = if rule.served {
            statement.query_map(named_params! { ":overdue": overdue }, read)?.collect::<Result<_, _>>()?
        } else {
            statement.query_map([], read)?.collect::<Result<_, _>>()?
        };
        let more = found.len().saturating_sub(SHOWN_MAX);
        problems.extend(found.into_iter().take(SHOWN_MAX));
        if more > 0 {
            problems.push(format!("and {more} more like it"));
        }
    }
    Ok((looked_at, problems))
}

/// What a row is called: its ID or number, with a word more in parentheses.
fn name(row: &Row<'_>) -> rusqlite::Result<String> {
    let id = match row.get_ref(0)? {
        ValueRef::Blob(bytes) => match Uuid::from_slice(bytes) {
            Ok(id) => id.to_string(),
            Err(_) => format!("{bytes:02x?}"),
        },
        ValueRef::Integer(number) => format!("number {number}"),
        other => format!("{other:?}"),
    };
    Ok(match row.get::<_, Option<String>>(1)? {
        Some(word) => format!("{id} ({word})"),
        None => id,
    })
}
