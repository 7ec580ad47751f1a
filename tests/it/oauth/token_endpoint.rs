//! The token endpoint, and how clients show who they are at all three endpoints that they call (RFC
//! 6749, sections 2.3, 3.2, 3.3, 4.4 and 5).

use super::flow::{Client, INTROSPECT, REVOKE, Scene, TOKEN, Tokens, assert_error, basic, is_description, register};
use crate::http::{Request, Response, escaped};

const CREDENTIALS: (&str, &str) = ("grant_type", "client_credentials");

/// What a client may ask of each endpoint, whoever it is.
const ENDPOINTS: [(&str, (&str, &str)); 3] =
    [(TOKEN, CREDENTIALS), (INTROSPECT, ("token", "nonsense")), (REVOKE, ("token", "nonsense"))];

fn secret(client: &Client) -> &str {
    client.secret.as_deref().expect("a secret")
}

/// RFC 6749, section 3.2: the client must use POST.
#[test]
fn the_endpoints_of_clients_take_post_alone() {
    let scene = Scene::new();
    for (endpoint, (name, value)) in ENDPOINTS {
        for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH"] {
            let authorization = basic(&scene.client.id, secret(&scene.client));
            let request = Request::new(method, &format!("{endpoint}?{name}={value}"));
            let answer = scene.server.send(&request.header("Authorization", authorization)).expect(405);
            assert_eq!(answer.header("Allow"), Some("POST, OPTIONS"), "{method} {endpoint}");
        }
    }
}

/// RFC 6749, section 2.3.1: credentials must not be in the URL; so nothing that is there counts.
#[test]
fn nothing_is_taken_from_the_query() {
    let scene = Scene::new();
    let (id, secret) = (scene.client.id.as_str(), secret(&scene.client));
    for (endpoint, (name, value)) in ENDPOINTS {
        let in_query = format!("{endpoint}?client_id={id}&client_secret={secret}");
        assert_error(&scene.server.send(&Request::post(&in_query).form(&[(name, value)])), 401, "invalid_client");
        let in_query = Request::post(&format!("{endpoint}?{name}={value}")).form(&[("x", "y")]);
        assert_error(&scene.server.send(&in_query.header("Authorization", basic(id, secret))), 400, "invalid_request");
    }
}

/// RFC 6749, section 3.2: parameters must not stand twice, empty ones are as none, and unknown ones
/// must be ignored.
#[test]
fn parameters_stand_once_empty_ones_are_none_and_unknown_ones_are_ignored() {
    let scene = Scene::new();
    for (endpoint, parameter) in ENDPOINTS {
        let ok = if endpoint == TOKEN {
            vec![CREDENTIALS, ("scope", ""), ("resource", "x")]
        } else {
            vec![parameter, ("hint", "")]
        };
        scene.client.send(endpoint, &ok).expect(200);
        assert_error(&scene.client.send(endpoint, &[parameter, parameter]), 400, "invalid_request");
        assert_error(&scene.client.send(endpoint, &[parameter, ("x", "1"), ("x", "2")]), 400, "invalid_request");
        assert_error(&scene.client.send(endpoint, &[(parameter.0, "")]), 400, "invalid_request");
    }
}

/// RFC 6749, section 2.3.1: HTTP Basic must be taken, with ID and secret form-encoded; the body may be.
#[test]
fn a_client_with_a_secret_shows_it_by_basic_or_in_the_body() {
    let scene = Scene::new();
    let (id, secret) = (scene.client.id.as_str(), secret(&scene.client));
    for (endpoint, parameter) in ENDPOINTS {
        let form = |fields: &[(&str, &str)]| Request::post(endpoint).form(&[&[parameter], fields].concat());
        scene.server.send(&form(&[]).header("Authorization", basic(id, secret))).expect(200);
        scene.server.send(&form(&[("client_id", id), ("client_secret", secret)])).expect(200);
        let encoded = |text: &str| text.replace('-', "%2D").replace('_', "%5F");
        scene.server.send(&form(&[]).header("Authorization", basic(&encoded(id), &encoded(secret)))).expect(200);
        let lower = basic(id, secret).replacen("Basic", "bAsIc", 1);
        scene.server.send(&form(&[("client_id", id)]).header("Authorization", lower)).expect(200);
    }
}

/// `echo id:secret | base64`, as one reads the platform's documentation, encodes the end of the line too.
#[test]
fn a_secret_that_was_encoded_with_its_line_break_is_told_so() {
    let scene = Scene::new();
    for end in ["\n", "\r\n"] {
        let authorization = basic(&scene.client.id, &format!("{}{end}", secret(&scene.client)));
        let request = Request::post(TOKEN).form(&[CREDENTIALS]).header("Authorization", authorization);
        let refused = scene.server.send(&request);
        assert_error(&refused, 401, "invalid_client");
        assert!(refused.json()["error_description"].to_string().contains("line break"), "{refused:?}");
    }
}

