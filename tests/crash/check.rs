//! Holds what the database has after a restart against what was acknowledged before it.

use crate::connector::{Noun, TestConnector};
use crate::operation::Operation;
use crate::world::{Action, Installation, Instance, PENDING, Thing, World};
use rusqlite::{Connection, Result};
use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How long interrupted removals and overdue requests may take to end: a removal needs one callback
/// of 150 ms at most, for 24 instances in turns.
const SETTLE_TIME_MAX: Duration = Duration::from_secs(15);
/// How often that is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);
/// How late a deadline may take effect, in microseconds.
const DEADLINE_LATENESS_MAX: i64 = 1_000_000;

/// What must be zero as soon as the server answers: nobody waits for these callbacks any more.
const NEVER_AFTER_START: [(&str, &str); 3] = [
    ("installations in INITIALIZED", "SELECT count(*) FROM installations WHERE state = 1"),
    ("instances in INITIALIZED", "SELECT count(*) FROM instances WHERE state = 1"),
    (
        "POST callbacks without an outcome",
        "SELECT count(*) FROM callbacks WHERE settled = 0 AND kind NOT LIKE '%REMOVAL'",
    ),
];
/// What must become zero by itself. The parameter is the present time in microseconds.
const NEVER_FOR_LONG: [(&str, &str); 4] = [
    ("installations in REMOVAL_ONGOING", "SELECT count(*) FROM installations WHERE state = 7 AND ?1 > 0"),
    ("instances in REMOVAL_ONGOING", "SELECT count(*) FROM instances WHERE state = 7 AND ?1 > 0"),
    ("callbacks without an outcome", "SELECT count(*) FROM callbacks WHERE settled = 0 AND ?1 > 0"),
    (
        "action requests PENDING past their deadline",
        "SELECT count(*) FROM action_requests WHERE status = 'PENDING' AND deadline < ?1",
    ),
];

/// Waits until nothing is under way, and tells what is stuck.
pub fn stuck(database: &Connection) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (what, query) in NEVER_AFTER_START {
        let count: i64 = database.query_row(query, [], |row| row.get(0))?;
        if count > 0 {
            found.push(format!("{count} {what} after the start"));
        }
    }
    let until = Instant::now() + SETTLE_TIME_MAX;
    for (what, query) in NEVER_FOR_LONG {
        loop {
            let present = time::OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000;
            let present = i64::try_from(present).expect("not that late") - DEADLINE_LATENESS_MAX;
            let count: i64 = database.query_row(query, [present], |row| row.get(0))?;
            if count == 0 {
                break;
            }
            if Instant::now() > until {
                found.push(format!("{count} {what} {SETTLE_TIME_MAX:?} after the start"));
                break;
            }
            std::thread::sleep(LOOK_INTERVAL);
        }
    }
    Ok(found)
}

/// What SQLite finds wrong with the file.
pub fn damage(database: &Connection) -> Result<Vec<String>> {
    let mut found: Vec<String> =
        database.prepare("PRAGMA integrity_check")?.query_map([], |row| row.get(0))?.collect::<Result<_>>()?;
    found.retain(|line| line != "ok");
    let broken = database
        .prepare("PRAGMA foreign_key_check")?
        .query_map([], |row| Ok(format!("a row of {} refers to nothing", row.get::<_, String>(0)?)))?
        .collect::<Result<Vec<_>>>()?;
    found.extend(broken);
    Ok(found)
}

/// What is wrong with the callbacks that arrived: a POST must come once, and must be about
/// something that was durable before.
pub fn wrong_callbacks(database: &Connection, connector: &TestConnector) -> Result<Vec<String>> {
    let mut durable = HashSet::new();
    for (noun, query) in [
        (Noun::Installation, "SELECT DISTINCT installation FROM callbacks"),
        (Noun::Instance, "SELECT DISTINCT instance FROM callbacks WHERE instance IS NOT NULL"),
        (Noun::Action, "SELECT action_request FROM callbacks WHERE action_request IS NOT NULL"),
    ] {
        let mut statement = database.prepare(query)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            durable.insert((noun, Uuid::from_bytes(row.get(0)?)));
        }
    }
    let mut found = Vec::new();
    for (about, arrived) in connector.all_arrived() {
        let (noun, id) = about;
        if arrived.posts > 1 {
            found.push(format!("the {noun:?} {id} was POSTed {} times", arrived.posts));
        }
        if !durable.contains(&about) {
            found.push(format!("the {noun:?} {id} was called without a durable row"));
        }
    }
    Ok(found)
}

