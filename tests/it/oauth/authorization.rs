//! The authorization endpoint: what it takes, what it says to whom, and where it leads (RFC 6749,
//! sections 3.1, 4.1.1 and 4.1.2; RFC 9207; RFC 9700).

use super::flow::{AUTHORIZE, Asked, Form, Landing, REDIRECT, Scene, Tokens, is_description};
use crate::harness::{EMAIL, PASSWORD, Server};
use crate::http::{Request, Response};
use serde_json::json;
use url::Url;

/// Asserts that nobody is led anywhere, and that a person is told so.
#[track_caller]
pub fn assert_told(response: &Response) {
    assert_eq!(response.status, 400, "{response:?}");
    assert_eq!(response.header("Location"), None);
    assert_eq!(response.header("Content-Type"), Some("text/html; charset=utf-8"));
    assert!(response.text().contains("role=\"alert\"") && !response.text().contains("<form"), "{}", response.text());
}

/// RFC 6749, section 3.1: GET must be taken, and who the resource owner is must be found out first.
#[test]
fn the_endpoint_takes_get_and_finds_out_first_who_the_person_is() {
    let scene = Scene::new();
    let page = scene.open(&Asked::of(&scene.client)).expect(200);
    assert_eq!(page.header("Cache-Control"), Some("no-store"));
    let form = Form::of(&page);
    assert!(!form.values("password").is_empty() && form.values("ticket").is_empty(), "{form:?}");
    let wrong = scene.sign_in(&Asked::of(&scene.client), EMAIL, "wrong password").expect(403);
    assert!(Form::of(&wrong).values("ticket").is_empty());
    assert_eq!(Form::of(&wrong).values("email"), [EMAIL], "it is not to be typed again");
    assert_eq!(scene.grants(), 0);
    scene.server.send(&Request::new("PUT", AUTHORIZE)).expect(405);
}

/// RFC 6749, section 3.1: parameters without a value must be treated as if they were not there, and
/// unknown ones must be ignored; section 3.3: without a scope there must be a default or an error. The default
/// is all that an app may have (auth.md), without `offline`.
#[test]
fn empty_parameters_are_as_none_and_unknown_ones_are_ignored() {
    let scene = Scene::new();
    let odd = Asked::of(&scene.client).with("state", "").with("scope", "").with("nonsense", "1").with("prompt", "none");
    for asked in [odd, Asked::of(&scene.client).without("state").without("scope")] {
        let landing = scene.allow(&asked);
        assert_eq!(landing.get("state"), None);
        let tokens = Tokens::of(&scene.client.redeem(&landing.get("code").expect("a code")));
        let all = "connctd.connector connctd.things.read connctd.things.action connctd.subjects.read \
                   connctd.units.read connctd.units.admin";
        assert_eq!((tokens.scope.as_str(), tokens.refresh), (all, None));
    }
    let none = Asked::of(&scene.client).with("response_type", "");
    Landing::of(&scene.open(&none)).assert_error("invalid_request");
    assert_told(&scene.open(&Asked::of(&scene.client).with("client_id", "")));
}

/// RFC 6749, section 3.1: a parameter must not be there more than once.
#[test]
fn a_parameter_that_stands_twice_is_refused() {
    let scene = Scene::new();
    let asked = Asked::of(&scene.client);
    for (name, value) in [("client_id", scene.client.id.as_str()), ("redirect_uri", REDIRECT)] {
        assert_told(&scene.open(&asked.clone().and(name, value)));
    }
    for name in ["response_type", "scope", "code_challenge", "code_challenge_method", "unknown"] {
        let landing = Landing::of(&scene.open(&asked.clone().and(name, "x").and(name, "x")));
        landing.assert_error("invalid_request");
        assert!(landing.get("error_description").is_some_and(|text| text.contains(name)), "{landing:?}");
        assert_eq!(landing.get("state").as_deref(), Some("xyz"));
    }
    // Which of two states the client sent cannot be known.
    let landing = Landing::of(&scene.open(&asked.and("state", "abc")));
    landing.assert_error("invalid_request");
    assert_eq!(landing.get("state"), None);
}

