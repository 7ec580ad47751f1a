//! What operators do in the API: see who uses how much, suspend, remove and invite.

use crate::account_command::{account, done};
use crate::connector::Kind;
use crate::harness::{EMAIL, Finished, PASSWORD, Server, connhub, run};
use crate::http::{Request, Response};
use crate::users::{Developer, World, graphql, id_of, lamp, login};
use crate::wait::{eventually, until};
use serde_json::{Value, json};

const STRANGER: &str = "stranger@example.com";
const ACCEPT: &str = "/api/v1/auth/accept-invite";
const INVITE: &str = "mutation($email: String!) { createInvite(email: $email) { path invite { id email } } }";

fn id_of_account(developer: &Developer) -> String {
    id_of(developer.graphql("{ profile { id } }", json!({})).field())
}

/// The token of a new invitation.
#[track_caller]
fn invite(operator: &Developer, email: &str) -> String {
    let issued = operator.graphql(INVITE, json!({ "email": email })).field().clone();
    let path = issued["path"].as_str().expect("a path");
    path.strip_prefix("/invite#").expect("a link to the page").to_owned()
}

fn accept(server: &Server, token: &str, password: &str) -> Response {
    let body = json!({ "token": token, "password": password, "name": "Grace" });
    server.send(&Request::post(ACCEPT).json(&body))
}

fn invited(server: &Server, token: &str) -> Value {
    let document = "query($token: String!) { invite(token: $token) { email } }";
    graphql(server, None, None, document, json!({ "token": token })).field().clone()
}

#[test]
fn an_invitation_makes_one_account_where_sign_up_is_closed() {
    let server = Server::start();
    let operator = Developer::sign_in(&server);
    let token = invite(&operator, "Grace@example.com");
    assert_eq!(invited(&server, &token), json!({ "email": "Grace@example.com" }));
    accept(&server, &token, "short").expect(400);
    let signed_in = accept(&server, &token, "nanoseconds!").expect(201).json();
    let profile = "{ profile { email name role } }";
    let mine = graphql(&server, signed_in["access_token"].as_str(), None, profile, json!({}));
    assert_eq!(*mine.field(), json!({ "email": "Grace@example.com", "name": "Grace", "role": "DEVELOPER" }));
    server.send(&login("grace@example.com", "nanoseconds!")).expect(200);

    assert_eq!(invited(&server, &token), json!(null));
    let used = accept(&server, &token, "nanoseconds!").expect(404).json();
    assert!(used["description"].to_string().contains("ask the operator for another link"), "{used}");
    let taken = operator.graphql(INVITE, json!({ "email": "grace@EXAMPLE.com" }));
    assert_eq!(taken.code(), "CONFLICT", "{taken:?}");
    assert_eq!(operator.graphql(INVITE, json!({ "email": "nonsense" })).violations(), ["email"]);
}

#[test]
fn a_link_ends_when_it_is_revoked_replaced_or_too_old() {
    let server = Server::start();
    let operator = Developer::sign_in(&server);
    let first = invite(&operator, "ada@example.com");
    let second = invite(&operator, "ADA@example.com");
    accept(&server, &first, "analytical engine").expect(404);
    let open = operator.graphql("{ invites { id email } }", json!({})).field().clone();
    assert_eq!(open.as_array().map(Vec::len), Some(1), "{open}");
    let revoke = "mutation($id: ID!) { revokeInvite(inviteId: $id) }";
    operator.graphql(revoke, json!({ "id": open[0]["id"] })).data();
    assert_eq!(operator.graphql(revoke, json!({ "id": open[0]["id"] })).code(), "NOT_FOUND");
    accept(&server, &second, "analytical engine").expect(404);

    let third = invite(&operator, "ada@example.com");
    server.sql().execute("UPDATE invites SET expires_at = 1", []).expect("an old invitation");
    assert_eq!(invited(&server, &third), json!(null));
    accept(&server, &third, "analytical engine").expect(404);
    accept(&server, "", "analytical engine").expect(404);
    accept(&server, &"x".repeat(9_000), "analytical engine").expect(404);
}

