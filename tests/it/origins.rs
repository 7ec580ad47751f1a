//! Against the browser: names that a stranger leads to this machine (DNS rebinding), other sites' forms,
//! sockets and scripts. Over real HTTP, with headers as browsers have them, and odd ones.

use crate::harness::{EMAIL, PASSWORD, Server};
use crate::http::{Request, Response};
use crate::http2;
use crate::socket::{PROTOCOL, Socket};
use crate::users::{Developer, GRAPHQL, HUB, World, login};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

/// Everything that a browser could be made to ask for under a name, and the hub's paths, written oddly. A page can choose
/// `Authorization`, but has no token of ours. Browsers send `Origin` with every method but GET and HEAD, also to a page's
/// own origin; over plain http they send no `Sec-Fetch-Site`.
fn paths(name: &str) -> Vec<Request> {
    let origin = format!("http://{name}");
    let own = |request: Request| host(request, name).header("Origin", &origin);
    let guess = "Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl";
    let basic = "Basic bm9ib2R5Om5vdGhpbmc=";
    let by_get = [
        Request::get("/"),
        Request::get("/apps"),
        Request::get("/favicon.svg"),
        Request::get("/nothing.js"),
        Request::get("/api/schema"),
        Request::get("/api/v1/query?query=%7B__typename%7D"),
        Request::get("/api/v1/query?query=%7B__typename%7D").header("Authorization", guess),
        Request::get("/api/v1/query?query=%7B__typename%7D").header("Authorization", basic),
        Request::get("/metrics"),
        Request::get("/metrics").header("Authorization", guess),
        Request::get("/oauth2/auth?client_id=x"),
        Request::get("/oauth2/token").header("Authorization", basic),
        Request::get("/.well-known/oauth-authorization-server"),
        Request::get("/.well-known/oauth-authorization-server").header("Authorization", basic),
        Request::get("/api/v1/connectorhub"),
        Request::get("//api/v1/connectorhub/callback/instances/state"),
        Request::get("/healthz/../"),
        Request::get("/HEALTHZ"),
    ];
    let others = [
        Request::post(GRAPHQL).json(&json!({ "query": "{ about { generatedAccount } }" })),
        Request::post(GRAPHQL).json(&json!({ "query": "{ __typename }" })).header("Authorization", guess),
        Request::new("OPTIONS", GRAPHQL),
        login(EMAIL, PASSWORD),
        Request::post("/api/v1/auth/register").json(&json!({})),
        Request::post("/oauth2/auth/decision").form(&[("ticket", "x")]),
        Request::post("/oauth2/token").form(&[("grant_type", "client_credentials")]),
        Request::post("/oauth2/token").form(&[("grant_type", "client_credentials")]).header("Authorization", basic),
        Request::post("/oauth2/revoke").form(&[("token", "x"), ("client_id", "x"), ("client_secret", "x")]),
    ];
    by_get.map(|request| host(request, name)).into_iter().chain(others.map(own)).collect()
}

pub fn host(request: Request, host: &str) -> Request {
    request.header("Host", host)
}

/// Asserts that a request was refused for its name, and that a person is told what to do.
#[track_caller]
pub fn assert_unknown(answer: &Response, name: &str) {
    assert_eq!(answer.status, 421, "{name}: {answer:?}");
    let description = answer.json()["description"].as_str().expect("a description").to_owned();
    for words in [name, "--allow-host", "--public-url"] {
        assert!(description.contains(words), "{words}: {description}");
    }
}

#[test]
fn a_name_that_a_stranger_led_here_is_refused_everywhere_but_at_the_hub() {
    let server = Server::start();
    for request in paths("rebinding.evil.example:7171") {
        let answer = server.send(&request);
        assert_unknown(&answer, "rebinding.evil.example");
    }
    // Without credentials a program is refused as a page is, and so is one that signs a person in.
    for request in [
        Request::post(GRAPHQL).json(&json!({ "query": "{ about { generatedAccount } }" })),
        Request::new("OPTIONS", GRAPHQL),
        login(EMAIL, PASSWORD),
        login(EMAIL, PASSWORD).bearer("nonsense"),
        Request::post("/oauth2/auth/decision").form(&[("ticket", "x")]),
        Request::post("/oauth2/token").json(&json!({ "grant_type": "client_credentials" })),
        Request::post("/metrics").bearer("nonsense"),
    ] {
        assert_unknown(&server.send(&host(request, "rebinding.evil.example:7171")), "rebinding.evil.example");
    }
    // Nothing else of the server is below the hub's path, whatever stands in it.
    for path in
        ["/api/v1/connectorhub/../query?query=%7B__typename%7D", "/api/v1/connectorhub/callback/%2e%2e/%2e%2e/query"]
    {
        server.send(&host(Request::get(path), "evil.example")).expect(404);
    }
}

