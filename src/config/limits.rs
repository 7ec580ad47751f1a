//! The options that bound what anybody may ask for at once.
//!
//! Used by the list of all options.

use crate::config::duration;
use crate::{graphql, http, ops};
use clap::Args;
use humantime::Duration;
use ipnet::IpNet;
use std::net::IpAddr;

/// The options that bound what may be asked for.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitOptions {
    /// How many tokens a GraphQL document may have, and how many values its variables
    #[arg(
        long,
        env = "CONNHUB_GRAPHQL_TOKENS",
        value_name = "NUMBER",
        default_value_t = graphql::TOKENS_MAX,
        value_parser = clap::value_parser!(u32).range(100..=1_000_000)
    )]
    pub graphql_tokens: u32,

    /// How many fields may stand at the root of a GraphQL operation
    #[arg(
        long,
        env = "CONNHUB_GRAPHQL_ROOT_FIELDS",
        value_name = "NUMBER",
        default_value_t = graphql::ROOT_FIELDS_MAX,
        value_parser = clap::value_parser!(u32).range(1..=2_000)
    )]
    pub graphql_root_fields: u32,

    /// How many values a GraphQL answer may have
    #[arg(
        long,
        env = "CONNHUB_GRAPHQL_COST",
        value_name = "NUMBER",
        default_value_t = graphql::COST_MAX,
        value_parser = clap::value_parser!(u32).range(10_000..)
    )]
    pub graphql_cost: u32,

    /// How many bytes a GraphQL response may have, and how many may be read for it
    #[arg(
        long,
        env = "CONNHUB_RESPONSE_BYTES",
        value_name = "BYTES",
        default_value_t = graphql::RESPONSE_BYTES_MAX,
        value_parser = bytes
    )]
    pub response_bytes: usize,

    /// How many bytes all GraphQL responses in memory may take together, those of one address or account half of it
    #[arg(
        long,
        env = "CONNHUB_RESPONSES_BYTES",
        value_name = "BYTES",
        default_value_t = graphql::RESPONSES_BYTES_MAX,
        value_parser = bytes
    )]
    pub responses_bytes: usize,

    /// How long the reads of one query may take together
    #[arg(
        long,
        env = "CONNHUB_QUERY_TIME",
        value_name = "DURATION",
        default_value = "20s",
        default_value_if("profile", "demo", "5s"),
        value_parser = duration::wait
    )]
    pub query_time: Duration,

    /// Range of proxies whose word on a client's address counts (X-Forwarded-For, Forwarded); repeatable
    #[arg(long, env = "CONNHUB_TRUSTED_PROXY", value_name = "CIDR", value_delimiter = ',', value_parser = network)]
    pub trusted_proxy: Vec<IpNet>,

    /// How many requests of one account and its apps may run at once, unless they come from this machine and nobody
    /// else can reach the server
    #[arg(
        long,
        env = "CONNHUB_REQUESTS_PER_ACCOUNT",
        value_name = "NUMBER",
        default_value_t = REQUESTS_PER_ACCOUNT,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub requests_per_account: u32,

    /// How many requests from one address may run at once, unless it is this machine's
    #[arg(
        long,
        env = "CONNHUB_REQUESTS_PER_ADDRESS",
        value_name = "NUMBER",
        default_value_t = REQUESTS_PER_ADDRESS,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub requests_per_address: u32,

    /// How many requests may run at once
    #[arg(
        long,
        env = "CONNHUB_REQUESTS",
        value_name = "NUMBER",
        default_value_t = REQUESTS,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub requests: u32,

    /// How many publications of an account may be on offer
    #[arg(
        long,
        env = "CONNHUB_PUBLICATIONS_PER_ACCOUNT",
        value_name = "NUMBER",
        default_value_t = ops::Quotas::default().publications_per_account,
        default_value_if("profile", "demo", "5"),
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub publications_per_account: u32,

    /// How many apps an account may have
    #[arg(
        long,
        env = "CONNHUB_APPS_PER_ACCOUNT",
        value_name = "NUMBER",
        default_value_t = ops::Quotas::default().apps_per_account,
        default_value_if("profile", "demo", "5"),
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub apps_per_account: u32,

    /// How many installations an app may have
    #[arg(
        long,
        env = "CONNHUB_INSTALLATIONS_PER_APP",
        value_name = "NUMBER",
        default_value_t = ops::Quotas::default().installations_per_app,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub installations_per_app: u32,

    /// How many instances an installation may have
    #[arg(
        long,
        env = "CONNHUB_INSTANCES_PER_INSTALLATION",
        value_name = "NUMBER",
        default_value_t = ops::Quotas::default().instances_per_installation,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub instances_per_installation: u32,

    /// How many things an instance may have
    #[arg(
        long,
        env = "CONNHUB_THINGS_PER_INSTANCE",
        value_name = "NUMBER",
        default_value_t = ops::Quotas::default().things_per_instance,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub things_per_instance: u32,

    /// How many things an app may keep itself
    #[arg(
        long,
        env = "CONNHUB_OWN_THINGS_PER_APP",
        value_name = "NUMBER",
        default_value_t = ops::Quotas::default().own_things_per_app,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub own_things_per_app: u32,

    /// How many action requests of an app may be pending
    #[arg(
        long,
        env = "CONNHUB_PENDING_ACTIONS_PER_APP",
        value_name = "NUMBER",
        default_value_t = ops::Quotas::default().pending_actions_per_app,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub pending_actions_per_app: u32,

    /// How many MiB the points of the past of an account's things may take
    #[arg(
        long,
        env = "CONNHUB_HISTORY_MIB_PER_ACCOUNT",
        value_name = "MIB",
        default_value_t = mib(ops::Quotas::default().history_bytes_per_account),
        default_value_if("profile", "demo", "64"),
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub history_mib_per_account: u32,

    /// How many MiB an account's things may take, with their values, parts and action requests
    #[arg(
        long,
        env = "CONNHUB_THING_MIB_PER_ACCOUNT",
        value_name = "MIB",
        default_value_t = mib(ops::Quotas::default().thing_bytes_per_account),
        default_value_if("profile", "demo", "16"),
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub thing_mib_per_account: u32,

    /// How many MiB of the callback log are kept of all connectors of an account
    #[arg(
        long,
        env = "CONNHUB_CALLBACK_LOG_MIB_PER_ACCOUNT",
        value_name = "MIB",
        default_value_t = mib(ops::Quotas::default().callback_log_bytes_per_account),
        default_value_if("profile", "demo", "16"),
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub callback_log_mib_per_account: u32,

    /// How many changes an account may make in a second on average, with bursts of ten times as many: values, things,
    /// states and action requests; in a sandbox as many as it likes if not given, else 1000
    #[arg(
        long,
        env = "CONNHUB_CHANGES_PER_SECOND",
        value_name = "NUMBER",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub changes_per_second: Option<u32>,
}

