//! Permits for work that is scarce (readers of the database, password hashing, threads that check values), handed out
//! fairly: addresses take turns, and the accounts of an address take turns within its turns. One attacker's ten
//! accounts at one address are one party, and so are ten apps of one account, whatever addresses they are used from.
//!
//! # How to use it
//! Make one dispenser for each scarce thing: `Turns::new(permits, share)`. Before the work, `let permit =
//! turns.take(party).await`: no thread is held meanwhile, and a future that is dropped leaves the queue at once. Then
//! *move the permit into the work*, for a permit held by a future is free as soon as the client disconnects, while the
//! thread works on:
//!
//! ```text
//! let permit = turns.take(party).await;
//! tokio::task::spawn_blocking(move || { let result = work(); drop(permit); result })
//! ```
//!
//! The [`Party`] of a request with a token is [`Platform::known_party`](crate::ops::Platform::known_party); without one,
//! it is `Party::new(account, client_address)`.
//!
//! May use `model`. Used by `ops`, `graphql` and `http`.

mod queue;

use crate::model::party::Party;
use parking_lot::Mutex;
use queue::{Queue, Ticket};
use std::sync::Arc;
use tokio::sync::oneshot;

/// A dispenser of permits for one kind of work.
#[derive(Clone)]
pub struct Turns(Arc<Mutex<Queue<oneshot::Sender<Permit>>>>);

/// The right to do one piece of work, until it is dropped. Move it into the work.
#[must_use = "the permit is free again once it is dropped"]
pub struct Permit {
    /// `None` once it was given back.
    turns: Option<Turns>,
    party: Party,
}

/// Work in the queue, which it leaves when the future is dropped.
struct Waiting<'a> {
    turns: &'a Turns,
    party: Party,
    ticket: Ticket,
    permit: oneshot::Receiver<Permit>,
}

impl Turns {
    /// A number of permits, of which one address and one account may have `share` at once, and at least one.
    #[must_use]
    pub fn new(permits: usize, share: usize) -> Self {
        Self(Arc::new(Mutex::new(Queue::new(permits, share.max(1)))))
    }

    /// Waits for a permit.
    pub async fn take(&self, party: Party) -> Permit {
        let mut waiting = {
            let mut queue = self.0.lock();
            if queue.enter(party) {
                return self.permit(party);
            }
            let (sender, permit) = oneshot::channel();
            let ticket = queue.wait(party, sender);
            Waiting { turns: self, party, ticket, permit }
        };
        // The sender is dropped only after the receiver.
        (&mut waiting.permit).await.unwrap_or(Permit { turns: None, party })
    }

    fn permit(&self, party: Party) -> Permit {
        Permit { turns: Some(self.clone()), party }
    }

