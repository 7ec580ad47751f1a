//! Property updates, each durable before it is answered, against a bare PUT route.

use crate::environment::{Environment, Meter};
use crate::load::Job;
use crate::support::api::property_path;
use crate::support::http::Request;
use crate::table::{Table, Wanted};
use crate::{Outcome, reference, turns};
use rusqlite::{Connection, OpenFlags};
use std::cell::RefCell;
use std::rc::Rc;

/// What is wanted (issue 2).
const RATIO_WANTED: f64 = 0.25;
/// How many connectors report, each over its own connection about its own thing.
const CONNECTIONS: usize = 64;

/// What reports send: every value has another time, so that each leaves a point in the history.
pub struct Reports {
    /// Path and token of each connection.
    targets: Vec<(String, String)>,
    sent: u64,
    /// How many of each connection were answered, where somebody counts.
    pub counts: Vec<u64>,
}

impl Reports {
    /// About these things, each over its own connection.
    pub fn about(meters: &[Meter]) -> Self {
        let target = |meter: &Meter| (property_path(&meter.thing), meter.instance_token.clone());
        Self { targets: meters.iter().map(target).collect(), sent: 0, counts: vec![0; meters.len()] }
    }
}

impl Job for Reports {
    fn next(&mut self, connection: usize, request: &mut Vec<u8>) {
        self.sent += 1;
        let (path, token) = &self.targets[connection];
        let millis = self.sent;
        let (hour, minute, second) = (millis / 3_600_000 % 24, millis / 60_000 % 60, millis / 1_000 % 60);
        let body = format!(
            r#"{{"value":"{}.5","lastUpdate":"2026-01-02T{hour:02}:{minute:02}:{second:02}.{:03}Z"}}"#,
            millis % 100,
            millis % 1_000
        );
        let body = Some(body.as_bytes());
        Request { method: "PUT", path, token: Some(token), body, ..Request::default() }.write_to(request);
    }

    fn accepts(&self, status: u16, _: &[u8]) -> bool {
        status == 204
    }
}

/// Updates from many connections; none may be lost.
pub fn updates(environment: &Environment, table: &mut Table) -> Outcome<()> {
    let name = "updates.db";
    let mut hub = environment.start(name)?;
    let meters = hub.meters(1, CONNECTIONS, 1)?;
    let job = Rc::new(RefCell::new(Reports::about(&meters)));
    let bare = reference::start(environment, b"")?;
    let pair = turns::measure(environment, CONNECTIONS, (&hub.process, &job), (&bare, &job))?;
    table.ratio("property updates from 64 connections, durable", &pair, RATIO_WANTED);
    let database = Connection::open_with_flags(environment.path(name), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let points: u64 = database.query_row("SELECT count(*) FROM history", [], |row| row.get(0))?;
    let lost = pair.product.answers.saturating_sub(points);
    let remark = format!("{} acknowledged, {points} points in the history", pair.product.answers);
    table.single("updates lost", lost as f64, "", Wanted::AtMost(0.0), &remark);
    Ok(())
}
