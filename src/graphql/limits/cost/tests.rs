//! Estimates: what is documented passes with room to spare, what multiplies does not.

use super::*;
use crate::graphql::COST_MAX;
use crate::graphql::SCHEMA;
use std::path::Path;

fn cost(document: &str) -> Cost {
    juniper::ValidatedOperation::new(document, None, &*SCHEMA).expect("a valid document");
    Cost::of(&SCHEMA, document, None)
}

fn values(document: &str, variables: &[(&str, i32)]) -> u64 {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), InputValue::scalar(*value))).collect();
    cost(document).values(&variables)
}

#[test]
fn fields_count_once_for_each_row() {
    assert_eq!(values("{ about { version } }", &[]), 2);
    assert_eq!(values("{ things(first: 10) { id name } }", &[]), 1 + 10 * 2);
    assert_eq!(values("{ things { id } }", &[]), 1 + 1_000);
    assert_eq!(
        values("{ things(first: 10) { components { id properties { id } } } }", &[]),
        1 + 10 * (1 + 3 * (2 + 4))
    );
    assert_eq!(values("{ a: things(first: 1) { id } b: things(first: 2) { id } }", &[]), 5);
    assert_eq!(values("mutation { removeInstance(instanceId: 1) { id } }", &[]), 2);
}

#[test]
fn variables_and_their_defaults_count_where_they_stand_for_a_page() {
    let document =
        "query ($n: Int = 7, $m: Int) { things(first: $n) { id } connectorInstantiations(first: $m) { id } }";
    assert_eq!(values(document, &[("m", 5)]), 2 + 7 + 5);
    assert_eq!(values(document, &[("n", 1), ("m", 5)]), 2 + 1 + 5);
    assert_eq!(values(document, &[]), 2 + 7 + 1_000);
    // What no page can be is refused later.
    assert_eq!(values(document, &[("n", -1), ("m", i32::MAX)]), 2 + 1_000);
    let nested = "query ($n: Int) { connectorInstallations(appId: 1) { instances(first: $n) { id state } } }";
    assert_eq!(values(nested, &[("n", 3)]), 1 + 50 * (1 + 3 * 2));
}

#[test]
fn fragments_count_wherever_they_are_spread() {
    let document = "{ a: things(first: 2) { ...f } b: things(first: 3) { ... on Thing { ...f } ... { id } } }
        fragment f on Thing { components { ...g } } fragment g on ThingComponent { id name }";
    assert_eq!(values(document, &[]), 2 + 2 * (1 + 3 * 2) + 3 * (1 + 3 * 2 + 1));
    assert_eq!(cost(document).width(), 2);
}

#[test]
fn what_the_readme_says_of_estimates_is_so() {
    assert_eq!(values("{ things(first: 100) { id components { id properties { id value } } } }", &[]), 3_201);
    assert_eq!(values(include_str!("../../../../tests/it/seed/things.graphql"), &[]), 160_001);
}

#[test]
fn introspection_passes_and_a_bomb_of_it_does_not() {
    let tools = include_str!("../../../../tests/it/limits/introspection.graphql");
    assert!(values(tools, &[]) * 4 < COST_MAX.into(), "{}", values(tools, &[]));
    let bomb = |depth| {
        let inner = (0..depth).fold("name".to_owned(), |inner, _| format!("fields {{ type {{ {inner} }} }}"));
        values(&format!("{{ __schema {{ types {{ {inner} }} }} }}"), &[])
    };
    assert!(bomb(10) > COST_MAX.into(), "{}", bomb(10));
}

#[test]
fn what_multiplies_is_too_much() {
    let lists =
        "{ connectorInstallations(appId: 1) { instances { things { components { properties { id name } } } } } }";
    assert!(cost(lists).check(&Variables::new(), &Limits::default()).is_err_and(|why| why.contains("--graphql-cost")));
}

#[test]
fn what_the_platform_documents_is_a_fraction_of_what_is_allowed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for folder in ["tests/it/seed", "tests/node/documents"] {
        for entry in std::fs::read_dir(root.join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            let text = std::fs::read_to_string(&path).expect("a text");
            if juniper::ValidatedOperation::new(&text, None, &*SCHEMA).is_err() {
                // It holds placeholders that tests fill in.
                continue;
            }
            let values = values(&text, &[]);
            assert!(values * 4 <= COST_MAX.into(), "{}: {values}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn every_list_of_objects_has_pages_or_a_usual_length() {
    let mut without = Vec::new();
    for meta in SCHEMA.schema.concrete_type_list() {
        let MetaType::Object(object) = meta else { continue };
        if object.name.starts_with("__") {
            continue;
        }
        for field in object.fields.iter().filter(|field| is_list(&SCHEMA.schema, field)) {
            let inner = SCHEMA.schema.concrete_type_by_name(field.field_type.innermost_name());
            let is_paged = field.arguments.iter().flatten().any(|argument| argument.name == "first");
            let is_known = USUAL_ROWS.iter().any(|(of, name, _)| *of == object.name && *name == field.name);
            if inner.is_some_and(MetaType::is_composite) && !is_paged && !is_known {
                without.push(format!("{}.{}", object.name, field.name));
            }
        }
    }
    assert_eq!(without, Vec::<String>::new());
}
