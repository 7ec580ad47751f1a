//! Clocks that are wrong, times that no calendar has, and numbers at the edge of what there is.

use crate::users::{App, Hub, World, lamp};
use crate::wait::until;
use serde_json::{Value, json};

const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// A world with a lamp; its hub and the lamp's ID.
fn lit() -> (World, Hub, String) {
    let world = World::new();
    let hub = world.instantiated().hub;
    let thing = hub.create_thing(&lamp());
    (world, hub, thing)
}

/// The level of the lamp and when it was so.
fn level(app: &App) -> Value {
    let document =
        "{ things { components { properties(propertyConstraint: { id: \"level\" }) { value lastUpdate } } } }";
    app.graphql(document, json!({})).field()[0]["components"][0]["properties"][0].clone()
}

/// What is asked of the history of the lamp's level.
fn history(app: &App, arguments: &str, fields: &str) -> crate::users::Answer {
    let document = format!(
        "{{ things {{ components {{ properties(propertyConstraint: {{ id: \"level\" }}) {{ history{arguments} {{ {fields} }} }} }} }} }}"
    );
    app.graphql(&document, json!({}))
}

fn of_level(answer: &crate::users::Answer) -> Value {
    answer.field()[0]["components"][0]["properties"][0]["history"].clone()
}

#[test]
fn a_current_value_from_a_time_when_the_clock_was_wrong_does_not_win() {
    let (world, hub, thing) = lit();
    hub.update(&thing, "level", &json!({ "value": "1" })).expect(204);
    let ahead = |micros: i64| {
        let sql = "UPDATE properties SET last_update = last_update + ?1 WHERE id = 'level'";
        assert_eq!(world.server.sql().execute(sql, [micros]).expect("another clock"), 1);
    };
    for (number, micros) in [(2, DAY), (3, 400 * DAY), (4, 11 * DAY / 24 / 60)] {
        ahead(micros);
        let now = level(&world.app)["lastUpdate"].clone();
        hub.update(&thing, "level", &json!({ "value": number.to_string() })).expect(204);
        let seen = level(&world.app);
        assert_eq!(seen["value"], number.to_string());
        assert!(seen["lastUpdate"].as_str() < now.as_str(), "{seen} {now}");
    }
    // A device's clock may be some minutes ahead.
    ahead(2 * DAY / 24 / 60);
    hub.update(&thing, "level", &json!({ "value": "5" })).expect(204);
    assert_eq!(level(&world.app)["value"], "4");
}

/// Puts a database back by some days, as if it was last in use then.
fn set_back(world: &World, days: i64) {
    world.server.terminate();
    assert!(world.server.wait().success());
    let micros = days * DAY;
    let sql = world.server.sql();
    let statements = format!(
        "UPDATE history SET at = at - {micros};
         UPDATE settings SET value = CAST(CAST(CAST(value AS TEXT) - {micros} AS TEXT) AS BLOB) WHERE name = 'clock';
         UPDATE callbacks SET id = CAST(unhex(printf('%012X', (created_at - {micros}) / 1000)) || substr(id, 7) AS BLOB);"
    );
    sql.execute_batch(&statements).expect("set back");
    let at: i64 = sql
        .query_row("SELECT CAST(CAST(value AS TEXT) AS INTEGER) FROM settings WHERE name = 'clock'", [], |row| {
            row.get(0)
        })
        .expect("the clock");
    // What was too old even then.
    let old = at - 30 * DAY;
    sql.execute(
        "INSERT INTO history (property, at, value) SELECT key, ?1, 7.0 FROM properties WHERE id = 'level'",
        [old],
    )
    .expect("an old point");
    let copy = "CREATE TEMP TABLE old AS SELECT * FROM callbacks LIMIT 1;
        UPDATE old SET id = CAST(unhex(printf('%012X', OLD / 1000)) || substr(id, 7) AS BLOB);
        INSERT INTO callbacks SELECT * FROM old";
    sql.execute_batch(&copy.replace("OLD", &old.to_string())).expect("an old callback");
}

#[test]
fn retention_deletes_nothing_because_the_clock_has_jumped() {
    let (world, hub, thing) = lit();
    hub.update(&thing, "level", &json!({ "value": "1" })).expect(204);
    let count = |table: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        world.server.sql().query_row(&sql, [], |row| row.get(0)).expect("a count")
    };
    let (points, callbacks) = (count("history"), count("callbacks"));
    assert!(points > 1 && callbacks > 1);
    set_back(&world, 400);
    world.server.restart_with(&["--history-retention", "2", "--callback-log-age", "2days"]);
    until("what was too old already is gone", || (count("history"), count("callbacks")) == (points, callbacks));
    assert!(world.server.output().contains("more than a week ahead"), "{}", world.server.output());
    // The next start makes it no better.
    world.server.terminate();
    assert!(world.server.wait().success());
    world.server.start_again();
    hub.update(&thing, "level", &json!({ "value": "2" })).expect(204);
    assert_eq!((count("history"), count("callbacks")), (points + 1, callbacks));
}

