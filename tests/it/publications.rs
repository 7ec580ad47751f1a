//! Connector publications: publishing, changing, listing, removing, and who sees what (domain.md).

use crate::connector::Connector;
use crate::users::{Answer, Developer, World, id_of, publication};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const ALL_FIELDS: &str = "id name owner logoUrl homeUrl description requirements tags mode state active
    installationCallbackUrl instanceCallbackUrl actionCallbackUrl publicKey createdAt
    configurationParameters { id name required description valueType displayType validationExpression }
    customerConfigurationParameters { id name required description valueType displayType validationExpression }";

fn publish(developer: &Developer, input: Value) -> Answer {
    let document = format!(
        "mutation($connector: ConnectorPublicationInput!) {{
        publishConnector(connector: $connector) {{ {ALL_FIELDS} }} }}"
    );
    developer.graphql(&document, json!({ "connector": input }))
}

fn update(developer: &Developer, id: &str, changes: Value) -> Answer {
    let document = format!(
        "mutation($id: ID!, $connector: ConnectorPublicationUpdate!) {{
        updateConnector(connectorId: $id, connector: $connector) {{ {ALL_FIELDS} }} }}"
    );
    developer.graphql(&document, json!({ "id": id, "connector": changes }))
}

fn remove(developer: &Developer, id: &str) -> Answer {
    developer.graphql("mutation($id: ID!) { removeConnector(connectorId: $id) { id state } }", json!({ "id": id }))
}

fn connector(developer: &Developer, id: &str) -> Value {
    let document = format!("query($id: ID!) {{ connector(id: $id) {{ {ALL_FIELDS} }} }}");
    developer.graphql(&document, json!({ "id": id })).field().clone()
}

/// The names that a search of the store finds.
fn store(developer: &Developer, arguments: Value) -> Vec<String> {
    let document = "query($search: String, $tag: String, $first: Int, $after: ID) {
        connectorStore(search: $search, tag: $tag, first: $first, after: $after) { name } }";
    let found = developer.graphql(document, arguments).field().clone();
    found.as_array().expect("a list").iter().map(|row| row["name"].as_str().expect("a name").to_owned()).collect()
}

/// The least that can be published.
fn minimal() -> Value {
    json!({
        "name": "Minimal", "description": "d",
        "installationCallbackUrl": "https://connector.example.com/installations",
        "instanceCallbackUrl": "https://connector.example.com/instances",
        "actionCallbackUrl": "https://connector.example.com/actions",
    })
}

fn with(fields: Value) -> Value {
    let mut input = minimal();
    for (name, value) in fields.as_object().expect("fields") {
        input[name] = value.clone();
    }
    input
}

#[test]
fn a_publication_has_the_documented_defaults_and_a_key_of_its_own() {
    let world = World::new();
    let first = publish(&world.developer, minimal()).field().clone();
    for (field, value) in [
        ("mode", json!("PRIVATE")),
        ("state", json!("PUBLISHED")),
        ("active", json!(true)),
        ("tags", json!([])),
        ("logoUrl", Value::Null),
        ("homeUrl", Value::Null),
        ("requirements", Value::Null),
        ("configurationParameters", json!([])),
        ("customerConfigurationParameters", json!([])),
        ("installationCallbackUrl", json!("https://connector.example.com/installations")),
    ] {
        assert_eq!(first[field], value, "{field}");
    }
    let profile = world.developer.graphql("{ profile { id } }", json!({}));
    assert_eq!(first["owner"], profile.field()["id"]);
    let key = STANDARD.decode(first["publicKey"].as_str().expect("a key")).expect("base64");
    assert_eq!(key.len(), 32);
    let second = publish(&world.developer, minimal()).field().clone();
    assert_ne!(first["publicKey"], second["publicKey"]);
    assert_eq!(connector(&world.developer, &id_of(&first)), first);
}

