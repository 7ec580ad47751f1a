//! The house rules, held by a test: which room may use which (design/architecture.md), how long
//! files and functions may be, what has no place in the product, and that schema/schema.graphql is
//! what the code says.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

/// The table of rooms: which others a room may use, and which crates it must not know.
struct Room {
    name: &'static str,
    uses: &'static [&'static str],
    forbidden: &'static [&'static str],
}

const ROOMS: [Room; 10] = [
    Room {
        name: "model",
        uses: &[],
        forbidden: &[
            "serde",
            "serde_json",
            "juniper",
            "warp",
            "ureq",
            "rusqlite",
            "r2d2",
            "tokio",
            "thread",
            "SystemTime",
            "Instant",
        ],
    },
    Room { name: "metrics", uses: &[], forbidden: &["warp", "hyper", "juniper", "ureq", "rusqlite", "r2d2", "tokio"] },
    Room { name: "store", uses: &["model", "metrics"], forbidden: &["warp", "hyper", "juniper", "ureq"] },
    Room { name: "ops", uses: &["model", "metrics", "store"], forbidden: &["warp", "hyper", "juniper", "ureq"] },
    Room { name: "callback", uses: &["model", "metrics", "ops"], forbidden: &["warp", "juniper", "rusqlite", "r2d2"] },
    Room { name: "graphql", uses: &["model", "ops"], forbidden: &["warp", "ureq", "rusqlite", "r2d2"] },
    Room { name: "http", uses: &["model", "metrics", "ops"], forbidden: &["juniper", "ureq", "rusqlite", "r2d2"] },
    Room { name: "door", uses: &["model", "http"], forbidden: &["juniper", "ureq", "rusqlite", "r2d2"] },
    Room { name: "devcert", uses: &[], forbidden: &["warp", "hyper", "juniper", "ureq", "rusqlite", "r2d2", "tokio"] },
    Room { name: "demo", uses: &[], forbidden: &["juniper", "rusqlite", "r2d2"] },
];

/// Files that belong to no room: they put the rooms together.
const FREE: [&str; 6] = ["app", "cli", "config", "fuzz", "main", "lib"];

/// A source file, and the same with comments and the insides of literals blanked out.
struct Source {
    /// From the package's root, with slashes.
    path: String,
    text: String,
    code: String,
}

impl Source {
    fn read(root: &Path, path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("a readable source file");
        let relative = path.strip_prefix(root).expect("a path below the package");
        let path = relative.to_str().expect("a path in UTF-8").replace('\\', "/");
        Self { path, code: blanked(&text), text }
    }

    /// The directory or file below src/ that names the room.
    fn room(&self) -> Option<&str> {
        let first = self.path.strip_prefix("src/")?.split('/').next()?;
        Some(first.strip_suffix(".rs").unwrap_or(first))
    }

    fn line_of(&self, position: usize) -> usize {
        self.code[..position].matches('\n').count() + 1
    }

    /// Where a word stands in the code, as a word of its own.
    fn positions_of(&self, word: &str) -> Vec<usize> {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let alone = |at: &usize| {
            let goes_on = word.ends_with(is_word) && self.code[at + word.len()..].starts_with(is_word);
            !goes_on && !self.code[..*at].ends_with(is_word)
        };
        self.code.match_indices(word).map(|(at, _)| at).filter(alone).collect()
    }

    /// The paths, without `.rs`, of the files that it declares for tests alone.
    fn test_modules(&self) -> Vec<String> {
        let own = self.path.trim_end_matches(".rs");
        let folder = ["/mod", "/lib", "/main"].iter().find_map(|name| own.strip_suffix(name)).unwrap_or(own);
        let declared =
            self.code.split("#[cfg(test)]").skip(1).filter_map(|rest| rest.trim_start().strip_prefix("mod "));
        let names = declared.filter_map(|rest| rest.split_once([';', '{'])).map(|(name, _)| name.trim());
        names.map(|name| format!("{folder}/{name}")).collect()
    }

    /// Which parts are compiled for tests alone.
    fn test_ranges(&self) -> Vec<std::ops::Range<usize>> {
        let attributes = self.code.match_indices("#[cfg(test)]").map(|(at, _)| at);
        attributes.map(|at| at..item_end(&self.code, at)).collect()
    }
}

/// The end of the item that begins at `from`: the brace that closes it, or its semicolon.
fn item_end(code: &str, from: usize) -> usize {
    let Some(open) = code[from..].find(['{', ';']).map(|offset| from + offset) else { return code.len() };
    if code.as_bytes()[open] == b';' { open } else { closing(code, open) }
}

