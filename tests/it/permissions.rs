//! Who may do what: every GraphQL field and every route against every kind of caller. The fields
//! are taken from introspection, so that a new one without a row fails the test.

use crate::connector::{Connector, Kind};
use crate::harness::PASSWORD;
use crate::http::Request;
use crate::hub::assert_refusal;
use crate::users::{Answer, Developer, HUB, World, graphql, id_of, lamp, publication};
use crate::wait::until;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const SCOPES: [&str; 6] = [
    "connctd.connector",
    "connctd.things.read",
    "connctd.things.action",
    "connctd.subjects.read",
    "connctd.units.read",
    "connctd.units.admin",
];
/// A token of the right form that somebody else has signed.
const FOREIGN: &str = concat!(
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJjb25uaHViIiwiYXVkIjoiZGV2ZWxvcGVyIiwic3Vi",
    "IjoiMDE4OTAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAwIiwiaWF0IjoxLCJleHAiOjk5OTk5OTk5OTl9.c2lnbmF0dXJl"
);

/// What a field asks of its caller.
#[derive(Clone, Copy)]
enum Needs {
    NoToken,
    AnyToken,
    Developer,
    Operator,
    Service(&'static str),
    DeveloperOr(&'static str),
}
use Needs::{AnyToken, DeveloperOr, NoToken, Operator, Service};

/// What somebody with the right kind of token sees who is of another account.
#[derive(Clone, Copy, Debug)]
enum Others {
    /// The error NOT_FOUND.
    Refused,
    /// Null.
    Null,
    /// An empty list.
    Empty,
    /// Something of their own.
    Own,
}
use Others::{Empty, Null, Own, Refused};

/// Everything that a document may name.
struct Stage {
    world: World,
    /// Tokens by the name of who has them.
    tokens: BTreeMap<&'static str, String>,
    /// IDs by the placeholder that stands for them.
    ids: BTreeMap<&'static str, String>,
}

/// One row: a field with its arguments and selection, what it needs, what others see.
type Row = (&'static str, &'static str, Needs, Others);

/// The queries. Anybody who may ask may ask twice.
fn queries() -> Vec<Row> {
    let either = DeveloperOr("connctd.connector");
    vec![
        ("about", "{ version openSignup generatedAccount }", NoToken, Own),
        ("connectorPublications", "{ id publicKey }", Needs::Developer, Empty),
        ("connectorInstallations", "(appId: \"APP\") { id }", Needs::Developer, Refused),
        ("connectorInstantiations", "{ id }", Service("connctd.connector"), Empty),
        ("things", "{ id }", Service("connctd.things.read"), Empty),
        ("profile", "{ id email }", Needs::Developer, Own),
        ("connectorStore", "{ id }", AnyToken, Empty),
        ("connector", "(id: \"PUBLICATION\") { id }", AnyToken, Null),
        ("connectorInstallation", "(id: \"INSTALLATION\") { id }", either, Null),
        ("connectorInstance", "(id: \"INSTANCE\") { id }", either, Null),
        ("apps", "{ id }", Needs::Developer, Own),
        ("app", "(id: \"APP\") { id }", Needs::Developer, Null),
        ("actionRequests", "{ id }", Service("connctd.things.action"), Empty),
        ("grants", "{ id }", Needs::Developer, Empty),
        ("callbacks", "{ id }", Needs::Developer, Empty),
        ("callback", "(id: \"CALLBACK\") { id }", Needs::Developer, Null),
        ("server", "{ version accounts isDiskLow }", Operator, Own),
        ("accounts", "{ id email usage { rows today { callbacks } } }", Operator, Own),
        ("busiestConnectors", "{ id ownerEmail }", Operator, Own),
        ("invites", "{ id email }", Operator, Own),
        ("invite", "(token: \"nonsense\") { email }", NoToken, Own),
    ]
}

/// The mutations. The right caller is the last to ask, and what removes comes last.
fn mutations() -> Vec<Row> {
    let connector = Service("connctd.connector");
    let action = Service("connctd.things.action");
    let developer = Needs::Developer;
    let new = "(connector: { name: \"n\", description: \"d\", installationCallbackUrl: \"https://h\",
        instanceCallbackUrl: \"https://h\", actionCallbackUrl: \"https://h\" }) { id }";
    let install = "(appId: \"FREE\", connectorId: \"PUBLICATION\", configuration: []) { id }";
    let remove_all = "(installationId: \"INSTALLATION\", removeInstances: true) { affectedInstallation { id } }";
    let password = "(presentPassword: \"PASSWORD\", newPassword: \"another password\") { accessToken }";
    let toggle = "(thingConstraints: {}, actionSelector: { id: \"toggle\" }) { id }";
    let thing = "(thing: { name: \"n\", manufacturer: \"m\", displayType: \"d\", mainComponentId: \"c\", components:
        { id: \"c\", name: \"n\", componentType: \"t\", actions: { id: \"a\", name: \"a\" } } }) { id }";
    vec![
        ("suspendConnector", "(connectorId: \"FOREIGN\") { id }", Operator, Own),
        ("resumeConnector", "(connectorId: \"FOREIGN\") { id }", Operator, Own),
        ("suspendAccount", "(accountId: \"OTHER\") { state }", Operator, Own),
        ("resumeAccount", "(accountId: \"OTHER\") { state }", Operator, Own),
        ("setAccountRole", "(accountId: \"OTHER\", role: DEVELOPER) { role }", Operator, Own),
        ("createInvite", "(email: \"new@example.com\") { path }", Operator, Own),
        ("revokeInvite", "(inviteId: \"INVITE\")", Operator, Own),
        ("removeAccount", "(accountId: \"OTHER\") { things }", Operator, Own),
        ("revokeGrant", "(grantId: \"GRANT\")", developer, Refused),
        ("publishConnector", new, developer, Own),
        ("updateConnector", "(connectorId: \"PUBLICATION\", connector: {}) { id }", developer, Refused),
        ("rotateConnectorKey", "(connectorId: \"PUBLICATION\") { id nextPublicKey }", developer, Refused),
        ("abandonConnectorKey", "(connectorId: \"PUBLICATION\") { id }", developer, Refused),
        ("confirmConnectorKey", "(connectorId: \"PUBLICATION\", publicKey: \"KEY\") { id }", developer, Refused),
        ("createApp", "(name: \"n\") { clientId }", developer, Own),
        ("updateApp", "(appId: \"SPARE\", name: \"n\") { id }", developer, Refused),
        ("resetAppSecret", "(appId: \"SPARE\") { clientId }", developer, Refused),
        ("createServiceToken", "(appId: \"SPARE\") { scope }", developer, Refused),
        ("installConnector", install, developer, Refused),
        ("instantiateConnector", "(installationId: \"INSTALLATION\", configuration: []) { id }", connector, Refused),
        ("requestThingAction", toggle, action, Empty),
        ("cancelActionRequest", "(id: \"ACTION\") { id }", action, Refused),
        ("deleteThings", "(thingConstraint: { name: \"n\" }) { id }", connector, Empty),
        ("createThing", thing, connector, Own),
        ("removeInstance", "(instanceId: \"GOING\") { id }", connector, Refused),
        ("removeConnector", "(connectorId: \"PUBLICATION\") { id }", developer, Refused),
        ("removeApp", "(appId: \"SPARE\") { id }", developer, Refused),
        ("changePassword", password, developer, Own),
        ("removeInstallation", remove_all, developer, Refused),
    ]
}

/// Tokens that were good once: the server's own clock ended one of each kind, a reset secret another.
fn ended_tokens(world: &World, spare: &str) -> [(&'static str, String); 3] {
    world.server.restart_with(&["--developer-token-lifetime", "1s", "--service-token-lifetime", "1s"]);
    let short = Developer::sign_in(&world.server);
    let service = short.service_token(&world.app.id, &[]);
    until("the tokens have expired", || {
        let ask = |token: &str, document: &str| graphql(&world.server, Some(token), None, document, json!({})).status;
        ask(&short.token, "{ profile { id } }") == 401 && ask(&service, "{ things { id } }") == 401
    });
    world.server.restart_with(&[]);
    let revoked = world.developer.service_token(spare, &[]);
    let reset = "mutation($app: ID!) { resetAppSecret(appId: $app) { clientId } }";
    world.developer.graphql(reset, json!({ "app": spare })).data();
    [("expired developer", short.token), ("expired service", service), ("revoked service", revoked)]
}

fn stage() -> Stage {
    let world = World::publishing(&[], json!({ "mode": "PRIVATE" }));
    let (developer, app) = (&world.developer, &world.app);
    let installation = world.installed();
    let instance = id_of(app.instantiate(&installation, Some("someone"), &[]).field());
    let hub = world.instance_hub();
    let going = id_of(app.instantiate(&installation, Some("going"), &[]).field());
    let thing = hub.create_thing(&lamp());
    world.connector.answers(Kind::Action, &json!([{ "status": 202 }, { "status": 204 }]));
    let action = id_of(&app.act(&thing, "toggle", &[]).field()[0]);
    let spare = developer.create_app().id;
    let mut tokens = BTreeMap::from(ended_tokens(&world, &spare));
    let stranger = Developer::stranger(&world.server);
    let other = Developer::copied(&world.server, "other@example.com");
    let foreign = other.publish(&Connector::new(), publication(&world.connector, json!({ "mode": "PRIVATE" })));
    let other = id_of(other.graphql("{ profile { id } }", json!({})).field());
    tokens.insert("operator", operator(&world).token);
    tokens.insert("nonsense", "nonsense".to_owned());
    tokens.insert("foreign", FOREIGN.to_owned());
    tokens.insert("developer", developer.token.clone());
    tokens.insert("service of all scopes", app.token.clone());
    for scope in SCOPES {
        tokens.insert(scope, developer.service_token(&app.id, &[scope]));
    }
    tokens.insert("installation", world.connector.only(Kind::Installation).token().to_owned());
    tokens.insert("instance", hub.token);
    tokens.insert("other service", stranger.create_app().token);
    tokens.insert("other developer", stranger.token);
    let free = developer.create_app().id;
    let callback = id_of(&developer.graphql("{ callbacks(first: 1) { id } }", json!({})).field()[0]);
    let document = "query($id: ID!) { connector(id: $id) { publicKey } }";
    let key = developer.graphql(document, json!({ "id": world.publication })).field()["publicKey"].clone();
    let key = key.as_str().expect("a key").to_owned();
    let ids = BTreeMap::from([
        ("GRANT", grant(&world, &spare)),
        ("PASSWORD", PASSWORD.to_owned()),
        ("APP", app.id.clone()),
        ("SPARE", spare),
        ("FREE", free),
        ("PUBLICATION", world.publication.clone()),
        ("KEY", key),
        ("INSTALLATION", installation),
        ("INSTANCE", instance),
        ("GOING", going),
        ("ACTION", action),
        ("THING", thing),
        ("CALLBACK", callback),
        ("OTHER", other),
        ("FOREIGN", foreign),
        ("INVITE", invite(&world)),
    ]);
    Stage { world, tokens, ids }
}

/// An operator, who is the only one from now on: whatever the developer may do is not for being one.
fn operator(world: &World) -> Developer {
    let operator = Developer::copied(&world.server, "operator@example.com");
    let roles = "UPDATE accounts SET role = iif(email = 'operator@example.com', 'OPERATOR', 'DEVELOPER')";
    assert_eq!(world.server.sql().execute(roles, []).expect("roles"), 4);
    operator
}

/// An open invitation.
fn invite(world: &World) -> String {
    let id = "0190aaaa-0000-7000-8000-000000000002";
    let insert = "INSERT INTO invites (id, token_hash, email, email_key, created_at, expires_at)
        VALUES (unhex(replace(?1, '-', '')), x'00', 'i@example.com', 'i@example.com', 1, 9000000000000000)";
    assert_eq!(world.server.sql().execute(insert, [id]).expect("an invitation"), 1);
    id.to_owned()
}

/// What the developer once let an app do for itself. It gave tokens, and has not ended.
fn grant(world: &World, app: &str) -> String {
    let id = "0190aaaa-0000-7000-8000-000000000001";
    let insert =
        "INSERT INTO grants (id, client, account, app, scope, rounds, code_hash, created_at, used_at, expires_at)
        SELECT unhex(replace(?1, '-', '')), id, owner, id, 'connctd.connector', 1, x'00', 1, 1, 9000000000000000
        FROM apps WHERE id = unhex(replace(?2, '-', ''))";
    assert_eq!(world.server.sql().execute(insert, [id, app]).expect("a grant"), 1);
    id.to_owned()
}

impl Stage {
    /// Asks, and goes on with the new token where that ended the old one.
    fn ask_and_go_on(&mut self, caller: &'static str, document: &str) -> Answer {
        let answer = self.ask(caller, document);
        if let Some(token) = answer.data["changePassword"]["accessToken"].as_str() {
            self.tokens.insert(caller, token.to_owned());
        }
        answer
    }

    fn ask(&self, caller: &str, document: &str) -> Answer {
        let mut text = document.to_owned();
        for (placeholder, id) in &self.ids {
            text = text.replace(&format!("\"{placeholder}\""), &format!("\"{id}\""));
        }
        graphql(&self.world.server, self.tokens.get(caller).map(String::as_str), None, &text, json!({}))
    }

    /// The root fields that introspection tells, and whether null can take the place of each.
    fn root_fields(&self) -> BTreeMap<String, bool> {
        let fields = "fields { name type { kind } }";
        let document = format!("{{ __schema {{ queryType {{ {fields} }} mutationType {{ {fields} }} }} }}");
        let schema = self.ask("nobody", &document).data()["__schema"].clone();
        let list = |root: &str| schema[root]["fields"].as_array().expect("fields").clone();
        let field =
            |field: Value| (field["name"].as_str().expect("a name").to_owned(), field["type"]["kind"] != "NON_NULL");
        list("queryType").into_iter().chain(list("mutationType")).map(field).collect()
    }
}

const WITHOUT_A_GOOD_TOKEN: [&str; 6] =
    ["nobody", "nonsense", "foreign", "expired developer", "expired service", "revoked service"];
const WITH_A_GOOD_TOKEN: [&str; 9] = [
    "developer",
    "operator",
    "service of all scopes",
    SCOPES[0],
    SCOPES[1],
    SCOPES[2],
    SCOPES[3],
    "installation",
    "instance",
];

/// Who may ask for a field that needs this.
fn right(needs: Needs) -> Vec<&'static str> {
    match needs {
        NoToken => WITHOUT_A_GOOD_TOKEN.into_iter().chain(WITH_A_GOOD_TOKEN).collect(),
        AnyToken => WITH_A_GOOD_TOKEN.to_vec(),
        Needs::Developer => vec!["developer"],
        Operator => vec!["operator"],
        Service(scope) => vec![scope, "service of all scopes"],
        DeveloperOr(scope) => vec!["developer", scope, "service of all scopes"],
    }
}

#[track_caller]
fn assert_refused(what: &str, answer: &Answer, field: &str, nullable: bool, status: u16, code: &str) {
    let (expected_status, data) = if nullable { (200, json!({ field: null })) } else { (status, Value::Null) };
    assert_eq!(answer.errors.len(), 1, "{what}: {answer:?}");
    assert_eq!((answer.status, answer.code()), (expected_status, code), "{what}");
    assert_eq!(answer.error()["extensions"]["status"], status, "{what}");
    assert_eq!(answer.data, data, "{what}");
}

/// Asserts what somebody of another account sees.
#[track_caller]
fn assert_kept_apart(what: &str, stage: &Stage, answer: &Answer, field: &str, others: Others) {
    match others {
        Refused => assert_eq!((answer.status, answer.code()), (200, "NOT_FOUND"), "{what}: {answer:?}"),
        Null => assert_eq!(answer.data()[field], Value::Null, "{what}"),
        Empty => assert_eq!(answer.data()[field], json!([]), "{what}"),
        Own => {
            let text = answer.data().to_string();
            assert!(stage.ids.values().all(|id| !text.contains(id)), "{what}: {text}");
        }
    }
}

#[test]
fn every_graphql_field_answers_every_kind_of_caller_as_it_must() {
    let mut stage = stage();
    let mut fields = stage.root_fields();
    let queries = queries().into_iter().map(|row| ("query", row));
    for (kind, (field, rest, needs, others)) in queries.chain(mutations().into_iter().map(|row| ("mutation", row))) {
        let document = &format!("{kind} {{ {field} {rest} }}");
        let nullable = fields.remove(field).unwrap_or_else(|| panic!("{field} is no field, or has two rows"));
        let right = right(needs);
        // An operator is a developer too, of another account.
        let strangers: &[&str] = match needs {
            Needs::Developer => &["other developer", "operator"],
            Operator => &[],
            Service(_) => &["other service"],
            NoToken | AnyToken => &["other developer", "other service"],
            DeveloperOr(_) => &["other developer", "other service", "operator"],
        };
        for caller in WITHOUT_A_GOOD_TOKEN.into_iter().filter(|caller| !right.contains(caller)) {
            let what = format!("{field} as {caller}");
            assert_refused(&what, &stage.ask(caller, document), field, nullable, 401, "UNAUTHENTICATED");
        }
        for caller in
            WITH_A_GOOD_TOKEN.into_iter().filter(|caller| !right.contains(caller) && !strangers.contains(caller))
        {
            let what = format!("{field} as {caller}");
            let answer = stage.ask(caller, document);
            assert_refused(&what, &answer, field, nullable, 403, "FORBIDDEN");
            if let Service(scope) | DeveloperOr(scope) = needs {
                assert!(answer.message().contains(scope), "{what}: {}", answer.message());
            } else {
                assert!(answer.message().contains("developer"), "{what}: {}", answer.message());
            }
        }
        for caller in strangers {
            let what = format!("{field} as {caller}");
            let answer = stage.ask_and_go_on(caller, document);
            assert_kept_apart(&what, &stage, &answer, field, others);
        }
        // What changes something can be done once.
        let times = if kind == "mutation" { 1 } else { right.len() };
        for caller in right.into_iter().take(times) {
            let answer = stage.ask_and_go_on(caller, document);
            assert!(answer.status == 200 && answer.errors.is_empty(), "{field} as {caller}: {answer:?}");
        }
    }
    assert!(fields.is_empty(), "fields without a row: {:?}", fields.keys());
}

#[test]
fn fields_inside_results_do_not_lead_around_a_missing_scope() {
    let stage = stage();
    for document in [
        "{ connectorInstantiations { things { id } } }",
        "{ connectorInstance(id: \"INSTANCE\") { things { id } } }",
        "{ connectorInstallation(id: \"INSTALLATION\") { instances { things { id } } } }",
    ] {
        let answer = stage.ask("connctd.connector", document);
        assert_eq!(answer.code(), "FORBIDDEN", "{document}: {answer:?}");
        assert!(answer.message().contains("connctd.things.read"), "{}", answer.message());
        stage.ask("service of all scopes", document).data();
    }
}

#[test]
fn what_an_action_is_aimed_at_can_be_read_with_the_reading_scope_alone() {
    let stage = stage();
    for inside in ["attributes { value }", "components { properties { value } }"] {
        let document = format!(
            "mutation {{ requestThingAction(thingConstraints: {{}}, actionSelector: {{ id: \"toggle\" }}, dryRun: true,
                actionParameters: []) {{ targetThing {{ id {inside} }} }} }}"
        );
        assert_eq!(stage.ask("connctd.things.action", &document).code(), "FORBIDDEN", "{document}");
        stage.ask("service of all scopes", &document).data();
    }
}

