//! Accounts: the first one, registering, signing in, changing the password, the profile; and what is to
//! be known before that.

use crate::model::account::{Account, Role, check_new};
use crate::model::error::{Error, Result, Violation, Violations};
use crate::model::id::AccountId;
use crate::model::text::{email_key, loggable};
use crate::model::token::{DEVELOPER_SCOPE, TokenKind};
use crate::ops::caller::Developer;
use crate::ops::password::{Match, Turn};
use crate::ops::throttle::{ANYWHERE, Throttle};
use crate::ops::token::NewToken;
use crate::ops::{Platform, Settings, View, now, suspension};
use crate::store::{self, Inserted};
use rusqlite::{Connection, Transaction};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tracing::{Instrument, Span};

/// A token and what is to be known about it.
#[derive(Debug, Clone)]
pub struct IssuedToken {
    /// The token itself.
    pub token: String,
    /// How many seconds it is good for.
    pub expires_in: u64,
    /// Its scopes, separated by blanks.
    pub scope: String,
}

/// How often it is noted that an account is used.
const USE_NOTED_EVERY: Duration = Duration::from_secs(60 * 60);
/// Where the e-mail of an account is kept whose password was made up.
const GENERATED_SETTING: &str = "generated-account";

/// Checks what the first account of a new database would be made with.
///
/// # Errors
/// Violations of the rules for e-mail and password.
pub fn check_first(email: &str, password: Option<&str>) -> Result<()> {
    check_new(email, password.unwrap_or(&random_password()), None)
}

/// Makes an account if the database has none, with a password that is made up if none is given; returns whether it did.
/// A password that is made up is shown before it is stored: a crash in between costs nothing, and one after it would cost
/// the account.
///
/// # Errors
/// Violations of the rules for e-mail and password.
pub async fn create_first(
    platform: &Arc<Platform>,
    email: &str,
    password: Option<&str>,
    show: impl FnOnce(&str),
) -> Result<bool> {
    if platform.read(|view| store::account::any(view)).await? {
        return Ok(false);
    }
    let made_up = if password.is_none() { Some(random_password()) } else { None };
    let password = password.or(made_up.as_deref()).unwrap_or_default();
    check_new(email, password, None)?;
    let password_hash = platform.passwords.turn(None, None).await.hash(password.to_owned()).await?;
    let is_made_up = made_up.is_some();
    if let Some(password) = made_up {
        show(&password);
    }
    let account = new(email.to_owned(), None);
    let stored = platform.store.write(move |transaction| {
        if store::account::insert(transaction, &account, &password_hash)? == Inserted::Exists {
            return Ok(false);
        }
        if is_made_up {
            store::setting::set(transaction, GENERATED_SETTING, account.email.as_bytes())?;
        }
        Ok(true)
    });
    stored.await
}

/// A new account, named by its e-mail where no name is given.
pub(super) fn new(email: String, name: Option<String>) -> Account {
    let name = name.unwrap_or_else(|| email.split('@').next().unwrap_or(&email).to_owned());
    Account { id: AccountId::generate(), email, name, role: Role::Developer, generation: 0, created_at: now() }
}

/// What a sign-in page needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Whether anybody may register.
    pub open_signup: bool,
    /// The e-mail of the account whose password was made up, and printed where the server was first
    /// started: told where none but people at that machine can ask.
    pub generated_account: Option<String>,
}

/// What a sign-in page needs to know, whoever asks.
///
/// # Errors
/// Faults of the database.
pub fn about(platform: &Platform, view: &View) -> Result<About> {
    let Settings { open_signup, sandbox, .. } = platform.settings;
    let kept = if sandbox { store::setting::get(view, GENERATED_SETTING)? } else { None };
    Ok(About { open_signup, generated_account: kept.and_then(|email| String::from_utf8(email).ok()) })
}

/// A new password for an account that is made without one: 128 random bits, easy to copy.
fn random_password() -> String {
    super::secret::generate().chars().filter(char::is_ascii_alphanumeric).take(22).collect()
}

