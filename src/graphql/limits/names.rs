//! Variables of types that there are not. juniper looks a variable's type up before it has asked whether
//! there is one, and panics where a default value is given, so that is asked here.

use crate::graphql::Schema;
use juniper::parser::{Spanning, parse_document_source};
use juniper::validation::RuleError;
use juniper::{Definition, GraphQLError};

/// That the types of all variables are known. What cannot be parsed is for the parser to tell.
///
/// # Errors
/// Each type that is not, with its place.
pub fn check(schema: &Schema, document: &str) -> Result<(), GraphQLError> {
    // A default value is what it takes.
    if !(document.contains('$') && document.contains('=')) {
        return Ok(());
    }
    let Ok(definitions) = parse_document_source(document, &schema.schema) else { return Ok(()) };
    let operations = definitions.iter().filter_map(|definition| match definition {
        Definition::Operation(Spanning { item, .. }) => item.variables_definition.as_ref(),
        Definition::Fragment(_) => None,
    });
    let unknown: Vec<_> = operations
        .flat_map(|variables| variables.item.iter())
        .filter(|(_, variable)| schema.schema.concrete_type_by_name(variable.var_type.item.innermost_name()).is_none())
        .map(|(_, variable)| {
            let name = variable.var_type.item.innermost_name();
            RuleError::new(&format!("Unknown type \"{name}\""), &[variable.var_type.span.start])
        })
        .collect();
    if unknown.is_empty() { Ok(()) } else { Err(GraphQLError::ValidationError(unknown)) }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::graphql::SCHEMA;
    use juniper::GraphQLError;

    #[test]
    fn each_type_that_is_none_is_named() {
        let told = |document: &str| match check(&SCHEMA, document) {
            Err(GraphQLError::ValidationError(errors)) => {
                errors.iter().map(|error| error.message().to_owned()).collect()
            }
            _ => Vec::new(),
        };
        assert_eq!(
            told("query($a: [Nix!] = [1], $b: ID = 1, $c: Nox) { a }"),
            ["Unknown type \"Nix\"", "Unknown type \"Nox\""]
        );
        assert!(told("query($a: ID = 1, $b: Time = \"\") { a }").is_empty());
        assert!(told("query($a: Nix = {").is_empty());
    }
}
