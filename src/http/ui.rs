//! What a browser gets: the page, which is the answer at every path that nothing else has, since it
//! knows its own places; and the files that it needs, at addresses that name their version.
//!
//! May use [`crate::http::document`] and [`crate::http::reply`]. Used by the route table, and by the pages
//! that the server makes itself.

mod files;

use crate::http::document::{Document, Keep};
use crate::http::negotiation::wants_html;
use crate::http::notices::{self, NoticeTexts};
use crate::http::reply::{self, Refusal};
use crate::http::request::Request;
use files::Files;
use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, VARY, X_FRAME_OPTIONS};
use http::{HeaderName, HeaderValue};
use std::borrow::Cow;
use warp::reply::Response;

/// What goes with the page and its files. Nothing from elsewhere but pictures, nothing inline, in no
/// frame (developer-center.md, "Rules"); out of reach of other pages, and without what it never asks
/// a person for.
const SECURITY: [(HeaderName, HeaderValue); 6] = [
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'self'; img-src 'self' data: https:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
        ),
    ),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    ),
];

/// Paths at the server's root, where browsers look by themselves, and the files that are there.
const AT_ROOT: [(&str, &str); 2] = [("favicon.svg", "favicon.svg"), ("favicon.ico", "favicon.svg")];

/// What in the page is replaced by the notice, and by the link to the imprint.
const TOP: &str = "<!-- top -->";
const FOOT: &str = "<!-- foot -->";

/// What has this address of its own: the page's home, the imprint, or a file.
pub(super) fn file(request: &Request) -> Option<Response> {
    if request.path() == notices::IMPRINT {
        return notices::imprint();
    }
    let files = Files::now();
    let (document, keep) = find(&files, request.path())?;
    let response = if request.path() == "/" {
        with_notices(document).answer(request, keep)
    } else {
        document.answer(request, keep)
    };
    Some(secured(response))
}

/// Where a file is, by its name.
pub(super) fn address(name: &str) -> String {
    format!("/assets/{}/{name}", Files::now().version())
}

/// Whether there is something at this path whoever asks.
pub(super) fn has(path: &str) -> bool {
    find(&Files::now(), path).is_some()
}

fn find<'a>(files: &'a Files, path: &str) -> Option<(&'a Document, Keep)> {
    let name = path.strip_prefix('/')?;
    if let Some(rest) = name.strip_prefix("assets/") {
        let (version, name) = rest.split_once('/')?;
        return Some((files.of_version(version, name)?, Keep::ForGood));
    }
    let at_root = || AT_ROOT.iter().find(|(path, _)| *path == name).and_then(|(_, file)| files.get(file));
    let document = if name.is_empty() { files.page() } else { at_root() };
    Some((document?, Keep::Asking))
}

/// The page for a person, at a path that is a place in the page or nothing, which the page tells.
/// A script or a picture that is not there is told so.
pub(super) fn page(request: &Request) -> Response {
    let files = Files::now();
    let Some(page) = files.page().filter(|_| wants_html(request.accepts())) else { return nothing(request) };
    let response = secured(with_notices(page).answer(request, Keep::Asking));
    reply::with_header(response, VARY, HeaderValue::from_static("Accept, Accept-Encoding"))
}

/// The page with what the person who runs the server says on each.
fn with_notices(page: &Document) -> Cow<'_, Document> {
    let texts = notices::now();
    if *texts == NoticeTexts::default() {
        return Cow::Borrowed(page);
    }
    let [top, foot] = [texts.top(), texts.foot()].map(maud::Markup::into_string);
    let text = String::from_utf8_lossy(&page.content).replace(TOP, &top).replace(FOOT, &foot);
    Cow::Owned(Document::new(text, page.kind))
}

/// 404.
pub(super) fn nothing(request: &Request) -> Response {
    let response = secured(Refusal::no_such_path(request).answer(request));
    reply::with_header(response, VARY, HeaderValue::from_static("Accept"))
}

/// The answer with what goes with every page.
pub(super) fn secured(mut response: Response) -> Response {
    response.headers_mut().extend(SECURITY);
    response
}
