//! Values of options that are not what was meant, from environment files above all: refused with the variable's name,
//! taken as not given, or warned of; and never a secret in an error.

use crate::harness::{EMAIL, Finished, PASSWORD, Server, connhub, run};
use crate::http::Request;
use crate::startup::{OPTIONS, temporary};
use crate::users::login;
use crate::wait::until;
use std::net::TcpListener;

const SECRETS: [&str; 3] = ["CONNHUB_PASSWORD", "CONNHUB_SECRET", "CONNHUB_METRICS_TOKEN"];

/// What a server with this environment and these flags says instead of starting, and that it has made nothing.
#[track_caller]
fn refused(environment: &[(&str, &str)], flags: &[&str]) -> String {
    let database = temporary();
    let mut command = connhub();
    command.args(["serve", "--listen", "127.0.0.1:0"]).args(flags);
    if !environment.iter().any(|(name, _)| name.starts_with("CONNHUB_TLS")) {
        // Looked at after all options: what is not refused does not run for good.
        command.args(["--tls-cert", "/no/such/file", "--tls-key", "/no/such/file"]);
    }
    if !environment.iter().any(|(name, _)| *name == "CONNHUB_DB") {
        command.arg("--db").arg(&database);
    }
    let Finished { success, stdout, stderr } =
        run(command.current_dir(database.parent().expect("a folder")).envs(environment.iter().copied()));
    assert!(!success && stdout.is_empty(), "{environment:?} {flags:?}: {stdout}{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    let made = std::fs::read_dir(database.parent().expect("a folder")).expect("a folder").count();
    assert_eq!(made, 0, "{environment:?} {flags:?}: something was made");
    stderr
}

#[test]
fn control_characters_and_outer_spaces_are_refused_with_the_variable() {
    let long = "0123456789abcdef0123456789abcdef";
    for variable in SECRETS {
        for value in ["{}\n", "{}\r", " {}", "{} ", "{}\u{a0}", "\u{feff}{}", "{}\u{1b}[2J", "{}\t"] {
            let value = value.replace("{}", long);
            let told = refused(&[(variable, &value)], &[]);
            assert!(told.contains(variable) && !told.contains(long), "{value:?}: {told}");
        }
    }
    for (variable, value) in [
        ("CONNHUB_DB", "x.db\r"),
        ("CONNHUB_LOG", "info\r"),
        ("CONNHUB_LOG_FORMAT", "text\r"),
        ("CONNHUB_PUBLIC_URL", "https://hub.example\r"),
        ("CONNHUB_EMAIL", "me@example.com "),
        ("CONNHUB_ALLOW_HOST", " hub.example"),
        ("CONNHUB_ACTION_DEADLINE", "60s\r"),
        ("CONNHUB_DEMO", "true\r"),
        ("CONNHUB_READERS", "8\n"),
        ("CONNHUB_CALLBACK_CA", "ca.pem "),
    ] {
        let told = refused(&[(variable, value)], &[]);
        assert!(told.starts_with(&format!("connhub: {variable} (")) && !told.contains('\r'), "{value:?}: {told:?}");
    }
    let told = refused(&[("CONNHUB_DB", "x.db\r"), ("CONNHUB_LOG", "info\r")], &[]);
    assert_eq!(told.lines().count(), 2, "all of it at once: {told}");
    for (flag, value) in [
        ("--password", " correct horse battery"),
        ("--email", "me@example.com\r"),
        ("--public-url", "https://x.example "),
    ] {
        let told = refused(&[], &[flag, value]);
        assert!(told.contains(flag) && !told.contains("correct horse"), "{told}");
    }
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let names: Vec<_> =
        OPTIONS.iter().map(|option| format!("CONNHUB_{}", option.to_uppercase().replace('-', "_"))).collect();
    let given = ["CONNHUB_PASSWORD", "CONNHUB_SECRET", "CONNHUB_METRICS_TOKEN", "CONNHUB_EMAIL", "CONNHUB_LISTEN"];
    let mut environment = vec![("CONNHUB_EMAIL", EMAIL), ("CONNHUB_PASSWORD", PASSWORD)];
    environment.extend(names.iter().filter(|name| !given.contains(&name.as_str())).map(|name| (name.as_str(), "")));
    let server = Server::with_environment(&[], &environment);
    server.send(&login(EMAIL, PASSWORD)).expect(200);
    until("requests are logged at info", || server.output().contains("/api/v1/auth/login"));
    let unset = run(connhub().args(["demo-connector", "--help"]).env("CONNHUB_DEMO_HUB", ""));
    assert!(unset.stdout.contains("CONNHUB_DEMO_HUB"), "help lists it all the same: {}", unset.stdout);
}

#[test]
fn an_empty_secret_is_an_error_that_names_the_variable() {
    for variable in SECRETS {
        let told = refused(&[(variable, "")], &[]);
        assert!(told.contains(&format!("{variable} is empty")), "{told}");
    }
    for flag in ["--password", "--secret", "--metrics-token", "--email", "--log"] {
        let told = refused(&[], &[flag, ""]);
        assert!(told.contains(flag), "{told}");
    }
}

#[test]
fn quotation_marks_around_a_value_are_warned_of_without_showing_a_secret() {
    let quoted = format!("\"{PASSWORD}\"");
    let server = Server::with_environment(&[], &[("CONNHUB_EMAIL", EMAIL), ("CONNHUB_PASSWORD", &quoted)]);
    server.send(&login(EMAIL, &quoted)).expect(200);
    let log = server.output();
    assert!(log.contains("CONNHUB_PASSWORD has quotation marks") && !log.contains(PASSWORD), "{log}");
    for (variable, value) in
        [("CONNHUB_LOG", "'info'"), ("CONNHUB_LISTEN", "\"127.0.0.1:0\""), ("CONNHUB_READERS", "\"8\"")]
    {
        let mut command = connhub();
        let told = run(command.args(["serve", "--db"]).arg(temporary()).env(variable, value)).stderr;
        assert!(told.contains(variable) && told.contains("quotation marks"), "{told}");
    }
}

#[test]
fn an_error_names_the_variable_or_the_flag_whichever_was_given() {
    for (option, value, why) in [
        ("action-deadline", "soon", "such as"),
        ("action-deadline", "8000years", "365days"),
        ("action-deadline", "0s", "from 10ms"),
        ("developer-token-lifetime", "0s", "from 1s"),
        ("callback-timeout", "0ms", "from 10ms"),
        ("callback-log-age", "0s", "from 1s"),
        ("query-time", "0s", "from 10ms"),
        ("idle-timeout", "2days", "to 1day"),
        ("log", "inof", "off, error, warn, info, debug, trace"),
        ("log", "conhub=debug", "connhub"),
        ("log-format", "xml", "text, json"),
        ("readers", "0", "1..=256"),
        ("email", "me", "e-mail"),
        ("public-url", "https://me:hunter22@hub.example", "without a path"),
    ] {
        let variable = format!("CONNHUB_{}", option.to_uppercase().replace('-', "_"));
        let flag = format!("--{option}");
        let from_variable = refused_when_new(&[(&variable, value)], &[]);
        assert!(from_variable.contains(&variable) && !from_variable.contains(&flag), "{from_variable}");
        let from_flag = refused_when_new(&[], &[&flag, value]);
        assert!(from_flag.contains(&flag) && !from_flag.contains(&variable), "{from_flag}");
        for told in [from_variable, from_flag] {
            assert!(told.contains(why) && !told.contains("hunter22"), "{told}");
        }
    }
    let missing = refused(&[("CONNHUB_TLS_CERT", "cert.pem")], &[]);
    assert!(missing.contains("--tls-key") && missing.contains("CONNHUB_TLS_KEY"), "{missing}");
}

/// As [`refused`], of what is found only when the first account is made.
fn refused_when_new(environment: &[(&str, &str)], flags: &[&str]) -> String {
    let mut command = connhub();
    command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(temporary()).args(flags);
    let finished = run(command.envs(environment.iter().copied()));
    assert!(!finished.success, "{environment:?} {flags:?}");
    finished.stderr
}

#[test]
fn a_secret_that_is_refused_is_not_repeated() {
    for (option, value) in [
        ("metrics-token", "tooshort"),
        ("metrics-token", "schlüssel-für-alles"),
        ("metrics-token", "zwei wörter oder mehr"),
        ("metrics-token", "xxxxxxxxxxxxxxxxxxxxxxxxxxx"),
        ("secret", "tooshort"),
        ("secret", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
        ("secret", "                                "),
        ("password", "tooshort"),
    ] {
        let variable = format!("CONNHUB_{}", option.to_uppercase().replace('-', "_"));
        for told in [
            refused_when_new(&[(&variable, value)], &[]),
            refused_when_new(&[], &[&format!("--{option}"), value]),
            refused_when_new(&[], &[&format!("--{option}={value}")]),
        ] {
            assert!(!told.contains(value) && !told.contains(&value[..6]), "{told}");
            assert!(told.contains(&variable) || told.contains(&format!("--{option}")), "{told}");
        }
    }
}

#[test]
fn a_flag_wins_over_a_variable_that_is_no_good_and_commands_look_at_their_own_alone() {
    let account = [("CONNHUB_EMAIL", EMAIL), ("CONNHUB_PASSWORD", PASSWORD)];
    let server = Server::with_environment(
        &["--log", "info"],
        &[account[0], account[1], ("CONNHUB_LOG", "inof\r"), ("CONNHUB_DEMO", "no")],
    );
    let others =
        [("CONNHUB_LISTEN", "nowhere"), ("CONNHUB_PASSWORD", ""), ("CONNHUB_SECRET", "short"), ("CONNHUB_LOG", "x\r")];
    for command in ["check", "account list"] {
        let finished = run(connhub().args(command.split(' ')).arg("--db").arg(server.database()).envs(others));
        assert!(finished.success, "{command}: {}", finished.stderr);
        let finished = run(connhub().args(command.split(' ')).env("CONNHUB_DB", "x\r").envs(others));
        assert!(!finished.success && finished.stderr.contains("CONNHUB_DB"), "{command}: {}", finished.stderr);
    }
    let help = run(connhub().arg("--help").envs(others));
    assert!(help.success && help.stdout.contains("account"), "{}", help.stderr);
}

#[test]
fn a_variable_that_means_nothing_is_warned_of() {
    let server = Server::with_environment(&[], &[("CONNHUB_EMAIL", EMAIL), ("CONNHUB_PASSWORT", PASSWORD)]);
    let output = server.output();
    assert!(output.contains("CONNHUB_PASSWORT is set, but") && !output.contains(PASSWORD), "{output}");
    assert!(!output.contains("CONNHUB_EMAIL is set"), "{output}");
}

#[test]
fn it_listens_wherever_people_say() {
    for (listen, urls) in [
        ("0", vec!["127.0.0.1"]),
        ("[::1]:0", vec!["[::1]"]),
        ("localhost:0", vec!["127.0.0.1"]),
        (":0", vec!["127.0.0.1", "[::1]"]),
    ] {
        let server = Server::with(&["--listen", listen]);
        let authority = server.authority();
        let (_, port) = authority.rsplit_once(':').expect("a port");
        for host in urls {
            Request::get("/healthz").send(&format!("{host}:{port}")).expect(200);
        }
        for other in server.output().lines().filter_map(|line| line.trim().strip_prefix("and on http://")) {
            Request::get("/healthz").send(other).expect(200);
        }
    }
}

#[test]
fn nothing_is_made_before_everything_that_can_be_wrong_was_looked_at() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    for flags in [
        &["--listen", address.as_str()][..],
        &["--listen", &address, "--demo"],
        &["--callback-ca", "/no/such/file"],
        &["--tls-cert", "/no/such/file", "--tls-key", "/no/such/file", "--demo"],
    ] {
        let database = temporary();
        let mut command = connhub();
        command.args(["serve", "--db"]).arg(&database);
        if !flags.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let finished = run(command.args(flags));
        assert!(!finished.success && !finished.stdout.contains("password"), "{flags:?}: {}", finished.stdout);
        let made = std::fs::read_dir(database.parent().expect("a folder")).expect("a folder").count();
        assert_eq!(made, 0, "{flags:?}");
    }
}
