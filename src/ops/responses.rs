//! All responses that are in memory: how many bytes each may take while it is made and sent, and all of them together,
//! of which one party may have half. A small response is not counted among all: there are only so many requests at once.
//!
//! Used by `graphql`.

use crate::model::party::{Lane, Party};
use crate::ops::meter::{Meter, Use};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

/// What a response may take before it counts among all.
const SMALL_BYTES: usize = 64 << 10;
/// In which amounts it is counted then, so that few charges meet at the lock of all.
const CHUNK_BYTES: usize = 256 << 10;

/// How many bytes responses may take.
#[derive(Debug, Clone, Copy)]
pub struct ResponseLimits {
    /// One, as it is sent; and what it is made of, and what is read for it.
    pub one: usize,
    /// All together.
    pub all: usize,
}

/// All responses in memory.
pub struct Responses {
    limits: ResponseLimits,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    lanes: HashMap<Lane, usize>,
}

/// Why a response cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// It would be larger than a response may be.
    One(usize),
    /// There is no room for it among all.
    All,
}

/// The bytes of one response, until it is dropped.
pub struct ResponseBytes {
    responses: Arc<Responses>,
    lane: Lane,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    read: usize,
    written: usize,
    sent: usize,
    /// How much of it counts among all.
    reserved: usize,
    excess: Option<Excess>,
}

impl Responses {
    /// No responses yet.
    #[must_use]
    pub fn new(limits: ResponseLimits) -> Arc<Self> {
        Arc::new(Self { limits, taken: Mutex::default() })
    }

    /// A response for a party.
    #[must_use]
    pub fn begin(self: &Arc<Self>, party: Party) -> Arc<ResponseBytes> {
        Arc::new(ResponseBytes { responses: Arc::clone(self), lane: party.lane(), state: Mutex::default() })
    }

    fn reserve(&self, lane: Lane, bytes: usize) -> bool {
        let mut taken = self.taken.lock();
        let of_lane = taken.lanes.get(&lane).copied().unwrap_or(0);
        let fits = taken.all + bytes <= self.limits.all && of_lane + bytes <= self.limits.all / 2;
        if fits {
            taken.all += bytes;
            *taken.lanes.entry(lane).or_default() += bytes;
        }
        fits
    }

    fn release(&self, lane: Lane, bytes: usize) {
        if bytes == 0 {
            return;
        }
        let mut taken = self.taken.lock();
        taken.all -= bytes;
        if let Entry::Occupied(mut of_lane) = taken.lanes.entry(lane) {
            *of_lane.get_mut() -= bytes;
            if *of_lane.get() == 0 {
                of_lane.remove();
            }
        }
    }
}

impl ResponseBytes {
    /// Why it cannot be made, if so.
    #[must_use]
    pub fn excess(&self) -> Option<Excess> {
        self.state.lock().excess
    }

    /// What it was made of is gone: it counts as it is sent from now on.
    pub fn made(&self) {
        let mut state = self.state.lock();
        (state.read, state.written) = (0, 0);
        let needed = needed(state.sent);
        let unneeded = state.reserved.saturating_sub(needed);
        state.reserved -= unneeded;
        self.responses.release(self.lane, unneeded);
    }
}

/// How much of so many bytes counts among all.
fn needed(bytes: usize) -> usize {
    if bytes <= SMALL_BYTES { 0 } else { bytes.next_multiple_of(CHUNK_BYTES) }
}

impl Meter for ResponseBytes {
    fn take(&self, used: Use, bytes: usize) -> bool {
        let mut state = self.state.lock();
        if state.excess.is_some() {
            return false;
        }
        let sum = match used {
            Use::Read => &mut state.read,
            Use::Written => &mut state.written,
            Use::Sent => &mut state.sent,
        };
        *sum = sum.saturating_add(bytes);
        let of_one = self.responses.limits.one;
        if *sum > of_one {
            state.excess = Some(Excess::One(of_one));
            return false;
        }
        let more = needed(state.read + state.written + state.sent).saturating_sub(state.reserved);
        if more > 0 {
            if !self.responses.reserve(self.lane, more) {
                state.excess = Some(Excess::All);
                return false;
            }
            state.reserved += more;
        }
        true
    }
}

impl Drop for ResponseBytes {
    fn drop(&mut self) {
        let reserved = self.state.lock().reserved;
        self.responses.release(self.lane, reserved);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::AccountId;

    const MIB: usize = 1 << 20;

    fn party() -> Party {
        Party::new(Some(AccountId::generate()), None)
    }

    fn responses() -> Arc<Responses> {
        Responses::new(ResponseLimits { one: 2 * MIB, all: 8 * MIB })
    }

    #[test]
    fn a_response_has_its_bound_for_what_is_read_written_and_sent() {
        for used in [Use::Read, Use::Written, Use::Sent] {
            let responses = responses();
            let response = responses.begin(party());
            assert!(response.take(used, 2 * MIB) && response.excess().is_none());
            assert!(!response.take(used, 1) && response.excess() == Some(Excess::One(2 * MIB)), "{used:?}");
            assert!(!response.take(used, 0), "what was refused once stays so");
            drop(response);
            assert_eq!(responses.taken.lock().all, 0);
        }
    }

    #[test]
    fn one_party_has_half_of_what_all_have_and_gives_it_back() {
        let responses = responses();
        let (greedy, other) = (party(), party());
        let of = |party, bytes| {
            let response = responses.begin(party);
            let fits = response.take(Use::Written, bytes);
            (response, fits)
        };
        let taken = [of(greedy, 2 * MIB), of(greedy, 2 * MIB)];
        assert!(taken.iter().all(|(_, fits)| *fits));
        let (refused, fits) = of(greedy, MIB);
        assert!(!fits && refused.excess() == Some(Excess::All));
        assert!(of(greedy, SMALL_BYTES).1, "a small one is always possible");
        assert!(of(other, 2 * MIB).1);
        drop(taken);
        assert!(of(greedy, 2 * MIB).1);
        drop(refused);
        assert!(responses.taken.lock().all == 0 && responses.taken.lock().lanes.is_empty());
    }

    #[test]
    fn what_was_made_counts_as_it_is_sent() {
        let responses = responses();
        let response = responses.begin(party());
        assert!(response.take(Use::Read, MIB) && response.take(Use::Written, MIB) && response.take(Use::Sent, MIB));
        assert_eq!(responses.taken.lock().all, 3 * MIB);
        response.made();
        assert_eq!(responses.taken.lock().all, MIB);
        drop(response);
        assert_eq!(responses.taken.lock().all, 0);
    }
}
