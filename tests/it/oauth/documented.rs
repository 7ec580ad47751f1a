//! The platform's documented requests, word for word (public repository connctd/docs, pages "OAuth 2.0", "Authorization"
//! and "Scopes"): what clients are written after.

use super::flow::{Client, Form, Landing, Scene, TOKEN, basic, register};
use crate::harness::{EMAIL, PASSWORD};
use crate::http::{Request, Response};
use serde_json::{Value, json};

/// "Client Credentials Flow".
const CLIENT_CREDENTIALS: &str = "grant_type=client_credentials&scope=connctd.connector%20connctd.units.admin\
    %20connctd.things.read%20connctd.units.read%20connctd.things.action";
/// The scope of its documented response.
const CLIENT_CREDENTIALS_SCOPE: &str =
    "connctd.connector connctd.units.admin connctd.things.read connctd.units.read connctd.things.action";
/// "Authorization Code Grant Flow".
const AUTHORIZATION: &str = "/oauth2/auth?state=abcdefghiklmnop\
    &client_id=1bd2f1a3-e72d-4606-b82b-86d1054f3bd4\
    &redirect_uri=https%3A%2F%2Fabc%2Fauth%2Fcallback\
    &response_type=code&scope=connctd.units.read+connctd.things.read+connctd.connector+offline";
const CLIENT_ID: &str = "1bd2f1a3-e72d-4606-b82b-86d1054f3bd4";
const REDIRECT: &str = "https://abc/auth/callback";
const AUTHORIZATION_SCOPE: &str = "connctd.units.read connctd.things.read connctd.connector offline";
/// "Scopes": all that an app can ask for there.
const SCOPES: [&str; 6] = [
    "connctd.units.read",
    "connctd.units.admin",
    "connctd.things.read",
    "connctd.things.action",
    "connctd.subjects.read",
    "connctd.connector",
];

/// Sends a body as it is.
fn send(client: &Client, body: &str) -> Response {
    let authorization = basic(&client.id, client.secret.as_deref().expect("a secret"));
    let request = Request::post(TOKEN).header("Authorization", authorization);
    client.server.send(&request.header("Content-Type", "application/x-www-form-urlencoded").body(body))
}

/// The client whose ID the documentation has.
fn documented_client(scene: &Scene) -> Client {
    let client = register(&scene.stranger, &[REDIRECT], true);
    let sql = "UPDATE apps SET id = unhex(replace(?2, '-', '')) WHERE id = unhex(replace(?1, '-', ''))";
    assert_eq!(scene.server.sql().execute(sql, [client.id.as_str(), CLIENT_ID]).expect("its ID"), 1);
    Client { id: CLIENT_ID.to_owned(), ..client }
}

#[test]
fn the_documented_token_request_has_the_documented_response() {
    let scene = Scene::new();
    let response = send(&scene.client, CLIENT_CREDENTIALS).expect(200).json();
    let members: Vec<_> = response.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(members.len(), 4, "access_token, expires_in, scope, token_type: {members:?}");
    assert_eq!((&response["scope"], &response["token_type"]), (&json!(CLIENT_CREDENTIALS_SCOPE), &json!("bearer")));
    assert!(response["expires_in"].as_u64().is_some_and(|seconds| (3590..=3600).contains(&seconds)), "{response}");
    let token = response["access_token"].as_str().expect("a token");
    assert!(scene.reads(token));
    let told = scene.client.introspect(token);
    assert_eq!((&told["active"], &told["scope"]), (&json!(true), &json!(CLIENT_CREDENTIALS_SCOPE)));
    // The same with other spellings of a space.
    for body in [CLIENT_CREDENTIALS.replace("%20", "+"), CLIENT_CREDENTIALS.replace("%20", " ")] {
        assert_eq!(send(&scene.client, &body).expect(200).json()["scope"], CLIENT_CREDENTIALS_SCOPE);
    }
}

