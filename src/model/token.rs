//! The four kinds of tokens and the scopes of service tokens (auth.md, "Tokens").

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

/// Whom a token stands for. A token of one kind is never taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A signed-in account.
    Developer,
    /// An app.
    Service,
    /// A connector, for one installation.
    Installation,
    /// A connector, for one instance.
    Instance,
}

impl TokenKind {
    /// The audience claim of the kind.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Developer => "developer",
            Self::Service => "service",
            Self::Installation => "installation",
            Self::Instance => "instance",
        }
    }

    /// The kind with this audience claim.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Developer, Self::Service, Self::Installation, Self::Instance].into_iter().find(|k| k.name() == name)
    }
}

impl TokenKind {
    /// Whether it is a connector's: such a token never expires and cannot be renewed.
    #[must_use]
    pub fn is_connectors(self) -> bool {
        matches!(self, Self::Installation | Self::Instance)
    }
}

/// What names a key that signs tokens, in their header too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(pub i64);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for KeyId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        u64::from_str_radix(text, 16).map(|bits| Self(bits.cast_signed()))
    }
}

impl fmt::Display for TokenKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The scope that developer tokens carry and no app can ask for.
pub const DEVELOPER_SCOPE: &str = "connctd.core";

/// What a service token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Instantiate and remove instances.
    Connector,
    /// Read things.
    ThingsRead,
    /// Request actions.
    ThingsAction,
    /// List external subjects.
    SubjectsRead,
    /// Read units.
    UnitsRead,
    /// Create, change and remove units.
    UnitsAdmin,
}

impl Scope {
    /// All scopes that an app may have.
    pub const ALL: [Self; 6] =
        [Self::Connector, Self::ThingsRead, Self::ThingsAction, Self::SubjectsRead, Self::UnitsRead, Self::UnitsAdmin];

    /// The name in tokens and requests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Connector => "connctd.connector",
            Self::ThingsRead => "connctd.things.read",
            Self::ThingsAction => "connctd.things.action",
            Self::SubjectsRead => "connctd.subjects.read",
            Self::UnitsRead => "connctd.units.read",
            Self::UnitsAdmin => "connctd.units.admin",
        }
    }

    /// What it lets a program do for an app, in words for the developer whose app it is; they go on after
    /// “It can”.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Connector => "see the app’s connectors, connect end customers to them and disconnect them again",
            Self::ThingsRead => "see the app’s things and their values, now and in the past",
            Self::ThingsAction => "control the app’s things, for example switch them on and off",
            Self::SubjectsRead => "see the list of the app’s end customers",
            Self::UnitsRead => "see the app’s units, such as rooms and buildings, and what is in them",
            Self::UnitsAdmin => "create, change and remove the app’s units, such as rooms and buildings",
        }
    }

    /// The scope with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// The names in the parameter `scope`, which blanks separate (RFC 6749, section 3.3). `Err` tells what of
/// it is no name.
///
/// # Errors
/// If there is nothing but blanks.
pub fn scope_names(scope: &str) -> Result<Vec<&str>, String> {
    let names: Vec<_> = scope.split(' ').filter(|name| !name.is_empty()).collect();
    if names.is_empty() && !scope.is_empty() { Err("a blank".to_owned()) } else { Ok(names) }
}

/// A set of scopes, in the order in which they were asked for: the platform's documented responses repeat the
/// request's order, and there are clients that compare the two as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// All that an app may have.
    #[must_use]
    pub fn all() -> Self {
        Self(Scope::ALL.to_vec())
    }

    /// The scopes named; everything if none is. `Err` holds the first name that is no scope.
    ///
    /// # Errors
    /// If a name is unknown.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut asked = Vec::new();
        for name in names {
            let scope = Scope::from_name(name).ok_or_else(|| name.to_owned())?;
            if !asked.contains(&scope) {
                asked.push(scope);
            }
        }
        Ok(if asked.is_empty() { Self::all() } else { Self(asked) })
    }

    /// Whether all of the others are among them.
    #[must_use]
    pub fn covers(&self, others: &Self) -> bool {
        others.iter().all(|scope| self.has(scope))
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }

    /// Whether the scope is among them.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }
}

impl fmt::Display for Scopes {
    /// Separated by blanks, as OAuth2 writes them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(|scope| scope.name()).collect();
        f.write_str(&names.join(" "))
    }
}
