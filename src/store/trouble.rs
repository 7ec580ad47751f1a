//! What the database's errors mean: which are no fault of ours and may pass by themselves (a full
//! disk), and how such a time is told in the log, once at its beginning and once at its end.

use crate::model::error::Error;
use crate::store::allowance::took_too_long;
use rusqlite::ErrorCode;
use std::fmt::Display;

/// What is wrong, for a client, where trying again later may help: nothing is wrong with what was asked.
pub(super) fn passing(error: &rusqlite::Error) -> Option<&'static str> {
    Some(match error.sqlite_error_code()? {
        ErrorCode::DiskFull => "the server's disk is full",
        ErrorCode::ReadOnly => "the server's disk is read-only",
        // A disk that became read-only while its files were open says so too.
        ErrorCode::SystemIoFailure => "the server's disk fails or is read-only",
        ErrorCode::CannotOpen => "the server cannot open the database's files",
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => "another program holds the database",
        _ => return None,
    })
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) {
            return took_too_long();
        }
        let Some(reason) = passing(&error) else { return Self::fault(error) };
        if matches!(error.sqlite_error_code(), Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen)) {
            // The client is told less than whoever has to mend it needs.
            tracing::error!(%error, "{reason}");
        }
        Self::Unavailable(format!("{reason}; nothing was changed"))
    }
}

/// Whether something goes wrong now: logged where that changes, not each time.
pub(super) struct Trouble {
    what: &'static str,
    present: Option<String>,
}

impl Trouble {
    /// No trouble yet; `what` is said when it begins.
    pub(super) fn with(what: &'static str) -> Self {
        Self { what, present: None }
    }

    /// How it went this time.
    pub(super) fn note<T, E: Display>(&mut self, result: Result<T, E>) {
        match result.map_err(|error| error.to_string()) {
            Ok(_) => {
                if let Some(error) = self.present.take() {
                    tracing::info!("it works again after: {}: {error}", self.what);
                }
            }
            Err(error) => {
                if self.present.as_ref() != Some(&error) {
                    tracing::error!(%error, "{}", self.what);
                }
                self.present = Some(error);
            }
        }
    }
}
