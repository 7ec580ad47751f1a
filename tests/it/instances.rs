//! Instantiating: external subjects, what the connector does meanwhile, and its answers.

use crate::connector::Kind;
use crate::http::Request;
use crate::socket::Socket;
use crate::users::{GRAPHQL, World, id_of, lamp};
use serde_json::{Value, json};

const LIST: &str = "{ connectorInstantiations { id externalSubjectId } }";

/// The subjects of the instances in a list.
fn subjects(list: &Value) -> Vec<&str> {
    let rows = list.as_array().expect("a list").iter();
    rows.map(|row| row["externalSubjectId"].as_str().expect("a subject")).collect()
}

#[test]
fn the_callback_names_the_installation_in_snake_case() {
    let parameters = json!([{ "id": "room", "name": "Room", "valueType": "STRING", "required": true }]);
    let world = World::publishing(&[], json!({ "customerConfigurationParameters": parameters }));
    let installation = world.installed();
    let answer = world.app.instantiate(&installation, None, &[("room", "1")]);
    let id = id_of(answer.field());
    assert_eq!(answer.field()["installation"]["id"], installation);
    let callback = world.connector.only(Kind::Instance);
    let token = callback.token();
    assert_eq!(
        callback.body,
        format!(
            r#"{{"id":"{id}","installation_id":"{installation}","token":"{token}","state":1,{}}}"#,
            r#""configuration":[{"id":"room","value":"1"}]"#
        )
    );
    assert_eq!(callback.target, format!("{}/instances", world.connector.path()));
}

#[test]
fn the_connector_creates_things_while_it_answers() {
    let world = World::new();
    let installation = world.installed();
    world.connector.answers(Kind::Instance, &json!({ "createThing": lamp() }));
    let answer = world.app.instantiate(&installation, Some("alice"), &[]);
    assert_eq!(answer.field()["state"], "COMPLETE");
    let result = world.connector.only(Kind::Instance).hub_results.remove(0);
    assert_eq!(result.status, Some(201), "{result:?}");
    let things = world.app.graphql("{ things { id name externalSubjectId } }", json!({}));
    let expected = json!([{ "id": result.json["id"], "name": "Lamp", "externalSubjectId": "alice" }]);
    assert_eq!(*things.field(), expected);
}

#[test]
fn every_answer_leads_to_its_state() {
    for (behaviour, state) in [
        (json!({ "status": 201 }), "COMPLETE"),
        (json!({ "status": 202, "json": { "furtherStep": { "type": 1, "content": "x" } } }), "ONGOING"),
        (json!({ "status": 202, "body": "{\"furtherStep\":{\"type\":0,\"content\":\"\"}}" }), "ONGOING"),
        (json!({ "status": 401 }), "FAILED"),
        (json!({ "status": 403 }), "FAILED"),
        (json!({ "status": 500 }), "ERROR"),
        (json!({ "status": 202, "body": "{" }), "ERROR"),
        (json!({ "drop": true }), "ERROR"),
        (json!({ "hang": true }), "ERROR"),
    ] {
        let world = World::with(&["--callback-timeout", "700ms"]);
        let installation = world.installed();
        world.connector.answers(Kind::Instance, &behaviour);
        let instance = world.app.instantiate(&installation, None, &[]);
        assert_eq!(instance.field()["state"], state, "{behaviour}");
        assert_eq!(world.app.instance(&id_of(instance.field()))["state"], state, "{behaviour}");
    }
}

#[test]
fn a_state_reported_during_the_callback_wins_and_later_ones_are_taken() {
    let world = World::new();
    let installation = world.installed();
    let report = |state: u8| {
        json!({ "method": "POST", "path": "/instances/state", "token": "instance",
        "body": { "state": state, "details": { "state": state } } })
    };
    world.connector.answers(Kind::Instance, &json!({ "status": 500, "hubCalls": [report(3)] }));
    let instance = world.app.instantiate(&installation, None, &[]);
    assert_eq!(
        (&instance.field()["state"], &instance.field()["stateDetails"]),
        (&json!("ONGOING"), &json!({ "state": 3 }))
    );
    world.instance_hub().report("instances", "COMPLETE").expect(204);
    let after = world.app.instance(&id_of(instance.field()));
    assert_eq!((&after["state"], &after["stateDetails"]), (&json!("COMPLETE"), &Value::Null));
}