/// How an app's world differs from what it may be.
pub fn differences(acknowledged: &World, found: &World, in_flight: Option<&Operation>) -> Vec<String> {
    let mut differences = Differences { in_flight, found: Vec::new(), acknowledged };
    differences.installations(&acknowledged.installations, &found.installations);
    differences.instances(&acknowledged.instances, &found.instances);
    differences.things(&acknowledged.things, &found.things);
    differences.actions(&acknowledged.actions, &found.actions);
    differences.found
}

struct Differences<'a> {
    acknowledged: &'a World,
    in_flight: Option<&'a Operation>,
    found: Vec<String>,
}

impl Differences<'_> {
    fn installations(&mut self, known: &BTreeMap<Uuid, Installation>, found: &BTreeMap<Uuid, Installation>) {
        for (id, known) in known {
            match found.get(id) {
                None if self.installation_may_be_gone(*id) => {}
                None => self.note(format!("the installation {id} is missing")),
                Some(found) if found.state == known.state => {}
                Some(_) if self.in_flight == Some(&Operation::ReportInstallation { installation: *id }) => {}
                Some(found) => self.note(format!("the installation {id} is {}, not {}", found.state, known.state)),
            }
        }
        self.extra("installation", known, found, |found| Operation::Install { publication: found.publication });
    }

    fn instances(&mut self, known: &BTreeMap<Uuid, Instance>, found: &BTreeMap<Uuid, Instance>) {
        for (id, known) in known {
            match found.get(id) {
                None if self.instance_may_be_gone(*id) => {}
                None => self.note(format!("the instance {id} is missing")),
                Some(found) if found.state == known.state => {}
                Some(_) if self.in_flight == Some(&Operation::ReportInstance { instance: *id }) => {}
                Some(found) => self.note(format!("the instance {id} is {}, not {}", found.state, known.state)),
            }
        }
        self.extra("instance", known, found, |found| Operation::Instantiate {
            installation: found.installation,
            subject: found.subject.clone(),
        });
    }

    fn things(&mut self, known: &BTreeMap<Uuid, Thing>, found: &BTreeMap<Uuid, Thing>) {
        for (id, known) in known {
            match found.get(id) {
                None if self.instance_may_be_gone(known.instance) => {}
                None => self.note(format!("the thing {id} is missing")),
                Some(found) => self.points(*id, known, found),
            }
        }
        self.extra("thing", known, found, |found| Operation::CreateThing { instance: found.instance });
    }

    /// Every acknowledged value is there, none that nobody sent, and the newest is the current one.
    fn points(&mut self, thing: Uuid, known: &Thing, found: &Thing) {
        let in_flight = match self.in_flight {
            Some(Operation::Update { thing: updated, at, value }) if *updated == thing => Some((*at, *value)),
            _ => None,
        };
        for (at, value) in &known.points {
            match found.points.get(at) {
                Some(found) if found == value || in_flight == Some((*at, *found)) => {}
                other => self.note(format!("the thing {thing} has {other:?} at {at}, not {value}")),
            }
        }
        for (at, value) in &found.points {
            if !known.points.contains_key(at) && in_flight != Some((*at, *value)) {
                self.note(format!("the thing {thing} has {value} at {at}, which nobody sent"));
            }
        }
        let newest = found.points.last_key_value().map(|(at, value)| (*at, *value));
        if found.current != newest {
            self.note(format!("the thing {thing} shows {:?}, and its newest value is {newest:?}", found.current));
        }
    }

    fn actions(&mut self, known: &BTreeMap<Uuid, Action>, found: &BTreeMap<Uuid, Action>) {
        for (id, known) in known {
            let instance = self.acknowledged.instance_of(known.thing).map(|(instance, _)| instance);
            match found.get(id) {
                None if instance.is_some_and(|instance| self.instance_may_be_gone(instance)) => {}
                None => self.note(format!("the action request {id} is missing")),
                Some(found) if found.status == known.status => {}
                // Its deadline has passed.
                Some(found) if known.status == PENDING && found.status == "FAILED" => {}
                Some(found) if known.status == PENDING && self.may_have_ended(*id, &found.status) => {}
                Some(found) => {
                    self.note(format!("the action request {id} is {}, not {}", found.status, known.status));
                }
            }
        }
        self.extra("action request", known, found, |found| Operation::Act { thing: found.thing });
    }

    /// What the database has and nobody was told of: what was in flight may be there, once.
    fn extra<T>(
        &mut self,
        noun: &str,
        known: &BTreeMap<Uuid, T>,
        found: &BTreeMap<Uuid, T>,
        asked: impl Fn(&T) -> Operation,
    ) {
        let mut allowed = 1;
        for (id, row) in found.iter().filter(|(id, _)| !known.contains_key(id)) {
            if allowed > 0 && self.in_flight == Some(&asked(row)) {
                allowed -= 1;
            } else {
                self.note(format!("the {noun} {id} should not be there: removed, or never asked for"));
            }
        }
    }

    fn installation_may_be_gone(&self, installation: Uuid) -> bool {
        self.in_flight == Some(&Operation::RemoveInstallation { installation })
    }

    fn instance_may_be_gone(&self, instance: Uuid) -> bool {
        let installation = self.acknowledged.instances.get(&instance).map(|own| own.installation);
        self.in_flight == Some(&Operation::RemoveInstance { instance })
            || installation.is_some_and(|installation| self.installation_may_be_gone(installation))
    }

    fn may_have_ended(&self, id: Uuid, found: &str) -> bool {
        match self.in_flight {
            Some(Operation::End { action, status }) => *action == id && *status == found,
            Some(Operation::Cancel { action }) => *action == id && found == "CANCELED",
            _ => false,
        }
    }

    fn note(&mut self, difference: String) {
        self.found.push(difference);
    }
}

