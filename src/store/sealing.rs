//! Encrypts what a stolen copy of the database must not reveal: the seeds that sign callbacks, the keys that sign tokens,
//! PASSWORD values, and the demo connector's tokens. The key is in a file of its own, so a backup holds nothing of it.
//!
//! A database is either encrypted as a whole or not at all. Its setting [`CHECK`] is there if it is, and can be opened
//! with the right key alone. The cipher is ChaCha20-Poly1305 with random nonces; what names a value (its table, row and
//! parameter) is authenticated with it, so that nobody can move one to another row. Statements call `sealed(value,
//! table, row, more)` and `unsealed(…)`, which return the value as it is if the database is not encrypted.

use crate::model::error::{Error, Result};
use crate::store::{files, space};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The setting of an encrypted database, which tells whether a key is the right one.
pub const CHECK: &str = "encryption";
/// The setting of a database whose values are encrypted while pages with the plain ones may still be in the file.
const UNFINISHED: &str = "encryption_unfinished";
/// What [`CHECK`] holds once it is opened.
const CHECK_VALUE: &[u8] = b"connhub";
/// How a sealed value begins.
const VERSION: u8 = 1;
const KEY_BYTES: usize = 32;

/// A column with values that are encrypted.
struct Column {
    table: &'static str,
    column: &'static str,
    row: &'static str,
    more: &'static str,
    only: &'static str,
}

const COLUMNS: [Column; 6] = [
    Column { table: "publications", column: "signing_seed", row: "id", more: "''", only: "TRUE" },
    Column {
        table: "publications",
        column: "next_signing_seed",
        row: "id",
        more: "''",
        only: "next_signing_seed IS NOT NULL",
    },
    Column { table: "installation_values", column: "value", row: "installation", more: "parameter", only: "password" },
    Column { table: "instance_values", column: "value", row: "instance", more: "parameter", only: "password" },
    Column { table: "signing_keys", column: "key", row: "id", more: "''", only: "TRUE" },
    Column {
        table: "settings",
        column: "value",
        row: "name",
        more: "''",
        only: "name IN ('encryption', 'demo_state')",
    },
];

/// A key that encrypts.
pub struct SealingKey {
    key: LessSafeKey,
    /// The file that it is from, for errors.
    file: PathBuf,
}

impl SealingKey {
    /// Reads a key file: 64 hexadecimal digits, base64 of 32 bytes, or the 32 bytes themselves.
    ///
    /// # Errors
    /// [`Error::Conflict`] if it cannot be read or is not a key. Errors never hold anything of it.
    pub fn read(file: &Path) -> Result<Self> {
        let name = file.display();
        let contents =
            fs::read(file).map_err(|error| Error::Conflict(format!("cannot read the key file {name}: {error}")))?;
        if fs::metadata(file).is_ok_and(|about| about.permissions().mode() & 0o007 != 0) {
            tracing::warn!("every user of this machine can read the key file {name}: run `chmod 600 {name}`");
        }
        let bytes = key_bytes(&contents).ok_or_else(|| {
            Error::Conflict(format!(
                "the key file {name} is not a key: it must hold 32 random bytes as 64 hexadecimal digits; `openssl rand \
                 -hex 32` prints such a key"
            ))
        })?;
        let key = UnboundKey::new(&CHACHA20_POLY1305, &bytes).map_err(|_| Error::fault("a key of the wrong length"))?;
        Ok(Self { key: LessSafeKey::new(key), file: file.to_owned() })
    }

    fn seal(&self, name: &[u8], value: &[u8]) -> Option<Vec<u8>> {
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut sealed = value.to_owned();
        self.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(name), &mut sealed).ok()?;
        Some([&[VERSION][..], &nonce, &sealed].concat())
    }

    fn open(&self, name: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (version, rest) = sealed.split_first()?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut value = sealed.to_owned();
        let length = self.key.open_in_place(nonce, Aad::from(name), &mut value).ok()?.len();
        value.truncate(length);
        (*version == VERSION).then_some(value)
    }
}

