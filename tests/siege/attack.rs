//! What one hostile account does, each attack on a thread of its own.

use crate::Outcome;
use crate::support::api::{self, Asker, Failure, Session};
use crate::support::http::Request;
use crate::world::World;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const ADDRESSES: usize = 3;
const PASSWORD: &str = "not a good neighbour";
/// The longest value of a property that is sent, in bytes.
const VALUE_BYTES: usize = 60_000;
/// How many values are stored first, to be selected under aliases.
const VALUES: u64 = 40;
const ALIASES: usize = 50;
/// The longest parameter of an action or of a configuration.
const PARAMETER_CHARACTERS: usize = 10_000;
/// A pattern with a large automaton.
const PATTERN: &str = "^(?:[ab]{0,100}){4}[c-zA-Z0-9]$";
/// After how long a client that does not wait disconnects.
const IMPATIENCE: Duration = Duration::from_millis(4);
/// How long an attacker rests whose request was refused, so that the two cores are the server's.
const REST: Duration = Duration::from_millis(20);

/// An attack, by its row in the table of attacks by quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attack {
    /// Large values under many aliases.
    Aliases,
    /// Markdown that is hard to render.
    Markdown,
    /// Values that are slow to match.
    Patterns,
    /// Histories that are slow to read, from several apps.
    Histories,
    /// Connectors that never respond.
    Silence,
    /// Signing in correctly without end.
    SignIns,
    /// Mutations whose client goes away.
    Disconnects,
    /// Values and actions of the greatest size.
    Bytes,
    /// Queries whose client goes away.
    Aborts,
    /// What is not there.
    NotFound,
}

pub const ATTACKS: [Attack; 10] = [
    Attack::Aliases,
    Attack::Markdown,
    Attack::Patterns,
    Attack::Histories,
    Attack::Silence,
    Attack::SignIns,
    Attack::Disconnects,
    Attack::Bytes,
    Attack::Aborts,
    Attack::NotFound,
];

/// How the requests of an attack were answered.
pub struct Answered {
    attack: Attack,
    by_status: BTreeMap<u16, u64>,
}

/// Prints how the requests of all attackers were answered.
pub fn report(answered: &[Answered]) {
    for attack in ATTACKS {
        let mut by_status = BTreeMap::<u16, u64>::new();
        for (status, count) in answered.iter().filter(|answered| answered.attack == attack).flat_map(|a| &a.by_status) {
            *by_status.entry(*status).or_default() += count;
        }
        println!("{attack:?}: {by_status:?} (0: disconnected)");
    }
}

/// A hostile account with what it needs for all attacks.
pub struct Attacker {
    server: SocketAddr,
    client: String,
    email: String,
    developer: String,
    /// Service tokens, each of an app of its own.
    services: Vec<String>,
    app: String,
    /// A publication whose parameters are slow to match.
    slow: Option<String>,
    /// An installation whose connector never responds.
    silent: String,
    instance: String,
    instance_token: String,
    thing: String,
}

impl Attacker {
    /// Registers an account and makes everything that the attacks use.
    pub fn new(world: &Arc<World>, number: usize) -> Outcome<Self> {
        let client = format!("198.51.100.{}", number % ADDRESSES + 1);
        let mut session = Session::behind_proxy(world.address(), &client);
        let email = format!("attacker-{number}@example.com");
        let developer = session.register(&email, PASSWORD)?;
        let hostile = session.publish(&developer, &format!("Hostile {number}"), world.hostile)?;
        let silent = session.publish(&developer, &format!("Silent {number}"), world.silent)?;
        let slow = publish_slow(&mut session, &developer, world.hostile, number)?;
        let apps = (0..2).map(|_| session.create_app(&developer, "Hostile")).collect::<Result<Vec<_>, _>>()?;
        let (app, service) = apps[0].clone();
        let (silent, _) = session.install(&developer, &app, &silent)?;
        let (installation, _) = session.install(&developer, &app, &hostile)?;
        let (instance, _) = session.instantiate(&service, "nobody", &installation)?;
        let instance_token = world.token_of(&instance)?;
        let thing = create_thing(&mut session, &instance_token)?;
        let services = apps.into_iter().map(|(_, service)| service).collect();
        let server = world.address();
        let attacker =
            Self { server, client, email, developer, services, app, slow, silent, instance, instance_token, thing };
        for round in 0..VALUES {
            // How much a stranger may store is one of the bounds.
            if attacker.report(&mut session, round).is_err() {
                break;
            }
        }
        Ok(attacker)
    }

