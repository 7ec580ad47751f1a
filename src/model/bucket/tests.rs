//! Buckets, held against a calendar and against clocks that are set.

use super::*;
use crate::model::error::Error;

/// Computed by hand on a calendar, or what PostgreSQL with TimescaleDB documents.
const STARTS: &[(&str, Option<&str>, &str, &str)] = &[
    // TimescaleDB's own examples: five minutes, and the same offset by two and a half.
    ("5minutes", None, "2020-04-02T08:13:45.598302Z", "2020-04-02T08:10:00.000000Z"),
    ("5minutes", Some("2.5minutes"), "2020-04-02T08:13:45.598302Z", "2020-04-02T08:12:30.000000Z"),
    ("5minutes", Some("2.5minutes"), "2020-04-02T08:12:29.999999Z", "2020-04-02T08:07:30.000000Z"),
    // A bucket begins with its start.
    ("5minutes", None, "2020-04-02T08:10:00Z", "2020-04-02T08:10:00.000000Z"),
    ("5minutes", None, "2020-04-02T08:09:59.999999Z", "2020-04-02T08:05:00.000000Z"),
    // Days begin at midnight UTC, also where a clock somewhere is changed on that day.
    ("1 day", None, "2020-03-29T01:00:00+01:00", "2020-03-29T00:00:00.000000Z"),
    ("1 day", None, "2020-03-29T03:30:00+02:00", "2020-03-29T00:00:00.000000Z"),
    ("1 day", None, "2020-10-25T23:59:59.999999+01:00", "2020-10-25T00:00:00.000000Z"),
    ("1 day", Some("-2 hours"), "2020-10-25T22:30:00Z", "2020-10-25T22:00:00.000000Z"),
    ("1 day", Some("-2 hours"), "2020-10-25T21:59:59Z", "2020-10-24T22:00:00.000000Z"),
    // Weeks begin on Mondays.
    ("1 week", None, "2020-04-05T23:59:59.999999Z", "2020-03-30T00:00:00.000000Z"),
    ("1 week", None, "2020-04-06T00:00:00Z", "2020-04-06T00:00:00.000000Z"),
    ("7 days", None, "2000-01-03T00:00:00Z", "2000-01-03T00:00:00.000000Z"),
    ("2 weeks", None, "2000-01-16T23:59:59Z", "2000-01-03T00:00:00.000000Z"),
    ("2 weeks", None, "2000-01-02T23:59:59Z", "1999-12-20T00:00:00.000000Z"),
    ("1 week", Some("-1 day"), "2020-04-05T12:00:00Z", "2020-04-05T00:00:00.000000Z"),
    ("1 week", Some("8 days"), "2020-04-07T12:00:00Z", "2020-04-07T00:00:00.000000Z"),
    // What does not divide a day is counted from the origin.
    ("7 hours", None, "2000-01-03T13:59:59Z", "2000-01-03T07:00:00.000000Z"),
    ("7 hours", None, "2000-01-02T23:00:00Z", "2000-01-02T17:00:00.000000Z"),
    ("3 days", None, "2000-01-02T12:00:00Z", "1999-12-31T00:00:00.000000Z"),
    // Before 1970.
    ("1 day", None, "1969-12-31T23:59:59.999999Z", "1969-12-31T00:00:00.000000Z"),
    ("1 hour", None, "1969-12-31T23:59:59.999999Z", "1969-12-31T23:00:00.000000Z"),
    ("1 week", None, "1969-12-31T12:00:00Z", "1969-12-29T00:00:00.000000Z"),
    ("1 day", Some("30 hours"), "1900-01-01T05:00:00Z", "1899-12-31T06:00:00.000000Z"),
    ("1 day", None, "0001-01-01T00:00:01Z", "0001-01-01T00:00:00.000000Z"),
];

#[test]
fn a_point_lies_in_the_bucket_that_timescale_puts_it_in() {
    for (width, offset, at, start) in STARTS {
        let mut violations = Violations::default();
        let bucket = TimeBucket::new(width, *offset, Aggregate::Avg, &mut violations).expect("a good bucket");
        let at = Timestamp::parse(at).expect("a time");
        assert_eq!(bucket.at(at).start().to_string(), *start, "{width} {offset:?} {at}");
    }
}

#[test]
fn small_values_are_not_lost_beside_great_ones() {
    let mut gathered = Gathered::of(1e16);
    for value in [1.0, 1.0, -1e16] {
        gathered.add(value);
    }
    let made = [Aggregate::Sum, Aggregate::Count, Aggregate::Avg, Aggregate::Max, Aggregate::Min];
    assert_eq!(made.map(|aggregate| gathered.aggregated(aggregate)), [2.0, 4.0, 0.5, 1e16, -1e16]);
}

