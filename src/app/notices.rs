//! `--notice` and `--imprint`: reads the files, and reads them again when they change or SIGHUP comes.

use crate::http::{NoticeTexts, show_notices};
use crate::model::error::{Error, Result};
use crate::model::markdown;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// How often the files are looked at: their times and lengths.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The longest text, in bytes.
const BYTES_MAX: u64 = 64 * 1024;

/// The files of the texts, of which there may be none.
#[derive(Debug, Clone)]
pub(super) struct NoticeFiles {
    pub(super) notice: Option<PathBuf>,
    pub(super) imprint: Option<PathBuf>,
}

/// What tells whether a file is another than before, without reading it.
type Version = [Option<[i64; 5]>; 2];

impl NoticeFiles {
    fn are_given(&self) -> bool {
        self.notice.is_some() || self.imprint.is_some()
    }

    /// Reads them. Blocks.
    ///
    /// # Errors
    /// If one cannot be read, is too long or not text.
    fn read(&self) -> Result<NoticeTexts> {
        let read = |path: &Option<PathBuf>| match path {
            Some(path) => text(path)
                .map(|text| (!text.trim().is_empty()).then(|| markdown::to_html(&text)))
                .map_err(|why| Error::Unavailable(format!("{} cannot be shown: {why}", path.display()))),
            None => Ok(None),
        };
        Ok(NoticeTexts { notice: read(&self.notice)?, imprint: read(&self.imprint)? })
    }

    fn version(&self) -> Version {
        [&self.notice, &self.imprint].map(|path| {
            let about = fs::metadata(path.as_ref()?).ok()?;
            let (dev, ino, size) = (about.dev(), about.ino(), about.size());
            Some([dev.cast_signed(), ino.cast_signed(), size.cast_signed(), about.mtime(), about.mtime_nsec()])
        })
    }
}

fn text(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(io::Error::other(format!("it is longer than {} KiB", BYTES_MAX / 1_024)));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8 text"))
}

/// Reads the texts, and keeps them up to date until the server stops.
///
/// # Errors
/// If a file cannot be read.
pub(super) async fn show(files: NoticeFiles, stopped: watch::Receiver<bool>) -> Result<()> {
    if !files.are_given() {
        return Ok(());
    }
    let version = files.version();
    let reading = files.clone();
    show_notices(tokio::task::spawn_blocking(move || reading.read()).await.map_err(Error::fault)??);
    let hangups = signal(SignalKind::hangup()).map_err(Error::fault)?;
    tokio::spawn(keep_up_to_date(files, version, hangups, stopped));
    Ok(())
}

async fn keep_up_to_date(
    files: NoticeFiles,
    mut known: Version,
    mut hangups: Signal,
    mut stopped: watch::Receiver<bool>,
) {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        let is_asked = tokio::select! {
            _ = looks.tick() => false,
            _ = hangups.recv() => true,
            _ = stopped.changed() => return,
        };
        let reading = files.clone();
        let before = known;
        let read = tokio::task::spawn_blocking(move || {
            let version = reading.version();
            (is_asked || version != before).then(|| (version, reading.read()))
        });
        match read.await {
            Ok(Some((version, Ok(texts)))) => {
                known = version;
                show_notices(texts);
                tracing::info!("the notice and the imprint were read again");
            }
            Ok(Some((version, Err(error)))) => {
                known = version;
                tracing::warn!(%error, "the notice and the imprint stay as they were");
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "the notice and the imprint were not read again"),
        }
    }
}
