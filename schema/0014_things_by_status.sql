-- An app's things by status: those that cannot be reached are often few among very many.

CREATE INDEX things_status ON things (app, status, key);
