//! Which log lines are written. The library that filters takes any word for the name of a module, so that a slip of
//! the pen (`inof`) silences the log.
//!
//! Used by [`super`].

use tracing_subscriber::EnvFilter;

/// The levels, from nothing to everything.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
/// The program's own module, which all others are below.
const OWN: &str = "connhub";

/// A filter that says something about connhub's own lines, and nothing that it does not mean.
pub(super) fn filter(text: &str) -> Result<String, String> {
    let mut says_of_own = false;
    for directive in directives(text) {
        let (target, level) = match directive.rsplit_once('=') {
            // An equals sign in braces is a field's.
            Some((target, level)) if !level.ends_with(['}', ']']) => (target, Some(level)),
            _ => (directive, None),
        };
        let module = target.split('[').next().unwrap_or_default();
        match level {
            Some(level) if !is_level(level) => return Err(format!("{level:?} is not a level: {}", how())),
            Some(_) => {}
            None if is_level(directive) => {}
            None if target.contains('[') || is_own(target) => {}
            None => return Err(format!("{directive:?} is not a level: {}", how())),
        }
        says_of_own |= level.is_none() && is_level(directive) || module.is_empty() || is_own(module);
    }
    if !says_of_own {
        return Err(format!("it would hide every line of connhub: {}", how()));
    }
    EnvFilter::try_new(text).map_err(|error| format!("{error}: {}", how()))?;
    Ok(text.to_owned())
}

fn how() -> String {
    format!("the levels are {}; for one module: info,{OWN}::callback=debug", LEVELS.join(", "))
}

fn is_level(word: &str) -> bool {
    LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word))
}

fn is_own(module: &str) -> bool {
    module.strip_prefix(OWN).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The parts between commas, but for those in brackets.
fn directives(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_u32;
    text.split(move |c| {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .filter(|directive| !directive.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_would_silence_the_log_by_a_slip_is_refused_with_the_levels() {
        for good in [
            "info",
            "WARN",
            "off",
            "connhub",
            "connhub=debug",
            "warn,hyper=debug",
            "connhub::callback=trace,error",
            "[request]=debug",
            "[request{id=1}]=debug",
            "info,connhub[request{id=1}]=trace",
        ] {
            assert_eq!(filter(good), Ok(good.to_owned()));
        }
        for bad in [
            "",
            ",",
            "inof",
            "\"info\"",
            "information",
            "5",
            "conhub=debug",
            "connhub=inof",
            "hyper=info",
            "connhubx",
            "info,debgu",
            "info=",
            "connhub::callback=verbose",
            "info connhub=debug",
        ] {
            let refused = filter(bad).expect_err(bad);
            assert!(refused.contains("off, error, warn, info, debug, trace"), "{bad}: {refused}");
        }
    }
}
