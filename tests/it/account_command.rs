//! `connhub account`: the operator's accounts, beside a server and without one.

use crate::harness::{BINARY, Companion, EMAIL, Finished, PASSWORD, Server, connhub};
use crate::startup::temporary;
use crate::users::{Developer, login};
use crate::wait::until;
use serde_json::json;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs `connhub account` with this on standard input.
pub fn account(database: &Path, arguments: &[&str], input: &[u8]) -> Finished {
    let mut command = connhub();
    command.arg("account").args(arguments).arg("--db").arg(database);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("connhub");
    // It may not want to read.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    let output = child.wait_with_output().expect("an end");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Finished { success: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[track_caller]
pub fn done(database: &Path, arguments: &[&str], input: &str) -> String {
    let finished = account(database, arguments, input.as_bytes());
    assert!(finished.success && finished.stderr.is_empty(), "{arguments:?}: {}", finished.stderr);
    finished.stdout
}

#[test]
fn an_operator_lists_adds_and_resets_accounts_beside_a_running_server() {
    let server = Server::start();
    let database = server.database();
    let developer = Developer::sign_in(&server);
    assert_eq!(
        done(&database, &["add", "ada@example.com"], "a long password\n"),
        "added the account ada@example.com\n"
    );
    server.send(&login("ada@example.com", "a long password")).expect(200);
    let listed = done(&database, &["list"], "");
    let lines: Vec<_> = listed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!((lines[0][0], lines[1][0], lines[2][0]), ("E-MAIL", EMAIL, "ada@example.com"), "{listed}");
    assert_eq!((lines.len(), lines[2][1], lines[2][2].len()), (3, "ada", 10), "{listed}");
    assert_eq!((lines[1][3], lines[2].len()), ("operator", 3), "{listed}");

    let told = done(&database, &["set-password", "DEV@example.com"], "another password\r\n");
    assert!(told.contains("set the password of dev@example.com"), "{told}");
    server.send(&login(EMAIL, PASSWORD)).expect(401);
    assert_eq!(developer.graphql("{ profile { id } }", json!({})).code(), "UNAUTHENTICATED");
    server.send(&login(EMAIL, "another password")).expect(200);
    // Of that account alone.
    server.send(&login("ada@example.com", "a long password")).expect(200);
    server.crash_and_restart();
    server.send(&login(EMAIL, PASSWORD)).expect(401);
    server.send(&login(EMAIL, "another password")).expect(200);
}

#[test]
fn a_password_that_nobody_saw_is_set_without_a_server() {
    let server = Server::with_environment(&[], &[]);
    server.terminate();
    assert!(server.wait().success());
    done(&server.database(), &["set-password", "developer@localhost"], "one that I know");
    let left: Vec<_> = std::fs::read_dir(server.database().parent().expect("a folder")).expect("a folder").collect();
    assert_eq!(left.len(), 2, "the database and its lock: {left:?}");
    server.start_again();
    server.send(&login("developer@localhost", "one that I know")).expect(200);
}

#[test]
fn what_cannot_be_done_is_refused_with_why_and_changes_nothing() {
    let server = Server::start();
    let database = server.database();
    for (arguments, input, why) in [
        (&["add", EMAIL][..], "a long password\n", "has an account already"),
        (&["add", "DEV@example.com"], "a long password\n", "has an account already"),
        (&["add", "nonsense"], "a long password\n", "e-mail address"),
        (&["add", "me@example.com"], "short\n", "10 to 1000"),
        (&["add", "me@example.com"], "", "no password was given"),
        (&["add", "me@example.com"], "\nsecond line\n", "no password was given"),
        (&["set-password", EMAIL], "\u{7f}nine characters\n", "control character"),
        (&["set-password", EMAIL], "  spaces before\n", "begins or ends with a space"),
        (&["set-password", EMAIL], "spaces after \n", "begins or ends with a space"),
        (&["set-password", EMAIL], "short\n", "10 to 1000"),
        (&["set-password", "nobody@example.com"], "a long password\n", "no account nobody@example.com"),
        (&["set-password", EMAIL, "a long password"], "", "not given on the command line"),
        (&["set-password"], "", "<EMAIL>"),
        (&["set-password", "dev@example.com\r"], "a long password\n", "control character"),
        (&["delete", EMAIL], "", "unrecognized subcommand"),
    ] {
        let refused = account(&database, arguments, input.as_bytes());
        assert!(!refused.success && refused.stderr.contains(why), "{arguments:?}: {}", refused.stderr);
        assert!(!refused.stderr.contains("long password"), "{}", refused.stderr);
    }
    let refused = account(&database, &["add", "me@example.com"], b"\xff\xfe0123456789\n");
    assert!(!refused.success && refused.stderr.contains("UTF-8"), "{}", refused.stderr);
    server.send(&login(EMAIL, PASSWORD)).expect(200);
    assert_eq!(done(&database, &["list"], "").lines().count(), 2);
}

#[test]
fn no_database_is_made_and_none_of_something_else_is_touched() {
    let none = temporary();
    for arguments in [&["list"][..], &["add", EMAIL], &["set-password", EMAIL]] {
        let refused = account(&none, arguments, b"a long password\n");
        assert!(!refused.success && refused.stderr.contains("there is no database"), "{}", refused.stderr);
    }
    assert_eq!(std::fs::read_dir(none.parent().expect("a folder")).expect("a folder").count(), 0);
    std::fs::write(&none, "my diary, nothing else\n".repeat(100)).expect("a file");
    let refused = account(&none, &["list"], b"");
    assert!(!refused.success && !refused.stderr.contains("internal error"), "{}", refused.stderr);
    assert!(std::fs::read_to_string(&none).expect("the file").starts_with("my diary"));
}

#[test]
fn a_link_that_leads_nowhere_and_a_folder_are_refused_by_their_names() {
    let database = temporary();
    std::os::unix::fs::symlink("nowhere", &database).expect("a link");
    let refused = account(&database, &["list"], b"");
    assert!(!refused.success && refused.stderr.contains("there is no database"), "{}", refused.stderr);
    std::fs::remove_file(&database).expect("removed");
    std::fs::create_dir(&database).expect("a folder");
    let refused = account(&database, &["add", EMAIL], b"a long password\n");
    assert!(!refused.success && refused.stderr.contains(&*database.to_string_lossy()), "{}", refused.stderr);
}

/// `connhub account set-password` on a terminal, which `script` makes.
fn on_a_terminal(database: &Path) -> (Companion, std::process::ChildStdin) {
    let mut script = Command::new("script");
    let command = format!("{BINARY} account set-password {EMAIL} --db {}; echo ended with $?", database.display());
    script.args(["--quiet", "--flush", "--command", &command, "/dev/null"]);
    Companion::typing(script)
}

#[test]
fn a_password_is_asked_for_twice_and_never_shown() {
    let server = Server::start();
    let (terminal, mut keys) = on_a_terminal(&server.database());
    for question in ["New password of dev@example.com:", "The same again:"] {
        until("it asks", || terminal.output().contains(question));
        keys.write_all(b"typed in the dark\r").expect("typed");
    }
    terminal.line_with("ended with 0");
    assert!(!terminal.output().contains("dark"), "{}", terminal.output());
    server.send(&login(EMAIL, "typed in the dark")).expect(200);

    let (terminal, mut keys) = on_a_terminal(&server.database());
    for (question, typed) in [("New password of", "typed in the dusk\r"), ("The same again:", "typed in the dawn\r")] {
        until("it asks", || terminal.output().contains(question));
        keys.write_all(typed.as_bytes()).expect("typed");
    }
    terminal.line_with("differ");
    terminal.line_with("ended with 1");

    let (terminal, mut keys) = on_a_terminal(&server.database());
    until("it asks", || terminal.output().contains("New password of"));
    keys.write_all(b"never mind\x03").expect("typed");
    terminal.line_with("ended with 130");
    assert!(!terminal.output().contains("never mind"), "{}", terminal.output());
    server.send(&login(EMAIL, "typed in the dark")).expect(200);
}
