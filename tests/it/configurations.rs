//! What installations and instances were configured with, as it is shown afterwards: to whom, and
//! never a password.

use crate::connector::Kind;
use crate::http::Request;
use crate::users::{Developer, World, id_of};
use crate::wait::until;
use serde_json::{Value, json};
use std::thread;

const OF_INSTALLATION: &str = "query($id: ID!) { connectorInstallation(id: $id) {
    configuration { configurationParameterId value } } }";
const OF_INSTANCE: &str = "query($id: ID!) { connectorInstance(id: $id) {
    configuration { configurationParameterId value } } }";
const SECRET: &str = "hunter2 hunter2";

fn parameters(of: &str) -> Value {
    json!([
        { "id": format!("{of}-name"), "name": "Name", "valueType": "STRING" },
        { "id": format!("{of}-secret"), "name": "Secret", "valueType": "STRING", "displayType": "PASSWORD" },
        { "id": format!("{of}-size"), "name": "Size", "valueType": "NUMBER" },
    ])
}

/// A world whose connector has plain and secret parameters of both kinds.
fn world() -> World {
    let fields = json!({
        "configurationParameters": parameters("own"),
        "customerConfigurationParameters": parameters("their"),
    });
    World::publishing(&[], fields)
}

fn value(parameter: &str, value: Option<&str>) -> Value {
    json!({ "configurationParameterId": parameter, "value": value })
}

#[test]
fn what_was_given_is_shown_as_it_was_given_but_for_passwords() {
    let world = world();
    // In another order than that of the parameters, one empty, one left out.
    let given = [("own-size", "1.50"), ("own-secret", SECRET), ("own-name", "")];
    let installation = id_of(world.developer.install(&world.app.id, &world.publication, &given).field());
    let expected = json!([value("own-size", Some("1.50")), value("own-secret", None), value("own-name", Some(""))]);
    let given = [("their-secret", SECRET), ("their-name", "Ada \"L\"")];
    let instance = id_of(world.app.instantiate(&installation, None, &given).field());
    let customers = json!([value("their-secret", None), value("their-name", Some("Ada \"L\""))]);
    let variables = json!({ "id": installation });
    let ask = |document: &str, id: &str| {
        let variables = json!({ "id": id });
        let answers = [world.developer.graphql(document, variables.clone()), world.app.graphql(document, variables)];
        answers.map(|answer| {
            assert!(!answer.data().to_string().contains("hunter2"), "{answer:?}");
            answer.field()["configuration"].clone()
        })
    };
    assert_eq!(ask(OF_INSTALLATION, &installation), [expected.clone(), expected.clone()]);
    assert_eq!(ask(OF_INSTANCE, &instance), [customers.clone(), customers]);
    // The connector got it all, and gets it no less for what is shown.
    assert_eq!(world.connector.only(Kind::Installation).json["configuration"][1]["value"], SECRET);
    assert_eq!(world.connector.only(Kind::Instance).json["configuration"][0]["value"], SECRET);
    let stranger = Developer::stranger(&world.server);
    assert_eq!(*stranger.graphql(OF_INSTALLATION, variables).field(), Value::Null);
    assert_eq!(*stranger.graphql(OF_INSTANCE, json!({ "id": instance })).field(), Value::Null);
}

#[test]
fn a_list_tells_of_each_its_own() {
    let world = world();
    let second = world.developer.create_app();
    let mut installations = Vec::new();
    for (app, name) in [(&world.app, "first"), (&second, "second")] {
        let installation = world.developer.install(&app.id, &world.publication, &[("own-name", name)]);
        let installation = id_of(installation.field());
        for subject in ["a", "b"] {
            let given = format!("{name} {subject}");
            app.instantiate(&installation, Some(subject), &[("their-name", &given)]).data();
        }
        installations.push(installation);
    }
    let document = "{ apps { installations { configuration { value }
        instances { externalSubjectId configuration { value } } } } }";
    let answer = world.developer.graphql(document, json!({}));
    let apps = answer.field().as_array().expect("apps");
    for name in ["first", "second"] {
        let of = |given: String| json!([{ "value": given }]);
        let instance =
            |subject: &str| json!({ "externalSubjectId": subject, "configuration": of(format!("{name} {subject}")) });
        let expected = json!([{
            "configuration": of(name.to_owned()), "instances": [instance("a"), instance("b")],
        }]);
        assert!(apps.iter().any(|app| app["installations"] == expected), "{expected} in {apps:?}");
    }
}

