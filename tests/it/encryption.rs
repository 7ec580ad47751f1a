//! `--key-file`: what a stolen copy of the database does not reveal, a start without the key or with another one, other
//! keys, and backups.

use crate::connector::{Connector, Kind};
use crate::harness::{EMAIL, Finished, PASSWORD, Server, connhub, run, run_briefly};
use crate::users::{Developer, World, login, publication};
use ed25519_dalek::SigningKey;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A PASSWORD value that a database is searched for.
const PIN: &str = "the PIN of the front door is 4711";
const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const OTHER_KEY: &str = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// A folder with key files.
struct Keys(TempDir);

impl Keys {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        fs::write(folder.path().join("key"), format!("{KEY}\n")).expect("a key");
        fs::write(folder.path().join("other"), OTHER_KEY).expect("a key");
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn flags(&self, name: &str) -> [String; 2] {
        ["--key-file".to_owned(), self.path(name).to_str().expect("UTF-8").to_owned()]
    }
}

fn server(flags: &[String]) -> std::sync::Arc<Server> {
    Server::with(&flags.iter().map(String::as_str).collect::<Vec<_>>())
}

fn restart(server: &Server, flags: &[String]) {
    server.restart_with(&flags.iter().map(String::as_str).collect::<Vec<_>>());
}

fn tool(arguments: &[&str], database: &Path, flags: &[String]) -> Finished {
    run(connhub().args(arguments).arg("--db").arg(database).args(flags))
}

#[track_caller]
fn done(arguments: &[&str], database: &Path, flags: &[String]) -> String {
    let finished = tool(arguments, database, flags);
    assert!(finished.success, "{arguments:?}: {}{}", finished.stdout, finished.stderr);
    finished.stdout
}

#[track_caller]
fn refused(arguments: &[&str], database: &Path, flags: &[String], why: &str) {
    let finished = tool(arguments, database, flags);
    assert!(!finished.success && finished.stderr.contains(why), "{arguments:?}: {}", finished.stderr);
    assert!(!finished.stderr.contains(KEY) && !finished.stderr.contains(OTHER_KEY), "{}", finished.stderr);
}

/// A world whose connector was given a PASSWORD value when it was installed and when it was instantiated.
fn secretive(server: std::sync::Arc<Server>) -> (World, String) {
    let pin = json!([{ "id": "pin", "name": "PIN", "required": false, "description": "A secret", "valueType": "STRING",
        "displayType": "PASSWORD", "validationExpression": "" }]);
    let fields = json!({ "configurationParameters": pin, "customerConfigurationParameters": pin });
    let world = World::on(server, fields);
    let installed = world.developer.install(&world.app.id, &world.publication, &[("pin", PIN)]);
    let installation = installed.field()["id"].as_str().expect("an ID").to_owned();
    let instantiated = world.app.instantiate(&installation, None, &[("pin", PIN)]);
    assert_eq!(instantiated.field()["state"], "COMPLETE");
    (world, installation)
}

/// A copy of the database, as a thief gets one.
fn stolen(server: &Server, keys: &Keys, name: &str) -> PathBuf {
    let file = keys.path(name);
    done(&["backup", "--force", file.to_str().expect("UTF-8")], &server.database(), &[]);
    file
}

/// What a thief finds in a copy: PASSWORD values anywhere in the file, seeds that sign callbacks, keys that sign tokens.
fn found(copy: &Path, world: &World) -> [bool; 3] {
    let bytes = fs::read(copy).expect("the copy");
    let pin = bytes.windows(PIN.len()).any(|window| window == PIN.as_bytes());
    let sql = Connection::open(copy).expect("a database");
    let seed = "SELECT signing_seed, public_key FROM publications LIMIT 1";
    let pair: (Vec<u8>, Vec<u8>) = sql.query_row(seed, [], |row| Ok((row.get(0)?, row.get(1)?))).expect(seed);
    let signs = <[u8; 32]>::try_from(pair.0)
        .is_ok_and(|seed| SigningKey::from_bytes(&seed).verifying_key().as_bytes()[..] == pair.1[..]);
    let mut keys = sql.prepare("SELECT key FROM signing_keys").expect("keys");
    let keys: Vec<Vec<u8>> =
        keys.query_map([], |row| row.get(0)).expect("keys").map(|key| key.expect("a key")).collect();
    let account: Vec<u8> = sql.query_row("SELECT id FROM accounts", [], |row| row.get(0)).expect("an account");
    let claims = json!({ "iss": "connhub", "aud": "developer", "scope": "connctd.core", "iat": 1, "gen": 0,
        "jti": uuid::Uuid::nil().to_string(), "sub": uuid::Uuid::from_slice(&account).expect("an ID").to_string() });
    let forges = keys.iter().any(|key| {
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(key));
        let developer = Developer { server: world.server.clone(), token: token.expect("a token") };
        developer.graphql("{ profile { id } }", json!({})).errors.is_empty()
    });
    [pin, signs, forges]
}

