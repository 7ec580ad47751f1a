-- The database's first form. Identifiers are the 16 bytes of a UUID, times are microseconds since
-- 1970 in UTC, lists of texts are JSON. Names of constraints that the store turns into refusals
-- are the names of their indexes.

CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
  id BLOB PRIMARY KEY,
  email TEXT NOT NULL,
  name TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  generation INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX accounts_email ON accounts (email COLLATE NOCASE);

CREATE TABLE apps (
  id BLOB PRIMARY KEY,
  owner BLOB NOT NULL REFERENCES accounts (id),
  name TEXT NOT NULL,
  redirect_uris TEXT NOT NULL,
  secret_hash BLOB NOT NULL,
  generation INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX apps_owner ON apps (owner, id);

CREATE TABLE publications (
  id BLOB PRIMARY KEY,
  owner BLOB NOT NULL REFERENCES accounts (id),
  name TEXT NOT NULL,
  logo_url TEXT,
  home_url TEXT,
  description TEXT NOT NULL,
  requirements TEXT,
  tags TEXT NOT NULL,
  mode TEXT NOT NULL CHECK (mode IN ('PUBLIC', 'PRIVATE', 'UNLISTED')),
  active INTEGER NOT NULL CHECK (active IN (0, 1)),
  removed INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1)),
  installation_callback_url TEXT NOT NULL,
  instance_callback_url TEXT NOT NULL,
  action_callback_url TEXT NOT NULL,
  public_key BLOB NOT NULL,
  signing_seed BLOB NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX publications_owner ON publications (owner, id) WHERE removed = 0;
CREATE INDEX publications_public ON publications (id) WHERE mode = 'PUBLIC' AND removed = 0;

