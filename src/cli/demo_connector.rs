//! `connhub demo-connector`: the demo connector on its own, without the platform.
//!
//! Used by [`super`].

use super::arguments::Given;
use super::serve::{runtime, start_log};
use super::signals::Signals;
use super::{fail, output};
use crate::config::{Listen, LogFormat};
use crate::demo::{self, DemoConnector, Keep, StateFile};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// The options of `connhub demo-connector`.
#[derive(Debug, Args)]
pub(super) struct DemoOptions {
    /// Where to listen for callbacks, as for serve
    #[arg(
        long,
        env = "CONNHUB_DEMO_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:7172",
        value_parser = Listen::parse
    )]
    listen: Listen,

    /// The platform whose hub it reports to
    #[arg(
        long,
        env = "CONNHUB_DEMO_HUB",
        value_name = "URL",
        default_value = "http://127.0.0.1:7171",
        value_parser = demo::check_hub
    )]
    hub: String,

    /// The publication's public key in base64, to verify callbacks with
    // Hidden because people mix up the halves of a key.
    #[arg(
        long,
        env = "CONNHUB_DEMO_PUBLIC_KEY",
        value_name = "BASE64",
        hide_env_values = true,
        value_parser = public_key
    )]
    public_key: Option<[u8; 32]>,

    /// Where it keeps its installations and instances; nowhere if not given
    #[arg(long, env = "CONNHUB_DEMO_STATE", value_name = "FILE")]
    state: Option<PathBuf>,
}

fn public_key(text: &str) -> Result<[u8; 32], String> {
    let bytes = STANDARD.decode(text).map_err(|_| "it is not base64".to_owned())?;
    bytes.try_into().map_err(|bytes: Vec<u8>| format!("it must be 32 bytes, not {}", bytes.len()))
}

pub(super) fn run(options: &DemoOptions, given: &Given, signals: &Signals) -> ExitCode {
    if let Err(problem) = start_log(LogFormat::Text, "info") {
        return fail(problem);
    }
    given.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return fail(error),
    };
    let state = options.state.clone().map(|file| Arc::new(StateFile::new(file)) as Arc<dyn Keep>);
    let config = demo::Config { hub: options.hub.clone(), public_key: options.public_key, state };
    runtime.block_on(async {
        let mut ends = match signals.listen() {
            Ok(ends) => ends,
            Err(error) => return fail(error),
        };
        let listeners = match options.listen.bind().await {
            Ok(listeners) => listeners,
            Err(problem) => return fail(problem),
        };
        let connector = match DemoConnector::start(listeners, config) {
            Ok(connector) => connector,
            Err(error) => return fail(error),
        };
        if let Err(error) = output::print(greeting(&connector, options.public_key.is_none())) {
            tracing::warn!(%error, "standard output cannot be written; the connector runs");
        }
        ends.wait().await;
        connector.stop().await;
        ExitCode::SUCCESS
    })
}

fn greeting(connector: &DemoConnector, is_keyless: bool) -> String {
    let urls = demo::callback_urls(connector.address());
    let mut text = format!(
        "the demo connector listens on http://{}
  installationCallbackUrl: {}
  instanceCallbackUrl:     {}
  actionCallbackUrl:       {}",
        connector.address(),
        urls.installation,
        urls.instance,
        urls.action
    );
    if is_keyless {
        text.push_str(
            "
publish these URLs, then start it again with --public-key and the key you got;
until then it refuses all callbacks, because it cannot verify them",
        );
    }
    text
}
