//! Holds that every statement of the store finds its rows by the right index: runs every function of every noun, notes
//! the statements, asks SQLite how it would run each, and counts how much work each is on a database that is full.

mod accounts;
mod crowd;
mod expected;
mod nouns;
mod work;

use super::*;
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
use crate::model::publication::SigningSeed;
use crate::model::thing::*;
use crate::model::time::Timestamp;
use crate::model::token::KeyId;
use crate::model::value::ValueType;
use crate::store::cascade::Step;
use crate::store::testing::NOW;
use nouns::{Nouns, attempt, fill, new_thing};

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

fn read_quotas(connection: &Connection, nouns: &Nouns) -> Result<()> {
    assert!(quota::publications(connection, nouns.account.id, 1)?);
    assert!(!quota::publications(connection, nouns.account.id, 2)?);
    assert!(quota::apps(connection, nouns.account.id, 1)?);
    assert!(quota::installations(connection, nouns.app.id, 1)?);
    assert!(!quota::things(connection, nouns.instance.id, 1_000)?);
    quota::own_things(connection, nouns.app.id, 1)?;
    quota::pending_actions(connection, nouns.app.id, 1)?;
    assert!(quota::instances(connection, nouns.installation.id)? >= 1);
    Ok(())
}

fn read(connection: &Connection, nouns: &Nouns) -> Result<()> {
    setting::get(connection, "s")?;
    account::get(connection, nouns.account.id)?;
    account::by_email(connection, "E@h")?;
    account::any(connection)?;
    app::get(connection, nouns.app.id)?;
    app::with_secret(connection, nouns.app.id)?;
    app::of_owner(connection, nouns.account.id)?;
    grant::get(connection, nouns.grant.id)?;
    assert!(grant::by_code(connection, [0; 32])?.is_some());
    grant::of_account(connection, nouns.account.id, NOW)?;
    assert!(!revoked::all(connection)?.is_empty());
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
    read_callbacks(connection, nouns)
}

/// What `connhub check` reads.
fn read_everything(connection: &Connection) -> Result<()> {
    check::counts(connection)?;
    let mut measured = traffic::Measured::default();
    traffic::PARTS.iter().try_for_each(|part| part.measure(connection, &mut measured))?;
    assert_eq!((measured.accounts.len(), measured.publications.len()), (1, 1));
    // What these nouns are in the middle of, nobody goes on with.
    assert_eq!(check::broken(connection, Some(NOW))?.1.len(), 2);
    Ok(())
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
fn constraints(id: ThingId) -> [ThingConstraints; 8] {
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
        ThingConstraints {
            thing: ThingConstraint { status: Some(ThingStatus::Unavailable), ..ThingConstraint::default() },
            ..none()
        },
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
    assert_eq!(callback::publications(connection)?, [nouns.publication.id]);
    assert_eq!(action::apps(connection)?, [nouns.app.id]);
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
    accounts::change(transaction, nouns)?;
    publication::update(transaction, nouns.publication.id, &nouns.publication.profile)?;
    publication::set_next_key(transaction, nouns.publication.id, &[0; 32], &SigningSeed([0; 32]))?;
    publication::confirm_next_key(transaction, nouns.publication.id)?;
    publication::forget_next_key(transaction, nouns.publication.id)?;
    let (thing, instance) = (nouns.thing, nouns.instance.id);
    let address = history::find_property(transaction, instance, thing, "c", "P")?.expect("the property");
    let update = PropertyUpdate { value: "2".to_owned(), at: Timestamp::from_micros(2) };
    history::update(transaction, &address, &update, &update.historic(ValueType::Number).expect("a number"), NOW)?;
    assert!(thing::set_status(transaction, instance, thing, ThingStatus::Available)?);
    change_histories(transaction)?;
    assert_eq!(action::fail_overdue(transaction, NOW, "late", 10)?.len(), 1);
    assert!(!action::end(transaction, nouns.request.id, ActionStatus::Completed, None, Timestamp::from_micros(0))?);
    assert!(callback::settle(transaction, nouns.callback, nouns.account.id, &attempt())?);
    callback::drop_unsent(transaction, nouns.callback)?;
    usage::settle(transaction)?;
    assert!(usage::of(transaction, nouns.account.id)?.log > 0);
    assert!(!usage::all(transaction)?.is_empty());
    callback::trim_by_bytes(transaction, nouns.account.id, 0, 1)?;
    callback::trim_by_count(transaction, nouns.publication.id, 0, 1)?;
    callback::trim_by_age(transaction, CallbackId::MAX, 1)?;
    action::first_kept(transaction, nouns.app.id, 1)?;
    action::trim(transaction, None, ActionRequestId::MIN, 1)?;
    assert_eq!(action::trim(transaction, Some(nouns.app.id), ActionRequestId::MIN, 1)?, 0);
    Ok(())
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
    Ok(())
}

fn remove(transaction: &Transaction<'_>, nouns: &Nouns) -> Result<()> {
    let (installation, instance) = (nouns.installation.id, nouns.instance.id);
    installation::change_standing(transaction, installation, &[State::Initialized], &Standing::INITIALIZED)?;
    instance::change_standing(transaction, instance, &[State::Initialized], &Standing::INITIALIZED)?;
    assert!(installation::begin_removal(transaction, installation)?);
    let total = installation::instances_to_remove(transaction, installation)?.expect("the installation");
    installation::set_removal_total(transaction, installation, total)?;
    instance::take_to_remove(transaction, installation, 1)?;
    installation::count_removed(transaction, installation)?;
    instance::begin_removal(transaction, instance)?;
    instance::end(transaction, instance)?;
    assert_eq!(instance::ended(transaction, 10)?, [(instance, installation)]);
    installation::stalled(transaction)?;
    callback::is_removal_written_down(transaction, installation)?;
    let thing = thing::get(transaction, nouns.thing)?.expect("the thing");
    removed::keep(transaction, &WholeThing { thing, attributes: Vec::new(), components: Vec::new() }, NOW)?;
    assert!(thing::delete(transaction, instance, nouns.thing)?);
    assert!(action::get(transaction, nouns.request.id)?.is_some(), "it outlives its thing");
    while !cascade::of_instance(transaction, instance, &Step::begin())? {}
    assert!(action::get(transaction, nouns.request.id)?.is_none(), "it goes with what was kept");
    cascade::removed_before(transaction, NOW, &Step::begin())?;
    cascade::own_things(transaction, nouns.app.id, &[ThingKey(1_000_000)], &Step::begin())?;
    instance::delete(transaction, instance)?;
    app::end(transaction, nouns.app.id)?;
    app::ended(transaction, 10)?;
    Ok(())
}

/// What can only be done once the rest is gone.
fn remove_last(transaction: &Transaction<'_>, nouns: &Nouns) -> Result<()> {
    installation::delete(transaction, nouns.installation.id)?;
    publication::remove(transaction, nouns.publication.id)?;
    publication::purge_if_unused(transaction, nouns.publication.id)?;
    while !cascade::of_app(transaction, nouns.app.id, &Step::begin())? {}
    app::delete(transaction, nouns.app.id)?;
    accounts::end(transaction, nouns)
}
