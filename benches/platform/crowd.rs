//! A crowd: 10,000 open connections, of which 1,000 ask something each second and the rest only now and
//! then, and beside them the well-behaved, whose answers are held against those they get when alone.

use crate::Outcome;
use crate::environment::Environment;
use crate::live::MIB;
use crate::support::api::{Asker, graphql_body};
use crate::support::http::{self, Request};
use crate::table::{Table, Wanted};
use serde_json::json;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Interval, MissedTickBehavior, interval_at};

const CONNECTIONS: usize = 10_000;
/// How many of them ask once a second (issue 5).
const ACTIVE: usize = 1_000;
/// How many there are whose waits are compared, each asking ten times a second.
const WELL_BEHAVED: usize = 20;
const WELL_BEHAVED_PACE: Duration = Duration::from_millis(100);
const ACTIVE_PACE: Duration = Duration::from_secs(1);
/// Within what the server keeps a silent connection.
const IDLE_PACE: Duration = Duration::from_secs(20);
/// How many connect at once: as many as wait to be accepted.
const CONNECTING_AT_ONCE: usize = 200;
/// How long the crowd stays, and how long where it is to be quick.
const DURATION: Duration = Duration::from_secs(300);
const QUICK_DURATION: Duration = Duration::from_secs(20);

/// What came of all requests of one sort.
#[derive(Default)]
struct Seen {
    waits: Vec<Duration>,
    /// How often each status was answered; 0 is a connection that was lost.
    statuses: BTreeMap<u16, u64>,
}

impl Seen {
    fn note(&mut self, status: u16, wait: Duration) {
        *self.statuses.entry(status).or_default() += 1;
        if status == 200 {
            self.waits.push(wait);
        }
    }

    fn percentile(&mut self, percent: usize) -> f64 {
        self.waits.sort_unstable();
        self.waits[(self.waits.len() * percent / 100).min(self.waits.len() - 1)].as_secs_f64() * 1e3
    }

    fn answered(&self) -> u64 {
        self.statuses.values().sum()
    }

    /// What is neither an answer nor a refusal that the README tells of.
    fn errors(&self) -> u64 {
        self.statuses.iter().filter(|(status, _)| !matches!(status, 200 | 429 | 503)).map(|(_, count)| count).sum()
    }

    fn refusals(&self) -> u64 {
        self.statuses.iter().filter(|(status, _)| matches!(status, 429 | 503)).map(|(_, count)| count).sum()
    }
}

type Noted = Rc<RefCell<Seen>>;

/// One sort of connections.
#[derive(Clone)]
struct Sort {
    count: usize,
    pace: Duration,
    request: Rc<Vec<u8>>,
    noted: Noted,
}