/// The check itself is held against worlds that are wrong: one that finds nothing ever is worth nothing.
#[cfg(test)]
mod tests {
    use super::*;

    const INSTALLATION: Uuid = Uuid::from_u128(1);
    const INSTANCE: Uuid = Uuid::from_u128(2);
    const THING: Uuid = Uuid::from_u128(3);
    const ACTION: Uuid = Uuid::from_u128(4);

    fn world() -> World {
        let (publication, state) = (Uuid::nil(), "COMPLETE".to_owned());
        let instance = Instance { installation: INSTALLATION, subject: "s".to_owned(), state: state.clone() };
        let points = BTreeMap::from([(10, 1), (20, 2)]);
        let thing = Thing { instance: INSTANCE, points, current: Some((20, 2)) };
        World {
            installations: BTreeMap::from([(INSTALLATION, Installation { publication, state })]),
            instances: BTreeMap::from([(INSTANCE, instance)]),
            things: BTreeMap::from([(THING, thing)]),
            actions: BTreeMap::from([(ACTION, Action { thing: THING, status: PENDING.to_owned() })]),
        }
    }

    /// How many differences there are if this happened to the database.
    fn found(in_flight: Option<&Operation>, happened: impl FnOnce(&mut World)) -> usize {
        let mut found = world();
        happened(&mut found);
        differences(&world(), &found, in_flight).len()
    }

    fn update(world: &mut World, at: i64, value: i64) {
        let thing = world.things.get_mut(&THING).expect("the thing");
        thing.points.insert(at, value);
        thing.current = thing.points.last_key_value().map(|(at, value)| (*at, *value));
    }

    #[test]
    fn the_same_world_has_no_differences() {
        assert_eq!(found(None, |_| ()), 0);
    }

    #[test]
    fn what_is_missing_is_found_unless_its_removal_was_in_flight() {
        assert_eq!(found(None, |world| world.forget_installation(INSTALLATION)), 4);
        assert_eq!(found(None, |world| world.forget_instance(INSTANCE)), 3);
        let removal = Operation::RemoveInstance { instance: INSTANCE };
        assert_eq!(found(Some(&removal), |world| world.forget_instance(INSTANCE)), 0);
        assert_eq!(found(Some(&removal), |world| world.forget_installation(INSTALLATION)), 1);
    }

    #[test]
    fn what_should_not_be_there_is_found_unless_it_was_in_flight() {
        let another = |world: &mut World| {
            let instance = world.instances[&INSTANCE].clone();
            world.instances.insert(Uuid::from_u128(5), instance);
        };
        assert_eq!(found(None, another), 1);
        let instantiation = Operation::Instantiate { installation: INSTALLATION, subject: "s".to_owned() };
        assert_eq!(found(Some(&instantiation), another), 0);
    }

    #[test]
    fn lost_changed_and_invented_values_are_found() {
        let in_flight = Operation::Update { thing: THING, at: 30, value: 3 };
        assert_eq!(found(Some(&in_flight), |world| update(world, 30, 3)), 0);
        assert_eq!(found(None, |world| update(world, 30, 3)), 1);
        assert_eq!(found(Some(&in_flight), |world| update(world, 10, 7)), 1);
        assert_eq!(found(None, |world| world.things.get_mut(&THING).expect("it").current = Some((10, 1))), 1);
        let lost = |world: &mut World| {
            world.things.get_mut(&THING).expect("it").points.remove(&10);
        };
        assert_eq!(found(None, lost), 1);
    }

    #[test]
    fn an_action_request_may_only_end_as_asked_or_by_its_deadline() {
        let ended = |status: &'static str| {
            move |world: &mut World| status.clone_into(&mut world.actions.get_mut(&ACTION).expect("it").status)
        };
        assert_eq!(found(None, ended("FAILED")), 0);
        assert_eq!(found(None, ended("COMPLETED")), 1);
        assert_eq!(found(Some(&Operation::Cancel { action: ACTION }), ended("CANCELED")), 0);
    }
}
