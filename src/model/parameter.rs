//! Parameters of a publication, and the configuration values given for them.

use crate::model::error::{Error, Result, Violations};
use crate::model::pattern::{Checked, Pattern};
use crate::model::value::ValueType;
use std::collections::{HashMap, HashSet};
use std::fmt;

/// The most parameters in one list (domain.md).
pub const PARAMETERS_MAX: usize = 100;
/// The longest parameter ID, in characters (domain.md).
const PARAMETER_ID_CHARACTERS_MAX: usize = 200;
/// The longest description of a parameter, in characters.
const DESCRIPTION_CHARACTERS_MAX: usize = 10_000;
/// When to try again if the values were not checked in time, in seconds.
const RETRY_SECONDS: u32 = 5;
/// The longest configuration value, in characters.
const VALUE_CHARACTERS_MAX: usize = 10_000;

/// How a page shows the input of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisplayType {
    /// Readable.
    Plain,
    /// Hidden; such values never appear in logs or query results.
    Password,
}

/// One parameter needed to install or to instantiate a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Unique in its list.
    pub id: String,
    /// For people.
    pub name: String,
    /// Whether a value must be given.
    pub required: bool,
    /// For people.
    pub description: String,
    /// What its values must be.
    pub value_type: ValueType,
    /// How a page shows its input.
    pub display_type: DisplayType,
    /// A regular expression, searched unanchored like `RegExp.test`; empty for none.
    pub validation_expression: String,
}

/// One value given for a parameter.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigurationValue {
    /// The parameter's ID.
    pub parameter_id: String,
    /// Always a text, with the user's literal kept.
    pub value: String,
}

/// A value given for a parameter, as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownValue {
    /// The parameter's ID.
    pub parameter_id: String,
    /// None where it is hidden, as those of PASSWORD parameters are.
    pub value: Option<String>,
}

impl fmt::Debug for ConfigurationValue {
    /// Without the value: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigurationValue").field("parameter_id", &self.parameter_id).finish_non_exhaustive()
    }
}

/// Whether checking declarations means compiling expressions, and checking values for them holding these against them.
#[must_use]
pub fn have_expressions(declared: &[Parameter]) -> bool {
    declared.iter().any(|parameter| !parameter.validation_expression.is_empty())
}

/// Checks the declarations of one list of parameters, noting what is wrong under `path`. `in_time` is asked before each
/// expression is compiled, which may take some 0.05 s.
///
/// # Errors
/// [`Error::TooMany`] if the time is over before all expressions are compiled.
pub fn check_parameters(
    parameters: &[Parameter],
    path: &str,
    in_time: &dyn Fn() -> bool,
    violations: &mut Violations,
) -> Result<()> {
    violations.require(parameters.len() <= PARAMETERS_MAX, path, format!("at most {PARAMETERS_MAX} are possible"));
    let mut seen = HashSet::new();
    for (index, parameter) in parameters.iter().enumerate().take(PARAMETERS_MAX) {
        let at = |field: &str| format!("{path}[{index}].{field}");
        violations.require(
            is_parameter_id(&parameter.id),
            at("id"),
            "must be 1 to 200 letters, digits, dots, underscores or hyphens",
        );
        violations.require(
            seen.insert(parameter.id.as_str()),
            at("id"),
            format!("{:?} is the ID of an earlier parameter of this list", parameter.id),
        );
        violations.label(&parameter.name, 200, at("name"));
        violations.length(&parameter.description, 0, DESCRIPTION_CHARACTERS_MAX, at("description"));
        if parameter.validation_expression.is_empty() {
            continue;
        }
        if !in_time() {
            return Err(took_too_long(
                "compiling the validation expressions takes too long; use fewer or simpler ones",
            ));
        }
        if let Err(problem) = Pattern::compile(&parameter.validation_expression) {
            violations.add(at("validationExpression"), problem);
        }
    }
    Ok(())
}

