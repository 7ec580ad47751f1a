-- The third form: the callback log is filtered by what few of its entries have, without going through all of it.
-- Actions are no rare kind: they are found by the indexes of the first form.

CREATE INDEX callbacks_failed_connector_owner ON callbacks (connector_owner, id) WHERE failed = 1;
CREATE INDEX callbacks_failed_app_owner ON callbacks (app_owner, id) WHERE failed = 1;
CREATE INDEX callbacks_kind_connector_owner ON callbacks (connector_owner, kind, id) WHERE kind <> 'ACTION';
CREATE INDEX callbacks_kind_app_owner ON callbacks (app_owner, kind, id) WHERE kind <> 'ACTION';
