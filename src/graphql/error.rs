//! Refusals and faults as GraphQL errors: one mapping, by exhaustive match.

use crate::graphql::scalars::Scalar;
use crate::model::error::{Error, UNAVAILABLE_RETRY_SECONDS, Violation};
use juniper::{FieldError, IntoFieldError, Object, Value};

/// An operation's error on its way into a GraphQL response. It has no conversion from other
/// errors, so that no library's message can reach a client by accident.
#[derive(Debug)]
pub struct Refusal(Error);

/// The result of a field.
pub type Answered<T> = Result<T, Refusal>;

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// The stable code of an error and the HTTP status that goes with it.
pub fn code(error: &Error) -> (&'static str, u16) {
    match error {
        Error::Unauthenticated(_) => ("UNAUTHENTICATED", 401),
        Error::Forbidden(_) => ("FORBIDDEN", 403),
        Error::NotFound(_) => ("NOT_FOUND", 404),
        Error::Invalid(_) => ("BAD_USER_INPUT", 400),
        Error::Conflict(_) => ("CONFLICT", 409),
        Error::TooMany { .. } => ("TOO_MANY_REQUESTS", 429),
        Error::Unavailable(_) => ("INTERNAL_SERVER_ERROR", 503),
        Error::Fault(_) => ("INTERNAL_SERVER_ERROR", 500),
    }
}

impl IntoFieldError<Scalar> for Refusal {
    fn into_field_error(self) -> FieldError<Scalar> {
        let error = self.0;
        if let Error::Fault(fault) = &error {
            tracing::error!(fault = &**fault as &dyn std::error::Error, "a GraphQL field failed");
        }
        let (code, status) = code(&error);
        let mut extensions = extensions(code, status);
        match &error {
            Error::Invalid(violations) => {
                extensions.add_field("violations", Value::List(violations.iter().map(violation).collect()));
            }
            Error::TooMany { retry_after, .. } => add_retry(&mut extensions, *retry_after),
            Error::Unavailable(_) => add_retry(&mut extensions, UNAVAILABLE_RETRY_SECONDS),
            _ => {}
        }
        FieldError::new(error, Value::Object(extensions))
    }
}

/// After how many seconds trying again may help.
fn add_retry(extensions: &mut Object<Scalar>, seconds: u32) {
    extensions.add_field("retryAfter", Value::scalar(i32::try_from(seconds).unwrap_or(i32::MAX)));
}

fn violation(violation: &Violation) -> Value<Scalar> {
    let mut object = Object::with_capacity(2);
    object.add_field("path", Value::scalar(violation.path.clone()));
    object.add_field("message", Value::scalar(violation.message.clone()));
    Value::Object(object)
}

/// The error that stands beside the result of a removal that took place and that the connector did
/// not confirm (domain.md, "Removal").
pub fn callback_failed(message: String) -> FieldError<Scalar> {
    FieldError::new(message, Value::Object(extensions("CALLBACK_FAILED", 502)))
}

/// The members that every error's `extensions` have; the request's ID is added at the end.
fn extensions(code: &'static str, status: u16) -> Object<Scalar> {
    let mut extensions = Object::with_capacity(4);
    extensions.add_field("code", Value::scalar(code.to_owned()));
    extensions.add_field("status", Value::scalar(i32::from(status)));
    extensions
}