#[test]
fn the_hub_and_probes_take_any_name() {
    let world = World::new();
    let instance = world.instantiated();
    for name in ["api.connctd.io", "evil.example", "connector.internal:8080", "{odd", "a@b", ""] {
        let report = Request::post(&format!("{HUB}/instances/state")).bearer(instance.hub.token.as_str());
        world.server.send(&host(report.json(&json!({ "state": 2 })), name)).expect(204);
        for probe in ["/healthz", "/readyz"] {
            world.server.send(&host(Request::get(probe), name)).expect(200);
        }
    }
}

#[test]
fn this_machines_names_and_addresses_are_known_however_they_are_written() {
    let server = Server::start();
    let authority = server.authority();
    for name in [
        authority.as_str(),
        "localhost",
        "LocalHost:7171",
        "localhost.",
        "localhost.:7171",
        "app.localhost:80",
        "127.0.0.1",
        "127.8.8.8:1",
        "[::1]",
        "[::1]:7171",
        "[::ffff:127.0.0.1]",
        "192.168.0.7:7171",
        "[fe80::1]:7171",
        "api.connctd.io",
        "connctd.io:443",
        "CONNECTORS.connctd.io.",
    ] {
        server.send(&host(Request::get("/api/schema"), name)).expect(200);
    }
}

/// A browser looks up whatever has none of the characters that URLs forbid in hosts, and sends it: `{` is
/// none of those, and no name for Rust's crate http. What cannot be read must not count as not there.
#[test]
fn what_cannot_be_read_as_a_name_is_not_let_through() {
    let server = Server::start();
    for name in [
        "{.evil.example",
        "{.evil.example:7171",
        "evil.example\"",
        "`evil.example:7171",
        "evil.example:port",
        "evil.example:80:80",
        "evil.example:99999",
        "evil.example/",
        "http://127.0.0.1",
        "127.0.0.1, evil.example",
        "127.0.0.1 evil.example",
        "[::1",
        "[fe80::1%25eth0]:7171",
        "ümlaut.example",
        "",
        ":7171",
        "127.0.0.1@evil.example",
        "evil.example@127.0.0.1",
        "user:7171@localhost:7171",
        "@localhost",
    ] {
        for request in paths(name) {
            let answer = server.send(&request);
            assert!(matches!(answer.status, 400 | 421), "{name}: {answer:?}");
            assert_eq!(answer.header("Location"), None);
        }
    }
    // What looks like one of ours and is none.
    for name in [
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "localhostevil.example",
        "notconnctd.io",
        "connctd.io.evil.example",
        "2130706433",
        "0x7f000001",
        "127.1",
        "017700000001",
    ] {
        assert_unknown(&server.send(&host(Request::get("/"), name)), name);
    }
}

#[test]
fn a_request_names_its_server_once() {
    let server = Server::start();
    let authority = server.authority();
    let twice = |first: &str, second: &str| server.send(&host(host(Request::get("/api/schema"), first), second));
    for (first, second) in
        [(authority.as_str(), "evil.example"), ("evil.example", &authority), (&authority, &authority)]
    {
        twice(first, second).expect(400);
    }
    // RFC 9112, section 3.2.2: the target's own name counts; one that differs from Host is refused.
    let absolute =
        |target: &str, name: &str| server.send(&host(Request::get(&format!("http://{target}/api/schema")), name));
    absolute(&authority, &authority).expect(200);
    absolute("localhost", "localhost").expect(200);
    absolute("evil.example", &authority).expect(400);
    absolute(&authority, "evil.example").expect(400);
    assert_unknown(&absolute("evil.example", "evil.example"), "evil.example");
}

