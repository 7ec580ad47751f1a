//! `connhub backup` and `restore`: copies made while the server is at work, and put back.

use crate::check::KEEPS_PASSWORDS;
use crate::harness::{Finished, Server, connhub, run};
use crate::http::Request;
use crate::users::{Hub, World, id_of, lamp};
use crate::wait::until;
use serde_json::json;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use tempfile::TempDir;

fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

/// Runs a command about a file and the database.
fn about(command: &str, file: &Path, database: &Path, flags: &[&str]) -> Finished {
    run(connhub().arg(command).arg(file).arg("--db").arg(database).args(flags))
}

#[track_caller]
fn done(command: &str, file: &Path, database: &Path) -> String {
    let finished = about(command, file, database, &[]);
    assert!(finished.success, "{command}: {}{}", finished.stdout, finished.stderr);
    finished.stdout
}

#[track_caller]
fn refused(command: &str, file: &Path, database: &Path, why: &str) {
    let finished = about(command, file, database, &[]);
    assert!(!finished.success && finished.stderr.contains(why), "{command}: {}{}", finished.stdout, finished.stderr);
    assert!(!finished.stderr.contains("internal error"), "{}", finished.stderr);
}

#[track_caller]
fn assert_sound(database: &Path) {
    let finished = run(connhub().args(["check", "--db"]).arg(database));
    assert!(finished.success, "{}{}", finished.stdout, finished.stderr);
}

/// The names of what is in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn number_of_points(database: &Path) -> u32 {
    let sql = rusqlite::Connection::open(database).expect("the database");
    sql.query_row("SELECT count(*) FROM history WHERE typeof(value) = 'real'", [], |row| row.get(0)).expect("a count")
}

fn update(hub: &Hub, thing: &str, number: u32) {
    let at = format!("2024-01-01T{:02}:{:02}:{:02}Z", number / 3_600, number / 60 % 60, number % 60);
    hub.update(thing, "level", &json!({ "value": number.to_string(), "lastUpdate": at })).expect(204);
}

#[test]
fn a_backup_under_load_is_whole_of_one_moment_and_for_the_owner_alone() {
    let world = World::new();
    let hub = world.instantiated().hub;
    let thing = hub.create_thing(&lamp());
    let (stop, acknowledged) = (AtomicBool::new(false), AtomicU32::new(0));
    let target = folder();
    let file = target.path().join("a.backup");
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let next = acknowledged.load(Ordering::Relaxed) + 1;
                update(&hub, &thing, next);
                acknowledged.store(next, Ordering::Relaxed);
            }
        });
        until("there is load", || acknowledged.load(Ordering::Relaxed) > 50);
        let before = acknowledged.load(Ordering::Relaxed);
        let told = done("backup", &file, &world.server.database());
        let after = acknowledged.load(Ordering::Relaxed) + 1;
        stop.store(true, Ordering::Relaxed);
        let points = number_of_points(&file);
        assert!((before..=after).contains(&points), "{points} points, {before} before and {after} after");
        let bytes = fs::metadata(&file).expect("the file").len();
        assert!(told.contains(&format!("{bytes} bytes")), "{told}");
    });
    assert_eq!(fs::metadata(&file).expect("the file").permissions().mode() & 0o777, 0o600);
    assert_sound(&file);
    assert_eq!(names(target.path()), ["a.backup"], "nothing else is left, no log either");
    assert_sound(&world.server.database());
}

#[test]
fn a_backup_replaces_nothing_unless_it_is_told_to_and_never_the_database() {
    let server = Server::start();
    let target = folder();
    let file = target.path().join("a.backup");
    fs::write(&file, "precious").expect("a file");
    refused("backup", &file, &server.database(), "--force");
    assert_eq!(fs::read(&file).expect("the file"), b"precious");
    assert!(about("backup", &file, &server.database(), &["--force"]).success);
    assert_sound(&file);
    let itself = about("backup", &server.database(), &server.database(), &["--force"]);
    assert!(!itself.success && itself.stderr.contains("the database itself"), "{}", itself.stderr);
    let link = target.path().join("link");
    symlink(server.database(), &link).expect("a link");
    let linked = about("backup", &link, &server.database(), &["--force"]);
    assert!(!linked.success && linked.stderr.contains("the database itself"), "{}", linked.stderr);
    refused("backup", &target.path().join("no/such/folder"), &server.database(), "no/such");
    server.send(&Request::get("/readyz")).expect(200);
}

