//! Starting and stopping: flags, variables, help, what is refused, and a graceful end.

use crate::connector::Kind;
use crate::harness::{EMAIL, PASSWORD, Server, connhub, run, until_closed};
use crate::http::Request;
use crate::users::{Developer, World, id_of, login};
use crate::wait::until;
use serde_json::{Value, json};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use tempfile::TempDir;

/// Every option of `connhub serve`.
pub const OPTIONS: &[&str] = &[
    "listen",
    "public-url",
    "allow-host",
    "db",
    "demo",
    "log-format",
    "log",
    "metrics-token",
    "email",
    "password",
    "open-signup",
    "accounts",
    "account-idle-days",
    "secrets-file",
    "notice",
    "imprint",
    "disk-low",
    "secret",
    "developer-token-lifetime",
    "service-token-lifetime",
    "refresh-token-lifetime",
    "action-deadline",
    "history-retention",
    "readers",
    "callback-timeout",
    "callback-connect-timeout",
    "callback-threads",
    "callback-threads-per-publication",
    "callback-threads-per-owner",
    "callback-queue",
    "callback-log-age",
    "callback-log-entries",
    "allow-callback-net",
    "callback-ca",
    "callback-proxy",
    "no-callbacks",
    "sign-actual-scheme",
    "tls-cert",
    "tls-key",
    "connections",
    "connections-per-address",
    "handshake-timeout",
    "header-timeout",
    "body-timeout",
    "answer-timeout",
    "idle-timeout",
    "graphql-tokens",
    "graphql-root-fields",
    "graphql-cost",
    "query-time",
    "response-bytes",
    "responses-bytes",
    "trusted-proxy",
    "requests-per-account",
    "requests-per-address",
    "requests",
    "publications-per-account",
    "apps-per-account",
    "installations-per-app",
    "instances-per-installation",
    "things-per-instance",
    "own-things-per-app",
    "pending-actions-per-app",
];

#[test]
fn help_tells_every_option_its_variable_and_default() {
    let help = run(connhub().args(["serve", "--help"]));
    assert!(help.success, "{}", help.stderr);
    for option in OPTIONS {
        assert!(help.stdout.contains(&format!("--{option}")), "--{option} in\n{}", help.stdout);
        let variable = format!("CONNHUB_{}", option.to_uppercase().replace('-', "_"));
        assert!(help.stdout.contains(&variable), "{variable} in\n{}", help.stdout);
    }
    assert!(help.stdout.contains("127.0.0.1:7171"), "{}", help.stdout);
    let general = run(connhub().arg("--help"));
    for command in ["serve", "demo-connector", "seed-history", "dev-cert", "account"] {
        assert!(general.success && general.stdout.contains(command), "{}", general.stdout);
    }
    let version = run(connhub().arg("--version"));
    assert!(version.stdout.contains(env!("CARGO_PKG_VERSION")), "{}", version.stdout);
}

#[test]
fn a_variable_does_what_its_flag_does_and_the_flag_wins() {
    let account = [("CONNHUB_EMAIL", EMAIL), ("CONNHUB_PASSWORD", PASSWORD)];
    let lifetime = ("CONNHUB_DEVELOPER_TOKEN_LIFETIME", "2h");
    let environment = [account[0], account[1], lifetime];
    let expires_in = |server: &Server| server.send(&login(EMAIL, PASSWORD)).expect(200).json()["expires_in"].clone();
    assert_eq!(expires_in(&Server::with_environment(&[], &environment)), 7_200);
    assert_eq!(expires_in(&Server::with_environment(&["--developer-token-lifetime", "90s"], &environment)), 90);
}

#[test]
fn a_secret_given_by_the_operator_signs_the_tokens() {
    let flags = ["--secret", "a secret of at least thirty-two characters"];
    let server = Server::with(&flags);
    let token = Developer::sign_in(&server).token;
    let other = Server::with(&flags);
    // The same key, but the account of another database.
    let answer = crate::users::graphql(&other, Some(&token), None, "{ profile { id } }", json!({}));
    assert_eq!(answer.code(), "UNAUTHENTICATED");
    let short = run(connhub().args(["serve", "--listen", "127.0.0.1:0", "--secret", "short", "--db"]).arg(temporary()));
    assert!(!short.success && short.stderr.contains("32"), "{}", short.stderr);
}

