-- The fourth form: apps without a secret, and what developers let other apps do for theirs (RFC 6749).

ALTER TABLE apps ADD COLUMN has_secret INTEGER NOT NULL DEFAULT 1 CHECK (has_secret IN (0, 1));

-- One row for each consent: the client may act for the app, which is the account's. It begins with
-- an authorization code, of which the hash is kept as long as the row, so that a second use is seen.
-- rounds counts how often tokens were given: 0 until the code is redeemed. A refresh token names the
-- round that it is of.
CREATE TABLE grants (
  id BLOB PRIMARY KEY,
  client BLOB NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  account BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  app BLOB NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  scope TEXT NOT NULL,
  rounds INTEGER NOT NULL DEFAULT 0,
  code_hash BLOB NOT NULL,
  redirect_uri TEXT,
  code_challenge TEXT,
  created_at INTEGER NOT NULL,
  used_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX grants_code ON grants (code_hash);
CREATE INDEX grants_account ON grants (account, id);
CREATE INDEX grants_client ON grants (client);
CREATE INDEX grants_app ON grants (app);
CREATE INDEX grants_expiry ON grants (expires_at);

-- Access tokens that ended before their time, by the claim jti, until they would have ended anyway.
CREATE TABLE revoked_tokens (
  id BLOB PRIMARY KEY,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX revoked_tokens_expiry ON revoked_tokens (expires_at);
