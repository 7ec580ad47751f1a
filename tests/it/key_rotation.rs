//! Another key pair for a connector, which verifies each callback with code of its own (Node's).

use crate::connector::Kind;
use crate::users::{Answer, Developer, World};
use serde_json::{Value, json};

const KEYS: &str = "query($id: ID!) { connector(id: $id) { publicKey nextPublicKey } }";
const ROTATE: &str = "mutation($id: ID!) { rotateConnectorKey(connectorId: $id) { publicKey nextPublicKey } }";
const CONFIRM: &str = "mutation($id: ID!, $key: String!) {
    confirmConnectorKey(connectorId: $id, publicKey: $key) { publicKey nextPublicKey } }";
const ABANDON: &str = "mutation($id: ID!) { abandonConnectorKey(connectorId: $id) { publicKey nextPublicKey } }";

/// The keys of the world's publication, as its owner sees them.
fn keys(world: &World) -> (String, Option<String>) {
    keys_of(world.developer.graphql(KEYS, json!({ "id": world.publication })).field())
}

fn keys_of(publication: &Value) -> (String, Option<String>) {
    let text = |name: &str| publication[name].as_str().map(str::to_owned);
    (text("publicKey").expect("a key"), text("nextPublicKey"))
}

fn rotate(world: &World) -> Answer {
    world.developer.graphql(ROTATE, json!({ "id": world.publication }))
}

fn confirm(world: &World, key: &str) -> Answer {
    world.developer.graphql(CONFIRM, json!({ "id": world.publication, "key": key }))
}

fn abandon(world: &World) -> Answer {
    world.developer.graphql(ABANDON, json!({ "id": world.publication }))
}

/// A callback to the connector, which verifies it with this key alone.
#[track_caller]
fn assert_signed_with(world: &World, key: &str, callbacks: usize) {
    world.connector.configure(&json!({ "publicKey": key }));
    let app = world.developer.create_app();
    let installed = world.developer.install(&app.id, &world.publication, &[]);
    assert_eq!(installed.field()["state"], "COMPLETE", "{installed:?}");
    world.connector.arrived(Kind::Installation, callbacks);
}

#[test]
fn callbacks_are_signed_with_the_old_key_until_the_new_one_is_confirmed() {
    let world = World::new();
    let (old, none) = keys(&world);
    assert_eq!(none, None);
    let (current, next) = keys_of(rotate(&world).field());
    let new = next.expect("a new key");
    assert!(current == old && new != old);
    assert_signed_with(&world, &old, 1);

    // Both are kept: a second one is refused, also after a crash.
    assert_eq!(rotate(&world).code(), "CONFLICT");
    world.server.crash_and_restart();
    assert_eq!(keys(&world), (old.clone(), Some(new.clone())));
    assert_signed_with(&world, &old, 2);

    for wrong in [old.as_str(), "", "AAAA", &new.to_lowercase(), &format!("{new}\n")] {
        let refused = confirm(&world, wrong);
        assert_eq!((refused.code(), refused.violations()), ("BAD_USER_INPUT", vec!["publicKey"]), "{wrong:?}");
        assert!(refused.message().contains(&new), "{refused:?}");
    }
    // The second time is a repeat whose response was lost.
    for _ in 0..2 {
        assert_eq!(keys_of(confirm(&world, &new).field()), (new.clone(), None));
    }
    assert_signed_with(&world, &new, 3);
    assert_eq!(confirm(&world, &old).code(), "CONFLICT");
    world.server.crash_and_restart();
    assert_eq!(keys(&world), (new.clone(), None));
    assert_signed_with(&world, &new, 4);
}

#[test]
fn a_new_key_can_be_abandoned() {
    let world = World::new();
    let (old, _) = keys(&world);
    assert_eq!(keys_of(abandon(&world).field()), (old.clone(), None), "there is none yet");
    let (_, first) = keys_of(rotate(&world).field());
    let first = first.expect("a new key");
    assert_eq!(keys_of(abandon(&world).field()), (old.clone(), None));
    assert_eq!(confirm(&world, &first).code(), "CONFLICT");
    assert_signed_with(&world, &old, 1);
    let (_, second) = keys_of(rotate(&world).field());
    let second = second.expect("a new key");
    assert!(second != first && second != old);
    confirm(&world, &second).data();
    assert_signed_with(&world, &second, 2);
}

#[test]
fn a_removal_that_waits_is_signed_with_the_key_of_its_time() {
    let world = World::new();
    let installation = world.installed();
    let (_, next) = keys_of(rotate(&world).field());
    let new = next.expect("a new key");
    confirm(&world, &new).data();
    world.connector.configure(&json!({ "publicKey": new }));
    world.developer.remove_installation(&installation, true).data();
    world.connector.arrived(Kind::InstallationRemoval, 1);
}

#[test]
fn keys_are_their_owners() {
    let world = World::new();
    let (old, next) = keys_of(rotate(&world).field());
    let new = next.expect("a new key");
    let stranger = Developer::stranger(&world.server);
    let seen = stranger.graphql(KEYS, json!({ "id": world.publication }));
    assert_eq!(seen.field(), &json!({ "publicKey": null, "nextPublicKey": null }));
    for (document, variables) in [
        (ROTATE, json!({ "id": world.publication })),
        (CONFIRM, json!({ "id": world.publication, "key": new })),
        (ABANDON, json!({ "id": world.publication })),
    ] {
        assert_eq!(stranger.graphql(document, variables).code(), "NOT_FOUND");
    }
    assert_eq!(keys(&world), (old, Some(new)));
}

#[test]
fn in_an_encrypted_database_a_new_key_is_encrypted_until_and_after_it_is_confirmed() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("key");
    std::fs::write(&file, "0123456789abcdef".repeat(4)).expect("a file");
    let world = World::with(&["--key-file", file.to_str().expect("UTF-8")]);
    let (_, next) = keys_of(rotate(&world).field());
    let new = next.expect("a new key");
    let lengths = "SELECT length(signing_seed), ifnull(length(next_signing_seed), 0) FROM publications";
    let lengths = || -> (usize, usize) {
        world.server.sql().query_row(lengths, [], |row| Ok((row.get(0)?, row.get(1)?))).expect("a publication")
    };
    // A byte for the version, a nonce, the 32 bytes and a tag.
    assert_eq!(lengths(), (61, 61));
    confirm(&world, &new).data();
    assert_eq!(lengths(), (61, 0));
    world.server.crash_and_restart();
    assert_signed_with(&world, &new, 1);
}