/// RFC 9112, section 3.2: a request of HTTP/1.1 without Host must be refused; HTTP/1.0 knew none.
#[test]
fn a_request_of_http_1_1_names_its_server() {
    let server = Server::start();
    let first_line = |head: &str| {
        let mut stream = TcpStream::connect(server.authority()).expect("a connection");
        write!(stream, "{head}\r\nConnection: close\r\n\r\n").expect("it is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer.lines().next().unwrap_or_default().to_owned()
    };
    for target in ["/", "/api/schema", &format!("http://{}/api/schema", server.authority())] {
        assert_eq!(first_line(&format!("GET {target} HTTP/1.1")), "HTTP/1.1 400 Bad Request", "{target}");
        assert_eq!(first_line(&format!("GET {target} HTTP/1.0")), "HTTP/1.0 200 OK", "{target}");
    }
}

/// RFC 9113, section 8.3.1: a header Host that differs from `:authority` is refused; one that is the same is not.
#[test]
fn over_http_2_a_second_name_is_refused() {
    let server = Server::start();
    let authority = server.authority();
    let named = |name: &str| {
        let mut request = http2::get(&authority, "/api/schema");
        request.headers_mut().insert("host", name.parse().expect("a header"));
        http2::status(&authority, request)
    };
    assert_eq!(named(&authority), 200);
    for other in ["evil.example", "localhost"] {
        assert_eq!(named(other), 400, "{other}");
    }
    assert_eq!(http2::status(&authority, http2::get("evil.example", "/api/schema")), 421);
}

/// With curl, which speaks HTTP/2 without TLS too: there `:authority` is the name.
#[test]
fn over_http_2_the_name_counts_as_well() {
    let server = Server::start();
    let status = |headers: &[&str]| {
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--http2-prior-knowledge",
            "--output",
            "/dev/null",
            "--write-out",
            "%{http_version} %{http_code}",
        ]);
        for header in headers {
            curl.args(["--header", header]);
        }
        let finished = crate::harness::run(curl.arg(format!("{}/api/schema", server.url())));
        assert!(finished.success, "{}", finished.stderr);
        finished.stdout
    };
    assert_eq!(status(&[]), "2 200");
    // curl makes :authority of the header Host.
    assert_eq!(status(&["Host: evil.example"]), "2 421");
    assert_eq!(status(&["Host: localhost:7171"]), "2 200");
}

#[test]
fn what_the_operator_says_is_known_and_told() {
    let server = Server::with(&["--allow-host", "tunnel.example,GRÜN.example", "--allow-host", "third.example."]);
    let ask = |name: &str| server.send(&host(Request::get("/api/schema"), name));
    for name in ["tunnel.example", "TUNNEL.example.:443", "xn--grn-ioa.example", "third.example", "localhost"] {
        ask(name).expect(200);
    }
    assert_unknown(&ask("sub.tunnel.example"), "sub.tunnel.example");
    server.restart_with(&["--public-url", "https://hub.example:8443"]);
    for name in ["hub.example:8443", "Hub.Example", "127.0.0.1"] {
        ask(name).expect(200);
    }
    assert_unknown(&ask("tunnel.example"), "tunnel.example");
    server.restart_with(&["--allow-host", "*"]);
    ask("anything.example").expect(200);
    ask("{.evil.example").expect(400);
}

#[test]
fn a_name_to_allow_is_a_name_alone() {
    for wrong in ["https://hub.example", "hub.example:443", "a b", "", "user@hub.example", "hub.example/path"] {
        let finished = crate::harness::run(crate::harness::connhub().args([
            "serve",
            "--db",
            "/nonexistent/x",
            "--allow-host",
            wrong,
        ]));
        assert!(!finished.success && finished.stderr.contains("--allow-host"), "{wrong}: {}", finished.stderr);
    }
}

