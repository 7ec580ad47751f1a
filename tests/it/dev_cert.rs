//! `connhub dev-cert`: certificates that real clients take, for the names asked for and no others.

use crate::harness::{Finished, Server, connhub, run};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;

/// A folder that certificates are made in.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    fn try_make(&self, arguments: &[&str]) -> Finished {
        run(connhub().arg("dev-cert").args(arguments).arg("--out").arg(self.0.path()))
    }

    /// Makes a certificate; what was printed.
    #[track_caller]
    fn make(&self, arguments: &[&str]) -> String {
        let made = self.try_make(arguments);
        assert!(made.success, "{}", made.stderr);
        made.stdout
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("UTF-8").to_owned()
    }

    fn content(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect(name)
    }

    fn server(&self) -> Arc<Server> {
        Server::with(&["--tls-cert", &self.text("server.pem"), "--tls-key", &self.text("server.key")])
    }
}

/// Asks a server by a name; the status, or nothing where curl does not trust it.
fn curl(server: &Server, folder: &Folder, name: &str) -> Option<String> {
    let (address, port) =
        server.authority().rsplit_once(':').map(|(a, p)| (a.to_owned(), p.to_owned())).expect("a port");
    let url = format!("https://{name}:{port}/healthz");
    let answer = run(Command::new("curl")
        .args(["-sS", "--max-time", "30", "--http2", "-o", "/dev/null", "-w", "%{http_version} %{response_code}"])
        .args(["--cacert", &folder.text("ca.pem"), "--resolve", &format!("{name}:{port}:{address}"), &url]));
    answer.success.then_some(answer.stdout)
}

#[track_caller]
fn openssl(arguments: &[&str]) -> Finished {
    run(Command::new("openssl").args(arguments))
}

fn verifies(authority: &Path, certificate: &Path, name: &[&str]) -> bool {
    let mut command = Command::new("openssl");
    command.args(["verify", "-x509_strict", "-purpose", "sslserver"]).args(name);
    run(command.arg("-CAfile").arg(authority).arg(certificate)).success
}

#[test]
fn clients_that_trust_the_authority_take_its_certificate_for_its_names_alone() {
    let folder = Folder::new();
    folder.make(&[]);
    let server = folder.server();
    assert_eq!(curl(&server, &folder, "localhost").as_deref(), Some("2 200"));
    assert_eq!(curl(&server, &folder, "127.0.0.1").as_deref(), Some("2 200"));
    assert_eq!(curl(&server, &folder, "hub.example.com"), None);
    let (authority, certificate) = (folder.path("ca.pem"), folder.path("server.pem"));
    for name in [["-verify_hostname", "localhost"], ["-verify_ip", "127.0.0.1"], ["-verify_ip", "::1"]] {
        assert!(verifies(&authority, &certificate, &name), "{name:?}");
    }
    for name in [["-verify_hostname", "example.com"], ["-verify_ip", "127.0.0.2"]] {
        assert!(!verifies(&authority, &certificate, &name), "{name:?}");
    }
    assert!(!verifies(&Folder::with_authority().path("ca.pem"), &certificate, &[]), "another one's authority");
}

impl Folder {
    fn with_authority() -> Self {
        let folder = Self::new();
        folder.make(&[]);
        folder
    }
}

#[test]
fn node_and_python_take_it_as_the_printed_variables_say() {
    let folder = Folder::new();
    let printed = folder.make(&[]);
    let authority = fs::canonicalize(folder.path("ca.pem")).expect("a path");
    let authority = authority.to_str().expect("UTF-8");
    let server = folder.server();
    let url = server.url().replace("127.0.0.1", "localhost") + "/healthz";
    let node = "fetch(process.argv[1]).then(r => r.text()).then(t => process.stdout.write(t), e => { console.error(e); process.exit(1) })";
    let python = "import sys, urllib.request; sys.stdout.write(urllib.request.urlopen(sys.argv[1]).read().decode())";
    for (program, flag, code, variable) in
        [("node", "-e", node, "NODE_EXTRA_CA_CERTS"), ("python3", "-c", python, "SSL_CERT_FILE")]
    {
        assert!(printed.contains(&format!("{variable}={authority}")), "{printed}");
        let ask = || {
            let mut command = Command::new(program);
            command.args([flag, code, &url]).env_remove(variable);
            command
        };
        let trusted = run(ask().env(variable, authority));
        assert_eq!(trusted.stdout, "ok\n", "{program}: {}", trusted.stderr);
        assert!(!run(&mut ask()).success, "{program} trusts nobody by itself");
    }
}