/// Everything that needs what is encrypted: tokens, callbacks that are signed and carry PASSWORD values.
fn works(world: &World, installation: &str, subject: &str) {
    let developer = Developer::sign_in(&world.server);
    let token = developer.service_token(&world.app.id, &[]);
    let app = crate::users::App { token, ..world.app.clone() };
    let made = app.instantiate(installation, Some(subject), &[("pin", PIN)]);
    assert_eq!(made.field()["state"], "COMPLETE", "the signature was verified");
    let count = usize::try_from(world.connector.count(Kind::Instance)).expect("few");
    let last = world.connector.arrived(Kind::Instance, count).pop().expect("a callback");
    assert!(last.body.contains(PIN), "{last:?}");
    assert_eq!(world.hub(last.token()).report("instances", 2).status, 204);
}

#[test]
fn a_stolen_backup_of_an_encrypted_database_signs_nothing_and_shows_no_password() {
    let keys = Keys::new();
    let plain = server(&[]);
    let (world, installation) = secretive(plain);
    let copy = stolen(&world.server, &keys, "plain.backup");
    assert_eq!(found(&copy, &world), [true; 3], "without a key file a backup is to be kept as safe as the server");
    // A value that was removed may still be in the file.
    world.developer.remove_installation(&installation, true).data();
    let installed = world.developer.install(&world.app.id, &world.publication, &[("pin", PIN)]);
    let installation = installed.field()["id"].as_str().expect("an ID").to_owned();

    let flags = keys.flags("key");
    world.server.terminate();
    world.server.wait();
    restart(&world.server, &flags);
    assert!(world.server.output().contains("the database is encrypted now"), "{}", world.server.output());
    works(&world, &installation, "first");
    let copy = keys.path("sealed.backup");
    let told = done(&["backup", copy.to_str().expect("UTF-8")], &world.server.database(), &[]);
    assert!(told.contains("keep the key file too"), "{told}");
    assert_eq!(found(&copy, &world), [false; 3]);
    for file in [world.server.database(), world.server.database().with_extension("db-wal")] {
        let bytes = fs::read(&file).unwrap_or_default();
        assert!(!bytes.windows(PIN.len()).any(|window| window == PIN.as_bytes()), "{}", file.display());
    }
    world.server.crash_and_restart();
    works(&world, &installation, "second");
    assert!(done(&["check"], &world.server.database(), &flags).contains("all is well"));
    assert!(done(&["check"], &world.server.database(), &[]).contains("encrypted values were not looked at"));
    refused(&["check"], &world.server.database(), &keys.flags("other"), "is not the one");
    // What needs no encrypted value needs no key.
    let publication = world.publication.as_str();
    for arguments in
        [&["publication", "suspend", publication][..], &["publication", "resume", publication], &["account", "list"]]
    {
        done(arguments, &world.server.database(), &[]);
    }
    assert!(done(&["secret", "list"], &world.server.database(), &flags).contains("signs"));
    refused(&["secret", "rotate"], &world.server.database(), &[], "is encrypted");
    done(&["secret", "rotate"], &world.server.database(), &flags);
    let copy = stolen(&world.server, &keys, "rotated.backup");
    assert_eq!(found(&copy, &world), [false; 3]);
}

fn serve(database: &Path, flags: &[String], credentials: Option<&Path>) -> (bool, String) {
    let mut command: Command = connhub();
    command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(database).args(flags);
    command.env("CONNHUB_EMAIL", EMAIL).env("CONNHUB_PASSWORD", PASSWORD);
    if let Some(folder) = credentials {
        command.env("CREDENTIALS_DIRECTORY", folder);
    }
    run_briefly(command)
}

