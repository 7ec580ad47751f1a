//! The past of properties: the documents of the platform's own page about history, copied verbatim
//! into seed/, and what cannot be seen in them: pages, buckets, errors, who sees it.

use crate::users::{Answer, Developer, Hub, World, graphql, lamp};
use serde_json::{Value, json};

const HISTORY: &str = "query($from: Time, $to: Time, $first: Int, $last: Int, $after: String, $where: HistoryFilter,
        $bucket: TimeBucket, $property: String = \"level\") {
    things { components { properties(propertyConstraint: { id: $property }) {
        history(from: $from, to: $to, first: $first, last: $last, after: $after, where: $where, timeBucket: $bucket) {
            edges { cursor node { timestamp value } }
            pageInfo { hasNextPage hasPreviousPage endCursor }
            aggregate { sum count avg max min } } } } } }";

/// A lamp of the default subject called LightTwo.
struct Lit {
    world: World,
    hub: Hub,
    thing: String,
}

impl Lit {
    fn new() -> Self {
        let world = World::new();
        let hub = world.instantiated().hub;
        let mut thing = lamp();
        thing["name"] = "LightTwo".into();
        // No value from the beginning, so that the past is what the tests report.
        for property in thing["components"][0]["properties"].as_array_mut().expect("properties") {
            property["value"] = "".into();
            property["propertyType"] = if property["id"] == "on" { "ONOFF".into() } else { property["id"].clone() };
        }
        let thing = hub.create_thing(&thing);
        Self { world, hub, thing }
    }

    /// Reports values, each with its time.
    #[track_caller]
    fn report(&self, property: &str, values: &[(&str, &str)]) {
        for (at, value) in values {
            self.hub.update(&self.thing, property, &json!({ "value": value, "lastUpdate": at })).expect(204);
        }
    }

    #[track_caller]
    fn ask(&self, variables: Value) -> Answer {
        self.world.app.graphql(HISTORY, variables)
    }

    /// The history that is asked for.
    #[track_caller]
    fn history(&self, variables: Value) -> Value {
        self.ask(variables).field()[0]["components"][0]["properties"][0]["history"].clone()
    }

    /// Its rows: timestamp and value.
    #[track_caller]
    fn rows(&self, variables: Value) -> Vec<(String, Value)> {
        rows(&self.history(variables))
    }

    /// Runs a document of the page, with the variables that those have.
    #[track_caller]
    fn run(&self, document: &str, property: &str) -> Value {
        let variables = json!({ "thingId": self.thing, "componentId": "lamp", "propertyId": property,
            "from": "2020-04-02T08:13:45.598302Z", "to": "2020-04-06T12:15:53.690549Z" });
        self.world.app.graphql(document, variables).field()[0]["components"][0].clone()
    }
}

#[track_caller]
fn rows(history: &Value) -> Vec<(String, Value)> {
    let edges = history["edges"].as_array().expect("edges");
    let row =
        |edge: &Value| (edge["node"]["timestamp"].as_str().expect("a time").to_owned(), edge["node"]["value"].clone());
    edges.iter().map(row).collect()
}

fn row(at: &str, value: impl Into<Value>) -> (String, Value) {
    (at.to_owned(), value.into())
}

#[test]
fn example_1_pages_through_what_reflects_an_onoff_state() {
    let lit = Lit::new();
    lit.report(
        "on",
        &[
            ("2020-04-02T08:13:45.598301Z", "true"),
            ("2020-04-02T08:13:45.598302Z", "true"),
            ("2020-04-02T08:13:55.512504Z", "false"),
            ("2020-04-06T12:15:53.690549Z", "true"),
            ("2020-04-06T12:15:53.69055Z", "false"),
        ],
    );
    // The cursor is a placeholder: it is no base64.
    let first = lit.history(json!({ "property": "on", "from": "2020-04-02T08:13:45.598302Z", "first": 1 }));
    let document = include_str!("seed/history-1.graphql");
    assert!(document.contains("DRaIn0=="));
    let document = document.replace("DRaIn0==", first["pageInfo"]["endCursor"].as_str().expect("a cursor"));
    let properties = lit.world.app.graphql(&document, json!({})).field()[0]["components"][0]["properties"].clone();
    assert_eq!(properties.as_array().map(Vec::len), Some(1), "those of ONOFF only: {properties}");
    let edges = &properties[0]["history"]["edges"];
    let documented = json!({
        "cursor": "eyJ0aW1lIjoiMjAyMC0wNC0wMlQwODoxMzo1NS41MTI1MDRaIn0=",
        "node": { "timestamp": "2020-04-02T08:13:55.512504Z", "value": false },
    });
    assert_eq!(edges[0], documented);
    let last = row("2020-04-06T12:15:53.690549Z", true);
    assert_eq!(rows(&properties[0]["history"])[1..], [last], "from and to are included");
}

