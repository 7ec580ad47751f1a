//! Actions and the signed callbacks that carry them, to a connector that answers at once.

use crate::environment::{Environment, Hub};
use crate::load::{self, Job, Same};
use crate::support::api::{ACT, Asker, graphql_body};
use crate::table::{Table, Wanted};
use crate::turns::median;
use crate::{Outcome, reference, turns};
use serde_json::json;
use std::cell::RefCell;
use std::rc::Rc;

/// How many signed callbacks a second are wanted on two cores (issue 2).
const RATE_WANTED: f64 = 5_000.0;
/// How many apps' clients ask for an action at the same time.
const CONNECTIONS: usize = 64;
/// How many connectors there are: the 16 callbacks at once of each must not be what binds.
const PUBLICATIONS: usize = 8;
/// How many things one mutation acts on where callbacks are to be measured, and little else.
const THINGS_AT_ONCE: usize = 50;
/// How many such mutations are under way.
const MUTATIONS_AT_ONCE: usize = 8;
/// Acts on all things of a subject.
const ACT_ON_ALL: &str = "mutation { requestThingAction(thingConstraints: {}) { status } }";
/// How a good answer ends, so that the whole of it need not be read.
const COMPLETED: &[u8] = br#""status":"COMPLETED""#;

/// Requests of each connection, and how often a good answer says that an action is done.
struct Acts {
    requests: Vec<Vec<u8>>,
    completions: usize,
}

impl Job for Acts {
    fn next(&mut self, connection: usize, request: &mut Vec<u8>) {
        request.extend_from_slice(&self.requests[connection % self.requests.len()]);
    }

    fn accepts(&self, status: u16, body: &[u8]) -> bool {
        let completed = |part: &[u8]| part.starts_with(COMPLETED);
        status == 200
            && (0..body.len()).filter(|&at| body[at] == b'"' && completed(&body[at..])).count() == self.completions
    }
}

/// One thing, one action, one callback a request.
pub fn actions(environment: &Environment, table: &mut Table) -> Outcome<()> {
    let mut hub = environment.start("actions.db")?;
    let mut requests = Vec::with_capacity(CONNECTIONS);
    for meter in hub.meters(PUBLICATIONS, CONNECTIONS, 1)? {
        let asker = Asker { token: &meter.service, subject: Some(&meter.subject) };
        requests.push(asker.request(&graphql_body(ACT, &json!({"thing": meter.thing}))).to_bytes());
    }
    let answer = first_answer(&hub, &requests[0])?;
    let bare = reference::start(environment, &answer)?;
    let same = Rc::new(RefCell::new(Same { request: requests[0].clone(), body: answer }));
    let job = Rc::new(RefCell::new(Acts { requests, completions: 1 }));
    let pair = turns::measure(environment, CONNECTIONS, (&hub.process, &job), (&bare, &same))?;
    table.rate("actions: one callback and two durable writes a request", &pair);
    Ok(())
}

/// Many callbacks a request, so that little but the callbacks is measured.
pub fn callbacks(environment: &Environment, table: &mut Table) -> Outcome<()> {
    let mut hub = environment.start("callbacks.db")?;
    let mut requests = Vec::with_capacity(MUTATIONS_AT_ONCE);
    for meter in hub.meters(PUBLICATIONS, MUTATIONS_AT_ONCE, THINGS_AT_ONCE)? {
        let asker = Asker { token: &meter.service, subject: Some(&meter.subject) };
        requests.push(asker.request(&graphql_body(ACT_ON_ALL, &json!({}))).to_bytes());
    }
    let job = Rc::new(RefCell::new(Acts { requests, completions: THINGS_AT_ONCE }));
    let (mut rates, mut sent, mut before) = (Vec::new(), 0.0, hub.process.cpu_time()?);
    for turn in 0..=environment.turns {
        let done = load::run(hub.process.address(), MUTATIONS_AT_ONCE, environment.turn, &job)?;
        if turn == 0 {
            before = hub.process.cpu_time()?;
            continue;
        }
        rates.push(done.rate() * THINGS_AT_ONCE as f64);
        sent += (done.answers * THINGS_AT_ONCE as u64) as f64;
    }
    let cpu = (hub.process.cpu_time()?.saturating_sub(before)).as_secs_f64() * 1e6 / sent;
    let remark = format!("{cpu:.0} µs each, without client and connector");
    table.single("signed callbacks, 50 actions a request", median(rates), "/s", Wanted::AtLeast(RATE_WANTED), &remark);
    Ok(())
}

/// The bytes that the bare route is to answer.
fn first_answer(hub: &Hub, request: &[u8]) -> Outcome<Vec<u8>> {
    let mut connection = crate::support::http::Connection::open(hub.process.address())?;
    Ok(connection.send_bytes(request)?.body)
}
