//! Values of parameters and properties: texts that must fit a type.

/// The type of a value; the value itself is always a text that keeps its writer's literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// Any text.
    String,
    /// A finite decimal number.
    Number,
    /// `true` or `false`.
    Boolean,
}

impl ValueType {
    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "STRING",
            Self::Number => "NUMBER",
            Self::Boolean => "BOOLEAN",
        }
    }

    /// The type with this name on the wire.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::String, Self::Number, Self::Boolean].into_iter().find(|kind| kind.name() == name)
    }

    /// Whether the text is a value of this type.
    #[must_use]
    pub fn fits(self, value: &str) -> bool {
        match self {
            Self::String => true,
            Self::Number => parse_number(value).is_some(),
            Self::Boolean => value == "true" || value == "false",
        }
    }

    /// What a value of this type must be, for an error.
    #[must_use]
    pub fn expectation(self) -> &'static str {
        match self {
            Self::String => "must be a text",
            Self::Number => "must be a decimal number such as 21.5, and not beyond 1.8e308",
            Self::Boolean => "must be true or false",
        }
    }
}

/// The number that a text stands for: decimal digits with an optional sign, fraction and exponent,
/// and finite. The words `inf` and `NaN` and blanks are none.
#[must_use]
pub fn parse_number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
    text.parse::<f64>().ok().filter(|number| plain && number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_finite_decimals() {
        for good in ["0", "-1", "42.50", "1e3", "+7", "-0.25E-2", ".5", "5."] {
            assert!(ValueType::Number.fits(good), "{good}");
        }
        for bad in ["", " 1", "1 ", "inf", "-inf", "NaN", "0x10", "1,5", "1e999", "one", "--1", "e"] {
            assert!(!ValueType::Number.fits(bad), "{bad}");
        }
    }

    #[test]
    fn booleans_are_lower_case_words() {
        assert!(ValueType::Boolean.fits("true") && ValueType::Boolean.fits("false"));
        for bad in ["", "TRUE", "1", "yes"] {
            assert!(!ValueType::Boolean.fits(bad), "{bad}");
        }
    }
}
