//! Live subscriptions: what 10,000 updates a second cost with nobody listening and with a hundred
//! who listen, how long an update waits, and whether everything is told.

use crate::Outcome;
use crate::environment::{Environment, Hub, Meter};
use crate::load::Job;
use crate::support::http;
use crate::table::{Table, Wanted};
use crate::updates::Reports;
use std::cell::RefCell;
use std::io::{self, Read};
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Builder;
use tokio::task::{JoinSet, LocalSet};
use tungstenite::Message;
use tungstenite::client::IntoClientRequest;
use tungstenite::http::HeaderValue;

/// How many connectors report, each over its own connection about its own thing.
const CONNECTIONS: usize = 64;
/// How many updates there are in a second (issue 3).
const UPDATES_PER_SECOND: u32 = 10_000;
/// How many listen, each to one thing (issue 3).
const SUBSCRIBERS: usize = 100;
pub const MIB: f64 = (1 << 20) as f64;
/// How often whoever listens says so, below the server's 25 s.
const SIGN_OF_LIFE_INTERVAL: Duration = Duration::from_secs(10);
/// What every response has once.
const MARK: &[u8] = b"\"next\"";
/// How long what was told may be on its way.
const ARRIVAL_TIME_MAX: Duration = Duration::from_secs(10);

/// What an update waits for its answer.
pub struct Paced {
    waits: Vec<Duration>,
    cpu: Duration,
}

impl Paced {
    /// So many per cent waited no longer, in milliseconds.
    pub fn percentile(&self, percent: usize) -> f64 {
        self.waits[(self.waits.len() * percent / 100).min(self.waits.len() - 1)].as_secs_f64() * 1e3
    }

    /// How many updates there were.
    pub fn count(&self) -> u64 {
        self.waits.len() as u64
    }

    /// What stands beside it in the table.
    pub fn remark(&self) -> String {
        let (half, count) = (self.percentile(50), self.waits.len());
        let cpu = self.cpu.as_secs_f64() * 1e6 / count as f64;
        format!("of {count} updates; half of them {half:.1} ms; {cpu:.0} µs of CPU each")
    }
}

/// The whole of it, on one server.
pub fn live(environment: &Environment, table: &mut Table) -> Outcome<()> {
    let mut hub = environment.start("live.db")?;
    let meters = hub.meters(1, CONNECTIONS, 1)?;
    let job = Rc::new(RefCell::new(Reports::about(&meters)));
    let duration = environment.turn * u32::try_from(environment.turns)?;
    paced(&hub, environment.turn, &job)?;
    let alone = paced(&hub, duration, &job)?;
    table.single("10,000 updates/s, p99", alone.percentile(99), " ms", Wanted::AtMost(100.0), &alone.remark());
    let before = hub.process.memory("RssAnon")? as f64 / MIB;
    let told = Arc::<AtomicU64>::default();
    for number in 0..SUBSCRIBERS {
        subscribe(hub.process.address(), &meters[number % CONNECTIONS], Arc::clone(&told))?;
    }
    let listened = paced(&hub, duration, &job)?;
    let name = "10,000 updates/s with 100 who listen, p99";
    table.single(name, listened.percentile(99), " ms", Wanted::AtMost(100.0), &listened.remark());
    let expected = told_of(&job.borrow().counts, SUBSCRIBERS);
    let since = Instant::now();
    while told.load(Ordering::Relaxed) < expected && since.elapsed() < ARRIVAL_TIME_MAX {
        std::thread::sleep(Duration::from_millis(10));
    }
    let (arrived, late) = (told.load(Ordering::Relaxed), since.elapsed().as_secs_f64() * 1e3);
    let remark = format!("{arrived} of {expected} were told, the last {late:.0} ms after the last update");
    table.single("values not told", expected.saturating_sub(arrived) as f64, "", Wanted::AtMost(0.0), &remark);
    let grown = hub.process.memory("RssAnon")? as f64 / MIB - before;
    table.single("memory of it", grown, " MiB", Wanted::AtMost(50.0), "");
    Ok(())
}

/// How much so many who listen to the connections' things in turn must be told of these updates.
pub fn told_of(counts: &[u64], subscribers: usize) -> u64 {
    let (each, rest) = (subscribers / counts.len(), subscribers % counts.len());
    counts.iter().enumerate().map(|(at, count)| count * (each + usize::from(at < rest)) as u64).sum()
}

