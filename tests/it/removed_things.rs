//! Things that go while somebody still waits for what they were asked to do.

use crate::connector::Kind;
use crate::socket::Socket;
use crate::users::{Instance, World, id_of, lamp};
use crate::wait::eventually;
use serde_json::{Value, json};

const ACT: &str = "mutation($things: ThingConstraints!) {
    requestThingAction(thingConstraints: $things, actionSelector: { id: \"toggle\" }) {
        id status error targetThing { id name attributes { value } components { id properties { id value } actions { id } } }
        targetComponent { id properties { id value } } targetAction { id } } }";
const FIND: &str = "query($id: ID, $thing: ID, $status: ActionRequestStatus) {
    actionRequests(id: $id, thingId: $thing, status: $status) {
        id status error targetThing { id name attributes { value } } targetComponent { id properties { id value } }
        targetAction { id } } }";

struct Lamps {
    world: World,
    instance: Instance,
    going: String,
}

impl Lamps {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(flags: &[&str]) -> Self {
        let world = World::with(flags);
        let instance = world.instantiated();
        let going = instance.hub.create_thing(&lamp());
        instance.hub.update(&going, "level", &json!({ "value": "42.50" })).expect(204);
        Self { world, instance, going }
    }

    /// Requests the action of the first lamp.
    fn act(&self) -> Value {
        let by_id = json!({ "thingConstraint": { "id": self.going } });
        self.world.app.graphql(ACT, json!({ "things": by_id })).field()[0].clone()
    }

    /// How the connector deletes the first lamp while it is asked, and then answers so.
    fn deleting(&self, answer: Value) {
        let mut behaviour = answer;
        behaviour["hubCalls"] = json!([self.deletion()]);
        self.world.connector.answers(Kind::Action, &behaviour);
    }

    fn deletion(&self) -> Value {
        let path = format!("/instances/things/{}", self.going);
        json!({ "method": "DELETE", "path": path, "token": self.instance.hub.token })
    }

    fn find(&self, variables: Value) -> Value {
        self.world.app.graphql(FIND, variables).field().clone()
    }
}

/// That the target is as it was.
#[track_caller]
fn assert_as_it_was(request: &Value, thing: &str) {
    let target = &request["targetThing"];
    assert_eq!((&target["id"], &target["name"]), (&json!(thing), &json!("Lamp")), "{request}");
    assert_eq!(target["attributes"], json!([{ "value": "00130" }]));
    let properties = request["targetComponent"]["properties"].as_array().expect("properties");
    assert!(properties.contains(&json!({ "id": "level", "value": "42.50" })), "{request}");
    assert_eq!((&request["targetComponent"]["id"], &request["targetAction"]["id"]), (&json!("lamp"), &json!("toggle")));
}

#[test]
fn a_thing_that_its_connector_deletes_while_it_acts_is_answered_as_it_was() {
    let lamps = Lamps::new();
    let staying = lamps.instance.hub.create_thing(&lamp());
    lamps.deleting(json!({ "status": 204 }));
    let acted = lamps.act();
    assert_eq!((&acted["status"], &acted["error"]), (&json!("COMPLETED"), &Value::Null));
    assert_as_it_was(&acted, &lamps.going);
    assert_eq!(acted["targetThing"]["components"][0]["actions"], json!([{ "id": "toggle" }, { "id": "dim" }]));
    let id = &acted["id"];
    for variables in [json!({ "id": id }), json!({ "thing": lamps.going }), json!({ "status": "COMPLETED" })] {
        let found = lamps.find(variables.clone());
        assert_eq!((found.as_array().map(Vec::len), &found[0]["id"]), (Some(1), id), "{variables}");
        assert_eq!(found[0]["status"], "COMPLETED");
        assert_as_it_was(&found[0], &lamps.going);
    }
    let things = lamps.world.app.graphql("{ things { id } }", json!({}));
    assert_eq!(*things.field(), json!([{ "id": staying }]), "it is gone all the same");
}