    /// Attacks until it is to end.
    pub fn attack(&self, attack: Attack, ends: &AtomicBool) -> Answered {
        let mut session = Session::behind_proxy(self.server, &self.client);
        let mut by_status = BTreeMap::new();
        let mut round = 0;
        while !ends.load(Ordering::Relaxed) {
            round += 1;
            let status = match self.once(attack, round, &mut session) {
                Ok(status) => status,
                Err(Failure::Refused { status, .. }) => status,
                Err(Failure::Unreachable(_) | Failure::Lost(_)) => 0,
            };
            *by_status.entry(status).or_default() += 1;
            if status == 0 || status >= 400 {
                std::thread::sleep(REST);
            }
        }
        Answered { attack, by_status }
    }

    fn once(&self, attack: Attack, round: u64, session: &mut Session) -> Result<u16, Failure> {
        let service = &self.services[usize::try_from(round).unwrap_or(0) % self.services.len()];
        match attack {
            Attack::Aliases => send(session, &self.services[0], &aliases(), &json!({})),
            Attack::Markdown => {
                let document = "query($id: ID!) { connectorInstance(id: $id) { furtherStep { content contentHtml } } }";
                send(session, &self.services[0], document, &json!({ "id": self.instance }))
            }
            Attack::Patterns => match &self.slow {
                Some(slow) => send(session, &self.developer, INSTALL, &self.installation_of(slow, slow_values())),
                None => Ok(404),
            },
            Attack::Histories => send(session, service, HISTORIES, &json!({})),
            Attack::Silence => session.instantiate(&self.services[0], &format!("s{round}"), &self.silent).map(|_| 200),
            Attack::SignIns => session.sign_in_as(&self.email, PASSWORD).map(|_| 200),
            Attack::Disconnects => {
                let variables = json!({ "installation": self.silent });
                self.ask_and_go(
                    Asker { token: &self.services[0], subject: Some(&format!("d{round}")) },
                    INSTANTIATE,
                    &variables,
                )
            }
            Attack::Bytes if round.is_multiple_of(2) => self.report(session, round),
            Attack::Bytes => {
                let parameters = json!([{ "name": "text", "value": "x".repeat(PARAMETER_CHARACTERS) }]);
                send(session, &self.services[0], ACT, &json!({ "thing": self.thing, "parameters": parameters }))
            }
            Attack::Aborts => self.ask_and_go(Asker::of(service), HISTORIES, &json!({})),
            Attack::NotFound => {
                let path = format!("/api/v1/{}", "x".repeat(900));
                session.send(&Request { method: "GET", path: &path, ..Request::default() }).map(|answer| answer.status)
            }
        }
    }

    fn installation_of(&self, publication: &str, configuration: Value) -> Value {
        json!({ "app": self.app, "connector": publication, "configuration": configuration })
    }

    /// Reports a value of the greatest size.
    fn report(&self, session: &mut Session, round: u64) -> Result<u16, Failure> {
        let text = format!("{round}{}", "v".repeat(VALUE_BYTES));
        let path = format!("/instances/things/{}/components/c/properties/text{}", self.thing, round % 10);
        session.report(&self.instance_token, "PUT", &path, &json!({ "value": text }), 204).map(|_| 204)
    }

    /// Sends a request and disconnects before it is answered.
    fn ask_and_go(&self, asker: Asker<'_>, document: &str, variables: &Value) -> Result<u16, Failure> {
        let body = api::graphql_body(document, variables);
        let request = Request { client: Some(&self.client), ..asker.request(&body) }.to_bytes();
        let mut stream = TcpStream::connect(self.server).map_err(Failure::Unreachable)?;
        stream.set_read_timeout(Some(IMPATIENCE)).map_err(Failure::Lost)?;
        stream.write_all(&request).map_err(Failure::Lost)?;
        let _ = stream.read(&mut [0; 1]);
        Ok(0)
    }
}

