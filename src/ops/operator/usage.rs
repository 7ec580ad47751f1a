//! How much accounts and connectors use: traffic, which is counted in memory and written every few seconds, and what is
//! stored, which is measured when an operator asks.
//!
//! After a crash the traffic of the last few seconds is missing; it is for people, and nothing depends on it.
//!
//! Used by [`super`], by the operations that count, and by [`crate::ops::maintenance`].

use crate::model::account::AccountRecord;
use crate::model::error::Result;
use crate::model::id::{AccountId, InstallationId, PublicationId};
use crate::model::page::Page;
use crate::model::publication::PublicationState;
use crate::model::time::Timestamp;
use crate::model::usage::{Stored, Traffic, Usage};
use crate::ops::caller::Operator;
use crate::ops::{Platform, View, account, now};
use crate::store::traffic::{Measured, PARTS, TrafficRow};
use crate::store::{self, Store};
use parking_lot::Mutex;
use rusqlite::{Connection, Transaction};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const HOUR_MICROS: i64 = 60 * 60 * 1_000_000;
const DAY_HOURS: i64 = 24;
/// For how long traffic is kept, in hours.
const KEPT_HOURS: i64 = 2 * DAY_HOURS;
/// How many installations' traffic is written at once.
const WRITTEN_AT_ONCE: usize = 200;
/// After which time what is stored is measured again, if an operator asks.
const MEASURED_AGAIN_AFTER: Duration = Duration::from_secs(10 * 60);

/// What has been counted since it was last written.
#[derive(Default)]
pub(in crate::ops) struct Counters {
    callbacks: Mutex<HashMap<(PublicationId, AccountId), Traffic>>,
    updates: Mutex<HashMap<InstallationId, u64>>,
}

impl Counters {
    /// Counts a callback to a publication about an app of an account.
    pub(in crate::ops) fn called(&self, publication: PublicationId, app_owner: AccountId, failed: bool) {
        let one = Traffic { callbacks: 1, failures: u64::from(failed), updates: 0 };
        self.callbacks.lock().entry((publication, app_owner)).or_default().add(one);
    }

    /// Counts a value that was reported for an instance of an installation.
    pub(in crate::ops) fn updated(&self, installation: InstallationId) {
        *self.updates.lock().entry(installation).or_default() += 1;
    }
}

/// What was measured last.
#[derive(Default)]
pub(in crate::ops) struct LastMeasured {
    found: Mutex<Option<(Timestamp, Arc<Measured>)>>,
    is_measuring: AtomicBool,
}

/// Writes what was counted, and forgets what is too old.
///
/// # Errors
/// Faults of the database.
pub(in crate::ops) async fn write_down(platform: &Arc<Platform>) -> Result<()> {
    let hour = hour_of(now());
    let callbacks = std::mem::take(&mut *platform.counters.callbacks.lock());
    let updates = std::mem::take(&mut *platform.counters.updates.lock());
    let callbacks: Vec<_> = callbacks.into_iter().collect();
    for some in callbacks.chunks(WRITTEN_AT_ONCE) {
        let some = some.to_vec();
        let write = move |transaction: &Transaction<'_>| {
            some.iter().try_for_each(|((publication, account), traffic)| {
                account::note_use(transaction, *account)?;
                store::traffic::add_callbacks(transaction, hour, *publication, *account, *traffic)
            })
        };
        platform.store.write(write).await?;
    }
    let updates: Vec<_> = updates.into_iter().collect();
    for some in updates.chunks(WRITTEN_AT_ONCE) {
        let some = some.to_vec();
        let write = move |transaction: &Transaction<'_>| {
            some.iter().try_for_each(|(installation, number)| {
                let parties = store::traffic::add_updates(transaction, hour, *installation, *number)?;
                parties.into_iter().flatten().try_for_each(|account| account::note_use(transaction, account))
            })
        };
        platform.store.write(write).await?;
    }
    Ok(())
}

