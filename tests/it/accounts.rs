//! Accounts, apps and tokens: signing in, client credentials, secrets (auth.md).

use crate::harness::{EMAIL, PASSWORD, Server};
use crate::http::{Request, Response};
use crate::users::{GRAPHQL, World, graphql, login};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const ALL_SCOPES: &str = "connctd.connector connctd.things.read connctd.things.action connctd.subjects.read \
                          connctd.units.read connctd.units.admin";

fn token_request(fields: &[(&str, &str)]) -> Request {
    Request::post("/oauth2/token").form(fields)
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// Asserts an error as RFC 6749 (section 5.2) has it.
#[track_caller]
fn assert_oauth_error(response: &Response, status: u16, error: &str) {
    assert_eq!(response.status, status, "{response:?}");
    assert_eq!(response.json()["error"], error, "{response:?}");
    assert_eq!(response.header("Cache-Control"), Some("no-store"));
}

#[test]
fn signing_in_gives_a_developer_token() {
    let server = Server::start();
    let response = server.send(&login(EMAIL, PASSWORD)).expect(200);
    assert_eq!(response.header("Cache-Control"), Some("no-store"));
    let answer = response.json();
    assert_eq!(answer["token_type"], "bearer");
    assert_eq!(answer["scope"], "connctd.core");
    assert_eq!(answer["expires_in"], 12 * 60 * 60);
    let token = answer["access_token"].as_str().expect("a token");
    let profile = graphql(&server, Some(token), None, "{ profile { id email name image } }", json!({}));
    assert_eq!(profile.field()["email"], EMAIL);
    // E-mail addresses are the same in any case.
    server.send(&login("DEV@Example.com", PASSWORD)).expect(200);
}

#[test]
fn a_wrong_password_and_an_unknown_e_mail_answer_the_same() {
    let server = Server::start();
    let mut wrong = server.send(&login(EMAIL, "wrong password")).expect(401).json();
    let mut unknown = server.send(&login("nobody@example.com", PASSWORD)).expect(401).json();
    for answer in [&mut wrong, &mut unknown] {
        assert!(answer["requestId"].as_str().is_some_and(|id| !id.is_empty()), "{answer}");
        answer["requestId"].take();
    }
    assert_eq!(wrong, unknown);
    assert_eq!(wrong["error"], "UNAUTHORIZED");
}

#[test]
fn guessing_a_password_is_slowed_down_for_that_e_mail_alone() {
    let server = Server::start();
    for _ in 0..5 {
        server.send(&login("victim@example.com", "guess guess")).expect(401);
    }
    let refused = server.send(&login("victim@example.com", "guess guess")).expect(429);
    assert_eq!(refused.json()["error"], "TOO_MANY_REQUESTS");
    let seconds: u32 = refused.header("Retry-After").expect("Retry-After").parse().expect("seconds");
    assert!((1..=61).contains(&seconds), "{seconds}");
    server.send(&login(EMAIL, PASSWORD)).expect(200);
}

#[test]
fn everything_wrong_with_a_sign_in_is_told_at_once() {
    let server = Server::start();
    let request = Request::post("/api/v1/auth/login").json(&json!({ "email": 1, "password": [] }));
    let answer = server.send(&request).expect(400).json();
    assert_eq!(answer["error"], "BAD_REQUEST");
    let description = answer["description"].as_str().expect("a description");
    assert!(description.contains("email") && description.contains("password"), "{description}");
    server.send(&Request::post("/api/v1/auth/login").body("{")).expect(400);
    server.send(&Request::get("/api/v1/auth/login")).expect(405);
}

#[test]
fn the_first_account_without_a_given_password_gets_one_that_is_printed_once() {
    let server = Server::with_environment(&[], &[]);
    let line = |label: &str| {
        let output = server.output();
        let line = output.lines().find(|line| line.trim_start().starts_with(label)).map(str::to_owned);
        line.unwrap_or_else(|| panic!("no line with {label} in\n{output}"))
    };
    assert!(line("e-mail").contains("developer@localhost"), "{}", line("e-mail"));
    let password = line("password").split_whitespace().nth(1).expect("a password").to_owned();
    assert!(password.len() >= 10, "{password}");
    server.send(&login("developer@localhost", &password)).expect(200);
    server.crash_and_restart();
    assert_eq!(server.output().matches(&password).count(), 1, "the password was printed again");
    server.send(&login("developer@localhost", &password)).expect(200);
}

const ABOUT: &str = "{ about { version openSignup generatedAccount } }";

/// What a sign-in page is told, without any token.
fn about(server: &Server) -> Value {
    graphql(server, None, None, ABOUT, json!({})).field().clone()
}

#[test]
fn a_sign_in_page_is_told_whose_password_was_printed_where_only_this_machine_can_ask() {
    let version = env!("CARGO_PKG_VERSION");
    let of = |account: Value| json!({ "version": version, "openSignup": false, "generatedAccount": account });
    assert_eq!(about(&Server::start()), of(Value::Null), "its password was given");
    let generated = Server::with_environment(&[], &[("CONNHUB_EMAIL", "me@example.com")]);
    assert_eq!(about(&generated), of("me@example.com".into()));
    generated.crash_and_restart();
    assert_eq!(about(&generated), of("me@example.com".into()), "it is known after a restart too");
    generated.restart_with(&["--listen", "0.0.0.0:0"]);
    assert_eq!(about(&generated), of(Value::Null), "strangers can ask");
    let open = Server::with(&["--open-signup"]);
    assert_eq!(about(&open)["openSignup"], true);
}

#[test]
fn an_app_gets_a_token_with_its_credentials_in_either_place() {
    let world = World::new();
    let (id, secret) = (world.app.id.as_str(), world.app.secret.as_str());
    let grant = ("grant_type", "client_credentials");
    let by_body = token_request(&[grant, ("client_id", id), ("client_secret", secret)]);
    let by_header = token_request(&[grant]).header("Authorization", basic(id, secret));
    for request in [by_body, by_header] {
        let response = world.server.send(&request).expect(200);
        assert_eq!(response.header("Cache-Control"), Some("no-store"));
        let answer = response.json();
        assert_eq!(answer["token_type"], "bearer");
        assert_eq!(answer["expires_in"], 60 * 60);
        assert_eq!(answer["scope"], ALL_SCOPES);
        let token = answer["access_token"].as_str();
        graphql(&world.server, token, None, "{ things { id } }", json!({})).data();
    }
}

/// RFC 6749, section 7: the scope of a token must cover what is done with it.
#[test]
fn a_token_has_the_scopes_asked_for_and_no_other() {
    let world = World::new();
    let scope = "connctd.things.action connctd.things.read connctd.things.read";
    let request = token_request(&[("grant_type", "client_credentials"), ("scope", scope)])
        .header("Authorization", basic(&world.app.id, &world.app.secret));
    let answer = world.server.send(&request).expect(200).json();
    assert_eq!(answer["scope"], "connctd.things.action connctd.things.read");
    let token = answer["access_token"].as_str();
    graphql(&world.server, token, None, "{ things { id } }", json!({})).data();
    let refused = graphql(&world.server, token, None, "{ connectorInstantiations { id } }", json!({}));
    assert_eq!((refused.status, refused.code()), (403, "FORBIDDEN"));
    assert!(refused.message().contains("connctd.connector"), "{}", refused.message());
}

#[test]
fn token_requests_are_refused_as_oauth_says() {
    let world = World::new();
    let (server, app) = (&world.server, &world.app);
    let good = || basic(&app.id, &app.secret);
    let grant = ("grant_type", "client_credentials");
    let send = |fields: &[(&str, &str)], authorization: String| {
        server.send(&token_request(fields).header("Authorization", authorization))
    };
    assert_oauth_error(&send(&[grant, ("scope", "connctd.core")], good()), 400, "invalid_scope");
    assert_oauth_error(&send(&[grant, ("scope", "no.such")], good()), 400, "invalid_scope");
    assert_oauth_error(&send(&[("grant_type", "password")], good()), 400, "unsupported_grant_type");
    assert_oauth_error(&send(&[], good()), 400, "invalid_request");
    assert_oauth_error(&send(&[grant, grant], good()), 400, "invalid_request");
    for bad in [basic(&app.id, "wrong"), basic("nobody", &app.secret), "Basic !".to_owned()] {
        let response = send(&[grant], bad);
        assert_oauth_error(&response, 401, "invalid_client");
        let challenge = response.header("WWW-Authenticate").expect("a challenge");
        assert!(challenge.starts_with("Basic"), "{challenge}");
    }
    assert_oauth_error(&server.send(&token_request(&[grant])), 401, "invalid_client");
    let two_ways = send(&[grant, ("client_id", &app.id), ("client_secret", &app.secret)], good());
    assert_oauth_error(&two_ways, 400, "invalid_request");
}

#[test]
fn credentials_in_the_basic_header_are_form_urlencoded() {
    let world = World::new();
    // As RFC 6749 (section 2.3.1) has it: an escaped letter is that letter.
    let id = world.app.id.replace('-', "%2D");
    let request =
        token_request(&[("grant_type", "client_credentials")]).header("Authorization", basic(&id, &world.app.secret));
    world.server.send(&request).expect(200);
}

#[test]
fn resetting_a_secret_ends_it_and_the_tokens_got_with_it() {
    let world = World::new();
    let document = "mutation($app: ID!) { resetAppSecret(appId: $app) { clientId clientSecret } }";
    let reset = world.developer.graphql(document, json!({ "app": world.app.id })).field().clone();
    assert_eq!(reset["clientId"], world.app.id);
    let old = world.app.graphql("{ things { id } }", json!({}));
    assert_eq!((old.status, old.code()), (401, "UNAUTHENTICATED"));
    let grant = ("grant_type", "client_credentials");
    let ask = |secret: &str| {
        world.server.send(&token_request(&[grant]).header("Authorization", basic(&world.app.id, secret)))
    };
    assert_oauth_error(&ask(&world.app.secret), 401, "invalid_client");
    ask(reset["clientSecret"].as_str().expect("a secret")).expect(200);
}

#[test]
fn an_app_is_renamed_and_removed_but_not_while_it_has_installations() {
    let world = World::new();
    let installation = world.installed();
    let app = json!({ "app": world.app.id });
    let update = "mutation($app: ID!) { updateApp(appId: $app, name: \"Renamed\") { name redirectUris } }";
    assert_eq!(*world.developer.graphql(update, app.clone()).field(), json!({ "name": "Renamed", "redirectUris": [] }));
    let remove = "mutation($app: ID!) { removeApp(appId: $app) { id name } }";
    let refused = world.developer.graphql(remove, app.clone());
    assert_eq!((refused.status, refused.code()), (200, "CONFLICT"));
    world.developer.remove_installation(&installation, false).data();
    assert_eq!(world.developer.graphql(remove, app.clone()).field()["name"], "Renamed");
    assert_eq!(world.app.graphql("{ things { id } }", json!({})).code(), "UNAUTHENTICATED");
    let query = "query($app: ID!) { app(id: $app) { id } }";
    assert_eq!(*world.developer.graphql(query, app).field(), Value::Null);
}

#[test]
fn redirect_uris_must_be_absolute_and_every_wrong_one_is_named() {
    let world = World::new();
    let document = "mutation($uris: [String!]) { createApp(name: \"\", redirectUris: $uris) { clientId } }";
    let uris = json!({ "uris": ["https://app.example.com/back", "back", "https://app.example.com/#here"] });
    let answer = world.developer.graphql(document, uris);
    assert_eq!(answer.violations(), ["name", "redirectUris[1]", "redirectUris[2]"]);
}

#[test]
fn apps_list_their_installations() {
    let world = World::new();
    let installation = world.installed();
    let apps =
        world.developer.graphql("{ apps { id name createdAt installations { id connector { name } } } }", json!({}));
    let apps = apps.field();
    assert_eq!(apps[0]["id"], world.app.id);
    assert_eq!(apps[0]["installations"], json!([{ "id": installation, "connector": { "name": "Test connector" } }]));
    assert!(apps[0]["createdAt"].as_str().is_some_and(|at| at.len() == 27 && at.ends_with('Z')), "{apps}");
}

#[test]
fn service_tokens_for_own_apps_need_known_scopes() {
    let world = World::new();
    let document = "mutation($app: ID!, $scopes: [String!]) {
        createServiceToken(appId: $app, scopes: $scopes) { accessToken tokenType expiresIn scope } }";
    let ask = |scopes: Value| world.developer.graphql(document, json!({ "app": world.app.id, "scopes": scopes }));
    let all = ask(Value::Null).field().clone();
    assert_eq!(
        (&all["tokenType"], &all["expiresIn"], &all["scope"]),
        (&json!("bearer"), &json!(3600), &json!(ALL_SCOPES))
    );
    assert_eq!(ask(json!(["connctd.things.read"])).field()["scope"], "connctd.things.read");
    assert_eq!(ask(json!(["connctd.units.read"])).field()["scope"], "connctd.units.read");
    assert_eq!(ask(json!(["connctd.core"])).violations(), ["scopes"]);
    // It is a scope, but not of this token; the error must not deny that it exists.
    let offline = ask(json!(["connctd.things.read", "offline"]));
    assert_eq!(offline.violations(), ["scopes"]);
    assert!(format!("{offline:?}").contains("refresh token"), "{offline:?}");
    let answer = world.server.send(
        &Request::post(GRAPHQL)
            .bearer(world.developer.token.as_str())
            .json(&json!({ "query": document, "variables": { "app": world.app.id } })),
    );
    // RFC 6749, section 5.1: whatever holds a token is kept by nobody.
    for (name, value) in [("Cache-Control", "no-store"), ("Pragma", "no-cache")] {
        assert_eq!(answer.header(name), Some(value), "{answer:?}");
    }
}

