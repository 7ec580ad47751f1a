//! The options about callbacks to connectors.
//!
//! Used by the list of all options.

use crate::callback;
use crate::config::duration;
use clap::Args;
use humantime::Duration;
use ipnet::IpNet;
use std::path::PathBuf;

/// The options about callbacks to connectors.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Callbacks")]
pub struct CallbackOptions {
    /// Range that callbacks may go to although it is private or loopback; repeatable
    #[arg(long, env = "CONNHUB_ALLOW_CALLBACK_NET", value_name = "CIDR", value_delimiter = ',')]
    pub allow_callback_net: Vec<IpNet>,

    /// HTTP proxy that callbacks to the internet go through, such as `http://name:password@proxy.example:3128`; it looks
    /// names up, so it must refuse those with addresses of the local network
    #[arg(
        long,
        env = "CONNHUB_CALLBACK_PROXY",
        value_name = "URL",
        hide_env_values = true,
        value_parser = callback::Proxy::parse
    )]
    pub callback_proxy: Option<callback::Proxy>,

    /// Send no callbacks: installing, instantiating, removing and actions go on without the connector, and say so
    #[arg(long, env = "CONNHUB_NO_CALLBACKS")]
    pub no_callbacks: bool,

    /// PEM file with certificate authorities that connectors' certificates may be from
    #[arg(long, env = "CONNHUB_CALLBACK_CA", value_name = "FILE")]
    pub callback_ca: Option<PathBuf>,

    /// Sign the URL's real scheme, http for plain http, where https is what the SDK expects
    #[arg(long, env = "CONNHUB_SIGN_ACTUAL_SCHEME")]
    pub sign_actual_scheme: bool,

    /// How long a callback may take as a whole
    #[arg(
        long,
        env = "CONNHUB_CALLBACK_TIMEOUT",
        value_name = "DURATION",
        default_value = "10s",
        value_parser = duration::wait
    )]
    pub callback_timeout: Duration,

    /// How long connecting to a connector may take
    #[arg(
        long,
        env = "CONNHUB_CALLBACK_CONNECT_TIMEOUT",
        value_name = "DURATION",
        default_value = "3s",
        value_parser = duration::wait
    )]
    pub callback_connect_timeout: Duration,

    /// How many callbacks may be under way at once
    #[arg(
        long,
        env = "CONNHUB_CALLBACK_THREADS",
        value_name = "NUMBER",
        default_value_t = 256,
        value_parser = clap::value_parser!(u16).range(1..=4096)
    )]
    pub callback_threads: u16,

    /// How many of them to one connector
    #[arg(
        long,
        env = "CONNHUB_CALLBACK_THREADS_PER_PUBLICATION",
        value_name = "NUMBER",
        default_value_t = 16,
        value_parser = clap::value_parser!(u16).range(1..=4096)
    )]
    pub callback_threads_per_publication: u16,

    /// How many of them to all connectors of one account
    #[arg(
        long,
        env = "CONNHUB_CALLBACK_THREADS_PER_OWNER",
        value_name = "NUMBER",
        default_value_t = 32,
        default_value_if("profile", "demo", "2"),
        value_parser = clap::value_parser!(u16).range(1..=4096)
    )]
    pub callback_threads_per_owner: u16,

    /// How many callbacks may wait for one connector
    #[arg(
        long,
        env = "CONNHUB_CALLBACK_QUEUE",
        value_name = "NUMBER",
        default_value_t = 10_000,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    pub callback_queue: u32,

    /// How long entries of the callback log are kept
    #[arg(
        long,
        env = "CONNHUB_CALLBACK_LOG_AGE",
        value_name = "DURATION",
        default_value = "7days",
        value_parser = duration::lifetime
    )]
    pub callback_log_age: Duration,

    /// How many entries of the callback log are kept of each connector
    #[arg(long, env = "CONNHUB_CALLBACK_LOG_ENTRIES", value_name = "NUMBER", default_value_t = 10_000)]
    pub callback_log_entries: u32,

    /// How long action requests are kept; those that have not ended are kept until they end
    #[arg(
        long,
        env = "CONNHUB_ACTION_REQUEST_AGE",
        value_name = "DURATION",
        default_value = "30days",
        value_parser = duration::lifetime
    )]
    pub action_request_age: Duration,

    /// How many action requests are kept of each app; those that have not ended are kept besides
    #[arg(long, env = "CONNHUB_ACTION_REQUESTS_KEPT", value_name = "NUMBER", default_value_t = 10_000)]
    pub action_requests_kept: u32,
}