/// The permission to register, which whoever runs the server gives to everybody or nobody.
#[derive(Debug)]
pub struct OpenSignup(());

/// Whether registering is possible here.
///
/// # Errors
/// [`Error::Forbidden`] where it is not, with how it becomes so.
pub fn open_signup(platform: &Platform) -> Result<OpenSignup> {
    if platform.settings.open_signup {
        return Ok(OpenSignup(()));
    }
    Err(Error::Forbidden(
        "nobody can register here: whoever runs the server lets people do so with --open-signup or \
         CONNHUB_OPEN_SIGNUP=true"
            .to_owned(),
    ))
}

/// What somebody says who registers.
#[derive(Clone)]
pub struct Registration {
    /// The e-mail to sign in with.
    pub email: String,
    /// The password to sign in with.
    pub password: String,
    /// What the page is to call them; the e-mail's first part where it is not said.
    pub name: Option<String>,
}

/// Makes an account for whoever registers and signs them in.
///
/// # Errors
/// All violations of the rules; [`Error::Conflict`] for an e-mail that has an account;
/// [`Error::TooMany`] after so many tries from one address.
pub async fn register(
    platform: &Arc<Platform>,
    _: OpenSignup,
    registration: Registration,
    address: IpAddr,
) -> Result<IssuedToken> {
    let Registration { email, password, name } = registration;
    check_new(&email, &password, name.as_deref())?;
    // Before the hash, which is what costs, and before it is told whether an e-mail is taken.
    platform.registrations.take("", address)?;
    let accounts = platform.settings.accounts;
    platform.read(move |view| check_room(view, accounts)).await?;
    platform.hashing_from.take("", address)?;
    let password_hash = platform.passwords.turn(None, Some(address)).await.hash(password).await?;
    let (account, accounts) = (new(email, name), platform.settings.accounts);
    let stored = platform.store.write(move |transaction| {
        check_room(transaction, accounts)?;
        match store::account::insert(transaction, &account, &password_hash)? {
            Inserted::New => Ok(account),
            Inserted::Exists => {
                Err(Error::Conflict(format!("{} has an account already: sign in with its password", account.email)))
            }
        }
    });
    developer_token(platform, &stored.await?)
}

/// Refuses one more account than the operator allows.
pub(super) fn check_room(connection: &Connection, max: Option<u32>) -> Result<()> {
    match max {
        Some(max) if store::account::reaches(connection, max)? => Err(Error::Conflict(format!(
            "this server has {max} accounts, which is the limit; its operator can raise it with --accounts"
        ))),
        _ => Ok(()),
    }
}

/// Signs a developer in.
///
/// # Errors
/// [`Error::Unauthenticated`], the same and equally slow for an unknown e-mail and a wrong password;
/// [`Error::TooMany`] after five failures within a minute.
pub async fn sign_in(
    platform: &Arc<Platform>,
    email: String,
    password: String,
    address: IpAddr,
) -> Result<IssuedToken> {
    developer_token(platform, &authenticate(platform, email, password, address).await?)
}

/// The account that has this e-mail and password.
///
/// # Errors
/// [`Error::Unauthenticated`], the same and equally slow for an unknown e-mail and a wrong password;
/// [`Error::TooMany`] after five failures within a minute, or thirty from an address within ten;
/// [`Error::Forbidden`] for an account that is suspended.
pub(super) async fn authenticate(
    platform: &Arc<Platform>,
    email: String,
    password: String,
    address: IpAddr,
) -> Result<Account> {
    // However the address is spelled, it is one that is tried.
    let counts = vec![
        Count { of: |platform| &platform.throttle, name: email_key(&email), address },
        Count { of: |platform| &platform.addresses, name: String::new(), address },
    ];
    let attempt = Attempt { email, password, counts, from: Source::Address(address) };
    let known = attempt.run(platform).await?;
    let account = known.ok_or_else(|| Error::Unauthenticated("the e-mail or the password is wrong".to_owned()))?;
    let id = account.id;
    if let Some(why) = platform.read(move |view| suspension::of_sign_in(view, id)).await? {
        return Err(Error::Forbidden(why.to_owned()));
    }
    if let Err(error) = platform.store.write(move |transaction| note_use(transaction, id)).await {
        tracing::debug!(%error, "it is not noted that an account is used");
    }
    Ok(account)
}

