//! The files of a certificate and its key: read, checked that they belong together, and watched.
//!
//! May use `model` for PEM. Used by [`super::tls`].
//!
//! No error repeats what a library says about a file: it may show what it read, and that may be the key.

use crate::model::pem::{self, Block};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use rustls::sign::CertifiedKey;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Where a certificate and its key are, in PEM form.
#[derive(Debug, Clone)]
pub struct CertificateFiles {
    /// The certificate, and below it those that lead to its authority.
    pub certificate: PathBuf,
    /// The certificate's private key.
    pub key: PathBuf,
}

/// A certificate that can be served with.
pub(super) struct Usable {
    /// The certificate and its key.
    pub key: CertifiedKey,
    /// From when and until when the certificate is good.
    pub period: [OffsetDateTime; 2],
}

/// What tells whether a file is another than before, without reading it: its device, number, length and time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version([Option<[i64; 5]>; 2]);

/// Why the files are of no use, and how to mend it.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// A file is not there, or not for us.
    #[error("{0} cannot be read: {1}")]
    Unreadable(PathBuf, #[source] io::Error),
    /// A file has nothing in it.
    #[error("{0} is empty")]
    Empty(PathBuf),
    /// A block of a file is not what it should be.
    #[error("{0}: {1}")]
    Block(PathBuf, pem::Problem),
    /// A file holds something else.
    #[error("{file} holds no {wanted} in PEM form{hint}")]
    Missing {
        /// The file.
        file: PathBuf,
        /// What it should hold.
        wanted: &'static str,
        /// What to do, where that can be told.
        hint: &'static str,
    },
    /// The key is encrypted.
    #[error(
        "the key in {0} is encrypted, and there is nobody to ask for its passphrase; write it to another file \
         without one: openssl pkey -in {0} -out plain-key.pem"
    )]
    Encrypted(PathBuf),
    /// The key is of a kind that is not served with.
    #[error(
        "the key in {0} is of a kind that is not supported; RSA (2048 bits or more), ECDSA (P-256, P-384) and Ed25519 are"
    )]
    Unsupported(PathBuf),
    /// The certificate is of a kind that TLS has no use for.
    #[error(
        "the first certificate in {0} cannot be used for TLS: it must be of X.509 version 3; connhub dev-cert makes such \
         ones"
    )]
    Unfit(PathBuf),
    /// The key is another one's.
    #[error(
        "the key in {key} is not that of the first certificate in {certificate}; these two must print the same: \
         openssl x509 -noout -pubkey -in {certificate} and openssl pkey -pubout -in {key}"
    )]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
}

const WRONG_WAY_ROUND: &str = "; are --tls-cert and --tls-key the wrong way round?";
const DER_CERTIFICATE: &str = "; if it is in DER form, convert it: openssl x509 -inform der -in FILE -out FILE.pem";
const DER_KEY: &str = "; if it is in DER form, convert it: openssl pkey -inform der -in FILE -out FILE.pem";
const OTHER: &str = "; it has no such block (-----BEGIN …-----)";

