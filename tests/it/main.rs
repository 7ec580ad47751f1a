//! The integration tests: the real program, asked over real sockets, with a test connector that
//! shares no code with it. One file per noun; harness, connector and users are the tools.

mod connector;
#[path = "../disk/mod.rs"]
mod disk;
mod harness;
mod http;
mod http2;
mod socket;
mod users;
mod wait;

mod accounts;
mod actions;
mod backup;
mod bad_input;
mod callback_addresses;
mod callbacks;
mod check;
mod clients;
mod configurations;
mod connections;
mod constraints;
mod demo;
mod dev_cert;
mod full_disk;
mod graphql_http;
mod graphql_limits;
mod history;
mod hub;
mod installations;
mod instances;
mod isolation;
mod live;
mod live_instances;
mod live_protocol;
mod metrics;
mod migrations;
mod oauth;
mod origins;
mod own_things;
mod page;
mod permissions;
mod publications;
mod quotas;
mod readme;
mod recovery;
mod registration;
mod removals;
mod retention;
mod seed;
mod sign_in_time;
mod startup;
mod things;
mod tls;
mod tokens;
