//! Bytes per account: the past, things and the callback log, counted as they are written, and how many changes an
//! account makes in a second.

use crate::connector::Kind;
use crate::harness::Server;
use crate::http::Response;
use crate::users::{Developer, Hub, World, id_of, lamp};
use crate::wait::until;
use serde_json::{Value, json};

/// As long as a value may be, about.
fn long(character: char) -> String {
    std::iter::repeat_n(character, 60_000).collect()
}

#[track_caller]
fn refused(response: Response, option: &str) {
    let error = response.expect(409).json();
    assert!(
        error["description"].as_str().is_some_and(|text| text.contains(option) && text.contains("1024 KiB")),
        "{error}"
    );
}

/// The bytes of all accounts together as they are counted, and as they are: the past, things, the log.
fn counted(server: &Server) -> ([i64; 3], [i64; 3]) {
    let sql = server.sql();
    let number = |query: &str| sql.query_row(query, [], |row| row.get::<_, i64>(0)).expect(query);
    let counted =
        ["history", "things", "log"].map(|kind| number(&format!("SELECT CAST(total({kind}) AS INTEGER) FROM usage")));
    let is = [
        number("SELECT CAST(total(24 + iif(typeof(value) = 'text', octet_length(value), 8)) AS INTEGER) FROM history"),
        number(
            "SELECT CAST((SELECT total(bytes) FROM things) + (SELECT total(octet_length(value)) FROM properties)
                + (SELECT total(bytes) FROM instances) + (SELECT total(bytes) FROM installations)
                + (SELECT total(256 + octet_length(parameters)) FROM action_requests)
                + (SELECT total(256 + octet_length(whole)) FROM removed_things) AS INTEGER)",
        ),
        number("SELECT CAST(total(bytes) AS INTEGER) FROM callbacks"),
    ];
    (counted, is)
}

#[track_caller]
fn is_right(server: &Server) -> [i64; 3] {
    let (counted, is) = counted(server);
    assert_eq!(counted, is);
    is
}

/// A text value of a time, in seconds.
fn value(text: &str, second: u32) -> Value {
    json!({ "value": text, "lastUpdate": format!("2026-01-01T00:{:02}:{:02}Z", second / 60, second % 60) })
}

#[test]
fn the_past_of_an_accounts_things_has_so_many_bytes_and_what_is_deleted_makes_room() {
    let world = World::with(&["--history-mib-per-account", "1"]);
    let instance = world.instantiated();
    let thing = instance.hub.create_thing(&lamp());
    let mut written = 0;
    let last = loop {
        let answer = instance.hub.update(&thing, "colour", &value(&long('a'), written));
        if answer.status != 204 {
            break answer;
        }
        written += 1;
        assert!(written <= 20, "more than a MiB");
    };
    assert!(written >= 16, "{written}");
    refused(last, "--history-mib-per-account");
    // A crash changes nothing, and neither does what was refused.
    is_right(&world.server);
    world.server.crash_and_restart();
    refused(instance.hub.update(&thing, "colour", &value(&long('a'), 100)), "--history-mib-per-account");
    let another = instance.hub.create_thing(&lamp());
    refused(instance.hub.update(&another, "colour", &value(&long('a'), 100)), "--history-mib-per-account");
    // Another account has its own bytes.
    let stranger = Developer::stranger(&world.server);
    let app = stranger.create_app();
    let installed = stranger.install(&app.id, &world.publication, &[]);
    assert_eq!(app.instantiate(&id_of(installed.field()), None, &[]).field()["state"], "COMPLETE");
    let token = world.connector.arrived(Kind::Instance, 2)[1].token().to_owned();
    let hub = Hub { server: world.server.clone(), token };
    let theirs = hub.create_thing(&lamp());
    assert_eq!(hub.update(&theirs, "colour", &value(&long('a'), 0)).status, 204);

    assert_eq!(instance.hub.delete(&format!("/instances/things/{thing}")).status, 204);
    until("there is room again", || instance.hub.update(&another, "colour", &value(&long('a'), 101)).status == 204);
    until("the points of the deleted thing are gone", || counted(&world.server).1[0] < 200_000);
    is_right(&world.server);
}

