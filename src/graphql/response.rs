//! GraphQL responses as JSON: every error carries a stable code, its HTTP status and the request's ID.

use crate::graphql::error::code;
use crate::graphql::scalars::Scalar;
use crate::graphql::{Answer, Outcome};
use crate::model::error::Error;
use crate::ops::meter::{Meter, Use};
use crate::ops::responses::{Excess, ResponseBytes};
use bytes::Bytes;
use juniper::{ExecutionError, FieldError, GraphQLError, Value};
use serde_json::{Value as Json, json};
use std::io::Write;
use std::sync::Arc;

/// The most errors of one document that are told.
const ERRORS_MAX: usize = 100;
/// The longest text of such an error, in characters: juniper repeats what was wrong, whatever its length.
const MESSAGE_CHARACTERS_MAX: usize = 1_000;

/// How much of a response is written before it is charged, in bytes.
const UNCHARGED_BYTES_MAX: usize = 16 << 10;
/// After how many seconds a client may try again if there was no room for its response.
const RETRY_SECONDS: u32 = 1;

/// What juniper's execution answers.
type Execution = Result<(Value<Scalar>, Vec<ExecutionError<Scalar>>), GraphQLError>;

/// The response to an operation that was executed, charged to its bytes until it is sent.
pub fn executed(result: Execution, bytes: &Arc<ResponseBytes>, request_id: &str) -> Answer {
    if let Some(excess) = bytes.excess() {
        return too_large(excess, request_id);
    }
    let (data, errors) = match result {
        Ok(result) => result,
        Err(errors) => return rejected(&errors, request_id),
    };
    let outcome = outcome(&data, &errors);
    let errors: Vec<Json> = errors.iter().map(|error| located(error, request_id)).collect();
    #[derive(serde::Serialize)]
    struct Response<'a> {
        #[serde(skip_serializing_if = "Vec::is_empty")]
        errors: Vec<Json>,
        data: &'a Value<Scalar>,
    }
    let mut sent = Sent { bytes, body: Vec::new(), uncharged: 0 };
    let written = serde_json::to_writer(&mut sent, &Response { errors, data: &data });
    let body = sent.body;
    drop(data);
    match (bytes.excess(), written) {
        (Some(excess), _) => too_large(excess, request_id),
        (None, Ok(())) => {
            bytes.made();
            Answer { outcome, body: Bytes::from_owner(Owned { body, _bytes: Arc::clone(bytes) }) }
        }
        (None, Err(error)) => failed(&Error::fault(error), request_id),
    }
}

/// A response while it is written.
struct Sent<'a> {
    bytes: &'a ResponseBytes,
    body: Vec<u8>,
    uncharged: usize,
}

impl Sent<'_> {
    #[cold]
    fn charge(&mut self) -> std::io::Result<()> {
        if self.bytes.take(Use::Sent, std::mem::take(&mut self.uncharged)) {
            return Ok(());
        }
        Err(std::io::Error::other("the response is too large"))
    }
}