fn gathered(values: &[f64]) -> Gathered {
    let mut gathered = Gathered::of(values[0]);
    for value in &values[1..] {
        gathered.add(*value);
    }
    gathered
}

#[test]
fn what_lies_between_numbers_is_one_however_great_the_sum_was_meanwhile() {
    let (great, most) = (1.7e308, f64::MAX);
    for (values, sum, avg) in [
        (&[great, great][..], f64::INFINITY, great),
        (&[great, great, -great, -great], 0.0, 0.0),
        (&[most, most, most, -most, -most], most, most / 5.0),
        (&[-great, -great, -great], f64::NEG_INFINITY, -great),
        (&[great, great, -great, 1.0, -great], 1.0, 0.2),
        (&[most, -most, 5e-324], 5e-324, 0.0),
        (&[0.1, 0.1, 0.1], 0.3, 0.1),
    ] {
        let made = gathered(values);
        let (got, mean) = (made.aggregated(Aggregate::Sum), made.aggregated(Aggregate::Avg));
        assert!(got == sum || (got - sum).abs() <= sum.abs() * 1e-15, "{values:?}: {got}");
        assert!(mean == avg || (mean - avg).abs() <= avg.abs() * 1e-15, "{values:?}: {mean}");
        // Not by the last digit either: three times 0.1 is more than 0.3, and a third of that more than 0.1.
        let among = made.aggregated(Aggregate::Min)..=made.aggregated(Aggregate::Max);
        assert!(among.contains(&mean), "{values:?}: {mean}");
    }
}

#[test]
fn the_first_bucket_begins_when_time_does() {
    let bucket = TimeBucket::new("36525 days", None, Aggregate::Avg, &mut Violations::default()).expect("a bucket");
    let at = Timestamp::parse("0050-01-01T00:00:00Z").expect("a time");
    let first = bucket.at(at);
    assert_eq!(first.start(), Timestamp::EARLIEST);
    assert_eq!(bucket.at(first.start()), first);
    assert!(first.end() > at && bucket.at(first.end()).start() == first.end(), "{first:?}");
    for at in [Timestamp::MIN, Timestamp::MAX] {
        assert!(bucket.at(at).start() <= at.max(Timestamp::EARLIEST));
    }
}

#[test]
fn everything_wrong_is_told_at_once() {
    let told = |width, offset| {
        let mut violations = Violations::default();
        assert_eq!(TimeBucket::new(width, offset, Aggregate::Avg, &mut violations), None);
        match violations.into_result(()) {
            Err(Error::Invalid(violations)) => violations.into_iter().map(|v| v.path).collect(),
            _ => Vec::new(),
        }
    };
    assert_eq!(told("1 month", Some("soon")), ["timeBucket.width", "timeBucket.offset"]);
    assert_eq!(told("0 s", None), ["timeBucket.width"]);
    assert_eq!(told("-1 day", Some("1 day")), ["timeBucket.width"]);
}

/// The buckets from one time to another, as when they begin in UTC and how many minutes they last.
fn buckets(width: &str, offset: Option<&str>, zone: &str, from: &str, to: &str) -> Vec<(String, i64)> {
    let bucket = TimeBucket::new(width, offset, Aggregate::Avg, &mut Violations::default()).expect("a bucket");
    let bucket = bucket.in_zone(Some(Zone::named(zone).expect("a zone")));
    let (mut at, to) = (Timestamp::parse(from).expect("a time"), Timestamp::parse(to).expect("a time"));
    let mut found = Vec::new();
    while at < to {
        let one = bucket.at(at);
        let minutes = (one.end().micros() - one.start().micros()) / 60_000_000;
        found.push((one.start().to_string().replace(":00.000000Z", "Z"), minutes));
        at = one.end();
    }
    found
}