#[test]
fn all_violations_of_a_publication_are_told_at_once_each_with_its_path() {
    let world = World::new();
    let parameter = |id: &str, expression: &str| json!({ "id": id, "name": "", "valueType": "STRING", "validationExpression": expression });
    let answer = publish(
        &world.developer,
        json!({
            "name": "x".repeat(201), "description": "", "logoUrl": "javascript:alert(1)", "homeUrl": "/home",
            "tags": ["", "x".repeat(51)],
            "installationCallbackUrl": "http://connector.example.com/",
            "instanceCallbackUrl": "https://user:secret@connector.example.com/",
            "actionCallbackUrl": "https://connector.example.com/#fragment",
            "configurationParameters": [parameter("a b", "("), parameter("ok", "(?=x)")],
            "customerConfigurationParameters": [
                { "id": "same", "name": "n", "valueType": "STRING" },
                { "id": "same", "name": "n", "valueType": "STRING" }],
        }),
    );
    assert_eq!(answer.status, 200);
    let mut paths = answer.violations();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "connector.actionCallbackUrl",
            "connector.configurationParameters[0].id",
            "connector.configurationParameters[0].name",
            "connector.configurationParameters[0].validationExpression",
            "connector.configurationParameters[1].name",
            "connector.configurationParameters[1].validationExpression",
            "connector.customerConfigurationParameters[1].id",
            "connector.description",
            "connector.homeUrl",
            "connector.installationCallbackUrl",
            "connector.instanceCallbackUrl",
            "connector.logoUrl",
            "connector.name",
            "connector.tags[0]",
            "connector.tags[1]",
        ]
    );
    assert_eq!(store(&world.developer, json!({})), ["Test connector"], "something was published");
}

#[test]
fn a_callback_url_that_receivers_spell_differently_is_refused_with_the_right_spelling() {
    let world = World::new();
    for (given, right) in [("https://h/a|b", "https://h/a%7Cb"), ("https://h/%zz?a^b", "https://h/%25zz?a%5Eb")] {
        let answer = publish(&world.developer, with(json!({ "actionCallbackUrl": given })));
        assert!(answer.error().to_string().contains(&format!("must be written {right}:")), "{answer:?}");
        let right = publish(&world.developer, with(json!({ "actionCallbackUrl": right }))).field().clone();
        // One that was published before this rule stays as it is, whatever else is changed.
        let sql = world.server.sql();
        let changed = sql.execute(
            "UPDATE publications SET action_callback_url = ?1 WHERE id = ?2",
            rusqlite::params![given, uuid::Uuid::parse_str(&id_of(&right)).expect("a UUID").as_bytes().as_slice()],
        );
        assert_eq!(changed, Ok(1));
        let renamed = update(&world.developer, &id_of(&right), json!({ "name": "Renamed" })).field().clone();
        assert_eq!((&renamed["name"], &renamed["actionCallbackUrl"]), (&json!("Renamed"), &json!(given)));
    }
}

#[test]
fn callback_urls_must_be_https_or_loopback() {
    let world = World::new();
    let long = format!("https://h/{}", "x".repeat(2_048 - "https://h/".len()));
    for good in
        ["https://h", "https://h:8443/p?x=1", "http://127.0.0.1:1/", "http://localhost/x", "http://[::1]:9/", &long]
    {
        publish(&world.developer, with(json!({ "actionCallbackUrl": good }))).data();
    }
    let longer = format!("{long}x");
    for bad in [
        "",
        "h",
        "//h/p",
        "ftp://h/",
        "http://10.0.0.1/",
        "http://example.com/",
        "https://u@h/",
        "https://h/#",
        "https://h/a b",
        "https://h/a|b",
        "https://h/100%",
        &longer,
    ] {
        let answer = publish(&world.developer, with(json!({ "actionCallbackUrl": bad })));
        assert_eq!(answer.violations(), ["connector.actionCallbackUrl"], "{bad}");
    }
}

