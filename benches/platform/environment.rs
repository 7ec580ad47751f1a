//! Where it is measured: directories, servers, and what has to be there before anything can be asked.

use crate::Outcome;
use crate::support::api::{Session, id_and_token};
use crate::support::connector::{self, Received, Reply};
use crate::support::process::{Process, ServerOptions};
use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// On the disk that is built on: what lies in memory only has no sync to wait for.
const DIRECTORY: &str = env!("CARGO_TARGET_TMPDIR");

/// What all benchmarks share.
pub struct Environment {
    directory: TempDir,
    serve: Vec<String>,
    /// How long one turn is.
    pub turn: Duration,
    /// How many turns each of product and reference has.
    pub turns: usize,
    /// How often starting is measured.
    pub starts: usize,
}

impl Environment {
    /// For short or full measurements of a server with these further options.
    pub fn new(quick: bool, serve: Vec<String>) -> Outcome<Self> {
        let directory = tempfile::tempdir_in(DIRECTORY)?;
        Ok(if quick {
            Self { directory, serve, turn: Duration::from_millis(500), turns: 3, starts: 5 }
        } else {
            Self { directory, serve, turn: Duration::from_secs(2), turns: 7, starts: 20 }
        })
    }

    /// The machine, for whoever reads the figures.
    pub fn describe(&self) -> String {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split_whitespace().next().unwrap_or("?").to_owned();
        let Self { turn, turns, serve, .. } = self;
        let options = if serve.is_empty() { "none".to_owned() } else { serve.join(" ") };
        format!("{cores} cores, load {load} before; {turns} turns of {turn:?} each; options for the server: {options}")
    }

    /// A path for a file of this name.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// How to start a server on a database of this name.
    pub fn server(&self, name: &str) -> ServerOptions {
        ServerOptions { arguments: self.serve.clone(), ..ServerOptions::new(&self.path(name)) }
    }

    /// Starts a server on a new database of this name, and gives the developer's token.
    pub fn start(&self, name: &str) -> Outcome<Hub> {
        let process = self.server(name).start()?;
        let mut session = Session::new(process.address());
        let developer = session.sign_in()?;
        Ok(Hub { process, session, developer })
    }
}

/// A server with a developer who is signed in.
pub struct Hub {
    /// The server.
    pub process: Process,
    /// A way to ask it.
    pub session: Session,
    /// The developer's token.
    pub developer: String,
}

/// Instance tokens by their instances, as connectors get them.
pub type Tokens = Arc<Mutex<HashMap<String, String>>>;

/// Starts a connector that agrees to everything at once, and keeps the tokens that it is given.
pub fn agreeable_connector() -> Outcome<(SocketAddr, Tokens)> {
    let tokens = Tokens::default();
    let kept = Arc::clone(&tokens);
    let address = connector::start(Arc::new(move |received: Received<'_>| {
        let status = match (received.method, received.path) {
            ("POST", "/installations") => 201,
            ("POST", "/instances") => {
                let (id, token) = id_and_token(received).unwrap_or_default();
                kept.lock().expect("no poison").insert(id, token);
                201
            }
            _ => 204,
        };
        Reply { status, ..Reply::default() }
    }))?;
    Ok((address, tokens))
}

/// A thing of an instance of its own or a shared one, with whatever it takes to ask about it.
pub struct Meter {
    /// The thing.
    pub thing: String,
    /// The token of its instance.
    pub instance_token: String,
    /// The token of its app.
    pub service: String,
    /// Whose it is.
    pub subject: String,
}

impl Hub {
    /// Publishes connectors and installs them for an app; instantiates one after the other for so
    /// many subjects, and creates so many things for each. Gives the first thing of each subject.
    pub fn meters(&mut self, publications: usize, subjects: usize, things_each: usize) -> Outcome<Vec<Meter>> {
        let (address, tokens) = agreeable_connector()?;
        let Self { session, developer, .. } = self;
        let (app, service) = session.create_app(developer, "App")?;
        let mut installations = Vec::with_capacity(publications);
        for number in 0..publications {
            let publication = session.publish(developer, &format!("Meters {number}"), address)?;
            installations.push(session.install(developer, &app, &publication)?.0);
        }
        let mut meters = Vec::with_capacity(subjects);
        for number in 0..subjects {
            let subject = format!("customer-{number}");
            let (instance, _) = session.instantiate(&service, &subject, &installations[number % publications])?;
            let token = tokens.lock().expect("no poison").remove(&instance);
            let instance_token = token.ok_or("the connector was not asked")?;
            let thing = session.create_thing(&instance_token)?;
            for _ in 1..things_each {
                session.create_thing(&instance_token)?;
            }
            meters.push(Meter { thing, instance_token, service: service.clone(), subject });
        }
        Ok(meters)
    }
}
