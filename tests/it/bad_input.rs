//! Bad input of every kind, made up by proptest with a fixed seed: never a 5xx, always the
//! documented form of an error, and the server works on.

use crate::http::{Request, Response, escaped};
use crate::hub::assert_refusal;
use crate::users::{GRAPHQL, HUB, Hub, World, lamp};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

/// How many inputs are made up for each test.
const CASES: u32 = 200;

/// Runs a property on made-up inputs, the same ones each time.
fn holds_for<S: Strategy>(strategy: S, property: impl Fn(S::Value))
where
    S::Value: Clone + std::fmt::Debug,
{
    let config = Config { cases: CASES, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
    let outcome = runner.run(&strategy, |input| {
        property(input);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

/// Any text, with those that programs stumble over.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => any::<String>(),
        1 => Just(String::new()),
        1 => Just("\0".to_owned()),
        1 => Just("' OR 1=1; --".to_owned()),
        1 => Just("x".repeat(100_000)),
        1 => Just("NaN".to_owned()),
        1 => Just("1e999999999".to_owned()),
        1 => Just("\u{202e}\u{feff}\u{10ffff}".to_owned()),
        1 => Just("0000-00-00T99:99:99Z".to_owned()),
        1 => Just("(((((a{999}){999}){999})".to_owned()),
        1 => Just("00000000-0000-0000-0000-000000000000".to_owned()),
    ]
}

/// Any JSON value.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map("[a-z]{1,8}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Replaces one node of a value, chosen by a number, with another value.
fn spoiled(mut value: Value, choice: usize, with: Value) -> Value {
    fn count(value: &Value) -> usize {
        1 + match value {
            Value::Array(items) => items.iter().map(count).sum::<usize>(),
            Value::Object(map) => map.values().map(count).sum(),
            _ => 0,
        }
    }
    fn replace(value: &mut Value, at: &mut usize, with: &Value) {
        if *at == 0 {
            *value = with.clone();
        }
        *at = at.wrapping_sub(1);
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| replace(item, at, with)),
            Value::Object(map) => map.values_mut().for_each(|item| replace(item, at, with)),
            _ => {}
        }
    }
    let mut at = choice % count(&value);
    replace(&mut value, &mut at, &with);
    value
}

/// Asserts that a hub request was done, or refused as documented.
#[track_caller]
fn assert_hub_answer(response: &Response) {
    match response.status {
        201 | 204 => {}
        400 => assert_refusal(response, 400, "BAD_REQUEST"),
        401 => assert_refusal(response, 401, "UNAUTHORIZED"),
        403 => assert_refusal(response, 403, "FORBIDDEN"),
        404 => assert_refusal(response, 404, "NOT_FOUND"),
        405 => assert_refusal(response, 405, "METHOD_NOT_ALLOWED"),
        409 => assert_refusal(response, 409, "CONFLICT"),
        413 => assert_refusal(response, 413, "PAYLOAD_TOO_LARGE"),
        415 => assert_refusal(response, 415, "UNSUPPORTED_MEDIA_TYPE"),
        _ => panic!("{response:?}"),
    }
}

/// Asserts that a GraphQL request was executed, or refused as documented.
#[track_caller]
fn assert_graphql_answer(response: &Response) {
    assert!(matches!(response.status, 200 | 400 | 401 | 403 | 405 | 413 | 415), "{response:?}");
    let body = response.json();
    for error in body["errors"].as_array().unwrap_or(&Vec::new()) {
        let extensions = &error["extensions"];
        let code = extensions["code"].as_str().unwrap_or_default();
        let known = ["UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND", "BAD_USER_INPUT", "CONFLICT", "CALLBACK_FAILED"];
        assert!(known.contains(&code), "{error}");
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
        assert_eq!(extensions["requestId"].as_str(), response.header("X-Request-Id"), "{error}");
    }
    assert!(body.get("data").is_some() || body["errors"].as_array().is_some_and(|errors| !errors.is_empty()), "{body}");
}

