//! The README's commands: the whole life of a connector, copied from there and run by a shell.

use crate::harness::{BINARY, Server, run};
use std::net::TcpListener;
use std::process::Command;

const README: &str = include_str!("../../README.md");
const BEGIN: &str = "<!-- lifecycle -->\n```sh\n";
const END: &str = "```\n";
/// Where the reader starts the connector again, now that its key is known.
const KEY_IS_KNOWN: &str = "echo \"$PUBLIC_KEY\"\n";
const START_WITH_KEY: &str = "\
\"$CONNHUB\" demo-connector --listen \"${CONNECTOR#http://}\" --hub \"$HUB\" --public-key \"$PUBLIC_KEY\" >&2 &
trap 'kill %1' EXIT
until curl --silent --output /dev/null \"$CONNECTOR\"; do :; done
";

fn script() -> String {
    let blocks = README.split(BEGIN).skip(1).map(|rest| rest.split(END).next().expect("an end"));
    let script: String = blocks.collect();
    assert!(script.contains(KEY_IS_KNOWN), "{script}");
    script.replace(KEY_IS_KNOWN, START_WITH_KEY)
}

#[test]
fn the_whole_life_of_a_connector_works_as_the_readme_tells_it() {
    let account = [("CONNHUB_EMAIL", "me@example.com"), ("CONNHUB_PASSWORD", "correct horse")];
    let server = Server::with_environment(&[], &account);
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", &script()]);
    shell.envs([("HUB", server.url()), ("CONNECTOR", format!("http://{free}")), ("CONNHUB", BINARY.to_owned())]);
    let finished = run(&mut shell);
    let printed = finished.stdout.replace(' ', "");
    assert!(finished.success && !printed.contains("\"errors\""), "{}\n{}", finished.stdout, finished.stderr);
    assert_eq!(printed.matches("\"state\":\"COMPLETE\"").count(), 2, "{printed}");
    assert_eq!(printed.matches("\"status\":\"COMPLETED\"").count(), 1, "{printed}");
    assert_eq!(printed.matches("\"responseStatus\":20").count(), 3, "{printed}");
    assert_eq!(printed.matches("\"state\":\"REMOVAL_ONGOING\"").count(), 2, "{printed}");
    assert_eq!(printed.matches("\"state\":\"REMOVED\"").count(), 1, "{printed}");
}
