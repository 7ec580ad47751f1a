//! Reads the command line and the environment, with one set of rules for every option of every command.
//!
//! Values from environment files are often not what was meant: a line end of Windows, a space, quotation marks, an
//! empty text where nothing is set. So control characters and spaces at either end are refused, an empty variable
//! counts as not set (unless it is a secret, which somebody meant to set), and quotation marks cause a warning. Errors
//! name the variable if the value came from there, and the flag otherwise. They never contain a secret, which is each
//! option with `hide_env_values`.
//!
//! Used by [`super`].

use super::{Cli, output};
use clap::builder::BoolishValueParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory, FromArgMatches};
use std::collections::HashMap;
use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

/// The exit code for a command line that is not understood, as clap has it.
const USAGE: u8 = 2;
/// From where on two names are alike, of 0 to 1.
const LIKENESS_MIN: f64 = 0.6;
/// What the names of our variables begin with.
const PREFIX: &str = "CONNHUB_";

/// A command line that is understood.
pub(super) struct Given {
    /// What it says.
    pub(super) cli: Cli,
    /// What may not have been meant, a sentence each.
    pub(super) warnings: Vec<String>,
    /// What each option that has a value is called where its value came from.
    names: HashMap<String, String>,
}

impl Given {
    /// What a person who gave an option calls it: its variable or its flag.
    pub(super) fn name_of(&self, option: &str) -> Option<&str> {
        self.names.get(option).map(String::as_str)
    }
}

/// Reads them. If there is nothing to do, because help was asked for or something is wrong, prints that and returns the
/// exit code.
pub(super) fn read() -> Result<Given, ExitCode> {
    let typed: Vec<OsString> = std::env::args_os().collect();
    let command = Cli::command();
    let path = path(&command, typed.get(1..).unwrap_or_default());
    let mut read = Reading { typed: &typed, problems: Vec::new(), warnings: Vec::new() };
    if leaf(&command, &path).get_arguments().any(|arg| arg.get_id() == "listen") {
        read.warnings = unknown_variables(&command);
    }
    let mut command = read.environment(command, &path);
    let matches = command.try_get_matches_from_mut(&typed);
    match matches {
        Err(error) if !error.use_stderr() => Err(help(&typed)),
        Err(error) if read.problems.is_empty() => {
            output::complain(read.explain(leaf(&command, &path), &error));
            Err(ExitCode::from(USAGE))
        }
        Ok(matches) => {
            let names = read.command_line(leaf(&command, &path), &matches);
            let cli = if read.problems.is_empty() { Cli::from_arg_matches(&matches).ok() } else { None };
            let warnings = std::mem::take(&mut read.warnings);
            cli.map(|cli| Given { cli, warnings, names }).ok_or_else(|| read.refuse())
        }
        Err(_) => Err(read.refuse()),
    }
}

/// The subcommands that are named, outermost first.
fn path(command: &Command, typed: &[OsString]) -> Vec<String> {
    let named = typed.first().and_then(|word| command.find_subcommand(word));
    named.map_or_else(Vec::new, |named| {
        let mut names = vec![named.get_name().to_owned()];
        names.extend(path(named, &typed[1..]));
        names
    })
}

/// The command at the end of a path.
fn leaf<'a>(command: &'a Command, path: &[String]) -> &'a Command {
    path.iter().fold(command, |command, name| command.find_subcommand(name).unwrap_or(command))
}

/// Prints help or version. Of the whole command: empty variables are listed too.
fn help(typed: &[OsString]) -> ExitCode {
    let Err(text) = Cli::command().try_get_matches_from(typed) else { return ExitCode::SUCCESS };
    let text = text.render();
    if output::shows_colours() { output::print_all(text.ansi()) } else { output::print_all(text) }
}

/// What is found out while reading.
struct Reading<'a> {
    typed: &'a [OsString],
    problems: Vec<String>,
    warnings: Vec<String>,
}

