//! Signing in takes the same time for an e-mail that has no account as for a wrong password, so that
//! nobody can find out by the clock who has one (auth.md, "Signing in").

use crate::harness::{EMAIL, PASSWORD, Server};
use crate::users::login;
use std::time::{Duration, Instant};

/// How often each is measured. All together are fewer than one address may fail in ten minutes.
const RUNS: usize = 12;
/// Failures after which a success begins to count anew: one more closes the door for a minute.
const TRIES: usize = 4;
/// How much longer one may take than the other. Without the hash it would be several times as fast in a
/// debug build, and a hundred times in a release build.
const FACTOR: u32 = 2;

/// What the fastest quarter takes at the most: a busy machine slows the others.
fn quartile(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 4]
}

fn time_of_failing(server: &Server, email: &str) -> Duration {
    let request = login(email, "wrong password");
    let since = Instant::now();
    let answer = server.send(&request);
    let time = since.elapsed();
    answer.expect(401);
    time
}

/// The pages of OAuth 2.0 sign in by the same function, so what holds here holds there.
#[test]
fn a_wrong_password_and_an_unknown_e_mail_take_the_same_time() {
    let server = Server::start();
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    // In turns, so that both have the same machine.
    for run in 0..RUNS {
        if run % TRIES == 0 {
            server.send(&login(EMAIL, PASSWORD)).expect(200);
        }
        known.push(time_of_failing(&server, EMAIL));
        unknown.push(time_of_failing(&server, &format!("nobody-{run}@example.com")));
    }
    let (known, unknown) = (quartile(known), quartile(unknown));
    assert!(known < unknown * FACTOR && unknown < known * FACTOR, "known {known:?}, unknown {unknown:?}");
}
