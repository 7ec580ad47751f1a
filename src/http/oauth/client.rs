//! How a client shows who it is: by HTTP Basic or in the form, but not both; with its ID alone where it
//! has no secret (RFC 6749, sections 2.3.1 and 3.2.1).
//!
//! May use `ops` and [`crate::http::encoding`]. Used by the endpoints that clients call.

use super::{Code, Form, OauthError};
use crate::http::encoding::form_decode;
use crate::http::request::Request;
use crate::ops::Platform;
use crate::ops::client::{self, Client, ClientCredentials, TokenRefusal};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::sync::Arc;

/// The client that sends a form.
pub(super) async fn authenticate(
    platform: &Arc<Platform>,
    request: &Request,
    form: &Form,
) -> Result<Client, OauthError> {
    let (id, secret) = named(request.authorization("Basic"), form.get("client_id"), form.get("client_secret"))?;
    Ok(client::authenticate(platform, ClientCredentials { id, secret, address: request.address() }).await?)
}

/// ID and secret as they were sent.
fn named(
    basic: Option<&str>,
    form_id: Option<&str>,
    form_secret: Option<&str>,
) -> Result<(String, Option<String>), OauthError> {
    let Some(basic) = basic else {
        let Some(id) = form_id else {
            return Err(OauthError::new(
                Code::InvalidClient,
                "the client's ID and secret are missing; send them by HTTP Basic or as client_id and client_secret",
            ));
        };
        return Ok((id.to_owned(), form_secret.map(str::to_owned)));
    };
    if form_secret.is_some() {
        return Err(OauthError::new(Code::InvalidRequest, "the client's secret is sent by HTTP Basic and in the form"));
    }
    let (id, secret) = basic_credentials(basic).ok_or(TokenRefusal::InvalidClient)?;
    // `echo id:secret | base64` encodes the end of its line too.
    if secret.ends_with(['\n', '\r']) {
        return Err(OauthError::new(
            Code::InvalidClient,
            "the client's secret in HTTP Basic ends with a line break: encode it without one (printf, or echo -n)",
        ));
    }
    if form_id.is_some_and(|form_id| form_id != id) {
        return Err(OauthError::new(Code::InvalidRequest, "HTTP Basic and the form name different clients"));
    }
    Ok((id, Some(secret).filter(|secret| !secret.is_empty())))
}

/// ID and secret, each encoded like a form's value before they were joined (RFC 6749, section 2.3.1).
fn basic_credentials(encoded: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((form_decode(id)?.into_owned(), form_decode(secret)?.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_of_basic_are_form_encoded() {
        let decoded = |text: &str| basic_credentials(&STANDARD.encode(text));
        let pair = |id: &str, secret: &str| Some((id.to_owned(), secret.to_owned()));
        assert_eq!(decoded("id:secret"), pair("id", "secret"));
        assert_eq!(decoded("a%3Ab:c:d+e%2B"), pair("a:b", "c:d e+"));
        assert_eq!(decoded("id:"), pair("id", ""));
        assert_eq!(decoded("no colon"), None);
        assert_eq!(decoded("id:%"), None);
        assert_eq!(basic_credentials("***"), None);
        assert_eq!(basic_credentials(""), None);
        assert_eq!(basic_credentials(&STANDARD.encode(b"\xff:x")), None);
    }

    #[test]
    fn a_client_names_itself_in_one_way() {
        let basic = STANDARD.encode("id:secret");
        let code = |basic: Option<&str>, id, secret| named(basic, id, secret).map_err(|error| error.code).err();
        assert_eq!(code(Some(&basic), None, None), None);
        assert_eq!(code(Some(&STANDARD.encode("id:secret\n")), None, None), Some(Code::InvalidClient));
        assert_eq!(code(Some(&basic), Some("id"), None), None);
        assert_eq!(code(None, Some("id"), Some("secret")), None);
        assert_eq!(code(None, Some("id"), None), None);
        assert_eq!(code(Some(&basic), Some("other"), None), Some(Code::InvalidRequest));
        assert_eq!(code(Some(&basic), None, Some("secret")), Some(Code::InvalidRequest));
        assert_eq!(code(None, None, None), Some(Code::InvalidClient));
        assert_eq!(code(None, None, Some("secret")), Some(Code::InvalidClient));
        assert_eq!(code(Some(""), None, None), Some(Code::InvalidClient));
    }
}