impl Reading<'_> {
    /// Prints everything that is wrong.
    fn refuse(&self) -> ExitCode {
        self.problems.iter().for_each(|problem| output::complain(format!("connhub: {problem}")));
        ExitCode::from(USAGE)
    }

    /// The command with the variables that count: of the command at the end of the path alone, and of these the ones
    /// that are set to something sound. What is wrong with the others is noted.
    fn environment(&mut self, command: Command, path: &[String]) -> Command {
        match path {
            [] => command.mut_args(|arg| self.variable(arg)),
            [name, rest @ ..] => command
                .mut_args(|arg| arg.env(None::<&str>))
                .mut_subcommand(name, |command| self.environment(command, rest)),
        }
    }

    fn variable(&mut self, arg: Arg) -> Arg {
        // A switch's variable may be 1, yes or on too.
        let is_switch = matches!(arg.get_action(), ArgAction::SetTrue);
        let arg = if is_switch { arg.value_parser(BoolishValueParser::new()) } else { arg };
        let Some(name) = arg.get_env().map(|name| name.to_string_lossy().into_owned()) else { return arg };
        let Some(value) = std::env::var_os(&name).filter(|_| !self.is_typed(&arg)) else { return arg };
        // A URL may hold a password, but is none.
        let is_secret = arg.is_hide_env_values_set() && !is_url(&arg);
        if value.is_empty() {
            if is_secret {
                self.problems.push(format!("{name} is empty: give it a value, or do not set it"));
            }
            return arg.env(None::<&str>);
        }
        if let Some(flaw) = flaw(&value) {
            self.problems.push(named(&name, &value, is_secret, &flaw));
            return arg.env(None::<&str>);
        }
        if is_quoted(&value) {
            self.warnings.push(named(&name, &value, is_secret, QUOTED));
        }
        arg
    }

    /// Whether an option is on the command line, where it wins over its variable.
    fn is_typed(&self, arg: &Arg) -> bool {
        let Some(flag) = arg.get_long().map(|long| format!("--{long}")) else { return false };
        let options = self.typed.iter().skip(1).map(|word| word.to_string_lossy()).take_while(|word| word != "--");
        options
            .into_iter()
            .any(|word| word.strip_prefix(&flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('=')))
    }

    /// Notes what is wrong with the values on the command line; returns what each option is called.
    fn command_line(&mut self, command: &Command, matches: &ArgMatches) -> HashMap<String, String> {
        let mut matches = matches;
        while let Some((_, inner)) = matches.subcommand() {
            matches = inner;
        }
        let mut names = HashMap::new();
        for id in matches.ids() {
            let Some(arg) = command.get_arguments().find(|arg| arg.get_id() == id) else { continue };
            let typed = matches.value_source(id.as_str()) == Some(ValueSource::CommandLine);
            let name = if typed { spelled(arg) } else { called(arg) };
            for value in matches.get_raw(id.as_str()).into_iter().flatten().filter(|_| typed) {
                if let Some(flaw) = flaw(value) {
                    self.problems.push(named(&name, value, arg.is_hide_env_values_set(), &flaw));
                }
            }
            names.insert(id.to_string(), name);
        }
        names
    }

    /// What is wrong with a command line, as a text of one or more lines.
    fn explain(&self, command: &Command, error: &clap::Error) -> String {
        let text = |kind| match error.get(kind) {
            Some(ContextValue::String(text)) => Some(text.as_str()),
            _ => None,
        };
        let about = text(ContextKind::InvalidArg)
            .and_then(|shown| command.get_arguments().find(|arg| arg.to_string() == shown));
        let (Some(arg), Some(value), ErrorKind::ValueValidation | ErrorKind::InvalidValue) =
            (about, text(ContextKind::InvalidValue), error.kind())
        else {
            return self.with_variables(command, error);
        };
        let why = match (error.source(), error.get(ContextKind::ValidValue)) {
            (Some(source), _) => source.to_string(),
            (None, Some(ContextValue::Strings(possible))) if !possible.is_empty() => {
                format!("it must be one of {}", possible.join(", "))
            }
            (None, _) => "it needs a value".to_owned(),
        };
        let from_variable = !self.is_typed(arg) && arg.get_env().is_some();
        let name = if from_variable { called(arg) } else { spelled(arg) };
        let quoted = if is_quoted(OsStr::new(value)) { format!("; it {QUOTED}") } else { String::new() };
        let is_hidden = arg.is_hide_env_values_set() || value.is_empty();
        let shown = if is_hidden { String::new() } else { format!(" {:?}", without_user(value)) };
        format!("connhub: {name}{shown}: {why}{quoted}")
    }

    /// clap's own words, and which variables could be set instead of what is missing.
    fn with_variables(&self, command: &Command, error: &clap::Error) -> String {
        let mut text = error.render().to_string().trim_end().to_owned();
        if error.kind() == ErrorKind::MissingRequiredArgument
            && let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg)
        {
            for arg in command.get_arguments().filter(|arg| missing.contains(&arg.to_string())) {
                if arg.get_env().is_some() {
                    text = format!("{text}\n{} can be given as {} too.", spelled(arg), called(arg));
                }
            }
        }
        text
    }
}

