//! `connhub serve`: starts the server, says where it is, and ends it when a signal asks for that.
//!
//! Used by [`super`].

use super::arguments::Given;
use super::signals::{self, Signals};
use super::{chain, fail, failed, output, quoted};
use crate::app::{Demo, Secret, Server};
use crate::config::{LogFormat, ServeOptions};
use crate::model::error::{Error, Violation};
use std::path::Path;
use std::process::ExitCode;
use tokio::runtime::{Builder, Runtime};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// How many threads may block at once on the database or on hashing. Each that allocates costs memory.
const BLOCKING_THREADS_MAX: usize = 24;

pub(super) fn serve(options: &ServeOptions, given: &Given, signals: &Signals) -> ExitCode {
    if let Err(problem) = start_log(options.log_format, &options.log) {
        return fail(problem);
    }
    given.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return fail(error),
    };
    let code = runtime.block_on(run(options, given, signals));
    // A start that was given up may be busy with the database for a while, and may stop anywhere, as in a crash.
    runtime.shutdown_background();
    code
}

async fn run(options: &ServeOptions, given: &Given, signals: &Signals) -> ExitCode {
    let mut ends = match signals.listen() {
        Ok(ends) => ends,
        Err(error) => return fail(error),
    };
    signals::survive_hangups(options.door.certificate_files().is_some());
    let show = |secret: Secret<'_>| show(&secret, &options.db);
    let server = tokio::select! {
        started = Server::start(options, &show) => match started {
            Ok(server) => server,
            Err(error) => return failed(&named(error, given)),
        },
        () = ends.wait() => {
            tracing::info!("stopped before the start was complete");
            return ExitCode::SUCCESS;
        }
    };
    if let Err(error) = output::print(greeting(&server)) {
        // Without the greeting itself, whose commands contain the secret of the demo's app.
        tracing::warn!(%error, url = server.url(), "standard output cannot be written; the server runs");
    }
    ends.wait().await;
    tracing::info!("stopping; Ctrl-C ends it at once");
    server.stop().await;
    ExitCode::SUCCESS
}

/// Shows a secret that the database has only as a hash, or logs how to get another one.
fn show(secret: &Secret<'_>, database: &Path) {
    let (text, advice) = match secret {
        Secret::Password { email, password } => (
            format!("The first account:\n\n  e-mail    {email}\n  password  {password}   (shown this once)\n"),
            format!(
                "the password of {email}; set another one: connhub account set-password {email} --db {}",
                quoted(database)
            ),
        ),
        Secret::OfApp { client_id, secret } => (
            format!("The demo's app:\n\n  client ID      {client_id}\n  client secret  {secret}   (shown this once)\n"),
            format!("the client secret of the app {client_id}; reset it in the Developer Center, under Apps"),
        ),
    };
    if let Err(error) = output::show(text) {
        // The error comes first: the command at the end is to be copied.
        let advice = format!("standard output cannot be written ({error}) to show {advice}");
        tracing::error!("{advice}");
        if !tracing::enabled!(tracing::Level::ERROR) {
            output::complain(format!("connhub: {advice}"));
        }
    }
}

/// An error about an option, with the option called as the operator gave it.
fn named(error: Error, given: &Given) -> Error {
    let rename = |violation: Violation| Violation {
        path: given.name_of(&violation.path).unwrap_or(&violation.path).to_owned(),
        ..violation
    };
    match error {
        Error::Invalid(violations) => Error::Invalid(violations.into_iter().map(rename).collect()),
        other => other,
    }
}

pub(super) fn runtime() -> std::io::Result<Runtime> {
    Builder::new_multi_thread().enable_all().max_blocking_threads(BLOCKING_THREADS_MAX).build()
}

/// Libraries that log what they send and receive, tokens and passwords too, if they may log that much.
const TALKATIVE: [&str; 6] = ["h2", "hyper", "tokio_tungstenite", "tungstenite", "ureq", "ureq_proto"];

/// The filter, but that these libraries log no more than at `info`, whatever is to be seen of all others.
fn without_contents(filter: EnvFilter) -> EnvFilter {
    if filter.max_level_hint().is_some_and(|level| level <= LevelFilter::INFO) {
        return filter;
    }
    let directives = TALKATIVE.iter().filter_map(|library| format!("{library}=info").parse().ok());
    directives.fold(filter, EnvFilter::add_directive)
}

pub(super) fn start_log(format: LogFormat, filter: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("--log {filter:?}: {}", chain(&error)))?;
    let filter = without_contents(filter);
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(output::Log)
        .with_ansi(output::Log::is_terminal())
        .with_target(false)
        // They would be printed with eprintln, which panics if the log cannot be written: on a full disk.
        .log_internal_errors(false);
    match format {
        LogFormat::Text => lines.compact().init(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).init(),
    }
    Ok(())
}

/// What is said once the server can be used.
fn greeting(server: &Server) -> String {
    let mut lines = vec![format!("connhub listens on {}", server.url())];
    lines.extend(server.other_urls().map(|url| format!("  and on {url}")));
    if let Some(email) = server.first_account() {
        lines.push(format!("\n  made the account {email}"));
    }
    if let Some(demo) = server.demo() {
        lines.push(about_demo(&server.url(), demo));
    }
    lines.join("\n")
}

fn about_demo(base: &str, demo: &Demo) -> String {
    let mut text = format!("\nThe demo connector {} listens on http://{}.", demo.publication, demo.address());
    let mut line = |line: &str| text = format!("{text}\n{line}");
    let id = demo.client_id;
    let Some(secret) = &demo.client_secret else {
        line(&format!("Its app is {id}; the secret was shown when the app was made."));
        return text;
    };
    line("It is installed and instantiated for the demo's app.");
    line("\nGet a token for the app, look at the things, switch the lamp on:\n");
    if base.starts_with("https:") {
        line("  # curl needs --cacert FILE if this machine does not trust the certificate's authority");
    }
    line(&format!(
        "  TOKEN=$(curl -s {base}/oauth2/token -u {id}:{secret} -d grant_type=client_credentials \\
    | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')"
    ));
    for query in [
        "{ things { name components { id properties { id value unit lastUpdate } } } }",
        "mutation { requestThingAction(thingConstraints: {}, actionSelector: {id: \\\"setOn\\\"}, actionParameters: [{name: \\\"on\\\", value: \\\"true\\\"}]) { status error } }",
    ] {
        line(&format!("\n  curl -s {base}/api/v1/query -H \"Authorization: Bearer $TOKEN\" \\"));
        line(&format!("    -H 'Content-Type: application/json' -d '{{\"query\": \"{query}\"}}'"));
    }
    text
}