#[test]
fn of_two_who_accept_at_once_one_gets_the_account() {
    let server = Server::start();
    let token = invite(&Developer::sign_in(&server), "ada@example.com");
    let statuses = std::thread::scope(|scope| {
        let both = [0, 1].map(|_| scope.spawn(|| accept(&server, &token, "analytical engine").status));
        let mut statuses = both.map(|one| one.join().expect("an answer"));
        statuses.sort_unstable();
        statuses
    });
    assert_eq!(statuses, [201, 404]);
}

#[test]
fn no_more_accounts_are_invited_than_there_may_be() {
    let server = Server::with(&["--accounts", "2"]);
    let operator = Developer::sign_in(&server);
    let [first, second] = ["ada@example.com", "grace@example.com"].map(|email| invite(&operator, email));
    accept(&server, &first, "analytical engine").expect(201);
    let refused = accept(&server, &second, "nanoseconds!").expect(409).json();
    assert!(refused["description"].to_string().contains("--accounts"), "{refused}");
    let refused = operator.graphql(INVITE, json!({ "email": "third@example.com" }));
    assert!(refused.code() == "CONFLICT" && refused.message().contains("--accounts"), "{refused:?}");
    let server = operator.graphql("{ server { accounts accountsMax } }", json!({}));
    assert_eq!(*server.field(), json!({ "accounts": 2, "accountsMax": 2 }));
}

#[test]
fn the_command_line_invites_too() {
    let server = Server::start();
    let told =
        done(&server.database(), &["add", "ada@example.com", "--invite", "--public-url", "https://hub.example"], "");
    let link = told.lines().find_map(|line| line.strip_prefix("https://hub.example/invite#")).expect("a link");
    accept(&server, link, "analytical engine").expect(201);
    let told = done(&server.database(), &["add", "grace@example.com", "--invite"], "");
    assert!(told.contains("\n/invite#"), "{told}");
    let refused = account(&server.database(), &["add", "ada@example.com", "--invite"], b"");
    assert!(!refused.success && refused.stderr.contains("has an account already"), "{}", refused.stderr);
}

#[test]
fn an_operator_suspends_resumes_and_removes_others_but_not_themselves() {
    let world = World::new();
    let (server, operator) = (&world.server, &world.developer);
    let stranger = Developer::stranger(server);
    let (own, other) = (id_of_account(operator), id_of_account(&stranger));
    let ask = |document: &str, id: &str| operator.graphql(document, json!({ "id": id }));
    let suspend = "mutation($id: ID!) { suspendAccount(accountId: $id) { state } }";
    let resume = "mutation($id: ID!) { resumeAccount(accountId: $id) { state } }";
    let remove = "mutation($id: ID!) { removeAccount(accountId: $id) { apps account { state } } }";
    let promote = "mutation($id: ID!) { setAccountRole(accountId: $id, role: OPERATOR) { role } }";
    let demote = "mutation($id: ID!) { setAccountRole(accountId: $id, role: DEVELOPER) { role } }";
    for document in [suspend, remove, demote] {
        assert_eq!(ask(document, &own).code(), "CONFLICT", "{document}");
        assert_eq!(ask(document, "01890000-0000-7000-8000-000000000000").code(), "NOT_FOUND", "{document}");
        assert_eq!(ask(document, "nonsense").code(), "NOT_FOUND", "{document}");
    }
    assert_eq!(ask(suspend, &other).field()["state"], "SUSPENDED");
    assert_eq!(stranger.graphql("{ profile { id } }", json!({})).code(), "UNAUTHENTICATED");
    assert_eq!(ask(resume, &other).field()["state"], "ACTIVE");
    assert_eq!(stranger.graphql("{ accounts { id } }", json!({})).code(), "FORBIDDEN");
    assert_eq!(ask(promote, &other).field()["role"], "OPERATOR");
    stranger.graphql("{ accounts { id } }", json!({})).data();
    // Also with another operator nobody locks themselves out.
    assert_eq!(ask(suspend, &own).code(), "CONFLICT");
    assert_eq!(ask(demote, &other).field()["role"], "DEVELOPER");
    assert_eq!(stranger.graphql("{ accounts { id } }", json!({})).code(), "FORBIDDEN");

    stranger.create_app();
    let removed = ask(remove, &other).field().clone();
    assert_eq!(removed, json!({ "apps": 1, "account": { "state": "REMOVING" } }));
    assert_eq!(stranger.graphql("{ profile { id } }", json!({})).code(), "UNAUTHENTICATED");
    until("it is gone", || {
        ask("query($id: ID) { accounts(after: $id) { id } }", &own).field() == &json!([])
            && operator.graphql("{ accounts { id } }", json!({})).field() == &json!([{ "id": own }])
    });
}