/// A width, a zone, from when to when, and the buckets.
type InZone<'a> = (&'a str, &'a str, &'a str, &'a str, &'a [(&'a str, i64)]);

/// Buckets from one time to another, each as when it begins and how many minutes it lasts. When the clocks are set is from
/// the IANA database's own files; the buckets were computed by hand.
const IN_ZONES: &[InZone<'_>] = &[
    // Berlin goes ahead at 01:00Z on 2026-03-29 and back at 01:00Z on 2026-10-25.
    (
        "1 day",
        "Europe/Berlin",
        "2026-03-28T12:00:00Z",
        "2026-03-30T12:00:00Z",
        &[("2026-03-27T23:00Z", 1440), ("2026-03-28T23:00Z", 1380), ("2026-03-29T22:00Z", 1440)],
    ),
    (
        "1 day",
        "Europe/Berlin",
        "2026-10-25T00:00:00Z",
        "2026-10-26T12:00:00Z",
        &[("2026-10-24T22:00Z", 1500), ("2026-10-25T23:00Z", 1440)],
    ),
    (
        "1 week",
        "Europe/Berlin",
        "2026-03-25T00:00:00Z",
        "2026-03-31T00:00:00Z",
        &[("2026-03-22T23:00Z", 10_020), ("2026-03-29T22:00Z", 10_080)],
    ),
    (
        "1 hour",
        "Europe/Berlin",
        "2026-03-29T00:00:00Z",
        "2026-03-29T03:00:00Z",
        &[("2026-03-29T00:00Z", 60), ("2026-03-29T01:00Z", 60), ("2026-03-29T02:00Z", 60)],
    ),
    // The hour from two to three comes twice, and has two buckets.
    (
        "1 hour",
        "Europe/Berlin",
        "2026-10-24T23:30:00Z",
        "2026-10-25T03:00:00Z",
        &[("2026-10-24T23:00Z", 60), ("2026-10-25T00:00Z", 60), ("2026-10-25T01:00Z", 60), ("2026-10-25T02:00Z", 60)],
    ),
    (
        "20 minutes",
        "Europe/Berlin",
        "2026-10-25T00:40:00Z",
        "2026-10-25T01:20:00Z",
        &[("2026-10-25T00:40Z", 20), ("2026-10-25T01:00Z", 20)],
    ),
    // What is longer than the change has one bucket, which is longer or shorter.
    (
        "2 hours",
        "Europe/Berlin",
        "2026-10-24T22:00:00Z",
        "2026-10-25T04:00:00Z",
        &[("2026-10-24T22:00Z", 120), ("2026-10-25T00:00Z", 180), ("2026-10-25T03:00Z", 120)],
    ),
    (
        "2 hours",
        "Europe/Berlin",
        "2026-03-29T00:30:00Z",
        "2026-03-29T03:00:00Z",
        &[("2026-03-28T23:00Z", 120), ("2026-03-29T01:00Z", 60), ("2026-03-29T02:00Z", 120)],
    ),
    (
        "6 hours",
        "Europe/Berlin",
        "2026-10-25T00:00:00Z",
        "2026-10-25T06:00:00Z",
        &[("2026-10-24T22:00Z", 420), ("2026-10-25T05:00Z", 360)],
    ),
    // Sydney, on the other side: back at 16:00Z on 2026-04-04, ahead at 16:00Z on 2026-10-03.
    (
        "1 day",
        "Australia/Sydney",
        "2026-04-04T12:00:00Z",
        "2026-04-05T20:00:00Z",
        &[("2026-04-03T13:00Z", 1440), ("2026-04-04T13:00Z", 1500), ("2026-04-05T14:00Z", 1440)],
    ),
    (
        "1 day",
        "Australia/Sydney",
        "2026-10-03T15:00:00Z",
        "2026-10-04T14:00:00Z",
        &[("2026-10-03T14:00Z", 1380), ("2026-10-04T13:00Z", 1440)],
    ),
    // Zones that are not whole hours from UTC, one of them a quarter.
    (
        "1 hour",
        "Asia/Kolkata",
        "2026-01-01T00:00:00Z",
        "2026-01-01T01:00:00Z",
        &[("2025-12-31T23:30Z", 60), ("2026-01-01T00:30Z", 60)],
    ),
    (
        "1 day",
        "Asia/Kathmandu",
        "2026-01-01T00:00:00Z",
        "2026-01-01T20:00:00Z",
        &[("2025-12-31T18:15Z", 1440), ("2026-01-01T18:15Z", 1440)],
    ),
    // Lord Howe's clocks are set by half an hour: back at 15:00Z on 2026-04-04.
    (
        "1 day",
        "Australia/Lord_Howe",
        "2026-04-04T14:00:00Z",
        "2026-04-05T14:00:00Z",
        &[("2026-04-04T13:00Z", 1470), ("2026-04-05T13:30Z", 1440)],
    ),
    (
        "1 hour",
        "Australia/Lord_Howe",
        "2026-04-04T14:00:00Z",
        "2026-04-04T16:30:00Z",
        &[("2026-04-04T14:00Z", 90), ("2026-04-04T15:30Z", 60)],
    ),
    (
        "30 minutes",
        "Australia/Lord_Howe",
        "2026-04-04T14:30:00Z",
        "2026-04-04T15:30:00Z",
        &[("2026-04-04T14:30Z", 30), ("2026-04-04T15:00Z", 30)],
    ),
    // Samoa went from 2011-12-29 to 2011-12-31.
    (
        "1 day",
        "Pacific/Apia",
        "2011-12-29T12:00:00Z",
        "2011-12-31T12:00:00Z",
        &[("2011-12-29T10:00Z", 1440), ("2011-12-30T10:00Z", 1440), ("2011-12-31T10:00Z", 1440)],
    ),
    // Clocks that are set at midnight: a day begins at one o'clock, or its last hour comes twice.
    (
        "1 day",
        "America/Sao_Paulo",
        "2018-11-03T12:00:00Z",
        "2018-11-05T12:00:00Z",
        &[("2018-11-03T03:00Z", 1440), ("2018-11-04T03:00Z", 1380), ("2018-11-05T02:00Z", 1440)],
    ),
    (
        "1 day",
        "America/Sao_Paulo",
        "2019-02-16T12:00:00Z",
        "2019-02-17T12:00:00Z",
        &[("2019-02-16T02:00Z", 1500), ("2019-02-17T03:00Z", 1440)],
    ),
    // Havana goes back from one o'clock to midnight.
    (
        "1 day",
        "America/Havana",
        "2020-11-01T04:30:00Z",
        "2020-11-02T06:00:00Z",
        &[("2020-11-01T04:00Z", 1500), ("2020-11-02T05:00Z", 1440)],
    ),
    // By a rule, long after the last change in the database's tables.
    ("1 day", "Europe/Berlin", "2400-10-29T12:00:00Z", "2400-10-29T13:00:00Z", &[("2400-10-28T22:00Z", 1500)]),
    ("1 day", "UTC", "2026-03-29T12:00:00Z", "2026-03-29T13:00:00Z", &[("2026-03-29T00:00Z", 1440)]),
];

#[test]
fn buckets_of_a_zone_follow_its_clocks_where_they_are_set() {
    for (width, zone, from, to, expected) in IN_ZONES {
        let expected: Vec<_> = expected.iter().map(|(start, minutes)| ((*start).to_owned(), *minutes)).collect();
        assert_eq!(buckets(width, None, zone, from, to), expected, "{width} {zone}");
    }
}

#[test]
fn an_offset_moves_buckets_by_the_zones_clocks() {
    // From six to six: the day on which the clocks go ahead is the one that begins the evening before.
    let days = buckets("1 day", Some("6 hours"), "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z");
    assert_eq!(days, [("2026-03-28T05:00Z".to_owned(), 1380), ("2026-03-29T04:00Z".to_owned(), 1440)]);
}

/// Whatever the zone and the width: each point is in the bucket that it is in, and the next begins where that ends.
#[test]
fn buckets_of_a_zone_follow_one_another_without_a_gap() {
    let zones = [
        "Europe/Berlin",
        "Pacific/Apia",
        "America/Sitka",
        "Asia/Manila",
        "Africa/Casablanca",
        "Antarctica/Troll",
        "America/Havana",
        "Australia/Lord_Howe",
        "Africa/Monrovia",
        "Asia/Pyongyang",
    ];
    for zone in zones.map(|name| Zone::named(name).expect("a zone")) {
        for width in ["45 minutes", "7 hours", "1 day", "36 hours", "1 week", "400 days"] {
            let bucket = TimeBucket::new(width, Some("5 minutes"), Aggregate::Avg, &mut Violations::default());
            let bucket = bucket.expect("a bucket").in_zone(Some(zone.clone()));
            for begin in
                ["0001-01-01T00:00:00Z", "1844-12-20T00:00:00Z", "1867-10-10T00:00:00Z", "2011-12-25T00:00:00Z"]
            {
                let mut at = bucket.at(Timestamp::parse(begin).expect("a time"));
                for _ in 0..500 {
                    let next = bucket.at(at.end());
                    assert_eq!(next.from, at.until, "{zone:?} {width}");
                    assert!(next.until > next.from);
                    let last = Timestamp::from_micros(at.until - 1);
                    assert_eq!((bucket.at(last), bucket.at(at.start())), (at, at), "{zone:?} {width}");
                    at = next;
                }
            }
            for at in [Timestamp::MIN, Timestamp::EARLIEST, Timestamp::LATEST, Timestamp::MAX] {
                assert!(bucket.at(at).start() <= at.max(Timestamp::EARLIEST));
            }
        }
    }
}
