//! The keys that sign tokens: another secret and a rotation end tokens of people, those of connectors stay valid until
//! their key is removed, and then it is shown whose are lost.

use crate::harness::{EMAIL, Finished, PASSWORD, Server, connhub, run};
use crate::users::{Developer, Hub, Instance, World, login};
use crate::wait::{eventually, until};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use std::sync::Arc;

const FIRST: &str = "a first secret of more than 32 characters";
const SECOND: &str = "another secret of more than 32 characters";
const LOST: &str = "query($id: ID!) { connectorInstallation(id: $id) { tokenLost } }";
const LOST_OF_INSTANCE: &str = "query($id: ID!) { connectorInstance(id: $id) { tokenLost } }";

fn secret(server: &Server, arguments: &[&str]) -> Finished {
    run(connhub().arg("secret").args(arguments).arg("--db").arg(server.database()))
}

#[track_caller]
fn done(server: &Server, arguments: &[&str]) -> String {
    let finished = secret(server, arguments);
    assert!(finished.success, "{arguments:?}: {}", finished.stderr);
    finished.stdout
}

/// The IDs of the keys as they are listed, the newest first, and what is said of each.
fn listed(server: &Server) -> Vec<(String, String)> {
    let lines = done(server, &["list"]);
    let pairs = lines.lines().map(|line| line.split_once("  ").expect("an ID"));
    pairs.map(|(id, rest)| (id.to_owned(), rest.to_owned())).collect()
}

/// The key that a token names.
fn key_of(token: &str) -> String {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().expect("a header")).expect("base64url");
    let header: Value = serde_json::from_slice(&header).expect("JSON");
    header["kid"].as_str().expect("a key").to_owned()
}

fn is_signed_in(developer: &Developer) -> bool {
    developer.graphql("{ profile { id } }", json!({})).errors.is_empty()
}

fn reports(hub: &Hub, noun: &str) -> bool {
    match hub.report(noun, 2).status {
        204 => true,
        401 => false,
        other => panic!("{other}"),
    }
}

/// Whether the tokens of the developer, the app, the installation and the instance are valid.
fn valid(world: &World, instance: &Instance) -> [bool; 4] {
    [
        is_signed_in(&world.developer),
        world.app.graphql("{ things { id } }", json!({})).errors.is_empty(),
        reports(&world.installation_hub(), "installations"),
        reports(&instance.hub, "instances"),
    ]
}

#[test]
fn another_secret_ends_tokens_of_people_and_apps_and_keeps_those_of_connectors() {
    let world = World::with(&["--secret", FIRST]);
    let instance = world.instantiated();
    assert_eq!(valid(&world, &instance), [true; 4]);
    for flags in [&["--secret", SECOND][..], &[]] {
        world.server.restart_with(flags);
        assert_eq!(valid(&world, &instance), [false, false, true, true], "{flags:?}");
        world.server.send(&login(EMAIL, PASSWORD)).expect(200);
        assert!(world.server.output().contains("another key signs tokens now"), "{}", world.server.output());
    }
    // What comes meanwhile is signed by the key of its time, and stays valid too.
    let developer = Developer::sign_in(&world.server);
    let app = developer.service_token(&world.app.id, &[]);
    let app = crate::users::App { token: app, ..world.app.clone() };
    let made = app.instantiate(&instance.installation, Some("another"), &[]);
    assert_eq!(made.field()["state"], "COMPLETE");
    world.server.restart_with(&["--secret", FIRST]);
    assert_eq!(valid(&world, &instance), [true; 4], "the former secret is back");
    assert!(!is_signed_in(&developer));
    assert_eq!(listed(&world.server).len(), 3);
}

