//! TLS against real servers (`openssl s_server`) with certificates that are wrong in every way that people
//! make them, and the sentences that say so.

use super::*;
use crate::callback::Settings;
use crate::callback::client::Client;
use crate::callback::message::Target;
use crate::model::callback::FOR_OWNER;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair};
use rustls::{AlertDescription, CertificateError, InvalidMessage, PeerIncompatible, PeerMisbehaved};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use time::OffsetDateTime;

/// A configuration of OpenSSL whose certificates are servers', not authorities'.
const CONFIGURATION: &str = "[req]\ndistinguished_name = name\nx509_extensions = server\n[name]\n[server]\n\
                             basicConstraints = critical, CA:FALSE\nsubjectAltName = IP:127.0.0.1\n";
/// Words of libraries, none of which may reach a person.
const LIBRARY: [&str; 7] = ["Error", "Other(", "signature_algorithm", "BadSignature", "[6,", "::", "fatal"];

fn openssl(folder: &Path, arguments: &str) {
    let done = Command::new("openssl").current_dir(folder).args(arguments.split(' ')).output().expect("openssl");
    assert!(done.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&done.stderr));
}

/// A certificate that is its own authority, made with these arguments, in `cert.pem` and `key.pem`.
fn self_made(folder: &Path, arguments: &str) {
    std::fs::write(folder.join("openssl.cnf"), CONFIGURATION).expect("a file");
    let rest = "-nodes -config openssl.cnf -subj /CN=secret.example -days 2 -keyout key.pem -out cert.pem";
    openssl(folder, &format!("req -x509 {arguments} {rest}"));
}

/// The same as rcgen makes it.
fn of_parameters(folder: &Path, change: impl FnOnce(&mut CertificateParams)) {
    let mut parameters = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
    change(&mut parameters);
    let key = KeyPair::generate().expect("a key");
    let certificate = parameters.self_signed(&key).expect("a certificate");
    std::fs::write(folder.join("cert.pem"), certificate.pem()).expect("a file");
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).expect("a file");
}

/// An authority in `ca.pem`, and a request with this key for it to sign.
fn authority(folder: &Path, name: &str, key: &str) {
    openssl(folder, &format!("req -x509 -newkey rsa:2048 -nodes -subj /CN={name} -days 2 -keyout ca.key -out ca.pem"));
    openssl(folder, &format!("req -new {key} -nodes -subj /CN=connector -keyout key.pem -out request.pem"));
    std::fs::write(folder.join("server.cnf"), "subjectAltName = IP:127.0.0.1\n").expect("a file");
}

const SIGN: &str = "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -days 2 -out cert.pem";

struct Openssl(Child);

impl Drop for Openssl {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_authority() -> String {
    TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").to_string()
}

/// What is said of a call over this scheme, tried until somebody listens.
fn call(scheme: &str, authority: &str, ca: Option<&Path>) -> Result<u16, Problem> {
    let settings = Settings {
        allow_loopback: true,
        extra_ca: ca.map(Path::to_owned),
        timeout: Duration::from_secs(20),
        connect_timeout: Duration::from_secs(20),
        ..Settings::default()
    };
    let client = Client::new(&settings).expect("a client");
    let target = Target { scheme: scheme.to_owned(), authority: authority.to_owned(), path_and_query: "/".to_owned() };
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match client.exchange("DELETE", &target, &[], "").answer {
            Err(problem) if problem.code == Code::Unreachable && Instant::now() < deadline => std::thread::yield_now(),
            answer => return answer.map(|received| received.status),
        }
    }
}

