//! connhub: the connctd connector platform in one binary.

pub mod demo;
