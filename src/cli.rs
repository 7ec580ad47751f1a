//! The command line: what can be typed, and what is printed on the terminal.
//!
//! May use every room. Used by `main`.

mod database;
mod dev_cert;

use crate::app::{self, Demo, Server};
use crate::config::{LogFormat, ServeOptions};
use crate::demo::{self, DemoConnector};
use crate::model::error::Error;
use crate::ops::past::{Filled, Span};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Parser, Subcommand};
use database::{BackupOptions, CheckOptions, RestoreOptions};
use dev_cert::DevCertOptions;
use std::fmt::Display;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// How many threads may block at once on the database or on hashing. Each that allocates costs memory.
const BLOCKING_THREADS_MAX: usize = 24;

/// A place to develop, demo and self-host IoT connectors: the connctd platform in one binary.
///
/// `connhub serve --demo` starts a sandbox with everything in it; open the address that it prints.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    serve: ServeOptions,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the platform (this is what happens without a command too)
    Serve(Box<ServeOptions>),
    /// Run the demo connector on its own: a lamp and a weather station
    DemoConnector(DemoOptions),
    /// Give the demo's things a past, so that charts and queries have something to show
    SeedHistory(SeedOptions),
    /// Make a certificate authority of your own and a certificate to develop with TLS
    DevCert(DevCertOptions),
    /// Copy the database into a file, also while a server runs
    Backup(BackupOptions),
    /// Put a backup in the place of the database, while no server runs
    Restore(RestoreOptions),
    /// Look whether all of the database is sound, also while a server runs
    Check(CheckOptions),
    /// Print the GraphQL schema
    Schema,
}

/// The options of `connhub demo-connector`.
#[derive(Debug, Args)]
struct DemoOptions {
    /// Where to listen for callbacks
    #[arg(long, env = "CONNHUB_DEMO_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:7172")]
    listen: SocketAddr,

    /// The platform whose hub it reports to
    #[arg(long, env = "CONNHUB_DEMO_HUB", value_name = "URL", default_value = "http://127.0.0.1:7171")]
    hub: String,

    /// The publication's public key in base64, to verify callbacks with
    #[arg(long, env = "CONNHUB_DEMO_PUBLIC_KEY", value_name = "BASE64", value_parser = public_key)]
    public_key: Option<[u8; 32]>,

    /// Where it keeps its installations and instances; nowhere if not given
    #[arg(long, env = "CONNHUB_DEMO_STATE", value_name = "FILE")]
    state: Option<PathBuf>,
}

/// The options of `connhub seed-history`.
#[derive(Debug, Args)]
struct SeedOptions {
    /// The database's file; a server may be at work on it
    #[arg(long, env = "CONNHUB_DB", value_name = "FILE", default_value = "connhub.db")]
    db: PathBuf,

    /// How many days of the past, up to now
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=3_660))]
    days: u32,

    /// How many seconds lie between one value and the next
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    every: u32,
}

fn public_key(text: &str) -> Result<[u8; 32], String> {
    let bytes = STANDARD.decode(text).map_err(|error| format!("is no base64: {error}"))?;
    bytes.try_into().map_err(|bytes: Vec<u8>| format!("must be 32 bytes, not {}", bytes.len()))
}

/// Reads the command line and does what it says.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        None => serve(&cli.serve),
        Some(Command::Serve(options)) => serve(&options),
        Some(Command::DemoConnector(options)) => demo_connector(options),
        Some(Command::SeedHistory(options)) => seed_history(&options),
        Some(Command::DevCert(options)) => dev_cert::run(&options),
        Some(Command::Backup(options)) => database::backup(&options),
        Some(Command::Restore(options)) => database::restore(&options),
        Some(Command::Check(options)) => database::check(&options),
        Some(Command::Schema) => {
            print!("{}", crate::graphql::sdl());
            ExitCode::SUCCESS
        }
    }
}

fn serve(options: &ServeOptions) -> ExitCode {
    if let Err(problem) = start_log(options.log_format, &options.log) {
        return fail(problem);
    }
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return fail(error),
    };
    runtime.block_on(async {
        let server = match Server::start(options).await {
            Ok(server) => server,
            Err(error) => return failed(&error),
        };
        greet(&server);
        wait_for_the_end().await;
        server.stop().await;
        ExitCode::SUCCESS
    })
}