#[test]
fn too_many_tags_or_parameters_are_refused_and_duplicate_tags_dropped() {
    let world = World::new();
    let tags: Vec<_> = (0..51).map(|number| number.to_string()).collect();
    assert_eq!(publish(&world.developer, with(json!({ "tags": tags }))).violations(), ["connector.tags"]);
    let parameters: Vec<_> =
        (0..101).map(|number| json!({ "id": format!("p{number}"), "name": "n", "valueType": "STRING" })).collect();
    let answer = publish(&world.developer, with(json!({ "configurationParameters": parameters })));
    assert_eq!(answer.violations(), ["connector.configurationParameters"]);
    let answer = publish(&world.developer, with(json!({ "tags": ["b", "a", "b"] })));
    assert_eq!(answer.field()["tags"], json!(["b", "a"]));
}

#[test]
fn an_update_changes_what_it_names_and_nothing_else() {
    let world = World::new();
    let parameter = json!([{ "id": "key", "name": "Key", "valueType": "STRING", "displayType": "PASSWORD" }]);
    let before = publish(
        &world.developer,
        with(json!({
            "logoUrl": "https://h/logo.png", "requirements": "A bridge.", "tags": ["a"],
            "configurationParameters": parameter,
        })),
    );
    let before = before.field();
    let id = id_of(before);
    let url = "https://tunnel.example.com/installations";
    let changes = json!({ "installationCallbackUrl": url, "mode": "UNLISTED", "active": false, "logoUrl": null });
    let after = update(&world.developer, &id, changes).field().clone();
    let mut expected = before.clone();
    expected["installationCallbackUrl"] = url.into();
    expected["mode"] = "UNLISTED".into();
    expected["active"] = false.into();
    expected["logoUrl"] = Value::Null;
    assert_eq!(after, expected);
    assert_eq!(connector(&world.developer, &id), expected);
    let bad = update(&world.developer, &id, json!({ "name": "", "actionCallbackUrl": "nowhere" }));
    assert_eq!(bad.violations(), ["connector.name", "connector.actionCallbackUrl"]);
    assert_eq!(connector(&world.developer, &id), expected, "a refused update changed something");
}

#[test]
fn a_private_publication_does_not_exist_for_others() {
    let world = World::new();
    let stranger = Developer::stranger(&world.server);
    let id = id_of(publish(&world.developer, minimal()).field());
    assert_eq!(connector(&stranger, &id), Value::Null);
    let app = stranger.create_app();
    assert_eq!(stranger.install(&app.id, &id, &[]).code(), "NOT_FOUND");
    assert_eq!(update(&stranger, &id, json!({ "name": "Mine" })).code(), "NOT_FOUND");
    assert_eq!(remove(&stranger, &id).code(), "NOT_FOUND");
    assert_eq!(store(&stranger, json!({ "search": "Minimal" })), Vec::<String>::new());
    assert_eq!(store(&world.developer, json!({ "search": "Minimal" })), ["Minimal"]);
}

#[test]
fn an_unlisted_publication_is_found_by_its_id_alone() {
    let world = World::new();
    let stranger = Developer::stranger(&world.server);
    let id = id_of(publish(&world.developer, with(json!({ "mode": "UNLISTED" }))).field());
    assert_eq!(connector(&stranger, &id)["name"], "Minimal");
    assert_eq!(store(&stranger, json!({ "search": "Minimal" })), Vec::<String>::new());
}

#[test]
fn callback_urls_and_the_key_are_shown_to_the_owner_alone() {
    let world = World::new();
    let stranger = Developer::stranger(&world.server);
    let seen = connector(&stranger, &world.publication);
    assert_eq!(seen["name"], "Test connector");
    for field in ["installationCallbackUrl", "instanceCallbackUrl", "actionCallbackUrl", "publicKey"] {
        assert_eq!(seen[field], Value::Null, "{field}");
        assert_ne!(connector(&world.developer, &world.publication)[field], Value::Null, "{field}");
    }
}

