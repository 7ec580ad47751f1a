//! Signing in takes the same time for an e-mail that has no account as for a wrong password, so that
//! nobody can find out by the clock who has one (auth.md, "Signing in").

use crate::harness::{EMAIL, Server};
use crate::http::Request;
use crate::oauth::flow::{Asked, Form, Scene};
use crate::users::login;
use std::time::{Duration, Instant};

/// How often each is measured: a busy machine slows some of them, and not the median. All together are
/// fewer than one address may fail in ten minutes.
const RUNS: usize = 12;
/// Tries before the door is closed for a minute: another e-mail, or a success, begins to count anew.
const TRIES: usize = 4;
/// How much longer one may take than the other. Without the hash it would be a hundred times as fast.
const FACTOR: u32 = 3;

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Measures a wrong password against e-mails that nobody has, in turns, so that both have the same
/// machine.
fn compare(server: &Server, attempt: impl Fn(&str) -> Request, status: u16) {
    let time = |email: &str| {
        let request = attempt(email);
        let since = Instant::now();
        let answer = server.send(&request);
        let time = since.elapsed();
        assert_eq!(answer.status, status, "{answer:?}");
        time
    };
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for run in 0..RUNS {
        if run % TRIES == 0 {
            server.send(&login(EMAIL, crate::harness::PASSWORD)).expect(200);
        }
        known.push(time(EMAIL));
        unknown.push(time(&format!("nobody-{run}@example.com")));
    }
    let (known, unknown) = (median(known), median(unknown));
    assert!(known < unknown * FACTOR && unknown < known * FACTOR, "known {known:?}, unknown {unknown:?}");
}

#[test]
fn a_wrong_password_and_an_unknown_e_mail_take_the_same_time() {
    compare(&Server::start(), |email| login(email, "wrong password"), 401);
}

#[test]
fn so_they_do_on_the_page_of_the_authorization_code_flow() {
    let scene = Scene::new();
    let form = Form::of(&scene.open(&Asked::of(&scene.client)));
    compare(&scene.server, |email| form.filled(&[("email", email), ("password", "wrong password")]), 403);
}
