//! One of the clients: an app, the developer behind it and the connector's side of its instances,
//! asking for one thing after the other and remembering what was acknowledged.

use crate::connector::{Noun, TestConnector};
use crate::figures::{Counts, count};
use crate::operation::Operation;
use crate::support::api::{Asker, Failure, Result, Session, property_report_path};
use crate::world::{Action, COMPLETE, Installation, Instance, ONGOING, PENDING, Thing, World};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IteratorRandom;
use serde_json::json;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

/// How many instances an app has at most: more than are removed at once with their installation (16).
const INSTANCES_MAX: usize = 24;
/// How long a client waits before it asks for something else where nothing can be written.
const PAUSE_WHEN_REFUSED: Duration = Duration::from_millis(3);
/// The time of the first value, in microseconds: 2020-01-01T00:00:00Z.
const FIRST_TIME: i64 = 1_577_836_800_000_000;
/// How far values are apart, in microseconds: between two there is room for one that comes late.
const TIME_STEP: i64 = 1_000;

/// What a client needs to ask for anything.
pub struct Credentials {
    /// The developer's token.
    pub developer: String,
    /// The app.
    pub app: Uuid,
    /// Its token.
    pub service: String,
}

/// A client.
pub struct Client {
    credentials: Credentials,
    publications: Vec<Uuid>,
    connector: Arc<TestConnector>,
    random: StdRng,
    steps: i64,
    /// What it knows to be durable.
    pub acknowledged: World,
    /// What it asked for when the server was killed.
    pub in_flight: Option<Operation>,
    /// What it was told that was done, by kind.
    pub done: Counts,
    /// What it was told that cannot be written now, by kind: nothing of that may be there.
    pub refused: Counts,
    spoilt: Arc<AtomicBool>,
}

impl Client {
    /// A client that knows nothing yet.
    pub fn new(
        credentials: Credentials,
        publications: Vec<Uuid>,
        connector: Arc<TestConnector>,
        random: StdRng,
        spoilt: Arc<AtomicBool>,
    ) -> Self {
        Self {
            credentials,
            publications,
            connector,
            random,
            steps: 0,
            acknowledged: World::default(),
            in_flight: None,
            done: Counts::default(),
            refused: Counts::default(),
            spoilt,
        }
    }

    /// The app.
    pub fn app(&self) -> Uuid {
        self.credentials.app
    }

    /// Asks for one thing after the other until the server is gone. What was in flight then stays noted.
    ///
    /// # Panics
    /// If the server refuses what it should do, unless the disk is spoilt and it says so.
    pub fn run(&mut self, server: SocketAddr) {
        let mut session = Session::new(server);
        self.in_flight = None;
        loop {
            let Some(operation) = self.choose() else { continue };
            match self.perform(&mut session, &operation) {
                Ok(()) => count(&mut self.done, operation.kind(), 1),
                Err(Failure::Unreachable(_)) => return,
                Err(Failure::Lost(_)) => {
                    self.in_flight = Some(operation);
                    return;
                }
                Err(Failure::Refused { status: 503, .. }) if self.spoilt.load(Ordering::Relaxed) => {
                    count(&mut self.refused, operation.kind(), 1);
                    std::thread::sleep(PAUSE_WHEN_REFUSED);
                }
                Err(refused) => panic!("{operation:?} of the app {}: {refused}", self.app()),
            }
        }
    }

    /// Something that makes sense now; none if the dice fall on what does not.
    fn choose(&mut self) -> Option<Operation> {
        let die = self.random.random_range(0..100);
        match die {
            0..8 => self.choose_install(),
            8..11 => self.choose_installation_removal(),
            11..27 => self.choose_instantiation(),
            27..35 => self.choose_instance_removal(),
            35..42 => self.choose_report(),
            42..50 => self.choose_new_thing(),
            50..72 => self.choose_update(),
            72..88 => {
                let thing =
                    self.pick(|world| world.things.keys().copied().filter(|id| is_complete(world, *id)).collect())?;
                Some(Operation::Act { thing })
            }
            _ => self.choose_end(),
        }
    }

    fn pick<T>(&mut self, candidates: impl FnOnce(&World) -> Vec<T>) -> Option<T> {
        candidates(&self.acknowledged).into_iter().choose(&mut self.random)
    }

    fn choose_install(&mut self) -> Option<Operation> {
        let publications = self.publications.clone();
        let publication = self.pick(|world| {
            let installed =
                |publication: &Uuid| world.installations.values().any(|own| own.publication == *publication);
            publications.into_iter().filter(|publication| !installed(publication)).collect()
        })?;
        Some(Operation::Install { publication })
    }

    fn choose_installation_removal(&mut self) -> Option<Operation> {
        let broken = self.pick(|world| {
            let broken = |own: &Installation| own.state != COMPLETE && own.state != ONGOING;
            world.installations.iter().filter(|(_, own)| broken(own)).map(|(id, _)| *id).collect()
        });
        let any = self.pick(|world| world.installations.keys().copied().collect());
        Some(Operation::RemoveInstallation { installation: broken.or(any)? })
    }