/// What is said of `openssl s_server` with the certificate in a folder and these further arguments.
fn said_of_server(folder: &Path, arguments: &str, ca: Option<&str>) -> Result<u16, Problem> {
    let authority = free_authority();
    let mut command = Command::new("openssl");
    command.current_dir(folder).args(["s_server", "-quiet", "-accept", &authority]);
    command.args("-cert cert.pem -key key.pem".split(' ')).args(arguments.split_whitespace());
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("openssl");
    let (mut heard, mut said) = child.stdout.take().zip(child.stdin.take()).expect("two pipes");
    let _server = Openssl(child);
    std::thread::spawn(move || {
        let (mut request, mut byte) = (Vec::new(), [0]);
        while heard.read_exact(&mut byte).is_ok() {
            request.push(byte[0]);
            if request.ends_with(b"\r\n\r\n") {
                // It may have ended.
                let _ = said.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
            }
        }
    });
    call("https", &authority, ca.map(|name| folder.join(name)).as_deref())
}

#[track_caller]
fn assert_explained(case: &str, answer: Result<u16, Problem>, words: &[&str]) {
    let problem = answer.expect_err(case);
    assert_eq!(problem.code, Code::TlsFailed, "{case}: {problem}");
    for word in words {
        assert!(problem.observed.contains(word), "{case}, {word}: {problem}");
    }
    for word in LIBRARY.iter().chain(&["127.0.0.1", "secret"]) {
        assert!(!problem.observed.contains(word), "{case}, {word}: {problem}");
    }
}

#[test]
fn a_server_that_is_as_it_should_be_is_called() {
    let folder = TempDir::new().expect("a folder");
    let folder = folder.path();
    self_made(folder, "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -sha256");
    assert_eq!(said_of_server(folder, "", Some("cert.pem")).expect("an answer"), 204);
    assert_eq!(said_of_server(folder, "-tls1_2", Some("cert.pem")).expect("an answer"), 204);
}

#[test]
fn certificates_that_people_make_by_mistake_are_explained() {
    let p256 = "-newkey ec -pkeyopt ec_paramgen_curve:P-256";
    let old = "-cipher ALL:@SECLEVEL=0";
    for (make, server, words) in [
        (
            format!("{p256} -sha512"),
            "",
            &["the connector's certificate is signed with ECDSA and SHA-512 by a P-256 key"][..],
        ),
        ("-newkey ec -pkeyopt ec_paramgen_curve:P-521".to_owned(), "", &["P-521", "dev-cert"]),
        ("-newkey rsa:1024".to_owned(), old, &["an RSA key of 1024 bits", "dev-cert"]),
        ("-newkey rsa:2048 -sha1".to_owned(), old, &["signed with RSA and SHA-1"]),
        (p256.to_owned(), "-tls1 -cipher ALL:@SECLEVEL=0", &["TLS 1.0 or 1.1 only"]),
        (p256.to_owned(), "-Verify 1 -verify_return_error", &["demands a client certificate"]),
        (p256.to_owned(), "-Verify 1 -verify_return_error -tls1_2", &["demands a client certificate"]),
    ] {
        let folder = TempDir::new().expect("a folder");
        self_made(folder.path(), &make);
        let case = format!("{make} {server}");
        assert_explained(&case, said_of_server(folder.path(), server, Some("cert.pem")), words);
    }
    let folder = TempDir::new().expect("a folder");
    // As the manuals have it: with OpenSSL's own configuration.
    openssl(
        folder.path(),
        "req -x509 -newkey rsa:2048 -nodes -subj /CN=x -days 2 -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem",
    );
    assert_explained("CA:TRUE", said_of_server(folder.path(), "", Some("cert.pem")), &["CA:TRUE", "connhub dev-cert"]);
    self_made(folder.path(), p256);
    assert_explained("untrusted", said_of_server(folder.path(), "", None), &["self-signed", "--callback-ca"]);
}