#[test]
fn after_a_night_off_everything_is_as_old_as_it_should_be() {
    let (world, hub, thing) = lit();
    hub.update(&thing, "level", &json!({ "value": "1" })).expect(204);
    let old: i64 = world.server.sql().query_row("SELECT min(at) FROM history", [], |row| row.get(0)).expect("a point");
    set_back(&world, 3);
    let sql = "UPDATE settings SET value = CAST(CAST(?1 AS TEXT) AS BLOB) WHERE name = 'clock'";
    world.server.sql().execute(sql, [old]).expect("the clock is right");
    world.server.restart_with(&["--history-retention", "2"]);
    let count = "SELECT count(*) FROM history";
    until("all that is older than two days is gone", || {
        world.server.sql().query_row(count, [], |row| row.get::<_, i64>(0)).expect("a count") == 0
    });
    assert!(!world.server.output().contains("more than a week ahead"));
}

#[test]
fn times_that_cannot_be_written_are_refused_wherever_they_come_in() {
    let (world, hub, thing) = lit();
    for (at, why) in [
        ("0000-01-01T00:30:00+01:00", "outside of the years 0001 to 9999"),
        ("0001-01-01T00:00:00+00:01", "outside of the years 0001 to 9999"),
        ("0000-06-01T00:00:00Z", "outside of the years 0001 to 9999"),
        ("2016-12-31T23:59:60Z", "leap second"),
        ("2017-01-01T00:59:60.25+01:00", "leap second"),
        ("-0001-01-01T00:00:00Z", "not a time"),
        ("10000-01-01T00:00:00Z", "not a time"),
    ] {
        let refused = hub.update(&thing, "level", &json!({ "value": "1", "lastUpdate": at })).expect(400).json();
        assert_eq!(refused["violations"][0]["path"], "lastUpdate", "{refused}");
        assert!(refused.to_string().contains(why), "{at}: {refused}");
        let mut new = lamp();
        new["components"][0]["properties"][0]["lastUpdate"] = json!(at);
        let refused = hub.call("POST", "/instances/things", &json!({ "thing": new })).expect(400).json();
        assert!(refused.to_string().contains(why), "{at}: {refused}");
        for argument in ["from", "to"] {
            let refused = history(&world.app, &format!("({argument}: \"{at}\")"), "aggregate { count }");
            assert_eq!(refused.code(), "BAD_USER_INPUT", "{at}: {refused:?}");
        }
    }
    for at in
        ["0001-01-01T00:00:01Z", "0000-12-31T23:59:59-00:01", "0050-01-01T00:00:00Z", "2016-12-31T23:59:59.999999Z"]
    {
        hub.update(&thing, "level", &json!({ "value": "1", "lastUpdate": at })).expect(204);
    }
}

#[test]
fn what_is_written_can_be_read_again_also_of_old_databases() {
    let (world, hub, thing) = lit();
    let put =
        |at: &str, value: &str| hub.update(&thing, "level", &json!({ "value": value, "lastUpdate": at })).expect(204);
    put("0050-01-01T00:00:00Z", "1");
    put("0150-01-01T00:00:00Z", "2");
    let fields = "edges { cursor node { timestamp value } } pageInfo { endCursor hasNextPage }";
    let bucket = |more: &str| {
        of_level(&history(&world.app, &format!("(timeBucket: {{ width: \"36525 days\" }}{more})"), fields))
    };
    let all = bucket("");
    assert_eq!(all["edges"][0]["node"], json!({ "timestamp": "0001-01-01T00:00:00.000000Z", "value": 1.0 }));
    let first = bucket(", first: 1");
    let next = bucket(&format!(", after: {}", first["pageInfo"]["endCursor"]));
    assert_eq!(next["edges"], json!([all["edges"][1]]));
    // What an older connhub has let in.
    let far = "UPDATE properties SET last_update = -62198755200000000 WHERE id = 'level'; \
        UPDATE history SET at = -62198755200000000 WHERE at = (SELECT min(at) FROM history); \
        INSERT INTO history (property, at, value) SELECT key, 9223372036854775807, 3.0 FROM properties WHERE id = 'level'";
    world.server.sql().execute_batch(far).expect("times that no calendar has");
    assert_eq!(level(&world.app)["lastUpdate"], "0001-01-01T00:00:00.000000Z");
    let rows = of_level(&history(&world.app, "", fields));
    assert_eq!(rows["edges"][0]["node"]["timestamp"], "0001-01-01T00:00:00.000000Z");
    assert_eq!(rows["edges"][2]["node"]["timestamp"], "9999-12-31T23:59:59.999999Z");
    for edge in rows["edges"].as_array().expect("edges") {
        let at = edge["node"]["timestamp"].clone();
        of_level(&history(&world.app, &format!("(from: {at}, to: {at}, after: {})", edge["cursor"]), fields));
    }
    hub.update(&thing, "level", &json!({ "value": "4" })).expect(204);
    assert_eq!(level(&world.app)["value"], "4");
}

