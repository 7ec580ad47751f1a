//! Authorization codes and PKCE: who may redeem one, how long, and how often (RFC 6749, sections 4.1.2
//! to 4.1.4, 10.5 and 10.6; RFC 7636; RFC 9700, sections 2.1.1, 4.5 and 4.8).

use super::flow::{
    Asked, CHALLENGE, Client, Landing, NOT_AT_ONCE, REDIRECT, Scene, Tokens, VERIFIER, assert_error, register,
};
use std::thread;

/// Another verifier of the right form.
const OTHER_VERIFIER: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const WITH_URI: (&str, &str) = ("redirect_uri", REDIRECT);

/// RFC 6749, sections 4.1.4 and 5.1: what a code gives, to a client with a secret and to one without.
#[test]
fn a_code_gives_tokens_for_the_app_that_was_chosen() {
    let scene = Scene::new();
    for client in [&scene.client, &scene.public] {
        let code = scene.code(&Asked::of(client));
        let answer = client.redeem(&code).expect(200);
        assert_eq!(answer.header("Content-Type"), Some("application/json"));
        assert_eq!((answer.header("Cache-Control"), answer.header("Pragma")), (Some("no-store"), Some("no-cache")));
        let body = answer.json();
        assert_eq!((body["token_type"].as_str(), body["expires_in"].as_i64()), (Some("bearer"), Some(3600)));
        let tokens = Tokens::of(&answer);
        assert_eq!(tokens.scope, "connctd.things.read offline");
        assert!(scene.reads(&tokens.access));
        assert_eq!(scene.client.introspect(&tokens.access)["active"], client.id == scene.client.id);
        let refused = crate::users::graphql(
            &scene.server,
            Some(&tokens.access),
            None,
            "{ connectorInstantiations { id } }",
            serde_json::json!({}),
        );
        assert_eq!((refused.status, refused.code()), (403, "FORBIDDEN"), "a scope that was not granted");
    }
}

/// RFC 6749, sections 4.1.2 and 10.5, and RFC 9700, section 4.2.4: a code must not be used more than once; at a
/// second use it must be refused, and the tokens that it gave should end.
#[test]
fn a_code_is_good_once_and_a_second_use_ends_what_the_first_gave() {
    let scene = Scene::new();
    for client in [&scene.client, &scene.public] {
        let code = scene.code(&Asked::of(client));
        let tokens = Tokens::of(&client.redeem(&code));
        assert!(scene.reads(&tokens.access));
        scene.seconds_pass(NOT_AT_ONCE);
        assert_error(&client.redeem(&code), 400, "invalid_grant");
        assert!(!scene.reads(&tokens.access), "the access token of the first use is good");
        assert_error(&client.refresh(tokens.refresh()), 400, "invalid_grant");
        assert_error(&client.redeem(&code), 400, "invalid_grant");
    }
}

/// RFC 6749, section 4.1.2: also a repeat at once must be refused. But whoever has the verifier began the flow, and what
/// the first request gave stays: pages redeem twice when their framework runs effects twice, and clients repeat a
/// request whose response they did not see.
#[test]
fn a_code_that_its_own_session_repeats_at_once_is_refused_and_ends_nothing() {
    let scene = Scene::new();
    for client in [&scene.client, &scene.public] {
        let code = scene.code(&Asked::of(client));
        let tokens = Tokens::of(&client.redeem(&code));
        for _ in 0..2 {
            let repeat = client.redeem(&code);
            assert_error(&repeat, 400, "invalid_grant");
            assert!(repeat.json()["error_description"].to_string().contains("stay valid"), "{repeat:?}");
        }
        assert!(scene.reads(&tokens.access));
        // Once the successor was used there is no response left that could have been lost.
        let next = Tokens::of(&client.refresh(tokens.refresh()));
        assert_error(&client.redeem(&code), 400, "invalid_grant");
        assert!(!scene.reads(&next.access));
    }
}

