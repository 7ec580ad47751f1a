//! Removing instances and installations: the connector is told, and they go whatever it answers
//! (domain.md, "Removal").

use crate::connector::Kind;
use crate::users::{World, id_of, lamp};
use crate::wait::until;
use serde_json::{Value, json};

const INSTANCES: &str = "{ connectorInstantiations { id } }";

/// Asserts that nothing is left of an app's installations and what belongs to them.
#[track_caller]
fn assert_nothing_left(world: &World) {
    let sql = world.server.sql();
    let rows = |table: &str| {
        let count = format!("SELECT count(*) FROM {table}");
        sql.query_row(&count, [], |row| row.get::<_, i64>(0)).expect("a count")
    };
    for table in ["installations", "instances", "things", "components", "properties", "action_requests"] {
        assert_eq!(rows(table), 0, "{table}");
    }
    until("the past is gone", || rows("history") == 0 && rows("ended_histories") == 0);
}

#[test]
fn an_instance_goes_with_everything_it_made() {
    let world = World::new();
    let instance = world.instantiated();
    let thing = instance.hub.create_thing(&lamp());
    instance.hub.update(&thing, "level", &json!({ "value": "5" })).expect(204);
    world.app.act(&thing, "toggle", &[]).data();
    let removed = world.app.remove_instance(&instance.id);
    let expected =
        json!({ "id": instance.id, "state": "REMOVAL_ONGOING", "installation": { "id": instance.installation } });
    assert_eq!(*removed.field(), expected);
    let callback = world.connector.only(Kind::InstanceRemoval);
    assert_eq!((callback.method.as_str(), callback.body.as_str()), ("DELETE", ""));
    assert_eq!(callback.target, format!("{}/instances/{}", world.connector.path(), instance.id));
    assert_eq!(callback.header("Content-Type"), None);
    assert_eq!(*world.app.graphql("{ things { id } }", json!({})).field(), json!([]));
    assert_eq!(*world.app.graphql("{ actionRequests { id } }", json!({})).field(), json!([]));
    assert_eq!(world.app.instance(&instance.id), Value::Null);
    assert_eq!(world.app.remove_instance(&instance.id).code(), "NOT_FOUND");
    world.developer.remove_installation(&instance.installation, false).data();
    assert_nothing_left(&world);
}

#[test]
fn an_installation_without_instances_goes() {
    let world = World::new();
    let id = world.installed();
    let removed = world.developer.remove_installation(&id, false);
    let expected = json!({ "affectedInstallation": { "id": id, "state": "REMOVAL_ONGOING" }, "affectedInstances": [] });
    assert_eq!(*removed.field(), expected);
    let callback = world.connector.only(Kind::InstallationRemoval);
    assert_eq!(callback.target, format!("{}/installations/{id}", world.connector.path()));
    assert_eq!(world.developer.installation(&id), Value::Null);
    assert_eq!(world.developer.remove_installation(&id, true).code(), "NOT_FOUND");
    assert_eq!(world.install().field()["state"], "COMPLETE");
}

#[test]
fn with_instances_present_nothing_is_removed_unless_they_are_to_go_too() {
    let world = World::new();
    let instance = world.instantiated();
    let refused = world.developer.remove_installation(&instance.installation, false);
    let expected = json!({
        "affectedInstallation": { "id": instance.installation, "state": "COMPLETE" },
        "affectedInstances": [{ "id": instance.id, "state": "COMPLETE" }],
    });
    assert_eq!(*refused.field(), expected);
    assert_eq!(world.connector.count(Kind::InstanceRemoval) + world.connector.count(Kind::InstallationRemoval), 0);
    assert_eq!(world.app.instance(&instance.id)["state"], "COMPLETE");
}