fn key_bytes(contents: &[u8]) -> Option<[u8; KEY_BYTES]> {
    if let Ok(bytes) = contents.try_into() {
        return Some(bytes);
    }
    let text = std::str::from_utf8(contents).ok()?.trim();
    let bytes = match text.len() {
        64 => (0..KEY_BYTES)
            .map(|at| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok())
            .collect::<Option<_>>()?,
        _ => STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok()?,
    };
    bytes.try_into().ok()
}

/// How the values of a database are kept.
#[derive(Clone, Default)]
pub enum Sealing {
    /// As they are.
    #[default]
    Plain,
    /// Encrypted with this key.
    With(Arc<SealingKey>),
    /// Encrypted, and the key is not known: they can be neither read nor written.
    Locked,
}

type FunctionError = Box<dyn std::error::Error + Send + Sync>;

impl Sealing {
    /// Gives a connection the functions `sealed` and `unsealed`.
    pub(super) fn add(&self, connection: &Connection) -> rusqlite::Result<()> {
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
        let (seals, opens) = (self.clone(), self.clone());
        connection.create_scalar_function("sealed", 4, flags, move |context| seals.seal(context))?;
        connection.create_scalar_function("unsealed", 4, flags, move |context| opens.open(context))
    }

    fn seal(&self, context: &Context<'_>) -> rusqlite::Result<Value> {
        let value = context.get_raw(0);
        match self {
            Self::Plain => context.get(0),
            Self::Locked => Err(locked()),
            Self::With(key) => {
                let sealed = |value| key.seal(&name(context), value).ok_or_else(|| failed("cannot encrypt a value"));
                match value {
                    ValueRef::Text(text) => Ok(Value::Text(STANDARD_NO_PAD.encode(sealed(text)?))),
                    ValueRef::Blob(bytes) => Ok(Value::Blob(sealed(bytes)?)),
                    _ => Err(failed("cannot encrypt what is neither text nor bytes")),
                }
            }
        }
    }

    fn open(&self, context: &Context<'_>) -> rusqlite::Result<Value> {
        let value = context.get_raw(0);
        match self {
            Self::Plain => context.get(0),
            Self::Locked => Err(locked()),
            Self::With(key) => {
                let opened = match value {
                    ValueRef::Text(text) => STANDARD_NO_PAD
                        .decode(text)
                        .ok()
                        .and_then(|sealed| key.open(&name(context), &sealed))
                        .and_then(|text| String::from_utf8(text).ok())
                        .map(Value::Text),
                    ValueRef::Blob(sealed) => key.open(&name(context), sealed).map(Value::Blob),
                    _ => None,
                };
                opened.ok_or_else(|| failed("an encrypted value was changed, or is of another key"))
            }
        }
    }
}

/// What a value is authenticated with.
fn name(context: &Context<'_>) -> Vec<u8> {
    let mut name = Vec::new();
    for at in 1..4 {
        match context.get_raw(at) {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => name.extend_from_slice(bytes),
            ValueRef::Integer(number) => name.extend_from_slice(&number.to_be_bytes()),
            ValueRef::Real(_) | ValueRef::Null => {}
        }
        name.push(0);
    }
    name
}

fn failed(what: &str) -> rusqlite::Error {
    rusqlite::Error::UserFunctionError(FunctionError::from(what))
}

fn locked() -> rusqlite::Error {
    failed("the database is encrypted and its key is not known")
}

/// Whether a database is encrypted.
///
/// # Errors
/// Faults of the database.
pub fn is_sealed(connection: &Connection) -> Result<bool> {
    let mut statement = connection.prepare("SELECT 1 FROM settings WHERE name = ?1")?;
    Ok(statement.exists([CHECK])?)
}

