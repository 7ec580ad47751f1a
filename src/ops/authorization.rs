//! The authorization code flow up to its code: what a client asks a developer for, and what they say
//! (RFC 6749, section 4.1; RFC 9700).
//!
//! connhub knows no cookies. Whoever signs in for a request gets a ticket, which the page of the request holds and
//! nobody else, and which takes one answer: so no other page can answer for them.

mod tickets;

use crate::model::account::Account;
use crate::model::app::App;
use crate::model::error::{Error, Result};
use crate::model::grant::{Code, Grant, Permission};
use crate::model::id::{AppId, GrantId};
use crate::model::pkce::Challenge;
use crate::model::redirect;
use crate::ops::{Platform, account, now, secret, suspension};
use crate::store;
use rusqlite::Transaction;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

pub(super) use tickets::Tickets;

/// How long an authorization code can be redeemed (auth.md, "OAuth 2.0 for apps").
const CODE_LIFETIME: Duration = Duration::from_secs(60);

/// The parameters of an authorization request as they were sent (RFC 6749, section 4.1.1; RFC 7636,
/// section 4.3); empty ones count as absent.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Which app asks.
    pub client_id: Option<String>,
    /// Where to lead back to.
    pub redirect_uri: Option<String>,
    /// What for: `code`.
    pub response_type: Option<String>,
    /// What it wants to do.
    pub scope: Option<String>,
    /// What it wants to get back as it is.
    pub state: Option<String>,
    /// The hash of what it will redeem the code with.
    pub code_challenge: Option<String>,
    /// How that was hashed: `S256`.
    pub code_challenge_method: Option<String>,
    /// The name of another parameter that was sent twice, which none may be.
    pub repeated: Option<String>,
}

/// An authorization request that a developer may be asked about.
#[derive(Debug, Clone)]
pub struct AuthorizationRequest {
    /// The app that asks.
    pub client: App,
    /// Where to lead back to.
    pub redirect_uri: String,
    /// What it wants to do.
    pub permission: Permission,
    /// Whether the request named the redirect URI.
    redirect_named: bool,
    state: Option<String>,
    challenge: Option<Challenge>,
}

/// Where the browser is led back to, and with which word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirection {
    /// The client's redirect URI.
    pub uri: String,
    /// What the client wanted to get back.
    pub state: Option<String>,
    /// How it went.
    pub result: Result<NewCode, RequestError>,
}

/// What a client gets that a developer allowed to act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCode {
    /// The authorization code.
    pub code: String,
    /// What was granted. RFC 6749 leaves this to the token response; the platform also documents it here.
    pub scope: String,
}

/// Why a client gets no code (RFC 6749, section 4.1.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestError {
    /// The word of the RFC.
    pub code: ErrorCode,
    /// What was wrong, for the client's developer.
    pub description: String,
}

/// The words of RFC 6749, section 4.1.2.1, that are said here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// A parameter is missing, malformed or sent twice.
    InvalidRequest,
    /// The developer said no.
    AccessDenied,
    /// Another response than a code.
    UnsupportedResponseType,
    /// A scope that no app can have.
    InvalidScope,
}

/// Why a developer is not asked.
#[derive(Debug)]
pub enum RequestRefusal {
    /// It is not known where to lead back to, so that they are told themselves.
    Told(&'static str),
    /// The client is told.
    LedBack(Box<Redirection>),
    /// The client is told if the person wants to go there: where anybody may register an app, nobody is
    /// led to its address without having been asked (RFC 9700, section 4.11.2).
    Offered(Box<Redirection>),
    /// Our own fault.
    Failed(Error),
}

/// A developer who signed in is asked.
#[derive(Debug)]
pub struct Question {
    /// What they answer with; nobody else has it.
    pub ticket: String,
    /// Who they are.
    pub account: Account,
    /// The apps that the client could act for.
    pub apps: Vec<App>,
    /// When the client's access ends by itself, if it does not ask for longer.
    pub ends_after: Option<Duration>,
}

/// What a developer says to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Yes, for this app of theirs.
    Allow(AppId),
    /// No.
    Deny,
}

