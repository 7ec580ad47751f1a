//! What a crash leaves behind: kill -9 at the worst moments, then a start on the same database.

use crate::connector::Kind;
use crate::users::{World, id_of, lamp};
use crate::wait::until;
use serde_json::{Value, json};

#[test]
fn an_installation_whose_callback_a_crash_interrupted_is_an_internal_error_and_not_sent_again() {
    let world = World::new();
    world.connector.answers(Kind::Installation, &json!({ "hold": true }));
    let waiting = world.installing();
    let id = world.connector.only(Kind::Installation).id().to_owned();
    world.server.kill();
    assert!(waiting.join().is_err(), "the connection broke");
    world.connector.release(Kind::Installation);
    world.server.start_again();
    let installation = world.developer.installation(&id);
    assert_eq!(installation["state"], "INTERNAL_ERROR");
    for key in ["error", "description"] {
        assert!(installation["stateDetails"][key].is_string(), "{installation}");
    }
    let again = world.install();
    assert_eq!(again.code(), "CONFLICT");
    assert!(again.message().contains(&id), "{}", again.message());
    world.developer.remove_installation(&id, false).data();
    world.connector.answers(Kind::Installation, &json!({}));
    assert_eq!(world.install().field()["state"], "COMPLETE");
    let posts = world.connector.arrived(Kind::Installation, 2);
    assert_ne!(posts[0].id, posts[1].id, "a POST was sent twice");
}

#[test]
fn an_instance_whose_callback_a_crash_interrupted_is_an_internal_error_and_not_sent_again() {
    let world = World::new();
    let installation = world.installed();
    world.connector.answers(Kind::Instance, &json!({ "hold": true }));
    let waiting = world.instantiating(&installation);
    let id = world.connector.only(Kind::Instance).id().to_owned();
    world.server.kill();
    assert!(waiting.join().is_err(), "the connection broke");
    world.server.start_again();
    assert_eq!(world.app.instance(&id)["state"], "INTERNAL_ERROR");
    assert_eq!(world.developer.installation(&installation)["state"], "COMPLETE");
    world.connector.arrived(Kind::Instance, 1);
}

#[test]
fn a_state_reported_before_the_crash_stays() {
    let world = World::new();
    let report =
        json!({ "method": "POST", "path": "/installations/state", "token": "installation", "body": { "state": 2 } });
    world.connector.answers(Kind::Installation, &json!({ "hubCalls": [report], "hold": true }));
    let waiting = world.installing();
    let id = world.connector.only(Kind::Installation).id().to_owned();
    world.until_installation_is(&id, "COMPLETE");
    world.server.kill();
    assert!(waiting.join().is_err(), "the connection broke");
    world.server.start_again();
    assert_eq!(world.developer.installation(&id)["state"], "COMPLETE");
}

#[test]
fn an_action_that_a_crash_interrupted_has_failed_and_is_not_sent_again() {
    let world = World::new();
    let thing = world.instantiated().hub.create_thing(&lamp());
    world.connector.answers(Kind::Action, &json!({ "hold": true }));
    let waiting = world.acting(&thing, "toggle");
    let id = world.connector.only(Kind::Action).id().to_owned();
    world.server.kill();
    assert!(waiting.join().is_err(), "the connection broke");
    world.server.start_again();
    let request = world.app.action_request(&id);
    assert_eq!(request["status"], "FAILED");
    assert!(request["error"].as_str().is_some_and(|error| !error.is_empty()), "{request}");
    world.connector.arrived(Kind::Action, 1);
}

#[test]
fn an_action_answered_202_before_the_crash_is_still_pending_and_can_be_ended() {
    let world = World::new();
    let hub = world.instantiated().hub;
    let thing = hub.create_thing(&lamp());
    world.connector.answers(Kind::Action, &json!({ "status": 202 }));
    let id = id_of(&world.app.act(&thing, "toggle", &[]).field()[0]);
    world.server.crash_and_restart();
    assert_eq!(world.app.action_request(&id)["status"], "PENDING");
    hub.end_action(&id, &json!({ "status": "COMPLETED", "error": "" })).expect(204);
}