#[test]
fn an_installation_takes_its_instances_along_and_goes_last() {
    const INSTANCES: usize = 40;
    let world = World::new();
    let installation = world.installed();
    for number in 0..INSTANCES {
        world.app.instantiate(&installation, Some(&number.to_string()), &[]).data();
    }
    world.connector.answers(Kind::InstanceRemoval, &json!({ "delayMs": 20 }));
    let removed = world.developer.remove_installation(&installation, true);
    let affected = removed.field()["affectedInstances"].as_array().expect("a list").clone();
    assert_eq!(affected.len(), INSTANCES);
    assert!(affected.iter().all(|instance| instance["state"] == "REMOVAL_ONGOING"), "{affected:?}");
    let removals = world.connector.answered(Kind::InstanceRemoval, INSTANCES);
    let last = world.connector.only(Kind::InstallationRemoval);
    assert!(removals.iter().all(|removal| removal.n < last.n), "the installation went before an instance");
    let (most, limit) = (world.connector.in_flight_max(), 16);
    assert!((2..=limit).contains(&most), "{most} at a time");
    assert_nothing_left(&world);
}

#[test]
fn a_connector_that_does_not_confirm_is_told_of_and_the_removal_takes_place() {
    for behaviour in [
        json!({ "status": 404 }),
        json!({ "status": 500, "body": "boom" }),
        json!({ "status": 200 }),
        json!({ "drop": true }),
        json!({ "hang": true }),
    ] {
        let world = World::with(&["--callback-timeout", "700ms"]);
        let instance = world.instantiated();
        world.connector.answers(Kind::InstanceRemoval, &behaviour);
        world.connector.answers(Kind::InstallationRemoval, &behaviour);
        let removed = world.app.remove_instance(&instance.id);
        assert_eq!((removed.status, removed.code()), (200, "CALLBACK_FAILED"), "{behaviour}");
        assert_eq!(removed.data["removeInstance"]["id"], instance.id);
        assert_eq!(removed.error()["path"], json!(["removeInstance"]));
        if let Some(status) = behaviour["status"].as_u64() {
            assert!(removed.message().contains(&status.to_string()), "{}", removed.message());
        }
        let removed = world.developer.remove_installation(&instance.installation, false);
        assert_eq!((removed.status, removed.code()), (200, "CALLBACK_FAILED"), "{behaviour}");
        assert_eq!(removed.data["removeInstallation"]["affectedInstallation"]["id"], instance.installation);
        assert_nothing_left(&world);
    }
}

#[test]
fn each_instance_that_was_not_confirmed_is_told_of() {
    let world = World::new();
    let instance = world.instantiated();
    world.app.instantiate(&instance.installation, Some("second"), &[]).data();
    world.connector.answers(Kind::InstanceRemoval, &json!({ "status": 500 }));
    let removed = world.developer.remove_installation(&instance.installation, true);
    assert_eq!(removed.errors.len(), 2, "{removed:#?}");
    assert!(removed.errors.iter().any(|error| error["message"].to_string().contains(&instance.id)), "{removed:#?}");
    assert_nothing_left(&world);
}

#[test]
fn a_connector_that_is_gone_can_be_removed_with_all_its_instances() {
    let world = World::new();
    let instance = world.instantiated();
    let gone =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let update = "mutation($id: ID!, $connector: ConnectorPublicationUpdate!) {
        updateConnector(connectorId: $id, connector: $connector) { id } }";
    let url = format!("http://{gone}/");
    let urls = json!({ "installationCallbackUrl": url, "instanceCallbackUrl": url });
    world.developer.graphql(update, json!({ "id": world.publication, "connector": urls })).data();
    let removed = world.developer.remove_installation(&instance.installation, true);
    assert_eq!(removed.errors.len(), 2, "{removed:#?}");
    assert!(removed.errors.iter().all(|error| error["extensions"]["code"] == "CALLBACK_FAILED"), "{removed:#?}");
    assert_nothing_left(&world);
}

