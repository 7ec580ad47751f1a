//! The connector: answers in every way, and remembers which callback arrived how often.

use crate::support::api::id_and_token;
use crate::support::connector::{Behaviour, Received, Reply};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;
use uuid::Uuid;

/// Of a hundred callbacks, this many are answered late: some are under way whenever the server is killed.
const LATE_PERCENT: u32 = 30;
/// How late, at most.
const DELAY_MAX: Duration = Duration::from_millis(150);

/// What a callback was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Noun {
    /// An installation.
    Installation,
    /// An instance.
    Instance,
    /// An action request.
    Action,
}

/// What arrived about one noun.
#[derive(Debug, Clone, Default)]
pub struct Arrived {
    /// How many POST.
    pub posts: u32,
    /// How many DELETE.
    pub deletes: u32,
    /// The token that came with the POST.
    token: Option<String>,
}

/// A connector with its memory, which outlives the server.
pub struct TestConnector {
    random: Mutex<StdRng>,
    arrived: Mutex<HashMap<(Noun, Uuid), Arrived>>,
}

impl TestConnector {
    /// One whose decisions follow from the seed.
    pub fn new(seed: u64) -> Self {
        Self { random: Mutex::new(StdRng::seed_from_u64(seed)), arrived: Mutex::default() }
    }

    /// What arrived about a noun.
    pub fn arrived(&self, noun: Noun, id: Uuid) -> Arrived {
        self.arrived.lock().expect("no poison").get(&(noun, id)).cloned().unwrap_or_default()
    }

    /// What arrived about all nouns.
    pub fn all_arrived(&self) -> Vec<((Noun, Uuid), Arrived)> {
        self.arrived.lock().expect("no poison").iter().map(|(key, arrived)| (*key, arrived.clone())).collect()
    }

    /// The token with which to report about a noun.
    pub fn token(&self, noun: Noun, id: Uuid) -> Option<String> {
        self.arrived(noun, id).token
    }

    fn note(&self, received: Received<'_>) -> Option<Noun> {
        let mut parts = received.path.trim_start_matches('/').split('/');
        let noun = match parts.next()? {
            "installations" => Noun::Installation,
            "instances" => Noun::Instance,
            "actions" => Noun::Action,
            _ => return None,
        };
        let mut arrived = self.arrived.lock().expect("no poison");
        if received.method == "DELETE" {
            arrived.entry((noun, parts.next()?.parse().ok()?)).or_default().deletes += 1;
            return Some(noun);
        }
        let body: serde_json::Value = serde_json::from_slice(received.body).ok()?;
        let entry = arrived.entry((noun, body.get("id")?.as_str()?.parse().ok()?)).or_default();
        entry.posts += 1;
        entry.token = id_and_token(received).map(|(_, token)| token);
        Some(noun)
    }
}

impl Behaviour for TestConnector {
    fn answer(&self, received: Received<'_>) -> Reply {
        let noun = self.note(received);
        let mut random = self.random.lock().expect("no poison");
        let late = random.random_ratio(LATE_PERCENT, 100);
        let delay = if late { random.random_range(Duration::ZERO..DELAY_MAX) } else { Duration::ZERO };
        let die = random.random_range(0..100);
        let (status, body) = match (noun, received.method, die) {
            (None, ..) => (404, ""),
            (_, "DELETE", 0..90) => (204, ""),
            (_, "DELETE", _) => (500, "no"),
            (Some(Noun::Action), _, 0..60) => (204, ""),
            (Some(Noun::Action), _, 60..92) => (202, ""),
            (Some(Noun::Action), ..) => (400, ""),
            (_, _, 0..75) => (201, ""),
            (_, _, 75..90) => (202, r#"{"furtherStep": {"type": 1, "content": "Press the button."}}"#),
            (_, _, 90..95) => (401, r#"{"details": {"reason": "who are you?"}}"#),
            _ => (500, "no"),
        };
        Reply { status, body, delay }
    }
}
