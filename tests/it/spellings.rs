//! Texts that are the same to people though their bytes differ: passwords and e-mails as RFC 8265 compares them, also
//! in databases from before that; names and tags in searches and filters.

use crate::harness::{PASSWORD, Server};
use crate::http::{Request, Response};
use crate::users::{Developer, World, graphql, lamp, login, publication};
use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, SaltString};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::fs;

/// `ü` and `ß` as macOS types them, and as everybody else does.
const DECOMPOSED: &str = "Zu\u{308}rich Straße";
const COMPOSED: &str = "Zürich Straße";

fn register(server: &Server, email: &str, password: &str) -> Response {
    let body = json!({ "email": email, "password": password });
    server.send(&Request::post("/api/v1/auth/register").json(&body))
}

fn status(server: &Server, email: &str, password: &str) -> u16 {
    server.send(&login(email, password)).status
}

/// The hash of the very bytes, as connhub made it at first.
fn raw_hash(password: &str) -> String {
    let salt = SaltString::from_b64("c29tZSBzYWx0IGhlcmU").expect("a salt");
    Argon2::default().hash_password(password.as_bytes(), &salt).expect("a hash").to_string()
}

#[test]
fn a_password_signs_in_however_it_is_typed_and_no_other_does() {
    let server = Server::with(&["--open-signup"]);
    let token = register(&server, "ada@example.com", "Zürich\u{a0}Straße").expect(201).json()["access_token"].clone();
    for typed in [COMPOSED, DECOMPOSED, "Zürich\u{3000}Straße", "Zu\u{308}rich\u{2009}Straße"] {
        assert_eq!(status(&server, "ada@example.com", typed), 200, "{typed:?}");
    }
    for other in ["zürich Straße", "Zurich Straße", "Zürich Strasse"] {
        assert_eq!(status(&server, "ada@example.com", other), 401, "{other:?}");
    }
    let document = "mutation($old: String!, $new: String!) { changePassword(presentPassword: $old, newPassword: $new) { accessToken } }";
    let new = "E\u{301}te\u{301} a\u{300} Paris";
    graphql(&server, token.as_str(), None, document, json!({ "old": DECOMPOSED, "new": new })).data();
    for (typed, expected) in [("Été à Paris", 200), (new, 200), ("Ete a Paris", 401)] {
        assert_eq!(status(&server, "ada@example.com", typed), expected, "{typed:?}");
    }
    // What is measured is what is hashed, and no field of a page can hold a line break.
    for (password, told) in [("u\u{308}".repeat(9).as_str(), "10 to 1000"), ("correct horse\n", "control characters")] {
        let refused = register(&server, "grace@example.com", password).expect(400);
        assert!(refused.text().contains(told), "{}", refused.text());
    }
}

#[test]
fn an_address_has_one_account_however_it_is_spelled() {
    let server = Server::with(&["--open-signup"]);
    register(&server, "Jürgen@München.example", PASSWORD).expect(201);
    for same in ["ju\u{308}rgen@münchen.example", "JÜRGEN@xn--mnchen-3ya.example", "ｊürgen＠münchen．example"] {
        let refused = register(&server, same, PASSWORD);
        assert_eq!(refused.status, 409, "{same:?}: {refused:?}");
        let token = server.send(&login(same, PASSWORD)).expect(200).json()["access_token"].clone();
        let profile = graphql(&server, token.as_str(), None, "{ profile { email } }", json!({}));
        assert_eq!(profile.field()["email"], "Jürgen@München.example", "it is shown as it was entered");
    }
    for other in ["jurgen@münchen.example", "jürgen@munchen.example"] {
        register(&server, other, PASSWORD).expect(201);
    }
    // Whoever guesses gets no more tries by spelling it differently.
    let spellings = ["jürgen@münchen.example", "JÜRGEN@MÜNCHEN.EXAMPLE", "ju\u{308}rgen@münchen.example"];
    for number in 0..5 {
        assert_eq!(status(&server, spellings[number % 3], "not the password"), 401);
    }
    assert!(spellings.iter().all(|spelling| status(&server, spelling, PASSWORD) == 429));
}

#[test]
fn an_old_hash_of_what_was_typed_still_signs_in_and_from_then_on_every_spelling_does() {
    let server = Server::start();
    let email = crate::harness::EMAIL;
    let (sql, hash) = (server.sql(), raw_hash(DECOMPOSED));
    assert_eq!(sql.execute("UPDATE accounts SET password_hash = ?1", [&hash]).expect("an old hash"), 1);
    assert_eq!(status(&server, email, COMPOSED), 401, "nobody knows how it was typed then");
    let token = Developer { token: sign_in(&server, email, DECOMPOSED), server: server.clone() };
    assert_eq!(status(&server, email, COMPOSED), 200);
    assert_eq!(status(&server, email, DECOMPOSED), 200);
    token.graphql("{ profile { email } }", json!({})).data();
    let kept: String = sql.query_row("SELECT password_hash FROM accounts", [], |row| row.get(0)).expect("a hash");
    assert!(kept.starts_with("$argon2id$") && kept != hash);
}

