//! The greeting: what `connhub serve` prints once the server can be used.
//!
//! Used by [`super`].

use crate::app::{Demo, Server};
use serde_json::json;

/// What is said once the server can be used.
pub(super) fn greeting(server: &Server, public_url: Option<&str>, with_secrets: bool) -> String {
    let mut lines = vec![format!("connhub listens on {}", server.url())];
    lines.extend(server.other_urls().map(|url| format!("  and on {url}")));
    lines.extend(public_url.map(|url| format!("  open {url}")));
    if let Some(email) = server.first_account() {
        lines.push(format!("\n  made the account {email}"));
    }
    if let Some(demo) = server.demo() {
        lines.push(about_demo(public_url.unwrap_or(&server.url()), demo, with_secrets));
    }
    lines.join("\n")
}

/// The same for machines: one line, without secrets.
pub(super) fn as_json(server: &Server, public_url: Option<&str>) -> String {
    let listens: Vec<String> = std::iter::once(server.url()).chain(server.other_urls()).collect();
    let url = public_url.map_or_else(|| server.url(), str::to_owned);
    let mut line = json!({ "level": "INFO", "message": "connhub listens", "url": url, "listens": listens });
    if let Some(email) = server.first_account() {
        line["firstAccount"] = email.into();
    }
    if let Some(demo) = server.demo() {
        line["demo"] = json!({
            "connector": demo.publication.to_string(),
            "listens": format!("http://{}", demo.address()),
            "clientId": demo.client_id.to_string(),
        });
    }
    line.to_string()
}

fn about_demo(base: &str, demo: &Demo, with_secrets: bool) -> String {
    let mut text = format!("\nThe demo connector {} listens on http://{}.", demo.publication, demo.address());
    let mut line = |line: &str| text = format!("{text}\n{line}");
    let id = demo.client_id;
    let Some(secret) = &demo.client_secret else {
        line(&format!("Its app is {id}; the secret was shown when the app was made."));
        return text;
    };
    line("It is installed and instantiated for the demo's app.");
    let secret = if with_secrets { secret.as_str() } else { "CLIENT_SECRET" };
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
