//! The files beside the database, and what keeps a change of them through a power cut.
//!
//! The folder may be that of a user of little trust, such as the server's own, while root is at work in it:
//! whoever has the folder can put a link anywhere in it at any moment, to have root change another's file.

use crate::model::error::{Error, Result};
use rustix::fs::{AtFlags, CWD, OFlags, StatxAttributes, StatxFlags, statvfs, statx};
use rustix::process::geteuid;
use std::ffi::OsString;
use std::fs::{self, File, FileType, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// The endings of what SQLite keeps beside a database: its write-ahead log and the index of that, and
/// what it had in the place of both before.
pub(super) const LOG: &str = "-wal";
pub(super) const LOG_INDEX: &str = "-shm";
pub(super) const JOURNAL: &str = "-journal";

/// What a database begins with.
const MAGIC: [u8; 16] = *b"SQLite format 3\0";
/// How many links are followed, one after the other; the system has the same limit.
const LINKS_MAX: usize = 40;

/// The file with this ending beside another: `connhub.db` and `-wal` are `connhub.db-wal`.
pub(super) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// The path of a database as SQLite is to be given it: absolute, because SQLite takes `file:…` for a URL, and `:memory:`
/// and an empty path for databases without a file.
///
/// # Errors
/// As [`real`]; [`Error::Conflict`] if the path is empty.
pub(super) fn database(path: &Path) -> Result<PathBuf> {
    if path.as_os_str().is_empty() {
        return Err(Error::Conflict("the path of the database is empty: name a file".to_owned()));
    }
    real(path)
}

/// The file's own path, whatever links lead to it: SQLite keeps its files beside that one.
///
/// # Errors
/// If the folder is not there, or somebody leads to what is another's.
pub(super) fn real(file: &Path) -> Result<PathBuf> {
    judge_links(file)?;
    let found = fs::canonicalize(file).or_else(|error| match (error.kind(), file.file_name()) {
        (ErrorKind::NotFound, Some(name)) => Ok(fs::canonicalize(folder(file))?.join(name)),
        _ => Err(error),
    });
    found.map_err(|error| failed("find", file, &error))
}

/// Refuses links by which somebody would have us at work on another's file.
fn judge_links(file: &Path) -> Result<()> {
    let Ok(target) = fs::metadata(file) else { return Ok(()) };
    let mut at = file.to_owned();
    for _ in 0..LINKS_MAX {
        let Ok(link) = fs::symlink_metadata(&at) else { break };
        if !link.is_symlink() {
            break;
        }
        if !may_lead(link.uid(), target.uid(), geteuid().as_raw()) {
            let why = "is a link to another's file, of a user who is neither you nor root: name the file itself";
            return Err(Error::Conflict(format!("{} {why}", at.display())));
        }
        let next = fs::read_link(&at).map_err(|error| failed("find", &at, &error))?;
        at = folder(&at).join(next);
    }
    Ok(())
}

/// Whether a link of `maker` may lead `us` to a file of `owner`.
fn may_lead(maker: u32, owner: u32, us: u32) -> bool {
    maker == 0 || maker == us || maker == owner
}

/// Opens what has this name, and not what a link of this name leads to. Does not wait for the other end of a pipe.
pub(super) fn open_itself(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed()).open(path)
}

/// Whether this name is that of an open file.
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(open), Ok(there)) => is_one(&open, &there),
        _ => false,
    }
}

/// Whether these are of one and the same file.
pub(super) fn is_one(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// The word for what is no regular file.
pub(super) fn irregular(kind: FileType) -> Option<&'static str> {
    match kind {
        kind if kind.is_file() => None,
        kind if kind.is_symlink() => Some("a link"),
        kind if kind.is_dir() => Some("a folder"),
        kind if kind.is_fifo() => Some("a pipe"),
        kind if kind.is_socket() => Some("a socket"),
        _ => Some("a device"),
    }
}

/// The regular file of this name, if there is any.
///
/// # Errors
/// [`Error::Conflict`] if what has the name is something else.
pub(super) fn regular(path: &Path) -> Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(about) => match irregular(about.file_type()) {
            None => Ok(Some(about)),
            Some(what) => Err(Error::Conflict(format!("{} is {what}, not a file: name another", path.display()))),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("find", path, &error)),
    }
}

/// Refuses what can become no database, before anything is made beside it.
///
/// # Errors
/// [`Error::Conflict`] if it is no regular file, or one that begins otherwise.
pub(super) fn judge_beginning(database: &Path) -> Result<()> {
    let real = real(database)?;
    if regular(&real)?.is_none() {
        return Ok(());
    }
    let mut beginning = [0; MAGIC.len()];
    let read = open_itself(&real, File::options().read(true)).and_then(|file| file.read_at(&mut beginning, 0));
    match read {
        Ok(0) => Ok(()),
        Ok(_) if beginning == MAGIC => Ok(()),
        Ok(_) => Err(Error::Conflict(format!("{} is no database: use another --db", database.display()))),
        Err(error) => Err(failed("read", database, &error)),
    }
}