    /// Gives the permits that are free to those whose turn it is, after something changed in the queue.
    fn hand_out(&self, mut change: impl FnMut(&mut Queue<oneshot::Sender<Permit>>)) {
        let mut next = {
            let mut queue = self.0.lock();
            change(&mut queue);
            queue.next()
        };
        while let Some((party, sender)) = next {
            let refused = sender.send(self.permit(party));
            let mut queue = self.0.lock();
            if let Err(mut unwanted) = refused {
                // Its future was dropped just now. In a loop, since dropping the permit would recurse.
                unwanted.turns = None;
                queue.leave(party);
            }
            next = queue.next();
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(turns) = self.turns.take() {
            turns.hand_out(|queue| queue.leave(self.party));
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // A permit that was sent meanwhile is dropped with the receiver.
        self.turns.hand_out(|queue| drop(queue.withdraw(self.party, self.ticket)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::AccountId;
    use futures_util::FutureExt;
    use std::future::Future;
    use std::net::IpAddr;
    use std::pin::Pin;

    type Waits<'a> = Pin<Box<dyn Future<Output = Permit> + 'a>>;

    fn at(address: u8) -> Party {
        Party::new(Some(AccountId::generate()), Some(IpAddr::from([192, 0, 2, address])))
    }

    fn now(turns: &Turns, party: Party) -> Option<Permit> {
        turns.take(party).now_or_never()
    }

    fn waits(turns: &Turns, party: Party) -> Waits<'_> {
        let mut waits: Waits<'_> = Box::pin(turns.take(party));
        assert!((&mut waits).now_or_never().is_none(), "{party:?} does not wait");
        waits
    }

    fn is_idle(turns: &Turns, permits: usize) -> bool {
        turns.0.lock().is_idle(permits)
    }

    #[test]
    fn ten_accounts_at_one_address_get_its_share_and_others_the_rest() {
        let turns = Turns::new(4, 2);
        let taken: Vec<_> = (0..2).map(|_| now(&turns, at(1))).collect();
        assert!(taken.iter().all(Option::is_some));
        let mut more: Vec<_> = (0..10).map(|_| waits(&turns, at(1))).collect();
        let others = [now(&turns, at(2)), now(&turns, at(3))];
        assert!(others.iter().all(Option::is_some));
        drop(taken);
        let got: Vec<_> = more.iter_mut().filter_map(|waits| waits.now_or_never()).collect();
        assert_eq!(got.len(), 2);
        drop((got, more, others));
        assert!(is_idle(&turns, 4));
    }

    #[test]
    fn one_account_gets_its_share_whatever_addresses_it_comes_from() {
        let turns = Turns::new(4, 2);
        let account = Some(AccountId::generate());
        let from = |last| Party::new(account, Some(IpAddr::from([192, 0, 2, last])));
        let taken = [now(&turns, from(1)), now(&turns, from(2))];
        assert!(taken.iter().all(Option::is_some));
        let mut more: Vec<_> = (3..10).map(|last| waits(&turns, from(last))).collect();
        assert!(now(&turns, at(1)).is_some());
        drop(taken);
        let got: Vec<_> = more.iter_mut().filter_map(|waits| waits.now_or_never()).collect();
        assert_eq!(got.len(), 2);
        drop((got, more));
        assert!(is_idle(&turns, 4));
    }

    #[test]
    fn the_next_permit_goes_to_another_however_many_one_waits_for() {
        let turns = Turns::new(1, 1);
        let running = now(&turns, at(9));
        let greedy = at(1);
        let mut many: Vec<_> = (0..100).map(|_| waits(&turns, greedy)).collect();
        let mut colleague = waits(&turns, at(1));
        let mut other = waits(&turns, at(2));
        drop(running);
        let first = (&mut many[0]).now_or_never();
        assert!(first.is_some() && (&mut other).now_or_never().is_none());
        drop(first);
        let second = (&mut other).now_or_never();
        assert!(second.is_some(), "the second permit is the other address's");
        drop(second);
        assert!((&mut colleague).now_or_never().is_some(), "the third is another account's of the first address");
        drop((many, colleague, other));
        assert!(is_idle(&turns, 1));
    }

    #[test]
    fn a_permit_moves_into_the_work_and_outlives_the_client() {
        let turns = Turns::new(1, 1);
        let permit = now(&turns, at(1)).expect("a permit");
        let (finish, work) = std::sync::mpsc::channel::<()>();
        let worker = std::thread::spawn(move || {
            let _ = work.recv();
            drop(permit);
        });
        let mut other = waits(&turns, at(2));
        finish.send(()).expect("it works");
        worker.join().expect("it ends");
        assert!((&mut other).now_or_never().is_some());
    }

    #[test]
    fn clients_that_went_away_leave_nothing_behind() {
        let turns = Turns::new(2, 1);
        let running = [now(&turns, at(1)), now(&turns, at(2))];
        for address in 0..200 {
            for _ in 0..50 {
                assert!(now(&turns, at(address)).is_none());
            }
        }
        assert_eq!(turns.0.lock().waiting(), 0);
        // One that was given a permit and is dropped before it was polled.
        let unpolled = waits(&turns, at(1));
        let mut next = waits(&turns, at(1));
        drop(running);
        drop(unpolled);
        assert!((&mut next).now_or_never().is_some());
        drop(next);
        assert!(is_idle(&turns, 2));
    }
}
