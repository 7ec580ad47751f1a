//! Tickets: who has signed in for which authorization request and has not answered yet. They are in
//! memory alone: a restart means to begin again, and nothing was promised.

use crate::model::account::Account;
use crate::ops::authorization::AuthorizationRequest;
use crate::ops::secret;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long somebody may think about a request.
const LIFETIME: Duration = Duration::from_secs(600);
/// The most requests that wait for an answer. Past it the oldest is forgotten; only who can sign in
/// makes any.
const TICKETS_MAX: usize = 1_000;

/// The requests that wait for an answer, by the hash of their ticket.
#[derive(Default)]
pub(in crate::ops) struct Tickets(Mutex<HashMap<[u8; 32], Waiting>>);

struct Waiting {
    request: AuthorizationRequest,
    account: Account,
    since: Instant,
}

impl Tickets {
    /// A ticket for somebody's answer to a request.
    pub(super) fn give(&self, request: AuthorizationRequest, account: Account) -> String {
        let ticket = secret::generate();
        let mut waiting = self.0.lock();
        if waiting.len() >= TICKETS_MAX {
            waiting.retain(|_, one| one.since.elapsed() < LIFETIME);
        }
        if waiting.len() >= TICKETS_MAX
            && let Some(oldest) = waiting.iter().min_by_key(|(_, one)| one.since).map(|(hash, _)| *hash)
        {
            waiting.remove(&oldest);
        }
        waiting.insert(secret::hash(&ticket), Waiting { request, account, since: Instant::now() });
        ticket
    }

    /// What a ticket was given for; it is none afterwards.
    pub(super) fn take(&self, ticket: &str) -> Option<(AuthorizationRequest, Account)> {
        let waiting = self.0.lock().remove(&secret::hash(ticket))?;
        (waiting.since.elapsed() < LIFETIME).then_some((waiting.request, waiting.account))
    }
}