/// RFC 9700, section 4.5: without PKCE a stolen code that a thief puts into the client's own callback comes with
/// everything that the client has; and with PKCE a repeat without the right verifier is not the session's own.
#[test]
fn a_code_that_another_session_repeats_at_once_ends_what_the_first_use_gave() {
    let scene = Scene::new();
    let ends = |client: &Client, asked: &Asked, first: &[(&str, &str)], second: &[(&str, &str)]| {
        let code = scene.code(asked);
        let tokens = Tokens::of(&client.redeem_with(&code, first));
        assert_error(&client.redeem_with(&code, second), 400, "invalid_grant");
        assert!(!scene.reads(&tokens.access), "{second:?}");
    };
    let asked = Asked::of(&scene.client);
    let without = asked.clone().without("code_challenge").without("code_challenge_method");
    ends(&scene.client, &without, &[WITH_URI], &[WITH_URI]);
    let good = [WITH_URI, ("code_verifier", VERIFIER)];
    for bad in [&[WITH_URI][..], &[WITH_URI, ("code_verifier", OTHER_VERIFIER)], &[("code_verifier", VERIFIER)]] {
        ends(&scene.client, &asked, &good, bad);
        ends(&scene.public, &Asked::of(&scene.public), &good, bad);
    }
}

/// The same after a restart by `kill -9`: what was redeemed stays so.
#[test]
fn a_code_that_was_redeemed_stays_so_whatever_happens() {
    let scene = Scene::new();
    let (used, unused) = (scene.code(&Asked::of(&scene.client)), scene.code(&Asked::of(&scene.client)));
    let tokens = Tokens::of(&scene.client.redeem(&used));
    scene.server.crash_and_restart();
    assert!(scene.reads(&tokens.access));
    scene.seconds_pass(NOT_AT_ONCE);
    assert_error(&scene.client.redeem(&used), 400, "invalid_grant");
    assert!(!scene.reads(&tokens.access));
    scene.client.redeem(&unused).expect(200);
}

