//! What has to happen by itself: overdue action requests fail; old log entries and action requests, grants that have
//! ended, points of the past that are not to be kept, and the pasts of deleted things go.

use crate::model::action::{ActionRequest, REMOVED_KEPT};
use crate::model::error::{Error, Result};
use crate::model::id::{ActionRequestId, CallbackId, PublicationId};
use crate::model::thing::PropertyKey;
use crate::model::time::Timestamp;
use crate::ops::live::Event;
use crate::ops::operator::{idle, removal, usage};
use crate::ops::waiting::Grown;
use crate::ops::{Platform, View, disk, keyring, now, remains};
use crate::store;
use crate::store::cascade::Step;
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::MissedTickBehavior;

/// How often overdue requests are looked for: how late a deadline may take effect.
const DEADLINE_CHECK_INTERVAL: Duration = Duration::from_millis(250);
/// How often is looked for what an operator did at the database's file.
const OPERATOR_INTERVAL: Duration = Duration::from_millis(250);
/// How often accounts are looked for that nobody uses.
const IDLE_INTERVAL: Duration = Duration::from_secs(60 * 60);
/// How often it is written down what was counted of traffic.
const TRAFFIC_INTERVAL: Duration = Duration::from_secs(2);
/// How often the log is trimmed: a busy connector has some ten thousand entries too many by then.
const TRIM_INTERVAL: Duration = Duration::from_secs(10);
/// How many entries of the log are deleted in one write, so that others need not wait for long. One may take 128 KiB, all
/// of which is overwritten.
const TRIM_ENTRIES_AT_ONCE: u32 = 50;
/// How many overdue requests fail in one write.
const FAILED_AT_ONCE: u32 = 500;
/// How often what removals leave is looked for, beside when it is left.
const REMAINS_INTERVAL: Duration = Duration::from_secs(1);
/// How often points of deleted properties are looked for.
const ENDED_INTERVAL: Duration = Duration::from_secs(1);
/// How often points that are too old are looked for.
const HISTORY_INTERVAL: Duration = Duration::from_secs(600);
/// How often the clock is kept: after a crash retention lags behind by that at most.
const CLOCK_INTERVAL: Duration = Duration::from_secs(600);
/// How many points are deleted in one write at the most: a few milliseconds.
const POINTS_AT_ONCE: u32 = 1_000;
/// After how long such a write ends before that: texts of 64 KiB take two hundred times as long as
/// numbers.
const POINTS_TIME_MAX: Duration = Duration::from_millis(10);
/// After how many points it looks at the clock: even such texts take some milliseconds.
const POINTS_PER_LOOK: u32 = 25;
/// How many properties are looked at in one read.
const PROPERTIES_AT_ONCE: u32 = 1_000;
/// Why an overdue request failed (domain.md, "Actions").
const DEADLINE_EXCEEDED: &str = "deadline exceeded";

/// Does it all until the task is dropped.
pub async fn run(platform: Arc<Platform>) {
    let platform = &platform;
    // Beside each other: a deadline does not wait for millions of points.
    tokio::join!(
        repeat(DEADLINE_CHECK_INTERVAL, || fail_overdue(platform)),
        repeat(OPERATOR_INTERVAL, || removal::look(platform)),
        repeat(OPERATOR_INTERVAL, || removal::continue_all(platform)),
        repeat(TRIM_INTERVAL, || trim_log(platform)),
        repeat(TRIM_INTERVAL, || trim_requests(platform)),
        repeat(TRIM_INTERVAL, || give_space_back(platform)),
        repeat(TRIM_INTERVAL, || disk::look(platform)),
        repeat(IDLE_INTERVAL, || idle::expire(platform)),
        repeat(TRAFFIC_INTERVAL, || usage::write_down(platform)),
        repeat(HISTORY_INTERVAL, || usage::trim(platform)),
        repeat(TRIM_INTERVAL, || trim_tokens(platform)),
        repeat(TRIM_INTERVAL, || trim_removed(platform)),
        repeat_when_woken(REMAINS_INTERVAL, || platform.remains.woken(), || remains::delete(platform)),
        repeat(ENDED_INTERVAL, || delete_ended_histories(platform)),
        repeat(HISTORY_INTERVAL, || trim_histories(platform)),
        repeat(CLOCK_INTERVAL, || platform.keep_clock()),
        repeat(keyring::FOLLOW_INTERVAL, || keyring::follow(platform)),
    );
}

async fn repeat<Acting: Future<Output = Result<()>>>(every: Duration, act: impl Fn() -> Acting) {
    repeat_when_woken(every, std::future::pending, act).await;
}

