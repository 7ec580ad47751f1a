//! Failures of TLS in sentences: which certificate, what is wrong with it, what to do. Nothing of a
//! library's own words, and no name or address of a host: app owners read it too (see `problem`).
//!
//! Used by [`super`].

mod certificate;

use certificate::{Presented, Role};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, OtherError, PeerIncompatible, PeerMisbehaved};
use std::fmt;
use std::sync::Arc;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A callback URL whose host no certificate can be for.
pub(super) const BAD_NAME: &str =
    "the callback URL's host is not a name that a certificate can be for; use a DNS name or an IP address";
/// A handshake that is not answered.
pub(super) const TOO_SLOW: &str = "the connector did not answer the handshake in time; check that the callback URL's \
                                   port speaks TLS, and that the connector is not overloaded";
/// A handshake that ends without a word.
pub(super) const CUT: &str = "the connector closed the connection during the handshake without saying why; check that \
                              the callback URL's port speaks TLS, and look at the connector's own log";
/// TLS where plain http is spoken to.
pub(super) const TLS_ON_A_PORT_FOR_HTTP: &str = "the connector speaks TLS on this port, but the callback URL begins with http://; write https:// in the publication";

const NOT_TLS: &str = "the connector answered, but not in TLS; perhaps this port speaks plain http: check the callback \
                       URL's port, or begin it with http:// if the connector is on this machine";
const NOTHING_IN_COMMON: &str = "the connector has no TLS version, cipher or signature algorithm in common with connhub, which speaks TLS 1.2 and \
     1.3 with AES-GCM or ChaCha20 and takes keys of P-256, P-384, Ed25519 and RSA (2048 bits or more); a connector \
     with TLS 1.0 or 1.1 only, with a P-521 key, or that demands a client certificate fails like that. `connhub dev-cert NAME` makes a certificate that works";
const CLIENT_CERTIFICATE: &str = "the connector demands a client certificate, and connhub has none: turn that off for the callback URLs; the \
     Signature header proves who calls";
const SELF_MADE: &str = "`connhub dev-cert NAME` makes one that works; start connhub with its ca.pem as --callback-ca";
const PROTOCOL: &str = "the connector does not follow the TLS protocol; update its TLS library, or put a proxy such as \
                        Caddy before it";
const OURS: &str = "TLS failed on connhub's side; look into this server's log";

/// A refusal of a certificate, explained.
#[derive(Debug)]
struct Explained {
    text: String,
    /// The names that the certificate is for, if they are what is wrong.
    names: Option<String>,
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Explained {}

fn explained(text: String, names: Option<String>) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(Explained { text, names }))))
}

/// What an explained refusal says of the names that the certificate is for; app owners must not see it.
pub(super) fn names(error: &Error) -> Option<String> {
    let Error::InvalidCertificate(CertificateError::Other(OtherError(error))) = error else { return None };
    error.downcast_ref::<Explained>()?.names.clone()
}

/// Explains why the certificates that a connector presents are refused.
pub(super) fn chain(
    error: Error,
    end_entity: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    extra: &[CertificateDer<'_>],
) -> Error {
    let Error::InvalidCertificate(why) = error else { return error };
    let presented = Presented::new(end_entity, intermediates, extra);
    let is_for_another =
        matches!(why, CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. });
    explained(refusal(&why, &presented), if is_for_another { presented.names() } else { None })
}

/// Explains why a connector's proof that it holds the key of its certificate is refused.
pub(super) fn key(error: Error, certificate: &CertificateDer<'_>) -> Error {
    let Error::InvalidCertificate(why) = error else { return error };
    let presented = Presented::new(certificate, &[], &[]);
    let text = match (&why, presented.weak_key()) {
        (_, Some((_, weak))) => weak_key(Role::Own, &weak),
        (CertificateError::BadSignature, None) => {
            "the connector does not have the key of the certificate that it presents; give it the certificate and the \
             key that were made together"
                .to_owned()
        }
        (why, None) => refusal(why, &presented),
    };
    explained(text, None)
}

fn weak_key(role: Role, weak: &str) -> String {
    format!(
        "{role} has {weak}, which is not supported; use P-256, P-384, Ed25519 or RSA with 2048 bits or more. {SELF_MADE}"
    )
}

