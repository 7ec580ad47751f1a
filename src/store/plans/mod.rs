//! Holds that every statement of the store finds its rows by an index: runs every function of every
//! noun against an empty database, notes the statements, and asks SQLite how it would go about each.

mod nouns;

use super::*;
use crate::model::account::{Role, Suspension};
use crate::model::action::{ActionFilter, ActionStatus};
use crate::model::app::AppProfile;
use crate::model::bucket::{Aggregate, TimeBucket};
use crate::model::callback::{CallbackFilter, CallbackKind};
use crate::model::constraint::*;
use crate::model::error::Violations;
use crate::model::filter::{Comparison, Condition, LikePattern};
use crate::model::history::{HistoricValue, HistoryPage, HistoryPoint, HistorySelection, PropertyUpdate};
use crate::model::id::*;
use crate::model::lifecycle::{Standing, State};
use crate::model::page::Page;
use crate::model::thing::*;
use crate::model::time::Timestamp;
use crate::model::token::KeyId;
use crate::model::value::ValueType;
use crate::store::testing::NOW;
use nouns::{Nouns, attempt, fill, new_thing};
use parking_lot::Mutex;
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use std::collections::BTreeSet;

/// Statements that look at a whole index on purpose: the store's search, and what is done once at start.
const WHOLE: &[&str] = &[
    "SCAN accounts",
    // One row for each account.
    "SCAN usage",
    // A few keys.
    "SCAN signing_keys",
    // Which tables there are.
    "SCAN sqlite_schema",
    "SCAN publications USING INDEX publications_public",
    "SCAN callbacks USING INDEX callbacks_unsettled",
    "SCAN revoked_tokens",
    // Of these there are few: what operators decided.
    "SCAN account_removals",
    "SCAN suspensions",
];

static STATEMENTS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

fn note(event: TraceEvent<'_>) {
    if let TraceEvent::Stmt(statement, _) = event {
        STATEMENTS.lock().insert(statement.sql().into_owned());
    }
}

