//! Who uses connhub, as fixtures: a developer who signs in, an app with a service token, a
//! connector's own calls to the hub; and a world in which they have met already.

use crate::connector::{Connector, Kind};
use crate::harness::{EMAIL, PASSWORD, Server};
use crate::http::{Request, Response};
use crate::wait::eventually;
use serde_json::{Value, json};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

pub const GRAPHQL: &str = "/api/v1/query";
pub const HUB: &str = "/api/v1/connectorhub/callback";

const PUBLISH: &str = "mutation($connector: ConnectorPublicationInput!) {
    publishConnector(connector: $connector) { id publicKey } }";
const INSTALL: &str = "mutation($app: ID!, $connector: ID!, $configuration: [ConfigurationParameterValueInput!]!) {
    installConnector(appId: $app, connectorId: $connector, configuration: $configuration) {
        id state stateDetails furtherStep { type content contentHtml } } }";
const INSTALLATION: &str = "query($id: ID!) { connectorInstallation(id: $id) {
    id appId state stateDetails furtherStep { type content contentHtml } instanceCount connector { id state } } }";
const INSTANTIATE: &str = "mutation($installation: ID!, $configuration: [ConfigurationParameterValueInput!]!) {
    instantiateConnector(installationId: $installation, configuration: $configuration) {
        id state stateDetails externalSubjectId installation { id } furtherStep { type content contentHtml } } }";
const INSTANCE: &str = "query($id: ID!) { connectorInstance(id: $id) {
    id state stateDetails externalSubjectId installation { id } furtherStep { type content contentHtml } } }";
const ACT: &str = "mutation($thing: ID!, $component: String, $action: String, $parameters: [ActionParameterInput!],
        $dryRun: Boolean) {
    requestThingAction(thingConstraints: { thingConstraint: { id: $thing } }, componentSelector: { id: $component },
        actionSelector: { id: $action }, actionParameters: $parameters, dryRun: $dryRun) {
        id status error deadline createdAt parameters { name value }
        targetThing { id } targetComponent { id } targetAction { id } } }";
const ACTION_REQUEST: &str = "query($id: ID!) { actionRequests(id: $id) { id status error } }";
const REMOVE_INSTALLATION: &str = "mutation($id: ID!, $instances: Boolean!) {
    removeInstallation(installationId: $id, removeInstances: $instances) {
        affectedInstallation { id state } affectedInstances { id state } } }";
const REMOVE_INSTANCE: &str = "mutation($id: ID!) { removeInstance(instanceId: $id) { id state installation { id } } }";

/// A GraphQL response.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub data: Value,
    pub errors: Vec<Value>,
}

impl Answer {
    fn of(response: &Response) -> Self {
        let body = response.json();
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        Self { status: response.status, data: body["data"].clone(), errors }
    }

    /// The data of a request that went well.
    #[track_caller]
    pub fn data(&self) -> &Value {
        assert!(self.status == 200 && self.errors.is_empty(), "{self:#?}");
        &self.data
    }

    /// The one field of the data of a request that went well.
    #[track_caller]
    pub fn field(&self) -> &Value {
        let data = self.data().as_object().expect("data");
        assert_eq!(data.len(), 1, "{data:?}");
        data.values().next().expect("one field")
    }

    /// The only error.
    #[track_caller]
    pub fn error(&self) -> &Value {
        assert_eq!(self.errors.len(), 1, "{self:#?}");
        &self.errors[0]
    }

    /// The only error's code.
    #[track_caller]
    pub fn code(&self) -> &str {
        self.error()["extensions"]["code"].as_str().expect("a code")
    }

    /// The only error's text.
    #[track_caller]
    pub fn message(&self) -> &str {
        self.error()["message"].as_str().expect("a message")
    }

    /// The paths of everything that is wrong with the input.
    #[track_caller]
    pub fn violations(&self) -> Vec<&str> {
        assert_eq!(self.code(), "BAD_USER_INPUT", "{self:#?}");
        let violations = self.error()["extensions"]["violations"].as_array().expect("violations");
        for violation in violations {
            assert!(violation["message"].as_str().is_some_and(|message| !message.is_empty()), "{violation}");
        }
        violations.iter().map(|violation| violation["path"].as_str().expect("a path")).collect()
    }
}

/// Sends a GraphQL request as whoever has the token, for the external subject if one is named.
#[track_caller]
pub fn graphql(
    server: &Server,
    token: Option<&str>,
    subject: Option<&str>,
    document: &str,
    variables: Value,
) -> Answer {
    let mut request = Request::post(GRAPHQL).bearer(token);
    if let Some(subject) = subject {
        request = request.header("X-External-Subject-ID", subject);
    }
    Answer::of(&server.send(&request.json(&json!({ "query": document, "variables": variables }))))
}