#[test]
fn times_names_and_purposes_of_certificates_are_explained() {
    let day = time::Duration::days(1);
    type Change = Box<dyn FnOnce(&mut CertificateParams)>;
    let names = |names: Vec<String>| CertificateParams::new(names).expect("names").subject_alt_names;
    let cases: Vec<(&str, Change, &[&str])> = vec![
        (
            "expired",
            Box::new(move |it| it.not_after = OffsetDateTime::now_utc() - day),
            &["has expired", "until 20", "renew"],
        ),
        (
            "early",
            Box::new(move |it| it.not_before = OffsetDateTime::now_utc() + day),
            &["not valid before 20", "clocks"],
        ),
        (
            "other name",
            Box::new(move |it| it.subject_alt_names = names(vec!["secret.example".to_owned()])),
            &["for another host"],
        ),
        ("no name", Box::new(|it| it.subject_alt_names.clear()), &["subjectAltName", "common name"]),
        (
            "client's",
            Box::new(|it| it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]),
            &["serverAuth"],
        ),
    ];
    for (case, change, words) in cases {
        let folder = TempDir::new().expect("a folder");
        of_parameters(folder.path(), change);
        assert_explained(case, said_of_server(folder.path(), "", Some("cert.pem")), words);
    }
}

#[test]
fn the_names_of_a_certificate_for_another_host_are_for_the_connectors_owner() {
    let many: Vec<String> = (0..12).map(|number| format!("h{number}.secret.example")).collect();
    for (names, expected) in [
        (vec!["secret.example".to_owned()], "the certificate is for \"secret.example\""),
        (vec!["*.secret.example".to_owned(), "10.0.0.1".to_owned()], "\"*.secret.example\", 10.0.0.1"),
        (vec!["::1".to_owned()], "the certificate is for ::1"),
        (many, "\"h9.secret.example\" and 2 more"),
    ] {
        let folder = TempDir::new().expect("a folder");
        let names = CertificateParams::new(names).expect("names").subject_alt_names;
        of_parameters(folder.path(), |it| it.subject_alt_names = names);
        let problem = said_of_server(folder.path(), "", Some("cert.pem")).expect_err("another host");
        let logged = problem.logged();
        assert!(logged.contains(FOR_OWNER) && logged.ends_with(expected), "{logged}");
        assert_explained("another host", Err(problem), &["for another host"]);
    }
}

#[test]
fn chains_are_explained() {
    let ec = "-newkey ec -pkeyopt ec_paramgen_curve:P-256";
    let folder = TempDir::new().expect("a folder");
    let folder = folder.path();
    authority(folder, "ca", ec);
    openssl(folder, &format!("{SIGN} -extfile server.cnf"));
    assert_eq!(said_of_server(folder, "", Some("ca.pem")).expect("an answer"), 204);
    assert_explained(
        "untrusted",
        said_of_server(folder, "", None),
        &["not trusted here", "whole chain", "--callback-ca"],
    );
    openssl(folder, "req -x509 -newkey rsa:2048 -nodes -subj /CN=ca -days 2 -keyout other.key -out other.pem");
    assert_explained("made again", said_of_server(folder, "", Some("other.pem")), &["made again under the same name"]);
    openssl(folder, SIGN);
    assert_explained("version 1", said_of_server(folder, "", Some("ca.pem")), &["X.509 version 1", "-extfile"]);
    openssl(folder, "req -x509 -newkey rsa:1024 -nodes -subj /CN=ca -days 2 -keyout ca.key -out ca.pem");
    openssl(folder, &format!("{SIGN} -extfile server.cnf"));
    assert_explained(
        "weak authority",
        said_of_server(folder, "", Some("ca.pem")),
        &["the authority's certificate has an RSA key of 1024"],
    );
}

#[test]
fn a_weak_key_that_a_good_authority_signed_is_explained() {
    for version in ["-tls1_2", "-tls1_3"] {
        let folder = TempDir::new().expect("a folder");
        let folder = folder.path();
        authority(folder, "ca", "-newkey rsa:1024");
        openssl(folder, &format!("{SIGN} -extfile server.cnf"));
        let answer = said_of_server(folder, &format!("{version} -cipher ALL:@SECLEVEL=0"), Some("ca.pem"));
        assert_explained(version, answer, &["the connector's certificate has an RSA key of 1024 bits", "dev-cert"]);
    }
}