#[test]
fn the_authority_is_made_once_and_keys_are_for_nobody_else() {
    let folder = Folder::new();
    let first = folder.make(&["hub.example.com", "10.1.2.3", "*.hub.example.com"]);
    assert!(
        first.contains("new: have your clients trust it") && first.contains("hub.example.com, 10.1.2.3"),
        "{first}"
    );
    let before = ["ca.pem", "ca.key", "server.pem", "server.key"].map(|name| folder.content(name));
    let second = folder.make(&["hub.example.com", "a.hub.example.com", "localhost"]);
    assert!(second.contains("the same as before"), "{second}");
    let after = ["ca.pem", "ca.key", "server.pem", "server.key"].map(|name| folder.content(name));
    assert_eq!(before[..2], after[..2]);
    assert!(before[2] != after[2] && before[3] != after[3]);
    let names = ["-verify_hostname", "a.hub.example.com"];
    assert!(verifies(&folder.path("ca.pem"), &folder.path("server.pem"), &names));
    for (name, mode) in [("ca.key", 0o600), ("server.key", 0o600), ("ca.pem", 0o644), ("server.pem", 0o644)] {
        let permissions = fs::metadata(folder.path(name)).expect(name).permissions();
        assert_eq!(permissions.mode() & 0o777, mode, "{name}");
    }
    assert_eq!(fs::read_dir(folder.0.path()).expect("the folder").count(), 4, "nothing else is left there");
    let days = |days: u32| {
        let seconds = (days * 86_400).to_string();
        openssl(&["x509", "-noout", "-checkend", &seconds, "-in", &folder.text("server.pem")]).success
    };
    assert!(days(396) && !days(398), "Apple and browsers take no certificate for longer");
}

#[test]
fn whoever_steals_the_authoritys_key_cannot_pretend_to_be_others() {
    let folder = Folder::with_authority();
    let about = openssl(&["x509", "-noout", "-text", "-in", &folder.text("ca.pem")]).stdout;
    for expected in ["connhub development CA (", "CA:TRUE, pathlen:0", "DNS:localhost", "Name Constraints: critical"] {
        assert!(about.contains(expected), "{expected} in {about}");
    }
    let forge = |name: &str| {
        let (request, key, forged) = (folder.text("forged.csr"), folder.text("forged.key"), folder.text("forged.pem"));
        let subject = format!("subjectAltName=DNS:{name}");
        let extensions = folder.text("extensions");
        fs::write(&extensions, &subject).expect("a file");
        let made =
            openssl(&["req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout", &key, "-out", &request]);
        assert!(made.success, "{}", made.stderr);
        let (ca, ca_key) = (folder.text("ca.pem"), folder.text("ca.key"));
        let signing =
            ["x509", "-req", "-in", &request, "-CA", &ca, "-CAkey", &ca_key, "-extfile", &extensions, "-out", &forged];
        let signed = openssl(&signing);
        assert!(signed.success, "{}", signed.stderr);
        let certificate = folder.path("forged.pem");
        run(Command::new("openssl").arg("verify").arg("-CAfile").arg(&ca).arg(certificate)).success
    };
    assert!(forge("localhost"), "as it would be without constraints");
    assert!(!forge("bank.example.com"));
}

#[test]
fn connectors_with_the_platforms_url_find_it_here_on_request() {
    let folder = Folder::new();
    let printed = folder.make(&["--platform-names"]);
    assert!(printed.contains("127.0.0.1 connectors.connctd.io api.connctd.io"), "{printed}");
    let server = folder.server();
    for name in ["api.connctd.io", "connectors.connctd.io", "localhost"] {
        assert_eq!(curl(&server, &folder, name).as_deref(), Some("2 200"), "{name}");
    }
    let other = Folder::new();
    assert!(!other.make(&[]).contains("connctd.io"), "not without being asked");
    let refused = other.try_make(&["--platform-names"]);
    assert!(
        !refused.success && refused.stderr.contains("may not vouch for connectors.connctd.io"),
        "{}",
        refused.stderr
    );
}

#[test]
fn what_it_has_not_made_it_leaves_alone() {
    let made = Folder::with_authority();
    let mine = Folder::new();
    let own = openssl(&[
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=connhub development CA",
        "-keyout",
        &mine.text("other.key"),
        "-out",
        &mine.text("other.pem"),
    ]);
    assert!(own.success, "{}", own.stderr);
    for (file, content) in [
        ("server.pem", mine.content("other.pem")),
        ("server.pem", "my diary".to_owned()),
        ("server.key", mine.content("other.key")),
        ("ca.pem", mine.content("other.pem")),
        ("ca.key", mine.content("other.key")),
    ] {
        let before = made.content(file);
        fs::write(made.path(file), &content).expect("a file");
        let refused = made.try_make(&[]);
        assert!(!refused.success && refused.stderr.contains("--out"), "{file}: {}", refused.stderr);
        assert_eq!(made.content(file), content);
        fs::write(made.path(file), before).expect("a file");
    }
    made.make(&[]);
    let alone = Folder::new();
    fs::write(alone.path("server.key"), "my diary").expect("a file");
    assert!(!alone.try_make(&[]).success);
    assert_eq!(fs::read_dir(alone.0.path()).expect("the folder").count(), 1);
}

#[test]
fn names_that_are_none_are_refused() {
    let folder = Folder::new();
    for name in ["https://hub.example.com", "hub:7171", "*", ""] {
        let refused = folder.try_make(&[name]);
        assert!(!refused.success && refused.stderr.contains("no host name"), "{name}: {}", refused.stderr);
    }
    assert_eq!(fs::read_dir(folder.0.path()).expect("the folder").count(), 0);
}
