//! connhub: the connctd connector platform in one binary.
pub mod model;
pub mod store;
