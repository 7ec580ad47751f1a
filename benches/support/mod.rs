//! What the crash test, the siege and the benchmarks share: processes, a lean HTTP client, the platform's API
//! as they use it, and a connector. Nothing of the library: all see the server from outside.

// Each of them uses most of it, and none all of it.
#![allow(dead_code)]

pub mod api;
pub mod connector;
pub mod http;
pub mod process;
