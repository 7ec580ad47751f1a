//! Live: what each subscription tells, when, and to whom; and what becomes of one that must end.

use crate::connector::Kind;
use crate::socket::Socket;
use crate::users::{App, Developer, Hub, Instance, World, id_of, lamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PROPERTY: &str = "subscription($thing: ID!, $component: ID, $property: ID) {
    thingPropertyChanged(thingId: $thing, componentId: $component, propertyId: $property) {
        thingId componentId propertyId value timestamp current } }";
const INSTALLATION: &str = "subscription($app: ID!) { connectorInstallationChanged(appId: $app) {
    installationId installation { id state appId connector { id } } } }";
const INSTANCE: &str = "subscription($app: ID!, $installation: ID) {
    connectorInstanceChanged(appId: $app, installationId: $installation) { instanceId } }";
const ACTION: &str = "subscription($id: ID, $thing: ID) { actionRequestChanged(id: $id, thingId: $thing) {
    id status error targetThing { id } } }";
const CALLBACK: &str = "subscription($connector: ID) { callbackLogged(connectorId: $connector) {
    id kind url responseStatus installationId connector { id } } }";

/// A world with a lamp.
struct Lit {
    world: World,
    instance: Instance,
    thing: String,
}

impl Lit {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(flags: &[&str]) -> Self {
        let world = World::with(flags);
        let instance = world.instantiated();
        let thing = instance.hub.create_thing(&lamp());
        Self { world, instance, thing }
    }

    fn hub(&self) -> &Hub {
        &self.instance.hub
    }

    fn app(&self) -> &App {
        &self.world.app
    }

    /// A socket of the app.
    fn socket(&self) -> Socket {
        Socket::of(&self.world.server, &self.app().token)
    }

    fn developers_socket(&self) -> Socket {
        Socket::of(&self.world.server, &self.world.developer.token)
    }

    /// Updates the level.
    #[track_caller]
    fn level(&self, value: &str) {
        self.hub().update(&self.thing, "level", &json!({ "value": value })).expect(204);
    }

    /// The level as a query tells it.
    fn level_now(&self) -> String {
        let document = "query($id: ID!) { things(thingConstraint: { id: $id }) {
            components { properties { id value } } } }";
        let answer = self.app().graphql(document, json!({ "id": self.thing }));
        let properties = answer.field()[0]["components"][0]["properties"].as_array().expect("properties");
        let level = properties.iter().find(|property| property["id"] == "level").expect("a level");
        level["value"].as_str().expect("a value").to_owned()
    }
}

fn code(error: &Value) -> &str {
    error["extensions"]["code"].as_str().expect("a code")
}

#[test]
fn values_are_told_once_they_are_committed_each_with_its_own_time() {
    let lit = Lit::new();
    let mut socket = lit.socket();
    socket.subscribe("1", PROPERTY, json!({ "thing": lit.thing }));
    for value in ["1", "2.50"] {
        lit.hub().update(&lit.thing, "LEVEL", &json!({ "value": value })).expect(204);
        let told = socket.next("1");
        assert_eq!((&told["thingId"], &told["componentId"]), (&json!(lit.thing), &json!("lamp")));
        assert_eq!((&told["propertyId"], &told["value"]), (&json!("level"), &json!(value)), "as the thing spells it");
        assert_eq!(lit.level_now(), value);
    }
    let late = json!({ "value": "7", "lastUpdate": "2020-01-01T00:00:00.000001Z" });
    lit.hub().update(&lit.thing, "level", &late).expect(204);
    let told = socket.next("1");
    assert_eq!((&told["value"], &told["current"]), (&json!("7"), &json!(false)));
    assert_eq!(told["timestamp"], "2020-01-01T00:00:00.000001Z");
    lit.hub().update(&lit.thing, "on", &json!({ "value": "true" })).expect(204);
    let told = socket.next("1");
    assert_eq!((&told["propertyId"], &told["current"]), (&json!("on"), &json!(true)));
    lit.hub().update(&lit.thing, "level", &json!({ "value": "no number" })).expect(400);
    socket.assert_silent();
}

