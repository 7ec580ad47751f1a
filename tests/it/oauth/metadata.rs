//! The metadata (RFC 8414): where it is, and that all of it is true.

use super::flow::{Asked, Scene, TOKEN, basic, register};
use crate::harness::Server;
use crate::http::{Request, Response};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const METADATA: &str = "/.well-known/oauth-authorization-server";

fn metadata(server: &Server) -> Value {
    server.send(&Request::get(METADATA)).expect(200).json()
}

/// RFC 8414, sections 3, 3.1 and 3.2: asked for by GET at the well-known path; 200 and JSON; no member
/// without a value.
#[test]
fn the_metadata_is_json_at_its_well_known_place() {
    let scene = Scene::new();
    let answer = scene.server.send(&Request::get(METADATA)).expect(200);
    assert_eq!(answer.header("Content-Type"), Some("application/json"));
    assert_eq!(answer.header("Access-Control-Allow-Origin"), Some("*"));
    let told = answer.json();
    for (name, value) in told.as_object().expect("an object") {
        assert!(!value.is_null() && *value != json!([]) && *value != json!(""), "{name}");
    }
    // Section 2: what must be there.
    for name in ["issuer", "authorization_endpoint", "token_endpoint", "response_types_supported"] {
        assert!(told.get(name).is_some(), "{name}");
    }
    scene.server.send(&Request::post(METADATA).body("x")).expect(405);
    scene.server.send(&Request::get(&format!("{METADATA}/x"))).expect(404);
}

/// RFC 8414, sections 2 and 3.3: the issuer must be the URL that the metadata was asked for at, with no
/// query and no fragment.
#[test]
fn the_issuer_is_the_url_by_which_the_server_is_known() {
    let server = Server::start();
    assert_eq!(metadata(&server)["issuer"], server.url());
    let by_name = Request::get(METADATA).header("Host", "localhost:7171");
    assert_eq!(server.send(&by_name).json()["issuer"], "http://localhost:7171");
    server.restart_with(&["--public-url", "https://hub.example/"]);
    let told = metadata(&server);
    assert_eq!(told["issuer"], "https://hub.example");
    assert_eq!(told["token_endpoint"], "https://hub.example/oauth2/token");
}

/// The path of an endpoint that the metadata names.
#[track_caller]
fn path<'a>(told: &'a Value, name: &str) -> &'a str {
    let url = told[name].as_str().expect("a URL");
    url.strip_prefix(told["issuer"].as_str().expect("an issuer")).expect("an endpoint of this server")
}

/// RFC 8414, section 2: each endpoint answers, and by each of the ways that it says: the grant types, the
/// challenge methods, the response types and the scopes. RFC 9700, sections 2.1.1 and 4.7.1: clients must be able
/// to find out that there is PKCE; RFC 9207, section 2.3: and that answers name their issuer.
#[test]
fn everything_that_the_metadata_promises_is_so() {
    let scene = Scene::new();
    let told = metadata(&scene.server);
    let list = |name: &str| -> Vec<&str> {
        told[name].as_array().expect("a list").iter().map(|value| value.as_str().expect("a text")).collect()
    };
    for scope in list("scopes_supported") {
        let asked = Asked::of(&scene.client).with("scope", scope);
        let target = asked.target().replacen("/oauth2/auth", path(&told, "authorization_endpoint"), 1);
        scene.server.send(&Request::get(&target)).expect(200);
    }
    assert_eq!(list("response_types_supported"), ["code"]);
    assert_eq!(list("response_modes_supported"), ["query"]);
    assert_eq!(list("code_challenge_methods_supported"), ["S256"]);
    assert_eq!(told["authorization_response_iss_parameter_supported"], true);
    let known: BTreeSet<_> = list("grant_types_supported").into_iter().collect();
    for kind in ["authorization_code", "client_credentials", "refresh_token", "password", "implicit"] {
        let error = scene.client.send(path(&told, "token_endpoint"), &[("grant_type", kind)]).json()["error"].clone();
        assert_eq!(error != "unsupported_grant_type", known.contains(kind), "{kind}");
    }
}

/// How a client of each method asks an endpoint.
fn ask(scene: &Scene, method: &str, endpoint: &str, fields: &[(&str, &str)]) -> Response {
    let (id, secret) = (scene.client.id.as_str(), scene.client.secret.as_deref().expect("a secret"));
    let request = |more: &[(&str, &str)]| Request::post(endpoint).form(&[fields, more].concat());
    scene.server.send(&match method {
        "client_secret_basic" => request(&[]).header("Authorization", basic(id, secret)),
        "client_secret_post" => request(&[("client_id", id), ("client_secret", secret)]),
        "none" => request(&[("client_id", &scene.public.id)]),
        other => panic!("a method that nobody knows: {other}"),
    })
}

/// RFC 8414, section 2: the methods by which clients show who they are, at each of their endpoints.
#[test]
fn each_method_of_authentication_works_where_the_metadata_says_so_and_nowhere_else() {
    let scene = Scene::new();
    let told = metadata(&scene.server);
    for (endpoint, name, fields) in [
        (
            "token_endpoint",
            "token_endpoint_auth_methods_supported",
            [("grant_type", "refresh_token"), ("refresh_token", "x")],
        ),
        ("introspection_endpoint", "introspection_endpoint_auth_methods_supported", [("token", "x"), ("a", "b")]),
        ("revocation_endpoint", "revocation_endpoint_auth_methods_supported", [("token", "x"), ("a", "b")]),
    ] {
        let promised = told[name].as_array().expect("methods");
        for method in ["client_secret_basic", "client_secret_post", "none"] {
            let answer = ask(&scene, method, path(&told, endpoint), &fields);
            // Of what was shown a wrong refresh token is complained about; of a client, not.
            let taken = answer.status == 200 || answer.json()["error"] == "invalid_grant";
            assert_eq!(taken, promised.contains(&json!(method)), "{method} at {endpoint}: {answer:?}");
        }
    }
}

/// RFC 6749, section 2.2: a client's ID is unique to the server and no secret; RFC 9700, section 4.15: it is
/// of the server's making, and two apps never share one.
#[test]
fn client_ids_are_unique() {
    let scene = Scene::new();
    let ids: BTreeSet<_> = (0..5).map(|_| register(&scene.stranger, &[], true).id).collect();
    assert_eq!(ids.len(), 5);
    assert!(!ids.contains(&scene.client.id));
    let by_id = Request::post(TOKEN).form(&[("grant_type", "client_credentials"), ("client_id", &scene.client.id)]);
    scene.server.send(&by_id).expect(401);
}