#[test]
fn the_documented_authorization_request_gives_what_it_asks_for() {
    let scene = Scene::new();
    let client = documented_client(&scene);
    let sign_in = Form::of(&scene.server.send(&Request::get(AUTHORIZATION)).expect(200));
    let consent = scene.server.send(&sign_in.filled(&[("email", EMAIL), ("password", PASSWORD)])).expect(200);
    for words in ["see the app’s units", "see the app’s things", "see the app’s connectors", "until you end it"] {
        assert!(consent.text().contains(words), "{words}: {}", consent.text());
    }
    assert!(!consent.text().contains("create, change and remove the app’s units"), "it was not asked for");
    let allow = Form::of(&consent).filled(&[("decision", "allow"), ("app", &scene.app)]);
    let landing = Landing::of(&scene.server.send(&allow));
    assert!(landing.0.as_str().starts_with("https://abc/auth/callback?code="), "{landing:?}");
    // "Redirecting resource owner": code, scope and state.
    assert_eq!(landing.get("scope").as_deref(), Some(AUTHORIZATION_SCOPE));
    assert_eq!(landing.get("state").as_deref(), Some("abcdefghiklmnop"));
    // "Requesting a token": HTTP Basic, and the client's ID in the body too.
    let body = format!(
        "grant_type=authorization_code&code={}&redirect_uri=https%3A%2F%2Fabc%2Fauth%2Fcallback&client_id={CLIENT_ID}",
        landing.get("code").expect("a code")
    );
    let response = send(&client, &body).expect(200).json();
    assert_eq!(response["scope"], AUTHORIZATION_SCOPE);
    assert!(response["refresh_token"].is_string());
    let access = response["access_token"].as_str().expect("a token");
    assert!(scene.reads(access));
    let without_offline = AUTHORIZATION_SCOPE.trim_end_matches(" offline");
    assert_eq!(client.introspect(access)["scope"], without_offline, "a token for the app of another account");
}

#[test]
fn the_documented_error_comes_back_to_the_client() {
    let scene = Scene::new();
    documented_client(&scene);
    let landing = Landing::of(&scene.server.send(&Request::get(&AUTHORIZATION.replace("units.read", "nonsense"))));
    landing.assert_error("invalid_scope");
    assert_eq!(landing.get("state").as_deref(), Some("abcdefghiklmnop"));
    assert_eq!(landing.get("scope"), None);
}

/// Every documented scope alone, at both endpoints, and in the metadata.
#[test]
fn every_documented_scope_can_be_had() {
    let scene = Scene::new();
    let metadata = scene.server.send(&Request::get("/.well-known/oauth-authorization-server")).json();
    let supported = metadata["scopes_supported"].as_array().expect("a list");
    for scope in SCOPES {
        assert!(supported.contains(&Value::from(scope)), "{scope}: {metadata}");
        let response = send(&scene.client, &format!("grant_type=client_credentials&scope={scope}")).expect(200).json();
        assert_eq!(response["scope"], scope);
        scene.open(&super::flow::Asked::of(&scene.client).with("scope", scope)).expect(200);
    }
    assert_eq!(supported.len(), SCOPES.len() + 1, "and offline: {metadata}");
}

/// What libraries add that this server has no use for must not be in their way.
#[test]
fn parameters_of_other_servers_and_of_openid_connect_are_ignored() {
    let scene = Scene::new();
    let others = [
        ("audience", "https://api.connctd.io"),
        ("resource", "https://api.connctd.io/"),
        ("response_mode", "query"),
        ("prompt", "consent"),
        ("nonce", "n-0S6_WzA2Mj"),
        ("access_type", "offline"),
        ("login_hint", "developer@localhost"),
        ("ui_locales", "de"),
        ("max_age", "0"),
    ];
    let asked =
        others.iter().fold(super::flow::Asked::of(&scene.client), |asked, (name, value)| asked.with(name, value));
    let code = scene.code(&asked);
    let verifier = ("code_verifier", super::flow::VERIFIER);
    let fields = [&[verifier, ("redirect_uri", super::flow::REDIRECT)], &others[..]].concat();
    scene.client.redeem_with(&code, &fields).expect(200);
    for accept in ["application/json", "*/*", "text/html", "application/xml", "application/x-www-form-urlencoded"] {
        let form = scene.client.form(TOKEN, &[("grant_type", "client_credentials")]).header("Accept", accept);
        let response = scene.server.send(&form).expect(200);
        assert_eq!(response.header("Content-Type"), Some("application/json"), "{accept}");
    }
}
