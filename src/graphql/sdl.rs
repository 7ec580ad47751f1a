//! The schema as text.
//!
//! Used by the command line, the route table and the test that holds `schema/schema.graphql`.

use crate::graphql::SCHEMA;

/// The schema as text, sorted.
#[must_use]
pub fn sdl() -> String {
    with_enum_defaults(&SCHEMA.as_sdl())
}

/// juniper writes the default values of enums as strings, which other programs refuse: here they are
/// the names that they are. Introspection, which is juniper's own, still tells them as strings.
fn with_enum_defaults(sdl: &str) -> String {
    let enums: Vec<&str> = sdl.lines().filter_map(|line| line.strip_prefix("enum ")?.split(' ').next()).collect();
    let mut parts = sdl.split(" = \"");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '!');
        let type_name = text.rsplit(|c| !is_name(c)).next().unwrap_or_default().trim_end_matches('!');
        match part.split_once('"').filter(|_| enums.contains(&type_name)) {
            Some((value, rest)) => text.extend([" = ", value, rest]),
            None => text.extend([" = \"", part]),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_of_enums_are_names_and_all_else_stays() {
        let sdl = "enum Mode {\n  A\n  B\n}\n\ninput I {\n  mode: Mode = \"A\"\n  name: String = \"A\"\n}\n\n\
            type Q {\n  f(a: Mode! = \"B\", b: String = \"\", c: Mode = \"A\"): Mode!\n  g(modes: Modes = \"A\"): Int\n}\n";
        let expected = "enum Mode {\n  A\n  B\n}\n\ninput I {\n  mode: Mode = A\n  name: String = \"A\"\n}\n\n\
            type Q {\n  f(a: Mode! = B, b: String = \"\", c: Mode = A): Mode!\n  g(modes: Modes = \"A\"): Int\n}\n";
        assert_eq!(with_enum_defaults(sdl), expected);
        let own = super::sdl();
        assert!(own.contains("mode: ConnectorMode = PRIVATE\n") && own.contains("unit: String = \"\"\n"), "{own}");
    }
}