/// RFC 6749, section 10.5: of those who redeem a code at the same time one gets tokens at the most.
#[test]
fn of_many_who_redeem_a_code_at_once_one_gets_tokens_at_the_most() {
    let scene = Scene::new();
    let asked = Asked::of(&scene.client);
    let without = asked.clone().without("code_challenge").without("code_challenge_method");
    let (with_verifier, bare) = ([WITH_URI, ("code_verifier", VERIFIER)], [WITH_URI]);
    for (asked, fields, left) in [(asked, &with_verifier[..], 1), (without, &bare[..], 0)] {
        scene.server.sql().execute("DELETE FROM grants", []).expect("none");
        let code = scene.code(&asked);
        let statuses: Vec<_> = thread::scope(|scope| {
            let redeem = || scene.client.redeem_with(&code, fields).status;
            let all: Vec<_> = (0..8).map(|_| scope.spawn(redeem)).collect();
            all.into_iter().map(|one| one.join().expect("an answer")).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(scene.grants(), left, "only with the verifier are the others the client itself");
    }
}

/// RFC 6749, sections 4.1.2 and 10.5: a code must expire soon; auth.md: after 60 seconds.
#[test]
fn a_code_is_good_for_a_minute() {
    let scene = Scene::new();
    let (early, late) = (scene.code(&Asked::of(&scene.client)), scene.code(&Asked::of(&scene.client)));
    scene.seconds_pass(40);
    scene.client.redeem(&early).expect(200);
    let lifetime: i64 = scene
        .server
        .sql()
        .query_row("SELECT expires_at - created_at FROM grants WHERE rounds = 0", [], |row| row.get(0))
        .expect("the other");
    assert_eq!(lifetime, 60_000_000);
    scene
        .server
        .sql()
        .execute("UPDATE grants SET expires_at = expires_at - 20000000 WHERE rounds = 0", [])
        .expect("time");
    assert_error(&scene.client.redeem(&late), 400, "invalid_grant");
}

/// RFC 6749, sections 4.1.2, 4.1.3 and 10.5: a code is bound to the client that it was issued to.
#[test]
fn a_code_is_for_the_client_that_asked_for_it() {
    let scene = Scene::new();
    let code = scene.code(&Asked::of(&scene.client));
    let other = register(&scene.stranger, &[REDIRECT], true);
    for thief in [&other, &scene.public] {
        assert_error(&thief.redeem(&code), 400, "invalid_grant");
    }
    scene.client.redeem(&code).expect(200);
}

/// RFC 6749, section 4.1.3: a redirect URI that the request named must be there again, the same; section
/// 10.6: whichever it led to, another must not be given here.
#[test]
fn a_code_is_for_the_redirect_uri_that_was_asked_with() {
    let scene = Scene::new();
    let code = scene.code(&Asked::of(&scene.client));
    let verifier = ("code_verifier", VERIFIER);
    for wrong in [
        vec![verifier],
        vec![verifier, ("redirect_uri", "https://client.example/other")],
        vec![verifier, ("redirect_uri", "")],
    ] {
        assert_error(&scene.client.redeem_with(&code, &wrong), 400, "invalid_grant");
    }
    scene.client.redeem_with(&code, &[verifier, WITH_URI]).expect(200);
    let unnamed = scene.code(&Asked::of(&scene.client).without("redirect_uri"));
    let other = scene.client.redeem_with(&unnamed, &[verifier, ("redirect_uri", "https://client.example/other")]);
    assert_error(&other, 400, "invalid_grant");
    scene.client.redeem_with(&unnamed, &[verifier]).expect(200);
    let unnamed = scene.code(&Asked::of(&scene.client).without("redirect_uri"));
    scene.client.redeem_with(&unnamed, &[verifier, WITH_URI]).expect(200);
}

/// RFC 6749, section 4.1.3, and section 5.2: whatever is no code of this server is `invalid_grant`.
#[test]
fn what_is_no_code_is_refused() {
    let scene = Scene::new();
    let code = scene.code(&Asked::of(&scene.client));
    for nonsense in ["nonsense", &code[1..], &format!("{code}="), &code.to_uppercase(), "ü", &"x".repeat(10_000)] {
        assert_error(&scene.client.redeem(nonsense), 400, "invalid_grant");
    }
    scene.client.redeem(&code).expect(200);
}

/// RFC 7636, section 4.6: the verifier must fit the challenge, else `invalid_grant`; section 4.5: by the method
/// that the code was asked for with. Section 4.4: the code must be tied to the challenge, which must not stand
/// where others can read it.
#[test]
fn a_code_asked_for_with_a_challenge_needs_its_verifier() {
    let scene = Scene::new();
    for client in [&scene.client, &scene.public] {
        let landing = scene.allow(&Asked::of(client));
        assert!(!landing.0.as_str().contains(CHALLENGE), "{landing:?}");
        let code = landing.get("code").expect("a code");
        assert_error(&client.redeem_with(&code, &[WITH_URI]), 400, "invalid_grant");
        for wrong in [OTHER_VERIFIER, CHALLENGE, &VERIFIER[1..], &format!("{VERIFIER}a"), &VERIFIER.to_lowercase()] {
            assert_error(&client.redeem_with(&code, &[WITH_URI, ("code_verifier", wrong)]), 400, "invalid_grant");
        }
        client.redeem(&code).expect(200);
    }
}

/// RFC 9700, sections 2.1.1 and 4.8.2: a verifier must be taken only where there was a challenge:
/// somebody took it out of the request.
#[test]
fn a_verifier_without_a_challenge_is_refused() {
    let scene = Scene::new();
    let without = Asked::of(&scene.client).without("code_challenge").without("code_challenge_method");
    let code = scene.code(&without);
    assert_error(&scene.client.redeem(&code), 400, "invalid_grant");
    scene.client.redeem_with(&code, &[WITH_URI]).expect(200);
}

/// Asserts that the client is told that its request is none, and why.
#[track_caller]
fn assert_refused(scene: &Scene, asked: &Asked, why: &str) {
    let landing = Landing::of(&scene.open(asked));
    landing.assert_error("invalid_request");
    assert!(landing.get("error_description").is_some_and(|text| text.contains(why)), "{landing:?}");
}

/// RFC 7636, section 4.4.1: a method that is not known must be told to the client, and should be named as what is
/// wrong; RFC 9700, section 2.1.1: `plain` shows its secret, and so should not be what is used. Without a method
/// it would be that.
#[test]
fn the_only_method_is_s256() {
    let scene = Scene::new();
    let asked = Asked::of(&scene.client);
    let unnamed = asked.clone().without("code_challenge_method");
    let others = ["plain", "s256", "S512", "none"].map(|method| asked.clone().with("code_challenge_method", method));
    for asked in others.into_iter().chain([unnamed]) {
        assert_refused(&scene, &asked, "transform");
    }
    Landing::of(&scene.open(&asked.without("code_challenge"))).assert_error("invalid_request");
}

/// RFC 7636, section 4.2: a challenge is a hash in base64url without padding.
#[test]
fn what_cannot_be_a_hash_is_no_challenge() {
    let scene = Scene::new();
    for text in ["short", &CHALLENGE[1..], &format!("{CHALLENGE}="), &CHALLENGE.replace('-', "+"), &"a".repeat(128)] {
        let landing = Landing::of(&scene.open(&Asked::of(&scene.client).with("code_challenge", text)));
        landing.assert_error("invalid_request");
    }
}

/// RFC 9700, section 2.1.1: public clients must use PKCE; RFC 8252, section 6: the server must support it for
/// native apps, and (section 8.1) should demand it of them, which are (section 8.4) those that were registered
/// without a secret. RFC 7636, section 4.4.1, has the error, which should say what is missing.
#[test]
fn an_app_without_a_secret_must_send_a_challenge() {
    let scene = Scene::new();
    let asked = Asked::of(&scene.public).without("code_challenge").without("code_challenge_method");
    assert_refused(&scene, &asked, "PKCE");
    let with_secret = Asked::of(&scene.client).without("code_challenge").without("code_challenge_method");
    scene.open(&with_secret).expect(200);
}

/// RFC 9700, section 4.5: a code that was stolen and put into another session, which has another
/// verifier, is refused.
#[test]
fn a_code_of_one_session_is_none_in_another() {
    let scene = Scene::new();
    let other_challenge = "ZtNPunH49FD35FWYhT5Tv8I7vRKQJ8uxMaL0_9eHjNA";
    let victims = scene.code(&Asked::of(&scene.client).with("code_challenge", other_challenge));
    assert_error(&scene.client.redeem(&victims), 400, "invalid_grant");
    scene.client.redeem_with(&victims, &[WITH_URI, ("code_verifier", OTHER_VERIFIER)]).expect(200);
}

/// RFC 6749, section 3.2.1 and 4.1.3: a client with a secret must show it, one without must name
/// itself.
#[test]
fn nobody_redeems_a_code_without_saying_who_they_are() {
    let scene = Scene::new();
    let code = scene.code(&Asked::of(&scene.client));
    let nameless = super::flow::Client { secret: None, ..scene.client.clone() };
    assert_error(&nameless.redeem(&code), 401, "invalid_client");
    let public = scene.code(&Asked::of(&scene.public));
    let fields = [("grant_type", "authorization_code"), ("code", &public), WITH_URI, ("code_verifier", VERIFIER)];
    let anonymous = scene.server.send(&crate::http::Request::post(super::flow::TOKEN).form(&fields));
    assert_error(&anonymous, 401, "invalid_client");
    scene.client.redeem(&code).expect(200);
    scene.public.redeem(&public).expect(200);
}
