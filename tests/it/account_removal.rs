//! `connhub account remove`: everything that an account owns goes, its connectors are called, and others' stays.

use crate::account_command::{account, done};
use crate::connector::{Connector, Kind};
use crate::harness::{EMAIL, Server, connhub, run};
use crate::users::{App, Developer, World, id_of, lamp, login, publication};
use crate::wait::until;
use serde_json::json;

const STRANGER: &str = "stranger@example.com";

/// A stranger with an app, who has installed a world's connector and published one, which the world's app has installed.
struct Entangled {
    world: World,
    stranger: Developer,
    app: App,
    connector: Connector,
    foreign: String,
}

fn entangled() -> Entangled {
    let world = World::new();
    let stranger = Developer::stranger(&world.server);
    let app = stranger.create_app();
    let installation = id_of(stranger.install(&app.id, &world.publication, &[]).field());
    for subject in ["one", "two"] {
        app.instantiate(&installation, Some(subject), &[]).data();
    }
    let hub = world.hub(world.connector.arrived(Kind::Instance, 2)[0].token());
    hub.create_thing(&lamp());
    let own = "mutation($thing: NewThing!) { createThing(thing: $thing) { id } }";
    let thing = json!({ "name": "n", "manufacturer": "m", "displayType": "d", "mainComponentId": "c",
        "components": [{ "id": "c", "name": "n", "componentType": "t", "actions": [{ "id": "a", "name": "a" }] }] });
    app.graphql(own, json!({ "thing": thing })).data();
    let connector = Connector::new();
    let id = stranger.publish(&connector, publication(&connector, json!({})));
    let foreign = id_of(world.developer.install(&world.app.id, &id, &[]).field());
    world.app.instantiate(&foreign, None, &[]).data();
    Entangled { world, stranger, app, connector, foreign }
}

/// What is left of an account beside its log, which is also that of others.
fn left(server: &Server) -> i64 {
    let counts = [
        "SELECT count(*) FROM accounts WHERE email = 'stranger@example.com'",
        "SELECT count(*) FROM apps WHERE owner NOT IN (SELECT id FROM accounts)",
        "SELECT count(*) FROM publications WHERE owner NOT IN (SELECT id FROM accounts)",
        "SELECT count(*) FROM installations",
        "SELECT count(*) FROM instances",
        "SELECT count(*) FROM things",
        "SELECT count(*) FROM suspensions",
        "SELECT count(*) FROM callbacks WHERE connector_owner NOT IN (SELECT id FROM accounts)",
    ];
    let sql = server.sql();
    counts.iter().map(|count| sql.query_row(count, [], |row| row.get::<_, i64>(0)).expect(count)).sum()
}

#[test]
fn everything_of_a_removed_account_goes_with_callbacks_and_a_report() {
    let Entangled { world, stranger, app, connector, foreign } = entangled();
    let database = world.server.database();
    let told = done(&database, &["remove", STRANGER, "--yes"], "");
    assert_eq!(
        told,
        "removed stranger@example.com with 1 app, 1 published connector, 1 installation, 1 installation of its \
         connectors by other accounts, 3 instances and 2 things\n"
    );
    world.connector.answered(Kind::InstanceRemoval, 2);
    world.connector.answered(Kind::InstallationRemoval, 1);
    connector.answered(Kind::InstanceRemoval, 1);
    connector.answered(Kind::InstallationRemoval, 1);
    assert_eq!(left(&world.server), 0);
    world.server.send(&login(STRANGER, crate::harness::PASSWORD)).expect(401);
    assert_eq!(stranger.graphql("{ profile { id } }", json!({})).code(), "UNAUTHENTICATED");
    assert_eq!(app.graphql("{ things { id } }", json!({})).code(), "UNAUTHENTICATED");
    assert_eq!(world.developer.installation(&foreign), json!(null));
    // What is not the account's stays, and works.
    let again = world.app.instantiate(&world.installed(), None, &[]);
    assert_eq!(again.field()["state"], "COMPLETE", "{again:?}");
    let checked = run(connhub().args(["check", "--db"]).arg(&database));
    assert!(checked.success, "{}{}", checked.stdout, checked.stderr);
    done(&database, &["add", STRANGER], "a long password\n");
}

#[test]
fn a_removal_survives_a_crash_and_says_what_connectors_did_not_confirm() {
    let Entangled { world, connector, .. } = entangled();
    let database = world.server.database();
    connector.answers(Kind::InstallationRemoval, &json!({ "status": 500 }));
    world.connector.answers(Kind::InstanceRemoval, &json!({ "hold": true }));
    let removing = std::thread::spawn({
        let database = database.clone();
        move || account(&database, &["remove", STRANGER, "--yes"], b"")
    });
    world.connector.arrived(Kind::InstanceRemoval, 2);
    world.server.crash_and_restart();
    world.connector.arrived(Kind::InstanceRemoval, 4);
    world.server.send(&login(STRANGER, crate::harness::PASSWORD)).expect(403);
    let refused = account(&database, &["resume", STRANGER], b"");
    assert!(!refused.success && refused.stderr.contains("is being removed"), "{}", refused.stderr);
    world.connector.release(Kind::InstanceRemoval);
    let told = removing.join().expect("an end");
    assert!(told.success && told.stdout.ends_with("; a connector did not confirm one removal\n"), "{}", told.stdout);
    assert_eq!(left(&world.server), 0);
}

#[test]
fn without_a_server_the_next_start_removes_the_rest() {
    let Entangled { world, connector, .. } = entangled();
    let database = world.server.database();
    world.server.terminate();
    assert!(world.server.wait().success());
    let told = done(&database, &["remove", STRANGER, "--yes"], "");
    assert!(told.contains("No server is running") && told.contains("3 instances"), "{told}");
    world.server.start_again();
    until("all is gone", || left(&world.server) == 0);
    connector.answered(Kind::InstallationRemoval, 1);
}

#[test]
fn connectors_of_an_account_that_was_suspended_are_not_called() {
    let Entangled { world, connector, .. } = entangled();
    let database = world.server.database();
    done(&database, &["suspend", STRANGER], "");
    let told = done(&database, &["remove", STRANGER, "--yes"], "");
    assert!(told.contains("connectors did not confirm 2 removals"), "{told}");
    assert_eq!(connector.count(Kind::InstanceRemoval) + connector.count(Kind::InstallationRemoval), 0);
    // Another's connector learns that its tokens have ended.
    world.connector.answered(Kind::InstanceRemoval, 2);
    assert_eq!(left(&world.server), 0);
}

#[test]
fn nobody_is_removed_unasked() {
    let server = Server::start();
    Developer::stranger(&server);
    let refused = account(&server.database(), &["remove", STRANGER], b"y\n");
    assert!(!refused.success && refused.stderr.contains("--yes"), "{}", refused.stderr);
    assert_eq!(done(&server.database(), &["list"], "").lines().count(), 3);
    server.send(&login(EMAIL, crate::harness::PASSWORD)).expect(200);
}
