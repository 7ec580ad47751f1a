//! Visitors of a public demo, who do what it is for: each has a connector of its own, installs it, has customers and
//! things, reports values, looks at them, acts, and removes everything again.

use crate::Outcome;
use crate::support::api::{self, Asker, Failure, Session};
use crate::world::World;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const PASSWORD: &str = "a curious visitor";
/// How long a visitor looks at what it sees.
const THINKING: Duration = Duration::from_millis(500);
/// How many customers each connects, and how many values each of their things reports.
const CUSTOMERS: usize = 2;
const VALUES: u64 = 10;

/// How often visitors got through, and what stopped them otherwise.
#[derive(Debug, Default)]
pub struct Visits {
    /// Visits from installing to removing.
    pub whole: u64,
    /// Visits that ended early.
    pub failed: u64,
    /// Why the last of those did.
    pub last_failure: Option<String>,
}

/// A visitor with an account.
pub struct Visitor {
    world: Arc<World>,
    session: Session,
    developer: String,
    publication: String,
    app: String,
    service: String,
}

impl Visitor {
    /// Registers; two visitors share an address.
    pub fn new(world: &Arc<World>, number: usize) -> Outcome<Self> {
        let mut session = Session::behind_proxy(world.address(), &format!("192.0.2.{}", number / 2 % 250 + 1));
        let developer = session.register(&format!("visitor-{number}@example.com"), PASSWORD)?;
        let publication = session.publish(&developer, &format!("Visitor {number}"), world.quick)?;
        let (app, service) = session.create_app(&developer, &format!("Visitor {number}"))?;
        Ok(Self { world: Arc::clone(world), session, developer, publication, app, service })
    }

    /// Visits again and again until the siege ends.
    pub fn visit(mut self, ends: &AtomicBool) -> Visits {
        let (mut visits, mut round) = (Visits::default(), 0);
        while !ends.load(Ordering::Relaxed) {
            round += 1;
            match self.once(round, ends) {
                Ok(()) => visits.whole += 1,
                Err(failure) => {
                    visits.failed += 1;
                    visits.last_failure = Some(failure.to_string());
                    thread::sleep(THINKING);
                    // What is left of it would be in the way of the next visit.
                    if let Err(failure) = self.clean() {
                        visits.last_failure = Some(failure.to_string());
                    }
                }
            }
        }
        visits
    }

    fn once(&mut self, round: u64, ends: &AtomicBool) -> Outcome<()> {
        let (installation, state) = self.session.install(&self.developer, &self.app, &self.publication)?;
        if state != "COMPLETE" {
            return Err(format!("an installation is {state}").into());
        }
        for customer in 0..CUSTOMERS {
            let (instance, _) =
                self.session.instantiate(&self.service, &format!("customer {customer}"), &installation)?;
            let token = self.world.token_of(&instance)?;
            let thing = self.session.create_thing(&token)?;
            for value in 0..VALUES {
                let body = json!({ "value": format!("{round}.{value}") });
                self.session.report(&token, "PUT", &api::property_report_path(&thing), &body, 204)?;
            }
            self.look()?;
            self.session.act(&self.service, &thing)?;
            if !ends.load(Ordering::Relaxed) {
                thread::sleep(THINKING);
            }
        }
        Ok(self.remove(&installation)?)
    }

    fn remove(&mut self, installation: &str) -> Result<(), Failure> {
        let document = "mutation($id: ID!) { removeInstallation(installationId: $id, removeInstances: true) {
            affectedInstallation { id } } }";
        self.session.graphql(Asker::of(&self.developer), document, &json!({ "id": installation })).map(drop)
    }

    fn clean(&mut self) -> Result<(), Failure> {
        let document = "{ connectorInstallations { id } }";
        let data = self.session.graphql(Asker::of(&self.developer), document, &json!({}))?;
        let left = data["connectorInstallations"].as_array().into_iter().flatten();
        left.filter_map(|installation| installation["id"].as_str())
            .try_for_each(|installation| self.remove(installation))
    }

    fn look(&mut self) -> Result<(), Failure> {
        let document = "{ things { id components { properties { value history(from: \"2020-01-01T00:00:00Z\",
            to: \"9999-01-01T00:00:00Z\") { aggregate { count max } } } } } }";
        self.session.graphql(Asker::of(&self.service), document, &json!({})).map(drop)
    }
}
