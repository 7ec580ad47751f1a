-- The sixth form: the setting `clock`, by which things are too old (src/ops/clock.rs). It begins with the last time of
-- which the database knows.
INSERT OR IGNORE INTO settings (name, value)
  SELECT 'clock', CAST(CAST(max(at) AS TEXT) AS BLOB) FROM (
    SELECT max(created_at) AS at FROM accounts
    UNION ALL SELECT max(created_at) FROM things
    UNION ALL SELECT max(created_at) FROM action_requests
    UNION ALL SELECT max(created_at) FROM callbacks
    UNION ALL SELECT max(last_update) FROM properties
  ) HAVING max(at) IS NOT NULL;
