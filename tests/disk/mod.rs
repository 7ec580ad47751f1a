//! A disk that is full, read-only or broken whenever a test says so, under the real program and
//! without root: see disk.c. Used by the integration tests and by the crash test.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// The library that goes between the program and the C library, built once for each test program.
static LIBRARY: LazyLock<PathBuf> = LazyLock::new(build);

fn build() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    // Two test programs may build it at the same time.
    let (built, library) = (folder.join(format!("disk-{}.so", std::process::id())), folder.join("disk.so"));
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/disk/disk.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&built).args([source, "-ldl"]);
    assert!(compiler.status().expect("a C compiler, which SQLite needs too").success(), "{source} does not compile");
    fs::rename(&built, &library).expect("a library in its place");
    library
}

/// What is wrong with the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing.
    Fine,
    /// Files do not grow and none is made.
    Full,
    /// Nothing is written, made or removed, as on a file system after an error.
    ReadOnly,
    /// Every write and every sync is an I/O error.
    // The crash test has no use for it: what could not be synced may be there or not after a kill.
    #[allow(dead_code)]
    Broken,
    /// It is fine, but SQLite can make no temporary files.
    #[allow(dead_code, reason = "the crash test has no use for it")]
    WithoutTemporaryFiles,
}

/// The disk of the programs that it is put under.
pub struct Disk {
    control: File,
    path: PathBuf,
}

impl Disk {
    /// A disk that is fine, told what to be by a file in this folder.
    pub fn new(folder: &Path) -> Self {
        let path = folder.join("disk-control");
        fs::write(&path, "o").expect("a control file");
        let control = File::options().write(true).open(&path).expect("a control file");
        Self { control, path }
    }

    /// The environment of a program whose disk it is.
    pub fn environment(&self) -> [(String, String); 2] {
        let text = |path: &Path| path.to_str().expect("a path in UTF-8").to_owned();
        [("LD_PRELOAD".to_owned(), text(&LIBRARY)), ("DISK_CONTROL".to_owned(), text(&self.path))]
    }

    /// From now on the disk is like that.
    pub fn is(&self, state: State) {
        let letter = match state {
            State::Fine => b"o",
            State::Full => b"f",
            State::ReadOnly => b"r",
            State::Broken => b"e",
            State::WithoutTemporaryFiles => b"t",
        };
        self.control.write_all_at(letter, 0).expect("a control file");
    }
}