#[test]
fn a_backup_replaces_none_of_the_databases_own_files_and_nothing_that_is_no_file() {
    let server = Server::start();
    let (database, target) = (server.database(), folder());
    let at = |name: &str| target.path().join(name);
    let own = |ending: &str| database.with_file_name(format!("connhub.db{ending}"));
    let lock = fs::read(own(".lock")).expect("the lock");
    symlink(own("-wal"), at("link to the log")).expect("a link");
    fs::hard_link(own("-wal"), at("name of the log")).expect("a second name");
    symlink(target.path().join("none"), at("link to nothing")).expect("a link");
    fs::write(at("file"), "precious").expect("a file");
    symlink(at("file"), at("link to a file")).expect("a link");
    fs::create_dir(at("folder")).expect("a folder");
    assert!(run(std::process::Command::new("mkfifo").arg(at("pipe"))).success);
    let before = names(target.path());
    for (file, why) in [
        (own("-wal"), "the database's own"),
        (own("-shm"), "the database's own"),
        (own("-journal"), "the database's own"),
        (own(".lock"), "the database's own"),
        (at("link to the log"), "the database's own"),
        (at("name of the log"), "the database's own"),
        (at("link to nothing"), "is a link"),
        (at("link to a file"), "is a link"),
        (at("folder"), "is a folder"),
        (at("pipe"), "is a pipe"),
        (PathBuf::from("/dev/null"), "is a device"),
    ] {
        for flags in [&["--force"][..], &[]] {
            let refused = about("backup", &file, &database, flags);
            assert!(!refused.success && refused.stderr.contains(why), "{}: {}", file.display(), refused.stderr);
        }
    }
    assert_eq!((names(target.path()), fs::read(at("file")).expect("the file")), (before, b"precious".to_vec()));
    assert!(!own("-journal").exists() && fs::read(own(".lock")).expect("the lock") == lock);
    server.crash_and_restart();
    assert_sound(&database);
}

#[test]
fn none_of_the_commands_makes_a_database_where_none_is() {
    let target = folder();
    let (database, file) = (target.path().join("none.db"), target.path().join("file"));
    for command in ["backup", "restore"] {
        refused(command, &file, &database, "there is no database");
    }
    let checked = run(connhub().args(["check", "--db"]).arg(&database));
    assert!(!checked.success && checked.stderr.contains("there is no database"), "{}", checked.stderr);
    let seeded = run(connhub().args(["seed-history", "--days", "1", "--every", "60", "--db"]).arg(&database));
    assert!(!seeded.success, "{}", seeded.stdout);
    assert!(names(target.path()).is_empty(), "{:?}", names(target.path()));
}

/// A world with a value, a backup of that, and a value that came after it.
fn backed_up() -> (World, TempDir, PathBuf, String) {
    let world = World::new();
    let hub = world.instantiated().hub;
    let thing = hub.create_thing(&lamp());
    update(&hub, &thing, 1);
    let target = folder();
    let file = target.path().join("a.backup");
    done("backup", &file, &world.server.database());
    update(&hub, &thing, 2);
    (world, target, file, thing)
}

#[test]
fn what_a_crash_left_beside_the_database_does_not_spoil_what_is_restored_and_is_kept() {
    let (world, _target, file, thing) = backed_up();
    let database = world.server.database();
    world.server.kill();
    let log = database.with_file_name("connhub.db-wal");
    assert!(fs::metadata(&log).expect("a log that a crash left").len() > 0);
    let told = done("restore", &file, &database);
    assert!(!log.exists(), "the old log is where it would be taken for the new one's");
    assert_eq!(number_of_points(&database), 1);
    let before = names(database.parent().expect("a folder"));
    let before = before.iter().find(|name| name.starts_with("connhub.db.before-restore-")).expect("the old database");
    assert!(told.contains(before.as_str()), "{told}");
    let before = database.with_file_name(before);
    assert_eq!(number_of_points(&before), 2, "what was acknowledged after the backup is in what was kept");
    assert_sound(&before);
    assert_sound(&database);

    world.server.start_again();
    let shown = world.app.graphql(
        "query($id: ID!) { things(thingConstraint: {id: $id}) { components { properties { id value } } } }",
        json!({ "id": thing }),
    );
    assert_eq!(shown.field()[0]["components"][0]["properties"][1], json!({ "id": "level", "value": "1" }));
    // Tokens are as good as they were then.
    update(&world.instance_hub(), &thing, 3);
}