/// All of it on one server.
pub fn crowd(environment: &Environment, table: &mut Table) -> Outcome<()> {
    let mut hub = environment.start("crowd.db")?;
    let things = "query { things(first: 10) { id name components { properties { id value } } } }";
    let body = graphql_body(things, &json!({}));
    // Two apps: the crowd's, and that of the well-behaved.
    let mut query = || -> Outcome<_> {
        let meter = hub.meters(1, 1, 10)?.remove(0);
        Ok(Rc::new(Asker::of(&meter.service).request(&body).to_bytes()))
    };
    let (theirs, query) = (query()?, query()?);
    let health = Request { method: "GET", path: "/healthz", ..Request::default() };
    let health = Rc::new(health.to_bytes());
    let sort =
        |count, pace, request: &Rc<Vec<u8>>| Sort { count, pace, request: Rc::clone(request), noted: Noted::default() };
    let duration = if environment.turns < 7 { QUICK_DURATION } else { DURATION };
    let address = hub.process.address();

    let alone = sort(WELL_BEHAVED, WELL_BEHAVED_PACE, &query);
    stay(address, duration / 5, std::slice::from_ref(&alone))?;
    let half = alone.noted.borrow_mut().percentile(50);
    let most = alone.noted.borrow_mut().percentile(99);
    let before = hub.process.memory("VmRSS")? as f64 / MIB;

    let together = sort(WELL_BEHAVED, WELL_BEHAVED_PACE, &query);
    let active = sort(ACTIVE - WELL_BEHAVED, ACTIVE_PACE, &theirs);
    let idle = sort(CONNECTIONS - ACTIVE, IDLE_PACE, &health);
    stay(address, duration, &[idle.clone(), active.clone(), together.clone()])?;
    let grown = hub.process.memory("VmHWM")? as f64 / MIB - before;

    let mut seen = together.noted.borrow_mut();
    for (name, percent, alone) in [("half of the well-behaved wait", 50, half), ("their p99", 99, most)] {
        let now = seen.percentile(percent);
        let remark = format!("{now:.2} ms in the crowd, {alone:.2} ms alone");
        table.single(&format!("crowd: {name}"), now / alone, " × alone", Wanted::AtMost(2.0), &remark);
    }
    drop(seen);
    let all = [&idle, &active, &together].map(|sort| sort.noted.borrow());
    let count = |of: fn(&Seen) -> u64| all.iter().map(|seen| of(seen)).sum::<u64>();
    let remark =
        format!("of {} requests; {} were refused with 429 or 503", count(Seen::answered), count(Seen::refusals));
    table.single("crowd: errors", count(Seen::errors) as f64, "", Wanted::AtMost(0.0), &remark);
    let remark = format!("from {before:.1} MiB, with {CONNECTIONS} connections for {} s", duration.as_secs());
    table.single("crowd: memory at most", grown, " MiB", Wanted::AtMost(300.0), &remark);
    Ok(())
}

/// All connections for so long after the last has come.
fn stay(address: SocketAddr, duration: Duration, sorts: &[Sort]) -> Outcome<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut streams = Vec::new();
        for sort in sorts {
            for from in (0..sort.count).step_by(CONNECTING_AT_ONCE) {
                let mut connecting = JoinSet::new();
                for _ in from..sort.count.min(from + CONNECTING_AT_ONCE) {
                    connecting.spawn_local(TcpStream::connect(address));
                }
                while let Some(connected) = connecting.join_next().await {
                    streams.push((connected.map_err(io::Error::other)??, sort));
                }
            }
        }
        let begun = Instant::now();
        let mut workers = JoinSet::new();
        for (number, (stream, sort)) in streams.into_iter().enumerate() {
            // Spread over the pace, so that not all ask at the same moment.
            let share = u32::try_from(number % sort.count).unwrap_or(0);
            let first = sort.pace * share / u32::try_from(sort.count).unwrap_or(1);
            let mut pace = interval_at((begun + first).into(), sort.pace);
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            workers.spawn_local(ask(stream, address, pace, begun + duration, sort.clone()));
        }
        while let Some(worked) = workers.join_next().await {
            worked.map_err(io::Error::other)??;
        }
        Ok::<_, io::Error>(())
    })?;
    Ok(())
}

/// Asks at the pace, over another connection where the server closed one after a refusal.
async fn ask(
    mut stream: TcpStream,
    address: SocketAddr,
    mut pace: Interval,
    until: Instant,
    sort: Sort,
) -> io::Result<()> {
    let mut answer = Vec::new();
    loop {
        pace.tick().await;
        let since = Instant::now();
        if since >= until {
            return Ok(());
        }
        let status = exchange(&mut stream, &sort.request, &mut answer).await.unwrap_or(0);
        sort.noted.borrow_mut().note(status, since.elapsed());
        if status != 200 {
            stream = TcpStream::connect(address).await?;
        }
    }
}

async fn exchange(stream: &mut TcpStream, request: &[u8], answer: &mut Vec<u8>) -> io::Result<u16> {
    stream.write_all(request).await?;
    answer.clear();
    loop {
        if stream.read_buf(answer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if http::frame(answer)?.is_some_and(|frame| answer.len() >= frame.end) {
            return http::status(answer);
        }
    }
}
