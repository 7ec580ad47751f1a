//! Histories: the documents of the platform's own page about them, copied verbatim into seed/, and
//! what each argument leads to, refuses, or hides.

use crate::users::{Answer, App, Developer, Hub, World, lamp};
use serde_json::{Value, json};

/// A history of the level of the lamp, with these arguments.
fn level(arguments: &str, fields: &str) -> String {
    let arguments = if arguments.is_empty() { String::new() } else { format!("({arguments})") };
    format!(
        "{{ things {{ components {{ properties(propertyConstraint: {{ id: \"level\" }}) {{
            history{arguments} {{ {fields} }} }} }} }} }}"
    )
}

const EDGES: &str = "edges { cursor node { timestamp value } } pageInfo { hasNextPage hasPreviousPage endCursor }";

/// The one history in an answer.
#[track_caller]
fn only(answer: &Answer) -> Value {
    let properties = answer.field()[0]["components"][0]["properties"].as_array().expect("properties");
    assert_eq!(properties.len(), 1, "{properties:?}");
    properties[0]["history"].clone()
}

/// Timestamps and values of a history's rows.
#[track_caller]
fn rows(history: &Value) -> Value {
    let rows = history["edges"].as_array().expect("edges").iter();
    rows.map(|edge| json!([edge["node"]["timestamp"], edge["node"]["value"]])).collect()
}

/// A world with a lamp; its hub and the lamp's ID.
fn lit() -> (World, Hub, String) {
    let world = World::new();
    let hub = world.instantiated().hub;
    let thing = hub.create_thing(&lamp());
    (world, hub, thing)
}

/// Reports what a property was at some times.
#[track_caller]
fn report(hub: &Hub, thing: &str, property: &str, past: &[(&str, &str)]) {
    for (at, value) in past {
        hub.update(thing, property, &json!({ "value": value, "lastUpdate": at })).expect(204);
    }
}

/// The history of the lamp's level with these arguments, as the app sees it.
#[track_caller]
fn asked(app: &App, arguments: &str) -> Value {
    only(&app.graphql(&level(arguments, EDGES), json!({})))
}

/// LightTwo, which the page asks for, with a past of each type of property.
fn documented() -> (World, String) {
    let world = World::new();
    let hub = world.instantiated().hub;
    let mut light = lamp();
    light["name"] = json!("LightTwo");
    light["components"][0]["properties"][0]["propertyType"] = json!("ONOFF");
    let thing = hub.create_thing(&light);
    let on = [
        ("2020-04-02T08:13:45.598301Z", "true"),
        ("2020-04-02T08:13:45.598302Z", "true"),
        ("2020-04-02T08:13:55.512504Z", "false"),
        ("2020-04-02T08:14:00Z", "true"),
        ("2020-04-06T12:15:53.690549Z", "false"),
        ("2020-04-06T12:15:53.690550Z", "true"),
    ];
    report(&hub, &thing, "on", &on);
    let levels = [
        ("2020-04-02T08:12:29Z", "10"),
        ("2020-04-02T08:12:30Z", "99.5"),
        ("2020-04-02T08:17:29Z", "100"),
        ("2020-04-02T08:17:30Z", "1e3"),
    ];
    report(&hub, &thing, "level", &levels);
    let colours = [
        ("2020-04-02T08:00:00Z", "Foo"),
        ("2020-04-02T09:00:00Z", "foo"),
        ("2020-04-02T10:00:00Z", "Food"),
        ("2020-04-02T11:00:00Z", "Bar"),
        ("2020-04-02T12:00:00Z", "Barn"),
    ];
    report(&hub, &thing, "colour", &colours);
    (world, thing)
}

/// The variables of the documents, for a property of the documented light.
fn variables(thing: &str, property: &str) -> Value {
    json!({ "thingId": thing, "componentId": "lamp", "propertyId": property,
        "from": "2020-04-01T00:00:00Z", "to": "2020-05-01T00:00:00Z" })
}

