//! Token introspection (RFC 7662): who is told what of which token.

use super::flow::{INTROSPECT, NOT_AT_ONCE, Scene, TOKEN, Tokens, assert_error, basic};
use crate::connector::Kind;
use crate::http::Request;
use crate::users::World;
use serde_json::{Value, json};

/// The whole answer about a token that is not good, or is none of the asking client's business.
fn inactive() -> Value {
    json!({ "active": false })
}

/// RFC 7662, section 2.2: `active` must be there; the other members are those of the token. Section 2.1:
/// it is a POST with a form, the answer is JSON.
#[test]
fn a_good_token_is_told_with_whose_it_is_what_it_may_and_until_when() {
    let scene = Scene::new();
    let tokens = scene.tokens(&scene.client);
    let answer =
        scene.client.send(INTROSPECT, &[("token", &tokens.access), ("token_type_hint", "access_token")]).expect(200);
    assert_eq!(answer.header("Content-Type"), Some("application/json"));
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    let told = answer.json();
    assert_eq!(told["active"], true);
    assert_eq!((&told["client_id"], &told["sub"]), (&json!(scene.client.id), &json!(scene.app)));
    assert_eq!((&told["scope"], &told["token_type"]), (&json!("connctd.things.read"), &json!("bearer")));
    let seconds = |name: &str| told[name].as_i64().expect("seconds since 1970");
    assert_eq!(seconds("exp") - seconds("iat"), 3600);
    // Whatever the hint says, also one that is wrong or unknown (section 2.1).
    for hint in ["access_token", "nonsense"] {
        let told = scene.client.send(INTROSPECT, &[("token", tokens.refresh()), ("token_type_hint", hint)]).json();
        assert_eq!((&told["active"], &told["scope"]), (&json!(true), &json!("connctd.things.read offline")));
        assert_eq!(told["token_type"], Value::Null, "a refresh token is no bearer's");
    }
    let own = Tokens::of(&scene.client.send(TOKEN, &[("grant_type", "client_credentials")]));
    assert_eq!(scene.client.introspect(&own.access)["sub"], json!(scene.client.id));
}

/// RFC 7662, section 2.1: the endpoint must demand that whoever asks shows who they are; section 2.3: else it
/// is 401; section 4: tokens could be tried out.
#[test]
fn nobody_is_told_anything_without_a_secret() {
    let scene = Scene::new();
    let tokens = scene.tokens(&scene.public);
    let token = ("token", tokens.access.as_str());
    assert_error(&scene.public.send(INTROSPECT, &[token]), 400, "unauthorized_client");
    assert_error(&scene.server.send(&Request::post(INTROSPECT).form(&[token])), 401, "invalid_client");
    let wrong = Request::post(INTROSPECT).form(&[token]).header("Authorization", basic(&scene.client.id, "wrong"));
    assert_error(&scene.server.send(&wrong), 401, "invalid_client");
    assert_error(
        &scene.server.send(&Request::post(INTROSPECT).form(&[token]).bearer(tokens.access.as_str())),
        401,
        "invalid_client",
    );
}

/// RFC 7662, sections 2.2 and 2.3: of a token that is not good, unknown, or that the client may not know of, it
/// must be told that it is not active, and nothing else should be; section 5: so whose token it is must not be
/// told to others. Section 4: the signature must be looked at.
#[test]
fn of_any_other_token_nothing_is_told() {
    let scene = Scene::new();
    let others = scene.tokens(&scene.public);
    for foreign in [&others.access, others.refresh(), "nonsense", "a.b.c", &"x".repeat(9_000), &scene.developer.token] {
        assert_eq!(scene.client.introspect(foreign), inactive());
    }
    let foreign_app = scene.developer.service_token(&scene.app, &[]);
    assert_eq!(scene.client.introspect(&foreign_app), inactive());
    let code = scene.code(&super::flow::Asked::of(&scene.client));
    assert_eq!(scene.client.introspect(&code), inactive());
    // Another signature than its own, though this server made that too.
    let tokens = scene.tokens(&scene.client);
    let (access, of_access) = tokens.access.rsplit_once('.').expect("a signature");
    let (refresh, of_refresh) = tokens.refresh().rsplit_once('.').expect("a signature");
    for altered in [format!("{access}.{of_refresh}"), format!("{refresh}.{of_access}"), format!("{access}.")] {
        assert_eq!(scene.client.introspect(&altered), inactive());
    }
    for good in [&tokens.access, tokens.refresh()] {
        assert_eq!(scene.client.introspect(good)["active"], true);
    }
    // Not even its being there shows.
    scene.client.revoke(&tokens.access).expect(200);
    assert_eq!(scene.client.introspect(&tokens.access), inactive());
}

/// RFC 7662, section 2.2, and section 4: everything is checked that the resource would check: time,
/// revocation, rotation.
#[test]
fn what_has_ended_is_not_active() {
    let scene = Scene::new();
    let first = scene.tokens(&scene.client);
    let second = Tokens::of(&scene.client.refresh(first.refresh()));
    assert_eq!(scene.client.introspect(first.refresh()), inactive(), "it was used");
    assert_eq!(scene.client.introspect(&first.access)["active"], true);
    assert_eq!(scene.client.introspect(second.refresh())["active"], true);
    scene.seconds_pass(NOT_AT_ONCE);
    scene.client.refresh(first.refresh()).expect(400);
    for token in [&first.access, &second.access, second.refresh()] {
        assert_eq!(scene.client.introspect(token), inactive(), "its family has ended");
    }
    scene.server.restart_with(&["--service-token-lifetime", "1s"]);
    let short = Tokens::of(&scene.client.send(TOKEN, &[("grant_type", "client_credentials")])).access;
    crate::wait::until("the token has expired", || scene.client.introspect(&short) == inactive());
}

/// The tokens of connectors and of developers are none of OAuth 2.0's, also for the app that they are
/// about.
#[test]
fn connectors_tokens_are_not_told_of() {
    let world = World::new();
    let instance = world.instantiated();
    let installation = world.connector.only(Kind::Installation).token().to_owned();
    for token in [&instance.hub.token, &installation, &world.developer.token] {
        let form = Request::post(INTROSPECT).form(&[("token", token)]);
        let answer = world.server.send(&form.header("Authorization", basic(&world.app.id, &world.app.secret)));
        assert_eq!(answer.expect(200).json(), inactive());
    }
}

/// The app that tokens act for may know of them too: it is the resource (RFC 7662, section 1).
#[test]
fn the_app_that_a_token_acts_for_may_ask_about_it() {
    let scene = Scene::new();
    let app = super::flow::register(&scene.developer, &[], true);
    let form = scene.question(&super::flow::Asked::of(&scene.public));
    assert_eq!(form.values("app"), [scene.app.as_str(), app.id.as_str()]);
    let landing =
        super::flow::Landing::of(&scene.server.send(&form.filled(&[("decision", "allow"), ("app", &app.id)])));
    let tokens = Tokens::of(&scene.public.redeem(&landing.get("code").expect("a code")));
    let told = app.introspect(&tokens.access);
    assert_eq!((&told["active"], &told["client_id"]), (&json!(true), &json!(scene.public.id)));
    assert_eq!(app.introspect(tokens.refresh()), inactive(), "a refresh token is between client and server");
}