/// Configuration values as GraphQL takes them.
pub fn configuration(values: &[(&str, &str)]) -> Value {
    values.iter().map(|(id, value)| json!({ "configurationParameterId": id, "value": value })).collect()
}

/// A developer who has signed in.
#[derive(Clone)]
pub struct Developer {
    pub server: Arc<Server>,
    pub token: String,
}

impl Developer {
    /// The first account's.
    pub fn sign_in(server: &Arc<Server>) -> Self {
        Self::sign_in_as(server, EMAIL)
    }

    fn sign_in_as(server: &Arc<Server>, email: &str) -> Self {
        let answer = server.send(&login(email, PASSWORD)).expect(200).json();
        Self { server: Arc::clone(server), token: answer["access_token"].as_str().expect("a token").to_owned() }
    }

    /// Of another account.
    pub fn stranger(server: &Arc<Server>) -> Self {
        Self::copied(server, "stranger@example.com")
    }

    /// Of another account with this e-mail. As long as nobody can sign up, it is copied in the database.
    pub fn copied(server: &Arc<Server>, email: &str) -> Self {
        let copy = "INSERT INTO accounts (id, email, email_key, name, password_hash, created_at, used_at)
            SELECT randomblob(16), ?1, ?1, name, password_hash, created_at, used_at FROM accounts
            WHERE role = 'OPERATOR' LIMIT 1";
        server.sql().execute(copy, [email]).expect("an account to copy");
        Self::sign_in_as(server, email)
    }

    #[track_caller]
    pub fn graphql(&self, document: &str, variables: Value) -> Answer {
        graphql(&self.server, Some(&self.token), None, document, variables)
    }

    /// A new app with a token of all scopes.
    pub fn create_app(&self) -> App {
        let document = "mutation { createApp(name: \"Test app\") { clientId clientSecret } }";
        let created = self.graphql(document, json!({})).field().clone();
        let text = |name: &str| created[name].as_str().expect("a text").to_owned();
        let (id, secret) = (text("clientId"), text("clientSecret"));
        let token = self.service_token(&id, &[]);
        App { server: Arc::clone(&self.server), id, secret, token }
    }

    /// A service token with these scopes; with all where none is named.
    pub fn service_token(&self, app: &str, scopes: &[&str]) -> String {
        let document = "mutation($app: ID!, $scopes: [String!]) {
            createServiceToken(appId: $app, scopes: $scopes) { accessToken } }";
        let answer = self.graphql(document, json!({ "app": app, "scopes": scopes }));
        answer.field()["accessToken"].as_str().expect("a token").to_owned()
    }

    /// Publishes the test connector and tells it its key. Answers the publication's ID.
    #[track_caller]
    pub fn publish(&self, connector: &Connector, publication: Value) -> String {
        let published = self.graphql(PUBLISH, json!({ "connector": publication })).field().clone();
        connector.configure(&json!({ "publicKey": published["publicKey"], "hub": self.server.url() }));
        published["id"].as_str().expect("an ID").to_owned()
    }

    #[track_caller]
    pub fn install(&self, app: &str, publication: &str, values: &[(&str, &str)]) -> Answer {
        let variables = json!({ "app": app, "connector": publication, "configuration": configuration(values) });
        self.graphql(INSTALL, variables)
    }

    /// An installation as it stands; null if there is none for this developer.
    #[track_caller]
    pub fn installation(&self, id: &str) -> Value {
        self.graphql(INSTALLATION, json!({ "id": id })).field().clone()
    }

    #[track_caller]
    pub fn remove_installation(&self, id: &str, with_instances: bool) -> Answer {
        self.graphql(REMOVE_INSTALLATION, json!({ "id": id, "instances": with_instances }))
    }
}

/// A request to sign in.
pub fn login(email: &str, password: &str) -> Request {
    Request::post("/api/v1/auth/login").json(&json!({ "email": email, "password": password }))
}

/// An app with its service token.
#[derive(Clone)]
pub struct App {
    pub server: Arc<Server>,
    pub id: String,
    pub secret: String,
    pub token: String,
}

impl App {
    #[track_caller]
    pub fn graphql(&self, document: &str, variables: Value) -> Answer {
        graphql(&self.server, Some(&self.token), None, document, variables)
    }

    #[track_caller]
    pub fn graphql_for(&self, subject: &str, document: &str, variables: Value) -> Answer {
        graphql(&self.server, Some(&self.token), Some(subject), document, variables)
    }

    #[track_caller]
    pub fn instantiate(&self, installation: &str, subject: Option<&str>, values: &[(&str, &str)]) -> Answer {
        let variables = json!({ "installation": installation, "configuration": configuration(values) });
        graphql(&self.server, Some(&self.token), subject, INSTANTIATE, variables)
    }

