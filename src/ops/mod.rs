//! Operations: the rules, the permission and the transaction of everything that can be asked.
//!
//! May use `model` and `store`. Must not know warp, juniper, ureq, wire shapes or `callback`, which
//! stands beside it: operations write callbacks down and hand them to a [`dispatch::Dispatcher`].
//! Used by `graphql`, `http`, `callback` and `app`.
//!
//! An operation is `fn verb(platform, caller, input) -> Result<…>` and owns its transaction.
//! What it changed it publishes from the writer's hook, after the commit: see [`live`].
//! Permission is an argument: only [`auth`] makes the callers, so an operation that needs one
//! cannot be called without.

pub mod account;
pub mod action;
pub mod app;
pub mod auth;
pub mod authorization;
pub mod backup;
pub mod callback;
pub mod caller;
pub mod check;
pub mod client;
mod clock;
pub mod disk;
pub mod dispatch;
pub mod grant;
pub mod hiding;
pub mod history;
pub mod hub;
pub mod installation;
pub mod instance;
pub mod keyring;
pub mod live;
pub mod maintenance;
pub mod operator;
mod owners;
mod password;
pub mod past;
pub mod publication;
mod quota;
mod rate;
mod remains;
mod removal;
pub mod responses;
pub mod revocation;
mod secret;
pub mod setting;
pub mod suspension;
pub mod thing;
mod throttle;
mod token;
pub mod turns;
mod validation;
mod waiting;

pub use crate::store::{Allowance, Snapshot as View, meter};
pub use quota::Quotas;

use crate::metrics::Metrics;
use crate::model::error::{Error, Result};
use crate::model::time::Timestamp;
use crate::model::token::KeyId;
use crate::model::url::CallbackUrlPolicy;
use crate::store::{self, Store};
use dispatch::Dispatcher;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

/// The least number of small queries that can run at once: one party may have all but one.
const SMALL_READERS_MIN: u32 = 2;
/// Connections for what is not a query: checking tokens, logging in, looking after the database.
const OTHER_READERS: u32 = 4;

/// What the operator decides.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The database's file.
    pub database: PathBuf,
    /// How many large queries may run at once.
    pub readers: u32,
    /// How long the reads of one query may take together.
    pub query_time: Duration,
    /// Whether none but people at this machine can reach the server.
    pub sandbox: bool,
    /// Whether anybody may register.
    pub open_signup: bool,
    /// How many accounts there may be, if that is limited.
    pub accounts: Option<u32>,
    /// The file with the key that encrypts secrets in the database, if they are encrypted.
    pub key_file: Option<PathBuf>,
    /// After which time without use accounts are removed, if they are.
    pub account_idle: Option<Duration>,
    /// Below how many free bytes the disk is almost full.
    pub disk_low: u64,
    /// The key that signs tokens; the database's own where none is given.
    pub secret: Option<String>,
    /// The token with which anybody may read the metrics.
    pub metrics_token: Option<String>,
    /// Which callback URLs a publication may name.
    pub callback_urls: CallbackUrlPolicy,
    /// How long an action request may stay pending.
    pub action_deadline: Duration,
    /// How long a developer token is good for.
    pub developer_token_lifetime: Duration,
    /// How long a service token is good for.
    pub service_token_lifetime: Duration,
    /// How long a refresh token is good for, which each use begins anew.
    pub refresh_token_lifetime: Duration,
    /// How many of something one may have.
    pub quotas: Quotas,
    /// How long points of the past are kept; for good where it is not said.
    pub history_age: Option<Duration>,
    /// How long entries of the callback log are kept.
    pub callback_log_age: Duration,
    /// How many entries of the callback log are kept of each publication.
    pub callback_log_entries: u32,
    /// How long action requests that have ended are kept.
    pub action_request_age: Duration,
    /// How many action requests are kept of each app, beside those that have not ended.
    pub action_requests_kept: u32,
}

/// Everything that operations work on.
pub struct Platform {
    store: Store,
    settings: Settings,
    keys: token::Keys,
    passwords: password::Passwords,
    throttle: throttle::Throttle,
    addresses: throttle::Throttle,
    registrations: throttle::Throttle,
    hashing_from: throttle::Throttle,
    hashing_for: throttle::Throttle,
    client_tries: throttle::Throttle,
    password_changes: throttle::Throttle,
    revocations: throttle::Throttle,
    tickets: authorization::Tickets,
    revoked: revocation::Revoked,
    waiting: waiting::Waiting,
    validation: validation::Validation,
    remains: remains::Remains,
    clock: clock::AgeClock,
    disk: disk::Disk,
    changes: suspension::Changes,
    counters: operator::usage::Counters,
    measured: operator::usage::LastMeasured,
    rooms: Arc<quota::Rooms>,
    bytes_left: Arc<quota::BytesLeft>,
    rates: Arc<rate::Rates>,
    live: Arc<live::Live>,
    owners: owners::Owners,
    metrics: Arc<Metrics>,
    dispatcher: OnceLock<Arc<dyn Dispatcher>>,
}