/// RFC 6750, section 3: whoever shows no good token must be told how to.
#[test]
fn a_missing_or_bad_token_is_challenged_and_its_own_words_never_come_back() {
    let world = World::new();
    let query = Request::post(GRAPHQL).json(&json!({ "query": "{ profile { id } }" }));
    let none = world.server.send(&query).expect(401);
    assert_eq!(none.header("WWW-Authenticate"), Some(r#"Bearer realm="connhub""#));
    let token = format!("{}x", world.developer.token);
    for bad in ["", "x", token.as_str(), "a.b.c"] {
        let response = world.server.send(&query.clone().bearer(bad)).expect(401);
        assert_eq!(response.header("WWW-Authenticate"), Some("Bearer error=\"invalid_token\""), "{bad}");
        assert!(bad.len() < 3 || !response.text().contains(bad));
        let error = &response.json()["errors"][0]["extensions"];
        assert_eq!((&error["code"], &error["status"]), (&json!("UNAUTHENTICATED"), &json!(401)));
        assert_eq!(error["requestId"].as_str(), response.header("X-Request-Id"));
    }
}

#[test]
fn tokens_survive_a_restart() {
    let world = World::new();
    world.server.crash_and_restart();
    world.developer.graphql("{ profile { id } }", json!({})).data();
    world.app.graphql("{ things { id } }", json!({})).data();
}
