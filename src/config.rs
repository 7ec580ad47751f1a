//! What the operator decides: every option as a flag and as a `CONNHUB_*` variable.
//!
//! Used by `cli`, which reads it, and by `app`, which acts on it.

mod callbacks;
mod door;
mod duration;
mod key_file;
mod limits;
mod listen;
mod log;
mod secret;
mod size;

use crate::callback;
use crate::http;
use crate::model::url::{CallbackUrlPolicy, is_loopback_name};
use crate::ops;
use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, ValueEnum};
use humantime::Duration;
use std::path::PathBuf;
use url::{Host, Url};

pub use callbacks::CallbackOptions;
pub use door::DoorOptions;
pub use duration::lifetime;
pub use key_file::KeyFile;
pub use limits::LimitOptions;
pub use listen::Listen;

/// Open files beside connections, callbacks and readers: the database's, logs, timers, the demo.
const OTHER_FILES: usize = 200;
/// Files that a reader of the database may have open: the database, its log and its index.
const READER_FILES: usize = 3;
const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// A set of defaults. Each option that is given wins over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// For a public demo that strangers try: anyone may register, and everything is bounded more tightly.
    Demo,
}

/// The options of `connhub serve`. Durations are written as 10s, 500ms, 12h, 7days.
#[derive(Debug, Clone, Args)]
pub struct ServeOptions {
    /// Where to listen: 127.0.0.1:7171, `[::1]:7171`, localhost:7171, :7171 (all addresses) or 7171 (this machine). On
    /// loopback, and without a --public-url elsewhere, callbacks may go to loopback too (a sandbox); else not
    #[arg(
        long,
        env = "CONNHUB_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:7171",
        value_parser = Listen::parse
    )]
    pub listen: Listen,

    /// The URL that people and clients know the server by, such as `https://connhub.example.com`
    #[arg(long, env = "CONNHUB_PUBLIC_URL", value_name = "URL", value_parser = origin)]
    pub public_url: Option<String>,

    /// Further host name that the server may be asked for by, such as a tunnel's or this machine's in its network; * is
    /// any; repeatable. Addresses, loopback names and the host of --public-url need not be given
    #[arg(long, env = "CONNHUB_ALLOW_HOST", value_name = "NAME", value_delimiter = ',', value_parser = host_name)]
    pub allow_host: Vec<String>,

    /// The database's file; made if there is none
    #[arg(long, env = "CONNHUB_DB", value_name = "FILE", default_value = "connhub.db")]
    pub db: PathBuf,

    /// The key of an encrypted database
    #[command(flatten)]
    pub key: KeyFile,

    /// A set of defaults for other options: demo is for a public demo that strangers try, see the README
    #[arg(long, env = "CONNHUB_PROFILE", value_name = "PROFILE")]
    pub profile: Option<Profile>,

    /// Run the demo connector too, published, installed and instantiated for a demo app
    #[arg(long, env = "CONNHUB_DEMO")]
    pub demo: bool,

    /// Markdown file with a notice that is shown on every page; read again when it changes
    #[arg(long, env = "CONNHUB_NOTICE", value_name = "FILE")]
    pub notice: Option<PathBuf>,

    /// Markdown file with the imprint, which every page then links to; read again when it changes
    #[arg(long, env = "CONNHUB_IMPRINT", value_name = "FILE")]
    pub imprint: Option<PathBuf>,

    /// How much free space is little: below it the log, the metrics and the operators' page warn
    #[arg(long, env = "CONNHUB_DISK_LOW", value_name = "SIZE", default_value = "1GiB", value_parser = size::bytes)]
    pub disk_low: u64,

    /// How log lines are written
    #[arg(long, env = "CONNHUB_LOG_FORMAT", value_name = "FORMAT", default_value = "text", help_heading = "Log")]
    pub log_format: LogFormat,

    /// Which log lines are written: off, error, warn, info, debug or trace, or info,connhub::callback=debug
    #[arg(
        long,
        env = "CONNHUB_LOG",
        value_name = "FILTER",
        default_value = "info",
        value_parser = log::filter,
        help_heading = "Log"
    )]
    pub log: String,

    /// Token with which /metrics may be read, 16 ASCII characters or more; without it, from this machine alone, and
    /// only where nothing but loopback is listened on
    #[arg(
        long,
        env = "CONNHUB_METRICS_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true,
        value_parser = secret::metrics_token,
        help_heading = "Log"
    )]
    pub metrics_token: Option<String>,

    /// E-mail of the account that an empty database gets; ignored once there is an account
    #[arg(
        long,
        env = "CONNHUB_EMAIL",
        value_name = "EMAIL",
        default_value = crate::model::account::FIRST_ACCOUNT_EMAIL,
        help_heading = "Accounts and tokens"
    )]
    pub email: String,

    /// Password of that account; a random one is printed if none is given. Ignored once there is an account: use
    /// `connhub account set-password`
    #[arg(
        long,
        env = "CONNHUB_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true,
        help_heading = "Accounts and tokens"
    )]
    pub password: Option<String>,

    /// Let anyone who can reach the server register an account
    #[arg(
        long,
        env = "CONNHUB_OPEN_SIGNUP",
        value_name = "BOOLEAN",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        default_value_t = false,
        default_value_if("profile", "demo", "true"),
        action = ArgAction::Set,
        value_parser = BoolishValueParser::new(),
        help_heading = "Accounts and tokens"
    )]
    pub open_signup: bool,

    /// How many accounts there may be; registering and inviting are refused beyond that
    #[arg(
        long,
        env = "CONNHUB_ACCOUNTS",
        value_name = "NUMBER",
        value_parser = clap::value_parser!(u32).range(1..),
        help_heading = "Accounts and tokens"
    )]
    pub accounts: Option<u32>,

    /// After how many days without use an account is removed, operators' excepted: the log says so 7 days before. An
    /// account is used when somebody signs in or something goes between its apps and connectors
    #[arg(
        long,
        env = "CONNHUB_ACCOUNT_IDLE_DAYS",
        value_name = "DAYS",
        value_parser = clap::value_parser!(u32).range(1..=36_500),
        help_heading = "Accounts and tokens"
    )]
    pub account_idle_days: Option<u32>,

    /// File that generated passwords and secrets are appended to, for its owner's eyes alone, instead of being printed
    #[arg(long, env = "CONNHUB_SECRETS_FILE", value_name = "FILE", help_heading = "Accounts and tokens")]
    pub secrets_file: Option<PathBuf>,

    /// Key that signs tokens: 32 characters or more, random; the database has its own if none is given
    #[arg(
        long,
        env = "CONNHUB_SECRET",
        value_name = "SECRET",
        hide_env_values = true,
        value_parser = secret::signing_key,
        help_heading = "Accounts and tokens"
    )]
    pub secret: Option<String>,

    /// How long a developer token is good for
    #[arg(
        long,
        env = "CONNHUB_DEVELOPER_TOKEN_LIFETIME",
        value_name = "DURATION",
        default_value = "12h",
        value_parser = duration::lifetime,
        help_heading = "Accounts and tokens"
    )]
    pub developer_token_lifetime: Duration,

    /// How long a service token is good for
    #[arg(
        long,
        env = "CONNHUB_SERVICE_TOKEN_LIFETIME",
        value_name = "DURATION",
        default_value = "1h",
        value_parser = duration::lifetime,
        help_heading = "Accounts and tokens"
    )]
    pub service_token_lifetime: Duration,

    /// How long a refresh token is good for; each use begins that anew
    #[arg(
        long,
        env = "CONNHUB_REFRESH_TOKEN_LIFETIME",
        value_name = "DURATION",
        default_value = "30days",
        value_parser = duration::lifetime,
        help_heading = "Accounts and tokens"
    )]
    pub refresh_token_lifetime: Duration,

    /// How long an action request may stay pending
    #[arg(
        long,
        env = "CONNHUB_ACTION_DEADLINE",
        value_name = "DURATION",
        default_value = "60s",
        value_parser = duration::deadline,
        help_heading = "Things and actions"
    )]
    pub action_deadline: Duration,

    /// How many days property values are kept in the history; forever by default. Current values and the callback log
    /// are not affected
    #[arg(
        long,
        env = "CONNHUB_HISTORY_RETENTION",
        value_name = "DAYS",
        default_value_if("profile", "demo", "7"),
        value_parser = clap::value_parser!(u32).range(1..=36_500),
        help_heading = "Things and actions"
    )]
    pub history_retention: Option<u32>,

    /// How many large queries may run at once; half as many small ones run beside them
    #[arg(
        long,
        env = "CONNHUB_READERS",
        value_name = "NUMBER",
        default_value_t = 8,
        value_parser = clap::value_parser!(u32).range(1..=256),
        help_heading = "Things and actions"
    )]
    pub readers: u32,

    /// About connections
    #[command(flatten)]
    pub door: DoorOptions,

    /// About callbacks to connectors
    #[command(flatten)]
    pub callbacks: CallbackOptions,

    /// About what may be asked for at once
    #[command(flatten)]
    pub limits: LimitOptions,
}

