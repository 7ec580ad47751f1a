//! The pages of the authorization code flow, in the Developer Center's design, which need no script:
//! signing in, consent, and what is told where a request is no good.
//!
//! May use `ops`' types, maud and [`crate::http::ui`]. Used by [`super::authorize`].

use crate::http::notices;
use crate::http::reply::{self, Refusal};
use crate::http::request::Request;
use crate::http::ui;
use crate::model::app::App;
use crate::ops::authorization::{AuthorizationRequest, Question};
use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, RETRY_AFTER};
use http::{HeaderName, HeaderValue, StatusCode};
use maud::{DOCTYPE, Markup, html};
use std::time::Duration;
use url::Url;
use warp::reply::Response;

const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
/// What the consent page may do. It has no rule `form-action`: browsers apply that to every redirect that follows the
/// form, and a client may send people on to wherever it likes, other sites and apps on the device included.
const CONSENT_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// A sign-in that failed: it is tried again on the same page.
pub(super) struct Failed<'a> {
    pub(super) email: &'a str,
    pub(super) refusal: Refusal,
}

/// Asks for e-mail and password. `generated` is the account whose password was printed, where that may
/// be told.
pub(super) fn sign_in(
    request: &Request,
    asked: &AuthorizationRequest,
    issuer: &str,
    generated: Option<&str>,
    failed: Option<Failed<'_>>,
) -> Response {
    let (typed, problem) = failed.map_or((None, None), |failed| (Some(failed.email), Some(failed.refusal)));
    let email = typed.filter(|email| !email.is_empty()).or(generated).unwrap_or_default();
    let content = html! {
        @if let Some(refusal) = &problem { (notice("danger", html! { (sentence(&refusal.description)) })) }
        p { strong { bdi { (asked.client.name) } } " asks for access to one of your apps. Sign in first. Then you see what it asks for, and decide." }
        form method="post" action={ "/oauth2/auth?" (request.query) } {
            div class="field" {
                label for="email" { "E-mail" }
                input type="email" id="email" name="email" value=(email) autocomplete="username" required autofocus[email.is_empty()];
            }
            div class="field" {
                label for="password" { "Password" }
                input type="password" id="password" name="password" autocomplete="current-password" required autofocus[!email.is_empty()];
            }
            button class="button primary" type="submit" { "Sign in" }
        }
        @if let Some(generated) = generated {
            p class="hint" {
                "This sandbox made the account " strong { (generated) } " when it first started, and printed its password once, on the terminal that the server was started in. If it is lost, set another one: "
                code { "connhub account set-password " (generated) }
            }
        }
        p class="hint" {
            "Your password is for this server alone, " strong { (issuer) } "; the app does not get it. If you did not start this, close the page, and nothing happens."
        }
    };
    let mut response = page("Sign in to continue", content);
    if let Some(refusal) = problem {
        // What counts beside the page: the status, and when to try again.
        let refused = refusal.answer(request);
        *response.status_mut() =
            if refused.status() == StatusCode::UNAUTHORIZED { StatusCode::FORBIDDEN } else { refused.status() };
        keep_retry_after(&mut response, &refused);
    }
    response
}

