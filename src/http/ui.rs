//! What a browser gets: the files of `static/`, which are in the binary, and the schema as a text.
//!
//! May use rust-embed and [`crate::http::reply`]. Used by the route table.

use crate::http::reply::{self, Refusal};
use crate::http::request::Request;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, REFERRER_POLICY, VARY, X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt::Write;
use warp::reply::Response;

/// Nothing from elsewhere but pictures, nothing inline, in no frame (developer-center.md, "Rules").
const CONTENT_SECURITY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; img-src 'self' data: https:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
);
/// The page itself.
const INDEX: &str = "index.html";
/// What a browser sees where there is nothing.
const NOT_FOUND: &str = "404.html";
/// How much of a content's hash names its version, in bytes: chance never makes two alike.
const TAG_BYTES: usize = 16;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// A text that stays the same while the server runs.
pub(super) struct Document {
    text: bytes::Bytes,
    tag: HeaderValue,
    content_type: HeaderValue,
}

impl Document {
    /// A plain text.
    pub(super) fn plain(text: String) -> Self {
        let tag = tag(&Sha256::digest(text.as_bytes()));
        Self { text: text.into(), tag, content_type: HeaderValue::from_static("text/plain; charset=utf-8") }
    }

    /// The text, or word that the client has it already.
    pub(super) fn answer(&self, request: &Request) -> Response {
        let known = self.tag.to_str().is_ok_and(|tag| request.has_version(tag));
        let mut response = if known { Response::default() } else { Response::new(self.text.clone().into()) };
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, self.content_type.clone());
        headers.insert(ETAG, self.tag.clone());
        // It may be kept, but is asked for again: the next version of the binary has another.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }
}

fn tag(hash: &[u8]) -> HeaderValue {
    let mut text = String::from("\"");
    for byte in hash.iter().take(TAG_BYTES) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text.push('"');
    // Quotes and hexadecimal digits are always a header's value.
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Whether a file has this path.
pub(super) fn is_file(path: &str) -> bool {
    file(path).is_some()
}

/// The file with this path.
pub(super) fn answer(request: &Request) -> Option<Response> {
    let document = file(request.path())?;
    Some(secured(document.answer(request)))
}

/// 404 as a page for people, as JSON for everything else.
pub(super) fn nothing(request: &Request) -> Response {
    let refusal = Refusal::no_such_path(request);
    let person = request.accepts().any(|line| line.to_ascii_lowercase().contains("text/html"));
    let page = if person { Files::get(NOT_FOUND) } else { None };
    let response = match page {
        Some(page) => refusal.with_body(request, page.data.into_owned(), content_type(NOT_FOUND)),
        None => refusal.answer(request),
    };
    reply::with_header(secured(response), VARY, HeaderValue::from_static("Accept"))
}

fn file(path: &str) -> Option<Document> {
    let name = match path.strip_prefix('/')? {
        "" => INDEX,
        // A page that is no answer of its own.
        NOT_FOUND => return None,
        name => name,
    };
    let file = Files::get(name)?;
    let text = match file.data {
        Cow::Borrowed(embedded) => bytes::Bytes::from_static(embedded),
        Cow::Owned(read) => read.into(),
    };
    Some(Document { text, tag: tag(&file.metadata.sha256_hash()), content_type: content_type(name) })
}

fn content_type(name: &str) -> HeaderValue {
    HeaderValue::from_static(match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    })
}

fn secured(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, CONTENT_SECURITY);
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}