/// The hub's routes: method, path, body, the kind of token needed, the status of success, and what
/// another connector's token of that kind gets.
fn routes() -> Vec<(&'static str, &'static str, Value, &'static str, u16, u16)> {
    let state = json!({ "state": 2 });
    let property = "/instances/things/THING/components/lamp/properties/level";
    vec![
        ("POST", "/installations/state", state.clone(), "installation", 204, 204),
        ("POST", "/instances/state", state, "instance", 204, 204),
        ("POST", "/instances/things", json!({ "thing": lamp() }), "instance", 201, 201),
        ("PUT", property, json!({ "value": "1" }), "instance", 204, 404),
        ("POST", property, json!({ "value": "1" }), "instance", 204, 404),
        ("PUT", "/instances/things/THING/status", json!({ "status": "AVAILABLE" }), "instance", 204, 404),
        ("PUT", "/instances/actions/requests/ACTION", json!({ "status": "COMPLETED" }), "instance", 204, 404),
        ("DELETE", "/instances/things/THING", Value::Null, "instance", 204, 404),
    ]
}

/// The tokens of another app's installation and instance of a connector.
fn other_connector(stage: &Stage) -> BTreeMap<&'static str, String> {
    let connector = Connector::new();
    let stranger = Developer { token: stage.tokens["other developer"].clone(), ..stage.world.developer.clone() };
    let id = stranger.publish(&connector, publication(&connector, json!({})));
    let app = stranger.create_app();
    let installation = id_of(stranger.install(&app.id, &id, &[]).field());
    app.instantiate(&installation, None, &[]).data();
    BTreeMap::from([
        ("installation", connector.only(Kind::Installation).token().to_owned()),
        ("instance", connector.only(Kind::Instance).token().to_owned()),
    ])
}

