//! What ends what was granted: the developer's word, a new password, a new secret, an app's removal; and
//! what does not, such as a restart (auth.md, "Tokens").

use super::flow::{Asked, Client, Scene, TOKEN, Tokens, assert_error};
use crate::account_command::{account, done};
use crate::harness::{EMAIL, PASSWORD};
use crate::users::Developer;
use serde_json::{Value, json};

const GRANTS: &str = "{ grants { id clientId clientName appId scope createdAt usedAt expiresAt } }";
const REVOKE_GRANT: &str = "mutation($grant: ID!) { revokeGrant(grantId: $grant) }";
const RESET: &str = "mutation($app: ID!) { resetAppSecret(appId: $app) { clientSecret } }";
const REMOVE: &str = "mutation($app: ID!) { removeApp(appId: $app) { id } }";
const CHANGE: &str = "mutation($present: String!, $new: String!) {
    changePassword(presentPassword: $present, newPassword: $new) { accessToken } }";

fn grants(developer: &Developer) -> Vec<Value> {
    developer.graphql(GRANTS, json!({})).field().as_array().expect("a list").clone()
}

#[track_caller]
fn assert_good(scene: &Scene, client: &Client, tokens: &Tokens) -> Tokens {
    assert!(scene.reads(&tokens.access), "the access token is not good");
    Tokens::of(&client.refresh(tokens.refresh()))
}

#[track_caller]
fn assert_ended(scene: &Scene, client: &Client, tokens: &Tokens) {
    assert!(!scene.reads(&tokens.access), "the access token is good");
    assert_error(&client.refresh(tokens.refresh()), 400, "invalid_grant");
}

/// The developer sees what they granted once it was used, and to whom; nobody else does.
#[test]
fn a_developer_sees_what_they_granted_and_ends_it() {
    let scene = Scene::new();
    scene.code(&Asked::of(&scene.client));
    assert_eq!(grants(&scene.developer), [] as [Value; 0], "a code that nobody has redeemed is nothing yet");
    let (one, other) = (scene.tokens(&scene.client), scene.tokens(&scene.public));
    let listed = grants(&scene.developer);
    let ids: Vec<_> = listed.iter().map(|grant| grant["clientId"].as_str().expect("an ID")).collect();
    assert_eq!(ids, [scene.client.id.as_str(), &scene.public.id]);
    assert_eq!(listed[0]["clientName"], "A client & more");
    assert_eq!((&listed[0]["appId"], &listed[0]["scope"]), (&json!(scene.app), &json!("connctd.things.read offline")));
    let stranger = scene.stranger.graphql(REVOKE_GRANT, json!({ "grant": listed[0]["id"] }));
    assert_eq!(stranger.code(), "NOT_FOUND");
    assert_eq!(grants(&scene.stranger), [] as [Value; 0]);
    let one = assert_good(&scene, &scene.client, &one);
    scene.developer.graphql(REVOKE_GRANT, json!({ "grant": listed[0]["id"] })).data();
    assert_ended(&scene, &scene.client, &one);
    assert_good(&scene, &scene.public, &other);
    assert_eq!(grants(&scene.developer).len(), 1);
    scene.server.crash_and_restart();
    assert_ended(&scene, &scene.client, &one);
}

/// Five wrong ones with a token, from wherever, and no more; whoever has another token goes on.
#[test]
fn who_has_a_stolen_token_guesses_no_password_and_locks_nobody_out() {
    let scene = Scene::new();
    let thief = Developer::sign_in(&scene.server);
    let change = |developer: &Developer, present: &str| {
        developer.graphql(CHANGE, json!({ "present": present, "new": "another password" }))
    };
    for _ in 0..5 {
        assert_eq!(change(&thief, "guess guess").violations(), ["presentPassword"]);
    }
    assert_eq!(change(&thief, PASSWORD).code(), "TOO_MANY_REQUESTS");
    change(&scene.developer, PASSWORD).data();
}

/// auth.md: changing a password ends that subject's older tokens: the developer's, and what they granted.
#[test]
fn a_new_password_ends_all_that_the_old_one_gave() {
    let scene = Scene::new();
    let tokens = scene.tokens(&scene.client);
    let pending = scene.code(&Asked::of(&scene.client));
    let question = scene.question(&Asked::of(&scene.client));
    let change = json!({ "present": PASSWORD, "new": "another password" });
    let changed = scene.developer.graphql(CHANGE, change.clone()).field().clone();
    assert_ended(&scene, &scene.client, &tokens);
    assert_error(&scene.client.redeem(&pending), 400, "invalid_grant");
    // A question that was asked before, and is answered with the old password's right.
    let allow = question.filled(&[("decision", "allow"), ("app", &scene.app)]);
    assert_eq!(scene.server.send(&allow).expect(409).header("Location"), None);
    assert_eq!(scene.developer.graphql("{ profile { id } }", json!({})).code(), "UNAUTHENTICATED");
    let token = changed["accessToken"].as_str().expect("a token").to_owned();
    let developer = Developer { token, ..scene.developer.clone() };
    developer.graphql("{ profile { id } }", json!({})).data();
    assert_eq!(grants(&developer), [] as [Value; 0]);
    let asked = Asked::of(&scene.client);
    scene.sign_in(&asked, crate::harness::EMAIL, PASSWORD).expect(403);
    scene.sign_in(&asked, crate::harness::EMAIL, "another password").expect(200);
}

