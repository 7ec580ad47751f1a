//! Suspending accounts and publications from the command line, alongside a running server: nothing of theirs works, and
//! all of it is there afterwards.

use crate::account_command::{account, done};
use crate::connector::{Connector, Kind};
use crate::harness::{EMAIL, Finished, PASSWORD, connhub, run};
use crate::http::Request;
use crate::hub::assert_refusal;
use crate::socket::Socket;
use crate::users::{Developer, World, id_of, lamp, login, publication};
use crate::wait::until;
use serde_json::json;

const BOSS: &str = "boss@example.com";
const STRANGER: &str = "stranger@example.com";

/// A world whose developer is not the only operator.
fn world() -> World {
    let world = World::new();
    done(&world.server.database(), &["add", BOSS], "a long password\n");
    assert_eq!(
        done(&world.server.database(), &["set-role", BOSS, "operator"], ""),
        "boss@example.com is an operator\n"
    );
    world
}

fn of_publication(world: &World, what: &str, id: &str) -> Finished {
    run(connhub().args(["publication", what, id, "--db"]).arg(world.server.database()))
}

fn client_credentials(world: &World) -> Request {
    let (id, secret) = (world.app.id.as_str(), world.app.secret.as_str());
    Request::post("/oauth2/token").form(&[
        ("grant_type", "client_credentials"),
        ("client_id", id),
        ("client_secret", secret),
    ])
}

#[test]
fn nothing_of_a_suspended_account_works_and_all_of_it_is_there_afterwards() {
    let world = world();
    let (server, database) = (&world.server, world.server.database());
    let instance = world.instantiated();
    let thing = instance.hub.create_thing(&lamp());
    let mut socket = Socket::of(server, &world.app.token);
    let mut idle = Socket::of(server, &world.developer.token);
    let watched = "subscription($thing: ID!) { propertyChanged(thingId: $thing) { value } }";
    socket.subscribe("1", watched, json!({ "thing": thing }));
    let before = world.connector.count_all();

    assert!(done(&database, &["suspend", EMAIL], "").starts_with("suspended dev@example.com; `connhub account resume"));
    assert!(done(&database, &["list"], "").lines().any(|line| line.starts_with(EMAIL) && line.ends_with("suspended")));
    // What is open ends without anything else happening.
    assert_eq!((socket.until_closed().1, idle.until_closed().1), (4403, 4403));
    let refused = server.send(&login(EMAIL, PASSWORD)).expect(403).json();
    assert!(refused["description"].to_string().contains("suspended this account"), "{refused}");
    server.send(&login(EMAIL, "a wrong password")).expect(401);
    for answer in
        [world.developer.graphql("{ profile { id } }", json!({})), world.app.graphql("{ things { id } }", json!({}))]
    {
        assert_eq!(answer.code(), "UNAUTHENTICATED", "{answer:?}");
        assert!(answer.message().contains("suspended this account"), "{answer:?}");
    }
    let refused = server.send(&client_credentials(&world)).expect(400).json();
    assert_eq!(refused["error"], "unauthorized_client", "{refused}");
    for answer in [
        instance.hub.update(&thing, "level", &json!({ "value": "1" })),
        instance.hub.report("instances", 2),
        world.installation_hub().report("installations", 2),
    ] {
        assert_refusal(&answer, 403, "FORBIDDEN");
        assert!(answer.json()["description"].to_string().contains("suspended"), "{answer:?}");
    }
    server.crash_and_restart();
    server.send(&login(EMAIL, PASSWORD)).expect(403);
    assert_eq!(world.connector.count_all(), before);

    assert_eq!(done(&database, &["resume", EMAIL], ""), "resumed dev@example.com\n");
    server.send(&login(EMAIL, PASSWORD)).expect(200);
    server.send(&client_credentials(&world)).expect(200);
    instance.hub.update(&thing, "level", &json!({ "value": "1" })).expect(204);
    let things = world.app.graphql("{ things { id } }", json!({}));
    assert_eq!(things.field(), &json!([{ "id": thing }]));
    assert_eq!(world.app.act(&thing, "toggle", &[]).field()[0]["status"], "COMPLETED");
}