/// Checks the values given for the declared parameters, before anything is stored or sent. `in_time` is asked before each
/// value is held against an expression, which may take a tenth of a second.
///
/// # Errors
/// All violations at once, under `configuration`; [`Error::TooMany`] if the time is over before all values are checked.
pub fn check_configuration(
    declared: &[Parameter],
    values: &[ConfigurationValue],
    in_time: &dyn Fn() -> bool,
) -> Result<()> {
    let mut violations = Violations::default();
    let by_id: HashMap<&str, &Parameter> = declared.iter().map(|p| (p.id.as_str(), p)).collect();
    let mut given = HashSet::new();
    for (index, value) in values.iter().enumerate() {
        let at = |field: &str| format!("configuration[{index}].{field}");
        let Some(parameter) = by_id.get(value.parameter_id.as_str()) else {
            violations.add(
                at("configurationParameterId"),
                format!("this connector has no parameter {:?}", shortened(&value.parameter_id)),
            );
            continue;
        };
        if !given.insert(value.parameter_id.as_str()) {
            violations.add(at("configurationParameterId"), format!("{:?} is given more than once", parameter.id));
            continue;
        }
        if !parameter.validation_expression.is_empty() && !in_time() {
            return Err(took_too_long(
                "checking the values against the connector's validation expressions takes too long; give shorter values, \
                 or ask its publisher for simpler expressions",
            ));
        }
        if let Some(problem) = value_problem(parameter, &value.value) {
            violations.add(at("value"), problem);
        }
    }
    for parameter in declared.iter().filter(|p| p.required && !given.contains(p.id.as_str())) {
        violations.add("configuration", format!("the required parameter {:?} is missing", parameter.id));
    }
    violations.into_result(())
}

fn took_too_long(message: &str) -> Error {
    Error::TooMany { message: message.to_owned(), retry_after: RETRY_SECONDS }
}

fn value_problem(parameter: &Parameter, value: &str) -> Option<String> {
    let Parameter { id, value_type, validation_expression, .. } = parameter;
    if value.is_empty() {
        return match value_type {
            _ if parameter.required => Some(format!("the required parameter {id:?} must not be empty")),
            ValueType::String => None,
            // An empty text is neither a number nor a truth value, and connectors would have to read it as one.
            ValueType::Number | ValueType::Boolean => {
                let name = value_type.name();
                Some(format!("the optional parameter {id:?} is a {name} and must not be empty: leave it out instead"))
            }
        };
    }
    if value.chars().count() > VALUE_CHARACTERS_MAX {
        return Some(format!("must be at most {VALUE_CHARACTERS_MAX} characters long"));
    }
    if !value_type.fits(value) {
        return Some(format!("the parameter {id:?} {}", value_type.expectation()));
    }
    if validation_expression.is_empty() {
        return None;
    }
    match Pattern::compile(validation_expression).map(|pattern| pattern.check(value)) {
        Ok(Checked::Matches) => None,
        Ok(Checked::Differs) => Some(format!("the parameter {id:?} must match {validation_expression}")),
        Ok(Checked::TooLong(bytes)) => Some(format!(
            "the parameter {id:?} must be at most {bytes} bytes long: longer values take too long to hold against \
             {validation_expression}"
        )),
        // Published under older rules.
        Err(problem) => Some(format!(
            "the parameter {id:?} cannot be checked, and the connector's publisher has to change that: its expression \
             {validation_expression} {problem}"
        )),
    }
}

