//! The JSON bodies of callbacks, exactly as the protocol names their fields, and the checks that
//! keep what comes in from reaching a URL or a header unexamined. May use serde. Used by
//! `callbacks`, `actions` and `settings`, and by `routes` and `hub` for what an ID is.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The protocol's bound on the length of an ID.
const ID_CHARACTERS_MAX: usize = 36;

/// `POST {installation callback}`.
#[derive(Deserialize)]
pub struct Installed {
    /// The installation's ID.
    pub id: String,
    /// The installation token.
    pub token: String,
    /// The values of the installation parameters.
    #[serde(default)]
    pub configuration: Vec<ConfigurationValue>,
}

/// `POST {instance callback}`. The protocol writes `installation_id` in snake case.
#[derive(Deserialize)]
pub struct Instantiated {
    /// The instance's ID.
    pub id: String,
    /// The installation it belongs to.
    pub installation_id: String,
    /// The instance token.
    pub token: String,
    /// The values of the customer parameters.
    #[serde(default)]
    pub configuration: Vec<ConfigurationValue>,
}

/// `POST {action callback}`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionRequested {
    /// The action request's ID.
    pub id: String,
    /// The thing that is to act.
    pub thing_id: String,
    /// Its component.
    pub component_id: String,
    /// The component's action.
    pub action_id: String,
    /// The action's parameters by name.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
}

/// One value of a configuration.
#[derive(Deserialize)]
pub struct ConfigurationValue {
    /// The parameter's ID.
    pub id: String,
    /// The value as text.
    pub value: String,
}

/// A body that can say what is wrong with it beyond its JSON.
pub trait Message: DeserializeOwned {
    /// Whether its IDs and its token can be used as such.
    fn is_sound(&self) -> bool;

    /// Reads a body; the error is for people.
    fn read(body: &[u8]) -> Result<Self, String> {
        let message: Self =
            // Not in serde's words, which would repeat what is there: the token, perhaps.
            serde_json::from_slice(body).map_err(|error| {
                let (line, column) = (error.line(), error.column());
                format!("the body is not what the protocol says, at line {line}, column {column}")
            })?;
        if message.is_sound() {
            Ok(message)
        } else {
            Err("an ID or the token in the body is empty, too long or holds characters that the protocol does not allow".to_owned())
        }
    }
}

impl Message for Installed {
    fn is_sound(&self) -> bool {
        is_id(&self.id) && is_token(&self.token)
    }
}

impl Message for Instantiated {
    fn is_sound(&self) -> bool {
        is_id(&self.id) && is_id(&self.installation_id) && is_token(&self.token)
    }
}

impl Message for ActionRequested {
    fn is_sound(&self) -> bool {
        is_id(&self.id)
    }
}

/// Whether this can stand in a path and in a page as it is.
pub fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=ID_CHARACTERS_MAX).contains(&text.len()) && text.bytes().all(allowed)
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_protocols_bodies() {
        let body = br#"{"id":"a","installation_id":"b","token":"c","state":1,"configuration":[{"id":"answer","value":"text"}]}"#;
        let instantiated = Instantiated::read(body).unwrap();
        assert_eq!(instantiated.installation_id, "b");
        assert_eq!(instantiated.configuration[0].value, "text");

        let body = br#"{"id":"a","thingId":"t","componentId":"lamp","actionId":"setOn","status":"PENDING","parameters":{"on":"true"}}"#;
        let action = ActionRequested::read(body).unwrap();
        assert_eq!(action.parameters["on"], "true");
    }

    #[test]
    fn refuses_what_could_break_out() {
        for id in ["", "a/b", "../x", "<b>", "a b", &"a".repeat(37)] {
            let body = serde_json::json!({ "id": id, "token": "t", "configuration": [] });
            assert!(Installed::read(body.to_string().as_bytes()).is_err(), "{id}");
        }
        for token in ["", "a b", "a\r\nX: y", "ü"] {
            let body = serde_json::json!({ "id": "a", "token": token });
            assert!(Installed::read(body.to_string().as_bytes()).is_err(), "{token}");
        }
        assert!(Installed::read(b"{").is_err());
    }
}
