//! What can be told about the certificates that a connector presents, to find which one is at fault.
//!
//! Used by [`super`].

use rustls::pki_types::CertificateDer;
use std::fmt;
use std::net::IpAddr;
use x509_parser::der_parser::Oid;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};
use x509_parser::public_key::PublicKey;

/// The fewest bits of an RSA key that ring takes.
const RSA_BITS_MIN: usize = 2_048;

/// The most names of a certificate that are shown, and the most characters of one.
const NAMES_MAX: usize = 10;
const NAME_CHARACTERS_MAX: usize = 100;

/// Signature algorithms by their object identifiers.
const ALGORITHMS: [(&str, &str); 15] = [
    ("1.2.840.113549.1.1.4", "RSA and MD5"),
    ("1.2.840.113549.1.1.5", "RSA and SHA-1"),
    ("1.2.840.113549.1.1.10", "RSA-PSS"),
    ("1.2.840.113549.1.1.11", "RSA and SHA-256"),
    ("1.2.840.113549.1.1.12", "RSA and SHA-384"),
    ("1.2.840.113549.1.1.13", "RSA and SHA-512"),
    ("1.2.840.113549.1.1.14", "RSA and SHA-224"),
    ("1.2.840.10045.4.1", "ECDSA and SHA-1"),
    ("1.2.840.10045.4.3.1", "ECDSA and SHA-224"),
    ("1.2.840.10045.4.3.2", "ECDSA and SHA-256"),
    ("1.2.840.10045.4.3.3", "ECDSA and SHA-384"),
    ("1.2.840.10045.4.3.4", "ECDSA and SHA-512"),
    ("1.3.101.113", "Ed448"),
    ("1.2.840.10040.4.3", "DSA and SHA-1"),
    ("2.16.840.1.101.3.4.3.2", "DSA and SHA-256"),
];
/// Curves that have names and are not supported.
const CURVES: [(&str, &str); 4] = [
    ("1.3.132.0.33", "a P-224 key"),
    ("1.3.132.0.35", "a P-521 key"),
    ("1.3.132.0.10", "a secp256k1 key"),
    ("1.3.36.3.3.2.8.1.1.7", "a brainpoolP256r1 key"),
];
const ED448: &str = "1.3.101.113";

/// Which certificate it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The connector's own.
    Own,
    /// One that it sends beside its own, by its number from 2.
    Sent(usize),
    /// One of this server's file.
    Trusted,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => f.write_str("the connector's certificate"),
            Self::Sent(number) => write!(f, "an authority's certificate (number {number} that the connector sends)"),
            Self::Trusted => f.write_str("the authority's certificate"),
        }
    }
}

/// The certificates at hand: those that a connector presents, and those of this server's file.
pub(super) struct Presented<'a>(Vec<(Role, X509Certificate<'a>)>);

impl<'a> Presented<'a> {
    /// None.
    pub(super) fn none() -> Self {
        Self(Vec::new())
    }