/// What `connhub usage` prints.
fn usage(server: &Server, flags: &[&str]) -> Finished {
    run(connhub().arg("usage").args(flags).arg("--db").arg(server.database()))
}

#[test]
fn traffic_and_what_is_stored_are_shown_by_account_and_connector() {
    let world = World::new();
    let (server, operator) = (&world.server, &world.developer);
    let instance = world.instantiated();
    let thing = instance.hub.create_thing(&lamp());
    for level in ["1", "2", "3"] {
        instance.hub.update(&thing, "level", &json!({ "value": level })).expect(204);
    }
    world.connector.answers(Kind::Action, &json!({ "status": 500 }));
    assert_eq!(world.app.act(&thing, "toggle", &[]).field()[0]["status"], "FAILED");
    Developer::stranger(server);

    // Install, instantiate and act; values.
    let day = json!({ "callbacks": 3.0, "failures": 1.0, "updates": 3.0 });
    let document = "{ busiestConnectors { id ownerEmail suspended usage {
        rows bytes today { callbacks } day { callbacks failures updates } } } }";
    let busiest = eventually("the traffic is written and the rest is measured", || {
        let busiest = operator.graphql(document, json!({})).field()[0].clone();
        (busiest["usage"]["day"] == day && !busiest["usage"]["rows"].is_null()).then_some(busiest)
    });
    assert_eq!((&busiest["id"], &busiest["ownerEmail"]), (&json!(world.publication), &json!(EMAIL)), "{busiest}");
    assert_eq!((&busiest["suspended"], &busiest["usage"]["today"]), (&json!(false), &json!({ "callbacks": 3.0 })));
    // An instance, a thing, its properties, the points of one of them, and the log.
    let rows = busiest["usage"]["rows"].as_f64().expect("a number");
    assert!((10.0..20.0).contains(&rows) && busiest["usage"]["bytes"].as_f64() > Some(1_000.0), "{busiest}");
    let accounts =
        operator.graphql("{ accounts { email usage { rows day { callbacks failures updates } } } }", json!({}));
    let of = |email: &str| {
        let all = accounts.field().as_array().expect("accounts");
        all.iter().find(|account| account["email"] == email).expect(email)["usage"].clone()
    };
    assert_eq!(of(EMAIL)["day"], day);
    assert_eq!(of(STRANGER), json!({ "rows": 0.0, "day": { "callbacks": 0.0, "failures": 0.0, "updates": 0.0 } }));

    let told = usage(server, &["--json"]);
    let all: Value = serde_json::from_str(&told.stdout).expect("JSON");
    assert_eq!(all["connectors"][0]["usage"]["day"], json!({ "callbacks": 3, "failures": 1, "updates": 3 }), "{all}");
    assert_eq!(all["connectors"][0]["id"], json!(world.publication));
    assert_eq!(all["accounts"].as_array().map(Vec::len), Some(2));
    let table = usage(server, &[]).stdout;
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    assert!(table.contains(&format!("  {} {EMAIL}", world.publication)), "{table}");
}

#[test]
fn an_account_that_nobody_uses_is_removed_after_a_warning_and_a_grace() {
    let server = Server::with(&["--account-idle-days", "30"]);
    for email in [STRANGER, "busy@example.com", "suspended@example.com"] {
        Developer::copied(&server, email);
    }
    done(&server.database(), &["suspend", "suspended@example.com"], "");
    let age = |sql: &str| server.sql().execute(sql, []).expect(sql);
    age("UPDATE accounts SET used_at = used_at - 31 * 86400000000 WHERE email <> 'busy@example.com'");
    server.restart_with(&["--account-idle-days", "30"]);
    until("it is warned of", || server.output().contains("an account is idle and will be removed"));
    assert!(
        server.output().contains(STRANGER) && !server.output().contains("is removed because"),
        "{}",
        server.output()
    );
    // Whoever signs in within the grace keeps the account.
    server.send(&login(STRANGER, PASSWORD)).expect(200);
    age("UPDATE accounts SET used_at = used_at - 31 * 86400000000 WHERE email = 'stranger@example.com'");
    server.crash_and_restart();
    until("it is warned of again", || server.output().matches("an account is idle").count() == 2);
    age("UPDATE accounts SET idle_since = idle_since - 8 * 86400000000 WHERE idle_since IS NOT NULL");
    server.crash_and_restart();
    let left = || done(&server.database(), &["list"], "");
    until("it is gone", || !left().contains(STRANGER));
    assert!(server.output().contains("an account is removed because it was idle"));
    assert!(
        [EMAIL, "busy@example.com", "suspended@example.com"].iter().all(|email| left().contains(email)),
        "{}",
        left()
    );
}

