//! What the demo connector knows about its installations and instances. Nouns without I/O, in the
//! shape in which they are written to the state file. May use serde, `lamp` and `weather`. Used by
//! `memory`, which keeps them, and by whoever works on them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::lamp::Lamp;
use super::weather::Weather;

/// Everything there is to remember.
#[derive(Default, Serialize, Deserialize)]
pub struct State {
    /// By ID.
    pub installations: BTreeMap<String, Membership>,
    /// By ID.
    pub instances: BTreeMap<String, Instance>,
}

/// An installation, or what an instance has in common with it. No `Debug`: it holds a token.
#[derive(Clone, Serialize, Deserialize)]
pub struct Membership {
    /// The token for the hub.
    pub token: String,
    /// Set while the platform has been told "ongoing" and waits for the end of it.
    pub ending: Option<Ending>,
}

/// How and when something ongoing ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// When, in Unix milliseconds, so that it survives a restart.
    pub due: i64,
    /// Whether it ends with FAILED.
    pub fails: bool,
    /// Whether a person can end it earlier on the confirmation page.
    pub confirmable: bool,
}

/// One end customer's lamp and weather station.
#[derive(Serialize, Deserialize)]
pub struct Instance {
    /// Its token and what it waits for.
    pub membership: Membership,
    /// The installation it belongs to.
    pub installation: String,
    /// Its things; none if it was made to fail.
    pub devices: Option<Devices>,
    /// Calibrations that are under way.
    pub calibrations: Vec<Calibration>,
    /// How often the weather changes.
    pub update_every: Duration,
    /// When it changes next; nothing means now. A restart need not remember it.
    #[serde(skip)]
    pub next_update: Option<Instant>,
}

/// The two things of an instance with their IDs at the platform.
#[derive(Clone, Serialize, Deserialize)]
pub struct Devices {
    /// The lamp's thing ID.
    pub lamp_id: String,
    /// What it shows.
    pub lamp: Lamp,
    /// The weather station's thing ID.
    pub station_id: String,
    /// What it measures.
    pub weather: Weather,
}

/// An action request that was answered PENDING.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calibration {
    /// The action request's ID.
    pub request: String,
    /// When it is done, in Unix milliseconds.
    pub due: i64,
}

/// Names an installation or an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An installation's ID.
    Installation(String),
    /// An instance's ID.
    Instance(String),
}

impl State {
    /// Its token and what it waits for.
    pub fn membership(&self, subject: &Subject) -> Option<&Membership> {
        match subject {
            Subject::Installation(id) => self.installations.get(id),
            Subject::Instance(id) => self.instances.get(id).map(|known| &known.membership),
        }
    }

    /// The same, to change it.
    pub fn membership_mut(&mut self, subject: &Subject) -> Option<&mut Membership> {
        match subject {
            Subject::Installation(id) => self.installations.get_mut(id),
            Subject::Instance(id) => self.instances.get_mut(id).map(|known| &mut known.membership),
        }
    }

    /// Forgets it; tells whether it was known.
    pub fn remove(&mut self, subject: &Subject) -> bool {
        match subject {
            Subject::Installation(id) => self.installations.remove(id).is_some(),
            Subject::Instance(id) => self.instances.remove(id).is_some(),
        }
    }

    /// What an ID that may be either names.
    pub fn subject(&self, id: &str) -> Option<Subject> {
        if self.installations.contains_key(id) {
            Some(Subject::Installation(id.to_owned()))
        } else if self.instances.contains_key(id) {
            Some(Subject::Instance(id.to_owned()))
        } else {
            None
        }
    }

    /// The instance that a thing belongs to, with its ID.
    pub fn owner_of(&self, thing: &str) -> Option<(&String, &Instance, &Devices)> {
        self.instances.iter().find_map(|(id, instance)| {
            let devices = instance.devices.as_ref()?;
            let owns = devices.lamp_id == thing || devices.station_id == thing;
            owns.then_some((id, instance, devices))
        })
    }
}