fn demo_connector(options: DemoOptions) -> ExitCode {
    if let Err(problem) = start_log(LogFormat::Text, "info") {
        return fail(problem);
    }
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return fail(error),
    };
    let keyless = options.public_key.is_none();
    let config = demo::Config {
        listen: options.listen,
        hub: options.hub,
        public_key: options.public_key,
        state_file: options.state,
    };
    runtime.block_on(async {
        let connector = match DemoConnector::start(config).await {
            Ok(connector) => connector,
            Err(error) => return fail(error),
        };
        let urls = demo::callback_urls(connector.address());
        println!("the demo connector listens on http://{}", connector.address());
        println!("  installationCallbackUrl: {}", urls.installation);
        println!("  instanceCallbackUrl:     {}", urls.instance);
        println!("  actionCallbackUrl:       {}", urls.action);
        if keyless {
            println!("publish these URLs, then start it again with --public-key and the key you got;");
            println!("until then it refuses all callbacks, because it cannot verify them");
        }
        wait_for_the_end().await;
        connector.stop().await;
        ExitCode::SUCCESS
    })
}

fn seed_history(options: &SeedOptions) -> ExitCode {
    let SeedOptions { db, days, every } = options;
    match app::seed_history(db, Span { days: *days, every: *every }) {
        Ok(Filled { things, properties, points, from, to }) => {
            println!("{points} points more: {properties} properties of {things} things from {from} to {to}");
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error),
    }
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_multi_thread().enable_all().max_blocking_threads(BLOCKING_THREADS_MAX).build()
}

/// Until somebody presses Ctrl-C or the system says that it is time.
async fn wait_for_the_end() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals cannot be listened for; stopping");
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn start_log(format: LogFormat, filter: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("--log {filter:?} is no filter: {error}"))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        // It would tell them with eprintln, which panics where the log is what cannot be written: on a full disk.
        .log_internal_errors(false);
    match format {
        LogFormat::Text => lines.compact().init(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).init(),
    }
    Ok(())
}

fn fail(problem: impl Display) -> ExitCode {
    eprintln!("connhub: {}", harmless(problem));
    ExitCode::FAILURE
}

/// A text as a terminal can be given it: what stands in a database or in the name of a file may be made to
/// rewrite what is on the screen, or to show it in another order.
fn harmless(text: impl Display) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut shown = String::new();
    for c in text.to_string().chars() {
        if c.is_control() || turns(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

/// An error of an operation. A fault's own words are for clients, who are not to know more.
fn failed(error: &Error) -> ExitCode {
    match error {
        Error::Fault(fault) => fail(chain(&**fault)),
        other => fail(other),
    }
}

/// An error with all its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

fn greet(server: &Server) {
    let base = server.url();
    println!("connhub listens on {base}");
    if let Some(account) = server.first_account() {
        match &account.made_up_password {
            Some(password) => {
                println!("\n  e-mail    {}", account.email);
                println!("  password  {password}   (shown this once)");
            }
            None => println!("\n  made the account {}", account.email),
        }
    }
    if let Some(demo) = server.demo() {
        greet_demo(&base, demo);
    }
}

fn greet_demo(base: &str, demo: &Demo) {
    println!("\nThe demo connector {} listens on http://{}.", demo.publication, demo.address());
    let Some(secret) = &demo.client_secret else {
        println!("Its app is {}; the secret was shown when it was made.", demo.client_id);
        return;
    };
    println!("It is installed and instantiated for the demo app:\n");
    println!("  client ID      {}", demo.client_id);
    println!("  client secret  {secret}   (shown this once)");
    println!("\nGet a token for the app, look at the things, switch the lamp on:\n");
    if base.starts_with("https:") {
        println!("  # curl needs --cacert FILE where this machine does not trust the certificate's authority");
    }
    println!(
        "  TOKEN=$(curl -s {base}/oauth2/token -u {}:{secret} -d grant_type=client_credentials \\
    | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')",
        demo.client_id
    );
    for query in [
        "{ things { name components { id properties { id value unit lastUpdate } } } }",
        "mutation { requestThingAction(thingConstraints: {}, actionSelector: {id: \\\"setOn\\\"}, actionParameters: [{name: \\\"on\\\", value: \\\"true\\\"}]) { status error } }",
    ] {
        println!("\n  curl -s {base}/api/v1/query -H \"Authorization: Bearer $TOKEN\" \\");
        println!("    -H 'Content-Type: application/json' -d '{{\"query\": \"{query}\"}}'");
    }
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn what_would_change_the_screen_is_shown_and_not_done() {
        for (text, shown) in [
            ("things_é (日本)", "things_é (日本)"),
            ("\u{1b}[2J\u{1b}]0;t\u{7}", "\\u{1b}[2J\\u{1b}]0;t\\u{7}"),
            ("wrong\r\nall is well", "wrong\\r\\nall is well"),
            ("\u{9b}31m\u{202e}", "\\u{9b}31m\\u{202e}"),
        ] {
            assert_eq!(harmless(text), shown);
        }
    }
}