#[test]
fn examples_2_to_4_filter_and_aggregate() {
    let lit = Lit::new();
    lit.report(
        "level",
        &[
            ("2020-04-03T00:00:00Z", "9"),
            ("2020-04-03T00:00:01Z", "99.5"),
            ("2020-04-03T00:00:02Z", "100"),
            ("2020-04-03T00:00:03Z", "101"),
            ("2020-04-07T00:00:00Z", "1"),
        ],
    );
    lit.report(
        "colour",
        &[
            ("2020-04-03T00:00:00Z", "Foo fighter"),
            ("2020-04-03T00:00:01Z", "foo"),
            ("2020-04-03T00:00:02Z", "Bar"),
            ("2020-04-03T00:00:03Z", "Bar none"),
        ],
    );
    let second = lit.run(include_str!("seed/history-2.graphql"), "level");
    let below = [row("2020-04-03T00:00:00.000000Z", 9.0), row("2020-04-03T00:00:01.000000Z", 99.5)];
    assert_eq!((&second["properties"][0]["name"], &second["properties"][0]["value"]), (&json!("Level"), &json!("1")));
    assert_eq!(rows(&second["properties"][0]["history"]), below, "numbers are compared as numbers");
    let third = lit.run(include_str!("seed/history-3.graphql"), "colour");
    let values: Vec<_> = rows(&third["properties"][0]["history"]).into_iter().map(|(_, value)| value).collect();
    assert_eq!(values, ["Foo fighter", "Bar"]);
    let fourth = lit.run(include_str!("seed/history-4.graphql"), "level");
    let history = &fourth["properties"][0]["history"];
    assert_eq!(history["aggregate"], json!({ "count": 2, "min": 9.0, "max": 99.5, "avg": 54.25 }));
    assert_eq!(rows(history), below);
}

#[test]
fn example_5_averages_five_minutes_shifted_by_two_and_a_half() {
    let lit = Lit::new();
    lit.report(
        "level",
        &[("2020-04-03T12:02:29.999999Z", "1"), ("2020-04-03T12:02:30Z", "2"), ("2020-04-03T12:07:29Z", "5")],
    );
    lit.report("on", &[("2020-04-03T12:03:00Z", "true"), ("2020-04-03T12:04:00Z", "false")]);
    lit.report("colour", &[("2020-04-03T12:03:00Z", "red")]);
    let answer = lit.run(include_str!("seed/history-5.graphql"), "level");
    let of = |at: usize| rows(&answer["properties"][at]["history"]);
    assert_eq!(of(0), [row("2020-04-03T12:02:30.000000Z", 0.5)], "of truth values: {answer}");
    assert_eq!(of(1), [row("2020-04-03T11:57:30.000000Z", 1.0), row("2020-04-03T12:02:30.000000Z", 3.5)]);
    assert_eq!(of(2), [], "texts have no average");
}

#[test]
fn every_update_is_a_point_to_the_microsecond_and_the_last_of_a_time_counts() {
    let lit = Lit::new();
    lit.report(
        "level",
        &[
            ("2020-01-01T00:00:00.000002Z", "3"),
            ("2020-01-01T01:00:00.0000019+01:00", "2.50"),
            ("2020-01-01T00:00:00.000001Z", "2"),
            ("1969-12-31T23:59:59.999999Z", "1e2"),
        ],
    );
    let expected = [
        row("1969-12-31T23:59:59.999999Z", 100.0),
        row("2020-01-01T00:00:00.000001Z", 2.0),
        row("2020-01-01T00:00:00.000002Z", 3.0),
    ];
    assert_eq!(lit.rows(json!({})), expected);
}

