//! The few shapes an answer of the demo connector has. May use http, warp and serde_json. Used by
//! `routes`, `callbacks`, `actions`, `answer` and `page`.

use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

const HTML: &str = "text/html; charset=utf-8";
/// For pages: nothing but their own style and their own form.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// An answer: small enough that its body is always one string, and smaller than `http::Response`,
/// so that it can be an error as well.
#[derive(Debug)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its body.
    pub body: String,
    content_type: Option<&'static str>,
    location: Option<String>,
}

/// An answer without a body.
pub fn empty(status: StatusCode) -> Reply {
    Reply { status, body: String::new(), content_type: None, location: None }
}

/// An answer with a body of the given type.
pub fn with(status: StatusCode, content_type: &'static str, body: String) -> Reply {
    Reply { body, content_type: Some(content_type), ..empty(status) }
}

/// A page for people.
pub fn html(status: StatusCode, body: String) -> Reply {
    with(status, HTML, body)
}

/// An answer that leads a browser, which has just sent a form, to a page.
pub fn see_other(location: String) -> Reply {
    Reply { location: Some(location), ..empty(StatusCode::SEE_OTHER) }
}

/// A JSON answer.
pub fn json(status: StatusCode, body: &Value) -> Reply {
    with(status, "application/json", body.to_string())
}

/// A plain text answer.
pub fn text(status: StatusCode, body: impl Into<String>) -> Reply {
    with(status, "text/plain; charset=utf-8", body.into())
}

/// A refusal of an installation, an instance or a removal: the platform shows `details` to people.
pub fn refusal(status: StatusCode, error: &str, description: &str) -> Reply {
    let details = json!({ "error": error, "description": description });
    json(status, &json!({ "details": details }))
}

/// A refusal of an action request, in the shape of an action's answer.
pub fn failed_action(status: StatusCode, error: &str) -> Reply {
    json(status, &json!({ "status": "FAILED", "error": error }))
}

impl Reply {
    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(content_type) = self.content_type {
            let content_type = HeaderValue::from_static(content_type);
            headers.insert(header::CONTENT_TYPE, content_type);
        }
        if self.content_type == Some(HTML) {
            let policy = HeaderValue::from_static(CONTENT_SECURITY_POLICY);
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        let location = self.location.as_deref().map(HeaderValue::from_str);
        if let Some(Ok(location)) = location {
            headers.insert(header::LOCATION, location);
        }
        headers
    }
}

impl warp::Reply for Reply {
    fn into_response(self) -> warp::reply::Response {
        let (status, headers) = (self.status, self.headers());
        let mut response = warp::reply::Response::new(self.body.into());
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }
}