/// How the values of a database are read with this key, or without one. Without its key, an encrypted one is locked.
///
/// # Errors
/// [`Error::Conflict`] if it is another database's key.
pub fn judge(connection: &Connection, key: Option<SealingKey>) -> Result<Sealing> {
    if !is_sealed(connection)? {
        return Ok(Sealing::Plain);
    }
    let Some(key) = key else { return Ok(Sealing::Locked) };
    let file = key.file.display().to_string();
    let sealing = Sealing::With(Arc::new(key));
    sealing.add(connection)?;
    let sql = "SELECT unsealed(value, 'settings', name, '') FROM settings WHERE name = ?1";
    let opened = connection.query_row(sql, [CHECK], |row| row.get::<_, Vec<u8>>(0)).optional();
    if opened.is_ok_and(|opened| opened.is_none_or(|value| value == CHECK_VALUE)) {
        return Ok(sealing);
    }
    Err(Error::Conflict(format!(
        "the key in {file} is not the one that the database was encrypted with: give that one with --key-file"
    )))
}

/// Refuses to go on with an encrypted database without its key.
///
/// # Errors
/// [`Error::Conflict`] if it is locked.
pub(super) fn must_open(sealing: Sealing, database: &Path) -> Result<Sealing> {
    match sealing {
        Sealing::Locked => Err(Error::Conflict(format!(
            "{} is encrypted: give the file with its key by --key-file or CONNHUB_KEY_FILE (under systemd: as the \
             credential connhub.key)",
            database.display()
        ))),
        open => Ok(open),
    }
}

/// Encrypts a database that is not, and nobody else has open, if there is a key.
pub(super) fn begin(
    connection: &mut Connection,
    database: &Path,
    sealing: Sealing,
    key: Option<SealingKey>,
) -> Result<Sealing> {
    let sealing = match (sealing, key) {
        (Sealing::Plain, Some(key)) => {
            let sealing = Sealing::With(Arc::new(key));
            reseal(connection, &Sealing::Plain, &sealing)?;
            tracing::warn!(
                database = %database.display(),
                "the database is encrypted now and needs its key at each start; backups and copies made before are not: \
                 delete them"
            );
            sealing
        }
        (sealing, _) => sealing,
    };
    finish(connection)?;
    sealing.add(connection)?;
    Ok(sealing)
}

/// Changes how all values are kept, in one transaction.
pub(super) fn reseal(connection: &mut Connection, from: &Sealing, to: &Sealing) -> Result<()> {
    // What is replaced is overwritten in its page.
    connection.query_row("PRAGMA secure_delete = ON", [], |_| Ok(()))?;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
    from.add(connection)?;
    let seals = to.clone();
    connection.create_scalar_function("resealed", 4, flags, move |context| seals.seal(context))?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if matches!(from, Sealing::Plain) {
        transaction.execute("INSERT INTO settings (name, value) VALUES (?1, ?2)", (CHECK, CHECK_VALUE))?;
    }
    for Column { table, column, row, more, only } in &COLUMNS {
        let name = format!("'{table}', {row}, {more}");
        let sql = format!("UPDATE {table} SET {column} = resealed(unsealed({column}, {name}), {name}) WHERE {only}");
        transaction.execute(&sql, [])?;
    }
    if matches!(to, Sealing::Plain) {
        transaction.execute("DELETE FROM settings WHERE name = ?1", [CHECK])?;
    } else {
        transaction.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?1, x'')", [UNFINISHED])?;
    }
    transaction.commit()?;
    Ok(())
}