#[test]
fn the_first_document_of_the_page_answers_as_it_is_documented() {
    let (world, _) = documented();
    let document = include_str!("seed/history-1.graphql");
    // What stands for a cursor there is none.
    let refused = world.app.graphql(document, json!({}));
    assert_eq!(refused.violations(), ["after"]);
    let asked = |after: &str| {
        assert!(document.contains("DRaIn0=="));
        let answer = world.app.graphql(&document.replace("DRaIn0==", after), json!({}));
        let things = answer.field().clone();
        assert_eq!(things[0]["name"], "LightTwo");
        assert_eq!(things[0]["components"][0]["properties"].as_array().map(Vec::len), Some(1));
        things[0]["components"][0]["properties"][0]["history"].clone()
    };
    // {"time":"2020-04-02T08:13:45.598302Z"}
    let history = asked("eyJ0aW1lIjoiMjAyMC0wNC0wMlQwODoxMzo0NS41OTgzMDJaIn0=");
    let documented = json!({
        "cursor": "eyJ0aW1lIjoiMjAyMC0wNC0wMlQwODoxMzo1NS41MTI1MDRaIn0=",
        "node": { "timestamp": "2020-04-02T08:13:55.512504Z", "value": false },
    });
    assert_eq!(history["edges"][0], documented);
    let rest = json!([
        ["2020-04-02T08:13:55.512504Z", false],
        ["2020-04-02T08:14:00.000000Z", true],
        ["2020-04-06T12:15:53.690549Z", false]
    ]);
    assert_eq!(rows(&history), rest);
    // {"time":"2020-01-01T00:00:00Z"}: before the selection, which begins with its first moment.
    let history = asked("eyJ0aW1lIjoiMjAyMC0wMS0wMVQwMDowMDowMFoifQ==");
    assert_eq!(history["edges"][0]["node"], json!({ "timestamp": "2020-04-02T08:13:45.598302Z", "value": true }));
    assert_eq!(history["edges"].as_array().map(Vec::len), Some(4));
}

#[test]
fn the_documents_with_filters_and_aggregates_answer_as_they_are_documented() {
    let (world, thing) = documented();
    let answered = |document: &str, property: &str| {
        let answer = world.app.graphql(document, variables(&thing, property));
        answer.field()[0]["components"][0]["properties"].clone()
    };
    let below = json!([["2020-04-02T08:12:29.000000Z", 10.0], ["2020-04-02T08:12:30.000000Z", 99.5]]);
    let properties = answered(include_str!("seed/history-2.graphql"), "level");
    assert_eq!(properties.as_array().map(Vec::len), Some(1));
    assert_eq!((&properties[0]["name"], &properties[0]["value"]), (&json!("Level"), &json!("1e3")));
    assert_eq!(rows(&properties[0]["history"]), below);
    let properties = answered(include_str!("seed/history-3.graphql"), "colour");
    let like = json!([
        ["2020-04-02T08:00:00.000000Z", "Foo"],
        ["2020-04-02T10:00:00.000000Z", "Food"],
        ["2020-04-02T11:00:00.000000Z", "Bar"]
    ]);
    assert_eq!(rows(&properties[0]["history"]), like);
    let properties = answered(include_str!("seed/history-4.graphql"), "level");
    assert_eq!(rows(&properties[0]["history"]), below);
    let aggregate = json!({ "count": 2, "min": 10.0, "max": 99.5, "avg": 54.75 });
    assert_eq!(properties[0]["history"]["aggregate"], aggregate);
}

#[test]
fn the_document_with_time_buckets_answers_as_it_is_documented() {
    let (world, thing) = documented();
    let answer = world.app.graphql(include_str!("seed/history-5.graphql"), variables(&thing, ""));
    let properties = &answer.field()[0]["components"][0]["properties"];
    let of = |at: usize| rows(&properties[at]["history"]);
    let on = json!([["2020-04-02T08:12:30.000000Z", 0.75], ["2020-04-06T12:12:30.000000Z", 0.5]]);
    assert_eq!(of(0), on);
    let levels = json!([
        ["2020-04-02T08:07:30.000000Z", 10.0],
        ["2020-04-02T08:12:30.000000Z", 99.75],
        ["2020-04-02T08:17:30.000000Z", 1000.0]
    ]);
    assert_eq!(of(1), levels);
    assert_eq!(of(2), json!([]), "there is no mean of texts");
}

