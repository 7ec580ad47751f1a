//! Tokens against forgers: each kind in place of each other, other algorithms and keys, headers that name
//! keys, altered claims. The tests sign with the server's own key, so that what is under test is the only
//! thing wrong (auth.md, "Tokens"; RFC 8725; RFC 9700, section 2.3).

use crate::connector::Kind;
use crate::harness::{EMAIL, PASSWORD, Server};
use crate::http::{Request, Response};
use crate::oauth::flow::{Asked, Scene};
use crate::users::{GRAPHQL, World};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use std::sync::Arc;

const SECRET: &str = "a secret that the test and the server share";

fn server() -> Arc<Server> {
    let environment = [("CONNHUB_EMAIL", EMAIL), ("CONNHUB_PASSWORD", PASSWORD), ("CONNHUB_SECRET", SECRET)];
    Server::with_environment(&[], &environment)
}

/// What a token says.
fn claims(token: &str) -> Value {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).expect("claims")).expect("base64url");
    serde_json::from_slice(&claims).expect("JSON")
}

fn sign(header: &Header, claims: &Value, secret: &str) -> String {
    jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(secret.as_bytes())).expect("a token")
}

/// A token with these claims by the server's own key, as the server would make it.
fn forged(claims: &Value) -> String {
    sign(&Header::new(Algorithm::HS256), claims, SECRET)
}

