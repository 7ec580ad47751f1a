//! What the demo connector does when an app asks one of its things to act: the lamp at once, the
//! weather station in a while. May use everything in this room but `routes` and `page`. Used by
//! `routes`.

use std::sync::Arc;

use http::StatusCode;
use serde_json::json;

use super::call::Call;
use super::callbacks::{on_worker, saved};
use super::hub::{HubError, Property};
use super::lamp::Change;
use super::message::{ActionRequested, Message};
use super::reply::{self, Reply};
use super::state::{Calibration, Subject};
use super::{Shared, clock, things};

/// Long enough to be seen as PENDING, far below the platform's deadline.
const CALIBRATION_MILLIS: i64 = 4_000;

/// The thing that is to act.
enum Target {
    Lamp { instance: String, token: String },
    Station { instance: String },
}

/// An action was requested.
pub async fn requested(shared: Arc<Shared>, call: Call) -> Reply {
    let message = match ActionRequested::read(&call.body) {
        Ok(message) => message,
        Err(error) => return reply::failed_action(StatusCode::BAD_REQUEST, &error),
    };
    on_worker(shared, move |shared| act(shared, message)).await
}

fn act(shared: &Shared, message: ActionRequested) -> Result<Reply, Reply> {
    let target = shared.memory.read(|state| {
        let (id, instance, devices) = state.owner_of(&message.thing_id)?;
        let instance_id = id.clone();
        Some(if devices.lamp_id == message.thing_id {
            Target::Lamp { instance: instance_id, token: instance.membership.token.clone() }
        } else {
            Target::Station { instance: instance_id }
        })
    });
    match target {
        Some(Target::Lamp { instance, token }) if message.component_id == things::LAMP => {
            light(shared, &instance, &token, &message)
        }
        Some(Target::Station { instance }) if message.component_id == things::STATION => {
            calibrate(shared, &instance, message)
        }
        _ => Err(reply::failed_action(StatusCode::NOT_FOUND, "the demo connector has no such thing or component")),
    }
}

fn light(shared: &Shared, instance: &str, token: &str, message: &ActionRequested) -> Result<Reply, Reply> {
    let change = Change::from_action(&message.action_id, &message.parameters)
        .map_err(|error| reply::failed_action(StatusCode::BAD_REQUEST, &error))?;
    let property = Property { thing: &message.thing_id, component: things::LAMP, id: change.property };
    let now = clock::timestamp();
    let outcome = shared.hub.update_property(token, &property, &change.value, &now);
    if let Err(error) = outcome {
        if let HubError::Gone = error {
            let subject = Subject::Instance(instance.to_owned());
            shared.memory.forget(&subject, token);
        }
        tracing::warn!(%error, "a lamp's new value cannot be reported");
        let text = format!("the lamp's new value could not be reported: {error}");
        return Err(reply::failed_action(StatusCode::INTERNAL_SERVER_ERROR, &text));
    }
    shared.memory.change(|state| {
        let known = state.instances.get_mut(instance);
        if let Some(devices) = known.and_then(|known| known.devices.as_mut()) {
            devices.lamp.apply(&change);
        }
    });
    saved(shared)?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

fn calibrate(shared: &Shared, instance: &str, message: ActionRequested) -> Result<Reply, Reply> {
    if message.action_id != things::CALIBRATE {
        let text = format!("a weather station has no action {}", message.action_id);
        return Err(reply::failed_action(StatusCode::BAD_REQUEST, &text));
    }
    let pending = json!({ "id": message.id, "status": "PENDING", "error": "" });
    let calibration = Calibration { request: message.id, due: clock::unix_millis() + CALIBRATION_MILLIS };
    shared.memory.change(|state| {
        if let Some(known) = state.instances.get_mut(instance) {
            known.calibrations.push(calibration);
        }
    });
    saved(shared)?;
    shared.bell.ring();
    Ok(reply::json(StatusCode::ACCEPTED, &pending))
}
