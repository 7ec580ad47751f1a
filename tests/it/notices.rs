//! `--notice` and `--imprint`: on every page, and as the files say now.

use crate::harness::Server;
use crate::http::Request;
use crate::wait::until;
use std::path::Path;

fn page(server: &Server, path: &str) -> String {
    server.send(&Request::get(path).header("Accept", "text/html")).expect(200).text().to_owned()
}

fn with(folder: &Path) -> Vec<String> {
    ["notice", "imprint"]
        .iter()
        .flat_map(|name| [format!("--{name}"), folder.join(name).display().to_string()])
        .collect()
}

#[test]
fn the_notice_and_a_link_to_the_imprint_are_on_every_page_and_change_with_their_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    write("notice", "Wiped on **Sundays**. <script>alert(1)</script>");
    write("imprint", "# Imprint\n\nExample Ltd, [mail](mailto:me@example.com)");
    let flags = with(folder.path());
    let server = Server::with(&flags.iter().map(String::as_str).collect::<Vec<_>>());
    for path in ["/", "/signin", "/no/such/page", "/oauth2/auth"] {
        let text = server.send(&Request::get(path).header("Accept", "text/html")).text().to_owned();
        assert!(
            text.contains("Wiped on <strong>Sundays</strong>") && text.contains(r#"href="/imprint""#),
            "{path}: {text}"
        );
        assert!(!text.contains("<script>alert"), "{path}: {text}");
    }
    assert!(page(&server, "/imprint").contains("Example Ltd"));

    write("notice", "Now with a longer text");
    until("it is read again", || page(&server, "/").contains("Now with a longer text"));
    server.signal("-HUP");
    until("it is read again when asked", || server.output().matches("were read again").count() == 2);
    // What cannot be shown leaves the last one.
    std::fs::write(folder.path().join("notice"), [0xff, 0xfe]).expect("a file");
    until("it is refused", || server.output().contains("it is not UTF-8 text"));
    assert!(page(&server, "/").contains("Now with a longer text"));
    write("notice", "");
    until("there is none any more", || !page(&server, "/").contains("site-notice"));
    assert!(page(&server, "/").contains(r#"href="/imprint""#));
}

#[test]
fn without_the_options_there_is_neither() {
    let server = Server::start();
    let text = page(&server, "/");
    assert!(!text.contains("site-notice") && !text.contains("/imprint"), "{text}");
    assert!(page(&server, "/imprint").contains(r#"id="app""#));
}

#[test]
fn a_file_that_cannot_be_shown_ends_the_start_before_anything_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let long = folder.path().join("long");
    std::fs::write(&long, "x".repeat(70_000)).expect("a file");
    for (file, why) in [(folder.path().join("none"), "No such file"), (long, "longer than 64 KiB")] {
        let database = folder.path().join("c.db");
        let mut command = crate::harness::connhub();
        command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(&database).arg("--imprint").arg(&file);
        let ended = crate::harness::run(&mut command);
        assert!(!ended.success && ended.stderr.contains(why) && !database.exists(), "{}", ended.stderr);
    }
}
