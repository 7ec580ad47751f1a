//! A database as a busy server has it: one installation with thousands of instances, their things, and a full callback
//! log, beside one of each noun that the statements ask for.

use super::nouns::Nouns;
use crate::model::error::Result;
use rusqlite::Transaction;

/// How many instances the installation has, and how many callbacks its log.
pub(super) const INSTANCES: u32 = 4_000;

/// Rows beside the nouns, of the same account, app, publication and installation. Their IDs are before the nouns' own,
/// which are of now.
const ROWS: &str = "
    CREATE TEMP TABLE numbers AS
      WITH RECURSIVE count (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < {instances}) SELECT n FROM count;
    CREATE TEMP TABLE own AS
      SELECT app, owner, publication, id AS installation FROM installations WHERE id = {installation};

    INSERT INTO accounts (id, email, email_key, name, password_hash, created_at)
      SELECT unhex(printf('%032x', n)), n || '@h', n || '@h', 'n', 'h', 1 FROM numbers WHERE n <= 500;
    INSERT INTO apps (id, owner, name, redirect_uris, secret_hash, created_at)
      SELECT id, id, 'n', '[]', x'00', 1 FROM accounts WHERE id <> (SELECT owner FROM own);
    INSERT INTO publications (id, owner, name, description, tags, mode, active, installation_callback_url,
        instance_callback_url, action_callback_url, public_key, signing_seed, created_at)
      SELECT id, id, 'n', 'd', '[]', 'PRIVATE', 1, 'u', 'u', 'u', x'00', x'00', 1 FROM accounts
      WHERE id <> (SELECT owner FROM own);
    INSERT INTO installations (id, app, owner, publication, state, created_at)
      SELECT a.id, a.id, a.id, a.id, 2, 1 FROM accounts AS a WHERE id <> (SELECT owner FROM own);

    INSERT INTO instances (id, installation, app, owner, subject, state, created_at)
      SELECT unhex(printf('%032x', n)), installation, app, owner, 's' || n, 2, 1 FROM numbers, own;
    INSERT INTO instance_values (instance, position, parameter, value, password)
      SELECT unhex(printf('%032x', n)), 0, 'p', 'v', 0 FROM numbers;
    INSERT INTO things (key, id, app, subject, instance, name, manufacturer, main_component_id, display_type, status,
        created_at)
      SELECT 1000 + n, unhex(printf('%032x', n)), app, 's' || n, unhex(printf('%032x', n)), 't' || n % 50, 'm', 'c', 'd',
        'AVAILABLE', 1 FROM numbers, own;
    INSERT INTO things (id, app, subject, name, manufacturer, main_component_id, display_type, status, created_at)
      SELECT unhex(printf('%016x%016x', 1, n)), app, 'default', 't', 'm', 'c', 'd', 'AVAILABLE', 1 FROM numbers, own
      WHERE n <= 500;
    INSERT INTO attributes (thing, position, name, value) SELECT key, 0, 'serial', key FROM things WHERE key > 1000;
    INSERT INTO components (key, thing, id, name, component_type, capabilities)
      SELECT key, key, 'c', 'n', 't', '[\"core.SWITCH\"]' FROM things WHERE key > 1000;
    INSERT INTO capabilities (component, capability) SELECT key, 'core.SWITCH' FROM components WHERE key > 1000;
    INSERT INTO properties (key, component, id, name, value, unit, type, property_type, last_update)
      SELECT key, key, 'p', 'n', key % 100, 'C', 'NUMBER', 'core.TEMPERATURE', 1 FROM components WHERE key > 1000;
    INSERT INTO history (property, at, value)
      SELECT p.key, n, 1.0 FROM properties AS p, numbers WHERE p.key > 1000 AND n <= 5;
    INSERT INTO history (property, at, value) SELECT 1, 1000 + n, 1.0 FROM numbers;
    INSERT INTO actions (key, component, id, name) SELECT key, key, 'a', 'n' FROM components WHERE key > 1000;
    INSERT INTO action_parameters (action, position, name, type)
      SELECT key, 0, 'level', 'NUMBER' FROM actions WHERE key > 1000;
    INSERT INTO action_requests (id, app, subject, instance, thing, component_id, action_id, parameters, status,
        deadline, created_at)
      SELECT unhex(printf('%032x', n)), app, 's' || n, unhex(printf('%032x', n)), unhex(printf('%032x', n)), 'c', 'a', '[]',
        iif(n % 100 = 0, 'PENDING', 'COMPLETED'), 9000000000000000, 1 FROM numbers, own;
    INSERT INTO removed_things (id, app, subject, instance, whole, removed_at)
      SELECT unhex(printf('%016x%016x', 2, n)), app, 's' || n, unhex(printf('%032x', n)), '{}', 9000000000000000
      FROM numbers, own WHERE n <= 500;

    INSERT INTO callbacks (id, kind, publication, connector_owner, app_owner, installation, instance, action_request,
        settled, failed, created_at, sent_at, duration, method, url, signed_url, request_headers, request_body)
      SELECT unhex(printf('%032x', n)), iif(n % 50 = 0, 'INSTANCE', 'ACTION'), publication, owner, owner, installation,
        unhex(printf('%032x', n)), iif(n % 50 = 0, NULL, unhex(printf('%032x', n))), 1, n % 100 = 0, 1, 1, 1, 'POST', 'u',
        'u', '[]', '' FROM numbers, own;
    INSERT INTO callbacks (id, kind, publication, connector_owner, app_owner, installation, instance, action_request,
        created_at)
      SELECT unhex(printf('%016x%016x', 1, n)), 'ACTION', publication, owner, owner, installation, {instance},
        unhex(printf('%032x', n)), 1 FROM numbers, own WHERE n <= 100;
    INSERT INTO grants (id, client, account, app, scope, code_hash, created_at, used_at, expires_at)
      SELECT id, id, id, id, 's', id, 1, 1, 9000000000000000 FROM accounts WHERE id <> (SELECT owner FROM own);
    INSERT INTO revoked_tokens (id, expires_at) SELECT unhex(printf('%032x', n)), 9000000000000000 FROM numbers;
    DROP TABLE own;
    DROP TABLE numbers;";

/// Adds them.
pub(super) fn add(transaction: &Transaction<'_>, nouns: &Nouns) -> Result<()> {
    let literal = |id: String| format!("x'{}'", id.replace('-', ""));
    let rows = ROWS
        .replace("{instances}", &INSTANCES.to_string())
        .replace("{installation}", &literal(nouns.installation.id.to_string()))
        .replace("{instance}", &literal(nouns.instance.id.to_string()));
    Ok(transaction.execute_batch(&rows)?)
}