/// Acts every so often, and at once when woken.
async fn repeat_when_woken<Waking: Future<Output = ()>, Acting: Future<Output = Result<()>>>(
    every: Duration,
    woken: impl Fn() -> Waking,
    act: impl Fn() -> Acting,
) {
    let mut interval = tokio::time::interval(every);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = woken() => {}
        }
        match act().await {
            Ok(()) => {}
            // The store has said so once; four times a second is too often.
            Err(Error::Unavailable(reason)) => tracing::debug!(reason, "maintenance is not possible now"),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "maintenance failed; it is tried again");
            }
        }
    }
}

/// Fails all action requests that are pending past their deadline.
///
/// # Errors
/// Faults of the database.
pub async fn fail_overdue(platform: &Arc<Platform>) -> Result<()> {
    // Most often there are none, and the writer need not be asked.
    while platform.read(|view| store::action::any_overdue(view, now())).await? {
        let live = Arc::clone(&platform.live);
        let failed = platform.store.write_then(fail_all_overdue, move |failed| {
            for request in failed {
                live.publish(|| Arc::new(Event::ActionRequest(request.clone())));
            }
        });
        failed.await?;
    }
    Ok(())
}

/// The requests that failed, as they stand now.
fn fail_all_overdue(transaction: &rusqlite::Transaction<'_>) -> Result<Vec<ActionRequest>> {
    let failed = store::action::fail_overdue(transaction, now(), DEADLINE_EXCEEDED, FAILED_AT_ONCE)?;
    store::action::get_many(transaction, &failed)
}

async fn trim_log(platform: &Arc<Platform>) -> Result<()> {
    let oldest = CallbackId::first_of(platform.clock.now().minus(platform.settings.callback_log_age));
    while trim(platform, move |transaction| store::callback::trim_by_age(transaction, oldest, TRIM_ENTRIES_AT_ONCE))
        .await?
    {}
    let keep = platform.settings.callback_log_entries;
    trim_log_by_bytes(platform).await?;
    let trim_one = |publication| async move {
        while trim(platform, move |transaction| trim_publication(transaction, publication, keep)).await? {}
        Ok(())
    };
    trim_grown(platform, &platform.waiting.called, store::callback::publications, trim_one).await
}

/// Deletes action requests that have ended, beyond their age and number.
async fn trim_requests(platform: &Arc<Platform>) -> Result<()> {
    let oldest = ActionRequestId::first_of(platform.clock.now().minus(platform.settings.action_request_age));
    let by_age = move |transaction: &rusqlite::Transaction<'_>| {
        store::action::trim(transaction, None, oldest, TRIM_ENTRIES_AT_ONCE)
    };
    while trim(platform, by_age).await? {}
    let keep = platform.settings.action_requests_kept;
    let trim_one = |app| async move {
        let Some(first) = platform.read(move |view| store::action::first_kept(view, app, keep)).await? else {
            return Ok(());
        };
        let by_count = move |transaction: &rusqlite::Transaction<'_>| {
            store::action::trim(transaction, Some(app), first, TRIM_ENTRIES_AT_ONCE)
        };
        while trim(platform, by_count).await? {}
        Ok(())
    };
    trim_grown(platform, &platform.waiting.acted, store::action::apps, trim_one).await
}

/// Trims what has grown, one after the other. What an error keeps from being trimmed is trimmed next time.
async fn trim_grown<Id: Copy + Eq + Hash + Send + 'static, Trimming: Future<Output = Result<()>>>(
    platform: &Arc<Platform>,
    grown: &Grown<Id>,
    all: fn(&rusqlite::Connection) -> Result<Vec<Id>>,
    trim_one: impl Fn(Id) -> Trimming,
) -> Result<()> {
    let mut noted = grown.take();
    let trimmed = async {
        if noted.all {
            noted.some.extend(platform.read(move |view| all(view)).await?);
            noted.all = false;
        }
        while let Some(one) = noted.some.iter().next().copied() {
            trim_one(one).await?;
            noted.some.remove(&one);
        }
        Ok(())
    };
    let trimmed = trimmed.await;
    grown.put_back(noted);
    trimmed
}

/// Deletes the oldest entries of the logs that take more bytes than they may.
async fn trim_log_by_bytes(platform: &Arc<Platform>) -> Result<()> {
    let max = i64::try_from(platform.settings.quotas.callback_log_bytes_per_account).unwrap_or(i64::MAX);
    for (account, usage) in platform.read(|view| store::usage::all(view)).await? {
        if usage.log <= max {
            continue;
        }
        // What is written meanwhile counts too.
        let step = move |transaction: &rusqlite::Transaction<'_>| {
            let excess = store::usage::of(transaction, account)?.log.saturating_sub(max);
            if excess <= 0 {
                return Ok(0);
            }
            store::callback::trim_by_bytes(transaction, account, excess, TRIM_ENTRIES_AT_ONCE)
        };
        while platform.store.write(step).await? > 0 {}
    }
    Ok(())
}

