//! The siege: ten accounts from three addresses attack a server in every way of `tests/attacks.md` that works by
//! quantity, all at once, while a neighbour reads and installs. The server survives within 1 GiB, its
//! write-ahead log stays within its bound, and the neighbour's requests are answered.
//!
//! It lasts half a minute by default. Longer, with visitors who use the server for what it is for, and with the figures
//! of each minute:
//!
//! ```sh
//! CONNHUB_SIEGE_SECONDS=3600 CONNHUB_SIEGE_VISITORS=90 CONNHUB_SIEGE_REPORT_SECONDS=60 \
//!   cargo test --test siege -- --nocapture
//! ```

mod attack;
mod figures;
#[path = "../../benches/support/mod.rs"]
mod support;
mod visitor;
mod world;

use attack::{ATTACKS, Attacker};
use figures::{Bounds, Calm, Samples};
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use visitor::{Visitor, Visits};
use world::World;

/// How long it lasts by default: continuous integration must stay fast.
const SECONDS: u64 = 30;
/// How many accounts attack.
const ATTACKERS: usize = 10;
/// How many visitors there are by default.
const VISITORS: u64 = 4;
/// How often things are measured before anybody attacks.
const CALM_ROUNDS: usize = 15;
/// How much time lies between two measurements.
const PAUSE: Duration = Duration::from_millis(100);
/// After how many seconds the figures since the last time are printed, by default.
const REPORT_SECONDS: u64 = 10;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn a_neighbour_is_served_while_ten_accounts_attack_in_every_way() -> Outcome<()> {
    let lasts = Duration::from_secs(number("CONNHUB_SIEGE_SECONDS", SECONDS));
    let report_every = Duration::from_secs(number("CONNHUB_SIEGE_REPORT_SECONDS", REPORT_SECONDS));
    let world = Arc::new(World::new()?);
    let mut neighbour = world.neighbour()?;
    let mut calm = Calm::default();
    for _ in 0..CALM_ROUNDS {
        calm.note(neighbour.read()?, neighbour.install()?);
    }
    let bounds = Bounds::of(&calm);
    println!("undisturbed: {calm}");

    let ends = Arc::new(AtomicBool::new(false));
    let mut visits = Vec::new();
    for number in 0..usize::try_from(number("CONNHUB_SIEGE_VISITORS", VISITORS))? {
        let (visitor, ends) = (Visitor::new(&world, number)?, Arc::clone(&ends));
        visits.push(thread::spawn(move || visitor.visit(&ends)));
    }
    let attackers = (0..ATTACKERS).map(|number| Attacker::new(&world, number)).collect::<Outcome<Vec<_>>>()?;
    let mut attacks = Vec::new();
    for attacker in attackers.into_iter().map(Arc::new) {
        for attack in ATTACKS {
            let (attacker, ends) = (Arc::clone(&attacker), Arc::clone(&ends));
            attacks.push(thread::spawn(move || attacker.attack(attack, &ends)));
        }
    }

    let (since, mut reported) = (Instant::now(), Instant::now());
    let (mut all, mut recent) = (Samples::default(), Samples::default());
    while since.elapsed() < lasts {
        let (read, install) = (neighbour.read()?, neighbour.install()?);
        all.note(read, install);
        recent.note(read, install);
        thread::sleep(PAUSE);
        if reported.elapsed() >= report_every {
            println!("after {:>4} s: {recent}; {}", since.elapsed().as_secs(), world.resources()?);
            (reported, recent) = (Instant::now(), Samples::default());
        }
    }
    ends.store(true, Ordering::Relaxed);
    let visits = visits.into_iter().map(|visits| visits.join().map_err(|_| "a visitor panicked"));
    report_visits(&visits.collect::<Result<Vec<_>, _>>()?);
    let attacks = attacks.into_iter().map(|attack| attack.join().map_err(|_| "an attack panicked"));
    attack::report(&attacks.collect::<Result<Vec<_>, _>>()?);
    let resources = world.resources()?;
    println!("in all: {all}; {resources}");
    let broken = [bounds.broken_by(&all), resources.broken()].concat();
    if broken.is_empty() { Ok(()) } else { Err(broken.join("\n").into()) }
}

fn report_visits(visits: &[Visits]) {
    let whole: u64 = visits.iter().map(|visits| visits.whole).sum();
    let failed: u64 = visits.iter().map(|visits| visits.failed).sum();
    let why = visits.iter().rev().find_map(|visits| visits.last_failure.as_deref()).unwrap_or("nothing");
    println!("{} visitors: {whole} whole visits, {failed} ended early; the last because of {why}", visits.len());
}
