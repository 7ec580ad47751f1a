//! The database's file: a path is a path, whatever SQLite would make of it; one file has one server, by whatever name;
//! and what is no file is refused.

use crate::disk::{Disk, State};
use crate::harness::{EMAIL, PASSWORD, Server, connhub, run, run_briefly};
use crate::http::Request;
use crate::users::{World, lamp};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

fn in_folder(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = connhub();
    command.current_dir(folder).args(arguments).env("CONNHUB_EMAIL", EMAIL).env("CONNHUB_PASSWORD", PASSWORD);
    command
}

/// Starts a server, and ends it once it listens. Whether it did, and what it logged.
fn serve(folder: &Path, database: &str) -> (bool, String) {
    run_briefly(in_folder(folder, &["serve", "--listen", "127.0.0.1:0", "--db", database]))
}

/// Makes a database of this name, and what it is made of.
fn made(path: &Path) {
    let server = Server::start();
    server.terminate();
    assert!(server.wait().success());
    fs::copy(server.database(), path).expect("a copy");
}

#[test]
fn what_sqlite_takes_for_something_else_is_the_name_of_a_file() {
    let original = TempDir::new().expect("a temporary folder");
    let original = original.path().join("original.db");
    made(&original);
    for name in ["file:u.db", ":memory:", "u.db?mode=ro", "file:u.db?immutable=1", "file::memory:", "file:%75.db"] {
        let folder = TempDir::new().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        fs::copy(&original, at(name)).expect("a copy");
        for command in [
            &["check", "--db", name][..],
            &["backup", "a.backup", "--db", name],
            &["restore", name, "--db", "restored.db"],
            &["restore", "a.backup", "--db", name],
        ] {
            let finished = run(&mut in_folder(folder.path(), command));
            assert!(finished.success, "{name} {command:?}: {}", finished.stderr);
        }
        let (listened, log) = serve(folder.path(), name);
        assert!(listened, "{name}: {log}");
        // A new one gets the name too.
        fs::remove_file(at(name)).expect("removed");
        serve(folder.path(), name);
        assert!(fs::metadata(at(name)).is_ok_and(|about| about.len() > 0), "{name}");
        assert!(!at("u.db").exists(), "{name} was taken for another");
    }
}

#[test]
fn a_file_has_one_server_by_whatever_name() {
    let server = Server::start();
    let database = server.database();
    let folder = database.parent().expect("a folder");
    fs::hard_link(&database, folder.join("hard.db")).expect("a link");
    symlink("connhub.db", folder.join("soft.db")).expect("a link");
    fs::create_dir(folder.join("folder")).expect("a folder");
    symlink(folder, folder.join("folder/again")).expect("a link");
    let url = format!("file:{}", database.display());
    for name in ["hard.db", "soft.db", "./connhub.db", "folder/../connhub.db", "folder/again/connhub.db"] {
        let (listened, log) = serve(folder, name);
        assert!(!listened && log.contains("a connhub server is at work on"), "{name}: {log}");
        // By another name the tools would not see what was written last.
        let checked = run(&mut in_folder(folder, &["check", "--db", name]));
        let told = if name == "hard.db" { "under another name" } else { "a server is at work on it" };
        assert!(
            checked.stdout.contains(told) || checked.stderr.contains(told),
            "{name}: {}{}",
            checked.stdout,
            checked.stderr
        );
    }
    for command in [&["backup", "b", "--db", "hard.db"][..], &["restore", "hard.db", "--db", "c"]] {
        let refused = run(&mut in_folder(folder, command));
        assert!(!refused.success && refused.stderr.contains("under another name"), "{}", refused.stderr);
    }
    let backup = run(&mut in_folder(folder, &["backup", "a.backup", "--db", "connhub.db"]));
    assert!(backup.success, "{}", backup.stderr);
    for name in ["hard.db", "soft.db"] {
        let refused = run(&mut in_folder(folder, &["restore", "a.backup", "--db", name]));
        assert!(!refused.success && refused.stderr.contains("at work on"), "{name}: {}", refused.stderr);
    }
    // It is no such name: there is no folder "file:".
    let (listened, log) = serve(folder, &url);
    assert!(!listened && log.contains("cannot find"), "{log}");
    server.send(&Request::get("/readyz")).expect(200);
    // A name that is left over is no obstacle, but may become a trap.
    server.terminate();
    assert!(server.wait().success());
    server.start_again();
    assert!(server.output().contains("has another name"), "{}", server.output());
}