#[test]
fn every_route_of_the_hub_answers_every_kind_of_caller_as_it_must() {
    let stage = stage();
    let others = other_connector(&stage);
    for (method, path, body, kind, success, for_others) in routes() {
        let path = ["THING", "ACTION"].iter().fold(path.to_owned(), |path, name| path.replace(name, &stage.ids[name]));
        let ask = |token: Option<&str>| {
            let request = Request::new(method, &format!("{HUB}{path}")).bearer(token);
            stage.world.server.send(&if body.is_null() { request } else { request.json(&body) })
        };
        for caller in WITHOUT_A_GOOD_TOKEN {
            let token = stage.tokens.get(caller);
            let answer = ask(token.map(String::as_str));
            assert_refusal(&answer, 401, "UNAUTHORIZED");
            let challenge =
                if token.is_some() { r#"Bearer error="invalid_token""# } else { r#"Bearer realm="connhub""# };
            assert_eq!(answer.header("WWW-Authenticate"), Some(challenge), "{caller}");
        }
        for caller in WITH_A_GOOD_TOKEN.into_iter().filter(|caller| *caller != kind) {
            let answer = ask(Some(&stage.tokens[caller]));
            assert_refusal(&answer, 403, "FORBIDDEN");
            assert_eq!(answer.header("WWW-Authenticate"), Some(r#"Bearer error="insufficient_scope""#));
            assert!(answer.json()["description"].to_string().contains(kind), "{method} {path} as {caller}: {answer:?}");
        }
        let other = ask(Some(&others[kind]));
        assert_eq!(other.status, for_others, "{method} {path} as another connector");
        ask(Some(&stage.tokens[kind])).expect(success);
    }
}

#[test]
fn what_needs_no_token_asks_for_none() {
    let stage = stage();
    for path in ["/", "/healthz", "/readyz", "/api/schema"] {
        for caller in ["nobody", "nonsense", "expired developer", "developer"] {
            let request = Request::get(path).bearer(stage.tokens.get(caller).map(String::as_str));
            assert_eq!(stage.world.server.send(&request).status, 200, "{path} as {caller}");
        }
    }
    for caller in WITHOUT_A_GOOD_TOKEN {
        stage.ask(caller, "{ __schema { queryType { name } } __typename }").data();
    }
}
