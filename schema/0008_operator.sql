-- What the operator of a server decides: who has the role, which accounts and publications are suspended, which
-- accounts are being removed and who is invited; and what the operator sees: how much traffic there is.

ALTER TABLE accounts ADD COLUMN role TEXT NOT NULL DEFAULT 'DEVELOPER' CHECK (role IN ('DEVELOPER', 'OPERATOR'));
UPDATE accounts SET role = 'OPERATOR' WHERE id = (SELECT id FROM accounts ORDER BY id LIMIT 1);

-- When an account was last used, as far as is known, to the hour; and since when it counts as idle.
ALTER TABLE accounts ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;
UPDATE accounts SET used_at = coalesce(
  (SELECT CAST(CAST(value AS TEXT) AS INTEGER) FROM settings WHERE name = 'clock'), created_at);
ALTER TABLE accounts ADD COLUMN idle_since INTEGER;
CREATE INDEX accounts_used ON accounts (used_at) WHERE role = 'DEVELOPER';

-- The subject is an account or a publication. The connectors of an account that is being removed hear of it, unless it
-- was suspended before (QUIETLY).
CREATE TABLE suspensions (
  subject BLOB PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('SUSPENDED', 'REMOVING', 'REMOVING_QUIETLY')),
  since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER accounts_end_suspensions AFTER DELETE ON accounts
  BEGIN
    DELETE FROM suspensions WHERE subject = old.id;
  END;
CREATE TRIGGER publications_end_suspensions AFTER DELETE ON publications
  BEGIN
    DELETE FROM suspensions WHERE subject = old.id;
  END;

-- Accounts that are being removed, and for a while those that were: what they had. unconfirmed is how many removals
-- their connectors did not confirm, once that is known.
CREATE TABLE account_removals (
  account BLOB PRIMARY KEY,
  email TEXT NOT NULL,
  begun_at INTEGER NOT NULL,
  ended_at INTEGER,
  apps INTEGER NOT NULL,
  publications INTEGER NOT NULL,
  installations INTEGER NOT NULL,
  foreign_installations INTEGER NOT NULL,
  instances INTEGER NOT NULL,
  things INTEGER NOT NULL,
  unconfirmed INTEGER
) STRICT, WITHOUT ROWID;

-- Also those that are off the offer.
CREATE INDEX publications_any_owner ON publications (owner, id);
-- What an account has: it can only go when it has nothing.
CREATE INDEX installations_owner ON installations (owner);

-- One-time links to an account. The token itself is not kept.
CREATE TABLE invites (
  id BLOB PRIMARY KEY,
  token_hash BLOB NOT NULL,
  email TEXT NOT NULL,
  email_key TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX invites_token ON invites (token_hash);
CREATE UNIQUE INDEX invites_email ON invites (email_key);

-- What went between a publication and the apps of an account within an hour, counted in hours since 1970.
CREATE TABLE traffic (
  hour INTEGER NOT NULL,
  publication BLOB NOT NULL,
  account BLOB NOT NULL,
  callbacks INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  updates INTEGER NOT NULL,
  PRIMARY KEY (hour, publication, account)
) STRICT, WITHOUT ROWID;