/// Why an answer leads nowhere.
#[derive(Debug)]
pub enum DecisionRefusal {
    /// No such ticket: it has expired, or the server was restarted.
    Unknown,
    /// The request has been answered, and the answer counts.
    Answered {
        /// Whether access was given.
        allowed: bool,
    },
    /// Another answer is being written.
    BeingAnswered,
    /// Something changed since, so that it cannot be done, or our own fault.
    Failed(Error),
}

impl From<Error> for DecisionRefusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Checks an authorization request, of which nothing is trusted: whoever sent the browser here may
/// have written all of it.
///
/// # Errors
/// See [`RequestRefusal`].
pub async fn check(platform: &Arc<Platform>, asked: Asked) -> Result<AuthorizationRequest, RequestRefusal> {
    let id = asked.client_id.as_deref().and_then(|id| id.parse::<AppId>().ok());
    let id = id.ok_or(RequestRefusal::Told("It does not name an app that this server knows (client_id)."))?;
    let found = platform.read(move |view| store::app::get(view, id)).await.map_err(RequestRefusal::Failed)?;
    let client = found.ok_or(RequestRefusal::Told("It names an app that this server does not know (client_id)."))?;
    let redirect_uri = redirect_uri(&client, asked.redirect_uri.as_deref()).map_err(RequestRefusal::Told)?;
    match read(&client, &asked) {
        Ok((permission, challenge)) => Ok(AuthorizationRequest {
            client,
            redirect_uri,
            permission,
            redirect_named: asked.redirect_uri.is_some(),
            state: asked.state,
            challenge,
        }),
        Err(error) => {
            let redirection = Box::new(Redirection { uri: redirect_uri, state: asked.state, result: Err(error) });
            Err(if platform.settings.open_signup {
                RequestRefusal::Offered(redirection)
            } else {
                RequestRefusal::LedBack(redirection)
            })
        }
    }
}

/// Where to lead back to: a registered URI, or the only one where none is named (RFC 6749, section 3.1.2.3).
fn redirect_uri(client: &App, asked: Option<&str>) -> Result<String, &'static str> {
    let registered = &client.redirect_uris;
    let uri = match (asked, registered.as_slice()) {
        (Some(asked), _) if registered.iter().any(|one| redirect::matches(one, asked)) => asked,
        (Some(_), _) => return Err("It would lead back to an address that the app has not registered (redirect_uri)."),
        (None, [only]) => only,
        (None, []) => return Err("The app has not registered any address to lead back to (redirect_uri)."),
        (None, _) => return Err("It does not name which of the app's addresses to lead back to (redirect_uri)."),
    };
    // Some may have been registered before today's rules.
    redirect::problem(uri)
        .map_or(Ok(uri.to_owned()), |_| Err("It would lead back to an unsafe address (redirect_uri)."))
}

fn read(client: &App, asked: &Asked) -> Result<(Permission, Option<Challenge>), RequestError> {
    let error = |code, description: String| RequestError { code, description };
    let invalid = |description: &str| error(ErrorCode::InvalidRequest, description.to_owned());
    if let Some(name) = &asked.repeated {
        return Err(error(ErrorCode::InvalidRequest, format!("the parameter {name} is sent more than once")));
    }
    match asked.response_type.as_deref() {
        Some("code") => {}
        None => return Err(invalid("the parameter response_type is missing; it must be code")),
        Some(_) => {
            let why = "the response_type possible is code; the implicit flow is not safe (RFC 9700)".to_owned();
            return Err(error(ErrorCode::UnsupportedResponseType, why));
        }
    }
    let permission = Permission::asked(asked.scope.as_deref().unwrap_or_default()).map_err(|unknown| {
        let known: Vec<_> = Permission::names().collect();
        error(ErrorCode::InvalidScope, format!("{unknown} is no scope; there are {}", known.join(" ")))
    })?;
    let challenge = match (asked.code_challenge.as_deref(), asked.code_challenge_method.as_deref()) {
        (None, None) if client.has_secret => None,
        (None, None) => return Err(invalid("an app without a secret must send a code_challenge (PKCE, RFC 7636)")),
        (None, Some(_)) => return Err(invalid("the parameter code_challenge is missing")),
        (Some(challenge), Some("S256")) => Some(Challenge::s256(challenge).ok_or_else(|| {
            invalid("the code_challenge must be a SHA-256 hash in base64url without padding, 43 characters long")
        })?),
        (Some(_), _) => {
            return Err(invalid("transform algorithm not supported: the code_challenge_method must be S256"));
        }
    };
    Ok((permission, challenge))
}