/// RFC 6749, section 3.1.1: without a response type, or with one that is not understood, the answer
/// must be an error; RFC 9700, section 2.1.2: no token comes out of the authorization response.
#[test]
fn the_only_response_type_is_code() {
    let scene = Scene::new();
    let asked = Asked::of(&scene.client);
    Landing::of(&scene.open(&asked.clone().without("response_type"))).assert_error("invalid_request");
    for other in ["token", "code token", "id_token", "none", "CODE", "code code"] {
        let landing = Landing::of(&scene.open(&asked.clone().with("response_type", other)));
        landing.assert_error("unsupported_response_type");
        assert_eq!(landing.get("access_token"), None);
    }
}

/// RFC 6749, section 4.1.2: `state` must come back exactly as the client sent it, also with an error
/// (section 4.1.2.1); section 10.14: whatever it holds, it must do nothing else.
#[test]
fn state_comes_back_exactly_as_it_was() {
    let scene = Scene::new();
    for state in ["xyz", "a&b=c#d?e/f", " +%20% ", "ü€😀\u{0}\r\nLocation: x", "\"<script>", &"s".repeat(2_000)] {
        let asked = Asked::of(&scene.client).with("state", state);
        assert_eq!(scene.allow(&asked).get("state").as_deref(), Some(state));
        let refused = Landing::of(&scene.open(&asked.with("scope", "nonsense")));
        assert_eq!(refused.get("state").as_deref(), Some(state));
    }
}

/// RFC 6749, section 4.1.2: code and state are added to the query of the redirect URI, form-encoded,
/// and (section 3.1.2) a query that it has must stay.
#[test]
fn the_answer_is_added_to_the_query_and_what_was_there_stays() {
    let scene = Scene::new();
    let uri = "https://client.example/cb?tenant=a%20b&x=%26";
    let client = super::flow::register(&scene.stranger, &[uri], true);
    let landing = scene.allow(&Asked::of(&client).with("redirect_uri", uri));
    assert!(landing.0.as_str().starts_with("https://client.example/cb?tenant=a%20b&x=%26&code="), "{landing:?}");
    assert_eq!(landing.0.fragment(), None);
    assert_eq!(landing.get("state").as_deref(), Some("xyz"));
}

/// RFC 9207, section 2: the answer must name its issuer, errors too; section 2.3: it must be the one of the
/// metadata.
#[test]
fn every_answer_names_the_issuer_of_the_metadata() {
    let scene = Scene::new();
    let issuer = scene.server.send(&Request::get("/.well-known/oauth-authorization-server")).json()["issuer"].clone();
    let asked = Asked::of(&scene.client);
    let deny = scene.question(&asked).filled(&[("decision", "deny")]);
    for landing in [
        scene.allow(&asked),
        Landing::of(&scene.server.send(&deny)),
        Landing::of(&scene.open(&asked.with("scope", "nonsense"))),
    ] {
        assert_eq!(landing.get("iss").as_deref(), issuer.as_str(), "{landing:?}");
    }
}

/// RFC 6749, section 4.1.2.1: who says no is heard: `access_denied`, and no code.
#[test]
fn a_developer_who_says_no_is_led_back_without_a_code() {
    let scene = Scene::new();
    let form = scene.question(&Asked::of(&scene.client));
    let landing = Landing::of(&scene.server.send(&form.filled(&[("decision", "deny")])));
    landing.assert_error("access_denied");
    assert_eq!(landing.get("state").as_deref(), Some("xyz"));
    assert_eq!(scene.grants(), 0);
}

/// RFC 6749, section 4.1.2.1: a scope that there is none of is `invalid_scope`; section 3.3: scopes
/// are case-sensitive and separated by blanks.
#[test]
fn an_unknown_scope_is_told_to_the_client() {
    let scene = Scene::new();
    for scope in ["connctd.core", "CONNCTD.things.read", "connctd.things.read,offline", "connctd.things.read nonsense"]
    {
        let landing = Landing::of(&scene.open(&Asked::of(&scene.client).with("scope", scope)));
        landing.assert_error("invalid_scope");
    }
}

/// RFC 6749, section 4.1.2.1: a description must have certain characters alone, whatever was sent; section
/// 10.14: what was sent must be made harmless.
#[test]
fn descriptions_of_errors_have_plain_characters_alone() {
    let scene = Scene::new();
    for odd in ["\"", "\\", "ü", "a\u{7f}", "\u{1}", "<b>", "😀"] {
        let asked = Asked::of(&scene.client);
        for asked in [asked.clone().with("scope", odd), asked.clone().with(odd, "1").and(odd, "2")] {
            let landing = Landing::of(&scene.open(&asked));
            assert!(is_description(&landing.get("error_description").expect("a description")), "{landing:?}");
        }
    }
}