/// RFC 6749, section 2.3: a client must not authenticate in more than one way.
#[test]
fn a_client_that_shows_its_secret_twice_is_refused() {
    let scene = Scene::new();
    let (id, secret) = (scene.client.id.as_str(), secret(&scene.client));
    for (endpoint, parameter) in ENDPOINTS {
        let form = |fields: &[(&str, &str)]| {
            let form = Request::post(endpoint).form(&[&[parameter], fields].concat());
            scene.server.send(&form.header("Authorization", basic(id, secret)))
        };
        assert_error(&form(&[("client_id", id), ("client_secret", secret)]), 400, "invalid_request");
        assert_error(&form(&[("client_secret", secret)]), 400, "invalid_request");
        assert_error(&form(&[("client_id", &scene.public.id)]), 400, "invalid_request");
    }
}

/// RFC 6749, sections 2.3, 3.2.1 and 4.4.2: a client with a secret must show it, at each endpoint; section
/// 5.2: else it is `invalid_client`, and 401 must name the scheme that was tried.
#[test]
fn whoever_does_not_show_the_right_secret_is_refused() {
    let scene = Scene::new();
    let (id, secret) = (scene.client.id.as_str(), secret(&scene.client));
    let other = register(&scene.stranger, &[], true);
    for (endpoint, parameter) in ENDPOINTS {
        let form = |fields: &[(&str, &str)]| Request::post(endpoint).form(&[&[parameter], fields].concat());
        let refused = |request: Request| {
            let answer = scene.server.send(&request);
            assert_error(&answer, 401, "invalid_client");
            assert!(answer.header("WWW-Authenticate").is_some_and(|scheme| scheme.starts_with("Basic ")), "{answer:?}");
        };
        let with = |authorization: &str| form(&[]).header("Authorization", authorization);
        for (id, secret) in [(id, "wrong"), (id, ""), ("nobody", secret), (&other.id, secret), (id, &secret[1..])] {
            refused(with(&basic(id, secret)));
            refused(form(&[("client_id", id), ("client_secret", secret)]));
        }
        // One that has none cannot show one.
        refused(with(&basic(&scene.public.id, secret)));
        for odd in ["Basic", "Basic !", "Basic Og==", &format!("Bearer {secret}"), &format!("Basic {id}:{secret}")] {
            refused(with(odd));
        }
        refused(with(&basic(id, secret)).header("Authorization", basic(id, secret)));
        refused(form(&[]));
    }
}

/// RFC 6749, section 2.3.1: each endpoint that takes secrets must be protected against trying them out.
#[test]
fn trying_out_secrets_is_slowed_down_for_that_client_alone() {
    let scene = Scene::new();
    let wrong = Client { secret: Some("wrong".to_owned()), ..scene.client.clone() };
    // It is one count for all of them.
    for (endpoint, parameter) in ENDPOINTS.into_iter().cycle().take(20) {
        assert_error(&wrong.send(endpoint, &[parameter]), 401, "invalid_client");
    }
    for (endpoint, parameter) in ENDPOINTS {
        let answer = wrong.send(endpoint, &[parameter]);
        assert_error(&answer, 429, "temporarily_unavailable");
        let seconds: u32 = answer.header("Retry-After").expect("when").parse().expect("seconds");
        assert!((1..=61).contains(&seconds), "{seconds}");
    }
    register(&scene.stranger, &[], true).send(TOKEN, &[CREDENTIALS]).expect(200);
}

/// RFC 6749, section 4.4: client credentials must be for confidential clients alone.
#[test]
fn an_app_without_a_secret_gets_no_token_for_itself() {
    let scene = Scene::new();
    assert_error(&scene.public.send(TOKEN, &[CREDENTIALS]), 400, "unauthorized_client");
}

/// RFC 6749, section 4.4.3: client credentials should not come with a refresh token. Who asks for one by `offline` is
/// told by the scope of the response (section 3.3) that it was not granted.
#[test]
fn client_credentials_give_no_refresh_token_and_take_offline_all_the_same() {
    let scene = Scene::new();
    let all = Tokens::of(&scene.client.send(TOKEN, &[CREDENTIALS])).scope;
    for (asked, given) in [
        ("", all.as_str()),
        ("offline", &all),
        ("connctd.things.read offline", "connctd.things.read"),
        ("offline connctd.units.read", "connctd.units.read"),
    ] {
        let tokens = Tokens::of(&scene.client.send(TOKEN, &[CREDENTIALS, ("scope", asked)]));
        assert_eq!((tokens.scope.as_str(), tokens.refresh), (given, None), "{asked}");
    }
    let refused = scene.client.send(TOKEN, &[CREDENTIALS, ("scope", "offline connctd.core")]);
    assert_error(&refused, 400, "invalid_scope");
    assert!(refused.json()["error_description"].to_string().contains("connctd.core is not"), "{refused:?}");
}

