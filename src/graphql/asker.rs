//! Who a request is from, as far as its token tells: for the queue of queries, where each waits for
//! their own, and for the context, which finds out whether the token's row still stands.

use crate::graphql::places::CallerKey;
use crate::model::address::one_client;
use crate::model::error::Result;
use crate::ops::Platform;
use crate::ops::auth::Bearer;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

/// Whoever asks.
pub struct Asker {
    /// What is known of the token, if one was sent.
    pub bearer: Option<Result<Bearer>>,
    /// Tells them from others: whoever has a good token by whom it is for, however many of them they
    /// have; all others by their address.
    pub key: CallerKey,
}

impl Asker {
    /// Whoever sent this token from there.
    pub fn new(platform: &Platform, hasher: &RandomState, token: Option<&str>, client: Option<IpAddr>) -> Self {
        let bearer = token.map(|token| platform.verify(token));
        let key = match &bearer {
            Some(Ok(bearer)) => hasher.hash_one(bearer.subject()),
            _ => hasher.hash_one(client.map(one_client)),
        };
        Self { bearer, key }
    }
}
