//! The options that bound what anybody may ask for at once.
//!
//! Used by the list of all options.

use crate::graphql;
use clap::Args;

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
}

impl LimitOptions {
    /// What the GraphQL engine needs to know.
    #[must_use]
    pub fn of_graphql(&self) -> graphql::Limits {
        graphql::Limits { tokens: self.graphql_tokens, root_fields: self.graphql_root_fields, cost: self.graphql_cost }
    }
}
