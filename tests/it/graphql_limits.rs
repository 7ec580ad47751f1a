//! What GraphQL documents may cost: hostile ones are refused at once with a sentence that tells the
//! limit, and what honest clients ask passes with much room.

use crate::harness::{Server, node};
use crate::http::Request;
use crate::users::{GRAPHQL, World, graphql, lamp};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// Ten times what the worst document below takes on a slow machine, in a build without optimisation.
const SOON: Duration = Duration::from_secs(10);

fn repeated(times: usize, part: impl Fn(usize) -> String) -> String {
    (0..times).fold(String::new(), |mut text, index| {
        write!(text, "{} ", part(index)).expect("a text");
        text
    })
}

fn nested(times: usize, open: &str, inner: &str, close: &str) -> String {
    format!("{}{inner}{}", open.repeat(times), close.repeat(times))
}

/// What is wrong with how a document was refused, if anything: late, at length, or without the word.
fn complaint(server: &Server, name: &str, (document, variables): (&str, &Value), word: &str) -> Option<String> {
    let started = Instant::now();
    let request = Request::post(GRAPHQL).json(&json!({ "query": document, "variables": variables }));
    let answer = server.send(&request);
    let took = started.elapsed();
    println!("{name}: {took:?}");
    let body = answer.json();
    let errors = body["errors"].as_array().cloned().unwrap_or_default();
    let coded = errors.iter().all(|error| error["extensions"]["code"] == "BAD_USER_INPUT");
    let few = (1..=101).contains(&errors.len()) && answer.text().len() < 256 * 1024;
    let told = errors.iter().any(|error| error["message"].as_str().is_some_and(|message| message.contains(word)));
    if took < SOON && coded && few && told && body.get("data").is_none() {
        return None;
    }
    let beginning: String = answer.text().chars().take(400).collect();
    Some(format!("{name}: {took:?}, {} errors in {} bytes: {beginning}", errors.len(), answer.text().len()))
}

/// A document's name, its text, and a word of what is said to it.
type Hostile = (&'static str, String, &'static str);

fn long_or_deep() -> Vec<Hostile> {
    let root = |times| format!("{{ {} }}", repeated(times, |n| format!("a{n}: __typename")));
    let first = |value: String| format!("{{ things(first: {value}) {{ id }} }}");
    let lists =
        "{ connectorInstallations(appId: 1) { instances { things { components { properties { id name } } } } } }";
    vec![
        ("opening braces", "{".repeat(200 * 1024), "--graphql-tokens"),
        ("nested selections", nested(3_000, "{a", "", "}"), "levels"),
        ("50,000 aliases", root(50_000), "--graphql-tokens"),
        ("1,900 aliases", root(1_900), "--graphql-root-fields"),
        ("3,000 aliases", root(3_000), "fields"),
        ("a list within lists", first(nested(4_900, "[", "1", "]")), "levels"),
        ("an object within objects", format!("{{ a(b: {}) }}", nested(2_000, "{a:", "1", "}")), "levels"),
        ("a type of lists", format!("query($a: {}) {{ a }}", nested(4_900, "[", "Int", "]")), "levels"),
        ("a text of a MiB", first(format!("\"{}\"", "x".repeat(900_000))), "…"),
        ("a block of quotes", first(format!("\"\"\"{}\"\"\"", "\\\"\"\" ".repeat(100_000))), "…"),
        ("a MiB of blanks", " ".repeat(1_000_000), "Unexpected"),
        ("a MiB of comments", "#\n".repeat(300_000), "Unexpected"),
        ("a long number", first("9".repeat(900_000)), "…"),
        ("lists within lists within lists", lists.replace("name", "name value"), "--graphql-cost"),
        (
            "introspection within introspection",
            format!("{{ __schema {{ types {{ {} }} }} }}", nested(10, "fields { type {", "name", "} }")),
            "--graphql-cost",
        ),
    ]
}

fn with_fragments() -> Vec<Hostile> {
    let ring = "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }";
    let chain = |times: usize, spreads: &str| {
        let body = |n: usize| spreads.replace('#', &(n + 1).to_string());
        let fragments = repeated(times, |n| format!("fragment f{n} on Query {{ {} }}", body(n)));
        format!("{{ ...f0 }} {fragments} fragment f{times} on Query {{ __typename }}")
    };
    let all = {
        let later = |n: usize| repeated(60 - n, |m| format!("...f{}", n + m + 1));
        let fragments = repeated(60, |n| format!("fragment f{n} on Query {{ {} }}", later(n)));
        format!("{{ ...f0 }} {fragments} fragment f60 on Query {{ __typename }}")
    };
    let unused = repeated(90, |n| format!("fragment f{n} on About {{ {} }}", "version ".repeat(100)));
    vec![
        ("a fragment that spreads itself", "{ ...f } fragment f on Query { ...f ...f }".to_owned(), "spread"),
        ("fragments in a ring", ring.to_owned(), "spread"),
        ("fragments that double 30 times", chain(30, "...f# ...f#"), "fields"),
        ("fragments in a chain of 300", chain(300, "...f#"), "levels"),
        ("fragments that all spread all", all, "levels"),
        ("the same fields in unused fragments", format!("{unused} {{ about {{ version }} }}"), "never used"),
    ]
}