#[test]
fn there_is_one_point_per_microsecond_in_the_order_of_time() {
    let (world, hub, thing) = lit();
    let past = [
        ("2020-01-01T00:00:00.000002Z", "3"),
        ("2020-01-01T01:00:00.000001999+01:00", "1"),
        ("2020-01-01T00:00:00.000001Z", "2.5"),
        ("2019-12-31T23:59:59.999999Z", "0"),
        ("1969-12-31T23:59:59.999999Z", "-1"),
    ];
    report(&hub, &thing, "level", &past);
    let expected = json!([
        ["1969-12-31T23:59:59.999999Z", -1.0],
        ["2019-12-31T23:59:59.999999Z", 0.0],
        ["2020-01-01T00:00:00.000001Z", 2.5],
        ["2020-01-01T00:00:00.000002Z", 3.0],
    ]);
    assert_eq!(rows(&asked(&world.app, "")), expected);
    let one = "from: \"2020-01-01T00:00:00.000001Z\", to: \"2020-01-01T00:00:00.000001Z\"";
    assert_eq!(rows(&asked(&world.app, one)), json!([["2020-01-01T00:00:00.000001Z", 2.5]]));
    assert_eq!(rows(&asked(&world.app, "to: \"1969-12-31T23:59:59.999998Z\"")), json!([]));
    // The newest one is what the property is now.
    let now = world.app.graphql("{ things { components { properties { value lastUpdate } } } }", json!({}));
    let expected = json!({ "value": "3", "lastUpdate": "2020-01-01T00:00:00.000002Z" });
    assert_eq!(now.field()[0]["components"][0]["properties"][1], expected);
}

#[test]
fn a_history_is_read_page_by_page_and_its_aggregate_is_of_all_pages() {
    let (world, hub, thing) = lit();
    let times: Vec<String> = (0..7).map(|minute| format!("2020-01-01T00:{minute:02}:00.000000Z")).collect();
    let values: Vec<String> = (0..7).map(|value| value.to_string()).collect();
    let past: Vec<_> = times.iter().zip(&values).map(|(at, value)| (at.as_str(), value.as_str())).collect();
    report(&hub, &thing, "level", &past);
    let fields = format!("{EDGES} aggregate {{ count sum avg max min }}");
    let page = |arguments: &str| only(&world.app.graphql(&level(arguments, &fields), json!({})));
    let (mut seen, mut after) = (Vec::new(), String::new());
    for (rows_in_it, more) in [(3, true), (3, true), (1, false)] {
        let history = page(&format!("first: 3, where: {{ value: {{ _gte: 0 }} }} {after}"));
        let edges = history["edges"].as_array().expect("edges");
        assert_eq!(edges.len(), rows_in_it);
        seen.extend(edges.iter().map(|edge| edge["node"]["value"].clone()));
        let cursor = &edges[rows_in_it - 1]["cursor"];
        let info = json!({ "hasNextPage": more, "hasPreviousPage": false, "endCursor": cursor });
        assert_eq!(history["pageInfo"], info);
        let all = json!({ "count": 7, "sum": 21.0, "avg": 3.0, "max": 6.0, "min": 0.0 });
        assert_eq!(history["aggregate"], all);
        after = format!("after: {cursor}");
    }
    assert_eq!(seen, (0..7).map(|value| json!(f64::from(value))).collect::<Vec<_>>());
    let end = page(&format!("first: 3 {after}"));
    let info = json!({ "hasNextPage": false, "hasPreviousPage": false, "endCursor": null });
    assert_eq!((&end["edges"], &end["pageInfo"]), (&json!([]), &info));
    for (last, first_value, before) in [(2, 5.0, true), (7, 0.0, false), (10_000, 0.0, false)] {
        let history = page(&format!("last: {last}"));
        assert_eq!(history["edges"][0]["node"]["value"], first_value, "last: {last}");
        assert_eq!(history["pageInfo"]["hasPreviousPage"], before, "last: {last}");
        assert_eq!(history["pageInfo"]["hasNextPage"], false);
    }
    let none = page("where: { value: { _gt: 6 } }");
    let nothing = json!({ "count": 0, "sum": null, "avg": null, "max": null, "min": null });
    assert_eq!(none["aggregate"], nothing);
}