#[test]
fn a_suspended_connector_is_neither_called_nor_shown_and_what_waits_for_it_ends() {
    let world = world();
    let (server, id) = (&world.server, &world.publication);
    let instance = world.instantiated();
    let thing = instance.hub.create_thing(&lamp());
    let stranger = Developer::stranger(server);
    let app = stranger.create_app();
    let before = world.connector.count_all();

    let told = of_publication(&world, "suspend", id);
    assert!(
        told.success && told.stdout == format!("suspended the connector Test connector ({id})\n"),
        "{}",
        told.stderr
    );
    assert_eq!(stranger.graphql("{ connectorStore { id } }", json!({})).field(), &json!([]));
    let one = "query($id: ID!) { connector(id: $id) { id } }";
    assert_eq!(stranger.graphql(one, json!({ "id": id })).field(), &json!(null));
    let own = "query($id: ID!) { connector(id: $id) { id suspended } }";
    assert_eq!(*world.developer.graphql(own, json!({ "id": id })).field(), json!({ "id": id, "suspended": true }));
    let refused = stranger.install(&app.id, id, &[]);
    assert!(refused.code() == "CONFLICT" && refused.message().contains("suspended"), "{refused:?}");
    assert_refusal(&instance.hub.update(&thing, "level", &json!({ "value": "1" })), 403, "FORBIDDEN");

    let failed = world.app.act(&thing, "toggle", &[]).field()[0].clone();
    assert!(
        failed["status"] == "FAILED" && failed["error"].to_string().contains("suspended the connector"),
        "{failed}"
    );
    let second = world.app.instantiate(&instance.installation, Some("second"), &[]).field().clone();
    assert!(
        second["state"] == "INTERNAL_ERROR" && second["stateDetails"].to_string().contains("SUSPENDED"),
        "{second}"
    );
    // It cannot confirm, and need not.
    let removed = world.app.remove_instance(&id_of(&second));
    assert!(removed.message().contains("suspended the connector"), "{removed:?}");
    assert_eq!(world.app.instance(&id_of(&second)), json!(null));
    assert_eq!(world.connector.count_all(), before);

    assert!(of_publication(&world, "resume", id).success);
    instance.hub.update(&thing, "level", &json!({ "value": "1" })).expect(204);
    assert_eq!(stranger.install(&app.id, id, &[]).field()["state"], "COMPLETE");
    assert_eq!(world.app.act(&thing, "toggle", &[]).field()[0]["status"], "COMPLETED");
}

#[test]
fn a_callback_that_waits_when_its_connectors_owner_is_suspended_is_not_sent() {
    let world = World::with(&["--callback-threads-per-publication", "1"]);
    let database = world.server.database();
    let stranger = Developer::stranger(&world.server);
    let connector = Connector::new();
    let id = stranger.publish(&connector, publication(&connector, json!({})));
    let first = id_of(world.developer.install(&world.app.id, &id, &[]).field());
    let other = world.developer.create_app();
    connector.answers(Kind::Installation, &json!({ "hold": true }));
    let (developer, app, publication) = (world.developer.clone(), other.id, id.clone());
    let holding = std::thread::spawn(move || developer.install(&app, &publication, &[]));
    connector.arrived(Kind::Installation, 2);
    // The only thread is taken, so this one waits.
    let app = world.app.clone();
    let waiting = std::thread::spawn(move || app.instantiate(&first, None, &[]));
    let sql = world.server.sql();
    let unsettled =
        || sql.query_row("SELECT count(*) FROM callbacks WHERE settled = 0", [], |row| row.get::<_, i64>(0));
    until("the second waits", || unsettled().expect("a number") == 2);
    done(&database, &["suspend", STRANGER], "");
    connector.release(Kind::Installation);
    assert_eq!(holding.join().expect("an answer").field()["state"], "COMPLETE");
    let given_up = waiting.join().expect("an answer").field().clone();
    assert_eq!(given_up["state"], "INTERNAL_ERROR", "{given_up}");
    assert!(given_up["stateDetails"].to_string().contains("suspended the connector's account"), "{given_up}");
    assert_eq!(connector.count(Kind::Instance), 0);
}

#[test]
fn the_server_always_has_an_operator() {
    let world = World::new();
    let database = world.server.database();
    done(&database, &["add", BOSS], "a long password\n");
    for arguments in [&["suspend", EMAIL][..], &["remove", EMAIL, "--yes"], &["set-role", EMAIL, "developer"]] {
        let refused = account(&database, arguments, b"");
        assert!(
            !refused.success && refused.stderr.contains("is the only operator"),
            "{arguments:?}: {}",
            refused.stderr
        );
    }
    done(&database, &["set-role", BOSS, "operator"], "");
    done(&database, &["suspend", BOSS], "");
    // One who cannot sign in does not count.
    assert!(!account(&database, &["set-role", EMAIL, "developer"], b"").success);
    done(&database, &["resume", BOSS], "");
    assert_eq!(done(&database, &["set-role", EMAIL, "developer"], ""), "dev@example.com is a developer\n");
    assert!(!account(&database, &["suspend", BOSS], b"").success);
}

#[test]
fn what_is_not_there_is_named() {
    let world = World::new();
    let database = world.server.database();
    for arguments in [
        &["suspend", "nobody@example.com"][..],
        &["resume", "nobody@example.com"],
        &["remove", "nobody@example.com", "--yes"],
        &["set-role", "nobody@example.com", "operator"],
    ] {
        let refused = account(&database, arguments, b"");
        let why = "no account nobody@example.com";
        assert!(!refused.success && refused.stderr.contains(why), "{arguments:?}: {}", refused.stderr);
    }
    let unknown = of_publication(&world, "suspend", "01890000-0000-7000-8000-000000000000");
    assert!(!unknown.success && unknown.stderr.contains("there is no connector 01890000"), "{}", unknown.stderr);
    let nonsense = of_publication(&world, "resume", "nonsense");
    assert!(!nonsense.success && nonsense.stderr.contains("it is not an ID"), "{}", nonsense.stderr);
    let wrong = account(&database, &["set-role", EMAIL, "king"], b"");
    assert!(!wrong.success && wrong.stderr.contains("developer, operator"), "{}", wrong.stderr);
}