/// Takes one connection, says this, and closes it.
fn says(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let authority = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut hello = [0; 4_096];
        let _ = stream.read(&mut hello);
        // The client may be gone.
        let _ = stream.write_all(bytes);
    });
    authority
}

#[test]
fn ports_that_speak_something_else_are_explained() {
    for answer in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"SSH-2.0-OpenSSH_9.2\r\n", b"220 mail ready\r\n"] {
        assert_explained("no TLS", call("https", &says(answer), None), &["not in TLS", "port"]);
    }
    assert_explained("cut", call("https", &says(b""), None), &["closed the connection", "log"]);
    let alert = b"\x15\x03\x03\x00\x02\x02\x32";
    assert_explained("TLS", call("http", &says(alert), None), &["speaks TLS", "https://"]);
}

#[test]
fn nothing_that_can_fail_is_said_in_a_librarys_words() {
    let mut errors: Vec<rustls::Error> = vec![
        rustls::Error::NoCertificatesPresented,
        rustls::Error::DecryptError,
        rustls::Error::EncryptError,
        rustls::Error::General("SomeError".to_owned()),
        rustls::Error::PeerSentOversizedRecord,
        rustls::Error::NoApplicationProtocol,
        rustls::Error::HandshakeNotComplete,
        rustls::Error::InvalidMessage(InvalidMessage::MissingData("SomeError")),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType),
        rustls::Error::InvalidMessage(InvalidMessage::CertificatePayloadTooLarge),
        rustls::Error::PeerMisbehaved(PeerMisbehaved::WrongGroupForKeyShare),
        rustls::Error::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon),
        rustls::Error::PeerIncompatible(PeerIncompatible::ExtendedMasterSecretExtensionRequired),
        rustls::Error::Other(rustls::OtherError(Arc::new(webpki::Error::BadDer))),
    ];
    errors.extend((0..=255).map(|alert| rustls::Error::AlertReceived(AlertDescription::from(alert))));
    let of_webpki = [
        webpki::Error::CaUsedAsEndEntity,
        webpki::Error::EndEntityUsedAsCa,
        webpki::Error::NameConstraintViolation,
        webpki::Error::PathLenConstraintViolated,
        webpki::Error::UnsupportedCertVersion,
        webpki::Error::EmptyEkuExtension,
        webpki::Error::InvalidSerialNumber,
        webpki::Error::MaximumSignatureChecksExceeded,
    ];
    let other = |error| CertificateError::Other(rustls::OtherError(Arc::new(error)));
    let certificates = [
        CertificateError::BadEncoding,
        CertificateError::Expired,
        CertificateError::NotValidYet,
        CertificateError::Revoked,
        CertificateError::UnhandledCriticalExtension,
        CertificateError::UnknownIssuer,
        CertificateError::UnknownRevocationStatus,
        CertificateError::BadSignature,
        CertificateError::NotValidForName,
        CertificateError::InvalidPurpose,
        CertificateError::InvalidOcspResponse,
        CertificateError::ApplicationVerificationFailure,
    ];
    errors.extend(of_webpki.map(other).into_iter().chain(certificates).map(rustls::Error::InvalidCertificate));
    for error in errors {
        let said = explain::sentence(&error);
        assert!(said.len() > 40 && !LIBRARY.iter().any(|word| said.contains(word)), "{error:?}: {said}");
        // CamelCase is a name of a library's, but for some of ours.
        let is_camel = |pair: &[u8]| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase();
        let camel = |word: &str| word.as_bytes().windows(2).any(is_camel);
        let known = ["subjectAltName", "extendedKeyUsage", "serverAuth", "ChaCha20"];
        let odd = said.split(|c: char| !c.is_alphanumeric()).find(|word| camel(word) && !known.contains(word));
        assert_eq!(odd, None, "{said}");
    }
}