/// Writes the file again without what is free in it: rows that were deleted before hold plain values. After a crash the
/// next start does so.
pub(super) fn finish(connection: &Connection) -> Result<()> {
    let unfinished = connection.prepare("SELECT 1 FROM settings WHERE name = ?1")?.exists([UNFINISHED])?;
    if !unfinished {
        return Ok(());
    }
    // On the disk: the copy that VACUUM makes is as long as the database.
    connection.pragma_update(None, "temp_store", "FILE")?;
    let vacuumed = connection.execute_batch("VACUUM");
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // Where there is no folder for temporary files, a short database is copied in memory.
    let vacuumed = match vacuumed {
        Err(_) if space::fits_in_memory(connection)? => connection.execute_batch("VACUUM"),
        vacuumed => vacuumed,
    };
    vacuumed.map_err(|error| {
        Error::Unavailable(format!(
            "the database is encrypted, but cannot be written again without the plain values that were deleted: {error}. \
             It needs as much room again on its disk, and a folder for temporary files (/tmp, or the one in \
             SQLITE_TMPDIR) with as much; the next start tries it again"
        ))
    })?;
    // Until then the plain pages are in the file.
    let is_read: bool = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if is_read {
        return Err(Error::Unavailable(
            "the database is encrypted, but its file holds plain values until those that read it now are done (a backup, \
             Litestream): end them and start again"
                .to_owned(),
        ));
    }
    connection.execute("DELETE FROM settings WHERE name = ?1", [UNFINISHED])?;
    Ok(())
}

/// What of an encrypted database cannot be opened with its key, in sentences.
///
/// # Errors
/// Faults of the database.
pub fn flaws(connection: &Connection, sealing: &Sealing) -> Result<Vec<String>> {
    let Sealing::With(key) = sealing else { return Ok(Vec::new()) };
    let opens = Arc::clone(key);
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function("opens", 4, flags, move |context| {
        Ok(Sealing::With(Arc::clone(&opens)).open(context).is_ok())
    })?;
    let mut found = Vec::new();
    for Column { table, column, row, more, only } in &COLUMNS {
        let sql =
            format!("SELECT count(*) FROM {table} WHERE ({only}) AND NOT opens({column}, '{table}', {row}, {more})");
        let count: u64 = connection.query_row(&sql, [], |row| row.get(0))?;
        if count > 0 {
            found.push(format!("{count} encrypted values of {table} cannot be opened: they were changed"));
        }
    }
    Ok(found)
}