/// RFC 6749, section 5.2: a grant type that is not supported; RFC 9700, section 2.4: the password grant
/// must not be used.
#[test]
fn other_grant_types_are_refused_the_password_grant_too() {
    let scene = Scene::new();
    let password = [("username", crate::harness::EMAIL), ("password", crate::harness::PASSWORD)];
    for other in
        ["password", "implicit", "PASSWORD", "client_credentials ", "urn:ietf:params:oauth:grant-type:jwt-bearer"]
    {
        let answer = scene.client.send(TOKEN, &[&[("grant_type", other)], &password[..]].concat());
        assert_error(&answer, 400, "unsupported_grant_type");
    }
}

/// RFC 6749, section 5.2: what a grant needs and has not is `invalid_request`.
#[test]
fn missing_parameters_are_named() {
    let scene = Scene::new();
    let missing = |endpoint: &str, fields: &[(&str, &str)], name: &str| {
        let answer = scene.client.send(endpoint, fields);
        assert_error(&answer, 400, "invalid_request");
        assert!(answer.json()["error_description"].to_string().contains(name), "{answer:?}");
    };
    missing(TOKEN, &[("x", "y")], "grant_type");
    missing(TOKEN, &[("grant_type", "authorization_code")], "code");
    missing(TOKEN, &[("grant_type", "refresh_token")], "refresh_token");
    missing(INTROSPECT, &[("x", "y")], "token");
    missing(REVOKE, &[("x", "y")], "token");
}

/// RFC 6749, section 3.2: the parameters come as a form in UTF-8 (appendix B), and nothing else is one.
#[test]
fn what_is_no_form_is_refused() {
    let scene = Scene::new();
    let authorization = basic(&scene.client.id, secret(&scene.client));
    let send = |kind: &str, body: &[u8]| -> Response {
        let request = Request::post(TOKEN).header("Authorization", &authorization).header("Content-Type", kind);
        scene.server.send(&request.body(body))
    };
    let form = "application/x-www-form-urlencoded";
    for odd in ["", ";charset=UTF-8", "; charset=ISO-8859-1", "; charset=\"utf-8\"", "; boundary=x"] {
        send(&format!("{form}{odd}"), b"grant_type=client_credentials").expect(200);
    }
    for (kind, body) in [
        ("application/json", &b"{\"grant_type\": \"client_credentials\"}"[..]),
        ("text/plain", b"grant_type=client_credentials"),
        (form, b"grant_type=%zz"),
        (form, b"grant_type=\xff"),
        (form, b""),
    ] {
        assert_error(&send(kind, body), 400, "invalid_request");
    }
    let long = format!("grant_type=client_credentials&x={}", "x".repeat(20_000));
    assert_error(&send(form, long.as_bytes()), 413, "invalid_request");
}

/// RFC 6749, section 3.3: scopes are case-sensitive, their order does not matter, and the client must be
/// told what it got where that is not what it asked for.
#[test]
fn the_scope_that_was_given_is_told() {
    let scene = Scene::new();
    let ask = |scope: &str| scene.client.send(TOKEN, &[CREDENTIALS, ("scope", scope)]);
    for (asked, given) in [
        ("connctd.things.action connctd.things.read", "connctd.things.action connctd.things.read"),
        ("connctd.things.read  connctd.things.read ", "connctd.things.read"),
        (" connctd.units.admin", "connctd.units.admin"),
    ] {
        assert_eq!(Tokens::of(&ask(asked)).scope, given);
    }
    assert_eq!(Tokens::of(&ask("")).scope.split(' ').count(), 6, "all if none is named");
    for unknown in ["connctd.core", "Connctd.things.read", "connctd.things.read,connctd.things.action", "\u{a0}", " "] {
        assert_error(&ask(unknown), 400, "invalid_scope");
    }
}

/// RFC 6749, section 5.2: a description must have certain characters alone, whatever was sent.
#[test]
fn descriptions_of_errors_have_plain_characters_alone() {
    let scene = Scene::new();
    for odd in ["\"", "\\", "ü", "\u{7f}", "\u{1}", "😀"] {
        for answer in [
            scene.client.send(TOKEN, &[CREDENTIALS, ("scope", odd)]),
            scene.client.send(TOKEN, &[CREDENTIALS, (odd, "1"), (odd, "2")]),
            scene.client.send(TOKEN, &[("grant_type", odd)]),
        ] {
            let description = answer.expect(400).json()["error_description"].clone();
            assert!(is_description(description.as_str().expect("a text")), "{description}: {}", escaped(odd));
        }
    }
}
