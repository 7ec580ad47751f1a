//! The tables of what answers mean.

use super::*;
use crate::model::callback::Header;
use crate::model::lifecycle::{FurtherStep, FurtherStepKind};
use CallbackKind::{Action, Installation, InstallationRemoval, Instance, InstanceRemoval};
use proptest::prelude::*;
use serde_json::{Value, json};

const ASKED: Asked<'_> = Asked { scheme: "https", authority: "connector.example", signed_scheme: "https" };
const ELAPSED: Duration = Duration::from_millis(42);

fn received(status: u16, body: &[u8], end: End) -> Received {
    Received { status, headers: Vec::new(), body: body.to_vec(), end }
}

fn judge(kind: CallbackKind, received: &Received) -> Verdict {
    interpret(kind, ASKED, Ok((received, &String::from_utf8_lossy(&received.body))), ELAPSED)
}

fn answered(kind: CallbackKind, status: u16, body: &str) -> Verdict {
    judge(kind, &received(status, body.as_bytes(), End::Whole))
}

fn standing(verdict: Verdict) -> (State, Option<Value>, Option<FurtherStep>) {
    let Outcome::Standing(Standing { state, details, further_step }) = verdict.outcome else {
        panic!("no standing: {verdict:?}")
    };
    let details = details.map(|details| serde_json::from_str(details.as_str()).expect("JSON"));
    (state, details, further_step)
}

fn lost() -> Problem {
    Problem::new(Code::ConnectionLost, "the connection was lost")
}

#[test]
fn created_is_complete_whatever_the_body() {
    for kind in [Installation, Instance] {
        for body in ["", "OK", "{", r#"{"details":{"a":1}}"#] {
            let verdict = answered(kind, 201, body);
            assert_eq!(verdict.error, None);
            assert_eq!(standing(verdict), (State::Complete, None, None), "{body}");
        }
        for end in [End::TooLarge, End::Broken(lost())] {
            assert_eq!(standing(judge(kind, &received(201, b"x", end))).0, State::Complete);
        }
    }
}

