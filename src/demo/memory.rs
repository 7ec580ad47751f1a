//! Has the state in memory and, if there is something to keep it, there too, as a whole. May use `state` and `keep`. Used by `callbacks`,
//! `actions`, `clockwork`, `ending` and `page`. `save` blocks: never call it on an async worker.

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

use super::keep::Keep;
use super::state::{State, Subject};

/// The state, shared by all that work on it.
pub struct Memory {
    current: Mutex<Versioned>,
    kept: Option<Kept>,
}

struct Versioned {
    state: State,
    /// Grows with every change, so that saving can tell what is kept already.
    version: u64,
}

struct Kept {
    keep: Arc<dyn Keep>,
    /// The version that is kept. Held while writing: those that wait for it mostly find that their own
    /// change was written along with the one before.
    written: Mutex<u64>,
}

impl Memory {
    /// Reads what was kept, if anything was. What cannot be understood is an error, not a reason to start afresh and
    /// overwrite it.
    pub fn open(keep: Option<Arc<dyn Keep>>) -> io::Result<Self> {
        let kept = keep.as_ref().map(|keep| keep.load()).transpose()?.flatten();
        let state = match (&keep, kept) {
            (Some(keep), Some(text)) => parse(&keep.name(), &text)?,
            _ => State::default(),
        };
        Ok(Self {
            current: Mutex::new(Versioned { state, version: 0 }),
            kept: keep.map(|keep| Kept { keep, written: Mutex::new(0) }),
        })
    }

    /// Looks at the state. Be quick: everybody else waits.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.current.lock().state)
    }

    /// Changes the state, but not yet what is kept.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut current = self.current.lock();
        current.version += 1;
        change(&mut current.state)
    }

    /// Returns when all changes made so far are kept.
    pub fn save(&self) -> io::Result<()> {
        let Some(kept) = &self.kept else { return Ok(()) };
        let wanted = self.current.lock().version;
        let mut written = kept.written.lock();
        if *written >= wanted {
            return Ok(());
        }
        let (version, json) = {
            let current = self.current.lock();
            (current.version, serde_json::to_vec(&current.state)?)
        };
        kept.keep.store(&json)?;
        *written = version;
        Ok(())
    }

    /// Forgets something whose token the hub does not know any more. The token guards against
    /// forgetting a newer one of the same ID.
    pub fn forget(&self, subject: &Subject, token: &str) {
        let forgotten = self.change(|state| {
            let same = state.membership(subject).is_some_and(|known| known.token == token);
            same && state.remove(subject)
        });
        if forgotten {
            tracing::info!(?subject, "forgotten: the hub does not know its token any more");
            self.save_or_log();
        }
    }

    /// Saves where nobody waits for the outcome: the next save tries again anyway.
    pub fn save_or_log(&self) {
        if let Err(error) = self.save() {
            tracing::error!(%error, "the demo connector's state cannot be saved");
        }
    }
}

/// The state that a text is of.
pub fn parse(name: &str, text: &[u8]) -> io::Result<State> {
    serde_json::from_slice(text).map_err(|error| unreadable(name, &error))
}

/// What was kept is not a state. It holds tokens, which serde's own words could repeat.
fn unreadable(name: &str, error: &serde_json::Error) -> io::Error {
    let (line, column) = (error.line(), error.column());
    let what =
        format!("{name} is not a state of the demo connector: see line {line}, column {column}; or name another file");
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::super::keep::StateFile;
    use super::super::lamp::Lamp;
    use super::super::state::{Calibration, Devices, Ending, Instance, Membership};
    use super::super::weather::Weather;
    use super::*;
    use std::fs;
    use std::path::Path;
    use std::time::{Duration, Instant};

    fn file(path: &Path) -> Option<Arc<dyn Keep>> {
        Some(Arc::new(StateFile::new(path.to_owned())))
    }

    fn membership(token: &str) -> Membership {
        Membership {
            token: token.to_owned(),
            ending: Some(Ending { due: 1_700_000_000_123, fails: true, confirmable: false }),
        }
    }

    fn instance() -> Instance {
        Instance {
            membership: membership("secret"),
            installation: "installation".to_owned(),
            devices: Some(Devices {
                lamp_id: "lamp".to_owned(),
                lamp: Lamp::new(true),
                station_id: "station".to_owned(),
                weather: Weather::mild(),
            }),
            calibrations: vec![Calibration { request: "request".to_owned(), due: 7 }],
            update_every: Duration::from_millis(200),
            next_update: Some(Instant::now()),
        }
    }

    #[test]
    fn everything_comes_back_from_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let memory = Memory::open(file(&path)).unwrap();
        memory.change(|state| {
            state.installations.insert("installation".to_owned(), membership("token"));
            state.instances.insert("instance".to_owned(), instance());
        });
        memory.save().unwrap();

        let again = Memory::open(file(&path)).unwrap();
        again.read(|state| {
            assert_eq!(state.installations["installation"].token, "token");
            let (id, back, devices) = state.owner_of("station").unwrap();
            assert_eq!(id, "instance");
            assert_eq!(back.membership.ending, instance().membership.ending);
            assert_eq!(back.calibrations, instance().calibrations);
            assert_eq!(back.update_every, Duration::from_millis(200));
            assert_eq!(back.next_update, None);
            assert_eq!(devices.lamp, Lamp::new(true));
            assert_eq!(devices.weather, Weather::mild());
        });
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(names.len(), 1, "nothing is left beside the file");
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let memory = Memory::open(file(&path)).unwrap();
        memory.change(|_| ());
        memory.save().unwrap();
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_broken_file_is_an_error_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        fs::write(&path, "{").unwrap();
        assert!(Memory::open(file(&path)).is_err());
        assert_eq!(fs::read(path).unwrap(), b"{");
    }

    #[test]
    fn forgetting_spares_a_newer_token() {
        let memory = Memory::open(None).unwrap();
        memory.change(|state| {
            state.instances.insert("instance".to_owned(), instance());
        });
        let subject = Subject::Instance("instance".to_owned());
        memory.forget(&subject, "older");
        assert!(memory.read(|state| state.membership(&subject).is_some()));
        memory.forget(&subject, "secret");
        assert!(memory.read(|state| state.membership(&subject).is_none()));
    }
}
