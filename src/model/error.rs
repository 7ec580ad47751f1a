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
        } else if let Some(hidden) = first_hidden(text) {
            let code = u32::from(hidden);
            self.add(
                path,
                format!(
                    "must not contain U+{code:04X}, {}; delete it, or type the name again instead of pasting it",
                    what_hides(hidden)
                ),
            );
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
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The first character of a name that hides something: that changes the order in which others are shown, breaks the
/// line, or makes two names look the same that are not. Characters that scripts and emoji need are allowed where they need them.
fn first_hidden(text: &str) -> Option<char> {
    let characters: Vec<char> = text.chars().collect();
    let is_fine = |at: usize| {
        let before = at.checked_sub(1).map(|before| characters[before]);
        let after = characters.get(at + 1).copied();
        // A letter of ASCII is joined to nothing and has no variants.
        let takes = |c: Option<char>| c.is_some_and(|c| !c.is_ascii() && !c.is_whitespace());
        match characters[at] {
            // Between letters of Persian and of the scripts of India, and in emoji that are made of several.
            '\u{200c}' | '\u{200d}' => {
                takes(before.filter(|c| !is_joiner(*c))) && takes(after.filter(|c| !is_invisible(*c)))
            }
            // Of emoji (1️⃣ too), of CJK and of Mongolian.
            '\u{fe00}'..='\u{fe0f}' | '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{e0100}'..='\u{e01ef}' => {
                takes(before.filter(|c| !is_invisible(*c))) || after == Some('\u{20e3}')
            }
            // The flags of England, Scotland and Wales.
            '\u{e0020}'..='\u{e007f}' => {
                let flag = characters[..at].iter().rev().find(|c| !matches!(c, '\u{e0020}'..='\u{e007f}'));
                flag == Some(&'\u{1f3f4}')
            }
            c => !is_invisible(c),
        }
    };
    (0..characters.len()).find(|at| !is_fine(*at)).map(|at| characters[at])
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

fn what_hides(c: char) -> &'static str {
    match c {
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            "which changes the direction in which the text around it is shown"
        }
        '\u{2028}' | '\u{2029}' => "which begins a new line",
        _ => "which cannot be seen",
    }
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
        for good in ["a", "ü", "A shop", "家", "👩\u{200d}🔧", "x\u{301}", "שלום", "a\u{a0}b"] {
            assert_eq!(problems(good), 0, "{good:?}");
        }
        // What is written with characters that cannot be seen: Persian, Sinhala, emoji, a keycap, a flag, a variant of CJK.
        for good in [
            "می\u{200c}خواهم",
            "ශ\u{200d}රී",
            "❤\u{fe0f}\u{200d}🔥",
            "🏳\u{fe0f}\u{200d}🌈",
            "1\u{fe0f}\u{20e3}",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "葛\u{e0100}",
        ] {
            assert_eq!(problems(good), 0, "{good:?}");
        }
        for bad in
            ["", " ", "\u{a0}", "\u{200b}", "\u{2060}\u{feff} ", "\0", "a\0", "a\u{1b}[2J", "a\nb", "eleven char"]
        {
            assert_eq!(problems(bad), 1, "{bad:?}");
        }
    }

    #[test]
    fn nothing_in_a_label_hides_changes_the_order_or_begins_a_line() {
        for bad in [
            "a\u{202e}b",
            "\u{202d}a",
            "a\u{202c}",
            "\u{2066}a\u{2069}",
            "a\u{2067}b",
            "a\u{200e}",
            "\u{200f}שלום",
            "\u{61c}a",
            "a\u{200b}b",
            "a\u{2060}b",
            "\u{feff}a",
            "a\u{ad}b",
            "a\u{34f}b",
            "a\u{2028}b",
            "a\u{2029}b",
            "a\u{200d}b",
            "ü\u{200c}b",
            "ü\u{200d}",
            "\u{200d}ü",
            "ü\u{200d}\u{200d}ü",
            "a\u{fe0f}",
            "ü\u{fe00}\u{fe0f}",
            "a\u{e0061}",
            "\u{3164}a",
            "a\u{fff9}b",
            "a\u{1d173}b",
        ] {
            let mut violations = Violations::default();
            violations.label(bad, 30, "name");
            let told = violations.into_vec();
            assert!(told.len() == 1 && told[0].message.contains("U+"), "{bad:?}: {told:?}");
            assert!(!told[0].message.contains(is_invisible), "the message hides something itself");
        }
    }
}