#[test]
fn accepted_is_ongoing_with_what_it_says() {
    let step = FurtherStep::new(FurtherStepKind::Redirect, "https://h/".to_owned());
    for (body, details, further_step) in [
        ("", None, None),
        (r#"{"details":{"a":1}}"#, Some(json!({"a": 1})), None),
        (r#"{"furtherStep":{"type":3,"content":"https://h/"}}"#, None, Some(step)),
        (r#"{"details":{},"furtherStep":{"type":0,"content":""}}"#, Some(json!({})), None),
    ] {
        let verdict = answered(Installation, 202, body);
        assert_eq!(verdict.error, None);
        assert_eq!(standing(verdict), (State::Ongoing, details, further_step), "{body}");
    }
}

#[test]
fn a_refusal_is_failed_with_details_in_any_case() {
    for status in [401, 403] {
        let own = answered(Instance, status, r#"{"details":{"why":"bad key"},"furtherStep":{"type":0,"content":""}}"#);
        assert_eq!(own.error, None);
        assert_eq!(standing(own), (State::Failed, Some(json!({"why": "bad key"})), None));
        for body in ["", "go away", r#"{"details":"text"}"#] {
            let (state, details, _) = standing(answered(Instance, status, body));
            let details = details.expect("details");
            assert_eq!(state, State::Failed);
            assert_eq!((&details["error"], &details["status"]), (&json!("REFUSED"), &json!(status)));
            assert_eq!((&details["body"], &details["elapsedMs"]), (&json!(body), &json!(42)));
        }
    }
}

#[test]
fn anything_else_is_an_error_that_tells_what_was_observed() {
    for (status, body, code) in [
        (200, "OK", "UNEXPECTED_STATUS"),
        (204, "", "UNEXPECTED_STATUS"),
        (301, "", "UNEXPECTED_STATUS"),
        (400, "no", "UNEXPECTED_STATUS"),
        (404, "<html>", "UNEXPECTED_STATUS"),
        (500, "{}", "UNEXPECTED_STATUS"),
        (599, "", "UNEXPECTED_STATUS"),
        (202, "OK", "MALFORMED_ANSWER"),
        (202, r#"{"details":[]}"#, "MALFORMED_ANSWER"),
        (202, r#"{"furtherStep":{"type":3,"content":"no URL"}}"#, "MALFORMED_ANSWER"),
    ] {
        let verdict = answered(Installation, status, body);
        let error = verdict.error.clone().expect("a text for the log");
        let (state, details, further_step) = standing(verdict);
        let details = details.expect("details");
        assert_eq!((state, further_step), (State::Error, None));
        assert_eq!((&details["error"], &details["status"]), (&json!(code), &json!(status)), "{body}");
        assert_eq!((&details["body"], &details["elapsedMs"]), (&json!(body), &json!(42)));
        assert!(details["description"].as_str().expect("a text").starts_with(&error));
    }
}

#[test]
fn what_the_connector_says_is_in_the_description() {
    for (status, body, told) in [
        (
            500,
            r#"{"Message":"no power"}"#,
            "the connector answered with status 500 (Internal Server Error): no power: ",
        ),
        (404, "unknown path", "status 404 (Not Found): unknown path: check"),
        (400, r#"{"detail":"no country"}"#, "status 400 (Bad Request): no country: correct what the connector says"),
        (403, r#"{"error_description":"no access"}"#, "the connector refused with status 403: no access: "),
        (
            403,
            "<!doctype html><title>Sign in</title>",
            "status 403 and an HTML page titled \"Sign in\": a tunnel or proxy",
        ),
        (
            502,
            "<html><title>502 Bad Gateway</title><center>nginx</center>",
            "page titled \"502 Bad Gateway\": nginx, in front,",
        ),
    ] {
        let (_, details, _) = standing(answered(Installation, status, body));
        let details = details.expect("details");
        let description = details["description"].as_str().expect("a text");
        assert!(description.contains(told), "{description}");
        assert!(!description.contains("knows why") && !description.contains("<"), "{description}");
        assert_eq!(details["body"], body);
    }
}

#[test]
fn a_body_without_an_end_is_taken_if_it_may_be_whole() {
    let why = "neither Content-Length nor chunks";
    for body in ["", r#"{"details":{}}"#] {
        let verdict = judge(Installation, &received(202, body.as_bytes(), End::Open));
        // It is no failure: nobody who looks for those must find it.
        assert_eq!(verdict.error, None, "{body}");
        assert!(verdict.oddity.is_some_and(|oddity| oddity.contains(why)), "{body}");
        assert_eq!(standing(verdict).0, State::Ongoing, "{body}");
    }
    let verdict = judge(Installation, &received(202, br#"{"details":"#, End::Open));
    assert!(verdict.error.as_deref().is_some_and(|error| error.contains(why)));
    assert_eq!(standing(verdict).0, State::Error);
    let verdict = judge(Action, &received(202, b"", End::Open));
    assert_eq!(verdict.outcome, Outcome::Action(ActionOutcome::StillPending));
}

#[test]
fn incomplete_bodies_that_matter_are_errors() {
    for (end, code) in [(End::TooLarge, "ANSWER_TOO_LARGE"), (End::Broken(lost()), "CONNECTION_LOST")] {
        let (state, details, _) = standing(judge(Instance, &received(202, b"{}", end)));
        assert_eq!((state, &details.expect("details")["error"]), (State::Error, &json!(code)));
    }
}

#[test]
fn no_answer_is_an_error_and_our_own_fault_an_internal_one() {
    for (code, state) in [
        (Code::Unreachable, State::Error),
        (Code::Timeout, State::Error),
        (Code::AddressRefused, State::Error),
        (Code::TlsFailed, State::Error),
        (Code::Internal, State::InternalError),
    ] {
        let verdict = interpret(Installation, ASKED, Err(&Problem::new(code, "what happened")), ELAPSED);
        assert_eq!(verdict.error.as_deref(), Some("what happened"));
        let (became, details, _) = standing(verdict);
        let details = details.expect("details");
        assert_eq!((became, &details["error"]), (state, &json!(code.name())));
        assert_eq!(details["elapsedMs"], 42);
        assert!(details.get("status").is_none() && details.get("body").is_none());
    }
    assert_eq!(standing(our_fault(Instance)).0, State::InternalError);
}

#[test]
fn an_excerpt_is_counted_in_characters() {
    let (_, details, _) = standing(answered(Installation, 500, &"ü".repeat(2_000)));
    assert_eq!(details.expect("details")["body"], "ü".repeat(1_024));
}

#[test]
fn removals() {
    for kind in [InstallationRemoval, InstanceRemoval] {
        assert_eq!(answered(kind, 204, ""), Verdict { outcome: Outcome::Removal(Ok(())), error: None, oddity: None });
        for (status, body, told) in [
            (200, "", "status 200 (OK)"),
            (202, "{}", "status 202 (Accepted)"),
            (404, "unknown", "status 404 (Not Found): unknown"),
            (500, "", "status 500 (Internal Server Error)"),
        ] {
            let verdict = answered(kind, status, body);
            let Outcome::Removal(Err(text)) = &verdict.outcome else { panic!("{verdict:?}") };
            assert_eq!(text, &format!("the connector answered with {told}"));
            assert!(verdict.error.is_some());
        }
        let verdict = interpret(kind, ASKED, Err(&lost()), ELAPSED);
        assert_eq!(verdict.outcome, Outcome::Removal(Err("the connection was lost".to_owned())));
    }
}

#[test]
fn actions_that_the_connector_answers() {
    let failed = |text: &str| ActionOutcome::Failed(text.to_owned());
    for (status, body, expected) in [
        (204, "", ActionOutcome::Completed),
        (202, "", ActionOutcome::StillPending),
        (202, "null", ActionOutcome::StillPending),
        (202, "{}", ActionOutcome::StillPending),
        (202, r#"{"id":"1","status":"PENDING","error":""}"#, ActionOutcome::StillPending),
        (202, r#"{"status":"FAILED","error":"no lamp"}"#, failed("no lamp")),
        (202, r#"{"status":"FAILED","error":""}"#, failed("the connector did not say why it failed")),
        (202, r#"{"status":"COMPLETED"}"#, ActionOutcome::Completed),
        (202, r#"{"error":"no lamp"}"#, failed("no lamp")),
        (200, r#"{"error":"no lamp"}"#, failed("no lamp")),
        (200, r#"{"status":"","error":{"message":"no lamp"}}"#, failed("no lamp")),
        (202, r#"{"status":null,"errors":["no lamp"]}"#, failed("no lamp")),
        (202, r#"{"error":""}"#, ActionOutcome::StillPending),
        (202, r#"{"message":"queued"}"#, ActionOutcome::StillPending),
        (400, r#"{"error":"signature_style is too long"}"#, failed("bad parameters: signature_style is too long")),
        (400, "\u{feff}{\"error\":\"no lamp\"}", failed("bad parameters: no lamp")),
        (200, r#"{"status":"PENDING"}"#, ActionOutcome::StillPending),
        (200, r#"{"status":"COMPLETED","error":""}"#, ActionOutcome::Completed),
        (200, r#"{"status":"FAILED","error":"no lamp"}"#, failed("no lamp")),
        (400, "", failed("bad parameters")),
        (400, r#"{"error":"no keyword"}"#, failed("bad parameters: no keyword")),
        (403, "", failed("action not allowed")),
        (403, "not yours", failed("action not allowed: not yours")),
        (400, r#"{"Message":"no lamp"}"#, failed("bad parameters: no lamp")),
        (400, r#"{"errors":["no lamp","no power"]}"#, failed("bad parameters: no lamp; no power")),
        (403, r#"{"title":"Forbidden","detail":"not yours"}"#, failed("action not allowed: Forbidden: not yours")),
        (403, r#"{"error":{"message":"not yours"}}"#, failed("action not allowed: not yours")),
        (400, "no lamp\n", failed("bad parameters: no lamp")),
        (400, r#"{"lamp":null,"n":1}"#, failed(r#"bad parameters: {"lamp":null,"n":1}"#)),
    ] {
        let verdict = answered(Action, status, body);
        assert_eq!(
            verdict,
            Verdict { outcome: Outcome::Action(expected), error: None, oddity: None },
            "{status} {body}"
        );
    }
}

#[test]
fn actions_that_come_to_nothing() {
    for (status, body, told) in [
        (200, "", "status 200 (OK)"),
        (200, "<html>", "status 200 (OK) and an HTML page: a tunnel or proxy in front"),
        (200, "OK", "malformed"),
        (
            400,
            "<!DOCTYPE html><title>Bad Request</title>",
            "status 400 (Bad Request) and an HTML page titled \"Bad Request\": ",
        ),
        (400, "Bad signature", "status 400 (Bad Request): Bad signature: the official SDK"),
        (
            400,
            r#"{"error":"BAD_SIGNATURE","description":"Signature seems to be invalid"}"#,
            "BAD_SIGNATURE: Signature seems",
        ),
        (
            403,
            "\n<html><h1>Forbidden</h1>",
            "status 403 (Forbidden) and an HTML page titled \"Forbidden\": a tunnel or proxy",
        ),
        (403, "bad signature", "status 403 (Forbidden): bad signature: the connector could not verify the signature"),
        (400, "400 No required SSL certificate was sent", "demands a client certificate"),
        (404, "ERR_NGROK_3200", "status 404 (Not Found): ERR_NGROK_3200: ngrok in front"),
        (202, "\u{feff}{}", "byte order mark"),
        (500, r#"{"Message":"no power"}"#, "status 500 (Internal Server Error): no power"),
        (503, r#"{"errors":[{"message":"no power"}]}"#, "no power"),
        (202, "OK", "malformed"),
        (202, r#"{"status":"DONE"}"#, "DONE"),
        (202, r#"{"status":"CANCELED"}"#, "CANCELED"),
        (200, r#"{"status":"COMPLETED","error":"but"}"#, "yet has an error: but"),
        (201, "", "status 201 (Created)"),
        (401, "no", "status 401 (Unauthorized): no"),
        (500, "oops", "status 500 (Internal Server Error): oops"),
        (302, "", "status 302 (Found)"),
    ] {
        let verdict = answered(Action, status, body);
        let Outcome::Action(ActionOutcome::Failed(text)) = &verdict.outcome else { panic!("{verdict:?}") };
        assert!(text.contains(told), "{status} {body}: {text}");
        assert!(verdict.error.is_some());
    }
    let verdict = interpret(Action, ASKED, Err(&lost()), ELAPSED);
    assert_eq!(verdict.outcome, Outcome::Action(ActionOutcome::Failed("the connection was lost".to_owned())));
}

#[test]
fn a_body_that_is_encoded_is_what_is_wrong() {
    const GZIP: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\x03";
    let encoded = |status: u16, body: &[u8]| Received {
        headers: vec![Header { name: "content-encoding".to_owned(), value: "gzip".to_owned() }],
        ..received(status, body, End::Whole)
    };
    let why = "its body is compressed (Content-Encoding: gzip)";
    for status in [202, 400, 401, 403, 500] {
        let (_, details, _) = standing(judge(Installation, &encoded(status, GZIP)));
        let description = details.expect("details")["description"].as_str().map(str::to_owned);
        assert!(description.as_deref().is_some_and(|text| text.contains(why)), "{status}: {description:?}");
    }
    for status in [200, 202, 400, 403, 500] {
        let Outcome::Action(ActionOutcome::Failed(text)) = judge(Action, &encoded(status, GZIP)).outcome else {
            panic!("{status}")
        };
        assert!(text.contains(why), "{status}: {text}");
    }
    // One that says so and is not: it is read.
    let verdict = judge(Action, &encoded(202, br#"{"status":"COMPLETED"}"#));
    assert_eq!(verdict.outcome, Outcome::Action(ActionOutcome::Completed));
    let utf16 = received(202, b"\xff\xfe{\0}\0", End::Whole);
    assert!(judge(Installation, &utf16).error.is_some_and(|error| error.contains("UTF-16")));
}

fn any_kind() -> impl Strategy<Value = CallbackKind> {
    prop::sample::select(vec![Installation, Instance, InstallationRemoval, InstanceRemoval, Action])
}

fn jsonish() -> impl Strategy<Value = Vec<u8>> {
    let parts = [
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "\"details\":",
        "\"furtherStep\":",
        "\"type\":",
        "\"content\":",
        "\"status\":",
        "\"error\":",
        "\"PENDING\"",
        "\"FAILED\"",
        "0",
        "1",
        "3",
        "1e999",
        "null",
        "\"https://h/\"",
        "\\ud800",
        "ü",
        " ",
    ];
    prop::collection::vec(prop::sample::select(parts.to_vec()), 0..24).prop_map(|parts| parts.concat().into_bytes())
}

proptest! {
    #[test]
    fn no_bytes_are_too_strange(
        kind in any_kind(),
        status in 100_u16..1_000,
        body in prop_oneof![prop::collection::vec(any::<u8>(), 0..2_048), jsonish()],
        too_large: bool,
    ) {
        let end = if too_large { End::TooLarge } else { End::Whole };
        let verdict = judge(kind, &received(status, &body, end));
        match (kind, &verdict.outcome) {
            (Installation | Instance, Outcome::Standing(standing)) => {
                let details = standing.details.as_ref().map(|details| serde_json::from_str::<Value>(details.as_str()));
                prop_assert!(details.is_none_or(|details| details.is_ok_and(|value| value.is_object())));
                prop_assert!(!matches!(standing.state, State::Initialized | State::RemovalOngoing));
            }
            (InstallationRemoval | InstanceRemoval, Outcome::Removal(_)) | (Action, Outcome::Action(_)) => {}
            _ => prop_assert!(false, "{:?}", verdict),
        }
    }
}
