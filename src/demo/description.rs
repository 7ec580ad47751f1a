//! How the demo connector presents itself: what a publication of it has to say, and where its
//! callbacks go. Pure. May use `answer` and `settings`, so that it promises what they accept. Used
//! from outside, by whoever publishes the demo connector.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::answer::Answer;
use super::settings::ids;

/// What a publication of this connector has to say.
#[derive(Clone, Debug)]
pub struct Description {
    /// Its name in the store.
    pub name: &'static str,
    /// What it shows.
    pub description: &'static str,
    /// What its users need.
    pub requirements: &'static str,
    /// What it is found by.
    pub tags: Vec<&'static str>,
    /// Asked of an app that installs it.
    pub installation_parameters: Vec<Parameter>,
    /// Asked of an end customer who instantiates it.
    pub instance_parameters: Vec<Parameter>,
}

/// One parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Unique in its list.
    pub id: &'static str,
    /// For people.
    pub name: &'static str,
    /// For people who want to know more.
    pub description: String,
    /// What its values are.
    pub value_type: ValueType,
    /// How its values are shown.
    pub display_type: DisplayType,
    /// Whether it must have a value.
    pub required: bool,
    /// What values must match; empty if anything goes.
    pub validation_expression: String,
}

/// What a parameter's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// Text.
    String,
    /// A decimal number.
    Number,
    /// `true` or `false`.
    Boolean,
}

/// How a parameter's values are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisplayType {
    /// As they are.
    Plain,
    /// Masked.
    Password,
}

/// Where the platform calls this connector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackUrls {
    /// Installed and removed.
    pub installation: String,
    /// Instantiated and removed.
    pub instance: String,
    /// Actions.
    pub action: String,
}

/// The callback URLs of a demo connector that listens on this address. One that listens on all
/// addresses is called on loopback.
pub fn callback_urls(mut address: SocketAddr) -> CallbackUrls {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    CallbackUrls {
        installation: format!("http://{address}/installations"),
        instance: format!("http://{address}/instances"),
        action: format!("http://{address}/actions"),
    }
}

/// What to publish.
pub fn description() -> Description {
    Description {
        name: "connhub demo",
        description: "Shows everything a connector can do, without any hardware. Each instance gets a lamp that can be switched, dimmed and coloured, and a weather station that reports its temperature and humidity every second and takes some seconds to calibrate. Its parameters choose how it answers an installation or an instance: at once, with a text, Markdown or redirect step that completes later, or with each of the ways in which a connector can fail.",
        requirements: "None: it is built into connhub.",
        tags: vec!["demo", "lamp", "weather"],
        installation_parameters: vec![answer(), complete_seconds(), api_key()],
        instance_parameters: vec![answer(), complete_seconds(), update_seconds(), lamp_on()],
    }
}

fn answer() -> Parameter {
    Parameter {
        description: format!(
            "How the demo connector answers: {}. Left empty, it answers at once.",
            Answer::words(", ")
        ),
        validation_expression: format!("^({})$", Answer::words("|")),
        ..optional(ids::ANSWER, "Answer", ValueType::String)
    }
}

fn complete_seconds() -> Parameter {
    Parameter {
        description: "After how many seconds text, markdown, redirect and failing-later come to their end; 5 if left empty. A redirect whose page was opened waits a minute for its button.".to_owned(),
        validation_expression: r"^[0-9]{1,4}(\.[0-9]+)?$".to_owned(),
        ..optional(ids::COMPLETE_SECONDS, "Seconds to the end", ValueType::Number)
    }
}

fn api_key() -> Parameter {
    Parameter {
        description: "Not used; shows that password values are masked.".to_owned(),
        display_type: DisplayType::Password,
        ..optional(ids::API_KEY, "API key", ValueType::String)
    }
}

fn update_seconds() -> Parameter {
    Parameter {
        description: "How often the weather changes, in seconds: 0.2 or more; 1 if left empty.".to_owned(),
        validation_expression: r"^(0\.[2-9][0-9]*|[1-9][0-9]{0,3}(\.[0-9]+)?)$".to_owned(),
        ..optional(ids::UPDATE_SECONDS, "Seconds between weather updates", ValueType::Number)
    }
}

fn lamp_on() -> Parameter {
    Parameter {
        description: "Whether the lamp is switched on at first.".to_owned(),
        ..optional(ids::LAMP_ON, "Lamp on", ValueType::Boolean)
    }
}

fn optional(id: &'static str, name: &'static str, value_type: ValueType) -> Parameter {
    Parameter {
        id,
        name,
        description: String::new(),
        value_type,
        display_type: DisplayType::Plain,
        required: false,
        validation_expression: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::ConfigurationValue;
    use super::super::settings::Settings;
    use super::*;
    use regex::Regex;

    #[test]
    fn whatever_the_expressions_allow_the_connector_takes() {
        let candidates = [
            "at-once", "text", "too-slow", "maybe", "xtext", "0", "0.1", "0.2", "0.25", "0.19", "1", "1.5", "60",
            "9999.9", "10000", "-1", "1e9", ".5", "1.", "", "true",
        ];
        let mut allowed = 0;
        for parameter in description().instance_parameters {
            if parameter.validation_expression.is_empty() {
                continue;
            }
            let expression = Regex::new(&parameter.validation_expression).unwrap();
            for value in candidates.iter().filter(|value| expression.is_match(value)) {
                allowed += 1;
                let value = ConfigurationValue { id: parameter.id.to_owned(), value: (*value).to_owned() };
                Settings::read(&[value]).unwrap();
            }
        }
        assert_eq!(allowed, 3 + 9 + 6);
    }

    #[test]
    fn callbacks_go_where_it_listens() {
        let urls = callback_urls("127.0.0.1:8080".parse().unwrap());
        assert_eq!(urls.installation, "http://127.0.0.1:8080/installations");
        assert_eq!(urls.instance, "http://127.0.0.1:8080/instances");
        assert_eq!(urls.action, "http://127.0.0.1:8080/actions");
        let urls = callback_urls("[::]:8080".parse().unwrap());
        assert_eq!(urls.action, "http://[::1]:8080/actions");
    }
}