/// Asks whether the client may do what it wants, and for which app.
pub(super) fn consent(request: &Request, asked: &AuthorizationRequest, question: &Question) -> Response {
    let Question { ticket, account, apps, ends_after } = question;
    let client = &asked.client.name;
    let content = html! {
        p { strong { bdi { (client) } } " asks for access to one of your apps. You are signed in as " strong { bdi { (account.email) } } "." }
        form method="post" action="/oauth2/auth/decision" {
            input type="hidden" name="ticket" value=(ticket);
            @if apps.is_empty() {
                (notice("warn", html! {
                    "You have no app yet, so there is nothing to give access to. "
                    a href="/apps?new=true" target="_blank" { "Make an app" } " in the Developer Center (it opens in a new tab), then "
                    a href={ "/oauth2/auth?" (request.query) } { "sign in here again" } "."
                }))
            } @else {
                (choice(apps))
                div {
                    p { "With your consent it can:" }
                    ul class="permissions" { @for words in asked.permission.words() { li { (words) } } }
                    @if let Some(time) = ends_after { p { "Its access ends by itself after " (in_words(*time)) "." } }
                }
                button class="button primary" type="submit" name="decision" value="allow" { "Allow access" }
            }
            button class="button quiet" type="submit" name="decision" value="deny" formnovalidate { "Do not allow" }
        }
        p class="hint" {
            "Allow it only if you trust it: the name is what its developer wrote. "
            "Whatever you choose, you are led back to " strong { (target(&asked.redirect_uri)) } ". "
            "You can end the access at any time, under "
            a href="/account" target="_blank" { "your account" } " (it opens in a new tab)."
        }
    };
    let mut response = page("Allow access?", content);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, CONSENT_POLICY);
    response
}

/// The apps of which one is chosen. Where there are several none is chosen for the developer.
fn choice(apps: &[App]) -> Markup {
    html! {
        fieldset class="field choice" {
            legend { "Access to which of your apps?" }
            div class="app-options" {
                @for (index, app) in apps.iter().enumerate() {
                    div class="option" {
                        input type="radio" name="app" id={ "app-" (index) } value=(app.id) checked[apps.len() == 1]
                            aria-describedby={ "app-" (index) "-id" } required;
                        label for={ "app-" (index) } { bdi { (app.name) } }
                        p class="hint" id={ "app-" (index) "-id" } { code { (app.id) } }
                    }
                }
            }
        }
    }
}

/// Tells that nobody can be asked, and that it is the client's mistake.
pub(super) fn not_asked(why: &str) -> Response {
    let content = html! {
        (notice("danger", html! { "The app that sent you here asked in a way that this server cannot answer. " (why) }))
        p { "You did nothing wrong, and nothing happened. You can close this page." }
        p class="hint" { "Whoever develops that app has to mend it, and needs the words above for that." }
    };
    with_status(page("This app cannot ask for access", content), StatusCode::BAD_REQUEST)
}

/// Tells that nobody can be asked, and where the client would be told so.
pub(super) fn way_back(uri: &str, link: &str, why: &str) -> Response {
    let content = html! {
        (notice("danger", html! { "The app that sent you here asked in a way that this server cannot answer (" (why) ")." }))
        p { a class="button" href=(link) rel="noreferrer" { "Go back to " (target(uri)) } }
        p class="hint" { "You did nothing wrong, and nothing happened. Go back only if that is where you came from." }
    };
    with_status(page("This app cannot ask for access", content), StatusCode::BAD_REQUEST)
}

/// Tells that something cannot be done.
pub(super) fn refused(request: &Request, refusal: Refusal) -> Response {
    let content = html! {
        (notice("danger", html! { (sentence(&refusal.description)) }))
        p { "No access was given. To try again, go back to the app that sent you here and start there." }
        p class="hint" { "Request " (request.id.as_str()) }
    };
    let refused = refusal.answer(request);
    let mut response = page("That did not work", content);
    *response.status_mut() = refused.status();
    keep_retry_after(&mut response, &refused);
    response
}

/// Tells somebody that their answer does not belong to any question, and what may have become of an earlier one.
pub(super) fn no_question(request: &Request) -> Response {
    let content = html! {
        (notice("danger", html! { "This question waited for too long, or the server was restarted in the meantime." }))
        p { "To try again, go back to the app that sent you here and start there." }
        p { "If you have answered it before, that answer counts. " (access_given()) }
        p class="hint" { "Request " (request.id.as_str()) }
    };
    with_status(page("That did not work", content), StatusCode::NOT_FOUND)
}

