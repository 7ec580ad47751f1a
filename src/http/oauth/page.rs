//! The pages of the authorization code flow, in the Developer Center's design and without scripts:
//! signing in, consent, and what is told where a request is no good.
//!
//! May use `ops`' types, maud and [`crate::http::ui`]. Used by [`super::authorize`].

use crate::http::reply::{self, Refusal};
use crate::http::request::Request;
use crate::http::ui;
use crate::model::grant::{OFFLINE_SCOPE, Permission};
use crate::model::token::Scope;
use crate::ops::authorization::{AuthorizationRequest, Question};
use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use http::{HeaderValue, StatusCode};
use maud::{DOCTYPE, Markup, html};
use url::Url;
use warp::reply::Response;

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// A sign-in that failed: it is tried again on the same page.
pub(super) struct Failed<'a> {
    pub(super) email: &'a str,
    pub(super) refusal: Refusal,
}

/// Asks for e-mail and password.
pub(super) fn sign_in(
    request: &Request,
    asked: &AuthorizationRequest,
    issuer: &str,
    failed: Option<Failed<'_>>,
) -> Response {
    let (email, problem) = failed.map_or(("", None), |failed| (failed.email, Some(failed.refusal)));
    let content = html! {
        @if let Some(refusal) = &problem { (notice("danger", html! { (sentence(&refusal.description)) })) }
        p { strong { (asked.client.name) } " asks to act for an app of yours at " strong { (issuer) } ". You decide that next." }
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
        p class="hint" { "If it was not you who began this, close this page: nothing happens then." }
    };
    let mut response = page("Sign in to go on", content);
    if let Some(refusal) = problem {
        // What counts beside the page: the status, and when to try again.
        let refused = refusal.answer(request);
        *response.status_mut() =
            if refused.status() == StatusCode::UNAUTHORIZED { StatusCode::FORBIDDEN } else { refused.status() };
        response.headers_mut().extend(
            refused.headers().get(http::header::RETRY_AFTER).map(|after| (http::header::RETRY_AFTER, after.clone())),
        );
    }
    response
}

/// Asks whether the client may do what it wants, and for which app.
pub(super) fn consent(request: &Request, asked: &AuthorizationRequest, question: &Question) -> Response {
    let Question { ticket, account, apps } = question;
    let content = html! {
        p { "Signed in as " strong { (account.email) } ". If you consent, " strong { (asked.client.name) } " may:" }
        ul class="permissions" { @for words in words(&asked.permission) { li { (words) } } }
        form method="post" action="/oauth2/auth/decision" {
            input type="hidden" name="ticket" value=(ticket);
            @if apps.is_empty() {
                (notice("warn", html! {
                    "You have no app yet that it could act for. "
                    a href="/apps" { "Make one in the Developer Center" } ", then begin again."
                }))
            } @else {
                fieldset class="field choice" {
                    legend { "For which app of yours?" }
                    @for (index, app) in apps.iter().enumerate() {
                        div class="option" {
                            input type="radio" name="app" id={ "app-" (index) } value=(app.id) checked[index == 0] required;
                            label for={ "app-" (index) } { (app.name) }
                            p class="hint" { code { (app.id) } }
                        }
                    }
                }
                button class="button primary" type="submit" name="decision" value="allow" { "Allow" }
            }
            button class="button quiet" type="submit" name="decision" value="deny" formnovalidate { "Do not allow" }
        }
        p class="hint" {
            "You are led back to " strong { (target(&asked.redirect_uri)) } " either way. What you allow is listed under "
            a href="/account" { "your account" } ", where you can end it."
        }
    };
    let _ = request;
    let mut response = page(&format!("Allow {}?", asked.client.name), content);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy(&asked.redirect_uri));
    response
}