#[track_caller]
fn sign_in(server: &Server, email: &str, password: &str) -> String {
    let answer = server.send(&login(email, password)).expect(200).json();
    answer["access_token"].as_str().expect("a token").to_owned()
}

/// Puts a database of the first form in the place of the server's, with accounts of these e-mails and passwords.
fn of_first_form(server: &Server, accounts: &[(&str, &str)]) {
    server.kill();
    let database = server.database();
    for ending in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{ending}", database.display()));
    }
    let sql = Connection::open(&database).expect("a database");
    sql.execute_batch(include_str!("../../schema/0001_initial.sql")).expect("the first form");
    for (number, (email, password)) in accounts.iter().enumerate() {
        let mut id = [0_u8; 16];
        id[0] = u8::try_from(number).expect("a few");
        let insert = "INSERT INTO accounts (id, email, name, password_hash, created_at) VALUES (?1, ?2, ?2, ?3, 1)";
        sql.execute(insert, rusqlite::params![id, email, raw_hash(password)]).expect("an account");
    }
    sql.pragma_update(None, "user_version", 1).expect("its number");
}

#[test]
fn an_old_database_with_several_accounts_for_an_address_opens_and_each_keeps_its_spelling() {
    let server = Server::with(&["--open-signup"]);
    let (older, newer, third) = ("jürgen@example.com", "ju\u{308}rgen@example.com", "JÜRGEN@example.com");
    of_first_form(
        &server,
        &[(older, "the older one"), (newer, "the newer one"), (third, "the third one"), ("a@b", PASSWORD)],
    );
    server.start_again();
    let log = server.output();
    assert_eq!(log.matches("an older account has the same address").count(), 2, "{log}");
    for (email, password) in
        [(older, "the older one"), (newer, "the newer one"), (third, "the third one"), ("A@B", PASSWORD)]
    {
        let token = sign_in(&server, email, password);
        let profile = graphql(&server, Some(&token), None, "{ profile { email } }", json!({}));
        assert_eq!(profile.field()["email"].as_str().map(str::to_lowercase), Some(email.to_lowercase()));
    }
    // Every other spelling is the older account's.
    assert_eq!(status(&server, "Ju\u{308}rgen@EXAMPLE.com", "the older one"), 401, "which is a spelling of the newer");
    assert_eq!(status(&server, "ｊürgen@example.com", "the older one"), 200);
    for taken in [older, newer, third, "ｊürgen@example.com"] {
        assert_eq!(register(&server, taken, PASSWORD).status, 409, "{taken}");
    }
}

#[test]
fn a_search_of_the_store_knows_the_letters_of_all_scripts() {
    let world = World::new();
    let publish = |name: &str, tag: &str| {
        let fields = json!({ "name": name, "description": "d", "tags": [tag] });
        world.developer.publish(&world.connector, publication(&world.connector, fields));
    };
    publish("Überwachung", "Straße");
    publish("Ku\u{308}che", "ЛАМПЫ");
    let found = |arguments: Value| -> Vec<String> {
        let document = "query($search: String, $tag: String) { connectorStore(search: $search, tag: $tag) { name } }";
        let rows = world.developer.graphql(document, arguments).field().clone();
        rows.as_array().expect("rows").iter().map(|row| row["name"].as_str().expect("a name").to_owned()).collect()
    };
    for search in ["über", "ÜBER", "u\u{308}ber", "ＷＡＣＨ", "STRASSE"] {
        assert_eq!(found(json!({ "search": search })), ["Überwachung"], "{search}");
    }
    for search in ["küche", "KÜCHE", "лампы"] {
        assert_eq!(found(json!({ "search": search })), ["Ku\u{308}che"], "{search}");
    }
    assert_eq!(found(json!({ "search": "uber" })), [""; 0]);
    for tag in ["straße", "STRASSE", "Straße"] {
        assert_eq!(found(json!({ "tag": tag })), ["Überwachung"], "{tag}");
    }
    assert_eq!(found(json!({ "tag": "Stra" })), [""; 0], "a tag is meant as a whole");
}

#[test]
fn a_thing_is_found_by_its_name_in_either_normal_form() {
    let world = World::new();
    let mut thing = lamp();
    thing["name"] = json!("Küche");
    thing["components"][0]["properties"][1]["unit"] = json!("A\u{30a}");
    let id = world.instantiated().hub.create_thing(&thing);
    let document = "query($name: String, $unit: String) { things(thingConstraint: { name: $name }
        thingComponentConstraint: {}) { id components { properties(propertyConstraint: { unit: $unit }) { id } } } }";
    for (name, unit) in [("Küche", "Å"), ("Ku\u{308}che", "A\u{30a}")] {
        let found = world.app.graphql(document, json!({ "name": name, "unit": unit })).field().clone();
        assert_eq!(found[0]["id"], id, "{name:?}");
        assert_eq!(found[0]["components"][0]["properties"], json!([{ "id": "level" }]), "{unit:?}");
    }
    for name in ["küche", "Kuche"] {
        assert_eq!(*world.app.graphql(document, json!({ "name": name })).field(), json!([]), "{name}");
    }
}
