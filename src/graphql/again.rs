//! A subscription whose only field is written more than once: fields of the same name merge (GraphQL, "Field Selection
//! Merging"). juniper would keep the first alone, since what it has of a subscription's field is a stream. So the others
//! get names of their own before juniper sees them, and what is told of all of them is put together.
//!
//! May use juniper's parser. Used by `document` and `live`.

use crate::graphql::Schema;
use crate::graphql::scalars::Scalar;
use juniper::parser::{Spanning, parse_document_source};
use juniper::{Definition, Object, OperationType, Selection, Value};
use std::collections::HashMap;

/// What the names begin with: no other name may begin so, since GraphQL keeps it for itself.
const PREFIX: &str = "__again_";

/// A field that is written more than once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// Its name in the response.
    pub name: String,
    /// The document with a name of its own for each place but the first.
    pub document: String,
}

/// The places of an operation's root fields.
struct Places<'d, 'a> {
    fragments: HashMap<&'a str, &'d [Selection<'a, Scalar>]>,
    /// The name in the response, where it begins in the document, and whether it is an alias.
    fields: Vec<(&'a str, usize, bool)>,
}

impl<'a> Places<'_, 'a> {
    /// Adds those of a selection; `None` if that depends on variables.
    fn add(&mut self, selections: &[Selection<'a, Scalar>]) -> Option<()> {
        for selection in selections {
            match selection {
                Selection::Field(Spanning { item: field, .. }) => {
                    let name = field.alias.as_ref().unwrap_or(&field.name);
                    self.fields.push((name.item, name.span.start.index(), field.alias.is_some()));
                    field.directives.is_none().then_some(())?;
                }
                Selection::InlineFragment(Spanning { item: fragment, .. }) => {
                    fragment.directives.is_none().then_some(())?;
                    self.add(&fragment.selection_set)?;
                }
                Selection::FragmentSpread(Spanning { item: spread, .. }) => {
                    spread.directives.is_none().then_some(())?;
                    let fragment = *self.fragments.get(spread.name.item)?;
                    self.add(fragment)?;
                }
            }
        }
        Some(())
    }
}

impl Again {
    /// Looks for it in a document that was found valid. Directives at the root are left to juniper.
    pub fn find(schema: &Schema, document: &str, operation_name: Option<&str>) -> Option<Self> {
        if !document.contains("subscription") {
            return None;
        }
        let definitions = parse_document_source(document, &schema.schema).ok()?;
        let mut fragments = HashMap::new();
        let mut operation = None;
        for definition in &definitions {
            match definition {
                Definition::Fragment(Spanning { item, .. }) => {
                    fragments.insert(item.name.item, &*item.selection_set);
                }
                Definition::Operation(Spanning { item, .. }) => {
                    let name = item.name.as_ref().map(|name| name.item);
                    if operation_name.is_none() || name == operation_name {
                        operation = Some(item);
                    }
                }
            }
        }
        let operation = operation.filter(|operation| operation.operation_type == OperationType::Subscription)?;
        let mut places = Places { fragments, fields: Vec::new() };
        places.add(&operation.selection_set)?;
        let mut fields = places.fields;
        let name = fields.first()?.0;
        if fields.len() < 2 || fields.iter().any(|(other, ..)| *other != name) {
            return None;
        }
        // A fragment may be spread twice.
        fields.sort_unstable_by_key(|(_, at, _)| *at);
        fields.dedup();
        // juniper counts characters.
        let bytes: Vec<usize> = document.char_indices().map(|(at, _)| at).collect();
        let mut text = document.to_owned();
        for (number, (_, at, is_alias)) in fields.iter().enumerate().skip(1).rev() {
            let start = *bytes.get(*at)?;
            let end = if *is_alias { start + name.len() } else { start };
            let separator = if *is_alias { "" } else { ":" };
            text.replace_range(start..end, &format!("{PREFIX}{number}{separator}"));
        }
        Some(Self { name: name.to_owned(), document: text })
    }
}

/// Puts what a field was resolved to in one place together with what it was in another.
pub fn merge(into: &mut Value<Scalar>, other: Value<Scalar>) {
    match (into, other) {
        (Value::Object(into), Value::Object(other)) => merge_objects(into, other),
        (Value::List(into), Value::List(other)) => {
            into.iter_mut().zip(other).for_each(|(into, other)| merge(into, other));
        }
        // The same field with the same arguments.
        _ => {}
    }
}

fn merge_objects(into: &mut Object<Scalar>, other: Object<Scalar>) {
    for (name, value) in other {
        match into.get_mut_field_value(&name) {
            Some(known) => merge(known, value),
            None => {
                into.add_field(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::SCHEMA;

    fn found(document: &str) -> Option<(String, String)> {
        Again::find(&SCHEMA, document, None).map(|again| (again.name, again.document))
    }

    #[test]
    fn each_place_but_the_first_gets_a_name_of_its_own() {
        let some = |name: &str, document: &str| Some((name.to_owned(), document.to_owned()));
        assert_eq!(
            found("subscription { callbackLogged { id } callbackLogged { kind } }"),
            some("callbackLogged", "subscription { callbackLogged { id } __again_1:callbackLogged { kind } }")
        );
        assert_eq!(
            found(
                "subscription { a: callbackLogged { id } ... { a: callbackLogged { kind } } a : callbackLogged { id } }"
            ),
            some(
                "a",
                "subscription { a: callbackLogged { id } ... { __again_1: callbackLogged { kind } } \
                 __again_2 : callbackLogged { id } }"
            )
        );
        let emojis = "😀".repeat(101);
        for before in ["# ü\n", "# 😀😀😀\n", &format!("# {emojis}\n")] {
            assert_eq!(
                found(&format!(
                    "{before}subscription {{ a: callbackLogged {{ id }} # ä\n a: callbackLogged {{ kind }} }}"
                )),
                some(
                    "a",
                    &format!(
                        "{before}subscription {{ a: callbackLogged {{ id }} # ä\n __again_1: callbackLogged {{ kind }} }}"
                    )
                )
            );
        }
        let spread = "subscription { ...f ...f } fragment f on Subscription { callbackLogged { id } }";
        assert_eq!(found(spread), some("callbackLogged", spread));
    }

    #[test]
    fn what_does_not_merge_is_left_alone() {
        for document in [
            "subscription { callbackLogged { id } }",
            "subscription { a: callbackLogged { id } b: callbackLogged { id } }",
            "subscription($x: Boolean!) { callbackLogged { id } callbackLogged @skip(if: $x) { kind } }",
            "{ apps { id } apps { name } }",
            "subscription {",
        ] {
            assert_eq!(found(document), None, "{document}");
        }
    }
}
