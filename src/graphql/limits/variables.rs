//! The values of variables: how many there are and how deep they nest.
//!
//! juniper checks them before it executes anything, and tells of each wrong one with its whole path:
//! a MiB of unknown members, nested deeply, would become hundreds of MiB of messages.

use serde_json::{Map, Value};

/// How deep values may nest; a thing with its actions' parameters needs 7, a filter at most 42.
const DEPTH_MAX: usize = 64;

/// Counts the values, and no more of them than are allowed.
///
/// # Errors
/// What is too much, and how to mend it.
pub fn check(variables: &Map<String, Value>, values_max: u32) -> Result<(), String> {
    let mut left = values_max as usize;
    for (name, value) in variables {
        count(value, DEPTH_MAX, &mut left).map_err(|excess| match excess {
            Excess::Values => format!(
                "the variables hold more than {values_max} values: ask in several requests; the operator can allow \
                 more with --graphql-tokens"
            ),
            Excess::Depth => {
                let name: String = name.chars().take(50).collect();
                format!("the variable {name:?} nests deeper than {DEPTH_MAX} levels: give it fewer")
            }
        })?;
    }
    Ok(())
}

enum Excess {
    Values,
    Depth,
}

fn count(value: &Value, depth_left: usize, left: &mut usize) -> Result<(), Excess> {
    *left = left.checked_sub(1).ok_or(Excess::Values)?;
    let inner = || depth_left.checked_sub(1).ok_or(Excess::Depth);
    match value {
        Value::Array(values) => {
            let depth = inner()?;
            values.iter().try_for_each(|value| count(value, depth, left))
        }
        Value::Object(members) => {
            let depth = inner()?;
            members.values().try_for_each(|value| count(value, depth, left))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn checked(value: Value, values_max: u32) -> Result<(), String> {
        check(&Map::from_iter([("v".to_owned(), value)]), values_max)
    }

    #[test]
    fn as_many_values_pass_as_are_allowed() {
        assert_eq!(checked(json!([1, {"a": 2, "b": [3]}]), 6), Ok(()));
        assert!(checked(json!([1, {"a": 2, "b": [3]}]), 5).is_err_and(|why| why.contains("--graphql-tokens")));
    }

    #[test]
    fn as_deep_as_is_allowed() {
        let nested = |depth| (0..depth).fold(json!(0), |inner, _| json!([inner]));
        assert_eq!(checked(nested(DEPTH_MAX), 100), Ok(()));
        assert!(checked(nested(DEPTH_MAX + 1), 100).is_err_and(|why| why.contains("\"v\"")));
    }
}