/// The claims with others in their place; null takes one out.
fn with(claims: &Value, changes: Value) -> Value {
    let mut claims = claims.clone();
    for (name, value) in changes.as_object().expect("changes") {
        if value.is_null() {
            claims.as_object_mut().expect("claims").remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

/// A door for each kind: how it is knocked at with a token.
type Door = (&'static str, fn(&str) -> Request);

const DOORS: [Door; 4] = [
    ("developer", |token| {
        Request::post(GRAPHQL).bearer(token).json(&json!({ "query": "{ profile { id } apps { id } }" }))
    }),
    ("service", |token| Request::post(GRAPHQL).bearer(token).json(&json!({ "query": "{ things { id } }" }))),
    ("installation", |token| {
        let path = "/api/v1/connectorhub/callback/installations/state";
        Request::post(path).bearer(token).json(&json!({ "state": 2 }))
    }),
    ("instance", |token| {
        let path = "/api/v1/connectorhub/callback/instances/state";
        Request::post(path).bearer(token).json(&json!({ "state": 2 }))
    }),
];

/// A good token of each kind, with its door.
fn tokens(world: &World) -> Vec<(Door, String)> {
    let instance = world.instantiated().hub.token;
    let installation = world.connector.only(Kind::Installation).token().to_owned();
    let tokens = [world.developer.token.clone(), world.app.token.clone(), installation, instance];
    DOORS.into_iter().zip(tokens).collect()
}

fn is_open(answer: &Response) -> bool {
    matches!(answer.status, 200 | 204)
}

/// RFC 8725, sections 2.8 and 3.12, RFC 9700, section 2.3, and auth.md: a token of one kind must never be taken
/// for another, and says in `aud` which it is.
#[test]
fn a_token_of_one_kind_opens_no_other_kinds_door() {
    let world = World::on(server(), json!({}));
    let all = tokens(&world);
    for ((of, _), token) in &all {
        for ((door, knock), _) in &all {
            let answer = world.server.send(&knock(token));
            assert_eq!(is_open(&answer), of == door, "{of} at {door}: {answer:?}");
            assert!(of == door || answer.status == 403, "{of} at {door}: {answer:?}");
        }
    }
}

/// The same for what OAuth 2.0 has besides: codes and refresh tokens are no bearers', and these none of
/// those.
#[test]
fn codes_and_refresh_tokens_open_no_door_and_bearers_tokens_refresh_nothing() {
    let scene = Scene::on(server());
    let code = scene.code(&Asked::of(&scene.client));
    let tokens = scene.tokens(&scene.client);
    for (door, knock) in DOORS {
        for (what, token) in [("code", code.as_str()), ("refresh token", tokens.refresh())] {
            let answer = scene.server.send(&knock(token));
            assert_eq!(answer.status, 401, "{what} at {door}: {answer:?}");
        }
    }
    let secret = scene.client.secret.clone().expect("a secret");
    for other in [&tokens.access, &code, &scene.developer.token, &secret] {
        assert_eq!(scene.client.refresh(other).expect(400).json()["error"], "invalid_grant");
    }
    for other in [&tokens.access, tokens.refresh(), &scene.developer.token, &secret] {
        assert_eq!(scene.client.redeem(other).expect(400).json()["error"], "invalid_grant");
    }
    // Nor does the claim alone make a refresh token of an access token, or the other way.
    let made_bearer =
        forged(&with(&claims(tokens.refresh()), json!({ "aud": "service", "scope": "connctd.things.read" })));
    assert!(!scene.reads(&made_bearer));
    let made_refresh = forged(&with(&claims(&tokens.access), json!({ "aud": "refresh" })));
    assert_eq!(scene.client.refresh(&made_refresh).expect(400).json()["error"], "invalid_grant");
    scene.client.refresh(tokens.refresh()).expect(200);
    scene.client.redeem(&code).expect(200);
}

/// RFC 8725, sections 2.1 and 3.1: the algorithm is the server's, and not the token's, to choose. RFC 6749,
/// section 10.3: nobody must be able to make a token.
#[test]
fn the_algorithm_none_and_other_algorithms_are_refused() {
    let world = World::on(server(), json!({}));
    for ((kind, knock), good) in tokens(&world) {
        let claims = claims(&good);
        assert!(is_open(&world.server.send(&knock(&forged(&claims)))), "{kind}: the test signs as the server does");
        let payload = good.split('.').nth(1).expect("claims");
        let signature = good.split('.').nth(2).expect("a signature");
        for alg in ["none", "None", "NONE", "nOnE", "", "HS256 "] {
            let header = URL_SAFE_NO_PAD.encode(json!({ "alg": alg, "typ": "JWT" }).to_string());
            for signature in ["", signature] {
                let token = format!("{header}.{payload}.{signature}");
                world.server.send(&knock(&token)).expect(401);
            }
        }
        for algorithm in [Algorithm::HS384, Algorithm::HS512] {
            world.server.send(&knock(&sign(&Header::new(algorithm), &claims, SECRET))).expect(401);
        }
        // The server's secret taken for a public key, and an HMAC called a signature.
        for alg in ["RS256", "ES256", "PS256", "EdDSA", "HS384", "HS512"] {
            let hmac = forged(&claims);
            let header = URL_SAFE_NO_PAD.encode(json!({ "alg": alg, "typ": "JWT" }).to_string());
            let unsigned = format!("{header}.{payload}");
            for signature in [hmac.rsplit('.').next().expect("a signature"), &hmac_of(&unsigned)] {
                world.server.send(&knock(&format!("{unsigned}.{signature}"))).expect(401);
            }
        }
    }
}

/// The HMAC-SHA-256 of a text by the server's key, whatever its header says.
fn hmac_of(text: &str) -> String {
    jsonwebtoken::crypto::sign(text.as_bytes(), &EncodingKey::from_secret(SECRET.as_bytes()), Algorithm::HS256)
        .expect("a signature")
}

/// RFC 8725, section 3.10: a header that names or brings a key changes nothing: with another key the token
/// is none, with the right one it is.
#[test]
fn a_token_does_not_choose_its_key() {
    let world = World::on(server(), json!({}));
    let mut evil = Header::new(Algorithm::HS256);
    evil.jwk = Some(Jwk::from_encoding_key(&EncodingKey::from_secret(b"evil"), Algorithm::HS256).expect("a key"));
    let by_name = Header { kid: Some("../../dev/null".to_owned()), ..Header::new(Algorithm::HS256) };
    let by_url = Header { jku: Some(format!("{}/api/schema", world.server.url())), ..Header::new(Algorithm::HS256) };
    let by_file = Header { x5u: Some("file:///etc/hostname".to_owned()), ..Header::new(Algorithm::HS256) };
    for ((kind, knock), good) in tokens(&world) {
        for header in [&evil, &by_name, &by_url, &by_file] {
            for secret in ["evil", "", "\0", &SECRET[1..]] {
                let answer = world.server.send(&knock(&sign(header, &claims(&good), secret)));
                assert_eq!(answer.status, 401, "{kind}: {header:?}");
            }
            assert!(is_open(&world.server.send(&knock(&sign(header, &claims(&good), SECRET)))), "{kind}");
        }
    }
}

/// RFC 8725, sections 3.8 and 3.9, RFC 6749, section 7, and auth.md: issuer, audience, subject and time must be
/// checked, and not the signature alone. RFC 8725, section 3.3, RFC 6749, section 10.3, and RFC 6750,
/// section 5.2: with a signature that does not fit it must be refused, so that nobody alters one.
#[test]
fn a_token_with_one_wrong_claim_is_refused() {
    let world = World::on(server(), json!({}));
    let nobody = "01890000-0000-7000-8000-000000000000";
    for ((kind, knock), good) in tokens(&world) {
        let claims = claims(&good);
        for change in [
            json!({ "iss": "https://evil.example" }),
            json!({ "iss": null }),
            json!({ "aud": null }),
            json!({ "aud": "refresh" }),
            json!({ "aud": kind.to_uppercase() }),
            json!({ "aud": [kind, "developer"] }),
            json!({ "sub": null }),
            json!({ "sub": nobody }),
            json!({ "sub": "" }),
            json!({ "sub": 1 }),
            json!({ "exp": 1 }),
            json!({ "exp": "never" }),
            json!({ "iat": "now" }),
        ] {
            let answer = world.server.send(&knock(&forged(&with(&claims, change.clone()))));
            assert_eq!(answer.status, 401, "{kind}: {change}");
        }
        let altered = URL_SAFE_NO_PAD.encode(with(&claims, json!({ "sub": nobody })).to_string());
        let parts: Vec<_> = good.split('.').collect();
        for bad in [
            format!("{}.{altered}.{}", parts[0], parts[2]),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{}.{}", parts[0], parts[1]),
            format!("{good}.{}", parts[2]),
            format!("{good}="),
            format!("{good} {good}"),
        ] {
            world.server.send(&knock(&bad)).expect(401);
        }
        assert!(is_open(&world.server.send(&knock(&good))), "{kind}");
    }
}

/// auth.md: a newer generation of the account or the app ends a token, and an older one is none either.
#[test]
fn a_token_of_another_generation_is_refused() {
    let world = World::on(server(), json!({}));
    for ((kind, knock), good) in tokens(&world).into_iter().take(2) {
        for generation in [-1, 1, 1_000] {
            let answer = world.server.send(&knock(&forged(&with(&claims(&good), json!({ "gen": generation })))));
            assert_eq!(answer.status, 401, "{kind} {generation}");
        }
    }
}

/// RFC 6749, section 10.4, and auth.md: a token of a consent cannot be made one of the app's own, or of
/// another consent's.
#[test]
fn a_grants_token_is_bound_to_its_grant() {
    let scene = Scene::on(server());
    let tokens = scene.tokens(&scene.client);
    let access = claims(&tokens.access);
    for change in [
        json!({ "grant": "nonsense" }),
        json!({ "grant": "01890000-0000-7000-8000-000000000000" }),
        json!({ "sub": scene.client.id }),
    ] {
        assert!(!scene.reads(&forged(&with(&access, change.clone()))), "{change}");
    }
    for scope in ["connctd.core", "nonsense"] {
        assert!(!scene.reads(&forged(&with(&access, json!({ "scope": scope })))), "{scope}");
    }
}

/// RFC 9700, section 4.14.2: a refresh token of a round that there was not yet is refused; one of an older
/// round was used, and its family ends.
#[test]
fn a_refresh_token_is_bound_to_its_round() {
    let scene = Scene::on(server());
    let tokens = scene.tokens(&scene.client);
    let of_round = |round: i64| forged(&with(&claims(tokens.refresh()), json!({ "gen": round })));
    for later in [2, i64::MAX] {
        assert_eq!(scene.client.refresh(&of_round(later)).expect(400).json()["error"], "invalid_grant");
        assert!(scene.reads(&tokens.access), "{later}");
    }
    assert_eq!(scene.client.refresh(&of_round(0)).expect(400).json()["error"], "invalid_grant");
    assert!(!scene.reads(&tokens.access));
}

/// RFC 6750, section 2.1: a token must be taken from its header; sections 2.2 and 2.3, and issue 5: it is from there
/// alone: in a URL it would end up in logs, and a form is what any page can send.
#[test]
fn a_token_in_the_url_or_a_form_is_not_taken() {
    let world = World::on(server(), json!({}));
    let token = &world.app.token;
    let query = "query=%7Bthings%7Bid%7D%7D";
    for name in ["access_token", "token", "Authorization", "authorization"] {
        world.server.send(&Request::get(&format!("{GRAPHQL}?{query}&{name}={token}"))).expect(401);
        let by_get = Request::get(&format!("{GRAPHQL}?{query}")).form(&[(name, token)]);
        world.server.send(&by_get).expect(401);
        let by_post = Request::post(GRAPHQL).form(&[("query", "{things{id}}"), (name, token)]);
        world.server.send(&by_post).expect(415);
    }
    world.server.send(&Request::get(&format!("{GRAPHQL}?{query}")).bearer(token.as_str())).expect(200);
}