const INSTALL: &str = "mutation($app: ID!, $connector: ID!, $configuration: [ConfigurationParameterValueInput!]!) {
    installConnector(appId: $app, connectorId: $connector, configuration: $configuration) { id } }";
const INSTANTIATE: &str = "mutation($installation: ID!) {
    instantiateConnector(installationId: $installation, configuration: []) { id } }";
const ACT: &str = "mutation($thing: ID!, $parameters: [ActionParameterInput!]) {
    requestThingAction(thingConstraints: { thingConstraint: { id: $thing } }, actionParameters: $parameters) { id } }";
const HISTORIES: &str = r#"{ things(first: 10) { components { properties {
    history(from: "0001-01-01T00:00:00Z", to: "9999-12-31T00:00:00Z", where: { value: { _like: "%v%v%v%v%v%w%" } }) {
        aggregate { count } } } } } }"#;

fn send(session: &mut Session, token: &str, document: &str, variables: &Value) -> Result<u16, Failure> {
    let body = api::graphql_body(document, variables);
    let answer = session.send(&Asker::of(token).request(&body))?;
    Ok(answer.status)
}

fn aliases() -> String {
    let fields: String = (0..ALIASES)
        .map(|number| {
            format!(
                r#" a{number}: things(first: 1) {{ components {{ properties {{ value
                    history(from: "0001-01-01T00:00:00Z", to: "9999-12-31T00:00:00Z", first: 5) {{ edges {{ node {{ value }} }} }}
                }} }} }}"#
            )
        })
        .collect();
    format!("{{{fields} }}")
}

fn slow_values() -> Value {
    let value = "ab".repeat(PARAMETER_CHARACTERS / 2);
    (0..100).map(|number| json!({ "configurationParameterId": format!("p{number}"), "value": value })).collect()
}

/// A connector whose hundred parameters are slow to match; none if the server does not let it be published.
fn publish_slow(
    session: &mut Session,
    developer: &str,
    connector: SocketAddr,
    number: usize,
) -> Outcome<Option<String>> {
    let parameters: Value = (0..100)
        .map(|parameter| {
            json!({ "id": format!("p{parameter}"), "name": "P", "required": false, "description": "P",
                    "valueType": "STRING", "displayType": "PLAIN", "validationExpression": PATTERN })
        })
        .collect();
    let url = |path: &str| format!("http://{connector}/{path}");
    let publication = json!({
        "name": format!("Slow {number}"), "description": "Slow.", "homeUrl": "https://connector.example.com",
        "logoUrl": "https://connector.example.com/logo.svg", "requirements": "", "tags": [],
        "configurationParameters": parameters, "customerConfigurationParameters": [],
        "installationCallbackUrl": url("installations"), "instanceCallbackUrl": url("instances"),
        "actionCallbackUrl": url("actions"),
    });
    let document = "mutation($c: ConnectorPublicationInput!) { publishConnector(connector: $c) { id } }";
    match session.graphql(Asker::of(developer), document, &json!({ "c": publication })) {
        Ok(data) => Ok(data["publishConnector"]["id"].as_str().map(str::to_owned)),
        Err(Failure::Refused { .. }) => Ok(None),
        Err(failure) => Err(failure.into()),
    }
}

/// A thing with ten properties for long texts, and an action that takes one.
fn create_thing(session: &mut Session, instance_token: &str) -> Outcome<String> {
    let properties: Value = (0..10)
        .map(|number| {
            json!({ "id": format!("text{number}"), "name": "Text", "value": "", "type": "STRING",
                    "lastUpdate": "0001-01-01T00:00:00Z", "propertyType": "core.TEXT" })
        })
        .collect();
    let thing = json!({
        "name": "Hostile", "manufacturer": "N", "displayType": "core.X", "mainComponentId": "c", "status": "AVAILABLE",
        "attributes": [],
        "components": [{ "id": "c", "name": "C", "componentType": "core.C", "capabilities": [], "properties": properties,
            "actions": [{ "id": "act", "name": "Act", "parameters": [{ "name": "text", "type": "STRING" }] }] }],
    });
    let answer = session.report(instance_token, "POST", "/instances/things", &json!({ "thing": thing }), 201)?;
    let answer: Value = serde_json::from_slice(&answer)?;
    Ok(answer["id"].as_str().ok_or("no ID")?.to_owned())
}