/// RFC 9700, section 2.1: a redirect must not take along the password that was typed; section 4.12: so it
/// must not be 307, and 303 it should be.
#[test]
fn no_redirect_takes_the_form_along() {
    let scene = Scene::new();
    let asked = Asked::of(&scene.client);
    let form = scene.question(&asked);
    let answers = [
        scene.server.send(&form.filled(&[("decision", "allow"), ("app", &scene.app)])),
        scene.open(&asked.clone().with("scope", "nonsense")),
        // With credentials in the body, and an error that is found before they are looked at.
        scene.server.send(
            &Request::post(&asked.with("scope", "nonsense").target()).form(&[("email", EMAIL), ("password", PASSWORD)]),
        ),
    ];
    for answer in answers {
        assert_eq!(answer.status, 303);
        assert!(answer.body.is_empty(), "{answer:?}");
        // RFC 9700, section 4.2.4: nor does a referrer take the code along.
        assert_eq!(answer.header("Referrer-Policy"), Some("no-referrer"));
    }
}

/// RFC 9700, section 4.11.2: the server must take care not to be used for leading people to whoever
/// registered an app: where anybody may, a request that is broken on purpose leads nowhere by itself.
#[test]
fn where_anybody_registers_a_broken_request_leads_nowhere_unasked() {
    let scene = Scene::on(Server::with(&["--open-signup"]));
    let broken = Asked::of(&scene.client).with("scope", "Call-0800-evil").with("state", "a\"b");
    let page = scene.open(&broken);
    assert_told(&page);
    assert!(!page.text().contains("0800-evil\"") && !page.text().contains(">Call"), "words of whoever made the link");
    // Who came from there may go back, with what the client has to know.
    let href =
        page.text().split_once("class=\"button\" href=\"").expect("a link").1.split_once('"').expect("its end").0;
    let landing = Landing(Url::parse(&href.replace("&amp;", "&")).expect("a URL"));
    landing.assert_error("invalid_scope");
    assert_eq!(landing.get("state").as_deref(), Some("a\"b"));
    // RFC 9207, section 2: it is an answer too.
    assert_eq!(landing.get("iss"), Some(scene.server.url()));
    assert!(page.text().contains("Go back to https://client.example"), "{}", page.text());
    // What is not broken goes its way.
    scene.code(&Asked::of(&scene.client));
}

/// RFC 6749, section 10.2, and RFC 8252, section 8.6: the person is told who asks and for what, and
/// nothing is granted without their word, also not a second time.
#[test]
fn the_person_is_asked_each_time_and_told_who_asks_for_what() {
    let scene = Scene::new();
    for _ in 0..2 {
        let asked = Asked::of(&scene.public).with("scope", "connctd.things.action offline");
        let page = scene.sign_in(&asked, EMAIL, PASSWORD).expect(200);
        for words in ["A client &amp; more", "control the app", "until you end it", "https://client.example", EMAIL] {
            assert!(page.text().contains(words), "{words}: {}", page.text());
        }
        assert!(!page.text().contains("see the app"), "what is not asked for: {}", page.text());
        assert_eq!(Form::of(&page).values("app"), [scene.app.as_str()]);
        assert_eq!(scene.grants(), 0, "nothing is granted before the answer");
    }
}

/// Browsers apply `form-action` to every redirect that follows a form (tests/browser/consent.test.mjs), so the page whose
/// form leads to the client has no such rule. The page that a password is typed into keeps it.
#[test]
fn only_the_page_whose_form_leads_to_the_client_lets_forms_lead_anywhere() {
    let scene = Scene::new();
    let asked = Asked::of(&scene.client);
    let has_rule = |page: &Response| page.header("Content-Security-Policy").expect("a policy").contains("form-action");
    assert!(has_rule(&scene.open(&asked)));
    assert!(has_rule(&scene.sign_in(&asked, EMAIL, "wrong password")));
    assert!(!has_rule(&scene.sign_in(&asked, EMAIL, PASSWORD)));
}

