//! The client of the platform's hub API. Every call blocks, so it belongs on the connector's own
//! threads. May use ureq. Used by `callbacks`, `actions`, `clockwork` and `ending`.

use std::time::Duration;

use http::{Method, header};
use serde_json::{Value, json};
use ureq::Agent;

/// Two things are created while the platform waits 10 s for an answer, so one call may take less
/// than half of that.
const CALL_TIMEOUT: Duration = Duration::from_secs(4);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Shorter than servers keep an idle connection open, so that a POST, which cannot be repeated,
/// does not meet one that is just being closed.
const IDLE_CONNECTION_AGE_MAX: Duration = Duration::from_secs(4);
/// The hub's answers are an ID or an error's description.
const ANSWER_BYTES_MAX: u64 = 16 * 1024;
/// Messages are small, and there is one pair of buffers for each connection.
const BUFFER_BYTES: usize = 8 * 1024;
const BASE_PATH: &str = "/api/v1/connectorhub/callback";

/// The hub. Clones share its connections.
#[derive(Clone)]
pub struct Hub {
    agent: Agent,
    base: String,
}

/// What a state is reported of; it decides which endpoint.
#[derive(Clone, Copy)]
pub enum Kind {
    /// With an installation token.
    Installation,
    /// With an instance token.
    Instance,
}

/// The states that a connector may report, with their numbers.
#[derive(Clone, Copy)]
pub enum Reported {
    /// It works.
    Complete = 2,
    /// It does not.
    Failed = 4,
}

/// A property at the platform.
pub struct Property<'a> {
    /// The thing's ID.
    pub thing: &'a str,
    /// The component's ID.
    pub component: &'a str,
    /// The property's own ID.
    pub id: &'a str,
}

/// Why the hub did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The token's installation or instance is gone, and so is the reason for the call.
    #[error("the hub does not know the token any more")]
    Gone,
    /// Asking again would be answered the same.
    #[error("the hub refused: {0}")]
    Refused(String),
    /// Asking again later may help.
    #[error("the hub is unavailable: {0}")]
    Unavailable(String),
}

/// The hub's address cannot be used. It is not repeated: it may contain a password.
#[derive(Debug, thiserror::Error)]
#[error("the hub's address must be an http or https URL without a user name, such as http://127.0.0.1:7171")]
pub struct InvalidHub;

/// The hub's address, if it is an absolute http or https URL. It is logged, so it must not contain a password.
///
/// # Errors
/// [`InvalidHub`] for any other text.
pub fn check_hub(base: &str) -> Result<String, InvalidHub> {
    let url = url::Url::parse(base).map_err(|_| InvalidHub)?;
    let anonymous = url.username().is_empty() && url.password().is_none();
    let valid = ["http", "https"].contains(&url.scheme()) && url.has_host() && anonymous;
    if valid { Ok(base.to_owned()) } else { Err(InvalidHub) }
}

impl Hub {
    /// The hub of the platform at `base`, such as `http://127.0.0.1:7171`.
    pub fn new(base: &str, connections: usize) -> Result<Self, InvalidHub> {
        let base = check_hub(base)?;
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            // The hub is most often on this very machine, where no proxy would find it.
            .proxy(None)
            .timeout_global(Some(CALL_TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .max_idle_connections(connections)
            .max_idle_connections_per_host(connections)
            .max_idle_age(IDLE_CONNECTION_AGE_MAX)
            .input_buffer_size(BUFFER_BYTES)
            .output_buffer_size(BUFFER_BYTES)
            .user_agent(concat!("connhub-demo/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        let base = format!("{}{BASE_PATH}", base.trim_end_matches('/'));
        Ok(Self { agent, base })
    }

    /// Interrupts every call under way and refuses further ones.
    pub fn shutdown(&self) {
        self.agent.clone().shutdown();
    }

    /// Reports how an installation or an instance fares.
    pub fn report_state(&self, kind: Kind, token: &str, state: Reported, details: &Value) -> Result<(), HubError> {
        let path = match kind {
            Kind::Installation => "/installations/state",
            Kind::Instance => "/instances/state",
        };
        let body = json!({ "state": state as u8, "details": details });
        self.call(Method::POST, path, token, &body).map(drop)
    }

    /// Creates a thing and returns its ID.
    pub fn create_thing(&self, token: &str, thing: &Value) -> Result<String, HubError> {
        let body = json!({ "thing": thing });
        let answer = self.call(Method::POST, "/instances/things", token, &body)?;
        serde_json::from_str::<Value>(&answer)
            .ok()
            .and_then(|created| created["id"].as_str().map(str::to_owned))
            .filter(|id| super::message::is_id(id))
            .ok_or_else(|| HubError::Refused(format!("no thing ID in its answer {answer:?}")))
    }

    /// Reports a property's value at a time.
    pub fn update_property(&self, token: &str, property: &Property<'_>, value: &str, at: &str) -> Result<(), HubError> {
        let Property { thing, component, id } = property;
        let path = format!("/instances/things/{thing}/components/{component}/properties/{id}");
        let body = json!({ "value": value, "lastUpdate": at });
        self.call(Method::PUT, &path, token, &body).map(drop)
    }

    /// Reports that a pending action request is done.
    pub fn complete_action(&self, token: &str, request: &str) -> Result<(), HubError> {
        let path = format!("/instances/actions/requests/{request}");
        let body = json!({ "status": "COMPLETED", "error": "" });
        self.call(Method::PUT, &path, token, &body).map(drop)
    }

    fn call(&self, method: Method, path: &str, token: &str, body: &Value) -> Result<String, HubError> {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string())
            .map_err(|error| HubError::Refused(error.to_string()))?;
        let unavailable = |error: ureq::Error| HubError::Unavailable(error.to_string());
        let mut response = self.agent.run(request).map_err(unavailable)?;
        let answer = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string().map_err(unavailable)?;
        match response.status().as_u16() {
            200..=299 => Ok(answer),
            401 => Err(HubError::Gone),
            status @ (429 | 500..=599) => Err(HubError::Unavailable(format!("it answered {status}"))),
            status => Err(HubError::Refused(format!("{status} {answer}"))),
        }
    }
}
