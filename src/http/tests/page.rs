//! The page, its files and the schema: at which addresses, how long to be kept, compressed for whom,
//! and what is not there.

use super::{Answer, Server};
use std::io::Read;

const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
const GZIP: (&str, &str) = ("accept-encoding", "gzip, deflate, br");
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

impl Server {
    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(&format!("GET {path}"), headers, "").await
    }

    /// The address of a file of this kind that the page names.
    async fn address(&self, extension: &str) -> String {
        let page = self.get("/", &[]).await;
        let html = String::from_utf8(page.body.to_vec()).expect("HTML");
        let named = html.split('"').find(|part| part.starts_with("/assets/") && part.ends_with(extension));
        named.unwrap_or_else(|| panic!("no {extension} in {html}")).to_owned()
    }
}

fn unpacked(answer: &Answer) -> Vec<u8> {
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(&answer.body[..]).read_to_end(&mut text).expect("gzip");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_of_their_kind_and_not_sent_twice() {
    let server = Server::start().await;
    let style = server.address(".css").await;
    for (path, kind, keep) in [
        ("/", "text/html; charset=utf-8", "no-cache"),
        (style.as_str(), "text/css; charset=utf-8", FOR_GOOD),
        ("/favicon.svg", "image/svg+xml", "no-cache"),
        ("/favicon.ico", "image/svg+xml", "no-cache"),
        ("/api/schema", "text/plain; charset=utf-8", "no-cache"),
    ] {
        let first = server.get(path, &[]).await;
        assert_eq!((first.status.as_u16(), first.header("content-type")), (200, kind), "{path}");
        assert_eq!((first.header("cache-control"), first.header("content-encoding")), (keep, ""), "{path}");
        assert!(!first.body.is_empty() && first.header("etag").len() == 34, "{first:?}");
        let weak = format!("W/{}", first.header("etag"));
        for known in [first.header("etag"), &weak, "\"other\", *"] {
            let again = server.get(path, &[("if-none-match", known)]).await;
            assert_eq!((again.status.as_u16(), again.body.len()), (304, 0), "{path} {known}");
            assert_eq!((again.header("etag"), again.header("cache-control")), (first.header("etag"), keep));
        }
        assert_eq!(server.get(path, &[("if-none-match", "\"other\"")]).await.status, 200);
        assert_eq!(server.send(&format!("POST {path}"), &[], "").await.header("allow"), "GET, HEAD, OPTIONS");
        assert_eq!(server.send(&format!("HEAD {path}"), &[], "").await.header("etag"), first.header("etag"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_compressed_for_those_who_take_it() {
    let server = Server::start().await;
    let style = server.address(".css").await;
    for path in ["/", &style, "/api/schema"] {
        let plain = server.get(path, &[]).await;
        let packed = server.get(path, &[GZIP]).await;
        assert_eq!((packed.status.as_u16(), packed.header("content-encoding")), (200, "gzip"), "{path}");
        assert!(packed.body.len() < plain.body.len() && unpacked(&packed) == plain.body, "{path}");
        assert_eq!((plain.header("vary"), packed.header("vary")), ("Accept-Encoding", "Accept-Encoding"));
        assert_eq!(plain.header("content-type"), packed.header("content-type"));
        // What is known compressed is not known plain.
        let tag = ("if-none-match", packed.header("etag"));
        assert_ne!(packed.header("etag"), plain.header("etag"));
        assert_eq!(server.get(path, &[GZIP, tag]).await.status, 304);
        assert_eq!(server.get(path, &[tag]).await.status, 200);
        for refused in ["gzip;q=0", "br", "*;q=0"] {
            let answer = server.get(path, &[("accept-encoding", refused)]).await;
            assert!(answer.header("content-encoding").is_empty() && answer.body == plain.body, "{path} {refused}");
        }
    }
    let small = server.get("/favicon.svg", &[GZIP]).await;
    assert_eq!((small.header("content-encoding"), small.header("vary")), ("", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_at_the_address_of_its_version_alone() {
    let server = Server::start().await;
    let style = server.address(".css").await;
    let version = style.split('/').nth(2).expect("a version");
    let other = "0".repeat(version.len());
    for path in [
        style.replace(version, &other),
        style.replace(version, &version.to_uppercase()),
        format!("/assets/{version}/index.html"),
        format!("/assets/{version}/nothing.js"),
        format!("/assets/{version}/"),
        format!("/assets/{version}"),
        style.replace(version, &format!("{version}/..")),
        style.replace(version, &format!("{version}/")),
        format!("/assets/{version}/../../Cargo.toml"),
        "/assets".to_owned(),
        "/assets/".to_owned(),
        style.replace(&format!("/{version}"), ""),
        style.replace(version, ""),
    ] {
        let none = server.get(&path, &[BROWSER]).await;
        assert_eq!((none.status.as_u16(), none.json()["error"].as_str()), (404, Some("NOT_FOUND")), "{path}");
        assert_eq!(none.header("cache-control"), "", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_gets_the_page_wherever_nothing_else_is() {
    let server = Server::start().await;
    let home = server.get("/", &[]).await;
    for path in
        ["/nowhere", "/apps/1/things", "/a/", "/x.png", "/index.html", "//", "/apiary", "/a/b/c/d/e/f/g/h/i/j/k/l/m"]
    {
        let page = server.get(path, &[BROWSER]).await;
        assert_eq!((page.status.as_u16(), &page.body), (200, &home.body), "{path}");
        assert_eq!((page.header("cache-control"), page.header("vary")), ("no-cache", "Accept, Accept-Encoding"));
        assert_eq!(page.header("etag"), home.header("etag"));
        let packed = server.get(path, &[BROWSER, GZIP]).await;
        assert_eq!(unpacked(&packed), home.body, "{path}");
        for other in [&[][..], &[("accept", "*/*")], &[("accept", "application/json")], &[("accept", "text/html;q=0")]]
        {
            let none = server.get(path, other).await;
            assert_eq!((none.status.as_u16(), none.json()["error"].as_str()), (404, Some("NOT_FOUND")), "{path}");
            assert_eq!(none.header("vary"), "Accept");
        }
        let posted = server.send(&format!("POST {path}"), &[BROWSER], "").await;
        assert_eq!((posted.status.as_u16(), posted.json()["error"].as_str()), (404, Some("NOT_FOUND")), "{path}");
    }
    // What has no path, which warp cannot stand, is taken for the first page.
    for (line, status) in [("CONNECT localhost:80", 405), ("GET localhost:80", 200), ("OPTIONS *", 404)] {
        assert_eq!(server.send(line, &[], "").await.status.as_u16(), status, "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_for_programs_is_never_answered_with_the_page() {
    let server = Server::start().await;
    for path in [
        "/api",
        "/api/",
        "/api/v1/query/",
        "/api/%71",
        "/api/schema/x",
        "/api/v1/a/b/c/d/e/f/g/h/i/j/k/l/m/n",
        "/oauth2",
        "/oauth2/x",
        "/healthz/",
        "/readyz/x",
        "/.well-known",
        "/.well-known/security.txt",
    ] {
        let none = server.get(path, &[BROWSER]).await;
        assert_eq!((none.status.as_u16(), none.json()["error"].as_str()), (404, Some("NOT_FOUND")), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_are_told_what_the_page_may_do() {
    let server = Server::start().await;
    let style = server.address(".css").await;
    for path in ["/", "/apps", &style, "/favicon.svg"] {
        let answer = server.get(path, &[BROWSER]).await;
        for (name, value) in [
            (
                "content-security-policy",
                "default-src 'self'; img-src 'self' data: https:; frame-ancestors 'none'; base-uri 'none'; \
                 form-action 'self'",
            ),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
        ] {
            assert_eq!(answer.header(name), value, "{name} of {path}");
        }
    }
    // Foreign pages may call the API.
    assert_eq!(server.get("/api/schema", &[]).await.header("cross-origin-resource-policy"), "");
}
