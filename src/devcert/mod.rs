//! `connhub dev-cert`: a certificate authority of a developer's own, and a certificate from it for
//! the names that their server goes by.
//!
//! The authority is made once for each folder, and may vouch for the names of that first time alone
//! (name constraints): whoever steals its key cannot pretend to be a bank towards a machine that
//! trusts it. Uses nothing of ours. Used by `cli`.

mod authority;
mod files;
mod name;

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose};
use std::io;
use std::path::{Path, PathBuf};
use time::{Duration, OffsetDateTime};

pub use name::Name;

/// The names by which connectors reach the platform itself.
pub const PLATFORM_NAMES: [&str; 2] = ["connectors.connctd.io", "api.connctd.io"];

/// How long a certificate is good: browsers take none from the web's authorities that is good for
/// more than 398 days, and Apple's none at all for more than 825.
const CERTIFICATE_AGE_MAX: Duration = Duration::days(397);
/// Clocks differ: it is good from a moment before it is made.
const CLOCK_SKEW: Duration = Duration::hours(1);

/// Where things are in the folder.
const AUTHORITY: [&str; 2] = ["ca.pem", "ca.key"];
const SERVER: [&str; 2] = ["server.pem", "server.key"];

/// A certificate that was made.
pub struct Made {
    /// The authority's certificate, which clients must trust.
    pub authority: PathBuf,
    /// Whether the authority was made too, so that nobody trusts it yet.
    pub authority_is_new: bool,
    /// The server's certificate.
    pub certificate: PathBuf,
    /// The server's key.
    pub key: PathBuf,
    /// Until when the certificate is good.
    pub until: OffsetDateTime,
}

/// Why none was made. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The system does not let us.
    #[error("{0}: {1}")]
    File(PathBuf, #[source] io::Error),
    /// A file is in the way.
    #[error("{0} is there already and {1}; give another folder with --out")]
    NotOurs(PathBuf, &'static str),
    /// The authority may not vouch for a name.
    #[error(
        "the authority in {folder} was made for other names and may not vouch for {names}; \
         make another one, which must be trusted anew: --out with another folder"
    )]
    OtherNames {
        /// Where the authority is.
        folder: PathBuf,
        /// The names.
        names: String,
    },
    /// A key or a certificate cannot be made.
    #[error("a certificate cannot be made: {0}")]
    Impossible(#[from] rcgen::Error),
}

/// Makes a certificate for these names, and the authority if the folder has none. Blocks.
///
/// # Errors
/// If the folder cannot be written, holds files that are not from here, or an authority for other
/// names.
pub fn make(folder: &Path, names: &[Name]) -> Result<Made, Refused> {
    let now = OffsetDateTime::now_utc();
    let folder = files::open_folder(folder)?;
    let [certificate, key] = SERVER.map(|file| folder.join(file));
    let paths = AUTHORITY.map(|file| folder.join(file));
    let (authority, authority_is_new) = match authority::read(&paths)? {
        Some(authority) => (authority, false),
        None => (authority::Authority::new(names, now)?, true),
    };
    let foreign: Vec<_> = names.iter().filter(|name| !authority.may_vouch_for(name)).map(Name::to_string).collect();
    if !foreign.is_empty() {
        return Err(Refused::OtherNames { folder, names: foreign.join(", ") });
    }
    authority.check_own(&certificate, &key)?;
    let until = (now + CERTIFICATE_AGE_MAX).min(authority.until());
    let own_key = KeyPair::generate()?;
    let issued = parameters(names, now, until).signed_by(&own_key, authority.issuer())?;
    if authority_is_new {
        authority.write(&paths)?;
    }
    // The key first: a server that looks meanwhile waits for the certificate.
    files::write(&key, &own_key.serialize_pem(), files::PRIVATE)?;
    files::write(&certificate, &issued.pem(), files::PUBLIC)?;
    let [authority, _] = paths;
    Ok(Made { authority, authority_is_new, certificate, key, until })
}

fn parameters(names: &[Name], now: OffsetDateTime, until: OffsetDateTime) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    // Nothing reads it but people: names count where they stand below.
    parameters.distinguished_name.push(DnType::CommonName, "connhub development server");
    parameters.subject_alt_names = names.iter().filter_map(Name::to_subject).collect();
    parameters.not_before = now - CLOCK_SKEW;
    parameters.not_after = until;
    parameters.is_ca = IsCa::ExplicitNoCa;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    parameters.use_authority_key_identifier_extension = true;
    parameters
}
