//! TLS: the certificate that is served with, and its exchange for a newer one while connections go on.
//!
//! May use [`super::certificate`]. Used by [`super`] and `app`.

use crate::door::certificate::{CertificateFiles, Unusable, Usable, Version};
use crate::model::error::{Error, Result};
use parking_lot::RwLock;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::net::TcpStream;
use tokio::signal::unix::Signal;
use tokio::sync::watch;
use tokio_rustls::{Accept, TlsAcceptor};

/// How often the files are looked at: their times and lengths, which costs two system calls.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long before its end a certificate is complained of: certbot renews thirty days before.
const EXPIRES_SOON: time::Duration = time::Duration::days(7);

/// How connections are encrypted. Clones share the certificate.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    /// For those who are refused in the words of HTTP/1.
    refusing: TlsAcceptor,
    current: Arc<Current>,
}

/// The certificate of this moment.
struct Current {
    files: CertificateFiles,
    key: RwLock<Arc<CertifiedKey>>,
    /// What the files were right before they were read first.
    version: Version,
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Current").field("files", &self.files).finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.key.read()))
    }
}

impl Tls {
    /// TLS 1.2 and 1.3 with the certificate in these files, for HTTP/2 and HTTP/1.1. Blocks.
    ///
    /// # Errors
    /// If the files are of no use, with how to mend them.
    pub fn new(files: CertificateFiles) -> Result<Self> {
        let unusable = |why: Unusable| Error::Unavailable(format!("no TLS with this certificate: {why}"));
        let version = files.version();
        let Usable { key, period } = files.read().map_err(unusable)?;
        tell_of(&files, period);
        let current = Arc::new(Current { files, key: RwLock::new(Arc::new(key)), version });
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(Error::fault)?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // Clients come back without a full handshake, and the server remembers nothing of them.
        config.ticketer = ring::Ticketer::new().map_err(Error::fault)?;
        let mut refusing = config.clone();
        refusing.alpn_protocols = vec![b"http/1.1".to_vec()];
        let [acceptor, refusing] = [config, refusing].map(|config| TlsAcceptor::from(Arc::new(config)));
        Ok(Self { acceptor, refusing, current })
    }

    /// Shakes hands.
    pub(super) fn accept(&self, stream: TcpStream) -> Accept<TcpStream> {
        self.acceptor.accept(stream)
    }

    /// Shakes hands with a client that is only told why it is refused.
    pub(super) fn accept_to_refuse(&self, stream: TcpStream) -> Accept<TcpStream> {
        self.refusing.accept(stream)
    }

    /// Reads the files anew when one has changed or SIGHUP comes, until told to stop. Where they are
    /// of no use, the certificate stays the one it was, and they are tried again: whoever exchanges
    /// two files writes one after the other.
    pub(super) async fn keep_up_to_date(self, mut hangups: Signal, mut stopped: watch::Receiver<bool>) {
        let mut known = Known { version: Some(self.current.version.clone()), complaint: None };
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            let asked = tokio::select! {
                _ = looks.tick() => false,
                _ = hangups.recv() => true,
                _ = stopped.changed() => return,
            };
            let version = self.look().await;
            if asked || version != known.version {
                self.read_again(&mut known, version, asked).await;
            }
        }
    }

    async fn look(&self) -> Option<Version> {
        let files = self.current.files.clone();
        tokio::task::spawn_blocking(move || files.version()).await.ok()
    }

    async fn read_again(&self, known: &mut Known, version: Option<Version>, asked: bool) {
        let files = self.current.files.clone();
        match tokio::task::spawn_blocking(move || files.read()).await {
            Ok(Ok(Usable { key, period })) => {
                *self.current.key.write() = Arc::new(key);
                *known = Known { version, complaint: None };
                tracing::info!(file = %self.current.files.certificate.display(), "the certificate was read anew");
                tell_of(&self.current.files, period);
            }
            Ok(Err(unusable)) => {
                let why = unusable.to_string();
                // The files are tried again at every look; the log tells it once.
                if asked || known.complaint.as_ref() != Some(&why) {
                    tracing::warn!(why, "the certificate's files are of no use, so the one before stays");
                }
                known.complaint = Some(why);
            }
            Err(error) => tracing::error!(%error, "the certificate's files were not read"),
        }
    }
}

/// What is known of the files.
struct Known {
    /// The version that is served with.
    version: Option<Version>,
    /// What was wrong with a later one.
    complaint: Option<String>,
}

/// Warns of a certificate that clients refuse, or soon will.
fn tell_of(files: &CertificateFiles, [from, until]: [OffsetDateTime; 2]) {
    let now = OffsetDateTime::now_utc();
    let file = files.certificate.display();
    if now < from {
        tracing::warn!(%file, from = text(from), "the certificate is not good yet: clients refuse it");
    } else if now > until {
        tracing::warn!(%file, until = text(until), "the certificate has expired: clients refuse it");
    } else if until - now < EXPIRES_SOON {
        tracing::warn!(%file, until = text(until), "the certificate expires soon");
    }
}

fn text(time: OffsetDateTime) -> String {
    // It is between the years 0 and 9999, as certificates have it.
    time.format(&Rfc3339).unwrap_or_default()
}
