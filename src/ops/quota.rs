//! How many of something one may have. What is refused here does not become possible by waiting, so it
//! is a conflict with what there is and not "too many requests", except for action requests, which end
//! by themselves.

use crate::model::error::{Error, Result};
use crate::model::id::{AccountId, AppId, InstallationId, InstanceId};
use crate::store::{self, quota};
use parking_lot::Mutex;
use rusqlite::Connection;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long a full installation is taken for full without counting again.
const FULL_FOR: Duration = Duration::from_secs(1);
/// Of how many installations it is remembered how many instances they may still get.
const REMEMBERED_MAX: usize = 10_000;

/// How many of something one may have.
#[derive(Debug, Clone, Copy)]
pub struct Quotas {
    /// Publications of an account that are on offer.
    pub publications_per_account: u32,
    /// Apps of an account.
    pub apps_per_account: u32,
    /// Installations of an app.
    pub installations_per_app: u32,
    /// Instances of an installation.
    pub instances_per_installation: u32,
    /// Things of an instance.
    pub things_per_instance: u32,
    /// Things that an app keeps itself.
    pub own_things_per_app: u32,
    /// Action requests of an app that have not ended.
    pub pending_actions_per_app: u32,
    /// Bytes that the points of the past of an account's things take.
    pub history_bytes_per_account: u64,
    /// Bytes that an account's things take, with everything that belongs to them.
    pub thing_bytes_per_account: u64,
    /// Bytes that the callback log of an account's connectors keeps: beyond that the oldest entries go.
    pub callback_log_bytes_per_account: u64,
    /// Changes in a second that an account may make, on average; as many as it likes if `None`.
    pub changes_per_second: Option<u32>,
}

const MIB: u64 = 1024 * 1024;

impl Default for Quotas {
    fn default() -> Self {
        Self {
            publications_per_account: 100,
            apps_per_account: 100,
            installations_per_app: 1_000,
            instances_per_installation: 1_000_000,
            things_per_instance: 1_000,
            own_things_per_app: 10_000,
            pending_actions_per_app: 10_000,
            // A value each second for four years.
            history_bytes_per_account: 4 * 1024 * MIB,
            thing_bytes_per_account: 1024 * MIB,
            callback_log_bytes_per_account: 512 * MIB,
            changes_per_second: None,
        }
    }
}

impl Quotas {
    /// That an account may publish one more.
    pub(super) fn publication(&self, connection: &Connection, owner: AccountId) -> Result<()> {
        let max = self.publications_per_account;
        let full = quota::publications(connection, owner, max)?;
        room(full, max, "this account", "publications", "remove one", "--publications-per-account")
    }

    /// That an account may make one more app.
    pub(super) fn app(&self, connection: &Connection, owner: AccountId) -> Result<()> {
        let max = self.apps_per_account;
        let full = quota::apps(connection, owner, max)?;
        room(full, max, "this account", "apps", "remove one", "--apps-per-account")
    }

    /// That an app may install one more.
    pub(super) fn installation(&self, connection: &Connection, app: AppId) -> Result<()> {
        let max = self.installations_per_app;
        let full = quota::installations(connection, app, max)?;
        room(full, max, "this app", "installations", "remove one", "--installations-per-app")
    }

    /// That an instance may create one more thing.
    pub(super) fn thing(&self, connection: &Connection, instance: InstanceId) -> Result<()> {
        let max = self.things_per_instance;
        let full = quota::things(connection, instance, max)?;
        room(full, max, "this instance", "things", "delete one", "--things-per-instance")
    }

    /// That an app may create one more thing that it keeps itself.
    pub(super) fn own_thing(&self, connection: &Connection, app: AppId) -> Result<()> {
        let max = self.own_things_per_app;
        let full = quota::own_things(connection, app, max)?;
        room(full, max, "this app", "things of its own", "delete some", "--own-things-per-app")
    }

    /// That an app may request more actions.
    pub(super) fn actions(&self, connection: &Connection, app: AppId) -> Result<()> {
        let max = self.pending_actions_per_app;
        if !quota::pending_actions(connection, app, max)? {
            return Ok(());
        }
        let message = format!(
            "this app has {max} action requests that are pending, and that is the most: wait for some to end, or \
             cancel some; the operator can allow more with --pending-actions-per-app"
        );
        Err(Error::TooMany { message, retry_after: 1 })
    }
}