fn wearisome() -> Vec<Hostile> {
    let variables = |times| repeated(times, |n| format!("$v{n}: Int"));
    let uses = repeated(1_500, |n| format!("a{n}: things(first: $v{n}) {{ id }}"));
    vec![
        ("the same field 3,000 times", format!("{{ about {{ {} }} }}", "version ".repeat(3_000)), "fields"),
        ("the same object 950 times", format!("{{ {} }}", "about { version } ".repeat(950)), "overlapping"),
        ("2,000 variables", format!("query({}) {{ __typename }}", variables(2_000)), "not used"),
        ("unknown variables under a long name", format!("query {} {{ {uses} }}", "n".repeat(500_000)), "longer than"),
        ("1,600 directives", format!("{{ __typename {} }}", "@skip(if: false) ".repeat(1_600)), "--graphql-tokens"),
        ("unknown directives", format!("{{ __typename {} }}", "@x ".repeat(4_000)), "more errors"),
        ("unknown fields", format!("{{ {} }}", repeated(1_990, |n| format!("a{n}"))), "more errors"),
        ("arguments again and again", format!("{{ things({}) {{ id }} }}", "first: 1 ".repeat(3_000)), "first"),
        ("1,900 operations", repeated(1_900, |n| format!("query q{n} {{ a }}")), "more errors"),
        ("1,900 operations of one name", "query q { __typename } ".repeat(1_900), "more errors"),
    ]
}

#[test]
fn documents_that_cost_more_than_they_say_are_refused_soon_with_a_sentence() {
    let server = Server::start();
    let documents = [long_or_deep(), with_fragments(), wearisome()].concat();
    let complaints =
        documents.iter().filter_map(|(name, document, word)| complaint(&server, name, (document, &json!({})), word));
    assert_eq!(complaints.collect::<Vec<_>>(), Vec::<String>::new());
    server.send(&Request::post(GRAPHQL).json(&json!({ "query": "{ __typename }" }))).expect(200);
}

#[test]
fn variables_that_are_too_many_or_nest_too_deeply_are_refused_soon() {
    let server = Server::start();
    let document = "query($filter: HistoryFilter, $n: Int) { things(first: $n) { components { properties {
        history(where: $filter) { edges { cursor } } } } } }";
    let unknown: Value = (0..9_000).map(|n| (format!("x{n}"), json!(0))).collect::<serde_json::Map<_, _>>().into();
    let deep = |times, inner: Value| (0..times).fold(inner, |inner, _| json!({ "_and": [inner] }));
    let complaints = [
        ("values", json!({ "n": 1, "filter": { "value": { "_in": vec![1; 100_000] } } }), "--graphql-tokens"),
        ("values that nobody asked for", json!({ "n": 1, "x": vec![vec![0; 10]; 10_000] }), "--graphql-tokens"),
        ("depth", json!({ "n": 1, "filter": { "value": deep(40, json!({})) } }), "levels"),
        ("unknown members, deeply", json!({ "n": 1, "filter": { "value": deep(28, unknown) } }), "Unknown field"),
        ("a page", json!({ "n": 1_000 }), "--graphql-cost"),
    ]
    .into_iter()
    .filter_map(|(name, variables, word)| {
        let wide = document
            .replace("edges { cursor }", &format!("edges {{ {} }}", repeated(300, |n| format!("a{n}: cursor"))));
        complaint(&server, name, (if name == "a page" { &wide } else { document }, &variables), word)
    });
    assert_eq!(complaints.collect::<Vec<_>>(), Vec::<String>::new());
    // serde_json's own bound, far below what a stack holds.
    let body = format!(r#"{{"query": "{{ __typename }}", "variables": {{"v": {}}}}}"#, nested(100_000, "[", "", "]"));
    server.send(&Request::post(GRAPHQL).header("Content-Type", "application/json").body(body)).expect(400);
}

#[test]
fn a_list_of_requests_in_one_body_is_refused() {
    let server = Server::start();
    let one = json!({ "query": "{ __typename }" });
    let answer = server.send(&Request::post(GRAPHQL).json(&json!([one, one]))).expect(400);
    assert!(answer.text().contains("a list"), "{}", answer.text());
}