#[test]
fn an_accounts_things_have_so_many_bytes() {
    let world = World::with(&["--thing-mib-per-account", "1"]);
    let instance = world.instantiated();
    let mut large = lamp();
    large["attributes"] = (0..3).map(|n| json!({ "name": format!("a{n}"), "value": long('b') })).collect();
    let create = |hub: &Hub| hub.call("POST", "/instances/things", &json!({ "thing": large }));
    let mut things = Vec::new();
    let last = loop {
        let answer = create(&instance.hub);
        if answer.status != 201 {
            break answer;
        }
        things.push(answer.json()["id"].as_str().expect("an ID").to_owned());
        assert!(things.len() <= 7, "more than a MiB");
    };
    assert!(things.len() >= 5, "{things:?}");
    refused(last, "--thing-mib-per-account");
    // What an app keeps itself counts too.
    let create_own = "mutation($thing: NewThing!) { createThing(thing: $thing) { id } }";
    let own = world.app.graphql(create_own, json!({ "thing": large }));
    assert_eq!((own.code(), own.message().contains("--thing-mib-per-account")), ("CONFLICT", true), "{own:?}");
    is_right(&world.server);
    world.server.crash_and_restart();
    refused(create(&instance.hub), "--thing-mib-per-account");
    assert_eq!(instance.hub.delete(&format!("/instances/things/{}", things[0])).status, 204);
    until("there is room again", || create(&instance.hub).status == 201);
    is_right(&world.server);
    world.developer.remove_installation(&instance.installation, true).data();
    assert_eq!(is_right(&world.server)[1], 0);
}

/// A connector that takes anything would let an app fill the disk with what it is configured with.
#[test]
fn configurations_count_among_the_bytes_of_things() {
    let parameter = json!([{ "id": "text", "name": "Text", "required": false, "description": "", "valueType": "STRING",
        "displayType": "PLAIN", "validationExpression": "" }]);
    let text: String = std::iter::repeat_n('e', 10_000).collect();
    let fields = json!({ "customerConfigurationParameters": parameter });
    let world = World::publishing(&["--thing-mib-per-account", "1"], fields);
    let installation = world.installed();
    let mut instances = 0;
    let last = loop {
        let answer = world.app.instantiate(&installation, Some(&instances.to_string()), &[("text", &text)]);
        if !answer.errors.is_empty() {
            break answer;
        }
        instances += 1;
        assert!(instances <= 110, "more than a MiB");
    };
    assert!(instances >= 90, "{instances}");
    assert_eq!((last.code(), last.message().contains("--thing-mib-per-account")), ("CONFLICT", true), "{last:?}");
    is_right(&world.server);
    world.developer.remove_installation(&installation, true).data();
    assert_eq!(is_right(&world.server)[1], 0);
}

/// What clients send as the values of actions is kept with the requests.
#[test]
fn action_requests_count_among_the_bytes_of_things() {
    let world = World::with(&["--thing-mib-per-account", "1"]);
    let instance = world.instantiated();
    let mut thing = lamp();
    thing["components"][0]["actions"][0]["parameters"] = json!([{ "name": "text", "type": "STRING" }]);
    let thing = instance.hub.create_thing(&thing);
    world.connector.answers(Kind::Action, &json!({ "status": 204 }));
    let text: String = std::iter::repeat_n('c', 10_000).collect();
    let mut requests = 0;
    let last = loop {
        let answer = world.app.act(&thing, "toggle", &[("text", &text)]);
        if !answer.errors.is_empty() {
            break answer;
        }
        assert_eq!(answer.field()[0]["status"], "COMPLETED", "{answer:?}");
        requests += 1;
        assert!(requests <= 110, "more than a MiB");
    };
    assert!(requests >= 90, "{requests} {last:?}");
    assert_eq!((last.code(), last.message().contains("--thing-mib-per-account")), ("CONFLICT", true), "{last:?}");
    is_right(&world.server);
}

#[test]
fn the_callback_log_of_an_accounts_connectors_is_trimmed_by_bytes_the_oldest_first() {
    let world = World::with(&["--callback-log-mib-per-account", "1"]);
    let instance = world.instantiated();
    let thing = instance.hub.create_thing(&lamp());
    world.connector.answers(Kind::Action, &json!({ "status": 400, "body": long('d') }));
    for _ in 0..30 {
        world.app.act(&thing, "toggle", &[]).data();
    }
    let newest = "{ callbacks(first: 1) { id } }";
    let last = world.developer.graphql(newest, json!({})).field()[0]["id"].clone();
    until("the log is trimmed", || counted(&world.server).1[2] <= 1024 * 1024);
    let log = is_right(&world.server)[2];
    assert!(log > 900_000, "{log} are fewer than may be kept");
    assert_eq!(world.developer.graphql(newest, json!({})).field()[0]["id"], last, "the newest stay");
}

