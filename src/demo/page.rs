//! The demo connector's own two pages for people: what it is, and the confirmation that a redirect
//! leads to. May use `memory`, `ending`, `reply` and, to get to the worker threads, `callbacks`. Used by `routes`.

use std::sync::Arc;

use http::StatusCode;

use super::callbacks::on_worker;
use super::reply::{self, Reply};
use super::state::{Ending, Subject};
use super::{Shared, clock, ending};

/// Whoever has opened the page needs time to read it and press the button.
const READING_MILLIS: i64 = 60_000;

/// What this is.
pub fn home(shared: &Shared) -> Reply {
    let (installations, instances) = shared.memory.read(|state| (state.installations.len(), state.instances.len()));
    let body = format!(
        "<p>This is connhub's built-in demo connector: a connector like any other, that talks to the \
         platform over HTTP alone. Each instance of it has a lamp and a weather station.</p>\
         <dl><dt>Installations</dt><dd>{installations}</dd>\
         <dt>Instances</dt><dd>{instances}</dd></dl>"
    );
    page(StatusCode::OK, "Demo connector", &body)
}

/// The page with the button. Opening it puts off the ending that would come by itself, which is
/// sooner than a person can read; should they never press, it comes all the same.
pub fn confirmation(shared: &Shared, id: &str) -> Reply {
    let waiting = shared.memory.change(|state| {
        let subject = state.subject(id)?;
        let ending = state.membership_mut(&subject)?.ending.as_mut();
        Some(ending.filter(|ending| ending.confirmable).map(put_off))
    });
    match waiting {
        Some(Some(())) => page(
            StatusCode::OK,
            "Confirm",
            "<p>An app on connhub wants to use the demo connector. A real connector would let its \
             user sign in here.</p><form method=\"post\"><button>Confirm</button></form>",
        ),
        Some(None) => page(
            StatusCode::OK,
            "Confirmed",
            "<p>There is nothing to confirm any more. You can close this page and go back to the \
             Developer Center.</p>",
        ),
        None => unknown(),
    }
}

/// The button was pressed.
pub async fn confirm(shared: Arc<Shared>, id: String) -> Reply {
    let subject = shared.memory.read(|state| {
        let subject = state.subject(&id)?;
        let ending = state.membership(&subject)?.ending.as_ref();
        Some(ending.is_some_and(|ending| ending.confirmable).then_some(subject))
    });
    match subject {
        Some(Some(subject)) => on_worker(shared, move |shared| end(shared, &subject, &id)).await,
        Some(None) => back_to(&id),
        None => unknown(),
    }
}

fn put_off(ending: &mut Ending) {
    ending.due = ending.due.max(clock::unix_millis() + READING_MILLIS);
}

fn end(shared: &Shared, subject: &Subject, id: &str) -> Result<Reply, Reply> {
    match ending::report(&shared.memory, &shared.hub, subject, "confirmation") {
        Ok(()) => Ok(back_to(id)),
        Err(error) => {
            tracing::warn!(%error, "a confirmation cannot be reported");
            Err(page(
                StatusCode::BAD_GATEWAY,
                "That did not work",
                "<p>The platform could not be told. Go back and try again.</p>",
            ))
        }
    }
}

/// To the page again, where reloading does not press the button once more.
fn back_to(id: &str) -> Reply {
    reply::see_other(format!("/confirm/{id}"))
}

fn unknown() -> Reply {
    page(StatusCode::NOT_FOUND, "Not found", "<p>There is no such page, or what it was about has been removed.</p>")
}

fn page(status: StatusCode, title: &str, body: &str) -> Reply {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title} – connhub</title><style>{STYLE}</style>\
         <main><h1>{title}</h1>{body}</main></html>"
    );
    reply::html(status, html)
}

const STYLE: &str = ":root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}\
    main{max-width:34rem;margin:15vh auto;padding:0 1.5rem}\
    dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1.5rem}dd{margin:0}\
    button{font:inherit;padding:.5rem 1.25rem;border-radius:.4rem;border:0;background:#1f5fd6;\
    color:#fff;cursor:pointer}button:focus-visible{outline:3px solid #7aa7ff;outline-offset:2px}";