/// A path where no database is.
pub fn temporary() -> std::path::PathBuf {
    let folder = TempDir::new().expect("a temporary folder").keep();
    folder.join("connhub.db")
}

#[test]
fn options_that_make_no_sense_are_refused_with_their_name() {
    for (option, value) in [
        ("--action-deadline", "soon"),
        ("--callback-threads", "0"),
        ("--listen", "nowhere"),
        ("--allow-callback-net", "x"),
        ("--log-format", "xml"),
        ("--callback-queue", "0"),
        ("--callback-proxy", "proxy.example:3128"),
        ("--callback-proxy", "socks5://proxy.example"),
        ("--trusted-proxy", "nowhere"),
        ("--requests-per-account", "0"),
        ("--connections", "0"),
        ("--header-timeout", "0s"),
    ] {
        let finished = run(connhub().args(["serve", option, value]));
        assert!(!finished.success && finished.stderr.contains(option), "{option}: {}", finished.stderr);
    }
    // A password is not repeated.
    for value in ["https://me:hunter2@proxy.example", "http://me:hunter2@proxy.example/path"] {
        for finished in [
            run(connhub().args(["serve", "--callback-proxy", value])),
            run(connhub().arg("serve").env("CONNHUB_CALLBACK_PROXY", value)),
            run(connhub().args(["serve", "--help"]).env("CONNHUB_CALLBACK_PROXY", value)),
        ] {
            let said = finished.stdout + &finished.stderr;
            assert!(said.to_uppercase().contains("PROXY") && !said.contains("hunter2"), "{said}");
        }
    }
    let missing = run(connhub()
        .args(["serve", "--listen", "127.0.0.1:0", "--callback-ca", "/no/such/file", "--db"])
        .arg(temporary()));
    assert!(!missing.success && missing.stderr.contains("/no/such/file"), "{}", missing.stderr);
}

#[test]
fn a_database_of_a_newer_connhub_or_of_something_else_is_refused_and_left_alone() {
    let server = Server::start();
    server.kill();
    server.sql().pragma_update(None, "user_version", 9_999).expect("a pragma");
    let refused = run(connhub().args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(server.database()));
    assert!(!refused.success && refused.stderr.contains("newer"), "{}", refused.stderr);
    let path = temporary();
    std::fs::write(&path, "my diary, nothing else\n".repeat(100)).expect("a file");
    let refused = run(connhub().args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(&path));
    assert!(!refused.success && !refused.stderr.is_empty(), "{}", refused.stderr);
    assert!(std::fs::read_to_string(&path).expect("the file").starts_with("my diary"));
}

/// What a start on this file is refused with.
fn refused(database: &Path) -> String {
    let finished = run(connhub().args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(database));
    assert!(!finished.success, "{}", database.display());
    finished.stderr
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

#[test]
fn what_can_be_no_database_is_refused_and_nothing_is_made_beside_it() {
    let folder = TempDir::new().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("folder")).expect("a folder");
    assert!(run(std::process::Command::new("mkfifo").arg(at("pipe"))).success);
    fs::write(at("text"), "SQLite format 2, or something like it").expect("a file");
    fs::write(at("short"), "SQLite").expect("a file");
    symlink(at("none"), at("link to nothing")).expect("a link");
    symlink(at("pipe"), at("link to a pipe")).expect("a link");
    let names = || {
        let entries = fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("one").file_name());
        let mut names: Vec<_> = entries.collect();
        names.sort();
        names
    };
    let before = names();
    for (name, why) in [
        ("folder", "is a folder"),
        ("pipe", "is a pipe"),
        ("text", "is no database"),
        ("short", "is no database"),
        ("link to nothing", "is a link"),
        ("link to a pipe", "is a pipe"),
        ("/dev/null", "is a device"),
    ] {
        let told = refused(&at(name));
        assert!(told.contains(why), "{name}: {told}");
        assert_eq!(names(), before, "{name}");
    }
}

