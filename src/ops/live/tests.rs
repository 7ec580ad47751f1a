//! The registry: who hears of what, and what becomes of those who do not listen fast enough.

use super::registry::{QUEUE_BYTES_MAX, QUEUE_EVENTS_MAX};
use super::*;
use futures_util::FutureExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

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
    let mut all = Live::listen(&live, interest(&[Topic::Thing(one), Topic::Thing(other)], None)).expect("room");
    let mut levels = Live::listen(&live, interest(&[Topic::Thing(one)], Some("LEVEL"))).expect("room");
    let events = [change(one, "level", "1"), change(other, "level", "2"), change(one, "on", "3")];
    events.iter().for_each(|event| live.publish(|| Arc::clone(event)));
    assert_eq!(taken(&mut all), events);
    assert_eq!(taken(&mut levels), events[..1]);
    let account = AccountId::generate();
    let mut log = Live::listen(&live, interest(&[Topic::Callbacks(account)], None)).expect("room");
    let (id, publication) = (CallbackId::generate(), PublicationId::generate());
    let both = Event::Callback { id, publication, connector_owner: account, app_owner: account };
    live.publish(|| Arc::new(both));
    assert_eq!(taken(&mut log).len(), 1, "whoever is on both sides hears of it once");
}

#[test]
fn where_nobody_listens_an_event_is_not_even_made() {
    let live = Arc::<Live>::default();
    let listener = Live::listen(&live, interest(&[Topic::Thing(ThingId::MIN)], None)).expect("room");
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
        let mut slow = Live::listen(&live, interest(&[Topic::Thing(thing), Topic::Instance(InstanceId::MIN)], None))
            .expect("room");
        let mut quick = Live::listen(&live, interest(&[Topic::Thing(thing)], None)).expect("room");
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

#[test]
fn forty_thousand_that_overflow_at_once_cost_the_writer_one_look_each() {
    const LISTENERS: usize = 40_000;
    let thing = ThingId::generate();
    let live = Arc::new(Live::new(LISTENERS));
    let listen = || Live::listen(&live, interest(&[Topic::Thing(thing), Topic::Instance(InstanceId::MIN)], None));
    let listeners: Vec<_> = (0..LISTENERS).map(|_| listen().expect("room")).collect();
    assert!(matches!(listen(), Err(Error::TooMany { .. })), "a topic has its bound");
    let long = "x".repeat(QUEUE_BYTES_MAX / 2);
    for _ in 0..2 {
        live.publish(|| change(thing, "level", &long));
    }
    assert_eq!(live.visits.load(Ordering::Relaxed), 2 * LISTENERS);
    assert!(listeners.iter().all(|listener| listener.cut_off().now_or_never().is_some()));
    let waiting = live.bytes_waiting();
    live.publish(|| change(thing, "level", "1"));
    assert_eq!(live.bytes_waiting(), waiting, "a listener that is cut off gets no more");
    drop(listeners);
    assert!(live.is_empty(), "something is left behind");
}

#[test]
fn what_waits_for_everybody_together_is_bounded_and_who_keeps_up_stays() {
    let live = Arc::<Live>::default();
    let long = "x".repeat(64 * 1024);
    // Each stays below its own bound.
    let things: Vec<_> = (0..100).map(|_| ThingId::generate()).collect();
    let listen = |thing: &ThingId| Live::listen(&live, interest(&[Topic::Thing(*thing)], None)).expect("room");
    let slow: Vec<_> = things.iter().map(listen).collect();
    let mut quick = listen(&things[0]);
    for _ in 0..QUEUE_BYTES_MAX / long.len() - 1 {
        things.iter().for_each(|thing| live.publish(|| change(*thing, "level", &long)));
        assert_eq!(taken(&mut quick).len(), 1);
    }
    let cut_off = slow.iter().filter(|listener| listener.cut_off().now_or_never().is_some()).count();
    assert!(cut_off > 0, "nobody was cut off");
    assert!(quick.cut_off().now_or_never().is_none());
    let waiting = live.bytes_waiting();
    assert!(waiting < 100 << 20, "{waiting} bytes wait");
}
