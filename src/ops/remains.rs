//! What removals leave to be done: the things of instances whose connector was told, and of apps that were removed, go a
//! few at a time, so that everybody else's writes wait for milliseconds; then the noun goes. What a crash interrupted is
//! taken up by the next start.

use crate::model::error::Result;
use crate::model::id::{AppId, InstallationId, InstanceId};
use crate::ops::callback::{Consequences, with_consequences};
use crate::ops::{Platform, removal};
use crate::store;
use crate::store::cascade::Step;
use std::sync::Arc;
use tokio::sync::Notify;

/// How many nouns take turns.
const AT_ONCE: u32 = 100;

/// Wakes whoever deletes.
#[derive(Default)]
pub(super) struct Remains(Notify);

impl Remains {
    /// That there is something to delete.
    pub(super) fn wake(&self) {
        self.0.notify_one();
    }

    /// Until there is.
    pub(super) async fn woken(&self) {
        self.0.notified().await;
    }
}

/// Deletes what there is to delete, and goes on with removals for which nothing is sent.
pub(super) async fn delete(platform: &Arc<Platform>) -> Result<()> {
    for (installation, total) in platform.read(stalled).await? {
        removal::resume(platform, installation, total).await?;
    }
    loop {
        let ended =
            platform.read(|view| Ok((store::instance::ended(view, AT_ONCE)?, store::app::ended(view, AT_ONCE)?)));
        let (instances, apps) = ended.await?;
        if instances.is_empty() && apps.is_empty() {
            return Ok(());
        }
        // Each in turn, so that one of a million rows does not keep others waiting.
        for (instance, installation) in instances {
            of_instance(platform, instance, installation).await?;
        }
        for app in apps {
            platform.store.write(move |transaction| of_app(transaction, app)).await?;
        }
    }
}

fn stalled(view: &store::Snapshot) -> Result<Vec<(InstallationId, u64)>> {
    let mut found = Vec::new();
    for id in store::installation::stalled(view)? {
        found.extend(store::installation::instances_to_remove(view, id)?.map(|total| (id, total)));
    }
    Ok(found)
}

/// One step.
async fn of_instance(platform: &Arc<Platform>, id: InstanceId, installation: InstallationId) -> Result<()> {
    let waking = Arc::clone(platform);
    let (work, consequences) = with_consequences(move |transaction| {
        let mut consequences = Consequences::default();
        if store::cascade::of_instance(transaction, id, &Step::begin())? {
            removal::delete_instance(transaction, id, installation, &mut consequences)?;
        }
        Ok(consequences)
    });
    platform.store.write_then(work, move |()| waking.wake(None, consequences())).await
}

/// One step; whether the app is gone.
pub(super) fn of_app(transaction: &rusqlite::Transaction<'_>, id: AppId) -> Result<bool> {
    let done = store::cascade::of_app(transaction, id, &Step::begin())?;
    if done {
        store::app::delete(transaction, id)?;
    }
    Ok(done)
}
