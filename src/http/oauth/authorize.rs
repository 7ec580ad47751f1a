//! `/oauth2/auth`: a browser that a client sent here; the developer signs in and consents, and is led
//! back (RFC 6749, section 4.1; RFC 9700; RFC 9207). Pages that need no script, see `page`.
//!
//! May use `ops` and [`crate::http::encoding`]. Used by the route table.

use super::page::{self, Failed};
use super::{Form, OauthError};
use crate::http::body::Body;
use crate::http::encoding::{Pair, pairs_and_repeated};
use crate::http::reply::{self, Refusal};
use crate::http::request::Request;
use crate::model::error::Error;
use crate::ops::authorization::{
    self, Asked, AuthorizationRequest, Decision, DecisionRefusal, ErrorCode, NewCode, Redirection, RequestRefusal,
};
use crate::ops::{Platform, account};
use http::header::{LOCATION, REFERRER_POLICY};
use http::{HeaderValue, StatusCode};
use std::sync::Arc;
use url::Url;
use warp::reply::Response;

const NO_ADDRESS: &str = "It would lead back to an address that is none (redirect_uri).";

/// Asks whoever the browser belongs to to sign in for a request.
pub(in crate::http) async fn ask(platform: &Arc<Platform>, request: &Request, issuer: &str) -> Response {
    match check(platform, request, issuer).await {
        Ok(asked) => show_sign_in(platform, request, &asked, issuer, None).await,
        Err(answer) => answer,
    }
}

async fn show_sign_in(
    platform: &Arc<Platform>,
    request: &Request,
    asked: &AuthorizationRequest,
    issuer: &str,
    failed: Option<Failed<'_>>,
) -> Response {
    let by = Arc::clone(platform);
    match platform.read(move |view| account::about(&by, view)).await {
        Ok(about) => page::sign_in(request, asked, issuer, about.generated_account.as_deref(), failed),
        Err(error) => page::refused(request, error.into()),
    }
}

/// Signs somebody in for a request, and asks whether they consent.
pub(in crate::http) async fn sign_in(
    platform: &Arc<Platform>,
    request: &Request,
    body: &mut Body<'_>,
    issuer: &str,
) -> Response {
    let asked = match check(platform, request, issuer).await {
        Ok(asked) => asked,
        Err(answer) => return answer,
    };
    let form = match Form::read(request, body).await {
        Ok(form) => form,
        Err(OauthError { refusal, .. }) => return page::refused(request, refusal),
    };
    let email = form.owned("email").unwrap_or_default();
    let password = form.owned("password").unwrap_or_default();
    match authorization::ask(platform, &asked, email.trim().to_owned(), password, request.address()).await {
        Ok(question) => page::consent(request, &asked, &question),
        Err(error @ (Error::Unauthenticated(_) | Error::TooMany { .. })) => {
            let failed = Failed { email: &email, refusal: error.into() };
            show_sign_in(platform, request, &asked, issuer, Some(failed)).await
        }
        Err(error) => page::refused(request, error.into()),
    }
}

/// Leads the browser back with what the developer said.
pub(in crate::http) async fn decide(
    platform: &Arc<Platform>,
    request: &Request,
    body: &mut Body<'_>,
    issuer: &str,
) -> Response {
    let form = match Form::read(request, body).await {
        Ok(form) => form,
        Err(OauthError { refusal, .. }) => return page::refused(request, refusal),
    };
    let decision = match (form.get("decision"), form.get("app").map(str::parse)) {
        (Some("allow"), Some(Ok(app))) => Decision::Allow(app),
        (Some("deny"), _) => Decision::Deny,
        _ => {
            return page::refused(
                request,
                Refusal::bad_request("the answer is neither yes, for an app, nor no".to_owned()),
            );
        }
    };
    match authorization::decide(platform, form.get("ticket").unwrap_or_default(), decision).await {
        Ok(redirection) => lead_back(&redirection, issuer),
        Err(DecisionRefusal::Unknown) => page::no_question(request),
        Err(DecisionRefusal::Answered { allowed }) => page::answered(allowed),
        Err(DecisionRefusal::BeingAnswered) => page::being_answered(),
        Err(DecisionRefusal::Failed(error)) => page::refused(request, error.into()),
    }
}

/// The request that the address makes, or the answer where nobody is to be asked.
async fn check(platform: &Arc<Platform>, request: &Request, issuer: &str) -> Result<AuthorizationRequest, Response> {
    let (pairs, repeated) = pairs_and_repeated(&request.query).map_err(|refusal| page::refused(request, refusal))?;
    let asked = match asked(&pairs, &repeated) {
        Ok(asked) => asked,
        Err(why) => return Err(page::not_asked(why)),
    };
    authorization::check(platform, asked).await.map_err(|refusal| match refusal {
        RequestRefusal::Told(why) => page::not_asked(why),
        RequestRefusal::LedBack(redirection) => lead_back(&redirection, issuer),
        RequestRefusal::Offered(redirection) => offer(&redirection, issuer),
        RequestRefusal::Failed(error) => page::refused(request, error.into()),
    })
}