impl ServeOptions {
    /// Whether none but people at this machine can reach the server: what is known by another name is
    /// reached through a proxy or a tunnel, wherever it listens.
    pub fn is_sandbox(&self) -> bool {
        let known_elsewhere =
            self.public_url.as_deref().and_then(|url| Url::parse(url).ok()).is_some_and(|url| !match url.host() {
                Some(Host::Domain(name)) => is_loopback_name(name),
                Some(Host::Ipv4(address)) => address.is_loopback(),
                Some(Host::Ipv6(address)) => address.is_loopback(),
                None => false,
            });
        self.listen.is_loopback() && !known_elsewhere
    }

    /// Whether passwords and tokens of others can be read on their way here: neither the server nor, as far
    /// as was said, a proxy before it speaks TLS.
    #[must_use]
    pub fn is_overheard(&self) -> bool {
        let by_proxy = self.public_url.as_deref().is_some_and(|url| url.starts_with("https:"));
        !self.is_sandbox() && self.door.certificate_files().is_none() && !by_proxy
    }

    /// How many files may be open beside those of connections.
    #[must_use]
    pub fn files_beside_connections(&self) -> usize {
        // A callback may have a connection at work, and one kept for the next.
        2 * usize::from(self.callbacks.callback_threads)
            + READER_FILES * ops::connections(self.readers) as usize
            + OTHER_FILES
    }