/// How many bytes accounts may still write. It is read once and then counted down, so that a write asks the database for
/// nothing; what is deleted meanwhile is seen when it is read again, once nothing is left.
#[derive(Default)]
pub(super) struct BytesLeft(Mutex<HashMap<(AccountId, Kind), Left>>);

/// What bytes are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    History,
    Things,
}

struct Left {
    bytes: i64,
    read: Instant,
}

impl BytesLeft {
    /// That an account may write so many bytes more.
    pub(super) fn take(
        &self,
        connection: &Connection,
        quotas: Quotas,
        account: AccountId,
        kind: Kind,
        bytes: i64,
    ) -> Result<()> {
        let mut all = self.0.lock();
        if let Some(left) = all.get_mut(&(account, kind)) {
            left.bytes -= bytes;
            if left.bytes >= 0 {
                return Ok(());
            }
            if left.read.elapsed() < FULL_FOR {
                left.bytes = left.bytes.max(-1);
                return Err(quotas.full(kind));
            }
        }
        let usage = store::usage::of(connection, account)?;
        let (used, max) = match kind {
            Kind::History => (usage.history, quotas.history_bytes_per_account),
            Kind::Things => (usage.things, quotas.thing_bytes_per_account),
        };
        let left = i64::try_from(max).unwrap_or(i64::MAX).saturating_sub(used).saturating_sub(bytes);
        if all.len() >= REMEMBERED_MAX {
            all.clear();
        }
        all.insert((account, kind), Left { bytes: left.max(-1), read: Instant::now() });
        if left < 0 { Err(quotas.full(kind)) } else { Ok(()) }
    }
}

impl Quotas {
    fn full(&self, kind: Kind) -> Error {
        Error::Conflict(match kind {
            Kind::History => format!(
                "the past of this account's things takes {}, and that is the most: remove things or instances that are not \
                 needed; the operator can allow more with --history-mib-per-account, or keep less of the past with \
                 --history-retention",
                shown(self.history_bytes_per_account)
            ),
            Kind::Things => format!(
                "this account's things, instances and action requests take {}, and that is the most: remove some; the \
                 operator can allow more with --thing-mib-per-account",
                shown(self.thing_bytes_per_account)
            ),
        })
    }
}

/// A number of bytes for people.
fn shown(bytes: u64) -> String {
    match bytes {
        0..10_240 => format!("{bytes} bytes"),
        10_240..10_485_760 => format!("{} KiB", bytes / 1024),
        _ => format!("{} MiB", bytes / MIB),
    }
}

fn room(full: bool, max: u32, whose: &str, what: &str, how: &str, option: &str) -> Result<()> {
    if !full {
        return Ok(());
    }
    Err(Error::Conflict(format!(
        "{whose} has {max} {what}, and that is the most: {how} first; the operator can allow more with {option}"
    )))
}

/// How many instances installations may still get. They can have so many that counting them at each
/// insert would hold up the writer, so it is counted once and then counted down; what is removed
/// meanwhile is seen when it is counted again.
#[derive(Default)]
pub(super) struct Rooms(Mutex<HashMap<InstallationId, Room>>);

enum Room {
    Left(u64),
    Full(Instant),
}

impl Rooms {
    /// That an installation may get one more instance.
    pub(super) fn take(&self, connection: &Connection, quotas: Quotas, installation: InstallationId) -> Result<()> {
        let max = quotas.instances_per_installation;
        let answer =
            |full| room(full, max, "this installation", "instances", "remove one", "--instances-per-installation");
        let mut rooms = self.0.lock();
        match rooms.get_mut(&installation) {
            Some(Room::Left(left)) if *left > 0 => {
                *left -= 1;
                return Ok(());
            }
            Some(Room::Full(since)) if since.elapsed() < FULL_FOR => return answer(true),
            _ => {}
        }
        let left = u64::from(max).saturating_sub(quota::instances(connection, installation)?);
        if rooms.len() >= REMEMBERED_MAX {
            rooms.clear();
        }
        let room = left.checked_sub(1).map_or_else(|| Room::Full(Instant::now()), Room::Left);
        rooms.insert(installation, room);
        answer(left == 0)
    }
}
