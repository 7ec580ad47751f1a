//! `connhub account remove`: asks, begins the removal, and reports how far the server gets with it.
//!
//! Used by [`super`].

use super::super::{fail, failed, harmless, output, prompt, quoted};
use crate::model::account::{AccountRemoval, Belongings};
use crate::ops::operator;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// For how long it is waited for the end: a connector may take ten seconds for each of its instances.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// How often is looked whether it has ended.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

pub(super) fn remove(email: &str, database: &Path, is_sure: bool) -> ExitCode {
    let (account, had) = match operator::belongings(database, email) {
        Ok(found) => found,
        Err(error) => return failed(&error),
    };
    let email = harmless(&account.email);
    let all = listed(&had);
    if !is_sure {
        match prompt::confirm(&format!("Remove {email} with {all}? This cannot be undone.")) {
            Ok(true) => {}
            Ok(false) => return fail("nothing was removed"),
            Err(why) => return fail(why),
        }
    }
    let is_served = match operator::begin_removal(database, account.id, had) {
        Ok(is_served) => is_served,
        Err(error) => return failed(&error),
    };
    if !is_served {
        output::say(format!(
            "{email} can no longer sign in. No server is running on {}: when one starts, it calls the connectors and \
             removes {all}",
            quoted(database)
        ));
        return ExitCode::SUCCESS;
    }
    let until = Instant::now() + WAIT_MAX;
    loop {
        match operator::progress(database, account.id) {
            Ok((AccountRemoval { ended_at: Some(_), unconfirmed, .. }, _)) => {
                output::say(format!("removed {email} with {all}{}", of_connectors(unconfirmed.unwrap_or_default())));
                return ExitCode::SUCCESS;
            }
            Ok((_, left)) if Instant::now() >= until => {
                output::say(format!("{email} can no longer sign in. The server continues to remove {}", listed(&left)));
                return ExitCode::SUCCESS;
            }
            Ok(_) => std::thread::sleep(LOOK_INTERVAL),
            Err(error) => return failed(&error),
        }
    }
}

fn of_connectors(unconfirmed: u64) -> String {
    match unconfirmed {
        0 => String::new(),
        1 => "; a connector did not confirm one removal".to_owned(),
        number => format!("; connectors did not confirm {number} removals"),
    }
}

/// What an account has, in words.
fn listed(had: &Belongings) -> String {
    let count = |number: u64, one: &str| {
        (number > 0).then(|| if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") })
    };
    let foreign = "installation of its connectors by other accounts";
    let foreign = match had.foreign_installations {
        number if number > 1 => Some(format!("{number} installations of its connectors by other accounts")),
        number => count(number, foreign),
    };
    let parts: Vec<String> = [
        count(had.apps, "app"),
        count(had.publications, "published connector"),
        count(had.installations, "installation"),
        foreign,
        count(had.instances, "instance"),
        count(had.things, "thing"),
    ]
    .into_iter()
    .flatten()
    .collect();
    match parts.as_slice() {
        [] => "nothing else".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_account_has_is_a_list_in_words() {
        assert_eq!(listed(&Belongings::default()), "nothing else");
        assert_eq!(listed(&Belongings { apps: 1, ..Belongings::default() }), "1 app");
        let had = Belongings { apps: 2, things: 1, foreign_installations: 3, ..Belongings::default() };
        assert_eq!(listed(&had), "2 apps, 3 installations of its connectors by other accounts and 1 thing");
    }
}