#[test]
fn what_is_made_of_a_history_goes_with_its_type() {
    let (world, thing) = documented();
    let document = "query($thing: ID!) { things(thingConstraint: { id: $thing }) { components { properties {
        past: history(to: \"2021-01-01T00:00:00Z\") { aggregate { count sum avg max min } }
        counted: history(to: \"2021-01-01T00:00:00Z\", timeBucket: { width: \"1 week\", aggregate: COUNT }) {
            edges { node { timestamp value } } } } } } }";
    let answer = world.app.graphql(document, json!({ "thing": thing }));
    let properties = &answer.field()[0]["components"][0]["properties"];
    let on = json!({ "count": 6, "sum": 4.0, "avg": 4.0 / 6.0, "max": 1.0, "min": 0.0 });
    assert_eq!(properties[0]["past"]["aggregate"], on);
    let colour = json!({ "count": 5, "sum": null, "avg": null, "max": null, "min": null });
    assert_eq!(properties[2]["past"]["aggregate"], colour);
    let counted = json!([["2020-03-30T00:00:00.000000Z", 4.0], ["2020-04-06T00:00:00.000000Z", 2.0]]);
    assert_eq!(rows(&properties[0]["counted"]), counted);
    assert_eq!(rows(&properties[2]["counted"]), json!([["2020-03-30T00:00:00.000000Z", 5.0]]));
    for (filter, count) in [("_is: true", 4), ("_isNot: true", 2), ("_eq: false", 2), ("_gt: false", 4)] {
        let document = format!(
            "{{ things {{ components {{ properties(propertyConstraint: {{ id: \"on\" }}) {{
            history(to: \"2021-01-01T00:00:00Z\", where: {{ value: {{ {filter} }} }}) {{ aggregate {{ count }} }} }} }} }} }}"
        );
        let answer = world.app.graphql(&document, json!({}));
        assert_eq!(only(&answer)["aggregate"]["count"], count, "{filter}");
    }
}

#[test]
fn buckets_begin_where_days_and_weeks_do() {
    let (world, hub, thing) = lit();
    // 2020-03-29 is the Sunday on which Europe's clocks were changed.
    let past = [
        ("2020-03-28T23:59:59.999999Z", "1"),
        ("2020-03-29T00:00:00Z", "2"),
        ("2020-03-29T03:30:00+02:00", "4"),
        ("2020-03-29T23:59:59.999999Z", "9"),
        ("2020-03-30T00:00:00Z", "7"),
    ];
    report(&hub, &thing, "level", &past);
    let bucketed = |bucket: &str| rows(&asked(&world.app, &format!("timeBucket: {{ {bucket} }}")));
    let (saturday, sunday, monday) =
        ("2020-03-28T00:00:00.000000Z", "2020-03-29T00:00:00.000000Z", "2020-03-30T00:00:00.000000Z");
    assert_eq!(bucketed("width: \"1 day\""), json!([[saturday, 1.0], [sunday, 5.0], [monday, 7.0]]));
    let maxima = bucketed("width: \"1 day\", aggregate: MAX");
    assert_eq!(maxima, json!([[saturday, 1.0], [sunday, 9.0], [monday, 7.0]]));
    let week_before = "2020-03-23T00:00:00.000000Z";
    let sums = bucketed("width: \"1week\", aggregate: SUM");
    assert_eq!(sums, json!([[week_before, 16.0], [monday, 7.0]]));
    let american = bucketed("width: \"1 week\", offset: \"-1 day\", aggregate: COUNT");
    assert_eq!(american, json!([["2020-03-22T00:00:00.000000Z", 1.0], [sunday, 4.0]]));
    let minima = bucketed("width: \"36 hours\", aggregate: MIN");
    assert_eq!(minima, json!([["2020-03-28T12:00:00.000000Z", 1.0], [monday, 7.0]]));
    // Page by page as well, and only of what is selected.
    let history = asked(&world.app, "timeBucket: { width: \"1 day\" }, first: 1, from: \"2020-03-29T01:00:00Z\"");
    assert_eq!(rows(&history), json!([[sunday, 6.5]]));
    assert_eq!(history["pageInfo"]["hasNextPage"], true);
    let after = &history["pageInfo"]["endCursor"];
    let next = asked(&world.app, &format!("timeBucket: {{ width: \"1 day\" }}, first: 1, after: {after}"));
    assert_eq!(rows(&next), json!([[monday, 7.0]]));
    let last = asked(&world.app, "timeBucket: { width: \"1 day\" }, last: 2");
    assert_eq!(rows(&last), json!([[sunday, 5.0], [monday, 7.0]]));
    assert_eq!(last["pageInfo"]["hasPreviousPage"], true);
}