/// Why certificates are refused.
fn refusal(why: &CertificateError, presented: &Presented<'_>) -> String {
    use CertificateError as E;
    match why {
        E::UnknownIssuer => unknown_issuer(presented),
        E::ExpiredContext { not_after, .. } => {
            let role = presented.until(not_after.as_secs());
            format!(
                "{role} has expired: it was valid until {}; renew it, or check this server's clock",
                date(*not_after)
            )
        }
        E::NotValidYetContext { not_before, .. } => {
            let role = presented.from(not_before.as_secs());
            format!(
                "{role} is not valid before {}; check the clocks of this server and of where it was made",
                date(*not_before)
            )
        }
        E::Expired => "the connector's certificate has expired, or ends before it begins; renew it".to_owned(),
        E::NotValidYet => "the connector's certificate is not valid yet; check the clocks".to_owned(),
        E::NotValidForNameContext { presented, .. } if presented.is_empty() => format!(
            "the connector's certificate names no host in a subjectAltName, and a common name (CN) does not count. {SELF_MADE}"
        ),
        E::NotValidForName | E::NotValidForNameContext { .. } => {
            "the connector's certificate is for another host; use one whose subjectAltName has the callback URL's host"
                .to_owned()
        }
        E::BadSignature => match presented.weak_key() {
            Some((role, weak)) => weak_key(role, &weak),
            None => "the signature of a certificate is not from the key of the authority that it names; was the \
                     authority made again under the same name? Sign the certificate again, or trust the authority \
                     that signed it (--callback-ca)"
                .to_owned(),
        },
        #[expect(deprecated, reason = "an older name that must be explained too")]
        E::UnsupportedSignatureAlgorithm => unsupported(presented, &[]),
        E::UnsupportedSignatureAlgorithmContext { signature_algorithm_id: id, .. }
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext { signature_algorithm_id: id, .. } => {
            unsupported(presented, id)
        }
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => {
            format!("a certificate is not for servers: its extendedKeyUsage does not have serverAuth. {SELF_MADE}")
        }
        E::BadEncoding => "a certificate of the connector cannot be read: it is damaged, or not X.509".to_owned(),
        E::UnhandledCriticalExtension => {
            "a certificate of the connector has a critical extension that connhub does not know".to_owned()
        }
        E::Revoked => "the connector's certificate was revoked; get another one".to_owned(),
        E::UnknownRevocationStatus | E::ExpiredRevocationList | E::ExpiredRevocationListContext { .. } => {
            "it is unknown whether the connector's certificate was revoked".to_owned()
        }
        E::InvalidOcspResponse => {
            "the connector sends a bad proof that its certificate was not revoked (OCSP)".to_owned()
        }
        E::Other(OtherError(error)) => match error.downcast_ref::<Explained>() {
            Some(Explained { text, .. }) => text.clone(),
            None => error.downcast_ref().map_or_else(|| rules_broken(""), |error| of_webpki(error, presented)),
        },
        _ => rules_broken(""),
    }
}

fn unknown_issuer(presented: &Presented<'_>) -> String {
    if presented.is_self_signed() {
        return format!(
            "the connector's certificate is self-signed, and this server does not trust it: start connhub with the \
             authority's certificate as --callback-ca FILE, or use a certificate of a public authority such as Let's \
             Encrypt. {SELF_MADE}"
        );
    }
    let sent = match presented.count() - 1 {
        0 => "the connector does not send the certificates between it and a public authority".to_owned(),
        count => format!("the {count} further ones that the connector sends do not lead to an authority that is"),
    };
    format!(
        "the issuer of the connector's certificate is not trusted here, or {sent}: have the connector send the whole \
         chain (fullchain.pem), or start connhub with the authority's certificate as --callback-ca FILE"
    )
}

fn unsupported(presented: &Presented<'_>, id: &[u8]) -> String {
    let (role, algorithm) = presented.signed_with(id);
    format!(
        "{role} is signed with {algorithm}, which is not supported; sign it with SHA-256 or SHA-384 by a key of P-256 or \
         P-384, with SHA-256, SHA-384 or SHA-512 by an RSA key of 2048 bits or more, or by an Ed25519 key. {SELF_MADE}"
    )
}

/// What rustls has no error of its own for.
fn of_webpki(error: &webpki::Error, presented: &Presented<'_>) -> String {
    use webpki::Error as E;
    match error {
        E::CaUsedAsEndEntity => format!(
            "the connector's own certificate is one of an authority (CA:TRUE, as `openssl req -x509` makes them), which \
             a server must not use; use a certificate that says CA:FALSE. {SELF_MADE}"
        ),
        E::EndEntityUsedAsCa => {
            "the connector's certificate is signed by one that is not an authority's (CA:FALSE); have an authority \
             sign it"
                .to_owned()
        }
        E::NameConstraintViolation => {
            "the authority that signed the connector's certificate may not vouch for its names (name constraints); \
             have another authority sign it"
                .to_owned()
        }
        E::PathLenConstraintViolated | E::MaximumPathDepthExceeded => {
            "there are more authorities between the connector's certificate and a trusted one than may be; have the \
             trusted authority sign it"
                .to_owned()
        }
        E::UnsupportedCertVersion => format!(
            "{} is of X.509 version 1, as `openssl x509 -req` makes them without -extfile; version 3 is needed. \
             {SELF_MADE}",
            presented.of_old_version()
        ),
        E::EmptyEkuExtension => format!("a certificate has an empty extendedKeyUsage. {SELF_MADE}"),
        E::SignatureAlgorithmMismatch => rules_broken(": it names two signature algorithms"),
        E::InvalidSerialNumber => rules_broken(": its serial number is too long or not positive"),
        E::InvalidCertValidity => rules_broken(": it ends before it begins"),
        _ => rules_broken(""),
    }
}

