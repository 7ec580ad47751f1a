//! connhub: the connctd connector platform in one binary.

pub mod callback;
pub mod demo;
pub mod graphql;
pub mod http;
pub mod model;
pub mod ops;
mod store;