#[test]
fn a_start_without_the_key_or_with_another_one_is_refused_with_what_to_do() {
    let keys = Keys::new();
    let database = keys.path("connhub.db");
    assert!(serve(&database, &keys.flags("key"), None).0);
    for (flags, why) in [
        (&[][..], "--key-file"),
        (&keys.flags("other"), "is not the one that the database was encrypted with"),
        (&keys.flags("nothing"), "cannot read the key file"),
    ] {
        let (listened, output) = serve(&database, flags, None);
        assert!(!listened && output.contains(why), "{output}");
        assert!(!output.contains(KEY) && !output.contains(OTHER_KEY), "{output}");
    }
    fs::write(keys.path("short"), &KEY[2..]).expect("a file");
    let (listened, output) = serve(&database, &keys.flags("short"), None);
    assert!(!listened && output.contains("openssl rand -hex 32") && !output.contains(&KEY[2..]), "{output}");
    assert!(serve(&database, &keys.flags("key"), None).0, "nothing was changed");
    // systemd puts credentials into a folder.
    fs::copy(keys.path("key"), keys.path("connhub.key")).expect("a copy");
    assert!(serve(&database, &[], Some(keys.0.path())).0);
    // A credential is not used where something else is given.
    assert!(!serve(&database, &keys.flags("other"), Some(keys.0.path())).0);
}

#[test]
fn the_key_is_changed_and_removed_while_no_server_runs() {
    let keys = Keys::new();
    let flags = keys.flags("key");
    let (world, installation) = secretive(server(&flags));
    let database = world.server.database();
    let other = keys.path("other").to_str().expect("UTF-8").to_owned();
    refused(&["key", "change", &other], &database, &flags, "");
    world.server.terminate();
    world.server.wait();
    refused(&["key", "change", &other], &database, &[], "is encrypted");
    done(&["key", "change", &other], &database, &flags);
    assert!(!serve(&database, &flags, None).0, "the former key is not valid any more");
    restart(&world.server, &keys.flags("other"));
    works(&world, &installation, "first");
    world.server.terminate();
    world.server.wait();
    assert!(done(&["key", "remove"], &database, &keys.flags("other")).contains("not encrypted any more"));
    restart(&world.server, &[]);
    works(&world, &installation, "second");
    let copy = stolen(&world.server, &keys, "plain.backup");
    assert_eq!(found(&copy, &world), [true; 3]);
    // As at a start, a first key encrypts.
    world.server.terminate();
    world.server.wait();
    done(&["key", "change", &other], &database, &[]);
    assert!(serve(&database, &keys.flags("other"), None).0);
}

#[test]
fn a_backup_is_restored_with_its_key_and_what_it_needs_is_said() {
    let keys = Keys::new();
    let flags = keys.flags("key");
    let (world, installation) = secretive(server(&flags));
    let copy = stolen(&world.server, &keys, "sealed.backup");
    let file = copy.to_str().expect("UTF-8");
    let elsewhere = keys.path("elsewhere.db");
    assert!(done(&["restore", file], &elsewhere, &[]).contains("start the server with its key"));
    refused(&["restore", file], &elsewhere, &keys.flags("other"), "is not the one");
    done(&["restore", file], &elsewhere, &flags);
    assert!(serve(&elsewhere, &flags, None).0 && !serve(&elsewhere, &[], None).0);
    world.server.terminate();
    world.server.wait();
    done(&["restore", file], &world.server.database(), &flags);
    restart(&world.server, &flags);
    works(&world, &installation, "after the restore");
}

/// A value that someone moves to another row in the file does not open there.
#[test]
fn values_that_were_changed_or_moved_in_the_file_are_found() {
    let keys = Keys::new();
    let flags = keys.flags("key");
    let (world, _) = secretive(server(&flags));
    let other = Connector::new();
    world.developer.publish(&other, publication(&other, Value::Object(serde_json::Map::new())));
    let swap = "UPDATE publications SET signing_seed = (SELECT signing_seed FROM publications ORDER BY id LIMIT 1)";
    world.server.sql().execute_batch(swap).expect(swap);
    let finished = tool(&["check"], &world.server.database(), &flags);
    assert!(!finished.success && finished.stdout.contains("1 encrypted values of publications"), "{}", finished.stdout);
    world.server.send(&login(EMAIL, PASSWORD)).expect(200);
}
