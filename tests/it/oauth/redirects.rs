//! Where the authorization endpoint leads: only to what the app has registered, compared as the RFCs
//! say (RFC 6749, section 3.1.2; RFC 8252, section 7; RFC 9700, sections 2.1 and 4.1).

use super::authorization::assert_told;
use super::flow::{Asked, Client, Landing, REDIRECT, Scene, VERIFIER, register};

/// A client with these redirect URIs.
fn client(scene: &Scene, uris: &[&str]) -> Client {
    register(&scene.stranger, uris, true)
}

/// Every way to be refused that the client would be told of, asked for with this redirect URI.
fn broken(client: &Client, uri: &str) -> [Asked; 3] {
    let asked = Asked::of(client).with("redirect_uri", uri);
    [asked.clone(), asked.clone().with("scope", "nonsense"), asked.with("response_type", "token")]
}

/// RFC 6749, sections 3.1.2.4 and 4.1.2.1: with a redirect URI that is missing, wrong or another's, or
/// a client that is unknown, the browser must not be led there by itself, and the person is told. RFC 9700,
/// sections 2.1 and 4.11.2: the server must not lead to whatever stands in a URL.
#[test]
fn nobody_is_led_to_an_address_that_is_not_the_clients() {
    let scene = Scene::new();
    let elsewhere = client(&scene, &["https://elsewhere.example/"]);
    for uri in
        ["https://evil.example/", "https://elsewhere.example/", "//evil.example", "callback", "javascript:alert(1)"]
    {
        for asked in broken(&scene.client, uri) {
            assert_told(&scene.open(&asked));
        }
    }
    let nobody = "01890000-0000-7000-8000-000000000000";
    for id in [nobody, "nonsense", "", "'; DROP TABLE apps; --", &scene.client.id[1..]] {
        for asked in broken(&scene.client, REDIRECT) {
            assert_told(&scene.open(&asked.with("client_id", id)));
        }
    }
    assert_told(&scene.open(&Asked::of(&scene.client).without("client_id")));
    scene.open(&Asked::of(&elsewhere).with("redirect_uri", "https://elsewhere.example/")).expect(200);
}

/// RFC 6749, sections 3.1.2.3 and 10.6, RFC 8252, section 8.4, and RFC 9700, sections 2.1 and 4.1.3: what is
/// asked for must be a registered URI, by each character.
#[test]
fn redirect_uris_are_compared_by_each_character() {
    let scene = Scene::new();
    for other in [
        "https://client.example/callback/",
        "https://client.example/callback?",
        "https://client.example/callback?x=1",
        "https://client.example/Callback",
        "https://CLIENT.example/callback",
        "HTTPS://client.example/callback",
        "https://client.example:443/callback",
        "https://client.example./callback",
        "https://client.example/x/../callback",
        "https://client.example/callback%2F..",
        "https://client.example/call%62ack",
        "https://client.example/callback#f",
        "https://client.example/callback ",
        "https://user@client.example/callback",
        "https://client.example\\@evil.example/callback",
        "https://client.example.evil.example/callback",
        "http://client.example/callback",
        "https://client.example/callback/../../evil",
    ] {
        for asked in broken(&scene.client, other) {
            assert_told(&scene.open(&asked));
        }
    }
}

/// RFC 8252, sections 7 and 7.3: the port of a loopback address must not matter, because an app gets it from
/// its system; everything else must. RFC 9700, sections 2.1 and 4.1.3: so it must be for `localhost`.
#[test]
fn a_native_app_may_listen_on_any_port_of_this_machine() {
    let scene = Scene::new();
    let native = register(&scene.stranger, &["http://127.0.0.1/cb", "http://[::1]:1/cb?x=1"], false);
    let by_name = register(&scene.stranger, &["http://localhost/cb"], false);
    for (native, uri) in [
        (&native, "http://127.0.0.1:49152/cb"),
        (&native, "http://127.0.0.1/cb"),
        (&native, "http://[::1]:8080/cb?x=1"),
        (&by_name, "http://localhost/cb"),
        (&by_name, "http://localhost:3000/cb"),
    ] {
        let asked = Asked::of(native).with("redirect_uri", uri);
        let landing = scene.allow(&asked);
        assert!(landing.0.as_str().starts_with(uri), "{landing:?}");
        // The port that it asked with is then part of the rule for redeeming (RFC 6749, section 4.1.3).
        let code = landing.get("code").expect("a code");
        let with_port = |uri: &str| native.redeem_with(&code, &[("redirect_uri", uri), ("code_verifier", VERIFIER)]);
        with_port("http://127.0.0.1:1/cb").expect(400);
        with_port(uri).expect(200);
    }
    for uri in [
        "http://127.0.0.1:49152/other",
        "http://127.0.0.1:49152/cb/",
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.1:80@evil.example/cb",
        "http://127.0.0.1:80:81/cb",
        "http://127.0.0.1:99999/cb",
        "http://127.0.0.2:80/cb",
        "http://localhost:80/cb",
        "https://127.0.0.1:80/cb",
        "http://[::1]:8080/cb?x=2",
    ] {
        assert_told(&scene.open(&Asked::of(&native).with("redirect_uri", uri)));
    }
    for uri in ["http://localhost:3000/other", "http://localhost.evil.example/cb", "http://127.0.0.1/cb"] {
        assert_told(&scene.open(&Asked::of(&by_name).with("redirect_uri", uri)));
    }
    let web = client(&scene, &["https://localhost/cb"]);
    assert_told(&scene.open(&Asked::of(&web).with("redirect_uri", "https://localhost:1/cb")));
}

