//! The page and the files it needs, as a browser loads them.

use crate::harness::Server;
use crate::http::{Request, Response};
use std::io::Read;

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

fn opened(server: &Server, path: &str) -> Response {
    server.send(&Request::get(path).header("Accept", BROWSER).header("Accept-Encoding", "gzip, deflate, br"))
}

fn text(response: &Response) -> String {
    let mut text = String::new();
    match response.header("Content-Encoding") {
        Some("gzip") => flate2::read::GzDecoder::new(&response.body[..]).read_to_string(&mut text).expect("gzip"),
        other => panic!("encoded as {other:?}: {response:?}"),
    };
    text
}

/// The addresses that a page names of files of its own.
fn addresses(page: &str) -> Vec<String> {
    page.split('"').filter(|part| part.starts_with("/assets/")).map(str::to_owned).collect()
}

#[test]
fn a_browser_finds_everything_that_the_page_names_and_need_not_ask_for_it_again() {
    let server = Server::start();
    let page = opened(&server, "/").expect(200);
    assert!(page.header("Content-Type").is_some_and(|kind| kind.starts_with("text/html")), "{page:?}");
    let html = text(&page);
    let addresses = addresses(&html);
    assert!(html.contains("connhub") && !addresses.is_empty(), "{html}");
    for address in &addresses {
        let file = server.send(&Request::get(address)).expect(200);
        let keep = file.header("Cache-Control").expect("Cache-Control");
        assert!(keep.contains("immutable") && keep.contains("max-age=31536000"), "{address}: {keep}");
        assert_eq!(file.header("X-Content-Type-Options"), Some("nosniff"));
        assert_ne!(file.header("Content-Type"), Some("application/octet-stream"), "{address}");
    }
    // The page itself is asked for each time, which costs next to nothing where it is the same.
    assert_eq!(page.header("Cache-Control"), Some("no-cache"));
    let tag = page.header("ETag").expect("ETag");
    let again = Request::get("/").header("Accept-Encoding", "gzip").header("If-None-Match", tag);
    assert!(server.send(&again).expect(304).body.is_empty());
    // The same files have the same addresses after a restart.
    server.crash_and_restart();
    assert_eq!(text(&opened(&server, "/")), html);
}

#[test]
fn the_length_of_what_head_leaves_out_is_told() {
    let server = Server::start();
    for path in ["/", "/favicon.svg", "/api/schema"] {
        for coding in ["gzip", "identity"] {
            let request = |method| Request::new(method, path).header("Accept-Encoding", coding);
            let (get, head) = (server.send(&request("GET")).expect(200), server.send(&request("HEAD")).expect(200));
            assert_eq!(head.header("Content-Length"), Some(get.body.len().to_string().as_str()), "{path} {coding}");
            assert_eq!(head.header("ETag"), get.header("ETag"));
            assert!(head.body.is_empty());
        }
    }
}

#[test]
fn the_schema_is_sent_compressed() {
    let server = Server::start();
    let packed = opened(&server, "/api/schema").expect(200);
    assert!(packed.body.len() * 3 < text(&packed).len(), "{}", packed.body.len());
    assert_eq!(text(&packed), server.send(&Request::get("/api/schema")).expect(200).text());
}

#[test]
fn every_place_of_the_page_can_be_opened_and_reloaded() {
    let server = Server::start();
    let home = text(&opened(&server, "/"));
    for path in ["/nowhere", "/apps/0/things?page=2", "/../etc/passwd", "/%2e%2e/x", "//"] {
        assert_eq!(text(&opened(&server, path).expect(200)), home, "{path}");
        let script = server.send(&Request::get(path).header("Accept", "*/*")).expect(404);
        assert_eq!(script.json()["error"], "NOT_FOUND", "{path}");
    }
    for path in ["/api", "/api/v1", "/api/v1/nowhere", "/oauth2/nowhere", "/assets/0/x.js", "/.well-known/x"] {
        let answer = opened(&server, path).expect(404);
        assert_eq!(answer.json()["error"], "NOT_FOUND", "{path}");
    }
}
