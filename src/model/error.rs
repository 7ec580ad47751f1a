//! Refusals and faults: the one error type of operations, without HTTP or GraphQL in it.
//!
//! Each transport maps it once, by exhaustive match. Expected outcomes (a connector that refuses,
//! a callback that fails) are not errors but enums of the nouns concerned.

use std::fmt;

/// When to try again what the server cannot do now, in seconds: a restart takes less, and room on a full
/// disk is looked for by people.
pub const UNAVAILABLE_RETRY_SECONDS: u32 = 5;

/// What an operation answers where it does not do what was asked.
#[derive(Debug)]
pub enum Error {
    /// No token, or one that is malformed, expired or revoked.
    Unauthenticated(String),
    /// A valid token that may not do this.
    Forbidden(String),
    /// What was named does not exist for this caller.
    NotFound(String),
    /// The input breaks rules; all of them are listed.
    Invalid(Vec<Violation>),
    /// The input is fine but does not go with the present state.
    Conflict(String),
    /// Too much at once: the same request may succeed later.
    TooMany {
        /// What there was too much of.
        message: String,
        /// Whole seconds after which to try again.
        retry_after: u32,
    },
    /// The server cannot write now (disk full, shutting down). Nothing was changed.
    Unavailable(String),
    /// Our own fault. The client is told nothing but the request's ID.
    Fault(Fault),
}

/// The private cause of an [`Error::Fault`].
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// The result of everything that may be refused.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One broken rule of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where, as `connector.configurationParameters[1].id`; empty for the input as a whole.
    pub path: String,
    /// What is wrong and how to mend it, for a person.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.path, self.message) }
    }
}

impl fmt::Display for Error {
    /// The public message: what a client may read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unauthenticated(message)
            | Self::Forbidden(message)
            | Self::NotFound(message)
            | Self::Conflict(message)
            | Self::TooMany { message, .. }
            | Self::Unavailable(message) => f.write_str(message),
            Self::Invalid(violations) => {
                for (index, violation) in violations.iter().enumerate() {
                    if index > 0 {
                        f.write_str("; ")?;
                    }
                    violation.fmt(f)?;
                }
                Ok(())
            }
            Self::Fault(_) => f.write_str("internal error; the server's log has the details under this request's ID"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Fault(source) => Some(&**source),
            _ => None,
        }
    }
}

impl Error {
    /// "There is no such …" for a noun and what named it.
    #[must_use]
    pub fn not_found(noun: &str, name: impl fmt::Display) -> Self {
        Self::NotFound(format!("there is no {noun} {name} that this token may see"))
    }

    /// A fault of ours with its cause.
    #[must_use]
    pub fn fault(source: impl Into<Fault>) -> Self {
        Self::Fault(source.into())
    }
}

/// Collects everything that is wrong with one input, so that all of it is told at once.
#[derive(Debug, Default)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// Notes one broken rule.
    pub fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(Violation { path: path.into(), message: message.into() });
    }

    /// Notes a broken rule where the condition does not hold.
    pub fn require(&mut self, holds: bool, path: impl Into<String>, message: impl Into<String>) {
        if !holds {
            self.add(path, message);
        }
    }

    /// Checks the length of a text in characters.
    pub fn length(&mut self, text: &str, min: usize, max: usize, path: impl Into<String>) {
        let length = text.chars().count();
        if length < min && min == 1 {
            self.add(path, "must not be empty");
        } else if length < min || length > max {
            self.add(path, format!("must be {min} to {max} characters long, not {length}"));
        }
    }

    /// Checks what people are to know something by: its length in characters, and that it can be seen.
    pub fn label(&mut self, text: &str, max: usize, path: impl Into<String>) {
        let seen = |c: char| !c.is_whitespace() && !is_invisible(c);
        if text.is_empty() || text.chars().count() > max {
            self.length(text, 1, max, path);
        } else if text.chars().any(char::is_control) || !text.chars().any(seen) {
            self.add(path, "must have characters that can be seen, and no control characters");
        }
    }

    /// Whether nothing was wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything noted.
    #[must_use]
    pub fn into_vec(self) -> Vec<Violation> {
        self.0
    }

    /// The value, if nothing was wrong.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything noted.
    pub fn into_result<T>(self, value: T) -> Result<T> {
        if self.0.is_empty() { Ok(value) } else { Err(Error::Invalid(self.0)) }
    }
}

/// Whether a character leaves no mark: the fillers, joiners and marks of direction of Unicode's category
/// Cf and its like, as far as they stand outside of words.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_can_be_seen() {
        let problems = |text: &str| {
            let mut violations = Violations::default();
            violations.label(text, 10, "name");
            violations.into_vec().len()
        };
        for good in ["a", "ü", "A shop", "家", "👩\u{200d}🔧", "a\u{202e}b", "x\u{301}"] {
            assert_eq!(problems(good), 0, "{good:?}");
        }
        for bad in
            ["", " ", "\u{a0}", "\u{200b}", "\u{2060}\u{feff} ", "\0", "a\0", "a\u{1b}[2J", "a\nb", "eleven char"]
        {
            assert_eq!(problems(bad), 1, "{bad:?}");
        }
    }
}