    fn choose_instantiation(&mut self) -> Option<Operation> {
        if self.acknowledged.instances.len() >= INSTANCES_MAX {
            return None;
        }
        let installation = self.pick(|world| {
            world.installations.iter().filter(|(_, own)| own.state == COMPLETE).map(|(id, _)| *id).collect()
        })?;
        Some(Operation::Instantiate { installation, subject: format!("customer-{}", self.random.random::<u64>()) })
    }

    fn choose_instance_removal(&mut self) -> Option<Operation> {
        let broken = self.pick(|world| {
            let broken = |own: &Instance| own.state != COMPLETE && own.state != ONGOING;
            world.instances.iter().filter(|(_, own)| broken(own)).map(|(id, _)| *id).collect()
        });
        let any = self.pick(|world| world.instances.keys().copied().collect());
        Some(Operation::RemoveInstance { instance: broken.or(any)? })
    }

    fn choose_report(&mut self) -> Option<Operation> {
        let connector = Arc::clone(&self.connector);
        self.pick(|world| {
            let installations = world.installations.iter().filter(|(_, own)| own.state == ONGOING);
            let instances = world.instances.iter().filter(|(_, own)| own.state == ONGOING);
            let installations = installations.map(|(id, _)| Operation::ReportInstallation { installation: *id });
            let instances = instances.map(|(id, _)| Operation::ReportInstance { instance: *id });
            // Without a token, because the callback never arrived, nothing can be reported.
            let reportable = |operation: &Operation| match operation {
                Operation::ReportInstallation { installation: id } => connector.token(Noun::Installation, *id),
                Operation::ReportInstance { instance: id } => connector.token(Noun::Instance, *id),
                _ => None,
            };
            installations.chain(instances).filter(|operation| reportable(operation).is_some()).collect()
        })
    }

    fn choose_new_thing(&mut self) -> Option<Operation> {
        let instance = self.pick(|world| {
            let has_none = |id: Uuid| !world.things.values().any(|thing| thing.instance == id);
            let complete = world.instances.iter().filter(|(_, own)| own.state == COMPLETE);
            complete.map(|(id, _)| *id).filter(|id| has_none(*id)).collect()
        })?;
        Some(Operation::CreateThing { instance })
    }

    /// Mostly a newer value, sometimes one that comes late, sometimes another one of the same time.
    fn choose_update(&mut self) -> Option<Operation> {
        let thing = self.pick(|world| world.things.keys().copied().collect())?;
        self.steps += 1;
        let newest = self.acknowledged.things.get(&thing)?.points.last_key_value().map(|(at, _)| *at);
        let at = match (newest, self.random.random_range(0..10)) {
            (Some(newest), 0) => newest,
            (Some(newest), 1) => newest - self.random.random_range(1..TIME_STEP),
            _ => FIRST_TIME + self.steps * TIME_STEP,
        };
        Some(Operation::Update { thing, at, value: self.steps })
    }

    fn choose_end(&mut self) -> Option<Operation> {
        let action = self
            .pick(|world| world.actions.iter().filter(|(_, own)| own.status == PENDING).map(|(id, _)| *id).collect())?;
        Some(match self.random.random_range(0..3) {
            0 => Operation::End { action, status: "COMPLETED" },
            1 => Operation::End { action, status: "FAILED" },
            _ => Operation::Cancel { action },
        })
    }

    /// Asks for it and, once it is acknowledged, remembers it.
    fn perform(&mut self, session: &mut Session, operation: &Operation) -> Result<()> {
        match operation {
            Operation::Install { publication } => {
                let Credentials { developer, app, .. } = &self.credentials;
                let (id, state) = session.install(developer, &app.to_string(), &publication.to_string())?;
                let id = self.called_once(Noun::Installation, &id);
                self.acknowledged.installations.insert(id, Installation { publication: *publication, state });
            }
            Operation::Instantiate { installation, subject } => {
                let (id, state) = session.instantiate(&self.credentials.service, subject, &installation.to_string())?;
                let id = self.called_once(Noun::Instance, &id);
                let instance = Instance { installation: *installation, subject: subject.clone(), state };
                self.acknowledged.instances.insert(id, instance);
            }
            Operation::ReportInstallation { installation } => {
                self.report_complete(session, Noun::Installation, *installation, "/installations/state")?;
                if let Some(own) = self.acknowledged.installations.get_mut(installation) {
                    COMPLETE.clone_into(&mut own.state);
                }
            }
            Operation::ReportInstance { instance } => {
                self.report_complete(session, Noun::Instance, *instance, "/instances/state")?;
                if let Some(own) = self.acknowledged.instances.get_mut(instance) {
                    COMPLETE.clone_into(&mut own.state);
                }
            }
            Operation::CreateThing { instance } => {
                let id = session.create_thing(&self.instance_token(*instance))?;
                let thing = Thing { instance: *instance, points: BTreeMap::new(), current: None };
                self.acknowledged.things.insert(uuid(&id), thing);
            }
            Operation::Update { thing, at, value } => self.update(session, *thing, *at, *value)?,
            Operation::Act { thing } => {
                let (id, status) = session.act(&self.credentials.service, &thing.to_string())?;
                let id = self.called_once(Noun::Action, &id);
                self.acknowledged.actions.insert(id, Action { thing: *thing, status });
            }
            Operation::End { action, status } => self.end(session, *action, status)?,
            Operation::Cancel { action } => self.cancel(session, *action)?,
            Operation::RemoveInstance { instance } => self.remove_instance(session, *instance)?,
            Operation::RemoveInstallation { installation } => self.remove_installation(session, *installation)?,
        }
        Ok(())
    }

