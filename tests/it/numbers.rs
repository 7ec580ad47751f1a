//! Numbers in GraphQL documents and variables: beyond 32 bits, beyond what floating-point numbers hold exactly, and
//! beyond what they hold at all.

use crate::users::{Answer, World, lamp};
use serde_json::{Value, json};

/// Values of the lamp's level, in the order in which they are reported.
const LEVELS: [&str; 6] = ["-3000000001", "7", "2147483648", "3000000000", "9007199254740992", "1e300"];

struct Levels {
    world: World,
}

impl Levels {
    fn new() -> Self {
        let world = World::new();
        let hub = world.instantiated().hub;
        let thing = hub.create_thing(&lamp());
        for (second, value) in LEVELS.iter().enumerate() {
            let body = json!({ "value": value, "lastUpdate": format!("2026-01-02T03:04:{second:02}Z") });
            hub.update(&thing, "level", &body).expect(204);
        }
        Self { world }
    }

    fn ask(&self, declared: &str, filter: &str, variables: Value) -> Answer {
        let document = format!(
            "query {declared} {{ things {{ components {{ properties(propertyConstraint: {{ id: \"level\" }}) {{
                history(where: {{ value: {filter} }}) {{ edges {{ node {{ value }} }} }} }} }} }} }}"
        );
        self.world.app.graphql(&document, variables)
    }

    /// Which of the values a filter lets through, as numbers.
    #[track_caller]
    fn like(&self, declared: &str, filter: &str, variables: Value) -> Vec<f64> {
        let answer = self.ask(declared, filter, variables);
        let edges = &answer.field()[0]["components"][0]["properties"][0]["history"]["edges"];
        let values = edges.as_array().unwrap_or_else(|| panic!("{filter}: {answer:?}")).iter();
        values.map(|edge| edge["node"]["value"].as_f64().expect("a number")).collect()
    }
}

#[test]
fn histories_are_filtered_by_numbers_of_any_size() {
    let levels = Levels::new();
    let all: Vec<f64> = LEVELS.iter().map(|level| level.parse().expect("a number")).collect();
    for (filter, wanted) in [
        ("{ _gt: 3000000000 }", &all[4..]),
        ("{ _gte: 3000000000 }", &all[3..]),
        ("{ _eq: 2147483648 }", &all[2..3]),
        ("{ _eq: -3000000001 }", &all[..1]),
        ("{ _lt: -2147483649 }", &all[..1]),
        ("{ _in: [3000000000, 7, -3000000001] }", &[all[0], all[1], all[3]]),
        ("{ _in: 3000000000 }", &all[3..4]),
        ("{ _eq: 9007199254740992 }", &all[4..5]),
        ("{ _gt: 99999999999999999999 }", &all[5..]),
        ("{ _eq: 1e300 }", &all[5..]),
        ("{ _gt: 3.0E9, _lt: 1.5e16 }", &all[4..5]),
        ("{ _and: [{ _gt: 3000000000 }, { _lt: 10000000000000000000000 }] }", &all[4..5]),
    ] {
        assert_eq!(levels.like("", filter, json!({})), wanted, "{filter}");
        // The same number as a variable, and as its default.
        if let Some(number) = filter.strip_prefix("{ _gt: ").and_then(|rest| rest.strip_suffix(" }"))
            && let Ok(value) = serde_json::from_str::<Value>(number)
        {
            let declared = "($v: HistoricComponentPropertyValue)";
            assert_eq!(levels.like(declared, "{ _gt: $v }", json!({ "v": value })), wanted, "{number}");
            let declared = format!("($v: HistoricComponentPropertyValue = {number})");
            assert_eq!(levels.like(&declared, "{ _gt: $v }", json!({})), wanted, "{number}");
        }
    }
    let declared = "($f: ValueFilter = { _in: [3000000000, 2147483648] })";
    assert_eq!(levels.like(declared, "$f", json!({})), &all[2..4]);
    let declared = "($l: [HistoricComponentPropertyValue!])";
    assert_eq!(
        levels.like(declared, "{ _in: $l }", json!({ "l": [3_000_000_000_u64, -3_000_000_001_i64] })),
        [all[0], all[3]]
    );
}