    /// An instance as it stands; null if there is none for this app.
    #[track_caller]
    pub fn instance(&self, id: &str) -> Value {
        self.graphql(INSTANCE, json!({ "id": id })).field().clone()
    }

    #[track_caller]
    pub fn remove_instance(&self, id: &str) -> Answer {
        self.graphql(REMOVE_INSTANCE, json!({ "id": id }))
    }

    /// Requests one action of one thing.
    #[track_caller]
    pub fn act(&self, thing: &str, action: &str, parameters: &[(&str, &str)]) -> Answer {
        self.graphql(ACT, action_variables(thing, action, parameters))
    }

    /// The same without doing it.
    #[track_caller]
    pub fn dry_run(&self, thing: &str, action: &str, parameters: &[(&str, &str)]) -> Answer {
        let mut variables = action_variables(thing, action, parameters);
        variables["dryRun"] = true.into();
        self.graphql(ACT, variables)
    }

    /// An action request as it stands.
    #[track_caller]
    pub fn action_request(&self, id: &str) -> Value {
        self.graphql(ACTION_REQUEST, json!({ "id": id })).field()[0].clone()
    }
}

/// The variables of [`ACT`].
fn action_variables(thing: &str, action: &str, parameters: &[(&str, &str)]) -> Value {
    let parameters: Value = parameters.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    json!({ "thing": thing, "component": "lamp", "action": action, "parameters": parameters })
}

/// The body of a request that installs a publication without parameters.
pub fn install_body(app: &str, publication: &str) -> Value {
    json!({ "query": INSTALL, "variables": { "app": app, "connector": publication, "configuration": [] } })
}

/// The body of a GraphQL request that asks one action of one thing, for tests with their own client.
pub fn action_body(thing: &str, action: &str, parameters: &[(&str, &str)]) -> Value {
    json!({ "query": ACT, "variables": action_variables(thing, action, parameters) })
}

/// A connector's calls to the hub, with a token that it got.
#[derive(Clone)]
pub struct Hub {
    pub server: Arc<Server>,
    pub token: String,
}

impl Hub {
    #[track_caller]
    pub fn call(&self, method: &str, path: &str, body: &Value) -> Response {
        self.server.send(&Request::new(method, &format!("{HUB}{path}")).bearer(self.token.as_str()).json(body))
    }

    #[track_caller]
    pub fn delete(&self, path: &str) -> Response {
        self.server.send(&Request::new("DELETE", &format!("{HUB}{path}")).bearer(self.token.as_str()))
    }

    /// Reports a state of an installation or an instance: `installations` or `instances`.
    #[track_caller]
    pub fn report(&self, noun: &str, state: impl Into<Value>) -> Response {
        self.call("POST", &format!("/{noun}/state"), &json!({ "state": state.into() }))
    }

    /// Creates a thing and answers its ID.
    #[track_caller]
    pub fn create_thing(&self, thing: &Value) -> String {
        let created = self.call("POST", "/instances/things", &json!({ "thing": thing })).expect(201).json();
        created["id"].as_str().expect("an ID").to_owned()
    }

    #[track_caller]
    pub fn update(&self, thing: &str, property: &str, body: &Value) -> Response {
        self.call("PUT", &format!("/instances/things/{thing}/components/lamp/properties/{property}"), body)
    }

    #[track_caller]
    pub fn end_action(&self, request: &str, body: &Value) -> Response {
        self.call("PUT", &format!("/instances/actions/requests/{request}"), body)
    }
}

/// A lamp: one component with a property and an action of each type.
pub fn lamp() -> Value {
    json!({
        "name": "Lamp", "manufacturer": "Test", "displayType": "core.LAMP", "mainComponentId": "lamp",
        "status": "AVAILABLE",
        "components": [{
            "id": "lamp", "name": "Lamp", "componentType": "core.Lamp", "capabilities": ["core.SWITCH"],
            "properties": [
                { "id": "on", "name": "On", "value": "false", "unit": "", "type": "BOOLEAN",
                    "propertyType": "core.ON" },
                { "id": "level", "name": "Level", "value": "", "unit": "%", "type": "NUMBER" },
                { "id": "colour", "name": "Colour", "value": "white", "type": "STRING" },
            ],
            "actions": [
                { "id": "toggle", "name": "Toggle", "parameters": [] },
                { "id": "dim", "name": "Dim", "parameters": [{ "name": "level", "type": "NUMBER" },
                    { "name": "slow", "type": "BOOLEAN" }] },
            ],
        }],
        "attributes": [{ "name": "serial", "value": "00130" }],
    })
}