/// Notes that an account is used, once an hour.
pub(super) fn note_use(transaction: &Transaction<'_>, id: AccountId) -> Result<()> {
    store::account::touch(transaction, id, now(), now().minus(USE_NOTED_EVERY))
}

/// What an attempt counts for if it fails.
struct Count {
    of: fn(&Platform) -> &Throttle,
    name: String,
    address: IpAddr,
}

/// An attempt to show the password of an account. A failure is counted in all of the counts, of which none may be full;
/// a success ends the first.
struct Attempt {
    email: String,
    password: String,
    counts: Vec<Count>,
    from: Source,
}

/// Who shows a password.
#[derive(Clone, Copy)]
enum Source {
    /// Someone at an address, to sign in.
    Address(IpAddr),
    /// A developer with a token, to change it.
    Account(AccountId),
}

impl Attempt {
    /// The account, if the password is right.
    async fn run(self, platform: &Arc<Platform>) -> Result<Option<Account>> {
        let turn = match self.from {
            Source::Address(address) => platform.passwords.turn(None, Some(address)).await,
            Source::Account(account) => platform.passwords.turn(Some(account), None).await,
        };
        // Asked when it is one's turn: tries made at the same time would all have been let pass before.
        self.counts.iter().try_for_each(|count| (count.of)(platform).check(&count.name, count.address))?;
        platform.hashing_for.check(&email_key(&self.email), ANYWHERE)?;
        if let Source::Address(address) = self.from {
            platform.hashing_from.take("", address)?;
        }
        // A task of its own: a client that disconnects now must neither free the permit nor escape being counted.
        let platform = Arc::clone(platform);
        let judge = async move { self.judge(&platform, turn).await };
        tokio::spawn(judge.instrument(Span::current())).await.map_err(Error::fault)?
    }

    async fn judge(self, platform: &Arc<Platform>, turn: Turn) -> Result<Option<Account>> {
        let wanted = self.email.clone();
        let found = platform.read(move |view| store::account::by_email(view, &wanted)).await?;
        let (account, hash) = found.map_or((None, None), |(account, hash)| (Some(account), Some(hash)));
        let (turn, matched) = turn.verify(self.password.clone(), hash.clone()).await?;
        let account = account.filter(|_| matched != Match::No);
        let Some(account) = account else {
            self.failed(platform);
            return Ok(None);
        };
        platform.hashing_for.count(&email_key(&self.email), ANYWHERE);
        if let Some(Count { of, name, address }) = self.counts.first() {
            of(platform).succeeded(name, *address);
        }
        if let (Some(old), Match::Raw) = (hash, matched)
            && let Err(error) = hash_again(platform, turn, account.id, old, self.password).await
        {
            tracing::debug!(%error, "a password's old hash stays");
        }
        Ok(Some(account))
    }

    /// Counts a failure and logs it in one line, which fail2ban can read: first the address, which nobody can make up,
    /// and then the e-mail, which anybody can.
    fn failed(&self, platform: &Platform) {
        for Count { of, name, address } in &self.counts {
            of(platform).count(name, *address);
        }
        let email = loggable(&self.email);
        match self.from {
            Source::Address(address) => tracing::warn!(%address, email, "failed sign-in"),
            Source::Account(_) => tracing::warn!(email, "wrong current password when changing it"),
        }
    }
}

/// Replaces the hash of what was typed by one of the password as it is prepared now, so that any other way of typing
/// it signs in as well.
async fn hash_again(platform: &Platform, turn: Turn, id: AccountId, old: String, password: String) -> Result<()> {
    let new = turn.hash(password).await?;
    platform.store.write(move |transaction| store::account::replace_hash(transaction, id, &old, &new)).await
}

