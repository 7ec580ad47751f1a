-- An action request outlives its thing if the connector deletes that, as it may while it performs the very action:
-- whoever asked must learn how it ended. So a request names its thing by ID and holds what else is asked of it, and
-- the thing as it was is kept beside its requests for a while. With its instance all of it goes.

CREATE TABLE removed_things (
  id BLOB PRIMARY KEY,
  app BLOB NOT NULL,
  subject TEXT NOT NULL,
  instance BLOB NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
  whole TEXT NOT NULL,
  removed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX removed_things_instance ON removed_things (instance);
CREATE INDEX removed_things_time ON removed_things (removed_at);

CREATE TABLE lasting_action_requests (
  id BLOB PRIMARY KEY,
  app BLOB NOT NULL,
  subject TEXT NOT NULL,
  instance BLOB,
  thing BLOB NOT NULL,
  component_id TEXT NOT NULL,
  action_id TEXT NOT NULL,
  parameters TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('PENDING', 'COMPLETED', 'FAILED', 'CANCELED')),
  error TEXT,
  deadline INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO lasting_action_requests (id, app, subject, instance, thing, component_id, action_id, parameters, status,
    error, deadline, created_at)
  SELECT r.id, r.app, t.subject, t.instance, t.id, r.component_id, r.action_id, r.parameters, r.status, r.error,
    r.deadline, r.created_at
  FROM action_requests AS r JOIN things AS t ON t.key = r.thing;
DROP TABLE action_requests;
ALTER TABLE lasting_action_requests RENAME TO action_requests;
CREATE INDEX action_requests_app ON action_requests (app, id);
CREATE INDEX action_requests_status ON action_requests (app, status, id);
CREATE INDEX action_requests_thing ON action_requests (thing, id);
CREATE INDEX action_requests_pending ON action_requests (deadline) WHERE status = 'PENDING';

CREATE TRIGGER things_end_requests AFTER DELETE ON things
  WHEN NOT EXISTS (SELECT 1 FROM removed_things WHERE id = old.id)
  BEGIN
    DELETE FROM action_requests WHERE thing = old.id;
  END;
CREATE TRIGGER removed_things_end_requests AFTER DELETE ON removed_things
  BEGIN
    DELETE FROM action_requests WHERE thing = old.id;
  END;
