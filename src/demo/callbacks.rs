//! What the demo connector does when the platform calls: installations and instances that come and
//! go. The signature was checked before. May use everything in this room but `routes` and `page`.
//! Used by `routes`; `actions` and `page` share how it gets to the worker threads.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use super::answer::{Answer, Fate};
use super::call::Call;
use super::hub::HubError;
use super::lamp::Lamp;
use super::message::{Installed, Instantiated, Message};
use super::reply::{self, Reply};
use super::settings::Settings;
use super::state::{Devices, Ending, Instance, Membership, Subject};
use super::weather::Weather;
use super::{Shared, clock, things};

/// Far beyond the platform's patience.
const TOO_SLOW: Duration = Duration::from_secs(60);

/// An app has installed this connector.
pub async fn installed(shared: Arc<Shared>, call: Call) -> Reply {
    let message = match Installed::read(&call.body) {
        Ok(message) => message,
        Err(error) => return malformed(&error),
    };
    let settings = match Settings::read(&message.configuration) {
        Ok(settings) => settings,
        Err(error) => return misconfigured(&error),
    };
    let answer = settings.answer;
    let reply = answer.reply(&call.confirmation_url(&message.id));
    if answer.fate() == Fate::TurnedDown {
        return turn_down(&shared, answer, reply).await;
    }
    let job = move |shared: &Shared| keep_installation(shared, message, &settings).map(|()| reply);
    on_worker(shared, job).await
}

/// An end customer wants a lamp and a weather station.
pub async fn instantiated(shared: Arc<Shared>, call: Call) -> Reply {
    let message = match Instantiated::read(&call.body) {
        Ok(message) => message,
        Err(error) => return malformed(&error),
    };
    let settings = match Settings::read(&message.configuration) {
        Ok(settings) => settings,
        Err(error) => return misconfigured(&error),
    };
    let answer = settings.answer;
    let reply = answer.reply(&call.confirmation_url(&message.id));
    if answer.fate() == Fate::TurnedDown {
        return turn_down(&shared, answer, reply).await;
    }
    let job = move |shared: &Shared| keep_instance(shared, message, &settings).map(|()| reply);
    on_worker(shared, job).await
}

/// An installation or an instance is gone. One that is not known here was turned down or is already
/// forgotten, and that it is gone is all that was asked for.
pub async fn removed(shared: Arc<Shared>, subject: Subject) -> Reply {
    let known = shared.memory.change(|state| state.remove(&subject));
    if !known {
        return reply::empty(StatusCode::NO_CONTENT);
    }
    on_worker(shared, |shared| saved(shared).map(|()| reply::empty(StatusCode::NO_CONTENT))).await
}

/// Runs the blocking part of an answer; `Err` is an answer too.
pub async fn on_worker(
    shared: Arc<Shared>,
    job: impl FnOnce(&Shared) -> Result<Reply, Reply> + Send + 'static,
) -> Reply {
    let workers = Arc::clone(&shared);
    let outcome = workers.workers.run(move || job(&shared)).await;
    match outcome {
        Ok(Ok(reply) | Err(reply)) => reply,
        Err(unavailable) => reply::text(StatusCode::SERVICE_UNAVAILABLE, unavailable.to_string()),
    }
}

/// Nothing is kept, so that a removal is all that can follow.
async fn turn_down(shared: &Shared, answer: Answer, reply: Reply) -> Reply {
    if answer == Answer::TooSlow {
        let mut stopping = shared.stopping.clone();
        tokio::select! {
            () = tokio::time::sleep(TOO_SLOW) => {}
            _ = stopping.wait_for(|stop| *stop) => {}
        }
    }
    reply
}

fn keep_installation(shared: &Shared, message: Installed, settings: &Settings) -> Result<(), Reply> {
    let membership = membership(message.token, settings);
    let known = shared.memory.change(|state| {
        let known = state.installations.contains_key(&message.id);
        if !known {
            state.installations.insert(message.id, membership);
        }
        known
    });
    if known {
        return Err(repeated());
    }
    saved(shared)?;
    shared.bell.ring();
    Ok(())
}

fn keep_instance(shared: &Shared, message: Instantiated, settings: &Settings) -> Result<(), Reply> {
    let known = |id: &str| shared.memory.read(|state| state.instances.contains_key(id));
    if known(&message.id) {
        return Err(repeated());
    }
    let devices = match settings.answer.fate() {
        Fate::Works | Fate::WillComplete => {
            let devices = create_devices(shared, &message.token, settings);
            Some(devices.map_err(|error| without_hub(&error))?)
        }
        Fate::WillFail | Fate::TurnedDown => None,
    };
    let instance = Instance {
        membership: membership(message.token, settings),
        installation: message.installation_id,
        devices,
        calibrations: Vec::new(),
        update_every: settings.update_every,
        next_update: None,
    };
    shared.memory.change(|state| state.instances.insert(message.id, instance));
    saved(shared)?;
    shared.bell.ring();
    Ok(())
}

fn create_devices(shared: &Shared, token: &str, settings: &Settings) -> Result<Devices, HubError> {
    let now = clock::timestamp();
    let (lamp, weather) = (Lamp::new(settings.lamp_on), Weather::mild());
    Ok(Devices {
        lamp_id: shared.hub.create_thing(token, &things::lamp(&lamp, &now))?,
        station_id: shared.hub.create_thing(token, &things::station(&weather, &now))?,
        lamp,
        weather,
    })
}

fn membership(token: String, settings: &Settings) -> Membership {
    let fate = settings.answer.fate();
    // `Settings` bounds the time far below what does not fit.
    let after = i64::try_from(settings.complete_after.as_millis()).unwrap_or(0);
    let ending = matches!(fate, Fate::WillComplete | Fate::WillFail).then(|| Ending {
        due: clock::unix_millis() + after,
        fails: fate == Fate::WillFail,
        confirmable: settings.answer == Answer::Redirect,
    });
    Membership { token, ending }
}

/// Before an answer promises anything, it is on disk.
pub fn saved(shared: &Shared) -> Result<(), Reply> {
    shared.memory.save().map_err(|error| {
        tracing::error!(%error, "the demo connector's state cannot be saved");
        let text = "the demo connector cannot save its state; its log says why";
        reply::text(StatusCode::INTERNAL_SERVER_ERROR, text)
    })
}

fn malformed(error: &str) -> Reply {
    reply::refusal(StatusCode::BAD_REQUEST, "BAD_REQUEST", error)
}

/// The platform checks values against what was published, but an older publication may allow more.
fn misconfigured(error: &str) -> Reply {
    reply::refusal(StatusCode::FORBIDDEN, "BAD_CONFIGURATION", error)
}

fn repeated() -> Reply {
    let text = "this ID is known already; nothing has changed";
    reply::refusal(StatusCode::CONFLICT, "CONFLICT", text)
}

fn without_hub(error: &HubError) -> Reply {
    tracing::warn!(%error, "the things of a new instance cannot be created");
    let text = format!("the demo connector could not create its things: {error}");
    reply::text(StatusCode::INTERNAL_SERVER_ERROR, text)
}