/// What quotation marks in a value mean.
const QUOTED: &str = "has quotation marks around it, which count as a part of it: remove them unless you mean them";

/// A sentence about a value, which is shown unless it is a secret.
fn named(name: &str, value: &OsStr, is_secret: bool, what: &str) -> String {
    if is_secret || value.is_empty() {
        return format!("{name} {what}");
    }
    format!("{name} ({:?}) {what}", without_user(&value.to_string_lossy()))
}

/// A text without the user name and password that a URL in it may have.
fn without_user(text: &str) -> String {
    let scheme = text.find("://").map_or("", |at| &text[..at + 3]);
    let rest = &text[scheme.len()..];
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let hidden = authority.rsplit_once('@').and_then(|(user, _)| {
        // Without a scheme it may be an e-mail address, which has no password before its host.
        let is_url = !scheme.is_empty() || user.contains(':');
        is_url.then(|| format!("{scheme}…{}", &rest[user.len()..]))
    });
    hidden.unwrap_or_else(|| text.to_owned())
}

/// How an option is given on the command line.
fn spelled(arg: &Arg) -> String {
    arg.get_long().map_or_else(|| arg.to_string(), |long| format!("--{long}"))
}

/// How an option is given in the environment.
fn called(arg: &Arg) -> String {
    arg.get_env().map_or_else(|| spelled(arg), |name| name.to_string_lossy().into_owned())
}

/// What is wrong with a value, whatever it is for.
fn flaw(value: &OsStr) -> Option<String> {
    let text = value.to_string_lossy();
    if text.is_empty() {
        return Some("is empty".to_owned());
    }
    if let Some(control) = text.chars().find(|c| c.is_control()) {
        let hint = if control == '\r' { ": the file that it comes from may have Windows line ends" } else { "" };
        return Some(format!(
            "contains the control character {}, which no option can have{hint}",
            control.escape_default()
        ));
    }
    let is_blank = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200d}' | '\u{2060}');
    text.starts_with(is_blank)
        .then_some("begins")
        .or_else(|| text.ends_with(is_blank).then_some("ends"))
        .map(|where_| format!("{where_} with a space: remove it"))
}

/// Whether a value has quotation marks around it, as some readers of environment files leave them.
fn is_quoted(value: &OsStr) -> bool {
    let text = value.to_string_lossy();
    ['"', '\''].iter().any(|mark| text.len() > 1 && text.starts_with(*mark) && text.ends_with(*mark))
}

/// Variables that look like ours and mean nothing: a warning each.
fn unknown_variables(command: &Command) -> Vec<String> {
    fn knows(command: &Command, name: &OsStr) -> bool {
        command.get_arguments().any(|arg| arg.get_env() == Some(name))
            || command.get_subcommands().any(|command| knows(command, name))
    }
    let set = std::env::vars_os().map(|(name, _)| name);
    let unknown = set.filter(|name| name.to_string_lossy().starts_with(PREFIX) && !knows(command, name));
    unknown
        .map(|name| {
            let name = name.to_string_lossy();
            let advice = nearest(command, &name)
                .map_or_else(|| "see connhub serve --help".to_owned(), |nearest| format!("did you mean {nearest}?"));
            format!("{name} is set, but connhub has no such option: {advice}")
        })
        .collect()
}