/// RFC 6749, section 10.13, and RFC 9700, section 4.16: no other page may show these in a frame, those of
/// errors neither.
#[test]
fn no_page_of_the_flow_can_be_framed_or_loads_anything_from_elsewhere() {
    let scene = Scene::on(Server::with(&["--open-signup"]));
    let asked = Asked::of(&scene.client);
    let nobodys = Request::post("/oauth2/auth/decision").form(&[("ticket", "nonsense"), ("decision", "deny")]);
    let pages = [
        (200, scene.open(&asked)),
        (200, scene.sign_in(&asked, EMAIL, PASSWORD)),
        (403, scene.sign_in(&asked, EMAIL, "wrong password")),
        (400, scene.open(&asked.clone().with("client_id", "nobody"))),
        // With a link to where the client would be told.
        (400, scene.open(&asked.with("scope", "nonsense"))),
        (404, scene.server.send(&nobodys)),
    ];
    for (status, page) in pages {
        let page = page.expect(status);
        assert_eq!(page.header("X-Frame-Options"), Some("DENY"));
        let policy = page.header("Content-Security-Policy").expect("a policy");
        for rule in ["frame-ancestors 'none'", "default-src 'self'", "base-uri 'none'"] {
            assert!(policy.contains(rule), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        // RFC 9700, section 4.2.4: nothing of the page's address goes to another site.
        assert_eq!(page.header("Referrer-Policy"), Some("same-origin"));
        assert_eq!(page.header("Cache-Control"), Some("no-store"));
        let scripts: Vec<_> = page.text().split("<script").skip(1).map(str::to_owned).collect();
        assert!(matches!(&scripts[..], [one] if one.starts_with(" src=\"/assets/")), "{}", page.text());
        // A client may wait for the end in the page that opened this one.
        assert_eq!(page.header("Cross-Origin-Opener-Policy"), Some("unsafe-none"));
    }
}

/// RFC 9700, section 2.6: the authorization endpoint must not be open to scripts of other origins.
#[test]
fn scripts_of_other_origins_cannot_read_the_endpoint() {
    let scene = Scene::new();
    let target = Asked::of(&scene.client).target();
    for request in
        [Request::get(&target), Request::new("OPTIONS", &target), Request::new("OPTIONS", "/oauth2/auth/decision")]
    {
        let answer = scene.server.send(&request.header("Origin", "https://client.example"));
        assert_eq!(answer.header("Access-Control-Allow-Origin"), None, "{answer:?}");
    }
    let token = scene.server.send(&Request::new("OPTIONS", "/oauth2/token").header("Origin", "https://client.example"));
    assert_eq!(token.expect(204).header("Access-Control-Allow-Origin"), Some("*"), "as a page's own client needs it");
}

/// RFC 6749, section 10.10: nobody can guess a code: 160 bits or more are wanted, 256 there are.
#[test]
fn codes_are_long_and_never_the_same() {
    let scene = Scene::new();
    let codes: Vec<_> = (0..3).map(|_| scene.code(&Asked::of(&scene.client))).collect();
    for (at, code) in codes.iter().enumerate() {
        assert_eq!(code.len(), 43, "256 bits in base64url: {code}");
        assert!(!codes[..at].contains(code));
    }
}

/// RFC 6749, section 3.1.2: a redirect URI must be absolute and without a fragment; RFC 9700, section
/// 2.6, and RFC 8252, sections 7.1 and 8.4: none without encryption but on this machine, and a scheme
/// of an app's own is a domain name backwards.
#[test]
fn unsafe_redirect_uris_cannot_be_registered() {
    let scene = Scene::new();
    let document = "mutation($uris: [String!]) { createApp(name: \"n\", redirectUris: $uris) { clientId } }";
    let register = |uri: &str| scene.stranger.graphql(document, json!({ "uris": [uri] }));
    for uri in ["https://a.example/cb#", "/cb", "http://a.example/cb", "javascript:alert(1)", "myapp:/cb", "*"] {
        assert_eq!(register(uri).violations(), ["redirectUris[0]"], "{uri}");
    }
    for uri in ["https://a.example/cb?x=1", "http://127.0.0.1/cb", "http://[::1]:8080/cb", "com.example.app:/cb"] {
        register(uri).data();
    }
}
