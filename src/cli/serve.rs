//! `connhub serve`: starts the server, says where it is, and ends it when a signal asks for that.
//!
//! Used by [`super`].

mod greeting;
mod secrets_file;

use super::arguments::Given;
use super::signals::{self, Signals};
use super::{chain, fail, failed, output, quoted};
use crate::app::{Secret, Server};
use crate::config::{LogFormat, ServeOptions};
use crate::model::error::{Error, Violation};
use greeting::greeting;
use secrets_file::SecretsFile;
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
    let secrets = match options.secrets_file.as_deref().map(SecretsFile::open).transpose() {
        Ok(secrets) => secrets,
        Err(why) => return fail(why),
    };
    let is_shown = options.log_format == LogFormat::Text || output::is_terminal();
    let show = |secret: Secret<'_>| show(&secret, &options.db, secrets.as_ref(), is_shown);
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
    let public_url = options.public_url.as_deref();
    let greeting = match options.log_format {
        LogFormat::Text => greeting(&server, public_url, secrets.is_none()),
        LogFormat::Json => greeting::as_json(&server, public_url),
    };
    if let Err(error) = output::print(greeting) {
        // Without the greeting itself, whose commands contain the secret of the demo's app.
        tracing::warn!(%error, url = server.url(), "standard output cannot be written; the server runs");
    }
    ends.wait().await;
    tracing::info!("stopping; Ctrl-C ends it at once");
    server.stop().await;
    ExitCode::SUCCESS
}

/// Shows a secret that the database has only as a hash, or logs how to get another one.
fn show(secret: &Secret<'_>, database: &Path, file: Option<&SecretsFile>, is_shown: bool) {
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
    let shown = match file {
        Some(file) => file.append(&text).map_err(|error| format!("the file for secrets cannot be written ({error})")),
        None if !is_shown => Err("standard output is not a terminal and the log is for machines".to_owned()),
        None => output::show(text).map_err(|error| format!("standard output cannot be written ({error})")),
    };
    if let Err(why) = shown {
        // The reason comes first: the command at the end is to be copied.
        let advice = format!("{why} to show {advice}");
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
