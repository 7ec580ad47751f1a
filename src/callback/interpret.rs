//! What a connector's answer means, or its absence: a pure function from the kind of callback and
//! what was received to an outcome (domain.md, "States", "Actions", "Removal"; protocol.md, "Answers").
//!
//! May use `model`. Used by `worker`.

use crate::callback::advice::{Asked, Origin};
use crate::callback::answer;
use crate::callback::client::{BODY_BYTES_MAX, End, Received};
use crate::callback::problem::{Code, Problem};
use crate::model::action::{ActionOutcome, ActionStatus, cut_error};
use crate::model::callback::{CallbackKind, Outcome};
use crate::model::lifecycle::{Details, Standing, State};
use serde::Serialize;
use std::time::Duration;

/// How much of an answer's body the details show, in characters (domain.md, "States").
const EXCERPT_CHARACTERS_MAX: usize = 1_024;

/// The longest words of the connector that are part of a description, in characters.
const SAID_CHARACTERS_MAX: usize = 300;

/// What was received: the answer with its body as people may see it (secrets redacted), or what
/// went wrong.
pub(super) type Heard<'a> = Result<(&'a Received, &'a str), &'a Problem>;

/// What a callback came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// What it changes.
    pub outcome: Outcome,
    /// What went wrong, for the log; none for an answer that the protocol has, be it a refusal.
    pub error: Option<String>,
    /// What is odd about a response that was taken all the same.
    pub oddity: Option<&'static str>,
}

/// What is odd about a response whose body had no end.
const OPEN: &str = "the connector's response has neither Content-Length nor chunks, and the connection stayed open, \
                    so its body has no end; it was taken for complete after a while";

/// Says what a callback came to that was asked like this.
pub(super) fn interpret(kind: CallbackKind, asked: Asked<'_>, heard: Heard<'_>, elapsed: Duration) -> Verdict {
    let origin = heard.ok().map(|(received, shown)| Origin::of(received, shown, asked));
    let observed = Observed { kind, heard, origin, elapsed };
    let judged = match heard {
        Err(problem) => Err(problem.clone()),
        Ok((received, _)) => match kind {
            CallbackKind::Installation | CallbackKind::Instance => observed.lifecycle(received),
            CallbackKind::InstallationRemoval | CallbackKind::InstanceRemoval => observed.removal(received),
            CallbackKind::Action => observed.action(received),
        },
    };
    match judged {
        Ok(outcome) => {
            let open = heard.is_ok_and(|(received, _)| matches!(received.end, End::Open));
            Verdict { outcome, error: None, oddity: open.then_some(OPEN) }
        }
        Err(problem) => observed.failure(&problem),
    }
}

/// What a callback came to that never was an exchange, by our own fault.
pub(super) fn our_fault(kind: CallbackKind) -> Verdict {
    let problem = Problem::new(Code::Internal, "the server failed while it was at this callback");
    Observed { kind, heard: Err(&problem), origin: None, elapsed: Duration::ZERO }.failure(&problem)
}

fn action_body(body: &[u8]) -> Result<ActionOutcome, String> {
    let answer::ActionAnswer { status, error } = answer::action(body)?;
    match ActionStatus::from_name(&status) {
        // What has failed is not pending.
        _ if status.is_empty() && !error.is_empty() => Ok(ActionOutcome::Failed(cut_error(&error))),
        _ if status.is_empty() => Ok(ActionOutcome::StillPending),
        Some(ActionStatus::Pending) => Ok(ActionOutcome::StillPending),
        Some(ActionStatus::Completed) if error.is_empty() => Ok(ActionOutcome::Completed),
        Some(ActionStatus::Completed) => Err(format!("it says COMPLETED and yet has an error: {error}")),
        Some(ActionStatus::Failed) if error.is_empty() => {
            Ok(ActionOutcome::Failed("the connector did not say why it failed".to_owned()))
        }
        Some(ActionStatus::Failed) => Ok(ActionOutcome::Failed(cut_error(&error))),
        Some(ActionStatus::Canceled) | None => {
            Err(format!("its status is {status:?}, not PENDING, FAILED or COMPLETED"))
        }
    }
}

