//! Isolation: a connector that hangs, and whoever waits for it, delays nobody else (protocol.md).

use crate::connector::{Connector, Kind};
use crate::http::Request;
use crate::users::{Developer, GRAPHQL, Hub, World, action_body, install_body, lamp, publication};
use crate::wait::until;
use serde_json::{Value, json};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
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

/// A connector that accepts connections and never responds: its URL, and the requests that came.
fn silence() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let accepted = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&accepted);
    thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            open.push(stream.expect("a connection"));
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    (url, accepted)
}

/// Accounts with publications of a connector that never responds, each with as many installations on their way.
fn hanging_accounts(world: &World, number: usize, installations: usize) -> (Vec<TcpStream>, Arc<AtomicUsize>) {
    let (url, accepted) = silence();
    let authority = world.server.authority();
    let urls = json!({ "installationCallbackUrl": url });
    // Keeps the keys of these publications, so that the world's own connector keeps its own.
    let nobody = Connector::new();
    let mut waiting = Vec::new();
    for number in 0..number {
        let account = Developer::copied(&world.server, &format!("hanging{number}@example.com"));
        let publication = account.publish(&nobody, publication(&nobody, urls.clone()));
        for _ in 0..installations {
            let body = install_body(&account.create_app().id, &publication);
            let request = Request::post(GRAPHQL).bearer(account.token.as_str()).json(&body).bytes(&authority);
            let mut stream = TcpStream::connect(&authority).expect("a connection");
            stream.write_all(&request).expect("a request on its way");
            waiting.push(stream);
        }
    }
    (waiting, accepted)
}

/// How many of the server's callbacks are running or waiting.
fn callbacks(world: &World, how: &str) -> usize {
    let metrics = world.server.send(&Request::get("/metrics")).expect(200);
    let value = metrics.text().lines().find_map(|line| line.strip_prefix(&format!("connhub_callbacks_{how} ")));
    value.expect("the metric").parse().expect("a number")
}

#[test]
fn accounts_whose_connectors_never_respond_do_not_delay_a_strangers_install() {
    let world =
        World::with(&["--callback-threads", "40", "--callback-threads-per-owner", "8", "--callback-timeout", "10min"]);
    let (waiting, accepted) = hanging_accounts(&world, 10, 8);
    let taken = || callbacks(&world, "running");
    // Thirty that any owner may have, and one for each that came when these were taken.
    until("all are stored", || taken() >= 30 && taken() + callbacks(&world, "waiting") == 80);
    let before = taken();
    let since = Instant::now();
    for _ in 0..3 {
        let installed = world.developer.install(&world.developer.create_app().id, &world.publication, &[]);
        assert_eq!(installed.field()["state"], "COMPLETE");
    }
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    assert_eq!((taken(), accepted.load(Ordering::SeqCst)), (before, before));
    drop(waiting);
}

#[test]
fn an_owner_whose_connector_never_responds_has_fewer_threads_after_the_first_timeouts() {
    let flags =
        ["--callback-timeout", "300ms", "--callback-connect-timeout", "300ms", "--callback-threads-per-owner", "8"];
    let world = World::with(&flags);
    let (waiting, accepted) = hanging_accounts(&world, 1, 60);
    until("the first of them are over", || accepted.load(Ordering::SeqCst) > 12);
    until("one runs after the other", || callbacks(&world, "running") == 1);
    assert!(accepted.load(Ordering::SeqCst) < 60);
    drop(waiting);
}
