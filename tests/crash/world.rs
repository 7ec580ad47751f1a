//! What there is of one app: as a client knows it from acknowledgements, or as the database has it.

use rusqlite::{Connection, Result, Row, params};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The names of the states of installations and instances; the first has the number 1.
const STATES: [&str; 7] =
    ["INITIALIZED", "COMPLETE", "ONGOING", "FAILED", "ERROR", "INTERNAL_ERROR", "REMOVAL_ONGOING"];
/// The state in which everything works.
pub const COMPLETE: &str = "COMPLETE";
/// The state in which a connector has to report.
pub const ONGOING: &str = "ONGOING";
/// The status of an action request that has not ended.
pub const PENDING: &str = "PENDING";

/// One app's nouns, by their IDs.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// Its installations.
    pub installations: BTreeMap<Uuid, Installation>,
    /// Its instances.
    pub instances: BTreeMap<Uuid, Instance>,
    /// Its things.
    pub things: BTreeMap<Uuid, Thing>,
    /// Its action requests.
    pub actions: BTreeMap<Uuid, Action>,
}

/// An installation.
#[derive(Debug, Clone)]
pub struct Installation {
    /// Of what.
    pub publication: Uuid,
    /// Where it stands.
    pub state: String,
}

/// An instance.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Of what.
    pub installation: Uuid,
    /// For whom.
    pub subject: String,
    /// Where it stands.
    pub state: String,
}

/// A thing with its one property.
#[derive(Debug, Clone)]
pub struct Thing {
    /// Whose it is.
    pub instance: Uuid,
    /// The property's past: values by their times, in microseconds.
    pub points: BTreeMap<i64, i64>,
    /// The property's value and time, if it has one. Known from the database alone.
    pub current: Option<(i64, i64)>,
}

/// An action request.
#[derive(Debug, Clone)]
pub struct Action {
    /// What is to act.
    pub thing: Uuid,
    /// How far it is.
    pub status: String,
}

impl World {
    /// What the database has of an app.
    pub fn of_app(database: &Connection, app: Uuid) -> Result<Self> {
        let mut world = Self {
            installations: rows(
                database,
                "SELECT id, publication, state FROM installations WHERE app = ?1",
                app,
                |row| Ok((id(row, 0)?, Installation { publication: id(row, 1)?, state: state(row, 2)? })),
            )?,
            instances: rows(
                database,
                "SELECT id, installation, subject, state FROM instances WHERE app = ?1",
                app,
                |row| {
                    let instance = Instance { installation: id(row, 1)?, subject: row.get(2)?, state: state(row, 3)? };
                    Ok((id(row, 0)?, instance))
                },
            )?,
            things: rows(
                database,
                "SELECT t.id, t.instance, p.value, p.last_update FROM things AS t JOIN components AS c \
                 ON c.thing = t.key JOIN properties AS p ON p.component = c.key WHERE t.app = ?1",
                app,
                |row| {
                    let at: Option<i64> = row.get(3)?;
                    let value = row.get::<_, String>(2)?.parse().unwrap_or(i64::MIN);
                    let current = at.map(|at| (at, value));
                    Ok((id(row, 0)?, Thing { instance: id(row, 1)?, points: BTreeMap::new(), current }))
                },
            )?,
            actions: rows(database, "SELECT id, thing, status FROM action_requests WHERE app = ?1", app, |row| {
                Ok((id(row, 0)?, Action { thing: id(row, 1)?, status: row.get(2)? }))
            })?,
        };
        world.read_points(database, app)?;
        Ok(world)
    }

    fn read_points(&mut self, database: &Connection, app: Uuid) -> Result<()> {
        let mut statement = database.prepare(
            "SELECT t.id, h.at, h.value FROM things AS t JOIN components AS c ON c.thing = t.key \
             JOIN properties AS p ON p.component = c.key JOIN history AS h ON h.property = p.key WHERE t.app = ?1",
        )?;
        let mut points = statement.query(params![app.as_bytes()])?;
        while let Some(row) = points.next()? {
            if let Some(thing) = self.things.get_mut(&id(row, 0)?) {
                // Whole numbers below 2⁵³: nothing is cut off.
                thing.points.insert(row.get(1)?, row.get::<_, f64>(2)? as i64);
            }
        }
        Ok(())
    }

    /// The installation of an instance of a thing, as far as they are known.
    pub fn instance_of(&self, thing: Uuid) -> Option<(Uuid, &Instance)> {
        let instance = self.things.get(&thing)?.instance;
        Some((instance, self.instances.get(&instance)?))
    }

    /// Forgets an instance with all that is its.
    pub fn forget_instance(&mut self, instance: Uuid) {
        self.instances.remove(&instance);
        self.things.retain(|_, thing| thing.instance != instance);
        let things = &self.things;
        self.actions.retain(|_, action| things.contains_key(&action.thing));
    }

    /// Forgets an installation with all that is its.
    pub fn forget_installation(&mut self, installation: Uuid) {
        self.installations.remove(&installation);
        let gone: Vec<_> =
            self.instances.iter().filter(|(_, own)| own.installation == installation).map(|(id, _)| *id).collect();
        gone.into_iter().for_each(|instance| self.forget_instance(instance));
    }
}

fn rows<T>(
    database: &Connection,
    query: &str,
    app: Uuid,
    read: impl Fn(&Row<'_>) -> Result<(Uuid, T)>,
) -> Result<BTreeMap<Uuid, T>> {
    database.prepare(query)?.query_map(params![app.as_bytes()], |row| read(row))?.collect()
}

fn id(row: &Row<'_>, column: usize) -> Result<Uuid> {
    row.get::<_, [u8; 16]>(column).map(Uuid::from_bytes)
}

fn state(row: &Row<'_>, column: usize) -> Result<String> {
    let number: usize = row.get(column)?;
    Ok(STATES.get(number.wrapping_sub(1)).copied().unwrap_or("no state").to_owned())
}
