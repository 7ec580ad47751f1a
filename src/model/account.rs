//! Accounts: developers who sign in and own apps and connector publications.

use crate::model::error::{Result, Violations};
use crate::model::id::AccountId;
use crate::model::time::Timestamp;

/// The shortest password taken, in characters.
pub const PASSWORD_CHARACTERS_MIN: usize = 10;
/// The longest password taken, in characters; more would only make hashing slow.
pub const PASSWORD_CHARACTERS_MAX: usize = 1_000;
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

/// Checks an e-mail and a password for a new account.
///
/// # Errors
/// All violations of the rules for both.
pub fn check_credentials(email: &str, password: &str) -> Result<()> {
    let mut violations = Violations::default();
    let plausible = email.split_once('@').is_some_and(|(local, host)| !local.is_empty() && !host.is_empty());
    let printable = !email.chars().any(|c| c.is_whitespace() || c.is_control());
    violations.require(
        plausible && printable && email.chars().count() <= 254,
        "email",
        "must be an e-mail address such as developer@example.com",
    );
    violations.length(password, PASSWORD_CHARACTERS_MIN, PASSWORD_CHARACTERS_MAX, "password");
    violations.into_result(())
}
