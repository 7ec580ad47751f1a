//! Isolation: a connector that hangs, and whoever waits for it, delays nobody else (protocol.md).

use crate::connector::{Connector, Kind};
use crate::http::Request;
use crate::users::{GRAPHQL, Hub, World, action_body, lamp, publication};
use crate::wait::until;
use serde_json::{Value, json};
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

const CALLERS: usize = 2_000;
/// How many times something is done to know how long it takes.
const SAMPLES: usize = 21;
/// Below this an action is not called slow: other tests use the same two cores.
const ALWAYS_FAST_ENOUGH: Duration = Duration::from_millis(150);

/// A connector with an installation, an instance and a lamp of its own.
struct Neighbour {
    connector: Connector,
    hub: Hub,
    thing: String,
}

impl Neighbour {
    fn move_in(world: &World) -> Self {
        let connector = Connector::new();
        connector.configure(&json!({ "record": true }));
        let publication = world.developer.publish(&connector, publication(&connector, json!({})));
        let installation = world.developer.install(&world.app.id, &publication, &[]);
        let installation = installation.field()["id"].as_str().expect("an ID").to_owned();
        world.app.instantiate(&installation, None, &[]).data();
        let hub = world.hub(connector.only(Kind::Instance).token());
        let thing = hub.create_thing(&lamp());
        Self { connector, hub, thing }
    }
}

/// The median of how long something takes.
fn median(mut act: impl FnMut()) -> Duration {
    let mut samples: Vec<_> = (0..SAMPLES)
        .map(|_| {
            let since = Instant::now();
            act();
            since.elapsed()
        })
        .collect();
    samples.sort_unstable();
    samples[SAMPLES / 2]
}

fn pending_requests(world: &World) -> usize {
    let document = "query($after: ID) { actionRequests(status: PENDING, first: 1000, after: $after) { id } }";
    let mut after = Value::Null;
    let mut count = 0;
    loop {
        let answer = world.app.graphql(document, json!({ "after": after }));
        let page = answer.field().as_array().expect("a list");
        count += page.len();
        let Some(last) = page.last() else { return count };
        after = last["id"].clone();
    }
}

/// Connections whose requests are on their way and whose answers nobody has read.
fn callers(world: &World, thing: &str) -> Vec<TcpStream> {
    let authority = world.server.authority();
    let body = action_body(thing, "toggle", &[]);
    let request = Request::post(GRAPHQL).bearer(world.app.token.as_str()).json(&body).bytes(&authority);
    let open = |_| {
        let mut stream = TcpStream::connect(&authority).expect("a connection");
        stream.write_all(&request).expect("a request on its way");
        stream
    };
    (0..CALLERS).map(open).collect()
}

#[test]
fn two_thousand_callers_waiting_for_a_connector_that_hangs_delay_nobody_else() {
    let world = World::with(&["--callback-timeout", "10min", "--action-deadline", "10min"]);
    let hanging = Neighbour::move_in(&world);
    let other = Neighbour::move_in(&world);
    hanging.connector.answers(Kind::Action, &json!({ "hang": true }));
    let act = || {
        let answer = world.app.act(&other.thing, "toggle", &[]);
        assert_eq!(answer.field()[0]["status"], "COMPLETED");
    };
    let query = || {
        world.app.graphql("{ things { id } }", json!({})).data();
    };
    let update = || {
        other.hub.update(&other.thing, "level", &json!({ "value": "1" })).expect(204);
    };
    act();
    let undisturbed = [median(act), median(query), median(update)];
    let waiting = callers(&world, &hanging.thing);
    until("all callers wait", || pending_requests(&world) == CALLERS);
    let disturbed = [median(act), median(query), median(update)];
    for ((what, before), after) in ["an action", "a query", "a hub update"].iter().zip(undisturbed).zip(disturbed) {
        let limit = (before * 2).max(ALWAYS_FAST_ENOUGH);
        assert!(after <= limit, "{what} took {before:?} before and {after:?} among {CALLERS} callers");
    }
    assert_eq!(hanging.connector.in_flight_max(), 16, "callbacks at one publication at a time");
    assert_eq!(pending_requests(&world), CALLERS);
    drop(waiting);
}

#[test]
fn a_publication_and_an_owner_hold_no_more_than_their_share() {
    let flags = ["--callback-threads-per-publication", "2", "--callback-threads-per-owner", "3"];
    let world = World::with(&flags);
    let neighbours = [Neighbour::move_in(&world), Neighbour::move_in(&world)];
    let mut waiting = Vec::new();
    for neighbour in &neighbours {
        neighbour.connector.answers(Kind::Action, &json!({ "hold": true }));
        waiting.extend((0..4).map(|_| world.acting(&neighbour.thing, "toggle")));
    }
    until("all are stored", || pending_requests(&world) == 8);
    let in_flight = || neighbours.iter().map(|neighbour| neighbour.connector.count(Kind::Action)).sum::<u64>();
    until("the owner's share is used", || in_flight() == 3);
    until("everything has been done", || {
        neighbours.iter().for_each(|neighbour| neighbour.connector.release(Kind::Action));
        in_flight() == 8 && pending_requests(&world) == 0
    });
    for neighbour in &neighbours {
        assert!(neighbour.connector.in_flight_max() <= 2, "{}", neighbour.connector.in_flight_max());
    }
    for thread in waiting {
        assert_eq!(thread.join().expect("an answer").field()[0]["status"], "COMPLETED");
    }
}

#[test]
fn past_a_full_queue_an_operation_is_refused_and_changes_nothing() {
    let flags = ["--callback-threads-per-publication", "1", "--callback-queue", "2"];
    let world = World::with(&flags);
    let neighbour = Neighbour::move_in(&world);
    neighbour.connector.answers(Kind::Action, &json!({ "hold": true }));
    let mut waiting = vec![world.acting(&neighbour.thing, "toggle")];
    neighbour.connector.arrived(Kind::Action, 1);
    waiting.extend((0..2).map(|_| world.acting(&neighbour.thing, "toggle")));
    until("the queue is full", || pending_requests(&world) == 3);
    let refused = world.app.act(&neighbour.thing, "toggle", &[]);
    assert_eq!(refused.code(), "TOO_MANY_REQUESTS");
    assert_eq!(pending_requests(&world), 3);
    let other = Neighbour::move_in(&world);
    let document = "mutation { requestThingAction(thingConstraints: {}, actionSelector: { id: \"toggle\" }) {
        status error targetThing { id } } }";
    let both = world.app.graphql(document, json!({})).field().clone();
    assert_eq!(both[1], json!({ "status": "COMPLETED", "error": null, "targetThing": { "id": other.thing } }));
    assert_eq!((&both[0]["targetThing"]["id"], &both[0]["status"]), (&json!(neighbour.thing), &json!("FAILED")));
    assert!(both[0]["error"].as_str().is_some_and(|error| error.contains("too slowly")), "{both}");
    assert_eq!(pending_requests(&world), 3);
    until("everything has been done", || {
        neighbour.connector.release(Kind::Action);
        pending_requests(&world) == 0
    });
    for thread in waiting {
        thread.join().expect("an answer").data();
    }
    neighbour.connector.answers(Kind::Action, &json!({}));
    world.app.act(&neighbour.thing, "toggle", &[]).data();
}