/// Tells somebody what they have answered before.
pub(super) fn answered(allowed: bool) -> Response {
    let content = html! {
        p {
            @if allowed { "You have allowed the access that was asked for. " } @else { "You have not allowed the access that was asked for. " }
            "There is nothing more to do here: go back to the app that sent you. If it did not notice your answer, start there again."
        }
        p class="hint" { (access_given()) }
    };
    with_status(page("You have answered already", content), StatusCode::CONFLICT)
}

/// Tells somebody that their first answer is not written yet.
pub(super) fn being_answered() -> Response {
    let content = html! {
        p { "Your first answer to this question is still being processed. Wait a few seconds, then go back to the app that sent you here." }
        p class="hint" { (access_given()) }
    };
    with_status(page("You have answered already", content), StatusCode::CONFLICT)
}

fn access_given() -> Markup {
    html! { "All access that you have given is listed under " a href="/account" { "your account" } ", where you can end it." }
}

fn with_status(mut response: Response, status: StatusCode) -> Response {
    *response.status_mut() = status;
    response
}

fn keep_retry_after(response: &mut Response, refused: &Response) {
    let after = refused.headers().get(RETRY_AFTER).map(|after| (RETRY_AFTER, after.clone()));
    response.headers_mut().extend(after);
}

fn page(title: &str, content: Markup) -> Response {
    let texts = notices::now();
    let text = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " – connhub" }
                link rel="icon" href="/favicon.svg" type="image/svg+xml";
                @for sheet in ["base", "layout", "components", "consent", "operator"] {
                    link rel="stylesheet" href=(ui::address(&format!("styles/{sheet}.css")));
                }
                script src=(ui::address("consent.js")) defer {}
            }
            body {
                main class="alone" {
                    div class="entrance" {
                        p class="brand" { img src="/favicon.svg" alt="" width="40" height="40"; "connhub" }
                        p class="lead" { "Develop, show and run IoT connectors." }
                        section class="section" { h1 { (title) } (content) }
                    }
                }
                (texts.top())
                (texts.foot())
            }
        }
    };
    let response = reply::with_type(StatusCode::OK, text.into_string().into_bytes(), HTML);
    let mut response = ui::secured(reply::not_stored(response));
    // Clients open this in a window of its own, which has to tell them that it was led back.
    response.headers_mut().insert(CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("unsafe-none"));
    // Without any referrer a browser would not say either that a form is our own.
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

fn notice(kind: &str, content: Markup) -> Markup {
    html! {
        div class={ "notice " (kind) } role="alert" {
            svg class="icon" viewBox="0 0 20 20" aria-hidden="true" { path d="M10 3 2.5 16.500h15L10 3ZM10 8v4M10 14v.5" {} }
            div class="notice-text" { div { (content) } }
        }
    }
}

/// Where a redirect URI leads, for a person: its origin, or the scheme of an app on the device.
fn target(uri: &str) -> String {
    match Url::parse(uri) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => url.origin().ascii_serialization(),
        Ok(url) => format!("an app on this device ({}:)", url.scheme()),
        Err(_) => uri.to_owned(),
    }
}

/// A length of time in the largest unit of which it is a multiple.
fn in_words(time: Duration) -> String {
    let seconds = time.as_secs();
    let (count, unit) = match seconds {
        _ if seconds.is_multiple_of(3600) => (seconds / 3600, "hour"),
        _ if seconds.is_multiple_of(60) => (seconds / 60, "minute"),
        _ => (seconds, "second"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.as_str().trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_told_in_one_unit() {
        for (seconds, words) in
            [(3600, "1 hour"), (7200, "2 hours"), (5400, "90 minutes"), (60, "1 minute"), (61, "61 seconds")]
        {
            assert_eq!(in_words(Duration::from_secs(seconds)), words);
        }
    }

    #[test]
    fn a_sentence_begins_and_ends_as_one() {
        assert_eq!(sentence("the password is wrong"), "The password is wrong.");
        assert_eq!(sentence("It is."), "It is.");
        assert_eq!(sentence(""), ".");
    }
}