/// The position of the brace that closes the one at `open`.
fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return at,
            b'}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

/// The source with every character of a comment, text or character literal replaced by a blank.
fn blanked(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let before = code.chars().next_back();
        let (length, keep) = token(rest, before).map_or((next.len_utf8(), true), |length| (length, false));
        let (taken, left) = rest.split_at(length);
        if keep {
            code.push_str(taken);
        } else {
            code.extend(taken.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        }
        rest = left;
    }
    code
}

/// The length of the comment or literal that begins here, if one does.
fn token(rest: &str, before: Option<char>) -> Option<usize> {
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    if rest.starts_with('"') {
        return Some(quoted(rest, '"'));
    }
    if !in_word && (rest.starts_with('r') || rest.starts_with("br")) {
        return raw_text(rest);
    }
    if rest.starts_with('\'') {
        // A lifetime is no literal: 'a' is, 'a is not.
        let mut characters = rest.chars().skip(1);
        let first = characters.next()?;
        return (first == '\\' || characters.next() == Some('\'')).then(|| quoted(rest, '\''));
    }
    None
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if here.starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

fn raw_text(rest: &str) -> Option<usize> {
    let body = rest.trim_start_matches('b').strip_prefix('r')?;
    let hashes = body.len() - body.trim_start_matches('#').len();
    let inside = body[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let prefix = rest.len() - inside.len();
    Some(inside.find(&end).map_or(rest.len(), |at| prefix + at + end.len()))
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below these folders, in order.
fn sources(folders: &[&str]) -> Vec<Source> {
    let root = root();
    let mut open: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).filter(|path| path.exists()).collect();
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() && !path.ends_with("node_modules") {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(Source::read(&root, &path));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty(), "no sources in {folders:?}");
    found
}

/// Collects what is wrong, each with its place, so that one run tells it all.
#[derive(Default)]
struct Findings(String);

impl Findings {
    fn add(&mut self, source: &Source, line: usize, problem: impl std::fmt::Display) {
        writeln!(self.0, "{}:{line}: {problem}", source.path).expect("writing to a String");
    }

    fn assert_none(self) {
        assert!(self.0.is_empty(), "house rules are broken:\n{}", self.0);
    }
}

#[test]
fn rooms_use_only_the_rooms_that_the_architecture_lets_them_use() {
    let mut findings = Findings::default();
    for source in &sources(&["src"]) {
        let name = source.room().expect("a file below src/");
        if FREE.contains(&name) {
            continue;
        }
        let Some(room) = ROOMS.iter().find(|room| room.name == name) else {
            findings.add(source, 1, format!("{name} is no room of the architecture"));
            continue;
        };
        for at in source.positions_of("crate::") {
            let rest = &source.code[at + "crate::".len()..];
            let used = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
            let mounts = room.name == "http" && source.path == "src/http/mod.rs" && used == "graphql";
            if used != room.name && !room.uses.contains(&used) && !mounts {
                findings.add(source, source.line_of(at), format!("{name} may not use crate::{used}"));
            }
        }
        for word in room.forbidden {
            for at in source.positions_of(word) {
                findings.add(source, source.line_of(at), format!("{name} must not know {word}"));
            }
        }
    }
    findings.assert_none();
}

#[test]
fn every_file_says_what_it_is_and_none_is_too_long() {
    let mut findings = Findings::default();
    for source in &sources(&["src", "tests", "benches"]) {
        if !source.text.starts_with("//!") {
            findings.add(source, 1, "begins without //!");
        }
        let lines = source.text.lines().count();
        if lines > FILE_LINES_MAX {
            findings.add(source, lines, format!("{lines} lines; at most {FILE_LINES_MAX} are allowed"));
        }
    }
    findings.assert_none();
}

#[test]
fn no_function_is_too_long() {
    let mut findings = Findings::default();
    for source in &sources(&["src", "tests", "benches"]) {
        for at in source.positions_of("fn ") {
            let end = item_end(&source.code, at);
            let lines = source.line_of(end) - source.line_of(at) + 1;
            if lines > FUNCTION_LINES_MAX {
                let name = source.code[at + 3..].split(|c: char| !c.is_alphanumeric() && c != '_').next();
                let problem = format!("fn {} has {lines} lines", name.unwrap_or_default());
                findings.add(source, source.line_of(at), problem);
            }
        }
    }
    findings.assert_none();
}

#[test]
fn nothing_unfinished_and_nothing_unsafe_is_left_in() {
    let mut findings = Findings::default();
    for source in &sources(&["src", "tests", "benches"]) {
        for word in ["todo!", "dbg!", "unimplemented!", "unsafe"] {
            for at in source.positions_of(word) {
                findings.add(source, source.line_of(at), format!("{word} has no place here"));
            }
        }
    }
    findings.assert_none();
}

/// println! panics on a full disk and once the reader of a pipe is gone; an own handle on the stream would go past the
/// one place that expects both.
#[test]
fn one_module_alone_writes_to_standard_output_and_standard_error() {
    const WRITER: &str = "src/cli/output.rs";
    let mut findings = Findings::default();
    let sources = sources(&["src"]);
    assert!(sources.iter().any(|source| source.path == WRITER), "{WRITER} is gone");
    for source in &sources {
        let mut words = vec!["println!", "eprintln!", "print!", "eprint!"];
        if source.path != WRITER {
            words.extend(["stdout()", "stderr()", "io::stdout", "io::stderr", "Stdout", "Stderr"]);
        }
        for word in words {
            for at in source.positions_of(word) {
                findings.add(source, source.line_of(at), format!("{word}: use {WRITER}, or tracing outside the CLI"));
            }
        }
    }
    findings.assert_none();
}

#[test]
fn whoever_unwraps_says_why_it_cannot_fail() {
    let mut findings = Findings::default();
    let sources = sources(&["src"]);
    let modules: Vec<String> = sources.iter().flat_map(Source::test_modules).collect();
    let is_test = |path: &str| {
        let rest = |module: &String| path.strip_prefix(module.as_str()).map(str::to_owned);
        modules.iter().filter_map(rest).any(|rest| rest == ".rs" || rest.starts_with('/'))
    };
    for source in sources.iter().filter(|source| !is_test(&source.path)) {
        let tests = source.test_ranges();
        let lines: Vec<&str> = source.text.lines().collect();
        for word in [".unwrap()", ".expect("] {
            for (at, _) in source.code.match_indices(word) {
                if tests.iter().any(|range| range.contains(&at)) {
                    continue;
                }
                let line = source.line_of(at);
                let nearby = &lines[line.saturating_sub(2)..line];
                if !nearby.iter().any(|text| text.contains("//")) {
                    findings.add(source, line, format!("{word} without a comment that says why it cannot fail"));
                }
            }
        }
    }
    findings.assert_none();
}

/// `CONNHUB_WRITE_SCHEMA=1 cargo test --test tidy` writes the file anew.
#[test]
fn the_schema_file_is_what_the_code_says() {
    let path = root().join("schema/schema.graphql");
    let printed = connhub::graphql::sdl();
    if std::env::var_os("CONNHUB_WRITE_SCHEMA").is_some() {
        fs::write(&path, &printed).expect("a writable schema file");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == printed,
        "schema/schema.graphql is out of date: run CONNHUB_WRITE_SCHEMA=1 cargo test --test tidy and commit it"
    );
}

#[test]
fn the_scanner_sees_code_and_not_what_is_written_in_it() {
    let code = blanked("a // fn x\n\"{\\\"\" '{' '\\'' r#\"}\"\"# 'a /* { /* */ } */ b");
    assert_eq!(code.split_whitespace().collect::<Vec<_>>(), ["a", "'a", "b"]);
    assert_eq!(code.matches('\n').count(), 1);
    assert_eq!(item_end("fn f() { { } } fn g() {}", 0), 13);
}

#[test]
fn every_attack_of_the_table_has_its_test() {
    let table = fs::read_to_string(root().join("tests/attacks.md")).expect("the table of attacks");
    let rows: Vec<_> = table.lines().filter(|line| line.starts_with("| ") && line.contains("` `")).collect();
    assert!(rows.len() > 40, "{} rows", rows.len());
    let mut missing = String::new();
    for row in rows {
        let test =
            row.trim_end_matches("` |").rsplit_once('|').map_or("", |(_, cell)| cell.trim().trim_start_matches('`'));
        let (file, name) = test.split_once("` `").unwrap_or((test, ""));
        let text = fs::read_to_string(root().join(file)).unwrap_or_default();
        let declared = [format!("fn {name}("), format!("test(`{name}"), format!("test('{name}")];
        if name.is_empty() || !declared.iter().any(|declaration| text.contains(declaration.as_str())) {
            // Writing to a String cannot fail.
            let _ = writeln!(missing, "{file}: {name}");
        }
    }
    assert!(missing.is_empty(), "tests of the table that are not there:\n{missing}");
}
