//! The certificate authority: made once, kept in its folder, and told from what is not from here.
//!
//! Uses nothing of ours outside this room. Used by [`super`].

use crate::devcert::files;
use crate::devcert::{CLOCK_SKEW, Name, Refused};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, NameConstraints, PublicKeyData,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use time::{Duration, OffsetDateTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::{Pem, parse_x509_pem};

/// How long an authority is good. Trusting a new one is work, so not for a year only.
const AUTHORITY_AGE_MAX: Duration = Duration::days(3_650);
/// What every authority's name begins with.
const NAME: &str = "connhub development CA";
/// Where Linux tells the machine's name.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";

/// An authority with its key.
pub(super) struct Authority {
    pem: String,
    parsed: Pem,
    issuer: Issuer<'static, KeyPair>,
}

/// The authority that is kept in these files, certificate and key; none where neither is there.
pub(super) fn read([certificate, key]: &[PathBuf; 2]) -> Result<Option<Authority>, Refused> {
    let (pem, own_key) = match (files::read(certificate)?, files::read(key)?) {
        (None, None) => return Ok(None),
        (Some(pem), Some(key)) => (pem, key),
        (Some(_), None) => return Err(Refused::NotOurs(certificate.clone(), "has no ca.key beside it")),
        (None, Some(_)) => return Err(Refused::NotOurs(key.clone(), "has no ca.pem beside it")),
    };
    let not_ours = |what| Refused::NotOurs(certificate.clone(), what);
    let own_key = KeyPair::from_pem(&own_key).map_err(|_| Refused::NotOurs(key.clone(), "is no private key"))?;
    let (_, parsed) = parse_x509_pem(pem.as_bytes()).map_err(|_| not_ours("is no certificate"))?;
    let is_ours = parsed.parse_x509().is_ok_and(|known| {
        let named =
            known.subject().iter_common_name().any(|name| name.as_str().is_ok_and(|name| name.starts_with(NAME)));
        named && known.public_key().raw == own_key.subject_public_key_info()
    });
    if !is_ours {
        return Err(not_ours("was not made by connhub dev-cert, with the ca.key beside it"));
    }
    let issuer = Issuer::from_ca_cert_pem(&pem, own_key)?;
    let authority = Authority { pem, parsed, issuer };
    if authority.until() < OffsetDateTime::now_utc() {
        return Err(not_ours("has expired"));
    }
    Ok(Some(authority))
}

impl Authority {
    /// A new one, that may vouch for these names and for this very machine.
    pub(super) fn new(names: &[Name], now: OffsetDateTime) -> Result<Self, Refused> {
        let key = KeyPair::generate()?;
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, name(&key));
        parameters.not_before = now - CLOCK_SKEW;
        parameters.not_after = now + AUTHORITY_AGE_MAX;
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        // Of each kind one at least: a kind that is not named is free.
        let own = [
            Name::Host { wildcard: false, domain: "localhost".to_owned() },
            Name::Address(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            Name::Address(IpAddr::V6(Ipv6Addr::LOCALHOST)),
        ];
        let permitted_subtrees = own.iter().chain(names).map(Name::to_constraint).collect();
        parameters.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
        let pem = parameters.self_signed(&key)?.pem();
        let (_, parsed) = parse_x509_pem(pem.as_bytes()).map_err(|_| rcgen::Error::CouldNotParseCertificate)?;
        Ok(Self { pem, parsed, issuer: Issuer::new(parameters, key) })
    }

    /// Keeps it.
    pub(super) fn write(&self, [certificate, key]: &[PathBuf; 2]) -> Result<(), Refused> {
        files::write(key, &self.issuer.key().serialize_pem(), files::PRIVATE)?;
        files::write(certificate, &self.pem, files::PUBLIC)
    }

    /// What signs certificates.
    pub(super) fn issuer(&self) -> &Issuer<'static, KeyPair> {
        &self.issuer
    }

    /// Until when it is good.
    pub(super) fn until(&self) -> OffsetDateTime {
        let parsed = self.parsed.parse_x509();
        parsed.map_or(OffsetDateTime::UNIX_EPOCH, |parsed| parsed.validity().not_after.to_datetime())
    }

    /// Whether its own certificate lets it vouch for a name.
    pub(super) fn may_vouch_for(&self, name: &Name) -> bool {
        self.parsed.parse_x509().is_ok_and(|own| match own.name_constraints() {
            Ok(Some(constraints)) => {
                constraints.value.permitted_subtrees.iter().flatten().any(|tree| permits(&tree.base, name))
            }
            _ => true,
        })
    }

    /// That the files which a new certificate would replace are from this authority, or not there.
    pub(super) fn check_own(&self, certificate: &Path, key: &Path) -> Result<(), Refused> {
        let (pem, own_key) = (files::read(certificate)?, files::read(key)?);
        let known = pem.as_deref().and_then(|pem| parse_x509_pem(pem.as_bytes()).ok()).map(|(_, pem)| pem);
        let known = known.as_ref().and_then(|pem| pem.parse_x509().ok()).filter(|known| self.has_signed(known));
        if pem.is_some() && known.is_none() {
            return Err(Refused::NotOurs(certificate.to_owned(), "is not from the authority beside it"));
        }
        let Some(own_key) = own_key else { return Ok(()) };
        let is_ours = KeyPair::from_pem(&own_key).is_ok_and(|own_key| {
            known.is_some_and(|known| known.public_key().raw == own_key.subject_public_key_info())
        });
        if is_ours {
            Ok(())
        } else {
            Err(Refused::NotOurs(key.to_owned(), "is not the key of the certificate beside it"))
        }
    }

    fn has_signed(&self, certificate: &X509Certificate<'_>) -> bool {
        self.parsed.parse_x509().is_ok_and(|own| certificate.verify_signature(Some(own.public_key())).is_ok())
    }
}

/// One that says whose it is, and that no other authority has: two of one name confuse clients.
fn name(key: &KeyPair) -> String {
    let host = std::fs::read_to_string(HOST_NAME).unwrap_or_default();
    let number: String = key.public_key_raw().iter().rev().take(3).map(|byte| format!("{byte:02x}")).collect();
    match host.trim() {
        "" => format!("{NAME} ({number})"),
        host => format!("{NAME} ({host}, {number})"),
    }
}

/// Whether a subtree of names holds a name (RFC 5280, section 4.2.1.10).
fn permits(tree: &GeneralName<'_>, name: &Name) -> bool {
    match (tree, name) {
        (GeneralName::DNSName(tree), Name::Host { domain, .. }) => {
            domain.strip_suffix(tree).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        }
        (GeneralName::IPAddress(tree), Name::Address(address)) => {
            let own = match address {
                IpAddr::V4(address) => address.octets().to_vec(),
                IpAddr::V6(address) => address.octets().to_vec(),
            };
            // An address and a mask of the same length; ours have all bits.
            tree.len() == 2 * own.len() && tree.starts_with(&own)
        }
        _ => false,
    }
}