-- list 0: needed to install; list 1: needed to instantiate.
CREATE TABLE parameters (
  publication BLOB NOT NULL REFERENCES publications (id) ON DELETE CASCADE,
  list INTEGER NOT NULL CHECK (list IN (0, 1)),
  position INTEGER NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  required INTEGER NOT NULL CHECK (required IN (0, 1)),
  description TEXT NOT NULL,
  value_type TEXT NOT NULL CHECK (value_type IN ('STRING', 'NUMBER', 'BOOLEAN')),
  password INTEGER NOT NULL CHECK (password IN (0, 1)),
  validation_expression TEXT NOT NULL,
  PRIMARY KEY (publication, list, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE installations (
  id BLOB PRIMARY KEY,
  app BLOB NOT NULL REFERENCES apps (id),
  owner BLOB NOT NULL REFERENCES accounts (id),
  publication BLOB NOT NULL REFERENCES publications (id),
  state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 7),
  details TEXT,
  step_kind INTEGER,
  step_content TEXT,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX installations_once ON installations (app, publication);
CREATE INDEX installations_app ON installations (app, id);
CREATE INDEX installations_publication ON installations (publication);
CREATE INDEX installations_unsettled ON installations (state) WHERE state IN (1, 7);

-- password is what the parameter was when the value was given: a later change must not unveil it.
CREATE TABLE installation_values (
  installation BLOB NOT NULL REFERENCES installations (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  parameter TEXT NOT NULL,
  value TEXT NOT NULL,
  password INTEGER NOT NULL CHECK (password IN (0, 1)),
  PRIMARY KEY (installation, position)
) STRICT, WITHOUT ROWID;

-- removal_begun: its removal callback is written down; the instances of an installation that is
-- being removed are taken a few at a time.
CREATE TABLE instances (
  id BLOB PRIMARY KEY,
  installation BLOB NOT NULL REFERENCES installations (id),
  app BLOB NOT NULL,
  owner BLOB NOT NULL,
  subject TEXT NOT NULL,
  state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 7),
  details TEXT,
  step_kind INTEGER,
  step_content TEXT,
  removal_begun INTEGER NOT NULL DEFAULT 0 CHECK (removal_begun IN (0, 1)),
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX instances_once ON instances (installation, subject);
CREATE INDEX instances_installation ON instances (installation, id);
CREATE INDEX instances_app ON instances (app, id);
CREATE INDEX instances_subject ON instances (app, subject, id);
CREATE INDEX instances_initialized ON instances (state) WHERE state = 1;
CREATE INDEX instances_to_remove ON instances (installation, id) WHERE state = 7 AND removal_begun = 0;

CREATE TABLE instance_values (
  instance BLOB NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  parameter TEXT NOT NULL,
  value TEXT NOT NULL,
  password INTEGER NOT NULL CHECK (password IN (0, 1)),
  PRIMARY KEY (instance, position)
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: a mutation holds keys while connectors delete and create things, so none is used again.
CREATE TABLE things (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id BLOB NOT NULL,
  app BLOB NOT NULL REFERENCES apps (id),
  subject TEXT NOT NULL,
  instance BLOB REFERENCES instances (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  manufacturer TEXT NOT NULL,
  main_component_id TEXT NOT NULL,
  display_type TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('UNKNOWN', 'AVAILABLE', 'UNAVAILABLE')),
  created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX things_id ON things (id);
CREATE INDEX things_app ON things (app, key);
CREATE INDEX things_subject ON things (app, subject, key);
CREATE INDEX things_instance ON things (instance, key);

CREATE TABLE attributes (
  thing INTEGER NOT NULL REFERENCES things (key) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (thing, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE components (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  thing INTEGER NOT NULL REFERENCES things (key) ON DELETE CASCADE,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  component_type TEXT NOT NULL,
  capabilities TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX components_thing ON components (thing, id);

CREATE TABLE properties (
  key INTEGER PRIMARY KEY,
  component INTEGER NOT NULL REFERENCES components (key) ON DELETE CASCADE,
  id TEXT NOT NULL COLLATE NOCASE,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  unit TEXT NOT NULL,
  type TEXT NOT NULL CHECK (type IN ('STRING', 'NUMBER', 'BOOLEAN')),
  property_type TEXT NOT NULL,
  last_update INTEGER
) STRICT;
CREATE UNIQUE INDEX properties_component ON properties (component, id);

-- A value is kept as what it is: REAL for NUMBER, 0 or 1 for BOOLEAN, else TEXT.
CREATE TABLE history (
  property INTEGER NOT NULL REFERENCES properties (key) ON DELETE CASCADE,
  at INTEGER NOT NULL,
  value ANY NOT NULL,
  PRIMARY KEY (property, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE actions (
  key INTEGER PRIMARY KEY,
  component INTEGER NOT NULL REFERENCES components (key) ON DELETE CASCADE,
  id TEXT NOT NULL COLLATE NOCASE,
  name TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX actions_component ON actions (component, id);

CREATE TABLE action_parameters (
  action INTEGER NOT NULL REFERENCES actions (key) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  type TEXT NOT NULL CHECK (type IN ('STRING', 'NUMBER', 'BOOLEAN')),
  PRIMARY KEY (action, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE action_requests (
  id BLOB PRIMARY KEY,
  app BLOB NOT NULL,
  thing INTEGER NOT NULL REFERENCES things (key) ON DELETE CASCADE,
  component_id TEXT NOT NULL,
  action_id TEXT NOT NULL,
  parameters TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('PENDING', 'COMPLETED', 'FAILED', 'CANCELED')),
  error TEXT,
  deadline INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX action_requests_app ON action_requests (app, id);
CREATE INDEX action_requests_status ON action_requests (app, status, id);
CREATE INDEX action_requests_thing ON action_requests (thing, id);
CREATE INDEX action_requests_pending ON action_requests (deadline) WHERE status = 'PENDING';

-- A row stands here before its request goes out; settled is 0 until its outcome is known. The
-- nouns it is about may be gone, so there are no references. A NULL request means: not sent.
CREATE TABLE callbacks (
  id BLOB PRIMARY KEY,
  kind TEXT NOT NULL,
  publication BLOB NOT NULL,
  connector_owner BLOB NOT NULL,
  app_owner BLOB NOT NULL,
  installation BLOB NOT NULL,
  instance BLOB,
  action_request BLOB,
  settled INTEGER NOT NULL DEFAULT 0 CHECK (settled IN (0, 1)),
  failed INTEGER NOT NULL DEFAULT 0 CHECK (failed IN (0, 1)),
  created_at INTEGER NOT NULL,
  sent_at INTEGER,
  duration INTEGER,
  method TEXT,
  url TEXT,
  signed_url TEXT,
  request_headers TEXT,
  request_body TEXT,
  response_status INTEGER,
  response_headers TEXT,
  response_body TEXT,
  error TEXT
) STRICT;
CREATE INDEX callbacks_unsettled ON callbacks (installation, instance) WHERE settled = 0;
CREATE INDEX callbacks_publication ON callbacks (publication, id);
CREATE INDEX callbacks_installation ON callbacks (installation, id);
CREATE INDEX callbacks_connector_owner ON callbacks (connector_owner, id);
CREATE INDEX callbacks_app_owner ON callbacks (app_owner, id);
