//! Arguments of mutations that narrow down what is changed. One that comes to nothing, since a program
//! had no value for it, would leave the mutation to change everything: that is an error.
//!
//! To juniper an argument that is null, or a variable without a value, is like one that is absent, so this looks
//! at what the document says.

use crate::graphql::context::Context;
use crate::graphql::error::Answered;
use crate::graphql::scalars::Scalar;
use crate::model::error::Violations;
use juniper::{Executor, LookAheadValue};

/// The arguments that select things, or what of them is asked to act.
const CONSTRAINTS: [&str; 8] = [
    "thingConstraints",
    "thingConstraint",
    "thingAttributeConstraint",
    "thingComponentConstraint",
    "componentPropertyConstraint",
    "componentActionConstraint",
    "componentSelector",
    "actionSelector",
];
/// The one that must be given and so is the only way to say "all", as an empty object.
const REQUIRED: &str = "thingConstraints";

/// Checks that every constraint that is given says something, and everything in it.
///
/// # Errors
/// A violation for each null and each empty object or list.
pub fn check_constraints<'a>(executor: &'a Executor<'a, 'a, Context, Scalar>) -> Answered<()> {
    let mut violations = Violations::default();
    let arguments = executor.look_ahead().arguments();
    for argument in arguments.filter(|argument| CONSTRAINTS.contains(&argument.name())) {
        let (name, value) = (argument.name(), argument.value());
        let is_empty = matches!(&value, LookAheadValue::Object(members) if members.iter().next().is_none());
        if !(name == REQUIRED && is_empty) {
            check_value(value, name, &mut violations);
        }
    }
    Ok(violations.into_result(())?)
}

/// Whether nothing is to be changed. Left out it is false; null might have been meant for either.
///
/// # Errors
/// A violation for null.
pub fn dry_run(given: Option<bool>) -> Answered<bool> {
    let mut violations = Violations::default();
    violations.require(given.is_some(), "dryRun", "is null: give true or false, or leave it out if you mean false");
    Ok(violations.into_result(given.unwrap_or(true))?)
}

fn check_value(value: LookAheadValue<'_, Scalar>, path: &str, violations: &mut Violations) {
    let mut is_empty = true;
    match value {
        LookAheadValue::Null => {
            let message = "is null, or a variable without a value: give it a value, or leave it out if you mean all";
            return violations.add(path, message);
        }
        LookAheadValue::Scalar(_) | LookAheadValue::Enum(_) => return,
        LookAheadValue::List(values) => {
            for (index, value) in values.iter().enumerate() {
                is_empty = false;
                check_value(value.item, &format!("{path}[{index}]"), violations);
            }
        }
        LookAheadValue::Object(members) => {
            for (name, value) in members.iter() {
                is_empty = false;
                check_value(value.item, &format!("{path}.{}", name.item), violations);
            }
        }
    }
    if is_empty {
        violations.add(path, "is empty, so it selects nothing in particular: leave it out if you mean all");
    }
}
