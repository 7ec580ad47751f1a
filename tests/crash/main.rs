//! The crash test: eight clients install, instantiate, update, act and remove, while the real server
//! is killed with SIGKILL at random moments and started again on the same file. In every second round
//! the disk is full or read-only for a while, up to the kill or until some time before it. After each
//! restart nothing that was acknowledged is missing, nothing that was refused is there, nothing is
//! stuck, no POST callback came twice, and SQLite finds its file whole.
//!
//! A few rounds are played by default. More, or the same again (as far as timing lets it):
//!
//! ```sh
//! CONNHUB_CRASH_ROUNDS=100 CONNHUB_CRASH_SEED=7 cargo test --test crash -- --nocapture
//! ```
//!
//! What a client was told is kept in a [`world::World`] of its own; what the database has is read
//! into another one, and [`check`] holds them against each other. What was in flight when the server
//! died may have happened or not, but nothing else may differ.

mod check;
mod client;
mod connector;
#[path = "../disk/mod.rs"]
mod disk;
mod figures;
mod operation;
#[path = "../../benches/support/mod.rs"]
mod support;
mod world;

use client::{Client, Credentials};
use connector::TestConnector;
use disk::{Disk, State};
use figures::{Figures, count};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rusqlite::{Connection, OpenFlags};
use std::error::Error;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use support::api::Session;
use support::http::Request;
use support::process::{Process, ServerOptions};
use tempfile::TempDir;
use world::World;

/// How many clients, each with an app of its own.
const CLIENTS: usize = 8;
/// How many connectors each of them can install.
const PUBLICATIONS: usize = 4;
/// How many rounds are played if nobody asks for more: CI must stay fast.
const ROUNDS: usize = 12;
/// How long the server lives in a round, in milliseconds.
const LIFE_MS: std::ops::Range<u64> = 30..800;
/// One time in so many the disk is spoilt before the kill.
const SPOIL_ONE_IN: u32 = 2;
/// How long the server may take to be ready again once the disk is mended.
const READY_TIME_MAX: Duration = Duration::from_secs(10);
/// One time in so many the server is killed once more while it starts, before it may have recovered.
const KILL_WHILE_STARTING_ONE_IN: u32 = 4;
/// How long it lives then, in milliseconds.
const START_LIFE_MS: std::ops::Range<u64> = 1..60;
/// How long action requests may stay pending: short, so that some run into their deadline.
const ACTION_DEADLINE: &str = "2s";
/// How much of the callback log is kept: all of it, as it is held against what arrived.
const LOG_ENTRIES: &str = "10000000";

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Everything of a run.
struct Run {
    directory: TempDir,
    options: ServerOptions,
    connector: Arc<TestConnector>,
    clients: Vec<Client>,
    random: StdRng,
    disk: Disk,
    /// Whether it was spoilt in this round.
    spoilt: Arc<AtomicBool>,
    figures: Figures,
}

#[test]
fn what_was_acknowledged_survives_kill_9() -> Outcome<()> {
    let rounds = setting("CONNHUB_CRASH_ROUNDS")?.unwrap_or(ROUNDS as u64);
    let seed = setting("CONNHUB_CRASH_SEED")?.unwrap_or_else(rand::random);
    println!("CONNHUB_CRASH_ROUNDS={rounds} CONNHUB_CRASH_SEED={seed}");
    let begun = Instant::now();
    let (mut run, mut server) = Run::begin(seed)?;
    for round in 1..=rounds {
        server = run.round(server)?;
        let problems = run.problems()?;
        if !problems.is_empty() {
            let kept = run.directory.keep();
            let problems = problems.join("\n  ");
            return Err(format!("seed {seed}, round {round}, see {}:\n  {problems}", kept.display()).into());
        }
    }
    server.stop()?;
    run.figures.duration = begun.elapsed();
    for client in &run.clients {
        client.done.iter().for_each(|(kind, more)| count(&mut run.figures.acknowledged, kind, *more));
        client.refused.iter().for_each(|(kind, more)| count(&mut run.figures.refused, kind, *more));
    }
    println!("{}", run.figures);
    Ok(())
}

/// What happens to the disk in a round.
struct Spoiling {
    state: State,
    /// After how long,
    after: Duration,
    /// for how long,
    lasts: Duration,
    /// and whether it is mended after that, before the kill.
    mended: bool,
}

impl Spoiling {
    fn within(life: Duration, random: &mut StdRng) -> Self {
        let state = if random.random() { State::Full } else { State::ReadOnly };
        let after = life.mul_f64(random.random_range(0.0..0.7));
        let lasts = (life - after).mul_f64(random.random_range(0.1..0.9));
        Self { state, after, lasts, mended: random.random() }
    }

    fn duration(&self) -> Duration {
        self.after + self.lasts
    }

    fn happen(&self, disk: &Disk, server: SocketAddr, figures: &mut Figures) -> Outcome<()> {
        thread::sleep(self.after);
        disk.is(self.state);
        count(&mut figures.spoilt, &format!("{:?}", self.state), 1);
        thread::sleep(self.lasts);
        if !self.mended {
            return Ok(());
        }
        disk.is(State::Fine);
        let (mended, mut session) = (Instant::now(), Session::new(server));
        let ask = Request { method: "GET", path: "/readyz", ..Request::default() };
        while session.send(&ask)?.status != 200 {
            if mended.elapsed() > READY_TIME_MAX {
                return Err(format!("not ready {READY_TIME_MAX:?} after the disk was mended").into());
            }
        }
        figures.recoveries.push(mended.elapsed());
        Ok(())
    }
}