#[test]
fn what_has_the_name_of_the_lock_and_is_none_is_left_as_it_is() {
    let server = Server::start();
    server.kill();
    let (database, lock) = (server.database(), server.database().with_file_name("connhub.db.lock"));
    let at = |name: &str| database.with_file_name(name);
    let backup = run(connhub().arg("backup").arg(at("a.backup")).arg("--db").arg(&database));
    assert!(backup.success, "{}", backup.stderr);
    fs::write(at("precious"), "precious").expect("a file");
    // It would pass for a lock if it had no other name.
    fs::write(at("number"), "7\n").expect("a file");
    let plant: [(&str, &dyn Fn()); 6] = [
        ("is a link", &|| symlink(at("precious"), &lock).expect("a link")),
        ("is a link", &|| symlink(at("number"), &lock).expect("a link")),
        ("is a link", &|| symlink(at("none"), &lock).expect("a link")),
        ("has another name", &|| fs::hard_link(at("number"), &lock).expect("a second name")),
        ("something else", &|| fs::write(&lock, "precious").expect("a file")),
        ("is a pipe", &|| assert!(run(std::process::Command::new("mkfifo").arg(&lock)).success)),
    ];
    for (why, plant) in plant {
        fs::remove_file(&lock).expect("removed");
        plant();
        let restored = run(connhub().arg("restore").arg(at("a.backup")).arg("--db").arg(&database));
        let told = [refused(&database), restored.stderr];
        assert!(!restored.success && told.iter().all(|told| told.contains(why)), "{told:?}");
        // It looks at the lock too, and does not wait for it.
        assert!(run(connhub().args(["check", "--db"]).arg(&database)).success, "{why}");
        assert_eq!(fs::read(at("precious")).expect("the file"), b"precious");
        assert_eq!(fs::read(at("number")).expect("the file"), b"7\n");
        assert!(!at("none").exists());
        if why == "something else" {
            assert_eq!(fs::read(&lock).expect("the file"), b"precious");
        }
    }
    fs::remove_file(&lock).expect("removed");
    server.start_again();
}

#[test]
fn nobody_else_can_take_the_lock() {
    let server = Server::start();
    let lock = server.database().with_file_name("connhub.db.lock");
    assert_eq!(mode(&lock), 0o600);
    server.kill();
    // As an older connhub made it.
    fs::set_permissions(&lock, Permissions::from_mode(0o644)).expect("a mode");
    server.start_again();
    assert_eq!(mode(&lock), 0o600);
    server.kill();
    // Whoever may write the database may take its lock.
    fs::set_permissions(server.database(), Permissions::from_mode(0o660)).expect("a mode");
    server.start_again();
    assert_eq!(mode(&lock), 0o660);
}

#[test]
fn a_database_is_for_its_owner_alone_or_the_log_says_that_it_is_not() {
    let server = Server::start();
    let database = server.database();
    assert!(mode(&database) == 0o600 && !server.output().contains("chmod"), "{}", server.output());
    server.kill();
    fs::set_permissions(&database, Permissions::from_mode(0o644)).expect("a mode");
    server.start_again();
    let told = format!("say chmod 600 {}", database.display());
    assert!(mode(&database) == 0o644 && server.output().contains(&told), "{}", server.output());
    server.kill();
    for ending in ["", "-wal", "-shm"] {
        fs::remove_file(database.with_file_name(format!("connhub.db{ending}"))).expect("removed");
    }
    fs::write(&database, "").expect("an empty file");
    fs::set_permissions(&database, Permissions::from_mode(0o644)).expect("a mode");
    server.start_again();
    assert_eq!(mode(&database), 0o600, "keys are to come into it");
}

#[test]
fn an_address_in_use_is_told() {
    let server = Server::start();
    let second = run(connhub().args(["serve", "--listen", &server.authority(), "--db"]).arg(temporary()));
    assert!(!second.success && second.stderr.contains(&server.authority()), "{}", second.stderr);
}