    /// What can be read of these.
    pub(super) fn new(
        end_entity: &'a CertificateDer<'_>,
        intermediates: &'a [CertificateDer<'_>],
        extra: &'a [CertificateDer<'_>],
    ) -> Self {
        let read = |role, der: &'a CertificateDer<'_>| {
            X509Certificate::from_der(der).ok().map(|(_, certificate)| (role, certificate))
        };
        let sent = intermediates.iter().enumerate().filter_map(|(index, der)| read(Role::Sent(index + 2), der));
        let mut all: Vec<_> = read(Role::Own, end_entity).into_iter().chain(sent).collect();
        // Of the file, those that a certificate of the chain names as its issuer: the others are not at fault.
        let trusted = extra.iter().filter_map(|der| read(Role::Trusted, der));
        let named: Vec<_> = trusted
            .filter(|(_, trusted)| all.iter().any(|(_, one)| one.issuer().as_raw() == trusted.subject().as_raw()))
            .collect();
        all.extend(named);
        Self(all)
    }

    /// How many the connector presents.
    pub(super) fn count(&self) -> usize {
        self.0.iter().filter(|(role, _)| *role != Role::Trusted).count().max(1)
    }

    /// Whether the connector's own is its own issuer.
    pub(super) fn is_self_signed(&self) -> bool {
        let own = self.0.iter().find(|(role, _)| *role == Role::Own);
        own.is_some_and(|(_, own)| own.issuer().as_raw() == own.subject().as_raw())
    }

    /// What the connector's own certificate is for, by its subjectAltName.
    pub(super) fn names(&self) -> Option<String> {
        let (_, own) = self.0.iter().find(|(role, _)| *role == Role::Own)?;
        let names = &own.subject_alternative_name().ok()??.value.general_names;
        let mut names: Vec<String> = names.iter().filter_map(host).collect();
        let more = names.len().saturating_sub(NAMES_MAX);
        names.truncate(NAMES_MAX);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        (!names.is_empty()).then(|| format!("the certificate is for {}{more}", names.join(", ")))
    }

    fn which(&self, is: impl Fn(&X509Certificate<'a>) -> bool) -> Role {
        self.0.iter().find(|(_, one)| is(one)).map_or(Role::Own, |(role, _)| *role)
    }

    /// The one that ends at this second since 1970.
    pub(super) fn until(&self, seconds: u64) -> Role {
        self.which(|one| u64::try_from(one.validity().not_after.timestamp()) == Ok(seconds))
    }

    /// The one that begins at this second since 1970.
    pub(super) fn from(&self, seconds: u64) -> Role {
        self.which(|one| u64::try_from(one.validity().not_before.timestamp()) == Ok(seconds))
    }

    /// One that has no extensions, which came with version 3.
    pub(super) fn of_old_version(&self) -> Role {
        self.which(|one| one.version().0 < 2)
    }

    /// The one that is signed with the algorithm whose identifier is this, in DER, and the algorithm's name.
    pub(super) fn signed_with(&self, id: &[u8]) -> (Role, String) {
        let has = |oid: &Oid<'_>| id.windows(oid.as_bytes().len()).any(|bytes| bytes == oid.as_bytes());
        let found = self.0.iter().find(|(_, one)| has(&one.signature_algorithm.algorithm)).or(self.0.first());
        let Some((role, one)) = found else { return (Role::Own, "an unknown algorithm".to_owned()) };
        let oid = one.signature_algorithm.algorithm.to_id_string();
        let name = named(&ALGORITHMS, &oid).map_or_else(|| format!("the algorithm {oid}"), str::to_owned);
        let by = self.0.iter().find(|(_, issuer)| issuer.subject().as_raw() == one.issuer().as_raw());
        let by = by.and_then(|(_, issuer)| key(issuer));
        (*role, by.map_or_else(|| name.clone(), |key| format!("{name} by {key}")))
    }

    /// One whose key is not supported, and what that is.
    pub(super) fn weak_key(&self) -> Option<(Role, String)> {
        self.0.iter().find_map(|(role, one)| unsupported_key(one).map(|key| (*role, key)))
    }
}

/// A host by its name or address.
fn host(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => {
            let name: String = name.chars().filter(|c| c.is_ascii_graphic()).take(NAME_CHARACTERS_MAX).collect();
            Some(format!("\"{name}\""))
        }
        GeneralName::IPAddress(bytes) => {
            let four = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            four.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from)).ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

fn named<'a>(names: &[(&str, &'a str)], oid: &str) -> Option<&'a str> {
    names.iter().find(|(id, _)| *id == oid).map(|(_, name)| *name)
}

/// What kind of key an EC key is.
fn key(certificate: &X509Certificate<'_>) -> Option<String> {
    let curve = curve(certificate)?;
    let known = match curve.as_str() {
        "1.2.840.10045.3.1.7" => Some("a P-256 key"),
        "1.3.132.0.34" => Some("a P-384 key"),
        other => named(&CURVES, other),
    };
    known.map(str::to_owned)
}

fn curve(certificate: &X509Certificate<'_>) -> Option<String> {
    let parameters = certificate.public_key().algorithm.parameters.as_ref()?;
    Some(parameters.as_oid().ok()?.to_id_string())
}

fn unsupported_key(certificate: &X509Certificate<'_>) -> Option<String> {
    let public = certificate.public_key();
    if public.algorithm.algorithm.to_id_string() == ED448 {
        return Some("an Ed448 key".to_owned());
    }
    match public.parsed().ok()? {
        PublicKey::RSA(rsa) if rsa.key_size() < RSA_BITS_MIN => Some(format!("an RSA key of {} bits", rsa.key_size())),
        PublicKey::EC(_) => named(&CURVES, &curve(certificate)?).map(str::to_owned),
        PublicKey::DSA(_) => Some("a DSA key".to_owned()),
        _ => None,
    }
}