fn setting(name: &str) -> Outcome<Option<u64>> {
    match std::env::var(name) {
        Ok(text) => Ok(Some(text.parse().map_err(|error| format!("{name}={text}: {error}"))?)),
        Err(_) => Ok(None),
    }
}

impl Run {
    /// Starts a server on an empty database, with an account, connectors and an app for each client.
    fn begin(seed: u64) -> Outcome<(Self, Process)> {
        let mut random = StdRng::seed_from_u64(seed);
        let directory = tempfile::tempdir()?;
        let mut options = ServerOptions::new(&directory.path().join("connhub.db"));
        let arguments = ["--action-deadline", ACTION_DEADLINE, "--callback-log-entries", LOG_ENTRIES];
        options.arguments = arguments.map(str::to_owned).to_vec();
        options.log = Some(directory.path().join("log"));
        let (disk, spoilt) = (Disk::new(directory.path()), Arc::new(AtomicBool::new(false)));
        options.environment = disk.environment().to_vec();
        let server = options.start()?;
        // Clients and callbacks find it where it was before.
        options.listen = server.address();
        let connector = Arc::new(TestConnector::new(random.random()));
        let address = support::connector::start(connector.clone())?;
        let mut session = Session::new(server.address());
        let developer = session.sign_in()?;
        let mut publications = Vec::new();
        for number in 0..PUBLICATIONS {
            publications.push(session.publish(&developer, &format!("Meters {number}"), address)?.parse()?);
        }
        let mut clients = Vec::new();
        for number in 0..CLIENTS {
            let (app, service) = session.create_app(&developer, &format!("App {number}"))?;
            let credentials = Credentials { developer: developer.clone(), app: app.parse()?, service };
            let own = StdRng::seed_from_u64(random.random());
            clients.push(Client::new(
                credentials,
                publications.clone(),
                Arc::clone(&connector),
                own,
                Arc::clone(&spoilt),
            ));
        }
        Ok((Self { directory, options, connector, clients, random, disk, spoilt, figures: Figures::default() }, server))
    }

    /// Lets the clients work, kills the server under them, and starts it again.
    fn round(&mut self, mut server: Process) -> Outcome<Process> {
        let life = Duration::from_millis(self.random.random_range(LIFE_MS));
        let address = server.address();
        let spoiling = self.random.random_ratio(1, SPOIL_ONE_IN).then(|| Spoiling::within(life, &mut self.random));
        self.spoilt.store(spoiling.is_some(), Ordering::Relaxed);
        let (disk, figures) = (&self.disk, &mut self.figures);
        let killed = thread::scope(|scope| {
            for client in &mut self.clients {
                scope.spawn(|| client.run(address));
            }
            let spoilt = match &spoiling {
                Some(spoiling) => spoiling.happen(disk, address, figures),
                None => Ok(()),
            };
            thread::sleep(life.saturating_sub(spoiling.as_ref().map_or(Duration::ZERO, Spoiling::duration)));
            server.kill()?;
            spoilt
        });
        // A server on a spoilt disk does not start; whoever runs it mends that first.
        self.disk.is(State::Fine);
        killed?;
        self.figures.rounds += 1;
        for operation in self.clients.iter().filter_map(|client| client.in_flight.as_ref()) {
            count(&mut self.figures.in_flight, operation.kind(), 1);
        }
        self.count_interrupted()?;
        if self.random.random_ratio(1, KILL_WHILE_STARTING_ONE_IN) {
            let mut launched = self.options.launch()?;
            thread::sleep(Duration::from_millis(self.random.random_range(START_LIFE_MS)));
            launched.kill()?;
            self.figures.killed_while_starting += 1;
        }
        let begun = Instant::now();
        let server = self.options.start()?;
        self.figures.restarts.push(begun.elapsed());
        Ok(server)
    }

    /// Counts what the kill left behind, in a copy: opening the file itself would recover it, which
    /// is the server's part.
    fn count_interrupted(&mut self) -> Outcome<()> {
        let copy = self.directory.path().join("copy.db");
        for suffix in ["", "-wal"] {
            let with = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
            let from = with(&self.options.database);
            if from.exists() {
                fs::copy(from, with(&copy))?;
            }
        }
        let database = Connection::open(&copy)?;
        let mut statement = database.prepare("SELECT kind, count(*) FROM callbacks WHERE settled = 0 GROUP BY kind")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            count(&mut self.figures.interrupted, &row.get::<_, String>(0)?, row.get(1)?);
        }
        Ok(())
    }

    /// What is wrong after a restart. What is right becomes what the clients know.
    fn problems(&mut self) -> Outcome<Vec<String>> {
        let database = Connection::open_with_flags(&self.options.database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut problems = check::stuck(&database)?;
        problems.extend(check::damage(&database)?);
        problems.extend(check::wrong_callbacks(&database, &self.connector)?);
        for client in &mut self.clients {
            let found = World::of_app(&database, client.app())?;
            let differences = check::differences(&client.acknowledged, &found, client.in_flight.as_ref());
            problems.extend(differences.into_iter().map(|problem| format!("app {}: {problem}", client.app())));
            let compared = &mut self.figures.compared;
            count(compared, "installations", found.installations.len());
            count(compared, "instances", found.instances.len());
            count(compared, "things", found.things.len());
            count(compared, "values", found.things.values().map(|thing| thing.points.len()).sum());
            count(compared, "action requests", found.actions.len());
            client.acknowledged = found;
        }
        Ok(problems)
    }
}