#[test]
fn what_is_being_removed_is_seen_so_and_takes_nothing_more() {
    let world = World::new();
    let instance = world.instantiated();
    let thing = instance.hub.create_thing(&lamp());
    world.connector.answers(Kind::InstanceRemoval, &json!({ "hold": true }));
    let (app, id) = (world.app.clone(), instance.id.clone());
    let waiting = std::thread::spawn(move || app.remove_instance(&id));
    world.connector.arrived(Kind::InstanceRemoval, 1);
    assert_eq!(world.app.instance(&instance.id)["state"], "REMOVAL_ONGOING");
    instance.hub.report("instances", 2).expect(409);
    instance.hub.call("POST", "/instances/things", &json!({ "thing": lamp() })).expect(409);
    let act = world.app.act(&thing, "toggle", &[]);
    assert!(format!("{:?}{:?}", act.data, act.errors).contains("REMOVAL_ONGOING"), "{act:?}");
    assert_eq!(world.app.instantiate(&instance.installation, None, &[]).code(), "CONFLICT");
    world.connector.release(Kind::InstanceRemoval);
    waiting.join().expect("an answer").data();
    assert_eq!(world.connector.count(Kind::Action), 0);
    assert_eq!(*world.app.graphql(INSTANCES, json!({})).field(), json!([]));
}

#[test]
fn two_who_remove_the_same_instance_send_one_callback() {
    let world = World::new();
    let instance = world.instantiated();
    world.connector.answers(Kind::InstanceRemoval, &json!({ "hold": true }));
    let remove = || {
        let (app, id) = (world.app.clone(), instance.id.clone());
        std::thread::spawn(move || app.remove_instance(&id))
    };
    let first = remove();
    world.connector.arrived(Kind::InstanceRemoval, 1);
    let second = remove();
    until("the second asks", || world.app.instance(&instance.id)["state"] == "REMOVAL_ONGOING");
    world.connector.release(Kind::InstanceRemoval);
    first.join().expect("an answer").data();
    let second = second.join().expect("an answer");
    assert!(second.errors.is_empty() || second.code() == "NOT_FOUND", "{second:?}");
    world.connector.answered(Kind::InstanceRemoval, 1);
}

#[test]
fn a_removal_during_the_first_callback_is_told_after_it() {
    let world = World::new();
    world.connector.answers(Kind::Installation, &json!({ "hold": true }));
    let installing = world.installing();
    let id = world.connector.only(Kind::Installation).id().to_owned();
    let (developer, removed) = (world.developer.clone(), id.clone());
    let removing = std::thread::spawn(move || developer.remove_installation(&removed, true));
    world.until_installation_is(&id, "REMOVAL_ONGOING");
    assert_eq!(
        world.connector.count(Kind::InstallationRemoval),
        0,
        "told of the end before the beginning was answered"
    );
    world.connector.release(Kind::Installation);
    removing.join().expect("an answer").data();
    let installed = installing.join().expect("an answer");
    let is_truthful = installed.errors.iter().all(|error| error["extensions"]["code"] == "CONFLICT")
        && (installed.data.is_null() || installed.data["installConnector"]["state"] == "REMOVAL_ONGOING");
    assert!(is_truthful, "{installed:?}");
    let (post, delete) = (world.connector.only(Kind::Installation), world.connector.only(Kind::InstallationRemoval));
    assert!(post.n < delete.n);
    assert_nothing_left(&world);
}

#[test]
fn a_removal_of_an_instance_during_its_first_callback_is_told_after_it() {
    let world = World::new();
    let installation = world.installed();
    world.connector.answers(Kind::Instance, &json!({ "hold": true }));
    let instantiating = world.instantiating(&installation);
    let id = world.connector.only(Kind::Instance).id().to_owned();
    let developer = world.developer.clone();
    let removing = std::thread::spawn(move || developer.remove_installation(&installation, true));
    until("the instance is being removed", || world.app.instance(&id)["state"] == "REMOVAL_ONGOING");
    assert_eq!(world.connector.count(Kind::InstanceRemoval) + world.connector.count(Kind::InstallationRemoval), 0);
    world.connector.release(Kind::Instance);
    removing.join().expect("an answer").data();
    instantiating.join().expect("an answer");
    world.connector.answered(Kind::InstanceRemoval, 1);
    world.connector.answered(Kind::InstallationRemoval, 1);
    assert_nothing_left(&world);
}

#[test]
fn failed_ones_are_removed_like_any_other() {
    let world = World::new();
    world.connector.answers(Kind::Installation, &json!({ "status": 401 }));
    let id = id_of(world.install().field());
    world.developer.remove_installation(&id, false).data();
    world.connector.answered(Kind::InstallationRemoval, 1);
    assert_nothing_left(&world);
}