    /// Under which names the server may be asked for.
    #[must_use]
    pub fn names(&self) -> http::Names {
        http::Names { public_origin: self.public_url.clone(), allowed: self.allow_host.clone() }
    }

    /// What operations need to know.
    #[must_use]
    pub fn platform_settings(&self) -> ops::Settings {
        ops::Settings {
            database: self.db.clone(),
            readers: self.readers,
            query_time: self.limits.query_time.into(),
            sandbox: self.is_sandbox(),
            open_signup: self.open_signup,
            accounts: self.accounts,
            key_file: self.key.find(),
            account_idle: self.account_idle_days.map(|days| DAY * days),
            disk_low: self.disk_low,
            secret: self.secret.clone(),
            metrics_token: self.metrics_token.clone(),
            callback_urls: CallbackUrlPolicy { opened: self.callbacks.allow_callback_net.clone() },
            action_deadline: self.action_deadline.into(),
            developer_token_lifetime: self.developer_token_lifetime.into(),
            service_token_lifetime: self.service_token_lifetime.into(),
            refresh_token_lifetime: self.refresh_token_lifetime.into(),
            quotas: self.limits.quotas(self.is_sandbox()),
            history_age: self.history_retention.map(|days| DAY * days),
            callback_log_age: self.callbacks.callback_log_age.into(),
            callback_log_entries: self.callbacks.callback_log_entries,
            action_request_age: self.callbacks.action_request_age.into(),
            action_requests_kept: self.callbacks.action_requests_kept,
        }
    }

    /// What the callback pool needs to know.
    #[must_use]
    pub fn callback_settings(&self) -> callback::Settings {
        let options = &self.callbacks;
        callback::Settings {
            threads: options.callback_threads.into(),
            threads_per_publication: options.callback_threads_per_publication.into(),
            threads_per_owner: options.callback_threads_per_owner.into(),
            queue_places: options.callback_queue as usize,
            timeout: options.callback_timeout.into(),
            connect_timeout: options.callback_connect_timeout.into(),
            extra_ca: options.callback_ca.clone(),
            sign_actual_scheme: options.sign_actual_scheme,
            // A server that strangers can reach must not become a way to this machine's own services.
            allow_loopback: self.is_sandbox(),
            opened: options.allow_callback_net.clone(),
            proxy: options.callback_proxy.clone(),
            disabled: options.no_callbacks,
            services: Vec::new(),
        }
    }
}

/// A host's name as browsers send it, or an asterisk for any.
fn host_name(text: &str) -> Result<String, String> {
    if text == "*" {
        return Ok(text.to_owned());
    }
    let host = Host::parse(text.trim_end_matches('.')).map_err(|_| {
        "it must be the name alone, without https:// and without a port, such as hub.example.com".to_owned()
    })?;
    Ok(host.to_string())
}

/// An http or https URL without a path, as its origin.
pub fn origin(text: &str) -> Result<String, String> {
    let is_bare = |url: &Url| {
        let path = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        path && url.username().is_empty() && url.password().is_none()
    };
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && is_bare(&url) => Ok(url.origin().ascii_serialization()),
        _ => Err("it must be http:// or https:// and a host, without a user name and without a path, such as \
                  https://hub.example.com"
            .to_owned()),
    }
}