#[test]
fn what_is_made_of_great_numbers_lies_among_them() {
    let (world, hub, thing) = lit();
    for (values, sum, avg) in [
        (&["1.7e308", "1.7e308"][..], json!(f64::MAX), json!(1.7e308)),
        (&["1.7e308", "1.7e308", "-1.7e308", "-1.7e308"], json!(0.0), json!(0.0)),
        (&["-1.7e308", "-1.7e308", "-1.7e308"], json!(f64::MIN), json!(-1.7e308)),
        (&["1e16", "1", "1", "-1e16"], json!(2.0), json!(0.5)),
        (&["5e-324", "-0"], json!(5e-324), json!(0.0)),
        (
            &["9007199254740993", "9007199254740993"],
            json!(18_014_398_509_481_984_f64),
            json!(9_007_199_254_740_992_f64),
        ),
    ] {
        world.server.sql().execute("DELETE FROM history", []).expect("nothing");
        for (second, value) in values.iter().enumerate() {
            let at = format!("2024-01-01T00:00:{second:02}Z");
            hub.update(&thing, "level", &json!({ "value": value, "lastUpdate": at })).expect(204);
        }
        let aggregate = of_level(&history(&world.app, "", "aggregate { sum avg min max count }"))["aggregate"].clone();
        assert_eq!((&aggregate["sum"], &aggregate["avg"]), (&sum, &avg), "{values:?}");
        let ordered =
            [&aggregate["min"], &aggregate["avg"], &aggregate["max"]].map(|value| value.as_f64().expect("a number"));
        assert!(ordered.is_sorted(), "{values:?}: {ordered:?}");
        for (made, wanted) in [("SUM", &sum), ("AVG", &avg)] {
            let arguments = format!("(timeBucket: {{ width: \"1 day\", aggregate: {made} }})");
            let bucket = of_level(&history(&world.app, &arguments, "edges { node { value } }"));
            assert_eq!(bucket["edges"][0]["node"]["value"], *wanted, "{made} of {values:?}");
        }
    }
}

#[test]
fn numbers_that_are_none_are_refused_and_others_are_found() {
    let (world, hub, thing) = lit();
    let many = "1".repeat(400);
    for bad in ["NaN", "Infinity", "-inf", "1e309", many.as_str(), "0x1", "1_000", ""] {
        hub.update(&thing, "level", &json!({ "value": bad })).expect(400);
    }
    let long = format!("0.{}", "3".repeat(400));
    for (second, good) in
        ["-0", "9007199254740993", "5e-324", "1e-400", long.as_str(), "1.7976931348623157e308"].iter().enumerate()
    {
        let at = format!("2024-01-01T00:00:{second:02}Z");
        hub.update(&thing, "level", &json!({ "value": good, "lastUpdate": at })).expect(204);
        let document = "query($value: HistoricComponentPropertyValue) { things { components {
            properties(propertyConstraint: { id: \"level\" }) {
                value history(from: \"FROM\", where: { value: { _eq: $value } }) { edges { node { value } } } } } } }";
        // As JSON has it, which need not be how it was sent.
        let number: Value = serde_json::from_str(good).unwrap_or(json!(0));
        let found = world.app.graphql(&document.replace("FROM", &at), json!({ "value": number }));
        let property = &found.field()[0]["components"][0]["properties"][0];
        assert_eq!(property["value"], *good, "the current value keeps its writer's spelling");
        assert_eq!(property["history"]["edges"].as_array().map(Vec::len), Some(1), "{good}: {property}");
    }
    let zero = of_level(&history(&world.app, "(first: 1)", "edges { node { value } }"));
    assert_eq!(zero["edges"][0]["node"]["value"].to_string(), "0.0", "a zero has no sign");
}