    fn report_complete(&self, session: &mut Session, noun: Noun, id: Uuid, path: &str) -> Result<()> {
        let token = self.connector.token(noun, id).expect("chosen because there is a token");
        session.report(&token, "POST", path, &json!({"state": 2, "details": {"by": "hub"}}), 204).map(|_| ())
    }

    fn update(&mut self, session: &mut Session, thing: Uuid, at: i64, value: i64) -> Result<()> {
        let token = self.token_of(thing);
        let last_update = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000).expect("a time");
        let last_update = last_update.format(&Rfc3339).expect("a text");
        let body = json!({"value": value.to_string(), "lastUpdate": last_update});
        session.report(&token, "PUT", &property_report_path(&thing.to_string()), &body, 204)?;
        if let Some(own) = self.acknowledged.things.get_mut(&thing) {
            own.points.insert(at, value);
        }
        Ok(())
    }

    /// The deadline may have been first, which counts as an end too.
    fn end(&mut self, session: &mut Session, action: Uuid, status: &str) -> Result<()> {
        let Some(thing) = self.acknowledged.actions.get(&action).map(|own| own.thing) else { return Ok(()) };
        let (token, path) = (self.token_of(thing), format!("/instances/actions/requests/{action}"));
        let ended = match session.report(&token, "PUT", &path, &json!({"status": status, "error": ""}), 204) {
            Ok(_) => status,
            Err(Failure::Refused { status: 409, .. }) => "FAILED",
            Err(other) => return Err(other),
        };
        self.note_end(action, ended);
        Ok(())
    }

    fn cancel(&mut self, session: &mut Session, action: Uuid) -> Result<()> {
        let query = "mutation($id: ID!) { cancelActionRequest(id: $id) { status } }";
        let asked = session.graphql(Asker::of(&self.credentials.service), query, &json!({"id": action.to_string()}));
        let ended = match asked {
            Ok(_) => "CANCELED",
            Err(Failure::Refused { answer, .. }) if answer.contains("CONFLICT") => "FAILED",
            Err(other) => return Err(other),
        };
        self.note_end(action, ended);
        Ok(())
    }

    fn note_end(&mut self, action: Uuid, status: &str) {
        if let Some(own) = self.acknowledged.actions.get_mut(&action) {
            status.clone_into(&mut own.status);
        }
    }

    fn remove_instance(&mut self, session: &mut Session, instance: Uuid) -> Result<()> {
        let query = "mutation($id: ID!) { removeInstance(instanceId: $id) { id state } }";
        session.graphql(Asker::of(&self.credentials.service), query, &json!({"id": instance.to_string()}))?;
        self.told_of_the_end(Noun::Instance, instance);
        self.acknowledged.forget_instance(instance);
        Ok(())
    }

    fn remove_installation(&mut self, session: &mut Session, installation: Uuid) -> Result<()> {
        let query = "mutation($id: ID!) { removeInstallation(installationId: $id, removeInstances: true) {
            affectedInstallation { id state } affectedInstances { id state } } }";
        let variables = json!({"id": installation.to_string()});
        session.graphql(Asker::of(&self.credentials.developer), query, &variables)?;
        self.told_of_the_end(Noun::Installation, installation);
        self.acknowledged.forget_installation(installation);
        Ok(())
    }

    /// What was created with a callback: the connector must have got it once.
    fn called_once(&self, noun: Noun, id: &str) -> Uuid {
        let id = uuid(id);
        let posts = self.connector.arrived(noun, id).posts;
        assert_eq!(posts, 1, "the {noun:?} {id} was acknowledged after {posts} callbacks");
        id
    }

    fn told_of_the_end(&self, noun: Noun, id: Uuid) {
        let told = self.connector.arrived(noun, id).deletes;
        assert!(told > 0, "the removal of the {noun:?} {id} was acknowledged without a callback");
    }

    fn token_of(&self, thing: Uuid) -> String {
        let (instance, _) = self.acknowledged.instance_of(thing).expect("a thing has an instance");
        self.instance_token(instance)
    }

    fn instance_token(&self, instance: Uuid) -> String {
        self.connector.token(Noun::Instance, instance).expect("a complete instance was called")
    }
}

fn is_complete(world: &World, thing: Uuid) -> bool {
    world.instance_of(thing).is_some_and(|(_, instance)| instance.state == COMPLETE)
}

fn uuid(text: &str) -> Uuid {
    text.parse().expect("an ID of the platform is a UUID")
}