#[test]
fn a_deadline_that_passed_while_the_server_was_down_is_past() {
    let world = World::with(&["--action-deadline", "500ms"]);
    let thing = world.instantiated().hub.create_thing(&lamp());
    world.connector.answers(Kind::Action, &json!({ "status": 202 }));
    let id = id_of(&world.app.act(&thing, "toggle", &[]).field()[0]);
    world.server.crash_and_restart();
    assert_eq!(world.until_action_is(&id, "FAILED")["error"], "deadline exceeded");
}

#[test]
fn an_interrupted_removal_goes_on_after_the_start() {
    let world = World::new();
    let instance = world.instantiated();
    for subject in ["second", "third"] {
        world.app.instantiate(&instance.installation, Some(subject), &[]).data();
    }
    world.connector.answers(Kind::InstanceRemoval, &json!({ "hold": true }));
    let (developer, id) = (world.developer.clone(), instance.installation.clone());
    let waiting = std::thread::spawn(move || developer.remove_installation(&id, true));
    world.connector.arrived(Kind::InstanceRemoval, 3);
    world.server.kill();
    assert!(waiting.join().is_err(), "the connection broke");
    world.connector.answers(Kind::InstanceRemoval, &json!({}));
    world.server.start_again();
    until("the installation is gone", || world.developer.installation(&instance.installation) == Value::Null);
    assert_eq!(*world.app.graphql("{ connectorInstantiations { id } }", json!({})).field(), json!([]));
    assert_eq!(world.connector.count(Kind::InstanceRemoval), 6, "each DELETE is sent again");
    world.connector.arrived(Kind::InstallationRemoval, 1);
    assert_eq!(world.connector.count(Kind::Installation) + world.connector.count(Kind::Instance), 4);
}

#[test]
fn an_interrupted_removal_that_waited_for_the_first_callback_goes_on_too() {
    let world = World::new();
    world.connector.answers(Kind::Installation, &json!({ "hold": true }));
    let installing = world.installing();
    let id = world.connector.only(Kind::Installation).id().to_owned();
    let (developer, removed) = (world.developer.clone(), id.clone());
    let removing = std::thread::spawn(move || developer.remove_installation(&removed, true));
    world.until_installation_is(&id, "REMOVAL_ONGOING");
    world.server.kill();
    assert!(installing.join().is_err() && removing.join().is_err(), "the connections broke");
    world.server.start_again();
    until("the installation is gone", || world.developer.installation(&id) == Value::Null);
    world.connector.arrived(Kind::InstallationRemoval, 1);
    world.connector.arrived(Kind::Installation, 1);
}

#[test]
fn whatever_was_acknowledged_is_there_after_a_crash() {
    let world = World::new();
    let hub = world.instantiated().hub;
    let thing = hub.create_thing(&lamp());
    hub.update(&thing, "level", &json!({ "value": "21.50", "lastUpdate": "2024-01-02T03:04:05.000001Z" })).expect(204);
    hub.call("PUT", &format!("/instances/things/{thing}/status"), &json!({ "status": "UNAVAILABLE" })).expect(204);
    hub.report("instances", 3).expect(204);
    world.server.crash_and_restart();
    let document = "{ connectorInstantiations { state things { id status
        components { properties { id value lastUpdate } } } } }";
    let instance = world.app.graphql(document, json!({})).field()[0].clone();
    assert_eq!((&instance["state"], &instance["things"][0]["status"]), (&json!("ONGOING"), &json!("UNAVAILABLE")));
    let level = &instance["things"][0]["components"][0]["properties"][1];
    assert_eq!(*level, json!({ "id": "level", "value": "21.50", "lastUpdate": "2024-01-02T03:04:05.000001Z" }));
    hub.report("instances", 2).expect(204);
    let sql = world.server.sql();
    let check = |pragma: &str| {
        sql.prepare(pragma).expect("a pragma").query_map([], |row| row.get::<_, String>(0)).expect("rows").count()
    };
    assert_eq!(check("PRAGMA integrity_check"), 1);
    assert_eq!(check("PRAGMA foreign_key_check"), 0);
}