/// A response is written in thousands of parts of a few bytes each.
impl Write for Sent<'_> {
    #[inline]
    fn write(&mut self, part: &[u8]) -> std::io::Result<usize> {
        self.write_all(part)?;
        Ok(part.len())
    }

    #[inline]
    fn write_all(&mut self, part: &[u8]) -> std::io::Result<()> {
        self.uncharged += part.len();
        if self.uncharged >= UNCHARGED_BYTES_MAX {
            self.charge()?;
        }
        self.body.extend_from_slice(part);
        Ok(())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A response that counts among all until it is sent.
struct Owned {
    body: Vec<u8>,
    _bytes: Arc<ResponseBytes>,
}

impl AsRef<[u8]> for Owned {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

/// The response in the place of one that would be too large.
fn too_large(excess: Excess, request_id: &str) -> Answer {
    let (message, code, status) = match excess {
        Excess::One(max) => {
            let message = format!(
                "the response, or what has to be read for it, is larger than {max} bytes: ask for smaller pages with \
                 `first`, for fewer fields with long texts, or in several requests; the operator can allow more with \
                 --response-bytes. If this was a mutation, it was carried out"
            );
            (message, "RESPONSE_TOO_LARGE", 400)
        }
        Excess::All => {
            let message = "there is no room in the server's memory for the response, beside all others of yours and of \
                           other clients: try again when they have been read, or ask for smaller pages; the operator \
                           can allow more with --responses-bytes. If this was a mutation, it was carried out";
            (message.to_owned(), "TOO_MANY_REQUESTS", 429)
        }
    };
    let mut extensions = extensions(code, status, request_id);
    if excess == Excess::All {
        extensions["retryAfter"] = RETRY_SECONDS.into();
    }
    answer(Outcome::Executed, &json!({ "errors": [{ "message": message, "extensions": extensions }], "data": null }))
}

/// The response to a document that does not parse or validate, or whose variables do not fit.
pub fn rejected(errors: &GraphQLError, request_id: &str) -> Answer {
    // juniper writes an error as a list of errors, or as one.
    let mut errors = match serde_json::to_value(errors) {
        Ok(Json::Array(errors)) => errors,
        Ok(error @ Json::Object(_)) => vec![error],
        _ => vec![json!({ "message": errors.to_string() })],
    };
    if errors.len() > ERRORS_MAX {
        let more = errors.len() - ERRORS_MAX;
        errors.truncate(ERRORS_MAX);
        errors.push(json!({ "message": format!("and {more} more errors") }));
    }
    let with_extensions = |mut error: Json| {
        if let Some(message) = error["message"].as_str()
            && let Some((end, _)) = message.char_indices().nth(MESSAGE_CHARACTERS_MAX)
        {
            error["message"] = format!("{}…", &message[..end]).into();
        }
        error["extensions"] = extensions("BAD_USER_INPUT", 400, request_id);
        error
    };
    let errors: Vec<Json> = errors.into_iter().map(with_extensions).collect();
    answer(Outcome::Rejected, &json!({ "errors": errors }))
}

/// The response to a document or variables that are more than is allowed.
pub fn too_much(why: &str, request_id: &str) -> Answer {
    single(Outcome::Rejected, why, "BAD_USER_INPUT", 400, request_id)
}

/// The response to variables that are no GraphQL values.
pub fn bad_variables(error: &serde_json::Error, request_id: &str) -> Answer {
    let message = format!("the variables cannot be read: {error}");
    single(Outcome::Rejected, &message, "BAD_USER_INPUT", 400, request_id)
}

/// The response to a mutation where only queries are allowed.
pub fn not_allowed(request_id: &str) -> Answer {
    let message = "only queries can be sent by GET; send mutations by POST";
    single(Outcome::NotAllowed, message, "BAD_USER_INPUT", 405, request_id)
}

/// The response to a subscription where only one answer can be given.
pub fn needs_socket(request_id: &str) -> Answer {
    let message = "subscriptions need a WebSocket with the subprotocol graphql-transport-ws, at this path";
    single(Outcome::Rejected, message, "BAD_USER_INPUT", 400, request_id)
}

/// The response to a subscription that selects no field, or several.
pub fn not_one_field(request_id: &str) -> Answer {
    let message = "a subscription must select exactly one field";
    single(Outcome::Rejected, message, "BAD_USER_INPUT", 400, request_id)
}

/// The response where nothing could be executed.
pub fn failed(error: &Error, request_id: &str) -> Answer {
    if let Error::Fault(fault) = error {
        tracing::error!(fault = &**fault as &dyn std::error::Error, "a GraphQL request failed");
    }
    let (code, status) = code(error);
    single(Outcome::Failed(status), &error.to_string(), code, status, request_id)
}

fn single(outcome: Outcome, message: &str, code: &str, status: u16, request_id: &str) -> Answer {
    let error = json!({ "message": message, "extensions": extensions(code, status, request_id) });
    answer(outcome, &json!({ "errors": [error] }))
}

fn extensions(code: &str, status: u16, request_id: &str) -> Json {
    json!({ "code": code, "status": status, "requestId": request_id })
}

fn located(error: &ExecutionError<Scalar>, request_id: &str) -> Json {
    let mut json = serde_json::to_value(error).unwrap_or_else(|_| json!({ "message": error.error().message() }));
    // juniper knows fields alone; a number is the row of a list, see [`crate::graphql::list`].
    for step in json.get_mut("path").and_then(Json::as_array_mut).into_iter().flatten() {
        if let Some(row) = step.as_str().and_then(|step| step.parse::<usize>().ok()) {
            *step = row.into();
        }
    }
    match json.get_mut("extensions").and_then(Json::as_object_mut) {
        Some(extensions) => {
            extensions.insert("requestId".to_owned(), request_id.into());
        }
        // An error of juniper's own: an argument that does not fit its type.
        None => json["extensions"] = extensions("BAD_USER_INPUT", 400, request_id),
    }
    json
}

/// Whether the whole result is a refusal for lack of a token or of permission (auth.md, "Tokens"), or
/// that nothing can be done now: proxies and clients know by the status that trying again helps.
fn outcome(data: &Value<Scalar>, errors: &[ExecutionError<Scalar>]) -> Outcome {
    let all = |wanted: &str| !errors.is_empty() && errors.iter().all(|error| has_code(error.error(), wanted));
    if !data.is_null() {
        Outcome::Executed
    } else if all("UNAUTHENTICATED") {
        Outcome::Unauthenticated
    } else if all("FORBIDDEN") {
        Outcome::Forbidden
    } else if !errors.is_empty() && errors.iter().all(|error| is_unavailable(error.error())) {
        Outcome::Unavailable
    } else {
        Outcome::Executed
    }
}

fn has_code(error: &FieldError<Scalar>, wanted: &str) -> bool {
    let code = error.extensions().as_object_value().and_then(|extensions| extensions.get_field_value("code"));
    matches!(code, Some(Value::Scalar(Scalar::String(code))) if code == wanted)
}

fn is_unavailable(error: &FieldError<Scalar>) -> bool {
    let status = error.extensions().as_object_value().and_then(|extensions| extensions.get_field_value("status"));
    matches!(status, Some(Value::Scalar(Scalar::Int(503))))
}

fn answer(outcome: Outcome, response: &impl serde::Serialize) -> Answer {
    let body = serde_json::to_vec(response).unwrap_or_else(|error| {
        tracing::error!(%error, "a GraphQL response could not be written");
        br#"{"errors":[{"message":"internal error","extensions":{"code":"INTERNAL_SERVER_ERROR","status":500}}]}"#
            .to_vec()
    });
    Answer { outcome, body: body.into() }
}
