//! Server processes: started, found by the address that they print, killed, measured from outside.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// The server under test.
pub const CONNHUB: &str = env!("CARGO_BIN_EXE_connhub");
/// The account that an empty database gets.
pub const EMAIL: &str = "developer@example.com";
/// Its password.
pub const PASSWORD: &str = "correct horse battery staple";

/// What a server says before its address, once it can be asked.
const READY: &str = " listens on http://";
/// Clock ticks a second in `/proc`: `USER_HZ`, which is 100 on every Linux.
const TICKS_PER_SECOND: u64 = 100;

/// How the server is to be started.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// The database.
    pub database: PathBuf,
    /// Where to listen; port 0 means any.
    pub listen: SocketAddr,
    /// Further arguments.
    pub arguments: Vec<String>,
    /// Where its log goes; nowhere if none.
    pub log: Option<PathBuf>,
    /// What stands in its environment besides.
    pub environment: Vec<(String, String)>,
}

impl ServerOptions {
    /// For a database, on any port, with nothing special.
    pub fn new(database: &Path) -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { database: database.to_owned(), listen, arguments: Vec::new(), log: None, environment: Vec::new() }
    }

    fn command(&self) -> io::Result<Command> {
        let mut command = Command::new(CONNHUB);
        command.arg("serve").arg("--listen").arg(self.listen.to_string()).arg("--db").arg(&self.database);
        command.args(&self.arguments).env("CONNHUB_EMAIL", EMAIL).env("CONNHUB_PASSWORD", PASSWORD);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stderr(match &self.log {
            Some(path) => Stdio::from(File::options().append(true).create(true).open(path)?),
            None => Stdio::null(),
        });
        Ok(command)
    }

    /// Starts the server and waits until it can be asked.
    pub fn start(&self) -> io::Result<Process> {
        Process::start(self.command()?)
    }

    /// Starts the server and does not wait.
    pub fn launch(&self) -> io::Result<Launched> {
        Launched::new(self.command()?)
    }
}

/// A process that may not be ready yet. Killed when dropped.
pub struct Launched(Child);

impl Launched {
    fn new(mut command: Command) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map(Self)
    }

    /// Kills it, wherever it is, and waits for its end.
    pub fn kill(&mut self) -> io::Result<()> {
        self.0.kill()?;
        self.0.wait().map(|_| ())
    }
}

impl Drop for Launched {
    fn drop(&mut self) {
        // It may be gone already, which is what is wanted.
        let _ = self.kill();
    }
}

/// A server that runs. Killed when dropped.
pub struct Process {
    launched: Launched,
    address: SocketAddr,
    // Kept open, or the server's further lines would find nobody.
    _output: BufReader<ChildStdout>,
}

impl Process {
    /// Starts a server and waits for its address.
    pub fn start(command: Command) -> io::Result<Self> {
        let mut launched = Launched::new(command)?;
        let output = launched.0.stdout.take().ok_or_else(|| io::Error::other("the server has no output"))?;
        let mut output = BufReader::new(output);
        let mut line = String::new();
        loop {
            line.clear();
            if output.read_line(&mut line)? == 0 {
                return Err(io::Error::other("the server ended before it listened"));
            }
            let address = line.split_once(READY).map(|(_, address)| address.trim_end().parse());
            if let Some(address) = address {
                let address = address.map_err(io::Error::other)?;
                return Ok(Self { launched, address, _output: output });
            }
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// SIGKILL: it ends where it is.
    pub fn kill(&mut self) -> io::Result<()> {
        self.launched.kill()
    }

    /// SIGTERM: it ends as it should.
    pub fn stop(mut self) -> io::Result<()> {
        let signalled = Command::new("kill").arg("-TERM").arg(self.launched.0.id().to_string()).status()?;
        let ended = self.launched.0.wait()?;
        if signalled.success() && ended.success() { Ok(()) } else { Err(io::Error::other(ended.to_string())) }
    }

    /// The CPU time that it has used.
    pub fn cpu_time(&self) -> io::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.launched.0.id()))?;
        // The name, in parentheses, may hold anything; utime and stime are the 14th and 15th field.
        let fields = stat.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default();
        let ticks: u64 = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND))
    }

    /// A figure of `/proc/PID/status` that is in kB, such as `VmRSS`, in bytes.
    pub fn memory(&self, name: &str) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.launched.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kilobytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
        kilobytes.map(|kilobytes| kilobytes * 1024).ok_or_else(|| io::Error::other(format!("no {name}")))
    }
}
