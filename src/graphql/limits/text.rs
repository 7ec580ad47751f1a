//! A document before it is parsed: how many tokens it has and how long its names are.
//!
//! juniper counts tokens as well, but its message cannot tell which option to raise, and its
//! messages repeat names: a document of 1 MiB whose operation has a name of 500 kB would be answered
//! with that name for each of its thousands of errors.

use juniper::parser::{Lexer, Token};

/// The longest name of a field, an alias, a variable …, in bytes. Aliases stand in the answer once for
/// every row. Names that tools make of nested fragments stay below 100.
const NAME_BYTES_MAX: usize = 200;

/// Looks at a document's tokens, and at no more of them than are allowed.
///
/// # Errors
/// What is too much, and how to mend it. What is no token at all is left to the parser.
pub fn check(document: &str, tokens_max: u32) -> Result<(), String> {
    let tokens = Lexer::new(document).map_while(Result::ok).map(|token| token.item);
    for (index, token) in tokens.take_while(|token| *token != Token::EndOfFile).enumerate() {
        if index >= tokens_max as usize {
            return Err(format!(
                "the document has more than {tokens_max} tokens (names, signs and values): give long values as \
                 variables, or ask in several requests; the operator can allow more with --graphql-tokens"
            ));
        }
        if let Token::Name(name) = token
            && name.len() > NAME_BYTES_MAX
        {
            let beginning: String = name.chars().take(20).collect();
            return Err(format!(
                "a name in the document is longer than {NAME_BYTES_MAX} bytes: shorten the one that begins with \
                 {beginning:?}"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_tokens_pass_as_are_allowed() {
        assert_eq!(check("{ a b }", 4), Ok(()));
        assert!(check("{ a b c }", 4).is_err_and(|why| why.contains("--graphql-tokens")));
        assert_eq!(check("{ a(b: \"x y z { { {\") } # and { more", 8), Ok(()));
    }

    #[test]
    fn a_long_name_is_refused_and_a_long_text_is_not() {
        let long = "a".repeat(NAME_BYTES_MAX + 1);
        assert!(check(&format!("{{ {long} }}"), 10).is_err_and(|why| why.contains("aaaaaaaa") && why.len() < 200));
        assert_eq!(check(&format!("{{ {} a(b: \"{long}\", c: \"\"\"{long}\"\"\") }}", &long[1..]), 100), Ok(()));
    }

    #[test]
    fn what_is_no_token_is_left_to_the_parser() {
        assert_eq!(check("{ a ? b b b b", 4), Ok(()));
        assert_eq!(check("\"", 4), Ok(()));
    }
}
