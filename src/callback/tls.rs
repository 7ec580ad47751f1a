//! TLS on the connections of callbacks: whom it trusts, and the transport that speaks it. What fails is
//! explained in sentences, see [`explain`].
//!
//! May use `model` for PEM. Used by `connect`. ureq's own connector takes either the web's roots or ours,
//! and shows the words of rustls.

mod explain;

use crate::callback::problem::{Code, Problem};
use crate::model::error::{Error, Result};
use crate::model::pem;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme, StreamOwned};
use std::fmt;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, LazyBuffers, NextTimeout, Transport, TransportAdapter};

/// The first byte of an alert of TLS, and the second, the major version.
const ALERT: [u8; 2] = [0x15, 3];

/// Speaks TLS as a client.
pub(super) struct Tls(Arc<ClientConfig>);

impl Tls {
    /// Trusts the web's roots and, if there is one, the certificates in this file.
    ///
    /// # Errors
    /// If the file cannot be read, or has a block that is not a certificate.
    pub fn new(extra: Option<&Path>) -> Result<Self> {
        let extra = extra.map(certificates).transpose()?.unwrap_or_default();
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        // Each was looked at when it was read.
        roots.add_parsable_certificates(extra.iter().cloned());
        let provider = Arc::new(ring::default_provider());
        let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(Error::fault)?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(Error::fault)?
            // Not dangerous: it only explains what the verifier of rustls refuses.
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Verifier { inner, extra }))
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    /// Shakes hands on a connection.
    pub fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        transport: impl Transport + 'static,
    ) -> Result<Encrypted, ureq::Error> {
        let host = details.uri.host().unwrap_or_default();
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let name = ServerName::try_from(bare.to_owned())
            .map_err(|_| ureq::Error::from(Problem::new(Code::TlsFailed, explain::BAD_NAME)))?;
        let connection = ClientConnection::new(Arc::clone(&self.0), name).map_err(|error| failed(&error))?;
        let adapter = TransportAdapter::new(transport.boxed(), Arc::clone(&details.current_time));
        let mut stream = StreamOwned::new(connection, adapter);
        stream.sock.set_timeout(details.timeout);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).map_err(|error| handshake_failed(error.into()))?;
        }
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Encrypted { buffers, stream })
    }
}

/// The certificates in a file, all of which can be trusted.
fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let problem = |what: String| Error::Unavailable(format!("the certificates in {} {what}", file.display()));
    let contents = std::fs::read(file).map_err(|error| problem(format!("cannot be read: {error}")))?;
    let refused = |refused: pem::Problem| problem(format!("(--callback-ca) cannot be used: {refused}"));
    let mut certificates = Vec::new();
    for block in pem::blocks(&contents).map_err(refused)? {
        if !block.is_certificate() {
            return Err(refused(block.not_a_certificate()));
        }
        let damaged = block.damaged();
        let certificate = CertificateDer::from(block.der);
        // What is no certificate to rustls would else be left out without a word.
        RootCertStore::empty().add(certificate.clone()).map_err(|_| refused(damaged))?;
        certificates.push(certificate);
    }
    if certificates.is_empty() {
        let what = "(--callback-ca) cannot be used: the file has none in PEM form (-----BEGIN CERTIFICATE-----); if it \
                    is in DER form, convert it: openssl x509 -inform der -in FILE -out FILE.pem";
        return Err(problem(what.to_owned()));
    }
    Ok(certificates)
}

/// The verifier of rustls, whose refusals are explained while the certificates are at hand.
#[derive(Debug)]
struct Verifier {
    inner: Arc<WebPkiServerVerifier>,
    extra: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.inner.verify_server_cert(end_entity, intermediates, name, ocsp_response, now);
        verified.map_err(|error| explain::chain(error, end_entity, intermediates, &self.extra))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let verified = self.inner.verify_tls12_signature(message, certificate, signed);
        verified.map_err(|error| explain::key(error, certificate))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let verified = self.inner.verify_tls13_signature(message, certificate, signed);
        verified.map_err(|error| explain::key(error, certificate))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

fn failed(error: &rustls::Error) -> ureq::Error {
    let observed = format!("no TLS connection to the connector: {}", explain::sentence(error));
    ureq::Error::from(Problem { for_owner: explain::names(error), ..Problem::new(Code::TlsFailed, observed) })
}

fn handshake_failed(error: ureq::Error) -> ureq::Error {
    let why = match error {
        ureq::Error::Timeout(_) => explain::TOO_SLOW,
        ureq::Error::Io(error) => match rustls_error(&error) {
            Some(error) => return failed(error),
            None => explain::CUT,
        },
        error => return error,
    };
    ureq::Error::from(Problem::new(Code::TlsFailed, format!("no TLS connection to the connector: {why}")))
}

fn rustls_error(error: &std::io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// A connection that speaks TLS.
pub(super) struct Encrypted {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl fmt::Debug for Encrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encrypted").finish_non_exhaustive()
    }
}

/// An error of an open connection; with TLS 1.3, a connector refuses a missing client certificate only there.
fn broken(error: std::io::Error) -> ureq::Error {
    rustls_error(&error).map(failed).unwrap_or_else(|| error.into())
}

impl Transport for Encrypted {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.sock.set_timeout(timeout);
        self.stream.write_all(&self.buffers.output()[..amount]).map_err(broken)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.sock.set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf()).map_err(broken)?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

/// A connection that speaks plain http, and knows the answer of a port that speaks TLS.
#[derive(Debug)]
pub(super) struct Plain<T> {
    inner: T,
    is_fresh: bool,
}

impl<T> Plain<T> {
    /// A new connection.
    pub fn new(inner: T) -> Self {
        Self { inner, is_fresh: true }
    }
}

impl<T: Transport> Transport for Plain<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let received = self.inner.await_input(timeout)?;
        if std::mem::take(&mut self.is_fresh) && self.inner.buffers().input().starts_with(&ALERT) {
            return Err(ureq::Error::from(Problem::new(Code::TlsFailed, explain::TLS_ON_A_PORT_FOR_HTTP)));
        }
        Ok(received)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }
}

#[cfg(test)]
mod tests;