/// Signs a developer in to be asked.
///
/// # Errors
/// As [`account::sign_in`].
pub async fn ask(
    platform: &Arc<Platform>,
    request: &AuthorizationRequest,
    email: String,
    password: String,
    address: IpAddr,
) -> Result<Question> {
    let account = account::authenticate(platform, email, password, address).await?;
    let id = account.id;
    let apps = platform.read(move |view| store::app::of_owner(view, id)).await?;
    let ticket = platform.tickets.give(request.clone(), account.clone());
    let ends_after = (!request.permission.offline).then_some(platform.settings.service_token_lifetime);
    Ok(Question { ticket, account, apps, ends_after })
}

/// Does as a developer said. A repeat of an answer has the same result: the form may be sent twice, or again because
/// its response was lost.
///
/// # Errors
/// See [`DecisionRefusal`]; after [`DecisionRefusal::Failed`] the developer can answer again.
pub async fn decide(
    platform: &Arc<Platform>,
    ticket: &str,
    decision: Decision,
) -> Result<Redirection, DecisionRefusal> {
    let lead = |request: &AuthorizationRequest| Redirection {
        uri: request.redirect_uri.clone(),
        state: request.state.clone(),
        result: match decision {
            Decision::Allow(_) => Ok(NewCode { code: secret::generate(), scope: request.permission.to_string() }),
            Decision::Deny => Err(RequestError {
                code: ErrorCode::AccessDenied,
                description: "the developer did not consent".to_owned(),
            }),
        },
    };
    let answer = platform.tickets.answer(ticket, decision, lead)?;
    if let (Decision::Allow(app), Ok(NewCode { code, .. })) = (decision, &answer.redirection.result) {
        let hash = secret::hash(code);
        // Of several requests with the same answer one writes and the others wait. If it goes away, the next one
        // writes, and finds what the first may have written after all.
        let write = || async {
            let question = Arc::clone(&answer.question);
            let consented = platform
                .store
                .write(move |transaction| consent(transaction, &question.request, &question.account, app, hash));
            consented.await
        };
        answer.written.get_or_try_init(write).await?;
    }
    Ok(answer.redirection.clone())
}

fn consent(
    transaction: &Transaction<'_>,
    request: &AuthorizationRequest,
    account: &Account,
    app: AppId,
    hash: [u8; 32],
) -> Result<()> {
    if store::grant::by_code(transaction, hash)?.is_some() {
        return Ok(());
    }
    let AuthorizationRequest { client, redirect_uri, permission, redirect_named, challenge, .. } = request.clone();
    let stands = store::account::get(transaction, account.id)?.is_some_and(|now| now.generation == account.generation);
    if !stands {
        return Err(Error::Conflict("the password was changed meanwhile: begin again".to_owned()));
    }
    if let Some(why) = suspension::of_sign_in(transaction, account.id)? {
        return Err(Error::Conflict(why.to_owned()));
    }
    let own = store::app::get(transaction, app)?.is_some_and(|app| app.owner == account.id);
    if !own {
        return Err(Error::Conflict("the app to act for is none of yours any more: begin again".to_owned()));
    }
    let same = store::app::get(transaction, client.id)?.is_some_and(|now| now.redirect_uris == client.redirect_uris);
    if !same {
        return Err(Error::Conflict("the app that asks was changed meanwhile: begin again".to_owned()));
    }
    let now = now();
    let grant = Grant {
        id: GrantId::generate(),
        client: client.id,
        account: account.id,
        app,
        permission,
        rounds: 0,
        created_at: now,
        used_at: now,
        expires_at: now.plus(CODE_LIFETIME),
    };
    let code = Code { hash, redirect_uri: redirect_named.then_some(redirect_uri), challenge };
    store::grant::insert(transaction, &grant, &code)
}
