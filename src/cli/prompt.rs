//! Asks for a new password: on a terminal without showing it, twice; otherwise one line of standard input.
//!
//! Used by [`super`].

use super::output;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use std::io::{self, IsTerminal, Read};

/// The most bytes of a line that are read: more than any password has.
const LINE_BYTES_MAX: u64 = 8 * 1_024;
/// What Ctrl-C sends.
const INTERRUPT: u8 = 3;

/// Why there is no password.
pub(super) enum Refused {
    /// Ctrl-C was pressed.
    Interrupted,
    /// A sentence.
    Unusable(String),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Unusable(format!("standard input: {error}"))
    }
}

/// Reads a new password.
pub(super) fn new_password(of: &str) -> Result<String, Refused> {
    if !io::stdin().is_terminal() {
        return checked(line()?);
    }
    let first = checked(hidden(&format!("New password of {of}: "))?)?;
    if hidden("The same again: ")? != first {
        return Err(Refused::Unusable("the two passwords differ; nothing was changed".to_owned()));
    }
    Ok(first)
}

/// Asks whether something is to be done; the answer is yes only if that is typed.
pub(super) fn confirm(question: &str) -> Result<bool, String> {
    if !io::stdin().is_terminal() {
        return Err("standard input is not a terminal, so nobody can be asked: pass --yes if you are sure".to_owned());
    }
    output::ask(format!("{question} [y/N] "));
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(|error| format!("standard input: {error}"))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// A line without its end, or what stands before Ctrl-C and that. What follows it is left alone.
fn line() -> Result<String, Refused> {
    let mut bytes = Vec::new();
    for byte in io::stdin().lock().take(LINE_BYTES_MAX).bytes() {
        match byte? {
            b'\n' => break,
            byte => bytes.push(byte),
        }
        if bytes.ends_with(&[INTERRUPT]) {
            break;
        }
    }
    if bytes.ends_with(b"\r") {
        bytes.pop();
    }
    String::from_utf8(bytes).map_err(|_| Refused::Unusable("the password on standard input is not UTF-8".to_owned()))
}

fn checked(password: String) -> Result<String, Refused> {
    let refused = |why: &str| Err(Refused::Unusable(format!("the password {why}; nothing was changed")));
    if password.is_empty() {
        return Err(Refused::Unusable(
            "no password was given: type one, or send it as one line of standard input; nothing was changed".to_owned(),
        ));
    }
    if password.chars().any(char::is_control) {
        return refused("contains a control character");
    }
    // Nobody could see why they cannot sign in.
    if password.starts_with(char::is_whitespace) || password.ends_with(char::is_whitespace) {
        return refused("begins or ends with a space");
    }
    Ok(password)
}

/// Asks on the terminal without showing the answer.
fn hidden(question: &str) -> Result<String, Refused> {
    // Before the question: what is typed once that can be read is not shown.
    let silence = Silence::begin()?;
    output::ask(question);
    let answer = line();
    drop(silence);
    match answer {
        Ok(answer) if answer.ends_with(char::from(INTERRUPT)) => {
            output::ask("\n");
            Err(Refused::Interrupted)
        }
        answer => answer,
    }
}

/// A terminal that does not show what is typed, until this is dropped. Ctrl-C ends the line instead of the program,
/// which would leave the terminal silent.
struct Silence(Termios);

impl Silence {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        silent.local_modes.insert(LocalModes::ECHONL | LocalModes::ICANON);
        silent.special_codes[SpecialCodeIndex::VEOL] = INTERRUPT;
        // What was typed ahead was shown, so it is no password.
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // If the terminal is gone, nobody is there to read either.
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.0);
    }
}
