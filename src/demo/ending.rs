//! Ends what is ongoing: tells the hub COMPLETE or FAILED. May use `hub`, `memory`, `answer` and
//! `state`. Used by `clockwork`, when the time has come, and `page`, when a person confirms.

use super::answer;
use super::hub::{Hub, HubError, Kind, Reported};
use super::memory::Memory;
use super::state::Subject;

/// Reports the end of something ongoing, `by` whatever brought it about, and remembers that this
/// was done. Something that is not ongoing (any more) is fine.
pub fn report(memory: &Memory, hub: &Hub, subject: &Subject, by: &str) -> Result<(), HubError> {
    let known = memory.read(|state| {
        let known = state.membership(subject)?;
        Some((known.token.clone(), known.ending.clone()?))
    });
    let Some((token, ending)) = known else {
        return Ok(());
    };
    let kind = match subject {
        Subject::Installation(_) => Kind::Installation,
        Subject::Instance(_) => Kind::Instance,
    };
    let (reported, details) = if ending.fails {
        (Reported::Failed, answer::failure_details())
    } else {
        (Reported::Complete, answer::completion_details(by))
    };
    let outcome = hub.report_state(kind, &token, reported, &details);
    match &outcome {
        Err(HubError::Gone) => memory.forget(subject, &token),
        // It stays ongoing here, so that it is tried again.
        Err(HubError::Unavailable(_)) => {}
        Ok(()) | Err(HubError::Refused(_)) => {
            memory.change(|state| {
                if let Some(known) = state.membership_mut(subject) {
                    known.ending = None;
                }
            });
            memory.save_or_log();
        }
    }
    outcome
}