#[test]
fn the_error_tells_the_estimate_and_the_operator_can_allow_more() {
    let world = World::with(&["--graphql-cost", "10000", "--graphql-root-fields", "2", "--graphql-tokens", "100"]);
    let ask = |document: &str| graphql(&world.server, Some(&world.app.token), None, document, json!({}));
    let page =
        "{ things(first: 1000) { id name manufacturer status displayType components { id name componentType } } }";
    let dear = ask(page);
    assert_eq!((dear.status, dear.code()), (200, "BAD_USER_INPUT"));
    for word in ["about 15001 values", "10000 are allowed", "`first`", "--graphql-cost"] {
        assert!(dear.message().contains(word), "{word}: {}", dear.message());
    }
    ask(&page.replace("1000", "600")).data();
    let three = "{ a: __typename b: __typename c: __typename }";
    assert!(ask(three).message().contains("3 fields at its root, and 2 are allowed"), "{:?}", ask(three));
    let long = format!("{{ things(first: 1) {{ {} }} }}", "id ".repeat(100));
    assert!(ask(&long).message().contains("more than 100 tokens"));
    world.server.restart_with(&[]);
    for document in [page, three, &long] {
        ask(document).data();
    }
}

#[test]
fn what_is_found_counts_too_where_lists_are_longer_than_estimated() {
    let world = World::with(&["--graphql-cost", "10000"]);
    let hub = world.instantiated().hub;
    let mut thing = lamp();
    let property = thing["components"][0]["properties"][2].clone();
    let many = (0..300).map(|n| {
        let mut one = property.clone();
        one["id"] = format!("p{n}").into();
        one
    });
    thing["components"][0]["properties"] = many.collect();
    hub.create_thing(&thing);
    let fields = repeated(40, |n| format!("a{n}: name"));
    let document = format!("{{ things(first: 10) {{ components {{ properties {{ {fields} }} }} }} }}");
    let refused = graphql(&world.server, Some(&world.app.token), None, &document, json!({}));
    assert_eq!(refused.violations(), ["first"]);
    assert!(refused.error().to_string().contains("--graphql-cost"), "{refused:?}");
    let fewer =
        document.replace("a39: name", "").replace("a38: name", "").replace(&repeated(8, |n| format!("a{n}: name")), "");
    graphql(&world.server, Some(&world.app.token), None, &fewer, json!({})).data();
}

#[test]
fn a_query_that_takes_too_long_is_ended_and_others_go_on() {
    let world = World::with(&["--query-time", "500ms"]);
    world.instantiated().hub.create_thing(&lamp());
    let points = "INSERT INTO history (property, at, value) WITH RECURSIVE n(i) AS
        (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        SELECT (SELECT key FROM properties WHERE id = 'colour'), i * 1000000, printf('%.*c', 2000, 'a') FROM n";
    world.server.sql().execute(points, []).expect("points");
    // Each `a` of a value is tried as the pattern's beginning.
    let pattern = format!("%_{}b", "a".repeat(900));
    let document = "query($like: String) { things { components { properties(propertyConstraint: {id: \"colour\"}) {
        history(where: {value: {_like: $like}}) { aggregate { count } } } } } }";
    let started = Instant::now();
    let ended = world.app.graphql(document, json!({ "like": pattern }));
    assert!(started.elapsed() < SOON * 3, "{:?}", started.elapsed());
    assert_eq!(ended.violations(), ["query"]);
    assert!(ended.error().to_string().contains("--query-time"), "{ended:?}");
    // The connection that it was read with serves others.
    for _ in 0..10 {
        world.app.graphql("{ things { id } }", json!({})).data();
    }
}

#[test]
fn what_honest_clients_ask_passes_with_a_quarter_of_the_limits() {
    let flags = ["--graphql-cost", "500000", "--graphql-root-fields", "25", "--graphql-tokens", "2500"];
    let server = Server::with(&flags);
    let printed: Value = serde_json::from_str(&node("explorer-documents.mjs", &[])).expect("JSON");
    let mut documents: Vec<(String, String)> = printed
        .as_array()
        .expect("a list")
        .iter()
        .map(|example| {
            let text = |key: &str| example[key].as_str().expect("a text").to_owned();
            (text("id"), text("document"))
        })
        .collect();
    let introspection = include_str!("limits/introspection.graphql");
    documents.push(("introspection".to_owned(), introspection.to_owned()));
    assert!(documents.len() > 20, "{}", documents.len());
    for (name, document) in documents {
        let answer = graphql(&server, None, None, &document, json!({}));
        let told = answer.errors.iter().any(|error| error["message"].to_string().contains("--graphql-"));
        assert!(!told, "{name}: {answer:?}");
    }
    graphql(&server, None, None, introspection, json!({})).data();
}
