//! What apps read of things and their past, asked over HTTP one after the other, against the same
//! rows read from the same file by plain rusqlite in this process, and against that together with a
//! bare route that answers the same bytes: plain rusqlite alone does without HTTP. The operations
//! behind the query are measured in this process too.

use crate::environment::{Environment, Hub, agreeable_connector};
use crate::operations::Operations;
use crate::support::api::{Asker, Session, graphql_body};
use crate::table::{Table, Times};
use crate::turns::median;
use crate::{Outcome, fill, reference as bare};
use rusqlite::{Connection, OpenFlags, Row, params};
use serde_json::{Value, json};
use std::hint::black_box;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How many things there are, the most first wanted last: to see how size grows the cost.
const SIZES: [usize; 3] = [100, 1_000, 10_000];
/// How many rows a page of things and a list of points has.
const PAGE: usize = 100;
/// What is wanted at most of queries that touch many rows (issue 3).
const MANY_ROWS_WANTED: f64 = 1.5;
/// What is wanted at most of queries for a few rows (issue 3).
const FEW_ROWS_WANTED: f64 = 3.0;

const FILTERED_QUERY: &str = "query Page($first: Int, $after: ID) {
    things(first: $first, after: $after, thingComponentConstraint: { capabilities: [\"core.DIM\"] },
        componentPropertyConstraint: { propertyType: \"core.LEVEL\" }) {
        id name status components { id componentType
            properties(propertyConstraint: { propertyType: \"core.LEVEL\" }) { id value unit lastUpdate } } } }";
const NEWEST_QUERY: &str = "query Newest($thing: ID!) { things(thingConstraint: { id: $thing }) {
    components { properties(propertyConstraint: { id: \"level\" }) {
        history(last: 100) { edges { node { timestamp value } } } } } } }";
const DAY_QUERY: &str = "query Day($thing: ID!, $from: Time!, $to: Time!) { things(thingConstraint: { id: $thing }) {
    components { properties(propertyConstraint: { id: \"level\" }) {
        history(from: $from, to: $to, timeBucket: { width: \"5minutes\" }) { edges { node { timestamp value } } } } } } }";
const YEAR_QUERY: &str = "query Year($thing: ID!, $from: Time!, $to: Time!) { things(thingConstraint: { id: $thing }) {
    components { properties(propertyConstraint: { id: \"level\" }) {
        history(from: $from, to: $to) { aggregate { count min max avg } } } } } }";

/// A property as a query names it.
const LEVEL: &str = "SELECT properties.key FROM things JOIN components ON components.thing = things.key \
    JOIN properties ON properties.component = components.key WHERE things.id = ?1 AND properties.id = 'level'";

/// The four queries at each size.
pub fn things(environment: &Environment, table: &mut Table) -> Outcome<()> {
    for things in SIZES {
        let world = World::build(environment, things)?;
        let (year_begin, day_begin, end) =
            (fill::written(fill::FROM)?, fill::written(fill::DAY)?, fill::written(fill::TO)?);
        let times = |from: String| json!({ "thing": world.thing, "from": from, "to": end });
        let page = json!({ "first": PAGE, "after": world.after });
        let newest = json!({ "thing": world.thing });
        let queries: [(&str, f64, &str, Value, Reference, Asked); 4] = [
            (
                "a page of 100 things by capability and property type",
                MANY_ROWS_WANTED,
                FILTERED_QUERY,
                page,
                filtered,
                Operations::filtered,
            ),
            ("the newest 100 points", FEW_ROWS_WANTED, NEWEST_QUERY, newest, newest_points, Operations::newest_points),
            (
                "a day's points in 5-minute buckets",
                MANY_ROWS_WANTED,
                DAY_QUERY,
                times(day_begin),
                day_in_buckets,
                Operations::day_in_buckets,
            ),
            (
                "count, min, max, avg over a year",
                MANY_ROWS_WANTED,
                YEAR_QUERY,
                times(year_begin),
                year,
                Operations::year,
            ),
        ];
        for (name, wanted, query, variables, reference, asked) in queries {
            let times = world.compare(environment, query, &variables, reference, asked)?;
            let name = format!("{name}, {things} things, {} points", world.points);
            table.times(&name, &times, wanted);
        }
    }
    Ok(())
}

/// Reads what a query reads, and says how many rows that was.
type Reference = fn(&World) -> rusqlite::Result<usize>;
/// The same, asked of the operations.
type Asked = fn(&Operations) -> Outcome<usize>;

struct World {
    hub: Hub,
    service: String,
    database: Connection,
    points: usize,
    /// A thing with very many points.
    thing: String,
    id: Uuid,
    /// A thing in the middle.
    after: String,
    app: Vec<u8>,
    operations: Operations,
}

impl World {
    fn build(environment: &Environment, things: usize) -> Outcome<Self> {
        let name = format!("things-{things}.db");
        let mut hub = environment.start(&name)?;
        let (connector, _) = agreeable_connector()?;
        let publication = hub.session.publish(&hub.developer, "Meters", connector)?;
        let (app, service) = hub.session.create_app(&hub.developer, "App")?;
        let (installation, _) = hub.session.install(&hub.developer, &app, &publication)?;
        let (instance, _) = hub.session.instantiate(&service, "customer", &installation)?;
        hub.process.stop()?;
        let path = environment.path(&name);
        let filled = fill::fill(&path, instance.parse()?, things)?;
        let database = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        rusqlite::vtab::array::load_module(&database)?;
        let (thing, after) = (filled.things[0].to_string(), filled.things[things / 2 - 1].to_string());
        // One server at a time: the operations have the same rows in a file of their own.
        let copy = environment.path(&format!("operations-{things}.db"));
        std::fs::copy(&path, &copy)?;
        let hub = environment.start(&name)?;
        Ok(Self {
            operations: Operations::open(&copy, &service, &thing, &after)?,
            hub,
            service,
            database,
            points: filled.points,
            thing,
            id: filled.things[0],
            after,
            app: app.parse::<Uuid>()?.as_bytes().to_vec(),
        })
    }

    /// The times of one query: medians of each turn.
    fn compare(
        &self,
        environment: &Environment,
        query: &str,
        variables: &Value,
        reference: Reference,
        asked: Asked,
    ) -> Outcome<Vec<Times>> {
        let mut session = Session::new(self.hub.process.address());
        let body = graphql_body(query, variables);
        let request = Asker::of(&self.service).request(&body);
        let answer = session.send(&request)?;
        let read: Value = serde_json::from_slice(&answer.body)?;
        let (found, expected) = (rows(&read["data"]), reference(self)?);
        if found != expected || asked(&self.operations)? < expected || read.get("errors").is_some() {
            return Err(format!("{expected} rows were expected, not {found}: {read}").into());
        }
        let bare = bare::start(environment, &answer.body)?;
        let mut to_bare = Session::new(bare.address());
        let turn = || {
            Ok(Times {
                operations: samples(environment.turn / 3, || asked(&self.operations))?,
                product: samples(environment.turn / 3, || Ok(session.send(&request)?.body.len()))?,
                plain: samples(environment.turn / 3, || Ok(reference(self)?))?,
                bare: samples(environment.turn / 3, || Ok(to_bare.send(&request)?.body.len()))?,
            })
        };
        // The first turn warms up.
        std::iter::repeat_with(turn).take(environment.turns + 1).skip(1).collect()
    }
}

/// How long something takes, in seconds: the median of as many times as it can be done in this time.
fn samples(duration: Duration, mut act: impl FnMut() -> Outcome<usize>) -> Outcome<f64> {
    let begun = Instant::now();
    let mut samples = Vec::new();
    while begun.elapsed() < duration || samples.len() < 3 {
        let since = Instant::now();
        black_box(act()?);
        samples.push(since.elapsed().as_secs_f64());
    }
    Ok(median(samples))
}

/// How many rows an answer has: things of a page, edges of a history, or its aggregate.
fn rows(data: &Value) -> usize {
    let things = data["things"].as_array().map_or(&[][..], Vec::as_slice);
    let history = |thing: &Value| thing.pointer("/components/0/properties/0/history").cloned();
    match things.first().and_then(history) {
        None => things.len(),
        Some(history) if history.get("aggregate").is_some() => 1,
        Some(history) => history["edges"].as_array().map_or(0, Vec::len),
    }
}

fn texts<const N: usize>(row: &Row<'_>) -> rusqlite::Result<[String; N]> {
    let mut texts = std::array::from_fn(|_| String::new());
    for (at, text) in texts.iter_mut().enumerate() {
        *text = row.get(at + 1)?;
    }
    Ok(texts)
}

fn array(keys: &[i64]) -> std::rc::Rc<Vec<rusqlite::types::Value>> {
    std::rc::Rc::new(keys.iter().copied().map(Into::into).collect())
}

fn filtered(world: &World) -> rusqlite::Result<usize> {
    let after: Uuid = world.after.parse().unwrap_or_default();
    let mut statement = world.database.prepare_cached("SELECT key FROM things WHERE id = ?1")?;
    let after: i64 = statement.query_row([after.as_bytes()], |row| row.get(0))?;
    let mut statement = world.database.prepare_cached(
        "SELECT key, name, status, id FROM things WHERE app = ?1 AND key > ?2 AND EXISTS (SELECT 1 FROM components \
         WHERE thing = things.key AND EXISTS (SELECT 1 FROM capabilities WHERE component = components.key AND \
         capability = ?3) AND EXISTS (SELECT 1 FROM properties WHERE component = components.key AND \
         property_type = ?4)) ORDER BY key LIMIT ?5",
    )?;
    let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, texts::<2>(row)?, row.get::<_, [u8; 16]>(3)?));
    let parameters = params![world.app, after, "core.DIM", "core.LEVEL", PAGE];
    let things = statement.query_map(parameters, read)?.collect::<Result<Vec<_>, _>>()?;
    let keys: Vec<i64> = things.iter().map(|thing| thing.0).collect();
    let mut statement = world.database.prepare_cached(
        "SELECT key, id, component_type FROM components WHERE thing IN rarray(?1) ORDER BY thing, key",
    )?;
    let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, texts::<2>(row)?));
    let components = statement.query_map([array(&keys)], read)?.collect::<Result<Vec<_>, _>>()?;
    let keys: Vec<i64> = components.iter().map(|component| component.0).collect();
    let mut statement = world.database.prepare_cached(
        "SELECT component, id, value, unit, last_update FROM properties WHERE component IN rarray(?1) AND \
         property_type = ?2 ORDER BY component, key",
    )?;
    let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, texts::<3>(row)?, row.get::<_, Option<i64>>(4)?));
    let properties = statement.query_map(params![array(&keys), "core.LEVEL"], read)?.collect::<Result<Vec<_>, _>>()?;
    black_box((components, properties));
    Ok(things.len())
}

fn points(world: &World, sql: &str, parameters: &[&dyn rusqlite::ToSql]) -> rusqlite::Result<usize> {
    let mut statement = world.database.prepare_cached(sql)?;
    let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, f64>(1)?));
    let points = statement.query_map(parameters, read)?.collect::<Result<Vec<_>, _>>()?;
    Ok(black_box(points).len())
}

fn newest_points(world: &World) -> rusqlite::Result<usize> {
    let sql = format!("SELECT at, value FROM history WHERE property = ({LEVEL}) ORDER BY at DESC LIMIT {PAGE}");
    points(world, &sql, &[world.id.as_bytes()])
}

fn day_in_buckets(world: &World) -> rusqlite::Result<usize> {
    let width = 300_000_000;
    let sql = format!(
        "SELECT at / {width} * {width} AS bucket, avg(value) FROM history WHERE property = ({LEVEL}) \
         AND at BETWEEN ?2 AND ?3 GROUP BY bucket ORDER BY bucket"
    );
    points(world, &sql, &[world.id.as_bytes(), &fill::DAY, &fill::TO])
}

fn year(world: &World) -> rusqlite::Result<usize> {
    let sql = format!(
        "SELECT count(*), min(value), max(value), avg(value) FROM history WHERE property = ({LEVEL}) \
         AND at BETWEEN ?2 AND ?3"
    );
    points(world, &sql, &[world.id.as_bytes(), &fill::FROM, &fill::TO])
}
