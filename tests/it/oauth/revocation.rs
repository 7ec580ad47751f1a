//! Token revocation (RFC 7009): what ends, for whom, and that it stays so.

use super::flow::{Client, REDIRECT, REVOKE, Scene, TOKEN, Tokens, assert_error, register};
use crate::connector::Kind;
use crate::http::Request;
use crate::users::World;

/// RFC 7009, section 2.1: the token ends at once; section 2: refresh tokens must be revocable, and access
/// tokens should be.
#[test]
fn an_access_token_ends_alone() {
    let scene = Scene::new();
    for client in [&scene.client, &scene.public] {
        let tokens = scene.tokens(client);
        let answer = client.revoke(&tokens.access).expect(200);
        assert!(answer.body.is_empty());
        assert!(!scene.reads(&tokens.access));
        let next = Tokens::of(&client.refresh(tokens.refresh()));
        assert!(scene.reads(&next.access));
    }
    let own = Tokens::of(&scene.client.send(TOKEN, &[("grant_type", "client_credentials")]));
    scene.client.revoke(&own.access).expect(200);
    assert!(!scene.reads(&own.access));
}

/// RFC 7009, section 2.1: with a refresh token the access tokens of the same grant should end too.
#[test]
fn a_refresh_token_ends_with_all_that_was_granted_with_it() {
    let scene = Scene::new();
    for client in [&scene.client, &scene.public] {
        let (first, bystander) = (scene.tokens(client), scene.tokens(client));
        let second = Tokens::of(&client.refresh(first.refresh()));
        client.revoke(second.refresh()).expect(200);
        assert!(!scene.reads(&first.access) && !scene.reads(&second.access));
        assert_error(&client.refresh(second.refresh()), 400, "invalid_grant");
        assert!(scene.reads(&bystander.access));
    }
}

/// RFC 7009, section 2.2: what is no token, or none any more, must be answered with 200: it is as the
/// client wants it. Section 2.1: a hint that is wrong must not keep the token from being found.
#[test]
fn revoking_again_or_what_is_no_token_is_as_good_as_done() {
    let scene = Scene::new();
    let tokens = scene.tokens(&scene.client);
    for hint in ["refresh_token", "nonsense", ""] {
        scene.client.send(REVOKE, &[("token", &tokens.access), ("token_type_hint", hint)]).expect(200);
        assert!(!scene.reads(&tokens.access));
    }
    for hint in ["access_token", "refresh_token"] {
        scene.client.send(REVOKE, &[("token", tokens.refresh()), ("token_type_hint", hint)]).expect(200);
        assert_error(&scene.client.refresh(tokens.refresh()), 400, "invalid_grant");
    }
    for nonsense in ["nonsense", "a.b.c", "ü", &"x".repeat(9_000)] {
        scene.client.revoke(nonsense).expect(200);
    }
}

/// RFC 7009, section 2.1: the server must first see who the client is, then that the token was issued to
/// it; another's is refused, and goes on.
#[test]
fn nobody_ends_anothers_token() {
    let scene = Scene::new();
    let tokens = scene.tokens(&scene.client);
    let other = register(&scene.stranger, &[REDIRECT], true);
    let app = Client { id: scene.app.clone(), ..scene.client.clone() };
    for token in [tokens.access.as_str(), tokens.refresh()] {
        for thief in [&other, &scene.public] {
            assert_error(&thief.revoke(token), 400, "unauthorized_client");
        }
        let nameless = Client { secret: None, ..scene.client.clone() };
        assert_error(&nameless.revoke(token), 401, "invalid_client");
        assert_error(&app.revoke(token), 401, "invalid_client");
        assert_error(&scene.server.send(&Request::post(REVOKE).form(&[("token", token)])), 401, "invalid_client");
    }
    assert!(scene.reads(&tokens.access));
    scene.client.refresh(tokens.refresh()).expect(200);
    // Nor one that no developer granted, which is the client's own.
    let own = Tokens::of(&scene.client.send(TOKEN, &[("grant_type", "client_credentials")]));
    for thief in [&other, &scene.public] {
        assert_error(&thief.revoke(&own.access), 400, "unauthorized_client");
    }
    assert!(scene.reads(&own.access));
}

/// RFC 7009, section 2: what was revoked stays so: after a `kill -9` too.
#[test]
fn what_was_revoked_stays_so_after_a_kill() {
    let scene = Scene::new();
    let (one, other) = (scene.tokens(&scene.client), scene.tokens(&scene.client));
    scene.client.revoke(&one.access).expect(200);
    scene.client.revoke(other.refresh()).expect(200);
    scene.server.crash_and_restart();
    assert!(!scene.reads(&one.access) && !scene.reads(&other.access));
    assert_error(&scene.client.refresh(other.refresh()), 400, "invalid_grant");
    scene.client.refresh(one.refresh()).expect(200);
}

/// Tokens that are none of OAuth 2.0's do not end here.
#[test]
fn tokens_of_connectors_and_developers_are_not_ended_by_an_app() {
    let world = World::new();
    let instance = world.instantiated();
    let installation = world.connector.only(Kind::Installation).token().to_owned();
    for token in [&instance.hub.token, &installation, &world.developer.token] {
        let form = Request::post(REVOKE).form(&[("token", token)]);
        world
            .server
            .send(&form.header("Authorization", super::flow::basic(&world.app.id, &world.app.secret)))
            .expect(200);
    }
    instance.hub.report("instances", 2).expect(204);
    world.installation_hub().report("installations", 2).expect(204);
    world.developer.graphql("{ profile { id } }", serde_json::json!({})).data();
}

/// RFC 7009, section 5: nobody makes the server remember tokens without end. One client's are its own.
#[test]
fn a_client_ends_no_more_than_so_many_tokens_a_minute() {
    let scene = Scene::new();
    let token = scene.tokens(&scene.client).access;
    for _ in 0..600 {
        scene.client.revoke(&token).expect(200);
    }
    let other = scene.tokens(&scene.client).access;
    let refused = scene.client.revoke(&other).expect(429);
    let seconds: u32 = refused.header("Retry-After").expect("when").parse().expect("seconds");
    assert!((1..=61).contains(&seconds), "{seconds}");
    assert!(scene.reads(&other), "what was refused is not done");
    let others = scene.tokens(&scene.public).access;
    scene.public.revoke(&others).expect(200);
    assert!(!scene.reads(&others));
}
