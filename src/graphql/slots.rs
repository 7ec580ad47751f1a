//! Where reads run: on threads that may block, as many at once as there are slots, in turns ([`crate::ops::turns`]).
//!
//! Small reads have slots of their own, so that `{profile {id}}` never waits for somebody's history. A query counts as
//! small by the estimate of its document ([`crate::graphql::limits::cost`]), and only as long as that turns out to be
//! true: one that takes more work than a small read may is interrupted and begins again in a slot for large ones.
//!
//! A read holds its slot, and the HTTP transport's permit for its request, to its end; it is interrupted when nobody
//! waits for it any more. Used by the engine, the subscriptions and the context of mutations.

use crate::graphql::Engine;
use crate::model::error::{Fault, Result};
use crate::model::party::Party;
use crate::ops::turns::Turns;
use crate::ops::{Allowance, Platform, View};
use futures_util::FutureExt;
use std::any::Any;
use std::sync::Arc;

/// How much work a small read may take, in looks at its allowance: some milliseconds.
const SMALL_LOOKS: u64 = 400;

/// What a request holds until its work is over: the transport's permit.
pub type Held = Arc<dyn Any + Send + Sync>;

/// Who a read is for.
#[derive(Clone)]
pub struct Client {
    /// Whose turn it takes.
    pub party: Party,
    /// The transport's permit.
    pub held: Option<Held>,
}

/// The slots of all reads.
pub struct Slots {
    small: Turns,
    large: Turns,
}

impl Slots {
    /// As many as the platform has readers for.
    pub fn new(platform: &Platform) -> Self {
        let (large, small) = (platform.readers(), platform.small_readers());
        // Small reads are over soon, so one party may have all slots but one.
        Self { small: Turns::new(small, small.saturating_sub(1)), large: Turns::new(large, large.div_ceil(2)) }
    }
}

/// Stops a read when the future that waits for it is dropped.
struct StopOnDrop(Arc<Allowance>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl Engine {
    /// Runs something short.
    pub(super) async fn short<T: Send + 'static>(
        self: &Arc<Self>,
        client: Client,
        work: impl FnOnce(&Self, &Arc<Allowance>) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let allowance = Allowance::of(self.platform.query_time());
        self.run_on(&self.slots.small, client, allowance, work).await
    }

    /// Runs a read that may have to begin again, because it is not as small as it was estimated to be.
    pub(super) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        is_small: bool,
        client: Client,
        work: impl Fn(&Self, &Arc<Allowance>) -> T + Send + Sync + 'static,
    ) -> Result<T, Fault> {
        let (work, time) = (Arc::new(work), self.platform.query_time());
        if is_small {
            let (allowance, work) = (Allowance::with_work(time, SMALL_LOOKS), Arc::clone(&work));
            let small = move |engine: &Self, allowance: &Arc<Allowance>| work(engine, allowance);
            let result = self.run_on(&self.slots.small, client.clone(), Arc::clone(&allowance), small).await?;
            if !allowance.is_spent() {
                return Ok(result);
            }
        }
        let large = move |engine: &Self, allowance: &Arc<Allowance>| work(engine, allowance);
        self.run_on(&self.slots.large, client, Allowance::of(time), large).await
    }

    async fn run_on<T: Send + 'static>(
        self: &Arc<Self>,
        turns: &Turns,
        Client { party, held }: Client,
        allowance: Arc<Allowance>,
        work: impl FnOnce(&Self, &Arc<Allowance>) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let permit = turns.take(party).await;
        let _stop = StopOnDrop(Arc::clone(&allowance));
        let (engine, span) = (Arc::clone(self), tracing::Span::current());
        let work = move || {
            let result = span.in_scope(|| work(&engine, &allowance));
            drop((permit, held));
            result
        };
        tokio::task::spawn_blocking(work).await.map_err(Fault::from)
    }

    /// Reads for a mutation, of what it changed: on its own thread, with a permit if one is free.
    pub(super) fn read_in_place<T>(&self, party: Party, read: impl Fn(&View) -> Result<T>) -> Result<T> {
        let time = self.platform.query_time();
        tokio::task::block_in_place(|| {
            let small = Allowance::with_work(time, SMALL_LOOKS);
            let result = self.read_on(&self.slots.small, party, Arc::clone(&small), &read);
            if small.is_spent() {
                return self.read_on(&self.slots.large, party, Allowance::of(time), &read);
            }
            result
        })
    }

    fn read_on<T>(
        &self,
        turns: &Turns,
        party: Party,
        allowance: Arc<Allowance>,
        read: impl Fn(&View) -> Result<T>,
    ) -> Result<T> {
        // A thread must not wait for a permit: the work that has it may be waiting for this very thread. What bounds
        // these reads then is the number of connections, which are waited for until a time.
        let _permit = turns.take(party).now_or_never();
        read(&self.platform.view_within(allowance)?)
    }
}
