//! The platform's API as an app, a developer and a connector use it.

use super::connector::Received;
use super::http::{Answer, Connection, Request};
use super::process::{EMAIL, PASSWORD};
use serde_json::{Value, json};
use std::fmt;
use std::io;
use std::net::SocketAddr;

/// Where GraphQL is asked.
pub const QUERY_PATH: &str = "/api/v1/query";
/// Where connectors report.
const HUB_PATH: &str = "/api/v1/connectorhub/callback";

/// The one component of the things that we create.
pub const COMPONENT: &str = "meter";
/// Its one property, a NUMBER.
pub const PROPERTY: &str = "reading";
/// Its one action, which takes no parameters.
pub const ACTION: &str = "reset";

/// Why something asked for did not happen, or perhaps did.
#[derive(Debug)]
pub enum Failure {
    /// The connection could not be made: nothing was asked.
    Unreachable(io::Error),
    /// The connection broke: nobody knows what happened.
    Lost(io::Error),
    /// The server said no.
    Refused {
        /// With this status,
        status: u16,
        /// and these words.
        answer: String,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(error) => write!(f, "the server cannot be reached: {error}"),
            Self::Lost(error) => write!(f, "the connection broke: {error}"),
            Self::Refused { status, answer } => write!(f, "refused with {status}: {answer}"),
        }
    }
}

impl std::error::Error for Failure {}

/// What became of it.
pub type Result<T> = std::result::Result<T, Failure>;

/// A client: a connection, and the address that its requests seem to come from.
pub struct Session {
    address: SocketAddr,
    client: Option<String>,
    connection: Option<Connection>,
}

impl Session {
    /// A session with the server at this address; connects when first used.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, client: None, connection: None }
    }

    /// A session whose requests come from this client, if the server trusts its proxies on this machine.
    pub fn behind_proxy(address: SocketAddr, client: &str) -> Self {
        Self { client: Some(client.to_owned()), ..Self::new(address) }
    }

    /// Sends a request and gives any answer.
    pub fn send(&mut self, request: &Request<'_>) -> Result<Answer> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(self.address).map_err(Failure::Unreachable)?,
        };
        let request = Request { client: request.client.or(self.client.as_deref()), ..*request };
        let answer = connection.send(&request).map_err(Failure::Lost)?;
        self.connection = Some(connection);
        Ok(answer)
    }

    /// Signs in the first account and gives its token.
    pub fn sign_in(&mut self) -> Result<String> {
        self.sign_in_as(EMAIL, PASSWORD)
    }

    /// Registers an account and gives its token.
    pub fn register(&mut self, email: &str, password: &str) -> Result<String> {
        let body = json!({"email": email, "password": password, "name": "A stranger"}).to_string();
        let path = "/api/v1/auth/register";
        let request = Request { method: "POST", path, body: Some(body.as_bytes()), ..Request::default() };
        text(&parsed(&expect(self.send(&request)?, 201)?)?, "/access_token")
    }

    /// Signs in an account and gives its token.
    pub fn sign_in_as(&mut self, email: &str, password: &str) -> Result<String> {
        let body = json!({"email": email, "password": password}).to_string();
        let path = "/api/v1/auth/login";
        let answer = self.send(&Request { method: "POST", path, body: Some(body.as_bytes()), ..Request::default() })?;
        text(&parsed(&expect(answer, 200)?)?, "/access_token")
    }

    /// Executes a document and gives its data, whatever errors stand beside it.
    pub fn graphql(&mut self, asker: Asker<'_>, query: &str, variables: &Value) -> Result<Value> {
        let body = graphql_body(query, variables);
        let answer = self.send(&asker.request(&body))?;
        let (status, answer) = (answer.status, String::from_utf8_lossy(&answer.body).into_owned());
        let data = serde_json::from_str::<Value>(&answer).ok().and_then(|mut answer| {
            let data = answer.get_mut("data")?.take();
            data.is_object().then_some(data)
        });
        data.ok_or(Failure::Refused { status, answer })
    }

    /// Publishes a connector whose callbacks go to this address, and gives its ID.
    pub fn publish(&mut self, developer: &str, name: &str, connector: SocketAddr) -> Result<String> {
        let parameter = |id: &str| {
            json!({"id": id, "name": "A parameter", "required": false, "description": "What it is good for",
                   "valueType": "STRING", "displayType": "PLAIN", "validationExpression": "^[a-z]*$"})
        };
        let query = "mutation($c: ConnectorPublicationInput!) { publishConnector(connector: $c) { id } }";
        let publication = json!({
            "name": name,
            "logoUrl": "https://connector.example.com/logo.svg",
            "homeUrl": "https://connector.example.com",
            "description": "Connects meters, so that their readings can be seen and reset from afar.",
            "requirements": "A meter with a radio module.",
            "tags": ["meter", "energy"],
            "configurationParameters": [parameter("api_key")],
            "customerConfigurationParameters": [parameter("room")],
            "installationCallbackUrl": format!("http://{connector}/installations"),
            "instanceCallbackUrl": format!("http://{connector}/instances"),
            "actionCallbackUrl": format!("http://{connector}/actions"),
        });
        let data = self.graphql(Asker::of(developer), query, &json!({"c": publication}))?;
        text(&data, "/publishConnector/id")
    }

    /// Creates an app and gives its ID and a service token with all scopes.
    pub fn create_app(&mut self, developer: &str, name: &str) -> Result<(String, String)> {
        let query = "mutation($name: String!) { createApp(name: $name) { app { id } } }";
        let data = self.graphql(Asker::of(developer), query, &json!({"name": name}))?;
        let app = text(&data, "/createApp/app/id")?;
        let query = "mutation($app: ID!) { createServiceToken(appId: $app) { accessToken } }";
        let data = self.graphql(Asker::of(developer), query, &json!({"app": app}))?;
        Ok((app, text(&data, "/createServiceToken/accessToken")?))
    }

    /// Installs a connector; gives the installation's ID and state.
    pub fn install(&mut self, developer: &str, app: &str, publication: &str) -> Result<(String, String)> {
        let query = "mutation($app: ID!, $connector: ID!) {
            installConnector(appId: $app, connectorId: $connector, configuration: []) { id state } }";
        let variables = json!({"app": app, "connector": publication});
        let data = self.graphql(Asker::of(developer), query, &variables)?;
        Ok((text(&data, "/installConnector/id")?, text(&data, "/installConnector/state")?))
    }

    /// Instantiates an installation; gives the instance's ID and state.
    pub fn instantiate(&mut self, service: &str, subject: &str, installation: &str) -> Result<(String, String)> {
        let query = "mutation($installation: ID!) {
            instantiateConnector(installationId: $installation, configuration: []) { id state } }";
        let asker = Asker { token: service, subject: Some(subject) };
        let data = self.graphql(asker, query, &json!({"installation": installation}))?;
        Ok((text(&data, "/instantiateConnector/id")?, text(&data, "/instantiateConnector/state")?))
    }

    /// Reports to the hub, and expects this status.
    pub fn report(&mut self, token: &str, method: &str, path: &str, body: &Value, status: u16) -> Result<Vec<u8>> {
        let (path, body) = (format!("{HUB_PATH}{path}"), body.to_string());
        let request =
            Request { method, path: &path, token: Some(token), body: Some(body.as_bytes()), ..Request::default() };
        expect(self.send(&request)?, status)
    }

    /// Creates a thing with one property and one action, and gives its ID.
    pub fn create_thing(&mut self, instance_token: &str) -> Result<String> {
        let answer = self.report(instance_token, "POST", "/instances/things", &json!({"thing": thing()}), 201)?;
        text(&parsed(&answer)?, "/id")
    }

    /// Requests the action of a thing; gives the request's ID and status.
    pub fn act(&mut self, service: &str, thing: &str) -> Result<(String, String)> {
        let data = self.graphql(Asker::of(service), ACT, &json!({"thing": thing}))?;
        Ok((text(&data, "/requestThingAction/0/id")?, text(&data, "/requestThingAction/0/status")?))
    }
}

