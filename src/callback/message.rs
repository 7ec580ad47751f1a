//! What a callback says and where it goes: the JSON bodies and the target URL, byte for byte as
//! protocol.md ("Callbacks: platform → connector") has them.
//!
//! May use `model`. Used by `worker`, and by `redact` for the log's copy of the body.

use crate::model::action::ActionValue;
use crate::model::callback::Message;
use crate::model::lifecycle::State;
use crate::model::parameter::ConfigurationValue;
use serde::{Serialize, Serializer};
use std::fmt;
use url::{Position, Url};

/// The request's body, empty for a removal. `show` says how each secret-bearing text is written:
/// the token and the configuration values pass through it, as they are or redacted.
pub(super) fn body<'a>(message: &'a Message, show: impl Fn(&'a str) -> &'a str) -> String {
    match message {
        Message::InstallationRemoval { .. } | Message::InstanceRemoval { .. } => String::new(),
        Message::Installation { id, token, configuration } => json(&InstallationBody {
            id: Shown(id),
            token: show(token),
            state: State::Initialized.number(),
            configuration: values(configuration, show),
        }),
        Message::Instance { id, installation, token, configuration } => json(&InstanceBody {
            id: Shown(id),
            installation_id: Shown(installation),
            token: show(token),
            state: State::Initialized.number(),
            configuration: values(configuration, show),
        }),
        Message::Action { id, thing, component, action, parameters } => json(&ActionBody {
            id: Shown(id),
            thing_id: Shown(thing),
            component_id: component,
            action_id: action,
            status: "PENDING",
            parameters: Parameters(parameters),
        }),
    }
}

/// The token that a message hands over, if it does.
pub(super) fn token(message: &Message) -> Option<&str> {
    match message {
        Message::Installation { token, .. } | Message::Instance { token, .. } => Some(token),
        _ => None,
    }
}

#[derive(Serialize)]
struct InstallationBody<'a> {
    id: Shown<'a>,
    token: &'a str,
    state: u8,
    configuration: Vec<ValueBody<'a>>,
}

#[derive(Serialize)]
struct InstanceBody<'a> {
    id: Shown<'a>,
    installation_id: Shown<'a>,
    token: &'a str,
    state: u8,
    configuration: Vec<ValueBody<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ActionBody<'a> {
    id: Shown<'a>,
    thing_id: Shown<'a>,
    component_id: &'a str,
    action_id: &'a str,
    status: &'static str,
    parameters: Parameters<'a>,
}

#[derive(Serialize)]
struct ValueBody<'a> {
    id: &'a str,
    value: &'a str,
}

fn values<'a>(configuration: &'a [ConfigurationValue], show: impl Fn(&'a str) -> &'a str) -> Vec<ValueBody<'a>> {
    configuration.iter().map(|value| ValueBody { id: &value.parameter_id, value: show(&value.value) }).collect()
}

/// Identifiers have no wire form of their own: `model` knows none.
struct Shown<'a>(&'a dyn fmt::Display);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}

/// An object of name to value, in the order given.
struct Parameters<'a>(&'a [ActionValue]);

impl Serialize for Parameters<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|value| (&value.name, &value.value)))
    }
}

fn json(body: &impl Serialize) -> String {
    // Cannot fail: the bodies hold nothing but texts and numbers, under keys that are texts.
    serde_json::to_string(body).expect("texts and numbers are always JSON")
}

/// Where a request goes, taken apart as it is sent and signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// `http` or `https`.
    pub scheme: String,
    /// Host and, unless it is the scheme's default, port: the `Host` header's value.
    pub authority: String,
    /// Path and query, exactly as on the request line; never empty.
    pub path_and_query: String,
}

impl fmt::Display for Target {
    /// The whole URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.path_and_query)
    }
}

/// The callback URL of a publication cannot be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the publication's callback URL is no absolute http or https URL")]
pub(super) struct BadCallbackUrl;