fn is_parameter_id(id: &str) -> bool {
    (1..=PARAMETER_ID_CHARACTERS_MAX).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// The beginning of a foreign text, for quoting it in a message.
fn shortened(text: &str) -> String {
    text.chars().take(PARAMETER_ID_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(id: &str, value_type: ValueType, required: bool, expression: &str) -> Parameter {
        Parameter {
            id: id.to_owned(),
            name: "n".to_owned(),
            required,
            description: String::new(),
            value_type,
            display_type: DisplayType::Plain,
            validation_expression: expression.to_owned(),
        }
    }

    fn value(id: &str, value: &str) -> ConfigurationValue {
        ConfigurationValue { parameter_id: id.to_owned(), value: value.to_owned() }
    }

    fn check_configuration(declared: &[Parameter], values: &[ConfigurationValue]) -> Result<()> {
        super::check_configuration(declared, values, &|| true)
    }

    fn problems(result: Result<()>) -> Vec<String> {
        match result {
            Ok(()) => Vec::new(),
            Err(Error::Invalid(violations)) => violations.into_iter().map(|v| v.path).collect(),
            Err(other) => vec![other.to_string()],
        }
    }

    #[test]
    fn every_violation_of_a_configuration_is_told_at_once() {
        let declared = [
            parameter("key", ValueType::String, true, "^[a-z]+$"),
            parameter("port", ValueType::Number, true, ""),
            parameter("tls", ValueType::Boolean, false, ""),
            parameter("host", ValueType::String, true, ""),
        ];
        let values =
            [value("key", "ABC"), value("port", "eighty"), value("tls", "yes"), value("nope", ""), value("key", "a")];
        assert_eq!(
            problems(check_configuration(&declared, &values)),
            [
                "configuration[0].value",
                "configuration[1].value",
                "configuration[2].value",
                "configuration[3].configurationParameterId",
                "configuration[4].configurationParameterId",
                "configuration",
            ]
        );
    }

    #[test]
    fn optional_values_may_be_absent_and_texts_empty_and_expressions_are_unanchored() {
        let declared = [parameter("a", ValueType::String, false, "^9"), parameter("b", ValueType::String, false, "b")];
        assert_eq!(
            problems(check_configuration(&declared, &[value("a", ""), value("b", "abc")])),
            Vec::<String>::new()
        );
        assert_eq!(problems(check_configuration(&declared, &[])), Vec::<String>::new());
    }

    #[test]
    fn an_empty_text_is_neither_a_number_nor_a_truth_value() {
        for kind in [ValueType::Number, ValueType::Boolean] {
            for required in [false, true] {
                let declared = [parameter("a", kind, required, "")];
                assert_eq!(problems(check_configuration(&declared, &[value("a", "")])), ["configuration[0].value"]);
            }
            let declared = [parameter("a", kind, false, "")];
            assert_eq!(problems(check_configuration(&declared, &[])), Vec::<String>::new());
            let told = check_configuration(&declared, &[value("a", "")]).expect_err("a refusal").to_string();
            assert!(told.contains("leave it out"), "{told}");
        }
    }

    #[test]
    fn every_violation_of_declarations_is_told_at_once() {
        let mut declared =
            vec![parameter("a b", ValueType::String, true, "("), parameter("c", ValueType::String, true, "")];
        declared.push(declared[1].clone());
        declared[2].name.clear();
        let mut violations = Violations::default();
        check_parameters(&declared, "p", &|| true, &mut violations).expect("in time");
        assert_eq!(
            problems(violations.into_result(())),
            ["p[0].id", "p[0].validationExpression", "p[2].id", "p[2].name"]
        );
    }

    #[test]
    fn values_are_checked_until_the_time_is_over() {
        let declared: Vec<_> = (0..5)
            .map(|n| parameter(&n.to_string(), ValueType::String, false, if n == 0 { "" } else { "^a" }))
            .collect();
        let values: Vec<_> = (0..5).map(|n| value(&n.to_string(), "b")).collect();
        let asked = std::cell::Cell::new(0);
        let in_time = || {
            asked.set(asked.get() + 1);
            asked.get() < 3
        };
        let refused = super::check_configuration(&declared, &values, &in_time);
        assert!(matches!(refused, Err(Error::TooMany { .. })), "{refused:?}");
        assert_eq!(asked.get(), 3);
    }

    #[test]
    fn an_expression_published_under_older_rules_lets_no_value_pass_unchecked() {
        let declared = [parameter("a", ValueType::String, false, "(?:[ab]{0,1000}){8}[c-z]")];
        let told = check_configuration(&declared, &[value("a", "abc")]).expect_err("a refusal").to_string();
        assert!(told.contains("the connector's publisher has to change that"), "{told}");
    }
}
