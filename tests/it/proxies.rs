//! nginx and Caddy in front of connhub, each with its default configuration (`proxy_pass …;` or
//! `reverse_proxy …` and nothing else): what works, and what is said about what cannot.
//!
//! nginx sends HTTP/1.0 with its upstream's address as Host and without Upgrade; Caddy sends everything as it
//! came, with `X-Forwarded-*`.

use crate::harness::{EMAIL, PASSWORD, Server};
use crate::http::{Request, Response};
use crate::oauth::flow::{Asked, Form, Landing, Scene, Tokens};
use crate::proxy::{Program, Proxy};
use crate::socket::PROTOCOL;
use crate::users::{GRAPHQL, HUB, World, login};
use serde_json::json;
use std::net::TcpStream;
use std::time::Duration;
use tungstenite::client::IntoClientRequest;

/// The name that people use in these tests; nothing looks it up.
const NAME: &str = "hub.example";
const AS_README_SAYS: [&str; 4] = ["--public-url", "http://hub.example", "--trusted-proxy", "127.0.0.1"];

/// A request as a browser sends it for the name that people use: over plain http, without Sec-Fetch headers.
fn of_browser(request: Request) -> Request {
    request.header("Host", NAME).header("Origin", format!("http://{NAME}"))
}

#[track_caller]
fn send(proxy: &Proxy, request: &Request) -> Response {
    let response = request.send(proxy.authority());
    assert!(response.status != 502, "{}", proxy.output());
    response
}

#[test]
fn pages_sign_in_graphql_and_the_hub_work_through_a_proxy() {
    for flags in [&[][..], &AS_README_SAYS] {
        // Callbacks to this machine are for a sandbox alone, or for who allows them.
        let world = World::with(&[flags, &["--allow-callback-net", "127.0.0.0/8"]].concat());
        let instance = world.instantiated();
        for program in Program::ALL {
            let proxy = program.start(&world.server.authority());
            for path in ["/", "/healthz", "/readyz", "/api/schema", "/.well-known/oauth-authorization-server"] {
                assert_eq!(send(&proxy, &Request::get(path)).status, 200, "{program:?} {flags:?} {path}");
            }
            let token = send(&proxy, &login(EMAIL, PASSWORD)).expect(200).json()["access_token"].clone();
            let asked = Request::post(GRAPHQL).json(&json!({ "query": "{ apps { id } }" }));
            let answer = send(&proxy, &asked.bearer(token.as_str())).expect(200).json();
            assert!(answer["data"]["apps"].is_array(), "{program:?}: {answer}");
            let report = Request::post(&format!("{HUB}/instances/state")).bearer(instance.hub.token.as_str());
            send(&proxy, &report.json(&json!({ "state": 2 }))).expect(204);
        }
    }
}

#[test]
fn the_whole_flow_of_oauth_works_through_a_proxy() {
    for flags in [&[][..], &AS_README_SAYS] {
        let scene = Scene::on(Server::with(flags));
        for program in Program::ALL {
            let proxy = program.start(&scene.server.authority());
            let asked = Asked::of(&scene.client);
            let page = send(&proxy, &Request::get(&asked.target())).expect(200);
            let same_site = |request: Request| request.header("Sec-Fetch-Site", "same-origin");
            let filled = Form::of(&page).filled(&[("email", EMAIL), ("password", PASSWORD)]);
            let question = Form::of(&send(&proxy, &same_site(filled)).expect(200));
            let allowed = question.filled(&[("decision", "allow"), ("app", &scene.app)]);
            let landing = Landing::of(&send(&proxy, &same_site(allowed)));
            let code = landing.get("code").unwrap_or_else(|| panic!("{program:?} {flags:?}: {landing:?}"));
            let tokens = Tokens::of(&scene.client.redeem(&code));
            let asked = Request::post(GRAPHQL).bearer(tokens.access.as_str());
            let answer = send(&proxy, &asked.json(&json!({ "query": "{ things { id } }" }))).expect(200).json();
            assert!(answer["data"]["things"].is_array(), "{program:?}: {answer}");
        }
    }
}

/// Where a proxy hides the name, its own pages look like another site's.
#[test]
fn a_name_that_a_proxy_hides_or_shows_is_explained() {
    let sandbox = Server::start();
    let known = Server::with(&AS_README_SAYS);
    for program in Program::ALL {
        let proxy = program.start(&sandbox.authority());
        let refused = send(&proxy, &of_browser(login(EMAIL, PASSWORD)));
        let description = refused.json()["description"].as_str().expect("a description").to_owned();
        let (status, words) = match program {
            Program::Nginx => (403, &["--public-url", "proxy_set_header Host"][..]),
            Program::Caddy => (421, &[NAME, "--allow-host", "--public-url"][..]),
        };
        assert_eq!(refused.status, status, "{program:?}: {refused:?}");
        for word in words {
            assert!(description.contains(word), "{program:?}, {word}: {description}");
        }
        let proxy = program.start(&known.authority());
        send(&proxy, &of_browser(login(EMAIL, PASSWORD))).expect(200);
        send(&proxy, &Request::get("/").header("Host", NAME)).expect(200);
    }
    // Nobody learns from that how to get around it: a page of another site is still refused.
    let foreign = login(EMAIL, PASSWORD).header("Origin", "http://evil.example");
    sandbox.send(&foreign).expect(403);
}

fn upgraded(proxy: &Proxy) -> bool {
    let stream = TcpStream::connect(proxy.authority()).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time-out");
    let mut request = format!("ws://{}{GRAPHQL}", proxy.authority()).into_client_request().expect("a request");
    request.headers_mut().append(PROTOCOL.0, PROTOCOL.1.parse().expect("a value"));
    let Ok((mut socket, _)) = tungstenite::client(request, stream) else { return false };
    socket.send(tungstenite::Message::text(r#"{"type":"ping"}"#)).expect("an open socket");
    socket.read().expect("an answer").to_string().contains("pong")
}

#[test]
fn websockets_work_through_caddy_and_through_nginx_as_the_readme_has_it() {
    let server = Server::start();
    assert!(upgraded(&Program::Caddy.start(&server.authority())));
    let directives = "proxy_http_version 1.1; proxy_set_header Host $host; proxy_set_header Upgrade $http_upgrade; \
                      proxy_set_header Connection upgrade;";
    assert!(upgraded(&Program::Nginx.start_with(&server.authority(), directives)));
    // Without them nginx asks for no upgrade, and nothing can be done about that here.
    assert!(!upgraded(&Program::Nginx.start(&server.authority())));
}