/// Forgets traffic that is too old, and invitations that have expired.
///
/// # Errors
/// Faults of the database.
pub(in crate::ops) async fn trim(platform: &Arc<Platform>) -> Result<()> {
    let (before, expired) = (hour_of(now()) - KEPT_HOURS, platform.clock.now());
    let trim = move |transaction: &Transaction<'_>| {
        store::traffic::trim(transaction, before)?;
        store::invite::trim(transaction, expired)
    };
    platform.store.write(trim).await
}

fn hour_of(at: Timestamp) -> i64 {
    at.micros().div_euclid(HOUR_MICROS)
}

/// An account and what it uses.
#[derive(Debug, Clone)]
pub struct AccountUsage {
    /// The account.
    pub record: AccountRecord,
    /// What its apps and its connectors use.
    pub usage: Usage,
}

/// A connector and what it uses.
#[derive(Debug, Clone)]
pub struct ConnectorUsage {
    /// Its publication.
    pub id: PublicationId,
    /// Its name.
    pub name: String,
    /// The account that has published it.
    pub owner: AccountId,
    /// That account's e-mail.
    pub owner_email: String,
    /// Whether it is suspended by itself.
    pub is_suspended: bool,
    /// Whether it is off the offer and still installed.
    pub is_removed: bool,
    /// What its installations and its log use.
    pub usage: Usage,
}

/// All traffic of a day, by publication and account.
struct Books {
    rows: Vec<TrafficRow>,
    owners: HashMap<PublicationId, AccountId>,
    /// The bytes of accounts, as the limits count them.
    bytes: HashMap<AccountId, u64>,
    measured: Option<Arc<Measured>>,
}

impl Books {
    fn read(connection: &Connection, measured: Option<Arc<Measured>>) -> Result<Self> {
        let hour = hour_of(now());
        let rows = store::traffic::since(connection, hour - DAY_HOURS, hour - hour.rem_euclid(DAY_HOURS))?;
        let ids: Vec<_> = rows.iter().map(|row| row.publication).collect::<HashSet<_>>().into_iter().collect();
        let owners =
            store::publication::get_many(connection, &ids)?.into_iter().map(|one| (one.id, one.owner)).collect();
        let total = |usage: store::usage::Usage| u64::try_from(usage.history + usage.log + usage.things).unwrap_or(0);
        let bytes = store::usage::all(connection)?.into_iter().map(|(id, usage)| (id, total(usage))).collect();
        Ok(Self { rows, owners, bytes, measured })
    }

    fn of_accounts(&self, records: Vec<AccountRecord>) -> Vec<AccountUsage> {
        let mut traffic: HashMap<AccountId, Usage> = HashMap::new();
        for row in &self.rows {
            let connector_owner = self.owners.get(&row.publication).filter(|owner| **owner != row.account);
            for account in std::iter::once(&row.account).chain(connector_owner) {
                let usage = traffic.entry(*account).or_default();
                usage.today.add(row.today);
                usage.day.add(row.day);
            }
        }
        let with_usage = |record: AccountRecord| {
            let id = record.account.id;
            let rows = |all: &Arc<Measured>| all.accounts.get(&id).copied().unwrap_or_default().rows;
            let bytes = self.bytes.get(&id).copied().unwrap_or_default();
            let stored = self.measured.as_ref().map(|all| Stored { rows: rows(all), bytes });
            AccountUsage { usage: Usage { stored, ..traffic.get(&id).copied().unwrap_or_default() }, record }
        };
        records.into_iter().map(with_usage).collect()
    }

