//! Programs that ask for the server by another name than its own, as in a container's network, and what tells them from
//! the pages that `crate::origins` keeps out.

use crate::harness::{EMAIL, PASSWORD, Server};
use crate::http::Request;
use crate::origins::{assert_unknown, host, with};
use crate::socket::{PROTOCOL, Socket};
use crate::users::{GRAPHQL, World, login};
use serde_json::json;

/// How a program in a container, behind a tunnel or in a hosts file asks for the server.
const NAMES: [&str; 4] = ["connhub:7171", "connhub.internal:7171", "my_stack-connhub_1:7171", "hub.tunnel.example"];

/// A program that has credentials is answered under any name: neither guard against browsers concerns it.
#[test]
fn programs_with_credentials_are_answered_under_any_name() {
    let world = World::new();
    let (server, app) = (&world.server, &world.app);
    let token = world.developer.token.as_str();
    let client = [("client_id", app.id.as_str()), ("client_secret", app.secret.as_str())];
    let basic = crate::oauth::flow::basic(&app.id, &app.secret);
    let query = || Request::post(GRAPHQL).json(&json!({ "query": "{ __typename }" }));
    let by_get = || Request::get("/api/v1/query?query=%7B__typename%7D");
    let own = || Request::post("/oauth2/token").form(&[("grant_type", "client_credentials")]);
    for name in NAMES {
        for request in [
            query().bearer(token),
            // Node's fetch.
            query().bearer(token).header("Sec-Fetch-Mode", "cors"),
            by_get().bearer(token),
            Request::new("HEAD", "/api/v1/query?query=%7B__typename%7D").bearer(token),
            Request::get("/api/schema").bearer(token),
            own().header("Authorization", &basic),
            Request::post("/oauth2/token").form(&[&[("grant_type", "client_credentials")], &client[..]].concat()),
            Request::post("/oauth2/introspect").form(&[("token", "x")]).header("Authorization", &basic),
            Request::post("/oauth2/revoke").form(&[&[("token", "x")], &client[..]].concat()),
        ] {
            server.send(&host(request, name)).expect(200);
        }
        // What is wrong with credentials is said by whoever looks at them, so that a client gets new ones.
        let profile = Request::post(GRAPHQL).json(&json!({ "query": "{ profile { email } }" })).bearer("expired");
        for request in [profile, own(), own().header("Authorization", "Basic bm9ib2R5Om5vdGhpbmc=")] {
            server.send(&host(request, name)).expect(401);
        }
        // From a browser a token is not enough: its page has to be at a name that the server has.
        let browsers: [&[(&str, &str)]; 3] = [
            &[("Origin", "http://connhub:7171")],
            &[("Origin", "null")],
            &[("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Mode", "cors")],
        ];
        let bare = name.split(':').next().expect("a name");
        for headers in browsers {
            for request in [query().bearer(token), by_get().bearer(token), own().header("Authorization", &basic)] {
                assert_unknown(&server.send(&with(host(request, name), headers)), bare);
            }
        }
    }
}

/// A token that has expired shows as well as a good one that no stranger's page asks.
#[test]
fn a_program_whose_token_has_ended_is_told_that_and_not_about_names() {
    let server = Server::with(&["--developer-token-lifetime", "1s"]);
    let token = server.send(&login(EMAIL, PASSWORD)).expect(200).json()["access_token"].clone();
    let token = token.as_str().expect("a token");
    let ask = || {
        let request = Request::get("/api/v1/query?query=%7Bprofile%7Bemail%7D%7D").bearer(token);
        server.send(&host(request, "connhub:7171")).status
    };
    crate::wait::until("the token has ended", || ask() != 200);
    assert_eq!(ask(), 401);
}

/// Browsers name the page's origin whenever they open a WebSocket, so one without it is a program's.
#[test]
fn a_programs_socket_is_opened_under_any_name() {
    let world = World::new();
    for name in NAMES {
        let (mut socket, agreed) = Socket::upgrade_as(&world.server, name, &[PROTOCOL]);
        assert_eq!(agreed.as_deref(), Some(PROTOCOL.1));
        let token = format!("Bearer {}", world.developer.token);
        socket.send(&json!({ "type": "connection_init", "payload": { "Authorization": token } }));
        assert_eq!(socket.receive(), json!({ "type": "connection_ack" }));
        let (mut socket, _) = Socket::upgrade_as(&world.server, name, &[PROTOCOL]);
        socket.send(&json!({ "type": "connection_init", "payload": { "Authorization": "Bearer nonsense" } }));
        assert_eq!(socket.close_code(), 4403);
    }
}
