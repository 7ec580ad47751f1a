-- Several keys that sign tokens, side by side: of those but the newest, tokens of connectors stay valid, and all others
-- until accepted_until. `chosen`: the operator gave it by --secret. retired_at is NULL for the key that signs.
CREATE TABLE signing_keys (
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL,
  chosen INTEGER NOT NULL CHECK (chosen IN (0, 1)),
  created_at INTEGER NOT NULL,
  retired_at INTEGER,
  accepted_until INTEGER
) STRICT;
INSERT INTO signing_keys (id, key, chosen, created_at)
  SELECT random(), value, 0, coalesce((SELECT min(created_at) FROM accounts), 0) FROM settings
  WHERE name = 'token_secret';
DELETE FROM settings WHERE name = 'token_secret';

-- The key that signed the connector's token. NULL until the next start, which knows by which key that was.
ALTER TABLE installations ADD COLUMN token_key INTEGER;
ALTER TABLE instances ADD COLUMN token_key INTEGER;
INSERT INTO settings (name, value) SELECT 'tokens_of_unknown_key', x'' WHERE EXISTS (SELECT 1 FROM installations);