#[test]
fn a_disk_that_is_almost_full_is_logged_shown_and_measured() {
    let server = Server::with(&["--disk-low", "900TiB"]);
    let operator = Developer::sign_in(&server);
    until("it is logged", || server.output().contains("the disk of the database is almost full"));
    let state = operator.graphql("{ server { isDiskLow diskFree diskLowAt } }", json!({})).field().clone();
    assert_eq!((&state["isDiskLow"], &state["diskLowAt"]), (&json!(true), &json!((900_u64 << 40) as f64)), "{state}");
    assert!(state["diskFree"].as_f64() > Some(0.0), "{state}");
    let metrics = server.send(&Request::get("/metrics")).expect(200);
    assert!(metrics.text().contains("connhub_disk_low_bytes 989560464998400"), "{}", metrics.text());
    let roomy = Server::with(&["--disk-low", "1KiB"]);
    let state = Developer::sign_in(&roomy).graphql("{ server { isDiskLow } }", json!({})).field().clone();
    assert_eq!(state["isDiskLow"], false);
    assert!(!roomy.output().contains("almost full"));
}

#[test]
fn the_alert_rules_name_metrics_that_there_are() {
    let server = Server::start();
    let rules = run(connhub().arg("alerts")).stdout;
    // What is counted by its labels is there once it has happened.
    server.send(&Request::get("/healthz")).expect(200);
    let metrics = server.send(&Request::get("/metrics")).expect(200);
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let names: Vec<_> = rules
        .lines()
        .filter(|line| !line.contains("summary:") && !line.contains("description:"))
        .flat_map(|line| line.split(|c| !is_name(c)))
        .filter(|word| word.starts_with("connhub_"))
        .collect();
    assert!(names.len() > 5, "{names:?}");
    for name in names {
        assert!(metrics.text().contains(name.trim_end_matches("_bucket")), "{name}");
    }
    // Prometheus' own check, if it is here.
    if let Ok(checked) =
        std::process::Command::new("promtool").args(["check", "rules"]).arg("monitoring/alerts.yml").output()
    {
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    }
}

/// A mutation runs as long as its connectors take, and its later fields are those of somebody who was an operator.
#[test]
fn an_operator_who_is_none_any_more_cannot_undo_it_with_a_mutation_that_runs() {
    let world = World::new();
    let first = id_of_account(&world.developer);
    let other = Developer::stranger(&world.server);
    let set_role = "mutation($id: ID!, $role: AccountRole!) { setAccountRole(accountId: $id, role: $role) { role } }";
    world.developer.graphql(set_role, json!({ "id": id_of_account(&other), "role": "OPERATOR" })).data();
    world.connector.answers(Kind::Installation, &json!({ "hold": true }));
    let document = format!(
        "mutation {{ install: installConnector(appId: \"{}\", connectorId: \"{}\", configuration: []) {{ state }}
            undo: setAccountRole(accountId: \"{first}\", role: OPERATOR) {{ role }} }}",
        world.app.id, world.publication
    );
    let developer = world.developer.clone();
    let running = std::thread::spawn(move || developer.graphql(&document, json!({})));
    world.connector.arrived(Kind::Installation, 1);
    other.graphql(set_role, json!({ "id": first, "role": "DEVELOPER" })).data();
    world.connector.release(Kind::Installation);
    let answer = running.join().expect("an answer");
    assert_eq!((answer.code(), answer.error()["path"][0].as_str()), ("FORBIDDEN", Some("undo")), "{answer:?}");
    let role = "SELECT role FROM accounts WHERE email = ?1";
    let role: String = world.server.sql().query_row(role, [EMAIL], |row| row.get(0)).expect("a role");
    assert_eq!(role, "DEVELOPER");
}
