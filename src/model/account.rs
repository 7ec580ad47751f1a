//! Accounts: developers who sign in and own apps and connector publications.

use crate::model::error::{Result, Violations, is_invisible};
use crate::model::id::{AccountId, InviteId};
use crate::model::text;
use crate::model::time::Timestamp;

/// The shortest password taken, in characters.
pub const PASSWORD_CHARACTERS_MIN: usize = 10;
/// The longest password taken, in characters; more would only make hashing slow.
pub const PASSWORD_CHARACTERS_MAX: usize = 1_000;
/// The longest e-mail, in characters (RFC 5321, section 4.5.3.1.3, less the brackets).
const EMAIL_CHARACTERS_MAX: usize = 254;
/// The longest name of an account, in characters.
const NAME_CHARACTERS_MAX: usize = 200;
/// The e-mail of the account that an empty database gets where none is given.
pub const FIRST_ACCOUNT_EMAIL: &str = "developer@localhost";

/// What an account may do beside its own affairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Nothing.
    Developer,
    /// Whatever the person who runs the server decides: about accounts and publications.
    Operator,
}

impl Role {
    /// The name in the database and in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Developer => "DEVELOPER",
            Self::Operator => "OPERATOR",
        }
    }

    /// The role with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Developer, Self::Operator].into_iter().find(|role| role.name() == name)
    }
}

/// What an operator has done to an account or a publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspension {
    /// Nobody can use it, until it is resumed.
    Suspended,
    /// The account is being removed, and its connectors are called for that.
    Removing,
    /// The account was suspended before and is being removed: its connectors are not called.
    RemovingQuietly,
}

impl Suspension {
    /// The name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Suspended => "SUSPENDED",
            Self::Removing => "REMOVING",
            Self::RemovingQuietly => "REMOVING_QUIETLY",
        }
    }

    /// The suspension with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Suspended, Self::Removing, Self::RemovingQuietly].into_iter().find(|one| one.name() == name)
    }

    /// Whether it is for good.
    #[must_use]
    pub fn is_removal(self) -> bool {
        self != Self::Suspended
    }
}

/// An account as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRecord {
    /// The account.
    pub account: Account,
    /// When it was last used, to the hour.
    pub used_at: Timestamp,
    /// What an operator has done to it.
    pub suspension: Option<Suspension>,
}

/// An account that has not been used for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdleAccount {
    /// The account.
    pub id: AccountId,
    /// Its e-mail.
    pub email: String,
    /// When it was last used, to the hour.
    pub used_at: Timestamp,
    /// When it was noted that it is idle, if it was.
    pub since: Option<Timestamp>,
}

/// An invitation to have an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// Its identifier; not what is in the link.
    pub id: InviteId,
    /// The e-mail that the account will have.
    pub email: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
}

/// What an account has, or had when its removal began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Belongings {
    /// Its apps.
    pub apps: u64,
    /// Its publications.
    pub publications: u64,
    /// The installations of its apps.
    pub installations: u64,
    /// The installations of its publications by other accounts.
    pub foreign_installations: u64,
    /// The instances of all these installations.
    pub instances: u64,
    /// The things of its apps and of these instances.
    pub things: u64,
}

/// The removal of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRemoval {
    /// The account.
    pub account: AccountId,
    /// Its e-mail.
    pub email: String,
    /// What it had when it began.
    pub had: Belongings,
    /// When it began.
    pub begun_at: Timestamp,
    /// When the account was gone.
    pub ended_at: Option<Timestamp>,
    /// How many removals its connectors did not confirm, once that is known.
    pub unconfirmed: Option<u64>,
}

/// A developer's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its identifier, shown as the owner of publications.
    pub id: AccountId,
    /// The e-mail that signs in, as it was entered; unique by [`text::email_key`].
    pub email: String,
    /// What the page calls the developer.
    pub name: String,
    /// What it may do beside its own affairs.
    pub role: Role,
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
    violations.email(email);
    violations.password(password, "password");
    if let Some(name) = name {
        violations.label(name, NAME_CHARACTERS_MAX, "name");
    }
    violations.into_result(())
}

/// Checks the e-mail of somebody who is to get an account.
///
/// # Errors
/// A violation of the rules for it.
pub fn check_email(email: &str) -> Result<()> {
    let mut violations = Violations::default();
    violations.email(email);
    violations.into_result(())
}

impl Violations {
    fn email(&mut self, email: &str) {
        let key = text::email_key(email);
        let plausible = key.split_once('@').is_some_and(|(local, host)| !local.is_empty() && !host.is_empty());
        let printable = !email.chars().any(|c| c.is_whitespace() || c.is_control() || is_invisible(c));
        self.require(
        plausible && printable && email.chars().count() <= EMAIL_CHARACTERS_MAX,
        "email",
        format!("must be an e-mail address such as developer@example.com, without spaces, at most {EMAIL_CHARACTERS_MAX} characters long"),
    );
    }

    /// Checks what is to become a password, as it is hashed: `e` with an accent is one character however it was typed.
    pub fn password(&mut self, password: &str, path: &str) {
        let password = text::password(password);
        self.length(&password, PASSWORD_CHARACTERS_MIN, PASSWORD_CHARACTERS_MAX, path);
        // RFC 8265, section 4.2.1: a line break was pasted by mistake, and no page's field can hold it.
        let control = password.chars().any(char::is_control);
        self.require(!control, path, "must not contain line breaks, tabs or other control characters");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_e_mail_can_be_seen_and_has_both_of_its_parts() {
        for (email, good) in [
            ("developer@localhost", true),
            ("Ada@Example.com", true),
            ("ä@example.com", true),
            ("Ä@example.com", true),
            ("ａ＠ｅｘａｍｐｌｅ．com", true),
            ("a\u{200b}@example.com", false),
            ("a b@example.com", false),
            ("@example.com", false),
        ] {
            assert_eq!(check_new(email, "a long password", None).is_ok(), good, "{email:?}");
        }
    }

    #[test]
    fn a_password_is_measured_as_it_is_hashed_and_has_no_control_characters() {
        for (password, good) in [
            ("a long password", true),
            ("u\u{308}u\u{308}u\u{308}u\u{308}u\u{308}", false),
            ("üüüüüüüüüü", true),
            ("correct horse\n", false),
            ("correct\thorse", false),
            ("correct horse\u{85}", false),
            ("\u{1f468}\u{200d}\u{1f527} and his horse", true),
        ] {
            assert_eq!(check_new("a@b", password, None).is_ok(), good, "{password:?}");
        }
    }
}
