//! Live: what is told of connector instances, from their beginning to their end.

use crate::connector::{Connector, Kind};
use crate::socket::Socket;
use crate::users::{World, id_of, publication};
use serde_json::{Value, json};

const DOCUMENT: &str = "subscription($app: ID!, $installation: ID) {
    connectorInstanceChanged(appId: $app, installationId: $installation) {
        installationId instanceId instance { id state externalSubjectId stateDetails configuration { value } } } }";
/// With what may be gone by the time that an event is told.
const WITH_INSTALLATION: &str = "subscription($app: ID!) { connectorInstanceChanged(appId: $app) {
    instanceId instance { installation { id connector { id } } } } }";

/// A socket of the developer that listens to the app's instances as "1".
fn listening(world: &World, installation: Value) -> Socket {
    let mut socket = Socket::of(&world.server, &world.developer.token);
    socket.subscribe("1", DOCUMENT, json!({ "app": world.app.id, "installation": installation }));
    socket
}

/// The instance, and its state or that it is gone.
fn standing(told: &Value) -> (String, String) {
    let id = told["instanceId"].as_str().expect("an ID").to_owned();
    (id, told["instance"]["state"].as_str().unwrap_or("gone").to_owned())
}

#[test]
fn an_instance_is_told_from_its_beginning_to_its_end() {
    let parameters = json!([{ "id": "room", "name": "Room", "valueType": "STRING" }]);
    let world = World::publishing(&[], json!({ "customerConfigurationParameters": parameters }));
    let installation = world.installed();
    let mut socket = listening(&world, Value::Null);
    let mut wider = Socket::of(&world.server, &world.developer.token);
    wider.subscribe("1", WITH_INSTALLATION, json!({ "app": world.app.id }));
    world.connector.answers(Kind::Instance, &json!({ "hold": true }));
    let (app, of) = (world.app.clone(), installation.clone());
    let instantiating = std::thread::spawn(move || app.instantiate(&of, Some("ada"), &[("room", "7")]));
    let begun = socket.next("1");
    let (id, state) = standing(&begun);
    assert_eq!((state.as_str(), &begun["installationId"]), ("INITIALIZED", &json!(installation)));
    let expected = json!({
        "id": id, "state": "INITIALIZED", "externalSubjectId": "ada", "stateDetails": null,
        "configuration": [{ "value": "7" }],
    });
    assert_eq!(begun["instance"], expected);
    let whole = json!({ "id": installation, "connector": { "id": world.publication } });
    assert_eq!(wider.next("1")["instance"]["installation"], whole);
    assert_eq!(world.connector.only(Kind::Instance).id(), id);
    world.connector.release(Kind::Instance);
    let told =
        |socket: &mut Socket, state: &str| assert_eq!(standing(&socket.next("1")), (id.clone(), state.to_owned()));
    told(&mut socket, "COMPLETE");
    instantiating.join().expect("an answer").data();
    for (state, name) in [(3, "ONGOING"), (4, "FAILED"), (2, "COMPLETE")] {
        world.instance_hub().report("instances", state).expect(204);
        told(&mut socket, name);
        assert_eq!(world.app.instance(&id)["state"], name);
    }
    world.app.remove_instance(&id).data();
    told(&mut socket, "REMOVAL_ONGOING");
    let gone = json!({ "installationId": installation, "instanceId": id, "instance": null });
    assert_eq!(socket.next("1"), gone);
    socket.assert_silent();
}

#[test]
fn a_refused_instance_is_told_with_what_is_wrong() {
    let world = World::new();
    let installation = world.installed();
    let mut socket = listening(&world, Value::Null);
    world.connector.answers(Kind::Instance, &json!({ "status": 500 }));
    let id = id_of(world.app.instantiate(&installation, None, &[]).field());
    assert_eq!(standing(&socket.next("1")), (id.clone(), "INITIALIZED".to_owned()));
    let told = socket.next("1");
    assert_eq!(standing(&told), (id, "ERROR".to_owned()));
    assert!(told["instance"]["stateDetails"].is_object(), "{told}");
    // What is refused before it is anything is nothing to tell.
    assert_eq!(world.app.instantiate(&installation, None, &[]).code(), "CONFLICT");
    socket.assert_silent();
}

#[test]
fn instances_that_go_with_their_installation_are_told_each_once() {
    let world = World::new();
    let installation = world.installed();
    let instance = |subject: &str| id_of(world.app.instantiate(&installation, Some(subject), &[]).field());
    let (first, second) = (instance("a"), instance("b"));
    // One is being removed on its own account already, and its connector takes its time.
    world.connector.answers(Kind::InstanceRemoval, &json!({ "hold": true }));
    let mut socket = listening(&world, Value::Null);
    let (app, id) = (world.app.clone(), first.clone());
    let removing = std::thread::spawn(move || app.remove_instance(&id));
    assert_eq!(standing(&socket.next("1")), (first.clone(), "REMOVAL_ONGOING".to_owned()));
    world.connector.arrived(Kind::InstanceRemoval, 1);
    let (developer, id) = (world.developer.clone(), installation.clone());
    let removing_all = std::thread::spawn(move || developer.remove_installation(&id, true));
    assert_eq!(standing(&socket.next("1")), (second.clone(), "REMOVAL_ONGOING".to_owned()));
    world.connector.arrived(Kind::InstanceRemoval, 2);
    world.connector.release(Kind::InstanceRemoval);
    let mut gone = [standing(&socket.next("1")), standing(&socket.next("1"))];
    gone.sort();
    let mut expected = [first, second].map(|id| (id, "gone".to_owned()));
    expected.sort();
    assert_eq!(gone, expected);
    removing.join().expect("an answer").data();
    removing_all.join().expect("an answer").data();
    socket.assert_silent();
}

#[test]
fn of_one_installation_its_own_are_told_until_it_goes() {
    let world = World::new();
    let installation = world.installed();
    let neighbour = Connector::new();
    let publication = world.developer.publish(&neighbour, publication(&neighbour, json!({})));
    let other = id_of(world.developer.install(&world.app.id, &publication, &[]).field());
    let mut socket = listening(&world, json!(installation));
    world.app.instantiate(&other, None, &[]).data();
    let id = id_of(world.app.instantiate(&installation, None, &[]).field());
    for state in ["INITIALIZED", "COMPLETE"] {
        assert_eq!(standing(&socket.next("1")), (id.clone(), state.to_owned()));
    }
    // What is told of the installation itself is for others; that another goes changes nothing.
    world.installation_hub().report("installations", 2).expect(204);
    world.developer.remove_installation(&other, true).data();
    socket.assert_silent();
    world.developer.remove_installation(&installation, true).data();
    // Both are gone by now, and still the end of the instance is told before that of the subscription.
    for state in ["REMOVAL_ONGOING", "gone"] {
        assert_eq!(standing(&socket.next("1")), (id.clone(), state.to_owned()));
    }
    assert_eq!(socket.error("1")["extensions"]["code"], "NOT_FOUND");
    socket.assert_silent();
}
