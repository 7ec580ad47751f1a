//! What the server costs without load: time to start, memory, size.

use crate::Outcome;
use crate::environment::Environment;
use crate::reads::many_instances;
use crate::support::http::{Connection, Request};
use crate::support::process::{CONNHUB, Process};
use crate::table::{Table, Wanted};
use crate::turns::median;
use std::fs;
use std::time::{Duration, Instant};

/// How long a server has nothing to do before its memory is looked at.
const IDLE_TIME: Duration = Duration::from_secs(5);
/// The database's name.
const DATABASE: &str = "footprint.db";
const MIB: f64 = (1 << 20) as f64;

/// All on a database with 100,000 instances.
pub fn footprint(environment: &Environment, table: &mut Table) -> Outcome<()> {
    let (hub, ..) = many_instances(environment, DATABASE)?;
    hub.process.stop()?;
    let options = environment.server(DATABASE);
    let mut times = Vec::with_capacity(environment.starts);
    for _ in 0..environment.starts {
        let begun = Instant::now();
        let server = options.start()?;
        ask(&server)?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        server.stop()?;
    }
    let longest = times.iter().copied().fold(0.0, f64::max);
    let remark = format!("longest of {} starts: {longest:.1} ms", times.len());
    table.single("start, from exec to the first answer", median(times), " ms", Wanted::AtMost(50.0), &remark);
    let server = options.start()?;
    ask(&server)?;
    std::thread::sleep(IDLE_TIME);
    let (resident, anonymous) = (server.memory("VmRSS")? as f64 / MIB, server.memory("RssAnon")? as f64 / MIB);
    let remark = format!("{anonymous:.1} MiB of it anonymous, the rest pages of the binary");
    table.single("idle memory (VmRSS)", resident, " MiB", Wanted::AtMost(25.0), &remark);
    let size = fs::metadata(CONNHUB)?.len() as f64 / MIB;
    table.single("binary, stripped", size, " MiB", Wanted::AtMost(20.0), "");
    Ok(())
}

fn ask(server: &Process) -> Outcome<()> {
    let answer =
        Connection::open(server.address())?.send(&Request { method: "GET", path: "/healthz", ..Request::default() })?;
    if answer.status == 200 { Ok(()) } else { Err(format!("/healthz answers {}", answer.status).into()) }
}