/// Tells that nobody can be asked, and that it is the client's mistake.
pub(super) fn not_asked(_: &Request, why: &str) -> Response {
    let content = html! {
        (notice("danger", html! { "The app that sent you here made a request that this server cannot answer. " (why) }))
        p class="hint" { "You did nothing wrong, and nothing happened. Whoever develops that app has to mend it." }
    };
    let mut response = page("This request is no good", content);
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

/// Tells that something cannot be done.
pub(super) fn refused(request: &Request, refusal: Refusal) -> Response {
    let content = html! {
        (notice("danger", html! { (sentence(&refusal.description)) }))
        p class="hint" { "Request " (request.id.as_str()) }
    };
    let refused = refusal.answer(request);
    let mut response = page("That did not work", content);
    *response.status_mut() = refused.status();
    response.headers_mut().extend(
        refused.headers().get(http::header::RETRY_AFTER).map(|after| (http::header::RETRY_AFTER, after.clone())),
    );
    response
}

fn page(title: &str, content: Markup) -> Response {
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
                @for sheet in ["base", "layout", "components"] {
                    link rel="stylesheet" href=(ui::address(&format!("styles/{sheet}.css")));
                }
            }
            body {
                main class="alone" {
                    div class="entrance" {
                        p class="brand" { img src="/favicon.svg" alt="" width="40" height="40"; "connhub" }
                        p class="lead" { "Develop, show and run IoT connectors." }
                        section class="section" { h1 { (title) } (content) }
                    }
                }
            }
        }
    };
    let response = reply::with_type(StatusCode::OK, text.into_string().into_bytes(), HTML);
    let mut response = ui::secured(reply::not_stored(response));
    // Without any referrer a browser would not say either that a form is our own.
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

fn notice(kind: &str, content: Markup) -> Markup {
    html! {
        div class={ "notice " (kind) } role="alert" {
            svg class="icon" viewBox="0 0 24 24" aria-hidden="true" { path d="M12 4 2.5 20h19L12 4zm0 6v5m0 2.5v.5" {} }
            div class="notice-text" { div { (content) } }
        }
    }
}

/// What a client may do, in words.
fn words(permission: &Permission) -> Vec<&'static str> {
    let scopes = permission.scopes.iter().map(|scope| match scope {
        Scope::Connector => "see the app’s connectors, connect its end customers to them and disconnect them",
        Scope::ThingsRead => "see the app’s things and what they measure, now and in the past",
        Scope::ThingsAction => "switch and steer the app’s things",
        Scope::SubjectsRead => "see who the app’s end customers are",
    });
    let offline = permission.offline.then_some("go on with that when you are not there, until you end it");
    debug_assert_eq!(OFFLINE_SCOPE, "offline");
    scopes.chain(offline).collect()
}

/// Where a redirect URI leads, for a person: its origin, or the scheme of an app on the device.
fn target(uri: &str) -> String {
    match Url::parse(uri) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => url.origin().ascii_serialization(),
        Ok(url) => format!("an app on this device ({}:)", url.scheme()),
        Err(_) => uri.to_owned(),
    }
}

/// What the page may do, with one thing more than all others: to be led to the client, as browsers hold
/// forms to that also after the answer.
fn policy(uri: &str) -> HeaderValue {
    let url = Url::parse(uri).ok();
    let source = url.map_or_else(String::new, |url| {
        let origin = url.origin().ascii_serialization();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'/');
        // A host that the policy's grammar has no place for, as an IPv6 address, goes by its scheme.
        if url.has_host() && origin.bytes().all(plain) && origin != "null" {
            origin
        } else {
            format!("{}:", url.scheme())
        }
    });
    let policy = format!(
        "default-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self' {source}"
    );
    // Plain ASCII by what is let through above; without the source the answer would only not be led back.
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'self'; frame-ancestors 'none'"))
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
    fn the_policy_lets_the_form_lead_to_the_client_and_nowhere_else() {
        for (uri, source) in [
            ("https://app.example/cb?x", "https://app.example"),
            ("http://127.0.0.1:8080/cb", "http://127.0.0.1:8080"),
            ("http://[::1]:8080/cb", "http:"),
            ("com.example.app:/cb", "com.example.app:"),
            ("https://a;script-src,b.example/", "https:"),
        ] {
            let policy = policy(uri);
            let policy = policy.to_str().expect("ASCII");
            assert!(policy.ends_with(&format!("form-action 'self' {source}")), "{uri}: {policy}");
            assert_eq!(policy.matches(';').count(), 4, "{policy}");
        }
    }

    #[test]
    fn a_sentence_begins_and_ends_as_one() {
        assert_eq!(sentence("the password is wrong"), "The password is wrong.");
        assert_eq!(sentence("It is."), "It is.");
        assert_eq!(sentence(""), ".");
    }
}