/// The same if the operator sets the password in the database's file while the server runs.
#[test]
fn a_password_that_an_operator_sets_ends_all_that_the_old_one_gave() {
    let scene = Scene::new();
    let tokens = scene.tokens(&scene.client);
    let pending = scene.code(&Asked::of(&scene.client));
    let question = scene.question(&Asked::of(&scene.client));
    let set = account(&scene.server.database(), &["set-password", crate::harness::EMAIL], b"another password\n");
    assert!(set.success, "{}", set.stderr);
    assert_ended(&scene, &scene.client, &tokens);
    assert_error(&scene.client.redeem(&pending), 400, "invalid_grant");
    let allow = question.filled(&[("decision", "allow"), ("app", &scene.app)]);
    assert_eq!(scene.server.send(&allow).expect(409).header("Location"), None);
    assert_eq!(scene.developer.graphql("{ profile { id } }", json!({})).code(), "UNAUTHENTICATED");
    let asked = Asked::of(&scene.client);
    scene.sign_in(&asked, crate::harness::EMAIL, PASSWORD).expect(403);
    scene.sign_in(&asked, crate::harness::EMAIL, "another password").expect(200);
}

/// auth.md: resetting an app's secret ends that subject's older tokens: those of the client, and those for
/// the app that others act for. RFC 7662, section 4: it must be found out whether a token was revoked. RFC 6749,
/// section 10.1: an app without a secret must not be given one.
#[test]
fn a_new_secret_ends_what_the_old_one_gave() {
    let scene = Scene::new();
    let tokens = scene.tokens(&scene.client);
    let own = Tokens::of(&scene.client.send(TOKEN, &[("grant_type", "client_credentials")]));
    let reset = scene.stranger.graphql(RESET, json!({ "app": scene.client.id })).field().clone();
    assert!(!scene.reads(&own.access) && !scene.reads(&tokens.access));
    assert_error(&scene.client.refresh(tokens.refresh()), 401, "invalid_client");
    let client = Client { secret: reset["clientSecret"].as_str().map(str::to_owned), ..scene.client.clone() };
    assert_eq!(client.introspect(&own.access), json!({ "active": false }));
    assert_ended(&scene, &client, &tokens);
    let tokens = scene.tokens(&client);
    scene.developer.graphql(RESET, json!({ "app": scene.app })).data();
    assert_ended(&scene, &client, &tokens);
    assert_eq!(scene.stranger.graphql(RESET, json!({ "app": scene.public.id })).code(), "CONFLICT");
}

/// An app that is removed is no client any more, and nobody acts for it.
#[test]
fn an_app_that_is_removed_takes_everything_along() {
    let scene = Scene::new();
    let (of_client, of_public) = (scene.tokens(&scene.client), scene.tokens(&scene.public));
    scene.stranger.graphql(REMOVE, json!({ "app": scene.client.id })).data();
    assert!(!scene.reads(&of_client.access));
    assert_error(&scene.client.refresh(of_client.refresh()), 401, "invalid_client");
    super::authorization::assert_told(&scene.open(&Asked::of(&scene.client)));
    assert!(scene.reads(&of_public.access));
    scene.developer.graphql(REMOVE, json!({ "app": scene.app })).data();
    assert_ended(&scene, &scene.public, &of_public);
    assert_eq!(scene.grants(), 0);
}

/// What was granted and answered is kept: a `kill -9` ends nothing.
#[test]
fn grants_and_tokens_survive_a_kill() {
    let scene = Scene::new();
    let tokens = scene.tokens(&scene.client);
    let code = scene.code(&Asked::of(&scene.public));
    let own = Tokens::of(&scene.client.send(TOKEN, &[("grant_type", "client_credentials")]));
    scene.server.crash_and_restart();
    assert!(scene.reads(&own.access));
    assert_eq!(grants(&scene.developer).len(), 1);
    assert_good(&scene, &scene.client, &tokens);
    scene.public.redeem(&code).expect(200);
}

/// A scene whose developer is not the only operator, so that either account can be suspended.
fn suspendable() -> Scene {
    let scene = Scene::new();
    done(&scene.server.database(), &["set-role", "stranger@example.com", "operator"], "");
    scene
}

#[test]
fn while_either_account_is_suspended_what_was_granted_is_too() {
    let scene = suspendable();
    let database = scene.server.database();
    let tokens = scene.tokens(&scene.client);
    for (email, error) in [(EMAIL, "invalid_grant"), ("stranger@example.com", "unauthorized_client")] {
        done(&database, &["suspend", email], "");
        assert!(!scene.reads(&tokens.access), "the token is accepted while {email} is suspended");
        assert_error(&scene.client.refresh(tokens.refresh()), 400, error);
        done(&database, &["resume", email], "");
    }
    assert_good(&scene, &scene.client, &tokens);
}

#[test]
fn a_question_that_was_asked_before_a_suspension_gives_nothing_after_it() {
    let scene = suspendable();
    let asked = Asked::of(&scene.client);
    let (form, code) = (scene.question(&asked), scene.code(&asked));
    done(&scene.server.database(), &["suspend", EMAIL], "");
    let answer = scene.server.send(&form.filled(&[("decision", "allow"), ("app", &scene.app)])).expect(409);
    assert!(answer.text().contains("suspended this account"), "{}", answer.text());
    assert_error(&scene.client.redeem(&code), 400, "invalid_grant");
    let refused = scene.sign_in(&asked, EMAIL, PASSWORD).expect(403);
    assert!(refused.text().contains("suspended this account"), "{}", refused.text());
}
