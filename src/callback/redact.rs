//! Keeps secrets out of the callback log and of what is told about a callback: tokens and values of
//! PASSWORD parameters become `•••` (protocol.md, "Callback log"; domain.md, "Configuration values").
//!
//! May use `model` and `ops`. Used by `worker`.
//!
//! In the request it is known where secrets are, so its copy for the log is composed without them.
//! In the answer they are searched for, in every common encoding (see [`crate::model::hiding`]): a connector
//! may echo what it was sent, now or when it was installed. Where there are no secrets, this costs nothing. The
//! content of a further step is left alone: it redirects the user, and must still do so.

use crate::callback::message;
use crate::model::callback::{Header, Outcome, Outgoing, REDACTED};
use crate::model::hiding::Hider;
use crate::ops::hiding;

/// Knows the secrets of one callback.
pub(super) struct Redactor<'a> {
    outgoing: &'a Outgoing,
    hider: Hider,
}

impl<'a> Redactor<'a> {
    /// Of the secrets that this callback carries.
    pub fn new(outgoing: &'a Outgoing) -> Self {
        let secrets = outgoing.secrets.iter().map(String::as_str);
        Self { outgoing, hider: Hider::new(secrets.chain(message::token(&outgoing.message))) }
    }

    /// The request's body as the log has it.
    pub fn request_body(&self) -> String {
        let token = message::token(&self.outgoing.message);
        let secrets = &self.outgoing.secrets;
        let is_secret = |text: &str| !text.is_empty() && (Some(text) == token || secrets.iter().any(|s| s == text));
        message::body(&self.outgoing.message, |text| if is_secret(text) { REDACTED } else { text })
    }

    /// A text that came from the connector, without secrets.
    pub fn text(&self, text: String) -> String {
        self.hider.text(text)
    }

    /// A text that was cut off, without secrets and without the beginning of one at its end.
    pub fn cut_text(&self, text: String) -> String {
        self.hider.cut_text(text)
    }

    /// Headers that came from the connector, without secrets.
    pub fn headers(&self, headers: Vec<Header>) -> Vec<Header> {
        headers.into_iter().map(|header| Header { value: self.text(header.value), ..header }).collect()
    }

    /// An outcome whose details, the connector's own or what was observed, are without secrets.
    pub fn outcome(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Standing(mut standing) => {
                standing.details = standing.details.map(|details| hiding::details(&self.hider, details));
                Outcome::Standing(standing)
            }
            // What is said of a removal or an action is of texts that went through here already.
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::callback::Message;
    use crate::model::id::{AccountId, CallbackId, PublicationId};
    use crate::model::lifecycle::{Details, Standing, State};
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
            owner: AccountId::generate(),
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
    fn details_are_without_secrets() {
        let outgoing = outgoing(&[], &["secret"]);
        let details = Some(Details::from_json_object(r#"{"a":"my s\u0065cret"}"#.to_owned()));
        let standing = Standing { state: State::Failed, details, further_step: None };
        let Outcome::Standing(standing) = Redactor::new(&outgoing).outcome(Outcome::Standing(standing)) else {
            panic!("a standing")
        };
        assert_eq!(standing.details.expect("details").as_str(), r#"{"a":"my •••"}"#);
    }
}
