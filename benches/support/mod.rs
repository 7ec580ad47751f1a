//! What the crash test and the benchmarks share: processes, a lean HTTP client, the platform's API
//! as they use it, and a connector. Nothing of the library: both see the server from outside.

// Each of the two uses most of it, and neither all of it.
#![allow(dead_code)]

pub mod api;
pub mod connector;
pub mod http;
pub mod process;
