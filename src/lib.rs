//! connhub: the connctd connector platform in one binary.
//!
//! A request goes down one staircase, `http` or `graphql` → `ops` → `store`, and its answer comes
//! back up the same one. `callback` stands beside `ops` and sends what operations wrote down.
//! `model` is what all of them talk about. `door` accepts connections and hands their requests to
//! `http`. `app` puts the parts together for `cli`.
//!
//! News goes the other way: an operation publishes what it changed once that is committed
//! ([`ops::live`]), `graphql` makes responses of it for whoever subscribed, and `http` sends them
//! over WebSockets.
//!
//! # Quirks of the platform that are imitated
//!
//! - The signed URL always begins with `https`, also where a loopback callback travels over plain
//!   http: the SDK's handlers assume https (SDK; `--sign-actual-scheme` turns it off).
//! - The callback of an instance has `installation_id` in snake case, those of actions have
//!   `thingId` in camel case (documentation, SDK).
//! - `state` in a report is a number (SDK) or a name (documentation).
//! - A property update is a PUT (SDK) or a POST (documentation).
//! - `{"type": 0, "content": ""}` is no further step (SDK).
//! - 200 with a status is an answer to an action, beside the documented 202 (older SDKs).
//! - The authorization response has `scope` beside `code` and `state`, and scopes are returned in the order of the
//!   request (documentation).
//! - `Content-Type` of a callback is `application/json` without parameters: the SDK compares it whole.
//! - JSON is read from an answer whatever its `Content-Type`: the SDK sends some as `text/plain`.
//! - The zero time of Go, an empty and an absent `lastUpdate` all mean now (SDK).
//! - A null list in a thing is an empty one (SDK).
//! - A removal whose callback fails takes place all the same, and answers the object and an error
//!   (documentation).

pub mod app;
pub mod callback;
pub mod cli;
pub mod config;
pub mod demo;
pub mod devcert;
pub mod door;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod graphql;
pub mod http;
pub mod metrics;
pub mod model;
pub mod ops;
mod store;