#[test]
fn what_is_or_was_a_password_stays_hidden_whatever_becomes_of_its_parameter() {
    let world = world();
    let given = [("own-name", "plain"), ("own-secret", SECRET)];
    let installation = id_of(world.developer.install(&world.app.id, &world.publication, &given).field());
    let given = [("their-name", "plain"), ("their-secret", SECRET)];
    let instance = id_of(world.app.instantiate(&installation, None, &given).field());
    let shown = || {
        let of = |document: &str, id: &str| {
            let answer = world.developer.graphql(document, json!({ "id": id }));
            [0, 1].map(|at| answer.field()["configuration"][at]["value"].clone())
        };
        [of(OF_INSTALLATION, &installation), of(OF_INSTANCE, &instance)]
    };
    let update = "mutation($id: ID!, $changes: ConnectorPublicationUpdate!) {
        updateConnector(connectorId: $id, connector: $changes) { id } }";
    let declare = |name: &str, secret: &str| {
        for (field, of) in [("configurationParameters", "own"), ("customerConfigurationParameters", "their")] {
            let mut parameters = parameters(of);
            parameters[0]["displayType"] = name.into();
            parameters[1]["displayType"] = secret.into();
            let variables = json!({ "id": world.publication, "changes": { field: parameters } });
            world.developer.graphql(update, variables).data();
        }
    };
    let [plain, hidden] = [Value::from("plain"), Value::Null];
    assert_eq!(shown(), [[plain.clone(), hidden.clone()], [plain.clone(), hidden.clone()]]);
    declare("PLAIN", "PLAIN");
    assert_eq!(shown(), [[plain.clone(), hidden.clone()], [plain, hidden.clone()]], "it was given as a password");
    declare("PASSWORD", "PLAIN");
    assert_eq!(shown(), [[hidden.clone(), hidden.clone()], [hidden.clone(), hidden]], "it is a password now");
}

#[test]
fn nothing_is_shown_of_what_is_gone() {
    let world = world();
    let installation = id_of(world.developer.install(&world.app.id, &world.publication, &[("own-name", "n")]).field());
    world.app.instantiate(&installation, None, &[("their-name", "n")]).data();
    let document =
        "mutation($id: ID!, $all: Boolean!) { removeInstallation(installationId: $id, removeInstances: $all) {
        affectedInstallation { configuration { value } } affectedInstances { configuration { value } } } }";
    let remove = |all: bool| {
        let answer = world.developer.graphql(document, json!({ "id": installation, "all": all }));
        let removed = answer.field();
        [&removed["affectedInstallation"]["configuration"], &removed["affectedInstances"][0]["configuration"]]
            .map(Clone::clone)
    };
    // What would go along is still there.
    assert_eq!(remove(false), [json!([{ "value": "n" }]), json!([{ "value": "n" }])]);
    assert_eq!(remove(true), [json!([]), json!([])]);
}

/// The parameters change after the values were checked and before they are stored: a value that was checked as a readable
/// one would be stored as such, and stay readable.
#[test]
fn values_are_stored_under_the_parameters_that_they_were_checked_against_or_not_at_all() {
    for change in
        ["password = 1", "validation_expression = '^[0-9]+$'", "required = 1, id = 'another'", "value_type = 'NUMBER'"]
    {
        let world = world();
        let apps: Vec<_> = (0..5).map(|_| world.developer.create_app()).collect();
        let id = id_of(world.developer.install(&world.app.id, &world.publication, &[]).field());
        let mut sql = world.server.sql();
        let transaction =
            sql.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).expect("the writer's lock");
        // The server's writer waits for the lock; all of these but the first wait in its queue, and have been checked.
        let installing: Vec<_> = apps
            .iter()
            .map(|app| {
                let (developer, app, publication) =
                    (world.developer.clone(), app.id.clone(), world.publication.clone());
                thread::spawn(move || developer.install(&app, &publication, &[("own-name", SECRET)]))
            })
            .collect();
        let instantiating: Vec<_> = (0..5)
            .map(|subject| {
                let (app, installation) = (world.app.clone(), id.clone());
                let given = [("their-name", SECRET)];
                thread::spawn(move || app.instantiate(&installation, Some(&subject.to_string()), &given))
            })
            .collect();
        let waiting = || {
            let metrics = world.server.send(&Request::get("/metrics"));
            let line = metrics.text().lines().find_map(|line| line.strip_prefix("connhub_database_changes_waiting "));
            line.and_then(|count| count.parse::<f64>().ok()).expect("the writer's queue")
        };
        until("all of them wait for the writer", || waiting() >= 9.0);
        let changed = transaction.execute(&format!("UPDATE parameters SET {change} WHERE id LIKE '%-name'"), []);
        assert_eq!(changed.expect("a change"), 2);
        transaction.commit().expect("committed");
        for answer in installing.into_iter().chain(instantiating).map(|one| one.join().expect("an answer")) {
            assert_eq!(answer.code(), "CONFLICT", "{change}: {answer:?}");
            assert!(answer.message().contains("parameters were changed"), "{answer:?}");
        }
        let stored = "SELECT count(*) FROM (SELECT 1 FROM installation_values UNION ALL SELECT 1 FROM instance_values)";
        assert_eq!(sql.query_row(stored, [], |row| row.get::<_, i64>(0)).expect("a count"), 0, "{change}");
    }
}