/// Whatever happens to points, things and callbacks, the counts are what there is.
#[test]
fn counts_are_right_after_everything_that_writes_and_deletes() {
    let world = World::with(&["--history-retention", "1"]);
    let instance = world.instantiated();
    let things: Vec<_> = (0..3).map(|_| instance.hub.create_thing(&lamp())).collect();
    let [first, second, third] = [0, 1, 2].map(|n| things[n].as_str());
    // New, older than the newest, replaced by a longer and a shorter one; numbers and booleans.
    for (text, second) in [("a", 10), ("a longer one", 20), ("b", 5), ("in the place of b", 5), ("c", 20), ("", 30)] {
        assert_eq!(instance.hub.update(first, "colour", &value(text, second)).status, 204);
    }
    for property in ["level", "on"] {
        for (text, second) in [("1", 1), ("0", 2), ("1", 2), ("0", 1)] {
            let text = if property == "on" { ["false", "true"][usize::from(text == "1")] } else { text };
            assert_eq!(instance.hub.update(third, property, &value(text, second)).status, 204);
        }
    }
    assert_eq!(instance.hub.update(first, "level", &value("no number", 1)).status, 400);
    is_right(&world.server);
    world.connector.answers(Kind::Action, &json!({ "status": 204 }));
    world.app.act(second, "toggle", &[]).data();
    let thing = json!({ "thing": { "name": "Own", "manufacturer": "m", "displayType": "d", "mainComponentId": "c",
        "status": "AVAILABLE", "attributes": [], "components": [{ "id": "c", "name": "C", "componentType": "t",
        "capabilities": ["x"], "actions": [], "properties": [{ "id": "p", "name": "P", "value": "v", "unit": "",
        "type": "STRING", "propertyType": "" }] }] } });
    world.app.graphql("mutation($thing: NewThing!) { createThing(thing: $thing) { id } }", thing).data();
    is_right(&world.server);
    // With its requests it is kept for a while.
    assert_eq!(instance.hub.delete(&format!("/instances/things/{second}")).status, 204);
    is_right(&world.server);
    world.server.crash_and_restart();
    until("the past is trimmed", || counted(&world.server).1[0] < 200);
    is_right(&world.server);
    world.app.graphql("mutation { deleteThings { id } }", json!({})).data();
    world.developer.remove_installation(&instance.installation, true).data();
    until("the points are gone", || counted(&world.server).1[0] == 0);
    assert_eq!(is_right(&world.server)[..2], [0, 0]);
}

#[test]
fn an_account_makes_so_many_changes_in_a_second_and_others_do_not_notice() {
    let world = World::with(&["--changes-per-second", "2"]);
    let instance = world.instantiated();
    let thing = instance.hub.create_thing(&lamp());
    let update = |hub: &Hub, thing: &str| hub.update(thing, "level", &json!({ "value": "1" }));
    let mut passed = 0;
    let answer = loop {
        let answer = update(&instance.hub, &thing);
        if answer.status != 204 {
            break answer.expect(429);
        }
        passed += 1;
        assert!(passed < 1_000, "nothing is refused");
    };
    assert!(passed >= 10, "{passed}");
    assert_eq!(answer.header("Retry-After"), Some("1"));
    assert!(answer.text().contains("--changes-per-second"), "{}", answer.text());
    let stranger = Developer::stranger(&world.server);
    let app = stranger.create_app();
    let installed = stranger.install(&app.id, &world.publication, &[]);
    assert_eq!(app.instantiate(&id_of(installed.field()), None, &[]).field()["state"], "COMPLETE");
    let token = world.connector.arrived(Kind::Instance, 2)[1].token().to_owned();
    let hub = Hub { server: world.server.clone(), token };
    let theirs = hub.create_thing(&lamp());
    assert_eq!(update(&hub, &theirs).status, 204);
    until("it may make changes again", || update(&instance.hub, &thing).status == 204);
}