#[test]
fn each_external_subject_has_one_instance() {
    let world = World::new();
    let installation = world.installed();
    for subject in [None, Some("alice"), Some("Zoë")] {
        assert_eq!(world.app.instantiate(&installation, subject, &[]).field()["state"], "COMPLETE");
        let again = world.app.instantiate(&installation, subject, &[]);
        assert_eq!(again.code(), "CONFLICT");
    }
    let all = world.app.graphql(LIST, json!({}));
    assert_eq!(subjects(all.field()), ["default", "alice", "Zoë"]);
    let one = world.app.graphql_for("alice", LIST, json!({}));
    assert_eq!(subjects(one.field()), ["alice"]);
    assert_eq!(world.connector.count(Kind::Instance), 3);
}

#[test]
fn another_subjects_instance_is_not_there() {
    let world = World::new();
    let installation = world.installed();
    let id = id_of(world.app.instantiate(&installation, Some("alice"), &[]).field());
    let find = "query($id: ID!) { connectorInstance(id: $id) { id } }";
    let remove = "mutation($id: ID!) { removeInstance(instanceId: $id) { id } }";
    assert_eq!(*world.app.graphql_for("bob", find, json!({ "id": id })).field(), Value::Null);
    assert_eq!(world.app.graphql_for("bob", remove, json!({ "id": id })).code(), "NOT_FOUND");
    assert_eq!(world.app.graphql_for("alice", find, json!({ "id": id })).field()["id"], id);
}

#[test]
fn a_subject_is_1_to_255_characters_of_any_script_and_none_that_controls() {
    let world = World::new();
    let ask = |subject: &[u8]| {
        let request = Request::post(GRAPHQL).bearer(world.app.token.as_str()).header("X-External-Subject-ID", subject);
        world.server.send(&request.json(&json!({ "query": LIST })))
    };
    let longest = "x".repeat(255);
    for good in ["a", "auth0|5f7c8ec7c33c6c004bbafe82", "Zoë", "max mustermann", "用户  42", "100%20a+b", &longest] {
        assert_eq!(ask(good.as_bytes()).expect(200).json()["errors"], Value::Null, "{good}");
    }
    let longer = "x".repeat(256);
    for bad in ["", "  ", "a\tb", "a\u{85}b", &longer] {
        let answer = ask(bad.as_bytes()).expect(200).json();
        let extensions = &answer["errors"][0]["extensions"];
        assert_eq!(extensions["code"], "BAD_USER_INPUT", "{bad:?}: {answer}");
    }
}

#[test]
fn a_subject_is_the_same_however_it_is_named() {
    let world = World::new();
    let installation = world.installed();
    for subject in ["max mustermann", "Zoë", "用户 42"] {
        world.app.instantiate(&installation, Some(subject), &[]).data();
    }
    let by_header = |subject: &[u8]| {
        let request = Request::post(GRAPHQL).bearer(world.app.token.as_str()).header("X-External-Subject-ID", subject);
        let answer = world.server.send(&request.json(&json!({ "query": LIST }))).expect(200).json();
        subjects(&answer["data"]["connectorInstantiations"]).join(", ")
    };
    assert_eq!(by_header(b"max mustermann"), "max mustermann");
    // HTTP takes what is around a value away.
    assert_eq!(by_header(b"  max mustermann\t"), "max mustermann");
    assert_eq!(by_header(b"max%20mustermann"), "", "nothing is decoded");
    // UTF-8, and what fetch() makes of the same text in a page: Latin-1.
    assert_eq!((by_header("Zoë".as_bytes()), by_header(b"Zo\xeb")), ("Zoë".to_owned(), "Zoë".to_owned()));
    for (named, meant) in [(" max mustermann ", "max mustermann"), ("用户 42", "用户 42")] {
        let mut socket = Socket::of_subject(&world.server, &world.app.token, named);
        socket.begin("1", LIST, json!({}));
        assert_eq!(subjects(&socket.next("1")), [meant]);
    }
}

