//! Accounts: developers who sign in and own apps and connector publications.

use crate::model::error::{Result, Violations, is_invisible};
use crate::model::id::AccountId;
use crate::model::time::Timestamp;

/// The shortest password taken, in characters.
pub const PASSWORD_CHARACTERS_MIN: usize = 10;
/// The longest password taken, in characters; more would only make hashing slow.
pub const PASSWORD_CHARACTERS_MAX: usize = 1_000;
/// The longest name of an account, in characters.
const NAME_CHARACTERS_MAX: usize = 200;
/// The e-mail of the account that an empty database gets where none is given.
pub const FIRST_ACCOUNT_EMAIL: &str = "developer@localhost";

/// A developer's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its identifier, shown as the owner of publications.
    pub id: AccountId,
    /// The e-mail that signs in; unique without regard to case.
    pub email: String,
    /// What the page calls the developer.
    pub name: String,
    /// Counts up when all tokens given so far are to end.
    pub generation: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Checks what is given for a new account; it need not be given a name.
///
/// # Errors
/// All violations of the rules for it.
pub fn check_new(email: &str, password: &str, name: Option<&str>) -> Result<()> {
    let mut violations = Violations::default();
    let plausible = email.split_once('@').is_some_and(|(local, host)| !local.is_empty() && !host.is_empty());
    let printable = !email.chars().any(|c| c.is_whitespace() || c.is_control() || is_invisible(c));
    // Of two that differ in case alone one is taken; the database knows that of ASCII's letters.
    let one_case = !email.chars().any(|c| !c.is_ascii() && c.is_uppercase());
    violations.require(
        plausible && printable && one_case && email.chars().count() <= 254,
        "email",
        "must be an e-mail address such as developer@example.com, with letters beyond A to Z in lower case",
    );
    violations.password(password, "password");
    if let Some(name) = name {
        violations.label(name, NAME_CHARACTERS_MAX, "name");
    }
    violations.into_result(())
}

impl Violations {
    /// Checks what is to become a password.
    pub fn password(&mut self, password: &str, path: &str) {
        self.length(password, PASSWORD_CHARACTERS_MIN, PASSWORD_CHARACTERS_MAX, path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_e_mails_look_the_same_but_for_their_case() {
        for (email, good) in [
            ("developer@localhost", true),
            ("Ada@Example.com", true),
            ("ä@example.com", true),
            ("Ä@example.com", false),
            ("a\u{200b}@example.com", false),
            ("a b@example.com", false),
            ("@example.com", false),
        ] {
            assert_eq!(check_new(email, "a long password", None).is_ok(), good, "{email:?}");
        }
    }
}
