//! Refresh tokens: who gets one, how each is used once, and what a second use ends (RFC 6749, sections
//! 6 and 10.4; RFC 9700, sections 2.2.2 and 4.14).

use super::flow::{Asked, Client, NOT_AT_ONCE, REDIRECT, SCOPE, Scene, TOKEN, Tokens, assert_error, register};
use std::thread;

fn with_scope(client: &Client, token: &str, scope: &str) -> crate::http::Response {
    client.send(TOKEN, &[("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)])
}

/// RFC 6749, section 6: the answer is that of section 5.1; a new refresh token must have the scope of the
/// old one. auth.md: the scope `offline` asks for one.
#[test]
fn who_asked_for_it_goes_on_without_the_developer() {
    let scene = Scene::new();
    for client in [&scene.client, &scene.public] {
        let mut tokens = scene.tokens(client);
        for _ in 0..3 {
            let answer = client.refresh(tokens.refresh());
            assert_eq!((answer.header("Cache-Control"), answer.header("Pragma")), (Some("no-store"), Some("no-cache")));
            let next = Tokens::of(&answer);
            assert_eq!(next.scope, SCOPE);
            assert!(scene.reads(&next.access) && next.access != tokens.access);
            assert_ne!(next.refresh, tokens.refresh);
            // The one before is good until its time is over, as section 5.1 said.
            assert!(scene.reads(&tokens.access));
            tokens = next;
        }
    }
    let code = scene.code(&Asked::of(&scene.client).with("scope", "connctd.things.read"));
    assert_eq!(Tokens::of(&scene.client.redeem(&code)).refresh, None);
}

/// RFC 9700, sections 2.2.2 and 4.14.2: the refresh tokens of public clients must be bound to the sender
/// or rotated; one that is used again shows that it was stolen, and all of its family must end.
#[test]
fn a_refresh_token_that_is_used_again_ends_all_of_its_family() {
    let scene = Scene::new();
    for client in [&scene.client, &scene.public] {
        let bystander = scene.tokens(client);
        let first = scene.tokens(client);
        let second = Tokens::of(&client.refresh(first.refresh()));
        let third = Tokens::of(&client.refresh(second.refresh()));
        assert_error(&client.refresh(first.refresh()), 400, "invalid_grant");
        for token in [&first.access, &second.access, &third.access] {
            assert!(!scene.reads(token), "an access token of the family is good");
        }
        for token in [second.refresh(), third.refresh(), first.refresh()] {
            assert_error(&client.refresh(token), 400, "invalid_grant");
        }
        assert!(scene.reads(&bystander.access), "another consent ended too");
        client.refresh(bystander.refresh()).expect(200);
    }
}

/// The same for the token right before the newest one, once a repeat is too late to be one.
#[test]
fn a_refresh_token_that_is_used_again_later_ends_its_family() {
    let scene = Scene::new();
    for client in [&scene.client, &scene.public] {
        let first = scene.tokens(client);
        let second = Tokens::of(&client.refresh(first.refresh()));
        scene.seconds_pass(NOT_AT_ONCE);
        assert_error(&client.refresh(first.refresh()), 400, "invalid_grant");
        assert!(!scene.reads(&second.access));
        assert_error(&client.refresh(second.refresh()), 400, "invalid_grant");
    }
}

/// A client that did not see the response repeats the request, and two tabs may send the same one: all get the same
/// tokens, and the grant goes on. Also after a `kill -9`, since the tokens follow from what is in the database.
#[test]
fn a_refresh_that_is_repeated_at_once_has_the_same_response() {
    let scene = Scene::new();
    for client in [&scene.client, &scene.public] {
        let tokens = scene.tokens(client);
        let answers: Vec<_> = thread::scope(|scope| {
            let all: Vec<_> = (0..8).map(|_| scope.spawn(|| client.refresh(tokens.refresh()))).collect();
            all.into_iter().map(|one| Tokens::of(&one.join().expect("an answer"))).collect()
        });
        let first = &answers[0];
        assert!(
            answers
                .iter()
                .all(|one| (&one.access, &one.refresh, &one.scope) == (&first.access, &first.refresh, &first.scope))
        );
        assert!(scene.reads(&first.access));
        let narrow = Tokens::of(&with_scope(client, tokens.refresh(), "connctd.things.read"));
        assert_eq!(narrow.refresh, first.refresh, "less may be asked for, by the same successor");
        scene.server.crash_and_restart();
        let again = Tokens::of(&client.refresh(tokens.refresh()));
        assert_eq!((&again.access, &again.refresh), (&first.access, &first.refresh));
        client.refresh(first.refresh()).expect(200);
        // The successor was used, so its predecessor has no response left that could have been lost.
        assert_error(&client.refresh(tokens.refresh()), 400, "invalid_grant");
        assert!(!scene.reads(&first.access));
    }
}

/// A repeat has the response of the first request, and so the lifetime that is left of its tokens.
#[test]
fn a_repeat_tells_the_time_that_is_left() {
    let scene = Scene::new();
    let tokens = scene.tokens(&scene.client);
    let first = scene.client.refresh(tokens.refresh()).expect(200).json();
    assert_eq!(first["expires_in"], 3600);
    scene.seconds_pass(5);
    let repeat = scene.client.refresh(tokens.refresh()).expect(200).json();
    assert!(repeat["expires_in"].as_i64().is_some_and(|left| (3585..=3595).contains(&left)), "{repeat}");
}

/// RFC 9700, section 4.14.2: thief and owner who come at the same time hold the same successor; whoever uses it second
/// is noticed.
#[test]
fn a_thief_who_comes_together_with_the_owner_is_noticed_at_the_next_use() {
    let scene = Scene::new();
    let stolen = scene.tokens(&scene.public);
    let [thief, owner] = [(); 2].map(|()| Tokens::of(&scene.public.refresh(stolen.refresh())));
    assert_eq!(thief.refresh, owner.refresh);
    let next = Tokens::of(&scene.public.refresh(thief.refresh()));
    scene.seconds_pass(NOT_AT_ONCE);
    assert_error(&scene.public.refresh(owner.refresh()), 400, "invalid_grant");
    assert!(!scene.reads(&next.access));
    assert_eq!(scene.grants(), 0);
}

/// Nobody but the client itself has a repeat, and a clock that went back gives none.
#[test]
fn a_repeat_by_another_client_or_from_another_time_is_none() {
    let scene = Scene::new();
    let tokens = scene.tokens(&scene.client);
    let next = Tokens::of(&scene.client.refresh(tokens.refresh()));
    let other = register(&scene.stranger, &[REDIRECT], true);
    for thief in [&other, &scene.public] {
        assert_error(&thief.refresh(tokens.refresh()), 400, "invalid_grant");
    }
    let wrong = Client { secret: Some("wrong".to_owned()), ..scene.client.clone() };
    assert_error(&wrong.refresh(tokens.refresh()), 401, "invalid_client");
    assert!(scene.reads(&next.access));
    scene.seconds_pass(-60);
    assert_error(&scene.client.refresh(tokens.refresh()), 400, "invalid_grant");
    assert!(!scene.reads(&next.access));
}

/// RFC 6749, section 6: the server must see to it that a refresh token was issued to the client that
/// sends it; section 10.4: to nobody else.
#[test]
fn a_refresh_token_is_for_the_client_that_got_it() {
    let scene = Scene::new();
    let tokens = scene.tokens(&scene.client);
    let other = register(&scene.stranger, &[REDIRECT], true);
    for thief in [&other, &scene.public] {
        assert_error(&thief.refresh(tokens.refresh()), 400, "invalid_grant");
    }
    let nameless = Client { secret: None, ..scene.client.clone() };
    assert_error(&nameless.refresh(tokens.refresh()), 401, "invalid_client");
    let wrong = Client { secret: Some("wrong".to_owned()), ..scene.client.clone() };
    assert_error(&wrong.refresh(tokens.refresh()), 401, "invalid_client");
    assert!(scene.reads(&tokens.access), "a stranger ended it");
    scene.client.refresh(tokens.refresh()).expect(200);
}

/// RFC 6749, section 6: a scope must not go beyond what the developer granted; less may be asked for,
/// and the refresh token goes on to have all. RFC 9700, section 4.14.2: it must be bound to the scope that was
/// granted.
#[test]
fn less_may_be_asked_for_and_never_more() {
    let scene = Scene::new();
    let asked = Asked::of(&scene.client).with("scope", "connctd.things.read connctd.things.action offline");
    let tokens = Tokens::of(&scene.client.redeem(&scene.code(&asked)));
    for more in ["connctd.connector", "connctd.things.read connctd.subjects.read", "connctd.core", "nonsense"] {
        assert_error(&with_scope(&scene.client, tokens.refresh(), more), 400, "invalid_scope");
    }
    let less = Tokens::of(&with_scope(&scene.client, tokens.refresh(), "connctd.things.action"));
    assert_eq!(less.scope.split(' ').next(), Some("connctd.things.action"));
    assert_eq!(scene.ask_things(&less.access).code(), "FORBIDDEN", "the access token has more than was asked for");
    let all = Tokens::of(&scene.client.refresh(less.refresh()));
    assert_eq!(all.scope, "connctd.things.read connctd.things.action offline");
    // What names nothing that an access token may do means all that was granted, as no scope does.
    let all = Tokens::of(&with_scope(&scene.client, all.refresh(), "offline"));
    assert_eq!(all.scope, "connctd.things.read connctd.things.action offline");
    assert!(scene.reads(&all.access));
}

/// RFC 6749, section 5.2: an expired refresh token is `invalid_grant`; RFC 9700, section 4.14.2: one that
/// is not used for long should expire. auth.md and the README: after thirty days, begun anew by each use.
#[test]
fn a_refresh_token_that_is_not_used_for_long_expires() {
    let scene = Scene::new();
    let day = 24 * 60 * 60;
    let tokens = scene.tokens(&scene.client);
    scene.seconds_pass(29 * day);
    let next = Tokens::of(&scene.client.refresh(tokens.refresh()));
    scene.seconds_pass(29 * day);
    let next = Tokens::of(&scene.client.refresh(next.refresh()));
    scene.seconds_pass(30 * day);
    assert_error(&scene.client.refresh(next.refresh()), 400, "invalid_grant");
    assert_eq!(scene.client.introspect(next.refresh())["active"], false);
}

/// RFC 6749, section 10.4: nobody must be able to make, alter or guess one; RFC 9700, section 4.14.2: as it says
/// which grant it belongs to, it must be whole.
#[test]
fn what_is_no_refresh_token_is_refused() {
    let scene = Scene::new();
    let tokens = scene.tokens(&scene.client);
    let good = tokens.refresh();
    let altered = good.replace(good.split('.').nth(1).expect("claims"), "e30");
    for bad in ["nonsense", &good[..good.len() - 2], &altered, &tokens.access, &"x".repeat(10_000), "..", "ü"] {
        assert_error(&scene.client.refresh(bad), 400, "invalid_grant");
    }
    scene.client.refresh(good).expect(200);
}

/// What a client was told stays so: after a `kill -9` the new token is good and the old one is used.
#[test]
fn a_rotation_that_was_answered_survives_a_kill() {
    let scene = Scene::new();
    let first = scene.tokens(&scene.client);
    let second = Tokens::of(&scene.client.refresh(first.refresh()));
    scene.server.crash_and_restart();
    assert!(scene.reads(&second.access));
    let third = Tokens::of(&scene.client.refresh(second.refresh()));
    scene.server.crash_and_restart();
    // Not even at once: its successor was used.
    assert_error(&scene.client.refresh(first.refresh()), 400, "invalid_grant");
    scene.server.crash_and_restart();
    assert!(!scene.reads(&third.access), "that the family has ended was forgotten");
    assert_error(&scene.client.refresh(third.refresh()), 400, "invalid_grant");
}
