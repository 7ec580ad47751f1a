//! The time by which things are too old. Clocks are wrong sometimes, a server's too: by days after a battery died, by
//! years where a virtual machine was set back. What is deleted for its age then is lost for good.
//!
//! So age is measured by a clock of its own, which is kept in the database and moves on while the server runs, to the
//! system's time at most. After a time without a server it catches up at [`CATCHING_UP`] times the pace: a week off
//! takes half a day until everything is as old as it should be. If the system's clock has jumped ahead instead, nothing
//! that should stay is deleted for hours or days, in which somebody can see the warning and correct the clock.

use crate::model::error::Result;
use crate::model::time::Timestamp;
use crate::ops::{Platform, now};
use crate::store::{Reply, setting};
use parking_lot::Mutex;
use rusqlite::Connection;
use std::time::{Duration, Instant};

/// Under which name the database keeps it, in microseconds since 1970 as text.
const SETTING: &str = "clock";
/// How many times faster than time it goes while it is behind.
const CATCHING_UP: u32 = 15;
/// How far it may be behind before that is logged: nights and weekends are nothing to speak of.
const WARNED_FROM: Duration = Duration::from_secs(7 * 24 * 60 * 60);

pub(super) struct AgeClock(Mutex<State>);

#[derive(Debug, Clone, Copy)]
struct State {
    shows: Timestamp,
    at: Instant,
    warned: bool,
}

impl State {
    /// What it shows at a later instant, while the system's clock shows `system`.
    fn forward(self, at: Instant, system: Timestamp) -> Self {
        let elapsed = at.saturating_duration_since(self.at);
        // It does not go back: a machine without a battery is in 1970 until it is told the time.
        let shows = self.shows.plus(elapsed.saturating_mul(CATCHING_UP)).min(system).max(self.shows);
        Self { shows, at, ..self }
    }

    fn is_far_behind(self, system: Timestamp) -> bool {
        self.shows.plus(WARNED_FROM) < system
    }
}

impl AgeClock {
    /// As the database has it; as the system has it, where there is none yet.
    pub(super) fn load(connection: &Connection) -> Result<Self> {
        let kept = setting::get(connection, SETTING)?.and_then(|text| String::from_utf8(text).ok()?.parse().ok());
        let shows = kept.map_or_else(now, Timestamp::from_micros);
        Ok(Self(Mutex::new(State { shows, at: Instant::now(), warned: false })))
    }

    /// The time by which things are too old.
    pub(super) fn now(&self) -> Timestamp {
        let mut state = self.0.lock();
        let system = now();
        *state = state.forward(Instant::now(), system);
        match (state.warned, state.is_far_behind(system)) {
            (false, true) => {
                tracing::warn!(
                    clock = %system, last = %state.shows,
                    "the system's clock is more than a week ahead of when this database was last in use. If the clock is \
                     wrong, correct it and restart the server: nothing has been deleted early. If it is right, there is \
                     nothing to do: retention catches up within days"
                );
                state.warned = true;
            }
            (true, false) => {
                tracing::info!(clock = %system, "retention has caught up with the system's clock");
                state.warned = false;
            }
            _ => {}
        }
        state.shows.min(system)
    }
}

impl Platform {
    /// Keeps the clock for the next start.
    pub(super) fn keep_clock(&self) -> Reply<()> {
        self.clock.now();
        let shows = self.clock.0.lock().shows.micros().to_string();
        self.store.write(move |transaction| setting::set(transaction, SETTING, shows.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("a time")
    }

    fn starting(shows: &str) -> State {
        State { shows: at(shows), at: Instant::now(), warned: false }
    }

    #[test]
    fn it_follows_a_clock_that_is_right() {
        let state = starting("2026-01-01T00:00:00Z");
        let later = state.forward(state.at + DAY, at("2026-01-02T00:00:00Z"));
        assert_eq!(later.shows, at("2026-01-02T00:00:00Z"));
        // After a weekend off it has caught up within a few hours.
        let later = later.forward(later.at + DAY / 4, at("2026-01-05T06:00:00Z"));
        assert_eq!(later.shows, at("2026-01-05T06:00:00Z"));
    }

    #[test]
    fn a_clock_that_jumps_ahead_takes_it_along_by_no_more_than_the_pace() {
        let state = starting("2026-01-01T00:00:00Z");
        let wrong = state.forward(state.at + DAY / 24, at("2027-02-05T00:00:00Z"));
        assert_eq!(wrong.shows, at("2026-01-01T15:00:00Z"));
        assert!(wrong.is_far_behind(at("2027-02-05T00:00:00Z")) && !wrong.is_far_behind(at("2026-01-08T00:00:00Z")));
        // Corrected, it is right again.
        let right = wrong.forward(wrong.at + DAY, at("2026-01-02T01:00:00Z"));
        assert_eq!(right.shows, at("2026-01-02T01:00:00Z"));
    }

    #[test]
    fn a_machine_that_is_in_1970_for_a_while_has_nothing_to_catch_up_with() {
        let state = starting("2026-01-01T00:00:00Z");
        let back = state.forward(state.at + DAY / 24, at("1970-01-01T00:00:00Z"));
        let right = back.forward(back.at + DAY, at("2026-01-02T00:00:00Z"));
        assert_eq!(right.shows, at("2026-01-02T00:00:00Z"));
        let clock = AgeClock(Mutex::new(State { shows: Timestamp::LATEST, ..state }));
        assert!(clock.now() <= now(), "it is never later than the system's");
    }
}
