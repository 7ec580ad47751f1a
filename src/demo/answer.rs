//! The ways in which the demo connector can answer an installation or an instance, chosen by the
//! parameter `answer`, so that people see every outcome the platform knows without writing a
//! connector that misbehaves. Pure. May use `reply`. Used by `settings`, `callbacks`,
//! `ending` and `description`.

use http::StatusCode;
use serde_json::{Value, json};

use super::reply::{self, Reply};

/// How to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 201.
    AtOnce,
    /// 202 with a text to read, COMPLETE later.
    Text,
    /// 202 with Markdown to read, COMPLETE later.
    Markdown,
    /// 202 with a page to visit, COMPLETE when confirmed there, or later.
    Redirect,
    /// 401 with details.
    Unauthorized,
    /// 403 with details.
    Forbidden,
    /// 500 with a text.
    ServerError,
    /// 202 with broken JSON.
    Malformed,
    /// No answer within the platform's patience.
    TooSlow,
    /// 202, FAILED later.
    FailingLater,
}

/// What becomes of an installation or an instance after it was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It works from the start.
    Works,
    /// It is ongoing and will be reported COMPLETE.
    WillComplete,
    /// It is ongoing and will be reported FAILED.
    WillFail,
    /// It was turned down: nothing is kept of it.
    TurnedDown,
}

const WORDS: [(&str, Answer); 10] = [
    ("at-once", Answer::AtOnce),
    ("text", Answer::Text),
    ("markdown", Answer::Markdown),
    ("redirect", Answer::Redirect),
    ("unauthorized", Answer::Unauthorized),
    ("forbidden", Answer::Forbidden),
    ("server-error", Answer::ServerError),
    ("malformed", Answer::Malformed),
    ("too-slow", Answer::TooSlow),
    ("failing-later", Answer::FailingLater),
];

impl Answer {
    /// The answer that a parameter's value names.
    pub fn from_word(word: &str) -> Option<Self> {
        WORDS.iter().find_map(|(known, answer)| (*known == word).then_some(*answer))
    }

    /// All words, as a validation expression for the parameter and in its description.
    pub fn words(separator: &str) -> String {
        WORDS.map(|(word, _)| word).join(separator)
    }

    /// What becomes of whatever is answered so.
    pub fn fate(self) -> Fate {
        match self {
            Self::AtOnce => Fate::Works,
            Self::Text | Self::Markdown | Self::Redirect => Fate::WillComplete,
            Self::FailingLater => Fate::WillFail,
            Self::Unauthorized | Self::Forbidden | Self::ServerError | Self::Malformed | Self::TooSlow => {
                Fate::TurnedDown
            }
        }
    }

    /// The answer itself. `confirmation` is the absolute URL of the page that a redirect leads to.
    pub fn reply(self, confirmation: &str) -> Reply {
        match self {
            Self::AtOnce => reply::empty(StatusCode::CREATED),
            Self::Text => ongoing(1, TEXT),
            Self::Markdown => ongoing(2, MARKDOWN),
            Self::Redirect => ongoing(3, confirmation),
            Self::FailingLater => reply::json(
                StatusCode::ACCEPTED,
                &json!({ "details": {
                    "demo": "This will be reported as FAILED soon.",
                } }),
            ),
            Self::Unauthorized => reply::refusal(
                StatusCode::UNAUTHORIZED,
                "WRONG_API_KEY",
                "The demo connector was asked to answer that its credentials are wrong.",
            ),
            Self::Forbidden => reply::refusal(
                StatusCode::FORBIDDEN,
                "NOT_ALLOWED",
                "The demo connector was asked to answer that this is not allowed.",
            ),
            Self::ServerError => reply::text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The demo connector was asked to answer with a server error. A real one would say here what broke.",
            ),
            Self::Malformed => reply::with(
                StatusCode::ACCEPTED,
                "application/json",
                r#"{"details": {"demo": "this JSON ends too ea"#.to_owned(),
            ),
            Self::TooSlow => reply::text(
                StatusCode::GATEWAY_TIMEOUT,
                "The demo connector was asked to answer too late, and so it did.",
            ),
        }
    }
}

/// What the platform is told when the time has come. `by` says what brought it about.
pub fn completion_details(by: &str) -> Value {
    json!({ "demo": "Everything is set up.", "completedBy": by })
}

/// What the platform is told about something that was answered with [`Answer::FailingLater`].
pub fn failure_details() -> Value {
    json!({
        "error": "DEMO_FAILURE",
        "description": "The demo connector was asked to fail after it had accepted. Remove this and choose another answer.",
    })
}

const TEXT: &str = "Please press the button on your bridge. (There is none: this completes by itself soon.)";

const MARKDOWN: &str = "## Almost there

A real connector would now ask you to:

- press the **button** on your bridge,
- wait until its light is *green*,
- and read [what a further step is](https://devcenter.connctd.io/).

This one completes by itself soon.
";

fn ongoing(kind: u8, content: &str) -> Reply {
    let body = json!({
        "details": { "demo": "Waiting for the further step; it completes by itself soon." },
        "furtherStep": { "type": kind, "content": content },
    });
    reply::json(StatusCode::ACCEPTED, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "http://127.0.0.1:1/confirm/x";

    fn body(answer: Answer) -> Value {
        serde_json::from_str(&answer.reply(PAGE).body).unwrap()
    }

    #[test]
    fn every_word_has_its_status_and_fate() {
        let expected = [
            ("at-once", 201, Fate::Works),
            ("text", 202, Fate::WillComplete),
            ("markdown", 202, Fate::WillComplete),
            ("redirect", 202, Fate::WillComplete),
            ("unauthorized", 401, Fate::TurnedDown),
            ("forbidden", 403, Fate::TurnedDown),
            ("server-error", 500, Fate::TurnedDown),
            ("malformed", 202, Fate::TurnedDown),
            ("too-slow", 504, Fate::TurnedDown),
            ("failing-later", 202, Fate::WillFail),
        ];
        for (word, status, fate) in expected {
            let answer = Answer::from_word(word).unwrap();
            assert_eq!(answer.reply(PAGE).status.as_u16(), status, "{word}");
            assert_eq!(answer.fate(), fate, "{word}");
        }
        assert_eq!(expected.len(), WORDS.len());
        assert_eq!(Answer::from_word("At-Once"), None);
    }

    #[test]
    fn further_steps_carry_their_numbers() {
        for (answer, kind) in [(Answer::Text, 1), (Answer::Markdown, 2), (Answer::Redirect, 3)] {
            assert_eq!(body(answer)["furtherStep"]["type"], kind);
        }
        assert_eq!(body(Answer::Redirect)["furtherStep"]["content"], PAGE);
        assert!(body(Answer::FailingLater)["furtherStep"].is_null());
    }

    #[test]
    fn refusals_have_details_and_malformed_is_malformed() {
        assert!(body(Answer::Unauthorized)["details"]["description"].is_string());
        assert!(body(Answer::Forbidden)["details"]["description"].is_string());
        let malformed = Answer::Malformed.reply(PAGE);
        assert!(serde_json::from_str::<Value>(&malformed.body).is_err());
    }
}
