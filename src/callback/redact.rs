//! Keeps secrets out of the callback log and of what is told about a callback: tokens and values of
//! PASSWORD parameters become `•••` (protocol.md, "Callback log"; domain.md, "Configuration values").
//!
//! May use `model`. Used by `worker`.
//!
//! In the request it is known where secrets stand, so its copy for the log is composed without them.
//! In the answer they are searched for: a connector may echo what it was sent. The content of a
//! further step is left alone: it leads the user somewhere, and must still do so.

use crate::callback::message;
use crate::model::callback::{Header, Outcome, Outgoing, REDACTED};
use crate::model::lifecycle::Details;
use serde_json::Value;

/// The shortest PASSWORD value that is searched for, in bytes: shorter ones stand in many texts by
/// chance, and to hide them there would tell them rather than hide them.
const SEARCHED_BYTES_MIN: usize = 4;

/// Knows the secrets of one callback.
pub(super) struct Redactor<'a> {
    outgoing: &'a Outgoing,
    /// What to search for, longer texts first: one may hold another.
    needles: Vec<String>,
}

impl<'a> Redactor<'a> {
    /// Of the secrets that this callback carries.
    pub fn new(outgoing: &'a Outgoing) -> Self {
        let long = outgoing.secrets.iter().map(String::as_str).filter(|secret| secret.len() >= SEARCHED_BYTES_MIN);
        let token = message::token(&outgoing.message).filter(|token| !token.is_empty());
        let mut needles: Vec<String> = long.chain(token).flat_map(spellings).collect();
        needles.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        needles.dedup();
        Self { outgoing, needles }
    }

    /// The request's body as the log has it.
    pub fn request_body(&self) -> String {
        let token = message::token(&self.outgoing.message);
        let secrets = &self.outgoing.secrets;
        let is_secret = |text: &str| !text.is_empty() && (Some(text) == token || secrets.iter().any(|s| s == text));
        message::body(&self.outgoing.message, |text| if is_secret(text) { REDACTED } else { text })
    }

    /// A text that came from the connector, without secrets.
    pub fn text(&self, mut text: String) -> String {
        for needle in &self.needles {
            if text.contains(needle) {
                text = text.replace(needle, REDACTED);
            }
        }
        text
    }

    /// A text that was cut off, without secrets and without the beginning of one at its end.
    pub fn cut_text(&self, text: String) -> String {
        let mut text = self.text(text);
        for needle in &self.needles {
            let begun = (SEARCHED_BYTES_MIN..needle.len()).rev().filter(|length| needle.is_char_boundary(*length));
            if let Some(length) = begun.into_iter().find(|length| text.ends_with(&needle[..*length])) {
                text.truncate(text.len() - length);
                text.push_str(REDACTED);
            }
        }
        text
    }

    /// Headers that came from the connector, without secrets.
    pub fn headers(&self, headers: Vec<Header>) -> Vec<Header> {
        headers.into_iter().map(|header| Header { value: self.text(header.value), ..header }).collect()
    }

