//! GraphQL queries against a bare route that answers the same bytes.

use crate::environment::{Environment, Hub, agreeable_connector};
use crate::load::Same;
use crate::support::api::{Asker, graphql_body};
use crate::table::Table;
use crate::{Outcome, reference, turns};
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use uuid::Uuid;

/// What is wanted of the first query (issue 2).
const PUBLICATIONS_WANTED: f64 = 0.10;
/// How many connections ask.
const CONNECTIONS: usize = 32;
/// How many publications the account has, with two parameters each.
const PUBLICATIONS: usize = 10;
/// How many instances the app has.
const INSTANCES: usize = 100_000;
/// How many of them a page has.
const PAGE: usize = 100;
/// One in so many waits for its user, with details and a further step.
const ONGOING_ONE_IN: usize = 10;

/// What the platform's documentation asks, and the rest of the type.
const PUBLICATIONS_QUERY: &str = "query ConnectorPublications { connectorPublications {
    id name owner logoUrl homeUrl description requirements tags mode state active
    installationCallbackUrl instanceCallbackUrl actionCallbackUrl publicKey createdAt
    configurationParameters { id name required description valueType displayType validationExpression }
    customerConfigurationParameters { id name required description valueType displayType validationExpression } } }";
/// What the platform's documentation asks, for a page.
const INSTANTIATIONS_QUERY: &str = "query ConnectorInstantiations($first: Int, $after: ID) {
    connectorInstantiations(first: $first, after: $after) {
        id installation { id } state stateDetails furtherStep { type content } } }";

/// All fields of ten publications.
pub fn publications(environment: &Environment, table: &mut Table) -> Outcome<()> {
    let mut hub = environment.start("publications.db")?;
    let (connector, _) = agreeable_connector()?;
    for number in 0..PUBLICATIONS {
        hub.session.publish(&hub.developer, &format!("Meters {number}"), connector)?;
    }
    let token = hub.developer.clone();
    let name = "`connectorPublications`: 10 with 2 parameters each, all fields";
    let body = graphql_body(PUBLICATIONS_QUERY, &json!({}));
    compare(
        environment,
        table,
        &mut hub,
        &Query { name, token, body, rows: PUBLICATIONS, wanted: Some(PUBLICATIONS_WANTED) },
    )
}

/// A page from the middle of very many instances.
pub fn instantiations(environment: &Environment, table: &mut Table) -> Outcome<()> {
    let (mut hub, service, middle) = many_instances(environment, "instances.db")?;
    let name = "`connectorInstantiations`: 100 out of 100,000";
    let variables = json!({"first": PAGE, "after": middle.to_string()});
    let body = graphql_body(INSTANTIATIONS_QUERY, &variables);
    compare(environment, table, &mut hub, &Query { name, token: service, body, rows: PAGE, wanted: None })
}

/// A query to be measured.
struct Query {
    name: &'static str,
    token: String,
    body: Vec<u8>,
    /// How many rows its answer must have.
    rows: usize,
    /// Which ratio is wanted, if any is.
    wanted: Option<f64>,
}

fn compare(environment: &Environment, table: &mut Table, hub: &mut Hub, query: &Query) -> Outcome<()> {
    let request = Asker::of(&query.token).request(&query.body);
    let answer = hub.session.send(&request)?;
    let read: Value = serde_json::from_slice(&answer.body)?;
    let found = read["data"].as_object().and_then(|data| data.values().next()?.as_array()).map_or(0, Vec::len);
    if found != query.rows || read.get("errors").is_some() {
        return Err(format!("{} rows were expected, not {found}: {read}", query.rows).into());
    }
    let bare = reference::start(environment, &answer.body)?;
    let job = Rc::new(RefCell::new(Same { request: request.to_bytes(), body: answer.body }));
    let pair = turns::measure(environment, CONNECTIONS, (&hub.process, &job), (&bare, &job))?;
    match query.wanted {
        Some(wanted) => table.ratio(query.name, &pair, wanted),
        None => table.rate(query.name, &pair),
    }
    Ok(())
}

/// A server with very many instances of one app, the app's token, and the instance in the middle.
pub fn many_instances(environment: &Environment, name: &str) -> Outcome<(Hub, String, Uuid)> {
    let mut hub = environment.start(name)?;
    let (connector, _) = agreeable_connector()?;
    let publication = hub.session.publish(&hub.developer, "Meters", connector)?;
    let (app, service) = hub.session.create_app(&hub.developer, "App")?;
    let (installation, _) = hub.session.install(&hub.developer, &app, &publication)?;
    hub.process.stop()?;
    let middle = insert_instances(&environment.path(name), installation.parse()?)?;
    Ok((environment.start(name)?, service, middle))
}

/// Through the API it would take minutes.
fn insert_instances(database: &Path, installation: Uuid) -> Outcome<Uuid> {
    let mut connection = Connection::open(database)?;
    let transaction = connection.transaction()?;
    let mut ids: Vec<Uuid> = (0..INSTANCES).map(|_| Uuid::now_v7()).collect();
    ids.sort();
    let mut statement = transaction.prepare(
        "INSERT INTO instances (id, installation, app, owner, subject, state, details, step_kind, step_content, created_at)
         SELECT ?1, id, app, owner, ?2, ?3, ?4, ?5, ?6, created_at FROM installations WHERE id = ?7",
    )?;
    for (number, id) in ids.iter().enumerate() {
        let ongoing = number % ONGOING_ONE_IN == 0;
        statement.execute(params![
            id.as_bytes(),
            format!("customer-{number}"),
            if ongoing { 3 } else { 2 },
            ongoing.then_some(r#"{"attempt":1,"device":"meter-7"}"#),
            ongoing.then_some(1),
            ongoing.then_some("Press the button on the meter until it blinks."),
            installation.as_bytes(),
        ])?;
    }
    drop(statement);
    transaction.commit()?;
    Ok(ids[INSTANCES / 2])
}
