-- Removals in steps. What may be millions of rows does not go in one write: an instance that its connector has let go of,
-- and an app that was removed, are marked, lose what belongs to them a little at a time, and go last. An instance is
-- being removed if its installation is, without a mark of its own.

ALTER TABLE instances ADD COLUMN ended INTEGER NOT NULL DEFAULT 0 CHECK (ended IN (0, 1));
CREATE INDEX instances_ended ON instances (id) WHERE ended = 1;
CREATE INDEX instances_begun ON instances (installation) WHERE removal_begun = 1;
DROP INDEX instances_to_remove;

ALTER TABLE apps ADD COLUMN removed INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1));
CREATE INDEX apps_removed ON apps (id) WHERE removed = 1;

-- How many instances an installation had when its removal began, and how many of them are gone.
ALTER TABLE installations ADD COLUMN removal_total INTEGER;
ALTER TABLE installations ADD COLUMN removal_done INTEGER NOT NULL DEFAULT 0;
