-- The key pair that a publication gets once its owner confirms it: both columns, or neither.

ALTER TABLE publications ADD COLUMN next_public_key BLOB;
ALTER TABLE publications ADD COLUMN next_signing_seed BLOB;