/// A page under a stranger's name reaches a server in a private network through its visitors' browsers, as it reaches one
/// on loopback.
#[test]
fn a_server_that_listens_on_all_interfaces_has_no_names_but_those_it_was_given() {
    let ask = |server: &Server, request: Request, name: &str| {
        let port = server.authority().rsplit(':').next().expect("a port").to_owned();
        host(request, name).send(&format!("127.0.0.1:{port}"))
    };
    let plain = || Request::get("/api/schema");
    let server = Server::with(&["--listen", "0.0.0.0:0"]);
    for name in ["anything.example", "evil.example:7171", "mybox", "mybox.local"] {
        for request in paths(name) {
            let port = server.authority().rsplit(':').next().expect("a port").to_owned();
            let answer = request.send(&format!("127.0.0.1:{port}"));
            assert_unknown(&answer, name.split(':').next().expect("a host"));
        }
    }
    ask(&server, plain(), "{.evil.example").expect(400);
    for name in ["127.0.0.1", "192.168.0.7:7171", "[fe80::1]", "localhost:7171", "api.connctd.io"] {
        ask(&server, plain(), name).expect(200);
    }
    for probe in ["/healthz", "/readyz"] {
        ask(&server, Request::get(probe), "connhub.internal").expect(200);
    }
    server.restart_with(&["--listen", "0.0.0.0:0", "--allow-host", "mybox.local"]);
    for (name, status) in [("mybox.local:7171", 200), ("mybox", 421), ("127.0.0.1", 200)] {
        ask(&server, plain(), name).expect(status);
    }
    server.restart_with(&["--listen", "0.0.0.0:0", "--public-url", "https://hub.example"]);
    for (name, status) in [("hub.example", 200), ("mybox.local", 421), ("127.0.0.1", 200)] {
        ask(&server, plain(), name).expect(status);
    }
}

/// Programs reach it by the name of its container.
#[test]
fn programs_with_credentials_reach_a_server_on_all_interfaces_under_any_name() {
    let server = Server::with(&["--listen", "0.0.0.0:0"]);
    let developer = Developer::sign_in(&server);
    let port = server.authority().rsplit(':').next().expect("a port").to_owned();
    let here = format!("127.0.0.1:{port}");
    let query = || Request::post(GRAPHQL).json(&json!({ "query": "{ __typename }" })).bearer(developer.token.as_str());
    host(query(), "connhub:7171").send(&here).expect(200);
    let by_page = query().header("Origin", "http://connhub:7171");
    assert_unknown(&host(by_page, "connhub:7171").send(&here), "connhub");
}

/// Headers that tell that another site's page asks.
const FOREIGN: [&[(&str, &str)]; 7] = [
    &[("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")],
    &[("Origin", "https://evil.example")],
    &[("Origin", "null")],
    &[("Origin", "null"), ("Sec-Fetch-Site", "cross-site")],
    &[("Sec-Fetch-Site", "same-site"), ("Origin", "http://localhost:3000")],
    &[("Origin", "http://localhost:3000")],
    &[("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")],
];

pub fn with(request: Request, headers: &[(&str, &str)]) -> Request {
    headers.iter().fold(request, |request, (name, value)| request.header(name, value))
}

#[test]
fn no_other_sites_page_signs_in_or_registers() {
    let server = Server::with(&["--open-signup"]);
    let new = json!({ "email": "new@example.com", "password": "a long password" });
    for headers in FOREIGN {
        for request in [login(EMAIL, PASSWORD), Request::post("/api/v1/auth/register").json(&new)] {
            let answer = server.send(&with(request, headers));
            assert!(matches!(answer.status, 400 | 403), "{headers:?}: {answer:?}");
            assert!(!answer.text().contains("access_token"));
            assert_eq!(answer.header("Access-Control-Allow-Origin"), None);
        }
    }
    server.send(&login("new@example.com", "a long password")).expect(401);
    let url = server.url();
    let own: [&[(&str, &str)]; 4] = [
        &[],
        &[("Origin", &url), ("Sec-Fetch-Site", "same-origin")],
        &[("Origin", &url)],
        &[("Sec-Fetch-Site", "none")],
    ];
    for headers in own {
        server.send(&with(login(EMAIL, PASSWORD), headers)).expect(200);
    }
    // A browser asks first, and is not told that it may.
    let preflight = Request::new("OPTIONS", "/api/v1/auth/login").header("Origin", "https://evil.example");
    assert_eq!(server.send(&preflight).header("Access-Control-Allow-Origin"), None);
}

/// Behind a proxy that speaks TLS the browser's origin is that of the public URL.
#[test]
fn the_public_urls_own_page_signs_in() {
    let server = Server::with(&["--public-url", "https://hub.example"]);
    let origin = |origin: &str| server.send(&login(EMAIL, PASSWORD).header("Origin", origin));
    origin("https://hub.example").expect(200);
    origin("https://hub.example.evil.example").expect(403);
    origin("http://hub.example").expect(403);
}

