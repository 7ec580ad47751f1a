//! What is printed when it cannot be printed, and which signals end what: the server outlives a full disk and a closed
//! pipe, and tools end with the exit code of their work.

use crate::connector::Kind;
use crate::harness::{Companion, EMAIL, PASSWORD, Server, connhub, run};
use crate::http::Request;
use crate::startup::temporary;
use crate::users::{World, lamp, login};
use crate::wait::{eventually, until};
use serde_json::json;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Streams that take nothing.
const BROKEN: [&str; 2] = ["a full disk", "a closed pipe"];

fn broken(name: &str) -> Stdio {
    match name {
        "a full disk" => File::options().write(true).open("/dev/full").expect("/dev/full").into(),
        _ => std::io::pipe().expect("a pipe").1.into(),
    }
}

/// What a program whose standard output or error is broken ended with, and what it wrote to the other.
fn ended(command: &mut Command) -> (Option<i32>, String) {
    let output = command.stdin(Stdio::null()).output().expect("a command that starts");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).expect("UTF-8"))
}

fn serve(database: &Path) -> Command {
    let mut command = connhub();
    command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(database);
    command
}

/// The address in a log line about standard output.
fn logged_address(server: &Companion) -> String {
    let line = server.line_with("; the server runs");
    let url = line.split("url=\"http://").nth(1).and_then(|rest| rest.split('"').next());
    url.unwrap_or_else(|| panic!("no address in {line}")).to_owned()
}

#[test]
fn a_server_that_cannot_print_keeps_running_and_logs_how_to_get_in() {
    for stream in BROKEN {
        let database = temporary();
        let mut command = serve(&database);
        command.arg("--demo");
        let server = Companion::printing_to(command, broken(stream));
        let address = logged_address(&server);
        Request::get("/healthz").send(&address).expect(200);
        let log = server.output();
        assert!(log.contains("connhub account set-password developer@localhost --db"), "{stream}: {log}");
        assert!(log.contains("the client secret of the app") && !log.contains("client secret  "), "{stream}: {log}");
        let line = log.lines().find(|line| line.contains("set-password")).expect("the advice");
        let command = line.split("another one: connhub ").nth(1).expect("a command");
        let mut set = Command::new("sh");
        let script = format!("echo 'a password of mine' | \"$0\" {command}");
        assert!(run(set.args(["-c", &script, crate::harness::BINARY])).success, "{command}");
        login("developer@localhost", "a password of mine").send(&address).expect(200);
    }
}

#[test]
fn a_server_without_a_log_keeps_running() {
    for stream in BROKEN {
        let database = temporary();
        let mut child = serve(&database);
        child.env("CONNHUB_EMAIL", EMAIL).env("CONNHUB_PASSWORD", PASSWORD).args(["--log", "debug"]);
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let mut child = child.stdout(writer).stderr(broken(stream)).spawn().expect("a server");
        let mut lines = std::io::BufRead::lines(std::io::BufReader::new(reader));
        let line =
            lines.find_map(|line| line.expect("a line").strip_prefix("connhub listens on http://").map(str::to_owned));
        let address = line.expect("an address");
        login(EMAIL, PASSWORD).send(&address).expect(200);
        login(EMAIL, "something else").send(&address).expect(401);
        assert!(child.try_wait().expect("a child").is_none(), "{stream}");
        child.kill().expect("a child of ours");
        child.wait().expect("ended");
    }
}

#[test]
fn a_password_that_would_be_thrown_away_is_not_said_to_be_shown() {
    for (name, stdout) in [("/dev/null", Stdio::null()), ("no standard output", Stdio::inherit())] {
        let mut command = Command::new("sh");
        let closed = if name == "/dev/null" { "" } else { ">&-" };
        let script = format!("exec \"$0\" serve --listen 127.0.0.1:0 --db \"$1\" {closed}");
        command.args(["-c", &script, crate::harness::BINARY]).arg(temporary());
        let server = Companion::printing_to(command, stdout);
        server.line_with("connhub account set-password developer@localhost");
    }
}

/// A database that a server has left, and a folder for what the tools make.
fn left() -> (std::sync::Arc<Server>, TempDir) {
    let server = Server::with(&["--demo"]);
    until("the demo has things", || {
        server.sql().query_row("SELECT count(*) > 1 FROM things", [], |row| row.get(0)) == Ok(true)
    });
    server.terminate();
    assert!(server.wait().success());
    (server, TempDir::new().expect("a folder"))
}

#[test]
fn tools_that_cannot_print_end_with_the_exit_code_of_their_work() {
    let (server, folder) = left();
    let database = server.database().to_str().expect("UTF-8").to_owned();
    let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    for stream in BROKEN {
        let name = stream.replace(' ', "-");
        let tools: [(&[&str], i32); 8] = [
            (&["backup", &at(&name), "--db", &database], 0),
            (&["backup", &at(&name), "--db", &database], 1),
            (&["check", "--db", &database], 0),
            (&["check", "--db", &at("none.db")], 1),
            (&["restore", &at(&name), "--db", &database], 0),
            (&["dev-cert", "--out", &at("certs")], 0),
            (&["seed-history", "--days", "1", "--every", "3600", "--db", &database], 0),
            (&["account", "set-password", "nobody@example.com", "--db", &database], 1),
        ];
        for (tool, code) in tools {
            let printed = ended(connhub().args(tool).stdout(broken(stream)));
            assert_eq!((printed.0, printed.1.is_empty()), (Some(code), code == 0), "{stream}: {tool:?}: {}", printed.1);
        }
        for tool in [&["check", "--db", &at("none.db")][..], &["serve", "--log", "inof"], &["nonsense"]] {
            let (code, _) = ended(connhub().args(tool).stderr(broken(stream)));
            assert!(matches!(code, Some(1 | 2)), "{stream}: {tool:?}: {code:?}");
        }
    }
    assert!(fs::metadata(at("a-full-disk")).is_ok_and(|file| file.len() > 0));
}