/// The body, if all of it came.
fn whole(received: &Received) -> Result<&[u8], Problem> {
    match &received.end {
        End::Whole => Ok(&received.body),
        End::TooLarge => Err(Problem::new(
            Code::AnswerTooLarge,
            format!("the body of the connector's answer is longer than {} KiB", BODY_BYTES_MAX / 1_024),
        )),
        // What came may be all of it: nothing, or all of a JSON value.
        End::Open if answer::is_empty(&received.body) || is_json(&received.body) => Ok(&received.body),
        End::Open => Err(Problem::new(
            Code::MalformedAnswer,
            "the connector's response has neither Content-Length nor chunks, and the connection stayed open, so its \
             body has no end",
        )),
        End::Broken(problem) => Err(problem.clone()),
    }
}

fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

/// What could not be read, unless its encoding is why.
fn malformed(received: &Received, what: String) -> Problem {
    let what = answer::encoded(&received.headers, &received.body).unwrap_or(what);
    Problem::new(Code::MalformedAnswer, format!("the connector's answer is malformed: {what}"))
}

/// What there is to tell where a callback did not come to what it should.
struct Observed<'a> {
    kind: CallbackKind,
    heard: Heard<'a>,
    origin: Option<Origin<'a>>,
    elapsed: Duration,
}

/// The details of a standing that the platform sets itself (domain.md, "States").
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ObservedDetails<'a> {
    error: &'static str,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    elapsed_ms: u128,
}