/// Gives a developer another password. All tokens so far and all that they granted end; they go on with
/// the token answered.
///
/// # Errors
/// A violation if the current password is another one or the new one is invalid; [`Error::TooMany`] after five failures
/// with the same token within a minute; [`Error::Conflict`] if the password was changed meanwhile.
pub async fn change_password(
    platform: &Arc<Platform>,
    caller: &Developer,
    present: String,
    new: String,
) -> Result<IssuedToken> {
    let mut violations = Violations::default();
    violations.password(&new, "newPassword");
    violations.into_result(())?;
    let id = caller.account;
    let account = platform.read(move |view| store::account::get(view, id)).await?;
    let email = account.ok_or_else(|| Error::not_found("account", id))?.email;
    // Whatever address it is tried from, a thief of a token must not guess the password at leisure; nor keep its owner,
    // who has another token, from changing it.
    let token = caller.token.map_or_else(String::new, |id| id.to_string());
    let counts = vec![Count { of: |platform| &platform.password_changes, name: token, address: ANYWHERE }];
    let attempt = Attempt { email, password: present, counts, from: Source::Account(id) };
    let Some(account) = attempt.run(platform).await? else {
        return Err(Error::Invalid(vec![Violation {
            path: "presentPassword".to_owned(),
            message: "is not the password of this account".to_owned(),
        }]));
    };
    let hash = platform.passwords.turn(Some(id), None).await.hash(new).await?;
    let changed = platform.store.write(move |transaction| replace_password(transaction, account, &hash));
    developer_token(platform, &changed.await?)
}

/// Replaces a password's hash and ends all tokens and grants; returns the account as it is then.
///
/// # Errors
/// [`Error::Conflict`] if the password has been changed since the account was read.
pub(super) fn replace_password(transaction: &Transaction<'_>, account: Account, hash: &str) -> Result<Account> {
    if !store::account::set_password(transaction, account.id, account.generation, hash)? {
        return Err(Error::Conflict(
            "the password was changed by someone else at the same moment; this change was not made. Sign in again with \
             the new password, and if you did not change it, ask the operator of this server"
                .to_owned(),
        ));
    }
    store::grant::delete_of_account(transaction, account.id)?;
    // The password that was printed is no longer valid.
    store::setting::forget(transaction, GENERATED_SETTING, account.email.as_bytes())?;
    Ok(Account { generation: account.generation + 1, ..account })
}

/// A developer token for an account of which it is known that its owner asks.
pub(super) fn developer_token(platform: &Platform, account: &Account) -> Result<IssuedToken> {
    let lifetime = platform.settings.developer_token_lifetime;
    let token = platform.keys.mint(NewToken {
        kind: TokenKind::Developer,
        subject: account.id.to_string(),
        scope: DEVELOPER_SCOPE,
        generation: account.generation,
        lifetime: Some(lifetime),
        grant: None,
    })?;
    Ok(IssuedToken { token, expires_in: lifetime.as_secs(), scope: DEVELOPER_SCOPE.to_owned() })
}

/// A developer token for the first operator's account: for what the server sets up on behalf of whoever runs
/// it, and so has the database anyway.
///
/// # Errors
/// [`Error::NotFound`] if no account is an operator's.
pub async fn operator_token(platform: &Arc<Platform>) -> Result<IssuedToken> {
    let first = platform.read(|view| store::account::first_operator(view)).await?;
    let account = first.ok_or_else(|| Error::NotFound("there is no operator's account yet".to_owned()))?;
    developer_token(platform, &account)
}

/// Who is signed in.
///
/// # Errors
/// Faults of the database.
pub fn profile(view: &View, caller: &Developer) -> Result<Account> {
    store::account::get(view, caller.account)?.ok_or_else(|| Error::not_found("account", caller.account))
}
