//! The documents of the platform's own page about connectors, copied verbatim into seed/: they run,
//! placeholders filled in, and answer in the documented shape.

use crate::connector::{Connector, Kind};
use crate::harness::Server;
use crate::users::{Answer, Developer, World, id_of};
use serde_json::{Value, json};

const PUBLISH: &str = include_str!("seed/publish-connector.graphql");

/// A document with its placeholders filled in, each of which must be there.
#[track_caller]
fn filled(document: &str, values: &[(&str, &str)]) -> String {
    let mut text = document.to_owned();
    for (placeholder, value) in values {
        assert!(text.contains(placeholder), "no {placeholder} in\n{text}");
        text = text.replace(placeholder, value);
    }
    text
}

/// The documented document that publishes, for the test connector.
fn publish_document(connector: &Connector, mode: &str) -> String {
    filled(
        PUBLISH,
        &[
            ("PUBLIC | PRIVATE | UNLISTED", mode),
            ("STRING | NUMBER | BOOLEAN", "STRING"),
            ("PLAIN | PASSWORD", "PLAIN"),
            ("-configuration parameter ID-", "key"),
            ("-customer configuration parameter ID-", "room"),
            ("-required installation callback using HTTPS-", &connector.url("installations")),
            ("-required instantiation callback using HTTPS-", &connector.url("instances")),
            ("-required action callback using HTTPS-", &connector.url("actions")),
        ],
    )
}

/// The keys of an object, sorted.
#[track_caller]
fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = object.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// A world that was published by the documented document.
fn world() -> World {
    let server = Server::start();
    let developer = Developer::sign_in(&server);
    let app = developer.create_app();
    let connector = Connector::new();
    let published = developer.graphql(&publish_document(&connector, "PRIVATE"), json!({}));
    let published = published.field();
    connector.configure(&json!({ "publicKey": published["publicKey"], "hub": server.url() }));
    World { publication: id_of(published), server, developer, app, connector }
}

/// Installs by the documented document.
fn install(world: &World) -> Answer {
    let placeholders = [
        ("-app ID-", world.app.id.as_str()),
        ("-connector ID-", &world.publication),
        ("-configuration paramter ID-", "key"),
        ("-parameter value-", "secret"),
    ];
    world.developer.graphql(&filled(include_str!("seed/install-connector.graphql"), &placeholders), json!({}))
}

/// Instantiates by the documented document.
fn instantiate(world: &World, installation: &str) -> Answer {
    let placeholders =
        [("-installation ID-", installation), ("-parameter ID-", "room"), ("-parameter value-", "kitchen")];
    world.app.graphql(&filled(include_str!("seed/instantiate-connector.graphql"), &placeholders), json!({}))
}

#[test]
fn publishing_answers_every_field_of_the_input_and_a_key() {
    let server = Server::start();
    let developer = Developer::sign_in(&server);
    for mode in ["PUBLIC", "PRIVATE", "UNLISTED"] {
        let connector = Connector::new();
        let published = developer.graphql(&publish_document(&connector, mode), json!({})).field().clone();
        let parameter = |id: &str, required: bool, description: &str| {
            json!([{ "id": id, "name": "-display name-", "required": required, "description": description,
                "valueType": "STRING", "displayType": "PLAIN", "validationExpression": "" }])
        };
        let owner = developer.graphql("{ profile { id } }", json!({})).field()["id"].clone();
        let expected = json!({
            "id": published["id"], "publicKey": published["publicKey"], "owner": owner, "name": "My test connector",
            "logoUrl": "https://anyurl.com", "homeUrl": "https://anyurl.com", "description": "-required description-",
            "requirements": "-string-", "mode": mode, "active": true, "tags": ["-string-"],
            "configurationParameters": parameter("key", true, "-description-"),
            "customerConfigurationParameters": parameter("room", false, ""),
            "installationCallbackUrl": connector.url("installations"),
            "instanceCallbackUrl": connector.url("instances"), "actionCallbackUrl": connector.url("actions"),
        });
        assert_eq!(published, expected);
    }
}