/// A hub with an instance that has a lamp and a pending action request: paths with good bodies.
fn hub_requests(world: &World) -> (Hub, Vec<(&'static str, String, Value)>) {
    let hub = world.instantiated().hub;
    let thing = hub.create_thing(&lamp());
    world.connector.answers(crate::connector::Kind::Action, &json!({ "status": 202 }));
    let request = world.app.act(&thing, "toggle", &[]).field()[0]["id"].as_str().expect("an ID").to_owned();
    let at = |rest: &str| format!("/instances/things/{thing}/{rest}");
    let requests = vec![
        ("POST", "/instances/state".to_owned(), json!({ "state": 2, "details": { "a": 1 } })),
        ("POST", "/instances/things".to_owned(), json!({ "thing": lamp() })),
        ("PUT", at("components/lamp/properties/level"), json!({ "value": "1", "lastUpdate": "2024-01-02T03:04:05Z" })),
        ("PUT", at("status"), json!({ "status": "AVAILABLE" })),
        ("PUT", format!("/instances/actions/requests/{request}"), json!({ "status": "FAILED", "error": "x" })),
    ];
    (hub, requests)
}

#[test]
fn hub_bodies_with_one_thing_wrong() {
    let world = World::new();
    let (hub, requests) = hub_requests(&world);
    holds_for((0..requests.len(), any::<usize>(), json()), |(which, choice, value)| {
        let (method, path, body) = &requests[which];
        assert_hub_answer(&hub.call(method, path, &spoiled(body.clone(), choice, value)));
    });
    hub.report("instances", 2).expect(204);
}

#[test]
fn hub_bodies_of_any_bytes_under_any_headers() {
    let world = World::new();
    let (hub, requests) = hub_requests(&world);
    let body = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..64),
        json().prop_map(|value| value.to_string().into_bytes()),
        (1_usize..2_000).prop_map(|depth| format!("{{\"thing\":{}", "[".repeat(depth)).into_bytes()),
    ];
    let value =
        proptest::collection::vec(prop_oneof![1 => Just(b'\t'), 8 => 0x20_u8..=0x7e, 4 => 0x80_u8..=0xff], 0..40);
    let names =
        ["Content-Type", "X-Request-Id", "Accept", "X-External-Subject-ID", "Accept-Encoding", "Cookie", "X-Any"];
    holds_for((0..requests.len(), body, 0..names.len(), value), |(which, body, name, value)| {
        let (method, path, _) = &requests[which];
        let request = Request::new(method, &format!("{HUB}{path}")).bearer(hub.token.as_str()).body(body);
        assert_hub_answer(&world.server.send(&request.header(names[name], value)));
    });
    hub.report("instances", 2).expect(204);
}

#[test]
fn hub_paths_and_tokens_of_any_text() {
    let world = World::new();
    let (hub, _) = hub_requests(&world);
    let segment = || {
        prop_oneof![
            "[!-~]{0,40}",
            any::<String>(),
            Just("..".to_owned()),
            Just("%00".to_owned()),
            Just("%ff".to_owned())
        ]
    };
    let methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "FOO"];
    holds_for((0..methods.len(), segment(), segment(), segment(), any::<bool>()), |(method, a, b, c, escape)| {
        let write = |text: &str| {
            let plain =
                text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'?' | b'"' | b'<' | b'>'));
            if escape || !plain { escaped(text) } else { text.to_owned() }
        };
        let path = format!("{HUB}/instances/things/{}/components/{}/properties/{}", write(&a), write(&b), write(&c));
        let request = Request::new(methods[method], &path).bearer(hub.token.as_str()).json(&json!({ "value": "1" }));
        let response = world.server.send(&request);
        if methods[method] != "HEAD" && (response.status != 400 || !response.body.is_empty()) {
            assert_hub_answer(&response);
        }
        assert!(response.status < 500, "{path}: {response:?}");
    });
    holds_for(proptest::collection::vec(0x21_u8..=0x7e, 0..300), |token| {
        let request = Request::post(&format!("{HUB}/instances/state")).json(&json!({ "state": 2 }));
        let response = world.server.send(&request.header("Authorization", [b"Bearer ", token.as_slice()].concat()));
        assert_refusal(&response, 401, "UNAUTHORIZED");
    });
}

