//! The real program: starts connhub on a database of its own, restarts it, kills it, and shows its
//! log where a test fails.

use crate::http::{Request, Response};
use crate::wait::{eventually, until};
use parking_lot::Mutex;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use tempfile::TempDir;

pub const EMAIL: &str = "dev@example.com";
pub const PASSWORD: &str = "correct horse battery";
/// What the program prints before its address once it can be asked.
const READY: &str = "connhub listens on ";
/// The same for machines.
const READY_JSON: &str = "\"connhub listens\"";

/// The program's path.
pub const BINARY: &str = env!("CARGO_BIN_EXE_connhub");

/// A command that runs connhub without whatever the developer's shell has set for it.
pub fn connhub() -> Command {
    let mut command = Command::new(BINARY);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CONNHUB_") {
            command.env_remove(name);
        }
    }
    command
}

/// A connhub server with a database of its own, which lives as long as this does.
pub struct Server {
    folder: TempDir,
    flags: Mutex<Vec<String>>,
    environment: Vec<(String, String)>,
    /// The port is the same after a restart, as an operator's would be.
    authority: Mutex<Option<String>>,
    scheme: Mutex<String>,
    process: Mutex<Option<Process>>,
    output: Output,
}

/// Everything that was printed, by all runs.
#[derive(Clone, Default)]
pub struct Output(Arc<Mutex<String>>);

struct Process {
    child: Child,
    readers: Vec<thread::JoinHandle<()>>,
}

impl Server {
    /// A server as it is without any flag.
    pub fn start() -> Arc<Self> {
        Self::with(&[])
    }

    /// A server with these flags.
    pub fn with(flags: &[&str]) -> Arc<Self> {
        Self::with_environment(flags, &[("CONNHUB_EMAIL", EMAIL), ("CONNHUB_PASSWORD", PASSWORD)])
    }

    /// A server with these flags and this environment, which need not name the first account.
    pub fn with_environment(flags: &[&str], environment: &[(&str, &str)]) -> Arc<Self> {
        let server = Self {
            folder: TempDir::new().expect("a temporary folder"),
            flags: Mutex::new(flags.iter().map(|&flag| flag.to_owned()).collect()),
            environment: environment.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
            authority: Mutex::default(),
            scheme: Mutex::default(),
            process: Mutex::default(),
            output: Output::default(),
        };
        server.run();
        Arc::new(server)
    }

    /// Starts the program and waits until it says that it is ready.
    fn run(&self) {
        let listen = self.authority.lock().clone().unwrap_or_else(|| "127.0.0.1:0".to_owned());
        let mut command = connhub();
        let flags = self.flags.lock().clone();
        command.args(["serve", "--db"]).arg(self.database()).args(&flags);
        if !flags.iter().any(|flag| flag == "--listen") {
            command.args(["--listen", &listen]);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let printed_before = self.output.text().len();
        *self.process.lock() = Some(Process::spawn(command, &self.output));
        let url = eventually("connhub listens", || {
            let text = self.output.text();
            assert!(self.is_running(), "connhub ended instead of listening:\n{}", &text[printed_before..]);
            if let Some(url) = text[printed_before..].lines().find_map(listening_as_json) {
                return Some(url);
            }
            let line = text[printed_before..].lines().find_map(|line| line.trim().strip_prefix(READY))?;
            if !text[printed_before..].contains(&format!("{READY}{line}\n")) {
                return None;
            }
            Some(line.trim_end_matches('/').to_owned())
        });
        let (scheme, authority) = url.split_once("://").expect("a URL");
        *self.authority.lock() = Some(authority.to_owned());
        scheme.clone_into(&mut self.scheme.lock());
    }

    fn is_running(&self) -> bool {
        let mut process = self.process.lock();
        process.as_mut().is_some_and(|process| process.child.try_wait().is_ok_and(|status| status.is_none()))
    }

    /// Where it listens, as `127.0.0.1:7171`.
    pub fn authority(&self) -> String {
        self.authority.lock().clone().expect("a server that has been started")
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme.lock(), self.authority())
    }

    /// Sends a request to it.
    #[track_caller]
    pub fn send(&self, request: &Request) -> Response {
        request.send(&self.authority())
    }

    /// The database's file.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("connhub.db")
    }

    /// A connection of the test's own to the database, for what no interface shows.
    pub fn sql(&self) -> rusqlite::Connection {
        let connection = rusqlite::Connection::open(self.database()).expect("the database");
        connection.busy_timeout(std::time::Duration::from_secs(10)).expect("a busy timeout");
        connection
    }

    /// Everything it has printed so far.
    pub fn output(&self) -> String {
        self.output.text()
    }

    /// Ends it as a power cut would.
    pub fn kill(&self) {
        if let Some(mut process) = self.process.lock().take() {
            process.child.kill().expect("a process of ours");
            process.wait();
        }
    }

    /// Kills it and starts it again on the same database and port.
    pub fn crash_and_restart(&self) {
        self.kill();
        self.run();
    }

    /// The same with other flags.
    pub fn restart_with(&self, flags: &[&str]) {
        *self.flags.lock() = flags.iter().map(|&flag| flag.to_owned()).collect();
        self.crash_and_restart();
    }

    /// Asks it to end, without waiting.
    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.process_id().to_string()]).status().expect("kill");
        assert!(status.success());
    }

    /// Its process ID.
    pub fn process_id(&self) -> u32 {
        self.process.lock().as_ref().map(|process| process.child.id()).expect("a running server")
    }

    /// Waits until it has ended by itself.
    pub fn wait(&self) -> ExitStatus {
        let process = self.process.lock().take();
        process.expect("a running server").wait()
    }

    /// Starts it again after it ended.
    pub fn start_again(&self) {
        self.run();
    }
}

