//! Files of certificates and keys as people have them: each block is accepted, or named with its number,
//! label and what is wrong, at the start and when it is read again; and a key is never shown.

use crate::harness::{Server, connhub, run_briefly};
use crate::tls::{Certificate, connected, start};
use crate::wait::{eventually, until};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// How a file may be mangled and still be understood.
fn understood(pem: &str) -> Vec<String> {
    vec![
        pem.replace('\n', "\\n"),
        pem.replace('\n', " "),
        pem.replace('\n', "\r\n"),
        format!("\u{feff}{pem}"),
        pem.lines().map(|line| format!("    {line}\n")).collect(),
        format!("{} CN = a comment\n{pem}", "subject="),
    ]
}

/// Parts of a key, one of which would be in any copy of it, and what it is as byte values.
fn traces(key: &str) -> Vec<String> {
    let packed: String = key.lines().filter(|line| !line.starts_with('-')).collect();
    let bytes: Vec<String> = packed.as_bytes()[8..14].iter().map(u8::to_string).collect();
    let mut traces: Vec<String> =
        packed.as_bytes().chunks_exact(12).map(|part| String::from_utf8_lossy(part).into_owned()).collect();
    traces.push(bytes.join(", "));
    traces
}

#[track_caller]
fn assert_hidden(output: &str, key: &str) {
    for trace in traces(key) {
        assert!(!output.contains(&trace), "{trace}: {output}");
    }
}

struct Files {
    folder: TempDir,
    pair: Certificate,
    certificate: String,
    key: String,
}

impl Files {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let pair = Certificate::new(folder.path(), "a");
        let [certificate, key] = [&pair.file, &pair.key].map(|file| fs::read_to_string(file).expect("a file"));
        Self { folder, pair, certificate, key }
    }

    fn write(&self, name: &str, contents: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, contents).expect("a file");
        path
    }

    /// What the start with these options says, which must fail.
    #[track_caller]
    fn refused(&self, options: &[(&str, &Path)]) -> String {
        let mut command = connhub();
        command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(self.folder.path().join("none.db"));
        for (option, file) in options {
            command.arg(option).arg(file);
        }
        let (listened, said) = run_briefly(command);
        assert!(!listened, "{options:?}: {said}");
        said
    }
}

/// What cannot be understood, with the block and what is said of it.
fn mangled(certificate: &str, key: &str) -> Vec<(String, &'static str, &'static str)> {
    let label = "PRIVATE KEY";
    let cut = &key[..key.len() / 2];
    vec![
        (cut.to_owned(), "block 1 (PRIVATE KEY)", "no end"),
        (format!("{cut}\n{certificate}"), "block 1 (PRIVATE KEY)", "no end"),
        (key.replacen('\n', "\n*", 1), "block 1 (PRIVATE KEY)", "is not base64"),
        (key.replacen("\nM", "\n", 1), "block 1 (PRIVATE KEY)", "damaged"),
        (key.replace("-----BEGIN", "----BEGIN"), "block 1", "without a beginning"),
        (key.replace("-----", "—"), "block 1", "five hyphens"),
        (format!("{key}{key}"), "block 2 (PRIVATE KEY)", "second private key"),
        (key.replace(label, "OPENSSH PRIVATE KEY"), "block 1 (OPENSSH PRIVATE KEY)", "for SSH"),
        (key.replace(label, "MY PRIVATE KEY"), "block 1 (MY PRIVATE KEY)", "not supported"),
        (key.replacen(label, "PUBLIC KEY", 1), "block 1 (PUBLIC KEY)", "another label"),
    ]
}

#[test]
fn files_are_understood_however_their_lines_were_mangled() {
    let files = Files::new();
    for (certificate, key) in understood(&files.certificate).into_iter().zip(understood(&files.key)) {
        let (certificate, key) = (files.write("cert", &certificate), files.write("key", &key));
        let flags = [certificate.to_str().expect("UTF-8"), key.to_str().expect("UTF-8")];
        let server = Server::with(&["--tls-cert", flags[0], "--tls-key", flags[1], "--callback-ca", flags[0]]);
        connected(&server, &files.pair.file);
    }
    // Both in one file, as HAProxy has them, and run together on one line.
    let both = files.write("both", &format!("{}{}", files.certificate.trim_end(), files.key).replace('\n', "\\n"));
    let both = both.to_str().expect("UTF-8");
    connected(&Server::with(&["--tls-cert", both, "--tls-key", both]), &files.pair.file);
}

#[test]
fn a_key_that_cannot_be_read_is_named_and_never_shown() {
    let files = Files::new();
    for (contents, block, what) in mangled(&files.certificate, &files.key) {
        let key = files.write("bad.key", &contents);
        let said = files.refused(&[("--tls-cert", &files.pair.file), ("--tls-key", &key)]);
        for words in ["bad.key", block, what] {
            assert!(said.contains(words), "{words}: {said}");
        }
        assert_hidden(&said, &files.key);
        let said = files.refused(&[("--callback-ca", &key)]);
        assert!(said.contains("bad.key"), "{said}");
        assert_hidden(&said, &files.key);
    }
}

#[test]
fn a_certificate_that_cannot_be_read_is_named() {
    let files = Files::new();
    let good = &files.certificate;
    let second = |contents: &str| format!("{good}{contents}");
    let trusted = good.replace(" CERTIFICATE", " TRUSTED CERTIFICATE");
    for (contents, block, what) in [
        (second(&good.replacen("\nM", "\n", 1)), "block 2 (CERTIFICATE)", "damaged"),
        (second(&good[..good.len() / 2]), "block 2 (CERTIFICATE)", "no end"),
        (second(&trusted), "block 2 (TRUSTED CERTIFICATE)", "openssl x509"),
        (good.replace(" CERTIFICATE", " CERTIFICATE REQUEST"), "block 1 (CERTIFICATE REQUEST)", "a request"),
        (good.replace(" CERTIFICATE", " PKCS7"), "block 1 (PKCS7)", "openssl pkcs7"),
        (second("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"), "block 2 (CERTIFICATE)", "is empty"),
    ] {
        let file = files.write("bad.crt", &contents);
        for options in [vec![("--tls-cert", &*file), ("--tls-key", &files.pair.key)], vec![("--callback-ca", &*file)]] {
            let said = files.refused(&options);
            for words in ["bad.crt", block, what] {
                assert!(said.contains(words), "{words}: {said}");
            }
        }
    }
    let said = files.refused(&[("--callback-ca", &files.pair.key)]);
    for words in ["--callback-ca", "block 1 (PRIVATE KEY)", "remove it"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_hidden(&said, &files.key);
    for nothing in ["", "\n", "here could be a certificate\n", "\u{feff}"] {
        let said = files.refused(&[("--callback-ca", &files.write("none.crt", nothing))]);
        assert!(said.contains("none.crt") && said.contains("BEGIN CERTIFICATE"), "{said}");
    }
}

#[test]
fn a_key_that_cannot_be_read_again_is_named_and_never_shown() {
    let files = Files::new();
    let server = start(&files.pair, &[]);
    for (contents, block, what) in mangled(&files.certificate, &files.key) {
        fs::write(&files.pair.key, contents).expect("a file");
        server.signal("-HUP");
        eventually(what, || {
            server.output().lines().any(|line| line.contains(block) && line.contains(what)).then_some(())
        });
        connected(&server, &files.pair.file);
    }
    fs::write(&files.pair.key, files.key.replace('\n', "\\n")).expect("a file");
    until("it is read", || server.output().contains("the certificate was read anew"));
    assert_hidden(&server.output(), &files.key);
}
