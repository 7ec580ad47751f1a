-- What components can do, so that those of a thing are found without reading JSON. The column keeps
-- the order in which they were given.
CREATE TABLE capabilities (
  component INTEGER NOT NULL REFERENCES components (key) ON DELETE CASCADE,
  capability TEXT NOT NULL,
  PRIMARY KEY (component, capability)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO capabilities (component, capability)
  SELECT components.key, json_each.value FROM components, json_each(components.capabilities);

-- An app's things by name, and those that it keeps itself.
CREATE INDEX things_name ON things (app, name, key);
CREATE INDEX things_own ON things (app, key) WHERE instance IS NULL;

-- A history may have millions of points, too many to go in the same step as its property: it does
-- not reference that, and is deleted later. Until then it must not become another property's.
CREATE TABLE points (
  property INTEGER NOT NULL,
  at INTEGER NOT NULL,
  value ANY NOT NULL,
  PRIMARY KEY (property, at)
) STRICT, WITHOUT ROWID;
INSERT INTO points (property, at, value) SELECT property, at, value FROM history;
DROP TABLE history;
ALTER TABLE points RENAME TO history;

-- AUTOINCREMENT: see things; and a deleted property's points may still be there.
CREATE TABLE numbered_properties (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  component INTEGER NOT NULL REFERENCES components (key) ON DELETE CASCADE,
  id TEXT NOT NULL COLLATE NOCASE,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  unit TEXT NOT NULL,
  type TEXT NOT NULL CHECK (type IN ('STRING', 'NUMBER', 'BOOLEAN')),
  property_type TEXT NOT NULL,
  last_update INTEGER
) STRICT;
INSERT INTO numbered_properties (key, component, id, name, value, unit, type, property_type, last_update)
  SELECT key, component, id, name, value, unit, type, property_type, last_update FROM properties;
DROP TABLE properties;
ALTER TABLE numbered_properties RENAME TO properties;
CREATE UNIQUE INDEX properties_component ON properties (component, id);

-- Properties that are deleted and whose points are not yet.
CREATE TABLE ended_histories (
  property INTEGER PRIMARY KEY
) STRICT;
CREATE TRIGGER properties_end_histories AFTER DELETE ON properties
  WHEN EXISTS (SELECT 1 FROM history WHERE property = old.key)
  BEGIN
    INSERT INTO ended_histories (property) VALUES (old.key);
  END;