impl Observed<'_> {
    fn removal(&self, received: &Received) -> Result<Outcome, Problem> {
        if received.status == 204 { Ok(Outcome::Removal(Ok(()))) } else { Err(self.unexpected(received)) }
    }

    fn action(&self, received: &Received) -> Result<Outcome, Problem> {
        let refused = |what: &str| {
            let text = self.words().map_or_else(|| what.to_owned(), |words| format!("{what}: {words}"));
            ActionOutcome::Failed(cut_error(&text))
        };
        let outcome = match received.status {
            204 => ActionOutcome::Completed,
            // Older SDKs answer 200 with the body of a 202; a 200 without it is some other server's.
            200 if answer::is_empty(whole(received)?) || self.is_foreign() => return Err(self.unexpected(received)),
            200 | 202 => action_body(whole(received)?).map_err(|what| malformed(received, what))?,
            400 | 403 if self.is_about_the_way() => return Err(self.unexpected(received)),
            400 => refused("bad parameters"),
            403 => refused("action not allowed"),
            _ => return Err(self.unexpected(received)),
        };
        Ok(Outcome::Action(outcome))
    }

    fn unexpected(&self, received: &Received) -> Problem {
        let status = ureq::http::StatusCode::from_u16(received.status).ok();
        let reason = status.and_then(|status| status.canonical_reason());
        let reason = reason.map_or(String::new(), |text| format!(" ({text})"));
        let page = self.origin.as_ref().and_then(Origin::page).map_or(String::new(), |page| format!(" and {page}"));
        let what = format!("the connector answered with status {}{reason}{page}", received.status);
        Problem::new(Code::UnexpectedStatus, what)
    }

    fn is_foreign(&self) -> bool {
        self.origin.as_ref().is_some_and(Origin::is_foreign)
    }

    fn is_about_the_way(&self) -> bool {
        self.origin.as_ref().is_some_and(Origin::is_about_the_way)
    }

    /// The connector's own words. Without them, that its body cannot be read. A page has none.
    fn words(&self) -> Option<String> {
        let (received, shown) = self.heard.ok()?;
        if self.origin.as_ref().and_then(Origin::page).is_some() {
            return None;
        }
        let is_text = std::str::from_utf8(&received.body).is_ok();
        let encoded = if is_text { None } else { answer::encoded(&received.headers, &received.body) };
        encoded.or_else(|| answer::words(shown))
    }

    fn lifecycle(&self, received: &Received) -> Result<Outcome, Problem> {
        let standing = match received.status {
            201 => Standing { state: State::Complete, details: None, further_step: None },
            202 => {
                let body = answer::lifecycle(whole(received)?).map_err(|what| malformed(received, what))?;
                Standing { state: State::Ongoing, details: body.details, further_step: body.further_step }
            }
            401 | 403 => {
                let own = whole(received).ok().and_then(answer::details_if_any);
                let observed = || {
                    let page = self.origin.as_ref().and_then(Origin::page);
                    let page = page.map_or(String::new(), |page| format!(" and {page}"));
                    let what = format!("the connector refused with status {}{page}", received.status);
                    self.details(&Problem::new(Code::Refused, what))
                };
                Standing { state: State::Failed, details: Some(own.unwrap_or_else(observed)), further_step: None }
            }
            _ => return Err(self.unexpected(received)),
        };
        Ok(Outcome::Standing(standing))
    }

    fn failure(&self, problem: &Problem) -> Verdict {
        let outcome = match self.kind {
            CallbackKind::Installation | CallbackKind::Instance => {
                let state = if problem.code == Code::Internal { State::InternalError } else { State::Error };
                Outcome::Standing(Standing { state, details: Some(self.details(problem)), further_step: None })
            }
            CallbackKind::InstallationRemoval | CallbackKind::InstanceRemoval => {
                Outcome::Removal(Err(self.sentence(problem)))
            }
            CallbackKind::Action => Outcome::Action(ActionOutcome::Failed(cut_error(&self.sentence(problem)))),
        };
        Verdict { outcome, error: Some(problem.logged()), oddity: None }
    }

    /// What was observed, with what the connector said if that is all there is, and what to do about a
    /// response that is probably not the connector's or is about the signature.
    fn sentence(&self, problem: &Problem) -> String {
        let said = self.said(problem);
        match &self.origin {
            Some(origin) if problem.code == Code::UnexpectedStatus && origin.is_about_the_way() => {
                format!("{problem}{said}: {}", origin.advice())
            }
            _ => format!("{problem}{said}"),
        }
    }

    /// The connector's own words, if the status is all that tells what went wrong.
    fn said(&self, problem: &Problem) -> String {
        let by_status = matches!(problem.code, Code::UnexpectedStatus | Code::Refused);
        let words = if by_status { self.words() } else { None };
        words.map_or(String::new(), |words| format!(": {words}"))
    }

    fn details(&self, problem: &Problem) -> Details {
        // Long ones are in the body beside it.
        let said =
            Some(self.said(problem)).filter(|said| said.chars().count() <= SAID_CHARACTERS_MAX).unwrap_or_default();
        let details = ObservedDetails {
            error: problem.code.name(),
            description: format!("{problem}{said}: {}", self.advice(problem.code)),
            status: self.heard.ok().map(|(received, _)| received.status),
            body: self.excerpt(),
            elapsed_ms: self.elapsed.as_millis(),
        };
        // Cannot fail: texts and numbers under keys that are texts.
        Details::from_json_object(serde_json::to_string(&details).expect("texts and numbers are always JSON"))
    }

    fn excerpt(&self) -> Option<&str> {
        let (_, shown) = self.heard.ok()?;
        let end = shown.char_indices().nth(EXCERPT_CHARACTERS_MAX).map_or(shown.len(), |(index, _)| index);
        Some(&shown[..end])
    }

    fn advice(&self, code: Code) -> String {
        let advice = match &self.origin {
            Some(origin) if matches!(code, Code::UnexpectedStatus | Code::Refused) => origin.advice(),
            _ => code.advice().to_owned(),
        };
        format!("{advice}; then remove this and try again")
    }
}

#[cfg(test)]
mod tests;