#[test]
fn what_is_told_can_be_queried_even_on_the_way() {
    let lit = Lit::new();
    let mut socket = lit.socket();
    socket.subscribe("1", PROPERTY, json!({ "thing": lit.thing }));
    let (hub, thing) = (lit.hub().clone(), lit.thing.clone());
    let updates = std::thread::spawn(move || {
        for n in 1..=50 {
            hub.update(&thing, "level", &json!({ "value": n.to_string() })).expect(204);
        }
    });
    for n in 1..=50 {
        let told = socket.next("1");
        assert_eq!(told["value"], n.to_string(), "each once, in order");
        assert!(lit.level_now().parse::<u32>().expect("a number") >= n);
    }
    updates.join().expect("updates");
}

#[test]
fn a_component_and_a_property_can_be_picked_if_they_are_there() {
    let lit = Lit::new();
    let mut socket = lit.socket();
    socket.subscribe("1", PROPERTY, json!({ "thing": lit.thing, "component": "lamp", "property": "Level" }));
    lit.hub().update(&lit.thing, "on", &json!({ "value": "true" })).expect(204);
    lit.level("3");
    assert_eq!(socket.next("1")["value"], "3");
    for (id, picked) in [("2", json!({ "component": "x" })), ("3", json!({ "component": "lamp", "property": "x" }))] {
        let mut variables = picked.clone();
        variables["thing"] = lit.thing.as_str().into();
        socket.begin(id, PROPERTY, variables);
        assert_eq!(code(&socket.error(id)), "NOT_FOUND", "{picked}");
    }
    socket.assert_silent();
}

#[test]
fn more_of_the_thing_can_be_asked_for() {
    let lit = Lit::new();
    let mut socket = lit.socket();
    let document = "subscription($thing: ID!) { news: thingPropertyChanged(thingId: $thing) {
        value thing { id components { properties { id value } } } } }";
    socket.subscribe("1", document, json!({ "thing": lit.thing }));
    lit.level("12");
    let payload = socket.payload("1", "next");
    assert_eq!(payload["data"]["news"]["thing"]["id"], lit.thing);
    assert_eq!(payload["data"]["news"]["thing"]["components"][0]["properties"][1]["value"], "12");
}

#[test]
fn an_installation_is_told_from_its_beginning_to_its_end() {
    let world = World::new();
    let mut socket = Socket::of(&world.server, &world.developer.token);
    socket.subscribe("1", INSTALLATION, json!({ "app": world.app.id }));
    world.connector.answers(Kind::Installation, &json!({ "hold": true }));
    let installing = world.installing();
    let begun = socket.next("1");
    let id = begun["installationId"].as_str().expect("an ID").to_owned();
    assert_eq!((&begun["installation"]["id"], &begun["installation"]["state"]), (&json!(id), &json!("INITIALIZED")));
    assert_eq!(begun["installation"]["connector"]["id"], world.publication);
    assert_eq!(world.connector.only(Kind::Installation).id(), id);
    world.connector.release(Kind::Installation);
    assert_eq!(socket.next("1")["installation"]["state"], "COMPLETE");
    installing.join().expect("an answer").data();
    for (state, name) in [(3, "ONGOING"), (4, "FAILED"), (2, "COMPLETE")] {
        world.installation_hub().report("installations", state).expect(204);
        assert_eq!(socket.next("1")["installation"]["state"], name);
    }
    world.developer.remove_installation(&id, true).data();
    assert_eq!(socket.next("1")["installation"]["state"], "REMOVAL_ONGOING");
    assert_eq!(socket.next("1"), json!({ "installationId": id, "installation": null }));
    socket.assert_silent();
}

#[test]
fn a_removal_that_has_to_wait_is_told_at_once() {
    let world = World::new();
    let mut socket = Socket::of(&world.server, &world.developer.token);
    world.connector.answers(Kind::Installation, &json!({ "hold": true }));
    let installing = world.installing();
    let id = world.connector.only(Kind::Installation).id().to_owned();
    socket.subscribe("1", INSTALLATION, json!({ "app": world.app.id }));
    let developer = world.developer.clone();
    let removing = std::thread::spawn(move || developer.remove_installation(&id, false));
    assert_eq!(socket.next("1")["installation"]["state"], "REMOVAL_ONGOING");
    world.connector.release(Kind::Installation);
    assert_eq!(socket.next("1")["installation"], Value::Null);
    removing.join().expect("an answer").data();
    // It was removed meanwhile, and that is what its answer says.
    let _ = installing.join().expect("an answer");
}