#[test]
fn a_log_of_another_database_does_not_come_into_the_restored_one() {
    let (world, target, file, _) = backed_up();
    world.server.kill();
    let stale = fs::read(world.server.database().with_file_name("connhub.db-wal")).expect("a log");
    // Nothing but the log is left of the old database.
    let place = target.path().join("place");
    fs::create_dir(&place).expect("a folder");
    let database = place.join("connhub.db");
    fs::write(place.join("connhub.db-wal"), &stale).expect("a stale log");
    done("restore", &file, &database);
    assert_eq!(number_of_points(&database), 1);
    assert_sound(&database);
    assert!(names(&place).iter().any(|name| name.contains("before-restore") && name.ends_with("-wal")), "it is kept");
}

#[test]
fn a_damaged_database_is_replaced_and_kept_as_it_is() {
    let (world, _target, file, _) = backed_up();
    world.server.kill();
    let database = world.server.database();
    for file in [&database, &database.with_file_name("connhub.db-wal")] {
        fs::write(file, "spoilt ".repeat(1_000)).expect("a damaged database");
    }
    done("restore", &file, &database);
    assert_sound(&database);
    let names = names(database.parent().expect("a folder"));
    let kept = names.iter().find(|name| name.contains("before-restore")).expect("what was there");
    let spoilt = fs::read(database.with_file_name(kept)).expect("what was there");
    assert!(spoilt.starts_with(b"spoilt"));
}

#[test]
fn nothing_is_restored_while_anybody_is_at_work_on_the_database() {
    let (world, _target, file, thing) = backed_up();
    let database = world.server.database();
    refused("restore", &file, &database, "a connhub server is at work on");
    update(&world.instance_hub(), &thing, 3);
    world.server.kill();
    // Any other program that has it open.
    let shell = world.server.sql();
    let points: u32 = shell.query_row("SELECT count(*) FROM history", [], |row| row.get(0)).expect("a count");
    refused("restore", &file, &database, "another program has");
    drop(shell);
    assert!(points > 2 && number_of_points(&database) == 3, "{points}");
    done("restore", &file, &database);
    assert_eq!(number_of_points(&database), 1);
}

#[test]
fn only_a_sound_backup_of_connhub_is_restored() {
    let (world, target, file, _) = backed_up();
    world.server.kill();
    let database = world.server.database();
    let before = names(database.parent().expect("a folder"));
    let bad = |name: &str, spoil: &dyn Fn(&Path)| {
        let path = target.path().join(name);
        fs::copy(&file, &path).expect("a copy");
        spoil(&path);
        path
    };
    let sql = |path: &Path, text: &str| {
        let connection = rusqlite::Connection::open(path).expect("the copy");
        connection.execute_batch(text).expect(text);
    };
    let newer = bad("newer", &|path| sql(path, "PRAGMA user_version = 9999"));
    refused("restore", &newer, &database, "use a newer connhub");
    let orphans = "PRAGMA foreign_keys = OFF; DELETE FROM accounts";
    refused("restore", &bad("orphans", &|path| sql(path, orphans)), &database, "refers to one of accounts");
    let text = bad("text", &|path| fs::write(path, "not a database, by far not one ".repeat(100)).expect("a text"));
    refused("restore", &text, &database, "no database");
    let other = bad("other", &|path| {
        fs::remove_file(path).expect("removed");
        sql(path, "CREATE TABLE diary (day TEXT)");
    });
    refused("restore", &other, &database, "some other program");
    let torn = bad("torn", &|path| {
        let bytes = fs::read(path).expect("the copy");
        let middle = bytes.len() / 2;
        // Whole pages of nothing where tables and indexes were.
        let nothing = vec![0xA5; 8 * 4_096];
        fs::write(path, [&bytes[..middle], &nothing, &bytes[middle + nothing.len()..]].concat()).expect("damage");
    });
    refused("restore", &torn, &database, "damaged");
    assert_eq!(names(database.parent().expect("a folder")), before, "nothing was changed, and nothing is left");
    assert_eq!(number_of_points(&database), 2);
}