#[test]
fn pages_tell_whether_there_is_more_and_the_aggregate_is_of_the_whole() {
    let lit = Lit::new();
    let times: Vec<_> = (0..7).map(|second| format!("2020-01-01T00:00:0{second}.000000Z")).collect();
    let values: Vec<_> =
        times.iter().enumerate().map(|(at, time)| (time.as_str(), ["0", "1", "2", "3", "4", "5", "6"][at])).collect();
    lit.report("level", &values);
    let whole = json!({ "sum": 21.0, "count": 7, "avg": 3.0, "max": 6.0, "min": 0.0 });
    let (mut after, mut seen, mut pages) = (Value::Null, Vec::new(), 0);
    loop {
        let page = lit.history(json!({ "first": 3, "after": after }));
        assert_eq!(page["aggregate"], whole);
        seen.extend(rows(&page).into_iter().map(|(at, _)| at));
        pages += 1;
        after = page["pageInfo"]["endCursor"].clone();
        assert_eq!(after, page["edges"].as_array().and_then(|edges| edges.last()).expect("an edge")["cursor"]);
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!((seen, pages), (times, 3));
    let newest = lit.history(json!({ "last": 2 }));
    assert_eq!(rows(&newest), [row("2020-01-01T00:00:05.000000Z", 5.0), row("2020-01-01T00:00:06.000000Z", 6.0)]);
    assert_eq!(
        (&newest["pageInfo"]["hasPreviousPage"], &newest["pageInfo"]["hasNextPage"]),
        (&json!(true), &json!(false))
    );
    let nothing = lit.history(json!({ "from": "2030-01-01T00:00:00Z" }));
    assert_eq!(nothing["pageInfo"], json!({ "hasNextPage": false, "hasPreviousPage": false, "endCursor": null }));
    assert_eq!(nothing["aggregate"], json!({ "sum": null, "count": 0, "avg": null, "max": null, "min": null }));
    let filtered = lit.history(json!({ "first": 1, "where": { "value": { "_in": [1, 3] } } }));
    assert_eq!((&filtered["aggregate"]["count"], &filtered["aggregate"]["sum"]), (&json!(2), &json!(4.0)));
}

#[test]
fn buckets_cross_days_and_weeks_where_timescale_has_their_borders() {
    let lit = Lit::new();
    lit.report(
        "level",
        &[
            ("1969-12-31T23:59:59.999999Z", "1"),
            ("1970-01-01T00:00:00Z", "2"),
            ("2000-01-02T23:59:59Z", "3"),
            ("2000-01-03T00:00:00Z", "4"),
            ("2020-03-29T00:59:59Z", "5"),
            ("2020-03-29T01:00:00Z", "7"),
        ],
    );
    let rows = |width: &str, offset: Value, aggregate: &str| {
        lit.rows(json!({ "bucket": { "width": width, "offset": offset, "aggregate": aggregate } }))
    };
    assert_eq!(
        rows("1 week", Value::Null, "SUM"),
        [
            row("1969-12-29T00:00:00.000000Z", 3.0),
            row("1999-12-27T00:00:00.000000Z", 3.0),
            row("2000-01-03T00:00:00.000000Z", 4.0),
            row("2020-03-23T00:00:00.000000Z", 12.0),
        ]
    );
    // A day in Berlin in winter begins at 23:00, whatever the clocks do on 2020-03-29.
    assert_eq!(
        rows("1 day", json!("-1 hour"), "MAX"),
        [
            row("1969-12-31T23:00:00.000000Z", 2.0),
            row("2000-01-02T23:00:00.000000Z", 4.0),
            row("2020-03-28T23:00:00.000000Z", 7.0),
        ]
    );
    let first = json!({ "first": 1, "bucket": { "width": "1 day", "aggregate": "COUNT" } });
    let page = lit.history(first.clone());
    assert_eq!((&page["pageInfo"]["hasNextPage"], &page["aggregate"]["count"]), (&json!(true), &json!(6)));
    let mut next = first;
    next["after"] = page["pageInfo"]["endCursor"].clone();
    assert_eq!(lit.rows(next), [row("1970-01-01T00:00:00.000000Z", 1.0)]);
}

#[test]
fn whatever_is_wrong_is_told_at_once_with_its_place() {
    let lit = Lit::new();
    let wrong = lit.ask(json!({
        "from": "2020-01-02T00:00:00Z", "to": "2020-01-01T00:00:00Z", "first": 0, "after": "DRaIn0==",
        "bucket": { "width": "1 month", "offset": "soon" },
        "where": { "value": { "_gt": "9", "_like": "a%", "_is": true, "_or": [{ "_eq": 1 }, { "_eq": true }] } },
    }));
    let mut paths = wrong.violations();
    paths.sort_unstable();
    let expected = [
        "after",
        "first",
        "from",
        "timeBucket.offset",
        "timeBucket.width",
        "where.value._gt",
        "where.value._is",
        "where.value._like",
        "where.value._or[1]._eq",
    ];
    assert_eq!(paths, expected);
    for (variables, path) in [
        (json!({ "first": -1 }), "first"),
        (json!({ "first": 10_001 }), "first"),
        (json!({ "first": 1, "last": 1 }), "last"),
        (json!({ "last": 1, "after": "eyJ0aW1lIjoiMjAyMC0wNC0wMlQwODoxMzo1NS41MTI1MDRaIn0=" }), "last"),
        (json!({ "property": "on", "where": { "value": { "_lt": 1 } } }), "where.value._lt"),
        (json!({ "property": "colour", "where": { "value": { "_in": ["a", 1] } } }), "where.value._in[1]"),
        (json!({ "property": "colour", "where": { "value": { "_like": "a\\" } } }), "where.value._like"),
        (json!({ "bucket": { "width": "0 s" } }), "timeBucket.width"),
    ] {
        assert_eq!(lit.ask(variables.clone()).violations(), [path], "{variables}");
    }
    let unknown = lit.ask(json!({ "from": "yesterday" }));
    assert!(!unknown.errors.is_empty(), "a time that is none");
}

#[test]
fn nobody_sees_the_past_of_anothers_thing() {
    let lit = Lit::new();
    lit.report("level", &[("2020-01-01T00:00:00Z", "1")]);
    let stranger = Developer::stranger(&lit.world.server).create_app();
    assert_eq!(*stranger.graphql(HISTORY, json!({})).field(), json!([]));
    assert_eq!(*lit.world.app.graphql_for("somebody", HISTORY, json!({})).field(), json!([]));
    assert_eq!(*lit.world.developer.create_app().graphql(HISTORY, json!({})).field(), json!([]));
    let scopeless = lit.world.developer.service_token(&lit.world.app.id, &["connctd.connector"]);
    let refused = graphql(&lit.world.server, Some(&scopeless), None, HISTORY, json!({}));
    assert_eq!(refused.code(), "FORBIDDEN");
    assert_eq!(lit.rows(json!({})).len(), 1);
}

#[test]
fn an_answer_has_a_bound_and_says_how_to_stay_below_it() {
    let lit = Lit::new();
    let sql = "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
        INSERT INTO history (property, at, value) SELECT p.key, n.i, 0.5 FROM n, properties AS p WHERE p.id = 'level'";
    lit.world.server.sql().execute(sql, []).expect("points");
    let fields: String =
        (0..11).map(|at| format!("h{at}: history(first: {}) {{ edges {{ cursor }} }}\n", 9_990 + at)).collect();
    let document = format!(
        "{{ things {{ components {{ properties(propertyConstraint: {{ id: \"level\" }}) {{ {fields} }} }} }} }}"
    );
    let answer = lit.world.app.graphql(&document, json!({}));
    assert_eq!(answer.violations(), ["first"]);
    assert!(answer.message().contains("100000 rows together"), "{}", answer.message());
}

#[test]
fn a_filter_that_is_too_much_is_refused_and_not_a_fault() {
    let lit = Lit::new();
    let empty: Vec<_> = (0..2_000).map(|_| json!({})).collect();
    let wrong: Vec<_> = (0..5_000).map(|_| json!({ "_eq": "no number" })).collect();
    let deep = (0..25).fold(json!({}), |inner, _| json!({ "_and": [inner] }));
    assert_eq!(lit.ask(json!({ "where": { "value": { "_or": empty } } })).violations(), ["where.value"]);
    let told = lit.ask(json!({ "where": { "value": { "_or": wrong } } }));
    assert!((100..300).contains(&told.violations().len()), "{}", told.violations().len());
    let too_deep = format!("where.value{}", "._and[0]".repeat(21));
    assert_eq!(lit.ask(json!({ "where": { "value": deep } })).violations(), [too_deep]);
}

#[test]
fn patterns_see_all_of_a_text() {
    let lit = Lit::new();
    let texts = ["a", "A", "a\0b", "a%", "a*", "ä"];
    let times: Vec<_> = (0..6).map(|second| format!("2020-01-01T00:00:0{second}Z")).collect();
    lit.report("colour", &times.iter().map(String::as_str).zip(texts).collect::<Vec<_>>());
    let liked = |pattern: &str| {
        let rows = lit.rows(json!({ "property": "colour", "where": { "value": { "_like": pattern } } }));
        rows.into_iter().map(|(_, value)| value.as_str().expect("a text").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(liked("a"), ["a"]);
    assert_eq!(liked("_"), ["a", "A", "ä"]);
    assert_eq!(liked("a%b"), ["a\0b"]);
    assert_eq!(liked("a_"), ["a%", "a*"]);
    assert_eq!(liked("a\\%"), ["a%"]);
    assert_eq!(liked("a*"), ["a*"]);
}