/// RFC 8252, sections 7 and 7.1: it must be possible to lead to an app by a scheme of its own.
#[test]
fn a_native_app_may_have_a_scheme_of_its_own() {
    let scene = Scene::new();
    let native = register(&scene.stranger, &["com.example.app:/callback"], false);
    let landing = scene.allow(&Asked::of(&native).with("redirect_uri", "com.example.app:/callback"));
    assert!(landing.0.as_str().starts_with("com.example.app:/callback?code="), "{landing:?}");
    assert_told(&scene.open(&Asked::of(&native).with("redirect_uri", "com.example.other:/callback")));
}

/// RFC 8252, sections 7 and 7.2: it must be possible to lead to an app by an https URI, which its system gives
/// to it. Section 8.4: that it has no secret must be on record, as that URI does not tell.
#[test]
fn a_native_app_may_have_an_https_uri() {
    let scene = Scene::new();
    assert!(scene.allow(&Asked::of(&scene.public)).0.as_str().starts_with(REDIRECT));
    let query = "query($app: ID!) { app(id: $app) { hasSecret } }";
    for client in [&scene.public, &scene.client] {
        let told = scene.stranger.graphql(query, serde_json::json!({ "app": client.id }));
        assert_eq!(told.field()["hasSecret"], client.secret.is_some());
    }
}

/// RFC 6749, section 3.1.2.2: clients must register where they are led back to; section 10.6: those without a
/// secret must.
#[test]
fn an_app_without_a_redirect_uri_is_led_nowhere() {
    let scene = Scene::new();
    for has_secret in [true, false] {
        let bare = register(&scene.stranger, &[], has_secret);
        assert_told(&scene.open(&Asked::of(&bare)));
        assert_told(&scene.open(&Asked::of(&bare).without("redirect_uri")));
    }
}

/// RFC 6749, section 3.1.2.3: where more than one is registered, the request must name which.
#[test]
fn where_there_are_several_redirect_uris_the_request_names_one() {
    let scene = Scene::new();
    let other = "https://client.example/other";
    let several = client(&scene, &[REDIRECT, other]);
    assert_told(&scene.open(&Asked::of(&several).without("redirect_uri")));
    assert!(scene.allow(&Asked::of(&several).with("redirect_uri", other)).0.as_str().starts_with(other));
    // Where there is one, it need not be named.
    let landing = Landing::of(&scene.open(&Asked::of(&scene.client).without("redirect_uri").with("scope", "x")));
    assert!(landing.0.as_str().starts_with(REDIRECT), "{landing:?}");
}

/// RFC 9700, section 4.1: what an app no longer has registered is not led to, also where somebody is
/// just about to say yes.
#[test]
fn a_redirect_uri_that_was_taken_away_meanwhile_gets_no_code() {
    let scene = Scene::new();
    let form = scene.question(&Asked::of(&scene.client));
    let update = "mutation($app: ID!) { updateApp(appId: $app, redirectUris: [\"https://new.example/\"]) { id } }";
    scene.stranger.graphql(update, serde_json::json!({ "app": scene.client.id })).data();
    let answer = scene.server.send(&form.filled(&[("decision", "allow"), ("app", &scene.app)])).expect(409);
    assert_eq!(answer.header("Location"), None);
    assert_eq!(scene.grants(), 0);
}