#[test]
fn buckets_of_a_time_zone_follow_its_clocks() {
    let (world, hub, thing) = lit();
    let past = [
        ("2020-03-28T22:59:59Z", "1"),
        ("2020-03-28T23:00:00Z", "2"),
        ("2020-03-29T00:59:00Z", "4"),
        ("2020-03-29T01:00:00Z", "8"),
        ("2020-03-29T21:59:59Z", "16"),
        ("2020-03-29T22:00:00Z", "32"),
        ("2020-10-25T00:30:00Z", "64"),
        ("2020-10-25T01:30:00Z", "128"),
    ];
    report(&hub, &thing, "level", &past);
    let bucketed = |bucket: &str| rows(&asked(&world.app, &format!("timeBucket: {{ aggregate: SUM, {bucket} }}")));
    let autumn = "2020-10-24T22:00:00.000000Z";
    let expected = json!([
        ["2020-03-27T23:00:00.000000Z", 1.0],
        ["2020-03-28T23:00:00.000000Z", 30.0],
        ["2020-03-29T22:00:00.000000Z", 32.0],
        [autumn, 192.0]
    ]);
    assert_eq!(bucketed("width: \"1 day\", timeZone: \"Europe/Berlin\""), expected);
    let hours = bucketed("width: \"1 hour\", timeZone: \"europe/berlin\"");
    let twice = [json!(["2020-10-25T00:00:00.000000Z", 64.0]), json!(["2020-10-25T01:00:00.000000Z", 128.0])];
    assert_eq!(hours.as_array().expect("rows")[6..], twice);
    let day = "timeBucket: { aggregate: SUM, width: \"1 day\", timeZone: \"Europe/Berlin\" }";
    let first = asked(&world.app, &format!("{day}, first: 2"));
    let next = asked(&world.app, &format!("{day}, first: 2, after: {}", first["pageInfo"]["endCursor"]));
    assert_eq!([&rows(&first)[1], &rows(&next)[0], &rows(&next)[1]], [&expected[1], &expected[2], &expected[3]]);
    assert_eq!(rows(&asked(&world.app, &format!("{day}, last: 1"))), json!([[autumn, 192.0]]));
}

