//! What has to happen by itself: overdue action requests fail, old log entries go.

use crate::model::action::ActionRequest;
use crate::model::error::Result;
use crate::model::id::{CallbackId, PublicationId};
use crate::ops::live::Event;
use crate::ops::{Platform, now};
use crate::store;
use std::sync::Arc;
use std::time::Duration;

/// How often overdue requests are looked for: how late a deadline may take effect.
const DEADLINE_CHECK_INTERVAL: Duration = Duration::from_millis(250);
/// How often the log is trimmed.
const TRIM_INTERVAL: Duration = Duration::from_secs(60);
/// How many entries of the log are deleted in one write, so that others need not wait for long.
const TRIM_ENTRIES_AT_ONCE: u32 = 500;
/// Why an overdue request failed (domain.md, "Actions").
const DEADLINE_EXCEEDED: &str = "deadline exceeded";

/// Does it all until the task is dropped.
pub async fn run(platform: Arc<Platform>) {
    let mut deadlines = tokio::time::interval(DEADLINE_CHECK_INTERVAL);
    let mut trims = tokio::time::interval(TRIM_INTERVAL);
    loop {
        let done = tokio::select! {
            _ = deadlines.tick() => fail_overdue(&platform).await,
            _ = trims.tick() => trim_log(&platform).await,
        };
        if let Err(error) = done {
            tracing::error!(error = &error as &dyn std::error::Error, "maintenance failed; it is tried again");
        }
    }
}

/// Fails all action requests that are pending past their deadline.
///
/// # Errors
/// Faults of the database.
pub async fn fail_overdue(platform: &Arc<Platform>) -> Result<()> {
    // Most often there are none, and the writer need not be asked.
    if platform.read(|view| store::action::any_overdue(view, now())).await? {
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
    let failed = store::action::fail_overdue(transaction, now(), DEADLINE_EXCEEDED)?;
    let requests = failed.into_iter().map(|id| store::action::get(transaction, id));
    Ok(requests.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

async fn trim_log(platform: &Arc<Platform>) -> Result<()> {
    let oldest = CallbackId::first_of(now().minus(platform.settings.callback_log_age));
    while trim(platform, move |transaction| store::callback::trim_by_age(transaction, oldest, TRIM_ENTRIES_AT_ONCE))
        .await?
    {}
    let keep = platform.settings.callback_log_entries;
    for publication in platform.waiting.take_called() {
        while trim(platform, move |transaction| trim_publication(transaction, publication, keep)).await? {}
    }
    Ok(())
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
