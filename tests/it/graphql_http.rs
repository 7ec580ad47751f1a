//! GraphQL over HTTP as strangers' tools see it: audits, introspection, a generated client, media
//! types, CORS, and the schema as text.

use crate::harness::{Server, node};
use crate::http::{Request, escaped};
use crate::users::{GRAPHQL, World};
use serde_json::{Value, json};

#[test]
fn all_audits_of_graphql_over_http_pass() {
    let server = Server::start();
    let printed = node("audits.mjs", &[&server.url()]);
    assert!(printed.contains("61 passed, 0 failed"), "{printed}");
}

#[test]
fn the_introspection_of_graphql_js_tells_the_target_schema() {
    let server = Server::start();
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/schema.graphql");
    node("introspection.mjs", &[&server.url(), "--expect", kept]);
}

#[test]
fn a_client_is_generated_from_the_running_server() {
    let server = Server::start();
    node("codegen.mjs", &[&server.url()]);
}

#[test]
fn the_schema_is_given_as_text_without_a_token() {
    let server = Server::start();
    let response = server.send(&Request::get("/api/schema")).expect(200);
    let kept =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/schema/schema.graphql")).expect("the schema");
    assert_eq!(response.text(), kept);
    assert!(response.header("Content-Type").is_some_and(|kind| kind.starts_with("text/plain")), "{response:?}");
}

#[test]
fn a_query_can_be_sent_by_get_and_a_mutation_cannot() {
    let world = World::new();
    let get = |query: &str| {
        Request::get(&format!("{GRAPHQL}?query={}", escaped(query))).bearer(world.developer.token.as_str())
    };
    let profile = world.server.send(&get("{ profile { email } }")).expect(200).json();
    assert_eq!(profile["data"]["profile"]["email"], crate::harness::EMAIL);
    let with_variables = format!(
        "{GRAPHQL}?query={}&variables={}",
        escaped("query Q($id: ID!) { app(id: $id) { id } }"),
        escaped(&json!({ "id": world.app.id }).to_string())
    );
    let answer = world.server.send(&Request::get(&with_variables).bearer(world.developer.token.as_str())).expect(200);
    assert_eq!(answer.json()["data"]["app"]["id"], world.app.id);
    let response = world.server.send(&get("mutation { createApp(name: \"by GET\") { clientId } }")).expect(405);
    assert!(response.header("Allow").is_some_and(|allow| allow.contains("POST")), "{response:?}");
    let apps = world.developer.graphql("{ apps { name } }", json!({}));
    assert_eq!(*apps.field(), json!([{ "name": "Test app" }]));
}

#[test]
fn the_media_type_decides_the_status_of_a_request_that_cannot_be_executed() {
    let server = Server::start();
    let ask = |accept: &str| {
        server.send(&Request::post(GRAPHQL).header("Accept", accept).json(&json!({ "query": "{ nonsense }" })))
    };
    let new = ask("application/graphql-response+json").expect(400);
    assert!(new.header("Content-Type").is_some_and(|kind| kind.starts_with("application/graphql-response+json")));
    let old = ask("application/json").expect(200);
    assert!(old.header("Content-Type").is_some_and(|kind| kind.starts_with("application/json")));
    for response in [new, old] {
        let body = response.json();
        assert_eq!(body.get("data"), None, "{body}");
        let extensions = &body["errors"][0]["extensions"];
        assert_eq!((&extensions["code"], &extensions["status"]), (&json!("BAD_USER_INPUT"), &json!(400)));
        assert_eq!(extensions["requestId"].as_str(), response.header("X-Request-Id"));
    }
}

/// RFC 6750, sections 5.2 and 5.3: the token is in the header, and must not be in a cookie.
#[test]
fn pages_of_any_origin_may_ask_with_a_token() {
    let server = Server::start();
    let preflight = Request::new("OPTIONS", GRAPHQL)
        .header("Origin", "https://app.example.com")
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "authorization, content-type, x-external-subject-id");
    let response = server.send(&preflight);
    assert!([200, 204].contains(&response.status), "{response:?}");
    assert_eq!(response.header("Access-Control-Allow-Origin"), Some("*"));
    let allowed = response.header("Access-Control-Allow-Headers").expect("headers").to_lowercase();
    for name in ["authorization", "content-type", "x-external-subject-id"] {
        assert!(allowed.contains(name), "{allowed}");
    }
    assert!(response.header("Access-Control-Allow-Methods").is_some_and(|methods| methods.contains("POST")));
    assert_eq!(response.header("Access-Control-Allow-Credentials"), None);
    let request = Request::post(GRAPHQL).header("Origin", "https://app.example.com");
    let answer = server.send(&request.json(&json!({ "query": "{ __typename }" }))).expect(200);
    assert_eq!(answer.header("Access-Control-Allow-Origin"), Some("*"));
    assert_eq!(answer.header("Set-Cookie"), None);
}

#[test]
fn part_of_a_result_refused_is_200_with_the_rest() {
    let world = World::new();
    let document = "{ connector(id: \"x\") { id } app(id: \"x\") { id } }";
    let answer = world.app.graphql(document, json!({}));
    assert_eq!((answer.status, answer.code()), (200, "FORBIDDEN"));
    assert_eq!(answer.data, json!({ "connector": Value::Null, "app": Value::Null }));
    assert_eq!(answer.error()["path"], json!(["app"]));
}

#[test]
fn documents_too_deep_or_too_wide_are_refused() {
    let world = World::new();
    let deep =
        format!("{{ connectorInstantiations {} id {} }}", "{ installation { instances".repeat(30), "} }".repeat(30));
    let wide = format!("{{ {} }}", (0..5_000).map(|number| format!("a{number}: apps {{ id }} ")).collect::<String>());
    for document in [deep, wide] {
        let answer = world.developer.graphql(&document, json!({}));
        assert!(answer.data.is_null() && !answer.errors.is_empty(), "executed");
    }
}

#[test]
fn several_mutations_of_one_document_run_in_order() {
    let world = World::new();
    let document =
        "mutation { first: createApp(name: \"1\") { app { name } } second: createApp(name: \"2\") { app { name } } }";
    world.developer.graphql(document, json!({})).data();
    let apps = world.developer.graphql("{ apps { name } }", json!({}));
    assert_eq!(*apps.field(), json!([{ "name": "Test app" }, { "name": "1" }, { "name": "2" }]));
}