#[test]
fn what_is_no_number_of_64_bits_is_refused_with_words() {
    let levels = Levels::new();
    let digits = "9".repeat(400);
    for number in ["1e400", "-1e400", &digits] {
        for filter in [format!("{{ _gt: {number} }}"), format!("{{ _in: [7, {number}] }}")] {
            let refused = levels.ask("", &filter, json!({}));
            assert!(refused.code() == "BAD_USER_INPUT" && refused.message().contains(number), "{refused:?}");
        }
    }
    let variable: Value = serde_json::from_str(&format!("\"{digits}\"")).expect("a text");
    let as_text = levels.ask("($v: HistoricComponentPropertyValue)", "{ _gt: $v }", json!({ "v": variable }));
    assert_eq!(as_text.violations(), ["where.value._gt"], "a text is no number");
}

#[test]
fn an_id_is_an_integer_of_any_length() {
    let world = World::new();
    let find = |document: &str, variables: Value| world.app.graphql(document, variables);
    let literal = |id: &str| find(&format!("{{ things(thingConstraint: {{ id: {id} }}) {{ id }} }}"), json!({}));
    let document = "query($id: ID) { things(thingConstraint: { id: $id }) { id } }";
    for id in ["7", "-1", "2147483648", "-2147483649", "9007199254740993", "18446744073709551615"] {
        assert_eq!(*literal(id).field(), json!([]), "{id}");
        let variable: Value = serde_json::from_str(id).expect("a number");
        assert_eq!(*find(document, json!({ "id": variable })).field(), json!([]), "{id}");
        let by_default = document.replace("ID)", &format!("ID = {id})"));
        assert_eq!(*find(&by_default, json!({})).field(), json!([]), "{id}");
    }
    // All of its digits arrive.
    let long = "123456789012345678901234567890";
    assert_eq!(*literal(long).field(), json!([]));
    let cancel = |id: &str| find(&format!("mutation {{ cancelActionRequest(id: {id}) {{ id }} }}"), json!({}));
    for id in [long, "2147483648", "9007199254740993"] {
        let refused = cancel(id);
        assert!(refused.code() == "NOT_FOUND" && refused.message().contains(id), "{refused:?}");
    }
    // Of a variable beyond 64 bits digits are lost, so it would name another.
    let too_large = find("{ things(thingConstraint: { id: 1e400 }) { id } }", json!({}));
    assert!(too_large.message().contains("1e400"), "{too_large:?}");
    for id in [json!(1.5), json!(1e25), serde_json::from_str(long).expect("a number")] {
        let refused = find(document, json!({ "id": id }));
        assert!(refused.message().contains("quotes"), "{id}: {refused:?}");
    }
}

#[test]
fn an_int_beyond_32_bits_is_refused_with_words() {
    let world = World::new();
    for first in ["2147483648", "-2147483649", "99999999999999999999"] {
        let refused = world.app.graphql(&format!("{{ things(first: {first}) {{ id }} }}"), json!({}));
        assert_eq!(refused.code(), "BAD_USER_INPUT");
        assert!(refused.message().contains(first) && refused.message().contains("2147483647"), "{refused:?}");
        assert_eq!(refused.error()["locations"], json!([{ "line": 1, "column": 17 }]));
        let variable: Value = serde_json::from_str(first).expect("a number");
        let refused = world.app.graphql("query($n: Int) { things(first: $n) { id } }", json!({ "n": variable }));
        assert!(refused.code() == "BAD_USER_INPUT" && refused.message().contains("$n"), "{refused:?}");
    }
    let refused = world.app.graphql("{ things(thingConstraint: { name: 3000000000 }) { id } }", json!({}));
    assert!(refused.message().contains("quotes"), "{refused:?}");
}
