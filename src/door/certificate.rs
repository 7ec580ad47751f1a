//! The files of a certificate and its key: read, checked that they belong together, and watched.
//!
//! May use nothing of ours. Used by [`super::tls`].

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
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
    /// A file is damaged.
    #[error("{0} is damaged: {1}")]
    Damaged(PathBuf, String),
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

/// What stands in a PEM file's first line.
const PEM: &str = "-----BEGIN ";
const WRONG_WAY_ROUND: &str = "; are --tls-cert and --tls-key the wrong way round?";
const DER_CERTIFICATE: &str = "; if it is in DER form, convert it: openssl x509 -inform der -in FILE -out FILE.pem";
const DER_KEY: &str = "; if it is in DER form, convert it: openssl pkey -inform der -in FILE -out FILE.pem";
const OTHER: &str = ", only something else";

impl CertificateFiles {
    /// Reads both. Blocks.
    pub(super) fn read(&self) -> Result<Usable, Unusable> {
        let chain = self.chain()?;
        let key = any_supported_type(&self.private_key()?).map_err(|_| Unusable::Unsupported(self.key.clone()))?;
        let period = self.period(&chain)?;
        let key = CertifiedKey::new(chain, key);
        match key.keys_match() {
            // A key of this provider always tells its public half.
            Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {
                Ok(Usable { key, period })
            }
            Err(rustls::Error::InconsistentKeys(_)) => {
                Err(Unusable::Mismatch { certificate: self.certificate.clone(), key: self.key.clone() })
            }
            Err(error) => Err(Unusable::Damaged(self.certificate.clone(), error.to_string())),
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

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>, Unusable> {
        let pem = contents(&self.certificate)?;
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<_, _>>()
            .map_err(|e| damaged(&self.certificate, &e))?;
        if !chain.is_empty() {
            return Ok(chain);
        }
        let hint = hint(&pem, "PRIVATE KEY-----", DER_CERTIFICATE);
        Err(Unusable::Missing { file: self.certificate.clone(), wanted: "certificate", hint })
    }

    fn private_key(&self) -> Result<PrivateKeyDer<'static>, Unusable> {
        let pem = contents(&self.key)?;
        // Both ways of writing it: PKCS#8, and the older one of OpenSSL.
        if holds(&pem, "BEGIN ENCRYPTED PRIVATE KEY") || holds(&pem, "Proc-Type: 4,ENCRYPTED") {
            return Err(Unusable::Encrypted(self.key.clone()));
        }
        PrivateKeyDer::from_pem_slice(&pem).map_err(|error| match error {
            PemError::NoItemsFound => {
                let hint = hint(&pem, "BEGIN CERTIFICATE-----", DER_KEY);
                Unusable::Missing { file: self.key.clone(), wanted: "private key", hint }
            }
            error => damaged(&self.key, &error),
        })
    }

    fn period(&self, chain: &[CertificateDer<'_>]) -> Result<[OffsetDateTime; 2], Unusable> {
        let damaged = |why: String| Unusable::Damaged(self.certificate.clone(), why);
        let first = chain.first().map(|der| X509Certificate::from_der(der));
        let (_, first) =
            first.transpose().map_err(|error| damaged(error.to_string()))?.ok_or_else(|| damaged(String::new()))?;
        let validity = first.validity();
        Ok([validity.not_before.to_datetime(), validity.not_after.to_datetime()])
    }
}

fn contents(path: &Path) -> Result<Vec<u8>, Unusable> {
    let contents = fs::read(path).map_err(|error| Unusable::Unreadable(path.to_owned(), error))?;
    if contents.trim_ascii().is_empty() { Err(Unusable::Empty(path.to_owned())) } else { Ok(contents) }
}

fn damaged(path: &Path, error: &PemError) -> Unusable {
    Unusable::Damaged(path.to_owned(), error.to_string())
}

fn holds(pem: &[u8], text: &str) -> bool {
    pem.windows(text.len()).any(|window| window == text.as_bytes())
}

/// What to do about a file that has not what it should.
fn hint(contents: &[u8], other: &str, der: &'static str) -> &'static str {
    match () {
        () if holds(contents, other) => WRONG_WAY_ROUND,
        () if holds(contents, PEM) => OTHER,
        () => der,
    }
}