/// Refuses a database that is mounted without its folder, as containers can do with single files. What was acknowledged
/// last is in the write-ahead log, which SQLite keeps beside the file: after a crash it would be lost with the
/// container. There is no way without a file beside it: a change that ends halfway could not be undone.
///
/// # Errors
/// [`Error::Conflict`] if it is.
pub(super) fn judge_mount(database: &Path) -> Result<()> {
    let about = statx(CWD, database, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::BASIC_STATS);
    // Where the system does not know, nothing is said.
    if !about.is_ok_and(|about| about.stx_attributes.contains(StatxAttributes::MOUNT_ROOT)) {
        return Ok(());
    }
    Err(Error::Conflict(format!(
        "{file} is mounted as a single file. SQLite keeps the last changes in {file}{LOG} beside it, where they would \
         be lost with the mount: mount its folder instead, and move {file}{LOG} there together with the file if there \
         is one",
        file = database.display()
    )))
}

/// Warns of further names of a file: each has a write-ahead log of its own.
pub(super) fn tell_of_names(database: &Path) {
    if fs::metadata(database).is_ok_and(|about| about.nlink() > 1) {
        let path = database.display();
        tracing::warn!(
            "{path} has another name (a hard link): use this one only. The last changes are in {path}{LOG}, which is \
             not found by the other name"
        );
    }
}

/// A database holds keys and hashes. It is made for its owner alone, where it is not there yet or nothing is
/// in it; of one that others may read they may have read it, so that is only told.
///
/// # Errors
/// If it cannot be made.
pub(super) fn make_private(database: &Path) -> Result<()> {
    let Some(about) = fs::metadata(database).ok() else {
        return match File::options().write(true).create_new(true).mode(0o600).open(database) {
            Ok(file) => give_to_owner_of(folder(database), &file)
                .map_err(|error| failed("give to the owner of its folder", database, &error)),
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed("make", database, &error)),
            Err(_) => Ok(()),
        };
    };
    let closed = about.len() == 0 && about.mode() & 0o077 != 0 && {
        let file = open_itself(&real(database)?, File::options().read(true));
        file.and_then(|file| file.set_permissions(Permissions::from_mode(0o600))).is_ok()
    };
    if !closed && about.mode() & 0o006 != 0 {
        let path = database.display();
        tracing::warn!("every user of this machine can read {path}, which holds keys: say chmod 600 {path}");
    }
    Ok(())
}

/// The folder of a file, which for a bare name is the present one.
pub(super) fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Puts the folder's entries on the disk: a new name is not there before.
pub(super) fn sync_folder(file: &Path) -> Result<()> {
    let synced = File::open(folder(file)).and_then(|folder| folder.sync_all());
    synced.map_err(|error| failed("write the folder of", file, &error))
}

/// Something that could not be done to a file, with the system's reason.
pub(super) fn failed(what: &str, file: &Path, error: &io::Error) -> Error {
    Error::Unavailable(format!("cannot {what} {}: {error}", file.display()))
}

/// Free bytes for our user where a file is; `None` if the system does not tell.
pub(super) fn free(file: &Path) -> Option<u64> {
    let about = statvfs(folder(file)).ok()?;
    Some(about.f_bavail.saturating_mul(about.f_frsize))
}

/// Gives a new file to the owner of another file or folder, if we are root: whoever that is for is to use it.
pub(super) fn give_to_owner_of(other: &Path, file: &File) -> io::Result<()> {
    if !geteuid().is_root() {
        return Ok(());
    }
    let other = fs::metadata(other)?;
    fchown(file, Some(other.uid()), Some(other.gid()))
}

/// The length of a file in bytes; none where there is no such file.
pub(super) fn length(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |about| about.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_its_makers_files_alone_unless_root_or_we_made_it() {
        let (root, us, other, third) = (0, 10, 20, 30);
        for (maker, owner, may) in [
            (other, root, false),
            (other, us, false),
            (other, third, false),
            (other, other, true),
            (root, other, true),
            (us, other, true),
        ] {
            assert_eq!(may_lead(maker, owner, us), may, "{maker} {owner}");
        }
        // Root is nobody's fool either.
        assert!(!may_lead(other, root, root) && may_lead(other, other, root));
    }

    #[test]
    fn what_is_mounted_without_its_folder_is_told_from_other_files() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let file = folder.path().join("file");
        fs::write(&file, "").expect("a file");
        judge_mount(&file).expect("a file in a folder");
        judge_mount(&folder.path().join("none")).expect("no file yet");
        // The one mount that every machine has, and that looks the same to the system.
        let refused = judge_mount(Path::new("/proc")).expect_err("a mount");
        assert!(refused.to_string().contains("mount its folder instead"), "{refused}");
    }

    #[test]
    fn links_are_followed_to_their_end_and_nowhere_in_a_circle() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "").expect("a file");
        std::os::unix::fs::symlink("file", at("one")).expect("a link");
        std::os::unix::fs::symlink(at("one"), at("two")).expect("a link");
        assert_eq!(real(&at("two")).expect("a file"), fs::canonicalize(at("file")).expect("a file"));
        std::os::unix::fs::symlink("circle", at("circle")).expect("a link");
        assert!(real(&at("circle")).is_err());
    }
}
