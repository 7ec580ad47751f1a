//! A request to the demo connector as it came: what the signature covers and what handlers look
//! at. May use http. Used by `routes`, which makes it, `callbacks` and `actions`.

use bytes::Bytes;
use http::{HeaderMap, Method, header};

use super::signature::{Disbelief, Signed};

/// The request.
pub struct Call {
    /// Its method.
    pub method: Method,
    /// Its path as it was sent.
    pub path: String,
    /// Its query as it was sent, without the question mark.
    pub query: Option<String>,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, which is empty for a removal.
    pub body: Bytes,
}

impl Call {
    /// Whether the platform with this public key has sent it.
    pub fn verify(&self, key: Option<[u8; 32]>) -> Result<(), Disbelief> {
        let target = match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        };
        let signed = Signed {
            method: self.method.as_str(),
            host: self.text(&header::HOST).ok_or(Disbelief::Missing("Host"))?,
            target: &target,
            date: self.text(&header::DATE).ok_or(Disbelief::Missing("Date"))?,
            body: &self.body,
        };
        let signature = self
            .headers
            .get("Signature")
            .and_then(|value| value.to_str().ok())
            .ok_or(Disbelief::Missing("Signature"))?;
        signed.verify(key, signature)
    }

    /// Whether its body is declared as JSON, exactly so, as the official SDK wants it.
    pub fn is_json(&self) -> bool {
        self.text(&header::CONTENT_TYPE) == Some("application/json")
    }

    /// The confirmation page's absolute URL, under the name that the platform has for this
    /// connector. The scheme cannot be told from a signed request; a tunnel's proxy says it.
    pub fn confirmation_url(&self, id: &str) -> String {
        let forwarded = self.headers.get("X-Forwarded-Proto");
        let scheme = match forwarded.and_then(|value| value.to_str().ok()) {
            Some("https") => "https",
            _ => "http",
        };
        let host = self.text(&header::HOST).unwrap_or_default();
        format!("{scheme}://{host}/confirm/{id}")
    }

    fn text(&self, name: &header::HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine, engine::general_purpose::STANDARD};

    fn call(query: Option<&str>) -> Call {
        let mut headers = HeaderMap::new();
        let signature = "ucVpKjuLSXwv+74r61qcujDJpdI5LMXsJF+mJTgCq40jYX7BuRTu31aDzRrSa/RCrBD+0B70X67RCgewlQZFCA==";
        let all =
            [("host", "connector.example.com"), ("date", "Mon, 23 Nov 2026 09:00:00 GMT"), ("signature", signature)];
        for (name, value) in all {
            headers.insert(name, value.parse().unwrap());
        }
        Call {
            method: Method::DELETE,
            path: "/a%20b/6f1c".to_owned(),
            query: query.map(str::to_owned),
            headers,
            body: Bytes::new(),
        }
    }

    fn key() -> Option<[u8; 32]> {
        let key = STANDARD.decode("A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=");
        Some(key.unwrap().try_into().unwrap())
    }

    #[test]
    fn the_query_is_signed_too() {
        assert_eq!(call(Some("x=1&y=%C3%BC")).verify(key()), Ok(()));
        let changed = call(Some("x=2&y=%C3%BC")).verify(key());
        assert!(matches!(changed, Err(Disbelief::Mismatch { .. })));
        let cut = call(None).verify(key());
        assert!(matches!(cut, Err(Disbelief::Mismatch { .. })));
    }

    #[test]
    fn absent_headers_are_named() {
        for (header, name) in [("host", "Host"), ("date", "Date"), ("signature", "Signature")] {
            let mut call = call(Some("x=1&y=%C3%BC"));
            call.headers.remove(header);
            assert_eq!(call.verify(key()), Err(Disbelief::Missing(name)));
        }
    }

    #[test]
    fn people_are_led_back_through_their_tunnel() {
        let mut call = call(None);
        let plain = "http://connector.example.com/confirm/a";
        assert_eq!(call.confirmation_url("a"), plain);
        call.headers.insert("x-forwarded-proto", "https".parse().unwrap());
        let secure = "https://connector.example.com/confirm/a";
        assert_eq!(call.confirmation_url("a"), secure);
    }
}