impl CertificateFiles {
    /// Reads both. Blocks.
    pub(super) fn read(&self) -> Result<Usable, Unusable> {
        let (chain, period) = self.chain()?;
        let key = any_supported_type(&self.private_key()?).map_err(|_| Unusable::Unsupported(self.key.clone()))?;
        let key = CertifiedKey::new(chain, key);
        match key.keys_match() {
            // A key of this provider always tells its public half.
            Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {
                Ok(Usable { key, period })
            }
            Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch)) => {
                Err(Unusable::Mismatch { certificate: self.certificate.clone(), key: self.key.clone() })
            }
            Err(_) => Err(Unusable::Unfit(self.certificate.clone())),
        }
    }

    /// What the files are at this moment. Blocks.
    pub(super) fn version(&self) -> Version {
        Version([&self.certificate, &self.key].map(|path| {
            // What a link leads to counts: certbot only changes where its links lead.
            let file = fs::metadata(path).ok()?;
            Some([
                file.dev().cast_signed(),
                file.ino().cast_signed(),
                file.size().cast_signed(),
                file.mtime(),
                file.mtime_nsec(),
            ])
        }))
    }

    /// The certificates, and when the first of them is valid.
    fn chain(&self) -> Result<(Vec<CertificateDer<'static>>, [OffsetDateTime; 2]), Unusable> {
        let file = contents(&self.certificate)?;
        let problem = |problem| Unusable::Block(self.certificate.clone(), problem);
        let (mut chain, mut period, mut has_key) = (Vec::new(), None, false);
        for block in pem::blocks(&file).map_err(problem)? {
            if block.is_certificate() {
                let valid = validity(&block.der).ok_or_else(|| problem(block.damaged()))?;
                period.get_or_insert(valid);
                chain.push(CertificateDer::from(block.der));
            } else if block.is_private_key() {
                // A key in the same file is how HAProxy and others have it.
                has_key = true;
            } else if !block.is_parameters() {
                return Err(problem(block.not_a_certificate()));
            }
        }
        period.map(|period| (chain, period)).ok_or_else(|| {
            let hint = hint(&file, has_key, DER_CERTIFICATE);
            Unusable::Missing { file: self.certificate.clone(), wanted: "certificate", hint }
        })
    }

    fn private_key(&self) -> Result<PrivateKeyDer<'static>, Unusable> {
        let file = contents(&self.key)?;
        let problem = |problem| Unusable::Block(self.key.clone(), problem);
        let (mut found, mut has_certificate) = (None, false);
        for block in pem::blocks(&file).map_err(problem)? {
            if block.is_private_key() {
                if found.is_some() {
                    return Err(problem(block.name.problem("is a second private key; keep the certificate's alone")));
                }
                found = Some(block);
            } else {
                has_certificate |= block.is_certificate();
            }
        }
        let missing = || {
            let hint = hint(&file, has_certificate, DER_KEY);
            Unusable::Missing { file: self.key.clone(), wanted: "private key", hint }
        };
        let block = found.ok_or_else(missing)?;
        // Both ways of writing it: PKCS#8, and the older one of OpenSSL.
        if block.encrypted || block.name.label == "ENCRYPTED PRIVATE KEY" {
            return Err(Unusable::Encrypted(self.key.clone()));
        }
        key(&block).map_err(problem)
    }
}

fn key(block: &Block) -> Result<PrivateKeyDer<'static>, pem::Problem> {
    let der = block.der.clone();
    let key = match block.name.label.as_str() {
        "PRIVATE KEY" => PrivateKeyDer::from(PrivatePkcs8KeyDer::from(der)),
        "RSA PRIVATE KEY" => PrivateKeyDer::from(PrivatePkcs1KeyDer::from(der)),
        "EC PRIVATE KEY" => PrivateKeyDer::from(PrivateSec1KeyDer::from(der)),
        "OPENSSH PRIVATE KEY" => return Err(block.name.problem("is a key for SSH; a certificate has another one")),
        _ => return Err(block.name.problem("is a kind of key that is not supported; RSA, ECDSA and Ed25519 are")),
    };
    if block.is_whole() { Ok(key) } else { Err(block.damaged()) }
}

/// From when and until when a certificate is valid, if it is one and nothing follows it.
fn validity(der: &[u8]) -> Option<[OffsetDateTime; 2]> {
    let (rest, certificate) = X509Certificate::from_der(der).ok()?;
    let validity = certificate.validity();
    rest.is_empty().then(|| [validity.not_before.to_datetime(), validity.not_after.to_datetime()])
}

fn contents(path: &Path) -> Result<Vec<u8>, Unusable> {
    let contents = fs::read(path).map_err(|error| Unusable::Unreadable(path.to_owned(), error))?;
    if contents.trim_ascii().is_empty() { Err(Unusable::Empty(path.to_owned())) } else { Ok(contents) }
}

/// What to do about a file that does not have what it should.
fn hint(contents: &[u8], has_other: bool, der: &'static str) -> &'static str {
    const SEQUENCE: u8 = 0x30;
    match contents.first() {
        _ if has_other => WRONG_WAY_ROUND,
        Some(&SEQUENCE) => der,
        _ => OTHER,
    }
}