/// What a page can send without being asked first, as forms do: with it nobody acts, since the API wants a
/// token that no browser has by itself.
#[test]
fn a_form_of_another_site_changes_nothing() {
    let world = World::new();
    let mutation = json!({ "query": "mutation { createApp(name: \"Evil\") { clientId } }" }).to_string();
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json"]
    {
        let request = Request::post(GRAPHQL).header("Content-Type", kind).body(mutation.as_str());
        let answer = world.server.send(&with(request, FOREIGN[0]));
        assert!(matches!(answer.status, 401 | 415 | 400), "{kind}: {answer:?}");
    }
    let by_get = "/api/v1/query?query=mutation%7BcreateApp(name%3A%22Evil%22)%7BclientId%7D%7D";
    let answer = world.server.send(&with(Request::get(by_get), FOREIGN[0]));
    assert!(matches!(answer.status, 401 | 405), "{answer:?}");
    let apps = world.developer.graphql("{ apps { name } }", json!({}));
    assert_eq!(*apps.field(), json!([{ "name": "Test app" }]));
    // The server sets no cookie, ever: there is nothing that a browser would send along, and no token in one, where
    // it must not be (RFC 6750, sections 5.2 and 5.3).
    for request in [Request::get("/"), login(EMAIL, PASSWORD), Request::get("/api/schema")] {
        assert_eq!(world.server.send(&request).header("Set-Cookie"), None);
    }
}

#[test]
fn scripts_of_any_page_may_call_the_api_with_a_token_and_cookies_are_never_asked_for() {
    let world = World::new();
    let foreign = |request: Request| world.server.send(&request.header("Origin", "https://app.example"));
    let query = Request::post(GRAPHQL).json(&json!({ "query": "{ profile { email } }" }));
    for request in [
        query.clone().bearer(world.developer.token.as_str()),
        query,
        Request::get("/api/schema"),
        Request::new("OPTIONS", GRAPHQL),
        Request::post("/oauth2/token").form(&[]),
        Request::get("/.well-known/oauth-authorization-server"),
    ] {
        let answer = foreign(request);
        assert_eq!(answer.header("Access-Control-Allow-Origin"), Some("*"), "{answer:?}");
        // With an asterisk a browser sends and shows nothing for which somebody is signed in.
        assert_eq!(answer.header("Access-Control-Allow-Credentials"), None);
    }
    for page in ["/", "/favicon.svg", "/oauth2/auth"] {
        assert_eq!(foreign(Request::get(page)).header("Access-Control-Allow-Origin"), None, "{page}");
    }
}

/// Browsers open sockets to any site, whatever the page's origin, and let pages read them: so all hangs on
/// the token in the first message.
#[test]
fn another_sites_socket_without_a_token_is_closed_with_4403_and_told_nothing() {
    let world = World::new();
    let foreign = [PROTOCOL, ("Origin", "https://evil.example")];
    for payload in [json!({}), json!({ "Authorization": "Bearer nonsense" }), json!({ "Authorization": "Bearer null" })]
    {
        let (mut socket, _) = Socket::upgrade(&world.server, &foreign);
        socket.send(&json!({ "type": "connection_init", "payload": payload }));
        assert_eq!(socket.close_code(), 4403, "{payload}");
    }
    // Nor does it help to ask at once.
    let (mut socket, _) = Socket::upgrade(&world.server, &foreign);
    socket.begin("1", "{ apps { id } }", json!({}));
    assert_eq!(socket.close_code(), 4401);
    // With a good token a page of any origin listens, as it queries.
    let (mut socket, _) = Socket::upgrade(&world.server, &foreign);
    let token = format!("Bearer {}", world.developer.token);
    socket.send(&json!({ "type": "connection_init", "payload": { "Authorization": token } }));
    assert_eq!(socket.receive(), json!({ "type": "connection_ack" }));
    // A name that a stranger led here gets no socket at all.
    let upgrade = Request::get(GRAPHQL)
        .header("Host", "rebinding.evil.example")
        .header("Origin", "http://rebinding.evil.example")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")
        .header(PROTOCOL.0, PROTOCOL.1);
    assert_unknown(&world.server.send(&upgrade), "rebinding.evil.example");
}
