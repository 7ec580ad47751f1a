//! nginx and Caddy as reverse proxies, each with its default configuration: unprivileged processes with
//! a folder and a port of their own, ended with the test.

use crate::harness::Companion;
use crate::wait::eventually;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// How often another port is tried if somebody took the one that was free.
const ATTEMPTS: usize = 5;

/// A proxy that runs.
pub struct Proxy {
    authority: String,
    companion: Companion,
    _folder: TempDir,
}

/// Which program it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    Nginx,
    Caddy,
}

impl Program {
    pub const ALL: [Self; 2] = [Self::Nginx, Self::Caddy];

    /// In front of `upstream`, such as `127.0.0.1:7171`, with nothing but `proxy_pass http://…;` or
    /// `reverse_proxy …`.
    pub fn start(self, upstream: &str) -> Proxy {
        self.start_with(upstream, "")
    }

    /// Like [`Self::start`], with more directives beside that one: in nginx's `location`, in Caddy's `reverse_proxy`.
    pub fn start_with(self, upstream: &str, directives: &str) -> Proxy {
        self.start_site(|authority| match self {
            Self::Nginx => format!(
                "server {{\nlisten {authority};\nlocation / {{\nproxy_pass http://{upstream};\n{directives}\n}}\n}}\n"
            ),
            Self::Caddy => {
                let (address, port) = authority.rsplit_once(':').expect("a port");
                format!("http://:{port} {{\nbind {address}\nreverse_proxy {upstream} {{\n{directives}\n}}\n}}\n")
            }
        })
    }

    /// With a whole site as administrators write it, for the address where it is to listen: what is in a file of
    /// nginx's `conf.d`, or in a Caddyfile.
    pub fn start_site(self, site: impl Fn(&str) -> String) -> Proxy {
        (0..ATTEMPTS).find_map(|_| self.try_start(&site)).expect("a port that stays free")
    }

    fn try_start(self, site: impl Fn(&str) -> String) -> Option<Proxy> {
        let folder = TempDir::new().expect("a temporary folder");
        let authority = free_authority();
        let command = match self {
            Self::Nginx => nginx(folder.path(), &site(&authority)),
            Self::Caddy => caddy(folder.path(), &site(&authority)),
        };
        let companion = Companion::spawn(command);
        // What it prints once it listens, if somebody took the port, and if it ends for another reason.
        let [ready, taken, failed] = match self {
            Self::Nginx => ["getrlimit", "Address already in use", "[emerg]"],
            Self::Caddy => ["serving initial configuration", "address already in use", "Error: "],
        };
        let listens = eventually(ready, || {
            let output = companion.output();
            let is_taken = output.contains(taken);
            assert!(is_taken || !output.contains(failed), "{self:?} does not start");
            (is_taken || output.contains(ready)).then_some(!is_taken)
        });
        listens.then_some(Proxy { authority, companion, _folder: folder })
    }
}

impl Proxy {
    /// Where it listens, as `127.0.0.1:8080`.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Everything that it has printed so far.
    pub fn output(&self) -> String {
        self.companion.output()
    }
}

fn free_authority() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}

fn nginx(folder: &Path, site: &str) -> Command {
    let shown = folder.display();
    // One process, so that none is left when it is killed. The folders are what Debian's package compiles in.
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|name| format!("{name}_temp_path {shown}/{name};\n"))
        .collect();
    let configuration = format!(
        "daemon off;\nmaster_process off;\npid {shown}/pid;\nerror_log stderr notice;\nevents {{}}\nhttp {{\naccess_log \
         off;\n{temporary}{site}}}\n"
    );
    let file = folder.join("nginx.conf");
    fs::write(&file, configuration).expect("a file");
    // It is not in everybody's PATH.
    let program = ["/usr/sbin/nginx", "/usr/bin/nginx"].into_iter().find(|path| Path::new(path).exists());
    let mut command = Command::new(program.unwrap_or("nginx"));
    command.args(["-e", "stderr", "-p"]).arg(folder).arg("-c").arg(file);
    command
}

fn caddy(folder: &Path, site: &str) -> Command {
    let file = folder.join("Caddyfile");
    fs::write(&file, format!("{{\nadmin off\n}}\n{site}")).expect("a file");
    let mut command = Command::new("caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
    command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
    command
}
