//! Whether a database has the tables, indexes and triggers of connhub and no others. A file from elsewhere can bring
//! its own: a trigger that puts an old password back whenever it is changed breaks no page, no reference and no rule.

use crate::model::error::{Error, Result};
use crate::store::migrate;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

/// How many differences are told.
const SHOWN_MAX: usize = 20;

/// What neither the steps make nor harms anybody: SQLite's indexes of keys, what `ANALYZE` found, and what Litestream
/// keeps for itself. What an object is is told by its statement, which alone SQLite goes by.
const OTHERS: &str = "(type = 'index' AND sql IS NULL AND name GLOB 'sqlite_autoindex_*')
    OR (type = 'table' AND sql GLOB 'CREATE TABLE *'
      AND name IN ('sqlite_stat1', 'sqlite_stat3', 'sqlite_stat4', '_litestream_seq', '_litestream_lock'))";

/// A plain table or index, which does nothing by itself.
const PLAIN: &str = "(type = 'table' AND sql GLOB 'CREATE TABLE *') OR (type = 'index'
    AND (sql IS NULL OR sql GLOB 'CREATE INDEX *' OR sql GLOB 'CREATE UNIQUE INDEX *'))";

/// One way in which the schema is not as connhub made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it is, in a sentence.
    pub text: String,
    /// Whether a server would not do what it should; a table or an index more only takes room.
    pub grave: bool,
    /// Whether a table of connhub is not there as it should be.
    pub of_table: bool,
}

/// What stands in a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Object {
    kind: String,
    name: String,
    table: String,
    sql: String,
    plain: bool,
}

impl Object {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let text = |column| {
            Ok::<_, rusqlite::Error>(match row.get_ref(column)? {
                ValueRef::Null => String::new(),
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                other => format!("{other:?}"),
            })
        };
        Ok(Self { kind: text(0)?, name: text(1)?, table: text(2)?, sql: text(3)?, plain: row.get(4)? })
    }

    fn is_called_as(&self, other: &Self) -> bool {
        (&self.kind, &self.name) == (&other.kind, &other.name)
    }

    fn title(&self) -> String {
        match self.kind.as_str() {
            "table" | "view" => format!("the {} {}", self.kind, self.name),
            kind => format!("the {kind} {} of {}", self.name, self.table),
        }
    }
}

/// What of the schema is not as the steps make it, up to the form that the database has; the first few of it.
///
/// # Errors
/// [`Error::Conflict`] if it is no database of connhub; faults of the database.
pub fn differences(connection: &Connection) -> Result<Vec<Difference>> {
    let mut missing = objects(&migrate::empty(migrate::form(connection)?)?)?;
    let mut foreign = Vec::new();
    for object in objects(connection)? {
        match missing.iter().position(|own| *own == object) {
            Some(index) => drop(missing.swap_remove(index)),
            None => foreign.push(object),
        }
    }
    let mut found = Vec::new();
    for own in missing {
        let how = match foreign.iter().position(|object| object.is_called_as(&own)) {
            Some(index) => {
                foreign.swap_remove(index);
                "is not as connhub made it"
            }
            None => "is missing",
        };
        found.push(Difference { text: format!("{} {how}", own.title()), grave: true, of_table: own.kind == "table" });
    }
    found.extend(foreign.into_iter().map(|object| {
        let text = format!("{} is not connhub's", object.title());
        Difference { text, grave: !object.plain, of_table: false }
    }));
    // Those that matter first.
    found.sort_by(|a, b| (b.grave, &a.text).cmp(&(a.grave, &b.text)));
    let more = found.len().saturating_sub(SHOWN_MAX);
    if more > 0 {
        let of_table = found.split_off(SHOWN_MAX).iter().any(|found| found.of_table);
        found.push(Difference { text: format!("and {more} more like it"), grave: false, of_table });
    }
    Ok(found)
}