#[test]
fn a_second_server_on_the_same_database_is_refused_and_tools_are_not() {
    let server = Server::with(&["--demo"]);
    let second = run(connhub().args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(server.database()));
    assert!(!second.success && second.stderr.contains("at work on"), "{}", second.stderr);
    assert!(second.stderr.contains("process "), "{}", second.stderr);
    until("the demo stands", || {
        server.sql().query_row("SELECT count(*) > 1 FROM things", [], |row| row.get(0)) == Ok(true)
    });
    let seeded = run(connhub().args(["seed-history", "--days", "1", "--every", "3600", "--db"]).arg(server.database()));
    assert!(seeded.success, "{}", seeded.stderr);
    assert_sound(&server.database());
    // The lock goes with the process, however that ends.
    server.crash_and_restart();
    let file = server.database();
    assert_eq!(fs::metadata(file).expect("the database").permissions().mode() & 0o077, 0, "it holds keys");
}

#[test]
fn a_backup_of_a_world_is_a_world() {
    let world = World::new();
    let installation = world.installed();
    let target = folder();
    let file = target.path().join("a.backup");
    done("backup", &file, &world.server.database());
    world.server.kill();
    done("restore", &file, &world.server.database());
    world.server.start_again();
    let instance = world.app.instantiate(&installation, None, &[]);
    assert_eq!(world.app.instance(&id_of(instance.field()))["state"], "COMPLETE");
}

#[test]
fn a_backup_that_keeps_old_passwords_good_is_neither_restored_nor_served() {
    let (world, target, file, _) = backed_up();
    world.server.kill();
    let (database, hostile) = (world.server.database(), target.path().join("hostile"));
    let before = names(database.parent().expect("a folder"));
    for (change, told) in [
        (KEEPS_PASSWORDS, "the trigger keep of accounts is not connhub's"),
        ("CREATE VIEW everything AS SELECT * FROM accounts", "the view everything is not connhub's"),
    ] {
        fs::copy(&file, &hostile).expect("a copy");
        rusqlite::Connection::open(&hostile).expect("the copy").execute_batch(change).expect(change);
        refused("restore", &hostile, &database, told);
        assert_eq!(names(database.parent().expect("a folder")), before, "nothing was changed, and nothing is left");
        let copied = fs::read(&hostile).expect("the copy");
        let served = run(connhub().args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(&hostile));
        assert!(!served.success && served.stderr.contains("is not connhub's"), "{}", served.stderr);
        let seeded = run(connhub().args(["seed-history", "--days", "1", "--every", "60", "--db"]).arg(&hostile));
        assert!(!seeded.success && seeded.stderr.contains("is not connhub's"), "{}", seeded.stderr);
        assert!(fs::read(&hostile).expect("the copy") == copied, "it was changed");
    }
    // An index or a table more does nothing by itself, and is no reason to be without one's data.
    let more = "CREATE INDEX mine ON apps (name); CREATE TABLE diary (day TEXT)";
    rusqlite::Connection::open(&file).expect("the backup").execute_batch(more).expect(more);
    done("restore", &file, &database);
    world.server.start_again();
}

#[test]
fn a_database_that_is_no_file_is_not_replaced() {
    let (world, target, file, _) = backed_up();
    world.server.kill();
    let at = |name: &str| target.path().join(name);
    fs::create_dir(at("folder")).expect("a folder");
    assert!(run(std::process::Command::new("mkfifo").arg(at("pipe"))).success);
    symlink(at("none"), at("link")).expect("a link");
    let before = names(target.path());
    for (name, why) in [("folder", "is a folder"), ("pipe", "is a pipe"), ("link", "is a link")] {
        refused("restore", &file, &at(name), why);
        assert_eq!(names(target.path()), before, "{name}");
    }
}

/// As root, which tests often run as, what is made in another user's folder is that user's. For anyone else this says
/// only that the files are their own.
#[test]
fn what_is_restored_or_made_in_a_folder_belongs_to_the_folders_owner() {
    let (_world, _kept, backup, _) = backed_up();
    let folder = folder();
    let owner = 4_321;
    let is_root = std::os::unix::fs::chown(folder.path(), Some(owner), Some(owner)).is_ok();
    let restored = folder.path().join("restored.db");
    done("restore", &backup, &restored);
    let made = folder.path().join("made.db");
    let mut serve = connhub();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(&made);
    assert!(crate::harness::run_briefly(serve).0);
    let expected = if is_root { owner } else { fs::metadata(folder.path()).expect("the folder").uid() };
    let names = names(folder.path());
    assert!(names.len() >= 4, "{names:?}");
    for name in names {
        let about = fs::metadata(folder.path().join(&name)).expect("a file");
        assert_eq!((about.uid(), about.mode() & 0o777), (expected, 0o600), "{name}");
    }
}