/// Where a message goes: the callback URL, for a removal with the identifier behind its path.
///
/// # Errors
/// If the URL is none, which the rules of a publication exclude.
pub(super) fn target(message: &Message, callback_url: &str) -> Result<Target, BadCallbackUrl> {
    let mut url = Url::parse(callback_url).map_err(|_| BadCallbackUrl)?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(BadCallbackUrl);
    }
    let removed = match message {
        Message::InstallationRemoval { id } => Some(id.to_string()),
        Message::InstanceRemoval { id } => Some(id.to_string()),
        _ => None,
    };
    if let Some(id) = removed {
        let separator = if url.path().ends_with('/') { "" } else { "/" };
        url.set_path(&format!("{}{separator}{id}", url.path()));
    }
    Ok(Target {
        scheme: url.scheme().to_owned(),
        // The url crate has dropped a port that is the scheme's default.
        authority: url[Position::BeforeHost..Position::AfterPort].to_owned(),
        path_and_query: url[Position::BeforePath..Position::AfterQuery].to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::{ActionRequestId, InstallationId, InstanceId, ThingId};

    const A: &str = "6f1c1a52-5a7e-4b5e-9a53-2f7a6f0f5f10";
    const B: &str = "0191f2d0-0000-7000-8000-000000000001";

    fn value(parameter_id: &str, value: &str) -> ConfigurationValue {
        ConfigurationValue { parameter_id: parameter_id.to_owned(), value: value.to_owned() }
    }

    fn installation(configuration: Vec<ConfigurationValue>) -> Message {
        let id: InstallationId = A.parse().expect("an ID");
        Message::Installation { id, token: "t".to_owned(), configuration }
    }

    #[test]
    fn an_installation_is_told_as_the_documentation_shows() {
        let message = installation(vec![value("giphy_api_key", "grüße \0 \"q\""), value("n", "42.50")]);
        let expected = format!(
            r#"{{"id":"{A}","token":"t","state":1,"configuration":[{{"id":"giphy_api_key","value":"grüße \u0000 \"q\""}},{{"id":"n","value":"42.50"}}]}}"#
        );
        assert_eq!(body(&message, |text| text), expected);
    }

    #[test]
    fn no_configuration_is_an_empty_list() {
        let expected = format!(r#"{{"id":"{A}","token":"t","state":1,"configuration":[]}}"#);
        assert_eq!(body(&installation(Vec::new()), |text| text), expected);
    }

    #[test]
    fn an_instance_names_its_installation_in_snake_case() {
        let id: InstanceId = A.parse().expect("an ID");
        let installation: InstallationId = B.parse().expect("an ID");
        let message =
            Message::Instance { id, installation, token: "t".to_owned(), configuration: vec![value("id", "x")] };
        let expected = format!(
            r#"{{"id":"{A}","installation_id":"{B}","token":"t","state":1,"configuration":[{{"id":"id","value":"x"}}]}}"#
        );
        assert_eq!(body(&message, |text| text), expected);
    }

    #[test]
    fn an_action_has_an_object_of_parameters() {
        let id: ActionRequestId = A.parse().expect("an ID");
        let thing: ThingId = B.parse().expect("an ID");
        let action = |parameters| Message::Action {
            id,
            thing,
            component: "random".to_owned(),
            action: "search".to_owned(),
            parameters,
        };
        let start = format!(
            r#"{{"id":"{A}","thingId":"{B}","componentId":"random","actionId":"search","status":"PENDING","parameters":"#
        );
        assert_eq!(body(&action(Vec::new()), |text| text), format!("{start}{{}}}}"));
        let value = |name: &str, value: &str| ActionValue { name: name.to_owned(), value: value.to_owned() };
        let given = vec![value("keyword", "cat"), value("a", "1.0")];
        assert_eq!(body(&action(given), |text| text), format!(r#"{start}{{"keyword":"cat","a":"1.0"}}}}"#));
    }

    #[test]
    fn a_removal_has_no_body() {
        let message = Message::InstanceRemoval { id: A.parse().expect("an ID") };
        assert_eq!(body(&message, |text| text), "");
    }

    #[test]
    fn urls_of_posts_and_removals() {
        let removal = Message::InstallationRemoval { id: A.parse().expect("an ID") };
        for (url, posted, deleted) in [
            ("https://h", "https://h/", "https://h/ID"),
            ("https://h/", "https://h/", "https://h/ID"),
            ("https://h:443/p", "https://h/p", "https://h/p/ID"),
            ("http://h:443/p", "http://h:443/p", "http://h:443/p/ID"),
            ("http://h:80/p/", "http://h/p/", "http://h/p/ID"),
            ("https://h/p?x=1", "https://h/p?x=1", "https://h/p/ID?x=1"),
            ("https://h/p/?x=1&y=%C3%BC", "https://h/p/?x=1&y=%C3%BC", "https://h/p/ID?x=1&y=%C3%BC"),
            ("https://h?x=1", "https://h/?x=1", "https://h/ID?x=1"),
            ("https://H.example:8443/a%20b", "https://h.example:8443/a%20b", "https://h.example:8443/a%20b/ID"),
            ("https://h/a%2Fb", "https://h/a%2Fb", "https://h/a%2Fb/ID"),
            ("http://[::1]:8080/p", "http://[::1]:8080/p", "http://[::1]:8080/p/ID"),
            (
                "https://grüße.example/ü",
                "https://xn--gre-6ka8l.example/%C3%BC",
                "https://xn--gre-6ka8l.example/%C3%BC/ID",
            ),
        ] {
            let post = target(&installation(Vec::new()), url).expect("a URL").to_string();
            assert_eq!(post, posted, "{url}");
            let delete = target(&removal, url).expect("a URL").to_string();
            assert_eq!(delete, deleted.replace("ID", A), "{url}");
        }
        for url in ["", "h/p", "ftp://h/p", "data:x", "https://"] {
            assert_eq!(target(&removal, url), Err(BadCallbackUrl), "{url}");
        }
    }
}
