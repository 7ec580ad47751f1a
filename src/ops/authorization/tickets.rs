//! Tickets: who has signed in for which authorization request, and what they answered. They are in memory only: after
//! a restart the person starts again, and nothing was promised.
//!
//! An answer is kept for a while, because a form may be sent twice: by a double click, or because the response to it
//! was lost. A repeat within [`REPEAT_GRACE`] gets the same redirect with the same code. Later, or with another
//! answer, it learns what was answered.

use crate::model::account::Account;
use crate::ops::authorization::{AuthorizationRequest, Decision, DecisionRefusal, Redirection};
use crate::ops::grant::REPEAT_GRACE;
use crate::ops::secret;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::OnceCell;

/// How long somebody may think about a request.
const LIFETIME: Duration = Duration::from_secs(600);
/// The most requests that are kept. Only people who can sign in make any.
const TICKETS_MAX: usize = 1_000;

/// The requests that wait for an answer or have one, by the hash of their ticket.
#[derive(Default)]
pub(in crate::ops) struct Tickets(Mutex<HashMap<[u8; 32], Ticket>>);

/// What is asked, and of whom.
pub(super) struct Question {
    pub(super) request: AuthorizationRequest,
    pub(super) account: Account,
}

struct Ticket {
    question: Arc<Question>,
    since: Instant,
    answer: Option<Arc<Answer>>,
}

/// What somebody answered, and where that leads.
pub(super) struct Answer {
    pub(super) question: Arc<Question>,
    decision: Decision,
    pub(super) redirection: Redirection,
    /// Set once the answer is in the database; until then it does not count.
    pub(super) written: OnceCell<()>,
    since: Instant,
}

impl Ticket {
    /// Whether it is only kept to say what was answered.
    fn is_over(&self) -> bool {
        self.since.elapsed() >= LIFETIME
            || self.answer.as_ref().is_some_and(|answer| answer.since.elapsed() >= REPEAT_GRACE)
    }
}

impl Tickets {
    /// A ticket for somebody's answer to a request. At the limit the requests that are over make room, then the
    /// oldest one.
    pub(super) fn give(&self, request: AuthorizationRequest, account: Account) -> String {
        let ticket = secret::generate();
        let mut tickets = self.0.lock();
        if tickets.len() >= TICKETS_MAX {
            tickets.retain(|_, one| !one.is_over());
        }
        if tickets.len() >= TICKETS_MAX
            && let Some(oldest) = tickets.iter().min_by_key(|(_, one)| one.since).map(|(hash, _)| *hash)
        {
            tickets.remove(&oldest);
        }
        let question = Arc::new(Question { request, account });
        tickets.insert(secret::hash(&ticket), Ticket { question, since: Instant::now(), answer: None });
        ticket
    }

    /// The answer to the request of a ticket. `lead` says where a new answer leads; a repeat gets the answer as it is.
    ///
    /// # Errors
    /// If there is no such ticket, or another answer than this one.
    pub(super) fn answer(
        &self,
        ticket: &str,
        decision: Decision,
        lead: impl FnOnce(&AuthorizationRequest) -> Redirection,
    ) -> Result<Arc<Answer>, DecisionRefusal> {
        let mut tickets = self.0.lock();
        let ticket = tickets.get_mut(&secret::hash(ticket)).filter(|one| one.since.elapsed() < LIFETIME);
        let ticket = ticket.ok_or(DecisionRefusal::Unknown)?;
        if let Some(answer) = &ticket.answer {
            let (fresh, written) = (answer.since.elapsed() < REPEAT_GRACE, answer.written.initialized());
            if fresh && answer.decision == decision {
                return Ok(Arc::clone(answer));
            }
            if written {
                return Err(DecisionRefusal::Answered { allowed: answer.decision != Decision::Deny });
            }
            if fresh {
                return Err(DecisionRefusal::BeingAnswered);
            }
            // It could not be written, so nothing was answered.
        }
        let question = Arc::clone(&ticket.question);
        let redirection = lead(&question.request);
        let written = if decision == Decision::Deny { OnceCell::new_with(Some(())) } else { OnceCell::new() };
        let answer = Arc::new(Answer { question, decision, redirection, written, since: Instant::now() });
        ticket.answer = Some(Arc::clone(&answer));
        Ok(answer)
    }
}
