//! Places for queries at work, shared fairly: as many as there are readers, of which one caller gets
//! half at the most. Callers who wait get the next free place in turns, so one with a hundred queries
//! waits for its own and not the others for it.
//!
//! Used by the engine. Whoever waits holds no thread.

use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use tokio::sync::oneshot;

/// Whoever asks: a number that tells callers apart.
pub type CallerKey = u64;

/// After how many that wait those are looked for who have gone away.
const LOOK_EVERY: usize = 64;

/// All places.
#[derive(Clone)]
pub struct Places(Arc<Mutex<State>>);

struct State {
    free: usize,
    /// The most that one caller may have.
    of_one_max: usize,
    callers: HashMap<CallerKey, Caller>,
    /// Those who wait, each once, in the order of their turns.
    turns: VecDeque<CallerKey>,
}

/// One who has places or waits for some.
#[derive(Default)]
struct Caller {
    taken: usize,
    waiting: VecDeque<oneshot::Sender<Place>>,
}

/// A place, until it is dropped.
pub struct Place {
    /// None where it was given to somebody who has gone away.
    places: Option<Places>,
    caller: CallerKey,
}

impl Places {
    /// So many places.
    pub fn new(number: usize) -> Self {
        let of_one_max = number.div_ceil(2);
        let state = State { free: number, of_one_max, callers: HashMap::new(), turns: VecDeque::new() };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Waits for a place.
    pub async fn take(&self, caller: CallerKey) -> Place {
        let waiting = self.0.lock().enter(caller);
        match waiting {
            // Somebody who waits is always given a place: nobody drops the sender before.
            Some(waiting) => match waiting.await {
                Ok(place) => place,
                Err(_) => Place { places: None, caller },
            },
            None => Place { places: Some(self.clone()), caller },
        }
    }

    fn give_back(self, mut caller: CallerKey) {
        loop {
            let next = self.0.lock().leave(caller);
            let Some((next, sender)) = next else { return };
            let place = Place { places: Some(self.clone()), caller: next };
            let Err(mut unwanted) = sender.send(place) else { return };
            // It has gone away; the place is for the next one. In a loop, for there may be thousands.
            unwanted.places = None;
            caller = next;
        }
    }
}

impl State {
    /// Takes a place, if there is one for this caller, or waits for it.
    fn enter(&mut self, key: CallerKey) -> Option<oneshot::Receiver<Place>> {
        let caller = self.callers.entry(key).or_default();
        if self.free > 0 && caller.taken < self.of_one_max {
            self.free -= 1;
            caller.taken += 1;
            return None;
        }
        if caller.waiting.is_empty() {
            self.turns.push_back(key);
        } else if caller.waiting.len().is_multiple_of(LOOK_EVERY) {
            // One stays, so that the caller's turn stands.
            let first = caller.waiting.pop_front();
            caller.waiting.retain(|sender| !sender.is_closed());
            if let Some(first) = first {
                caller.waiting.push_front(first);
            }
        }
        let (sender, receiver) = oneshot::channel();
        caller.waiting.push_back(sender);
        Some(receiver)
    }

    /// Gives a place back, and finds out who gets it.
    fn leave(&mut self, key: CallerKey) -> Option<(CallerKey, oneshot::Sender<Place>)> {
        self.free += 1;
        if let Some(caller) = self.callers.get_mut(&key) {
            caller.taken -= 1;
            if caller.taken == 0 && caller.waiting.is_empty() {
                self.callers.remove(&key);
            }
        }
        for _ in 0..self.turns.len() {
            let key = self.turns.pop_front()?;
            let caller = self.callers.get_mut(&key)?;
            if caller.taken >= self.of_one_max {
                self.turns.push_back(key);
                continue;
            }
            let sender = caller.waiting.pop_front()?;
            self.free -= 1;
            caller.taken += 1;
            if !caller.waiting.is_empty() {
                self.turns.push_back(key);
            }
            return Some((key, sender));
        }
        None
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(places) = self.places.take() {
            places.give_back(self.caller);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    const HOG: CallerKey = 1;
    const OTHER: CallerKey = 2;

    fn now(places: &Places, caller: CallerKey) -> Option<Place> {
        places.take(caller).now_or_never()
    }

    fn is_at_rest(places: &Places, number: usize) -> bool {
        let state = places.0.lock();
        state.free == number && state.callers.is_empty() && state.turns.is_empty()
    }

    #[test]
    fn one_caller_gets_half_of_the_places_and_another_the_rest() {
        let places = Places::new(5);
        let taken: Vec<_> = (0..3).map(|_| now(&places, HOG)).collect();
        assert!(taken.iter().all(Option::is_some));
        let mut waits = Box::pin(places.take(HOG));
        assert!((&mut waits).now_or_never().is_none());
        let others = [now(&places, OTHER), now(&places, OTHER)];
        assert!(others.iter().all(Option::is_some));
        assert!(now(&places, 3).is_none());
        drop(taken);
        assert!((&mut waits).now_or_never().is_some());
        drop((others, waits));
        assert!(is_at_rest(&places, 5));
    }

    #[test]
    fn whoever_waits_gets_the_next_place_in_turns_whatever_the_others_wait_for() {
        let places = Places::new(1);
        let running = now(&places, HOG);
        let mut hogs: Vec<_> = (0..100).map(|_| Box::pin(places.take(HOG))).collect();
        assert!(hogs.iter_mut().all(|hog| hog.now_or_never().is_none()));
        let mut other = Box::pin(places.take(OTHER));
        assert!((&mut other).now_or_never().is_none());
        drop(running);
        let first = (&mut hogs[0]).now_or_never();
        assert!(first.is_some() && (&mut other).now_or_never().is_none());
        drop(first);
        assert!((&mut other).now_or_never().is_some(), "the second place is for the second caller");
    }

    #[test]
    fn those_who_went_away_leave_nothing_behind() {
        let places = Places::new(2);
        let running = now(&places, HOG);
        for _ in 0..10_000 {
            assert!(now(&places, HOG).is_none());
        }
        assert!(places.0.lock().callers[&HOG].waiting.len() <= LOOK_EVERY + 1);
        let mut waits = Box::pin(places.take(HOG));
        assert!((&mut waits).now_or_never().is_none());
        drop(running);
        let got = (&mut waits).now_or_never();
        assert!(got.is_some());
        drop(got);
        assert!(is_at_rest(&places, 2));
        // One that was given a place and is gone before it looked.
        let running = now(&places, HOG);
        let mut waits = Box::pin(places.take(HOG));
        assert!((&mut waits).now_or_never().is_none());
        drop(running);
        drop(waits);
        assert!(is_at_rest(&places, 2));
    }
}
