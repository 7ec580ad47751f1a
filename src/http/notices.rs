//! What the person who runs the server says on every page: a notice, and an imprint.
//!
//! Both are Markdown in files, read by `app`, which keeps them up to date. The HTML is safe to show.
//!
//! May use maud, [`crate::http::reply`] and [`crate::http::ui`]. Used by [`crate::http::ui`] and the pages that the server makes itself, and by `app`.

use crate::http::{reply, ui};
use http::{HeaderValue, StatusCode};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use parking_lot::RwLock;
use std::sync::Arc;
use warp::reply::Response;

/// Where the imprint is.
pub(super) const IMPRINT: &str = "/imprint";
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// The texts as safe HTML, if there are any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NoticeTexts {
    /// Shown on top of every page.
    pub notice: Option<String>,
    /// A page of its own, linked at the foot of every page.
    pub imprint: Option<String>,
}

/// The texts that are shown now: a process serves one site.
static SHOWN: RwLock<Option<Arc<NoticeTexts>>> = RwLock::new(None);

/// Shows these from now on.
pub fn show_notices(texts: NoticeTexts) {
    *SHOWN.write() = Some(Arc::new(texts));
}

/// Those of this moment.
pub(super) fn now() -> Arc<NoticeTexts> {
    SHOWN.read().clone().unwrap_or_default()
}

/// The imprint's own page, if there is one.
pub(super) fn imprint() -> Option<Response> {
    let texts = now();
    let imprint = texts.imprint.as_ref()?;
    let text = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Imprint – connhub" }
                link rel="icon" href="/favicon.svg" type="image/svg+xml";
                @for sheet in ["base", "layout", "components", "operator"] {
                    link rel="stylesheet" href=(ui::address(&format!("styles/{sheet}.css")));
                }
            }
            body {
                main class="content" {
                    div class="page" {
                        a class="back" href="/" { "Back to connhub" }
                        section class="section imprint" {
                            @if !imprint.contains("<h1") { h1 { "Imprint" } }
                            (PreEscaped(imprint))
                        }
                    }
                }
                (texts.top())
            }
        }
    };
    let response = reply::with_type(StatusCode::OK, text.into_string().into_bytes(), HTML);
    Some(ui::secured(reply::not_stored(response)))
}

impl NoticeTexts {
    /// What is shown on top of a page. It comes last in the document, so that the link that skips the navigation is first.
    pub(super) fn top(&self) -> Markup {
        html! {
            @if let Some(notice) = &self.notice {
                aside class="site-notice" aria-label="Notice of this server" { div { (PreEscaped(notice)) } }
            }
        }
    }

    /// What is at the foot of a page.
    pub(super) fn foot(&self) -> Markup {
        html! {
            @if self.imprint.is_some() {
                footer class="site-footer" { a href=(IMPRINT) { "Imprint" } }
            }
        }
    }
}
