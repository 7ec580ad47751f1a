-- The fifth form: what e-mails of one address have in common, however they are spelled (RFC 8265). It alone decides
-- that an address has one account. An old database may have several accounts for one: the oldest has the address's
-- key, the others keys of their own, which no e-mail has.

ALTER TABLE accounts ADD COLUMN email_key TEXT NOT NULL DEFAULT '';
UPDATE accounts SET email_key = email_key_of(email);
UPDATE accounts SET email_key = email_key || ' ' || hex(id)
  FROM (SELECT id AS other, row_number() OVER (PARTITION BY email_key ORDER BY id) AS number FROM accounts)
  WHERE other = id AND number > 1;
DROP INDEX accounts_email;
CREATE INDEX accounts_email ON accounts (email COLLATE NOCASE);
CREATE UNIQUE INDEX accounts_email_key ON accounts (email_key);
