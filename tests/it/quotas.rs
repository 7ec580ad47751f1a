//! How much one may have: each bound is told with the option that raises it, one less passes, and what
//! was removed makes room.

use crate::connector::{Connector, Kind};
use crate::harness::Server;
use crate::users::{Answer, Developer, Instance, World, id_of, lamp, publication};
use serde_json::json;

#[track_caller]
fn full(answer: &Answer, option: &str) {
    assert_eq!((answer.code(), answer.error()["extensions"]["status"].as_u64()), ("CONFLICT", Some(409)));
    assert!(answer.message().contains(option) && answer.message().contains("has 2 "), "{}", answer.message());
}

#[test]
fn an_account_has_so_many_publications_and_apps() {
    let world = World::with(&["--publications-per-account", "2", "--apps-per-account", "2"]);
    let publish = |developer: &Developer| {
        let input = json!({ "connector": publication(&world.connector, json!({})) });
        let document =
            "mutation($connector: ConnectorPublicationInput!) { publishConnector(connector: $connector) { id } }";
        developer.graphql(document, input)
    };
    publish(&world.developer).data();
    full(&publish(&world.developer), "--publications-per-account");
    let remove = "mutation($id: ID!) { removeConnector(connectorId: $id) { id } }";
    world.developer.graphql(remove, json!({ "id": world.publication })).data();
    publish(&world.developer).data();

    let create = |name: &str| {
        let document = "mutation($name: String!) { createApp(name: $name) { app { id } } }";
        world.developer.graphql(document, json!({ "name": name }))
    };
    let second = create("second").data()["createApp"]["app"].clone();
    full(&create("third"), "--apps-per-account");
    world
        .developer
        .graphql("mutation($id: ID!) { removeApp(appId: $id) { id } }", json!({ "id": id_of(&second) }))
        .data();
    create("third").data();
}

#[test]
fn an_app_has_so_many_installations() {
    let world = World::with(&["--installations-per-app", "2"]);
    let others = [Connector::new(), Connector::new()];
    let [second, third] = [0, 1].map(|n| world.developer.publish(&others[n], publication(&others[n], json!({}))));
    world.installed();
    world.developer.install(&world.app.id, &second, &[]).data();
    full(&world.developer.install(&world.app.id, &third, &[]), "--installations-per-app");
    // Nothing was sent for what was refused.
    assert_eq!((others[0].count(Kind::Installation), others[1].count(Kind::Installation)), (1, 0));
}

#[test]
fn an_installation_has_so_many_instances() {
    let world = World::with(&["--instances-per-installation", "2"]);
    let installation = world.installed();
    let instantiate = |subject: &str| world.app.instantiate(&installation, Some(subject), &[]);
    let first = id_of(instantiate("a").field());
    instantiate("b").data();
    full(&instantiate("c"), "--instances-per-installation");
    full(&instantiate("d"), "--instances-per-installation");
    let remove = "mutation($id: ID!) { removeInstance(instanceId: $id) { id } }";
    world.app.graphql(remove, json!({ "id": first })).data();
    crate::wait::until("there is room again", || instantiate("c").errors.is_empty());
    full(&instantiate("d"), "--instances-per-installation");
    // After a restart they are counted anew.
    world.server.crash_and_restart();
    full(&instantiate("d"), "--instances-per-installation");
}

#[test]
fn an_instance_has_so_many_things_and_an_app_so_many_of_its_own() {
    let world = World::with(&["--things-per-instance", "2", "--own-things-per-app", "2"]);
    let Instance { hub, .. } = world.instantiated();
    let create = || hub.call("POST", "/instances/things", &json!({ "thing": lamp() }));
    let first = create().expect(201).json();
    create().expect(201);
    let refused = create().expect(409).json();
    assert_eq!(refused["error"], "CONFLICT");
    assert!(refused["description"].as_str().is_some_and(|text| text.contains("--things-per-instance")), "{refused}");
    hub.delete(&format!("/instances/things/{}", id_of(&first))).expect(204);
    create().expect(201);

    let own = || {
        let document = "mutation($thing: NewThing!) { createThing(thing: $thing) { id } }";
        world.app.graphql(document, json!({ "thing": lamp() }))
    };
    own().data();
    own().data();
    full(&own(), "--own-things-per-app");
    world.app.graphql("mutation { deleteThings { id } }", json!({})).data();
    own().data();
}

#[test]
fn an_app_has_so_many_action_requests_pending() {
    let world = World::with(&["--pending-actions-per-app", "2"]);
    let hub = world.instantiated().hub;
    let thing = hub.create_thing(&lamp());
    world.connector.answers(Kind::Action, &json!({ "hold": true }));
    let pending = [world.acting(&thing, "toggle"), world.acting(&thing, "toggle")];
    world.connector.arrived(Kind::Action, 2);
    let refused = world.app.act(&thing, "toggle", &[]);
    assert_eq!(refused.code(), "TOO_MANY_REQUESTS");
    assert!(refused.message().contains("--pending-actions-per-app"), "{}", refused.message());
    assert_eq!(refused.error()["extensions"]["retryAfter"], 1);
    world.connector.release(Kind::Action);
    for request in pending {
        request.join().expect("an answer").data();
    }
}

#[test]
fn a_thing_has_so_many_parts() {
    let server = Server::start();
    let developer = Developer::sign_in(&server);
    let app = developer.create_app();
    let mut thing = lamp();
    let attribute = thing["attributes"][0].clone();
    thing["attributes"] = vec![attribute; 1_001].into();
    let document = "mutation($thing: NewThing!) { createThing(thing: $thing) { id } }";
    let refused = app.graphql(document, json!({ "thing": thing }));
    assert_eq!(refused.violations(), ["thing.attributes"]);
}