#[test]
fn own_publications_answer_in_the_documented_shape() {
    let world = world();
    let answer = world.developer.graphql(include_str!("seed/connector-publications.graphql"), json!({}));
    let publication = &answer.field()[0];
    assert_eq!(
        keys(publication),
        [
            "actionCallbackUrl",
            "active",
            "configurationParameters",
            "customerConfigurationParameters",
            "description",
            "homeUrl",
            "id",
            "installationCallbackUrl",
            "instanceCallbackUrl",
            "logoUrl",
            "mode",
            "name",
            "requirements",
            "tags",
        ]
    );
    assert_eq!(publication["id"], world.publication);
    for list in ["configurationParameters", "customerConfigurationParameters"] {
        assert_eq!(
            keys(&publication[list][0]),
            ["description", "displayType", "id", "name", "required", "validationExpression", "valueType",]
        );
    }
}

#[test]
fn installing_and_listing_installations_answer_in_the_documented_shape() {
    let world = world();
    let installed = install(&world);
    let id = id_of(installed.field());
    let expected =
        json!({ "id": id, "connector": { "id": world.publication }, "state": "COMPLETE", "stateDetails": null });
    assert_eq!(*installed.field(), expected);
    assert_eq!(
        world.connector.only(Kind::Installation).json["configuration"],
        json!([{ "id": "key", "value": "secret" }])
    );
    let document = filled(include_str!("seed/connector-installations.graphql"), &[("-app ID-", &world.app.id)]);
    let listed = world.developer.graphql(&document, json!({}));
    let installation = &listed.field()[0];
    assert_eq!(keys(installation), ["connector", "id", "state", "stateDetails"]);
    assert_eq!((&installation["id"], &installation["stateDetails"]), (&json!(id), &Value::Null));
    assert_eq!(
        keys(&installation["connector"]),
        [
            "active",
            "configurationParameters",
            "customerConfigurationParameters",
            "description",
            "id",
            "logoUrl",
            "mode",
            "name",
            "owner",
            "requirements",
            "state",
            "tags",
        ]
    );
    let parameter = json!([{ "id": "key", "name": "-display name-" }]);
    assert_eq!(installation["connector"]["configurationParameters"], parameter);
    assert_eq!(installation["connector"]["state"], "PUBLISHED");
}

#[test]
fn instantiating_and_listing_instances_answer_in_the_documented_shape() {
    let world = world();
    let installation = id_of(install(&world).field());
    let instantiated = instantiate(&world, &installation);
    let id = id_of(instantiated.field());
    let expected =
        json!({ "id": id, "installation": { "id": installation }, "state": "COMPLETE", "stateDetails": null });
    assert_eq!(*instantiated.field(), expected);
    assert_eq!(
        world.connector.only(Kind::Instance).json["configuration"],
        json!([{ "id": "room", "value": "kitchen" }])
    );
    let listed = world.app.graphql(include_str!("seed/connector-instantiations.graphql"), json!({}));
    let mut with_step = expected;
    with_step["furtherStep"] = Value::Null;
    assert_eq!(*listed.field(), json!([with_step]));
}

#[test]
fn removing_answers_in_the_documented_shape() {
    let world = world();
    let installation = id_of(install(&world).field());
    let instance = id_of(instantiate(&world, &installation).field());
    let remove_installation = include_str!("seed/remove-installation.graphql");
    let document = filled(remove_installation, &[("-installation ID-", &installation)]);
    let refused = world.developer.graphql(&document, json!({}));
    assert_eq!(
        *refused.field(),
        json!({
            "affectedInstallation": { "id": installation, "state": "COMPLETE" },
            "affectedInstances": [{ "id": instance, "state": "COMPLETE" }],
        })
    );
    let remove_instance = filled(include_str!("seed/remove-instance.graphql"), &[("-instance ID-", &instance)]);
    let removed = world.app.graphql(&remove_instance, json!({}));
    assert_eq!(
        *removed.field(),
        json!({
            "id": instance, "installation": { "id": installation }, "state": "REMOVAL_ONGOING", "stateDetails": null,
        })
    );
    let removed = world.developer.graphql(&document, json!({}));
    assert_eq!(
        *removed.field(),
        json!({
            "affectedInstallation": { "id": installation, "state": "REMOVAL_ONGOING" }, "affectedInstances": [],
        })
    );
    let document = filled(include_str!("seed/remove-connector.graphql"), &[("-connector ID-", &world.publication)]);
    let removed = world.developer.graphql(&document, json!({}));
    assert_eq!(*removed.field(), json!({ "id": world.publication, "state": "REMOVED" }));
}
