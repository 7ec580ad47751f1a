//! Whether a database is sound: its pages, its references, and the states of everything in it. For the
//! operator, while a server runs or while none does.

use crate::model::error::Result;
use crate::ops::now;
use crate::store::check;
use crate::store::copy::{self, Thoroughness};
use crate::store::schema::{self, Difference};
use crate::store::{Sealing, SealingKey, sealing};
use std::path::Path;
use std::time::Duration;

/// How late a deadline may take effect while a server runs, on a machine that has much to do.
const DEADLINE_LATENESS_MAX: Duration = Duration::from_secs(60);

/// What was looked at and what was found.
#[derive(Debug)]
pub struct Report {
    /// Whether a server is at work on the database.
    pub served: bool,
    /// How many there are of each noun; none is counted if there are other tables than there should be.
    pub counts: Vec<(&'static str, u64)>,
    /// How many rules of the domain were looked at.
    pub rules: usize,
    /// What is wrong, in sentences with IDs.
    pub problems: Vec<String>,
    /// Whether it is encrypted and its encrypted values were not looked at, because no key was given.
    pub locked: bool,
}

/// Looks at all of a database, of one moment. Changes nothing. Blocks.
///
/// # Errors
/// If there is no database, or it is none of connhub or from a newer one, or cannot be read at all.
pub fn check(database: &Path, key_file: Option<&Path>) -> Result<Report> {
    let served = copy::is_served(database);
    let key = key_file.map(SealingKey::read).transpose()?;
    let connection = copy::open(database)?;
    let view = connection.unchecked_transaction()?;
    let mut problems = copy::flaws(&view, Thoroughness::Full)?;
    let differences = schema::differences(&view)?;
    let other_tables = differences.iter().any(|found| found.of_table);
    problems.extend(differences.into_iter().map(|Difference { text, .. }| text));
    if other_tables {
        // What has their names may be anything, endless views too.
        return Ok(Report { served, counts: Vec::new(), rules: 0, problems, locked: false });
    }
    let sealing = sealing::judge(&view, key)?;
    let overdue = served.then(|| now().minus(DEADLINE_LATENESS_MAX));
    let (rules, broken) = check::broken(&view, overdue)?;
    problems.extend(broken);
    problems.extend(sealing::flaws(&view, &sealing)?);
    let locked = matches!(sealing, Sealing::Locked);
    Ok(Report { served, counts: check::counts(&view)?, rules, problems, locked })
}