#[test]
fn a_deactivated_connector_takes_no_new_installations_but_keeps_the_old_ones() {
    let world = World::new();
    let installation = world.installed();
    update(&world.developer, &world.publication, json!({ "active": false })).data();
    let other = world.developer.create_app();
    assert_eq!(world.developer.install(&other.id, &world.publication, &[]).code(), "CONFLICT");
    assert_eq!(world.app.instantiate(&installation, None, &[]).field()["state"], "COMPLETE");
}

#[test]
fn a_removed_connector_leaves_the_store_and_its_installations_go_on() {
    let world = World::new();
    let instance = world.instantiated();
    assert_eq!(
        *remove(&world.developer, &world.publication).field(),
        json!({ "id": world.publication, "state": "REMOVED" })
    );
    assert_eq!(store(&world.developer, json!({})), Vec::<String>::new());
    let other = world.developer.create_app();
    assert_eq!(world.developer.install(&other.id, &world.publication, &[]).code(), "NOT_FOUND");
    let installation = world.developer.installation(&instance.installation);
    assert_eq!(installation["connector"], json!({ "id": world.publication, "state": "REMOVED" }));
    assert_eq!(world.app.instantiate(&instance.installation, Some("later"), &[]).field()["state"], "COMPLETE");
    world.developer.remove_installation(&instance.installation, true).data();
    let left: i64 =
        world.server.sql().query_row("SELECT count(*) FROM publications", [], |row| row.get(0)).expect("a count");
    assert_eq!(left, 0, "the publication is purged with its last installation");
}

#[test]
fn a_removed_connector_without_installations_is_gone() {
    let world = World::new();
    remove(&world.developer, &world.publication).data();
    assert_eq!(connector(&world.developer, &world.publication), Value::Null);
    assert_eq!(remove(&world.developer, &world.publication).code(), "NOT_FOUND");
    let mine = world.developer.graphql("{ connectorPublications { id } }", json!({}));
    assert_eq!(*mine.field(), json!([]));
}

#[test]
fn the_store_finds_by_name_description_and_tag_and_goes_page_by_page() {
    let world = World::new();
    remove(&world.developer, &world.publication).data();
    for (name, description, tag) in
        [("Alpha", "lamps 100%", "light"), ("Beta", "heaters", "warmth"), ("Gamma_x", "LAMPS too", "light-ish")]
    {
        publish(
            &world.developer,
            with(json!({ "name": name, "description": description, "tags": [tag], "mode": "PUBLIC" })),
        );
    }
    let find = |search: &str| store(&world.developer, json!({ "search": search }));
    assert_eq!(find("lamps"), ["Alpha", "Gamma_x"]);
    assert_eq!(find("BETA"), ["Beta"]);
    assert_eq!(find("warmth"), ["Beta"]);
    // Letters of the pattern language are letters.
    assert_eq!(find("%"), ["Alpha"]);
    assert_eq!(find("_"), ["Gamma_x"]);
    assert_eq!(store(&world.developer, json!({ "tag": "light" })), ["Alpha"]);
    let first = world.developer.graphql("{ connectorStore(first: 2) { id name } }", json!({}));
    let after = id_of(&first.field()[1]);
    assert_eq!(store(&world.developer, json!({ "first": 2, "after": after })), ["Gamma_x"]);
    let bad = world.developer.graphql("{ connectorStore(first: 0) { id } }", json!({}));
    assert_eq!(bad.violations(), ["first"]);
}

#[test]
fn a_new_callback_url_is_used_for_the_next_callback() {
    let world = World::new();
    let second = Connector::new();
    let key = connector(&world.developer, &world.publication)["publicKey"].clone();
    second.configure(&json!({ "publicKey": key, "hub": world.server.url() }));
    let urls = publication(&second, json!({}));
    update(&world.developer, &world.publication, json!({ "installationCallbackUrl": urls["installationCallbackUrl"] }))
        .data();
    world.install().data();
    assert_eq!(world.connector.count_all(), 0);
    assert_eq!(second.count_all(), 1);
}