const MIB: u64 = 1024 * 1024;

fn mib(bytes: u64) -> u32 {
    u32::try_from(bytes / MIB).unwrap_or(u32::MAX)
}

/// A number of bytes that leaves room for responses as the Developer Center needs them.
fn bytes(text: &str) -> Result<usize, String> {
    let bytes: usize = text.parse().map_err(|_| "it must be a number of bytes, such as 67108864".to_owned())?;
    if bytes < RESPONSE_BYTES_MIN {
        return Err(format!("it must be {RESPONSE_BYTES_MIN} or more"));
    }
    Ok(bytes)
}

/// A network, or a single address.
fn network(text: &str) -> Result<IpNet, String> {
    let single = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or_else(|_| single()).map_err(|_| format!("{text:?} is no network, as 10.0.0.0/8, and no address"))
}

/// Far more than connectors and apps have under way: 64 connections of one connector, say.
const REQUESTS_PER_ACCOUNT: u32 = 128;
/// The least that a response may have to be allowed, in bytes.
const RESPONSE_BYTES_MIN: usize = 1 << 20;
/// An office behind one address.
const REQUESTS_PER_ADDRESS: u32 = 256;
/// A thousand sensors with a value each second; the disk takes some fifty times as many.
const CHANGES_PER_SECOND: u32 = 1_000;
/// Each may have a body of a MiB in memory.
const REQUESTS: u32 = 4_096;

impl LimitOptions {
    /// What operations need to know.
    #[must_use]
    pub fn quotas(&self, sandbox: bool) -> ops::Quotas {
        ops::Quotas {
            publications_per_account: self.publications_per_account,
            apps_per_account: self.apps_per_account,
            installations_per_app: self.installations_per_app,
            instances_per_installation: self.instances_per_installation,
            things_per_instance: self.things_per_instance,
            own_things_per_app: self.own_things_per_app,
            pending_actions_per_app: self.pending_actions_per_app,
            history_bytes_per_account: u64::from(self.history_mib_per_account) * MIB,
            thing_bytes_per_account: u64::from(self.thing_mib_per_account) * MIB,
            callback_log_bytes_per_account: u64::from(self.callback_log_mib_per_account) * MIB,
            changes_per_second: self.changes_per_second.or((!sandbox).then_some(CHANGES_PER_SECOND)),
        }
    }

    /// What the HTTP transport needs to know of clients.
    #[must_use]
    pub fn of_clients(&self, body_time: std::time::Duration, sandbox: bool) -> http::Clients {
        http::Clients {
            proxies: http::Proxies::new(self.trusted_proxy.clone()),
            requests: http::RequestsMax {
                account: self.requests_per_account,
                address: self.requests_per_address,
                total: self.requests,
            },
            sandbox,
            body_time,
        }
    }

    /// What the GraphQL engine needs to know.
    #[must_use]
    pub fn of_graphql(&self) -> graphql::Limits {
        // A response is charged as it is read, written and sent, and one party may have half of all: so that the largest
        // one fits.
        let all = self.responses_bytes.max(self.response_bytes.saturating_mul(6));
        let responses = ops::responses::ResponseLimits { one: self.response_bytes, all };
        graphql::Limits {
            tokens: self.graphql_tokens,
            root_fields: self.graphql_root_fields,
            cost: self.graphql_cost,
            responses,
        }
    }
}