/// What they print is their work: a reader that has seen enough is no failure, a lost text is.
#[test]
fn commands_that_do_nothing_but_print_say_so_if_they_cannot() {
    let (server, _folder) = left();
    let database = server.database().to_str().expect("UTF-8").to_owned();
    let list = ["account", "list", "--db", &database];
    for command in [&["schema"][..], &list, &["--help"], &["help", "serve"], &["serve", "--help"], &["--version"]] {
        let (code, told) = ended(connhub().args(command).stdout(broken("a closed pipe")));
        assert_eq!((code, told.as_str()), (Some(0), ""), "{command:?}");
        let (code, told) = ended(connhub().args(command).stdout(broken("a full disk")));
        assert!(code == Some(1) && told.contains("standard output: No space left"), "{command:?}: {code:?} {told}");
    }
    let first = run(Command::new("sh").args(["-c", "\"$0\" schema | head -1", crate::harness::BINARY]));
    assert!(first.success && first.stderr.is_empty() && first.stdout.lines().count() == 1, "{}", first.stderr);
}

#[test]
fn a_hangup_ends_no_server_and_is_logged() {
    let server = Server::start();
    server.signal("-HUP");
    until("the log says what it did", || server.output().contains("SIGHUP: there is no certificate to read again"));
    server.send(&Request::get("/readyz")).expect(200);
    server.terminate();
    assert!(server.wait().success());
}

#[test]
fn whoever_presses_ctrl_c_again_does_not_wait() {
    let world = World::with(&["--callback-timeout", "10min"]);
    world.connector.answers(Kind::Installation, &json!({ "hang": true }));
    let waiting = world.installing();
    world.connector.only(Kind::Installation);
    let since = Instant::now();
    world.server.signal("-INT");
    until("it is stopping", || world.server.output().contains("Ctrl-C ends it at once"));
    // A supervisor that repeats itself is no person in a hurry.
    world.server.terminate();
    world.server.signal("-INT");
    assert_eq!(world.server.wait().code(), Some(130));
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    // Whoever waited may have been told, or not.
    let _ = waiting.join();
    world.server.start_again();
}

/// Whether a process catches a signal: a bit of a mask in hexadecimal, counted from 1.
fn catches(process: u32, signal: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or("0");
    u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// The kernel gives the first process of a container no signal that it does not catch, so TERM has to be caught first.
#[test]
fn asked_to_end_while_it_starts_it_ends() {
    for (name, number) in [("-TERM", 15), ("-INT", 2)] {
        let server = Server::start();
        let lock = File::options().write(true).open(format!("{}.lock", server.database().display())).expect("the lock");
        server.kill();
        lock.lock().expect("the lock, as of a server that is about to end");
        let mut starting =
            serve(&server.database()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a server");
        until("the signal is caught", || catches(starting.id(), number));
        let sent = Command::new("kill").args([name, &starting.id().to_string()]).status().expect("kill");
        let status = starting.wait().expect("an end");
        // In a debug build it may be so early that the command line is still being read.
        assert!(sent.success() && status.success(), "{name}: {status:?}");
    }
}

#[test]
fn a_limit_on_the_length_of_files_is_like_a_full_disk() {
    let world = World::new();
    let hub = world.instantiated().hub;
    let thing = hub.create_thing(&lamp());
    let limit = |bytes: &str| {
        let id = world.server.process_id().to_string();
        let set = Command::new("prlimit").args(["--pid", &id, &format!("--fsize={bytes}:unlimited")]).status();
        assert!(set.expect("prlimit").success());
    };
    let update = |number: u32| {
        let at = format!("2024-01-01T{:02}:{:02}:{:02}Z", number / 3_600, number / 60 % 60, number % 60);
        hub.update(&thing, "level", &json!({ "value": number.to_string(), "lastUpdate": at })).status
    };
    assert_eq!(update(0), 204);
    limit("65536");
    eventually("a write is refused", || {
        (1..2_000).map(update).find(|status| *status != 204).map(|status| assert_eq!(status, 503))
    });
    world.server.send(&Request::get("/readyz")).expect(503);
    world.server.send(&login(EMAIL, PASSWORD)).expect(200);
    limit("unlimited");
    until("it works again by itself", || update(2_000) == 204);

    let backup = world.server.database().with_file_name("backup");
    let mut limited = Command::new("prlimit");
    limited
        .args(["--fsize=4096", crate::harness::BINARY, "backup"])
        .arg(&backup)
        .arg("--db")
        .arg(world.server.database());
    let (code, told) = ended(&mut limited);
    assert!(code == Some(1) && told.starts_with("connhub: "), "{code:?} {told}");
    assert!(!backup.exists());
}
