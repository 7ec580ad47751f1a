//! `connhub dev-cert`: its options, and what it prints, which is how to trust the authority.
//!
//! Used by [`super`].

use super::{harmless, output, quoted};
use crate::devcert::{self, Made, Name, PLATFORM_NAMES};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// What a certificate is for if nothing else is said.
const DEFAULT_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The options of `connhub dev-cert`.
#[derive(Debug, Args)]
pub(super) struct DevCertOptions {
    /// Host names and addresses that the server is reached by
    #[arg(value_name = "NAME", default_values = DEFAULT_NAMES)]
    names: Vec<Name>,

    /// Folder to keep the authority and the certificate in
    #[arg(long, value_name = "FOLDER", default_value = "connhub-certs")]
    out: PathBuf,

    /// Add the platform's own names, for connectors that have its URL compiled in
    #[arg(long)]
    platform_names: bool,
}

/// Makes a certificate and tells what to do with it.
pub(super) fn run(options: &DevCertOptions) -> ExitCode {
    let mut names: Vec<Name> = Vec::new();
    let platform = PLATFORM_NAMES.iter().filter(|_| options.platform_names).filter_map(|name| name.parse().ok());
    for name in options.names.iter().cloned().chain(platform) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    match devcert::make(&options.out, &names) {
        Ok(made) => {
            print(&made, &names, options.platform_names);
            ExitCode::SUCCESS
        }
        Err(refused) => super::fail(refused),
    }
}

fn print(made: &Made, names: &[Name], platform_names: bool) {
    let Made { authority, authority_is_new, certificate, key, until } = made;
    let names: Vec<_> = names.iter().map(Name::to_string).collect();
    let state = if *authority_is_new { "new: have your clients trust it, see below" } else { "the same as before" };
    output::say(format!(
        "authority    {}   ({state})
certificate  {}   (good until {})
its key      {}   (keep it, and the ca.key beside it, to yourself)

The certificate is for {}.
Start the server with it, or let it go on: it takes a new certificate by itself.

  connhub serve --tls-cert {} --tls-key {}

{}",
        harmless(authority.display()),
        harmless(certificate.display()),
        until.date(),
        harmless(key.display()),
        names.join(", "),
        quoted(certificate),
        quoted(key),
        how_to_trust(&quoted(authority))
    ));
    if platform_names {
        output::say(format!("\n{}", how_to_be_the_platform()));
    }
}

fn how_to_trust(ca: &str) -> String {
    format!(
        "Have a client trust the authority. For one program, in its environment; the variables marked * replace what
it trusts otherwise, so if it calls other servers too, have the system trust the authority instead:

  curl      curl --cacert {ca} https://…
  Node      NODE_EXTRA_CA_CERTS={ca}
  Go        SSL_CERT_FILE={ca}   (*; on Linux)
  Python    SSL_CERT_FILE={ca} REQUESTS_CA_BUNDLE={ca}   (*)
  Java      keytool -importcert -noprompt -cacerts -storepass changeit -alias connhub-dev -file {ca}

For the whole system, and most browsers:

  Debian    sudo cp {ca} /usr/local/share/ca-certificates/connhub-dev.crt && sudo update-ca-certificates
  macOS     sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain {ca}
  Windows   certutil -addstore -f Root {ca}   (as administrator)"
    )
}

fn how_to_be_the_platform() -> String {
    format!(
        "Connectors with the platform's URL compiled in come here by a line in /etc/hosts
(C:\\Windows\\System32\\drivers\\etc\\hosts on Windows) of the machine that they run on, and a server on port 443:

  127.0.0.1 {}

  sudo setcap cap_net_bind_service=+ep \"$(command -v connhub)\"   (lets it have that port on Linux)
  connhub serve --listen 127.0.0.1:443 --tls-cert … --tls-key …",
        PLATFORM_NAMES.join(" ")
    )
}