fn rules_broken(how: &str) -> String {
    format!("a certificate of the connector does not follow the rules for certificates (RFC 5280){how}. {SELF_MADE}")
}

fn date(time: UnixTime) -> String {
    let time = i64::try_from(time.as_secs()).ok().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_else(|| "an unknown time".to_owned())
}

/// What is wrong, as a clause.
pub(super) fn sentence(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(why) => refusal(why, &Presented::none()),
        Error::AlertReceived(alert) => of_alert(*alert),
        Error::PeerIncompatible(why) => incompatible(why),
        Error::InvalidMessage(why) => of_message(why),
        Error::PeerMisbehaved(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme) => NOTHING_IN_COMMON.to_owned(),
        Error::NoCertificatesPresented => {
            "the connector presents no certificate; give it one. `connhub dev-cert NAME` makes one that works"
                .to_owned()
        }
        Error::NoApplicationProtocol => "the connector does not speak HTTP/1.1 on this port".to_owned(),
        Error::DecryptError | Error::PeerSentOversizedRecord => {
            "what the connector sent cannot be decrypted: it was changed on its way, or is not TLS".to_owned()
        }
        Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } | Error::PeerMisbehaved(_) => {
            PROTOCOL.to_owned()
        }
        Error::UnsupportedNameType => BAD_NAME.to_owned(),
        Error::FailedToGetCurrentTime
        | Error::FailedToGetRandomBytes
        | Error::EncryptError
        | Error::HandshakeNotComplete
        | Error::General(_)
        | Error::BadMaxFragmentSize
        | Error::InconsistentKeys(_)
        | Error::InvalidCertRevocationList(_)
        | Error::InvalidEncryptedClientHello(_)
        | Error::Other(_) => OURS.to_owned(),
        _ => PROTOCOL.to_owned(),
    }
}

fn incompatible(why: &PeerIncompatible) -> String {
    match why {
        PeerIncompatible::ExtendedMasterSecretExtensionRequired => {
            "the connector's TLS 1.2 lacks the extended master secret (RFC 7627); update its TLS library".to_owned()
        }
        PeerIncompatible::ServerSentHelloRetryRequestWithUnknownExtension => PROTOCOL.to_owned(),
        _ => NOTHING_IN_COMMON.to_owned(),
    }
}

fn of_message(why: &InvalidMessage) -> String {
    match why {
        // The first byte is no type of a record, or what follows no version: it is not TLS at all.
        InvalidMessage::InvalidContentType
        | InvalidMessage::UnknownProtocolVersion
        | InvalidMessage::MessageTooLarge
        | InvalidMessage::InvalidEmptyPayload => NOT_TLS.to_owned(),
        InvalidMessage::CertificatePayloadTooLarge => {
            "the connector sends more certificates than connhub reads; have it send its own and those between alone"
                .to_owned()
        }
        InvalidMessage::UnsupportedCurveType
        | InvalidMessage::UnsupportedKeyExchangeAlgorithm(_)
        | InvalidMessage::UnsupportedCompression => NOTHING_IN_COMMON.to_owned(),
        _ => PROTOCOL.to_owned(),
    }
}

/// What a connector says when it ends a connection.
fn of_alert(alert: AlertDescription) -> String {
    use AlertDescription as A;
    match alert {
        A::HandshakeFailure | A::ProtocolVersion | A::InsufficientSecurity => NOTHING_IN_COMMON.to_owned(),
        A::CertificateRequired | A::NoCertificate | A::BadCertificate | A::AccessDenied | A::CertificateUnknown => {
            CLIENT_CERTIFICATE.to_owned()
        }
        A::UnrecognisedName => {
            "the connector has no certificate for the callback URL's host (SNI); check the host, or the names that the \
             connector or its proxy is set up for"
                .to_owned()
        }
        A::NoApplicationProtocol => "the connector does not speak HTTP/1.1 on this port".to_owned(),
        A::InternalError => "the connector failed during the handshake; look at its own log".to_owned(),
        A::CloseNotify | A::UserCanceled => CUT.to_owned(),
        other => {
            let number = u8::from(other);
            format!("the connector ended the handshake with the alert {number}; look at its own log")
        }
    }
}