    /// The busiest first; those that are suspended are among them whatever they do.
    fn of_connectors(&self, connection: &Connection, all: bool) -> Result<Vec<ConnectorUsage>> {
        let mut traffic: HashMap<PublicationId, Usage> = HashMap::new();
        for row in &self.rows {
            let usage = traffic.entry(row.publication).or_default();
            usage.today.add(row.today);
            usage.day.add(row.day);
        }
        let suspended: HashSet<_> = store::suspension::publications(connection)?.into_iter().collect();
        let stored = self.measured.iter().filter(|_| all).flat_map(|measured| measured.publications.keys());
        let ids: HashSet<_> = traffic.keys().chain(&suspended).chain(stored).copied().collect();
        let publications = store::publication::get_many(connection, &ids.into_iter().collect::<Vec<_>>())?;
        let owners: Vec<_> = publications.iter().map(|one| one.owner).collect::<HashSet<_>>().into_iter().collect();
        let emails = store::account::emails(connection, &owners)?;
        let mut connectors: Vec<_> = publications
            .into_iter()
            .map(|publication| {
                let id = publication.id;
                let of = |all: &Arc<Measured>| all.publications.get(&id).copied().unwrap_or_default();
                let stored: Option<Stored> = self.measured.as_ref().map(of);
                ConnectorUsage {
                    id,
                    owner: publication.owner,
                    owner_email: emails.get(&publication.owner).cloned().unwrap_or_default(),
                    is_suspended: suspended.contains(&id),
                    is_removed: publication.state == PublicationState::Removed,
                    name: publication.profile.name,
                    usage: Usage { stored, ..traffic.get(&id).copied().unwrap_or_default() },
                }
            })
            .collect();
        connectors.sort_by_key(|one| (std::cmp::Reverse(one.usage.day.total()), one.id));
        Ok(connectors)
    }
}

/// A page of the accounts with what they use, oldest first.
///
/// # Errors
/// Faults of the database.
pub fn accounts(
    platform: &Arc<Platform>,
    view: &View,
    _: &Operator,
    page: Page<AccountId>,
) -> Result<Vec<AccountUsage>> {
    let books = Books::read(view, last_measured(platform))?;
    Ok(books.of_accounts(store::account::records(view, page)?))
}

/// One account with what it uses.
///
/// # Errors
/// Faults of the database.
pub fn account(platform: &Arc<Platform>, view: &View, _: &Operator, id: AccountId) -> Result<Option<AccountUsage>> {
    let books = Books::read(view, last_measured(platform))?;
    Ok(books.of_accounts(store::account::record(view, id)?.into_iter().collect()).pop())
}

/// The connectors that had traffic within a day, the busiest first, and those that are suspended.
///
/// # Errors
/// Faults of the database.
pub fn connectors(platform: &Arc<Platform>, view: &View, _: &Operator, first: usize) -> Result<Vec<ConnectorUsage>> {
    let mut connectors = Books::read(view, last_measured(platform))?.of_connectors(view, false)?;
    connectors.truncate(first);
    Ok(connectors)
}

/// What is stored, as it was last measured; begins to measure it again if that is long ago.
fn last_measured(platform: &Arc<Platform>) -> Option<Arc<Measured>> {
    let last = platform.measured.found.lock().clone();
    let is_recent = last.as_ref().is_some_and(|(at, _)| at.plus(MEASURED_AGAIN_AFTER) > now());
    if !is_recent && !platform.measured.is_measuring.swap(true, Ordering::AcqRel) {
        let platform = Arc::clone(platform);
        tokio::task::spawn_blocking(move || {
            match measure(&platform.store) {
                Ok(measured) => *platform.measured.found.lock() = Some((now(), Arc::new(measured))),
                Err(error) => tracing::warn!(%error, "what is stored cannot be measured"),
            }
            platform.measured.is_measuring.store(false, Ordering::Release);
        });
    }
    last.map(|(_, measured)| measured)
}

/// Measures what is stored. Blocks, and reads everything.
fn measure(store: &Store) -> Result<Measured> {
    let mut measured = Measured::default();
    PARTS.iter().try_for_each(|part| part.measure(&*store.snapshot()?, &mut measured))?;
    Ok(measured)
}

/// What all accounts and connectors use, the busiest connectors first: at the file.
pub(super) fn of_all(store: &Store, records: Vec<AccountRecord>) -> Result<(Vec<AccountUsage>, Vec<ConnectorUsage>)> {
    let measured = Arc::new(measure(store)?);
    let view = store.snapshot()?;
    let books = Books::read(&view, Some(measured))?;
    Ok((books.of_accounts(records), books.of_connectors(&view, true)?))
}
