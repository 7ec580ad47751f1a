//! Actions: what is asked of the connector, every answer, and every way in which a request ends
//! (domain.md, "Actions").

use crate::connector::{Connector, Kind};
use crate::users::{Hub, World, id_of, lamp};
use serde_json::{Value, json};

/// A world with a lamp.
struct Lit {
    world: World,
    hub: Hub,
    thing: String,
}

impl Lit {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(flags: &[&str]) -> Self {
        let world = World::with(flags);
        let hub = world.instantiated().hub;
        let thing = hub.create_thing(&lamp());
        Self { world, hub, thing }
    }

    fn connector(&self) -> &Connector {
        &self.world.connector
    }

    /// Toggles with the connector answering so. Answers the request as it was given back, which
    /// must be as it is stored.
    #[track_caller]
    fn toggle(&self, behaviour: Value) -> Value {
        self.connector().answers(Kind::Action, &behaviour);
        let answer = self.world.app.act(&self.thing, "toggle", &[]);
        let request = answer.field()[0].clone();
        let stored = self.world.app.action_request(&id_of(&request));
        assert_eq!((&stored["status"], &stored["error"]), (&request["status"], &request["error"]), "{request}");
        request
    }

    /// A request that the connector answered 202: it is PENDING.
    #[track_caller]
    fn pending(&self) -> String {
        let request = self.toggle(json!({ "status": 202 }));
        assert_eq!(request["status"], "PENDING", "{request}");
        id_of(&request)
    }
}

/// Whether the error of a request says something.
fn is_explained(request: &Value) -> bool {
    request["error"].as_str().is_some_and(|error| !error.is_empty())
}