#[test]
fn a_password_too_short_for_the_first_account_is_refused() {
    let mut command = connhub();
    command.env("CONNHUB_PASSWORD", "short").args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(temporary());
    let finished = run(&mut command);
    assert!(!finished.success && finished.stderr.contains("10"), "{}", finished.stderr);
}

#[test]
fn asked_to_end_it_lets_callbacks_in_flight_end_and_closes_the_database() {
    let world = World::new();
    world.connector.answers(Kind::Installation, &json!({ "hold": true }));
    let waiting = world.installing();
    let id = world.connector.only(Kind::Installation).id().to_owned();
    world.server.terminate();
    until_closed(&world.server.authority());
    world.connector.release(Kind::Installation);
    let answer = waiting.join().expect("an answer");
    assert_eq!(answer.field()["state"], "COMPLETE");
    assert!(world.server.wait().success());
    let log = world.server.database().with_extension("db-wal");
    assert!(!log.exists(), "the write-ahead log is left behind");
    world.server.start_again();
    assert_eq!(world.developer.installation(&id)["state"], "COMPLETE");
}

#[test]
fn a_connector_that_hangs_does_not_keep_it_from_ending() {
    let world = World::with(&["--callback-timeout", "10min"]);
    world.connector.answers(Kind::Installation, &json!({ "hang": true }));
    let waiting = world.installing();
    let id = world.connector.only(Kind::Installation).id().to_owned();
    let since = std::time::Instant::now();
    world.server.terminate();
    assert!(world.server.wait().success());
    assert!(since.elapsed().as_secs() < 20, "{:?}", since.elapsed());
    // Whoever waited may have been told, or not.
    let _ = waiting.join();
    world.server.start_again();
    assert_eq!(world.developer.installation(&id)["state"], "INTERNAL_ERROR");
}

#[test]
fn it_says_whether_it_is_alive_and_ready() {
    let server = Server::start();
    server.send(&Request::get("/healthz")).expect(200);
    server.send(&Request::get("/readyz")).expect(200);
    server.send(&Request::new("HEAD", "/healthz")).expect(200);
    // Somebody holds the database.
    let sql = server.sql();
    sql.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    server.send(&Request::get("/healthz")).expect(200);
    let busy = server.send(&Request::get("/readyz")).expect(503);
    assert_eq!(busy.json()["error"], "SERVICE_UNAVAILABLE");
    sql.execute_batch("ROLLBACK").expect("no lock");
    until("it is ready again", || server.send(&Request::get("/readyz")).status == 200);
}

#[test]
fn log_lines_hold_the_requests_id_as_text_or_json() {
    for format in ["text", "json"] {
        let server = Server::with(&["--log-format", format]);
        server.send(
            &Request::post("/api/v1/query")
                .header("X-Request-Id", "my-request")
                .json(&json!({ "query": "{ __typename }" })),
        );
        until("the request is logged", || server.output().contains("my-request"));
        let output = server.output();
        let line = output.lines().find(|line| line.contains("my-request")).expect("a line");
        assert!(!line.contains('\u{1b}'), "colours in a file: {line:?}");
        if format == "json" {
            let line: Value = serde_json::from_str(line).expect("JSON");
            assert_eq!((&line["status"], &line["level"]), (&json!(200), &json!("INFO")), "{line}");
        }
    }
}

/// RFC 6749, sections 3.1 and 3.2, want TLS; only who runs the server can have it.
#[test]
fn who_runs_a_server_that_can_be_overheard_is_told_so() {
    for (options, told) in [
        (&[][..], false),
        (&["--public-url", "http://hub.example"], true),
        (&["--public-url", "https://hub.example"], false),
        (&["--public-url", "http://localhost:7171"], false),
    ] {
        let output = Server::with(options).output();
        assert_eq!(output.contains("can read their passwords and tokens"), told, "{options:?}: {output}");
    }
}

#[test]
fn a_world_goes_on_after_an_orderly_restart() {
    let world = World::new();
    let installation = world.installed();
    world.server.terminate();
    assert!(world.server.wait().success());
    world.server.start_again();
    let instance = world.app.instantiate(&installation, None, &[]);
    assert_eq!(world.app.instance(&id_of(instance.field()))["state"], "COMPLETE");
}