/// The beginnings and ends of documents with one variable, and a good value for it: a developer's.
fn developer_documents() -> Vec<(&'static str, &'static str, Value)> {
    let parameter = json!({ "id": "p", "name": "n", "required": true, "description": "", "valueType": "STRING",
        "displayType": "PLAIN", "validationExpression": "^a" });
    let connector = json!({
        "name": "n", "description": "d", "logoUrl": "https://h/l", "homeUrl": null, "requirements": "r",
        "mode": "PRIVATE", "tags": ["a", "b"], "configurationParameters": [parameter],
        "customerConfigurationParameters": [parameter], "installationCallbackUrl": "https://h/i",
        "instanceCallbackUrl": "https://h/n", "actionCallbackUrl": "https://h/a",
    });
    let values = json!([{ "configurationParameterId": "p", "value": "v" }]);
    let (update, install) = (
        "{ updateConnector(connectorId: \"x\", connector: $v) { id } }",
        "{ installConnector(appId: \"x\", connectorId: \"x\", configuration: $v) { id } }",
    );
    let lists = "{ callbacks(first: $v) { id } connectorStore(first: $v) { id } }";
    let nodes = "{ app(id: $v) { id } connector(id: $v) { id } connectorInstallation(id: $v) { id } }";
    vec![
        ("mutation($v: ConnectorPublicationInput!)", "{ publishConnector(connector: $v) { id } }", connector.clone()),
        ("mutation($v: ConnectorPublicationUpdate!)", update, connector),
        ("mutation($v: [ConfigurationParameterValueInput!]!)", install, values),
        (
            "mutation($v: [String!]!)",
            "{ createApp(name: \"x\", redirectUris: $v) { clientId } }",
            json!(["https://h/r"]),
        ),
        ("mutation($v: String!)", "{ createApp(name: $v) { clientId } }", json!("x")),
        ("query($v: String)", "{ connectorStore(search: $v, tag: $v) { id } }", json!("x")),
        ("query($v: ID!)", "{ callbacks(connectorId: $v, installationId: $v, after: $v) { id } }", json!(SOME_ID)),
        ("query($v: Int)", lists, json!(5)),
        ("query($v: ID!)", nodes, json!(SOME_ID)),
    ]
}

const SOME_ID: &str = "01890000-0000-7000-8000-000000000000";

/// The same of an app.
fn app_documents() -> Vec<(&'static str, &'static str, Value)> {
    let thing = json!({ "id": SOME_ID, "name": "n", "manufacturer": "m", "displayType": "d", "mainComponentId": "c",
        "status": "AVAILABLE" });
    let component = json!({ "id": "i", "name": "n", "componentType": "t", "capabilities": ["c"] });
    let action = json!({ "id": "i", "name": "n", "parameterName": "p", "parameterType": "NUMBER" });
    let (by_component, by_action, with_values) = (
        "{ requestThingAction(thingConstraints: {}, componentSelector: $v) { id } }",
        "{ requestThingAction(thingConstraints: {}, actionSelector: $v) { id } }",
        "{ requestThingAction(thingConstraints: {}, actionParameters: $v) { id } }",
    );
    let by_thing = "{ requestThingAction(thingConstraints: $v) { id } }";
    vec![
        ("query($v: ThingConstraint)", "{ things(thingConstraint: $v) { id } }", thing),
        ("query($v: ActionRequestStatus)", "{ actionRequests(status: $v) { id } }", json!("PENDING")),
        ("mutation($v: [ActionParameterInput!])", with_values, json!([{ "name": "a", "value": "b" }])),
        ("mutation($v: ThingConstraints!)", by_thing, json!({ "thingConstraint": { "id": SOME_ID } })),
        ("mutation($v: ThingComponentConstraint)", by_component, component),
        ("mutation($v: ComponentActionConstraint)", by_action, action),
        ("mutation($v: ID!)", "{ removeInstance(instanceId: $v) { id } }", json!(SOME_ID)),
    ]
}

