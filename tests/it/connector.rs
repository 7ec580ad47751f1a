//! The test connector: a Node process of its own that verifies and records connhub's callbacks and
//! answers as told (tests/node/connector.mjs). All tests share the process; each has a space.

use crate::http::{Request, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

static NODE: LazyLock<Node> = LazyLock::new(Node::start);
static SPACES: AtomicUsize = AtomicUsize::new(0);

/// How long the connector is asked to wait for callbacks before a test fails.
const PATIENCE_MS: u32 = 40_000;

/// The process; it ends with its stdin, that is with this one.
struct Node {
    _child: Child,
    port: u16,
    control: u16,
}

impl Node {
    fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/node/connector.mjs");
        let mut command = Command::new("node");
        let mut child =
            command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("node is installed");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a piped stdout")).read_line(&mut line).expect("a line of ports");
        let ports: Value = serde_json::from_str(&line).expect("ports as JSON");
        let port = |name: &str| u16::try_from(ports[name].as_u64().expect("a port")).expect("a port");
        Self { port: port("port"), control: port("control"), _child: child }
    }
}

/// What a callback tells, as the test connector calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Installation,
    InstallationRemoval,
    Instance,
    InstanceRemoval,
    Action,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Installation => "installation",
            Self::InstallationRemoval => "installation-removal",
            Self::Instance => "instance",
            Self::InstanceRemoval => "instance-removal",
            Self::Action => "action",
        }
    }
}

/// A callback as it arrived.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Callback {
    pub n: usize,
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub json: Value,
    pub id: Option<String>,
    pub token: Option<String>,
    pub signature: String,
    pub signed_payload: String,
    pub problems: Vec<String>,
    pub hub_results: Vec<HubResult>,
    pub closed_by_client_ms: Option<f64>,
}

/// What the hub answered to a call that the connector made during a callback.
#[derive(Clone, Debug, Deserialize)]
pub struct HubResult {
    pub status: Option<u16>,
    pub json: Value,
}

impl Callback {
    /// The ID of what it is about.
    pub fn id(&self) -> &str {
        self.id.as_deref().expect("a callback about something")
    }

    /// The token that came in it.
    pub fn token(&self) -> &str {
        self.token.as_deref().expect("a callback with a token")
    }

    pub fn header(&self, wanted: &str) -> Option<&str> {
        self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_str())
    }
}

/// One test's corner of the connector. When it goes, every callback it got must have been rightly
/// signed and without a flaw.
pub struct Connector {
    space: String,
}

impl Connector {
    /// A fresh space.
    pub fn new() -> Self {
        let number = SPACES.fetch_add(1, Ordering::Relaxed);
        let connector = Self { space: format!("t{number}") };
        connector.control("PUT", "", Some(&json!({}))).expect(200);
        connector
    }

    /// Says which key verifies callbacks and where the hub is.
    pub fn configure(&self, settings: &Value) {
        self.control("PUT", "", Some(settings)).expect(200);
    }

    /// Where callbacks of a noun go: `installations`, `instances` or `actions`.
    pub fn url(&self, noun: &str) -> String {
        format!("http://{}/{}/{noun}", self.authority(), self.space)
    }

    /// Where it listens for callbacks.
    pub fn authority(&self) -> String {
        format!("127.0.0.1:{}", NODE.port)
    }

    /// The path below which its callbacks arrive.
    pub fn path(&self) -> String {
        format!("/{}", self.space)
    }

    /// How callbacks of a kind are answered from now on: a behaviour, or a list used up in turn.
    #[track_caller]
    pub fn answers(&self, kind: Kind, behaviour: &Value) {
        self.control("PUT", &format!("/behaviours/{}", kind.name()), Some(behaviour)).expect(200);
    }

    /// Lets held callbacks of a kind be answered.
    #[track_caller]
    pub fn release(&self, kind: Kind) {
        self.control("POST", "/release", Some(&json!({ "kind": kind.name() }))).expect(200);
    }

    /// All callbacks of a kind, once `count` have arrived. There must not be more, and each must be
    /// rightly signed and without a flaw.
    #[track_caller]
    pub fn arrived(&self, kind: Kind, count: usize) -> Vec<Callback> {
        self.callbacks(kind, count, false)
    }

    /// The same once they have been answered, or given up by either side.
    #[track_caller]
    pub fn answered(&self, kind: Kind, count: usize) -> Vec<Callback> {
        self.callbacks(kind, count, true)
    }

    /// The only callback of a kind.
    #[track_caller]
    pub fn only(&self, kind: Kind) -> Callback {
        self.arrived(kind, 1).remove(0)
    }

    #[track_caller]
    fn callbacks(&self, kind: Kind, count: usize, answered: bool) -> Vec<Callback> {
        let query =
            format!("/callbacks?kind={}&count={count}&timeoutMs={PATIENCE_MS}&answered={answered}", kind.name());
        let answer = self.control("GET", &query, None);
        let callbacks: Vec<Callback> = serde_json::from_slice(&answer.body).expect("a list of callbacks");
        assert_eq!(answer.status, 200, "{count} {kind:?} callbacks in time: {callbacks:#?}");
        assert_eq!(callbacks.len(), count, "{kind:?} callbacks: {callbacks:#?}");
        for callback in &callbacks {
            assert_eq!(callback.problems, Vec::<String>::new(), "{callback:#?}");
            assert_eq!(callback.signature, "valid", "{callback:#?}");
        }
        callbacks
    }

    /// How many callbacks of a kind have arrived so far.
    pub fn count(&self, kind: Kind) -> u64 {
        self.counter(kind.name(), "arrived")
    }

    /// How many of all kinds have arrived so far.
    pub fn count_all(&self) -> u64 {
        self.counter("all", "arrived")
    }

    /// The most callbacks that were in flight at the same time.
    pub fn in_flight_max(&self) -> u64 {
        self.counter("all", "maxInFlight")
    }

    fn counter(&self, kind: &str, counter: &str) -> u64 {
        let counts = self.control("GET", "/counts", None).expect(200).json();
        counts[kind][counter].as_u64().expect("a number")
    }

    fn control(&self, method: &str, path: &str, body: Option<&Value>) -> Response {
        let mut request = Request::new(method, &format!("/spaces/{}{path}", self.space));
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send(&format!("127.0.0.1:{}", NODE.control))
    }
}

impl Drop for Connector {
    fn drop(&mut self) {
        if thread::panicking() {
            return;
        }
        let wrong = self.counter("all", "withProblems") + self.counter("all", "invalidSignatures");
        self.control("DELETE", "", None);
        assert!(wrong == 0, "callbacks with problems or a wrong signature arrived");
    }
}
