//! The connector's one background thread: the weather, the ends of what is ongoing, and the
//! calibrations, each at its time. When the hub is away it waits longer and longer and says so
//! once. May use `hub`, `memory`, `ending`, `bell` and `state`. Started by `mod`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::hub::{Hub, HubError, Property};
use super::state::{State, Subject};
use super::weather::Weather;
use super::{Shared, clock, ending, things};

/// The first pause after the hub was found away; it doubles.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// How long to leave a weather station alone that the hub refuses to hear of.
const REFUSED_PAUSE: Duration = Duration::from_secs(600);
/// Times in the state file are wall-clock times; looking again soon enough forgives a clock that
/// was set.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Something whose time has come.
#[derive(Debug, PartialEq, Eq)]
enum Task {
    End(Subject),
    Calibrated { instance: String, request: String },
    Weather { instance: String },
}

/// What is due, and how long until something else is.
struct Agenda {
    due: Vec<Task>,
    next: Option<Duration>,
}

/// Works until the bell says stop, and leaves the last weather in the file.
pub fn run(shared: &Arc<Shared>) {
    let mut outage = Outage::default();
    while !shared.bell.stops() {
        let agenda = Agenda::of(shared);
        if agenda.due.is_empty() {
            shared.bell.wait(agenda.next.map(|next| next.min(WAIT_MAX)));
        } else if let Err(pause) = work(shared, agenda.due, &mut outage) {
            shared.bell.wait(Some(pause));
        }
    }
    shared.memory.save_or_log();
}

/// An error is the pause to make before trying again.
fn work(shared: &Shared, due: Vec<Task>, outage: &mut Outage) -> Result<(), Duration> {
    for task in due {
        if shared.bell.stops() {
            break;
        }
        match task.perform(shared) {
            // Stopping interrupts the call, which says nothing about the hub.
            Err(HubError::Unavailable(_)) if shared.bell.stops() => break,
            Err(HubError::Unavailable(why)) => return Err(outage.goes_on(&why)),
            Err(HubError::Refused(why)) => tracing::warn!(?task, why, "the hub refused"),
            Ok(()) | Err(HubError::Gone) => {}
        }
        outage.is_over();
    }
    Ok(())
}

impl Agenda {
    fn of(shared: &Shared) -> Self {
        let (millis, instant) = (clock::unix_millis(), Instant::now());
        shared.memory.read(|state| Self::at(state, millis, instant))
    }

    fn at(state: &State, millis: i64, instant: Instant) -> Self {
        let mut agenda = Self { due: Vec::new(), next: None };
        // A time that has passed is no wait at all.
        let until = |due: i64| Duration::from_millis(u64::try_from(due - millis).unwrap_or(0));
        for (id, installation) in &state.installations {
            if let Some(ending) = &installation.ending {
                let subject = Subject::Installation(id.clone());
                agenda.add(until(ending.due), Task::End(subject));
            }
        }
        for (id, instance) in &state.instances {
            for calibration in &instance.calibrations {
                let task = Task::Calibrated { instance: id.clone(), request: calibration.request.clone() };
                agenda.add(until(calibration.due), task);
            }
            if let Some(ending) = &instance.membership.ending {
                agenda.add(until(ending.due), Task::End(Subject::Instance(id.clone())));
            } else if instance.devices.is_some() {
                let wait = instance.next_update.map_or(Duration::ZERO, |at| at.saturating_duration_since(instant));
                let instance = id.clone();
                agenda.add(wait, Task::Weather { instance });
            }
        }
        // People wait for the others, and there may be a lot of weather.
        agenda.due.sort_by_key(|task| matches!(task, Task::Weather { .. }));
        agenda
    }

    fn add(&mut self, wait: Duration, task: Task) {
        if wait.is_zero() {
            self.due.push(task);
        } else {
            self.next = Some(self.next.map_or(wait, |next| next.min(wait)));
        }
    }
}

impl Task {
    fn perform(&self, shared: &Shared) -> Result<(), HubError> {
        match self {
            Self::End(subject) => ending::report(&shared.memory, &shared.hub, subject, "waiting"),
            Self::Calibrated { instance, request } => calibrated(shared, instance, request),
            Self::Weather { instance } => weather(shared, instance),
        }
    }
}

fn calibrated(shared: &Shared, instance: &str, request: &str) -> Result<(), HubError> {
    let subject = Subject::Instance(instance.to_owned());
    let token = shared.memory.read(|state| Some(state.membership(&subject)?.token.clone()));
    let Some(token) = token else {
        return Ok(());
    };
    let outcome = shared.hub.complete_action(&token, request);
    match &outcome {
        Err(HubError::Gone) => shared.memory.forget(&subject, &token),
        Err(HubError::Unavailable(_)) => {}
        // A refusal means that it was cancelled, or took too long: it is over all the same.
        Ok(()) | Err(HubError::Refused(_)) => {
            shared.memory.change(|state| {
                if let Some(known) = state.instances.get_mut(instance) {
                    known.calibrations.retain(|other| other.request != request);
                    if let (Some(devices), Ok(())) = (&mut known.devices, &outcome) {
                        devices.weather = Weather::mild();
                    }
                }
            });
            shared.memory.save_or_log();
        }
    }
    outcome
}