#[test]
fn what_makes_no_sense_is_refused_and_named() {
    let (world, _, _) = lit();
    let refused = |arguments: &str| {
        let answer = world.app.graphql(&level(arguments, "aggregate { count }"), json!({}));
        answer.violations().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let many = format!("where: {{ value: {{ _or: [{}] }} }}", "{ _eq: 1 } ".repeat(201));
    let empty = format!("where: {{ value: {{ _or: [{}] }} }}", "{} ".repeat(2_000));
    for (arguments, path) in [
        ("timeBucket: { width: \"1 month\" }", "timeBucket.width"),
        ("timeBucket: { width: \"\" }", "timeBucket.width"),
        ("timeBucket: { width: \"0 s\" }", "timeBucket.width"),
        ("timeBucket: { width: \"1 day\", offset: \"soon\" }", "timeBucket.offset"),
        ("timeBucket: { width: \"1 day\", timeZone: \"Europe/Berlim\" }", "timeBucket.timeZone"),
        ("after: \"DRaIn0==\"", "after"),
        ("after: \"\"", "after"),
        ("first: 0", "first"),
        ("first: -1", "first"),
        ("first: 10001", "first"),
        ("last: 0", "last"),
        ("first: 1, last: 1", "last"),
        ("last: 1, after: \"eyJ0aW1lIjoiMjAyMC0wNC0wMlQwODoxMzo1NS41MTI1MDRaIn0=\"", "last"),
        ("from: \"2020-01-02T00:00:00Z\", to: \"2020-01-01T00:00:00Z\"", "from"),
        ("where: { value: { _eq: \"1\" } }", "where.value._eq"),
        ("where: { value: { _or: [{}, { _lt: true }] } }", "where.value._or[1]._lt"),
        ("where: { value: { _in: [1, \"2\"] } }", "where.value._in[1]"),
        ("where: { value: { _is: true } }", "where.value._is"),
        ("where: { value: { _like: \"1%\" } }", "where.value._like"),
        (&many, "where.value"),
        (&empty, "where.value"),
    ] {
        assert_eq!(refused(arguments), [path], "{arguments}");
    }
    let deep = (0..25).fold(json!({}), |inner, _| json!({ "_and": [inner] }));
    let document = level("where: { value: $filter }", "aggregate { count }");
    let answer = world.app.graphql(&format!("query($filter: ValueFilter) {document}"), json!({ "filter": deep }));
    assert_eq!(answer.violations(), [format!("where.value{}", "._and[0]".repeat(21))]);
    let everything = "from: \"2020-01-02T00:00:00Z\", to: \"2020-01-01T00:00:00Z\", first: 0, last: 1, after: \"x\",
        where: { value: { _gt: \"a\", _and: [{ _is: true }] } }, timeBucket: { width: \"x\", offset: \"1 year\" }";
    let paths = refused(everything);
    for path in [
        "after",
        "timeBucket.width",
        "timeBucket.offset",
        "from",
        "where.value._and[0]._is",
        "where.value._gt",
        "first",
        "last",
    ] {
        assert!(paths.iter().any(|told| told == path), "{path} in {paths:?}");
    }
    assert_eq!(paths.len(), 8, "{paths:?}");
    // What no document may say is refused before anything is read.
    for arguments in ["from: \"yesterday\"", "first: \"1\"", "where: { value: { _near: 1 } }", "timeBucket: {}"] {
        let answer = world.app.graphql(&level(arguments, "aggregate { count }"), json!({}));
        assert!(!answer.errors.is_empty() && answer.data.is_null(), "{arguments}: {answer:?}");
    }
}

#[test]
fn the_histories_of_one_answer_have_a_bound_together() {
    let (world, _, _) = lit();
    let points = "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
        INSERT INTO history (property, at, value) SELECT p.key, n.i, 0.5 FROM n, properties AS p WHERE p.id = 'level'";
    world.server.sql().execute(points, []).expect("points");
    let asked = |times: usize| {
        let histories: String = (0..times).map(|n| format!("h{n}: history {{ edges {{ cursor }} }} ")).collect();
        let property = format!("properties(propertyConstraint: {{ id: \"level\" }}) {{ {histories} }}");
        world.app.graphql(&format!("{{ things {{ components {{ {property} }} }} }}"), json!({}))
    };
    let most = asked(10);
    let edges = &most.field()[0]["components"][0]["properties"][0]["h9"]["edges"];
    assert_eq!(edges.as_array().map(Vec::len), Some(10_000));
    assert_eq!(asked(11).violations(), ["first"]);
}

#[test]
fn a_history_is_seen_by_whoever_sees_the_thing_and_by_nobody_else() {
    let world = World::new();
    let installation = world.installed();
    world.app.instantiate(&installation, Some("alice"), &[]).data();
    let thing = world.instance_hub().create_thing(&lamp());
    report(&world.instance_hub(), &thing, "level", &[("2020-01-01T00:00:00Z", "42")]);
    let document = level("", EDGES);
    let seen = |answer: Answer| answer.field().as_array().expect("things").len();
    assert_eq!(
        rows(&only(&world.app.graphql_for("alice", &document, json!({})))),
        json!([["2020-01-01T00:00:00.000000Z", 42.0]])
    );
    assert_eq!(rows(&only(&world.app.graphql(&document, json!({})))).as_array().map(Vec::len), Some(1));
    assert_eq!(seen(world.app.graphql_for("bob", &document, json!({}))), 0);
    assert_eq!(seen(world.developer.create_app().graphql(&document, json!({}))), 0);
    let stranger = Developer::stranger(&world.server);
    assert_eq!(seen(stranger.create_app().graphql(&document, json!({}))), 0);
    let by_id = document.replacen("things", &format!("things(thingConstraint: {{ id: \"{thing}\" }})"), 1);
    assert_eq!(seen(stranger.create_app().graphql(&by_id, json!({}))), 0);
    let scopeless = world.developer.service_token(&world.app.id, &["connctd.connector"]);
    let answer = crate::users::graphql(&world.server, Some(&scopeless), None, &document, json!({}));
    assert_eq!(answer.code(), "FORBIDDEN");
    assert_eq!(crate::users::graphql(&world.server, None, None, &document, json!({})).code(), "UNAUTHENTICATED");
}

#[test]
fn rows_are_the_same_however_they_are_selected() {
    let (world, hub, thing) = lit();
    report(&hub, &thing, "level", &[("2020-01-01T00:00:00Z", "1"), ("2020-01-01T00:00:01.5Z", "-2.5e3")]);
    report(&hub, &thing, "on", &[("2020-01-01T00:00:00Z", "true")]);
    report(&hub, &thing, "colour", &[("2020-01-01T00:00:00Z", "a \"quoted\" \u{1f980}\n")]);
    let histories = |selection: &str, rest: &str| {
        let document = format!(
            "query($yes: Boolean = true) {{ things {{ id @include(if: $yes) components {{ properties {{
                history(to: \"2020-01-02T00:00:00Z\") {{ {selection} }} }} }} }} }} {rest}"
        );
        world.app.graphql(&document, json!({})).field()[0]["components"][0]["properties"].clone()
    };
    let plain = "edges { node { v: value __typename timestamp } c: cursor __typename }";
    let straight = histories(plain, "");
    let row = json!({
        "node": { "v": -2500.0, "__typename": "PropertyHistoryNode", "timestamp": "2020-01-01T00:00:01.500000Z" },
        "c": "eyJ0aW1lIjoiMjAyMC0wMS0wMVQwMDowMDowMS41MDAwMDBaIn0=",
        "__typename": "PropertyHistoryEdge",
    });
    assert_eq!(straight[1]["history"]["edges"][1], row);
    assert_eq!(straight[2]["history"]["edges"][0]["node"]["v"], "a \"quoted\" \u{1f980}\n");
    for (selection, rest) in [
        ("edges { node { v: value __typename timestamp } c: cursor __typename } # edges\n", ""),
        ("edges { node { v: value } node { __typename timestamp } c: cursor __typename }", ""),
        ("edges { node { v: value } c: cursor } edges { node { __typename timestamp } __typename }", ""),
        ("edges { ... { node { v: value __typename timestamp } } c: cursor __typename }", ""),
        (
            "edges { node @include(if: $yes) { v: value __typename timestamp @skip(if: false) } c: cursor __typename }",
            "",
        ),
        (
            "...F ...F",
            "fragment F on PropertyHistory { edges { ...E __typename } }
            fragment E on PropertyHistoryEdge { node { v: value __typename timestamp } c: cursor }",
        ),
    ] {
        assert_eq!(histories(selection, rest), straight, "{selection}");
    }
}

#[test]
fn patterns_see_all_of_a_text_and_tell_case() {
    let (world, hub, thing) = lit();
    let texts = ["a", "A", "a\0b", "a%", "a*", "ä"];
    for (second, text) in texts.iter().enumerate() {
        report(&hub, &thing, "colour", &[(&format!("2020-01-01T00:00:0{second}Z"), text)]);
    }
    let document = "query($like: String) { things { components { properties(propertyConstraint: { id: \"colour\" }) {
        history(to: \"2021-01-01T00:00:00Z\", where: { value: { _like: $like } }) { edges { node { value } } } } } } }";
    for (pattern, expected) in [
        ("a", vec!["a"]),
        ("_", vec!["a", "A", "ä"]),
        ("a%b", vec!["a\0b"]),
        ("a_", vec!["a%", "a*"]),
        (r"a\%", vec!["a%"]),
        ("a*", vec!["a*"]),
        ("%", texts.to_vec()),
    ] {
        let history = only(&world.app.graphql(document, json!({ "like": pattern })));
        let edges = history["edges"].as_array().expect("edges");
        let values: Vec<_> = edges.iter().map(|edge| edge["node"]["value"].as_str().expect("a text")).collect();
        assert_eq!(values, expected, "{pattern:?}");
    }
}