    /// An outcome whose details, the connector's own or what was observed, are without secrets.
    pub fn outcome(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Standing(mut standing) => {
                standing.details = standing.details.map(|details| self.details(details));
                Outcome::Standing(standing)
            }
            // Neither a removal nor an action carries secrets.
            other => other,
        }
    }

    /// Details are changed text by text, so that they remain JSON, and written anew only if they
    /// held a secret, so that they else remain as the connector wrote them.
    fn details(&self, details: Details) -> Details {
        if self.needles.is_empty() {
            return details;
        }
        let Ok(mut value) = serde_json::from_str::<Value>(details.as_str()) else { return details };
        if self.value(&mut value) { Details::from_json_object(value.to_string()) } else { details }
    }

    /// Redacts all texts of a value; tells whether any changed. As deep as serde_json parses: 128.
    fn value(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => {
                let redacted = self.text(text.clone());
                let changed = redacted != *text;
                *text = redacted;
                changed
            }
            Value::Array(values) => values.iter_mut().fold(false, |changed, value| self.value(value) | changed),
            Value::Object(object) => {
                let values = object.values_mut().fold(false, |changed, value| self.value(value) | changed);
                let keys = object.keys().any(|key| self.text(key.clone()) != *key);
                if keys {
                    *object = std::mem::take(object).into_iter().map(|(key, value)| (self.text(key), value)).collect();
                }
                values || keys
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
}

/// How a secret may be spelt: as it is, within JSON, and within JSON as Go writes it.
fn spellings(secret: &str) -> [String; 3] {
    let quoted = Value::from(secret).to_string();
    let json = quoted[1..quoted.len() - 1].to_owned();
    let go = json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    [secret.to_owned(), json, go]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::callback::Message;
    use crate::model::id::{CallbackId, PublicationId};
    use crate::model::lifecycle::{Standing, State};
    use crate::model::parameter::ConfigurationValue;
    use crate::model::publication::SigningSeed;

    const ID: &str = "6f1c1a52-5a7e-4b5e-9a53-2f7a6f0f5f10";

    fn outgoing(values: &[(&str, &str)], secrets: &[&str]) -> Outgoing {
        let configuration = values
            .iter()
            .map(|(id, value)| ConfigurationValue { parameter_id: (*id).to_owned(), value: (*value).to_owned() })
            .collect();
        Outgoing {
            id: CallbackId::generate(),
            publication: PublicationId::generate(),
            message: Message::Installation {
                id: ID.parse().expect("an ID"),
                token: "ey.T.x".to_owned(),
                configuration,
            },
            callback_url: String::new(),
            seed: SigningSeed([0; 32]),
            secrets: secrets.iter().map(|secret| (*secret).to_owned()).collect(),
        }
    }

    #[test]
    fn the_requests_secrets_go_and_nothing_else() {
        let outgoing =
            outgoing(&[("1", "1"), ("pin", "1"), ("key", "a\"ü\n"), ("e", ""), ("n", "11")], &["1", "a\"ü\n", ""]);
        let expected = format!(
            r#"{{"id":"{ID}","token":"•••","state":1,"configuration":[{{"id":"1","value":"•••"}},{{"id":"pin","value":"•••"}},{{"id":"key","value":"•••"}},{{"id":"e","value":""}},{{"id":"n","value":"11"}}]}}"#
        );
        assert_eq!(Redactor::new(&outgoing).request_body(), expected);
    }

    #[test]
    fn echoes_go_in_every_spelling() {
        let outgoing = outgoing(&[], &["se\"cret<", "secret", "secret-more", "abc"]);
        let redactor = Redactor::new(&outgoing);
        for (text, expected) in [
            ("nothing here, abc", "nothing here, abc"),
            ("Bearer ey.T.x!", "Bearer •••!"),
            ("secret secret-more", "••• •••"),
            ("se\"cret<", "•••"),
            (r#"{"a":"se\"cret<"}"#, r#"{"a":"•••"}"#),
            (r#"{"a":"se\"cret\u003c"}"#, r#"{"a":"•••"}"#),
        ] {
            assert_eq!(redactor.text(text.to_owned()), expected);
        }
        let headers = vec![Header { name: "x-echo".to_owned(), value: "ey.T.x".to_owned() }];
        assert_eq!(redactor.headers(headers)[0].value, "•••");
    }

    #[test]
    fn a_secret_that_was_cut_in_two_goes_too() {
        let outgoing = outgoing(&[], &["geheimnüs"]);
        let redactor = Redactor::new(&outgoing);
        for (text, expected) in [
            ("x geheimnüs", "x •••"),
            ("x geheimnü", "x •••"),
            ("x gehe", "x •••"),
            ("x geh", "x geh"),
            ("gehe x", "gehe x"),
        ] {
            assert_eq!(redactor.cut_text(text.to_owned()), expected);
        }
    }

    #[test]
    fn details_remain_json_and_are_else_untouched() {
        let outgoing = outgoing(&[], &["1234", "0041", "secret"]);
        let redactor = Redactor::new(&outgoing);
        for (details, expected) in [
            (r#"{"b":1.50, "a":1234}"#, r#"{"b":1.50, "a":1234}"#),
            (r#"{"a":"\u0041b"}"#, r#"{"a":"\u0041b"}"#),
            (r#"{"a":["my secret",{"secret":"1234"}]}"#, r#"{"a":["my •••",{"•••":"•••"}]}"#),
        ] {
            let details = Some(Details::from_json_object(details.to_owned()));
            let standing = Standing { state: State::Failed, details, further_step: None };
            let Outcome::Standing(standing) = redactor.outcome(Outcome::Standing(standing)) else {
                panic!("a standing")
            };
            assert_eq!(standing.details.expect("details").as_str(), expected);
        }
    }
}