/// Changes the key of a database that no server has open: encrypts it, encrypts it with another key, or decrypts it.
/// Blocks.
///
/// # Errors
/// [`Error::Conflict`] if a server runs on it, it has an older schema, or the key is not its own.
pub fn change_key(database: &Path, key: Option<SealingKey>, new: Option<SealingKey>) -> Result<()> {
    let path = &super::copy::must_exist(database)?;
    files::judge_mount(path)?;
    let mut lock = super::lock::Lock::take(path)?;
    lock.take_file(path)?;
    let mut connection = super::open_newest(path)?;
    let from = must_open(judge(&connection, key)?, database)?;
    let to = new.map_or(Sealing::Plain, |key| Sealing::With(Arc::new(key)));
    if matches!((&from, &to), (Sealing::Plain, Sealing::Plain)) {
        return Ok(());
    }
    reseal(&mut connection, &from, &to)?;
    finish(&connection)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing;
    use tempfile::TempDir;

    fn key(folder: &TempDir, contents: &str) -> Result<SealingKey> {
        let file = folder.path().join("key");
        fs::write(&file, contents).expect("a file");
        SealingKey::read(&file)
    }

    #[test]
    fn a_key_is_32_bytes_in_any_of_three_spellings() {
        let folder = TempDir::new().expect("a folder");
        let hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        let base64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        let raw: String = (0..32_u8).map(char::from).collect();
        let sealed = key(&folder, hex).expect("a key").seal(b"n", b"value").expect("sealed");
        for same in [&format!("{hex}\n"), base64, &raw, &hex.to_uppercase()] {
            assert_eq!(
                key(&folder, same).expect("a key").open(b"n", &sealed).as_deref(),
                Some(&b"value"[..]),
                "{same:?}"
            );
        }
        for bad in ["", "secret", &hex[2..], &format!("{hex}00"), &"é".repeat(32), &"x".repeat(64)] {
            let refused = key(&folder, bad).err().expect(bad).to_string();
            assert!(refused.contains("is not a key") && (bad.is_empty() || !refused.contains(bad)), "{refused}");
        }
    }

    #[test]
    fn a_value_opens_under_its_name_alone_and_no_two_are_alike() {
        let folder = TempDir::new().expect("a folder");
        let key = key(&folder, &"0f".repeat(32)).expect("a key");
        let [one, other] = [(); 2].map(|()| key.seal(b"row 1", b"value").expect("sealed"));
        assert_ne!(one, other);
        assert_eq!(key.open(b"row 1", &one).as_deref(), Some(&b"value"[..]));
        assert_eq!(key.open(b"row 2", &one), None);
        for at in 0..one.len() {
            let mut changed = one.clone();
            changed[at] ^= 1;
            assert_eq!(key.open(b"row 1", &changed), None, "byte {at}");
            assert_eq!(key.open(b"row 1", &one[..at]), None, "{at} bytes");
        }
    }

    /// A column that is added for a seed or key must be among those that are encrypted.
    #[test]
    fn every_column_that_is_named_after_a_secret_is_encrypted() {
        let connection = testing::connection();
        let sql = "SELECT t.name, c.name FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c
            WHERE t.type = 'table' AND c.type = 'BLOB' AND (c.name GLOB '*seed*' OR c.name = 'key' OR c.name GLOB '*secret')";
        let mut statement = connection.prepare(sql).expect(sql);
        let found = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)));
        let found: Vec<_> = found.expect(sql).map(|one| one.expect("a column")).collect();
        assert!(found.len() >= 2, "{found:?}");
        for (table, column) in found {
            assert!(
                COLUMNS.iter().any(|one| one.table == table && one.column == column),
                "{table}.{column} is not encrypted"
            );
        }
    }

    #[test]
    fn every_column_with_secrets_is_sealed_and_opened_again() {
        let folder = TempDir::new().expect("a folder");
        let mut connection = testing::connection();
        let rows = "PRAGMA foreign_keys = OFF;
            INSERT INTO installation_values VALUES (x'01', 0, 'user', 'plain text', 0), (x'01', 1, 'pin', 'plain text', 1);
            INSERT INTO instance_values VALUES (x'01', 0, 'pin', 'plain text', 1);
            INSERT INTO signing_keys (id, key, chosen, created_at) VALUES (7, CAST('plain text' AS BLOB), 0, 1);
            INSERT INTO settings VALUES ('demo_state', CAST('plain text' AS BLOB));";
        connection.execute_batch(rows).expect("rows");
        let everything = "SELECT group_concat(CAST(value AS TEXT), ',') FROM (SELECT value FROM installation_values
            UNION ALL SELECT value FROM instance_values UNION ALL SELECT key FROM signing_keys
            UNION ALL SELECT value FROM settings)";
        let plain = |connection: &Connection| {
            let text = connection.query_row(everything, [], |row| Ok(row.get_ref(0)?.as_bytes()?.to_owned()));
            String::from_utf8_lossy(&text.expect("values")).matches("plain text").count()
        };
        assert_eq!(plain(&connection), 5);
        let sealing = Sealing::With(Arc::new(key(&folder, &"0f".repeat(32)).expect("a key")));
        reseal(&mut connection, &Sealing::Plain, &sealing).expect("sealed");
        assert_eq!(plain(&connection), 1, "what is not secret stays as it is");
        assert_eq!(flaws(&connection, &sealing).expect("flaws"), [""; 0]);
        let swap = "UPDATE instance_values SET value = (SELECT value FROM installation_values WHERE position = 1)";
        connection.execute_batch(swap).expect(swap);
        assert_eq!(flaws(&connection, &sealing).expect("flaws").len(), 1, "a value was moved to another row");
        connection.execute("DELETE FROM instance_values", []).expect("deleted");
        reseal(&mut connection, &sealing, &Sealing::Plain).expect("opened");
        assert_eq!(plain(&connection), 4);
        assert!(!is_sealed(&connection).expect("known"));
    }
}
