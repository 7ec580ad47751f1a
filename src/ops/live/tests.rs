//! The registry: who is told what, and what becomes of those who do not listen fast enough.

use super::registry::{QUEUE_BYTES_MAX, QUEUE_EVENTS_MAX};
use super::*;
use futures_util::FutureExt;
use std::sync::Arc;

fn change(thing: ThingId, property: &str, value: &str) -> Arc<Event> {
    let (component, property, value) = ("lamp".to_owned(), property.to_owned(), value.to_owned());
    Arc::new(Event::Property(PropertyChange {
        thing,
        component,
        property,
        value,
        at: Timestamp::from_micros(1),
        current: true,
    }))
}

fn interest(topics: &[Topic], property: Option<&str>) -> Interest {
    let filter = Filter { property: property.map(str::to_owned), ..Filter::default() };
    Interest { topics: topics.to_vec(), filter }
}

/// What is there to be taken, the first event of every listener left out.
fn taken(listener: &mut Listener) -> Vec<Arc<Event>> {
    let mut taken = Vec::new();
    while let Some(Ok(more)) = listener.next().now_or_never() {
        taken.extend(more.into_iter().filter(|event| **event != Event::CheckAgain));
    }
    taken
}

#[test]
fn each_is_told_what_it_is_interested_in_once_and_in_order() {
    let live = Arc::<Live>::default();
    let (one, other) = (ThingId::generate(), ThingId::generate());
    let mut all = Live::listen(&live, interest(&[Topic::Thing(one), Topic::Thing(other)], None));
    let mut levels = Live::listen(&live, interest(&[Topic::Thing(one)], Some("LEVEL")));
    let events = [change(one, "level", "1"), change(other, "level", "2"), change(one, "on", "3")];
    events.iter().for_each(|event| live.publish(|| Arc::clone(event)));
    assert_eq!(taken(&mut all), events);
    assert_eq!(taken(&mut levels), events[..1]);
    let account = AccountId::generate();
    let mut log = Live::listen(&live, interest(&[Topic::Callbacks(account)], None));
    let (id, publication) = (CallbackId::generate(), PublicationId::generate());
    let both = Event::Callback { id, publication, connector_owner: account, app_owner: account };
    live.publish(|| Arc::new(both));
    assert_eq!(taken(&mut log).len(), 1, "whoever is on both sides hears of it once");
}

#[test]
fn where_nobody_listens_an_event_is_not_even_made() {
    let live = Arc::<Live>::default();
    let listener = Live::listen(&live, interest(&[Topic::Thing(ThingId::MIN)], None));
    drop(listener);
    live.publish(|| unreachable!("nobody listens"));
    assert!(live.is_empty());
}

#[test]
fn whoever_takes_too_little_is_cut_off_and_the_rest_go_on() {
    let thing = ThingId::generate();
    let long = "x".repeat(64 * 1024);
    for (value, more) in [("1", QUEUE_EVENTS_MAX), (&long, QUEUE_BYTES_MAX / long.len() + 1)] {
        let live = Arc::<Live>::default();
        let mut slow = Live::listen(&live, interest(&[Topic::Thing(thing), Topic::Instance(InstanceId::MIN)], None));
        let mut quick = Live::listen(&live, interest(&[Topic::Thing(thing)], None));
        let cut_off = slow.cut_off();
        for _ in 0..more {
            live.publish(|| change(thing, "level", value));
            assert_eq!(taken(&mut quick).len(), 1);
        }
        assert!(cut_off.now_or_never().is_some());
        let mut read = 0;
        while let Some(Ok(events)) = slow.next().now_or_never() {
            read += events.len();
        }
        assert_eq!(slow.next().now_or_never(), Some(Err(TooSlow)));
        assert!(read <= more, "{read} events of {more}");
        live.publish(|| change(thing, "level", "2"));
        assert_eq!(taken(&mut quick).len(), 1);
        drop((slow, quick));
        assert!(live.is_empty());
    }
}