/// The address in the greeting for machines.
fn listening_as_json(line: &str) -> Option<String> {
    let greeting: serde_json::Value = serde_json::from_str(line).ok()?;
    (greeting["message"] == "connhub listens").then(|| greeting["listens"][0].as_str().expect("a URL").to_owned())
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!("--- what the server printed ---\n{}--- end ---", self.output.text());
        }
    }
}

impl Process {
    fn spawn(mut command: Command, output: &Output) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        Self::start(command, output)
    }

    fn start(mut command: Command, output: &Output) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().expect("connhub starts");
        let mut readers = vec![output.collect(child.stderr.take().expect("a piped stderr"))];
        readers.extend(child.stdout.take().map(|stdout| output.collect(stdout)));
        Self { child, readers }
    }

    fn wait(&mut self) -> ExitStatus {
        let status = self.child.wait().expect("a process of ours");
        for reader in self.readers.drain(..) {
            reader.join().expect("a reader that does not panic");
        }
        status
    }
}

impl Output {
    fn collect(&self, stream: impl Read + Send + 'static) -> thread::JoinHandle<()> {
        let text = Arc::clone(&self.0);
        thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let mut text = text.lock();
                text.push_str(&line);
                text.push('\n');
            }
        })
    }

    /// Without waiting for the end of a line: a question has none.
    fn collect_as_it_comes(&self, mut stream: impl Read + Send + 'static) -> thread::JoinHandle<()> {
        let text = Arc::clone(&self.0);
        thread::spawn(move || {
            let mut bytes = [0; 1_024];
            while let Ok(count @ 1..) = stream.read(&mut bytes) {
                text.lock().push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        })
    }

    pub fn text(&self) -> String {
        self.0.lock().clone()
    }
}

/// What a command that ends by itself printed and how it ended.
pub struct Finished {
    pub success: bool,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Finished {
    let output = command.stdin(Stdio::null()).output().expect("a command that starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output in UTF-8");
    Finished { success: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Runs a server until it listens, and then asks it to end. Whether it listened, and all that it printed.
pub fn run_briefly(command: Command) -> (bool, String) {
    let output = Output::default();
    let mut process = Process::spawn(command, &output);
    let listened = eventually("it listens or ends", || {
        let ended = process.child.try_wait().expect("a process of ours").is_some();
        let listens = output.text().contains(READY) || output.text().contains(READY_JSON);
        (listens || ended).then_some(listens)
    });
    if listened {
        let id = process.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill").success());
    }
    process.wait();
    (listened, output.text())
}

/// Runs one of the Node side's programs against a server; it must succeed. Answers what it printed.
#[track_caller]
pub fn node(script: &str, arguments: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node").join(script);
    let finished = run(Command::new("node").arg(script).args(arguments));
    assert!(finished.success, "{}\n{}", finished.stdout, finished.stderr);
    finished.stdout
}

/// Runs one of the Python programs against a server, as [`node`] does, with the Python that has what it imports: one from
/// elsewhere may come before Debian's.
#[track_caller]
pub fn python(script: &str, arguments: &[String]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(script);
    let attempt = |python| run(Command::new(python).arg(&script).args(arguments));
    let first = attempt("python3");
    let lacks_package = first.stderr.contains("ModuleNotFoundError");
    let finished = if lacks_package { attempt("/usr/bin/python3") } else { first };
    assert!(finished.success, "{}\n{}", finished.stdout, finished.stderr);
    finished.stdout
}

/// Another program of ours that runs beside the server, ended with the test.
pub struct Companion {
    process: Process,
    output: Output,
}

impl Companion {
    pub fn spawn(command: Command) -> Self {
        let output = Output::default();
        Self { process: Process::spawn(command, &output), output }
    }

    /// One whose standard output goes elsewhere.
    pub fn printing_to(mut command: Command, stdout: Stdio) -> Self {
        let output = Output::default();
        command.stdin(Stdio::null()).stdout(stdout);
        Self { process: Process::start(command, &output), output }
    }

    /// One whose standard input is written by the test.
    pub fn typing(mut command: Command) -> (Self, ChildStdin) {
        let output = Output::default();
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn().expect("a program that starts");
        let readers = vec![output.collect_as_it_comes(child.stdout.take().expect("a piped stdout"))];
        let input = child.stdin.take().expect("a piped stdin");
        (Self { process: Process { child, readers }, output }, input)
    }

    /// Everything it has printed so far.
    pub fn output(&self) -> String {
        self.output.text()
    }

    /// Waits until it has printed a line with this text in it, and answers the line.
    pub fn line_with(&self, text: &str) -> String {
        eventually(text, || self.output.text().lines().find(|line| line.contains(text)).map(str::to_owned))
    }
}

impl Drop for Companion {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.child.kill();
        self.process.wait();
        if thread::panicking() {
            eprintln!("--- what the companion printed ---\n{}--- end ---", self.output.text());
        }
    }
}

/// Waits until the server takes no more connections.
pub fn until_closed(authority: &str) {
    until("the server takes no connections", || std::net::TcpStream::connect(authority).is_err());
}
