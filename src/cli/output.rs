//! Everything that the program writes to standard output and standard error.
//!
//! `println!` panics if it cannot write: on a full disk, or once the reader of a pipe is gone. The server must
//! outlive both, and a tool that has done its work must not report a failure. `tests/tidy.rs` sees to it that
//! nothing else writes to these streams.
//!
//! Used by [`super`] and the commands.

use rustix::fs::fstat;
use std::fmt::Display;
use std::fs;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::unix::fs::MetadataExt;
use std::process::ExitCode;
use tracing_subscriber::fmt::MakeWriter;

/// Writes a text to standard output, and a line end after it.
///
/// # Errors
/// If not all of it could be written. Standard output may have taken a part of it.
pub(super) fn print(text: impl Display) -> io::Result<()> {
    write_all(io::stdout().lock(), format!("{text}\n"))
}

/// Writes a text that nobody can see again later, and a line end.
///
/// # Errors
/// If not all of it could be written, or standard output is thrown away.
pub(super) fn show(text: impl Display) -> io::Result<()> {
    // A stream that is closed when the program starts is /dev/null too: Rust opens it in its place.
    let null = fs::metadata("/dev/null").map(|null| null.rdev());
    let is_null = fstat(io::stdout()).is_ok_and(|about| null.is_ok_and(|null| about.st_rdev == null));
    if is_null {
        return Err(io::Error::other("it is /dev/null"));
    }
    print(text)
}

/// Writes a line to standard output. If that fails, it is lost: for what a tool says of work that is done.
pub(super) fn say(text: impl Display) {
    let _ = print(text);
}

/// Writes a text to standard output for a command that does nothing else. A reader that has gone away wants no
/// more, and that is no failure; a full disk is.
pub(super) fn print_all(text: impl Display) -> ExitCode {
    match write_all(io::stdout().lock(), text.to_string()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => super::fail(format!("standard output: {error}")),
        _ => ExitCode::SUCCESS,
    }
}

/// Writes a line to standard error. If that fails, there is nowhere left to say so.
pub(super) fn complain(text: impl Display) {
    let _ = write_all(io::stderr().lock(), format!("{text}\n"));
}

/// Writes to standard error and stays on the line, for somebody who types an answer.
pub(super) fn ask(text: impl Display) {
    let _ = write_all(io::stderr().lock(), text.to_string());
}

fn write_all(mut stream: impl Write, text: String) -> io::Result<()> {
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

/// Whether standard output is a terminal.
pub(super) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether standard output is a terminal that shows colours.
pub(super) fn shows_colours() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stdout().is_terminal() && !refused && std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb")
}

/// Where the log goes.
pub(super) struct Log;

impl Log {
    /// Whether people read it on a terminal.
    pub(super) fn is_terminal() -> bool {
        io::stderr().is_terminal()
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = io::Stderr;

    fn make_writer(&'a self) -> io::Stderr {
        io::stderr()
    }
}
