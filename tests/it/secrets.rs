//! Secrets in what cannot be read: whatever parser fails on them, they are in no error, no log and no response.

use crate::connector::Kind;
use crate::harness::{EMAIL, Server, connhub, run};
use crate::http::Request;
use crate::socket::{PROTOCOL, Socket};
use crate::users::{GRAPHQL, HUB, World, id_of, lamp};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::fs;
use tempfile::TempDir;

/// In no text of ours, and short enough to be refused as a token.
const SECRET: &str = "hunter2-xyz";

#[test]
fn options_that_hold_a_secret_are_refused_without_it() {
    let folder = TempDir::new().expect("a folder");
    let file = |name: &str, contents: &str| {
        let path = folder.path().join(name);
        fs::write(&path, contents).expect("a file");
        path.into_os_string().into_string().expect("UTF-8")
    };
    let pem = file("key.pem", &format!("-----BEGIN PRIVATE KEY----- {SECRET} -----END PRIVATE KEY-----"));
    let url = format!("https://me:{SECRET}@hub.example/");
    let states = [
        format!(r#"{{"installations":"{SECRET}"}}"#),
        format!(r#"{{"installations":{{"a":{{"token":["{SECRET}"]}}}}}}"#),
        format!("{SECRET}{{"),
    ];
    let states: Vec<String> = (0..).zip(states).map(|(n, state)| file(&format!("state{n}"), &state)).collect();
    let mut cases: Vec<Vec<&str>> = vec![
        vec!["serve", "--public-url", &url],
        vec!["serve", "--public-url", "me:hunter2-xyz@hub.example"],
        vec!["serve", "--allow-host", &url],
        vec!["serve", "--allow-host", "me:hunter2-xyz@hub.example"],
        vec!["serve", "--metrics-token", SECRET],
        vec!["serve", "--secret", SECRET],
        vec!["serve", "--callback-ca", &pem],
        vec!["serve", "--tls-cert", &pem, "--tls-key", &pem],
        vec!["demo-connector", "--hub", &url],
        vec!["demo-connector", "--hub", "me:hunter2-xyz@hub.example"],
        vec!["demo-connector", "--public-key", SECRET],
    ];
    cases.extend(states.iter().map(|state| vec!["demo-connector", "--listen", "127.0.0.1:0", "--state", state]));
    for arguments in cases {
        let mut command = connhub();
        if arguments[0] == "serve" {
            command.env("CONNHUB_DB", folder.path().join("none.db")).env("CONNHUB_LISTEN", "127.0.0.1:0");
        }
        let refused = run(command.args(&arguments));
        assert!(!refused.success && !refused.stderr.is_empty(), "{arguments:?}");
        let said = format!("{}{}", refused.stdout, refused.stderr);
        assert!(!said.contains(SECRET), "{arguments:?}: {said}");
    }
}

#[test]
fn requests_that_hold_a_secret_are_refused_without_it() {
    let server = Server::with(&["--log", "trace"]);
    let post = |path: &str, body: String| Request::post(path).header("Content-Type", "application/json").body(body);
    let mut requests = Vec::new();
    for path in ["/api/v1/auth/login", "/api/v1/auth/register", GRAPHQL] {
        for body in [
            format!("\"{SECRET}\""),
            format!("{{\"{SECRET}"),
            format!("{SECRET}=1"),
            format!(r#"{{"email":"{EMAIL}","password":["{SECRET}"],"query":["{SECRET}"]}}"#),
            format!(r#"{{"email":"{EMAIL}","password":"{SECRET}\x","query":"{SECRET}\x"}}"#),
            format!(r#"{{"email":"{EMAIL}","password":"{SECRET}\ud800","query":"{SECRET}\ud800"}}"#),
            format!(r#"{{"query":"{{ a }}","variables":"{SECRET}"}}"#),
        ] {
            requests.push(post(path, body));
        }
    }
    let basic = STANDARD.encode(format!("client:{SECRET}%zz"));
    for authorization in [
        format!("Bearer {SECRET}"),
        format!("Bearer eyJhbGciOiJIUzI1NiJ9.{SECRET}.x"),
        format!("Basic {SECRET}"),
        format!("Basic {basic}"),
        SECRET.to_owned(),
    ] {
        for request in [
            Request::get("/api/v1/query?query=%7Bapps%7Bid%7D%7D"),
            Request::post(&format!("{HUB}/instances/state")).json(&json!({ "state": 2 })),
            Request::post("/oauth2/token").form(&[("grant_type", "client_credentials")]),
        ] {
            requests.push(request.header("Authorization", &authorization));
        }
    }
    for path in ["/oauth2/token", "/oauth2/introspect", "/oauth2/revoke"] {
        for form in ["client_secret", "token", "code", "refresh_token", "code_verifier"] {
            let fields = [(form, SECRET), ("grant_type", "refresh_token"), ("client_id", "x")];
            requests.push(Request::post(path).form(&fields));
            let broken = format!("{form}=%zz{SECRET}&client_id=x");
            requests.push(Request::post(path).header("Content-Type", "application/x-www-form-urlencoded").body(broken));
        }
    }
    for request in requests {
        let response = server.send(&request);
        assert!(response.status >= 400, "{request:?}: {response:?}");
        let whole = format!("{:?} {}", response.headers, String::from_utf8_lossy(&response.body));
        assert!(!whole.contains(SECRET), "{request:?}: {whole}");
    }
    let mut socket = Socket::upgrade(&server, &[PROTOCOL]).0;
    socket.send(&json!({ "type": "connection_init", "payload": { "Authorization": [SECRET] } }));
    assert!(!socket.until_closed().2.contains(SECRET));
    let mut socket = Socket::open(&server);
    socket.send(&json!({ "type": "subscribe", "id": "1", "payload": SECRET }));
    assert!(!socket.until_closed().2.contains(SECRET));
    assert!(!server.output().contains(SECRET), "{}", server.output());
}

const PASSWORD: &str = "pä\"ss/wörd <1>";

/// What a connector's JSON, URL, page or token could make of the password.
fn echoes() -> Vec<String> {
    let in_json = "pä\\\"ss\\/w\\u00f6rd \\u003C1>";
    let in_url = "p%C3%A4%22ss%2Fw%c3%b6rd+%3C1%3E";
    let in_html = "p&#xE4;&quot;ss/w&#246;rd &lt;1&gt;";
    let in_base64 = STANDARD.encode(format!("user:{PASSWORD}"));
    vec![
        format!(r#"{{"details":{{"said":"{in_json}"}}}}"#),
        format!(r#"{{"details":{{"url":"https://h/?p={in_url}","html":"{in_html}","basic":"{in_base64}"}}}}"#),
        format!(r#"{{"details":{{"{in_json}":["{in_json}"]}}}}"#),
        format!("<p>{in_html}</p>"),
        format!("{}{in_json}", "x".repeat(64 * 1024 - 12)),
    ]
}

#[test]
fn what_a_connector_echoes_is_hidden_in_the_log_and_in_details() {
    let fields = json!({ "configurationParameters": [
        { "id": "p", "name": "P", "valueType": "STRING", "displayType": "PASSWORD", "required": true },
    ] });
    let world = World::publishing(&["--log", "trace"], fields);
    let log = "{ callbacks(first: 1) { requestBody responseHeaders { value } responseBody error } }";
    for status in [202, 401, 500] {
        for echo in echoes() {
            let answer = json!({ "status": status, "body": echo, "headers": { "X-Echo": "p%C3%A4%22ss%2Fw%C3%B6rd%20%3C1%3E" } });
            world.connector.answers(Kind::Installation, &answer);
            let installed = world.developer.install(&world.app.id, &world.publication, &[("p", PASSWORD)]);
            let id = installed.field()["id"].as_str().expect("an ID").to_owned();
            let shown = format!(
                "{} {} {}",
                installed.field(),
                world.developer.graphql(log, json!({})).data(),
                world.developer.installation(&id)
            );
            assert_hidden(&shown, &echo);
            world.developer.remove_installation(&id, false).data();
        }
    }
    // What is reported later is shown to the same people.
    world.connector.answers(Kind::Installation, &json!({ "status": 202 }));
    let installed = world.developer.install(&world.app.id, &world.publication, &[("p", PASSWORD)]);
    let id = installed.field()["id"].as_str().expect("an ID").to_owned();
    let token =
        world.connector.arrived(Kind::Installation, 3 * echoes().len() + 1).pop().expect("one").token().to_owned();
    let report = json!({ "state": 4, "details": { "said": PASSWORD, "n": [1, "p%C3%A4%22ss%2Fw%c3%b6rd+%3C1%3E"] } });
    world.hub(&token).call("POST", "/installations/state", &report).expect(204);
    assert_hidden(&world.developer.installation(&id).to_string(), "a report");
    assert_hidden(&world.server.output(), "the log");
}

#[test]
fn what_a_connector_was_given_when_it_was_installed_is_hidden_wherever_it_says_it_later() {
    let fields = json!({ "configurationParameters": [
        { "id": "p", "name": "P", "valueType": "STRING", "displayType": "PASSWORD", "required": true },
    ] });
    let world = World::publishing(&["--log", "trace"], fields);
    let installed = world.developer.install(&world.app.id, &world.publication, &[("p", PASSWORD)]);
    let installation = id_of(installed.field());
    let log =
        || world.developer.graphql("{ callbacks(first: 1) { responseBody error } }", json!({})).data().to_string();
    let echo = json!({ "error": format!("no key {PASSWORD}") }).to_string();

    world.connector.answers(
        Kind::Instance,
        &json!({ "status": 202, "body": json!({ "details": { "key": PASSWORD } }).to_string() }),
    );
    let instance = world.app.instantiate(&installation, None, &[]);
    let id = id_of(instance.field());
    assert_hidden(&format!("{} {}", instance.field(), log()), "an instance's details");

    let hub = world.hub(world.connector.only(Kind::Instance).token());
    hub.call("POST", "/instances/state", &json!({ "state": 2, "details": { "key": PASSWORD } })).expect(204);
    assert_hidden(&world.app.instance(&id).to_string(), "an instance's report");

    let thing = hub.create_thing(&lamp());
    for status in [400, 403, 500] {
        world.connector.answers(Kind::Action, &json!({ "status": status, "body": echo }));
        let request = world.app.act(&thing, "toggle", &[]);
        assert_eq!(request.field()[0]["status"], "FAILED");
        assert_hidden(&format!("{} {}", request.field(), log()), "an action's response");
    }
    world.connector.answers(Kind::Action, &json!({ "status": 202 }));
    let pending = id_of(&world.app.act(&thing, "toggle", &[]).field()[0]);
    hub.end_action(&pending, &json!({ "status": "FAILED", "error": format!("no key {PASSWORD}") })).expect(204);
    assert_hidden(&world.app.action_request(&pending).to_string(), "an action's end");

    world.connector.answers(Kind::InstanceRemoval, &json!({ "status": 500, "body": echo }));
    let removed = world.app.remove_instance(&id);
    assert_hidden(&format!("{removed:?} {}", log()), "an instance's removal");
    assert_hidden(&world.server.output(), "the log");
}

#[track_caller]
fn assert_hidden(shown: &str, echo: &str) {
    let base64 = STANDARD.encode(format!("user:{PASSWORD}"));
    // The text is JSON, perhaps within JSON.
    for part in
        ["ss/w", "ss\\/w", "w\\u00f6", "w\\\\u00f6", "ss%2Fw", "w%c3%b6rd", "&quot;ss", "w&#246;", &base64[10..20]]
    {
        let at = shown.find(part);
        assert!(
            at.is_none(),
            "{part} of {echo:.100}: {}",
            &shown[at.unwrap_or(0)..].chars().take(200).collect::<String>()
        );
    }
}