impl Platform {
    /// Opens the database and what belongs to it. Nothing is sent before [`Self::set_dispatcher`].
    ///
    /// # Errors
    /// If the database cannot be opened or written.
    pub fn open(settings: Settings) -> Result<Arc<Self>> {
        let metrics = Arc::new(Metrics::new().map_err(Error::fault)?);
        let connections = connections(settings.readers);
        let store = Store::open(&settings.database, connections, &metrics, settings.key_file.as_deref())?;
        let live = Arc::<live::Live>::default();
        let listening = Arc::clone(&live);
        metrics.watch("connhub_live_subscriptions", "Subscriptions that listen.", move || listening.listening() as f64);
        let keys = keyring::load(&store, settings.secret.as_deref())?;
        let revoked = revocation::Revoked::load(&store)?;
        let clock = clock::AgeClock::load(&*store.snapshot()?)?;
        let database = settings.database.clone();
        let disk = disk::Disk::new(settings.disk_low, move || store::free_bytes(&database));
        let (database, low) = (settings.database.clone(), settings.disk_low);
        metrics.watch("connhub_disk_free_bytes", "Free bytes where the database is.", move || {
            store::free_bytes(&database).map_or(f64::NAN, |bytes| bytes as f64)
        });
        metrics
            .watch("connhub_disk_low_bytes", "Below how many free bytes the disk is almost full.", move || low as f64);
        let changes = suspension::Changes::load(&*store.snapshot()?)?;
        Ok(Arc::new(Self {
            store,
            keys,
            passwords: password::Passwords::default(),
            throttle: throttle::Throttle::of_sign_ins(),
            addresses: throttle::Throttle::of_addresses(),
            registrations: throttle::Throttle::of_registrations(),
            hashing_from: throttle::Throttle::of_hashing_from_addresses(),
            hashing_for: throttle::Throttle::of_hashing_for_accounts(),
            client_tries: throttle::Throttle::of_clients(),
            password_changes: throttle::Throttle::of_password_changes(),
            revocations: throttle::Throttle::of_revocations(),
            tickets: authorization::Tickets::default(),
            revoked,
            rooms: Arc::default(),
            bytes_left: Arc::default(),
            rates: Arc::new(rate::Rates::new(settings.quotas.changes_per_second)),
            waiting: waiting::Waiting::default(),
            validation: validation::Validation::default(),
            remains: remains::Remains::default(),
            clock,
            disk,
            changes,
            counters: Default::default(),
            measured: Default::default(),
            live,
            owners: owners::Owners::default(),
            metrics,
            dispatcher: OnceLock::new(),
            settings,
        }))
    }

    /// Says who sends callbacks; the first word counts.
    pub fn set_dispatcher(&self, dispatcher: Arc<dyn Dispatcher>) {
        let _ = self.dispatcher.set(dispatcher);
    }

    /// How it does, in numbers.
    #[must_use]
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Whether somebody with this token, or with none, may read the metrics: `local` for whoever is at
    /// this machine, who may where nobody else can reach the server.
    #[must_use]
    pub fn may_read_metrics(&self, token: Option<&str>, local: bool) -> bool {
        let known = self.settings.metrics_token.as_deref().zip(token);
        known.is_some_and(|(known, given)| secret::matches(given, &secret::hash(known)))
            || local && self.settings.sandbox
    }

    /// Whether a connector has lost its token, because the key that signed it was removed.
    #[must_use]
    pub fn is_token_lost(&self, key: Option<KeyId>) -> bool {
        key.is_some_and(|key| !self.keys.has(key))
    }

    /// How many large queries can run at once.
    #[must_use]
    pub fn readers(&self) -> usize {
        self.settings.readers as usize
    }

    /// How many small ones can run beside them.
    #[must_use]
    pub fn small_readers(&self) -> usize {
        small_readers(self.settings.readers) as usize
    }

    /// How long the reads of one query may take together.
    #[must_use]
    pub fn query_time(&self) -> Duration {
        self.settings.query_time
    }

    /// What is committed now, for a query that is interrupted when the allowance is used up.
    ///
    /// # Errors
    /// As [`Self::view`].
    pub fn view_within(&self, allowance: Arc<Allowance>) -> Result<View> {
        let mut view = self.view()?;
        view.bound(allowance);
        Ok(view)
    }

    /// What is committed now, for the reads of one request. Blocks while all readers are taken.
    ///
    /// # Errors
    /// If no reader becomes free in time.
    pub fn view(&self) -> Result<View> {
        self.store.snapshot()
    }

    /// Runs a read on a thread that may block.
    pub(crate) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&View) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let platform = Arc::clone(self);
        let task = tokio::task::spawn_blocking(move || read(&platform.view()?));
        task.await.map_err(Error::fault)?
    }

    /// Whether the database can be written and callbacks can be sent.
    ///
    /// # Errors
    /// What is wrong.
    pub async fn check_ready(&self) -> Result<()> {
        if self.dispatcher.get().is_none() {
            return Err(Error::Unavailable("callbacks cannot be sent yet".to_owned()));
        }
        self.store.write(crate::store::setting::probe).await
    }

    /// Ends the writer after what was submitted and closes the database.
    pub fn close(&self) {
        if let Err(error) = self.keep_clock().wait() {
            tracing::debug!(%error, "the clock is kept as it was some minutes ago");
        }
        self.store.close();
    }
}

/// How many small queries can run beside so many large ones.
fn small_readers(readers: u32) -> u32 {
    (readers / 2).max(SMALL_READERS_MIN)
}

/// How many connections to the database read, when so many large queries can run at once.
#[must_use]
pub fn connections(readers: u32) -> u32 {
    readers + small_readers(readers) + OTHER_READERS
}

/// The present moment.
#[must_use]
pub fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}