#[test]
fn a_rotation_beside_a_running_server_has_a_grace_period() {
    let world = World::new();
    let instance = world.instantiated();
    let first = listed(&world.server);
    assert!(first.len() == 1 && first[0].1.contains("signs; tokens of 1 installations, 1 instances"), "{first:?}");
    let told = done(&world.server, &["rotate", "--grace", "1h"]);
    let second = listed(&world.server)[0].0.clone();
    assert!(told.contains(&second) && told.contains("1h"), "{told}");
    assert!(listed(&world.server)[1].1.contains("accepted until"), "{:?}", listed(&world.server));
    let follows = || {
        let token = world.server.send(&login(EMAIL, PASSWORD)).expect(200).json()["access_token"].clone();
        (key_of(token.as_str().expect("a token")) == second).then_some(())
    };
    eventually("the server signs with the new key", follows);
    assert_eq!(valid(&world, &instance), [true; 4]);
    world.server.crash_and_restart();
    assert_eq!(valid(&world, &instance), [true; 4], "a restart does not end the grace period");

    // Another rotation ends within a second what people have, and nothing of connectors.
    done(&world.server, &["rotate", "--grace", "1s"]);
    let developer = Developer::sign_in(&world.server);
    until("the grace period is over", || !is_signed_in(&developer) || key_of(&developer.token) != second);
    assert_eq!(valid(&world, &instance)[2..], [true; 2]);
}

#[test]
fn the_tokens_of_a_key_that_is_removed_end_and_are_shown_as_lost() {
    let world = World::new();
    let instance = world.instantiated();
    let first = listed(&world.server)[0].0.clone();
    let refused = secret(&world.server, &["remove", &first]);
    assert!(!refused.success && refused.stderr.contains("is the key that signs"), "{}", refused.stderr);
    done(&world.server, &["rotate"]);
    let told = done(&world.server, &["remove", &first]);
    assert!(told.contains("1 installations and 1 instances have lost their tokens"), "{told}");
    until("the server follows", || !reports(&instance.hub, "instances"));
    assert_eq!(valid(&world, &instance), [false; 4]);
    let developer = Developer::sign_in(&world.server);
    let token = developer.service_token(&world.app.id, &[]);
    let app = crate::users::App { token, ..world.app.clone() };
    let lost = |document: &str, id: &str| match document {
        LOST => developer.graphql(document, json!({ "id": id })).field()["tokenLost"].clone(),
        _ => app.graphql(document, json!({ "id": id })).field()["tokenLost"].clone(),
    };
    assert_eq!(lost(LOST, &instance.installation), true);
    assert_eq!(lost(LOST_OF_INSTANCE, &instance.id), true);
    // What is made again has a token that is valid.
    developer.remove_installation(&instance.installation, true).data();
    let again = developer.install(&world.app.id, &world.publication, &[]);
    assert_eq!(lost(LOST, again.field()["id"].as_str().expect("an ID")), false);
    let unknown = secret(&world.server, &["remove", "0123456789abcdef"]);
    assert!(!unknown.success && unknown.stderr.contains("connhub secret list"), "{}", unknown.stderr);
    assert!(!secret(&world.server, &["remove", "nonsense"]).success);
}

#[test]
fn a_key_from_an_option_is_changed_by_the_option() {
    let server = Server::with(&["--secret", FIRST]);
    let refused = secret(&server, &["rotate"]);
    assert!(!refused.success && refused.stderr.contains("--secret"), "{}", refused.stderr);
    assert!(!refused.stderr.contains(FIRST) && !done(&server, &["list"]).contains(FIRST));
}

/// Before keys had names, tokens did not name theirs.
#[test]
fn a_connectors_token_from_before_keys_had_names_survives_too() {
    let world = World::with(&["--secret", FIRST]);
    let instance = world.instantiated();
    let claims = instance.hub.token.split('.').nth(1).expect("claims");
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).expect("base64url")).expect("JSON");
    let key = EncodingKey::from_secret(FIRST.as_bytes());
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).expect("a token");
    let old = Hub { server: Arc::clone(&world.server), token };
    assert!(reports(&old, "instances"));
    world.server.restart_with(&["--secret", SECOND]);
    assert!(reports(&old, "instances"));
}