#[test]
fn no_statement_reads_a_growing_table_as_a_whole() {
    let mut connection = testing::connection();
    connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(note));
    let transaction = connection.transaction().expect("a transaction");
    let nouns = Nouns::new();
    fill(&transaction, &nouns).expect("filled");
    read(&transaction, &nouns).expect("read");
    change(&transaction, &nouns).expect("changed");
    transaction.commit().expect("committed");
    connection.trace_v2(TraceEventCodes::empty(), None);

    let statements: Vec<String> = STATEMENTS.lock().iter().cloned().collect();
    let queries: Vec<_> = statements
        .iter()
        .filter(|sql| ["SELECT", "UPDATE", "DELETE", "INSERT"].iter().any(|verb| sql.starts_with(verb)))
        .collect();
    assert!(queries.len() > 70, "only {} statements were seen", queries.len());
    let mut bad = Vec::new();
    for sql in queries.into_iter().filter(|sql| !reads_everything(sql)) {
        let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect(sql);
        let mut rows = explain.raw_query();
        while let Some(row) = rows.next().expect("a plan") {
            let step: String = row.get(3).expect("a detail");
            let scan = step.starts_with("SCAN")
                && !step.contains("VIRTUAL TABLE")
                && !step.starts_with("SCAN CONSTANT")
                && !step.starts_with("SCAN (")
                && !WHOLE.iter().any(|whole| step.starts_with(whole));
            // A history is a range of the table: anything else reads what is others'.
            let history = ["SEARCH history ", "SEARCH h "].iter().any(|table| step.starts_with(table));
            // What few callbacks have is not looked for among all of the account's.
            let few = sql.contains("failed = 1") || sql.contains("kind <> 'ACTION'");
            let all = ["callbacks_connector_owner ", "callbacks_app_owner "].iter().any(|index| step.contains(index));
            // An index that is made for one question reads the table as a whole too.
            if scan || few && all || step.contains("AUTOMATIC") || history && !step.contains("PRIMARY KEY (property=?")
            {
                bad.push(format!("{step}\n    in {sql}"));
            }
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

/// Whether it is one of those by which `connhub check` looks at everything.
fn reads_everything(sql: &str) -> bool {
    sql.starts_with("SELECT count(*) FROM ") || check::RULES.iter().any(|rule| rule.sql == sql)
}

/// The check may read a table once, but not once for each row of another.
#[test]
fn no_rule_of_the_check_reads_a_table_again_and_again() {
    let connection = testing::connection();
    let mut bad = Vec::new();
    for rule in &check::RULES {
        let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", rule.sql)).expect(rule.sql);
        let mut rows = explain.raw_query();
        let mut steps: Vec<(i64, i64, String)> = Vec::new();
        while let Some(row) = rows.next().expect("a plan") {
            steps.push((row.get(0).expect("an ID"), row.get(1).expect("a parent"), row.get(3).expect("a detail")));
        }
        let scans = |parent: i64| {
            let below = steps.iter().filter(move |(_, above, _)| *above == parent);
            below.filter(|(_, _, what)| what.starts_with("SCAN") && !what.contains("VIRTUAL TABLE")).count()
        };
        let correlated = steps.iter().filter(|(_, _, what)| what.starts_with("CORRELATED"));
        let again = correlated.map(|(id, ..)| scans(*id)).sum::<usize>() > 0;
        let nested = steps.iter().any(|(_, parent, _)| scans(*parent) > 1);
        if again || nested || steps.iter().any(|(_, _, what)| what.contains("AUTOMATIC")) {
            bad.push(format!("{steps:?}\n    in {}", rule.sql));
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn a_deleted_things_key_is_never_used_again() {
    let mut connection = testing::connection();
    let transaction = connection.transaction().expect("a transaction");
    let nouns = Nouns::new();
    fill(&transaction, &nouns).expect("filled");
    let key = |thing| thing::get(&transaction, thing).expect("read").map(|thing| thing.key);
    let before = key(nouns.thing);
    assert!(thing::delete(&transaction, nouns.instance.id, nouns.thing).expect("deleted"));
    let belonging = thing::Belonging {
        app: nouns.app.id,
        owner: nouns.account.id,
        subject: &nouns.instance.subject,
        instance: Some(nouns.instance.id),
    };
    let next = ThingId::generate();
    thing::insert(&transaction, next, &belonging, &new_thing(), NOW).expect("inserted");
    assert!(key(next) > before, "{before:?}");
}

fn read_accounts(connection: &Connection, nouns: &Nouns) -> Result<()> {
    let id = nouns.account.id;
    assert_eq!(account::first_operator(connection)?.map(|account| account.id), Some(id));
    assert!(!account::has_other_operator(connection, id)?);
    assert_eq!(account::records(connection, Page { first: 2, after: None })?.len(), 1);
    assert!(account::record(connection, id)?.is_some_and(|record| record.suspension.is_none()));
    assert!(account::reaches(connection, 1)? && !account::reaches(connection, 2)?);
    assert!(!suspension::any(connection)?);
    assert_eq!(suspension::of(connection, id)?, None);
    let had = account_removal::belongings(connection, id)?;
    assert_eq!((had.apps, had.publications, had.installations, had.instances, had.things), (1, 1, 1, 1, 1));
    assert!(account_removal::any_installation(connection, id)?);
    assert_eq!(account_removal::installations_to_remove(connection, id, 2)?, [nouns.installation.id]);
    assert_eq!(account_removal::unconfirmed(connection, id, NOW)?, 0);
    assert!(account_removal::open(connection)?.is_empty() && account_removal::get(connection, id)?.is_none());
    Ok(())
}

fn change_accounts(transaction: &Transaction<'_>, nouns: &Nouns) -> Result<()> {
    let (id, publication) = (nouns.account.id, nouns.publication.id);
    account::set_role(transaction, id, Role::Developer)?;
    account::touch(transaction, id, NOW, NOW)?;
    suspension::set(transaction, id, Suspension::Suspended, NOW)?;
    suspension::set(transaction, publication, Suspension::Suspended, NOW)?;
    let parties = suspension::of_installation(transaction, nouns.installation.id)?;
    assert!(parties.app_owner.is_some() && parties.connector_owner.is_some() && parties.publication.is_some());
    suspension::end(transaction, id)?;
    account_removal::begin(transaction, &nouns.account, &account_removal::belongings(transaction, id)?, NOW)?;
    account_removal::set_unconfirmed(transaction, id, 1)?;
    account_removal::remove_publications(transaction, id)?;
    assert_eq!(account_removal::open(transaction)?.len(), 1);
    Ok(())
}

/// The account itself goes last.
fn end_account(transaction: &Transaction<'_>, nouns: &Nouns) -> Result<()> {
    let id = nouns.account.id;
    assert_eq!(account_removal::delete_things(transaction, id, 1)?, 0);
    assert_eq!(account_removal::delete_log(transaction, id, 1)?, 0);
    account_removal::remove_publications(transaction, id)?;
    account_removal::end(transaction, id, NOW)?;
    assert!(account_removal::get(transaction, id)?.is_some_and(|removal| removal.ended_at.is_some()));
    assert!(!suspension::any(transaction)?, "it ends with its subject");
    account_removal::trim(transaction, Timestamp::MAX)
}

fn read_quotas(connection: &Connection, nouns: &Nouns) -> Result<()> {
    assert!(quota::publications(connection, nouns.account.id, 1)?);
    assert!(!quota::publications(connection, nouns.account.id, 2)?);
    assert!(quota::apps(connection, nouns.account.id, 1)?);
    assert!(quota::installations(connection, nouns.app.id, 1)?);
    assert!(!quota::things(connection, nouns.instance.id, 1_000)?);
    quota::own_things(connection, nouns.app.id, 1)?;
    quota::pending_actions(connection, nouns.app.id, 1)?;
    assert_eq!(quota::instances(connection, nouns.installation.id)?, 1);
    Ok(())
}

fn read(connection: &Connection, nouns: &Nouns) -> Result<()> {
    setting::get(connection, "s")?;
    account::get(connection, nouns.account.id)?;
    account::by_email(connection, "E@h")?;
    account::any(connection)?;
    read_accounts(connection, nouns)?;
    app::get(connection, nouns.app.id)?;
    app::with_secret(connection, nouns.app.id)?;
    app::of_owner(connection, nouns.account.id)?;
    grant::get(connection, nouns.grant.id)?;
    assert!(grant::by_code(connection, [0; 32])?.is_some());
    grant::of_account(connection, nouns.account.id, NOW)?;
    assert_eq!(revoked::all(connection)?.len(), 1);
    let publication = nouns.publication.id;
    publication::get(connection, publication)?;
    publication::get_many(connection, &[publication])?;
    publication::of_owner(connection, nouns.account.id)?;
    publication::calling(connection, publication)?;
    publication::in_store(connection, nouns.account.id, Some("s"), Some("t"), Page { first: 1, after: None })?;
    let installation = nouns.installation.id;
    installation::get(connection, installation)?;
    installation::get_many(connection, &[installation])?;
    installation::of_apps(connection, &[nouns.app.id])?;
    installation::of_app_and_publication(connection, nouns.app.id, publication)?;
    installation::configuration(connection, installation)?;
    installation::secrets(connection, installation)?;
    assert_eq!(installation::shown_configurations(connection, &[installation])?.len(), 1);
    signing_key::of_installation(connection, installation)?;
    signing_key::of_instance(connection, nouns.instance.id)?;
    assert_eq!(signing_key::all(connection)?.len(), 1);
    read_quotas(connection, nouns)?;
    read_instances(connection, nouns)?;
    read_things(connection, nouns)?;
    check::counts(connection)?;
    // What these nouns are in the middle of, nobody goes on with.
    assert_eq!(check::broken(connection, Some(NOW))?.1.len(), 2);
    read_callbacks(connection, nouns)
}

fn read_instances(connection: &Connection, nouns: &Nouns) -> Result<()> {
    let (installation, instance) = (nouns.installation.id, nouns.instance.id);
    let page = Page { first: 1, after: Some(InstanceId::MIN) };
    instance::get(connection, instance)?;
    instance::of_subject(connection, installation, &nouns.instance.subject)?;
    instance::of_app(connection, nouns.app.id, None, page)?;
    instance::of_app(connection, nouns.app.id, Some(&nouns.instance.subject), page)?;
    for subject in [None, Some(&nouns.instance.subject)] {
        assert_eq!(instance::of_installations(connection, &[installation], subject, page)?.len(), 1);
        assert_eq!(installation::instance_counts(connection, &[installation], subject)?.len(), 1);
    }
    instance::all_of_installation(connection, installation)?;
    instance::any_of_installation(connection, installation)?;
    assert_eq!(instance::reaches(connection, &[instance])?.len(), 1);
    instance::configuration(connection, instance)?;
    instance::secrets(connection, instance)?;
    assert_eq!(instance::shown_configurations(connection, &[instance])?.len(), 1);
    Ok(())
}

fn read_things(connection: &Connection, nouns: &Nouns) -> Result<()> {
    let page = Page { first: 1, after: Some(nouns.thing) };
    for constraints in constraints(nouns.thing) {
        for subject in [None, Some(&nouns.instance.subject)] {
            for own in [false, true] {
                let selection = thing::Selection { app: nouns.app.id, subject, own, constraints: &constraints };
                thing::of_app(connection, &selection, page)?;
            }
        }
    }
    let things = thing::get_many(connection, &[nouns.thing])?;
    let keys: Vec<_> = things.iter().map(|thing| thing.key).collect();
    assert_eq!(thing::of_instances(connection, &[nouns.instance.id])?.len(), 1);
    for constraints in constraints(nouns.thing) {
        thing::attributes(connection, &keys, &constraints.attribute)?;
        thing::components(connection, &keys, &constraints.component)?;
    }
    let components = thing::components(connection, &keys, &ComponentConstraints::default())?;
    let components: Vec<_> = components.into_values().flatten().map(|component| component.key).collect();
    for ComponentConstraints { property, action, .. } in constraints(nouns.thing).map(|all| all.component) {
        thing::properties(connection, &components, &property)?;
        thing::actions(connection, &components, &action)?;
    }
    read_histories(connection)?;
    action::get(connection, nouns.request.id)?;
    assert_eq!(action::get_many(connection, &[nouns.request.id])?.len(), 1);
    action::of_instance(connection, nouns.instance.id, nouns.request.id)?;
    action::any_overdue(connection, NOW)?;
    assert!(
        removed::has_requests(connection, nouns.thing)? && removed::get_many(connection, &[nouns.thing])?.is_empty()
    );
    let page = Page { first: 1, after: None };
    for id in [None, Some(nouns.request.id)] {
        for thing in [None, Some(nouns.thing)] {
            for status in [None, Some(ActionStatus::Pending)] {
                let filter = ActionFilter { subject: None, id, thing, status };
                assert_eq!(action::of_app(connection, nouns.app.id, &filter, page)?.len(), 1);
            }
        }
    }
    Ok(())
}

fn read_histories(connection: &Connection) -> Result<()> {
    let all = Timestamp::from_micros(i64::MAX / 2);
    let like = LikePattern::parse("a%").expect("a pattern");
    let any = Condition::Any(vec![
        Condition::Compare(Comparison::Gt, HistoricValue::Number(1.0)),
        Condition::OneOf(vec![HistoricValue::Number(1.0)]),
        Condition::Like(like),
    ]);
    let bucket = TimeBucket::new("1 day", None, Aggregate::Avg, &mut Violations::default());
    let (property, kind) = (PropertyKey(1), ValueType::Number);
    for condition in [None, Some(any)] {
        let selection = HistorySelection { from: Timestamp::MIN, to: all, condition };
        for bucket in [None, bucket.clone()] {
            for (last, after) in [(false, None), (true, None), (false, Some(NOW))] {
                let page = HistoryPage { size: 1, last, after, bucket: bucket.clone() };
                history::page(connection, property, kind, &selection, &page)?;
            }
        }
        history::summary(connection, property, kind, &selection)?;
    }
    history::with_points_before(connection, PropertyKey::MIN, all, 1)?;
    history::ended(connection, 1)?;
    Ok(())
}

/// Nothing, each alone, and everything together.
fn constraints(id: ThingId) -> [ThingConstraints; 7] {
    let text = || Some("x".to_owned());
    let none = ThingConstraints::default;
    let thing = ThingConstraint {
        id: None,
        name: text(),
        manufacturer: text(),
        display_type: text(),
        main_component_id: text(),
        status: Some(ThingStatus::Unknown),
    };
    let attribute = AttributeConstraint { name: text(), value: text() };
    let capabilities = vec!["x".to_owned(), "y".to_owned()];
    let component = ComponentConstraints {
        component: ComponentConstraint::new(text(), text(), text(), capabilities),
        property: PropertyConstraint {
            id: text(),
            name: text(),
            value: text(),
            unit: text(),
            kind: Some(ValueType::Number),
            property_type: text(),
        },
        action: ActionConstraint {
            id: text(),
            name: text(),
            parameter_name: text(),
            parameter_type: Some(ValueType::Number),
        },
    };
    let able = ComponentConstraint::new(None, None, None, vec!["x".to_owned()]);
    let by_type = PropertyConstraint { property_type: text(), ..PropertyConstraint::default() };
    [
        none(),
        ThingConstraints { thing: ThingConstraint { id: Some(id), ..ThingConstraint::default() }, ..none() },
        ThingConstraints { attribute: attribute.clone(), ..none() },
        ThingConstraints {
            component: ComponentConstraints { component: able, property: by_type, ..ComponentConstraints::default() },
            ..none()
        },
        ThingConstraints { thing: ThingConstraint { name: text(), ..ThingConstraint::default() }, ..none() },
        // Of which there are two spellings.
        ThingConstraints {
            thing: ThingConstraint { name: Some("é".to_owned()), ..ThingConstraint::default() },
            component: ComponentConstraints {
                component: ComponentConstraint::new(None, Some("é".to_owned()), None, Vec::new()),
                ..ComponentConstraints::default()
            },
            ..none()
        },
        ThingConstraints { thing, attribute, component },
    ]
}

fn read_callbacks(connection: &Connection, nouns: &Nouns) -> Result<()> {
    callback::unsettled(connection, nouns.callback)?;
    callback::unsettled_of(connection, nouns.installation.id, None)?;
    callback::all_unsettled(connection)?;
    callback::get(connection, nouns.callback)?;
    for publication in [None, Some(nouns.publication.id)] {
        for installation in [None, Some(nouns.installation.id)] {
            for kind in [None, Some(CallbackKind::Action), Some(CallbackKind::Installation)] {
                for failed_only in [false, true] {
                    let filter = CallbackFilter { publication, installation, kind, failed_only };
                    callback::of_account(connection, nouns.account.id, &filter, Page { first: 1, after: None })?;
                }
            }
        }
    }
    Ok(())
}

fn change(transaction: &Transaction<'_>, nouns: &Nouns) -> Result<()> {
    setting::probe(transaction)?;
    setting::forget(transaction, "s", b"v")?;
    setting::set_secret(transaction, "demo_state", b"v")?;
    assert!(setting::get_secret(transaction, "demo_state")?.is_some());
    assert!(signing_key::delete(transaction, KeyId(1))?);
    let profile = AppProfile { name: "m".to_owned(), redirect_uris: Vec::new() };
    app::update(transaction, nouns.app.id, &profile)?;
    app::set_secret(transaction, nouns.app.id, &[1; 32])?;
    account::replace_hash(transaction, nouns.account.id, "h", "i")?;
    assert!(account::set_password(transaction, nouns.account.id, 0, "h")?);
    assert!(!account::set_password(transaction, nouns.account.id, 0, "i")?, "another change came first");
    change_grants(transaction, nouns)?;
    change_accounts(transaction, nouns)?;
    publication::update(transaction, nouns.publication.id, &nouns.publication.profile)?;
    let (thing, instance) = (nouns.thing, nouns.instance.id);
    let address = history::find_property(transaction, instance, thing, "c", "P")?.expect("the property");
    let update = PropertyUpdate { value: "2".to_owned(), at: Timestamp::from_micros(2) };
    history::update(transaction, &address, &update, &update.historic(ValueType::Number).expect("a number"), NOW)?;
    assert!(thing::set_status(transaction, instance, thing, ThingStatus::Available)?);
    change_histories(transaction)?;
    assert_eq!(action::fail_overdue(transaction, NOW, "late")?.len(), 1);
    assert!(!action::end(transaction, nouns.request.id, ActionStatus::Completed, None, Timestamp::from_micros(0))?);
    assert!(callback::settle(transaction, nouns.callback, nouns.account.id, &attempt())?);
    callback::drop_unsent(transaction, nouns.callback)?;
    usage::settle(transaction)?;
    assert!(usage::of(transaction, nouns.account.id)?.log > 0);
    assert_eq!(usage::all(transaction)?.len(), 1);
    callback::trim_by_bytes(transaction, nouns.account.id, 0, 1)?;
    callback::trim_by_count(transaction, nouns.publication.id, 0, 1)?;
    callback::trim_by_age(transaction, CallbackId::MAX, 1)?;
    remove(transaction, nouns)
}

fn change_grants(transaction: &Transaction<'_>, nouns: &Nouns) -> Result<()> {
    let id = nouns.grant.id;
    grant::advance(transaction, id, NOW, Timestamp::from_micros(2))?;
    assert_eq!(grant::of_account(transaction, nouns.account.id, NOW)?.len(), 1);
    grant::delete(transaction, id)?;
    grant::delete_of_app(transaction, nouns.app.id)?;
    grant::delete_of_account(transaction, nouns.account.id)?;
    grant::trim(transaction, Timestamp::MAX, 1)?;
    assert_eq!(revoked::trim(transaction, Timestamp::MAX, 1)?.len(), 1);
    Ok(())
}

fn change_histories(transaction: &Transaction<'_>) -> Result<()> {
    let (property, at) = (PropertyKey(1), Timestamp::from_micros(3));
    assert_eq!(
        history::insert_missing(transaction, property, &[HistoryPoint { at, value: HistoricValue::Number(1.0) }])?,
        1
    );
    assert_eq!(history::trim(transaction, &[property], at, 10)?, 1);
    history::forget_ended(transaction, &[property])?;
    assert_eq!(thing::delete_own(transaction, AppId::generate(), &[ThingKey(1)])?, []);
    Ok(())
}

fn remove(transaction: &Transaction<'_>, nouns: &Nouns) -> Result<()> {
    let (installation, instance) = (nouns.installation.id, nouns.instance.id);
    installation::change_standing(transaction, installation, &[State::Initialized], &Standing::INITIALIZED)?;
    instance::change_standing(transaction, instance, &[State::Initialized], &Standing::INITIALIZED)?;
    instance::begin_removal_of_all(transaction, installation)?;
    assert_eq!(instance::take_to_remove(transaction, installation, 1)?, [instance]);
    instance::begin_removal(transaction, instance)?;
    let thing = thing::get(transaction, nouns.thing)?.expect("the thing");
    removed::keep(transaction, &WholeThing { thing, attributes: Vec::new(), components: Vec::new() }, NOW)?;
    assert!(thing::delete(transaction, instance, nouns.thing)?);
    assert!(action::get(transaction, nouns.request.id)?.is_some(), "it outlives its thing");
    assert_eq!(removed::trim(transaction, Timestamp::MAX, 1)?, 1);
    assert!(action::get(transaction, nouns.request.id)?.is_none(), "it goes with what was kept");
    instance::delete(transaction, instance)?;
    installation::delete(transaction, installation)?;
    publication::remove(transaction, nouns.publication.id)?;
    publication::purge_if_unused(transaction, nouns.publication.id)?;
    app::delete(transaction, nouns.app.id)?;
    end_account(transaction, nouns)
}