/// Refuses a database with a trigger, view or the like that is not connhub's. It costs the start of a server nothing
/// to speak of: the schema was read anyway.
///
/// # Errors
/// [`Error::Conflict`] if there is one.
pub(super) fn judge_hidden(connection: &Connection) -> Result<()> {
    let sql = format!("SELECT type, name, tbl_name, sql, 0 FROM sqlite_schema WHERE NOT ({PLAIN})");
    for object in read(connection, &sql)? {
        if !migrate::has_statement(&object.sql) {
            let what = object.title();
            return Err(Error::Conflict(format!(
                "{what} in the database is not connhub's, and may do anything: see who put it there (`connhub check` \
                 tells all of it), and restore a backup that is sound"
            )));
        }
    }
    Ok(())
}

fn objects(connection: &Connection) -> Result<Vec<Object>> {
    read(connection, &format!("SELECT type, name, tbl_name, sql, {PLAIN} FROM sqlite_schema WHERE NOT ({OTHERS})"))
}

fn read(connection: &Connection, sql: &str) -> Result<Vec<Object>> {
    let mut statement = connection.prepare(sql)?;
    let objects = statement.query_map([], Object::read)?;
    Ok(objects.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing;

    fn texts(connection: &Connection) -> Vec<String> {
        differences(connection).expect("differences").into_iter().map(|found| found.text).collect()
    }

    #[test]
    fn each_form_is_as_its_steps_make_it_and_so_is_one_that_came_from_an_older_one() {
        for done in 1..=migrate::newest() {
            let mut connection = migrate::empty(done).expect("a database");
            assert_eq!(texts(&connection), [""; 0], "form {done}");
            judge_hidden(&connection).expect("nothing hidden");
            migrate::do_steps(&mut connection, done..migrate::newest()).expect("migrated");
            assert_eq!(texts(&connection), [""; 0], "from form {done}");
            judge_hidden(&connection).expect("nothing hidden");
        }
    }

    #[test]
    fn what_sqlite_and_litestream_add_is_no_difference() {
        let connection = testing::connection();
        let added = "ANALYZE; CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER);
            CREATE TABLE _litestream_lock (id INTEGER);";
        connection.execute_batch(added).expect(added);
        assert_eq!(texts(&connection), [""; 0]);
    }

    #[test]
    fn every_kind_of_difference_is_told_and_what_acts_by_itself_is_refused() {
        let trigger = "CREATE TRIGGER keep AFTER UPDATE OF password_hash ON accounts
            BEGIN UPDATE accounts SET password_hash = old.password_hash WHERE id = old.id; END";
        let spoofed = format!(
            "PRAGMA writable_schema = ON;
             INSERT INTO sqlite_schema VALUES ('table', '_litestream_seq', 'accounts', 0, '{trigger}')"
        );
        for (change, told, grave, hidden) in [
            (trigger, "the trigger keep of accounts is not connhub's", true, true),
            (&spoofed, "the table _litestream_seq is not connhub's", true, true),
            ("CREATE VIEW v AS SELECT 1", "the view v is not connhub's", true, true),
            ("DROP TRIGGER properties_end_histories", "properties_end_histories of properties is missing", true, false),
            ("DROP INDEX things_own", "the index things_own of things is missing", true, false),
            ("ALTER TABLE grants ADD COLUMN more TEXT", "the table grants is not as connhub made it", true, false),
            ("CREATE TABLE diary (day TEXT)", "the table diary is not connhub's", false, false),
            ("CREATE INDEX mine ON apps (name)", "the index mine of apps is not connhub's", false, false),
        ] {
            let connection = testing::connection();
            connection.execute_batch(change).expect(change);
            let found = differences(&connection).expect("differences");
            assert!(found.len() == 1 && found[0].text.contains(told), "{change}: {found:?}");
            assert_eq!(found[0].grave, grave, "{change}");
            assert_eq!(judge_hidden(&connection).is_err(), hidden, "{change}");
        }
    }

    #[test]
    fn of_many_differences_the_gravest_few_are_told() {
        let connection = testing::connection();
        for number in 0..50 {
            connection.execute_batch(&format!("CREATE TABLE a{number} (x)")).expect("a table");
        }
        connection.execute_batch("CREATE VIEW z AS SELECT 1").expect("a view");
        let texts = texts(&connection);
        assert_eq!((texts.len(), texts[0].as_str()), (SHOWN_MAX + 1, "the view z is not connhub's"));
        assert_eq!(texts[SHOWN_MAX], "and 31 more like it");
    }
}
