//! The GraphQL transport: decode, call one operation, reply.
//!
//! May use `model` and `ops`. Must not know `store` or warp. Used by `http`, which mounts it.

use crate::ops::Platform;
use std::sync::Arc;

/// Executes GraphQL documents.
pub struct Engine {
    platform: Arc<Platform>,
}

/// A GraphQL request, whatever transport it came by.
#[derive(Debug)]
pub struct Request {
    /// The document.
    pub query: String,
    /// Which of its operations.
    pub operation_name: Option<String>,
    /// The values of its variables.
    pub variables: serde_json::Map<String, serde_json::Value>,
    /// The bearer token, if one was sent.
    pub token: Option<String>,
    /// The header `X-External-Subject-ID`, if it was sent.
    pub subject: Option<String>,
    /// The request's ID, for errors.
    pub request_id: String,
    /// Whether only queries may be executed (HTTP GET).
    pub read_only: bool,
}

/// What came of a request.
#[derive(Debug)]
pub struct Answer {
    /// How far it came.
    pub outcome: Outcome,
    /// The GraphQL response as JSON.
    pub body: Vec<u8>,
}

/// How far a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The document does not parse or validate, or the variables do not fit.
    Rejected,
    /// It asks for a mutation where only queries are allowed.
    NotAllowed,
    /// It was executed; there may be errors all the same.
    Executed,
    /// The whole result is that there is no good token.
    Unauthenticated,
    /// The whole result is that the token may not do this.
    Forbidden,
}

impl Engine {
    /// An engine for a platform.
    #[must_use]
    pub fn new(platform: Arc<Platform>) -> Self {
        Self { platform }
    }

    /// The schema as text.
    #[must_use]
    pub fn sdl(&self) -> String {
        String::new()
    }

    /// Executes a request.
    pub async fn execute(&self, _request: Request) -> Answer {
        let _ = &self.platform;
        Answer { outcome: Outcome::Rejected, body: Vec::new() }
    }
}