#[test]
fn what_is_no_file_is_refused_by_every_command() {
    let folder = TempDir::new().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    made(Path::new(&at("u.db")));
    fs::create_dir(at("folder")).expect("a folder");
    assert!(Command::new("mkfifo").arg(at("pipe")).status().expect("mkfifo").success());
    let backup = at("b");
    for (name, what) in [
        (at("folder"), "is a folder, not a file"),
        (at("pipe"), "is a pipe, not a file"),
        ("/dev/null".to_owned(), "is a device, not a file"),
        ("/dev/zero".to_owned(), "is a device, not a file"),
    ] {
        for command in [
            &["check", "--db", &name][..],
            &["backup", &backup, "--db", &name],
            &["restore", "u.db", "--db", &name],
            &["restore", &name, "--db", "u.db"],
            &["seed-history", "--days", "1", "--every", "60", "--db", &name],
            &["serve", "--listen", "127.0.0.1:0", "--db", &name],
        ] {
            let refused = run(&mut in_folder(folder.path(), command));
            assert!(!refused.success && refused.stderr.contains(what), "{command:?}: {}", refused.stderr);
        }
    }
    let refused = run(&mut in_folder(folder.path(), &["serve", "--listen", "127.0.0.1:0", "--db", "nowhere/u.db"]));
    assert!(!refused.success && refused.stderr.contains("nowhere/u.db"), "{}", refused.stderr);
    let empty = File::create(at("empty.db")).expect("a file");
    drop(empty);
    assert!(serve(folder.path(), "empty.db").0, "an empty file becomes a database");
}

/// A thing with so many parts that SQLite's undo log of one write does not fit into its memory.
fn large() -> Value {
    let mut thing = lamp();
    let properties = (0..900).map(|number| json!({ "id": format!("p{number}"), "type": "NUMBER", "value": "1" }));
    thing["components"][0]["properties"] = properties.collect();
    thing
}

#[test]
fn no_write_needs_a_folder_for_temporary_files() {
    let control = TempDir::new().expect("a temporary folder");
    let disk = Disk::new(control.path());
    let preloaded = disk.environment();
    let mut environment: Vec<_> = preloaded.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    environment.extend([("CONNHUB_EMAIL", EMAIL), ("CONNHUB_PASSWORD", PASSWORD)]);
    let world = World::on(Server::with_environment(&[], &environment), json!({}));
    let hub = world.instantiated().hub;
    let things: Vec<_> = (0..2).map(|_| hub.create_thing(&large())).collect();
    disk.is(State::WithoutTemporaryFiles);
    hub.create_thing(&large());
    for thing in things {
        hub.delete(&format!("/instances/things/{thing}")).expect(204);
    }
    world.server.send(&Request::get("/readyz")).expect(200);
    // Nor do the tools, which do what the server does with the same disk.
    world.server.terminate();
    assert!(world.server.wait().success());
    let (database, backup) = (world.server.database(), control.path().join("a.backup"));
    for arguments in [["check", "--db"], ["backup", "--db"], ["restore", "--db"]] {
        let mut command = connhub();
        command.args(arguments).arg(&database).envs(preloaded.iter().cloned());
        if arguments[0] != "check" {
            command.arg(&backup);
        }
        let finished = run(&mut command);
        assert!(finished.success, "{arguments:?}: {}", finished.stderr);
    }
    world.server.start_again();
}