#[test]
fn a_wrong_configuration_sends_nothing() {
    let parameters = json!([{ "id": "room", "name": "Room", "valueType": "NUMBER", "required": true }]);
    let world = World::publishing(&[], json!({ "customerConfigurationParameters": parameters }));
    let installation = world.installed();
    assert_eq!(world.app.instantiate(&installation, None, &[]).violations(), ["configuration"]);
    let wrong = world.app.instantiate(&installation, None, &[("room", "x"), ("nope", "y")]);
    assert_eq!(wrong.violations(), ["configuration[0].value", "configuration[1].configurationParameterId"]);
    assert_eq!(world.connector.count(Kind::Instance), 0);
    assert_eq!(*world.app.graphql(LIST, json!({})).field(), json!([]));
}

#[test]
fn an_installation_that_is_not_complete_cannot_be_instantiated() {
    let world = World::new();
    world.connector.answers(Kind::Installation, &json!({ "status": 202 }));
    let installation = id_of(world.install().field());
    let refused = world.app.instantiate(&installation, None, &[]);
    assert_eq!(refused.code(), "CONFLICT");
    assert!(refused.message().contains("ONGOING"), "{}", refused.message());
    assert_eq!(world.connector.count(Kind::Instance), 0);
    world.installation_hub().report("installations", 2).expect(204);
    world.app.instantiate(&installation, None, &[]).data();
}

#[test]
fn lists_of_instances_go_page_by_page_in_the_order_of_creation() {
    let world = World::new();
    let installation = world.installed();
    for subject in ["a", "b", "c"] {
        world.app.instantiate(&installation, Some(subject), &[]).data();
    }
    let page = "query($first: Int, $after: ID) {
        connectorInstantiations(first: $first, after: $after) { id externalSubjectId } }";
    let first = world.app.graphql(page, json!({ "first": 2 }));
    assert_eq!(subjects(first.field()), ["a", "b"]);
    let after = id_of(&first.field()[1]);
    assert_eq!(subjects(world.app.graphql(page, json!({ "first": 2, "after": after })).field()), ["c"]);
    for first in [0, -1, 1_001] {
        assert_eq!(world.app.graphql(page, json!({ "first": first })).violations(), ["first"]);
    }
    assert_eq!(world.app.graphql(page, json!({ "after": "nonsense" })).violations(), ["after"]);
    let nested = "query($id: ID!) { connectorInstallation(id: $id) {
        instanceCount instances(first: 2) { externalSubjectId installation { id } } } }";
    let nested = world.developer.graphql(nested, json!({ "id": installation }));
    assert_eq!(nested.field()["instanceCount"], 3);
    assert_eq!(subjects(&nested.field()["instances"]), ["a", "b"]);
    assert_eq!(nested.field()["instances"][0]["installation"]["id"], installation);
}

#[test]
fn a_named_subject_sees_only_its_own_inside_an_installation() {
    let world = World::new();
    let installation = world.installed();
    for subject in ["alice", "bob"] {
        world.app.instantiate(&installation, Some(subject), &[]).data();
    }
    let inside = "query($id: ID!) { connectorInstallation(id: $id) { instanceCount instances { externalSubjectId } } }";
    let seen = world.app.graphql_for("alice", inside, json!({ "id": installation }));
    let expected = json!({ "instanceCount": 1, "instances": [{ "externalSubjectId": "alice" }] });
    assert_eq!(*seen.field(), expected);
    assert_eq!(world.app.graphql(inside, json!({ "id": installation })).field()["instanceCount"], 2);
}
