//! The server, its connectors, and the account that behaves.

use crate::Outcome;
use crate::figures::Resources;
use crate::support::api::{self, Asker, Session};
use crate::support::connector::{self, Received, Reply};
use crate::support::process::{Process, ServerOptions};
use serde_json::json;
use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Where the account that behaves comes from.
const NEIGHBOUR: &str = "203.0.113.99";
const PATIENCE: Duration = Duration::from_secs(10);
/// How much Markdown a connector's response holds, in bytes: about as much as is read of one.
const MARKDOWN_BYTES: usize = 60_000;

/// Tokens by the ID of what they are for.
type Tokens = Arc<Mutex<HashMap<String, String>>>;

/// A server that strangers reach through a proxy.
pub struct World {
    server: Process,
    database: PathBuf,
    /// Responds at once, and with further steps that are hard to render.
    pub hostile: SocketAddr,
    /// Can be installed, and never responds from then on.
    pub silent: SocketAddr,
    /// Responds at once that all is done.
    pub quick: SocketAddr,
    /// Of installations and instances, as callbacks brought them.
    tokens: Tokens,
    _folder: TempDir,
}

impl World {
    /// With a new database, and the connectors.
    pub fn new() -> Outcome<Self> {
        let folder = TempDir::new()?;
        let database = folder.path().join("siege.db");
        let arguments = [
            "--open-signup",
            "--public-url",
            "http://localhost",
            "--trusted-proxy",
            "127.0.0.1",
            "--allow-callback-net",
            "127.0.0.0/8",
            "--log",
            "warn",
        ];
        let arguments = arguments.map(str::to_owned).to_vec();
        let server = ServerOptions { arguments, ..ServerOptions::new(&database) }.start()?;
        let tokens = Tokens::default();
        let [noted, noted_quickly] = [Arc::clone(&tokens), Arc::clone(&tokens)];
        let quick = move |received: Received<'_>| {
            note(&noted_quickly, received);
            let is_action = received.path == "/actions";
            Reply {
                status: if is_action { 204 } else { 201 },
                body: if is_action { "" } else { "{}" },
                ..Reply::default()
            }
        };
        let body: &'static str = Box::leak(markdown().into_boxed_str());
        let hostile = move |received: Received<'_>| {
            note(&noted, received);
            let is_instance = received.path == "/instances";
            Reply {
                status: if is_instance { 202 } else { 201 },
                body: if is_instance { body } else { "{}" },
                ..Reply::default()
            }
        };
        let silent = |received: Received<'_>| {
            let delay = if received.path == "/installations" { Duration::ZERO } else { Duration::from_secs(3_600) };
            Reply { status: 201, body: "{}", delay }
        };
        let (hostile, silent) = (connector::start(Arc::new(hostile))?, connector::start(Arc::new(silent))?);
        let quick = connector::start(Arc::new(quick))?;
        Ok(Self { server, database, hostile, silent, quick, tokens, _folder: folder })
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The token that a callback brought for a noun.
    pub fn token_of(&self, id: &str) -> Outcome<String> {
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            let tokens = self.tokens.lock().expect("no poison");
            if let Some(token) = tokens.get(id) {
                return Ok(token.clone());
            }
            drop(tokens);
            std::thread::yield_now();
        }
        Err(format!("no callback about {id} arrived").into())
    }

    /// The account that behaves, with a connector and an app.
    pub fn neighbour(&self) -> Outcome<Neighbour> {
        let mut session = Session::behind_proxy(self.address(), NEIGHBOUR);
        let developer = session.sign_in()?;
        let publication = session.publish(&developer, "A good neighbour's", self.quick)?;
        let (app, _) = session.create_app(&developer, "A good neighbour's")?;
        Ok(Neighbour { session, developer, publication, app })
    }

    /// What the server uses now.
    pub fn resources(&self) -> Outcome<Resources> {
        let length = |path: PathBuf| fs::metadata(path).map_or(0, |about| about.len());
        let log = self.database.with_extension("db-wal");
        let memory_peak = self.server.memory("VmHWM")?;
        Ok(Resources { memory_peak, database: length(self.database.clone()), log: length(log) })
    }
}

fn note(tokens: &Tokens, received: Received<'_>) {
    if let Some((id, token)) = api::id_and_token(received) {
        tokens.lock().expect("no poison").insert(id, token);
    }
}

/// Thousands of elements that are never closed, then thousands of paragraphs.
fn markdown() -> String {
    let (open, paragraph) = ("<b><i>", "\n\nx");
    let half = MARKDOWN_BYTES / 2;
    let content = open.repeat(half / open.len()) + &paragraph.repeat(half / paragraph.len() / 2);
    json!({ "furtherStep": { "type": 2, "content": content } }).to_string()
}

/// An account that behaves.
pub struct Neighbour {
    session: Session,
    developer: String,
    publication: String,
    app: String,
}

impl Neighbour {
    /// Reads what the Developer Center shows first; returns how long it took.
    pub fn read(&mut self) -> Outcome<Duration> {
        let since = Instant::now();
        let document = "{ profile { id } connectorPublications { id name } apps { id name } }";
        self.session.graphql(Asker::of(&self.developer), document, &json!({}))?;
        Ok(since.elapsed())
    }

    /// Installs a connector and removes it again; returns how long installing took.
    pub fn install(&mut self) -> Outcome<Duration> {
        let since = Instant::now();
        let (installation, state) = self.session.install(&self.developer, &self.app, &self.publication)?;
        let took = since.elapsed();
        if state != "COMPLETE" {
            return Err(format!("an installation is {state} after {took:?}").into());
        }
        let document = "mutation($id: ID!) { removeInstallation(installationId: $id, removeInstances: true) {
            affectedInstallation { id } } }";
        self.session.graphql(Asker::of(&self.developer), document, &json!({ "id": installation }))?;
        Ok(took)
    }
}