#[test]
fn the_other_rows_are_whole() {
    let lamps = Lamps::new();
    let staying = lamps.instance.hub.create_thing(&lamp());
    lamps.world.connector.answers(Kind::Action, &json!([{ "hubCalls": [lamps.deletion()] }, { "status": 403 }]));
    let acted = lamps.world.app.graphql(ACT, json!({ "things": {} })).field().clone();
    let of = |thing: &str| acted.as_array().expect("requests").iter().find(|one| one["targetThing"]["id"] == thing);
    assert_as_it_was(of(&lamps.going).expect("the one that goes"), &lamps.going);
    let other = of(&staying).expect("the one that stays");
    assert_eq!(other["targetComponent"]["id"], "lamp");
    let statuses: Vec<_> = acted.as_array().expect("requests").iter().map(|one| one["status"].clone()).collect();
    assert!(statuses.contains(&json!("COMPLETED")) && statuses.contains(&json!("FAILED")), "{acted}");
}

#[test]
fn a_pending_request_for_a_deleted_thing_is_ended_by_its_connector() {
    let lamps = Lamps::new();
    lamps.deleting(json!({ "status": 202 }));
    let acted = lamps.act();
    assert_eq!(acted["status"], "PENDING");
    assert_as_it_was(&acted, &lamps.going);
    let id = id_of(&acted);
    let mut socket = Socket::of(&lamps.world.server, &lamps.world.app.token);
    let document = "subscription($id: ID, $thing: ID) {
        actionRequestChanged(id: $id, thingId: $thing) { status targetThing { id name } } }";
    socket.subscribe("by id", document, json!({ "id": id }));
    socket.subscribe("by thing", document, json!({ "thing": lamps.going }));
    lamps.instance.hub.end_action(&id, &json!({ "status": "FAILED", "error": "it fell off the wall" })).expect(204);
    let told = json!({ "status": "FAILED", "targetThing": { "id": lamps.going, "name": "Lamp" } });
    let mut answers = [socket.receive(), socket.receive()];
    answers.sort_by_key(|answer| answer["id"].to_string());
    for answer in answers {
        assert_eq!(answer["payload"]["data"]["actionRequestChanged"], told, "{answer}");
    }
    assert_eq!(lamps.find(json!({ "id": id }))[0]["error"], "it fell off the wall");
}

#[test]
fn a_request_for_a_deleted_thing_is_called_off_and_runs_out() {
    let lamps = Lamps::new();
    lamps.deleting(json!({ "status": 202 }));
    let id = id_of(&lamps.act());
    let cancel =
        "mutation($id: ID!) { cancelActionRequest(id: $id) { status targetThing { id } targetAction { id } } }";
    let canceled = lamps.world.app.graphql(cancel, json!({ "id": id })).field().clone();
    assert_eq!((&canceled["status"], &canceled["targetThing"]["id"]), (&json!("CANCELED"), &json!(lamps.going)));

    let lamps = Lamps::with(&["--action-deadline", "300ms"]);
    lamps.deleting(json!({ "status": 202 }));
    let id = id_of(&lamps.act());
    eventually("the request fails by itself", || {
        let request = lamps.find(json!({ "id": id }))[0].clone();
        Some(request).filter(|request| request["status"] == "FAILED")
    });
}

#[test]
fn what_is_kept_goes_with_the_instance() {
    let lamps = Lamps::new();
    lamps.deleting(json!({ "status": 204 }));
    let id = id_of(&lamps.act());
    assert_eq!(lamps.find(json!({ "id": id }))[0]["status"], "COMPLETED");
    lamps.world.app.remove_instance(&lamps.instance.id).data();
    assert_eq!(lamps.find(json!({ "id": id })), json!([]));
    let plain = "query($id: ID) { actionRequests(thingId: $id) { id status } }";
    assert_eq!(*lamps.world.app.graphql(plain, json!({ "id": lamps.going })).field(), json!([]));
}

#[test]
fn an_instance_that_goes_while_its_thing_acts_leaves_the_other_rows_whole() {
    let lamps = Lamps::new();
    lamps.world.connector.answers(Kind::Action, &json!({ "hold": true, "status": 204 }));
    let acting = lamps.world.acting(&lamps.going, "toggle");
    lamps.world.connector.only(Kind::Action);
    lamps.world.app.remove_instance(&lamps.instance.id).data();
    lamps.world.connector.release(Kind::Action);
    let acted = acting.join().expect("an answer").field()[0].clone();
    assert_eq!(acted["status"], "COMPLETED");
    assert_eq!((&acted["targetThing"]["id"], &acted["targetAction"]["id"]), (&json!(lamps.going), &json!("toggle")));
}
