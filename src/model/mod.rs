//! Nouns and their rules: what the words of the domain mean and what holds for them.
//!
//! May use: small value crates (time, uuid, regex, regex-syntax, url, ipnet, sha2, base64, icu_*, jiff). Must not know SQL, HTTP, GraphQL,
//! threads, the clock or wire shapes. Every other room (but the demo connector) uses it.
//! The rules come from the platform's documentation and its official Go SDK; where a fact is of
//! the protocol, the item's documentation names the source.

pub mod account;
pub mod action;
pub mod address;
pub mod app;
pub mod bucket;
pub mod callback;
pub mod constraint;
pub mod error;
pub mod filter;
pub mod grant;
pub mod hiding;
pub mod history;
pub mod id;
pub mod installation;
pub mod instance;
pub mod interval;
pub mod lifecycle;
pub mod markdown;
pub mod page;
pub mod parameter;
pub mod party;
pub mod pattern;
pub mod pem;
pub mod pkce;
pub mod publication;
pub mod redirect;
pub mod text;
pub mod thing;
pub mod time;
pub mod token;
pub mod url;
pub mod usage;
pub mod value;
pub mod zone;
