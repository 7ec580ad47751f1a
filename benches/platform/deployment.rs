//! A deployment's load: 10,000 property updates a second by 64 connections of 16 connectors, with 100
//! who listen and one who asks for charts. Nothing acknowledged is lost, and memory stays flat.

use crate::environment::Environment;
use crate::live::{self, MIB};
use crate::support::api::{Asker, Session, graphql_body};
use crate::table::{Table, Wanted};
use crate::updates::Reports;
use crate::{Outcome, fill};
use rusqlite::{Connection, OpenFlags};
use serde_json::json;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const CONNECTORS: usize = 16;
const CONNECTIONS: usize = 64;
const SUBSCRIBERS: usize = 100;
/// How many things there are beside, ten of them with a long past.
const THINGS: usize = 1_000;
/// How long the load lasts, and how long where it is to be quick.
const DURATION: Duration = Duration::from_secs(60);
const QUICK_DURATION: Duration = Duration::from_secs(10);
/// How long what was told may be on its way.
const ARRIVAL_TIME_MAX: Duration = Duration::from_secs(10);

/// A day of 8,640 points in 5-minute buckets, and the whole of it.
const CHART: &str = "query Chart($thing: ID!, $from: Time!, $to: Time!) { things(thingConstraint: { id: $thing }) {
    name components { properties(propertyConstraint: { id: \"level\" }) { value unit lastUpdate
        history(from: $from, to: $to, timeBucket: { width: \"5minutes\" }) {
            edges { node { timestamp value } } aggregate { count min max avg } } } } } }";

/// All of it at once.
pub fn deployment(environment: &Environment, table: &mut Table) -> Outcome<()> {
    let name = "deployment.db";
    let mut hub = environment.start(name)?;
    let meters = hub.meters(CONNECTORS, CONNECTIONS, 1)?;
    hub.process.stop()?;
    let path = environment.path(name);
    let database = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let instance: [u8; 16] = database.query_row("SELECT min(id) FROM instances", [], |row| row.get(0))?;
    let filled = fill::fill(&path, uuid::Uuid::from_bytes(instance), THINGS)?;
    let count = || database.query_row("SELECT count(*) FROM history", [], |row| row.get::<_, u64>(0));
    let before = count()?;
    hub = environment.start(name)?;

    let address = hub.process.address();
    let told = Arc::<AtomicU64>::default();
    for number in 0..SUBSCRIBERS {
        live::subscribe(address, &meters[number % CONNECTIONS], Arc::clone(&told))?;
    }
    let done = Arc::<AtomicBool>::default();
    let variables = json!({ "thing": filled.things[0].to_string(), "from": fill::written(fill::DAY)?, "to": fill::written(fill::TO)? });
    let charts = charts(address, &meters[0].service, graphql_body(CHART, &variables), Arc::clone(&done));
    let job = Rc::new(RefCell::new(Reports::about(&meters)));
    let duration = if environment.turns < 7 { QUICK_DURATION } else { DURATION };
    // Pools and caches have their size after a third of the time.
    let warm = live::paced(&hub, duration / 3, &job)?;
    let at_first = hub.process.memory("RssAnon")? as f64 / MIB;
    let mut expected = live::told_of(&job.borrow().counts, SUBSCRIBERS);
    let paced = live::paced(&hub, duration * 2 / 3, &job)?;
    let grown = hub.process.memory("RssAnon")? as f64 / MIB - at_first;
    expected += live::told_of(&job.borrow().counts, SUBSCRIBERS);
    done.store(true, Ordering::Relaxed);
    let mut waits = charts.join().map_err(|_| "the reader of charts broke")??;
    waits.sort_unstable();

    table.single("deployment: an update's p99", paced.percentile(99), " ms", Wanted::AtMost(100.0), &paced.remark());
    let chart = |percent: usize| waits[(waits.len() * percent / 100).min(waits.len() - 1)].as_secs_f64() * 1e3;
    let remark = format!("of {} charts; half of them {:.1} ms", waits.len(), chart(50));
    table.single("deployment: a chart's p99", chart(99), " ms", Wanted::AtMost(250.0), &remark);
    let remark = format!("from {at_first:.1} MiB, in {} s", (duration * 2 / 3).as_secs());
    table.single("deployment: memory grows by", grown, " MiB", Wanted::AtMost(5.0), &remark);
    let since = Instant::now();
    while told.load(Ordering::Relaxed) < expected && since.elapsed() < ARRIVAL_TIME_MAX {
        std::thread::sleep(Duration::from_millis(10));
    }
    let remark = format!("{} of {expected} were told", told.load(Ordering::Relaxed));
    let untold = expected.saturating_sub(told.load(Ordering::Relaxed));
    table.single("deployment: values not told", untold as f64, "", Wanted::AtMost(0.0), &remark);
    let acknowledged = warm.count() + paced.count();
    hub.process.kill()?;
    let points = count()? - before;
    let remark = format!("{acknowledged} acknowledged, {points} points more after a SIGKILL");
    table.single(
        "deployment: updates lost",
        acknowledged.saturating_sub(points) as f64,
        "",
        Wanted::AtMost(0.0),
        &remark,
    );
    Ok(())
}

/// Asks for one chart after the other until it is done; how long each took.
fn charts(
    address: SocketAddr,
    service: &str,
    body: Vec<u8>,
    done: Arc<AtomicBool>,
) -> JoinHandle<Result<Vec<Duration>, String>> {
    let service = service.to_owned();
    std::thread::spawn(move || {
        let mut session = Session::new(address);
        let mut waits = Vec::new();
        while !done.load(Ordering::Relaxed) {
            let since = Instant::now();
            let answer = session.send(&Asker::of(&service).request(&body)).map_err(|error| error.to_string())?;
            waits.push(since.elapsed());
            if answer.status != 200 || answer.body.len() < 10_000 {
                return Err(String::from_utf8_lossy(&answer.body).into_owned());
            }
            // Whoever looks at charts asks for a few a second.
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(waits)
    })
}