/// A server, a developer with an app, and the test connector, published for everybody.
pub struct World {
    pub server: Arc<Server>,
    pub developer: Developer,
    pub app: App,
    pub connector: Connector,
    pub publication: String,
}

impl World {
    /// A world without parameters on a server without flags.
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// A world on a server with these flags.
    pub fn with(flags: &[&str]) -> Self {
        Self::publishing(flags, json!({}))
    }

    /// A world whose publication has these fields beside the necessary ones.
    pub fn publishing(flags: &[&str], fields: Value) -> Self {
        Self::on(Server::with(flags), fields)
    }

    /// The same on this server.
    pub fn on(server: Arc<Server>, fields: Value) -> Self {
        let developer = Developer::sign_in(&server);
        let app = developer.create_app();
        let connector = Connector::new();
        let publication = developer.publish(&connector, publication(&connector, fields));
        Self { server, developer, app, connector, publication }
    }

    #[track_caller]
    pub fn install(&self) -> Answer {
        self.developer.install(&self.app.id, &self.publication, &[])
    }

    /// An installation that is COMPLETE.
    #[track_caller]
    pub fn installed(&self) -> String {
        let answer = self.install();
        assert_eq!(answer.field()["state"], "COMPLETE", "{answer:?}");
        id_of(answer.field())
    }

    /// An instance that is COMPLETE, of an installation that is.
    #[track_caller]
    pub fn instantiated(&self) -> Instance {
        let installation = self.installed();
        let answer = self.app.instantiate(&installation, None, &[]);
        assert_eq!(answer.field()["state"], "COMPLETE", "{answer:?}");
        let id = id_of(answer.field());
        let token = self.connector.only(Kind::Instance).token().to_owned();
        Instance { id, installation, hub: self.hub(&token) }
    }

    /// The hub with a token that the connector got.
    pub fn hub(&self, token: &str) -> Hub {
        Hub { server: Arc::clone(&self.server), token: token.to_owned() }
    }

    /// The hub with the token of the only installation.
    #[track_caller]
    pub fn installation_hub(&self) -> Hub {
        self.hub(self.connector.only(Kind::Installation).token())
    }

    /// The hub with the token of the only instance.
    #[track_caller]
    pub fn instance_hub(&self) -> Hub {
        self.hub(self.connector.only(Kind::Instance).token())
    }

    /// Begins to install while the test goes on.
    pub fn installing(&self) -> JoinHandle<Answer> {
        let (developer, app, publication) = (self.developer.clone(), self.app.id.clone(), self.publication.clone());
        thread::spawn(move || developer.install(&app, &publication, &[]))
    }

    /// Begins to instantiate while the test goes on.
    pub fn instantiating(&self, installation: &str) -> JoinHandle<Answer> {
        let (app, installation) = (self.app.clone(), installation.to_owned());
        thread::spawn(move || app.instantiate(&installation, None, &[]))
    }

    /// Begins to request an action while the test goes on.
    pub fn acting(&self, thing: &str, action: &str) -> JoinHandle<Answer> {
        let (app, thing, action) = (self.app.clone(), thing.to_owned(), action.to_owned());
        thread::spawn(move || app.act(&thing, &action, &[]))
    }

    /// Waits until an installation stands so, and answers it.
    #[track_caller]
    pub fn until_installation_is(&self, id: &str, state: &str) -> Value {
        eventually(&format!("the installation is {state}"), || {
            Some(self.developer.installation(id)).filter(|installation| installation["state"] == state)
        })
    }

    /// Waits until an action request stands so, and answers it.
    #[track_caller]
    pub fn until_action_is(&self, id: &str, status: &str) -> Value {
        eventually(&format!("the action request is {status}"), || {
            Some(self.app.action_request(id)).filter(|request| request["status"] == status)
        })
    }
}

/// An instance that is COMPLETE, with its connector's way to the hub.
pub struct Instance {
    pub id: String,
    pub installation: String,
    pub hub: Hub,
}

/// The input that publishes the test connector, PUBLIC, with these fields besides.
pub fn publication(connector: &Connector, fields: Value) -> Value {
    let mut input = json!({
        "name": "Test connector", "description": "Does as it is told.", "mode": "PUBLIC",
        "installationCallbackUrl": connector.url("installations"),
        "instanceCallbackUrl": connector.url("instances"),
        "actionCallbackUrl": connector.url("actions"),
    });
    for (name, value) in fields.as_object().expect("fields") {
        input[name] = value.clone();
    }
    input
}

/// The ID of an object.
#[track_caller]
pub fn id_of(object: &Value) -> String {
    object["id"].as_str().unwrap_or_else(|| panic!("no ID in {object}")).to_owned()
}