#[test]
fn an_action_request_is_told_when_it_is_made_and_when_it_ends() {
    let lit = Lit::new();
    let mut socket = lit.socket();
    socket.subscribe("all", ACTION, json!({}));
    let mut told = |status: &str| {
        let request = socket.next("all");
        assert_eq!((&request["status"], &request["targetThing"]["id"]), (&json!(status), &json!(lit.thing)));
        id_of(&request)
    };
    let toggle = || id_of(&lit.app().act(&lit.thing, "toggle", &[]).field()[0]);
    let done = toggle();
    assert_eq!([told("PENDING"), told("COMPLETED")], [done.clone(), done]);
    lit.world.connector.answers(Kind::Action, &json!({ "status": 202 }));
    let (ended, failed, canceled) = (toggle(), toggle(), toggle());
    assert_eq!([told("PENDING"), told("PENDING"), told("PENDING")], [&*ended, &failed, &canceled]);
    lit.hub().end_action(&ended, &json!({ "status": "COMPLETED" })).expect(204);
    assert_eq!(told("COMPLETED"), ended);
    lit.hub().end_action(&failed, &json!({ "status": "FAILED", "error": "broken" })).expect(204);
    assert_eq!(told("FAILED"), failed);
    let cancel = "mutation($id: ID!) { cancelActionRequest(id: $id) { id } }";
    lit.app().graphql(cancel, json!({ "id": canceled })).data();
    assert_eq!(told("CANCELED"), canceled);
    lit.app().dry_run(&lit.thing, "toggle", &[]).data();
    socket.assert_silent();
}

#[test]
fn a_request_past_its_deadline_is_told_and_one_request_or_thing_can_be_picked() {
    let lit = Lit::with(&["--action-deadline", "1s"]);
    let other = lit.hub().create_thing(&lamp());
    lit.world.connector.answers(Kind::Action, &json!({ "status": 202 }));
    let mut socket = lit.socket();
    socket.subscribe("thing", ACTION, json!({ "thing": lit.thing }));
    lit.app().act(&other, "toggle", &[]).data();
    let id = id_of(&lit.app().act(&lit.thing, "toggle", &[]).field()[0]);
    assert_eq!(id_of(&socket.next("thing")), id);
    socket.send(&json!({ "id": "thing", "type": "complete" }));
    socket.subscribe("one", ACTION, json!({ "id": id }));
    let told = socket.next("one");
    assert_eq!((id_of(&told), &told["status"]), (id, &json!("FAILED")));
    assert!(told["error"].as_str().is_some_and(|error| error.contains("deadline")), "{told}");
    lit.app().act(&other, "toggle", &[]).data();
    socket.assert_silent();
}

#[test]
fn callbacks_are_told_to_either_side_once_they_are_logged() {
    let world = World::new();
    let stranger = Developer::stranger(&world.server);
    let foreign = stranger.create_app();
    let mut own = Socket::of(&world.server, &world.developer.token);
    let mut others = Socket::of(&world.server, &stranger.token);
    own.subscribe("1", CALLBACK, json!({ "connector": world.publication }));
    others.subscribe("1", CALLBACK, json!({}));
    let installation = id_of(stranger.install(&foreign.id, &world.publication, &[]).field());
    let (told, seen) = (own.next("1"), others.next("1"));
    assert_eq!((&told["kind"], &told["installationId"]), (&json!("INSTALLATION"), &json!(installation)));
    assert_eq!(told["url"], world.connector.url("installations"));
    assert_eq!((&seen["id"], &seen["url"]), (&told["id"], &json!("•••")), "where it listens is its owner's to know");
    assert_eq!(told["connector"]["id"], world.publication);
    let logged = world.developer.graphql("{ callbacks(first: 1) { id } }", json!({}));
    assert_eq!(logged.field()[0]["id"], told["id"]);
    world.installed();
    assert_eq!(own.next("1")["kind"], "INSTALLATION");
    own.assert_silent();
    others.assert_silent();
}

