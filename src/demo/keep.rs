//! Where the demo connector keeps what it knows for its next start: a file of its own, or what embeds it brings something
//! else. May use nothing else of this room. Used by `memory`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Keeps a text that holds tokens.
pub trait Keep: Send + Sync {
    /// The text that was stored last; `None` if there is none yet. Must not block for long.
    ///
    /// # Errors
    /// If it cannot be read.
    fn load(&self) -> io::Result<Option<Vec<u8>>>;

    /// Stores a text, which is durable when this returns. Blocks.
    ///
    /// # Errors
    /// If it cannot be written; then the former one is still there.
    fn store(&self, text: &[u8]) -> io::Result<()>;

    /// What it is called in errors.
    fn name(&self) -> String;
}

/// A file that is replaced as a whole, so that a crash leaves the former one or the new one.
#[derive(Debug)]
pub struct StateFile(PathBuf);

impl StateFile {
    /// The file with this path, which need not be there.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }
}

impl Keep for StateFile {
    fn load(&self) -> io::Result<Option<Vec<u8>>> {
        match fs::read(&self.0) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn store(&self, text: &[u8]) -> io::Result<()> {
        replace(&self.0, text)
    }

    fn name(&self) -> String {
        self.0.display().to_string()
    }
}

fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);

    let mut file = private(&beside)?;
    file.write_all(contents)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    sync_folder(path)
}

/// The file holds tokens, so it is nobody else's to read.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A rename is durable once the folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