/// Requests the action of a thing.
pub const ACT: &str = "mutation($thing: ID!) {
    requestThingAction(thingConstraints: {thingConstraint: {id: $thing}}) { id status error } }";

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// With which token,
    pub token: &'a str,
    /// and for whom.
    pub subject: Option<&'a str>,
}

impl<'a> Asker<'a> {
    /// Whose token it is, for no subject in particular.
    pub fn of(token: &'a str) -> Self {
        Self { token, subject: None }
    }

    /// A GraphQL request.
    pub fn request(self, body: &'a [u8]) -> Request<'a> {
        let Self { token, subject } = self;
        Request {
            method: "POST",
            path: QUERY_PATH,
            token: Some(token),
            subject,
            body: Some(body),
            ..Request::default()
        }
    }
}

/// The body of a GraphQL request.
pub fn graphql_body(query: &str, variables: &Value) -> Vec<u8> {
    json!({"query": query, "variables": variables}).to_string().into_bytes()
}

/// Where the property of a thing is reported.
pub fn property_path(thing: &str) -> String {
    format!("{HUB_PATH}{}", property_report_path(thing))
}

/// The same, seen from the hub.
pub fn property_report_path(thing: &str) -> String {
    format!("/instances/things/{thing}/components/{COMPONENT}/properties/{PROPERTY}")
}

/// The ID and the token in the body of an installation or instance callback.
pub fn id_and_token(received: Received<'_>) -> Option<(String, String)> {
    let body: Value = serde_json::from_slice(received.body).ok()?;
    let text = |key: &str| body.get(key)?.as_str().map(str::to_owned);
    Some((text("id")?, text("token")?))
}

fn thing() -> Value {
    json!({
        "name": "Meter", "manufacturer": "IoT", "displayType": "core.METER", "mainComponentId": COMPONENT,
        "status": "AVAILABLE",
        "components": [{
            "id": COMPONENT, "name": "Meter", "componentType": "core.Meter", "capabilities": ["core.MEASURE"],
            "properties": [{"id": PROPERTY, "name": "Reading", "value": "", "unit": "kWh", "type": "NUMBER",
                            "lastUpdate": "0001-01-01T00:00:00Z", "propertyType": "core.ENERGY"}],
            "actions": [{"id": ACTION, "name": "Reset", "parameters": []}],
        }],
        "attributes": [],
    })
}

fn expect(answer: Answer, status: u16) -> Result<Vec<u8>> {
    if answer.status == status {
        return Ok(answer.body);
    }
    Err(Failure::Refused { status: answer.status, answer: String::from_utf8_lossy(&answer.body).into_owned() })
}

fn parsed(body: &[u8]) -> Result<Value> {
    serde_json::from_slice(body).map_err(|_| strange(String::from_utf8_lossy(body).into_owned()))
}

fn text(value: &Value, pointer: &str) -> Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    found.ok_or_else(|| strange(format!("no {pointer} in {value}")))
}

/// A success that says something else than it should.
fn strange(answer: String) -> Failure {
    Failure::Refused { status: 200, answer }
}