/// What one change of the weather has to tell the hub.
struct Observation {
    token: String,
    station: String,
    weather: Weather,
}

fn weather(shared: &Shared, instance: &str) -> Result<(), HubError> {
    let observation = shared.memory.change(|state| {
        let known = state.instances.get_mut(instance)?;
        let devices = known.devices.as_mut()?;
        devices.weather.step(&mut rand::rng());
        // From now and not from the last time: what a busy hub made it miss is not made up for.
        known.next_update = Some(Instant::now() + known.update_every);
        Some(Observation {
            token: known.membership.token.clone(),
            station: devices.station_id.clone(),
            weather: devices.weather.clone(),
        })
    });
    let Some(observation) = observation else {
        return Ok(());
    };
    let outcome = observation.report(&shared.hub);
    match &outcome {
        Err(HubError::Gone) => {
            let subject = Subject::Instance(instance.to_owned());
            shared.memory.forget(&subject, &observation.token);
        }
        Err(HubError::Refused(_)) => shared.memory.change(|state| {
            if let Some(known) = state.instances.get_mut(instance) {
                known.next_update = Some(Instant::now() + REFUSED_PAUSE);
            }
        }),
        Ok(()) | Err(HubError::Unavailable(_)) => {}
    }
    outcome
}

impl Observation {
    fn report(&self, hub: &Hub) -> Result<(), HubError> {
        let now = clock::timestamp();
        let values = [(things::TEMPERATURE, self.weather.temperature()), (things::HUMIDITY, self.weather.humidity())];
        for (id, value) in values {
            let property = Property { thing: &self.station, component: things::STATION, id };
            hub.update_property(&self.token, &property, &value, &now)?;
        }
        Ok(())
    }
}

/// How long the hub has been away, so that each outage is logged once and tried ever less often.
#[derive(Default)]
struct Outage {
    pause: Option<Duration>,
}

impl Outage {
    fn goes_on(&mut self, why: &str) -> Duration {
        let pause = match self.pause {
            None => {
                tracing::warn!(why, "the hub is unavailable; trying again until it is back");
                PAUSE_MIN
            }
            Some(pause) => (pause * 2).min(PAUSE_MAX),
        };
        *self.pause.insert(pause)
    }

    fn is_over(&mut self) {
        if self.pause.take().is_some() {
            tracing::info!("the hub is back");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lamp::Lamp;
    use super::super::state::{Calibration, Devices, Ending, Instance, Membership};
    use super::*;

    const NOW: i64 = 1_000_000;

    fn membership(due: Option<i64>) -> Membership {
        Membership {
            token: "token".to_owned(),
            ending: due.map(|due| Ending { due, fails: false, confirmable: false }),
        }
    }

    fn instance(due: Option<i64>, next_update: Option<Instant>) -> Instance {
        Instance {
            membership: membership(due),
            installation: "i".to_owned(),
            devices: Some(Devices {
                lamp_id: "l".to_owned(),
                lamp: Lamp::new(false),
                station_id: "s".to_owned(),
                weather: Weather::mild(),
            }),
            calibrations: Vec::new(),
            update_every: Duration::from_secs(1),
            next_update,
        }
    }

    #[test]
    fn what_is_due_is_done_people_first() {
        let now = Instant::now();
        let mut state = State::default();
        state.instances.insert("a".to_owned(), instance(None, None));
        let mut calibrating = instance(None, Some(now + Duration::from_secs(3)));
        calibrating.calibrations.push(Calibration { request: "r".to_owned(), due: NOW });
        state.instances.insert("b".to_owned(), calibrating);
        state.installations.insert("i".to_owned(), membership(Some(NOW + 2_000)));

        let agenda = Agenda::at(&state, NOW, now);
        let expected = [
            Task::Calibrated { instance: "b".to_owned(), request: "r".to_owned() },
            Task::Weather { instance: "a".to_owned() },
        ];
        assert_eq!(agenda.due, expected);
        assert_eq!(agenda.next, Some(Duration::from_secs(2)));
    }

    #[test]
    fn there_is_no_weather_before_completion() {
        let mut state = State::default();
        state.instances.insert("a".to_owned(), instance(Some(NOW + 500), None));
        let agenda = Agenda::at(&state, NOW, Instant::now());
        assert_eq!(agenda.due, []);
        assert_eq!(agenda.next, Some(Duration::from_millis(500)));

        let agenda = Agenda::at(&state, NOW + 500, Instant::now());
        assert_eq!(agenda.due, [Task::End(Subject::Instance("a".to_owned()))]);
    }

    #[test]
    fn pauses_grow_and_begin_anew() {
        let mut outage = Outage::default();
        let pauses: Vec<_> = (0..7).map(|_| outage.goes_on("away").as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30]);
        outage.is_over();
        assert_eq!(outage.goes_on("away"), PAUSE_MIN);
    }
}
