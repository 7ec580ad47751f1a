//! The greeting and generated secrets, for people and for machines.

use crate::harness::{connhub, run_briefly};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What a first start with these flags prints. It need not say that it listens in the words for people.
fn first_start(database: &Path, flags: &[&str]) -> (bool, String) {
    let mut command = connhub();
    command.args(["serve", "--demo", "--listen", "127.0.0.1:0", "--db"]).arg(database).args(flags);
    run_briefly(command)
}

#[test]
fn for_machines_it_is_one_line_of_json_without_secrets() {
    let folder = tempfile::tempdir().expect("a folder");
    let flags = ["--log-format", "json", "--public-url", "https://hub.example"];
    let (listened, printed) = first_start(&folder.path().join("a.db"), &flags);
    assert!(listened, "{printed}");
    let lines: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let greetings: Vec<_> = lines.iter().filter(|line| line["message"] == "connhub listens").collect();
    let [greeting] = greetings.as_slice() else { panic!("{printed}") };
    assert_eq!(greeting["url"], "https://hub.example");
    assert!(greeting["listens"][0].as_str().is_some_and(|url| url.starts_with("http://127.0.0.1:")), "{greeting}");
    assert!(greeting["demo"]["clientId"].is_string(), "{greeting}");
    // Both are logged as lost, each with what to do.
    assert!(!printed.contains("client secret  ") && !printed.contains("password  "), "{printed}");
    assert!(printed.contains("connhub account set-password developer@localhost"), "{printed}");
}

#[test]
fn secrets_go_to_a_file_of_their_own_if_one_is_given() {
    for format in ["text", "json"] {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("secrets");
        let flags = ["--log-format", format, "--secrets-file", file.to_str().expect("a path")];
        let (listened, printed) = first_start(&folder.path().join("a.db"), &flags);
        assert!(listened, "{printed}");
        let secrets = std::fs::read_to_string(&file).expect("the file");
        assert_eq!(std::fs::metadata(&file).expect("the file").permissions().mode() & 0o777, 0o600);
        for name in ["password  ", "client secret  "] {
            let line = secrets.lines().find_map(|line| line.trim().strip_prefix(name)).expect(name);
            let secret = line.split_whitespace().next().expect("a secret");
            assert!(secret.len() > 20 && !printed.contains(secret), "{format}: {printed}");
        }
        assert!(!printed.contains("cannot be written"), "{printed}");
    }
}

#[test]
fn a_file_that_others_can_read_gets_no_secrets() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("secrets");
    std::fs::write(&file, "").expect("a file");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("a mode");
    let database = folder.path().join("a.db");
    let (listened, printed) = first_start(&database, &["--secrets-file", file.to_str().expect("a path")]);
    assert!(!listened && printed.contains("chmod 600") && !database.exists(), "{printed}");
}

#[test]
fn people_are_shown_the_url_that_they_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, printed) = first_start(&folder.path().join("a.db"), &["--public-url", "https://hub.example"]);
    assert!(printed.contains("  open https://hub.example\n"), "{printed}");
    assert!(printed.contains("curl -s https://hub.example/oauth2/token"), "{printed}");
}
