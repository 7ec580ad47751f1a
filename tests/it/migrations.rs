//! Databases of other forms: newer ones are refused, older ones are copied before they are changed.

use crate::disk::{Disk, State};
use crate::harness::{EMAIL, PASSWORD, connhub, run, run_briefly};
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What stands in the database of the first form.
const ROWS: &str = "INSERT INTO accounts (id, email, name, password_hash, created_at)
    VALUES (x'0123456789abcdef0123456789abcdef', 'old@example.com', 'n', 'h', 1)";

/// A database as the first connhub made it.
fn of_first_form(folder: &Path) -> PathBuf {
    let path = folder.join("connhub.db");
    let sql = Connection::open(&path).expect("a database");
    let text = "PRAGMA journal_mode = WAL";
    sql.query_row(text, [], |_| Ok(())).expect(text);
    sql.execute_batch(include_str!("../../schema/0001_initial.sql")).expect("the first form");
    sql.execute_batch(ROWS).expect("rows");
    sql.pragma_update(None, "user_version", 1).expect("its number");
    path
}

fn form(database: &Path) -> i64 {
    let sql = Connection::open(database).expect("the database");
    sql.pragma_query_value(None, "user_version", |row| row.get(0)).expect("a number")
}

fn copies(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.filter(|path| path.to_string_lossy().contains(".form-")).collect()
}

/// Starts a server, and ends it once it listens; what it logged.
fn start(database: &Path, environment: &[(String, String)]) -> String {
    let mut command = connhub();
    command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(database);
    command.env("CONNHUB_EMAIL", EMAIL).env("CONNHUB_PASSWORD", PASSWORD).envs(environment.iter().cloned());
    run_briefly(command).1
}

#[test]
fn a_database_of_an_older_form_is_copied_before_it_gets_the_newest() {
    let folder = TempDir::new().expect("a temporary folder");
    let database = of_first_form(folder.path());
    // As root, which tests often run as, it may be another user's.
    let _ = std::os::unix::fs::chown(&database, Some(4_321), Some(4_321));
    let log = start(&database, &[]);
    assert!(form(&database) > 1, "{log}");
    let copies = copies(folder.path());
    let [copy] = copies.as_slice() else { panic!("{copies:?}") };
    let name = copy.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(name.starts_with("connhub.db.form-1-") && name.ends_with(".bak"), "{name}");
    assert!(log.contains(&name), "the log says where it is: {log}");
    let about = fs::metadata(copy).expect("the copy");
    let owner = fs::metadata(&database).expect("the database").uid();
    assert_eq!((about.mode() & 0o777, about.uid()), (0o600, owner));
    assert_eq!(form(copy), 1);
    for path in [&database, copy] {
        let sql = Connection::open(path).expect("a database");
        let email: String = sql.query_row("SELECT email FROM accounts", [], |row| row.get(0)).expect("the account");
        assert_eq!(email, "old@example.com", "{}", path.display());
    }
    start(&database, &[]);
    assert_eq!(self::copies(folder.path()).len(), 1, "one that has the newest form is not copied");
}

#[test]
fn a_new_database_is_not_copied() {
    let folder = TempDir::new().expect("a temporary folder");
    let database = folder.path().join("connhub.db");
    start(&database, &[]);
    assert!(form(&database) > 1);
    assert!(copies(folder.path()).is_empty());
}

#[test]
fn where_there_is_no_room_for_the_copy_nothing_is_changed() {
    let folder = TempDir::new().expect("a temporary folder");
    let database = of_first_form(folder.path());
    let disk = Disk::new(folder.path());
    // The log and the lock have their places already; what is lacking is room for more.
    let keeps_it_open = Connection::open(&database).expect("the database");
    let count: i64 = keeps_it_open.query_row("SELECT count(*) FROM accounts", [], |row| row.get(0)).expect("a count");
    assert_eq!(count, 1);
    fs::write(folder.path().join("connhub.db.lock"), "").expect("a lock");
    disk.is(State::Full);
    let log = start(&database, &disk.environment());
    assert!(log.contains("cannot be copied") && log.contains("nothing was changed"), "{log}");
    assert_eq!(form(&database), 1);
    assert!(copies(folder.path()).is_empty());
    let left: Vec<_> =
        fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("one").file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".part")), "{left:?}");
    disk.is(State::Fine);
    drop(keeps_it_open);
    start(&database, &disk.environment());
    assert!(form(&database) > 1);
    assert_eq!(copies(folder.path()).len(), 1);
}

#[test]
fn a_tool_beside_the_server_does_not_change_the_form() {
    let folder = TempDir::new().expect("a temporary folder");
    let database = of_first_form(folder.path());
    let seeded = run(connhub().args(["seed-history", "--days", "1", "--every", "60", "--db"]).arg(&database));
    assert!(!seeded.success && seeded.stderr.contains("older form"), "{}", seeded.stderr);
    assert_eq!(form(&database), 1);
    let backup = folder.path().join("a.backup");
    let backed_up = run(connhub().arg("backup").arg(&backup).arg("--db").arg(&database));
    assert!(backed_up.success, "{}", backed_up.stderr);
    assert_eq!((form(&database), form(&backup)), (1, 1));
    let checked = run(connhub().args(["check", "--db"]).arg(&database));
    assert!(checked.success && checked.stdout.contains("it has an older form"), "{}{}", checked.stdout, checked.stderr);
}

#[test]
fn a_newer_database_or_one_of_another_program_is_refused_by_every_command_and_left_alone() {
    let folder = TempDir::new().expect("a temporary folder");
    let (newer, other) = (of_first_form(folder.path()), folder.path().join("other.db"));
    let sql = |path: &Path, text: &str| Connection::open(path).expect("a database").execute_batch(text).expect(text);
    sql(&newer, "PRAGMA user_version = 9999");
    sql(&other, "CREATE TABLE diary (day TEXT) STRICT; INSERT INTO diary VALUES ('Monday')");
    let backup = folder.path().join("a.backup");
    for (database, why) in [(&newer, "use a newer connhub"), (&other, "some other program")] {
        let before = fs::read(database).expect("the database");
        assert!(start(database, &[]).contains(why));
        for command in [vec!["check"], vec!["backup", backup.to_str().expect("a path")]] {
            let refused = run(connhub().args(&command).arg("--db").arg(database));
            assert!(!refused.success && refused.stderr.contains(why), "{command:?}: {}", refused.stderr);
        }
        let seeded = run(connhub().args(["seed-history", "--days", "1", "--every", "60", "--db"]).arg(database));
        assert!(!seeded.success && seeded.stderr.contains(why), "{}", seeded.stderr);
        assert!(fs::read(database).expect("the database") == before, "{} was changed", database.display());
        assert!(copies(folder.path()).is_empty() && !backup.exists());
    }
}