/// Listens to a thing on a thread that counts what it is told.
pub fn subscribe(address: SocketAddr, meter: &Meter, told: Arc<AtomicU64>) -> Outcome<()> {
    let mut request = format!("ws://{address}/api/v1/query").into_client_request()?;
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("graphql-transport-ws"));
    let (mut socket, _) = tungstenite::client(request, TcpStream::connect(address)?)?;
    let init = format!(r#"{{"type":"connection_init","payload":{{"Authorization":"Bearer {}"}}}}"#, meter.service);
    let query = "subscription($thing: ID!) { thingPropertyChanged(thingId: $thing) { value timestamp } }";
    let subscribe = format!(
        r#"{{"type":"subscribe","id":"1","payload":{{"query":"{query}","variables":{{"thing":"{}"}}}}}}"#,
        meter.thing
    );
    for message in [&init, &subscribe, r#"{"type":"ping"}"#] {
        socket.send(Message::text(message))?;
    }
    for expected in ["connection_ack", "pong"] {
        let answer = socket.read()?;
        if !answer.to_text()?.contains(expected) {
            return Err(format!("{answer} instead of {expected}").into());
        }
    }
    // What the server sends is not masked, so it can be counted as it comes.
    let mut stream = socket.get_ref().try_clone()?;
    std::thread::spawn(move || {
        let (mut buffer, mut kept) = (vec![0; 64 * 1024], 0);
        let mut heard_of = Instant::now();
        while let Ok(read @ 1..) = stream.read(&mut buffer[kept..]) {
            // The server gives up whom it never hears of.
            if heard_of.elapsed() > SIGN_OF_LIFE_INTERVAL {
                heard_of = Instant::now();
                if socket.send(Message::text(r#"{"type":"pong"}"#)).is_err() {
                    return;
                }
            }
            let end = kept + read;
            let count = buffer[..end].windows(MARK.len()).filter(|window| *window == MARK).count();
            told.fetch_add(count as u64, Ordering::Relaxed);
            // A mark may have been cut in two.
            kept = (MARK.len() - 1).min(end);
            buffer.copy_within(end - kept..end, 0);
        }
    });
    Ok(())
}

/// Updates at the wanted pace; the waits in order.
pub fn paced(hub: &Hub, duration: Duration, job: &Rc<RefCell<Reports>>) -> Outcome<Paced> {
    let address = hub.process.address();
    job.borrow_mut().counts.fill(0);
    let before = hub.process.cpu_time()?;
    let until = Instant::now() + duration;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut waits = LocalSet::new().block_on(&runtime, async {
        let mut workers = JoinSet::new();
        for connection in 0..CONNECTIONS {
            workers.spawn_local(work(address, connection, until, Rc::clone(job)));
        }
        let mut waits = Vec::new();
        while let Some(worked) = workers.join_next().await {
            waits.extend(worked.map_err(io::Error::other)??);
        }
        Ok::<_, io::Error>(waits)
    })?;
    waits.sort_unstable();
    Ok(Paced { waits, cpu: hub.process.cpu_time()?.saturating_sub(before) })
}

async fn work(
    address: SocketAddr,
    connection: usize,
    until: Instant,
    job: Rc<RefCell<Reports>>,
) -> io::Result<Vec<Duration>> {
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut pace = tokio::time::interval(Duration::from_secs(CONNECTIONS as u64) / UPDATES_PER_SECOND);
    let (mut request, mut answer, mut waits) = (Vec::new(), Vec::new(), Vec::new());
    while Instant::now() < until {
        // What is late is made up for, and its wait counts from when it was due.
        let due = pace.tick().await;
        request.clear();
        job.borrow_mut().next(connection, &mut request);
        stream.write_all(&request).await?;
        answer.clear();
        while http::frame(&answer)?.is_none() {
            if stream.read_buf(&mut answer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        if http::status(&answer)? != 204 {
            return Err(io::Error::other(String::from_utf8_lossy(&answer).into_owned()));
        }
        job.borrow_mut().counts[connection] += 1;
        waits.push(due.elapsed());
    }
    Ok(waits)
}