#[test]
fn the_callback_is_what_the_protocol_says_to_the_byte() {
    let lit = Lit::new();
    let answer = lit.world.app.act(&lit.thing, "dim", &[("slow", "true"), ("level", "42.50")]);
    let request = &answer.field()[0];
    let callback = lit.connector().only(Kind::Action);
    let (id, thing) = (id_of(request), &lit.thing);
    let head =
        format!(r#"{{"id":"{id}","thingId":"{thing}","componentId":"lamp","actionId":"dim","status":"PENDING","#);
    let orders =
        [r#""parameters":{"slow":"true","level":"42.50"}}"#, r#""parameters":{"level":"42.50","slow":"true"}}"#];
    assert!(orders.iter().any(|tail| callback.body == format!("{head}{tail}")), "{}", callback.body);
    assert_eq!(callback.target, format!("{}/actions", lit.connector().path()));
    assert_eq!((&request["targetThing"]["id"], &request["targetComponent"]["id"]), (&json!(thing), &json!("lamp")));
    assert_eq!(request["targetAction"]["id"], "dim");
}

#[test]
fn without_parameters_an_empty_object_is_sent() {
    let lit = Lit::new();
    lit.toggle(json!({}));
    assert_eq!(lit.connector().only(Kind::Action).json["parameters"], json!({}));
}

#[test]
fn every_documented_answer_leads_to_its_status() {
    for (behaviour, status, error) in [
        (json!({ "status": 204 }), "COMPLETED", None),
        (json!({ "status": 202 }), "PENDING", None),
        (json!({ "status": 202, "json": {} }), "PENDING", None),
        (json!({ "status": 202, "json": { "status": "PENDING", "error": "" } }), "PENDING", None),
        (
            json!({ "status": 202, "json": { "id": "x", "status": "FAILED", "error": "no power" } }),
            "FAILED",
            Some("no power"),
        ),
        (json!({ "status": 200, "json": { "status": "COMPLETED", "error": "" } }), "COMPLETED", None),
        (json!({ "status": 200, "json": { "status": "PENDING" } }), "PENDING", None),
        (json!({ "status": 200, "json": { "status": "FAILED", "error": "no power" } }), "FAILED", Some("no power")),
        (json!({ "status": 400, "body": "{}" }), "FAILED", Some("bad parameters")),
        (json!({ "status": 403 }), "FAILED", Some("action not allowed")),
    ] {
        let request = Lit::new().toggle(behaviour.clone());
        assert_eq!(request["status"], status, "{behaviour}: {request}");
        let told = request["error"].as_str().unwrap_or_default();
        assert!(error.map_or(told.is_empty(), |error| told.contains(error)), "{behaviour}: {request}");
    }
}

#[test]
fn any_other_answer_fails_and_says_what_was_observed() {
    for behaviour in [
        json!({ "status": 201 }),
        json!({ "status": 302, "headers": { "Location": "/elsewhere" } }),
        json!({ "status": 404, "body": "no such lamp" }),
        json!({ "status": 500, "body": "boom" }),
        json!({ "status": 202, "body": "{" }),
        json!({ "status": 202, "json": { "status": "DONE" } }),
        json!({ "status": 200, "json": { "status": 4 } }),
        json!({ "drop": true }),
        json!({ "hang": true }),
    ] {
        let lit = Lit::with(&["--callback-timeout", "700ms"]);
        let request = lit.toggle(behaviour.clone());
        assert!(request["status"] == "FAILED" && is_explained(&request), "{behaviour}: {request}");
        if let Some(body) = behaviour["body"].as_str().filter(|body| body.len() > 1) {
            let error = request["error"].as_str().unwrap_or_default();
            assert!(error.contains(body) && error.contains(&behaviour["status"].to_string()), "{request}");
        }
    }
}

#[test]
fn the_connector_ends_a_pending_request() {
    for (end, status, error) in [
        (json!({ "status": "COMPLETED", "error": "" }), "COMPLETED", Value::Null),
        (json!({ "status": "COMPLETED" }), "COMPLETED", Value::Null),
        (json!({ "status": "FAILED", "error": "no power" }), "FAILED", json!("no power")),
    ] {
        let lit = Lit::new();
        let id = lit.pending();
        assert!(lit.hub.end_action(&id, &end).expect(204).body.is_empty());
        let request = lit.world.app.action_request(&id);
        assert_eq!((&request["status"], &request["error"]), (&json!(status), &error), "{end}");
        assert_eq!(lit.hub.end_action(&id, &end).expect(409).json()["error"], "CONFLICT");
    }
    let lit = Lit::new();
    let id = lit.pending();
    lit.hub.end_action(&id, &json!({ "status": "FAILED" })).expect(204);
    assert_eq!(lit.world.app.action_request(&id)["status"], "FAILED");
}

#[test]
fn ends_that_make_no_sense_change_nothing() {
    let lit = Lit::new();
    let id = lit.pending();
    for end in [
        json!({ "status": "COMPLETED", "error": "but" }),
        json!({ "status": "PENDING" }),
        json!({ "status": "CANCELED" }),
        json!({ "status": 2 }),
        json!({}),
        json!([]),
        json!({ "status": "FAILED", "error": 5 }),
    ] {
        assert_eq!(lit.hub.end_action(&id, &end).expect(400).json()["error"], "BAD_REQUEST", "{end}");
    }
    lit.hub.end_action("nonsense", &json!({ "status": "COMPLETED" })).expect(404);
    assert_eq!(lit.world.app.action_request(&id)["status"], "PENDING");
}

#[test]
fn a_report_that_overtakes_the_answer_wins() {
    for (late, end, status) in [
        (json!({ "status": 202 }), "COMPLETED", "COMPLETED"),
        (json!({ "status": 202, "json": { "status": "FAILED", "error": "late" } }), "COMPLETED", "COMPLETED"),
        (json!({ "status": 500 }), "COMPLETED", "COMPLETED"),
        (json!({ "status": 204 }), "FAILED", "FAILED"),
    ] {
        let lit = Lit::new();
        let report = json!({ "method": "PUT", "path": "/instances/actions/requests/{id}", "token": "instance",
            "body": { "status": end, "error": "" } });
        let mut behaviour = late.clone();
        behaviour["hubCalls"] = json!([report]);
        let request = lit.toggle(behaviour);
        assert_eq!(request["status"], status, "{late}");
        assert_eq!(lit.connector().only(Kind::Action).hub_results[0].status, Some(204));
    }
}

#[test]
fn past_its_deadline_a_request_has_failed() {
    let lit = Lit::with(&["--action-deadline", "300ms"]);
    let id = lit.pending();
    let request = lit.world.until_action_is(&id, "FAILED");
    assert_eq!(request["error"], "deadline exceeded");
    lit.hub.end_action(&id, &json!({ "status": "COMPLETED" })).expect(409);
}

#[test]
fn a_connector_that_answers_after_the_deadline_is_too_late() {
    let lit = Lit::with(&["--action-deadline", "300ms"]);
    lit.connector().answers(Kind::Action, &json!({ "hold": true, "status": 204 }));
    let waiting = lit.world.acting(&lit.thing, "toggle");
    let id = lit.connector().only(Kind::Action).id().to_owned();
    lit.world.until_action_is(&id, "FAILED");
    lit.connector().release(Kind::Action);
    let answer = waiting.join().expect("an answer");
    assert_eq!(answer.field()[0]["status"], "FAILED");
    assert_eq!(lit.world.app.action_request(&id)["error"], "deadline exceeded");
}

#[test]
fn an_app_calls_a_pending_request_off() {
    let lit = Lit::new();
    let id = lit.pending();
    let cancel = "mutation($id: ID!) { cancelActionRequest(id: $id) { id status targetThing { id } } }";
    let canceled = lit.world.app.graphql(cancel, json!({ "id": id }));
    let expected = json!({ "id": id, "status": "CANCELED", "targetThing": { "id": lit.thing } });
    assert_eq!(*canceled.field(), expected);
    assert_eq!(lit.world.app.graphql(cancel, json!({ "id": id })).code(), "CONFLICT");
    assert_eq!(lit.hub.end_action(&id, &json!({ "status": "COMPLETED" })).expect(409).json()["error"], "CONFLICT");
    assert_eq!(lit.world.app.action_request(&id)["status"], "CANCELED");
    let missing = json!({ "id": "00000000-0000-0000-0000-000000000000" });
    assert_eq!(lit.world.app.graphql(cancel, missing).code(), "NOT_FOUND");
}

#[test]
fn a_request_of_another_subject_cannot_be_called_off() {
    let lit = Lit::new();
    let id = lit.pending();
    let cancel = "mutation($id: ID!) { cancelActionRequest(id: $id) { id } }";
    let app = &lit.world.app;
    assert_eq!(app.graphql_for("somebody-else", cancel, json!({ "id": id })).code(), "NOT_FOUND");
    assert_eq!(app.action_request(&id)["status"], "PENDING");
    app.graphql_for("default", cancel, json!({ "id": id })).data();
}

#[test]
fn a_request_called_off_while_the_connector_thinks_stays_so() {
    let lit = Lit::new();
    lit.connector().answers(Kind::Action, &json!({ "hold": true, "status": 204 }));
    let waiting = lit.world.acting(&lit.thing, "toggle");
    let id = lit.connector().only(Kind::Action).id().to_owned();
    lit.world.app.graphql("mutation($id: ID!) { cancelActionRequest(id: $id) { id } }", json!({ "id": id })).data();
    lit.connector().release(Kind::Action);
    assert_eq!(waiting.join().expect("an answer").field()[0]["status"], "CANCELED");
    assert_eq!(lit.world.app.action_request(&id)["status"], "CANCELED");
}

#[test]
fn parameters_are_checked_before_anything_is_sent() {
    let lit = Lit::new();
    for parameters in [
        &[][..],
        &[("level", "1")],
        &[("level", "bright"), ("slow", "true")],
        &[("level", "1"), ("slow", "yes")],
        &[("level", "1"), ("slow", "true"), ("nope", "x")],
        &[("level", "1"), ("level", "2"), ("slow", "true")],
    ] {
        assert!(!lit.world.app.act(&lit.thing, "dim", parameters).violations().is_empty(), "{parameters:?}");
    }
    let all = lit.world.app.act(&lit.thing, "dim", &[("level", "bright"), ("nope", "x")]);
    assert_eq!(all.violations().len(), 3, "the wrong, the unknown and the missing one: {all:?}");
    assert_eq!(lit.connector().count(Kind::Action), 0);
    assert_eq!(*lit.world.app.graphql("{ actionRequests { id } }", json!({})).field(), json!([]));
}

#[test]
fn what_is_wrong_for_many_targets_is_told_once_with_the_first_of_them() {
    let lit = Lit::new();
    lit.hub.create_thing(&lamp());
    let document = "mutation { requestThingAction(thingConstraints: {}, componentSelector: { id: \"lamp\" },
        actionParameters: [{ name: \"level\", value: \"bright\" }]) { id } }";
    let answer = lit.world.app.graphql(document, json!({}));
    // Toggle has no such parameter; dim has, but of another type, and lacks one.
    let paths = ["actionParameters[0].name", "actionParameters[0].value", "actionParameters"];
    assert_eq!(answer.violations(), paths);
    let whose = format!("(action \"toggle\" of component \"lamp\" of the thing {}, and 1 more)", lit.thing);
    assert!(answer.message().contains(&whose), "{}", answer.message());
    assert_eq!(lit.connector().count(Kind::Action), 0);
}

#[test]
fn a_dry_run_shows_the_targets_and_does_nothing() {
    let lit = Lit::new();
    let answer = lit.world.app.dry_run(&lit.thing, "dim", &[("level", "1"), ("slow", "true")]);
    let request = &answer.field()[0];
    for absent in ["id", "status", "deadline", "createdAt"] {
        assert_eq!(request[absent], Value::Null, "{absent}");
    }
    assert_eq!(request["targetThing"]["id"], lit.thing);
    assert_eq!(request["parameters"][0], json!({ "name": "level", "value": "1" }));
    assert!(!lit.world.app.dry_run(&lit.thing, "dim", &[]).violations().is_empty());
    assert_eq!(lit.connector().count(Kind::Action), 0);
    assert_eq!(*lit.world.app.graphql("{ actionRequests { id } }", json!({})).field(), json!([]));
}

#[test]
fn every_action_that_matches_is_requested_and_listed_newest_first() {
    let lit = Lit::new();
    let second = lit.hub.create_thing(&lamp());
    let document =
        "mutation { requestThingAction(thingConstraints: { thingConstraint: { displayType: \"core.LAMP\" } },
        componentSelector: { componentType: \"core.Lamp\", capabilities: [\"core.SWITCH\"] },
        actionSelector: { name: \"Toggle\" }) { id status targetThing { id } } }";
    let answer = lit.world.app.graphql(document, json!({}));
    let requests = answer.field().as_array().expect("a list").clone();
    let mut things: Vec<_> = requests.iter().map(|request| request["targetThing"]["id"].clone()).collect();
    let mut expected = vec![json!(lit.thing), json!(second)];
    things.sort_by_key(Value::to_string);
    expected.sort_by_key(Value::to_string);
    assert_eq!(things, expected);
    lit.connector().answered(Kind::Action, 2);
    let newest = id_of(&lit.toggle(json!({ "status": 202 })));
    let list = |arguments: &str| {
        let found = lit.world.app.graphql(&format!("{{ actionRequests({arguments}) {{ id status }} }}"), json!({}));
        found.field().as_array().expect("a list").clone()
    };
    assert_eq!(list("first: 10").len(), 3);
    assert_eq!(list("first: 1")[0]["id"], newest);
    assert_eq!(list("status: PENDING"), [json!({ "id": newest, "status": "PENDING" })]);
    assert_eq!(list(&format!("thingId: \"{second}\"")).len(), 1);
    assert_eq!(list(&format!("first: 10, after: \"{newest}\"")).len(), 2);
    assert_eq!(list("id: \"nonsense\""), Vec::<Value>::new());
}

#[test]
fn nothing_that_matches_is_no_request() {
    let lit = Lit::new();
    assert_eq!(*lit.world.app.act("00000000-0000-0000-0000-000000000000", "toggle", &[]).field(), json!([]));
    assert_eq!(*lit.world.app.act(&lit.thing, "no-such", &[]).field(), json!([]));
    let document = "mutation { requestThingAction(thingConstraints: {}, actionSelector: { id: \"toggle\" }) { id } }";
    assert_eq!(*lit.world.app.graphql_for("nobody", document, json!({})).field(), json!([]));
    assert_eq!(lit.connector().count(Kind::Action), 0);
}

#[test]
fn a_thing_of_what_is_not_complete_takes_no_requests() {
    for noun in ["instances", "installations"] {
        let lit = Lit::new();
        let hub = if noun == "instances" { lit.hub.clone() } else { lit.world.installation_hub() };
        hub.report(noun, 3).expect(204);
        let answer = lit.world.app.act(&lit.thing, "toggle", &[]);
        let text = format!("{:?} {:?}", answer.data, answer.errors);
        assert!(text.contains("COMPLETE") && text.contains("ONGOING"), "{text}");
        let status = &answer.data["requestThingAction"][0]["status"];
        assert!(status.is_null() || status == "FAILED", "{text}");
        assert_eq!(lit.connector().count(Kind::Action), 0, "{text}");
        hub.report(noun, 2).expect(204);
        assert_eq!(lit.world.app.act(&lit.thing, "toggle", &[]).field()[0]["status"], "COMPLETED");
    }
}

#[test]
fn another_instance_cannot_end_a_request() {
    let lit = Lit::new();
    let id = lit.pending();
    let installation = lit.world.developer.graphql("{ apps { installations { id } } }", json!({}));
    let installation = id_of(&installation.field()[0]["installations"][0]);
    lit.world.app.instantiate(&installation, Some("other"), &[]).data();
    let other = lit.world.hub(lit.connector().arrived(Kind::Instance, 2)[1].token());
    other.end_action(&id, &json!({ "status": "COMPLETED" })).expect(404);
    assert_eq!(lit.world.app.action_request(&id)["status"], "PENDING");
}