/// Forgets things that were deleted long ago, and the action requests for them.
async fn trim_removed(platform: &Arc<Platform>) -> Result<()> {
    let before = platform.clock.now().minus(removal::REPORT_KEPT);
    platform.store.write(move |transaction| store::account_removal::trim(transaction, before)).await?;
    let before = platform.clock.now().minus(REMOVED_KEPT);
    let step = move |transaction: &rusqlite::Transaction<'_>| {
        store::cascade::removed_before(transaction, before, &Step::begin())
    };
    while !platform.store.write(step).await? {}
    Ok(())
}

/// Gives pages that deletions left empty back to the file system.
async fn give_space_back(platform: &Arc<Platform>) -> Result<()> {
    if platform.read(|view| store::space::to_give_back(view)).await? > 0 {
        while platform.store.write(store::space::give_back).await? {}
    }
    Ok(())
}

/// Forgets grants, and tokens that ended before their time, which would have ended by now anyway.
async fn trim_tokens(platform: &Arc<Platform>) -> Result<()> {
    // Were they forgotten too early, tokens that were revoked would be valid again.
    let ended = platform.clock.now();
    while trim(platform, move |transaction| store::grant::trim(transaction, ended, TRIM_ENTRIES_AT_ONCE)).await? {}
    loop {
        let forget = move |transaction: &rusqlite::Transaction<'_>| {
            store::revoked::trim(transaction, ended, TRIM_ENTRIES_AT_ONCE)
        };
        let forgotten = platform.store.write(forget).await?;
        platform.revoked.forget(&forgotten);
        if forgotten.len() < TRIM_ENTRIES_AT_ONCE as usize {
            return Ok(());
        }
    }
}

fn trim_publication(transaction: &rusqlite::Transaction<'_>, publication: PublicationId, keep: u32) -> Result<usize> {
    store::callback::trim_by_count(transaction, publication, keep, TRIM_ENTRIES_AT_ONCE)
}

/// One step; whether there may be more to do.
async fn trim(
    platform: &Platform,
    step: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<usize> + Send + 'static,
) -> Result<bool> {
    Ok(platform.store.write(step).await? >= TRIM_ENTRIES_AT_ONCE as usize)
}

/// Deletes the points of deleted properties.
async fn delete_ended_histories(platform: &Arc<Platform>) -> Result<()> {
    loop {
        let ended = platform.read(|view| store::history::ended(view, PROPERTIES_AT_ONCE)).await?;
        if ended.is_empty() {
            return Ok(());
        }
        trim_points(platform, ended, Timestamp::MAX, true).await?;
    }
}

/// Deletes the points that are older than the operator keeps them.
async fn trim_histories(platform: &Arc<Platform>) -> Result<()> {
    let Some(age) = platform.settings.history_age else { return Ok(()) };
    let oldest = platform.clock.now().minus(age);
    let mut after = PropertyKey::MIN;
    loop {
        let next = move |view: &View| store::history::with_points_before(view, after, oldest, PROPERTIES_AT_ONCE);
        let Some((old, last)) = platform.read(next).await? else { return Ok(()) };
        trim_points(platform, old, oldest, false).await?;
        after = last;
    }
}

/// One small step; how many of the properties have no such points left.
fn trim_some(transaction: &rusqlite::Transaction<'_>, properties: &[PropertyKey], before: Timestamp) -> Result<usize> {
    let begun = Instant::now();
    let mut done = 0;
    for _ in 0..POINTS_AT_ONCE / POINTS_PER_LOOK {
        done += store::history::trim(transaction, &properties[done..], before, POINTS_PER_LOOK)?;
        if done == properties.len() || begun.elapsed() >= POINTS_TIME_MAX {
            break;
        }
    }
    Ok(done)
}

/// In small steps, so that others need not wait for long.
async fn trim_points(
    platform: &Platform,
    mut properties: Vec<PropertyKey>,
    before: Timestamp,
    ended: bool,
) -> Result<()> {
    while !properties.is_empty() {
        let step = move |transaction: &rusqlite::Transaction<'_>| {
            let done = trim_some(transaction, &properties, before)?;
            let rest = properties.split_off(done);
            if ended {
                store::history::forget_ended(transaction, &properties)?;
            }
            Ok(rest)
        };
        properties = platform.store.write(step).await?;
    }
    Ok(())
}