#[test]
fn graphql_variables_with_one_thing_wrong() {
    let world = World::new();
    for (token, documents) in [(&world.developer.token, developer_documents()), (&world.app.token, app_documents())] {
        holds_for((0..documents.len(), any::<usize>(), json()), |(which, choice, value)| {
            let (head, tail, variable) = &documents[which];
            let variables = json!({ "v": spoiled(variable.clone(), choice, value) });
            let body = json!({ "query": format!("{head} {tail}"), "variables": variables });
            assert_graphql_answer(&world.server.send(&Request::post(GRAPHQL).bearer(token.as_str()).json(&body)));
        });
    }
    world.developer.graphql("{ profile { id } }", json!({})).data();
}

#[test]
fn graphql_documents_and_bodies_of_any_text() {
    let world = World::new();
    let token = world.developer.token.as_str();
    let tokens = "([{}()\\[\\]:!$@|&=#\",.]| |[a-z]{1,5}|[0-9]{1,3}|\"\"\"|\
        \\.\\.\\.|query|mutation|fragment|on|null|profile|id){0,12}";
    holds_for(prop_oneof![text(), tokens], |document| {
        let request = Request::post(GRAPHQL).bearer(token).json(&json!({ "query": document }));
        assert_graphql_answer(&world.server.send(&request));
    });
    holds_for(json(), |value| {
        assert_graphql_answer(&world.server.send(&Request::post(GRAPHQL).bearer(token).json(&value)));
        for key in ["query", "variables", "operationName", "extensions"] {
            let mut body = json!({ "query": "{ __typename }" });
            body[key] = value.clone();
            assert_graphql_answer(&world.server.send(&Request::post(GRAPHQL).bearer(token).json(&body)));
        }
    });
    world.developer.graphql("{ profile { id } }", json!({})).data();
}

#[test]
fn graphql_headers_of_any_bytes() {
    let world = World::new();
    let value =
        proptest::collection::vec(prop_oneof![1 => Just(b'\t'), 8 => 0x20_u8..=0x7e, 4 => 0x80_u8..=0xff], 0..300);
    let names = [
        "Authorization",
        "X-External-Subject-ID",
        "X-Request-Id",
        "Accept",
        "Content-Type",
        "Origin",
        "Accept-Encoding",
    ];
    holds_for((0..names.len(), value), |(name, value)| {
        let mut request =
            Request::post(GRAPHQL).body(json!({ "query": "{ connectorInstantiations { id } }" }).to_string());
        if names[name] != "Content-Type" {
            request = request.header("Content-Type", "application/json");
        }
        if names[name] != "Authorization" {
            request = request.bearer(world.app.token.as_str());
        }
        let response = world.server.send(&request.header(names[name], value));
        // What cannot be accepted at all need not be answered in a form that is not accepted.
        if names[name] == "Accept" {
            assert!(response.status < 500, "{response:?}");
        } else {
            assert_graphql_answer(&response);
        }
    });
}

#[test]
fn sign_ins_and_token_requests_of_any_kind() {
    let world = World::new();
    holds_for((json(), any::<usize>()), |(value, choice)| {
        // No good e-mail stands here, so that nothing is slowed down by hashing passwords.
        let body = spoiled(json!({ "email": 5, "password": "x" }), choice, value);
        let response = world.server.send(&Request::post("/api/v1/auth/login").json(&body));
        assert!(matches!(response.status, 400 | 401 | 413 | 429), "{response:?}");
        assert!(response.json()["error"].is_string(), "{response:?}");
    });
    let field = || prop_oneof![text(), Just("client_credentials".to_owned()), Just(world.app.id.clone())];
    holds_for((field(), field(), field(), field()), |(grant, id, secret, scope)| {
        let fields =
            [("grant_type", grant.as_str()), ("client_id", &id), ("client_secret", &secret), ("scope", &scope)];
        let response = world.server.send(&Request::post("/oauth2/token").form(&fields));
        assert!(matches!(response.status, 400 | 401 | 413 | 429), "{response:?}");
        assert!(response.json()["error"].is_string(), "{response:?}");
    });
    holds_for(proptest::collection::vec(any::<u8>(), 0..200), |body| {
        let request = Request::post("/oauth2/token").header("Content-Type", "application/x-www-form-urlencoded");
        let response = world.server.send(&request.body(body));
        assert!(matches!(response.status, 400 | 401), "{response:?}");
    });
}
