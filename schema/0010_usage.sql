-- How many bytes an account has: points of the past, entries of the callback log, and things with what belongs to them.
-- What is written often is counted by the store (src/store/usage.rs), everything else by triggers.

CREATE TABLE usage (
  account BLOB PRIMARY KEY,
  history INTEGER NOT NULL DEFAULT 0,
  log INTEGER NOT NULL DEFAULT 0,
  things INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Without the values of properties, which change.
ALTER TABLE things ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
-- The account of the thing's app. A property outlives its thing for a moment, and its points for longer.
ALTER TABLE properties ADD COLUMN owner BLOB;
CREATE TABLE ended_owners (
  property INTEGER PRIMARY KEY,
  owner BLOB NOT NULL
) STRICT;
ALTER TABLE callbacks ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
-- With their configurations, as these were given: encrypted ones are longer.
ALTER TABLE installations ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE instances ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
UPDATE installations SET bytes = 256 + (SELECT CAST(total(64 + octet_length(parameter) + octet_length(value)) AS INTEGER)
  FROM installation_values WHERE installation = installations.id);
UPDATE instances SET bytes = 256 + (SELECT CAST(total(64 + octet_length(parameter) + octet_length(value)) AS INTEGER)
  FROM instance_values WHERE instance = instances.id);

UPDATE things SET bytes = 64 + octet_length(name) + octet_length(manufacturer) + octet_length(main_component_id)
  + octet_length(display_type)
  + (SELECT total(64 + octet_length(name) + octet_length(value)) FROM attributes WHERE thing = things.key)
  + (SELECT total(64 + octet_length(c.id) + octet_length(c.name) + octet_length(c.component_type)
      + octet_length(c.capabilities)
      + (SELECT total(64 + octet_length(p.id) + octet_length(p.name) + octet_length(p.unit)
          + octet_length(p.property_type)) FROM properties AS p WHERE p.component = c.key)
      + (SELECT total(64 + octet_length(a.id) + octet_length(a.name)) FROM actions AS a WHERE a.component = c.key))
    FROM components AS c WHERE c.thing = things.key);
UPDATE properties SET owner = (SELECT a.owner FROM components AS c JOIN things AS t ON t.key = c.thing
  JOIN apps AS a ON a.id = t.app WHERE c.key = properties.component);
UPDATE callbacks SET bytes = 256 + octet_length(url) + octet_length(signed_url) + octet_length(request_headers)
  + octet_length(request_body) + coalesce(octet_length(response_headers), 0) + coalesce(octet_length(response_body), 0)
  + coalesce(octet_length(error), 0) WHERE settled = 1 AND sent_at IS NOT NULL;

INSERT INTO usage (account, history, log, things)
  SELECT id,
    0,
    (SELECT CAST(total(bytes) AS INTEGER) FROM callbacks WHERE connector_owner = accounts.id),
    0
  FROM accounts;
UPDATE usage SET history = found.bytes
  FROM (SELECT p.owner, sum(h.bytes) AS bytes
    FROM (SELECT property, sum(24 + iif(typeof(value) = 'text', octet_length(value), 8)) AS bytes
      FROM history GROUP BY property) AS h
    JOIN properties AS p ON p.key = h.property GROUP BY p.owner) AS found
  WHERE found.owner = account;
UPDATE usage SET things = things + found.bytes
  FROM (SELECT a.owner, sum(t.bytes) AS bytes FROM things AS t JOIN apps AS a ON a.id = t.app GROUP BY a.owner) AS found
  WHERE found.owner = account;
UPDATE usage SET things = things + found.bytes
  FROM (SELECT owner, sum(octet_length(value)) AS bytes FROM properties GROUP BY owner) AS found
  WHERE found.owner = account;
UPDATE usage SET things = things + found.bytes
  FROM (SELECT a.owner, sum(256 + octet_length(r.parameters)) AS bytes
    FROM action_requests AS r JOIN apps AS a ON a.id = r.app GROUP BY a.owner) AS found
  WHERE found.owner = account;
UPDATE usage SET things = things + found.bytes
  FROM (SELECT a.owner, sum(256 + octet_length(r.whole)) AS bytes
    FROM removed_things AS r JOIN apps AS a ON a.id = r.app GROUP BY a.owner) AS found
  WHERE found.owner = account;

UPDATE usage SET things = things + found.bytes
  FROM (SELECT owner, sum(bytes) AS bytes FROM instances GROUP BY owner) AS found WHERE found.owner = account;
UPDATE usage SET things = things + found.bytes
  FROM (SELECT owner, sum(bytes) AS bytes FROM installations GROUP BY owner) AS found WHERE found.owner = account;

CREATE TRIGGER accounts_end_usage AFTER DELETE ON accounts
  BEGIN
    DELETE FROM usage WHERE account = old.id;
  END;
CREATE TRIGGER installations_begin_usage AFTER INSERT ON installations
  BEGIN
    INSERT INTO usage (account, things) VALUES (new.owner, new.bytes)
      ON CONFLICT (account) DO UPDATE SET things = things + excluded.things;
  END;
CREATE TRIGGER installations_end_usage AFTER DELETE ON installations
  BEGIN
    UPDATE usage SET things = things - old.bytes WHERE account = old.owner;
  END;
CREATE TRIGGER instances_begin_usage AFTER INSERT ON instances
  BEGIN
    INSERT INTO usage (account, things) VALUES (new.owner, new.bytes)
      ON CONFLICT (account) DO UPDATE SET things = things + excluded.things;
  END;
CREATE TRIGGER instances_end_usage AFTER DELETE ON instances
  BEGIN
    UPDATE usage SET things = things - old.bytes WHERE account = old.owner;
  END;
CREATE TRIGGER things_end_usage AFTER DELETE ON things
  BEGIN
    UPDATE usage SET things = things - old.bytes WHERE account = (SELECT owner FROM apps WHERE id = old.app);
  END;
CREATE TRIGGER properties_end_usage AFTER DELETE ON properties WHEN old.owner IS NOT NULL
  BEGIN
    UPDATE usage SET things = things - octet_length(old.value) WHERE account = old.owner;
    INSERT OR REPLACE INTO ended_owners (property, owner)
      SELECT old.key, old.owner WHERE EXISTS (SELECT 1 FROM history WHERE property = old.key);
  END;
CREATE TRIGGER history_ends_usage AFTER DELETE ON history
  BEGIN
    UPDATE usage SET history = history - 24 - iif(typeof(old.value) = 'text', octet_length(old.value), 8)
      WHERE account = coalesce((SELECT owner FROM properties WHERE key = old.property),
        (SELECT owner FROM ended_owners WHERE property = old.property));
  END;
CREATE TRIGGER ended_histories_end_owners AFTER DELETE ON ended_histories
  BEGIN
    DELETE FROM ended_owners WHERE property = old.property;
  END;
CREATE TRIGGER callbacks_end_usage AFTER DELETE ON callbacks WHEN old.bytes > 0
  BEGIN
    UPDATE usage SET log = log - old.bytes WHERE account = old.connector_owner;
  END;
CREATE TRIGGER action_requests_begin_usage AFTER INSERT ON action_requests
  BEGIN
    INSERT INTO usage (account, things)
      SELECT owner, 256 + octet_length(new.parameters) FROM apps WHERE id = new.app
      ON CONFLICT (account) DO UPDATE SET things = things + excluded.things;
  END;
CREATE TRIGGER action_requests_end_usage AFTER DELETE ON action_requests
  BEGIN
    UPDATE usage SET things = things - 256 - octet_length(old.parameters)
      WHERE account = (SELECT owner FROM apps WHERE id = old.app);
  END;
CREATE TRIGGER removed_things_begin_usage AFTER INSERT ON removed_things
  BEGIN
    INSERT INTO usage (account, things)
      SELECT owner, 256 + octet_length(new.whole) FROM apps WHERE id = new.app
      ON CONFLICT (account) DO UPDATE SET things = things + excluded.things;
  END;
CREATE TRIGGER removed_things_end_usage AFTER DELETE ON removed_things
  BEGIN
    UPDATE usage SET things = things - 256 - octet_length(old.whole)
      WHERE account = (SELECT owner FROM apps WHERE id = old.app);
  END;