/// The variable of ours that is most like a name, if one is like it.
fn nearest(command: &Command, name: &str) -> Option<String> {
    let mut known = Vec::new();
    all_variables(command, &mut known);
    let wanted = name.strip_prefix(PREFIX).unwrap_or(name).to_ascii_uppercase();
    let likeness = |known: &String| strsim::normalized_damerau_levenshtein(known.trim_start_matches(PREFIX), &wanted);
    let best = known.into_iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(&best) >= LIKENESS_MIN).then_some(best)
}

fn all_variables(command: &Command, names: &mut Vec<String>) {
    names.extend(command.get_arguments().filter_map(|arg| Some(arg.get_env()?.to_string_lossy().into_owned())));
    command.get_subcommands().for_each(|command| all_variables(command, names));
}

fn is_url(arg: &Arg) -> bool {
    arg.get_value_names().is_some_and(|names| names.iter().any(|name| name.as_str() == "URL"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_nobody_means_are_found_whatever_they_are_for() {
        for (value, what) in [
            ("", "is empty"),
            ("x\r", "\\r, which no option can have: the file"),
            ("x\ny", "\\n"),
            ("\u{1b}[2J", "\\u{1b}"),
            ("\u{85}", "\\u{85}"),
            (" x", "begins with a space"),
            ("x ", "ends with a space"),
            ("\u{feff}x", "begins with a space"),
            ("x\u{a0}", "ends with a space"),
            (" ", "begins with a space"),
        ] {
            assert!(flaw(OsStr::new(value)).is_some_and(|flaw| flaw.contains(what)), "{value:?}");
        }
        for value in ["x", "correct horse", "'quoted'", "ü", "a=b,c"] {
            assert_eq!(flaw(OsStr::new(value)), None, "{value:?}");
        }
        for (value, quoted) in
            [("\"x\"", true), ("'x'", true), ("\"\"", true), ("\"", false), ("'x\"", false), ("x'", false)]
        {
            assert_eq!(is_quoted(OsStr::new(value)), quoted, "{value:?}");
        }
    }

    #[test]
    fn an_unknown_variable_leads_to_the_one_that_was_meant() {
        let command = Cli::command();
        for (name, meant) in [
            ("CONNHUB_PUBLIC_URI", Some("CONNHUB_PUBLIC_URL")),
            ("CONNHUB_OPENSIGNUP", Some("CONNHUB_OPEN_SIGNUP")),
            ("CONNHUB_LISTEN_ADDRESS", None),
            ("CONNHUB_LISTNE", Some("CONNHUB_LISTEN")),
            ("CONNHUB_db", Some("CONNHUB_DB")),
            ("CONNHUB_X", None),
            ("CONNHUB_", None),
        ] {
            assert_eq!(nearest(&command, name).as_deref(), meant, "{name}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_not_shown() {
        for (text, shown) in [
            ("https://me:hunter2@hub.example/x@y", "https://…@hub.example/x@y"),
            ("http://hunter2@h", "http://…@h"),
            ("https://me:a@b@h", "https://…@h"),
            ("https://hub.example/@", "https://hub.example/@"),
            ("me@example.com", "me@example.com"),
            ("me:hunter2@hub.example", "…@hub.example"),
            ("me:hunter2@hub.example:80/x", "…@hub.example:80/x"),
        ] {
            assert_eq!(without_user(text), shown);
        }
    }

    #[test]
    fn no_option_of_any_command_is_without_a_variable_that_is_ours() {
        fn check(command: &Command) {
            for arg in command.get_arguments() {
                let Some(variable) = arg.get_env() else { continue };
                assert!(variable.to_string_lossy().starts_with(PREFIX), "{arg}");
            }
            command.get_subcommands().for_each(check);
        }
        let command = Cli::command();
        check(&command);
        command.debug_assert();
    }
}