#[test]
fn nobody_hears_of_anothers() {
    let lit = Lit::new();
    let stranger = Developer::stranger(&lit.world.server);
    let (theirs, sibling) = (stranger.create_app(), lit.world.developer.create_app());
    lit.world.connector.answers(Kind::Action, &json!({ "status": 202 }));
    let request = id_of(&lit.app().act(&lit.thing, "toggle", &[]).field()[0]);
    let thing = json!({ "thing": lit.thing });
    for app in [&theirs, &sibling] {
        let mut socket = Socket::of(&lit.world.server, &app.token);
        let of_request = json!({ "id": request });
        for (document, variables) in [(PROPERTY, &thing), (ACTION, &thing), (ACTION, &of_request)] {
            socket.begin("1", document, variables.clone());
            assert_eq!(code(&socket.error("1")), "NOT_FOUND", "{document}");
        }
        socket.subscribe("all", ACTION, json!({}));
        lit.app().act(&lit.thing, "toggle", &[]).data();
        socket.assert_silent();
    }
    let mut socket = Socket::of(&lit.world.server, &stranger.token);
    for app in [&lit.app().id, "nonsense"] {
        for document in [INSTALLATION, INSTANCE] {
            socket.begin("1", document, json!({ "app": app }));
            assert_eq!(code(&socket.error("1")), "NOT_FOUND");
        }
    }
    for installation in [&lit.instance.installation, "nonsense"] {
        socket.begin("1", INSTANCE, json!({ "app": theirs.id, "installation": installation }));
        assert_eq!(code(&socket.error("1")), "NOT_FOUND");
    }
    socket.subscribe("1", INSTALLATION, json!({ "app": theirs.id }));
    socket.subscribe("2", CALLBACK, json!({}));
    socket.subscribe("3", CALLBACK, json!({ "connector": lit.world.publication }));
    socket.subscribe("4", INSTANCE, json!({ "app": theirs.id }));
    let mut own = lit.developers_socket();
    own.subscribe("1", INSTANCE, json!({ "app": sibling.id }));
    lit.app().act(&lit.thing, "toggle", &[]).data();
    lit.world.developer.remove_installation(&lit.instance.installation, true).data();
    socket.assert_silent();
    own.assert_silent();
}

#[test]
fn an_external_subject_hears_of_its_own_alone() {
    let lit = Lit::new();
    let installation = &lit.instance.installation;
    lit.app().instantiate(installation, Some("someone"), &[]).data();
    let hub = lit.world.hub(lit.world.connector.arrived(Kind::Instance, 2)[1].token());
    let thing = hub.create_thing(&lamp());
    let mut socket = Socket::of_subject(&lit.world.server, &lit.app().token, "someone");
    for document in [PROPERTY, ACTION] {
        socket.begin("1", document, json!({ "thing": lit.thing }));
        assert_eq!(code(&socket.error("1")), "NOT_FOUND");
    }
    socket.subscribe("values", PROPERTY, json!({ "thing": thing }));
    hub.update(&thing, "level", &json!({ "value": "4" })).expect(204);
    assert_eq!(socket.next("values")["value"], "4");
    socket.subscribe("requests", ACTION, json!({}));
    lit.app().act(&lit.thing, "toggle", &[]).data();
    let own = id_of(&lit.app().act(&thing, "toggle", &[]).field()[0]);
    assert_eq!([id_of(&socket.next("requests")), id_of(&socket.next("requests"))], [own.clone(), own]);
    socket.assert_silent();
    let mut bad = Socket::of_subject(&lit.world.server, &lit.app().token, "two\nlines");
    bad.begin("1", ACTION, json!({}));
    assert_eq!(code(&bad.error("1")), "BAD_USER_INPUT");
}

#[test]
fn a_subscription_ends_with_what_it_is_about_and_others_go_on() {
    let lit = Lit::new();
    let other = lit.hub().create_thing(&lamp());
    lit.world.connector.answers(Kind::Action, &json!({ "status": 202 }));
    let request = id_of(&lit.app().act(&lit.thing, "toggle", &[]).field()[0]);
    let mut socket = lit.socket();
    socket.subscribe("value", PROPERTY, json!({ "thing": lit.thing }));
    lit.hub().delete(&format!("/instances/things/{}", lit.thing)).expect(204);
    assert_eq!(code(&socket.error("value")), "NOT_FOUND");
    socket.subscribe("kept", ACTION, json!({ "id": request }));
    let request = id_of(&lit.app().act(&other, "toggle", &[]).field()[0]);
    socket.subscribe("value", PROPERTY, json!({ "thing": other }));
    socket.subscribe("request", ACTION, json!({ "id": request }));
    socket.subscribe("all", ACTION, json!({}));
    lit.hub().update(&other, "level", &json!({ "value": "5" })).expect(204);
    assert_eq!(socket.next("value")["value"], "5");
    lit.app().remove_instance(&lit.instance.id).data();
    let mut ended = BTreeSet::new();
    for _ in 0..3 {
        let message = socket.receive();
        assert_eq!((&message["type"], code(&message["payload"][0])), (&json!("error"), "NOT_FOUND"), "{message}");
        ended.insert(message["id"].as_str().expect("an ID").to_owned());
    }
    assert_eq!(ended, BTreeSet::from(["kept", "request", "value"].map(str::to_owned)));
    socket.assert_silent();
}