fn asked(pairs: &[Pair<'_>], repeated: &[String]) -> Result<Asked, &'static str> {
    let get = |name: &str| {
        let sent_twice = repeated.iter().any(|one| one == name);
        pairs.iter().find(|(given, _)| given == name && !sent_twice).map(|(_, value)| value.clone().into_owned())
    };
    if repeated.iter().any(|name| name == "client_id" || name == "redirect_uri") {
        return Err("It names the app, or where to lead back to, more than once.");
    }
    Ok(Asked {
        client_id: get("client_id"),
        redirect_uri: get("redirect_uri"),
        response_type: get("response_type"),
        scope: get("scope"),
        state: get("state"),
        code_challenge: get("code_challenge"),
        code_challenge_method: get("code_challenge_method"),
        repeated: repeated.first().cloned(),
    })
}

/// 303: another status could send the password that was typed here along (RFC 9700, section 4.12).
fn lead_back(redirection: &Redirection, issuer: &str) -> Response {
    let Some(location) = location(redirection, issuer) else { return page::not_asked(NO_ADDRESS) };
    let mut response = reply::not_stored(Response::default());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(LOCATION, location);
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// Tells the person first, with a link to where they would be led.
fn offer(redirection: &Redirection, issuer: &str) -> Response {
    let location = location(redirection, issuer);
    let Some(link) = location.as_ref().and_then(|value| value.to_str().ok()) else {
        return page::not_asked(NO_ADDRESS);
    };
    // Not the description: words of whoever made the link have no place on a page of ours.
    let why = redirection.result.as_ref().err().map_or("", |error| word(error.code));
    page::way_back(&redirection.uri, link, why)
}

fn location(Redirection { uri, state, result }: &Redirection, issuer: &str) -> Option<HeaderValue> {
    let mut url = Url::parse(uri).ok()?;
    {
        // A query of its own stays (RFC 6749, section 3.1.2).
        let mut query = url.query_pairs_mut();
        match result {
            Ok(NewCode { code, scope }) => query.append_pair("code", code).append_pair("scope", scope),
            Err(error) => query
                .append_pair("error", word(error.code))
                .append_pair("error_description", &super::printable(&error.description)),
        };
        if let Some(state) = state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", issuer);
    }
    HeaderValue::try_from(String::from(url)).ok()
}

fn word(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::InvalidRequest => "invalid_request",
        ErrorCode::AccessDenied => "access_denied",
        ErrorCode::UnsupportedResponseType => "unsupported_response_type",
        ErrorCode::InvalidScope => "invalid_scope",
    }
}

/// What fuzzers feed to this file: the query of a request. A redirect URI that may be registered leads
/// to its own place, whatever else is sent.
#[cfg(any(test, fuzzing))]
pub(in crate::http) fn fuzz(query: &str) {
    let Ok((pairs, repeated)) = pairs_and_repeated(query) else { return };
    let Ok(asked) = asked(&pairs, &repeated) else { return };
    if let Some(challenge) = asked.code_challenge.as_deref().and_then(crate::model::pkce::Challenge::s256) {
        assert!(!challenge.is_met_by(challenge.as_str()), "{challenge:?}");
    }
    drop(crate::model::grant::Permission::asked(asked.scope.as_deref().unwrap_or_default()));
    let Some(uri) = asked.redirect_uri.filter(|uri| crate::model::redirect::problem(uri).is_none()) else { return };
    assert!(crate::model::redirect::matches(&uri, &uri));
    let plain = Url::parse(&uri).unwrap_or_else(|error| panic!("{uri:?} was taken: {error}"));
    let result = Ok(NewCode { code: "code".to_owned(), scope: "scope".to_owned() });
    let redirection = Redirection { uri, state: asked.state, result };
    let location = location(&redirection, "https://issuer.example").unwrap_or_else(|| panic!("{redirection:?}"));
    let led = location.to_str().ok().and_then(|location| Url::parse(location).ok());
    let led = led.unwrap_or_else(|| panic!("{redirection:?} leads to {location:?}"));
    assert_eq!((led.scheme(), led.host_str(), led.port()), (plain.scheme(), plain.host_str(), plain.port()));
    let state = led.query_pairs().filter(|(name, _)| name == "state").last().map(|(_, value)| value.into_owned());
    assert!(redirection.state.is_none() || state == redirection.state, "{redirection:?} leads to {led}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_of_a_redirect_uri_stays_and_state_comes_back_as_it_was() {
        let redirection = Redirection {
            uri: "https://app.example/cb?tenant=a%20b".to_owned(),
            state: Some("x&y=1 ü".to_owned()),
            result: Ok(NewCode { code: "code".to_owned(), scope: "a b".to_owned() }),
        };
        let location = location(&redirection, "http://h:1").expect("a URL");
        assert_eq!(
            location,
            "https://app.example/cb?tenant=a%20b&code=code&scope=a+b&state=x%26y%3D1+%C3%BC&iss=http%3A%2F%2Fh%3A1"
        );
    }
}