#[test]
fn a_thing_that_an_app_deletes_ends_its_subscriptions() {
    let world = World::new();
    let create = "mutation($thing: NewThing!) { createThing(thing: $thing) { id } }";
    let create = || id_of(world.app.graphql(create, json!({ "thing": lamp() })).field());
    let (kept, deleted) = (create(), create());
    let mut socket = Socket::of(&world.server, &world.app.token);
    socket.subscribe("kept", PROPERTY, json!({ "thing": kept }));
    socket.subscribe("deleted", PROPERTY, json!({ "thing": deleted }));
    let delete = "mutation($id: ID!) { deleteThings(thingConstraint: { id: $id }) { id } }";
    assert_eq!(*world.app.graphql(delete, json!({ "id": deleted })).field(), json!([{ "id": deleted }]));
    assert_eq!(code(&socket.error("deleted")), "NOT_FOUND");
    socket.assert_silent();
}

#[test]
fn a_token_that_ends_ends_the_socket_at_the_next_event() {
    let lit = Lit::new();
    let mut socket = lit.socket();
    socket.subscribe("1", PROPERTY, json!({ "thing": lit.thing }));
    lit.level("1");
    assert_eq!(socket.next("1")["value"], "1");
    let reset = "mutation($app: ID!) { resetAppSecret(appId: $app) { clientId } }";
    lit.world.developer.graphql(reset, json!({ "app": lit.app().id })).data();
    lit.level("2");
    assert_eq!(socket.close_code(), 4403);
    let mut socket = lit.developers_socket();
    socket.subscribe("1", INSTALLATION, json!({ "app": lit.app().id }));
    lit.world.server.sql().execute("UPDATE accounts SET generation = generation + 1", []).expect("a new generation");
    lit.world.installation_hub().report("installations", 3).expect(204);
    assert_eq!(socket.close_code(), 4403);
}

#[test]
fn every_subscription_answers_every_kind_of_token_as_it_must() {
    let lit = Lit::new();
    let (server, developer) = (&lit.world.server, &lit.world.developer);
    let scoped = |scope: &str| developer.service_token(&lit.app().id, &[scope]);
    let tokens = [
        ("developer", developer.token.clone()),
        ("connector", scoped("connctd.connector")),
        ("read", scoped("connctd.things.read")),
        ("action", scoped("connctd.things.action")),
        ("installation", lit.world.installation_hub().token),
        ("instance", lit.hub().token.clone()),
    ];
    let thing = json!({ "thing": lit.thing });
    let rows = [
        ("thingPropertyChanged", PROPERTY, thing.clone(), "read"),
        ("actionRequestChanged", ACTION, thing, "action"),
        ("connectorInstallationChanged", INSTALLATION, json!({ "app": lit.app().id }), "developer"),
        ("connectorInstanceChanged", INSTANCE, json!({ "app": lit.app().id }), "developer"),
        ("callbackLogged", CALLBACK, json!({}), "developer"),
    ];
    let fields = developer.graphql("{ __schema { subscriptionType { fields { name } } } }", json!({}));
    let fields = fields.field()["subscriptionType"]["fields"].as_array().expect("fields").clone();
    let fields: BTreeSet<_> = fields.iter().map(|field| field["name"].as_str().expect("a name")).collect();
    assert_eq!(fields, rows.iter().map(|row| row.0).collect());
    for (who, token) in &tokens {
        let mut socket = Socket::of(server, token);
        for (field, document, variables, needed) in &rows {
            socket.begin(field, document, variables.clone());
            if who != needed {
                assert_eq!(code(&socket.error(field)), "FORBIDDEN", "{field} as {who}");
            }
        }
        socket.assert_silent();
    }
}
